"""The checked config and what it switches on; paths resolved once, here."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Value of reference.regions and reference.arms: the project's own table of the build.
AUTO = "auto"
OWN_TABLES = {"grch38": "grch38", "hg38": "grch38", "hg19": "hg19", "b37": "hg19", "grch37": "hg19"}


@dataclass(frozen=True)
class Settings:
    """The config as given (`values`), the project's folder, the working directory, the config's files."""

    values: Mapping[str, Any]
    project: Path
    workdir: Path
    config_files: tuple[str, ...] = ()

    def __getitem__(self, section: str) -> Any:
        return self.values[section]

    def path(self, value: str) -> str:
        """Path of a config or sheet value: absolute as it is, else below the workdir, else the project.

        Returns "" for "". A path that exists nowhere is returned as given (the check names it).
        """
        if not value or os.path.isabs(value):
            return value or ""
        if (self.workdir / value).exists():
            return value
        if (self.project / value).exists():
            return str(self.project / value)
        return value

    def reference(self, name: str) -> str:
        """Path of `reference.<name>`, "" when not given; `auto` is the project's own table of the build."""
        given = self.values["reference"].get(name) or ""
        return self.by_build(name) if given == AUTO else self.path(given)

    def by_build(self, name: str) -> str:
        """The project's resources/<name>_<build>.tsv of reference.build; "" where it has none."""
        suffix = OWN_TABLES.get(str(self.values["reference"].get("build") or "").lower(), "")
        path = self.project / f"resources/{name}_{suffix}.tsv"
        return str(path) if suffix and path.is_file() else ""

    def has(self, name: str) -> bool:
        """Is the reference resource `name` given?"""
        return bool(self.reference(name))

    def sheet(self, name: str) -> str:
        """Path of `sheets.<name>`, "" when not given."""
        return self.path(self.values["sheets"].get(name) or "")

    def has_sheet(self, name: str) -> bool:
        """Is the optional sheet `name` given?"""
        return bool(self.sheet(name))


def load(
    values: Mapping[str, Any],
    project: Path,
    workdir: Path | None = None,
    config_files: Iterable[str | os.PathLike] = (),
) -> Settings:
    """Settings from Snakemake's config mapping; `workdir` defaults to the current directory.

    A `data_cut` at the top (`--config data_cut=2024-01-31`) takes the place of `trial.data_cut`.

    `config_files` are the files the mapping came from, so that a problem can name file and line.
    """
    if values.get("data_cut") and isinstance(values.get("trial"), Mapping):
        values = {**values, "trial": {**values["trial"], "data_cut": str(values["data_cut"])}}
    return Settings(
        values=values,
        project=Path(project),
        workdir=Path(workdir or os.getcwd()),
        config_files=tuple(str(path) for path in config_files),
    )
