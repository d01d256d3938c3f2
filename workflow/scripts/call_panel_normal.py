from myeloma import panels
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    panels.call_normal(
        snakemake.wildcards.sample,
        snakemake.input.bam,
        dict(snakemake.input.items()),
        snakemake.params.padding,
        snakemake.output.vcf,
        snakemake.resources.mem_mb,
    )
