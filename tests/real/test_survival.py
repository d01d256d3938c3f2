"""Survival numbers against R survival and cmprsk, to 6 digits; reference/survival.R made the numbers."""

import greenwood
import numpy as np
import pandas as pd
import pytest

from myeloma import outcomes, survival

pytestmark = pytest.mark.data
DIGITS = 1e-6


@pytest.fixture(scope="module")
def expected(project):
    frame = pd.read_csv(project / "tests/real/reference/survival.tsv", sep="\t", comment="#")
    return {name: rows["value"].tolist() for name, rows in frame.groupby("quantity", sort=False)}


def close(made, expected):
    assert list(made) == pytest.approx(list(expected), rel=DIGITS, abs=1e-12)


@pytest.fixture
def mayo(real_data):
    return pd.read_csv(real_data("survival_myeloma") / "myeloma.csv")


@pytest.fixture
def gse4581(real_data):
    frame = pd.read_csv(real_data("survival_myeloma") / "survminer_myeloma_GSE4581.csv")
    frame = frame[frame["time"] > 0]  # as in survival.R
    return frame.assign(gain=frame["chr1q21_status"] != "2 copies")


def test_kaplan_meier_median_and_follow_up_of_3882_patients(mayo, expected):
    steps = survival.kaplan_meier(mayo["futime"], mayo["death"])
    at = [survival.survival_at(steps, t) for t in (100, 365, 1000, 2000, 4000, 6000)]
    for n, name in enumerate(("survival", "low", "high")):
        close([row[n] for row in at], expected[f"mayo_{name}"])
    middle = survival.median(mayo["futime"], mayo["death"])
    close(middle, [expected[f"mayo_median{part}"][0] for part in ("", "_low", "_high")])
    close(survival.follow_up(mayo["futime"], mayo["death"]), expected["mayo_follow_up"])


def test_left_truncation_of_the_library(mayo, expected):
    """Entry after the diagnosis: the library the product stands on, in R's counting-process form."""
    used = mayo[mayo["entry"] < mayo["futime"]]
    surv = greenwood.Surv(
        used["entry"].to_numpy(float), used["futime"].to_numpy(float), used["death"].to_numpy()
    )
    fit = greenwood.KaplanMeier(conf_type="log-log").fit(surv)
    steps = fit.to_frame(format="pandas")
    at = [steps[steps["time"] <= t].iloc[-1] for t in (100, 365, 1000, 2000, 4000, 6000)]
    for column, name in (("estimate", "survival"), ("conf_low", "low"), ("conf_high", "high")):
        close([row[column] for row in at], expected[f"mayo_truncated_{name}"])
    close(fit.median(ci=True), expected["mayo_truncated_median"])
    cox = greenwood.CoxPH().fit(surv, (used["year"] - 65).to_frame().astype(float))
    close(coefficients(cox), expected["mayo_truncated_cox"])


def coefficients(cox):
    frame = cox.to_frame(format="pandas")
    return [*frame["estimate"], *frame["std_error"]]


@pytest.mark.parametrize("ties", ["breslow", "efron"])
def test_krall_cox_of_the_library(real_data, expected, ties):
    data = pd.read_csv(real_data("survival_myeloma") / "emplik_myeloma_krall1975.csv")
    surv = greenwood.Surv(time=data["Time"].to_numpy(float), event=data["VStatus"].to_numpy())
    cox = greenwood.CoxPH(ties=ties).fit(surv, data[["LogBUN", "HGB"]].astype(float))
    close(coefficients(cox), [*expected[f"krall_{ties}_coef"], *expected[f"krall_{ties}_se"]])


def test_log_rank_and_cox_of_1q21_gain(gse4581, expected):
    chi, df, _ = survival.log_rank(gse4581["time"], gse4581["event"], gse4581["molecular_group"])
    close([chi], expected["gse_groups_chi2"])
    assert df == 6
    known = gse4581[gse4581["chr1q21_status"].notna()]
    close(
        [survival.log_rank(known["time"], known["event"], known["chr1q21_status"])[0]],
        expected["gse_1q21_chi2"],
    )
    made = survival.hazard_ratio(known["time"], known["event"], known["gain"])
    close([np.log(made.hazard_ratio)], expected["gse_gain_cox"][:1])
    close([made.log_rank_chi2], expected["gse_gain_chi2"])
    for side in (False, True):
        rows = known[known["gain"] == side]
        steps = survival.kaplan_meier(rows["time"], rows["event"])
        at = [survival.survival_at(steps, t) for t in (12, 24, 36, 48)]
        for n, name in enumerate(("survival", "low", "high")):
            close([row[n] for row in at], expected[f"gse_gain_{str(side).upper()}_{name}"])


def test_stratified_log_rank(gse4581, expected):
    """lifelines ignores `strata` (it gives the unstratified number here)."""
    known = gse4581[gse4581["chr1q21_status"].notna()]
    for group, name in (("gain", "gse_gain"), ("chr1q21_status", "gse_1q21")):
        made = survival.log_rank(known["time"], known["event"], known[group], known["molecular_group"])
        close(made[:1], expected[f"{name}_stratified_chi2"])
        assert made[0] != pytest.approx(expected[f"{name}_chi2"][0], rel=1e-3)


def test_cumulative_incidence_against_cmprsk_and_survfit(expected):
    data = greenwood.load_dataset("mgus2", backend="pandas")
    assert len(data) == expected["mgus2_n"][0]
    time = data["ptime"].where(data["pstat"] == 1, data["futime"])
    cause = np.where(data["pstat"] == 1, "pcm", np.where(data["death"] == 1, "death", ""))
    assert [(cause == name).sum() for name in ("", "pcm", "death")] == expected["mgus2_causes"]
    made = outcomes.cumulative_incidence(time, cause, ("pcm", "death"))
    for name, said in (("pcm", "progression"), ("death", "death")):
        rows = made[made["cause"] == name]
        at = [rows[rows["months"] <= t].iloc[-1] for t in (12, 60, 120, 240, 360)]
        close([row["incidence"] for row in at], expected[f"mgus2_{said}"])
        close([row["low"] for row in at], expected[f"mgus2_{said}_low"])
        close([row["high"] for row in at], expected[f"mgus2_{said}_high"])
