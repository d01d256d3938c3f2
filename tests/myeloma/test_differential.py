"""The test of early against poor responders on simulated counts with a planted programme."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest, norm
from sklearn.metrics import roc_auc_score

from myeloma import differential, expression, tables
from myeloma.design import DesignError
from myeloma.states import EARLY, POOR

SETTINGS = {
    "expression": {
        "exclude_from_size_factors": ["IG_"],
        "covariates": [],
        "max_group_vif": 10,
        "test_min_reads": 10,
        "sensitivity_min_plasma_cell_score": 0.8,
    },
    "comparison": {
        "min_group_for_expression": 3,
        "small_group_for_expression": 6,
        "alpha": 0.05,
        "sensitivity_top_genes": 20,
    },
}


RULE = "A: EARLY_RESPONDER = confirmed PR or better (made up)"


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
    response = pd.DataFrame({"patient": [f"p{s}" for s in samples], "group": group, "rule": RULE})
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


def compared(parts, settings=SETTINGS, sources=None):
    counts, _, genes, response, sheet, qc = parts
    made = differential.early_versus_poor(counts, genes, response, sheet, qc, settings, sources=sources)
    tables.conform(made.analyses, tables.EXPRESSION_ANALYSES)
    tables.conform(made.sensitivity, tables.SENSITIVITY)
    return made


def run(parts, settings=SETTINGS, sources=None):
    made = compared(parts, settings, sources)
    return tables.conform(made.table, tables.EXPRESSION), made.note


def test_every_table_says_how_the_groups_are_defined():
    """Also where nobody is compared and nothing is tested."""
    parts = simulated(genes=60, changed=6)
    made = compared(parts)
    for frame in (made.table, made.analyses, made.sensitivity):
        assert len(frame) and set(frame["rule"]) == {RULE}
    counts, _, genes, response, sheet, qc = parts
    nobody = differential.early_versus_poor(counts, genes, response, sheet, qc, SETTINGS, compared=[])
    assert nobody.analyses[["state", "rule"]].values.tolist() == [["not_assessable", RULE]]
    some = differential.early_versus_poor(
        counts, genes, response, sheet, qc, SETTINGS, compared=set(response["patient"]) - {"pS0"}
    )
    assert some.analyses["early"].tolist()[0] == made.analyses["early"].tolist()[0] - 1


def sources(patients=None, scores=None, states=None):
    """Covariates of simulated patients pS0, pS1, ...: columns, plasma-cell scores, states of an abnormality."""
    patients = pd.DataFrame(patients or {})
    patients.index = [f"pS{i}" for i in patients.index]
    calls = [
        {
            "patient": p,
            "abnormality": "t(4;14)",
            "state": s,
            "reason": "no RNA" if s == "not_assessable" else "",
        }
        for p, s in (states or {}).items()
    ]
    columns = ["patient", "abnormality", "state", "reason"]
    return differential.Covariates(
        patients, pd.Series(scores or {}, dtype=float), pd.DataFrame(calls, columns=columns)
    )


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
    """The planted counts under shuffled groups: uniform p of the genes without a plant, hardly a gene found.

    Kolmogorov-Smirnov for each of four shufflings; when all is well the smallest of four p lies below 0.001 in
    0.4 % of cases. The same test rejects p from standard errors that are 10 % too small or too large. 25 a
    group: with 10 a group the Wald test is known to be a little too eager (p < 0.01 in 1.5 %, analysis plan).
    """
    counts, effect, *others = simulated(5, early=25, poor=25)
    settings = {**SETTINGS, "expression": {**SETTINGS["expression"], "exclude_from_size_factors": []}}
    quiet = []
    for seed in (1, 2, 3, 4):
        group = np.random.default_rng(seed).permutation(others[1]["group"])
        made = run([counts, effect, others[0], others[1].assign(group=group), *others[2:]], settings)[0]
        assert (made["q"] < 0.05).mean() < 0.01
        quiet.append(made["p"][effect == 0])
    assert min(kstest(p.dropna(), "uniform").pvalue for p in quiet) > 0.001
    z = norm.isf(np.concatenate(quiet) / 2)
    assert kstest(2 * norm.sf(z * 1.1), "uniform").pvalue < 0.01
    assert kstest(2 * norm.sf(z / 1.1), "uniform").pvalue < 0.01


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
    assert "fewer than 10 reads in all samples" in made.loc["g391", "reason"]
    assert "Cook's distance): S9: not tested" in made.loc["g392", "reason"] and np.isnan(
        made.loc["g392", "p"]
    )
    assert made.loc["g392", "outliers"] == "S9"
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
        ("kit", ["a", "a", "b", "b", "c", "a", "a", "b", "b", "c"], None),
    ],
)
def test_design_that_cannot_be_fitted_is_refused_by_name(column, values, says):
    parts = list(simulated(genes=60, changed=6))
    parts[4] = parts[4].assign(**{column: values})
    if says is None:
        run(parts, with_covariates(column))
        return
    with pytest.raises(DesignError, match=f"{says}.*expression.covariates"):
        run(parts, with_covariates(column))


def test_covariate_that_is_not_in_the_sheet():
    with pytest.raises(DesignError, match="not in the sample sheet.*change expression.covariates"):
        run(simulated(genes=60, changed=6), with_covariates("kit"))


def test_patient_without_a_value_is_left_out_and_named():
    parts = list(simulated(genes=60, changed=6))
    parts[4] = parts[4].assign(rin=[7.0, np.nan, 8, 6, 9, 7.5, 8.5, 6.5, 9.5, 7.2])
    made = compared(parts, with_covariates("rin"))
    assert "4 early against 5 poor" in made.note and "S1 (rin is empty)" in made.note
    assert "outliers are not looked for" in made.note
    missing = parts[4].assign(rin=[7.0, None, None, None, 9, 7.5, 8.5, 6.5, 9.5, 7.2])
    refused = compared([*parts[:4], missing, parts[5]], with_covariates("rin"))
    assert (
        refused.table.empty
        and "2 early against 5 poor" in refused.note
        and "S3 (rin is empty)" in refused.note
    )


def test_one_sample_per_group_is_refused():
    made = compared(simulated(early=1, poor=1, genes=60, changed=0))
    assert made.table.empty and made.sensitivity.empty
    assert (
        made.note == "Not tested: 1 early against 1 poor responders with RNA; at least 3 of each are needed."
    )
    assert made.analyses["state"].tolist() == ["not_assessable"]


def test_covariates_of_patients_scores_and_abnormalities():
    states = {f"pS{i}": "present" if i % 3 == 0 else "absent" for i in range(12)} | {"pS4": "not_assessable"}
    given = sources(
        {"age": [50, 61, 72, 48, 55, 66, 70, 59, 64, 53, 75, 68]},
        {f"S{i}": 0.7 + 0.02 * ((5 * i) % 12) for i in range(12)},
        states,
    )
    names = ("age", "plasma_cell_score", "abnormality:t(4;14)")
    made = compared(simulated(early=6, poor=6, genes=60, changed=6), with_covariates(*names), given)
    assert "S4 (t(4;14) is not assessable (no RNA))" in made.note
    rows = made.analyses.set_index("analysis")
    assert rows.loc["main", ["early", "poor"]].tolist() == [5, 6]
    assert rows.loc["without_covariates", ["early", "poor"]].tolist() == [6, 6]
    with pytest.raises(DesignError, match="no abnormality of that name.*one of: t\\(4;14\\)"):
        compared(
            simulated(early=6, poor=6, genes=60, changed=6), with_covariates("abnormality:t(4;15)"), given
        )


def test_low_purity_leaves_a_sensitivity_analysis():
    scores = {f"S{i}": 0.9 for i in range(12)} | {"S3": 0.4}
    made = compared(simulated(early=6, poor=6, genes=100, changed=10), sources=sources(scores=scores))
    rows = made.analyses.set_index("analysis")
    low = rows.loc["without_low_purity"]
    assert (low["early"], low["poor"]) == (5, 6) and "S3 (plasma-cell score 0.40 below 0.8)" in low["reason"]
    assert low["lfc_correlation"] > 0.9 and low["top_same_direction"] > 0.9
    main = rows.loc["main"]
    assert main["jaccard"] == 1 and main["lfc_correlation"] == pytest.approx(1)
    assert len(made.sensitivity) == 40 and set(made.sensitivity["analysis"]) == {"main", "without_low_purity"}


@pytest.mark.parametrize(
    ("scores", "says"),
    [
        ({}, "no sample has a plasma-cell score"),
        ({f"S{i}": 0.95 for i in range(10)}, "every sample has a plasma-cell score of 0.8 or more"),
        ({f"S{i}": 0.2 + 0.7 * (i > 2) for i in range(10)}, "2 early against 5 poor.*at least 3"),
    ],
)
def test_sensitivity_without_low_purity_says_why_it_was_not_done(scores, says):
    made = compared(simulated(genes=60, changed=6), sources=sources(scores=scores))
    row = made.analyses.set_index("analysis").loc["without_low_purity"]
    assert row["state"] == "not_assessable" and re.search(says, row["reason"])


def test_concordance_by_hand():
    main = pd.DataFrame(
        {
            "log2_fold_change": [1.0, -1, 2, 0.5],
            "p": [0.001, 0.002, 0.003, 0.5],
            "q": [0.01, 0.02, 0.03, 0.6],
        },
        index=list("abcd"),
    )
    other = pd.DataFrame(
        {
            "log2_fold_change": [2.0, -2, -4, 1.0],
            "p": [0.001, 0.3, np.nan, 0.001],
            "q": [0.01, 0.4, np.nan, 0.01],
        },
        index=list("abcd"),
    )
    seen = differential.concordance(main, other, 0.05, 3)
    assert (seen["found"], seen["found_in_main"]) == (2, 1)
    assert seen["jaccard"] == pytest.approx(1 / 4)  # a of a, b, c, d
    assert seen["lfc_correlation"] == pytest.approx(1)  # over a, b, d
    assert seen["top_same_direction"] == 1


def test_shrunken_effects_are_smaller_and_keep_the_sign():
    made = run(simulated(early=8, poor=8))[0].dropna(subset=["shrunken_log2_fold_change"])
    assert len(made) > 380
    quiet = made[made["q"] > 0.5]
    assert (quiet["shrunken_log2_fold_change"].abs() <= quiet["log2_fold_change"].abs() + 1e-3).mean() > 0.99
    strong = made[made["q"] < 0.001]
    assert (np.sign(strong["shrunken_log2_fold_change"]) == np.sign(strong["log2_fold_change"])).all()
    assert (strong["shrunken_log2_fold_change"] / strong["log2_fold_change"]).median() > 0.9


def test_replaced_outlier_is_named():
    """Seven and more replicates: DESeq2 replaces the count of an outlier and tests the gene."""
    parts = list(simulated(early=8, poor=8))
    counts = parts[0].copy()
    counts.loc["g391", "S2"] = 90_000
    parts[0] = counts
    row = run(parts)[0].set_index("gene_id").loc["g391"]
    assert row["outliers"] == "S2" and row["reason"] == "" and row["p"] > 0.01


def test_base_mean_is_of_normalised_counts():
    parts = simulated(genes=60, changed=0)
    made = run(parts)[0].set_index("gene_id")
    factors = expression.size_factors(parts[0])
    hand = sum(parts[0].loc["g007", s] / factors[s] for s in parts[0].columns) / 10
    assert made.loc["g007", "base_mean"] == pytest.approx(hand)
