"""All tables of the safety stage from the clinical sheets."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from myeloma import adverse_events, exposure, idmc, laboratory_grades, tables
from myeloma.idmc import Clinical
from myeloma.visits import day

#: The tables of this stage, by name.
CONTRACTS = {
    table.name: table
    for table in (
        tables.EXPOSURE, tables.DOSE_CHANGES, tables.AE_BY_TERM, tables.AE_SUMMARY, tables.LABORATORY_GRADES,
        tables.LABORATORY_BY_TERM, tables.IDMC_CUTS, tables.IDMC,
    )
}  # fmt: skip


def gather(cohort: Any, made: Any) -> Clinical:
    """The clinical tables of a Cohort; None where the sheet is not given."""
    given = {name: cohort.sheet_frame(made, name) if made.has_sheet(name) else None for name in idmc.DATED}
    return Clinical(idmc.patients_frame(cohort.patients), cohort.assessments_frame(made), **given)


def assess(seen: Clinical, config: Mapping[str, Any], limits_path: str) -> dict[str, pd.DataFrame]:
    """Table name -> frame; tables of a sheet that is not given have no rows. limits_path: the CTCAE limits."""
    trial, rules = config["trial"], config["safety"]
    cut = day(trial["data_cut"]) or idmc.latest_date(seen)
    made = {name: tables.empty(contract) for name, contract in CONTRACTS.items()}
    if cut is None:
        return made
    seen = idmc.known_at(seen, cut)
    everyone = idmc.people(seen)
    treated = [p["patient"] for p in everyone if p["c1d1"] is not None]
    if seen.dosing is not None:
        made["exposure"], made["dose_changes"] = exposure.table(seen.dosing, everyone, trial, cut)
    if seen.adverse_events is not None:
        events = adverse_events.emergent(seen.adverse_events, everyone, rules["emergent_days"])
        made["adverse_events_by_term"] = adverse_events.by_term(events, treated, rules["confidence"])
        made["adverse_events_summary"] = adverse_events.summary(
            events, treated, rules["confidence"], rules["special_interest"]
        )
    if seen.laboratory is not None:
        made |= _laboratory(seen, everyone, rules, limits_path)
    made["idmc_cuts"] = idmc.cuts(seen, cut, rules, trial["induction"]["cycle_days"])
    packages = [idmc.package(seen, day(d), trial, rules) for d in made["idmc_cuts"]["cut"]]
    made["idmc"] = pd.concat([p.astype(object) for p in packages], ignore_index=True)
    return made


def _laboratory(
    seen: Clinical, everyone, rules: Mapping[str, Any], limits_path: str
) -> dict[str, pd.DataFrame]:
    limits = laboratory_grades.limits(limits_path)
    found = laboratory_grades.values(seen.laboratory, seen.assessments)
    rows = laboratory_grades.graded(found, everyone, limits, rules)
    if seen.adverse_events is not None:
        rows = laboratory_grades.reported(rows, seen.adverse_events, limits, rules["laboratory_match_days"])
    return {
        "laboratory_grades": rows,
        "laboratory_by_term": laboratory_grades.by_term(
            rows, limits, rules["confidence"], events_given=seen.adverse_events is not None
        ),
    }
