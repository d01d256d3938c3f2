"""What this trial's concentrations say of the population model: re-estimation, shrinkage, predictive check.

The individual exposures rest on the published model; nothing here changes them. It is there to see whether the
model fits this trial, and it says plainly what these data cannot tell.
"""

import logging
import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pynlme
from scipy.stats import norm, t

from myeloma import individual_pk, ixazomib, tables
from myeloma.individual_pk import BELOW, LEFT_OUT, Fitted, Subject
from myeloma.ixazomib import ETAS, Model

UNITS = {"CL": "L/h", "F": "fraction", "V4": "L"}


def describe(model: Model, fitted: Fitted, plan: individual_pk.Plan, rules: Mapping) -> pd.DataFrame:
    """PK_POPULATION: parameters re-estimated or not, shrinkage, unit check, share below the limit."""
    rows = [*reestimated(model, fitted.subjects, rules), *shrinkage(model, fitted, plan, rules)]
    rows += diagnostics(fitted.concentrations, rules)
    frame = pd.DataFrame(rows, columns=tables.PK_POPULATION.names())
    return tables.conform(frame, tables.PK_POPULATION)


def _row(quantity, kind, state, reason="", **more) -> dict:
    return {"quantity": quantity, "kind": kind, "state": state, "reason": reason, "unit": ""} | more


# Re-estimation


def reestimated(model: Model, people: Sequence[Subject], rules: Mapping) -> list[dict]:
    """Rows of the typical CL and F with their variances and the residual; of V4 as fixed.

    Lindstrom and Bates' approximation (Biometrics 1990;46:673) by pynlme on log concentrations divided by the
    published residual SD, so that its constant error is a factor on that SD. pynlme knows no censored
    likelihood: samples below the limit are left out here (not in the individual fits), and the step is refused
    where they are more than rules["reestimate"]["max_below"] of all.
    """
    asked = rules["reestimate"]
    fixed = [
        _row("V4", "typical value", "fixed", "at the published value", published=model["V4"], unit=UNITS["V4"]),
        _row("variance of log V4", "between-patient variance", "fixed", "not estimated together with F here",
             published=model.omega[2, 2]),
    ]  # fmt: skip
    why = refused(people, asked)
    if why:
        return _published(model, why) + fixed
    try:
        result = fit_population(model, people)
    except (np.linalg.LinAlgError, RuntimeError, FloatingPointError, ValueError) as error:
        logging.warning("re-estimation: %s", error)
        return _published(model, f"the estimation did not end: {error}", "not_identifiable") + fixed
    return _estimated(model, result, len(people), rules) + fixed


def refused(people: Sequence[Subject], asked: Mapping) -> str:
    """Why the population is not re-estimated; "" when it is."""
    samples = sum(len(s.y) for s in people)
    quantified = sum(int((~s.below).sum()) for s in people)
    if len(people) < asked["min_patients"]:
        return f"{len(people)} patients with usable samples, at least {asked['min_patients']} are asked"
    if quantified < asked["min_samples"]:
        return f"{quantified} quantified samples, at least {asked['min_samples']} are asked"
    if 1 - quantified / samples > asked["max_below"]:
        return (
            f"{samples - quantified} of {samples} samples are below the limit, more than {asked['max_below']:.0%}: "
            "leaving them out would bias the estimate, and the library has no likelihood for them"
        )
    return ""


def fit_population(model: Model, people: Sequence[Subject]) -> dict:
    """pynlme.fit of log CL and log F (typical values, full covariance), everything else as published."""
    kept = [(s, i) for s in people for i in np.flatnonzero(~s.below)]
    most = max(len(s.doses_mg) for s in people)
    mg, hours = np.zeros((len(kept), most)), np.full((len(kept), most), np.nan)
    for k, (s, i) in enumerate(kept):
        mg[k, : len(s.doses_mg)], hours[k, : len(s.doses_mg)] = s.doses_mg, s.hours[i]
    sd = np.array([s.sd[i] for s, i in kept])
    v4 = np.array([float(ixazomib.parameters(model, np.zeros(3), s.bsa)["V4"]) for s, _ in kept])

    def predicted(p, x):
        row = x["row"].astype(int)
        shape = (len(row),)
        cl, f = np.broadcast_to(p["CL"], shape), np.broadcast_to(p["F"], shape)
        seen = ixazomib.concentration(model, cl, f, v4[row], mg[row], hours[row])
        return np.log(np.maximum(seen, individual_pk.SMALLEST)) / sd[row]

    data = {
        "row": np.arange(len(kept), dtype=float),
        "patient": np.array([s.patient for s, _ in kept]),
        "z": np.array([s.y[i] for s, i in kept]) / sd,
    }
    return pynlme.fit(
        predicted, data, response="z", group="patient", predictors=["row"],
        start={"CL": model["CL"], "F": model["F"]}, transform={"CL": "log", "F": "log"},
        cov_pattern=np.ones((2, 2)), method="LME",
    )  # fmt: skip


def _published(model: Model, why: str, state: str = "refused") -> list[dict]:
    rows = [_row(n, "typical value", state, why, published=model[n], unit=UNITS[n]) for n in ("CL", "F")]
    rows.append(_row("CL/F", "typical value", state, why, published=model["CL"] / model["F"], unit="L/h"))
    kind = "between-patient variance"
    rows += [
        _row(f"variance of log {n}", kind, state, why, published=model.omega[k, k])
        for k, n in enumerate(("CL", "F"))
    ]
    rows.append(_row("covariance of log CL and log F", kind, state, why, published=model.omega[0, 1]))
    rows.append(_row("factor on the residual SD", "residual", state, why, published=1.0))
    return rows


def _estimated(model: Model, result: Mapping, patients: int, rules: Mapping) -> list[dict]:
    """Rows of a finished estimation; what the data do not determine is named and its number left out."""
    asked, z = rules["reestimate"], norm.ppf(0.5 + rules["confidence"] / 2)
    psi = np.asarray(result["psi"]["matrix"], float)
    covariance = np.asarray(result["stats"]["covb"], float)
    condition = condition_number(covariance)
    why = ""
    if not np.isfinite(covariance).all() or condition > asked["max_condition"]:
        why = f"condition number {condition:.3g} of the correlation of estimates, above {asked['max_condition']:g}"
    elif np.linalg.eigvalsh(psi).min() <= 1e-6 * np.trace(psi):
        why = "the estimated covariance of CL and F is singular: the samples do not tell them apart"
    rows = []
    for n in ("CL", "F"):
        se = float(result["se"][n])
        rse = 100 * math.sqrt(math.expm1(se**2)) if se < 5 else math.inf
        open_ = why or (f"relative standard error {rse:.0f} %" if rse > asked["max_rse_percent"] else "")
        row = _row(n, "typical value", "not_identifiable" if open_ else "estimated", open_, published=model[n],
                   unit=UNITS[n], rse_percent=rse)  # fmt: skip
        if not open_:
            value = result["typical"][n]
            row |= {"estimate": value, "low": value * math.exp(-z * se), "high": value * math.exp(z * se)}
        rows.append(row)
    rows.append(_apparent(model, result, covariance, why, z))
    state, kind = "not_identifiable" if why else "estimated", "between-patient variance"
    note = why or "no standard error: the library gives none for variances; V4's spread counts as residual"
    for quantity, a, b in (
        ("variance of log CL", 0, 0),
        ("variance of log F", 1, 1),
        ("covariance of log CL and log F", 0, 1),
    ):
        row = _row(quantity, kind, state, note, published=model.omega[a, b])
        rows.append(row | ({} if why else {"estimate": float(psi[a, b])}))
    factor = float(np.atleast_1d(result["error"]["parameters"])[0])
    row = _row("factor on the residual SD", "residual", state, note, published=1.0)
    rows.append(row | ({} if why else {"estimate": factor}))
    rows.append(_row("condition number", "diagnostic", "ok" if condition <= asked["max_condition"] else "look", f"{patients} patients; limit "
                     f"{asked['max_condition']:g}", estimate=condition))  # fmt: skip
    return rows


def _apparent(model: Model, result: Mapping, covariance: np.ndarray, why: str, z: float) -> dict:
    """CL/F, which oral data tell better than either."""
    row = _row("CL/F", "typical value", "not_identifiable" if why else "estimated", why, unit="L/h",
               published=model["CL"] / model["F"])  # fmt: skip
    if why:
        return row
    value = result["typical"]["CL"] / result["typical"]["F"]
    se = math.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    return row | {"estimate": value, "rse_percent": 100 * math.sqrt(math.expm1(se**2)),
                  "low": value * math.exp(-z * se), "high": value * math.exp(z * se)}  # fmt: skip


def condition_number(covariance: np.ndarray) -> float:
    """Largest over smallest eigenvalue of the correlation matrix of the estimates."""
    sd = np.sqrt(np.diag(covariance))
    if not np.isfinite(covariance).all() or (sd <= 0).any():
        return math.inf
    values = np.linalg.eigvalsh(covariance / np.outer(sd, sd))
    return float(values[-1] / values[0]) if values[0] > 0 else math.inf


# Shrinkage and checks


def shrinkage(model: Model, fitted: Fitted, plan: individual_pk.Plan, rules: Mapping) -> list[dict]:
    """1 - SD(empirical-Bayes etas) / omega, the same of log auc_cycle1, and 1 - SD(iwres) (Savic, AAPS J 2009)."""
    rows, least = [], rules["min_for_shrinkage"]
    modes = list(fitted.modes.values())
    etas = np.array([m.etas for m in modes]).reshape(len(modes), 3)
    auc = np.array(
        [float(individual_pk.log_area(model, m.etas, model["bsa_reference"], plan)) for m in modes]
    )
    spread = {f"eta {n}": (etas[:, k], math.sqrt(model.omega[k, k])) for k, n in enumerate(ETAS)}
    spread["log auc_cycle1"] = (auc, individual_pk.prior_sd(model, model["bsa_reference"], plan))
    spread["epsilon"] = (fitted.concentrations["iwres"].dropna().to_numpy(float), 1.0)
    for name, (values, expected) in spread.items():
        if len(values) < least:
            why = f"{len(values)} values, at least {least} are asked"
            rows.append(_row(f"shrinkage of {name}", "shrinkage", "refused", why))
            continue
        share = 1 - float(np.std(values, ddof=1)) / expected
        high = share > rules["high_shrinkage"]
        note = "high: plots and comparisons of this eta say little" if high and name.startswith("eta") else ""
        rows.append(_row(f"shrinkage of {name}", "shrinkage", "look" if high else "ok", note, estimate=share))
    return rows


def diagnostics(concentrations: pd.DataFrame, rules: Mapping) -> list[dict]:
    """Geometric mean of value over prediction (a wrong unit shows here), share below the limit, left out."""
    n, state = len(concentrations), concentrations["state"]
    rows = [_unit_check(concentrations, rules)]
    for name, which in (("share of samples below the limit", BELOW), ("share of samples left out", LEFT_OUT)):
        count = int((state == which).sum())
        row = _row(name, "diagnostic", "ok", f"{count} of {n} samples")
        rows.append(row | {"estimate": count / n if n else math.nan, "unit": "fraction"})
    return rows


def _unit_check(concentrations: pd.DataFrame, rules: Mapping) -> dict:
    """Mean over patients of log(value / prediction), with a t interval over patients."""
    name = "value over population prediction"
    _, by_patient = individual_pk.unit_ratio(concentrations)
    if len(by_patient) < 2:
        return _row(
            name, "diagnostic", "refused", "fewer than 2 patients with quantified samples", unit="ratio"
        )
    mean, se = by_patient.mean(), by_patient.std(ddof=1) / math.sqrt(len(by_patient))
    half = t.ppf(0.5 + rules["confidence"] / 2, len(by_patient) - 1) * se
    wide = rules["max_unit_ratio"]
    off = not 1 / wide <= math.exp(mean) <= wide
    why = f"geometric mean over {len(by_patient)} patients; expected within {1 / wide:g} to {wide:g}"
    if off:
        why += "; are values in ng/mL (nmol/L would read 2.8 times, ug/mL 0.001 times) and doses in mg of ixazomib?"
    return _row(name, "diagnostic", "look" if off else "ok", why, unit="ratio", published=1.0,
                estimate=math.exp(mean), low=math.exp(mean - half), high=math.exp(mean + half))  # fmt: skip


# Visual predictive check


def predictive_check(model: Model, people: Sequence[Subject], rules: Mapping) -> pd.DataFrame:
    """PK_VPC: percentiles by hours after the last dose, observed against trials simulated from the model.

    Each trial has the patients' own doses, times and body surface, new etas and residuals, and the same limits of
    quantification. Values below the limit rank lowest; a percentile among them is not shown.
    """
    if not people:
        return tables.empty(tables.PK_VPC)
    asked = rules["vpc"]
    rng = np.random.default_rng(asked["seed"])
    root = np.linalg.cholesky(model.omega)
    trials = [simulated(model, s, root, rng, asked["trials"]) for s in people]
    since = np.concatenate([np.nanmin(s.hours, axis=1) for s in people])
    owner = np.repeat([s.patient for s in people], [len(s.y) for s in people])
    limit = np.concatenate([_limits(s) for s in people])
    values = np.concatenate([np.where(s.below, -np.inf, np.exp(s.y)) for s in people])
    made = np.concatenate(trials, axis=1)
    made = np.where(made < limit, -np.inf, made)
    edges = [0.0, *asked["edges_h"], math.inf]
    rows = []
    for number, (low, high) in enumerate(zip(edges[:-1], edges[1:], strict=True), 1):
        inside = (since > low) & (since <= high)
        if inside.sum() < asked["min_samples"]:
            continue
        place = {"bin": number, "from_h": low, "to_h": high if math.isfinite(high) else since.max(),
                 "middle_h": float(np.median(since[inside])), "samples": int(inside.sum()),
                 "patients": len(set(owner[inside]))}  # fmt: skip
        rows += [place | row for row in _bin(values[inside], made[:, inside], asked)]
    return tables.conform(pd.DataFrame(rows, columns=tables.PK_VPC.names()), tables.PK_VPC)


def _limits(subject: Subject) -> np.ndarray:
    """Limit of quantification of each sample, ng/mL (0 where not given)."""
    return np.nan_to_num(np.asarray(subject.lloq, float), nan=0.0)


def simulated(model: Model, subject: Subject, root: np.ndarray, rng, trials: int) -> np.ndarray:
    """Concentrations (trials, samples) of new patients with the doses, times and surface of this one."""
    etas = rng.standard_normal((trials, 3)) @ root.T
    noise = rng.standard_normal((trials, len(subject.y))) * subject.sd
    return np.exp(individual_pk.log_predictions(model, subject, etas) + noise)


def _bin(values: np.ndarray, made: np.ndarray, asked: Mapping) -> list[dict]:
    rows = []
    for percent in asked["percentiles"]:
        observed = float(np.quantile(values, percent / 100, method="inverted_cdf"))
        across = np.quantile(made, percent / 100, axis=1, method="inverted_cdf")
        rows.append({"statistic": f"P{percent:g}", "observed": _shown(observed), **_across(across)})
    below = np.isneginf(made).mean(axis=1)
    rows.append({"statistic": "below", "observed": float(np.isneginf(values).mean()), **_across(below)})
    return rows


def _across(values: np.ndarray) -> dict:
    """Median and 5th to 95th percentile over the trials; empty below the limit."""
    low, middle, high = np.quantile(values, (0.05, 0.5, 0.95), method="inverted_cdf")
    return {"simulated": _shown(middle), "simulated_low": _shown(low), "simulated_high": _shown(high)}


def _shown(value: float) -> float:
    """nan for a percentile that lies among the values below the limit."""
    return math.nan if math.isinf(value) else float(value)
