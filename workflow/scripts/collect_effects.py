"""All effects of the comparison in one long table."""

from myeloma import effects, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    contracts = {table.name: table for table in tables.ALL}
    seen = {name: tables.read(path, contracts[name]) for name, path in snakemake.input.items()}
    made = effects.collect(seen, snakemake.params.comparison)
    tables.write(made, snakemake.output.table, tables.EFFECT_SIZES)
