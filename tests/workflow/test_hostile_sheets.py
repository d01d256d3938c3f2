"""Hostile text in the sheets: refused with file, line, field and fix, or inert in every rule, page and package."""

import csv
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import hostile
import planning
import pytest
import yaml

from myeloma import settings
from myeloma.cohort import SheetErrors, load_cohort

#: The folder of the run, hostile itself: blanks, quotes, a shell's words, letters that are not ASCII.
FOLDER = f"run $(touch {hostile.CANARY}) 'é"
FREE_TEXT = (
    ("patients", "centre"),
    ("patients", "deviation"),
    ("patients", "qualifying_method"),
    ("samples", "centre"),
    ("samples", "batch"),
    ("samples", "name_in_files"),
    ("adverse_events", "soc"),
    ("adverse_events", "term"),
    ("subsequent_therapy", "regimen"),
    ("fish", "probe"),
    ("calls", "abnormality"),
    ("calls", "value"),
    ("calls", "method"),
    ("calls", "source"),
    ("exclusions", "reason"),
)


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / FOLDER
    hostile.cohort(folder)
    return folder


def load(folder, project):
    values = yaml.safe_load((project / "config/config.yaml").read_text())
    for section, given in yaml.safe_load((folder / "config.yaml").read_text()).items():
        values[section] = {**values[section], **given}
    return load_cohort(settings.load(values, project, folder))


def canaries(folder: Path) -> list[Path]:
    return [*folder.parent.rglob(f"*{hostile.CANARY}"), *Path.cwd().glob(hostile.CANARY)]


def test_free_text_is_taken_as_it_stands(run, project):
    cohort = load(run, project)
    assert [p.centre for p in cohort.patients] == list(hostile.TEXTS[:12])
    assert [row["reason"] for row in cohort.exclusions] == list(hostile.TEXTS[2:14])


@pytest.mark.parametrize("sheet, field", FREE_TEXT)
def test_characters_that_deceive_the_eye_are_refused_with_line_and_fix(run, project, sheet, field):
    for text in hostile.REFUSED:
        rows = hostile.rows_of(run / f"{sheet}.tsv")
        kept, rows[1][field] = rows[1][field], text
        hostile.write(run / f"{sheet}.tsv", rows)
        with pytest.raises(SheetErrors) as caught:
            load(run, project)
        found = [p for p in caught.value.problems if (Path(p.file).stem, p.field) == (sheet, field)]
        assert found and all(p.line == 3 and p.fix for p in found), text
        assert text not in str(caught.value), "a message shows such a character by its number"
        rows[1][field] = kept
        hostile.write(run / f"{sheet}.tsv", rows)


def test_planning_runs_nothing(run):
    assert planning.planned_jobs(run)["build_report"] == 1
    assert canaries(run) == []


class Seen(HTMLParser):
    """Elements and attributes of a page, also of those that lie in it as text until they are asked for."""

    def __init__(self, text: str):
        super().__init__()
        self.elements, self.kind = [], None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.kind = dict(attrs).get("type", "js")

    def handle_endtag(self, tag):
        if tag == "script":
            self.kind = None

    def handle_data(self, data):
        if self.kind == "text/html":
            self.elements += Seen(data).elements


def active(page: str) -> list[str]:
    """What of a page would act, beyond the report's own scripts."""
    found = []
    for tag, attributes in Seen(page).elements:
        found += [f"{tag} {name}" for name in attributes if name.startswith("on")]
        found += [
            f"{tag} {n}" for n, v in attributes.items() if "javascript:" in (v or "") and n != "data-from"
        ]
        if tag in ("img", "iframe", "object", "embed", "base", "link", "form") and "canary" in str(
            attributes
        ):
            found.append(tag)
    return found


def test_the_finder_of_active_parts_finds():
    folded = '<script type="text/html"><p onclick="x()">a</p></script>'
    assert active(folded) == ["p onclick"] and active('<a href="javascript:x">b</a>') == ["a href"]


@pytest.mark.long
def test_every_rule_over_tables_takes_hostile_text(run):
    """From the sheets to report, packages and exports; about 110 CPU seconds."""
    planning.snakemake(run, "--cores", "2", "--quiet", "all", "--", "all", "export")
    assert canaries(run) == []
    results = run / "results"
    pages = [*results.rglob("*.html"), *results.rglob("*.svg")]
    assert len(pages) > 8
    for path in pages:
        assert active(path.read_text(encoding="utf-8")) == [], path
    report = (results / "report/report.html").read_text(encoding="utf-8")
    # the text did arrive: in the pages of the patients, in the tables of rates and of comparisons
    assert "&lt;script&gt;window.canary" in report and report.count(hostile.CANARY) > 20
    own = ("", "application/json", "text/html")
    kinds = [attributes.get("type", "") for tag, attributes in Seen(report).elements if tag == "script"]
    assert set(kinds) <= set(own) and kinds.count("text/html") == 12
    assert "window.canary" not in "".join(part.split("</script>")[0] for part in report.split("<script>")[1:])
    with open(results / "safety/adverse_events_by_term.tsv", encoding="utf-8", newline="") as handle:
        terms = {row["term"] for row in csv.DictReader(handle, delimiter="\t")}
    assert set(hostile.TEXTS) <= terms
    for path in results.rglob("*.tsv"):
        lengths = {line.count("\t") for line in path.read_text(encoding="utf-8").splitlines()}
        assert len(lengths) <= 1, f"{path}: a text has broken a row"
    for path in results.rglob("*.zip"):
        with zipfile.ZipFile(path) as packed:
            names = packed.namelist()
            assert packed.testzip() is None
        assert not [n for n in names if n.startswith(("/", "-")) or ".." in n or "canary" in n], path
