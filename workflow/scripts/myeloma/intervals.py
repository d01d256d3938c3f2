"""Intervals of a genome, in the order of its contigs: BED in, padded, merged, split into even pieces."""

import os
from collections.abc import Iterable, Mapping

Interval = tuple[str, int, int]
"""Contig, start (0-based), end (exclusive)."""


def contig_lengths(fai: str | os.PathLike) -> dict[str, int]:
    """Contig -> length from a FASTA index, in the order of the FASTA."""
    with open(fai, encoding="utf-8") as handle:
        rows = [line.split("\t") for line in handle if line.strip()]
    return {row[0]: int(row[1]) for row in rows}


def read_bed(path: str | os.PathLike) -> list[Interval]:
    """The first three columns of a BED file."""
    with open(path, encoding="utf-8") as handle:
        rows = [line.split("\t") for line in handle if line.strip() and not _is_comment(line)]
    return [(row[0], int(row[1]), int(row[2])) for row in rows]


def _is_comment(line: str) -> bool:
    return line.startswith(("#", "track", "browser"))


def write_bed(intervals: Iterable[Interval], path: str | os.PathLike) -> None:
    """Write three columns."""
    with open(path, "w", encoding="utf-8") as handle:
        handle.writelines(f"{contig}\t{start}\t{end}\n" for contig, start, end in intervals)


def whole_genome(lengths: Mapping[str, int]) -> list[Interval]:
    """Every contig from end to end: what is used when no targets are known."""
    return [(contig, 0, length) for contig, length in lengths.items()]


def padded(intervals: Iterable[Interval], padding: int, lengths: Mapping[str, int]) -> list[Interval]:
    """Intervals widened by `padding` bases, cut at contig ends, sorted in contig order and merged."""
    rank = {contig: number for number, contig in enumerate(lengths)}
    wide = [(c, max(0, s - padding), min(lengths[c], e + padding)) for c, s, e in intervals if c in rank]
    merged: list[Interval] = []
    for contig, start, end in sorted(wide, key=lambda i: (rank[i[0]], i[1], i[2])):
        if merged and merged[-1][0] == contig and start <= merged[-1][2]:
            merged[-1] = (contig, merged[-1][1], max(end, merged[-1][2]))
        else:
            merged.append((contig, start, end))
    return merged


def bases(intervals: Iterable[Interval]) -> int:
    """Total length."""
    return sum(end - start for _, start, end in intervals)


def split(intervals: list[Interval], pieces: int) -> list[list[Interval]]:
    """At most `pieces` runs of consecutive intervals with about the same number of bases; none empty.

    An interval is never cut: a variant beside a cut could be lost or called twice.
    """
    total = bases(intervals)
    runs: list[list[Interval]] = [[] for _ in range(max(1, pieces))]
    done = 0
    for interval in intervals:
        length = interval[2] - interval[1]
        middle = done + length / 2
        runs[min(len(runs) - 1, int(middle * len(runs) / total)) if total else 0].append(interval)
        done += length
    return [run for run in runs if run]


def overlap(one: Iterable[Interval], other: Iterable[Interval]) -> list[Interval]:
    """Intersection of two lists of intervals, each merged and sorted within its contigs."""
    by_contig: dict[str, list[Interval]] = {}
    for interval in other:
        by_contig.setdefault(interval[0], []).append(interval)
    common = []
    for contig, start, end in one:
        for _, other_start, other_end in by_contig.get(contig, ()):
            if other_start < end and start < other_end:
                common.append((contig, max(start, other_start), min(end, other_end)))
    return common
