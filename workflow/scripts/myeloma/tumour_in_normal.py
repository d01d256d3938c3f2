"""Tumour cells in the normal sample: blood of relapsed myeloma may hold circulating plasma cells.

At a somatic variant the normal then shows the allele at a fraction that is the same share of the tumour's
allele fraction everywhere. That share is estimated over confident variants of the pair, those that Mutect2
rejects only for their reads in the normal among them (else the estimate would be blind to what it looks for;
the idea of deTiN, Taylor-Weiner A et al., Nat Methods 2018;15:531-534). A site may also belong to a
background (an artefact, a germline variant): a second component of unknown weight, uniform in the normal's
reads, keeps such sites from passing for tumour cells.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT

#: Filters of Mutect2 that speak of the normal's reads alone.
NORMAL_FILTERS = frozenset({"normal_artifact", "germline"})
SHARES = np.linspace(0.0, 1.0, 1001)
WEIGHTS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
# Half the 95 % quantile of chi-squared with one degree of freedom: profile-likelihood interval.
DROP = stats.chi2.ppf(0.95, 1) / 2


@dataclass(frozen=True)
class Site:
    """A confident somatic variant: allele fraction in the tumour, reads of the normal."""

    fraction: float
    depth: int
    alt: int


@dataclass(frozen=True)
class Estimate:
    """The share of the normal that looks like the tumour sample, 95 % interval, and what follows."""

    state: str
    sites: int
    sites_with_reads: int
    share: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""


def estimate(sites: Sequence[Site], limits: Mapping) -> Estimate:
    """Estimate of a pair. `limits`: config section `somatic` (keys tin_*).

    Present: the interval lies above tin_min_low. Absent: it lies below tin_absent_below. Anything between,
    or fewer than tin_min_sites sites: not assessable.
    """
    with_reads = sum(site.alt > 0 for site in sites)
    if len(sites) < limits["tin_min_sites"]:
        reason = f"{len(sites)} confident somatic variants; at least {limits['tin_min_sites']} are needed"
        return Estimate(NOT_ASSESSABLE, len(sites), with_reads, reason=reason)
    likelihood = _profile(sites, limits["tin_error"])
    inside = SHARES[likelihood >= likelihood.max() - DROP]
    best, low, high = float(SHARES[likelihood.argmax()]), float(inside.min()), float(inside.max())
    if low > limits["tin_min_low"]:
        state, reason = PRESENT, f"interval above {limits['tin_min_low']}"
    elif high < limits["tin_absent_below"]:
        state, reason = ABSENT, f"interval below {limits['tin_absent_below']}"
    else:
        state = NOT_ASSESSABLE
        reason = f"interval reaches from {low:.3f} to {high:.3f}: neither present nor absent can be stated"
    return Estimate(state, len(sites), with_reads, best, low, high, reason)


def _profile(sites: Sequence[Site], error: float) -> np.ndarray:
    """Log likelihood of each share, the weight of the background at its best."""
    fraction = np.array([site.fraction for site in sites])
    depth = np.array([site.depth for site in sites])
    alt = np.array([site.alt for site in sites])
    expected = np.minimum(1.0, SHARES[:, None] * fraction[None, :] + error)
    own = stats.binom.pmf(alt[None, :], depth[None, :], expected)
    other = 1.0 / (depth + 1)
    made = [np.log((1 - w) * own + w * other[None, :]).sum(axis=1) for w in WEIGHTS]
    return np.max(made, axis=0)


def explains(found: Estimate, fraction: float, depth: int, alt: int, limits: Mapping) -> bool:
    """Are the normal's reads at a variant what these tumour cells in the normal would show?

    Not when there are more reads than the upper end of the interval gives with chance tin_min_p, and not
    when the share is above tin_max (such a normal is no normal: look for a swap).
    """
    if found.state != PRESENT or found.high > limits["tin_max"]:
        return False
    expected = min(1.0, found.high * fraction + limits["tin_error"])
    return stats.binom.sf(alt - 1, depth, expected) >= limits["tin_min_p"]


def header_line(found: Estimate) -> str:
    """One line of a VCF header that holds the estimate; header_values reads it."""
    values = [found.state, found.sites, found.sites_with_reads]
    values += ["" if v is None or math.isnan(v) else f"{v:.3f}" for v in (found.share, found.low, found.high)]
    return "##tumour_in_normal=" + "|".join([*map(str, values), found.reason])


def header_values(header: str) -> Estimate | None:
    """The estimate of a VCF header; None where there is none (tumour-only)."""
    for line in header.splitlines():
        if line.startswith("##tumour_in_normal="):
            state, sites, reads, *numbers, reason = line.split("=", 1)[1].split("|", 6)
            share, low, high = (float(v) if v else None for v in numbers)
            return Estimate(state, int(sites), int(reads), share, low, high, reason)
    return None


def spoilt(normals: pd.DataFrame, most: float) -> dict[str, str]:
    """Sample -> why absence of a mutation cannot be stated: its normal holds too much tumour to be one.

    `normals`: contract TUMOUR_IN_NORMAL; `most`: config somatic.tin_max, against the interval's upper end.
    """
    rows = normals[(normals["state"] == PRESENT) & (normals["high"] > most)]
    words = "up to {:.0%} of its normal {} is tumour: somatic variants are rejected with it"
    return {row.sample: words.format(row.high, row.normal) for row in rows.itertuples()}
