"""IMWG 2016 response: confirmation of levels, best response, progression, the tables of visits.

`confirm` works on levels alone, whoever made them (`imwg.levels`, or an investigator). Source: Kumar S et
al., Lancet Oncol 2016;17:e328-e346; what it leaves open is a switch of config `response`, each described
in docs/analysis-plan.md. Pure functions over frames.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pandas as pd

from myeloma import phases
from myeloma.imwg import RANK, RESPONSES
from myeloma.phases import Course, Schedule
from myeloma.visits import Date, day, patient_rows

# ---------------------------------------------------------------- confirmation


def confirm(frame: pd.DataFrame, switches: Mapping[str, Any]) -> pd.DataFrame:
    """Confirmed level of every row of a frame of levels; works on levels alone, whoever made them.

    frame: patient, date, level (LEVELS, "baseline" rows pass through) and optionally definite_pd (bool:
    imaging), death_confirms (bool: death from myeloma), stop_date (end of treatment for progression),
    new_therapy_date, start_date. switches: config section `response`.
    Adds confirmed_own (this row, confirmed by the next), confirmed_level (running best, PD absorbing),
    confirmed_by (date), conclusive (False: the row's own finding stays unconfirmed), how (words).
    Raises ValueError for two rows of one patient on one day.
    """
    twice = frame.duplicated(["patient", "date"])
    if twice.any():
        first = frame[twice].iloc[0]
        raise ValueError(f"patient {first['patient']}: two levels on {first['date']}; merge them first")
    ordered = frame.sort_values(["patient", "date"], kind="stable")
    made = []
    for _, rows in ordered.groupby("patient", sort=False):
        made += _confirm_patient(rows.to_dict("records"), switches)
    names = ["confirmed_own", "confirmed_level", "confirmed_by", "conclusive", "how"]
    return ordered.assign(
        **{n: pd.Series([m[n] for m in made], index=ordered.index, dtype=object) for n in names}
    )


def _confirm_patient(rows: list[dict], switches: Mapping[str, Any]) -> list[dict]:
    out, best, blanks = [], "NE", 0
    for at, row in enumerate(rows):
        blanks = blanks + 1 if row["level"] == "NE" else 0
        if row["level"] == "baseline":
            out.append(_made("baseline", "", True, "") | {"confirmed_level": "baseline"})
            continue
        nxt = _next(rows, at, switches["ne_breaks_confirmation"])
        if best == "PD":
            own = "PD" if row["level"] == "PD" else "NE"
            one = _made(
                own, "", True, "after progression: counts neither as response nor again as progression"
            )
        elif row["level"] == "PD":
            before = next((day(r["date"]) for r in reversed(rows[:at]) if r["level"] != "NE"), None)
            one = _confirm_pd(row, before, nxt, switches)
        else:
            one = _confirm_level(row, nxt, switches, blanks)
        best = "PD" if one["confirmed_own"] == "PD" else max(best, one["confirmed_own"], key=RANK.get)
        out.append(one | {"confirmed_level": best})
    return out


def _next(rows: list[dict], at: int, ne_breaks: bool) -> dict | None:
    for later in rows[at + 1 :]:
        if later["level"] != "NE":
            return later
        if ne_breaks:
            return None
    return None


def _made(own: str, by: Any, conclusive: bool, how: str) -> dict:
    return {"confirmed_own": own, "confirmed_by": by, "conclusive": conclusive, "how": how}


def _before_therapy(date: Date, therapy: Date | None, same_day: bool) -> bool:
    return therapy is None or date < therapy or (same_day and date == therapy)


def _in_a_row(blanks: int, switches: Mapping[str, Any]) -> str:
    """Words where this many visits in a row, this one the last, could not be evaluated."""
    most = switches["ne_warn_in_a_row"]
    return f"{blanks} visits in a row not evaluable" if most and blanks >= most else ""


def _confirm_level(row: dict, nxt: dict | None, switches: Mapping[str, Any], blanks: int = 0) -> dict:
    level, date = row["level"], day(row["date"])
    therapy, same = day(row.get("new_therapy_date")), switches["new_therapy_same_day"]
    if level == "NE":
        return _made("NE", "", True, _in_a_row(blanks, switches))
    if not _before_therapy(date, therapy, same):
        return _made("NE", "", True, "on the next therapy: does not count as response")
    start = day(row.get("start_date"))
    early = start is not None and (date - start).days + 1 < switches["sd_min_days"]
    stable = "NE" if early else "SD"
    if level == "SD":
        return _made(stable, "", True, "SD sooner than sd_min_days" if early else "")
    if not switches["require_confirmation"]:
        return _made(level, "", True, "confirmation switched off")
    if nxt is None or not _before_therapy(day(nxt["date"]), therapy, same):
        why = (
            "no later evaluable visit"
            if nxt is None
            else f"next visit {day(nxt['date'])} is on the next therapy"
        )
        return _made(
            stable if switches["unconfirmed_response"] == "SD" else "NE", "", False, f"unconfirmed: {why}"
        )
    after = day(nxt["date"])
    if nxt["level"] == "PD":
        return _made(stable, "", False, f"unconfirmed: next visit {after} is PD; at least SD")
    own = min(level, nxt["level"], key=RANK.get)
    late = (after - date).days > switches["confirmation_warn_days"]
    how = f"next visit {after} is {nxt['level']}"
    how += (
        f", {(after - date).days} days later (more than {switches['confirmation_warn_days']})" if late else ""
    )
    return _made(own, after, True, how)


def _confirm_pd(row: dict, before: Date | None, nxt: dict | None, switches: Mapping[str, Any]) -> dict:
    """before: date of the last evaluable visit before this one. The recorded end of treatment is the last
    day of treatment: it lies before the visit that showed PD, and in the rest days of a cycle even before the visit
    ahead of it; so much earlier it may be (pd_discontinuation_grace_days) where no later sample speaks."""
    date, stopped = day(row["date"]), day(row.get("stop_date"))
    if not switches["require_confirmation"]:
        return _made("PD", "", True, "confirmation switched off")
    if row.get("definite_pd") is True and not switches["imaging_pd_needs_confirmation"]:
        return _made("PD", date, True, "imaging or marrow progression needs no confirmation")
    therapy = day(row.get("new_therapy_date"))
    ours = nxt is not None and _before_therapy(day(nxt["date"]), therapy, switches["new_therapy_same_day"])
    if nxt is not None and nxt["level"] == "PD" and (ours or switches["pd_on_next_therapy"]):
        return _made("PD", day(nxt["date"]), True, f"confirmed by the next sample {day(nxt['date'])}")
    if switches["pd_by_death"] and row.get("death_confirms") is True and nxt is None:
        return _made("PD", "", True, "confirmed by death from myeloma")
    until = None if nxt is None else day(nxt["date"])
    grace = timedelta(days=switches["pd_discontinuation_grace_days"])
    after = stopped and (before is None or stopped > before or (nxt is None and stopped >= before - grace))
    if switches["pd_by_discontinuation"] and after and (until is None or stopped <= until):
        return _made("PD", stopped, True, f"confirmed by end of treatment for progression {stopped}")
    if nxt is None and switches["unconfirmed_pd"] == "pd_if_last":
        return _made("PD", "", True, "PD at the last visit counts (unconfirmed_pd: pd_if_last)")
    why = "no later evaluable visit" if nxt is None else f"next visit {until} is {nxt['level']}"
    why += " on the next therapy" if nxt is not None and not ours else ""
    return _made("NE", "", False, f"unconfirmed PD: {why}")


def confirm_visits(made: pd.DataFrame, patients: pd.DataFrame, limits: Mapping[str, Any]) -> pd.DataFrame:
    """`confirm` on the levels of `levels`, with each patient's death, end of treatment and next therapy."""
    known = patient_rows(patients)
    facts = pd.DataFrame(
        [
            {
                "death_confirms": row["death_cause"] == "myeloma" and row["death_date"] is not None,
                "stop_date": row["end_of_treatment"]
                if row["end_of_treatment_reason"] == "progression"
                else None,
                "new_therapy_date": row["new_therapy_date"],
                "start_date": row["c1d1"],
            }
            for row in (known[p] for p in made["patient"])
        ],
        index=made.index,
        columns=["death_confirms", "stop_date", "new_therapy_date", "start_date"],
        dtype=object,
    )
    return confirm(pd.concat([made, facts], axis=1), limits)


# ---------------------------------------------------------------- tables


def courses(
    patients: pd.DataFrame, confirmed: pd.DataFrame, dosing: pd.DataFrame | None, schedule: Schedule
) -> dict[str, Course]:
    """Patient -> end of induction and maintenance. dosing: rows known at the cut; None: the sheet is not given."""
    seen = {str(p): list(days) for p, days in confirmed.groupby("patient")["date"]}
    given = {} if dosing is None else dosing.groupby("patient")
    rows = {str(p): part.to_dict("records") for p, part in given} if len(given) else {}
    return {
        patient: phases.course(row, rows.get(patient, ()), seen.get(patient, ()), schedule)
        for patient, row in patient_rows(patients).items()
    }


def visits_table(
    confirmed: pd.DataFrame, patients: pd.DataFrame, found: Mapping[str, Course]
) -> pd.DataFrame:
    """VISITS from the frame of `confirm_visits`."""
    known = patient_rows(patients)
    out = confirmed.assign(
        phase=[
            phases.phase_of(d, known[p], found[p])
            for p, d in zip(confirmed["patient"], confirmed["date"], strict=True)
        ],
        reason=[
            "; ".join(x for x in pair if x)
            for pair in zip(confirmed["reason"], confirmed["how"], strict=True)
        ],
    )
    names = [
        "patient", "date", "visit", "day", "phase", "track", "level", "confirmed_own", "confirmed_level",
        "confirmed_by", "decided_by", "reason",
    ]  # fmt: skip
    return out[names]


@dataclass(frozen=True)
class Summary:
    """Response of one patient: what response.tsv, the endpoints and the groups are made from."""

    patient: str
    visits: tuple[dict, ...]
    best_response: str
    best_confirmed: str
    best_induction: str
    best_treatment: str
    response_date: Date | None
    progression_date: Date | None
    unconfirmed_date: Date | None
    course: Course

    def adequate(self) -> list[dict]:
        """Visits after baseline that are not NE."""
        return [v for v in self.visits if v["level"] not in ("NE", "baseline")]

    def first_confirmed(self, level: str) -> dict | None:
        """First visit whose own confirmed level is `level` or better, before progression."""
        for visit in self.visits:
            if visit["confirmed_level"] == "PD":
                return None
            if visit["confirmed_own"] in RESPONSES and RANK[visit["confirmed_own"]] >= RANK[level]:
                return visit
        return None


def summarise(
    confirmed: pd.DataFrame, patients: pd.DataFrame, found: Mapping[str, Course]
) -> dict[str, Summary]:
    """Patient -> Summary, for every patient of `patients`, with or without visits."""
    seen = {str(p): tuple(rows.to_dict("records")) for p, rows in confirmed.groupby("patient")}
    return {
        patient: _summary(patient, seen.get(patient, ()), row, found[patient])
        for patient, row in patient_rows(patients).items()
    }


def _best(names: Iterable[str]) -> str:
    return max(names, key=RANK.get, default="NE")


def _summary(patient: str, visits: tuple[dict, ...], row: Mapping[str, Any], course: Course) -> Summary:
    after = [v for v in visits if v["level"] != "baseline"]
    until = next((at for at, v in enumerate(after) if v["confirmed_level"] == "PD"), len(after) - 1)
    counted = after[: until + 1]
    therapy = row["new_therapy_date"]
    own_therapy = [v for v in counted if therapy is None or v["date"] < therapy or v["level"] == "PD"]
    confirmed = [v for v in counted if v["confirmed_own"] != "NE"]

    def by(limit: Date | None) -> str:
        return _best(v["confirmed_own"] for v in confirmed if limit is None or v["date"] <= limit)

    first = next((v for v in confirmed if RANK[v["confirmed_own"]] >= RANK["PR"]), None)
    progressed = next((v for v in counted if v["confirmed_own"] == "PD"), None)
    doubtful = next((v for v in counted if v["level"] == "PD" and not v["conclusive"]), None)
    return Summary(
        patient=patient,
        visits=visits,
        best_response=_best(v["level"] for v in own_therapy),
        best_confirmed=by(None),
        best_induction=by(course.end) if row["c1d1"] else "NE",
        best_treatment=by(row["end_of_treatment"]),
        response_date=first["date"] if first else None,
        progression_date=progressed["date"] if progressed else None,
        unconfirmed_date=doubtful["date"] if doubtful else None,
        course=course,
    )
