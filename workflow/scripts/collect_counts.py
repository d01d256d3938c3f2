"""The cohort's counts and TPM."""

from myeloma import expression, places, rna_coverage, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    given, asked = snakemake.input, dict(snakemake.params.items())
    genes, regions = places.read_genes(given.get("genes", "")), places.read_regions(given.get("regions", ""))
    length = rna_coverage.lengths(rna_coverage.read_exons(given.get("exons", "")))
    dropped = expression.left_out(genes, asked["left_out"], regions)
    counts, tpm = expression.collect(dict(given.items()), asked, genes, length, dropped)
    if given.get("entered"):
        entered = tables.read(given.entered, tables.COUNTS)
        counts, tpm = expression.with_entered(counts, tpm, entered, length, dropped)
    tables.write(counts, snakemake.output.counts, tables.COUNTS)
    tables.write(tpm, snakemake.output.tpm, tables.TPM)
