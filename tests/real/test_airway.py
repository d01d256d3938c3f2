"""airway (8 samples, paired) against R's DESeq2 1.38.3, `~ cell + dex`."""

import numpy as np
import pandas as pd
import pytest

from myeloma import design, differential


@pytest.mark.data
def test_airway_equals_deseq2(real_data):
    folder = real_data("airway_counts")
    counts = pd.read_csv(folder / "airway_rawcounts.csv.gz", index_col=0)
    sheet = pd.read_csv(folder / "airway_metadata.csv", index_col=0)
    truth = pd.read_csv(folder / "DESeq2_1.38.3_cell_plus_dex_reference.csv.gz", index_col=0)
    asked = design.build(sheet["dex"], sheet[["celltype"]], "treated", "control")
    made = differential.wald(counts, asked, shrink=False)
    both = made.index[made["log2_fold_change"].notna() & truth["log2FoldChange"].reindex(made.index).notna()]
    assert len(both) > 20_000
    change = np.corrcoef(made.loc[both, "log2_fold_change"], truth.loc[both, "log2FoldChange"])[0, 1]
    assert change > 0.999
    ours, theirs = set(made.index[made["q"] < 0.05]), set(truth.index[truth["padj"] < 0.05])
    assert len(theirs) == 3994
    assert len(ours & theirs) / len(ours | theirs) >= 0.91
    best = set(made["p"].nsmallest(100).index), set(truth["pvalue"].nsmallest(100).index)
    assert len(best[0] & best[1]) >= 88
    assert ((made["reason"] != "") == made["q"].isna()).all()
