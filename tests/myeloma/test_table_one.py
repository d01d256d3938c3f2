"""Table 1: standardised differences by hand, medians, who is missing."""

import math

import pandas as pd
import pytest
from tests import fabricate

from myeloma import table_one


def test_standardised_differences_by_hand():
    """65 and 71.25 with variances 166.67 and 222.92: 6.25 / sqrt(194.79). 2 of 4 and 3 of 4: 0.25 / sqrt(0.21875)."""
    numbers = pd.Series([50, 60, 70, 80.0]), pd.Series([55, 65, 75, 90.0])
    assert table_one.standardised(*numbers, True)[0] == pytest.approx(-6.25 / math.sqrt(194.7916667))
    sexes = pd.Series(list("mfmf")), pd.Series(list("mmmf"))
    assert table_one.standardised(*sexes, False)[0] == pytest.approx(0.25 / math.sqrt(0.21875))
    # Yang and Dalton, three levels, the 2 x 2 system solved by hand: 0.046875 / 0.0217013 = 2.16
    stages = pd.Series(list("1231")), pd.Series(list("223"))
    assert table_one.standardised(*stages, False)[0] == pytest.approx(math.sqrt(2.16), rel=1e-4)


@pytest.mark.parametrize(
    "one, other, numeric, expected",
    [
        ([1.0], [2.0, 3.0], True, "fewer than two"),
        ([2.0, 2.0], [2.0, 2.0], True, 0.0),
        ([2.0, 2.0], [3.0, 3.0], True, "one value only"),
        (["1", "2", "1"], ["3", "4", "4"], False, "no level in common"),
    ],
)
def test_what_has_no_standardised_difference_says_why(one, other, numeric, expected):
    value, note = table_one.standardised(pd.Series(one), pd.Series(other), numeric)
    if isinstance(expected, str):
        assert math.isnan(value) and expected in note
    else:
        assert value == expected and note == ""


@pytest.fixture
def made():
    """Two early (60, 70; m, f), two poor (64, age unknown; m, m), one neither; only the first two have DNA."""
    rows = [(f"P{i}", "itt", "yes") for i in range(5)]
    rows += [("P0", "early", "yes"), ("P1", "early", "yes"), ("P2", "poor", "yes"), ("P3", "poor", "yes")]
    rows += [(f"P{i}", "dna", "yes" if i < 2 else "no") for i in range(5)]
    flow = pd.DataFrame(rows, columns=["patient", "analysis", "included"])
    patients = [
        {"patient": f"P{i}", "age": age, "sex": sex}
        for i, (age, sex) in enumerate([("60", "m"), ("70", "f"), ("64", "m"), ("", "m"), ("50", "f")])
    ]
    return table_one.build(flow, patients, ["age", "sex"]).set_index(["comparison", "variable", "level"])


def test_medians_counts_and_missing(made):
    age = made.loc[("group", "age", "")]
    assert (age["first_median"], age["first_known"], age["second_known"], age["second_missing"]) == (
        65,
        2,
        1,
        1,
    )
    assert age["note"].startswith("fewer than two")
    men = made.loc[("group", "sex", "m")]
    assert (men["first_count"], men["first_known"], men["second_count"], men["second_known"]) == (1, 2, 2, 2)
    assert (made.loc[("dna", "sex", "f"), "first_count"], made.loc[("dna", "sex", "f"), "second_count"]) == (
        1,
        1,
    )
    # nobody has RNA: everybody is on the other side
    assert made.loc[("rna", "age", ""), "second_known"] == 4


def test_odd_cohorts():
    for cohort in (fabricate.cohort(0), fabricate.cohort(1), fabricate.cohort(4, clinical=False)):
        assert set(cohort.frames["table1"]["comparison"]) == {"group", "dna", "rna"}


def test_a_number_of_few_values_stays_a_number_in_a_large_cohort():
    """Stages 1 to 3 of 700 patients: means 2 and 1.5, pooled variance (2/3 + 1/4) / 2 (of large samples)."""
    one, other = pd.Series([1, 2, 3] * 120), pd.Series([1, 2] * 170)
    found, why = table_one.standardised(one, other, numeric=True)
    variances = one.var(), other.var()
    assert why == "" and abs(found) == pytest.approx(0.5 / (sum(variances) / 2) ** 0.5, abs=6e-4)
