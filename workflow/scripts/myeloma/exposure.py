"""What was given against what the protocol plans, and every change of a dose.

Relative dose intensity = mg given / mg planned in all cycles that the patient started, also those after the drug
was stopped; `intensity_until_stop` counts them up to the last cycle with the drug. `dose_intensity_over_time`
also counts delays: (mg given / days taken) / (mg planned / days planned) (Hryniuk and Bush, J Clin Oncol
1984;2:1281), which is the first times planned over actual days. A cycle that the data cut divides counts the
doses due by then. Planned doses: `trial.regimen`.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from myeloma import phases
from myeloma.tables import DRUGS
from myeloma.visits import day, word

PHASES = ("induction", "maintenance")
EXPOSURE = [
    "patient", "phase", "drug", "cycles", "planned_mg", "given_mg", "doses_planned", "doses_taken", "doses_not_taken",
    "doses_not_recorded", "relative_dose_intensity", "dose_intensity_over_time", "intensity_until_stop", "planned_days", "actual_days",
    "reductions", "delays", "interruptions", "omissions", "discontinued", "stop_date", "stop_reason", "reason",
]  # fmt: skip
CHANGES = [
    "patient", "drug", "date", "time", "cycle", "day", "phase", "change", "change_reason", "dose_mg", "planned_mg",
    "recorded", "counted", "reason",
]  # fmt: skip
COUNTED = {
    "reductions": "reduced",
    "delays": "delayed",
    "interruptions": "interrupted",
    "omissions": "omitted",
}


@dataclass(frozen=True)
class Plan:
    """Planned dose of one day (mg; None: the patient's age is not known) and the days of the cycle."""

    mg: float | None
    days: tuple[int, ...]


@dataclass(frozen=True)
class Cycle:
    """One cycle that the patient started: first day, phase, days to the next start and days planned."""

    number: int
    start: datetime.date
    phase: str
    planned_days: int
    actual_days: int


def plan(trial: Mapping[str, Any], phase: str, drug: str, age: float | None) -> Plan | None:
    """What the protocol gives of a drug in a phase; None: nothing (dexamethasone at maintenance)."""
    found = trial["regimen"].get(phase, {}).get(drug)
    if not found:
        return None
    mg = found["mg"]
    if "mg_elderly" in found:
        mg = None if age is None else found["mg_elderly"] if age >= found["elderly_from_age"] else mg
    return Plan(mg, tuple(found["days"]))


def cycles(
    rows: Sequence[Mapping[str, Any]], person: Mapping[str, Any], trial: Mapping[str, Any]
) -> list[Cycle]:
    """The cycles that one patient started: with a dose of any drug, or on record before a later one with a dose.

    A cycle starts on its day 1, of which each row tells the date (date - (day - 1)), also when nothing was taken
    on it. Cycles after the last dose, held as a whole, were not started.
    Maintenance: cycles after the planned number of induction cycles, or begun after `end_of_induction`.
    The last cycle of a phase has its planned length: the pause before maintenance is no delay.
    """
    starts = phases.cycle_starts(rows)
    made, order = [], sorted(starts)
    planned, ended = trial["induction"]["cycles"], person["end_of_induction"]
    phase_of = {cycle: phases.phase_of_cycle(cycle, starts[cycle], ended, planned) for cycle in order}
    for cycle, later in zip(order, [*order[1:], None], strict=True):
        phase, length = phase_of[cycle], trial[phase_of[cycle]]["cycle_days"]
        goes_on = later is not None and phase_of[later] == phase
        actual = (starts[later] - starts[cycle]).days if goes_on else length
        made.append(Cycle(cycle, starts[cycle], phase, length, actual))
    return made


def table(
    dosing: pd.DataFrame,
    patients: Sequence[Mapping[str, Any]],
    trial: Mapping[str, Any],
    cut: datetime.date,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """EXPOSURE and CHANGES of treated patients, from dosing rows up to the cut.

    patients: rows with patient, age, c1d1, end_of_induction, end_of_treatment, end_of_treatment_reason,
    death_date. A treated patient without a dosing row has no row in either.
    """
    by_patient = {p: part.to_dict("records") for p, part in dosing.groupby("patient", sort=True)}
    exposures, changes = [], []
    for person in patients:
        rows = by_patient.get(person["patient"], [])
        if person["c1d1"] is None or not rows:
            continue
        rows = sorted(rows, key=lambda r: (r["date"], word(r.get("time"))))
        person = person | {"last_row": rows[-1]["date"]}
        mine = cycles(rows, person, trial)
        phase_of = {c.number: c.phase for c in mine}
        for drug in DRUGS:
            of_drug = [r for r in rows if r["drug"] == drug]
            found = _changes(of_drug, person, drug, trial, phase_of)
            stop = _stop(found, of_drug, person, drug, trial, mine)
            changes += found
            exposures += _exposures(of_drug, mine, found, stop, person, drug, trial, cut)
    return pd.DataFrame(exposures, columns=EXPOSURE), pd.DataFrame(changes, columns=CHANGES)


# ---------------------------------------------------------------- changes


def _changes(rows, person, drug, trial, phase_of) -> list[dict[str, Any]]:
    """Every recorded change, and falls of the dose or missed doses that no change explains."""
    found, held, before, delayed = [], "", None, set()
    for row in rows:
        phase = phase_at(int(row["cycle"]), phase_of)
        planned = plan(trial, phase, drug, person["age"])
        change, mg = word(row["change"]), float(row["dose_mg"])
        for kind, recorded, counted, why in _verdicts(
            change, mg, planned, before, held, int(row["cycle"]) in delayed, phase, row, trial, drug
        ):
            found.append(
                {
                    "patient": person["patient"], "drug": drug, "date": row["date"], "time": word(row.get("time")),
                    "cycle": int(row["cycle"]), "day": int(row["day"]), "phase": phase, "change": kind,
                    "change_reason": word(row["change_reason"]), "dose_mg": mg,
                    "planned_mg": None if planned is None else planned.mg, "recorded": recorded,
                    "counted": counted, "reason": why,
                }
            )  # fmt: skip
        # a stop or an interruption lasts until the drug is taken again
        held = change if change in ("interrupted", "stopped") else held if mg == 0 else ""
        if change == "delayed":
            delayed.add(int(row["cycle"]))
        if mg > 0:
            before = (mg, None if planned is None else planned.mg)
    return found


def phase_at(cycle: float, phase_of: Mapping[int, str]) -> str:
    """Phase of a cycle; one that was not started belongs to that of the cycle before it."""
    known = [c for c in phase_of if c <= cycle]
    return phase_of[max(known)] if known else "induction"


def _verdicts(
    change, mg, planned, before, held, late, phase, row, trial, drug
) -> list[tuple[str, str, str, str]]:
    """(change, recorded, counted, reason) of one dosing row; none: as planned, or as the row before.

    A delayed dose below the one before is two changes: the sheet has one word per row.
    """
    told = _verdict(change, mg, planned, before, held, late, phase, row, trial, drug)
    made = [] if told is None else [told]
    if planned is not None and change == "delayed" and mg > 0 and _lowered(mg, planned.mg, before):
        made.append(("reduced", "no", "yes", "recorded as delayed; below the planned dose as well"))
    return made


def _verdict(
    change, mg, planned, before, held, late, phase, row, trial, drug
) -> tuple[str, str, str, str] | None:
    """The change of one dosing row by its own word; None: as planned, or as the row before.

    held: the stop or interruption that still lasts, else "". late: the cycle has a delay of this drug already.
    """
    if planned is None:
        if change:
            return change, "yes", "no", f"the protocol gives no {drug} at {phase}"
        return ("given", "no", "no", f"the protocol gives no {drug} at {phase}") if mg > 0 else None
    if change == "stopped" and mg > 0 and _last_planned(row, phase, drug, planned, trial):
        return change, "yes", "no", f"last planned dose: the protocol ends {drug} with induction"
    if change == "stopped":
        return change, "yes", "yes", ""
    if change == "delayed":
        return None if late else (change, "yes", "yes", "")
    if change == "interrupted":
        return None if held == change else (change, "yes", "yes", "")
    if mg == 0 and not change and held:
        return None
    if mg == 0:
        why = "" if change else "dose 0 without a change: counted as omitted"
        return "omitted", "yes" if change == "omitted" else "no", "yes", why
    lowered = _lowered(mg, planned.mg, before)
    if change == "reduced":
        if lowered is None:
            return change, "yes", "yes", "the planned dose is not known: no age"
        if lowered:
            return change, "yes", "yes", ""
        if planned.mg is not None and mg >= planned.mg:
            return change, "yes", "no", "not below the planned dose"
        return None  # the reduction before goes on
    if lowered:
        return "reduced", "no", "yes", "below the planned dose without a recorded change"
    return (change, "yes", "no", "a dose was taken") if change else None


def _lowered(mg: float, planned: float | None, before: tuple[float, float | None] | None) -> bool | None:
    """Is this dose a step down? At the start of maintenance the planned dose rises: a full dose before is
    compared with the new plan, a reduced one with itself."""
    if planned is None:
        return None
    if mg >= planned:
        return False
    if before is None:
        return True
    taken, planned_then = before
    full = planned_then is not None and taken >= planned_then
    return True if full else mg < taken


def _last_planned(row, phase, drug, planned, trial) -> bool:
    """Is it the last planned dose of a drug that maintenance does not have?"""
    ends = "maintenance" not in trial["regimen"] or not trial["regimen"]["maintenance"].get(drug)
    last = int(row["cycle"]) == trial["induction"]["cycles"] and int(row["day"]) >= max(planned.days)
    return ends and phase == "induction" and last


def _stop(found, rows, person, drug, trial, mine) -> tuple[datetime.date, str, str] | None:
    """(date, reason, phase) of the discontinuation: recorded and never taken again, or end of treatment."""
    taken = [r["date"] for r in rows if r["dose_mg"] > 0]
    for change in found:
        if (
            change["change"] == "stopped"
            and change["counted"] == "yes"
            and max(taken, default=change["date"]) <= change["date"]
        ):
            return change["date"], change["change_reason"] or "not given", change["phase"]
    end, reason = person["end_of_treatment"], person["end_of_treatment_reason"]
    phase = mine[-1].phase if mine else "induction"
    if end is None or reason == "completed" or plan(trial, phase, drug, person["age"]) is None:
        return None
    return end, f"end of treatment: {reason or 'not given'}", phase


# ---------------------------------------------------------------- exposure


def _exposures(rows, mine, found, stop, person, drug, trial, cut) -> list[dict[str, Any]]:
    """Rows of induction, maintenance and all, of the phases that plan or gave the drug."""
    last = max((int(r["cycle"]) for r in rows if r["dose_mg"] > 0), default=0)
    made, parts = [], []
    for phase in PHASES:
        of_phase = [c for c in mine if c.phase == phase]
        numbers = {c.number for c in of_phase}
        taken = [r for r in rows if int(r["cycle"]) in numbers]
        planned = plan(trial, phase, drug, person["age"])
        if not of_phase or (planned is None and not any(r["dose_mg"] > 0 for r in taken)):
            continue
        parts.append(_part(taken, of_phase, planned, person, stop, last, cut))
        changes = [c for c in found if c["phase"] == phase]
        stopped = stop if stop is not None and stop[2] == phase else None
        made.append(_row(person, phase, drug, parts[-1:], changes, stopped, mine))
    if parts:
        made.append(_row(person, "all", drug, parts, found, stop, mine))
    return made


def _part(rows, of_phase, planned, person, stop, last, cut) -> dict[str, Any]:
    """Sums of one phase. Doses due after the cut are not planned yet; those due after the stop, after
    the last row of any drug once treatment has ended, or after death are planned, but nobody has to record them."""
    ended = person["end_of_treatment"] and min(person["end_of_treatment"], person["last_row"])
    ends = [d for d in (ended, person["death_date"], stop and stop[0], cut) if d is not None]
    due = until_stop = missing = 0
    for cycle in of_phase if planned is not None else ():
        dates = [cycle.start + datetime.timedelta(days=d - 1) for d in planned.days]
        here = sum(date <= cut for date in dates)
        due += here
        until_stop += here if stop is None or cycle.number <= last else 0
        mine = [r for r in rows if int(r["cycle"]) == cycle.number]
        paused = any(word(r["change"]) == "interrupted" for r in mine)
        expected = 0 if paused else sum(date <= min(ends) for date in dates)
        missing += max(0, expected - len(mine))
    mg = 0.0 if planned is None else planned.mg
    return {
        "cycles": len(of_phase),
        "planned_mg": None if mg is None else mg * due,
        "given_mg": float(sum(r["dose_mg"] for r in rows)),
        "doses_planned": due,
        "doses_taken": sum(r["dose_mg"] > 0 for r in rows),
        "doses_not_taken": sum(r["dose_mg"] == 0 for r in rows),
        "doses_not_recorded": missing,
        "planned_days": sum(c.planned_days for c in of_phase),
        "actual_days": sum(c.actual_days for c in of_phase),
        "until_stop_mg": None if mg is None else mg * until_stop,
    }


def _row(person, phase, drug, parts, changes, stop, mine) -> dict[str, Any]:
    total = {
        name: None if any(p[name] is None for p in parts) else sum(p[name] for p in parts)
        for name in parts[0]
    }
    until_stop = total.pop("until_stop_mg")
    why = _why_no_intensity(total, parts, mine)
    intensity = None if why else total["given_mg"] / total["planned_mg"]
    counted = [c["change"] for c in changes if c["counted"] == "yes"]
    return {
        "patient": person["patient"], "phase": phase, "drug": drug, **total,
        "relative_dose_intensity": intensity,
        "dose_intensity_over_time": None if why else intensity * total["planned_days"] / total["actual_days"],
        "intensity_until_stop": None if why or not until_stop else total["given_mg"] / until_stop,
        **{name: counted.count(change) for name, change in COUNTED.items()},
        "discontinued": "yes" if stop else "no",
        "stop_date": stop[0] if stop else None,
        "stop_reason": stop[1] if stop else "",
        "reason": why,
    }  # fmt: skip


def _why_no_intensity(total, parts, mine) -> str:
    """Why there is no relative dose intensity; a dose without a record is neither 0 nor the planned one."""
    if total["planned_mg"] is None:
        return "planned dose not known: the age is not given"
    if any(not p["planned_mg"] and p["given_mg"] for p in parts):
        return "given where the protocol plans none"
    if not total["planned_mg"]:
        return "no dose was due"
    numbers = {c.number for c in mine}
    gaps = sorted(set(range(1, max(numbers) + 1)) - numbers)
    if gaps:
        return f"cycle without a dose on record: {', '.join(map(str, gaps))}"
    if missing := total["doses_not_recorded"]:
        low = total["given_mg"] / total["planned_mg"]
        high = low + missing / total["doses_planned"]
        return (
            f"{missing} of {total['doses_planned']} planned doses without a record: {low:.2f} to {high:.2f}"
        )
    return ""


def last_doses(dosing: pd.DataFrame) -> dict[str, datetime.date]:
    """Patient -> last day on which any drug was taken."""
    taken = dosing[dosing["dose_mg"].astype(float) > 0]
    return {patient: max(map(day, part["date"])) for patient, part in taken.groupby("patient")}
