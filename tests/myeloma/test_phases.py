"""The end of induction and the start of maintenance, from the record, from dosing, by plan. Values are made up."""

import datetime

import pandas as pd
import pytest
import yaml

from myeloma import groups, phases, tables

C1D1 = datetime.date(2021, 3, 1)
BASE = {"serum_m_g_l": 30.0, "urine_m_mg_24h": 100.0}
PR, VGPR = 12.0, 2.0


@pytest.fixture(scope="module")
def config(project):
    return yaml.safe_load((project / "config/config.yaml").read_text())


def on(day):
    """Day of treatment, day 1 = C1D1."""
    return C1D1 + datetime.timedelta(days=day - 1)


def dose(cycle, day, start, mg=4.0, drug="pomalidomide"):
    return {"patient": "P", "drug": drug, "date": on(start + day - 1), "cycle": float(cycle), "day": float(day),
            "dose_mg": mg}  # fmt: skip


def cycles(number, length=21):
    """Dosing of so many cycles, each begun `length` days after the one before."""
    return [dose(n, day, 1 + length * (n - 1)) for n in range(1, number + 1) for day in (1, 8, 14)]


def assess(config, values, dosing=None, cut="", **person):
    """All tables; values: (day of treatment, serum M-protein), after the baseline on day 1."""
    patients = pd.DataFrame([{"patient": "P", "c1d1": C1D1} | person])
    rows = [{"patient": "P", "date": C1D1, **BASE}]
    rows += [{"patient": "P", "date": on(d), "serum_m_g_l": m, "urine_m_mg_24h": 50.0} for d, m in values]
    config = config | {"trial": config["trial"] | {"data_cut": str(cut)}}
    given = None if dosing is None else pd.DataFrame(dosing)
    return groups.assess(patients, pd.DataFrame(rows), config, dosing=given)


def row(config, values, dosing=None, cut="", **person):
    made = assess(config, values, dosing, cut, **person)["response"]
    return tables.conform(made, tables.RESPONSE).iloc[0]


DELAYED = {"end_of_treatment": on(390), "end_of_treatment_reason": "toxicity"}
SEEN = [(22, PR), (43, PR), (364, VGPR), (385, VGPR)]


def test_sixteen_delayed_cycles_are_induction_to_the_stop(config):
    """C16D1 on day 361, VGPR on day 364 confirmed on day 385, stopped on day 390: cycle 18 never came."""
    made = assess(config, SEEN, cycles(16, 24), **DELAYED)
    found = made["response"].iloc[0]
    assert (found["maintenance"], found["best_confirmed_induction"]) == ("no", "VGPR")
    assert (found["end_of_induction"], found["end_of_induction_source"]) == (on(390), "stop")
    assert set(made["visits"]["phase"]) == {"baseline", "induction"}


def test_without_dosing_the_calendar_does_not_say_yes(config):
    for dosing in (None, [dose(1, 1, 1) | {"patient": "Q"}]):
        found = row(config, SEEN, dosing, **DELAYED)
        assert (found["maintenance"], found["end_of_induction_source"]) == ("not_known", "plan")
        assert found["end_of_induction"] == str(on(358)) and "no dosing row" in found["maintenance_reason"]


def test_the_first_maintenance_cycle_ends_induction(config):
    """Seventeen cycles of 24 days: C18D1 on day 409. Its visit still shows what induction did."""
    given = cycles(18, 24)
    seen = [(22, PR), (43, PR), (409, VGPR), (430, VGPR)]
    made = assess(config, seen, given)
    found = made["response"].iloc[0]
    assert (found["maintenance"], found["best_confirmed_induction"]) == ("yes", "VGPR")
    assert (found["end_of_induction"], found["end_of_induction_source"]) == (on(409), "dosing")
    assert "cycle 18" in found["maintenance_reason"] and str(on(409)) in found["maintenance_reason"]
    assert list(made["visits"]["phase"]) == ["baseline", "induction", "induction", "induction", "maintenance"]
    later = row(config, [(22, PR), (43, PR), (410, VGPR), (430, VGPR)], given)
    assert (later["best_confirmed_induction"], later["best_confirmed_treatment"]) == ("PR", "VGPR")


def test_dosing_is_cut_first(config):
    """Cycle 18 begins on day 358: unknown on day 357, known on day 358."""
    person = {"end_of_treatment": on(500)}
    found = [row(config, [(22, PR), (43, PR)], cycles(19), cut=on(day), **person) for day in (357, 358)]
    assert [r["maintenance"] for r in found] == ["no", "yes"]


@pytest.mark.parametrize(
    ("number", "person", "state"),
    [
        # seventeen cycles, the last from day 337: maintenance could begin on day 358, one cycle of it ends by day 386
        (17, {"end_of_treatment": 385}, "no"),
        (17, {"end_of_treatment": 386}, "not_known"),
        (17, {"last_contact": 600}, "not_known"),
        (17, {"last_contact": 600, "end_of_treatment": 360}, "no"),
        (17, {"last_contact": 600, "death_date": 360}, "no"),
        (17, {"last_contact": 600, "new_therapy_date": 360}, "no"),
        # five cycles, the last from day 85: maintenance could begin on day 85 + 13 x 21 = 358
        (5, {"end_of_treatment": 150}, "no"),
        (5, {"last_contact": 385}, "no"),
        (5, {"last_contact": 386}, "not_known"),
        # a recorded end: nothing of the dosing comes after it
        (5, {"end_of_induction": 105, "end_of_treatment": 132}, "no"),
        (5, {"end_of_induction": 105, "end_of_treatment": 133}, "not_known"),
        (6, {"end_of_induction": 105, "end_of_treatment": 133}, "yes"),
        (5, {"end_of_induction": 106}, "no"),
    ],
)
def test_dosing_decides_unless_a_whole_cycle_could_be_missing_from_it(config, number, person, state):
    dates = {name: on(day) for name, day in person.items()}
    found = row(config, [(22, PR), (43, PR)], cycles(number), **dates)
    assert found["maintenance"] == state and found["maintenance_reason"]
    if "end_of_induction" in person:
        assert found["end_of_induction_source"] == "recorded"
        assert found["end_of_induction"] == str(dates["end_of_induction"])


def test_a_cycle_of_zeros_is_no_maintenance(config):
    given = [*cycles(17), *[dose(18, day, 358, 0.0) for day in (1, 8, 14)]]
    assert row(config, [(22, PR), (43, PR)], given, end_of_treatment=on(370))["maintenance"] == "no"


def test_nobody_is_in_maintenance_after_it_is_not_known(config):
    made = assess(config, [(22, PR), (400, PR), (421, PR)], None)
    assert made["response"]["maintenance"].iloc[0] == "not_known"
    assert list(made["visits"]["phase"]) == ["baseline", "induction", "", ""]


def test_never_treated_has_no_induction(config):
    found = row(config, [], None, c1d1=None)
    assert (found["maintenance"], found["end_of_induction_source"]) == ("no", "")
    assert found["end_of_induction"] == ""


# ---------------------------------------------------------------- what exposure shares


def test_a_cycle_starts_on_its_day_one():
    """Cycle 2: days 1 to 3 omitted, first dose on its day 4 = day 25 of treatment; cycle 3 has zeros only."""
    rows = [dose(1, 1, 1), dose(2, 1, 22, 0.0), dose(2, 4, 22), dose(2, 8, 22), dose(3, 1, 43, 0.0)]
    assert phases.cycle_starts(reversed(rows)) == {1: on(1), 2: on(22)}


@pytest.mark.parametrize(
    ("cycle", "start", "end", "phase"),
    [(17, 337, None, "induction"), (18, 358, None, "maintenance"), (6, 106, 105, "maintenance"),
     (6, 105, 105, "induction"), (18, 358, 400, "maintenance")],
)  # fmt: skip
def test_phase_of_a_cycle(cycle, start, end, phase):
    assert phases.phase_of_cycle(cycle, on(start), None if end is None else on(end), 17) == phase
