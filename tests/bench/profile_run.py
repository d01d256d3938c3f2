"""Where a run's time goes: processor seconds by job and program, wall clock by job, sampled from outside.

python tests/bench/profile_run.py [--reads small] [--aligner bwa] [--figure calls|rna]; writes results/bench/profile.tsv.
"""

import argparse
import csv
import os
import re
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import figure_reads  # noqa: E402
import figure_rna  # noqa: E402
import psutil  # noqa: E402
import reads  # noqa: E402
from measure import PROJECT  # noqa: E402

EVERY = 0.05
SCRIPT = re.compile(r"/tmp[^/]*?\.(\w+)\.py")
GATK = re.compile(r"org\.broadinstitute\.hellbender\.Main")


def program(words: list[str]) -> str:
    """What a process is called in the table: the tool of GATK, else the name of its program."""
    if not words:
        return ""
    at = next((i for i, word in enumerate(words) if GATK.match(word)), None)
    if at is not None and at + 1 < len(words):
        return f"gatk {words[at + 1]}"
    name = Path(words[0]).name
    if name == "java":
        return "java snpEff" if any("snpEff" in word for word in words) else "java"
    if name in ("samtools", "bcftools", "bwa", "bwa-mem4") and len(words) > 1:
        return f"{name} {words[1]}"
    return "python" if name.startswith("python") else name


def job_of(words: list[str], inherited: str) -> str:
    """The rule whose script this process is, else its parent's."""
    found = next((m for word in words if (m := SCRIPT.search(word))), None)
    return found.group(1) if found else inherited


def sampled(words: list) -> tuple[float, dict[tuple[str, str], float], dict[str, float], dict[str, int]]:
    """(wall, cpu by job and program, seconds in which a job was seen, processes by program) of a command.

    A process that lives shorter than a look at it is missed; its time is in the last row of the caller, "not seen".
    """
    started = time.monotonic()
    root = psutil.Popen([str(w) for w in words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seen: dict[tuple, tuple[str, str, float]] = {}
    present: dict[str, float] = defaultdict(float)
    before = started
    while root.poll() is None:
        jobs = {root.pid: "snakemake"}
        now = time.monotonic()
        try:
            family = root.children(recursive=True)
        except psutil.Error:
            break
        for process in [root, *family]:
            try:
                line, took = process.cmdline(), process.cpu_times()
                job = (
                    "snakemake"
                    if process.pid == root.pid
                    else job_of(line, jobs.get(process.ppid(), "snakemake"))
                )
                jobs[process.pid] = job
                seen[(process.pid, process.create_time())] = (job, program(line), took.user + took.system)
            except psutil.Error:
                continue
        for job in set(jobs.values()):
            present[job] += now - before
        before = now
        time.sleep(EVERY)
    wall = time.monotonic() - started
    total: dict[tuple[str, str], float] = defaultdict(float)
    count: dict[str, int] = defaultdict(int)
    for job, name, took in seen.values():
        total[job, name] += took
        count[name] += 1
    return wall, total, present, count


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reads", choices=tuple(reads.SIZES), default="small")
    parser.add_argument("--aligner", default="bwa")
    parser.add_argument("--figure", choices=("calls", "rna"), default="calls")
    parser.add_argument("--work", type=Path, default=PROJECT / "demo/runs/bench")
    parser.add_argument("--out", type=Path, default=PROJECT / "results/bench/profile.tsv")
    asked = parser.parse_args()
    data = reads.make(asked.work.resolve(), asked.reads)
    if asked.figure == "calls":
        here, config = figure_reads.prepared(asked.work.resolve(), data, asked.aligner), None
        config, targets = reads.config(data, asked.aligner), figure_reads.CALLS
    else:
        here = figure_rna.prepared(asked.work.resolve(), data)
        config, targets = reads.config(data, "bwa", "rna"), figure_rna.WANTED
    figure_reads.forget(here)
    before = os.times()
    wall, total, present, count = sampled(figure_reads.words(here, config, targets))
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    rows = [(job, name, round(took, 2)) for (job, name), took in sorted(total.items(), key=lambda i: -i[1])]
    rows.append(("", "not seen (shorter than a look)", round(cpu - sum(total.values()), 2)))
    with open(asked.out, "w", newline="") as handle:
        table = csv.writer(handle, delimiter="\t", lineterminator="\n")
        table.writerow(("job", "program", "cpu_seconds"))
        table.writerows(rows)
    print(f"wall {wall:.1f} s, processor {cpu:.1f} s, load {os.getloadavg()[0]:.1f}")
    for row in rows:
        if row[2] >= 0.3:
            print("\t".join(map(str, row)))
    print(
        "seconds a job was there: "
        + ", ".join(f"{j} {s:.1f}" for j, s in sorted(present.items(), key=lambda i: -i[1]))
    )
    print(
        "processes: " + ", ".join(f"{n} {c}" for n, c in sorted(count.items(), key=lambda i: -i[1]) if c > 1)
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
