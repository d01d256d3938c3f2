"""The chapter of risk systems and levels, from fabricated frames."""

import pandas as pd
from tests import fabricate

from myeloma import tables
from myeloma.report import risk, sections


def chapter(**shape):
    made = fabricate.cohort(n=14, seed=3, **shape)
    return risk.chapter(made.frames, sections.Anchors([p["patient"] for p in made.patients])), made.frames


def row(**more):
    made = {"patient": "P", "system": "R2-ISS", "category": "NE", "lowest": "low", "highest": "high", "points": None,
            "points_low": 0.5, "points_high": 3.0, "components": "ISS I (patients.tsv)", "missing": "ldh_high"} | more  # fmt: skip
    return tables.conform(pd.DataFrame([made]), tables.RISK)


def of_risk(frame):
    empty = {"risk_strata": tables.empty(tables.RISK_STRATA), "levels": tables.empty(tables.LEVEL_TESTS)}
    return risk.chapter({"risk": frame, **empty}, sections.Anchors(["P"]))


def test_a_missing_component_is_told_with_the_range_it_leaves():
    made = of_risk(row())
    assert [c.text for c in made["patients"].rows[0]] == ["P", "NE (low to high)"]
    cells = [c.text for c in made["components"].rows[0]]
    assert cells[2:5] == ["NE (low to high)", "0.5 to 3", "ldh_high"]
    assert made["told"] == "With a category: R2-ISS: 0 of 1 patients."


def test_a_known_category_stands_alone():
    cells = [c.text for c in of_risk(row(category="high", points=3.5, missing=""))["components"].rows[0]]
    assert cells[2:5] == ["high", "3.5", ""]


def test_every_patient_and_system_is_there_and_the_strata_add_up():
    made, frames = chapter()
    assert len(made["patients"].rows) == 14 and len(made["patients"].columns) == 6
    assert len(made["components"].rows) == 14 * 5
    strata = frames["risk_strata"]
    assert set(strata.groupby(["system", "endpoint"])["patients"].sum()) == {14}
    assert {r[0].text for r in made["levels"].rows} >= {"1q21 copies"}


def test_without_anything_the_tables_say_so():
    made = of_risk(tables.empty(tables.RISK))
    assert (
        made["told"] == "No patient."
        and not made["strata"].rows
        and "No time to event" in made["strata"].empty
    )
    assert "No factor" in made["levels"].empty
