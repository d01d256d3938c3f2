"""The cohort's structural variants, and over which loci their absence may be stated."""

from myeloma import structural_votes, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    variants, power = structural_votes.tabulate(
        snakemake.params.tumours,
        tables.read(snakemake.input.purity, tables.PURITY),
        snakemake.input.get("genes", ""),
        snakemake.input.regions,
        snakemake.params.abnormalities,
        snakemake.params.limits,
    )
    tables.write(variants, snakemake.output.variants, tables.STRUCTURAL)
    tables.write(power, snakemake.output.power, tables.STRUCTURAL_POWER)
