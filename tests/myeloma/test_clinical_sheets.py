"""Sheets of the treatment phase: what they give, in which unit, and what is refused."""

import csv
from datetime import date

import pytest
from small_trial import Trial

from myeloma import cohort as module
from myeloma import laboratory, sheets


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
