"""The chapter on pharmacokinetics: its numbers equal their rows, and what it says where there is nothing."""

import pytest
import yaml
from tests import fabricate

from myeloma import tables
from myeloma.report import pharmacokinetics
from myeloma.report.sections import Anchors


@pytest.fixture(scope="module")
def config(project):
    return yaml.safe_load((project / "config/config.yaml").read_text())


def chapter(made, config):
    return pharmacokinetics.chapter(made.frames, Anchors([p["patient"] for p in made.patients]), config)


def test_numbers_equal_their_rows(config):
    made = fabricate.cohort(n=12, seed=3)
    told = chapter(made, config)
    individual = made.frames["pk_individual"]
    assert told["sentences"][0].startswith(
        "11 of 12 patients have an assessable exposure, from 55 concentrations and 0 below"
    )
    assert (
        "5 samples left out" in told["sentences"][0]
        and told["sentences"][1] == "No exposure: 1 no usable concentration."
    )
    cells = {row[0].text: row[5].value for row in told["individual"].rows if row[5].value is not None}
    individual = individual[individual["state"] == "assessable"]
    assert cells == pytest.approx(dict(zip(individual["patient"], individual["auc_cycle1"], strict=True)))
    assert [len(told[name].rows) for name in ("comparisons", "left_out", "population")] == [2, 5, 2]
    assert told["warnings"] == ["Look at shrinkage of eta CL: 0.4. high"]
    assert "2.5 (0.7-12)" in told["odds"].svg and "any  (5 of 11)" in told["odds"].svg
    assert "No exposure was randomised" in told["caveat"]


def test_no_sheets_is_a_sentence_that_names_them(config):
    made = fabricate.cohort(n=3, clinical=False)
    assert chapter(made, config) == {
        "absent": "No pharmacokinetics in this report: sheets.dosing and sheets.concentrations not given."
    }
    given = config | {"sheets": config["sheets"] | {"dosing": "d.tsv", "concentrations": "c.tsv"}}
    assert chapter(made, given)["absent"].endswith("no concentration of ixazomib in the sheet.")


def test_samples_but_no_exposure_and_nothing_fitted(config):
    made = fabricate.cohort(n=1)
    made.frames["exposure_response"] = tables.empty(tables.EXPOSURE_RESPONSE)
    made.frames["pk_vpc"] = tables.empty(tables.PK_VPC)
    told = chapter(made, config)
    assert told["exposures"] is told["goodness"] is told["check"] is told["odds"] is None
    assert told["absent"] == "" and told["sentences"][1] == "No exposure: 1 no usable concentration."
