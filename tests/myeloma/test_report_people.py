"""Each number leads to its patients, and a number that does not fit them stops the report."""

import pytest
from tests import fabricate

from myeloma.report import cells, people, sections


@pytest.fixture(scope="module")
def made():
    return fabricate.cohort(n=24, seed=5)


def behind(made):
    anchors = cells.Anchors([p["patient"] for p in made.patients])
    who = people.People(anchors)
    return people.Behind({**made.frames, "rule_set": "trial"}, who), who, anchors


def listed(who, cell):
    said, numbers = who.sets()[int(cell.link.removeprefix("who-")) - 1]
    return said, {f"IPD-{n:03d}" for n in numbers}


def test_a_row_of_the_comparison_leads_to_its_carriers(made):
    counted, who, _ = behind(made)
    rows = sections.comparison_rows(made.frames["abnormalities_by_group"], 0.05)
    calls, response = made.frames["abnormalities"], made.frames["response"]
    row = next(r for r in rows if r["early_present"] > 1)
    said, found = listed(who, counted.compared(row, "early"))
    early = set(response.loc[response["group"] == "EARLY_RESPONDER", "patient"])
    mine = calls[(calls["abnormality"] == row["abnormality"]) & (calls["state"] == "present")]
    assert found == early & set(mine["patient"]) and len(found) == row["early_present"]
    assert said == f"early responders with {row['label']}"


def test_every_count_of_the_tables_fits_its_patients(made):
    """comparison, frequencies, rates, survival: CountError would be raised where one does not."""
    counted, who, _ = behind(made)
    rows = sections.comparison_rows(made.frames["abnormalities_by_group"], 0.05)
    kinds = {r["abnormality"]: r["kind"] for r in rows}
    seen = {**made.frames, "rule_set": "trial"}
    for table in (
        sections.comparison_table("t", rows, counted),
        sections.frequencies(seen, kinds, counted),
        sections.rates_table(seen, counted),
        sections.survival_table(seen, {r["abnormality"]: r["label"] for r in rows}, counted),
    ):
        links = [c.link for row in table.rows for c in row if c.link]
        assert links and set(links) <= {f"who-{i + 1}" for i in range(len(who.sets()))}


def test_a_count_without_its_patients_is_an_error(made):
    counted, _, _ = behind(made)
    row = sections.comparison_rows(made.frames["abnormalities_by_group"], 0.05)[0]
    with pytest.raises(people.CountError, match="the table says 23, there are"):
        counted.compared({**row, "early_present": 23}, "early")


def test_a_set_is_listed_once_and_nobody_has_no_list():
    who = people.People(cells.Anchors(["a", "b"]))
    assert who.place("both", ["b", "a"]) == who.place("both", ["a", "b"]) == "who-1"
    assert who.place("other", ["a"]) == "who-2" and who.place("none", []) == "" == who.place("unknown", ["x"])
    assert who.sets() == [["both", [1, 2]], ["other", [1]]]


def test_the_search_finds_patients_abnormalities_and_genes(made):
    counted, _, anchors = behind(made)
    rows = sections.comparison_rows(made.frames["abnormalities_by_group"], 0.05)
    found = people.findable(["IPD-001"], anchors, rows, counted, ["NSD2"])
    assert ["IPD-001", "patient", "patient-1", ""] in found
    assert ["NSD2", "gene, row of the expression test", "table-genes", "NSD2"] in found
    nobody = [f for f in found if f[0] == "t(14;20)"]
    assert [f[1] for f in nobody] == ["abnormality, row of the comparison"]
