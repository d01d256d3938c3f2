# Reference numbers of test_exposure_response.py: Firth logistic regression of an outcome on log2 exposure.
# The Jeffreys-penalised likelihood is written out, maximised and profiled here; base R only.
# Run: Rscript firth_logistic.R > firth_logistic.txt
x <- log2(c(820, 1100, 1240, 1310, 1500, 1620, 1800, 1950, 2100, 2300, 2450, 2600, 2900, 3300, 3900, 4600, 5200, 6100))
y <- c(0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 1, 1)
x <- x - mean(x)
penalised <- function(b) {
  p <- plogis(b[1] + b[2] * x)
  X <- cbind(1, x)
  sum(y * log(p) + (1 - y) * log(1 - p)) + 0.5 * log(det(t(X) %*% (X * (p * (1 - p)))))
}
profile <- function(slope) optimize(function(a) penalised(c(a, slope)), c(-20, 20), maximum = TRUE, tol = 1e-12)$objective
b <- optimize(profile, c(-10, 10), maximum = TRUE, tol = 1e-10)$maximum
edge <- function(s) 2 * (profile(b) - profile(s)) - qchisq(0.95, 1)
low <- uniroot(edge, c(b - 5, b), tol = 1e-12)$root
high <- uniroot(edge, c(b, b + 8), tol = 1e-12)$root
p <- pchisq(2 * (profile(b) - profile(0)), 1, lower.tail = FALSE)
cat("#", R.version.string, "\n")
cat("odds_ratio", "low", "high", "p\n")
cat(sprintf("%.8f %.8f %.8f %.8f\n", exp(b), exp(low), exp(high), p))
