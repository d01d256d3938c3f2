"""A table of regions or arms under the contig names of the FASTA."""

from myeloma import references
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    given = snakemake.input.get("given", "")
    fai = snakemake.input.get("fai", "")
    references.prepare_regions(given, fai, snakemake.output.table, snakemake.params.columns)
