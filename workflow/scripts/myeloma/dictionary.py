"""The dictionary of the tables (docs/tables.md), made from their contracts, and the archive of the tables.

`python -m myeloma.dictionary > docs/tables.md` (in workflow/scripts) writes it again.
"""

import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

from myeloma import files, tables

HEAD = """# Tables

Generated from `workflow/scripts/myeloma/tables.py`; do not edit. All tables are tab-separated UTF-8 with a
header; rows are sorted by the key; an empty cell is a missing value; files ending in `.gz` are gzipped. Paths
are below the working directory. Further columns may follow the ones listed.
"""
#: Tables of single steps that no reader of the report needs, and those about the export itself.
NOT_EXPORTED = {"units", "entered_translocations", "checksums", "privacy"}
#: Tables that cBioPortal, MAF, SEG and the others are made of.
OUTSIDE = (
    tables.SAMPLES, tables.FLOW, tables.RESPONSE, tables.ENDPOINTS, tables.VISITS, tables.MARKERS, tables.ABNORMALITIES,
    tables.SEGMENTS, tables.PURITY, tables.CALLABLE, tables.TUMOUR_IN_NORMAL, tables.STRUCTURAL, tables.TRANSLOCATIONS,
    tables.FUSIONS, tables.TPM,
)  # fmt: skip
FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold: the same tables give the same bytes


def markdown() -> str:
    """The dictionary as Markdown, one section per table in the order of the stages."""
    return "\n".join([HEAD, *(_section(table) for table in tables.ALL)])


def _section(table: tables.Table) -> str:
    lines = [
        f"## {table.name}",
        "",
        f"`{table.path}`: one row per {table.row}. Key: {', '.join(f'`{k}`' for k in table.key)}.",
        "",
        "| column | kind | unit | values | may be empty | what |",
        "|---|---|---|---|---|---|",
    ]
    for c in table.columns:
        values = ", ".join(v for v in c.allowed if v)
        blank = "yes" if c.empty or "" in c.allowed else "no"
        lines.append(f"| `{c.name}` | {c.kind} | {c.unit} | {_safe(values)} | {blank} | {_safe(c.doc)} |")
    return "\n".join(lines) + "\n"


def _safe(text: str) -> str:
    return text.replace("|", "\\|")


def listed() -> list[tables.Table]:
    """Contracts of the tables in the archive: those with a fixed path."""
    return [t for t in tables.ALL if "{" not in t.path and t.name not in NOT_EXPORTED]


def exported() -> list[str]:
    """Paths of the tables in the archive."""
    return sorted({t.path for t in listed()})


def archive(paths: Iterable[str], output: str) -> None:
    """Write the tables and their dictionary to one zip; same tables, same bytes."""
    with files.whole(output) as private, zipfile.ZipFile(private, "w") as packed:
        _add(packed, "tables.md", markdown().encode())
        for path in sorted(map(str, paths)):
            _add(packed, path, Path(path).read_bytes())


def _add(packed: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, FIRST_DAY)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    packed.writestr(entry, content)


if __name__ == "__main__":
    sys.stdout.write(markdown())
