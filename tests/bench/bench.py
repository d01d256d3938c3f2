"""All figures of speed, scale and disk: python tests/bench/bench.py [--reads small] [--pairs 5] [--figures a,b,...].

Measurements are kept below --work; a run that was stopped goes on, and --again forgets them.
"""

import argparse
import hashlib
import os
import sys
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import figure_comparison  # noqa: E402
import figure_disk  # noqa: E402
import figure_planning  # noqa: E402
import figure_reads  # noqa: E402
import figure_rna  # noqa: E402
import measure  # noqa: E402
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
    parser.add_argument("--again", action="store_true", help="forget what was measured before")
    asked = parser.parse_args()
    work = asked.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    kept_file = work / "measured.jsonl"
    if asked.again:
        kept_file.unlink(missing_ok=True)
    kept = Kept(kept_file, f"{asked.reads} {code()}")
    figures = asked.figures.split(",")
    data = reads.make(work, asked.reads) if {"align", "calls", "rna", "disk"} & set(figures) else None
    doing = {
        "align": lambda: figure_reads.align_rows(work, kept, data, asked.pairs, asked.aligners),
        "calls": lambda: figure_reads.calls_rows(work, kept, data, asked.pairs, asked.aligners),
        "rna": lambda: figure_rna.rows(work, kept, data, asked.pairs),
        "disk": lambda: figure_disk.rows(work, kept, data),
        "comparison": lambda: figure_comparison.rows(work, kept, asked.reads, asked.pairs),
        "planning": lambda: figure_planning.rows(work, kept, asked.reads, asked.pairs),
    }
    rows, failed = [], []
    for name in figures:
        try:
            rows += doing[name]()
        except Exception:
            failed.append(name)
            traceback.print_exc()
        measure.write(rows, asked.out)
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
        say(f"could not be measured: {', '.join(failed)}")
    return bool(failed)


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
