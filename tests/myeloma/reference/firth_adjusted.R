# Reference numbers of test_adjusted.py. Firth logistic regression of early response on an abnormality and two covariates,
# and Firth's Cox model with an interaction (Breslow; times without ties). The Jeffreys-penalised likelihoods are written
# out, maximised and profiled here; base R only. Run: Rscript firth_adjusted.R > firth_adjusted.tsv
lines <- c(1, 2, 3, 1, 2, 4, 1, 1, 2, 3, 2, 1, 3, 4, 2, 1, 2, 3, 1, 2, 3, 1, 2, 4, 1, 2, 3, 2, 1, 3)
stage <- c(1, 1, 2, 3, 1, 2, 1, 2, 3, 3, 1, 1, 2, 2, 3, 1, 2, 1, 3, 2, 1, 2, 2, 3, 1, 3, 2, 1, 2, 3)
early <- c(1, 1, 0, 1, 1, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 1, 0, 1, 1, 0, 0, 1, 0, 0, 1, 1, 0)
lesion <- c(0, 0, 1, 0, 1, 1, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 1, 1, 0, 1, 0)
risk <- rep(c(0, 1, 0, 1, 1), 6)
days <- c(400, 351, 90, 222, 180, 61, 377, 290, 75, 110, 415, 333, 99, 40, 130, 365, 249, 83, 301, 155, 288, 341, 66, 54,
          399, 121, 70, 310, 265, 142)
event <- c(0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1)
logistic <- function(X, y) function(b) {
  p <- plogis(drop(X %*% b))
  sum(y * log(p) + (1 - y) * log1p(-p)) + 0.5 * as.numeric(determinant(t(X) %*% (X * (p * (1 - p))))$modulus)
}
cox <- function(X, t, d) function(b) {
  w <- exp(drop(X %*% b)); l <- 0; I <- matrix(0, ncol(X), ncol(X))
  for (i in which(d == 1)) {
    at <- t >= t[i]; s0 <- sum(w[at]); m <- colSums(X[at, , drop = FALSE] * w[at]) / s0
    l <- l + sum(X[i, ] * b) - log(s0)
    I <- I + t(X[at, , drop = FALSE]) %*% (X[at, , drop = FALSE] * w[at]) / s0 - m %*% t(m)
  }
  l + 0.5 * as.numeric(determinant(I)$modulus)
}
best <- function(f, n) { b <- rep(0, n); for (i in 1:6) b <- optim(b, f, method = "BFGS", control = list(fnscale = -1, reltol = 1e-15, maxit = 2000))$par; b }
# Penalised profile: the penalty stays that of the full model.
held <- function(f, n, k) { warm <- rep(0, n - 1); function(v) { g <- function(r) { b <- numeric(n); b[k] <- v; b[-k] <- r; f(b) }
  for (i in 1:4) warm <- optim(warm, g, method = "BFGS", control = list(fnscale = -1, reltol = 1e-15, maxit = 2000))$par; g(warm) } }
tell <- function(name, f, n, k) {
  b <- best(f, n); top <- f(b); at <- held(f, n, k); edge <- function(v) 2 * (top - at(v)) - qchisq(0.95, 1)
  low <- uniroot(edge, c(b[k] - 8, b[k]), tol = 1e-11)$root; high <- uniroot(edge, c(b[k], b[k] + 8), tol = 1e-11)$root
  cat(sprintf("%s\t%.8g\t%.8g\t%.8g\t%.8g\n", name, exp(b[k]), exp(low), exp(high), pchisq(2 * (top - at(0)), 1, lower.tail = FALSE)))
}
cat("#", R.version.string, "\n"); cat("model\tratio\tlow\thigh\tp\n")
X <- cbind(lesion, scale(lines), scale(stage), 1)
tell("logistic", logistic(X, early), 4, 1)
Z <- cbind(lesion, risk, lesion * risk)
tell("cox_interaction", cox(Z, days, event), 3, 3)
