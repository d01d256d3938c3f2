"""Simulated counts (tests/deseq2/simulate.py) against R 4.2.2, DESeq2 1.38.3, `~ batch + age + condition`.

The stored tables are those of tests/deseq2/reference.R.
"""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from myeloma import design, differential

FOLDER = Path(__file__).parents[1] / "deseq2"
_SPEC = importlib.util.spec_from_file_location("simulate", FOLDER / "simulate.py")
simulate = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(simulate)


def ours_and_theirs(name, threads=1):
    """(rows of wald, R's rows, planted log2 fold change), both over the same genes; no pre-filter, as in R."""
    counts, sheet, planted = simulate.simulated(name)
    asked = design.build(sheet["condition"], sheet[["batch", "age"]], "R", "N")
    made = differential.wald(counts, asked, least_reads=0, shrink=False, threads=threads)
    theirs = pd.read_csv(FOLDER / f"{name}_deseq2.tsv.gz", sep="\t", index_col="gene")
    assert made.index.equals(theirs.index)
    return made, theirs, planted


def agreement(made, theirs):
    """(Jaccard of q < 0.05, correlation of log2 fold changes of genes above 10 reads, median difference)."""
    ours, other = set(made.index[made["q"] < 0.05]), set(theirs.index[theirs["q"] < 0.05])
    both = made.index[made["p"].notna() & theirs["p"].notna() & (made["base_mean"] > 10)]
    one, two = made.loc[both, "log2_fold_change"], theirs.loc[both, "log2_fold_change"]
    return len(ours & other) / len(ours | other), np.corrcoef(one, two)[0, 1], (one - two).abs().median()


def test_small_matrix_equals_deseq2():
    made, theirs, planted = ours_and_theirs("small")
    jaccard, correlation, difference = agreement(made, theirs)
    assert jaccard >= 0.99 and correlation > 0.999 and difference < 1e-4
    assert len(theirs) == 3000 and (theirs["q"] < 0.05).sum() == 143
    strong = planted.index[(planted == 0) | ((planted.abs() > 1.5) & (made["base_mean"] > 20))]
    assert roc_auc_score(planted[strong] != 0, -made.loc[strong, "p"].fillna(1)) >= 0.95


@pytest.mark.long
def test_large_matrix_equals_deseq2():
    made, theirs, planted = ours_and_theirs("large", threads=2)
    jaccard, correlation, difference = agreement(made, theirs)
    assert jaccard >= 0.99 and correlation > 0.999 and difference < 1e-4
    assert len(theirs) == 20_000 and (theirs["q"] < 0.05).sum() == 1516
