"""Theophylline (12 subjects, 132 concentrations) by pynlme against R's nlme 3.1-162: the estimator of population_pk."""

import numpy as np
import pandas as pd
import pynlme
import pytest


def concentration(p, x, v):
    """One compartment, first-order absorption (R's SSfol): dose mg/kg, clearance L/h/kg, rates 1/h."""
    ka, ke, cl, t = p["ka"], p["ke"], p["cl"], x["Time"]
    return v["Dose"] * ke * ka / (cl * (ka - ke)) * (np.exp(-ke * t) - np.exp(-ka * t))


@pytest.mark.data
def test_theophylline_equals_nlme(real_data):
    data = pd.read_csv(real_data("pk") / "Theoph.csv")
    made = pynlme.fit(
        concentration, data, response="conc", group="Subject", predictors=["Time"], group_predictors=["Dose"],
        start={"ke": np.exp(-2.5), "ka": np.exp(0.5), "cl": np.exp(-3.2)}, transform=dict.fromkeys(("ke", "ka", "cl"), "log"),
        method="LME", compat="r",
    )  # fmt: skip
    # R: nlme(conc ~ SSfol(Dose, Time, lKe, lKa, lCl), random = pdDiag(lKe + lKa + lCl ~ 1)), method ML
    assert made["fixed"]["ke"] == pytest.approx(-2.454647, abs=1e-4)
    assert made["fixed"]["ka"] == pytest.approx(0.465511, abs=1e-4)
    assert made["fixed"]["cl"] == pytest.approx(-3.227199, abs=1e-4)
    assert [made["se"][n] for n in ("ke", "ka", "cl")] == pytest.approx(
        [0.05248853, 0.19863122, 0.06000718], rel=2e-3
    )
    assert made["psi"]["variances"]["ka"] == pytest.approx(0.4145429, rel=2e-3)
    assert made["psi"]["variances"]["cl"] == pytest.approx(0.02786275, rel=2e-3)
    assert made["stats"]["logl"] == pytest.approx(-177.0234, abs=5e-3)
    assert float(np.atleast_1d(made["error"]["parameters"])[0]) == pytest.approx(0.7092264, rel=1e-3)
