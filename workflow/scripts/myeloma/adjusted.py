"""Firth models with more than one variable: early against poor adjusted for covariates, interaction with known risk.

Penalised likelihood because small groups part completely (Firth, Biometrika 1993;80:27); intervals by profile, p by the
penalised likelihood ratio (Heinze and Schemper, Stat Med 2002;21:2409; Biometrics 2001;57:114). Nothing is fitted with
fewer events per parameter, or smaller cells, than the config asks: the row says so.
"""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from firthmodels import FirthCoxPH, FirthLogisticRegression

from myeloma import association, cooccurrence, multiplicity, tables
from myeloma.flow import compared_groups, members
from myeloma.states import ABSENT, EARLY, PRESENT

# a gradient of 1e-7 leaves 9 digits of the ratio; 1e-9 is below what rounding lets some cohorts reach
LOGISTIC = {"backend": "numpy", "gtol": 1e-7, "xtol": 1e-6, "max_iter": 500}
COX = {"backend": "numpy", "gtol": 1e-7, "xtol": 1e-9, "max_iter": 500, "max_halfstep": 100}
INTERACTION = "interaction with known risk"
ISS_III = "ISS_III"


@dataclass(frozen=True)
class Ratio:
    """exp(coefficient) with profile limits and likelihood-ratio p; limits inf or 0 where the profile has none."""

    ratio: float
    ci_low: float
    ci_high: float
    p: float
    coefficients: tuple[float, ...]


def logistic(x: np.ndarray, y: np.ndarray, confidence: float) -> Ratio:
    """Firth logistic regression: the first column of `x`, adjusted for the others.

    x: patients x variables; y: 0/1. Raises ArithmeticError where nothing can be identified or the fit does not converge.
    """
    _identifiable(np.column_stack([x, np.ones(len(x))]))
    return _told(FirthLogisticRegression(**LOGISTIC), x, np.asarray(y, dtype=int), 0, confidence)


def cox(x: np.ndarray, time: np.ndarray, event: np.ndarray, which: int, confidence: float) -> Ratio:
    """Firth's Cox model (ties after Breslow): the column `which` of `x`; errors as in `logistic`."""
    _identifiable(np.column_stack([x, np.ones(len(x))]))
    return _told(
        FirthCoxPH(**COX), x, (np.asarray(event, dtype=bool), np.asarray(time, float)), which, confidence
    )


def _identifiable(design: np.ndarray) -> None:
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise ArithmeticError("not identifiable: a variable is constant or follows from the others")


def _told(model, x: np.ndarray, y: Any, which: int, confidence: float) -> Ratio:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # said below, as an error with its reason
        fit = model.fit(x, y)
        limits = fit.conf_int(alpha=1 - confidence, method="pl", features=which, max_iter=500, tol=1e-8)
        fit.lrt(which)
    if not fit.converged_:
        raise ArithmeticError("the penalised likelihood did not converge")
    low, high = limits[which] if len(limits) > 1 else limits[0]
    p = float(fit.lrt_pvalues_[which])
    if not np.isfinite([low, high, p]).all():
        raise ArithmeticError("the profile of the penalised likelihood did not converge")
    return Ratio(*(math.exp(v) for v in (fit.coef_[which], low, high)), p, tuple(map(float, fit.coef_)))


# Early against poor, adjusted


def adjust(
    flow: pd.DataFrame, abnormalities: pd.DataFrame, patients: Sequence[Mapping[str, Any]], rules: Mapping
) -> pd.DataFrame:
    """ADJUSTED: one row per abnormality of the primary family that the run calls.

    patients: `flow.covariate_rows`. rules: section `comparison`; with an empty `adjust_for` there is no row.
    """
    covariates = list(rules["adjust_for"])
    groups, of = compared_groups(flow), {row["patient"]: row for row in patients}
    called = set(abnormalities["abnormality"])
    rows = []
    for name in [n for n in rules["primary_family"] if n in called and covariates]:
        states = association.states_of(abnormalities, name)
        known = [p for p in groups if states.get(p) in (PRESENT, ABSENT)]
        used = [p for p in known if p in of and all(of[p][c] is not None for c in covariates)]
        early = np.array([groups[p] == EARLY for p in used], dtype=bool)
        lesion = np.array([states[p] == PRESENT for p in used], dtype=bool)
        row = {"abnormality": name, "adjusted_for": ", ".join(covariates), "family": multiplicity.DESCRIBED}
        row |= {"early_present": int((early & lesion).sum()), "early": int(early.sum())}
        row |= {"poor_present": int((~early & lesion).sum()), "poor": int((~early).sum())}
        row |= {"not_assessable": len(groups) - len(known), "without_covariates": len(known) - len(used)}
        others = [[float(of[p][c]) for c in covariates] for p in used]
        rows.append(row | _adjusted(lesion, np.array(others), early, rules))
    return tables.conform(pd.DataFrame(rows, columns=tables.ADJUSTED.names()), tables.ADJUSTED)


def _adjusted(lesion: np.ndarray, others: np.ndarray, early: np.ndarray, rules: Mapping) -> dict:
    parameters = 1 + len(rules["adjust_for"])
    events = min(int(early.sum()), int((~early).sum()))
    made = {"events_per_parameter": events / parameters}
    if events < rules["events_per_parameter"] * parameters:
        why = f"{events} patients in the smaller group for {parameters} parameters"
        return made | {"note": f"not fitted: {why}, at least {rules['events_per_parameter']} each are asked"}
    spread = others.std(axis=0)
    scaled = (others - others.mean(axis=0)) / np.where(spread > 0, spread, 1)
    try:
        found = logistic(np.column_stack([lesion.astype(float), scaled]), early, rules["confidence"])
    except ArithmeticError as error:
        return made | {"note": f"no estimate: {error}"}
    return made | {
        "odds_ratio": found.ratio,
        "ci_low": found.ci_low,
        "ci_high": found.ci_high,
        "p": found.p,
        "note": "",
    }


# Interaction with known risk


def interact(
    flow: pd.DataFrame,
    abnormalities: pd.DataFrame,
    endpoints: pd.DataFrame,
    patients: Sequence[Mapping[str, Any]],
    rules: Mapping,
    rule_set: str,
    definitions: Mapping,
) -> pd.DataFrame:
    """INTERACTIONS: time to progression by abnormality of the primary family x known risk, all patients of ITT.

    patients: `flow.covariate_rows`; definitions: section `abnormalities` (what contains what). A pair of which one
    contains the other, or rules it out, by construction has no row.
    """
    times = endpoints[(endpoints["endpoint"] == "TTP") & (endpoints["rule_set"] == rule_set)]
    times = (
        times[times["patient"].isin(members(flow, "itt"))]
        .dropna(subset=["months", "event"])
        .set_index("patient")
    )
    called = [n for n in rules["primary_family"] if n in set(abnormalities["abnormality"])]
    states = {n: association.states_of(abnormalities, n) for n in {*called, *rules["known_risk"]} - {ISS_III}}
    states[ISS_III] = {
        row["patient"]: PRESENT if row["iss"] == 3 else ABSENT for row in patients if row["iss"] is not None
    }
    rows = []
    for name in called if len(times) else ():
        for risk in rules["known_risk"]:
            if name == risk or cooccurrence.by_construction(name, risk, definitions):
                continue
            row = {"abnormality": name, "known_risk": risk}
            row |= _interaction(times, states[name], states[risk], rules)
            if not states[risk]:
                row["note"] = f"not fitted: {risk} is not called by this run"
            rows.append(row)
    frame = pd.DataFrame(rows, columns=tables.INTERACTIONS.names())
    return tables.conform(multiplicity.with_q(frame, "p"), tables.INTERACTIONS)


def _interaction(times: pd.DataFrame, lesion: Mapping, risk: Mapping, rules: Mapping) -> dict:
    known = [p for p in times.index if {lesion.get(p), risk.get(p)} <= {PRESENT, ABSENT}]
    own = times.loc[known]
    a, b = (np.array([of[p] == PRESENT for p in known], dtype=bool) for of in (lesion, risk))
    event = own["event"].to_numpy(int)
    made = {"not_assessable": len(times) - len(known), "family": multiplicity.DESCRIBED}
    cells = {"both": a & b, "abnormality_only": a & ~b, "risk_only": ~a & b, "neither": ~a & ~b}
    for cell, inside in cells.items():
        made |= {cell: int(inside.sum()), f"{cell}_events": int(event[inside].sum())}
    fewest = min(int(inside.sum()) for inside in cells.values())
    events = min(int(event[inside].sum()) for inside in cells.values())
    if fewest < rules["interaction_min_patients"] or events < rules["interaction_min_events"]:
        return made | {
            "note": f"not fitted: the smallest of four cells has {fewest} patients and the fewest events are {events}; "
            f"{rules['interaction_min_patients']} and {rules['interaction_min_events']} are asked"
        }
    x = np.column_stack([a, b, a & b]).astype(float)
    try:
        found = cox(x, own["months"].to_numpy(float), event, 2, rules["confidence"])
    except ArithmeticError as error:
        return made | {"note": f"no estimate: {error}"}
    without, _, more = found.coefficients
    return made | {
        "ratio": found.ratio,
        "ci_low": found.ci_low,
        "ci_high": found.ci_high,
        "p": found.p,
        "hazard_ratio_without_risk": math.exp(without),
        "hazard_ratio_with_risk": math.exp(without + more),
        "family": INTERACTION,
        "note": "",
    }
