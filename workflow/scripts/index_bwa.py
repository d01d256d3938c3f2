"""Index of the configured short-read aligner."""

from myeloma import references
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    references.index_bwa(snakemake.params.aligner, snakemake.input.fasta, snakemake.params.prefix)
