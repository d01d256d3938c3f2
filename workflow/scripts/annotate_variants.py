from myeloma import annotation
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    names = ("variants", "segments", "purity", "qc", "regions", "drivers")
    annotation.annotate_cohort(
        {name: snakemake.input.get(name, "") for name in names},
        snakemake.input.rna,
        snakemake.params.tumours,
        snakemake.params.rules,
        snakemake.params.build,
        dict(snakemake.output.items()),
        snakemake.params.purity_min,
    )
