"""RNA FASTQ to counts, fusions and QC, against STAR alone."""

import csv
import gzip
import os
import shutil
from pathlib import Path

import figure_reads
import reads
from measure import compared, run

GOAL = 1.20
WANTED = ("results/expression/counts.tsv.gz", "results/expression/fusions.tsv", "results/alignments/qc.tsv")
REFERENCES = ("star", "genome.dict", "genes.tsv", "exons.tsv.gz", "regions.tsv", "common_sites.vcf.gz")
LONG = "FASTQ to counts, fusions and QC"


def prepared(work: Path, data: Path) -> Path:
    """A run folder whose references stand."""
    return figure_reads.prepared(work, data, "bwa", "rna", REFERENCES)


def align_ours(here: Path, out: Path) -> None:
    """The function that the rule align_rna calls: trimmed, aligned, counted, chimeric junctions, sorted CRAM."""
    from myeloma import alignments, rna

    os.chdir(here)
    ends = {
        "cram": "cram",
        "crai": "cram.crai",
        "counts": "counts",
        "junctions": "junctions",
        "star_log": "log",
    }
    reference = alignments.Reference("results/references/genome.fa", "results/references/genome.dict", "")
    outputs = {name: str(out / f"ours.{end}") for name, end in ends.items()} | {
        "fastp": str(out / "ours.fastp")
    }
    rna.align("B1-R", [figure_reads.unit("R")], "results/references/star", reference, outputs, 36, threads=2)


def bare(here: Path, data: Path, out: Path, *more) -> None:
    """STAR alone on the FASTQ as they are, SAM to nowhere."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    words = [
        "STAR",
        "--runThreadN",
        2,
        "--genomeDir",
        here / "results/references/star",
        "--readFilesCommand",
        "zcat",
    ]
    words += ["--readFilesIn", *figure_reads.fastqs(data, "R"), "--outFileNamePrefix", f"{out}/", *more]
    with open(os.devnull, "w") as nowhere:
        run([*words, "--outStd", "SAM"], stdout=nowhere)


def usual(here: Path, data: Path, out: Path) -> None:
    """The usual steps one after the other: FastQC, fastp to files, STAR with counts and junctions, sort, index, stats."""
    from myeloma import rna

    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    one, two = figure_reads.fastqs(data, "R")
    if shutil.which("fastqc"):
        run(["fastqc", "-q", "-t", 2, "-o", out, one, two])
    trimmed = [out / f"R_{mate}.fq.gz" for mate in (1, 2)]
    run(["fastp", "-w", 2, "-i", one, "-I", two, "-o", trimmed[0], "-O", trimmed[1],
         "-j", out / "R.json", "-h", out / "R.html"])  # fmt: skip
    chimeric = [word for name, value in rna.CHIMERIC.items() for word in (f"--{name}", value)]
    run(["STAR", "--runThreadN", 2, "--genomeDir", here / "results/references/star", "--readFilesCommand", "zcat",
         "--readFilesIn", *trimmed, "--outFileNamePrefix", f"{out}/", "--outSAMtype", "BAM", "Unsorted",
         "--quantMode", "GeneCounts", "--chimOutType", "Junctions", *chimeric])  # fmt: skip
    run(["samtools", "sort", "-@", 1, "-o", out / "R.bam", out / "Aligned.out.bam"])
    run(["samtools", "index", out / "R.bam"])
    run(["samtools", "stats", out / "R.bam"])


def rows(work: Path, kept, data: Path, pairs: int) -> list[dict]:
    here, out = prepared(work, data), work / "rna"
    out.mkdir(exist_ok=True)
    config = reads.config(data, "bwa", "rna")
    sides = {
        "ours": lambda: figure_reads.whole_run(here, config, WANTED),
        "align": lambda: align_ours(here, out),
        "bare": lambda: bare(here, data, out / "bare"),
        "usual": lambda: usual(here, data, out / "usual"),
    }
    rounds = kept.series(sides, pairs, "rna")
    seen = kept.once("rna: accuracy", lambda: {
        "ours": accuracy(here, data),
        "usual": reads.count_accuracy(data, star_counts(out / "usual/ReadsPerGene.out.tab")),
    })  # fmt: skip
    adds = "added to STAR: fastp, whole-file check, chimeric detection, gene counts, sorted CRAM, alleles, QC, fusions"
    return [
        compared(f"RNA {LONG}, against STAR alone", rounds, "ours", "bare", GOAL, adds, (seen["ours"], "")),
        compared("RNA alignment job alone, against STAR alone", rounds, "align", "bare", "", "align_rna"),
        compared(f"RNA {LONG}, against the usual separate steps", rounds, "ours", "usual", "",
                 "theirs end without fusions and alleles", (seen["ours"], seen["usual"])),
    ]  # fmt: skip


def star_counts(path: Path) -> dict[str, int]:
    """Unstranded counts of a ReadsPerGene.out.tab."""
    lines = [line.split("\t") for line in path.read_text().splitlines()]
    return {row[0]: int(row[1]) for row in lines if not row[0].startswith("N_")}


def accuracy(here: Path, data: Path) -> str:
    """Counts and fusions of our run against what was planted."""
    with gzip.open(here / "results/expression/counts.tsv.gz", "rt") as handle:
        counts = {row["gene_id"]: int(float(row["B1-R"])) for row in csv.DictReader(handle, delimiter="\t")}
    with open(here / "results/expression/fusions.tsv") as handle:
        found = [row for row in csv.DictReader(handle, delimiter="\t") if row["filter"] == "PASS"]
    called = {(row["gene_a"], row["gene_b"]) for row in found}
    return f"{reads.count_accuracy(data, counts)}; {reads.fusion_accuracy(data, called)}"
