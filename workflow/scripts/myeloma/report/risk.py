"""Chapter of risk systems and levels: categories of every patient with what is missing, and survival by them."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from myeloma.report import words
from myeloma.report.sections import Anchors, Cell, table

NE = "NE"


def chapter(seen: Mapping, anchors: Anchors) -> dict[str, Any]:
    """`told`: who has a category; `patients`: one row per patient; `components`: one per patient and system;
    `strata` and `levels`: survival by category and by level."""
    risk = seen["risk"]
    return {
        "told": _told(risk),
        "patients": _patients(risk, anchors),
        "components": _components(risk, anchors),
        "strata": _strata(seen["risk_strata"]),
        "levels": _levels(seen["levels"]),
    }


def _told(risk: pd.DataFrame) -> str:
    parts = []
    for system, rows in risk.groupby("system", sort=False):
        known = rows[rows["category"] != NE]
        parts.append(f"{system}: {len(known)} of {len(rows)} patients")
    return f"With a category: {'; '.join(parts)}." if parts else "No patient."


def _category(row: Any) -> str:
    """The category, or NE with the range that is left."""
    if row.category != NE:
        return row.category
    return f"NE ({row.lowest} to {row.highest})"


def _patients(risk: pd.DataFrame, anchors: Anchors):
    systems = list(dict.fromkeys(risk["system"]))
    rows = []
    for patient, own in risk.groupby("patient", sort=True):
        by = {r.system: _category(r) for r in own.itertuples()}
        rows.append([anchors.cell(patient), *(by.get(system, "") for system in systems)])
    return table("risk", "Risk systems by patient", ["Patient", *systems], rows, empty="No patient.")


def _points(row: Any) -> str:
    if words.missing(row.points_low):
        return ""
    if not words.missing(row.points):
        return f"{row.points:g}"
    return f"{row.points_low:g} to {row.points_high:g}"


def _components(risk: pd.DataFrame, anchors: Anchors):
    columns = ["Patient", "System", "Category", "Points", "Not known", "Components and their records"]
    rows = [
        [anchors.cell(r.patient), r.system, _category(r), Cell(_points(r)), r.missing, r.components]
        for r in risk.itertuples()
    ]
    return table(
        "risk-components", "Components of the risk systems", columns, rows, ["Points"], empty="No patient."
    )


def _months(frame: pd.DataFrame) -> list[str]:
    """Months at which the table has survival, from its columns at_12, at_24, ..."""
    return [
        c.removeprefix("at_")
        for c in frame.columns
        if c.startswith("at_") and c.removeprefix("at_").isdigit()
    ]


def _survival(row: Mapping, months: list[str]) -> list[str]:
    """Median with interval, then survival in percent with interval at each of the months."""
    if not row["patients"]:
        return [""] * (len(months) + 1)
    said = [words.median(row["median"], row["median_low"], row["median_high"])]
    for month in months:
        value, low, high = (pd.to_numeric(row[f"at_{month}{end}"]) for end in ("", "_low", "_high"))
        if words.missing(value):
            said.append("not known")
            continue
        limits = "" if words.missing(low) else f" ({100 * low:.0f}-{100 * high:.0f})"
        said.append(f"{100 * value:.0f}{limits}")
    return said


def _test(row: Mapping) -> str:
    if words.missing(row["log_rank_p"]):
        return ""
    return f"{row['log_rank_chi2']:.2f} ({row['degrees_of_freedom']} df), {words.with_p(row['log_rank_p'])}"


def _strata(strata: pd.DataFrame):
    months = _months(strata)
    columns = ["System", "Endpoint", "Category", "Patients", "Events", "Median"]
    columns += [f"At {m} months (%)" for m in months] + ["Log-rank chi-square, NE left out"]
    rows = [
        [
            r["system"],
            r["endpoint"],
            r["category"],
            r["patients"],
            r["events"],
            *_survival(r, months),
            _test(r),
        ]
        for r in strata.to_dict("records")
    ]
    return table("risk-strata", "Survival by risk category", columns, rows, ["Patients", "Events"],
                 empty="No time to event: neither progression-free nor overall survival is known.")  # fmt: skip


def _levels(levels: pd.DataFrame):
    months = _months(levels)
    columns = ["Factor", "Endpoint", "Level", "Patients", "Events", "Expected", "Median"]
    columns += [f"At {m} months (%)" for m in months] + [
        "Log-rank chi-square",
        "Trend",
        "Level not known",
        "Note",
    ]
    rows = []
    for r in levels.to_dict("records"):
        trend = "" if words.missing(r["trend_p"]) else f"{r['trend_chi2']:.2f}, {words.with_p(r['trend_p'])}"
        head = [r["factor"], r["endpoint"], r["level"], r["patients"], r["events"], r["expected"]]
        rows.append([*head, *_survival(r, months), _test(r), trend, r["not_assessable"], r["note"]])
    return table("levels", "Time to event by level", columns, rows,
                 ["Patients", "Events", "Expected", "Level not known"],
                 empty="No factor has a level of anybody with a time to event.")  # fmt: skip
