"""One DuckDB file with every table and their dictionary, typed, for questions across tables."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from myeloma import files, pseudonyms, tables

TYPES = {"text": "VARCHAR", "whole": "BIGINT", "number": "DOUBLE", "date": "DATE"}
DAY_DOC = "{doc}; day: date - C1D1 + 1 (enrolment where never treated)"


def columns_of(table: tables.Table, frame: pd.DataFrame) -> list[tuple[str, str, tables.Column | None]]:
    """(column, DuckDB type, contract) of a table as it leaves (pseudonyms.leaving)."""
    known = {c.name: c for c in table.columns}
    made = []
    for name in frame.columns:
        column = known.get(name) or known.get(name.removesuffix("_day"))
        if column is None:
            number = pd.api.types.is_numeric_dtype(frame[name]) or table.wide
            made.append((name, "DOUBLE" if number else "VARCHAR", None))
        elif column.kind == "date" and name != column.name:
            made.append((name, "BIGINT", column))
        else:
            made.append((name, TYPES[column.kind], column))
    return made


def write(paths: Mapping[str, str], names: pseudonyms.Names, output: str | os.PathLike) -> None:
    """Write every table of `paths` (contract name -> file) and the dictionary; a text that is missing is NULL.

    dictionary_tables: name, path, row, key; dictionary_columns: table_name, position, column_name, type, unit, meaning,
    allowed, may_be_empty. View abnormality_response: each call beside the best response and group of its patient.
    """
    import duckdb

    with files.whole(output, suffix=".duckdb") as private:
        private.unlink()  # DuckDB makes its file itself and refuses an empty one
        with duckdb.connect(str(private)) as made:
            contracts = [t for t in tables.ALL if t.name in paths]
            listed = [_add(made, table, paths[table.name], names) for table in contracts]
            _dictionary(made, contracts, listed)
            if {"abnormalities", "response"} <= paths.keys():
                made.execute(VIEW)
        Path(f"{private}.wal").unlink(missing_ok=True)


VIEW = """
create view abnormality_response as
select a.patient, a.abnormality, a.kind, a.state, r."group", r.best_confirmed_response
from abnormalities a left join response r using (patient)
"""


def _add(made, table: tables.Table, path: str, names: pseudonyms.Names) -> list[tuple]:
    frame = pseudonyms.leaving(tables.read(path, table), table, names)
    columns = columns_of(table, frame)
    defined = ", ".join(f"{_quoted(name)} {kind}" for name, kind, _ in columns)
    made.execute(f"create table {_quoted(table.name)} ({defined})")
    if len(frame):
        made.register("incoming", _arrow(frame, columns))
        picked = ", ".join(f"cast({_quoted(name)} as {kind})" for name, kind, _ in columns)
        made.execute(f"insert into {_quoted(table.name)} select {picked} from incoming")
        made.unregister("incoming")
    return [_described(table, i, *column) for i, column in enumerate(columns, start=1)]


def _arrow(frame: pd.DataFrame, columns: list[tuple[str, str, tables.Column | None]]):
    """The frame with a type per column, so that none is guessed; missing and "" are null."""
    import pyarrow as pa

    kinds = {"BIGINT": pa.int64(), "DOUBLE": pa.float64()}
    made = {}
    for name, kind, _ in columns:
        values = frame[name].astype(object)
        values = values.where(frame[name].notna() & (values != ""), None)
        made[name] = pa.array(values.tolist(), type=kinds.get(kind, pa.string()))
    return pa.table(made)


def _described(
    table: tables.Table, position: int, name: str, kind: str, column: tables.Column | None
) -> tuple:
    if column is None:
        return (
            table.name,
            position,
            name,
            kind,
            "",
            "further column" if not table.wide else "one sample",
            "",
            True,
        )
    is_day = name != column.name
    return (
        table.name,
        position,
        name,
        kind,
        "days" if is_day else column.unit,
        DAY_DOC.format(doc=column.doc) if is_day else column.doc,
        ", ".join(v for v in column.allowed if v),
        column.empty or "" in column.allowed,
    )


def _dictionary(made, contracts: Iterable[tables.Table], listed: Iterable[list[tuple]]) -> None:
    made.execute("create table dictionary_tables (name varchar, path varchar, row_is varchar, key varchar)")
    made.executemany(
        "insert into dictionary_tables values (?, ?, ?, ?)",
        [(t.name, t.path, t.row, ", ".join(t.key)) for t in contracts],
    )
    made.execute(
        "create table dictionary_columns (table_name varchar, position integer, column_name varchar, type varchar, "
        "unit varchar, meaning varchar, allowed varchar, may_be_empty boolean)"
    )
    made.executemany(
        "insert into dictionary_columns values (?, ?, ?, ?, ?, ?, ?, ?)",
        [row for rows in listed for row in rows],
    )


def _quoted(name: str) -> str:
    return '"' + str(name).replace('"', '""') + '"'
