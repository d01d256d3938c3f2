"""Gene counts that samples.tsv names, as our count table."""

from myeloma import entered_counts
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    entered_counts.enter(snakemake.params.samples, snakemake.output.counts)
