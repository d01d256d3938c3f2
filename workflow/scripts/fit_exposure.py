"""Individual exposure to ixazomib, what the data say of the population model, and its predictive check."""

from myeloma import endpoints, individual_pk, ixazomib, population_pk, settings, tables, visits
from myeloma.cohort import load_cohort
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    made = settings.load(snakemake.config, snakemake.params.project)
    cohort, rules = load_cohort(made, check_files=False), made["pharmacokinetics"]
    model, plan = (
        ixazomib.read_model(snakemake.input.model),
        individual_pk.protocol(made["trial"], rules["drug"]),
    )
    cut = visits.day(made["trial"]["data_cut"])
    sheets = [
        endpoints.cut_rows(cohort.sheet_frame(made, name), cut) for name in ("dosing", "concentrations")
    ]
    outside = {p: why for p in cohort.patient_ids if (why := cohort.excluded(p, "comparison"))}
    fitted = individual_pk.fit_cohort(
        model, individual_pk.sizes_of(cohort.patients), *sheets, plan, rules, outside
    )
    tables.write(fitted.individual, snakemake.output.individual, tables.PK_INDIVIDUAL)
    tables.write(fitted.concentrations, snakemake.output.concentrations, tables.PK_CONCENTRATIONS)
    described = population_pk.describe(model, fitted, plan, rules)
    tables.write(described, snakemake.output.population, tables.PK_POPULATION)
    checked = population_pk.predictive_check(model, fitted.subjects, rules)
    tables.write(checked, snakemake.output.vpc, tables.PK_VPC)
