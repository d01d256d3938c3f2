"""Share of tumour cells with a variant (cancer cell fraction), from its reads, the purity and the copies.

Expected allele fraction of a variant with u mutated copies per tumour cell on average:

    f = purity u / (purity C + (1 - purity) N)

C copies per tumour cell, N copies per normal cell (McGranahan, Sci Transl Med 2015;7:283ra54; the same
formula in Letouze, Nat Commun 2017;8:1315). Solved for u, and u is read as cell fraction times multiplicity:
a variant on several copies in each cell arose before the gain, so it is in all cells; with one copy per
mutated cell u is the cell fraction. All whole multiplicities that the alleles allow are kept, none is chosen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from scipy import stats

from myeloma.copies import bare, germline_copies

CLONAL, SUBCLONAL, NOT_ASSESSABLE = "clonal", "subclonal", "not_assessable"
STATES = (CLONAL, SUBCLONAL, NOT_ASSESSABLE)


@dataclass(frozen=True)
class Locus:
    """Copies at a variant: of the changed tumour cells (share `fraction`), of the others, of normal cells.

    `minor` is None where alleles were not seen; `fraction` is 1 where all tumour cells agree.
    """

    total: float
    minor: float | None
    fraction: float
    other_total: float
    other_minor: float | None
    normal: int

    @property
    def mean(self) -> float:
        """Copies per tumour cell."""
        return self.fraction * self.total + (1 - self.fraction) * self.other_total


@dataclass(frozen=True)
class Estimate:
    """Cancer cell fraction with its interval; `multiplicity` is "1", "2" or "1-2" (copies per mutated cell)."""

    fraction: float | None
    low: float | None
    high: float | None
    multiplicity: str
    state: str
    reason: str = ""


def unknown(reason: str) -> Estimate:
    """No estimate, and why."""
    return Estimate(None, None, None, "", NOT_ASSESSABLE, reason)


def read_interval(alt: int, depth: int, confidence: float) -> tuple[float, float]:
    """Jeffreys interval of an allele fraction (Brown, Stat Sci 2001;16:101): beta(alt + 1/2, others + 1/2)."""
    tail = (1 - confidence) / 2
    low = stats.beta.ppf(tail, alt + 0.5, depth - alt + 0.5) if alt else 0.0
    high = stats.beta.ppf(1 - tail, alt + 0.5, depth - alt + 0.5) if alt < depth else 1.0
    return float(low), float(high)


def mutated_copies(allele_fraction: float, purity: float, copies: float, normal: int) -> float:
    """Mutated copies per tumour cell, on average over the tumour cells."""
    return allele_fraction * (purity * copies + (1 - purity) * normal) / purity


def estimate(
    alt: int, depth: int, purity: tuple[float, float, float], locus: Locus, rules: Mapping[str, float]
) -> Estimate:
    """Cell fraction of one variant.

    `purity`: value, low, high of its interval; the interval of the reads is taken at both ends. `rules`:
    config section `clonality`.
    """
    value, purity_low, purity_high = purity
    if not depth:
        return unknown("no reads")
    if locus.mean <= 0:
        return unknown("no copy is left at this locus in the copy-number model, yet the variant has reads")
    around = _around(alt, depth, rules["confidence"], (purity_low, purity_high), locus)
    wide = _around(alt, depth, rules["fit_confidence"], (purity_low, purity_high), locus)
    seen = mutated_copies(alt / depth, value, locus.mean, locus.normal)
    if locus.fraction < 1:
        return _in_part(seen, around, wide, locus, rules)
    return _in_all(seen, around, wide, locus, rules)


def _around(alt: int, depth: int, confidence: float, purities, locus: Locus) -> tuple[float, float]:
    """Interval of the mutated copies per tumour cell, over the ends of the purity interval."""
    ends = [
        mutated_copies(fraction, purity, locus.mean, locus.normal)
        for fraction in read_interval(alt, depth, confidence)
        for purity in purities
    ]
    return min(ends), max(ends)


def _major(total: float, minor: float | None) -> int:
    """Most copies that one mutated allele can have; alleles unknown: all of them."""
    return int(round(total - minor)) if minor is not None else int(round(total))


def _in_all(seen: float, around, wide, locus: Locus, rules) -> Estimate:
    """All tumour cells have the same copies."""
    most = max(1, _major(locus.total, locus.minor))
    fits = [m for m in range(1, most + 1) if wide[0] <= m <= wide[1]]
    if wide[0] > 1 and not fits:
        what = f"more than {most} explain" if wide[0] > most else "no whole number fits"
        return unknown(f"{seen:.2f} mutated copies per tumour cell: {what}")
    multiplicity = _span([*([1] if wide[0] <= 1 else []), *fits])
    return _judged(min(1.0, seen), min(1.0, around[0]), min(1.0, around[1]), multiplicity, rules)


def _in_part(seen: float, around, wide, locus: Locus, rules) -> Estimate:
    """A change of the copies in part of the tumour cells: which cells are mutated is open.

    The smallest share has all mutated copies in few cells, the largest one copy in each. Where alleles were
    lost the mutation may have been lost with them: the share is then that of the cells that still carry it.
    """
    most = max(1, _major(locus.total, locus.minor), _major(locus.other_total, locus.other_minor))
    if wide[0] > most:
        return unknown(f"{seen:.2f} mutated copies per tumour cell: more than {most} explain")
    fraction, least, largest = min(1.0, seen), min(1.0, around[0] / most), min(1.0, around[1])
    judged = _judged(fraction, least, largest, f"1-{most}" if most > 1 else "1", rules)
    lost = locus.total < locus.other_total or (locus.minor == 0 and locus.other_minor != 0)
    if judged.state == SUBCLONAL and lost:
        why = (
            f"alleles are lost in {locus.fraction:.2f} of the tumour cells, the mutation perhaps with them: "
            "it may have been in all cells"
        )
        return Estimate(fraction, least, largest, judged.multiplicity, NOT_ASSESSABLE, why)
    return judged


def _span(values: list[int]) -> str:
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low}-{high}"


def _judged(fraction: float, low: float, high: float, multiplicity: str, rules) -> Estimate:
    """Clonal, subclonal, or neither from the interval."""
    limit, floor = rules["clonal_fraction"], rules["clonal_above"]
    if high < limit:
        return Estimate(fraction, low, high, multiplicity, SUBCLONAL)
    if low >= floor:
        return Estimate(fraction, low, high, multiplicity, CLONAL)
    why = f"the interval {low:.2f}-{high:.2f} holds clonal and subclonal fractions"
    return Estimate(fraction, low, high, multiplicity, NOT_ASSESSABLE, why)


def _number(value: Any) -> float | None:
    """A cell as a number; None where it is empty."""
    return None if value is None or value == "" or pd.isna(value) else float(value)


def locus(segment: Mapping[str, Any], base: int, sex: str) -> Locus | str:
    """Copies at a segment (row of SEGMENTS), or why they are not known.

    `base`: copies of an unchanged autosomal segment (PURITY). The state of the other tumour cells is taken
    from `other_total_copies` where the table has it, else they are unchanged; copies of normal cells from
    `germline_copies` where the normal shows them, else from the sex.
    """
    seen = _number(segment.get("germline_copies"))
    normal = germline_copies(segment["chrom"], sex) if seen is None else int(round(seen))
    if normal is None:
        return "the sex is not known: copies of X and Y in normal cells neither"
    if normal == 0:
        return "no copy of this locus in normal cells"
    total, minor = _number(segment["total_copies"]), _number(segment["minor_copies"])
    if total is None:
        return "the segment has no integer copies"
    share = _number(segment["clonal_fraction"])
    plain = base * normal / 2
    plain_minor = base / 2 if normal == 2 else 0.0
    other = _number(segment.get("other_total_copies"))
    other_minor = _number(segment.get("other_minor_copies")) if other is not None else plain_minor
    other = plain if other is None else other
    if share is None or share >= 1:
        return Locus(total, minor, 1.0, total, minor, normal)
    if total == other and minor == other_minor:
        return f"a change of the copies in {share:.2f} of the tumour cells is too small to be resolved"
    return Locus(total, minor, share, other, other_minor, normal)


def segment_at(segments: pd.DataFrame, chrom: str, pos: int, reach: int) -> dict[str, Any] | None:
    """The segment (SEGMENTS rows of one sample) over a position, else the nearest within `reach` bases."""
    same = segments[segments["chrom"].map(bare) == bare(chrom)]
    if same.empty:
        return None
    gap = pd.concat([same["start"] - pos, pos - same["end"]], axis=1).max(axis=1).clip(lower=0)
    nearest = gap.idxmin()
    return same.loc[nearest].to_dict() if gap[nearest] <= reach else None


def purity_of(row: Mapping[str, Any]) -> tuple[float, float, float] | str:
    """Purity with its interval from a row of PURITY, or why it cannot be used."""
    if row["status"] != "resolved":
        return f"purity unresolved ({row['reason'] or 'no copy number was called'})"
    value = float(row["purity"])
    low, _, high = str(row["interval"]).partition("-")
    return (value, float(low), float(high)) if high else (value, value, value)
