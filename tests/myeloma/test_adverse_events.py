"""Adverse events by patient. Events are made up; intervals are those of R 4.2.2 binom.test."""

import datetime

import pandas as pd
import pytest

from myeloma import adverse_events, tables

C1D1 = datetime.date(2021, 3, 1)
DRUGS = ("ixazomib", "pomalidomide", "dexamethasone")


def on(day):
    return C1D1 + datetime.timedelta(days=day - 1)


def person(patient, **more):
    return {
        "patient": patient,
        "c1d1": C1D1,
        "last_dose": None,
        "end_of_treatment": None,
        "death_date": None,
    } | more


def event(patient, day, term="Fatigue", grade=1, soc="General disorders", serious="no", **more):
    empty = {f"{what}_{drug}": "" for what in ("related", "action") for drug in DRUGS}
    return {"patient": patient, "soc": soc, "term": term, "grade": float(grade), "start_date": on(day),
            "end_date": None, "serious": serious, "outcome": "", **empty} | more  # fmt: skip


def judged(value, what="related", **more):
    return {f"{what}_{drug}": value for drug in DRUGS} | {f"{what}_{d}": v for d, v in more.items()}


PEOPLE = [person(f"P{n}") for n in range(1, 11)] + [person("N", c1d1=None)]
TREATED = [p["patient"] for p in PEOPLE if p["c1d1"]]


def summary(events, people=PEOPLE):
    found = adverse_events.emergent(pd.DataFrame(events), people, 30)
    treated = [p["patient"] for p in people if p["c1d1"]]
    made = tables.conform(adverse_events.summary(found, treated, 0.95), tables.AE_SUMMARY)
    return made.set_index(["category", "drug"])


def test_interval_is_that_of_r():
    # R: binom.test(3, 10)$conf.int; binom.test(0, 10)$conf.int; binom.test(10, 10)$conf.int
    assert adverse_events.exact(3, 10, 0.95) == pytest.approx((0.3, 0.06673951, 0.6524529), abs=1e-7)
    assert adverse_events.exact(0, 10, 0.95) == pytest.approx((0, 0, 0.3084971), abs=1e-7)
    assert adverse_events.exact(10, 10, 0.95) == pytest.approx((1, 0.6915029, 1), abs=1e-7)
    assert adverse_events.exact(0, 0, 0.95) == (None, None, None)


def test_a_patient_counts_once_and_the_denominator_is_the_treated():
    made = summary([event("P1", 2), event("P1", 5, grade=3), event("P2", 3), event("N", 4, grade=4)])
    row = made.loc[("any grade", "any")]
    assert (row["patients"], row["of"], row["events"]) == (2, 10, 3)
    assert made.loc[("grade 3 or more", "any"), "patients"] == 1


def test_window_is_first_dose_to_thirty_days_after_the_last():
    people = [person("P1", last_dose=on(50), end_of_treatment=on(60))]
    days = (0, 1, 80, 81)
    found = adverse_events.emergent(pd.DataFrame([event("P1", d) for d in days]), people, 30)
    assert list(found["emergent"]) == [False, True, True, False]
    goes_on = [person("P1", last_dose=on(50))]
    assert adverse_events.emergent(pd.DataFrame([event("P1", 500)]), goes_on, 30)["emergent"].all()
    row = summary([event("P1", d) for d in days], people).loc[("not treatment-emergent", "any")]
    assert (row["patients"], row["events"]) == (1, 2)


def test_an_empty_judgement_is_not_a_no():
    made = summary(
        [
            event("P1", 2, **judged("no", ixazomib="yes")),
            event("P2", 2, **judged("no")),
            event("P3", 2, **judged("no", pomalidomide="")),
            event("P4", 2, **judged("", dexamethasone="yes")),
            event("P3", 9, **judged("yes", ixazomib="")),
        ]
    )
    row = made.loc[("related", "any")]
    assert (row["patients"], row["unknown"], row["events"]) == (3, 0, 3)
    row = made.loc[("related", "ixazomib")]
    assert (row["patients"], row["unknown"], row["reason"]) == (1, 2, "not recorded: P3, P4")
    assert (
        made.loc[("related", "dexamethasone"), "patients"],
        made.loc[("related", "dexamethasone"), "unknown"],
    ) == (2, 0)


def test_actions_by_drug():
    made = summary(
        [
            event("P1", 2, grade=3, **judged("none", "action", ixazomib="reduced")),
            event("P2", 2, **judged("none", "action", pomalidomide="stopped")),
            event("P3", 2, **judged("none", "action", dexamethasone="interrupted", ixazomib="delayed")),
        ]
    )
    patients = made["patients"]
    assert patients[("led to dose reduction", "ixazomib")] == patients[("led to dose reduction", "any")] == 1
    assert patients[("led to dose reduction", "pomalidomide")] == 0
    assert patients[("led to stop", "pomalidomide")] == patients[("led to delay", "ixazomib")] == 1
    assert patients[("led to interruption", "dexamethasone")] == 1


def test_serious_and_related_need_one_event_that_is_both():
    made = summary([event("P1", 2, serious="yes", **judged("no")), event("P1", 3, **judged("yes"))])
    assert made.loc[("serious", "any"), "patients"] == made.loc[("related", "any"), "patients"] == 1
    assert made.loc[("related, serious", "any"), "patients"] == 0


def test_grade_five_needs_a_death_on_record():
    people = [person("P1", death_date=on(20)), person("P2")]
    made = summary([event("P1", 10, grade=5), event("P2", 10, grade=5)], people)
    row = made.loc[("grade 5", "any")]
    assert (row["patients"], row["unknown"]) == (1, 1)
    assert row["reason"] == "grade 5 without a death on record, counted as grade 4: P2"
    assert made.loc[("grade 3 or more", "any"), "patients"] == 2


def test_worst_grade_by_class_and_term():
    events = [
        event("P1", 2, "Anemia", 2, "Blood"),
        event("P1", 9, " anemia ", 3, "Blood"),
        event("P2", 2, "Anemia", 1, "Blood"),
        event("P1", 5, "Febrile neutropenia", 4, "blood"),
        event("P3", 5),
    ]
    found = adverse_events.emergent(pd.DataFrame(events), PEOPLE, 30)
    made = tables.conform(adverse_events.by_term(found, TREATED, 0.95), tables.AE_BY_TERM)
    made = made.set_index(["soc", "term"])
    grades = [f"grade_{g}" for g in range(1, 6)]
    soc = next(s for s in made.index.get_level_values("soc") if s.casefold() == "blood")
    term = next(t for s, t in made.index if t.casefold() == "anemia")
    assert list(made.loc[(soc, term), grades]) == [1, 0, 1, 0, 0]
    assert list(made.loc[(soc, "all"), grades]) == [1, 0, 0, 1, 0]
    assert (made.loc[(soc, "all"), "patients"], made.loc[(soc, "all"), "events"]) == (2, 4)
    assert (made.loc[("all", "all"), "patients"], made.loc[("all", "all"), "grade_3_or_more"]) == (3, 1)
    assert made.loc[("all", "all"), "grade_3_high"] == pytest.approx(
        0.4450161, abs=1e-7
    )  # R: binom.test(1, 10)


def test_events_of_special_interest_are_named_by_class_or_term():
    events = [
        event("P1", 2, "Lung infection", 3, "infections  and infestations"),
        event("P1", 9, "Sepsis", 4, "Infections and infestations"),
        event("P2", 2, "Rash maculo-papular", 2, "Skin"),
        event("P3", 2, "Pruritus", 3, "Skin"),
    ]
    found = adverse_events.emergent(pd.DataFrame(events), PEOPLE, 30)
    groups = {"infection": ["Infections and infestations"], "rash": ["rash Maculo-papular"]}
    made = adverse_events.summary(found, TREATED, 0.95, groups).set_index("category")
    rows = made.loc[[n for n in made.index if n.startswith("special")], ["patients", "events"]]
    assert dict(zip(rows.index, rows.itertuples(index=False, name=None), strict=True)) == {
        "special interest: infection": (1, 2),
        "special interest: infection, grade 3 or more": (1, 2),
        "special interest: rash": (1, 1),
        "special interest: rash, grade 3 or more": (0, 0),
    }


def test_no_event_at_all_is_nobody_of_the_treated():
    made = summary(pd.DataFrame([event("P1", 2)]).iloc[:0])
    assert (made.loc[("any grade", "any"), "patients"], made.loc[("any grade", "any"), "of"]) == (0, 10)
