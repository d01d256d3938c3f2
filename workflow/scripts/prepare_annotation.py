"""The GTF on the contigs of the FASTA, its genes, their coding bases and exons."""

from myeloma import references
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    made = snakemake.output
    references.prepare_annotation(
        snakemake.input.given, snakemake.input.fai, made.gtf, made.genes, made.coding, made.exons
    )
