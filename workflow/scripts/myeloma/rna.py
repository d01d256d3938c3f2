"""From the units of one RNA sample to one CRAM, gene counts, chimeric junctions and its QC measures.

fastp (unit after unit) | STAR (one read group a unit) | samtools sort, one stream without intermediate files.
Duplicates are not marked: STAR's gene counts do not use the flag, and the fusion caller removes them by
coordinates itself. With align.star_two_pass STAR reads everything twice: then the trimmed reads stand uncompressed
in a private folder meanwhile (about 4 x the size of the FASTQ.gz).
"""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd

from myeloma import alignments, reads, rna_coverage, rna_purity, tables
from myeloma.run import ToolError, command

# Chimeric detection as Arriba's and STAR-Fusion's documentation set it; `chimSegmentMin` and the overhang
# decide how short a piece beyond the junction may be. peOverlap: short fragments are merged first.
CHIMERIC = {
    "chimSegmentMin": 12,
    "chimJunctionOverhangMin": 10,
    "chimScoreDropMax": 30,
    "chimScoreJunctionNonGTAG": 0,
    "chimScoreSeparation": 1,
    "chimSegmentReadGapMax": 3,
    "chimMultimapNmax": 20,
    "chimMultimapScoreRange": 3,
    "chimNonchimScoreDropMin": 10,
    "peOverlapNbasesMin": 10,
    "peOverlapMMp": 0.1,
    "alignSplicedMateMapLminOverLmate": 0.5,
    "alignInsertionFlush": "Right",
    "outFilterMultimapNmax": 50,
}
STITCH_MISMATCHES = (5, -1, 5, 5)
STRANDS = ("unstranded", "forward", "reverse")
# ReadsPerGene.out.tab: gene, unstranded, read 1 on the RNA's strand, read 2 on the RNA's strand.
COLUMN = {"unstranded": 1, "forward": 2, "reverse": 3}
STRANDED_FROM, UNSTRANDED_WITHIN, MIN_READS_FOR_STRAND = 0.80, (0.30, 0.70), 200
DETECTED_READS = 5
#: Of reads up to 450 bases these fill less than a pipe.
PAIRS_AT_ONCE = 64
READER = "read_pipe.sh"
# The adult and fetal globins: red cells that came along with the marrow.
GLOBINS = ("HBA1", "HBA2", "HBB", "HBD", "HBG1", "HBG2", "HBE1", "HBM", "HBZ", "HBQ1")


def align(
    sample: str,
    units: Sequence[Mapping[str, str]],
    index: str,
    reference: alignments.Reference,
    outputs: Mapping[str, str],
    min_read_length: int,
    two_pass: bool = False,
    threads: int = 1,
    sort_memory_mb: int = 768,
    chimeric_in_cram: bool = False,
) -> None:
    """Write cram (+ .crai), counts, junctions, log of STAR and the fastp folder of `outputs`, each whole.

    `chimeric_in_cram`: chimeric reads stand in the CRAM too, as supplementary alignments (Arriba reads them).
    An index that was built without a GTF gives no gene counts: then `counts` is an empty file. Raises
    ToolError naming the unit at fault.
    """
    if not units:
        raise ToolError(f"sample {sample} has no unit to align")
    folder = Path(outputs["cram"]).parent
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{sample}.rna.", dir=folder) as name:
        private = Path(name)
        (private / "fastp").mkdir()
        counted = Path(index, "exonGeTrInfo.tab").exists()
        pairs = [(private / f"{n}_1.fq", private / f"{n}_2.fq") for n in range(len(units))]
        words = _star_words(units, pairs, index, private, counted, two_pass, threads, chimeric_in_cram)
        cram = private / "made.cram"
        given = units, pairs, private, reference, min_read_length
        with alignments.chain(private) as members, ThreadPoolExecutor(1) as pool:
            if two_pass:
                _trim_all(*given)
            else:
                _make_pipes(pairs, private)
            star = members.start(words, subprocess.DEVNULL)
            _sort(members, star, units, index, private, cram, reference, threads, sort_memory_mb)
            fed = None if two_pass else pool.submit(_feed, *given, star)
            star.wait()
            if fed:
                _release(pairs, fed)
                fed.result()
            members.join()
        _check_whole(sample, private)
        alignments._strip_uris(cram, private / "stripped.sam")
        command(["samtools", "index", "-@", max(0, threads - 1), cram])
        if not counted:
            (private / "ReadsPerGene.out.tab").touch()
        shutil.rmtree(outputs["fastp"], ignore_errors=True)
        Path(outputs["fastp"]).parent.mkdir(parents=True, exist_ok=True)
        os.replace(private / "fastp", outputs["fastp"])
        os.replace(private / "Chimeric.out.junction", outputs["junctions"])
        os.replace(private / "Log.final.out", outputs["star_log"])
        os.replace(private / "ReadsPerGene.out.tab", outputs["counts"])
        os.replace(f"{cram}.crai", outputs["crai"])
        os.replace(cram, outputs["cram"])


def _check_whole(sample: str, folder: Path) -> None:
    """STAR has read every pair that fastp kept; else ToolError."""
    kept = [
        json.loads(path.read_text())["summary"]["after_filtering"]
        for path in (folder / "fastp").glob("*.json")
    ]
    pairs = sum(one["total_reads"] for one in kept) // 2
    entered = int(read_star_log(folder / "Log.final.out")["Number of input reads"])
    if entered != pairs:
        raise ToolError(f"sample {sample}: fastp kept {pairs} pairs and STAR read {entered} of them")


def _trim_all(units, pairs, folder: Path, reference, min_read_length: int) -> None:
    """Trimmed FASTQ pairs of all units in plain files."""
    for number, (unit, made) in enumerate(zip(units, pairs, strict=True)):
        with open(made[0], "wb") as first, open(made[1], "wb") as second:
            _trim(unit, number, (first, second), folder, reference, min_read_length)


def _feed(units, pairs, folder: Path, reference, min_read_length: int, star: subprocess.Popen) -> None:
    """Trim unit after unit into the pipes that STAR reads; raises ToolError of the unit that is not whole.

    After any fault the others are empty for STAR, which so ends by itself. A STAR that failed speaks for itself.
    """
    fault: Exception | None = None
    for number, (unit, made) in enumerate(zip(units, pairs, strict=True)):
        # Opening waits for the reader, closing ends its input. Unbuffered: `deal` minds how much it writes.
        with open(_pipe(made[0]), "wb", 0) as first, open(_pipe(made[1]), "wb", 0) as second:
            if fault or star.poll() is not None:
                continue
            try:
                _trim(unit, number, (first, second), folder, reference, min_read_length)
            except (
                Exception
            ) as error:  # raised below; raised here it would leave STAR waiting for the other pipes
                fault = error
    if fault and not isinstance(fault, BrokenPipeError):
        raise fault


def deal(interleaved: BinaryIO, first: BinaryIO, second: BinaryIO) -> None:
    """Interleaved FASTQ into one stream per mate, some pairs at a time.

    A reader that takes a record of either in turn has emptied both pipes before the next pairs come, and those fit
    into a pipe (64 KB): neither waits for the other. fastp's own two outputs do not keep to this and stand still.
    """
    while lines := list(islice(interleaved, 8 * PAIRS_AT_ONCE)):
        starts = range(0, len(lines), 8)
        _write(first, b"".join(line for i in starts for line in lines[i : i + 4]))
        _write(second, b"".join(line for i in starts for line in lines[i + 4 : i + 8]))


def _write(made: BinaryIO, text: bytes) -> None:
    """All of it: an unbuffered stream may take less than it is given."""
    left = memoryview(text)
    while left:
        left = left[made.write(left) :]


def _pipe(path: Path) -> Path:
    """The pipe that stands for a file of STAR's list."""
    return path.with_suffix(".pipe")


def _make_pipes(pairs, folder: Path) -> None:
    """Empty files to be named to STAR, which opens each once to see whether it is there; the pipes; who reads those."""
    for path in (path for pair in pairs for path in pair):
        path.touch()
        os.mkfifo(_pipe(path))
    (folder / READER).write_text('exec cat "${1%.fq}.pipe"\n', encoding="utf-8")


def _release(pairs, fed: Future) -> None:
    """Let a feeder go on that waits for a STAR that has ended."""
    while not fed.done():
        for path in (path for pair in pairs for path in pair):
            os.close(os.open(_pipe(path), os.O_RDONLY | os.O_NONBLOCK))
        time.sleep(0.02)


def _trim(unit, number: int, made: Sequence[BinaryIO], folder: Path, reference, min_read_length: int) -> None:
    """Trimmed FASTQ pair of one unit into two files or pipes; the unit must be whole."""
    if unit.get("bam"):
        unit = {**unit, **_unpack(unit, number, folder, reference)}
    report = folder / "fastp" / f"{unit['id']}.json"
    # One worker: with more, the order of the pairs depends on timing (fastp 0.23.2, seen).
    words = ["fastp", "--stdout", "--thread", 1, "--in1", unit["fastq_1"], "--in2", unit["fastq_2"]]
    words += ["--length_required", min_read_length]
    words += ["--disable_quality_filtering", "--json", report, "--html", os.devnull, *reads.umi_words(unit)]
    with ThreadPoolExecutor(1) as pool, alignments.chain(folder) as source:
        check = pool.submit(reads.check_pair, unit)
        fastp = source.start(words, subprocess.DEVNULL)
        deal(fastp.stdout, *made)
        try:
            source.join()
        except ToolError as error:
            check.result()
            raise reads.unit_error(unit, unit["fastq_1"], str(error)) from error
        pairs = check.result()
    seen = json.loads(report.read_text())["summary"]["before_filtering"]["total_reads"]
    if seen != 2 * pairs:
        said = f"holds {pairs} pairs and fastp read {seen / 2:g} of them"
        raise reads.unit_error(unit, unit["fastq_1"], said)


def _unpack(unit, number: int, folder: Path, reference) -> dict[str, str]:
    """FASTQ pair of a unit given as BAM or CRAM."""
    pair = [str(folder / f"{number}_unpacked_{side}.fq") for side in (1, 2)]
    try:
        with alignments.chain(folder) as members:
            collate = ["samtools", "collate", "-u", "-O", "--reference", reference.fasta, unit["bam"]]
            source = members.start([*collate, folder / "collate"], None)
            fastq = [
                "samtools",
                "fastq",
                "-n",
                "-s",
                os.devnull,
                "-0",
                os.devnull,
                "-1",
                pair[0],
                "-2",
                pair[1],
            ]
            members.start([*fastq, "-"], source.stdout)
            source.stdout.close()
            members.join()
    except ToolError as error:
        raise reads.unit_error(unit, unit["bam"], str(error)) from error
    return {"fastq_1": pair[0], "fastq_2": pair[1]}


def _star_words(units, pairs, index, folder: Path, counted, two_pass, threads, chimeric_in_cram) -> list:
    """STAR over all units, one after the other; the BAM goes to standard output, uncompressed."""
    words = ["STAR", "--runThreadN", threads, "--genomeDir", index, "--genomeLoad", "NoSharedMemory"]
    words += ["--readFilesIn", *(",".join(str(pair[side]) for pair in pairs) for side in (0, 1))]
    words += [] if two_pass else ["--readFilesCommand", "sh", folder / READER]
    groups: list[str] = []
    for unit in units:
        groups += [",", *alignments.read_group(unit).split("\t")[1:]]
    words += ["--outSAMattrRGline", *groups[1:]]
    words += ["--outSAMtype", "BAM", "Unsorted", "--outStd", "BAM_Unsorted", "--outBAMcompression", 0]
    words += ["--outSAMunmapped", "Within"]
    words += ["--outFileNamePrefix", f"{folder}/", "--outTmpDir", folder / "star_tmp"]
    words += ["--alignSJstitchMismatchNmax", *STITCH_MISMATCHES]
    for name, value in CHIMERIC.items():
        words += [f"--{name}", value]
    words += ["--chimOutType", "Junctions", *(["WithinBAM", "HardClip"] if chimeric_in_cram else [])]
    words += ["--quantMode", "GeneCounts"] if counted else []
    return words + (["--twopassMode", "Basic"] if two_pass else [])


def _sort(
    members, star, units, index, folder: Path, made: Path, reference, threads: int, memory_mb: int
) -> None:
    """Start what makes a sorted CRAM of STAR's BAM; header without paths, with M5, one @RG per unit."""
    with open(reference.dictionary, encoding="utf-8") as handle:
        contigs = dict(
            (line.split("\t")[1][3:], line.rstrip("\n")) for line in handle if line.startswith("@SQ")
        )
    order = Path(index, "chrName.txt").read_text(encoding="utf-8").split()
    programs = [f"@PG\tID:{n}\tPN:{n}\tVN:{alignments.tool_version(n)}" for n in ("fastp", "STAR")]
    lines = ["@HD\tVN:1.6\tSO:unsorted", *(contigs[name] for name in order)]
    lines += [*map(alignments.read_group, units), *programs]
    (folder / "header.sam").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    named = members.start(["samtools", "reheader", "-P", folder / "header.sam", "-"], star.stdout)
    star.stdout.close()
    sort = ["samtools", "sort", "--no-PG", "-@", max(0, threads - 1), "-m", f"{memory_mb}M"]
    sort += ["-T", folder / "sort", "-O", "cram", "--reference", reference.fasta, "-o", made, "-"]
    members.start(sort, named.stdout, subprocess.DEVNULL)
    named.stdout.close()


def read_gene_counts(path: str | os.PathLike) -> pd.DataFrame:
    """STAR's ReadsPerGene.out.tab: index gene_id, columns unstranded, forward, reverse (N_ rows first).

    Raises ContractError when the file is not one; an empty file (no GTF) gives no rows.
    """
    if os.path.getsize(path) == 0:
        return pd.DataFrame(columns=list(STRANDS), dtype="int64").rename_axis("gene_id")
    frame = pd.read_csv(path, sep="\t", header=None, names=["gene_id", *STRANDS])
    expected = ["N_unmapped", "N_multimapping", "N_noFeature", "N_ambiguous"]
    if list(frame["gene_id"][:4]) != expected:
        raise tables.ContractError(f"{path} is not a ReadsPerGene.out.tab of STAR")
    return frame.set_index("gene_id")


def infer_strandedness(counts: pd.DataFrame) -> tuple[str, float | None]:
    """(unstranded | forward | reverse | "", forward share) from reads assigned on either strand.

    "" = cannot be told: fewer than 200 assigned reads, or a share between the classes.
    """
    genes = counts.iloc[4:]
    forward, reverse = int(genes["forward"].sum()), int(genes["reverse"].sum())
    if forward + reverse < MIN_READS_FOR_STRAND:
        return "", None
    share = forward / (forward + reverse)
    if share >= STRANDED_FROM:
        return "forward", share
    if share <= 1 - STRANDED_FROM:
        return "reverse", share
    low, high = UNSTRANDED_WITHIN
    return ("unstranded" if low <= share <= high else ""), share


def choose_strandedness(counts: pd.DataFrame, sheet: str, default: str) -> str:
    """Sheet before config before inference; unstranded where none of them says."""
    if sheet:
        return sheet
    if default != "infer":
        return default
    return infer_strandedness(counts)[0] or "unstranded"


def read_star_log(path: str | os.PathLike) -> dict[str, float]:
    """Numbers of STAR's Log.final.out by their label (percent signs taken off)."""
    seen = {}
    with open(path, encoding="utf-8") as handle:
        for line in handle:
            label, bar, value = line.partition("|")
            try:
                seen[label.strip()] = float(value.strip().rstrip("%"))
            except ValueError:
                continue
    return seen


def measure(
    counts_path: str,
    log_path: str,
    genes: pd.DataFrame,
    sample: Mapping[str, str],
    sheet: str,
    default: str,
    more: Mapping[str, tuple[float | None, str]] | None = None,
) -> pd.DataFrame:
    """QC rows of one RNA sample. `genes`: gene_id, gene_name, chrom, biotype; `sheet`: strandedness given.

    `more`: further measures, gate -> (value, reason). A strandedness that contradicts what was inferred fails
    its gate (it halves or empties the counts); the counts follow the sheet all the same.
    """
    counts, star = read_gene_counts(counts_path), read_star_log(log_path)
    strand, share = infer_strandedness(counts)
    given = sheet or ("" if default == "infer" else default)
    chosen = counts.iloc[4:][choose_strandedness(counts, sheet, default)]
    assigned = int(chosen.sum())
    about = genes.drop_duplicates("gene_id").set_index("gene_id").reindex(chosen.index)
    kinds, names = about["biotype"].fillna(""), about["gene_name"].fillna("")
    entered = star["Number of input reads"]
    mapped = star["Uniquely mapped reads number"] + star["Number of reads mapped to multiple loci"]
    values = {
        "reads": (2 * entered, ""),
        "mapped_fraction": (mapped / entered if entered else None, ""),
        "unique_fraction": (star["Uniquely mapped reads number"] / entered if entered else None, ""),
        "chimeric_reads": (star.get("Number of chimeric reads", 0.0), ""),
        "assigned_reads": (assigned, "" if len(chosen) else "no GTF: no gene counts"),
        "genes_detected": (int((chosen >= DETECTED_READS).sum()), ""),
        "rrna_fraction": _share_of(chosen, kinds.str.contains("rRNA"), "rRNA"),
        "globin_fraction": _share_of(chosen, names.isin(GLOBINS), "globin"),
        "immunoglobulin_fraction": _share_of(chosen, kinds.str.startswith("IG_"), "immunoglobulin"),
        **(more or {}),
    }
    rows = [{**sample, "gate": k, "value": v, "verdict": "", "reason": r} for k, (v, r) in values.items()]
    row = {**sample, "gate": "strandedness", "value": share, "verdict": "pass"}
    row["reason"] = f"forward share of assigned reads; inferred: {strand or 'cannot be told'}"
    if not given or not strand:
        row["verdict"] = "" if strand else "not_assessable"
    elif given != strand:
        row["verdict"] = "fail"
        row["reason"] = f"strandedness: given as {given}, the reads say {strand} (forward share {share:.2f})"
    rows.append(row)
    return pd.DataFrame(rows).assign(threshold=None)


def _share_of(counts: pd.Series, chosen: pd.Series, kind: str) -> tuple[float | None, str]:
    """Share of the counts in the chosen genes; no value where the annotation holds none of them."""
    if not chosen.any():
        return None, f"no {kind} gene in the annotation"
    total = counts.sum()
    return (float(counts[chosen.to_numpy()].sum() / total) if total else None), ""


def duplication(folder: str | os.PathLike) -> float | None:
    """Share of duplicate pairs over all units of a sample, as fastp sees it in the reads (weighted by reads).

    An expressed immunoglobulin alone gives many: a measure, not a gate.
    """
    seen = [json.loads(path.read_text()) for path in sorted(Path(folder).glob("*.json"))]
    reads_of = [one["summary"]["before_filtering"]["total_reads"] for one in seen]
    if not sum(reads_of):
        return None
    return sum(n * one["duplication"]["rate"] for n, one in zip(reads_of, seen, strict=True)) / sum(reads_of)


def measure_sample(
    given: Mapping[str, str],
    genes: pd.DataFrame,
    asked: Mapping[str, Any],
    rules: Mapping[str, Any],
    threads: int = 1,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(QC rows, one RNA_PURITY_MEASURES row) of one RNA sample.

    given: counts, star_log, cram, fasta, fastp (folder), exons and non_b_genes ("" where not given); genes: the
    GTF's gene table; asked: sample (patient, sample, assay, tissue), strandedness (of the sheet), default;
    rules: config section rna_quality.
    """
    every = read_gene_counts(given["counts"])
    counts = every.iloc[4:][choose_strandedness(every, asked["strandedness"], asked["default"])]
    exons = rna_coverage.read_exons(given["exons"])
    coding = set(genes.loc[genes["biotype"] == "protein_coding", "gene_id"])
    body = rna_coverage.body_genes(counts, exons, coding, rules)
    pieces = [
        rna_coverage.body_windows(exons, body),
        rna_coverage.gene_pieces(exons, set(rna_purity.segments(genes).index)),
    ]
    seen = rna_coverage.depth(given["cram"], given["fasta"], pd.concat(pieces, ignore_index=True), threads)
    row = rna_purity.measure(
        counts,
        rna_coverage.of_genes(seen),
        genes,
        rna_coverage.lengths(exons),
        rna_purity.read_non_b(given["non_b_genes"]),
        rules,
    )
    more = {
        "five_to_three_ratio": rna_coverage.five_to_three(seen, rules["body_min_genes"]),
        "duplicate_fraction": (duplication(given["fastp"]), "estimate of fastp"),
        **rna_purity.gate_rows(row),
    }
    sample = asked["sample"]
    paths = given["counts"], given["star_log"]
    qc = measure(*paths, genes, sample, asked["strandedness"], asked["default"], more)
    return qc, pd.DataFrame([{"patient": sample["patient"], "sample": sample["sample"], **row}])
