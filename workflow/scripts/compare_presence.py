"""Response and time to event by presence of each abnormality."""

from myeloma import by_presence, idmc, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    names = ("flow", "abnormalities", "response", "endpoints")
    seen = {name: tables.read(snakemake.input[name], getattr(tables, name.upper())) for name in names}
    asked, given = snakemake.params, snakemake.input
    visits, cuts = tables.read(given.visits, tables.VISITS), tables.read(given.idmc_cuts, tables.IDMC_CUTS)
    cut = idmc.told_cut(asked.data_cut, seen["endpoints"], visits, cuts)
    rules = {"qualifying": asked.qualifying, "rules": asked.comparison, "rule_set": asked.rule_set}
    response = by_presence.response_by_abnormality(**seen, **rules, data_cut=cut)
    seen.pop("response")
    survival = by_presence.survival_by_abnormality(**seen, **rules)
    tables.write(response, snakemake.output.response, tables.RESPONSE_BY_ABNORMALITY)
    tables.write(survival, snakemake.output.survival, tables.SURVIVAL_BY_ABNORMALITY)
