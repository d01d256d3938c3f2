"""The Slurm profile without a Slurm: its rules exist, its groups are possible, and what the guard adds is right."""

import re
import subprocess
import sys

import pytest
import yaml
from planning import PROJECT, cohort, snakemake, stage_of_rules

sys.path.insert(0, str(PROJECT / "workflow"))
import slurm_jobs  # noqa: E402


@pytest.fixture(scope="module")
def profile():
    return yaml.safe_load((PROJECT / "profiles/slurm/config.yaml").read_text())


@pytest.fixture
def planned_by(profile, tmp_path):
    """A copy of the profile that only plans: the executor would ask Slurm for its limits."""
    folder = tmp_path / "profile"
    folder.mkdir()

    def write(**changes):
        kept = {
            k: v for k, v in (profile | changes).items() if not k.startswith(("slurm-", "executor", "conda-"))
        }
        del kept["software-deployment-method"]
        (folder / "config.yaml").write_text(yaml.safe_dump(kept))
        return folder

    return write


def test_every_rule_and_group_that_it_names_exists(profile):
    groups = dict(word.split("=") for word in profile["groups"])
    assert groups.keys() <= stage_of_rules().keys()
    assert {word.split("=")[0] for word in profile["group-components"]} <= set(groups.values())


def test_no_group_has_to_wait_for_itself(planned_by, tmp_path):
    """Snakemake refuses a group that reads, through a job outside, what it makes itself."""
    cohort(tmp_path / "c", patients=2)
    plan = ("--dry-run", "--quiet", "rules", "--profile")
    assert snakemake(tmp_path / "c", *plan, planned_by()).returncode == 0
    broken = planned_by(groups=["gate_samples=x", "draw_flow=x"])  # call_abnormalities is between them
    done = snakemake(tmp_path / "c", *plan, broken, check=False)
    assert done.returncode != 0 and "group" in done.stdout + done.stderr


def test_five_settings_are_marked_and_what_must_be_is_set(profile):
    text = (PROJECT / "profiles/slurm/config.yaml").read_text()
    assert re.findall(r"SITE (\d)", text) == list("12345")
    assert "slurm_account" not in profile["default-resources"] and profile["slurm-no-account"]
    assert "slurm-array-jobs" not in profile
    assert profile["retries"] == 2 and profile["slurm-requeue"]
    # an unanswered question may be asked again for an hour before the executor forgets its jobs
    assert profile["slurm-status-attempts"] / profile["max-status-checks-per-second"] >= 3600


def answering(monkeypatch, **answers):
    """Slurm's commands give these answers; an exception is raised instead."""

    def ask(*words):
        said = answers[words[0]]
        if isinstance(said, Exception):
            raise said
        return said

    monkeypatch.setattr(slurm_jobs, "ask", ask)
    monkeypatch.setattr(slurm_jobs.shutil, "which", lambda name: f"/usr/bin/{name}")


def test_only_jobs_with_the_mark_are_a_runs_own(monkeypatch):
    answering(monkeypatch, squeue="1|myeloma_abc_1f\n2|myeloma_abcd_1f\n3|wrap\n4|a|b\n")
    assert slurm_jobs.jobs_of("abc") == ["1"]


def test_squeue_is_asked_where_accounting_does_not_answer(monkeypatch):
    absent = slurm_jobs.SlurmError("Slurm accounting storage is disabled")
    answering(monkeypatch, sacct="")
    assert slurm_jobs.status_options() == []
    answering(monkeypatch, sacct=absent, scontrol="MinJobAge               = 300 sec\n")
    assert slurm_jobs.status_options() == ["--slurm-status-command", "squeue"]
    answering(monkeypatch, sacct=absent, scontrol="MinJobAge               = 60 sec\n")
    with pytest.raises(slurm_jobs.SlurmError, match="60 s.*MinJobAge"):
        slurm_jobs.status_options()


def test_a_job_that_does_not_end_stops_the_restart(monkeypatch):
    answering(monkeypatch, squeue="7|myeloma_abc_1f\n", scancel="")
    with pytest.raises(slurm_jobs.SlurmError, match="do not end: 7"):
        slurm_jobs.end_jobs("abc", patience=0.1)


def test_no_account_is_guessed():
    """The executor's own option is read by nothing in 2.8.0; if that or its names change, this fails."""
    words = """
import sys; sys.path.insert(0, sys.argv[1])
import slurm_jobs; slurm_jobs.mend_executor()
import snakemake_executor_plugin_slurm as plugin
plugin.validate_account = lambda *_: sys.exit("an account was guessed")
from types import SimpleNamespace as Space
quiet = Space(warning=lambda text: None)
executor = Space(_fallback_account_arg=None, logger=quiet)
print(list(plugin.Executor.get_account_arg(executor, Space(resources={}))))
"""
    done = subprocess.run(
        [sys.executable, "-c", words, str(PROJECT / "workflow")], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['']"
