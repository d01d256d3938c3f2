"""RNA support: what single reads show, whole files, and what the counts let one say."""

import pysam
import pytest

from myeloma import rna_support, tables

RULES = {
    "min_base_quality": 20,
    "min_mapping_quality": 20,
    "min_alt_fragments": 2,
    "min_depth": 5,
    "power": 0.90,
}
#           1234567890123456789012345678901234567890
REFERENCE = "ACGTACGTCCAAAAAGGTCATGCATTGCAGTCCATGACGT"


def write(folder, reads):
    """A FASTA and an indexed BAM of (name, start 1-based, CIGAR, bases, quality, flag, mapping quality)."""
    fasta = folder / "g.fa"
    fasta.write_text(f">c\n{REFERENCE}\n")
    pysam.faidx(str(fasta))
    path = str(folder / "r.bam")
    header = {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": "c", "LN": len(REFERENCE)}]}
    with pysam.AlignmentFile(path, "wb", header=header) as out:
        for name, start, cigar, bases, quality, flag, mapq in sorted(reads, key=lambda r: r[1]):
            read = pysam.AlignedSegment(out.header)
            read.query_name, read.flag, read.reference_id = name, flag, 0
            read.reference_start, read.mapping_quality, read.cigarstring = start - 1, mapq, cigar
            read.query_sequence = bases
            read.query_qualities = pysam.qualitystring_to_array(chr(33 + quality) * len(bases))
            out.write(read)
    pysam.index(path)
    return str(fasta), path


def counted(folder, reads, variant):
    fasta, bam = write(folder, reads)
    with pysam.FastaFile(fasta) as reference, pysam.AlignmentFile(bam) as opened:
        return rna_support.count(opened, variant, reference, RULES)


def read(name, start, cigar, bases, quality=30, flag=0, mapq=255):
    return (name, start, cigar, bases, quality, flag, mapq)


SNV = ("c", 19, "C", "T")


def test_bases_of_a_snv(tmp_path):
    reads = [
        read("ref", 15, "10M", "AGGTCATGCA"),
        read("alt", 15, "10M", "AGGTTATGCA"),
        read("duplicate", 15, "10M", "AGGTTATGCA", flag=1024),
        read("poor", 15, "10M", "AGGTTATGCA", quality=10),
        read("elsewhere", 15, "10M", "AGGTTATGCA", mapq=3),
        read("secondary", 15, "10M", "AGGTTATGCA", flag=256),
        read("third", 15, "10M", "AGGTGATGCA"),
        read("spliced", 10, "5M10N5M", "CAAAATTGCA"),
    ]
    assert counted(tmp_path, reads, SNV) == (1, 2, 1)


def test_two_mates_count_once_and_must_agree(tmp_path):
    reads = [
        read("one", 15, "10M", "AGGTTATGCA", flag=99),
        read("one", 16, "10M", "GGTTATGCAT", flag=147),
        read("two", 15, "10M", "AGGTTATGCA", flag=99),
        read("two", 16, "10M", "GGTCATGCAT", flag=147),
    ]
    assert counted(tmp_path, reads, SNV) == (0, 1, 1)


@pytest.mark.parametrize("cigar", ["4M1D8M", "7M1D5M", "8M1D4M"])
def test_a_deletion_in_a_repeat_counts_wherever_the_aligner_puts_it(tmp_path, cigar):
    # CCAAAAAGG -> CCAAAAGG, VCF: 10 CA>C
    reads = [
        read("alt", 7, cigar, "GTCCAAAAGGTC"),
        read("ref", 7, "12M", "GTCCAAAAAGGT"),
        read("ends inside the repeat", 5, "10M", "ACGTCCAAAA"),
    ]
    assert counted(tmp_path, reads, ("c", 10, "CA", "C")) == (1, 1, 0)


def test_an_insertion_and_a_change_of_two_bases(tmp_path):
    reads = [read("alt", 15, "5M2I6M", "AGGTCTTATGCAT"), read("ref", 15, "10M", "AGGTCATGCA")]
    assert counted(tmp_path, reads, ("c", 19, "C", "CTT")) == (1, 1, 0)
    both = [read("alt", 15, "10M", "AGGTTGTGCA"), read("half", 15, "10M", "AGGTTATGCA")]
    assert counted(tmp_path, both, ("c", 19, "CA", "TG")) == (0, 1, 1)


def test_an_intron_of_another_length_is_no_deletion(tmp_path):
    reads = [read("spliced over", 15, "4M12N6M", "AGGTTCCATG"), read("ref", 15, "12M", "AGGTCATGCATT")]
    assert counted(tmp_path, reads, ("c", 20, "ATG", "A")) == (1, 0, 0)


def test_what_the_counts_say():
    # power by hand at 20 fragments, fraction 0.4: 1 - 0.6^20 - 20 * 0.4 * 0.6^19
    state, power = rna_support.judge(20, 0, 0.4, RULES)
    assert state == rna_support.NOT_SUPPORTED and power == pytest.approx(1 - 0.6**20 - 8 * 0.6**19)
    assert rna_support.judge(20, 0, 0.1, RULES)[0] == rna_support.NO_POWER
    assert rna_support.judge(3, 0, 0.4, RULES)[0] == rna_support.NOT_EXPRESSED
    assert rna_support.judge(0, 2, 0.4, RULES)[0] == rna_support.SUPPORTED
    assert rna_support.judge(3, 1, None, RULES)[0] == rna_support.NOT_EXPRESSED


def test_a_whole_patient(tmp_path):
    fasta, bam = write(tmp_path, [read("alt", 15, "10M", "AGGTTATGCA")])
    vcf = tmp_path / "v.vcf"
    vcf.write_text(
        "##fileformat=VCFv4.2\n##contig=<ID=c,length=40>\n##FILTER=<ID=germline,Description=x>\n"
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\nc\t19\t.\tC\tT\t.\tPASS\t.\nc\t20\t.\tA\tG\t.\tgermline\t.\n"
    )
    ids = {"patient": "P", "sample": "P-T", "rna_sample": "P-R"}
    rna_support.count_patient(ids, str(vcf), bam, fasta, RULES, str(tmp_path / "t.tsv"))
    made = rna_support.read_all([str(tmp_path / "t.tsv")])
    assert made[["pos", "rna_ref", "rna_alt"]].values.tolist() == [[19, 0, 1]]
    assert list(rna_support.read_all([]).columns) == tables.RNA_SUPPORT.names()
