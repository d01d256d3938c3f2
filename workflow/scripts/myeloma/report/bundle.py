"""The report with what lies beside it, in one archive that is the same for the same files."""

import zipfile
from collections.abc import Iterable
from pathlib import Path

from myeloma import files

FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold
READABLE = 0o644 << 16


def pack(paths: Iterable[str], folder: str, output: str) -> None:
    """Write the files, named from `folder` on, to one zip: fixed order, time stamps and modes."""
    with files.whole(output) as private, zipfile.ZipFile(private, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted({Path(p) for p in paths}, key=str):
            about = zipfile.ZipInfo(path.relative_to(folder).as_posix(), FIRST_DAY)
            about.external_attr, about.compress_type = READABLE, zipfile.ZIP_DEFLATED
            packed.writestr(about, path.read_bytes())
