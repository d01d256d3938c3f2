"""Sequencing units as they arrive: what their first records say, and whether the files are whole.

fastp (0.23.2, seen) ends with status 0 on a truncated file and on mates of different number, so the
records of every FASTQ are counted here, beside the aligner.
"""

import gzip
import os
import zlib
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import pandas as pd

from myeloma.run import ToolError

HEAD = 200
GZIP = b"\x1f\x8b"
BLOCK = 1 << 20
EXCLUSION_COLUMNS = ("patient", "sample", "library", "flowcell", "lane", "analysis", "reason")

Unit = Mapping[str, str]


def exclusion_line(unit: Unit, reason: str) -> str:
    """The line of exclusions.tsv (tab-separated) that takes this unit out of the DNA or RNA analysis."""
    words = {**unit, "analysis": "all", "reason": reason}
    return "\t".join(words.get(name, "") for name in EXCLUSION_COLUMNS)


def umi_words(unit: Unit) -> list[str]:
    """Options of fastp that move a unit's UMI (`location:length[:skip]`) from the read into its name."""
    if not unit.get("umi"):
        return []
    names = ("--umi_loc", "--umi_len", "--umi_skip")
    given = zip(names, unit["umi"].split(":"), strict=False)
    return ["--umi", *(word for pair in given for word in pair)]


def unit_error(unit: Unit, path: str, what: str) -> ToolError:
    """The error of a unit that cannot be used: sample, unit, file, what is wrong, what to do."""
    return ToolError(
        f"sample {unit['sample']}, unit {unit['id']}: {path}: {what}\n"
        "Copy or make the file again, or leave the unit out with this line in exclusions.tsv "
        f"(columns {', '.join(EXCLUSION_COLUMNS)}):\n{exclusion_line(unit, what)}"
    )


class BrokenFile(ValueError):
    """A FASTQ that is not whole; the message says what is wrong with it."""


def count_records(path: str | os.PathLike) -> int:
    """Number of FASTQ records in a plain or gzipped file.

    Raises BrokenFile when the gzip stream ends early, is not gzip although named .gz, or the number of
    lines is no multiple of 4. Costs one decompression; zlib works outside the interpreter lock.
    """
    lines, last = 0, b"\n"
    for block in _blocks(path):
        lines += block.count(b"\n")
        last = block[-1:]
    lines += last != b"\n"
    if lines % 4:
        raise BrokenFile(f"ends in the middle of a record (line {lines})")
    return lines // 4


def _blocks(path: str | os.PathLike) -> Iterable[bytes]:
    with open(path, "rb") as handle:
        start = handle.read(2)
        handle.seek(0)
        if start != GZIP:
            if str(path).endswith(".gz") and start:
                raise BrokenFile("is named .gz and is not gzip")
            if str(path).endswith(".gz"):
                raise BrokenFile("is empty (0 bytes)")
            while block := handle.read(BLOCK):
                yield block
            return
        inflate = zlib.decompressobj(wbits=31)
        while packed := handle.read(BLOCK):
            while packed:
                # Lanes joined with cat, and bgzip, are several gzip members in one file.
                if inflate.eof:
                    inflate = zlib.decompressobj(wbits=31)
                try:
                    block = inflate.decompress(packed)
                except zlib.error as error:
                    raise BrokenFile(f"is damaged ({error})") from error
                packed = inflate.unused_data
                if block:
                    yield block
        if not inflate.eof:
            raise BrokenFile("is truncated (the gzip stream ends early)")


def check_pair(unit: Unit) -> int:
    """Pairs in the unit's two FASTQ files; raises ToolError when they are not whole, equal and not empty."""
    counts = {}
    with ThreadPoolExecutor(2) as pool:
        jobs = {name: pool.submit(count_records, unit[name]) for name in ("fastq_1", "fastq_2")}
        for name, job in jobs.items():
            try:
                counts[name] = job.result()
            except BrokenFile as error:
                raise unit_error(unit, unit[name], str(error)) from error
            except FileNotFoundError as error:
                raise unit_error(unit, unit[name], "is not there") from error
    for name, count in counts.items():
        if count == 0:
            raise unit_error(unit, unit[name], "holds no read")
    if counts["fastq_1"] != counts["fastq_2"]:
        raise unit_error(
            unit,
            unit["fastq_2"],
            f"holds {counts['fastq_2']} reads, its mate file {unit['fastq_1']} holds {counts['fastq_1']}",
        )
    return counts["fastq_1"]


def inspect_units(units: Iterable[Unit]) -> pd.DataFrame:
    """One row per unit (contract tables.UNITS) from the head of its files; never raises on a file."""
    columns = ["patient", "sample", "unit", "files", "records_seen", "read_length", "verdict", "reason"]
    return pd.DataFrame([_inspect(unit) for unit in units], columns=columns)


def _inspect(unit: Unit) -> dict:
    row = {"patient": unit["patient"], "sample": unit["sample"], "unit": unit["id"]}
    if unit.get("bam"):
        return row | {
            "files": os.path.basename(unit["bam"]),
            "verdict": "ok",
            "reason": "alignment file: names are not looked at",
        }
    paths = (unit["fastq_1"], unit["fastq_2"])
    row["files"] = " ".join(os.path.basename(path) for path in paths)
    try:
        first, second = (_head(path) for path in paths)
    except (OSError, EOFError, zlib.error) as error:
        return row | {"verdict": "problem", "reason": f"cannot be read: {error}"}
    problem = _compare(first, second)
    lengths = [len(read) for _, read in first + second]
    return row | {
        "records_seen": min(len(first), len(second)),
        "read_length": max(lengths, default=None),
        "verdict": "problem" if problem else "ok",
        "reason": problem,
    }


def _head(path: str) -> list[tuple[str, str]]:
    """(name line, bases) of the first records."""
    opener = gzip.open if str(path).endswith(".gz") else open
    with opener(path, "rt", encoding="ascii", errors="replace") as handle:
        lines = [line.rstrip("\n") for line in islice(handle, 4 * HEAD)]
    return list(zip(lines[0::4], lines[1::4], strict=False))


def _compare(first: list[tuple[str, str]], second: list[tuple[str, str]]) -> str:
    if not first or not second:
        return "R1 holds no read" if not first else "R2 holds no read"
    for number, ((name_1, _), (name_2, _)) in enumerate(zip(first, second, strict=False), 1):
        if not name_1.startswith("@") or not name_2.startswith("@"):
            return f"record {number} is not FASTQ"
        if _stem(name_1) != _stem(name_2):
            return f"record {number}: R1 is {name_1.split()[0]}, R2 is {name_2.split()[0]}"
    sides = (_side(first[0][0]), _side(second[0][0]))
    if sides == ("2", "1"):
        return "R1 and R2 are swapped (the names say so)"
    if sides[0] and sides[0] == sides[1]:
        return f"R1 and R2 are the same side ({sides[0]})"
    if len(first) != len(second):
        return f"R1 has {len(first)} and R2 {len(second)} of the first {HEAD} records"
    return ""


def _stem(name: str) -> str:
    word = name.split()[0]
    return word[:-2] if word[-2:] in ("/1", "/2") else word


def _side(name: str) -> str:
    """1 or 2 from `name/1` or from `name 1:N:0:...`; "" when the name does not say."""
    words = name.split()
    if words[0][-2:] in ("/1", "/2"):
        return words[0][-1]
    return words[1][0] if len(words) > 1 and words[1][:2] in ("1:", "2:") else ""
