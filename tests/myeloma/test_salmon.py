"""Transcript abundances from the reads of a CRAM."""

import random
import subprocess

import pandas as pd
import pytest

from myeloma import references, salmon
from myeloma.run import ToolError

TURN = str.maketrans("ACGT", "TGCA")


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    """Two transcripts (the first with two exons, the second on the other strand) and their salmon index."""
    folder = tmp_path_factory.mktemp("salmon")
    choose = random.Random(5)
    bases = "".join(choose.choices("ACGT", k=8000))
    (folder / "g.fa").write_text(f">c1\n{bases}\n")
    subprocess.run(["samtools", "faidx", folder / "g.fa"], check=True)
    exons = [
        ("G1.2", "T1.7", 1001, 1400, "+"),
        ("G1.2", "T1.7", 2001, 2500, "+"),
        ("G2.1", "T2.1", 5001, 5900, "-"),
    ]
    (folder / "g.gtf").write_text(
        "".join(
            f'c1\tx\texon\t{s}\t{e}\t.\t{d}\t.\tgene_id "{g}"; transcript_id "{t}";\n'
            for g, t, s, e, d in exons
        )
    )
    references.index_salmon(
        str(folder / "g.fa"),
        str(folder / "g.fa.fai"),
        str(folder / "g.gtf"),
        str(folder / "index"),
        str(folder / "transcripts.tsv"),
    )
    first = bases[1000:1400] + bases[2000:2500]
    second = bases[5000:5900].translate(TURN)[::-1]
    return folder, {"T1.7": first, "T2.1": second}, choose


def cram_of(folder, name, transcripts, numbers, choose):
    """Unaligned read pairs (read 2 on the RNA's strand), as a CRAM keeps them."""
    lines = ["@HD\tVN:1.6\tSO:unsorted", "@SQ\tSN:c1\tLN:8000"]
    for transcript, number in numbers.items():
        text = transcripts[transcript]
        for i in range(number):
            start = choose.randrange(len(text) - 220)
            piece = text[start : start + 220]
            ends = ((77, piece[-100:].translate(TURN)[::-1]), (141, piece[:100]))
            for flag, read in ends:
                lines.append(f"{transcript}{i}\t{flag}\t*\t0\t0\t*\t*\t0\t0\t{read}\t{'F' * len(read)}")
    (folder / f"{name}.sam").write_text("\n".join(lines) + "\n")
    words = ["samtools", "view", "-C", "-T", folder / "g.fa", "-o", folder / f"{name}.cram"]
    subprocess.run([*words, folder / f"{name}.sam"], check=True)
    return str(folder / f"{name}.cram")


@pytest.mark.tools
def test_reads_are_counted_by_transcript_and_strand(genome, tmp_path, tools):
    tools("salmon", "samtools")
    folder, transcripts, choose = genome
    cram = cram_of(folder, "s", transcripts, {"T1.7": 900, "T2.1": 300}, choose)
    made = [str(tmp_path / "s.quant.sf"), str(tmp_path / "s.json")]
    salmon.quantify(cram, str(folder / "g.fa"), str(folder / "index"), "ISR", *made)
    seen = pd.read_csv(made[0], sep="\t").set_index("Name")["NumReads"]
    assert seen.to_dict() == {"T1.7": pytest.approx(900, abs=5), "T2.1": pytest.approx(300, abs=5)}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["s.json", "s.quant.sf"]


@pytest.mark.tools
def test_a_sample_without_a_pair_is_an_error(genome, tmp_path, tools):
    tools("salmon", "samtools")
    folder, transcripts, choose = genome
    cram = cram_of(folder, "none", transcripts, {}, choose)
    with pytest.raises(ToolError, match="holds no read pair"):
        salmon.quantify(cram, str(folder / "g.fa"), str(folder / "index"), "ISR", str(tmp_path / "q"), "x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("sheet", "library"), [("", "ISF"), ("reverse", "ISR"), ("unstranded", "IU")])
def test_library_type_follows_the_sheet_then_the_reads(tmp_path, sheet, library):
    head = [f"N_{n}\t0\t0\t0" for n in ("unmapped", "multimapping", "noFeature", "ambiguous")]
    (tmp_path / "c").write_text("\n".join([*head, "g1\t900\t890\t10"]) + "\n")
    assert salmon.library_type(tmp_path / "c", sheet, "infer") == library
