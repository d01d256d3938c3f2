"""Set-up and start: the guard around a run, the progress lines, the GATK launcher, idempotent set-up."""

import errno
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
TOY = """
rule all:
    input: expand("out/{sample}.txt", sample=["a", "b"])
rule write_slowly:
    output: "out/{sample}.txt"
    log: "logs/write_slowly/{sample}.log"
    shell:
        "echo begun > {log}; for i in 1 2 3 4 5 6; do echo $i >> {output}; sleep 0.5; done;"
        "test ! -e broken-{wildcards.sample} || (echo truncated FASTQ >> {log}; exit 3)"
"""


@pytest.fixture
def toy(tmp_path):
    """A working directory and the command that runs a two-job workflow in it, each job taking 3 s."""
    (tmp_path / "Snakefile").write_text(TOY)
    work = tmp_path / "work"
    work.mkdir()
    command = [sys.executable, str(PROJECT / "workflow/run.py"), "--snakefile", str(tmp_path / "Snakefile")]
    return work, [*command, "--directory", str(work), "--cores", "2"]


def run(command, **more):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)


def started(command, work):
    """The command in the background, once its two jobs are writing."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 30
    # Snakemake notes that an output is being made a moment after its job has begun; before that, a job that writes
    # straight into its output (as here, and no rule of the workflow does) leaves half a file that looks whole
    marks = work / ".snakemake/incomplete"
    while len(list(work.glob("out/*.txt"))) < 2 or len(list(marks.glob("*"))) < 2:
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.05)
    return process


def outputs(work):
    return {path.name: path.read_text().split() for path in sorted((work / "out").glob("*.txt"))}


WHOLE = {name: list("123456") for name in ("a.txt", "b.txt")}


def test_a_second_run_is_refused_while_the_first_is_alive(toy):
    work, command = toy
    first = started(command, work)
    second = run(command)
    assert second.returncode == 2
    assert f"process {first.pid}" in second.stdout
    assert first.wait(timeout=60) == 0
    assert outputs(work) == WHOLE
    assert not (work / ".snakemake/controller.json").exists()


def test_the_guard_looks_at_the_folder_that_snakemake_works_in(toy):
    work, command = toy
    shortened = ["--dir" if word == "--directory" else word for word in command]
    first = started(shortened, work)
    second = run(command)
    assert second.returncode == 2 and f"process {first.pid}" in second.stdout
    assert first.wait(timeout=60) == 0


def test_a_folder_that_cannot_be_written_is_named(toy):
    work, command = toy
    (work / ".snakemake").write_text("not a folder")
    done = run(command)
    assert done.returncode == 2 and "Traceback" not in done.stdout
    assert (
        done.stdout.startswith(f"run: the working directory {work} cannot be used")
        and "--directory" in done.stdout
    )


@pytest.fixture
def guard(monkeypatch):
    monkeypatch.syspath_prepend(str(PROJECT / "workflow"))
    spec = importlib.util.spec_from_file_location("guard", PROJECT / "workflow/run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_without_locks_of_the_file_system_a_file_of_the_owner_keeps_others_out(guard, tmp_path, monkeypatch):
    def no_locks(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(guard.fcntl, "flock", no_locks)
    held = guard.take_lock(tmp_path)
    with pytest.raises(guard.Refused, match=f"process {os.getpid()}"):
        guard.take_lock(tmp_path)
    held.close()
    ended = subprocess.Popen(["true"])
    ended.wait()
    owner = tmp_path / ".snakemake/controller.owner"
    owner.write_text(json.dumps({"pid": ended.pid, "host": socket.gethostname()}))
    guard.take_lock(tmp_path).close()  # its owner is dead
    owner.write_text(json.dumps({"pid": 1, "host": "some-other-host"}))
    with pytest.raises(guard.Refused, match="some-other-host"):
        guard.take_lock(tmp_path)
    assert [path.name for path in owner.parent.iterdir() if "owner" not in path.name] == ["controller.lock"]


def test_a_process_that_cannot_be_ended_is_named(guard, monkeypatch):
    sleeper = subprocess.Popen(["sleep", "60"])
    monkeypatch.setattr(guard, "marked", lambda _: [sleeper.pid])  # still there whatever is done
    monkeypatch.setattr(guard, "LIMIT", 0.3)
    with pytest.raises(guard.Refused, match=str(sleeper.pid)):
        guard.end_all("mark")
    sleeper.kill()
    sleeper.wait()


def test_a_killed_run_goes_on_by_the_same_command_with_one_writer(toy):
    work, command = toy
    bystander = subprocess.Popen(["sleep", "60"], env={**os.environ, "MYELOMA_RUN": "of-another-folder"})
    first = started(command, work)
    mark = json.loads((work / ".snakemake/controller.json").read_text())["mark"]
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert carriers(mark), "the kill left no job behind: this test would prove nothing"
    again = run(command)
    assert again.returncode == 0, again.stdout
    assert "was killed" in again.stdout
    assert outputs(work) == WHOLE
    assert not carriers(mark)
    assert bystander.poll() is None, "a process of another run was ended"
    bystander.kill()


def test_a_run_killed_while_it_removes_the_lock_of_a_killed_run_is_no_obstacle(toy):
    work, command = toy
    first = started(command, work)
    first.send_signal(signal.SIGKILL)
    first.wait()
    second = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not (child := unlocking(second.pid, work)):
        assert time.monotonic() < until and second.poll() is None
        time.sleep(0.01)
    os.kill(child, signal.SIGSTOP)  # it will still be there when the next run looks
    second.send_signal(signal.SIGKILL)
    second.wait()
    again = run(command)
    assert again.returncode == 0, again.stdout
    assert outputs(work) == WHOLE


def unlocking(parent, work):
    """The child of this process that is a snakemake --unlock in the folder; 0 when there is none."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            child_of = int((process / "stat").read_text().rsplit(")", 1)[1].split()[1])
            here = os.path.samefile(process / "cwd", work)
            if here and child_of == parent and b"--unlock" in (process / "cmdline").read_bytes():
                return int(process.name)
        except OSError:
            continue
    return 0


def test_a_killed_job_is_named_and_made_again(toy):
    work, command = toy
    process = subprocess.Popen(
        [*command, "--keep-going"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    until = time.monotonic() + 60
    while not (jobs := shells_that_write("out/b.txt", work)):
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.05)
    for pid in jobs:
        os.kill(pid, signal.SIGKILL)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 1 and "FAILED write_slowly b" in said
    assert outputs(work) == {"a.txt": WHOLE["a.txt"]}, "nothing half-made is left"
    assert run(command).returncode == 0
    assert outputs(work) == WHOLE


def shells_that_write(name, work):
    """Shells of this folder whose command names the file."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
            if (
                os.path.samefile(process / "cwd", work)
                and b">> " + name.encode() in words
                and b"bash" in words[:20]
            ):
                found.append(int(process.name))
        except OSError:
            continue
    return found


def carriers(mark):
    """Processes that carry the mark of a run."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"MYELOMA_RUN={mark}".encode() in (process / "environ").read_bytes():
                found.append(int(process.name))
        except OSError:
            continue
    return found


def test_the_lock_of_a_run_on_another_host_is_left_alone(toy):
    work, command = toy
    record = work / ".snakemake/controller.json"
    record.parent.mkdir()
    record.write_text(json.dumps({"pid": 1, "host": "some-other-host", "mark": "x"}))
    done = run(command)
    assert done.returncode == 2
    assert "some-other-host" in done.stdout and "--take-over" in done.stdout
    assert record.exists() and not (work / "out").exists()
    taken = run([*command, "--take-over"])
    assert taken.returncode == 0, taken.stdout
    assert outputs(work) == WHOLE and not record.exists()


def test_a_run_of_an_executor_whose_jobs_nobody_can_find_is_not_taken_for_dead(toy):
    work, command = toy
    record = work / ".snakemake/controller.json"
    record.parent.mkdir()
    here = {"pid": 1, "host": socket.gethostname(), "mark": "x", "executor": "cluster-generic"}
    record.write_text(json.dumps(here))
    done = run(command)
    assert done.returncode == 2 and "cluster-generic" in done.stdout and "--take-over" in done.stdout
    assert record.exists() and not (work / "out").exists()


def test_progress_names_each_job_and_a_failure_ends_with_the_exclusion_to_add(toy):
    work, command = toy
    (work / "broken-b").touch()
    done = run([*command, "--keep-going"])
    assert done.returncode == 1
    assert "[1/3  33 %] write_slowly a  3 s" in done.stdout
    assert "FAILED write_slowly b  log: logs/write_slowly/b.log" in done.stdout
    assert "    truncated FASTQ" in done.stdout
    assert "\n  \tb\t\t\t\tall\twrite_slowly failed\n" in done.stdout
    (work / "broken-b").unlink()
    again = run(command)
    assert again.returncode == 0, again.stdout
    assert "[2/2 100 %]" in again.stdout
    assert outputs(work) == WHOLE


def test_targets_may_follow_two_dashes(toy):
    work, command = toy
    done = run([*command, "--", "out/a.txt"])
    assert done.returncode == 0, done.stdout
    assert "[1/1 100 %]" in done.stdout and outputs(work) == {"a.txt": WHOLE["a.txt"]}


def test_a_dry_run_takes_no_lock_and_plans(toy):
    work, command = toy
    done = run([*command, "--dry-run"])
    assert done.returncode == 0, done.stdout
    assert "write_slowly" in done.stdout
    assert not (work / ".snakemake/controller.lock").exists()


def test_gatk_launcher_passes_options_and_the_exit_status(tmp_path):
    launcher = tmp_path / "tools/bin/gatk"
    launcher.parent.mkdir(parents=True)
    shutil.copy(PROJECT / "envs/gatk/gatk", launcher)
    java = tmp_path / "java"
    java.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\nexit 7\n')
    java.chmod(0o755)
    command = [launcher, "--java-options", "-Xmx2g -Dx=y", "Mutect2", "-R", "a b.fa"]
    done = run(command, env={**os.environ, "MYELOMA_JAVA": str(java)})
    assert done.returncode == 7
    words = done.stdout.splitlines()
    assert words[-4:] == ["org.broadinstitute.hellbender.Main", "Mutect2", "-R", "a b.fa"]
    assert f"{tmp_path}/tools/gatk/jars/*" in words
    assert {"-Xmx2g", "-Dx=y"} <= set(words)
    assert words.index("-Xmx2g") < words.index("-cp")


@pytest.mark.tools
def test_set_up_again_does_nothing():
    if not (PROJECT / ".tools/stamps/gatk").exists():
        if os.environ.get("MYELOMA_REQUIRE_TOOLS") == "1":
            pytest.fail("make setup has not been run here")
        pytest.skip("make setup has not been run in this folder")
    done = run([PROJECT / "setup/install.sh"])
    assert done.returncode == 0, done.stdout
    assert "installing" not in done.stdout and "fetching" not in done.stdout


def test_every_debian_package_says_what_uses_it():
    lines = (PROJECT / "setup/debian-packages.txt").read_text().splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    assert all(len(row) == 3 and all(row) for row in rows)
    names = [row[0] for row in rows]
    assert len(names) == len(set(names))
    assert {"bwa", "rna-star", "mosdepth", "libhts-dev", "openjdk-17-jre-headless"} <= set(names)


def test_results_readme_names_every_table():
    from myeloma import tables

    text = (PROJECT / "results/README.md").read_text()
    missing = [t.path for t in tables.ALL if t.path.removeprefix("results/") not in text]
    assert not missing
