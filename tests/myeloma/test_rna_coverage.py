"""Windows along genes, depth from an alignment, evenness from 5' to 3'."""

import pandas as pd
import pysam
import pytest

from myeloma import rna, rna_coverage

EXONS = pd.DataFrame(
    [("p", "c1", 101, 150, "+"), ("p", "c1", 201, 250, "+"), ("m", "c1", 1001, 1100, "-")],
    columns=["gene_id", "chrom", "start", "end", "strand"],
)


def test_lengths_are_those_of_the_union_of_exons():
    assert rna_coverage.lengths(EXONS).to_dict() == {"p": 100, "m": 100}


def test_windows_run_from_5_to_3_over_introns():
    made = rna_coverage.body_windows(EXONS, ["p", "m"])
    rows = {r.name_: (r.start, r.end) for r in made.rename(columns={"name": "name_"}).itertuples()}
    assert rows["p\tbody\t0"] == (100, 110) and rows["p\tbody\t4"] == (140, 150)
    assert rows["p\tbody\t5"] == (200, 210) and rows["p\tbody\t9"] == (240, 250)
    assert rows["m\tbody\t0"] == (1090, 1100) and rows["m\tbody\t9"] == (1000, 1010)


def test_a_window_over_an_intron_is_two_rows():
    exons = pd.DataFrame(
        [("p", "c1", 101, 155, "+"), ("p", "c1", 201, 245, "+")],
        columns=["gene_id", "chrom", "start", "end", "strand"],
    )
    mine = rna_coverage.body_windows(exons, ["p"]).query("name.str.endswith('\t5')", engine="python")
    assert [tuple(row) for row in mine[["start", "end"]].to_numpy()] == [(150, 155), (200, 205)]


def test_genes_of_the_profile_are_expressed_long_and_few():
    counts = pd.Series({"p": 50, "m": 90, "short": 999, "x": 30})
    exons = pd.concat([EXONS, EXONS[:1].assign(gene_id="short"), EXONS[:1].assign(gene_id="x", end=300)])
    rules = {"body_min_length": 100, "body_min_reads": 40, "body_genes": 1}
    assert rna_coverage.body_genes(counts, exons, {"p", "m", "short", "x"}, rules) == ["m"]
    assert rna_coverage.body_genes(counts, exons, {"p"}, rules) == ["p"]


def profile(values, genes=1):
    rows = [(f"g{n}", "body", w, 10, 10.0 * v) for n in range(genes) for w, v in enumerate(values)]
    return pd.DataFrame(rows, columns=["gene_id", "kind", "window", "length", "bases"])


def test_evenness_counted_by_hand():
    even = rna_coverage.five_to_three(profile([0, 5, 5, 5, 5, 5, 5, 5, 5, 0]), 1)
    assert even[0] == pytest.approx(1)
    degraded = rna_coverage.five_to_three(profile([0, 1, 1, 1, 3, 5, 10, 10, 10, 9]), 1)
    assert degraded[0] == pytest.approx(0.1)
    assert rna_coverage.five_to_three(profile([0] * 10), 1)[0] is None
    assert rna_coverage.five_to_three(profile([1] * 10), 2) == (
        None,
        "1 genes with enough reads for a profile, 2 needed",
    )


def test_without_genes_nothing_is_measured():
    nothing = rna_coverage.depth("no.cram", "no.fa", rna_coverage.body_windows(EXONS, []))
    assert nothing.empty and rna_coverage.of_genes(nothing).empty
    assert rna_coverage.five_to_three(nothing, 1)[0] is None
    assert rna_coverage.read_exons("").empty


@pytest.mark.tools
def test_depth_skips_introns_and_secondary_alignments_and_counts_mates_once(tmp_path, tools):
    tools("mosdepth", "samtools")
    (tmp_path / "g.fa").write_text(">c1\n" + "ACGT" * 500 + "\n")
    pysam.faidx(str(tmp_path / "g.fa"))
    path = str(tmp_path / "s.bam")
    with pysam.AlignmentFile(
        path, "wb", header={"SQ": [{"SN": "c1", "LN": 2000}], "HD": {"SO": "coordinate"}}
    ) as out:
        for name, start, cigar, flag, quality in (
            ("spliced", 130, [(0, 20), (3, 50), (0, 20)], 0, 255),
            ("twin", 200, [(0, 20)], 0, 1),
            ("twin", 210, [(0, 20)], 256, 1),
            ("pair", 1000, [(0, 50)], 99, 255),
            ("pair", 1020, [(0, 50)], 147, 255),
        ):
            read = pysam.AlignedSegment(out.header)
            read.query_name, read.flag, read.reference_id, read.reference_start = name, flag, 0, start
            read.mapping_quality, read.cigartuples = quality, cigar
            read.query_sequence = "A" * sum(n for kind, n in cigar if kind == 0)
            if name == "pair":
                read.next_reference_id, read.next_reference_start = 0, 1020 if start == 1000 else 1000
                read.template_length = 70 if start == 1000 else -70
            out.write(read)
    pysam.index(path)
    seen = rna_coverage.depth(path, str(tmp_path / "g.fa"), rna_coverage.gene_pieces(EXONS, ["p", "m"]))
    # p: 20 + 20 spliced bases and 20 of the twin; the intron and the secondary place hold none. m: 1000-1070
    assert rna_coverage.of_genes(seen).to_dict() == {"m": pytest.approx(70), "p": pytest.approx(60)}
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".mosdepth")]


def test_duplication_is_weighted_over_units(tmp_path):
    for name, reads, rate in (("a", 100, 0.5), ("b", 300, 0.1)):
        (tmp_path / f"{name}.json").write_text(
            f'{{"summary": {{"before_filtering": {{"total_reads": {reads}}}}}, "duplication": {{"rate": {rate}}}}}'
        )
    assert rna.duplication(tmp_path) == pytest.approx(0.2)
    assert rna.duplication(tmp_path / "none") is None
