"""For the statistician: what is missing in whom, and where each item of REMARK stands.

REMARK: McShane LM et al., J Natl Cancer Inst 2005;97:1180-1184; Altman DG et al., PLoS Med 2012;9:e1001216.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from myeloma import flow as flow_of
from myeloma.report import words
from myeloma.report.cells import Cell, Table, table
from myeloma.report.dossier import COLUMNS
from myeloma.report.people import People
from myeloma.states import NOT_ASSESSABLE

#: Item of REMARK, where it stands (anchor, words), what stands there or what the paper must still say.
REMARK = (
    ("1", "Marker, objectives and hypotheses", "page-one", "Page one", "The question, and the primary family fixed before the groups were joined."),
    ("2", "Patients: source, stage, inclusion and exclusion", "who-is-in", "Who is in it", "Flow with reasons; the trial's inclusion criteria are in its protocol, not here."),
    ("3", "Treatments received", "safety-chapter", "Safety", "Doses by drug and every change of a dose, where a dosing table was given."),
    ("4", "Specimens: type, handling, storage", "measures", "Quality", "Samples by assay and tissue with their gates. Handling and storage are not recorded here: from the laboratory."),
    ("5", "Assay methods, quality control, blinding", "quality", "Quality", "Gates, versions and thresholds. Whether the laboratory was blinded to outcome is not recorded here."),
    ("6", "Study design, follow-up", "primary-endpoint", "Primary endpoint", "Single arm; median follow-up by reverse Kaplan-Meier. Dates of recruitment: Missing values, enrolment."),
    ("7", "Clinical endpoints, defined", "clinical-rule-sets", "Endpoints under every rule set", "Definitions and censoring rules in the analysis plan below."),
    ("8", "Candidate variables", "comparison", "Comparison", "Every abnormality that was looked for, with its family."),
    ("9", "Sample size, power", "comparison", "Comparison", "No sample size was planned for this comparison; the detectable odds ratio stands beside each row."),
    ("10", "Statistical methods, missing data", "definitions", "Definitions", "Tests, families, landmark; not assessable leaves the denominator and is counted."),
    ("11", "Handling of marker values, cut-points", "config", "Configuration", "Every threshold of this run; none was chosen on these data."),
    ("12", "Flow of patients, numbers in each analysis", "who-is-in", "Who is in it", "A reason for every patient who is out."),
    ("13", "Demographic and disease characteristics, numbers missing", "table-one", "Table 1", "By response group, and with against without DNA and RNA; numbers missing."),
    ("14", "Relation of markers to standard variables", "interaction", "Interaction with known risk", "Markers against known risk; co-occurrence below it."),
    ("15", "Univariable results with estimates and intervals", "comparison", "Comparison", "Odds and hazard ratios with intervals for every row."),
    ("16", "Multivariable results", "primary-checks", "Checks of the primary family", "Adjusted odds ratios; not fitted where there are too few patients, and said."),
    ("17", "Estimates of effect with intervals for all variables", "comparison", "Comparison", "All rows, also those without a finding."),
    ("18", "Further investigations, sensitivity", "primary-sensitivity", "Sensitivity", "Other definitions of the groups, per protocol, purity, tumour-only; other rule sets under Response and survival."),
    ("19", "Interpretation, limits", "may-not", "What may not be said", "Always on page one."),
    ("20", "Implications for future research", "", "", "Not by a workflow: for the authors."),
)  # fmt: skip
#: Columns of patients.tsv that may be empty without being missing: what did not happen, or applies to some.
MAY_BE_EMPTY = ("patient", "deviation", "group", "end_of_induction", "end_of_treatment", "end_of_treatment_reason",
                "new_therapy_date", "death_date", "death_cause")  # fmt: skip


def remark(places: Iterable[str]) -> Table:
    """REMARK item by item; a link only where the page has the place."""
    known = set(places)
    rows = []
    for number, item, place, where, what in REMARK:
        found = Cell(where, None, place) if place in known else Cell(where if place else "not in this report")
        rows.append([Cell(number, float(number)), item, found, what])
    return table(
        "remark",
        "Reporting of this marker study after REMARK",
        ["Item", "What to report", "Where", "What stands there"],
        rows,
    )


def missing(seen: Mapping[str, Any], details: Sequence[Mapping[str, Any]], people: People) -> Table:
    """How often each patient's characteristic, endpoint, sample and call is missing, and in whom."""
    enrolled = set(flow_of.members(seen["flow"], "enrolled"))
    details = [p for p in details if p["patient"] in enrolled]
    everybody = [p["patient"] for p in details]
    rows: list[list] = []

    def add(part: str, name: str, without: Iterable[str], why: str = "") -> None:
        without = list(without)
        of = len(everybody)
        share = Cell(f"{words.percent(len(without) / of, of)} %", len(without) / of) if of else ""
        rows.append(
            [name, part, people.cell(len(without), f"patients without: {name}", without), of, share, why]
        )

    for name in details[0] if details else ():
        if name not in MAY_BE_EMPTY:
            said = COLUMNS.get(name, name.replace("_", " ").capitalize())
            add(
                "characteristic",
                said,
                [p["patient"] for p in details if words.missing(p[name])],
                "not recorded in patients.tsv",
            )
    for analysis in ("response", "dna", "rna"):
        inside = set(flow_of.members(seen["flow"], analysis))
        add(
            "analysis",
            flow_of.ANALYSES[analysis],
            [p for p in everybody if p not in inside],
            "see the flow for each reason",
        )
    have = {
        e: set(rows_["patient"])
        for e, rows_ in seen["endpoints"].dropna(subset=["days", "event"]).groupby("endpoint")
    }
    for endpoint in ("TTP", "PFS", "OS"):
        add(
            "endpoint",
            endpoint,
            [p for p in everybody if p not in have.get(endpoint, set())],
            "no start or no record to follow",
        )
    states: dict[str, dict[str, tuple[str, str]]] = {}
    for r in seen["abnormalities"].itertuples():
        states.setdefault(r.abnormality, {})[r.patient] = (r.state, r.kind)
    for name, of_patient in states.items():
        kind = next(iter(of_patient.values()))[1]
        without = [p for p in everybody if of_patient.get(p, (NOT_ASSESSABLE, ""))[0] == NOT_ASSESSABLE]
        add(
            "abnormality",
            words.abnormality(name, kind),
            without,
            "not assessable: reason on each patient's page",
        )
    rows = rows if everybody else []
    columns = ["What", "Part", "Missing", "Of", "Share", "Why"]
    return table("missing-values", "Missing values over all enrolled patients; nothing was filled in", columns, rows, ["Missing", "Of", "Share"],
                 empty="Nobody is enrolled.")  # fmt: skip
