"""Laboratory values in one unit per parameter: resources/laboratory_units.tsv is the one table of factors.

Each row of that table: parameter, unit as it may stand in laboratory.tsv, factor to the unit of the analysis
(`to_unit`), the range of values that are accepted and the range in which an upper limit of normal can lie, both in
`to_unit` (assumptions, for sign-off): a wrong unit shows there. `low_above_zero` (counts per mm3 or uL only): a number
above 0 and below it is one per nL written under the wrong unit, as 1.5 or platelets of 150. Molar masses stand in `source`.
"""

import csv
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

UNITS = Path(__file__).resolve().parents[3] / "resources" / "laboratory_units.tsv"
CONVERTED = ("value", "low_normal", "high_normal")


@dataclass(frozen=True)
class Conversion:
    """Factor from a written unit to the unit of the analysis; ranges of values and of upper limits of normal there.

    low_above_zero: the lowest number that is not 0; below it the unit is wrong.
    """

    factor: Decimal
    to_unit: str
    low: float
    high: float
    low_above_zero: float
    high_normal: tuple[float, float]


@functools.cache
def conversions() -> dict[tuple[str, str], Conversion]:
    """(parameter, written unit) -> Conversion."""
    with open(UNITS, encoding="utf-8", newline="") as handle:
        return {
            (r["parameter"], r["unit"]): Conversion(
                Decimal(r["factor"]),
                r["to_unit"],
                float(r["low"]),
                float(r["high"]),
                float(r["low_above_zero"] or 0),
                (float(r["high_normal_from"]), float(r["high_normal_to"])),
            )
            for r in csv.DictReader(handle, delimiter="\t")
        }


def units_of(parameter: str) -> list[str]:
    """The units that a parameter may be written in, that of the analysis first."""
    return [unit for name, unit in conversions() if name == parameter]


def converted(values: Mapping[str, Any], written: Mapping[str, str]) -> dict[str, Any]:
    """A row of laboratory.tsv in the unit of the analysis, exact in decimal (7.1 g/dL is 71 g/L).

    `written` holds the cells as text. A unit that the parameter does not have leaves the row as it is:
    the check has refused it.
    """
    found = conversions().get((values["parameter"], values["unit"]))
    if found is None:
        return dict(values)
    numbers = {
        name: float(Decimal(written[name]) * found.factor)
        for name in CONVERTED
        if values[name] is not None and written.get(name)
    }
    return {**values, **numbers, "unit": found.to_unit}
