"""Reading the sheets: what is harmless is repaired silently, everything else becomes a named problem.

A sheet is tab-separated UTF-8 with a header, or by its ending comma-separated (.csv) or a SAS file (.xpt,
.sas7bdat; the line of a row is its number + 1, as if a header stood above). Silently repaired: byte-order mark, CRLF, blanks around a
cell, quotes around a cell, blank lines, empty columns at the right edge. Refused: unknown or repeated
columns, rows of another length, other encodings or separators. Each value is checked against
`workflow/schemas/<sheet>.schema.json`, whose keyword `fix` says what to write instead.
"""

import csv
import functools
import io
import json
import os
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from myeloma import transport

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
FIRST_DAY = date(1990, 1, 1)
EXCEL_EPOCH = date(1899, 12, 30)
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
UNKNOWN_MARKS = {"na", "n/a", "nan", "nd", "none", "null", "unknown", "-", "--", ".", "?", "missing"}


@dataclass(frozen=True)
class Problem:
    """One thing wrong: where (file, line; line 0 = the whole file), which field and value, and the fix."""

    file: str
    line: int
    field: str
    value: str
    message: str
    fix: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        what = f"{where}: {self.field}" if self.field else where
        if self.value:
            what += f" = {shown(self.value)}"
        return f"{what}: {self.message}\n    fix: {self.fix}"


class SheetErrors(Exception):
    """All problems of all sheets and of the config; `str` is the whole list, one problem in two lines."""

    def __init__(self, problems: Iterable[Problem]):
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        count = len(self.problems)
        files = len({p.file for p in self.problems})
        head = (
            f"{count} problem{'s' * (count != 1)} in {files} file{'s' * (files != 1)} "
            "(sheets and config); nothing was started."
        )
        return "\n".join([head, *map(str, self.problems)])


@dataclass(frozen=True)
class Row:
    """One row: its line in the file, typed values and the cells as written."""

    line: int
    values: Mapping[str, Any]
    cells: Mapping[str, str]

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def written(self, name: str) -> str:
        """The cell as written, "" when empty or without a column."""
        return self.cells.get(name, "")


@dataclass
class Sheet:
    """A sheet as read: `file` as shown in messages, the columns it has, its rows and its problems."""

    name: str
    file: str
    columns: tuple[str, ...] = ()
    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, line: int, name: str, value: str, message: str, fix: str) -> None:
        """Add a problem of this sheet."""
        self.problems.append(Problem(self.file, line, name, str(value), message, fix))


def shown(value: str, width: int = 80) -> str:
    """A value for a message: quoted, control and invisible characters escaped, cut to `width`."""
    text = str(value)
    text = text if len(text) <= width else text[: width - 3] + "..."
    return "'" + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text) + "'"


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name closest to `name` (case ignored), "" when none is close."""
    by_lower = {str(k).lower(): str(k) for k in known}
    found = get_close_matches(str(name).lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else ""


def suggestion(name: str, known: Iterable[str], what: str) -> str:
    """A fix: the nearest known name, else all of them."""
    known = sorted(map(str, known))
    close = nearest(name, known)
    return f"did you mean {close}?" if close else f"{what}: {', '.join(known) or '(none)'}"


@functools.cache
def schema(name: str) -> dict[str, Any]:
    """The schema of a sheet (or `config`), as in workflow/schemas."""
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))


@functools.cache
def _validators(name: str) -> dict[str, Draft202012Validator]:
    return {key: Draft202012Validator(value) for key, value in schema(name)["properties"].items()}


def read_sheet(name: str, path: str | os.PathLike, shown_as: str = "") -> Sheet:
    """Read and check one sheet row by row; problems are collected in the returned Sheet, never raised."""
    sheet = Sheet(name, shown_as or str(path))
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        sheet.problem(0, "", "", f"cannot be read: {error.strerror}", f"give the path of the {name} sheet")
        return sheet
    if Path(path).suffix.lower() in transport.SAS:
        _parse_sas(path, sheet)
        return sheet
    text = _decode(raw, sheet)
    if text is not None:
        _parse(text, sheet, "," if Path(path).suffix.lower() == ".csv" else "\t")
    return sheet


def _parse_sas(path: str | os.PathLike, sheet: Sheet) -> None:
    try:
        header, rows = transport.read_table(path, schema(sheet.name)["properties"])
    except transport.NotATable as error:
        sheet.problem(0, "", "", f"is no SAS file of its ending ({error})", "export it again, or as text")
        return
    header = _header(header, 1, sheet)
    for line, cells in enumerate(rows, start=2):
        if header and any(cells):
            _row(cells, header, line, sheet)


def _decode(raw: bytes, sheet: Sheet) -> str | None:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        sheet.problem(1, "", "", "is UTF-16, not UTF-8", "save it as tab-separated text in UTF-8")
        return None
    if raw.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b")):
        sheet.problem(1, "", "", "is a spreadsheet or archive", "save it as tab-separated text in UTF-8")
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        sheet.problem(line, "", repr(raw[error.start : error.end]), "is not UTF-8", "save the sheet as UTF-8")
        return None


def _parse(text: str, sheet: Sheet, separator: str = "\t") -> None:
    """Split into cells, check the header, then every row."""
    if '"' in text and separator == "\t":
        # a quote counts only next to a tab or a line's end: take the blanks between them away
        text = re.sub(r" *(\t|\r\n|\n|\r|\Z) *", r"\1", text).lstrip(" ")
    lines = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, strict=True, skipinitialspace=separator == ","
    )
    header: list[str] = []
    before = 0
    try:
        for cells in lines:
            line, before = before + 1, lines.line_num
            cells = [c.strip() for c in cells]
            if not any(cells):
                continue
            if header:
                _row(cells, header, line, sheet)
                continue
            header = _header(cells, line, sheet)
            if not header:
                return
    except csv.Error as error:
        sheet.problem(
            before + 1, "", "", f"quotes do not match ({error})", "remove the stray quote character"
        )
    if not header and not sheet.problems:
        columns = "\\t".join(schema(sheet.name)["required"])
        sheet.problem(0, "", "", "is empty", f"write at least the header: {columns}")


def _header(cells: list[str], line: int, sheet: Sheet) -> list[str]:
    """The checked header; [] when rows cannot be read by it."""
    while cells and not cells[-1]:
        cells.pop()
    wanted, known = schema(sheet.name)["required"], schema(sheet.name)["properties"]
    if len(cells) == 1 and cells[0] not in known and re.search("[,;\t]", cells[0]):
        wanted_mark = "comma" if sheet.file.lower().endswith(".csv") else "tab"
        fix = f"save it as {wanted_mark}-separated text"
        sheet.problem(line, "", cells[0], f"is not {wanted_mark}-separated", fix)
        return []
    for name in dict.fromkeys(cells):
        if not name:
            sheet.problem(line, "", "", "a column has no name", "name the column or remove it")
        elif name not in known:
            sheet.problem(line, name, "", "unknown column", suggestion(name, known, "known columns"))
        if name and cells.count(name) > 1:
            sheet.problem(line, name, "", f"column stands {cells.count(name)} times", "keep one of them")
    for name in wanted:
        if name not in cells:
            sheet.problem(line, name, "", "mandatory column is missing", f"add the column {name}")
    for names in schema(sheet.name).get("oneUnitOf", []):
        given = [name for name in names if name in cells]
        if len(given) > 1:
            sheet.problem(
                line, given[1], "", f"one quantity in two units ({' and '.join(given)})", "keep one column"
            )
    sheet.columns = tuple(cells)
    return cells


@functools.cache
def _blank(name: str) -> dict[str, Any]:
    """The values of a row with nothing in it: text "", dates and numbers None."""
    text = {
        k: r["type"] == "string" and r.get("format") != "date" for k, r in schema(name)["properties"].items()
    }
    return {key: "" if is_text else None for key, is_text in text.items()}


def _row(cells: list[str], header: list[str], line: int, sheet: Sheet) -> None:
    while len(cells) > len(header) and not cells[-1]:
        cells.pop()
    if len(cells) != len(header):
        sheet.problem(
            line,
            "",
            "",
            f"has {len(cells)} cells, the header has {len(header)}",
            "one cell per column, separated by one tab; empty cells stay",
        )
        return
    written = dict(zip(header, cells, strict=True))
    values = dict(_blank(sheet.name))
    for name, cell in written.items():
        if cell and name in values:
            values[name], message, fix = check_value(sheet.name, name, cell)
            if message:
                sheet.problem(line, name, cell, message, fix)
    for name in schema(sheet.name)["required"]:
        if written.get(name) == "":
            sheet.problem(line, name, "", "is empty", schema(sheet.name)["properties"][name]["fix"])
    sheet.rows.append(Row(line, values, written))


@functools.lru_cache(maxsize=200_000)
def check_value(sheet: str, name: str, cell: str) -> tuple[Any, str, str]:
    """(typed value, message, fix) of one non-empty cell; message "" when it is right.

    A wrong date or number is None; a wrong text stays as written, so that rows which refer to each
    other by it are not reported a second time.
    """
    rule = schema(sheet)["properties"][name]
    if rule.get("format") == "date":
        return check_date(cell, rule["fix"])
    if rule["type"] in ("number", "integer"):
        return _check_number(sheet, name, cell, rule)
    error = next(_validators(sheet)[name].iter_errors(cell), None)
    return cell, _said(error, cell, rule) if error else "", rule["fix"] if error else ""


def _said(error: Any, cell: str, rule: Mapping[str, Any]) -> str:
    """What is wrong with a text, in words."""
    if error.validator == "enum":
        close = nearest(cell, error.validator_value)
        return f"not an allowed value (did you mean {close}?)" if close else "not an allowed value"
    if error.validator == "maxLength":
        return f"longer than {error.validator_value} characters"
    odd = [c for c in cell if not c.isprintable()]
    if rule.get("characters"):
        odd += [c for c in cell if not re.match(f"[{rule['characters']}]", c)]
    if odd:
        name = unicodedata.name(odd[0], "a control character").lower()
        return f"has a character that is not allowed: U+{ord(odd[0]):04X}, {name}"
    if rule.get("endings") and not cell.endswith(tuple(rule["endings"])):
        return "has not the expected ending"
    return "has not the expected form"


def _check_number(sheet: str, name: str, cell: str, rule: Mapping[str, Any]) -> tuple[Any, str, str]:
    if not NUMBER.fullmatch(cell):
        if re.fullmatch(r"[0-9]+,[0-9]+", cell):
            return None, "has a comma", f"decimal point and no thousands mark; {rule['fix']}"
        if cell.lower() in UNKNOWN_MARKS:
            return None, "not a number", "leave the cell empty when the value is not known"
        if re.match(r"[<>≤≥]", cell):
            return None, "a limit, not a number", "write the number the laboratory manual stands for it"
        return None, "not a number", rule["fix"]
    value = float(cell)
    if rule["type"] == "integer":
        if value != int(value):
            return None, "not a whole number", rule["fix"]
        value = int(value)
    error = next(_validators(sheet)[name].iter_errors(value), None)
    if not error:
        return value, "", ""
    message = f"implausible: outside {rule['minimum']} to {rule['maximum']} {rule['unit']}"
    if name == "purity" and 1 < value <= 100:
        message = f"a percentage? {cell} % is written {value / 100:g}"
    return None, message, rule["fix"]


def check_date(cell: str, fix: str = "write the date as YYYY-MM-DD") -> tuple[date | None, str, str]:
    """(date, message, fix) of one cell; other spellings are refused with the right one where it is clear."""
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", cell):
        try:
            day = date.fromisoformat(cell)
        except ValueError:
            return None, "no such day in the calendar", fix
        today = date.today()
        if day > today:
            # such a date would become the data cut and lengthen every follow-up
            return None, f"is in the future (today is {today})", fix
        if day < FIRST_DAY:
            return None, f"implausible: before {FIRST_DAY}", fix
        return day, "", ""
    return None, "not a date of the form YYYY-MM-DD", _date_fix(cell) or fix


def _date_fix(cell: str) -> str:
    """The right spelling of a date in a common other form; both, where day and month cannot be told apart."""
    parts = re.fullmatch(r"([0-9]{1,2})[/.\- ]([0-9]{1,2})[/.\- ]([0-9]{4})", cell)
    if parts:
        first, second, year = map(int, parts.groups())
        right = dict.fromkeys(filter(None, (_iso(year, second, first), _iso(year, first, second))))
        if len(right) == 2:
            return f"day or month first? write {' or '.join(right)}, whichever is meant"
        return f"write {next(iter(right))}" if right else ""
    parts = re.fullmatch(r"([0-9]{4})[/. \-]?([0-9]{1,2})[/. \-]?([0-9]{1,2})([T ].*)?", cell)
    if parts and _iso(*map(int, parts.groups()[:3])):
        return f"write {_iso(*map(int, parts.groups()[:3]))}"
    if re.fullmatch(r"[3-5][0-9]{4}", cell):
        return f"a spreadsheet's day number? write {EXCEL_EPOCH + timedelta(days=int(cell))}"
    if cell.lower() in UNKNOWN_MARKS:
        return "leave the cell empty when the date is not known"
    return ""


def _iso(year: int, month: int, day: int) -> str:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return ""
