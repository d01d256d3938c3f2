"""Somatic variants: named limits, clusters of noise, consequences of SnpEff and csq, the table."""

import io
import random
import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml
from cyvcf2 import VCF

from myeloma import consensus, references, tables, variants

LIMITS = yaml.safe_load((Path(__file__).parents[2] / "config/config.yaml").read_text())["somatic"]


def test_statistics_of_pieces_add_up(tmp_path):
    for number, count in enumerate((10.0, 32.5)):
        (tmp_path / f"{number}").write_text(f"statistic\tvalue\ncallable\t{count}\n")
    variants.merge_stats([tmp_path / "0", tmp_path / "1"], tmp_path / "out")
    assert (tmp_path / "out").read_text() == "statistic\tvalue\ncallable\t42.5\n"


def test_sites_of_a_pileup_table_are_counted(tmp_path):
    path = tmp_path / "pileups.table"
    head = "#<METADATA>SAMPLE=T\ncontig\tposition\tref_count\talt_count\tother_alt_count\tallele_frequency\n"
    path.write_text(head + "chr1\t10\t5\t6\t0\t0.2\ncontig7\t11\t5\t6\t0\t0.2\n")
    assert variants.count_pileup_sites(path) == 2


def test_sites_of_an_orientation_archive_are_counted(tmp_path):
    path = tmp_path / "a.f1r2.tar.gz"
    with tarfile.open(path, "w:gz") as out:
        for name, text in {
            "s.alt_table": "#SAMPLE\ts\ncontext\tref\nACG\t1\nTTT\t2\n",
            "s.ref_histogram": "x\ny\n",
        }.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            out.addfile(member, io.BytesIO(text.encode()))
    assert variants.count_alt_sites(path) == 2


def ann(gene, transcript, consequence):
    return (
        f"T|{consequence}|HIGH|{gene}|{gene}_id|transcript|{transcript}|protein_coding|1/2|c.1A>T|p.Met1Leu"
    )


def test_the_canonical_transcript_speaks_and_the_worst_gene_wins():
    text = ",".join(
        [
            ann("A", "TA2.1", "stop_gained"),
            ann("A", "TA1.3", "synonymous_variant"),
            ann("B", "TB1", "missense_variant&splice_region_variant"),
            ann("C", "TC9", "intron_variant"),
        ]
    )
    assert variants.choose(text, {"A": "TA1", "B": "TB1"})["gene"] == "B"
    assert variants.choose(text, {"A": "TA2", "B": "TB1"})["transcript"] == "TA2.1"
    # A gene whose canonical transcript is not annotated is spoken for by its worst one.
    assert variants.choose(text, {"A": "other"})["transcript"] == "TA2.1"
    assert variants.choose(None, {}) == {}


def test_hotspots_need_the_residue_too():
    known = {("KRAS", 12): "G", ("X", 5): ""}
    assert variants.is_hotspot("KRAS", "p.Gly12Asp", known)
    assert not variants.is_hotspot("KRAS", "p.Ala12Asp", known)
    assert not variants.is_hotspot("KRAS", "p.Gly13Asp", known)
    assert not variants.is_hotspot("NRAS", "p.Gly12Asp", known)
    assert not variants.is_hotspot("KRAS", "", known)
    assert variants.is_hotspot("X", "p.Trp5Leu", known)


def test_hotspot_table_is_read(tmp_path):
    path = tmp_path / "h.tsv"
    path.write_text("gene\tposition\tresidue\tmeaning\tsource\nKRAS\t12\tG\tx\ty\nTP53\tany\t\tx\ty\n")
    assert variants.read_hotspots(path) == {("KRAS", 12): "G"}
    assert variants.read_hotspots("") == {}


def test_second_opinion_prefers_the_haplotype():
    alone = "missense|G|T|protein_coding|+|12G>12D|35G>A"
    both = "*missense|G|T|protein_coding|+|12G>12N|34G>A+35G>A"
    assert variants.second_opinion(alone, None) == "missense G 12G>12D"
    assert variants.second_opinion(alone, both) == "missense G 12G>12N"
    assert variants.second_opinion(alone, "@34") == "with 34"
    assert variants.second_opinion("intron|G|T|protein_coding", None) == ""


# Gene FWD: coding exons 101-160 and 301-360 of contig 1 (40 codons); gene REV: 601-660 on the other strand.
FORWARD = "ATG" + "GGT" * 11 + "TGG" + "TTT" * 26 + "TAA"
COMPLEMENT = str.maketrans("ACGT", "TGCA")


@pytest.fixture(scope="module")
def genome(tools, tmp_path_factory):
    tools("samtools", "bcftools", "snpEff", "bgzip", "tabix")
    folder = tmp_path_factory.mktemp("genome")
    chance = random.Random(1)
    bases = list("".join(chance.choices("ACGT", k=1000)))
    bases[100:160] = FORWARD[:60]
    bases[160:162], bases[298:300] = "GT", "AG"
    bases[300:360] = FORWARD[60:]
    reverse = "ATG" + "GAT" * 18 + "TAA"
    bases[600:660] = reverse.translate(COMPLEMENT)[::-1]
    fasta = folder / "genome.fa"
    fasta.write_text(">1\n" + "".join(bases) + "\n")
    subprocess.run(["samtools", "faidx", fasta], check=True)
    rows = [("FWD", "+", [(101, 160), (301, 360)]), ("REV", "-", [(601, 660)])]
    lines = []
    for gene, strand, exons in rows:
        words = f'gene_id "{gene}"; gene_name "{gene}"; gene_biotype "protein_coding";'
        more = f'{words} transcript_id "T{gene}"; transcript_biotype "protein_coding";'
        start, end = exons[0][0], exons[-1][1]
        lines.append(f"1\tt\tgene\t{start}\t{end}\t.\t{strand}\t.\t{words}")
        lines.append(f"1\tt\ttranscript\t{start}\t{end}\t.\t{strand}\t.\t{more}")
        for kind in ("exon", "CDS"):
            lines += [f"1\tt\t{kind}\t{s}\t{e}\t.\t{strand}\t0\t{more}" for s, e in exons]
    gtf = folder / "genes.gtf"
    gtf.write_text("\n".join(lines) + "\n")
    contigs = references.read_fai(f"{fasta}.fai")
    references.build_snpeff(str(fasta), str(gtf), str(folder / "snpeff"), contigs, 1000)
    return fasta, folder / "snpeff", "".join(bases)


def codon_base(number):
    """Position of the first base of a codon of FWD (1-based)."""
    base = 3 * (number - 1)
    return 101 + base if base < 60 else 301 + base - 60


@pytest.fixture(scope="module")
def table(genome, tmp_path_factory):
    """The table of variants written by hand, through the same finish and tabulate as calls."""
    fasta, database, bases = genome
    folder = tmp_path_factory.mktemp("calls")
    g12, w13 = codon_base(12), codon_base(13)
    rows = [
        (g12 + 1, "G", "A", "0/1"),  # G12D
        (codon_base(3), "GG", "AA", "0/1"),  # two bases of codon 3: G3N
        (w13 + 2, "G", "A", "0/1"),  # W13*
        (codon_base(5), "G", "A", "0|1"),  # phased neighbours in codon 5: alone S and D, together N
        (codon_base(5) + 1, "G", "A", "0|1"),
        (161, "G", "A", "0/1"),  # splice donor
        (codon_base(25), bases[codon_base(25) - 1 : codon_base(25) + 1], "T", "0/1"),  # frameshift
        (656, "T", "A", "0/1"),  # reverse strand, codon 2 GAT -> GTT: D2V
    ]
    head = ["##fileformat=VCFv4.2", "##contig=<ID=1,length=1000>", "##source=/home/x/tool"]
    head += ['##FORMAT=<ID=GT,Number=1,Type=String,Description="g">']
    head += ['##FORMAT=<ID=AD,Number=R,Type=Integer,Description="a">']
    head += ['##FORMAT=<ID=DP,Number=1,Type=Integer,Description="d">']
    head += ['##FORMAT=<ID=PS,Number=1,Type=Integer,Description="p">']
    head += ['##INFO=<ID=POP_AF,Number=A,Type=Float,Description="p">']
    lines = [*head, "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tN\tT"]
    for pos, ref, alt, call in sorted(rows):
        assert bases[pos - 1 : pos - 1 + len(ref)] == ref
        phase = "500" if "|" in call else "."
        lines.append(
            f"1\t{pos}\t.\t{ref}\t{alt}\t.\tPASS\tPOP_AF=0.01\tGT:AD:DP:PS\t"
            f"0/0:30,0:30:{phase}\t{call}:60,20:81:{phase}"
        )
    source = folder / "in.vcf"
    source.write_text("\n".join(lines) + "\n")
    inputs = variants.Inputs(fasta=str(fasta), tumour="T", tumour_bam="", normal="N", snpeff=str(database))
    limited = folder / "limited.vcf"
    consensus.decide(str(source), str(limited), "T", "N", LIMITS)
    target = folder / "P.somatic.vcf.gz"
    variants.finish(limited, inputs, folder, target)
    known = {("FWD", 12): "G"}
    frame = variants.tabulate(str(target), "P", "T", "N", {"FWD": "TFWD", "REV": "TREV"}, known)
    return target, frame.set_index("pos")


@pytest.mark.tools
def test_consequences_and_hgvs(table):
    _, frame = table
    tables.conform(frame.reset_index(), tables.VARIANTS)
    wanted = {
        codon_base(12) + 1: ("missense_variant", "c.35G>A", "p.Gly12Asp"),
        codon_base(3): ("missense_variant", "c.7_8delGGinsAA", "p.Gly3Asn"),
        codon_base(13) + 2: ("stop_gained", "c.39G>A", "p.Trp13*"),
        656: ("missense_variant", "c.5A>T", "p.Asp2Val"),
    }
    for pos, expected in wanted.items():
        row = frame.loc[pos]
        assert (row["consequence"], row["hgvsc"], row["hgvsp"]) == expected
    assert frame.loc[161, "consequence"].startswith("splice_donor_variant")
    shift = frame[frame["consequence"].str.contains("frameshift")]
    assert len(shift) == 1 and shift["impact"].iloc[0] == "HIGH"
    assert frame["gene"].tolist() == ["FWD"] * 7 + ["REV"]


@pytest.mark.tools
def test_phased_neighbours_are_read_together_by_the_second_opinion(table):
    _, frame = table
    first, second = codon_base(5), codon_base(5) + 1
    assert frame.loc[first, "hgvsp"] == "p.Gly5Ser" and frame.loc[second, "hgvsp"] == "p.Gly5Asp"
    assert "5G>5N" in frame.loc[first, "second_opinion"]
    assert frame.loc[codon_base(3), "second_opinion"] == "missense FWD 3G>3N"
    assert frame.loc[codon_base(12) + 1, "second_opinion"] == "missense FWD 12G>12D"


@pytest.mark.tools
def test_support_and_hotspot_are_in_the_table(table):
    _, frame = table
    row = frame.loc[codon_base(12) + 1]
    assert (row["tumour_depth"], row["tumour_alt"], row["normal_depth"], row["normal_alt"]) == (81, 20, 30, 0)
    assert row["tumour_af"] == pytest.approx(20 / 81)
    assert row["population_af"] == pytest.approx(0.01)
    assert row["hotspot"] == "yes" and (frame["hotspot"] == "yes").sum() == 1
    assert set(frame["filter"]) == {"PASS"}


@pytest.mark.tools
def test_the_vcf_names_every_filter_and_no_path(table):
    target, _ = table
    header = VCF(str(target)).raw_header
    for name in consensus.FILTERS:
        assert f"##FILTER=<ID={name}," in header
    assert "/home/x" not in header and str(Path(target).parent) not in header
    assert Path(f"{target}.tbi").is_file()


@pytest.mark.parametrize("hgvsp", ["p.Gly12fs", "p.Gly12AspfsTer5", "p.Gly12Ter", "p.Gly12*"])
def test_a_truncation_at_a_hotspot_residue_is_no_hotspot_mutation(hgvsp):
    known = {("KRAS", 12): "G"}
    assert variants.is_hotspot("KRAS", "p.Gly12Asp", known)
    assert not variants.is_hotspot("KRAS", hgvsp, known)


@pytest.mark.tools
def test_a_population_frequency_is_found_in_multi_allelic_records_and_other_spellings(tools, tmp_path):
    tools("bcftools", "samtools", "bgzip")
    fasta = tmp_path / "g.fa"
    fasta.write_text(">chr1\nGGGTCAAAAAGTTCGG\n")
    subprocess.run(["samtools", "faidx", fasta], check=True)
    head = "##fileformat=VCFv4.2\n##contig=<ID=chr1,length=16>\n"
    head += (
        '##INFO=<ID=AF,Number=A,Type=Float,Description="f">\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n'
    )
    known, given = tmp_path / "population.vcf", tmp_path / "given.vcf"
    known.write_text(
        head + "chr1\t5\t.\tCA\tC,CAA\t.\t.\tAF=0.3,0.1\nchr1\t14\t.\tC\tA,T\t.\t.\tAF=0.2,0.05\n"
    )
    rows = (("5", "C", "CA"), ("5", "CA", "C"), ("14", "C", "A"), ("14", "C", "T"), ("16", "G", "A"))
    given.write_text(head + "".join(f"chr1\t{p}\t.\t{r}\t{a}\t.\t.\t.\n" for p, r, a in rows))
    subprocess.run(["bgzip", known], check=True)
    subprocess.run(["bcftools", "index", "-t", f"{known}.gz"], check=True)
    inputs = variants.Inputs(fasta=str(fasta), tumour="T", tumour_bam="", germline=f"{known}.gz")
    made = VCF(str(variants._population(inputs, given, tmp_path)))
    found = {(r.POS, r.REF, r.ALT[0]): r.INFO.get("POP_AF") for r in made}
    wanted = dict(zip([(int(p), r, a) for p, r, a in rows], (0.1, 0.3, 0.2, 0.05, None), strict=True))
    assert found == {k: v if v is None else pytest.approx(v) for k, v in wanted.items()}


@pytest.mark.parametrize(
    ("error", "wanted"),
    [("0.96", 0.96), ("4.7E-7", 4.7e-7), ("NaN", float("inf")), ("Infinity", float("inf"))],
)
def test_error_of_the_contamination_estimate(error, wanted):
    assert variants.contamination_error(f"sample\tcontamination\terror\nP1-T\t0.39\t{error}\n") == wanted
