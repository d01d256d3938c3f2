"""ADaM-like datasets: values by hand, the three file formats agree, what is missing is said, a cut cuts."""

from datetime import date
from math import isnan

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal
from small_trial import Trial

from myeloma import adam, adam_files, adam_names, safety, sheets, summary, tables

FLOW = pd.DataFrame(
    [
        (f"P0{n}", name, "yes" if name in ("enrolled", "itt") or n < 4 else "no", "")
        for n in (1, 2, 3, 4)
        for name in ("enrolled", "itt", "treated", "per_protocol")
    ],
    columns=["patient", "analysis", "included", "reason"],
)
RESPONSE = pd.DataFrame(
    [("P01", "VGPR", "PR", "PR", "PR", "EARLY_RESPONDER", ""), ("P02", "NE", "NE", "NE", "NE", "NOT_EVALUABLE", "")],
    columns=[
        "patient", "best_response", "best_confirmed_response", "best_confirmed_induction",
        "best_confirmed_treatment", "group", "landmark_group",
    ],
)  # fmt: skip
VISITS = pd.DataFrame(
    [
        ("P01", "2021-03-01", "screening", -2, "baseline", "baseline", "baseline", None, ""),
        ("P01", "2021-03-25", "C2D1", 22, "induction", "PR", "PR", "2021-04-15", "serum é " + "x" * 300),
    ],
    columns=["patient", "date", "visit", "day", "phase", "level", "confirmed_level", "confirmed_by", "decided_by"],
)  # fmt: skip
TIMES = pd.DataFrame(
    [
        ("P01", "TTP", "trial", "2021-03-04", "2021-09-04", 185, 185 / 30.4375, 1, "", "confirmed PD", "row"),
        ("P01", "DoR", "fda", "2021-03-25", "2021-09-04", 164, 164 / 30.4375, 0, "cut", "", "row"),
    ],
    columns=[
        "patient", "endpoint", "rule_set", "start_date", "end_date", "days", "months", "event",
        "censor_reason", "event_reason", "source_record",
    ],
)  # fmt: skip
READ = {"flow": FLOW, "response": RESPONSE, "visits": VISITS, "endpoints": TIMES}


@pytest.fixture
def trial(tmp_path, project):
    made = Trial(tmp_path, project)
    made.set("patients", 2, "height_cm", "160")
    made.set("patients", 2, "weight_kg", "64")
    return made


def made(trial):
    settings = trial.settings()
    return adam.make(adam_names.datasets(settings), trial.load(), settings, READ)


def test_subjects(trial):
    frame = made(trial)["adsl"].set_index("USUBJID")
    one, never = frame.loc["P01"], frame.loc["P04"]
    assert (one["SEX"], one["AGE"], one["AGEU"]) == ("F", 67, "YEARS")
    assert one["BMIBL"] == pytest.approx(64 / 1.6**2)
    assert one["TRTSDT"] == date(2021, 3, 4) and one["TRTEDT"] == date(2022, 3, 1)
    assert (one["SAFFL"], one["RESPGR"], one["DTHFL"], one["TRT01A"]) == ("Y", "EARLY_RESPONDER", "N", "IPd")
    assert never["TRTSDT"] is None and (never["SAFFL"], never["ITTFL"], never["TRT01A"]) == ("N", "Y", "")
    assert frame.loc["P02", "DTHDT"] == date(2021, 9, 1) and frame.loc["P02", "DTHCAUS"] == "myeloma"


def test_study_days_have_no_day_0():
    start = date(2021, 3, 4)
    assert adam.study_day(start, start) == 1 and adam.study_day(date(2021, 3, 3), start) == -1
    assert isnan(adam.study_day(None, start)) and isnan(adam.study_day(start, None))


def test_responses(trial):
    frame = made(trial)["adrs"].set_index(["USUBJID", "PARAMCD"])
    visit = frame.loc[("P01", "OVR")].iloc[1]
    assert (visit["AVALC"], visit["AVAL"], visit["ADY"], visit["CONFDT"]) == ("PR", 4, 22, date(2021, 4, 15))
    base = frame.loc[("P01", "OVR")].iloc[0]
    assert base["ABLFL"] == "Y" and base["ADY"] == -3 and isnan(base["AVAL"])
    assert (
        frame.loc[("P01", "CBOR"), "AVALC"].item() == "PR" and frame.loc[("P01", "BOR"), "AVAL"].item() == 3
    )
    assert isnan(frame.loc[("P02", "CBOR"), "AVAL"].item())


def test_times(trial):
    frame = made(trial)["adtte"].set_index("PARAMCD")
    ttp, duration = frame.loc["TTP"], frame.loc["DOR"]
    assert (ttp["AVAL"], ttp["CNSR"], ttp["ANL01FL"], ttp["EVNTDESC"]) == (185, 0, "Y", "confirmed PD")
    assert (duration["CNSR"], duration["ANL01FL"], duration["CNSDTDSC"]) == (1, "", "cut")


def test_the_main_analysis_is_that_of_the_config(trial):
    trial.config["endpoints"]["rule_set"] = "fda"
    frame = made(trial)["adtte"].set_index("PARAMCD")
    assert frame["ANL01FL"].to_dict() == {"TTP": "", "DOR": "Y"}


def test_events(trial):
    trial.add(
        "adverse_events",
        patient="P02",
        ae="1",
        soc="s",
        term="t",
        grade="2",
        start_date="2021-04-25",
        serious="no",
    )
    rows = made(trial)["adae"].set_index("USUBJID")
    one, before = rows.loc["P01"], rows.loc["P02"]
    # C1D1 is 4 March: 10 March is day 7; related to two drugs, not to dexamethasone
    assert (one["ASTDY"], one["AENDY"], one["TRTEMFL"], one["AREL"], one["RELDEX"]) == (7, 17, "Y", "Y", "N")
    assert (one["ACNIXA"], one["AESER"], one["AESDTH"]) == ("interrupted", "N", "N")
    # before C1D1 (1 May), relation not told
    assert (before["TRTEMFL"], before["AREL"], before["ASTDY"]) == ("N", "", -6)


@pytest.mark.parametrize("end_date", ["2021-05-31", ""])
def test_a_death_after_the_cut_has_not_happened_yet(trial, end_date):
    """Sepsis of grade 5 from day 3 of P03, death on day 22."""
    trial.add(
        "adverse_events", patient="P03", ae="1", soc="Infections", term="Sepsis", grade="5", outcome="fatal",
        start_date="2021-05-12", end_date=end_date, serious="yes",
    )  # fmt: skip
    trial.set("patients", 4, "death_date", "2021-05-31")
    trial.set("patients", 4, "last_contact", "")
    trial.sheets["assessments"] = [r for r in trial.sheets["assessments"] if r[0] != "P03"]
    trial.config["trial"]["data_cut"] = "2021-05-20"
    frames = made(trial)
    event = frames["adae"].set_index("USUBJID").loc["P03"]
    assert (event["ATOXGRN"], event["AEOUT"], event["AESDTH"], event["AENDT"]) == (4, "", "", None)
    assert frames["adsl"].set_index("USUBJID").loc["P03", "DTHFL"] == "N"
    trial.config["trial"]["data_cut"] = "2021-05-31"
    event = made(trial)["adae"].set_index("USUBJID").loc["P03"]
    assert (event["ATOXGRN"], event["AEOUT"], event["AESDTH"]) == (5, "fatal", "Y")


@pytest.mark.parametrize(
    ("outcome", "flag"), [("", ""), ("unknown", ""), ("not_recovered", "N"), ("recovered", "N")]
)
def test_an_unknown_outcome_is_not_called_survived(trial, outcome, flag):
    trial.set("adverse_events", 2, "outcome", outcome)
    event = made(trial)["adae"].set_index("USUBJID").loc["P01"]
    assert (event["AEOUT"], event["AESDTH"], event["ATOXGRN"]) == (outcome, flag, 3)


@pytest.mark.parametrize(
    ("patient", "start", "days", "expected"),
    [
        ("P01", "2021-04-06", 30, "Y"),  # last dose on 7 March 2021, treatment ended on 1 March 2022
        ("P01", "2021-04-07", 30, "N"),
        ("P01", "2021-04-07", 31, "Y"),
        ("P03", "2022-09-01", 30, "Y"),  # treatment goes on
        ("P04", "2021-06-10", 30, "N"),  # never treated
    ],
)
def test_treatment_emergent_as_in_the_safety_tables(trial, patient, start, days, expected):
    trial.config["safety"]["emergent_days"] = days
    trial.sheets["adverse_events"][1:] = []
    trial.add(
        "adverse_events",
        patient=patient,
        ae="1",
        soc="s",
        term="t",
        grade="2",
        start_date=start,
        serious="no",
    )
    assert made(trial)["adae"]["TRTEMFL"].tolist() == [expected]
    seen = safety.assess(
        safety.gather(trial.load(), trial.settings()), trial.config,
        trial.project / trial.config["safety"]["laboratory_limits"],
    )  # fmt: skip
    events = seen["adverse_events_summary"].set_index("category")["events"]
    assert events["any grade"] == (expected == "Y")


def test_safety_population_is_who_was_treated_excluded_or_not(trial):
    """As the denominator of the safety tables: C1D1 given, known at the cut."""
    flow = FLOW.assign(included=FLOW["included"].where(FLOW["patient"] != "P01", "no"))
    flags = {
        cut: adam.make(["adsl"], trial.load(), trial.settings(), READ | {"flow": flow})["adsl"][
            "SAFFL"
        ].tolist()
        for cut in ("", "2021-05-01")
        if trial.config["trial"].update(data_cut=cut) is None
    }
    assert flags == {"": ["Y", "Y", "Y", "N"], "2021-05-01": ["Y", "Y", "N", "N"]}


def test_phase_of_a_dose_is_that_of_its_cycle(trial):
    """C17D1 of P03 is 11 April 2022; a cycle that goes on beyond the end of induction is still induction's."""
    trial.sheets["dosing"][1:] = []
    trial.set("patients", 4, "end_of_induction", "2022-04-24")
    for drug, day, cycle, at, mg in (
        ("ixazomib", "2022-04-11", 17, 1, "3"),
        ("dexamethasone", "2022-04-25", 17, 15, "40"),
        ("ixazomib", "2022-05-02", 18, 1, "4"),
        ("ixazomib", "2022-05-30", 19, 1, "0"),
    ):
        trial.add("dosing", patient="P03", drug=drug, date=day, cycle=str(cycle), day=str(at), dose_mg=mg)
    trial.config["sheets"]["concentrations"] = ""
    frame = made(trial)["adex"].sort_values("ASTDT")
    assert frame["APHASE"].tolist() == ["induction", "induction", "maintenance", "maintenance"]
    assert frame["PLANMG"].tolist() == [3, 40, 4, 4]
    said = "\n".join(summary.notes(trial.load(), trial.settings()))
    assert "outside the" not in said and "above the planned" not in said


def test_maintenance_may_begin_before_the_last_planned_cycle(trial):
    trial.sheets["dosing"][1:] = []
    trial.set("patients", 4, "end_of_induction", "2021-05-31")
    trial.add("dosing", patient="P03", drug="ixazomib", date="2021-05-17", cycle="1", day="8", dose_mg="3")
    trial.add("dosing", patient="P03", drug="ixazomib", date="2021-06-01", cycle="2", day="1", dose_mg="4")
    trial.config["sheets"]["concentrations"] = ""
    frame = made(trial)["adex"].sort_values("ASTDT")
    assert frame["APHASE"].tolist() == ["induction", "maintenance"] and frame["PLANMG"].tolist() == [3, 4]


def test_doses_and_their_plan(trial):
    frame = made(trial)["adex"]
    one = frame[(frame["USUBJID"] == "P01") & (frame["EXTRT"] == "ixazomib")]
    assert one["AVAL"].tolist() == [3, 3, 0] and one["PLANMG"].tolist() == [3, 3, 3]
    assert one["EXADJ"].tolist() == ["", "", "omitted"] and one["ASTDY"].tolist() == [1, 4, 8]
    dexamethasone = frame.set_index(["USUBJID", "EXTRT"]).loc[("P01", "dexamethasone")]
    assert dexamethasone["PLANMG"].tolist() == [40]


@pytest.mark.parametrize(("age", "expected"), [("74", 40), ("75", 20), ("", np.nan)])
def test_planned_dexamethasone_by_age(trial, age, expected):
    """40 mg on day 1, half of it from 75 years on, not known without an age; nothing is planned on day 2."""
    trial.set("patients", 2, "age", age)
    trial.add(
        "dosing", patient="P01", drug="dexamethasone", date="2021-03-05", cycle="1", day="2", dose_mg="40"
    )
    frame = made(trial)["adex"]
    planned = frame[frame["EXTRT"] == "dexamethasone"].sort_values("ASTDT")["PLANMG"].tolist()
    np.testing.assert_array_equal(planned, [expected, 0])


def test_concentrations_and_the_dose_before(trial):
    frame = made(trial)["adpc"].set_index("ATPT")
    # dose at 08:30, sample at 12:30; the one at 08:25 is before any dose
    assert (frame.loc["C1D1 4 h", "ARRLT"], frame.loc["C1D1 4 h", "LDOSEMG"]) == (4, 3)
    assert isnan(frame.loc["C1D1 predose", "ARRLT"]) and frame.loc["C1D1 predose", "BLQFL"] == "Y"


def test_hours_since_an_untimed_dose_are_not_known(trial):
    trial.add(
        "concentrations", patient="P01", drug="ixazomib", date="2021-03-08", time="09:00", nominal="later",
        value_ng_ml="2", lloq_ng_ml="0.5", below_lloq="no",
    )  # fmt: skip
    trial.add(
        "concentrations", patient="P01", drug="ixazomib", date="2021-03-07", time="09:00", nominal="same day",
        value_ng_ml="2", lloq_ng_ml="0.5", below_lloq="no",
    )  # fmt: skip
    frame = made(trial)["adpc"].set_index("ATPT")
    assert isnan(frame.loc["later", "ARRLT"]) and frame.loc["later", "LDOSEMG"] == 3
    assert isnan(frame.loc["same day", "ARRLT"]) and isnan(frame.loc["same day", "LDOSEMG"])


def test_the_three_formats_hold_the_same(trial, tmp_path):
    frames = made(trial)
    folder = tmp_path / "adam"
    adam_files.write_all(frames, folder)
    names = {p.relative_to(tmp_path).as_posix() for p in folder.iterdir()}
    assert names == set(adam_names.paths(frames, "adam"))
    for name, frame in frames.items():
        text = pd.read_csv(folder / f"{name}.tsv", sep="\t", dtype=str, keep_default_na=False)
        numbers = {v.name: float for v in adam.definitions()[name].variables if v.type == "Num"}
        for column in numbers:
            text[column] = pd.to_numeric(text[column].where(text[column] != ""))
        assert_frame_equal(adam.conform(text, name), frame)
        assert_frame_equal(adam.conform(pq.read_table(folder / f"{name}.parquet").to_pandas(), name), frame)
        short = frame.assign(**{c: frame[c].map(adam_files._cut) for c in ("DECIDED",) if c in frame})
        assert_frame_equal(adam_files.read_transport(folder / f"{name}.xpt", name), short)
    assert "ADRS.DECIDED: 1 text longer than 200 bytes stand cut" in (folder / "notes.txt").read_text()


def test_transport_has_short_names_and_labels_and_the_same_bytes(trial, tmp_path):
    import pyreadstat

    frames = made(trial)
    for folder in ("one", "two"):
        adam_files.write_all(frames, tmp_path / folder)
    for name in frames:
        _, meta = pyreadstat.read_xport(str(tmp_path / f"one/{name}.xpt"))
        wanted = adam.definitions()[name]
        assert meta.column_labels == [v.label for v in wanted.variables] and meta.table_name == wanted.name
        assert all(len(c) <= 8 for c in meta.column_names)
        assert (tmp_path / f"one/{name}.xpt").read_bytes() == (tmp_path / f"two/{name}.xpt").read_bytes()


def test_missing_sheets_drop_their_dataset_with_a_sentence(trial, tmp_path):
    for name in adam_names.NEEDS.values():
        trial.config["sheets"][name] = ""
    frames = made(trial)
    assert set(frames) == {"adsl", "adrs", "adtte"}
    adam_files.write_all(frames, tmp_path / "adam")
    said = (tmp_path / "adam/notes.txt").read_text().splitlines()
    assert said[:3] == list(adam.WITHOUT.values())
    assert not list((tmp_path / "adam").glob("adae*"))


def test_concentrations_without_doses(trial):
    trial.config["sheets"]["dosing"] = ""
    frame = made(trial)["adpc"]
    assert len(frame) == 2 and frame["ARRLT"].isna().all()


def test_what_is_dated_after_the_cut_changes_nothing(trial):
    trial.config["trial"]["data_cut"] = "2021-03-15"
    before = made(trial)
    event = before["adae"].iloc[0]
    assert event["AENDT"] is None and event["AEOUT"] == "" and event["ATOXGRN"] == 3
    subject = before["adsl"].set_index("USUBJID").loc["P02"]
    assert subject["DTHDT"] is None and (subject["DTHFL"], subject["DTHCAUS"], subject["DCTREAS"]) == (
        "N",
        "",
        "",
    )
    trial.set("adverse_events", 2, "end_date", "2021-03-25")
    trial.set("patients", 3, "death_date", "2021-10-01")
    trial.add("dosing", patient="P01", drug="ixazomib", date="2021-03-25", cycle="2", day="1", dose_mg="3")
    for name, frame in made(trial).items():
        assert_frame_equal(frame, before[name])


def test_a_value_outside_its_codes_and_a_repeated_key_are_refused(trial):
    frame = made(trial)["adsl"]
    with pytest.raises(adam.AdamError, match="ADSL.SEX = 'U'"):
        adam.conform(frame.assign(SEX="U"), "adsl")
    with pytest.raises(adam.AdamError, match="more than one record"):
        adam.conform(pd.concat([frame, frame]), "adsl")


def test_definitions_fit_the_transport_format():
    for made_ in adam.definitions().values():
        names = [v.name for v in made_.variables]
        assert len(names) == len(set(names)) and set(made_.key) <= set(names)
        assert all(len(n) <= 8 for n in names) and all(len(v.label) <= 40 for v in made_.variables)
        assert {v.type for v in made_.variables} <= {"Char", "Num", "Date"}
    table = adam.dictionary()
    assert len(table) == sum(len(m.variables) for m in adam.definitions().values())


def test_codes_follow_the_contracts_of_the_tables():
    """A new endpoint or group must reach the definitions, not stop the export of a finished run."""
    coded = {(d.name, v.name): set(v.values) for d in adam.definitions().values() for v in d.variables}
    allowed = {c.name: c.allowed for t in (tables.ENDPOINTS, tables.RESPONSE) for c in t.columns}
    assert coded["ADTTE", "PARAMCD"] == {name.upper() for name in allowed["endpoint"]} == set(adam.ENDPOINTS)
    assert coded["ADSL", "RESPGR"] == set(allowed["group"])
    assert coded["ADSL", "LANDGR"] == set(allowed["landmark_group"]) - {""}
    known = sheets.schema("adverse_events")["properties"], sheets.schema("dosing")["properties"]
    assert coded["ADEX", "EXTRT"] == set(known[1]["drug"]["enum"])
    assert coded["ADAE", "ATOXGRN"] == {
        str(g) for g in range(known[0]["grade"]["minimum"], known[0]["grade"]["maximum"] + 1)
    }


def test_another_program_reads_the_transport_files(trial, tmp_path):
    """pandas has a reader of SAS transport files of its own."""
    frames = made(trial)
    adam_files.write_all(frames, tmp_path)
    for name, frame in frames.items():
        seen = pd.read_sas(tmp_path / f"{name}.xpt", format="xport", encoding="utf-8")
        assert list(seen.columns) == list(frame.columns) and len(seen) == len(frame)
        for v in adam.definitions()[name].variables:
            if v.type == "Num":
                np.testing.assert_allclose(
                    seen[v.name], frame[v.name], rtol=1e-12, atol=1e-70
                )  # pandas: 0 is 5e-79
            elif v.type == "Date":
                days = [(d - date(1960, 1, 1)).days if d else np.nan for d in frame[v.name]]
                np.testing.assert_allclose(seen[v.name].astype(float), days)
            else:
                assert seen[v.name].fillna("").tolist() == [adam_files._cut(x) for x in frame[v.name]]
