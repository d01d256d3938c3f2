"""The published model: its derived figures, a numerical solution of its equations, its units."""

import math

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

from myeloma import ixazomib


@pytest.fixture(scope="module")
def model(project):
    return ixazomib.read_model(project / "resources/ixazomib_population_pk.tsv")


def by_ode(model, cl, f, v4, mg, dose_hours, at):
    """Concentrations by the differential equations, dose after dose (amounts in mg)."""
    v2, v3, q3, q4 = model["V2"], model["V3"], model["Q3"], model["Q4"]

    def slopes(_, a):
        gut, centre, one, two = a
        c, c1, c2 = centre / v2, one / v3, two / v4
        return [
            -model["ka"] * gut,
            model["ka"] * gut - cl * c - q3 * (c - c1) - q4 * (c - c2),
            q3 * (c - c1),
            q4 * (c - c2),
        ]

    state, now, seen = np.zeros(4), 0.0, {}
    arrivals = [(t + model["tlag"], f * m) for t, m in zip(dose_hours, mg, strict=True)]
    stops = sorted([(t, 1, None) for t in at] + [(t, 0, amount) for t, amount in arrivals])
    for t, _, amount in stops:
        if t > now:
            run = solve_ivp(slopes, (now, t), state, method="LSODA", rtol=1e-11, atol=1e-14)
            state, now = run.y[:, -1].copy(), t
        if amount is None:
            seen[t] = 1000 * state[1] / v2
        else:
            state[0] += amount
    return np.array([seen[t] for t in at])


@pytest.mark.parametrize("cl, f, v4", [(1.86, 0.58, 205.0), (0.9, 0.3, 40.0), (4.1, 1.4, 900.0)])
def test_concentrations_equal_the_differential_equations(model, cl, f, v4):
    mg, dose_hours = np.array([3, 3, 2.3, 3, 4.0]), np.array([0, 72.5, 168, 241.2, 504.0])
    at = np.array([0.5, 1, 4, 30, 72, 73, 169.5, 240, 500, 505, 700])
    since = at[:, None] - dose_hours
    seen = ixazomib.concentration(model, cl, f, v4, mg, np.where(since > 0, since, np.nan))
    assert seen == pytest.approx(by_ode(model, cl, f, v4, mg, dose_hours, at), rel=1e-7)


def test_equal_rates_of_absorption_and_disposition_are_no_special_case(model):
    """The V4 at which a rate of disposition is ka: the textbook formula divides by zero there."""
    low, high = 1.0, 205.0
    for _ in range(200):
        v4 = math.sqrt(low * high)
        rates, _ = ixazomib.disposition(model, model["CL"], v4)
        low, high = (v4, high) if rates[1] > model["ka"] else (low, v4)
    assert rates[1] == pytest.approx(model["ka"], rel=1e-12)
    at = np.array([1.0, 5.0, 50.0])
    seen = ixazomib.concentration(model, model["CL"], 0.58, v4, np.array([3.0]), at[:, None])
    assert seen == pytest.approx(by_ode(model, model["CL"], 0.58, v4, [3.0], [0.0], at), rel=1e-7)


def test_derived_figures_of_the_publication(model):
    """Half-life 9.53 d (9.32-9.75), Vss 543 L (534-551) of the paper; 4 mg: AUC 1247, Cmax 18.0 at 1.3 h by hand."""
    rates, weights = ixazomib.disposition(model, model["CL"], model["V4"])
    assert math.log(2) / rates.min() / 24 == pytest.approx(9.36, abs=0.01)
    assert weights.sum() == pytest.approx(1)
    assert 514 < model["V2"] + model["V3"] + model["V4"] < 551
    forever = ixazomib.area(model, 1.86, 0.58, 205.0, np.array([4.0]), np.array([0.0]), 1e6)
    assert forever == pytest.approx(1000 * 0.58 * 4 / 1.86, rel=1e-9)  # F x dose / CL
    hours = np.arange(0.01, 6, 0.01)
    seen = ixazomib.concentration(model, 1.86, 0.58, 205.0, np.array([4.0]), hours[:, None])
    assert (seen.max(), hours[seen.argmax()]) == pytest.approx((18.0, 1.28), abs=0.05)


def test_area_is_the_integral_of_the_concentration(model):
    mg, dose_hours = np.array([3.0, 3.0, 3.0, 3.0]), np.array([0.0, 72.0, 168.0, 240.0])

    def seen(t):
        since = np.array([t - dose_hours])
        return ixazomib.concentration(model, 2.5, 0.7, 90.0, mg, np.where(since > 0, since, np.nan))[0]

    breaks = [0, *(dose_hours + model["tlag"]), 504]
    by_hand = sum(
        quad(seen, a, b, limit=400, epsabs=1e-10)[0] for a, b in zip(breaks[:-1], breaks[1:], strict=True)
    )
    assert ixazomib.area(model, 2.5, 0.7, 90.0, mg, dose_hours, 504.0) == pytest.approx(by_hand, rel=1e-6)


def test_nothing_before_the_lag_is_over_and_nothing_from_a_later_dose(model):
    hours = np.array([[0.2, np.nan], [-1.0, np.nan], [0.25, -3.0]])
    seen = ixazomib.concentration(model, 1.86, 0.58, 205.0, np.array([3.0, 3.0]), hours)
    assert (seen[:2] == 0).all() and seen[2] > 0


def test_residual_falls_from_early_to_late(model):
    sd = ixazomib.residual_sd(model, np.array([0.0, 1.0, 1000.0]))
    assert sd == pytest.approx([1.90, 0.46 + 1.44 * math.exp(-0.84), 0.46])


def test_variances_are_those_of_the_published_coefficients_of_variation(model):
    """44 %, 73 %, 79 %; correlation of CL and F 0.82: variance = log(1 + CV^2)."""
    assert np.diag(model.omega) == pytest.approx([math.log1p(c**2) for c in (0.44, 0.73, 0.79)], abs=2e-4)
    assert model.omega[0, 1] / math.sqrt(model.omega[0, 0] * model.omega[1, 1]) == pytest.approx(
        0.82, abs=1e-3
    )


def test_body_surface_acts_on_v4_alone(model):
    p = ixazomib.parameters(model, np.zeros((2, 3)), np.array([1.87, 2 * 1.87]))
    assert p["V4"] == pytest.approx([205, 205 * 2**2.06])
    assert p["CL"] == pytest.approx([1.86, 1.86])
    assert ixazomib.body_surface(180, 80) == pytest.approx(2.0)


def test_four_mg_of_ixazomib_are_5_7_mg_of_its_citrate(model):
    """The capsule's label counts ixazomib; the atomic masses say which is which."""
    atoms = {"C": 12.011, "H": 1.008, "B": 10.81, "Cl": 35.45, "N": 14.007, "O": 15.999}
    mass = [sum(atoms[a] * n for a, n in zip(atoms, count, strict=True)) for count in
            ((14, 19, 1, 2, 2, 4), (20, 23, 1, 2, 2, 9))]  # fmt: skip
    assert [model["molar_mass"], model["molar_mass_citrate"]] == pytest.approx(mass, abs=0.05)
    assert 4 * model["molar_mass_citrate"] / model["molar_mass"] == pytest.approx(5.7, abs=0.05)


def test_a_table_without_a_parameter_or_with_a_word_is_refused(project, tmp_path):
    text = (project / "resources/ixazomib_population_pk.tsv").read_text()
    path = tmp_path / "model.tsv"
    for broken, said in (
        (text.replace("\nQ3\t", "\nq3\t"), "not given: Q3"),
        (text.replace("0.17697", ""), "omega_variance of CL"),
        (text.replace("\t5.18\t", "\tfive\t"), "value of Q3 is 'five'"),
        (text.replace("\t13.7\t", "\t-13.7\t"), "V2 must be above 0"),
        (text.replace("0.22550", "0.9"), "cov_CL_F"),
    ):
        path.write_text(broken)
        with pytest.raises(ixazomib.ModelError, match=said):
            ixazomib.read_model(path)
