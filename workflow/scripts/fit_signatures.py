from myeloma import signatures
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    signatures.fit_cohort(
        snakemake.params.tumours,
        dict(snakemake.input.items()),
        snakemake.params.rules,
        snakemake.params.build,
        dict(snakemake.output.items()),
        snakemake.params.tin_max,
    )
