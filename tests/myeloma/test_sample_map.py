"""Components, clusters and what moves them; cohorts of any size, gated samples, statistics of R."""

import anndata
import numpy as np
import pandas as pd
import pytest
import yaml

from myeloma import expression, sample_map, tables


@pytest.fixture(scope="module")
def rules(project):
    return yaml.safe_load((project / "config/config.yaml").read_text())["expression"]


def gene_table(ids):
    columns = {"gene_id": ids, "gene_name": ids, "chrom": "chr1", "start": 1, "end": 100, "strand": "+"}
    return pd.DataFrame(columns | {"biotype": "protein_coding"})


def failing(*samples):
    rows = [(s, "rna_plasma_cells", 0.0, 0.2, "fail", "rna_plasma_cells 0 < 0.2") for s in samples]
    return pd.DataFrame(rows, columns=["sample", "gate", "value", "threshold", "verdict", "reason"])


def data_of(n, seed=5, shifted=(), qc=None, empty=(), about=None):
    random = np.random.default_rng(seed)
    level = 2 ** random.uniform(4, 10, (200, 1))
    names = [f"S{i}" for i in range(n)]
    counts = pd.DataFrame(
        random.poisson(level * 2 ** random.normal(0, 0.3, (200, n))), [f"g{i}" for i in range(200)], names
    )
    counts.loc[counts.index[:60], list(shifted)] *= 8
    counts[list(empty)] = 0
    sheet = pd.DataFrame({"sample": names, "patient": [f"p{s}" for s in names], "rin": 7.5})
    sheet = sheet.assign(tissue="tumour", role="analysis")
    for name, (tissue, role) in (about or {}).items():
        sheet.loc[sheet["sample"] == name, ["tissue", "role"]] = tissue, role
    sheet["batch"] = ["1" if s in shifted else "2" for s in names]
    genes = gene_table(list(counts.index))
    of_names = genes.set_index("gene_id")["gene_name"]
    qc = tables.empty(tables.QC) if qc is None else qc
    return expression.cohort_data(counts, of_names, genes, set(), sheet, qc)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 12])
def test_map_of_any_size(n, rules, tmp_path):
    data = data_of(n)
    expression.write_data(data, str(tmp_path / "cohort.h5ad"))
    assert anndata.read_h5ad(tmp_path / "cohort.h5ad").n_obs == n
    frame, scores = sample_map.locate(data, failing(), rules)
    made = tables.conform(frame, tables.SAMPLE_MAP)
    assert len(made) == n
    assert made["pc1"].notna().all() == (n >= 3) or n == 0
    assert (made["cluster"] != "").any() == (n >= 10)
    assert made["umap1"].notna().any() == (n >= 10)
    assert (made["used"] == "yes").sum() == (n if n >= 3 else 0)
    if 0 < n < 3:
        assert set(made["reason"]) == {"fewer than three usable samples"}
    found = sample_map.associate(scores, sample_map.factors(data.obs), rules)
    found = tables.conform(found, tables.PC_ASSOCIATIONS)
    assert found["p"].isna().all() and set(found["reason"]) <= {"one value in all samples", "not given"}


def test_map_is_deterministic(rules):
    one, two = (sample_map.locate(data_of(12), failing(), rules) for _ in range(2))
    pd.testing.assert_frame_equal(one[0], two[0])
    pd.testing.assert_frame_equal(one[1], two[1])


def test_a_gated_sample_is_placed_and_shapes_nothing(rules):
    wild = data_of(9, shifted=["S8"])
    frame, scores = sample_map.locate(wild, failing("S8"), rules)
    without, _ = sample_map.locate(wild[:8].copy(), failing(), rules)
    assert np.allclose(frame["pc1"][:8], without["pc1"]) and "S8" not in scores.index
    row = frame.set_index("sample").loc["S8"]
    assert row["used"] == "no" and "rna_plasma_cells" in row["reason"] and np.isfinite(row["pc1"])


def test_normal_rna_and_relapse_are_placed_and_shape_nothing(rules):
    others = {"S7": ("normal", "other"), "S8": ("tumour", "other")}
    frame, scores = sample_map.locate(data_of(9, shifted=["S7", "S8"], about=others), failing(), rules)
    without, _ = sample_map.locate(
        data_of(9, shifted=["S7", "S8"], about=others)[:7].copy(), failing(), rules
    )
    assert np.allclose(frame["pc1"][:7], without["pc1"]) and list(scores.index) == [f"S{i}" for i in range(7)]
    made = frame.set_index("sample")
    assert made["used"].tolist() == ["yes"] * 7 + ["no"] * 2 and made["pc1"].notna().all()
    assert made.loc["S7", "reason"] == "normal RNA, no tumour"
    assert made.loc["S8", "reason"] == "not the sample of the analysis (role other)"
    assert tables.conform(frame, tables.SAMPLE_MAP)["cluster"].eq("").all()


def test_all_samples_gated_or_without_reads_leave_an_empty_map(rules):
    names = [f"S{i}" for i in range(5)]
    frame, scores = sample_map.locate(data_of(5), failing(*names), rules)
    assert frame["pc1"].isna().all() and (frame["reason"] != "").all() and scores.empty
    frame, _ = sample_map.locate(data_of(5, empty=["S0"]), failing(), rules)
    assert frame["reason"].tolist() == ["no reads in genes", "", "", "", ""]
    assert frame["pc1"].isna().tolist() == [True, False, False, False, False]
    found = sample_map.associate(scores, sample_map.factors(data_of(5).obs), rules)
    assert tables.conform(found, tables.PC_ASSOCIATIONS).empty


def test_a_batch_is_found_on_the_first_component(rules):
    data = data_of(12, shifted=[f"S{i}" for i in range(6)])
    frame, scores = sample_map.locate(data, failing(), rules)
    signs = np.sign(frame["pc1"])
    assert abs(signs[:6].sum()) == 6 and abs(signs[6:].sum()) == 6 and signs[0] != signs[6]
    found = sample_map.associate(scores, sample_map.factors(data.obs), rules)
    found = tables.conform(found, tables.PC_ASSOCIATIONS).set_index(["component", "factor"])
    batch = found.loc[("pc1", "batch")]
    # all six of one batch on one side: 2 of the 924 splits of twelve
    assert batch["p"] == pytest.approx(2 / 924, abs=0.002) and batch["q"] < 0.02
    assert batch["levels"] == "1 6, 2 6" and batch["n"] == 12
    assert found.loc[("pc1", "rin"), "reason"] == "one value in all samples"
    assert found.loc[("pc1", "purity"), "reason"] == "not given"
    assert found.loc[("pc2", "batch"), "p"] > 0.05


VALUES = pd.Series([3.1, -2, 0.5, 0.5, 7, 1, -4, 2.2, 9])


def test_statistics_are_those_of_r():
    """R 4.2.2: kruskal.test (H, p = 0.174 by chi squared) and cor(method = "spearman"), with ties."""
    h, effect, p = sample_map._kruskal(VALUES, pd.Series(list("aabbccabc")), 9999)
    assert h == pytest.approx(3.49579831932773) and effect == pytest.approx(h / 8)
    assert p == pytest.approx(0.174, abs=0.03)
    rho, _, _ = sample_map._spearman(VALUES, pd.Series([10, 2, 3, 3, 20, 11, 1, 8, 8]), 99)
    assert rho == pytest.approx(0.810133793884524)


def test_p_of_a_perfect_order_by_hand():
    """Six samples in order: 2 of the 720 orders are as extreme."""
    x = pd.Series(range(6), dtype=float)
    assert sample_map._spearman(x, x**2, 9999)[2] == pytest.approx(2 / 720, abs=0.002)


def test_p_is_uniform_where_nothing_is():
    random = np.random.default_rng(4)
    groups = pd.Series(["a"] * 4 + ["b"] * 5)
    found = [sample_map._kruskal(pd.Series(random.normal(size=9)), groups, 499)[2] for _ in range(200)]
    assert np.mean(np.array(found) <= 0.05) <= 0.10 and 0.4 < np.mean(found) < 0.62


def test_too_few_values_are_not_tested(rules):
    scores = pd.DataFrame({"pc1": range(8)}, index=list("abcdefgh"), dtype=float)
    about = pd.DataFrame(
        {
            "batch": ["1", "1", "2", "2", "", "", "", ""],
            "centre": ["N"] * 7 + ["L"],
            "rin": [7, 8, 9, 6, 5, np.nan, np.nan, np.nan],
            "sex": [""] * 8,
        },
        index=scores.index,
    )
    found = sample_map.associate(scores, about, rules).set_index("factor")
    assert found["p"].isna().all()
    assert found["reason"].to_dict() == {
        "batch": "4 samples, 6 needed",
        "centre": "one sample in all groups but one",
        "rin": "5 samples, 6 needed",
        "sex": "not given",
    }
