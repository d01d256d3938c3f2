"""EARLY_RESPONDER and POOR_RESPONDER: definitions A to E, the landmark, and the tables of the stage.

EARLY_RESPONDER is the favourable side in every definition. All limits follow the cycle length of the
phase and are inclusive: "by C1D1 + 49 days" holds on that day. See docs/analysis-plan.md, Groups.
"""

import datetime
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import greenwood
import pandas as pd

from myeloma import endpoints, imwg, markers, response, tables, visits
from myeloma.given_outcomes import Given, time_rows
from myeloma.imwg import RANK
from myeloma.phases import Schedule
from myeloma.response import Summary
from myeloma.states import EARLY, GROUPS, NEITHER, NOT_EVALUABLE, POOR
from myeloma.visits import Date

DEFINITIONS = ("A", "B", "C", "D", "E")
CHOICES = {
    "response.nadir": ("confirmed", "lowest"),
    "response.unconfirmed_response": ("NE", "SD"),
    "response.unconfirmed_pd": ("ne", "pd_if_last"),
    "groups.definition": DEFINITIONS,
    "groups.A.early_level": imwg.RESPONSES,
    "groups.A.poor_best_at_most": tuple(imwg.RANK),
    "groups.C.split": ("median", "tertile"),
    "groups.E.level": imwg.RESPONSES,
}


@dataclass(frozen=True)
class Rules:
    """The parameters of the stage, from the config."""

    groups: Mapping[str, Any]
    response: Mapping[str, Any]
    endpoints: Mapping[str, Any]
    induction_cycles: int
    induction_cycle_days: int
    maintenance_cycle_days: int

    @property
    def schedule(self) -> Schedule:
        return Schedule(self.induction_cycles, self.induction_cycle_days, self.maintenance_cycle_days)

    @property
    def early_days(self) -> int:
        """Days after C1D1 up to which (inclusive) an early response may begin: N cycles and a window."""
        return self.groups["A"]["early_cycles"] * self.induction_cycle_days + self.groups["A"]["window_days"]

    @property
    def poor_days(self) -> int:
        """Days after C1D1 up to which (inclusive) progression is early: M cycles."""
        return self.groups["A"]["poor_cycles"] * self.induction_cycle_days

    def for_endpoints(self, has_assessments: bool) -> dict[str, Any]:
        return {
            **self.endpoints,
            "induction_cycle_days": self.induction_cycle_days,
            "maintenance_cycle_days": self.maintenance_cycle_days,
            "relapse_marrow_percent": self.response["cr_marrow_below_percent"],
            "has_assessments": has_assessments,
        }


def rules_of(config: Mapping[str, Any]) -> Rules:
    """Rules from the config (sections trial, response, endpoints, groups).

    Raises ValueError for a word that is no choice: a misspelt switch must not fall to its other side.
    """
    trial = config["trial"]
    for path, choices in CHOICES.items():
        value: Any = config
        for name in path.split("."):
            value = value[name]
        if value not in choices:
            raise ValueError(f"config {path}: must be one of {', '.join(choices)}; found {value!r}")
    return Rules(
        groups=config["groups"],
        response=config["response"],
        endpoints=config["endpoints"],
        induction_cycles=trial["induction"]["cycles"],
        induction_cycle_days=trial["induction"]["cycle_days"],
        maintenance_cycle_days=trial["maintenance"]["cycle_days"],
    )


@dataclass(frozen=True)
class Grouped:
    group: str
    decided_by: str


@dataclass(frozen=True)
class Facts:
    """One patient as the definitions see it. `ttp`: (date, months, event) of rule set trial, None without.

    A given time to progression has no date; `given`: its record, `best_given`: the best response as recorded,
    `told`: is any outcome of the patient given.
    """

    row: Mapping[str, Any]
    found: Summary
    ttp: tuple[Date | None, float, bool] | None
    given: str = ""
    best_given: str = ""
    told: bool = False

    @property
    def treated(self) -> bool:
        """Has a first dose, or an outcome of treatment as given."""
        return self.row["c1d1"] is not None or self.told


# ---------------------------------------------------------------- the words


def _visit_words(visit: Mapping[str, Any]) -> str:
    label = f" {visit['visit']}" if visit["visit"] else ""
    return f"{visit['date']}{label} (day {visit['day']})"


def _response_words(visit: Mapping[str, Any]) -> str:
    by = f", confirmed {visit['confirmed_by']}" if visit["confirmed_by"] else ""
    lower = f" counted as {visit['confirmed_own']}" if visit["confirmed_own"] != visit["level"] else ""
    return f"{visit['level']}{lower} on {_visit_words(visit)}: {visit['decided_by']}{by}"


def rule_text(definition: str, rules: Rules) -> str:
    """The definition with its parameters, as it stands in every output."""
    a, e = rules.groups["A"], rules.groups["E"]
    poor = (
        f"POOR_RESPONDER = best confirmed response {a['poor_best_at_most']} or worse, or PD or death from "
        f"myeloma by C1D1 + {rules.poor_days} days ({a['poor_cycles']} cycles of {rules.induction_cycle_days})"
    )
    if definition == "A":
        product = f"{a['early_cycles']} cycles of {rules.induction_cycle_days}, and {a['window_days']}"
        return (
            f"A: EARLY_RESPONDER = confirmed {a['early_level']} or better with onset by "
            f"C1D1 + {rules.early_days} days ({product}); {poor}; progression comes before early response"
        )
    if definition == "B":
        b = rules.groups["B"]
        return (
            f"B: EARLY_RESPONDER = progression-free >= {b['early_months']} months; "
            f"POOR_RESPONDER = PD or death from myeloma within {b['poor_months']} months"
        )
    if definition == "C":
        if rules.groups["C"]["split"] == "tertile":
            return (
                "C: EARLY_RESPONDER = time to progression in the highest third (beyond the Kaplan-Meier "
                "time of S = 1/3); POOR_RESPONDER = in the lowest third (up to the time of S = 2/3)"
            )
        return (
            "C: EARLY_RESPONDER = time to progression above the Kaplan-Meier median; "
            "POOR_RESPONDER = progression up to the median"
        )
    if definition == "D":
        return "D: column `group` of patients.tsv"
    return f"E: EARLY_RESPONDER = confirmed {e['level']} or better and progression-free >= {e['months']} months; {poor}"


# ---------------------------------------------------------------- definition A


def _early_progression(facts: Facts, rules: Rules) -> Grouped | None:
    """PD or death from myeloma by C1D1 + M cycles: POOR, whatever response came before."""
    start, row = facts.row["c1d1"], facts.row
    limit = start + datetime.timedelta(days=rules.poor_days)
    progressed = facts.found.progression_date
    if progressed is not None and progressed <= limit:
        visit = next(v for v in facts.found.visits if v["date"] == progressed)
        said = f"PD on {_visit_words(visit)}, by {limit}: {visit['decided_by']}; {visit['how']}"
        return Grouped(POOR, said)
    if row["death_date"] is not None and row["death_cause"] == "myeloma" and row["death_date"] <= limit:
        day = (row["death_date"] - start).days + 1
        return Grouped(POOR, f"death from myeloma on {row['death_date']} (day {day}), by {limit}")
    return None


def _poor_best(facts: Facts, rules: Rules) -> Grouped | None:
    """Best confirmed response at most SD, once that is known.

    It is known when treatment ended, the patient progressed or died, or the visits reach the end of the
    poor window (a planned visit may come `window_days` early): SD after one cycle of an ongoing treatment
    is not yet a best response. A response or PD that nothing confirmed counts neither way; a patient with
    no visit but such ones is not evaluable, nor is one whose last visit holds an unconfirmed response
    before the window was over.
    """
    found, row, a = facts.found, facts.row, rules.groups["A"]
    most = a["poor_best_at_most"]
    if found.best_confirmed == "NE" or RANK[found.best_confirmed] > RANK[most]:
        return None
    solid = [v for v in found.adequate() if v["conclusive"] and v["confirmed_own"] != "NE"]
    if found.progression_date is None and not solid:
        return None
    open_response = _open_response(found, most)
    last = max((v["date"] for v in found.adequate() if v is not open_response), default=None)
    window = row["c1d1"] + datetime.timedelta(days=rules.poor_days - a["window_days"])
    ended = [row[n] for n in ("end_of_treatment", "new_therapy_date", "death_date") if row[n] is not None]
    followed = last is not None and last >= window
    if found.progression_date is None and not followed and (open_response or not ended):
        return None
    best = next(v for v in found.visits if v["confirmed_own"] == found.best_confirmed)
    until = f"treatment ended {min(ended)}" if ended else f"followed to {last}"
    if found.progression_date is not None:
        until = f"progression {found.progression_date}"
    return Grouped(POOR, f"best confirmed response {found.best_confirmed}: {_response_words(best)}; {until}")


def _open_response(found: Summary, most: str) -> dict | None:
    """The last adequate visit, when it is a response beyond `most` that nothing confirmed."""
    seen = found.adequate()
    last = seen[-1] if seen else None
    better = last is not None and last["level"] in imwg.RESPONSES and RANK[last["level"]] > RANK[most]
    return last if better and not last["conclusive"] else None


def _unmet(facts: Facts, window_end: Date, window: str, most: str) -> Grouped:
    """Neither side met: NEITHER when the window was observed, else NOT_EVALUABLE, with the reason."""
    found = facts.found
    adequate = found.adequate()
    if not adequate:
        why = "no evaluable assessment after baseline"
        if found.visits:
            last = found.visits[-1]
            said = "baseline only" if last["level"] == "baseline" else f"NE: {last['reason']}"
            why += f" (last visit {last['date']}, {said})"
        return Grouped(NOT_EVALUABLE, why)
    last = adequate[-1]["date"]
    open_visits = [v for v in adequate if not v["conclusive"]]
    if found.best_confirmed == "NE" or (open_visits and len(open_visits) == len(adequate)):
        said = "; ".join(f"{v['level']} on {_visit_words(v)} {v['how']}" for v in open_visits)
        return Grouped(NOT_EVALUABLE, f"only unconfirmed evidence: {said or 'none'}")
    open_response = _open_response(found, most)
    if open_response and RANK[found.best_confirmed] <= RANK[most]:
        said = f"{open_response['level']} on {_visit_words(open_response)} {open_response['how']}"
        return Grouped(NOT_EVALUABLE, f"the response is unconfirmed: {said}")
    if last < window_end:
        days = (last - facts.row["c1d1"]).days
        more = (
            f"; {open_response['level']} on {open_response['date']} is unconfirmed" if open_response else ""
        )
        said = (
            f"followed to {last} only (C1D1 + {days} days), shorter than {window}: neither side decided{more}"
        )
        return Grouped(NOT_EVALUABLE, said)
    best = next(v for v in found.visits if v["confirmed_own"] == found.best_confirmed)
    return Grouped(NEITHER, f"neither early nor poor; best confirmed {_response_words(best)}")


def _group_a(facts: Facts, rules: Rules) -> Grouped:
    poor = _early_progression(facts, rules)
    if poor:
        return poor
    start, a = facts.row["c1d1"], rules.groups["A"]
    limit = start + datetime.timedelta(days=rules.early_days)
    first = facts.found.first_confirmed(a["early_level"])
    if first and first["date"] <= limit:
        return Grouped(EARLY, f"{_response_words(first)}; onset by {limit}")
    end = start + datetime.timedelta(days=rules.poor_days)
    return _poor_best(facts, rules) or _unmet(facts, end, f"{rules.poor_days} days", a["poor_best_at_most"])


# ---------------------------------------------------------------- definitions B, C, D, E


def _ttp_words(facts: Facts) -> str:
    date, months, event = facts.ttp
    if facts.given:
        word = "PD or death from myeloma at" if event else "progression-free for"
        return f"{word} {months:.1f} months, as given, not derived ({facts.given})"
    return f"{'PD or death from myeloma' if event else 'progression-free to'} {date} ({months:.1f} months)"


def _no_ttp(facts: Facts) -> Grouped | None:
    if facts.given:
        return None
    if facts.ttp is None or (not facts.ttp[2] and not facts.found.adequate()):
        return Grouped(NOT_EVALUABLE, "no evaluable assessment after baseline")
    return None


def _group_b(facts: Facts, rules: Rules) -> Grouped:
    missing = _no_ttp(facts)
    if missing:
        return missing
    _, months, event = facts.ttp
    b, said = rules.groups["B"], _ttp_words(facts)
    if imwg.at_least(months, b["early_months"]):
        return Grouped(EARLY, f"{said}, at least {b['early_months']} months")
    if event and imwg.at_least(b["poor_months"], months):
        return Grouped(POOR, f"{said}, within {b['poor_months']} months")
    if event:
        return Grouped(NEITHER, f"{said}, between {b['poor_months']} and {b['early_months']} months")
    return Grouped(NOT_EVALUABLE, f"{said}: follow-up shorter than {b['early_months']} months")


def kaplan_meier_time(times: Sequence[tuple[float, bool]], survival: float) -> float:
    """Smallest time at which the Kaplan-Meier estimate is at or below `survival`; inf when never reached."""
    if not times:
        return float("inf")
    fit = greenwood.KaplanMeier().fit(
        greenwood.Surv(time=[t for t, _ in times], event=[int(event) for _, event in times])
    )
    steps = zip(fit.time_, fit.survival_, strict=True)
    return next((float(t) for t, estimate in steps if imwg.at_least(survival, estimate)), float("inf"))


def _cuts_c(everyone: Iterable[Facts], rules: Rules) -> tuple[float, float]:
    """(up to here poor, beyond here early), in months, from the cohort's time to progression."""
    times = [(f.ttp[1], f.ttp[2]) for f in everyone if f.ttp is not None]
    shares = (2 / 3, 1 / 3) if rules.groups["C"]["split"] == "tertile" else (0.5, 0.5)
    return kaplan_meier_time(times, shares[0]), kaplan_meier_time(times, shares[1])


def _group_c(facts: Facts, cuts: tuple[float, float]) -> Grouped:
    missing = _no_ttp(facts)
    if missing:
        return missing
    _, months, event = facts.ttp
    low, high = cuts
    said = f"{_ttp_words(facts)}; cohort limits {low:.1f} and {high:.1f} months"
    if months > high:
        return Grouped(EARLY, said)
    if event and months <= low:
        return Grouped(POOR, said)
    if event:
        return Grouped(NEITHER, said)
    return Grouped(NOT_EVALUABLE, f"{said}: followed too shortly")


def _group_d(facts: Facts, rules: Rules) -> Grouped:
    """The list decides; a listed early responder with an early progression is said, not changed."""
    listed = facts.row["group"]
    if not listed:
        return Grouped(NOT_EVALUABLE, "patients.tsv gives no group")
    if listed not in GROUPS:
        return Grouped(
            NOT_EVALUABLE, f"patients.tsv gives a group that is none of {', '.join(GROUPS)}: {listed}"
        )
    said = f"patients.tsv {facts.found.patient} group {listed}"
    early = _early_progression(facts, rules) if facts.row["c1d1"] is not None else None
    if listed == EARLY and early:
        said += f"; check the list: {early.decided_by}"
    return Grouped(listed, said)


def _group_e(facts: Facts, rules: Rules) -> Grouped:
    poor = _early_progression(facts, rules) or _poor_best(facts, rules)
    if poor:
        return poor
    e = rules.groups["E"]
    first = facts.found.first_confirmed(e["level"])
    free = facts.ttp is not None and imwg.at_least(facts.ttp[1], e["months"])
    if first and free:
        return Grouped(EARLY, f"{_response_words(first)}; {_ttp_words(facts)}")
    if facts.ttp is not None and facts.ttp[2]:
        return Grouped(NEITHER, f"{_ttp_words(facts)}, after the poor window, before {e['months']} months")
    end = facts.row["c1d1"] + datetime.timedelta(days=round(e["months"] * rules.endpoints["days_per_month"]))
    return _unmet(facts, end, f"{e['months']} months", rules.groups["A"]["poor_best_at_most"])


def group_all(
    facts: Mapping[str, Facts], definition: str, rules: Rules, outside: Collection[str] = ()
) -> dict[str, Grouped]:
    """Patient -> group under one definition. outside: patients not counted for the limits of C."""
    cuts = _cuts_c((f for p, f in facts.items() if p not in outside), rules) if definition == "C" else None
    of: dict[str, Callable[[Facts], Grouped]] = {
        "A": lambda f: _group_a(f, rules),
        "B": lambda f: _group_b(f, rules),
        "C": lambda f: _group_c(f, cuts),
        "D": lambda f: _group_d(f, rules),
        "E": lambda f: _group_e(f, rules),
    }
    never = Grouped(NOT_EVALUABLE, "never treated: no C1D1")

    def one(f: Facts) -> Grouped:
        if definition == "D":
            return of["D"](f)
        if not f.treated:
            return never
        as_given = _as_given(f, definition)
        return as_given or of[definition](f)

    return {p: one(f) for p, f in facts.items()}


def _as_given(facts: Facts, definition: str) -> Grouped | None:
    """Why a definition that needs dated visits cannot be decided from given outcomes; None where it can."""
    if not facts.told or facts.found.adequate():
        return None
    if definition in ("A", "E"):
        told = f"best response {facts.best_given} as given, not derived: " if facts.best_given else ""
        return Grouped(NOT_EVALUABLE, f"{told}no dated visits, so onset of response is not known")
    if not facts.given:
        return Grouped(NOT_EVALUABLE, "no time to progression, computed or given")
    return None


# ---------------------------------------------------------------- landmark


def _left_out(facts: Facts, landmark: Date) -> str:
    """Why a patient is not in the survival comparison from the landmark; "" when in it."""
    row, found = facts.row, facts.found
    if found.progression_date is not None and found.progression_date <= landmark:
        return f"progression on {found.progression_date}, by the landmark {landmark}"
    if row["death_date"] is not None and row["death_date"] <= landmark:
        return f"death on {row['death_date']}, by the landmark {landmark}"
    if facts.ttp is None or (not facts.ttp[2] and facts.ttp[0] < landmark):
        last = facts.ttp[0] if facts.ttp else "none"
        return f"last adequate assessment {last}, before the landmark {landmark}"
    return ""


def landmark_groups(
    patients: pd.DataFrame,
    assessments: pd.DataFrame,
    dosing: pd.DataFrame | None,
    facts: Mapping[str, Facts],
    rules: Rules,
    outcomes: Given | None = None,
) -> dict[str, tuple[str, str]]:
    """Patient -> (group known at C1D1 + landmark_days, reason for being left out).

    The group comes from the tables cut at each patient's landmark, so a confirming visit after it does not
    count. Under B, C and E survival is what defines the group: no landmark group.
    """
    definition = rules.groups["definition"]
    if definition not in ("A", "D"):
        return {p: ("", "the group is defined by this endpoint") for p in facts}
    days = datetime.timedelta(days=rules.groups["landmark_days"])
    marks = {p: f.row["c1d1"] + days for p, f in facts.items() if f.row["c1d1"] is not None}
    known = endpoints.apply_cut(patients, assessments, marks)
    then = _everything(*known, _cut(dosing, marks), rules, True, outcomes)[0]
    grouped = group_all(then, definition, rules)
    out = {}
    for patient, now in facts.items():
        if now.told and not now.found.adequate():
            out[patient] = ("", "the outcome is as given, without dates: no landmark")
            continue
        if patient not in marks:
            out[patient] = ("", "never treated: no C1D1, no landmark")
            continue
        why = _left_out(now, marks[patient])
        out[patient] = ("", why) if why else (grouped[patient].group, "")
    return out


# ---------------------------------------------------------------- the tables of the stage


def _cut(dosing: pd.DataFrame | None, cut: Date | Mapping[str, Date] | None) -> pd.DataFrame | None:
    return None if dosing is None else endpoints.cut_rows(dosing, cut)


def _everything(
    patients: pd.DataFrame,
    assessments: pd.DataFrame,
    dosing: pd.DataFrame | None,
    rules: Rules,
    given: bool,
    outcomes: Given | None = None,
):
    """(patient -> Facts, confirmed levels, audit, ENDPOINTS), from tables that are already cut."""
    made, audit = imwg.levels(patients, assessments, rules.response)
    confirmed = response.confirm_visits(made, patients, rules.response)
    courses = response.courses(patients, confirmed, dosing, rules.schedule)
    found = response.summarise(confirmed, patients, courses)
    raw = visits.visits_of(assessments)
    times = endpoints.table(patients, found, raw, rules.for_endpoints(given))
    main = times[(times["endpoint"] == "TTP") & (times["rule_set"] == "trial")].set_index("patient")
    ttp = {p: (r["end_date"], float(r["months"]), bool(r["event"])) for p, r in main.to_dict("index").items()}
    times, told = _with_given(times, outcomes, rules.endpoints)
    rows = visits.patient_rows(patients)
    facts = {}
    for p in rows:
        at, record = told.get(p, (ttp.get(p), ""))
        best = outcomes.best.get(p, "") if outcomes else ""
        facts[p] = Facts(
            rows[p], found[p], at, record, best, outcomes is not None and p in outcomes.patients()
        )
    return facts, confirmed, audit, times


def _with_given(times: pd.DataFrame, outcomes: Given | None, rules: Mapping[str, Any]):
    """(ENDPOINTS with the given times, patient -> ((None, months, event), record) of each given TTP).

    A patient with a given time has no visits; what the other sheets say of that endpoint (a censoring on day 1)
    gives way in every rule set.
    """
    keys = outcomes.keys() if outcomes else ()
    if not keys:
        return times, {}
    pairs = zip(times["patient"], times["endpoint"], strict=True)
    kept = times[[pair not in keys for pair in pairs]]
    rows = time_rows(outcomes, rules["rule_set"], rules["days_per_month"])
    more = pd.DataFrame(rows, columns=endpoints.COLUMNS)
    ttp = more[more["endpoint"] == "TTP"].to_dict("records")
    told = {r["patient"]: ((None, float(r["months"]), bool(r["event"])), r["source_record"]) for r in ttp}
    return pd.concat([kept.astype(object), more.astype(object)], ignore_index=True), told


def assess(
    patients: pd.DataFrame,
    assessments: pd.DataFrame,
    config: Mapping[str, Any],
    excluded: Collection[str] = (),
    dosing: pd.DataFrame | None = None,
    outcomes: Given | None = None,
) -> dict[str, pd.DataFrame]:
    """All tables of the response stage: visits, audit, tracks, markers, response, endpoints,
    groups_by_definition.

    patients: `visits.patients_frame`. assessments: normalised (may be empty: then nobody is evaluable).
    excluded: patients that exclusions.tsv takes out of the response analysis; they keep their rows, but
    do not count for the cohort's limits of definition C. dosing: normalised, tells where induction ended and
    whether maintenance began; None: the sheet is not given. outcomes: times and best responses as given.
    """
    rules = rules_of(config)
    given = len(assessments) > 0
    cut = visits.day(config["trial"]["data_cut"])
    dosing = _cut(dosing, cut)
    cut = cut or endpoints.latest_date(patients, assessments)
    patients, assessments = endpoints.apply_cut(patients, assessments, cut)
    facts, confirmed, audit, times = _everything(patients, assessments, dosing, rules, given, outcomes)
    grouped = {d: group_all(facts, d, rules, excluded) for d in DEFINITIONS}
    chosen = rules.groups["definition"]
    if not given:
        none = Grouped(NOT_EVALUABLE, "no assessments given: response cannot be assessed")
        kept = {p for p, f in facts.items() if f.told}
        grouped = {
            d: {p: g if d == "D" or p in kept else none for p, g in grouped[d].items()} for d in DEFINITIONS
        }
    marks = landmark_groups(patients, assessments, dosing, facts, rules, outcomes)
    courses = {patient: fact.found.course for patient, fact in facts.items()}
    return {
        "visits": response.visits_table(confirmed, patients, courses),
        "audit": audit,
        "tracks": markers.tracks(patients, assessments, rules.response),
        "markers": markers.series(patients, assessments, rules.response),
        "response": _response_table(facts, grouped[chosen], marks, rule_text(chosen, rules)),
        "endpoints": times,
        "groups_by_definition": _by_definition(grouped, chosen, rules),
    }


def _response_table(
    facts: Mapping[str, Facts], grouped: Mapping[str, Grouped], marks, rule: str
) -> pd.DataFrame:
    rows = []
    for patient, fact in facts.items():
        found = fact.found
        best = [found.best_response, found.best_confirmed, found.best_induction, found.best_treatment]
        source = "assessments" if found.visits else "none"
        if fact.best_given:
            best, source = [fact.best_given, fact.best_given, "NE", fact.best_given], "given"
        dates = [found.response_date, found.progression_date, found.unconfirmed_date]
        one = grouped[patient]
        way = found.course
        went_on = [way.end, way.source, way.maintenance, way.reason]
        if fact.told and fact.row["c1d1"] is None:
            went_on = ["", "", "not_known", "the outcome is as given: no record of the course"]
        rows.append(
            [patient, *best, source, *dates, *went_on, one.group, rule, one.decided_by, *marks[patient]]
        )
    return pd.DataFrame(rows, columns=tables.RESPONSE.names())


def _by_definition(grouped: Mapping[str, Mapping[str, Grouped]], chosen: str, rules: Rules) -> pd.DataFrame:
    rows = []
    for definition, groups in grouped.items():
        for patient, one in groups.items():
            differs = one.group != grouped[chosen][patient].group
            flags = ["yes" if definition == chosen else "no", "yes" if differs else "no"]
            rows.append(
                [patient, definition, one.group, *flags, one.decided_by, rule_text(definition, rules)]
            )
    return pd.DataFrame(rows, columns=tables.GROUPS_BY_DEFINITION.names())
