# Medians of small cohorts by R survival, log-log interval, for test_survival.py: many of them meet one half
# exactly, where R prints the middle of the flat stretch.   Rscript medians.R > medians.tsv
suppressPackageStartupMessages(library(survival))
cat("# R", as.character(getRversion()), "survival", as.character(packageVersion("survival")), "\n")
cat("times\tevents\tmedian\tlow\thigh\n")
set.seed(20)
for (i in 1:80) {
  n <- sample(2:14, 1)
  time <- sample(1:15, n, replace = TRUE); event <- rbinom(n, 1, 0.7)
  if (!any(event)) next
  q <- summary(survfit(Surv(time, event) ~ 1, conf.type = "log-log"))$table
  cat(paste(time, collapse = ","), paste(event, collapse = ","), q["median"], q["0.95LCL"], q["0.95UCL"], sep = "\t")
  cat("\n")
}
