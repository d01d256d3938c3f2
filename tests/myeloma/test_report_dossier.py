"""The page of a patient: the course, its limits and doses by hand, and what is said when nothing is known."""

import os
import zipfile
from datetime import date

import pandas as pd
import pytest
import yaml
from tests import fabricate

from myeloma.report import bundle, cells, checklist, course, dossier, markup, people, reproduce

ORIGIN = date(2024, 1, 1)


@pytest.fixture(scope="module")
def config(project):
    return yaml.safe_load((project / "config/config.yaml").read_text())


@pytest.mark.parametrize(
    "marker, nadir, limit",
    [
        ("serum M-protein", 10.0, 15.0),  # 5 g/L is more than a quarter
        ("serum M-protein", 40.0, 50.0),  # a quarter is more than 5 g/L
        ("serum M-protein", 60.0, 70.0),  # from 50 g/L on 10 g/L is enough
        ("urine M-protein", 0.0, 200.0),
        ("dFLC", 1000.0, 1250.0),
        ("marrow plasma cells", 30.0, None),
    ],
)
def test_value_from_which_a_marker_is_progression(config, marker, nadir, limit):
    assert course.limit_of_progression(marker, nadir, config["response"]) == limit


def test_doses_by_cycle():
    rows = [
        {"drug": "ixazomib", "cycle": 1.0, "dose_mg": mg, "date": date(2024, 1, day)}
        for day, mg in ((1, 3.0), (4, 3.0), (8, 0.0))
    ]
    rows.append({"drug": "ixazomib", "cycle": 2.0, "dose_mg": 2.3, "date": date(2024, 1, 22)})
    made = course.cycles(rows, ORIGIN)
    assert [(r["cycle"], r["first"], r["last"], r["doses"], r["mg"], r["highest"]) for r in made] == [
        (1, 1.0, 8.0, 2, 6.0, 3.0),
        (2, 22.0, 22.0, 1, 2.3, 2.3),
    ]


def facts(**given):
    none = {"origin": ORIGIN, "started": True, "visits": [], "markers": [], "doses": None, "events": None, "changes": [],
            "samples": [], "endpoint": None}  # fmt: skip
    return none | given


def rules(config):
    return {"response": config["response"], "regimen": config["trial"]["regimen"], "days_per_month": 30.4375}


def test_nothing_dated_is_no_drawing(config):
    assert course.draw("c", facts(), rules(config)) is None
    assert course.draw("c", facts(origin=None), rules(config)) is None


def test_a_table_that_was_not_given_is_said_and_none_is_none(config):
    visit = {"date": "2024-01-01", "visit": "C1D1", "level": "baseline", "confirmed_level": "baseline"}
    without = course.draw("c", facts(visits=[visit]), rules(config))
    assert "no dosing table given" in without and "no adverse-event table given" in without
    assert "No adverse event of grade 3 or more." in course.draw(
        "c", facts(visits=[visit], events=[]), rules(config)
    )


def test_text_of_a_sheet_is_text_in_the_drawing(config):
    event = {
        "term": "<script>alert(1)</script>",
        "grade": 4.0,
        "start_date": ORIGIN,
        "end_date": None,
        "serious": "no",
    }
    drawn = course.draw("c", facts(events=[event]), rules(config))
    assert "<script" not in drawn and "&lt;script&gt;" in drawn and "end not recorded" in drawn


def test_the_page_of_every_patient_says_why_not(config):
    made = fabricate.cohort(n=12, seed=3)
    anchors = cells.Anchors([p["patient"] for p in made.patients])
    seen = {**made.frames, "rule_set": "trial"}
    pages = dossier.dossiers(seen, anchors, made.patients, {}, fabricate.records(made), config)
    flow = made.frames["flow"]
    never = next(p for p in pages if made.patients[7]["patient"] == p["patient"])  # no C1D1
    assert (
        "Treated",
        flow.query("patient == @never['patient'] and analysis == 'treated'")["reason"].iloc[0],
    ) in never["out"]
    assert never["course"] is not None and "enrolment or first record" in never["course"]
    first = pages[0]
    assert [row[0].text for row in first["events"].rows] == ["Neutropenia", "Nausea"]
    votes = {row[0].text: row[2].text for row in first["abnormalities"].rows}
    assert votes["t(4;14)"] == "conflict: DNA absent, RNA present, expression present, FISH absent"
    assert first["strip"] is not None


def test_evidence_names_its_file_and_nothing_else():
    said = markup.files("results/calls/a.vcf.gz chr1:5 <b>; results/../etc/passwd")
    assert said.startswith(
        '<span data-file="../calls/a.vcf.gz">results/calls/a.vcf.gz</span> chr1:5 &lt;b&gt;'
    )
    assert 'data-file="../..' not in said and said.count("data-file") == 1


def test_who_lacks_a_value_is_counted(config):
    made = fabricate.cohort(n=12, seed=3)
    who = people.People(cells.Anchors([p["patient"] for p in made.patients]))
    rows = {row[0].text: row for row in checklist.missing(made.frames, made.patients, who).rows}
    assert rows["First dose (C1D1)"][2].text == "1" and rows["First dose (C1D1)"][4].text == "8 %"
    assert rows["MYC rearrangement"][2].text == "12" and rows["Age"][2].link == ""
    assert "Death date" not in rows
    assert not checklist.missing(made.frames, [], who).rows


def test_remark_links_only_to_places_of_the_page():
    rows = checklist.remark(["comparison"]).rows
    assert [row[0].text for row in rows] == [str(i) for i in range(1, 21)]
    assert {row[2].link for row in rows} == {"", "comparison"}


def test_time_and_memory_by_rule(tmp_path):
    head = "s\th:m:s\tmax_rss\tcpu_time\n"
    (tmp_path / "align").mkdir()
    (tmp_path / "align/a.tsv").write_text(head + "10.5\t0:00:10\t300.0\t20.0\n")
    (tmp_path / "align/b.tsv").write_text(head + "4.5\t0:00:04\t500.5\t-\n")
    (tmp_path / "one.tsv").write_text(head + "0.5\t0:00:00\t-\t-\n")
    rows = reproduce.benchmarks(str(tmp_path))
    assert rows == [
        {
            "rule": "align",
            "jobs": 2,
            "seconds": 15.0,
            "longest": 10.5,
            "cpu_seconds": 20.0,
            "max_rss_mb": 500.5,
        },
        {"rule": "one", "jobs": 1, "seconds": 0.5, "longest": 0.5, "cpu_seconds": None, "max_rss_mb": None},
    ]
    assert reproduce.benchmarks(str(tmp_path / "none")) == []


def test_checksums_are_those_of_the_files(tmp_path):
    (tmp_path / "a.tsv").write_bytes(b"abc")
    told = reproduce.sizes([tmp_path / "a.tsv", tmp_path / "gone.tsv"])
    # FIPS 180-4, example of SHA-256
    assert told[0]["sha256"] == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert told[0]["file"] == "a.tsv" and told[0]["bytes"] == 3
    assert told[1]["bytes"] is None and told[1]["why"] == reproduce.GONE
    assert reproduce.sizes([tmp_path / "a.tsv"], hashed=False)[0]["why"] == "reads: size only"


def test_gates_beside_their_values():
    qc = pd.DataFrame(
        {"sample": list("abcd"), "assay": "wes", "tissue": "tumour", "gate": "depth", "value": [10.0, 40.0, 60.0, 80.0],
         "threshold": 30.0, "verdict": ["fail", "pass", "pass", "pass"]}
    )  # fmt: skip
    shown = reproduce.gates(qc)
    assert [c.text for c in shown.table.rows[0]] == [
        "wes",
        "tumour",
        "depth",
        "30",
        "4",
        "10",
        "32.5",
        "50",
        "65",
        "80",
        "1",
    ]
    assert reproduce.gates(qc.assign(verdict="")) is None


def test_same_files_same_archive(tmp_path):
    page, reads = tmp_path / "report/report.html", tmp_path / "report/evidence/P1.html"
    reads.parent.mkdir(parents=True)
    page.write_text("<!doctype html>"), reads.write_text("reads")
    bundle.pack([page, reads], tmp_path / "report", tmp_path / "a.zip")
    os.utime(page, (0, 0))
    os.chmod(reads, 0o600)
    bundle.pack([reads, page], tmp_path / "report", tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as packed:
        assert packed.namelist() == ["evidence/P1.html", "report.html"]
        assert packed.read("evidence/P1.html") == b"reads"
