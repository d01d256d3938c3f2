"""The comparison stage of a large cohort: its rules, run by Snakemake on made-up tables; seconds and memory of each rule."""

import re
import shutil

import comparison_inputs
import pandas as pd
from measure import PROJECT, run, single, take

GOAL_SECONDS, GOAL_MB = 180, 4000
SIZES = {"tiny": (40, 500), "small": (1000, 20_000), "full": (1000, 20_000)}
RULES = PROJECT / "workflow/rules/comparison.smk"


def rows(work, kept, size: str, pairs: int) -> list[dict]:
    """Wall clock of the stage, memory of its largest rule; a row per rule without a goal."""
    patients, genes = SIZES[size]
    told = kept.once(f"comparison {patients} x {genes}", lambda: once(work / "comparison", patients, genes))
    goals = (GOAL_SECONDS, GOAL_MB) if patients == 1000 else ("", "")
    what = f"comparison of {patients} patients x {genes} genes"
    note = f"the whole stage on 2 cores, Snakemake's start in it; {told['cpu']:.0f} s of processor time"
    out = [single(what, told["wall"], goals[0], "s", note, load=told["load"])]
    most = max(told["rules"], key=lambda one: one["memory_mb"])
    out.append(
        single(f"{what}, memory", most["memory_mb"], goals[1], "MB", f"of {most['rule']}", load=told["load"])
    )
    for one in sorted(told["rules"], key=lambda one: -one["wall"]):
        note = f"{one['cpu']:.1f} s of processor time, {one['memory_mb']:.0f} MB"
        out.append(single(f"comparison: {one['rule']}", one["wall"], "", "s", note, load=told["load"]))
    return out


def once(folder, patients: int, genes: int) -> dict:
    """Make the tables, run the stage, read the benchmark files of its rules."""
    shutil.rmtree(folder, ignore_errors=True)
    config = comparison_inputs.make(folder, patients, genes)
    text = RULES.read_text()
    rules = re.findall(r"^rule (\w+):", text, flags=re.MULTILINE)
    targets = sorted(set(re.findall(r'"(results/comparison/\w+\.(?:tsv|txt))"', text)))
    words = [PROJECT / "run", *targets, "--configfile", config, "--directory", folder, "--cores", "2"]
    # only these rules: what they read is there, and nothing that makes it may run
    taken = take(lambda: run([*words, "--rerun-triggers", "mtime", "--allowed-rules", *rules]))
    seen = [_benchmark(folder / "benchmarks" / f"{rule}.tsv", rule) for rule in rules]
    shutil.rmtree(folder)
    return {"wall": taken.wall, "cpu": taken.cpu, "load": taken.load, "rules": seen}


def _benchmark(path, rule: str) -> dict:
    row = pd.read_csv(path, sep="\t", na_values=["-", "NA"]).iloc[-1]
    return {
        "rule": rule,
        "wall": float(row["s"]),
        "cpu": float(row["cpu_time"]),
        "memory_mb": float(row["max_rss"]),
    }
