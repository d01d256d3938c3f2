"""The second caller: freebayes on tumour and normal together, its alleles joined to Mutect2's candidates.

freebayes looks at the reads as they are aligned and models them as observations of alleles; Mutect2
assembles them anew and models the tumour as a mixture. Its Bayesian QUAL asks for a polymorphism under
diploid genotypes and is near 0 for a somatic allele fraction below about 0.15 (9 of 73 reads: 3e-8,
SEQC2 chr2:2787), so it runs pooled-continuous (every allele above the input filters is reported) and what
votes is its count of good observations, on both strands. Alleles are not clumped (haplotype length -1)
and Mutect2's multi-base changes are taken apart, so that both join base by base; what does not is joined by
the sequence it makes.
"""

import os
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from cyvcf2 import VCF

from myeloma.run import command

Allele = tuple[str, int, str, str]
"""Contig, position (1-based), reference allele, alternate allele."""

#: Records further apart than this are no two spellings of one change; more than MOST of them neither.
NEAR = 60
MOST = 3
#: In a crowd only this many nearest alleles are combined.
CROWD = 12


@dataclass(frozen=True)
class Support:
    """Reads at a variant in one sample."""

    depth: int
    ref: int
    alt: int

    @property
    def fraction(self) -> float | None:
        return self.alt / self.depth if self.depth else None


@dataclass(frozen=True)
class Seen:
    """One allele of freebayes: reads in tumour and normal, and the quality of its observations.

    `mapping_quality` and `base_quality` are means over the reads with the allele; forward and reverse are
    their strands.
    """

    allele: Allele
    tumour: Support
    normal: Support | None
    quality: float
    mapping_quality: float
    base_quality: float
    forward: int
    reverse: int


def run(fasta: str, bams: Sequence[str], bed: str | os.PathLike, limits: Mapping, target: Path) -> Path:
    """Call the intervals of `bed`; `limits`: the config section `somatic`. Returns `target`, a plain VCF."""
    words = ["freebayes", "-f", fasta, "-t", bed, "--pooled-continuous", "--haplotype-length", -1]
    words += ["--min-alternate-fraction", limits["second_min_fraction"], "--min-alternate-count", 2]
    words += ["--use-best-n-alleles", 4]
    words += ["--min-mapping-quality", limits["second_read_mapping_quality"]]
    words += ["--min-base-quality", limits["second_read_base_quality"]]
    command([*words, *bams], stdout=target)
    return target


def normalise(called: Sequence[Path], fasta: str, work: Path) -> Path:
    """The pieces joined, one allele a row, left-aligned, as Mutect2's."""
    joined, split = work / "second.joined.vcf.gz", work / "second.split.vcf.gz"
    command(["bcftools", "concat", "--no-version", "-Oz", "-o", joined, *called])
    norm = ["bcftools", "norm", "--no-version", "-m", "-any", "-f", fasta, "-Oz", "-o", split]
    command([*norm, joined])
    return split


def read(path: str | os.PathLike, tumour: str, normal: str) -> list[Seen]:
    """Alleles that the tumour shows, in the order of the file, each once; `normal` "" for tumour-only."""
    reader = VCF(str(path))
    column = reader.samples.index(tumour)
    other = reader.samples.index(normal) if normal else None
    found: dict[Allele, Seen] = {}
    for record in reader:
        seen = _support(record, column)
        if not record.ALT or seen.alt < 2:
            continue
        allele = (record.CHROM, record.POS, record.REF, record.ALT[0])
        total = _first(record.INFO.get("AO"))
        found.setdefault(
            allele,
            Seen(
                allele,
                seen,
                _support(record, other) if other is not None else None,
                float(record.QUAL or 0.0),
                float(_first(record.INFO.get("MQM"))),
                float(_first(record.INFO.get("QA"))) / total if total else 0.0,
                int(_first(record.INFO.get("SAF"))),
                int(_first(record.INFO.get("SAR"))),
            ),
        )
    reader.close()
    return list(found.values())


def _first(value) -> float:
    value = value[0] if isinstance(value, tuple) else value
    return 0 if value is None else value


def _support(record, column: int) -> Support:
    depths, seen = record.format("AD"), record.format("DP")
    ref, alt = (max(0, int(value)) for value in depths[column][:2]) if depths is not None else (0, 0)
    depth = max(0, int(seen[column][0])) if seen is not None else 0
    return Support(max(ref + alt, depth), ref, alt)


def atoms(allele: Allele) -> list[Allele]:
    """A change of several bases of the same length as its single bases; any other as it is."""
    chrom, pos, ref, alt = allele
    if len(ref) != len(alt):
        return [allele]
    return [(chrom, pos + i, r, a) for i, (r, a) in enumerate(zip(ref, alt, strict=True)) if r != a]


def match(
    records: Sequence[Allele], seen: Iterable[Seen], fetch: Callable[[str, int, int], str]
) -> tuple[dict[Allele, Seen], set[Allele]]:
    """(record -> what freebayes saw of it, the freebayes alleles that belong to some record).

    First base by base; what is left by sequence: some records and some alleles (at most MOST each, within
    NEAR bases) that make the same haplotype. `fetch` (contig, start, end; 0-based) gives the reference.
    """
    by_allele = {one.allele: one for one in seen}
    joined: dict[Allele, Seen] = {}
    used: set[Allele] = set()
    for record in records:
        parts = atoms(record)
        if parts and all(part in by_allele for part in parts):
            joined[record] = min((by_allele[part] for part in parts), key=lambda one: one.tumour.alt)
            used |= set(parts)
    left = [record for record in records if record not in joined]
    free = sorted(allele for allele in by_allele if allele not in used)
    for record in left:
        if record not in joined:
            _match_sequences(record, left, free, by_allele, fetch, joined, used)
    return joined, used


def _match_sequences(record, left, free, by_allele, fetch, joined, used) -> None:
    chrom, pos = record[:2]
    near = free[bisect_left(free, (chrom, pos - NEAR)) : bisect_right(free, (chrom, pos + NEAR, "~"))]
    if not near:
        return
    near = sorted(near, key=lambda a: abs(a[1] - pos))[:CROWD]
    others = [o for o in left if o[0] == chrom and o != record and abs(o[1] - pos) <= NEAR]
    others = sorted(others, key=lambda a: abs(a[1] - pos))[:CROWD]
    start = max(0, pos - 1 - 2 * NEAR)
    text = fetch(chrom, start, pos + 4 * NEAR).upper()
    made = {}
    for size in range(1, MOST + 1):
        for some in combinations(near, size):
            made.setdefault(sequence(text, start, some), some)
    made.pop(None, None)
    for size in range(MOST):
        for some in combinations(others, size):
            alleles = made.get(sequence(text, start, (record, *some)))
            if alleles:
                for one in (record, *some):
                    joined[one] = min((by_allele[a] for a in alleles), key=lambda s: s.tumour.alt)
                used |= set(alleles)
                return


def sequence(text: str, start: int, alleles: Iterable[Allele]) -> str | None:
    """`text` (reference from 0-based `start` on) with the alleles in it; None when they do not fit."""
    made, before = [], 0
    for _, pos, ref, alt in sorted(alleles, key=lambda a: (a[1], a[2])):
        at = pos - 1 - start
        if at < before or text[at : at + len(ref)] != ref.upper():
            return None
        made += [text[before:at], alt.upper()]
        before = at + len(ref)
    return "".join([*made, text[before:]])
