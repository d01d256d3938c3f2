"""In which genes may absence be stated? Where enough reads stood to see a clonal heterozygous variant.

The variant one must have been able to see lies on one of two copies in every tumour cell, so its expected
allele fraction is purity / 2. Without a purity no power can be computed: the gene is then not callable,
and the reason says so.
"""

import math
import os
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd
import pysam
from scipy import stats

from myeloma import intervals, tables, transcripts, variants
from myeloma.transcripts import Transcript

MAX_DEPTH = 100_000


def depth_needed(fraction: float, power: float, min_alt: int, min_af: float) -> int | None:
    """Smallest depth from which on a variant of this allele fraction passes with at least `power`.

    Passing means at least `min_alt` reads and an observed fraction of at least `min_af`; reads are
    binomial. The power is no smooth function of depth (both limits are steps): "from which on" holds for
    the next 200 depths too. None when no depth up to MAX_DEPTH is enough.
    """
    if not 0 < fraction <= 1:
        return None
    if fraction <= min_af:
        return None

    def enough(depth: int) -> bool:
        wanted = max(min_alt, math.ceil(min_af * depth - 1e-9))
        return stats.binom.sf(wanted - 1, depth, fraction) >= power

    low, depth = min_alt, min_alt
    while not enough(depth):
        low, depth = depth, depth * 2
        if depth > MAX_DEPTH:
            return None
    for candidate in range(max(min_alt, low // 2), MAX_DEPTH):
        if all(enough(more) for more in range(candidate, candidate + 200)):
            return candidate
    return None


def normal_depth_needed(miss: float) -> int:
    """Fewest reads of the normal of which a heterozygous variant misses all with chance `miss` at most."""
    return max(0, math.ceil(math.log2(1 / miss) - 1e-9))


class Depths:
    """Depth of every base of the called intervals (mosdepth rows, bed.gz with index); elsewhere 0.

    With a normal, a base counts only where the normal has `normal_depth` reads too: with fewer a variant
    there is filtered (`normal_depth`), and silence would say nothing.
    """

    def __init__(self, path: str | os.PathLike, normal: str | os.PathLike = "", normal_depth: int = 0):
        self.file = pysam.TabixFile(str(path))
        self.contigs = set(self.file.contigs)
        self.normal = Depths(normal) if normal else None
        self.normal_depth = normal_depth

    def stretches(self, chrom: str, start: int, end: int, depth: int) -> list[intervals.Interval]:
        """Parts (BED) of a 1-based inclusive interval that have at least `depth`."""
        if chrom not in self.contigs:
            return []
        rows = (row.split("\t") for row in self.file.fetch(chrom, start - 1, end))
        return [
            (chrom, max(start - 1, int(low)), min(end, int(high)))
            for _, low, high, seen in rows
            if int(seen) >= depth
        ]

    def bases_with(self, places: Iterable[tuple[str, int, int]], depth: int) -> int:
        """Bases of the 1-based inclusive intervals that have at least `depth`."""
        count = 0
        for place in places:
            found = self.stretches(*place, depth)
            if self.normal:
                found = intervals.overlap(found, self.normal.stretches(*place, self.normal_depth))
            count += intervals.bases(found)
        return count

    def close(self) -> None:
        self.file.close()
        if self.normal:
            self.normal.close()


def assess(
    sample: Mapping[str, str],
    depths: Depths,
    coding: Mapping[str, Sequence[tuple[str, int, int]]],
    hotspots: Mapping[str, Sequence[Sequence[tuple[str, int, int]]]],
    purity: float | None,
    limits: Mapping,
    genes: Sequence[str],
) -> pd.DataFrame:
    """Rows of contract CALLABLE of one sample.

    `coding`: gene -> coding intervals (1-based, inclusive). `hotspots`: gene -> per residue the intervals
    of its codon. `limits`: config section `somatic`.
    """
    needed = depth_wanted(purity, limits)
    rows = []
    for gene in genes:
        places, codons = coding.get(gene, ()), hotspots.get(gene, ())
        total = sum(end - start + 1 for _, start, end in places)
        row = {**sample, "gene": gene, "coding_bases": total or None, "hotspots": len(codons)}
        row |= {"depth_needed": needed, "callable": "no"}
        if not total:
            row["reason"] = "its coding bases are not known (no such gene in reference.gtf, or no GTF)"
        elif purity is None or pd.isna(purity):
            row["reason"] = "the purity of the sample is unknown"
        elif needed is None:
            row["reason"] = f"at purity {purity:.2f} no depth gives the power"
        else:
            share = depths.bases_with(places, needed) / total
            seen = sum(depths.bases_with(c, needed) == sum(e - s + 1 for _, s, e in c) for c in codons)
            row |= {"callable_fraction": share, "hotspots_callable": seen}
            row |= _verdict(share, seen, len(codons), needed, limits)
        rows.append(row)
    return pd.DataFrame(rows, columns=tables.CALLABLE.names())


def depth_wanted(purity: float | None, limits: Mapping) -> int | None:
    """Depth for the power of `limits` (config section `somatic`) at this purity; None without a purity."""
    if purity is None or pd.isna(purity):
        return None
    return depth_needed(
        purity / 2, limits["callable_power"], limits["min_tumour_alt_reads"], limits["min_tumour_af"]
    )


def _verdict(share: float, seen: int, codons: int, needed: int, limits: Mapping) -> dict[str, str]:
    reasons = []
    if share < limits["callable_fraction"]:
        reasons.append(f"{share:.1%} of its coding bases have {needed} reads or more")
    if seen < codons:
        reasons.append(f"{codons - seen} of {codons} hotspots have fewer than {needed} reads")
    return {"callable": "no" if reasons else "yes", "reason": "; ".join(reasons)}


def read_coding(path: str | os.PathLike) -> dict[str, list[tuple[str, int, int]]]:
    """Gene -> coding intervals (1-based, inclusive) of the coding table; {} for no table."""
    if not path or not os.path.exists(path):
        return {}
    frame = pd.read_csv(path, sep="\t", dtype={"chrom": str, "gene_name": str})
    made: dict[str, list[tuple[str, int, int]]] = {}
    for row in frame.itertuples():
        made.setdefault(row.gene_name, []).append((row.chrom, row.start, row.end))
    return made


def hotspot_places(
    hotspots: Mapping[tuple[str, int], str], speakers: Mapping[str, Transcript]
) -> dict[str, list[list[tuple[str, int, int]]]]:
    """Gene -> for each of its hotspot residues the genome intervals of the codon.

    A residue beyond the protein in use has no place and is left out.
    """
    made: dict[str, list[list[tuple[str, int, int]]]] = {}
    for gene, position in sorted(hotspots):
        speaker = speakers.get(gene)
        codon = speaker.residue(position) if speaker else []
        if codon:
            made.setdefault(gene, []).append([(speaker.chrom, start, end) for start, end in codon])
    return made


def assess_cohort(
    tumours: Sequence[Mapping[str, str]],
    depths: Sequence[str],
    normals: Mapping[str, str],
    given: Mapping[str, str],
    genes: Sequence[str],
    limits: Mapping,
    target: str,
    entered: str = "",
) -> None:
    """Write the table of all tumours, and the rows of `entered` (CALLABLE of samples that enter by tables). `normals`: sample -> depths of its normal. `given`: coding, gtf, hotspots ("" where not given) and purity."""
    hotspots = variants.read_hotspots(given["hotspots"])
    wanted = list(dict.fromkeys([*genes, *(gene for gene, _ in sorted(hotspots))]))
    coding = read_coding(given["coding"])
    found = transcripts.read_transcripts(given["gtf"], set(wanted)) if given["gtf"] else []
    places = hotspot_places(hotspots, transcripts.canonical(found))
    purity = tables.read(given["purity"], tables.PURITY).set_index("sample")["purity_used"].to_dict()
    frames = []
    for sample, path in zip(tumours, depths, strict=True):
        seen = Depths(path, normals.get(sample["sample"], ""), normal_depth_needed(limits["normal_miss"]))
        known = purity.get(sample["sample"])
        frames.append(assess(sample, seen, coding, places, known, limits, wanted))
        seen.close()
    if entered:
        frames.append(tables.read(entered, tables.CALLABLE))
    frames = [frame for frame in frames if len(frame)]
    made = pd.concat(frames, ignore_index=True) if frames else tables.empty(tables.CALLABLE)
    tables.write(made, target, tables.CALLABLE)
