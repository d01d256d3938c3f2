"""Skipping of one exon, told by the RNA reads that span its junctions: PSI with its interval.

Of a cassette exon E between its neighbours A and B the reads show the inclusion junctions A-E and E-B and the
skipping junction A-B. PSI = mean of the two inclusion counts / (that mean + skipping count) (Katz, Nat Methods
2010;7:1009); what is called is the skipped share, 1 - PSI. Exon 10 of CRBN holds part of the pocket that binds the
drug; tumours that skip it rise from diagnosis to resistance (Gooding, Blood 2021;137:232).

Exons are those of the transcript that speaks for the gene in the GTF in use, numbered from its 5' end. The config
states how many exons the numbering assumes; with another number the exon is another one, and nothing is called.
"""

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd
import pysam
from scipy.stats import beta

from myeloma import gates, tables, transcripts
from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT

_SKIPPED = pysam.FUNMAP | pysam.FSECONDARY | pysam.FQCFAIL | pysam.FSUPPLEMENTARY
_ALIGNED = (pysam.CMATCH, pysam.CEQUAL, pysam.CDIFF)


@dataclass(frozen=True)
class Cassette:
    """The introns (contig; first and last base, 1-based) around one exon; `problem`: why there are none."""

    transcript: str = ""
    chrom: str = ""
    upstream: tuple[int, int] = (0, 0)
    downstream: tuple[int, int] = (0, 0)
    skipping: tuple[int, int] = (0, 0)
    problem: str = ""


def find_cassette(event: Mapping, gtf: str | os.PathLike | None) -> Cassette:
    """Junctions of an event (name, gene, exon, exons) from the GTF ("" or None: none is given)."""
    if not gtf:
        return Cassette(problem="no GTF (reference.gtf): the exons are not known")
    gene, number = event["gene"], event["exon"]
    chosen = transcripts.canonical(transcripts.read_transcripts(gtf, {gene}, exons=True)).get(gene)
    if chosen is None:
        return Cassette(problem=f"{gene} is not in the GTF")
    exons = sorted(chosen.exons, reverse=chosen.strand == "-")
    if len(exons) != event["exons"]:
        return Cassette(
            problem=f"{chosen.name} ({transcripts.basis(chosen)}) has {len(exons)} exons, the numbering assumes "
            f"{event['exons']}"
        )
    if not 1 < number < len(exons):
        return Cassette(problem=f"exon {number} of {len(exons)} has no neighbour on both sides")
    before, own, after = exons[number - 2 : number + 1]
    gaps = [_between(before, own), _between(own, after), _between(before, after)]
    return Cassette(chosen.name, chosen.chrom, *gaps)


def _between(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    low, high = sorted((one, other))
    return low[1] + 1, high[0] - 1


def count_junctions(reads, cassette: Cassette, rules: Mapping) -> tuple[int, int, int]:
    """Fragments over the upstream, downstream and skipping junction.

    reads: an open, indexed alignment file. A read counts with the mapping quality and the aligned bases on both
    sides that `rules` (min_mapping_quality, min_overhang) ask for; two mates of one fragment count once.
    """
    wanted = (cassette.upstream, cassette.downstream, cassette.skipping)
    seen: tuple[set, set, set] = (set(), set(), set())
    start, end = cassette.skipping
    for read in reads.fetch(cassette.chrom, max(0, start - 2), end + 1):
        if read.flag & _SKIPPED or read.mapping_quality < rules["min_mapping_quality"]:
            continue
        for intron in introns(read.cigartuples or (), read.reference_start, rules["min_overhang"]):
            if intron in wanted:
                seen[wanted.index(intron)].add(read.query_name)
    return len(seen[0]), len(seen[1]), len(seen[2])


def introns(cigar: Iterable[tuple[int, int]], start: int, overhang: int) -> list[tuple[int, int]]:
    """Introns of one alignment (first and last base, 1-based) with `overhang` aligned bases right beside them.

    cigar: operation and length; start: 0-based. An insertion or deletion beside the intron ends the overhang.
    """
    cigar, found, position = list(cigar), [], start
    for i, (operation, length) in enumerate(cigar):
        if operation == pysam.CREF_SKIP:
            beside = [cigar[j] if 0 <= j < len(cigar) else (-1, 0) for j in (i - 1, i + 1)]
            if all(kind in _ALIGNED and size >= overhang for kind, size in beside):
                found.append((position + 1, position + length))
        if operation in (*_ALIGNED, pysam.CDEL, pysam.CREF_SKIP):
            position += length
    return found


def skipped_share(
    upstream: int, downstream: int, skipping: int, confidence: float
) -> tuple[float, float, float]:
    """(1 - PSI, lower, upper limit): Clopper-Pearson with the mean of the inclusion counts as trials without it.

    The mean counts an included molecule once, as the skipping junction does; it may be a half, for which the beta
    quantiles of the exact interval are defined as well. Without a read: nan, 0, 1.
    """
    included = (upstream + downstream) / 2
    total, tail = included + skipping, (1 - confidence) / 2
    if not total:
        return float("nan"), 0.0, 1.0
    low = float(beta.ppf(tail, skipping, included + 1)) if skipping else 0.0
    high = float(beta.ppf(1 - tail, skipping + 1, included)) if included else 1.0
    return skipping / total, low, high


def judge(counts: tuple[int, int, int], plasma: float | None, rules: Mapping) -> tuple[str, str]:
    """(state, reason) of the skipped share against rules: min_reads, normal_share, confidence.

    plasma: share of the RNA from the clone's plasma cells (plasma_cell_score of RNA_PURITY), None = not known. Absent
    needs it: normal cells include the exon and hide what the tumour skips, so high / plasma must stay below the limit.
    """
    total = (counts[0] + counts[1]) / 2 + counts[2]
    limit = rules["normal_share"]
    if total < rules["min_reads"]:
        return (
            NOT_ASSESSABLE,
            f"{total:g} junction reads (inclusion as the mean of both), {rules['min_reads']} needed",
        )
    _, low, high = skipped_share(*counts, rules["confidence"])
    if low > limit:
        return PRESENT, ""
    if high <= limit:
        if plasma is None or math.isnan(plasma):
            return NOT_ASSESSABLE, (
                f"skipped share {low:.3f}-{high:.3f} of the sample; how much of its RNA is the tumour's is not known"
            )
        if high <= limit * plasma:
            return ABSENT, ""
        most = min(1.0, high / plasma) if plasma else 1.0
        return NOT_ASSESSABLE, (
            f"skipped share {low:.3f}-{high:.3f} of the sample: at a plasma-cell score of {plasma:.2f} up to "
            f"{most:.2f} of the tumour's, above the limit of {limit:g}"
        )
    return (
        NOT_ASSESSABLE,
        f"the interval of the skipped share, {low:.2f}-{high:.2f}, holds the limit of {limit:g}",
    )


def measure(
    crams: Mapping[str, str],
    fasta: str,
    gtf: str,
    samples: pd.DataFrame,
    qc: pd.DataFrame,
    purity: pd.DataFrame,
    rules: Mapping,
) -> pd.DataFrame:
    """SPLICING rows: every RNA tumour with reads, every event of `rules` (config section `splicing`).

    crams: sample -> path, with index; samples: SAMPLES; qc: QC; purity: RNA_PURITY. Counts of a sample that failed a gate are shown.
    """
    cassettes = {event["name"]: find_cassette(event, gtf) for event in rules["events"]}
    failed, rows = gates.failed(qc), []
    plasma = dict(zip(purity["sample"], purity["plasma_cell_score"].astype(float), strict=True))
    for row in samples.itertuples():
        if row.sample not in crams or row.tissue != "tumour":
            continue
        with pysam.AlignmentFile(crams[row.sample], reference_filename=fasta) as reads:
            for event in rules["events"]:
                one = cassettes[event["name"]]
                counts = None if one.problem else count_junctions(reads, one, rules)
                known = plasma.get(row.sample)
                rows.append(_row(row, event, one, counts, failed.get(row.sample, ""), known, rules))
    return pd.DataFrame(rows, columns=tables.SPLICING.names())


def _row(
    sample, event: Mapping, one: Cassette, counts, gate: str, plasma: float | None, rules: Mapping
) -> dict:
    made = {
        "patient": sample.patient,
        "sample": sample.sample,
        "event": event["name"],
        "gene": event["gene"],
        "exon": event["exon"],
        "transcript": one.transcript,
        "threshold": rules["normal_share"],
    }
    if counts is None:
        return made | {"state": NOT_ASSESSABLE, "reason": one.problem}
    share, low, high = skipped_share(*counts, rules["confidence"])
    state, reason = judge(counts, plasma, rules)
    if gate:
        state, reason = NOT_ASSESSABLE, f"gate failed: {gate}"
    names = ("upstream_reads", "downstream_reads", "skipping_reads")
    return made | {
        **dict(zip(names, counts, strict=True)),
        "psi": 1 - share,
        "skipped_share": share,
        "low": low,
        "high": high,
        "state": state,
        "reason": reason,
        "locus": f"{one.chrom}:{one.skipping[0]}-{one.skipping[1]}",
    }
