"""Genomic calls as given by another laboratory, beside the derived ones of the abnormality table.

A given call never wins silently: config `entry.given_calls` says whether it fills what is not assessable
(`fill`), goes before the derived call (`prefer`) or is only shown (`compare`), and a conflict stands in the reason.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pandas as pd

from myeloma import tables
from myeloma.given_checks import least_percent, state_by_copies, state_by_percent
from myeloma.states import ABSENT, GIVEN, NOT_ASSESSABLE, PRESENT

MODES = ("fill", "prefer", "compare")
#: Copies of the first name's region decide the second as well, where it has no row of its own.
SAME_REGION = {"gain1q": "amp1q", "amp1q": "gain1q"}
#: Who carries the key carries the value, and who lacks the value lacks the key; so do biallelic_NAME and
#: NAME_high_fraction with NAME.
WITHIN = {"amp1q": "gain1q"}
#: Gene of a double hit -> the deletion that takes its other allele (the genes of reference.regions).
DELETION_OF = {
    "TP53": "del17p",
    "CDKN2C": "del1p32",
    "RB1": "del13q",
    "CYLD": "del16q_CYLD",
    "TRAF3": "del14q32",
    "TENT5C": "del1p12",
    "CDKN1B": "del12p13",
}
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
    max_days: int | None = None,
    lasting: Collection[str] = (),
) -> dict[tuple[str, str], Call]:
    """(patient, abnormality) -> Call from the rows of the calls sheet; `copy_number`: that section of the config.

    starts: patient -> C1D1: a call dated after it, or more than `max_days` before it, is not the baseline and decides
    nothing; but the founding events `lasting` have no oldest age. cut: rows dated after the data cut are not known yet.
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
        if not (start and taken):
            continue
        age = (start - taken).days
        if age < 0:
            record = f"{call.record}, after C1D1 {start}: not the baseline"
            found[key] = replace(call, state=NOT_ASSESSABLE, record=record)
            continue
        record = f"{call.record}, {age} days before C1D1"
        found[key] = replace(call, record=record)
        if max_days is not None and age > max_days and key[1] not in lasting:
            record += f", more than {max_days} (entry.given_max_days_before_start): not the baseline"
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
        settings["entry"]["given_max_days_before_start"],
        set(settings["abnormalities"]["translocations"]),
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
    least = least_percent(row["abnormality"], rules)
    too_few = least is not None and row["percent"] is not None and row["percent"] < least and state == PRESENT
    measured = [row["value"]] if name == row["abnormality"] else []
    threshold = []
    if row["copies"] is not None:
        measured.append(f"{row['copies']:g} copies (absolute)")
        limit = _limit(name, rules)
        threshold += [limit] if limit else []
    if row["percent"] is not None and name == row["abnormality"]:
        measured.append(f"{row['percent']:g} % of cells")
        if row["cutoff_percent"] is not None:
            threshold.append(f">= {max(row['cutoff_percent'], least or 0):g} % of cells")
    record = f"{GIVEN}{file}:{row['sheet_line']}, {row['method'] or 'method not given'}"
    record += "".join(f", {row[n]}" for n in ("date", "source") if row[n])
    if too_few:
        state = NOT_ASSESSABLE
        record += f", {row['percent']:g} % of cells: positive for the laboratory, below the {least:g} % of the IMS 2025 rule"
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
    before = {key: row["state"] for key, row in rows.items()}
    for key, call in given.items():
        rows[key] = merged(rows[key], call, mode)
    used = {key for key, call in given.items() if rows[key]["evidence"] == call.record}
    for patient in sorted({p for p, _ in used}):
        _follow(patient, rows, rules, used, before, mode)
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


def _follow(
    patient: str, rows: dict, rules: Mapping[str, Any], used: set, before: Mapping, mode: str
) -> None:
    """The rows of one patient that the given calls used contradict: families, what lies within another, double hits.

    before: (patient, abnormality) -> state ahead of the given calls. A row changed here says what it was.
    """
    for part, whole in _within(patient, rows):
        _agree(patient, part, whole, rows, used, mode)
    for name, members, may_be_absent in _families(rules):
        if (patient, name) in rows:
            _family(patient, name, members, may_be_absent, rows, used, before)
    for gene in rules["biallelic_genes"]:
        if (patient, f"biallelic_{gene}") in rows:
            _double_hit(patient, gene, rows, used, before)


def _families(rules: Mapping[str, Any]) -> tuple[tuple[str, tuple[str, ...], bool], ...]:
    """Family, members, and whether it is absent where all of them are.

    MYC with an immunoglobulin locus is MYC_rearrangement, but the absence of three partners is not its absence.
    """
    return (
        ("RAS_RAF_mutation", RAS_RAF, True),
        ("CRBN_pathway", tuple(rules["crbn_pathway_genes"]), True),
        ("MYC_rearrangement", tuple(rules["myc_translocations"]), False),
    )


def _set(rows: dict, key: tuple[str, str], state: str, why: str, value: str = "", evidence: str = "") -> None:
    """Another state of a row, with what it was before in its reason."""
    row = rows[key]
    was = row["state"]
    said = f"derived: not assessable ({row['reason']})"
    if was != NOT_ASSESSABLE:
        said = f"conflict: was {was}" + (f" ({row['value']})" if row["value"] else "")
        said += f"; {row['reason']}" if row["reason"] else ""
    rows[key] = {
        **row,
        "state": state,
        "value": value,
        "reason": "; ".join(filter(None, (why, said))),
        "evidence": evidence or row["evidence"],
    }


def _within(patient: str, rows: Mapping) -> list[tuple[str, str]]:
    """(part, whole): who has the part has the whole."""
    names = [name for p, name in rows if p == patient]
    pairs = list(WITHIN.items())
    for name in names:
        whole = name.removeprefix("biallelic_").removesuffix("_high_fraction")
        if whole != name and whole.startswith("del"):
            pairs.append((name, whole))
    return [(part, whole) for part, whole in pairs if part in names and whole in names]


def _agree(patient: str, part: str, whole: str, rows: dict, used: set, mode: str) -> None:
    """The given one of two decides the other; under `fill` it gives way to one that was derived.

    Two that are given and contradict each other leave both open; two that nobody gives are left alone.
    """
    one, other = (patient, part), (patient, whole)
    if (one in used) == (other in used):
        if one in used and rows[one]["state"] == PRESENT and rows[other]["state"] == ABSENT:
            for key in (one, other):
                _set(rows, key, NOT_ASSESSABLE, f"{part} is given as present and {whole} as absent")
        return
    source = one if one in used else other
    target, wanted = (other, PRESENT) if source == one else (one, ABSENT)
    if rows[source]["state"] != wanted or rows[target]["state"] == wanted:
        return
    if mode == "fill" and rows[target]["state"] != NOT_ASSESSABLE:
        why = f"given as {wanted}, but {target[1]} is derived as {rows[target]['state']}"
        _set(rows, source, NOT_ASSESSABLE, why)
        return
    why = f"{source[1]} is given as {wanted}"
    _set(rows, target, wanted, why, f"{source[1]} {wanted}", rows[source]["evidence"])


def _family(patient, name, members, may_be_absent, rows: dict, used: set, before: Mapping) -> None:
    """What follows from the members: any present is present; all absent is absent, where it may be."""
    key = (patient, name)
    mine = {m: rows[patient, m]["state"] if (patient, m) in rows else NOT_ASSESSABLE for m in members}
    state = PRESENT if PRESENT in mine.values() else NOT_ASSESSABLE
    if set(mine.values()) == {ABSENT} and may_be_absent:
        state = ABSENT
    now = rows[key]["state"]
    if key in used:
        if NOT_ASSESSABLE not in (state, now) and state != now:
            hit = ", ".join(m for m in members if mine[m] == state)
            _set(rows, key, NOT_ASSESSABLE, f"given as {now}, but {hit} {state}")
        return
    told = [m for m in members if (patient, m) in used]
    if not told or state == now:
        return
    turned = [m for m in told if before.get((patient, m)) == PRESENT and mine[m] != PRESENT]
    if state == NOT_ASSESSABLE:
        # it may rest on what no member says (another partner of MYC): only a member taken away opens it again
        if now == PRESENT and turned:
            _set(rows, key, state, f"{', '.join(turned)} given as absent, the other members are open")
        return
    hit = [m for m in members if mine[m] == state]
    evidence = "; ".join(rows[patient, m]["evidence"] for m in hit)
    _set(rows, key, state, "", f"{', '.join(hit)} {state}", evidence)


def _double_hit(patient: str, gene: str, rows: dict, used: set, before: Mapping) -> None:
    """A double hit is open where given calls contradict the mutation or the deletion that it was judged by."""
    key = (patient, f"biallelic_{gene}")
    row, parts = rows[key], [n for n in (gene, DELETION_OF.get(gene)) if n and (patient, n) in rows]
    state = {n: rows[patient, n]["state"] for n in parts}
    given = [n for n in parts if (patient, n) in used]
    if row["state"] == NOT_ASSESSABLE or not (given or key in used):
        return
    if key in used:
        clash = (
            parts if len(parts) == 2 and set(state.values()) == {ABSENT} and row["state"] == PRESENT else []
        )
    elif row["state"] == PRESENT:
        clash = [n for n in given if state[n] == ABSENT and not _stands_without(row["value"], n == gene)]
    else:
        overturned = [n for n in given if state[n] == PRESENT and before.get((patient, n)) == ABSENT]
        both = given if len(parts) == 2 and set(state.values()) == {PRESENT} else []
        clash = overturned or both
    if clash:
        told = ", ".join(f"{n} {state[n]}" for n in clash)
        _set(rows, key, NOT_ASSESSABLE, f"contradicted by {told}, as given")


def _stands_without(value: str, mutation: bool) -> bool:
    """Does a derived double hit stand without a mutation (no copy left), or without a deletion (two mutations, LOH)?"""
    if mutation:
        return "copies 0" in value
    return "mutations, phase unknown" in value or "loss of heterozygosity" in value
