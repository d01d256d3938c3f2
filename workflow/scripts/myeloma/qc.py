"""Measures of one sample's alignment, and the gates that a cohort's measures must pass."""

import logging
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pysam

from myeloma import files, identity, intervals, tables
from myeloma.run import command

# Depth that counts for calling: reads of this mapping quality and better, duplicates left out,
# a base under both mates counted once (mosdepth's default).
MIN_MAPPING_QUALITY = 20
NO_TARGETS = "no targets are known for this sample's kit"


@dataclass(frozen=True)
class Gate:
    """Config key of the limit, for which tissue ("" = both), and whether the value must be at least it."""

    key: str
    assay: str
    tissue: str
    at_least: bool


GATES = {
    "median_target_depth": (
        Gate("wes_tumour_median_depth", "wes", "tumour", True),
        Gate("wes_normal_median_depth", "wes", "normal", True),
    ),
    "on_target_fraction": (Gate("wes_on_target_fraction", "wes", "", True),),
    "duplicate_fraction": (Gate("wes_duplicate_fraction_max", "wes", "", False),),
    "mapped_fraction": (
        Gate("wes_mapped_fraction", "wes", "", True),
        Gate("rna_mapped_fraction", "rna", "", True),
    ),
    "assigned_reads": (Gate("rna_min_assigned_reads", "rna", "", True),),
    "genes_detected": (Gate("rna_min_genes_detected", "rna", "", True),),
    "rrna_fraction": (Gate("rna_rrna_fraction_max", "rna", "", False),),
    "globin_fraction": (Gate("rna_globin_fraction_max", "rna", "", False),),
    "five_to_three_ratio": (Gate("rna_min_five_to_three", "rna", "", True),),
    "rna_plasma_cells": (Gate("rna_min_plasma_cell_score", "rna", "tumour", True),),
}


def measure(
    cram: str,
    fasta: str,
    targets: str,
    padding: int,
    outputs: Mapping[str, str],
    sample: Mapping[str, str],
    threads: int = 1,
    sites: str = "",
    min_population_af: float = 0.0,
) -> None:
    """Measure one WES sample.

    `targets` is a BED or "" (then the whole FASTA is measured and on-target has no meaning).
    `outputs`: qc (table of contract QC), stats (samtools stats), regions and dist (mosdepth),
    depth (depth of every base of the padded targets, bed.gz with index), alleles (contract ALLELES: reads
    at the common SNPs of the VCF `sites`, no rows where it is "").
    """
    folder = Path(outputs["qc"]).parent
    folder.mkdir(parents=True, exist_ok=True)
    with files.whole(outputs["stats"]) as private:
        command(["samtools", "stats", "-@", threads - 1, "--reference", fasta, cram], stdout=private)
    numbers, inserts = read_stats(outputs["stats"])
    dist, sex_depths = _depth(cram, fasta, targets, padding, outputs, folder, threads)
    identity.count(cram, fasta, sites, targets, padding, min_population_af, outputs["alleles"])
    values = {
        "reads": numbers["raw total sequences"],
        "mapped_fraction": _ratio(numbers["reads mapped"], numbers["raw total sequences"]),
        "duplicate_fraction": _ratio(numbers["reads duplicated"], numbers["reads mapped"]),
        "median_insert_size": weighted_median(inserts),
        "median_target_depth": median_depth(dist) if targets else None,
        "on_target_fraction": _on_target(cram, fasta, targets, threads) if targets else None,
        ("target" if targets else "genome") + "_bases_20x_fraction": share_at(dist, 20),
        **sex_depths,
    }
    no_targets = {} if targets else dict.fromkeys(("median_target_depth", "on_target_fraction"), NO_TARGETS)
    rows = [
        {**sample, "gate": gate, "value": value, "reason": no_targets.get(gate, "")}
        for gate, value in values.items()
    ]
    frame = pd.DataFrame(rows).assign(threshold=None, verdict="")
    tables.write(frame, outputs["qc"], tables.QC)


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def read_stats(path: str | os.PathLike) -> tuple[dict[str, float], dict[int, int]]:
    """Summary numbers and insert-size histogram (size -> pairs) of a `samtools stats` file."""
    numbers, inserts = {}, {}
    with open(path, encoding="utf-8") as handle:
        for line in handle:
            words = line.rstrip("\n").split("\t")
            if words[0] == "SN":
                numbers[words[1].rstrip(":")] = float(words[2])
            elif words[0] == "IS" and int(words[1]) > 0:
                inserts[int(words[1])] = int(words[2])
    return numbers, inserts


def weighted_median(histogram: Mapping[int, int]) -> float | None:
    """Smallest value at which half of the counts are reached; None for an empty histogram."""
    total, seen = sum(histogram.values()), 0
    for value in sorted(histogram):
        seen += histogram[value]
        if total and seen * 2 >= total:
            return float(value)
    return None


def read_dist(path: str | os.PathLike) -> dict[int, float]:
    """Depth -> share of bases with at least it, over all contigs, from a mosdepth dist file."""
    with open(path, encoding="utf-8") as handle:
        rows = [line.split("\t") for line in handle]
    return {int(depth): float(share) for contig, depth, share in rows if contig == "total"}


def median_depth(dist: Mapping[int, float]) -> float | None:
    """Largest depth that at least half of the bases have; None when nothing was measured."""
    return float(max((depth for depth, share in dist.items() if share >= 0.5), default=0)) if dist else None


def share_at(dist: Mapping[int, float], depth: int) -> float | None:
    """Share of bases with at least `depth`; mosdepth leaves out depths without bases."""
    return max((share for seen, share in dist.items() if seen >= depth), default=0.0) if dist else None


def _depth(cram, fasta, targets, padding, outputs, folder: Path, threads: int):
    """Run mosdepth, keep its summaries, and of its per-base depth what lies in the padded targets.

    Returns depth -> share of bases (see read_dist) and the depths of X and Y over that of autosomes.
    """
    name = Path(outputs["qc"]).name.split(".qc.")[0]
    prefix = folder / f".{name}.mosdepth"
    try:
        words = ["mosdepth", "--threads", threads, "--fasta", fasta, "--mapq", MIN_MAPPING_QUALITY]
        command([*words, *(["--by", targets] if targets else []), prefix, cram])
        os.replace(f"{prefix}.mosdepth.{'region' if targets else 'global'}.dist.txt", outputs["dist"])
        sex_depths = read_sex_depths(f"{prefix}.mosdepth.summary.txt", bool(targets))
        lengths = intervals.contig_lengths(f"{fasta}.fai")
        wanted = intervals.read_bed(targets) if targets else intervals.whole_genome(lengths)
        _cut(f"{prefix}.per-base.bed.gz", intervals.padded(wanted, padding, lengths), outputs["depth"])
    finally:
        for left in folder.glob(f"{prefix.name}.*"):
            left.unlink()
    return read_dist(outputs["dist"]), sex_depths


def read_sex_depths(path: str | os.PathLike, by_targets: bool) -> dict[str, float | None]:
    """x_depth_ratio and y_depth_ratio: mean depth of X and Y over that of all autosomes (mosdepth summary).

    None where no base of X, Y or an autosome was measured. Over the targets where there are any.
    """
    depths: dict[str, list[float]] = {}
    ending = "_region" if by_targets else ""
    with open(path, encoding="utf-8") as handle:
        for line in list(handle)[1:]:
            name, length, bases = line.split("\t")[:3]
            if name.endswith("_region") != by_targets or not int(length):
                continue
            contig = name.removesuffix(ending)
            kind = next((k for k, names in identity.SEX_CONTIGS.items() if contig in names), "")
            if kind or re.fullmatch(r"(chr)?[0-9]+", contig):
                total = depths.setdefault(kind, [0.0, 0.0])
                total[0] += float(bases)
                total[1] += float(length)
    mean = {kind: bases / length for kind, (bases, length) in depths.items()}
    base = mean.get("")
    return {f"{k}_depth_ratio": mean[k] / base if base and k in mean else None for k in identity.SEX_CONTIGS}


def _cut(per_base: str, wanted: Iterable[intervals.Interval], target: str) -> None:
    """Write the rows of a per-base BED inside the intervals, cut at their ends, with a tabix index.

    mosdepth indexes its BED as if positions were 1-based; it is indexed again, or rows that only touch an
    interval would come along and the first base of a contig would be lost.
    """
    pysam.tabix_index(per_base, seq_col=0, start_col=1, end_col=2, zerobased=True, csi=True, force=True)
    with files.whole(target, suffix=".bed.gz") as private:
        with pysam.TabixFile(per_base, index=f"{per_base}.csi") as source, pysam.BGZFile(private, "w") as out:
            for contig, start, end in wanted:
                if contig in source.contigs:
                    for row in source.fetch(contig, start, end):
                        _, low, high, depth = row.split("\t")
                        inside = f"{contig}\t{max(start, int(low))}\t{min(end, int(high))}\t{depth}\n"
                        out.write(inside.encode())
        pysam.tabix_index(str(private), seq_col=0, start_col=1, end_col=2, zerobased=True, force=True)
        os.replace(f"{private}.tbi", f"{target}.tbi")


def _on_target(cram: str, fasta: str, targets: str, threads: int) -> float | None:
    """Share of mapped primary reads that touch a target."""
    view = ["samtools", "view", "-c", "-@", threads - 1, "--reference", fasta, "--excl-flags", "0x904"]
    mapped = int(command([*view, cram]))
    inside = int(command([*view, "-L", targets, cram]))
    return _ratio(inside, mapped)


def gate(frame: pd.DataFrame, limits: Mapping[str, float]) -> pd.DataFrame:
    """Fill threshold and verdict of a QC frame from the config section `gates`.

    A measure without a limit keeps an empty verdict; a limit without a value is not_assessable.
    """
    made = frame.copy()
    for row in made.index:
        found = _gate_of(made.loc[row])
        if found is None:
            continue
        limit, value = float(limits[found.key]), made.at[row, "value"]
        made.at[row, "threshold"] = limit
        if pd.isna(value):
            made.at[row, "verdict"] = "not_assessable"
            continue
        passed = value >= limit if found.at_least else value <= limit
        made.at[row, "verdict"] = "pass" if passed else "fail"
        if not passed:
            sign = "<" if found.at_least else ">"
            told = f"{made.at[row, 'gate']} {value:.4g} {sign} {limit:g} (gates.{found.key})"
            made.at[row, "reason"] = ": ".join(filter(None, [told, made.at[row, "reason"]]))
    return made


def _gate_of(row: pd.Series) -> Gate | None:
    for found in GATES.get(row["gate"], ()):
        if row["assay"] == found.assay and found.tissue in ("", row["tissue"]):
            return found
    return None


#: The gate that `rna_quality.accept` may lift.
RNA_PLASMA_CELLS = "rna_plasma_cells"
ACCEPTED = "accepted in the config"


def accept(gated: pd.DataFrame, accepted: Mapping[str, str]) -> pd.DataFrame:
    """The failed plasma-cell gate of the samples named in `rna_quality.accept` passes, with the reason given there."""
    made = gated.copy()
    named = made["sample"].isin(list(accepted)) & (made["gate"] == RNA_PLASMA_CELLS)
    for row in made.index[named & (made["verdict"] == "fail")]:
        why = accepted[made.at[row, "sample"]]
        made.at[row, "verdict"] = "pass"
        made.at[row, "reason"] = f"{ACCEPTED}: {why} (was: {made.at[row, 'reason']})"
    return made


def gate_samples(
    paths: Iterable[str], limits: Mapping[str, float], target: str, accepted: Mapping[str, str] | None = None
) -> None:
    """Concatenate the samples' measures (contract QC each) and write the cohort's gates."""
    frames = [tables.read(path, tables.QC) for path in paths]
    measured = pd.concat(frames, ignore_index=True) if frames else tables.empty(tables.QC)
    gated = accept(gate(measured, limits), accepted or {})
    failed = gated[gated["verdict"] == "fail"]
    for row in failed.itertuples():
        logging.warning("sample %s fails its gate: %s", row.sample, row.reason)
    tables.write(gated, target, tables.QC)
