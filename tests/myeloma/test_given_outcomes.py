"""Times to event and best responses as given: where they stand, what they decide, what is refused."""

from datetime import date

import pandas as pd
import pytest
import yaml
from small_trial import Trial

from myeloma import (
    association,
    flow,
    given_checks,
    given_outcomes,
    groups,
    outcomes,
    sheets,
    summary,
    tables,
    visits,
)
from myeloma.cohort import load_cohort
from myeloma.states import EARLY, NEITHER, NOT_EVALUABLE, POOR

MONTH = 30.4375
COLUMNS = ["patient", "endpoint", "days", "months", "event", "censor_reason", "source", "sheet_line"]


@pytest.fixture
def config(project):
    return yaml.safe_load((project / "config/config.yaml").read_text())


def given(*rows, best=None):
    made = [dict.fromkeys(COLUMNS, "") | {"days": None, "months": None} | row for row in rows]
    frame = pd.DataFrame([r | {"sheet_line": i} for i, r in enumerate(made, 2)], columns=COLUMNS)
    return given_outcomes.Given(frame, best or {}, "endpoints.tsv", "patients.tsv")


def assess(config, outcomes_, patients=(), definition="A"):
    config["groups"]["definition"] = definition
    rows = list(patients) or [{"patient": p} for p in sorted(outcomes_.patients())]
    empty = pd.DataFrame(columns=["patient", "date"])
    made = groups.assess(pd.DataFrame(rows), empty, config, outcomes=outcomes_)
    return {n: tables.conform(f, getattr(tables, n.upper())) for n, f in made.items()}


def time(patient, months, event, endpoint="TTP", **more):
    return {"patient": patient, "endpoint": endpoint, "months": months, "event": event, **more}


def test_a_given_time_keeps_its_precision_and_names_file_and_line(config):
    made = assess(
        config,
        given(
            time("A", 69.24, 0, "OS", source="registry", censor_reason="alive"),
            {"patient": "B", "endpoint": "OS", "days": 61.0, "event": 1},
            time("C", 0.0, 1, "OS"),
        ),
    )["endpoints"].set_index("patient")
    assert made["months"].tolist() == pytest.approx([69.24, 61 / MONTH, 1 / MONTH])
    assert made["days"].tolist() == [2107, 61, 1]  # 69.24 x 30.4375 = 2107.49
    assert made["event"].tolist() == [0, 1, 1] and set(made["rule_set"]) == {"trial"}
    assert made.loc["A", "source_record"] == "given: endpoints.tsv:2, registry"
    assert made.loc["A", "censor_reason"] == "as given: alive" and made.loc["A", "start_date"] == ""
    assert "counted as day 1" in made.loc["C", "source_record"]


def test_the_main_rule_set_takes_them(config):
    config["endpoints"]["rule_set"] = "fda"
    made = assess(config, given(time("A", 6.0, 1)))["endpoints"]
    assert made["rule_set"].tolist() == ["fda"]


def test_definitions_b_and_c_are_made_from_given_times_and_a_cannot(config):
    # B: 12 and 6 months. C: Kaplan-Meier of 3, 8 (event), 14, 20: S(3) = .75, S(8) = .5, so the median is 8
    rows = [time("A", 3.0, 1), time("B", 8.0, 1), time("C", 14.0, 0), time("D", 20.0, 0), time("E", 5.0, 0)]
    found = given(*rows[:4])
    by = assess(config, found)["groups_by_definition"].set_index(["definition", "patient"])["group"]
    assert by["B"].tolist() == [POOR, NEITHER, EARLY, EARLY]
    assert by["C"].tolist() == [POOR, POOR, EARLY, EARLY]
    assert set(by["A"]) == set(by["E"]) == {NOT_EVALUABLE}
    short = assess(config, given(*rows), definition="B")["response"].set_index("patient")
    assert (
        short.loc["E", "group"] == NOT_EVALUABLE and "as given, not derived" in short.loc["E", "decided_by"]
    )


def test_definition_d_works_with_nothing_but_a_list_and_survival(config):
    patients = [{"patient": "A", "group": EARLY}, {"patient": "B", "group": POOR}, {"patient": "C"}]
    made = assess(config, given(time("A", 30.0, 0, "OS")), patients, "D")["response"].set_index("patient")
    assert made["group"].tolist() == [EARLY, POOR, NOT_EVALUABLE]
    assert "without dates: no landmark" in made.loc["A", "landmark_reason"]
    assert made.loc["A", "maintenance"] == "not_known"


def test_a_given_best_response_counts_for_the_treatment_and_not_for_the_induction(config):
    found = given(best={"A": "VGPR", "B": "SD"})
    made = assess(config, found)
    seen = made["response"].set_index("patient")
    assert seen["best_confirmed_response"].tolist() == ["VGPR", "SD"]
    assert seen["best_confirmed_induction"].tolist() == ["NE", "NE"]
    assert set(seen["response_source"]) == {"given"}
    assert "as given, not derived" in seen.loc["A", "decided_by"]
    who = {"itt": ["A", "B"]}
    rates = association.response_rates(
        made["response"], who, 0.95, association.any_assessed(made["endpoints"])
    )
    rates = rates.set_index(["period", "rate"])
    assert set(rates.index.get_level_values("period")) == {"treatment"}
    assert rates.loc[("treatment", "ORR"), ["responders", "patients"]].tolist() == [1, 2]


def test_without_assessments_a_response_that_nobody_gives_is_not_known_and_no_failure(config):
    made = assess(config, given(time("C", 9.0, 0, "OS"), best={"A": "VGPR", "B": "SD"}))
    assert set(made["response"]["patient"]) == {"A", "B", "C"}
    who = {"itt": ["A", "B", "C"]}
    rates = association.response_rates(
        made["response"], who, 0.95, association.any_assessed(made["endpoints"])
    ).set_index("rate")
    assert rates.loc["ORR", ["responders", "patients", "not_known", "fraction"]].tolist() == [1, 2, 1, 0.5]


def test_in_a_mixed_cohort_given_responses_leave_the_induction_and_are_counted(config):
    response = pd.DataFrame(
        {
            "patient": ["A", "B", "C"],
            "best_confirmed_induction": ["NE", "PR", "SD"],
            "best_confirmed_treatment": ["VGPR", "PR", "SD"],
            "response_source": ["given", "assessments", "assessments"],
            "maintenance": "no",
        }
    )
    made = association.response_rates(response, {"itt": ["A", "B", "C"]}, 0.95)
    made = made.set_index(["period", "rate"])[["responders", "patients", "not_known"]]
    assert made.loc[("induction", "ORR")].tolist() == [1, 2, 1]
    assert made.loc[("treatment", "ORR")].tolist() == [2, 3, 0]


def test_a_patient_known_by_its_given_time_is_treated_and_nobody_else_without_a_first_dose(config):
    made = assess(config, given(time("A", 30.0, 0, "OS")), [{"patient": "A"}, {"patient": "B"}])
    empty = {n: tables.empty(getattr(tables, n.upper())) for n in ("samples", "qc", "abnormalities")}
    rows = [{"patient": p, "c1d1": ""} for p in "AB"]
    rules = {"definition": "A", "landmark_days": 91, "rule_set": "trial"}
    seen = flow.build(
        rows,
        empty["samples"],
        [],
        empty["qc"],
        made["response"],
        made["endpoints"],
        empty["abnormalities"],
        rules,
    ).set_index(["patient", "analysis"])
    assert seen.loc[("A", "treated"), "included"] == "yes"
    assert seen.loc[("B", "treated"), "reason"] == "never treated: no first dose recorded"
    assert "without dates" in seen.loc[("A", "landmark"), "reason"]


def test_incidence_needs_both_times_and_a_response_needs_an_onset(config):
    found = given(time("A", 5.0, 1), time("A", 5.0, 1, "PFS"), time("B", 7.0, 1, "PFS"))
    made = assess(config, found)
    who = pd.DataFrame({"patient": ["A", "B"], "analysis": "itt", "included": "yes", "reason": ""})
    curves = outcomes.incidence(made["endpoints"], who, {"confidence": 0.95}, "trial")
    # B's event may be progression or death: it is in neither curve; nobody's response has a date
    assert set(curves["analysis"]) == {"progression"} and curves["at_risk"].max() == 1


# ---------------------------------------------------------------- the sheets


@pytest.fixture
def trial(tmp_path, project):
    return Trial(tmp_path, project)


def test_a_computed_time_is_never_overwritten_and_the_message_names_both(trial):
    line = trial.add("endpoints", patient="P01", endpoint="TTP", months="9", event="1")
    problem = trial.the_problem()
    assert (problem.file, problem.line, problem.field) == ("endpoints.tsv", line, "endpoint")
    assert "is computed for P01 from assessments.tsv:2" in problem.message


def test_survival_with_dates_of_follow_up_is_computed(trial):
    trial.sheets["assessments"] = [r for r in trial.sheets["assessments"] if r[0] != "P03"]
    trial.add("endpoints", patient="P03", endpoint="OS", months="9", event="0")
    assert "patients.tsv:4 (last_contact 2022-10-01)" in trial.the_problem().message


@pytest.mark.parametrize(
    ("cells", "field", "said"),
    [
        ({"event": "1"}, "months", "no time"),
        ({"months": "3", "event": "2"}, "event", "implausible"),
        ({"months": "3"}, "event", "is empty"),
        ({"months": "3", "event": "1", "censor_reason": "lost"}, "censor_reason", "but event is 1"),
        ({"months": "-3", "event": "1"}, "months", "implausible"),
    ],
)
def test_rows_that_say_nothing_clear_are_refused(trial, cells, field, said):
    trial.add("endpoints", patient="P04", endpoint="PFS", **cells)
    problem = trial.the_problem()
    assert problem.field == field and said in problem.message


def test_one_row_per_patient_and_endpoint(trial):
    trial.add("endpoints", patient="P04", endpoint="TTP", months="9", event="1")
    assert "as in line 2" in trial.the_problem().message


def test_a_given_response_beside_assessments_is_refused(trial):
    trial.set("patients", 2, "given_best_response", "CR")
    problem = trial.the_problem()
    assert problem.field == "given_best_response" and "assessments.tsv:2" in problem.message
    trial.set("patients", 2, "given_best_response", "")
    trial.set("patients", 5, "given_best_response", "CR")
    assert trial.load().patient("P04").given_best_response == "CR"


def test_ids_alone_make_a_cohort_without_samples_and_genome(trial):
    trial.sheets = {"patients": [["patient"], ["P1"], ["P2"]]}
    trial.write()
    trial.config["sheets"] = {"patients": "patients.tsv", "samples": "", "units": ""}
    trial.config["reference"]["fasta"] = ""
    trial.config["kits"] = {}
    seen = load_cohort(trial.settings(), check_files=False)
    assert seen.patient_ids == ("P1", "P2") and seen.samples == ()
    assert seen.sheet_frame(None, "endpoints").empty


def test_nobody_is_given_anything_by_default(config):
    rows = [{"patient": "A", "c1d1": date(2024, 1, 1), "last_contact": date(2024, 6, 1)}]
    made = groups.assess(pd.DataFrame(rows), pd.DataFrame(columns=["patient", "date"]), config)
    assert set(made["response"]["response_source"]) == {"none"}
    assert not made["endpoints"]["source_record"].str.startswith("given").any()
    assert visits.day(made["endpoints"]["start_date"].iloc[0]) == date(2024, 1, 1)


def test_the_summary_says_what_is_given_and_what_cannot_be_made_of_it(trial):
    trial.config["sheets"]["assessments"] = ""
    said = summary.text(trial.load(), trial.settings())
    assert "with times as given          1" in said and "with calls as given          1" in said
    assert "used as given, not derived: groups B, C and D only" in said
    trial.config["sheets"]["endpoints"] = ""
    assert "no response, no groups, no comparison" in summary.text(trial.load(), trial.settings())


LIMITS = {"time_tolerance_days": 15, "days_per_month": 30.4375}


def contradictions(*rows):
    """(endpoint, field) of the problems that the order of given times has."""
    sheet = sheets.Sheet("endpoints.tsv", [])
    blank = {"patient": "A", "days": None}
    for line, row in enumerate(rows, 2):
        values = blank | row
        written = {k: "" if v is None else str(v) for k, v in values.items()}
        sheet.rows.append(sheets.Row(line, values, written))
    given_checks._order(sheet, LIMITS)
    given_checks._unit(sheet, 120)
    return [(p.line, p.field) for p in sheet.problems]


def test_given_times_that_contradict_each_other_are_refused():
    assert contradictions(time("A", 10.0, 1, "PFS"), time("A", 8.0, 0, "OS")) == [(2, "months")]
    assert contradictions(time("A", 10.0, 0, "PFS"), time("A", 10.0, 1, "OS")) == [(2, "event")]
    assert contradictions(time("A", 12.0, 1), time("A", 5.0, 1, "PFS")) == [(2, "months")]
    assert contradictions(time("A", 12.0, 0), time("A", 5.0, 1, "PFS")) == []
    # rounded: 10.4 months against 10.0 are 12 days
    assert contradictions(time("A", 10.4, 1, "PFS"), time("A", 10.0, 0, "OS")) == []
    assert contradictions(time("A", 10.6, 1, "PFS"), time("A", 10.0, 0, "OS")) == [(2, "months")]


def test_days_in_the_column_of_months_are_noticed():
    assert contradictions(time("A", 310.0, 1), time("B", 408.0, 0)) == [(2, "months")]
    assert contradictions(time("A", 130.0, 1), time("B", 40.0, 0)) == []
    assert contradictions(time("A", 5.0, 1, "PFS"), time("A", 5.0, 1, "OS")) == []
