"""Early against poor responders adjusted for covariates, and interaction with known risk."""

from myeloma import adjusted, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    names = ("flow", "abnormalities", "endpoints")
    seen = {name: tables.read(snakemake.input[name], getattr(tables, name.upper())) for name in names}
    asked, made = snakemake.params, snakemake.output
    rules = asked.comparison
    rows = adjusted.adjust(seen["flow"], seen["abnormalities"], asked.patients, rules)
    tables.write(rows, made.adjusted, tables.ADJUSTED)
    rows = adjusted.interact(
        **seen, patients=asked.patients, rules=rules, rule_set=asked.rule_set, definitions=asked.definitions
    )
    tables.write(rows, made.interactions, tables.INTERACTIONS)
