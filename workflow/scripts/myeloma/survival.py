"""Time to event: Kaplan-Meier, log-rank, Cox with profile likelihood, reverse Kaplan-Meier, landmark.

Numbers are held to R survival 3.5-3 in the tests. greenwood accepts negative times and odd status codes
without a word, so `checked` refuses them first.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import greenwood
import numpy as np
import pandas as pd
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import chi2, norm

from myeloma import exact_log_rank, tables
from myeloma.flow import LANDMARK, members, rule_of
from myeloma.states import ABSENT, EARLY, POOR, PRESENT

UNKNOWN = "not recorded"  # a stratum of its own: nobody leaves a stratified test
NO_TEST = {"log_rank_chi2": math.nan, "log_rank_p": math.nan, "stratified_chi2": math.nan,
           "stratified_p": math.nan, "rule": ""}  # fmt: skip
WIDEST = 30.0  # distance of log hazard ratios beyond which a limit is infinite


@dataclass(frozen=True)
class Hazard:
    """Carriers over non-carriers; nan with `note` where nothing can be estimated.

    ci_low, ci_high: profile likelihood. wald_low, wald_high: from the information, as R's coxph prints them; nan
    for a penalised fit, where they mislead (Heinze and Schemper 2001).
    """

    hazard_ratio: float = math.nan
    ci_low: float = math.nan
    ci_high: float = math.nan
    wald_low: float = math.nan
    wald_high: float = math.nan
    log_rank_chi2: float = math.nan
    log_rank_p: float = math.nan
    method: str = ""
    note: str = ""


def checked(time: Sequence[float], event: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Times (> 0) and 0/1 events as arrays; ValueError names what is wrong."""
    time, event = np.asarray(time, dtype=float), np.asarray(event, dtype=int)
    if len(time) != len(event):
        raise ValueError(f"{len(time)} times but {len(event)} events")
    if not np.all(np.isfinite(time)) or np.any(time <= 0):
        raise ValueError("a time to event must be a finite number above zero")
    if not np.isin(event, (0, 1)).all():
        raise ValueError("an event is 1, a censored time 0; nothing else")
    return time, event


def kaplan_meier(time: Sequence[float], event: Sequence[int], confidence: float = 0.95) -> pd.DataFrame:
    """Steps: time, at_risk, events, censored, survival, low, high (log-log band), from time 0 on.

    `low` and `high` are nan where survival is 1 or 0 (the log-log band is not defined there).
    """
    time, event = checked(time, event)
    start = pd.DataFrame([[0.0, len(time), 0, 0, 1.0, math.nan, math.nan]], columns=_STEPS)
    if not len(time):
        return start
    fit = greenwood.KaplanMeier(conf_type="log-log", conf_level=confidence)
    steps = fit.fit(greenwood.Surv(time=time, event=event)).to_frame(format="pandas")
    steps = steps.rename(
        columns={"n_risk": "at_risk", "n_event": "events", "n_censor": "censored", "estimate": "survival",
                 "conf_low": "low", "conf_high": "high"}
    )[_STEPS]  # fmt: skip
    inside = (steps["survival"] > 0) & (steps["survival"] < 1)
    steps.loc[~inside, ["low", "high"]] = math.nan
    whole = steps[["at_risk", "events", "censored"]].round().astype(int)
    return pd.concat([start, steps.assign(**whole)], ignore_index=True)


_STEPS = ["time", "at_risk", "events", "censored", "survival", "low", "high"]


def median(
    time: Sequence[float], event: Sequence[int], confidence: float = 0.95
) -> tuple[float, float, float]:
    """Median with its interval from the log-log band (Brookmeyer and Crowley 1982); nan = not reached.

    Where the estimate (or its band) is one half over a stretch of time its middle is taken, as R prints it; the
    library's own median, and this one where the stretch lasts to the end, takes its start.
    """
    time, event = checked(time, event)
    if not len(time) or not event.any():
        return math.nan, math.nan, math.nan
    steps = kaplan_meier(time, event, confidence)
    return tuple(_half(steps["time"], steps[name]) for name in ("survival", "low", "high"))


def _half(time: pd.Series, value: pd.Series) -> float:
    """Time at which a falling step function crosses one half; nan when it never gets there."""
    known = value.notna()
    time, value = time[known], value[known]
    tolerance = 1.5e-8  # of R's print.survfit: products of fractions meet one half only nearly
    at, under = time[value <= 0.5 + tolerance], time[value <= 0.5 - tolerance]
    if not len(at):
        return math.nan
    return float(at.iloc[0] + (under.iloc[0] if len(under) else at.iloc[0])) / 2


def follow_up(
    time: Sequence[float], event: Sequence[int], confidence: float = 0.95
) -> tuple[float, float, float]:
    """Median follow-up by reverse Kaplan-Meier: an event censors follow-up (Schemper and Smith 1996)."""
    time, event = checked(time, event)
    return median(time, 1 - event, confidence)


def survival_at(steps: pd.DataFrame, when: float) -> tuple[float, float, float]:
    """Survival with its band at `when`, from `kaplan_meier` steps.

    After the last patient's time it is nan where that patient was censored, and 0 (its band nan) where the curve had
    come down to 0: nobody was left who could survive longer.
    """
    if when > steps["time"].iloc[-1] and steps["survival"].iloc[-1] > 0:
        return math.nan, math.nan, math.nan
    row = steps[steps["time"] <= when].iloc[-1]
    return float(row["survival"]), float(row["low"]), float(row["high"])


def log_rank(
    time: Sequence[float], event: Sequence[int], group: Sequence, strata: Sequence | None = None
) -> tuple[float, int, float]:
    """Log-rank chi-square, degrees of freedom and p; with `strata` compared within each of them only.

    Of two groups with at most `exact_log_rank.MOST` patients in the smaller one p is exact, by permutation; else it
    is that of the chi-square distribution, which is too small in small groups (docs/simulation.md).
    nan where nothing can be compared: no event while two groups were at risk and somebody survived it.
    """
    time, event = checked(time, event)
    group = np.asarray(group)
    stratum = np.zeros(len(time), dtype=int) if strata is None else pd.factorize(np.asarray(strata))[0]
    telling = [one for one in np.unique(stratum) if _tells(time, event, group, stratum == one)]
    told = np.isin(stratum, telling)
    if not told.any():
        return math.nan, 0, math.nan
    told &= np.isin(group, np.unique(group[told & _at_first_event(time, event, stratum)]))
    by = None if strata is None else stratum[told]
    test = greenwood.logrank_test(greenwood.Surv(time=time[told], event=event[told]), group[told], strata=by)
    p = float(test.p_value)
    first = group[told] == group[told][0]
    if test.df == 1 and min(first.sum(), (~first).sum()) <= exact_log_rank.MOST:
        p = exact_log_rank.p_value(time[told], event[told], first, stratum[told])
    return float(test.statistic), int(test.df), p


def _at_first_event(time: np.ndarray, event: np.ndarray, stratum: np.ndarray) -> np.ndarray:
    """Who is at risk at the first event of his stratum: a group without any such patient has expected events of 0,
    makes the covariance singular, and is left out as R's survdiff leaves it out."""
    first = {one: time[(stratum == one) & (event == 1)].min(initial=np.inf) for one in np.unique(stratum)}
    return time >= np.array([first[one] for one in stratum])


def _tells(time: np.ndarray, event: np.ndarray, group: np.ndarray, inside: np.ndarray) -> bool:
    """Does one stratum say anything: an event while two groups were at risk, survived by somebody."""
    time, event, group = time[inside], event[inside], group[inside]
    return any(
        len(set(group[time >= t])) > 1 and ((time > t) | ((time == t) & (event == 0))).any()
        for t in np.unique(time[event == 1])
    )


def hazard_ratio(
    time: Sequence[float],
    event: Sequence[int],
    carrier: Sequence[bool],
    confidence: float = 0.95,
    min_events: int = 5,
) -> Hazard:
    """Cox hazard ratio of carriers over non-carriers with profile-likelihood interval, and log-rank p.

    With at least `min_events` events on both sides: the partial likelihood. Fewer, or a likelihood without a finite
    maximum (one side has every event while both are at risk): with Firth's penalty (Heinze and Schemper, Biometrics
    2001;57:114).
    """
    time, event = checked(time, event)
    carrier = np.asarray(carrier, dtype=bool)
    if not len(time):
        return Hazard(note="nobody with the endpoint in whom it could be assessed")
    if carrier.all() or not carrier.any():
        return Hazard(note="all are carriers" if carrier.all() else "no carrier")
    if not event.any():
        return Hazard(note="no events")
    statistic, _, p = log_rank(time, event, carrier)
    if math.isnan(p):
        return Hazard(note="no event while both sides were at risk")
    likelihood = PartialLikelihood(time, event, carrier)
    fewest = min(int(event[carrier].sum()), int(event[~carrier].sum()))
    monotone = likelihood.monotone()
    penalised = fewest < min_events or monotone
    estimate, low, high = likelihood.profile(confidence, 0.5 if penalised else 0.0)
    wald = (math.nan, math.nan) if penalised else likelihood.wald(estimate, confidence)
    return Hazard(
        math.exp(estimate), math.exp(low), math.exp(high), *map(math.exp, wald), statistic, p,
        "Firth" if penalised else "Cox",
        _why_penalised(fewest, min_events, monotone),
    )  # fmt: skip


def _why_penalised(fewest: int, min_events: int, monotone: bool) -> str:
    if fewest < min_events:
        return f"fewer than {min_events} events on one side: penalised"
    return (
        "all events of one side come before the other's: no finite estimate without a penalty"
        if monotone
        else ""
    )


def restricted_mean(
    time: Sequence[float],
    event: Sequence[int],
    carrier: Sequence[bool],
    most: float,
    confidence: float = 0.95,
) -> tuple[float, float, float, float]:
    """Horizon, and carriers minus non-carriers in restricted mean time with its limits, in the unit of `time`.

    The horizon is what both curves reach, at most `most`: a side's largest time, or beyond it where its curve has
    fallen to 0 there and stays so. Variance after Greenwood (Uno et al., J Clin Oncol 2014;32:2380). nan where a side is
    empty or no event falls before the horizon; no limits where the variance is 0, which says nothing of certainty.
    """
    time, event = checked(time, event)
    carrier = np.asarray(carrier, dtype=bool)
    if not carrier.any() or carrier.all():
        return (math.nan,) * 4
    horizon = float(min(most, *(_reach(time[side], event[side]) for side in (carrier, ~carrier))))
    if not ((time <= horizon) & (event == 1)).any():
        return horizon, math.nan, math.nan, math.nan
    made = greenwood.rmst_test(
        greenwood.Surv(time=time, event=event),
        tau=horizon,
        group=np.where(carrier, "a", "b"),
        conf_level=confidence,
    )
    known = made.se > 0
    limits = (float(made.lower_ci), float(made.upper_ci)) if known else (math.nan, math.nan)
    return horizon, float(made.estimate), *limits


def _reach(time: np.ndarray, event: np.ndarray) -> float:
    """How far a Kaplan-Meier curve is known: to its largest time, or for ever where it is 0 there."""
    last = time.max()
    return math.inf if event[time == last].all() else float(last)


def detectable_hazard(events: int, carriers: int, patients: int, alpha: float, power: float) -> float:
    """Hazard ratio above 1 that a log-rank test finds with `power` at these events (Schoenfeld, Biometrics 1983;39:499);
    its inverse below 1. nan without events or with one side empty."""
    share = carriers / patients if patients else 0.0
    if not events or share in (0.0, 1.0):
        return math.nan
    reach = norm.ppf(1 - alpha / 2) + norm.ppf(power)
    return math.exp(reach / math.sqrt(events * share * (1 - share)))


class PartialLikelihood:
    """Cox partial likelihood of one binary covariate, ties after Efron (JASA 1977;72:557).

    One covariate needs no matrix: the likelihood is a sum over events of the carriers and the others
    at risk, and its profile is the likelihood itself. The general Firth fit of firthmodels stops with a
    failed step-halving in 1 of 16 cohorts of 20 (max_halfstep 5), so the tests hold this one to it, and
    to R, instead.
    """

    def __init__(self, time: np.ndarray, event: np.ndarray, carrier: np.ndarray):
        times, index = np.unique(time, return_inverse=True)

        def count(which):
            return np.bincount(index, weights=which, minlength=len(times))

        def at_risk(which):
            return np.cumsum(count(which)[::-1])[::-1]

        self.carrier_events = int(event[carrier].sum())
        died, died_carriers = count(event), count(event * carrier)
        each = np.repeat(np.arange(len(times)), died.astype(int))
        rank = np.arange(len(each)) - np.concatenate([[0], np.cumsum(died)])[each]
        share = rank / died[each]  # of the events of the same time that Efron takes out of the risk set
        self.ones = at_risk(carrier)[each] - share * died_carriers[each]
        self.others = at_risk(~carrier)[each] - share * (died - died_carriers)[each]

    def log(self, b: float, penalty: float) -> float:
        """Log likelihood at the log hazard ratio b, plus penalty x log information (Firth: 0.5)."""
        weight = self.ones * math.exp(b)
        value = self.carrier_events * b - float(np.log(weight + self.others).sum())
        if penalty:
            value += penalty * math.log(self.information(b))
        return value

    def information(self, b: float) -> float:
        """Observed information of the log hazard ratio at b."""
        weight = self.ones * math.exp(b)
        share = weight / (weight + self.others)
        return float((share * (1 - share)).sum())

    def wald(self, best: float, confidence: float) -> tuple[float, float]:
        """Limits of the log hazard ratio from the information at the estimate `best` of the unpenalised fit."""
        reach = norm.ppf((1 + confidence) / 2) / math.sqrt(self.information(best))
        return best - reach, best + reach

    def monotone(self) -> bool:
        """Has the likelihood no finite maximum: whenever both sides are at risk the same side has the event."""
        alone, possible = int((self.others == 0).sum()), int((self.ones > 0).sum())
        return self.carrier_events in (alone, possible)

    def on_grid(self, grid: np.ndarray, penalty: float) -> np.ndarray:
        """`log` at many log hazard ratios at once."""
        weight = self.ones * np.exp(grid)[:, None]
        share = weight / (weight + self.others)
        value = self.carrier_events * grid - np.log(weight + self.others).sum(axis=1)
        return value + penalty * np.log((share * (1 - share)).sum(axis=1)) if penalty else value

    def profile(self, confidence: float, penalty: float) -> tuple[float, float, float]:
        """Estimate of the log hazard ratio and the limits where the log likelihood falls by chi2 / 2."""
        grid = np.arange(-15.0, 15.25, 0.25)
        near = grid[int(np.argmax(self.on_grid(grid, penalty)))]
        best = minimize_scalar(
            lambda b: -self.log(b, penalty), bounds=(near - 0.5, near + 0.5), method="bounded",
            options={"xatol": 1e-10},
        ).x  # fmt: skip
        lowest = self.log(best, penalty) - chi2.ppf(confidence, 1) / 2

        def above(b):
            return self.log(b, penalty) - lowest

        return (
            float(best),
            brentq(above, best - WIDEST, best) if above(best - WIDEST) < 0 else -math.inf,
            brentq(above, best, best + WIDEST) if above(best + WIDEST) < 0 else math.inf,
        )


def fit_cohort(
    flow: pd.DataFrame,
    abnormalities: pd.DataFrame,
    response: pd.DataFrame,
    endpoints: pd.DataFrame,
    rules: Mapping,
    landmark_days: int,
    rule_set: str,
    days_per_month: float,
    strata: Mapping[str, str] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`summarise` on the tables of a run: the population and the landmark analysis come from FLOW."""
    groups = dict(zip(response["patient"], response["landmark_group"], strict=True))
    landmark = {patient: groups[patient] for patient in members(flow, "landmark")}
    return summarise(
        endpoints,
        abnormalities,
        landmark,
        members(flow, "itt"),
        rules,
        landmark_days,
        rule_set,
        days_per_month,
        strata,
        rule_of(response),
    )


def summarise(
    endpoints: pd.DataFrame,
    abnormalities: pd.DataFrame,
    landmark: Mapping[str, str],
    patients: Sequence[str],
    rules: Mapping,
    landmark_days: int,
    rule_set: str,
    days_per_month: float,
    strata: Mapping[str, str] | None = None,
    group_rule: str = "",
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All curves of the report: (SURVIVAL rows, CURVES rows).

    endpoints: ENDPOINTS. patients: those of the main population. landmark: patient -> group known at
    the landmark, for those in the landmark analysis. strata: patient -> stratum of the stratified log-rank
    test, None for none. group_rule: definition of the groups, for the rows that compare them. Times are months from start; of the landmark
    analysis, months from the landmark.
    """
    main = endpoints[(endpoints["rule_set"] == rule_set) & endpoints["patient"].isin(patients)]
    main = main.dropna(subset=["days", "event"]).assign(time=lambda f: f["months"])
    made = _Collected(rules, rule_set, strata)
    for endpoint in ("TTP", "PFS", "OS"):
        rows = main[main["endpoint"] == endpoint]
        made.add(endpoint, "all", rows)
        if len(rows):
            made.add(endpoint, "follow-up", rows.assign(event=1 - rows["event"]))
    ttp = main[main["endpoint"] == "TTP"]
    made.compare(LANDMARK, _from_landmark(ttp, landmark, landmark_days, days_per_month),
                 (EARLY, POOR), group_rule)  # fmt: skip
    for name, rows in abnormalities.groupby("abnormality", sort=True):
        state = ttp["patient"].map(dict(zip(rows["patient"], rows["state"], strict=True)))
        assessable = state.isin([PRESENT, ABSENT])
        known = ttp[assessable].assign(stratum=state[assessable])
        made.compare(f"TTP by {name}", known, (PRESENT, ABSENT))
    return made.tables()


def _from_landmark(ttp, landmark, landmark_days, days_per_month) -> pd.DataFrame:
    """TTP counted from the landmark, for patients still in it there."""
    rows = ttp.assign(stratum=ttp["patient"].map(dict(landmark)))
    rows = rows[rows["stratum"].isin([EARLY, POOR]) & (rows["days"] > landmark_days + 1)]
    return rows.assign(time=(rows["days"] - landmark_days - 1) / days_per_month)


class _Collected:
    """Rows of the two survival tables as they are made."""

    def __init__(self, rules: Mapping, rule_set: str, strata: Mapping[str, str] | None = None):
        self.rules, self.rule_set, self.strata = rules, rule_set, strata
        self.rows: list[dict] = []
        self.curves: list[pd.DataFrame] = []

    def compare(self, analysis: str, rows: pd.DataFrame, strata: Sequence[str], group_rule="") -> None:
        time, event, group = rows["time"], rows["event"].astype(int), rows["stratum"]
        chi, _, p = log_rank(time, event, group)
        tests = {"log_rank_chi2": chi, "log_rank_p": p, "rule": group_rule}
        if self.strata is not None:
            chi, _, p = log_rank(time, event, group, rows["patient"].map(dict(self.strata)).fillna(UNKNOWN))
            tests |= {"stratified_chi2": chi, "stratified_p": p}
        for stratum in strata:
            self.add(analysis, stratum, rows[rows["stratum"] == stratum], tests)

    def add(self, analysis: str, stratum: str, rows: pd.DataFrame, tests: Mapping = NO_TEST) -> None:
        confidence = self.rules["confidence"]
        time, event = rows["time"].to_numpy(float), rows["event"].to_numpy(int)
        middle = median(time, event, confidence)
        row = {
            "analysis": analysis,
            "stratum": stratum,
            "rule_set": self.rule_set,
            "patients": len(rows),
            "events": int(event.sum()),
            "median": middle[0],
            "median_low": middle[1],
            "median_high": middle[2],
            "note": self._note(rows, event),
        }
        row |= NO_TEST | tests
        steps = kaplan_meier(time, event, confidence)
        for months in self.rules["survival_months"]:
            at = survival_at(steps, months)
            row |= dict(zip((f"at_{months}", f"at_{months}_low", f"at_{months}_high"), at, strict=True))
        self.rows.append(row)
        if len(rows):
            self.curves.append(
                steps.rename(columns={"time": "months"}).assign(analysis=analysis, stratum=stratum)
            )

    def _note(self, rows, event) -> str:
        if not len(rows):
            return "no patients"
        return "" if event.any() else "no events: the median is not reached"

    def tables(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        curves = pd.concat(self.curves) if self.curves else tables.empty(tables.CURVES)
        return (
            tables.conform(pd.DataFrame(self.rows), tables.SURVIVAL),
            tables.conform(curves, tables.CURVES),
        )
