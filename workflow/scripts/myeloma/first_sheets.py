"""First sheets from a folder of FASTQ files: what file names and read names tell, and nothing guessed.

Illumina names ({sample}_S1_L001_R1_001.fastq.gz) and the usual variants of them ({sample}_R1.fastq.gz,
{sample}_L001_1.fq.gz, {sample}.R1.fastq.gz). Flow cell and lane come from the first read's name.
"""

import gzip
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from myeloma import files
from myeloma.sheets import schema

ENDING = re.compile(r"\.(fastq|fq)(\.gz)?$")
NAMES = (
    re.compile(r"^(?P<sample>.+?)_S[0-9]+(_L(?P<lane>[0-9]+))?_(?P<mate>[RI][12])(_[0-9]{3})?$"),
    re.compile(r"^(?P<sample>.+?)(_L(?P<lane>[0-9]{1,3}))?[_.-](?P<mate>[RI]?[12])(_[0-9]{3})?$"),
)
READ_NAME = re.compile(r"^@[^:\s]+:[0-9]+:(?P<flowcell>[A-Za-z0-9_-]+):(?P<lane>[0-9]+):[0-9]+:[0-9]+:[0-9]+")
SHEETS = ("patients", "samples", "units")


class SheetsExist(FileExistsError):
    """A sheet that would be written is there already."""


@dataclass(frozen=True)
class Found:
    """A pair of FASTQ files of one sample."""

    sample: str
    flowcell: str
    lane: str
    fastq_1: str
    fastq_2: str


def make_sheets(folder: str | os.PathLike, out: str | os.PathLike, patient: str = "") -> list[str]:
    """Write patients.tsv, samples.tsv and units.tsv to `out`; return what is left to do, line by line.

    `patient` is a regular expression whose first group is the patient id in a sample id. Raises
    SheetsExist where one of the sheets exists, FileNotFoundError where there are no FASTQ pairs.
    """
    targets = {name: Path(out) / f"{name}.tsv" for name in SHEETS}
    for path in targets.values():
        if path.exists():
            raise SheetsExist(f"{path} exists; it is never overwritten: choose another folder with --out")
    pairs, said = find_pairs(folder)
    if not pairs:
        raise FileNotFoundError(f"{folder}: no pair of FASTQ files found")
    samples = sorted({p.sample for p in pairs})
    owner = {s: _patient_of(s, patient) for s in samples}
    _write(targets["units"], "units", ({**vars(p), "library": p.sample} for p in pairs))
    _write(targets["samples"], "samples", ({"sample": s, "patient": owner[s]} for s in samples))
    _write(targets["patients"], "patients", ({"patient": p} for p in sorted(set(owner.values()) - {""})))
    return said + _left_to_do(targets, pairs, owner)


def find_pairs(folder: str | os.PathLike) -> tuple[list[Found], list[str]]:
    """All pairs below `folder`, sorted, and sentences on files that were left out."""
    mates: dict[tuple[Path, str], dict[str, Path]] = defaultdict(dict)
    names: dict[tuple[Path, str], tuple[str, str]] = {}
    said = []
    for path in sorted(p for p in Path(folder).rglob("*") if ENDING.search(p.name) and p.is_file()):
        stem = ENDING.sub("", path.name)
        match = next(filter(None, (pattern.match(stem) for pattern in NAMES)), None)
        if match is None:
            said.append(f"left out (no R1 or R2 in its name): {path}")
            continue
        mate = match["mate"]
        if mate.startswith("I"):
            continue
        key = (path.parent, stem[: match.start("mate")] + "*" + stem[match.end("mate") :])
        mates[key][mate[-1]] = path.absolute()
        names[key] = (match["sample"], str(int(match["lane"])) if match["lane"] else "")
    pairs = []
    for key, found in mates.items():
        if set(found) != {"1", "2"}:
            said.append(f"left out (its mate is missing): {next(iter(found.values()))}")
            continue
        sample, lane = names[key]
        safe = _safe(sample)
        if safe != sample:
            said.append(f"sample {sample!r} is called {safe}: ids hold letters, digits, _ . - only")
        flowcell, lane_read = _of_first_read(found["1"])
        if not flowcell:
            said.append(f"flow cell unknown (no Illumina read name), please fill in: {found['1']}")
        pairs.append(
            Found(safe, flowcell or "unknown", lane_read or lane or "1", str(found["1"]), str(found["2"]))
        )
    keys = Counter((p.sample, p.flowcell, p.lane) for p in pairs)
    for (sample, flowcell, lane), count in keys.items():
        if count > 1:
            said.append(
                f"{sample}: {count} pairs of flow cell {flowcell}, lane {lane}: name their libraries apart, "
                "or join the files if they are pieces of one"
            )
    return sorted(pairs, key=lambda p: (p.sample, p.flowcell, p.lane, p.fastq_1)), said


def _safe(sample: str) -> str:
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", sample)
    return re.sub(r"\.{2,}", ".", name).lstrip("_.-")[:64] or "sample"


def _of_first_read(path: Path) -> tuple[str, str]:
    """(flow cell, lane) of the first read's name; "" where it is not Illumina's or cannot be read."""
    try:
        with gzip.open(path, "rt") if path.name.endswith(".gz") else open(path) as handle:
            match = READ_NAME.match(handle.readline())
    except (OSError, EOFError, UnicodeDecodeError):
        return "", ""
    return (match["flowcell"], match["lane"]) if match else ("", "")


def _patient_of(sample: str, pattern: str) -> str:
    match = re.search(pattern, sample) if pattern else None
    return match.group(1) if match else ""


def _write(path: Path, name: str, rows: Iterable[dict[str, str]]) -> None:
    columns = list(schema(name)["properties"])
    with files.whole(path) as private, open(private, "w", encoding="utf-8") as handle:
        handle.write("\t".join(columns) + "\n")
        handle.writelines("\t".join(row.get(c, "") for c in columns) + "\n" for row in rows)


def _left_to_do(targets: dict[str, Path], pairs: list[Found], owner: dict[str, str]) -> list[str]:
    orphans = sum(not p for p in owner.values())
    patient = f"patient ({orphans} of {len(owner)} are empty), " if orphans else ""
    return [
        f"{len(pairs)} pairs of {len(owner)} samples.",
        f"{targets['samples']}: fill in {patient}assay (wes|rna), tissue (tumour|normal), collection_date, "
        "and for WES the kit",
        f"{targets['units']}: library is the sample's id; change it where a sample has several libraries",
        f"{targets['patients']}: one row per patient; c1d1 decides which sample is the baseline",
        "then: check it (README, your own data)",
    ]
