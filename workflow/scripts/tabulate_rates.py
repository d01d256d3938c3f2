"""Response rates with their exact intervals."""

from myeloma import association, flow, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    response = tables.read(snakemake.input.response, tables.RESPONSE)
    itt = flow.members(tables.read(snakemake.input.flow, tables.FLOW), "itt")
    made = association.response_rates(response, {"itt": itt}, snakemake.params.confidence)
    tables.write(made, snakemake.output.table, tables.RATES)
