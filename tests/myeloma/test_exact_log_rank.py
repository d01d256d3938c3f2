"""The exact log-rank p against every arrangement, by hand, and where the chi-square p is the one given."""

import itertools
import math

import numpy as np
import pytest

from myeloma import exact_log_rank, survival


def test_two_against_two_by_hand():
    """Scores 3/4, 5/12, -1/12, -13/12. Of the six pairs {1, 2} is the highest, {1, 3} the second, {1, 4} the fourth."""
    made = exact_log_rank.scores(np.array([1.0, 2, 3, 4]), np.ones(4))
    assert made == pytest.approx([3 / 4, 5 / 12, -1 / 12, -13 / 12])
    assert exact_log_rank.p_value([1, 2, 3, 4], [1] * 4, [True, True, False, False]) == pytest.approx(2 / 6)
    assert exact_log_rank.p_value([1, 2, 3, 4], [1] * 4, [True, False, True, False]) == pytest.approx(4 / 6)
    assert exact_log_rank.p_value([1, 2, 3, 4], [1] * 4, [True, False, False, True]) == 1


def central(every, seen):
    return min(1, 2 * min(np.mean(every <= seen + 1e-9), np.mean(every >= seen - 1e-9)))


def drawn(seed, n, carriers):
    rng = np.random.default_rng(seed)
    time, event = np.ceil(rng.exponential(9, n)), (rng.random(n) < 0.7).astype(int)
    event[0] = 1
    return time, event, rng.permutation(n) < carriers


@pytest.mark.parametrize(
    "seed, n, carriers", [(1, 9, 2), (2, 11, 4), (3, 12, 9), (4, 12, 6), (5, 13, 1), (6, 14, 7)]
)
def test_every_arrangement(seed, n, carriers):
    """All subsets of the same size, observed minus expected events of each from the risk sets."""
    time, event, side = drawn(seed, n, carriers)

    def observed_minus_expected(chosen):
        inside = np.isin(np.arange(n), chosen)
        total = 0.0
        for t in set(time[event == 1]):
            dying = (time == t) & (event == 1)
            total += dying[inside].sum() - dying.sum() * (time[inside] >= t).sum() / (time >= t).sum()
        return total

    seen = observed_minus_expected(np.flatnonzero(side))
    every = np.array([observed_minus_expected(c) for c in itertools.combinations(range(n), carriers)])
    expected = central(every, seen)
    assert exact_log_rank.p_value(time, event, side) == pytest.approx(expected, rel=1e-12)
    assert exact_log_rank.p_value(time, event, ~side) == pytest.approx(expected, rel=1e-12)


def test_strata_are_permuted_within():
    """Two strata of 6 with 2 and 4 on the side: 15 x 15 arrangements."""
    time, event, _ = drawn(8, 12, 6)
    stratum = np.repeat([0, 1], 6)
    side = np.array([True] * 2 + [False] * 4 + [False] * 2 + [True] * 4)
    raw = np.concatenate([exact_log_rank.scores(time[stratum == s], event[stratum == s]) for s in (0, 1)])
    seen = raw[side].sum()
    every = [
        raw[list(a)].sum() + raw[list(b)].sum()
        for a in itertools.combinations(range(6), 2)
        for b in itertools.combinations(range(6, 12), 4)
    ]
    expected = central(np.array(every), seen)
    assert exact_log_rank.p_value(time, event, side, stratum) == pytest.approx(expected, rel=1e-12)


def test_single_arrangements_and_their_ties_are_counted_as_they_are():
    """400 trials of 12 against every arrangement; scores rounded to a grid are off by up to 0.06 here."""
    for seed in range(400):
        time, event, side = drawn(seed, 12, 3 + seed % 4)
        raw = exact_log_rank.scores(time, event)
        every = np.array([raw[list(c)].sum() for c in itertools.combinations(range(12), int(side.sum()))])
        made = exact_log_rank.p_value(time, event, side)
        assert made == pytest.approx(central(every, raw[side].sum()), rel=1e-12), seed


def test_above_the_limit_the_grid_is_near(monkeypatch):
    trials = [drawn(seed, 16, 8) for seed in range(20)]
    exact = [exact_log_rank.p_value(*one) for one in trials]
    monkeypatch.setattr(exact_log_rank, "ARRANGEMENTS", 0)
    assert [exact_log_rank.p_value(*one) for one in trials] == pytest.approx(exact, abs=0.03)
    values = np.array([0.0, 1, 1, 5])
    assert sorted(exact_log_rank.every_sum(values, 2)) == [1, 1, 2, 5, 6, 6]
    assert exact_log_rank.every_sum(values, 0).tolist() == [0]
    assert exact_log_rank.every_sum(values, 4).tolist() == [7]


def test_subsets_are_all_counted():
    values = np.array([0, 3, 3, 5, 9, 20])
    for size in range(7):
        expected = np.bincount([sum(c) for c in itertools.combinations(values, size)])
        made = exact_log_rank.subset_sums(values, size, 40)
        assert made[: len(expected)].tolist() == expected.tolist() and made.sum() == math.comb(6, size)
        other = exact_log_rank.sums_of_side(values, size, 40)
        assert other[: len(expected)].tolist() == expected.tolist() and other.sum() == math.comb(6, size)
        for most in (0, 8, 12):
            for count in (exact_log_rank.subset_sums, exact_log_rank.sums_of_side):
                capped = count(values, size, most)
                assert capped.tolist() == made[: len(capped)].tolist()
                assert len(capped) == min(most + 1, len(made)) or not made[len(capped) : most + 1].any()


def test_the_log_rank_test_gives_the_exact_p_in_small_groups_only():
    """Two of twelve carriers that progress first: twice 1 of 66 arrangements; the chi-square says 0.0002."""
    time, event, side = np.arange(1.0, 13), np.ones(12, int), np.arange(12) < 2
    chi, _, p = survival.log_rank(time, event, side)
    assert chi > 13 and p == pytest.approx(2 / 66)
    assert survival.hazard_ratio(time, event, side).log_rank_p == p
    many = np.tile(np.arange(1.0, 103), 1)
    chi, _, p = survival.log_rank(many, np.ones(102, int), np.arange(102) % 2 == 0)  # 51 against 51
    assert p == pytest.approx(math.erfc(math.sqrt(chi / 2)))
    three = survival.log_rank(time, event, np.arange(12) % 3)
    assert three[1] == 2 and three[2] == pytest.approx(math.exp(-three[0] / 2))


def test_a_larger_group_agrees_with_the_chi_square():
    time, event, side = drawn(11, 98, 49)
    chi, _, p = survival.log_rank(time, event, side)
    assert p == pytest.approx(math.erfc(math.sqrt(chi / 2)), abs=0.02)
