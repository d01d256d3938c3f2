"""ADaM-like analysis datasets: one frame each from the sheets and the result tables, as resources/adam_variables.tsv says.

They follow CDISC ADaM in shape and names (ADSL one row per subject; ADRS, ADTTE, ADAE, ADEX, ADPC one row per
record), as far as the trial's record goes; controlled terminology is the project's own where CDISC needs a licence.
Nothing is computed here that another table holds: values are taken over, and the source of each variable is named.
"""

import csv
import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from myeloma import adverse_events, endpoints, exposure, idmc, safety, tables, visits

VARIABLES = Path(__file__).resolve().parents[3] / "resources" / "adam_variables.tsv"
#: What goes missing with a sheet, in words.
WITHOUT = {
    "adae": "ADAE is not made: sheets.adverse_events is not given.",
    "adex": "ADEX is not made: sheets.dosing is not given.",
    "adpc": "ADPC is not made: sheets.concentrations is not given.",
}
TREATMENT = "IPd"
YES = {"yes": "Y", "no": "N"}
DRUGS = {"IXA": "ixazomib", "POM": "pomalidomide", "DEX": "dexamethasone"}
BEST = {
    "BOR": ("best_response", "Best overall response, confirmed or not"),
    "CBOR": ("best_confirmed_response", "Best confirmed response"),
    "CBORIND": ("best_confirmed_induction", "Best confirmed response with onset in induction"),
    "CBORTRT": ("best_confirmed_treatment", "Best confirmed response with onset under treatment"),
}
ENDPOINTS = {
    "TTP": "Time to progression",
    "PFS": "Progression-free survival",
    "EFS": "Event-free survival",
    "OS": "Overall survival",
    "DOR": "Duration of response",
    "TTR": "Time to response",
    "TTBR": "Time to best response",
}


@dataclass(frozen=True)
class Variable:
    """One variable: label (at most 40 characters), type Char, Num or Date, allowed values, source."""

    name: str
    label: str
    type: str
    values: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class Dataset:
    """One dataset: description, key and variables in order."""

    name: str
    description: str
    key: tuple[str, ...]
    variables: tuple[Variable, ...]


class AdamError(ValueError):
    """A dataset breaks its definition; the message names dataset, variable, record and value."""


@functools.cache
def definitions() -> dict[str, Dataset]:
    """adsl, adrs, ... -> Dataset, read from resources/adam_variables.tsv."""
    with open(VARIABLES, encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    found = {}
    for name in dict.fromkeys(row["dataset"] for row in rows):
        mine = [row for row in rows if row["dataset"] == name]
        variables = tuple(
            Variable(
                r["variable"], r["label"], r["type"], tuple(filter(None, r["values"].split(";"))), r["source"]
            )
            for r in mine
        )
        key = tuple(mine[0]["key"].split(";"))
        found[name.lower()] = Dataset(name, mine[0]["description"], key, variables)
    return found


def conform(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """The frame with the variables of the definition in order, typed, sorted by key; raises AdamError.

    Char: text, "" when missing. Num: float64 with NaN. Date: datetime.date or None.
    """
    made = definitions()[name]
    missing = [v.name for v in made.variables if v.name not in frame]
    if missing:
        raise AdamError(f"{made.name}: no {', '.join(missing)}")
    out = pd.DataFrame(index=range(len(frame)))
    for v in made.variables:
        values = frame[v.name].reset_index(drop=True)
        if v.type == "Num":
            out[v.name] = pd.to_numeric(values, errors="raise").astype("float64")
        elif v.type == "Date":
            out[v.name] = pd.Series([_day(x) for x in values], dtype=object)
        else:
            out[v.name] = pd.Series(["" if _is_missing(x) else str(x) for x in values], dtype=object)
        _allowed(out[v.name], v, made)
    repeated = out[out.duplicated(list(made.key), keep=False)]
    if len(repeated):
        raise AdamError(f"{made.name}: more than one record of {dict(repeated.iloc[0][list(made.key)])}")
    order = out.apply(lambda c: c.map(str) if c.dtype == object else c)
    return out.loc[order.sort_values(list(made.key), kind="stable").index].reset_index(drop=True)


def _allowed(values: pd.Series, v: Variable, made: Dataset) -> None:
    if not v.values:
        return
    seen = values.dropna().map("{:g}".format) if v.type == "Num" else values[values != ""]
    wrong = sorted(set(seen) - set(v.values))
    if wrong:
        raise AdamError(f"{made.name}.{v.name} = {wrong[0]!r} is none of {', '.join(v.values)}")


def _is_missing(value: Any) -> bool:
    return (
        value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)) or value is pd.NA
    )


def _day(value: Any) -> date | None:
    if _is_missing(value) or value == "":
        return None
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def study_day(day: date | None, start: date | None) -> float:
    """Relative day: C1D1 is day 1, the day before it is -1, there is no day 0 (CDISC SDTM-IG 4.4.4)."""
    if day is None or start is None:
        return np.nan
    days = (day - start).days
    return float(days + 1 if days >= 0 else days)


def _study(trial: Mapping[str, Any]) -> str:
    return str(trial.get("name") or "")[:40]


def _yes(value: Any) -> str:
    return YES.get(value, "")


def adsl(patients, flow: pd.DataFrame, response: pd.DataFrame, trial: Mapping[str, Any]) -> pd.DataFrame:
    """ADSL: `patients` are Patient objects (or anything with their fields), flow.tsv and response.tsv."""
    included = flow.set_index(["patient", "analysis"])["included"]
    answers = response.set_index("patient")
    rows = []
    for p in patients:
        bmi = p.weight_kg / (p.height_cm / 100) ** 2 if p.weight_kg and p.height_cm else None
        answer = answers.loc[p.patient] if p.patient in answers.index else {}
        rows.append(
            {
                "STUDYID": _study(trial),
                "USUBJID": p.patient,
                "SITEID": p.centre,
                "ENRLNO": p.enrolment_number,
                "AGE": p.age,
                "AGEU": "YEARS" if p.age is not None else "",
                "SEX": {"female": "F", "male": "M"}.get(p.sex, ""),
                "HEIGHTBL": p.height_cm,
                "WEIGHTBL": p.weight_kg,
                "BMIBL": bmi,
                "ISS": p.iss,
                "PRLINES": p.prior_lines,
                "HEAVYCH": p.heavy_chain,
                "LIGHTCH": p.light_chain,
                "QUALABN": p.qualifying_abnormality,
                "TRT01P": TREATMENT,
                "TRT01A": TREATMENT if p.c1d1 else "",
                "ENRLDT": p.enrolment_date,
                "TRTSDT": p.c1d1,
                "INDEDT": p.end_of_induction,
                "TRTEDT": p.end_of_treatment,
                "DCTREAS": p.end_of_treatment_reason,
                "NTHERDT": p.new_therapy_date,
                "LSTALVDT": p.last_contact,
                "DTHFL": "Y" if p.death_date else "N",
                "DTHDT": p.death_date,
                "DTHCAUS": p.death_cause,
                **{flag: _yes(included.get((p.patient, name), "")) for flag, name in FLAGS.items()},
                # the denominator of the safety tables: exclusions.tsv takes nobody out of it
                "SAFFL": "Y" if p.c1d1 else "N",
                "RESPGR": answer.get("group", ""),
                "LANDGR": answer.get("landmark_group", ""),
            }
        )
    return conform(_frame(rows, "adsl"), "adsl")


FLAGS = {"ENRLFL": "enrolled", "ITTFL": "itt", "PPROTFL": "per_protocol"}


def _frame(rows: list[dict[str, Any]], name: str) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[v.name for v in definitions()[name].variables], dtype=object)


def _starts(subjects: pd.DataFrame, column: str = "TRTSDT") -> dict[str, date | None]:
    return dict(zip(subjects["USUBJID"], subjects[column], strict=True))


def adrs(subjects: pd.DataFrame, levels: pd.DataFrame, response: pd.DataFrame) -> pd.DataFrame:
    """ADRS: the level of each visit, the confirmed level so far, and the best responses of each subject."""
    starts, study = _starts(subjects), _study_of(subjects)
    rows = []
    for v in levels.to_dict("records"):
        for code, column, text in (
            ("OVR", "level", "Response at the visit"),
            ("CONF", "confirmed_level", "Best confirmed response so far"),
        ):
            day, level = _day(v["date"]), v[column]
            rows.append(
                {
                    "STUDYID": study,
                    "USUBJID": v["patient"],
                    "PARAMCD": code,
                    "PARAM": text,
                    "ADT": day,
                    "ADY": study_day(day, starts.get(v["patient"])),
                    "AVISIT": v["visit"],
                    "APHASE": v["phase"],
                    "AVALC": level,
                    "AVAL": _rank(level),
                    "ABLFL": "Y" if level == "baseline" else "",
                    "CONFDT": v["confirmed_by"] if code == "OVR" else None,
                    "DECIDED": v["decided_by"] if code == "OVR" else "",
                }
            )
    for r in response.to_dict("records"):
        for code, (column, text) in BEST.items():
            rows.append(
                {"STUDYID": study, "USUBJID": r["patient"], "PARAMCD": code, "PARAM": text}
                | {"AVALC": r[column], "AVAL": _rank(r[column])}
            )
    return conform(_frame(rows, "adrs"), "adrs")


def _rank(level: str) -> float:
    """sCR 1 ... PD 7; NE and baseline have no rank."""
    return float(tables.LEVELS.index(level) + 1) if level in tables.LEVELS and level != "NE" else np.nan


def _study_of(subjects: pd.DataFrame) -> str:
    return str(subjects["STUDYID"].iloc[0]) if len(subjects) else ""


def adtte(subjects: pd.DataFrame, times: pd.DataFrame, main: str) -> pd.DataFrame:
    """ADTTE: every row of endpoints.tsv; `main` is the rule set of the main analysis."""
    starts, study = _starts(subjects), _study_of(subjects)
    rows = []
    for e in times.to_dict("records"):
        code, end = str(e["endpoint"]).upper(), _day(e["end_date"])
        rows.append(
            {
                "STUDYID": study,
                "USUBJID": e["patient"],
                "PARAMCD": code,
                "PARAM": ENDPOINTS.get(code, code),
                "RULESET": e["rule_set"],
                "STARTDT": e["start_date"],
                "ADT": end,
                "ADY": study_day(end, starts.get(e["patient"])),
                "AVAL": e["days"],
                "AVALU": "DAYS" if not _is_missing(e["days"]) else "",
                "AVALMO": e["months"],
                "CNSR": None if _is_missing(e["event"]) else 1 - e["event"],
                "EVNTDESC": e["event_reason"],
                "CNSDTDSC": e["censor_reason"],
                "SRCREC": e["source_record"],
                "ANL01FL": "Y" if e["rule_set"] == main else "",
            }
        )
    return conform(_frame(rows, "adtte"), "adtte")


def adae(
    subjects: pd.DataFrame, events: pd.DataFrame, people: list[dict[str, Any]], emergent_days: int
) -> pd.DataFrame:
    """ADAE: every row of adverse_events.tsv; treatment-emergent as in the safety tables.

    Grade and death are as far as the record goes (adverse_events.known); people: rows of idmc.people.
    """
    starts, study = _starts(subjects), _study_of(subjects)
    found = adverse_events.emergent(events, people, emergent_days)
    inside = set(found.index[found["emergent"]])
    rows = []
    for at, e in adverse_events.known(events, people).to_dict("index").items():
        patient, first, last = e["patient"], _day(e["start_date"]), _day(e["end_date"])
        related = [_yes(e[f"related_{drug}"]) for drug in DRUGS.values()]
        rows.append(
            {
                "STUDYID": study,
                "USUBJID": patient,
                "AESEQ": e["ae"],
                "AEBODSYS": e["soc"],
                "AEDECOD": e["term"],
                "ATOXGRN": e["grade"],
                "ASTDT": first,
                "AENDT": last,
                "ASTDY": study_day(first, starts.get(patient)),
                "AENDY": study_day(last, starts.get(patient)),
                "TRTEMFL": "Y" if at in inside else "N",
                "AESER": _yes(e["serious"]),
                "AREL": "Y" if "Y" in related else "N" if related == ["N"] * len(DRUGS) else "",
                **{f"REL{short}": value for short, value in zip(DRUGS, related, strict=True)},
                **{f"ACN{short}": e[f"action_{drug}"] for short, drug in DRUGS.items()},
                "AEOUT": "" if e["fatal"] == "unknown" else e["outcome"],
                "AESDTH": _fatal(e["fatal"], e["outcome"]),
            }
        )
    return conform(_frame(rows, "adae"), "adae")


def _fatal(known: str, outcome: str) -> str:
    """Y, N, or empty: the outcome is not known, or the death of a grade 5 is not on record (yet)."""
    if known == "yes":
        return "Y"
    return "" if known == "unknown" or _is_missing(outcome) or outcome in ("", "unknown") else "N"


def adex(
    subjects: pd.DataFrame, dosing: pd.DataFrame, people: list[dict[str, Any]], trial: Mapping[str, Any]
) -> pd.DataFrame:
    """ADEX: every row of dosing.tsv beside what the protocol planned for that day.

    The phase is that of the cycle (exposure.cycles); people: rows of idmc.people.
    """
    starts, study = _starts(subjects), _study_of(subjects)
    persons, phases = {p["patient"]: p for p in people}, {}
    for patient, part in dosing.groupby("patient"):
        cycles = exposure.cycles(part.to_dict("records"), persons[patient], trial)
        phases[patient] = {cycle.number: cycle.phase for cycle in cycles}
    rows = []
    for d in dosing.to_dict("records"):
        patient, day = d["patient"], _day(d["date"])
        phase = exposure.phase_at(d["cycle"], phases[patient])
        rows.append(
            {
                "STUDYID": study,
                "USUBJID": patient,
                "EXTRT": d["drug"],
                "PARAMCD": "DOSE",
                "PARAM": "Dose taken (mg)",
                "ASTDT": day,
                "ASTTM": d["time"],
                "ASTDY": study_day(day, starts.get(patient)),
                "APHASE": phase,
                "ACYCLE": d["cycle"],
                "ACYDAY": d["day"],
                "AVAL": d["dose_mg"],
                "PLANMG": _planned(exposure.plan(trial, phase, d["drug"], persons[patient]["age"]), d["day"]),
                "EXADJ": d["change"],
                "EXADJRSN": d["change_reason"],
            }
        )
    return conform(_frame(rows, "adex"), "adex")


def _planned(plan: exposure.Plan | None, day: float) -> float | None:
    """Planned mg of a drug on a day of the cycle; None where the age decides and is not known."""
    return 0.0 if plan is None or day not in plan.days else plan.mg


def adpc(subjects: pd.DataFrame, concentrations: pd.DataFrame, dosing: pd.DataFrame) -> pd.DataFrame:
    """ADPC: every row of concentrations.tsv with the dose before it and the hours since."""
    starts, study = _starts(subjects), _study_of(subjects)
    taken: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for d in dosing[dosing["dose_mg"] > 0].to_dict("records"):
        taken.setdefault((d["patient"], d["drug"]), []).append(d)
    rows = []
    for c in concentrations.to_dict("records"):
        day = _day(c["date"])
        dose, hours = _last_dose(taken.get((c["patient"], c["drug"]), []), _moment(day, c["time"]))
        rows.append(
            {
                "STUDYID": study,
                "USUBJID": c["patient"],
                "ANALYTE": c["drug"],
                "PARAMCD": "CONC",
                "PARAM": "Concentration in plasma (ng/mL)",
                "ADT": day,
                "ATM": c["time"],
                "ADY": study_day(day, starts.get(c["patient"])),
                "ATPT": c["nominal"],
                "AVAL": c["value_ng_ml"],
                "BLQFL": _yes(c["below_lloq"]),
                "LLOQ": c["lloq_ng_ml"],
                "LDOSEMG": dose,
                "ARRLT": hours,
            }
        )
    return conform(_frame(rows, "adpc"), "adpc")


def _moment(day: date, clock: str) -> datetime:
    return datetime.combine(day, datetime.strptime(clock, "%H:%M").time())


def _last_dose(doses: list[dict[str, Any]], at: datetime) -> tuple[float, float]:
    """(mg, hours since) of the last dose before `at`; NaN where untimed doses leave it open, or there is none.

    An untimed dose of an earlier day is surely before the sample; one of the same day may be before or after.
    """
    if any(not d["time"] and d["date"] == at.date() for d in doses):
        return np.nan, np.nan
    earlier = [
        d for d in doses if (_moment(d["date"], d["time"]) < at if d["time"] else d["date"] < at.date())
    ]
    if not earlier:
        return np.nan, np.nan
    last_day = max(d["date"] for d in earlier)
    of_day = [d for d in earlier if d["date"] == last_day]
    if any(not d["time"] for d in of_day):
        return (of_day[0]["dose_mg"] if len(of_day) == 1 else np.nan), np.nan
    last = max(of_day, key=lambda d: d["time"])
    return last["dose_mg"], (at - _moment(last["date"], last["time"])).total_seconds() / 3600


def known_at(patients, cut: date | None) -> list[Any]:
    """The patients as known on the day of the cut: later dates are empty, with what is known only by them."""
    if cut is None:
        return list(patients)
    nothing = pd.DataFrame(columns=["patient", "date"])
    frame, _ = endpoints.apply_cut(visits.patients_frame(patients), nothing, cut)
    return [_blanked(p, row) for p, row in zip(patients, frame.to_dict("records"), strict=True)]


def _blanked(patient: Any, row: Mapping[str, Any]) -> Any:
    """The patient without the fields that the cut has emptied; an age or a body is not dated."""
    gone = {
        name: "" if isinstance(getattr(patient, name), str) else None
        for name in row
        if name != "patient" and _is_missing(row[name]) and getattr(patient, name)
    }
    return replace(patient, **gone)


def make(names, cohort: Any, settings: Any, read: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The datasets `names`, as known at trial.data_cut where one is given.

    `read` holds flow, visits, response and endpoints as read from their tables, which are cut already.
    """
    trial = settings["trial"]
    cut = _day(trial.get("data_cut") or None)
    subjects = adsl(known_at(cohort.patients, cut), read["flow"], read["response"], trial)
    days = settings["safety"]["emergent_days"]
    seen = safety.gather(cohort, settings)
    people = idmc.people(idmc.known_at(seen, cut) if cut else seen)

    def sheet(name):
        return endpoints.cut_rows(cohort.sheet_frame(settings, name), cut)

    makers = {
        "adsl": lambda: subjects,
        "adrs": lambda: adrs(subjects, read["visits"], read["response"]),
        "adtte": lambda: adtte(subjects, read["endpoints"], settings["endpoints"]["rule_set"]),
        "adae": lambda: adae(subjects, sheet("adverse_events"), people, days),
        "adex": lambda: adex(subjects, sheet("dosing"), people, trial),
        "adpc": lambda: adpc(subjects, sheet("concentrations"), sheet("dosing")),
    }
    return {name: makers[name]() for name in names}


def dictionary() -> pd.DataFrame:
    """The data dictionary of all datasets: dataset, description, position, variable, label, type, key, values, source."""
    rows = [
        {
            "dataset": made.name,
            "description": made.description,
            "position": number,
            "variable": v.name,
            "label": v.label,
            "type": v.type,
            "key": made.key.index(v.name) + 1 if v.name in made.key else "",
            "values": ", ".join(v.values),
            "source": v.source,
        }
        for made in definitions().values()
        for number, v in enumerate(made.variables, start=1)
    ]
    return pd.DataFrame(rows)
