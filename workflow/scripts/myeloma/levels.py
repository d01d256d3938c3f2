"""Time to event over the levels of a factor: copies of 1q21 (ordered, with a test for trend), molecular classes.

Log-rank over all levels at once is greenwood's; the trend is Tarone's (Biometrika 1975;62:679), from the observed
and expected events and their hypergeometric covariance as R's survdiff gives them.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2

from myeloma import survival, tables
from myeloma.flow import members
from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT

ENDPOINTS = ("TTP", "PFS", "EFS", "OS")
TC = "TC class"


@dataclass(frozen=True)
class Factor:
    """`level`: patient -> label, those whose level is known only; `labels` in their order."""

    name: str
    labels: tuple[str, ...]
    level: Mapping[str, str]
    ordered: bool


def nested_levels(
    abnormalities: pd.DataFrame, nested: Sequence[str], labels: Sequence[str]
) -> dict[str, str]:
    """Patient -> label by how many of the nested abnormalities (weakest first) are present.

    A patient with gain1q present and amp1q not assessable has three copies or more: no level. Raises ValueError
    unless there is one label more than abnormalities.
    """
    if len(labels) != len(nested) + 1:
        raise ValueError(
            f"{len(nested)} nested abnormalities need {len(nested) + 1} labels, found {len(labels)}"
        )
    wanted = abnormalities[abnormalities["abnormality"].isin(list(nested))]
    found = {}
    for patient, rows in wanted.groupby("patient"):
        state = dict(zip(rows["abnormality"], rows["state"], strict=True))
        seen = [state.get(name, NOT_ASSESSABLE) for name in nested]
        reached = next((i for i, one in enumerate(seen) if one != PRESENT), len(seen))
        rest = seen[reached:]
        if not rest or (rest[0] == ABSENT and PRESENT not in rest):
            found[patient] = labels[reached]
    return found


def factors(abnormalities: pd.DataFrame, tc_classes: pd.DataFrame, rules: Mapping) -> list[Factor]:
    """Factors of the config (`comparison.levels`) and the TC classes. rules: section `comparison`."""
    made = []
    for name, one in rules["levels"].items():
        labels = tuple(map(str, one["labels"]))
        made.append(Factor(name, labels, nested_levels(abnormalities, one["nested"], labels), True))
    called = tc_classes[tc_classes["state"] == "called"]
    level = dict(zip(called["patient"], called["tc_class"], strict=True))
    return [*made, Factor(TC, tuple(sorted(set(level.values()))), level, False)]


def observed_expected(
    time: Sequence[float], event: Sequence[int], level: Sequence[str], labels: Sequence[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Observed and expected events per label, and their covariance (hypergeometric, as R's survdiff)."""
    time, event = survival.checked(time, event)
    inside = np.array([[one == label for label in labels] for one in level], dtype=float)
    expected, covariance = np.zeros(len(labels)), np.zeros((len(labels), len(labels)))
    for when in np.unique(time[event == 1]):
        at_risk = inside[time >= when].sum(axis=0)
        n, d = at_risk.sum(), int(((time == when) & (event == 1)).sum())
        share = at_risk / n
        expected += d * share
        if n > 1:
            covariance += d * (n - d) / (n - 1) * (np.diag(share) - np.outer(share, share))
    return inside[event == 1].sum(axis=0), expected, covariance


def trend(observed: np.ndarray, expected: np.ndarray, covariance: np.ndarray) -> tuple[float, float]:
    """Chi-square (1 df) and p of a trend over equally spaced levels; nan where there is no variance."""
    score = np.arange(len(observed), dtype=float)
    variance = float(score @ covariance @ score)
    if variance <= 0:
        return math.nan, math.nan
    statistic = float(score @ (observed - expected)) ** 2 / variance
    return statistic, float(chi2.sf(statistic, 1))


def compare(
    abnormalities: pd.DataFrame,
    tc_classes: pd.DataFrame,
    endpoints: pd.DataFrame,
    flow: pd.DataFrame,
    rules: Mapping,
    rule_set: str,
) -> pd.DataFrame:
    """LEVELS: one row per factor, endpoint and level, over all ITT patients with the endpoint.

    rules: section `comparison`. An endpoint that nobody has, and a level that nobody has, have no row.
    """
    main = endpoints[(endpoints["rule_set"] == rule_set) & endpoints["patient"].isin(members(flow, "itt"))]
    main = main.dropna(subset=["months", "event"])
    rows = []
    for factor in factors(abnormalities, tc_classes, rules):
        for endpoint in ENDPOINTS:
            of_all = main[main["endpoint"] == endpoint]
            if len(of_all):
                rows += _rows(factor, endpoint, of_all, rules, rule_set)
    return tables.conform(
        pd.DataFrame(rows, columns=None if rows else tables.LEVEL_TESTS.names()), tables.LEVEL_TESTS
    )


def _rows(factor: Factor, endpoint: str, of_all: pd.DataFrame, rules: Mapping, rule_set: str) -> list[dict]:
    known = of_all.assign(level=of_all["patient"].map(dict(factor.level))).dropna(subset=["level"])
    labels = [label for label in factor.labels if (known["level"] == label).any()]
    if not labels:
        return []
    time, event, level = (
        known["months"].to_numpy(float),
        known["event"].to_numpy(int),
        known["level"].tolist(),
    )
    observed, expected, covariance = observed_expected(time, event, level, labels)
    statistic, freedom, p = (
        survival.log_rank(time, event, level) if len(labels) > 1 else (math.nan, 0, math.nan)
    )
    rising = (
        trend(observed, expected, covariance) if factor.ordered and len(labels) > 1 else (math.nan, math.nan)
    )
    shared = {
        "factor": factor.name,
        "ordered": "yes" if factor.ordered else "no",
        "endpoint": endpoint,
        "rule_set": rule_set,
        "log_rank_chi2": statistic,
        "degrees_of_freedom": freedom,
        "log_rank_p": p,
        "trend_chi2": rising[0],
        "trend_p": rising[1],
        "not_assessable": len(of_all) - len(known),
        "note": "one level only: nothing to compare"
        if len(labels) < 2
        else ""
        if event.any()
        else "no events",
    }
    made = []
    for at, label in enumerate(labels):
        own = known[known["level"] == label]
        counted = {"order": factor.labels.index(label) + 1, "level": label, "patients": len(own)}
        made.append(shared | counted | {"expected": expected[at]} | curve_numbers(own, rules))
    return made


def curve_numbers(rows: pd.DataFrame, rules: Mapping) -> dict[str, float]:
    """Events, Kaplan-Meier median and survival at the months of the config, of ENDPOINTS rows; also of `risk`."""
    time, event = rows["months"].to_numpy(float), rows["event"].to_numpy(int)
    middle = survival.median(time, event, rules["confidence"])
    made: dict[str, float] = {"events": int(event.sum())}
    made |= dict(zip(("median", "median_low", "median_high"), middle, strict=True))
    steps = survival.kaplan_meier(time, event, rules["confidence"])
    for months in rules["survival_months"]:
        at = survival.survival_at(steps, months) if len(rows) else (math.nan,) * 3
        made |= dict(zip((f"at_{months}", f"at_{months}_low", f"at_{months}_high"), at, strict=True))
    return made
