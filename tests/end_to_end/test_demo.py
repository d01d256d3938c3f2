"""The whole line on the demo cohort: what was planted is called, and every promise of the paths holds."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from myeloma import tables

pytestmark = pytest.mark.end_to_end
PROJECT = Path(__file__).resolve().parents[2]
SEED = os.environ.get("SEED", "1")


@pytest.fixture(scope="module")
def demo():
    """The finished demo run (made by `make demo`; nothing is repeated where it is complete)."""
    # as a user starts it: below `make test` a second make would add its "Leaving directory"
    alone = {
        name: value for name, value in os.environ.items() if name not in ("MAKELEVEL", "MAKEFLAGS", "MFLAGS")
    }
    command = ["make", "demo", f"SEED={SEED}"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, env=alone)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    scorecard, report = done.stdout.strip().splitlines()[-2:]
    assert scorecard.startswith("scorecard: ") and report.startswith("report: ")
    assert Path(PROJECT, report.removeprefix("report: ")).exists()
    return PROJECT / f"demo/runs/seed-{SEED}"


def read(demo, table):
    return tables.read(demo / table.path, table)


def test_the_scorecard_holds(demo):
    command = [sys.executable, "demo/scorecard.py", str(demo), "--strict"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_promised_table_is_there_and_keeps_its_contract(demo):
    for table in tables.ALL:
        # a path with a wildcard stands for one file per sample or patient
        found = sorted(demo.glob(re.sub(r"\{\w+\}", "*", table.path)))
        assert found, f"{table.path} is missing"
        for path in found:
            tables.read(path, table)


def test_every_patient_is_in_the_flow_with_a_reason_for_each_no(demo):
    patients = pd.read_csv(demo / "sheets/patients.tsv", sep="\t")["patient"]
    flow = read(demo, tables.FLOW)
    for _, rows in flow.groupby("analysis"):
        assert sorted(rows["patient"]) == sorted(patients)
    assert (flow.loc[flow["included"] == "no", "reason"] != "").all()


def test_abnormalities_hold_every_patient_and_every_abnormality(demo):
    patients = pd.read_csv(demo / "sheets/patients.tsv", sep="\t")["patient"]
    table = read(demo, tables.ABNORMALITIES)
    assert len(table) == len(patients) * table["abnormality"].nunique()
    silent = table[(table["state"] == "not_assessable") & (table["reason"] == "")]
    assert silent.empty


def test_the_relapse_biopsy_stays_out_of_the_comparison(demo):
    samples = read(demo, tables.SAMPLES)
    later = samples[(samples["tissue"] == "tumour") & (samples["role"] == "other")]
    assert len(later) >= 1
    variants = read(demo, tables.VARIANTS)
    abnormalities = read(demo, tables.ABNORMALITIES)
    for row in later.itertuples():
        extra = variants[(variants["sample"] == row.sample) & (variants["filter"] == "PASS")]
        before = variants[(variants["patient"] == row.patient) & (variants["sample"] != row.sample)]
        new = extra[(extra["hotspot"] == "yes") & ~extra["pos"].isin(before["pos"])]
        assert len(new) >= 1, "the planted extra mutation was not called in the relapse biopsy"
        used = abnormalities[abnormalities["patient"] == row.patient]
        assert row.sample not in set(used["sample"])
        for gene in new["gene"]:
            assert set(used.loc[used["abnormality"] == gene, "state"]) <= {"absent", "not_assessable"}


def snakemake(demo, *arguments):
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(PROJECT / "Snakefile")]
    command += [
        "--configfile",
        str(demo / "config.yaml"),
        "--directory",
        str(demo),
        "--cores",
        "2",
        *arguments,
    ]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_finished_run_has_nothing_to_do(demo):
    done = snakemake(demo, "--dry-run")
    assert "Nothing to be done" in done.stdout + done.stderr, done.stdout[-3000:]


def test_a_changed_threshold_never_aligns_again(demo):
    config = demo / "changed.yaml"
    text = (demo / "config.yaml").read_text()
    config.write_text(text + "\ngroups: {A: {early_cycles: 3}}\n" if "groups:" not in text else text)
    done = snakemake(
        demo, "--configfile", str(demo / "config.yaml"), str(config), "--dry-run", "--quiet", "rules"
    )
    config.unlink()
    planned = set(re.findall(r"^(\w+)\s+\d+\s*$", done.stdout + done.stderr, flags=re.MULTILINE))
    assert "assess_response" in planned or "group_patients" in planned, done.stdout
    assert not planned & {"align_wes", "align_rna", "call_somatic", "segment_copies"}


def test_no_path_of_the_machine_in_tables_or_report(demo):
    here = str(PROJECT)
    for path in sorted((demo / "results").rglob("*")):
        if path.suffix in (".tsv", ".html") and path.stat().st_size < 50_000_000:
            assert here not in path.read_text(errors="replace"), path
    cram = next((demo / "results/alignments").glob("*.cram"))
    header = subprocess.run(
        ["samtools", "view", "--no-PG", "-H", str(cram)], capture_output=True, text=True
    ).stdout
    assert "UR:" not in header and here not in header and "M5:" in header


def test_the_demo_is_not_known_to_the_product():
    if shutil.which("grep") is None:
        pytest.skip("no grep")
    done = subprocess.run(
        [
            "grep",
            "-rniE",
            "demo|IPD-0",
            "workflow/rules",
            "workflow/scripts",
            "--include=*.py",
            "--include=*.smk",
        ],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    assert done.stdout == ""
