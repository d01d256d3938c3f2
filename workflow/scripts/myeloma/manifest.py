"""What went in, what came out, and with what: RO-Crate 1.1 and a list of checksums; the packed and encrypted export.

RO-Crate 1.1: w3id.org/ro/crate/1.1 (Soiland-Reyes et al., Data Science 2022;5:97). The crate is the export folder; what
stands outside of it is described, not contained.
"""

import hashlib
import io
import json
import os
import secrets
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from myeloma import files, privacy, tables
from myeloma.pseudonyms import LEFT_OUT, Names

CONTEXT = ["https://w3id.org/ro/crate/1.1/context", {"sha256": "https://schema.org/sha256"}]
CHUNK = 1 << 20
#: Dates of the config that are the trial's own, no patient's.
TRIAL_DATES = ("data_cut", "extra_cuts")


def sha256(path: str | os.PathLike) -> str:
    """SHA-256 of the bytes of a file."""
    seen = hashlib.sha256()
    with open(path, "rb") as handle:
        while block := handle.read(CHUNK):
            seen.update(block)
    return seen.hexdigest()


def rooted(path: str, roots: Mapping[str, str]) -> str:
    """The path below a named root, e.g. DIRECTORY/results/x; a path elsewhere by its name alone."""
    whole = os.path.abspath(path)
    for name, root in sorted(roots.items(), key=lambda item: -len(item[1])):
        if whole == root or whole.startswith(root.rstrip("/") + "/"):
            return f"{name}/{os.path.relpath(whole, root)}"
    return f"ELSEWHERE/{os.path.basename(whole)}"


def without_paths(value: Any, roots: Mapping[str, str]) -> Any:
    """A config as plain values, each absolute path below a named root."""
    if isinstance(value, Mapping):
        return {str(k): without_paths(v, roots) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [without_paths(v, roots) for v in value]
    return rooted(value, roots) if isinstance(value, str) and os.path.isabs(value) else value


def expand(paths: Iterable[str]) -> list[str]:
    """Files of the given files and folders, sorted."""
    found = []
    for path in map(Path, paths):
        found += [p for p in path.rglob("*") if p.is_file()] if path.is_dir() else [path]
    return sorted({str(p) for p in found})


def checksums(
    inputs: Sequence[str],
    reads: Sequence[str],
    outputs: Sequence[str],
    roots: Mapping[str, str],
    hash_reads: bool,
) -> pd.DataFrame:
    """CHECKSUMS: role, file, bytes, sha256 (inputs and outputs), modified (reads that are not hashed)."""
    rows = []
    for role, paths in (("input", inputs), ("reads", reads), ("output", outputs)):
        for path in expand(paths):
            size, stamp = os.stat(path).st_size, os.stat(path).st_mtime
            hashed = role != "reads" or hash_reads
            rows.append(
                {
                    "role": role,
                    "file": rooted(path, roots),
                    "bytes": size,
                    "sha256": sha256(path) if hashed else "",
                    "modified": ""
                    if hashed
                    else datetime.fromtimestamp(stamp, UTC).isoformat(timespec="seconds"),
                }
            )
    frame = pd.DataFrame(rows, columns=tables.CHECKSUMS.names()).drop_duplicates(["role", "file"])
    return tables.conform(frame, tables.CHECKSUMS)


def outside(listed: pd.DataFrame, names: Names) -> pd.DataFrame:
    """CHECKSUMS as it may leave: no id of a sheet in a file's name; with pseudonyms no reads as they were delivered,
    whose names are the laboratory's.
    """
    rows = listed
    if names.changed:
        rows = rows[(rows["role"] != "reads") | rows["file"].str.endswith(".cram")]
    told = rows.assign(file=[names.ids(file) for file in rows["file"]])
    return told[~told["file"].str.contains(LEFT_OUT, regex=False)].reset_index(drop=True)


def config_outside(value: Any, names: Names, patient: str = "") -> Any:
    """A config as it may leave: no id of a sheet, a date of `patient` as a day; the cuts of the trial stay dates."""
    if isinstance(value, Mapping):
        mine = str(value.get("patient", ""))
        who = mine if mine in names.patients else patient
        return {
            names.text(str(key), who): inner
            if key in TRIAL_DATES
            else config_outside(inner, names, str(key) if key in names.patients else who)
            for key, inner in value.items()
            if key not in names.gone
        }
    if isinstance(value, list | tuple):
        return [config_outside(inner, names, patient) for inner in value]
    return names.text(str(value), patient) if isinstance(value, str | date) else value


def crate(listed: pd.DataFrame, about: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata of the crate. `listed`: CHECKSUMS; `about`: report.build.provenance with name and description."""
    inside = "DIRECTORY/results/export/"
    entities = [_file(row, inside) for row in listed.to_dict("records")]
    kept = [e["@id"] for e in entities if not e["@id"].startswith("#")]
    by_role = {
        role: [_id(r, inside) for r in part.to_dict("records")] for role, part in listed.groupby("role")
    }
    programs = {**about["tools"], **about["packages"]}
    return {
        "@context": CONTEXT,
        "@graph": [
            {
                "@id": "ro-crate-metadata.json",
                "@type": "CreativeWork",
                "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
                "about": {"@id": "./"},
            },
            {
                "@id": "./",
                "@type": "Dataset",
                "name": about["name"],
                "description": about["description"],
                "datePublished": about["date"],
                "license": "Not stated: patient data, governed by the trial's consent and contracts",
                "hasPart": [{"@id": name} for name in kept],
                "mentions": [{"@id": "#run"}],
            },
            {
                "@id": "#run",
                "@type": "CreateAction",
                "name": "Run of the workflow",
                "instrument": {"@id": "#workflow"},
                "object": [
                    {"@id": i} for i in [*by_role.get("input", []), *by_role.get("reads", []), "#config"]
                ],
                "result": [{"@id": i} for i in by_role.get("output", [])],
            },
            {
                "@id": "#workflow",
                "@type": ["SoftwareApplication", "SoftwareSourceCode"],
                "name": "myeloma-response",
                "version": about["version"],
                "identifier": f"git {about['commit']}",
                "softwareRequirements": [{"@id": f"#program-{name}"} for name in sorted(programs)],
            },
            {
                "@id": "#config",
                "@type": "CreativeWork",
                "name": "Resolved config, paths below named roots",
                "encodingFormat": "application/json",
                "text": json.dumps(config, sort_keys=True, ensure_ascii=False, default=str),
            },
            *(
                {
                    "@id": f"#program-{name}",
                    "@type": "SoftwareApplication",
                    "name": name,
                    "version": programs[name],
                }
                for name in sorted(programs)
            ),
            *entities,
        ],
    }


def _id(row: Mapping[str, Any], inside: str) -> str:
    if row["file"].startswith(inside):
        return row["file"].removeprefix(inside)
    return f"#{row['role']}-{row['file'].replace('/', '-')}"


def _file(row: Mapping[str, Any], inside: str) -> dict[str, Any]:
    contained = row["file"].startswith(inside)
    made = {
        "@id": _id(row, inside),
        "@type": "File" if contained else "CreativeWork",
        "name": row["file"],
        "contentSize": str(row["bytes"]),
    }
    return made | ({"sha256": row["sha256"]} if row["sha256"] else {"dateModified": row["modified"]})


def write(listed: pd.DataFrame, made: Mapping[str, Any], outputs: Mapping[str, str]) -> None:
    """checksums.tsv and ro-crate-metadata.json."""
    tables.write(listed, outputs["checksums"], tables.CHECKSUMS)
    with files.whole(outputs["crate"]) as private:
        private.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


# The packed export


def pack(folder: str | os.PathLike, recipients: Sequence[str], output: str | os.PathLike) -> None:
    """What may leave of the export folder as one tar.gz, encrypted (Crypt4GH) for the given public keys.

    The sender's key is made for this file and forgotten: only the recipients can read it.
    """
    from crypt4gh import lib
    from crypt4gh.keys import get_public_key

    if not recipients:
        raise ValueError("export.recipients is empty: nobody could read the archive")
    sender = secrets.token_bytes(32)  # a key of X25519 is any 32 bytes (RFC 7748)
    keys = [(0, sender, get_public_key(path)) for path in recipients]
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=6) as tar:
        for path in expand([folder]):
            name = Path("results/export", Path(path).relative_to(folder)).as_posix()
            if privacy.leaves(name) and not name.endswith(".c4gh"):
                tar.add(path, arcname=name.removeprefix("results/"), filter=_nobody)
    packed.seek(0)
    with files.whole(output, suffix=".c4gh") as private, open(private, "wb") as out:
        lib.encrypt(keys, packed, out)


def _nobody(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without the user and the time of this machine."""
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return entry
