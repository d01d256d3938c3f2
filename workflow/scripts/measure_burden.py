from myeloma import burden
from myeloma.log import log_to

GIVEN = ("variants", "segments", "purity", "qc", "tumour_in_normal", "regions", "arms", "coding")

with log_to(snakemake.log[0]):
    burden.measure_cohort(
        snakemake.params.tumours,
        snakemake.input.depths,
        snakemake.params.normals,
        {name: snakemake.input.get(name, "") for name in GIVEN},
        snakemake.params.rules,
        snakemake.output.table,
    )
