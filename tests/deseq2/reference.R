# R's answer to the simulated counts of simulate.py. Rscript reference.R FOLDER (its files in, *_deseq2.tsv.gz out)
suppressPackageStartupMessages(library(DESeq2))
folder <- commandArgs(trailingOnly = TRUE)[1]
for (name in c("small", "large")) {
  counts <- as.matrix(read.delim(file.path(folder, paste0(name, "_counts.tsv.gz")), row.names = 1))
  sheet <- read.delim(file.path(folder, paste0(name, "_sheet.tsv")), row.names = 1, stringsAsFactors = TRUE)
  storage.mode(counts) <- "integer"
  seen <- DESeqDataSetFromMatrix(counts, sheet, ~ batch + age + condition)
  seen <- DESeq(seen, quiet = TRUE)
  made <- results(seen, contrast = c("condition", "R", "N"), alpha = 0.05)
  table <- data.frame(
    gene = rownames(made), log2_fold_change = signif(made$log2FoldChange, 6),
    lfc_se = signif(made$lfcSE, 6), p = signif(made$pvalue, 6), q = signif(made$padj, 6)
  )
  out <- gzfile(file.path(folder, paste0(name, "_deseq2.tsv.gz")), "w")
  write.table(table, out, sep = "\t", quote = FALSE, row.names = FALSE, na = "")
  close(out)
  cat(name, sum(table$q < 0.05, na.rm = TRUE), "genes with q < 0.05\n")
}
cat(R.version.string, "DESeq2", as.character(packageVersion("DESeq2")), "\n")
