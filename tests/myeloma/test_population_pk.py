"""Re-estimation, shrinkage, unit check and predictive check on simulated trials and on hand-made tables."""

import math

import numpy as np
import pandas as pd
import pytest
from tests import pk_trial
from tests.pk_trial import PLAN, RULES

from myeloma import individual_pk, ixazomib, population_pk, tables


@pytest.fixture(scope="module")
def model(project):
    return ixazomib.read_model(project / "resources/ixazomib_population_pk.tsv")


@pytest.fixture(scope="module")
def fitted(model):
    people, dosing, seen, _ = pk_trial.simulate(model, 40, 4, lloq=1.0)
    return individual_pk.fit_cohort(model, people, dosing, seen, PLAN, RULES, {})


def described(model, fitted, **rules):
    return population_pk.describe(model, fitted, PLAN, RULES | rules).set_index("quantity")


def test_published_values_are_found_again_where_they_made_the_data(model, fitted):
    rows = described(model, fitted)
    assert (rows.loc[["CL", "F", "CL/F"], "state"] == "estimated").all()
    assert rows.loc["CL/F", "published"] == pytest.approx(1.86 / 0.58)
    # CL/F of 40 patients has a standard error of 6 %; with V4's spread counted as residual it reads up to 10 % high
    assert rows.loc["CL/F", "estimate"] == pytest.approx(1.86 / 0.58, rel=0.25)
    assert rows.loc["factor on the residual SD", "estimate"] == pytest.approx(1, abs=0.25)
    assert rows.loc["V4", "state"] == "fixed" and np.isnan(rows.loc["V4", "estimate"])
    assert rows.loc["CL", "low"] < rows.loc["CL", "estimate"] < rows.loc["CL", "high"]


@pytest.mark.parametrize(
    "rule, reason",
    [
        ({"min_patients": 41}, "40 patients with usable samples, at least 41"),
        ({"min_samples": 500}, "quantified samples, at least 500"),
        ({"max_below": 0.0}, "below the limit, more than 0%"),
    ],
)
def test_too_few_data_are_refused_with_the_number(model, fitted, rule, reason):
    rows = described(model, fitted, reestimate=RULES["reestimate"] | rule)
    for name in ("CL", "F", "CL/F", "variance of log CL", "factor on the residual SD"):
        assert rows.loc[name, "state"] == "refused" and reason in rows.loc[name, "reason"]
        assert np.isnan(rows.loc[name, "estimate"])


def test_what_the_data_do_not_tell_is_named_and_gets_no_number(model, fitted):
    rows = described(model, fitted, reestimate=RULES["reestimate"] | {"max_condition": 1.5})
    assert rows.loc["CL", "state"] == rows.loc["variance of log F", "state"] == "not_identifiable"
    assert (
        "condition number" in rows.loc["CL", "reason"] and rows["estimate"][["CL", "F", "CL/F"]].isna().all()
    )
    rows = described(model, fitted, reestimate=RULES["reestimate"] | {"max_rse_percent": 1})
    assert "relative standard error" in rows.loc["F", "reason"] and np.isnan(rows.loc["F", "estimate"])


def test_condition_number_by_hand():
    """Correlation r of two estimates: (1 + r) / (1 - r), whatever their units."""
    assert population_pk.condition_number(np.array([[4.0, 3.0], [3.0, 9.0]])) == pytest.approx(3.0)
    assert population_pk.condition_number(np.array([[4.0, 6.0], [6.0, 9.0]])) > 1e10
    assert population_pk.condition_number(np.array([[4.0, math.nan], [math.nan, 9.0]])) == math.inf


def test_shrinkage_by_hand(model, fitted):
    rows = described(model, fitted)
    etas = fitted.individual["eta_cl"]
    assert rows.loc["shrinkage of eta CL", "estimate"] == pytest.approx(1 - etas.std() / math.sqrt(0.17697))
    iwres = fitted.concentrations["iwres"].dropna()
    assert rows.loc["shrinkage of epsilon", "estimate"] == pytest.approx(1 - iwres.std())
    few = described(model, fitted, min_for_shrinkage=10_000)
    assert few.loc["shrinkage of eta F", "state"] == "refused"


def table_of(values, preds, patients, states=None):
    frame = pd.DataFrame({"patient": patients, "value_ng_ml": values, "pred": preds})
    frame["number"] = frame.groupby("patient").cumcount() + 1
    frame["state"] = states or "used"
    for name in tables.PK_CONCENTRATIONS.names():
        if name not in frame:
            frame[name] = "2021-03-01" if name == "date" else ("x" if name == "time" else None)
    return tables.conform(frame, tables.PK_CONCENTRATIONS)


def test_values_in_another_unit_are_seen():
    """Four patients whose values are 2.77 times the prediction, as nmol/L read as ng/mL would be (1000 / 361)."""
    factors = np.array([0.8, 1.25, 1.0, 1.0])
    for scale, state in ((1.0, "ok"), (2.77, "look"), (0.001, "look")):
        made = population_pk.diagnostics(table_of(5 * scale * factors, [5.0] * 4, list("abcd")), RULES)[0]
        assert made["estimate"] == pytest.approx(scale)
        assert made["state"] == state and ("ng/mL" in made["reason"]) == (state == "look")
    # t interval over patients: SD of log(0.8, 1.25, 1, 1) = 0.18218, t(0.95, 3 df) = 2.35336
    half = 2.35336 * 0.18218 / 2
    made = population_pk.diagnostics(table_of(5 * factors, [5.0] * 4, list("abcd")), RULES)[0]
    assert made["high"] == pytest.approx(math.exp(half), rel=1e-4)


def test_predictive_check_counts_and_ranks_below_the_limit_lowest(model, fitted):
    seen = population_pk.predictive_check(model, fitted.subjects, RULES)
    samples = fitted.concentrations
    first = samples[(samples["hours_since_last_dose"] <= 2) & (samples["state"] != "left_out")]
    rows = seen[seen["bin"] == 1].set_index("statistic")
    assert rows["samples"].tolist() == [len(first)] * 4 == [40] * 4
    ranked = sorted(first["value_ng_ml"].fillna(0))
    assert rows.loc["P50", "observed"] == pytest.approx(ranked[19])  # inverse of the distribution function
    assert rows.loc["below", "observed"] == pytest.approx((first["state"] == "below_lloq").mean())
    late = seen[seen["statistic"] == "P10"]["observed"]
    assert (late.isna() | (late >= 1.0)).all()  # never a number below the limit
    # data made by the model: the medians lie inside the simulated band
    medians = seen[seen["statistic"] == "P50"]
    assert (
        (medians["simulated_low"] <= medians["observed"]) & (medians["observed"] <= medians["simulated_high"])
    ).mean() > 0.7


def test_predictive_check_sees_data_of_half_the_concentration(model):
    people, dosing, seen, _ = pk_trial.simulate(model, 40, 4)
    seen["value_ng_ml"] = seen["value_ng_ml"] / 2.5
    low = seen["value_ng_ml"] < 0.5
    seen.loc[low, ["value_ng_ml", "below_lloq"]] = [math.nan, "yes"]
    made = individual_pk.fit_cohort(model, people, dosing, seen, PLAN, RULES, {})
    rows = population_pk.predictive_check(model, made.subjects, RULES)
    medians = rows[rows["statistic"] == "P50"]
    assert (medians["observed"] < medians["simulated_low"]).all()


def test_nobody(model):
    nobody = individual_pk.Fitted(
        tables.empty(tables.PK_INDIVIDUAL), tables.empty(tables.PK_CONCENTRATIONS), (), {}
    )
    rows = described(model, nobody)
    assert "estimated" not in set(rows["state"])
    assert population_pk.predictive_check(model, (), RULES).empty
