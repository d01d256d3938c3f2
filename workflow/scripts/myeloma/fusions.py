"""Fusions from STAR's chimeric junctions.

A junction is two sides in the order of the transcript: the last base before it (donor) and the first base
after it (acceptor), each with the strand of the RNA. A caller is a function that returns such junctions,
one row per read (`read_star` here; a parser of another caller's output would return the same columns);
`call` does the rest: duplicates, clusters, genes and immunoglobulin loci, known translocations, filters.

Filters, in this order; a cluster carries the names of all that apply, or PASS:
mitochondrial     a side on the mitochondrial contig
immunoglobulin    both sides in immunoglobulin loci: V(D)J and class-switch recombination, no translocation
same_gene         both sides in one gene
read_through      neighbours on one strand in the order of transcription, at most 200 kb apart
local             unnamed pair less than 10 kb apart (small inversions, back-splicing)
paralogue         the sequence after the junction stands in the other gene as well
multimapped       most of its reads fit other pairs of genes as well
no_gene           a side outside every gene, and the pair is no known translocation
no_splice_site    not at GT/AG, and the pair is no known translocation: template switching leaves such reads
promiscuous       a gene with junctions to many others in this sample, each of little support
low_support       fewer reads than asked: known pairs `junction_min_reads` over all clusters of the pair, with
                  at least two at one breakpoint (scattered single reads are template switching with
                  immunoglobulin, half of a plasma cell's RNA); others `fusion_min_reads` at the breakpoint
"""

import logging
import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from myeloma.expression import IG_NAME, bare

READ_THROUGH = 200_000
LOCAL = 10_000
CLUSTER = 10  # bases: repeats at the junction let the aligner place it a little to either side
SPANNING_WINDOW = 300_000
PROMISCUOUS_PARTNERS = 5
PARALOGUE_FLANK, PARALOGUE_KMER, PARALOGUE_SHARE = 60, 14, 0.30
PARALOGUE_REACH = 2_000_000
KNOWN_CLUSTER_READS = 2
IG_LOCI = ("IGH", "IGK", "IGL")
NAMES = (
    "chrom_a pos_a strand_a chrom_b pos_b strand_b kind repeat_left repeat_right read start_1 cigar_1 "
    "start_2 cigar_2 alignments max_score plain_score score best_score merged group"
).split()
FLIP = {"+": "-", "-": "+"}


@dataclass(frozen=True)
class Side:
    """One side of a junction: contig, base (1-based), strand of the RNA."""

    chrom: str
    pos: int
    strand: str


@dataclass
class Cluster:
    """Junction reads at one pair of breakpoints; reads are unique by coordinates."""

    donor: Side
    acceptor: Side
    reads: set[str] = field(default_factory=set)
    multimapped: int = 0
    spliced: int = 0
    spanning: int = 0
    gene_a: str = ""
    gene_b: str = ""
    known: str = ""
    filters: list[str] = field(default_factory=list)

    @property
    def pair(self) -> tuple[str, str]:
        return tuple(sorted((self.gene_a, self.gene_b)))


def read_star(path: str | os.PathLike) -> pd.DataFrame:
    """Chimeric.out.junction as rows read, kind, alignments, six columns of the two sides, key.

    kind: 1 GT/AG, 2 CT/AC (the RNA is the other strand), 0 other, -1 a pair with a mate on each side.
    Sides are turned into last base before and first base after the junction. `key` holds the alignment's
    coordinates: equal for PCR duplicates. Files with and without STAR's header are read; comment lines and
    an empty file (no chimeric read) too.
    """
    rows = []
    with open(path, encoding="utf-8") as handle:
        for line in handle:
            words = line.rstrip("\n").split("\t")
            if line.startswith(("#", "chr_donorA\t")) or len(words) < 14:
                continue
            rows.append(_star_row(dict(zip(NAMES, words, strict=False))))
    columns = "read kind alignments chrom_a pos_a strand_a chrom_b pos_b strand_b key".split()
    return pd.DataFrame(rows, columns=columns)


def _star_row(row: Mapping[str, str]) -> tuple:
    kind = int(row["kind"])
    donor, acceptor = int(row["pos_a"]), int(row["pos_b"])
    if kind >= 0:
        # STAR gives the first base of the "intron" on either side.
        donor += -1 if row["strand_a"] == "+" else 1
        acceptor += 1 if row["strand_b"] == "+" else -1
    sides = (row["chrom_a"], donor, row["strand_a"]), (row["chrom_b"], acceptor, row["strand_b"])
    if kind == 2:
        sides = _turned(*sides)
    # An mates-swapped duplicate has its two pieces the other way round.
    key = "|".join(sorted((f"{row['start_1']}:{row['cigar_1']}", f"{row['start_2']}:{row['cigar_2']}")))
    alignments = int(row.get("alignments", 1) or 1)
    return (row["read"], kind, alignments, *sides[0], *sides[1], f"{row['chrom_a']}|{row['chrom_b']}|{key}")


def _turned(donor: tuple, acceptor: tuple) -> tuple[tuple, tuple]:
    """The same junction read from the other strand."""
    return (acceptor[0], acceptor[1], FLIP[acceptor[2]]), (donor[0], donor[1], FLIP[donor[2]])


class Annotation:
    """Genes by position, immunoglobulin loci, and the config's known translocations."""

    def __init__(
        self, genes: pd.DataFrame, regions: pd.DataFrame, translocations: Mapping[str, Sequence[str]]
    ):
        self.by_contig = {
            bare(chrom): (part["start"].to_numpy(), part["end"].to_numpy(), list(part.itertuples()))
            for chrom, part in genes.groupby("chrom", sort=True)
        }
        self._seen: dict[Side, str] = {}
        self.span = {
            (bare(row.chrom), row.gene_name): (int(row.start), int(row.end), row.strand)
            for row in genes.itertuples()
        }
        self.loci = [
            (bare(r.chrom), int(r.start), int(r.end), r.name_)
            for r in _named(regions[regions["kind"] == "ig_locus"])
        ]
        partners = {gene: name for name, symbols in translocations.items() for gene in symbols}
        self.partner_genes = partners
        self.windows = []
        for row in _named(regions[regions["kind"] == "partner"]):
            symbols = [s for s in str(row.genes).replace(";", ",").split(",") if s.strip()]
            wanted = {partners[s.strip()] for s in [row.name_, *symbols] if s.strip() in partners}
            if len(wanted) == 1:
                self.windows.append((bare(row.chrom), int(row.start), int(row.end), wanted.pop(), row.name_))

    def locus(self, side: Side) -> str:
        """IGH, IGK or IGL if the side lies in that locus, else ""."""
        chrom = bare(side.chrom)
        for contig, start, end, name in self.loci:
            if contig == chrom and start <= side.pos <= end:
                return name
        gene = self._gene_at(side)
        return gene[:3] if gene and _is_ig(gene) else ""

    def gene(self, side: Side) -> str:
        """Immunoglobulin locus, else the gene there (same strand and coding first), else the partner window, else ""."""
        return self.locus(side) or self._gene_at(side) or self.window(side)[1]

    def window(self, side: Side) -> tuple[str, str]:
        """(translocation, name) of the partner window that holds the side, or ("", "")."""
        chrom = bare(side.chrom)
        for contig, start, end, translocation, name in self.windows:
            if contig == chrom and start <= side.pos <= end:
                return translocation, name
        return "", ""

    def translocation(self, cluster: Cluster) -> str:
        """Known translocation of an IGH side and a partner side, in either order, or ""."""
        for ig, other in ((cluster.donor, cluster.acceptor), (cluster.acceptor, cluster.donor)):
            if self.locus(ig) == "IGH" and not self.locus(other):
                named = self.partner_genes.get(self._gene_at(other), "")
                return named or self.window(other)[0]
        return ""

    def _gene_at(self, side: Side) -> str:
        if side not in self._seen:
            self._seen[side] = self._find(side)
        return self._seen[side]

    def _find(self, side: Side) -> str:
        genes = self.by_contig.get(bare(side.chrom))
        if genes is None:
            return ""
        start, end, rows = genes
        hits = [rows[i] for i in np.flatnonzero((start <= side.pos) & (end >= side.pos))]
        best = min(
            hits,
            key=lambda g: (g.strand != side.strand, not _counts_first(g.biotype), g.end - g.start, g.gene_id),
            default=None,
        )
        return str(best.gene_name or best.gene_id) if best else ""

    def strand(self, side: Side, gene: str) -> str:
        """Strand of that gene on the side's contig; "" when it is a locus or unknown."""
        return self.span.get((bare(side.chrom), gene), (0, 0, ""))[2]

    def assessable(self) -> set[str]:
        """Translocations that a junction could show: IGH and a partner gene or window are annotated."""
        if not any(name == "IGH" for *_, name in self.loci) and not any(
            gene.startswith("IGH") and _is_ig(gene) for _, gene in self.span
        ):
            return set()
        named = {self.partner_genes[gene] for _, gene in self.span if gene in self.partner_genes}
        return named | {window[3] for window in self.windows}


def _counts_first(biotype: str) -> bool:
    return "protein_coding" in str(biotype) or str(biotype).startswith("IG_")


def _named(regions: pd.DataFrame) -> Iterable:
    return regions.rename(columns={"name": "name_"}).itertuples()


def _is_ig(gene: str) -> bool:
    return re.fullmatch(IG_NAME, gene) is not None


def call(
    junctions: pd.DataFrame,
    annotation: Annotation,
    rules: Mapping,
    fetch: Callable[[str, int, int], str] | None = None,
) -> list[Cluster]:
    """Clusters with genes, known translocation and filters, sorted by position.

    `junctions`: as `read_star` gives them; `rules`: config section `expression`; `fetch(chrom, start, end)`:
    bases of the reference (0-based, half-open) for the paralogue filter, None to go without.
    """
    ambiguous = _ambiguous_reads(junctions, annotation)
    clusters = _cluster(junctions[junctions["kind"] >= 0], ambiguous)
    for cluster in clusters:
        _annotate(cluster, annotation)
    _count_spanning(clusters, junctions[junctions["kind"] < 0])
    support = Counter()
    for cluster in clusters:
        if cluster.known:
            support[cluster.known] += len(cluster.reads)
    partners = _partner_counts(clusters)
    for cluster in clusters:
        cluster.filters = _filters(cluster, annotation, rules, support, partners, fetch)
    return sorted(clusters, key=lambda c: (c.donor.chrom, c.donor.pos, c.acceptor.chrom, c.acceptor.pos))


def _ambiguous_reads(junctions: pd.DataFrame, annotation: Annotation) -> set[str]:
    """Reads whose chimeric alignments name more than one pair of genes or loci."""
    several = junctions[junctions["read"].duplicated(keep=False)]
    pairs = defaultdict(set)
    for row in several.itertuples():
        sides = Side(row.chrom_a, row.pos_a, row.strand_a), Side(row.chrom_b, row.pos_b, row.strand_b)
        pairs[row.read].add(tuple(sorted(annotation.gene(s) or f"{s.chrom}:{s.pos // LOCAL}" for s in sides)))
    return {read for read, named in pairs.items() if len(named) > 1}


def _cluster(junctions: pd.DataFrame, ambiguous: set[str]) -> list[Cluster]:
    """Group by strands and by breakpoints within CLUSTER bases of the best supported one.

    A read counts once (at its best supported place), and reads of equal coordinates count once.
    """
    places: dict[tuple[Side, Side], list] = defaultdict(list)
    for row in junctions.itertuples():
        donor, acceptor = (
            Side(row.chrom_a, row.pos_a, row.strand_a),
            Side(row.chrom_b, row.pos_b, row.strand_b),
        )
        if row.kind == 0:
            # Without a splice motif the order is that of read 1, by chance: one order for both.
            turned = _turned(
                (donor.chrom, donor.pos, donor.strand), (acceptor.chrom, acceptor.pos, acceptor.strand)
            )
            turned = (Side(*turned[0]), Side(*turned[1]))
            if turned in places or (
                _order(*turned) < _order(donor, acceptor) and (donor, acceptor) not in places
            ):
                donor, acceptor = turned
        places[donor, acceptor].append(row)
    best_first = sorted(places, key=lambda sides: (-len(places[sides]), _order(*sides)))
    clusters: list[Cluster] = []
    near: dict[tuple, list[Cluster]] = defaultdict(list)
    seen_reads: set[str] = set()
    seen_keys: set[tuple] = set()
    for donor, acceptor in best_first:
        group = (donor.chrom, donor.strand, acceptor.chrom, acceptor.strand)
        found = next(
            (
                c
                for c in near[group]
                if abs(c.donor.pos - donor.pos) <= CLUSTER and abs(c.acceptor.pos - acceptor.pos) <= CLUSTER
            ),
            None,
        )
        if found is None:
            found = Cluster(donor, acceptor)
            near[group].append(found)
            clusters.append(found)
        for row in sorted(places[donor, acceptor], key=lambda r: r.read):
            if row.read in seen_reads or (id(found), row.key) in seen_keys:
                continue
            seen_reads.add(row.read)
            seen_keys.add((id(found), row.key))
            found.multimapped += row.read in ambiguous
            found.spliced += row.kind in (1, 2)
            found.reads.add(row.read)
    return [cluster for cluster in clusters if cluster.reads]


def _order(donor: Side, acceptor: Side) -> tuple:
    return donor.chrom, donor.pos, donor.strand, acceptor.chrom, acceptor.pos, acceptor.strand


def _annotate(cluster: Cluster, annotation: Annotation) -> None:
    gene_a, gene_b = annotation.gene(cluster.donor), annotation.gene(cluster.acceptor)
    if cluster.spliced * 2 < len(cluster.reads):
        # No motif says which strand was transcribed: take the order that agrees with the genes' strands.
        donor, acceptor = cluster.donor, cluster.acceptor
        other = _turned(
            (donor.chrom, donor.pos, donor.strand), (acceptor.chrom, acceptor.pos, acceptor.strand)
        )
        turned = (Side(*other[0]), Side(*other[1]))
        turned_genes = annotation.gene(turned[0]), annotation.gene(turned[1])
        if _agreement(turned, turned_genes, annotation) > _agreement(
            (donor, acceptor), (gene_a, gene_b), annotation
        ):
            (cluster.donor, cluster.acceptor), (gene_a, gene_b) = turned, turned_genes
    cluster.gene_a, cluster.gene_b = gene_a, gene_b
    cluster.known = annotation.translocation(cluster)


def _agreement(sides: Sequence[Side], genes: Sequence[str], annotation: Annotation) -> int:
    return sum(annotation.strand(s, g) == s.strand for s, g in zip(sides, genes, strict=True))


def _count_spanning(clusters: list[Cluster], pairs: pd.DataFrame) -> None:
    """Give each discordant pair to the best supported cluster whose breakpoints both mates are near.

    Only clusters of several reads, or of a known pair, take pairs. Clusters are found by squares of the plane
    (contig and position of either side), so the cost grows with the pairs and not with pairs x clusters.
    """
    squares: dict[tuple, list[Cluster]] = defaultdict(list)
    for cluster in sorted(clusters, key=lambda c: (-len(c.reads), _order(c.donor, c.acceptor))):
        if cluster.known or len(cluster.reads) > 1:
            for one, other in ((cluster.donor, cluster.acceptor), (cluster.acceptor, cluster.donor)):
                squares[_square(one.chrom, one.pos, other.chrom, other.pos)].append(cluster)
    taken = {read for cluster in clusters for read in cluster.reads}
    for row in pairs.drop_duplicates("key").drop_duplicates("read").itertuples():
        if row.read in taken:
            continue
        chrom_a, square_a, chrom_b, square_b = _square(row.chrom_a, row.pos_a, row.chrom_b, row.pos_b)
        near = [
            cluster
            for i in (-1, 0, 1)
            for j in (-1, 0, 1)
            for cluster in squares.get((chrom_a, square_a + i, chrom_b, square_b + j), ())
            if _is_near(row, cluster)
        ]
        if near:
            max(near, key=lambda c: len(c.reads)).spanning += 1


def _square(chrom_a: str, pos_a: int, chrom_b: str, pos_b: int) -> tuple[str, int, str, int]:
    return chrom_a, pos_a // SPANNING_WINDOW, chrom_b, pos_b // SPANNING_WINDOW


def _is_near(row, cluster: Cluster) -> bool:
    for one, other in ((cluster.donor, cluster.acceptor), (cluster.acceptor, cluster.donor)):
        if (
            row.chrom_a == one.chrom
            and row.chrom_b == other.chrom
            and abs(row.pos_a - one.pos) <= SPANNING_WINDOW
            and abs(row.pos_b - other.pos) <= SPANNING_WINDOW
            and (one.chrom != other.chrom or abs(row.pos_a - other.pos) > abs(row.pos_a - one.pos))
        ):
            return True
    return False


def _partner_counts(clusters: list[Cluster]) -> Counter:
    """Gene -> number of other genes it has junctions to in this sample."""
    others = defaultdict(set)
    for cluster in clusters:
        if cluster.gene_a and cluster.gene_b and cluster.gene_a != cluster.gene_b:
            others[cluster.gene_a].add(cluster.gene_b)
            others[cluster.gene_b].add(cluster.gene_a)
    return Counter({gene: len(names) for gene, names in others.items()})


def _filters(cluster, annotation, rules, support, partners, fetch) -> list[str]:
    donor, acceptor, known = cluster.donor, cluster.acceptor, bool(cluster.known)
    n = len(cluster.reads)
    named = []
    if "M" in (bare(donor.chrom), bare(acceptor.chrom)):
        named.append("mitochondrial")
    if annotation.locus(donor) and annotation.locus(acceptor):
        named.append("immunoglobulin")
    elif cluster.gene_a and cluster.gene_a == cluster.gene_b:
        named.append("same_gene")
    distance = abs(acceptor.pos - donor.pos) if donor.chrom == acceptor.chrom else None
    if distance is not None and not known:
        forward = acceptor.pos > donor.pos if donor.strand == "+" else acceptor.pos < donor.pos
        if donor.strand == acceptor.strand and forward and distance <= READ_THROUGH:
            named.append("read_through")
        elif distance < LOCAL:
            named.append("local")
    if cluster.multimapped * 2 > n:
        named.append("multimapped")
    if not known:
        if not (cluster.gene_a and cluster.gene_b):
            named.append("no_gene")
        if cluster.spliced * 2 < n:
            named.append("no_splice_site")
        busy = max(partners[cluster.gene_a], partners[cluster.gene_b])
        if busy > PROMISCUOUS_PARTNERS and n < rules["fusion_min_reads"] * 2:
            named.append("promiscuous")
    if known:
        low = n < KNOWN_CLUSTER_READS or support[cluster.known] < rules["junction_min_reads"]
    else:
        low = n < rules["fusion_min_reads"]
    if low:
        named.append("low_support")
    elif fetch is not None and "same_gene" not in named and _is_paralogue(cluster, annotation, fetch):
        named.append("paralogue")
    return named


def _is_paralogue(cluster: Cluster, annotation: Annotation, fetch) -> bool:
    """Does the sequence next to one breakpoint stand in the other side's gene as well (either strand)?"""
    for one, other, gene, after in (
        (cluster.acceptor, cluster.donor, cluster.gene_a, True),
        (cluster.donor, cluster.acceptor, cluster.gene_b, False),
    ):
        start, end, _ = annotation.span.get(
            (bare(other.chrom), gene), (other.pos - 5000, other.pos + 5000, "")
        )
        if end - start > PARALOGUE_REACH:
            start, end = other.pos - PARALOGUE_REACH // 2, other.pos + PARALOGUE_REACH // 2
        rightwards = (one.strand == "+") == after
        low = one.pos - 1 if rightwards else one.pos - PARALOGUE_FLANK
        flank = fetch(one.chrom, max(0, low), max(0, low) + PARALOGUE_FLANK).upper()
        if one.chrom == other.chrom and start <= one.pos <= end:
            continue
        home = fetch(other.chrom, max(0, start - 1), end).upper()
        words = _words(flank)
        if words and len(words & (_words(home) | _words(_reverse(home)))) > PARALOGUE_SHARE * len(words):
            return True
    return False


def _words(bases: str) -> set[str]:
    return {bases[i : i + PARALOGUE_KMER] for i in range(len(bases) - PARALOGUE_KMER + 1)}


def _reverse(bases: str) -> str:
    return bases.translate(str.maketrans("ACGTN", "TGCAN"))[::-1]


def table(clusters: Iterable[Cluster], patient: str, sample: str, least: int = 2) -> pd.DataFrame:
    """FUSIONS rows of one sample; clusters of fewer than `least` reads only where the pair is known."""
    rows = [
        {
            "patient": patient,
            "sample": sample,
            "gene_a": c.gene_a or "intergenic",
            "gene_b": c.gene_b or "intergenic",
            "chrom_a": c.donor.chrom,
            "pos_a": c.donor.pos,
            "strand_a": c.donor.strand,
            "chrom_b": c.acceptor.chrom,
            "pos_b": c.acceptor.pos,
            "strand_b": c.acceptor.strand,
            "junction_reads": len(c.reads),
            "spanning_pairs": c.spanning,
            "known": c.known,
            "filter": ";".join(c.filters) or "PASS",
        }
        for c in clusters
        if c.known or len(c.reads) >= least
    ]
    return as_table(rows)


def as_table(rows: Iterable[Mapping]) -> pd.DataFrame:
    """Rows of any caller as a frame with the columns of FUSIONS, one row a key: the best supported."""
    columns = "patient sample gene_a gene_b chrom_a pos_a strand_a chrom_b pos_b strand_b".split()
    columns += ["junction_reads", "spanning_pairs", "known", "filter"]
    frame = pd.DataFrame(rows, columns=columns)
    # Both orders of one pair of breakpoints may stand side by side; the key has no strand.
    frame = frame.sort_values("junction_reads", ascending=False, kind="stable")
    return frame.drop_duplicates(["gene_a", "gene_b", "chrom_a", "pos_a", "chrom_b", "pos_b"])


def call_sample(
    path: str,
    patient: str,
    sample: str,
    annotation: Annotation,
    rules: Mapping,
    fetch: Callable[[str, int, int], str] | None,
) -> pd.DataFrame:
    """FUSIONS rows of one sample from its Chimeric.out.junction."""
    junctions = read_star(path)
    clusters = call(junctions, annotation, rules, fetch)
    logging.info("%s: %d chimeric alignments, %d clusters", sample, len(junctions), len(clusters))
    counted = Counter(name for c in clusters for name in (c.filters or ["PASS"]))
    logging.info("%s: %s", sample, dict(sorted(counted.items())))
    return table(clusters, patient, sample)
