"""After a change, exactly the jobs that must run again do: read off the plan of a finished run.

The finished run is made of empty outputs and Snakemake's own records of them (--touch), without the temporary
files. Per-patient jobs are compared exactly; tables of the whole cohort may follow, alignments and calls of others not.
"""

import json
import os
import re
import shutil
import time
from collections import Counter

import pytest
from planning import change, cohort, make_outputs, snakemake

KIT = "results/calls/panels/k1"
TEMPORARY = ("*.bam", "*.bam.bai")
#: Rules that take hours: none of them may follow from a change of tables or thresholds.
#: Pages per patient that show a table of the whole cohort: drawn again with it, in seconds.
DRAWN = {"draw_evidence"}
HEAVY = {
    "align_wes",
    "align_rna",
    "decode_wes",
    "call_somatic",
    "call_structural",
    "collect_copies",
    "index_bwa",
}


def finish(folder):
    """Make every output of the plan an empty file, let Snakemake record it as its own, and drop what is temporary."""
    make_outputs(folder, least=100)
    record = {"members": ["P0001-N", "P0002-N"], "left_out": [], "given": ""}
    (folder / KIT / "copies.json").write_text(json.dumps(record))
    snakemake(folder, "--touch", "--forceall", "--cores", "1")
    for pattern in TEMPORARY:
        for path in folder.glob(f"results/alignments/{pattern}"):
            path.unlink()


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A finished run of two patients with DNA, RNA and clinic."""
    folder = tmp_path_factory.mktemp("done") / "run"
    cohort(folder, patients=2)
    old = time.time() - 3600
    for path in [*folder.rglob("*")]:
        os.utime(path, (old, old))
    finish(folder)
    return folder


@pytest.fixture
def run(done, tmp_path):
    """A copy of it, with its times."""
    return shutil.copytree(done, tmp_path / "run", symlinks=True)


def planned(folder) -> tuple[Counter, Counter]:
    """(jobs of each rule, jobs of each (rule, patient) of the per-sample rules) of a dry run."""
    said = snakemake(folder, "--dry-run", "--cores", "2").stdout
    jobs = re.split(r"(?m)^(?:local)?rule ", said)[1:]
    rules, own = Counter(), Counter()
    for job in jobs:
        rule = job.split(":")[0]
        rules[rule] += 1
        found = re.search(r"wildcards: (?:sample|patient)=(P\d+)", job)
        if found and rule not in DRAWN:
            own[rule, found.group(1)] += 1
    del rules["all"]
    return rules, own


def roots(folder) -> set[str]:
    """Rules that would run again for a reason of their own, and not because an input is made again."""
    said = snakemake(folder, "--dry-run", "--cores", "2").stdout
    jobs = re.split(r"(?m)^(?:local)?rule ", said)[1:]
    own = (
        "Params have changed",
        "Updated input files",
        "Missing output files",
        "Code has changed",
        "Set of input files",
    )
    reason = {job.split(":")[0]: re.search(r"(?m)^    reason: (.*)", job).group(1) for job in jobs}
    return {rule for rule, why in reason.items() if any(word in why for word in own) and rule != "all"}


def test_nothing_is_to_be_done_without_a_change(run):
    assert planned(run) == (Counter(), Counter())


def test_a_new_patient_costs_its_own_jobs_and_the_cohort_tables(run, tmp_path):
    fresh, _ = tmp_path / "fresh", cohort(tmp_path / "fresh", patients=3)
    for path in fresh.rglob("*"):
        if path.is_file() and (path.suffix == ".tsv" or path.name.startswith("P0003")):
            shutil.copy2(path, run / path.relative_to(fresh))
    _, all_own = planned(fresh)
    rules, own = planned(run)
    assert own == Counter({key: n for key, n in all_own.items() if key[1] == "P0003"})
    references = {rule for rule in rules if rule.startswith(("prepare_", "index_", "build_snpeff", "make_"))}
    assert references == set(), "references and the frozen panel stay"
    assert {
        "tabulate_variants",
        "gate_samples",
        "call_abnormalities",
        "compare_abnormalities",
    } <= rules.keys()


def test_a_group_definition_reruns_response_and_what_reads_it(run):
    change(run, groups={"A": {"early_cycles": 3}})
    assert {"assess_response"} <= roots(run)
    rules, own = planned(run)
    assert "compare_abnormalities" in rules
    assert not (HEAVY | {"call_abnormalities", "gate_samples", "measure_wes"}) & rules.keys()
    assert own == Counter()


def test_a_threshold_of_copy_number_calls_no_read_again(run):
    change(run, copy_number={"min_clonal_fraction": 0.3})
    rules, own = planned(run)
    assert "call_abnormalities" in rules
    assert not HEAVY & rules.keys()


def test_a_gate_is_judged_again_and_nothing_is_measured_again(run):
    change(run, gates={"wes_tumour_median_depth": 31})
    rules, _ = planned(run)
    assert "gate_samples" in roots(run)
    assert not (HEAVY | {"measure_wes", "measure_rna"}) & rules.keys()


def test_an_edited_clinical_table_runs_the_clinic_and_what_reads_it(run):
    with open(run / "assessments.tsv", "a") as sheet:
        sheet.write("P0001\t2024-03-01\t9\n")
    assert "assess_response" in roots(run)
    rules, own = planned(run)
    assert "compare_abnormalities" in rules
    assert not (HEAVY | {"call_abnormalities", "gate_samples"}) & rules.keys()
    assert own == Counter()


@pytest.mark.parametrize("newer", [True, False], ids=["newer", "older-by-its-date"])
def test_a_replaced_fastq_aligns_its_sample_and_calls_its_patient(run, newer):
    path = run / "in/P0001-T_L1_R1.fastq.gz"
    before = path.stat()
    path.write_bytes(b"other reads")
    when = time.time() if newer else before.st_mtime - 86400
    os.utime(path, (when, when))
    rules, own = planned(run)
    assert own["align_wes", "P0001"] == 1, "the tumour, not the normal"
    assert own["call_somatic", "P0001"] == 1
    assert {patient for _, patient in own} == {"P0001"}
    assert rules["align_rna"] == 0 and rules["make_copy_panel"] == 0
