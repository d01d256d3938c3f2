"""The expression chapter: sensitivity statement and gene sets, from fabricated frames."""

import pandas as pd
from tests import fabricate

from myeloma import tables
from myeloma.report import programmes


def chapter(**shape):
    return programmes.chapter(fabricate.cohort(n=14, seed=3, **shape).frames, 0.05)


def test_statement_says_what_was_found_again_and_what_was_not_done():
    told = chapter()["sensitivity_sentence"]
    assert "Without covariates: 38 of the 40 genes of the main test found again, 6 others beside them" in told
    assert "Without samples of low purity: not done (no sample has a plasma-cell score)." in told


def test_sets_are_counted_with_those_not_tested():
    made = chapter()
    # q = 3 p: 0.0012, 0.009 and 0.03 of nine
    assert made["gene_sets_sentence"].startswith("9 of 10 gene sets tested, 3 with q < 0.05.")
    rows = {row[0].text: row for row in made["gene_sets"].rows}
    assert len(rows) == 10
    assert rows["MM_SET_0"][5].text == "<1/2500" and rows["MM_SET_0"][5].value == 0.0004
    assert rows["SMALL"][12].text == "2 of 30 genes in the matrix; at least 5 are needed"
    assert "SET 0 (25)" in made["gene_sets_figure"].svg


def test_nothing_tested():
    made = chapter(rna=False)
    assert made["gene_sets_figure"] is None
    assert made["sensitivity_sentence"] == "Nothing was tested, so nothing was tested again."
    assert made["gene_sets_sentence"].startswith("No gene set of the 10 given could be tested: 2 of 30")


def test_no_sets_given():
    frames = {
        "gene_sets": tables.empty(tables.GENE_SETS),
        "expression_analyses": pd.DataFrame(columns=["analysis"]),
    }
    assert programmes.chapter(frames, 0.05)["gene_sets_sentence"].startswith("No gene sets were given")
