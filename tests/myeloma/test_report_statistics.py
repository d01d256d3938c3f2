"""The statistician's tables: numbers equal their rows, words as the report writes them, odd cohorts."""

import math

import pytest
from tests import fabricate

from myeloma.report import statistics

CONFIG = {"comparison": fabricate.RULES}


@pytest.fixture(scope="module")
def made():
    return fabricate.cohort(24, seed=3).frames


@pytest.fixture(scope="module")
def chapter(made):
    return statistics.chapter(made, CONFIG)


def test_every_table_has_its_rows(made, chapter):
    for name, source in (
        ("response", "response_by_abnormality"), ("survival", "survival_by_abnormality"), ("sensitivity", "sensitivity"),
        ("interactions", "interactions"), ("pairs", "cooccurrence"), ("burden", "burden_by_group"),
    ):  # fmt: skip
        assert len(chapter[name].rows) == len(made[source]) > 0
    for table in chapter.values():
        if hasattr(table, "rows"):
            assert all(len(row) == len(table.columns) for row in table.rows)


def test_a_rate_reads_as_its_row(made, chapter):
    frame = made["response_by_abnormality"]
    row = frame[(frame["abnormality"] == "del17p") & (frame["measure"] == "ORR")].iloc[0]
    shown = next(
        r for r in chapter["response"].rows if r[0].text == "del(17p)" and r[1].text == "PR or better"
    )
    assert shown[2].text.startswith(f"{row['carrier_with']} of {row['carriers']} (")
    assert "95 % interval" in shown[2].text
    assert shown[4].value == row["difference"] and shown[6].value == row["p"]


def test_a_hazard_ratio_reads_as_its_row(made, chapter):
    frame = made["survival_by_abnormality"]
    row = frame[(frame["abnormality"] == "KRAS") & (frame["endpoint"] == "OS")].iloc[0]
    rows = chapter["survival"].rows
    assert (rows[0][0].text, rows[0][1].text) == ("TTP", "del(17p)")  # the primary endpoint and family lead
    shown = next(r for r in rows if r[0].text == "OS" and r[1].text == "KRAS mutation")
    assert shown[6].value == row["hazard_ratio"] and shown[8].value == row["log_rank_p"]
    assert shown[2].text == f"{row['carriers']} ({row['carrier_events']})"


@pytest.mark.parametrize(
    "p, n, shown", [(1 / 10001, 10000, "< 1/10000"), (2 / 10001, 10000, "< 0.001"), (0.034, 10000, "0.034")]
)
def test_permutation_p_is_never_zero(p, n, shown):
    assert statistics.permutation_p(p, n) == shown
    assert statistics.permutation_p(math.nan, n) == ""


def test_infinite_limits_are_shown_as_such(chapter):
    assert statistics._limit(math.inf) == "∞" and statistics._limit(-math.inf) == "-∞"
    assert not any("inf" in cell.text.split() for row in chapter["burden"].rows for cell in row)


@pytest.mark.parametrize(
    "shape", [{"n": 0, "names": []}, {"n": 1}, {"n": 4, "clinical": False}, {"n": 4, "dna": False}]
)
def test_odd_cohorts_have_a_chapter(shape):
    seen = fabricate.cohort(**shape).frames
    made = statistics.chapter(seen, CONFIG)
    assert {"table1", "survival", "effects"} <= made.keys()
    assert made["effects"].empty  # the sentence of a table without rows


def test_infinite_estimates_are_counted(made):
    frame = made["abnormalities_by_group"].head(4).assign(odds_ratio=[0.0, math.inf, 2.0, math.nan])
    told = statistics.infinite(frame)
    assert (
        told.startswith("Of 4 abnormalities 2 have an odds ratio of 0 or infinity") and "and 1 none" in told
    )


def test_many_pairs_are_cut_and_said(made):
    one = made["cooccurrence"].head(1)
    many = statistics.pairs(one.loc[one.index.repeat(301)].reset_index(drop=True))
    assert len(many.rows) == 300 and "300 of 301" in many.caption


def test_families_count_all_genes_and_not_those_of_the_table_of_effects(made, chapter):
    genes = made["expression_early_vs_poor"]
    shown = {row[0].text: [c.text for c in row[1:]] for row in chapter["families"].rows}
    assert (made["effect_sizes"]["source"] == "expression_early_vs_poor").sum() == 50
    assert genes["q"].notna().sum() > 500
    assert shown["genes"] == [str(genes["q"].notna().sum()), str((genes["q"] < 0.05).sum())]


def test_the_standardised_difference_says_its_direction(chapter):
    heads = [head for head, _ in chapter["table1"].columns]
    assert "Standardised difference (early responders minus poor responders)" in heads
