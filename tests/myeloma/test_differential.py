"""The test of early against poor responders on simulated counts with a planted programme."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from myeloma import differential, tables
from myeloma.states import EARLY, POOR

SETTINGS = {
    "expression": {"exclude_from_size_factors": ["IG_"], "covariates": []},
    "comparison": {"min_group_for_expression": 3, "small_group_for_expression": 6, "alpha": 0.05},
}


def simulated(seed=1, early=5, poor=5, genes=400, changed=40, fold=2.0):
    """Counts, the genes that are higher (+fold log2) or lower in early responders, and the tables around."""
    random = np.random.default_rng(seed)
    n = early + poor
    samples = [f"S{i}" for i in range(n)]
    group = np.array([EARLY] * early + [POOR] * poor)
    level = random.uniform(5, 10, (genes, 1)) + np.zeros((genes, n))
    effect = np.zeros(genes)
    effect[:changed] = np.where(np.arange(changed) % 2, fold, -fold)
    level[:, :early] += effect[:, None]
    size = 2 ** random.normal(0, 0.4, n)
    values = random.poisson(random.gamma(10, 2**level * size / 10))
    ids = [f"g{i:03d}" for i in range(genes)]
    counts = pd.DataFrame(values, index=ids, columns=samples)
    response = pd.DataFrame({"patient": [f"p{s}" for s in samples], "group": group})
    sheet = pd.DataFrame(
        {
            "patient": response["patient"],
            "sample": samples,
            "role": "analysis",
            "batch": ["a", "b"] * (n // 2),
        }
    )
    table = pd.DataFrame({"gene_id": ids, "gene_name": ids, "chrom": "chr1", "start": 1, "end": 2})
    table = table.assign(strand="+", biotype="protein_coding")
    qc = pd.DataFrame(columns=["sample", "gate", "value", "verdict", "reason"])
    return counts, effect, table, response, sheet, qc


def run(parts, settings=SETTINGS):
    counts, _, genes, response, sheet, qc = parts
    made, note = differential.early_versus_poor(counts, genes, response, sheet, qc, settings)
    return tables.conform(made, tables.EXPRESSION), note


def with_covariates(*names):
    return {**SETTINGS, "expression": {**SETTINGS["expression"], "covariates": list(names)}}


def test_planted_programme_is_found_with_its_direction():
    parts = simulated()
    made, note = run(parts)
    effect = parts[1]
    assert roc_auc_score(effect != 0, -made["p"].fillna(1)) >= 0.95
    found = made[made["q"] < 0.05].set_index("gene_id")["log2_fold_change"]
    truth = pd.Series(effect, index=parts[0].index)
    assert len(found) >= 35
    assert (np.sign(found[truth[found.index] != 0]) == np.sign(truth[found.index][truth != 0])).all()
    assert "5 early against 5 poor" in note and "exploratory" in note


def test_permuted_labels_are_calibrated():
    """Without a planted change p is uniform: about 5 % below 0.05."""
    shares = [(run(simulated(seed, changed=0))[0]["p"] < 0.05).mean() for seed in (11, 12, 13)]
    assert 0.02 <= np.mean(shares) <= 0.09


def test_small_group_is_refused_with_a_sentence():
    parts = simulated(early=2, poor=6)
    made, note = run(parts)
    assert made.empty
    assert note == ("Not tested: 2 early against 6 poor responders with RNA; at least 3 of each are needed.")


def test_failed_gate_leaves_the_comparison_and_is_named():
    parts = list(simulated())
    parts[5] = pd.DataFrame([{"sample": "S0", "gate": "x", "value": 1, "verdict": "fail", "reason": "x"}])
    assert "4 early against 5 poor" in run(parts)[1] and "S0" in run(parts)[1]


def test_other_samples_and_groups_stay_out():
    parts = list(simulated())
    response, sheet = parts[3].copy(), parts[4].copy()
    response.loc[0, "group"] = "NEITHER"
    sheet.loc[9, "role"] = "other"
    parts[3], parts[4] = response, sheet
    assert "4 early against 4 poor" in run(parts)[1]


def test_empty_p_tells_why():
    parts = list(simulated())
    counts = parts[0].copy()
    counts.loc["g390"] = 0
    counts.loc["g391"] = [0, 0, 1, 0, 0, 2, 0, 0, 0, 1]
    counts.loc["g392"] = [20, 25, 22, 18, 21, 24, 19, 22, 20, 90000]
    parts[0] = counts
    made = run(parts)[0].set_index("gene_id")
    assert made.loc["g390", "reason"] == "no read in any sample"
    assert "fewer than 10 reads" in made.loc["g391", "reason"]
    assert "Cook" in made.loc["g392", "reason"] and np.isnan(made.loc["g392", "p"])
    empty = made["q"].isna()
    assert (made["reason"] != "").equals(empty)


def test_covariate_is_centred_and_scaled():
    parts = list(simulated())
    sheet = parts[4].assign(age=np.linspace(40, 80, 10)[[3, 7, 0, 9, 5, 1, 8, 2, 6, 4]])
    parts[4] = sheet
    made, note = run(parts, with_covariates("age", "batch"))
    assert "adjusted for age, batch" in note
    parts[4] = sheet.assign(age=sheet["age"] * 365.25 + 1000)
    again, _ = run(parts, with_covariates("age", "batch"))
    assert np.allclose(made["log2_fold_change"], again["log2_fold_change"], equal_nan=True, atol=1e-6)


@pytest.mark.parametrize(
    ("column", "values", "says"),
    [
        ("centre", ["x"] * 5 + ["y"] * 5, "centre and the response groups cannot be told apart"),
        ("purity", [0.9] * 10, "one value in all samples"),
        ("purity", [0.9, None] * 5, "empty for S1"),
        ("kit", [f"k{i}" for i in range(10)], "cannot carry a design"),
    ],
)
def test_design_that_cannot_be_fitted_is_refused_by_name(column, values, says):
    parts = list(simulated())
    parts[4] = parts[4].assign(**{column: values})
    with pytest.raises(differential.DesignError, match=says):
        run(parts, with_covariates(column))


def test_covariate_that_is_not_in_the_sheet():
    with pytest.raises(differential.DesignError, match="not in the sample sheet: line"):
        run(simulated(), with_covariates("line"))
