"""Real exome reads of HCC1395 and its normal, from FASTQ through the same rules to the passing calls."""

import hashlib

import pysam
import pytest
import yaml

from myeloma import tables, variants

from .haplotypes import explained
from .workflow import run, write_sheets

pytestmark = [pytest.mark.data, pytest.mark.tools, pytest.mark.end_to_end]


@pytest.fixture(scope="module")
def data(real_data):
    return real_data("seqc2_wes_slices")


@pytest.fixture(scope="module")
def reference(data):
    with pysam.FastaFile(str(data / "mini_ref/mini_hg38.fa")) as fasta:
        return {name: fasta.fetch(name) for name in fasta.references}


@pytest.fixture(scope="module")
def truth(data):
    rows = [
        line.rstrip("\n").split("\t")
        for line in (data / "mini_ref/truth_mini.vcf").read_text().splitlines()
        if not line.startswith("#")
    ]
    made = {(r[0], int(r[1]), r[3], r[4]): "TIER=High" in r[7] for r in rows}
    assert sum(made.values()) == 27
    return made


@pytest.fixture(scope="module")
def folder(data, project, tools, tmp_path_factory):
    tools("bwa", "fastp", "samblaster", "samtools", "mosdepth", "gatk", "freebayes", "bcftools")
    folder = tmp_path_factory.mktemp("seqc2")
    names = {"HCC1395": "tumor", "HCC1395BL": "normal"}
    samples = [
        {"sample": "HCC1395", "patient": "SEQC2", "tissue": "tumour"},
        {"sample": "HCC1395BL", "patient": "SEQC2", "tissue": "normal"},
    ]
    units = [
        {"sample": sample, "library": "lib1", "flowcell": "HM775BBXX", "lane": "1"}
        | {f"fastq_{r}": data / f"fastq_merged/HCC1395_{name}_R{r}.fastq.gz" for r in (1, 2)}
        for sample, name in names.items()
    ]
    write_sheets(folder, samples, units)
    config = project / "tests/real/configs/seqc2.yaml"
    fasta = data / "mini_ref/mini_hg38.fa"
    run(project, folder, config, fasta, "results/calls/variants.tsv.gz", "results/calls/somatic.maf.gz")
    return folder


@pytest.fixture(scope="module")
def calls(folder):
    """Variant -> FILTER."""
    frame = tables.read(folder / "results/calls/variants.tsv.gz", tables.VARIANTS)
    return {(r.chrom, int(r.pos), r.ref, r.alt): r.filter for r in frame.itertuples()}


@pytest.fixture(scope="module")
def kept(folder):
    """Variant -> (callers, why it is kept)."""
    frame = tables.read(folder / "results/calls/variants.tsv.gz", tables.VARIANTS)
    return {(r.chrom, int(r.pos), r.ref, r.alt): (r.callers, r.kept) for r in frame.itertuples()}


def test_the_second_caller_adds_no_passing_call_and_no_tumour_in_normal(calls, kept, folder):
    """No more false calls than Mutect2 alone: what passes is what Mutect2 passes, or a cluster of noise."""
    for variant, names in calls.items():
        callers, why = kept[variant]
        assert (names == "PASS") == (why in ("both_callers", "mutect2_alone", "noise_cluster")), variant
        assert "mutect2" in callers or names.startswith("one_caller"), variant
    found = tables.read(folder / "results/calls/tumour_in_normal.tsv", tables.TUMOUR_IN_NORMAL).iloc[0]
    assert found["low"] == 0 and found["state"] == "absent"


def test_one_haplotype_in_two_spellings_is_one_sight(kept):
    # Mutect2: an insertion and a substitution; freebayes: C>AT.
    for variant in (("chr16", 502, "C", "CA"), ("chr16", 503, "C", "T")):
        assert kept[variant][0] == "mutect2,freebayes"


def hard(variant, project):
    rows = [
        line.split("\t")
        for line in (project / "tests/real/hard_windows.bed").read_text().splitlines()
        if not line.startswith("#")
    ]
    return any(r[0] == variant[0] and int(r[1]) < variant[1] <= int(r[2]) for r in rows)


def found(wanted, truth, calls, reference):
    return [v for v in wanted if explained(v, list(truth), list(calls), reference[v[0]])]


def test_every_high_confidence_variant_is_called(truth, calls, reference):
    high = [v for v, is_high in truth.items() if is_high]
    missing = set(high) - set(found(high, truth, calls, reference))
    assert not missing


def test_at_least_26_pass_and_the_others_name_their_filter(truth, calls, reference):
    high = [v for v, is_high in truth.items() if is_high]
    passing = {v: f for v, f in calls.items() if f == "PASS"}
    passed = found(high, truth, passing, reference)
    not_passed = sorted(set(high) - set(passed))
    filters = {v: {f for c, f in calls.items() if c[0] == v[0] and abs(c[1] - v[1]) <= 1} for v in not_passed}
    assert len(passed) >= 26, filters
    assert all(names and "PASS" not in names for names in filters.values()), filters


def test_no_passing_call_that_truth_lacks_outside_the_hard_windows(truth, calls, reference, project):
    passing = [v for v, f in calls.items() if f == "PASS"]
    unknown = [v for v in passing if not explained(v, passing, list(truth), reference[v[0]])]
    assert not {v for v in unknown if not hard(v, project)}


def test_header_of_the_cram_holds_no_path(folder):
    with pysam.AlignmentFile(str(folder / "results/alignments/HCC1395.cram"), check_sq=False) as cram:
        text = str(cram.header)
    assert "UR:" not in text and str(folder) not in text
    assert "M5:" in text and "ID:HCC1395.lib1.HM775BBXX.1" in text


# Single calls beside the workflow's: a panel of normals, tumour cells in the normal


@pytest.fixture(scope="module")
def limits(project):
    values = yaml.safe_load((project / "config/config.yaml").read_text())["somatic"]
    return values | {"scatter": 1}


def chance(name):
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") / 2**64


def bam(folder, target, shares, group):
    """BAM of samples' read pairs, each sample by its share (from, to), all in one read group."""
    fasta = str(folder / "results/references/genome.fa")
    loose = target.with_suffix(".loose.bam")
    with pysam.AlignmentFile(
        str(folder / f"results/alignments/{group}.cram"), reference_filename=fasta
    ) as first:
        header = first.header.to_dict()
    with pysam.AlignmentFile(str(loose), "wb", header=header) as out:
        for sample, share in shares.items():
            path = folder / f"results/alignments/{sample}.cram"
            with pysam.AlignmentFile(str(path), reference_filename=fasta) as cram:
                for read in cram.fetch(until_eof=True):
                    if share[0] <= chance(read.query_name) < share[1]:
                        read.set_tag("RG", header["RG"][0]["ID"])
                        out.write(pysam.AlignedSegment.from_dict(read.to_dict(), out.header))
    pysam.sort("-o", str(target), str(loose))
    pysam.index(str(target))
    return str(target)


def call(folder, tmp_path, limits, normal_bam, share=(0, 1), **more):
    inputs = variants.Inputs(
        fasta=str(folder / "results/references/genome.fa"),
        tumour="HCC1395",
        tumour_bam=bam(folder, tmp_path / "t.bam", {"HCC1395": share}, "HCC1395"),
        normal="HCC1395BL",
        normal_bam=normal_bam,
        **more,
    )
    vcf = str(tmp_path / "out.vcf.gz")
    variants.call(inputs, limits, vcf)
    return vcf


def test_a_site_of_the_panel_is_called_and_named(folder, tmp_path, limits):
    panel, targets = tmp_path / "panel.vcf", tmp_path / "targets.bed"
    panel.write_text(
        "##fileformat=VCFv4.2\n##contig=<ID=chr2,length=3301>\n"
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\nchr2\t1176\t.\tG\tC\t.\t.\t.\n"
    )
    targets.write_text("chr2\t900\t1500\n")
    normal = bam(folder, tmp_path / "n.bam", {"HCC1395BL": (0, 1)}, "HCC1395BL")
    given = {"panel_of_normals": pysam.tabix_index(str(panel), preset="vcf"), "targets": str(targets)}
    vcf = call(folder, tmp_path, limits, normal, **given)
    frame = variants.tabulate(vcf, "P", "HCC1395", "HCC1395BL", {}, {}).set_index("pos")
    assert frame.loc[1176, "filter"] == "panel_of_normals" and frame.loc[1176, "panel_of_normals"] == "yes"


def test_five_percent_of_tumour_reads_in_the_normal_are_found(folder, tmp_path, limits):
    """The pairs that go into the normal leave the tumour, as two tubes never share a molecule."""
    share = 0.06  # of the tumour's pairs, whose depth at the variants is about 0.8 of the normal's
    both = {"HCC1395BL": (0, 1), "HCC1395": (0, share)}
    normal = bam(folder, tmp_path / "n.bam", both, "HCC1395BL")
    vcf = call(folder, tmp_path, limits, normal, (share, 1))
    frame = variants.tabulate(vcf, "P", "HCC1395", "HCC1395BL", {}, {})
    row = variants.tabulate_normal(vcf, "P", "HCC1395", "HCC1395BL")
    kept = frame[frame["filter"] == "PASS"]
    mixed = share / (1 - share) * kept["tumour_depth"].sum() / kept["normal_depth"].sum()
    assert 0.04 < mixed < 0.06
    assert row["state"] == "present" and row["low"] <= mixed <= row["high"], (row, mixed)
    # what Mutect2 rejects for those reads is kept, and the reason says so
    lifted = kept[kept["kept"] == "tumour_in_normal"]
    assert len(lifted) == row["rescued"] > 0 and (lifted["normal_alt"] > 0).all()
