"""Rearrangements of immunoglobulin loci: where both chromosomes break, and the two derivatives' sequences.

The derivative that goes on with the IG locus on the left is left + partner, the other one partner + right, both
read along the IG chromosome. Between two arms of one kind (q and q) the partner's sequence follows in its own
sense; between p and q the centromeres allow only the other one. Balanced: copies change on neither chromosome.
"""

from dataclasses import dataclass

import numpy as np

from .codons import reverse_complement
from .genome import Genome, switch_regions
from .plan_large import Junction
from .reads import LONGEST

EDGE = 260  # bases between a breakpoint and the end of the captured switch region
REACH = 950  # of the partner gene; its region in regions.tsv reaches 1000 bases
CLEAR = 440  # bases between a breakpoint and the next captured block on the partner's chromosome
LOW_HOMOLOGY, HIGH_HOMOLOGY = 2, 4
LONGEST_INSERTION = 7


@dataclass(frozen=True)
class Break:
    """A placed junction; `ig_pos` and `partner_pos` are 0-based: the first base after the break."""

    name: str
    ig: str
    gene: str
    germline: bool
    ig_chrom: str
    ig_pos: int
    partner_chrom: str
    partner_pos: int
    inverted: bool
    insertion: str
    homology: int
    haplotype: int

    def derivatives(self, genome: Genome, low: int, high: int) -> tuple[str, str]:
        """Sequences of the two derivatives between `low` and `high` of the IG chromosome, LONGEST of the partner."""
        own, other = genome.contigs[self.ig_chrom], genome.contigs[self.partner_chrom]
        before = other[self.partner_pos - LONGEST : self.partner_pos]
        after = other[self.partner_pos : self.partner_pos + LONGEST]
        if self.inverted:
            before, after = reverse_complement(after), reverse_complement(before)
        return own[low : self.ig_pos] + self.insertion + after, before + own[self.ig_pos : high]


def place(genome: Genome, blocks, planned: Junction, rng: np.random.Generator) -> Break:
    """Breakpoints of a junction: in a captured switch region, and near the partner where nothing is captured."""
    regions = [t for t in switch_regions(genome) if t.gene == planned.ig and t.end - t.start > 2 * EDGE]
    region = regions[int(rng.integers(len(regions)))]
    gene = genome.gene(planned.gene)
    partner = genome.contigs[gene.chrom]
    taken = [(b.start - CLEAR, b.end + CLEAR) for b in blocks if b.chrom == gene.chrom]
    free = [
        p
        for p in range(max(LONGEST, gene.start - REACH), min(gene.end + REACH, len(partner) - LONGEST))
        if not any(s < p < e for s, e in taken) and "N" not in partner[p - LONGEST : p + LONGEST]
    ]
    upstream = [p for p in free if (p < gene.start if gene.strand == "+" else p > gene.end)]
    free = upstream or free
    if not free:
        raise ValueError(f"{planned.name}: no place for a breakpoint near {planned.gene}")
    arms = [_arm(genome, region.chrom, region.start), _arm(genome, gene.chrom, gene.start)]
    inverted = arms[0] != arms[1]
    wanted = int(rng.integers(LOW_HOMOLOGY, HIGH_HOMOLOGY + 1)) if rng.random() < 0.5 else 0
    for _ in range(20_000):
        ig_pos = int(rng.integers(region.start + EDGE, region.end - EDGE))
        pos = free[int(rng.integers(len(free)))]
        shared = homology(genome, region.chrom, ig_pos, gene.chrom, pos, inverted)
        if shared == wanted:
            break
    else:
        raise ValueError(f"{planned.name}: no pair of places with {wanted} bases in common")
    size = 0 if wanted else int(rng.integers(0, LONGEST_INSERTION))
    return Break(
        planned.name, planned.ig, planned.gene, planned.germline, region.chrom, ig_pos, gene.chrom, pos, inverted,
        "".join(rng.choice(list("ACGT"), size=size)), wanted, int(rng.integers(2)),
    )  # fmt: skip


def homology(genome: Genome, ig_chrom: str, ig_pos: int, chrom: str, pos: int, inverted: bool) -> int:
    """Bases before the break that both chromosomes share, so that the junction may lie anywhere among them."""
    own, other = genome.contigs[ig_chrom], genome.contigs[chrom]
    left = own[ig_pos - 20 : ig_pos]
    before = reverse_complement(other[pos : pos + 20]) if inverted else other[pos - 20 : pos]
    shared = 0
    while shared < 20 and left[-1 - shared] == before[-1 - shared]:
        shared += 1
    return shared


def _arm(genome: Genome, chrom: str, pos: int) -> str:
    return next(a.arm for a in genome.arms if a.chrom == chrom and a.start <= pos < a.end)
