"""Wall clock, processor seconds and memory of a command or a function; pairs; the rows of bench.tsv."""

import csv
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
COLUMNS = (
    "figure",
    "ours",
    "reference",
    "ratio",
    "goal",
    "accuracy_ours",
    "accuracy_reference",
    "ratio_low",
    "ratio_high",
    "pairs",
    "unit",
    "ours_low",
    "ours_high",
    "reference_low",
    "reference_high",
    "cpu_ratio",
    "met",
    "load",
    "note",
    "reads",
    "date",
    "commit",
    "cores",
)
#: Other people's load (1-minute average before a measurement) up to which a machine counts as quiet.
QUIET = 0.5


@dataclass(frozen=True)
class Taken:
    """One measurement: seconds of wall clock and processor (all descendants), peak memory of the largest process."""

    wall: float
    cpu: float
    memory_mb: float
    load: float = 0.0


def _child(work: Callable, pipe) -> None:
    """Run the work in this fresh process and send what it and its descendants took."""
    load = os.getloadavg()[0]
    start = time.monotonic()
    try:
        work()
    except BaseException as error:
        pipe.send(f"{type(error).__name__}: {error}")
        raise
    wall = time.monotonic() - start
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(u.ru_utime + u.ru_stime for u in used)
    pipe.send(Taken(wall, cpu, max(u.ru_maxrss for u in used) / 1024, load))


def take(work: Callable[[], None]) -> Taken:
    """Measure `work` in a process of its own, so that peak memory is that of this work alone."""
    context = get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(work, theirs))
    process.start()
    theirs.close()
    try:
        told = ours.recv()
    except EOFError:
        told = "the process died without a word"
    process.join()
    if isinstance(told, str):
        raise RuntimeError(f"a measured piece of work failed: {told}")
    return told


def run(words: Sequence, **how) -> subprocess.CompletedProcess:
    """A command that must succeed; what it says is kept for the error."""
    given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | how
    done = subprocess.run([str(w) for w in words], **given)
    if done.returncode:
        said = "\n".join((text or "")[-3000:] for text in (done.stdout, done.stderr))
        raise RuntimeError(f"{' '.join(map(str, words))}\n{said}")
    return done


def pipe(*members: Sequence, to: Path | None = None) -> None:
    """Commands joined by pipes, as a peer's shell line joins them; each must succeed."""
    last, started = None, []
    for number, words in enumerate(members):
        final = number == len(members) - 1
        out = subprocess.PIPE if not final else (open(to, "wb") if to else subprocess.DEVNULL)
        process = subprocess.Popen([str(w) for w in words], stdin=last, stdout=out, stderr=subprocess.DEVNULL)
        if last is not None:
            last.close()
        if final and to:
            out.close()
        last = process.stdout
        started.append((words, process))
    for words, process in started:
        if process.wait():
            raise RuntimeError(f"{' '.join(map(str, words))} failed")


class Kept:
    """Measurements of a work folder, so that a stopped run goes on where it was: one JSON line each."""

    def __init__(self, path: Path, key: str):
        self.path, self.key = path, key
        path.parent.mkdir(parents=True, exist_ok=True)

    def of(self, name: str) -> list[dict]:
        """What was taken under this name and key, oldest first."""
        if not self.path.exists():
            return []
        rows = [json.loads(line) for line in self.path.read_text().splitlines()]
        return [row["taken"] for row in rows if (row["key"], row["name"]) == (self.key, name)]

    def add(self, name: str, taken: dict) -> None:
        with open(self.path, "a") as handle:
            handle.write(json.dumps({"key": self.key, "name": name, "taken": taken}) + "\n")

    def once(self, name: str, make: Callable[[], dict]) -> dict:
        """The kept measurement of this name, else a new one."""
        if seen := self.of(name):
            return seen[-1]
        say(f"{name}")
        self.add(name, make())
        return self.of(name)[-1]

    def series(self, sides: dict[str, Callable[[], None]], pairs: int, name: str) -> list[dict[str, Taken]]:
        """`pairs` rounds in which every side is measured once, interleaved, each second round in reverse order."""
        rounds = [{s: Taken(**t) for s, t in one.items()} for one in self.of(name)]
        while len(rounds) < pairs:
            order = list(sides) if len(rounds) % 2 == 0 else list(reversed(sides))
            say(f"{name}: round {len(rounds) + 1} of {pairs}")
            one = {}
            for side in order:
                one[side] = take(sides[side])
                say(f"    {side}: {one[side].wall:.1f} s wall, {one[side].cpu:.1f} s processor")
            self.add(name, {side: asdict(taken) for side, taken in one.items()})
            rounds.append(one)
        return rounds[:pairs]


def say(text: str) -> None:
    """A line of progress."""
    print(text, file=sys.stderr, flush=True)


def compared(figure, rounds, ours, reference, goal, note="", accuracy=("", "")) -> dict:
    """A row: median of the ratios of the rounds with their lowest and highest; wall clock decides."""
    ratios = [one[ours].wall / one[reference].wall for one in rounds]
    of = {side: sorted(one[side].wall for one in rounds) for side in (ours, reference)}
    load = max(one[side].load for one in rounds for side in (ours, reference))
    ratio = statistics.median(ratios)
    return {
        "figure": figure,
        "ours": statistics.median(of[ours]),
        "reference": statistics.median(of[reference]),
        "ratio": ratio,
        "goal": goal,
        "accuracy_ours": accuracy[0],
        "accuracy_reference": accuracy[1],
        "ratio_low": min(ratios),
        "ratio_high": max(ratios),
        "pairs": len(rounds),
        "unit": "s",
        "ours_low": of[ours][0],
        "ours_high": of[ours][-1],
        "reference_low": of[reference][0],
        "reference_high": of[reference][-1],
        "cpu_ratio": statistics.median(one[ours].cpu / one[reference].cpu for one in rounds),
        "met": verdict(ratio, goal),
        "load": load,
        "note": note,
    }


def single(figure, value, goal, unit="s", note="", **more) -> dict:
    """A row that has no reference: its value against a fixed goal."""
    row = dict.fromkeys(COLUMNS, "")
    ratio = value / goal if goal else ""
    return row | {
        "figure": figure,
        "ours": value,
        "reference": goal if goal else "",
        "ratio": ratio,
        "goal": 1 if goal else "",
        "unit": unit,
        "met": verdict(value, goal),
        "note": note,
        **more,
    }


def verdict(value: float, goal) -> str:
    """Was the goal met: yes, no, or empty where there is none."""
    return "" if goal in ("", None) else ("yes" if value <= goal else "no")


def write(rows: list[dict], path: Path) -> None:
    """bench.tsv, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    private = path.with_suffix(".part")
    with open(private, "w", newline="") as handle:
        table = csv.DictWriter(handle, COLUMNS, delimiter="\t", lineterminator="\n", restval="")
        table.writeheader()
        table.writerows({k: shown(v) for k, v in row.items()} for row in rows)
    os.replace(private, path)


def shown(value) -> str:
    """Four digits are more than a benchmark knows."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def table_text(rows: list[dict]) -> str:
    """The table as it is printed: median with lowest and highest of either side."""
    lines = [("figure", "ours", "reference", "ratio", "goal", "met", "accuracy ours / reference", "load")]
    for row in rows:
        lines.append(
            (
                row["figure"],
                _spread(row, "ours"),
                _spread(row, "reference"),
                _spread(row, "ratio"),
                shown(row["goal"]),
                row["met"],
                f"{row['accuracy_ours']} / {row['accuracy_reference']}" if row["accuracy_ours"] else "",
                shown(row["load"]),
            )
        )
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)) for line in lines)


def _spread(row: dict, name: str) -> str:
    low, high = row.get(f"{name}_low", ""), row.get(f"{name}_high", "")
    middle = shown(row[name]) + (f" {row['unit']}" if name != "ratio" and row[name] != "" else "")
    return f"{middle} [{shown(low)}-{shown(high)}]" if low != "" else middle
