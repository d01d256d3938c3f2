"""Burden of early against poor responders: exact Wilcoxon tests with Hodges and Lehmann's shift.

Mutated drivers, changed copies, mutations per megabase and signatures, over patients in whom each could be assessed. A
patient without a normal has no mutational burden (rules of analysis 5) and is counted as not assessable.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm, rankdata

from myeloma import multiplicity, tables
from myeloma.flow import compared_groups
from myeloma.states import ABSENT, EARLY, NOT_ASSESSABLE, POOR, PRESENT

FAMILY = "burden by group"
MEASURES = {
    "genome_changed": ("share of the autosomes with changed copies", "fraction"),
    "arms_changed": ("autosomal arms changed", "arms"),
}
TIES = 1e-9


@dataclass(frozen=True)
class Shift:
    """Early minus poor: Hodges-Lehmann estimate, interval, exact p, and the smallest p of these sizes."""

    estimate: float
    ci_low: float
    ci_high: float
    p: float
    smallest_p: float


def rank_sums(scores: np.ndarray, size: int) -> np.ndarray:
    """P(sum of the scores of `size` of them, drawn without replacement, = s) for s = 0, 1, ... (Streitberg and
    Roehmel, Statistical Software Newsletter 1986;12:10). scores: whole numbers."""
    most = int(np.sort(scores)[::-1][:size].sum())
    ways = np.zeros((size + 1, most + 1))
    ways[0, 0] = 1.0
    for score in scores.astype(int):
        ways[1:, score:] += ways[:-1, : most + 1 - score].copy()  # with and without this one
    return ways[size] / ways[size].sum()


def exact_shift(early: Sequence[float], poor: Sequence[float], confidence: float = 0.95) -> Shift:
    """Exact Wilcoxon rank-sum test, given the ties, and the shift of early over poor.

    p is twice the smaller tail of the permutation distribution of the rank sum (mid-ranks), at most 1: R's wilcox.test
    without ties. The interval is between ordered differences by the distribution without ties (Hodges and Lehmann, Ann
    Math Stat 1963;34:598); closed, it holds its level with ties too (Noether, JASA 1967;62:184) and may then be wider
    than p says. Infinite where the groups are too small for the level. Raises ValueError for an empty group.
    """
    x, y = np.asarray(early, dtype=float), np.asarray(poor, dtype=float)
    if not len(x) or not len(y):
        raise ValueError("an exact test needs at least one patient on each side")
    scores = np.rint(2 * rankdata(np.concatenate([x, y])))
    chance = rank_sums(scores, len(x))
    seen = int(scores[: len(x)].sum())
    below, above = np.cumsum(chance), np.cumsum(chance[::-1])[::-1]
    p = min(1.0, 2 * min(below[seen], above[seen]))
    possible = chance > 0
    smallest = min(1.0, 2 * float(np.minimum(below, above)[possible].min()))
    differences = np.sort((x[:, None] - y[None, :]).ravel())
    return Shift(
        float(np.median(differences)), *_limits(differences, len(x), len(y), confidence), p, smallest
    )


def _limits(differences: np.ndarray, n: int, m: int, confidence: float) -> tuple[float, float]:
    """Ordered differences k and nm + 1 - k, k the largest with P(W < k) below half of what is left out."""
    chance = rank_sums(np.arange(1, n + m + 1), n)[n * (n + 1) // 2 :]  # of W = 0, 1, ...
    k = int((np.cumsum(chance) < (1 - confidence) / 2 - TIES).sum())
    return (-math.inf, math.inf) if k == 0 else (float(differences[k - 1]), float(differences[n * m - k]))


def large_shift(early: Sequence[float], poor: Sequence[float], confidence: float = 0.95) -> Shift:
    """`exact_shift` of large groups, whose permutation distribution takes minutes and gigabytes: the same quantities by the
    normal approximation, corrected for ties and continuity (Hollander and Wolfe, Nonparametric Statistical Methods,
    1999, 4.1 and 4.3; R's wilcox.test(exact = FALSE) gives this p)."""
    x, y = np.asarray(early, dtype=float), np.asarray(poor, dtype=float)
    n, m = len(x), len(y)
    if not n or not m:
        raise ValueError("a test needs at least one patient on each side")
    ranks = rankdata(np.concatenate([x, y]))
    _, tied = np.unique(ranks, return_counts=True)
    total, middle = n + m, n * (n + m + 1) / 2
    untied = n * m * (total + 1) / 12
    spread = math.sqrt(
        untied - n * m * float((tied.astype(float) ** 3 - tied).sum()) / (12 * total * (total - 1))
    )

    def p(rank_sum: float) -> float:
        return (
            min(1.0, 2 * float(norm.sf(max(0.0, abs(rank_sum - middle) - 0.5) / spread))) if spread else 1.0
        )

    extremes = np.sort(ranks)
    smallest = min(p(float(extremes[:n].sum())), p(float(extremes[m:].sum())))
    differences = np.sort((x[:, None] - y[None, :]).ravel())
    k = math.ceil(n * m / 2 - 0.5 - norm.ppf((1 + confidence) / 2) * math.sqrt(untied))
    limits = (-math.inf, math.inf) if k < 1 else (float(differences[k - 1]), float(differences[n * m - k]))
    return Shift(float(np.median(differences)), *limits, p(float(ranks[:n].sum())), smallest)


def compare(
    flow: pd.DataFrame,
    samples: pd.DataFrame,
    abnormalities: pd.DataFrame,
    burden: pd.DataFrame,
    signatures: pd.DataFrame,
    rules: Mapping,
) -> pd.DataFrame:
    """BURDEN_BY_GROUP: one row per measure. rules: section `comparison`."""
    groups = compared_groups(flow)
    exomes = samples[(samples["role"] == "analysis") & (samples["assay"] == "wes")]["sample"]
    own = burden[burden["sample"].isin(exomes)]
    fitted = signatures[signatures["sample"].isin(exomes)]
    rows = []
    for measure, unit, values in _measures(abnormalities, own, fitted, rules):
        rows.append({"measure": measure, "unit": unit} | _row(values, groups, rules))
    frame = pd.DataFrame(rows, columns=tables.BURDEN_BY_GROUP.names())
    return tables.conform(multiplicity.with_q(frame, "p"), tables.BURDEN_BY_GROUP)


def _measures(abnormalities, burden, signatures, rules):
    """(measure, unit, patient -> value) of every measure; who cannot be assessed is not among the patients."""
    measured = burden[burden["state"] == "measured"]
    yield "mutated driver genes", "genes", _drivers(abnormalities, set(measured["patient"]), rules)
    yield "mutations per megabase", "1/Mb", measured.set_index("patient")["tmb"].to_dict()
    copies = burden[burden["copies_state"] == "measured"].set_index("patient")
    for column, (measure, unit) in MEASURES.items():
        yield measure, unit, copies[column].astype(float).to_dict()
    for name, rows in signatures.groupby("signature", sort=True):
        known = rows[(rows["state"] != NOT_ASSESSABLE) & rows["share"].notna()]
        yield f"{name} share", "fraction", known.set_index("patient")["share"].to_dict()


def _drivers(abnormalities: pd.DataFrame, measured: set[str], rules: Mapping) -> dict[str, float]:
    """Mutated genes of the config per patient with a normal in whom enough of the genes could be assessed."""
    genes = abnormalities[(abnormalities["kind"] == "mutation") & abnormalities["patient"].isin(measured)]
    made = {}
    for patient, rows in genes.groupby("patient"):
        if rows["state"].isin([PRESENT, ABSENT]).mean() >= rules["driver_genes_assessable"]:
            made[str(patient)] = float((rows["state"] == PRESENT).sum())
    return made


def _row(values: Mapping[str, float], groups: Mapping[str, str], rules: Mapping) -> dict:
    side = {
        name: np.array([values[p] for p, g in groups.items() if g == group and p in values], dtype=float)
        for name, group in (("early", EARLY), ("poor", POOR))
    }
    made = {"family": multiplicity.DESCRIBED, "note": ""}
    for name, own in side.items():
        quartiles = np.quantile(own, [0.5, 0.25, 0.75]) if len(own) else [math.nan] * 3
        made[f"{name}_assessable"] = len(own)
        made |= dict(zip((f"{name}_median", f"{name}_q1", f"{name}_q3"), quartiles, strict=True))
    made["not_assessable"] = len(groups) - len(side["early"]) - len(side["poor"])
    if not len(side["early"]) or not len(side["poor"]):
        return made | {"note": "a group has no assessable patient"}
    many = len(side["early"]) + len(side["poor"]) > rules["exact_wilcoxon_most"]
    found = (large_shift if many else exact_shift)(side["early"], side["poor"], rules["confidence"])
    made["note"] = (
        f"more than {rules['exact_wilcoxon_most']} patients: by the normal approximation" if many else ""
    )
    made |= {"shift": found.estimate, "ci_low": found.ci_low, "ci_high": found.ci_high, "p": found.p}
    made["smallest_p"] = found.smallest_p
    if found.smallest_p < rules["alpha"]:
        return made | {"family": FAMILY}
    return made | {
        "note": f"described only: with these patients p cannot fall below {rules['alpha']:g} "
        f"(smallest {found.smallest_p:.2g})"
    }
