"""Costs per rule from finished runs, and how well they predict another: resources/costs.tsv.

    python tests/bench/fit_costs.py fit RUN [RUN ...] > resources/costs.tsv
    python tests/bench/fit_costs.py check RUN CORES     predicted and seen of a run that was not fitted

RUN is a working directory with config.yaml, .snakemake/metadata and benchmarks. Processor seconds and memory come from the
benchmark files, which other load on the machine moves little; of rules without one, from start and end in Snakemake's
metadata, scaled by what share of the clock the benchmarked jobs of that run had. Disk: the outputs that are there.
"""

import argparse
import base64
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from scipy.optimize import nnls

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "workflow/scripts"))
from snakemake.utils import update_config  # noqa: E402

from myeloma import cohort, estimates, settings  # noqa: E402

#: Counted in one file of the large demo: 18.2 million bases in 14.5 MB of FASTQ (made-up qualities compress badly; a
#: NovaSeq file with four quality values has about twice as many bases a byte).
BASES_PER_BYTE = 1.254
#: Snakemake's own processor time a job, its sampling of the benchmarks in it; assumption.
PER_JOB_S = 0.5
#: The BAM that decode_wes writes (samtools view --fast): 24.1 MB for 35.9 million bases of the large demo.
TEMPORARY = {"decode_wes": 671.0}


@dataclass(frozen=True)
class Seen:
    """One finished job; nan where nothing was measured. start, end: seconds since 1970."""

    rule: str
    gbases: float
    cpu: float
    memory: float
    kept: float
    start: float
    end: float
    measured: bool


def sizes_of(run: Path) -> tuple[dict[str, float], dict[str, str]]:
    """Sample -> gigabases, sample -> patient."""
    config = yaml.safe_load((PROJECT / "config/config.yaml").read_text())
    update_config(config, yaml.safe_load((run / "config.yaml").read_text()))
    seen = cohort.load_cohort(settings.load(config, PROJECT, run), check_files=False)
    found = {}
    for sample in (*seen.wes_samples, *seen.rna_samples):
        files = [p for u in sample.units for p in (u.fastq_1, u.fastq_2, u.bam) if p]
        found[sample.sample] = sum((run / p).stat().st_size for p in files) * BASES_PER_BYTE / 1e9
    return found, {name: seen.sample(name).patient for name in found}


def jobs_of(run: Path) -> list[Seen]:
    """Every job of which Snakemake kept a record, told apart by its log."""
    samples, patients = sizes_of(run)
    records, outputs = {}, {}
    for path in (run / ".snakemake/metadata").rglob("*"):
        if not path.is_file():
            continue
        record = json.loads(path.read_text())
        if record.get("log") and record.get("endtime") and not record.get("incomplete"):
            records[record["log"][0]] = record
            outputs.setdefault(record["log"][0], []).append(_decoded(path, run / ".snakemake/metadata"))
    jobs = []
    for log, record in records.items():
        name = Path(log).stem if Path(log).parent.name == record["rule"] else ""
        kind = "sample" if name in samples else "patient" if name in set(patients.values()) else "run"
        size = estimates.size_of({kind: name}, samples, patients)
        of = run / "benchmarks" / (f"{record['rule']}/{name}.tsv" if name else f"{record['rule']}.tsv")
        cpu, memory = _benchmark(of)
        kept = sum(_bytes(run / out) for out in outputs[log]) / 1e6
        jobs.append(
            Seen(record["rule"], size, cpu, memory, kept, record["starttime"], record["endtime"], cpu == cpu)
        )
    return _scaled(jobs)


def _decoded(path: Path, folder: Path) -> str:
    """Output whose record this is: Snakemake names it by the base64 of its path, cut into folders where it is long."""
    name = "".join(part.removeprefix("@") for part in path.relative_to(folder).parts)
    return base64.b64decode(name + "=" * (-len(name) % 4), altchars=b"-_").decode()


def _benchmark(path: Path) -> tuple[float, float]:
    if not path.exists():
        return np.nan, np.nan
    row = pd.read_csv(path, sep="\t", na_values=["-", "NA"]).iloc[-1]
    return float(row["cpu_time"]), float(row["max_rss"])


def _bytes(path: Path) -> int:
    if path.is_dir():
        return sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
    return path.stat().st_size if path.exists() else 0


def _scaled(jobs: list[Seen]) -> list[Seen]:
    """Jobs without a benchmark get the share of their clock that the benchmarked ones had."""
    told = [job for job in jobs if job.measured and job.end > job.start]
    share = min(1.0, float(np.median([job.cpu / (job.end - job.start) for job in told]))) if told else 1.0
    return [
        job if job.measured else Seen(**(vars(job) | {"cpu": share * (job.end - job.start)})) for job in jobs
    ]


def line(sizes: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """Constant and slope, neither below 0 (non-negative least squares); one size only: a constant."""
    known = np.isfinite(values)
    sizes, values = sizes[known], values[known]
    if not len(values):
        return 0.0, 0.0
    if np.ptp(sizes) < 0.05 * sizes.mean():
        return float(values.mean()), 0.0
    found, _ = nnls(np.column_stack([np.ones(len(sizes)), sizes]), values)
    return float(found[0]), float(found[1])


def fit(runs: list[Path]) -> pd.DataFrame:
    """One row per rule. Memory: the line, lifted to its highest job."""
    seen = pd.DataFrame([vars(job) for run in runs for job in jobs_of(run)])
    rows = []
    for rule, jobs in seen.groupby("rule"):
        size = jobs["gbases"].to_numpy(float)
        row = {
            "rule": rule,
            "jobs": len(jobs),
            "source": "benchmark" if jobs["measured"].any() else "metadata",
        }
        row["cpu_s"], row["cpu_s_per_gbase"] = line(size, jobs["cpu"].to_numpy(float))
        memory = jobs["memory"].to_numpy(float)
        row["memory_mb"], row["memory_mb_per_gbase"] = line(size, memory)
        if np.isfinite(memory).any():
            row["memory_mb"] += max(
                0.0, np.nanmax(memory - row["memory_mb"] - row["memory_mb_per_gbase"] * size)
            )
        row["kept_mb"], row["kept_mb_per_gbase"] = line(size, jobs["kept"].to_numpy(float))
        row["temporary_mb_per_gbase"] = TEMPORARY.get(str(rule), 0.0)
        if rule in TEMPORARY:
            row["kept_mb"] = row["kept_mb_per_gbase"] = 0.0
        rows.append(row)
    return pd.DataFrame(rows)[["rule", "jobs", "source", *estimates.NUMBERS]]


def written(frame: pd.DataFrame, source: str) -> str:
    """The table with its constants."""
    head = [
        "# Costs per rule: constant and term per gigabase of reads, fitted by tests/bench/fit_costs.py.",
        f"# Source: {source}",
        f"# bases_per_byte = {BASES_PER_BYTE}",
        f"# per_job_s = {PER_JOB_S}",
    ]
    return "\n".join(head) + "\n" + frame.to_csv(sep="\t", index=False, float_format="%.4g")


def check(run: Path, cores: int, costs: estimates.Costs) -> list[tuple[str, float, float]]:
    """(quantity, predicted, seen) of a finished run: the jobs that it did, without their order."""
    samples, patients = sizes_of(run)
    jobs = jobs_of(run)
    predicted = {name: 0.0 for name in ("cpu", "kept")}
    for job in jobs:
        at = costs.rules.loc[job.rule] if job.rule in costs.rules.index else None
        if at is not None:
            predicted["cpu"] += at["cpu_s"] + at["cpu_s_per_gbase"] * job.gbases
            predicted["kept"] += at["kept_mb"] + at["kept_mb_per_gbase"] * job.gbases
    plan = estimates.plan(
        PROJECT / "Snakefile", run / "config.yaml", cores, ("--forceall", "--directory", run)
    )
    made = estimates.forecast(estimates.jobs_of(plan), costs, samples, patients, cores)
    return [
        ("processor seconds of the jobs seen", predicted["cpu"], sum(job.cpu for job in jobs)),
        ("kept, MB", predicted["kept"], sum(job.kept for job in jobs)),
        (
            f"wall clock on {cores} cores, s",
            made.wall_s,
            max(job.end for job in jobs) - min(job.start for job in jobs),
        ),
        ("largest job, MB", _largest(jobs, costs), max(job.memory for job in jobs if job.measured)),
    ]


def _largest(jobs: list[Seen], costs: estimates.Costs) -> float:
    known = [(costs.rules.loc[job.rule], job.gbases) for job in jobs if job.rule in costs.rules.index]
    return max(at["memory_mb"] + at["memory_mb_per_gbase"] * size for at, size in known)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    fitting = commands.add_parser("fit")
    fitting.add_argument("run", type=Path, nargs="+")
    fitting.add_argument("--source", default="", help="which cohort, which machine")
    checking = commands.add_parser("check")
    checking.add_argument("run", type=Path)
    checking.add_argument("cores", type=int)
    asked = parser.parse_args()
    if asked.command == "fit":
        runs = [run.resolve() for run in asked.run]
        print(written(fit(runs), asked.source or ", ".join(run.name for run in runs)), end="")
        return
    costs = estimates.read_costs(PROJECT / "resources/costs.tsv")
    for name, predicted, seen in check(asked.run.resolve(), asked.cores, costs):
        print(f"{name:<36} predicted {predicted:10.4g}   seen {seen:10.4g}   ratio {predicted / seen:.2f}")


if __name__ == "__main__":
    main()
