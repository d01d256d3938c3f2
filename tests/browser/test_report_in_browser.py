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
        build.render(
            made.frames,
            build.Given(
                made.patients,
                config,
                about,
                {"multiqc": "multiqc.html"},
                records=fabricate.records(made, shape.get("text", "")),
                plan="plan",
            ),
        ),
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

    def go(self, place: str):
        """To a place of the page, and on only when the page has shown it."""
        self.page.evaluate(
            """h => location.hash === "#" + h ? null : new Promise((done) => {
              addEventListener("hashchange", () => done(null), { once: true });
              location.hash = h; })""",
            place,
        )

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
        assert links == [place for place, *_ in build.CHAPTERS]
        for at, name in enumerate(links):
            seen.page.locator("nav a").nth(at).focus()
            seen.page.keyboard.press("Enter")
            assert seen.visible_sections() == [name]
            assert seen.page.locator("nav a[aria-current]").count() == 1


def test_skip_link_is_the_first_stop(chromium, report):
    with Watched(chromium, report) as seen:
        seen.page.keyboard.press("Tab")
        assert seen.page.evaluate("document.activeElement.className") == "skip"


FOLLOW = """async () => {
  const data = JSON.parse(document.getElementById("people").textContent), wrong = [], files = new Set();
  const links = () => [...document.querySelectorAll("a[href]")].map((a) => a.getAttribute("href"));
  const patients = data.find.filter((f) => f[1] === "patient").map((f) => "#" + f[2]);
  const seen = new Set(), open = [...links(), ...patients, ...data.find.map((f) => "#" + f[2])];
  while (open.length) {
    const target = open.pop();
    if (seen.has(target)) continue;
    seen.add(target);
    if (!target.startsWith("#")) { files.add(target); continue; }
    const done = new Promise((go) => addEventListener("hashchange", go, { once: true }));
    if (location.hash !== target) { location.hash = target; await done; }
    if (/^#who-\\d+$/.test(target)) {
      const rows = [...document.querySelectorAll("#table-patients tbody tr")].filter((r) => r.getClientRects().length);
      const numbers = rows.map((r) => Number(r.cells[0].firstChild.hash.slice(9))).sort((a, b) => a - b);
      if (String(numbers) !== String(data.sets[Number(target.slice(5)) - 1][1])) wrong.push(target);
    } else {
      const place = document.getElementById(decodeURIComponent(target.slice(1)));
      if (!place || !place.getClientRects().length) wrong.push(target);
      if (target.startsWith("#patient-")) open.push(...links());
    }
  }
  return { wrong, followed: seen.size, files: [...files], sets: data.sets.length };
}"""


def test_every_link_leads_somewhere_visible(chromium, report):
    """Also from every patient's page; a list of patients shows its patients and nobody else."""
    with Watched(chromium, report) as seen:
        found = seen.page.evaluate(FOLLOW)
        assert found["wrong"] == []
        assert found["followed"] > 100 and found["sets"] > 50
        assert all((report.parent / name).is_file() for name in found["files"]) and found["files"]


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
        assert "1 of 14 rows" in seen.page.locator("#patients .table-tools [role=status]").first.inner_text()


def test_table_download_equals_the_table(chromium, report, tmp_path):
    with Watched(chromium, report, "comparison") as seen:
        with seen.page.expect_download() as started:
            seen.page.locator("#comparison .table-tools button").first.click()
        started.value.save_as(tmp_path / "table.tsv")
        assert started.value.suggested_filename == "comparison.tsv"
        lines = (tmp_path / "table.tsv").read_text(encoding="utf-8").splitlines()
        assert lines[0].split("\t")[:3] == ["Abnormality", "Family", "Early"]
        assert len(lines) == 1 + seen.page.locator("#table-comparison tbody tr").count()


def saved(page, place, kind, path):
    with page.expect_download() as started:
        page.locator(f"{place} .table-tools button", has_text=kind).first.click()
    started.value.save_as(path)
    return started.value.suggested_filename


def in_workbook(path):
    from openpyxl import load_workbook

    (sheet,) = load_workbook(path).worksheets
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_workbook_equals_the_text_of_what_is_filtered(chromium, report, tmp_path):
    with Watched(chromium, report, "quality") as seen:
        block = "#quality .table-block:has(#table-quality)"
        seen.page.locator(f"{block} label", has_text="Assay").locator("select").select_option("=wes")
        seen.page.locator(f"{block} input").fill("median target depth")
        shown = seen.page.locator("#table-quality tbody tr:visible").count()
        assert 0 < shown < seen.page.locator("#table-quality tbody tr").count()
        assert f"{shown} of " in seen.page.locator(f"{block} [role=status]").inner_text()
        assert saved(seen.page, block, "XLSX", tmp_path / "t.xlsx") == "quality.xlsx"
        assert saved(seen.page, block, "TSV", tmp_path / "t.tsv") == "quality.tsv"
        lines = [line.split("\t") for line in (tmp_path / "t.tsv").read_text(encoding="utf-8").splitlines()]
        rows = in_workbook(tmp_path / "t.xlsx")
        assert len(rows) == len(lines) == 1 + shown
        assert rows[0] == lines[0] and all(row[2] == "wes" for row in rows[1:])
        values = [row[5] for row in rows[1:]]
        assert all(isinstance(v, int | float) for v in values) and values == [
            float(line[5]) for line in lines[1:]
        ]
        assert [[str(v or "") for v in row[:5]] for row in rows] == [line[:5] for line in lines]


def test_a_large_table_becomes_a_workbook(chromium, report, tmp_path):
    """Beyond 160 kB the library packs in a worker, which the policy of the page must allow."""
    with Watched(chromium, report, "patients") as seen:
        seen.page.evaluate("""() => { const body = document.querySelector("#table-patients tbody"), row = body.rows[0];
          for (let i = 0; i < 3000; i++) { const more = row.cloneNode(true); more.cells[1].textContent = "row " + i; body.append(more); } }""")
        saved(seen.page, "#patients", "XLSX", tmp_path / "t.xlsx")
        rows = in_workbook(tmp_path / "t.xlsx")
        assert len(rows) == 1 + 14 + 3000 and rows[-1][1] == "row 2999"


def test_search_of_the_report_by_keyboard(chromium, report):
    with Watched(chromium, report) as seen:
        field = seen.page.locator("#find")
        field.fill("IPD-00")
        assert seen.page.locator("#found a").count() == 9
        field.fill("IPD-007")
        field.press("Enter")
        assert seen.page.locator("#patient-7-title").inner_text() == "IPD-007"
        field.fill("del(17")
        seen.page.keyboard.press("Tab")
        assert seen.page.evaluate("document.activeElement.textContent") == "del(17p)"
        seen.page.keyboard.press("Enter")
        assert seen.page.locator("#who-said").inner_text().endswith("patients with del(17p).")
        assert seen.page.locator("#found").is_hidden()
        field.fill("no such thing")
        assert seen.page.locator("#found").inner_text() == "Nothing of this name."
        field.fill("GENE1")
        seen.page.locator("#found a").first.click()
        assert seen.page.locator("#table-genes tbody tr:visible").count() >= 1


def test_a_number_shows_its_patients_and_all_come_back(chromium, report):
    with Watched(chromium, report) as seen:
        n = int(seen.page.locator(".box.early .box-n a").inner_text())
        seen.page.locator(".box.early .box-n a").click()
        assert seen.page.locator("#table-patients tbody tr:visible").count() == n
        assert seen.page.locator("#who-said").inner_text() == f"{n} patients: Early responders."
        seen.page.locator("#who a").click()
        assert seen.page.locator("#table-patients tbody tr:visible").count() == 14


def test_every_button_of_a_table_has_a_name_and_headings_start_at_one(chromium, report):
    with Watched(chromium, report) as seen:
        for place in ("page-one", "patients", "patient-1", "statistics", "methods"):
            seen.go(place)
            levels = seen.page.eval_on_selector_all(
                "h1, h2, h3, h4",
                "all => all.filter(h => h.getClientRects().length).map(h => Number(h.tagName[1]))",
            )
            assert levels[0] == 1 and all(b <= a + 1 for a, b in zip(levels, levels[1:], strict=False)), place
            assert (
                seen.page.evaluate("""() => [...document.querySelectorAll("button, input, select")].filter((e) =>
              e.getClientRects().length && !(e.getAttribute("aria-label") || e.textContent.trim() || e.labels?.length)).length""")
                == 0
            )


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
            seen.go(f"patient-{i}")
            assert seen.page.locator(f"#patient-{i}-title").inner_text() == NAMES[i - 1]
        seen.go("<img src=x onerror=alert(1)>")
        seen.go("patients")
        with seen.page.expect_download() as started:
            seen.page.locator("#patients .table-tools button").first.click()
        started.value.save_as(tmp_path / "t.tsv")
        text = (tmp_path / "t.tsv").read_text(encoding="utf-8")
        assert "\n'=cmd|calc\t" in text  # a spreadsheet shows it as text
        assert "\n'-2+3+cmd|calc!A0\t" in text
        saved(seen.page, "#patients", "XLSX", tmp_path / "t.xlsx")
        rows = in_workbook(tmp_path / "t.xlsx")
        assert [row[0] for row in rows[1:]] == NAMES
        from openpyxl import load_workbook

        assert {c.data_type for row in load_workbook(tmp_path / "t.xlsx").active for c in row} <= {
            "s",
            "n",
            "inlineStr",
        }


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
            "survival",
            "safety-chapter",
            "statistics",
            "who-1",
        ):
            seen.go(name)
            assert seen.page.evaluate("document.documentElement.scrollWidth") <= width, name


PRINTED_WIDTH = 688  # A4 less twice 14 mm, at 96 dots an inch


def test_prints_on_a4(chromium, report, tmp_path):
    """Nothing beyond the paper's edge, no navigation, the folded tables of a patient open."""
    with Watched(chromium, report) as seen:
        seen.page.emulate_media(media="print")
        seen.page.set_viewport_size({"width": PRINTED_WIDTH, "height": 1000})
        for place in [*(p for p, *_ in build.CHAPTERS), "patient-2"]:
            seen.go(place)
            seen.page.evaluate("dispatchEvent(new Event('beforeprint'))")  # as the browser does
            assert seen.page.evaluate("document.documentElement.scrollWidth") <= PRINTED_WIDTH + 1, place
            assert not seen.page.locator("nav").is_visible() and not seen.page.locator(".find").is_visible()
        content = seen.page.pdf(path=tmp_path / "page.pdf", format="A4")
        assert content.startswith(b"%PDF")
        assert seen.page.locator("article.dossier:visible details:not([open])").count() == 0


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
