"""RNA: how much each gene is expressed in each patient, and the molecules that are read."""

from dataclasses import dataclass, replace

import numpy as np

from . import catalogue
from .codons import reverse_complement
from .genome import Gene, Genome
from .germline import Haplotypes
from .plan import Patient
from .reads import lengths
from .somatic import Mutation, Segment, amount
from .variants import Variant, apply

PAIRS = 66_000
IG_SHARE = 0.24
FOREIGN_PAIRS = 14_000  # of a sample whose RNA is mostly that of other cells
OTHER_CELLS_PAIRS = 60  # of each gene of other cells, were there nothing else and PAIRS pairs
KAPPA = 2 / 3  # of polyclonal light chains
# polyclonal heavy chains, about as plasma cells of the marrow
HEAVY = {
    "IGHG1": 0.30,
    "IGHA1": 0.28,
    "IGHG2": 0.14,
    "IGHA2": 0.10,
    "IGHM": 0.10,
    "IGHG3": 0.05,
    "IGHG4": 0.03,
}
DIFFERENTIAL = 64  # genes, half of them higher in each group
DISPERSION = 0.07
PARTNER_DISPERSION = 0.03
PARTNER_LOG2 = 5.6  # rise of a translocated partner in pure tumour
DECOY_LOG2 = {"CCND1": 0.7, "MAF": 1.4, "MYC": 2.0}  # beside what the copies do
# expected pairs of the partner genes and MYC without an event
BASELINE = {
    "NSD2": 26,
    "FGFR3": 14,
    "CCND1": 22,
    "CCND2": 24,
    "CCND3": 30,
    "MAF": 18,
    "MAFB": 16,
    "MAFA": 8,
    "MYC": 60,
}
# with MAF and MAFB their targets rise
FOLLOWERS = {"MAF": ("ITGB7", "CCND2"), "MAFB": ("ITGB7", "CCND2")}
LENGTH_MEAN, LENGTH_SD = 205, 40
CASSETTE = ("CRBN", 10)  # gene and exon that a patient may skip; every sample has
CASSETTE_PAIRS = 300  # pairs of this exon and its two neighbours, or none would cross a junction often enough
FUSION = {
    "NSD2": ("IGHJ4", 3, 0.9),
    "CCND1": ("IGHJ6", 1, 0.45),
}  # donor segment, first exon, share of the extra


@dataclass(frozen=True)
class Differential:
    """A gene whose expression differs between the groups."""

    gene: Gene
    higher_in: str
    log2_fold: float


def base_levels(genome: Genome, seed: int) -> dict[str, float]:
    """Expected pairs of every gene but the immunoglobulins, in a sample without any event."""
    rng = np.random.default_rng([seed, 8])
    levels = {}
    for gene in genome.genes:
        if gene.kind == "ig":
            continue
        level = float(np.exp(rng.normal(0, 0.85)))
        silent = gene.kind in ("filler", "other_cells") and rng.random() < 0.04
        levels[gene.gene_id] = 0.0 if silent or gene.kind == "pseudogene" else level
    scale = PAIRS * (1 - IG_SHARE) * 0.92 / sum(levels.values())
    levels = {gene_id: level * scale for gene_id, level in levels.items()}
    for symbol, pairs in BASELINE.items():
        levels[genome.gene(symbol).gene_id] = float(pairs)
    for symbol, _, _ in catalogue.OTHER_CELLS:
        levels[genome.gene(symbol).gene_id] = 0.0
    return levels


def differential_genes(genome: Genome, levels: dict[str, float], seed: int) -> list[Differential]:
    """DIFFERENTIAL fillers of moderate expression, four to eight fold higher in one of the groups."""
    rng = np.random.default_rng([seed, 9])
    fit = [
        g for g in genome.genes if g.kind == "filler" and g.chrom != "chrY" and 20 <= levels[g.gene_id] <= 110
    ]
    chosen = [fit[int(i)] for i in rng.choice(len(fit), size=DIFFERENTIAL, replace=False)]
    groups = ["EARLY_RESPONDER", "POOR_RESPONDER"]
    folds = rng.uniform(2.0, 3.0, size=DIFFERENTIAL)
    return [
        Differential(g, groups[i % 2], round(float(f), 3))
        for i, (g, f) in enumerate(zip(chosen, folds, strict=True))
    ]


def expected_pairs(
    genome: Genome, patient: Patient, group: str, segments: list[Segment], levels, differential, rng
) -> dict[str, float]:
    """Expected pairs per gene id of one sample: programmes, copies, translocation, decoy."""
    out = dict(levels)
    high = {d.gene.gene_id: d.log2_fold for d in differential if d.higher_in == group}
    for gene in genome.genes:
        if gene.gene_id not in out:
            continue
        if gene.chrom == "chrY" and patient.sex == "female":
            out[gene.gene_id] = 0.0
            continue
        if gene.chrom not in ("chrX", "chrY", "chrM"):
            out[gene.gene_id] *= (
                sum(amount(segments, patient.purity, patient.sex, gene.chrom, gene.start)) / 2
            )
        out[gene.gene_id] *= 2 ** high.get(gene.gene_id, 0.0)
    if patient.decoy:
        out[genome.gene(patient.decoy).gene_id] *= 2 ** DECOY_LOG2[patient.decoy]
    if patient.translocation:
        for symbol in patient.translocation.partners:
            out[genome.gene(symbol).gene_id] *= 1 + patient.purity * (2**PARTNER_LOG2 - 1)
            for follower in FOLLOWERS.get(symbol, ()):
                out[genome.gene(follower).gene_id] *= 1 + patient.purity * 2.5
    depth = rng.uniform(0.88, 1.1)
    if patient.foreign_rna:
        depth *= FOREIGN_PAIRS / PAIRS
        for symbol, _, _ in catalogue.OTHER_CELLS:
            out[genome.gene(symbol).gene_id] = OTHER_CELLS_PAIRS * PAIRS / FOREIGN_PAIRS * patient.foreign_rna
    return {gene_id: level * depth for gene_id, level in out.items()}


def molecules(
    genome: Genome,
    patient: Patient,
    germline: Haplotypes,
    mutations: list[Mutation],
    expected: dict[str, float],
    levels: dict[str, float],
    rng: np.random.Generator,
) -> list[str]:
    """Fragments of the sample's RNA in the sense of read one of a dUTP library (antisense)."""
    out: list[str] = []
    partners = set(patient.translocation.partners) if patient.translocation else set()
    for gene in genome.genes:
        mean = expected.get(gene.gene_id, 0.0)
        if mean <= 0:
            continue
        spread = PARTNER_DISPERSION if gene.symbol in BASELINE else DISPERSION
        pairs = int(rng.poisson(rng.gamma(1 / spread, mean * spread)))
        if gene.symbol in partners and patient.translocation.junction and gene.symbol in FUSION:
            share = FUSION[gene.symbol][2] * (1 - levels[gene.gene_id] / mean)
            fused = int(rng.binomial(pairs, max(0.0, share)))
            out += cut(fusion_transcript(genome, gene), fused, rng)
            pairs -= fused
        for sequence, count in _alleles(genome, gene, germline, mutations, pairs, rng):
            out += cut(sequence, count, rng)
    for sequence, count in _immunoglobulins(genome, patient, rng):
        out += cut(sequence, count, rng)
    return [reverse_complement(f) for f in out]


def cassette(
    genome: Genome,
    patient: Patient,
    germline: Haplotypes,
    mutations: list[Mutation],
    rng: np.random.Generator,
) -> list[str]:
    """Fragments of the exon of CASSETTE and its neighbours, with it and, in the skipping share, without."""
    symbol, number = CASSETTE
    gene = genome.gene(symbol)
    whole = gene.exons[number - 2 : number + 1]
    skipped = int(rng.binomial(CASSETTE_PAIRS, patient.skipping * patient.purity))
    out: list[str] = []
    for exons, pairs in ((whole, CASSETTE_PAIRS - skipped), ([whole[0], whole[2]], skipped)):
        for sequence, count in _alleles(genome, replace(gene, exons=exons), germline, mutations, pairs, rng):
            out += cut(sequence, count, rng)
    return [reverse_complement(f) for f in out]


def cut(transcript: str, pairs: int, rng: np.random.Generator) -> list[str]:
    """`pairs` fragments of a transcript, uniform along it."""
    if pairs <= 0 or len(transcript) < 130:
        return []
    size = np.minimum(lengths(pairs, rng, LENGTH_MEAN, LENGTH_SD), len(transcript))
    starts = (rng.random(pairs) * (len(transcript) - size + 1)).astype(int)
    return [transcript[s : s + n] for s, n in zip(starts.tolist(), size.tolist(), strict=True)]


def _alleles(genome, gene: Gene, germline: Haplotypes, mutations: list[Mutation], pairs: int, rng):
    """(sequence, pairs) of the two haplotypes and of the mutated allele."""
    inside = [
        m for m in mutations if m.variant.chrom == gene.chrom and gene.start <= m.variant.pos < gene.end
    ]
    shares = [max(0.0, 0.5 - sum(m.vaf for m in inside if m.haplotype == h)) for h in (0, 1)]
    sides = [germline.a, germline.b]
    made = [(_transcript(genome, gene, sides[h]), shares[h]) for h in (0, 1)]
    made += [(_transcript(genome, gene, [*sides[m.haplotype], m.variant]), m.vaf) for m in inside]
    weights = np.array([share for _, share in made])
    counts = rng.multinomial(pairs, weights / weights.sum())
    return [(sequence, int(count)) for (sequence, _), count in zip(made, counts, strict=True)]


def _transcript(genome: Genome, gene: Gene, variants: list[Variant]) -> str:
    """Spliced transcript with the variants that lie inside one exon."""
    mine = [v for v in variants if v.chrom == gene.chrom and gene.start <= v.pos < gene.end]
    pieces = []
    for start, end in gene.exons:
        inside = [v for v in mine if start <= v.pos and v.end <= end]
        piece = apply(genome.contigs[gene.chrom][start:end], start, inside)
        pieces.append(piece if gene.strand == "+" else reverse_complement(piece))
    return "".join(pieces)


def fusion_transcript(genome: Genome, partner: Gene) -> str:
    """180 bases before a J segment and the J, spliced to a partner's exon and those after it."""
    segment, first, _ = FUSION[partner.symbol]
    donor = genome.gene(segment)
    start, end = donor.exons[0]
    span = (start, end + 180) if donor.strand == "-" else (start - 180, end)
    head = donor.spliced(genome.contigs[donor.chrom], [span])
    return head + partner.spliced(genome.contigs[partner.chrom], partner.exons[first:])


def _immunoglobulins(genome: Genome, patient: Patient, rng: np.random.Generator) -> list[tuple[str, int]]:
    """The clone's heavy and light chain, and those of the plasma cells beside it."""
    total = int(PAIRS * IG_SHARE * rng.uniform(0.85, 1.15))
    if patient.foreign_rna:
        return _polyclonal(genome, int(total * FOREIGN_PAIRS / PAIRS * (1 - patient.foreign_rna)), rng)
    light = "IGK" if patient.light == "kappa" else "IGL"
    constant = "IGKC" if light == "IGK" else f"IGLC{1 + int(rng.integers(3))}"
    join = {"IGKC": f"IGKJ{(1, 2, 4)[int(rng.integers(3))]}"}.get(constant, constant.replace("IGLC", "IGLJ"))
    heavy_j = f"IGHJ{4 + int(rng.integers(3))}"
    heavy = _rearranged(genome, [_pick(genome, "IGHV", rng), "IGHD3-10", heavy_j, patient.heavy])
    kappa_or_lambda = _rearranged(genome, [_pick(genome, f"{light}V", rng), join, constant])
    clone = 0.96 * patient.purity
    out = [(heavy, int(total * clone * 0.45)), (kappa_or_lambda, int(total * clone * 0.55))]
    return out + _polyclonal(genome, int(total * (1 - clone)), rng)


def _polyclonal(genome: Genome, total: int, rng: np.random.Generator) -> list[tuple[str, int]]:
    """Chains of many plasma cells: V segments alike, heavy constant regions by HEAVY, light chains by KAPPA."""
    light = {"IGKC": KAPPA} | {f"IGLC{i}": (1 - KAPPA) / 3 for i in (1, 2, 3)}
    join = {"IGKC": "IGKJ1"} | {f"IGLC{i}": f"IGLJ{i}" for i in (1, 2, 3)}
    chosen = rng.multinomial(round(total * 0.45), list(HEAVY.values()))
    plan = [("IGHV", ["IGHD3-10", "IGHJ4", name], n) for name, n in zip(HEAVY, chosen, strict=True)]
    chosen = rng.multinomial(round(total * 0.55), list(light.values()))
    plan += [(f"{name[:3]}V", [join[name], name], n) for name, n in zip(light, chosen, strict=True)]
    out = []
    for prefix, rest, number in plan:
        names = [g.symbol for g in genome.genes if g.symbol.startswith(prefix)]
        for name, n in zip(names, rng.multinomial(number, [1 / len(names)] * len(names)), strict=True):
            out.append((_rearranged(genome, [name, *rest]), int(n)))
    return out


def _pick(genome: Genome, prefix: str, rng: np.random.Generator) -> str:
    names = [g.symbol for g in genome.genes if g.symbol.startswith(prefix)]
    return names[int(rng.integers(len(names)))]


def _rearranged(genome: Genome, symbols: list[str]) -> str:
    """V(D)J joined without introns and spliced to the constant region."""
    genes = [genome.gene(symbol) for symbol in symbols]
    return "".join(g.spliced(genome.contigs[g.chrom], g.exons) for g in genes)
