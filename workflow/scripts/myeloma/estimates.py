"""How long a run will take, how much memory and disk, said before it starts from what earlier runs took.

The costs of a rule are a constant and a term per gigabase of reads (resources/costs.tsv, fitted by tests/bench/fit_costs.py).
The jobs are those that Snakemake's dry run prints, so what is done already costs nothing. Wall clock is list scheduling of
these jobs on the given cores: in the order of the plan, a job starts when its inputs are made and its threads are free, and
takes its processor seconds divided by its threads; of the jobs that could start, those come first that let a temporary file
go. Real jobs share them less evenly: the estimate is a low one where few
long jobs wait for each other.
"""

import heapq
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from myeloma.cohort import Cohort

NUMBERS = (
    "cpu_s", "cpu_s_per_gbase", "memory_mb", "memory_mb_per_gbase", "kept_mb", "kept_mb_per_gbase", "temporary_mb_per_gbase",
)  # fmt: skip
CONSTANTS = ("bases_per_byte", "per_job_s")
DAY, HOUR, MINUTE = 86400, 3600, 60


class PlanError(Exception):
    """The plan or the table of costs cannot be read; the message says what to do."""


@dataclass(frozen=True)
class Costs:
    """rules: index rule, columns NUMBERS. bases_per_byte: of compressed FASTQ. per_job_s: Snakemake's own seconds a job."""

    rules: pd.DataFrame
    bases_per_byte: float
    per_job_s: float


@dataclass(frozen=True)
class Job:
    """One job of the plan."""

    rule: str
    wildcards: Mapping[str, str]
    threads: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Forecast:
    """Seconds of wall clock and processor, peak memory of the jobs that run together, disk kept and at its peak, in MB;
    rules without known costs."""

    wall_s: float
    cpu_s: float
    memory_mb: float
    kept_mb: float
    peak_mb: float
    jobs: int
    unknown: tuple[str, ...]


def read_costs(path: str | os.PathLike) -> Costs:
    """The table with its constants (lines `# name = number`). Raises PlanError naming what is missing."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    found = dict(re.findall(r"^# (\w+) = ([0-9.]+)", "\n".join(lines), flags=re.MULTILINE))
    frame = pd.read_csv(path, sep="\t", comment="#")
    missing = [name for name in ("rule", *NUMBERS) if name not in frame] + [
        n for n in CONSTANTS if n not in found
    ]
    if missing:
        raise PlanError(f"{path}: without {', '.join(missing)}; tests/bench/fit_costs.py writes this table")
    return Costs(
        frame.set_index("rule")[list(NUMBERS)].astype(float), *(float(found[name]) for name in CONSTANTS)
    )


def gigabases(cohort: Cohort, bases_per_byte: float) -> dict[str, float]:
    """Sample -> gigabases of its reads, from the bytes of its files; 0 for a sample that enters by tables."""
    return {
        sample.sample: sum(
            os.path.getsize(path) * bases_per_byte / 1e9
            for unit in sample.units
            for path in (unit.fastq_1, unit.fastq_2, unit.bam)
            if path and os.path.exists(path)
        )
        for sample in (*cohort.wes_samples, *cohort.rna_samples)
    }


def jobs_of(plan: str) -> list[Job]:
    """The jobs that Snakemake's dry run prints, each once, in its order."""
    found = {}
    for block in re.split(r"^(?=(?:local)?rule \w+:$)", plan, flags=re.MULTILINE):
        head = re.match(r"(?:local)?rule (\w+):\n((?:    .*\n?)*)", block)
        if not head:
            continue
        said = dict(re.findall(r"^    (\w+): (.*)$", head.group(2), flags=re.MULTILINE))
        wildcards = dict(pair.split("=", 1) for pair in said.get("wildcards", "").split(", ") if "=" in pair)
        files = {name: tuple(filter(None, said.get(name, "").split(", "))) for name in ("input", "output")}
        job = Job(head.group(1), wildcards, int(said.get("threads", 1)), files["input"], files["output"])
        found[said.get("jobid", len(found))] = job
    return list(found.values())


def size_of(wildcards: Mapping[str, str], samples: Mapping[str, float], patients: Mapping[str, str]) -> float:
    """Gigabases that a job reads: of its sample, of its patient's samples, else of all. patients: sample -> patient."""
    if "sample" in wildcards:
        return samples.get(wildcards["sample"], 0.0)
    if "patient" in wildcards:
        return sum(size for sample, size in samples.items() if patients[sample] == wildcards["patient"])
    return sum(samples.values())


def forecast(
    jobs: Sequence[Job], costs: Costs, samples: Mapping[str, float], patients: Mapping[str, str], cores: int
) -> Forecast:
    """The jobs, list-scheduled on `cores` (see the head of this module).

    A rule without costs counts as Snakemake's own seconds only and is named.
    """
    work = [_Work.of(job, costs, size_of(job.wildcards, samples, patients), cores) for job in jobs]
    wall, memory, peak = _scheduled(jobs, work, cores)
    unknown = sorted({job.rule for job in jobs} - set(costs.rules.index) - {"all"})
    return Forecast(
        wall, sum(w.cpu for w in work), memory, sum(w.kept for w in work), peak, len(jobs), tuple(unknown)
    )


@dataclass(frozen=True)
class _Work:
    cpu: float
    threads: int
    memory: float
    kept: float
    temporary: float

    @classmethod
    def of(cls, job: Job, costs: Costs, gbases: float, cores: int) -> "_Work":
        threads = min(job.threads, cores)
        if job.rule not in costs.rules.index:
            return cls(costs.per_job_s, threads, 0.0, 0.0, 0.0)
        at = costs.rules.loc[job.rule]
        cpu, memory, kept = (
            at[name] + at[f"{name}_per_gbase"] * gbases for name in ("cpu_s", "memory_mb", "kept_mb")
        )
        return cls(cpu + costs.per_job_s, threads, memory, kept, at["temporary_mb_per_gbase"] * gbases)


def _scheduled(jobs: Sequence[Job], work: Sequence[_Work], cores: int) -> tuple[float, float, float]:
    """Wall clock, peak memory of what runs together, peak disk; a temporary file goes with the last job that reads it."""
    maker = {path: number for number, job in enumerate(jobs) for path in job.outputs}
    needs = [{maker[path] for path in job.inputs if path in maker} - {n} for n, job in enumerate(jobs)]
    readers = [set() for _ in jobs]
    for number, before in enumerate(needs):
        for one in before:
            readers[one].add(number)
    # as Snakemake: first what lets a temporary file go, then the order of the plan
    rank = [(not any(work[one].temporary for one in before), n) for n, before in enumerate(needs)]
    waiting, running, ready = (
        [len(n) for n in needs],
        [],
        [rank[n] for n, before in enumerate(needs) if not before],
    )
    heapq.heapify(ready)
    unread = [len(one) for one in readers]
    now = memory = disk = most_memory = most_disk = 0.0
    free, done = cores, 0
    while ready or running:
        later = []
        while ready:
            number = heapq.heappop(ready)[1]
            if work[number].threads > free:
                later.append(rank[number])
                continue
            free -= work[number].threads
            memory += work[number].memory
            disk += work[number].kept + work[number].temporary
            heapq.heappush(running, (now + work[number].cpu / work[number].threads, number))
        ready = later
        heapq.heapify(ready)
        most_memory, most_disk = max(most_memory, memory), max(most_disk, disk)
        now, number = heapq.heappop(running)
        done += 1
        free += work[number].threads
        memory -= work[number].memory
        disk -= 0.0 if readers[number] else work[number].temporary
        for one in needs[number]:
            unread[one] -= 1
            disk -= work[one].temporary if not unread[one] else 0.0
        for one in readers[number]:
            waiting[one] -= 1
            if not waiting[one]:
                heapq.heappush(ready, rank[one])
    if done < len(jobs):
        raise PlanError(
            f"{len(jobs) - done} jobs of the plan wait for each other: its text was not understood"
        )
    return now, most_memory, most_disk


def plan(snakefile: Path, config_file: Path, cores: int, targets: Iterable[str] = ()) -> str:
    """What the dry run of the working directory prints. Raises PlanError with Snakemake's last words."""
    words = [
        sys.executable,
        "-m",
        "snakemake",
        "--snakefile",
        snakefile,
        "--configfile",
        config_file,
        "--dry-run",
        "--nolock",
    ]
    words += ["--cores", cores, *targets]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True)
    if done.returncode:
        raise PlanError(f"the dry run failed:\n{done.stderr[-3000:] or done.stdout[-3000:]}")
    return done.stdout + done.stderr


def text(seen: Forecast, samples: Mapping[str, float], cores: int) -> str:
    """What the target `estimate` prints."""
    rows = [
        ("jobs that remain", f"{seen.jobs}"),
        ("reads", f"{sum(samples.values()):.3g} gigabases in {sum(s > 0 for s in samples.values())} samples"),
        (f"wall clock on {cores} cores", _long(seen.wall_s)),
        ("processor time", f"{seen.cpu_s / HOUR:.3g} core-hours"),
        ("memory, jobs together", f"{seen.memory_mb / 1000:.2g} GB"),
        ("disk, kept", f"{seen.kept_mb / 1000:.3g} GB"),
        ("disk, at its peak", f"{seen.peak_mb / 1000:.3g} GB"),
    ]
    lines = [f"{name:<26} {value}" for name, value in rows]
    if seen.unknown:
        lines.append(f"Without known costs, counted as nothing: {', '.join(seen.unknown)}")
    return "\n".join(
        [
            *lines,
            "From costs of finished runs (resources/costs.tsv); how far it can be trusted: docs/scale.md",
        ]
    )


def _long(seconds: float) -> str:
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * HOUR:
        return f"{seconds / MINUTE:.0f} min"
    return f"{seconds / HOUR:.1f} h" if seconds < 2 * DAY else f"{seconds / DAY:.1f} days"
