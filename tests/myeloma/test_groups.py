"""Rules of analysis 3: definitions A to E, precedence, follow-up, landmark. Values are made up."""

import datetime

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from myeloma import groups, tables
from myeloma.states import EARLY, NEITHER, NOT_EVALUABLE, POOR

C1D1 = datetime.date(2021, 3, 1)
BASE = {"serum_m_g_l": 30.0, "urine_m_mg_24h": 100.0}
LEVEL = {"VGPR": 2.0, "PR": 12.0, "MR": 20.0, "SD": 29.0, "PD": 60.0}


@pytest.fixture(scope="module")
def config(project):
    return yaml.safe_load((project / "config/config.yaml").read_text())


def on(days):
    return C1D1 + datetime.timedelta(days=days)


def rows_of(name, visits):
    """Assessments from (day after C1D1, level); NE is a visit that could not be evaluated."""
    made = [{"patient": name, "date": C1D1, **BASE, "evaluable": ""}]
    for days, level in visits:
        values = {"serum_m_g_l": LEVEL.get(level), "urine_m_mg_24h": 50.0}
        made.append({"patient": name, "date": on(days), **values, "evaluable": "no" if level == "NE" else ""})
    return made


def assess(config, people, **settings):
    """people: name -> (visits, facts of the patient)."""
    patients = pd.DataFrame([{"patient": n, "c1d1": C1D1} | facts for n, (_, facts) in people.items()])
    rows = [row for name, (visits, _) in people.items() for row in rows_of(name, visits)]
    config = config | {"groups": config["groups"] | settings}
    return groups.assess(patients, pd.DataFrame(rows), config)


def one(config, *visits, definition="A", **facts):
    """Row of response.tsv of a cohort of one."""
    made = assess(config, {"P": (visits, facts)}, definition=definition)
    return tables.conform(made["response"], tables.RESPONSE).iloc[0]


STOPPED = {"end_of_treatment": on(30), "end_of_treatment_reason": "toxicity"}


# ---------------------------------------------------------------- definition A


@pytest.mark.parametrize(("days", "group"), [(21, EARLY), (49, EARLY), (50, NEITHER)])
def test_early_is_onset_by_two_cycles_and_a_window(config, days, group):
    row = one(config, (days, "PR"), (days + 21, "PR"), (days + 42, "PR"))
    assert row["group"] == group
    assert f"PR on {on(days)}" in row["decided_by"] and "12 g/L" in row["decided_by"]


@pytest.mark.parametrize(("days", "group"), [(84, POOR), (85, EARLY)])
def test_progression_within_four_cycles_beats_an_early_response(config, days, group):
    row = one(config, (21, "PR"), (42, "PR"), (days, "PD"), (days + 21, "PD"))
    assert row["best_confirmed_response"] == "PR"
    assert row["group"] == group


def test_limits_follow_the_cycle_length(config):
    longer = config | {"trial": config["trial"] | {"induction": {"cycles": 12, "cycle_days": 28}}}
    visits = (63, "PR"), (84, "PR"), (112, "PD"), (133, "PD")
    assert one(config, *visits)["group"] == NEITHER
    assert one(longer, *visits)["group"] == POOR  # 4 x 28 = 112
    assert one(longer, *visits[:2], (113, "PD"), (133, "PD"))["group"] == EARLY  # 2 x 28 + 7 = 63
    assert "C1D1 + 63 days (2 cycles of 28, and 7)" in one(longer, *visits)["rule"]


def test_death_from_myeloma_is_poor_within_the_window_only(config):
    early = (21, "PR"), (42, "PR")
    assert one(config, *early, death_date=on(84), death_cause="myeloma")["group"] == POOR
    assert one(config, *early, death_date=on(85), death_cause="myeloma")["group"] == EARLY
    assert one(config, *early, death_date=on(84), death_cause="other")["group"] == EARLY
    assert one(config, death_date=on(10), death_cause="myeloma")["group"] == POOR


def test_best_confirmed_sd_is_poor(config):
    steady = [(days, "SD") for days in (21, 42, 63, 84)]
    assert one(config, *steady)["group"] == POOR
    assert one(config, *steady[:1], **STOPPED)["group"] == POOR
    assert one(config, *[(days, "MR") for days in (21, 42, 63, 84)])["group"] == NEITHER
    looser = config | {
        "groups": config["groups"] | {"A": config["groups"]["A"] | {"poor_best_at_most": "MR"}}
    }
    assert one(looser, *[(days, "MR") for days in (21, 42, 63, 84)])["group"] == POOR


def test_early_level_is_a_parameter(config):
    stricter = config | {"groups": config["groups"] | {"A": config["groups"]["A"] | {"early_level": "VGPR"}}}
    visits = (21, "PR"), (42, "PR"), (63, "PR"), (84, "PR")
    assert one(config, *visits)["group"] == EARLY
    assert one(stricter, *visits)["group"] == NEITHER


def test_sd_of_an_ongoing_treatment_is_not_yet_a_best_response(config):
    row = one(config, (21, "SD"), (42, "SD"))
    assert row["group"] == NOT_EVALUABLE and "shorter than 84 days" in row["decided_by"]
    assert one(config, (21, "SD"), (42, "SD"), (63, "SD"), (77, "SD"))["group"] == POOR


@pytest.mark.parametrize(("last", "group"), [(83, NOT_EVALUABLE), (84, NEITHER)])
def test_neither_needs_the_whole_window(config, last, group):
    assert one(config, (21, "MR"), (42, "MR"), (last, "MR"))["group"] == group


@pytest.mark.parametrize(
    "visits",
    [
        [(21, "PR")],
        [(21, "NE"), (42, "PR")],
        [(21, "PD")],
        [(21, "PR"), (42, "PD")],
        [(21, "SD"), (42, "PR")],
        [(21, "SD"), (106, "PR")],
    ],
)
def test_unconfirmed_evidence_is_never_poor(config, visits):
    row = one(config, *visits, **STOPPED)
    assert row["group"] == NOT_EVALUABLE and "unconfirmed" in row["decided_by"]


def test_sd_for_the_whole_window_is_poor_whatever_the_last_visit_says(config):
    visits = [(days, "SD") for days in (21, 42, 63, 84)]
    assert one(config, *visits, (105, "PR"))["group"] == POOR
    assert one(config, *visits, (105, "PD"))["group"] == POOR


def test_nobody_assessed_is_not_evaluable(config):
    assert "no evaluable assessment" in one(config)["decided_by"]
    row = one(config, (21, "NE"), **STOPPED)
    assert row["group"] == NOT_EVALUABLE and row["best_response"] == "NE"
    assert "never treated" in one(config, c1d1=None, enrolment_date=C1D1)["decided_by"]


def test_progression_confirmed_by_the_end_of_treatment_decides(config):
    facts = {"end_of_treatment": on(60), "end_of_treatment_reason": "progression"}
    row = one(config, (21, "PR"), (42, "PR"), (63, "PD"), **facts)
    assert row["group"] == POOR and row["progression_date"] == str(on(63))
    assert "PD on" in row["decided_by"] and "60 g/L" in row["decided_by"]
    facts["end_of_treatment_reason"] = "toxicity"
    row = one(config, (21, "PR"), (42, "PR"), (63, "PD"), **facts)
    assert row["group"] == EARLY and row["unconfirmed_progression_date"] == str(on(63))


# ---------------------------------------------------------------- definitions B to E


def monthly(level, until, last="PD"):
    return [*((days, level) for days in range(28, until, 28)), (until, last), (until + 21, last)]


@pytest.mark.parametrize(
    ("visits", "group"),
    [
        (monthly("PR", 181), POOR),  # 182 days = 5.98 months
        (monthly("PR", 182), NEITHER),  # 183 days = 6.01 months
        (monthly("PR", 364), NEITHER),
        (monthly("PR", 365), EARLY),  # progression on day 366 = 12.02 months
        (monthly("PR", 200, "PR"), NOT_EVALUABLE),
        (monthly("SD", 365, "SD"), EARLY),
    ],
)
def test_definition_b(config, visits, group):
    assert one(config, *visits, definition="B")["group"] == group


def test_definition_c_by_median_and_tertile(config):
    days = {"P1": 100, "P2": 200, "P3": 300, "P4": 400, "P5": 500, "P6": 600}
    people = {name: (monthly("PR", until), {}) for name, until in days.items()}
    by = assess(config, people, definition="C")["response"].set_index("patient")["group"]
    assert list(by) == [POOR, POOR, POOR, EARLY, EARLY, EARLY]
    thirds = assess(config, people, definition="C", C={"split": "tertile"})["response"]["group"]
    assert list(thirds) == [POOR, POOR, NEITHER, NEITHER, EARLY, EARLY]


def test_definition_c_with_censoring_and_a_median_not_reached(config):
    people = {
        "P1": (monthly("PR", 100), {}),
        "P2": (monthly("PR", 200, "PR"), {}),
        "P3": (monthly("PR", 700, "PR"), {}),
        "P4": (monthly("PR", 800, "PR"), {}),
    }
    by = assess(config, people, definition="C")["response"].set_index("patient")["group"]
    assert list(by) == [POOR, NOT_EVALUABLE, NOT_EVALUABLE, NOT_EVALUABLE]


def test_patients_taken_out_do_not_move_the_limits_of_c(config):
    people = {f"P{n}": (monthly("PR", 100 * n), {}) for n in range(1, 6)}
    patients = pd.DataFrame([{"patient": n, "c1d1": C1D1} for n in people])
    rows = pd.DataFrame([row for name, (v, _) in people.items() for row in rows_of(name, v)])
    config = config | {"groups": config["groups"] | {"definition": "C"}}
    full = groups.assess(patients, rows, config)["response"].set_index("patient")["group"]
    less = groups.assess(patients, rows, config, {"P1", "P2"})["response"].set_index("patient")["group"]
    assert (full["P3"], full["P4"]) == (POOR, EARLY)
    assert (less["P3"], less["P4"], less["P5"]) == (POOR, POOR, EARLY)


def test_kaplan_meier_time_counts_censoring():
    """By hand: S = 4/5 at 1, then 2 of 3 at risk remain after 3 (4/5 x 2/3 = 0.533), 0.267 after 4."""
    times = [(1, True), (2, False), (3, True), (4, True), (5, False)]
    assert groups.kaplan_meier_time(times, 0.8) == 1
    assert groups.kaplan_meier_time(times, 0.5) == 4
    assert groups.kaplan_meier_time(times, 0.2) == float("inf")


def test_definition_d_is_the_list(config):
    assert one(config, (21, "PR"), definition="D", group=POOR)["group"] == POOR
    assert one(config, (21, "PR"), definition="D")["group"] == NOT_EVALUABLE
    assert one(config, (21, "PR"), definition="D", group="PR")["group"] == NOT_EVALUABLE


@pytest.mark.parametrize(
    ("visits", "group"),
    [
        (monthly("VGPR", 400, "VGPR"), EARLY),
        (monthly("PR", 400, "PR"), NEITHER),
        (monthly("VGPR", 300, "VGPR"), NOT_EVALUABLE),
        (monthly("VGPR", 300), NEITHER),
        (monthly("VGPR", 84), POOR),
        (monthly("SD", 400, "SD"), POOR),
    ],
)
def test_definition_e(config, visits, group):
    assert one(config, *visits, definition="E")["group"] == group


def test_the_rule_and_its_parameters_stand_in_every_row(config):
    for definition in groups.DEFINITIONS:
        row = one(config, (21, "PR"), (42, "PR"), definition=definition)
        assert row["rule"].startswith(f"{definition}: ") and row["decided_by"]


def test_sensitivity_table_says_who_changes_group(config):
    people = {"P1": (monthly("PR", 150), {}), "P2": (monthly("PR", 400, "PR"), {})}
    made = tables.conform(assess(config, people)["groups_by_definition"], tables.GROUPS_BY_DEFINITION)
    assert len(made) == 10
    row = made.set_index(["patient", "definition"])
    assert row.loc[("P1", "A"), ["group", "chosen", "differs"]].tolist() == [EARLY, "yes", "no"]
    assert row.loc[("P1", "B"), ["group", "chosen", "differs"]].tolist() == [POOR, "no", "yes"]
    assert row.loc[("P2", "B"), "differs"] == "no"


# ---------------------------------------------------------------- landmark


def landmark(config, *visits, **facts):
    row = one(config, *visits, **facts)
    return row["landmark_group"], row["landmark_reason"]


LATER = [(days, "PR") for days in (105, 126)]


def test_landmark_group_uses_only_visits_up_to_it(config):
    assert landmark(config, (21, "PR"), (42, "PR"), *LATER) == (EARLY, "")
    # onset in the window, but the confirming visit comes after the landmark
    row = one(config, (49, "PR"), *LATER)
    assert (row["group"], row["landmark_group"]) == (EARLY, NOT_EVALUABLE)
    assert landmark(config, (49, "PR"), (91, "PR"), *LATER) == (EARLY, "")
    steady = [(days, "SD") for days in (21, 42, 63, 82)]
    row = one(config, *steady, (105, "VGPR"), (126, "VGPR"))
    assert (row["group"], row["landmark_group"]) == (NEITHER, POOR)


@pytest.mark.parametrize(
    ("visits", "facts", "reason"),
    [
        ([(21, "PR"), (42, "PR"), (84, "PD"), (105, "PD")], {}, "progression on"),
        ([(21, "PR"), (42, "PR"), (91, "PD"), (105, "PD")], {}, "progression on"),
        ([(21, "PR"), (42, "PR")], {"death_date": on(80), "death_cause": "other"}, "death on"),
        ([(21, "PR"), (42, "PR"), (84, "PR")], {}, "last adequate assessment"),
    ],
)
def test_events_and_censoring_before_the_landmark_are_left_out(config, visits, facts, reason):
    group, why = landmark(config, *visits, **facts)
    assert group == "" and why.startswith(reason)


def test_no_landmark_where_survival_defines_the_group(config):
    for definition in ("B", "C", "E"):
        row = one(config, (21, "PR"), (42, "PR"), *LATER, definition=definition)
        assert (row["landmark_group"], row["landmark_reason"]) == (
            "",
            "the group is defined by this endpoint",
        )
    assert one(config, (21, "PR"), (105, "PR"), definition="D", group=POOR)["landmark_group"] == POOR


# ---------------------------------------------------------------- the tables


def test_every_patient_has_a_row_and_the_tables_keep_their_contracts(config, tmp_path):
    people = {"P1": (monthly("PR", 150), {}), "P2": ([], {}), "P3": ([], {"c1d1": None})}
    made = assess(config, people)
    for name, frame in made.items():
        tables.write(frame, tmp_path / f"{name}.tsv", getattr(tables, name.upper()))
    assert list(made["response"]["patient"]) == ["P1", "P2", "P3"]


def test_without_assessments_nobody_is_evaluable(config):
    patients = pd.DataFrame([{"patient": "P", "c1d1": C1D1, "last_contact": on(9)}])
    made = groups.assess(patients, pd.DataFrame(columns=["patient", "date"]), config)
    row = made["response"].iloc[0]
    assert (row["best_confirmed_response"], row["group"]) == ("NE", NOT_EVALUABLE)
    assert "no assessments given" in row["decided_by"]
    assert list(made["endpoints"]["endpoint"].unique()) == ["OS"]
    for name, frame in made.items():
        tables.conform(frame, getattr(tables, name.upper()))


def test_the_data_cut_of_the_config_is_applied(config):
    people = {"P": ([(21, "PR"), (42, "PR"), (63, "PD"), (84, "PD")], {})}
    patients = pd.DataFrame([{"patient": "P", "c1d1": C1D1}])
    rows = pd.DataFrame(rows_of("P", people["P"][0]))
    early = config | {"trial": config["trial"] | {"data_cut": str(on(62))}}
    assert groups.assess(patients, rows, early)["response"]["group"].iloc[0] == EARLY
    assert groups.assess(patients, rows, config)["response"]["group"].iloc[0] == POOR


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [("response", "nadir", "comfirmed"), ("response", "unconfirmed_pd", "PD"), ("groups", "definition", "F")],
)
def test_a_misspelt_switch_is_refused(config, section, key, value):
    wrong = config | {section: config[section] | {key: value}}
    with pytest.raises(ValueError, match=f"{section}.{key}"):
        groups.rules_of(wrong)


COURSE = st.lists(st.sampled_from(["VGPR", "PR", "MR", "SD", "NE"]), min_size=0, max_size=3)


@settings(max_examples=60, deadline=None)
@given(COURSE, st.sampled_from(["progression", "death"]))
def test_an_early_progressor_is_unfavourable_under_every_definition(config, course, how):
    """Beside five patients who do well, so that an early event is below any cohort limit of C."""
    visits = [(14 * (n + 1), level) for n, level in enumerate(course)]
    facts = {"death_date": on(70), "death_cause": "myeloma"} if how == "death" else {}
    visits += [(63, "PD"), (70, "PD")] if how == "progression" else []
    people = {f"P{n}": (monthly("VGPR", 500 + n), {}) for n in range(5)} | {"X": (visits, facts)}
    made = assess(config, people)["groups_by_definition"]
    mine = made[(made["patient"] == "X") & (made["definition"] != "D")]
    assert list(mine["group"]) == [POOR] * 4
