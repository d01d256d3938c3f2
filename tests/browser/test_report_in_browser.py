"""The report in a real Chromium: no request, no console error, and every control does what it says."""

import shutil
from pathlib import Path

import pytest
import yaml
from tests import fabricate
from tests.myeloma.test_report import HOSTILE, NAMES

from myeloma.report import build

pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"


def write(folder: Path, project: Path, **shape) -> Path:
    made = fabricate.cohort(**shape)
    config = yaml.safe_load((project / "config/config.yaml").read_text())
    about = {"date": "2026-01-01", "version": "0", "commit": "x", "tools": {}, "packages": {}}
    (folder / "multiqc.html").write_text("<!doctype html><title>MultiQC</title>")
    output = folder / "report.html"
    output.write_text(
        build.render(made.frames, build.Given(made.patients, config, about, {"multiqc": "multiqc.html"})),
        encoding="utf-8",
    )
    return output


@pytest.fixture(scope="module")
def chromium(tools):
    tools("chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory, project):
    return write(tmp_path_factory.mktemp("report"), project, n=14, seed=3)


class Watched:
    """A page that remembers what it asked for, what it complained about, and what opened."""

    def __init__(self, browser, path: Path, anchor: str = ""):
        self.trouble: list[str] = []
        self.page = browser.new_page(viewport={"width": 1366, "height": 768}, accept_downloads=True)
        self.page.on("request", self._request)
        self.page.on("console", lambda m: self.trouble.append(f"{m.type}: {m.text}"))
        self.page.on("pageerror", lambda e: self.trouble.append(str(e)))
        self.page.on("dialog", lambda d: (self.trouble.append(f"dialog {d.message}"), d.dismiss()))
        self.page.goto(f"file://{path}#{anchor}")

    def _request(self, request):
        if not request.url.startswith(("file:", "data:", "blob:")):
            self.trouble.append(request.url)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            assert self.trouble == []
        self.page.close()

    def visible_sections(self) -> list[str]:
        return self.page.eval_on_selector_all(
            "section.tab", "all => all.filter(s => !s.hidden).map(s => s.id)"
        )


def test_opens_on_page_one(chromium, report):
    with Watched(chromium, report) as seen:
        assert seen.visible_sections() == ["page-one"]
        assert seen.page.locator("#figure-ttp svg").is_visible()


def test_every_section_opens_from_the_keyboard(chromium, report):
    with Watched(chromium, report) as seen:
        links = seen.page.eval_on_selector_all("nav a", "all => all.map(a => a.hash.slice(1))")
        assert len(links) == 10
        for at, name in enumerate(links):
            seen.page.locator("nav a").nth(at).focus()
            seen.page.keyboard.press("Enter")
            assert seen.visible_sections() == [name]
            assert seen.page.locator("nav a[aria-current]").count() == 1


def test_skip_link_is_the_first_stop(chromium, report):
    with Watched(chromium, report) as seen:
        seen.page.keyboard.press("Tab")
        assert seen.page.evaluate("document.activeElement.className") == "skip"


def test_every_link_leads_somewhere_visible(chromium, report):
    with Watched(chromium, report) as seen:
        targets = seen.page.eval_on_selector_all(
            "main a", "all => [...new Set(all.map(a => a.getAttribute('href')))]"
        )
        assert len(targets) > 14
        for target in targets:
            if target.startswith("#"):
                seen.page.evaluate("h => { location.hash = h }", target)
                seen.page.wait_for_timeout(10)
                assert seen.page.locator(f"[id='{target[1:]}']").is_visible(), target
            else:
                assert (report.parent / target).is_file()


def test_an_n_leads_to_the_flow_and_an_exit_to_its_patients(chromium, report):
    with Watched(chromium, report) as seen:
        seen.page.locator("a.n").first.click()
        assert seen.page.evaluate("location.hash") == "#flow-enrolled"
        seen.page.locator(".exits summary").first.click()
        seen.page.locator(".exits li li a").first.click()
        assert seen.visible_sections() == ["patients"]
        assert seen.page.locator("article.dossier:visible").count() == 1


def test_sorting_by_number_and_back(chromium, report):
    with Watched(chromium, report, "patients") as seen:
        head = seen.page.locator("#table-patients thead th", has_text="TTP, months")
        values = "rows => rows.map(r => r.cells[3].dataset.value).filter(v => v).map(Number)"
        head.locator("button").click()
        up = seen.page.eval_on_selector_all("#table-patients tbody tr", values)
        assert up == sorted(up) and head.get_attribute("aria-sort") == "ascending"
        head.locator("button").click()
        down = seen.page.eval_on_selector_all("#table-patients tbody tr", values)
        assert down == sorted(up, reverse=True) and down != up


def test_search_hides_what_does_not_match(chromium, report):
    with Watched(chromium, report, "patients") as seen:
        seen.page.locator("#patients input[type=search]").fill("IPD-003")
        assert seen.page.locator("#table-patients tbody tr:visible").count() == 1
        assert "1 of 14 rows" in seen.page.locator("#patients [role=status]").first.inner_text()


def test_table_download_equals_the_table(chromium, report, tmp_path):
    with Watched(chromium, report, "comparison") as seen:
        with seen.page.expect_download() as started:
            seen.page.locator("#comparison .table-tools button").first.click()
        started.value.save_as(tmp_path / "table.tsv")
        assert started.value.suggested_filename == "comparison.tsv"
        lines = (tmp_path / "table.tsv").read_text(encoding="utf-8").splitlines()
        assert lines[0].split("\t")[:3] == ["Abnormality", "Family", "Early"]
        assert len(lines) == 1 + seen.page.locator("#table-comparison tbody tr").count()


def test_figure_downloads(chromium, report, tmp_path):
    with Watched(chromium, report) as seen:
        for kind, magic in (("PNG", b"\x89PNG"), ("SVG", b"<svg")):
            with seen.page.expect_download() as started:
                seen.page.locator("#figure-ttp .tools button", has_text=kind).click()
            started.value.save_as(tmp_path / "f")
            content = (tmp_path / "f").read_bytes()
            assert content.startswith(magic) and len(content) > 5000


def test_data_behind_a_figure_opens(chromium, report):
    with Watched(chromium, report) as seen:
        seen.page.locator("#figure-ttp details.behind summary").click()
        assert seen.page.locator("#table-ttp-data").is_visible()


def test_hostile_names_run_nothing_anywhere(chromium, tmp_path, project):
    path = write(tmp_path, project, names=NAMES, text=HOSTILE)
    with Watched(chromium, path) as seen:
        for i in range(1, len(NAMES) + 1):
            seen.page.evaluate("h => { location.hash = h }", f"patient-{i}")
            seen.page.wait_for_timeout(10)
            assert seen.page.locator(f"#patient-{i}-title").inner_text() == NAMES[i - 1]
        seen.page.evaluate("location.hash = '<img src=x onerror=alert(1)>'")
        seen.page.evaluate("location.hash = 'patients'")
        with seen.page.expect_download() as started:
            seen.page.locator("#patients .table-tools button").first.click()
        started.value.save_as(tmp_path / "t.tsv")
        text = (tmp_path / "t.tsv").read_text(encoding="utf-8")
        assert "\n'=cmd|calc\t" in text  # a spreadsheet shows it as text


@pytest.mark.parametrize("width", [1280, 1366])
def test_nothing_sticks_out_at_laptop_width(chromium, report, width):
    with Watched(chromium, report) as seen:
        seen.page.set_viewport_size({"width": width, "height": 768})
        for name in (
            "page-one",
            "comparison",
            "abnormalities",
            "quality",
            "patients",
            "methods",
            "patient-1",
        ):
            seen.page.evaluate("h => { location.hash = h }", name)
            assert seen.page.evaluate("document.documentElement.scrollWidth") <= width, name


def test_prints_on_a4(chromium, report, tmp_path):
    with Watched(chromium, report) as seen:
        content = seen.page.pdf(path=tmp_path / "page.pdf", format="A4")
        assert content.startswith(b"%PDF")


def test_three_hundred_patients_open_quickly(chromium, tmp_path, project):
    """Processor time of the page, so that a busy machine does not decide: under 3 s, under 30 MB."""
    path = write(tmp_path, project, n=300, seed=5, genes=5000)
    assert path.stat().st_size < 30e6
    with Watched(chromium, path) as seen:
        session = seen.page.context.new_cdp_session(seen.page)
        session.send("Performance.enable")
        used = {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}
        assert 0 < used["ProcessTime"] < 3
        assert seen.visible_sections() == ["page-one"]
