"""Figures, tables and cells as the templates take them: plain values, nothing computed here."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from myeloma.report import words


@dataclass(frozen=True)
class Figure:
    """One figure: its SVG, its caption in four parts, the table behind it."""

    name: str
    title: str
    svg: str
    caption: str
    table: "Table"


@dataclass(frozen=True)
class Table:
    """One table: columns (head, is it a number), rows of cells (text or number, optionally with a link)."""

    name: str
    caption: str
    columns: tuple[tuple[str, bool], ...]
    rows: tuple[tuple["Cell", ...], ...]
    empty: str = "Nothing to show: the table has no rows."


@dataclass(frozen=True)
class Cell:
    """Text of a cell, the value to sort by, the anchor it leads to, a class for its look, where its numbers stand."""

    text: str
    value: float | None = None
    link: str = ""
    look: str = ""
    said: str = ""  # the text in a download and a search, where the cell shows a sign only
    source: str = ""  # words.source; "" = not held against its table


def cell(value, link: str = "", look: str = "") -> Cell:
    """A cell from a value: numbers right-aligned and sortable, everything else as text."""
    if isinstance(value, Cell):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return Cell(value, None, link, "date")
    if isinstance(value, bool) or isinstance(value, str) or words.missing(value):
        return Cell("" if words.missing(value) else str(value), None, link, look)
    return Cell(words.number(value), float(value), link, look)


def table(
    name: str, caption: str, columns: Sequence[str], rows, numbers: Sequence[str] = (), **more
) -> Table:
    """A table; `numbers` names the columns to set right-aligned. Raises ValueError where a row has other cells than columns."""
    made = tuple(tuple(cell(v) for v in row) for row in rows)
    wrong = [row for row in made if len(row) != len(columns)]
    if wrong:
        raise ValueError(
            f"table {name} of the report: {len(wrong[0])} cells for {len(columns)} columns, first {wrong[0][0].text!r}"
        )
    return Table(name, caption, tuple((c, c in numbers) for c in columns), made, **more)


def frame_table(name: str, caption: str, frame: pd.DataFrame, **more) -> Table:
    """Every column of a frame as it is; the table behind a figure."""
    numeric = [c for c in frame.columns if pd.api.types.is_numeric_dtype(frame[c])]
    return table(name, caption, list(frame.columns), frame.itertuples(index=False), numbers=numeric, **more)


class Anchors:
    """Patient id -> place in the page: numbered, so that no id of a sheet enters an address."""

    def __init__(self, patients: Sequence[str]):
        self._number = {patient: i for i, patient in enumerate(patients, 1)}

    def number(self, patient: str) -> int:
        """1, 2, ... in the order of patients.tsv; 0 of a patient without a page."""
        return self._number.get(patient, 0)

    def of(self, patient: str) -> str:
        return f"patient-{self._number[patient]}" if patient in self._number else ""

    def cell(self, patient: str) -> Cell:
        return Cell(patient, None, self.of(patient), "id")
