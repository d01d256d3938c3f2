"""Response rates with their exact intervals."""

from myeloma import association, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    response = tables.read(snakemake.input.response, tables.RESPONSE)
    populations = association.populations(tables.read(snakemake.input.flow, tables.FLOW))
    assessed = association.any_assessed(tables.read(snakemake.input.endpoints, tables.ENDPOINTS))
    made = association.response_rates(response, populations, snakemake.params.confidence, assessed)
    tables.write(made, snakemake.output.table, tables.RATES)
