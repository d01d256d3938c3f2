"""Every endpoint under every rule set and population in one table; cumulative incidence where death competes.

Estimators are greenwood's (Kaplan-Meier by `survival`, Aalen-Johansen), held to R survival and cmprsk.
"""

import math
from collections.abc import Mapping, Sequence

import greenwood
import numpy as np
import pandas as pd

from myeloma import survival, tables
from myeloma.flow import members
from myeloma.states import GIVEN

#: What a rule set does otherwise than `trial` (docs/analysis-plan.md, Endpoints).
DIFFERS = {
    "trial": "",
    "fda": "next therapy and two or more missed visits censor",
    "ema": "no difference for these definitions: every progression and death counts",
    "trial_unconfirmed_pd": "unconfirmed progression is an event",
    "trial_unknown_death": "death of unknown cause is an event",
    "trial_new_therapy": "next therapy censors",
    "trial_pd_only": "progression only: death is no event",
}
#: Endpoints that no rule set changes.
SAME_EVERYWHERE = ("OS", "TTR", "TTBR")
RESPONDERS_ONLY = ("DoR", "TTR", "TTBR")
PROGRESSION, DEATH = "progression or death from myeloma", "death without progression"
RESPONSE, NO_RESPONSE = "confirmed PR or better", "progression or death before a response"


def results(endpoints: pd.DataFrame, flow: pd.DataFrame, rules: Mapping, rule_set: str) -> pd.DataFrame:
    """ENDPOINT_RESULTS from ENDPOINTS and FLOW. rules: section comparison. rule_set: the main one."""
    rows = []
    for population in ("itt", "per_protocol"):
        of_all = endpoints[endpoints["patient"].isin(members(flow, population))]
        for (endpoint, name), frame in of_all.groupby(["endpoint", "rule_set"], sort=False):
            main = of_all[(of_all["endpoint"] == endpoint) & (of_all["rule_set"] == rule_set)]
            row = {"endpoint": endpoint, "rule_set": name, "population": population}
            row |= {"analysis": _kind(name, rule_set), "differs_by": differs(endpoint, name)}
            rows.append(row | _numbers(frame, main, rules) | {"note": _note(endpoint, frame)})
    columns = [c for c in tables.ENDPOINT_RESULTS.names()]
    return tables.conform(pd.DataFrame(rows, columns=None if rows else columns), tables.ENDPOINT_RESULTS)


def differs(endpoint: str, rule_set: str) -> str:
    """What a rule set does otherwise than `trial` with this endpoint; "" for nothing to say."""
    if endpoint in SAME_EVERYWHERE and rule_set != "trial":
        return "the same under every rule set"
    no_death = rule_set == "fda" and endpoint in ("TTP", "DoR")
    return DIFFERS[rule_set] + ("; no death is an event" if no_death else "")


def _kind(name: str, rule_set: str) -> str:
    if name == rule_set:
        return "main"
    return "sensitivity" if name.startswith("trial_") else "rule_set"


def _note(endpoint: str, frame: pd.DataFrame) -> str:
    said = ["responders only: not comparable with all patients"] if endpoint in RESPONDERS_ONLY else []
    return "; ".join(said + ([] if frame["event"].any() else ["no events"]))


def _numbers(frame: pd.DataFrame, main: pd.DataFrame, rules: Mapping) -> dict:
    """Counts, median and survival at the months of the config, of one endpoint under one rule set."""
    confidence = rules["confidence"]
    time, event = frame["months"].to_numpy(float), frame["event"].to_numpy(int)
    middle, follow = survival.median(time, event, confidence), survival.follow_up(time, event, confidence)
    made = {
        "patients": len(frame),
        "events": int(event.sum()),
        "changed": _changed(frame, main),
        "from_enrolment": int(frame["source_record"].str.contains("never treated", regex=False).sum()),
    }
    made |= dict(zip(("median", "median_low", "median_high"), middle, strict=True))
    if not len(frame) or frame["endpoint"].iloc[0] in ("TTR", "TTBR"):
        follow = (math.nan,) * 3  # responders all have the event: nobody's follow-up is censored
    made |= dict(zip(("follow_up", "follow_up_low", "follow_up_high"), follow, strict=True))
    steps = survival.kaplan_meier(time, event, confidence)
    for months in rules["survival_months"]:
        at = survival.survival_at(steps, months)
        made |= dict(zip((f"at_{months}", f"at_{months}_low", f"at_{months}_high"), at, strict=True))
    return made


def _changed(frame: pd.DataFrame, main: pd.DataFrame) -> int:
    """Patients with another event or date than in the main analysis, or with a row in one of the two only."""
    outcome = ["start_date", "end_date", "event"]
    one, other = (f.set_index("patient")[outcome].apply(tuple, axis=1).to_dict() for f in (frame, main))
    return sum(one.get(p) != other.get(p) for p in one.keys() | other.keys())


def incidence(endpoints: pd.DataFrame, flow: pd.DataFrame, rules: Mapping, rule_set: str) -> pd.DataFrame:
    """INCIDENCE of the main rule set, all ITT patients with assessments: progression and response."""
    chosen = endpoints["patient"].isin(members(flow, "itt")) & (endpoints["rule_set"] == rule_set)
    by = {name: rows.set_index("patient") for name, rows in endpoints[chosen].groupby("endpoint")}
    if not {"TTP", "PFS"} <= by.keys():
        return tables.empty(tables.INCIDENCE)
    # without both times an event of PFS could be either; a given time has no onset of response
    pfs = by["PFS"][by["PFS"].index.isin(by["TTP"].index)]
    ttp = by["TTP"].reindex(pfs.index)
    progressed = [
        (row.months, (PROGRESSION if ttp.loc[patient, "event"] == 1 else DEATH) if row.event == 1 else "")
        for patient, row in pfs.iterrows()
    ]
    reached = by["TTR"]["months"].to_dict() if "TTR" in by else {}
    responded = [
        (reached[patient], RESPONSE)
        if patient in reached
        else (row.months, NO_RESPONSE if row.event == 1 else "")
        for patient, row in pfs.iterrows()
        if not row.source_record.startswith(GIVEN)
    ]
    made = [_curves("progression", progressed, (PROGRESSION, DEATH), rules["confidence"])]
    if responded:
        made.append(_curves("response", responded, (RESPONSE, NO_RESPONSE), rules["confidence"]))
    return tables.conform(pd.concat(made).assign(rule_set=rule_set), tables.INCIDENCE)


def _curves(
    analysis: str, observed: Sequence[tuple[float, str]], causes: Sequence[str], confidence: float
) -> pd.DataFrame:
    return cumulative_incidence(
        [t for t, _ in observed], [c for _, c in observed], causes, confidence
    ).assign(analysis=analysis)


def cumulative_incidence(
    time: Sequence[float], cause: Sequence[str], causes: Sequence[str], confidence: float = 0.95
) -> pd.DataFrame:
    """Aalen-Johansen steps of each cause: cause, months, at_risk, incidence, low, high, from month 0 on.

    cause: one of `causes`, "" when censored. Raises ValueError for another word or a time that is not
    above zero. Interval: log-log, empty before the first event of the cause.
    """
    unknown = sorted(set(cause) - {*causes, ""})
    if unknown:
        raise ValueError(f"a cause is one of {', '.join(causes)}; found {', '.join(unknown)}")
    time, _ = survival.checked(time, [int(c != "") for c in cause])
    start = pd.DataFrame(
        [[c, 0.0, len(time), 0.0, math.nan, math.nan] for c in causes],
        columns=["cause", "months", "at_risk", "incidence", "low", "high"],
    )
    if not any(cause):
        return start
    event = pd.Categorical(["censored" if not c else c for c in cause], categories=["censored", *causes])
    fit = greenwood.AalenJohansen(conf_type="log-log", conf_level=confidence)
    with np.errstate(
        over="ignore", invalid="ignore"
    ):  # at an incidence of 0 or 1, where there is no interval
        steps = fit.fit(greenwood.Surv(time=time, event=event)).to_frame(format="pandas")
    steps = steps.rename(
        columns={"time": "months", "n_risk": "at_risk", "estimate": "incidence", "conf_low": "low",
                 "conf_high": "high"}
    )[list(start.columns)]  # fmt: skip
    none = (steps["incidence"] <= 0) | (steps["incidence"] >= 1)
    steps.loc[none, ["low", "high"]] = math.nan
    steps["at_risk"] = steps["at_risk"].round().astype(int)
    return pd.concat([start, steps], ignore_index=True)
