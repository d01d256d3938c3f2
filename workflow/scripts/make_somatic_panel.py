from myeloma import panels
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    panels.make_somatic(
        snakemake.wildcards.kit,
        dict(zip(snakemake.params.normals, snakemake.input.calls, strict=True)),
        dict(snakemake.input.items()),
        snakemake.params.padding,
        dict(snakemake.output.items()),
        snakemake.resources.mem_mb,
    )
