"""Exposure against the plan of the trial. Doses are made up; expectations are worked out by hand."""

import datetime

import pandas as pd
import pytest
import yaml

from myeloma import exposure, tables

C1D1 = datetime.date(2021, 3, 1)
IXAZOMIB = (1, 4, 8, 11)


@pytest.fixture(scope="module")
def trial(project):
    return yaml.safe_load((project / "config/config.yaml").read_text())["trial"]


def on(day):
    """Day of treatment, day 1 = C1D1."""
    return C1D1 + datetime.timedelta(days=day - 1)


def person(**more):
    empty = dict.fromkeys(
        ("end_of_induction", "end_of_treatment", "new_therapy_date", "last_contact", "death_date"), None
    )
    return {"patient": "P", "age": 60.0, "c1d1": C1D1, **empty, "end_of_treatment_reason": ""} | more


def dose(drug, cycle, day, start, mg, change="", why=""):
    """A row; start = day of treatment on which the cycle begins."""
    return {"patient": "P", "drug": drug, "date": on(start + day - 1), "time": "", "cycle": float(cycle),
            "day": float(day), "dose_mg": float(mg), "change": change, "change_reason": why}  # fmt: skip


def cycle(number, start, ixazomib=3, pomalidomide=4, dexamethasone=40):
    rows = [dose("ixazomib", number, d, start, ixazomib) for d in IXAZOMIB]
    rows += [dose("pomalidomide", number, d, start, pomalidomide) for d in range(1, 15)]
    return rows + [dose("dexamethasone", number, d, start, dexamethasone) for d in (1, 8, 15)]


def maintenance(number, start, ixazomib=4):
    rows = [dose("ixazomib", number, d, start, ixazomib) for d in (1, 8, 15)]
    return rows + [dose("pomalidomide", number, d, start, 4) for d in range(1, 22)]


def made(trial, rows, cut=None, **more):
    cut = cut or max(r["date"] for r in rows) + datetime.timedelta(days=60)
    given, changes = exposure.table(pd.DataFrame(rows), [person(**more)], trial, cut)
    given = tables.conform(given, tables.EXPOSURE).set_index(["phase", "drug"])
    return given, tables.conform(changes, tables.DOSE_CHANGES)


@pytest.mark.parametrize(("age", "dexamethasone"), [(60.0, 120), (74.0, 120), (75.0, 60), (81.0, 60)])
def test_planned_mg_of_a_cycle(trial, age, dexamethasone):
    given, changes = made(trial, cycle(1, 1, dexamethasone=dexamethasone / 3), age=age)
    planned = given.loc["induction"]["planned_mg"]
    assert dict(planned) == {"ixazomib": 12, "pomalidomide": 56, "dexamethasone": dexamethasone}
    assert set(given["relative_dose_intensity"]) == {1.0}
    assert changes.empty


def test_steps_of_the_protocol_are_no_modification(trial):
    """Ixazomib goes from 3 to 4 mg, dexamethasone ends: no change, no discontinuation."""
    rows = [row for n in range(1, 18) for row in cycle(n, 1 + 21 * (n - 1))] + maintenance(18, 358)
    rows += [dose("dexamethasone", 18, 1, 358, 0, "stopped", "protocol")]
    given, changes = made(trial, rows)
    assert dict(given.loc["maintenance"]["planned_mg"]) == {"ixazomib": 12, "pomalidomide": 84}
    assert given.loc[("all", "ixazomib"), "planned_mg"] == 18 * 12
    assert given.loc[("all", "dexamethasone"), "planned_mg"] == 17 * 120
    assert set(given["discontinued"]) == {"no"} and set(given["reductions"]) == {0}
    assert list(changes["counted"]) == ["no"]
    stopped = [*cycle(17, 1)[:-1], dose("dexamethasone", 17, 15, 1, 40, "stopped", "protocol")]
    given, changes = made(trial, stopped)
    assert given.loc[("induction", "dexamethasone"), "discontinued"] == "no"


def test_maintenance_begins_with_the_record_when_induction_ended_early(trial):
    rows = cycle(1, 1) + cycle(2, 22) + maintenance(3, 43)
    given, _ = made(trial, rows, end_of_induction=on(42))
    assert given.loc[("maintenance", "pomalidomide"), "planned_mg"] == 84
    assert given.loc[("induction", "pomalidomide"), "cycles"] == 2


def test_reduction_counts_once_and_lowers_the_intensity(trial):
    """Cycle 2 with 2.3 mg of ixazomib, flagged in each row: one step down; (12 + 9.2) / 24."""
    rows = cycle(1, 1) + [r for r in cycle(2, 22) if r["drug"] != "ixazomib"]
    rows += [dose("ixazomib", 2, d, 22, 2.3, "reduced", "adverse_event") for d in IXAZOMIB]
    given, changes = made(trial, rows)
    row = given.loc[("induction", "ixazomib")]
    assert row["reductions"] == 1 and len(changes) == 1 and changes.loc[0, "change_reason"] == "adverse_event"
    assert row["relative_dose_intensity"] == pytest.approx(21.2 / 24)


def test_a_lower_dose_without_a_recorded_change_is_found(trial):
    rows = cycle(1, 1) + cycle(2, 22, pomalidomide=3)
    _, changes = made(trial, rows)
    assert len(changes) == 1
    row = changes.iloc[0]
    assert (row["change"], row["recorded"], row["counted"], row["planned_mg"]) == ("reduced", "no", "yes", 4)


def test_staying_on_a_reduced_dose_in_maintenance_is_no_second_reduction(trial):
    rows = [r for r in cycle(17, 1) if r["drug"] != "ixazomib"] + maintenance(18, 22, ixazomib=2.3)
    rows += [dose("ixazomib", 17, d, 1, 2.3, "reduced", "adverse_event") for d in IXAZOMIB]
    given, changes = made(trial, rows)
    assert given.loc[("all", "ixazomib"), "reductions"] == 1


def test_omitted_dose_is_planned_and_not_given(trial):
    rows = [r for r in cycle(1, 1) if not (r["drug"] == "ixazomib" and r["day"] == 8)]
    rows += [dose("ixazomib", 1, 8, 1, 0, "omitted", "adverse_event")]
    row = made(trial, rows)[0].loc[("induction", "ixazomib")]
    assert (row["doses_planned"], row["doses_taken"], row["doses_not_taken"], row["omissions"]) == (
        4,
        3,
        1,
        1,
    )
    assert row["relative_dose_intensity"] == 0.75


def test_a_dose_without_a_record_is_neither_given_nor_omitted(trial):
    rows = [r for r in cycle(1, 1) if not (r["drug"] == "ixazomib" and r["day"] == 8)]
    row = made(trial, rows)[0].loc[("induction", "ixazomib")]
    assert row["doses_not_recorded"] == 1 and pd.isna(row["relative_dose_intensity"])
    assert row["reason"] == "1 of 4 planned doses without a record: 0.75 to 1.00"


def test_a_cycle_without_any_record_is_named(trial):
    given, _ = made(trial, cycle(1, 1) + cycle(3, 43))
    assert set(given["reason"]) == {"cycle without a dose on record: 2"}
    assert given["relative_dose_intensity"].isna().all()


def test_delay_lowers_the_intensity_over_time_only(trial):
    """Cycle 2 begins 14 days late: 42 planned days, 56 actual ones."""
    row = made(trial, cycle(1, 1) + cycle(2, 36))[0].loc[("induction", "ixazomib")]
    assert row["relative_dose_intensity"] == 1
    assert (row["planned_days"], row["actual_days"]) == (42, 56)
    assert row["dose_intensity_over_time"] == pytest.approx(42 / 56)


def test_a_stopped_drug_is_measured_over_all_cycles_and_up_to_its_last(trial):
    """Ixazomib is stopped on C2D8: 12 + 6 mg, of 36 in the three cycles begun, of 24 up to its last one."""
    rows = cycle(1, 1) + [r for r in cycle(2, 22) + cycle(3, 43) if r["drug"] != "ixazomib"]
    rows += [dose("ixazomib", 2, d, 22, 3) for d in (1, 4)]
    rows += [dose("ixazomib", 2, 8, 22, 0, "stopped", "adverse_event")]
    given, _ = made(trial, rows)
    row = given.loc[("all", "ixazomib")]
    assert (row["cycles"], row["planned_mg"], row["given_mg"]) == (3, 36, 18)
    assert (row["discontinued"], row["stop_date"]) == ("yes", str(on(29)))
    assert row["stop_reason"] == "adverse_event" and row["doses_not_recorded"] == 0
    assert (row["relative_dose_intensity"], row["intensity_until_stop"]) == (0.5, 0.75)
    assert given.loc[("all", "pomalidomide"), "cycles"] == 3


def test_a_drug_taken_again_was_not_discontinued(trial):
    rows = cycle(1, 1) + [
        r for r in cycle(2, 22) + cycle(3, 43) if r["drug"] != "ixazomib" or r["cycle"] == 3
    ]
    rows += [dose("ixazomib", 2, 1, 22, 0, "stopped", "adverse_event")]
    assert made(trial, rows)[0].loc[("all", "ixazomib"), "discontinued"] == "no"


@pytest.mark.parametrize(("reason", "told"), [("progression", "yes"), ("completed", "no"), ("", "yes")])
def test_end_of_treatment_stops_every_drug(trial, reason, told):
    given, _ = made(trial, cycle(1, 1), end_of_treatment=on(21), end_of_treatment_reason=reason)
    assert set(given["discontinued"]) == {told}


def test_a_cycle_divided_by_the_cut_counts_the_doses_due(trial):
    """Cut on C2D8: 4 + 3 doses of ixazomib were due (days 1, 4 and 8)."""
    cut = on(29)
    rows = [r for r in cycle(1, 1) + cycle(2, 22) if r["date"] <= cut]
    row = made(trial, rows, cut)[0].loc[("induction", "ixazomib")]
    assert (row["doses_planned"], row["planned_mg"], row["relative_dose_intensity"]) == (7, 21, 1)


def test_interruption_is_one_however_many_rows(trial):
    rows = [r for r in cycle(1, 1) if r["drug"] != "pomalidomide"]
    rows += [dose("pomalidomide", 1, d, 1, 4) for d in range(1, 11)]
    rows += [dose("pomalidomide", 1, d, 1, 0, "interrupted", "adverse_event") for d in (11, 12)]
    row = made(trial, rows)[0].loc[("induction", "pomalidomide")]
    assert (row["interruptions"], row["doses_not_recorded"]) == (1, 0)
    assert row["relative_dose_intensity"] == pytest.approx(40 / 56)


def test_nobody_records_doses_after_the_end_of_treatment(trial):
    """Last dose on day 8, end of treatment recorded on day 20: 2 of 4 doses of ixazomib, the rest not taken."""
    rows = [r for r in cycle(1, 1) if r["date"] < on(8)]
    ended, _ = made(trial, rows, on(100), end_of_treatment=on(20), end_of_treatment_reason="progression")
    assert ended.loc[("induction", "ixazomib"), "relative_dose_intensity"] == 0.5
    goes_on, _ = made(trial, rows, on(100))
    assert goes_on.loc[("induction", "ixazomib"), "reason"].startswith(
        "2 of 4 planned doses without a record"
    )


def test_without_age_the_dose_of_dexamethasone_is_not_known(trial):
    given, _ = made(trial, cycle(1, 1), age=None)
    row = given.loc[("induction", "dexamethasone")]
    assert pd.isna(row["planned_mg"]) and row["reason"] == "planned dose not known: the age is not given"
    assert given.loc[("induction", "ixazomib"), "relative_dose_intensity"] == 1


def test_dexamethasone_given_at_maintenance_is_listed(trial):
    rows = cycle(17, 1) + maintenance(18, 22) + [dose("dexamethasone", 18, 1, 22, 20)]
    given, changes = made(trial, rows)
    assert given.loc[("maintenance", "dexamethasone"), "reason"] == "given where the protocol plans none"
    assert list(changes["change"]) == ["given"] and list(changes["counted"]) == ["no"]


def test_never_treated_or_without_rows_has_no_exposure(trial):
    rows = pd.DataFrame(cycle(1, 1))
    for one in (person(c1d1=None), person(patient="Q")):
        given, changes = exposure.table(rows, [one], trial, on(100))
        assert given.empty and changes.empty
    tables.conform(given, tables.EXPOSURE)


def test_a_reduction_recorded_on_a_delayed_dose_is_counted(trial):
    """C2D1 2.3 mg called delayed, the rest of the cycle at 2.3 mg: one delay and one step down; 21.2 / 24."""
    rows = cycle(1, 1) + [r for r in cycle(2, 29) if r["drug"] != "ixazomib"]
    rows += [dose("ixazomib", 2, 1, 29, 2.3, "delayed", "adverse_event")]
    rows += [dose("ixazomib", 2, d, 29, 2.3) for d in (4, 8, 11)]
    given, changes = made(trial, rows)
    row = given.loc[("all", "ixazomib")]
    assert (row["delays"], row["reductions"]) == (1, 1)
    assert row["relative_dose_intensity"] == pytest.approx(21.2 / 24)
    listed = changes[["change", "recorded", "counted", "change_reason"]].values.tolist()
    assert listed == [
        ["delayed", "yes", "yes", "adverse_event"],
        ["reduced", "no", "yes", "adverse_event"],
    ]


def test_a_delayed_full_dose_is_no_reduction(trial):
    rows = cycle(1, 1) + [r for r in cycle(2, 29) if (r["drug"], r["day"]) != ("ixazomib", 1)]
    rows += [dose("ixazomib", 2, 1, 29, 3, "delayed", "adverse_event")]
    row = made(trial, rows)[0].loc[("all", "ixazomib")]
    assert (row["delays"], row["reductions"]) == (1, 0)


@pytest.mark.parametrize("change", ["stopped", "interrupted"])
def test_zeros_after_a_stop_or_an_interruption_continue_it(trial, change):
    """C2D1 stopped or interrupted, days 4, 8 and 11 written as 0 without a word: no omission."""
    rows = cycle(1, 1) + [r for r in cycle(2, 22) if r["drug"] != "ixazomib"]
    rows += [dose("ixazomib", 2, 1, 22, 0, change, "adverse_event")]
    rows += [dose("ixazomib", 2, d, 22, 0) for d in (4, 8, 11)]
    given, changes = made(trial, rows)
    row = given.loc[("all", "ixazomib")]
    assert (row["omissions"], row["interruptions"]) == (0, change == "interrupted")
    assert (row["doses_not_taken"], row["relative_dose_intensity"]) == (4, 0.5)
    assert list(changes["change"]) == [change]


def test_a_zero_after_the_drug_was_taken_again_is_an_omission(trial):
    rows = [r for r in cycle(1, 1) if r["drug"] != "ixazomib"]
    rows += [dose("ixazomib", 1, 1, 1, 0, "interrupted", "adverse_event"), dose("ixazomib", 1, 4, 1, 3)]
    rows += [dose("ixazomib", 1, 8, 1, 0), dose("ixazomib", 1, 11, 1, 3)]
    row = made(trial, rows)[0].loc[("induction", "ixazomib")]
    assert (row["interruptions"], row["omissions"]) == (1, 1)


def test_a_delay_is_one_per_drug_and_cycle(trial):
    """All 14 rows of pomalidomide in cycle 2 are called delayed, and the first of cycle 3."""
    rows = [r for n, start in ((1, 1), (2, 29), (3, 57)) for r in cycle(n, start)]
    for row in rows:
        late = row["drug"] == "pomalidomide" and (row["cycle"] == 2 or (row["cycle"], row["day"]) == (3, 1))
        row["change"] = "delayed" if late else ""
    given, changes = made(trial, rows)
    assert given.loc[("all", "pomalidomide"), "delays"] == 2
    assert changes[["cycle", "day"]].values.tolist() == [[2, 1], [3, 1]]


def test_a_cycle_begins_on_its_day_1_also_when_that_dose_was_omitted(trial):
    """Days 1 to 3 omitted for all drugs, cut on day 8: three doses of ixazomib were due, two were taken."""
    rows = [r | ({"dose_mg": 0.0, "change": "omitted"} if r["day"] <= 3 else {}) for r in cycle(1, 1)]
    row = made(trial, [r for r in rows if r["date"] <= on(8)], on(8))[0].loc[("induction", "ixazomib")]
    assert (row["doses_planned"], row["planned_mg"], row["given_mg"], row["doses_not_taken"]) == (3, 9, 6, 1)
    assert row["relative_dose_intensity"] == pytest.approx(6 / 9)


def test_a_cycle_on_record_with_nothing_taken_is_planned_and_not_given(trial):
    """Cycle 2 of 3 is written in full as 0 mg: 24 of 36 mg; the days are those of three cycles."""
    rows = cycle(1, 1) + cycle(2, 22, 0, 0, 0) + cycle(3, 43)
    row = made(trial, rows)[0].loc[("induction", "ixazomib")]
    assert (row["cycles"], row["planned_mg"], row["given_mg"], row["omissions"]) == (3, 36, 24, 4)
    assert row["relative_dose_intensity"] == pytest.approx(24 / 36) and row["reason"] == ""
    assert (row["planned_days"], row["actual_days"]) == (63, 63)


def test_a_last_cycle_with_nothing_taken_was_not_begun(trial):
    row = made(trial, cycle(1, 1) + cycle(2, 22, 0, 0, 0))[0].loc[("induction", "ixazomib")]
    assert (row["cycles"], row["planned_mg"], row["relative_dose_intensity"]) == (1, 12, 1)


def test_rows_of_one_drug_do_not_stand_for_a_whole_cycle(trial):
    """Cycle 2 holds one omitted dose of ixazomib and nothing of the others: bounds, no intensity."""
    rows = cycle(1, 1) + [dose("ixazomib", 2, 1, 22, 0, "omitted")] + cycle(3, 43)
    given, _ = made(trial, rows)
    assert given["relative_dose_intensity"].isna().all()
    reason = given.loc[("induction", "ixazomib"), "reason"]
    assert reason == "3 of 12 planned doses without a record: 0.67 to 0.92"
