"""Each patient's exposure: real doses and measured concentrations against the published population model.

Empirical-Bayes: the etas at the mode of their posterior given the patient's samples, with the published model
as prior. A concentration is log-normal around its prediction; one below the limit of quantification enters by
the probability of being below (M3: Beal, J Pharmacokinet Pharmacodyn 2001;28:481). Intervals are conditional
on the model (Laplace: normal at the mode, by its curvature); they leave out the model's own uncertainty.
"""

import datetime
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.stats import norm

from myeloma import ixazomib, tables
from myeloma.ixazomib import ETAS, Model

ASSESSABLE, NOT_ASSESSABLE = "assessable", "not_assessable"
USED, BELOW, LEFT_OUT = "used", "below_lloq", "left_out"
SMALLEST = 1e-300  # ng/mL: keeps the logarithm of a prediction that underflows
STEP = 1e-3  # of standardised etas, for derivatives by central differences
#: Starts of the search beside the population's values: a censored likelihood may have a second, lower mode.
STARTS = ((0.0, 0.0, 0.0), (1.0, -1.0, 0.0), (-1.0, 1.0, 0.0), (0.0, 0.0, 1.5), (0.0, 0.0, -1.5))


@dataclass(frozen=True)
class Doses:
    """Doses of one patient in order: mg, hours since the day 0001-01-01, is the clock time given, date."""

    mg: np.ndarray
    hours: np.ndarray
    timed: np.ndarray

    def since_first(self) -> np.ndarray:
        return self.hours - self.hours[0]


@dataclass(frozen=True)
class Subject:
    """One patient with usable samples. y, limit: log ng/mL (limit -inf where not below).

    hours: samples x doses. lloq: ng/mL, nan where not given.
    """

    patient: str
    bsa: float
    doses_mg: np.ndarray
    hours: np.ndarray
    y: np.ndarray
    below: np.ndarray
    limit: np.ndarray
    sd: np.ndarray
    lloq: np.ndarray
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Mode:
    """Posterior mode of the etas and their covariance (3 x 3); `value` = minus log posterior, without constants."""

    etas: np.ndarray
    covariance: np.ndarray
    value: float


# Doses and samples


def clock(text: str) -> float:
    """Hours since midnight of HH:MM."""
    hour, minute = text.split(":")
    return int(hour) + int(minute) / 60


def absolute_hours(date: datetime.date, text: str) -> float:
    """Hours since the day 0001-01-01 of a date and HH:MM. Clock changes of summer time are not known here."""
    return date.toordinal() * 24.0 + clock(text)


def dose_histories(dosing: pd.DataFrame, rules: Mapping) -> dict[str, Doses]:
    """Patient -> doses taken of rules["drug"], in order; amounts of 0 mg were not taken.

    dosing: patient, drug, date, time, dose_mg. A dose without a clock time stands at rules["assumed_dose_time"]
    and counts as timed when that is given, else at rules["untimed_dose_time"] and counts as not timed.
    """
    mine = dosing[(dosing["drug"] == rules["drug"]) & (dosing["dose_mg"] > 0)]
    made = {}
    for patient, rows in mine.groupby("patient"):
        given = rows["time"].fillna("").astype(str)
        stand_in = rules["assumed_dose_time"] or rules["untimed_dose_time"]
        hours = [absolute_hours(d, t or stand_in) for d, t in zip(rows["date"], given, strict=True)]
        timed = (given != "").to_numpy() | bool(rules["assumed_dose_time"])
        order = np.argsort(hours, kind="stable")
        made[str(patient)] = Doses(
            rows["dose_mg"].to_numpy(float)[order], np.array(hours)[order], timed[order]
        )
    return made


def measured(concentrations: pd.DataFrame, rules: Mapping) -> pd.DataFrame:
    """Samples of rules["drug"], numbered by patient in the order of time; `clock_hours` as in Doses."""
    rows = concentrations[concentrations["drug"] == rules["drug"]].copy()
    rows["clock_hours"] = [absolute_hours(d, t) for d, t in zip(rows["date"], rows["time"], strict=True)]
    rows = rows.sort_values(["patient", "clock_hours"], kind="stable").reset_index(drop=True)
    rows["number"] = rows.groupby("patient").cumcount() + 1
    return rows


def unusable(row, doses: Doses | None, model: Model, rules: Mapping) -> str:
    """Why one sample cannot be used; "" when it can."""
    if doses is None:
        return f"no {rules['drug']} dose of this patient is recorded"
    since = row.clock_hours - doses.hours
    # the hour of an untimed dose may be any of its day: look at the latest one
    latest = np.where(doses.timed, doses.hours, np.floor(doses.hours / 24) * 24 + 24)
    near = ~doses.timed & (row.clock_hours - latest < rules["untimed_dose_hours"])
    near &= np.floor(doses.hours / 24) * 24 <= row.clock_hours
    if near.any():
        return f"the clock time of a dose less than {rules['untimed_dose_hours']:g} h before is not recorded"
    if not (since > 0).any():
        return "taken before the first dose"
    if since.max() <= model["tlag"]:
        return f"taken within the lag of absorption ({60 * model['tlag']:.0f} min) of the first dose"
    if row.below_lloq == "yes":
        return "" if row.lloq_ng_ml > 0 else "below a limit that is not given"
    if not row.value_ng_ml > 0:
        return "no value, and not marked as below the limit"
    if row.value_ng_ml < row.lloq_ng_ml:
        return "value below the limit of quantification, but not marked as such"
    return ""


def citrate_doses(doses: Doses, rules: Mapping) -> list[float]:
    """Amounts that are those of capsules counted as citrate (rules["citrate_mg"]), not as ixazomib."""
    return sorted({float(mg) for mg in doses.mg if any(abs(mg - c) < 0.051 for c in rules["citrate_mg"])})


def subjects(
    model: Model, samples: pd.DataFrame, histories: Mapping[str, Doses], surfaces: Mapping[str, float]
) -> list[Subject]:
    """Patients with at least one usable sample; samples: `measured` with its column `state`."""
    made = []
    for patient, rows in samples[samples["state"] != LEFT_OUT].groupby("patient"):
        doses = histories[patient]
        hours = rows["clock_hours"].to_numpy(float)[:, None] - doses.hours
        hours = np.where(hours > 0, hours, np.nan)
        below = (rows["state"] == BELOW).to_numpy()
        with np.errstate(divide="ignore"):
            y = np.log(np.where(below, np.nan, rows["value_ng_ml"].to_numpy(float)))
            limit = np.log(np.where(below, rows["lloq_ng_ml"].to_numpy(float), 0.0))
        sd = ixazomib.residual_sd(model, np.nanmin(hours, axis=1))
        bsa = surfaces.get(patient, model["bsa_reference"])
        lloq = rows["lloq_ng_ml"].to_numpy(float)
        made.append(Subject(str(patient), bsa, doses.mg, hours, y, below, limit, sd, lloq, tuple(rows.index)))
    return made


# Posterior mode


def log_predictions(model: Model, subject: Subject, etas: np.ndarray) -> np.ndarray:
    """Log concentration (..., samples) at etas (..., 3)."""
    p = {n: v[..., None] for n, v in ixazomib.parameters(model, etas, subject.bsa).items()}
    seen = ixazomib.concentration(model, p["CL"], p["F"], p["V4"], subject.doses_mg, subject.hours)
    return np.log(np.maximum(seen, SMALLEST))


def log_likelihood(subject: Subject, predicted: np.ndarray) -> np.ndarray:
    """Log likelihood (...) of the samples at log predictions (..., samples): density, or P(below) where below."""
    z = (np.where(subject.below, subject.limit, subject.y) - predicted) / subject.sd
    terms = np.where(subject.below, norm.logcdf(z), norm.logpdf(z) - np.log(subject.sd))
    return terms.sum(-1)


def posterior_mode(model: Model, subject: Subject) -> Mode:
    """The best of the modes found from STARTS. Raises ArithmeticError where there is no proper curvature."""
    root = np.linalg.cholesky(model.omega)

    def minus_log(u: np.ndarray) -> np.ndarray:
        predicted = log_predictions(model, subject, u @ root.T)
        return 0.5 * (u**2).sum(-1) - log_likelihood(subject, predicted)

    def slope(u: np.ndarray) -> np.ndarray:
        shift = STEP * np.eye(3)
        return (minus_log(u + shift) - minus_log(u - shift)) / (2 * STEP)

    starts = sorted((np.array(s) for s in STARTS), key=lambda u: float(minus_log(u)))
    found = [minimize(lambda u: float(minus_log(u)), s, jac=slope, method="BFGS") for s in starts[:2]]
    best = min(found, key=lambda result: result.fun)
    covariance = np.linalg.inv(curvature(minus_log, best.x))
    if not np.isfinite(covariance).all() or np.linalg.eigvalsh(covariance).min() <= 0:
        raise ArithmeticError(f"patient {subject.patient}: the posterior has no proper maximum")
    return Mode(root @ best.x, root @ covariance @ root.T, float(best.fun))


def curvature(function, at: np.ndarray, step: float = 10 * STEP) -> np.ndarray:
    """Second derivatives (n x n) of a function of (..., n) by central differences."""
    n = len(at)
    e = step * np.eye(n)
    points = np.stack([[at + a + b, at + a - b, at - a + b, at - a - b] for a in e for b in e])
    f = function(points).reshape(n, n, 4)
    matrix = (f[..., 0] - f[..., 1] - f[..., 2] + f[..., 3]) / (4 * step**2)
    return (matrix + matrix.T) / 2


def slope_of(function, at: np.ndarray, step: float = STEP) -> np.ndarray:
    """Derivatives of a function of (..., n) -> (..., k) at one point: (n, k) or (n,)."""
    e = step * np.eye(len(at))
    return (function(at + e) - function(at - e)) / (2 * step)


# Exposure


@dataclass(frozen=True)
class Plan:
    """Doses of one cycle by protocol: mg, hours from the first, length of the cycle in h."""

    mg: np.ndarray
    hours: np.ndarray
    length: float


def protocol(trial: Mapping, drug: str) -> Plan:
    """The first induction cycle of trial.regimen: same clock time on each of its days."""
    regimen = trial["regimen"]["induction"][drug]
    days = np.array(regimen["days"], float)
    length = 24.0 * trial["induction"]["cycle_days"]
    return Plan(np.full(len(days), float(regimen["mg"])), 24.0 * (days - days[0]), length)


def log_area(model: Model, etas: np.ndarray, bsa: float, plan: Plan) -> np.ndarray:
    """Log area of the plan's cycle in ng h/mL, etas (..., 3)."""
    p = ixazomib.parameters(model, etas, bsa)
    return np.log(ixazomib.area(model, p["CL"], p["F"], p["V4"], plan.mg, plan.hours, plan.length))


def prior_sd(model: Model, bsa: float, plan: Plan) -> float:
    """Between-patient standard deviation of the log area, to first order."""
    slope = slope_of(lambda etas: log_area(model, etas, bsa, plan), np.zeros(3))
    return math.sqrt(slope @ model.omega @ slope)


def exposure_row(
    model: Model, subject: Subject, mode: Mode, plan: Plan, doses: Doses, rules: Mapping
) -> dict:
    """What INDIVIDUAL says of one fitted patient."""
    z = norm.ppf(0.5 + rules["confidence"] / 2)
    p = ixazomib.parameters(model, mode.etas, subject.bsa)
    slope = slope_of(lambda etas: log_area(model, etas, subject.bsa, plan), mode.etas)
    auc, se = float(log_area(model, mode.etas, subject.bsa, plan)), math.sqrt(slope @ mode.covariance @ slope)
    apart = np.array([1.0, -1.0, 0.0])
    cl_f, cl_f_se = float(p["CL"] / p["F"]), math.sqrt(apart @ mode.covariance @ apart)
    given = ixazomib.area(model, p["CL"], p["F"], p["V4"], doses.mg, doses.since_first(), plan.length)
    row = {f"eta_{n.lower()}": float(e) for n, e in zip(ETAS, mode.etas, strict=True)}
    row |= {f"se_{n.lower()}": math.sqrt(v) for n, v in zip(ETAS, np.diag(mode.covariance), strict=True)}
    return row | {
        "cl": float(p["CL"]),
        "bioavailability": float(p["F"]),
        "v4": float(p["V4"]),
        "cl_over_f": cl_f,
        "cl_over_f_low": cl_f * math.exp(-z * cl_f_se),
        "cl_over_f_high": cl_f * math.exp(z * cl_f_se),
        "auc_cycle1": math.exp(auc),
        "auc_low": math.exp(auc - z * se),
        "auc_high": math.exp(auc + z * se),
        "average_cycle1": math.exp(auc) / plan.length,
        "dosed_auc_cycle1": float(given),
        "log_auc_se": se,
        "reliability": 1 - (se / prior_sd(model, subject.bsa, plan)) ** 2,
    }


def residuals(model: Model, subject: Subject, mode: Mode) -> pd.DataFrame:
    """Predictions and residuals of a patient's samples, one row each in the order of `rows`.

    iwres = (log y - log ipred) / sd. cwres: conditional weighted residual (Hooker, Pharm Res 2007;24:2187), on
    the log scale over the quantified samples. Empty where below the limit.
    """
    at_mode = log_predictions(model, subject, mode.etas)
    slope = slope_of(lambda etas: log_predictions(model, subject, etas), mode.etas).T
    kept = ~subject.below
    cwres = np.full(len(subject.y), np.nan)
    if kept.any():
        expected = at_mode - slope @ mode.etas
        variance = (slope @ model.omega @ slope.T + np.diag(subject.sd**2))[np.ix_(kept, kept)]
        values, vectors = np.linalg.eigh(variance)
        cwres[kept] = (vectors / np.sqrt(values)) @ vectors.T @ (subject.y - expected)[kept]
    return pd.DataFrame(
        {
            "pred": np.exp(log_predictions(model, subject, np.zeros(3))),
            "ipred": np.exp(at_mode),
            "iwres": np.where(kept, (subject.y - at_mode) / subject.sd, np.nan),
            "cwres": cwres,
            "probability_below": np.where(kept, np.nan, norm.cdf((subject.limit - at_mode) / subject.sd)),
        },
        index=list(subject.rows),
    )


# The cohort


@dataclass(frozen=True)
class Fitted:
    """INDIVIDUAL, CONCENTRATIONS, and what the population step needs."""

    individual: pd.DataFrame
    concentrations: pd.DataFrame
    subjects: tuple[Subject, ...]
    modes: Mapping[str, Mode]


def sizes_of(patients: Sequence) -> list[dict]:
    """What `fit_cohort` needs of the patients of a Cohort."""
    return [{"patient": p.patient, "height_cm": p.height_cm, "weight_kg": p.weight_kg} for p in patients]


def surfaces(patients: Sequence[Mapping]) -> dict[str, float]:
    """Patient -> body surface in m2, of those with height and weight."""
    given = [(p["patient"], p.get("height_cm"), p.get("weight_kg")) for p in patients]
    return {n: ixazomib.body_surface(h, w) for n, h, w in given if h and w and h == h and w == w}


def fit_cohort(
    model: Model,
    patients: Sequence[Mapping],
    dosing: pd.DataFrame,
    concentrations: pd.DataFrame,
    plan: Plan,
    rules: Mapping,
    outside: Mapping[str, str],
) -> Fitted:
    """Fit every patient of the cohort; one row a patient, whatever is known of it.

    patients: patient, height_cm, weight_kg. dosing, concentrations: the sheets. rules: section
    `pharmacokinetics` of the config. outside: patient -> why it is excluded; it takes part in nothing here.
    Raises ValueError for a dose in the amounts of the citrate.
    """
    histories = dose_histories(dosing, rules)
    wrong = {p: c for p, d in histories.items() if (c := citrate_doses(d, rules))}
    if wrong:
        patient, amounts = next(iter(sorted(wrong.items())))
        raise ValueError(
            f"dosing: dose_mg of {rules['drug']} is {amounts[0]:g} for patient {patient} ({len(wrong)} patient(s) with "
            "such amounts): this is the capsule's citrate; write the mg of ixazomib that stand on its label"
        )
    sizes = surfaces(patients)
    known = {p["patient"] for p in patients} - set(outside)
    samples = measured(concentrations[concentrations["patient"].isin(known)], rules)
    why = [_left_out(row, histories, sizes, model, rules) for row in samples.itertuples()]
    samples["reason"] = why
    below = samples["below_lloq"] == "yes"
    samples["state"] = np.where(samples["reason"] != "", LEFT_OUT, np.where(below, BELOW, USED))
    people = subjects(model, samples, histories, sizes)
    modes = {s.patient: posterior_mode(model, s) for s in people}
    seen = concentration_table(model, samples, people, modes, histories)
    by_patient = {s.patient: s for s in people}
    units_refused = wrong_units(seen, rules)
    rows = []
    for p in (p["patient"] for p in patients):
        row = {"patient": p, **_counts(seen[seen["patient"] == p]), "bsa": sizes.get(p, math.nan)}
        subject = by_patient.get(p)
        if subject is not None:
            row |= exposure_row(model, subject, modes[p], plan, histories[p], rules)
        reason = f"excluded: {outside[p]}" if p in outside else not_assessable(row, p in histories, rules)
        reason = reason or units_refused
        note = (
            ""
            if p in sizes or subject is None
            else "height or weight not given: V4 of the reference body surface"
        )
        row |= {"state": NOT_ASSESSABLE if reason else ASSESSABLE, "reason": reason or note}
        rows.append(row)
    individual = pd.DataFrame(rows, columns=tables.PK_INDIVIDUAL.names())
    return Fitted(tables.conform(individual, tables.PK_INDIVIDUAL), seen, tuple(people), modes)


def unit_ratio(concentrations: pd.DataFrame) -> tuple[float, np.ndarray]:
    """Geometric mean over patients of value over population prediction (nan: no sample), and its logs by patient."""
    used = concentrations[concentrations["state"] == USED]
    log_ratio = np.log(used["value_ng_ml"].to_numpy(float)) - np.log(used["pred"].to_numpy(float))
    by_patient = pd.Series(log_ratio).groupby(used["patient"].to_numpy()).mean().to_numpy(float)
    return (math.exp(by_patient.mean()) if len(by_patient) else math.nan), by_patient


def wrong_units(concentrations: pd.DataFrame, rules: Mapping) -> str:
    """Why no exposure can be trusted: values so far from the model look like another unit; "" otherwise."""
    most = rules["refused_unit_ratio"]
    ratio, by_patient = unit_ratio(concentrations)
    if len(by_patient) < rules["min_patients_for_units"] or 1 / most <= ratio <= most:
        return ""
    return (
        f"wrong unit: values are {ratio:.3g} times the predictions in the mean of all patients (refused beyond {most:g}); "
        "check that value_ng_ml is in ng/mL and dose_mg in mg of ixazomib"
    )


def _left_out(row, histories, sizes, model, rules) -> str:
    why = unusable(row, histories.get(row.patient), model, rules)
    if not why and rules["missing_bsa"] == "leave_out" and row.patient not in sizes:
        return "height or weight of the patient is not given"
    return why


def _counts(rows: pd.DataFrame) -> dict[str, int]:
    return {
        "samples": int((rows["state"] == USED).sum()),
        "below": int((rows["state"] == BELOW).sum()),
        "left_out": int((rows["state"] == LEFT_OUT).sum()),
    }


def not_assessable(row: Mapping, dosed: bool, rules: Mapping) -> str:
    """Why a patient has no exposure to compare; "" when it has."""
    if "auc_cycle1" not in row:
        if row["left_out"]:
            return (
                f"no usable concentration: all {row['left_out']} are left out (concentrations.tsv says why)"
            )
        return (
            "no concentration of this patient" if dosed else f"no {rules['drug']} dose and no concentration"
        )
    if row["reliability"] < rules["min_reliability"]:
        return (
            f"the samples say too little: reliability {row['reliability']:.2f} is below {rules['min_reliability']:g}, "
            "the estimate is mostly the population's"
        )
    return ""


def concentration_table(model, samples, people, modes, histories) -> pd.DataFrame:
    """CONCENTRATIONS: every sample of the drug, used or not, with its predictions."""
    parts = [residuals(model, s, modes[s.patient]) for s in people]
    columns = ["pred", "ipred", "iwres", "cwres", "probability_below"]
    fitted = pd.concat(parts) if parts else pd.DataFrame(columns=columns, dtype=float)
    rows = samples.join(fitted)
    since_first, since_last = [], []
    for row in samples.itertuples():
        doses = histories.get(row.patient)
        hours = row.clock_hours - doses.hours if doses is not None else np.array([])
        since_first.append(hours[0] if len(hours) else math.nan)
        since_last.append(hours[hours > 0].min() if (hours > 0).any() else math.nan)
    rows["hours_since_first_dose"], rows["hours_since_last_dose"] = since_first, since_last
    rows["date"] = [str(d) for d in rows["date"]]
    rows["value_ng_ml"] = rows["value_ng_ml"].where(rows["below_lloq"] != "yes")
    return tables.conform(rows[tables.PK_CONCENTRATIONS.names()], tables.PK_CONCENTRATIONS)
