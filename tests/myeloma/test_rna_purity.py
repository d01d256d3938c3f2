"""Clone and other cells in the RNA: shares counted by hand, twins, three states, the gate."""

import math

import pandas as pd
import pytest
import yaml

from myeloma import gates, qc, rna_purity, tables

GENES = pd.DataFrame(
    [
        ("g1.1", "IGHG1", "IG_C_gene"),
        ("g2.1", "IGHA1", "IG_C_gene"),
        ("g3.1", "IGHV3-23", "IG_V_gene"),
        ("g4.1", "IGHV1-69", "IG_V_gene"),
        ("g5.1", "IGHV1-69D", "IG_V_gene"),
        ("g6.1", "IGKC", "IG_C_gene"),
        ("g7.1", "IGLC2", "IG_C_gene"),
        ("g8.1", "IGLC3", "IG_C_gene"),
        ("g9.1", "IGKV1-39", "IG_V_gene"),
        ("g10.1", "IGKV1D-39", "IG_V_gene"),
        ("g11.1", "IGLV2-14", "IG_V_gene"),
        ("g12.1", "IGHD3-10", "IG_D_gene"),
        ("g13.1", "IGKV1-22", "IG_V_pseudogene"),
        ("ENSG00000170458.14", "CD14", "protein_coding"),
        ("g15.1", "VNN3", "protein_coding"),
        ("g16.1", "ACTB", "protein_coding"),
    ],
    columns=["gene_id", "gene_name", "biotype"],
)
LISTED = pd.DataFrame(
    {"gene": ["CD14", "VNN3", "HAL"], "gene_id": ["ENSG00000170458", "", "ENSG00000084110"]}
)


@pytest.fixture(scope="module")
def rules(project):
    return yaml.safe_load((project / "config/config.yaml").read_text())["rna_quality"]


@pytest.mark.parametrize(
    ("name", "biotype", "found"),
    [
        ("IGHG1", "IG_C_gene", ("heavy_constant", "IGHG1")),
        ("IGHV1-69D", "IG_V_gene", ("heavy_variable", "IGHV1-69")),
        ("IGHV3-30-3", "IG_V_gene", ("heavy_variable", "IGHV3-30-3")),
        ("IGKV1D-39", "IG_V_gene", ("light_variable", "IGKV1-39")),
        ("IGLC7", "IG_C_gene", ("light_constant", "IGLC")),
        ("IGHD3-10", "IG_D_gene", ("", "")),
        ("IGHJ4", "IG_J_gene", ("", "")),
        ("IGKV1-22", "IG_V_pseudogene", ("", "")),
        ("IGF1R", "protein_coding", ("", "")),
    ],
)
def test_segments_and_their_twins(name, biotype, found):
    assert rna_purity.segment(name, biotype) == found


def bases(**given):
    ids = dict(zip(GENES["gene_name"], GENES["gene_id"], strict=True))
    return pd.Series({ids[name.replace("_", "-")]: float(value) for name, value in given.items()})


CLONE = bases(
    IGHG1=90_000, IGHA1=10_000, IGHV1_69=30_000, IGHV1_69D=25_000, IGHV3_23=5_000,
    IGKC=2_000, IGLC2=60_000, IGLC3=38_000, IGLV2_14=47_000, IGKV1_39=1_500, IGKV1D_39=1_500,
)  # fmt: skip


def test_shares_of_one_clone_counted_by_hand(rules):
    seen = rna_purity.usage(CLONE, rna_purity.segments(GENES), rules)
    assert {part: (row["top"], round(row["share"], 4)) for part, row in seen.items()} == {
        "heavy_constant": ("IGHG1", 0.9),
        "heavy_variable": ("IGHV1-69", round(55 / 60, 4)),
        "light_constant": ("IGLC", 0.98),
        "light_variable": ("IGLV2-14", 0.94),
    }
    assert seen["light_variable"]["second"] == pytest.approx(0.06)
    assert rna_purity.kappa_share(seen) == pytest.approx(0.02)
    # (share - p) / (1 - p): 0.833, 0.907, 0.970 (lambda: p = 0.33), 0.929; the two best: 0.970 and 0.929
    best = [(0.98 - 0.33) / 0.67, (0.94 - 0.15) / 0.85]
    assert rna_purity.clone_share(seen)[0] == pytest.approx(sum(best) / 2)


def test_a_light_chain_myeloma_is_judged_without_its_heavy_chain(rules):
    light = CLONE[CLONE.index.isin(["g6.1", "g7.1", "g8.1", "g9.1", "g10.1", "g11.1"])]
    seen = rna_purity.usage(light, rna_purity.segments(GENES), rules)
    assert seen["heavy_constant"]["share"] is None
    assert rna_purity.clone_share(seen)[0] == pytest.approx(((0.98 - 0.33) / 0.67 + (0.94 - 0.15) / 0.85) / 2)


def test_polyclonal_plasma_cells_have_a_share_of_nothing(rules):
    mixed = bases(IGHG1=40_000, IGHA1=60_000, IGHV3_23=9_000, IGHV1_69=11_000, IGKC=67_000, IGLC2=33_000)
    seen = rna_purity.usage(mixed, rna_purity.segments(GENES), rules)
    assert seen["light_constant"]["clone"] == pytest.approx(0)
    assert seen["heavy_constant"]["clone"] == pytest.approx(0.2 / 0.6)


def test_no_immunoglobulin_is_not_assessable_and_no_failed_gate(rules):
    seen = rna_purity.usage(pd.Series(dtype=float), rna_purity.segments(GENES), rules)
    assert rna_purity.clone_share(seen) == (None, "too few reads in immunoglobulin C and V genes")
    assert rna_purity.kappa_share(seen) is None


def index_of(cd14, vnn3, actb, least=2):
    counts = pd.Series({"ENSG00000170458.14": cd14, "g15.1": vnn3, "g16.1": actb})
    length = pd.Series({"ENSG00000170458.14": 1000, "g15.1": 2000, "g16.1": 1000})
    return rna_purity.non_b_index(counts, GENES, length, LISTED, least)


def test_non_b_index_is_the_geometric_mean_of_rpkm_plus_one():
    # of 1,000,000 reads: 3 over 1 kb = 3 RPKM, 14 over 2 kb = 7 RPKM: sqrt(4 x 8)
    value, found, reason = index_of(3, 14, 999_983)
    assert (value, found, reason) == (pytest.approx(math.sqrt(32)), 2, "")
    assert index_of(0, 0, 1000)[0] == pytest.approx(1)


def test_genes_missing_from_the_annotation_are_told_and_not_counted_as_silent():
    assert index_of(0, 0, 1000, least=3) == (None, 2, "2 of 3 non-B genes in the annotation, 3 needed")
    assert index_of(0, 0, 0)[2] == "no reads in genes"
    none = rna_purity.non_b_index(pd.Series({"g16.1": 5}), GENES, pd.Series({"g16.1": 9}), LISTED[:0], 2)
    assert none == (None, 0, "rna_quality.non_b_genes is not given")


@pytest.mark.parametrize(
    ("share", "index", "expected"),
    [
        (0.9, 1.0, (0.9, "both")),
        (0.9, math.sqrt(20), (0.45, "both")),
        (0.9, 500.0, (0.0, "both")),
        (0.9, None, (0.9, "immunoglobulin")),
        (None, math.sqrt(20), (0.5, "non_b")),
        (None, None, (None, "none")),
    ],
)
def test_the_score_joins_what_is_known(share, index, expected):
    value, basis = rna_purity.score(share, index, 20)
    assert (value if value is None else pytest.approx(value), basis) == expected


def sample_of(rules, seen, cd14):
    counts = pd.Series(0, index=GENES["gene_id"])
    counts["g16.1"], counts["g1.1"], counts["ENSG00000170458.14"], counts["g15.1"] = 700, 300, cd14, cd14
    length = pd.Series(1000, index=GENES["gene_id"])
    return rna_purity.measure(counts, seen, GENES, length, LISTED, {**rules, "non_b_min_genes": 2})


def test_a_contaminated_sample_fails_the_gate_and_the_table_says_so(rules, project):
    limits = yaml.safe_load((project / "config/config.yaml").read_text())["gates"]
    rows, measured = [], []
    for name, seen, cd14 in (("s1", CLONE, 0), ("s2", CLONE, 500), ("s3", bases(), None)):
        row = sample_of(rules, seen, cd14 or 0)
        if cd14 is None:
            row |= {"non_b_index": None, "plasma_cell_score": None, "basis": "none"}
        measured.append({"patient": "p", "sample": name, **row})
        about = {"patient": "p", "sample": name, "assay": "rna", "tissue": "tumour", "verdict": ""}
        rows += [
            {**about, "gate": gate, "value": value, "reason": reason}
            for gate, (value, reason) in rna_purity.gate_rows(row).items()
        ]
    judged = qc.gate(tables.conform(pd.DataFrame(rows).assign(threshold=None), tables.QC), limits)
    made = tables.conform(rna_purity.judged(pd.DataFrame(measured), judged), tables.RNA_PURITY)
    assert list(made["state"]) == ["present", "absent", "not_assessable"]
    assert made["plasma_cell_score"].iloc[0] == pytest.approx(0.95, abs=0.01)
    assert set(gates.failed(judged)) == {"s2"}
    assert (
        "non-B index" in gates.failed(judged)["s2"]
        and "gates.rna_min_plasma_cell_score" in made["reason"].iloc[1]
    )
    assert list(made["threshold"]) == [0.2, 0.2, 0.2]
    lifted = rna_purity.judged(pd.DataFrame(measured), qc.accept(judged, {"s2": "non-secretory"}))
    assert list(lifted["state"]) == ["present", "not_assessable", "not_assessable"]
    assert lifted["reason"].iloc[1].startswith("accepted in the config: non-secretory")


def without_clone(rules, immunoglobulin, other, genes=GENES, stray=None):
    """One sample: reads in IGHG1, reads in ACTB, bases in immunoglobulin genes; no cell but B cells shows."""
    counts = pd.Series(0, index=genes["gene_id"])
    counts["g16.1"] = other
    if immunoglobulin:
        counts["g1.1"] = immunoglobulin
    length, stray = pd.Series(1000, index=genes["gene_id"]), bases() if stray is None else stray
    return rna_purity.measure(counts, stray, genes, length, LISTED, {**rules, "non_b_min_genes": 2})


def test_a_deep_sample_without_immunoglobulin_is_no_plasma_cell(rules):
    row = without_clone(rules, 8, 22_000_000)  # an epithelium without a myeloid gene
    assert row["non_b_index"] == pytest.approx(1)
    assert (row["clone_share"], row["plasma_cell_score"], row["basis"]) == (0, 0, "both")
    assert "0.00% of 22,000,008 reads in immunoglobulin genes" in row["reason"]


def test_a_few_stray_reads_of_one_clone_do_not_make_plasma_cells(rules):
    row = without_clone(rules, 2_000, 22_000_000, stray=CLONE)
    assert row["clone_share"] == 0 and row["plasma_cell_score"] == 0
    # at 1 % the clone is judged by its genes as before
    row = without_clone(rules, 10_000, 990_000, stray=CLONE)
    assert row["clone_share"] == pytest.approx(0.95, abs=0.01) and row["reason"] == ""


@pytest.mark.parametrize(
    ("reads", "genes"),
    [
        (9_999, GENES),  # shallow: its silence says nothing
        (22_000_000, GENES[~GENES["biotype"].isin(["IG_C_gene", "IG_V_gene"])]),  # nothing could have shown
    ],
)
def test_silence_that_tells_nothing_leaves_the_factor_out(rules, reads, genes):
    row = without_clone(rules, 0, reads, genes)
    assert row["clone_share"] is None and row["basis"] == "non_b"


def test_a_normal_is_not_judged_for_plasma_cells(project):
    limits = yaml.safe_load((project / "config/config.yaml").read_text())["gates"]
    row = {
        "patient": "p",
        "sample": "n",
        "assay": "rna",
        "tissue": "normal",
        "gate": rna_purity.GATE,
        "value": 0.0,
    }
    made = qc.gate(pd.DataFrame([row | {"reason": "", "verdict": "", "threshold": None}]), limits)
    assert made.loc[0, "verdict"] == ""


def test_no_sample_gives_an_empty_table():
    empty = tables.empty(tables.RNA_PURITY_MEASURES)
    assert rna_purity.judged(empty, tables.empty(tables.QC)).empty


def test_the_list_of_genes_is_read_and_a_wrong_one_refused(project, tmp_path):
    listed = rna_purity.read_non_b(project / "resources/non_b_genes.tsv")
    assert len(listed) == 58 and (listed["gene_id"] == "").sum() == 2
    assert rna_purity.read_non_b("").empty
    (tmp_path / "x.tsv").write_text("symbol\nCD14\n")
    with pytest.raises(tables.ContractError, match="columns gene, gene_id"):
        rna_purity.read_non_b(tmp_path / "x.tsv")
