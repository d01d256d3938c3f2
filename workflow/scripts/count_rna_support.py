from myeloma import rna_support
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    rna_support.count_patient(
        snakemake.params.ids,
        snakemake.input.vcf,
        snakemake.input.cram,
        snakemake.input.fasta,
        snakemake.params.rules,
        snakemake.output.table,
    )
