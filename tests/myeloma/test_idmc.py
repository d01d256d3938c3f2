"""Cuts of the monitoring committee and what is known at each. Patients are made up."""

import copy
import datetime

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from myeloma import idmc, safety, tables
from myeloma.settings import load

START = datetime.date(2021, 1, 4)
DAY = datetime.timedelta(days=1)
DATES = (
    "enrolment_date",
    "c1d1",
    "end_of_induction",
    "end_of_treatment",
    "new_therapy_date",
    "last_contact",
    "death_date",
)


@pytest.fixture(scope="module")
def config(project):
    return yaml.safe_load((project / "config/config.yaml").read_text())


@pytest.fixture(scope="module")
def limits(project):
    return str(project / "resources/ctcae_v4_laboratory.tsv")


def patient(number, c1d1=0, **more):
    """Enrolled 10 days apart; treated `c1d1` days after enrolment, None: never."""
    enrolled = START + 10 * number * DAY
    begun = None if c1d1 is None else enrolled + c1d1 * DAY
    base = dict.fromkeys(DATES) | {"patient": f"P{number:02d}", "age": 60.0, "enrolment_number": number}
    return (
        base
        | {"enrolment_date": enrolled, "c1d1": begun, "end_of_treatment_reason": "", "death_cause": ""}
        | more
    )


def dose(name, date, cycle=1, mg=3.0, drug="ixazomib", change="", why=""):
    return {"patient": name, "drug": drug, "date": date, "time": "", "cycle": float(cycle), "day": 1.0,
            "dose_mg": mg, "change": change, "change_reason": why}  # fmt: skip


def event(name, number, start, grade=3, end=None, **more):
    base = {f"{what}_{drug}": "no" for what in ("related", "action") for drug in tables.DRUGS}
    return {"patient": name, "ae": float(number), "soc": "Investigations", "term": "Platelet count decreased",
            "grade": float(grade), "start_date": start, "end_date": end, "serious": "no", "outcome": ""} | base | more  # fmt: skip


def value(name, date, platelets=40.0):
    return {"patient": name, "date": date, "parameter": "platelets", "value": platelets, "unit": "10^9/L",
            "low_normal": 150.0, "high_normal": 400.0}  # fmt: skip


EMPTY = {"dosing": dose("x", START), "adverse_events": event("x", 1, START), "laboratory": value("x", START)}


def clinical(patients, dosing=(), adverse_events=(), laboratory=(), assessments=()):
    given = {"dosing": dosing, "adverse_events": adverse_events, "laboratory": laboratory}
    frames = {n: pd.DataFrame(list(rows), columns=list(EMPTY[n])) for n, rows in given.items()}
    visits = pd.DataFrame(list(assessments), columns=["patient", "date", "haemoglobin_g_l"])
    return idmc.Clinical(pd.DataFrame(patients, dtype=object), visits, **frames)


TEN = [patient(n) for n in range(1, 13)]


def cuts(config, seen, data_cut, **more):
    made = idmc.cuts(idmc.known_at(seen, data_cut), data_cut, config["safety"] | more, 21)
    return tables.conform(made, tables.IDMC_CUTS)


def test_first_cut_is_cycle_two_of_the_tenth_patient(config):
    tenth = TEN[9]["c1d1"]
    seen = clinical(
        TEN, [dose("P10", tenth), dose("P10", tenth + 25 * DAY, cycle=2), dose("P11", tenth + 31 * DAY, 2)]
    )
    made = cuts(config, seen, tenth + 400 * DAY)
    assert made.loc[0, "cut"] == str(tenth + 25 * DAY) and made.loc[0, "kind"] == "first"
    assert made.loc[0, "basis"] == "patient 10 by enrolment, P10: C2D1"
    # 2021-05-09, then 6 and 12 months later; the data cut closes the list
    assert list(made["cut"]) == ["2021-05-09", "2021-11-09", "2022-05-09", str(tenth + 400 * DAY)]
    assert list(made["kind"]) == ["first", "regular", "regular", "data cut"]


def test_first_cut_without_a_second_cycle_is_21_days_after_the_start(config):
    made = cuts(config, clinical(TEN), TEN[9]["c1d1"] + 60 * DAY)
    assert made.loc[0, "cut"] == str(TEN[9]["c1d1"] + 21 * DAY)
    assert "no dose of cycle 2" in made.loc[0, "basis"]


def test_ties_of_enrolment_go_by_number_not_by_row(config):
    same = [p | {"enrolment_date": START, "c1d1": START + i * DAY} for i, p in enumerate(reversed(TEN))]
    made = cuts(config, clinical(same), START + 200 * DAY)
    assert "P10" in made.loc[0, "basis"]  # reversed rows: P10 started on START + 2
    assert made.loc[0, "cut"] == str(START + 23 * DAY)


def test_a_tenth_patient_who_has_not_started_yet_is_waited_for(config):
    """P10 enrolled on 1 February, C1D1 on 1 March; P11 enrolled later and began on 3 February."""
    people = [p | {"enrolment_date": START + i * DAY, "c1d1": START + i * DAY} for i, p in enumerate(TEN)]
    first, start = datetime.date(2021, 2, 1), datetime.date(2021, 3, 1)
    people[9] |= {"enrolment_date": first, "c1d1": start}
    people[10] |= {"enrolment_date": first + 2 * DAY, "c1d1": first + 2 * DAY}
    people[11] |= {"enrolment_date": first + 9 * DAY, "c1d1": first + 9 * DAY}
    seen = clinical(people)
    early = cuts(config, seen, datetime.date(2021, 2, 27))
    assert list(early["kind"]) == ["data cut"]
    assert (
        "patient 10 by enrolment, P10, has not started and nothing says that it never will"
        in early.loc[0, "note"]
    )
    later = cuts(config, seen, datetime.date(2021, 4, 30))
    assert later.loc[0, ["cut", "kind"]].tolist() == ["2021-03-22", "first"]
    assert "P10" in later.loc[0, "basis"]


P11_C2D1 = TEN[10]["c1d1"] + 21 * DAY


@pytest.mark.parametrize(
    ("evidence", "withdrawn", "cut"),
    [
        ({"death_date": P11_C2D1 - 9 * DAY}, {}, P11_C2D1),
        ({"death_date": P11_C2D1 + 9 * DAY}, {}, P11_C2D1 + 9 * DAY),  # known only then
        ({"new_therapy_date": P11_C2D1 - 9 * DAY}, {}, P11_C2D1),
        ({}, {"P10": str(P11_C2D1 - 9 * DAY)}, P11_C2D1),
        ({}, {"P10": str(P11_C2D1 + 9 * DAY)}, P11_C2D1 + 9 * DAY),
    ],
)
def test_a_tenth_patient_who_never_starts_is_passed_over_from_the_day_it_is_known(
    config, evidence, withdrawn, cut
):
    people = [p | ({"c1d1": None} | evidence if p["patient"] == "P10" else {}) for p in TEN]
    made = cuts(config, clinical(people), START + 400 * DAY, withdrawn_before_treatment=withdrawn)
    assert made.loc[0, ["cut", "kind"]].tolist() == [str(cut), "first"]
    assert "1 enrolled before and never treated, passed over" in made.loc[0, "basis"]
    before = cuts(config, clinical(people), cut - DAY, withdrawn_before_treatment=withdrawn)
    assert list(before["kind"]) == ["data cut"]


def test_without_evidence_an_untreated_patient_is_never_passed_over(config):
    people = [p | {"c1d1": None} if p["patient"] == "P10" else p for p in TEN]
    made = cuts(config, clinical(people), START + 400 * DAY)
    assert list(made["kind"]) == ["data cut"] and "withdrawn_before_treatment" in made.loc[0, "note"]


@pytest.mark.parametrize(
    ("withdrawn", "message"),
    [({"P99": "2021-02-01"}, "P99 is no patient"), ({"P01": "2021-02-01"}, "P01 was treated")],
)
def test_a_withdrawal_before_treatment_must_be_of_an_untreated_patient(config, withdrawn, message):
    with pytest.raises(ValueError, match=f"safety.withdrawn_before_treatment: {message}"):
        cuts(config, clinical(TEN), START + 400 * DAY, withdrawn_before_treatment=withdrawn)


def test_fewer_than_ten_enrolled_is_said(config):
    made = cuts(config, clinical(TEN[:9]), START + 300 * DAY, extra_cuts=["2021-03-01"])
    assert list(made["kind"]) == ["extra", "data cut"]
    assert list(made["note"]) == [
        "fewer than 10 patients enrolled: 5", "fewer than 10 patients enrolled: 9",
    ]  # fmt: skip


def test_an_extra_cut_after_the_data_cut_is_refused(config):
    with pytest.raises(ValueError, match="safety.extra_cuts: 2030-01-01 is after the data cut"):
        cuts(config, clinical(TEN), START + 300 * DAY, extra_cuts=["2030-01-01"])


def test_a_data_cut_of_the_command_line_takes_the_place_of_the_configs(config, project, tmp_path):
    made = load({**config, "data_cut": "2021-06-30"}, project, tmp_path)
    assert made["trial"]["data_cut"] == "2021-06-30" and config["trial"]["data_cut"] == ""
    assert load(config, project, tmp_path)["trial"]["data_cut"] == ""


def package(config, seen, cut):
    made = tables.conform(idmc.package(seen, cut, config["trial"], config["safety"]), tables.IDMC)
    return made.set_index(["measure", "drug"])


def test_numbers_of_a_cut_by_hand(config):
    """Cut on day 100 of the trial: 9 of 12 enrolled by then (days 10 to 120), P03 untreated."""
    cut = START + 95 * DAY
    people = [
        p | ({"c1d1": None} if p["patient"] == "P03" else {})
        | ({"death_date": START + 90 * DAY, "death_cause": "other"} if p["patient"] == "P01" else {})
        | ({"death_date": START + 96 * DAY, "death_cause": "myeloma"} if p["patient"] == "P02" else {})
        for p in TEN
    ]  # fmt: skip
    dosing = [dose("P01", START + 10 * DAY), dose("P02", START + 20 * DAY), dose("P12", START + 120 * DAY)]
    dosing += [dose("P01", START + 14 * DAY, mg=2.3, change="reduced", why="adverse_event")]
    dosing += [dose("P02", START + 24 * DAY, mg=0.0, change="stopped", why="adverse_event")]
    dosing += [dose("P02", START + 96 * DAY, mg=0.0, drug="pomalidomide", change="stopped")]
    events = [
        event("P01", 1, START + 20 * DAY, 2, serious="yes"),
        event("P02", 1, START + 95 * DAY, 5),
        event("P04", 1, START + 96 * DAY, 3),
    ]
    made = package(config, clinical(people, dosing, events), cut)
    patients = made["patients"]
    assert patients[("enrolled", "any")] == 9 and patients[("treated", "any")] == 8
    assert patients[("died", "any")] == patients[("died, cause other", "any")] == 1
    assert patients[("serious", "any")] == 1 and made.loc[("serious", "any"), "of"] == 8
    assert patients[("grade 3 or more", "any")] == 1
    assert patients[("grade 5", "any")] == 0 and made.loc[("grade 5", "any"), "unknown"] == 1
    assert patients[("dose reduced", "ixazomib")] == 1
    assert (
        patients[("discontinued", "ixazomib")] == patients[("discontinued for an adverse event", "any")] == 1
    )
    assert patients[("discontinued", "pomalidomide")] == 0
    assert made.loc[("dose reduced", "any"), "unknown"] == 6  # treated, without a dosing row
    assert made.loc[("serious", "any"), "high"] == pytest.approx(0.5265097, abs=1e-6)  # R: binom.test(1, 8)


def test_an_event_that_ends_after_the_cut_has_no_end_and_no_outcome():
    events = [event("P01", 1, START, 3, START + 5 * DAY, outcome="recovered")]
    seen = clinical(TEN, adverse_events=events)
    then = idmc.known_at(seen, START + 4 * DAY).adverse_events.iloc[0]
    assert then["end_date"] is None and then["outcome"] is None and then["grade"] == 3
    assert idmc.known_at(seen, START + 5 * DAY).adverse_events.iloc[0]["outcome"] == "recovered"
    assert seen.adverse_events.iloc[0]["outcome"] == "recovered"


def test_sheets_that_are_not_given_leave_their_tables_empty(config, limits, tmp_path):
    whole = clinical(
        TEN,
        [dose("P01", START + 10 * DAY)],
        [event("P01", 1, START + 12 * DAY)],
        [value("P01", START + 12 * DAY)],
    )
    alone = idmc.Clinical(whole.patients, whole.assessments)
    made, none = (safety.assess(seen, config, limits) for seen in (whole, alone))
    for name, contract in safety.CONTRACTS.items():
        tables.write(made[name], tmp_path / name, contract)
        tables.write(none[name], tmp_path / f"none_{name}", contract)
        assert len(made[name]) or name == "dose_changes"
        assert not len(none[name]) or name.startswith("idmc")
    assert set(none["idmc"]["section"]) == {"patients"}


def test_nobody_at_all(config, limits):
    made = safety.assess(clinical([patient(1, enrolment_date=None, c1d1=None)]), config, limits)
    assert all(frame.empty for frame in made.values())


# ---------------------------------------------------------------- nothing dated after the cut changes a byte

CUT = START + 100 * DAY
BASE = {
    "patients": [
        p | ({"end_of_treatment": CUT + 3 * DAY, "end_of_treatment_reason": "toxicity"} if i == 1 else {})
        | ({"death_date": CUT + 9 * DAY, "death_cause": "myeloma"} if i == 2 else {})
        for i, p in enumerate(TEN)
    ],
    "dosing": [dose(p["patient"], p["c1d1"] + k * DAY, 1 + k // 21, 3.0 if k < 40 else 2.3)
               for p in TEN for k in (0, 3, 21, 42, 63, 84)],
    "adverse_events": [event(p["patient"], k, p["c1d1"] + 20 * k * DAY, 1 + k, p["c1d1"] + 30 * k * DAY, outcome="recovered")
                       for p in TEN for k in (1, 2, 3, 4)],
    "laboratory": [value(p["patient"], p["c1d1"] + k * DAY, 200.0 - 3 * k) for p in TEN for k in (0, 21, 42, 63)],
}  # fmt: skip
LATER = st.integers(1, 500).map(lambda days: CUT + days * DAY)


@st.composite
def edited(draw):
    """The clinical tables with anything dated after the cut changed, removed or added."""
    made = copy.deepcopy(BASE)
    for row in made["patients"]:
        for name in DATES:
            if row[name] is not None and row[name] <= CUT:
                continue
            row[name] = draw(st.none() | LATER)
            if name == "end_of_treatment":
                row["end_of_treatment_reason"] = (
                    draw(st.sampled_from(["", "toxicity", "completed"])) if row[name] else ""
                )
            if name == "death_date":
                row["death_cause"] = draw(st.sampled_from(["", "myeloma", "other"])) if row[name] else ""
    for name, column in (("dosing", "date"), ("adverse_events", "start_date"), ("laboratory", "date")):
        known = [row for row in made[name] if row[column] <= CUT]
        later = [row for row in made[name] if row[column] > CUT and draw(st.booleans())]
        for row in later:
            row[column] = draw(LATER)
            if name == "adverse_events":
                row.update(
                    grade=float(draw(st.integers(1, 5))),
                    serious=draw(st.sampled_from(["yes", "no"])),
                    end_date=None,
                )
        if name == "dosing" and draw(st.booleans()):
            later.append(dose("P01", draw(LATER), 9, 0.0, change="stopped"))
        made[name] = known + later
    for row in made["adverse_events"]:
        if row["end_date"] is not None and row["end_date"] > CUT:
            row["end_date"] = draw(LATER)
            row["outcome"] = draw(st.sampled_from(["", "recovered", "fatal"]))
    return made


def written(rows, config, folder):
    """Bytes of the cut's tables: the committee's, and every table of a run with this data cut."""
    seen = clinical(**rows)
    tables.write(idmc.package(seen, CUT, config["trial"], config["safety"]), folder / "idmc.tsv", tables.IDMC)
    run = {"trial": config["trial"] | {"data_cut": str(CUT)}, "safety": config["safety"]}
    made = safety.assess(seen, run, str(folder / "limits.tsv"))
    for name, contract in safety.CONTRACTS.items():
        tables.write(made[name], folder / f"run_{name}.tsv", contract)
    return {path.name: path.read_bytes() for path in folder.glob("*.tsv")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, limits):
    made = tmp_path_factory.mktemp("cut")
    with open(limits) as handle:
        (made / "limits.tsv").write_text(handle.read())
    return made


@pytest.fixture(scope="module")
def before(config, folder):
    return written(BASE, config, folder)


@settings(max_examples=12, deadline=None)
@given(rows=edited())
def test_nothing_dated_after_the_cut_changes_a_byte(config, folder, before, rows):
    assert written(rows, config, folder) == before


def test_the_cut_is_the_same_as_tables_truncated_by_hand(config, folder, before):
    rows = copy.deepcopy(BASE)
    for row in rows["patients"]:
        for name in DATES:
            if row[name] is not None and row[name] > CUT:
                row[name] = None
        row |= {"end_of_treatment_reason": "", "death_cause": ""}
    for name, column in (("dosing", "date"), ("adverse_events", "start_date"), ("laboratory", "date")):
        rows[name] = [row for row in rows[name] if row[column] <= CUT]
    for row in rows["adverse_events"]:
        if row["end_date"] > CUT:
            row |= {"end_date": None, "outcome": ""}
    assert written(rows, config, folder) == before


def test_an_earlier_date_does_change_the_numbers(config, folder, before):
    """The comparison above can fail."""
    rows = copy.deepcopy(BASE)
    rows["dosing"].append(dose("P01", CUT, 5, 0.0, change="stopped", why="adverse_event"))
    rows["patients"][2] |= {"death_date": CUT, "death_cause": "other"}
    after = written(rows, config, folder)
    assert after["idmc.tsv"] != before["idmc.tsv"] and after["run_exposure.tsv"] != before["run_exposure.tsv"]


def test_the_data_cut_that_is_told_is_the_latest_date_of_all_sheets_or_the_given_one():
    """A last laboratory value stands in no visit and in no endpoint: only the cuts of safety know it."""
    endpoints = pd.DataFrame({"end_date": ["2024-01-01", ""]})
    visits = pd.DataFrame({"date": ["2024-02-01"]})
    cuts = pd.DataFrame({"cut": ["2023-06-01", "2024-03-01"]})
    assert idmc.told_cut("", endpoints, visits, cuts) == "2024-03-01"
    assert idmc.told_cut("2023-12-31", endpoints, visits, cuts) == "2023-12-31"
    assert idmc.told_cut("", endpoints, visits, cuts.iloc[:0]) == "2024-02-01"
    assert idmc.told_cut("", endpoints.iloc[:0], visits.iloc[:0], cuts.iloc[:0]) == ""
