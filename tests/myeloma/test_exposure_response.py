"""Exposure against outcome: the regression against R, who counts, what is refused."""

import datetime
import math

import numpy as np
import pandas as pd
import pytest

from myeloma import exposure_response, individual_pk, ixazomib, tables
from myeloma.exposure_response import Outcome

RULES = {"confidence": 0.95, "min_events": 5, "grade": 3, "window_days": 30, "min_days": 7,
         "terms": {"rash": ["Rash maculo-papular"], "fatigue": ["Fatigue"]}}  # fmt: skip
DAY = datetime.date(2021, 3, 1)
X = np.array(
    [
        820,
        1100,
        1240,
        1310,
        1500,
        1620,
        1800,
        1950,
        2100,
        2300,
        2450,
        2600,
        2900,
        3300,
        3900,
        4600,
        5200,
        6100.0,
    ]
)
Y = np.array([0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 1, 1], bool)


@pytest.fixture(scope="module")
def model(project):
    return ixazomib.read_model(project / "resources/ixazomib_population_pk.tsv")


def test_regression_equals_r(project):
    """tests/myeloma/reference/firth_logistic.R: the penalised likelihood maximised and profiled by R."""
    lines = (project / "tests/myeloma/reference/firth_logistic.txt").read_text().splitlines()
    truth = [float(v) for v in lines[-1].split()]
    made = exposure_response.firth(X, Y, 0.95)
    assert [made.odds_ratio, made.ci_low, made.ci_high, made.p] == pytest.approx(truth, rel=1e-5)


def test_complete_separation_has_a_finite_estimate_and_a_unit_changes_nothing():
    apart = X > 2000
    made = exposure_response.firth(X, apart, 0.95)
    assert 1 < made.ci_low < made.odds_ratio < math.inf
    assert exposure_response.firth(X / 1000, apart, 0.95).odds_ratio == pytest.approx(made.odds_ratio)
    turned = exposure_response.firth(1 / X, apart, 0.95)
    assert turned.odds_ratio == pytest.approx(1 / made.odds_ratio)


def test_equal_exposures_are_refused():
    with pytest.raises(ArithmeticError, match="equal"):
        exposure_response.firth(np.full(12, 5.0), np.arange(12) < 6, 0.95)


def doses(days=(0, 3, 7, 10), start=8.0):
    hours = DAY.toordinal() * 24.0 + np.array(days) * 24.0 + start
    return individual_pk.Doses(np.full(len(days), 3.0), hours, np.full(len(days), True))


def cohort(n=18, assessable=18):
    rows = [
        {"patient": f"P{i:02d}", "state": "assessable" if i < assessable else "not_assessable", "auc_cycle1": X[i],
         "cl": 1.86, "bioavailability": 0.58, "v4": 205.0}
        for i in range(n)
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=tables.PK_INDIVIDUAL.names())
    return tables.conform(frame, tables.PK_INDIVIDUAL), {f"P{i:02d}": doses() for i in range(n)}


def test_counts_and_estimate_of_a_row(model):
    individual, histories = cohort()
    happened = {f"P{i:02d}": bool(Y[i]) for i in range(18)}
    made = exposure_response.compare(
        model, individual, histories, [Outcome("o", "response", happened, {})], RULES
    )
    row = made.set_index("metric").loc["auc_cycle1"]
    assert (row["patients"], row["events"], row["no_exposure"], row["no_outcome"]) == (18, 9, 0, 0)
    assert row["odds_ratio"] == pytest.approx(4.78259902, rel=1e-5)
    assert row["q"] == pytest.approx(row["p"])
    assert row["mean_with"] == pytest.approx(math.exp(np.log(X[Y]).mean()))
    # events without a day give no time to sum up to, so there is no common time for the others either
    other = made.set_index("metric").loc["average_to_event"]
    assert (other["patients"], other["events"], other["state"]) == (0, 0, "refused")


def test_patients_without_exposure_or_outcome_are_counted_and_few_events_refused(model):
    individual, histories = cohort(assessable=15)
    happened = {f"P{i:02d}": i < 4 for i in range(12)}
    made = exposure_response.compare(
        model, individual, histories, [Outcome("o", "response", happened, {})], RULES
    )
    row = made.set_index("metric").loc["auc_cycle1"]
    assert (row["patients"], row["events"], row["no_exposure"], row["no_outcome"]) == (12, 4, 3, 3)
    assert row["state"] == "refused" and "4 with and 8 without it; at least 5" in row["reason"]
    assert math.isnan(row["odds_ratio"]) and math.isnan(row["p"]) and math.isnan(row["q"])


def test_false_discovery_is_within_the_metric(model):
    individual, histories = cohort()
    rng = np.random.default_rng(1)
    outcomes = [Outcome("a", "response", {f"P{i:02d}": bool(Y[i]) for i in range(18)}, {})]
    for name in "bc":
        outcomes.append(
            Outcome(name, "response", {f"P{i:02d}": bool(v) for i, v in enumerate(rng.permutation(Y))}, {})
        )
    made = exposure_response.compare(model, individual, histories, outcomes, RULES)
    rows = made[made["metric"] == "auc_cycle1"].sort_values("p")
    by_hand = rows["p"].to_numpy() * 3 / np.arange(1, 4)
    by_hand = np.minimum.accumulate(by_hand[::-1])[::-1]
    assert rows["q"].tolist() == pytest.approx(by_hand.tolist())


def test_responses_leave_out_who_is_not_evaluable():
    rows = [
        ("A", "VGPR", "EARLY_RESPONDER", "2021-04-01"),
        ("B", "MR", "POOR_RESPONDER", ""),
        ("C", "NE", "NOT_EVALUABLE", ""),
        ("D", "PR", "NEITHER", "2021-07-01"),
    ]
    frame = pd.DataFrame(rows, columns=["patient", "best_confirmed_response", "group", "response_date"])
    overall, early = exposure_response.responses(frame)
    assert overall.happened == {"A": True, "B": False, "D": True}
    assert early.happened == {"A": True, "B": False, "D": False}
    assert overall.day == {"A": datetime.date(2021, 4, 1), "D": datetime.date(2021, 7, 1)}
    assert exposure_response.responses(frame.iloc[:0])[0].why == "no response table"


def events(*rows):
    return pd.DataFrame(rows, columns=["patient", "term", "grade", "start_date"])


def test_adverse_events_count_once_a_patient_under_treatment_by_term_and_grade():
    histories = {p: doses() for p in "ABCDEF"}
    seen = events(
        ("A", "rash MACULO-papular ", 3.0, DAY + datetime.timedelta(9)),
        ("A", "Rash maculo-papular", 4.0, DAY + datetime.timedelta(2)),
        ("B", "Rash maculo-papular", 2.0, DAY),  # grade
        ("C", "Fatigue", 3.0, DAY - datetime.timedelta(1)),  # before the first dose
        ("D", "Fatigue", 3.0, DAY + datetime.timedelta(40)),  # last day of the window
        ("E", "Fatigue", 3.0, DAY + datetime.timedelta(41)),  # after it
        ("Z", "Fatigue", 5.0, DAY),  # never dosed
    )
    named = {o.name: o for o in exposure_response.adverse_events(seen, True, histories, RULES)}
    rash, fatigue, anything = (named[f"grade >= 3: {n}"] for n in ("rash", "fatigue", "any"))
    assert [p for p, v in rash.happened.items() if v] == ["A"] and rash.day["A"] == DAY + datetime.timedelta(
        2
    )
    assert [p for p, v in fatigue.happened.items() if v] == ["D"]
    assert [p for p, v in anything.happened.items() if v] == ["A", "D"] and len(anything.happened) == 6
    missing = exposure_response.adverse_events(seen.iloc[:0], False, histories, RULES)
    assert all(o.why == "no adverse_events sheet" and not o.happened for o in missing)


def test_average_to_the_event_counts_the_doses_up_to_it_alone(model):
    row = {"cl": 1.86, "bioavailability": 0.58, "v4": 205.0}
    end = 9 * 24 + 4.0  # noon of day 10, from 08:00 of the first day; the doses of days 1, 4, 8
    seen = exposure_response.average_to_event(model, row, doses(), end, RULES)
    by_hand = ixazomib.area(model, 1.86, 0.58, 205.0, np.full(3, 3.0), np.array([0, 72.0, 168.0]), end) / end
    assert seen == pytest.approx(float(by_hand))
    assert math.isnan(exposure_response.average_to_event(model, row, doses(), 6 * 24.0, RULES))


def test_who_has_no_event_is_seen_over_the_median_time_of_those_who_have():
    histories = {p: doses() for p in "ABCDE"}
    happened = {"A": True, "B": True, "C": True, "D": False, "E": True}
    day = {p: DAY + datetime.timedelta(n) for p, n in zip("ABC", (9, 20, 44), strict=True)}
    hours = exposure_response.hours_to_event(Outcome("o", "response", happened, day), histories)
    assert hours == {"A": 220, "B": 484, "C": 1060, "D": 484}  # E: an event without a day


def test_an_outcome_that_ignores_exposure_is_not_found_in_either_metric(model):
    """Events at random in patients of one clearance who differ by dose gaps only: odds ratio near 1 in the mean."""
    rng = np.random.default_rng(3)
    individual, histories = cohort()
    for metric in ("auc_cycle1", "average_to_event"):
        logs = []
        for _ in range(60):
            hit = dict(zip(histories, rng.permutation(Y), strict=True))
            days = {p: DAY + datetime.timedelta(int(rng.integers(8, 60))) for p in histories if hit[p]}
            varied = {p: doses(tuple(range(0, 21 * 3, int(rng.integers(3, 7))))) for p in histories}
            rows = exposure_response.compare(
                model, individual, varied, [Outcome("o", "response", hit, days)], RULES
            )
            logs.append(math.log(rows.set_index("metric").loc[metric, "odds_ratio"]))
        assert abs(np.mean(logs)) < 4 * np.std(logs) / math.sqrt(len(logs))
