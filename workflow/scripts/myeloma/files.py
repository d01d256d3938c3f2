"""Files that are either whole or not there: private name first, rename at the end."""

import gzip
import hashlib
import io
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
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


#: `from myeloma.x import a, b`, over one line or in brackets. It begins with plain letters: that is searched fast.
_IMPORT = re.compile(r"from myeloma((?:\.\w+)*) import (?:\(([^)]*)\)|([^\n(]+))")
#: Foundations whose edit changes no number: where messages go. All others count.
_WITHOUT_NUMBERS = frozenset({"log"})
_PACKAGE = Path(__file__).parent


def code_of(*modules: str) -> str:
    """Digest of modules of this package (`report.build` is report/build.py) and of all they import from it.

    A rule names what its script imports (and what is loaded by name at run time); an edit of any module behind
    these runs the rule again, so that no number of the old code stays. `log` does not count.
    Raises FileNotFoundError for a module that does not exist.
    """
    return _digest_of(frozenset(modules))


@cache
def _digest_of(modules: frozenset[str]) -> str:
    seen = hashlib.sha256()
    for name in sorted(behind(*modules)):
        seen.update(f"{name} {_module(name)[0]}\n".encode())
    return seen.hexdigest()[:16]


def behind(*modules: str) -> set[str]:
    """The given modules and all modules of this package that they import, directly or through others."""
    found: set[str] = set()
    todo = set(modules)
    while todo:
        found |= todo
        todo = set().union(*(_module(name)[1] for name in todo)) - found
    return found - _WITHOUT_NUMBERS


@cache
def _module(name: str) -> tuple[str, frozenset[str]]:
    """(digest, modules it imports) of one module; read once a process, since every cluster job parses the rules."""
    if name not in _modules():
        raise FileNotFoundError(f"a rule names the module {name}, and there is none: {_PACKAGE}/")
    with open(_modules()[name], "rb") as handle:
        data = handle.read()
    return hashlib.sha256(data).hexdigest(), imports_of(data.decode("utf-8"))


def imports_of(text: str) -> frozenset[str]:
    """Modules of this package that a Python text imports, at its head or inside a function.

    `__init__` (or `report.__init__`) where a name of the package itself is asked for.
    """
    found = set()
    for seen in _IMPORT.finditer(text):
        if text[text.rfind("\n", 0, seen.start()) + 1 : seen.start()].strip():
            continue  # words of a sentence
        package, listed, line = seen.groups()
        for name in re.sub(r"#.*", "", listed or line).split(","):
            if asked := name.split(" as ")[0].strip():
                found.add(_owner(package[1:], asked))
    return frozenset(found)


def _owner(package: str, name: str) -> str:
    """The module that `from myeloma.<package> import <name>` reads: `name` itself, or the one that defines it."""
    inside = f"{package}.{name}" if package else name
    if inside in _modules():
        return inside
    return package if package in _modules() else f"{package}.__init__".lstrip(".")


@cache
def _modules() -> dict[str, str]:
    """Module -> its path, of the whole package."""
    made = {}
    for folder, _, names in os.walk(_PACKAGE):
        inside = os.path.relpath(folder, _PACKAGE).replace(os.sep, ".") + "."
        stem = "" if inside == ".." else inside
        made |= {stem + name[:-3]: os.path.join(folder, name) for name in names if name.endswith(".py")}
    return made
