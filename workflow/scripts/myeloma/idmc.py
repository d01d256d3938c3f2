"""Tables for the independent data monitoring committee: when it looks, what is known then, and the numbers.

At a cut only what is dated on or before it is known: later rows are dropped, later-dated fields blanked. Grade,
seriousness, relation and action of an adverse event carry no date of their own: they are as on record, because
the sheet holds the worst grade without its day. A grade 5 counts as such only once the death is known.
"""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, takewhile
from typing import Any

import pandas as pd

from myeloma import adverse_events, endpoints, exposure
from myeloma.adverse_events import exact
from myeloma.tables import DRUGS
from myeloma.visits import PATIENT_DATES, Date, day, number, word

CUTS = ["cut", "kind", "basis", "enrolled", "treated", "note"]
PACKAGE = [
    "cut", "section", "measure", "drug", "patients", "of", "fraction", "low", "high", "events", "unknown", "median",
    "q1", "q3", "reason",
]  # fmt: skip
#: Dated sheets of this stage and their dates; endpoints.cut_rows cuts each.
DATED = {
    "dosing": ("date",),
    "adverse_events": ("start_date", "end_date"),
    "laboratory": ("date",),
}
DOSE_MEASURES = {
    "dose reduced": "reductions",
    "dose delayed": "delays",
    "dose interrupted": "interruptions",
    "dose omitted": "omissions",
}


@dataclass(frozen=True)
class Clinical:
    """The clinical tables; None: the sheet is not given."""

    patients: pd.DataFrame
    assessments: pd.DataFrame
    dosing: pd.DataFrame | None = None
    adverse_events: pd.DataFrame | None = None
    laboratory: pd.DataFrame | None = None

    def sheets(self) -> dict[str, pd.DataFrame]:
        """The dated sheets that are given."""
        return {name: getattr(self, name) for name in DATED if getattr(self, name) is not None}


def patients_frame(patients: Sequence[Any]) -> pd.DataFrame:
    """Frame of what this stage needs of patients.tsv, from objects with one attribute per column."""
    names = (
        "patient", "age", "enrolment_number", *PATIENT_DATES, "end_of_treatment_reason", "death_cause",
    )  # fmt: skip
    rows = [[getattr(p, name, None) for name in names] for p in patients]
    return pd.DataFrame(rows, columns=names, dtype=object)


def known_at(seen: Clinical, cut: Date) -> Clinical:
    """The tables as known on the day of the cut."""
    patients, assessments = endpoints.apply_cut(seen.patients, seen.assessments, cut)
    made = {name: endpoints.cut_rows(frame, cut) for name, frame in seen.sheets().items()}
    return replace(seen, patients=patients, assessments=assessments, **made)


def latest_date(seen: Clinical) -> Date | None:
    """The latest date in the clinical tables."""
    dates = [endpoints.latest_date(seen.patients, seen.assessments)]
    for name, frame in seen.sheets().items():
        dates += [day(d) for column in DATED[name] for d in frame[column]]
    return max((d for d in dates if d is not None), default=None)


def told_cut(given: str, endpoints: pd.DataFrame, visits: pd.DataFrame, cuts: pd.DataFrame) -> str:
    """The data cut (YYYY-MM-DD) that every table and page tells: trial.data_cut, else the latest date of all sheets.

    given: trial.data_cut, "" without one. endpoints: ENDPOINTS; visits: VISITS; cuts: IDMC_CUTS, whose last row has
    the latest date of the sheets (`latest_date`). "" when there is no date at all.
    """
    dates = [*endpoints["end_date"], *visits["date"], *cuts["cut"]]
    return given or max((d for d in dates if d), default="")


def people(seen: Clinical) -> list[dict[str, Any]]:
    """Patients as dicts of dates, words and numbers, with the last day of any dose."""
    last = {} if seen.dosing is None else exposure.last_doses(seen.dosing)
    return [
        {
            "patient": str(row["patient"]),
            "age": number(row["age"]),
            "enrolment_number": number(row["enrolment_number"]),
            **{name: day(row[name]) for name in PATIENT_DATES},
            "end_of_treatment_reason": word(row["end_of_treatment_reason"]),
            "death_cause": word(row["death_cause"]),
            "last_dose": last.get(str(row["patient"])),
        }
        for row in seen.patients.to_dict("records")
    ]


# ---------------------------------------------------------------- when


def first_cut(
    seen: Clinical, first: int, cycle_days: int, withdrawn: Mapping[str, Date]
) -> tuple[Date | None, str]:
    """(date, how it came) of the first cut: the `first`-th patient by enrolment reaches C2D1.

    C2D1: first dose of cycle 2; without one, C1D1 + `cycle_days`. Of a patient who will never start (death, new
    therapy or a day in `withdrawn` on record) the next one by enrolment takes the place, from that day on. One who has
    only not started yet is waited for: the day that a cut first shows must not depend on when one looks.
    """
    enrolled = [p for p in people(seen) if p["enrolment_date"] is not None]
    enrolled.sort(key=lambda p: (p["enrolment_date"], p["enrolment_number"] or float("inf"), p["patient"]))
    if len(enrolled) < first:
        return None, f"{len(enrolled)} patients enrolled, the first cut needs {first}"
    known_from: list[Date] = []
    for place, person in enumerate(enrolled[first - 1 :], start=first):
        who = f"patient {place} by enrolment, {person['patient']}"
        if person["c1d1"] is None:
            never = _never_starts(person, withdrawn)
            if never is None:
                return None, (
                    f"{who}, has not started and nothing says that it never will: c1d1, death_date or "
                    "new_therapy_date in patients.tsv, or safety.withdrawn_before_treatment"
                )
            known_from.append(never)
            continue
        begun = _cycle_two(seen, person["patient"])
        date = begun or person["c1d1"] + datetime.timedelta(days=cycle_days)
        how = "C2D1" if begun else f"C1D1 + {cycle_days} days, no dose of cycle 2 on record"
        skipped = len(known_from)
        more = f"; {skipped} enrolled before and never treated, passed over" if skipped else ""
        late = max(known_from, default=date)
        more += f", known on {late}" if late > date else ""
        return max(date, late), f"{who}: {how}{more}"
    return None, f"none of the patients from the {first}th enrolled on was treated"


def _never_starts(person: Mapping[str, Any], withdrawn: Mapping[str, Date]) -> Date | None:
    """The day from which it is known that an untreated patient will never start; None: nothing says so."""
    days = (person["death_date"], person["new_therapy_date"], withdrawn.get(person["patient"]))
    return min((d for d in days if d is not None), default=None)


def _withdrawn(seen: Clinical, data_cut: Date, stated: Mapping[str, str]) -> dict[str, Date]:
    """safety.withdrawn_before_treatment as known at the data cut. Raises ValueError for whom it cannot be true of."""
    c1d1 = {p["patient"]: p["c1d1"] for p in people(seen)}
    for patient in stated:
        if patient not in c1d1:
            raise ValueError(
                f"safety.withdrawn_before_treatment: {patient} is no patient of patients.tsv: correct the id"
            )
        if c1d1[patient] is not None:
            raise ValueError(
                f"safety.withdrawn_before_treatment: {patient} was treated from {c1d1[patient]} on: remove it there, "
                "or c1d1 in patients.tsv"
            )
    dates = {patient: day(text) for patient, text in stated.items()}
    return {patient: date for patient, date in dates.items() if date <= data_cut}


def _cycle_two(seen: Clinical, patient: str) -> Date | None:
    if seen.dosing is None:
        return None
    rows = seen.dosing[(seen.dosing["patient"] == patient) & (seen.dosing["cycle"] == 2)]
    return min((day(r["date"]) for r in rows.to_dict("records") if r["dose_mg"] > 0), default=None)


def cuts(seen: Clinical, data_cut: Date, config: Mapping[str, Any], cycle_days: int) -> pd.DataFrame:
    """CUTS: the first, each `idmc_every_months` after it, extra ones and the data cut.

    seen: as known at the data cut. Raises ValueError for an extra cut after the data cut, and for a withdrawal
    before treatment of a patient who was treated.
    """
    withdrawn = _withdrawn(seen, data_cut, config["withdrawn_before_treatment"])
    start, how = first_cut(seen, config["idmc_first_patients"], cycle_days, withdrawn)
    found: dict[Date, tuple[str, str]] = {}
    if start is not None and start <= data_cut:
        found[start] = ("first", how)
        for date, how_long in takewhile(
            lambda c: c[0] <= data_cut, _regular(start, config["idmc_every_months"])
        ):
            found[date] = ("regular", how_long)
    elif start is not None:
        how = f"{how}: {start}, after the data cut"
    for text in config["extra_cuts"]:
        date = day(text)
        if date > data_cut:
            raise ValueError(
                f"safety.extra_cuts: {date} is after the data cut {data_cut}: write an earlier day"
            )
        found.setdefault(date, ("extra", "asked for in the config"))
    found.setdefault(data_cut, ("data cut", "the data cut of this run"))
    rows = []
    for cut, (kind, basis) in sorted(found.items()):
        then = people(known_at(seen, cut))
        n = sum(p["enrolment_date"] is not None for p in then)
        treated = sum(p["c1d1"] is not None for p in then)
        note = "" if start is not None and start <= cut else f"before the first cut: {how}"
        if n < config["idmc_first_patients"]:
            note = f"fewer than {config['idmc_first_patients']} patients enrolled: {n}"
        rows.append([cut, kind, basis, n, treated, note])
    return pd.DataFrame(rows, columns=CUTS)


def next_cut(made: pd.DataFrame, months: int) -> tuple[str, str]:
    """(date of the first regular cut after the last of CUTS, "how many months after the first one"); where there was
    no first cut yet, ("", why). months: between two regular cuts."""
    if not len(made):
        return "", "no date in the clinical tables"
    last = made.sort_values("cut").iloc[-1]
    first = made.loc[made["kind"] == "first", "cut"]
    if not len(first):
        return "", last["note"]
    date, how_long = next(
        c for c in _regular(day(str(first.iloc[0])), months) if c[0] > day(str(last["cut"]))
    )
    return str(date), how_long


def _regular(start: Date, months: int) -> Iterator[tuple[Date, str]]:
    """Every `months` after the first cut, without end: the date and how long after it."""
    return ((_months_later(start, n), f"{n} months after the first") for n in count(months, months))


def _months_later(date: Date, months: int) -> Date:
    """The same day of a later month, or its last day."""
    return (pd.Timestamp(date) + pd.DateOffset(months=months)).date()


# ---------------------------------------------------------------- what


def package(seen: Clinical, cut: Date, trial: Mapping[str, Any], config: Mapping[str, Any]) -> pd.DataFrame:
    """PACKAGE of one cut, over all patients treated by then."""
    seen = known_at(seen, cut)
    everyone, confidence = people(seen), config["confidence"]
    treated = [p["patient"] for p in everyone if p["c1d1"] is not None]
    rows = _population(everyone, len(treated), confidence)
    if seen.adverse_events is not None:
        events = adverse_events.emergent(seen.adverse_events, everyone, config["emergent_days"])
        told = adverse_events.summary(events, treated, confidence, config["special_interest"])
        rows += [
            {"section": "adverse events", "measure": row.pop("category"), **row}
            for row in told.to_dict("records")
        ]
    if seen.dosing is not None:
        given, changes = exposure.table(seen.dosing, everyone, trial, cut)
        rows += _doses(given, treated, confidence) + _amounts(given)
    return pd.DataFrame(rows, columns=PACKAGE).assign(cut=cut)


def _share(
    section: str, measure: str, drug: str, x: int, of: int, confidence: float, **more
) -> dict[str, Any]:
    fraction, low, high = exact(x, of, confidence)
    head = {"section": section, "measure": measure, "drug": drug, "patients": x, "of": of}
    return head | {"fraction": fraction, "low": low, "high": high} | more


def _population(everyone, treated: int, confidence: float) -> list[dict[str, Any]]:
    enrolled = [p for p in everyone if p["enrolment_date"] is not None]
    mine = [p for p in everyone if p["c1d1"] is not None]
    dead = [p for p in mine if p["death_date"] is not None]
    rows = [
        {"section": "patients", "measure": "enrolled", "drug": "any", "patients": len(enrolled)},
        {"section": "patients", "measure": "treated", "drug": "any", "patients": treated},
    ]
    ended = sum(p["end_of_treatment"] is not None for p in mine)
    rows.append(_share("patients", "treatment ended", "any", ended, treated, confidence))
    rows.append(_share("patients", "died", "any", len(dead), treated, confidence))
    for cause in ("myeloma", "other", "unknown"):
        x = sum((p["death_cause"] or "unknown") == cause for p in dead)
        rows.append(_share("patients", f"died, cause {cause}", "any", x, treated, confidence))
    return rows


def _doses(given: pd.DataFrame, treated: Sequence[str], confidence: float) -> list[dict[str, Any]]:
    """Patients with a change of each kind; unknown: treated patients without a dosing row."""
    whole = given[given["phase"] == "all"]
    unknown = len(set(treated) - set(whole["patient"]))
    why = f"no dosing row: {', '.join(sorted(set(treated) - set(whole['patient'])))}" if unknown else ""
    rows = []
    for drug in ("any", *DRUGS):
        mine = whole if drug == "any" else whole[whole["drug"] == drug]
        stopped = mine[mine["discontinued"] == "yes"]
        toxic = stopped[stopped["stop_reason"].isin(["adverse_event", "end of treatment: toxicity"])]
        parts = [
            (measure, mine[mine[column] > 0], int(mine[column].sum()))
            for measure, column in DOSE_MEASURES.items()
        ]
        parts += [
            ("discontinued", stopped, len(stopped)),
            ("discontinued for an adverse event", toxic, len(toxic)),
        ]
        for measure, part, events in parts:
            x = part["patient"].nunique()
            more = {"events": events, "unknown": unknown, "reason": why}
            rows.append(_share("doses", measure, drug, x, len(treated), confidence, **more))
    return rows


def _amounts(given: pd.DataFrame) -> list[dict[str, Any]]:
    """Median and quartiles of cycles and relative dose intensity by drug; patients: those it rests on."""
    rows = []
    for drug in DRUGS:
        mine = given[(given["phase"] == "all") & (given["drug"] == drug)]
        for measure in (
            "cycles",
            "relative_dose_intensity",
            "dose_intensity_over_time",
            "intensity_until_stop",
        ):
            values = mine[measure].dropna().astype(float)
            q1, median, q3 = values.quantile([0.25, 0.5, 0.75]) if len(values) else (None, None, None)
            why = f"{len(mine) - len(values)} patients without a value" if len(mine) > len(values) else ""
            rows.append(
                {"section": "exposure", "measure": measure.replace("_", " "), "drug": drug, "patients": len(values),
                 "of": len(mine), "median": median, "q1": q1, "q3": q3, "reason": why}
            )  # fmt: skip
    return rows
