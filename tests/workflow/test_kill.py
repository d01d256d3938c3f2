"""Killed and started again by the same command: the same tables. Once in the middle; in `make test-long` often."""

import os
import random
import shutil
import signal
import subprocess
import time

import pytest
import tiny
from planning import PROJECT

pytestmark = pytest.mark.tools
TABLES = (
    "results/calls/variants.tsv.gz",
    "results/calls/segments.tsv.gz",
    "results/calls/purity.tsv",
    "results/abnormalities/abnormalities.tsv",
    "results/response/response.tsv",
    "results/alignments/qc.tsv",
)


def start(folder):
    """The documented command, in a session of its own; asked for the tables that are compared."""
    words = [str(PROJECT / "run"), "--configfile", "config.yaml", "--directory", str(folder), "--cores", "2"]
    words += TABLES
    return subprocess.Popen(
        words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def finish(folder):
    process = start(folder)
    said, _ = process.communicate(timeout=900)
    assert process.returncode == 0, said[-6000:]


def test_sigkill_in_the_middle_changes_no_table(tmp_path, tools):
    tools("bwa", "samtools", "fastp", "samblaster", "gatk", "mosdepth")
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    tiny.cohort(calm)
    shutil.copytree(calm, killed)
    finish(calm)
    process = start(killed)
    deadline = time.time() + 600
    while not list(killed.glob("results/alignments/*.cram")) and time.time() < deadline:
        assert process.poll() is None, process.stdout.read()[-4000:]
        time.sleep(0.2)
    time.sleep(1.0)
    assert process.poll() is None
    kill(process)
    finish(killed)
    same_tables(calm, killed)


def kill(process):
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(0.5)


def same_tables(calm, killed):
    """Byte for byte, and nothing private is left."""
    for table in TABLES:
        assert (killed / table).read_bytes() == (calm / table).read_bytes(), table
    private = (p for p in (killed / "results").rglob(".*") if p.is_file())
    leftovers = [p for p in private if p.name != ".snakemake_timestamp"]  # Snakemake's own mark in a folder
    assert leftovers == []


@pytest.mark.long
def test_five_sigkills_at_random_moments_change_no_table(tmp_path, tools):
    tools("bwa", "samtools", "fastp", "samblaster", "gatk", "mosdepth")
    seed = int(os.environ.get("MYELOMA_SEED") or time.time())
    print(f"MYELOMA_SEED={seed} repeats these moments")
    moments = random.Random(seed)
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    tiny.cohort(calm)
    shutil.copytree(calm, killed)
    began = time.monotonic()
    finish(calm)
    took = time.monotonic() - began
    for _ in range(5):
        process = start(killed)
        try:
            status = process.wait(timeout=moments.uniform(1.0, took / 3))
        except subprocess.TimeoutExpired:
            kill(process)
            continue
        # done before its moment came: from the start again
        assert status == 0, process.stdout.read()[-6000:]
        shutil.rmtree(killed / "results")
    finish(killed)
    same_tables(calm, killed)
