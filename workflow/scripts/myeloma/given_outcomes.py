"""Outcomes as given, not derived: times to event of the endpoints sheet, best responses of the patients sheet.

They stand only where nothing was derived: a given time replaces the empty one of a patient without visits, and
the check of the sheets refuses a patient with both. Their dates are not known, so no data cut shortens them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from myeloma.states import GIVEN
from myeloma.visits import number, word


@dataclass(frozen=True)
class Given:
    """times: rows of the endpoints sheet (patient, endpoint, days, months, event, censor_reason, source,
    sheet_line); best: patient -> best confirmed response as recorded; files: where both stand."""

    times: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["patient", "endpoint"]))
    best: Mapping[str, str] = field(default_factory=dict)
    times_file: str = ""
    best_file: str = ""

    def keys(self) -> set[tuple[str, str]]:
        """(patient, endpoint) of every given time."""
        return set(zip(self.times["patient"], self.times["endpoint"], strict=True))

    def patients(self) -> set[str]:
        """Patients with any given outcome: treated, though no first dose may be recorded."""
        return set(self.times["patient"]) | set(self.best)


def of_cohort(cohort: Any, settings: Any) -> Given:
    """What the sheets of a Cohort (read with its clinical sheets) give."""
    best = {p.patient: p.given_best_response for p in cohort.patients if p.given_best_response}
    times = cohort.sheet_frame(settings, "endpoints")
    return Given(times, best, settings.sheet("endpoints"), settings.sheet("patients"))


def time_rows(given: Given, rule_set: str, days_per_month: float) -> list[list[Any]]:
    """Rows of ENDPOINTS in the order of its columns, under the main rule set, without dates.

    Days are counted from 1 (the day of the start is day 1): a time below one day counts as one. `months` keeps
    the precision of the sheet, `days` is rounded.
    """
    rows = []
    for row in given.times.to_dict("records"):
        days, months = number(row["days"]), number(row["months"])
        days = months * days_per_month if days is None else days
        short = days < 1
        months = 1 / days_per_month if short else (months if months is not None else days / days_per_month)
        event = int(row["event"])
        why = f"as given: {word(row['censor_reason']) or 'reason not recorded'}"
        record = f"{GIVEN}{given.times_file}:{row['sheet_line']}"
        record += f", {row['source']}" if word(row["source"]) else ""
        record += "; less than a day, counted as day 1" if short else ""
        reasons = ["", "as given"] if event else [why, ""]
        head = [row["patient"], row["endpoint"], rule_set, "", "", max(1, round(days)), months, event]
        rows.append([*head, *reasons, record])
    return rows
