"""Time to event over the levels of a factor: copies of 1q21, molecular classes."""

from myeloma import levels, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    names = ("abnormalities", "tc_classes", "endpoints", "flow")
    seen = {name: tables.read(snakemake.input[name], getattr(tables, name.upper())) for name in names}
    made = levels.compare(**seen, rules=snakemake.params.comparison, rule_set=snakemake.params.rule_set)
    tables.write(made, snakemake.output.table, tables.LEVEL_TESTS)
