from myeloma import alignments
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    alignments.decode(snakemake.input.cram, snakemake.input.fasta, snakemake.output.bam, snakemake.threads)
