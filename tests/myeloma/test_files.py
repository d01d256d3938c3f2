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


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of modules that import each other in every way that is written here."""
    texts = {
        "__init__": "STAGES = ()\n",
        "top": "from myeloma import middle as m, log  # why\n",
        "middle": "from myeloma.report import (\n    build,  # one\n    words,\n)\n",
        "report/__init__": "",
        "report/build": "def late():\n    from myeloma.leaf import f\n",
        "report/words": '"""Words from myeloma import nothing."""\nfrom myeloma import STAGES\n',
        "leaf": "import os\nfrom myeloma import top\n",
        "log": "",
        "other": "",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.py").parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.setattr(files, "_PACKAGE", tmp_path)
    forget()
    yield tmp_path
    monkeypatch.undo()
    forget()


def forget():
    for cached in (files._digest_of, files._module, files._modules):
        cached.cache_clear()


def test_a_module_stands_on_all_that_it_imports_through_others(package):
    assert files.behind("top") == {"top", "middle", "report.build", "report.words", "leaf", "__init__"}


@pytest.mark.parametrize(
    "edited, reruns",
    [("leaf", True), ("report/words", True), ("__init__", True), ("other", False), ("log", False)],
)
def test_an_edit_of_what_stands_behind_a_module_changes_its_digest(package, edited, reruns):
    before = files.code_of("top")
    (package / f"{edited}.py").write_text("from myeloma import top\n")
    forget()
    assert (files.code_of("top") != before) is reruns


def test_a_digest_of_a_module_that_is_not_there_is_an_error(package):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        files.code_of("nowhere")
