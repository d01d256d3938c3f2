"""One page per patient: why the patient is where the flow diagram says, the course, the calls with their evidence."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from myeloma import flow as flow_of
from myeloma import idmc, safety, settings
from myeloma.cohort import load_cohort
from myeloma.report import course, words
from myeloma.report.cells import Anchors, Cell, Table, table
from myeloma.report.sections import LAMPS, LOOK_OF, main_times
from myeloma.visits import day

#: Columns of patients.tsv whose names do not read as words.
COLUMNS = {
    "c1d1": "First dose (C1D1)",
    "iss": "ISS",
    "deviation": "Protocol deviation",
    "group": "Group given",
}
#: Votes of a translocation, in the order of their columns.
VOTES = {"dna": "DNA", "rna": "RNA", "expression": "expression", "fish": "FISH"}
FRAMES = ("flow", "visits", "abnormalities", "qc", "samples", "endpoints", "markers", "dose_changes", "translocations",
          "partners", "tc_classes")  # fmt: skip


@dataclass(frozen=True)
class Records:
    """Rows of dosing.tsv and adverse_events.tsv known at the data cut; None where the sheet is not given."""

    dosing: pd.DataFrame | None = None
    adverse_events: pd.DataFrame | None = None

    def of(self, name: str) -> dict[str, list[dict]] | None:
        frame = getattr(self, name)
        return None if frame is None else by_patient(frame)


def records(config: Mapping, project: str) -> Records:
    """Doses and adverse events of the sheets of a run, as known on the day of the data cut."""
    made = settings.load(config, project)
    seen = safety.gather(load_cohort(made, check_files=False), made)
    cut = day(made["trial"]["data_cut"]) or idmc.latest_date(seen)
    seen = idmc.known_at(seen, cut) if cut else seen
    return Records(seen.dosing, seen.adverse_events)


def dossiers(
    seen: Mapping,
    anchors: Anchors,
    details: Sequence[Mapping],
    kinds: Mapping[str, str],
    records: Records,
    config: Mapping,
) -> list[dict]:
    """What the template of each patient's page places, in the order of patients.tsv."""
    by = {name: by_patient(seen[name]) for name in FRAMES}
    given = {name: records.of(name) for name in ("dosing", "adverse_events")}
    response_of = {r["patient"]: r for r in seen["response"].to_dict("records")}
    ttp = main_times(seen)
    rules = {
        "response": config["response"],
        "regimen": config["trial"]["regimen"],
        "days_per_month": config["endpoints"]["days_per_month"],
    }
    made = []
    for i, patient in enumerate(details, 1):
        p = patient["patient"]
        rows = {name: found.get(p, []) for name, found in by.items()}
        sheets = {name: None if found is None else found.get(p, []) for name, found in given.items()}
        facts = _facts(patient, rows, sheets, ttp.get(p))
        made.append(
            {
                "patient": p,
                "anchor": anchors.of(p),
                "given": [
                    (COLUMNS.get(k, k.replace("_", " ").capitalize()), re.sub(r"(?<=\d)\.0$", "", str(v)))
                    for k, v in patient.items()
                    if k != "patient" and not words.missing(v)
                ],
                "response": response_of.get(p),
                "ttp": ttp.get(p),
                "out": [
                    (flow_of.ANALYSES.get(r["analysis"], r["analysis"]), r["reason"])
                    for r in _in_order(rows["flow"])
                    if r["included"] == "no" and r["analysis"] not in flow_of.GROUP_OF
                ],
                "tc_class": rows["tc_classes"][0] if rows["tc_classes"] else None,
                "course": course.draw(f"course-{i}", facts, rules),
                "strip": course.partners(rows["partners"], seen["partners"], f"partners-{i}"),
                "visits": _visits(rows["visits"], i),
                "markers": _markers(rows["markers"], i),
                "doses": _doses(sheets["dosing"], facts["origin"], i),
                "events": _events(sheets["adverse_events"], i),
                "abnormalities": _calls(rows["abnormalities"], rows["translocations"], i, kinds),
                "partners": _partners(rows["partners"], i),
                "quality": _gates(rows["qc"], i),
                "samples": _samples(rows["samples"], i),
                "endpoints": _endpoints(rows["endpoints"], i),
            }
        )
    return made


def _facts(patient: Mapping, rows: Mapping, sheets: Mapping, ttp: Mapping | None) -> dict[str, Any]:
    """What the drawing of the course needs; the origin is C1D1, else enrolment, else the first visit."""
    started = not words.missing(patient.get("c1d1"))
    dates = [patient.get("c1d1"), patient.get("enrolment_date"), *(r["date"] for r in rows["visits"])]
    origin = next((d for d in dates if not words.missing(d)), None)
    return {
        "origin": origin
        if origin is None or isinstance(origin, date)
        else date.fromisoformat(str(origin)[:10]),
        "started": started,
        "visits": rows["visits"],
        "markers": rows["markers"],
        "doses": sheets["dosing"],
        "events": sheets["adverse_events"],
        "changes": rows["dose_changes"],
        "samples": rows["samples"],
        "endpoint": ttp,
    }


def _in_order(rows: Sequence[Mapping]) -> list[Mapping]:
    order = list(flow_of.ANALYSES)
    return sorted(rows, key=lambda r: order.index(r["analysis"]) if r["analysis"] in order else len(order))


def by_patient(frame: pd.DataFrame) -> dict[str, list[dict]]:
    out: dict[str, list[dict]] = {}
    for row in frame.to_dict("records"):
        out.setdefault(row["patient"], []).append(row)
    return out


def _visits(rows, i) -> Table:
    columns = [
        "Date",
        "Visit",
        "Day",
        "Phase",
        "Level",
        "Confirmed level",
        "Confirmed by",
        "Decided by",
        "Reason",
    ]
    cells = [[r["date"], r["visit"], r["day"], r["phase"].replace("_", " "), r["level"], r["confirmed_level"],
              r["confirmed_by"], r["decided_by"], r["reason"]] for r in rows]  # fmt: skip
    return table(f"visits-{i}", "Response at every visit", columns, cells, ["Day"],
                 empty="No assessment of this patient was given.")  # fmt: skip


def _markers(rows, i) -> Table:
    columns = [
        "Date",
        "Day",
        "Marker",
        "Value",
        "Unit",
        "Change from baseline, %",
        "Lowest before",
        "Followed",
    ]
    cells = [[r["date"], r["day"], r["marker"], r["value"], r["unit"], r["change_percent"], r["nadir"], r["followed"]]
             for r in rows]  # fmt: skip
    return table(f"markers-{i}", "Markers at every visit", columns, cells,
                 ["Day", "Value", "Change from baseline, %", "Lowest before"], empty="No marker was measured.")  # fmt: skip


def _doses(rows, origin, i) -> Table:
    columns = ["Cycle", "Drug", "From", "Doses taken", "mg in all", "Highest mg of a day"]
    cells = [
        [Cell(str(r["cycle"]), float(r["cycle"])), r["drug"], r["date"], r["doses"], r["mg"], r["highest"]]
        for r in sorted(
            course.cycles(rows, origin) if rows and origin else [], key=lambda r: (r["cycle"], r["drug"])
        )
    ]
    why = "No dosing table was given." if rows is None else "No dose of this patient is on record."
    return table(f"doses-{i}", "Doses by cycle and drug", columns, cells, columns[3:], empty=why)


def _events(rows, i) -> Table:
    columns = ["Event", "Class", "Grade", "From", "To", "Serious", "Outcome"]
    ordered = sorted(rows or (), key=lambda r: (-r["grade"], str(r["start_date"] or ""), str(r["term"])))
    cells = [
        [
            r["term"],
            r["soc"],
            r["grade"],
            _day(r["start_date"]),
            _day(r["end_date"]),
            r["serious"],
            r["outcome"],
        ]
        for r in ordered
    ]
    why = (
        "No adverse-event table was given."
        if rows is None
        else "No adverse event of this patient is on record."
    )
    return table(f"events-{i}", "Adverse events, worst grade first", columns, cells, ["Grade"], empty=why)


def _day(value) -> str:
    return "" if words.missing(value) else str(value)


def _calls(rows, votes, i, kinds) -> Table:
    """Every call with its value, threshold, votes and evidence; what is present first."""
    order = {name: at for at, name in enumerate(kinds)}
    by = {r["translocation"]: r for r in votes}
    columns = ["Abnormality", "State", "Value or votes", "Threshold", "Reason", "Evidence"]
    cells = [
        [Cell(words.abnormality(r["abnormality"], r["kind"]), None, "", "lesion"),
         Cell(words.state(r["state"]), float(list(LOOK_OF).index(r["state"])), "", LOOK_OF[r["state"]]),
         _votes(by.get(r["abnormality"])) or r["value"], r["threshold"], r["reason"],
         Cell("" if words.missing(r["evidence"]) else str(r["evidence"]), None, "", "files")]
        for r in sorted(rows, key=lambda r: (list(LOOK_OF).index(r["state"]), order.get(r["abnormality"], len(order))))
    ]  # fmt: skip
    return table(f"abnormalities-{i}", "Abnormalities with their evidence", columns, cells,
                 empty="No abnormality was called in this patient.")  # fmt: skip


def _votes(row: Mapping | None) -> str:
    if row is None:
        return ""
    said = ", ".join(f"{name} {words.state(row[source])}" for source, name in VOTES.items())
    return f"conflict: {said}" if row["conflict"] == "yes" else said


def _partners(rows, i) -> Table:
    columns = ["Gene", "Value, log2", "Limit", "State", "Method", "Reason"]
    cells = [[Cell(r["gene"], None, "", "gene"), r["value"], r["threshold"],
              Cell(words.state(r["state"]), None, "", LOOK_OF[r["state"]]), r["method"], r["reason"]] for r in rows]  # fmt: skip
    return table(f"partners-{i}", "Partner genes of IGH", columns, cells, ["Value, log2", "Limit"],
                 empty="No tumour RNA of this patient was measured.")  # fmt: skip


def _gates(rows, i) -> Table:
    columns = ["Sample", "Measure", "Value", "Threshold", "Gate", "Reason"]
    cells = [[r["sample"], r["gate"].replace("_", " "), r["value"], r["threshold"],
              Cell(LAMPS[r["verdict"]], None, "", f"lamp {r['verdict']}" if r["verdict"] else ""), r["reason"]]
             for r in rows]  # fmt: skip
    return table(f"quality-{i}", "Quality of the samples", columns, cells, ["Value", "Threshold"],
                 empty="No sample of this patient was measured.")  # fmt: skip


def _samples(rows, i) -> Table:
    columns = ["Sample", "Assay", "Tissue", "Collected", "Role", "Reason"]
    cells = [[r["sample"], r["assay"], r["tissue"], r["collection_date"], r["role"].replace("_", " "), r["reason"]]
             for r in rows]  # fmt: skip
    return table(
        f"samples-{i}", "Samples", columns, cells, empty="No sample of this patient is in the sheet."
    )


def _endpoints(rows, i) -> Table:
    columns = ["Endpoint", "Rule set", "From", "To", "Months", "Status", "Why", "Record"]
    cells = [[r["endpoint"], r["rule_set"], r["start_date"], r["end_date"],
              Cell(words.months(r["months"]) if not words.missing(r["months"]) else "",
                   None if words.missing(r["months"]) else r["months"]),
              "" if words.missing(r["event"]) else ("event" if r["event"] == 1 else "censored"),
              r["event_reason"] or r["censor_reason"], r["source_record"]] for r in rows]  # fmt: skip
    return table(
        f"endpoints-{i}", "Endpoints", columns, cells, ["Months"], empty="No endpoint of this patient."
    )
