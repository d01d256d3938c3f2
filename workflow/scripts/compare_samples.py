"""Who is whom, of which sex, and whose reads are in whose sample: all samples against all."""

from myeloma import identity
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    identity.check(
        snakemake.params.samples,
        snakemake.input.alleles,
        snakemake.input.measures,
        snakemake.params.limits,
        dict(snakemake.output.items()),
    )
