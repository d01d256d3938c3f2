"""Arriba's fusions.tsv, in the layout of its documentation, as rows of FUSIONS."""

import pandas as pd
import pytest

from myeloma import arriba, fusions, tables

COLUMNS = (
    "#gene1 gene2 strand1(gene/fusion) strand2(gene/fusion) breakpoint1 breakpoint2 site1 site2 type split_reads1 "
    "split_reads2 discordant_mates coverage1 coverage2 confidence reading_frame tags retained_protein_domains "
    "closest_genomic_breakpoint1 closest_genomic_breakpoint2 gene_id1 gene_id2 transcript_id1 transcript_id2 "
    "direction1 direction2 filters fusion_transcript peptide_sequence read_identifiers"
).split()
RULES = {"junction_min_reads": 3, "fusion_min_reads": 5, "arriba": {"min_confidence": "medium"}}
GENES = pd.DataFrame(
    [
        ("g1", "NSD2", "chr4", 1000, 9000, "+", "protein_coding"),
        ("g2", "IGHJ6", "chr14", 5000, 5100, "-", "IG_J_gene"),
        ("g3", "PLA2R1", "chr2", 270000, 280000, "-", "protein_coding"),
        ("g4", "RBMS1", "chr2", 599000, 610000, "-", "protein_coding"),
        ("g5", "CCND1", "chr11", 1000, 9000, "+", "protein_coding"),
    ],
    columns="gene_id gene_name chrom start end strand biotype".split(),
)
REGIONS = pd.DataFrame(
    [
        ("IGH", "ig_locus", "14", 4000, 20000, "", ""),
        ("IGK", "ig_locus", "2", 800000, 900000, "", ""),
        ("CCND1", "partner", "11", 500, 30000, "CCND1,MYEOV", ""),
    ],
    columns="name kind chrom start end genes source".split(),
)
ANNOTATION = fusions.Annotation(GENES, REGIONS, {"t(4;14)": ["NSD2", "FGFR3"], "t(11;14)": ["CCND1"]})
CONTIGS = ["chr1", "chr2", "chr4", "chr11", "chr14", "chrM", "HLA-A*01:01"]

IGH_NSD2 = {
    "#gene1": "IGHJ6", "gene2": "NSD2", "strand1(gene/fusion)": "-/-", "strand2(gene/fusion)": "+/+",
    "breakpoint1": "chr14:5051", "breakpoint2": "chr4:2000", "site1": "CDS/splice-site", "site2": "5'UTR/splice-site",
    "type": "translocation", "split_reads1": "2", "split_reads2": "3", "discordant_mates": "4", "coverage1": "812",
    "coverage2": "40", "confidence": "low", "direction1": "upstream", "direction2": "upstream",
    "filters": "duplicates(2),mismatches(1)",
}  # fmt: skip
PLA2R1 = IGH_NSD2 | {
    "#gene1": "PLA2R1", "gene2": "RBMS1", "strand1(gene/fusion)": "-/-", "strand2(gene/fusion)": "-/-",
    "breakpoint1": "2:272580", "breakpoint2": "2:599999", "type": "inversion", "split_reads1": "100",
    "split_reads2": "76", "confidence": "high", "direction2": "downstream",
}  # fmt: skip


def called(tmp_path, *rows, text=""):
    path = tmp_path / "fusions.tsv"
    lines = ["\t".join(COLUMNS), *("\t".join(row.get(name, ".") for name in COLUMNS) for row in rows)]
    path.write_text("".join(line + "\n" for line in lines) + text)
    made = arriba.call_sample(str(path), "p1", "s1", ANNOTATION, RULES, CONTIGS)
    return tables.conform(made, tables.FUSIONS)


def test_a_known_pair_counts_at_any_confidence_and_carries_its_translocation(tmp_path):
    row = called(tmp_path, IGH_NSD2).iloc[0]
    assert row[["gene_a", "gene_b", "known", "filter"]].tolist() == ["IGH", "NSD2", "t(4;14)", "PASS"]
    assert row[["chrom_a", "pos_a", "strand_a"]].tolist() == ["chr14", 5051, "-"]
    assert row[["chrom_b", "pos_b", "strand_b"]].tolist() == ["chr4", 2000, "+"]
    assert (row["junction_reads"], row["spanning_pairs"]) == (5, 4)


def test_contigs_come_back_as_the_reference_calls_them(tmp_path):
    row = called(tmp_path, PLA2R1).iloc[0]
    assert row[["chrom_a", "pos_a", "chrom_b", "pos_b"]].tolist() == ["chr2", 272580, "chr2", 599999]
    assert row[["junction_reads", "filter"]].tolist() == [176, "PASS"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"confidence": "low"}, "low_confidence"),
        ({"split_reads1": "4", "split_reads2": "0"}, "low_support"),
        ({"type": "deletion/read-through"}, "read_through"),
        ({"gene2": "PLA2R1"}, "same_gene"),
        (
            {"gene2": "A(1200),B(34)", "strand2(gene/fusion)": "./-", "breakpoint2": "chr2:700000"},
            "no_gene",
        ),
        ({"gene2": ".", "breakpoint2": "chr1:5"}, "no_gene"),
        ({"breakpoint1": "MT:7", "gene1": "MT-CO1"}, "mitochondrial"),
    ],
)
def test_filters_of_pairs_outside_the_known_list(tmp_path, more, said):
    assert called(tmp_path, PLA2R1 | more)["filter"].tolist() == [said]


def test_immunoglobulin_with_itself_is_no_fusion(tmp_path):
    row = IGH_NSD2 | {
        "gene2": "IGKJ1",
        "breakpoint2": "chr2:850000",
        "confidence": "high",
        "split_reads1": "9",
    }
    assert called(tmp_path, row)["filter"].tolist() == ["immunoglobulin"]


def test_discordant_mates_alone_are_no_junction(tmp_path):
    row = IGH_NSD2 | {"split_reads1": "0", "split_reads2": "0", "discordant_mates": "12"}
    assert called(tmp_path, row)["filter"].tolist() == ["low_support"]


def test_clusters_of_a_known_pair_add_up_as_for_star(tmp_path):
    rows = [
        IGH_NSD2 | {"breakpoint1": f"chr14:{pos}", "split_reads1": "2", "split_reads2": "0"}
        for pos in (5051, 6051)
    ]
    assert called(tmp_path, *rows)["filter"].tolist() == ["PASS", "PASS"]
    assert called(tmp_path, rows[0])["filter"].tolist() == ["low_support"]


def test_a_break_between_genes_in_a_partner_window_is_its_translocation(tmp_path):
    row = IGH_NSD2 | {
        "gene2": "MYEOV(900),CCND1(12000)", "strand2(gene/fusion)": "./.", "breakpoint2": "chr11:20000",
    }  # fmt: skip
    made = called(tmp_path, row).iloc[0]
    assert made[["gene_b", "strand_b", "known", "filter"]].tolist() == ["CCND1", "+", "t(11;14)", "PASS"]


def test_a_strand_that_arriba_does_not_know_comes_from_the_direction(tmp_path):
    row = IGH_NSD2 | {
        "strand1(gene/fusion)": "-/.",
        "strand2(gene/fusion)": "+/.",
        "direction2": "downstream",
    }
    assert called(tmp_path, row)[["strand_a", "strand_b"]].to_numpy().tolist() == [["-", "-"]]


def test_the_same_breakpoints_twice_are_one_row(tmp_path):
    made = called(tmp_path, IGH_NSD2, IGH_NSD2 | {"split_reads1": "7"})
    assert made["junction_reads"].tolist() == [10]


def test_hostile_text_stays_text(tmp_path):
    made = called(tmp_path, PLA2R1 | {"#gene1": "<script>alert(1)</script>", "filters": '"; rm -rf /'})
    assert made["gene_a"].tolist() == ["<script>alert(1)</script>"]


def test_a_sample_without_fusions_is_an_empty_table(tmp_path):
    made = called(tmp_path)
    assert made.empty and list(made.columns) == tables.FUSIONS.names()


def test_a_contig_with_a_colon_in_its_name(tmp_path):
    made = called(tmp_path, PLA2R1 | {"breakpoint2": "HLA-A*01:01:77"})
    assert made[["chrom_b", "pos_b"]].to_numpy().tolist() == [["HLA-A*01:01", 77]]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"split_reads1": "-3"}, "split_reads1: '-3'"),
        ({"discordant_mates": ""}, "discordant_mates: ''"),
        ({"breakpoint1": "chr14"}, "breakpoint1: 'chr14'"),
        ({"breakpoint2": "chr99:5"}, "breakpoint2: 'chr99:5'"),
        ({"confidence": "certain"}, "confidence: 'certain'"),
        ({"strand1(gene/fusion)": "./.", "direction1": "."}, "direction1: '.'"),
    ],
)
def test_a_bad_cell_is_named_by_file_line_and_field(tmp_path, more, field):
    with pytest.raises(tables.ContractError, match="fusions.tsv line 3") as error:
        called(tmp_path, IGH_NSD2, PLA2R1 | more)
    assert field in str(error.value)


def test_a_cut_line_and_a_foreign_file_are_refused(tmp_path):
    with pytest.raises(tables.ContractError, match="line 3: 2 columns, the header has 30"):
        called(tmp_path, IGH_NSD2, text="IGHJ6\tNSD2")
    path = tmp_path / "other.tsv"
    for text in ("", "gene\tvalue\n"):
        path.write_text(text)
        with pytest.raises(tables.ContractError, match="not a fusions.tsv of Arriba"):
            arriba.read(path)


def test_the_command_line_names_what_is_given():
    none = dict.fromkeys(("blacklist", "known_fusions", "protein_domains"), "")
    assert arriba.options(none, "") == ["-f", "blacklist", "-s", "auto"]
    given = {"blacklist": "b.tsv", "known_fusions": "k.tsv", "protein_domains": "d.gff3"}
    assert arriba.options(given, "reverse") == (
        ["-b", "b.tsv", "-k", "k.tsv", "-t", "k.tsv", "-p", "d.gff3", "-s", "reverse"]
    )
