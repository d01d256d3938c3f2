"""A real Slurm: controller, accounting and three nodes on this machine, started from Debian's packages.

`make test-slurm` installs the packages and runs this; without them, or without root, it is skipped with the reason.
What the profile of the project sets is what runs here, except: no conda, and Slurm is asked every few seconds.
"""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
import tiny
import yaml

PROJECT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
DAEMONS = (
    "munged",
    "mariadbd",
    "slurmdbd",
    "slurmctld",
    "slurmd",
    "sbatch",
    "sacct",
    "squeue",
    "srun",
    "scontrol",
)
pytestmark = pytest.mark.slurm

#: Jobs write a line at a time, so that a second writer beside the first shows as lines too many.
TOY = """
rule all:
    input: expand("out/{sample}.txt", sample=list(config.get("samples", "ab")))
rule write_slowly:
    output: "out/{sample}.txt"
    log: "logs/write_slowly/{sample}.log"
    resources: mem_mb=500, runtime=5
    shell:
        "echo $SLURM_JOB_ID $SLURMD_NODENAME >> jobs.txt; rm -f {output}; "
        "for i in $(seq 40); do echo $i >> {output}; sleep 0.5; done; test ! -e broken-{wildcards.sample}"
rule follow:
    input: "out/{sample}.txt"
    output: "out/{sample}.after"
    log: "logs/follow/{sample}.log"
    resources: mem_mb=500, runtime=5
    shell: "cp {input} {output}"
rule take_memory:
    output: "out/memory.txt"
    log: "logs/take_memory.log"
    resources: mem_mb=lambda wildcards, attempt: 500 * attempt, runtime=5
    shell:
        "echo {resources.mem_mb} >> jobs.txt; "
        "python3 -c 'import time; held = bytearray(600 << 20); time.sleep(8)' && echo done > {output}"
"""
PORT = int(os.environ.get("SLURM_TEST_PORT", "17100"))
WHOLE = [str(i) for i in range(1, 41)]


class Cluster:
    """A running Slurm below a folder; its commands are on PATH in `environment`."""

    def __init__(self, folder: Path, accounting: bool = True, port: int = PORT):
        self.folder = folder
        self.environment = {**os.environ, "SLURM_TEST_PORT": str(port)}
        self.environment.pop("SLURM_CONF", None)
        self._script("start", *([] if accounting else ["none"]))
        self.environment["PATH"] = f"{folder / 'bin'}:{os.environ['PATH']}"

    def _script(self, word: str, *more: str) -> None:
        words = [str(HERE / "cluster.sh"), word, str(self.folder), *more]
        log = self.folder.with_suffix(f".{word}.log")
        with open(log, "w") as said:  # a file: daemons would hold a pipe open
            done = subprocess.run(words, env=self.environment, stdout=said, stderr=said, timeout=300)
        assert done.returncode == 0, log.read_text()

    def stop(self) -> None:
        self._script("stop")

    def ask(self, *words: str) -> list[str]:
        done = subprocess.run(words, env=self.environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def jobs(self, columns: str) -> list[list[str]]:
        """One row per job that accounting knows, in the order of their ids."""
        rows = self.ask("sacct", "-X", "-n", "-P", "--starttime=now-1days", f"--format=JobIdRaw,{columns}")
        return sorted((row.split("|") for row in rows), key=lambda row: int(row[0]))


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    need_slurm()
    made = Cluster(tmp_path_factory.mktemp("slurm") / "cluster")
    yield made
    made.stop()


def need_slurm() -> None:
    path = f"{os.environ['PATH']}:/usr/sbin"
    missing = [name for name in DAEMONS if shutil.which(name, path=path) is None]
    if missing:
        pytest.skip(f"no Slurm here (make test-slurm installs it): {', '.join(missing)}")
    if os.geteuid() != 0:
        pytest.skip("Slurm's nodes start as root only")


@pytest.fixture
def profile(tmp_path):
    """The project's profile without conda, asking Slurm every few seconds, for two cores."""
    settings = yaml.safe_load((PROJECT / "profiles/slurm/config.yaml").read_text())
    for name in ("software-deployment-method", "conda-prefix"):
        del settings[name]
    settings |= {"slurm-init-seconds-before-status-checks": 3, "latency-wait": 5, "cores": 2}
    folder = tmp_path / "profile"
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump(settings))
    return folder


@pytest.fixture
def toy(tmp_path, profile):
    """A working folder and the documented command for it."""
    (tmp_path / "Snakefile").write_text(TOY)
    work = tmp_path / "work"
    work.mkdir()
    words = [str(PROJECT / "run"), "--snakefile", str(tmp_path / "Snakefile"), "--profile", str(profile)]
    return work, [*words, "--workflow-profile", "none", "--directory", str(work)]


def finish(cluster, words, status=0):
    done = subprocess.run(
        words,
        env=cluster.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1500,
    )
    assert done.returncode == status, done.stdout[-6000:]
    return done.stdout


def begin(cluster, words, log):
    with open(log, "w") as said:
        return subprocess.Popen(
            words, env=cluster.environment, stdout=said, stderr=said, start_new_session=True
        )


def wait_until(true, process=None, seconds=120):
    until = time.monotonic() + seconds
    while not (seen := true()):
        assert time.monotonic() < until, "did not happen in time"
        assert process is None or process.poll() is None, "the run ended before"
        time.sleep(0.2)
    return seen


def test_a_job_killed_for_memory_comes_back_with_more(cluster, toy):
    work, words = toy
    before = len(cluster.jobs("State"))
    finish(cluster, [*words, "out/memory.txt"])
    assert (work / "out/memory.txt").read_text() == "done\n"
    assert (work / "jobs.txt").read_text().split() == ["500", "1000"]
    (_, first, asked), (_, second, more) = cluster.jobs("State,ReqMem")[before:]
    assert first.split()[0] in ("OUT_OF_MEMORY", "FAILED", "CANCELLED") and second == "COMPLETED"
    assert (asked, more) == ("500M", "1000M")


def test_a_node_set_down_is_survived(cluster, toy):
    work, words = toy
    process = begin(cluster, [*words, "out/a.after"], work / "said")
    wait_until(lambda: (work / "out/a.txt").exists(), process)
    job, node = (work / "jobs.txt").read_text().split()
    cluster.ask("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
    status = process.wait(timeout=600)
    cluster.ask("scontrol", "update", f"nodename={node}", "state=resume")
    assert status == 0, (work / "said").read_text()
    again, other = (work / "jobs.txt").read_text().split()[2:]
    assert other != node
    assert again == job, (
        "Slurm itself puts the job back; a second submission beside it would be a second writer"
    )
    assert (work / "out/a.after").read_text().split() == WHOLE, (
        "what is submitted after the loss goes through"
    )


def test_a_killed_controller_finds_its_own_jobs_again(cluster, toy):
    work, words = toy
    before = len(cluster.jobs("State"))
    process = begin(cluster, words, work / "said")
    wait_until(lambda: len(list(work.glob("out/*.txt"))) == 2, process)
    foreign = cluster.ask("sbatch", "--parsable", "--output=/dev/null", "--mem=10", "--wrap", "sleep 300")[0]
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    running = cluster.ask("squeue", "-h", "-t", "running,pending", "--format=%A")
    assert len(running) == 3, "the kill ended the jobs: this test would prove nothing"
    again = begin(cluster, words, work / "said-again")
    assert again.wait(timeout=300) == 0, (work / "said-again").read_text()
    assert "and 2 Slurm job(s) of it" in (work / "said-again").read_text()
    for sample in "ab":
        assert (work / f"out/{sample}.txt").read_text().split() == WHOLE, "two writers in one file"
    assert cluster.ask("squeue", "-h", "--format=%A|%T") == [f"{foreign}|RUNNING"], "only its own jobs"
    cluster.ask("scancel", foreign)
    rows = {
        job: (state, begun, ended) for job, state, begun, ended in cluster.jobs("State,Start,End")[before:]
    }
    old = [rows[job] for job in running if job != foreign]
    new = [row for job, row in rows.items() if job not in running]
    assert [state.split()[0] for state, *_ in old] == ["CANCELLED"] * 2
    assert [state for state, *_ in new] == ["COMPLETED"] * 2
    assert max(ended for *_, ended in old) <= min(begun for _, begun, _ in new), (
        "a second writer beside the first"
    )


def test_a_run_without_accounting_asks_squeue(tmp_path, toy, cluster):
    work, words = toy
    bare = Cluster(tmp_path / "bare", accounting=False, port=PORT + 100)
    try:
        done = subprocess.run(["sacct"], env=bare.environment, capture_output=True, text=True)
        assert done.returncode != 0, "sacct answers: this test would prove nothing"
        (work / "broken-b").touch()
        said = finish(bare, [*words, "--retries", "0"], status=1)
        assert "FAILED write_slowly b" in said
        assert (work / "out/a.txt").read_text().split() == WHOLE and not (work / "out/b.txt").exists()
        (work / "broken-b").unlink()
        finish(bare, words)
        assert (work / "out/b.txt").read_text().split() == WHOLE
    finally:
        bare.stop()


def test_accounting_that_is_away_for_a_while_loses_no_job(cluster, toy):
    """The executor forgets its jobs when all its attempts to ask fail: the profile gives it an hour of them."""
    work, words = toy
    words = [*words, "--config", "samples=a"]
    process = begin(cluster, words, work / "said")
    wait_until(lambda: (work / "out/a.txt").exists(), process)
    pid = int((cluster.folder / "run/slurmdbd.pid").read_text())
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not Path(f"/proc/{pid}").exists())
    time.sleep(25)  # the job ends meanwhile
    path = f"{cluster.environment['PATH']}:/usr/sbin"
    environment = {**cluster.environment, "PATH": path, "SLURM_CONF": str(cluster.folder / "slurm.conf")}
    subprocess.run(
        ["slurmdbd"], env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    assert process.wait(timeout=240) == 0, (work / "said").read_text()
    assert (work / "out/a.txt").read_text().split() == WHOLE


def test_the_workflow_gives_the_tables_of_a_local_run(cluster, profile, tmp_path, tools):
    """Tiny exomes through the real rules, in groups, one job of them killed for memory: byte for byte the same."""
    from test_kill import same_tables

    tools("bwa", "samtools", "fastp", "samblaster", "gatk", "mosdepth")
    local, slurm = tmp_path / "local", tmp_path / "slurm"
    tiny.cohort(local)
    shutil.copytree(local, slurm)
    before = len(cluster.jobs("State"))
    command = [str(PROJECT / "run"), "--configfile", "config.yaml", "--directory"]
    enough_at_second = "inspect_reads:mem_mb=40 * 50 ** (attempt - 1)"
    words = [*command, str(slurm), "--profile", str(profile), "--set-resources", enough_at_second]
    process = subprocess.Popen(
        words, cwd=slurm, env=cluster.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    said, _ = process.communicate(timeout=3000)
    assert process.returncode == 0, said[-6000:]
    subprocess.run([*command, str(local), "--cores", "2"], cwd=local, check=True, capture_output=True)
    same_tables(local, slurm)
    assert tables(local) == tables(slurm)
    jobs = cluster.jobs("State,Comment,ReqMem")[before:]
    read = [
        (state.split()[0] == "COMPLETED", memory)
        for _, state, comment, memory in jobs
        if "inspect_reads" in comment
    ]
    assert read == [(False, "40M"), (True, "2000M")]
    others = [state for _, state, comment, _ in jobs if "inspect_reads" not in comment]
    assert set(others) == {"COMPLETED"}
    assert len(jobs) < 40, "groups: sixty rules in fewer jobs"


def tables(folder: Path) -> dict[str, bytes]:
    """Every table of a run, by its path."""
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.glob("results/**/*.tsv*")}
    return {name: data for name, data in found.items() if not name.endswith((".tbi", ".html"))}
