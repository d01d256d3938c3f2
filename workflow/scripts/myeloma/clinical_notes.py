"""What is allowed in the clinical sheets but worth a look, and the table of values that are hardly possible.

Nothing here changes a value: results/cohort/implausible_values.tsv lists what a physician should confirm, by the
ranges of resources/plausible_values.tsv (assumptions, for sign-off).
"""

import csv
import functools
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from myeloma import laboratory
from myeloma.cohort import Cohort
from myeloma.settings import Settings
from myeloma.sheets import schema

PLAUSIBLE = Path(__file__).resolve().parents[3] / "resources" / "plausible_values.tsv"
# An id of seven digits or more, or with a date in it, may be a hospital's number or a day of birth.
REVEALING = re.compile(
    r"[0-9]{7,}|(19|20)[0-9]{2}[-_.]?[01][0-9][-_.]?[0-3][0-9]|[0-3][0-9][-_.][01][0-9][-_.](19|20)[0-9]{2}"
)
SHOWN = 5


@functools.cache
def plausible() -> dict[tuple[str, str], tuple[float, float, str]]:
    """(sheet, column or parameter) -> (low, high, unit)."""
    with open(PLAUSIBLE, encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    return {(r["sheet"], r["name"]): (float(r["low"]), float(r["high"]), r["unit"]) for r in rows}


def data_cut(settings: Settings) -> date | None:
    """trial.data_cut as a date; None without one."""
    given = settings["trial"].get("data_cut")
    return date.fromisoformat(str(given)) if given else None


def implausible(cohort: Cohort, cut: date | None = None):
    """DataFrame of results/cohort/implausible_values.tsv: accepted values outside their plausible range.

    Columns: sheet, line, patient, date, name, value, unit, low, high. Values stand in the unit of the analysis.
    With a cut only what is dated on or before it: a height is of the enrolment, a weight of C1D1.
    """
    import pandas as pd

    last = cut or date.max
    rows = [*_of_assessments(cohort, last), *_of_laboratory(cohort, last), *_of_patients(cohort, last)]
    columns = ["sheet", "line", "patient", "date", "name", "value", "unit", "low", "high"]
    return pd.DataFrame(rows, columns=columns).astype(
        {"line": "int64", "value": "float64", "low": "float64", "high": "float64"}
    )


def _outside(sheet: str, name: str, value: float | None) -> dict[str, Any] | None:
    limits = plausible().get((sheet, name))
    if limits is None or value is None or limits[0] <= value <= limits[1]:
        return None
    low, high, unit = limits
    return {"sheet": sheet, "name": name, "value": value, "unit": unit, "low": low, "high": high}


def _of_assessments(cohort: Cohort, last: date) -> Iterable[dict[str, Any]]:
    for row in (r for r in cohort.assessments if r["date"] <= last):
        for name in row:
            found = _outside("assessments", name, row[name]) if isinstance(row[name], (int, float)) else None
            if found:
                yield {
                    "line": row["line"],
                    "patient": row["patient"],
                    "date": row["date"].isoformat(),
                    **found,
                }


def _of_laboratory(cohort: Cohort, last: date) -> Iterable[dict[str, Any]]:
    for row in (r for r in (cohort.clinical or {}).get("laboratory", ()) if r["date"] <= last):
        found = _outside("laboratory", row["parameter"], row["value"])
        if found:
            day = row["date"].isoformat()
            yield {"line": row["sheet_line"], "patient": row["patient"], "date": day, **found}


def _of_patients(cohort: Cohort, last: date) -> Iterable[dict[str, Any]]:
    """Height and weight; line 0 = the row of the patient."""
    for patient in cohort.patients:
        enrolled, begun = patient.enrolment_date, patient.c1d1
        for name, day in (("height_cm", enrolled or begun), ("weight_kg", begun or enrolled)):
            found = _outside("patients", name, getattr(patient, name))
            if found and (day is None or day <= last):
                yield {"line": 0, "patient": patient.patient, "date": "", **found}


def switched_off(cohort: Cohort, settings: Settings) -> list[str]:
    """A sentence per clinical sheet that is not given."""
    return [sentence for name, sentence in OFF.items() if not settings.has_sheet(name)]


OFF = {
    "dosing": "sheets.dosing is not given: no exposure, no dose intensity, no pharmacokinetics.",
    "adverse_events": "sheets.adverse_events is not given: no adverse events are told.",
    "laboratory": "sheets.laboratory is not given: no laboratory grades.",
    "concentrations": "sheets.concentrations is not given: no pharmacokinetics.",
    "subsequent_therapy": "sheets.subsequent_therapy is not given: the next therapy is patients.new_therapy_date.",
}


def notes(cohort: Cohort, settings: Settings) -> list[str]:
    """What is allowed but worth a look: doses outside the regimen, revealing ids, values hardly possible."""
    said = [*_revealing(cohort), *_doses(cohort, settings), *_after_contact(cohort), *_spellings(cohort)]
    if any(r["circulating_plasma_cells_percent"] is not None for r in cohort.assessments):
        said.append(
            "assessments: circulating_plasma_cells_percent decides nothing; progression by circulating plasma cells "
            "needs circulating_pc_per_ul (percent x leukocytes in 10^9/L x 10)"
        )
    rows = implausible(cohort, data_cut(settings))
    for row in rows.head(SHOWN).itertuples():
        said.append(
            f"{row.patient}: {row.name} = {row.value:g} {row.unit} ({row.sheet}, line {row.line}) is outside "
            f"{row.low:g} to {row.high:g}"
        )
    if len(rows) > SHOWN:
        said.append(f"... and {len(rows) - SHOWN} more such values: results/cohort/implausible_values.tsv")
    return said


def _revealing(cohort: Cohort) -> Iterable[str]:
    for patient in cohort.patient_ids:
        if REVEALING.search(patient):
            yield f"{patient}: the id looks like a hospital number or a date of birth; ids stand in the report"


def _after_contact(cohort: Cohort) -> Iterable[str]:
    """Records later than the last day known alive: that day censors overall survival."""
    contact = {p.patient: p.last_contact for p in cohort.patients if p.last_contact}
    for name, rows in (cohort.clinical or {}).items():
        last: dict[str, Any] = {}
        for row in rows:
            day = row.get("date") or row.get("start_date")
            if day and row["patient"] in contact:
                last[row["patient"]] = max(day, last.get(row["patient"], day))
        for patient, day in last.items():
            if day > contact[patient]:
                yield f"{patient}: {name} has a record of {day}, after last_contact ({contact[patient]})"


def _spellings(cohort: Cohort) -> Iterable[str]:
    """One adverse event under two spellings, or one term under two organ classes, is counted as two."""
    rows = (cohort.clinical or {}).get("adverse_events", ())
    for name in ("term", "soc"):
        seen: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            seen[" ".join(row[name].lower().split())].add(row[name])
        for values in seen.values():
            if len(values) > 1:
                yield f"adverse events: one {name} in several spellings: {', '.join(sorted(values))}"
    classes: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        classes[row["term"]].add(row["soc"])
    for term, found in classes.items():
        if len(found) > 1:
            yield f"adverse events: {term} stands under several organ classes: {', '.join(sorted(found))}"


def _doses(cohort: Cohort, settings: Settings) -> Iterable[str]:
    """Doses on days outside the regimen, and above the planned amount, per patient and drug."""
    regimen = settings["trial"].get("regimen") or {}
    ages = {p.patient: p for p in cohort.patients}
    odd: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for row in (cohort.clinical or {}).get("dosing", ()):
        if not row["dose_mg"] or row["patient"] not in ages:
            continue
        phase = _phase(row, ages[row["patient"]], settings)
        plan = (regimen.get(phase) or {}).get(row["drug"])
        where = f"C{row['cycle']}D{row['day']}"
        if plan is None or row["day"] not in plan["days"]:
            odd[row["patient"], row["drug"], f"on days outside the {phase} regimen"].append(where)
        elif row["dose_mg"] > _planned(plan, ages[row["patient"]].age):
            odd[row["patient"], row["drug"], "above the planned amount"].append(where)
    for (patient, drug, what), places in odd.items():
        more = f", and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
        doses = f"{len(places)} dose{'s' * (len(places) != 1)}"
        yield f"{patient}: {doses} of {drug} {what} ({', '.join(places[:SHOWN])}{more})"


def _phase(row: Mapping[str, Any], patient: Any, settings: Settings) -> str:
    """Phase of the cycle of a dose, by its day 1: as exposure.cycles, which stands in a later stage."""
    begun = row["date"] - timedelta(days=int(row["day"]) - 1)
    late = patient.end_of_induction and begun > patient.end_of_induction
    return "maintenance" if late or row["cycle"] > settings["trial"]["induction"]["cycles"] else "induction"


def _planned(plan: Mapping[str, Any], age: float | None) -> float:
    old = age is not None and age >= plan.get("elderly_from_age", float("inf"))
    return plan["mg_elderly"] if old and "mg_elderly" in plan else plan["mg"]


def known_names() -> set[tuple[str, str]]:
    """Every (sheet, name) that the table of plausible ranges may hold."""
    parameters = {name for name, _ in laboratory.conversions()}
    columns = {(sheet, name) for sheet in ("assessments", "patients") for name in schema(sheet)["properties"]}
    return columns | {("laboratory", name) for name in parameters}
