"""The exact Wilcoxon test and its shift: R without ties, every relabelling with them, hand-made patients."""

import math

import numpy as np
import pandas as pd
import pytest
from tests import fabricate

from myeloma import multiplicity, shifts
from myeloma.states import EARLY, NOT_ASSESSABLE, POOR, PRESENT


@pytest.fixture(scope="module")
def by_r(project):
    path = project / "tests/myeloma/reference/wilcoxon.tsv"
    return pd.read_csv(path, sep="\t", comment="#", dtype=str, keep_default_na=False).to_dict("records")


def test_equals_r(by_r):
    assert sum(row["low"] == "NA" for row in by_r) == 12 and len(by_r) == 25
    for row in by_r:
        early, poor = ([float(v) for v in row[name].split(",")] for name in ("early", "poor"))
        made = shifts.exact_shift(early, poor)
        assert made.p == pytest.approx(float(row["p"]), rel=1e-9), row
        assert made.estimate == pytest.approx(float(row["estimate"]), abs=1e-12)
        if row["low"] != "NA":
            assert (made.ci_low, made.ci_high) == pytest.approx((float(row["low"]), float(row["high"])))
            # p and interval agree: p < 0.05 exactly when the interval leaves out 0
            assert (made.p < 0.05) == (made.ci_low > 0 or made.ci_high < 0)


def test_three_against_three_by_hand():
    """20 ways to choose 3 of 6: the smallest p is 2 / 20, and no interval of 95 % is finite."""
    made = shifts.exact_shift([4, 5, 6], [1, 2, 3])
    assert made.p == pytest.approx(0.1) and made.smallest_p == pytest.approx(0.1)
    assert (made.estimate, made.ci_low, made.ci_high) == (3, -math.inf, math.inf)


def test_all_the_same_says_nothing_and_an_empty_side_is_refused():
    made = shifts.exact_shift([2, 2, 2, 2], [2, 2, 2, 2])
    assert (made.p, made.smallest_p, made.estimate, made.ci_low, made.ci_high) == (1, 1, 0, 0, 0)
    with pytest.raises(ValueError, match="at least one patient"):
        shifts.exact_shift([], [1])


def test_large_groups_stay_exact():
    """150 against 150: mean and variance of the rank sum are n (N + 1) / 2 and n m (N + 1) / 12."""
    chance = shifts.rank_sums(np.arange(1, 301), 150)
    s = np.arange(len(chance))
    assert chance.sum() == pytest.approx(1) and (chance >= 0).all()
    mean = float(chance @ s)
    assert mean == pytest.approx(150 * 301 / 2)
    assert float(chance @ (s - mean) ** 2) == pytest.approx(150 * 150 * 301 / 12)


def test_the_approximation_of_large_groups_equals_r_and_is_near_the_exact_test():
    """R 4.2: wilcox.test(early, poor, exact = FALSE)$p.value on the whole numbers below."""
    early = [(7 * i) % 23 + i // 30 for i in range(120)]
    poor = [(5 * i) % 19 + 2 for i in range(90)]
    made, exact = shifts.large_shift(early, poor), shifts.exact_shift(early, poor)
    assert made.p == pytest.approx(0.09134053752450087, rel=1e-9)
    assert made.p == pytest.approx(exact.p, rel=0.01)
    assert (made.estimate, made.ci_low, made.ci_high) == (exact.estimate, exact.ci_low, exact.ci_high)
    same = shifts.large_shift([2] * 4, [2] * 4)
    assert (same.p, same.smallest_p) == (1, 1)


def test_a_row_of_a_large_cohort_says_that_it_is_approximate():
    groups = {f"P{i}": (EARLY, POOR)[i % 2] for i in range(40)}
    values = {patient: float(i) for i, patient in enumerate(groups)}
    rules = {"confidence": 0.95, "alpha": 0.05, "exact_wilcoxon_most": 39}
    assert "more than 39 patients" in shifts._row(values, groups, rules)["note"]
    assert shifts._row(values, groups, rules | {"exact_wilcoxon_most": 40})["note"] == ""


def test_who_has_no_normal_is_counted_and_never_zero():
    made = fabricate.cohort(24, seed=3).frames
    rows = made["burden_by_group"].set_index("measure")
    compared = made["flow"].query("included == 'yes' and analysis in ('early', 'poor')")["patient"]
    exomes = made["samples"].query("role == 'analysis' and assay == 'wes'")["sample"]
    own = made["burden"][made["burden"]["sample"].isin(exomes)]
    measured = set(own.loc[own["state"] == "measured", "patient"]) & set(compared)
    row = rows.loc["mutations per megabase"]
    assert row["early_assessable"] + row["poor_assessable"] == len(measured) < len(compared)
    assert row["not_assessable"] == len(compared) - len(measured)
    # every measured patient of the made-up table has the same burden: nothing can be found
    assert (
        row["shift"] == 0 and row["family"] == multiplicity.DESCRIBED and "cannot fall below" in row["note"]
    )


def test_genes_that_could_not_be_assessed_take_the_patient_out():
    made = fabricate.cohort(24, seed=3).frames
    calls = made["abnormalities"]
    genes = calls[calls["kind"] == "mutation"]
    one = genes[genes["state"] == PRESENT]["patient"].iloc[0]
    everybody = set(genes["patient"])
    found = shifts._drivers(calls, everybody, {"driver_genes_assessable": 1.0})
    changed = calls.assign(
        state=calls["state"].where(
            (calls["patient"] != one) | (calls["abnormality"] != "KRAS"), NOT_ASSESSABLE
        )
    )
    assert one not in shifts._drivers(changed, everybody, {"driver_genes_assessable": 1.0})
    own = genes[genes["patient"] == one]
    if one in found:
        assert found[one] == (own["state"] == PRESENT).sum()


def test_no_groups_and_no_exome():
    assert (
        fabricate.cohort(4, clinical=False)
        .frames["burden_by_group"]["note"]
        .str.contains("no assessable")
        .all()
    )
    made = fabricate.cohort(0).frames["burden_by_group"]
    assert (made["early_assessable"] == 0).all()
    assert set(made["measure"]) >= {"mutated driver genes", "mutations per megabase"}
