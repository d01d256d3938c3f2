"""Families and the permutation check, by hand and by going through every permutation."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import hypergeom
from tests import fabricate

from myeloma import flow, multiplicity


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
