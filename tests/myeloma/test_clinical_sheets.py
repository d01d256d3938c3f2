"""Sheets of the treatment phase: what they give, in which unit, and what is refused."""

import csv
from datetime import date, timedelta
from decimal import Decimal

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_trial import Trial

from myeloma import clinical_checks, clinical_notes, groups, laboratory, sheets, summary, tables
from myeloma import cohort as module
from myeloma import visits as visits_module


@pytest.fixture
def trial(tmp_path, project):
    return Trial(tmp_path, project)


def test_sheet_frames_have_types_and_one_unit(trial):
    seen = trial.load()
    doses = seen.sheet_frame(None, "dosing")
    assert doses["date"].iloc[0] == date(2021, 3, 4) and doses["dose_mg"].tolist() == [3, 3, 40, 0, 4]
    assert doses["time"].tolist()[:2] == ["08:30", ""] and doses["sheet_line"].tolist() == [2, 3, 4, 5, 6]
    values = seen.sheet_frame(None, "laboratory").set_index("parameter")
    assert values.loc["haemoglobin", ["value", "low_normal", "high_normal"]].tolist() == [97, 120, 160]
    assert values.loc["haemoglobin", "unit"] == "g/L" and values.loc["platelets", "value"] == 45
    blood = seen.sheet_frame(None, "concentrations")
    assert blood["value_ng_ml"].isna().tolist() == [False, True]
    assert seen.sheet_frame(None, "adverse_events")["grade"].tolist() == [3]
    with pytest.raises(KeyError):
        seen.sheet_frame(None, "doses")


@pytest.mark.parametrize("name", module.CLINICAL)
def test_sheet_that_is_not_given_is_an_empty_frame_with_its_columns(trial, name):
    trial.config["sheets"][name] = ""
    seen = trial.load()
    assert not trial.settings().has_sheet(name)
    frame = seen.sheet_frame(None, name)
    assert frame.empty and list(frame.columns) == [*sheets.schema(name)["properties"], "sheet_line"]


def test_units_table_and_schema_name_the_same(project):
    with open(project / "resources/laboratory_units.tsv", newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    known = sheets.schema("laboratory")["properties"]
    assert {r["parameter"] for r in rows} == set(known["parameter"]["enum"])
    assert {r["unit"] for r in rows} == set(known["unit"]["enum"])
    assert len({(r["parameter"], r["unit"]) for r in rows}) == len(rows)
    for row in rows:
        assert laboratory.conversions()[row["parameter"], row["to_unit"]].factor == 1


# What is refused: sheet, line, column, value, part of the message

REFUSED = [
    ("dosing", 2, "patient", "P99", "unknown patient"),
    ("dosing", 3, "dose_mg", "3000", "outside 0 to 500"),
    ("dosing", 3, "dose_mg", "30", "more than 3 times the planned 4 mg"),
    ("dosing", 3, "date", "2021-03-08", "puts C1D1 on 2021-03-05"),
    ("dosing", 3, "date", "2021-02-27", "before c1d1"),
    ("dosing", 5, "dose_mg", "3", "but 3 mg were taken"),
    ("dosing", 5, "change", "", "without a change"),
    ("dosing", 2, "time", "8h30", "expected form"),
    ("dosing", 6, "patient", "P04", "never treated"),
    ("dosing", 6, "cycle", "0", "outside 1 to 400"),
    ("patients", 2, "end_of_treatment", "2021-03-06", "after end_of_treatment of P01 (2021-03-06)"),
    ("adverse_events", 2, "grade", "6", "outside 1 to 5"),
    ("adverse_events", 2, "start_date", "2021-02-20", "before enrolment_date"),
    ("adverse_events", 2, "end_date", "2021-03-09", "before start_date"),
    ("adverse_events", 2, "outcome", "fatal", "but the outcome is fatal"),
    ("adverse_events", 2, "end_date", "", "is empty, but the outcome is recovered"),
    ("laboratory", 3, "unit", "mg/dL", "is no unit of haemoglobin"),
    ("laboratory", 3, "value", "97", "implausible: 970 g/L"),
    ("laboratory", 2, "high_normal", "400000", "no upper limit of normal of platelets"),
    ("laboratory", 2, "low_normal", "450", "is not above low_normal"),
    ("concentrations", 2, "below_lloq", "yes", "but below_lloq is yes"),
    ("concentrations", 3, "below_lloq", "no", "is empty, but below_lloq is no"),
    ("concentrations", 2, "value_ng_ml", "0.2", "is below the limit (0.5 ng/mL)"),
    ("concentrations", 2, "patient", "P02", "no dose of it taken by P02"),
    ("concentrations", 2, "date", "2021-03-01", "before c1d1"),
    ("subsequent_therapy", 2, "start_date", "2022-04-20", "new_therapy_date in patients.tsv is 2022-03-20"),
    ("patients", 2, "new_therapy_date", "", "new_therapy_date in patients.tsv is empty"),
]


@pytest.mark.parametrize(("sheet", "line", "column", "value", "message"), REFUSED)
def test_what_is_refused_and_how_it_is_said(trial, sheet, line, column, value, message):
    trial.set(sheet, line, column, value)
    found = trial.problems()
    where = {(p.field, p.file.split("/")[-1]) for p in found}
    assert any(message in p.message and p.fix for p in found), "\n".join(map(str, found))
    assert len(found) <= 2, where


def test_all_problems_at_once(trial):
    for sheet, line, column, value, _ in (REFUSED[2], REFUSED[12], REFUSED[16], REFUSED[20], REFUSED[25]):
        trial.set(sheet, line, column, value)
    assert {p.file for p in trial.problems()} == {f"{name}.tsv" for name in module.CLINICAL}


@pytest.mark.parametrize("name", clinical_checks.KEYS)
def test_a_repeated_key_and_a_date_after_death_are_refused(trial, name):
    rows = trial.sheets[name]
    rows.append(list(rows[1]))
    assert any("as in line 2" in p.message for p in trial.problems())
    rows.pop()
    trial.set("patients", 2, "death_date", "2021-03-01")
    assert any("after the death" in p.message and p.file == f"{name}.tsv" for p in trial.problems())


def test_a_dose_with_and_one_without_time_on_one_day_are_refused(trial):
    """Ixazomib of line 2 stands at 08:30: the same dose written again without its time is 6 mg, not 3."""
    first = {"patient": "P01", "drug": "ixazomib", "date": "2021-03-04", "cycle": "1", "day": "1"}
    trial.add("dosing", **first, dose_mg="3")
    problem = trial.the_problem()
    assert (problem.field, problem.value) == ("time", "")
    assert "line 2 has ixazomib on 2021-03-04 at 08:30" in problem.message


def test_two_timed_doses_of_one_day_are_taken(trial):
    first = {"patient": "P01", "drug": "ixazomib", "date": "2021-03-04", "cycle": "1", "day": "1"}
    trial.add("dosing", **first, time="20:30", dose_mg="3")
    trial.load()


def test_a_cycle_that_starts_before_the_one_before_it(trial):
    trial.add(
        "dosing",
        patient="P01",
        drug="ixazomib",
        date="2021-03-04",
        time="10:00",
        cycle="2",
        day="1",
        dose_mg="3",
    )
    assert "not after cycle 1 (2021-03-04" in trial.the_problem().message


def test_death_by_an_event_needs_the_date_of_death(trial):
    for column, value in (("grade", "5"), ("outcome", "fatal"), ("serious", "yes")):
        trial.set("adverse_events", 2, column, value)
    assert "has no death_date" in trial.the_problem().message


def test_therapy_sheet_without_the_therapy_of_patients(trial):
    trial.set("patients", 4, "new_therapy_date", "2022-01-10")
    problem = trial.the_problem()
    assert problem.value == "P03" and "2022-01-10" in problem.message


def test_radiotherapy_is_no_new_therapy(trial):
    trial.add("subsequent_therapy", patient="P03", line="1", start_date="2021-09-01", kind="radiotherapy")
    trial.load()


def test_doses_outside_the_regimen_and_revealing_ids_are_said_not_refused(trial):
    trial.set("dosing", 3, "date", "2021-03-08")
    trial.set("dosing", 3, "day", "5")
    trial.set("dosing", 4, "dose_mg", "60")
    said = "\n".join(summary.notes(trial.load(), trial.settings()))
    assert "P01: 1 dose of ixazomib on days outside the induction regimen (C1D5)" in said
    assert "P01: 1 dose of dexamethasone above the planned amount (C1D1)" in said
    assert clinical_notes.REVEALING.search("800123456") and clinical_notes.REVEALING.search("DUP-19560312")
    assert not clinical_notes.REVEALING.search("IPD-001")


def test_records_after_the_last_contact_and_terms_in_two_spellings_are_said(trial):
    trial.set("patients", 2, "last_contact", "2022-03-10")
    trial.add(
        "adverse_events", patient="P01", ae="2", soc="Blood", term="Platelet Count decreased", grade="1",
        start_date="2021-03-10", serious="no",
    )  # fmt: skip
    trial.add(
        "adverse_events", patient="P01", ae="3", soc="Blood", term="Platelet count decreased", grade="1",
        start_date="2021-04-10", serious="no",
    )  # fmt: skip
    said = "\n".join(summary.notes(trial.load(), trial.settings()))
    assert "P01: subsequent_therapy has a record of 2022-03-20, after last_contact (2022-03-10)" in said
    assert "one term in several spellings: Platelet Count decreased, Platelet count decreased" in said
    assert "Platelet count decreased stands under several organ classes: Blood, Investigations" in said


def test_circulating_plasma_cells_in_percent_are_said_to_decide_nothing(trial):
    trial.set("assessments", 3, "circulating_plasma_cells_percent", "2")
    assert any("circulating_pc_per_ul" in s for s in summary.notes(trial.load(), trial.settings()))


def test_implausible_values_are_listed(trial):
    trial.set("laboratory", 2, "value", "2")
    trial.set("assessments", 3, "haemoglobin_g_dl", "4.1")
    frame = tables.conform(clinical_notes.implausible(trial.load()), tables.IMPLAUSIBLE_VALUES)
    assert frame[["sheet", "line", "name", "value", "unit"]].values.tolist() == [
        ["assessments", 3, "haemoglobin_g_l", 41.0, "g/L"],
        ["laboratory", 2, "platelets", 2.0, "10^9/L"],
    ]
    assert set(clinical_notes.plausible()) <= clinical_notes.known_names()


def test_a_lower_limit_of_zero_is_taken(trial):
    """GGT 0-55 U/L."""
    for column, value in (
        ("parameter", "ggt"), ("value", "30"), ("unit", "U/L"), ("low_normal", "0"), ("high_normal", "55"),
    ):  # fmt: skip
        trial.set("laboratory", 2, column, value)
    trial.load()


@pytest.mark.parametrize(
    ("parameter", "unit", "value", "refused"),
    [
        ("neutrophils", "/mm3", "1.5", True),
        ("neutrophils", "/uL", "19", True),
        ("neutrophils", "/mm3", "0", False),
        ("neutrophils", "/mm3", "20", False),
        ("neutrophils", "10^9/L", "0.01", False),
        ("leukocytes", "/uL", "4.2", True),
        ("lymphocytes", "/mm3", "0.8", True),
        ("platelets", "/mm3", "150", True),
        ("platelets", "/uL", "4000", False),
    ],
)
def test_a_count_per_mm3_that_is_one_per_nanolitre_is_refused(trial, parameter, unit, value, refused):
    """Without an upper limit of normal only the value itself can show it."""
    for column, text in (
        ("parameter", parameter), ("value", value), ("unit", unit), ("low_normal", ""), ("high_normal", ""),
    ):  # fmt: skip
        trial.set("laboratory", 2, column, text)
    if not refused:
        trial.load()
        return
    problem = trial.the_problem()
    assert problem.field == "value" and f"per mm3 or uL is too few for {parameter}" in problem.message
    assert "10^9/L" in problem.fix


def test_implausible_values_after_the_data_cut_are_not_known(trial):
    """Platelets of 10 March 2021; a visit of the same day as the cut stays; a patient enrolled later has no weight yet."""
    trial.set("laboratory", 2, "value", "2")
    trial.set("assessments", 3, "haemoglobin_g_dl", "4.1")
    trial.set("patients", 4, "weight_kg", "27")
    cells = dict(zip(trial.sheets["assessments"][0], trial.sheets["assessments"][2], strict=True))
    visit = date.fromisoformat(cells["date"])
    enrolled = date(2021, 5, 2)
    seen = trial.load()
    everything = clinical_notes.implausible(seen)
    assert set(everything["name"]) == {"platelets", "haemoglobin_g_l", "weight_kg"}
    for cut in (
        date(2021, 3, 9),
        date(2021, 3, 10),
        visit - timedelta(1),
        visit,
        enrolled,
        date(2021, 5, 10),
    ):
        known = set(clinical_notes.implausible(seen, cut)["name"])
        assert ("platelets" in known) == (cut >= date(2021, 3, 10))
        assert ("haemoglobin_g_l" in known) == (cut >= visit)
        assert ("weight_kg" in known) == (cut >= date(2021, 5, 10))  # weight at C1D1


def test_notes_of_the_check_know_the_data_cut(trial):
    trial.set("laboratory", 2, "value", "2")
    assert any("platelets = 2" in s for s in summary.notes(trial.load(), trial.settings()))
    trial.config["trial"]["data_cut"] = "2021-03-09"
    assert not any("platelets" in s for s in summary.notes(trial.load(), trial.settings()))


def test_calcium_in_mmol_under_mg_is_refused(trial):
    trial.set("assessments", 3, "calcium_mg_dl", "2.4")
    assert "mmol/L in a column of mg/dL" in trial.the_problem().message


def test_without_sheets_the_summary_says_what_is_off(trial):
    for name in module.CLINICAL:
        trial.config["sheets"][name] = ""
    said = summary.switched_off(trial.load(), trial.settings())
    assert sum(s.startswith("sheets.") for s in said) == 5


# Units


@given(data=st.data())
@hypothesis.settings(
    max_examples=25, deadline=None, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)
def test_other_units_change_no_response(data, project, tmp_path_factory):
    """The response of made-up visits is the same whatever units the quantities are written in."""
    other = data.draw(st.sets(st.sampled_from(module.UNITS_OF_MEASURE)))
    numbers = st.decimals("0.1", "80", places=1)
    visits = [
        {
            "serum_m_g_l": data.draw(numbers),
            "urine_m_mg_24h": data.draw(st.decimals(10, 3000, places=0)),
            "kappa_mg_l": data.draw(numbers),
            "lambda_mg_l": data.draw(numbers),
            "haemoglobin_g_l": data.draw(st.decimals(80, 160, places=0)),
        }
        for _ in range(data.draw(st.integers(2, 6)))
    ]
    visits[0] |= {"serum_m_g_l": Decimal(40), "urine_m_mg_24h": Decimal(900)}
    assert answers(visits, set(), project, tmp_path_factory) == answers(
        visits, other, project, tmp_path_factory
    )


def answers(visits, other, project, folders):
    """Response tables as text of one patient whose visits are written in the units `other`."""
    trial = Trial(folders.mktemp("units"), project)
    names = list(visits[0])
    second = {first: (name, factor) for first, name, factor in other}
    header = ["patient", "date", *(second.get(n, (n,))[0] for n in names)]
    rows = [header]
    for number, visit in enumerate(visits):
        day = (date(2021, 3, 4) + timedelta(days=21 * number)).isoformat()
        cells = [visit[n] / second[n][1] if n in second else visit[n] for n in names]
        rows.append(["P01", day, *(f"{c:f}" for c in cells)])
    trial.sheets["assessments"] = rows
    seen, made = trial.load(), trial.settings()
    out = groups.assess(
        visits_module.patients_frame(seen.patients), seen.assessments_frame(made), made.values, set()
    )
    return {name: frame.to_csv(index=False) for name, frame in out.items()}


def test_unread_clinical_sheets_cannot_be_asked_for(trial):
    trial.set("dosing", 2, "dose_mg", "abc")
    trial.write()
    seen = module.load_cohort(trial.settings(), check_files=False, clinical=False)
    with pytest.raises(ValueError, match="left unread"):
        seen.sheet_frame(None, "dosing")
