from myeloma import callable
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    callable.assess_cohort(
        snakemake.params.tumours,
        snakemake.input.depths,
        snakemake.params.normals,
        {name: snakemake.input.get(name, "") for name in ("coding", "gtf", "hotspots", "purity")},
        snakemake.params.genes,
        snakemake.params.limits,
        snakemake.output.table,
        snakemake.input.get("entered", ""),
    )
