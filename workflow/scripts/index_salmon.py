"""salmon index of the GTF's transcripts, the genome as decoy."""

from myeloma import references
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    given, made = snakemake.input, snakemake.output
    references.index_salmon(
        given.fasta, given.fai, given.gtf, made.folder, made.transcripts, snakemake.threads
    )
