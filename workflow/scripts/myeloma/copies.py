"""Copy number of exomes with GATK: counts, panel of normals, denoising, segments, purity and states.

Contigs are compared without a leading "chr". Copy ratios of the autosomes come from GATK's panel; those of
X and Y from a reference that knows the sex of each normal, because one panel of both sexes has no meaning
there. Log2 ratios are against two copies for every chromosome (male X: -1).
"""

import json
import logging
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from myeloma import files, intervals, places, purity, tables
from myeloma.run import ToolError, command

SEX_CONTIGS = ("X", "Y")
QUICK_BASES = 1_000_000  # below, GATK runs without the second compiler (12.6 against 8.6 CPU seconds, seen)
_BESIDE = 100  # bases beside a window in which heterozygous sites still count for it
MASKED_KINDS = ("ig_locus", "ig_filter", "par")
_SEGMENT_COLUMNS = {
    "CONTIG": "chrom",
    "START": "start",
    "END": "end",
    "NUM_POINTS_COPY_RATIO": "targets",
    "NUM_POINTS_ALLELE_FRACTION": "het_sites",
    "LOG2_COPY_RATIO_POSTERIOR_10": "log2_low",
    "LOG2_COPY_RATIO_POSTERIOR_50": "log2",
    "LOG2_COPY_RATIO_POSTERIOR_90": "log2_high",
    "MINOR_ALLELE_FRACTION_POSTERIOR_10": "minor_low",
    "MINOR_ALLELE_FRACTION_POSTERIOR_50": "minor_fraction",
    "MINOR_ALLELE_FRACTION_POSTERIOR_90": "minor_high",
}


def bare(contig: str) -> str:
    """Contig name without a leading "chr"."""
    return str(contig).removeprefix("chr")


def is_sex(contig: str) -> bool:
    """Is it X or Y?"""
    return bare(contig) in SEX_CONTIGS


def on_sex(contigs: pd.Series) -> pd.Series:
    """True where the contig is X or Y."""
    return contigs.map(is_sex).astype(bool)


def overlaps(frame: pd.DataFrame, chrom: str, start: int, end: int) -> pd.Series:
    """Rows of `frame` (chrom, start, end, 1-based inclusive) that share a base with the region."""
    same = frame["chrom"].isin([bare(chrom), f"chr{bare(chrom)}"])
    return same & (frame["start"] <= end) & (frame["end"] >= start)


def masked(frame: pd.DataFrame, regions: pd.DataFrame) -> pd.Series:
    """Rows of `frame` in a masked region: V(D)J recombination deletes IG loci in every B cell."""
    hit = pd.Series(False, index=frame.index)
    for region in regions[regions["kind"].isin(MASKED_KINDS)].itertuples():
        hit |= overlaps(frame, region.chrom, region.start, region.end)
    return hit


# Tables of GATK: SAM header lines, then a header and rows.


def read_gatk(path: str | os.PathLike) -> pd.DataFrame:
    """A GATK table without its SAM header; contig names stay text."""
    return pd.read_csv(path, sep="\t", comment="@", dtype={"CONTIG": str})


def _write_gatk(header_of: str | os.PathLike, frame: pd.DataFrame, path: str | os.PathLike) -> None:
    with open(header_of, encoding="utf-8") as source, open(path, "w", encoding="utf-8") as target:
        target.writelines(line for line in source if line.startswith("@"))
        frame.to_csv(target, sep="\t", index=False, lineterminator="\n")


def _gatk(tool: str, arguments: Sequence[Any], mem_mb: int, quick: bool = False) -> None:
    """Run a GATK tool. `quick`: on a small target set the second compiler costs more than it gives."""
    java = f"-Xmx{max(512, int(mem_mb * 0.8))}m -XX:+UseSerialGC"
    command(["gatk", "--java-options", java + quick * " -XX:TieredStopAtLevel=1", tool, *arguments])


def _lower(chrom: pd.Series, start: pd.Series, end: pd.Series) -> pd.DataFrame:
    return pd.DataFrame({"chrom": chrom.astype(str), "start": start, "end": end})


def prepare_intervals(
    targets: str | os.PathLike,
    fasta: str | os.PathLike,
    regions: str | os.PathLike,
    common_sites: str,
    given_panel: str,
    settings: Mapping[str, Any],
    output: Mapping[str, str],
    mem_mb: int,
) -> None:
    """Per kit: the intervals to count, their GC content, and the common SNPs on target.

    `output` names `intervals` (Picard interval list), `gc` (annotated intervals) and `sites` (BED, empty
    without `common_sites`). A given copy-number panel brings its own intervals: the counts of a sample
    must match them one by one.
    """
    table = places.read_regions(regions)
    lengths = intervals.contig_lengths(f"{fasta}.fai")
    with tempfile.TemporaryDirectory() as scratch:
        bed = os.path.join(scratch, "targets.bed")
        if given_panel:
            padding, wanted = 0, panel_intervals(given_panel)
        else:
            padding, wanted = settings["interval_padding"], _unmasked(intervals.read_bed(targets), table)
        if not wanted:
            raise ValueError(f"{targets}: no target is left outside the masked loci")
        intervals.write_bed(wanted, bed)
        with files.whole(output["intervals"], ".interval_list") as private:
            _gatk(
                "PreprocessIntervals",
                ["-R", fasta, "-L", bed, "--bin-length", 0, "--padding", padding]
                + ["--interval-merging-rule", "OVERLAPPING_ONLY", "-O", private],
                mem_mb,
            )
            with files.whole(output["gc"], ".tsv") as gc:
                merging = ["--interval-merging-rule", "OVERLAPPING_ONLY"]
                _gatk("AnnotateIntervals", ["-R", fasta, "-L", private, *merging, "-O", gc], mem_mb)
    with files.whole(output["sites"]) as private:
        wide = intervals.padded(wanted, settings["interval_padding"], lengths)
        sites = _sites(common_sites, wide, table) if common_sites else []
        intervals.write_bed(sites, private)
        logging.info("%d common SNPs on target", len(sites))


def _unmasked(wanted: list[intervals.Interval], regions: pd.DataFrame) -> list[intervals.Interval]:
    if not wanted:
        return []
    frame = pd.DataFrame(wanted, columns=["chrom", "start", "end"])
    hit = masked(frame.assign(start=frame["start"] + 1), regions)
    return [interval for interval, drop in zip(wanted, hit, strict=True) if not drop]


def _sites(vcf: str, wide: list[intervals.Interval], regions: pd.DataFrame) -> list[intervals.Interval]:
    """Biallelic SNPs of the VCF inside the padded targets, as BED, in the order of the contigs."""
    with tempfile.TemporaryDirectory() as scratch:
        bed = os.path.join(scratch, "wide.bed")
        intervals.write_bed(wide, bed)
        view = ["bcftools", "view", "-m2", "-M2", "-v", "snps", "-R", bed, "-Ou", "-o"]
        command([*view, os.path.join(scratch, "sites.bcf"), vcf])
        said = command(["bcftools", "query", "-f", "%CHROM\t%POS\n", os.path.join(scratch, "sites.bcf")])
    seen = dict.fromkeys((c, int(p) - 1, int(p)) for c, p in (line.split("\t") for line in said.splitlines()))
    return _unmasked(list(seen), regions)


def panel_intervals(path: str | os.PathLike) -> list[intervals.Interval]:
    """Intervals (BED) that a GATK read-count panel of normals was made from."""
    import h5py

    with h5py.File(path, "r") as handle:
        group = handle["original_data/intervals"]
        names = [n.decode() if isinstance(n, bytes) else str(n) for n in group["indexed_contig_names"][()]]
        index, start, end = np.asarray(group["transposed_index_start_end"][()]).astype(int)
    return [(names[i], s - 1, e) for i, s, e in zip(index, start, end, strict=True)]


def collect(
    reads: str | os.PathLike,
    fasta: str | os.PathLike,
    interval_list: str | os.PathLike,
    sites: str | os.PathLike,
    output: Mapping[str, str],
    mem_mb: int,
) -> None:
    """Fragments per interval, and reference and alternate reads at the common SNPs, of one sample.

    `output`: `counts` (GATK TSV) and `alleles` (GATK TSV; an empty file when the kit has no common SNPs).
    """
    with files.whole(output["counts"], ".tsv") as private:
        arguments = ["-I", reads, "-R", fasta, "-L", interval_list, "--format", "TSV"]
        arguments += ["--interval-merging-rule", "OVERLAPPING_ONLY", "-O", private]
        quick = listed_bases(interval_list) < QUICK_BASES
        _gatk("CollectReadCounts", arguments, mem_mb, quick)
    with files.whole(output["alleles"], ".tsv") as private:
        if os.path.getsize(sites):
            with tempfile.TemporaryDirectory() as scratch:
                bed = Path(scratch) / "sites.bed"
                bed.write_bytes(Path(sites).read_bytes())
                arguments = ["-I", reads, "-R", fasta, "-L", bed, "-O", private]
                _gatk("CollectAllelicCounts", arguments, mem_mb, quick)
        else:
            logging.info("no common SNPs: no allelic counts")


def counted_bases(counts: pd.DataFrame) -> int:
    """Bases of the intervals of a table of counts (1-based, inclusive)."""
    return int((counts["END"] - counts["START"] + 1).sum())


def listed_bases(path: str | os.PathLike) -> int:
    """Bases of a Picard interval list (1-based, inclusive)."""
    with open(path, encoding="utf-8") as lines:
        rows = (line.split("\t") for line in lines if not line.startswith("@"))
        return sum(int(row[2]) - int(row[1]) + 1 for row in rows)


# Panel of normals


def make_panel(
    counts: Mapping[str, str],
    sexes: Mapping[str, str],
    given_panel: str,
    settings: Mapping[str, Any],
    output: Mapping[str, str],
    threads: int,
    mem_mb: int,
) -> None:
    """Panel of one kit from the counts (sample -> file) of its normals, and its reference of X and Y.

    `output`: `panel` (HDF5; an empty file when there is none to make), `sex_reference` (expected share of
    reads per X and Y interval for two copies), `normals` (sample, median_count, used, reason).
    A single normal still cancels the efficiency of the targets, but not its own copy-number changes: said
    in the log and in purity.tsv. With none, counts are corrected for GC content only.
    """
    frames = {sample: read_gatk(path) for sample, path in counts.items()}
    report = _choose_normals(frames, settings["panel_min_median_count"])
    used = report.loc[report["used"] == "yes", "sample"].tolist()
    with files.whole(output["normals"]) as private:
        report.to_csv(private, sep="\t", index=False, lineterminator="\n")
    with files.whole(output["sex_reference"]) as private:
        reference = sex_reference({s: frames[s] for s in used}, sexes)
        reference.to_csv(private, sep="\t", index=False, lineterminator="\n")
    with files.whole(output["panel"], ".hdf5") as private:
        if given_panel:
            private.write_bytes(Path(given_panel).read_bytes())
        elif used:
            _create_panel(used, counts, frames, private, settings, threads, mem_mb)
        else:
            logging.warning("no normal of this kit can be used: counts are corrected for GC content only")


def _choose_normals(frames: Mapping[str, pd.DataFrame], least: float) -> pd.DataFrame:
    rows = []
    for sample, frame in frames.items():
        autosomal = frame.loc[~on_sex(frame["CONTIG"]), "COUNT"]
        median = float(autosomal.median()) if len(autosomal) else 0.0
        reason = "" if median >= least else f"median of {median:g} fragments per interval is below {least:g}"
        rows.append((sample, median, "no" if reason else "yes", reason))
    return pd.DataFrame(rows, columns=["sample", "median_count", "used", "reason"])


def eigensamples(normals: int, most: int) -> int:
    """Noise directions removed: a third of the normals, at most `most`; none below six normals.

    With few normals the directions are those of single samples, and removing them removes real signal.
    """
    return 0 if normals < 6 else min(most, normals // 3)


def _create_panel(used, counts, frames, output, settings, threads, mem_mb) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        inputs = []
        for sample in used:
            path = os.path.join(scratch, f"{sample}.tsv")
            _write_gatk(counts[sample], _autosomal(frames[sample]), path)
            inputs += ["-I", path]
        arguments = [*inputs, "-O", output, "--spark-master", f"local[{threads}]"]
        directions = max(1, eigensamples(len(used), settings["max_eigensamples"]))
        arguments += ["--number-of-eigensamples", directions]
        arguments += ["--minimum-interval-median-percentile", settings["panel_min_interval_percentile"]]
        # The default (2.5) drops the highest and the lowest sample of a small panel.
        arguments += ["--extreme-sample-median-percentile", 0 if len(used) < 40 else 2.5]
        _gatk("CreateReadCountPanelOfNormals", arguments, mem_mb)


def _autosomal(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[~on_sex(frame["CONTIG"])]


def sex_reference(frames: Mapping[str, pd.DataFrame], sexes: Mapping[str, str]) -> pd.DataFrame:
    """Counts of X and Y intervals that two copies would give, over the autosomal median of the sample.

    `sexes`: sample -> female or male; normals of unknown sex are left out. Columns CONTIG, START, END,
    REFERENCE, NORMALS; no row for an interval that no normal covers.
    """
    parts = []
    for sample, frame in frames.items():
        sex = sexes.get(sample, "")
        autosomal = _autosomal(frame)["COUNT"].median()
        rows = frame[on_sex(frame["CONTIG"])]
        expect = rows["CONTIG"].map(lambda contig, sex=sex: germline_copies(contig, sex) or np.nan)
        rows = rows.assign(REFERENCE=rows["COUNT"] / autosomal / (expect / 2))
        parts.append(rows.dropna(subset="REFERENCE"))
    columns = ["CONTIG", "START", "END", "REFERENCE", "NORMALS"]
    if not parts or not sum(map(len, parts)):
        return pd.DataFrame(columns=columns)
    pooled = pd.concat(parts).groupby(["CONTIG", "START", "END"], sort=False)["REFERENCE"]
    result = pooled.agg(REFERENCE="median", NORMALS="size").reset_index()
    return result[result["REFERENCE"] > 0.05][columns]


def germline_copies(contig: str, sex: str) -> int | None:
    """Copies of a contig in germline cells; 0 for Y of a woman; None for X and Y of unknown sex."""
    if not is_sex(contig):
        return 2
    if sex not in ("female", "male"):
        return None
    return {"X": {"female": 2, "male": 1}, "Y": {"female": 0, "male": 1}}[bare(contig)][sex]


# One tumour


def model(
    sample: Mapping[str, Any],
    inputs: Mapping[str, str],
    settings: Mapping[str, Any],
    output: Mapping[str, str],
    mem_mb: int,
) -> None:
    """Denoise, segment, fit purity and call the states of one tumour sample.

    `sample`: patient, sample, sex ("" = unknown), purity (sorted, or None), mode (tumour_normal,
    tumour_only). `inputs`: counts, alleles, normal_alleles and normal_counts (absent: tumour only), panel,
    normals (of the panel), gc, sex_reference, regions, arms. `output`: segments (SEGMENTS), purity (PURITY),
    regions (COPY_REGIONS), hets (HET_SITES), ratios (denoised log2 per target).
    """
    regions, arms = places.read_regions(inputs["regions"]), places.read_arms(inputs["arms"])
    with tempfile.TemporaryDirectory() as scratch:
        ratios = denoise(sample, inputs, regions, scratch, mem_mb)
        measured, hets = segment(inputs, ratios, arms, scratch, settings, mem_mb)
    measured, notes = without_germline_alleles(measured, hets, inputs, settings)
    measured["germline_copies"] = germline_levels(measured, sample["sex"], inputs, settings)
    kept = ~on_sex(measured["chrom"]) & (measured["germline_copies"] == 2)
    found = purity.fit(measured[kept], sample["purity"], settings)
    states = purity.call_states(measured[kept], found, settings)
    states = pd.concat([states, relative_states(measured[~kept], found, settings)], ignore_index=True)
    states["germline_copies"] = states["germline_copies"].round()
    changed = measured["germline_copies"].ne(2) & ~on_sex(measured["chrom"])
    if changed.any():
        notes.append(f"{int(changed.sum())} segments with the copies of the matched normal: germline")
    noise = target_noise(ratios, measured)
    summary = _summary(sample, found, noise, inputs, settings, notes)
    ids = {"patient": sample["patient"], "sample": sample["sample"]}
    tables.write(states.assign(**ids), output["segments"], tables.SEGMENTS)
    tables.write(pd.DataFrame([summary]), output["purity"], tables.PURITY)
    measures = region_measures(ratios, hets, regions, arms, settings["region_min_targets"])
    tables.write(measures.assign(**ids), output["regions"], tables.COPY_REGIONS)
    sites = hets.rename(columns={"start": "position"})[["chrom", "position", "depth", "alt_fraction"]]
    tables.write(sites, output["hets"], tables.HET_SITES)
    with files.whole(output["ratios"]) as private, files.open_text(private, "w") as handle:
        ratios.to_csv(handle, sep="\t", index=False, float_format="%.4f", lineterminator="\n")


def denoise(sample, inputs, regions, scratch, mem_mb) -> pd.DataFrame:
    """Denoised log2 ratio per unmasked target: chrom, start, end, log2; X and Y only where sex is known."""
    counts = read_gatk(inputs["counts"])
    given = bool(inputs.get("given_panel"))
    plain = os.path.join(scratch, "counts.tsv")
    _write_gatk(inputs["counts"], counts if given else _autosomal(counts), plain)
    target = os.path.join(scratch, "denoised.tsv")
    arguments = ["-I", plain, "--denoised-copy-ratios", target]
    arguments += ["--standardized-copy-ratios", os.path.join(scratch, "standardized.tsv")]
    if os.path.getsize(inputs["panel"]):
        arguments += ["--count-panel-of-normals", inputs["panel"]]
        normals = panel_size(inputs["normals"])
        if not given and eigensamples(normals, 99) == 0:
            arguments += ["--number-of-eigensamples", 0]
    else:
        gc = os.path.join(scratch, "gc.tsv")
        annotated = read_gatk(inputs["gc"])
        _write_gatk(inputs["gc"], _autosomal(annotated), gc)
        arguments += ["--annotated-intervals", gc]
    _gatk("DenoiseReadCounts", arguments, mem_mb, counted_bases(counts) < QUICK_BASES)
    seen = read_gatk(target)
    ratios = _lower(seen["CONTIG"], seen["START"], seen["END"]).assign(log2=seen["LOG2_COPY_RATIO"])
    ratios = ratios[~on_sex(ratios["chrom"])]
    both = [ratios, sex_ratios(counts, inputs["sex_reference"], sample["sex"])]
    ratios = pd.concat([part for part in both if len(part)], ignore_index=True)
    return ratios[~masked(ratios, regions)].reset_index(drop=True)


def panel_size(path: str | os.PathLike) -> int:
    """Normals that went into a panel."""
    return int((pd.read_csv(path, sep="\t", dtype=str)["used"] == "yes").sum())


def sex_ratios(counts: pd.DataFrame, reference: str | os.PathLike, sex: str) -> pd.DataFrame:
    """Log2 ratio (0 = two copies) of X and Y targets; no row when the sex or a reference is unknown."""
    known = pd.read_csv(reference, sep="\t", dtype={"CONTIG": str})
    rows = counts.merge(known, on=["CONTIG", "START", "END"])
    expected = rows["CONTIG"].map(lambda contig: bool(germline_copies(contig, sex))).astype(bool)
    rows = rows[expected]
    share = rows["COUNT"] / _autosomal(counts)["COUNT"].median()
    log2 = np.log2(np.maximum(share / rows["REFERENCE"], 2.0**-8))
    return _lower(rows["CONTIG"], rows["START"], rows["END"]).assign(log2=log2)


def segment(
    inputs, ratios: pd.DataFrame, arms: pd.DataFrame, scratch, settings, mem_mb
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """ModelSegments on the denoised ratios and, where there are any, the allelic counts.

    Returns the segments, and the heterozygous sites that it used (chrom, start, end, depth and alt_fraction
    of the tumour; with a matched normal also normal_depth and normal_minor, reads of its rarer allele).

    GATK sees each arm as a contig of its own, so that a centromere always ends a segment: most events of
    myeloma are of whole arms, and a changed arm of few targets is not averaged with the other one.
    """
    arms_of = _Arms(arms)
    header = arms_of.header(inputs["counts"])
    plain = os.path.join(scratch, "ratios.tsv")
    upper = ratios.set_axis(["CONTIG", "START", "END", "LOG2_COPY_RATIO"], axis=1)
    arms_of.write(upper, upper["START"], header, plain)
    arguments = ["--denoised-copy-ratios", plain]
    arguments += ["-O", os.path.join(scratch, "model"), "--output-prefix", "tumour"]
    if os.path.getsize(inputs["alleles"]) and has_heterozygous(
        inputs.get("normal_alleles") or inputs["alleles"]
    ):
        arguments += ["--allelic-counts", arms_of.copy_alleles(inputs["alleles"], header, scratch, "tumour")]
        if inputs.get("normal_alleles"):
            normal = arms_of.copy_alleles(inputs["normal_alleles"], header, scratch, "normal")
            arguments += ["--normal-allelic-counts", normal]
            arguments += ["--minimum-total-allele-count-normal", settings["normal_min_site_depth"]]
        else:
            arguments += ["--minimum-total-allele-count-case", settings["tumour_min_site_depth"]]
    penalty = settings["changepoint_penalty"]
    arguments += ["--number-of-changepoints-penalty-factor", penalty]
    smoothing = settings["smoothing_threshold"]
    arguments += ["--smoothing-credible-interval-threshold-copy-ratio", smoothing]
    arguments += ["--smoothing-credible-interval-threshold-allele-fraction", smoothing]
    quick = counted_bases(read_gatk(inputs["counts"])) < QUICK_BASES
    _gatk("ModelSegments", arguments, mem_mb, quick)
    found = read_segments(os.path.join(scratch, "model", "tumour.modelFinal.seg"))
    hets = _read_hets(os.path.join(scratch, "model", "tumour.hets"))
    return arms_of.back(found), arms_of.back(hets)


def has_heterozygous(alleles: str | os.PathLike) -> bool:
    """Does any site of an allelic count table look heterozygous? ModelSegments stops where none does."""
    if not os.path.getsize(alleles):
        return False
    seen = read_gatk(alleles)
    minor, depth = seen[["REF_COUNT", "ALT_COUNT"]].min(axis=1), seen["REF_COUNT"] + seen["ALT_COUNT"]
    found = bool(((minor >= 3) & (minor >= 0.1 * depth)).any())
    if not found:
        logging.info("no heterozygous site: copy ratios only")
    return found


def _read_hets(prefix: str) -> pd.DataFrame:
    columns = ["chrom", "start", "end", "depth", "alt_fraction", "normal_depth", "normal_minor"]
    if not os.path.exists(f"{prefix}.tsv"):
        return pd.DataFrame({name: [] for name in columns})
    seen = read_gatk(f"{prefix}.tsv")
    depth = seen["REF_COUNT"] + seen["ALT_COUNT"]
    made = _lower(seen["CONTIG"], seen["POSITION"], seen["POSITION"]).assign(
        depth=depth,
        alt_fraction=seen["ALT_COUNT"] / depth.where(depth > 0),
        normal_depth=np.nan,
        normal_minor=np.nan,
    )
    if os.path.exists(f"{prefix}.normal.tsv"):
        normal = read_gatk(f"{prefix}.normal.tsv")
        both = seen[["CONTIG", "POSITION"]].merge(normal, on=["CONTIG", "POSITION"], how="left")
        made["normal_depth"] = (both["REF_COUNT"] + both["ALT_COUNT"]).to_numpy()
        made["normal_minor"] = both[["REF_COUNT", "ALT_COUNT"]].min(axis=1).to_numpy()
    return made[columns]


class _Arms:
    """Renames contigs to arms (chr17 to chr17.p) in tables for ModelSegments, and back."""

    def __init__(self, arms: pd.DataFrame):
        rows = arms[arms["arm"] == "p"]
        self.last_p = {bare(row.chrom): row.end for row in rows.itertuples()}
        self.contig_of: dict[str, str] = {}

    def header(self, like: str | os.PathLike) -> list[str]:
        """SAM header of the table `like` with two contigs, of the same length, for each that has arms."""
        lines = []
        with open(like, encoding="utf-8") as handle:
            for line in handle:
                name = next((f[3:] for f in line.rstrip("\n").split("\t") if f.startswith("SN:")), "")
                if not line.startswith("@"):
                    break
                if line.startswith("@SQ") and bare(name) in self.last_p:
                    length = next(f for f in line.rstrip("\n").split("\t") if f.startswith("LN:"))
                    self.contig_of.update({f"{name}.{arm}": name for arm in "pq"})
                    lines.extend(f"@SQ\tSN:{name}.{arm}\t{length}\n" for arm in "pq")
                else:
                    lines.append(line)
        return lines

    def write(self, frame: pd.DataFrame, position: pd.Series, header: Sequence[str], path) -> None:
        """Write `frame` with CONTIG renamed by `position`."""
        named = [
            f"{contig}.{'p' if at <= self.last_p[bare(contig)] else 'q'}"
            if bare(contig) in self.last_p
            else contig
            for contig, at in zip(frame["CONTIG"], position, strict=True)
        ]
        with open(path, "w", encoding="utf-8") as target:
            target.writelines(header)
            frame.assign(CONTIG=named).to_csv(target, sep="\t", index=False, lineterminator="\n")

    def back(self, frame: pd.DataFrame) -> pd.DataFrame:
        """`frame` with the names of contigs in `chrom`."""
        return frame.assign(chrom=[self.contig_of.get(name, name) for name in frame["chrom"]])

    def copy_alleles(self, source, header: Sequence[str], scratch, name: str) -> str:
        """Renamed copy of an allelic-count table; its read group stays, GATK compares sample names."""
        path = os.path.join(scratch, f"{name}.alleles.tsv")
        with open(source, encoding="utf-8") as handle:
            groups = [line for line in handle if line.startswith("@RG")]
        frame = read_gatk(source)
        own = [line for line in header if not line.startswith("@RG")] + groups
        self.write(frame, frame["POSITION"], own, path)
        return path


def read_segments(path: str | os.PathLike) -> pd.DataFrame:
    """GATK's modelled segments with the column names of this workflow; refuses other files by name."""
    frame = read_gatk(path)
    missing = [name for name in _SEGMENT_COLUMNS if name not in frame.columns]
    if missing:
        raise ToolError(f"{path} is not a modelled segment file: column(s) missing: {', '.join(missing)}")
    return frame[list(_SEGMENT_COLUMNS)].rename(columns=_SEGMENT_COLUMNS)


def without_germline_alleles(
    measured: pd.DataFrame, hets: pd.DataFrame, inputs, settings: Mapping[str, Any]
) -> tuple[pd.DataFrame, list[str]]:
    """Segments without the allele fractions that are no evidence of a somatic change, and what was done.

    With a matched normal: where the normal is itself off balance (a germline copy-number variant, sites in
    repeats), `germline_minor_fraction`. Tumour-only: where hardly any site is heterozygous against the rest
    of the genome (a germline run of homozygosity whose few sites are artefacts), `min_het_share`.
    """
    result, notes = measured.copy(), []
    if not len(hets):
        return result, notes
    if inputs.get("normal_alleles"):
        drop = _normal_off_balance(result, hets, settings)
        said = "the matched normal is off balance as well"
    else:
        drop = _hardly_heterozygous(result, inputs["alleles"], settings)
        said = "hardly a site is heterozygous, a germline run of homozygosity is not excluded"
    if drop.any():
        result.loc[drop, ["minor_fraction", "minor_low", "minor_high"]] = np.nan
        notes.append(f"{int(drop.sum())} segments without allele fraction: {said}")
    return result, notes


def _normal_off_balance(measured: pd.DataFrame, hets: pd.DataFrame, settings) -> pd.Series:
    """Segments in which the normal's heterozygous sites lie off one half."""
    drop = pd.Series(False, index=measured.index)
    known = hets[hets["normal_depth"] > 0]
    for row in measured[measured["minor_fraction"].notna()].itertuples():
        here = known[overlaps(known, row.chrom, row.start, row.end)]
        if len(here) < settings["min_het_sites"]:
            continue
        # The rarer allele of a balanced site of depth d has 0.5 - 0.4 / sqrt(d) of the reads on average
        # (half the mean of a folded normal distribution with the sd of d reads).
        share = (here["normal_minor"] / here["normal_depth"] + 0.4 / np.sqrt(here["normal_depth"])).mean()
        drop.loc[row.Index] = share < settings["germline_minor_fraction"]
    return drop


def _hardly_heterozygous(measured: pd.DataFrame, alleles, settings) -> pd.Series:
    """Segments with a far smaller share of heterozygous sites among all covered ones than the genome."""
    sites = read_gatk(alleles)
    covered = sites[sites["REF_COUNT"] + sites["ALT_COUNT"] >= settings["tumour_min_site_depth"]]
    places_ = _lower(covered["CONTIG"], covered["POSITION"], covered["POSITION"])
    count = pd.Series(
        [int(overlaps(places_, r.chrom, r.start, r.end).sum()) for r in measured.itertuples()], measured.index
    )
    autosomal = ~on_sex(measured["chrom"])
    usual = measured.loc[autosomal, "het_sites"].sum() / max(1, count[autosomal].sum())
    return measured["minor_fraction"].notna() & (
        measured["het_sites"].astype(float) < settings["min_het_share"] * usual * count
    )


def germline_levels(measured: pd.DataFrame, sex: str, inputs, settings: Mapping[str, Any]) -> pd.Series:
    """Copies of each segment in germline cells: 2, by sex on X and Y, or what the matched normal shows.

    The normal's ratio is its share of reads against the panel's median; without a panel or a normal
    nothing is known of it and 2 stands. NaN for X and Y of unknown sex.
    """
    levels = measured["chrom"].map(lambda contig: germline_copies(contig, sex)).astype(float)
    ratios = normal_ratios(inputs)
    if ratios.empty:
        return levels
    for row in measured[~on_sex(measured["chrom"])].itertuples():
        here = ratios.loc[overlaps(ratios, row.chrom, row.start, row.end), "log2"]
        if len(here) < settings["min_targets_per_segment"]:
            continue
        level = here.median()
        error = 1.2533 * 1.4826 * (here - level).abs().median() / np.sqrt(len(here))
        far = level <= settings["germline_loss_log2"] or level >= settings["germline_gain_log2"]
        if far and abs(level) > settings["detection_z"] * error:
            levels.loc[row.Index] = 2 * 2**level
    return levels


def normal_ratios(inputs: Mapping[str, str]) -> pd.DataFrame:
    """Log2 ratio per autosomal target of the matched normal against the panel's median; no row without both."""
    empty = pd.DataFrame({"chrom": [], "start": [], "end": [], "log2": []})
    if not inputs.get("normal_counts") or not os.path.getsize(inputs["panel"]):
        return empty
    import h5py

    with h5py.File(inputs["panel"], "r") as handle:
        group = handle["panel/intervals"]
        names = [n.decode() if isinstance(n, bytes) else str(n) for n in group["indexed_contig_names"][()]]
        index, start, end = np.asarray(group["transposed_index_start_end"][()]).astype(int)
        usual = np.asarray(handle["panel/interval_fractional_medians"][()]).ravel()
    panel = pd.DataFrame({"CONTIG": [names[i] for i in index], "START": start, "END": end, "usual": usual})
    rows = _autosomal(panel.merge(read_gatk(inputs["normal_counts"]), on=["CONTIG", "START", "END"]))
    rows = rows[rows["usual"] > 0]
    if rows.empty or not rows["COUNT"].sum():
        return empty
    share = rows["COUNT"] / rows["usual"]
    log2 = np.log2(np.maximum(share / share.median(), 2.0**-8))
    return _lower(rows["CONTIG"], rows["START"], rows["END"]).assign(log2=log2)


def relative_states(measured: pd.DataFrame, found: purity.Fit, settings: Mapping[str, Any]) -> pd.DataFrame:
    """States of segments whose germline copies are not two: X, Y and germline copy-number variants.

    The change is against `germline_copies`, in the tumour against those times base / 2. Minor copies stay
    empty. Segments of no germline copy (Y of a woman) or of unknown ones are left out.
    """
    germline = measured["germline_copies"].astype(float)
    rows = measured[germline.notna() & ~(on_sex(measured["chrom"]) & (germline == 0))].copy()
    germline = germline.loc[rows.index]
    for name in purity.STATE_COLUMNS:
        rows[name] = np.nan
    if rows.empty or found.used is None:
        return rows
    unchanged = germline * found.base[0] / 2
    rows["copies"] = purity.copies_of(rows["log2"], found.used, found.shift, germline)
    change = rows["copies"] - unchanged
    whole = np.where(change.abs() < 0.5, np.sign(change), change.round())
    fraction = (change / np.where(whole == 0, 1, whole)).abs().clip(upper=1.0)
    level = found.used * unchanged + germline * (1 - found.used)
    apart = (rows["log2"] - found.shift - np.log2(np.maximum(level, 0.02) / 2)).abs()
    own = (rows["log2_high"] - rows["log2_low"]) / 2.563
    sure = apart > settings["detection_z"] * np.hypot(own, settings["log2_error"])
    changed = sure & (fraction >= settings["min_clonal_fraction"])
    rows["total_copies"] = (unchanged.round() + np.where(changed, whole, 0)).clip(lower=0)
    rows["clonal_fraction"] = fraction.where(changed).round(2)
    rows["other_total_copies"] = unchanged.round().where(changed & (fraction < 1.0))
    return rows


def target_noise(ratios: pd.DataFrame, segments: pd.DataFrame) -> float:
    """Spread (1.4826 x MAD, log2) of autosomal targets around the median of their segment."""
    residuals = []
    for row in segments[~on_sex(segments["chrom"])].itertuples():
        inside = ratios.loc[overlaps(ratios, row.chrom, row.start, row.end), "log2"]
        residuals.append(inside - inside.median())
    pooled = pd.concat(residuals) if residuals else pd.Series(dtype=float)
    return float(1.4826 * pooled.abs().median()) if len(pooled) else float("nan")


def _summary(sample, found: purity.Fit, noise, inputs, settings, notes: Sequence[str] = ()) -> dict[str, Any]:
    normals = panel_size(inputs["normals"])
    given = bool(inputs.get("given_panel"))
    reason = [found.reason]
    if not given and normals < 2:
        reason.append("panel of a single normal" if normals else "no panel of normals: GC correction only")
    if not os.path.getsize(inputs["alleles"]):
        reason.append("no common sites: copy ratio only, no minor copies")
    reason.extend(notes)
    scatter = found.scatter if np.isfinite(found.scatter) else settings["log2_error"]
    return {
        "patient": sample["patient"],
        "sample": sample["sample"],
        "purity": found.purity,
        "ploidy": found.ploidy,
        "status": found.status,
        "interval": f"{found.low:.2f}-{found.high:.2f}",
        "sorted_purity": sample["purity"],
        "purity_used": found.used,
        "base_copies": found.base[0] if found.used is not None else None,
        "base_margin": found.margin if found.status == "resolved" else None,
        "noise": noise,
        "scatter": max(scatter, settings["min_scatter"]),
        "panel_normals": None if given else normals,
        "panel": _panel_name(inputs),
        "mode": sample["mode"],
        "reason": "; ".join(part for part in reason if part),
    }


def _panel_name(inputs: Mapping[str, str]) -> str:
    """What the panel's record calls it; "" without a record or where nothing made a panel."""
    record = inputs.get("panel_record")
    return json.loads(Path(record).read_text(encoding="utf-8"))["panel"] if record else ""


def region_measures(
    ratios: pd.DataFrame, hets: pd.DataFrame, regions: pd.DataFrame, arms: pd.DataFrame, least: int
) -> pd.DataFrame:
    """What the targets say in each copy-number region and each informative arm (contract COPY_REGIONS).

    A region's window is the region widened to the nearest `least` targets of its arm: the smallest extent
    whose absence of change can be stated with that many targets.
    """
    rows = []
    for region in regions[regions["kind"] == "copy_number"].itertuples():
        arm = arms[overlaps(arms, region.chrom, region.start, region.end)]
        rows.append(_measure(ratios, hets, region.name, "region", region, arm, least))
    for arm in arms[arms["informative"] == "yes"].itertuples():
        rows.append(_measure(ratios, hets, f"{bare(arm.chrom)}{arm.arm}", "arm", arm, arms.iloc[0:0], 0))
    return pd.DataFrame(rows)


def _measure(ratios, hets, name, kind, place, arm: pd.DataFrame, least: int) -> dict[str, Any]:
    inside = ratios[overlaps(ratios, place.chrom, place.start, place.end)]
    window = inside
    if len(inside) < least:
        same = pd.Series(False, index=ratios.index)
        for row in arm.itertuples():
            same |= overlaps(ratios, row.chrom, row.start, row.end)
        near = ratios[same]
        distance = np.maximum(0, np.maximum(place.start - near["end"], near["start"] - place.end))
        window = near.loc[distance.sort_values(kind="stable").index[:least]]
    # A site beside a target belongs to it: reads reach further than the bait.
    sites = hets.iloc[0:0]
    if len(window):
        first, last = window["start"].min() - _BESIDE, window["end"].max() + _BESIDE
        sites = hets[overlaps(hets, place.chrom, first, last)]
    return {
        "region": name,
        "kind": kind,
        "chrom": place.chrom,
        "start": place.start,
        "end": place.end,
        "targets": len(inside),
        "log2": inside["log2"].median() if len(inside) else None,
        "window_start": window["start"].min() if len(window) else None,
        "window_end": window["end"].max() if len(window) else None,
        "window_targets": len(window),
        "window_het_sites": len(sites),
        "window_het_depth": sites["depth"].median() if len(sites) else None,
    }


def join(
    paths: Mapping[str, Iterable[str]], missing: Sequence[Mapping[str, Any]], output: Mapping[str, str]
) -> None:
    """Join the per-sample tables into the cohort's. `paths`: mapping table -> files.

    `missing`: patient, sample, purity and reason of tumours whose kit has no targets; they get a row in
    purity.tsv and no segment.
    """
    contracts = {"segments": tables.SEGMENTS, "purity": tables.PURITY, "regions": tables.COPY_REGIONS}
    for name, table in contracts.items():
        frames = [tables.read(path, table) for path in paths[name]]
        if name == "purity" and missing:
            frames.append(pd.DataFrame([_no_call(row) for row in missing]))
        frames = [frame for frame in frames if len(frame)]
        joined = pd.concat(frames, ignore_index=True) if frames else tables.empty(table)
        tables.write(joined, output[name], table)


def _no_call(row: Mapping[str, Any]) -> dict[str, Any]:
    blank = dict.fromkeys(tables.PURITY.names())
    return {**blank, **row, "status": "", "mode": ""}
