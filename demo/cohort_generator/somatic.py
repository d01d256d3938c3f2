"""Somatic truth of a tumour: copy numbers by place, mutations with haplotype, multiplicity and expected VAF."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from . import catalogue
from .genome import Genome
from .germline import REACH_OF_SITES as REACH
from .germline import Haplotypes
from .plan import Patient
from .variants import CodingIndex, Variant, plain, random_indel, random_snv

CLONAL_SNVS = 9
CLONAL_INDELS = 5
PARTIAL_SNVS = 2  # carried by 60 % of the tumour cells
PARTIAL_CCF = 0.6
CLEAR_VAF = 0.12  # below: a row of its own in the scorecard
# genes whose state is a result of the trial: only planned mutations there
RESERVED = {
    "TP53",
    "KRAS",
    "NRAS",
    "BRAF",
    "DIS3",
    "CRBN",
    "IKZF1",
    "IKZF3",
    "DDB1",
    "CUL4B",
    "FGFR3",
    "NSD2",
}
APART = 1200  # more than the margin on both sides of a capture block
FOCAL_TARGETS = 6  # targets on each side of the gene of a focal change


@dataclass(frozen=True)
class Segment:
    """A copy-number change with its place: `a` and `b` are the copies of the two haplotypes."""

    event: str
    chrom: str
    start: int
    end: int
    a: int
    b: int
    ccf: float
    base: int = 1  # copies of each haplotype in the cells without the change: 2 after genome doubling

    @property
    def total(self) -> int:
        return self.a + self.b

    @property
    def minor(self) -> int:
        return min(self.a, self.b)


@dataclass(frozen=True)
class Mutation:
    """A somatic mutation on one haplotype (0 or 1) in `ccf` of the tumour cells, `copies` of it in each."""

    variant: Variant
    gene: str
    kind: str
    protein: str
    haplotype: int
    copies: int
    ccf: float
    vaf: float

    @property
    def row_kind(self) -> str:
        base = "snv" if self.variant.is_snv else "indel"
        return base if self.vaf >= CLEAR_VAF else f"{base}_subclonal"


def place_segments(genome: Genome, patient: Patient, rng: np.random.Generator) -> list[Segment]:
    """Turn the planned changes into places; which haplotype is lost or gained is drawn."""
    out = []
    for change in patient.copies:
        chrom, start, end = _region(genome, change.region)
        copies = [change.total - change.minor, change.minor]
        if rng.random() < 0.5:
            copies.reverse()
        out.append(Segment(change.event, chrom, start, end, copies[0], copies[1], change.ccf))
    return out


def _region(genome: Genome, region: str) -> tuple[str, int, int]:
    if region.startswith("focal:"):
        gene = genome.gene(region[6:])
        mine = [t for t in genome.targets if t.chrom == gene.chrom]
        hits = [i for i, t in enumerate(mine) if t.gene == gene.symbol]
        low = max(0, hits[0] - FOCAL_TARGETS)
        first, last = mine[low], mine[min(len(mine), low + len(hits) + 2 * FOCAL_TARGETS) - 1]
        return gene.chrom, first.start - 200, last.end + 200
    if region[-1] in "pq":
        arm = genome.arm(region[:-1], region[-1])
        return arm.chrom, arm.start, arm.end
    return region, 0, len(genome.contigs[region])


def clones(segments: list[Segment], chrom: str, pos: int) -> list[tuple[float, int, int]]:
    """Tumour cells at a place: (share of the tumour cells, copies of haplotype a, of b)."""
    for s in segments:
        if s.chrom == chrom and s.start <= pos < s.end:
            return [(s.ccf, s.a, s.b)] + ([(1 - s.ccf, s.base, s.base)] if s.ccf < 1 else [])
    return [(1.0, 1, 1)]


def normal_copies(chrom: str, sex: str) -> tuple[int, int]:
    """Copies of the two haplotypes in a normal cell."""
    if chrom == "chrX":
        return (1, 0) if sex == "male" else (1, 1)
    if chrom == "chrY":
        return (1, 0) if sex == "male" else (0, 0)
    return (1, 1)


def amount(
    segments: list[Segment], purity: float, sex: str, chrom: str, pos: int, germline: Sequence[Segment] = ()
) -> tuple[float, float]:
    """Mean copies per cell of each haplotype in a sample of this purity; `germline` changes every cell."""
    normal = normal_copies(chrom, sex)
    for s in germline:
        if s.chrom == chrom and s.start <= pos < s.end:
            normal = (normal[0] * s.a, normal[1] * s.b)
    tumour = [0.0, 0.0]
    for share, a, b in clones(segments, chrom, pos):
        # a change is counted on top of what the sex chromosomes have
        tumour[0] += share * a * normal[0]
        tumour[1] += share * b * normal[1]
    return tuple((1 - purity) * n + purity * t for n, t in zip(normal, tumour, strict=True))


class Mutator:
    """Plants the mutations of one tumour, APART bases from each other and from the ends of copy changes."""

    late_subclones = False  # True: what only some cells carry came after the gains and was never doubled

    def __init__(
        self,
        genome,
        index: CodingIndex,
        patient: Patient,
        segments,
        germline: Haplotypes,
        surroundings,
        rng,
        closed: Sequence[Segment] = (),
    ):
        """`closed`: places without mutations beside those near germline sites and in subclonal changes."""
        self.genome, self.index, self.patient = genome, index, patient
        self.segments, self.rng = segments, rng
        self.used = [(s.chrom, edge) for s in segments for edge in (s.start, s.end)]
        self.near = surroundings.sites | {
            (v.chrom, p) for v in [*germline.a, *germline.b] for p in range(v.pos - REACH, v.end + REACH)
        }
        self.allowed = [
            t
            for t in genome.targets
            if t.gene not in RESERVED
            and t.chrom not in catalogue.SEX
            and not self._paralogous(t.chrom, t.start)
            and not any(s.chrom == t.chrom and s.start <= t.start < s.end for s in closed)
        ]

    def _paralogous(self, chrom: str, pos: int) -> bool:
        return any(c == chrom and s - 500 <= pos < e + 500 for c, s, e in self.genome.paralogue)

    def make(
        self, variant: Variant, ccf: float, early: bool, purity: float, haplotype: int | None = None
    ) -> Mutation:
        """A mutation on a haplotype that the tumour still has; `early` ones were doubled by later gains."""
        parts = clones(self.segments, variant.chrom, variant.pos)
        weakest = [min(part[h + 1] for part in parts) for h in (0, 1)]
        kept = [h for h in (0, 1) if weakest[h] > 0]
        if haplotype is None:
            haplotype = kept[int(self.rng.integers(len(kept)))]
        early = early and not (self.late_subclones and ccf < 1)
        copies = weakest[haplotype] if early else 1
        total = sum(amount(self.segments, purity, self.patient.sex, variant.chrom, variant.pos))
        vaf = purity * ccf * copies / total
        gene, kind, protein = self.index.effect(variant)
        return Mutation(variant, gene, kind, protein, haplotype, copies, ccf, round(vaf, 4))

    def make_again(self, mutation: Mutation, purity: float) -> Mutation:
        """The same mutation in a later sample of another purity."""
        m = mutation
        total = sum(amount(self.segments, purity, self.patient.sex, m.variant.chrom, m.variant.pos))
        return replace(m, vaf=round(purity * m.ccf * m.copies / total, 4))

    def reserve(self, symbol: str, residue: int, becomes: str) -> None:
        """Keep the surroundings of a mutation that only a later sample will have."""
        variant = self.index.hotspot(symbol, residue, becomes)
        self.used.append((variant.chrom, variant.pos))

    def driver(
        self, symbol: str, residue: int, becomes: str, purity: float, haplotype: int | None = None
    ) -> Mutation:
        variant = self.index.hotspot(symbol, residue, becomes)
        self.used.append((variant.chrom, variant.pos))
        return self.make(variant, 1.0, True, purity, haplotype)

    def passenger(self, indel: bool, ccf: float, purity: float) -> Mutation:
        """A random coding mutation in a plain stretch of a target, away from every germline site."""
        for _ in range(20_000):
            target = self.allowed[int(self.rng.integers(len(self.allowed)))]
            pos = int(self.rng.integers(target.start + 10, target.end - 24))
            sequence = self.genome.contigs[target.chrom]
            if any(c == target.chrom and abs(p - pos) < APART for c, p in self.used) or not plain(
                sequence, pos
            ):
                continue
            if any((target.chrom, p) in self.near for p in (pos - 2, pos, pos + 12)):
                continue
            if any(part[0] < 1 for part in clones(self.segments, target.chrom, pos)):
                continue
            variant = self._draw(sequence, target.chrom, pos, indel)
            if variant is None or self.index.effect(variant)[1] in ("non_coding", "start_stop"):
                continue
            if self.index.find(variant.chrom, variant.end) is None:
                continue
            self.used.append((target.chrom, pos))
            return self.make(variant, ccf, bool(self.rng.integers(2)), purity)
        raise ValueError(f"{self.patient.patient}: no place for a mutation")

    def _draw(self, sequence, chrom, pos, indel):
        if not indel:
            return random_snv(sequence, chrom, pos, self.rng)
        size = int(self.rng.integers(1, 13))
        return random_indel(sequence, chrom, pos, size, self.rng.random() < 0.45, self.rng)

    def tumour(self, purity: float) -> list[Mutation]:
        """All mutations of the patient's first tumour sample."""
        out = [self.driver(*driver, purity) for driver in self.patient.drivers]
        out += [self.passenger(False, 1.0, purity) for _ in range(CLONAL_SNVS)]
        out += [self.passenger(True, 1.0, purity) for _ in range(CLONAL_INDELS)]
        out += [self.passenger(False, PARTIAL_CCF, purity) for _ in range(PARTIAL_SNVS)]
        return sorted(out, key=lambda m: m.variant)
