"""The miniature genome: contigs in the order of GRCh38, genes in their arm and order, targets of the kit.

Coordinates are 0-based and half-open inside the generator; files get what their format asks for.
"""

from dataclasses import dataclass, field

import numpy as np

from . import catalogue
from .codons import coding_sequence, reverse_complement, translate

ARM_TARGETS = 33  # at least 30 are promised for each informative arm
ARM_GENES = 15
FILLERS_ON_TARGET = 8
END_NS = 300
CENTROMERE_NS = 1000
MITOCHONDRION = 5000
FLANK = 5  # bases of intron on each side of a coding exon that belong to its target


@dataclass
class Gene:
    """One gene with one transcript; exons and cds in the order of transcription, on the genome's coordinates."""

    symbol: str
    gene_id: str
    biotype: str
    chrom: str
    strand: str
    exons: list[tuple[int, int]]
    cds: list[tuple[int, int]] = field(default_factory=list)
    kind: str = "filler"
    targeted: bool = False

    @property
    def start(self) -> int:
        return min(s for s, _ in self.exons)

    @property
    def end(self) -> int:
        return max(e for _, e in self.exons)

    @property
    def transcript_id(self) -> str:
        return self.gene_id.replace("ENSG", "ENST")

    def spliced(self, sequence: str, parts: list[tuple[int, int]]) -> str:
        """Transcript-sense sequence of `parts` (exons or cds) cut from the contig's `sequence`."""
        pieces = [sequence[s:e] for s, e in parts]
        return "".join(pieces if self.strand == "+" else [reverse_complement(p) for p in pieces])

    def protein(self, sequence: str) -> str:
        """Translation of the CDS, with the stop as *."""
        return translate(self.spliced(sequence, self.cds))


@dataclass(frozen=True)
class Arm:
    """One chromosome arm."""

    chrom: str
    arm: str
    start: int
    end: int
    informative: bool


@dataclass(frozen=True)
class Target:
    """One captured exon."""

    chrom: str
    start: int
    end: int
    gene: str


@dataclass
class Genome:
    """Everything the reference files are written from."""

    contigs: dict[str, str]
    arms: list[Arm]
    genes: list[Gene]
    targets: list[Target]
    paralogue: tuple[tuple[str, int, int], tuple[str, int, int]]

    def gene(self, symbol: str) -> Gene:
        return next(g for g in self.genes if g.symbol == symbol)

    def arm(self, chrom: str, arm: str) -> Arm:
        return next(a for a in self.arms if a.chrom == chrom and a.arm == arm)


@dataclass
class _Locus:
    """A locus before it has a place: its sequence and its genes with coordinates inside it."""

    place: float
    sequence: str
    genes: list[Gene]


def build_genome(seed: int, switches: bool = False) -> Genome:
    """The whole genome of a seed; the same seed gives the same genome.

    `switches` leaves room between the immunoglobulin segments where switch regions are (`switch_regions`).
    """
    contigs, arms, genes = {}, [], []
    for index, (chrom, _, _) in enumerate(catalogue.CHROMOSOMES):
        rng = np.random.default_rng([seed, 1, index])
        sequence, chrom_arms, chrom_genes = build_chromosome(chrom, rng, switches)
        contigs[chrom] = sequence
        arms += chrom_arms
        genes += chrom_genes
    rng = np.random.default_rng([seed, 1, 99])
    contigs["chrM"], mitochondrial = build_mitochondrion(rng)
    genes += mitochondrial
    genome = Genome(contigs, arms, genes, [], (("", 0, 0), ("", 0, 0)))
    genome.paralogue = plant_paralogue(genome, rng)
    genome.targets = make_targets(genome)
    name_other_cells(genome)
    return genome


def name_other_cells(genome: Genome) -> None:
    """Give fillers outside the kit, the last of their arm, the names of genes of other cells."""
    for symbol, gene_id, place in catalogue.OTHER_CELLS:
        arm = genome.arm(place[:-1], place[-1])
        fit = [
            g
            for g in genome.genes
            if g.chrom == arm.chrom
            and arm.start <= g.start < arm.end
            and g.kind == "filler"
            and not g.targeted
        ]
        gene = fit[-1]
        gene.symbol, gene.gene_id, gene.kind = symbol, f"{gene_id}.1", "other_cells"


def build_chromosome(
    chrom: str, rng: np.random.Generator, switches: bool = False
) -> tuple[str, list[Arm], list[Gene]]:
    """Sequence, arms and genes of one chromosome."""
    length = 60_000 if chrom == "chrY" else int(205_000 + 90_000 * catalogue.real_length(chrom) / 249)
    fraction = catalogue.centromere(chrom)
    short = chrom in catalogue.ACROCENTRIC or chrom == "chrY"
    middle = int(length * (0.08 if short else min(0.70, max(0.30, fraction))))
    arms = [
        Arm(chrom, "p", 0, middle, not short and chrom not in catalogue.SEX),
        Arm(chrom, "q", middle, length, chrom not in catalogue.SEX),
    ]
    pieces, genes = [], []
    for arm in arms:
        if arm.arm == "p" and short:
            pieces.append(background(arm.end - arm.start, rng))
            continue
        sequence, arm_genes = build_arm(arm, rng, switches)
        pieces.append(sequence)
        genes += arm_genes
    whole = "".join(pieces)
    half = CENTROMERE_NS // 2
    whole = (
        "N" * END_NS
        + whole[END_NS : middle - half]
        + "N" * CENTROMERE_NS
        + whole[middle + half : length - END_NS]
        + "N" * END_NS
    )
    return whole, arms, genes


def build_arm(arm: Arm, rng: np.random.Generator, switches: bool = False) -> tuple[str, list[Gene]]:
    """Sequence of an arm and its genes, named ones in their real order between fillers."""
    low, high = _real_span(arm)
    loci = []
    for shape in catalogue.shapes():
        if shape.chrom == arm.chrom and low <= shape.place < high:
            loci.append(_named_locus(shape, (shape.place - low) / (high - low), rng))
    for symbol, gene_id, chrom, place, strand in catalogue.LNCRNAS:
        if chrom == arm.chrom and low <= place < high:
            gene = Gene(symbol, f"{gene_id}.1", "lncRNA", chrom, strand, [], kind="lncrna")
            loci.append(_plain_locus((place - low) / (high - low), gene, [300, 260], rng))
    for name, (chrom, place, strand, segments) in catalogue.IG_LOCI.items():
        if chrom == arm.chrom and low <= place < high:
            loci.append(_ig_locus(name, (place - low) / (high - low), chrom, strand, segments, rng, switches))
    loci += _fillers(arm, loci, rng)
    return _lay_out(arm, sorted(loci, key=lambda locus: locus.place), rng)


def _real_span(arm: Arm) -> tuple[float, float]:
    middle = catalogue.centromere(arm.chrom) * catalogue.real_length(arm.chrom)
    return (0.0, middle) if arm.arm == "p" else (middle, catalogue.real_length(arm.chrom))


def _fillers(arm: Arm, named: list[_Locus], rng: np.random.Generator) -> list[_Locus]:
    """Filler genes so that the arm has enough genes and targets; the first ones are on target."""
    if arm.chrom == "chrY":
        wanted, on_target = 6, 0
    else:
        genes = sum(len(locus.genes) for locus in named)
        exons = sum(len(g.cds) for locus in named for g in locus.genes if g.targeted)
        on_target = max(FILLERS_ON_TARGET, -(-(ARM_TARGETS - exons) // 3)) if arm.informative else 3
        per_arm = 2 * ARM_GENES if arm.chrom in catalogue.ACROCENTRIC else ARM_GENES
        wanted = max(on_target + 1, per_arm - genes)
    # on-target fillers are spread over the arm; the others fall anywhere between
    places = [(i + rng.uniform(0.2, 0.8)) / on_target for i in range(on_target)]
    places += list(rng.uniform(0, 1, size=wanted - on_target))
    number = {c[0]: i for i, c in enumerate(catalogue.CHROMOSOMES)}[arm.chrom]
    loci = []
    for i, place in enumerate(places):
        name = f"LOC{arm.chrom[3:]}{arm.arm.upper()}{i + 1:02d}"
        gene_id = f"ENSG009{number:02d}{'pq'.index(arm.arm)}{i:05d}.1"
        strand = "+-"[int(rng.integers(2))]
        gene = Gene(name, gene_id, "protein_coding", arm.chrom, strand, [], targeted=i < on_target)
        lengths = [int(x) for x in rng.integers(110, 175, size=3)]
        residues = sum(lengths) // 3
        fixed = _repeat_codons(residues, rng)
        cds = coding_sequence(residues - 1, fixed, rng, max_run=6)
        cuts = [lengths[0], lengths[0] + lengths[1]]
        utr = (int(rng.integers(40, 90)), int(rng.integers(150, 350)))
        introns = [int(x) for x in rng.integers(250, 800, size=2)]
        loci.append(_coding_locus(place, gene, cds, cuts, 0, utr, introns, rng))
    return loci


def _repeat_codons(residues: int, rng: np.random.Generator) -> dict[int, str]:
    """In one filler of eight a coding repeat: seven A or five CAG."""
    if rng.random() > 0.125:
        return {}
    at = int(rng.integers(10, residues - 20))
    if rng.random() < 0.5:
        return {at: "AAA", at + 1: "AAA"}
    return {at + i: "CAG" for i in range(5)}


def _named_locus(shape: catalogue.Shape, place: float, rng: np.random.Generator) -> _Locus:
    """A real gene with its number of exons, protein length and hotspot residues."""
    cds = coding_sequence(shape.residues, shape.hotspots, rng)
    coding = shape.exons - shape.leading
    cuts = _cut_points(len(cds), coding, shape.hotspots, rng)
    utr = (int(rng.integers(70, 160)), int(rng.integers(200, 450)))
    introns = [int(x) for x in rng.integers(110, 320, size=shape.exons - 1)]
    gene = Gene(
        shape.symbol, f"{shape.gene_id}.1", "protein_coding", shape.chrom, shape.strand, [], kind="named"
    )
    gene.targeted = shape.symbol not in catalogue.NOT_CAPTURED
    return _coding_locus(place, gene, cds, cuts, shape.leading, utr, introns, rng)


def _cut_points(length: int, pieces: int, hotspots: dict[int, str], rng: np.random.Generator) -> list[int]:
    """Where a CDS is cut into exons: at least 21 bases a piece, no cut within 9 bases of a hotspot codon."""
    if pieces == 1:
        return []
    blocked = {p for residue in hotspots for p in range(3 * residue - 12, 3 * residue + 10)}
    even = length / pieces
    cuts: list[int] = []
    for i in range(1, pieces):
        wish = int(even * (i + rng.uniform(-0.3, 0.3)))
        wish = min(max(wish, (cuts[-1] if cuts else 0) + 21), length - 21 * (pieces - i))
        while wish in blocked:
            wish += 1
        cuts.append(wish)
    return cuts


def _coding_locus(place, gene: Gene, cds, cuts, leading, utr, introns, rng) -> _Locus:
    """Assemble exons (UTRs, CDS pieces) and introns in transcript order; fills gene.exons and gene.cds."""
    bounds = [0, *cuts, len(cds)]
    parts = [cds[a:b] for a, b in zip(bounds[:-1], bounds[1:], strict=True)]
    before = _random(utr[0], 0.55, rng)
    after = _random(utr[1] - 6, 0.42, rng) + "AATAAA"
    exons = [(before[i::leading] if leading else "", 0, 0) for i in range(leading)]
    for i, part in enumerate(parts):
        head = before if i == 0 and not leading else (_random(12, 0.5, rng) if i == 0 else "")
        tail = after if i == len(parts) - 1 else ""
        exons.append((head + part + tail, len(head), len(head) + len(part)))
    sequence, spans = "", []
    for i, (text, low, high) in enumerate(exons):
        spans.append((len(sequence), len(sequence) + len(text), len(sequence) + low, len(sequence) + high))
        sequence += text
        if i < len(exons) - 1:
            sequence += _intron(introns[i], rng)
    gene.exons = [(s, e) for s, e, _, _ in spans]
    gene.cds = [(c, d) for _, _, c, d in spans if d > c]
    return _turned(_Locus(place, sequence, [gene]))


def _plain_locus(
    place: float, gene: Gene, lengths: list[int], rng: np.random.Generator, before: str = "", after: str = ""
) -> _Locus:
    """A gene without a CDS; `before` and `after` are intron ends that stand beside it (splice sites)."""
    sequence, exons = before, []
    for i, length in enumerate(lengths):
        exons.append((len(sequence), len(sequence) + length))
        sequence += _random(length, 0.5, rng)
        if i < len(lengths) - 1:
            sequence += _intron(int(rng.integers(90, 160)), rng)
    sequence += after
    gene.exons = exons
    return _turned(_Locus(place, sequence, [gene]))


def _turned(locus: _Locus) -> _Locus:
    """Put a locus built in transcript sense onto the strand of its gene."""
    gene = locus.genes[0]
    if gene.strand == "+":
        return locus
    length = len(locus.sequence)
    gene.exons = [(length - e, length - s) for s, e in gene.exons]
    gene.cds = [(length - e, length - s) for s, e in gene.cds]
    return _Locus(locus.place, reverse_complement(locus.sequence), [gene])


def _ig_locus(name, place, chrom, strand, segments, rng, switches=False) -> _Locus:
    """All segments of an immunoglobulin locus, in order, as one locus."""
    shape = {"V": [46, 300], "D": [26], "J": [56], "C": [294, 45, 330, 420] if name == "IGH" else [430]}
    sequence, genes = "", []
    for i, word in enumerate(segments.split()):
        symbol, letter = word.split(":")
        gene_id = f"ENSG0080{'HKL'.index(name[2])}{i:06d}.1"
        gene = Gene(symbol, gene_id, f"IG_{letter}_gene", chrom, strand, [], kind="ig")
        ends = {"J": ("", "GTAAGT"), "C": ("TTCTCTTCCTCTGCAG", "")}.get(letter, ("", ""))
        one = _plain_locus(place, gene, shape[letter], rng, *ends)
        sequence += background(int(rng.integers(180, 420)), rng)
        if switches:
            sequence += _random(catalogue.SWITCHES.get(symbol, 0), 0.5, rng)
        _shift(gene, len(sequence))
        sequence += one.sequence
        genes.append(gene)
    return _Locus(place, sequence + background(300, rng), genes)


def _shift(gene: Gene, by: int) -> None:
    gene.exons = [(s + by, e + by) for s, e in gene.exons]
    gene.cds = [(s + by, e + by) for s, e in gene.cds]


def _lay_out(arm: Arm, loci: list[_Locus], rng: np.random.Generator) -> tuple[str, list[Gene]]:
    """Loci in order with random gaps that fill the arm."""
    total = arm.end - arm.start
    free = total - sum(len(locus.sequence) for locus in loci)
    smallest, ends = 120, 1200
    spare = free - smallest * (len(loci) - 1) - 2 * ends
    if spare < 0:
        raise ValueError(f"{arm.chrom}{arm.arm}: its genes need {-spare} bases more than it has")
    shares = rng.dirichlet(np.full(len(loci) + 1, 2.0))
    gaps = [int(spare * share) + smallest for share in shares]
    gaps[0] += ends - smallest
    sequence, genes = "", []
    for gap, locus in zip(gaps[:-1], loci, strict=True):
        sequence += background(gap, rng)
        for gene in locus.genes:
            _shift(gene, arm.start + len(sequence))
            genes.append(gene)
        sequence += locus.sequence
    return sequence + background(total - len(sequence), rng), genes


def switch_regions(genome: Genome) -> list[Target]:
    """The stretches before the segments of catalogue.SWITCHES, as a kit with IG baits captures them."""
    out = []
    for before, gene in zip(genome.genes[:-1], genome.genes[1:], strict=True):
        if gene.symbol in catalogue.SWITCHES:
            out.append(Target(gene.chrom, before.end + 20, gene.start - 20, gene.symbol[:3]))
    return out


def build_mitochondrion(rng: np.random.Generator) -> tuple[str, list[Gene]]:
    """A short chrM with three genes."""
    sequence, genes = _random(400, 0.44, rng), []
    for symbol, gene_id in catalogue.MITOCHONDRIAL:
        cds = coding_sequence(300, {}, rng)
        gene = Gene(symbol, f"{gene_id}.1", "protein_coding", "chrM", "+", [], kind="mitochondrial")
        gene.exons = gene.cds = [(len(sequence), len(sequence) + len(cds))]
        genes.append(gene)
        sequence += cds + _random(60, 0.44, rng)
    return sequence + _random(MITOCHONDRION - len(sequence), 0.44, rng), genes


def plant_paralogue(genome: Genome, rng: np.random.Generator):
    """Copy 2 kb around a targeted filler of 6q over a gene-free stretch of 10q, with 1.2 % of its bases changed."""
    source = next(
        g for g in genome.genes if g.chrom == "chr6" and g.targeted and g.kind == "filler" and "Q" in g.symbol
    )
    low = source.start + (source.end - source.start) // 2 - 1000
    taken = sorted((g.start, g.end) for g in genome.genes if g.chrom == "chr10")
    arm = genome.arm("chr10", "q")
    gaps = [
        (b[0] - a[1], a[1]) for a, b in zip(taken[:-1], taken[1:], strict=True) if a[1] > arm.start + 1000
    ]
    size, left = max(gaps)
    if size < 2600:
        raise ValueError("no room for the paralogue on chr10q")
    copy = list(genome.contigs["chr6"][low : low + 2000])
    for at in rng.choice(2000, size=24, replace=False):
        copy[at] = rng.choice([b for b in "ACGT" if b != copy[at]])
    start = left + (size - 2000) // 2
    chr10 = genome.contigs["chr10"]
    genome.contigs["chr10"] = chr10[:start] + "".join(copy) + chr10[start + 2000 :]
    shift = start - low
    exons = [(s + shift, e + shift) for s, e in source.exons if s >= low and e <= low + 2000]
    pseudo = Gene(
        f"{source.symbol}P1",
        "ENSG00990000001.1",
        "unprocessed_pseudogene",
        "chr10",
        source.strand,
        exons,
        kind="pseudogene",
    )
    genome.genes.append(pseudo)
    genome.genes.sort(key=lambda g: (list(genome.contigs).index(g.chrom), g.start))
    return ("chr6", low, low + 2000), ("chr10", start, start + 2000)


def make_targets(genome: Genome) -> list[Target]:
    """Coding exons of the targeted genes with FLANK bases on each side, merged where they touch, in genome order."""
    order = {chrom: i for i, chrom in enumerate(genome.contigs)}
    spans = sorted(
        (order[g.chrom], s - FLANK, e + FLANK, g.symbol) for g in genome.genes if g.targeted for s, e in g.cds
    )
    merged: list[list] = []
    for chrom, start, end, symbol in spans:
        if merged and merged[-1][0] == chrom and start <= merged[-1][2]:
            merged[-1][2] = max(end, merged[-1][2])
        else:
            merged.append([chrom, start, end, symbol])
    names = list(genome.contigs)
    return [Target(names[c], s, e, symbol) for c, s, e, symbol in merged]


def background(length: int, rng: np.random.Generator) -> str:
    """Sequence between genes: regional GC, homopolymers about every 2.5 kb, short tandem repeats every 5 kb."""
    pieces = []
    for start in range(0, length, 20_000):
        pieces.append(_random(min(20_000, length - start), rng.uniform(0.36, 0.50), rng))
    letters = list("".join(pieces))
    for at in rng.integers(0, max(1, length - 40), size=rng.poisson(length / 2500)):
        run = int(rng.integers(8, 15))
        _overlay(letters, int(at), "AT"[int(rng.integers(2))] * run)
    for at in rng.integers(0, max(1, length - 60), size=rng.poisson(length / 5000)):
        unit = _random(int(rng.integers(2, 4)), 0.5, rng)
        _overlay(letters, int(at), unit * int(rng.integers(7, 15)))
    return "".join(letters)


def _overlay(letters: list[str], at: int, text: str) -> None:
    end = min(len(letters), at + len(text))
    letters[at:end] = text[: end - at]


def _intron(length: int, rng: np.random.Generator) -> str:
    """GT...AG with a pyrimidine tract; one in eight longer ones holds a homopolymer or a repeat."""
    letters = list(_random(length - 22, 0.40, rng))
    if length > 150 and rng.random() < 0.125:
        unit = ["A", "T", "AC", "AG"][int(rng.integers(4))]
        _overlay(
            letters, int(rng.integers(20, length - 80)), unit * (10 // len(unit) + int(rng.integers(1, 5)))
        )
    tract = "".join(rng.choice(["C", "T"], size=12, p=[0.4, 0.6]))
    return "GTAAGT" + "".join(letters) + tract + "A" + "CAG"


def _random(length: int, gc: float, rng: np.random.Generator) -> str:
    """Random bases with the given share of G and C."""
    if length <= 0:
        return ""
    weights = [(1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2]
    return rng.choice(np.frombuffer(b"ACGT", dtype=np.uint8), size=length, p=weights).tobytes().decode()
