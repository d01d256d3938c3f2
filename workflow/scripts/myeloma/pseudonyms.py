"""Ids, dates and texts as they may leave: keyed pseudonyms, days instead of dates, no free text of a sheet.

Pseudonyms are HMAC-SHA256 of the id with a key that stays outside results and project (RFC 2104; ENISA, Pseudonymisation
techniques and best practices, 2019: a keyed hash, because a plain hash of a short id is found by trying all).
"""

import base64
import csv
import functools
import hashlib
import hmac
import os
import re
import secrets
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from myeloma import files, flow, tables

KEY_BYTES = 32
CHARACTERS = 10  # base32: 50 bits; two of 10,000 ids collide with probability 5e-8
PREFIX = {"patient": "P", "sample": "S"}
ISO_DATE = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
#: Columns of the tables that may hold text typed into a sheet: they stay empty outside.
FREE_TEXT = {
    "samples": ("reason",),
    "dose_changes": ("change_reason",),
    "exposure": ("stop_reason",),
    "visits": ("visit",),
}
#: Further columns that name files of the one who entered them, and where a patient was treated.
ALWAYS_EMPTY = ("entered_from", "centre")
#: Columns that quote a visit with its typed label, after its date: class and day leave.
UP_TO_DATE = {"response": ("decided_by", "landmark_reason"), "groups_by_definition": ("decided_by",)}
#: Columns whose text is "class: detail": the class leaves, the detail may quote a sheet.
CLASS_ONLY = {"flow": ("reason",)}


#: Columns that name a patient or a sample.
WHO = ("patient", "sample", "normal", "rna_sample", "patient_a", "patient_b", "sample_a", "sample_b")
LEFT_OUT = "(left out)"


class PrivacyError(ValueError):
    """Something would leave that must not, or key or map stand where they must not; the message says what to do."""


@dataclass(frozen=True)
class Names:
    """Id in the sheets -> id outside, of patients and samples; `starts`: day 1 of each patient (C1D1, else enrolment).

    `left_out`: patients excluded from everything (consent withdrawn): nothing of them leaves.
    """

    patients: Mapping[str, str]
    samples: Mapping[str, str]
    patient_of: Mapping[str, str]
    starts: Mapping[str, date | None] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()

    @property
    def changed(self) -> bool:
        """Are the ids outside other ones than in the sheets?"""
        return any(a != b for a, b in [*self.patients.items(), *self.samples.items()])

    def text(self, text: str, patient: str = "") -> str:
        """The text with ids and dates replaced; a date becomes a day of `patient`, "(date)" where that is not known."""
        return ISO_DATE.sub(lambda found: self._day(found.group(), patient), self.ids(text))

    def ids(self, text: str) -> str:
        """The text with every id of a patient or sample replaced."""
        if not self.replaced:
            return text
        return self._pattern.sub(lambda found: self.replaced[found.group()], text)

    def day(self, day: Any, patient: str) -> int | None:
        """date - day 1 + 1, as the column `day` of the tables; None without a date or a start."""
        start = self.starts.get(patient)
        if not day or start is None:
            return None
        day = day if isinstance(day, date) else date.fromisoformat(str(day))
        return (day - start).days + 1

    def _day(self, text: str, patient: str) -> str:
        try:
            day = self.day(text, patient)
        except ValueError:  # 2024-13-45 is no date
            day = None
        return "(date)" if day is None else f"day {day}"

    @functools.cached_property
    def gone(self) -> frozenset[str]:
        """Ids of the patients who are left out, and of their samples."""
        return self.left_out | {s for s, patient in self.patient_of.items() if patient in self.left_out}

    @functools.cached_property
    def replaced(self) -> dict[str, str]:
        """Id -> what stands for it in texts, of the ids that may not stand there; a number cannot be told from one."""
        made = {**self.patients, **self.samples} | {
            name: LEFT_OUT for name in self.gone if not re.fullmatch(r"[\d.]+", name)
        }
        return {name: told for name, told in made.items() if name != told}

    @functools.cached_property
    def _pattern(self) -> re.Pattern:
        # the longest first, so that IPD-1-T is not read as IPD-1
        ids = sorted(self.replaced, key=len, reverse=True)
        return re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(map(re.escape, ids))})(?![A-Za-z0-9])")


def names_of(cohort: Any, rules: Mapping[str, Any], project: str, results: str = "results") -> Names:
    """The names by config export.pseudonyms (mode, key_file, map_file); writes map_file in mode hmac.

    Mode none: the ids of the sheets are the pseudonyms. Raises PrivacyError.
    """
    patients = {p.patient: p.patient for p in cohort.patients}
    samples = {s.sample: s.sample for s in cohort.samples}
    if rules["mode"] == "hmac":
        for name in ("key_file", "map_file"):
            _outside(rules[name], name, project, results)
        if bare := sorted(name for name in {**patients, **samples} if re.fullmatch(r"[\d.]+", name)):
            raise PrivacyError(
                f"export.pseudonyms.mode hmac: the id {bare[0]} cannot be told from a number in texts: "
                "give patients and samples ids with a letter"
            )
        if shared := sorted(patients.keys() & samples.keys()):
            raise PrivacyError(
                f"export.pseudonyms.mode hmac: {shared[0]} is the id of a patient and of a sample, texts cannot tell which: "
                "rename one of them in the sheets"
            )
        key = read_key(rules["key_file"])
        patients = keyed(patients, "patient", key)
        samples = keyed(samples, "sample", key)
    starts = {p.patient: p.c1d1 or p.enrolment_date for p in cohort.patients}
    owners = {s.sample: s.patient for s in cohort.samples}
    made = Names(patients, samples, owners, starts, frozenset(flow.left_out(cohort.exclusions, "all")))
    if rules["mode"] == "hmac":
        write_map(made, rules["map_file"])
    return made


def without(frame: pd.DataFrame, names: Names) -> pd.DataFrame:
    """The table without rows and columns of the patients who are left out and of their samples."""
    if not names.gone:
        return frame
    kept = pd.Series(True, index=frame.index)
    for column in WHO:
        if column in frame:
            kept &= ~frame[column].isin(names.gone)
    columns = [c for c in frame.columns if c not in names.gone]
    return frame.loc[kept, columns].reset_index(drop=True)


def keyed(ids: Iterable[str], kind: str, key: bytes) -> dict[str, str]:
    """id -> pseudonym: a letter and ten characters of base32; raises PrivacyError where two ids would share one."""
    made: dict[str, str] = {}
    taken: dict[str, str] = {}
    for name in ids:
        digest = hmac.new(key, f"{kind}\0{name}".encode(), hashlib.sha256).digest()
        made[name] = PREFIX[kind] + base64.b32encode(digest).decode()[:CHARACTERS]
        if made[name] in taken:
            raise PrivacyError(f"{kind} {name} and {taken[made[name]]} get one pseudonym: make another key")
        taken[made[name]] = name
    return made


def make_key(path: str | os.PathLike) -> None:
    """A new key of 32 random bytes, as text, readable by its owner alone; an existing file is never replaced."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise PrivacyError(
            f"{path} is there already: with another key every pseudonym would change"
        ) from None
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(KEY_BYTES) + "\n")


def read_key(path: str | os.PathLike) -> bytes:
    """The key; raises PrivacyError where it is missing, short, or readable by others."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        raise PrivacyError(
            f"export.pseudonyms.key_file: {path} is not there: "
            "python workflow/scripts/make_pseudonym_key.py PATH makes one"
        ) from None
    if stat.S_IMODE(mode) & 0o077:
        raise PrivacyError(f"export.pseudonyms.key_file: others can read {path}: chmod 600 it")
    text = Path(path).read_text().strip()
    if not re.fullmatch(rf"[0-9a-f]{{{2 * KEY_BYTES},}}", text):
        raise PrivacyError(
            f"export.pseudonyms.key_file: {path} does not hold {KEY_BYTES} bytes in hexadecimal"
        )
    return bytes.fromhex(text)


def _outside(path: str, name: str, project: str, results: str) -> None:
    """Raise PrivacyError where a secret would stand below results or in the project (which is a repository)."""
    if not path:
        raise PrivacyError(f"export.pseudonyms.{name} is empty: mode hmac needs it")
    here = Path(path).resolve()
    for folder in (Path(results).resolve(), Path(project).resolve()):
        if here.is_relative_to(folder):
            raise PrivacyError(
                f"export.pseudonyms.{name}: {path} stands in {folder.name}/: choose a place outside of it"
            )


def write_map(names: Names, path: str | os.PathLike) -> None:
    """kind, id, pseudonym: a file for its owner alone."""
    with files.whole(path) as private:
        with open(private, "w", encoding="utf-8", newline="") as handle:
            rows = csv.writer(handle, delimiter="\t", lineterminator="\n")
            rows.writerow(("kind", "id", "pseudonym"))
            for kind, ids in (("patient", names.patients), ("sample", names.samples)):
                rows.writerows((kind, *pair) for pair in sorted(ids.items()))
    os.chmod(path, 0o600)


def leaving(frame: pd.DataFrame, table: tables.Table, names: Names) -> pd.DataFrame:
    """The table as it may leave: pseudonyms, days instead of dates, no free text, columns of samples renamed.

    A date column `x` of a table of patients becomes `x_day` (names.day); tables without patients keep their dates,
    which are those of the trial (cuts of the committee).
    """
    blank = without(frame, names).copy()
    for column in FREE_TEXT.get(table.name, ()):
        blank[column] = ""
    for column in ALWAYS_EMPTY:
        if column in blank:
            blank[column] = ""
    for column in CLASS_ONLY.get(table.name, ()):
        blank[column] = [text.partition(": ")[0] for text in blank[column]]
    for column in UP_TO_DATE.get(table.name, ()):
        blank[column] = [_up_to_date(text) for text in blank[column].astype(str)]
    who = _who(blank, names)
    kinds = {c.name: c.kind for c in table.columns}
    out = {}
    for column in blank.columns:
        values, kind = blank[column], kinds.get(column, "")
        if kind == "date" and who is not None:
            days = [names.day(day, patient) for day, patient in zip(values, who, strict=True)]
            out[f"{column}_day"] = pd.array(days, dtype="Int64")
        elif table.wide and not kind:
            out[names.samples.get(column, column)] = pd.to_numeric(values).array
        elif kind == "date" or values.dtype != object:
            out[column] = values.array
        elif column in ("patient", "sample"):
            # by its own kind: a patient may be called as a sample is
            own = names.patients if column == "patient" else names.samples
            out[column] = [own[text] if text in own else names.ids(text) for text in values.astype(str)]
        else:
            out[column] = _texts(values, who, names)
    return pd.DataFrame(out)


def _up_to_date(text: str) -> str:
    """The text up to its first date: "PR on 2024-03-01 label (day 47): ..." is "PR on 2024-03-01"."""
    found = ISO_DATE.search(text)
    return text[: found.end()] if found else text


def _texts(values: pd.Series, who: list[str] | None, names: Names) -> list[str]:
    """The texts as they may leave; each different one is looked at once, as far as no date stands in it."""
    told = {text: names.ids(text) for text in values.astype(str).unique()}
    dated = {text for text in told if ISO_DATE.search(text)}
    patients = who if who is not None else [""] * len(values)
    return [
        names.text(text, patient) if text in dated else told[text]
        for text, patient in zip(values.astype(str), patients, strict=True)
    ]


def _who(frame: pd.DataFrame, names: Names) -> list[str] | None:
    """The patient of each row; None for a table that has neither patients nor samples."""
    if "patient" in frame:
        return frame["patient"].tolist()
    if "sample" in frame:
        return [names.patient_of.get(sample, "") for sample in frame["sample"]]
    return None
