"""The chapter on safety and the row of page one, from the tables of results/safety."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from myeloma import idmc
from myeloma.report import words
from myeloma.report.sections import Anchors, Cell, Table, table
from myeloma.tables import DRUGS

#: Sheet -> what is not in the run without it.
WITHOUT = {
    "adverse_events": "no adverse-event table given",
    "dosing": "no dosing table given: no exposure and no dose changes",
    "laboratory": "no laboratory table given: no laboratory grades",
}
PAGE_ONE = ("any grade", "grade 3 or more", "serious", "grade 5", "led to stop")
BY_DRUG = (
    "related", "related, grade 3 or more", "related, serious", "led to dose reduction", "led to delay",
    "led to interruption", "led to stop",
)  # fmt: skip
COMMITTEE = (
    ("patients", "died"), ("adverse events", "any grade"), ("adverse events", "serious"),
    ("adverse events", "grade 3 or more"), ("adverse events", "grade 5"), ("doses", "dose reduced"),
    ("doses", "dose delayed"), ("doses", "discontinued"), ("doses", "discontinued for an adverse event"),
)  # fmt: skip
MOST_TERMS = 200


def chapter(seen: Mapping[str, pd.DataFrame], anchors: Anchors, config: Mapping[str, Any]) -> dict[str, Any]:
    """Sentence and table of page one, tables of the chapter, and a sentence for each sheet that is not given."""
    given = {name: bool(config["sheets"].get(name)) for name in WITHOUT}
    return {
        "given": given,
        "any": any(given.values()),
        "days": config["safety"]["emergent_days"],
        "without": [f"Not in this run: {why}." for name, why in WITHOUT.items() if not given[name]],
        "sentence": _sentence(seen["adverse_events_summary"]) if given["adverse_events"] else "",
        "source": _source(seen["adverse_events_summary"]) if given["adverse_events"] else "",
        "doses": _doses(seen["idmc"]) if given["dosing"] else None,
        "next_cut": _next_cut(seen["idmc_cuts"], config["safety"]["idmc_every_months"]),
        "summary": _summary(seen["adverse_events_summary"]),
        "by_drug": _by_drug(seen["adverse_events_summary"]),
        "by_term": _by_term(seen["adverse_events_by_term"]),
        "exposure": _exposure(seen["idmc"]),
        "by_patient": _by_patient(seen["exposure"], anchors),
        "changes": _changes(seen["dose_changes"], anchors),
        "laboratory": _laboratory(seen["laboratory_by_term"]),
        "unreported": _unreported(seen["laboratory_grades"], anchors),
        "cuts": _cuts(seen["idmc_cuts"]),
        "committee": _committee(seen["idmc"]),
    }


def _told(row: Mapping[str, Any]) -> str:
    """3 of 9 (33 %, 95 % interval 7-70); 1 open"""
    if words.missing(row["of"]):
        return "" if words.missing(row["patients"]) else str(row["patients"])
    text = words.share(int(row["patients"]), int(row["of"]), (row["low"], row["high"]), section="safety")
    return text if words.missing(row["unknown"]) or not row["unknown"] else f"{text}; {row['unknown']} open"


def _sentence(summary: pd.DataFrame) -> str:
    found = {(r["category"], r["drug"]): r for r in summary.to_dict("records")}
    if not found:
        return "Nobody was treated by the data cut."
    worst, serious = found["grade 3 or more", "any"], found["serious", "any"]
    fatal, stop = found["grade 5", "any"], found["led to stop", "any"]
    return (
        f"Adverse events of grade 3 or more in {_told(worst)} treated patients, serious ones in {_told(serious)}; "
        f"grade 5 in {_told(fatal)}. A drug was discontinued for an adverse event (as the events' record says) in {_told(stop)}."
    )


DOSES = {
    "dose reduced": "Dose reduced in",
    "discontinued": "a drug discontinued for whatever reason, progression too, in",
}


def _doses(made: pd.DataFrame) -> dict[str, str] | None:
    """Reductions and discontinuations of any drug, from the package at the last cut; None where it has none."""
    last = made[(made["cut"] == made["cut"].max()) & (made["section"] == "doses") & (made["drug"] == "any")]
    found = {r["measure"]: r for r in last.to_dict("records")}
    if not all(name in found and not words.missing(found[name]["of"]) for name in DOSES):
        return None
    said, source = [], []
    for name, words_ in DOSES.items():
        row = found[name]
        said.append(f"{words_} {_told(row)}")
        columns = words.share_columns(row, "patients", "of", "low", "high")
        columns += ",unknown" if not words.missing(row["unknown"]) and row["unknown"] else ""
        place = {"cut": row["cut"], "section": "doses", "measure": name, "drug": "any"}
        source.append(words.source("idmc", columns, **place))
    return {"sentence": f"{'; '.join(said)} treated patients.", "source": " ".join(source)}


def _next_cut(cuts: pd.DataFrame, months: int) -> str:
    """When the monitoring committee sees the data next, or why that is not known."""
    date, how = idmc.next_cut(cuts, months)
    return (
        f"Next cut of the monitoring committee: {date}, {how}."
        if date
        else f"Next cut of the monitoring committee: not known, {how}."
    )


def _source(summary: pd.DataFrame) -> str:
    """Where the numbers of `_sentence` stand, in its order."""
    found = {r["category"]: r for r in summary.to_dict("records") if r["drug"] == "any"}
    if not found:
        return ""
    parts = []
    for before, category in (
        ("=3,", "grade 3 or more"),
        ("", "serious"),
        ("=5,", "grade 5"),
        ("", "led to stop"),
    ):
        row = found[category]
        columns = words.share_columns(row, "patients", "of", "low", "high")
        columns += ",unknown" if not words.missing(row["unknown"]) and row["unknown"] else ""
        parts.append(words.source("adverse_events_summary", before + columns, category=category, drug="any"))
    return " ".join(parts)


def _summary(summary: pd.DataFrame) -> Table:
    found = {r["category"]: r for r in summary.to_dict("records") if r["drug"] == "any"}
    special = [n for n in found if n.startswith("special interest")]
    names = [n for n in (*PAGE_ONE[:-1], *BY_DRUG, *special, "not treatment-emergent") if n in found]
    rows = [(n, _told(found[n]), found[n]["events"], found[n]["reason"]) for n in names]
    caption = (
        "Treatment-emergent adverse events (CTCAE v4.0): patients n of N treated with exact interval, and events. "
        "Open: the record does not say whether a patient belongs there"
    )
    empty = "No adverse events in this run."
    return table("safety-summary", caption, ["Events", "Patients", "Events, count", "Open"], rows, ["Events, count"],
                 empty=empty)  # fmt: skip


def _by_drug(summary: pd.DataFrame) -> Table:
    found = {(r["category"], r["drug"]): r for r in summary.to_dict("records")}
    rows = [(n, *(_told(found[n, d]) for d in DRUGS)) for n in BY_DRUG if (n, DRUGS[0]) in found]
    caption = "Related events and actions taken, by drug, in the investigator's judgement"
    return table("safety-by-drug", caption, ["Events", *DRUGS], rows, empty="No adverse events in this run.")


def _by_term(by_term: pd.DataFrame) -> Table:
    rows = []
    for r in by_term.to_dict("records"):
        name = "All events" if r["soc"] == "all" else r["soc"] if r["term"] == "all" else r["term"]
        place = "" if r["soc"] == "all" or r["term"] == "all" else r["soc"]
        severe = words.share(
            r["grade_3_or_more"], r["of"], (r["grade_3_low"], r["grade_3_high"]), section="safety"
        )
        share = words.share(r["patients"], r["of"], (r["low"], r["high"]), section="safety")
        rows.append((r, (name, place, share, severe, *(r[f"grade_{g}"] for g in range(1, 6)), r["events"])))
    rows.sort(
        key=lambda pair: (pair[0]["soc"] != "all", pair[0]["term"] != "all", -pair[0]["patients"], pair[1][0])
    )
    caption = "Patients by worst grade: all, by system organ class, by term; n of N treated, each patient once per row"
    if len(rows) > MOST_TERMS:
        caption += f"; the {MOST_TERMS} most frequent, all of them in adverse_events_by_term.tsv"
    head = ["Class or term", "Class", "Any grade", "Grade 3 or more", *map(str, range(1, 6)), "Events"]
    return table("safety-by-term", caption, head, [row for _, row in rows[:MOST_TERMS]], head[4:],
                 empty="No adverse event in this run.")  # fmt: skip


def _exposure(made: pd.DataFrame) -> Table:
    """From the package at the last cut: the data cut of the run."""
    last = made[made["cut"] == made["cut"].max()] if len(made) else made
    found = {(r["measure"], r["drug"]): r for r in last.to_dict("records")}
    rows = []
    for drug in DRUGS:
        if ("cycles", drug) not in found:
            continue
        amounts = [_median(found[name, drug]) for name in
                   ("cycles", "relative dose intensity", "dose intensity over time", "intensity until stop")]  # fmt: skip
        changes = [_told(found[name, drug]) for name in ("dose reduced", "dose delayed", "discontinued")]
        rows.append((drug, *amounts, *changes))
    head = [
        "Drug",
        "Cycles",
        "Relative dose intensity",
        "Over time",
        "Until stop",
        "Reduced",
        "Delayed",
        "Discontinued",
    ]
    caption = (
        "Exposure at the data cut: median (quartiles; patients) and patients with a change. Relative dose intensity: "
        "mg given / mg planned in the cycles begun; over time: also counting delays; until stop: up to the last "
        "cycle with the drug. Discontinued: for whatever reason, progression too"
    )
    return table("exposure", caption, head, rows, empty="No doses in this run.")


def _median(row: Mapping[str, Any]) -> str:
    if words.missing(row["median"]):
        return f"no value in {row['of']}" if row["of"] else ""
    median, q1, q3 = (f"{row[name]:.3g}" for name in ("median", "q1", "q3"))
    missing = int(row["of"]) - int(row["patients"])
    return f"{median} ({q1}-{q3}; {row['patients']}{f', {missing} without a value' if missing else ''})"


def _by_patient(exposure: pd.DataFrame, anchors: Anchors) -> Table:
    rows = [
        (anchors.cell(r["patient"]), r["phase"], r["drug"], r["cycles"], r["given_mg"], r["planned_mg"],
         _percent(r["relative_dose_intensity"]), _percent(r["dose_intensity_over_time"]), r["reductions"], r["delays"],
         r["interruptions"], r["omissions"], r["stop_date"], r["stop_reason"], r["reason"])
        for r in exposure.to_dict("records")
        if r["phase"] != "all"
    ]  # fmt: skip
    head = ["Patient", "Phase", "Drug", "Cycles", "mg given", "mg planned", "Intensity %", "Over time %", "Reductions",
            "Delays", "Interruptions", "Omitted doses", "Stopped", "Why", "No intensity because"]  # fmt: skip
    return table("exposure-by-patient", "Exposure of each treated patient", head, rows, head[3:12],
                 empty="No doses in this run.")  # fmt: skip


def _percent(value) -> Cell | str:
    return "" if words.missing(value) else Cell(f"{100 * value:.0f}", 100 * float(value))


def _changes(changes: pd.DataFrame, anchors: Anchors) -> Table:
    rows = [
        (anchors.cell(r["patient"]), r["date"], f"C{r['cycle']}D{r['day']}", r["drug"], r["change"], r["dose_mg"],
         r["planned_mg"], r["change_reason"].replace("_", " "), r["counted"],
         r["reason"] or ("" if r["recorded"] == "yes" else "not recorded as a change"))
        for r in changes.to_dict("records")
    ]  # fmt: skip
    head = ["Patient", "Date", "Day", "Drug", "Change", "mg", "mg planned", "Reason", "Counted", "Note"]
    return table("dose-changes", "Every change of a dose. Counted no: a step of the protocol, or no change in fact", head,
                 rows, ["mg", "mg planned"], empty="No change of a dose in this run.")  # fmt: skip


def _laboratory(by_term: pd.DataFrame) -> Table:
    rows = []
    for r in by_term.to_dict("records"):
        share = words.share(r["grade_3_or_4"], r["of"], (r["low"], r["high"]), section="safety")
        grades = [r[f"grade_{g}"] for g in range(5)]
        worse, unknown = r["worse_than_baseline"], r["worse_than_baseline_unknown"]
        told = Cell(f"{worse}; {unknown} not known" if unknown else str(worse), float(worse))
        unlisted = "no table of events" if words.missing(r["not_reported"]) else r["not_reported"]
        rows.append((r["term"], r["patients"], *grades, r["grade_unknown"], share, told, unlisted))
    head = ["Term", "Patients", *(f"Grade {g}" for g in range(5)), "Not known", "Grade 3 or 4", "Worse than baseline",
            "Grade 3 or 4 without an event"]  # fmt: skip
    caption = (
        "CTCAE v4.0 grades derived from laboratory values on treatment: patients by worst grade. Grades that need a "
        "clinical judgement (grade 4 of anaemia) are not derived; not known: no limit of normal or baseline. Grade 3 or 4 counts "
        "also where only the exact grade is not known"
    )
    return table("laboratory-grades", caption, head, rows, [*head[1:8], *head[9:]],
                 empty="No laboratory value on treatment in this run.")  # fmt: skip


def _unreported(grades: pd.DataFrame, anchors: Anchors) -> Table:
    found = grades[grades["reported"].isin(["no", "lower_grade"])]
    rows = [
        (anchors.cell(r["patient"]), r["date"], r["term"],
         f"{r['grade_at_least']} to {r['grade_at_most']}" if words.missing(r["grade"]) else r["grade"],
         r["value"], r["unit"], "no event" if r["reported"] == "no" else "an event of lower grade")
        for r in found.to_dict("records")
    ]  # fmt: skip
    head = ["Patient", "Date", "Term", "Grade", "Value", "Unit", "In the adverse events"]
    return table("laboratory-unreported", "Values of grade 3 or 4 that no adverse event of grade 3 or more names", head,
                 rows, ["Grade", "Value"], empty="None.")  # fmt: skip


def _cuts(cuts: pd.DataFrame) -> Table:
    rows = [
        (r["cut"], r["kind"], r["basis"], r["enrolled"], r["treated"], r["note"])
        for r in cuts.to_dict("records")
    ]
    return table("idmc-cuts", "Cuts of the monitoring committee", ["Cut", "Kind", "Basis", "Enrolled", "Treated", "Note"],
                 rows, ["Enrolled", "Treated"], empty="No date in the clinical tables.")  # fmt: skip


def _committee(made: pd.DataFrame) -> Table:
    cuts = sorted(set(made["cut"]))
    found = {(r["cut"], r["section"], r["measure"]): r for r in made.to_dict("records") if r["drug"] == "any"}
    rows = []
    for section, measure in COMMITTEE:
        if any((cut, section, measure) in found for cut in cuts):
            rows.append((measure, *(_told(found[cut, section, measure]) for cut in cuts)))
    caption = "At each cut, with what was known on that day; any drug. All measures by drug: idmc.tsv"
    return table("idmc", caption, ["Patients with", *cuts], rows, empty="No cut in this run.")
