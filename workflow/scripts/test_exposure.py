"""Response and severe adverse events against exposure."""

from myeloma import endpoints, exposure_response, individual_pk, ixazomib, settings, tables, visits
from myeloma.cohort import load_cohort
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    made = settings.load(snakemake.config, snakemake.params.project)
    cohort, rules = load_cohort(made, check_files=False), made["pharmacokinetics"]
    cut = visits.day(made["trial"]["data_cut"])
    dosing, events = (
        endpoints.cut_rows(cohort.sheet_frame(made, n), cut) for n in ("dosing", "adverse_events")
    )
    histories = individual_pk.dose_histories(dosing, rules)
    histories = {p: d for p, d in histories.items() if not cohort.excluded(p, "comparison")}
    response = tables.read(snakemake.input.response, tables.RESPONSE)
    asked = rules["exposure_response"]
    severe = exposure_response.adverse_events(events, made.has_sheet("adverse_events"), histories, asked)
    outcomes = [*exposure_response.responses(response), *severe]
    individual = tables.read(snakemake.input.individual, tables.PK_INDIVIDUAL)
    model = ixazomib.read_model(snakemake.input.model)
    compared = exposure_response.compare(model, individual, histories, outcomes, asked)
    tables.write(compared, snakemake.output.table, tables.EXPOSURE_RESPONSE)
