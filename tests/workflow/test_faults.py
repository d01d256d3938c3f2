"""Broken input: a clear error for each, and nothing half-made left as if it were finished."""

import contextlib
import gzip
import os
import shutil
import subprocess

import pysam
import pytest
import tiny
import yaml
from planning import PROJECT, snakemake

pytestmark = pytest.mark.tools
TOOLS = ("bwa", "samtools", "fastp", "samblaster", "gatk", "mosdepth")


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pristine") / "run"
    tiny.cohort(folder)
    return folder


@pytest.fixture
def run(pristine, tmp_path, tools):
    tools(*TOOLS)
    folder = tmp_path / "run"
    shutil.copytree(pristine, folder)
    return folder


def truncate(path):
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def shorten(path):
    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    path.write_bytes(gzip.compress(b"".join(lines[: len(lines) // 8 * 4]), mtime=0))


def empty(path):
    path.write_bytes(gzip.compress(b"", mtime=0))


@pytest.mark.parametrize("fault", [truncate, shorten, empty])
def test_a_broken_fastq_names_itself_and_the_way_on(run, fault):
    fault(run / "in/P1-T_R2.fastq.gz")
    done = snakemake(run, "--cores", "2", "results/alignments/P1-T.cram", check=False)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "P1-T" in said and "P1-T_R2.fastq.gz" in said
    assert "exclusions.tsv" in said
    assert not (run / "results/alignments/P1-T.cram").exists()
    assert (
        not list((run / "results/alignments").glob("P1-T*"))
        if (run / "results/alignments").exists()
        else True
    )


def documented(folder, *arguments):
    """The README's command, with its closing summary."""
    words = [
        PROJECT / "run",
        "--configfile",
        "config.yaml",
        "--directory",
        folder,
        "--cores",
        "2",
        *arguments,
    ]
    done = subprocess.run(list(map(str, words)), cwd=folder, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_one_broken_sample_does_not_block_the_other_and_the_summary_names_the_way_on(run):
    truncate(run / "in/P1-T_R1.fastq.gz")
    targets = ["results/alignments/P1-T.cram", "results/alignments/P1-N.cram"]
    status, said = documented(run, "--keep-going", *targets)
    assert status != 0
    assert (run / "results/alignments/P1-N.cram").exists()
    assert not list((run / "results/alignments").glob("*P1-T*"))
    summary = said[said.rindex("jobs done") :]
    line = next(text for text in summary.splitlines() if "\tP1-T\t" in text)
    with open(run / "exclusions.tsv", "a") as sheet:
        sheet.write(line.removeprefix("  ") + "\n")
    status, said = documented(run, "results/cohort/samples.tsv", "results/alignments/P1-N.cram")
    assert status == 0, said
    assert "align_wes failed" in (run / "results/cohort/samples.tsv").read_text()


def test_a_given_vcf_without_an_index_gets_one_beside_the_results(run):
    genome = "".join((run / "in/genome.fa").read_text().split("\n")[1])
    lines = ["##fileformat=VCFv4.2", '##INFO=<ID=AF,Number=A,Type=Float,Description="frequency">']
    lines += [f"##contig=<ID={name},length={size}>" for name, size in tiny.CONTIGS.items()]
    lines += ["#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"]
    lines += [f"chr1\t1001\t.\t{genome[1000]}\t{'C' if genome[1000] == 'A' else 'A'}\t.\t.\tAF=0.1"]
    given = run / "in/germline.vcf.gz"
    pysam.tabix_compress(str(written(run / "in/germline.vcf", lines)), str(given), force=True)
    config = yaml.safe_load((run / "config.yaml").read_text())
    config["reference"]["germline"] = "in/germline.vcf.gz"
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    snakemake(run, "--cores", "2", "results/references/germline.vcf.gz")
    assert (run / "results/references/germline.vcf.gz.tbi").exists()
    assert not (run / "in/germline.vcf.gz.tbi").exists(), "what is given is never written to"
    wrong = [text.replace("length=30000", "length=31000") for text in lines]
    pysam.tabix_compress(str(written(run / "in/germline.vcf", wrong)), str(given), force=True)
    done = snakemake(run, "--cores", "1", "check", check=False)
    assert done.returncode != 0
    assert "reference.germline" in done.stderr and "31000" in done.stderr and "fix:" in done.stderr


def written(path, lines):
    path.write_text("\n".join(lines) + "\n")
    return path


def test_check_names_every_table_of_another_build(run):
    for name in ("arms.tsv", "regions.tsv", "targets.bed"):
        path = run / "in" / name
        path.write_text(path.read_text().replace("chr", "contig_").replace("contig_om", "chrom"))
    done = snakemake(run, "--cores", "1", "check", check=False)
    assert done.returncode != 0
    for field in ("reference.arms", "reference.regions", "kits.k1.targets"):
        assert field in done.stderr, field
    assert not (run / "results").exists()


def test_an_excluded_unit_leaves_the_run_and_says_so(run):
    with open(run / "exclusions.tsv", "a") as sheet:
        sheet.write("\tP1-T\tlib1\tFC1\t1\tall\ttruncated file\n")
    truncate(run / "in/P1-T_R1.fastq.gz")
    snakemake(run, "--cores", "2", "results/cohort/samples.tsv")
    assert "truncated file" in (run / "results/cohort/samples.tsv").read_text()


def test_targets_of_another_build_are_refused_by_name(run):
    (run / "in/targets.bed").write_text("1\t1000\t1200\n")
    done = snakemake(run, "--cores", "2", "results/references/kits/k1.targets.bed", check=False)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "targets.bed" in said and "chr1" in said
    assert not (run / "results/references/kits/k1.targets.bed").exists()


def test_targets_beyond_the_contig_are_refused(run):
    (run / "in/targets.bed").write_text("chr1\t1000\t900000\n")
    done = snakemake(run, "--cores", "2", "results/references/kits/k1.targets.bed", check=False)
    assert done.returncode != 0
    assert "900000" in done.stdout + done.stderr


def test_a_sheet_with_ten_mistakes_starts_nothing_and_names_them_all(run):
    with open(run / "samples.tsv", "a") as sheet:
        sheet.write("P1-X\tNOBODY\twes\ttumour\t05.01.2024\tk1\t0.9\n")
        sheet.write("P1-T\tP1\twgs\ttumor\t2024-01-05\tk9\t90\n")
        sheet.write("$(touch pwned)\tP1\trna\ttumour\t2024-01-05\t\t\n")
    with open(run / "units.tsv", "a") as sheet:
        sheet.write("P1-N\tlib1\tFC1\t1\tin/P1-T_R1.fastq.gz\tin/P1-T_R1.fastq.gz\n")
        sheet.write("P1-T\tlib1\tFC2\t1\tin/absent_R1.fastq.gz\tin/absent_R2.fastq.gz\n")
    done = snakemake(run, "--cores", "1", check=False)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    wanted = ["NOBODY", "05.01.2024", "wgs", "tumor", "k9", "90", "touch pwned", "absent_R1.fastq.gz"]
    assert [word for word in wanted if word not in said] == []
    assert "twice" in said.lower() or "duplicate" in said.lower()
    assert not (run / "pwned").exists()
    assert not (run / "results").exists() or not list((run / "results").rglob("*.*"))


CRAM = "results/alignments/P1-N.cram"


@pytest.fixture(scope="module")
def finished(pristine, tmp_path_factory, tools):
    """A run that has aligned the normal, and stopped there."""
    tools(*TOOLS)
    folder = tmp_path_factory.mktemp("finished") / "run"
    shutil.copytree(pristine, folder)
    snakemake(folder, "--cores", "2", CRAM)
    return folder


@pytest.fixture
def aligned(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "run", symlinks=True)


def reads_in(path):
    """Reads of a CRAM, each counted once; the reference is not needed to count."""
    return int(pysam.view("-c", "-F", "0x900", str(path)).strip())


def records(path):
    """The alignments of a CRAM as text; its bytes may differ with the memory that the sort had."""
    return pysam.view("--reference", str(path.parents[2] / "in/genome.fa"), str(path))


def test_an_output_cut_short_is_named_and_made_again_once_it_is_deleted(aligned):
    """As after a power cut: the file is there under its name, with its date, and half of it is missing."""
    cram = aligned / CRAM
    before, whole = cram.stat(), records(cram)
    truncate(cram)
    os.utime(cram, (before.st_atime, before.st_mtime))
    wanted = "results/alignments/qc/P1-N.qc.tsv"
    done = snakemake(aligned, "--cores", "2", wanted, check=False)
    log = (aligned / "logs/measure_wes/P1-N.log").read_text()
    assert done.returncode != 0 and not (aligned / wanted).exists()
    assert "P1-N.cram" in log and "samtools failed" in log and "decoding file" in log, log
    cram.unlink()
    snakemake(aligned, "--cores", "2", wanted)
    assert records(cram) == whole


def test_a_fastq_replaced_by_an_older_one_is_aligned(aligned):
    """A copy that keeps its date (rsync -a) is not newer than the CRAM; its size tells."""
    for mate in (1, 2):
        path = aligned / f"in/P1-N_R{mate}.fastq.gz"
        date = path.stat().st_mtime - 86400
        lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
        half = lines[: len(lines) // 8 * 4]
        path.write_bytes(gzip.compress(b"".join(half), mtime=0))
        os.utime(path, (date, date))
    snakemake(aligned, "--cores", "2", CRAM)
    assert reads_in(aligned / CRAM) == 2 * len(half) // 4


@contextlib.contextmanager
def small_disk(folder, megabytes):
    """A disk of its own for a folder; skips the test where none may be mounted."""
    folder.mkdir(parents=True, exist_ok=True)
    words = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(words, capture_output=True).returncode:
        pytest.skip("a disk can be mounted by root only")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_leaves_nothing_half_made_and_the_same_command_goes_on(aligned):
    kept = shutil.copytree(aligned / "results", aligned / "kept", symlinks=True)
    whole = records(aligned / CRAM)
    shutil.rmtree(aligned / "results")
    with small_disk(aligned / "results", 32) as disk:
        shutil.copytree(kept, disk, symlinks=True, dirs_exist_ok=True)
        for path in disk.glob("alignments/**/*P1-N*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
        (disk / "filler").write_bytes(b"x" * (free - 64 * 1024))
        done = snakemake(aligned, "--cores", "2", CRAM, check=False)
        said = done.stdout + done.stderr + (aligned / "logs/align_wes/P1-N.log").read_text()
        assert done.returncode != 0
        assert "No space left on device" in said or "Is the disk full?" in said, said[-3000:]
        assert not list(disk.glob("alignments/**/*P1-N*"))
        (disk / "filler").unlink()
        snakemake(aligned, "--cores", "2", CRAM)
        assert records(aligned / CRAM) == whole
