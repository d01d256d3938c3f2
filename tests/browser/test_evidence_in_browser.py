"""The pages with reads in a real Chromium: no request, no complaint, every event opens; the report finds them."""

import shutil

import pytest
from tests.browser.test_report_in_browser import Watched, chromium  # noqa: F401
from tests.myeloma.test_evidence import HOSTILE, calls, reads  # noqa: F401

from myeloma import tables
from myeloma.report import build

pytestmark = pytest.mark.browser
pytest.importorskip("igv_reports", reason="igv-reports is not installed (make setup installs it)")
from myeloma.report import evidence  # noqa: E402


def test_every_event_opens_without_the_network(chromium, reads, tmp_path):  # noqa: F811
    rows = [("P1", f"NRAS{HOSTILE}", "mutation", "present", HOSTILE, "chr1:500 C>T"),
            ("P1", "t(4;14)", "translocation", "present", "", "IGH chr1:510 - NSD2 chr2:400")]  # fmt: skip
    tables.write(calls(*rows), tmp_path / "a.tsv", tables.ABNORMALITIES)
    tracks = [evidence.Track(f"P1-T{HOSTILE}", "tumour DNA", str(reads / "s.bam"))]
    evidence.write("P1", str(tmp_path / "a.tsv"), tracks, str(reads / "g.fa"), str(tmp_path / "P1.html"))
    with Watched(chromium, tmp_path / "P1.html") as seen:
        seen.page.wait_for_selector("body[data-ready='0']", timeout=30_000)
        seen.page.locator("button[data-event='1']").click()
        seen.page.wait_for_selector("body[data-ready='1']", timeout=30_000)
        assert seen.page.locator("button[aria-pressed=true]").inner_text() == "t(4;14)"
        shown = seen.page.evaluate(
            "document.getElementById('igv').shadowRoot || document.getElementById('igv').innerHTML"
        )
        assert shown


@pytest.mark.parametrize("beside", [True, False])
def test_report_links_only_where_the_pages_are(chromium, tmp_path, project, beside):  # noqa: F811
    import yaml
    from tests import fabricate

    made = fabricate.cohort(n=3)
    config = yaml.safe_load((project / "config/config.yaml").read_text())
    about = {"date": "2026-01-01", "version": "0", "commit": "x", "tools": {}, "packages": {}}
    pages = {"IPD-001": "evidence/IPD-001.html", "IPD-002": "evidence/IPD-002.html"}
    given = build.Given(made.patients, config, about, {"multiqc": "multiqc.html"}, evidence=pages)
    (tmp_path / "report.html").write_text(build.render(made.frames, given), encoding="utf-8")
    if beside:
        (tmp_path / "evidence").mkdir()
        mark = project / "workflow/scripts/myeloma/report/templates/here.html"
        shutil.copy(mark, tmp_path / "evidence/_here.html")
    with Watched(chromium, tmp_path / "report.html", "patients") as seen:
        seen.page.wait_for_timeout(700)
        links = seen.page.eval_on_selector_all(
            "#table-patients [data-evidence]",
            "all => all.map(e => [e.innerText, e.querySelector('a')?.getAttribute('href')])",
        )
        wanted = (
            [["reads", page] for page in pages.values()] if beside else [["not beside this file", None]] * 2
        )
        assert links == wanted
