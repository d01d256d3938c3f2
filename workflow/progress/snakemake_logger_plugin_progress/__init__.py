"""Progress of a run, a line per finished job: `[ 37/142  26 %] align_wes IPD-001-T  21 s, about 4 min left`.

Snakemake finds this logger by its name (`--logger progress`) when the folder above is on sys.path.
Snakemake's own full log stands in .snakemake/log as ever.
"""

import logging
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from statistics import fmean

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

#: How many last lines of a failed job's log are shown.
LOG_LINES = 12
#: Remarks of Snakemake that say nothing to the user of this workflow.
NOISE = ("Your conda installation", "host: ", "Conda environments: ignored")


class LogHandler(LogHandlerBase):
    """Turns Snakemake's events into lines; `say` is where they go."""

    def __post_init__(self) -> None:
        self.jobs = {}  # job id -> (rule, wildcards, start)
        self.todo = Counter()  # rule -> jobs not yet finished
        self.took = defaultdict(list)  # rule -> seconds of its finished jobs
        self.total = 0
        self.done = 0
        self.failed = {}  # job id -> (rule, wildcards, log)
        self.began = time.monotonic()
        self.closed = False

    writes_to_stream = property(lambda self: True)
    writes_to_file = property(lambda self: False)
    has_filter = property(lambda self: True)
    has_formatter = property(lambda self: True)
    needs_rulegraph = property(lambda self: False)

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def emit(self, record: logging.LogRecord) -> None:
        """One event of Snakemake; anything that is neither event nor warning is left to the log file."""
        try:
            handle = {
                LogEvent.RUN_INFO: self.run_info,
                LogEvent.JOB_INFO: self.job_info,
                LogEvent.JOB_FINISHED: self.job_finished,
                LogEvent.JOB_ERROR: self.job_error,
            }.get(getattr(record, "event", None))
            if handle:
                handle(record)
            elif record.levelno >= logging.WARNING and record.msg and not record.msg.startswith(NOISE):
                self.say(record.getMessage())
        except Exception:
            self.handleError(record)

    def run_info(self, record: logging.LogRecord) -> None:
        stats = dict(record.stats)
        self.total = stats.pop("total")
        self.todo = Counter(stats)
        self.say(f"{self.total} jobs to run; the full log is in .snakemake/log")

    def job_info(self, record: logging.LogRecord) -> None:
        self.jobs[record.jobid] = (record.rule_name, dict(record.wildcards or {}), time.monotonic())

    def job_finished(self, record: logging.LogRecord) -> None:
        rule, wildcards, start = self.jobs[record.job_id]
        seconds = time.monotonic() - start
        self.failed.pop(record.job_id, None)  # a second attempt that went well
        self.took[rule].append(seconds)
        self.todo[rule] -= 1
        self.done += 1
        width = len(str(self.total))
        share = 100 * self.done // max(self.total, 1)
        name = " ".join([rule, *wildcards.values()])
        self.say(f"[{self.done:>{width}}/{self.total} {share:>3} %] {name}  {span(seconds)}{self.left()}")

    def job_error(self, record: logging.LogRecord) -> None:
        rule, wildcards, _ = self.jobs.get(record.jobid, (record.rule_name, {}, 0.0))
        log = next((str(path) for path in record.log or ()), "")
        self.failed[record.jobid] = (rule, wildcards, log)
        self.say(f"FAILED {' '.join([rule, *wildcards.values()])}  log: {log or 'none'}")
        for line in last_lines(log):
            self.say(f"    {line}")

    def left(self) -> str:
        """Time left: the mean of each rule's finished jobs, divided by how many jobs ran at once so far."""
        spent = [seconds for took in self.took.values() for seconds in took]
        if self.done == self.total:
            return ""
        mean = fmean(spent)
        work = sum(n * (fmean(self.took[rule]) if self.took[rule] else mean) for rule, n in self.todo.items())
        at_once = max(1.0, sum(spent) / max(time.monotonic() - self.began, 0.001))
        return f", about {span(work / at_once)} left"

    def close(self) -> None:
        """The closing summary: what failed, and how to go on without it."""
        if self.closed:  # Snakemake closes its loggers more than once
            return
        self.closed = True
        failed = self.failed
        if failed:
            self.say(f"\n{self.done} of {self.total} jobs done, {len(failed)} failed:")
            for rule, wildcards, log in failed.values():
                self.say(f"  {' '.join([rule, *wildcards.values()])}  {log}")
            for line in exclusion_lines(failed.values()):
                self.say(line)
        elif self.total:
            self.say(f"{self.done} of {self.total} jobs done in {span(time.monotonic() - self.began)}")
        super().close()


def exclusion_lines(failed) -> list[str]:
    """What to add to exclusions.tsv to go on without the samples or patients whose jobs failed."""
    found = {}
    for rule, wildcards, _ in failed:
        for column in ("sample", "patient"):
            if column in wildcards:
                found.setdefault((column, wildcards[column]), rule)
                break
    if not found:
        return []
    lines = ["to go on without them, add to exclusions.tsv (tab-separated) and run the same command again:"]
    lines.append("  patient\tsample\tlibrary\tflowcell\tlane\tanalysis\treason")
    for (column, name), rule in found.items():
        first = f"{name}\t" if column == "patient" else f"\t{name}"
        lines.append(f"  {first}\t\t\t\tall\t{rule} failed")
    return lines


def last_lines(path: str) -> list[str]:
    """The last lines of a log file; none when there is no log."""
    try:
        return Path(path).read_text(errors="replace").rstrip().splitlines()[-LOG_LINES:]
    except (OSError, ValueError):
        return []


def span(seconds: float) -> str:
    """Seconds in words: 21 s, 4 min, 2.5 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
