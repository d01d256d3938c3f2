"""Broken input: a clear error for each, and nothing half-made left as if it were finished."""

import gzip
import shutil

import pytest
import tiny
from planning import snakemake

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


def test_one_broken_sample_does_not_block_the_other(run):
    truncate(run / "in/P1-T_R1.fastq.gz")
    targets = ["results/alignments/P1-T.cram", "results/alignments/P1-N.cram"]
    done = snakemake(run, "--cores", "2", "--keep-going", *targets, check=False)
    assert done.returncode != 0
    assert (run / "results/alignments/P1-N.cram").exists()
    assert not (run / "results/alignments/P1-T.cram").exists()


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
