"""Germline: common and rare sites of a population, and the two haplotypes of every patient."""

from dataclasses import dataclass, field

import numpy as np

from . import catalogue
from .genome import Genome
from .variants import CodingIndex, Variant, plain, random_indel, random_snv

SNPS_PER_ARM = 104  # allele frequency 0.35-0.65: the heterozygous ones carry the allelic copy number
MODERATE_PER_ARM = 24  # 0.08-0.2: what contamination is estimated from
HETEROZYGOUS_PER_ARM = 45  # at least, in every patient and informative arm
INDELS = 60
RARE_SITES = 900
RARE_PER_PATIENT = 10
PRIVATE_PER_PATIENT = 4
REACH = 70  # bases around a target in which sites are planted
SPACING = 14
REACH_OF_SITES = 20  # bases around germline sites without mutations


@dataclass(frozen=True)
class Site:
    """A polymorphic site of the population."""

    variant: Variant
    frequency: float
    kind: str  # common, moderate, indel, rare


@dataclass
class Haplotypes:
    """Germline variants of one person: `a` and `b` list the alternate alleles of the two haplotypes."""

    a: list[Variant] = field(default_factory=list)
    b: list[Variant] = field(default_factory=list)


class Surroundings:
    """Positions near germline sites (`sites`) and positions closed to germline variants (`blocked`)."""

    def __init__(self, genome: Genome, index: CodingIndex, sites: list[Site]):
        reach = REACH_OF_SITES
        self.blocked = _blocked(genome, index)
        self.sites = {
            (s.variant.chrom, p) for s in sites for p in range(s.variant.pos - reach, s.variant.end + reach)
        }


def population(genome: Genome, index: CodingIndex, seed: int) -> list[Site]:
    """All sites near the targets, in genome order, at least SPACING bases apart and away from hotspots."""
    rng = np.random.default_rng([seed, 2])
    blocked = _blocked(genome, index)
    taken: set[tuple[str, int]] = set()
    sites: list[Site] = []

    def plant(places, wanted, kind, low, high):
        done = 0
        for chrom, pos in places:
            if done == wanted:
                return
            sequence = genome.contigs[chrom]
            if any((chrom, p) in taken for p in range(pos - SPACING, pos + SPACING + 1)):
                continue
            if (chrom, pos) in blocked or not plain(sequence, pos, 6):
                continue
            if kind == "indel":
                if index.find(chrom, pos) or index.find(chrom, pos + 12):
                    continue
                variant = random_indel(
                    sequence, chrom, pos, int(rng.integers(1, 9)), bool(rng.integers(2)), rng
                )
            else:
                variant = random_snv(sequence, chrom, pos, rng)
            if variant is None or index.effect(variant)[1] in ("nonsense", "start_stop"):
                continue
            taken.update((chrom, p) for p in range(variant.pos, variant.end))
            frequency = round(float(np.exp(rng.uniform(np.log(low), np.log(high)))), 6)
            sites.append(Site(variant, frequency, kind))
            done += 1
        if kind in ("common", "moderate"):
            raise ValueError(f"only {done} of {wanted} {kind} sites could be planted near {places[0]}")

    for arm in genome.arms:
        spans = [t for t in genome.targets if t.chrom == arm.chrom and arm.start <= t.start < arm.end]
        if not spans:
            continue
        places = _spread(spans, rng)
        share = 1 if arm.informative else 0.2
        plant(places, int(SNPS_PER_ARM * share), "common", 0.35, 0.65)
        plant(list(reversed(places)), int(MODERATE_PER_ARM * share), "moderate", 0.08, 0.2)
    places = _spread(genome.targets, rng)
    plant(places, INDELS, "indel", 0.1, 0.5)
    plant(list(reversed(places)), RARE_SITES, "rare", 1e-5, 4e-3)
    order = {chrom: i for i, chrom in enumerate(genome.contigs)}
    return sorted(sites, key=lambda s: (order[s.variant.chrom], s.variant.pos))


def _blocked(genome: Genome, index: CodingIndex) -> set[tuple[str, int]]:
    """Positions without germline variants: 25 bases around hotspots, splice sites, and the paralogue pair."""
    out: set[tuple[str, int]] = set()
    for shape in catalogue.shapes():
        gene = genome.gene(shape.symbol)
        for residue in shape.hotspots:
            middle = index._snv(gene, 3 * residue - 2, "A").pos
            out.update((gene.chrom, p) for p in range(middle - 25, middle + 26))
    for gene in genome.genes:
        for start, end in gene.cds:
            out.update((gene.chrom, p) for edge in (start, end) for p in range(edge - 8, edge + 8))
    for chrom, start, end in genome.paralogue:
        out.update((chrom, p) for p in range(start - 20, end + 20))
    return out


def _spread(spans, rng: np.random.Generator) -> list[tuple[str, int]]:
    """Positions within REACH of targets, in an order that visits every target before any one again."""
    rounds = []
    for target in spans:
        places = np.arange(target.start - REACH, target.end + REACH)
        rng.shuffle(places)
        rounds += [(i + rng.random(), target.chrom, int(p)) for i, p in enumerate(places[:: SPACING // 2])]
    return [(chrom, pos) for _, chrom, pos in sorted(rounds)]


def person(
    genome: Genome,
    sites: list[Site],
    index: CodingIndex,
    surroundings: Surroundings,
    sex: str,
    seed: int,
    number: int,
) -> Haplotypes:
    """Haplotypes of one patient; each informative arm has at least HETEROZYGOUS_PER_ARM common heterozygous SNPs."""
    rng = np.random.default_rng([seed, 3, number])
    haplotypes = Haplotypes()
    common = [s for s in sites if s.kind != "rare"]
    for arm in genome.arms:
        mine = [s for s in common if s.variant.chrom == arm.chrom and arm.start <= s.variant.pos < arm.end]
        frequency = np.array([s.frequency for s in mine])
        counted = np.array([s.kind == "common" for s in mine])
        for _ in range(1000):
            first, second = rng.random((2, len(mine))) < frequency
            if not arm.informative or np.sum((first != second) & counted) >= HETEROZYGOUS_PER_ARM:
                break
        haplotypes.a += [s.variant for s, carried in zip(mine, first, strict=True) if carried]
        if not (arm.chrom == "chrX" and sex == "male"):
            haplotypes.b += [s.variant for s, carried in zip(mine, second, strict=True) if carried]
    autosomal = [s for s in sites if s.kind == "rare" and s.variant.chrom not in catalogue.SEX]
    for k in rng.choice(len(autosomal), size=RARE_PER_PATIENT, replace=False):
        [haplotypes.a, haplotypes.b][int(rng.integers(2))].append(autosomal[int(k)].variant)
    taken: set[tuple[str, int]] = set()
    private = 0
    while private < PRIVATE_PER_PATIENT:
        target = genome.targets[int(rng.integers(len(genome.targets)))]
        pos = int(rng.integers(target.start + 5, target.end - 5))
        place = (target.chrom, pos)
        if target.chrom in catalogue.SEX or place in taken:
            continue
        if place in surroundings.sites or place in surroundings.blocked:
            continue
        if genome.gene(target.gene).kind != "filler" or not plain(genome.contigs[target.chrom], pos, 6):
            continue
        variant = random_snv(genome.contigs[target.chrom], target.chrom, pos, rng)
        if index.effect(variant)[1] not in ("missense", "synonymous"):
            continue
        [haplotypes.a, haplotypes.b][int(rng.integers(2))].append(variant)
        taken.update((target.chrom, p) for p in range(pos - 14, pos + 15))
        private += 1
    haplotypes.a.sort()
    haplotypes.b.sort()
    return haplotypes
