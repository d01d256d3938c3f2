"""Targets of a kit: checked against the FASTA, sorted, merged."""

from myeloma import references
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    references.prepare_targets(snakemake.input.given, snakemake.input.fai, snakemake.output.bed)
