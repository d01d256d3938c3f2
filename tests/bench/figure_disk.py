"""Disk of a whole run on exomes and RNA: what is kept and the most that stood at once, over the bytes of the reads.

What a cohort makes once (references, the copy-number panel of the kit) is left out: it does not grow with the reads.
"""

import subprocess
import threading
from pathlib import Path

import figure_reads
import reads
from measure import single

GOALS = {"kept": 0.5, "peak": 1.5}
WANTED = (
    "results/calls/annotated_variants.tsv.gz",
    "results/calls/segments.tsv.gz",
    "results/calls/structural_variants.tsv",
    "results/expression/counts.tsv.gz",
    "results/expression/fusions.tsv",
)
EVERY = 0.1
ONCE = ("results/references", "results/calls/panels", "in")


def held(here: Path) -> int:
    """Bytes below the run's folder, hidden and half-made files too, without what a cohort makes once."""
    total = 0
    left_out = {here / name for name in ONCE}
    open_folders = [here]
    while open_folders:
        try:
            found = list(open_folders.pop().iterdir())
        except FileNotFoundError:
            continue
        for path in found:
            if path in left_out or path.is_symlink():
                continue
            try:
                if path.is_dir():
                    open_folders.append(path)
                else:
                    total += path.stat().st_size
            except FileNotFoundError:
                continue
    return total


def watched(here: Path, words: list) -> tuple[int, int]:
    """(bytes at the end, the most seen at once) of a command that works in a folder, beyond what stood before."""
    before = held(here)
    most, stop = [before], threading.Event()

    def look() -> None:
        while not stop.wait(EVERY):
            most.append(max(most.pop(), held(here)))

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True)
    stop.set()
    watcher.join()
    if done.returncode:
        raise RuntimeError(f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return held(here) - before, most[0] - before


def taken(work: Path, data: Path) -> dict:
    """Bytes of one run."""
    references = sorted({*figure_reads.REFERENCES, "star", "genes.tsv", "exons.tsv.gz"})
    here = figure_reads.prepared(work, data, "bwa", "all", references)
    figure_reads.forget(here)
    kept, peak = watched(here, figure_reads.words(here, reads.config(data, "bwa", "all"), WANTED))
    left = [str(p.relative_to(here)) for p in (here / "results").rglob("*") if temporary(p)]
    size = sum(path.stat().st_size for name in "TNR" for path in figure_reads.fastqs(data, name))
    return {"input": size, "kept": kept, "peak": peak, "left": left}


def temporary(path: Path) -> bool:
    """Is it something that no finished run may leave: private names, decoded BAM files, uncompressed reads."""
    return (
        path.name.startswith(".")
        and path.name != ".snakemake_timestamp"
        or path.suffix in (".bam", ".fq", ".part")
    )


def rows(work: Path, kept, data: Path) -> list[dict]:
    seen = kept.once("disk", lambda: taken(work, data))
    left = f"left behind: {', '.join(seen['left'])}" if seen["left"] else "no temporary file is left"
    note = {"kept": left, "peak": "sampled ten times a second while the run goes, two jobs at once"}
    names = {"kept": "disk kept, of the reads' bytes", "peak": "disk at its peak, of the reads' bytes"}
    made = []
    for name, goal in GOALS.items():
        ours, size = seen[name] / 1e6, seen["input"] / 1e6
        row = single(names[name], ours, "", "MB", note[name])
        made.append(row | {"reference": size, "ratio": ours / size, "goal": goal,
                           "met": "yes" if ours / size <= goal else "no"})  # fmt: skip
    return made
