"""Real lanes of HCC1143: merged with the right read groups; pairs of chr8 and chr11 in the tumour only."""

import gzip

import pysam
import pytest

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
    tools("bwa", "fastp", "samblaster", "samtools")
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
    run(project, folder, config, fasta, *(f"results/alignments/{s}.cram" for s in SAMPLES))
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
