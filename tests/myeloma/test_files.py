"""Files that are whole or not there, also after a kill."""

import os
import signal
import subprocess
import sys

import pytest

from myeloma import files

WRITE = """
import sys, time
from myeloma import files
with files.whole(sys.argv[1], *sys.argv[2:]) as private:
    private.write_text("half")
    print("writing", flush=True)
    time.sleep(60)
"""


def killed_writer(path, *suffix):
    """A process that is killed while it writes `path`."""
    process = subprocess.Popen([sys.executable, "-c", WRITE, str(path), *suffix], stdout=subprocess.PIPE)
    process.stdout.readline()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()


@pytest.mark.parametrize("name, suffix", [("S1.counts.tsv", (".tsv",)), ("calls.vcf.gz", ()), ("plain", ())])
def test_the_next_writer_clears_what_a_killed_one_left(tmp_path, monkeypatch, name, suffix):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    target = tmp_path / name
    killed_writer(target, *suffix)
    assert len(list(tmp_path.iterdir())) == 1 and not target.exists()
    with files.whole(target, *suffix) as private:
        private.write_text("whole")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert target.read_text() == "whole"


def test_the_index_that_a_tool_wrote_beside_goes_too(tmp_path):
    (tmp_path / ".S1.bam.abcdefgh.bam.bai").touch()
    with files.whole(tmp_path / "S1.bam", ".bam"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["S1.bam"]


def test_files_of_other_targets_stay(tmp_path):
    others = [
        ".S1.tsv.abcdefgh.tsv.gz",
        ".S10.tsv.abcdefgh.tsv",
        ".S1.tsv.short.tsv",
        ".snakemake_timestamp",
        "S1.tsv.x",
    ]
    for name in others:
        (tmp_path / name).touch()
    with files.whole(tmp_path / "S1.tsv", ".tsv") as private:
        private.write_text("x")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*others, "S1.tsv"])


def test_a_writer_that_was_thought_dead_cannot_replace_the_newer_file(tmp_path):
    target = tmp_path / "S1.tsv"
    with pytest.raises(FileNotFoundError), files.whole(target) as old:
        old.write_text("old")
        with files.whole(target) as new:
            new.write_text("new")
    assert target.read_text() == "new"


def test_an_error_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match="stop"), files.whole(tmp_path / "S1.tsv"):
        raise ValueError("stop")
    assert list(tmp_path.iterdir()) == []
