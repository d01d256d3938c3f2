"""Where every patient is: a row for every analysis, a reason for every exit."""

import pandas as pd
import pytest
from tests import fabricate

from myeloma import flow, tables, translocations
from myeloma.report import checklist, clinical, expression_classes, sections
from myeloma.report.cells import Anchors
from myeloma.report.people import People
from myeloma.states import EARLY, NEITHER, NOT_EVALUABLE, POOR

RULES = {"definition": "A", "landmark_days": 91, "rule_set": "trial"}


def build(made, exclusions=(), rules=RULES, **frames):
    names = ("samples", "qc", "response", "endpoints", "abnormalities")
    seen = {name: frames.get(name, made.frames[name]) for name in names}
    table = flow.build(made.patients, exclusions=list(exclusions), rules=rules, **seen)
    return table.set_index(["patient", "analysis"])


SHAPES = [
    {}, {"n": 1}, {"n": 0, "names": []}, {"clinical": False}, {"dna": False}, {"rna": False},
    {"dna": False, "rna": False, "clinical": False}, {"n": 60, "seed": 9},
]  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_every_patient_is_in_every_row_and_every_no_has_a_reason(shape):
    made = fabricate.cohort(**shape)
    table = made.frames["flow"]
    assert len(table) == len(made.patients) * len(flow.ANALYSES)
    assert (table.loc[table["included"] == "no", "reason"] != "").all()
    assert (table.loc[table["included"] == "yes", "reason"] == "").all()
    assert table.loc[table["included"] == "no", "reason"].str.contains(": ").all()  # class: detail


@pytest.mark.parametrize("shape", SHAPES)
def test_each_patient_is_in_exactly_one_group(shape):
    table = fabricate.cohort(**shape).frames["flow"]
    groups = table[table["analysis"].isin(flow.GROUP_OF) & (table["included"] == "yes")]
    assert groups.groupby("patient").size().eq(1).all()
    assert groups["patient"].nunique() == table["patient"].nunique()


@pytest.fixture
def made():
    """Four patients: early, poor, neither, not evaluable; everything usable."""
    cohort = fabricate.cohort(n=4, seed=1)
    response = cohort.frames["response"]
    response["group"] = [EARLY, POOR, NEITHER, NOT_EVALUABLE]
    response["best_response"] = ["PR", "SD", "MR", "NE"]
    response["landmark_group"], response["landmark_reason"] = (
        [EARLY, POOR, NEITHER, ""],
        ["", "", "", "left: x"],
    )
    endpoints = cohort.frames["endpoints"]
    endpoints["days"] = 200
    return cohort


def ids(made):
    return [p["patient"] for p in made.patients]


def test_groups_and_comparison(made):
    table = build(made)
    a, b, c, d = ids(made)
    for patient, analysis in ((a, "early"), (b, "poor"), (c, "neither"), (d, "not_evaluable")):
        assert table.loc[(patient, analysis), "included"] == "yes"
    assert flow.compared_groups(table.reset_index()) == {a: EARLY, b: POOR}
    assert table.loc[(c, "comparison_dna"), "reason"].startswith("is neither early nor poor: ")
    assert table.loc[(d, "response"), "reason"].startswith("no evaluable assessment after the start: ")


def test_a_failed_gate_takes_the_patient_out_of_dna_with_the_numbers(made):
    a = ids(made)[0]
    qc = made.frames["qc"]
    qc.loc[(qc["sample"] == f"{a}.T") & (qc["gate"] == "median_target_depth"), ["value", "verdict"]] = [
        12,
        "fail",
    ]
    table = build(made)
    expected = f"quality gate failed: median_target_depth 12 against 30 ({a}.T)"
    assert table.loc[(a, "dna"), "reason"] == expected
    assert table.loc[(a, "comparison_dna"), "reason"] == expected
    assert table.loc[(a, "rna"), "included"] == "yes" and table.loc[(a, "early"), "included"] == "yes"


def test_a_gate_failed_by_the_normal_does_not_take_the_tumour_out(made):
    a = ids(made)[0]
    qc = made.frames["qc"]
    qc.loc[(qc["sample"] == f"{a}.N") & (qc["gate"] == "median_target_depth"), "verdict"] = "fail"
    assert build(made).loc[(a, "dna"), "included"] == "yes"


@pytest.mark.parametrize(
    "analysis, out, still_in",
    [
        (
            "all",
            ["itt", "treated", "response", "dna", "rna", "early", "comparison_dna", "landmark"],
            ["enrolled"],
        ),
        ("dna", ["dna", "comparison_dna"], ["rna", "early", "comparison_rna", "itt"]),
        ("comparison", ["early", "comparison_dna", "comparison_rna", "landmark"], ["dna", "rna", "response"]),
        ("response", ["response", "early", "landmark"], ["dna", "itt"]),
    ],
)
def test_exclusions_of_a_patient(made, analysis, out, still_in):
    a = ids(made)[0]
    table = build(made, [{"patient": a, "sample": "", "analysis": analysis, "reason": "consent withdrawn"}])
    for name in out:
        assert table.loc[(a, name), "reason"] == "excluded by the sheet: consent withdrawn", name
    for name in still_in:
        assert table.loc[(a, name), "included"] == "yes", name
    assert (a in flow.compared_groups(table.reset_index())) == (analysis == "dna")


def test_an_exclusion_of_one_sample_is_not_one_of_the_patient(made):
    a = ids(made)[0]
    row = {"patient": a, "sample": f"{a}.R", "analysis": "all", "reason": "swapped tube"}
    assert build(made, [row]).loc[(a, "itt"), "included"] == "yes"


def test_samples_that_cannot_be_used_say_why(made):
    a, b, *_ = ids(made)
    samples = made.frames["samples"]
    samples.loc[samples["sample"] == f"{a}.T", ["role", "reason"]] = ["other", "collected after C1D1"]
    samples = samples[samples["sample"] != f"{b}.T"]
    table = build(made, samples=samples)
    assert table.loc[(a, "dna"), "reason"] == f"no usable tumour DNA sample: {a}.T: collected after C1D1"
    assert table.loc[(b, "dna"), "reason"] == "no tumour DNA sample: none in the sheet"


def test_landmark_needs_the_patient_to_be_there(made):
    a, b, c, d = ids(made)
    endpoints = made.frames["endpoints"]
    endpoints.loc[(endpoints["patient"] == a) & (endpoints["endpoint"] == "TTP"), "days"] = 92
    table = build(made)
    assert table.loc[(a, "landmark"), "reason"].endswith("day 92 (landmark day 92)")
    assert table.loc[(b, "landmark"), "included"] == "yes"
    assert table.loc[(c, "landmark"), "reason"].startswith("is neither early nor poor at the landmark")
    assert table.loc[(d, "landmark"), "reason"] == "gone or not evaluable by the landmark: left: x"


@pytest.mark.parametrize("definition", flow.DEFINED_BY_TIME)
def test_groups_made_from_time_are_not_compared_over_time(made, definition):
    table = build(made, rules=RULES | {"definition": definition}).reset_index()
    rows = table[table["analysis"] == "landmark"]
    assert (rows["included"] == "no").all()
    assert rows["reason"].str.startswith("defined by this endpoint: ").all()


def test_qualifying_abnormality_is_confirmed_not_confirmed_or_not_assessable(made):
    calls = made.frames["abnormalities"]
    for patient, state in zip(made.patients, ["present", "absent", "not_assessable", "present"], strict=True):
        patient["qualifying_abnormality"] = "del(17p)"  # FISH notation, not the config's name
        calls.loc[(calls["patient"] == patient["patient"]) & (calls["abnormality"] == "del17p"), "state"] = (
            state
        )
    made.patients[3]["qualifying_abnormality"] = "del(5q)"
    table = build(made)
    a, b, c, d = ids(made)
    assert table.loc[(a, "qualifying_confirmed"), "included"] == "yes"
    assert table.loc[(b, "qualifying_confirmed"), "reason"].startswith("not confirmed by sequencing: ")
    assert table.loc[(c, "qualifying_confirmed"), "reason"].startswith("not assessable by sequencing: ")
    assert "not called by this run" in table.loc[(d, "qualifying_confirmed"), "reason"]


def test_fish_alone_confirms_no_qualifying_lesion(made):
    """The reason is the one that the adjudication writes, so that neither can change without the other."""
    _, _, words = translocations.adjudicate("not_assessable", "not_assessable", "not_assessable", "present")
    calls = made.frames["abnormalities"]
    here = (calls["patient"] == made.patients[0]["patient"]) & (calls["abnormality"] == "t(4;14)")
    assert here.sum() == 1
    calls.loc[here, ["state", "reason"]] = ["present", words]
    made.patients[0]["qualifying_abnormality"] = "t(4;14)"
    row = build(made).loc[(made.patients[0]["patient"], "qualifying_confirmed")]
    assert row["included"] == "no" and row["reason"].startswith("not assessable by sequencing: ")


def test_never_treated_stays_enrolled(made):
    made.patients[0]["c1d1"] = None
    table = build(made)
    a = ids(made)[0]
    assert table.loc[(a, "treated"), "reason"] == "never treated: no first dose recorded"
    assert table.loc[(a, "itt"), "included"] == "yes"


def test_the_table_keeps_its_contract(made):
    frame = build(made).reset_index()
    pd.testing.assert_frame_equal(tables.conform(frame, tables.FLOW), frame[tables.FLOW.names()].sort_values(
        ["patient", "analysis"], kind="stable").reset_index(drop=True), check_like=True)  # fmt: skip


def test_not_known_whether_maintenance_began_is_a_class_of_its_own(made):
    a, b, c, _ = ids(made)
    response = made.frames["response"].copy()
    response["maintenance"] = ["yes", "not_known", "no", "no"]
    table = build(made, response=response)
    assert table.loc[(a, "maintenance"), "included"] == "yes"
    assert table.loc[(b, "maintenance"), "reason"].startswith("not known whether maintenance began: ")
    assert table.loc[(c, "maintenance"), "reason"].startswith("did not enter maintenance: ")


def test_who_is_enrolled_after_the_data_cut_is_in_nothing_and_in_no_denominator(made):
    made.patients[0]["after_cut"] = "not yet enrolled: at the data cut 2024-01-01"
    table = build(made)
    rows = table.loc[ids(made)[0]]
    assert set(rows["included"]) == {"no"}
    assert set(rows["reason"]) == {"not yet enrolled: at the data cut 2024-01-01"}
    made.frames["flow"] = table.reset_index()
    box = sections.boxes(made.frames["flow"], made.frames["response"])
    assert box["enrolled"].n == 3 and sum(box[name].n for name in flow.GROUP_OF) == 3
    assert {
        box[name].of for name in ("treated", "dna", "rna", "early", "qualifying_confirmed", "landmark")
    } == {3}
    anchors = Anchors(ids(made))
    inside = sections.of_enrolled(made.frames | {"rule_set": "trial"})
    often = sections.frequencies(inside, {"TP53": "mutation"}).rows[0]
    assert often[3].value + often[5].value == 3
    said = {r[0].text: r[3].value for r in checklist.missing(inside, made.patients, People(anchors)).rows}
    assert set(said.values()) == {3}
    index = sections.patients_index(inside, anchors, ids(made)).rows
    assert index[0][1].text == "not yet enrolled at the data cut" and index[1][1].text == "Poor responder"


def test_an_excluded_responder_is_in_no_group_and_says_so(made):
    a, *_ = ids(made)
    table = build(made, [{"patient": a, "analysis": "comparison", "reason": "consent withdrawn"}])
    made.frames |= {"flow": table.reset_index(), "rule_set": "trial"}
    assert flow.response_groups(made.frames["flow"])[a] == flow.EXCLUDED
    anchors = Anchors(ids(made))
    for rows in (
        sections.matrix(made.frames, anchors, ["TP53"], {"TP53": "mutation"}).rows,
        sections.patients_index(made.frames, anchors, ids(made)).rows,
    ):
        assert {r[0].text: r[1].text for r in rows}[a] == "Excluded"
    assert clinical._groups(made.frames)[a] == flow.EXCLUDED
    figure = sections.response(made.frames)["figure"]
    assert "4 of 4 enrolled patients (intention to treat)" in figure.caption
    assert expression_classes.groups_of(made.frames)[a] == flow.EXCLUDED
