"""The clinical chapter of the report: rates, endpoints by rule set, groups by definition, course of each patient.

Numbers come from the tables of the stages response and comparison; nothing is estimated here.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from myeloma import flow as flow_of
from myeloma import outcomes
from myeloma.association import LEVELS_OF_RATE, PERIODS
from myeloma.report import clinical_figures, figures, words
from myeloma.report.sections import (
    PERIOD_WORDS,
    RATE_WORDS,
    Anchors,
    Cell,
    Figure,
    Table,
    left_out,
    table,
)
from myeloma.states import EARLY, NOT_EVALUABLE, POOR

POPULATION_WORDS = {
    "itt": "Intention to treat",
    "per_protocol": "Per protocol",
    "itt_maintenance": "Intention to treat, entered maintenance",
    "per_protocol_maintenance": "Per protocol, entered maintenance",
}
SHORT = {"itt": "ITT", "per_protocol": "PP"}
ENDPOINT_WORDS = {
    "TTP": "Time to progression",
    "PFS": "Progression-free survival",
    "EFS": "Event-free survival",
    "OS": "Overall survival",
    "DoR": "Duration of response",
    "TTR": "Time to response",
    "TTBR": "Time to best response",
}
RULE_WORDS = {
    "trial": "trial",
    "fda": "FDA",
    "ema": "EMA",
    "trial_unconfirmed_pd": "trial, unconfirmed PD counts",
    "trial_unknown_death": "trial, unknown cause of death counts",
    "trial_new_therapy": "trial, next therapy censors",
    "trial_pd_only": "trial, progression only",
}
#: Order of the markers in the waterfall, and which one speaks for a patient with several.
MARKERS = ("serum M-protein", "quantitative immunoglobulin", "urine M-protein", "dFLC", "marrow plasma cells",
           "plasmacytoma SPD")  # fmt: skip
DAY_ONE = 1  # C1D1 is day 1


def chapter(seen: Mapping[str, Any], patients: Sequence[Mapping], anchors: Anchors, config: Mapping) -> dict:
    """What the template places. patients: `flow.detail_rows`. config: the whole config."""
    per_month = config["endpoints"]["days_per_month"]
    return {
        "rates": rates(seen),
        "results": results(seen["endpoint_results"], config["comparison"]["survival_months"]),
        "incidence": incidence(seen["cumulative_incidence"]),
        "swimmer": swimmer(seen, patients, per_month),
        "waterfall": waterfall(seen),
        "spider": spider(seen, per_month),
        "changes": changes(seen["groups_by_definition"], anchors),
        "counts": counts(seen["groups_by_definition"]),
        "definitions": definitions(seen["groups_by_definition"]),
        "tracks": tracks(seen["tracks"], anchors),
        "unconfirmed": unconfirmed(seen["response"], anchors),
        "never_treated": never_treated(seen["endpoints"], anchors),
    }


# ---------------------------------------------------------------- rates and endpoints


def rates(seen: Mapping[str, pd.DataFrame]) -> Table:
    """Every rate, by period, population and denominator, and who is outside it for which reason."""
    rows, made, reasons = [], seen["response_rates"], left_out(seen)
    for population, said in POPULATION_WORDS.items():
        of = made[made["population"] == population]
        told = "; ".join(
            f"{PERIOD_WORDS[period].lower()}: {reasons[population, period]}"
            for period in PERIODS
            if reasons.get((population, period)) and (of["period"] == period).any()
        )
        by = {(r["rate"], r["period"]): r for r in of.to_dict("records")}
        for rate in LEVELS_OF_RATE:
            found = [by.get((rate, period)) for period in PERIODS]
            if any(found):
                cells = [
                    words.share(r["responders"], r["patients"], (r["ci_low"], r["ci_high"])) if r else ""
                    for r in found
                ]
                rows.append([said, RATE_WORDS[rate], *cells, told])
    caption = (
        "Response rates by population; a patient of the denominator without a confirmed response counts as no "
        "responder; exact (Clopper-Pearson) intervals"
    )
    return table("rates-all", caption, ["Population", "Rate", *PERIOD_WORDS.values(), "Left out"], rows,
                 empty="No patient, or no assessments: nothing is known of response.")  # fmt: skip


def results(made: pd.DataFrame, months: Sequence[float]) -> Table:
    """The main analysis of each endpoint, and under it every other rule set and sensitivity."""
    order = {"main": 0, "rule_set": 1, "sensitivity": 2}
    # columns beside the contract come from the file as text
    at = [c for c in made.columns if c.startswith("at_")]
    made = made[~(made["endpoint"].isin(outcomes.SAME_EVERYWHERE) & (made["analysis"] != "main"))]
    made = made.assign(**{c: pd.to_numeric(made[c]) for c in at})
    names = list(ENDPOINT_WORDS)
    ordered = sorted(
        made.to_dict("records"),
        key=lambda r: (list(POPULATION_WORDS).index(r["population"]), names.index(r["endpoint"]),
                       order[r["analysis"]], r["rule_set"]),
    )  # fmt: skip
    columns = ["Endpoint", "Rule set", "Population", "Patients", "Events", "Median, months", f"{words.level()} interval",
               *[f"At {m:g} months, %" for m in months], "Median follow-up", "Changed", "Differs by"]  # fmt: skip
    rows = []
    for r in ordered:
        rule = RULE_WORDS[r["rule_set"]] + (" (main)" if r["analysis"] == "main" else "")
        rows.append(
            [r["endpoint"], rule, SHORT[r["population"]], r["patients"], r["events"],
             Cell(words.months(r["median"]), None if words.missing(r["median"]) else r["median"]),
             _interval(r["median_low"], r["median_high"], "{:.1f}") if r["events"] else "",
             *[_at(r, m) for m in months], "" if words.missing(r["follow_up"]) else words.months(r["follow_up"]), r["changed"],
             "; ".join(part for part in (r["differs_by"], r["note"]) if part)]
        )  # fmt: skip
    numbers = ["Patients", "Events", "Median, months", "Changed"]
    caption = (
        "Time to event under every rule set (ITT: intention to treat, PP: per protocol; changed: patients whose event or "
        f"date is another one than in the main analysis). {'; '.join(f'{k}: {v.lower()}' for k, v in ENDPOINT_WORDS.items())}"
    )
    return table("endpoint-results", caption, columns, rows, numbers)


def _at(row: Mapping, months: float) -> str:
    value, low, high = (row.get(f"at_{months}{part}") for part in ("", "_low", "_high"))
    if words.missing(value):
        return ""
    return (
        f"{100 * value:.0f} ({_interval(low, high, '{:.0f}', 100)})"
        if not words.missing(low)
        else f"{100 * value:.0f}"
    )


def _interval(low, high, form: str, times: float = 1) -> str:
    return "-".join("not reached" if words.missing(v) else form.format(times * v) for v in (low, high))


def incidence(made: pd.DataFrame) -> list[Figure]:
    """Progression and response over all patients, each with what competes."""
    drawn = []
    said = {
        "progression": ("Cumulative incidence of progression", (outcomes.PROGRESSION, outcomes.DEATH),
                        "It does not show survival: patients who die without progression stay in the denominator."),
        "response": ("Cumulative incidence of response", (outcomes.RESPONSE, outcomes.NO_RESPONSE),
                     "It does not show how long a response lasted, nor who is in response at a time."),
    }  # fmt: skip
    for analysis, (title, causes, limits) in said.items():
        rows = made[made["analysis"] == analysis]
        if not len(rows):
            continue
        curves = {cause: rows[rows["cause"] == cause] for cause in causes}
        n = int(rows["at_risk"].max())
        caption = (
            f"{words.count(n, 'patient')} (ITT); rule set {rows['rule_set'].iloc[0]}. Aalen-Johansen estimate with {words.level()} "
            f"log-log band. {limits}"
        )
        name = f"incidence-{analysis}"
        svg = figures.svg(clinical_figures.incidence(curves, "Patients (%)"), name, title)
        drawn.append(Figure(name, title, svg, caption, _data(name, title, rows.drop(columns="analysis"))))
    return drawn


def _data(name: str, title: str, frame: pd.DataFrame) -> Table:
    numeric = [c for c in frame.columns if pd.api.types.is_numeric_dtype(frame[c])]
    return table(f"{name}-data", title, list(frame.columns), frame.itertuples(index=False), numeric)


# ---------------------------------------------------------------- the course of each patient


def _groups(seen: Mapping) -> dict[str, str]:
    """Group of every patient of the ITT population."""
    of = flow_of.response_groups(seen["flow"])
    return {patient: of[patient] for patient in flow_of.members(seen["flow"], "itt")}


def _months_between(start: str, end: str | None, per_month: float) -> float | None:
    if not start or not end:
        return None
    return ((date.fromisoformat(end) - date.fromisoformat(start)).days + 1) / per_month


def swimmer(seen: Mapping, patients: Sequence[Mapping], per_month: float) -> Figure | None:
    """One bar per treated patient of the ITT population."""
    group, rule = _groups(seen), _rule(seen)
    alive = seen["endpoints"]
    alive = alive[(alive["endpoint"] == "OS") & (alive["rule_set"] == "trial")].set_index("patient")
    progressed = dict(zip(seen["response"]["patient"], seen["response"]["progression_date"], strict=True))
    people = [{name: str(value or "") for name, value in p.items()} for p in patients]
    treated = [p for p in people if p["patient"] in group and p.get("c1d1") and p["patient"] in alive.index]
    if not treated:
        return None
    ways = seen["response"].set_index("patient")[["end_of_induction", "maintenance"]].to_dict("index")
    rows = []
    for p in treated:
        name, start = p["patient"], p["c1d1"]
        end = float(alive.loc[name, "months"])
        stop = _months_between(start, p.get("end_of_treatment") or p.get("new_therapy_date"), per_month)
        after = _months_between(start, ways[name]["end_of_induction"], per_month)
        rows.append(
            {
                "patient": name,
                "group": group[name],
                "induction": end if after is None else after,
                "maintenance": ways[name]["maintenance"],
                "treated": min(end if stop is None else stop, end),
                "end": end,
                "levels": _improvements(seen["visits"], name, per_month),
                "progression": _months_between(start, progressed.get(name) or "", per_month),
                "death": end if alive.loc[name, "event"] == 1 else None,
                "next_therapy": _months_between(start, p.get("new_therapy_date"), per_month),
                "ongoing": stop is None and alive.loc[name, "event"] != 1,
            }
        )
    title = "Course of each patient"
    caption = (
        f"{words.count(len(rows), 'treated patient')} of {len(group)} (ITT), by response group ({rule}). A square stands "
        "at the first visit of each confirmed level that is better than those before. Induction ends as in response.tsv: "
        "on the recorded date, else by dosing, else as planned; hatched: treatment after it of which no record says that "
        "it was maintenance; an arrow: no end of treatment is recorded. It does not show dose changes, and lines that "
        "end early may be short follow-up, not short benefit."
    )
    data = pd.DataFrame(rows).assign(
        levels=["; ".join(f"{level} {t:.1f}" for t, level in r["levels"]) for r in rows]
    )
    svg = figures.svg(clinical_figures.swimmer(rows), "swimmer", title)
    return Figure("swimmer", title, svg, caption, _data("swimmer", title, data))


def _improvements(visits: pd.DataFrame, patient: str, per_month: float) -> list[tuple[float, str]]:
    """First visit of each confirmed level above those before, until progression."""
    rank = {level: n for n, level in enumerate(("MR", "PR", "VGPR", "CR", "sCR"), 1)}
    best, made = 0, []
    for row in visits[visits["patient"] == patient].sort_values("date").to_dict("records"):
        if row["confirmed_level"] == "PD":
            break
        level = row["confirmed_own"]
        if rank.get(level, 0) > best and not words.missing(row["day"]):
            best = rank[level]
            made.append((row["day"] / per_month, level))
    return made


def _rule(seen: Mapping) -> str:
    """Id of the definition of the groups, with its parameters."""
    return "; ".join(sorted(set(seen["response"]["rule"]))) or "no groups"


def _followed(seen: Mapping) -> pd.DataFrame:
    """Values after C1D1 of the marker that speaks for each ITT patient, on the trial's own treatment."""
    made = seen["markers"]
    made = made[
        (made["followed"] == "yes") & made["patient"].isin(_groups(seen)) & made["change_percent"].notna()
    ]
    leads = {}
    for patient, marker in zip(made["patient"], made["marker"], strict=True):
        leads[patient] = min(leads.get(patient, marker), marker, key=MARKERS.index)
    made = made[made["marker"] == made["patient"].map(leads)]
    phase = {(r.patient, r.date): r.phase for r in seen["visits"].itertuples()}
    on = [phase.get((r.patient, r.date)) != "after_treatment" for r in made.itertuples()]
    return made[pd.Series(on, index=made.index, dtype=bool)]


def waterfall(seen: Mapping) -> Figure | None:
    """Deepest fall of the followed marker before or at progression."""
    group, values = _groups(seen), _followed(seen)
    progressed = dict(zip(seen["response"]["patient"], seen["response"]["progression_date"], strict=True))
    until = values["patient"].map(progressed).fillna("")
    values = values[(until == "") | (values["date"] <= until)]
    if not len(values):
        return None
    best = dict(zip(seen["response"]["patient"], seen["response"]["best_confirmed_response"], strict=True))
    rows = []
    for patient, one in values.groupby("patient"):
        marker = one["marker"].iloc[0]
        change = float(one["change_percent"].min())
        rows.append({"patient": patient, "group": group[patient], "marker": marker, "change": change,
                     "response": best[patient], "order": MARKERS.index(marker)})  # fmt: skip
    title = "Best change of the followed marker"
    caption = (
        f"{words.count(len(rows), 'patient')} of {len(group)} (ITT) with a measurable marker and a value after C1D1; the "
        f"others have no bar. One bar per patient: lowest single value on treatment up to progression, against baseline, "
        f"in blocks by marker (where serum and urine are followed the serum stands); {_rule(seen).split(':')[0]} groups; "
        "above or below the line the best confirmed response. Dashed: 25, 50, 90 %; bars are cut at +100. It does not show "
        "confirmation or duration: a deep bar is not a response by itself."
    )
    svg = figures.svg(clinical_figures.waterfall(rows), "waterfall", title)
    data = pd.DataFrame(rows).drop(columns="order")
    return Figure("waterfall", title, svg, caption, _data("waterfall", title, data))


def spider(seen: Mapping, per_month: float) -> Figure | None:
    """Course of the followed marker."""
    group, values = _groups(seen), _followed(seen)
    if not len(values):
        return None
    starts = seen["endpoints"][seen["endpoints"]["endpoint"] == "OS"]
    start = dict(zip(starts["patient"], starts["start_date"], strict=True))
    progressed = dict(zip(seen["response"]["patient"], seen["response"]["progression_date"], strict=True))
    rows = []
    for patient, one in values.sort_values("date").groupby("patient"):
        points = [
            ((d - DAY_ONE) / per_month, float(v))
            for d, v in zip(one["day"], one["change_percent"], strict=True)
        ]
        at = _months_between(start.get(patient, ""), progressed.get(patient) or "", per_month)
        rows.append({"patient": patient, "group": group[patient], "points": [(0.0, 0.0), *points],
                     "progression": at if at is not None and at <= points[-1][0] + 1 / per_month else None})  # fmt: skip
    title = "Change of the followed marker over time"
    caption = (
        f"{words.count(len(rows), 'patient')} of {len(group)} (ITT) with a measurable marker; values on treatment only. "
        "Lines are cut at +100 %. It does not show markers that are not followed, nor progression by imaging or "
        "marrow, which may come without a rise."
    )
    svg = figures.svg(clinical_figures.spider(rows), "spider", title)
    shown = values[
        ["patient", "date", "day", "marker", "value", "unit", "baseline", "change_percent", "nadir"]
    ]
    return Figure("spider", title, svg, caption, _data("spider", title, shown))


# ---------------------------------------------------------------- groups, tracks, lists


def changes(made: pd.DataFrame, anchors: Anchors) -> Table:
    """Who changes group under another definition: one row per patient who does, the groups side by side."""
    made = _with_a_list(made)
    names = sorted(made["definition"].unique())
    chosen = next(iter(made.loc[made["chosen"] == "yes", "definition"]), "")
    rows, sides = [], 0
    for patient, of in made.groupby("patient"):
        group = dict(zip(of["definition"], of["group"], strict=True))
        differ = [d for d, flag in zip(of["definition"], of["differs"], strict=True) if flag == "yes"]
        if differ:
            sides += {EARLY, POOR} <= set(group.values())
            why = of[of["definition"] == differ[0]]["decided_by"].iloc[0]
            cells = [
                Cell(words.group(group[d]), None, "", "" if d not in differ else "changed") for d in names
            ]
            rows.append([anchors.cell(patient), *cells, ", ".join(differ), f"{differ[0]}: {why}"])
    heads = [f"{d} (main)" if d == chosen else d for d in names]
    of = made["patient"].nunique()
    caption = f"{len(rows)} of {words.count(of, 'patient')} in another group under another definition, {sides} of them on the other side"
    return table("group-changes", caption, ["Patient", *heads, "Changes under", "Why (first)"], rows,
                 empty="Nobody changes group.")  # fmt: skip


def counts(made: pd.DataFrame) -> Table:
    """Patients by group under each definition."""
    rows = [
        [
            d,
            *[int((of["group"] == g).sum()) for g in clinical_figures.ORDER],
            int((of["differs"] == "yes").sum()),
        ]
        for d, of in _with_a_list(made).groupby("definition")
    ]
    heads = [words.group(g) for g in clinical_figures.ORDER]
    return table("group-counts", "Patients by group under each definition",
                 ["Definition", *heads, "Change against the main"], rows, [*heads, "Change against the main"])  # fmt: skip


def definitions(made: pd.DataFrame) -> list[str]:
    """The definitions with their parameters, as computed."""
    return sorted(set(made["rule"]))


def _with_a_list(made: pd.DataFrame) -> pd.DataFrame:
    """Without definition D where nobody is on a list: it would only say that there is none."""
    listed = made[(made["definition"] == "D") & (made["group"] != NOT_EVALUABLE)]
    return made if len(listed) else made[(made["definition"] != "D") | (made["chosen"] == "yes")]


def tracks(made: pd.DataFrame, anchors: Anchors) -> Table:
    """What response is followed by in each patient."""
    columns = ["Patient", "Followed by", "Serum M, g/L", "Immunoglobulin, g/L", "Urine M, mg/24 h", "Involved FLC, mg/L",
               "Marrow, %", "Plasmacytoma, mm2", "Why"]  # fmt: skip
    values = ("serum_m_g_l", "immunoglobulin_g_l", "urine_m_mg_24h", "involved_flc_mg_l", "marrow_pc_percent",
              "plasmacytoma_spd_mm2")  # fmt: skip
    rows = [
        [anchors.cell(r["patient"]), r["track"], *[r[v] for v in values], r["reason"]]
        for r in made.to_dict("records")
    ]
    return table("tracks", "What is measurable at baseline", columns, rows, columns[2:-1])


def unconfirmed(response: pd.DataFrame, anchors: Anchors) -> Table:
    """Progressions that nothing confirmed: censored in the main analysis, events in their sensitivity."""
    rows = response[
        (response["unconfirmed_progression_date"] != "") & response["unconfirmed_progression_date"].notna()
    ]
    cells = [[anchors.cell(r["patient"]), r["unconfirmed_progression_date"], r["progression_date"]]
             for r in rows.to_dict("records")]  # fmt: skip
    return table("unconfirmed", "Unconfirmed progressions", ["Patient", "Unconfirmed PD", "Confirmed later"], cells,
                 empty="Nobody.")  # fmt: skip


def never_treated(endpoints: pd.DataFrame, anchors: Anchors) -> Table:
    """Patients whose time starts at enrolment."""
    rows = endpoints[endpoints["source_record"].str.contains("never treated", regex=False)]
    first = rows.drop_duplicates("patient")
    cells = [[anchors.cell(r["patient"]), r["start_date"]] for r in first.to_dict("records")]
    return table("never-treated", "Never treated: their times start at enrolment", ["Patient", "Enrolment"], cells,
                 empty="Nobody.")  # fmt: skip
