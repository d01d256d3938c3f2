"""Kaplan-Meier curves, medians, follow-up, log-rank tests."""

from myeloma import outcomes, survival, tables
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
        strata=snakemake.params.strata,
    )
    main = (seen["endpoints"], seen["flow"], snakemake.params.comparison, snakemake.params.rule_set)
    tables.write(outcomes.results(*main), snakemake.output.results, tables.ENDPOINT_RESULTS)
    tables.write(outcomes.incidence(*main), snakemake.output.incidence, tables.INCIDENCE)
    tables.write(summary, snakemake.output.summary, tables.SURVIVAL)
    tables.write(curves, snakemake.output.curves, tables.CURVES)
