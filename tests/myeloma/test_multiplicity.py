"""Families and the permutation check, by hand and by going through every permutation."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import hypergeom
from tests import fabricate

from myeloma import flow, multiplicity, tables


def central(x, early, carriers, n):
    """Twice the smaller hypergeometric tail, from scipy."""
    one = hypergeom(n, carriers, early)
    return min(1.0, 2 * min(one.cdf(x), one.sf(x - 1)))


def all_permutations(carrier, early):
    """Step-down minP over every relabelling, written out with scipy's tails."""
    n, k = len(early), int(early.sum())
    sums = carrier.sum(axis=0)

    def p_of(chosen):
        x = carrier[list(chosen)].sum(axis=0)
        return [central(a, k, c, n) for a, c in zip(x, sums, strict=True)]

    seen = p_of(np.flatnonzero(early))
    every = np.array([p_of(chosen) for chosen in itertools.combinations(range(n), k)])
    order = np.argsort(seen, kind="stable")
    made, last = np.empty(len(seen)), 0.0
    for place, j in enumerate(order):
        smallest = every[:, order[place:]].min(axis=1)
        last = max(last, (smallest <= seen[j] * (1 + 1e-9)).mean())
        made[j] = last
    return made


def test_step_down_is_what_all_relabellings_say():
    """70 relabellings of 4 + 4; 40,000 drawn ones agree to three standard errors."""
    early = np.array([1] * 4 + [0] * 4)
    carrier = np.array([[1, 1, 1, 1, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0, 0, 1], [1, 0, 1, 0, 1, 0, 1, 0]]).T
    expected = all_permutations(carrier, early)
    drawn = 40_000
    made = multiplicity.permutation_p(carrier, np.ones_like(carrier), early, drawn, seed=3)
    assert np.abs(made - expected).max() < 3 * math.sqrt(0.25 / drawn) + 1 / drawn
    # the strongest alone: 2 of 70 relabellings part the groups so; with the others at least as often
    assert expected[0] >= 2 / 70


def test_never_zero_and_the_same_for_the_same_seed():
    early = np.array([1] * 15 + [0] * 15)
    carrier = early[:, None]
    made = multiplicity.permutation_p(carrier, np.ones_like(carrier), early, 999, seed=1)
    assert made[0] == 1 / 1000
    assert (made == multiplicity.permutation_p(carrier, np.ones_like(carrier), early, 999, seed=1)).all()
    with pytest.raises(ValueError, match="at least one"):
        multiplicity.permutation_p(carrier, carrier, early, 0, seed=1)


def test_not_assessable_leaves_its_own_denominator():
    """A patient not assessable for the abnormality is permuted and counts in neither side of it."""
    early = np.array([1, 1, 1, 0, 0, 0, 1, 0])
    carrier = np.array([[1, 1, 1, 0, 0, 0, 0, 0]]).T
    assessable = np.array([[1, 1, 1, 1, 1, 1, 0, 0]]).T
    x, n = np.array([3]), np.array([3])
    assert multiplicity._looked_up(x, n, 3, 6)[0] == pytest.approx(central(3, 3, 3, 6)) == pytest.approx(0.1)
    made = multiplicity.permutation_p(carrier, assessable, early, 5000, seed=2)
    assert 0.05 < made[0] < 0.15


def test_only_the_tested_primary_rows_have_it():
    made = fabricate.cohort(30, seed=3).frames
    rows = made["abnormalities_by_group"]
    given = rows["perm_p"].notna()
    assert given.sum() > 3
    assert (given == ((rows["family"] == "primary") & (rows["tested"] == "yes"))).all()
    chosen = rows[given].sort_values("p")
    assert chosen["perm_p"].is_monotonic_increasing
    # family-wise is no smaller than the p of the one test, up to the noise of 200 permutations
    assert (chosen["perm_p"] > chosen["p"] - 0.12).all()
    off = multiplicity.add_permutation_p(
        rows, made["abnormalities"], flow.compared_groups(made["flow"]), fabricate.RULES | {"permutations": 0}
    )
    assert off["perm_p"].isna().all()


def test_family_wise_q_by_hand():
    """0.01, 0.02, 0.03, 0.5 of one family: q 0.04, 0.04, 0.04, 0.5; another family and the described keep apart."""
    frame = pd.DataFrame(
        {"family": ["a"] * 4 + ["b", multiplicity.DESCRIBED], "p": [0.01, 0.02, 0.03, 0.5, 0.04, 0.001]}
    )
    made = multiplicity.with_q(frame, "p")["q"]
    assert made.tolist()[:5] == pytest.approx([0.04, 0.04, 0.04, 0.5, 0.04])
    assert math.isnan(made.iloc[5])


def p_columns():
    """Every column of a contract that holds a p."""
    return {
        (table.name, column.name)
        for table in tables.ALL
        for column in table.columns
        if column.kind == "number" and (column.name == "p" or column.name.endswith("_p"))
        if column.name not in multiplicity.NO_TEST
    }


def test_every_p_of_every_table_has_a_family_or_is_described():
    assert p_columns() == set(multiplicity.P_COLUMNS)
    for where, how in multiplicity.P_COLUMNS.items():
        described = how.startswith(f"{multiplicity.DESCRIBED}: ")
        assert how in multiplicity.FAMILIES or described or how == multiplicity.IN_ROW, where
        if how == multiplicity.IN_ROW:
            contract = next(table for table in tables.ALL if table.name == where[0])
            assert "family" in contract.names(), where


def test_the_plan_lists_every_family(project):
    plan = (project / "docs/analysis-plan.md").read_text(encoding="utf-8")
    chapter = plan[plan.index("**Families.**") :]
    for family in multiplicity.FAMILIES:
        assert f"`{family}`" in chapter, family


def test_every_row_with_a_p_names_a_family_and_has_q_only_inside_of_one():
    made = fabricate.cohort(24, seed=3).frames
    for (name, p), how in multiplicity.P_COLUMNS.items():
        if how != multiplicity.IN_ROW:
            continue
        frame = made[name]
        known = {*multiplicity.FAMILIES, multiplicity.DESCRIBED}
        assert set(frame["family"]) <= known, name
        if "q" in frame:
            inside = (frame["family"] != multiplicity.DESCRIBED) & frame[p].notna()
            assert (frame["q"].notna() == inside).all(), name
            assert (frame["q"][inside] >= frame[p][inside] - 1e-12).all(), name


def test_effects_are_copied_and_none_is_lost():
    made = fabricate.cohort(24, seed=3).frames
    rows = made["effect_sizes"].set_index(["source", "item", "measure"])
    one = made["abnormalities_by_group"].set_index("abnormality").loc["del17p"]
    found = rows.loc[("abnormalities_by_group", "del17p", "odds ratio")]
    assert [found[n] for n in ("estimate", "low", "high", "p")] == [
        one[n] for n in ("odds_ratio", "ci_low", "ci_high", "p")
    ]
    assert (found["n_first"], found["second_with"]) == (one["early_assessable"], one["poor_present"])
    survived = made["survival_by_abnormality"]
    hazards = made["effect_sizes"].query(
        "source == 'survival_by_abnormality' and measure == 'hazard ratio, OS'"
    )
    assert len(hazards) == (survived["endpoint"] == "OS").sum()
    gene = made["expression_early_vs_poor"].dropna(subset=["p"]).sort_values("p").iloc[0]
    found = rows.loc[("expression_early_vs_poor", gene["gene_id"], "log2 fold change")]
    assert found["high"] - found["estimate"] == pytest.approx(1.959964 * gene["lfc_se"], rel=1e-6)
    assert (made["effect_sizes"]["source"] == "expression_early_vs_poor").sum() == 50
