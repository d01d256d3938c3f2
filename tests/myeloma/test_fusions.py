"""Junction records of STAR turned into fusions, one record at a time."""

import numpy as np
import pandas as pd
import pytest

from myeloma import fusions, tables

HEADER = "chr_donorA\tbrkpt_donorA\tstrand_donorA\tchr_acceptorB\tbrkpt_acceptorB\tstrand_acceptorB\n"
RULES = {"junction_min_reads": 3, "fusion_min_reads": 5}
GENES = pd.DataFrame(
    [
        ("g1", "NSD2", "chr4", 1000, 9000, "+", "protein_coding"),
        ("g2", "IGHJ6", "chr14", 5000, 5100, "-", "IG_J_gene"),
        ("g3", "AAA", "chr1", 1000, 50000, "+", "protein_coding"),
        ("g4", "BBB", "chr1", 60000, 90000, "+", "protein_coding"),
        ("g5", "CCC.1", "chr2", 1000, 50000, "-", "protein_coding"),
        ("g6", "MT-CO1", "chrM", 1, 5000, "+", "protein_coding"),
        ("g7", "CCND1", "chr11", 1000, 9000, "+", "protein_coding"),
    ],
    columns="gene_id gene_name chrom start end strand biotype".split(),
)
REGIONS = pd.DataFrame(
    [
        ("IGH", "ig_locus", "14", 4000, 20000, "", ""),
        ("IGK", "ig_locus", "2", 800000, 900000, "", ""),
        ("CCND1", "partner", "11", 500, 30000, "CCND1,MYEOV", ""),
        ("del17p", "copy_number", "17", 1, 100, "TP53", ""),
    ],
    columns="name kind chrom start end genes source".split(),
)
ANNOTATION = fusions.Annotation(GENES, REGIONS, {"t(4;14)": ["NSD2", "FGFR3"], "t(11;14)": ["CCND1"]})


def record(read, a, b, kind=1, alignments=1, start=None, starts=None):
    """One line of Chimeric.out.junction; a, b: (contig, first intron base, strand)."""
    first, second = starts or (start or 100, 200)
    words = [
        *a,
        *b,
        kind,
        0,
        0,
        read,
        first,
        "50M50S",
        second,
        "50S50M",
        alignments,
        200,
        100,
        190,
        190,
        0,
        "g",
    ]
    return "\t".join(map(str, words)) + "\n"


def many(n, a, b, **more):
    return "".join(record(f"r{a[0]}{a[1]}{b[0]}{b[1]}_{i}", a, b, start=100 + i, **more) for i in range(n))


def called(tmp_path, text, fetch=None):
    path = tmp_path / "Chimeric.out.junction"
    path.write_text(text)
    made = fusions.call_sample(str(path), "p1", "s1", ANNOTATION, RULES, fetch)
    return tables.conform(made, tables.FUSIONS)


def test_bases_next_to_the_junction(tmp_path):
    """STAR writes the first base of the intron; plus and minus strands go different ways."""
    path = tmp_path / "j"
    path.write_text(record("r1", ("chr1", 2001, "+"), ("chr2", 3000, "-")))
    row = fusions.read_star(path).iloc[0]
    assert (row.pos_a, row.strand_a, row.pos_b, row.strand_b) == (2000, "+", 2999, "-")


def test_ct_ac_is_the_other_strand(tmp_path):
    """HCC1395's PLA2R1--RBMS1 as STAR writes it: the donor becomes 272580 on the minus strand."""
    path = tmp_path / "j"
    path.write_text(record("r1", ("chr2", 600000, "+"), ("chr2", 272579, "+"), kind=2))
    row = fusions.read_star(path).iloc[0]
    assert (row.pos_a, row.strand_a, row.pos_b, row.strand_b) == (272580, "-", 599999, "-")


def test_known_pair_in_either_order(tmp_path):
    text = many(3, ("chr14", 5051, "-"), ("chr4", 1999, "+")) + many(
        3, ("chr11", 3001, "+"), ("chr14", 7001, "-")
    )
    table = called(tmp_path, text).set_index("known")
    assert table.loc["t(4;14)", ["gene_a", "gene_b", "filter"]].tolist() == ["IGH", "NSD2", "PASS"]
    assert table.loc["t(11;14)", ["gene_a", "gene_b", "filter"]].tolist() == ["CCND1", "IGH", "PASS"]


def test_partner_window_names_the_translocation(tmp_path):
    table = called(tmp_path, many(4, ("chr11", 20001, "+"), ("chr14", 7001, "-"), kind=0))
    assert table.loc[0, ["known", "filter"]].tolist() == ["t(11;14)", "PASS"]


def test_two_reads_of_a_known_pair_are_too_few(tmp_path):
    table = called(tmp_path, many(2, ("chr14", 5051, "-"), ("chr4", 1999, "+")))
    assert table.loc[0, "filter"] == "low_support"


def test_scattered_single_reads_do_not_add_up(tmp_path):
    """Template switching with immunoglobulin: one read here, one read there."""
    text = "".join(
        record(f"r{i}", ("chr14", 5051 + 400 * i, "-"), ("chr4", 1999 + 500 * i, "+"), kind=0)
        for i in range(6)
    )
    table = called(tmp_path, text)
    assert len(table) == 6
    assert set(table["filter"]) == {"low_support"}


def test_duplicates_count_once(tmp_path):
    same = "".join(
        record(f"r{i}", ("chr14", 5051, "-"), ("chr4", 1999, "+"), starts=(77, 88)) for i in range(20)
    )
    table = called(tmp_path, same + record("other", ("chr14", 5051, "-"), ("chr4", 1999, "+"), start=5))
    assert table.loc[0, "junction_reads"] == 2


def test_both_orders_of_one_junction_without_motif_are_one(tmp_path):
    forward = many(4, ("chr1", 2001, "+"), ("chr2", 3000, "-"), kind=0)
    backward = "".join(
        record(f"b{i}", ("chr2", 2998, "+"), ("chr1", 2001, "-"), kind=0, starts=(500 + i, 9))
        for i in range(4)
    )
    # donor chr1:2000 + / acceptor chr2:2999 -  is  donor chr2:2999 + / acceptor chr1:2000 - from the other side
    backward = backward.replace("chr2\t2998", "chr2\t3000").replace("chr1\t2001\t-", "chr1\t2001\t-")
    table = called(tmp_path, forward + backward)
    assert len(table) == 1
    assert table.loc[0, "junction_reads"] == 8


@pytest.mark.parametrize(
    ("a", "b", "kind", "named"),
    [
        (("chr14", 5051, "-"), ("chr14", 15000, "-"), 1, "immunoglobulin"),
        (("chr14", 5051, "-"), ("chr2", 850000, "-"), 1, "immunoglobulin"),
        (("chr1", 2001, "+"), ("chr1", 30000, "-"), 1, "same_gene"),
        (("chr1", 40001, "+"), ("chr1", 69999, "+"), 1, "read_through"),
        (("chrM", 2001, "+"), ("chr1", 3000, "+"), 1, "mitochondrial"),
        (("chr1", 2001, "+"), ("chr9", 3000, "+"), 1, "no_gene"),
        (("chr1", 2001, "+"), ("chr2", 3000, "-"), 0, "no_splice_site"),
        (("chr1", 58001, "+"), ("chr1", 61999, "-"), 1, "local"),
    ],
)
def test_named_filters(tmp_path, a, b, kind, named):
    table = called(tmp_path, many(9, a, b, kind=kind))
    assert named in table.loc[0, "filter"].split(";")


def test_any_other_pair_needs_more_reads(tmp_path):
    a, b = ("chr1", 2001, "+"), ("chr2", 3000, "-")
    assert called(tmp_path, many(4, a, b)).loc[0, "filter"] == "low_support"
    row = called(tmp_path, many(5, a, b)).loc[0]
    assert row[["gene_a", "gene_b", "filter", "pos_a", "pos_b"]].tolist() == [
        "AAA",
        "CCC.1",
        "PASS",
        2000,
        2999,
    ]


def test_reads_that_fit_two_pairs_are_ambiguous(tmp_path):
    a, b, other = ("chr1", 2001, "+"), ("chr2", 3000, "-"), ("chr4", 3000, "+")
    text = many(6, a, b, alignments=2) + "".join(
        record(f"rchr12001chr23000_{i}", a, other, alignments=2, start=100 + i) for i in range(6)
    )
    assert "multimapped" in called(tmp_path, text).loc[0, "filter"]


def test_paralogue_by_sequence(tmp_path):
    random = np.random.default_rng(1)
    genome = {c: "".join(random.choice(list("ACGT"), 60000)) for c in ("chr1", "chr2")}
    a, b = ("chr1", 2001, "+"), ("chr2", 3000, "-")
    text = many(8, a, b)
    assert called(tmp_path, text, lambda c, s, e: genome[c][s:e]).loc[0, "filter"] == "PASS"
    genome["chr1"] = genome["chr1"][:20000] + genome["chr2"][2500:3500] + genome["chr1"][21000:]
    assert called(tmp_path, text, lambda c, s, e: genome[c][s:e]).loc[0, "filter"] == "paralogue"


def test_spanning_pairs_go_to_their_junction(tmp_path):
    a, b = ("chr14", 5051, "-"), ("chr4", 1999, "+")
    pairs = "".join(
        record(f"m{i}", ("chr4", 2300, "-"), ("chr14", 5200, "+"), kind=-1, start=900 + i) for i in range(4)
    )
    row = called(tmp_path, many(3, a, b) + pairs).loc[0]
    assert (row["junction_reads"], row["spanning_pairs"]) == (3, 4)


@pytest.mark.parametrize("text", ["", HEADER, "# 2.7.10b STAR\n# Nreads 100\n"])
def test_sample_without_a_fusion(tmp_path, text):
    assert called(tmp_path, text).empty


def test_igh_must_be_known_for_a_junction_to_show_it():
    assert ANNOTATION.assessable() == {"t(4;14)", "t(11;14)"}
    no_igh = GENES[GENES["gene_name"] != "IGHJ6"]
    bare = fusions.Annotation(no_igh, REGIONS.iloc[0:0], {"t(4;14)": ["NSD2"]})
    assert bare.assessable() == set()
