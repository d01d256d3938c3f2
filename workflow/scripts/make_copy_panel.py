from myeloma import copies, panels
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    copies.make_panel(
        counts=dict(zip(snakemake.params.normals, snakemake.input.counts, strict=True)),
        sexes=snakemake.params.sexes,
        given_panel=snakemake.input.get("given_panel", ""),
        settings=snakemake.params.settings,
        output=dict(snakemake.output.items()),
        threads=snakemake.threads,
        mem_mb=snakemake.resources.mem_mb,
    )
    panels.record_copies(
        snakemake.wildcards.kit,
        dict(snakemake.output.items()),
        dict(snakemake.input.items()),
        snakemake.params.settings,
    )
