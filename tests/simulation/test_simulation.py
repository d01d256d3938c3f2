"""The committed table of simulated cohorts meets its goals and is what the product still gives."""

import math

import numpy as np
import pandas as pd
import pytest
from tests import fabricate
from tests.simulation import simulate

from myeloma import association, tables
from myeloma.states import ABSENT, EARLY, POOR, PRESENT

KEY = ["part", "n", "frequency", "effect", "quantity"]


@pytest.fixture(scope="module")
def committed():
    return simulate.read()


def test_every_cell_stands_with_ten_thousand_replicates(committed):
    have = {simulate.name_of(*key) for key in committed[KEY[:4]].itertuples(index=False)}
    assert {simulate.name_of(*cell.key()) for cell in simulate.cells()} == have
    assert (committed["replicates"] >= 10_000).all() and (committed["seed"] == simulate.SEED).all()
    assert not committed.duplicated(KEY).any()


def test_every_goal_is_met(committed):
    judged = committed[committed["goal"] != ""]
    for row in judged.itertuples(index=False):
        assert simulate.met(row.value, row.standard_error, row.goal) == row.met == "yes", row
    kinds = judged.groupby("part")["goal"].agg(set).to_dict()
    assert kinds == {
        "family": {"at_most_5"}, "hazard_ratio": {"93_to_98", "at_most_5"}, "landmark": {"at_most_5"},
        "odds_ratio": {"at_least_95", "at_most_5"}, "rate": {"at_least_95"},
    }  # fmt: skip


def test_infinite_and_missing_estimates_are_counted(committed):
    """Two expected carriers among 20: a good part of the exact estimates is 0 or infinite, and they count."""
    rare = committed[(committed["n"] == 20) & (committed["frequency"] == 0.1)].set_index(
        ["part", "effect", "quantity"]
    )
    assert rare.loc[("odds_ratio", "none", "estimate infinite or 0"), "value"] > 0.3
    # nobody carries it in 0.9 ** 20 = 12.2 % of such cohorts
    for part, quantity in (
        ("odds_ratio", "no carrier or only carriers: no estimate"),
        ("hazard_ratio", "no estimate, said so"),
    ):
        assert rare.loc[(part, "none", quantity), "value"] == pytest.approx(0.9**20, abs=0.012)


def test_responders_against_others_from_the_start_is_biased_and_the_landmark_is_not(committed):
    rows = committed[committed["part"] == "landmark"].set_index(["n", "quantity"])
    for n in (40, 80):
        assert rows.loc[(n, "naive: log-rank p < 0.05: type-I error"), "value"] > 0.10
        assert rows.loc[(n, "naive: hazard ratio of responders, median"), "value"] < 0.8
        assert rows.loc[(n, "landmark: hazard ratio of responders, median"), "value"] == pytest.approx(
            1, abs=0.1
        )


AGAIN = [
    simulate.Cell("odds_ratio", 20, 0.3, "none"),
    simulate.Cell("odds_ratio", 40, 0.1, "strong"),
    simulate.Cell("hazard_ratio", 20, 0.1, "none"),
    simulate.Cell("hazard_ratio", 40, 0.3, "none"),
    simulate.Cell("family", 20, math.nan, "strong"),
]


@pytest.mark.parametrize("cell", AGAIN, ids=lambda c: f"{c.part}-{c.n}-{c.frequency}-{c.effect}")
def test_another_seed_agrees(cell, committed):
    """200 replicates: shares within 4 standard errors (once in 16,000 by chance) of the committed ones."""
    again = simulate.run(cell, replicates=200, seed=7).set_index("quantity")
    names = [simulate.name_of(*key) for key in committed[KEY[:4]].itertuples(index=False)]
    rows = committed[[name == simulate.name_of(*cell.key()) for name in names]].set_index("quantity")
    shares = rows[rows["standard_error"].notna()]
    assert len(shares) >= 3
    for quantity, row in shares.iterrows():
        # the error of 200 replicates at the committed share; + 1 replicate for shares near 0 or 1
        error = row["standard_error"] * math.sqrt(row["replicates"] / 200)
        assert again.loc[quantity, "value"] == pytest.approx(row["value"], abs=4 * error + 1 / 200), quantity


def test_the_family_is_that_of_compare():
    """p, tested and q of a simulated trial are those of the whole comparison, made from its tables."""
    assert {*simulate.FAMILY, *simulate.INSIDE, "hyperdiploidy"} == set(fabricate.RULES["primary_family"])
    rng = np.random.default_rng(3)
    drawn = [simulate.draw_family(size, "strong", early, 1, rng) for size, early in ((24, True), (16, False))]
    groups = {f"E{i}": EARLY for i in range(24)} | {f"P{i}": POOR for i in range(16)}
    rows = []
    for name in drawn[0]:
        carriers = np.concatenate([drawn[0][name][0], drawn[1][name][0]])
        for patient, carries in zip(groups, carriers, strict=True):
            rows.append({"patient": patient, "abnormality": name, "kind": "copy_number", "state": PRESENT if carries else ABSENT})  # fmt: skip
    times = pd.DataFrame({"patient": list(groups), "days": 100.0, "months": 100 / 30.4375, "event": 1})
    made = association.compare(pd.DataFrame(rows), groups, {}, times, fabricate.RULES, "A").set_index(
        "abnormality"
    )
    frame = simulate.tested_family(drawn, (24, 16), "strong").set_index("abnormality")
    frame = frame.loc[made.index]
    assert made["p"].tolist() == pytest.approx(frame["p"].tolist())
    assert made["tested"].tolist() == frame["tested"].tolist()
    assert made["q"].tolist() == pytest.approx(association.false_discovery(frame).tolist(), nan_ok=True)
    assert tables.BY_GROUP.names()[0] == "abnormality"


def test_the_landmark_part_still_runs_through_the_whole_response_stage():
    """1,000 patients and 150 cohorts of 40: responders look better from the start, and are not from the landmark."""
    made = {name: value for name, value, *_ in simulate.landmarks(
        simulate.Cell("landmark", 40, math.nan, "none"), 150, np.random.default_rng(5), size=1000
    )}  # fmt: skip
    assert made["naive: hazard ratio of responders, median"] < 0.8
    # log hazard ratio of 1,000 patients has a standard error of about 0.09
    assert made["landmark: hazard ratio of responders, median"] == pytest.approx(1, abs=0.3)
    assert made["landmark: log-rank p < 0.05: type-I error"] < made["naive: log-rank p < 0.05: type-I error"]
    assert 0.7 < made["patients in the landmark analysis, mean share"] < 0.9
