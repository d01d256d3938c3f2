"""Cross-row rules of the sheets of the treatment phase: dosing, adverse events, laboratory, concentrations, therapy."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from myeloma import config_check, laboratory
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
#: A dose above this multiple of the planned one is a slip of the unit or of the decimal point (assumption, for sign-off).
MOST_OF_PLANNED = 3
#: Kinds of later therapy that end the trial's: radiotherapy of a bone does not (assumption, for sign-off).
ENDING_KINDS = ("systemic", "transplant")
DRUGS = ("ixazomib", "pomalidomide", "dexamethasone")
SAME_DAY = "one row per patient, day and parameter: of two samples of one day keep the worse value"
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
    _dosing(sheets["dosing"], patients, settings)
    _events(sheets["adverse_events"], patients)
    _laboratory(sheets["laboratory"])
    _concentrations(sheets["concentrations"], sheets["dosing"])
    _therapies(sheets["subsequent_therapy"], patients)


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
                SAME_DAY if sheet.name == "laboratory" else f"one row per {', '.join(key)}",
            )


def _in_time(sheet: Sheet, names: tuple[str, ...], patients: Mapping[str, Row]) -> None:
    """Nothing after the death or before what it needs, no end before its start."""
    after = BEGINS[sheet.name]
    for row in sheet.rows:
        patient = patients.get(row["patient"])
        death = patient["death_date"] if patient else None
        if patient and after and row[names[0]]:
            _begun(row, names[0], patient, after, sheet)
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


#: Nothing of the sheet lies before this day of patients.tsv; "" = earlier ones may stand there (screening).
BEGINS = {
    "dosing": "c1d1",
    "adverse_events": "enrolment_date",
    "laboratory": "",
    "concentrations": "c1d1",
    "subsequent_therapy": "c1d1",
}


def _begun(row: Row, name: str, patient: Row, after: str, sheet: Sheet) -> None:
    if patient[after] and row[name] < patient[after]:
        sheet.problem(
            row.line,
            name,
            row[name],
            f"is before {after} of {row['patient']} ({patient[after]})",
            "correct one of the two, or leave out what belongs to earlier therapy",
        )
    if sheet.name in ("dosing", "concentrations") and not patient.written("c1d1"):
        sheet.problem(
            row.line,
            "patient",
            row["patient"],
            "has no c1d1 in patients.tsv: was never treated",
            "give c1d1 there, or remove the row",
        )


def planned_mg(settings: Settings, drug: str) -> float | None:
    """The largest planned dose of a drug in any phase (mg); None when the config has no such drug."""
    regimen = config_check.section(settings, "trial").get("regimen") or {}
    found = [phase[drug]["mg"] for phase in regimen.values() if drug in phase]
    return max(found, default=None)


def _dosing(sheet: Sheet, patients: Mapping[str, Row], settings: Settings) -> None:
    """Doses in mg, days that fit their dates, changes that fit their doses."""
    largest = {drug: planned_mg(settings, drug) for drug in DRUGS}
    for row in sheet.rows:
        dose, most = row["dose_mg"], largest.get(row["drug"])
        if dose is not None and most and dose > MOST_OF_PLANNED * most:
            sheet.problem(
                row.line,
                "dose_mg",
                row.written("dose_mg"),
                f"is more than {MOST_OF_PLANNED} times the planned {most:g} mg of {row['drug']}: another unit?",
                "write mg per day, with a decimal point",
            )
        if dose and row["change"] in ("omitted", "interrupted", "stopped"):
            sheet.problem(
                row.line,
                "change",
                row["change"],
                f"but {dose:g} mg were taken",
                "write 0 in dose_mg, or correct the change",
            )
        if row["change_reason"] and not row["change"]:
            sheet.problem(
                row.line,
                "change_reason",
                row["change_reason"],
                "without a change",
                "name the change, or clear it",
            )
        patient = patients.get(row["patient"])
        end = patient["end_of_treatment"] if patient else None
        if dose and end and row["date"] and row["date"] > end:
            sheet.problem(
                row.line,
                "date",
                row["date"],
                f"is a dose after end_of_treatment of {row['patient']} ({end})",
                "correct one of the two",
            )
    _timed(sheet)
    _cycle_starts(sheet, patients)


def _timed(sheet: Sheet) -> None:
    """No dose without a time beside one with a time on the same day: nobody can tell one dose from two."""
    timed: dict[tuple, Row] = {}
    for row in sheet.rows:
        if row.written("time"):
            timed.setdefault((row["patient"], row["drug"], row["date"]), row)
    for row in sheet.rows:
        other = timed.get((row["patient"], row["drug"], row["date"]))
        if other is not None and row["date"] and not row.written("time"):
            sheet.problem(
                row.line,
                "time",
                "",
                f"is empty, but line {other.line} has {row['drug']} on {row['date']} at {other.written('time')}",
                "remove the row when it is the same dose, or give the times of both",
            )


def _cycle_starts(sheet: Sheet, patients: Mapping[str, Row]) -> None:
    """D1 of each cycle is one day (date - day + 1), that of cycle 1 is C1D1, later cycles start later."""
    starts: dict[tuple[str, int], tuple[date, Row]] = {}
    for row in sheet.rows:
        if not row["date"] or not row["cycle"] or not row["day"]:
            continue
        first = row["date"] - timedelta(days=row["day"] - 1)
        key = (row["patient"], row["cycle"])
        known, before = starts.setdefault(key, (first, row))
        if known != first:
            sheet.problem(
                row.line,
                "day",
                row["day"],
                f"with {row['date']} puts C{row['cycle']}D1 on {first}, line {before.line} on {known}",
                "correct date, cycle or day: day 1 is the first day of the cycle",
            )
    for (patient, cycle), (first, row) in starts.items():
        begin = patients[patient]["c1d1"] if patient in patients else None
        earlier = starts.get((patient, cycle - 1))
        if cycle == 1 and begin and first != begin:
            sheet.problem(
                row.line,
                "date",
                row["date"],
                f"puts C1D1 on {first}, patients.tsv on {begin}",
                "correct one of them",
            )
        if earlier and first <= earlier[0]:
            sheet.problem(
                row.line,
                "cycle",
                cycle,
                f"starts on {first}, not after cycle {cycle - 1} ({earlier[0]}, line {earlier[1].line})",
                "correct the cycle or the date",
            )


def _events(sheet: Sheet, patients: Mapping[str, Row]) -> None:
    """Grade 5, a fatal outcome and a date of death go together."""
    for row in sheet.rows:
        fatal = row["outcome"] == "fatal"
        if row["grade"] == 5 and not fatal:
            sheet.problem(
                row.line,
                "outcome",
                row["outcome"],
                "but the grade is 5 (death)",
                "write fatal, or correct the grade",
            )
        if fatal and row["grade"] not in (5, None):
            sheet.problem(
                row.line, "grade", row["grade"], "but the outcome is fatal", "write 5, or correct the outcome"
            )
        patient = patients.get(row["patient"])
        if (fatal or row["grade"] == 5) and patient and not patient.written("death_date"):
            sheet.problem(
                row.line,
                "grade" if row["grade"] == 5 else "outcome",
                row["grade"] if row["grade"] == 5 else "fatal",
                f"but {row['patient']} has no death_date in patients.tsv",
                "give death_date there, or correct the row",
            )
        if row["serious"] == "no" and row["grade"] == 5:
            sheet.problem(row.line, "serious", "no", "but the grade is 5: a death is serious", "write yes")
        if row["outcome"] == "recovered" and "end_date" in sheet.columns and not row.written("end_date"):
            sheet.problem(
                row.line, "end_date", "", "is empty, but the outcome is recovered", "give the last day"
            )


def _concentrations(sheet: Sheet, dosing: Sheet) -> None:
    """A value or below the limit, never both; and a dose that it can come from."""
    taken = {(r["patient"], r["drug"]) for r in dosing.rows if r["dose_mg"]}
    for row in sheet.rows:
        value, limit, below = row["value_ng_ml"], row["lloq_ng_ml"], row["below_lloq"]
        if below == "yes" and value is not None:
            sheet.problem(
                row.line,
                "value_ng_ml",
                row.written("value_ng_ml"),
                "but below_lloq is yes",
                "leave the value empty when it is below the limit, or write no in below_lloq",
            )
        if below == "no" and not row.written("value_ng_ml"):
            sheet.problem(
                row.line, "value_ng_ml", "", "is empty, but below_lloq is no", "give the value, or write yes"
            )
        if below == "no" and value is not None and limit is not None and value < limit:
            sheet.problem(
                row.line,
                "value_ng_ml",
                row.written("value_ng_ml"),
                f"is below the limit ({limit:g} ng/mL), but below_lloq is no",
                "write yes in below_lloq and leave the value empty, or correct the limit",
            )
        if dosing.columns and row["drug"] and (row["patient"], row["drug"]) not in taken:
            sheet.problem(
                row.line,
                "drug",
                row["drug"],
                f"but dosing has no dose of it taken by {row['patient']}",
                "add the doses to dosing, or correct the row",
            )


def _therapies(sheet: Sheet, patients: Mapping[str, Row]) -> None:
    """The first therapy that ends the trial's starts on patients.new_therapy_date."""
    if not sheet.rows:
        return
    first: dict[str, Row] = {}
    for row in _ending(sheet.rows):
        known = first.get(row["patient"])
        if known is None or row["start_date"] < known["start_date"]:
            first[row["patient"]] = row
    for patient, row in first.items():
        stated = patients.get(patient)
        if stated is None or stated["new_therapy_date"] == row["start_date"]:
            continue
        known = stated["new_therapy_date"] or "empty"
        sheet.problem(
            row.line,
            "start_date",
            row["start_date"],
            f"is the first {row['kind']} therapy of {patient}, but new_therapy_date in patients.tsv is {known}",
            "write the same day in both",
        )
    unread = {r["patient"] for r in sheet.rows if not r["start_date"] or not r["kind"]}
    for patient, row in patients.items():
        if row["new_therapy_date"] and patient not in first and patient not in unread:
            sheet.problem(
                0,
                "patient",
                patient,
                f"has new_therapy_date {row['new_therapy_date']} in patients.tsv, but no systemic therapy here",
                "add its row, or clear new_therapy_date",
            )


def _ending(rows: Iterable[Row]) -> Iterable[Row]:
    return (r for r in rows if r["kind"] in ENDING_KINDS and r["start_date"])


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
            _in_range(sheet, row, name, values[name], found)
        top, (least, most) = values["high_normal"], found.high_normal
        if top is not None and not least <= top <= most:
            sheet.problem(
                row.line,
                "high_normal",
                row.written("high_normal"),
                f"{top:g} {found.to_unit} is no upper limit of normal of {row['parameter']} ({least:g} to {most:g}): "
                f"are value and limits in {row['unit']}?",
                f"correct the unit or the limits; units of {row['parameter']}: {', '.join(units)}",
            )
        low, high = values["low_normal"], values["high_normal"]
        if low is not None and high is not None and low >= high:
            sheet.problem(
                row.line, "high_normal", row.written("high_normal"), "is not above low_normal", "correct them"
            )


def _in_range(sheet: Sheet, row: Row, name: str, value: float | None, found: laboratory.Conversion) -> None:
    """One converted number of a row that can be true. A lower limit of normal may be 0, as in GGT 0-55."""
    if value is None:
        return
    if value > found.high or (value < found.low and not (name == "low_normal" and value == 0)):
        sheet.problem(
            row.line,
            name,
            row.written(name),
            f"implausible: {value:g} {found.to_unit}, outside {found.low:g} to {found.high:g}",
            f"correct the number or its unit ({row['unit']})",
        )
    elif 0 < value < found.low_above_zero:
        sheet.problem(
            row.line,
            name,
            row.written(name),
            f"per mm3 or uL is too few for {row['parameter']}: {value:g} {found.to_unit}",
            f"write {found.to_unit} in unit when the number is per nL, or correct the number",
        )
