"""Tumour purity, ploidy and integer copies from allele-specific segments: a penalised grid search.

Every segment has a log2 copy ratio and, where it holds heterozygous sites, a minor allele fraction, each
with a posterior (GATK ModelSegments). Over purity 0.10-1.00 and the shift of the log2 scale, each segment
is a mixture of clonal integer states, subclonal states and outliers; the two genome hypotheses (diploid or
doubled base) have their own state priors. `docs/copy-number.md` gives the formulae.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

_MEASURED = (
    "log2",
    "log2_low",
    "log2_high",
    "targets",
    "minor_fraction",
    "minor_low",
    "minor_high",
    "het_sites",
)
MAX_COPIES = 8
# Copies (total, minor) of a cell without a change, by genome hypothesis.
BASES = {"diploid": (2, 1), "doubled": (4, 2)}
# Relative prior weights of states: what myeloma exomes hold, rare states decay with their distance from
# the base. Assumption; the simulations of tests/myeloma/test_purity.py hold it to account.
_COMMON = {
    "diploid": {
        (1, 0): 0.25,
        (3, 1): 0.25,
        (2, 0): 0.08,
        (4, 1): 0.05,
        (4, 2): 0.03,
        (0, 0): 0.02,
    },
    "doubled": {
        (3, 1): 0.25,
        (5, 2): 0.2,
        (2, 0): 0.2,
        (2, 1): 0.15,
        (6, 2): 0.1,
        (4, 1): 0.08,
        (4, 0): 0.08,
    },
}
_RARE = 0.02
_UNCHANGED = 0.6  # prior share of segments without a change
_CHANGES = {
    "diploid": ((1, 0), (3, 1), (2, 0), (4, 1), (0, 0)),
    "doubled": ((3, 1), (5, 2), (2, 1), (2, 0)),
}
_SUBCLONAL = 0.15  # prior share of subclonal changes among all changes of a segment
# A second change in part of the cells on top of a first one in all: (total, minor) over (total, minor). Only
# those whose ratio and alleles no single change gives: four copies over three look like four over two.
_NESTED = {
    "diploid": (((0, 0), (1, 0)), ((2, 0), (1, 0)), ((3, 0), (2, 0))),
    "doubled": (((1, 0), (2, 0)), ((3, 0), (2, 0)), ((4, 0), (2, 0))),
}
_SECOND = 0.03  # prior share of the cells' second change among the changes of a segment
_OUTLIER = 0.005  # share of segments that fit nothing
_HYPOTHESIS = {"diploid": 0.97, "doubled": 0.03}  # whole-genome doubling is rare in myeloma
_FRACTIONS = np.round(np.arange(0.1, 0.95, 0.1), 2)
_PURITIES = np.round(np.arange(0.10, 1.001, 0.01), 2)
_SHIFTS = np.arange(-0.08, 0.081, 0.02)
_LOG2_RANGE, _MAF_RANGE = 6.0, 0.5
_WIDTH_80 = 2.563  # 10-90 % range of a normal distribution in sd
_DROP = 1.92  # half the 95 % point of chi-square with one degree of freedom
_CHROMOSOMES_WITH_SORTED = 2  # informative chromosomes that resolve purity beside a sorted purity
_CHROMOSOMES_ALONE = 3  # and without one
_ALLELES_NEEDED = 0.5  # share of targets in segments with an allele fraction
_SAME_PURITY = 0.05  # fits no further apart call the same purity
_INFORMATIVE = 5.0  # log likelihood ratio of a segment's best state over the base state


@dataclass(frozen=True)
class Fit:
    """What the grid search found. `purity` is None when unresolved; `used` is what states are called with.

    `shift` is the log2 ratio of a segment with two copies in every cell; `base` the unchanged copies
    (total, minor); `ploidy` the mean tumour copies over the targets; `scatter` the spread of segments
    around their states beyond their own error (log2); `margin` the log posterior odds of the chosen base
    against the other one.
    """

    purity: float | None
    used: float | None
    low: float
    high: float
    status: str
    reason: str
    ploidy: float | None
    shift: float
    hypothesis: str
    scatter: float
    margin: float = float("nan")

    @property
    def base(self) -> tuple[int, int]:
        return BASES[self.hypothesis]


def expected(purity, total, minor, fraction=1.0, base_total=2, base_minor=1):
    """Mean copies per cell of the sample, and folded minor allele fraction, of a state.

    `fraction` of the tumour cells have (total, minor), the others (base_total, base_minor); germline cells
    have two copies, one of each allele.
    """
    tumour = fraction * total + (1 - fraction) * base_total
    tumour_minor = fraction * minor + (1 - fraction) * base_minor
    copies = purity * tumour + 2 * (1 - purity)
    share = (purity * tumour_minor + (1 - purity)) / np.maximum(copies, 1e-6)
    return copies, np.minimum(share, 1 - share)


@dataclass(frozen=True)
class _Components:
    """Mixture components: state, clonal fraction, base of the other cells, prior per hypothesis."""

    total: np.ndarray
    minor: np.ndarray
    fraction: np.ndarray
    base_total: np.ndarray
    base_minor: np.ndarray
    prior: dict[str, np.ndarray]

    def expected(self, purity: float) -> tuple[np.ndarray, np.ndarray]:
        """Copies and minor allele fraction of every component at a purity."""
        return expected(purity, self.total, self.minor, self.fraction, self.base_total, self.base_minor)


def _state_prior(hypothesis: str) -> dict[tuple[int, int], float]:
    base, common = BASES[hypothesis], _COMMON[hypothesis]
    states = [(total, minor) for total in range(MAX_COPIES + 1) for minor in range(total // 2 + 1)]
    weights = {s: common.get(s, _RARE * 0.5 ** abs(s[0] - base[0])) for s in states if s != base}
    whole = sum(weights.values())
    changed = {state: (1 - _UNCHANGED) * weight / whole for state, weight in weights.items()}
    # The same share in both hypotheses, or the one with fewer ways to change would win by its base alone.
    return {state: changed.get(state, _UNCHANGED) for state in states}


def _components() -> _Components:
    rows, priors = [], {name: [] for name in BASES}
    tables = {name: _state_prior(name) for name in BASES}
    for total, minor in tables["diploid"]:
        rows.append((total, minor, 1.0, 2, 1))
        for name in BASES:
            changed = (total, minor) != BASES[name]
            priors[name].append(tables[name][total, minor] * ((1 - _SUBCLONAL) if changed else 1.0))
    for of, changes in _CHANGES.items():
        for total, minor in changes:
            for fraction in _FRACTIONS:
                rows.append((total, minor, fraction, *BASES[of]))
                for name in BASES:
                    share = tables[of][total, minor] * _SUBCLONAL / len(_FRACTIONS)
                    priors[name].append(share if name == of else 0.0)
    for of, pairs in _NESTED.items():
        for second, first in pairs:
            for fraction in _FRACTIONS:
                rows.append((*second, fraction, *first))
                for name in BASES:
                    share = tables[of][first] * _SECOND / len(_FRACTIONS)
                    priors[name].append(share if name == of else 0.0)
    columns = [np.array(column, dtype=float) for column in zip(*rows, strict=True)]
    return _Components(*columns, prior={name: np.array(values) for name, values in priors.items()})


COMPONENTS = _components()


@dataclass(frozen=True)
class _Data:
    log2: np.ndarray
    posterior_sd: np.ndarray
    log2_sd: np.ndarray
    maf: np.ndarray
    maf_sd: np.ndarray
    weight: np.ndarray
    targets: np.ndarray
    chrom: np.ndarray


def _data(segments: pd.DataFrame, settings: Mapping[str, Any]) -> _Data:
    numbers = {name: segments[name].to_numpy(dtype=float, na_value=np.nan) for name in _MEASURED}
    has_maf = np.isfinite(numbers["minor_fraction"]) & (numbers["het_sites"] >= settings["min_het_sites"])
    posterior_sd = (numbers["log2_high"] - numbers["log2_low"]) / _WIDTH_80
    minor_sd = (numbers["minor_high"] - numbers["minor_low"]) / _WIDTH_80
    return _Data(
        log2=numbers["log2"],
        posterior_sd=posterior_sd,
        log2_sd=np.hypot(posterior_sd, settings["log2_error"]),
        maf=np.where(has_maf, numbers["minor_fraction"], np.nan),
        maf_sd=np.hypot(minor_sd, settings["minor_fraction_error"]),
        weight=np.minimum(1.0, numbers["targets"] / settings["full_weight_targets"]),
        targets=numbers["targets"],
        chrom=segments["chrom"].to_numpy(),
    )


def _maf_density(data: _Data, share: np.ndarray) -> np.ndarray:
    """Folded normal density (segments x components); 1 where a segment has no allele fraction."""
    seen, width = data.maf[:, None], data.maf_sd[:, None]
    above, far = (seen - share) / width, (1 - seen - share) / width
    density = (np.exp(-0.5 * above**2) + np.exp(-0.5 * far**2)) / (width * np.sqrt(2 * np.pi))
    return np.where(np.isfinite(seen), density, 1.0)


def _outlier_density(data: _Data) -> np.ndarray:
    return np.where(np.isfinite(data.maf), 1 / (_LOG2_RANGE * _MAF_RANGE), 1 / _LOG2_RANGE)


def _log2_density(data: _Data, copies: np.ndarray, shift: float) -> np.ndarray:
    width = data.log2_sd[:, None]
    level = np.log2(np.maximum(copies, 0.02) / 2) + shift
    return np.exp(-0.5 * ((data.log2[:, None] - level) / width) ** 2) / (width * np.sqrt(2 * np.pi))


def _anchor(data: _Data) -> float:
    """The log2 level that most targets share."""
    width = np.maximum(data.log2_sd, 0.03)
    density = (data.targets * np.exp(-0.5 * ((data.log2[:, None] - data.log2) / width) ** 2)).sum(axis=1)
    return float(data.log2[int(np.argmax(density))])


def _search(data: _Data) -> pd.DataFrame:
    """Log likelihood of every (purity, shift, hypothesis); priors of states and hypothesis included."""
    anchor, outlier = _anchor(data), _outlier_density(data)
    priors = np.stack([COMPONENTS.prior[name] for name in BASES], axis=1)
    prior_of = np.array([np.log(_HYPOTHESIS[name]) for name in BASES])
    rows = []
    for purity in _PURITIES:
        copies, share = COMPONENTS.expected(purity)
        alleles = _maf_density(data, share)
        for total in (1, 2, 3, 4, 5):
            level = anchor - np.log2((purity * total + 2 * (1 - purity)) / 2)
            for shift in level + _SHIFTS:
                mixed = (_log2_density(data, copies, shift) * alleles) @ priors
                mixed = (1 - _OUTLIER) * mixed + (_OUTLIER * outlier)[:, None]
                scores = (data.weight[:, None] * np.log(mixed)).sum(axis=0) + prior_of
                rows.extend((purity, shift, name, score) for name, score in zip(BASES, scores, strict=True))
    return pd.DataFrame(rows, columns=["purity", "shift", "hypothesis", "score"])


def fit(segments: pd.DataFrame, sorted_purity: float | None, settings: Mapping[str, Any]) -> Fit:
    """Purity, ploidy and scale of one tumour.

    `segments`: autosomal rows with chrom, log2, log2_low, log2_high (10, 50, 90 % posterior), targets,
    minor_fraction, minor_low, minor_high (empty without heterozygous sites), het_sites.
    `sorted_purity` (0-1 or None) is the prior of samples.tsv, with sd `purity_prior_sd`.
    Status is `unresolved` when no segment is informative, when too few chromosomes are (their change may
    be clonal or not), when allele fractions are missing, when the interval is wider than
    `max_purity_interval`, or when a doubled genome explains the segments about as well at another purity
    (`doubling_min_margin`); then the sorted purity is used, and two copies unless doubling leads clearly.
    """
    given = sorted_purity is not None and np.isfinite(sorted_purity)
    usable = segments[(segments["targets"] >= settings["min_targets_per_segment"]) & segments["log2"].notna()]
    if usable.empty:
        return _unresolved("no autosomal segment has enough targets", None, None)
    data = _data(usable.reset_index(drop=True), settings)
    grid = _search(data)
    if given:
        grid["score"] -= 0.5 * ((grid["purity"] - sorted_purity) / settings["purity_prior_sd"]) ** 2
    best = grid.loc[grid["score"].idxmax()]
    profile = grid.groupby("purity")["score"].max()
    of_base = grid.groupby("hypothesis")["score"].max()
    inside = profile.index[profile >= profile.max() - _DROP]
    low, high = float(inside.min()), float(inside.max())
    chromosomes = _informative(data, best)
    why = _without_alleles(data) or _why_unresolved(
        chromosomes, given, low, high, settings["max_purity_interval"]
    )
    two_bases = _two_bases(grid, settings["doubling_min_margin"])
    why = why or two_bases
    used = None
    if not why:
        used = float(best["purity"])
    elif given:
        used = float(sorted_purity)
        near = grid[(grid["purity"] - np.clip(used, 0.1, 1.0)).abs() < 0.0051]
        best = near.loc[near["score"].idxmax()]
        plain = near[near["hypothesis"] == "diploid"]
        if two_bases or best["score"] - plain["score"].max() < settings["doubling_min_margin"]:
            best = plain.loc[plain["score"].idxmax()]
    if used is None:
        return _unresolved(why, low, high)
    states = _assign(data, used, best["shift"], best["hypothesis"])
    tumour = states["fraction"] * states["total"] + (1 - states["fraction"]) * states["other_total"]
    margin = of_base[best["hypothesis"]] - of_base.drop(best["hypothesis"]).max()
    return Fit(
        purity=None if why else used,
        used=used,
        low=low,
        high=high,
        status="unresolved" if why else "resolved",
        reason=why or _against_sorted(used, sorted_purity if given else None),
        ploidy=float(np.average(tumour, weights=data.targets)),
        shift=float(best["shift"]),
        hypothesis=best["hypothesis"],
        scatter=_scatter(data, used, best["shift"], states, BASES[best["hypothesis"]]),
        margin=float(margin),
    )


def _unresolved(why: str, low: float | None, high: float | None) -> Fit:
    low, high = (0.0, 1.0) if low is None or high is None else (low, high)
    return Fit(None, None, low, high, "unresolved", why, None, 0.0, "diploid", float("nan"))


def _without_alleles(data: _Data) -> str:
    """Copy ratios alone fit many purities: twice the change in half of the cells looks the same."""
    share = float(np.average(np.isfinite(data.maf), weights=data.targets))
    if share >= _ALLELES_NEEDED:
        return ""
    return f"only {share:.0%} of the targets lie in segments with allele fractions"


def _two_bases(grid: pd.DataFrame, least: float) -> str:
    """Subclones of half of the cells look like odd copies of a doubled genome, at another purity."""
    tops = grid.loc[grid.groupby("hypothesis")["score"].idxmax()].set_index("hypothesis")
    one, two = tops.loc["diploid"], tops.loc["doubled"]
    if abs(one["score"] - two["score"]) >= least or abs(one["purity"] - two["purity"]) <= _SAME_PURITY:
        return ""
    return (
        f"a genome of two copies at purity {one['purity']:.2f} and a doubled one at {two['purity']:.2f} "
        "explain the segments about as well"
    )


def _why_unresolved(chromosomes: set, given: bool, low: float, high: float, widest: float) -> str:
    if not chromosomes:
        return "flat profile: no segment differs from two balanced copies"
    # A change of half of the cells of a pure sample looks like a change of all cells of a half-pure one.
    # Several changes of one size are taken as clonal; too few of them are no evidence.
    need = _CHROMOSOMES_WITH_SORTED if given else _CHROMOSOMES_ALONE
    if len(chromosomes) < need:
        named = ", ".join(sorted(chromosomes))
        return f"only {named} differ from two balanced copies: clonal and subclonal cannot be told apart"
    if high - low > widest + 1e-9:
        return f"purity interval {low:.2f}-{high:.2f} is wider than {widest:g}"
    return ""


def _against_sorted(purity: float, sorted_purity: float | None) -> str:
    if sorted_purity is None or abs(purity - sorted_purity) <= 0.3:
        return ""
    return f"differs from the sorted purity {sorted_purity:.2f} by more than 0.3"


def _informative(data: _Data, best: pd.Series) -> set:
    """Chromosomes with a segment that two balanced copies do not explain at the best fit."""
    purity, shift = best["purity"], best["shift"]
    base = BASES[best["hypothesis"]]
    copies, share = expected(purity, *(np.array([float(n)]) for n in base))
    flat = (_log2_density(data, copies, shift) * _maf_density(data, share))[:, 0]
    all_copies, all_share = COMPONENTS.expected(purity)
    top = (_log2_density(data, all_copies, shift) * _maf_density(data, all_share)).max(axis=1)
    ratio = np.log(np.maximum(top, 1e-300)) - np.log(np.maximum(flat, 1e-300))
    return set(data.chrom[ratio > _INFORMATIVE])


def _assign(data: _Data, purity: float, shift: float, hypothesis: str) -> pd.DataFrame:
    """Best state of every segment.

    Columns total, minor (NaN without allele fraction), fraction of tumour cells with 95 % interval (low,
    high), and other_total, other_minor: the state of the other tumour cells.
    """
    copies, share = COMPONENTS.expected(purity)
    weight = _log2_density(data, copies, shift) * _maf_density(data, share) * COMPONENTS.prior[hypothesis]
    # One vote per (state, clonal or not, state of the others): a subclonal state gathers its grid.
    c = COMPONENTS
    keys = list(zip(c.total, c.minor, c.fraction == 1.0, c.base_total, c.base_minor, strict=True))
    names = sorted(set(keys))
    member = np.array([[key == name for name in names] for key in keys], dtype=float)
    top = np.argmax(weight @ member, axis=1)
    base = BASES[hypothesis]
    rows = []
    for i, choice in enumerate(top):
        if weight[i].max() <= 0:  # further out than any state: nearest total copies, no statement on alleles
            seen = (2 ** (data.log2[i] - shift) * 2 - 2 * (1 - purity)) / purity
            rows.append((max(0.0, round(seen)), np.nan, 1.0, np.nan, np.nan, *base))
            continue
        total, minor, clonal, *other = names[choice]
        other = base if clonal else tuple(other)
        fraction, low, high = _fraction(data, i, purity, shift, (total, minor), other)
        known = np.isfinite(data.maf[i])
        rows.append((total, minor if known else np.nan, 1.0 if clonal else fraction, low, high, *other))
    names_ = ["total", "minor", "fraction", "low", "high", "other_total", "other_minor"]
    return pd.DataFrame(rows, columns=names_).astype(float)


def _fraction(data: _Data, i: int, purity: float, shift: float, state, base) -> tuple[float, float, float]:
    """Most likely clonal fraction of one segment's state, and its 95 % likelihood interval."""
    grid = np.arange(0.02, 1.0001, 0.01)
    copies, share = expected(purity, *state, grid, *base)
    level = np.log2(np.maximum(copies, 0.02) / 2) + shift
    score = -0.5 * ((data.log2[i] - level) / data.log2_sd[i]) ** 2
    if np.isfinite(data.maf[i]):
        score = score - 0.5 * ((data.maf[i] - share) / data.maf_sd[i]) ** 2
    inside = grid[score >= score.max() - _DROP]
    return tuple(float(np.round(f, 2)) for f in (grid[int(np.argmax(score))], inside.min(), inside.max()))


def _scatter(data: _Data, purity: float, shift: float, states: pd.DataFrame, base: tuple[int, int]) -> float:
    """Spread (sd, log2) of unchanged segments around their level beyond their posterior error.

    NaN with fewer than five unchanged segments: the configured `log2_error` stands in.
    """
    unchanged = ((states["total"] == base[0]) & (states["fraction"] == 1.0)).to_numpy()
    if unchanged.sum() < 5:
        return float("nan")
    copies, _ = expected(purity, *base)
    residual = data.log2[unchanged] - (np.log2(copies / 2) + shift)
    spread = 1.4826 * np.median(np.abs(residual - np.median(residual)))
    own = np.median(data.posterior_sd[unchanged])
    return float(np.sqrt(max(0.0, spread**2 - own**2)))


#: What `call_states` adds to the segments.
STATE_COLUMNS = (
    "copies",
    "total_copies",
    "minor_copies",
    "clonal_fraction",
    "clonal_low",
    "clonal_high",
    "other_total_copies",
    "other_minor_copies",
)


def call_states(segments: pd.DataFrame, found: Fit, settings: Mapping[str, Any]) -> pd.DataFrame:
    """`segments` with the columns of STATE_COLUMNS at the purity that is used.

    All are empty when no purity can be used. A segment without a change has an empty clonal_fraction.
    The integer copies are those of the changed cells where these are at least `min_clonal_fraction` of the
    tumour, else those of the others; the columns `other_...` always hold the state of the others.
    """
    result = segments.copy()
    for name in STATE_COLUMNS:
        result[name] = np.nan
    if found.used is None or segments.empty:
        return result
    data = _data(segments, settings)
    states = _assign(data, found.used, found.shift, found.hypothesis)
    result["copies"] = copies_of(data.log2, found.used, found.shift)
    base_total, base_minor = found.base
    unchanged = (states["total"] == base_total) & (states["minor"].isna() | (states["minor"] == base_minor))
    unchanged &= states["fraction"] == 1.0
    small = states["fraction"] < settings["min_clonal_fraction"]
    known = states["minor"].notna()
    result["total_copies"] = states["total"].mask(small, states["other_total"]).to_numpy()
    result["minor_copies"] = states["minor"].mask(small & known, states["other_minor"]).to_numpy()
    for name, column in (("clonal_fraction", "fraction"), ("clonal_low", "low"), ("clonal_high", "high")):
        result[name] = states[column].mask(unchanged).to_numpy()
    partly = states["fraction"] < 1.0
    result["other_total_copies"] = states["other_total"].where(partly).to_numpy()
    result["other_minor_copies"] = states["other_minor"].where(partly & known).to_numpy()
    return result


def copies_of(log2, purity: float, shift: float, germline: float = 2.0):
    """Mean copies per tumour cell, from the log2 ratio; `germline` copies in the other cells. At least 0."""
    seen = 2 ** (np.asarray(log2, dtype=float) - shift) * 2
    return np.maximum(0.0, (seen - germline * (1 - purity)) / purity)
