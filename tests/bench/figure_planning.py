"""Planning a cohort of many patients, how it grows, and what parsing the Snakefile adds to Snakemake's own start."""

import re
import shutil
import statistics
import sys

import numpy as np
from measure import PROJECT, run, single, take

sys.path.insert(0, str(PROJECT / "tests/workflow"))
import planning  # noqa: E402

GOAL_SECONDS, GOAL_MB, GOAL_PARSE = 40, 1000, 1.0
STEPS = {"tiny": (2, 4, 8), "small": (100, 300, 1000), "full": (100, 300, 1000)}


def rows(work, kept, size: str, pairs: int) -> list[dict]:
    """Seconds and memory of a dry run, growth over three cohort sizes, parse time."""
    steps = STEPS[size]
    taken = {n: kept.once(f"plan {n}", lambda n=n: plan(work / "planning", n)) for n in steps}
    most = taken[steps[-1]]
    goal = (
        {"goal_s": GOAL_SECONDS, "goal_mb": GOAL_MB} if steps[-1] == 1000 else {"goal_s": "", "goal_mb": ""}
    )
    note = f"{most['jobs']} jobs, 4 lanes, 3 samples a patient; {most['cpu']:.1f} s of processor time"
    load = max(one["load"] for one in taken.values())
    out = [
        single(f"planning {steps[-1]} patients", most["wall"], goal["goal_s"], "s", note, load=load),
        single(f"planning {steps[-1]} patients, memory", most["memory_mb"], goal["goal_mb"], "MB", load=load),
    ]
    for name, unit in (("jobs", "jobs"), ("cpu", "s")):
        fitted = fit(steps, [taken[n][name] for n in steps])
        out.append(
            single(
                f"growth: {name} a patient",
                fitted["slope"],
                25 if name == "jobs" and steps[-1] == 1000 else "",
                unit,
                f"{', '.join(f'{n}: {taken[n][name]:.5g}' for n in steps)}; linear fit with R2 {fitted['r2']:.4f}",
                load=load,
            )
        )
    parse = kept.once("parse", lambda: parse_time(work / "planning", max(pairs, 3)))
    out.append(
        single(
            "Snakefile parse beyond Snakemake's own start (processor)",
            parse["median"],
            GOAL_PARSE,
            "s",
            f"a job's own parse of {steps[0]} patients against an empty Snakefile",
            ours_low=parse["low"],
            ours_high=parse["high"],
            pairs=parse["pairs"],
        )
    )
    return out


def fit(x, y) -> dict[str, float]:
    """Least squares line: slope and the share of the variance that it explains."""
    slope, start = np.polyfit(x, y, 1)
    left = np.asarray(y) - (slope * np.asarray(x) + start)
    total = np.sum((np.asarray(y) - np.mean(y)) ** 2)
    return {"slope": float(slope), "r2": float(1 - np.sum(left**2) / total) if total else 1.0}


def plan(folder, patients: int) -> dict:
    """Wall, processor, memory and jobs of the dry run of a made-up cohort."""
    here = folder / str(patients)
    shutil.rmtree(here, ignore_errors=True)
    config = planning.cohort(here, patients=patients, lanes=4)

    def work():
        words = [PROJECT / "run", "--configfile", config, "--directory", here, "--dry-run", "--cores", "2"]
        done = run([*words, "--quiet", "rules"])
        (here / "plan.txt").write_text(done.stdout + done.stderr)

    taken = take(work)
    # a dict: Snakemake prints the table before and after the jobs
    said = dict(re.findall(r"^(\w+)\s+(\d+)\s*$", (here / "plan.txt").read_text(), flags=re.MULTILINE))
    jobs = sum(int(count) for rule, count in said.items() if rule != "total")
    shutil.rmtree(here)
    return {"wall": taken.wall, "cpu": taken.cpu, "memory_mb": taken.memory_mb, "load": taken.load,
            "jobs": jobs}  # fmt: skip


def parse_time(folder, times: int) -> dict:
    """Processor seconds of what every job repeats, minus those of the same start with an empty Snakefile."""
    here = folder / "parse"
    shutil.rmtree(here, ignore_errors=True)
    config = planning.cohort(here, patients=100, lanes=4)
    empty = here / "Empty"
    empty.write_text("rule nothing:\n    output: 'x'\n    shell: 'touch {output}'\n")
    start = [sys.executable, "-m", "snakemake", "--directory", here, "--cores", "1", "--list-rules"]
    differences = []
    for _ in range(times):
        full = take(lambda: run([*start, "--snakefile", PROJECT / "Snakefile", "--configfile", config]))
        bare = take(lambda: run([*start, "--snakefile", empty]))
        differences.append(full.cpu - bare.cpu)
    return {"median": statistics.median(differences), "low": min(differences), "high": max(differences),
            "pairs": times}  # fmt: skip
