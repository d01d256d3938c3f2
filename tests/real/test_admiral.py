"""Confirmation against another implementation: admiralonco's IMWG vignette (65 visits, 23 subjects)."""

import calendar
import datetime

import pandas as pd
import pytest
import yaml

from myeloma import response

pytestmark = pytest.mark.data


def _limits(project, admiral):
    limits = yaml.safe_load((project / "config/config.yaml").read_text())["response"]
    other = yaml.safe_load((project / "tests/imwg/admiral.yaml").read_text())["response"]
    return limits | other if admiral else limits


def _date(text):
    """Day of a date; where only the month is known its last day, as the vignette imputes."""
    parts = [int(p) for p in text.split("-")]
    return datetime.date(*parts, *([calendar.monthrange(*parts)[1]] if len(parts) == 2 else []))


@pytest.fixture
def visits(real_data):
    """Levels as the investigators gave them, with admiral's flags as our facts."""
    folder = real_data("imwg_admiral")
    rs = pd.read_csv(folder / "rs_onco_imwg.csv", dtype=str, keep_default_na=False)
    flags = pd.read_csv(folder / "supprs_onco_imwg.csv", dtype=str, keep_default_na=False)
    said = {(f["USUBJID"], f["IDVARVAL"], f["QNAM"]): f["QVAL"] for f in flags.to_dict("records")}
    therapy = {f["USUBJID"]: _date(f["QVAL"]) for f in flags.to_dict("records") if f["QNAM"] == "NACTDT"}
    rows = [
        {
            "patient": r["USUBJID"],
            "date": _date(r["RSDTC"]),
            "level": r["RSSTRESC"],
            "definite_pd": (r["USUBJID"], r["RSSEQ"], "PDIFL") in said,
            "death_confirms": (r["USUBJID"], r["RSSEQ"], "DTHPDFL") in said,
            "new_therapy_date": therapy.get(r["USUBJID"]),
        }
        for r in rs.to_dict("records")
    ]
    return pd.DataFrame(rows)


def _expected(real_data, step):
    frame = pd.read_csv(
        real_data("imwg_admiral") / f"expected_step{step}.csv", dtype=str, keep_default_na=False
    )
    return {(r["USUBJID"], _date(r["ADT"])): r["AVALC"] for r in frame.to_dict("records")}


def _confirmed(visits, limits):
    made = response.confirm(visits, limits)
    return {(r["patient"], r["date"]): r["confirmed_level"] for r in made.to_dict("records")}


def test_every_visit_equals_admiral_under_its_reading(visits, real_data, project):
    expected = _expected(real_data, "05")
    assert len(expected) == 65
    assert _confirmed(visits, _limits(project, admiral=True)) == expected


def test_responders_equal_admiral(visits, real_data, project):
    made = response.confirm(visits, _limits(project, admiral=True))
    responders = made[made["confirmed_level"].isin(["PR", "VGPR", "CR", "sCR"])]
    first = {p: rows["date"].min() for p, rows in responders.groupby("patient")}
    assert first == {patient: date for patient, date in _expected(real_data, "09")}


def test_best_confirmed_response_equals_admiral(visits, real_data, project):
    made = response.confirm(visits, _limits(project, admiral=True))
    own = made[[not (v and d >= v) for v, d in zip(made["new_therapy_date"], made["date"], strict=True)]]
    best = {p: max(rows["confirmed_own"], key=response.RANK.get) for p, rows in own.groupby("patient")}
    assert best == {patient: level for (patient, _), level in _expected(real_data, "12").items()}


SWITCHES = ("unconfirmed_response", "pd_by_discontinuation", "new_therapy_same_day")
# Under the rules of this trial nothing is known of a patient whose only response is unconfirmed.
DIFFERS = {
    ("01-701-1363", "2013-08-21"): "unconfirmed_response",
    ("01-702-1082", "2013-11-17"): "unconfirmed_response",
    ("01-703-1076", "2013-12-04"): "unconfirmed_response",
    ("01-703-1076", "2013-12-24"): "unconfirmed_response",
}


def test_each_row_that_differs_under_our_default_names_its_one_switch(visits, real_data, project):
    ours, theirs = _limits(project, admiral=False), _limits(project, admiral=True)
    expected, default = _expected(real_data, "05"), _confirmed(visits, ours)
    flips = {}
    for switch in SWITCHES:
        assert ours[switch] != theirs[switch], f"{switch} is no difference between the two readings"
        flipped = _confirmed(visits, ours | {switch: theirs[switch]})
        for key in expected:
            if default[key] != expected[key] == flipped[key]:
                flips.setdefault((key[0], str(key[1])), []).append(switch)
    differs = {(p, str(d)) for (p, d), level in default.items() if level != expected[p, d]}
    assert flips == {key: [switch] for key, switch in DIFFERS.items()}
    assert differs == set(DIFFERS)
