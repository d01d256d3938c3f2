"""STAR genome, sized for the FASTA, with the junctions of the GTF where there is one."""

from myeloma import references
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    given = snakemake.input
    references.index_star(
        given.fasta,
        given.fai,
        str(given.gtf or ""),
        snakemake.output.folder,
        snakemake.threads,
        snakemake.resources.mem_mb,
    )
