"""Risk systems of every patient, and progression-free and overall survival by their categories."""

from myeloma import risk, settings, tables
from myeloma.cohort import load_cohort
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    made = settings.load(snakemake.config, snakemake.params.project)
    names = ("abnormalities", "endpoints", "flow")
    seen = {name: tables.read(snakemake.input[name], getattr(tables, name.upper())) for name in names}
    systems = risk.read_systems(snakemake.input.systems)
    cohort = load_cohort(made, check_files=False)
    found = risk.of_cohort(cohort, made, seen["abnormalities"], seen["flow"], systems)
    main = (made["comparison"], made["endpoints"]["rule_set"])
    tables.write(found, snakemake.output.risk, tables.RISK)
    by_category = risk.strata(found, seen["endpoints"], seen["flow"], systems, *main)
    tables.write(by_category, snakemake.output.strata, tables.RISK_STRATA)
