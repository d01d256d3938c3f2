"""The cohort's count matrix."""

from myeloma import expression, places, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    asked = snakemake.params
    paths = dict(zip(asked.samples, snakemake.input.counts, strict=True))
    genes = places.read_genes(snakemake.input.get("genes", ""))
    made = expression.collect_counts(paths, asked.strandedness, asked.default, genes)
    tables.write(made, snakemake.output.counts, tables.COUNTS)
