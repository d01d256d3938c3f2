"""Firth models with several variables: R's profile of the written-out likelihood, and when nothing is fitted."""

import re

import numpy as np
import pandas as pd
import pytest

from myeloma import adjusted, multiplicity, tables
from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT

RULES = {
    "primary_family": ["del1p32", "gain1q", "amp1q"], "confidence": 0.95, "adjust_for": ["prior_lines", "iss"],
    "events_per_parameter": 5, "known_risk": ["gain1q", "ISS_III"], "interaction_min_patients": 3,
    "interaction_min_events": 2,
}  # fmt: skip
DEFINITIONS = {"crbn_pathway_genes": [], "myc_translocations": {}}


@pytest.fixture(scope="module")
def data(project):
    """The vectors of reference/firth_adjusted.R, read from the script itself."""
    text = (project / "tests/myeloma/reference/firth_adjusted.R").read_text()
    vectors = {
        name: [float(v) for v in values.replace("\n", " ").split(",")]
        for name, values in re.findall(r"^(\w+) <- c\(([\d,\s]+)\)$", text, re.M)
    }
    vectors["risk"] = [0, 1, 0, 1, 1] * 6
    assert {len(v) for v in vectors.values()} == {30}
    return {name: np.array(v) for name, v in vectors.items()}


@pytest.fixture(scope="module")
def expected(project):
    return pd.read_csv(
        project / "tests/myeloma/reference/firth_adjusted.tsv", sep="\t", comment="#", index_col="model"
    )


def close(made, row):
    found = [made.ratio, made.ci_low, made.ci_high, made.p]
    assert found == pytest.approx(row[["ratio", "low", "high", "p"]].tolist(), rel=2e-4)


def test_logistic_equals_r(data, expected):
    scaled = [(data[n] - data[n].mean()) / data[n].std(ddof=1) for n in ("lines", "stage")]
    x = np.column_stack([data["lesion"], *scaled])
    close(adjusted.logistic(x, data["early"], 0.95), expected.loc["logistic"])


def test_cox_interaction_equals_r(data, expected):
    x = np.column_stack([data["lesion"], data["risk"], data["lesion"] * data["risk"]])
    close(adjusted.cox(x, data["days"], data["event"], 2, 0.95), expected.loc["cox_interaction"])


def test_what_is_not_identifiable_is_refused():
    x = np.column_stack([np.repeat([0, 1], 10), np.repeat([2.0, 4.0], 10)])
    with pytest.raises(ArithmeticError, match="not identifiable"):
        adjusted.logistic(x, np.tile([0, 1], 10), 0.95)


def test_complete_separation_is_finite_and_wide():
    lesion = np.repeat([0.0, 1.0], 10)
    made = adjusted.logistic(lesion[:, None], lesion == 0, 0.95)
    assert made.ratio == pytest.approx(
        1 / 441, rel=1e-3
    )  # one variable: half a patient more per cell, (0.5/10.5)^2
    assert 0 < made.ci_low < made.ratio < made.ci_high < 1


def cohort(data):
    patients = [f"P{i}" for i in range(30)]
    rows = [(p, "itt", "yes") for p in patients]
    rows += [(p, "early" if e else "poor", "yes") for p, e in zip(patients, data["early"], strict=True)]
    flow = pd.DataFrame(rows, columns=["patient", "analysis", "included"])
    calls = [
        {"patient": p, "abnormality": name, "state": PRESENT if on else ABSENT}
        for name, of in (("del1p32", "lesion"), ("gain1q", "risk"), ("amp1q", "risk"))
        for p, on in zip(patients, data[of], strict=True)
    ]
    given = [
        {"patient": p, "prior_lines": int(a), "iss": int(b)}
        for p, a, b in zip(patients, data["lines"], data["stage"], strict=True)
    ]
    times = pd.DataFrame(
        {
            "patient": patients,
            "endpoint": "TTP",
            "rule_set": "trial",
            "months": data["days"] / 30.4375,
            "event": data["event"],
        }
    )
    return flow, pd.DataFrame(calls), given, times


def test_adjusted_table(data, expected):
    """14 early and 16 poor (or so) carry three parameters at 4 each but not at 5."""
    flow, calls, given, _ = cohort(data)
    fewer = int(min(data["early"].sum(), 30 - data["early"].sum()))
    assert 12 <= fewer < 18
    asked = RULES | {"events_per_parameter": fewer // 3}
    row = adjusted.adjust(flow, calls, given, asked).set_index("abnormality").loc["del1p32"]
    assert row["odds_ratio"] == pytest.approx(expected.loc["logistic", "ratio"], rel=2e-4)
    assert row["early"] + row["poor"] == 30 and row["family"] == multiplicity.DESCRIBED
    row = adjusted.adjust(flow, calls, given, RULES | {"events_per_parameter": fewer // 3 + 1}).iloc[0]
    assert pd.isna(row["odds_ratio"]) and row["note"].startswith("not fitted")
    assert not len(adjusted.adjust(flow, calls, given, RULES | {"adjust_for": []}))


def test_missing_covariates_and_not_assessable_are_counted(data):
    flow, calls, given, _ = cohort(data)
    given[0]["iss"] = None
    calls.loc[(calls["patient"] == "P1") & (calls["abnormality"] == "del1p32"), "state"] = NOT_ASSESSABLE
    row = adjusted.adjust(flow, calls, given, RULES).set_index("abnormality").loc["del1p32"]
    assert (row["without_covariates"], row["not_assessable"], row["early"] + row["poor"]) == (1, 1, 28)


def test_interaction_table(data, expected):
    flow, calls, given, times = cohort(data)
    made = adjusted.interact(flow, calls, times, given, RULES, "trial", DEFINITIONS)
    made = made.set_index(["abnormality", "known_risk"])
    row = made.loc[("del1p32", "gain1q")]
    cells = [row[c] for c in ("both", "abnormality_only", "risk_only", "neither")]
    lesion, risk = data["lesion"] == 1, data["risk"] == 1
    assert cells == [
        int((a & b).sum()) for a, b in ((lesion, risk), (lesion, ~risk), (~lesion, risk), (~lesion, ~risk))
    ]
    if row["note"] == "":
        assert row["ratio"] == pytest.approx(expected.loc["cox_interaction", "ratio"], rel=2e-4)
        assert row["family"] == adjusted.INTERACTION and row["q"] >= row["p"]
        ratio = row["hazard_ratio_with_risk"] / row["hazard_ratio_without_risk"]
        assert ratio == pytest.approx(row["ratio"])
    # itself, and amp1q which contains gain1q, have no row with gain1q
    assert ("gain1q", "gain1q") not in made.index and ("amp1q", "gain1q") not in made.index
    assert ("amp1q", "ISS_III") in made.index
    more = adjusted.interact(
        flow, calls, times, given, RULES | {"interaction_min_patients": 20}, "trial", DEFINITIONS
    )
    assert more["note"].str.startswith("not fitted").all() and more["p"].isna().all()


def test_a_pair_that_cannot_occur_together_has_no_interaction(data):
    """Copy-neutral LOH of 17p and a loss of 17p shut each other out by definition: either order, no row."""
    flow, calls, given, times = cohort(data)
    renamed = calls.replace({"abnormality": {"del1p32": "cnloh_17p", "gain1q": "del17p"}})
    for family, risks in ((["cnloh_17p"], ["del17p", "cnloh_1p"]), (["del17p"], ["cnloh_17p", "cnloh_1p"])):
        asked = RULES | {"primary_family": family, "known_risk": risks}
        made = adjusted.interact(flow, renamed, times, given, asked, "trial", DEFINITIONS)
        assert list(made["known_risk"]) == ["cnloh_1p"]


def test_a_risk_that_nobody_called_is_said(data):
    flow, calls, given, times = cohort(data)
    made = adjusted.interact(
        flow, calls, times, given, RULES | {"known_risk": ["del71p"]}, "trial", DEFINITIONS
    )
    assert set(made["note"]) == {"not fitted: del71p is not called by this run"}


def test_no_times():
    flow, times = tables.empty(tables.FLOW), tables.empty(tables.ENDPOINTS)
    calls = tables.empty(tables.ABNORMALITIES)
    assert not len(adjusted.interact(flow, calls, times, [], RULES, "trial", DEFINITIONS))
