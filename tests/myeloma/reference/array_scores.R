# Published scores of a made-up array series, by R itself. Rscript array_scores.R resources/expression_scores.tsv
# Value of probe i (1-based, by order in the score) in sample j: 8 + 2 sin(i j + i); PANP call: A where i + j divides by 4.
known <- read.delim(commandArgs(TRUE)[1], comment.char = "#", colClasses = "character")
known$weight <- as.numeric(known$weight)
made <- sapply(c("GPI50", "UAMS70", "EMC92"), function(name) {
  rows <- known[known$score == name, ]
  i <- seq_len(nrow(rows))
  x <- sapply(1:5, function(j) 8 + 2 * sin(i * j + i))
  w <- rows$weight
  switch(name,
    GPI50 = colSums(ifelse(outer(i, 1:5, "+") %% 4 == 0, 0, x)),
    UAMS70 = colMeans(x[w > 0, ]) - colMeans(x[w < 0, ]),
    EMC92 = colSums(w * t(scale(t(x))))
  )
})
cat("#", R.version.string, "\n")
write.table(format(data.frame(sample = paste0("s", 1:5), made), digits = 12), sep = "\t", quote = FALSE, row.names = FALSE)
