"""Units as they arrive: whole, equal, in order, or an error that says what to do."""

import gzip

import pytest

from myeloma import reads, run, tables
from myeloma.run import ToolError

NAMES = [f"R:1:FC:1:{n}" for n in range(12)]


def fastq(names, side="1", length=50):
    return "".join(f"@{name}/{side}\n{'A' * length}\n+\n{'I' * length}\n" for name in names)


def packed(path, text):
    path.write_bytes(gzip.compress(text.encode()))
    return str(path)


@pytest.fixture
def unit(tmp_path):
    values = {"patient": "P1", "sample": "S1", "library": "L", "flowcell": "F", "lane": "1", "id": "L.F.1"}
    values["fastq_1"] = packed(tmp_path / "r1.fastq.gz", fastq(NAMES, "1"))
    values["fastq_2"] = packed(tmp_path / "r2.fastq.gz", fastq(NAMES, "2"))
    return values | {"bam": ""}


def test_records_are_counted_in_plain_gzip_and_joined_gzip(tmp_path, unit):
    plain = tmp_path / "plain.fastq"
    plain.write_text(fastq(NAMES))
    joined = tmp_path / "joined.fastq.gz"
    joined.write_bytes(open(unit["fastq_1"], "rb").read() * 2)
    assert reads.count_records(plain) == 12
    assert reads.count_records(unit["fastq_1"]) == 12
    assert reads.count_records(joined) == 24
    assert reads.check_pair(unit) == 12


def test_last_line_without_newline_counts(tmp_path):
    path = tmp_path / "r.fastq"
    path.write_text(fastq(NAMES).rstrip("\n"))
    assert reads.count_records(path) == 12


def broken_files(folder):
    whole = gzip.compress(fastq(NAMES).encode())
    return {
        "truncated": (whole[:-12], "truncated"),
        "empty.fastq": (b"", "is empty (0 bytes)"),
        "no_reads": (gzip.compress(b""), "holds no read"),
        "text": (fastq(NAMES).encode(), "is not gzip"),
        "cut": (gzip.compress(fastq(NAMES).encode()[:-60]), "middle of a record"),
        "damaged": (whole[:30] + b"\x00\xff\x13" + whole[33:], "damaged"),
    }


@pytest.mark.parametrize("name", sorted(broken_files(None)))
def test_a_broken_file_is_named_with_its_unit_and_the_exclusion_line(tmp_path, unit, name):
    content, message = broken_files(None)[name]
    path = tmp_path / f"{name}.gz"
    path.write_bytes(content)
    with pytest.raises(ToolError) as error:
        reads.check_pair(unit | {"fastq_2": str(path)})
    text = str(error.value)
    assert message in text and str(path) in text
    assert "sample S1, unit L.F.1" in text
    line = text.splitlines()[-1].split("\t")
    assert line[:6] == ["P1", "S1", "L", "F", "1", "all"] and line[6]


def test_mates_of_different_number_are_refused(tmp_path, unit):
    short = packed(tmp_path / "short.fastq.gz", fastq(NAMES[:7], "2"))
    with pytest.raises(ToolError, match="holds 7 reads, its mate file .* holds 12"):
        reads.check_pair(unit | {"fastq_2": short})


def test_a_missing_mate_file_is_named(unit):
    with pytest.raises(ToolError, match="gone.fastq.gz: is not there"):
        reads.check_pair(unit | {"fastq_2": "gone.fastq.gz"})


def verdict(unit, tmp_path):
    path = tmp_path / "units.tsv"
    tables.write(reads.inspect_units([unit]), path, tables.UNITS)
    row = tables.read(path, tables.UNITS).iloc[0]
    return row["verdict"], row["reason"]


def test_the_head_of_a_good_unit_is_ok(unit, tmp_path):
    row = reads.inspect_units([unit]).iloc[0]
    assert (row["verdict"], row["records_seen"], row["read_length"]) == ("ok", 12, 50)
    assert verdict(unit, tmp_path) == ("ok", "")


def test_heads_that_do_not_fit_are_problems_and_stop_nothing(unit, tmp_path):
    swapped = unit | {"fastq_1": unit["fastq_2"], "fastq_2": unit["fastq_1"]}
    twice = unit | {"fastq_2": unit["fastq_1"]}
    other = unit | {"fastq_2": packed(tmp_path / "o.fastq.gz", fastq(NAMES[1:], "2"))}
    shorter = unit | {"fastq_2": packed(tmp_path / "s.fastq.gz", fastq(NAMES[:5], "2"))}
    gone = unit | {"fastq_2": str(tmp_path / "gone.fastq.gz")}
    said = [verdict(u, tmp_path)[1] for u in (swapped, twice, other, shorter, gone)]
    assert "swapped" in said[0]
    assert "same side" in said[1]
    assert said[2].startswith("record 1: R1 is @R:1:FC:1:0/1, R2 is @R:1:FC:1:1/2")
    assert "12 and R2 5" in said[3]
    assert "cannot be read" in said[4]


def test_sides_are_read_from_casava_names_too(unit, tmp_path):
    def casava(side):
        return fastq(NAMES, "x").replace("/x", f" {side}:N:0:ACGT")

    good = unit | {"fastq_1": packed(tmp_path / "c1.fastq.gz", casava(1))}
    good["fastq_2"] = packed(tmp_path / "c2.fastq.gz", casava(2))
    assert verdict(good, tmp_path)[0] == "ok"
    bad = good | {"fastq_1": good["fastq_2"], "fastq_2": good["fastq_1"]}
    assert "swapped" in verdict(bad, tmp_path)[1]


def test_a_umi_becomes_options_of_fastp():
    assert reads.umi_words({"umi": ""}) == []
    assert reads.umi_words({"umi": "per_read:8"}) == ["--umi", "--umi_loc", "per_read", "--umi_len", "8"]
    assert reads.umi_words({"umi": "read1:6:2"})[-2:] == ["--umi_skip", "2"]


@pytest.mark.tools
def test_a_umi_leaves_the_read_and_enters_its_name(tmp_path, tools):
    tools("fastp")
    for mate in (1, 2):
        (tmp_path / f"{mate}.fq").write_text(f"@r1 {mate}:N:0:A\nACGTACGT{'GATTACA' * 8}\n+\n{'I' * 64}\n")
    words = ["fastp", "--in1", tmp_path / "1.fq", "--in2", tmp_path / "2.fq", "--out1", tmp_path / "o1.fq"]
    words += ["--out2", tmp_path / "o2.fq", "--disable_adapter_trimming", "--json", tmp_path / "j"]
    run.command([*words, "--html", "/dev/null", *reads.umi_words({"umi": "per_read:8"})])
    name, read = (tmp_path / "o1.fq").read_text().splitlines()[:2]
    assert name.startswith("@r1:ACGTACGT_ACGTACGT")
    assert read == "GATTACA" * 8
