"""Kaplan-Meier curves, medians, follow-up, log-rank tests."""

from myeloma import survival, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    names = ("flow", "abnormalities", "response", "endpoints")
    seen = {name: tables.read(snakemake.input[name], getattr(tables, name.upper())) for name in names}
    summary, curves = survival.fit_cohort(
        **seen,
        rules=snakemake.params.comparison,
        landmark_days=snakemake.params.landmark_days,
        rule_set=snakemake.params.rule_set,
        days_per_month=snakemake.params.days_per_month,
    )
    tables.write(summary, snakemake.output.summary, tables.SURVIVAL)
    tables.write(curves, snakemake.output.curves, tables.CURVES)
