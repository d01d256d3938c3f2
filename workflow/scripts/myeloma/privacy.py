"""Does anything stand in the results that must not: names, paths of the machine, ids of the sheets in what leaves.

Rows of PRIVACY; what fails stops the export. Exceptions are listed in docs/privacy.md: files that never leave.
"""

import csv
import gzip
import os
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pandas as pd

from myeloma import tables
from myeloma.pseudonyms import Names, PrivacyError

#: Files that hold the command line of their tool and never leave: indices and panels.
EXCEPTIONS = {
    "results/references/star/*": "STAR writes its command line beside its index",
    "results/calls/panels/*.hdf5": "GATK keeps the command line in its copy-number panel",
    "results/references/snpeff/*": "SnpEff keeps the place of its database",
}
READS = (".cram", ".crai", ".bam", ".bai")  # held against their headers only
SHORTEST = 3  # a shorter value of an identifying column would be found in every file
FOR_THE_TRIAL = (
    "results/export/tables.zip",
    "results/export/adam/*",
)  # ids and dates of the sheets: do not leave


def scan(
    results: str | os.PathLike,
    roots: Iterable[str],
    identifying: Mapping[str, str],
    names: Names | None = None,
) -> pd.DataFrame:
    """PRIVACY: one row per file with something in it, and one per kind of check.

    `results`: the folder; `roots`: absolute paths of the machine (project, working directory, home); `identifying`: value of a
    sheet -> its sheet and column; `names`: ids that may not stand in what leaves, None where they are pseudonyms already.
    """
    told = [r.rstrip("/") for r in roots if len(r.rstrip("/")) > 3]
    looked = {
        "path": _pattern(told, r"(?![A-Za-z0-9_.-])"),
        "identifier": _pattern([v for v in identifying if len(v) >= SHORTEST], r"(?![A-Za-z0-9])"),
        "id": _pattern(names.replaced, r"(?![A-Za-z0-9])") if names else None,
    }
    rows = []
    counted = dict.fromkeys([*looked, "cram header"], 0)
    for path in sorted(p for p in Path(results).rglob("*") if p.is_file() and not p.name.startswith(".")):
        name = Path("results", path.relative_to(results)).as_posix()
        if name.endswith(READS):
            if name.endswith(".cram"):
                counted["cram header"] += 1
                rows += [_row("cram header", name, what) for what in header_faults(path, told)]
            continue
        content = b"\n".join(_contents(path))
        for kind, pattern in looked.items():
            if pattern is None or (kind == "id" and not leaves(name)):
                continue
            counted[kind] += 1
            if found := pattern.search(content):
                rows.append(_found(kind, name, found.group().decode(errors="replace"), identifying))
    rows += [
        _row(kind, "all", f"{n} files" if looked.get(kind, True) else "nothing to look for", "ok")
        for kind, n in counted.items()
    ]
    return tables.conform(pd.DataFrame(rows, columns=tables.PRIVACY.names()), tables.PRIVACY)


def _row(check: str, file: str, what: str, verdict: str = "failed") -> dict[str, str]:
    return {"check": check, "file": file, "what": what, "verdict": verdict}


def _found(kind: str, name: str, text: str, identifying: Mapping[str, str]) -> dict[str, str]:
    if kind == "path":
        why = next((why for pattern, why in EXCEPTIONS.items() if fnmatch(name, pattern)), "")
        # the path itself would be one more place that holds it
        return _row(kind, name, why or "an absolute path of this machine", "exception" if why else "failed")
    if kind == "identifier":
        return _row(kind, name, f"a value of {identifying.get(text, 'a sheet')}")
    return _row(kind, name, "an id of the sheets")


def leaves(name: str) -> bool:
    """Is it a file of the export that may be passed on?"""
    return name.startswith("results/export/") and not any(fnmatch(name, p) for p in FOR_THE_TRIAL)


def _pattern(words: Iterable[str], end: str) -> re.Pattern | None:
    listed = sorted({w for w in words if w}, key=len, reverse=True)
    if not listed:
        return None
    text = rf"(?<![A-Za-z0-9])(?:{'|'.join(map(re.escape, listed))}){end}"
    return re.compile(text.encode())


def _contents(path: Path) -> Iterator[bytes]:
    """The bytes of a file, unpacked."""
    if path.suffix == ".gz":
        with gzip.open(path) as handle:
            yield handle.read()
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path) as packed:
            yield from (packed.read(name) for name in packed.namelist())
    else:
        yield path.read_bytes()
    if path.suffix == ".duckdb":
        yield from _texts_of(path)


def _texts_of(path: Path) -> Iterator[bytes]:
    """Every different text of every column of a DuckDB file, which stand compressed in its bytes."""
    import duckdb

    listed = (
        "select c.table_name, c.column_name from information_schema.columns c join information_schema.tables t "
        "using (table_name) where c.data_type = 'VARCHAR' and t.table_type = 'BASE TABLE'"
    )
    with duckdb.connect(str(path), read_only=True) as made:
        for names in made.execute(listed).fetchall():
            table, column = ('"' + name.replace('"', '""') + '"' for name in names)
            rows = made.execute(
                f"select distinct {column} from {table} where {column} is not null"
            ).fetchall()
            yield "\n".join([names[1], *(text for (text,) in rows)]).encode()


def header_faults(path: str | os.PathLike, roots: Iterable[str]) -> list[str]:
    """What a CRAM header says that it must not, or does not say that it must."""
    import pysam

    with pysam.AlignmentFile(str(path), "rc", check_sq=False) as reads:
        header = reads.header
        sequences, text = header.to_dict().get("SQ", []), str(header)
    found = ["UR: the place of the reference"] if any("UR" in s for s in sequences) else []
    found += (
        ["no M5: the reference cannot be found by its content"]
        if not all("M5" in s for s in sequences)
        else []
    )
    return found + ["an absolute path of this machine"] * any(root in text for root in roots)


def identifying_values(sheets: Mapping[str, str], columns: Iterable[str]) -> dict[str, str]:
    """value -> sheet and column, of the identifying columns of the sheets (name -> path)."""
    wanted, found = {c.lower() for c in columns}, {}
    for name, path in sheets.items():
        with open(path, encoding="utf-8-sig", newline="") as handle:
            for row in csv.DictReader(handle, delimiter="\t"):
                for column, value in row.items():
                    if column and column.lower() in wanted and value:
                        found[value.strip()] = f"{name}.{column}"
    return found


def failures(rows: pd.DataFrame) -> list[str]:
    """One sentence per finding that stops the export."""
    wrong = rows[rows["verdict"] == "failed"]
    return [f"{r.file}: {r.what} ({r.check})" for r in wrong.itertuples()]


def stop_at(rows: pd.DataFrame) -> None:
    """Raise PrivacyError where a row of PRIVACY failed."""
    if wrong := failures(rows):
        raise PrivacyError("\n".join(["not exported:", *wrong]))


def roots_of(settings: Any) -> list[str]:
    """Absolute paths that say where this run stands."""
    places = [settings.project, settings.workdir, os.path.expanduser("~")]
    return list(dict.fromkeys(str(Path(p).resolve()) for p in places))
