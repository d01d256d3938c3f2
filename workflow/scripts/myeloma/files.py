"""Files that are either whole or not there: private name first, rename at the end."""

import gzip
import hashlib
import io
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(path: str | os.PathLike, suffix: str | None = None) -> Iterator[Path]:
    """Yield a private path beside `path`; rename it to `path` when the block ends without error.

    A killed writer leaves only its private file (named `.<name>.<random><suffix>`), never a half
    `path`; the next writer of `path` removes it. A writer that was thought dead and is not then fails at
    its rename, so it cannot replace the newer file. `suffix` is for tools that read the format from the
    ending; default: the ending of `path`.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    ending = "".join(target.suffixes[-2:]) if suffix is None else suffix
    _remove_private(target, ending)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=ending, dir=target.parent)
    os.close(handle)
    private = Path(name)
    try:
        yield private
        os.chmod(private, 0o666 & ~_umask())
        os.replace(private, target)
    finally:
        private.unlink(missing_ok=True)


def _remove_private(target: Path, ending: str) -> None:
    """Remove what killed writers of this very target left, with its index: mkstemp makes the random part."""
    left = re.compile(
        rf"\.{re.escape(target.name)}\.[a-z0-9_]{{8}}{re.escape(ending)}(\.(bai|csi|crai|tbi|idx))?"
    )
    for path in target.parent.iterdir():
        if left.fullmatch(path.name):
            path.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextmanager
def open_text(path: str | os.PathLike, mode: str = "r"):
    """Open a text file, gzipped by its ending `.gz`; written gzip carries no time stamp and no name."""
    if not str(path).endswith(".gz"):
        with open(path, mode, encoding="utf-8", newline="" if "w" in mode else None) as handle:
            yield handle
    elif "w" in mode:
        with open(path, "wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
            with io.TextIOWrapper(packed, encoding="utf-8", newline="") as handle:
                yield handle
    else:
        with gzip.open(path, "rt", encoding="utf-8") as handle:
            yield handle


def digest(*paths: str | os.PathLike) -> str:
    """SHA-256 over the bytes of the files, in the given order: the `code` parameter of table rules."""
    seen = hashlib.sha256()
    for path in paths:
        seen.update(Path(path).read_bytes())
    return seen.hexdigest()[:16]


def code_of(*modules: str) -> str:
    """Digest of modules of this package, named without `.py`: an edit reruns the rules that name them."""
    folder = Path(__file__).parent
    return digest(*(folder / f"{name.replace('.', '/')}.py" for name in modules))
