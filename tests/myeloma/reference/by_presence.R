# Reference numbers of test_by_presence.py: one small cohort, time to event by a carrier state.
# R survival for counts, medians, log-rank, Cox (Efron) with Wald limits and numbers at risk; the profile limits by
# coxph with an offset; restricted means by the formula of survRM2 (area under the curve, Greenwood's variance).
# Run: Rscript by_presence.R > by_presence.tsv
suppressPackageStartupMessages(library(survival))
months <- c(2, 3, 3, 5, 6, 8, 9, 11, 13, 14, 15, 17, 18, 20, 22, 25, 26, 28, 30, 31, 33, 36, 4, 7, 12, 12, 24, 24, 10, 16)
event  <- c(1, 1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 1)
carrier <- rep(c(1, 1, 0), 10)
most <- 24
say <- function(name, values) cat(sprintf("%s\t%.12g\n", name, values), sep = "")
cat("#", R.version.string, "survival", as.character(packageVersion("survival")), "\n")
cat("quantity\tvalue\n")
test <- survdiff(Surv(months, event) ~ carrier)
say("log_rank_chi2", test$chisq)
cox <- coxph(Surv(months, event) ~ carrier, ties = "efron", control = coxph.control(eps = 1e-12, iter.max = 50))
say("hazard_ratio", exp(coef(cox)))
wald <- exp(confint(cox)); say("wald_low", wald[1]); say("wald_high", wald[2])
log_at <- function(b) coxph(Surv(months, event) ~ offset(b * carrier), ties = "efron")$loglik[1]
edge <- function(b) 2 * (cox$loglik[2] - log_at(b)) - qchisq(0.95, 1)
say("ci_low", exp(uniroot(edge, c(coef(cox) - 4, coef(cox)), tol = 1e-12)$root))
say("ci_high", exp(uniroot(edge, c(coef(cox), coef(cox) + 4), tol = 1e-12)$root))
rmst <- function(side, tau) {
  f <- survfit(Surv(months, event) ~ 1, subset = carrier == side)
  inside <- f$time <= tau
  at <- sort(c(f$time[inside], tau))
  areas <- diff(c(0, at)) * c(1, f$surv[inside])
  var <- ifelse(f$n.risk[inside] - f$n.event[inside] == 0, 0,
                f$n.event[inside] / (f$n.risk[inside] * (f$n.risk[inside] - f$n.event[inside])))
  var <- c(var, 0)
  c(sum(areas), sum(rev(cumsum(rev(areas[-1])))^2 * var[-length(var)]))
}
tau <- min(max(months[carrier == 1]), max(months[carrier == 0]), most)
one <- rmst(1, tau); other <- rmst(0, tau)
gap <- one[1] - other[1]; se <- sqrt(one[2] + other[2])
say("rmst_months", tau); say("rmst_difference", gap)
say("rmst_low", gap - qnorm(0.975) * se); say("rmst_high", gap + qnorm(0.975) * se)
for (side in 1:0) {
  name <- c("non_carrier", "carrier")[side + 1]
  f <- survfit(Surv(months, event) ~ 1, subset = carrier == side, conf.type = "log-log")
  m <- summary(f)$table
  say(paste0(name, "_median_months"), m["median"]); say(paste0(name, "_median_low"), m["0.95LCL"])
  say(paste0(name, "_median_high"), m["0.95UCL"])
  s <- summary(f, times = c(12, 24))
  for (i in 1:2) {
    when <- c(12, 24)[i]
    say(sprintf("%s_at_%d", name, when), s$surv[i]); say(sprintf("%s_at_%d_low", name, when), s$lower[i])
    say(sprintf("%s_at_%d_high", name, when), s$upper[i]); say(sprintf("%s_at_%d_risk", name, when), s$n.risk[i])
  }
}
