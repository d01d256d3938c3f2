"""IMWG response, endpoints and response groups of the whole cohort."""

from myeloma import given_outcomes, groups, settings, tables, visits
from myeloma.cohort import load_cohort
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    made = settings.load(snakemake.config, snakemake.params.project)
    cohort = load_cohort(made, check_files=False)
    patients = visits.patients_frame(cohort.patients)
    outside = {p for p in cohort.patient_ids if cohort.excluded(p, "response")}
    dosing = cohort.sheet_frame(made, "dosing") if made.has_sheet("dosing") else None
    outcomes = given_outcomes.of_cohort(cohort, made)
    out = groups.assess(patients, cohort.assessments_frame(made), made.values, outside, dosing, outcomes)
    for name, frame in out.items():
        tables.write(frame, snakemake.output[name], getattr(tables, name.upper()))
