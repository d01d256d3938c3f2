from myeloma import copies, panels
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    panels.check(snakemake.input.panel_record, dict(snakemake.input.items()))
    copies.model(
        sample=snakemake.params.sample,
        inputs=dict(snakemake.input.items()),
        settings=snakemake.params.settings,
        output=dict(snakemake.output.items()),
        mem_mb=snakemake.resources.mem_mb,
    )
