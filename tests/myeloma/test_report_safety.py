"""The chapter on safety: its numbers are those of the tables, text of the sheets is inert, missing sheets are said."""

import datetime
import re

import pandas as pd
import pytest
import yaml
from tests import fabricate

from myeloma import idmc, safety, tables
from myeloma.report import build

HOSTILE = "<script>alert(1)</script>"
NAMES = [f"P{n:02d}" for n in range(1, 13)]
START = datetime.date(2021, 1, 4)


def on(day):
    return START + datetime.timedelta(days=day)


def sheets():
    """12 patients with one cycle each; two events, one of them hostile; one low platelet count without an event."""
    dates = dict.fromkeys(
        ("end_of_induction", "end_of_treatment", "new_therapy_date", "last_contact", "death_date")
    )
    people = [
        {"patient": p, "age": 60.0, "enrolment_number": i, "enrolment_date": on(10 * i), "c1d1": on(10 * i),
         "end_of_treatment_reason": "", "death_cause": ""} | dates
        for i, p in enumerate(NAMES)
    ]  # fmt: skip
    doses = [
        {"patient": p["patient"], "drug": "ixazomib", "date": p["c1d1"] + datetime.timedelta(days=d - 1), "time": "",
         "cycle": 1.0, "day": float(d), "dose_mg": 3.0, "change": "", "change_reason": ""}
        for p in people for d in (1, 4, 8, 11)
    ]  # fmt: skip
    doses[3] |= {"dose_mg": 0.0, "change": "stopped", "change_reason": "adverse_event"}
    judged = {f"{what}_{drug}": "" for what in ("related", "action") for drug in tables.DRUGS}
    events = [
        {"patient": "P01", "soc": HOSTILE, "term": HOSTILE, "grade": 3.0, "start_date": on(5), "end_date": None,
         "serious": "yes", "outcome": ""} | judged,
        {"patient": "P02", "soc": "Investigations", "term": "Weight loss", "grade": 1.0, "start_date": on(30),
         "end_date": None, "serious": "no", "outcome": ""} | judged,
    ]  # fmt: skip
    counts = [
        {"patient": "P03", "date": on(d), "parameter": "platelets", "value": v, "unit": "10^9/L", "low_normal": 150.0,
         "high_normal": 400.0}
        for d, v in ((20, 200.0), (30, 40.0))
    ]  # fmt: skip
    return idmc.Clinical(
        pd.DataFrame(people, dtype=object), pd.DataFrame(columns=["patient", "date"]), pd.DataFrame(doses),
        pd.DataFrame(events), pd.DataFrame(counts),
    )  # fmt: skip


@pytest.fixture(scope="module")
def page(project):
    def draw(*given):
        """The page of a run with these sheets."""
        config = yaml.safe_load((project / "config/config.yaml").read_text())
        config["sheets"] |= {name: f"{name}.tsv" for name in given}
        seen = sheets()
        seen = idmc.Clinical(seen.patients, seen.assessments, **{n: getattr(seen, n) for n in given})
        frames = safety.assess(seen, config, str(project / "resources/ctcae_v4_laboratory.tsv"))
        made = fabricate.cohort(n=12, names=NAMES)
        made.frames |= {n: tables.conform(frames[n], t) for n, t in safety.CONTRACTS.items()}
        about = {"date": "2026-01-01", "version": "0", "commit": "x", "tools": {}, "packages": {}}
        return build.render(
            made.frames, build.Given(made.patients, config, about, {"multiqc": "multiqc.html"})
        )

    return draw


def words_of(text):
    return " ".join(
        re.sub(r"<[^>]*>", " ", re.sub(r"<(script|style)\b.*?</\1>", "", text, flags=re.DOTALL)).split()
    )


def test_numbers_are_those_of_the_tables(page):
    text = words_of(page("dosing", "adverse_events", "laboratory"))
    # Clopper-Pearson of 1 of 12 (R: binom.test(1, 12)): 0.0021 to 0.3848
    assert "Adverse events of grade 3 or more in 1 of 12 (8 %, 95 % interval 0-38) treated patients" in text
    assert "Dose reduced in " in text and "discontinued for whatever reason, progression too, in " in text
    assert "A drug was discontinued for an adverse event (as the events' record says) in " in text.replace(
        "&#39;", "'"
    )
    assert "Next cut of the monitoring committee: " in text
    assert "any grade 2 of 12 (17 %, 95 % interval 2-48) 2" in text
    assert "0 of 12 (0 %, 95 % interval 0-26); 2 open" in text  # related: nothing recorded for two patients
    assert "patient 10 by enrolment, P10: C1D1 + 21 days, no dose of cycle 2 on record" in text
    assert "P03 2021-02-03 Platelet count decreased 3 40 10^9/L no event" in text
    assert "P01 induction ixazomib 1 9 12 75 75" in text
    assert "Not in this run: no adverse-event table given" not in text


def test_text_of_the_sheets_is_inert(page):
    text = page("dosing", "adverse_events", "laboratory")
    assert HOSTILE not in text and "&lt;script&gt;alert(1)" in text
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("given", "sentence", "heading"),
    [
        ((), "Not in this run: no adverse-event table given.", "Adverse events"),
        (
            ("adverse_events",),
            "Not in this run: no dosing table given: no exposure and no dose changes.",
            "Exposure and dose changes",
        ),
        (("dosing",), "Not in this run: no adverse-event table given.", "Adverse events"),
        (
            ("dosing", "adverse_events"),
            "Not in this run: no laboratory table given: no laboratory grades.",
            "Laboratory grades",
        ),
    ],
)
def test_a_sheet_that_is_not_given_is_said_and_nothing_else_changes(page, given, sentence, heading):
    part = re.search(
        r'<section class="tab" hidden id="safety-chapter".*?</section>', page(*given), re.DOTALL
    ).group()
    assert sentence in part and f"{heading}</h2>" not in part


def test_without_any_sheet_the_rest_of_the_page_stays(page):
    def rest(text):
        return re.sub(
            r'<section class="tab" hidden id="safety-chapter".*?</section>', "", text, flags=re.DOTALL
        )

    drop = re.compile(r'<h2 id="safety">.*?<h2', re.DOTALL)
    config = re.compile(r"<pre.*?</pre>", re.DOTALL)
    pages = [
        config.sub("", drop.sub("", rest(page(*g)))) for g in ((), ("dosing", "adverse_events", "laboratory"))
    ]
    assert pages[0] == pages[1]


def test_without_an_event_table_nothing_is_said_to_be_unreported(page):
    row = "Platelet count decreased 1 0 0 0 1 0 0 1 of 1 (100 %, 95 % interval 3-100) 1"
    assert f"{row} no table of events" in words_of(page("laboratory"))
    assert f"{row} 1 " in words_of(page("laboratory", "adverse_events"))


def test_the_next_cut_is_the_first_regular_one_after_the_last():
    made = pd.DataFrame(
        [["2021-01-22", "first", "x", 10, 10, ""], ["2021-07-22", "regular", "x", 12, 12, ""],
         ["2021-09-01", "data cut", "x", 12, 12, ""]], columns=idmc.CUTS,
    )  # fmt: skip
    assert idmc.next_cut(made, 6) == ("2022-01-22", "12 months after the first")
    none = made.tail(1).assign(note="before the first cut: 4 patients enrolled")
    assert idmc.next_cut(none, 6) == ("", "before the first cut: 4 patients enrolled")
