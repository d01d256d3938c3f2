"""Who is behind a number, and what can be looked for: data for the page, so that each count leads to its patients.

A set of patients is named once. A count of a table and the number of patients behind it must be equal: a report
whose numbers do not match their patients is not made.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from myeloma import flow as flow_of
from myeloma.association import LEVELS_OF_RATE, PERIODS
from myeloma.report import words
from myeloma.report.cells import Anchors, Cell
from myeloma.states import ABSENT, EARLY, NOT_ASSESSABLE, POOR, PRESENT

SIDES = {"early": EARLY, "poor": POOR}


class CountError(ValueError):
    """A count of a table is not the number of patients behind it; the message names both."""


class People:
    """Sets of patients behind the numbers of a page, in the order in which they were asked for."""

    def __init__(self, anchors: Anchors):
        self._anchors = anchors
        self._places: dict[tuple[str, tuple[int, ...]], str] = {}

    def place(self, said: str, patients: Iterable[str]) -> str:
        """Anchor of the list `said`; "" of nobody. Patients without a page are left out."""
        numbers = tuple(sorted({n for n in map(self._anchors.number, patients) if n}))
        if not numbers:
            return ""
        return self._places.setdefault((said, numbers), f"who-{len(self._places) + 1}")

    def cell(
        self, n: Any, said: str, patients: Iterable[str], text: str = "", value: float | None = None
    ) -> Cell:
        """The count `n` (shown as `text` where given) with its patients. Raises CountError where they differ."""
        who = set(patients)
        if words.missing(n):
            return Cell(text)
        if int(n) != len(who):
            raise CountError(
                f"{said}: the table says {int(n)}, there are {len(who)} patients: {', '.join(sorted(who)[:5])}. "
                "Tables of different runs stand side by side, or a table was edited; run the workflow again."
            )
        return Cell(text or str(int(n)), float(n) if value is None else value, self.place(said, who))

    def sets(self) -> list[list]:
        """[what they have in common, numbers of the patients] for `who-1`, `who-2`, ..."""
        return [[said, list(numbers)] for said, numbers in self._places]


class Behind:
    """The patients behind the counts of the tables, from the frames that the tables were counted from."""

    def __init__(self, seen: Mapping[str, Any], people: People):
        self.people, self._seen = people, seen
        self._groups = flow_of.compared_groups(seen["flow"])
        self._states: dict[str, dict[str, str]] = {}
        for row in seen["abnormalities"].itertuples():
            self._states.setdefault(row.abnormality, {})[row.patient] = row.state
        main = seen["endpoints"]
        main = main[
            (main["rule_set"] == seen["rule_set"])
            & main["patient"].isin(flow_of.members(seen["flow"], "itt"))
        ]
        self._times = main.dropna(subset=["days", "event"])

    def in_state(self, name: str, states: Sequence[str], among: Iterable[str] | None = None) -> list[str]:
        """Patients (of `among`) with the abnormality in one of the states; no call is not assessable."""
        found = self._states.get(name, {})
        return [p for p in (found if among is None else among) if found.get(p, NOT_ASSESSABLE) in states]

    def of_side(self, side: str) -> list[str]:
        return [p for p, group in self._groups.items() if group == SIDES[side]]

    def compared(self, row: Mapping, side: str) -> Cell:
        """Cell "1 of 9" of a row of the comparison: leads to those who carry it, else to those assessable."""
        label, among = row["label"], self.of_side(side)
        assessable = self.in_state(row["abnormality"], (PRESENT, ABSENT), among)
        n, of = row[f"{side}_present"], row[f"{side}_assessable"]
        whole = self.people.cell(of, f"{side} responders assessable for {label}", assessable)
        carriers = self.in_state(row["abnormality"], (PRESENT,), among)
        made = self.people.cell(n, f"{side} responders with {label}", carriers)
        return Cell(f"{n} of {of}", n / of if of else -1.0, made.link or whole.link)

    def not_assessable(self, row: Mapping) -> Cell:
        out = self.in_state(row["abnormality"], (NOT_ASSESSABLE,), self._groups)
        return self.people.cell(
            row["not_assessable"], f"early or poor responders not assessable for {row['label']}", out
        )

    def frequency(self, name: str, label: str, states: Sequence[str], n: int) -> Cell:
        said = {PRESENT: "with", ABSENT: "assessable for", NOT_ASSESSABLE: "not assessable for"}[states[-1]]
        return self.people.cell(n, f"patients {said} {label}", self.in_state(name, states))

    def responders(self, row: Mapping, text: str, said: str) -> Cell:
        """A rate of the intention to treat: leads to the responders."""
        best = dict(
            zip(
                self._seen["response"]["patient"], self._seen["response"][PERIODS[row["period"]]], strict=True
            )
        )
        who = [
            p
            for p in flow_of.members(self._seen["flow"], "itt")
            if best.get(p, "NE") in LEVELS_OF_RATE[row["rate"]]
        ]
        return self.people.cell(
            row["responders"], said, who, text, row["responders"] / max(row["patients"], 1)
        )

    def followed(self, row: Mapping, said: str, events: bool = False) -> Cell:
        """Patients, or those with an event, of an analysis of survival.tsv; from the landmark as plain numbers."""
        n = row["events" if events else "patients"]
        rows = self._rows_of(row)
        if rows is None:
            return Cell("" if words.missing(n) else str(n), None if words.missing(n) else float(n))
        if events:
            rows = rows[rows["event"] == 1]
        what = "event in" if events else "in"
        return self.people.cell(n, f"patients {what} {said}, {words.state(row['stratum'])}", rows["patient"])

    def _rows_of(self, row: Mapping) -> pd.DataFrame | None:
        analysis, stratum = row["analysis"], row["stratum"]
        if analysis in ("TTP", "PFS", "OS") and stratum == "all":
            return self._times[self._times["endpoint"] == analysis]
        name = analysis.removeprefix("TTP by ")
        if name in self._states and stratum in (PRESENT, ABSENT):
            ttp = self._times[self._times["endpoint"] == "TTP"]
            return ttp[ttp["patient"].map(self._states[name]) == stratum]
        return None


def findable(patients: Sequence[str], anchors: Anchors, rows: Sequence[Mapping], behind: Behind,
             genes: Sequence[str]) -> list[list[str]]:  # fmt: skip
    """What the search of the page finds: [text, what it is, anchor, text for the table's own search or ""]."""
    made = [[p, "patient", anchors.of(p), ""] for p in patients]
    for row in rows:
        carriers = behind.in_state(row["abnormality"], (PRESENT,))
        place = behind.people.place(f"patients with {row['label']}", carriers)
        if place:
            made.append([row["label"], f"abnormality, {words.count(len(carriers), 'patient')}", place, ""])
        made.append([row["label"], "abnormality, row of the comparison", "table-comparison", row["label"]])
    return made + [[g, "gene, row of the expression test", "table-genes", g] for g in genes]
