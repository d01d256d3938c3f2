"""Is everything there: every patient where the flow diagram says, every promised file, every number as in its table.

Rows of COMPLETENESS; `failures` are sentences. A stage that a missing input switches off is said to be off, not passed over.
"""

import gzip
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pandas as pd

from myeloma import flow, tables

OK, FAILED, OFF = "ok", "failed", "switched off"
#: Table -> the sheet it needs ("" = none): in these every enrolled patient has a row.
EVERY_PATIENT = {
    "abnormalities": "",
    "translocations": "",
    "tc_classes": "",
    "response": "assessments",
    "tracks": "assessments",
    "groups_by_definition": "assessments",
    "endpoints": "assessments",
}
#: The last bytes of a whole file in BGZF (SAM specification, section 4.1.2).
BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
BGZF = (".vcf.gz", ".bed.gz")
#: The attribute of the page that names the table, row and columns of the numbers in an element's text.
MARK = "data-from"
#: Level of an interval in the text; not a number of a table.
LEVEL = re.compile(r"\d+(?:\.\d+)? % (?=interval)")
#: Elements without an end tag.
VOID = {"meta", "link", "img", "br", "hr", "input", "col", "source", "wbr", "area", "base", "embed", "track"}
TOKEN = re.compile(r"interval not estimable|not reached|<\s*0\.0*1|∞|\d+(?:\.\d+)?(?:e[-+]?\d+)?")


class Incomplete(ValueError):
    """The run is not complete; the message lists every check that failed."""


def check(
    seen: Mapping[str, pd.DataFrame],
    patients: Sequence[str],
    given: Iterable[str],
    promised: Iterable[str],
    page: str | os.PathLike,
) -> pd.DataFrame:
    """COMPLETENESS. `seen`: tables by contract name; `patients`: ids of patients.tsv; `given`: sheets that are given;
    `promised`: files; `page`: the report."""
    rows = [
        *in_flow(seen["flow"], patients),
        *in_tables(seen, set(given)),
        *denominators(seen, set(given)),
        *present(promised),
        *report(page, seen),
    ]
    return tables.conform(pd.DataFrame(rows, columns=tables.COMPLETENESS.names()), tables.COMPLETENESS)


def failures(rows: pd.DataFrame) -> list[str]:
    """One sentence per check that failed."""
    wrong = rows[rows["verdict"] == FAILED]
    return [f"{r.check}, {r.subject}: expected {r.expected}, seen {r.seen}" for r in wrong.itertuples()]


def _row(check_: str, subject: str, expected: Any, seen: Any, verdict: str = "") -> dict[str, str]:
    verdict = verdict or (OK if str(expected) == str(seen) else FAILED)
    return {
        "check": check_,
        "subject": subject,
        "expected": str(expected),
        "seen": str(seen),
        "verdict": verdict,
    }


def _few(names: Iterable[str], most: int = 5) -> str:
    listed = sorted(map(str, names))
    return ", ".join(listed[:most]) + (f" and {len(listed) - most} more" if len(listed) > most else "")


def _same(check_: str, subject: str, expected: set[str], found: set[str]) -> dict[str, str]:
    """Two sets of names: the row says how many, and who is missing or too many."""
    missing, more = expected - found, found - expected
    said = f"{len(found)}"
    said += f"; missing: {_few(missing)}" if missing else ""
    said += f"; too many: {_few(more)}" if more else ""
    return _row(check_, subject, len(expected), said)


# Patients


def in_flow(flow_table: pd.DataFrame, patients: Sequence[str]) -> Iterator[dict[str, str]]:
    """Every patient of the sheet has one row per analysis, and nobody leaves without a reason."""
    for analysis in flow.ANALYSES:
        rows = flow_table[flow_table["analysis"] == analysis]
        yield _same(
            "every patient of the sheet is in the flow", analysis, set(patients), set(rows["patient"])
        )
    silent = flow_table[(flow_table["included"] == "no") & (flow_table["reason"] == "")]
    yield _row(
        "nobody leaves without a reason", "flow", "", _few(silent["patient"] + " " + silent["analysis"])
    )


def in_tables(seen: Mapping[str, pd.DataFrame], given: set[str]) -> Iterator[dict[str, str]]:
    """Every enrolled patient has a row in each table of patients, and as many abnormalities as any other."""
    enrolled = set(flow.members(seen["flow"], "enrolled"))
    told = "every enrolled patient has a row"
    for name, sheet in EVERY_PATIENT.items():
        if sheet and sheet not in given:
            yield _row(told, name, "", f"no {sheet} sheet", OFF)
            continue
        # a patient enrolled after the data cut may stand in a table of samples: too many is no fault here
        found = set(seen[name]["patient"]) & enrolled
        yield _same(told, name, enrolled, found)
    counted = seen["abnormalities"].groupby("patient")["abnormality"].nunique()
    if len(counted):
        uneven = counted[counted != counted.max()]
        yield _row("as many abnormalities for every patient", "abnormalities", "", _few(uneven.index))


def denominators(seen: Mapping[str, pd.DataFrame], given: set[str]) -> Iterator[dict[str, str]]:
    """Denominators of the result tables against the flow."""
    count = {analysis: len(flow.members(seen["flow"], analysis)) for analysis in flow.ANALYSES}
    told = "denominators are those of the flow"
    if "assessments" in given:
        for row in seen["response_rates"].to_dict("records"):
            if row["population"] in count:
                subject = f"{row['rate']} {row['period']} {row['population']}"
                left_out = 0 if pd.isna(row["not_known"]) else row["not_known"]
                seen_ = row["patients"] + left_out
                yield _row(told, f"response_rates {subject}", count[row["population"]], seen_)
        for row in seen["endpoint_results"].to_dict("records"):
            if row["endpoint"] in ("TTP", "PFS", "OS") and row["analysis"] == "main":
                subject = f"endpoint_results {row['endpoint']} {row['population']}"
                yield _row(told, subject, count[row["population"]], row["patients"])
        compared = count["early"] + count["poor"]
        for row in seen["abnormalities_by_group"].to_dict("records"):
            total = row["early_assessable"] + row["poor_assessable"] + row["not_assessable"]
            yield _row(told, f"abnormalities_by_group {row['abnormality']}", compared, total)
    else:
        yield _row(
            told, "response_rates, endpoint_results, abnormalities_by_group", "", "no assessments sheet", OFF
        )
    groups = sum(count[name] for name in flow.GROUP_OF)
    yield _row(
        "each patient in at most one group", "flow", "yes", "yes" if groups <= count["enrolled"] else "no"
    )


# Files


def present(promised: Iterable[str]) -> Iterator[dict[str, str]]:
    """Every promised file is there, not empty, and whole as far as its ending tells."""
    for path in sorted(set(map(str, promised))):
        yield _row("promised file", path, "whole", state_of(path))


def state_of(path: str | os.PathLike) -> str:
    """whole, missing, empty, or cut."""
    file = Path(path)
    if file.is_dir():
        return "whole" if any(file.iterdir()) else "empty"
    if not file.exists():
        return "missing"
    size = file.stat().st_size
    if not size:
        return "empty"
    if str(path).endswith(BGZF):
        with open(file, "rb") as handle:
            handle.seek(max(0, size - len(BGZF_END)))
            return "whole" if handle.read() == BGZF_END else "cut"
    if str(path).endswith((".tsv.gz", ".maf.gz")):
        with gzip.open(file, "rb") as handle:
            return "whole" if handle.read(1) else "empty"
    return "whole"


# Numbers in the report


@dataclass(frozen=True)
class Told:
    """An element of the page with numbers of tables: the mark and the text."""

    mark: str
    text: str


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.told: list[Told] = []
        self.anchors: set[str] = set()
        self._open: list[tuple[str, str, list[str]]] = []

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if found.get("id"):
            self.anchors.add(found["id"])
        if tag not in VOID:
            self._open.append((tag, found.get(MARK) or "", []))

    def handle_endtag(self, tag):
        while self._open:
            name, mark, text = self._open.pop()
            if mark:
                self.told.append(Told(mark, "".join(text)))
            if self._open:
                self._open[-1][2].extend(text)
            if name == tag:
                return

    def handle_data(self, data):
        if self._open:
            self._open[-1][2].append(data)


#: Patients' pages stand in the report as text until one is opened.
FOLDED = re.compile(r'<script type="text/html"[^>]*>(.*?)</script>', re.DOTALL)


def read_page(text: str) -> tuple[list[Told], set[str]]:
    """(marked elements, ids of elements) of a page, also of what it unfolds only when it is asked for."""
    reader = _Reader()
    reader.feed(FOLDED.sub(r"<div>\1</div>", text))
    reader.close()
    return reader.told, reader.anchors


def report(page: str | os.PathLike, seen: Mapping[str, pd.DataFrame]) -> Iterator[dict[str, str]]:
    """Every marked number of the report equals its table, and the patients are those of the flow."""
    told, anchors = read_page(Path(page).read_text(encoding="utf-8"))
    for i, one in enumerate(told, start=1):
        expected, wrong = compare(one, seen)
        verdict = OK if not wrong else FAILED
        yield _row("number in the report", f"{i} {one.mark}"[:300], expected, wrong or expected, verdict)
    yield _row("numbers in the report are marked", "report", "yes", "yes" if told else "no")
    pages = sum(1 for name in anchors if re.fullmatch(r"patient-\d+", name))
    yield _row("patients with a page of their own", "report", seen["flow"]["patient"].nunique(), pages)


def compare(one: Told, seen: Mapping[str, pd.DataFrame]) -> tuple[str, str]:
    """(values of the table as text, "" or what is wrong) of a marked element."""
    wanted: list[Any] = []
    for part in one.mark.split():
        try:
            wanted += values_of(part, seen)
        except (LookupError, ValueError) as error:
            return part, f"no such place: {error}"
    text = LEVEL.sub("", one.text)
    tokens = [token for found in TOKEN.findall(text) for token in _tokens(found)]
    listed = ", ".join(_plain(v) for v in wanted)
    if len(tokens) != len(wanted):
        return listed, f"{len(tokens)} numbers in: {' '.join(one.text.split())[:120]}"
    wrong = [token for token, value in zip(tokens, wanted, strict=True) if not agrees(token, value)]
    return listed, f"{', '.join(wrong)} in: {' '.join(one.text.split())[:120]}" if wrong else ""


def _tokens(found: str) -> list[str]:
    return ["not reached", "not reached"] if found.startswith("interval") else [found]


def _plain(value: Any) -> str:
    return "empty" if value is None or pd.isna(value) else f"{value:g}"


def values_of(mark: str, seen: Mapping[str, pd.DataFrame]) -> list[Any]:
    """The values a mark names: TABLE?column=value&...#column,column (`rows`: how many rows there are;
    `column%`: times 100; `=3`: the number itself). Raises LookupError."""
    at = urlsplit(mark)
    rows = seen[at.path]
    for column, value in parse_qsl(at.query, keep_blank_values=True):
        rows = rows[rows[column].astype(str) == value]
    made = []
    for name in at.fragment.split(","):
        if name == "rows":
            made.append(len(rows))
        elif name.startswith("="):
            made.append(float(name[1:]))
        elif len(rows) != 1:
            raise LookupError(f"{len(rows)} rows of {at.path} for {at.query}")
        else:
            value = rows.iloc[0][name.removesuffix("%")]
            made.append(100 * value if name.endswith("%") and not pd.isna(value) else value)
    return made


def agrees(token: str, value: Any) -> bool:
    """Is the text of a number the rounded value? "not reached" is a missing one, ∞ infinite, < 0.001 and < 0.1 below it."""
    if token == "not reached":
        return value is None or bool(pd.isna(value))
    if value is None or pd.isna(value):
        return False
    value = float(value)
    if token == "∞":
        return math.isinf(value)
    if token.startswith("<"):
        return value < float(token.removeprefix("<"))
    mantissa, _, power = token.partition("e")
    decimals = len(mantissa.partition(".")[2])
    half = 0.5 * 10.0 ** (int(power or 0) - decimals)
    return abs(float(token) - value) <= half * (1 + 1e-9)
