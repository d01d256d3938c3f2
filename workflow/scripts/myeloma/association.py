"""Early against poor responders, one abnormality at a time, exact methods for small trials.

Every function works on assessable patients only: "not assessable" leaves the denominator and is counted.
The central Fisher test and its interval come from the same two tails of the (noncentral) hypergeometric
distribution, so p < alpha exactly when the interval excludes one (Fay, Biostatistics 2010;11:373).
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import gammaln
from scipy.stats import beta as beta_distribution
from scipy.stats import false_discovery_control

from myeloma import survival, tables
from myeloma.flow import compared_groups, members, plain, with_given_response
from myeloma.states import ABSENT, EARLY, GIVEN, NOT_ASSESSABLE, POOR, PRESENT

SMALL_GROUP = 5
#: A carrier of the key carries the value too: an estimate for it is tied to that qualifying lesion.
CONTAINS = {"amp1q": "gain1q", "biallelic_TP53": "del17p"}
RELATIVE = 1 + 1e-9  # ties of tail probabilities that differ by rounding only count as ties


@dataclass(frozen=True)
class Exact:
    """One 2x2 table: conditional estimate, exact interval, central p; and what the margins could show."""

    odds_ratio: float
    ci_low: float
    ci_high: float
    p: float
    smallest_p: float
    detectable_low: float
    detectable_high: float


class Conditional:
    """Number of early carriers given all margins: noncentral hypergeometric, weights in logs.

    early, poor: assessable patients per group; carriers: carriers in both together.
    """

    def __init__(self, early: int, poor: int, carriers: int):
        self.support = np.arange(max(0, carriers - poor), min(carriers, early) + 1)
        self.log_weight = _log_choose(early, self.support) + _log_choose(poor, carriers - self.support)

    def probabilities(self, log_odds_ratio: float = 0.0) -> np.ndarray:
        """P(X = k) over the support at this log odds ratio."""
        log_p = self.log_weight + self.support * log_odds_ratio
        weight = np.exp(log_p - log_p.max())  # by hand: a call of scipy's logsumexp costs more than all of it
        return weight / weight.sum()

    def at_most(self, k: int, log_odds_ratio: float = 0.0) -> float:
        return float(min(1.0, self.probabilities(log_odds_ratio)[self.support <= k].sum()))

    def at_least(self, k: int, log_odds_ratio: float = 0.0) -> float:
        return float(min(1.0, self.probabilities(log_odds_ratio)[self.support >= k].sum()))

    def central_p(self) -> np.ndarray:
        """Twice the smaller tail, at most 1, for every point of the support."""
        p = self.probabilities()
        smaller = np.minimum(np.cumsum(p), np.cumsum(p[::-1])[::-1])
        return np.minimum(1.0, 2 * smaller)

    def estimate(self, k: int) -> float:
        """Conditional maximum-likelihood odds ratio: 0 or inf at the ends of the support."""
        if len(self.support) == 1:
            return math.nan
        if k == self.support[0]:
            return 0.0
        if k == self.support[-1]:
            return math.inf
        return math.exp(_root(lambda b: float(self.probabilities(b) @ self.support) - k))

    def interval(self, k: int, confidence: float) -> tuple[float, float]:
        """Exact conditional interval by inversion of each tail at (1 - confidence) / 2 (Cornfield 1956)."""
        tail = (1 - confidence) / 2
        low, high = 0.0, math.inf
        if k > self.support[0]:
            low = math.exp(_root(lambda b: self.at_least(k, b) - tail))
        if k < self.support[-1]:
            high = math.exp(_root(lambda b: tail - self.at_most(k, b)))
        return low, high

    def detectable(self, alpha: float, power: float) -> tuple[float, float]:
        """Odds ratios nearest to one found with `power` at these margins: (below one, above one).

        The power is conditional on the margins, as the test is: no carrier frequency has to be
        guessed. nan on a side where even the most extreme table does not reach p < alpha.
        """
        rejected = self.central_p() < alpha
        p = self.probabilities()
        low_side = rejected & (np.cumsum(p) <= np.cumsum(p[::-1])[::-1] * RELATIVE)
        high_side = rejected & ~low_side
        low = high = math.nan
        if low_side.any():
            low = math.exp(_root(lambda b: power - self.probabilities(b)[low_side].sum()))
        if high_side.any():
            high = math.exp(_root(lambda b: self.probabilities(b)[high_side].sum() - power))
        return low, high


def _log_choose(n: int, k: np.ndarray) -> np.ndarray:
    return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)


def _root(increasing, limit: float = 700.0) -> float:
    """Zero of a function that increases with the log odds ratio."""
    return brentq(increasing, -limit, limit, xtol=1e-12, rtol=1e-12, maxiter=500)


def exact_test(
    early_present: int,
    early_assessable: int,
    poor_present: int,
    poor_assessable: int,
    confidence: float = 0.95,
    alpha: float = 0.05,
    power: float = 0.80,
) -> Exact:
    """Central Fisher test, conditional odds ratio (early over poor) and its matching exact interval.

    The counts are patients in whom the abnormality could be assessed. Raises ValueError where a count
    exceeds its denominator. A table with an empty margin says nothing: odds ratio nan, interval 0 to
    inf, p 1.
    """
    for present, assessable in ((early_present, early_assessable), (poor_present, poor_assessable)):
        if not 0 <= present <= assessable:
            raise ValueError(f"{present} carriers of {assessable} assessable patients is not possible")
    table = Conditional(early_assessable, poor_assessable, early_present + poor_present)
    p = table.central_p()
    low, high = table.interval(early_present, confidence)
    detectable = table.detectable(alpha, power)
    return Exact(
        odds_ratio=table.estimate(early_present),
        ci_low=low,
        ci_high=high,
        p=float(p[early_present - table.support[0]]),
        smallest_p=float(p.min()),
        detectable_low=detectable[0],
        detectable_high=detectable[1],
    )


def clopper_pearson(x: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Exact interval of a proportion, as fractions (Clopper and Pearson, Biometrika 1934); 0-1 when n = 0."""
    if not 0 <= x <= n:
        raise ValueError(f"{x} of {n} is not possible")
    tail = (1 - confidence) / 2
    low = float(beta_distribution.ppf(tail, x, n - x + 1)) if x > 0 else 0.0
    high = float(beta_distribution.ppf(1 - tail, x + 1, n - x)) if x < n else 1.0
    return low, high


def compare(
    abnormalities: pd.DataFrame,
    groups: Mapping[str, str],
    qualifying: Mapping[str, str],
    times: pd.DataFrame,
    rules: Mapping,
    rule: str,
) -> pd.DataFrame:
    """One row per abnormality (contract BY_GROUP).

    abnormalities: ABNORMALITIES. groups: patient -> EARLY_RESPONDER or POOR_RESPONDER, those of the
    comparison only. qualifying: patient -> abnormality that qualified the patient for the trial ("" if
    not given). times: patient, months, event of TTP. rules: section `comparison` of the config. rule:
    definition of the groups in words.
    """
    kinds = dict(zip(abnormalities["abnormality"], abnormalities["kind"], strict=True))
    names = list(kinds) + [n for n in rules["primary_family"] if n not in kinds]
    rows = []
    for name in names:
        states = states_of(abnormalities, name)
        row = {"abnormality": name, "kind": kinds.get(name, "not called"), "rule": rule}
        row |= counts_of(states, groups)
        row |= _tested(row, name, rules)
        row["note"] = "; ".join(_notes(row, name, kinds, groups, qualifying, rules))
        row |= _time_to_progression(states, times, rules)
        rows.append(row)
    frame = pd.DataFrame(rows, columns=tables.BY_GROUP.names())
    frame["q"] = false_discovery(frame)
    frame["perm_p"] = np.nan  # by `multiplicity.add_permutation_p`
    return tables.conform(frame, tables.BY_GROUP)


def compare_cohort(
    flow: pd.DataFrame,
    abnormalities: pd.DataFrame,
    response: pd.DataFrame,
    endpoints: pd.DataFrame,
    qualifying: Mapping[str, str],
    rules: Mapping,
    rule_set: str,
) -> pd.DataFrame:
    """`compare` on the tables of a run: groups and populations from FLOW, TTP of everybody in it."""
    main = endpoints[(endpoints["endpoint"] == "TTP") & (endpoints["rule_set"] == rule_set)]
    times = main[main["patient"].isin(members(flow, "itt"))].dropna(subset=["days", "event"])
    definitions = response["rule"].unique()
    rule = definitions[0] if len(definitions) else "no groups: the run has no response table"
    return compare(abnormalities, compared_groups(flow), qualifying, times, rules, rule)


def states_of(abnormalities: pd.DataFrame, name: str) -> dict[str, str]:
    """Patient -> state of one abnormality (ABNORMALITIES)."""
    rows = abnormalities[abnormalities["abnormality"] == name]
    return dict(zip(rows["patient"], rows["state"], strict=True))


def counts_of(states: Mapping[str, str], groups: Mapping[str, str]) -> dict[str, int]:
    """The 2 x 2 table of the compared patients, and who could not be assessed; a patient without a call could not."""
    seen = {
        side: [states.get(patient, NOT_ASSESSABLE) for patient, group in groups.items() if group == side]
        for side in (EARLY, POOR)
    }
    count = {}
    for label, side in (("early", EARLY), ("poor", POOR)):
        count[f"{label}_present"] = seen[side].count(PRESENT)
        count[f"{label}_assessable"] = seen[side].count(PRESENT) + seen[side].count(ABSENT)
    count["not_assessable"] = len(groups) - count["early_assessable"] - count["poor_assessable"]
    return count


def _tested(row: Mapping, name: str, rules: Mapping) -> dict:
    """Exact result and family; an abnormality whose margins cannot reach p < alpha is described only."""
    counts = [row[k] for k in ("early_present", "early_assessable", "poor_present", "poor_assessable")]
    result = exact_test(*counts, confidence=rules["confidence"], alpha=rules["alpha"], power=rules["power"])
    possible = result.smallest_p < rules["alpha"]
    family = "primary" if name in rules["primary_family"] else "exploratory"
    # an empty margin tests nothing: no p, rather than the 1 of the empty sum
    p = {"p": math.nan} if math.isnan(result.odds_ratio) else {}
    return (
        vars(result)
        | p
        | {
            "family": family if possible else "described",
            "tested": "yes" if possible else "no",
        }
    )


def _notes(row, name, kinds, groups, qualifying, rules) -> Iterable[str]:
    family = "primary" if name in rules["primary_family"] else "exploratory"
    if name not in kinds:
        yield f"of the {family} family, but not called by this run"
    elif not groups:
        yield f"of the {family} family; no early or poor responder, so there is nothing to compare"
    elif row["tested"] == "no":
        yield (
            f"of the {family} family, described only: with these margins p cannot fall below "
            f"{rules['alpha']:g} (smallest {row['smallest_p']:.2g})"
        )
    if groups and min(row["early_assessable"], row["poor_assessable"]) < SMALL_GROUP:
        yield f"fewer than {SMALL_GROUP} assessable patients in a group"
    if told := qualifying_note(name, qualifying, groups):
        yield told


def qualifying_note(name: str, qualifying: Mapping[str, str], patients: Iterable[str]) -> str:
    """What an estimate for a lesion must say that qualified one of the patients for the trial; "" for another lesion."""
    lesions = {plain(qualifying.get(patient, "")) for patient in patients} - {""}
    if {plain(n) for n in (name, *implied(name))} & lesions:
        return "qualifying lesion: versus patients enrolled for another lesion"
    return ""


def implied(name: str) -> set[str]:
    """What a carrier of `name` carries too, because it is the same lesion in a stricter reading: the deletion behind
    biallelic_delX, NAME behind NAME_high_fraction, both arms behind a monosomy, and CONTAINS."""
    found = {CONTAINS[name]} if name in CONTAINS else set()
    if name.startswith("biallelic_del"):
        found.add(name.removeprefix("biallelic_"))
    if name.endswith("_high_fraction"):
        found.add(name.removesuffix("_high_fraction"))
    if match := re.fullmatch(r"monosomy(\d+)", name):
        found |= {f"del{match.group(1)}{arm}" for arm in "pq"}
    return found


def _time_to_progression(states: Mapping[str, str], times: pd.DataFrame, rules: Mapping) -> dict:
    """TTP of carriers against non-carriers over everybody assessable, whatever the response group."""
    state = times["patient"].map(states)
    known = times[state.isin([PRESENT, ABSENT])]
    carrier = (state[known.index] == PRESENT).to_numpy()
    result = survival.hazard_ratio(
        known["months"].to_numpy(float), known["event"].to_numpy(int), carrier, rules["confidence"],
        rules["cox_min_events"],
    )  # fmt: skip
    return {
        "carriers": int(carrier.sum()),
        "non_carriers": int((~carrier).sum()),
        "carrier_events": int(known["event"][carrier].sum()),
        "non_carrier_events": int(known["event"][~carrier].sum()),
        "ttp_hazard_ratio": result.hazard_ratio,
        "ttp_ci_low": result.ci_low,
        "ttp_ci_high": result.ci_high,
        "ttp_p": result.log_rank_p,
        "ttp_method": result.method,
        "ttp_note": result.note,
    }


def false_discovery(frame: pd.DataFrame) -> pd.Series:
    """Benjamini-Hochberg q within each family, over tested rows; empty elsewhere."""
    q = pd.Series(np.nan, index=frame.index, dtype="float64")
    for _, rows in frame[frame["tested"] == "yes"].groupby("family"):
        q[rows.index] = false_discovery_control(rows["p"].to_numpy(float), method="bh")
    return q


LEVELS_OF_RATE = {
    "ORR": ("sCR", "CR", "VGPR", "PR"),
    "VGPR": ("sCR", "CR", "VGPR"),
    "CR": ("sCR", "CR"),
    "CBR": ("sCR", "CR", "VGPR", "PR", "MR"),
}
#: Why a patient is outside a rate.
NO_ONSET = "best response as given, of no known onset"
NO_RESPONSE_GIVEN = "response not known: none given and no assessments"
NO_MAINTENANCE = "not known whether maintenance began"
PERIODS = {"induction": "best_confirmed_induction", "treatment": "best_confirmed_treatment"}


def populations(flow: pd.DataFrame) -> dict[str, list[str]]:
    """Denominators of the rates: all, per protocol, and those of both who entered maintenance."""
    onward = set(members(flow, "maintenance"))
    made = {name: members(flow, name) for name in ("itt", "per_protocol")}
    return made | {f"{name}_maintenance": [p for p in who if p in onward] for name, who in made.items()}


def any_assessed(endpoints: pd.DataFrame) -> bool:
    """Does the run have assessments: without them ENDPOINTS holds survival, and times as given, only."""
    computed = ~endpoints["source_record"].astype(str).str.startswith(GIVEN)
    return bool(((endpoints["endpoint"] == "TTP") & computed).any())


def left_out_of_rates(
    response: pd.DataFrame, populations: Mapping[str, Sequence[str]], assessed: bool
) -> dict[tuple[str, str], dict[str, set[str]]]:
    """(population, period) -> why -> patients that RATES counts as not known. Arguments as of `response_rates`."""
    unknown = set(response.loc[response["maintenance"] == "not_known", "patient"])
    given, made = with_given_response(response), {}
    for population, everyone in populations.items():
        whole = population.removesuffix("_maintenance")
        for period in PERIODS:
            why = {NO_ONSET: given & set(everyone) if period == "induction" else set()}
            why[NO_RESPONSE_GIVEN] = set() if assessed else set(everyone) - given
            aside = set().union(*why.values())
            why[NO_MAINTENANCE] = (
                set() if whole == population else unknown & set(populations.get(whole, ())) - aside
            )
            made[population, period] = {reason: who for reason, who in why.items() if who}
    return made


def response_rates(
    response: pd.DataFrame,
    populations: Mapping[str, Sequence[str]],
    confidence: float,
    assessed: bool = True,
) -> pd.DataFrame:
    """Rates by period and population (contract RATES); no rows when the trial has no assessments at all
    (`assessed` False): nobody looked, so 0 % would be a made-up number.

    response: RESPONSE. populations: name -> patients, all of whom are the denominator: a patient
    without a response row counts as a non-responder. Of whom it is not known whether they entered maintenance
    are outside the denominators "..._maintenance" and counted in `not_known`. A best response as given has no
    onset: such patients are outside the rates of the induction, and counted there too. In a trial without
    assessments so are, everywhere, those whose best response is not given: nobody says that they did not respond.
    """
    rows = []
    given = with_given_response(response)
    why = left_out_of_rates(response, populations, assessed)
    for population, everyone in populations.items() if assessed or given else ():
        for period, column in PERIODS.items():
            if period == "induction" and not assessed:
                continue
            aside = set().union(*why[population, period].values())
            patients = [p for p in everyone if p not in aside]
            best = dict(zip(response["patient"], response[column], strict=True))
            for rate, levels in LEVELS_OF_RATE.items():
                x = sum(best.get(patient, "NE") in levels for patient in patients)
                low, high = clopper_pearson(x, len(patients), confidence)
                rows.append(
                    {
                        "rate": rate,
                        "period": period,
                        "population": population,
                        "responders": x,
                        "patients": len(patients),
                        "not_known": len(aside),
                        "fraction": x / len(patients) if patients else math.nan,
                        "ci_low": low,
                        "ci_high": high,
                    }
                )
    return tables.conform(pd.DataFrame(rows, columns=tables.RATES.names()), tables.RATES)
