"""RNA alignment, strandedness and QC; broken reads are named with what to write into the exclusions."""

import gzip
import io
import random
import shutil
import subprocess

import pandas as pd
import pysam
import pytest

from myeloma import alignments, rna, tables
from myeloma.run import ToolError

SAMPLE = {"patient": "p1", "sample": "s1", "assay": "rna", "tissue": "tumour"}
GENES = pd.DataFrame(
    {
        "gene_id": ["g1", "g2", "g3"],
        "gene_name": ["A", "IGKC", "RNA5S1"],
        "biotype": ["protein_coding", "IG_C_gene", "rRNA"],
    }
)
LOG = """                          Number of input reads |\t1000
                   Uniquely mapped reads number |\t900
        Number of reads mapped to multiple loci |\t50
                      Number of chimeric reads |\t7
                        Uniquely mapped reads % |\t90.00%
"""


def counts(forward, reverse):
    total = [f + r for f, r in zip(forward, reverse, strict=True)]
    frame = pd.DataFrame({"unstranded": total, "forward": forward, "reverse": reverse})
    head = pd.DataFrame({"unstranded": [0] * 4, "forward": [0] * 4, "reverse": [0] * 4})
    made = pd.concat([head, frame])
    made.index = ["N_unmapped", "N_multimapping", "N_noFeature", "N_ambiguous"] + ["g1", "g2", "g3"]
    return made


@pytest.mark.parametrize(
    ("forward", "reverse", "strand"),
    [
        ([900, 50, 0], [10, 2, 0], "forward"),
        ([10, 2, 0], [900, 50, 0], "reverse"),
        ([400, 90, 0], [450, 80, 0], "unstranded"),
        ([750, 0, 0], [250, 0, 0], ""),
        ([90, 0, 0], [2, 0, 0], ""),
    ],
)
def test_inferred_strandedness(forward, reverse, strand):
    assert rna.infer_strandedness(counts(forward, reverse))[0] == strand


def measured(tmp_path, sheet, default="infer"):
    made = counts([900, 300, 100], [10, 5, 1])
    made.to_csv(tmp_path / "counts", sep="\t", header=False)
    (tmp_path / "log").write_text(LOG)
    frame = rna.measure(str(tmp_path / "counts"), str(tmp_path / "log"), GENES, SAMPLE, sheet, default)
    return tables.conform(frame, tables.QC).set_index("gate")


def test_measures(tmp_path):
    made = measured(tmp_path, "forward")
    assert made.loc["mapped_fraction", "value"] == pytest.approx(0.95)
    assert made.loc["assigned_reads", "value"] == 1300
    assert made.loc["genes_detected", "value"] == 3
    assert made.loc["immunoglobulin_fraction", "value"] == pytest.approx(300 / 1300)
    assert made.loc["rrna_fraction", "value"] == pytest.approx(100 / 1300)
    assert made.loc["strandedness", "verdict"] == "pass"


@pytest.mark.parametrize(("sheet", "default"), [("reverse", "infer"), ("", "unstranded")])
def test_contradicted_strandedness_fails_its_gate(tmp_path, sheet, default):
    row = measured(tmp_path, sheet, default).loc["strandedness"]
    assert row["verdict"] == "fail"
    assert f"given as {sheet or default}, the reads say forward" in row["reason"]


def test_inferred_strandedness_is_no_gate(tmp_path):
    assert measured(tmp_path, "").loc["strandedness", "verdict"] == ""


def test_a_file_of_another_program_is_refused(tmp_path):
    (tmp_path / "c").write_text("Geneid\tChr\nENSG1\t5\n")
    with pytest.raises(tables.ContractError, match="not a ReadsPerGene"):
        rna.read_gene_counts(tmp_path / "c")


def fastq(path, reads, mate, prefix="r"):
    with gzip.open(path, "wt") as handle:
        for i, read in enumerate(reads):
            handle.write(f"@{prefix}{i}/{mate}\n{read}\n+\n{'F' * len(read)}\n")


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    """A 60 kb genome with three genes of one exon, its STAR index, and read pairs of two lanes."""
    folder = tmp_path_factory.mktemp("rna")
    choose = random.Random(3)
    bases = "".join(choose.choices("ACGT", k=60_000))
    (folder / "g.fa").write_text(f">chr1\n{bases}\n")
    spans = {"g1": (1000, 9000, "+"), "g2": (20000, 29000, "-"), "g3": (40000, 48000, "+")}
    lines = [
        f'chr1\tx\t{kind}\t{start}\t{end}\t.\t{strand}\t.\tgene_id "{g}"; transcript_id "{g}t"; gene_name "{g}";'
        for g, (start, end, strand) in spans.items()
        for kind in ("transcript", "exon")
    ]
    (folder / "g.gtf").write_text("\n".join(lines) + "\n")
    subprocess.run(["samtools", "faidx", folder / "g.fa"], check=True)
    subprocess.run(["samtools", "dict", "-o", folder / "g.dict", folder / "g.fa"], check=True)
    star = [
        "STAR",
        "--runMode",
        "genomeGenerate",
        "--genomeDir",
        folder / "star",
        "--genomeSAindexNbases",
        "6",
    ]
    star += ["--genomeFastaFiles", folder / "g.fa", "--sjdbGTFfile", folder / "g.gtf", "--sjdbOverhang", "99"]
    subprocess.run([*star, "--outFileNamePrefix", f"{folder}/index_"], check=True, stdout=subprocess.DEVNULL)
    turn = str.maketrans("ACGT", "TGCA")
    for lane, n in ((1, 300), (2, 200)):
        pairs = []
        for i in range(n):
            start, end, strand = spans[f"g{1 + i % 3}"]
            first = choose.randrange(start, end - 300)
            piece = bases[first : first + 260]
            sides = (piece[:100], piece[-100:].translate(turn)[::-1])
            # Reverse protocol: read 2 lies on the RNA's strand.
            pairs.append(sides[::-1] if strand == "+" else sides)
        fastq(folder / f"L{lane}_1.fastq.gz", [p[0] for p in pairs], 1, f"l{lane}r")
        fastq(folder / f"L{lane}_2.fastq.gz", [p[1] for p in pairs], 2, f"l{lane}r")
    return folder


def unit(folder, lane, **more):
    made = {"patient": "p1", "sample": "s1", "library": "lib", "flowcell": "FC", "lane": str(lane), "bam": ""}
    made |= {"id": f"lib.FC.{lane}", "fastq_1": str(folder / f"L{lane}_1.fastq.gz")}
    return made | {"fastq_2": str(folder / f"L{lane}_2.fastq.gz")} | more


def align(genome, out, units, index=None, **more):
    outputs = {
        "cram": out / "s1.cram",
        "crai": out / "s1.cram.crai",
        "counts": out / "s1.ReadsPerGene.out.tab",
        "junctions": out / "s1.Chimeric.out.junction",
        "star_log": out / "s1.Log.final.out",
        "fastp": out / "qc/s1.fastp",
    }
    reference = alignments.Reference(str(genome / "g.fa"), str(genome / "g.dict"), "")
    named = {k: str(v) for k, v in outputs.items()}
    rna.align("s1", units, str(index or genome / "star"), reference, named, 36, **more)
    return outputs


@pytest.mark.tools
def test_lanes_become_read_groups_of_one_cram(genome, tmp_path, tools):
    tools("STAR", "samtools", "fastp")
    made = align(genome, tmp_path, [unit(genome, 1), unit(genome, 2)])
    with pysam.AlignmentFile(str(made["cram"]), reference_filename=str(genome / "g.fa")) as cram:
        header = cram.header.to_dict()
        groups = pd.Series([read.get_tag("RG") for read in cram]).value_counts()
    assert groups.to_dict() == {"s1.lib.FC.1": 600, "s1.lib.FC.2": 400}
    assert {g["ID"]: (g["SM"], g["LB"], g["PU"]) for g in header["RG"]} == {
        f"s1.lib.FC.{lane}": ("s1", "lib", f"FC.{lane}") for lane in (1, 2)
    }
    assert "M5" in header["SQ"][0] and "UR" not in header["SQ"][0]
    assert "/" not in str(header)
    table = rna.read_gene_counts(made["counts"])
    assert rna.infer_strandedness(table)[0] == "reverse"
    assert table.iloc[4:]["reverse"].sum() > 480
    assert sorted(p.name for p in made["fastp"].iterdir()) == ["lib.FC.1.json", "lib.FC.2.json"]
    assert made["junctions"].exists() and made["crai"].exists()
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


@pytest.mark.tools
@pytest.mark.parametrize("ending", ["bam", "cram"])
def test_unit_given_as_bam_counts_the_same(genome, tmp_path, tools, ending):
    tools("STAR", "samtools", "fastp")
    bam = tmp_path / f"unit.{ending}"
    pair = [genome / "L1_1.fastq.gz", genome / "L1_2.fastq.gz"]
    subprocess.run(["samtools", "import", "-o", bam, "-1", pair[0], "-2", pair[1]], check=True)
    from_bam = align(genome, tmp_path / "a", [unit(genome, 1, bam=str(bam), fastq_1="", fastq_2="")])
    from_fastq = align(genome, tmp_path / "b", [unit(genome, 1)])
    assert from_bam["counts"].read_text() == from_fastq["counts"].read_text()


@pytest.mark.tools
@pytest.mark.parametrize("fault", ["truncated", "mate", "empty"])
def test_broken_unit_is_named_and_leaves_nothing(genome, tmp_path, tools, fault):
    tools("STAR", "samtools", "fastp")
    broken = tmp_path / "broken_2.fastq.gz"
    whole = (genome / "L2_2.fastq.gz").read_bytes()
    text = gzip.decompress(whole).decode().splitlines(keepends=True)
    broken.write_bytes(
        {
            "truncated": whole[: len(whole) // 2],
            "mate": gzip.compress("".join(text[:-40]).encode()),
            "empty": b"",
        }[fault]
    )
    out = tmp_path / "out"
    with pytest.raises(ToolError) as error:
        align(genome, out, [unit(genome, 2, fastq_2=str(broken)), unit(genome, 1)])
    message = str(error.value)
    assert "sample s1, unit lib.FC.2" in message and "broken_2.fastq.gz" in message
    assert "p1\ts1\tlib\tFC\t2\tall\t" in message
    assert list(out.rglob("*")) in ([], [out / "qc"])


def record(name):
    return f"@{name}\nACGT\n+\nFFFF\n".encode()


@pytest.mark.parametrize("pairs", [0, 1, rna.PAIRS_AT_ONCE, rna.PAIRS_AT_ONCE + 1])
def test_interleaved_reads_are_dealt_to_their_mates(pairs):
    mixed = io.BytesIO(b"".join(record(f"r{i}/{mate}") for i in range(pairs) for mate in (1, 2)))
    first, second = io.BytesIO(), io.BytesIO()
    rna.deal(mixed, first, second)
    assert first.getvalue() == b"".join(record(f"r{i}/1") for i in range(pairs))
    assert second.getvalue() == b"".join(record(f"r{i}/2") for i in range(pairs))


@pytest.mark.tools
def test_star_that_fails_speaks_for_itself(genome, tmp_path, tools):
    tools("STAR", "samtools", "fastp")
    broken = tmp_path / "index"
    shutil.copytree(genome / "star", broken)
    (broken / "genomeParameters.txt").unlink()
    with pytest.raises(ToolError, match="STAR") as error:
        align(genome, tmp_path / "out", [unit(genome, 1)], broken)
    assert "exclusions.tsv" not in str(error.value)
    assert not list((tmp_path / "out").rglob("*.fq"))


@pytest.mark.tools
def test_two_passes_of_star_count_the_same(genome, tmp_path, tools):
    """The second pass reads the files again, which no pipe allows."""
    tools("STAR", "samtools", "fastp")
    units = [unit(genome, 1), unit(genome, 2)]
    once, twice = align(genome, tmp_path / "a", units), align(genome, tmp_path / "b", units, two_pass=True)
    assert once["counts"].read_text() == twice["counts"].read_text()


@pytest.mark.tools
def test_a_sort_that_cannot_write_is_named_and_not_star(genome, tmp_path, tools, monkeypatch):
    tools("STAR", "samtools", "fastp")
    sort = rna._sort

    def nowhere(*given):
        sort(*given[:5], tmp_path / "no/folder/made.cram", *given[6:])

    monkeypatch.setattr(rna, "_sort", nowhere)
    with pytest.raises(ToolError, match="samtools sort failed"):
        align(genome, tmp_path / "out", [unit(genome, 1)])
    assert not [path for path in (tmp_path / "out").rglob("*") if path.name.startswith(".")]
