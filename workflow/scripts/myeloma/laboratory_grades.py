"""CTCAE v4.0 grades of laboratory values, in both directions, with what cannot be graded and why.

Limits: resources/ctcae_v4_laboratory.tsv (NCI, CTCAE v4.0, 2009, by way of pharmaverse/admiral
data-raw/adlb_grading/ncictcaev4.json, commit 6eb5125a, Apache-2.0; grade 4 limits from its texts). A grade is
met strictly beyond its limit. Where a limit is not known (no limit of normal, no baseline) the value bounds the
grade from both sides: it is stated only when both bounds are one.
"""

import datetime
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from myeloma.adverse_events import exact, window
from myeloma.visits import day, number

#: Columns of assessments.tsv that are laboratory values: parameter, column, unit, the worse of two of one day.
OF_ASSESSMENTS = (
    ("haemoglobin", "haemoglobin_g_l", "g/L", min),
    ("creatinine", "creatinine_umol_l", "umol/L", max),
    ("calcium", "calcium_mmol_l", "mmol/L", max),
    ("albumin", "albumin_g_l", "g/L", min),
)
VALUES = ["patient", "date", "parameter", "value", "unit", "low_normal", "high_normal", "sheet"]
GRADES = (1, 2, 3, 4)
COLUMNS = [
    "patient", "date", "parameter", "sheet", "term", "value", "unit", "low_normal", "high_normal", "corrected",
    "baseline", "direction", "period", "grade", "grade_at_least", "grade_at_most", "reported", "reason",
]  # fmt: skip
BY_TERM = [
    "term", "soc", "direction", "patients", "grade_0", "grade_1", "grade_2", "grade_3", "grade_4", "grade_unknown",
    "grade_3_or_4", "of", "fraction", "low", "high", "grade_3_or_4_unknown", "worse_than_baseline",
    "worse_than_baseline_unknown", "baseline_unknown", "not_reported",
]  # fmt: skip


def limits(path: str) -> list[dict[str, Any]]:
    """Rows of the resource; grade_1 to grade_4 as number, "LLN", "ULN" or None. Raises ValueError by line."""
    frame = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    made = []
    for line, row in enumerate(frame.to_dict("records"), start=2):
        for grade in GRADES:
            text = row[f"grade_{grade}"]
            try:
                row[f"grade_{grade}"] = text if text in ("LLN", "ULN") else float(text) if text else None
            except ValueError:
                raise ValueError(
                    f"{path}:{line}: grade_{grade} = {text!r}: write a number, LLN, ULN or leave it empty"
                ) from None
        if row["direction"] not in ("low", "high"):
            raise ValueError(f"{path}:{line}: direction = {row['direction']!r}: write low or high")
        if row["basis"] not in ("value", "ULN", "LLN", "baseline", "above ULN"):
            raise ValueError(
                f"{path}:{line}: basis = {row['basis']!r}: write value, ULN, LLN, baseline or above ULN"
            )
        row["ae_terms"] = tuple(row["ae_terms"].split("|"))
        made.append(row)
    return made


def grade_range(rule: Mapping[str, Any], value: float, normal: Mapping[str, float | None]) -> tuple[int, int]:
    """Lowest and highest grade that one value can have by one rule.

    normal: LLN, ULN and baseline in the unit of the value, None where not known.
    """
    sign = 1 if rule["direction"] == "high" else -1
    lowest, highest = 0, 0
    for grade in GRADES:
        asked = rule[f"grade_{grade}"]
        if asked is None:
            continue
        limit = _limit(rule["basis"], asked, normal)
        if limit is None:
            highest = grade
        elif sign * (_exact(value) - _exact(limit)) > 0:
            lowest = grade
    return lowest, max(lowest, highest)


def _limit(basis: str, asked: float | str, normal: Mapping[str, float | None]) -> float | None:
    if isinstance(asked, str):
        return normal[asked]
    if basis == "value":
        return asked
    if basis == "above ULN":
        if normal["ULN"] is None:
            return None
        return max(normal["ULN"], normal["baseline"] or 0) + asked
    return None if normal[basis] is None else asked * normal[basis]


def _exact(value: float) -> float:
    """Without the last digits of binary arithmetic: 3 x 0.1 is 0.3."""
    return float(f"{value:.12g}")


def values(laboratory: pd.DataFrame, assessments: pd.DataFrame) -> pd.DataFrame:
    """All values as VALUES: laboratory.tsv, and of assessments.tsv what laboratory.tsv has not on that day."""
    made = laboratory.reindex(columns=VALUES[:-1]).assign(sheet="laboratory.tsv").astype(object)
    seen = set(zip(made["patient"], made["date"], made["parameter"], strict=True))
    more = []
    for parameter, column, unit, worse in OF_ASSESSMENTS:
        if column not in assessments:
            continue
        of_day: dict[tuple, float] = {}
        for row in assessments[["patient", "date", column]].to_dict("records"):
            key, measured = (row["patient"], day(row["date"]), parameter), number(row[column])
            if measured is not None and key not in seen:
                of_day[key] = worse(of_day.get(key, measured), measured)
        more += [[*key, v, unit, math.nan, math.nan, "assessments.tsv"] for key, v in of_day.items()]
    made = pd.DataFrame(made.values.tolist() + more, columns=VALUES)
    return made.sort_values(["patient", "parameter", "date"], kind="stable")


def corrected_calcium(found: pd.DataFrame, slope: float, reference: float) -> dict[tuple, float]:
    """(patient, date) -> calcium + slope x (reference - albumin) in mmol/L, where both stand on one day."""
    of = {
        name: {(r["patient"], r["date"]): float(r["value"]) for r in part.to_dict("records")}
        for name, part in found.groupby("parameter")
        if name in ("calcium", "albumin")
    }
    albumin = of.get("albumin", {})
    return {
        key: calcium + slope * (reference - albumin[key])
        for key, calcium in of.get("calcium", {}).items()
        if key in albumin
    }


def graded(
    found: pd.DataFrame,
    patients: Sequence[Mapping[str, Any]],
    rules: Sequence[Mapping[str, Any]],
    config: Mapping[str, Any],
) -> pd.DataFrame:
    """One row per value and term. found: `values`. patients: rows with c1d1, last_dose, end_of_treatment.

    Baseline: the last value on or before C1D1, that of calcium corrected like the values. Values of patients
    who were never treated are left out.
    """
    calcium = corrected_calcium(
        found, config["calcium_albumin_slope"], config["calcium_albumin_reference_g_l"]
    )
    people = {p["patient"]: p for p in patients if p["c1d1"] is not None}
    by_parameter: dict[str, dict[str, list]] = {}
    for rule in rules:
        by_parameter.setdefault(rule["parameter"], {}).setdefault(rule["term"], []).append(rule)
    rows = []
    for (patient, parameter), part in found.groupby(["patient", "parameter"], sort=True):
        if patient not in people:
            continue
        person, terms = people[patient], by_parameter.get(parameter, {})
        baseline = None
        records = [_usable(r, calcium) for r in part.sort_values("date", kind="stable").to_dict("records")]
        for record in records:
            if record["date"] <= person["c1d1"] and record["used"] is not None:
                baseline = record["used"]
        for record in records:
            rows += _of_value(record, terms, baseline, _period(record["date"], person, config))
    return pd.DataFrame(rows, columns=COLUMNS)


def _usable(record: dict[str, Any], calcium: Mapping[tuple, float]) -> dict[str, Any]:
    used = float(record["value"])
    if record["parameter"] == "calcium":
        used = calcium.get((record["patient"], record["date"]))
    return {**record, "used": used, "corrected": used if record["parameter"] == "calcium" else None}


def _period(date: datetime.date, person: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    if date <= person["c1d1"]:
        return "baseline"
    end = window(person, config["emergent_days"])
    return "on_treatment" if end is None or date <= end else "after_treatment"


def _of_value(record, terms, baseline, period) -> list[list]:
    head = [record[name] for name in ("patient", "date", "parameter", "sheet")]
    measured = [record[name] for name in ("value", "unit", "low_normal", "high_normal", "corrected")]
    if not terms:
        why = f"no CTCAE v4.0 term of {record['parameter']} that a value alone decides"
        return [[*head, "", *measured, baseline, "", period, None, None, None, "", why]]
    normal = {"LLN": number(record["low_normal"]), "ULN": number(record["high_normal"]), "baseline": baseline}
    rows = []
    for term, rules in terms.items():
        direction = rules[0]["direction"]
        if record["used"] is None:
            most = max(g for rule in rules for g in GRADES if rule[f"grade_{g}"] is not None)
            why = "total calcium without albumin of the same day: cannot be corrected"
            rows.append([*head, term, *measured, baseline, direction, period, None, 0, most, "", why])
            continue
        ranges = [grade_range(rule, record["used"], normal) for rule in rules]
        lowest, most = max(r[0] for r in ranges), max(r[1] for r in ranges)
        known = lowest == most
        why = "" if known else f"grade {lowest} to {most}: {_missing(rules, normal)} not known"
        grade = lowest if known else None
        rows.append([*head, term, *measured, baseline, direction, period, grade, lowest, most, "", why])
    return rows


def _missing(rules: Iterable[Mapping[str, Any]], normal: Mapping[str, Any]) -> str:
    words = {"LLN": "lower limit of normal", "ULN": "upper limit of normal", "baseline": "baseline value"}
    asked = []
    for rule in rules:
        asked += [rule[f"grade_{g}"] for g in GRADES if isinstance(rule[f"grade_{g}"], str)]
        asked.append({"above ULN": "ULN"}.get(rule["basis"], rule["basis"]))
    names = dict.fromkeys(a for a in asked if a in words and normal[a] is None)
    return " and ".join(words[a] for a in names)


def reported(
    rows: pd.DataFrame, events: pd.DataFrame, rules: Sequence[Mapping[str, Any]], days: int
) -> pd.DataFrame:
    """`rows` with `reported` filled where the grade is 3 or 4 for sure on treatment: yes, lower_grade or no.

    yes: an adverse event of that term, grade 3 or more, within `days` of the value.
    """
    names = {rule["term"]: rule["ae_terms"] for rule in rules}
    said: dict[tuple[str, str], list] = {}
    for event in events.to_dict("records"):
        said.setdefault((event["patient"], event["term"].strip().casefold()), []).append(event)
    margin, told = datetime.timedelta(days=days), []
    for row in rows.to_dict("records"):
        at_least = number(row["grade_at_least"])
        if row["period"] != "on_treatment" or at_least is None or at_least < 3:
            told.append("")
            continue
        near = [
            event["grade"]
            for name in names[row["term"]]
            for event in said.get((row["patient"], name), ())
            if event["start_date"] <= row["date"] + margin
            and (day(event["end_date"]) is None or day(event["end_date"]) >= row["date"] - margin)
        ]
        told.append("no" if not near else "yes" if max(near) >= 3 else "lower_grade")
    return rows.assign(reported=told)


def by_term(
    rows: pd.DataFrame, rules: Sequence[Mapping[str, Any]], confidence: float, *, events_given: bool
) -> pd.DataFrame:
    """Patients by worst grade on treatment, one row per term that has values.

    patients: with a value of it on treatment. grade_0 to grade_4: worst grade, where known. grade 3 or 4 of
    those in whom it is known either way. Worse than the last graded value of the baseline: the same.
    events_given: was there a sheet of adverse events to look in; without it `not_reported` is empty.
    """
    made = []
    for rule in {r["term"]: r for r in rules}.values():
        of_term = rows[rows["term"] == rule["term"]]
        on = of_term[of_term["period"] == "on_treatment"]
        if on.empty:
            continue
        before = of_term[of_term["period"] == "baseline"]
        worst = [_worst(part, before[before["patient"] == p]) for p, part in on.groupby("patient")]
        known = [w["grade"] for w in worst if w["grade"] is not None]
        severe = [w["severe"] for w in worst if w["severe"] is not None]
        made.append(
            [rule["term"], rule["soc"], rule["direction"], len(worst), *(known.count(g) for g in range(5)),
             len(worst) - len(known), sum(severe), len(severe), *exact(sum(severe), len(severe), confidence),
             len(worst) - len(severe), sum(w["worse"] is True for w in worst),
             sum(w["worse"] is None for w in worst), sum(w["no_baseline"] for w in worst),
             sum(w["unlisted"] for w in worst) if events_given else None]
        )  # fmt: skip
    return pd.DataFrame(made, columns=BY_TERM)


def _worst(part: pd.DataFrame, before: pd.DataFrame) -> dict[str, Any]:
    """Of one patient and term, None where not known: worst grade, grade 3 or 4, worse than the baseline."""
    at_least, at_most = int(part["grade_at_least"].max()), int(part["grade_at_most"].max())
    graded_before = [int(g) for g in before["grade"] if number(g) is not None]
    worse = None
    if graded_before and at_least > graded_before[-1]:
        worse = True
    elif graded_before and at_most <= graded_before[-1]:
        worse = False
    return {
        "grade": at_least if at_least == at_most else None,
        "severe": True if at_least >= 3 else False if at_most < 3 else None,
        "worse": worse,
        "no_baseline": not graded_before,
        "unlisted": bool((part["reported"] == "no").any()),
    }
