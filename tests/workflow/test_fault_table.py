"""docs/faults.md and the tests of faults say the same: no row without a test, no test without a row."""

import ast
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
#: Files whose every test is a fault or a change, and so has a row.
WHOLE_FILES = (
    "workflow/test_faults.py",
    "workflow/test_kill.py",
    "workflow/test_rerun.py",
    "slurm/test_slurm.py",
)


def names_of_tests(path: Path) -> set[str]:
    body = ast.parse(path.read_text()).body
    return {node.name for node in body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def rows() -> list[list[str]]:
    lines = (PROJECT / "docs/faults.md").read_text().splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return [row for row in cells if row[0] not in ("fault", "change")]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_row_is_complete_and_its_test_exists(row):
    assert all(row) and row[-2], "a cell is empty"
    file, name = re.fullmatch(r"`(\S+)::(\w+)`", row[-1]).groups()
    assert name in names_of_tests(PROJECT / file)


@pytest.mark.parametrize("file", WHOLE_FILES)
def test_every_test_of_a_fault_has_a_row(file):
    named = {row[-1].strip("`").split("::")[1] for row in rows()}
    assert names_of_tests(PROJECT / "tests" / file) <= named
