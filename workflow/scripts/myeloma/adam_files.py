"""ADaM-like datasets as files: Parquet (Arrow), tab-separated text and SAS transport version 5 (XPT)."""

import re
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from myeloma import adam, files

# SAS transport version 5 holds texts of at most this many bytes.
LONGEST_TEXT = 200
SAS_DAY_0 = date(1960, 1, 1)
# The header of an XPT file holds the time of writing: the same data shall give the same bytes.
WRITTEN = re.compile(rb"[0-9]{2}[A-Z]{3}[0-9]{2}:[0-9]{2}:[0-9]{2}:[0-9]{2}")
NO_TIME = b"01JAN60:00:00:00"
HEADER_BYTES = 640


def write_all(frames: dict[str, pd.DataFrame], folder: str | Path) -> None:
    """Every dataset, dictionary.tsv, and notes.txt: what is not made and why, what had to be cut."""
    folder = Path(folder)
    said = [sentence for name, sentence in adam.WITHOUT.items() if name not in frames]
    for name, frame in frames.items():
        said += write(frame, name, folder)
    with files.whole(folder / "dictionary.tsv") as private:
        adam.dictionary().to_csv(private, sep="\t", index=False, lineterminator="\n")
    with files.whole(folder / "notes.txt") as private:
        private.write_text("".join(f"{line}\n" for line in said), encoding="utf-8")


def write(frame: pd.DataFrame, name: str, folder: str | Path) -> list[str]:
    """Write `frame` (conforming) as NAME.parquet, NAME.tsv and NAME.xpt; return what had to be cut, in words."""
    folder = Path(folder)
    with files.whole(folder / f"{name}.tsv") as private:
        frame.to_csv(private, sep="\t", index=False, lineterminator="\n", na_rep="")
    _parquet(frame, name, folder)
    return _transport(frame, name, folder)


def _parquet(frame: pd.DataFrame, name: str, folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"Num": pa.float64(), "Date": pa.date32(), "Char": pa.string()}
    schema = pa.schema(
        [
            pa.field(v.name, kinds[v.type], metadata={"label": v.label, "source": v.source})
            for v in adam.definitions()[name].variables
        ],
        metadata={"description": adam.definitions()[name].description},
    )
    with files.whole(folder / f"{name}.parquet") as private:
        pq.write_table(pa.Table.from_pandas(frame, schema=schema, preserve_index=False), private)


def _transport(frame: pd.DataFrame, name: str, folder: Path) -> list[str]:
    import pyreadstat

    made, said, short = adam.definitions()[name], [], frame.copy()
    for v in made.variables:
        if v.type == "Char":
            short[v.name] = [_cut(text) for text in frame[v.name]]
            cut = int((short[v.name] != frame[v.name]).sum())
            if cut:
                said.append(
                    f"{made.name}.{v.name}: {cut} text{'s' * (cut != 1)} longer than {LONGEST_TEXT} bytes "
                    "stand cut in the XPT file; TSV and Parquet hold them whole."
                )
    dates = [v.name for v in made.variables if v.type == "Date"]
    for column in dates:
        # as numbers with a date's format: a column of empty dates would else become one of text
        short[column] = [np.nan if d is None else float((d - SAS_DAY_0).days) for d in frame[column]]
    with files.whole(folder / f"{name}.xpt") as private:
        pyreadstat.write_xport(
            short,
            str(private),
            file_label=made.description[:40],
            column_labels=[v.label for v in made.variables],
            table_name=made.name,
            variable_format=dict.fromkeys(dates, "DATE9."),
            file_format_version=5,
        )
        content = private.read_bytes()
        head = WRITTEN.sub(NO_TIME, content[:HEADER_BYTES])
        private.write_bytes(head + content[HEADER_BYTES:])
    return said


def _cut(text: str) -> str:
    return text.encode()[:LONGEST_TEXT].decode(errors="ignore")


def read_transport(path: str | Path, name: str) -> pd.DataFrame:
    """An XPT file as `adam.conform` gives it."""
    import pyreadstat

    frame, _ = pyreadstat.read_xport(str(path))
    for v in adam.definitions()[name].variables:
        if v.type == "Date":
            frame[v.name] = [None if isinstance(x, float) and np.isnan(x) else x for x in frame[v.name]]
    return adam.conform(frame, name)
