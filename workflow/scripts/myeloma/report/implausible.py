"""The report's list of clinical values that were accepted and used but are hardly possible."""

from collections.abc import Mapping
from typing import Any

from myeloma.report import sections, words


def section(seen: Mapping, anchors: sections.Anchors) -> dict[str, Any]:
    """A sentence, and a table where there is such a value (empty else)."""
    found = seen["implausible_values"]
    sentence = "No clinical value lies outside its plausible range (resources/plausible_values.tsv)."
    if len(found):
        noun = "value lies" if len(found) == 1 else "values lie"
        patients = words.count(found["patient"].nunique(), "patient")
        sentence = (
            f"{len(found)} clinical {noun} outside the plausible range ({patients}). They were used as they "
            "stand: a physician should confirm or correct them."
        )
    rows = [
        [anchors.cell(r.patient), r.date, r.sheet, r.name_, r.value, r.unit, f"{r.low:g} to {r.high:g}"]
        for r in found.rename(columns={"name": "name_"}).itertuples()
    ]
    columns = ["Patient", "Date", "Sheet", "What", "Value", "Unit", "Plausible"]
    caption = "Values to confirm, in the unit of the analysis."
    return {"sentence": sentence, "table": sections.table("implausible", caption, columns, rows, ["Value"])}
