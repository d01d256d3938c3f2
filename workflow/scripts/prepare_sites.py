"""A VCF of sites, checked against the FASTA, bgzipped and indexed."""

from myeloma import references
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    given = snakemake.input
    references.prepare_sites(
        given.given, given.fasta, given.fai, snakemake.output.vcf, snakemake.params.needs_af
    )
