"""One archive of all tables, with the dictionary of their columns."""

from myeloma import dictionary
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    dictionary.archive(snakemake.input.tables, snakemake.output.archive)
