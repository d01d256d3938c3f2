"""Structural variants of one tumour: delly finds junctions, its reads are counted again here, filters are named.

delly (Rausch et al., Bioinformatics 2012;28:i333) joins discordant pairs and split reads and assembles the
breakpoint. It looks at the tumour alone: with a normal beside it it refuses both when one has few reads, and its
own somatic filter rejects a variant with one read in the normal, which tumour cells in blood leave. For each
junction the fragments that support it are then counted in tumour and normal by the same rule.

A junction is two breakpoints, each with the end that is joined: 3 = the sequence up to the breakpoint is kept,
5 = the sequence from it on. A fragment supports it once, as a pair (a mate on each side, pointing at the
junction) or as a split read (clipped at one breakpoint, its other part aligned at the other).

Filters, in this order; a record carries the names of all that apply, or PASS:
low_support       fewer fragments than min_fragments (min_fragments_known where the pair is a known translocation)
low_mapq          enough fragments, but not of min_mapping_quality on both sides
in_normal         more fragments in the normal than max_tumour_in_normal of tumour cells in it would leave
low_normal_depth  the normal is too thin at both sides to say; not for a known translocation
excluded_region   a side in a region of kind mask or ig_filter
immunoglobulin    both sides in one immunoglobulin locus: V(D)J and class-switch recombination
paralogue         the sequence beyond one breakpoint stands beside the other one as well
small             both sides on one contig, closer than min_size: left to the somatic callers
"""

import logging
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import numpy as np
import pandas as pd
import pysam
from scipy import stats

from myeloma import files, intervals, places, tables
from myeloma.run import ToolError, command

ENDS = {"3to5": ("3", "5"), "5to3": ("5", "3"), "3to3": ("3", "3"), "5to5": ("5", "5")}
TYPES = ("BND", "DEL", "DUP", "INV")
# What delly says of a sample with fewer than 1,000 pairs; there is nothing to call then, and that is said.
TOO_FEW = "not enough data"
PAIRS_FOR_INSERT = 50_000  # fragments looked at for the insert size
INSERT_QUANTILE = 0.995
SLACK = 10  # bases: microhomology lets the aligner place a junction a little to either side
FLANK, KMER, SHARE = 60, 14, 0.30  # paralogue filter, as for fusions
FILTERS = {
    "low_support": "Fewer supporting fragments than structural.min_fragments (known pairs: min_fragments_known)",
    "low_mapq": "Enough fragments, but below structural.min_mapping_quality",
    "in_normal": "More fragments in the normal than structural.max_tumour_in_normal would leave",
    "low_normal_depth": "Normal below structural.min_normal_depth at both sides",
    "excluded_region": "A side in a region of kind mask or ig_filter",
    "immunoglobulin": "Both sides in one immunoglobulin locus",
    "paralogue": "The sequence beyond one breakpoint stands beside the other as well",
    "small": "Closer than structural.min_size",
}
HEADER = (
    '##INFO=<ID=SVTYPE,Number=1,Type=String,Description="BND, DEL, DUP or INV">',
    '##INFO=<ID=END,Number=1,Type=Integer,Description="Second breakpoint, where it is on the same contig">',
    '##INFO=<ID=CHR2,Number=1,Type=String,Description="Contig of the second breakpoint">',
    '##INFO=<ID=POS2,Number=1,Type=Integer,Description="Second breakpoint">',
    '##INFO=<ID=CT,Number=1,Type=String,Description="Ends that are joined, first to second breakpoint">',
    '##INFO=<ID=IMPRECISE,Number=0,Type=Flag,Description="No split read: breakpoints within CIPOS and CIPOS2">',
    '##INFO=<ID=CIPOS,Number=2,Type=Integer,Description="Confidence interval around POS">',
    '##INFO=<ID=HOMLEN,Number=1,Type=Integer,Description="Length of the microhomology">',
    '##INFO=<ID=MAPQ,Number=1,Type=Integer,Description="Median mapping quality of supporting fragments">',
    '##INFO=<ID=KNOWN,Number=.,Type=String,Description="Known translocation of the config, percent-encoded">',
    '##INFO=<ID=TUMOUR_ONLY,Number=0,Type=Flag,Description="No normal: somatic origin is not shown">',
    '##INFO=<ID=TUMOUR_IN_NORMAL,Number=0,Type=Flag,Description="Fragments in the normal, few enough for tumour cells in it">',
    '##FORMAT=<ID=SU,Number=1,Type=Integer,Description="Supporting fragments">',
    '##FORMAT=<ID=PR,Number=1,Type=Integer,Description="Supporting pairs">',
    '##FORMAT=<ID=SR,Number=1,Type=Integer,Description="Fragments with a split read">',
    '##FORMAT=<ID=RF,Number=2,Type=Integer,Description="Fragments that span the first and the second breakpoint unbroken">',
)


class VcfError(ValueError):
    """A VCF of structural variants is not one; the message names file and record."""


@dataclass(frozen=True)
class Junction:
    """Two joined breakpoints (1-based) with their ends; `error`: bases either breakpoint may be off."""

    kind: str
    chrom_a: str
    pos_a: int
    end_a: str
    chrom_b: str
    pos_b: int
    end_b: str
    error: int = 0
    ref: str = "N"
    alt: str = ""
    quality: float = 0.0
    homology: int = 0
    split: int = 0
    pairs: int = 0

    @property
    def precise(self) -> bool:
        return self.split > 0

    @property
    def size(self) -> int | None:
        return abs(self.pos_b - self.pos_a) if self.chrom_a == self.chrom_b else None


@dataclass
class Support:
    """Names of the fragments for a junction, and how many span each breakpoint unbroken."""

    pairs: set[str] = field(default_factory=set)
    splits: set[str] = field(default_factory=set)
    weak: set[str] = field(default_factory=set)
    qualities: list[int] = field(default_factory=list)
    spanning: tuple[int, int] = (0, 0)

    @property
    def good(self) -> int:
        return len(self.pairs | self.splits)

    @property
    def all(self) -> int:
        return len(self.pairs | self.splits | self.weak)

    @property
    def fraction(self) -> float:
        """Share of the fragments at the better covered breakpoint."""
        return self.good / max(1, self.good + max(self.spanning))


class Loci:
    """Immunoglobulin loci, partner windows and masks of the regions table; known pairs of the config."""

    def __init__(self, regions: pd.DataFrame, abnormalities: Mapping[str, Any]):
        self.rows = list(regions.rename(columns={"name": "name_"}).itertuples())
        self.translocations = abnormalities["translocations"]
        self.myc = abnormalities["myc_translocations"]

    def _at(self, chrom: str, pos: int, *kinds: str) -> list:
        return [
            r for r in self.rows if r.kind in kinds and r.chrom == chrom and int(r.start) <= pos <= int(r.end)
        ]

    def ig(self, chrom: str, pos: int) -> str:
        """IGH, IGK, IGL or ""."""
        return next((r.name_ for r in self._at(chrom, pos, "ig_locus")), "")

    def windows(self, chrom: str, pos: int) -> set[str]:
        """Names and genes of the partner windows that hold the position."""
        found: set[str] = set()
        for row in self._at(chrom, pos, "partner"):
            found |= symbols(row)
        return found

    def window_names(self, chrom: str, pos: int) -> set[str]:
        """Names of the partner windows that hold the position."""
        return {r.name_ for r in self._at(chrom, pos, "partner")}

    def has_window(self, wanted: set[str]) -> bool:
        """Is there a partner window for one of these genes?"""
        return any(r.kind == "partner" and symbols(r) & wanted for r in self.rows)

    def masked(self, chrom: str, pos: int) -> bool:
        return bool(self._at(chrom, pos, "mask", "ig_filter"))

    def known(self, j: Junction) -> list[str]:
        """Names of the config's translocations that the junction is."""
        names = []
        sides = (j.chrom_a, j.pos_a), (j.chrom_b, j.pos_b)
        for one, other in (sides, sides[::-1]):
            locus, window = self.ig(*one), self.windows(*other)
            if not locus or self.ig(*other):
                continue
            if locus == "IGH":
                names += [name for name, genes in self.translocations.items() if window & set(genes)]
            names += [name for name, wanted in self.myc.items() if wanted == locus and "MYC" in window]
        return names


def symbols(row) -> set[str]:
    """Name and genes of a row of the regions table (name as `name_`)."""
    return {row.name_, *(s.strip() for s in str(row.genes).replace(",", ";").split(";") if s.strip())}


@dataclass(frozen=True)
class Sample:
    """One tumour: names and CRAMs; `normal` and `normal_cram` "" for tumour-only."""

    patient: str
    tumour: str
    cram: str
    normal: str = ""
    normal_cram: str = ""
    ig_baits: bool = False
    targets: str = ""


def call(
    sample: Sample,
    fasta: str,
    regions_path: str,
    abnormalities: Mapping[str, Any],
    rules: Mapping[str, Any],
    vcf: str,
    coverage: str,
) -> None:
    """Write the VCF (with .tbi) of one tumour and its coverage (STRUCTURAL_POWER, power
    still empty: the purity is not known here).

    `abnormalities`, `rules`: the config sections abnormalities and structural. Raises ToolError when delly fails
    for another reason than too few reads; then, as without any variant, the VCF has no record.
    """
    regions = places.read_regions(regions_path)
    loci = Loci(regions, abnormalities)
    with pysam.AlignmentFile(sample.cram, reference_filename=fasta) as tumour:
        insert = insert_limit(tumour, rules["min_mapping_quality"])
        found, refused = discover(sample.cram, fasta, insert, Path(vcf).parent)
        records = []
        normal = (
            pysam.AlignmentFile(sample.normal_cram, reference_filename=fasta) if sample.normal_cram else None
        )
        with pysam.FastaFile(fasta) as genome:
            for j in found:
                mine = count(tumour, j, insert, rules)
                theirs = count(normal, j, insert, rules) if normal else None
                names = filters(j, mine, theirs, loci, rules, genome.fetch)
                records.append((j, mine, theirs, names, loci.known(j)))
        if normal:
            normal.close()
        table = cover(tumour, sample, regions, insert, rules, refused)
    logging.info("%d junctions, %d PASS", len(records), sum(not r[3] for r in records))
    write_vcf(records, sample, intervals.contig_lengths(f"{fasta}.fai"), vcf, refused)
    tables.write(table, coverage, tables.STRUCTURAL_POWER)


# Finding


def insert_limit(reads: pysam.AlignmentFile, min_quality: int) -> int:
    """Template length that INSERT_QUANTILE of the proper pairs do not exceed; 0 when there is no pair."""
    lengths = []
    for read in reads.fetch():
        if read.is_proper_pair and read.template_length > 0 and _usable(read, min_quality):
            lengths.append(read.template_length)
            if len(lengths) == PAIRS_FOR_INSERT:
                break
    return int(np.quantile(lengths, INSERT_QUANTILE)) if lengths else 0


def discover(cram: str, fasta: str, insert: int, beside: Path) -> tuple[list[Junction], str]:
    """(junctions that delly finds, why it refused or ""). Its own files stand below `beside` meanwhile."""
    if not insert:
        return [], "no read pairs to call structural variants from"
    beside.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".delly.", dir=beside) as folder:
        found = Path(folder) / "found.bcf"
        try:
            command(["delly", "call", "-g", fasta, "-o", found, cram])
        except ToolError as error:
            if TOO_FEW not in str(error):
                raise
            logging.warning("delly: too few read pairs to call from")
            return [], "too few read pairs to call structural variants from"
        if not found.exists():
            return [], ""
        with pysam.VariantFile(str(found)) as records:
            return distinct([_junction(r) for r in records if r.info["SVTYPE"] in TYPES], insert), ""


def _junction(record) -> Junction:
    info, kind = record.info, record.info["SVTYPE"]
    end_a, end_b = ENDS[info["CT"]]
    across = kind == "BND"
    return Junction(
        kind=kind,
        chrom_a=record.chrom,
        pos_a=record.pos,
        end_a=end_a,
        chrom_b=info["CHR2"] if across else record.chrom,
        pos_b=info["POS2"] if across else record.stop,
        end_b=end_b,
        error=0 if "PRECISE" in info else max(abs(x) for x in (*info["CIPOS"], *info["CIEND"])),
        ref=record.ref[:1],
        alt=record.alts[0],
        quality=float(record.qual or 0),
        homology=int(info.get("HOMLEN", 0)),
        split=int(info.get("SR", 0)),
        pairs=int(info.get("PE", 0)),
    )


def distinct(found: Iterable[Junction], insert: int) -> list[Junction]:
    """One junction where delly gives the same one from pairs and from split reads; in order of position."""
    kept: list[Junction] = []
    for j in sorted(found, key=lambda j: (-j.split, -j.pairs, j.chrom_a, j.pos_a, j.chrom_b, j.pos_b)):
        if not any(_same(j, other, insert) for other in kept):
            kept.append(j)
    return sorted(kept, key=lambda j: (j.chrom_a, j.pos_a, j.chrom_b, j.pos_b, j.end_a, j.end_b))


def _same(one: Junction, other: Junction, insert: int) -> bool:
    near = SLACK if one.precise and other.precise else insert
    return (
        (one.chrom_a, one.end_a, one.chrom_b, one.end_b)
        == (other.chrom_a, other.end_a, other.chrom_b, other.end_b)
        and abs(one.pos_a - other.pos_a) <= near
        and abs(one.pos_b - other.pos_b) <= near
    )


# Counting


def _usable(read: pysam.AlignedSegment, min_quality: int = 0) -> bool:
    return not (read.is_unmapped or read.is_duplicate or read.is_qcfail or read.is_secondary) and (
        read.mapping_quality >= min_quality
    )


def count(reads: pysam.AlignmentFile, j: Junction, insert: int, rules: Mapping[str, Any]) -> Support:
    """Fragments of one sample for a junction. `weak`: those below the mapping quality on either side."""
    seen, least = Support(), rules["min_mapping_quality"]
    reach = insert + j.error
    for read in _near(reads, j.chrom_a, j.pos_a, reach):
        if not _usable(read):
            continue
        quality = _as_split(read, j)
        if quality is not None:
            _add(seen, seen.splits, read, quality, least)
        elif not read.is_supplementary:
            quality = _as_pair(read, j, insert)
            if quality is not None:
                _add(seen, seen.pairs, read, quality, least)
    seen.spanning = tuple(
        spanning(reads, chrom, pos, insert, rules)
        for chrom, pos in ((j.chrom_a, j.pos_a), (j.chrom_b, j.pos_b))
    )
    return seen


def _add(seen: Support, names: set[str], read: pysam.AlignedSegment, quality: int, least: int) -> None:
    if quality >= least:
        names.add(read.query_name)
        seen.qualities.append(quality)
    else:
        seen.weak.add(read.query_name)


def _near(reads: pysam.AlignmentFile, chrom: str, pos: int, reach: int) -> Iterator[pysam.AlignedSegment]:
    length = reads.get_reference_length(chrom)
    yield from reads.fetch(chrom, max(0, pos - 1 - reach), min(length, pos + reach))


def _as_split(read: pysam.AlignedSegment, j: Junction) -> int | None:
    """Lower mapping quality of the two parts of a read split at the junction; None when it is not."""
    if not read.has_tag("SA") or not _ends_at(
        read.reference_start + 1, read.reference_end, read.cigarstring, j.pos_a, j.end_a, j.error
    ):
        return None
    for part in read.get_tag("SA").rstrip(";").split(";"):
        chrom, start, _, cigar, quality, _ = part.split(",")
        last = int(start) + sum(int(n) for n, op in re.findall(r"(\d+)([MDN=X])", cigar)) - 1
        if chrom == j.chrom_b and _ends_at(int(start), last, cigar, j.pos_b, j.end_b, j.error):
            return min(read.mapping_quality, int(quality))
    return None


def _ends_at(first: int, last: int, cigar: str, pos: int, end: str, error: int) -> bool:
    """Is an alignment (1-based, inclusive) clipped at the breakpoint, on the side that is lost there?"""
    clipped = re.search(r"[SH]$", cigar) if end == "3" else re.match(r"\d+[SH]", cigar)
    return bool(clipped) and abs((last if end == "3" else first) - pos) <= SLACK + error


def _as_pair(read: pysam.AlignedSegment, j: Junction, insert: int) -> int | None:
    """Lower mapping quality of two mates that point at the junction from its sides; None when they do not."""
    if not read.is_paired or read.mate_is_unmapped or read.next_reference_name != j.chrom_b:
        return None
    if j.size is not None and (j.end_a, j.end_b) == ("3", "5") and abs(read.template_length) <= insert:
        return None  # an ordinary pair around a short deletion
    if read.is_reverse != (j.end_a == "5") or read.mate_is_reverse != (j.end_b == "5"):
        return None
    slack = SLACK + j.error
    # how far the fragment reaches from either breakpoint; the mate's own end is not known, its length is near
    own = j.pos_a - read.reference_start if j.end_a == "3" else read.reference_end - j.pos_a + 1
    start, length = read.next_reference_start, read.query_length or 0
    mate = j.pos_b - start if j.end_b == "3" else start + length - j.pos_b + 1
    inside = (
        read.reference_end <= j.pos_a + slack
        if j.end_a == "3"
        else read.reference_start + 1 >= j.pos_a - slack
    )
    outside = start + 1 <= j.pos_b + slack if j.end_b == "3" else start + 1 >= j.pos_b - slack
    if not (inside and outside) or own + mate > insert + 2 * slack or mate < 0:
        return None
    return min(read.mapping_quality, read.get_tag("MQ") if read.has_tag("MQ") else read.mapping_quality)


def spanning(reads: pysam.AlignmentFile, chrom: str, pos: int, insert: int, rules: Mapping[str, Any]) -> int:
    """Unbroken fragments with `anchor` bases on either side of a position."""
    anchor = rules["anchor"]
    return sum(
        1
        for start, end in _fragments(reads, chrom, pos - 1, pos, insert, rules["min_mapping_quality"])
        if start + anchor <= pos - 1 and end - anchor >= pos
    )


def _fragments(
    reads, chrom: str, start: int, end: int, insert: int, quality: int
) -> Iterator[tuple[int, int]]:
    """Proper pairs (0-based start, end) that touch start-end."""
    length = reads.get_reference_length(chrom)
    for read in reads.fetch(chrom, max(0, start - insert), min(length, end + insert)):
        if (
            read.is_proper_pair
            and 0 < read.template_length <= 2 * insert
            and not read.is_supplementary
            and _usable(read, quality)
        ):
            yield read.reference_start, read.reference_start + read.template_length


# Judging


def filters(j: Junction, tumour: Support, normal: Support | None, loci: Loci, rules, fetch) -> list[str]:
    """Names of the filters that apply. `fetch(chrom, start, end)`: bases of the reference, 0-based half-open."""
    known = bool(loci.known(j))
    least = rules["min_fragments_known" if known else "min_fragments"]
    named = []
    if tumour.good < least:
        named.append("low_support" if tumour.all < least else "low_mapq")
    if normal is not None:
        if normal.all and not compatible(tumour, normal, rules):
            named.append("in_normal")
        elif not known and max(normal.spanning) + normal.all < rules["min_normal_depth"]:
            named.append("low_normal_depth")
    if loci.masked(j.chrom_a, j.pos_a) or loci.masked(j.chrom_b, j.pos_b):
        named.append("excluded_region")
    locus = loci.ig(j.chrom_a, j.pos_a)
    if locus and locus == loci.ig(j.chrom_b, j.pos_b):
        named.append("immunoglobulin")
    if is_paralogue(j, fetch):
        named.append("paralogue")
    if j.size is not None and j.size < rules["min_size"]:
        named.append("small")
    return named


def compatible(tumour: Support, normal: Support, rules: Mapping[str, Any]) -> bool:
    """Could tumour cells in the normal, at most max_tumour_in_normal of it, leave that many fragments?"""
    expected = rules["max_tumour_in_normal"] * tumour.fraction
    depth = normal.all + max(normal.spanning)
    return stats.binom.sf(normal.all - 1, depth, expected) >= rules["normal_p_value"]


def is_paralogue(j: Junction, fetch) -> bool:
    """Does the sequence lost beyond one breakpoint resemble what is joined to it (either strand)?"""
    if j.size is not None and j.size < 4 * FLANK:
        return False
    for one, pos, end, other, there in (
        (j.chrom_a, j.pos_a, j.end_a, j.chrom_b, j.pos_b),
        (j.chrom_b, j.pos_b, j.end_b, j.chrom_a, j.pos_a),
    ):
        low = pos if end == "3" else pos - 1 - FLANK  # what an unbroken read would show
        words = _words(fetch(one, max(0, low), max(0, low) + FLANK))
        home = fetch(other, max(0, there - 2 * FLANK), there + 2 * FLANK)
        if words and len(words & (_words(home) | _words(_reverse(home)))) > SHARE * len(words):
            return True
    return False


def _words(bases: str) -> set[str]:
    bases = bases.upper()
    return {bases[i : i + KMER] for i in range(len(bases) - KMER + 1)}


def _reverse(bases: str) -> str:
    return bases.upper().translate(str.maketrans("ACGTN", "TGCAN"))[::-1]


# Coverage: what the absence of a junction is stated from


def cover(reads, sample: Sample, regions: pd.DataFrame, insert: int, rules, refused: str) -> pd.DataFrame:
    """STRUCTURAL_POWER rows without power: each immunoglobulin locus and the MYC window, as far as the kit's targets lie in it.

    fragments = unbroken fragments with `anchor` bases on either side that `absence_fraction` of the targeted
    bases reach at least: a breakpoint anywhere there would have broken half of the tumour's share of them.
    Where the table of regions has rows of kind ig_switch of a locus, only they count.
    """
    rows = []
    targets = intervals.read_bed(sample.targets) if sample.targets else []
    chosen = regions[
        (regions["kind"] == "ig_locus") | ((regions["kind"] == "partner") & (regions["name"] == "MYC"))
    ]
    for name, group in chosen.groupby("name", sort=True):
        switch = regions[(regions["kind"] == "ig_switch") & (regions["genes"] == name)]
        places_ = switch if len(switch) else group
        windows = [(r.chrom, int(r.start) - 1, int(r.end)) for r in places_.itertuples()]
        inside = _overlap(targets, windows)
        made = {
            "patient": sample.patient,
            "sample": sample.tumour,
            "locus": name,
            "ig_baits": "yes" if sample.ig_baits else "no",
            "locus_bases": intervals.bases(windows),
            "targeted_bases": intervals.bases(inside),
            "fragments": None,
            "reason": refused,
        }
        if sample.ig_baits and inside and insert and not refused:
            depths = np.concatenate([_physical(reads, *i, insert, rules) for i in inside])
            made["fragments"] = int(np.quantile(depths, 1 - rules["absence_fraction"], method="lower"))
        rows.append(made)
    return pd.DataFrame(rows, columns=tables.STRUCTURAL_POWER.names())


def _overlap(targets, windows) -> list[intervals.Interval]:
    cut = sorted(
        (c, max(s, start), min(e, end))
        for c, s, e in targets
        for contig, start, end in windows
        if c == contig and s < end and e > start
    )
    merged: list[intervals.Interval] = []
    for c, s, e in cut:
        if merged and merged[-1][0] == c and s <= merged[-1][2]:
            merged[-1] = (c, merged[-1][1], max(e, merged[-1][2]))
        else:
            merged.append((c, s, e))
    return merged


def _physical(reads, chrom: str, start: int, end: int, insert: int, rules) -> np.ndarray:
    """Unbroken fragments over each base of start-end (0-based) with `anchor` bases to spare on either side."""
    steps, anchor = np.zeros(end - start + 1, dtype=int), rules["anchor"]
    for first, last in _fragments(reads, chrom, start, end, insert, rules["min_mapping_quality"]):
        low, high = max(start, first + anchor), min(end, last - anchor)
        if low < high:
            steps[low - start] += 1
            steps[high - start] -= 1
    return np.cumsum(steps)[:-1]


# Writing and reading


def write_vcf(records, sample: Sample, contigs: Mapping[str, int], vcf: str, refused: str = "") -> None:
    """Write `vcf`, bgzipped, and its .tbi; samples: the tumour, then the normal if there is one."""
    names = [sample.tumour] + [sample.normal] * bool(sample.normal)
    head = ["##fileformat=VCFv4.2", *HEADER]
    head += [f'##FILTER=<ID={name},Description="{text}">' for name, text in FILTERS.items()]
    head += [f'##ALT=<ID={kind},Description="{kind}">' for kind in TYPES[1:]]
    head += [f"##contig=<ID={name},length={length}>" for name, length in contigs.items()]
    head += [f"##tumour_sample={sample.tumour}"]
    head += [f"##not_called={refused}"] if refused else []
    head += ["\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *names])]
    rank = {name: i for i, name in enumerate(contigs)}
    ordered = sorted(records, key=lambda r: (rank[r[0].chrom_a], r[0].pos_a, rank[r[0].chrom_b], r[0].pos_b))
    lines = [_line(number, *record, bool(sample.normal)) for number, record in enumerate(ordered, 1)]
    with files.whole(vcf, ".vcf.gz") as private, files.whole(f"{vcf}.tbi", ".tbi") as index:
        with pysam.BGZFile(str(private), "wb") as handle:
            handle.write(("\n".join([*head, *lines]) + "\n").encode())
        pysam.tabix_index(str(private), preset="vcf", force=True, index=str(index))


def _line(
    number: int, j: Junction, tumour: Support, normal: Support | None, names, known, paired: bool
) -> str:
    info = [f"SVTYPE={j.kind}"]
    info += [f"END={max(j.pos_a, j.pos_b)}"] if j.kind != "BND" else []
    info += [f"CHR2={j.chrom_b}", f"POS2={j.pos_b}", f"CT={j.end_a}to{j.end_b}", f"HOMLEN={j.homology}"]
    info += [f"MAPQ={int(np.median(tumour.qualities))}"] if tumour.qualities else []
    info += [] if j.precise else ["IMPRECISE", f"CIPOS={-j.error},{j.error}"]
    # the names hold a semicolon, which parts the fields of INFO
    info += [f"KNOWN={','.join(quote(name, safe='()') for name in known)}"] if known else []
    info += [] if paired else ["TUMOUR_ONLY"]
    info += ["TUMOUR_IN_NORMAL"] if normal and normal.all and "in_normal" not in names else []
    seen = [
        f"{s.good}:{len(s.pairs - s.splits)}:{len(s.splits)}:{s.spanning[0]},{s.spanning[1]}"
        for s in [tumour]
    ]
    if normal is not None:
        seen.append(
            f"{normal.all}:{len(normal.pairs - normal.splits)}:{len(normal.splits)}:"
            f"{normal.spanning[0]},{normal.spanning[1]}"
        )
    alt = j.alt if j.kind == "BND" else f"<{j.kind}>"
    cells = [j.chrom_a, j.pos_a, f"SV{number}", j.ref, alt, f"{j.quality:g}", ";".join(names) or "PASS"]
    return "\t".join(map(str, [*cells, ";".join(info), "SU:PR:SR:RF", *seen]))


def read_vcf(path: str | os.PathLike, patient: str, sample: str, name_side) -> pd.DataFrame:
    """STRUCTURAL rows of one VCF. `name_side(chrom, pos)`: gene or locus there.

    Raises VcfError that names the file when it is no VCF of `write_vcf`, or not whole.
    """
    rows = []
    try:
        with pysam.VariantFile(str(path)) as records:
            if sample not in records.header.samples:
                raise VcfError(f"{path}: has no sample {sample}")
            for record in records:
                rows.append(_row(record, patient, sample, name_side))
    except (OSError, ValueError, KeyError, NotImplementedError) as error:
        where = f"record {len(rows) + 1}: " if rows else ""
        raise VcfError(f"{path}: {where}not a VCF of structural variants, or not whole: {error}") from error
    return pd.DataFrame(rows, columns=tables.STRUCTURAL.names())


def _row(record, patient: str, sample: str, name_side) -> dict[str, Any]:
    info, mine = record.info, record.samples[sample]
    other = next((record.samples[name] for name in record.samples if name != sample), None)
    end_a, end_b = ENDS[info["CT"]]
    sides = [(record.chrom, record.pos, end_a), (info["CHR2"], info["POS2"], end_b)]
    header = record.header.contigs
    sides.sort(key=lambda side: (header[side[0]].id, side[1]))
    (chrom_a, pos_a, end_a), (chrom_b, pos_b, end_b) = sides
    spans = [mine["RF"][0], mine["RF"][1]]
    return {
        "patient": patient,
        "sample": sample,
        "chrom_a": chrom_a,
        "pos_a": pos_a,
        "end_a": end_a,
        "chrom_b": chrom_b,
        "pos_b": pos_b,
        "end_b": end_b,
        "type": info["SVTYPE"],
        "filter": ";".join(record.filter.keys()) or "PASS",
        "mode": "tumour_only" if "TUMOUR_ONLY" in info else "tumour_normal",
        "precise": "no" if "IMPRECISE" in info else "yes",
        "fragments": mine["SU"],
        "paired_reads": mine["PR"],
        "split_reads": mine["SR"],
        "spanning_fragments": max(spans),
        "normal_fragments": None if other is None else other["SU"],
        "normal_spanning_fragments": None if other is None else max(other["RF"]),
        "side_a": name_side(chrom_a, pos_a),
        "side_b": name_side(chrom_b, pos_b),
        "known": "|".join(unquote(name) for name in info["KNOWN"]) if "KNOWN" in info else "",
    }
