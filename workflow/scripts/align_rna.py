"""One RNA sample: trimmed, aligned, counted."""

from myeloma import alignments, rna
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    given = snakemake.input
    rna.align(
        snakemake.wildcards.sample,
        snakemake.params.units,
        given.index,
        alignments.Reference(given.fasta, given.dictionary, ""),
        dict(snakemake.output.items()),
        snakemake.params.min_read_length,
        snakemake.params.two_pass,
        snakemake.threads,
        chimeric_in_cram=snakemake.params.chimeric_in_cram,
    )
