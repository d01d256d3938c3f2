"""The design of the comparison of expression: what it adjusts for, whom it leaves out, what it refuses."""

import numpy as np
import pandas as pd
import pytest

from myeloma import design
from myeloma.design import DesignError

SAMPLES = [f"S{i}" for i in range(8)]
GROUP = pd.Series(["early"] * 4 + ["poor"] * 4, index=SAMPLES)


def frame(**columns):
    return pd.DataFrame(columns, index=SAMPLES)


def build(most=np.inf, **columns):
    return design.build(GROUP, frame(**columns), "early", "poor", most)


def test_matrix_by_hand():
    made = build(age=[50.0, 60, 50, 60, 50, 60, 50, 60], batch=["b", "a", "b", "a", "a", "b", "a", "b"])
    assert list(made.matrix.columns) == ["intercept", "age", "batch=b", "group"]
    # mean 55, standard deviation (of n) 5
    assert made.matrix["age"].tolist() == pytest.approx([-1, 1] * 4)
    assert made.matrix["batch=b"].tolist() == [1, 0, 1, 0, 0, 1, 0, 1]
    assert made.matrix["group"].tolist() == [1] * 4 + [0] * 4
    assert made.left_out == () and made.notes == ()


def test_numbered_batches_are_categories_and_age_is_a_number():
    samples = pd.DataFrame({"patient": [f"p{i}" for i in range(8)], "batch": list("12312312")}, index=SAMPLES)
    patients = pd.DataFrame({"age": range(50, 58), "iss": [1, 2, 3, 1, 2, 3, 1, None]})
    patients.index = samples["patient"].to_list()
    found, why = design.values(
        samples, patients, pd.Series(dtype=float), pd.DataFrame(), ["batch", "age", "iss"]
    )
    assert found["batch"].tolist() == list("12312312")
    assert found["age"].tolist() == list(range(50, 58))
    assert found["iss"].tolist()[:7] == list("1231231")
    assert why == {"S7": "iss is empty"}


def test_sample_alone_in_its_level_is_left_out_with_the_reason():
    made = build(batch=["a", "a", "b", "b", "a", "a", "b", "c"])
    assert made.left_out == (("S7", "the only sample with batch c"),)
    assert len(made.matrix) == 7 and "batch=c" not in made.matrix


def test_leaving_one_out_may_leave_another_alone():
    made = build(batch=list("aabbaabc"), kit=["x", "z", "x", "z", "x", "y", "z", "y"])
    assert made.left_out == (("S7", "the only sample with batch c"), ("S5", "the only sample with kit y"))
    with pytest.raises(DesignError, match="kit has one value in all samples of the design"):
        build(batch=list("aabbaabc"), kit=["x", "x", "x", "x", "x", "y", "x", "y"])


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"batch": list("aaaabbbb")}, "covariate batch and the response groups cannot be told apart"),
        ({"batch": list("aabbaabb"), "centre": list("xxyyxxyy")}, "covariates batch, centre are collinear"),
        (
            {"age": [1.0, 2, 3, 4, 4, 3, 2, 1], "rin": [2.0, 4, 6, 8, 8, 6, 4, 2]},
            "covariates age, rin are collinear",
        ),
        ({"batch": list("aaaaaaaa")}, "batch has one value"),
        ({"kit": list("aabbccdd"), "batch": list("abcdabcd")}, "8 samples cannot carry a design of 8"),
    ],
)
def test_refused_by_name_with_what_to_change(columns, says):
    with pytest.raises(DesignError, match=f"{says}.*expression.covariates"):
        build(**columns)


def test_two_covariates_that_together_tell_the_group():
    one = np.array([0.0, 3, 1, 2, 5, 4, 1, 0])
    with pytest.raises(DesignError, match="age, rin together tell the response groups"):
        build(age=one, rin=one + (GROUP == "early").to_numpy() * 2)


def test_inflation_of_the_groups_effect_is_limited():
    """Correlation r of one covariate with the group: 1 / (1 - r^2)."""
    age = np.array([60.0, 61, 62, 63, 50, 51, 52, 53])
    r = np.corrcoef(age, (GROUP == "early").astype(float))[0, 1]
    assert 1 / (1 - r**2) == pytest.approx(21, abs=1)
    with pytest.raises(DesignError, match="inflated 2[01] fold.*most by age"):
        build(10, age=age)
    assert build(25, age=age).notes == (
        "age separates the groups: every value of one lies above all of the other",
    )


def test_level_of_one_group_is_told():
    made = build(batch=["a", "a", "b", "b", "b", "b", "b", "b"])
    assert made.notes == ("the 2 samples with batch a are all of one group and say nothing of it",)


def test_scores_need_their_columns(tmp_path):
    path = tmp_path / "rna_purity.tsv"
    path.write_text("sample\tplasma_cell_score\tother\nS1\t0.9\tx\nS2\t\ty\n")
    scores = design.read_scores(path)
    assert scores["S1"] == 0.9 and np.isnan(scores["S2"])
    path.write_text("sample\tscore\nS1\t0.9\n")
    with pytest.raises(DesignError, match="rna_purity.tsv has no column plasma_cell_score"):
        design.read_scores(path)
    assert design.read_scores("").empty


def test_nobody_left_in_a_group():
    with pytest.raises(DesignError, match="no sample of early is left.*S0: age is empty"):
        build(age=[None, None, None, None, 50.0, 51, 52, 53])
