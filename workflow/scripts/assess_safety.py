"""Exposure, adverse events, laboratory grades and the monitoring committee's tables of the whole cohort."""

from myeloma import safety, settings, tables
from myeloma.cohort import load_cohort
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    made = settings.load(snakemake.config, snakemake.params.project)
    cohort = load_cohort(made, check_files=False)
    out = safety.assess(safety.gather(cohort, made), made.values, snakemake.input.limits)
    for name, frame in out.items():
        tables.write(frame, snakemake.output[name], safety.CONTRACTS[name])
