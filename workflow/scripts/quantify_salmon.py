"""Transcripts of one RNA sample, from the reads of its CRAM."""

from myeloma import salmon
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    given, asked, made = snakemake.input, snakemake.params, snakemake.output
    library = salmon.library_type(given.counts, asked.strandedness, asked.default)
    salmon.quantify(
        given.cram, given.fasta, given.index, library, made.quant, made.information, snakemake.threads
    )
