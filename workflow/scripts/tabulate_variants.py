from myeloma import annotation
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    annotation.tabulate_cohort(
        snakemake.params.tumours,
        snakemake.input.get("gtf", ""),
        snakemake.input.get("hotspots", ""),
        snakemake.output.variants,
        snakemake.output.normals,
        (snakemake.input.get("entered", ""), snakemake.params.entered),
    )
