from myeloma import copies
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    copies.collect(
        reads=snakemake.input.bam,
        fasta=snakemake.input.fasta,
        interval_list=snakemake.input.intervals,
        sites=snakemake.input.sites,
        output=dict(snakemake.output.items()),
        mem_mb=snakemake.resources.mem_mb,
    )
