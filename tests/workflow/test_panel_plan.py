"""A panel stays as it was made: another patient plans no panel and no call of another patient."""

import json
import os
import shutil
import time

import pytest
from planning import change, cohort, make_outputs, planned_jobs, snakemake

KIT = "results/calls/panels/k1"


def age(folder, when):
    """Give everything below a folder one time, so that nothing is newer than what was made of it."""
    for path in [folder, *folder.rglob("*")]:
        os.utime(path, (when, when))


def finish(folder):
    """Make every output of the plan an empty file; the record of the panel is a real one."""
    make_outputs(folder, least=50)
    assert (folder / KIT / "copies.json").exists()
    freeze(folder, "copies", ["P0001-N", "P0002-N"])


def freeze(folder, kind, members, given=""):
    (folder / KIT).mkdir(parents=True, exist_ok=True)
    record = {"members": members, "left_out": [], "given": given}
    (folder / KIT / f"{kind}.json").write_text(json.dumps(record))


@pytest.fixture
def grown(tmp_path):
    """A cohort of two patients that has run, and one patient more."""
    cohort(tmp_path / "two", patients=2, rna=False)
    finish(tmp_path / "two")
    cohort(tmp_path / "three", patients=3, rna=False)
    age(tmp_path / "three", 1e9)
    shutil.copytree(tmp_path / "two/results", tmp_path / "three/results")
    age(tmp_path / "three/results", time.time())
    for path in (tmp_path / "three/in").glob("P0003*"):
        os.utime(path, (time.time() + 60, time.time() + 60))
    return tmp_path / "three"


def own(folder):
    """Jobs by the times of the files: made-up outputs have no record of the code that made them."""
    jobs = planned_jobs(folder, "--rerun-triggers", "mtime")
    return {name: jobs[name] for name in ("make_copy_panel", "model_copies", "call_somatic")}


def test_a_new_patient_uses_the_frozen_panel(grown):
    assert own(grown) == {"make_copy_panel": 0, "model_copies": 1, "call_somatic": 1}


def test_refresh_makes_it_again_and_calls_everyone_again(grown):
    change(grown, panel={"refresh": True})
    assert own(grown) == {"make_copy_panel": 1, "model_copies": 3, "call_somatic": 1}


def test_without_a_record_the_panel_is_not_taken_for_one(grown):
    (grown / KIT / "copies.json").unlink()
    assert own(grown)["make_copy_panel"] == 1


def test_another_given_panel_replaces_the_frozen_one(grown):
    (grown / "in/given.hdf5").write_bytes(b"")
    change(grown, kits={"k1": {"targets": "in/targets.bed", "copy_number_panel": "in/given.hdf5"}})
    assert own(grown)["make_copy_panel"] == 1
    freeze(grown, "copies", ["P0001-N"], given="given.hdf5")
    assert own(grown)["make_copy_panel"] == 0


def test_the_mutect2_panel_is_made_by_its_target_alone_and_then_used_by_all(tmp_path):
    folder = tmp_path / "c"
    cohort(folder, patients=3, rna=False)
    assert planned_jobs(folder)["make_somatic_panel"] == 0
    asked = planned_jobs(folder, "panel")
    assert (asked["call_panel_normal"], asked["make_somatic_panel"], asked["call_somatic"]) == (3, 1, 0)
    change(folder, panel={"normals": ["P0001-N", "P0003-N"]})
    asked = planned_jobs(folder, "panel")
    assert (asked["call_panel_normal"], asked["make_copy_panel"]) == (2, 1)
    assert asked["collect_copies"] == 2
    freeze(folder, "somatic", ["P0001-N", "P0003-N"])
    for name in ("somatic.vcf.gz", "somatic.vcf.gz.tbi"):
        (folder / KIT / name).write_bytes(b"")
    plan = snakemake(folder, "--dry-run", "--cores", "2").stdout
    assert f"{KIT}/somatic.vcf.gz" in plan and "rule make_somatic_panel" not in plan


def test_a_normal_that_is_none_is_refused_by_name(tmp_path):
    folder = tmp_path / "c"
    cohort(folder, patients=2, rna=False)
    change(folder, panel={"normals": ["P0001-T"]})
    done = snakemake(folder, "--dry-run", check=False)
    assert done.returncode and "panel.normals = 'P0001-T': is no WES normal" in done.stdout + done.stderr
