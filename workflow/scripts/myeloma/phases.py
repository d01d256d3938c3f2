"""Where induction ends and whether maintenance began: from the record, else from dosing, else by plan.

Induction has 17 cycles or an earlier stop (trial record), however long delays stretch it. Only dosing knows which
cycle a day belongs to; the calendar alone never says that maintenance began. Pure functions, used by the response
and by the exposure, so that both speak of the same cycles.
"""

import datetime
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from myeloma.visits import Date, day

INDUCTION, MAINTENANCE = "induction", "maintenance"
YES, NO, NOT_KNOWN = "yes", "no", "not_known"
STATES = (YES, NO, NOT_KNOWN)
#: Where the end of induction comes from; "" = it has not ended, or was never begun.
SOURCES = ("recorded", "dosing", "stop", "plan", "")
ENDS = ("end_of_treatment", "new_therapy_date", "death_date")


@dataclass(frozen=True)
class Schedule:
    """Planned induction cycles and days of a cycle in both phases (config `trial`)."""

    induction_cycles: int
    induction_cycle_days: int
    maintenance_cycle_days: int


@dataclass(frozen=True)
class Course:
    """end: last day that counts as induction, None while no record ends it. maintenance: STATES."""

    end: Date | None
    source: str
    maintenance: str
    reason: str


def cycle_starts(rows: Iterable[Mapping[str, Any]]) -> dict[int, Date]:
    """Cycle -> its day 1 (earliest date - (day - 1) of its rows), up to the last cycle with a dose above 0.
    `exposure.cycles` builds on it."""
    rows = list(rows)
    last = max((int(r["cycle"]) for r in rows if r["dose_mg"] > 0), default=0)
    starts: dict[int, Date] = {}
    for row in rows:
        number = int(row["cycle"])
        first = day(row["date"]) - datetime.timedelta(days=int(row["day"]) - 1)
        if number <= last:
            starts[number] = min(starts.get(number, first), first)
    return dict(sorted(starts.items()))


def phase_of_cycle(cycle: int, start: Date, end_of_induction: Date | None, induction_cycles: int) -> str:
    """Maintenance: a cycle after the planned number of induction cycles, or begun after the recorded end."""
    later = cycle > induction_cycles or (end_of_induction is not None and start > end_of_induction)
    return MAINTENANCE if later else INDUCTION


def course(
    person: Mapping[str, Any],
    rows: Collection[Mapping[str, Any]],
    seen: Collection[Date],
    schedule: Schedule,
) -> Course:
    """Course of one patient. person: row of `visits.patient_rows`; rows: dosing of the patient (date, cycle, day,
    dose_mg), none when nothing is on record; seen: days of assessments. All as known at the data cut."""
    if person["c1d1"] is None:
        return Course(None, "", NO, "never treated")
    starts = cycle_starts(rows)
    ended = min((person[name] for name in ENDS if person[name] is not None), default=None)
    known = [
        *seen,
        *(day(r["date"]) for r in rows if r["dose_mg"] > 0),
        person["last_contact"],
        person["c1d1"],
    ]
    until = ended or max(d for d in known if d is not None)
    if starts:
        return _from_dosing(person, starts, ended, until, schedule)
    if person["end_of_induction"] is not None:
        return _from_record(person, seen, ended, until)
    planned = person["c1d1"] + datetime.timedelta(
        days=schedule.induction_cycles * schedule.induction_cycle_days
    )
    said = f"no recorded end of induction and no dosing row; planned end {planned}"
    if until <= planned:
        end = (ended, "stop") if ended is not None else (planned, "plan")
        what = "treatment ended" if ended is not None else "last record"
        return Course(*end, NO, f"{said}, {what} {until}")
    what = "treatment may have gone on to" if ended is not None else "seen until"
    return Course(planned, "plan", NOT_KNOWN, f"{said}, which delays may move; {what} {until}")


def _from_dosing(person, starts: Mapping[int, Date], ended, until: Date, schedule: Schedule) -> Course:
    recorded, count = person["end_of_induction"], schedule.induction_cycles
    onward = [c for c, s in starts.items() if phase_of_cycle(c, s, recorded, count) == MAINTENANCE]
    if onward:
        first = min(onward, key=lambda c: (starts[c], c))
        source = (recorded, "recorded") if recorded is not None else (starts[first], "dosing")
        told = f"end of induction {recorded}, " if recorded is not None else ""
        return Course(*source, YES, f"{told}maintenance from cycle {first} on {starts[first]} (dosing)")
    last = max(starts)
    left = datetime.timedelta(days=(count - last + 1) * schedule.induction_cycle_days)
    earliest = recorded or starts[last] + left
    said = f"last cycle on record {last}, begun {starts[last]} (dosing)"
    said = f"end of induction {recorded}, {said}" if recorded is not None else said
    # a whole maintenance cycle would fit behind the last dose on record: it may be missing from the sheet
    if until >= earliest + datetime.timedelta(days=schedule.maintenance_cycle_days):
        what = "treatment may have gone on to" if ended is not None else "seen until"
        end = (recorded, "recorded") if recorded is not None else (earliest, "plan")
        return Course(*end, NOT_KNOWN, f"{said}; {what} {until} without a dosing row")
    if recorded is not None:
        return Course(recorded, "recorded", NO, said)
    return Course(ended, "stop" if ended is not None else "", NO, said)


def _from_record(person, seen: Collection[Date], ended, until: Date) -> Course:
    end, stopped = person["end_of_induction"], person["end_of_treatment"]
    said = f"end of induction {end}, no dosing row"
    if stopped is not None and stopped > end and until > end:
        return Course(end, "recorded", YES, f"{said}, end of treatment {stopped}")
    on = [d for d in seen if d > end and (ended is None or d <= ended)]
    if on:
        return Course(end, "recorded", YES, f"{said}, on treatment on {min(on)}")
    if stopped is None and until > end:
        return Course(end, "recorded", NOT_KNOWN, f"{said}, no end of treatment, seen until {until}")
    return Course(end, "recorded", NO, f"{said}, no record of treatment after it")


def phase_of(date: Date, person: Mapping[str, Any], found: Course) -> str:
    """baseline, induction, maintenance, after_treatment; "" without C1D1, or after induction when no record says
    that maintenance began."""
    if person["c1d1"] is None:
        return ""
    if date <= person["c1d1"]:
        return "baseline"
    ended = [person[name] for name in ENDS if person[name] is not None]
    if ended and date > min(ended):
        return "after_treatment"
    if found.end is None or date <= found.end:
        return INDUCTION
    return MAINTENANCE if found.maintenance == YES else ""
