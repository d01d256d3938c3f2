"""Killed once in the middle and started again by the same command: the same tables."""

import os
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
    """The documented command, in a session of its own."""
    words = [str(PROJECT / "run"), "--configfile", "config.yaml", "--directory", str(folder), "--cores", "2"]
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
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(0.5)
    finish(killed)
    for table in TABLES:
        assert (killed / table).read_bytes() == (calm / table).read_bytes(), table
    private = (p for p in (killed / "results").rglob(".*") if p.is_file())
    leftovers = [p for p in private if p.name != ".snakemake_timestamp"]  # Snakemake's own mark in a folder
    assert leftovers == []
