"""Table 1: patients at baseline by response group, and those with against those without DNA and RNA.

Sizes of differences only (standardised mean difference), no p: early and poor responders are no random sample of
anything, and a p in Table 1 says more about n than about balance (Austin, Stat Med 2009;28:3083).
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from myeloma import tables
from myeloma.flow import compared_groups, members
from myeloma.states import EARLY, POOR

#: Comparison -> words for its two sides.
COMPARISONS = {
    "group": ("early responders", "poor responders"),
    "dna": ("with usable tumour DNA", "without"),
    "rna": ("with usable tumour RNA", "without"),
}
NUMBERS = ("age", "prior_lines", "height_cm", "weight_kg")


def build(flow: pd.DataFrame, patients: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """TABLE1. patients: rows of patients.tsv as known at the data cut (`flow.detail_rows`), text; columns: which."""
    frame = pd.DataFrame(list(patients), columns=["patient", *columns]).set_index("patient").replace("", None)
    everybody = members(flow, "itt")
    groups = compared_groups(flow)
    sides = {"group": {p: groups[p] == EARLY for p in groups if groups[p] in (EARLY, POOR)}}
    for assay in ("dna", "rna"):
        sides[assay] = {p: p in set(members(flow, assay)) for p in everybody}
    rows = []
    for comparison, first in sides.items():
        chosen = frame.reindex(list(first))
        is_first = pd.Series(first, index=chosen.index, dtype=bool)
        for column in columns:
            about = {"comparison": comparison, "variable": column}
            about |= dict(zip(("first", "second"), COMPARISONS[comparison], strict=True))
            rows += [about | row for row in _variable(chosen[column], is_first, column in NUMBERS)]
    return tables.conform(pd.DataFrame(rows, columns=tables.TABLE1.names()), tables.TABLE1)


def _variable(values: pd.Series, first: pd.Series, numeric: bool) -> list[dict]:
    """One row of a number, or one of each level, with the standardised difference of the whole variable."""
    known = pd.to_numeric(values) if numeric else values.astype(object)
    one, other = known[first].dropna(), known[~first].dropna()
    shared = {
        "first_known": len(one),
        "second_known": len(other),
        "first_missing": int(first.sum()) - len(one),
        "second_missing": int((~first).sum()) - len(other),
    }
    shared |= dict(zip(("smd", "note"), standardised(one, other, numeric), strict=True))
    if numeric:
        return [shared | {"level": "", "kind": "number"} | _spread("first", one) | _spread("second", other)]
    levels = sorted(set(one) | set(other), key=str)
    return [
        shared
        | {"level": str(level), "kind": "category"}
        | {"first_count": int((one == level).sum()), "second_count": int((other == level).sum())}
        for level in levels
    ] or [shared | {"level": "", "kind": "category"}]


def _spread(side: str, values: pd.Series) -> dict:
    middle = values.quantile([0.5, 0.25, 0.75]).tolist() if len(values) else [math.nan] * 3
    return dict(zip((f"{side}_median", f"{side}_q1", f"{side}_q3"), middle, strict=True))


def standardised(one: pd.Series, other: pd.Series, numeric: bool) -> tuple[float, str]:
    """Standardised mean difference, first side minus second (absolute for categories), and why there is none.

    Pooled standard deviation; categories after Yang and Dalton (SAS Global Forum 2012;335), by the package tableone.
    Patients without a value are left out.
    """
    if len(one) < 2 or len(other) < 2:
        return math.nan, "fewer than two patients with a value on a side"
    if set(one) == set(other) and len(set(one)) == 1:
        return 0.0, ""
    if numeric and one.nunique() == 1 and other.nunique() == 1:
        return math.nan, "each side has one value only, and not the same"
    if not numeric and not set(one) & set(other):
        return math.nan, "the two sides have no level in common"
    from tableone import TableOne  # slow to load, and only here

    column = "measure"
    data = pd.DataFrame(
        {column: [*one, *other] if numeric else [*map(str, one), *map(str, other)],
         "side": ["first"] * len(one) + ["second"] * len(other)}
    )  # fmt: skip
    # said both ways: else few values among many patients (ISS of 700) count as categories too, and that is an error
    kind = {"continuous": [column] if numeric else [], "categorical": [] if numeric else [column]}
    made = TableOne(data, columns=[column], groupby="side", smd=True, pval=False, missing=False, **kind)
    found = float(made.smd_table.iloc[0, 0])
    # tableone subtracts the first side from the second; every other effect here is the first against the second
    return (-found if numeric else found), ""
