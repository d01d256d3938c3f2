from myeloma import alignments
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    alignments.align(
        snakemake.wildcards.sample,
        snakemake.params.units,
        alignments.Reference(snakemake.input.fasta, snakemake.input.dictionary, snakemake.params.index),
        alignments.Options(**snakemake.params.options),
        snakemake.output.cram,
        snakemake.output.fastp,
        snakemake.threads,
    )
