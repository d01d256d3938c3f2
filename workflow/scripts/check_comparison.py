"""The primary family again under other groups and with fewer patients."""

from myeloma import sensitivity, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    given = snakemake.input
    made = sensitivity.analyse(
        tables.read(given.flow, tables.FLOW),
        tables.read(given.abnormalities, tables.ABNORMALITIES),
        tables.read(given.definitions, tables.GROUPS_BY_DEFINITION),
        tables.read(given.samples, tables.SAMPLES),
        tables.read(given.purity, tables.PURITY),
        tables.read(given.variants, tables.VARIANTS),
        snakemake.params.exclusions,
        snakemake.params.comparison,
        snakemake.params.somatic_by,
    )
    tables.write(made, snakemake.output.table, tables.ABNORMALITY_SENSITIVITY)
