"""Reads of each allele at the common SNPs of one RNA sample."""

from myeloma import identity
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    given = snakemake.input
    af = snakemake.params.min_population_af
    identity.count(given.cram, given.fasta, given.get("sites", ""), "", 0, af, snakemake.output.alleles)
