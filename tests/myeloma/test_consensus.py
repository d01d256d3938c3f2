"""Two callers in one call set: joined by sequence, lifted or filtered by name; tumour cells in the normal."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from cyvcf2 import VCF

from myeloma import consensus, tumour_in_normal
from myeloma.consensus import Facts
from myeloma.second_caller import Seen, Support, atoms, match
from myeloma.tumour_in_normal import Estimate, Site

LIMITS = yaml.safe_load((Path(__file__).parents[2] / "config/config.yaml").read_text())["somatic"]
REFERENCE = "ACGTTGCAGATAGATAGCCTTAAACTTGGC" + "ACGGTCATTGCA" * 20


def fetch(chrom, start, end):
    return REFERENCE[start:end]


def seen(pos, ref, alt, tumour=(40, 12), normal=(30, 0), quality=(60.0, 35.0), strands=(6, 6)):
    normal = Support(normal[0], normal[0] - normal[1], normal[1]) if normal else None
    own = Support(tumour[0], tumour[0] - tumour[1], tumour[1])
    return Seen(("1", pos, ref, alt), own, normal, 1.0, *quality, *strands)


def facts(*filters, tumour=(40, 12), normal=(40, 0), strong=True, **more):
    normal = Support(normal[0], normal[0] - normal[1], normal[1]) if normal else None
    own = Support(tumour[0], tumour[0] - tumour[1], tumour[1])
    second = {"seen": own, "seen_quality": (60.0, 35.0)} if strong else {}
    return Facts(tuple(filters), own, normal, **{**second, **more})


def judged(one, noise=False, found=None):
    made = consensus.judge(one, noise, found, LIMITS)
    return made.filters, made.kept


# Joining


def test_changes_of_several_bases_are_compared_base_by_base():
    assert atoms(("1", 5, "CAT", "TAG")) == [("1", 5, "C", "T"), ("1", 7, "T", "G")]
    assert atoms(("1", 5, "CA", "C")) == [("1", 5, "CA", "C")]
    both = [seen(5, "T", "A", (50, 9)), seen(6, "G", "C", (50, 7))]
    joined, used = match([("1", 5, "TG", "AC")], both, fetch)
    assert joined["1", 5, "TG", "AC"].tumour.alt == 7
    assert used == {("1", 5, "T", "A"), ("1", 6, "G", "C")}


def test_half_of_a_change_is_not_the_change():
    joined, used = match([("1", 5, "TG", "AC")], [seen(5, "T", "A")], fetch)
    assert not joined and not used


def test_two_spellings_of_one_haplotype_are_joined():
    # SEQC2 chr16:503: Mutect2 writes an insertion and a substitution, freebayes one complex change.
    records = [("1", 7, "C", "CA"), ("1", 8, "A", "T")]
    joined, used = match(records, [seen(8, "A", "AT")], fetch)
    assert set(joined) == set(records) and used == {("1", 8, "A", "AT")}
    joined, used = match(records, [seen(8, "A", "AG")], fetch)
    assert not joined and not used
    # a deletion in a repeat, written at two places
    joined, _ = match([("1", 8, "AGATA", "A")], [seen(12, "AGATA", "A")], fetch)
    assert set(joined) == {("1", 8, "AGATA", "A")}


# Rules


@pytest.mark.parametrize(
    ("depth", "alt", "known", "has_normal", "wanted"),
    [
        (100, 3, None, True, []),
        (50, 2, None, True, ["low_alt_reads"]),
        (200, 5, None, True, []),
        (200, 3, None, True, ["low_allele_fraction"]),
        (101, 2, None, True, ["low_alt_reads", "low_allele_fraction"]),
        (100, 40, 0.005, True, []),
        (100, 40, 0.3, True, ["population"]),
        (100, 40, 0.3, False, ["population"]),
        (100, 40, 0.001, False, []),
        (0, 0, None, False, ["low_alt_reads", "low_allele_fraction"]),
    ],
)
def test_limits_are_named(depth, alt, known, has_normal, wanted):
    support = Support(depth, depth - alt, alt)
    assert consensus.failed_limits(support, known, has_normal, LIMITS) == wanted


def test_a_cluster_of_noise_is_lifted_and_a_true_cluster_stays():
    clean = ["clustered_events"]
    noise = ["base_qual", "clustered_events"]
    beside_noise = [("8", 1169, clean), ("8", 1195, clean), ("8", 1252, noise), ("8", 1255, noise)]
    assert consensus.noise_clusters(beside_noise) == {0, 1}
    three = [("6", 100, clean), ("6", 130, clean), ("6", 160, []), ("6", 190, noise)]
    assert consensus.noise_clusters(three) == set()
    haplotype = [("6", 100, clean), ("6", 130, ["clustered_events", "haplotype"]), ("6", 150, clean)]
    assert consensus.noise_clusters(haplotype) == set()
    far = [("6", 100, clean), ("6", 130, clean), ("6", 1000, clean), ("7", 110, clean)]
    assert consensus.noise_clusters(far) == {0, 1, 2, 3}
    assert consensus.noise_clusters([("8", 5, ["clustered_events", "strand_bias"])]) == set()


def test_what_mutect2_passes_is_kept_whoever_else_sees_it():
    assert judged(facts()) == ([], "both_callers")
    assert judged(facts(strong=False)) == ([], "mutect2_alone")


def test_what_only_the_second_caller_sees_is_named():
    assert judged(facts(by_mutect=False)) == (["one_caller"], "")


def test_slippage_is_lifted_for_long_units_only():
    long, short = "AAAACTATGC", "TG"
    assert judged(facts("slippage", repeat_unit=long)) == ([], "long_repeat_unit")
    assert judged(facts("slippage", repeat_unit=short)) == (["slippage"], "")
    assert judged(facts("slippage", repeat_unit=long, strong=False)) == (["slippage"], "")
    # what nothing answers keeps all filters
    assert judged(facts("slippage", "strand_bias", repeat_unit=long))[0] == ["slippage", "strand_bias"]


def test_weak_evidence_is_lifted_by_a_strong_second_caller():
    assert judged(facts("weak_evidence")) == ([], "second_caller")
    assert judged(facts("weak_evidence", normal=(40, 1)))[0] == ["weak_evidence"]
    assert judged(facts("weak_evidence", seen_normal=Support(40, 39, 1)))[0] == ["weak_evidence"]
    assert judged(facts("weak_evidence", seen_normal=Support(40, 40, 0))) == ([], "second_caller")
    assert judged(facts("weak_evidence", tumour=(200, 8)))[0] == ["weak_evidence"]
    one = facts("weak_evidence")
    for poor in ({"seen_quality": (20.0, 35.0)}, {"seen_quality": (60.0, 15.0)}):
        assert judged(replace(one, **poor))[0] == ["weak_evidence"]


def test_a_true_cluster_is_not_lifted_by_the_second_caller():
    assert judged(facts("clustered_events"))[0] == ["clustered_events"]
    assert judged(facts("clustered_events"), noise=True) == ([], "noise_cluster")


def test_absence_from_the_normal_needs_reads():
    # a heterozygous normal shows none of 9 reads with chance 1/512, none of 10 with 1/1024
    assert judged(facts(normal=(9, 0)))[0] == ["normal_depth"]
    assert judged(facts(normal=(10, 0)))[0] == []
    assert judged(facts(normal=(0, 0)))[0] == ["normal_depth"]
    assert judged(facts(normal=(40, 20)))[0] == ["normal_depth"]
    assert judged(facts(normal=None))[0] == []


def test_a_common_variant_that_the_normal_lacks_may_be_lost_there():
    assert judged(facts(population_af=0.2))[0] == ["population"]
    assert judged(facts(population_af=0.005))[0] == []
    assert judged(facts(population_af=0.005, normal=None))[0] == ["population"]


def test_in_an_oxidised_sample_few_reads_are_enough():
    few = facts(tumour=(100, 5), oxog=(5, 0))
    clean = [facts(tumour=(100, 6), oxog=(3, 3)), few] * 20  # a few one-sided sites among balanced ones
    assert not consensus.is_oxidised([facts(tumour=(100, 6), oxog=(3, 3))] * 50, LIMITS)
    assert not consensus.is_oxidised([few] * 3, LIMITS), "15 of 15 reads: p 0.00003"
    assert consensus.is_oxidised(clean, LIMITS) and consensus.is_oxidised([few] * 4, LIMITS)
    many = [facts(tumour=(100, 6), oxog=(4, 2))] * 500 + [facts(tumour=(100, 6), oxog=(3, 3))] * 5500
    assert not consensus.is_oxidised(many, LIMITS), "51 % of 36,000 reads: unlikely, and nothing"
    loud = facts(tumour=(40, 20), oxog=(20, 0))
    assert not consensus.is_oxidised([loud] * 9, LIMITS), "only faint ones tell"
    assert consensus.judge(few, False, None, LIMITS, True).filters == ["oxog"]
    assert consensus.judge(few, False, None, LIMITS, False).filters == []
    both_ways = facts(tumour=(100, 5), oxog=(4, 1))
    assert consensus.judge(both_ways, False, None, LIMITS, True).filters == []
    assert consensus.judge(loud, False, None, LIMITS, True).filters == []


def test_oxidation_is_faint_and_in_one_orientation():
    faint = (200, 16)
    assert judged(facts(tumour=faint, oxog=(16, 0)))[0] == ["oxog"]
    assert judged(facts(tumour=faint, oxog=(10, 6)))[0] == []
    assert judged(facts(tumour=(100, 7), oxog=(7, 0)))[0] == [], "7 of 7 are no proof"
    assert judged(facts(tumour=(40, 20), oxog=(20, 0)))[0] == [], "not at this allele fraction"
    assert consensus.oxog_share(facts(oxog=(3, 1))) == 0.75
    assert consensus.oxog_share(facts(oxog=(0, 0))) is None


def test_single_bases_of_immunoglobulin_loci_are_masked():
    assert judged(facts(in_ig=True))[0] == ["ig_locus"]
    assert judged(facts(in_ig=True, snv=False))[0] == []


# Files

HEAD = """##fileformat=VCFv4.2
##contig=<ID=1,length=270>
##FILTER=<ID=PASS,Description="ok">
##FILTER=<ID=normal_artifact,Description="n">
##INFO=<ID=RU,Number=1,Type=String,Description="r">
##FORMAT=<ID=GT,Number=1,Type=String,Description="g">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="a">
##FORMAT=<ID=AF,Number=A,Type=Float,Description="f">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="d">
##FORMAT=<ID=F1R2,Number=R,Type=Integer,Description="1">
##FORMAT=<ID=F2R1,Number=R,Type=Integer,Description="2">
#CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO	FORMAT	N	T
"""


def row(pos, ref, alt, filters="PASS", tumour=(100, 20), normal=(60, 0), orientations=(10, 10)):
    cells = "{}:{},{}:{}:{}:{},{}:{},{}"
    own = cells.format(
        "0/1", tumour[0] - tumour[1], tumour[1], 0.2, tumour[0], 40, orientations[0], 40, orientations[1]
    )
    other = cells.format("0/0", normal[0] - normal[1], normal[1], 0.0, normal[0], 30, 0, 30, 0)
    return f"1\t{pos}\t.\t{ref}\t{alt}\t.\t{filters}\t.\tGT:AD:AF:DP:F1R2:F2R1\t{other}\t{own}\n"


def through(tmp_path, rows, second, ig_loci=()):
    """Records of the decided VCF by position, and the estimate."""
    source, together, decided = (tmp_path / name for name in ("in.vcf", "union.vcf", "out.vcf"))
    source.write_text(HEAD + "".join(rows))
    consensus.union(str(source), second, "T", "N", LIMITS, fetch, str(together))
    found = consensus.decide(str(together), str(decided), "T", "N", LIMITS, ig_loci)
    return {record.POS: record for record in VCF(str(decided))}, found, VCF(str(decided)).raw_header


def test_one_vcf_says_who_saw_what(tmp_path):
    rows = [row(5, "T", "A"), row(50, REFERENCE[49], "A" if REFERENCE[49] != "A" else "T")]
    alone = seen(20, REFERENCE[19], "A" if REFERENCE[19] != "A" else "G", (60, 9), (50, 0))
    last = seen(90, REFERENCE[89], "A" if REFERENCE[89] != "A" else "G", (60, 9), (50, 0))
    one_strand = seen(
        40, REFERENCE[39], "A" if REFERENCE[39] != "A" else "G", (60, 9), (50, 0), strands=(9, 0)
    )
    germline = seen(30, REFERENCE[29], "A" if REFERENCE[29] != "A" else "G", (60, 30), (50, 24))
    records, _, header = through(tmp_path, rows, [seen(5, "T", "A"), alone, germline, one_strand, last])
    assert list(records) == [5, 20, 50, 90]
    assert records[5].INFO["CALLERS"] == "mutect2,freebayes" and records[5].INFO["KEPT"] == "both_callers"
    assert records[5].INFO["FB_TUMOUR"] == (40, 12) and records[5].INFO["FB_NORMAL"] == (30, 0)
    assert records[50].INFO["CALLERS"] == "mutect2" and records[50].INFO["KEPT"] == "mutect2_alone"
    assert records[20].FILTER == "one_caller" and records[20].INFO["CALLERS"] == "freebayes"
    assert records[20].format("AD").tolist() == [[50, 0], [51, 9]]
    for name in consensus.FILTERS:
        assert f"##FILTER=<ID={name}," in header


def test_orientation_and_locus_are_read_from_the_record(tmp_path):
    g = REFERENCE.index("G", 60) + 1
    rows = [row(g, "G", "T", tumour=(200, 16), orientations=(16, 0)), row(g + 3, REFERENCE[g + 2], "N")]
    c = REFERENCE.index("C", g + 10) + 1
    rows += [row(c, "C", "A", tumour=(200, 16), orientations=(16, 0))]
    records, _, _ = through(tmp_path, rows, [], [("1", g + 3, g + 3)])
    assert records[g].FILTER == "oxog" and records[g].INFO["FOXOG"] == 1
    assert records[c].FILTER is None and records[c].INFO["FOXOG"] == 0
    assert records[g + 3].FILTER == "ig_locus"


def test_an_empty_vcf_stays_empty(tmp_path):
    records, found, _ = through(tmp_path, [], [])
    assert records == {} and found.state == "not_assessable"


# Tumour in normal


def sites(share, number, chance, error=0.001):
    for _ in range(number):
        fraction, depth = chance.uniform(0.15, 0.45), int(chance.poisson(90))
        yield Site(fraction, depth, int(chance.binomial(depth, min(1, share * fraction + error * 0.5))))


@pytest.mark.parametrize("seed", range(10))
def test_five_percent_is_found_and_none_is_invented(seed):
    chance = np.random.default_rng(seed)
    dirty = tumour_in_normal.estimate(list(sites(0.05, 25, chance)), LIMITS)
    assert dirty.state == "present" and dirty.low > 0 and dirty.low <= 0.05 <= dirty.high + 0.03
    clean = tumour_in_normal.estimate(list(sites(0.0, 25, chance)), LIMITS)
    assert clean.state == "absent" and clean.low == 0


def test_germline_variants_and_artefacts_are_no_tumour_cells():
    chance = np.random.default_rng(1)
    many = list(sites(0.0, 30, chance)) + [Site(0.5, 80, int(chance.binomial(80, 0.5))) for _ in range(6)]
    many += [Site(0.15, 80, int(chance.integers(2, 12))) for _ in range(10)]
    assert tumour_in_normal.estimate(many, LIMITS).state == "absent"


def test_a_loss_of_heterozygosity_is_no_site_of_the_estimate():
    lost = facts("germline", tumour=(100, 97), normal=(60, 28))
    somatic = facts("normal_artifact", tumour=(100, 40), normal=(60, 2))
    assert consensus.confident_sites([lost, somatic, facts("slippage")], LIMITS) == [Site(0.4, 60, 2)]


def test_interval_covers_the_share():
    """95 % profile interval over 200 pairs: the share lies inside in at least 90 %."""
    chance = np.random.default_rng(7)
    inside = 0
    for _ in range(200):
        found = tumour_in_normal.estimate(list(sites(0.1, 20, chance, error=0.002)), LIMITS)
        inside += found.low <= 0.1 <= found.high
    assert inside >= 180


def test_few_sites_say_nothing():
    found = tumour_in_normal.estimate([Site(0.3, 90, 0)] * 4, LIMITS)
    assert found.state == "not_assessable" and found.share is None and "5 are needed" in found.reason
    shallow = tumour_in_normal.estimate([Site(0.15, 20, 0)] * 5, LIMITS)
    assert shallow.state == "not_assessable"


FOUND = Estimate("present", 20, 15, 0.05, 0.03, 0.08, "")


def test_normal_evidence_is_lifted_where_tumour_cells_explain_it():
    few = facts("normal_artifact", tumour=(100, 30), normal=(100, 3))
    assert judged(few, found=FOUND) == ([], "tumour_in_normal")
    many = facts("normal_artifact", tumour=(100, 30), normal=(100, 15))
    assert judged(many, found=FOUND)[0] == ["normal_artifact"]
    for other in (
        None,
        replace(FOUND, state="absent"),
        replace(FOUND, state="not_assessable"),
        replace(FOUND, high=0.4),
    ):
        assert judged(few, found=other)[0] == ["normal_artifact"]
    shallow = facts("normal_artifact", tumour=(21, 5), normal=(14, 1))
    assert judged(shallow, found=FOUND)[0] == ["normal_artifact"]
    germline = facts("germline", tumour=(100, 95), normal=(60, 28))
    assert judged(germline, found=FOUND)[0] == ["germline", "normal_depth"]


def test_estimate_travels_in_the_header():
    for one in (FOUND, Estimate("not_assessable", 2, 0, reason="2 variants; at least 5 are needed")):
        text = "##x\n" + tumour_in_normal.header_line(one) + "\n#CHROM"
        assert tumour_in_normal.header_values(text) == one
    assert tumour_in_normal.header_values("##x") is None
