"""Reads of another person in a DNA sample, by maximum likelihood at common SNPs.

The model is that of VerifyBamID (Jun, Am J Hum Genet 2012;91:839): a share of the reads comes from a person
drawn from the population, by the allele frequencies. Copy-number changes and losses of heterozygosity shift
the allele fractions of a tumour as contamination does, so a tumour is judged where its matched normal is
homozygous (Conpair, Bergmann, Bioinformatics 2016;32:3196): there any other allele is foreign or an error.
Errors hit all sites alike, foreign alleles only those where the other person carries them; both are
estimated together.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq, minimize_scalar
from scipy.special import betaln, gammaln

from myeloma import tables

# Sites that do not behave (paralogues, misaligned reads) are flat in the allele fraction.
ODD_SITES = 0.01
# Allele fraction at heterozygous sites: a normal's is near one half, a tumour's is anything.
NORMAL_HETEROZYGOUS, TUMOUR_HETEROZYGOUS = (20.0, 20.0), (1.0, 1.0)
# Half the 95 % point of chi-square with one degree of freedom: the profile interval.
DROP = 1.9207
MOST, ERRORS = 0.5, (1e-5, 0.05)
#: A sample is named as the source when it beats an unknown person by this many units of log likelihood.
NAMED_BY = 10.0
SEX_AND_MITO = {"chrX", "X", "chrY", "Y", "chrM", "MT", "M", "chrMT"}


@dataclass(frozen=True)
class Sites:
    """Reads at the sites used: depth, alternate reads, allele frequency; the own genotype's prior.

    `prior`: sites x (homozygous reference, heterozygous, homozygous alternate). `het`: beta parameters of the
    allele fraction at heterozygous sites.
    """

    depth: np.ndarray
    alt: np.ndarray
    af: np.ndarray
    prior: np.ndarray
    het: tuple[float, float]
    where: pd.MultiIndex


@dataclass(frozen=True)
class Estimate:
    """Share of foreign reads with its 95 % interval, error rates (see estimate), sites used."""

    value: float
    low: float
    high: float
    errors: tuple[float, float]
    sites: int


def usable(alleles: pd.DataFrame, limits: Mapping) -> pd.DataFrame:
    """Autosomal sites with enough reads and few of a third allele, the most common alleles first."""
    depth = alleles["ref_reads"] + alleles["alt_reads"]
    good = (depth >= limits["min_depth"]) & ~alleles["chrom"].isin(SEX_AND_MITO)
    good &= alleles["other_reads"] <= 0.1 * depth
    mine = alleles[good]
    order = (mine["af"] - 0.5).abs().sort_values(kind="stable").index[: limits["max_sites"]]
    return mine.loc[order].reset_index(drop=True)


def sites_of(alleles: pd.DataFrame, tissue: str, normal: pd.DataFrame | None, limits: Mapping) -> Sites:
    """What the likelihood needs; with `normal`, the sites at which the matched normal is homozygous."""
    mine = usable(alleles, limits)
    where = pd.MultiIndex.from_frame(mine[["chrom", "pos"]])
    af = mine["af"].to_numpy(float)
    prior = _drawn(af)
    if normal is not None:
        genotype = _homozygous(normal, limits).reindex(where).to_numpy(float)
        mine, where, af = (x[~np.isnan(genotype)] for x in (mine, where, af))
        genotype = genotype[~np.isnan(genotype)]
        prior = np.stack([genotype == 0, np.zeros(len(af)), genotype == 1], axis=1).astype(float)
    alt = mine["alt_reads"].to_numpy(float)
    het = NORMAL_HETEROZYGOUS if tissue == "normal" else TUMOUR_HETEROZYGOUS
    return Sites(alt + mine["ref_reads"].to_numpy(float), alt, af, prior, het, where)


def _homozygous(normal: pd.DataFrame, limits: Mapping) -> pd.Series:
    """(chrom, pos) -> 0 homozygous reference, 1 homozygous alternate, of a normal; other sites left out."""
    seen = usable(normal, limits | {"max_sites": len(normal)})
    share = seen["alt_reads"] / (seen["alt_reads"] + seen["ref_reads"])
    # wider than a genotype needs: a contaminated normal shows foreign reads at its homozygous sites too
    low = limits["heterozygous_min"]
    kept = (share <= low) | (share >= 1 - low)
    return pd.Series(
        (share[kept] > 0.5).astype(float).to_numpy(),
        index=pd.MultiIndex.from_frame(seen.loc[kept, ["chrom", "pos"]]),
    )


def _drawn(af: np.ndarray) -> np.ndarray:
    """Sites x (0, 1, 2 alternate alleles): genotypes of a person drawn from the population."""
    return np.stack([(1 - af) ** 2, 2 * af * (1 - af), af**2], axis=1)


def _homozygous_part(
    own: float, share: float, error: float, seen: Sites, foreign: np.ndarray, choose: np.ndarray
) -> np.ndarray:
    """Likelihood of every site whose own genotype is homozygous (own: 0 reference, 1 alternate)."""
    n, k = seen.depth, seen.alt
    mixed = np.zeros(len(n))
    for other in range(3):
        alt = (1 - share) * own + share * other / 2
        # reads that are wrong at all such sites alike; the other way matters nowhere
        alt = alt + error * (1 - alt) if own == 0 else alt * (1 - error)
        alt = min(max(alt, 1e-9), 1 - 1e-9)
        mixed += foreign[:, other] * np.exp(choose + k * np.log(alt) + (n - k) * np.log1p(-alt))
    return mixed


class _Model:
    """Log likelihood of one sample; `foreign`: sites x (0, 1, 2 alternate alleles) of the other person."""

    def __init__(self, seen: Sites, foreign: np.ndarray | None = None):
        self.seen, self.foreign = seen, _drawn(seen.af) if foreign is None else foreign
        n, k = seen.depth, seen.alt
        self.choose = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
        a, b = seen.het
        self.rest = seen.prior[:, 1] * np.exp(self.choose + betaln(k + a, n - k + b) - betaln(a, b))
        self.rest = (1 - ODD_SITES) * self.rest + ODD_SITES / (n + 1)

    def part(self, own: int, share: float, error: float) -> np.ndarray:
        made = _homozygous_part(float(own), share, error, self.seen, self.foreign, self.choose)
        return (1 - ODD_SITES) * self.seen.prior[:, 2 * own] * made

    def total(self, share: float, errors: Sequence[float]) -> float:
        return float(
            np.log(self.part(0, share, errors[0]) + self.part(1, share, errors[1]) + self.rest).sum()
        )

    def profile(self, share: float) -> tuple[float, tuple[float, float]]:
        """(highest log likelihood at this share, the two error rates there)."""
        errors = [1e-3, 1e-3]
        bounds = (np.log(ERRORS[0]), np.log(ERRORS[1]))
        for own in (0, 1, 0):
            fixed = self.part(1 - own, share, errors[1 - own]) + self.rest

            def lost(e: float, own: int = own, fixed: np.ndarray = fixed) -> float:
                return -float(np.log(self.part(own, share, float(np.exp(e))) + fixed).sum())

            found = minimize_scalar(lost, bounds=bounds, method="bounded", options={"xatol": 0.02})
            errors[own] = float(np.exp(found.x))
        return self.total(share, errors), (errors[0], errors[1])


def estimate(seen: Sites) -> Estimate:
    """Maximum likelihood of the foreign share and two error rates together; profile-likelihood interval.

    Errors at homozygous reference and at homozygous alternate sites differ (reference bias of the aligner).
    """
    model = _Model(seen)

    def height(share: float) -> float:
        return model.profile(share)[0]

    grid = [0.0, 0.003, 0.01, 0.03, 0.08, 0.2, MOST]
    heights = [height(x) for x in grid]
    top = int(np.argmax(heights))
    around = (grid[max(0, top - 1)], grid[min(len(grid) - 1, top + 1)])
    found = minimize_scalar(lambda x: -height(x), bounds=around, method="bounded", options={"xatol": 1e-4})
    share, best = (float(found.x), -float(found.fun)) if -found.fun > heights[0] else (0.0, heights[0])

    def over(x: float) -> float:
        return best - height(x) - DROP

    lower = 0.0 if share == 0 or over(0.0) <= 0 else float(brentq(over, 0.0, share, xtol=1e-4))
    upper = MOST if over(MOST) <= 0 else float(brentq(over, share, MOST, xtol=1e-4))
    return Estimate(share, lower, upper, model.profile(share)[1], len(seen.depth))


def source(
    seen: Sites,
    found: Estimate,
    others: Iterable[str],
    read: Callable[[str], pd.DataFrame],
    limits: Mapping,
) -> str:
    """The sample whose genotypes explain the foreign reads best; "" when none beats an unknown person."""
    unknown = _Model(seen).total(found.value, found.errors)
    best, best_name = unknown + NAMED_BY, ""
    for name in others:
        alleles = read(name)
        there = usable(alleles, limits | {"max_sites": len(alleles)})
        share = there["alt_reads"] / (there["alt_reads"] + there["ref_reads"])
        share.index = pd.MultiIndex.from_frame(there[["chrom", "pos"]])
        x = share.reindex(seen.where).to_numpy(float)
        low, het = limits["homozygous_max"], limits["heterozygous_min"]
        known = np.stack([x <= low, (x >= het) & (x <= 1 - het), x >= 1 - low], axis=1).astype(float)
        foreign = np.where(known.any(axis=1)[:, None], known, _drawn(seen.af))
        told = _Model(seen, foreign).total(found.value, found.errors)
        if told > best:
            best, best_name = told, name
    return best_name


def estimate_all(
    samples: Sequence[Mapping[str, Any]], read: Callable[[str], pd.DataFrame], limits: Mapping
) -> pd.DataFrame:
    """Contract CONTAMINATION: every DNA sample. `samples` as in identity.check; `read`: sample -> ALLELES."""
    rows = []
    for sample in (s for s in samples if s["assay"] == "wes"):
        matched = sample["normal"] if sample["tissue"] == "tumour" else ""
        seen = sites_of(read(sample["sample"]), sample["tissue"], read(matched) if matched else None, limits)
        rows.append(_row(sample, matched, seen, samples, read, limits))
        logging.info("contamination of %s: %s", sample["sample"], rows[-1])
    return tables.conform(pd.DataFrame(rows, columns=tables.CONTAMINATION.names()), tables.CONTAMINATION)


def _row(sample, matched: str, seen: Sites, samples, read, limits: Mapping) -> dict[str, Any]:
    basis = "matched normal" if matched else "own genotypes"
    row = {
        "patient": sample["patient"],
        "sample": sample["sample"],
        "tissue": sample["tissue"],
        "basis": basis,
    }
    row |= dict.fromkeys(("contamination", "low", "high", "error_ref", "error_alt"))
    row |= {
        "sites": len(seen.depth),
        "threshold": limits["contamination_detected"],
        "source": "",
        "reason": "",
    }
    if len(seen.depth) < limits["contamination_min_sites"]:
        why = (
            f"{len(seen.depth)} sites (identity.contamination_min_sites {limits['contamination_min_sites']})"
        )
        return row | {"state": "not_assessable", "reason": why}
    found = estimate(seen)
    row |= {"contamination": found.value, "low": found.low, "high": found.high}
    row |= dict(zip(("error_ref", "error_alt"), found.errors, strict=True))
    if found.low <= limits["contamination_detected"]:
        return row | {"state": "absent"}
    if sample["tissue"] == "tumour" and not matched:
        return row | {
            "state": "not_assessable",
            "reason": "tumour without normal: a loss of heterozygosity looks like contamination",
        }
    # one sample tells a person's genotypes: the normal, else a tumour
    others: dict[str, str] = {}
    for other in sorted((s for s in samples if s["assay"] == "wes"), key=lambda s: s["tissue"] != "normal"):
        if other["patient"] != sample["patient"]:
            others.setdefault(other["patient"], other["sample"])
    named = source(seen, found, others.values(), read, limits)
    said = f"foreign reads: {found.value:.1%} ({found.low:.1%} to {found.high:.1%})"
    said += f"; they fit {named}" if named else "; they fit no other sample of the cohort"
    return row | {"state": "present", "source": named, "reason": said}


def gates(estimated: pd.DataFrame, samples: Sequence[Mapping[str, Any]], limits: Mapping) -> pd.DataFrame:
    """QC rows `contamination`: the lower end of the interval above `contamination_max` fails."""
    limit = float(limits["contamination_max"])
    rows = []
    for row in estimated.itertuples():
        made = {"patient": row.patient, "sample": row.sample, "assay": "wes", "tissue": row.tissue}
        made |= {
            "gate": "contamination",
            "value": row.contamination,
            "threshold": limit,
            "reason": row.reason,
        }
        too_much = not pd.isna(row.contamination) and row.low > limit
        if pd.isna(row.contamination) or (too_much and row.state == "not_assessable"):
            verdict = "not_assessable"
        else:
            verdict = "fail" if too_much else "pass"
        if verdict == "pass" and row.state == "present":
            made["reason"] += f"; not above the gate of {limit:.0%}"
        rows.append(made | {"verdict": verdict})
    return pd.DataFrame(rows, columns=tables.QC.names())
