from myeloma import copies
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    copies.model(
        sample=snakemake.params.sample,
        inputs=dict(snakemake.input.items()),
        settings=snakemake.params.settings,
        output=dict(snakemake.output.items()),
        mem_mb=snakemake.resources.mem_mb,
    )
