"""Alignment of simulated lanes: read groups, duplicates, threads, several libraries, broken units."""

import gzip
import random
import subprocess

import pysam
import pytest

from myeloma import alignments
from myeloma.run import ToolError

pytestmark = pytest.mark.tools
COMPLEMENT = str.maketrans("ACGT", "TGCA")


@pytest.fixture(scope="module")
def reference(tools, tmp_path_factory):
    tools("bwa", "fastp", "samblaster", "samtools")
    folder = tmp_path_factory.mktemp("reference")
    chance = random.Random(5)
    fasta = folder / "genome.fa"
    bases = {name: "".join(chance.choices("ACGT", k=6000)) for name in ("1", "2")}
    fasta.write_text("".join(f">{name}\n{text}\n" for name, text in bases.items()))
    for words in (["samtools", "faidx", fasta], ["bwa", "index", fasta]):
        subprocess.run(words, check=True, capture_output=True)
    dictionary = folder / "genome.dict"
    subprocess.run(["samtools", "dict", "-o", dictionary, fasta], check=True)
    assert "UR:" in dictionary.read_text()
    return alignments.Reference(str(fasta), str(dictionary), str(fasta)), bases


def pairs(bases, count, seed, name):
    chance = random.Random(seed)
    for number in range(count):
        contig = chance.choice(sorted(bases))
        start = chance.randrange(0, 5700)
        size = chance.randrange(180, 260)
        piece = bases[contig][start : start + size]
        yield f"{name}{number}", piece[:100], piece.translate(COMPLEMENT)[::-1][:100]


def write_unit(folder, made, library, lane):
    unit = {"patient": "P", "sample": "S", "library": library, "flowcell": "FC", "lane": lane, "bam": ""}
    unit["id"] = f"{library}.FC.{lane}"
    made = list(made)
    for side in (1, 2):
        path = folder / f"{unit['id']}_R{side}.fastq.gz"
        text = "".join(f"@{row[0]}/{side}\n{row[side]}\n+\n{'I' * 100}\n" for row in made)
        path.write_bytes(gzip.compress(text.encode()))
        unit[f"fastq_{side}"] = str(path)
    return unit


def run(reference, units, folder, threads=1):
    cram = folder / "S.cram"
    options = alignments.Options()
    alignments.align("S", units, reference[0], options, str(cram), str(folder / "S.fastp"), threads)
    with pysam.AlignmentFile(str(cram), reference_filename=reference[0].fasta) as handle:
        return str(handle.header), [record.to_string() for record in handle.fetch(until_eof=True)]


def flags(records, bit):
    return {r.split("\t")[0] for r in records if int(r.split("\t")[1]) & bit}


def test_lanes_of_a_library_share_duplicates_and_threads_change_nothing(reference, tmp_path):
    first = list(pairs(reference[1], 300, 1, "a"))
    # Lane 2 holds the same fragment as pair a0 under another name: a duplicate across lanes.
    second = [("copy", *first[0][1:]), *pairs(reference[1], 200, 2, "b")]
    units = [write_unit(tmp_path, first, "L1", "1"), write_unit(tmp_path, second, "L1", "2")]
    header, records = run(reference, units, tmp_path / "one")
    assert header.count("@RG") == 2 and "ID:S.L1.FC.2\tSM:S\tLB:L1\tPU:FC.2" in header
    assert "UR:" not in header and "M5:" in header and str(tmp_path) not in header
    assert len(records) == 2 * 501
    assert flags(records, 0x400) == {"copy"}
    of_lane = [r for r in records if "RG:Z:S.L1.FC.2" in r]
    assert {r.split("\t")[0] for r in of_lane} == {row[0] for row in second}
    assert run(reference, units, tmp_path / "two", threads=2)[1] == records
    assert sorted(p.name for p in (tmp_path / "one").iterdir()) == ["S.cram", "S.cram.crai", "S.fastp"]


def test_the_same_fragment_in_two_libraries_is_no_duplicate(reference, tmp_path):
    first = list(pairs(reference[1], 100, 1, "a"))
    second = [("copy", *first[0][1:]), *pairs(reference[1], 50, 2, "b")]
    units = [write_unit(tmp_path, first, "L1", "1"), write_unit(tmp_path, second, "L2", "1")]
    header, records = run(reference, units, tmp_path / "out")
    assert header.count("@RG") == 2 and len(records) == 2 * 151
    assert flags(records, 0x400) == set()


def test_a_bam_unit_gives_the_reads_of_its_fastq(reference, tmp_path):
    unit = write_unit(tmp_path, pairs(reference[1], 100, 1, "a"), "L1", "1")
    _, from_fastq = run(reference, [unit], tmp_path / "fastq")
    bam = unit | {"fastq_1": "", "fastq_2": "", "bam": str(tmp_path / "fastq/S.cram")}
    _, from_bam = run(reference, [bam], tmp_path / "bam")
    first = sorted(r.split("\t")[:10] for r in from_fastq)
    assert sorted(r.split("\t")[:10] for r in from_bam) == first


@pytest.mark.parametrize("fault", ["shorter", "order", "truncated"])
def test_a_broken_unit_leaves_nothing_that_looks_finished(reference, tmp_path, fault):
    made = list(pairs(reference[1], 100, 1, "a"))
    good = write_unit(tmp_path, pairs(reference[1], 100, 3, "g"), "L1", "1")
    bad = write_unit(tmp_path, made, "L1", "2")
    if fault == "truncated":
        content = open(bad["fastq_1"], "rb").read()
        open(bad["fastq_1"], "wb").write(content[: len(content) // 2])
    else:
        other = made[:90] if fault == "shorter" else [*made[:10], made[11], made[10], *made[12:]]
        moved = write_unit(tmp_path, other, "L1", "9")
        bad["fastq_1"] = moved["fastq_1"]
    with pytest.raises(ToolError, match="sample S, unit L1.FC.2"):
        run(reference, [good, bad], tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_sink_that_fails_is_the_error_and_not_its_victims(reference, tmp_path):
    unit = write_unit(tmp_path, pairs(reference[1], 3000, 1, "a"), "L1", "1")
    with pytest.raises(ToolError, match="samtools sort failed"):
        alignments.align(
            "S",
            [unit],
            reference[0],
            alignments.Options(),
            str(tmp_path / "o/S.cram"),
            str(tmp_path / "o/f"),
            sort_memory_mb=-1,
        )
    assert list((tmp_path / "o").iterdir()) == []


def test_an_unknown_aligner_is_refused(reference, tmp_path):
    with pytest.raises(ValueError, match="bwa, bwa-mem2, bwa-mem4"):
        alignments.align("S", [], reference[0], alignments.Options("bowtie"), str(tmp_path / "S.cram"), "f")
