"""Individual exposure: recovery of simulated patients, the censored likelihood, doses and samples left out."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import dblquad
from scipy.stats import multivariate_normal, norm
from tests import pk_trial
from tests.pk_trial import PLAN, RULES

from myeloma import individual_pk, ixazomib


@pytest.fixture(scope="module")
def model(project):
    return ixazomib.read_model(project / "resources/ixazomib_population_pk.tsv")


def fit(model, people, dosing, seen, outside=(), **rules):
    return individual_pk.fit_cohort(model, people, dosing, seen, PLAN, RULES | rules, dict(outside))


def recovered(model, patients, seed, lloq=0.5):
    """Geometric mean ratio of estimated to true area, coverage of the 90 % intervals, share below the limit."""
    people, dosing, seen, truth = pk_trial.simulate(model, patients, seed, lloq)
    rows = fit(model, people, dosing, seen).individual
    true = rows["patient"].map(truth)
    inside = (np.log(rows["auc_low"]) <= true) & (true <= np.log(rows["auc_high"]))
    assert rows["auc_cycle1"].notna().all()
    ratio = math.exp((np.log(rows["auc_cycle1"]) - true).mean())
    return ratio, inside.mean(), (seen["below_lloq"] == "yes").mean()


def test_sixty_patients_are_recovered(model):
    """Within three standard errors of what 60 patients can show (SD of the log ratio 0.22, 90 % coverage)."""
    ratio, coverage, _ = recovered(model, 60, 11)
    assert ratio == pytest.approx(1, abs=0.09)
    assert coverage >= 0.90 - 3 * math.sqrt(0.09 / 60)


@pytest.mark.long
@pytest.mark.parametrize("lloq, share", [(0.5, 0.0), (3.0, 0.25)])
def test_a_thousand_patients_are_recovered(model, lloq, share):
    """Also with a quarter of the samples below the limit."""
    ratio, coverage, below = recovered(model, 1000, 5, lloq)
    print(f"lloq {lloq}: ratio {ratio:.4f}, coverage {coverage:.4f}, below {below:.4f}")
    assert below >= share
    assert 0.95 <= ratio <= 1.05 and 0.85 <= coverage <= 0.95


def one(model, below=(False, True, False), values=(9.0, math.nan, 2.0), lloq=1.5, at=(4.0, 60.0, 100.0)):
    """A subject with doses at 0 and 72 h."""
    at, below = np.array(at), np.array(below)
    hours = at[:, None] - np.array([0.0, 72.0])
    hours = np.where(hours > 0, hours, np.nan)
    limit = np.where(below, math.log(lloq), -np.inf)
    sd = ixazomib.residual_sd(model, np.nanmin(hours, axis=1))
    lloqs = np.full(len(at), lloq)
    return individual_pk.Subject("P1", 1.87, np.array([3.0, 3.0]), hours, np.log(np.array(values)), below, limit, sd, lloqs,
                            tuple(range(len(at))))  # fmt: skip


def test_likelihood_below_the_limit_is_the_area_of_the_density_there(model):
    """M3 against numbers integrated by hand: each quantified density, and the integral up to the limit."""
    subject = one(model)
    predicted = np.log([8.0, 2.5, 2.4])
    grid = np.linspace(-40, math.log(1.5), 2_000_001)
    density = np.exp(-0.5 * ((grid - predicted[1]) / subject.sd[1]) ** 2) / (
        subject.sd[1] * math.sqrt(2 * math.pi)
    )
    by_hand = math.log(np.trapezoid(density, grid))
    for i, value in ((0, 9.0), (2, 2.0)):
        z = (math.log(value) - predicted[i]) / subject.sd[i]
        by_hand += -0.5 * z**2 - math.log(subject.sd[i] * math.sqrt(2 * math.pi))
    assert individual_pk.log_likelihood(subject, predicted) == pytest.approx(by_hand, abs=1e-8)


def test_all_below_the_limit_pulls_exposure_down_and_leaves_it_finite(model):
    mode = individual_pk.posterior_mode(model, one(model, (True, True, True), (math.nan,) * 3, lloq=0.5))
    assert mode.etas[1] < -1 and np.isfinite(mode.covariance).all()


def test_mode_and_interval_agree_with_the_integrated_posterior(model):
    """Posterior mean of eta F with CL and F integrated numerically (V4's spread made negligible)."""
    omega = model.omega.copy()
    omega[2, 2] = 1e-8
    narrow = ixazomib.Model(model.values, omega, model.rse)
    subject = one(model, (False,) * 3, (6.0, 2.2, 3.1))
    prior = multivariate_normal(np.zeros(2), omega[:2, :2])

    def posterior(f, cl):
        etas = np.array([cl, f, 0.0])
        p = ixazomib.parameters(narrow, etas, 1.87)
        seen = ixazomib.concentration(narrow, p["CL"], p["F"], p["V4"], subject.doses_mg, subject.hours)
        return prior.pdf([cl, f]) * np.prod(norm.pdf(subject.y, np.log(seen), subject.sd)) * 1e3

    box = (-2.0, 2.0, -2.5, 2.5)
    whole = dblquad(posterior, *box, epsrel=1e-4)[0]
    mean = dblquad(lambda f, cl: (f - cl) * posterior(f, cl), *box, epsrel=1e-4)[0] / whole
    square = dblquad(lambda f, cl: (f - cl) ** 2 * posterior(f, cl), *box, epsrel=1e-4)[0] / whole
    mode = individual_pk.posterior_mode(narrow, subject)
    apart = np.array([-1.0, 1.0, 0.0])
    assert apart @ mode.etas == pytest.approx(mean, abs=0.02)
    assert math.sqrt(apart @ mode.covariance @ apart) == pytest.approx(math.sqrt(square - mean**2), rel=0.05)


def small():
    """Two patients: P1 with times, P2 whose second dose has none."""
    people = [{"patient": p, "height_cm": 170.0, "weight_kg": 70.0} for p in ("P1", "P2")]
    day = pk_trial.cell(0)[0].replace
    d = [day(day=1), day(day=4), day(day=8)]
    dosing = pd.DataFrame(
        [(p, "ixazomib", date, time, 3.0) for p in ("P1", "P2")
         for date, time in zip(d, ("08:00", "08:00" if p == "P1" else "", "08:00"), strict=True)],
        columns=["patient", "drug", "date", "time", "dose_mg"],
    )  # fmt: skip
    seen = [(p, "ixazomib", date, time, "", value, 0.5, below)
            for p in ("P1", "P2")
            for date, time, value, below in ((d[0], "12:00", 9.0, "no"), (d[1], "14:00", 8.0, "no"),
                                             (d[2], "07:30", 3.0, "no"), (d[2], "20:00", math.nan, "yes"))]  # fmt: skip
    columns = ["patient", "drug", "date", "time", "nominal", "value_ng_ml", "lloq_ng_ml", "below_lloq"]
    return people, dosing, pd.DataFrame(seen, columns=columns)


def test_samples_near_a_dose_without_a_clock_time_are_left_out_and_listed(model):
    made = fit(model, *small()).concentrations.set_index(["patient", "number"])
    assert made["state"].loc["P1"].tolist() == ["used", "used", "used", "below_lloq"]
    assert made["state"].loc["P2"].tolist() == ["used", "left_out", "used", "below_lloq"]
    assert "clock time of a dose less than 72 h before" in made["reason"].loc["P2", 2]
    assert made["hours_since_last_dose"].loc["P1"].tolist() == pytest.approx([4, 6, 95.5, 12])
    assert made["iwres"].isna().tolist() == [False] * 3 + [True] + [False, True, False, True]


def test_a_given_dose_time_brings_them_back_and_no_time_at_all_needs_72_h(model):
    made = fit(model, *small(), assumed_dose_time="08:00").concentrations
    assert (made["state"] != "left_out").all()
    same = made.set_index(["patient", "number"])["pred"]
    assert same.loc["P1"].tolist() == pytest.approx(same.loc["P2"].tolist())
    longer = fit(model, *small(), untimed_dose_hours=96).concentrations.set_index(["patient", "number"])
    assert longer["state"].loc["P2", 3] == "left_out"


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"time": "07:59"}, "before the first dose"),
        ({"time": "08:00"}, "before the first dose"),
        ({"time": "08:10"}, "within the lag"),
        ({"value_ng_ml": math.nan}, "no value"),
        ({"value_ng_ml": 0.3}, "not marked"),
        ({"value_ng_ml": math.nan, "below_lloq": "yes", "lloq_ng_ml": math.nan}, "limit that is not given"),
    ],
)
def test_why_a_sample_is_left_out(model, change, reason):
    people, dosing, seen = small()
    for name, value in change.items():
        seen.loc[0, name] = value
    made = fit(model, people, dosing, seen)
    row = made.concentrations.iloc[0]
    assert (row["state"], reason in row["reason"]) == ("left_out", True)
    assert made.individual["left_out"].tolist() == [1, 1]


def test_doses_not_taken_and_other_drugs_are_no_doses(model):
    people, dosing, seen = small()
    more = dosing.iloc[[0, 1]].assign(time="09:00")
    more.loc[more.index[0], "dose_mg"] = 0.0
    more.loc[more.index[1], "drug"] = "pomalidomide"
    same = fit(model, people, pd.concat([dosing, more]), seen).individual
    pd.testing.assert_frame_equal(same, fit(model, people, dosing, seen).individual)


def test_citrate_amounts_are_refused(model):
    people, dosing, seen = small()
    dosing.loc[3, "dose_mg"] = 4.3
    with pytest.raises(ValueError, match="dose_mg of ixazomib is 4.3 for patient P2.*citrate"):
        fit(model, people, dosing, seen)


def test_every_patient_has_a_row_and_a_reason(model):
    people, dosing, seen = small()
    people += [{"patient": n, "height_cm": None, "weight_kg": None} for n in ("P3", "P4", "P5")]
    dosing = pd.concat([dosing, dosing[dosing["patient"] == "P1"].assign(patient="P3")])
    seen = pd.concat(
        [seen, seen[seen["patient"] == "P1"].assign(patient="P5"), seen.iloc[:1].assign(patient="P3")]
    )
    rows = fit(model, people, dosing, seen, outside={"P2": "withdrew consent"}).individual.set_index(
        "patient"
    )
    assert rows["state"].tolist() == [
        "assessable",
        "not_assessable",
        "assessable",
        "not_assessable",
        "not_assessable",
    ]
    assert rows.loc["P2", "reason"] == "excluded: withdrew consent" and np.isnan(rows.loc["P2", "auc_cycle1"])
    assert "height or weight not given" in rows.loc["P3", "reason"]
    assert "no ixazomib dose and no concentration" in rows.loc["P4", "reason"]
    assert "all 4 are left out" in rows.loc["P5", "reason"]
    left = fit(model, people, dosing, seen, missing_bsa="leave_out").individual.set_index("patient")
    assert left.loc["P3", "state"] == "not_assessable"


def test_a_sample_that_says_little_gives_no_exposure(model):
    people, dosing, seen = small()
    seen = seen.iloc[[0]].assign(time="08:15")  # two minutes after the lag: residual SD 1.6
    row = fit(model, people, dosing, seen).individual.iloc[0]
    assert (row["state"], "reliability" in row["reason"]) == ("not_assessable", True)
    assert 0 < row["reliability"] < 0.3


def test_protocol_exposure_ignores_the_doses_taken(model):
    """F x 12 mg / CL is the limit of the cycle's area; the area of doses taken follows them."""
    people, dosing, seen = small()
    row = fit(model, people, dosing, seen).individual.iloc[0]
    assert (
        PLAN.mg.tolist() == [3, 3, 3, 3] and PLAN.hours.tolist() == [0, 72, 168, 240] and PLAN.length == 504
    )
    assert row["auc_cycle1"] < 1000 * 12 / row["cl_over_f"]
    assert row["dosed_auc_cycle1"] < row["auc_cycle1"]  # three doses of four
    assert row["average_cycle1"] == pytest.approx(row["auc_cycle1"] / 504)
    assert row["auc_low"] * row["auc_high"] == pytest.approx(row["auc_cycle1"] ** 2)


def test_weighted_residuals_of_one_sample_by_hand(model):
    """One quantified sample: cwres = (log y - (log ipred - J eta)) / sqrt(J omega J' + sd^2)."""
    subject = one(model, (False,), (6.0,), at=(30.0,))
    mode = individual_pk.posterior_mode(model, subject)
    row = individual_pk.residuals(model, subject, mode).iloc[0]
    e = 1e-5 * np.eye(3)
    j = np.array([
        (individual_pk.log_predictions(model, subject, mode.etas + k) - individual_pk.log_predictions(model, subject, mode.etas - k))[0]
        for k in e
    ]) / 2e-5  # fmt: skip
    by_hand = math.log(6) - math.log(row["ipred"]) + j @ mode.etas
    by_hand /= math.sqrt(j @ model.omega @ j + subject.sd[0] ** 2)
    assert row["cwres"] == pytest.approx(by_hand, rel=1e-4)
    assert row["iwres"] == pytest.approx((math.log(6) - math.log(row["ipred"])) / subject.sd[0])


def test_nobody_and_no_sheets(model):
    people, dosing, seen = small()
    empty = fit(model, [], dosing.iloc[:0], seen.iloc[:0])
    assert empty.individual.empty and empty.concentrations.empty
    rows = fit(model, people, dosing.iloc[:0], seen.iloc[:0]).individual
    assert (rows["state"] == "not_assessable").all()


def test_values_of_another_unit_give_nobody_an_exposure(model):
    """ug/mL read as ng/mL: a thousandth. The sentence names the unit; the numbers stay for looking at."""
    people, dosing, seen, _ = pk_trial.simulate(model, 6, 2)
    seen["value_ng_ml"] /= 1000
    seen["lloq_ng_ml"] /= 1000
    rows = fit(model, people, dosing, seen).individual
    assert (rows["state"] == "not_assessable").all()
    assert rows["reason"].str.startswith("wrong unit: values are 0.00").all()
