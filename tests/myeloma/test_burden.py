"""Burden of mutations and of changed copies: intervals against published ones, bases by hand, every refusal."""

import gzip

import pandas as pd
import pysam
import pytest

from myeloma import burden, callable, tables
from myeloma.places import ARM_COLUMNS, REGION_COLUMNS

RULES = {
    "burden": {
        "min_callable_mb": 0.00001,
        "confidence": 0.95,
        "min_segmented_fraction": 0.8,
        "arm_changed_fraction": 0.5,
    },
    "copy_number": {"detection_z": 3.0, "min_clonal_fraction": 0.2},
    "somatic": {
        "callable_power": 0.9,
        "min_tumour_alt_reads": 3,
        "min_tumour_af": 0.03,
        "normal_miss": 0.001,
        "tin_max": 0.30,
    },
    "gates": {"purity_min": 0.2},
}
SAMPLE = {"patient": "P", "sample": "T", "normal": "N"}
REGIONS = pd.DataFrame([("IGH", "ig_locus", "chr1", 501, 600, "IGH", "made up")], columns=REGION_COLUMNS)
ARMS = pd.DataFrame(
    [("chr1", "p", 1, 500, "yes"), ("chr1", "q", 501, 1000, "yes"), ("chr13", "p", 1, 100, "no")],
    columns=ARM_COLUMNS,
)


def test_poisson_interval_is_the_published_one():
    # Exact limits of Ulm K, Am J Epidemiol 1990;131:373 (as in R: poisson.test(10)$conf.int).
    assert burden.poisson_interval(0, 0.95) == pytest.approx((0, 3.688879), abs=1e-6)
    assert burden.poisson_interval(10, 0.95) == pytest.approx((4.795389, 18.390356), abs=1e-6)


@pytest.fixture
def coding(tmp_path):
    """Two genes that overlap, one in the IG locus, one on the mitochondrion: 150 + 50 bases count."""
    path = tmp_path / "coding.tsv.gz"
    with gzip.open(path, "wt") as handle:
        handle.write("gene_name\tchrom\tstart\tend\nA\tchr1\t101\t200\nB\tchr1\t151\t250\n")
        handle.write("V\tchr1\t520\t560\nM\tchrM\t1\t900\nC\tchr2\t11\t60\n")
    return burden.coding_spans(path, REGIONS)


@pytest.fixture
def depths(tmp_path):
    """chr1: 30 reads on 1-180, 10 on 181-220, none beyond; chr2: 30 reads on 31-100."""
    path = tmp_path / "T.per_base.bed"
    path.write_text("chr1\t0\t90\t30\nchr1\t90\t180\t31\nchr1\t180\t220\t10\nchr2\t30\t100\t30\n")
    return pysam.tabix_index(str(path), preset="bed", force=True)


def test_each_coding_base_counts_once_and_masked_loci_do_not(coding):
    assert coding == {"chr1": [(100, 250)], "chr2": [(10, 60)]}
    assert burden.bases(coding) == 200
    assert burden.coding_spans("", REGIONS) == {}


@pytest.mark.parametrize("depth, wanted", [(1, 120 + 30), (11, 80 + 30), (31, 80), (99, 0)])
def test_callable_bases_are_those_of_the_gene_table(coding, depths, depth, wanted):
    """The same count as `callable.Depths`, which looks up one interval after the other."""
    seen = burden.common_spans(coding, burden.covered_spans(depths, depth))
    assert burden.bases(seen) == wanted
    one_by_one = callable.Depths(depths)
    places = [(chrom, start + 1, end) for chrom, some in coding.items() for start, end in some]
    assert one_by_one.bases_with(places, depth) == wanted
    one_by_one.close()


def test_edges_of_an_interval():
    spans = {"1": [(10, 20), (30, 40)]}
    asked = [((10, 10), False), ((11, 11), True), ((20, 20), True), ((21, 30), False), ((21, 31), True)]
    for (start, end), inside in asked:
        assert burden.touches(spans, "1", start, end) is inside
    assert not burden.touches(spans, "2", 15, 15)


def variants(*rows):
    columns = {"patient": "P", "sample": "T", "filter": "PASS", "mode": "tumour_normal", "hotspot": "no"}
    columns |= {"callers": "mutect2", "panel_of_normals": "no"}
    made = pd.DataFrame(
        [dict(zip(("chrom", "pos", "ref", "alt", "consequence"), row, strict=False)) for row in rows]
    )
    return tables.conform(made.assign(**columns).reindex(columns=tables.VARIANTS.names()), tables.VARIANTS)


CALLED = (
    ("chr1", 110, "A", "C", "missense_variant"),
    ("chr1", 120, "A", "C", "synonymous_variant"),
    ("chr1", 130, "AT", "GC", "missense_variant"),
    ("chr1", 100, "AG", "A", "frameshift_variant"),  # the deleted base is 101, the first coding one
    ("chr1", 210, "A", "C", "stop_gained"),  # 10 reads: no power
    ("chr1", 400, "A", "C", "missense_variant"),  # not coding
    ("chr1", 530, "A", "C", "missense_variant"),  # IG locus
)


def purity(**more):
    row = {"patient": "P", "sample": "T", "purity_used": 0.6, "status": "resolved", "base_copies": 2}
    row |= {"noise": 0.2, "scatter": 0.01}
    made = pd.DataFrame([row | more]).reindex(columns=tables.PURITY.names())
    return tables.conform(made, tables.PURITY)


def qc(*failed):
    rows = [
        {"patient": "P", "sample": s, "assay": "wes", "tissue": "tumour", "gate": "median_target_depth"}
        | {"value": 12.0, "threshold": 30.0, "verdict": "fail"}
        for s in failed
    ]
    return tables.conform(pd.DataFrame(rows, columns=tables.QC.names()), tables.QC)


def normal_of(state="absent", high=0.01):
    row = {"patient": "P", "sample": "T", "normal": "N", "state": state, "high": high}
    frame = pd.DataFrame([row]).reindex(columns=tables.TUMOUR_IN_NORMAL.names())
    return tables.conform(frame, tables.TUMOUR_IN_NORMAL)


def segments(*rows):
    names = ("chrom", "start", "end", "total_copies", "minor_copies")
    made = pd.DataFrame([dict(zip(names, row, strict=True)) for row in rows], columns=names)
    made = made.assign(patient="P", sample="T", targets=100).reindex(columns=tables.SEGMENTS.names())
    return tables.conform(made, tables.SEGMENTS)


def measured(coding, depths, sample=SAMPLE, called=CALLED, rules=RULES, **more):
    read = {"variants": variants(*called), "segments": segments(("chr1", 1, 1000, 2, 1))}
    read |= {"purity": purity(), "qc": qc(), "tumour_in_normal": normal_of()}
    normal = more.pop("normal_depths", depths)
    row = burden.measure(sample, depths, normal, coding, read | more, ARMS, rules)
    return tables.conform(pd.DataFrame([row]), tables.BURDEN).iloc[0]


def test_counts_and_rate(coding, depths):
    row = measured(coding, depths)
    assert row["depth_needed"] == callable.depth_needed(0.3, 0.9, 3, 0.03) == 16
    assert row["state"] == "measured" and row["reason"] == ""
    assert (row["coding"], row["nonsynonymous"], row["without_power"]) == (4, 3, 1)
    assert (row["snvs"], row["mnvs"], row["indels"]) == (2, 1, 1)
    assert row["callable_mb"] == pytest.approx(110e-6) and row["coding_mb"] == pytest.approx(200e-6)
    assert row["tmb"] == pytest.approx(3 / 110e-6)
    assert row["tmb_low"] == pytest.approx(0.618672 / 110e-6, rel=1e-5)
    assert row["tmb_high"] == pytest.approx(8.767273 / 110e-6, rel=1e-5)


def test_bases_without_the_normals_reads_are_on_neither_side(coding, depths, tmp_path):
    """Ten reads of the normal are needed (0.5^10 < 0.001): it has them on chr1 101-115 alone."""
    path = tmp_path / "N.per_base.bed"
    path.write_text("chr1\t100\t115\t10\nchr1\t115\t300\t9\nchr2\t30\t60\t9\n")
    row = measured(coding, depths, normal_depths=pysam.tabix_index(str(path), preset="bed", force=True))
    assert row["callable_mb"] == pytest.approx(15e-6)
    assert (row["coding"], row["nonsynonymous"], row["without_power"]) == (2, 2, 3)


def test_no_mutation_is_a_measurement_where_bases_were_callable(coding, depths):
    row = measured(coding, depths, called=CALLED[-1:])
    assert (row["state"], row["coding"], row["tmb"], row["tmb_low"]) == ("measured", 0, 0, 0)
    assert row["tmb_high"] > 0


@pytest.mark.parametrize(
    "change, said",
    [
        ({"sample": SAMPLE | {"normal": ""}}, "tumour only"),
        ({"qc": qc("T")}, "T: median_target_depth 12 fails the gate of 30"),
        ({"qc": qc("N")}, "N: median_target_depth"),
        ({"purity": purity(purity_used=None, status="unresolved")}, "purity of the sample is unknown"),
        ({"purity": purity(purity_used=0.05)}, "no depth gives the power"),
        ({"rules": RULES | {"burden": RULES["burden"] | {"min_callable_mb": 1}}}, "fewer than 1"),
    ],
)
def test_what_cannot_be_measured_says_why_and_has_no_rate(coding, depths, change, said):
    row = measured(coding, depths, **change)
    assert row["state"] == "not_assessable" and said in row["reason"]
    assert pd.isna(row["tmb"]) and pd.isna(row["tmb_high"])


def test_without_annotation_there_is_no_denominator(depths):
    assert "reference.gtf" in measured({}, depths)["reason"]


def test_share_of_changed_genome_by_hand(coding, depths):
    seen = segments(
        ("chr1", 1, 300, 2, 1),  # unchanged
        ("chr1", 301, 500, 1, 0),  # loss: 200 of the 500 bases of the p arm
        ("chr1", 501, 800, 2, 0),  # copy-neutral loss: 300 of the 500 of the q arm
        ("chr1", 801, 1000, 2, None),  # minor allele unknown, total unchanged
        ("chrX", 1, 1000, 1, 0),  # a sex chromosome
    )
    row = measured(coding, depths, segments=seen)
    assert row["copies_state"] == "measured" and row["segmented_mb"] == pytest.approx(0.001)
    assert row["genome_changed"] == pytest.approx(0.5)
    assert (row["arms_changed"], row["arms_seen"]) == (1, 2)


def test_doubled_genome_is_compared_with_the_doubled_state(coding, depths):
    seen = segments(("chr1", 1, 600, 4, 2), ("chr1", 601, 1000, 3, 1))
    row = measured(coding, depths, segments=seen, purity=purity(base_copies=4))
    assert row["genome_changed"] == pytest.approx(0.4) and row["arms_changed"] == 1


@pytest.mark.parametrize(
    "change, said",
    [
        (
            {"purity": purity(purity_used=None, status="unresolved", reason="flat")},
            "purity unresolved (flat)",
        ),
        ({"purity": purity(purity_used=0.1)}, "below the gate of 0.2"),
        ({"purity": purity(status="", reason="no targets")}, "no targets"),
        ({"qc": qc("T")}, "fails the gate"),
        ({"segments": segments()}, "no autosomal segment"),
    ],
)
def test_copies_that_cannot_be_counted_say_why(coding, depths, change, said):
    row = measured(coding, depths, **change)
    assert row["copies_state"] == "not_assessable" and said in row["copies_reason"]
    assert pd.isna(row["genome_changed"])


def test_unchanged_counts_only_where_a_change_would_have_shown(coding, depths):
    """At purity 0.6 a gain moves log2(2.6 / 2) = 0.379; three errors of noise 0.2 and scatter 0.01: 3 targets."""
    seen = segments(("chr1", 1, 500, 2, 1), ("chr1", 501, 600, 1, 0), ("chr1", 601, 700, 2, 1))
    for few, open_ in ((3, 0), (2, 100)):
        row = measured(
            coding, depths, segments=seen.assign(targets=[100, 1, few]).astype({"targets": "Int64"})
        )
        assert row["open_mb"] == pytest.approx(open_ / 1e6)
        assert row["genome_changed"] == pytest.approx(100 / (700 - open_))
    row = measured(coding, depths, segments=seen.assign(targets=[1, 1, 1]).astype({"targets": "Int64"}))
    assert (
        row["copies_state"] == "not_assessable" and "in 86% of the segmented genome" in row["copies_reason"]
    )


def test_copies_of_a_tumour_without_normal_are_measured(coding, depths):
    row = measured(coding, depths, sample=SAMPLE | {"normal": ""})
    assert row["state"] == "not_assessable" and row["copies_state"] == "measured"


def test_a_normal_full_of_tumour_gives_no_burden_and_says_so(coding, depths):
    """Somatic variants are rejected with such a normal: few mutations there are no low burden."""
    row = measured(coding, depths, tumour_in_normal=normal_of("present", 0.36))
    assert row["state"] == "not_assessable" and "36% of its normal N" in row["reason"]


def test_copies_that_the_germline_has_are_no_changed_genome():
    frame = segments(("chr1", 1, 500, 2, 1), ("chr1", 501, 600, 1, None), ("chr1", 601, 700, 1, 0))
    frame.loc[1, "germline_copies"] = 1.0
    made = burden.changed_copies(frame, purity().iloc[0].to_dict(), ARMS, RULES)
    assert made["genome_changed"] == pytest.approx(100 / 700)
