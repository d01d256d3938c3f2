"""GSE4581 (256 newly diagnosed patients) entered as clinical tables and given calls, through the workflow itself.

Numbers: R survival 3.5-3 on the same file (survminer_myeloma_reference.txt beside it; levels.txt here).
"""

import csv
import subprocess
import sys

import pytest
import yaml

from myeloma import tables

from .workflow import write_sheet

pytestmark = [pytest.mark.data, pytest.mark.end_to_end]

COPIES = {"2 copies": "2", "3 copies": "3", "4+ copies": "4"}
TARGETS = {
    "levels": tables.LEVEL_TESTS,
    "endpoints": tables.ENDPOINTS,
    "abnormalities": tables.ABNORMALITIES,
    "survival_by_abnormality": tables.SURVIVAL_BY_ABNORMALITY,
}


@pytest.fixture(scope="module")
def made(real_data, project, tmp_path_factory):
    """Contract name -> table of one run: no sample, no genome, no date, patients.tsv with ids alone."""
    source = real_data("survival_myeloma") / "survminer_myeloma_GSE4581.csv"
    with open(source, encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    folder = tmp_path_factory.mktemp("gse4581")
    patients = [{"patient": r[""]} for r in rows]
    times = [{"patient": r[""], "endpoint": "OS", "months": r["time"], "event": r["event"]} for r in rows]
    calls = [
        {"patient": r[""], "abnormality": "gain1q", "copies": COPIES[r["chr1q21_status"]], "method": "FISH"}
        for r in rows
        if r["chr1q21_status"] in COPIES
    ]
    for name, found in (("patients", patients), ("endpoints", times), ("calls", calls)):
        write_sheet(folder / f"sheets/{name}.tsv", tuple(found[0]), found)
    sheets = {name: f"sheets/{name}.tsv" for name in ("patients", "endpoints", "calls")}
    config = folder / "config.yaml"
    # the copies are given as absolute ones: the levels are named so
    levels = {"1q21 copies": {"nested": ["gain1q", "amp1q"], "labels": ["2", "3", "4 or more"]}}
    made = {"sheets": {**sheets, "samples": "", "units": ""}, "comparison": {"levels": levels}}
    config.write_text(yaml.safe_dump(made), encoding="utf-8")
    words = [sys.executable, "-m", "snakemake", "--snakefile", project / "Snakefile", "--directory", folder]
    words += ["--cores", "2", "--configfile", config, "--", *(table.path for table in TARGETS.values())]
    done = subprocess.run(
        list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:]
    return {name: tables.read(folder / table.path, table) for name, table in TARGETS.items()}


def test_every_time_and_call_is_there_as_given(made):
    assert len(made["endpoints"]) == 256 and set(made["endpoints"]["endpoint"]) == {"OS"}
    assert made["endpoints"]["source_record"].str.startswith("given: sheets/endpoints.tsv:").all()
    gain = made["abnormalities"][made["abnormalities"]["abnormality"] == "gain1q"]
    assert gain["state"].value_counts().to_dict() == {"absent": 93, "present": 93, "not_assessable": 70}


def test_1q21_gain_against_two_copies(made):
    rows = made["survival_by_abnormality"]
    row = rows[(rows["endpoint"] == "OS") & (rows["abnormality"] == "gain1q")].iloc[0]
    assert (row["carriers"], row["non_carriers"], row["not_assessable"]) == (93, 93, 70)
    assert row["carrier_events"] + row["non_carrier_events"] == 51 and row["method"] == "Cox"
    assert [round(row[n], 3) for n in ("hazard_ratio", "wald_low", "wald_high")] == [2.053, 1.161, 3.632]
    assert round(row["log_rank_chi2"], 2) == 6.37


def test_three_levels_of_1q21(made):
    rows = made["levels"][made["levels"]["factor"] == "1q21 copies"]
    assert rows["level"].tolist() == ["2", "3", "4 or more"]
    assert rows["patients"].tolist() == [93, 55, 38] and rows["events"].tolist() == [19, 21, 11]
    assert rows["expected"].round(2).tolist() == [27.92, 13.89, 9.19]
    assert set(rows["not_assessable"]) == {70} and set(rows["degrees_of_freedom"]) == {2}
    assert rows["log_rank_chi2"].iloc[0] == pytest.approx(6.907794848, rel=1e-7)
    assert rows["trend_chi2"].iloc[0] == pytest.approx(3.848809974, rel=1e-7)
    # survfit: 0.946 at 12 months (95 % Wald band there), two copies
    assert float(rows["at_12"].iloc[0]) == pytest.approx(0.946, abs=5e-4)
