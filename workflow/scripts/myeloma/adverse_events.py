"""Adverse events: which are treatment-emergent, and patients by worst grade, category and drug.

Denominator everywhere: treated patients. A patient counts once, at the worst grade (CTCAE v4.0). Where the
record does not say (relation or action empty) the patient is counted as not known, never as no.
"""

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
from scipy.stats import binomtest

from myeloma.tables import DRUGS
from myeloma.visits import day, word

#: Action of the sheet -> category of the summary.
ACTIONS = {
    "reduced": "led to dose reduction",
    "delayed": "led to delay",
    "interrupted": "led to interruption",
    "stopped": "led to stop",
}
SUMMARY = ["category", "drug", "patients", "of", "fraction", "low", "high", "events", "unknown", "reason"]
BY_TERM = [
    "soc", "term", "patients", "of", "fraction", "low", "high", "grade_1", "grade_2", "grade_3", "grade_4", "grade_5",
    "grade_3_or_more", "grade_3_low", "grade_3_high", "events",
]  # fmt: skip


def exact(x: int, n: int, confidence: float) -> tuple[float | None, float | None, float | None]:
    """Share with its Clopper-Pearson interval (Biometrika 1934); three times None of nobody."""
    if not n:
        return None, None, None
    interval = binomtest(x, n).proportion_ci(confidence, method="exact")
    return x / n, float(interval.low), float(interval.high)


def window(person: Mapping[str, Any], days: int) -> datetime.date | None:
    """Last day on which an event is treatment-emergent: last dose (else end of treatment) + `days`.

    None: treatment goes on, the window is open.
    """
    if person["end_of_treatment"] is None:
        return None
    return (person["last_dose"] or person["end_of_treatment"]) + datetime.timedelta(days=days)


def known(events: pd.DataFrame, patients: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The events with `fatal` and `grade` as far as the record goes.

    `fatal` is yes or not known, of grade 5 only: the death is on record (patients.tsv). A grade 5 without it
    has `grade` 4: the death may lie after a data cut.
    """
    dead = {p["patient"] for p in patients if p["death_date"] is not None}
    fatal = [
        "" if grade < 5 else "yes" if patient in dead else "unknown"
        for patient, grade in zip(events["patient"], events["grade"], strict=True)
    ]
    return events.assign(
        fatal=pd.Series(fatal, index=events.index, dtype=object),
        grade=[4 if f == "unknown" else int(g) for f, g in zip(fatal, events["grade"], strict=True)],
    )


def emergent(events: pd.DataFrame, patients: Sequence[Mapping[str, Any]], days: int) -> pd.DataFrame:
    """Events of treated patients as `known`, with `emergent` (from C1D1 to the end of the window)."""
    people = {p["patient"]: p for p in patients if p["c1d1"] is not None}
    kept = known(events[events["patient"].isin(people)], patients)
    inside = []
    for event in kept.to_dict("records"):
        person = people[event["patient"]]
        end, start = window(person, days), day(event["start_date"])
        inside.append(start >= person["c1d1"] and (end is None or start <= end))
    return kept.assign(
        emergent=pd.Series(inside, index=kept.index, dtype=bool),
        soc=_one_spelling(kept["soc"]),
        term=_one_spelling(kept["term"]),
    )


def _key(text: str) -> str:
    """The text without its blanks and capitals."""
    return " ".join(text.split()).casefold()


def _one_spelling(texts: pd.Series) -> pd.Series:
    """Blanks and capitals do not make another term: each is written as its alphabetically last spelling."""
    keys = texts.map(_key)
    spelling = {key: max(" ".join(t.split()) for t in part) for key, part in texts.groupby(keys)}
    return keys.map(spelling).astype(object)


def _related(event: Mapping[str, Any], drug: str) -> str:
    return _any(event, "related", drug, "yes")


def _any(event: Mapping[str, Any], what: str, drug: str, value: str) -> str:
    """yes, no or unknown; of drug "any": yes when one drug says so, no when all say no."""
    said = [word(event.get(f"{what}_{d}")) for d in (DRUGS if drug == "any" else (drug,))]
    return "yes" if value in said else "unknown" if "" in said else "no"


def _and(condition: bool, verdict: str) -> str:
    return verdict if condition else "no"


def _categories() -> list[tuple[str, str, Callable[[Mapping[str, Any]], str]]]:
    """(category, drug, event -> yes, no or unknown)."""
    made = [
        ("any grade", "any", lambda e: "yes"),
        ("grade 3 or more", "any", lambda e: _and(e["grade"] >= 3, "yes")),
        ("grade 5", "any", lambda e: e["fatal"] or "no"),
        ("serious", "any", lambda e: e["serious"]),
    ]
    for drug in ("any", *DRUGS):
        made += [
            ("related", drug, lambda e, d=drug: _related(e, d)),
            ("related, grade 3 or more", drug, lambda e, d=drug: _and(e["grade"] >= 3, _related(e, d))),
            ("related, serious", drug, lambda e, d=drug: _and(e["serious"] == "yes", _related(e, d))),
        ]
        made += [
            (category, drug, lambda e, d=drug, a=action: _any(e, "action", d, a))
            for action, category in ACTIONS.items()
        ]
    return made


def _of_interest(
    names: Mapping[str, Sequence[str]],
) -> list[tuple[str, str, Callable[[Mapping[str, Any]], str]]]:
    """The same for groups of events: name -> classes and terms, in any spelling of blanks and capitals."""
    made = []
    for name, wanted in names.items():
        keys = {_key(text) for text in wanted}
        for category, grade in ((name, 1), (f"{name}, grade 3 or more", 3)):
            made.append(
                (
                    f"special interest: {category}",
                    "any",
                    lambda e, k=keys, g=grade: _and(
                        e["grade"] >= g and bool({_key(e["soc"]), _key(e["term"])} & k), "yes"
                    ),
                )
            )
    return made


def summary(
    events: pd.DataFrame,
    treated: Sequence[str],
    confidence: float,
    special_interest: Mapping[str, Sequence[str]] | None = None,
) -> pd.DataFrame:
    """Patients n/N with interval and events by category and drug. events: of `emergent`, all of them.

    unknown: patients without a sure event, in whom one may be. The last row counts what is outside the window.
    """
    inside = events[events["emergent"]].to_dict("records")
    rows = []
    for category, drug, verdict in [*_categories(), *_of_interest(special_interest or {})]:
        said = [(event["patient"], verdict(event)) for event in inside]
        rows.append([category, drug, *_counted(said, len(treated), confidence), _why(category, said)])
    outside = [(event["patient"], "yes") for event in events[~events["emergent"]].to_dict("records")]
    why = "before C1D1 or after the window; in no other row" if outside else ""
    rows.append(["not treatment-emergent", "any", *_counted(outside, len(treated), confidence), why])
    return pd.DataFrame(rows, columns=SUMMARY)


def _counted(said: Sequence[tuple[str, str]], of: int, confidence: float) -> list:
    sure = {patient for patient, verdict in said if verdict == "yes"}
    maybe = {patient for patient, verdict in said if verdict == "unknown"} - sure
    count = sum(verdict == "yes" for _, verdict in said)
    return [len(sure), of, *exact(len(sure), of, confidence), count, len(maybe)]


def _why(category: str, said: Sequence[tuple[str, str]]) -> str:
    sure = {patient for patient, verdict in said if verdict == "yes"}
    maybe = sorted({patient for patient, verdict in said if verdict == "unknown"} - sure)
    if not maybe:
        return ""
    missing = (
        "grade 5 without a death on record, counted as grade 4" if category == "grade 5" else "not recorded"
    )
    return f"{missing}: {', '.join(maybe)}"


def by_term(events: pd.DataFrame, treated: Sequence[str], confidence: float) -> pd.DataFrame:
    """Treatment-emergent events: patients by worst grade, for all, each SOC (term "all") and each term."""
    inside = events[events["emergent"]]
    parts = [(("all", "all"), inside)]
    parts += [((soc, "all"), part) for soc, part in inside.groupby("soc")]
    parts += [(key, part) for key, part in inside.groupby(["soc", "term"])]
    rows = []
    for (soc, term), part in parts:
        worst = part.groupby("patient")["grade"].max()
        n, severe = len(worst), int((worst >= 3).sum())
        grades = [int((worst == grade).sum()) for grade in range(1, 6)]
        _, low, high = exact(severe, len(treated), confidence)
        rows.append(
            [soc, term, n, len(treated), *exact(n, len(treated), confidence), *grades, severe, low, high, len(part)]
        )  # fmt: skip
    return pd.DataFrame(rows, columns=BY_TERM)
