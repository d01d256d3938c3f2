"""Genomic calls as given by another laboratory, beside the derived ones of the abnormality table.

A given call never wins silently: config `entry.given_calls` says whether it fills what is not assessable
(`fill`), goes before the derived call (`prefer`) or is only shown (`compare`), and a conflict stands in the reason.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pandas as pd

from myeloma import tables
from myeloma.given_checks import state_by_copies, state_by_percent
from myeloma.states import ABSENT, GIVEN, NOT_ASSESSABLE, PRESENT

MODES = ("fill", "prefer", "compare")
#: Copies of the first name's region decide the second as well, where it has no row of its own.
SAME_REGION = {"gain1q": "amp1q"}
RAS_RAF = ("KRAS", "NRAS", "BRAF")


@dataclass(frozen=True)
class Call:
    """One given call: state, what was measured, against what, the record, and the words of the sheet."""

    state: str
    value: str
    threshold: str
    record: str
    kind: str = ""


def read(
    sheet: pd.DataFrame,
    file: str,
    copy_number: Mapping[str, Any],
    starts: Mapping[str, date | None] | None = None,
    cut: date | None = None,
) -> dict[tuple[str, str], Call]:
    """(patient, abnormality) -> Call from the rows of the calls sheet; `copy_number`: that section of the config.

    starts: patient -> C1D1: a call dated after it is not the baseline and decides nothing. cut: rows dated after the
    data cut are not known yet.
    """
    rows = [r for r in _rows(sheet) if not (cut and r["date"] and r["date"] > cut)]
    found = {(r["patient"], r["abnormality"]): _call(r, r["abnormality"], file, copy_number) for r in rows}
    for row in rows:
        other = SAME_REGION.get(row["abnormality"])
        if other and row["copies"] is not None:
            found.setdefault((row["patient"], other), _call({**row, "state": ""}, other, file, copy_number))
    day = {(r["patient"], r["abnormality"]): r["date"] for r in rows}
    for key, call in found.items():
        start, taken = (starts or {}).get(key[0]), day.get(key)
        if taken is None:
            taken = next(
                (day[key[0], n] for n, o in SAME_REGION.items() if o == key[1] and (key[0], n) in day), None
            )
        if start and taken and taken > start:
            record = f"{call.record}, after C1D1 {start}: not the baseline"
            found[key] = replace(call, state=NOT_ASSESSABLE, record=record)
    return found


def add(table: pd.DataFrame, cohort: Any, settings: Any) -> pd.DataFrame:
    """`apply` with the calls sheet of a Cohort, as known on the day of the data cut."""
    starts = {p.patient: p.c1d1 for p in cohort.patients}
    cut = settings["trial"]["data_cut"]
    given = read(
        cohort.sheet_frame(settings, "calls"),
        settings.sheet("calls"),
        settings["copy_number"],
        starts,
        date.fromisoformat(str(cut)) if cut else None,
    )
    return apply(
        table, given, settings["entry"]["given_calls"], settings["abnormalities"], cohort.patient_ids
    )


def _rows(sheet: pd.DataFrame) -> Iterable[dict[str, Any]]:
    for row in sheet.to_dict("records"):
        numbers = {
            n: None if pd.isna(row[n]) else float(row[n]) for n in ("copies", "percent", "cutoff_percent")
        }
        yield {**row, **numbers, "date": row["date"] or None}


def _call(row: Mapping[str, Any], name: str, file: str, rules: Mapping[str, Any]) -> Call:
    by_copies = state_by_copies(name, row["copies"], rules)
    by_percent = state_by_percent(row["percent"], row["cutoff_percent"]) if name == row["abnormality"] else ""
    state = row["state"] or by_copies or by_percent
    measured = [row["value"]] if name == row["abnormality"] else []
    threshold = []
    if row["copies"] is not None:
        measured.append(f"{row['copies']:g} copies")
        limit = _limit(name, rules)
        threshold += [limit] if limit else []
    if row["percent"] is not None and name == row["abnormality"]:
        measured.append(f"{row['percent']:g} % of cells")
        if row["cutoff_percent"] is not None:
            threshold.append(f">= {row['cutoff_percent']:g} % of cells")
    record = f"{GIVEN}{file}:{row['sheet_line']}, {row['method'] or 'method not given'}"
    record += "".join(f", {row[n]}" for n in ("date", "source") if row[n])
    return Call(state, "; ".join(filter(None, measured)), "; ".join(threshold), record, row["kind"])


def _limit(name: str, rules: Mapping[str, Any]) -> str:
    if name.startswith("amp"):
        return f">= {rules['amp_copies']} copies"
    if name.startswith(("gain", "trisomy")):
        return f">= {rules['gain_copies']} copies"
    return "< 2 copies" if name.startswith(("del", "monosomy")) else ""


def apply(
    table: pd.DataFrame,
    given: Mapping[tuple[str, str], Call],
    mode: str,
    rules: Mapping[str, Any],
    patients: Sequence[str],
) -> pd.DataFrame:
    """ABNORMALITIES with the given calls; `rules`: config section `abnormalities`.

    A name that the table does not know gets a row for every patient. Raises ValueError for an unknown mode.
    """
    if mode not in MODES:
        raise ValueError(f"config entry.given_calls: must be one of {', '.join(MODES)}; found {mode!r}")
    if not given:
        return table
    rows = {(r["patient"], r["abnormality"]): r for r in table.to_dict("records")}
    kinds = {name: r["kind"] for (_, name), r in rows.items()}
    for (_, name), call in given.items():
        kinds.setdefault(name, call.kind or _kind(name, rules))
    for patient in patients:
        for name in {n for _, n in given}:
            rows.setdefault((patient, name), _blank(patient, name, kinds[name]))
    for key, call in given.items():
        rows[key] = merged(rows[key], call, mode)
    used = {key for key, row in rows.items() if row["evidence"].startswith(GIVEN)}
    for patient in sorted({p for p, _ in used}):
        _follow(patient, rows, rules, used)
    return tables.conform(pd.DataFrame(rows.values(), columns=table.columns), tables.ABNORMALITIES)


def _kind(name: str, rules: Mapping[str, Any]) -> str:
    """Family of a known abnormality of which this run has no row (its region is not given)."""
    if name in rules["translocations"] or name in rules["myc_translocations"]:
        return "translocation"
    if name.startswith("biallelic_"):
        return "combined"
    if name.startswith(("trisomy", "monosomy", "hyperdiploidy")):
        return "ploidy"
    return "copy_number" if name.startswith(("del", "gain", "amp", "cnloh")) else "mutation"


def _blank(patient: str, name: str, kind: str) -> dict[str, str]:
    empty = dict.fromkeys(("sample", "value", "threshold", "evidence"), "")
    why = "not called by this run, and no given call"
    return {
        "patient": patient,
        "abnormality": name,
        "kind": kind,
        "state": NOT_ASSESSABLE,
        "reason": why,
        **empty,
    }


def merged(row: Mapping[str, Any], call: Call, mode: str) -> dict[str, Any]:
    """One row of the table beside its given call."""
    derived, told = row["state"], call.state
    agree = "agrees" if derived == told else "conflict"
    if NOT_ASSESSABLE in (derived, told):
        use = told != NOT_ASSESSABLE and mode != "compare"
        said = (
            f"derived: not assessable ({row['reason']})"
            if use
            else f"{call.record}: {told}, {_use(mode, told)}"
        )
    else:
        use = mode == "prefer"
        said = (
            f"{agree}: derived {derived}"
            if use
            else f"{agree}: {call.record} says {told}, {_use(mode, told)}"
        )
        if use and row["value"]:
            said += f" ({row['value']})"
    if use:
        return {
            **row,
            "sample": "",
            "state": told,
            "value": call.value,
            "threshold": call.threshold,
            "reason": said,
            "evidence": call.record,
        }
    return {**row, "reason": "; ".join(filter(None, (row["reason"], said)))}


def _use(mode: str, told: str) -> str:
    if told == NOT_ASSESSABLE:
        return "so it decides nothing"
    return (
        "not used (entry.given_calls: compare)"
        if mode == "compare"
        else f"not used (entry.given_calls: {mode})"
    )


def _follow(patient: str, rows: dict, rules: Mapping[str, Any], used: set) -> None:
    """What follows from the members of a family: any present is present; all absent is absent, of RAS/RAF and CRBN only.

    MYC with an immunoglobulin locus is MYC_rearrangement, but the absence of three partners is not its absence.
    """
    families = {
        "RAS_RAF_mutation": (RAS_RAF, True),
        "CRBN_pathway": (tuple(rules["crbn_pathway_genes"]), True),
        "MYC_rearrangement": (tuple(rules["myc_translocations"]), False),
    }
    for name, (members, may_be_absent) in families.items():
        key = (patient, name)
        told = [m for m in members if (patient, m) in used]
        if key not in rows or key in used or not told:
            continue
        row = rows[key]
        states = [rows[patient, m]["state"] if (patient, m) in rows else NOT_ASSESSABLE for m in members]
        state = (
            PRESENT
            if PRESENT in states
            else ABSENT
            if set(states) == {ABSENT} and may_be_absent
            else row["state"]
        )
        if row["state"] != NOT_ASSESSABLE or state == row["state"]:
            continue
        hit = [m for m in members if (patient, m) in rows and rows[patient, m]["state"] == state]
        reason = f"derived: not assessable ({row['reason']})"
        evidence = "; ".join(rows[patient, m]["evidence"] for m in hit)
        rows[key] = {
            **row,
            "state": state,
            "value": f"{', '.join(hit)} {state}",
            "reason": reason,
            "evidence": evidence,
        }
