"""Response and time to event by presence of each abnormality, over all assessable patients of the trial.

Nobody is left out for their response group: these are the tables that the trial's record asks for. "Not assessable"
leaves the denominator and is counted. Every p belongs to one family per measure; effects and intervals stand beside.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd
from scipy.stats import norm

from myeloma import association, multiplicity, survival, tables
from myeloma.flow import members, with_given_response
from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT

ENDPOINTS = ("TTP", "PFS", "EFS", "OS")
RATES = ("ORR", "VGPR", "CR")
ALIVE = "alive at data cut"
BLANK = (math.nan, math.nan, math.nan)


class Sides:
    """Carriers and non-carriers of one abnormality among `patients`, and who could not be assessed."""

    def __init__(self, abnormalities: pd.DataFrame, patients: Sequence[str]):
        state = dict(zip(abnormalities["patient"], abnormalities["state"], strict=True))
        by = {one: [p for p in patients if state.get(p, NOT_ASSESSABLE) == one] for one in (PRESENT, ABSENT)}
        self.carriers, self.others = by[PRESENT], by[ABSENT]
        self.not_assessable = len(patients) - len(self.carriers) - len(self.others)

    def both(self) -> tuple[tuple[str, list[str]], tuple[str, list[str]]]:
        return ("carrier", self.carriers), ("non_carrier", self.others)


def named(abnormalities: pd.DataFrame) -> list[tuple[str, str, pd.DataFrame]]:
    """(abnormality, kind, its rows) by name."""
    return [
        (str(name), str(rows["kind"].iloc[0]), rows)
        for name, rows in abnormalities.groupby("abnormality", sort=True)
    ]


def _told(row: Mapping, sides: Sides, qualifying: Mapping[str, str]) -> dict:
    """The row with what its note must always say: a qualifying lesion, small numbers."""
    who = sides.carriers + sides.others
    notes = [row["note"], association.qualifying_note(row["abnormality"], qualifying, who)]
    if min(len(sides.carriers), len(sides.others)) < association.SMALL_GROUP:
        notes.append(f"fewer than {association.SMALL_GROUP} patients on a side")
    return dict(row) | {"note": "; ".join(note for note in notes if note)}


# Time to event


def survival_by_abnormality(
    flow: pd.DataFrame,
    abnormalities: pd.DataFrame,
    endpoints: pd.DataFrame,
    qualifying: Mapping[str, str],
    rules: Mapping,
    rule_set: str,
) -> pd.DataFrame:
    """SURVIVAL_BY_ABNORMALITY: one row per endpoint and abnormality, all patients of ITT with the endpoint.

    qualifying: patient -> abnormality that qualified the patient for the trial. rules: section `comparison`. Times are months from the start. An endpoint that the run does not have has no row.
    """
    main = endpoints[(endpoints["rule_set"] == rule_set) & endpoints["patient"].isin(members(flow, "itt"))]
    main = main.dropna(subset=["months", "event"])
    rows = []
    for endpoint in ENDPOINTS:
        times = main[main["endpoint"] == endpoint].set_index("patient")
        for name, kind, calls in named(abnormalities) if len(times) else ():
            sides = Sides(calls, list(times.index))
            row = {"endpoint": endpoint, "abnormality": name, "kind": kind}
            row |= compare_times(times, sides, rules, f"{endpoint} by abnormality")
            rows.append(_told(row, sides, qualifying))
    frame = pd.DataFrame(rows, columns=tables.SURVIVAL_BY_ABNORMALITY.names())
    return tables.conform(multiplicity.with_q(frame, "log_rank_p"), tables.SURVIVAL_BY_ABNORMALITY)


def compare_times(times: pd.DataFrame, sides: Sides, rules: Mapping, family: str) -> dict:
    """Counts, medians, hazard ratio, log-rank test and restricted means of one endpoint by one abnormality.

    times: index patient; months, event.
    """
    confidence, made = rules["confidence"], {}
    for side, who in sides.both():
        own = times.loc[who]
        made |= {f"{side}s": len(own), f"{side}_events": int(own["event"].sum())}
        middle = survival.median(own["months"].astype(float), own["event"].astype(int), confidence)
        names = [f"{side}_median{part}" for part in ("_months", "_low", "_high")]
        made |= dict(zip(names, middle, strict=True))
    known = times.loc[sides.carriers + sides.others]
    time, event = known["months"].to_numpy(float), known["event"].to_numpy(int)
    carrier = np.arange(len(known)) < len(sides.carriers)
    found = survival.hazard_ratio(time, event, carrier, confidence, rules["cox_min_events"])
    rmst = survival.restricted_mean(time, event, carrier, rules["rmst_months"], confidence)
    detectable = survival.detectable_hazard(
        int(event.sum()), int(carrier.sum()), len(known), rules["alpha"], rules["power"]
    )
    tested = not math.isnan(found.log_rank_p)
    return made | {
        "hazard_ratio": found.hazard_ratio,
        "ci_low": found.ci_low,
        "ci_high": found.ci_high,
        "wald_low": found.wald_low,
        "wald_high": found.wald_high,
        "log_rank_chi2": found.log_rank_chi2,
        "log_rank_p": found.log_rank_p,
        "family": family if tested else multiplicity.DESCRIBED,
        "method": found.method,
        "rmst_months": rmst[0],
        "rmst_difference": rmst[1],
        "rmst_low": rmst[2],
        "rmst_high": rmst[3],
        "detectable_low": 1 / detectable if tested else math.nan,
        "detectable_high": detectable if tested else math.nan,
        "not_assessable": sides.not_assessable,
        "note": found.note,
    }


# Response and survival as proportions


def response_by_abnormality(
    flow: pd.DataFrame,
    abnormalities: pd.DataFrame,
    response: pd.DataFrame,
    endpoints: pd.DataFrame,
    qualifying: Mapping[str, str],
    rules: Mapping,
    rule_set: str,
    data_cut: str,
) -> pd.DataFrame:
    """RESPONSE_BY_ABNORMALITY: one row per measure and abnormality, all patients of ITT.

    Measures: ORR, VGPR or better and CR by the end of treatment (a patient without an assessment counts as no response,
    as in RATES; where the trial has no assessments, a patient without a best response as given is outside the
    denominator and counted), alive at the data cut, and survival at the months of the config. rules: section `comparison`.
    data_cut: YYYY-MM-DD (`idmc.told_cut`, the date that page one names). A run without assessments and without best
    responses as given has no rates, one without survival times none of survival; times as given have no date and are
    left out of those alive at the data cut.
    """
    everybody = members(flow, "itt")
    looked_at = _of_known_response(everybody, response, endpoints)
    left_out = [p for p in everybody if p not in set(looked_at)]
    main = endpoints[(endpoints["endpoint"] == "OS") & (endpoints["rule_set"] == rule_set)]
    times = main[main["patient"].isin(everybody)].dropna(subset=["months", "event"]).set_index("patient")
    # a time as given has no date: nobody knows whether the patient was followed up to the cut
    dated = times[times["end_date"] != ""]
    lost = _lost(dated, date.fromisoformat(data_cut), rules) if len(dated) else set()
    rows = []
    for name, kind, calls in named(abnormalities):
        about = {"abnormality": name, "kind": kind}
        if looked_at:
            sides, left = Sides(calls, looked_at), Sides(calls, left_out)
            rows += [_told(about | row, sides, qualifying) for row in _rates(response, sides, left, rules)]
        if len(times):
            sides = Sides(calls, list(times.index))
            found = [_survival_at(times, sides, months, rules) for months in rules["survival_months"]]
            rows += [_told(about | row, sides, qualifying) for row in found]
        if len(dated):
            sides = Sides(calls, list(dated.index))
            rows.append(_told(about | _alive(dated, sides, lost, rules), sides, qualifying))
    frame = pd.DataFrame(rows, columns=tables.RESPONSE_BY_ABNORMALITY.names())
    frame["lost_days"] = rules["lost_after_days"]
    return tables.conform(multiplicity.with_q(frame, "p"), tables.RESPONSE_BY_ABNORMALITY)


def _of_known_response(patients: Sequence[str], response: pd.DataFrame, endpoints: pd.DataFrame) -> list[str]:
    """Whose response was looked at: in a trial with assessments everybody's; else of whom a best response is given."""
    if association.any_assessed(endpoints):
        return list(patients)
    given = with_given_response(response)
    return [p for p in patients if p in given]


def _rates(response: pd.DataFrame, sides: Sides, left: Sides, rules: Mapping) -> list[dict]:
    """left: the patients outside, since nobody says how they responded."""
    missing = {"carrier_not_known": len(left.carriers), "non_carrier_not_known": len(left.others)}
    best = dict(zip(response["patient"], response["best_confirmed_treatment"], strict=True))
    rows = []
    for rate in RATES:
        levels = association.LEVELS_OF_RATE[rate]
        made = {"measure": rate, "not_assessable": sides.not_assessable + left.not_assessable} | missing
        for side, who in sides.both():
            levels_seen = [best.get(p, "NE") for p in who]
            made |= _proportion(side, sum(level in levels for level in levels_seen), len(who), rules)
            made |= {f"{side}_not_evaluable": levels_seen.count("NE")}
        rows.append(made | _compared(made, rules, f"{rate} by abnormality"))
    return rows


def _proportion(side: str, x: int, n: int, rules: Mapping) -> dict:
    low, high = association.clopper_pearson(x, n, rules["confidence"]) if n else (math.nan, math.nan)
    return {
        f"{side}s": n,
        f"{side}_with": x,
        f"{side}_fraction": x / n if n else math.nan,
        f"{side}_low": low,
        f"{side}_high": high,
    }


def _compared(made: Mapping, rules: Mapping, family: str) -> dict:
    """Difference with Newcombe's interval, odds ratio with its exact interval, central p, and the family."""
    counts = [made[k] for k in ("carrier_with", "carriers", "non_carrier_with", "non_carriers")]
    if not counts[1] or not counts[3]:
        return {"family": multiplicity.DESCRIBED, "note": "all are carriers" if counts[1] else "no carrier"}
    exact = association.exact_test(
        *counts, confidence=rules["confidence"], alpha=rules["alpha"], power=rules["power"]
    )
    possible = exact.smallest_p < rules["alpha"]
    note = f"described only: with these margins p cannot fall below {rules['alpha']:g}"
    return _difference_of_proportions(*counts, rules["confidence"]) | vars(exact) | {
        "family": family if possible else multiplicity.DESCRIBED,
        "note": "" if possible else f"{note} (smallest {exact.smallest_p:.2g})",
    }  # fmt: skip


def wilson(x: int, n: int, confidence: float) -> tuple[float, float]:
    """Score interval of a proportion (Wilson, JASA 1927;22:209)."""
    z = norm.ppf((1 + confidence) / 2)
    centre, reach = x + z * z / 2, z * math.sqrt(x * (n - x) / n + z * z / 4)
    return max(0.0, (centre - reach) / (n + z * z)), min(1.0, (centre + reach) / (n + z * z))


def difference(one: Sequence[float], other: Sequence[float]) -> tuple[float, float, float]:
    """Difference of two estimates with limits from those of each (estimate, low, high): Newcombe, Stat Med
    1998;17:873 (method 10) for proportions; Zou and Donner, Stat Med 2008;27:1693 for any two."""
    (p, p_low, p_high), (q, q_low, q_high) = one, other
    return p - q, p - q - math.hypot(p - p_low, q_high - q), p - q + math.hypot(p_high - p, q - q_low)


def _difference_of_proportions(x: int, n: int, y: int, m: int, confidence: float) -> dict:
    found = difference((x / n, *wilson(x, n, confidence)), (y / m, *wilson(y, m, confidence)))
    return dict(zip(("difference", "difference_low", "difference_high"), found, strict=True))


def _lost(times: pd.DataFrame, cut: date, rules: Mapping) -> set[str]:
    """Who was last seen alive longer before the data cut than the config allows."""
    return {
        patient
        for patient, event, seen in zip(times.index, times["event"], times["end_date"], strict=True)
        if event == 0 and (cut - date.fromisoformat(seen)).days > rules["lost_after_days"]
    }


def _alive(times: pd.DataFrame, sides: Sides, lost: set[str], rules: Mapping) -> dict:
    """Alive at the data cut among those whose state is known there; lost to follow-up is neither and is counted."""
    made = {"measure": ALIVE, "not_assessable": sides.not_assessable}
    for side, who in sides.both():
        known = [p for p in who if p not in lost]
        made |= _proportion(side, int((times.loc[known, "event"] == 0).sum()), len(known), rules)
        made |= {f"{side}_lost": len(who) - len(known)}
    return made | _compared(made, rules, "alive at data cut by abnormality")


def _survival_at(times: pd.DataFrame, sides: Sides, months: float, rules: Mapping) -> dict:
    """Kaplan-Meier survival at `months` with log-log limits and numbers at risk; no test (log-rank has it)."""
    made = {"measure": f"OS at {months:g} months", "not_assessable": sides.not_assessable}
    found = []
    for side, who in sides.both():
        own = times.loc[who]
        steps = survival.kaplan_meier(
            own["months"].astype(float), own["event"].astype(int), rules["confidence"]
        )
        at = survival.survival_at(steps, months) if who else BLANK
        found.append(at)
        made |= {
            f"{side}s": len(who),
            f"{side}_at_risk": int((own["months"] >= months).sum()),
            f"{side}_fraction": at[0],
            f"{side}_low": at[1],
            f"{side}_high": at[2],
        }
    made |= dict(zip(("difference", "difference_low", "difference_high"), difference(*found), strict=True))
    note = "not tested at one time: see the log-rank test of OS"
    if any(at[0] in (0.0, 1.0) for at in found):
        note += "; where all or none are alive the limits do not exist, which is no certainty"
    return made | {"family": multiplicity.DESCRIBED, "note": note}
