"""The clinical course of every patient, drawn up by hand so that the answer is known by construction.

Days are counted from C1D1 = 0. Each course states its expected answers beside it; nothing here computes a
response. Rules behind the answers: IMWG 2016 with confirmation, groups by definition A (early: confirmed PR
or better by day 2 x 21 + 7; poor: best confirmed SD or worse, or progression or death from myeloma by day 4 x 21).
"""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np

CYCLE = 21
LAST_DATE = date(2025, 6, 30)


@dataclass(frozen=True)
class Visit:
    """One visit. Serum M-protein g/L, urine M-protein mg/24 h, light chains mg/L; None = not done."""

    day: int
    serum: float | None
    urine: float | None
    kappa: float | None
    lambda_: float | None
    evaluable: bool = True


@dataclass(frozen=True)
class Course:
    """One patient: visits, what ended the treatment, and the answers that must come out."""

    patient: str
    heavy: str
    light: str
    age: int
    iss: int
    prior_lines: int
    qualifying: tuple[str, str, float, float]
    visits: tuple[Visit, ...]
    best: str
    progression_day: int | None
    ttp_day: int
    ttp_event: int
    group: str
    reason: str
    dates: dict[str, int] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    plan: str = ""  # whose treatment of treatment.py it is; kept when the course gets another name


def _series(days, serum, urine, kappa, lambda_) -> tuple[Visit, ...]:
    """Visits from parallel lists; a serum of None marks a visit that could not be evaluated (NE)."""
    rows = zip(days, serum, urine, kappa, lambda_, strict=True)
    return tuple(
        Visit(d, s, u, k, v) if s is not None else Visit(d, None, None, None, None, False)
        for d, s, u, k, v in rows
    )


COURSES = (
    Course(
        "IPD-001", "IgG", "kappa", 64, 2, 2, ("gain1q", "FISH", 78, 20),
        _series(
            [0, 21, 42, 63, 84, 105, 126, 168, 210, 252, 294, 336, 378, 420],
            # fall: 42, 61 (PR), 76, 84, 89, 91 % (VGPR), then flat
            [38, 22, 15, 9, 6, 4.2, 3.4, 3.0, 3.0, 2.8, 2.9, 3.0, 3.1, 3.0],
            [60, 50, 40, 30, 20, 20, 20, 10, 10, 10, 10, 10, 10, 10],
            [310, 160, 90, 60, 40, 33, 28, 25, 24, 24, 25, 25, 26, 26],
            [9, 9, 10, 10, 10, 11, 11, 11, 11, 11, 11, 11, 11, 11],
        ),
        "VGPR", None, 420, 0, "EARLY_RESPONDER",
        "PR from day 42, confirmed on day 63; VGPR from day 126; no progression",
        {"end_of_induction": 357, "last_contact": 425},
    ),
    Course(
        "IPD-002", "IgA", "lambda", 71, 1, 3, ("del1p32", "FISH", 64, 20),
        _series(
            [0, 21, 42, 63, 84, 105, 126, 147, 189, 231, 273, 315],
            # fall 60 % at once; nadir 8.0; the last visit is 6.0 g/L and 75 % above it and nothing follows
            [30, 12, 10, 9.8, 9, 8.5, 8.0, 8.2, 8.4, 9.1, 10.5, 14.0],
            [80, 60, 60, 50, 50, 50, 40, 40, 40, 40, 50, 60],
            [8, 8, 9, 9, 9, 9, 9, 9, 9, 9, 9, 8],
            [420, 170, 140, 130, 120, 110, 105, 105, 110, 120, 150, 210],
        ),
        "PR", None, 315, 0, "EARLY_RESPONDER",
        "PR from day 21, confirmed on day 42; progression on the last visit (day 315) unconfirmed: censored there",
        {"last_contact": 316},
    ),
    Course(
        "IPD-003", "light chain only", "kappa", 58, 2, 2, ("t(4;14)", "FISH", 88, 10),
        _series(
            [0, 21, 42, 63, 84, 105, 126, 168, 210, 252, 294, 336, 357, 378],
            # serum not measurable, light chains decide; day 63 not evaluable
            [4, 4, 3.5, None, 3, 3, 3, 3, 3, 3, 3, 3, 3.5, 4],
            [50, 40, 40, None, 30, 30, 30, 30, 30, 30, 30, 40, 50, 60],
            # dFLC 838, 338 (-60 %), 169 (-80 %), NE, 64 (-92 %), ... nadir 46, 308 (+262 mg/L), 508
            [850, 350, 180, None, 75, 66, 60, 58, 57, 60, 75, 110, 320, 520],
            [12, 12, 11, None, 11, 11, 11, 11, 11, 11, 11, 11, 12, 12],
        ),
        "VGPR", 357, 357, 1, "EARLY_RESPONDER",
        "light chains only: PR from day 21, VGPR from day 84 (an NE visit between); progression on day 357, confirmed",
        {"end_of_induction": 357, "end_of_treatment": 378, "new_therapy_date": 399, "last_contact": 470},
        {"end_of_treatment_reason": "progression"},
    ),
    Course(
        "IPD-004", "IgG", "kappa", 69, 3, 4, ("del17p", "FISH", 86, 55),
        _series(
            [0, 21, 42, 63, 84],
            # never a response; day 63: +15 g/L and 37 % over the lowest (40)
            [42, 40, 44, 55, 63],
            [120, 110, 130, 140, 150],
            [510, 480, 540, 690, 800],
            [7, 7, 7, 6, 6],
        ),
        "SD", 63, 63, 1, "POOR_RESPONDER", "stable disease at best, progression on day 63, confirmed on day 84",
        {"end_of_treatment": 84, "new_therapy_date": 91, "death_date": 190, "last_contact": 190},
        {"end_of_treatment_reason": "progression", "death_cause": "myeloma"},
    ),
    Course(
        "IPD-005", "light chain only", "lambda", 62, 3, 3, ("del17p", "FISH", 57, 55),
        _series(
            [0, 21, 42, 63, 84],
            [2.0, 1.8, 1.6, 1.8, 2.0],
            # urine decides: fall of 92 % twice (PR), then +380 mg/24 h over the lowest
            [1800, 150, 140, 520, 900],
            [8, 9, 9, 8, 8],
            [900, 150, 140, 420, 700],
        ),
        "PR", 63, 63, 1, "POOR_RESPONDER",
        "PR from day 21, confirmed on day 42, but progression on day 63 (within 4 cycles) beats it",
        {"end_of_treatment": 84, "new_therapy_date": 98, "last_contact": 240},
        {"end_of_treatment_reason": "progression"},
    ),
    Course(
        "IPD-006", "IgA", "kappa", 74, 3, 5, ("t(14;16)", "FISH", 91, 10),
        _series(
            [0, 21, 42, 63],
            # day 63: +9.5 g/L and 40 % over the lowest; the death confirms it
            [28, 25, 23.5, 33],
            [90, 80, 80, 120],
            [260, 230, 220, 310],
            [10, 10, 10, 9],
        ),
        "SD", 63, 63, 1, "POOR_RESPONDER",
        "stable disease at best; progression on the last visit (day 63) confirmed by death from myeloma on day 77",
        {"end_of_treatment": 77, "death_date": 77, "last_contact": 77},
        {"end_of_treatment_reason": "death", "death_cause": "myeloma"},
    ),
    Course(
        "IPD-007", "IgG", "lambda", 66, 2, 2, ("del17p", "FISH", 24, 20),
        _series(
            [0, 21, 42, 63, 84, 105, 126, 147, 168, 210, 252],
            # fall 19, 29 (MR), 31, 35, NE, 51 (PR, too late to be early), 56 ...
            [24, 19.5, 17, 16.5, 15.5, None, 11.8, 10.5, 10, 9.5, 9.8],
            [0, 0, 0, 0, 0, None, 0, 0, 0, 0, 0],
            [11, 11, 11, 11, 11, None, 12, 12, 12, 12, 12],
            [180, 150, 130, 125, 118, None, 90, 80, 76, 72, 75],
        ),
        "PR", None, 252, 0, "NEITHER",
        "minor response first, PR only from day 126; died of another cause without progression: censored on day 252",
        {"end_of_treatment": 290, "death_date": 290, "last_contact": 290},
        {"end_of_treatment_reason": "death", "death_cause": "other"},
    ),
    Course(
        "IPD-008", "IgA", "kappa", 77, 2, 3, ("gain1q", "FISH", 70, 20),
        _series([0, 21], [25, 11.5], [70, 50], [190, 95], [9, 10]),
        "NE", None, 21, 0, "NOT_EVALUABLE", "PR on the only visit (day 21), never confirmed: lost to follow-up",
        {"end_of_treatment": 35, "last_contact": 35},
        {"end_of_treatment_reason": "other"},
    ),
    Course(
        "IPD-009", "IgG", "kappa", 55, 1, 2, ("t(14;20)", "FISH", 80, 10),
        _series([0], [31], [40], [210], [10]),
        "NE", None, 0, 0, "NOT_EVALUABLE", "withdrawn on day 6, before any assessment under treatment",
        {"end_of_treatment": 6, "last_contact": 6},
        {"end_of_treatment_reason": "withdrawal"},
    ),
)  # fmt: skip
COURSES = tuple(replace(c, plan=c.patient) for c in COURSES)


def course(patient: str, courses=COURSES) -> Course:
    """The course of one patient."""
    return next(c for c in courses if c.patient == patient)


def start_dates(seed: int, courses=COURSES) -> dict[str, date]:
    """C1D1 of every patient; fake, different for each seed."""
    rng = np.random.default_rng([seed, 6])
    first = date(2023, 3, 6) + timedelta(days=int(rng.integers(0, 40)))
    gaps = np.cumsum(rng.integers(7, 40, size=len(courses)))
    return {c.patient: first + timedelta(days=int(g)) for c, g in zip(courses, gaps, strict=True)}


def truth_rows(starts: dict[str, date], courses=COURSES) -> list[dict]:
    """truth/clinical.tsv: the answers stated above, with dates."""
    rows = []
    for c in courses:
        start = starts[c.patient]
        progression = "" if c.progression_day is None else start + timedelta(days=c.progression_day)
        rows.append(
            {
                "patient": c.patient,
                "best_confirmed_response": c.best,
                "progression_date": progression,
                "ttp_days": c.ttp_day + 1,
                "ttp_event": c.ttp_event,
                "group": c.group,
                "reason": c.reason,
            }
        )
    return rows


def patient_rows(starts: dict[str, date], sex: dict[str, str], courses=COURSES) -> list[dict]:
    """patients.tsv."""
    rows = []
    for number, c in enumerate(courses, start=1):
        start = starts[c.patient]
        abnormality, method, percent, cutoff = c.qualifying
        row = {
            "patient": c.patient,
            "sex": sex[c.patient],
            "age": c.age,
            "enrolment_number": number,
            "enrolment_date": start - timedelta(days=4 + number % 3),
            "c1d1": start,
            "centre": ("Nantes", "Lille", "Toulouse")[number % 3],
            "heavy_chain": c.heavy if c.heavy.startswith("Ig") else "",
            "light_chain": c.light,
            "prior_lines": c.prior_lines,
            "iss": c.iss,
        }
        for name in ("end_of_induction", "end_of_treatment"):
            row[name] = _on(start, c.dates.get(name))
        row["end_of_treatment_reason"] = c.words.get("end_of_treatment_reason", "")
        for name in ("new_therapy_date", "last_contact", "death_date"):
            row[name] = _on(start, c.dates.get(name))
        row["death_cause"] = c.words.get("death_cause", "")
        row |= {
            "qualifying_abnormality": abnormality,
            "qualifying_method": method,
            "qualifying_percent": percent,
            "qualifying_cutoff": cutoff,
            "qualifying_date": start - timedelta(days=20),
        }
        rows.append(row)
    return rows


def _on(start: date, day: int | None):
    return "" if day is None else start + timedelta(days=day)


def assessment_rows(starts: dict[str, date], seed: int, courses=COURSES) -> list[dict]:
    """assessments.tsv: one row per visit; haematology and chemistry are decoration."""
    rng = np.random.default_rng([seed, 61])
    rows = []
    for c in courses:
        for v in c.visits:
            first = v.day == 0
            seen = v.evaluable
            rows.append(
                {
                    "patient": c.patient,
                    "date": starts[c.patient] + timedelta(days=v.day),
                    "visit": f"C{v.day // CYCLE + 1}D1" if seen else f"C{v.day // CYCLE + 1}D1, no sample",
                    "serum_m_g_l": v.serum if seen else "",
                    "urine_m_mg_24h": v.urine if seen else "",
                    "serum_ife": "positive" if seen else "",
                    "urine_ife": ("positive" if v.urine else "negative") if seen else "",
                    "kappa_mg_l": v.kappa if seen else "",
                    "lambda_mg_l": v.lambda_ if seen else "",
                    "marrow_pc_percent": int(rng.integers(20, 70)) if first else "",
                    "marrow_clonal": "yes" if first else "",
                    "calcium_mmol_l": round(float(rng.uniform(2.2, 2.5)), 2) if seen else "",
                    "new_lesion": "no" if first else "",
                    "haemoglobin_g_l": int(rng.integers(92, 135)) if seen else "",
                    "creatinine_umol_l": int(rng.integers(65, 115)) if seen else "",
                    "albumin_g_l": int(rng.integers(33, 44)) if seen else "",
                    "b2m_mg_l": {1: 3.1, 2: 4.2, 3: 6.8}[c.iss] if first else "",
                    "ldh_ratio": round(float(rng.uniform(0.6, 1.3)), 2) if seen else "",
                    "symptoms": "no" if seen else "",
                    "evaluable": "yes" if seen else "no",
                }
            )
    return rows
