"""Downloads of references: a private name, retries, checksum, and a record of what came.

`resources/versions.tsv` names dataset, version, url, checksum and where its publisher states it. Where
nobody states one, the first download records its SHA-256 in `resources/versions.lock` of the working
directory, and later downloads must agree with it.
"""

import base64
import fcntl
import hashlib
import logging
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from myeloma import files

COLUMNS = ("dataset", "version", "url", "checksum", "checksum_source")
CHUNK = 1 << 20
TIMEOUT_SECONDS = 120


class DownloadError(RuntimeError):
    """A file could not be fetched whole; the message names the URL and the reason."""


@dataclass(frozen=True)
class Source:
    """A row of versions.tsv; checksum is algorithm:hex (md5, sha256) or ""; checksum_source a URL or ""."""

    dataset: str
    version: str
    url: str
    checksum: str = ""
    checksum_source: str = ""

    @property
    def file(self) -> str:
        return self.url.rsplit("/", 1)[-1]


def read_versions(path: str | os.PathLike) -> dict[str, Source]:
    """Dataset -> Source, in the order of the table; {} when there is no table."""
    if not os.path.isfile(path):
        return {}
    with open(path, encoding="utf-8") as handle:
        header = handle.readline().rstrip("\n").split("\t")
        if tuple(header) != COLUMNS:
            raise ValueError(f"{path}: the columns must be {', '.join(COLUMNS)}")
        rows = [line.rstrip("\n").split("\t") for line in handle if line.strip()]
    return {row[0]: Source(*row) for row in rows}


def by_file(sources: Mapping[str, Source], name: str) -> dict[str, str]:
    """The source with that file name as a plain mapping (rule parameters)."""
    found = next(s for s in sources.values() if s.file == name)
    return {column: getattr(found, column) for column in COLUMNS}


def escaped_files(sources: Mapping[str, Source]) -> list[str]:
    """File names as regular expressions for a wildcard constraint."""
    return [re.escape(s.file) for s in sources.values()] or ["(?!)"]


def download(
    source: Source, target: str | os.PathLike, lock: str | os.PathLike, tries: int = 4, pause: float = 5
) -> str:
    """Fetch `source` to `target`, verify it, record it in `lock`; return its SHA-256.

    Verified against, in this order: the checksum of versions.tsv, the list at checksum_source, the
    server's own (x-goog-hash), and in any case an earlier record in `lock`. Raises DownloadError.
    """
    expected = _expected(source, tries, pause)
    with files.whole(target) as private:
        digests, served = _fetch(source.url, private, tries, pause)
        for checksum, where in ((expected, source.checksum_source or "versions.tsv"), (served, "the server")):
            _compare(checksum, digests, source.url, where)
        _record(source, digests["sha256"], Path(lock), expected or served)
    return digests["sha256"]


def _compare(checksum: str, digests: Mapping[str, str], url: str, where: str) -> None:
    if not checksum:
        return
    algorithm, _, value = checksum.partition(":")
    if algorithm not in digests:
        raise DownloadError(f"{url}: unknown kind of checksum {algorithm!r} (md5 or sha256)")
    if digests[algorithm] != value.lower():
        raise DownloadError(
            f"{url}: {algorithm} is {digests[algorithm]}, but {where} says {value}; nothing was kept"
        )


def _expected(source: Source, tries: int, pause: float) -> str:
    """The checksum of versions.tsv, else that of the publisher's list (lines: hex, file name), else ""."""
    if source.checksum or not source.checksum_source:
        return source.checksum
    listed = _attempts(source.checksum_source, tries, pause, lambda answer: answer.read(10_000_000).decode())
    for line in listed.splitlines():
        cells = line.split()
        if len(cells) >= 2 and cells[1].lstrip("*./") == source.file:
            return f"{'md5' if len(cells[0]) == 32 else 'sha256'}:{cells[0]}"
    raise DownloadError(f"{source.checksum_source}: does not name {source.file}")


def _fetch(url: str, private: Path, tries: int, pause: float) -> tuple[dict[str, str], str]:
    """(digests by algorithm, checksum stated by the server or "")."""

    def save(answer) -> tuple[dict[str, str], str]:
        seen = {"md5": hashlib.md5(usedforsecurity=False), "sha256": hashlib.sha256()}
        size = 0
        with open(private, "wb") as handle:
            while chunk := answer.read(CHUNK):
                handle.write(chunk)
                size += len(chunk)
                for digest in seen.values():
                    digest.update(chunk)
        stated = answer.headers.get("Content-Length")
        if stated and int(stated) != size:
            raise OSError(f"broke off after {size} of {stated} bytes")
        return {name: digest.hexdigest() for name, digest in seen.items()}, _server_md5(answer.headers)

    return _attempts(url, tries, pause, save)


def _server_md5(headers) -> str:
    for stated in headers.get_all("x-goog-hash") or []:
        for part in stated.split(","):
            name, _, value = part.strip().partition("=")
            if name == "md5":
                return f"md5:{base64.b64decode(value).hex()}"
    return ""


def _attempts(url: str, tries: int, pause: float, use):
    """Open `url` and hand the answer to `use`; again on faults that may pass (5xx, 429, broken off)."""
    for number in range(1, tries + 1):
        try:
            request = urllib.request.Request(url, headers={"User-Agent": "myeloma-response"})
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
                return use(answer)
        except urllib.error.HTTPError as error:
            if error.code < 500 and error.code != 429:
                raise DownloadError(f"{url}: {error.code} {error.reason}") from error
            said = f"{error.code} {error.reason}"
        except (urllib.error.URLError, OSError, EOFError) as error:
            said = str(error)
        except Exception as error:
            # http.client.IncompleteRead and its kin: the connection broke
            if type(error).__module__ != "http.client":
                raise
            said = f"{type(error).__name__}: {error}"
        logging.warning("%s: try %d of %d failed: %s", url, number, tries, said)
        if number < tries:
            time.sleep(pause * 2 ** (number - 1))
    raise DownloadError(
        f"{url}: {said} ({tries} tries); fetch it by hand and give its path under reference in the config"
    )


def _record(source: Source, sha256: str, lock: Path, verified: str) -> None:
    """Add the dataset to the lock; raise DownloadError when another content was recorded for the same URL."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with _only_one(lock):
        rows = [line.split("\t") for line in lock.read_text().splitlines()[1:]] if lock.exists() else []
        for row in rows:
            if row[2] == source.url and row[3] != f"sha256:{sha256}":
                raise DownloadError(
                    f"{source.url}: sha256 is {sha256}, but {lock} recorded {row[3]} at the first download; "
                    "the file has changed at its source"
                )
        rows = [row for row in rows if row[2] != source.url]
        rows.append(
            [source.dataset, source.version, source.url, f"sha256:{sha256}", verified or "nobody states one"]
        )
        with files.whole(lock) as private, open(private, "w", encoding="utf-8") as handle:
            handle.write("dataset\tversion\turl\tchecksum\tverified_against\n")
            handle.writelines("\t".join(row) + "\n" for row in sorted(rows))


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    """Downloads run side by side; one at a time writes the record."""
    with open(lock.parent / f".{lock.name}.writing", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
