"""The how-to guides: the messages they explain are printed, the files and keys they name exist."""

import re

import pytest
import yaml


def messages(project):
    rows = [
        line
        for line in (project / "docs/troubleshooting.md").read_text().splitlines()
        if line.startswith("| `")
    ]
    return [words for row in rows for words in re.findall(r"`([^`]+)`", row.split("|")[1])]


def test_every_message_of_the_troubleshooting_page_is_printed_by_some_module(project):
    sources = [*(project / "workflow/scripts/myeloma").rglob("*.py"), project / "workflow/run.py"]
    text = re.sub(r'"\s*\n\s*f?"', "", "\n".join(path.read_text() for path in sources))
    said = messages(project)
    assert len(said) > 20
    missing = [words for words in said if words not in text.replace("{{", "{").replace("}}", "}")]
    assert missing == []


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "results/README.md"])
def test_every_document_that_is_named_exists(project, name):
    for path in re.findall(
        r"`((?:docs|config|resources|envs|setup|profiles)/[\w./-]+\.\w+)`", (project / name).read_text()
    ):
        assert (project / path).exists(), path


def test_the_keys_of_the_group_guide_are_keys_of_the_config(project):
    known = yaml.safe_load((project / "config/config.yaml").read_text())["groups"]
    lines = [
        line.split("#")[0]
        for line in (project / "docs/groups.md").read_text().splitlines()
        if line.startswith("    groups:")
    ]
    assert len(lines) == 2
    for line in lines:
        given = yaml.safe_load(line)["groups"]
        assert set(given) <= set(known)
        assert set(given.get("A", {})) <= set(known["A"])
