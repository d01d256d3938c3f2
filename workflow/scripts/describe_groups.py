"""Table 1, pairs of abnormalities, burden of early and poor responders."""

from myeloma import cooccurrence, shifts, table_one, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    names = ("flow", "abnormalities", "samples", "burden", "signatures")
    seen = {name: tables.read(snakemake.input[name], getattr(tables, name.upper())) for name in names}
    asked, made = snakemake.params, snakemake.output
    flow, calls, rules = seen["flow"], seen["abnormalities"], asked.comparison
    together = cooccurrence.pairs(flow, calls, asked.qualifying, rules, asked.definitions)
    tables.write(table_one.build(flow, asked.patients, rules["table1"]), made.table1, tables.TABLE1)
    tables.write(together, made.cooccurrence, tables.COOCCURRENCE)
    tables.write(shifts.compare(**seen, rules=rules), made.burden, tables.BURDEN_BY_GROUP)
