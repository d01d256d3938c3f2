"""Which of many files are there: one listing per folder instead of one question per file."""

import os

from myeloma.settings import Settings


class Listing:
    """Settings.path for many files: each folder is listed once instead of asking for every file."""

    def __init__(self, settings: Settings):
        self.workdir, self.project = str(settings.workdir), str(settings.project)
        self.folders: dict[str, frozenset[str]] = {}

    def path(self, value: str) -> str:
        """As Settings.path: absolute as it is, else below the workdir, else the project, else as given."""
        if value and not os.path.isabs(value) and not self._has(self.workdir, value):
            if self._has(self.project, value):
                return os.path.join(self.project, value)
        return value

    def _has(self, base: str, value: str) -> bool:
        folder, name = os.path.split(os.path.join(base, value))
        if folder not in self.folders:
            try:
                self.folders[folder] = frozenset(os.listdir(folder))
            except OSError:
                self.folders[folder] = frozenset()
        return name in self.folders[folder]
