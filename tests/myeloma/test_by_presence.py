"""Response and time to event by presence: R survival on a small cohort, published intervals, hand-made tables."""

import math

import pandas as pd
import pytest

from myeloma import by_presence, multiplicity, survival, tables
from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT

RULES = {
    "primary_family": ["del17p"], "alpha": 0.05, "confidence": 0.95, "power": 0.8, "rmst_months": 24,
    "cox_min_events": 5, "survival_months": [12, 24], "lost_after_days": 90,
}  # fmt: skip
#: The cohort of reference/by_presence.R; every third patient is no carrier.
MONTHS = [
    2,
    3,
    3,
    5,
    6,
    8,
    9,
    11,
    13,
    14,
    15,
    17,
    18,
    20,
    22,
    25,
    26,
    28,
    30,
    31,
    33,
    36,
    4,
    7,
    12,
    12,
    24,
    24,
    10,
    16,
]
EVENT = [1, 1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 1]


@pytest.fixture(scope="module")
def expected(project):
    frame = pd.read_csv(project / "tests/myeloma/reference/by_presence.tsv", sep="\t", comment="#")
    return dict(zip(frame["quantity"], frame["value"], strict=True))


def trial(months, event, states, best=None, endpoint="OS", end_date="2024-06-01"):
    """FLOW, ABNORMALITIES, RESPONSE and ENDPOINTS of patients P1, P2, ...; `states` of del17p."""
    patients = [f"P{i + 1}" for i in range(len(months))]
    calls = [
        {"patient": p, "abnormality": "del17p", "kind": "copy_number", "state": state}
        for p, state in zip(patients, states, strict=True)
    ]
    response = pd.DataFrame({"patient": patients, "best_confirmed_treatment": best or ["PR"] * len(patients)})
    response["response_source"] = "assessments"
    ends = [end_date] * len(patients) if isinstance(end_date, str) else end_date
    times = pd.DataFrame(
        {"patient": patients, "endpoint": endpoint, "rule_set": "trial", "months": [float(m) for m in months],
         "event": event, "end_date": ends, "source_record": "made"}
    )  # fmt: skip
    seen = pd.DataFrame({"patient": patients, "analysis": "itt", "included": "yes", "reason": ""})
    return seen, pd.DataFrame(calls), response, times


def survival_row(*cohort):
    seen, calls, _, times = trial(*cohort)
    made = by_presence.survival_by_abnormality(seen, calls, times, {}, RULES, "trial")
    return made.iloc[0]


def responses(*cohort, qualifying=None, data_cut="", **more):
    seen, calls, response, times = trial(*cohort, **more)
    # one row of TTP says that the trial has assessments
    times = pd.concat([times, times.head(1).assign(endpoint="TTP")])
    made = by_presence.response_by_abnormality(
        seen, calls, response, times, qualifying or {}, RULES, "trial", data_cut or times["end_date"].max()
    )
    return made.set_index("measure")


def by_r():
    return [PRESENT if i % 3 < 2 else ABSENT for i in range(30)]


def test_one_cohort_equals_r(expected):
    row = survival_row(MONTHS, EVENT, by_r())
    for name in row.index.intersection(list(expected)):
        assert row[name] == pytest.approx(expected[name], rel=1e-6, nan_ok=True), name
    assert row["method"] == "Cox" and row["not_assessable"] == 0
    assert (row["carriers"], row["non_carriers"]) == (20, 10)


def test_survival_at_months_equals_r(expected):
    made = responses(MONTHS, EVENT, by_r())
    for months in (12, 24):
        row = made.loc[f"OS at {months} months"]
        for side in ("carrier", "non_carrier"):
            found = [row[f"{side}_{part}"] for part in ("fraction", "low", "high", "at_risk")]
            wanted = [expected[f"{side}_at_{months}{part}"] for part in ("", "_low", "_high", "_risk")]
            assert found == pytest.approx(wanted, rel=1e-6)
        gap = row["carrier_fraction"] - row["non_carrier_fraction"]
        assert row["difference"] == pytest.approx(gap)
        assert row["difference_low"] < gap < row["difference_high"]
        assert row["family"] == multiplicity.DESCRIBED and math.isnan(row["p"])


def test_a_response_that_nobody_gives_is_no_failure_in_a_run_without_assessments():
    """Carriers PR, SD, not given, NE as given: 1 of 3; others PR, not given: 1 of 1; one not assessable."""
    states = [PRESENT] * 4 + [ABSENT] * 2 + [NOT_ASSESSABLE]
    best = ["PR", "SD", "NE", "NE", "PR", "NE", "NE"]
    seen, calls, response, times = trial([9.0] * 7, [0] * 7, states, best, end_date="")
    response["response_source"] = ["given", "given", "none", "given", "given", "none", "none"]
    times["source_record"] = "given: endpoints.tsv"
    made = by_presence.response_by_abnormality(seen, calls, response, times, {}, RULES, "trial", "2024-06-01")
    row = made.set_index("measure").loc["ORR"]
    assert row[["carrier_with", "carriers", "carrier_not_known", "carrier_not_evaluable"]].tolist() == [
        1,
        3,
        1,
        1,
    ]
    assert row[["non_carrier_with", "non_carriers", "non_carrier_not_known"]].tolist() == [1, 1, 1]
    assert row["carrier_fraction"] == pytest.approx(1 / 3) and row["not_assessable"] == 1


def test_carriers_who_have_all_died_have_a_survival_of_zero():
    made = responses([3, 5, 30, 30], [1, 1, 0, 0], [PRESENT, PRESENT, ABSENT, ABSENT]).loc["OS at 12 months"]
    assert "no certainty" in made["note"]  # 0 of 2 and 2 of 2: log-log limits exist for neither
    assert (made["carrier_fraction"], made["non_carrier_fraction"], made["difference"]) == (0, 1, -1)
    assert math.isnan(made["carrier_low"]) and math.isnan(made["difference_low"])


@pytest.mark.data
def test_gain_of_1q_in_gse4581(real_data):
    """R survival: ratio 2.053, Wald 1.161 to 3.632, score chi2 6.37 on 1 df; 70 patients without a call."""
    data = pd.read_csv(real_data("survival_myeloma") / "survminer_myeloma_GSE4581.csv")
    data = data[data["time"] > 0]
    state = data["chr1q21_status"].map(
        lambda v: NOT_ASSESSABLE if pd.isna(v) else PRESENT if v != "2 copies" else ABSENT
    )
    row = survival_row(data["time"], data["event"].tolist(), state)
    assert [round(row[n], 3) for n in ("hazard_ratio", "wald_low", "wald_high")] == [2.053, 1.161, 3.632]
    assert round(row["log_rank_chi2"], 2) == 6.37
    assert row["not_assessable"] == int((state == NOT_ASSESSABLE).sum())


def test_newcombe_of_the_paper():
    """Newcombe 1998, table II (a), method 10: 56/70 and 48/80 differ by 0.2, 0.0524 to 0.3339."""
    one, other = (x / n for x, n in ((56, 70), (48, 80)))
    found = by_presence.difference(
        (one, *by_presence.wilson(56, 70, 0.95)), (other, *by_presence.wilson(48, 80, 0.95))
    )
    assert [round(v, 4) for v in found] == [0.2, 0.0524, 0.3339]


def test_restricted_mean_beyond_a_curve_that_is_zero():
    """Carriers all have the event by month 4: their mean is (2 + 4) / 2 = 3 at any later horizon. The others, events at 6
    and censored at 12: 6 + 1/2 x 6 = 9, horizon 12. Greenwood's variances: 2^2 / (2 x 1) x (1/2)^2 = 0.5 and
    (6 x 1/2)^2 / (2 x 1) = 4.5."""
    time, event = [2, 4, 6, 12], [1, 1, 1, 0]
    horizon, gap, low, high = survival.restricted_mean(time, event, [True, True, False, False], 24)
    assert (horizon, gap) == (12, pytest.approx(3 - 9))
    reach = 1.959964 * math.sqrt(0.5 + 4.5)
    assert (low, high) == (pytest.approx(-6 - reach, rel=1e-6), pytest.approx(-6 + reach, rel=1e-6))


def test_a_variance_of_zero_has_no_interval():
    """Horizon 2: the only event before it is at 2 itself, so nothing varies; 0 to 0 would claim certainty."""
    made = survival.restricted_mean([2, 2, 3, 3], [1, 1, 0, 0], [True, True, False, False], 2)
    assert made[:2] == (2, 0) and math.isnan(made[2]) and math.isnan(made[3])


def test_rates_by_hand():
    """Carriers 1 of 4 respond, non-carriers 4 of 4; one patient is not assessable, one carrier never assessed."""
    states = [PRESENT] * 4 + [ABSENT] * 4 + [NOT_ASSESSABLE]
    best = ["PR", "SD", "NE", "PD", "CR", "sCR", "VGPR", "PR", "CR"]
    made = responses([10] * 9, [1] * 9, states, best)
    orr = made.loc["ORR"]
    assert (orr["carrier_with"], orr["carriers"], orr["non_carrier_with"], orr["non_carriers"]) == (
        1,
        4,
        4,
        4,
    )
    assert (orr["carrier_not_evaluable"], orr["not_assessable"]) == (1, 1)
    # of 56 ways to place the 5 responders among 8 patients C(4,1) C(4,4) = 4 are as extreme
    assert orr["p"] == pytest.approx(2 * 4 / 56)
    assert orr["difference"] == pytest.approx(-0.75)
    assert orr["odds_ratio"] == 0 and orr["ci_low"] == 0
    assert orr["family"] == multiplicity.DESCRIBED and "smallest 0.14" in orr["note"]
    assert made.loc["VGPR", "non_carrier_with"] == 3 and made.loc["CR", "non_carrier_with"] == 2
    # Clopper-Pearson of 4 of 4: 0.025 ** (1 / 4)
    assert orr["non_carrier_low"] == pytest.approx(0.025**0.25) and orr["non_carrier_high"] == 1


def test_lost_to_follow_up_is_neither_alive_nor_dead():
    """At the cut 2024-12-31: last seen 100 days before is lost, 90 days before is alive, dead is dead."""
    ends = ["2024-09-22", "2024-10-02", "2024-03-01", "2024-12-31"]
    made = responses(
        [10] * 4, [0, 0, 1, 0], [PRESENT] * 3 + [ABSENT], data_cut="2024-12-31", end_date=ends
    ).loc[by_presence.ALIVE]
    assert (made["carriers"], made["carrier_with"], made["carrier_lost"]) == (2, 1, 1)
    assert (made["non_carriers"], made["non_carrier_with"], made["non_carrier_lost"]) == (1, 1, 0)


def test_a_qualifying_lesion_and_small_sides_are_said():
    made = responses([10] * 4, [1] * 4, [PRESENT] * 2 + [ABSENT] * 2, qualifying={"P1": "del(17p)"})
    assert made["note"].str.contains("versus patients enrolled for another lesion").all()
    assert made["note"].str.contains("fewer than 5 patients on a side").all()


@pytest.mark.parametrize("state, note", [(PRESENT, "all are carriers"), (ABSENT, "no carrier")])
def test_one_side_only_is_described(state, note):
    row = survival_row([5, 6], [1, 1], [state, state])
    assert row["family"] == multiplicity.DESCRIBED and row["note"].startswith(note)
    assert math.isnan(row["hazard_ratio"]) and math.isnan(row["q"]) and math.isnan(row["rmst_difference"])
    assert responses([5, 6], [1, 1], [state, state]).loc["ORR", "note"].startswith(note)


def test_nothing_given_gives_no_rows():
    seen, calls, response, times = trial([], [], [])
    calls = tables.empty(tables.ABNORMALITIES)
    assert not len(by_presence.survival_by_abnormality(seen, calls, times, {}, RULES, "trial"))
    assert not len(
        by_presence.response_by_abnormality(seen, calls, response, times, {}, RULES, "trial", "2024-06-01")
    )
    # survival only: no assessments, so nobody looked for a response
    seen, calls, response, times = trial([5, 6], [1, 0], [PRESENT, ABSENT])
    made = by_presence.response_by_abnormality(seen, calls, response, times, {}, RULES, "trial", "2024-06-01")
    assert set(made["measure"]) == {by_presence.ALIVE, "OS at 12 months", "OS at 24 months"}


def test_detectable_hazard_is_schoenfelds():
    """Schoenfeld 1983: 4 (1.96 + 0.8416)^2 / log(2)^2 = 65.4 events find a ratio of 2 between equal halves."""
    assert survival.detectable_hazard(65, 50, 100, 0.05, 0.8) == pytest.approx(2, abs=0.005)
    assert math.isnan(survival.detectable_hazard(0, 5, 10, 0.05, 0.8))


def test_times_as_given_have_no_place_in_alive_at_the_cut():
    made = responses([10] * 4, [0, 1, 0, 1], [PRESENT, PRESENT, ABSENT, ABSENT], end_date="")
    assert by_presence.ALIVE not in made.index and "OS at 12 months" in made.index
    ends = ["2024-12-01", "", "2024-12-01", ""]
    mixed = responses([10] * 4, [0, 1, 0, 1], [PRESENT] * 2 + [ABSENT] * 2, end_date=ends).loc[
        by_presence.ALIVE
    ]
    assert (mixed["carriers"], mixed["non_carriers"]) == (1, 1)
