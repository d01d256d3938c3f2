"""Early against poor responders, one abnormality a row."""

from myeloma import association, flow, multiplicity, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    names = ("flow", "abnormalities", "response", "endpoints")
    seen = {name: tables.read(snakemake.input[name], getattr(tables, name.upper())) for name in names}
    made = association.compare_cohort(
        **seen,
        qualifying=snakemake.params.qualifying,
        rules=snakemake.params.comparison,
        rule_set=snakemake.params.rule_set,
    )
    groups = flow.compared_groups(seen["flow"])
    made = multiplicity.add_permutation_p(made, seen["abnormalities"], groups, snakemake.params.comparison)
    tables.write(made, snakemake.output.table, tables.BY_GROUP)
