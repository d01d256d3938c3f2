"""Where every patient is: included in each analysis, or out of it and why.

Reasons read "class: detail"; the report counts by class and shows the detail per patient. Nobody leaves
without a reason, and every patient has a row for every analysis.
"""

import dataclasses
import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from myeloma import endpoints as endpoints_of
from myeloma import tables, visits
from myeloma.states import ABSENT, EARLY, FISH_ONLY, GIVEN, NEITHER, NOT_EVALUABLE, POOR, PRESENT

#: Analyses in the order of the diagram, with the words the report uses for them.
ANALYSES = {
    "enrolled": "Enrolled",
    "itt": "Intention to treat",
    "treated": "Treated",
    "per_protocol": "Per protocol",
    "maintenance": "Entered maintenance",
    "response": "Evaluable for response",
    "dna": "Tumour DNA (exome) usable",
    "rna": "Tumour RNA usable",
    "early": "Early responders",
    "poor": "Poor responders",
    "neither": "Neither",
    "not_evaluable": "Group not evaluable",
    "comparison_dna": "In the comparison with tumour DNA",
    "comparison_rna": "In the comparison with tumour RNA",
    "landmark": "In the landmark analysis",
    "qualifying_confirmed": "Qualifying abnormality confirmed by sequencing",
}
GROUP_OF = {"early": EARLY, "poor": POOR, "neither": NEITHER, "not_evaluable": NOT_EVALUABLE}
#: Survival by response group, as the tables of survival name the analysis.
LANDMARK = "TTP by group from the landmark"
#: In place of a group, of an early or poor responder whom the sheet takes out of the comparison.
EXCLUDED = "excluded"
ASSAY_OF = {"dna": "wes", "rna": "rna"}
WORDS = {"wes": "tumour DNA", "rna": "tumour RNA"}
#: Gates whose number says little without its reason.
TOLD_IN_FULL = ("identity", "sex", "contamination")
#: Group definitions that are made from the time to progression itself.
DEFINED_BY_TIME = ("B", "C", "E")


def plain(name: str) -> str:
    """An abnormality's name for comparing what two sheets call it: no blanks, brackets, case."""
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


def build(
    patients: Sequence[Mapping],
    samples: pd.DataFrame,
    exclusions: Sequence[Mapping],
    qc: pd.DataFrame,
    response: pd.DataFrame,
    endpoints: pd.DataFrame,
    abnormalities: pd.DataFrame,
    rules: Mapping,
) -> pd.DataFrame:
    """FLOW: one row per patient and analysis.

    patients: rows of patients.tsv (patient, c1d1, deviation, qualifying_abnormality; after_cut: why the
    patient is not yet enrolled at the data cut, if so). exclusions: rows
    of exclusions.tsv. rules: definition (of the groups), landmark_days, rule_set. Other arguments:
    tables of the same names. A patient that a table does not know is out of what needs it.
    """
    facts = _Facts(samples, exclusions, qc, response, endpoints, abnormalities, rules)
    rows = []
    for patient in patients:
        for analysis, why in _reasons(patient, facts).items():
            rows.append(
                {
                    "patient": patient["patient"],
                    "analysis": analysis,
                    "included": "no" if why else "yes",
                    "reason": why,
                }
            )
    return tables.conform(pd.DataFrame(rows, columns=tables.FLOW.names()), tables.FLOW)


def patient_rows(patients: Sequence, data_cut: str = "") -> list[dict[str, str]]:
    """What `build` needs of the patients of a Cohort, as plain text, as known on the day of the data cut."""
    cut = visits.day(data_cut)
    return [
        {
            "patient": p.patient,
            "c1d1": str(p.c1d1 or "") if not _later(p.c1d1, cut) else "",
            "deviation": p.deviation,
            "qualifying_abnormality": p.qualifying_abnormality,
            "after_cut": f"not yet enrolled: at the data cut {cut}" if _later(p.enrolment_date, cut) else "",
        }
        for p in patients
    ]


def _later(date, cut) -> bool:
    return cut is not None and date is not None and date > cut


def detail_rows(patients: Sequence, data_cut: str = "") -> list[dict[str, str]]:
    """All given columns of the patients of a Cohort as text, for the patients' pages; dates after the data
    cut are blank, and so is what is only known with them."""
    cut, rows = visits.day(data_cut), []
    for p in patients:
        values = {field.name: getattr(p, field.name) for field in dataclasses.fields(p)}
        for name in [n for n, v in values.items() if isinstance(v, datetime.date) and _later(v, cut)]:
            values |= dict.fromkeys((name, *endpoints_of.DEPENDS.get(name, ())))
        rows.append({name: "" if value is None else f"{value}" for name, value in values.items()})
    return rows


def strata(patients: Sequence, names: Sequence[str]) -> dict[str, str] | None:
    """Patient -> stratum of the stratified log-rank test, from columns of patients.tsv; None for none."""
    if not names:
        return None
    return {p.patient: ", ".join(f"{n} {getattr(p, n) or 'not recorded'}" for n in names) for p in patients}


def covariate_rows(patients: Sequence) -> list[dict[str, Any]]:
    """What a design may take from the patients of a Cohort: text, and numbers or None."""
    names = ("patient", "age", "prior_lines", "iss", "heavy_chain", "light_chain")
    return [{name: getattr(p, name) for name in names} for p in patients]


def exclusion_rows(exclusions: Sequence[Mapping]) -> list[dict[str, str]]:
    """Rows of exclusions.tsv as plain text."""
    return [{str(k): str(v or "") for k, v in row.items()} for row in exclusions]


def left_out(exclusions: Iterable[Mapping], *analyses: str) -> set[str]:
    """Patients whom the sheet of exclusions takes whole out of one of the analyses."""
    return {
        row["patient"]
        for row in exclusions
        if not any(row.get(k) for k in ("sample", "library", "flowcell", "lane"))
        and (row.get("analysis") or "all") in analyses
    }


def members(flow: pd.DataFrame, analysis: str) -> list[str]:
    """Patients in an analysis, in the order of the table."""
    chosen = (flow["analysis"] == analysis) & (flow["included"] == "yes")
    return flow.loc[chosen, "patient"].tolist()


def rule_of(response: pd.DataFrame) -> str:
    """The definition of the groups with its parameters, as RESPONSE says it; "" without patients."""
    return "; ".join(sorted(set(response["rule"])))


def response_groups(flow: pd.DataFrame) -> dict[str, str]:
    """enrolled patient -> group as the comparison has it; EXCLUDED for whom the sheet of exclusions takes out of it."""
    of = {p: group for analysis, group in GROUP_OF.items() for p in members(flow, analysis)}
    return {p: of.get(p, EXCLUDED) for p in members(flow, "enrolled")}


def compared_groups(flow: pd.DataFrame) -> dict[str, str]:
    """patient -> EARLY_RESPONDER or POOR_RESPONDER, for those in the comparison."""
    return {p: EARLY for p in members(flow, "early")} | {p: POOR for p in members(flow, "poor")}


def compared_samples(flow: pd.DataFrame, samples: pd.DataFrame) -> pd.Series:
    """RNA sample -> group, of the patients in the comparison with tumour RNA (SAMPLES rows, role analysis)."""
    compared, group = set(members(flow, "comparison_rna")), compared_groups(flow)
    chosen = samples[(samples["role"] == "analysis") & (samples["assay"] == "rna")]
    chosen = chosen[chosen["patient"].isin(compared)].set_index("sample")
    return chosen["patient"].map(group)


def with_given_response(response: pd.DataFrame) -> set[str]:
    """Patients whose best response is as given in patients.tsv, not derived from visits (RESPONSE)."""
    return set(response.loc[response["response_source"] == "given", "patient"])


class _Facts:
    """The tables, by patient."""

    def __init__(self, samples, exclusions, qc, response, endpoints, abnormalities, rules):
        self.samples, self.rules, self.exclusions = samples, rules, list(exclusions)
        self.response = {row["patient"]: row for row in response.to_dict("records")}
        main = endpoints[(endpoints["endpoint"] == "TTP") & (endpoints["rule_set"] == rules["rule_set"])]
        self.days = dict(zip(main["patient"], main["days"], strict=True))
        # treated by what is given of them, though no first dose is recorded
        told = endpoints["source_record"].astype(str).str.startswith(GIVEN)
        self.given = set(endpoints.loc[told, "patient"])
        self.given |= with_given_response(response)
        self.failed = qc[qc["verdict"] == "fail"]
        self.calls = {
            (row["patient"], plain(row["abnormality"])): row for row in abnormalities.to_dict("records")
        }

    def excluded(self, patient: str, *analyses: str) -> str:
        """The reason of an exclusion of the whole patient from one of the analyses, "" if there is none."""
        for row in self.exclusions:
            whole = not any(row.get(k) for k in ("sample", "library", "flowcell", "lane"))
            if row.get("patient") == patient and whole and (row.get("analysis") or "all") in analyses:
                return f"excluded by the sheet: {row['reason']}"
        return ""


def _reasons(patient: Mapping, facts: _Facts) -> dict[str, str]:
    """analysis -> reason for being out of it, "" for being in."""
    name = patient["patient"]
    later = patient.get("after_cut") or ""
    out = {"enrolled": later, "itt": later or facts.excluded(name, "all")}
    started = patient.get("c1d1") or name in facts.given
    out["treated"] = out["itt"] or ("" if started else "never treated: no first dose recorded")
    deviation = patient.get("deviation")
    out["per_protocol"] = out["treated"] or (f"protocol deviation: {deviation}" if deviation else "")
    out["maintenance"] = out["treated"] or _no_maintenance(name, facts)
    out["response"] = out["treated"] or _not_evaluable(name, facts)
    for analysis, assay in ASSAY_OF.items():
        out[analysis] = later or facts.excluded(name, "all", analysis) or _not_sequenced(name, assay, facts)
    out |= dict.fromkeys(GROUP_OF, later) if later else _groups(name, out, facts)
    in_comparison = not later and (not out["early"] or not out["poor"])
    for analysis in ("dna", "rna"):
        if in_comparison:
            out[f"comparison_{analysis}"] = out[analysis]
        else:
            out[f"comparison_{analysis}"] = later or _why_not_compared(name, out, facts)
    out["landmark"] = out["itt"] or _not_in_landmark(name, facts)
    out["qualifying_confirmed"] = later or _qualifying(patient, facts)
    return {analysis: out[analysis] for analysis in ANALYSES}


def _no_maintenance(name: str, facts: _Facts) -> str:
    row = facts.response.get(name)
    if row is None:
        return "no response data: the run has no assessments of this patient"
    if row["maintenance"] == "not_known":
        return f"not known whether maintenance began: {row['maintenance_reason']}"
    return "" if row["maintenance"] == "yes" else f"did not enter maintenance: {row['maintenance_reason']}"


def _not_evaluable(name: str, facts: _Facts) -> str:
    why = facts.excluded(name, "response")
    if why:
        return why
    row = facts.response.get(name)
    if row is None:
        return "no response data: the run has no assessments of this patient"
    if row["best_response"] == "NE":
        return f"no evaluable assessment after the start: {row['decided_by']}"
    return ""


def _not_sequenced(name: str, assay: str, facts: _Facts) -> str:
    rows = facts.samples[
        (facts.samples["patient"] == name)
        & (facts.samples["assay"] == assay)
        & (facts.samples["tissue"] == "tumour")
    ]
    if not len(rows):
        return f"no {WORDS[assay]} sample: none in the sheet"
    chosen = rows[rows["role"] == "analysis"]
    if not len(chosen):
        told = "; ".join(f"{r.sample}: {r.reason or r.role}" for r in rows.itertuples())
        return f"no usable {WORDS[assay]} sample: {told}"
    failed = facts.failed[facts.failed["sample"].isin(chosen["sample"])]
    if len(failed):
        told = "; ".join(_failed_gate(r) for r in failed.itertuples())
        return f"quality gate failed: {told}"
    return ""


def _failed_gate(row) -> str:
    """A failed gate in words; what is wrong with the person is told in full: who looks like whom."""
    if row.gate in TOLD_IN_FULL:
        return f"{row.gate}: {row.reason}"
    if row.value == row.value:
        return f"{row.gate} {row.value:g} against {row.threshold:g} ({row.sample})"
    return f"{row.gate} ({row.sample})"


def _groups(name: str, out: Mapping[str, str], facts: _Facts) -> dict[str, str]:
    """Exactly one of the four group analyses includes a patient, unless the comparison excludes it."""
    row = facts.response.get(name)
    group = row["group"] if row else NOT_EVALUABLE
    decided = row["decided_by"] if row else "no response data"
    taken = facts.excluded(name, "all", "response", "comparison")
    if group in (EARLY, POOR) and taken:
        return dict.fromkeys(GROUP_OF, taken)
    return {
        analysis: "" if group == wanted else f"{_WORD[group]}: {decided}"
        for analysis, wanted in GROUP_OF.items()
    }


_WORD = {
    EARLY: "is an early responder",
    POOR: "is a poor responder",
    NEITHER: "is neither early nor poor",
    NOT_EVALUABLE: "group not evaluable",
}


def _why_not_compared(name: str, out: Mapping[str, str], facts: _Facts) -> str:
    row = facts.response.get(name)
    if row is None:
        return "group not evaluable: no response data"
    taken = facts.excluded(name, "all", "response", "comparison")
    if taken and row["group"] in (EARLY, POOR):
        return taken
    return f"{_WORD[row['group']]}: {row['decided_by']}"


def _not_in_landmark(name: str, facts: _Facts) -> str:
    definition = facts.rules["definition"]
    if definition in DEFINED_BY_TIME:
        return f"defined by this endpoint: group definition {definition} is made from the time to progression"
    row = facts.response.get(name)
    if row is None:
        return "no response data: the run has no assessments of this patient"
    taken = facts.excluded(name, "response", "comparison")
    if taken:
        return taken
    day = facts.rules["landmark_days"] + 1
    if row["landmark_group"] not in (EARLY, POOR):
        if row["landmark_reason"]:
            return f"gone or not evaluable by the landmark: {row['landmark_reason']}"
        group = _WORD.get(row["landmark_group"], "no group")
        return f"{group} at the landmark: day {day}"
    days = facts.days.get(name)
    if days is None or days != days:
        return "no time to progression: the endpoint has no date"
    if days <= day:
        gone = f"progression, death or end of follow-up on day {days} (landmark day {day})"
        return f"gone or not evaluable by the landmark: {gone}"
    return ""


def _qualifying(patient: Mapping, facts: _Facts) -> str:
    lesion = patient.get("qualifying_abnormality")
    if not lesion:
        return "no qualifying abnormality recorded: the column is empty"
    call = facts.calls.get((patient["patient"], plain(lesion)))
    if call is None:
        return f"not assessable by sequencing: {lesion} is not called by this run"
    # FISH that decides alone must not confirm the lesion that FISH found
    if call["evidence"].startswith(GIVEN):
        return f"not assessable by sequencing: {lesion} is as given, {call['evidence']}"
    if call["reason"].startswith(FISH_ONLY):
        return f"not assessable by sequencing: {lesion}, {call['reason']}"
    if call["state"] == PRESENT:
        return ""
    if call["state"] == ABSENT:
        return f"not confirmed by sequencing: {lesion} called absent ({call['value']})"
    return f"not assessable by sequencing: {lesion}, {call['reason']}"
