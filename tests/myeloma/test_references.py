"""References: linked and indexed elsewhere, held against the FASTA; downloads that break off or are wrong."""

import gzip
import hashlib
import os
import random
import re
import shutil
import stat
import subprocess
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest

from myeloma import downloads, places, reference_check, references, run, settings
from myeloma.downloads import DownloadError, Source
from myeloma.references import ReferenceError

CODONS = [a + b + c for a in "TCAG" for b in "TCAG" for c in "TCAG"]
AMINO_ACIDS = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"
COMPLEMENT = str.maketrans("ACGT", "TGCA")
THREE = dict(
    zip(
        "Ala Arg Asn Asp Cys Gln Glu Gly His Ile Leu Lys Met Phe Pro Ser Thr Trp Tyr Val Ter".split(),
        "ARNDCQEGHILKMFPSTWYV*",
        strict=True,
    )
)


def translate(bases):
    table = dict(zip(CODONS, AMINO_ACIDS, strict=True))
    return "".join(table[bases[i : i + 3]] for i in range(0, len(bases), 3))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Two contigs with a gene on each strand: two coding exons, UTRs, the stop codon apart as in a GTF."""
    folder = tmp_path_factory.mktemp("given")
    dice = random.Random(5)
    sequences = {name: dice.choices("ACGT", k=size) for name, size in (("chr1", 3000), ("chr2", 2400))}
    sense = [c for c, a in zip(CODONS, AMINO_ACIDS, strict=True) if a != "*"]
    coding = "ATG" + "".join(dice.choice(sense) for _ in range(98)) + "TAA"
    # exons 1001-1150 and 1301-1500; coding 1021-1150 (130 bases) and 1301-1470 (170 bases, stop at 1468)
    sequences["chr1"][1020:1150] = coding[:130]
    sequences["chr1"][1300:1470] = coding[130:]
    backwards = coding.translate(COMPLEMENT)[::-1]
    sequences["chr2"][1030:1200] = backwards[:170]
    sequences["chr2"][1350:1480] = backwards[170:]
    fasta = folder / "genome.fa"
    with open(fasta, "w") as handle:
        for name, bases in sequences.items():
            text = "".join(bases)
            handle.write(f">{name} made up\n")
            handle.writelines(text[i : i + 70] + "\n" for i in range(0, len(text), 70))
    gtf = folder / "genes.gtf"
    gtf.write_text(
        "#!made up\n"
        + "".join(gtf_lines("chr1", "+", "G1", "ONE"))
        + "".join(gtf_lines("chr2", "-", "G2", "TWO"))
    )
    return SimpleNamespace(folder=folder, fasta=fasta, gtf=gtf, sequences=sequences, coding=coding)


def gtf_lines(chrom, strand, gene, name):
    plus = strand == "+"
    exons = [(1001, 1150), (1301, 1500)] if plus else [(1001, 1200), (1351, 1500)]
    cds = [(1021, 1150, "0"), (1301, 1467, "2")] if plus else [(1034, 1200, "2"), (1351, 1480, "0")]
    stop = (1468, 1470) if plus else (1031, 1033)
    both = f'gene_id "{gene}"; gene_name "{name}"; gene_type "protein_coding"; '
    own = both + f'transcript_id "T{gene}"; transcript_type "protein_coding"; level 2;'
    rows = [("gene", 1001, 1500, ".", both), ("transcript", 1001, 1500, ".", own)]
    rows += [("exon", s, e, ".", own) for s, e in exons]
    rows += [("CDS", s, e, f, own) for s, e, f in cds]
    rows.append(("stop_codon", *stop, "0", own))
    return [f"{chrom}\tx\t{k}\t{s}\t{e}\t.\t{strand}\t{f}\t{a}\n" for k, s, e, f, a in rows]


@pytest.fixture
def ready(small, tmp_path, tools):
    """The genome made ready in a folder of its own."""
    tools("samtools")
    made = SimpleNamespace(**{k: str(tmp_path / "r" / f"genome.{k}") for k in ("fa", "gtf", "dict")})
    made.fai = f"{made.fa}.fai"
    made.contigs = references.prepare_genome(str(small.fasta), made.fa, made.fai, made.dict)
    return made


# Genome


@pytest.mark.tools
def test_genome_is_linked_and_nothing_stands_beside_the_given_one(small, ready):
    assert os.path.islink(ready.fa) and os.path.samefile(ready.fa, small.fasta)
    assert sorted(p.name for p in small.folder.iterdir()) == ["genes.gtf", "genome.fa"]
    assert ready.contigs == {"chr1": 3000, "chr2": 2400}
    text = open(ready.dict).read()
    digest = hashlib.md5("".join(small.sequences["chr1"]).encode()).hexdigest()
    assert f"SN:chr1\tLN:3000\tM5:{digest}" in text and "UR:" not in text


@pytest.mark.tools
def test_read_only_reference_folder_works(small, tmp_path, tools):
    tools("samtools")
    folder = tmp_path / "given"
    shutil.copytree(small.folder, folder)
    fasta = folder / "genome.fa"
    fasta.chmod(0o444)
    folder.chmod(0o555)
    try:
        references.prepare_genome(str(fasta), *(str(tmp_path / f"o.{e}") for e in ("fa", "fa.fai", "dict")))
        assert stat.S_IMODE(fasta.stat().st_mode) == 0o444
        assert len(list(folder.iterdir())) == 2
    finally:
        folder.chmod(0o755)


@pytest.mark.tools
def test_gzipped_genome_is_the_same_and_a_truncated_one_is_an_error(small, ready, tmp_path):
    packed = tmp_path / "g.fa.gz"
    packed.write_bytes(gzip.compress(small.fasta.read_bytes()))
    made = [str(tmp_path / f"z.{e}") for e in ("fa", "fa.fai", "dict")]
    references.prepare_genome(str(packed), *made)
    assert open(made[0]).read() == small.fasta.read_text() and open(made[2]).read() == open(ready.dict).read()
    packed.write_bytes(packed.read_bytes()[:-200])
    broken = [str(tmp_path / f"b.{e}") for e in ("fa", "fa.fai", "dict")]
    with pytest.raises(ReferenceError, match="truncated"):
        references.prepare_genome(str(packed), *broken)
    assert not any(os.path.exists(p) for p in broken) and not list(tmp_path.glob(".b.*"))


@pytest.mark.tools
def test_what_is_no_fasta_or_has_a_contig_twice(small, tmp_path, tools):
    tools("samtools")
    made = [str(tmp_path / f"o.{e}") for e in ("fa", "fa.fai", "dict")]
    odd = tmp_path / "odd.fa"
    for text in ("", "@read\nACGT\n"):
        odd.write_text(text)
        with pytest.raises(ReferenceError, match="not a FASTA"):
            references.prepare_genome(str(odd), *made)
    odd.write_text(">a\nACGT\n>b\nACGT\n>a\nACGT\n")
    with pytest.raises((ReferenceError, run.ToolError), match="twice|[Dd]uplicat"):
        references.prepare_genome(str(odd), *made)


def test_build_by_chromosome_one():
    references.check_build({"chr1": 248956422}, "GRCh38", "x.fa")
    references.check_build({"chr1": 250000}, "GRCh38", "x.fa")
    with pytest.raises(ReferenceError, match="GRCh37.*reference.build is GRCh38"):
        references.check_build({"1": 249250621}, "GRCh38", "x.fa")


@pytest.mark.tools
def test_fetch_reads_any_stretch(small, ready):
    bases = references.fetch(ready.fa, ready.fai)
    text = "".join(small.sequences["chr2"])
    for start, length in ((1, 1), (70, 2), (71, 140), (2391, 10), (1, 2400)):
        assert bases("chr2", start, length) == text[start - 1 : start - 1 + length]


def test_contigs_of_the_other_spelling_are_named():
    ours = {"chr1": 100, "chrM": 10}
    with pytest.raises(ReferenceError, match="contig 1 is chr1 in the FASTA"):
        references.check_contigs(["1"], ours, "x.vcf")
    with pytest.raises(ReferenceError, match="contig MT is chrM"):
        references.check_contigs(["chr1", "MT"], ours, "x.vcf")
    with pytest.raises(ReferenceError, match="none of its contigs"):
        references.check_contigs(["A", "B"], ours, "x.vcf")
    assert references.check_contigs(["chr1", "chrUn_1"], ours, "x.vcf") == ["chrUn_1"]


# Indices


@pytest.mark.tools
def test_bwa_index_is_whole_or_absent(ready, tmp_path, tools):
    tools("bwa")
    prefix = str(tmp_path / "bwa/genome.fa")
    references.index_bwa("bwa", ready.fa, prefix)
    assert sorted(p.name for p in (tmp_path / "bwa").iterdir()) == [
        f"genome.fa{e}" for e in sorted(references.BWA_ENDINGS["bwa"])
    ]
    with pytest.raises(run.ToolError):
        references.index_bwa("bwa", str(tmp_path / "none.fa"), str(tmp_path / "no/genome.fa"))
    assert list((tmp_path / "no").iterdir()) == []


def test_star_sizes_follow_the_manual():
    assert references.star_sizes({f"chr{i}": 125_000_000 for i in range(25)}) == (14, 18)
    assert references.star_sizes({"chr2": 1_540_001}) == (9, 18)
    # 200,000 contigs of 3.2 kb: the manual's min(18, log2(length / contigs))
    assert references.star_sizes({f"c{i}": 3200 for i in range(200_000)})[1] == 11


@pytest.mark.tools
def test_star_index(small, ready, tmp_path, tools):
    tools("STAR")
    references.index_star(ready.fa, ready.fai, str(small.gtf), str(tmp_path / "star"))
    assert (tmp_path / "star/SAindex").stat().st_size > 0
    assert "G1" in (tmp_path / "star/geneInfo.tab").read_text()
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


# Annotation


def annotate(given, ready, tmp_path):
    made = [str(tmp_path / n) for n in ("genome.gtf", "genes.tsv", "coding.tsv.gz", "exons.tsv.gz")]
    references.prepare_annotation(str(given), ready.fai, *made)
    return made[:3]


@pytest.mark.tools
def test_annotation_tables(small, ready, tmp_path):
    gtf, genes, coding = annotate(small.gtf, ready, tmp_path)
    assert open(genes).read().splitlines() == [
        "gene_id\tgene_name\tchrom\tstart\tend\tstrand\tbiotype",
        "G1\tONE\tchr1\t1001\t1500\t+\tprotein_coding",
        "G2\tTWO\tchr2\t1001\t1500\t-\tprotein_coding",
    ]
    assert gzip.open(coding, "rt").read().splitlines() == [
        "gene_name\tchrom\tstart\tend",
        "ONE\tchr1\t1021\t1150",
        "ONE\tchr1\t1301\t1470",
        "TWO\tchr2\t1031\t1200",
        "TWO\tchr2\t1351\t1480",
    ]
    assert gzip.open(tmp_path / "exons.tsv.gz", "rt").read().splitlines() == [
        "gene_id\tchrom\tstart\tend\tstrand",
        "G1\tchr1\t1001\t1150\t+",
        "G1\tchr1\t1301\t1500\t+",
        "G2\tchr2\t1001\t1200\t-",
        "G2\tchr2\t1351\t1500\t-",
    ]
    assert [line for line in small.gtf.read_text().splitlines() if line[0] != "#"] == open(
        gtf
    ).read().splitlines()


@pytest.mark.tools
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.replace("chr1", "1").replace("chr2", "2"), "contig 1 is chr1"),
        (lambda t: t.replace("chr", "scaffold"), "none of its contigs"),
        (lambda t: t.replace("\t1500\t", "\t3500\t"), "chr1 ends at 3000"),
        (lambda t: t.replace("\texon\t", "\tother\t"), "no exon lines"),
        (lambda t: re.sub(r'gene_id "(\w+)".*', r"ID=gene:\1", t), "is it GFF3"),
        (lambda t: t.replace("\t1001\t1500\t", "\t1500\t1001\t"), "not 1-based and ordered"),
        (lambda t: "chr1 x exon 1 2\n" + t, "9 columns"),
    ],
)
def test_wrong_annotation_is_named(small, ready, tmp_path, change, words):
    given = tmp_path / "given.gtf"
    given.write_text(change(small.gtf.read_text()))
    with pytest.raises(ReferenceError, match=words):
        annotate(given, ready, tmp_path)
    assert not (tmp_path / "genes.tsv").exists() and not (tmp_path / "genome.gtf").exists()


@pytest.mark.tools
def test_csq_and_snpeff_agree_with_the_genetic_code(small, ready, tmp_path, tools):
    """Every third coding base changed: protein changes of both tools are those of the made-up protein."""
    tools("snpEff", "bcftools", "bgzip")
    gtf, _, _ = annotate(small.gtf, ready, tmp_path)
    database, moved = tmp_path / "snpeff", tmp_path / "moved"
    references.build_snpeff(ready.fa, gtf, str(database), ready.contigs, 1000)
    database.rename(moved)
    assert not (moved / "genome/sequences.fa").is_symlink()
    expected, vcf = expected_changes(small, tmp_path)
    csq = tmp_path / "csq.vcf"
    run.command(["bcftools", "csq", "-l", "-f", ready.fa, "-g", moved / "genome.gff3.gz", "-o", csq, vcf])
    assert {where: said.split("|")[5] for where, said in first_of(csq.read_text(), "BCSQ")} == expected
    words = ["snpEff", "-Xmx1g", "ann", "-noLog", "-noStats", "-nodownload", "-c", moved / "snpEff.config"]
    words += ["genome", vcf]
    text = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=True).stdout
    assert {where: short(said.split("|")[10]) for where, said in first_of(text, "ANN")} == expected


def first_of(text, tag):
    """((chrom, pos), first consequence) of every record of an annotated VCF."""
    for line in text.splitlines():
        if line.startswith("chr"):
            chrom, pos, *_, info = line.split("\t")[:8]
            yield (chrom, int(pos)), info.split(f"{tag}=")[1].split(",")[0]


def short(hgvs):
    """p.Ala12Val -> 12A>12V, p.Ala12Ala -> 12A, as bcftools writes them."""
    before, number, after = re.fullmatch(r"p\.([A-Z][a-z]{2})(\d+)([A-Z][a-z]{2}|\*)", hgvs).groups()
    before, after = THREE[before], THREE.get(after, after)
    return f"{number}{before}" if before == after else f"{number}{before}>{number}{after}"


def expected_changes(small, folder):
    """{(chrom, pos): "12A>12V" or "12A"} for a base of nearly every codon of both genes, and a VCF of it.

    Left out: the start and stop codons and the codons at the junction (bases 127-134), which are more
    than a protein change.
    """
    blocks = {"chr1": [(1021, 1150), (1301, 1470)], "chr2": [(1031, 1200), (1351, 1480)]}
    protein = translate(small.coding)
    expected, rows = {}, []
    for chrom, parts in blocks.items():
        positions = [p for start, end in parts for p in range(start, end + 1)]
        if chrom == "chr2":
            positions.reverse()
        for index in range(3, 297, 3):
            at = index + index // 3 % 3
            if 125 <= at <= 135:
                continue
            old = small.coding[at]
            new = "ACGT"[("ACGT".index(old) + 1 + index % 2) % 4]
            changed = translate(small.coding[:at] + new + small.coding[at + 1 :])
            number = at // 3 + 1
            before, after = protein[number - 1], changed[number - 1]
            said = f"{number}{before}" if before == after else f"{number}{before}>{number}{after}"
            expected[chrom, positions[at]] = said
            pair = (old, new) if chrom == "chr1" else (old.translate(COMPLEMENT), new.translate(COMPLEMENT))
            rows.append((chrom, positions[at], *pair))
    vcf = folder / "changes.vcf"
    with open(vcf, "w") as handle:
        handle.write("##fileformat=VCFv4.2\n##contig=<ID=chr1,length=3000>\n##contig=<ID=chr2,length=2400>\n")
        handle.write("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
        for chrom, pos, old, new in sorted(rows):
            handle.write(f"{chrom}\t{pos}\t.\t{old}\t{new}\t.\t.\t.\n")
    return expected, vcf


def test_phases_follow_the_reading_direction():
    lines = gtf_lines("c", "-", "G", "N")
    transcript = None
    for line in lines[1:]:
        cells = line.rstrip("\n").split("\t")
        found = {k: a or b for k, a, b in references.ATTRIBUTE.findall(cells[8])}
        feature = references.Feature(cells[0], cells[2], int(cells[3]), int(cells[4]), "-", cells[7], found)
        transcript = transcript or references._Transcript(feature)
        transcript.add(feature)
    coding = transcript.coding()
    assert coding == [(1031, 1200), (1351, 1480)]
    # 130 bases are read first: 43 codons and one base, so the next block starts 2 bases into a codon's rest
    assert references._phases(transcript, coding) == [2, 0]


# Sites, targets, regions


def vcf_text(small, contig="chr1", length=3000, info="AF=0.5", header_af=True, shift=0):
    lines = ["##fileformat=VCFv4.2", f"##contig=<ID={contig},length={length}>"]
    if header_af:
        lines.append('##INFO=<ID=AF,Number=A,Type=Float,Description="x">')
    lines.append("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO")
    for pos in range(10, 400, 10):
        ref = small.sequences["chr1"][pos - 1 + shift]
        lines.append(f"{contig}\t{pos}\t.\t{ref}\t{'A' if ref != 'A' else 'C'}\t.\t.\t{info}")
    return "\n".join(lines) + "\n"


def sites(given, ready, tmp_path, needs_af=True):
    made = str(tmp_path / "sites.vcf.gz")
    references.prepare_sites(str(given), ready.fa, ready.fai, made, needs_af)
    return made


@pytest.mark.tools
@pytest.mark.parametrize("packing", ["plain", "gzip", "bgzip"])
def test_sites_are_indexed_beside_themselves_only(small, ready, tmp_path, tools, packing):
    tools("bcftools", "tabix")
    folder = tmp_path / "vcf"
    folder.mkdir()
    given = folder / ("x.vcf" if packing == "plain" else "x.vcf.gz")
    text = vcf_text(small)
    if packing == "plain":
        given.write_text(text)
    elif packing == "gzip":
        given.write_bytes(gzip.compress(text.encode()))
    else:
        source = tmp_path / "y.vcf"
        source.write_text(text)
        run.command(["bgzip", "-c", source], stdout=given)
    made = sites(given, ready, tmp_path)
    assert os.path.islink(made) == (packing == "bgzip")
    assert run.command(["bcftools", "view", "-H", made, "chr1:100-200"]).count("\n") == 11
    assert [p.name for p in folder.iterdir()] == [given.name]


@pytest.mark.tools
@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"length": 2999}, "contig chr1 has 2999 bases, in the FASTA 3000"),
        ({"contig": "1"}, "contig 1 is chr1 in the FASTA"),
        ({"contig": "other"}, "none of its contigs"),
        ({"header_af": False, "info": "."}, "no INFO/AF"),
        ({"shift": 7}, "reference alleles differ"),
    ],
)
def test_sites_of_another_genome_are_named(small, ready, tmp_path, tools, how, words):
    tools("bcftools", "tabix")
    given = tmp_path / "x.vcf"
    given.write_text(vcf_text(small, **how))
    with pytest.raises(ReferenceError, match=words):
        sites(given, ready, tmp_path)


@pytest.mark.tools
def test_targets_are_sorted_merged_and_checked(ready, tmp_path):
    given, made = tmp_path / "k.bed", str(tmp_path / "k1.targets.bed")
    given.write_text(
        "browser position chr1\ntrack name=x\n# note\nchr2\t5\t9\tname\nchr1\t100\t200\nchr1\t150\t250\n"
        "chr1\t250\t260\nchr1\t10\t20\nchrUn\t1\t2\n\n"
    )
    references.prepare_targets(str(given), ready.fai, made)
    assert open(made).read() == "chr1\t10\t20\nchr1\t100\t260\nchr2\t5\t9\n"


@pytest.mark.tools
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1\t10\t20\n", "contig 1 is chr1"),
        ("chr1\t10\t3001\n", "k.bed:1: chr1 ends at 3000"),
        ("chr1\t20\t20\n", "k.bed:1: start 20 is not before end 20"),
        ("track x\nchr1\t20\n", "k.bed:2: a BED line"),
        ("@HD\tVN:1\nchr1\t1\t2\t+\tx\n", "interval_list"),
        ("track x\n", "no intervals"),
        ("chr1\t-5\t20\n", "a BED line"),
    ],
)
def test_wrong_targets_are_named(ready, tmp_path, text, words):
    given, made = tmp_path / "k.bed", str(tmp_path / "k1.targets.bed")
    given.write_text(text)
    with pytest.raises(ReferenceError, match=words):
        references.prepare_targets(str(given), ready.fai, made)
    assert not os.path.exists(made)


@pytest.mark.tools
def test_regions_take_the_contig_names_of_the_fasta(ready, tmp_path):
    given, made = tmp_path / "regions.tsv", tmp_path / "out.tsv"
    given.write_text("name\tchrom\tstart\tend\na\t1\t10\t20\nb\tchr2\t1\t2400\nc\tchrX\t1\t99999\n")
    references.prepare_regions(str(given), ready.fai, str(made), places.REGION_COLUMNS)
    assert (
        made.read_text() == "name\tchrom\tstart\tend\na\tchr1\t10\t20\nb\tchr2\t1\t2400\nc\tchrX\t1\t99999\n"
    )
    given.write_text("name\tchrom\tstart\tend\na\t1\t10\t3001\n")
    with pytest.raises(ReferenceError, match="regions.tsv:2: chr1 ends at 3000"):
        references.prepare_regions(str(given), ready.fai, str(made), places.REGION_COLUMNS)


# The look at the references before a run


@pytest.mark.tools
def test_check_names_what_does_not_fit(small, tmp_path, project):
    made = settings_with(small, tmp_path, project)
    assert reference_check.check_references(made) == ([], "")
    (tmp_path / "k.bed").write_text("1\t5\t9\n")
    (tmp_path / "c.vcf").write_text(vcf_text(small, length=2999))
    (tmp_path / "r.tsv").write_text("name\tchrom\tstart\tend\na\tchr1\t1\t3001\n")
    problems, _ = reference_check.check_references(made)
    assert [p.field for p in problems] == ["reference.common_sites", "reference.regions", "kits.k1.targets"]
    assert (
        "2999" in problems[0].message and "3001" in problems[1].message and "1 is chr1" in problems[2].message
    )


def test_check_without_an_index_says_so(small, tmp_path, project, monkeypatch):
    made = settings_with(small, tmp_path, project)
    monkeypatch.setattr(reference_check, "MAX_UNINDEXED_BYTES", 10)
    assert "will be compared in the run" in reference_check.check_references(made)[1]
    (tmp_path / "odd.fa").write_text("")
    monkeypatch.undo()
    made.values["reference"]["fasta"] = "odd.fa"
    assert "not a FASTA" in reference_check.check_references(made)[0][0].message


def settings_with(small, folder, project):
    (folder / "k.bed").write_text("chr1\t5\t9\n")
    (folder / "c.vcf").write_text(vcf_text(small))
    (folder / "r.tsv").write_text("name\tchrom\tstart\tend\na\t1\t1\t300\n")
    reference = {"build": "own", "fasta": str(small.fasta), "gtf": str(small.gtf), "common_sites": "c.vcf"}
    values = {"reference": {**reference, "regions": "r.tsv"}, "kits": {"k1": {"targets": "k.bed"}}}
    return settings.Settings(values, project, folder)


# Downloads, against a server of our own


@pytest.fixture
def server():
    """A server that answers each path by a list of (status, body, headers); the last one stays."""
    answers, asked = {}, Counter()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked[self.path] += 1
            queue = answers[self.path]
            status, body, headers = queue.pop(0) if len(queue) > 1 else queue[0]
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    http = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    yield SimpleNamespace(url=f"http://127.0.0.1:{http.server_port}", answers=answers, asked=asked)
    http.shutdown()
    http.server_close()


BODY = b"genome " * 1000
MD5, SHA = hashlib.md5(BODY).hexdigest(), hashlib.sha256(BODY).hexdigest()


def fetch(server, tmp_path, **more):
    source = Source("fasta", "1", f"{server.url}/g.fa.gz", **more)
    return downloads.download(source, tmp_path / "d/g.fa.gz", tmp_path / "versions.lock", tries=3, pause=0.01)


def left_over(tmp_path):
    return [p.name for p in (tmp_path / "d").glob("*")] + [p.name for p in (tmp_path / "d").glob(".*")]


def test_download_is_whole_and_recorded(server, tmp_path):
    server.answers["/g.fa.gz"] = [(200, BODY, {})]
    assert fetch(server, tmp_path) == SHA
    assert (tmp_path / "d/g.fa.gz").read_bytes() == BODY
    lock = (tmp_path / "versions.lock").read_text().splitlines()
    assert lock[1].split("\t")[3:] == [f"sha256:{SHA}", "nobody states one"]
    server.answers["/g.fa.gz"] = [(200, BODY + b"x", {})]
    with pytest.raises(DownloadError, match="recorded.*at the first download"):
        fetch(server, tmp_path)
    assert (tmp_path / "d/g.fa.gz").read_bytes() == BODY


def test_download_tries_again_after_a_fault_that_passes(server, tmp_path):
    server.answers["/g.fa.gz"] = [
        (503, b"", {}),
        (200, BODY[:100], {"Content-Length": "7000"}),
        (200, BODY, {}),
    ]
    assert fetch(server, tmp_path, checksum=f"md5:{MD5}") == SHA
    assert server.asked["/g.fa.gz"] == 3


@pytest.mark.parametrize(
    ("answer", "more", "words", "tries"),
    [
        ((200, BODY[:100], {"Content-Length": "7000"}), {}, "3 tries", 3),
        ((503, b"", {}), {}, "503.*give its path under reference", 3),
        ((404, b"", {}), {}, "404", 1),
        ((200, BODY, {}), {"checksum": "md5:" + "0" * 32}, "versions.tsv says 000", 1),
        ((200, BODY, {}), {"checksum": "sha256:" + "0" * 64}, "nothing was kept", 1),
        (
            (200, BODY, {"x-goog-hash": "crc32c=AA==,md5=AAAAAAAAAAAAAAAAAAAAAA=="}),
            {},
            "the server says 000",
            1,
        ),
    ],
)
def test_wrong_downloads_leave_nothing(server, tmp_path, answer, more, words, tries):
    server.answers["/g.fa.gz"] = [answer]
    with pytest.raises(DownloadError, match=words):
        fetch(server, tmp_path, **more)
    assert left_over(tmp_path) == [] and not (tmp_path / "versions.lock").exists()
    assert server.asked["/g.fa.gz"] == tries


def test_checksum_from_the_publishers_list(server, tmp_path):
    server.answers["/g.fa.gz"] = [(200, BODY, {})]
    server.answers["/MD5SUMS"] = [(200, f"{'1' * 32}  other.gz\n{MD5}  g.fa.gz\n".encode(), {})]
    assert fetch(server, tmp_path, checksum_source=f"{server.url}/MD5SUMS") == SHA
    assert f"md5:{MD5}" in (tmp_path / "versions.lock").read_text()
    server.answers["/MD5SUMS"] = [(200, f"{'1' * 32}  g.fa.gz\n".encode(), {})]
    with pytest.raises(DownloadError, match="MD5SUMS says 111"):
        fetch(server, tmp_path, checksum_source=f"{server.url}/MD5SUMS")
    server.answers["/MD5SUMS"] = [(200, b"", {})]
    with pytest.raises(DownloadError, match="does not name g.fa.gz"):
        fetch(server, tmp_path, checksum_source=f"{server.url}/MD5SUMS")


def test_versions_table(project):
    sources = downloads.read_versions(project / "resources/versions.tsv")
    assert list(sources) == ["fasta", "gtf", "germline", "common_sites", "panel_of_normals", "cytobands"]
    assert all(s.url.startswith("https://") and s.version for s in sources.values())
    assert len({s.file for s in sources.values()}) == len(sources)
    assert downloads.by_file(sources, sources["gtf"].file)["dataset"] == "gtf"
    assert downloads.read_versions(project / "none.tsv") == {}


@pytest.mark.tools
def test_salmon_index_holds_the_spliced_transcripts(small, ready, tmp_path, tools):
    """Exons joined in the order of transcription; ids keep their versions; a clear word on a broken GTF."""
    tools("salmon")
    gtf = tmp_path / "g.gtf"
    gtf.write_text(small.gtf.read_text().replace('"TG1"', '"TG1.4"'))
    folder, table = tmp_path / "salmon", tmp_path / "transcripts.tsv"
    references.index_salmon(ready.fa, ready.fai, str(gtf), str(folder), str(table))
    assert table.read_text().splitlines() == ["transcript_id\tgene_id", "TG1.4\tG1", "TG2\tG2"]
    assert (folder / "info.json").exists() and not list(tmp_path.glob(".*"))
    broken = tmp_path / "b.gtf"
    broken.write_text(small.gtf.read_text().replace('transcript_id "TG1"', 'transcript_id "TG2"'))
    with pytest.raises(ReferenceError, match="transcript TG2 has exons on two contigs"):
        references.index_salmon(ready.fa, ready.fai, str(broken), str(folder), str(table))
