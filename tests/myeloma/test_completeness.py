"""Completeness: what is missing, empty or different is found; what is switched off is said to be off."""

import gzip
import re

import pandas as pd
import pytest
import yaml
from tests import fabricate

from myeloma import completeness, tables
from myeloma.completeness import FAILED, OFF, OK, Told
from myeloma.report import build
from myeloma.states import EARLY, NEITHER, POOR

GIVEN = ("assessments",)


@pytest.fixture(scope="module")
def made(project, tmp_path_factory):
    """A made-up cohort of 12 with its report."""
    cohort = fabricate.cohort(n=12, seed=3)
    page = tmp_path_factory.mktemp("page") / "report.html"
    page.write_text(rendered(project, cohort))
    return cohort, page


def rendered(project, cohort, **comparison):
    config = yaml.safe_load((project / "config/config.yaml").read_text())
    config["comparison"] |= comparison
    config["sheets"]["assessments"] = "assessments.tsv"
    about = {"date": "2025-01-02", "version": "0.1.0", "commit": "abc", "tools": {}, "packages": {}}
    return build.render(
        cohort.frames, build.Given(cohort.patients, config, about, {"multiqc": "multiqc.html"})
    )


def run(made, frames=None, page=None, given=GIVEN, promised=(), patients=None):
    cohort, where = made
    ids = patients or [p["patient"] for p in cohort.patients]
    return completeness.check(frames or cohort.frames, ids, given, promised, page or where)


def test_a_whole_run_is_complete_and_its_report_has_many_marked_numbers(made):
    rows = run(made)
    assert completeness.failures(rows) == []
    numbers = rows[rows["check"] == "number in the report"]
    assert len(numbers) > 50 and set(numbers["verdict"]) == {OK}
    for table in ("flow?", "survival?", "response_rates?", "abnormalities_by_group?"):
        assert numbers["subject"].str.contains(table, regex=False).any(), table


def test_a_patient_missing_anywhere_is_named(made):
    frames = dict(made[0].frames)
    frames["abnormalities"] = frames["abnormalities"].query("patient != 'IPD-002'")
    frames["response"] = frames["response"].query("patient != 'IPD-003'")
    said = completeness.failures(run(made, frames))
    assert any("abnormalities" in s and "missing: IPD-002" in s for s in said)
    assert any("response" in s and "missing: IPD-003" in s for s in said)
    said = completeness.failures(run(made, patients=[p["patient"] for p in made[0].patients] + ["IPD-999"]))
    assert any("enrolled" in s and "missing: IPD-999" in s for s in said)


def test_a_wrong_denominator_is_found(made):
    frames = dict(made[0].frames)
    frames["response_rates"] = frames["response_rates"].assign(
        patients=frames["response_rates"]["patients"] - 1
    )
    said = completeness.failures(run(made, frames))
    assert any("response_rates ORR induction itt: expected 12, seen 11" in s for s in said)


def test_a_number_that_differs_from_its_table_is_found(made, tmp_path):
    text = made[1].read_text()
    pattern = r'(data-from="flow\?analysis=treated&amp;included=yes#rows">(?:<a [^>]*>)?)(\d+)'
    page = tmp_path / "r.html"
    changed, places = re.subn(pattern, lambda found: f"{found.group(1)}{int(found.group(2)) + 1}", text)
    assert places
    page.write_text(changed)
    said = completeness.failures(run(made, page=page))
    assert said and all("flow?analysis=treated" in s for s in said)


def test_a_patient_without_a_page_is_found(made, tmp_path):
    page = tmp_path / "r.html"
    page.write_text(made[1].read_text().replace('id="patient-3"', 'id="gone"'))
    assert any(
        "page of their own" in s and "seen 11" in s for s in completeness.failures(run(made, page=page))
    )


def test_switched_off_is_said_and_no_failure(project, tmp_path):
    cohort = fabricate.cohort(n=4, seed=1, clinical=False)
    config = yaml.safe_load((project / "config/config.yaml").read_text())
    about = {"date": "2025-01-02", "version": "0.1.0", "commit": "abc", "tools": {}, "packages": {}}
    page = tmp_path / "report.html"
    page.write_text(
        build.render(cohort.frames, build.Given(cohort.patients, config, about, {"multiqc": "multiqc.html"}))
    )
    rows = run((cohort, page), given=())
    assert completeness.failures(rows) == []
    off = rows[rows["verdict"] == OFF]["subject"].tolist()
    assert "response" in off and "endpoints" in off


def test_files_missing_empty_cut_or_whole(tmp_path):
    (tmp_path / "empty.tsv").touch()
    (tmp_path / "whole.tsv").write_text("a\n")
    with gzip.open(tmp_path / "nothing.tsv.gz", "wb"):
        pass
    (tmp_path / "cut.vcf.gz").write_bytes(gzip.compress(b"##fileformat"))
    (tmp_path / "good.vcf.gz").write_bytes(gzip.compress(b"##fileformat") + completeness.BGZF_END)
    (tmp_path / "folder").mkdir()
    wanted = {"empty.tsv": "empty", "whole.tsv": "whole", "nothing.tsv.gz": "empty", "cut.vcf.gz": "cut",
              "good.vcf.gz": "whole", "gone.tsv": "missing", "folder": "empty"}  # fmt: skip
    assert {name: completeness.state_of(tmp_path / name) for name in wanted} == wanted
    rows = list(completeness.present([tmp_path / "gone.tsv", tmp_path / "whole.tsv"]))
    assert [r["verdict"] for r in rows] == [FAILED, OK]


@pytest.mark.parametrize(
    ("token", "value", "right"),
    [
        ("6", 6, True), ("6", 7, False), ("67", 66.6667, True), ("67", 66.4, False), ("0.14", 0.1448, True),
        ("0.14", 0.1451, False), ("∞", float("inf"), True), ("∞", 9.0, False), ("not reached", None, True),
        ("not reached", 3.0, False), ("3.0", None, False), ("< 0.001", 0.0004, True), ("< 0.001", 0.002, False),
        ("< 0.1", 0.03, True), ("< 0.1", 0.2, False),
        ("1e+02", 99.7, True), ("0.0013", 0.00134, True), ("1", 0.996, True),
    ],
)  # fmt: skip
def test_text_of_a_number_against_its_value(token, value, right):
    assert completeness.agrees(token, value) is right


def test_marks_name_tables_rows_and_columns():
    seen = {"t": pd.DataFrame({"k": ["t(4;14)", "b"], "x": [3, 4], "f": [0.5, None]})}
    assert completeness.values_of("t?k=t%284%3B14%29#x,f%,=95,rows", seen) == [3, 50.0, 95.0, 1]
    assert completeness.compare(Told("t?k=b#x,f", "4, median not reached"), seen)[1] == ""
    assert "no such place" in completeness.compare(Told("t?k=c#x", "4"), seen)[1]
    assert "2 numbers in" in completeness.compare(Told("t?k=b#x", "4 of 5"), seen)[1]
    assert completeness.compare(Told("t?k=b#x", "5"), seen)[1].startswith("5 in")


def test_nested_marks_are_read_apart():
    told, ids = completeness.read_page(
        '<p id="a" data-from="t#x">1 <b data-from="t#y">2</b><br> 3</p><td data-from="t#z">4</td>'
    )
    assert {(t.mark, " ".join(t.text.split())) for t in told} == {
        ("t#x", "1 2 3"),
        ("t#y", "2"),
        ("t#z", "4"),
    }
    assert ids == {"a"}


def test_the_rows_keep_their_contract(made):
    assert list(run(made).columns) == tables.COMPLETENESS.names()


def test_the_landmark_is_counted_by_the_group_known_on_that_day(project, tmp_path):
    """SD until the landmark, VGPR after it: POOR there, NEITHER in the end; page one counts it as survival.tsv does."""
    cohort = fabricate.cohort(n=20, seed=3)
    response, endpoints = cohort.frames["response"], cohort.frames["endpoints"]
    late = response["patient"][response["group"] == NEITHER].iloc[0]
    response.loc[response["patient"] == late, ["landmark_group", "landmark_reason"]] = [POOR, ""]
    endpoints.loc[endpoints["patient"] == late, ["days", "months"]] = [300, 300 / 30.4375]
    fabricate._compare(cohort)
    counted = cohort.frames["survival"].query("analysis == 'TTP by group from the landmark'")
    counted = dict(zip(counted["stratum"], counted["patients"], strict=True))
    text = rendered(project, cohort)
    box = re.search(r'id="flow-landmark">.*?</div>', text, re.DOTALL).group()
    assert re.findall(r"\d+", re.sub("<[^>]+>", " ", box))[:4] == [
        str(n) for n in (sum(counted.values()), 20, counted[EARLY], counted[POOR])
    ]
    page = tmp_path / "r.html"
    page.write_text(text)
    assert completeness.failures(run((cohort, page))) == []
    # caveat and caption are held against the tables: another number is found
    for pattern in (r"(C1D1, in <span[^>]*>)\d+", r"(as known on that day, <span[^>]*>)\d+"):
        changed, places = re.subn(pattern, r"\g<1>99", text)
        page.write_text(changed)
        assert places and any("99" in s for s in completeness.failures(run((cohort, page)))), pattern


def test_levels_and_power_are_those_of_the_config(project, made, tmp_path):
    text = rendered(project, made[0], confidence=0.9, power=0.85)
    said = re.sub(r"<[^>]+>", " ", re.sub(r"<pre.*?</pre>|<script.*?</script>", "", text, flags=re.DOTALL))
    assert "exact 90 % interval" in said and "85 % power" in said and "80 % power" not in said
    # agreement with FISH has a level of its own, 95 %
    assert {m for m in re.findall(r"(\d+ %) interval", said)} == {"90 %", "95 %"}
    assert said.count("95 % interval") == 1 and "95 % log-log" not in said
    page = tmp_path / "r.html"
    page.write_text(text)
    assert completeness.failures(run((made[0], page))) == []


def test_what_a_page_unfolds_later_is_read_too():
    page = '<p id="a">x</p><script type="text/html" id="of-patient-1"><article id="patient-1"></article></script>'
    assert completeness.read_page(page)[1] >= {"a", "patient-1"}
