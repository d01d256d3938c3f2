"""Times to event: one row per patient, endpoint and rule set, with the record that decided.

Definitions: docs/analysis-plan.md, Endpoints. days = date - start + 1, months = days / days_per_month.
Pure functions over the patients frame and the summaries of `response.summarise`.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from myeloma.response import Summary
from myeloma.visits import PATIENT_DATES, Date, day, patient_rows

#: A date field and what is only known with it: blanked together at a data cut.
DEPENDS = {
    "end_of_treatment": ("end_of_treatment_reason",),
    "death_date": ("death_cause",),
    "end_date": ("outcome",),
}
#: The date of a row: when it happened or began. A row of a later date is not known at the cut.
ROW_DATES = ("date", "start_date")


def cut_rows(frame: pd.DataFrame, cut: Date | Mapping[str, Date] | None) -> pd.DataFrame:
    """Rows of any dated table (dosing, adverse events, laboratory, concentrations, ...) known on the day of
    the cut: rows that begin later are dropped, a later `end_date` is blanked with what depends on it.

    frame: `patient` and at least one of ROW_DATES; the index of the kept rows stays. cut: as in `apply_cut`.
    A row without a date stays: nothing says that it is later. Raises ValueError without a date column.
    """
    if cut is None:
        return frame
    names = [name for name in ROW_DATES if name in frame.columns]
    if not names:
        raise ValueError(f"no date to cut by: the table has none of {', '.join(ROW_DATES)}")
    limit = _limit(cut)
    known = [
        all(day(row[name]) is None or day(row[name]) <= limit(row["patient"]) for name in names)
        for row in frame[["patient", *names]].to_dict("records")
    ]
    kept = frame[pd.Series(known, index=frame.index, dtype=bool)]
    return _blank_later(kept, ("end_date",), limit) if "end_date" in kept.columns else kept


def _limit(cut: Date | Mapping[str, Date]):
    return lambda patient: (cut.get(patient) if isinstance(cut, Mapping) else cut) or Date.max


def _blank_later(frame: pd.DataFrame, names: Sequence[str], limit) -> pd.DataFrame:
    """Dates after the limit of the patient are emptied, with the fields that depend on them."""
    touched = {name: [f for f in (name, *DEPENDS.get(name, ())) if f in frame.columns] for name in names}
    blanked = frame.astype({field: object for fields in touched.values() for field in fields})
    for at, row in frame.iterrows():
        for name, fields in touched.items():
            date = day(row.get(name))
            if date is not None and date > limit(row["patient"]):
                blanked.loc[at, fields] = None
    return blanked


def apply_cut(
    patients: pd.DataFrame, assessments: pd.DataFrame, cut: Date | Mapping[str, Date] | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both tables as known on the day of the cut: later rows dropped, later-dated fields blanked.

    cut: one date for all, patient -> date (a landmark; patients without one stay as they are), or None.
    Patients stay, also those enrolled later: they have nothing then.
    """
    if cut is None:
        return patients, assessments

    return _blank_later(patients, PATIENT_DATES, _limit(cut)), cut_rows(assessments, cut)


def latest_date(patients: pd.DataFrame, assessments: pd.DataFrame) -> Date | None:
    """The latest date in the clinical tables: the data cut when the config names none."""
    seen = [day(d) for d in assessments["date"]]
    seen += [day(v) for name in PATIENT_DATES if name in patients for v in patients[name]]
    return max((d for d in seen if d is not None), default=None)


@dataclass(frozen=True)
class Outcome:
    """What happened: event or censoring, when, why, and the record."""

    date: Date
    event: bool
    why: str
    record: str


@dataclass(frozen=True)
class _Case:
    """One patient with what every endpoint needs."""

    row: Mapping[str, Any]
    found: Summary
    start: Date
    treated: bool

    @property
    def name(self) -> str:
        return self.found.patient

    def died(self, *causes: str) -> Outcome | None:
        date, cause = self.row["death_date"], self.row["death_cause"] or "unknown"
        if date is None or (causes and cause not in causes):
            return None
        word = {"myeloma": "death from myeloma", "other": "death of another cause"}.get(
            cause, "death of unknown cause"
        )
        return Outcome(date, True, word, f"patients.tsv {self.name} death_date {date}")

    def visit(self, date: Date | None, why: str) -> Outcome | None:
        return None if date is None else Outcome(date, True, why, f"assessments.tsv {self.name} {date}")

    def progressed(self) -> Outcome | None:
        return self.visit(self.found.progression_date, "confirmed progression")

    def last_adequate(self, until: Date | None = None, why: str = "no event") -> Outcome:
        """Last adequate (not NE) visit, on or before `until`; without one, censored on day 1."""
        dates = [v["date"] for v in self.found.adequate() if until is None or v["date"] <= until]
        if dates:
            record = f"assessments.tsv {self.name} {max(dates)}"
            return Outcome(max(dates), False, f"{why}: last adequate assessment", record)
        field = "c1d1" if self.treated else "enrolment_date"
        none = "no adequate assessment after the start"
        return Outcome(self.start, False, f"{why}: {none}", f"patients.tsv {self.name} {field} {self.start}")


def _first(*outcomes: Outcome | None) -> Outcome | None:
    return min((o for o in outcomes if o is not None), key=lambda o: o.date, default=None)


def cases(patients: pd.DataFrame, found: Mapping[str, Summary]) -> list[_Case]:
    """Start = C1D1, or the day of enrolment when never treated; patients with neither have no endpoint."""
    made = []
    for patient, row in patient_rows(patients).items():
        start = row["c1d1"] or row["enrolment_date"]
        if start is not None:
            made.append(_Case(row, found[patient], start, row["c1d1"] is not None))
    return made


# ---------------------------------------------------------------- rule set trial and its sensitivities


def _censored(case: _Case, events: Sequence[str]) -> Outcome:
    """Censoring of the trial set, with the reason a reader asks for."""
    why = "no event"
    if case.found.unconfirmed_date is not None and case.found.progression_date is None:
        why = f"unconfirmed progression {case.found.unconfirmed_date}"
    death = case.died()
    if death is not None and "death" not in events:
        why = f"{death.why} {death.date}"
    return case.last_adequate(why=why)


def _ttp(case: _Case, *causes: str) -> Outcome:
    return _first(case.progressed(), case.died(*(causes or ("myeloma",)))) or _censored(case, ("PD",))


def _pfs(case: _Case) -> Outcome:
    return _first(case.progressed(), case.died()) or _censored(case, ("PD", "death"))


def _unconfirmed(case: _Case, outcome: Outcome) -> Outcome:
    """Sensitivity: an unconfirmed PD counts, at its date."""
    doubtful = case.visit(case.found.unconfirmed_date, "unconfirmed progression")
    if doubtful is None or (outcome.event and outcome.date <= doubtful.date):
        return outcome
    return doubtful


def _new_therapy(case: _Case, outcome: Outcome) -> Outcome:
    """Censored at the last adequate visit before the next therapy, if the outcome is not before it."""
    therapy = case.row["new_therapy_date"]
    if therapy is None or (outcome.date < therapy):
        return outcome
    return case.last_adequate(therapy - datetime.timedelta(days=1), f"next therapy {therapy}")


def relapse_from_cr(case: _Case, marrow_percent: float, raw: Mapping[str, Any]) -> Outcome | None:
    """First visit after a confirmed CR with a positive immunofixation that the next result repeats, or with
    marrow plasma cells at or above `marrow_percent` (Kumar 2016: relapse from CR)."""
    complete = case.found.first_confirmed("CR")
    if complete is None:
        return None
    later = [v for v in raw.get(case.name, ()) if v.date > complete["date"] and v.evaluable]
    fixed = [v for v in later if v.get("serum_ife") or v.get("urine_ife")]
    positive = ["positive" in (v.get("serum_ife"), v.get("urine_ife")) for v in fixed]
    again = [v for v, now, then in zip(fixed, positive, positive[1:], strict=False) if now and then]
    marrow = [v for v in later if (v.get("marrow_pc_percent") or 0) >= marrow_percent]
    dates = [v.date for v in (*again, *marrow)]
    return case.visit(min(dates, default=None), "relapse from CR")


def _symptoms(case: _Case, raw: Mapping[str, Any]) -> tuple[Date | None, Date | None]:
    """(onset, first visit after the start with symptoms of which no record says that they were absent before).

    Onset: the first recorded `yes` after the start whose record before is `no`, at baseline or later. Falls
    of haemoglobin or rises of creatinine and calcium are not taken by themselves: whether they come from the
    myeloma or from the treatment is a clinician's judgement, recorded in `symptoms`.
    """
    told = [(v.date, v.get("symptoms")) for v in raw.get(case.name, ()) if v.get("symptoms")]
    before = [None, *(word for _, word in told)]
    there = [(date, was) for (date, word), was in zip(told, before, strict=False) if word == "yes"]
    onset = min((d for d, was in there if was == "no" and d > case.start), default=None)
    return onset, min((d for d, _ in there if d > case.start), default=None)


def _efs(case: _Case, raw: Mapping[str, Any], marrow_percent: float) -> Outcome:
    cr, (onset, ill) = relapse_from_cr(case, marrow_percent, raw), _symptoms(case, raw)
    clinical = case.visit(onset, "clinical relapse: onset of symptoms")
    event = _first(case.progressed(), cr, clinical, case.died())
    if event is not None:
        return event
    outcome = _censored(case, ("PD", "death"))
    if ill is None:
        return outcome
    # whether they are old or new nobody wrote down: no event, and said, so that it can be looked up
    return replace(outcome, why=f"{outcome.why}; symptoms on {ill} without a record of their absence before")


def _os(case: _Case) -> Outcome:
    death = case.died()
    if death:
        return death
    names = ("last_contact", "end_of_treatment", "new_therapy_date", "end_of_induction")
    seen = [
        (case.row[n], f"patients.tsv {case.name} {n} {case.row[n]}") for n in names if case.row[n] is not None
    ]
    seen += [(v["date"], f"assessments.tsv {case.name} {v['date']}") for v in case.found.visits]
    field = "c1d1" if case.treated else "enrolment_date"
    seen.append((case.start, f"patients.tsv {case.name} {field} {case.start}"))
    date, record = max((s for s in seen if s[0] >= case.start), key=lambda s: s[0])
    return Outcome(date, False, "alive at last contact", record)


# ---------------------------------------------------------------- rule set fda


def _allowed_gap(case: _Case, since: Date, rules: Mapping[str, Any]) -> int:
    """Days without an adequate visit that are still close follow-up: missed visits x cycle + window."""
    end = case.found.course.end
    induction = not case.treated or end is None or since < end
    cycle = rules["induction_cycle_days"] if induction else rules["maintenance_cycle_days"]
    return rules["fda_missed_visits"] * cycle + rules["fda_window_days"]


def _fda(case: _Case, event: Outcome | None, rules: Mapping[str, Any]) -> Outcome:
    """FDA (Clinical Trial Endpoints guidance, appendix): next therapy censors before it; an event after two
    or more missed visits is censored at the last adequate visit before the gap."""
    therapy = case.row["new_therapy_date"]
    if event is None:
        outcome = case.last_adequate()
        return _new_therapy(case, outcome)
    if therapy is not None and event.date >= therapy:
        return _new_therapy(case, event)
    before = [v["date"] for v in case.found.adequate() if v["date"] < event.date]
    since = max(before, default=case.start)
    allowed = _allowed_gap(case, since, rules)
    if (event.date - since).days > allowed:
        days = (event.date - since).days
        missed = f"{event.why} {event.date} after {days} days without assessment (limit {allowed})"
        return case.last_adequate(since, missed)
    return event


# ---------------------------------------------------------------- the table

COLUMNS = [
    "patient", "endpoint", "rule_set", "start_date", "end_date", "days", "months", "event", "censor_reason",
    "event_reason", "source_record",
]  # fmt: skip


def table(
    patients: pd.DataFrame, found: Mapping[str, Summary], raw: Mapping[str, Any], rules: Mapping[str, Any]
) -> pd.DataFrame:
    """ENDPOINTS of all patients.

    raw: `visits.visits_of` of the same assessments. rules: days_per_month, fda_missed_visits,
    fda_window_days, induction_cycle_days, maintenance_cycle_days, relapse_marrow_percent,
    has_assessments (False: only OS can be told).
    No row: DoR, TTR and TTBR of a patient without confirmed response; every endpoint without start date.
    """
    rows = []
    for case in cases(patients, found):
        for endpoint, rule_set, start, outcome in _outcomes(case, raw, rules):
            rows.append(_row(case, endpoint, rule_set, start, outcome, rules["days_per_month"]))
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(case: _Case, endpoint: str, rule_set: str, start: Date, outcome: Outcome, per_month: float) -> list:
    if outcome.date < start:
        raise ValueError(
            f"patient {case.name}: {endpoint} would end on {outcome.date}, before its start {start} "
            f"({outcome.record})"
        )
    days = (outcome.date - start).days + 1
    reasons = ["", outcome.why] if outcome.event else [outcome.why, ""]
    record = (
        outcome.record if case.treated else f"{outcome.record}; never treated: start is the enrolment date"
    )
    return [
        case.name,
        endpoint,
        rule_set,
        start,
        outcome.date,
        days,
        days / per_month,
        int(outcome.event),
        *reasons,
        record,
    ]


def _outcomes(case: _Case, raw: Mapping[str, Any], rules: Mapping[str, Any]):
    """Yield (endpoint, rule set, start, outcome)."""
    start, response = case.start, case.found.response_date
    for rule_set in ("trial", "fda", "ema"):
        yield "OS", rule_set, start, _os(case)
    if not rules["has_assessments"]:
        return
    marrow = rules["relapse_marrow_percent"]
    ttp, pfs, efs = _ttp(case), _pfs(case), _efs(case, raw, marrow)
    fda = {
        "TTP": _fda(case, case.progressed(), rules),
        "PFS": _fda(case, _first(case.progressed(), case.died()), rules),
        "EFS": _fda(case, efs if efs.event else None, rules),
    }
    for endpoint, outcome in (("TTP", ttp), ("PFS", pfs), ("EFS", efs)):
        yield endpoint, "trial", start, outcome
        yield endpoint, "ema", start, outcome
        yield endpoint, "fda", start, fda[endpoint]
    for endpoint, outcome in (("TTP", ttp), ("PFS", pfs)):
        yield endpoint, "trial_unconfirmed_pd", start, _unconfirmed(case, outcome)
        yield endpoint, "trial_new_therapy", start, _new_therapy(case, outcome)
    yield "TTP", "trial_unknown_death", start, _ttp(case, "myeloma", "unknown")
    yield "PFS", "trial_pd_only", start, case.progressed() or _censored(case, ("PD",))
    if response is None:
        return
    yield "DoR", "trial", response, ttp
    yield "DoR", "ema", response, ttp
    if fda["TTP"].date >= response:
        yield "DoR", "fda", response, fda["TTP"]
    reached = case.visit(response, f"first confirmed {_level_at(case, response)}")
    best = next(v for v in case.found.visits if v["confirmed_own"] == case.found.best_confirmed)
    deepest = case.visit(best["date"], f"first confirmed {case.found.best_confirmed}, the best response")
    for rule_set in ("trial", "fda", "ema"):
        yield "TTR", rule_set, start, reached
        yield "TTBR", rule_set, start, deepest


def _level_at(case: _Case, date: Date) -> str:
    return next(v["confirmed_own"] for v in case.found.visits if v["date"] == date)
