"""What the guard asks Slurm: which jobs are an earlier run's, to end them, and whether accounting answers.

Snakemake's Slurm executor names every job of a run `<prefix>_<its own random id>`. The guard sets the prefix, so
that the jobs of a killed run are found in the queue by their names, whoever and wherever they are.
"""

import re
import shutil
import subprocess
import sys
import time

#: How long Slurm may take to end cancelled jobs, in seconds; its own limit (KillWait) is 30 by default.
PATIENCE = 180.0
#: The executor asks at most every 180 s; a finished job that squeue shows for less may never be seen.
LEAST_JOB_AGE = 240


class SlurmError(Exception):
    """Slurm did not answer, or a job did not end; the message says what to do."""


def prefix(mark: str) -> str:
    """Begin of the names of a run's jobs; letters, digits, _ and - only, at most 50 (the executor's rule)."""
    return f"myeloma_{mark}"


def ask(*words: str) -> str:
    """Standard output of a Slurm command."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    except FileNotFoundError:
        raise SlurmError(f"{words[0]} is not on PATH: start it where jobs are submitted from") from None
    except subprocess.TimeoutExpired:
        raise SlurmError(f"{words[0]} did not answer in two minutes") from None
    if done.returncode:
        raise SlurmError(f"{' '.join(words)} failed: {done.stderr.strip()}")
    return done.stdout


def jobs_of(mark: str) -> list[str]:
    """Ids of this user's jobs of the run with this mark that wait, run, or are just being ended."""
    rows = (line.split("|", 1) for line in ask("squeue", "--me", "--noheader", "--format=%A|%j").splitlines())
    return [job for job, name in rows if name.startswith(f"{prefix(mark)}_")]


def end_jobs(mark: str, patience: float = PATIENCE) -> int:
    """Cancel the run's jobs and return, once none is left, how many there were."""
    seen: set[str] = set()
    until = time.monotonic() + patience
    while jobs := jobs_of(mark):
        if time.monotonic() > until:
            raise SlurmError(
                f"these jobs of the killed run do not end: {' '.join(jobs)}. Two runs must not write the same "
                "files: ask for their end (scancel, or the site's support), then run the same command again"
            )
        if new := [job for job in jobs if job not in seen]:
            ask("scancel", *new)
            seen.update(new)
        time.sleep(0.5)
    return len(seen)


def accounting_answers() -> bool:
    """Whether sacct can say how jobs ended. The command may be there without an accounting behind it."""
    try:
        ask("sacct", "-n", "-X", "-S", "now-1minutes")
    except SlurmError:
        return False
    return True


def status_options() -> list[str]:
    """Options of the executor that choose squeue where accounting does not answer; none where it does.

    The executor by itself looks only whether the command sacct exists: without accounting behind it, it would
    wait for ever.
    """
    if shutil.which("sacct") and accounting_answers():
        return []
    shown = re.search(r"(?m)^MinJobAge\s*=\s*(\d+)", ask("scontrol", "show", "config"))
    age = int(shown.group(1)) if shown else 0
    if age < LEAST_JOB_AGE:
        raise SlurmError(
            f"this Slurm has no accounting (sacct does not answer) and forgets finished jobs after {age} s "
            f"(MinJobAge). How jobs ended could not be told: ask the site for accounting or MinJobAge >= {LEAST_JOB_AGE}"
        )
    print("run: sacct does not answer, squeue is asked instead how jobs are", file=sys.stderr)
    return ["--slurm-status-command", "squeue"]


def mend_executor() -> None:
    """Two habits of the executor (2.8.0) that harm a run, changed in this process.

    It takes the account of the user's last job where none is given: its own option --slurm-no-account says otherwise,
    but nothing reads it, and a guess may bill another project. And it asks which node failed when Slurm has put the job
    back in the queue: the answer "None assigned" then stands in every later submission, and each of them fails.
    """
    import snakemake_executor_plugin_slurm as plugin

    submit = plugin.get_submit_command

    def submit_without_no_node(job, params, settings=None, failed_nodes=None, **more):
        named = {node for node in failed_nodes or () if " " not in node}
        return submit(job, params, settings=settings, failed_nodes=named, **more)

    plugin.get_account = lambda logger: None
    plugin.get_submit_command = submit_without_no_node
