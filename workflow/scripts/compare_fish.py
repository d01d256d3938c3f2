"""Compare each FISH row with the call from sequencing alone."""

from myeloma import concordance, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    seen = concordance.compare(
        snakemake.params.fish,
        tables.read(snakemake.input.samples, tables.SAMPLES),
        tables.read(snakemake.input.copy_events, tables.COPY_EVENTS),
        tables.read(snakemake.input.translocations, tables.TRANSLOCATIONS),
        snakemake.params.most_days,
    )
    tables.write(seen, snakemake.output.rows, tables.FISH_CONCORDANCE)
    tables.write(concordance.agreement(seen), snakemake.output.agreement, tables.FISH_AGREEMENT)
