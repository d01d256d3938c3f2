"""The exact comparison: against R, against brute force, and where the numbers are at their limits."""

import itertools
import math
from fractions import Fraction

import pandas as pd
import pytest
from scipy.stats.contingency import odds_ratio as scipy_odds_ratio
from tests import fabricate

from myeloma import association, tables
from myeloma.states import ABSENT, EARLY, NOT_ASSESSABLE, POOR, PRESENT


# R 4.2 fisher.test, the two examples of its help page: odds ratio and interval, which R finds with a
# tolerance of 1e-4, of the upper limit on its inverse (scipy below is held to 1e-6); central p from the tails.
@pytest.mark.parametrize(
    "counts, ratio, low, high, p",
    [
        ((3, 4, 1, 4), 6.408309, 0.2117329, 621.9337505, 2 * 17 / 70),
        ((2, 17, 10, 13), 0.04693661, 0.003325764, 0.363182271, 2 * 0.0004651809),
    ],
)
def test_the_examples_of_r(counts, ratio, low, high, p):
    made = association.exact_test(*counts)
    assert made.odds_ratio == pytest.approx(ratio, rel=0.01, abs=2e-5)
    assert made.ci_low == pytest.approx(low, rel=0.01, abs=2e-5)
    assert made.ci_high == pytest.approx(high, rel=0.01, abs=2e-5)
    assert made.p == pytest.approx(p, rel=1e-6)


def exact_tails(a, n1, c, n2):
    """P(X <= a) and P(X >= a) in whole numbers."""
    m = a + c
    weights = {k: math.comb(n1, k) * math.comb(n2, m - k) for k in range(max(0, m - n2), min(m, n1) + 1)}
    total = sum(weights.values())
    at_most = Fraction(sum(w for k, w in weights.items() if k <= a), total)
    at_least = Fraction(sum(w for k, w in weights.items() if k >= a), total)
    return at_most, at_least


def test_every_small_table_against_whole_number_arithmetic():
    for n1, n2 in itertools.product(range(0, 6), repeat=2):
        for a, c in itertools.product(range(n1 + 1), range(n2 + 1)):
            made = association.exact_test(a, n1, c, n2)
            assert made.p == pytest.approx(float(min(1, 2 * min(exact_tails(a, n1, c, n2)))), abs=1e-12)
            assert made.smallest_p <= made.p + 1e-12


def test_p_and_interval_agree_on_every_table():
    """p < alpha exactly when the interval leaves out one: that is why the central p is used."""
    for n1, n2 in [(9, 11), (5, 5), (14, 6), (3, 12)]:
        for a, c in itertools.product(range(n1 + 1), range(n2 + 1)):
            made = association.exact_test(a, n1, c, n2)
            assert (made.p < 0.05) == (made.ci_low > 1 or made.ci_high < 1), (a, n1, c, n2)
            if math.isfinite(made.odds_ratio):
                assert made.ci_low <= made.odds_ratio <= made.ci_high


def test_against_scipy():
    for a, n1, c, n2 in [(1, 9, 6, 11), (4, 14, 1, 8), (30, 60, 12, 55), (0, 9, 4, 11), (9, 9, 4, 11)]:
        made = association.exact_test(a, n1, c, n2)
        other = scipy_odds_ratio([[a, n1 - a], [c, n2 - c]], kind="conditional")
        assert made.odds_ratio == pytest.approx(other.statistic, rel=1e-6)
        assert (made.ci_low, made.ci_high) == pytest.approx(other.confidence_interval(0.95), rel=1e-5)


def test_infinite_estimates_are_shown_as_such():
    assert association.exact_test(4, 14, 0, 8).odds_ratio == math.inf
    assert association.exact_test(4, 14, 0, 8).ci_high == math.inf
    assert association.exact_test(0, 14, 4, 8).odds_ratio == 0
    assert association.exact_test(0, 14, 4, 8).ci_low == 0


@pytest.mark.parametrize("counts", [(0, 9, 0, 11), (9, 9, 11, 11), (0, 0, 3, 11), (0, 0, 0, 0)])
def test_a_table_with_an_empty_margin_says_nothing(counts):
    made = association.exact_test(*counts)
    assert math.isnan(made.odds_ratio)
    assert (made.ci_low, made.ci_high, made.p, made.smallest_p) == (0, math.inf, 1, 1)
    assert math.isnan(made.detectable_low) and math.isnan(made.detectable_high)


def test_impossible_counts_are_refused():
    with pytest.raises(ValueError, match="5 carriers of 4"):
        association.exact_test(5, 4, 0, 3)


def test_detectable_odds_ratio_has_the_power_it_claims():
    """1 of 9 against 6 of 11: only X = 0 is rejected below one, so its probability must be 0.8 there."""
    made = association.exact_test(1, 9, 6, 11)
    weights = {k: math.comb(9, k) * math.comb(11, 7 - k) * made.detectable_low**k for k in range(8)}
    assert (
        2 * math.comb(11, 7) / math.comb(20, 7)
        < 0.05
        < 2 * (math.comb(11, 7) + 9 * math.comb(11, 6)) / math.comb(20, 7)
    )
    assert weights[0] / sum(weights.values()) == pytest.approx(0.8, abs=1e-9)
    high = {k: math.comb(9, k) * math.comb(11, 7 - k) * made.detectable_high**k for k in range(8)}
    assert sum(v for k, v in high.items() if k >= 6) / sum(high.values()) == pytest.approx(0.8, abs=1e-9)


# Clopper-Pearson, percent: 17/39 and 24/38 are the response rates of Voorhees, Blood Adv 2024;8:5039.
@pytest.mark.parametrize(
    "x, n, low, high",
    [
        (17, 39, 27.81, 60.38),
        (24, 38, 45.99, 78.19),
        (0, 20, 0, 16.84),
        (5, 26, 6.55, 39.35),
        (26, 26, 86.77, 100),
        (15, 31, 30.15, 66.94),
        (13, 26, 29.93, 70.07),
    ],
)
def test_clopper_pearson(x, n, low, high):
    made = association.clopper_pearson(x, n)
    assert (round(100 * made[0], 2), round(100 * made[1], 2)) == (low, high)


def test_a_proportion_of_nobody_is_unknown():
    assert association.clopper_pearson(0, 0) == (0.0, 1.0)


def cohort(states, groups, qualifying=None, rules=None):
    """compare() on {abnormality: {patient: state}} and {patient: group}."""
    rows = [
        {"patient": p, "sample": "", "abnormality": a, "kind": "copy_number", "state": s,
         "value": "", "threshold": "", "reason": "", "evidence": ""}
        for a, by in states.items() for p, s in by.items()
    ]  # fmt: skip
    frame = tables.conform(pd.DataFrame(rows, columns=tables.ABNORMALITIES.names()), tables.ABNORMALITIES)
    times = pd.DataFrame({"patient": list(groups), "months": 3.3, "event": 1})
    made = association.compare(
        frame,
        groups,
        qualifying or {},
        times,
        rules or fabricate.RULES | {"primary_family": list(states)},
        "A",
    )
    return made.set_index("abnormality")


def numbered(early, poor):
    return {f"E{i}": EARLY for i in range(early)} | {f"P{i}": POOR for i in range(poor)}


def test_not_assessable_leaves_the_denominator_and_is_counted():
    groups = numbered(6, 6)
    states = {p: ABSENT for p in groups} | {"E0": PRESENT, "E1": NOT_ASSESSABLE, "P0": PRESENT, "P1": PRESENT}
    del states["P5"]  # a patient without any row is not "absent" either
    row = cohort({"del17p": states}, groups).loc["del17p"]
    assert (row["early_present"], row["early_assessable"]) == (1, 5)
    assert (row["poor_present"], row["poor_assessable"]) == (2, 5)
    assert row["not_assessable"] == 2


def test_an_abnormality_that_cannot_reach_alpha_stays_outside_the_family():
    groups = numbered(6, 6)
    rare = {p: ABSENT for p in groups} | {"E0": PRESENT}
    common = {p: PRESENT if p[0] == "P" else ABSENT for p in groups}
    made = cohort({"rare": rare, "common": common}, groups)
    assert made.loc["rare", "family"] == "described" and made.loc["rare", "tested"] == "no"
    assert math.isnan(made.loc["rare", "q"])
    assert made.loc["rare", "p"] == pytest.approx(1)  # described, with its numbers
    assert "cannot fall below 0.05" in made.loc["rare", "note"]
    assert made.loc["common", "q"] == made.loc["common", "p"]  # the family has one member, not two
    assert made.loc["common", "p"] == pytest.approx(2 / math.comb(12, 6))


def test_q_is_benjamini_hochberg_within_each_family():
    frame = pd.DataFrame(
        {"family": ["primary"] * 3 + ["exploratory", "described"], "tested": ["yes"] * 4 + ["no"],
         "p": [0.01, 0.04, 0.03, 0.2, 0.001]}
    )  # fmt: skip
    q = association.false_discovery(frame)
    assert q[:4].tolist() == pytest.approx([0.03, 0.04, 0.04, 0.2])  # by hand: 3p/1, 3p/3, min(3p/2, .04)
    assert math.isnan(q[4])


def test_notes_name_small_groups_and_qualifying_lesions():
    groups = numbered(4, 8)
    states = {p: PRESENT if p in ("E0", "E1", "E2", "P0") else ABSENT for p in groups}
    made = cohort({"del17p": states, "biallelic_TP53": states, "KRAS": states}, groups, {"E0": "del(17p)"})
    assert "fewer than 5 assessable patients" in made.loc["KRAS", "note"]
    assert "enrolled for another lesion" in made.loc["del17p", "note"]
    assert "enrolled for another lesion" in made.loc["biallelic_TP53", "note"]
    assert "enrolled for another lesion" not in made.loc["KRAS", "note"]


def test_a_member_of_the_family_that_nobody_called_is_listed():
    groups = numbered(5, 5)
    rules = fabricate.RULES | {"primary_family": ["del17p", "never_called"]}
    made = cohort({"del17p": {p: ABSENT for p in groups}}, groups, rules=rules)
    assert made.loc["never_called", "family"] == "described"
    assert "not called by this run" in made.loc["never_called", "note"]


@pytest.mark.parametrize(
    "shape", [{"n": 0, "names": []}, {"n": 1}, {"clinical": False}, {"groups": (EARLY,)}]
)
def test_nothing_to_compare_is_written_and_said(shape):
    made = fabricate.cohort(**shape).frames["abnormalities_by_group"]
    assert (made["tested"] == "no").all()
    assert made["q"].isna().all()
    assert (made["note"] != "").all()


def test_rates_count_a_patient_without_response_row_as_non_responder():
    response = fabricate.cohort(n=10, seed=2).frames["response"]
    response["best_confirmed_induction"] = ["sCR", "CR", "VGPR", "PR", "MR", "SD", "PD", "NE", "NE", "NE"]
    made = association.response_rates(response, {"itt": [*response["patient"], "nowhere"]}, 0.95)
    made = made[made["period"] == "induction"].set_index("rate")
    assert made["responders"].to_dict() == {"ORR": 4, "VGPR": 3, "CR": 2, "CBR": 5}
    assert (made["patients"] == 11).all()
    assert made.loc["ORR", "fraction"] == pytest.approx(4 / 11)


def test_an_abnormality_nobody_could_be_assessed_for_has_no_p():
    made = association._tested(
        {"early_present": 0, "early_assessable": 0, "poor_present": 0, "poor_assessable": 4},
        "del17p",
        {"confidence": 0.95, "alpha": 0.05, "power": 0.8, "primary_family": ["del17p"]},
    )
    assert math.isnan(made["p"]) and math.isnan(made["odds_ratio"])
    assert (made["family"], made["tested"]) == ("described", "no")


@pytest.mark.parametrize(
    ("name", "noted"),
    [("del17p", True), ("biallelic_TP53", True), ("biallelic_del17p", True), ("del17p_high_fraction", True),
     ("monosomy17", True), ("monosomy13", False), ("TP53", False), ("biallelic_del13q", False)],
)  # fmt: skip
def test_stricter_readings_of_a_qualifying_lesion_say_so(name, noted):
    """They cannot occur in patients enrolled for the other lesion any more often than the lesion itself."""
    said = association.qualifying_note(name, {"P1": "del17p", "P2": "t(4;14)"}, ["P1", "P2"])
    assert bool(said) is noted
