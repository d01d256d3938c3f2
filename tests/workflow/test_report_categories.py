"""`snakemake --report` shows the tables of the page under the page's chapters, each with its caption."""

import re
from pathlib import Path

import pytest

from myeloma.report import build, portrait

PROJECT = Path(__file__).resolve().parents[2]
RULES = "".join(path.read_text() for path in sorted((PROJECT / "workflow/rules").glob("*.smk")))
SHOWN = dict(
    (path, (caption, category))
    for path, caption, category in re.findall(
        r'report\(\s*"(results/[^"]+)",\s*caption="\.\./report/(\w+\.rst)",\s*category="([^"]+)"', RULES
    )
)
#: Tables that only draw a figure of another table that is shown.
BEHIND_A_FIGURE = {"survival_curves"}
#: Categories beside the chapters: who is in it, the page itself, and the long name of a chapter.
BESIDE = {"Cohort", "Report", "Molecular portrait"}


@pytest.mark.parametrize("table", build.READ, ids=lambda t: t.name)
def test_a_table_of_the_page_is_in_the_report_of_snakemake(table):
    if table.name in BEHIND_A_FIGURE:
        return
    assert table.path in SHOWN, f"wrap {table.path} in report(...) with a caption in workflow/report"
    caption, category = SHOWN[table.path]
    assert (PROJECT / "workflow/report" / caption).read_text().strip()
    assert category in {name for _, name, _ in build.CHAPTERS} | BESIDE


def test_every_caption_is_there_and_used_and_the_introduction_names_what_is_shown():
    captions = {f"{name}.rst" for name in re.findall(r"\.\./report/(\w+)\.rst", RULES)}
    captions |= {f"{name}.rst" for name in portrait.TABLES}  # one caption a figure, by its name
    assert captions == {path.name for path in (PROJECT / "workflow/report").glob("*.rst")}
    named = set(
        re.findall(r"\*([^*]+)\*", (PROJECT / "workflow/report/workflow.rst").read_text().replace("\n", " "))
    )
    shown = {category for _, category in SHOWN.values()} | {Path(path).stem for path in SHOWN} | BESIDE
    assert named <= shown and "Comparison" in named
