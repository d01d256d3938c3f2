"""Where absence may be stated: power against scipy-free binomials, codons of both strands, reasons."""

from math import comb

import pysam
import pytest

from myeloma import callable, tables, transcripts

LIMITS = {
    "callable_power": 0.90,
    "callable_fraction": 0.95,
    "min_tumour_alt_reads": 3,
    "min_tumour_af": 0.03,
}
SAMPLE = {"patient": "P", "sample": "S"}


def power(depth, fraction, least):
    """Chance of at least `least` of `depth` reads, by hand."""
    return 1 - sum(comb(depth, k) * fraction**k * (1 - fraction) ** (depth - k) for k in range(least))


@pytest.mark.parametrize("purity", [1.0, 0.8, 0.5, 0.3])
def test_depth_needed_is_the_smallest_with_the_power(purity):
    needed = callable.depth_needed(purity / 2, 0.90, 3, 0.03)
    assert power(needed, purity / 2, 3) >= 0.90
    assert power(needed - 1, purity / 2, 3) < 0.90


def test_known_depths():
    # At fraction 0.5, 3 reads: 9 reads give 0.9102, 8 give 0.8555.
    assert callable.depth_needed(0.5, 0.90, 3, 0.0) == 9
    # The limit on the fraction counts: at 0.06 and min 0.05 88 reads give 3 alternate ones and are not enough.
    assert callable.depth_needed(0.06, 0.90, 3, 0.0) == 88
    assert callable.depth_needed(0.06, 0.90, 3, 0.05) > 500
    assert callable.depth_needed(0.02, 0.90, 3, 0.03) is None
    assert callable.depth_needed(0.0, 0.90, 3, 0.03) is None


class Flat:
    """Depth 20 up to base 190 of contig 1, 5 beyond it, 0 on other contigs."""

    def bases_with(self, places, depth):
        count = 0
        for chrom, start, end in places:
            for base in range(start, end + 1):
                count += chrom == "1" and (20 if base <= 190 else 5) >= depth
        return count


def assess(purity, coding, hotspots=None):
    made = callable.assess(SAMPLE, Flat(), {"G": coding}, hotspots or {}, purity, LIMITS, ["G"])
    return tables.conform(made, tables.CALLABLE).iloc[0]


def test_a_covered_gene_is_callable_and_its_depth_is_shown():
    row = assess(1.0, [("1", 91, 190)])
    assert (row["callable"], row["callable_fraction"], row["depth_needed"], row["reason"]) == (
        "yes",
        1.0,
        9,
        "",
    )


def test_share_below_the_limit_says_how_much():
    assert assess(1.0, [("1", 101, 194)])["callable"] == "yes"
    row = assess(1.0, [("1", 101, 200)])
    assert row["callable"] == "no" and row["callable_fraction"] == 0.9
    assert row["reason"] == "90.0% of its coding bases have 9 reads or more"


def test_one_hotspot_without_power_is_enough_to_refuse():
    hot = {"G": [[("1", 100, 102)], [("1", 189, 191)]]}
    row = assess(1.0, [("1", 1, 191)], hot)
    assert (row["callable"], row["hotspots"], row["hotspots_callable"]) == ("no", 2, 1)
    assert "1 of 2 hotspots" in row["reason"]


def test_without_purity_or_coding_bases_absence_is_never_stated():
    assert assess(None, [("1", 1, 100)])["reason"] == "the purity of the sample is unknown"
    assert assess(float("nan"), [("1", 1, 100)])["callable"] == "no"
    assert assess(1.0, [])["reason"].startswith("its coding bases are not known")
    assert "no depth gives the power" in assess(0.05, [("1", 1, 100)])["reason"]


GTF = """\
1\tt\ttranscript\t101\t400\t.\t+\t.\tgene_id "g"; gene_name "G"; transcript_id "T1.2"; tag "basic";
1\tt\tCDS\t101\t104\t.\t+\t0\tgene_id "g"; gene_name "G"; transcript_id "T1.2";
1\tt\tCDS\t201\t210\t.\t+\t2\tgene_id "g"; gene_name "G"; transcript_id "T1.2";
1\tt\tCDS\t101\t130\t.\t+\t0\tgene_id "g"; gene_name "G"; transcript_id "T2";
2\tt\ttranscript\t1\t60\t.\t-\t.\tgene_id "h"; gene_name "H"; transcript_id "M1"; tag "MANE_Select";
2\tt\tCDS\t51\t54\t.\t-\t0\tgene_id "h"; gene_name "H"; transcript_id "M1";
2\tt\tCDS\t11\t18\t.\t-\t2\tgene_id "h"; gene_name "H"; transcript_id "M1";
2\tt\tCDS\t1\t60\t.\t-\t0\tgene_id "h"; gene_name "H"; transcript_id "M2";
"""


@pytest.fixture
def speakers(tmp_path):
    path = tmp_path / "g.gtf"
    path.write_text(GTF)
    return transcripts.canonical(transcripts.read_transcripts(path))


def test_the_tag_speaks_first_then_the_longest(speakers):
    assert {gene: one.name for gene, one in speakers.items()} == {"G": "T2", "H": "M1"}


def test_codons_of_both_strands_also_across_exons(tmp_path, speakers):
    path = tmp_path / "g.gtf"
    path.write_text(GTF)
    first = next(t for t in transcripts.read_transcripts(path, {"G"}) if t.name == "T1.2")
    assert first.residue(1) == [(101, 101), (102, 102), (103, 103)]
    assert first.residue(2) == [(104, 104), (201, 201), (202, 202)]
    assert speakers["H"].residue(1) == [(52, 52), (53, 53), (54, 54)]
    assert speakers["H"].residue(2) == [(17, 17), (18, 18), (51, 51)]
    assert first.residue(5) == []
    places = callable.hotspot_places({("H", 2): "K", ("H", 99): "K", ("X", 1): "M"}, speakers)
    assert places == {"H": [[("2", 17, 17), ("2", 18, 18), ("2", 51, 51)]]}


def depths_file(path, rows):
    path.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    return pysam.tabix_index(str(path), preset="bed", force=True)


def test_a_base_counts_only_where_the_normal_can_tell_germline_apart(tmp_path):
    tumour = depths_file(tmp_path / "t.bed", [("1", 0, 100, 80), ("1", 100, 200, 5)])
    normal = depths_file(tmp_path / "n.bed", [("1", 0, 40, 9), ("1", 40, 200, 10)])
    needed = callable.normal_depth_needed(0.001)
    # 2**-10 = 0.00098 is the first power of one half below 0.001
    assert needed == 10
    alone, paired = callable.Depths(tumour), callable.Depths(tumour, normal, needed)
    assert alone.bases_with([("1", 21, 120)], 30) == 80
    assert paired.bases_with([("1", 21, 120)], 30) == 60
    assert paired.bases_with([("2", 1, 10)], 30) == 0
    paired.close()
