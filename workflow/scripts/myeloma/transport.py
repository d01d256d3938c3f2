"""Tables in SAS files (.xpt, .sas7bdat) and in comma-separated files, as rows of text like those of a sheet."""

import csv
import os
from collections.abc import Iterable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

SAS = (".xpt", ".sas7bdat")
ENDINGS = (*SAS, ".csv")


class NotATable(ValueError):
    """The file cannot be read as what its ending says."""


def read_table(path: str | os.PathLike, names: Iterable[str] = ()) -> tuple[list[str], list[list[str]]]:
    """(column names, rows of cells as text) of a SAS file; dates as YYYY-MM-DD, times as HH:MM, missing as "".

    SAS transport version 5 has names of 8 capitals only: a column whose label is one of `names` bears that
    name, every other its own in lower case. Raises NotATable, OSError.
    """
    import pyreadstat

    read = pyreadstat.read_xport if Path(path).suffix.lower() == ".xpt" else pyreadstat.read_sas7bdat
    try:
        frame, meta = read(str(path))
    except (pyreadstat.ReadstatError, UnicodeDecodeError) as error:
        raise NotATable(str(error)) from error
    known = {name.lower(): name for name in names}
    labels = [(label or "").strip().lower() for label in meta.column_labels]
    header = [known.get(label) or name.lower() for name, label in zip(frame.columns, labels, strict=True)]
    return header, [[_text(value) for value in row] for row in frame.astype(object).values.tolist()]


def _text(value: Any) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, float):
        return str(int(value)) if value == int(value) else repr(value)
    return str(value).strip()


def read_records(path: str | os.PathLike) -> list[dict[str, str]]:
    """Records of an SDTM domain (.xpt, .sas7bdat, .csv) by variable in capitals; NA of a CSV is empty."""
    if Path(path).suffix.lower() in SAS:
        header, rows = read_table(path)
        return [dict(zip([h.upper() for h in header], row, strict=True)) for row in rows]
    with open(path, encoding="utf-8-sig", newline="") as handle:
        return [
            {
                k.strip().upper(): "" if (v or "").strip() in ("", "NA") else v.strip()
                for k, v in row.items()
                if k
            }
            for row in csv.DictReader(handle)
        ]
