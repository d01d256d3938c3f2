# Reference numbers of R survival and cmprsk for test_survival.py.
#   Rscript survival.R FOLDER_OF_survival_myeloma > survival.tsv
# Data: myeloma.csv (R survival::myeloma, Mayo), emplik_myeloma_krall1975.csv (Krall 1975),
# survminer_myeloma_GSE4581.csv (Zhan 2006), and survival::mgus2 for competing risks.
suppressPackageStartupMessages({library(survival); library(cmprsk)})
folder <- commandArgs(TRUE)[1]
say <- function(name, values) for (i in seq_along(values))
  cat(sprintf("%s\t%d\t%.15g\n", name, i, values[i]))
cat("# R", as.character(getRversion()), "survival", as.character(packageVersion("survival")),
    "cmprsk", as.character(packageVersion("cmprsk")), "\n")
cat("quantity\tindex\tvalue\n")
read <- function(name) read.csv(file.path(folder, name))

mayo <- read("myeloma.csv")
at <- c(100, 365, 1000, 2000, 4000, 6000)
km <- survfit(Surv(futime, death) ~ 1, mayo, conf.type = "log-log")
s <- summary(km, times = at)
say("mayo_survival", s$surv); say("mayo_low", s$lower); say("mayo_high", s$upper); say("mayo_at_risk", s$n.risk)
say("mayo_median", quantile(km, 0.5)$quantile); say("mayo_median_low", quantile(km, 0.5)$lower)
say("mayo_median_high", quantile(km, 0.5)$upper)
rev <- survfit(Surv(futime, 1 - death) ~ 1, mayo, conf.type = "log-log")
say("mayo_follow_up", c(quantile(rev, 0.5)$quantile, quantile(rev, 0.5)$lower, quantile(rev, 0.5)$upper))
left <- survfit(Surv(entry, futime, death) ~ 1, mayo, conf.type = "log-log")
s <- summary(left, times = at)
say("mayo_truncated_survival", s$surv); say("mayo_truncated_low", s$lower); say("mayo_truncated_high", s$upper)
say("mayo_truncated_median", c(quantile(left, 0.5)$quantile, quantile(left, 0.5)$lower, quantile(left, 0.5)$upper))
cox <- coxph(Surv(entry, futime, death) ~ I(year - 65), mayo)
say("mayo_truncated_cox", c(coef(cox), sqrt(diag(vcov(cox)))))

krall <- read("emplik_myeloma_krall1975.csv")
for (ties in c("breslow", "efron")) {
  cox <- coxph(Surv(Time, VStatus) ~ LogBUN + HGB, krall, ties = ties)
  say(paste0("krall_", ties, "_coef"), coef(cox)); say(paste0("krall_", ties, "_se"), sqrt(diag(vcov(cox))))
}

g <- read("survminer_myeloma_GSE4581.csv"); g <- g[g$time > 0, ]  # one patient has time 0
d <- survdiff(Surv(time, event) ~ molecular_group, g); say("gse_groups_chi2", d$chisq)
k <- g[!is.na(g$chr1q21_status), ]; k$gain <- k$chr1q21_status != "2 copies"
d <- survdiff(Surv(time, event) ~ chr1q21_status, k); say("gse_1q21_chi2", d$chisq)
d <- survdiff(Surv(time, event) ~ gain, k); say("gse_gain_chi2", d$chisq)
d <- survdiff(Surv(time, event) ~ gain + strata(molecular_group), k); say("gse_gain_stratified_chi2", d$chisq)
d <- survdiff(Surv(time, event) ~ chr1q21_status + strata(molecular_group), k)
say("gse_1q21_stratified_chi2", d$chisq)
cox <- coxph(Surv(time, event) ~ gain, k, ties = "efron"); say("gse_gain_cox", c(coef(cox), cox$score))
for (side in c(FALSE, TRUE)) {
  f <- survfit(Surv(time, event) ~ 1, k[k$gain == side, ], conf.type = "log-log")
  s <- summary(f, times = c(12, 24, 36, 48))
  say(paste0("gse_gain_", side, "_survival"), s$surv); say(paste0("gse_gain_", side, "_low"), s$lower)
  say(paste0("gse_gain_", side, "_high"), s$upper)
}

m <- mgus2
m$time <- with(m, ifelse(pstat == 1, ptime, futime)); m$cause <- with(m, ifelse(pstat == 1, 1, 2 * death))
at <- c(12, 60, 120, 240, 360)
say("mgus2_n", nrow(m)); say("mgus2_causes", as.numeric(table(m$cause)))
inc <- timepoints(cuminc(m$time, m$cause), at)$est
say("mgus2_progression", inc[1, ]); say("mgus2_death", inc[2, ])
ms <- survfit(Surv(time, factor(cause, 0:2, c("censor", "pcm", "death"))) ~ 1, m, conf.type = "log-log")
s <- summary(ms, times = at)
say("mgus2_progression_low", s$lower[, 2]); say("mgus2_progression_high", s$upper[, 2])
say("mgus2_death_low", s$lower[, 3]); say("mgus2_death_high", s$upper[, 3])
