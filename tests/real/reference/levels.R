# Reference numbers of tests/myeloma/test_levels.py and tests/real/test_gse4581.py: log-rank over levels, test for trend.
# Run: Rscript levels.R survminer_myeloma_GSE4581.csv > levels.txt
library(survival)
cat(R.version.string, "survival", as.character(packageVersion("survival")), "\n")
trend <- function(fit) {
  score <- seq_along(fit$obs) - 1
  u <- sum(score * (fit$obs - fit$exp))
  u^2 / as.numeric(t(score) %*% fit$var %*% score)
}
# six patients a level, ties within and between levels
d <- data.frame(
  time = c(6, 7, 10, 15, 19, 25, 3, 6, 8, 10, 12, 20, 1, 3, 6, 8, 8, 9),
  event = c(1, 0, 1, 1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0, 1),
  level = rep(c("2", "3", "4"), each = 6)
)
f <- survdiff(Surv(time, event) ~ level, d)
cat("small expected", format(f$exp, digits = 10), "chisq", format(f$chisq, digits = 10), "trend", format(trend(f), digits = 10), "\n")
given <- commandArgs(TRUE)
if (length(given)) {
  m <- read.csv(given[1])
  f <- survdiff(Surv(time, event) ~ chr1q21_status, m)
  cat("gse4581 expected", format(f$exp, digits = 10), "chisq", format(f$chisq, digits = 10), "trend", format(trend(f), digits = 10), "\n")
}
