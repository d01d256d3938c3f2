"""Tab-separated tables."""

from pathlib import Path


def write_table(path: Path, rows: list[dict], columns: list[str] | None = None) -> None:
    """Rows (dicts with the same keys) with a header; `columns` is needed where there may be no row."""
    names = columns or list(rows[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="\n") as handle:
        handle.write("\t".join(names) + "\n")
        for row in rows:
            handle.write("\t".join("" if row.get(n) is None else str(row.get(n)) for n in names) + "\n")
