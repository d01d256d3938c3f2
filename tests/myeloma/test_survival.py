"""Time to event against published data, R's stored output, and independent implementations."""

import math

import numpy as np
import pandas as pd
import pytest
from firthmodels import FirthCoxPH
from tests import fabricate

from myeloma import survival
from myeloma.states import EARLY, POOR

# Freireich et al., Blood 1963;21:699: remission in weeks, 6-mercaptopurine (21) and placebo (21).
MERCAPTOPURINE = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
MERCAPTOPURINE_EVENT = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


@pytest.fixture
def leukaemia():
    time = np.array(MERCAPTOPURINE + PLACEBO, dtype=float)
    event = np.array(MERCAPTOPURINE_EVENT + [1] * 21)
    return time, event, np.array([False] * 21 + [True] * 21)


def test_kaplan_meier_of_the_published_trial():
    """Survival at 6, 7, 10, 13, 16, 22, 23 weeks as printed in Collett, Modelling Survival Data."""
    steps = survival.kaplan_meier(MERCAPTOPURINE, MERCAPTOPURINE_EVENT).set_index("time")
    at = steps.loc[[6, 7, 10, 13, 16, 22, 23]]
    assert at["survival"].round(4).tolist() == [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482]
    assert at["at_risk"].tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert steps.loc[0, "survival"] == 1 and steps.loc[0, "at_risk"] == 21


def test_log_log_band_by_hand():
    """S^exp(+-z sd / log S), the variance of log(-log S) from Greenwood's sum."""
    steps = survival.kaplan_meier(MERCAPTOPURINE, MERCAPTOPURINE_EVENT).set_index("time")
    greenwood_sum = 3 / (21 * 18) + 1 / (17 * 16)
    s = (18 / 21) * (16 / 17)
    shift = 1.959963985 * math.sqrt(greenwood_sum) / math.log(s)
    assert steps.loc[7, "low"] == pytest.approx(s ** math.exp(-shift), rel=1e-9)
    assert steps.loc[7, "high"] == pytest.approx(s ** math.exp(shift), rel=1e-9)


def test_median_and_not_reached(leukaemia):
    assert survival.median(MERCAPTOPURINE, MERCAPTOPURINE_EVENT)[0] == 23
    assert math.isnan(survival.median(MERCAPTOPURINE, MERCAPTOPURINE_EVENT)[2])
    assert survival.median(PLACEBO, [1] * 21)[0] == 8
    assert all(math.isnan(v) for v in survival.median([3, 4], [0, 0]))
    assert all(math.isnan(v) for v in survival.median([], []))


def test_medians_of_small_cohorts_equal_r(project):
    """R survival, 75 cohorts of 2 to 14 (reference/medians.R); a third of them meets one half exactly."""
    made = pd.read_csv(project / "tests/myeloma/reference/medians.tsv", sep="\t", comment="#", dtype=str)
    assert len(made) > 70
    for row in made.to_dict("records"):
        time, event = ([int(v) for v in row[name].split(",")] for name in ("times", "events"))
        expected = [float(row[name]) for name in ("median", "low", "high")]
        assert survival.median(time, event) == pytest.approx(expected, nan_ok=True), row


def test_follow_up_is_the_median_of_the_reversed_events():
    assert survival.follow_up([5, 6, 7], [0, 0, 0])[0] == 6
    assert math.isnan(survival.follow_up([5, 6, 7], [1, 1, 1])[0])


def test_log_rank_and_cox_of_the_published_trial(leukaemia):
    """R survival: log-rank chi2 16.79 on 1 df; coxph (Efron) coefficient 1.5721, that is a ratio of 4.817."""
    made = survival.hazard_ratio(*leukaemia)
    assert made.log_rank_chi2 == pytest.approx(16.79, abs=0.005)
    assert made.hazard_ratio == pytest.approx(math.exp(1.5721), abs=5e-4)
    assert made.method == "Cox" and made.note == ""
    assert made.ci_low < made.hazard_ratio < made.ci_high


def test_profile_limits_lie_where_the_likelihood_has_fallen(leukaemia):
    likelihood = survival.PartialLikelihood(*leukaemia)
    best, low, high = likelihood.profile(0.95, 0.0)
    for limit in (low, high):
        assert 2 * (likelihood.log(best, 0) - likelihood.log(limit, 0)) == pytest.approx(3.841459, abs=1e-5)


@pytest.mark.data
def test_1q21_gain_in_gse4581(real_data):
    """R survival 3.5-3: ratio 2.053, score chi2 6.37; three levels 6.9 on 2 df; survival at 12 to 48 months."""
    data = pd.read_csv(real_data("survival_myeloma") / "survminer_myeloma_GSE4581.csv")
    data = data[data["chr1q21_status"].notna()]
    gain = (data["chr1q21_status"] != "2 copies").to_numpy()
    made = survival.hazard_ratio(data["time"], data["event"], gain)
    assert round(made.hazard_ratio, 3) == 2.053
    assert round(made.log_rank_chi2, 2) == 6.37
    chi, df, _ = survival.log_rank(data["time"], data["event"], data["chr1q21_status"])
    assert (round(chi, 1), df) == (6.9, 2)
    for carrier, expected in ((False, [0.946, 0.871, 0.855, 0.724]), (True, [0.871, 0.751, 0.676, 0.583])):
        rows = data[gain == carrier]
        steps = survival.kaplan_meier(rows["time"], rows["event"])
        assert [round(survival.survival_at(steps, m)[0], 3) for m in (12, 24, 36, 48)] == expected


def untied(seed, n=24, share=0.3):
    rng = np.random.default_rng(seed)
    carrier = rng.random(n) < share
    carrier[0], carrier[1] = True, False
    return rng.exponential(10, n), (rng.random(n) < 0.6).astype(int), carrier


@pytest.mark.parametrize("seed", range(12))
def test_firth_against_firthmodels(seed):
    """Without ties Breslow and Efron are the same, so both must give the same estimate and limits."""
    time, event, carrier = untied(seed)
    other = FirthCoxPH(backend="numpy", gtol=1e-7, max_halfstep=50, max_iter=200)
    other.fit(carrier.reshape(-1, 1).astype(float), (event.astype(bool), time))
    best, low, high = survival.PartialLikelihood(time, event, carrier).profile(0.95, 0.5)
    assert best == pytest.approx(other.coef_[0], abs=2e-4)
    expected = other.conf_int(method="pl", tol=1e-7, max_iter=500)[0]
    assert (low, high) == pytest.approx(tuple(expected), abs=1e-3)


def test_no_event_on_one_side_is_penalised_and_finite():
    made = survival.hazard_ratio(
        [3, 4, 5, 6, 7, 8, 9, 10], [0, 0, 0, 1, 1, 1, 1, 1], [True] * 3 + [False] * 5
    )
    assert made.method == ""  # every event fell after the last carrier had left
    assert made.note == "no event while both sides were at risk"
    made = survival.hazard_ratio(
        [13, 14, 15, 6, 7, 8, 9, 10], [0, 0, 0, 1, 1, 1, 1, 1], [True] * 3 + [False] * 5
    )
    assert made.method == "Firth" and "penalised" in made.note
    assert 0 < made.ci_low < made.hazard_ratio < made.ci_high < math.inf


def test_all_events_of_one_side_first_is_penalised_and_finite():
    """Six carriers who progress before any of six others: R's coxph warns of an infinite coefficient; so did this end in
    an overflow. firthmodels on the same times: the penalised estimate."""
    time, carrier = np.arange(1.0, 13), np.arange(12) < 6
    for side in (carrier, ~carrier):
        made = survival.hazard_ratio(time, np.ones(12, int), side)
        assert made.method == "Firth" and "no finite estimate without a penalty" in made.note
        other = FirthCoxPH(backend="numpy", gtol=1e-7, max_halfstep=50, max_iter=200)
        other.fit(side.reshape(-1, 1).astype(float), (np.ones(12, bool), time))
        assert math.log(made.hazard_ratio) == pytest.approx(other.coef_[0], abs=2e-3)
        assert 0 < made.ci_low < made.hazard_ratio < made.ci_high < math.inf
        assert math.isnan(made.wald_low)
    # one event of the other side while both are at risk: finite again
    carrier[[0, 6]] = carrier[[6, 0]]
    assert survival.hazard_ratio(time, np.ones(12, int), carrier).method == "Cox"


def test_monotone_with_ties():
    """Two carriers and one other at the first time: neither side has every event."""
    time, event = np.array([1.0, 1, 1, 2, 3, 4]), np.array([1, 1, 1, 1, 1, 1])
    assert not survival.PartialLikelihood(time, event, np.array([1, 1, 0, 0, 0, 0], bool)).monotone()
    assert survival.PartialLikelihood(time, event, np.array([1, 1, 1, 0, 0, 0], bool)).monotone()
    assert survival.PartialLikelihood(time, event, np.array([0, 0, 0, 1, 1, 1], bool)).monotone()


@pytest.mark.parametrize(
    "time, event, carrier, note",
    [
        ([], [], [], "nobody"),
        ([4, 5], [1, 1], [True, True], "all are carriers"),
        ([4, 5], [1, 1], [False, False], "no carrier"),
        ([4, 5], [0, 0], [True, False], "no events"),
        ([5, 5, 5], [1, 1, 1], [True, False, False], "no event while both sides were at risk"),
    ],
)
def test_nothing_to_estimate_is_said(time, event, carrier, note):
    made = survival.hazard_ratio(time, event, carrier)
    assert note in made.note
    assert math.isnan(made.hazard_ratio) and math.isnan(made.log_rank_p)


@pytest.mark.parametrize(
    "time, event",
    [([0, 3], [1, 1]), ([-1, 3], [1, 1]), ([math.nan, 3], [1, 1]), ([1, 3], [1, 2]), ([1], [1, 0])],
)
def test_impossible_times_and_events_are_refused(time, event):
    with pytest.raises(ValueError):
        survival.kaplan_meier(time, event)


def test_survival_after_the_last_time_is_unknown():
    steps = survival.kaplan_meier([5, 10], [1, 0])
    assert survival.survival_at(steps, 9)[0] == 0.5
    assert math.isnan(survival.survival_at(steps, 12)[0])


def test_survival_is_zero_once_everybody_has_died():
    steps = survival.kaplan_meier([5, 7, 10], [1, 0, 1])
    for when in (10, 12, 24):
        at = survival.survival_at(steps, when)
        assert at[0] == 0 and math.isnan(at[1]) and math.isnan(at[2])
    assert math.isnan(survival.survival_at(survival.kaplan_meier([], []), 12)[0])


def test_landmark_counts_time_from_the_landmark_and_leaves_out_who_is_gone():
    endpoints = fabricate.cohort(n=6, seed=4).frames["endpoints"]
    ttp = endpoints["endpoint"] == "TTP"
    endpoints.loc[ttp, "days"] = [92, 93, 192, 40, 300, 400]
    patients = endpoints.loc[ttp, "patient"].tolist()
    groups = dict(zip(patients, [EARLY, EARLY, EARLY, POOR, POOR, "NEITHER"], strict=True))
    summary, curves = survival.summarise(
        endpoints, fabricate.cohort(n=6).frames["abnormalities"], groups, patients, fabricate.RULES, 91,
        "trial", 30.4375,
    )  # fmt: skip
    rows = summary[summary["analysis"] == "TTP by group from the landmark"].set_index("stratum")
    assert rows["patients"].to_dict() == {EARLY: 2, POOR: 1}
    times = curves[(curves["analysis"] == "TTP by group from the landmark") & (curves["stratum"] == EARLY)]
    assert times["months"].tolist() == pytest.approx([0, 1 / 30.4375, 100 / 30.4375])


def test_a_level_that_nobody_is_at_risk_in_leaves_the_log_rank_as_in_r():
    """R 4.2.2, survival 3.5-3: survdiff; group c ends before the first event."""
    time = [1, 1.5, 3, 4, 5, 6, 7, 8, 9, 10, 2, 12]
    event = [0, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1]
    group = list("ccabababab") + ["d", "d"]
    statistic, freedom, _ = survival.log_rank(time, event, group)
    assert (statistic, freedom) == (pytest.approx(1.76990463409, rel=1e-10), 2)
    statistic, freedom, _ = survival.log_rank(time[:10], event[:10], group[:10])
    assert (statistic, freedom) == (pytest.approx(0.0739030023095, rel=1e-10), 1)
