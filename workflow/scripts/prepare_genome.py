"""Link or decompress the FASTA; index and dictionary."""

from myeloma import references
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    made = snakemake.output
    references.prepare_genome(
        str(snakemake.input.given or ""), made.fasta, made.fai, made.dictionary, snakemake.params.build
    )
