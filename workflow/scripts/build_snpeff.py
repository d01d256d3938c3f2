"""SnpEff database and the GFF3 for bcftools csq, from the FASTA and GTF in use."""

from myeloma import references
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    contigs = references.read_fai(snakemake.input.fai)
    given = snakemake.input
    references.build_snpeff(
        given.fasta, given.gtf, snakemake.output.folder, contigs, snakemake.resources.mem_mb
    )
