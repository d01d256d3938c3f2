"""Cross-row rules of the sheets of the treatment phase: dosing, adverse events, laboratory, concentrations, therapy."""

from collections import defaultdict
from collections.abc import Mapping

from myeloma import laboratory
from myeloma.settings import Settings
from myeloma.sheets import Row, Sheet

#: The key of each sheet: no two rows share it.
KEYS = {
    "dosing": ("patient", "drug", "date", "time"),
    "adverse_events": ("patient", "ae"),
    "laboratory": ("patient", "date", "parameter"),
    "concentrations": ("patient", "drug", "date", "time"),
    "subsequent_therapy": ("patient", "line"),
}
#: Dates of each sheet that may not lie after the death.
DATES = {
    "dosing": ("date",),
    "adverse_events": ("start_date", "end_date"),
    "laboratory": ("date",),
    "concentrations": ("date",),
    "subsequent_therapy": ("start_date", "end_date"),
}

Sheets = Mapping[str, Sheet]


def check_all(sheets: Sheets, settings: Settings) -> None:
    """Run every rule; problems are left in `sheets`."""
    patients = {row["patient"]: row for row in sheets["patients"].rows}
    for name in KEYS:
        _unique(sheets[name], KEYS[name])
        _in_time(sheets[name], DATES[name], patients)
    _laboratory(sheets["laboratory"])


def _unique(sheet: Sheet, key: tuple[str, ...]) -> None:
    """No two rows with one key; rows whose key could not be read are left out."""
    groups: dict[tuple, list[Row]] = defaultdict(list)
    for row in sheet.rows:
        if not any(row.written(n) and row[n] in (None, "") for n in key):
            groups[tuple(row[n] for n in key)].append(row)
    for rows in groups.values():
        for row in rows[1:]:
            sheet.problem(
                row.line,
                key[-1],
                row.written(key[-1]),
                f"{', '.join(key)} as in line {rows[0].line}",
                f"one row per {', '.join(key)}",
            )


def _in_time(sheet: Sheet, names: tuple[str, ...], patients: Mapping[str, Row]) -> None:
    """Nothing after the death, no end before its start."""
    for row in sheet.rows:
        patient = patients.get(row["patient"])
        death = patient["death_date"] if patient else None
        for name in names:
            if death and row[name] and row[name] > death:
                sheet.problem(
                    row.line, name, row[name], f"is after the death ({death})", "correct one of the two"
                )
        if len(names) == 2 and all(row[n] for n in names) and row[names[1]] < row[names[0]]:
            sheet.problem(
                row.line,
                names[1],
                row[names[1]],
                f"is before {names[0]} ({row[names[0]]})",
                f"correct {names[1]} or {names[0]}",
            )


def _laboratory(sheet: Sheet) -> None:
    """A unit of the parameter and a value that can be true in it."""
    known = laboratory.conversions()
    for row in sheet.rows:
        units = laboratory.units_of(row["parameter"])
        if not units or not row["unit"]:
            continue
        found = known.get((row["parameter"], row["unit"]))
        if found is None:
            sheet.problem(
                row.line,
                "unit",
                row["unit"],
                f"is no unit of {row['parameter']}",
                f"units of {row['parameter']}: {', '.join(units)}",
            )
            continue
        values = laboratory.converted(row.values, row.cells)
        for name in laboratory.CONVERTED:
            value = values[name]
            if value is not None and not found.low <= value <= found.high:
                sheet.problem(
                    row.line,
                    name,
                    row.written(name),
                    f"implausible: {value:g} {found.to_unit}, outside {found.low:g} to {found.high:g}",
                    f"correct the number or its unit ({row['unit']})",
                )
        low, high = values["low_normal"], values["high_normal"]
        if low is not None and high is not None and low >= high:
            sheet.problem(
                row.line, "high_normal", row.written("high_normal"), "is not above low_normal", "correct them"
            )
