from myeloma import maf
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    maf.tabulate_cohort(
        snakemake.params.tumours,
        snakemake.input.get("gtf", ""),
        snakemake.input.get("hotspots", ""),
        snakemake.params.build,
        snakemake.output.variants,
        snakemake.output.maf,
    )
