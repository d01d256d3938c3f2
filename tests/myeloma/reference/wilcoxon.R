# Reference numbers of test_shifts.py. Without ties: wilcox.test (exact p, Hodges-Lehmann estimate and interval). With
# ties, where wilcox.test has no exact p: every relabelling of the mid-ranks, twice the smaller tail. Base R only.
# Run: Rscript wilcoxon.R > wilcoxon.tsv
cat("#", R.version.string, "\n")
cat("early\tpoor\tp\testimate\tlow\thigh\n")
tail_p <- function(x, y) {
  r <- rank(c(x, y)); n <- length(x); seen <- sum(r[1:n])
  all <- combn(length(r), n, function(i) sum(r[i]))
  min(1, 2 * min(mean(all <= seen + 1e-9), mean(all >= seen - 1e-9)))
}
row <- function(x, y, tied) {
  w <- suppressWarnings(wilcox.test(x, y, conf.int = !tied, exact = !tied))
  p <- tail_p(x, y)
  if (!tied) stopifnot(abs(p - w$p.value) < 1e-12)
  v <- if (tied) c(median(outer(x, y, "-")), NA, NA) else c(w$estimate, w$conf.int)
  cat(paste(x, collapse = ","), paste(y, collapse = ","), sprintf("%.12g", c(p, v)), sep = "\t"); cat("\n")
}
set.seed(7)
for (i in 1:12) {
  n <- sample(4:9, 1); m <- sample(4:9, 1)
  row(round(rnorm(n, 1, 2), 4), round(rnorm(m, 0, 2), 4), FALSE)
  row(rpois(n, 3), rpois(m, 2), TRUE)
}
row(c(1, 2, 3, 4), c(5, 6, 7, 8), FALSE)
