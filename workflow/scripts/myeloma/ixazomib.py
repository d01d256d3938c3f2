"""The published population model of ixazomib: exact concentrations, areas, residual error.

Gupta et al., Clin Pharmacokinet 2017;56:1355: three compartments, first-order absorption with lag, linear
elimination, so a dose history is the sum of single doses (superposition) and each dose a sum of exponentials.

Units everywhere: dose mg of ixazomib (not of its citrate), time h, volume L, flow L/h, concentration ng/mL
(= ug/L: mg/L times 1000), area ng h/mL. Etas are on the log scale, in the order of ETAS.
"""

import csv
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

ETAS = ("CL", "F", "V4")
#: mg/L to ng/mL
NG_PER_ML = 1000.0
NEEDED = (
    "ka", "tlag", "CL", "V2", "Q3", "V3", "Q4", "V4", "F", "cov_CL_F", "bsa_reference", "bsa_exponent",
    "residual_late", "residual_early", "residual_decay", "molar_mass", "molar_mass_citrate",
)  # fmt: skip


class ModelError(ValueError):
    """The table of the model is incomplete or wrong; the message names file, parameter and column."""


@dataclass(frozen=True)
class Model:
    """Typical values, between-patient covariance (3 x 3, log scale, order of ETAS), relative errors in %."""

    values: Mapping[str, float]
    omega: np.ndarray
    rse: Mapping[str, float]

    def __getitem__(self, name: str) -> float:
        return self.values[name]


def read_model(path: str | os.PathLike) -> Model:
    """The model of a table parameter, value, unit, rse_percent, omega_variance. Raises ModelError."""
    with open(path, encoding="utf-8", newline="") as handle:
        rows = {row["parameter"]: row for row in csv.DictReader(handle, delimiter="\t")}
    missing = [name for name in NEEDED if name not in rows]
    missing += [f"omega_variance of {n}" for n in ETAS if n in rows and not rows[n]["omega_variance"]]
    if missing:
        raise ModelError(f"{path}: not given: {', '.join(missing)}; add a row (or the cell) for each")
    values = {name: _number(path, name, "value", row["value"]) for name, row in rows.items()}
    wrong = [name for name in NEEDED if name not in ("cov_CL_F", "bsa_exponent") and not values[name] > 0]
    if wrong:
        raise ModelError(f"{path}: value of {', '.join(wrong)} must be above 0")
    omega = np.diag([_number(path, n, "omega_variance", rows[n]["omega_variance"]) for n in ETAS])
    omega[0, 1] = omega[1, 0] = values["cov_CL_F"]
    if np.linalg.eigvalsh(omega).min() <= 0:
        raise ModelError(
            f"{path}: omega_variance of CL and F with cov_CL_F is no covariance (correlation >= 1)"
        )
    rse = {n: float(row["rse_percent"]) for n, row in rows.items() if row["rse_percent"]}
    return Model(values, omega, rse)


def _number(path, name, column, text) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ModelError(f"{path}: {column} of {name} is {text!r}; write a number") from error


def body_surface(height_cm: float, weight_kg: float) -> float:
    """Body surface in m2: sqrt(height x weight / 3600) (Mosteller, NEJM 1987;317:1098)."""
    return math.sqrt(height_cm * weight_kg / 3600)


def parameters(model: Model, etas: np.ndarray, bsa: np.ndarray | float) -> dict[str, np.ndarray]:
    """CL, F, V4 of patients: etas (..., 3), body surface (...) in m2. The other values are the typical ones."""
    etas = np.asarray(etas, float)
    size = (np.asarray(bsa, float) / model["bsa_reference"]) ** model["bsa_exponent"]
    return {
        "CL": model["CL"] * np.exp(etas[..., 0]),
        "F": model["F"] * np.exp(etas[..., 1]),
        "V4": model["V4"] * np.exp(etas[..., 2]) * size,
    }


def disposition(model: Model, CL: np.ndarray, V4: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rates (..., 3) in 1/h and weights (..., 3) of the response to a unit in the central compartment.

    Amount in the central compartment after a bolus of 1 = sum(weight x exp(-rate x t)). The matrix of the
    compartments is similar to a symmetric one, whose eigenvalues are real and positive.
    """
    CL, V4 = np.broadcast_arrays(np.asarray(CL, float), np.asarray(V4, float))
    k12, k21 = model["Q3"] / model["V2"], model["Q3"] / model["V3"]
    k13, k31 = model["Q4"] / model["V2"], model["Q4"] / V4
    matrix = np.zeros((*CL.shape, 3, 3))
    matrix[..., 0, 0] = CL / model["V2"] + k12 + k13
    matrix[..., 1, 1] = k21
    matrix[..., 2, 2] = k31
    matrix[..., 0, 1] = matrix[..., 1, 0] = -math.sqrt(k12 * k21)
    matrix[..., 0, 2] = matrix[..., 2, 0] = -np.sqrt(k13 * k31)
    rates, vectors = np.linalg.eigh(matrix)
    return rates, vectors[..., 0, :] ** 2


def _response(model: Model, rates: np.ndarray, hours: np.ndarray) -> np.ndarray:
    """ka (exp(-rate t) - exp(-ka t)) / (ka - rate), also where rate = ka; 0 before the lag is over."""
    t = np.maximum(hours - model["tlag"], 0.0)
    slow, gap = np.minimum(rates, model["ka"]), np.abs(model["ka"] - rates)
    x = gap * t
    share = np.where(x > 1e-8, -np.expm1(-x) / np.where(x > 1e-8, x, 1.0), 1.0 - x / 2)
    return model["ka"] * t * share * np.exp(-slow * t)


def concentration(model: Model, CL, F, V4, doses_mg: np.ndarray, hours: np.ndarray) -> np.ndarray:
    """Concentration in ng/mL at samples, from all doses before them.

    CL, F, V4: scalars, or one value a sample (samples,). doses_mg (doses,) or (samples, doses); hours
    (samples, doses) from each dose to each sample, negative or nan where the dose comes later or there is none.
    """
    rates, weights = disposition(model, CL, V4)
    since = np.where(np.isfinite(hours), hours, -1.0)[..., None]
    each = (_response(model, rates[..., None, :], since) * weights[..., None, :]).sum(-1)
    amount = (np.where(np.isfinite(hours), doses_mg, 0.0) * each).sum(-1)
    return NG_PER_ML * np.asarray(F) * amount / model["V2"]


def area(model: Model, CL, F, V4, doses_mg: np.ndarray, dose_hours: np.ndarray, end: float) -> np.ndarray:
    """Area under the concentration from 0 to `end` h, in ng h/mL; doses (doses,) at `dose_hours` from 0.

    CL, F, V4: scalars or arrays of one shape, which the area takes. From the balance of each exponential:
    integral = (absorbed - response) / rate, which has no case of equal rates.
    """
    rates, weights = disposition(model, CL, V4)
    since = (end - np.asarray(dose_hours, float))[:, None]
    absorbed = -np.expm1(-model["ka"] * np.maximum(since - model["tlag"], 0.0))
    each = (absorbed - _response(model, rates[..., None, :], since)) / rates[..., None, :]
    per_mg = (each * weights[..., None, :]).sum(-1)
    return NG_PER_ML * np.asarray(F) * (np.asarray(doses_mg, float) * per_mg).sum(-1) / model["V2"]


def residual_sd(model: Model, hours_after_dose: np.ndarray) -> np.ndarray:
    """Log-scale standard deviation of a measured concentration by hours after the latest dose."""
    early, late = model["residual_early"], model["residual_late"]
    return late + (early - late) * np.exp(-model["residual_decay"] * np.asarray(hours_after_dose, float))
