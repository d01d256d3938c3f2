"""The list of faults fits the code: each line to be changed stands once in its file, each named test exists."""

import ast

import pytest
from tests.faults import run

FAULTS = run.read()


def test_there_are_twenty_faults_of_all_kinds():
    assert len(FAULTS) >= 20 and len({fault["fault"] for fault in FAULTS}) == len(FAULTS)
    assert len({fault["file"] for fault in FAULTS}) >= 12


@pytest.mark.parametrize("fault", FAULTS, ids=[fault["fault"] for fault in FAULTS])
def test_the_fault_can_be_made_and_its_test_exists(fault, project):
    text = (project / fault["file"]).read_text()
    assert text.count(fault["old"]) == 1 and fault["old"] != fault["new"]
    ast.parse(text.replace(fault["old"], fault["new"]))
    file, name = fault["test"].split("::")
    defined = [
        n.name for n in ast.walk(ast.parse((project / file).read_text())) if isinstance(n, ast.FunctionDef)
    ]
    assert name in defined


def test_every_fault_was_seen_red(project):
    """docs/tests-tested.md, as `make faults` wrote it, has every fault of the list, and all are red."""
    text = (project / "docs/tests-tested.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("|")][2:]
    assert len(rows) == len(FAULTS)
    for fault, row in zip(FAULTS, rows, strict=True):
        assert row.startswith(f"| {fault['what']} |") and row.endswith("| red |")
