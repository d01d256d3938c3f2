"""FASTQ to analysis-ready alignment, and tumour-normal FASTQ to annotated calls and copy number, against the peers."""

import os
import shutil
import sys
from pathlib import Path

import reads
from measure import PROJECT, compared, pipe, run

sys.path.insert(0, str(PROJECT / "workflow/scripts"))

CALLS = ("results/calls/annotated_variants.tsv.gz", "results/calls/segments.tsv.gz")
ALIGN_GOAL = {"bwa": 1.10, "bwa-mem4": 1.4}
MADE = ("alignments", "calls", "cohort", "reads", "expression")


REFERENCES = ("bwa/genome.fa.amb", "snpeff", "germline.vcf.gz", "common_sites.vcf.gz", "kits/k1.targets.bed",
              "regions.tsv", "arms.tsv", "coding.tsv.gz")  # fmt: skip


def prepared(work: Path, data: Path, aligner: str, assay: str = "wes", references=REFERENCES) -> Path:
    """A run folder whose references stand; what comes after them is measured."""
    here = work / f"run-{data.name}-{assay}-{aligner}"
    stamp = here / "references.whole"
    if not (stamp.exists() and stamp.read_text() == reads.digest()):
        shutil.rmtree(here, ignore_errors=True)
        here.mkdir()
        (here / "in").symlink_to(data / "in")
        ours(here, reads.config(data, aligner, assay), [f"results/references/{name}" for name in references])
        stamp.write_text(reads.digest())
    return here


def words(here: Path, config: Path, targets) -> list:
    """The command of a user."""
    return [PROJECT / "run", "--configfile", config, "--directory", here, "--cores", "2", *targets]


def ours(here: Path, config: Path, targets) -> None:
    """The workflow itself, as a user starts it."""
    run(words(here, config, targets))


def forget(here: Path) -> None:
    """Take away what a run made, but for the references."""
    for name in MADE:
        shutil.rmtree(here / "results" / name, ignore_errors=True)


def align_ours(here: Path, data: Path, aligner: str, target: Path) -> None:
    """The function that the rule align_wes calls."""
    from myeloma import alignments

    reference = "results/references"
    os.chdir(here)
    alignments.align(
        "B1-T",
        [unit("T")],
        alignments.Reference(
            f"{reference}/genome.fa", f"{reference}/genome.dict", f"{reference}/bwa/genome.fa"
        ),
        alignments.Options(aligner=aligner),
        str(target / "ours.cram"),
        str(target / "ours.fastp"),
        2,
    )


def unit(name: str) -> dict[str, str]:
    lane = {"T": "1", "N": "2", "R": "3"}[name]
    return {"patient": "B1", "sample": f"B1-{name}", "library": f"lib{name}", "flowcell": "HBENCHDSXX", "lane": lane,
            "id": f"HBENCHDSXX.{lane}", "fastq_1": f"in/B1-{name}_R1_001.fastq.gz",
            "fastq_2": f"in/B1-{name}_R2_001.fastq.gz", "bam": "", "umi": ""}  # fmt: skip


def fastqs(data: Path, name: str) -> list[Path]:
    return [data / f"in/B1-{name}_R{mate}_001.fastq.gz" for mate in (1, 2)]


def group(name: str) -> str:
    return f"@RG\\tID:{name}\\tSM:B1-{name}\\tLB:lib{name}\\tPL:ILLUMINA\\tPU:{name}"


def bare(here: Path, data: Path, aligner: str) -> None:
    """The aligner alone, SAM to nowhere."""
    index = here / "results/references/bwa/genome.fa"
    with open(os.devnull, "w") as nowhere:
        import subprocess

        words = [aligner, "mem", "-t", "2", index, *fastqs(data, "T")]
        subprocess.run(list(map(str, words)), stdout=nowhere, stderr=nowhere, check=True)


def separate(here: Path, data: Path, aligner: str, out: Path, name: str) -> Path:
    """The usual steps one after the other: fastp to files, align | sort, MarkDuplicates, index; returns the BAM."""
    trimmed = [out / f"{name}_{mate}.fq.gz" for mate in (1, 2)]
    one, two = fastqs(data, name)
    run(["fastp", "-w", 2, "-i", one, "-I", two, "-o", trimmed[0], "-O", trimmed[1],
         "-j", out / f"{name}.json", "-h", out / f"{name}.html"])  # fmt: skip
    index = here / "results/references/bwa/genome.fa"
    pipe([aligner, "mem", "-t", 2, "-R", group(name), index, *trimmed],
         ["samtools", "sort", "-@", 1, "-o", out / f"{name}.sorted.bam", "-"])  # fmt: skip
    marked = out / f"{name}.marked.bam"
    run(
        [
            "gatk",
            "MarkDuplicates",
            "-I",
            out / f"{name}.sorted.bam",
            "-O",
            marked,
            "-M",
            out / f"{name}.metrics",
        ]
    )
    run(["samtools", "index", marked])
    return marked


def peers(here: Path, data: Path, aligner: str, out: Path) -> None:
    """The peers' list of steps for a tumour and its normal, each alone."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    reference = here / "results/references"
    fasta, sites = reference / "genome.fa", reference / "germline.vcf.gz"
    common, targets = reference / "common_sites.vcf.gz", reference / "kits/k1.targets.bed"
    padded = ["-L", targets, "--interval-padding", 50]
    if shutil.which("fastqc"):
        run(["fastqc", "-q", "-t", 2, "-o", out, *fastqs(data, "T"), *fastqs(data, "N")])
    ready = {}
    for name in ("T", "N"):
        marked = separate(here, data, aligner, out, name)
        table, ready[name] = out / f"{name}.bqsr", out / f"{name}.bam"
        run(
            [
                "gatk",
                "BaseRecalibrator",
                "-R",
                fasta,
                "-I",
                marked,
                "--known-sites",
                sites,
                *padded,
                "-O",
                table,
            ]
        )
        run(["gatk", "ApplyBQSR", "-R", fasta, "-I", marked, "--bqsr-recal-file", table, "-O", ready[name]])
        run(["mosdepth", "-t", 2, "-n", "--by", targets, out / name, ready[name]])
        run(["samtools", "stats", ready[name]])
        run(["gatk", "GetPileupSummaries", "-R", fasta, "-I", ready[name], "-V", common, "-L", common,
             "-O", out / f"{name}.pileups"])  # fmt: skip
    run(["gatk", "Mutect2", "-R", fasta, "-I", ready["T"], "-I", ready["N"], "-normal", "B1-N", *padded,
         "--germline-resource", sites, "--f1r2-tar-gz", out / "f1r2.tar.gz",
         "--native-pair-hmm-threads", 2, "-O", out / "raw.vcf.gz"])  # fmt: skip
    run(["gatk", "LearnReadOrientationModel", "-I", out / "f1r2.tar.gz", "-O", out / "model.tar.gz"])
    run(["gatk", "CalculateContamination", "-I", out / "T.pileups", "-matched", out / "N.pileups",
         "-O", out / "contamination", "--tumor-segmentation", out / "segmentation"])  # fmt: skip
    run(["gatk", "FilterMutectCalls", "-R", fasta, "-V", out / "raw.vcf.gz", "--ob-priors", out / "model.tar.gz",
         "--contamination-table", out / "contamination", "--tumor-segmentation", out / "segmentation",
         "-O", out / "filtered.vcf.gz"])  # fmt: skip
    database = reference / "snpeff"
    genome = snpeff_name(database)
    pipe(["snpEff", "-Xmx3g", "ann", "-noStats", "-c", database / "snpEff.config", genome, out / "filtered.vcf.gz"],
         to=out / "annotated.vcf")  # fmt: skip
    run(["gatk", "PreprocessIntervals", "-R", fasta, "-L", targets, "--bin-length", 0,
         "--interval-merging-rule", "OVERLAPPING_ONLY", "-O", out / "copy.interval_list"])  # fmt: skip
    for name in ("T", "N"):
        run(["gatk", "CollectReadCounts", "-I", ready[name], "-L", out / "copy.interval_list",
             "--interval-merging-rule", "OVERLAPPING_ONLY", "-O", out / f"{name}.counts.hdf5"])  # fmt: skip
    run(["gatk", "DenoiseReadCounts", "-I", out / "T.counts.hdf5", "--standardized-copy-ratios", out / "T.std",
         "--denoised-copy-ratios", out / "T.cr"])  # fmt: skip
    run(["gatk", "ModelSegments", "--denoised-copy-ratios", out / "T.cr", "--output-prefix", "T", "-O", out])


def snpeff_name(database: Path) -> str:
    """Name of the genome in a database that the workflow built."""
    lines = (database / "snpEff.config").read_text().splitlines()
    return next(line.split(".genome")[0].strip() for line in lines if ".genome" in line)


def whole_run(here: Path, config: Path, targets=CALLS) -> None:
    forget(here)
    ours(here, config, targets)


def aligners(asked: str) -> list[str]:
    """The aligners asked for that are installed."""
    return [name for name in asked.split(",") if shutil.which(name)]


def align_rows(work, kept, data, pairs: int, asked: str) -> list[dict]:
    out = work / "align"
    found = []
    for aligner in aligners(asked):
        here = prepared(work, data, aligner)
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        sides = {
            "ours": lambda h=here, a=aligner: align_ours(h, data, a, out),
            "bare": lambda h=here, a=aligner: bare(h, data, a),
            "separate": lambda h=here, a=aligner: separate(h, data, a, out, "T"),
        }
        rounds = kept.series(sides, pairs, f"align {aligner}")
        found.append(compared(f"alignment, {aligner}, against the bare aligner", rounds, "ours", "bare",
                              ALIGN_GOAL[aligner]))  # fmt: skip
        found.append(
            compared(f"alignment, {aligner}, against separate steps", rounds, "ours", "separate", "")
        )
    return found


#: Title, our aligner, the peers', goal. Our config's default is bwa; `make fast` is the set-up that README recommends.
PAIRINGS = (
    ("both with bwa", "bwa", "bwa", 0.35),
    ("ours with bwa-mem4, peers with bwa", "bwa-mem4", "bwa", 0.35),
    ("both with bwa-mem4", "bwa-mem4", "bwa-mem4", 0.55),
)


def calls_rows(work, kept, data, pairs: int, asked: str) -> list[dict]:
    """Each side is measured once a round with each aligner; the pairings are made from the same rounds."""
    sides, places = {}, {}
    for aligner in aligners(asked):
        here, out = prepared(work, data, aligner), work / f"peers-{data.name}-{aligner}"
        places[aligner] = here, out
        config = reads.config(data, aligner)
        sides[f"ours {aligner}"] = lambda h=here, c=config: whole_run(h, c)
        sides[f"peers {aligner}"] = lambda h=here, a=aligner, o=out: peers(h, data, a, o)
    rounds = kept.series(sides, pairs, f"calls {' '.join(places)}")
    # what the last round left; the VCFs of either side are the same in each
    seen = kept.once("calls: accuracy", lambda: {
        **{f"ours {a}": reads.accuracy(data, h / "results/calls/B1.somatic.vcf.gz") for a, (h, _) in places.items()},
        **{f"peers {a}": reads.accuracy(data, o / "annotated.vcf") for a, (_, o) in places.items()},
    })  # fmt: skip
    note = "" if shutil.which("fastqc") else "without FastQC, which is not installed (tests/bench/install.sh)"
    return [
        compared(f"tumour-normal to calls and copy number, {title}", rounds, f"ours {mine}", f"peers {theirs}",
                 goal, note, accuracy=(seen[f"ours {mine}"], seen[f"peers {theirs}"]))
        for title, mine, theirs, goal in PAIRINGS
        if mine in places and theirs in places
    ]  # fmt: skip
