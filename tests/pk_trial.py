"""Simulated patients of the published ixazomib model with this trial's dosing; used by the tests of exposure."""

import datetime

import numpy as np
import pandas as pd

from myeloma import individual_pk, ixazomib

START = datetime.date(2021, 3, 1)
TRIAL = {
    "regimen": {"induction": {"ixazomib": {"mg": 3, "days": [1, 4, 8, 11]}}},
    "induction": {"cycle_days": 21},
}
RULES = {
    "drug": "ixazomib", "assumed_dose_time": "", "untimed_dose_time": "12:00", "untimed_dose_hours": 72,
    "missing_bsa": "population", "confidence": 0.9, "min_reliability": 0.3, "citrate_mg": [3.3, 4.3, 5.7],
    "max_unit_ratio": 2, "refused_unit_ratio": 4, "min_patients_for_units": 3, "min_for_shrinkage": 10, "high_shrinkage": 0.3,
    "reestimate": {"min_patients": 15, "min_samples": 45, "max_below": 0.1, "max_rse_percent": 50, "max_condition": 1000},
    "vpc": {"trials": 100, "seed": 1, "percentiles": [10, 50, 90], "edges_h": [2, 6, 48, 120], "min_samples": 10},
}  # fmt: skip
#: Sparse samples: (day of cycle 1, hours after that day's dose; before it when negative). 1 h, 4 h, three troughs.
SPARSE = ((1, 1.0), (1, 4.0), (8, -0.5), (11, -0.5), (22, -0.5))
PLAN = individual_pk.protocol(TRIAL, "ixazomib")


def cell(hour: float) -> tuple[datetime.date, str]:
    """Date and HH:MM of hours after midnight of START."""
    minutes = round(hour * 60)
    return START + datetime.timedelta(days=minutes // 1440), f"{minutes % 1440 // 60:02d}:{minutes % 60:02d}"


def simulate(model: ixazomib.Model, patients: int, seed: int, lloq: float = 0.5, samples=SPARSE):
    """People, dosing and concentrations sheets, true log AUC of cycle 1 at protocol doses by patient.

    Three cycles; 5 % of the doses after the first are missed and a tenth of later cycles' reduced to 2.3 mg.
    """
    rng = np.random.default_rng(seed)
    root = np.linalg.cholesky(model.omega)
    people, dosing, seen, truth = [], [], [], {}
    for i in range(patients):
        name, etas = f"P{i:04d}", root @ rng.standard_normal(3)
        height, weight = rng.normal(168, 9), max(rng.normal(72, 13), 42)
        bsa = ixazomib.body_surface(height, weight)
        people.append({"patient": name, "height_cm": height, "weight_kg": weight})
        truth[name] = float(individual_pk.log_area(model, etas, bsa, PLAN))
        first, hours, mg = {}, [], []
        for cycle in range(3):
            for day in (1, 4, 8, 11):
                hour = round((24 * (21 * cycle + day - 1) + 8 + 2 * rng.random()) * 60) / 60
                dose = 3.0
                if cycle + day > 1 and rng.random() < 0.05:
                    dose = 0.0
                elif cycle and rng.random() < 0.1:
                    dose = 2.3
                date, time = cell(hour)
                dosing.append((name, "ixazomib", date, time, cycle + 1, day, dose, "", ""))
                first[21 * cycle + day] = hour
                if dose:
                    hours.append(hour)
                    mg.append(dose)
        p = ixazomib.parameters(model, etas, bsa)
        for day, after in samples:
            hour = round((first[day] + after) * 60) / 60
            since = hour - np.array(hours)
            since = np.where(since > 0, since, np.nan)
            value = float(
                ixazomib.concentration(model, p["CL"], p["F"], p["V4"], np.array(mg), since[None])[0]
            )
            value *= np.exp(rng.standard_normal() * ixazomib.residual_sd(model, np.nanmin(since)))
            below = value < lloq
            date, time = cell(hour)
            seen.append((name, "ixazomib", date, time, f"D{day} {after:g} h", np.nan if below else value, lloq,
                         "yes" if below else "no"))  # fmt: skip
    dosing_columns = ["patient", "drug", "date", "time", "cycle", "day", "dose_mg", "change", "change_reason"]
    columns = ["patient", "drug", "date", "time", "nominal", "value_ng_ml", "lloq_ng_ml", "below_lloq"]
    return people, pd.DataFrame(dosing, columns=dosing_columns), pd.DataFrame(seen, columns=columns), truth
