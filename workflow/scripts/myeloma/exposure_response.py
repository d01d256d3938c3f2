"""Response and adverse events against exposure: penalised logistic regression, one outcome a row.

Primary exposure is the predicted area of cycle 1 at the protocol's doses, which a reduction for an adverse event
or a stop for progression cannot change. The average concentration from the doses taken up to the event is a
sensitivity analysis: there exposure and outcome act on each other. No exposure was randomised in either.
"""

import datetime
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from firthmodels import FirthLogisticRegression
from scipy.stats import false_discovery_control

from myeloma import ixazomib, tables
from myeloma.individual_pk import ASSESSABLE, Doses
from myeloma.states import EARLY, NOT_EVALUABLE

RESPONDED = ("sCR", "CR", "VGPR", "PR")
PRIMARY, SENSITIVITY = "auc_cycle1", "average_to_event"
#: Convergence of the Firth fit: equal to the maximum to 1e-6 and better; tighter limits meet rounding and fail.
EXACT = {"gtol": 1e-6, "xtol": 1e-6, "max_iter": 200, "backend": "numpy"}


@dataclass(frozen=True)
class Outcome:
    """One outcome: patient -> did it happen (of those in whom it is evaluable), and the day it did."""

    name: str
    kind: str
    happened: Mapping[str, bool]
    day: Mapping[str, datetime.date]
    why: str = ""  # why it cannot be looked at in anybody


@dataclass(frozen=True)
class Result:
    """Odds ratio per doubling of the exposure, its profile interval, the penalised likelihood-ratio p."""

    odds_ratio: float
    ci_low: float
    ci_high: float
    p: float


def firth(exposures: np.ndarray, happened: np.ndarray, confidence: float) -> Result:
    """Firth logistic regression of an outcome on log2 exposure (Firth, Biometrika 1993;80:27).

    Interval by penalised profile likelihood, p by the penalised likelihood ratio (Heinze and Schemper, Stat Med
    2002;21:2409). Raises ArithmeticError where the fit does not converge.
    """
    x = np.log2(exposures)
    scale = x.std()
    if not scale > 0:
        raise ArithmeticError("all exposures are equal")
    fit = FirthLogisticRegression(**EXACT).fit((x - x.mean())[:, None] / scale, happened.astype(int))
    if not fit.converged_:
        raise ArithmeticError("the penalised regression did not converge")
    limits = fit.conf_int(alpha=1 - confidence, method="pl", features=0, max_iter=200, tol=1e-8)[0]
    fit.lrt(0)
    p = float(fit.lrt_pvalues_[0])
    if not np.isfinite([*limits, p]).all():
        raise ArithmeticError("the profile of the penalised likelihood did not converge")
    return Result(*(math.exp(value / scale) for value in (fit.coef_[0], *limits)), p)


# Outcomes


def responses(response: pd.DataFrame) -> list[Outcome]:
    """PR or better, and early responder against all others; of RESPONSE. Not evaluable leaves the denominator."""
    dates = {r.patient: _day(r.response_date) for r in response.itertuples() if r.response_date}
    best = {r.patient: r.best_confirmed_response in RESPONDED for r in response.itertuples()
            if r.best_confirmed_response != "NE"}  # fmt: skip
    early = {r.patient: r.group == EARLY for r in response.itertuples() if r.group != NOT_EVALUABLE}
    none = "" if len(response) else "no response table"
    return [
        Outcome("confirmed PR or better", "response", best, dates, none),
        Outcome("early responder", "response", early, dates, none),
    ]


def _day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def adverse_events(
    events: pd.DataFrame, given: bool, histories: Mapping[str, Doses], rules: Mapping
) -> list[Outcome]:
    """Grade rules["grade"] or worse: any, and each term of rules["terms"], within the time under treatment.

    events: adverse_events sheet. Under treatment: from the first dose to rules["window_days"] after the last. With
    the sheet given, a treated patient without a row had no such event.
    """
    why = "" if given else "no adverse_events sheet"
    severe = events[events["grade"] >= rules["grade"]]
    severe = severe[np.array([_under_treatment(r, histories, rules) for r in severe.itertuples()], bool)]
    # a term is compared without capitals: sheets write "Platelet count decreased" in many ways
    term = severe["term"].astype(str).str.strip().str.lower()
    made = []
    for name, terms in {"any": None, **rules["terms"]}.items():
        rows = severe if terms is None else severe[term.isin([t.lower() for t in terms])]
        first = rows.groupby("patient")["start_date"].min().to_dict()
        happened = {patient: patient in first for patient in histories} if given else {}
        made.append(Outcome(f"grade >= {rules['grade']}: {name}", "adverse_event", happened, first, why))
    return made


def _under_treatment(row, histories: Mapping[str, Doses], rules: Mapping) -> bool:
    doses = histories.get(row.patient)
    if doses is None or row.start_date is None or row.start_date is pd.NaT:
        return False
    day = row.start_date.toordinal()
    return doses.hours[0] // 24 <= day <= doses.hours[-1] // 24 + rules["window_days"]


# Exposures


def average_to_event(
    model: ixazomib.Model, row: Mapping, doses: Doses, hours: float, rules: Mapping
) -> float:
    """Average concentration (ng/mL) over the first `hours` since the first dose, from the doses taken in them.

    row: INDIVIDUAL. nan where hours are fewer than rules["min_days"]: the average over hours is that of a peak.
    """
    if hours < 24 * rules["min_days"]:
        return math.nan
    since = doses.since_first()
    taken = since < hours
    area = ixazomib.area(
        model, row["cl"], row["bioavailability"], row["v4"], doses.mg[taken], since[taken], hours
    )
    return float(area) / hours


def hours_to_event(outcome: Outcome, histories: Mapping[str, Doses]) -> dict[str, float]:
    """Patient -> hours from the first dose to noon of the event's day; patients without it: the median of those.

    Without the common time the comparison would be of early against late averages: exposure rises over the first
    cycles and falls after the last dose, whatever it does to the outcome. An event without a day has no entry.
    """
    hours = {
        patient: day.toordinal() * 24.0 + 12 - histories[patient].hours[0]
        for patient, day in outcome.day.items()
        if outcome.happened.get(patient) and patient in histories
    }
    middle = float(np.median(list(hours.values()))) if hours else math.nan
    return hours | {p: middle for p, happened in outcome.happened.items() if not happened and p in histories}


# The table


def compare(
    model: ixazomib.Model,
    individual: pd.DataFrame,
    histories: Mapping[str, Doses],
    outcomes: Sequence[Outcome],
    rules: Mapping,
) -> pd.DataFrame:
    """EXPOSURE_RESPONSE over treated patients. individual: PK_INDIVIDUAL; rules: `exposure_response` of the config."""
    known = individual[individual["state"] == ASSESSABLE].set_index("patient")
    rows = []
    for outcome in outcomes:
        for metric in (PRIMARY, SENSITIVITY):
            exposures = _exposures(model, known, histories, outcome, metric, rules)
            rows.append(_row(exposures, known.index, outcome, metric, histories, rules))
    frame = pd.DataFrame(rows, columns=tables.EXPOSURE_RESPONSE.names())
    frame["q"] = _false_discovery(frame)
    return tables.conform(frame, tables.EXPOSURE_RESPONSE)


def _exposures(model, known, histories, outcome, metric, rules) -> dict[str, float]:
    if metric == PRIMARY:
        return known["auc_cycle1"].to_dict()
    hours = hours_to_event(outcome, histories)
    made = {
        patient: average_to_event(model, row, histories[patient], hours[patient], rules)
        for patient, row in known.iterrows()
        if patient in hours
    }
    return {patient: value for patient, value in made.items() if value > 0}


def _row(exposures: Mapping[str, float], known, outcome: Outcome, metric: str, histories, rules) -> dict:
    seen = [p for p in exposures if p in outcome.happened]
    x = np.array([exposures[p] for p in seen])
    happened = np.array([outcome.happened[p] for p in seen], bool)
    events, others = int(happened.sum()), int((~happened).sum())
    row = {
        "outcome": outcome.name,
        "metric": metric,
        "kind": outcome.kind,
        "patients": len(seen),
        "events": events,
        "no_exposure": sum(
            p not in exposures for p in histories if metric == PRIMARY or p in outcome.happened
        ),
        "no_outcome": sum(p not in outcome.happened for p in known),
        "mean_with": math.exp(np.log(x[happened]).mean()) if events else math.nan,
        "mean_without": math.exp(np.log(x[~happened]).mean()) if others else math.nan,
        "state": "refused",
    }
    least = rules["min_events"]
    if outcome.why:
        return row | {"reason": outcome.why}
    if min(events, others) < least:
        return row | {"reason": f"{events} with and {others} without it; at least {least} of both are asked"}
    try:
        fitted = firth(x, happened, rules["confidence"])
    except ArithmeticError as error:
        return row | {"reason": f"{error}: nothing can be said of this outcome"}
    return row | vars(fitted) | {"state": "fitted", "reason": ""}


def _false_discovery(frame: pd.DataFrame) -> pd.Series:
    """Benjamini-Hochberg within the metric over the fitted rows; empty elsewhere."""
    q = pd.Series(np.nan, index=frame.index, dtype="float64")
    for _, rows in frame[frame["state"] == "fitted"].groupby("metric"):
        q[rows.index] = false_discovery_control(rows["p"].to_numpy(float), method="bh")
    return q
