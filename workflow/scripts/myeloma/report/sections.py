"""What each section of the report says: plain values made from the tables, for the templates to set.

No number is computed twice: each comes from a row of a table, and the templates only place it.
"""

import functools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from markupsafe import Markup

from myeloma import association, builds
from myeloma import flow as flow_of
from myeloma.association import LEVELS_OF_RATE, PERIODS
from myeloma.flow import LANDMARK
from myeloma.report import figures, words
from myeloma.report.cells import Anchors, Cell, Figure, Table, cell, frame_table, table
from myeloma.report.people import Behind
from myeloma.states import ABSENT, EARLY, GROUPS, NOT_ASSESSABLE, POOR, PRESENT

MOST_FINDINGS = 5
MOST_GENES = 200
FAMILIES = {
    "primary": "Primary family (fixed before the groups were joined)",
    "exploratory": "Exploratory family",
    "described": "Described only: these margins cannot reach p < {alpha:g}, outside every family",
}
RATE_WORDS = {
    "ORR": "Overall response (PR or better)",
    "VGPR": "VGPR or better",
    "CR": "Complete response (CR or sCR)",
    "CBR": "Clinical benefit (MR or better)",
}
PERIOD_WORDS = {"induction": "Post-induction", "treatment": "Post-maintenance"}


# Who is in it


@dataclass(frozen=True)
class Exit:
    """Patients who are out of an analysis for one class of reason."""

    why: str
    patients: tuple[tuple[str, str], ...]  # patient, detail


@dataclass(frozen=True)
class Box:
    """One box of the flow: who is in, out of whom, and the exits."""

    analysis: str
    title: str
    n: int
    of: int
    exits: tuple[Exit, ...]
    split: tuple[tuple[str, int], ...] = ()
    patients: tuple[str, ...] = ()
    place: str = ""  # anchor of the list of patients


def boxes(flow: pd.DataFrame, response: pd.DataFrame) -> dict[str, Box]:
    """analysis -> box. The two comparisons count their exits among early and poor responders; the landmark among
    everybody, split by the group known on that day, which need not be the final one. response: RESPONSE."""
    groups = flow_of.compared_groups(flow)
    then = dict(zip(response["patient"], response["landmark_group"], strict=True))
    # who is not yet enrolled at the data cut is nobody's denominator; the sheet's rows are those of the table
    known = flow[flow["patient"].isin(flow_of.members(flow, "enrolled"))]
    compared = known[known["patient"].isin(groups)]
    made = {}
    for analysis, title in flow_of.ANALYSES.items():
        among = compared if analysis in ("comparison_dna", "comparison_rna") else known
        among = flow if analysis == "enrolled" else among
        rows = among[among["analysis"] == analysis]
        chosen = rows[rows["included"] == "yes"]["patient"]
        sides = then if analysis == "landmark" else groups
        split = Counter(sides.get(p) for p in chosen)
        made[analysis] = Box(
            analysis,
            title,
            len(chosen),
            len(rows),
            _exits(rows),
            tuple((side, split[side]) for side in (EARLY, POOR))
            if among is compared or sides is then
            else (),
            tuple(chosen),
        )
    return made


def _exits(rows: pd.DataFrame) -> tuple[Exit, ...]:
    out: dict[str, list[tuple[str, str]]] = {}
    for row in rows[rows["included"] == "no"].itertuples():
        why, _, detail = row.reason.partition(": ")
        out.setdefault(why, []).append((row.patient, detail))
    return tuple(Exit(why, tuple(who)) for why, who in sorted(out.items(), key=lambda x: (-len(x[1]), x[0])))


def of_enrolled(seen: Mapping[str, Any]) -> dict[str, Any]:
    """The tables without the rows of patients that are not yet enrolled at the data cut; FLOW stays whole."""
    inside = set(flow_of.members(seen["flow"], "enrolled"))
    return {
        name: frame[frame["patient"].isin(inside)]
        if name != "flow" and isinstance(frame, pd.DataFrame) and "patient" in frame.columns
        else frame
        for name, frame in seen.items()
    }


def groups_of(seen: Mapping[str, Any]) -> dict[str, str]:
    """Patient -> group as in the comparison, or that the patient is excluded from it; nobody without responses."""
    return {} if seen["response"].empty else flow_of.response_groups(seen["flow"])


# Primary endpoint and response


def endpoint_figure(name: str, analysis: str, seen: Mapping[str, pd.DataFrame], ylabel: str, xlabel: str,
                    title: str, caption: str, strata: Sequence[str], small: bool = False) -> Figure | None:  # fmt: skip
    """Kaplan-Meier figure of an analysis of survival_curves.tsv; None where there is no curve."""
    curves = seen["survival_curves"]
    curves = curves[curves["analysis"] == analysis]
    chosen = {s: curves[curves["stratum"] == s] for s in strata if (curves["stratum"] == s).any()}
    if not chosen:
        return None
    drawn = figures.kaplan_meier(chosen, ylabel, xlabel, small)
    kept = curves[curves["stratum"].isin(chosen)].drop(columns=["analysis"])
    return Figure(
        name, title, figures.svg(drawn, name, title), caption, frame_table(f"{name}-data", title, kept)
    )


def survival_row(seen: Mapping, analysis: str, stratum: str) -> dict | None:
    """A row of survival.tsv, None when it is missing or has no patient."""
    rows = seen["survival"]
    rows = rows[(rows["analysis"] == analysis) & (rows["stratum"] == stratum) & (rows["patients"] > 0)]
    return rows.iloc[0].to_dict() if len(rows) else None


def time_to_progression(seen: Mapping) -> dict:
    """Sentence and figure of the primary endpoint."""
    row, follow = survival_row(seen, "TTP", "all"), survival_row(seen, "TTP", "follow-up")
    if row is None:
        return {"sentence": "", "source": "", "figure": None}
    place = {"analysis": "TTP", "stratum": "all"}
    source = words.source("survival", "events,patients,median,median_low,median_high", **place)
    source += " " + words.source(
        "survival", "median,median_low,median_high", **place | {"stratum": "follow-up"}
    )
    sentence = (
        f"{row['events']} of {words.count(row['patients'], 'patient')} progressed or died of myeloma. "
        f"Median time to progression: {words.median(row['median'], row['median_low'], row['median_high'])}. "
        f"Median follow-up (reverse Kaplan-Meier): "
        f"{words.median(follow['median'], follow['median_low'], follow['median_high'])}."
    )
    caption = (
        f"Time from C1D1 to confirmed progression or death from myeloma, {words.count(row['patients'], 'patient')}, "
        f"{words.count(row['events'], 'event')}; rule set {row['rule_set']}. Kaplan-Meier estimate with {words.level()} log-log "
        "band; a tick marks a censored patient. It does not show a comparison: the trial has one arm."
    )
    figure = endpoint_figure("ttp", "TTP", seen, "Without progression (%)", "Months from C1D1",
                             "Time to progression, all patients", caption, ["all"])  # fmt: skip
    return {"sentence": sentence, "source": source, "figure": figure}


def response(seen: Mapping, behind: Behind | None = None) -> dict:
    """Stacked bars and rates, over the patients of the intention to treat."""
    patients, enrolled = (flow_of.members(seen["flow"], name) for name in ("itt", "enrolled"))
    enrolled = len(enrolled)
    if not len(seen["response_rates"]) or not patients:
        return {"figure": None, "rates": None}
    bars, rows = {}, []
    given = set(seen["response"].loc[seen["response"]["response_source"] == "given", "patient"]) & set(
        patients
    )
    told = set(seen["response_rates"]["period"])
    assessed = "induction" in told
    for period, column in PERIODS.items():
        if period not in told:
            continue
        best = dict(zip(seen["response"]["patient"], seen["response"][column], strict=True))
        # a best response as given has no onset: it is no finding of the induction, not even "none"
        out = given if period == "induction" else ()
        # without assessments nobody looked: who has no response given is no non-responder either
        other = "NE" if assessed else figures.NOT_KNOWN
        counted = Counter(
            best.get(p, other) if assessed or p in given else other for p in patients if p not in out
        )
        levels = [*figures.LEVELS, *([] if assessed else [figures.NOT_KNOWN])]
        bars[PERIOD_WORDS[period]] = {level: counted[level] for level in levels}
        rows += [(PERIOD_WORDS[period], level, counted[level]) for level in levels]
    title = "Best confirmed response"
    caption = (
        f"Best confirmed IMWG response with onset by the end of induction and by the end of treatment, "
        f"{len(patients)} of {words.count(enrolled, 'enrolled patient')} (intention to treat); NE (hatched): not evaluable, counted as no response. It does not "
        "show how long a response lasted."
    )
    if not assessed:
        caption += " Response not known (dotted): none given and no assessments, so in no rate."
    if given:
        caption += (
            f" Of {words.count(len(given), 'patient')} the best response is as given, not derived: of no known onset, so "
            "not among those by the end of induction."
        )
    figure = Figure("response", title, figures.svg(figures.response_bars(bars), "response", title), caption,
                    table("response-data", title, ["Period", "Level", "Patients"], rows, ["Patients"]))  # fmt: skip
    return {"figure": figure, "rates": rates_table(seen, behind)}


def left_out(seen: Mapping) -> dict[tuple[str, str], str]:
    """(population, period) of RATES -> "3 best response as given, of no known onset"; without those nobody is left out of."""
    populations = association.populations(seen["flow"])
    assessed = "induction" in set(seen["response_rates"]["period"])
    found = association.left_out_of_rates(seen["response"], populations, assessed)
    return {
        place: "; ".join(f"{len(who)} {why}" for why, who in reasons.items())
        for place, reasons in found.items()
        if reasons
    }


def _denominators(seen: Mapping) -> str:
    """Of how many the rates of page one are, by period, and who is left out."""
    rates = seen["response_rates"]
    rates, reasons, said = rates[rates["population"] == "itt"], left_out(seen), []
    for period, word in PERIOD_WORDS.items():
        n = sorted(set(rates.loc[rates["period"] == period, "patients"]))
        if n:
            out = reasons.get(("itt", period))
            said.append(f"{word.lower()} {', '.join(map(str, n))}" + (f" (left out: {out})" if out else ""))
    itt, enrolled = (len(flow_of.members(seen["flow"], name)) for name in ("itt", "enrolled"))
    return f"{'; '.join(said) or 'none'}; intention to treat, {itt} of {enrolled} enrolled"


def rates_table(seen: Mapping, behind: Behind | None = None) -> Table:
    rates = seen["response_rates"]
    by = {(r["rate"], r["period"]): r for r in rates[rates["population"] == "itt"].to_dict("records")}
    rows = []
    for rate in LEVELS_OF_RATE:
        row = [RATE_WORDS[rate]]
        for period in PERIODS:
            r = by.get((rate, period))
            text = words.share(r["responders"], r["patients"], (r["ci_low"], r["ci_high"])) if r else ""
            said = f"{PERIOD_WORDS[period].lower()}: {RATE_WORDS[rate]}"
            made = behind.responders(r, text, said) if r and behind else Cell(text)
            columns = words.share_columns(r, "responders", "patients", "ci_low", "ci_high") if r else ""
            place = {"rate": rate, "period": period, "population": "itt"}
            row.append(replace(made, source=words.source("response_rates", columns, **place) if r else ""))
        rows.append(row)
    caption = f"Response rates; denominators: {_denominators(seen)}; exact (Clopper-Pearson) intervals"
    return table("rates", caption, ["Rate", *PERIOD_WORDS.values()], rows)


# The comparison


def comparison_rows(by_group: pd.DataFrame, alpha: float) -> list[dict]:
    """BY_GROUP rows ordered by family and then by strength (p), with words for the page."""
    order = list(FAMILIES)
    rows = sorted(
        by_group.to_dict("records"),
        key=lambda r: (
            order.index(r["family"]),
            2.0 if words.missing(r["p"]) else r["p"],
            r["smallest_p"],
            r["abnormality"],
        ),
    )
    seen: set[str] = set()
    for row in rows:
        row["label"] = words.abnormality(row["abnormality"], row["kind"])
        row["first_of_family"] = row["family"] not in seen
        row["family_words"] = FAMILIES[row["family"]].format(alpha=alpha)
        seen.add(row["family"])
    return rows


def forest(
    rows: Sequence[Mapping], seen: Mapping, rule: str, primary: Sequence[str], behind: Behind | None = None
) -> Figure:
    """The forest plot with the table behind it; `primary`: names of the primary family."""
    groups = Counter(flow_of.compared_groups(seen["flow"]).values())
    title = "Early against poor responders, one abnormality a row"
    caption = (
        f"Patients with the abnormality of those assessable, {groups[EARLY]} early and {groups[POOR]} poor responders. "
        f"Conditional odds ratio with exact {words.level()} interval on a log axis (above 1: more often in early responders), q: "
        "Benjamini-Hochberg within the family. Hollow mark: the interval spans one. Arrow: it goes on. Right: hazard "
        "ratio of time to progression, present against absent, over all patients, profile-likelihood interval. Groups: "
        f"{rule}. It does not show an effect of treatment, and a row outside the families is not a test."
    )
    shown = drawn(rows, primary)
    if len(shown) < len(rows):
        caption += f" {len(rows) - len(shown)} rows without any carrier are in the table only."
    return Figure("forest", title, figures.svg(figures.forest(shown), "forest", title), caption,
                  comparison_table("forest-data", rows, behind))  # fmt: skip


def drawn(rows: Sequence[Mapping], primary: Sequence[str]) -> list[dict]:
    """Rows of the forest plot: the primary family, whatever is said of it, and all that anybody carries."""
    kept, headed = [], set()
    for row in rows:
        counts = [row[name] for name in ("early_present", "poor_present", "carriers")]
        carried = any(not words.missing(n) and n > 0 for n in counts)
        if not carried and row["abnormality"] not in primary:
            continue
        kept.append({**row, "first_of_family": row["family"] not in headed})
        headed.add(row["family"])
    return kept


def comparison_table(name: str, rows: Sequence[Mapping], behind: Behind | None = None) -> Table:
    """Every row of the comparison with all its numbers."""
    columns = ["Abnormality", "Family", "Early", "Poor", "Not assessable", "Odds ratio", f"{words.level()} interval", "p", "q",
               "Smallest p", "Detectable below", "Detectable above", "TTP hazard ratio", f"TTP {words.level()} interval",
               "Log-rank p", "Note"]  # fmt: skip
    made = []
    for r in rows:
        of = functools.partial(_from_row, r)
        made.append(
            [
                Cell(r["label"], None, "", "lesion"),
                r["family"],
                *_counts(r, behind),
                replace(_ratio_cell(r["odds_ratio"]), source=of("odds_ratio")),
                Cell(f"{words.ratio(r['ci_low'])}-{words.ratio(r['ci_high'])}", source=of("ci_low", "ci_high")),
                # nobody carries it or nobody could be assessed: a p of 1 would look like a result
                Cell("") if words.missing(r["odds_ratio"]) else Cell(words.p_value(r["p"]), r["p"], source=of("p")),
                Cell(words.p_value(r["q"]), None if words.missing(r["q"]) else r["q"], source=of("q")),
                Cell(words.p_value(r["smallest_p"]), r["smallest_p"]),
                _ratio_cell(r["detectable_low"]),
                _ratio_cell(r["detectable_high"]),
                _ratio_cell(r["ttp_hazard_ratio"]),
                "" if words.missing(r["ttp_hazard_ratio"]) else
                f"{words.ratio(r['ttp_ci_low'])}-{words.ratio(r['ttp_ci_high'])}",
                Cell(words.p_value(r["ttp_p"]), None if words.missing(r["ttp_p"]) else r["ttp_p"]),
                "; ".join(n for n in (r["note"], f"TTP: {r['ttp_note']}" if r["ttp_note"] else "") if n),
            ]
        )  # fmt: skip
    return table(name, "Early against poor responders, all rows", columns, made, numbers=columns[2:-1])


def _counts(row: Mapping, behind: Behind | None) -> list[Cell]:
    """Early, poor and not assessable of a row, leading to their patients where these are known."""
    if behind:
        made = [behind.compared(row, "early"), behind.compared(row, "poor"), behind.not_assessable(row)]
    else:
        sides = [
            Cell(f"{row[f'{side}_present']} of {row[f'{side}_assessable']}", _fraction(row, side))
            for side in ("early", "poor")
        ]
        made = [*sides, cell(row["not_assessable"])]
    sources = (
        ("early_present", "early_assessable"),
        ("poor_present", "poor_assessable"),
        ("not_assessable",),
    )
    return [replace(c, source=_from_row(row, *names)) for c, names in zip(made, sources, strict=True)]


def _from_row(row: Mapping, *columns: str) -> str:
    """Where numbers of a row of the comparison stand; missing ones are not written, so they are not named."""
    named = ",".join(c for c in columns if not words.missing(row[c]))
    return words.source("abnormalities_by_group", named, abnormality=row["abnormality"]) if named else ""


def _fraction(row: Mapping, side: str) -> float:
    n = row[f"{side}_assessable"]
    return row[f"{side}_present"] / n if n else -1.0


def _ratio_cell(value) -> Cell:
    return Cell(words.ratio(value), None if words.missing(value) else min(value, 1e12))


def findings(rows: Sequence[Mapping], alpha: float) -> list[Markup]:
    """At most five sentences, each built from its row: the primary family by p."""
    tested = [r for r in rows if r["family"] == "primary"]
    return [finding(row, len(tested), alpha) for row in tested[:MOST_FINDINGS]]


def finding(row: Mapping, of_family: int, alpha: float) -> Markup:
    """What one row of the primary family allows to be said, with its uncertainty; its numbers are marked."""
    numbers = (
        f"{row['early_present']} of {row['early_assessable']} early against "
        f"{row['poor_present']} of {row['poor_assessable']} poor responders (odds ratio {words.ratio(row['odds_ratio'])}, "
        f"exact {words.level()} interval {words.ratio(row['ci_low'])}-{words.ratio(row['ci_high'])}; "
        f"{words.with_p(row['p'])}, {words.with_p(row['q'], 'q')}"
    )
    columns = (
        "early_present",
        "early_assessable",
        "poor_present",
        "poor_assessable",
        "odds_ratio",
        "ci_low",
        "ci_high",
    )
    marked = Markup('<span data-from="{}">{}</span>').format(_from_row(row, *columns, "p", "q"), numbers)
    said = f" among {of_family} tested)"
    if row["q"] < alpha:
        side = "early" if row["odds_ratio"] > 1 else "poor"
        said += f"; more often in {side} responders, after correction for the primary family."
    else:
        said += f"; {_detectable(row)}."
    if "fewer than 5" in row["note"]:
        said += " It rests on fewer than five assessable patients in a group."
    if "qualifying lesion" in row["note"]:
        said += " Versus patients enrolled for another lesion."
    return Markup("{}: {}{}").format(words.italic_genes(row["label"]), marked, said)


def _detectable(row: Mapping) -> str:
    low, high = row["detectable_low"], row["detectable_high"]
    limits = [f"below {words.ratio(low)}"] * (not words.missing(low))
    limits += [f"above {words.ratio(high)}"] * (not words.missing(high))
    told = " or ".join(limits)
    return f"with these numbers only an odds ratio {told} would have been found with {words.power()} power"


def caveats(rows: Sequence[Mapping], seen: Mapping, box: Mapping[str, Box], settings: Mapping) -> list[str]:
    """What may not be said: always there, with this run's numbers."""
    early, poor = box["early"].n, box["poor"].n
    never = (early or poor) and [
        r["label"] for r in rows if not r["early_assessable"] and not r["poor_assessable"]
    ]
    said = [
        f"Exploratory and small: {early} early and {poor} poor responders. Wide intervals are the result, not a flaw "
        "of the table; that no difference is shown is not evidence that there is none.",
        "No control arm: nothing here separates an effect of the treatment from the course of the disease.",
        "Everyone was enrolled for an adverse abnormality: there is no standard-risk group, and an estimate for a "
        "qualifying lesion compares with patients enrolled for another lesion.",
        "The trial's record does not say what early (ER) and poor (PR) responder mean; the groups here follow the "
        "definition in Methods and would change under another.",
        _landmark_caveat(seen, box["landmark"], settings["groups"]["landmark_days"]),
        "Not assessable is not negative: it leaves the denominator, and the number is beside each row.",
    ]
    if never:
        said.append(f"Could not be assessed in any of them in this run: {', '.join(never)}.")
    without = box["comparison_rna"].of - box["comparison_rna"].n
    said.append(
        f"{without} of {early + poor} early and poor responders have no usable tumour RNA, "
        f"{box['comparison_dna'].of - box['comparison_dna'].n} no usable tumour DNA."
    )
    only = tumour_only(seen)
    if only:
        said.append(
            f"{words.count(only, 'patient')} without a germline sample: rare inherited variants can look like mutations."
        )
    if untold := int(seen["purity"]["reason"].astype(str).str.endswith(builds.NOT_TOLD).sum()):
        said.append(
            f"{words.count(untold, 'sample')} entered by segments that may be of another genome build: nothing in the "
            "file says it, and the positions fit both. Narrow losses and gains could be misplaced; write the build "
            "into samples.tsv."
        )
    return said


def _landmark_caveat(seen: Mapping, box: Box, days: int) -> Markup:
    at = f"Survival by response group is compared only from a landmark {days} days after C1D1, in"
    who = words.count(box.n, "patient")
    source, split = words.source("flow", "rows", analysis="landmark", included="yes"), ""
    rows = {side: survival_row(seen, LANDMARK, side) for side in (EARLY, POOR)}
    if all(rows.values()):
        split = f" ({rows[EARLY]['patients']} early, {rows[POOR]['patients']} poor)"
        source = " ".join(
            [source, *(words.source("survival", "patients", analysis=LANDMARK, stratum=s) for s in rows)]
        )
    return Markup(
        '{} <span data-from="{}">{}{}</span> by the group known on that day, which need not be the final one; '
        "who progressed, died or left before is not in it."
    ).format(at, source, who, split)


def tumour_only(seen: Mapping) -> int:
    """Patients with an analysis tumour WES sample and no matched normal."""
    samples = seen["samples"][seen["samples"]["assay"] == "wes"]
    tumours = set(samples[samples["role"] == "analysis"]["patient"])
    return len(tumours - set(samples[samples["role"] == "matched_normal"]["patient"]))


def survival_by_abnormality(rows: Sequence[Mapping], seen: Mapping) -> list[Figure]:
    """TTP of carriers against non-carriers, one small figure per abnormality that has both."""
    made = []
    for i, row in enumerate(rows, 1):
        if not row["carriers"] or not row["non_carriers"]:
            continue
        p = f"log-rank {words.with_p(row['ttp_p'])}" if not words.missing(row["ttp_p"]) else row["ttp_note"]
        caption = (
            f"{words.count(row['carriers'], 'carrier')}, {words.count(row['non_carriers'], 'non-carrier')}; {p}; hazard "
            f"ratio {words.ratio_interval(row['ttp_hazard_ratio'], row['ttp_ci_low'], row['ttp_ci_high']) or 'none'}"
            f"{', Firth-penalised' if row['ttp_method'] == 'Firth' else ''}. All assessable patients, whatever their "
            "group. Not adjusted for anything."
        )
        figure = endpoint_figure(f"ttp-by-{i}", f"TTP by {row['abnormality']}", seen, "Without progression (%)",
                                 "Months from C1D1", f"TTP by {row['label']}", caption, [PRESENT, ABSENT], small=True)  # fmt: skip
        if figure:
            made.append(figure)
    return made


def landmark(seen: Mapping, box: Box, days: int) -> dict:
    """Survival by response group from the landmark, with who was left out."""
    rows = {side: survival_row(seen, LANDMARK, side) for side in (EARLY, POOR)}
    out = "; ".join(f"{len(e.patients)} {e.why}" for e in box.exits) or "nobody"
    if not any(rows.values()):
        return {"sentence": f"No patient is in the landmark analysis. Left out: {out}.", "figure": None}
    place = functools.partial(words.source, "survival", "patients,events,median,median_low,median_high")
    said = [
        Markup('<span data-from="{}">{}s: {}, {}, median {}</span> from the landmark.').format(
            place(analysis=LANDMARK, stratum=side), words.group(side), words.count(r["patients"], "patient"),
            words.count(r["events"], "event"), words.median(r["median"], r["median_low"], r["median_high"]),
        )
        for side, r in rows.items()
        if r
    ]  # fmt: skip
    p = next(r["log_rank_p"] for r in rows.values() if r)
    if not words.missing(p):
        said.append(f"Log-rank {words.with_p(p)}.")
    said.append(f"Left out: {out}.")
    caption = Markup(
        'Time to progression counted from day {}, groups as known on that day, <span data-from="{}">{}</span>. '
        "Kaplan-Meier, {} log-log bands, log-rank test. It says nothing about patients who progressed before."
    ).format(
        days + 1,
        words.source("flow", "rows", analysis="landmark", included="yes"),
        words.count(box.n, "patient"),
        words.level(),
    )
    figure = endpoint_figure("landmark", LANDMARK, seen, "Without progression (%)",
                             "Months from the landmark", "Time to progression by group, from the landmark", caption,
                             [EARLY, POOR])  # fmt: skip
    return {"sentence": Markup(" ").join(said), "figure": figure}


def survival_table(seen: Mapping, labels: Mapping[str, str], behind: Behind | None = None) -> Table:
    """All medians: the endpoints first, then by group, then by abnormality (`labels`: name -> words)."""
    order = {"TTP": 0, "PFS": 1, "OS": 2, LANDMARK: 3}
    named = {f"TTP by {name}": f"TTP by {label}" for name, label in labels.items()}
    order |= {analysis: len(order) + i for i, analysis in enumerate(named)}
    columns = [
        "Analysis",
        "Stratum",
        "Patients",
        "Events",
        "Median, months",
        f"{words.level()} interval",
        "Log-rank p",
        "Note",
    ]
    rows = []
    for r in sorted(seen["survival"].to_dict("records"), key=lambda r: order.get(r["analysis"], len(order))):
        low, high = (
            "not reached" if words.missing(r[c]) else f"{r[c]:.1f}" for c in ("median_low", "median_high")
        )
        rows.append(
            [Cell(named.get(r["analysis"], r["analysis"]), None, "", "lesion"), words.group(r["stratum"]) if r["stratum"] in GROUPS else r["stratum"],
             *([behind.followed(r, named.get(r["analysis"], r["analysis"])),
                behind.followed(r, named.get(r["analysis"], r["analysis"]), events=True)] if behind else
               [r["patients"], r["events"]]), Cell(words.months(r["median"]) if r["patients"] else "",
                               None if words.missing(r["median"]) else r["median"]),
             f"{low}-{high}" if r["patients"] and r["events"] else "",
             Cell(words.p_value(r["log_rank_p"]), None if words.missing(r["log_rank_p"]) else r["log_rank_p"]),
             r["note"]]
        )  # fmt: skip
    return table("survival", "Time to event, all analyses", columns, rows,
                 ["Patients", "Events", "Median, months", "Log-rank p"])  # fmt: skip


# Abnormalities

LOOK_OF = {PRESENT: "present", ABSENT: "absent", NOT_ASSESSABLE: "unknown"}
SIGN_OF = {PRESENT: "+", ABSENT: "", NOT_ASSESSABLE: "n/a"}


def matrix(seen: Mapping, anchors: Anchors, order: Sequence[str], kinds: Mapping[str, str]) -> Table:
    """Patients by abnormalities, ordered by group; absence is empty, not assessable hatched."""
    group = groups_of(seen)
    calls = {(r.patient, r.abnormality): r for r in seen["abnormalities"].itertuples()}
    patients = sorted(flow_of.members(seen["flow"], "enrolled"), key=lambda p: _rank(group.get(p, "")))
    rows = []
    for p in patients:
        row = [
            anchors.cell(p),
            Cell(words.group(group.get(p, "")), _rank(group.get(p, "")), "", _side(group.get(p))),
        ]
        for name in order:
            call = calls.get((p, name))
            state = call.state if call else NOT_ASSESSABLE
            row.append(Cell(SIGN_OF[state], float(list(LOOK_OF).index(state)), "", LOOK_OF[state],
                            said=words.state(state)))  # fmt: skip
        rows.append(row)
    columns = ["Patient", "Group", *[words.abnormality(n, kinds[n]) for n in order]]
    return table("matrix", "Abnormalities by patient, ordered by response group", columns, rows)


def _rank(group: str) -> float:
    return float(GROUPS.index(group)) if group in GROUPS else float(len(GROUPS))


def _side(group: str | None) -> str:
    return {EARLY: "early", POOR: "poor"}.get(group or "", "")


def in_matrix(abnormalities: pd.DataFrame, order: Sequence[str], primary: Sequence[str]) -> list[str]:
    """Columns of the matrix: the primary family and all that anybody carries, in the given order."""
    carried = set(abnormalities.loc[abnormalities["state"] == PRESENT, "abnormality"])
    return [name for name in order if name in carried or name in primary]


def frequencies(seen: Mapping, kinds: Mapping[str, str], behind: Behind | None = None) -> Table:
    """How often each abnormality is present, over everybody assessable."""
    rows = []
    for name in kinds:
        states = Counter(seen["abnormalities"][seen["abnormalities"]["abnormality"] == name]["state"])
        assessable = states[PRESENT] + states[ABSENT]
        label = words.abnormality(name, kinds[name])
        counts = {
            (PRESENT,): states[PRESENT],
            (PRESENT, ABSENT): assessable,
            (NOT_ASSESSABLE,): states[NOT_ASSESSABLE],
        }
        present, seen_in, out = (
            behind.frequency(name, label, s, n) if behind else n for s, n in counts.items()
        )
        rows.append(
            [Cell(label, None, "", "lesion"), kinds[name].replace("_", " "), present, seen_in,
             Cell(f"{words.percent(states[PRESENT] / assessable, assessable)} %", states[PRESENT] / assessable)
             if assessable else "", out]
        )  # fmt: skip
    columns = ["Abnormality", "Kind", "Present", "Assessable", "Share", "Not assessable"]
    return table(
        "frequencies", "Frequency of each abnormality, all enrolled patients", columns, rows, columns[2:]
    )


# Burden and signatures


def burden(seen: Mapping, anchors: Anchors) -> dict:
    """Mutational burden and changed copies of each tumour, and in how many they could not be measured."""
    frame = seen["burden"]
    rows = [
        [anchors.cell(r.patient), r.sample, _rate_cell(r), r.nonsynonymous, r.coding, r.callable_mb,
         Cell(f"{100 * r.genome_changed:.0f} %", r.genome_changed) if r.copies_state == "measured" else "",
         Cell(f"{r.arms_changed} of {r.arms_seen}", float(r.arms_changed)) if r.copies_state == "measured" else "",
         "; ".join(dict.fromkeys(why for why in (r.reason, r.copies_reason) if why))]
        for r in frame.itertuples()
    ]  # fmt: skip
    columns = ["Patient", "Sample", "Mutations per Mb (interval)", "Changing the protein", "All coding",
               "Callable Mb", "Genome changed", "Arms changed", "Not assessable because"]  # fmt: skip
    caption = "Non-synonymous mutations per callable megabase with the exact Poisson interval; changed copies"
    open_ = [int((frame[name] == NOT_ASSESSABLE).sum()) for name in ("state", "copies_state")]
    told = (
        f"Mutational burden: not assessable in {open_[0]} of {words.count(len(frame), 'tumour sample')}; "
        f"changed copies: in {open_[1]}."
    )
    return {"table": table("burden", caption, columns, rows, columns[2:8]), "told": told}


def _rate_cell(row) -> Cell:
    if row.state != "measured":
        return Cell(words.state(row.state), None, "", "unknown")
    return Cell(f"{row.tmb:.1f} ({row.tmb_low:.1f}-{row.tmb_high:.1f})", row.tmb)


def signatures(seen: Mapping, anchors: Anchors) -> dict:
    """Signatures of each tumour and of the pooled mutations of each group; where refused, the reason."""
    frame, by_group = seen["signatures"], seen["signatures_by_group"]
    rows, refused = [], 0
    for (patient, sample), mine in frame.groupby(["patient", "sample"], sort=True):
        said = _fitted(mine)
        refused += not said[0]
        rows.append([anchors.cell(patient), sample, mine["snvs"].iloc[0], mine["cosine"].iloc[0], *said])
    columns = ["Patient", "Sample", "SNVs", "Cosine", "Present (interval)", "Open", "Not assessable because"]
    caption = "Mutational signatures by tumour: share of the SNVs with its bootstrap interval"
    made = {"table": table("signatures", caption, columns, rows, columns[2:4])}
    made["told"] = f"Signatures: not assessable in {refused} of {words.count(len(rows), 'tumour sample')}."
    rows = []
    for group, mine in by_group.groupby("group", sort=True):
        first = mine.iloc[0]
        rows.append([Cell(words.group(group), None, "", _side(group)), first["patients"], first["snvs"],
                     first["cosine"], *_fitted(mine), first["resampled"]])  # fmt: skip
    columns = ["Group", "Patients", "SNVs", "Cosine", *columns[4:], "Resampled"]
    caption = "Mutational signatures of the pooled SNVs of each response group"
    made["by_group"] = table("signatures-by-group", caption, columns, rows, columns[1:4])
    used = sorted({f"{r.table}, {r.library}" for r in [*frame.itertuples(), *by_group.itertuples()]})
    made["used"] = "; ".join(used)
    return made


def _fitted(rows: pd.DataFrame) -> tuple[str, str, str]:
    """Present signatures with share and interval, open ones, and the reason where nothing was fitted."""
    if not rows["share"].notna().any():
        return "", "", rows["reason"].iloc[0]
    present = rows[rows["state"] == PRESENT].sort_values("share", ascending=False)
    told = [
        f"{r.signature} {r.share:.2f} ({r.share_low:.2f}-{r.share_high:.2f})" for r in present.itertuples()
    ]
    return ", ".join(told) or "none", ", ".join(rows.loc[rows["state"] == NOT_ASSESSABLE, "signature"]), ""


# Expression


def expression(seen: Mapping, alpha: float, small: int, note: str = "") -> dict:
    """Volcano, table of genes, sample map; or the sentence that says why there is none."""
    frame = seen["expression_early_vs_poor"]
    done = frame.dropna(subset=["p"])
    groups = Counter(
        flow_of.compared_groups(seen["flow"])[p] for p in flow_of.members(seen["flow"], "comparison_rna")
    )
    n = f"{groups[EARLY]} early and {groups[POOR]} poor responders with usable tumour RNA"
    made = {"volcano": None, "genes": None, "map": _map(seen), "n": n, "note": note.strip()}
    if not len(done):
        reasons = [r for r in frame["reason"].unique() if r]
        made["note"] = made["note"] or (reasons[0] if reasons else f"Expression was not compared: {n}.")
        return made
    title = "Genes by difference between early and poor responders"
    found = int((done["q"] < alpha).sum())
    caption = (
        f"{words.count(len(done), 'gene')} tested, {found} with q < {alpha:g} (DESeq2 model, Wald test, Benjamini-Hochberg "
        f"over the genes tested; coloured). {n}. It does not show cause, and sorted plasma cells of other purity shift it."
    )
    shown = done.sort_values("p").head(MOST_GENES)
    behind = frame_table(
        "volcano-data", f"The {len(shown)} genes with the smallest p", shown.drop(columns=["reason"])
    )
    made["volcano"] = Figure(
        "volcano", title, figures.svg(figures.volcano(done, alpha), "volcano", title), caption, behind
    )
    if min(groups[EARLY], groups[POOR]) < small:
        made["note"] = (
            f"Fewer than {small} patients in a group: treat every gene as a question, not as a finding. {made['note']}"
        ).strip()
    made["genes"] = _genes(shown, len(done))
    return made


def _genes(shown: pd.DataFrame, tested: int) -> Table:
    columns = [
        "Gene",
        "Id",
        "Mean count",
        "log2 fold change (early over poor)",
        "Standard error",
        "Shrunken (apeglm)",
        "p",
        "q",
    ]
    rows = [
        [Cell(r.gene_name or r.gene_id, None, "", "gene"), r.gene_id, r.base_mean, r.log2_fold_change, r.lfc_se,
         r.shrunken_log2_fold_change, Cell(words.p_value(r.p), r.p), Cell(words.p_value(r.q), None if words.missing(r.q) else r.q)]
        for r in shown.itertuples()
    ]  # fmt: skip
    caption = f"The {len(shown)} genes with the smallest p of {tested} tested; all are in results/comparison"
    return table("genes", caption, columns, rows, columns[2:])


def _map(seen: Mapping) -> Figure | None:
    rows = seen["sample_map"].dropna(subset=["pc1", "pc2"])
    if not len(rows):
        return None
    groups = groups_of(seen)
    title = "Map of the RNA samples"
    caption = (
        f"First two principal components of {words.count(len(rows), 'sample')}, normalised counts. Distance is likeness of "
        "expression. It does not test anything; batch and purity move samples too."
    )
    behind = frame_table("map-data", title, rows)
    return Figure("map", title, figures.svg(figures.sample_map(rows, groups), "map", title), caption, behind)


# Quality

LAMPS = {"pass": "passed", "fail": "failed", "not_assessable": "not assessable", "": ""}


def quality(seen: Mapping, anchors: Anchors) -> Table:
    """Every measure of every sample, with its threshold and a lamp where it is a gate."""
    rows = [
        [anchors.cell(r.patient), r.sample, r.assay, r.tissue, r.gate.replace("_", " "), r.value, r.threshold,
         Cell(LAMPS[r.verdict], None, "", f"lamp {r.verdict}" if r.verdict else ""), r.reason]
        for r in seen["qc"].itertuples()
    ]  # fmt: skip
    columns = ["Patient", "Sample", "Assay", "Tissue", "Measure", "Value", "Threshold", "Gate", "Reason"]
    return table("quality", "Quality of every sample", columns, rows, ["Value", "Threshold"])


def lamps(seen: Mapping) -> Table:
    """Gates: how many samples pass; tumours and normals have limits of their own."""
    gates = seen["qc"][seen["qc"]["verdict"] != ""]
    rows = []
    for (assay, tissue, gate), mine in gates.groupby(["assay", "tissue", "gate"]):
        verdicts = Counter(mine["verdict"])
        rows.append([assay, tissue, gate.replace("_", " "), mine["threshold"].dropna().min(), verdicts["pass"],
                     Cell(str(verdicts["fail"]), float(verdicts["fail"]), "", "lamp fail" if verdicts["fail"] else ""),
                     verdicts["not_assessable"]])  # fmt: skip
    columns = ["Assay", "Tissue", "Gate", "Threshold", "Passed", "Failed", "Not assessable"]
    return table("gates", "Gates: samples that pass and fail", columns, rows, columns[3:])


def identity(seen: Mapping) -> dict[str, Any]:
    """Do the samples belong to their patients, and are there foreign reads: a sentence each, a table if not."""
    pairs, foreign = seen["identity"], seen["contamination"]
    compared = int(seen["qc"].loc[seen["qc"]["gate"] == "identity_compared", "value"].sum() // 2)
    own = pairs[pairs["expected"] == "same"]
    agree, open_ = int((own["as_expected"] == "yes").sum()), int((own["as_expected"] == "").sum())
    wrong = pairs[pairs["as_expected"] == "no"]
    if not compared:
        said = "Who is whom was not checked: no two samples share enough common sites."
    elif len(wrong):
        said = f"Of {compared} pairs of samples compared, {len(wrong)} do not fit the sheets; see the gates below."
    else:
        said = (
            f"All {compared} pairs of samples that could be compared fit the sheets: {agree} pairs of one "
            f"patient are one person, {compared - agree} pairs of two patients are two."
        )
    if open_:
        said += f" {open_} pairs of one patient share too few sites to tell."
    rows = [[r.sample_a, r.patient_a, r.sample_b, r.patient_b, r.concordance, r.sites, r.reason]
            for r in wrong.itertuples()]  # fmt: skip
    columns = ["Sample", "Patient", "Other sample", "Its patient", "Concordance", "Sites", "What"]
    found = foreign[foreign["state"] == PRESENT]
    judged = int((foreign["state"] != NOT_ASSESSABLE).sum())
    reads = f"No foreign reads in {judged} DNA samples." if judged else "Foreign reads were not looked for."
    if len(found):
        reads = f"Foreign reads in {len(found)} of {judged} DNA samples."
    if judged < len(foreign):
        reads += f" {len(foreign) - judged} could not be assessed."
    cells = [[r.sample, r.patient, r.contamination, r.low, r.high, r.source or "none of the cohort", r.sites]
             for r in found.itertuples()]  # fmt: skip
    heads = ["Sample", "Patient", "Share", "From", "To", "Fits", "Sites"]
    return {
        "sentence": said,
        "pairs": table(
            "identity", "Pairs that do not fit the sheets", columns, rows, ["Concordance", "Sites"]
        ),
        "reads": reads,
        "foreign": table("contamination", "Foreign reads", heads, cells, ["Share", "From", "To", "Sites"]),
    }


def purity(seen: Mapping, anchors: Anchors) -> Table:
    rows = [
        [anchors.cell(r.patient), r.sample, r.purity, r.interval, r.sorted_purity, r.purity_used, r.ploidy,
         r.status, r.reason]
        for r in seen["purity"].itertuples()
    ]  # fmt: skip
    columns = [
        "Patient",
        "Sample",
        "Purity",
        "Interval",
        "Sorted purity",
        "Used",
        "Ploidy",
        "Status",
        "Reason",
    ]
    return table(
        "purity", "Tumour purity and ploidy", columns, rows, ["Purity", "Sorted purity", "Used", "Ploidy"]
    )


# Patients


def fish(seen: Mapping, anchors: Anchors) -> Table:
    """FISH rows beside the call from sequencing alone."""
    columns = ["Patient", "Abnormality", "FISH date", "Cells", "FISH %", "Cut-off %", "FISH", "Sequencing",
               "Sequencing %", "Days apart", "Agreement", "Why"]  # fmt: skip
    rows = [
        [anchors.cell(r.patient), Cell(words.abnormality(r.abnormality), None, "", "lesion"), r.date, r.selection,
         r.fish_percent, r.cutoff_percent, r.fish, words.state(r.sequencing), r.sequencing_percent, r.days_apart,
         words.state(r.agreement), r.reason]
        for r in seen["fish_concordance"].itertuples()
    ]  # fmt: skip
    return table("fish", "FISH and the call from sequencing alone", columns, rows,
                 ["FISH %", "Cut-off %", "Sequencing %", "Days apart"], empty="No FISH was given.")  # fmt: skip


def fish_agreement(seen: Mapping) -> Table:
    """Positive, negative and overall agreement by abnormality with exact intervals."""
    columns = ["Abnormality", "Agreement", "95 % interval", "Not comparable"]
    rows = [
        [Cell(words.abnormality(r.abnormality), None, "", "lesion"),
         f"{r.measure}: {r.agree} of {r.of}" + (f" ({words.percent(r.agreement, r.of)} %)" if r.of else ""),
         f"{words.percent(r.low, r.of)}-{words.percent(r.high, r.of)} %" if r.of else "", r.not_comparable]
        for r in seen["fish_agreement"].itertuples()
    ]  # fmt: skip
    return table("fish-agreement", "Agreement with FISH", columns, rows, ["Not comparable"],
                 empty="No FISH was given.")  # fmt: skip


def patients_index(
    seen: Mapping, anchors: Anchors, patients: Sequence[str], evidence: Mapping[str, str] | None = None
) -> Table:
    """All patients; `evidence`: patient -> address of the page with its reads."""
    response_of, group = {r["patient"]: r for r in seen["response"].to_dict("records")}, groups_of(seen)
    enrolled = set(flow_of.members(seen["flow"], "enrolled"))
    ttp = main_times(seen)
    carried: dict[str, list[str]] = {}
    for r in seen["abnormalities"].itertuples():
        if r.state == PRESENT:
            carried.setdefault(r.patient, []).append(words.abnormality(r.abnormality, r.kind))
    inside = {a: set(flow_of.members(seen["flow"], a)) for a in ("dna", "rna")}
    rows = []
    for p in patients:
        r, t = response_of.get(p), ttp.get(p)
        rows.append(
            [anchors.cell(p), _group_cell(r and group[p]) if p in enrolled else Cell("not yet enrolled at the data cut"),
             best_response(r) if r else "",
             Cell("" if t is None else words.months(t["months"]), None if t is None else t["months"]),
             "" if t is None else ("event" if t["event"] == 1 else "censored"),
             *("yes" if p in inside[a] else "no" for a in inside), Cell(", ".join(carried.get(p, [])), None, "", "lesion")]
        )  # fmt: skip
    columns = ["Patient", "Group", "Best confirmed response", "TTP, months", "TTP status", "DNA usable", "RNA usable",
               "Abnormalities present"]  # fmt: skip
    if evidence:
        columns.append("Reads")
        for p, row in zip(patients, rows, strict=True):
            row.append(Cell("not beside this file", None, evidence[p], "reads") if p in evidence else "")
    return table("patients", "All patients", columns, rows, ["TTP, months"])


def _group_cell(group: str | None) -> Cell:
    return Cell(words.group(group) if group else "no response data", None, "", _side(group))


def best_response(row: Mapping) -> str:
    """Best confirmed response of a row of RESPONSE; one that was given says so."""
    said = ", as given, not derived" if row["response_source"] == "given" else ""
    return f"{row['best_confirmed_response']}{said}"


def main_times(seen: Mapping) -> dict[str, dict]:
    """patient -> row of the time to progression under the rule set of the main analysis."""
    rows = seen["endpoints"][(seen["endpoints"]["endpoint"] == "TTP")]
    rows = rows[rows["rule_set"] == seen["rule_set"]].dropna(subset=["days", "event"])
    return {r["patient"]: r for r in rows.to_dict("records")}
