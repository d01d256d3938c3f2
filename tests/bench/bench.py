"""All figures of speed, scale and disk: python tests/bench/bench.py [--reads small] [--pairs 5] [--figures a,b,...].

Every figure is measured once, then a second time, and so on: the table stands after each round, and --minutes ends
the run when a further round would begin later. Measurements are kept below --work; a run that was stopped goes on,
and --again forgets them. --readme puts the table of --out into README.md and docs/bench.tsv and measures nothing.
"""

import argparse
import hashlib
import os
import sys
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import figure_comparison  # noqa: E402
import figure_disk  # noqa: E402
import figure_planning  # noqa: E402
import figure_reads  # noqa: E402
import figure_rna  # noqa: E402
import measure  # noqa: E402
import readme_table  # noqa: E402
import reads  # noqa: E402
from measure import PROJECT, Kept, say  # noqa: E402

FIGURES = ("align", "calls", "rna", "disk", "comparison", "planning")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reads", choices=tuple(reads.SIZES), default="small")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--figures", default=",".join(FIGURES))
    parser.add_argument("--aligners", default="bwa,bwa-mem4")
    parser.add_argument("--work", type=Path, default=PROJECT / "demo/runs/bench")
    parser.add_argument("--out", type=Path, default=PROJECT / "results/bench/bench.tsv")
    parser.add_argument(
        "--minutes", type=float, default=0, help="begin no further round after this long; 0: no limit"
    )
    parser.add_argument(
        "--readme", action="store_true", help="copy the table into README.md and docs/bench.tsv"
    )
    parser.add_argument("--again", action="store_true", help="forget what was measured before")
    asked = parser.parse_args()
    if asked.readme:
        readme_table.put(asked.out)
        return 0
    started = time.monotonic()
    work = asked.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    kept_file = work / "measured.jsonl"
    if asked.again:
        kept_file.unlink(missing_ok=True)
    kept = Kept(kept_file, f"{asked.reads} {code()}")
    figures = asked.figures.split(",")
    data = reads.make(work, asked.reads) if {"align", "calls", "rna", "disk"} & set(figures) else None
    doing = {
        "align": lambda pairs: figure_reads.align_rows(work, kept, data, pairs, asked.aligners),
        "calls": lambda pairs: figure_reads.calls_rows(work, kept, data, pairs, asked.aligners),
        "rna": lambda pairs: figure_rna.rows(work, kept, data, pairs),
        "disk": lambda pairs: figure_disk.rows(work, kept, data),
        "comparison": lambda pairs: figure_comparison.rows(work, kept, asked.reads, pairs),
        "planning": lambda pairs: figure_planning.rows(work, kept, asked.reads, pairs),
    }
    found: dict[str, list] = {}
    failed: set[str] = set()
    for pairs in range(1, asked.pairs + 1):
        for name in figures:
            if name in failed or (name in found and late(started, asked.minutes)):
                continue
            try:
                found[name] = doing[name](pairs)
            except Exception:
                failed.add(name)
                traceback.print_exc()
            measure.write(dated([row for rows in found.values() for row in rows], asked.reads), asked.out)
    rows = [row for rows in found.values() for row in rows]
    print(measure.table_text(rows))
    busiest = max((row["load"] for row in rows if row["load"] != ""), default=0)
    print(
        f"\n{os.cpu_count()} cores, {asked.reads} reads, {asked.pairs} interleaved pairs; table: {asked.out}"
    )
    print(
        "ratio: median [lowest-highest] of the pairs; load: average of the machine just before a measurement"
    )
    if busiest > measure.QUIET + os.cpu_count():
        print(
            f"the machine was not quiet (load {busiest:.1f}): compare processor seconds (cpu_ratio), not wall clock"
        )
    if failed:
        say(f"could not be measured: {', '.join(sorted(failed))}")
    return bool(failed)


def late(started: float, minutes: float) -> bool:
    """Is the time over that the caller gave?"""
    return bool(minutes) and time.monotonic() - started > 60 * minutes


def dated(rows: list[dict], size: str) -> list[dict]:
    """The rows with what they were measured on: reads, day, commit and cores."""
    commit = measure.run(["git", "-C", PROJECT, "describe", "--always", "--dirty"]).stdout.strip()
    more = {"reads": size, "date": time.strftime("%Y-%m-%d"), "commit": commit, "cores": os.cpu_count()}
    return [row | more for row in rows]


def code() -> str:
    """Digest of the product and the benchmark: other code, other measurements."""
    paths = [*(PROJECT / "workflow").rglob("*.py"), *(PROJECT / "workflow").rglob("*.smk"),
             *Path(__file__).parent.glob("*.py"), PROJECT / "Snakefile"]  # fmt: skip
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(path.read_bytes())
    return total.hexdigest()[:12]


if __name__ == "__main__":
    sys.exit(main())
