"""Families of tests: which p is corrected with which others, and what is only described.

A p in a table of the comparison either belongs to a named family and has its q, or its row says that it is described.
"""

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

DESCRIBED = "described"


def with_q(frame: pd.DataFrame, p: str) -> pd.DataFrame:
    """The frame with `q`: Benjamini-Hochberg within each family of column `family`, over rows that have a p; empty
    where the family is "described" (J R Stat Soc B 1995;57:289)."""
    q = pd.Series(np.nan, index=frame.index, dtype="float64")
    tested = frame[(frame["family"] != DESCRIBED) & frame[p].notna()]
    for _, rows in tested.groupby("family"):
        q[rows.index] = false_discovery_control(rows[p].to_numpy(float), method="bh")
    return frame.assign(q=q)
