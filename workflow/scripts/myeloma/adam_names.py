"""Which ADaM-like datasets a run makes, and their files: what the rules need to know, without the tables' libraries."""

from collections.abc import Iterable
from typing import Any

ALWAYS = ("adsl", "adrs", "adtte")
#: Datasets that need an optional sheet.
NEEDS = {"adae": "adverse_events", "adex": "dosing", "adpc": "concentrations"}


def datasets(settings: Any) -> list[str]:
    """Names of the datasets that the given sheets allow."""
    return [*ALWAYS, *(name for name, sheet in NEEDS.items() if settings.has_sheet(sheet))]


def paths(names: Iterable[str], folder: str) -> list[str]:
    """Every file that `adam_files.write_all` leaves in `folder`."""
    found = [f"{folder}/{name}.{ending}" for name in names for ending in ("parquet", "tsv", "xpt")]
    return [*found, f"{folder}/dictionary.tsv", f"{folder}/notes.txt"]
