"""Cross-row rules of what is given instead of derived: times to event, best responses, genomic calls."""

import re
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping

from myeloma import config_check
from myeloma.settings import Settings
from myeloma.sheets import Row, Sheet, suggestion

#: The key of each sheet: no two rows share it.
KEYS = {"endpoints": ("patient", "endpoint"), "calls": ("patient", "abnormality")}
#: Dates of patients.tsv that tell how long a patient was followed: with one of them survival is computed.
FOLLOW_UP = ("last_contact", "death_date", "end_of_treatment", "new_therapy_date", "end_of_induction")

#: What cBioPortal's file of samples holds beside the abnormalities (cbioportal.SAMPLE): no abnormality is called so.
ATTRIBUTES = (
    "SAMPLE_ID", "PATIENT_ID", "CANCER_TYPE", "CANCER_TYPE_DETAILED", "ONCOTREE_CODE", "SAMPLE_TYPE", "SOMATIC_STATUS",
    "DNA_SAMPLE", "RNA_SAMPLE", "DNA_USABLE", "RNA_USABLE", "DNA_COLLECTION_DAY", "RNA_COLLECTION_DAY", "TUMOR_PURITY",
    "PLOIDY",
)  # fmt: skip

Sheets = Mapping[str, Sheet]


def attribute_name(abnormality: str) -> str:
    """Name of an abnormality as an attribute in cBioPortal: t(4;14) -> T_4_14, capitals, digits and underscores."""
    return re.sub(r"[^A-Z0-9]+", "_", abnormality.upper()).strip("_")


def check_all(sheets: Sheets, settings: Settings) -> None:
    """Run every rule; problems are left in `sheets`."""
    for name, key in KEYS.items():
        _once(sheets[name], key)
    _endpoints(sheets)
    limits = config_check.section(settings, "entry") | config_check.section(settings, "endpoints")
    _order(sheets["endpoints"], limits)
    _unit(sheets["endpoints"], limits["max_median_months"])
    _responses(sheets)
    _calls(sheets["calls"], settings)


def _once(sheet: Sheet, key: tuple[str, ...]) -> None:
    groups: dict[tuple, list[Row]] = defaultdict(list)
    for row in sheet.rows:
        groups[tuple(row[name] for name in key)].append(row)
    for rows in groups.values():
        for row in rows[1:]:
            fix = f"one row per {', '.join(key)}"
            message = f"{', '.join(key)} as in line {rows[0].line}"
            sheet.problem(row.line, key[-1], row.written(key[-1]), message, fix)


def _first_visits(assessments: Sheet) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for row in assessments.rows:
        found.setdefault(row["patient"], row)
    return found


def _endpoints(sheets: Sheets) -> None:
    sheet = sheets["endpoints"]
    patients = {row["patient"]: row for row in sheets["patients"].rows}
    visits = _first_visits(sheets["assessments"])
    for row in sheet.rows:
        given = [name for name in ("days", "months") if row.written(name)]
        if not given:
            sheet.problem(row.line, "months", "", "no time", "give days or months")
        if row["event"] == 1 and row["censor_reason"]:
            fix = "clear censor_reason, or write 0 in event"
            sheet.problem(row.line, "censor_reason", row["censor_reason"], "but event is 1", fix)
        clash = _computed(row, patients.get(row["patient"]), visits.get(row["patient"]), sheets)
        if clash:
            fix = (
                "remove the row, or what the time would be computed from: one source per patient and endpoint"
            )
            sheet.problem(
                row.line, "endpoint", row["endpoint"], f"is computed for {row['patient']} from {clash}", fix
            )


def _order(sheet: Sheet, limits: Mapping[str, float]) -> None:
    """No time to PFS or TTP after OS, and no progression (event of TTP) later than the PFS of the patient.

    `limits`: time_tolerance_days (published times are rounded), days_per_month.
    """
    of: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in sheet.rows:
        of[row["patient"]].setdefault(row["endpoint"], row)
    for mine in of.values():
        for first, last in (("PFS", "OS"), ("TTP", "OS"), ("TTP", "PFS")):
            if first in mine and last in mine:
                _pair(sheet, mine[first], mine[last], limits)


def _pair(sheet: Sheet, one: Row, other: Row, limits: Mapping[str, float]) -> None:
    first, last = one["endpoint"], other["endpoint"]
    # a time to progression that is no event may be followed for longer than the PFS
    if last == "PFS" and one["event"] != 1:
        return
    early, late = (_days(row, limits["days_per_month"]) for row in (one, other))
    if early is None or late is None:
        return
    name = "days" if one.written("days") else "months"
    if early > late + limits["time_tolerance_days"]:
        there = next(n for n in ("days", "months") if other.written(n))
        message = f"{first} is later than {last} ({other[there]:g} {there}, line {other.line})"
        fix = "correct one of the two, or leave out the one that is not known"
        sheet.problem(one.line, name, one.written(name), message, fix)
    elif (first, last, one["event"], other["event"]) == ("PFS", "OS", 0, 1) and early == late:
        message = f"PFS is censored on the day of the death of OS (line {other.line}), which is its event"
        fix = "write 1, correct the times, or enter it as TTP if death was no event"
        sheet.problem(one.line, "event", one.written("event"), message, fix)


def _days(row: Row, days_per_month: float) -> float | None:
    if row["days"] is not None:
        return float(row["days"])
    return None if row["months"] is None else row["months"] * days_per_month


def _unit(sheet: Sheet, most: float) -> None:
    """Days in the column of months: the median of all months is more than a patient lives."""
    rows = [row for row in sheet.rows if row["months"] is not None]
    if not rows:
        return
    middle = statistics.median(row["months"] for row in rows)
    if middle > most:
        message = f"half of all {len(rows)} times are above {middle:g} months (limit {most:g}, entry.max_median_months)"
        fix = "name the column days if these are days"
        sheet.problem(rows[0].line, "months", rows[0].written("months"), message, fix)


def _computed(row: Row, patient: Row | None, visit: Row | None, sheets: Sheets) -> str:
    """The record from which the workflow would compute this endpoint; "" where there is none."""
    if visit is not None:
        return f"{sheets['assessments'].file}:{visit.line}"
    if row["endpoint"] != "OS" or patient is None:
        return ""
    dates = [name for name in FOLLOW_UP if patient.written(name)]
    start = patient.written("c1d1") or patient.written("enrolment_date")
    return (
        f"{sheets['patients'].file}:{patient.line} ({dates[0]} {patient.written(dates[0])})"
        if start and dates
        else ""
    )


def _responses(sheets: Sheets) -> None:
    sheet, visits = sheets["patients"], _first_visits(sheets["assessments"])
    for row in sheet.rows:
        visit = visits.get(row["patient"])
        if row["given_best_response"] and visit is not None:
            where = f"{sheets['assessments'].file}:{visit.line}"
            message = f"is derived for {row['patient']} from {where}"
            fix = "clear the cell: a given response counts only without assessments"
            sheet.problem(row.line, "given_best_response", row["given_best_response"], message, fix)


def _calls(sheet: Sheet, settings: Settings) -> None:
    if not sheet.rows:
        return
    known = config_check.call_names(settings)
    copies = config_check.section(settings, "copy_number")
    _same_attribute(sheet, known)
    for row in sheet.rows:
        _name(row, known, sheet)
        for first, message, fix in _contradictions(row, copies):
            sheet.problem(row.line, first, row.written(first), message, fix)


def _same_attribute(sheet: Sheet, known: Iterable[str]) -> None:
    """New names that would be one column with another name in cBioPortal, where letters, digits and _ are told apart."""
    taken = {name: f"the sample attribute {name}" for name in ATTRIBUTES}
    taken |= {attribute_name(name): name for name in sorted(known)}
    for row in sheet.rows:
        name = row["abnormality"]
        key = attribute_name(name or "")
        other = taken.setdefault(key, name) if name and name not in known else name
        if not key and name and name not in known:
            fix = "give it letters or digits"
            sheet.problem(row.line, "abnormality", name, "has no letter and no digit", fix)
        elif other != name:
            message = f"is the same as {other} where only letters and digits count ({key})"
            fix = f"rename it, or write {other}" if other in known else "rename it"
            sheet.problem(row.line, "abnormality", name, message, fix)


def _name(row: Row, known: Iterable[str], sheet: Sheet) -> None:
    name = row["abnormality"]
    if name and name not in known and not row["kind"]:
        fix = (
            f"{suggestion(name, known, 'known abnormalities')} A new one needs its family in the column kind"
        )
        sheet.problem(row.line, "abnormality", name, "unknown abnormality", fix)
    if name in known and row["kind"]:
        fix = "leave kind empty: it is for abnormalities that the workflow does not know"
        sheet.problem(row.line, "kind", row["kind"], f"{name} is known", fix)


def state_by_copies(name: str, copies: float | None, rules: Mapping) -> str:
    """present or absent by the copies of the region; "" where the name says no direction or nothing is given.

    rules: config section `copy_number`. amp...: amp_copies or more; gain... and trisomy...: gain_copies or more;
    del... and monosomy...: fewer than two.
    """
    if copies is None:
        return ""
    if name.startswith("amp"):
        return "present" if copies >= rules["amp_copies"] else "absent"
    if name.startswith(("gain", "trisomy")):
        return "present" if copies >= rules["gain_copies"] else "absent"
    if name.startswith(("del", "monosomy")):
        return "present" if copies < 2 else "absent"
    return ""


def state_by_percent(percent: float | None, cutoff: float | None) -> str:
    """present from the laboratory's limit on, absent below; "" without one of the two."""
    if percent is None or cutoff is None:
        return ""
    return "present" if percent >= cutoff else "absent"


def least_percent(name: str, rules: Mapping) -> float | None:
    """Share of cells (percent) from which an abnormality counts whatever the limit of the laboratory; None: no such limit.

    del17p: `min_clonal_fraction` of the config section `copy_number` (IMS 2025: 20 % of the plasma cells; limits of
    laboratories lie at 5 to 10 %, where a probe begins to be positive at all).
    """
    return 100 * rules["min_clonal_fraction"] if name == "del17p" else None


def _contradictions(row: Row, copies: Mapping) -> Iterable[tuple[str, str, str]]:
    """(column, what is wrong, the fix)."""
    by_copies = state_by_copies(row["abnormality"], row["copies"], copies)
    by_percent = state_by_percent(row["percent"], row["cutoff_percent"])
    found = {"state": row["state"], "copies": by_copies, "percent": by_percent}
    told = {name: state for name, state in found.items() if state}
    if not told:
        fix = "give state, or percent and cutoff_percent, or the copies of a gain, amplification or deletion"
        yield "state", "nothing says whether it is present", fix
    if len(set(told.values())) > 1 and row["state"] != "not_assessable":
        said = ", ".join(f"{state} by {name}" for name, state in told.items())
        yield next(iter(told)), f"the row contradicts itself: {said}", "correct the one that is wrong"
