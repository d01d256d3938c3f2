"""FISH against the call from sequencing alone: row by row, and agreement by abnormality.

FISH does not vote here: copy-number events never hear it, and of a translocation the votes of DNA, RNA
junctions and expression are joined again without it. Rules: rules of analysis 5 in docs/analysis-plan.md.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import pandas as pd
from scipy.stats import beta

from myeloma import tables
from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT
from myeloma.translocations import adjudicate

ALL = "all"
_CONFIDENCE = 0.95


def compare(
    fish: Iterable[Mapping[str, Any]],
    samples: pd.DataFrame,
    events: pd.DataFrame,
    translocations: pd.DataFrame,
    most_days: int,
) -> pd.DataFrame:
    """FISH_CONCORDANCE: one row per row of fish.tsv.

    `samples` (SAMPLES: the analysis samples are compared, copy number with the exome, a translocation with
    the sample whose vote decides), `events` (COPY_EVENTS), `translocations` (TRANSLOCATIONS), `most_days` between both samples.
    """
    used = samples[(samples["tissue"] == "tumour") & (samples["role"] == "analysis")]
    tumour = {(row.patient, row.assay): row for row in used.itertuples()}
    copies = events.set_index(["sample", "event"])
    moved = translocations.set_index(["patient", "translocation"])
    rows = [_row(row, tumour, copies, moved, most_days) for row in fish]
    made = pd.DataFrame(rows, columns=tables.FISH_CONCORDANCE.names())
    return tables.conform(made, tables.FISH_CONCORDANCE)


def _row(row: Mapping[str, Any], tumour, copies, moved, most_days: int) -> dict[str, Any]:
    patient, name = row["patient"], row["abnormality"]
    percent, cutoff = _number(row.get("percent")), _number(row.get("cutoff_percent"))
    made = {
        "patient": patient,
        "date": str(row["date"]),
        "abnormality": name,
        "probe": row.get("probe") or "",
        "selection": row.get("selection") or "",
        "nuclei": _number(row.get("nuclei")),
        "fish_percent": percent,
        "cutoff_percent": cutoff,
        "fish": fish_result(row.get("result") or "", percent, cutoff),
    }
    is_moved = (patient, name) in moved.index
    seen = moved.loc[(patient, name)] if is_moved else None
    state = (
        "" if seen is None else adjudicate(seen["dna"], seen["rna"], seen["expression"], NOT_ASSESSABLE)[0]
    )
    sample = tumour.get((patient, "wes")) if seen is None else _deciding(patient, seen, state, tumour)
    if sample is None:
        return made | _none("no tumour sample of the analysis was sequenced")
    made |= {"sample": sample.sample, "days_apart": _days(made["date"], sample.collection_date)}
    if is_moved:
        made |= {"sequencing": state, "sequencing_percent": None}
        why = seen["reason"] or "sequencing cannot assess it"
    elif (sample.sample, name) in copies.index:
        seen = copies.loc[(sample.sample, name)]
        column = "unsorted" if made["selection"] == "unsorted" else "sorted"
        made |= {"sequencing": seen["state"], "sequencing_percent": seen[f"fish_equivalent_{column}_percent"]}
        why = seen["reason"]
    else:
        return made | _none("sequencing makes no call of this name")
    return made | _agreement(made, why, most_days)


def _deciding(patient: str, seen: Mapping[str, Any], state: str, tumour):
    """The sample whose vote makes the call of a translocation: the exome where DNA votes so, else the RNA.

    A call that nobody could make is dated by what there is.
    """
    order = ("wes", "rna") if state != NOT_ASSESSABLE and seen["dna"] == state else ("rna", "wes")
    return next((tumour[patient, assay] for assay in order if (patient, assay) in tumour), None)


def fish_result(result: str, percent: float | None, cutoff: float | None) -> str:
    """Result of a FISH row: as given, else by the laboratory's cut-off; "" when neither tells."""
    if result or percent is None or cutoff is None:
        return result
    return PRESENT if percent >= cutoff else ABSENT


def _agreement(made: Mapping[str, Any], why: str, most_days: int) -> dict[str, str]:
    if not made["fish"]:
        return _no("FISH gives neither a result nor a percentage with its cut-off")
    if made["days_apart"] is None:
        return _no("the collection date of the sequenced sample is not known")
    if made["days_apart"] > most_days:
        return _no(f"samples {made['days_apart']} days apart, more than {most_days}")
    if made["sequencing"] == NOT_ASSESSABLE:
        return _no(f"not assessable by sequencing: {why}")
    if made["sequencing"] == made["fish"]:
        return {"agreement": "agree", "reason": ""}
    return {"agreement": "disagree", "reason": _difference(made)}


def _difference(made: Mapping[str, Any]) -> str:
    """What the reader should know of a disagreement: the percentages, and which cells were counted."""
    expect, cutoff, seen = made["sequencing_percent"], made["cutoff_percent"], made["fish_percent"]
    parts = []
    if seen is not None and cutoff is not None:
        parts.append(f"FISH {seen:g} % against a cut-off of {cutoff:g} %")
    if expect is not None and not pd.isna(expect):
        parts.append(f"sequencing lets one expect {expect:.0f} %")
        if cutoff is not None and made["sequencing"] == PRESENT and expect < cutoff:
            parts.append("below that cut-off")
    if not made["selection"]:
        parts.append("cell selection not given, taken as sorted")
    return "; ".join(parts)


def _no(reason: str) -> dict[str, str]:
    return {"agreement": "not_comparable", "reason": reason}


def _none(reason: str) -> dict[str, Any]:
    blank = {"sample": "", "days_apart": None, "sequencing": "", "sequencing_percent": None}
    return {**blank, **_no(reason)}


def _number(value) -> float | None:
    return None if value in (None, "") or pd.isna(value) else float(value)


def _days(first: str, second: str) -> int | None:
    if not first or not second:
        return None
    return abs((date.fromisoformat(first) - date.fromisoformat(second)).days)


def agreement(rows: pd.DataFrame) -> pd.DataFrame:
    """FISH_AGREEMENT: positive, negative and overall agreement with FISH, by abnormality and over all.

    Interval: Clopper and Pearson, Biometrika 1934;26:404. Rows of one patient under several probes are
    counted each; the row "all" therefore is descriptive.
    """
    made = []
    groups = [*rows.groupby("abnormality", sort=True)] + ([(ALL, rows)] if len(rows) else [])
    for name, group in groups:
        comparable = group[group["agreement"] != "not_comparable"]
        for measure, fish in (("positive", PRESENT), ("negative", ABSENT), ("overall", None)):
            of = comparable if fish is None else comparable[comparable["fish"] == fish]
            agree, n = int((of["agreement"] == "agree").sum()), len(of)
            low, high = clopper_pearson(agree, n)
            share = agree / n if n else None
            made.append((name, measure, agree, n, share, low, high, len(group) - len(comparable)))
    frame = pd.DataFrame(made, columns=tables.FISH_AGREEMENT.names())
    return tables.conform(frame, tables.FISH_AGREEMENT)


def clopper_pearson(hits: int, of: int) -> tuple[float | None, float | None]:
    """Exact interval of a proportion; (None, None) of nothing."""
    if not of:
        return None, None
    tail = (1 - _CONFIDENCE) / 2
    low = float(beta.ppf(tail, hits, of - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, of - hits)) if hits < of else 1.0
    return low, high
