"""The chapter on exposure to ixazomib: who has one, does the model fit, and exposure against outcome."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pandas as pd

from myeloma.report import figures, pk_figures, words
from myeloma.report.sections import Anchors, Cell, Figure, Table, frame_table, table

METRICS = {
    "auc_cycle1": "AUC of cycle 1 at protocol doses",
    "average_to_event": "average concentration of the doses taken up to the event",
}
#: What keeps these comparisons from being causes; set beside every number of the section.
CAVEAT = (
    "No exposure was randomised: patients with a high exposure differ in clearance and absorption, which age, disease and "
    "other drugs act on as well. The exposures are estimates from sparse samples and pulled towards the population mean, "
    "so an odds ratio is usually nearer to 1 than the truth, and its interval does not hold their uncertainty. All "
    "comparisons are exploratory."
)


def chapter(seen: Mapping[str, pd.DataFrame], anchors: Anchors, config: Mapping) -> dict[str, Any]:
    """Everything the template places; `absent` is the sentence that stands for the chapter when there is none."""
    concentrations, individual = seen["pk_concentrations"], seen["pk_individual"]
    if not len(concentrations):
        return {"absent": absent(config)}
    rules = config["pharmacokinetics"]
    known = individual[individual["state"] == "assessable"]
    used = concentrations[concentrations["state"] == "used"]
    fitted = seen["exposure_response"]
    percent = f"{100 * rules['confidence']:g} %"
    return {
        "absent": "",
        "sentences": sentences(individual, concentrations, percent),
        "warnings": warnings(seen["pk_population"]),
        "caveat": CAVEAT,
        "exposures": _exposures(known, percent),
        "goodness": _goodness(used),
        "check": _check(seen["pk_vpc"]),
        "odds": _odds(fitted, rules["exposure_response"]),
        "comparisons": comparisons(fitted),
        "individual": _individual(individual, anchors),
        "population": _population(seen["pk_population"]),
        "left_out": _left_out(concentrations, anchors),
    }


def absent(config: Mapping) -> str:
    """Why there is no chapter."""
    missing = [name for name in ("dosing", "concentrations") if not config["sheets"].get(name)]
    why = (
        f"sheets.{' and sheets.'.join(missing)} not given"
        if missing
        else "no concentration of ixazomib in the sheet"
    )
    return f"No pharmacokinetics in this report: {why}."


def sentences(individual: pd.DataFrame, concentrations: pd.DataFrame, percent: str) -> list[str]:
    """Who has an exposure, how high it is, and what was left out."""
    known = individual[individual["state"] == "assessable"]
    states = concentrations["state"]
    told = [
        f"{len(known)} of {words.count(len(individual), 'patient')} have an assessable exposure, from "
        f"{words.count(int((states == 'used').sum()), 'concentration')} and {int((states == 'below_lloq').sum())} below "
        f"the limit of quantification; {words.count(int((states == 'left_out').sum()), 'sample')} left out (table below)."
    ]
    out = individual[individual["state"] != "assessable"]
    classes = Counter(reason.split(":")[0] for reason in out["reason"])
    if classes:
        told.append("No exposure: " + "; ".join(f"{n} {why}" for why, n in sorted(classes.items())) + ".")
    if len(known):
        auc, trust = known["auc_cycle1"], known["reliability"]
        told.append(
            f"Predicted AUC of cycle 1 at protocol doses: median {words.number(auc.median())} ng h/mL, range "
            f"{words.number(auc.min())} to {words.number(auc.max())}; reliability {trust.min():.2f} to {trust.max():.2f} "
            f"(0: the samples say nothing, 1: everything). Intervals are {percent}, given the published model."
        )
    return told


def warnings(population: pd.DataFrame) -> list[str]:
    """Diagnostics that ask to be looked at."""
    rows = population[population["state"] == "look"]
    return [
        f"Look at {r.quantity}: {words.number(r.estimate)}. {r.reason}".strip() for r in rows.itertuples()
    ]


def _exposures(known: pd.DataFrame, percent: str) -> Figure | None:
    if known.empty:
        return None
    title = "Exposure to ixazomib by patient"
    caption = (
        f"Empirical-Bayes estimate and {percent} conditional interval of {words.count(len(known), 'patient')}; dashed: geometric "
        "mean. Doses of the protocol, so that reductions and omissions do not enter."
    )
    behind = frame_table(
        "pk-exposures-data", title, known[["patient", "auc_cycle1", "auc_low", "auc_high", "reliability"]]
    )
    svg = figures.svg(pk_figures.exposures(known), "pk-exposures", title)
    return Figure("pk-exposures", title, svg, caption, behind)


def _goodness(used: pd.DataFrame) -> Figure | None:
    shown = used.dropna(subset=["pred", "ipred", "cwres", "iwres"])
    if shown.empty:
        return None
    title = "Measured and predicted concentrations"
    caption = (
        f"{words.count(len(shown), 'quantified sample')} of {words.count(shown['patient'].nunique(), 'patient')}. Line: equality; dashed: 2 SD. "
        "Samples below the limit have no residual and are in the predictive check. With high shrinkage, individual "
        "predictions look better than they are."
    )
    columns = ["patient", "number", "hours_since_last_dose", "value_ng_ml", "pred", "ipred", "cwres", "iwres"]
    svg = figures.svg(pk_figures.goodness(shown), "pk-goodness", title)
    return Figure("pk-goodness", title, svg, caption, frame_table("pk-goodness-data", title, shown[columns]))


def _check(rows: pd.DataFrame) -> Figure | None:
    if rows.empty:
        return None
    title = "Visual predictive check"
    caption = (
        "Lines: this trial; bands: trials simulated from the published model with the same doses, times and body surface. "
        "A line outside its band says that the model does not describe this trial there. Below: share of samples below "
        "the limit of quantification; a percentile, or a band, that reaches among them is not drawn."
    )
    svg = figures.svg(pk_figures.predictive_check(rows), "pk-check", title)
    return Figure("pk-check", title, svg, caption, frame_table("pk-check-data", title, rows))


def _odds(rows: pd.DataFrame, rules: Mapping) -> Figure | None:
    shown = rows[(rows["metric"] == "auc_cycle1") & (rows["state"] == "fitted")]
    if shown.empty:
        return None
    title = "Outcome against exposure"
    caption = (
        "Firth-penalised logistic regression, one outcome at a time, per doubling of the predicted AUC of cycle 1 at "
        f"protocol doses; {100 * rules['confidence']:g} % profile interval; hollow: the interval holds 1; in brackets events of "
        "patients. Not randomised."
    )
    svg = figures.svg(pk_figures.odds(shown), "pk-odds", title)
    columns = ["outcome", "patients", "events", "odds_ratio", "ci_low", "ci_high", "p", "q"]
    return Figure("pk-odds", title, svg, caption, frame_table("pk-odds-data", title, shown[columns]))


def comparisons(rows: pd.DataFrame) -> Table:
    """Every outcome with both metrics; refused ones with their reason."""
    columns = ["Outcome", "Exposure", "Events", "Patients", "No exposure", "Outcome not evaluable",
               "Odds ratio per doubling", "p", "q", "Note"]  # fmt: skip
    shown = rows.sort_values(["metric", "kind", "outcome"], ascending=[True, False, True])
    cells = [
        [r.outcome, METRICS[r.metric], r.events, r.patients, r.no_exposure, r.no_outcome,
         Cell(words.ratio_interval(r.odds_ratio, r.ci_low, r.ci_high), None if words.missing(r.odds_ratio) else r.odds_ratio),
         Cell(words.p_value(r.p), None if words.missing(r.p) else r.p), Cell(words.p_value(r.q), None if words.missing(r.q) else r.q),
         r.reason]
        for r in shown.itertuples()
    ]  # fmt: skip
    caption = "Outcome against exposure: the predicted AUC first, doses taken up to the event as sensitivity"
    return table("pk-comparisons", caption, columns, cells, columns[2:9])


def _individual(rows: pd.DataFrame, anchors: Anchors) -> Table:
    columns = ["Patient", "Exposure", "Samples", "Below limit", "Left out", "AUC cycle 1, ng h/mL", "From", "To",
               "Average, ng/mL", "AUC of doses taken", "CL/F, L/h", "Reliability", "Note"]  # fmt: skip
    cells = [
        [anchors.cell(r.patient), words.state(r.state), r.samples, r.below, r.left_out, r.auc_cycle1, r.auc_low, r.auc_high,
         r.average_cycle1, r.dosed_auc_cycle1, r.cl_over_f, r.reliability, r.reason]
        for r in rows.itertuples()
    ]  # fmt: skip
    return table("pk-individual", "Exposure of every patient, cycle 1", columns, cells, columns[2:12])


def _population(rows: pd.DataFrame) -> Table:
    order = ["typical value", "between-patient variance", "residual", "shrinkage", "diagnostic"]
    shown = rows.assign(place=rows["kind"].map(order.index)).sort_values(["place", "quantity"], kind="stable")
    columns = ["Quantity", "Unit", "Published", "This trial", "From", "To", "RSE, %", "State", "Note"]
    cells = [
        [
            r.quantity,
            r.unit,
            r.published,
            r.estimate,
            r.low,
            r.high,
            r.rse_percent,
            words.state(r.state),
            r.reason,
        ]
        for r in shown.itertuples()
    ]
    return table(
        "pk-population",
        "The population model: published, and what this trial says of it",
        columns,
        cells,
        columns[2:7],
    )


def _left_out(rows: pd.DataFrame, anchors: Anchors) -> Table:
    shown = rows[rows["state"] == "left_out"]
    columns = ["Patient", "Date", "Time", "Planned", "Value, ng/mL", "Why"]
    cells = [
        [anchors.cell(r.patient), r.date, r.time, r.nominal, r.value_ng_ml, r.reason]
        for r in shown.itertuples()
    ]
    return table(
        "pk-left-out", "Samples left out", columns, cells, ["Value, ng/mL"], empty="All samples are used."
    )
