"""A small trial of good sheets, to be changed cell by cell."""

from pathlib import Path

import pytest
import yaml

from myeloma import cohort as module
from myeloma import settings
from myeloma.cohort import SheetErrors, load_cohort

SHEETS = module.SHEETS
GOOD = Path(__file__).resolve().parents[1] / "sheets" / "good"


def read_rows(path):
    return [line.split("\t") for line in path.read_text().splitlines()]


class Trial:
    """The good sheets, to be changed cell by cell and loaded."""

    def __init__(self, folder, project):
        self.folder, self.project = folder, project
        self.sheets = {name: read_rows(GOOD / f"{name}.tsv") for name in SHEETS}
        self.config = yaml.safe_load((project / "config/config.yaml").read_text())
        self.config["sheets"].update({name: f"{name}.tsv" for name in SHEETS})
        self.config["reference"]["fasta"] = "genome.fa"
        self.config["kits"] = {"k1": {"targets": "k1.bed"}}

    def set(self, sheet, line, column, value):
        """Write one cell; `line` as in the file; a new column is added when it is not there."""
        rows = self.sheets[sheet]
        if column not in rows[0]:
            rows[0].append(column)
            for row in rows[1:]:
                row.append("")
        rows[line - 1][rows[0].index(column)] = value

    def add(self, sheet, **cells):
        rows = self.sheets[sheet]
        rows.append([cells.get(name, "") for name in rows[0]])
        assert set(cells) <= set(rows[0])
        return len(rows)

    def write(self):
        for name, rows in self.sheets.items():
            (self.folder / f"{name}.tsv").write_text("".join("\t".join(r) + "\n" for r in rows))

    def settings(self):
        return settings.load(self.config, self.project, self.folder)

    def load(self, check_files=False):
        self.write()
        return load_cohort(self.settings(), check_files=check_files)

    def problems(self, check_files=False):
        with pytest.raises(SheetErrors) as caught:
            self.load(check_files)
        return caught.value.problems

    def the_problem(self):
        found = self.problems()
        assert len(found) == 1, "\n".join(map(str, found))
        return found[0]
