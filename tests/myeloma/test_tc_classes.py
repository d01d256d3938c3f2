"""TC classes: rules by table, cyclins relative to the cohort, nothing forced."""

import numpy as np
import pandas as pd
import pytest

from myeloma import tables, tc_classes
from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT

RULES = {
    "outlier_min_samples": 6,
    "outlier_min_log2_separation": 2.0,
    "outlier_posterior": 0.90,
    "outlier_small_samples": 10,
    "outlier_small_posterior": 0.95,
    "outlier_min_count": 30,
    "silent_cpm": 1.0,
    "exclude_from_size_factors": ["IG_"],
}
NAMES = list(tc_classes.CLASS_OF)
H, L, U = tc_classes.HIGH, tc_classes.LOW, tc_classes.UNKNOWN


def states(**more):
    return dict.fromkeys(NAMES, ABSENT) | more


@pytest.mark.parametrize(
    ("calls", "ccnd1", "ccnd2", "rna", "made", "state"),
    [
        ({"t(4;14)": PRESENT}, L, H, "", "4p16", "called"),
        ({"t(4;14)": PRESENT}, U, U, "no RNA", "4p16", "called"),  # DNA alone decides a translocation
        ({"t(14;16)": PRESENT}, L, H, "", "MAF", "called"),
        ({"t(14;20)": PRESENT}, L, H, "", "MAF", "called"),
        ({"t(8;14)_MAFA": PRESENT}, L, H, "", "MAF", "called"),
        ({"t(14;16)": PRESENT, "t(14;20)": PRESENT}, L, H, "", "MAF", "called"),
        ({"t(6;14)": PRESENT}, L, L, "", "6p21", "called"),
        ({"t(11;14)": PRESENT}, H, L, "", "11q13", "called"),
        ({"t(12;14)": PRESENT}, L, H, "", "12p13", "called"),
        ({"t(4;14)": PRESENT, "t(11;14)": PRESENT}, H, H, "", "4p16 or 11q13", "ambiguous"),
        ({}, H, L, "", "D1", "called"),
        ({}, H, H, "", "D1+D2", "called"),
        ({}, L, H, "", "D2", "called"),
        ({}, L, L, "", "none", "called"),
        ({}, U, L, "", "D1 or none", "ambiguous"),
        ({}, H, U, "", "D1 or D1+D2", "ambiguous"),
        ({}, U, U, "", "", "not_assessable"),
        ({}, U, U, "gate failed: reads", "", "not_assessable"),
        ({"t(11;14)": NOT_ASSESSABLE}, H, L, "", "11q13 or D1", "ambiguous"),
        (
            {"t(11;14)": NOT_ASSESSABLE},
            L,
            L,
            "",
            "none",
            "called",
        ),  # a silent cyclin rules its translocation out
        ({"t(12;14)": NOT_ASSESSABLE}, L, H, "", "12p13 or D2", "ambiguous"),
        ({"t(4;14)": NOT_ASSESSABLE}, L, H, "", "4p16 or D2", "ambiguous"),
    ],
)
def test_classes(calls, ccnd1, ccnd2, rna, made, state):
    found = tc_classes.classify(states(**calls), {"CCND1": ccnd1, "CCND2": ccnd2}, rna)
    assert found[:2] == (made, state)
    assert bool(found[2]) == (state != "called")


def test_no_translocation_call_at_all_is_open():
    made, state, reason = tc_classes.classify({}, {"CCND1": L, "CCND2": H})
    assert state == "ambiguous" and "D2" in made and "4p16" in made and "11q13" not in made
    assert "could not be assessed" in reason


# Cyclins in a cohort


def cohort(ccnd1, ccnd2, calls=(), qc=()):
    """Patients P00.. with the given counts of CCND1 and CCND2, 100 other genes alike, all translocations absent."""
    n = len(ccnd1)
    names = [f"P{i:02d}-R" for i in range(n)]
    rng = np.random.default_rng(1)
    counts = pd.DataFrame(rng.poisson(10_000, (100, n)), index=[f"X{i}" for i in range(100)], columns=names)
    counts.loc["G1"], counts.loc["G2"], counts.loc["G3"] = ccnd1, ccnd2, 100
    symbols = pd.Series([*counts.index[:100], "CCND1", "CCND2", "CCND3"], index=counts.index)
    rows = [
        {"patient": f"P{i:02d}", "sample": s, "assay": "rna", "tissue": "tumour", "role": "analysis"}
        for i, s in enumerate(names)
    ]
    samples = pd.DataFrame(rows, columns=["patient", "sample", "assay", "tissue", "role"])
    called = [
        {"patient": f"P{i:02d}", "translocation": t, "state": PRESENT if (i, t) in calls else ABSENT}
        for i in range(n)
        for t in NAMES
    ]
    where = pd.DataFrame(columns=["gene_id", "gene_name", "chrom", "start", "end", "strand", "biotype"])
    region = pd.DataFrame(columns=["name", "kind", "chrom", "start", "end", "genes", "source"])
    made = tc_classes.classify_cohort(
        [*(f"P{i:02d}" for i in range(n)), "P99"],
        counts,
        symbols,
        where,
        region,
        samples,
        pd.DataFrame(list(qc), columns=tables.QC.names()),
        pd.DataFrame(called, columns=["patient", "translocation", "state"]),
        RULES,
    )
    return tables.conform(made, tables.TC_CLASSES).set_index("patient")


LOW_LEVEL = [40, 45, 50, 38, 55, 42]
HIGH_LEVEL = [2000, 2400, 1800, 2600, 2200, 1900]


def test_the_four_classes_without_a_translocation():
    ccnd1 = LOW_LEVEL + HIGH_LEVEL
    ccnd2 = LOW_LEVEL[:3] + HIGH_LEVEL[:3] + LOW_LEVEL[3:] + HIGH_LEVEL[3:]
    made = cohort(ccnd1, ccnd2)
    assert made["tc_class"].tolist()[:12] == ["none"] * 3 + ["D2"] * 3 + ["D1"] * 3 + ["D1+D2"] * 3
    assert set(made["state"][:12]) == {"called"}


def test_t_11_14_does_not_hide_the_level_of_d1():
    """Its CCND1 is far above; D1 stays high, and the samples without stay low."""
    ccnd1 = [40_000, 60_000, 50_000, 45_000, *LOW_LEVEL, 900, 1100, 1000, 950]
    made = cohort(ccnd1, [40, 45, 50, 44, *HIGH_LEVEL, 41, 39, 43, 47], [(i, "t(11;14)") for i in range(4)])
    assert made["tc_class"].tolist()[:14] == ["11q13"] * 4 + ["D2"] * 6 + ["D1"] * 4


@pytest.mark.parametrize(("n", "level"), [(9, U), (10, H)])
def test_a_small_cohort_needs_the_posterior_that_partners_need(monkeypatch, n, level):
    """Posterior 0.93: enough from ten samples on (0.90), not below (0.95)."""
    fit = tc_classes.partners.Mixture(np.full(n, 0.93), 5.0, 6.0, n // 2, 0.5)
    monkeypatch.setattr(tc_classes.partners, "fit_mixture", lambda *given: fit)
    names = [f"S{i}" for i in range(n)]
    counts, depth = pd.Series(2000, index=names), pd.Series(1.0, index=names)
    made = tc_classes.levels(counts, depth, depth * 1e6, names, RULES)
    assert {seen.level for seen in made.values()} == {level}


def test_one_level_only_is_neither_high_nor_low():
    made = cohort(LOW_LEVEL, LOW_LEVEL[::-1])
    assert set(made["state"]) == {"not_assessable"}
    assert "the cohort shows one level only" in made.loc["P00", "reason"]


def test_a_silent_gene_is_low_in_any_cohort():
    made = cohort([0] * 6, [0] * 6)
    assert set(made["tc_class"][:6]) == {"none"}
    made = cohort([0], [0])
    assert made.loc["P00", "tc_class"] == "none"


def test_a_small_cohort_says_so():
    made = cohort(LOW_LEVEL[:3], HIGH_LEVEL[:3])
    assert (
        made.loc["P00", "state"] == "not_assessable"
        and "3 samples to compare, 6 needed" in made.loc["P00", "reason"]
    )


def test_gates_and_missing_rna():
    gate = {"patient": "P00", "sample": "P00-R", "assay": "rna", "tissue": "tumour", "gate": "reads"}
    gate |= {"value": 5, "threshold": 9, "verdict": "fail", "reason": ""}
    made = cohort(LOW_LEVEL + HIGH_LEVEL, LOW_LEVEL + HIGH_LEVEL, [(0, "t(4;14)")], [gate])
    assert made.loc["P00", "tc_class"] == "4p16" and made.loc["P00", "ccnd1"] == U
    assert made.loc["P99", "state"] == "not_assessable" and "no RNA sample" in made.loc["P99", "reason"]
    made = cohort(LOW_LEVEL + HIGH_LEVEL, LOW_LEVEL + HIGH_LEVEL, qc=[gate])
    assert made.loc["P00", "state"] == "not_assessable" and "gate failed" in made.loc["P00", "reason"]


def test_a_cohort_without_rna():
    made = tc_classes.classify_cohort(
        ["P99"],
        pd.DataFrame(index=pd.Index([], name="gene_id")),
        pd.Series(dtype=str),
        pd.DataFrame(columns=["gene_id", "gene_name", "chrom", "start", "end", "strand", "biotype"]),
        pd.DataFrame(columns=["name", "kind", "chrom", "start", "end", "genes", "source"]),
        tables.empty(tables.SAMPLES),
        tables.empty(tables.QC),
        tables.empty(tables.TRANSLOCATIONS),
        RULES,
    )
    assert tables.conform(made, tables.TC_CLASSES)["state"].tolist() == ["not_assessable"]
