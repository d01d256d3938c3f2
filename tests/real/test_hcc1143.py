"""Real lanes of HCC1143: merged with the right read groups; chr8 and chr11 are joined in the tumour only."""

import gzip
import re
from collections import Counter

import pysam
import pytest

from myeloma import tables

from .workflow import run, write_sheets

pytestmark = [pytest.mark.data, pytest.mark.tools, pytest.mark.end_to_end]

# sample: (folder and side below testdata, units as (flowcell, lane, start of the file names))
SAMPLES = {
    "tiny_t": ("tiny/tumor", [("tiny", str(n), f"tiny_t_L00{n}_") for n in (1, 2, 3, 5, 6, 7)]),
    "tiny_n": ("tiny/normal", [("tiny", str(n), f"tiny_n_L00{n}_") for n in (1, 2, 4, 7, 8)]),
    "manta_t": (
        "manta/tumor",
        [("C09D", str(n), f"C09D_T_111207.{n}.ACCAACTG_") for n in (3, 5, 6, 7, 8)],
    ),
    "manta_n": (
        "manta/normal",
        [("C097F", str(n), f"C097F_N_111207.{n}.AGTTGCTT_") for n in (1, 2)]
        + [("C09DF", "4", "C09DF_N_111207.4.AGTTGCTT_")]
        + [("D0F23", str(n), f"D0F23_N_111212.{n}.AGTTGCTT_") for n in (1, 2, 3)],
    ),
}


@pytest.fixture(scope="module")
def data(real_data):
    return real_data("hcc1143_multilane")


@pytest.fixture(scope="module")
def folder(data, project, tools, tmp_path_factory):
    tools("bwa", "fastp", "samblaster", "samtools", "delly")
    folder = tmp_path_factory.mktemp("hcc1143")
    # The set's reference is gzipped, not bgzipped.
    fasta = folder / "reference.fa"
    fasta.write_bytes(gzip.open(data / "reference/human_g1k_v37_decoy.small.fasta.gz").read())
    samples = [
        {"sample": s, "patient": s.split("_")[0], "tissue": "tumour" if s.endswith("t") else "normal"}
        for s in SAMPLES
    ]
    units = [
        {"sample": sample, "library": "lib1", "flowcell": flowcell, "lane": lane}
        | {f"fastq_{r}": data / "testdata" / place / f"{start}R{r}_xxx.fastq.gz" for r in (1, 2)}
        for sample, (place, lanes) in SAMPLES.items()
        for flowcell, lane, start in lanes
    ]
    write_sheets(folder, samples, units)
    config = project / "tests/real/configs/hcc1143.yaml"
    targets = [f"results/alignments/{s}.cram" for s in SAMPLES]
    run(project, folder, config, fasta, *targets, "results/calls/structural_variants.tsv")
    return folder


def records(folder, sample):
    path = folder / f"results/alignments/{sample}.cram"
    with pysam.AlignmentFile(
        str(path), reference_filename=str(folder / "results/references/genome.fa")
    ) as cram:
        return cram.header.to_dict(), [r for r in cram.fetch(until_eof=True) if not r.flag & 0x900]


def pairs_in_files(data, sample, start):
    place = SAMPLES[sample][0]
    with gzip.open(data / "testdata" / place / f"{start}R1_xxx.fastq.gz", "rt") as lines:
        return sum(1 for _ in lines) // 4


@pytest.mark.parametrize("sample", ["tiny_t", "tiny_n", "manta_n"])
def test_lanes_are_merged_and_every_read_knows_its_lane(folder, data, sample):
    header, reads = records(folder, sample)
    groups = {g["ID"]: g for g in header["RG"]}
    assert set(groups) == {f"{sample}.lib1.{f}.{lane}" for f, lane, _ in SAMPLES[sample][1]}
    assert {(g["SM"], g["LB"]) for g in groups.values()} == {(sample, "lib1")}
    for flowcell, lane, start in SAMPLES[sample][1]:
        name = f"{sample}.lib1.{flowcell}.{lane}"
        assert groups[name]["PU"] == f"{flowcell}.{lane}"
        of_lane = [r for r in reads if r.get_tag("RG") == name]
        given = pairs_in_files(data, sample, start)
        # Pairs shorter than align.min_read_length after trimming are left out: a few at most.
        assert 0.95 * 2 * given <= len(of_lane) <= 2 * given


def joining(reads):
    names = {
        r.query_name
        for r in reads
        if not r.is_unmapped
        and not r.mate_is_unmapped
        and {r.reference_name, r.next_reference_name} == {"8", "11"}
    }
    return len(names)


def test_pairs_joining_chr8_and_chr11_are_in_the_tumour_only(folder):
    _, tumour = records(folder, "manta_t")
    _, normal = records(folder, "manta_n")
    # The set counts 166 reads, that is 83 pairs.
    assert joining(tumour) >= 75
    assert joining(normal) == 0


def split_reads(folder, sample):
    """(chr8 base, chr11 base) -> split reads that join them, by their supplementary alignments alone."""
    path = folder / f"results/alignments/{sample}.cram"
    found = Counter()
    fasta = str(folder / "results/references/genome.fa")
    with pysam.AlignmentFile(str(path), reference_filename=fasta) as cram:
        for read in cram.fetch("8"):
            for part in read.get_tag("SA").rstrip(";").split(";") if read.has_tag("SA") else []:
                chrom, start, _, cigar, *_ = part.split(",")
                if chrom == "11":
                    last = int(start) + sum(int(n) for n in re.findall(r"(\d+)[MD]", cigar)) - 1
                    own = (
                        read.reference_end if read.cigartuples[-1][0] in (4, 5) else read.reference_start + 1
                    )
                    found[own, last if re.search(r"[SH]$", cigar) else int(start)] += 1
    return found


def test_the_rearrangement_of_chr8_and_chr11_is_somatic_and_at_the_bases_of_the_split_reads(folder):
    calls = tables.read(folder / "results/calls/structural_variants.tsv", tables.STRUCTURAL)
    assert set(calls["sample"]) == {"manta_t"}, "the other tumour has no structural variant"
    joined = calls[(calls["chrom_a"] == "8") & (calls["chrom_b"] == "11")]
    assert list(joined["filter"]) == ["PASS", "PASS"] and set(joined["mode"]) == {"tumour_normal"}
    assert (joined["normal_fragments"] == 0).all() and (joined["normal_spanning_fragments"] >= 8).all()
    assert (joined["fragments"] >= 40).all()
    best = [place for place, _ in split_reads(folder, "manta_t").most_common(2)]
    for pos_8, pos_11 in best:
        near = (joined["pos_a"] - pos_8).abs().le(10) & (joined["pos_b"] - pos_11).abs().le(10)
        assert near.sum() == 1, (pos_8, pos_11)
    # the set's description gives where the pairs gather, not the bases: 8:571/11:2976 and 8:632/11:736
    for pos_8, pos_11 in ((571, 2976), (632, 736)):
        assert ((joined["pos_a"] - pos_8).abs().le(60) & (joined["pos_b"] - pos_11).abs().le(60)).sum() == 1
    assert split_reads(folder, "manta_n") == {}


def test_a_tumour_without_structural_variants_has_an_empty_vcf(folder):
    with pysam.VariantFile(str(folder / "results/calls/tiny.sv.vcf.gz")) as records:
        assert list(records) == [] and list(records.header.samples) == ["tiny_t", "tiny_n"]
