"""What the demo patients took, suffered and had measured under treatment, drawn up by hand like their course.

Days are counted from C1D1 = 0. A treatment plan states what departs from the protocol; EXPOSURE states beside it,
worked out by hand, the milligrams that must come out. Ixazomib concentrations are simulated from the published
population model (Gupta, Clin Pharmacokinet 2017;56:1355, table 3) by the code below and by no product code.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

import numpy as np
from scipy.linalg import expm

from . import clinical

INDUCTION_CYCLES, INDUCTION_DAYS, MAINTENANCE_DAYS = 17, 21, 28
MAINTENANCE_START = 364
DRUGS = ("ixazomib", "pomalidomide", "dexamethasone")
#: (phase, drug): mg and days of the cycle, as the protocol has them; dexamethasone 20 mg from 75 years on.
PROTOCOL = {
    ("induction", "ixazomib"): (3, (1, 4, 8, 11)),
    ("induction", "pomalidomide"): (4, tuple(range(1, 15))),
    ("induction", "dexamethasone"): (40, (1, 8, 15)),
    ("maintenance", "ixazomib"): (4, (1, 8, 15)),
    ("maintenance", "pomalidomide"): (4, tuple(range(1, 22))),
}
IDMC_PATIENTS = (6, 10)


@dataclass(frozen=True)
class Level:
    """From this cycle on another dose of a drug (0 = stopped for good)."""

    drug: str
    cycle: int
    mg: float
    reason: str = "adverse_event"


@dataclass(frozen=True)
class Gap:
    """Doses of one cycle that were not taken."""

    drug: str
    cycle: int
    days: tuple[int, ...]
    change: str
    reason: str = "adverse_event"


@dataclass(frozen=True)
class Event:
    """An adverse event; `related` and `actions` in the order of DRUGS (y or n; what was done)."""

    soc: str
    term: str
    grade: int
    start: int
    end: int | None
    related: str
    actions: tuple[str, str, str] = ("none", "none", "none")
    serious: str = "no"
    outcome: str = "recovered"


@dataclass(frozen=True)
class Treatment:
    """Last day with a dose, departures from the protocol, adverse events and laboratory values out of the ordinary."""

    last: int
    delay: tuple[int, int] = (0, 0)  # cycle that starts late, and by how many days
    levels: tuple[Level, ...] = ()
    gaps: tuple[Gap, ...] = ()
    events: tuple[Event, ...] = ()
    values: dict[tuple[int, str], float] = field(default_factory=dict)


BLOOD = "Blood and lymphatic system disorders"
GUT = "Gastrointestinal disorders"
GENERAL = "General disorders and administration site conditions"

TREATMENTS = {
    "IPD-001": Treatment(
        419,
        levels=(Level("pomalidomide", 4, 3), Level("dexamethasone", 9, 20)),
        events=(
            Event(GUT, "Nausea", 1, 3, 10, "ynn"),
            Event("Investigations", "Platelet count decreased", 3, 50, 62, "yyn", ("none", "reduced", "none")),
            Event("Psychiatric disorders", "Insomnia", 2, 120, 200, "nny", ("none", "none", "reduced")),
        ),
        values={(50, "platelets"): 41},
    ),
    "IPD-002": Treatment(
        314,
        gaps=(
            Gap("ixazomib", 2, (8, 11), "omitted"),
            Gap("pomalidomide", 2, tuple(range(8, 15)), "interrupted"),
        ),
        events=(
            Event("Investigations", "Neutrophil count decreased", 3, 28, 35, "yyn", ("interrupted", "interrupted", "none")),
            Event(GUT, "Diarrhea", 2, 60, 66, "ynn"),
        ),
        values={(28, "neutrophils"): 0.8, (28, "leukocytes"): 2.4},
    ),
    "IPD-003": Treatment(
        377,
        levels=(Level("ixazomib", 6, 2.3), Level("dexamethasone", 12, 0), Level("ixazomib", 18, 3)),
        events=(
            Event("Nervous system disorders", "Peripheral sensory neuropathy", 2, 100, None, "ynn", ("reduced", "none", "none"), "no", "not_recovered"),
            Event("Musculoskeletal and connective tissue disorders", "Muscle weakness lower limb", 2, 225, None, "nny", ("none", "none", "stopped"), "no", "recovering"),
        ),
    ),
    # neutrophils of grade 3 that nobody reported as an event
    "IPD-004": Treatment(83, events=(Event(GENERAL, "Fatigue", 2, 10, 84, "nyn"),), values={(28, "neutrophils"): 0.7, (28, "leukocytes"): 2.2}),
    "IPD-005": Treatment(
        83,
        gaps=(
            Gap("ixazomib", 2, (8, 11), "interrupted"),
            Gap("pomalidomide", 2, tuple(range(6, 15)), "interrupted"),
            Gap("dexamethasone", 2, (8,), "interrupted"),
        ),
        events=(Event("Infections and infestations", "Lung infection", 3, 26, 37, "nyy", ("interrupted",) * 3, "yes"),),
    ),
    "IPD-006": Treatment(70, events=(Event(BLOOD, "Anemia", 2, 30, None, "nnn", outcome="not_recovered"),), values={(30, "haemoglobin"): 91}),
    "IPD-007": Treatment(
        285,
        delay=(6, 7),
        events=(
            Event("Investigations", "Neutrophil count decreased", 4, 102, 111, "yyn", ("delayed",) * 3),
            Event("Cardiac disorders", "Cardiac arrest", 5, 290, 290, "nnn", serious="yes", outcome="fatal"),
        ),
        values={(102, "neutrophils"): 0.4, (102, "leukocytes"): 2.1},
    ),
    "IPD-008": Treatment(34, events=(Event(GENERAL, "Fatigue", 2, 8, None, "yyn", outcome="unknown"), Event(GENERAL, "Edema limbs", 1, 20, 30, "nny"))),
    "IPD-009": Treatment(5, events=(Event("Skin and subcutaneous tissue disorders", "Rash maculo-papular", 2, 4, None, "yyn", outcome="unknown"),)),
}  # fmt: skip

#: By hand: cycles begun, days from the first to the end of the last of them, and (given mg, planned mg) of
#: ixazomib, pomalidomide, dexamethasone. Planned: every cycle begun, in full (12, 56, 120 or 60; 12, 84).
EXPOSURE = {
    ("IPD-001", "induction"): (17, 357, (204, 204), (756, 952), (1500, 2040)),
    ("IPD-001", "maintenance"): (2, 56, (24, 24), (126, 168), None),
    ("IPD-002", "induction"): (15, 315, (174, 180), (812, 840), (1800, 1800)),
    ("IPD-003", "induction"): (17, 357, (170.4, 204), (952, 952), (1320, 2040)),
    ("IPD-003", "maintenance"): (1, 28, (6, 12), (56, 84), None),
    ("IPD-004", "induction"): (4, 84, (48, 48), (224, 224), (480, 480)),
    ("IPD-005", "induction"): (4, 84, (42, 48), (188, 224), (440, 480)),
    ("IPD-006", "induction"): (4, 84, (45, 48), (200, 224), (440, 480)),
    ("IPD-007", "induction"): (14, 301, (162, 168), (752, 784), (1600, 1680)),
    ("IPD-008", "induction"): (2, 42, (24, 24), (112, 112), (100, 120)),
    ("IPD-009", "induction"): (1, 21, (6, 12), (24, 56), (40, 120)),
}


def treatment(course: clinical.Course) -> Treatment:
    """The treatment of a course of the small cohort, also under another name."""
    return TREATMENTS[course.plan]


def cycles(plan: Treatment) -> list[tuple[int, str, int]]:
    """(cycle, phase, day of its D1) of every cycle begun."""
    found, late = [], 0
    for cycle in range(1, INDUCTION_CYCLES + 1):
        late += plan.delay[1] if cycle == plan.delay[0] else 0
        found.append((cycle, "induction", (cycle - 1) * INDUCTION_DAYS + late))
    number = range(INDUCTION_CYCLES + 1, INDUCTION_CYCLES + 20)
    found += [(c, "maintenance", MAINTENANCE_START + i * MAINTENANCE_DAYS) for i, c in enumerate(number)]
    return [entry for entry in found if entry[2] <= plan.last]


def doses(course: clinical.Course) -> list[dict]:
    """Every planned dose up to the last day: drug, day from C1D1, cycle, day of the cycle, mg, change, reason."""
    plan, rows = treatment(course), []
    for cycle, phase, first in cycles(plan):
        for drug in DRUGS:
            mg, days = PROTOCOL.get((phase, drug), (0, ()))
            if drug == "dexamethasone" and course.age >= 75:
                mg = 20
            for day in days:
                if first + day - 1 <= plan.last:
                    row = {"drug": drug, "on": first + day - 1, "cycle": cycle, "day": day}
                    found = _dose(plan, drug, cycle, day, mg)
                    if found:
                        rows.append(row | found)
    return rows


def _dose(plan: Treatment, drug: str, cycle: int, day: int, mg: float) -> dict | None:
    """mg, change and its reason of one planned dose; None after the drug was stopped for good."""
    for gap in plan.gaps:
        if (gap.drug, gap.cycle) == (drug, cycle) and day in gap.days:
            return {"dose_mg": 0, "change": gap.change, "change_reason": gap.reason}
    level = next((x for x in reversed(plan.levels) if x.drug == drug and x.cycle <= cycle), None)
    change, reason = "", ""
    if level:
        mg = level.mg
        if (cycle, day) == (level.cycle, 1):
            change, reason = "stopped" if mg == 0 else "reduced", level.reason
        elif mg == 0:
            return None
    if not change and plan.delay[0] == cycle and day == 1:
        change, reason = "delayed", "adverse_event"
    return {"dose_mg": mg, "change": change, "change_reason": reason}


# Sheets


def _rng(seed: int, number: int, stream: int):
    return np.random.default_rng([seed, stream, number])


def dose_times(course: clinical.Course, number: int, seed: int) -> dict[int, time]:
    """Clock time of every ixazomib dose that was taken, by its day."""
    rng = _rng(seed, number, 62)
    return {
        row["on"]: time(8, int(rng.integers(0, 60)))
        for row in doses(course)
        if row["drug"] == "ixazomib" and row["dose_mg"]
    }


def dosing_rows(starts: dict[str, date], seed: int, courses=clinical.COURSES) -> list[dict]:
    """dosing.tsv. Times of ixazomib are known, of the other drugs not."""
    rows = []
    for number, c in enumerate(courses):
        clock = dose_times(c, number, seed)
        for row in doses(c):
            known = row["drug"] == "ixazomib" and row["on"] in clock
            rows.append(
                {
                    "patient": c.patient,
                    "drug": row["drug"],
                    "date": starts[c.patient] + timedelta(days=row["on"]),
                    "time": f"{clock[row['on']]:%H:%M}" if known else "",
                    **{name: row[name] for name in ("cycle", "day", "dose_mg", "change", "change_reason")},
                }
            )
    return rows


def event_rows(starts: dict[str, date], courses=clinical.COURSES) -> list[dict]:
    """adverse_events.tsv."""
    rows = []
    for c in courses:
        start = starts[c.patient]
        for number, e in enumerate(treatment(c).events, start=1):
            words = {"y": "yes", "n": "no"}
            rows.append(
                {
                    "patient": c.patient,
                    "ae": number,
                    "soc": e.soc,
                    "term": e.term,
                    "grade": e.grade,
                    "start_date": start + timedelta(days=e.start),
                    "end_date": "" if e.end is None else start + timedelta(days=e.end),
                    "serious": e.serious,
                    **{f"related_{d}": words[r] for d, r in zip(DRUGS, e.related, strict=True)},
                    **{f"action_{d}": a for d, a in zip(DRUGS, e.actions, strict=True)},
                    "outcome": e.outcome,
                }
            )
    return rows


#: parameter: unit, limits of normal, range of the made-up values (all within CTCAE grade 1)
_NORMAL = {
    "neutrophils": ("10^9/L", 1.8, 7.5, (2.0, 4.5)),
    "platelets": ("10^9/L", 150, 400, (155, 290)),
    "leukocytes": ("10^9/L", 4.0, 10.0, (4.1, 7.5)),
    "lymphocytes": ("10^9/L", 1.0, 4.0, (1.0, 2.2)),
    "alt": ("U/L", 5, 40, (10, 38)),
    "ast": ("U/L", 5, 40, (10, 38)),
    "bilirubin": ("umol/L", 3, 21, (4, 18)),
    "potassium": ("mmol/L", 3.5, 5.1, (3.6, 4.9)),
    "sodium": ("mmol/L", 135, 145, (136, 144)),
    "glucose": ("mmol/L", 3.9, 6.1, (4.2, 6.0)),
}
#: parameters that assessments.tsv has too: its column, unit, limits
_SHARED = {
    "haemoglobin": ("haemoglobin_g_l", "g/L", 120, 160),
    "creatinine": ("creatinine_umol_l", "umol/L", 50, 120),
    "calcium": ("calcium_mmol_l", "mmol/L", 2.15, 2.6),
    "albumin": ("albumin_g_l", "g/L", 35, 50),
}


def laboratory_rows(starts, seed: int, assessments: list[dict], courses=clinical.COURSES) -> list[dict]:
    """laboratory.tsv: at every visit that took place, and the values of TREATMENTS; one centre writes g/dL."""
    rows = []
    for number, c in enumerate(courses):
        rng = _rng(seed, number, 63)
        seen = {r["date"]: r for r in assessments if r["patient"] == c.patient and r["evaluable"] == "yes"}
        for day, visit in seen.items():
            for name, (unit, low, high, (bottom, top)) in _NORMAL.items():
                digits = 0 if bottom >= 10 else 1
                value = round(float(rng.uniform(bottom, top)), digits)
                rows.append(_value(c, day, name, value if digits else int(value), unit, low, high))
            for name, (column, unit, low, high) in _SHARED.items():
                rows.append(_value(c, day, name, visit[column], unit, low, high))
        for (on, name), value in treatment(c).values.items():
            unit, low, high = (_NORMAL[name][:3]) if name in _NORMAL else _SHARED[name][1:]
            rows.append(_value(c, starts[c.patient] + timedelta(days=on), name, value, unit, low, high))
    return rows


def _value(course, day, name, value, unit, low, high) -> dict:
    if name == "haemoglobin" and course.plan in ("IPD-003", "IPD-006", "IPD-009"):
        value, low, high, unit = value / 10, low / 10, high / 10, "g/dL"
    return {
        "patient": course.patient,
        "date": day,
        "parameter": name,
        "value": f"{value:g}",
        "unit": unit,
        "low_normal": f"{low:g}",
        "high_normal": f"{high:g}",
    }


def therapy_rows(starts: dict[str, date], courses=clinical.COURSES) -> list[dict]:
    """subsequent_therapy.tsv: the first systemic one begins on new_therapy_date."""
    rows = []
    for c in courses:
        day = c.dates.get("new_therapy_date")
        if day is None:
            continue
        start = starts[c.patient] + timedelta(days=day)
        rows.append(
            {"patient": c.patient, "line": 1, "start_date": start, "end_date": "", "kind": "systemic"}
            | {"regimen": "daratumumab, bortezomib, dexamethasone"}
        )
        if c.plan == "IPD-004":
            later = start + timedelta(days=9)
            rows.append(
                {"patient": c.patient, "line": 2, "start_date": later, "end_date": later + timedelta(days=4)}
                | {"regimen": "radiotherapy of the lumbar spine", "kind": "radiotherapy"}
            )
    return rows


THERAPY_COLUMNS = ["patient", "line", "start_date", "end_date", "regimen", "kind"]


def body(number: int, sex: str, seed: int) -> dict[str, float]:
    """Height (cm) and weight (kg) of a patient."""
    rng = _rng(seed, number, 64)
    height = int(rng.integers(152, 172) if sex == "female" else rng.integers(165, 188))
    return {"height_cm": height, "weight_kg": round(float(rng.uniform(21, 29)) * (height / 100) ** 2, 1)}


# Ixazomib in plasma

KA, TLAG, Q3, V3, Q4, V2 = 0.34, 0.2167, 5.18, 309.0, 26.1, 13.7
CL, F, V4 = 1.86, 0.58, 205.0
#: variances of log CL and log F, their covariance (correlation 0.82), variance of log V4: log(1 + CV^2)
CL_F = np.array([[0.17697, 0.22550], [0.22550, 0.42726]])
V4_VARIANCE = 0.48492
BSA_MEDIAN, BSA_EXPONENT = 1.87, 2.06
SD_LATE, SD_EARLY, SD_RATE = 0.46, 1.90, 0.84
LLOQ = 0.5
#: nominal time: cycle, day of the cycle, hours after that day's dose (negative: before it)
SAMPLES = {
    "C1D1 predose": (1, 1, -0.25),
    "C1D1 1 h": (1, 1, 1.0),
    "C1D1 4 h": (1, 1, 4.0),
    "C1D8 predose": (1, 8, -0.25),
    "C1D11 4 h": (1, 11, 4.0),
    "C2D1 predose": (2, 1, -0.25),
    "C3D1 predose": (3, 1, -0.25),
    "C5D1 predose": (5, 1, -0.25),
    "C5D1 1 h": (5, 1, 1.0),
}


@dataclass(frozen=True)
class Kinetics:
    """CL (L/h), F (fraction) and V4 (L) of a patient."""

    cl: float
    f: float
    v4: float

    def matrix(self) -> np.ndarray:
        """d/dt of (gut, centre, first and second periphery in mg, area under the centre's concentration in mg h/L)."""
        k, a = self.cl / V2, np.zeros((5, 5))
        a[0, 0], a[1, 0] = -KA, KA
        a[1, 1] = -(k + Q3 / V2 + Q4 / V2)
        a[1, 2], a[1, 3], a[2, 1], a[3, 1] = Q3 / V3, Q4 / self.v4, Q3 / V2, Q4 / V2
        a[2, 2], a[3, 3], a[4, 1] = -Q3 / V3, -Q4 / self.v4, 1 / V2
        return a

    def after(self, given: list[tuple[float, float]], hours: float) -> tuple[float, float]:
        """(concentration ng/mL, area ng h/mL) at `hours` after doses given as (hours, mg)."""
        state = np.zeros(5)
        for at, mg in given:
            if hours > at + TLAG:
                state += expm(self.matrix() * (hours - at - TLAG)) @ np.array([self.f * mg, 0, 0, 0, 0])
        return 1000 * state[1] / V2, 1000 * state[4]


def kinetics(number: int, seed: int, height_cm: float, weight_kg: float) -> Kinetics:
    """One patient's parameters, drawn from the published distribution; BSA by Mosteller."""
    rng = _rng(seed, number, 65)
    eta_cl, eta_f = rng.multivariate_normal([0, 0], CL_F)
    eta_v4 = rng.normal(0, V4_VARIANCE**0.5)
    bsa = (height_cm * weight_kg / 3600) ** 0.5
    scaled = V4 * (bsa / BSA_MEDIAN) ** BSA_EXPONENT
    return Kinetics(CL * np.exp(eta_cl), F * np.exp(eta_f), scaled * np.exp(eta_v4))


def concentration_rows(starts: dict, seed: int, people: list[dict], courses=clinical.COURSES):
    """(concentrations.tsv, truth/pharmacokinetics.tsv); `people` are the rows of patients.tsv."""
    rows, truth = [], []
    for number, (c, person) in enumerate(zip(courses, people, strict=True)):
        rng = _rng(seed, number, 66)
        one = kinetics(number, seed, person["height_cm"], person["weight_kg"])
        clock, taken = dose_times(c, number, seed), doses(c)
        given = [
            (24.0 * r["on"] + clock[r["on"]].hour + clock[r["on"]].minute / 60, r["dose_mg"])
            for r in taken
            if r["drug"] == "ixazomib" and r["dose_mg"]
        ]
        by_cycle = {
            (r["cycle"], r["day"]): r["on"] for r in taken if r["drug"] == "ixazomib" and r["dose_mg"]
        }
        for nominal, (cycle, day, offset) in SAMPLES.items():
            if (cycle, day) not in by_cycle:
                continue
            at = clock[by_cycle[cycle, day]]
            late = int(rng.integers(-8, 9)) if offset > 0 else 0
            when = datetime.combine(starts[c.patient] + timedelta(days=by_cycle[cycle, day]), at)
            when += timedelta(minutes=round(60 * offset) + late)
            hours = (when - datetime.combine(starts[c.patient], time())) / timedelta(hours=1)
            rows.append(_sample(c, nominal, when, _measured(one, given, hours, rng)))
        protocol = [(24.0 * (d - 1), 3.0) for d in PROTOCOL["induction", "ixazomib"][1]]
        truth.append(
            {
                "patient": c.patient,
                "cl_l_h": f"{one.cl:.5f}",
                "f": f"{one.f:.5f}",
                "v4_l": f"{one.v4:.3f}",
                "auc_cycle1_protocol_ng_h_ml": f"{one.after(protocol, 24.0 * INDUCTION_DAYS)[1]:.3f}",
                "auc_infinity_of_3_mg_ng_h_ml": f"{1000 * 3 * one.f / one.cl:.3f}",
            }
        )
    return rows, truth


def _measured(one: Kinetics, given: list[tuple[float, float]], hours: float, rng) -> float:
    """The concentration with its error on the log scale, whose SD falls with the time after the last dose."""
    true, _ = one.after(given, hours)
    since = min((hours - at for at, _ in given if at < hours), default=0.0)
    sd = SD_LATE + (SD_EARLY - SD_LATE) * np.exp(-SD_RATE * since)
    return float(true * np.exp(rng.normal(0, sd)))


def _sample(course, nominal: str, when: datetime, value: float) -> dict:
    below = value < LLOQ
    return {
        "patient": course.patient,
        "drug": "ixazomib",
        "date": when.date(),
        "time": f"{when:%H:%M}",
        "nominal": nominal,
        "value_ng_ml": "" if below else f"{value:.3g}",
        "lloq_ng_ml": LLOQ,
        "below_lloq": "yes" if below else "no",
    }


# Truth


def exposure_truth(courses=clinical.COURSES) -> list[dict]:
    """truth/exposure.tsv from EXPOSURE: rdi = (given / planned mg) x (planned days / days taken)."""
    rows = []
    for c in courses:
        for phase, length in (("induction", INDUCTION_DAYS), ("maintenance", MAINTENANCE_DAYS)):
            if (c.plan, phase) not in EXPOSURE:
                continue
            begun, days, *amounts = EXPOSURE[c.plan, phase]
            for drug, amount in zip(DRUGS, amounts, strict=True):
                if amount:
                    given, planned = amount
                    rows.append(
                        {"patient": c.patient, "drug": drug, "phase": phase, "cycles": begun}
                        | {"given_mg": given, "planned_mg": planned, "days": days}
                        | {
                            "planned_days": begun * length,
                            "dose_given_percent": f"{100 * given / planned:.4f}",
                        }
                        | {"rdi_percent": f"{100 * given / planned * begun * length / days:.4f}"}
                    )
    return rows


def first_cut(starts: dict[str, date], patients: int, courses=clinical.COURSES) -> date | None:
    """C2D1 of the patient of that enrolment number (courses stand in it); C1D1 + 21 where C2 never began."""
    if patients > len(courses):
        return None
    chosen = courses[patients - 1]
    second = next((first for cycle, _, first in cycles(treatment(chosen)) if cycle == 2), INDUCTION_DAYS)
    return starts[chosen.patient] + timedelta(days=second)


SAFETY_COLUMNS = ["cut_patients", "cut_date", "measure", "patients", "treated", "events"]


def safety_truth(starts: dict[str, date], courses=clinical.COURSES) -> list[dict]:
    """truth/safety.tsv: patients and events at the first cut (by the 6th and by the 10th patient)."""
    rows = []
    for number in IDMC_PATIENTS:
        cut = first_cut(starts, number, courses)
        if cut is None:
            continue
        here = [c for c in courses if starts[c.patient] <= cut]
        seen = [
            (c.patient, e)
            for c in here
            for e in treatment(c).events
            if starts[c.patient] + timedelta(days=e.start) <= cut
        ]
        measures = {
            "any": lambda e: True,
            "grade_3_or_more": lambda e: e.grade >= 3,
            "serious": lambda e: e.serious == "yes",
            "related": lambda e: "y" in e.related,
            "led_to_reduction": lambda e: "reduced" in e.actions,
            "led_to_stop": lambda e: "stopped" in e.actions,
            "fatal": lambda e: e.grade == 5,
        }
        for name, holds in measures.items():
            found = [patient for patient, e in seen if holds(e)]
            rows.append(
                {"cut_patients": number, "cut_date": cut, "measure": name, "patients": len(set(found))}
                | {"treated": len(here), "events": len(found)}
            )
    return rows
