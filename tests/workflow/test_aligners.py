"""The faster aligner gives the records of bwa: first eleven columns of every line, one thread or two."""

import shutil
import subprocess

import pytest
import tiny

pytestmark = pytest.mark.tools


def records(aligner, index, reads, threads):
    done = subprocess.run(
        [aligner, "mem", "-K", "10000000", "-t", str(threads), str(index), *map(str, reads)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [line.split("\t")[:11] for line in done.stdout.splitlines() if not line.startswith("@")]


def test_bwa_mem4_gives_the_records_of_bwa(tmp_path, tools):
    tools("bwa")
    if shutil.which("bwa-mem4") is None:
        pytest.skip("bwa-mem4 is not installed (make fast builds it)")
    tiny.cohort(tmp_path / "c")
    reads = sorted((tmp_path / "c/in").glob("P1-T_R?.fastq.gz"))
    found = []
    for aligner in ("bwa", "bwa-mem4"):
        index = tmp_path / f"{aligner}.fa"
        shutil.copy(tmp_path / "c/in/genome.fa", index)
        subprocess.run([aligner, "index", str(index)], capture_output=True, check=True)
        found += [records(aligner, index, reads, threads) for threads in (1, 2)]
    assert len(found[0]) > 1000
    assert all(one == found[0] for one in found[1:])
