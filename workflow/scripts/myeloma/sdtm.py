"""Sheets from SDTM-like domains (DM, DS, DD, VS, EX, AE, LB, PC, CM, RS) by a mapping table; what is not mapped is reported.

The mapping (resources/sdtm_mapping.tsv, or the user's own) has a row per variable taken over: domain, condition
(VARIABLE=VALUE, or VARIABLE=VALUE|VALUE|..., joined by &, all must hold), variable, sheet, column, how, codes. `how`:
text       as it stands
date       the day of an ISO 8601 date or date and time; a partial date is reported and left empty
time       HH:MM of an ISO 8601 date and time, empty without one
code       by `codes` (SOURCE=target;...; capitals do not matter; < stands for what begins with it, * for everything else)
cycle, cycle_day   the number from a visit name such as C2D8 or CYCLE 2 DAY 8
same_day   nothing is written; a record that ends on a later day than its date is reported and left out
A laboratory result counts only by its specimen (LBSPEC, PCSPEC): creatinine of urine is not that of serum.
Of the responses (RS) only a best response by the investigator after IMWG is taken over, of a patient without assessments.
Nothing is guessed and no unit is converted here: a record that no condition fits, a code without a target and a second,
different value for one cell are listed (ug/L and ng/mL are one unit). So is a result in words (NOT DETECTED, <0.6) where the number (--STRESN) is
taken over: its cell stays empty, or the record is left out where the sheet needs the value.
A dead patient without a whole date of death is refused; a death without a cause is listed and said at the end.
The written sheets then pass the same checks as any other.
"""

import csv
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from myeloma import files, transport
from myeloma.sheets import schema

MAPPING = Path(__file__).resolve().parents[3] / "resources" / "sdtm_mapping.tsv"
#: Sheets whose rows are put together from several records, by these columns; in the others a record is a row.
MERGED = {"patients": ("patient",), "assessments": ("patient", "date")}
#: What to do with records of a domain that no rule takes, beyond the names of the variables.
ADVICE = {
    "RS": "the response of a visit is no best response: give the measurements (LB), or one record RSTESTCD=BESTRESP a patient"
}
HOWS = ("text", "date", "time", "code", "cycle", "cycle_day", "same_day")
DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(T([0-9]{2}:[0-9]{2})(:[0-9]{2}(\.[0-9]+)?)?)?")
VISIT = re.compile(r"C(?:YCLE)?\s*([0-9]+)\s*,?\s*D(?:AY)?\s*([0-9]+)", re.IGNORECASE)


class MappingError(ValueError):
    """The mapping table is wrong; the message names its line."""


class DeathError(ValueError):
    """A death without a whole date: the patient would be alive in the sheets; the message names file, row and fix."""


class SheetExists(FileExistsError):
    """A sheet that would be written is there already."""


@dataclass(frozen=True)
class Rule:
    """One row of the mapping; `condition` as (variable, allowed values in capitals), `codes` by source in capitals."""

    domain: str
    condition: tuple[tuple[str, frozenset[str]], ...]
    variable: str
    sheet: str
    column: str
    how: str
    codes: Mapping[str, str]

    def holds(self, record: Mapping[str, str]) -> bool:
        return all(record.get(name, "").upper() in values for name, values in self.condition)


def read_mapping(path: str | os.PathLike = MAPPING) -> list[Rule]:
    """The rules of a mapping table; raises MappingError."""
    with open(path, encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [_rule(row, f"{path}:{line}") for line, row in enumerate(rows, start=2)]


def _rule(row: Mapping[str, str], where: str) -> Rule:
    try:
        condition = tuple(
            tuple(part.split("=", 1)) for part in filter(None, (row["condition"] or "").split("&"))
        )
        codes = dict(part.split("=", 1) for part in filter(None, (row["codes"] or "").split(";")))
        known = schema(row["sheet"])["properties"]
    except (KeyError, ValueError, OSError) as error:
        raise MappingError(f"{where}: cannot be read ({error})") from error
    if any(len(pair) != 2 for pair in condition):
        raise MappingError(f"{where}: condition {row['condition']!r} is not VARIABLE=VALUE, joined by &")
    if row["column"] not in known or row["how"] not in HOWS:
        raise MappingError(f"{where}: unknown column {row['column']!r} or how {row['how']!r}")
    return Rule(
        row["domain"].upper(),
        tuple((name, frozenset(values.upper().split("|"))) for name, values in condition),
        row["variable"].upper(),
        row["sheet"],
        row["column"],
        row["how"],
        {source.upper(): target for source, target in codes.items()},
    )


@dataclass
class Converted:
    """Rows by sheet (column -> cell) and what was not taken over: (domain, variable, value, what) -> records."""

    rows: dict[str, list[dict[str, str]]]
    unmapped: Counter


def convert(domains: Mapping[str, list[dict[str, str]]], rules: Iterable[Rule]) -> Converted:
    """Sheets from domains (name -> records by variable in capitals)."""
    rules = list(rules)
    out = Converted({sheet: [] for sheet in dict.fromkeys(r.sheet for r in rules)}, Counter())
    merged: dict[str, dict[tuple, dict[str, str]]] = {sheet: {} for sheet in MERGED}
    for domain, records in domains.items():
        mine = [r for r in rules if r.domain == domain]
        if not mine:
            out.unmapped[domain, "", "", "no rule for this domain"] += len(records)
        for record in records:
            if mine and not any(r.holds(record) for r in mine):
                out.unmapped[domain, *_why_none(mine, record)] += 1
            _take_over(record, mine, out, merged)
    for sheet, rows in merged.items():
        if sheet in out.rows:
            out.rows[sheet] = list(rows.values())
    _derived_first(out)
    return out


CAUSE = "a death without a cause: fill in patients.death_cause (myeloma, other, unknown)"


def without_cause(out: Converted) -> list[str]:
    """Patients with a date of death and no cause."""
    rows = out.rows.get("patients", ())
    return [row["patient"] for row in rows if row.get("death_date") and not row.get("death_cause")]


def check_deaths(
    folder: str | os.PathLike, domains: Mapping[str, list[dict[str, str]]], out: Converted
) -> None:
    """Raise DeathError where a domain says that a patient died and the sheet would not: that patient would live on.

    Said by DM (DTHFL=Y or a DTHDTC), by DS (DSDECOD=DEATH) and by any record of DD.
    """
    dead = {row["patient"] for row in out.rows.get("patients", ()) if row.get("death_date")}
    of = {path.stem.upper(): path.name for path in Path(folder).iterdir()}
    told = {
        "DM": ("DTHFL", lambda r: r.get("DTHFL", "").upper() == "Y" or r.get("DTHDTC")),
        "DS": ("DSDECOD", lambda r: r.get("DSDECOD", "").upper() == "DEATH"),
        "DD": ("DDTESTCD", lambda r: True),
    }
    wrong = [
        f"{of.get(name, name)}, record {i} ({record.get('USUBJID', '')}): {variable} {record.get(variable, '')!r} says "
        f"that the patient died, DTHDTC of DM gives no whole date ({record.get('DTHDTC', '')!r}): "
        "write DTHDTC as YYYY-MM-DD in DM (of a partial date the day that the protocol takes)"
        for name, (variable, says) in told.items()
        for i, record in enumerate(domains.get(name, ()), start=1)
        if says(record) and record.get("USUBJID", "") not in dead
    ]
    if wrong and "patients" in out.rows:
        raise DeathError("\n".join(wrong))


def _derived_first(out: Converted) -> None:
    """A patient with assessments has the response derived from them; one as recorded is left out and listed."""
    assessed = {row["patient"] for row in out.rows.get("assessments", ())}
    for row in out.rows.get("patients", ()):
        given = row.get("given_best_response")
        if given and row["patient"] in assessed:
            row["given_best_response"] = ""
            what = "a best response as recorded counts only without assessments, and there are some"
            out.unmapped["RS", "RSSTRESC", given, what] += 1


def _why_none(rules: list[Rule], record: Mapping[str, str]) -> tuple[str, str, str]:
    """(variable, value, what) of a record that no rule fits: the first variable of the conditions that is filled,
    and the others beside it."""
    names = list(dict.fromkeys(name for r in rules for name, _ in r.condition))
    told = next((name for name in names if record.get(name)), next(iter(names), ""))
    others = ", ".join(f"{name} {record.get(name) or 'empty'}" for name in names if name != told)
    what = "no rule fits the record" + (f" ({others})" if others else "")
    advice = ADVICE.get(rules[0].domain, "")
    return told, record.get(told, ""), f"{what}: {advice}" if advice else what


def _other_unit(record: Mapping[str, str], mine: list[Rule]) -> str:
    """Of a record whose unit alone keeps a rule from holding: its unit and those that the rules take."""
    units = set()
    for rule in mine:
        missed = [(n, v) for n, v in rule.condition if record.get(n, "").upper() not in v]
        if len(missed) == 1 and missed[0][0].endswith("STRESU"):
            units |= {(missed[0][0], unit) for unit in missed[0][1] if unit}
    if not units:
        return ""
    name = min(units)[0]
    taken = ", ".join(sorted(unit for _, unit in units))
    return f": unit {record.get(name, '') or 'empty'} ({name}), taken is {taken} (in capitals)"


def _take_over(record: Mapping[str, str], mine: list[Rule], out: Converted, merged: dict) -> None:
    """Take one record over into every sheet whose rules hold. `mine`: all rules of its domain.

    A code that one sheet does not know (a test of the assessments among those of the laboratory) is reported
    only where no other sheet takes the record, and one problem of a record in two sheets once.
    """
    rules = [r for r in mine if r.holds(record)]
    problems, taken = [], 0
    for sheet in dict.fromkeys(r.sheet for r in rules):
        found = _take(record, [r for r in rules if r.sheet == sheet], out, merged)
        problems.append(found)
        taken += not any(dropped for _, dropped in found)
    said: dict[tuple, None] = {}
    for found in problems:
        if not (taken and any(gone and key[3].startswith(NO_TARGET) for key, gone in found)):
            said |= dict.fromkeys(key for key, _ in found)
    for *key, what in said:
        more = _other_unit(record, mine) if what.startswith(NO_TARGET) else ""
        out.unmapped[*key, what + more] += 1


NO_TARGET = "code without a target"
NUMERIC_RESULT = "STRESN"


def _take(
    record: Mapping[str, str], rules: list[Rule], out: Converted, merged: dict
) -> list[tuple[tuple, bool]]:
    """Take one record over into one sheet; returns the problems, each with: is the record left out for it?"""
    cells: dict[str, str] = {}
    problems = []
    for rule in rules:
        value, problem = _value(rule, record)
        name = rule.variable
        if text_result := "" if value else _text_result(rule, record, rules):
            name, problem = text_result, f"result is no number ({rule.variable} is empty)"
        if problem:
            left_out = rule.how == "same_day" or rule.column in schema(rule.sheet)["required"]
            problems.append(((rule.domain, name, record.get(name, ""), problem), left_out))
        if rule.how != "same_day" and (value or rule.column not in cells):
            cells[rule.column] = value
    if any(left_out for _, left_out in problems):
        return problems
    sheet = rules[0].sheet
    if sheet not in MERGED:
        out.rows[sheet].append(cells)
        return problems
    key = tuple(cells.get(name, "") for name in MERGED[sheet])
    row = merged[sheet].setdefault(key, {})
    for name, value in cells.items():
        if value and row.get(name) and row[name] != value:
            what = f"second value for {sheet}.{name} of {' '.join(key)}, {row[name]} is kept"
            out.unmapped[rules[0].domain, name, value, what] += 1
        elif value or name not in row:
            row[name] = value
    return problems


def _text_result(rule: Rule, record: Mapping[str, str], rules: list[Rule]) -> str:
    """The variable with the result in words (NOT DETECTED, <0.6) of a record without the number that the rule
    takes over; "" without one, or where a code of these rules takes the words (BLQ)."""
    if not rule.variable.endswith(NUMERIC_RESULT):
        return ""
    stem = rule.variable.removesuffix(NUMERIC_RESULT)
    names = [name for name in (f"{stem}STRESC", f"{stem}ORRES") if record.get(name)]
    coded = {r.variable for r in rules if r.how == "code" and _coded(r, record.get(r.variable, ""))}
    return "" if coded & set(names) else next(iter(names), "")


def _coded(rule: Rule, text: str) -> str:
    """The source of the codes that a text is: itself, or "<" for what begins with it; "" where there is none."""
    if text.upper() in rule.codes:
        return text.upper()
    return "<" if text.startswith("<") and "<" in rule.codes else ""


def _value(rule: Rule, record: Mapping[str, str]) -> tuple[str, str]:
    """(cell, what is wrong) of one variable."""
    text = record.get(rule.variable, "")
    if rule.how == "code":
        if source := _coded(rule, text):
            return rule.codes[source], ""
        if "*" in rule.codes:
            return rule.codes["*"], ""
        return "", f"{NO_TARGET} in {rule.sheet}.{rule.column}" if text else ""
    if not text or rule.how == "text":
        return text, ""
    if rule.how in ("cycle", "cycle_day"):
        found = VISIT.search(text)
        if not found:
            return "", "no cycle and day in the name of the visit"
        return str(int(found.group(1 if rule.how == "cycle" else 2))), ""
    found = DAY.fullmatch(text)
    if not found:
        return "", "no whole date (YYYY-MM-DD)"
    if rule.how == "same_day":
        start = DAY.fullmatch(record.get(rule.domain + "STDTC", ""))
        several = start and start.group(1) != found.group(1)
        return "", "covers several days: give a record per day" if several else ""
    return (found.group(1) if rule.how == "date" else found.group(3) or ""), ""


def read_domains(folder: str | os.PathLike) -> dict[str, list[dict[str, str]]]:
    """Domain -> records of every .xpt, .sas7bdat and .csv file of a folder; the file's name is the domain's."""
    found = {}
    for path in sorted(Path(folder).iterdir()):
        if path.suffix.lower() in transport.ENDINGS:
            name = path.stem.upper()
            if name in found:
                raise FileExistsError(f"{path}: a second file of the domain {name}")
            found[name] = transport.read_records(path)
    if not found:
        raise FileNotFoundError(f"{folder}: no .xpt, .sas7bdat or .csv file")
    return found


def make_sheets(
    folder: str | os.PathLike, out: str | os.PathLike, mapping: str | os.PathLike = ""
) -> list[str]:
    """Write the sheets that the domains of a folder give, and unmapped.tsv; return what was done, by line.

    Raises SheetExists where one of them is there, FileNotFoundError without a domain, MappingError, DeathError.
    """
    domains = read_domains(folder)
    rules = read_mapping(mapping or MAPPING)
    made = convert(domains, rules)
    check_deaths(folder, domains, made)
    written = {name: rows for name, rows in made.rows.items() if rows}
    for name in (*written, "unmapped"):
        if (Path(out) / f"{name}.tsv").exists():
            raise SheetExists(f"{Path(out) / name}.tsv exists; it is never overwritten: choose another --out")
    said = [f"domains: {', '.join(f'{name} ({len(rows)} records)' for name, rows in domains.items())}"]
    for name, records in domains.items():
        used = {r.variable for r in rules if r.domain == name}
        used |= {v for r in rules if r.domain == name for v, _ in r.condition}
        left = sorted({v for record in records for v in record if record[v]} - used)
        said += [f"{name}: variables not taken over: {', '.join(left)}"] if left and used else []
    for name, rows in written.items():
        columns = list(schema(name)["properties"])
        used = [c for c in columns if any(row.get(c) for row in rows) or c in schema(name)["required"]]
        if "death_date" in used and "death_cause" not in used:
            used.insert(used.index("death_date") + 1, "death_cause")
        _write(Path(out) / f"{name}.tsv", used, rows)
        said.append(f"{name}.tsv: {len(rows)} rows")
    # no record is at fault for a cause that is missing, so it is none of `convert`'s; the user has it in the same list
    missing = without_cause(made)
    listed = made.unmapped + Counter(("DM", "DTHDTC", patient, CAUSE) for patient in missing)
    rows = [
        dict(zip(("domain", "variable", "value", "what"), key, strict=True)) | {"records": str(count)}
        for key, count in sorted(listed.items())
    ]
    _write(Path(out) / "unmapped.tsv", ["domain", "variable", "value", "what", "records"], rows)
    records = sum(listed.values())
    said.append(f"unmapped.tsv: {len(rows)} kinds of values, {records} in all, were not taken over: read it")
    if missing:
        said.append(
            f"CAUSE OF DEATH MISSING of {len(missing)} patients ({', '.join(missing)}): fill in death_cause in patients.tsv. "
            "A death without a cause is unknown: it is censored in the primary time to progression, also if it was of myeloma"
        )
    return [*said, "then: name the sheets in your config and run the target check (config/README.md)"]


def _write(path: Path, columns: list[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """A tab-separated table; tabs and line breaks of a text become blanks."""
    with files.whole(path) as private, open(private, "w", encoding="utf-8") as handle:
        handle.write("\t".join(columns) + "\n")
        for row in rows:
            handle.write("\t".join(re.sub(r"\s+", " ", row.get(c, "")) for c in columns) + "\n")
