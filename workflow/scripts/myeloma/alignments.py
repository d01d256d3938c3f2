"""From the units of one sample to one CRAM: trim, align per lane, mark duplicates per library, sort.

One stream without intermediate files for a sample of one library:
fastp | aligner (lane after lane) | samblaster | samtools sort. Only argument lists, no shell.
"""

import contextlib
import json
import logging
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from myeloma import reads
from myeloma.run import ToolError, command

ALIGNERS = ("bwa", "bwa-mem2", "bwa-mem4")
# More than one fastp worker writes the pairs in an order that depends on timing (0.23.2, seen).
FASTP_WORKERS = 1
COPY = 1 << 20


@dataclass(frozen=True)
class Reference:
    """FASTA (with .fai), its sequence dictionary (M5 in it) and the prefix of the aligner's index."""

    fasta: str
    dictionary: str
    index: str


@dataclass(frozen=True)
class Options:
    """What changes the alignment (threads do not)."""

    aligner: str = "bwa"
    chunk_bases: int = 10_000_000
    min_read_length: int = 36


def align(
    sample: str,
    units: Sequence[Mapping[str, str]],
    reference: Reference,
    options: Options,
    cram: str,
    fastp_folder: str,
    threads: int = 1,
    sort_memory_mb: int = 768,
) -> None:
    """Write `cram`, `cram`.crai and one fastp JSON per unit; raise ToolError naming the unit at fault.

    Duplicates are marked within a library over all its lanes; several libraries are merged afterwards.
    """
    if options.aligner not in ALIGNERS:
        raise ValueError(f"align.aligner must be one of {', '.join(ALIGNERS)}; found {options.aligner}")
    if not units:
        raise ToolError(f"sample {sample} has no unit to align")
    target = Path(cram)
    target.parent.mkdir(parents=True, exist_ok=True)
    Path(fastp_folder).parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as name:
        private = Path(name)
        (private / "fastp").mkdir()
        made = private / "made.cram"
        libraries = list(dict.fromkeys(unit["library"] for unit in units))
        parts = []
        for number, library in enumerate(libraries):
            of_library = [unit for unit in units if unit["library"] == library]
            part = made if len(libraries) == 1 else private / f"library{number}.bam"
            _library(of_library, reference, options, part, private, threads, sort_memory_mb)
            parts.append(part)
        if len(parts) > 1:
            command(
                ["samtools", "merge", "--no-PG", "-c", "-p", "-@", threads - 1, "-O", "cram"]
                + ["--reference", reference.fasta, "-o", made, *parts]
            )
        _strip_uris(made, private / "header.sam")
        _check_mates(made, units, reference)
        command(["samtools", "index", "-@", threads - 1, made])
        shutil.rmtree(fastp_folder, ignore_errors=True)
        os.replace(private / "fastp", fastp_folder)
        os.replace(f"{made}.crai", f"{cram}.crai")
        os.replace(made, cram)


def read_group(unit: Mapping[str, str]) -> str:
    """The @RG line of one lane."""
    fields = {
        "ID": f"{unit['sample']}.{unit['id']}",
        "SM": unit["sample"],
        "LB": unit["library"],
        "PU": f"{unit['flowcell']}.{unit['lane']}",
        "PL": "ILLUMINA",
    }
    return "\t".join(["@RG", *(f"{key}:{value}" for key, value in fields.items())])


def header(units: Sequence[Mapping[str, str]], reference: Reference, options: Options) -> str:
    """SAM header of a library: contigs with M5 and without UR, a @RG per lane, tools without paths."""
    with open(reference.dictionary, encoding="utf-8") as handle:
        contigs = [_without_uri(line.rstrip("\n")) for line in handle if line.startswith("@SQ")]
    programs = [f"@PG\tID:{name}\tPN:{name}\tVN:{tool_version(name)}" for name in ("fastp", options.aligner)]
    lines = ["@HD\tVN:1.6\tSO:unsorted\tGO:query", *contigs, *map(read_group, units), *programs]
    return "".join(f"{line}\n" for line in lines)


def _without_uri(line: str) -> str:
    return "\t".join(field for field in line.split("\t") if not field.startswith("UR:"))


def tool_version(name: str) -> str:
    """Version of fastp, an aligner or samblaster as it says itself; "unknown" when it does not."""
    words = {"fastp": ["fastp", "--version"], "bwa": ["bwa"], "bwa-mem2": ["bwa-mem2", "version"]}.get(
        name, [name, "--version"]
    )
    try:
        said = subprocess.run(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ).stdout.decode(errors="replace")
    except FileNotFoundError as error:
        raise ToolError(f"{name} is not installed or not on PATH") from error
    found = re.search(r"\d+\.\d+[\w.-]*", said)
    return found.group() if found else "unknown"


def _strip_uris(cram: Path, scratch: Path) -> None:
    """Take UR (a path of this machine, which htslib adds to every CRAM) out of the header, in place."""
    lines = command(["samtools", "view", "-H", "--no-PG", cram]).splitlines()
    scratch.write_text("".join(f"{_without_uri(line)}\n" for line in lines), encoding="utf-8")
    command(["samtools", "reheader", "-P", "-i", scratch, cram])


def _check_mates(cram: Path, units, reference: Reference) -> None:
    """Every read must have met its mate; the aligner takes neighbours of different name as single reads.

    Raises ToolError naming the unit of the first read without one.
    """
    view = ["samtools", "view", "--reference", reference.fasta, "--excl-flags", "1"]
    alone = int(command([*view, "-c", "--input-fmt-option", "required_fields=0x2", cram]))
    if not alone:
        return
    seen = {}
    for line in command([*view, cram]).splitlines():
        group = re.search(r"\tRG:Z:([^\t]+)", line)
        seen.setdefault(group.group(1) if group else "", line.split("\t")[0])
    unit = next(u for u in units if f"{u['sample']}.{u['id']}" in seen)
    raise reads.unit_error(
        unit,
        unit.get("bam") or unit["fastq_1"],
        "R1 and R2 do not hold the same reads in the same order "
        f"({alone} reads of the sample have no mate; first: {seen[unit['sample'] + '.' + unit['id']]})",
    )


class Chain:
    """Processes joined by pipes. Every exit status is looked at; what one says goes to the log."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.members: list[tuple[str, subprocess.Popen, Path]] = []

    def start(self, words: Sequence, stdin, stdout=subprocess.PIPE) -> subprocess.Popen:
        """Start one member; its standard error goes to a private file until it is reported."""
        arguments = [str(word) for word in words]
        logging.info("run: %s", arguments)
        handle, said = tempfile.mkstemp(prefix="stderr.", dir=self.folder)
        try:
            process = subprocess.Popen(arguments, stdin=stdin, stdout=stdout, stderr=handle)
        except FileNotFoundError as error:
            raise ToolError(f"{arguments[0]} is not installed or not on PATH") from error
        finally:
            os.close(handle)
        self.members.append((" ".join(arguments[:2]), process, Path(said)))
        return process

    def join(self) -> dict[str, str]:
        """Wait for all; return what each said. Raises ToolError for the member that failed by itself."""
        told, failed = {}, []
        for name, process, path in self.members:
            status = process.wait()
            told[name] = path.read_text(errors="replace")
            logging.info("%s ended with %s and said:\n%s", name, status, told[name])
            if status:
                failed.append((name, status))
        if failed:
            # A member killed by a broken pipe (signal 13; 141 through Debian's wrapper of STAR) is a victim.
            name, status = next((f for f in failed if f[1] not in (-13, 141)), failed[0])
            last = "\n".join(told[name].strip().splitlines()[-15:])
            raise ToolError(f"{name} failed (exit status {status}):\n{last}")
        return told

    def kill(self) -> None:
        """Stop what still runs."""
        for _, process, _ in self.members:
            if process.poll() is None:
                process.kill()
            process.wait()


@contextlib.contextmanager
def chain(folder: Path) -> Iterator[Chain]:
    """A chain whose members are gone when the block ends, however it ends."""
    members = Chain(folder)
    try:
        yield members
    finally:
        members.kill()


def _library(units, reference, options, target, folder, threads, sort_memory_mb) -> None:
    """Align all lanes of one library into one sorted, duplicate-marked file."""
    form = "cram" if target.suffix == ".cram" else "bam"
    with chain(folder) as sink:
        mark = sink.start(["samblaster", "--addMateTags", "--ignoreUnmated"], stdin=subprocess.PIPE)
        sort = ["samtools", "sort", "--no-PG", "-@", max(0, threads - 1), "-m", f"{sort_memory_mb}M"]
        sort += ["-T", folder / "sort", "-O", form, "--reference", reference.fasta, "-o", target]
        sink.start(sort, stdin=mark.stdout, stdout=subprocess.DEVNULL)
        mark.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            mark.stdin.write(header(units, reference, options).encode())
            for unit in units:
                _unit(unit, reference, options, mark.stdin, folder, threads)
        with contextlib.suppress(BrokenPipeError):
            mark.stdin.close()
        # Reads without their mate pass here (--ignoreUnmated) so that _check_mates can name their unit.
        sink.join()


def _unit(unit, reference, options, sink, folder, threads) -> None:
    """Stream the alignments of one unit (without header) to `sink`; check that the unit was whole."""
    with ThreadPoolExecutor(1) as pool, chain(folder) as source:
        counted = None if unit.get("bam") else pool.submit(reads.check_pair, unit)
        report = folder / "fastp" / f"{unit['id']}.json"
        trimmed = _trimmed(source, unit, reference, options, report, folder)
        # bwa-mem4 does not know `-` as standard input.
        words = [options.aligner, "mem", "-p", "-K", options.chunk_bases, "-t", threads]
        words += ["-R", read_group(unit).replace("\t", "\\t"), reference.index, "/dev/stdin"]
        aligned = source.start(words, stdin=trimmed.stdout)
        trimmed.stdout.close()
        first = _after_header(aligned.stdout)
        sink.write(first)
        shutil.copyfileobj(aligned.stdout, sink, COPY)
        pairs = counted.result() if counted else None
        try:
            told = source.join()
        except ToolError as error:
            path = unit.get("bam") or unit["fastq_1"]
            raise reads.unit_error(unit, path, str(error)) from error
        _check_told(unit, told, report, pairs)


def _trimmed(source: Chain, unit, reference, options, report: Path, folder: Path) -> subprocess.Popen:
    fastp = ["fastp", "--stdout", "--thread", FASTP_WORKERS, "--length_required", options.min_read_length]
    # Base qualities are for the caller to weigh; only adapters and short leftovers go. Duplicates are marked
    # by samblaster: fastp's own estimate costs 1 GB of memory and a third of its processor time.
    fastp += ["--disable_quality_filtering", "--dont_eval_duplication"]
    fastp += ["--json", report, "--html", os.devnull, *reads.umi_words(unit)]
    if not unit.get("bam"):
        return source.start([*fastp, "--in1", unit["fastq_1"], "--in2", unit["fastq_2"]], subprocess.DEVNULL)
    names = [
        "samtools",
        "collate",
        "-u",
        "-O",
        "--reference",
        reference.fasta,
        unit["bam"],
        folder / "collate",
    ]
    collated = source.start(names, subprocess.DEVNULL)
    paired = source.start(
        ["samtools", "fastq", "-n", "-s", os.devnull, "-0", os.devnull, "-"], collated.stdout
    )
    collated.stdout.close()
    trimmed = source.start([*fastp, "--stdin", "--interleaved_in"], paired.stdout)
    paired.stdout.close()
    return trimmed


def _after_header(stream) -> bytes:
    """Read past the header lines; return the first alignment line (b"" if there is none)."""
    for line in iter(stream.readline, b""):
        if not line.startswith(b"@"):
            return line
    return b""


def _check_told(unit, told: Mapping[str, str], report: Path, pairs: int | None) -> None:
    """Compare what fastp took in with what the files hold."""
    try:
        seen = json.loads(report.read_text())["summary"]["before_filtering"]["total_reads"]
    except json.JSONDecodeError as error:
        # fastp ends with 0 when it could not write all of its report
        free = shutil.disk_usage(report.parent).free
        raise ToolError(
            f"fastp's report {report} is cut short, although fastp says nothing of it. Is the disk full? "
            f"{free / 1e6:.1f} MB are free there; make room and run the same command again."
        ) from error
    path = unit.get("bam") or unit["fastq_1"]
    if seen == 0:
        raise reads.unit_error(unit, path, "holds no pair of reads")
    if pairs is not None and seen != 2 * pairs:
        raise reads.unit_error(unit, path, f"holds {pairs} pairs and fastp read {seen / 2:g} of them")
    said = told.get("fastp --stdout", "")
    if "sequence and quality have different length" in said:
        raise reads.unit_error(unit, path, "has a record whose bases and qualities differ in length")


def decode(cram: str, fasta: str, bam: str, threads: int = 1) -> None:
    """Write the BAM (with .bai) that tools share which read CRAM slowly; meant to be temporary."""
    target = Path(bam)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as name:
        made = Path(name) / "made.bam"
        view = ["samtools", "view", "-@", threads - 1, "--no-PG", "--fast", "--reference", fasta]
        command([*view, "-o", made, cram])
        command(["samtools", "index", "-@", threads - 1, made])
        os.replace(f"{made}.bai", f"{bam}.bai")
        os.replace(made, bam)
