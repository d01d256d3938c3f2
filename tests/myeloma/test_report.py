"""The report without a browser: numbers equal their rows, hostile text is inert, odd cohorts are deliberate."""

import html
import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
import yaml
from tests import fabricate

from myeloma import flow, tables
from myeloma.report import build, expression_classes, figures, implausible, sections, translocations, words
from myeloma.states import EARLY

HOSTILE = "</script><script>alert(1)</script>"
LIBRARY = (
    Path(build.__file__)
    .with_name("templates")
    .joinpath("write-excel-file.min.js")
    .read_text(encoding="utf-8")
)
NAMES = [
    "X" * 60, '"><img src=x onerror=alert(1)>', "'; DROP TABLE--", "../../etc/passwd", "<svg onload=alert(1)>",
    "=cmd|calc", "$x_1^2$", "Жук-患者-é", "{{7*7}}", "a&b", "-2+3+cmd|calc!A0", *(f"P{i}" for i in range(11)),
]  # fmt: skip


def given(made, project):
    config = yaml.safe_load((project / "config/config.yaml").read_text())
    about = {
        "date": "2026-01-01",
        "version": "0",
        "commit": "x",
        "tools": {"bwa": "1"},
        "packages": {"numpy": "2"},
    }
    return build.Given(
        made.patients,
        config,
        about,
        {"multiqc": "multiqc.html"},
        records=fabricate.records(made),
        plan="the plan",
    )


def page(project, **shape):
    made = fabricate.cohort(**shape)
    return build.render(made.frames, given(made, project)), made


class Seen(HTMLParser):
    """Tags and attributes of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.links, self.addresses, self.handlers = [], [], [], [], []
        self.pages = re.findall(r'<script type="text/html" id="[\w-]+">(.*?)</script>', text, re.DOTALL)
        self.feed(text)
        for page_ in self.pages:  # the patients' pages, which the browser reads when they are asked for
            self.feed(page_)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            if name == "id":
                self.ids.append(value)
            if name == "href" and tag == "a":
                self.links.append(value)
            if name in ("src", "href", "action", "data"):
                self.addresses.append(value)
            if name.startswith("on"):
                self.handlers.append((tag, name))


SHAPES = {
    "usual": {"n": 12, "seed": 3},
    "nobody": {"n": 0, "names": []},
    "one patient": {"n": 1},
    "one group": {"n": 8, "groups": (EARLY,)},
    "no clinical tables": {"n": 8, "clinical": False},
    "no DNA": {"n": 8, "dna": False},
    "no RNA": {"n": 8, "rna": False},
    "hostile": {"names": NAMES, "text": HOSTILE},
}


@pytest.fixture(scope="module", params=SHAPES)
def rendered(request, project):
    return page(project, **SHAPES[request.param])


def test_the_page_is_whole_and_stands_alone(rendered):
    text, _ = rendered
    seen = Seen(text)
    text = text.replace(
        LIBRARY, ""
    )  # names of file formats look like addresses; the browser test counts requests
    assert text.rstrip().endswith("</html>")
    assert [a for a in seen.addresses if not a.startswith(("#", "data:"))] == ["multiqc.html"]
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in text
    assert "/tmp/" not in text and str(Path(__file__).resolve().parents[2]) not in text


def test_every_link_has_its_place_and_every_place_is_one(rendered):
    seen = Seen(rendered[0])
    assert len(seen.ids) == len(set(seen.ids))
    sets = json.loads(re.search(r'id="people">(.*?)</script>', rendered[0]).group(1))["sets"]
    lists = {f"who-{i}" for i in range(1, len(sets) + 1)}
    assert {link[1:] for link in seen.links if link.startswith("#")} <= set(seen.ids) | lists
    everybody = len(rendered[1].patients)
    assert all(numbers and 1 <= min(numbers) and max(numbers) <= everybody for _, numbers in sets)


def test_no_text_of_a_table_becomes_code(rendered):
    seen = Seen(rendered[0])
    # a text for each patient; who is behind the numbers, the writer of workbooks, the page's own
    assert len(seen.pages) == len(rendered[1].patients)
    assert seen.tags.count("script") == len(seen.pages) + 3
    assert not any("<script" in page_ for page_ in seen.pages)
    assert seen.handlers == []
    assert "img" not in [t for t in seen.tags if t == "img"]


def test_headings_go_down_one_step_at_a_time(rendered):
    levels = [int(t[1]) for t in Seen(rendered[0]).tags if re.fullmatch(r"h[1-6]", t)]
    assert levels[0] == 1
    assert all(b <= a + 1 for a, b in zip(levels, levels[1:], strict=False))


def test_no_missing_value_shows_through(rendered):
    body = re.sub(r"<(script|style|pre)\b.*?</\1>", "", rendered[0], flags=re.DOTALL)
    words_ = re.sub(r"<[^>]*>", " ", body)
    for wrong in (r"\bnan\b", r"<NA>", r"&lt;NA&gt;", r"\bNone\b", r"\bNaT\b"):
        assert not re.search(wrong, words_), wrong


def test_hostile_names_are_shown_as_text(project):
    text, _ = page(project, names=NAMES, text=HOSTILE)
    for name in NAMES:
        assert html.escape(name, quote=False).replace("'", "&#39;").replace('"', "&#34;") in text
    assert "49" not in re.findall(r"<h2[^>]*>([^<]*)</h2>", text)  # {{7*7}} is not a template


def test_same_tables_same_bytes(project):
    assert page(project, n=6, seed=2)[0] == page(project, n=6, seed=2)[0]


def test_flow_boxes_add_up():
    made = fabricate.cohort(n=40, seed=6)
    box = sections.boxes(made.frames["flow"], made.frames["response"])
    for b in box.values():
        assert b.n + sum(len(e.patients) for e in b.exits) == b.of
    assert sum(box[a].n for a in flow.GROUP_OF) == 40
    assert box["comparison_dna"].of == box["early"].n + box["poor"].n
    assert sum(k for _, k in box["comparison_dna"].split) == box["comparison_dna"].n


def test_findings_are_their_rows(project):
    made = fabricate.cohort(n=30, seed=3)
    by = made.frames["abnormalities_by_group"]
    rows = sections.comparison_rows(by, 0.05)
    said = sections.findings(rows, 0.05)
    primary = by[by["family"] == "primary"].sort_values("p")
    assert 0 < len(said) <= 5
    first = primary.iloc[0]
    assert (
        said[0]
        .striptags()
        .startswith(
            f"{words.abnormality(first['abnormality'], first['kind'])}: {first['early_present']} of "
            f"{first['early_assessable']} early against {first['poor_present']} of {first['poor_assessable']} poor "
            f"responders (odds ratio {words.ratio(first['odds_ratio'])}, exact 95 % interval "
            f"{words.ratio(first['ci_low'])}-{words.ratio(first['ci_high'])}; p {words.p_value(first['p'])}"
        )
    )
    assert all("80 % power" in s or "after correction" in s for s in said)


def test_what_may_not_be_said_is_always_there(rendered):
    text, _ = rendered
    assert "What may not" in text and "No control arm" in text and "not say what early (ER)" in text


def test_no_finding_rests_on_a_described_row():
    made = fabricate.cohort(n=1)
    assert (
        sections.findings(sections.comparison_rows(made.frames["abnormalities_by_group"], 0.05), 0.05) == []
    )


@pytest.mark.parametrize(
    "value, said",
    [(0.0004, "< 0.001"), (0.07, "0.07"), (0.0663, "0.066"), (0.234, "0.23"), (1.0, "1"), (math.nan, "")],
)
def test_p_values(value, said):
    assert words.p_value(value) == said


@pytest.mark.parametrize(
    "value, said",
    [
        (math.inf, "∞"),
        (0.0, "0"),
        (0.002, "0.002"),
        (0.12, "0.12"),
        (1.4, "1.4"),
        (622.0, "622"),
        (math.nan, ""),
    ],
)
def test_ratios(value, said):
    assert words.ratio(value) == said


def test_a_share_names_numerator_denominator_and_interval():
    assert (
        words.share(12, 31, (0.2185, 0.578), "assessable")
        == "12 of 31 assessable (39 %, 95 % interval 22-58)"
    )
    assert words.share(120, 310, (0.3327, 0.4439)) == "120 of 310 (38.7 %, 95 % interval 33.3-44.4)"
    assert words.share(0, 0, (0, 1)) == "0 of 0"


def test_medians():
    assert words.median(6.04, 3.31, 10.39) == "6.0 months (95 % interval 3.3-10.4)"
    assert words.median(math.nan, 8.5, math.nan) == "not reached (95 % interval 8.5-not reached months)"
    assert words.median(math.nan, math.nan, math.nan) == "not reached (interval not estimable)"
    # one day of follow-up is not none
    assert words.median(1 / 30.4375, 0.0, 2.0) == "< 0.1 months (95 % interval < 0.1-2.0)"


@pytest.mark.parametrize(
    "name, kind, said",
    [("del17p", "copy_number", "del(17p)"), ("gain1q", "copy_number", "gain(1q)"), ("del1p32", "copy_number", "del(1p32)"),
     ("TP53", "mutation", "TP53 mutation"), ("t(4;14)", "translocation", "t(4;14)"),
     ("RAS_RAF_mutation", "combined", "RAS/RAF mutation")],
)  # fmt: skip
def test_names_of_abnormalities(name, kind, said):
    assert words.abnormality(name, kind) == said


def test_genes_in_italics_and_the_rest_escaped():
    assert str(words.italic_genes("TP53 <b>")) == "<i>TP53</i> &lt;b&gt;"


def test_mathematics_in_a_name_is_text():
    made = fabricate.cohort(n=3)
    rows = sections.comparison_rows(made.frames["abnormalities_by_group"], 0.05)
    rows[0]["label"] = "$x_1^2$ <b>"
    drawn = figures.svg(figures.forest(rows), "f", "t")
    assert "$x_1^2$ &lt;b&gt;" in drawn


def test_any_gene_named_before_mutation_is_in_italics():
    assert words.italic_genes("CUL4B mutation") == "<i>CUL4B</i> mutation"
    assert "<i>" not in words.italic_genes("XYZ<b> mutation")
    assert words.italic_genes("biallelic CDKN2C") == "biallelic <i>CDKN2C</i>"


def test_the_forest_draws_the_primary_family_and_what_anybody_carries():
    row = {
        "early_present": 0,
        "poor_present": 0,
        "carriers": None,
        "family": "described",
        "first_of_family": False,
    }
    rows = [
        row | {"abnormality": "ATM", "first_of_family": True},
        row | {"abnormality": "del17p"},
        row | {"abnormality": "KRAS", "poor_present": 1},
        row | {"abnormality": "NRAS", "carriers": 2},
    ]
    drawn = sections.drawn(rows, ["del17p"])
    assert [r["abnormality"] for r in drawn] == ["del17p", "KRAS", "NRAS"]
    assert [r["first_of_family"] for r in drawn] == [True, False, False]


def test_what_was_not_measured_is_counted_and_has_its_reason():
    seen = fabricate.cohort(n=9, seed=4).frames
    anchors = sections.Anchors([])
    burden = sections.burden(seen, anchors)
    out = int((seen["burden"]["state"] == "not_assessable").sum())
    assert 0 < out < len(seen["burden"])
    assert f"not assessable in {out} of {len(seen['burden'])} tumour samples" in burden["told"]
    told = [[c.text for c in row] for row in burden["table"].rows]
    assert all((row[2] == "not assessable") == (row[8] == "tumour only") for row in told)
    assert told[0][2] == "1.6 (1.1-2.2)" and told[0][6:8] == ["25 %", "7 of 39"]
    made = sections.signatures(seen, anchors)
    first, refused = ([c.text for c in made["table"].rows[i]] for i in (0, 2))
    assert first[4:] == ["SBS1 0.60 (0.40-0.70)", "SBS99", ""]
    assert refused[4:] == ["", "", "12 SNVs, fewer than the 50 that a fit needs"]
    assert "COSMIC_v3.4_SBS_GRCh38_exome, SigProfilerAssignment 1.1.5" in made["used"]


def test_gates_of_tumours_and_normals_are_told_apart():
    seen = {"qc": fabricate_qc([("tumour", 30.0, "pass"), ("normal", 15.0, "fail")])}
    rows = sections.lamps(seen).rows
    assert [[cell.text for cell in row[1:4]] for row in rows] == [
        ["normal", "median target depth", "15"],
        ["tumour", "median target depth", "30"],
    ]


def fabricate_qc(rows):
    return pd.DataFrame(
        [("wes", tissue, "median_target_depth", limit, verdict) for tissue, limit, verdict in rows],
        columns=["assay", "tissue", "gate", "threshold", "verdict"],
    )


def test_values_to_confirm_are_listed_or_said_to_be_none(project):
    made = fabricate.cohort(n=4, seed=2)
    anchors = sections.Anchors([p["patient"] for p in made.patients])
    found = implausible.section(made.frames, anchors)
    assert found["sentence"].startswith("1 clinical value lies outside the plausible range (1 patient).")
    assert [c.text for c in found["table"].rows[0]][3:] == ["haemoglobin_g_l", "41", "g/L", "50 to 180"]
    none = implausible.section({"implausible_values": tables.empty(tables.IMPLAUSIBLE_VALUES)}, anchors)
    assert none["sentence"].startswith("No clinical value") and not none["table"].rows


def test_expression_classes_say_how_many_and_of_whom():
    made = fabricate.cohort(n=12, seed=3)
    rows = made.frames["splicing"].copy()
    rows.loc[0, "state"], rows.loc[1, "state"] = "absent", "not_assessable"
    chapter = expression_classes.chapter(made.frames | {"splicing": rows}, sections.Anchors([]))
    n = len(rows)
    assert (
        chapter["splicing_said"]
        == f"CRBN exon 10 skipping: present in {n - 2} of {n - 1} assessable samples, "
        "not assessable in 1."
    )
    assert chapter["tc_said"].startswith(
        "One class in 4 of 12 patients, several left in 4, not assessable in 4"
    )
    placed = made.frames["pathway"].query("state == 'computed'")
    assert len(chapter["pathway"].table.rows) == len(placed) > 0
    assert "does not show a test" in chapter["pathway"].caption
    nobody = made.frames | {
        name: tables.empty(getattr(tables, name.upper())) for name in ("scores", "pathway")
    }
    chapter = expression_classes.chapter(nobody, sections.Anchors([]))
    assert chapter["pathway"] is None and chapter["scores_said"].startswith("No score was computed")


def test_votes_stand_side_by_side_and_a_conflict_is_marked():
    seen = fabricate.cohort(n=4).frames
    made = translocations.chapter(seen, sections.Anchors([]))
    first = seen["samples"]["patient"].iloc[0]
    votes = [[cell.text for cell in row] for row in made["votes"].rows]
    assert [row[:8] for row in votes] == [
        [first, "t(4;14)", "present", "absent", "present", "present", "absent", "conflict"]
    ]
    counts = [[cell.text for cell in row] for row in made["counts"].rows]
    assert counts == [["t(11;14)", "0", "4", "0", "0"], ["t(4;14)", "1", "3", "0", "1"]]
    assert len(made["fusions"].rows) == 1
    assert "1 of 8 rows" in made["told"] and "1 of 4 candidate fusions passed" in made["told"]


def test_no_fusion_and_no_call_say_so():
    seen = fabricate.cohort(n=3).frames
    seen["fusions"] = seen["fusions"].iloc[:0]
    seen["translocations"] = seen["translocations"].iloc[2:]
    made = translocations.chapter(seen, sections.Anchors([]))
    assert made["votes"].rows == made["fusions"].rows == ()
    assert "0 of 4 rows" in made["told"] and "0 of 0 candidate fusions" in made["told"]


def test_a_download_of_the_matrix_says_absent_and_not_assessable(project):
    made = fabricate.cohort(n=4, seed=2)
    anchors = build.cells.Anchors([p["patient"] for p in made.patients])
    table = sections.matrix(made.frames, anchors, ["TP53"], {"TP53": "mutation"})
    state = made.frames["abnormalities"].query("abnormality == 'TP53'").set_index("patient")["state"]
    text = str(build.markup.table(table))
    assert {row[0].text: row[2].said for row in table.rows} == {p: words.state(s) for p, s in state.items()}
    for value in set(state):
        assert text.count(f'data-text="{words.state(value)}"') == (state == value).sum()
