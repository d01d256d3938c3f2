"""The clinical tables as this stage uses them: dates, words, and one visit per patient and day."""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

Date = datetime.date

NUMBERS = (
    "serum_m_g_l",
    "urine_m_mg_24h",
    "kappa_mg_l",
    "lambda_mg_l",
    "marrow_pc_percent",
    "calcium_mmol_l",
    "plasmacytoma_spd_mm2",
    "igg_g_l",
    "iga_g_l",
    "igm_g_l",
    "igd_g_l",
    "circulating_pc_per_ul",
)
# the value that is the worse news, kept when two rows of one day disagree
WORDS = {
    "serum_ife": "positive",
    "urine_ife": "positive",
    "marrow_clonal": "yes",
    "new_lesion": "yes",
    "imaging_pd": "yes",
    "symptoms": "yes",
}

PATIENT_DATES = (
    "enrolment_date",
    "c1d1",
    "end_of_induction",
    "end_of_treatment",
    "new_therapy_date",
    "last_contact",
    "death_date",
)
PATIENT_WORDS = ("end_of_treatment_reason", "death_cause", "group", "heavy_chain", "serum_spike")


def day(value: Any) -> Date | None:
    """A date from a date, Timestamp or YYYY-MM-DD text; None for anything empty."""
    if value is None or value is pd.NaT or value == "" or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, datetime.datetime):
        return value.date()
    return value if isinstance(value, datetime.date) else Date.fromisoformat(str(value)[:10])


def word(value: Any) -> str:
    """Text of a cell, "" when empty."""
    return (
        "" if value is None or value is pd.NA or (isinstance(value, float) and value != value) else str(value)
    )


def number(value: Any) -> float | None:
    """Number of a cell, None when empty."""
    return None if value is None or value is pd.NA or value == "" or value != value else float(value)


def patients_frame(patients: Iterable[Any]) -> pd.DataFrame:
    """Frame of the dates and words this stage needs, from objects with one attribute per column."""
    names = ("patient", *PATIENT_DATES, *PATIENT_WORDS)
    return pd.DataFrame([[getattr(p, name, None) for name in names] for p in patients], columns=names)


def patient_rows(patients: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Patient id -> dates (datetime.date or None) and words; columns that are not given are empty."""
    return {
        str(row["patient"]): {name: day(row.get(name)) for name in PATIENT_DATES}
        | {name: word(row.get(name)) for name in PATIENT_WORDS}
        for row in patients.to_dict("records")
    }


@dataclass(frozen=True)
class Visit:
    """All assessments of one patient on one day. `values` holds only what was measured."""

    date: Date
    label: str
    evaluable: bool
    values: Mapping[str, Any]
    note: str = ""

    def get(self, name: str) -> Any:
        return self.values.get(name)


def visits_of(assessments: pd.DataFrame) -> dict[str, list[Visit]]:
    """Patient -> visits in order of date; the rows of one day become one visit, in whatever row order.

    Where two rows of a day disagree the worse value counts and the note says so. A row marked not
    evaluable adds nothing beside an evaluable row of the same day.
    """
    by_day: dict[tuple[str, Date], list[dict]] = {}
    for row in assessments.to_dict("records"):
        by_day.setdefault((str(row["patient"]), day(row["date"])), []).append(row)
    out: dict[str, list[Visit]] = {}
    for (patient, date), rows in sorted(by_day.items()):
        out.setdefault(patient, []).append(_merge(date, rows))
    return out


def reliable(visits: Iterable[Visit], person: Mapping[str, Any]) -> list[Visit]:
    """The visits without serum M-protein where patients.tsv calls the spike unreliable.

    An IgA spike may run under other proteins and be measured far too low (IMWG 2016 then follows the quantitative
    immunoglobulin): a value known to be wrong decides nothing, neither track nor response nor progression.
    """
    if person["serum_spike"] != "unreliable":
        return list(visits)
    return [
        replace(v, values={name: value for name, value in v.values.items() if name != "serum_m_g_l"})
        for v in visits
    ]


def _merge(date: Date, rows: list[dict]) -> Visit:
    usable = [row for row in rows if word(row.get("evaluable")) != "no"]
    values, doubtful = {}, []
    for name in NUMBERS:
        seen = sorted({v for row in usable if (v := number(row.get(name))) is not None})
        if seen:
            values[name] = seen[-1]
        if len(seen) > 1:
            doubtful.append(name)
    for name, worse in WORDS.items():
        seen = sorted({v for row in usable if (v := word(row.get(name)))})
        if seen:
            values[name] = worse if worse in seen else seen[-1]
        if len(seen) > 1:
            doubtful.append(name)
    labels = sorted({label for row in rows if (label := word(row.get("visit")))})
    note = f"two results of one day differ, the worse counts: {', '.join(doubtful)}" if doubtful else ""
    return Visit(date, " + ".join(labels), bool(usable), values, note)
