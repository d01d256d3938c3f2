# Grades of laboratory values by the criteria of pharmaverse/admiral (data-raw/adlb_grading/ncictcaev4.json, commit
# 6eb5125a, Apache-2.0), evaluated as R expressions in their own order: NA, 3, 2, 1, else 0.
#   Rscript grade.R criteria.tsv admiral_grades.tsv > again.tsv; made with R 4.2.2. The second file holds the values too:
# the limits of each term times 0.98, 1 and 1.02, with and without limits of normal; its last column is written anew.
# criteria.tsv: the criteria of the terms in resources/ctcae_v4_laboratory.tsv; grade 4 has no expression there.
options(warn = 1)
args <- commandArgs(trailingOnly = TRUE)
criteria <- read.delim(args[1], colClasses = "character", na.strings = character(), quote = "")
values <- read.delim(args[2], na.strings = "")
signif_dig <- 15
first <- function(code, scope) {
  for (part in as.list(parse(text = paste0("list(", code, ")"))[[1]])[-1]) {
    met <- eval(part[[2]], scope)
    if (isTRUE(met)) return(as.character(eval(part[[3]])))
  }
  NULL
}
graded <- function(i) {
  row <- values[i, ]
  rule <- criteria[criteria$term == row$term, ]
  scope <- list(AVAL = row$value, ANRLO = row$lln, ANRHI = row$uln, BASE = row$base, signif_dig = signif_dig)
  for (code in c(rule$na, rule$grade_3, rule$grade_2, rule$grade_1)) {
    if (nchar(code) == 0) next
    found <- first(code, scope)
    if (!is.null(found)) return(found)
  }
  "0"
}
values$admiral <- vapply(seq_len(nrow(values)), graded, "")
write.table(values, sep = "\t", quote = FALSE, row.names = FALSE, na = "")
