"""What STAR and the counts say about one RNA sample."""

from myeloma import places, rna, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    given, asked = snakemake.input, snakemake.params
    genes = places.read_genes(given.get("genes", ""))
    made = rna.measure(given.counts, given.star_log, genes, asked.sample, asked.strandedness, asked.default)
    tables.write(made, snakemake.output.qc, tables.QC)
