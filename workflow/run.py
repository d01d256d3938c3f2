"""Start Snakemake in a working directory, once: `./run` of the project's folder calls this.

A SIGKILLed Snakemake leaves its jobs alive and its lock behind. Unlocking by hand then puts a second
writer beside the first. So each run holds a lock that the kernel releases when the process dies, and
marks all its children by one environment variable; the next start by the same command

- refuses while the run is alive,
- else ends what the dead run left behind (marked processes only; on Slurm the jobs that carry the mark in their
  names), removes its lock, and goes on.

Plain `snakemake` works as well; it has neither this guard nor the progress lines.
"""

import argparse
import contextlib
import errno
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from importlib.util import find_spec
from pathlib import Path

import slurm_jobs

PROJECT = Path(__file__).resolve().parents[1]
MARK = "MYELOMA_RUN"
#: How long a leftover job may take to end by SIGTERM before it gets SIGKILL, in seconds.
PATIENCE = 5.0
#: When a process that does not end even by SIGKILL (it hangs in a file system) is given up, in seconds.
LIMIT = 60.0
#: What a file system without locks answers to flock (Lustre without -o flock, NFS without lockd).
NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)


class Refused(Exception):
    """The run may not start; the message says why and what to do."""


def main(arguments: list[str]) -> int:
    """Run Snakemake with the given arguments; returns its exit status, 2 when the guard refuses."""
    sys.path.insert(0, str(PROJECT / "workflow/progress"))
    given, _ = options().parse_known_args(arguments)
    arguments = with_defaults(arguments)
    understood = as_snakemake_does(arguments)
    if understood is None or understood.dryrun or understood.lint or understood.unlock:
        return snakemake(arguments)
    work, executor = Path(understood.directory or "."), understood.executor or "local"
    more = []
    try:
        held = take_lock(work)  # held open until this process ends
        recover(work, arguments, given.take_over)
        if executor == "slurm":
            more = slurm_jobs.status_options()
            slurm_jobs.mend_executor()
        value = mark(work, executor)
    except (Refused, slurm_jobs.SlurmError) as error:
        print(f"run: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(
            f"run: the working directory {work.resolve()} cannot be used: {error.strerror} ({error.filename}). "
            "Give one that is writable and has room with --directory.",
            file=sys.stderr,
        )
        return 2
    if find_spec("snakemake_executor_plugin_slurm"):
        more += ["--slurm-jobname-prefix", slurm_jobs.prefix(value)]
    # in front: what follows a "--" of the user are targets
    status = snakemake([*more, *progress(given), *arguments])
    record(work).unlink(missing_ok=True)
    held.close()
    return status


def options() -> argparse.ArgumentParser:
    """What the guard adds to the arguments, or must not add."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--snakefile", "-s")
    parser.add_argument("--logger", nargs="*")
    parser.add_argument("--take-over", action="store_true")  # the guard's own
    return parser


def with_defaults(arguments: list[str]) -> list[str]:
    """The arguments with this project's Snakefile and the options without which a restart fails."""
    given, _ = options().parse_known_args(arguments)
    added = [] if given.snakefile else ["--snakefile", str(PROJECT / "Snakefile")]
    kept = [word for word in arguments if word != "--take-over"]
    return [*added, "--rerun-incomplete", *kept]


def as_snakemake_does(arguments: list[str]) -> argparse.Namespace | None:
    """These arguments, abbreviations and profiles included, as Snakemake reads them.

    None where there is nothing to run: wrong options, --help, --version; Snakemake itself says so in a moment.
    """
    from snakemake.cli import parse_args  # reads the plugins once: the progress lines' must be found then

    try:
        with open(os.devnull, "w") as nowhere:
            with contextlib.redirect_stderr(nowhere), contextlib.redirect_stdout(nowhere):
                return parse_args(arguments)[1]
    except SystemExit:
        return None


def progress(given: argparse.Namespace) -> list[str]:
    """Options that choose this project's progress lines, unless another logger was asked for."""
    if given.logger is not None:
        return []
    return ["--logger", "progress"]


def record(work: Path) -> Path:
    """Where a run writes who it is: pid, host and mark. It stays only when the run was killed."""
    return work / ".snakemake" / "controller.json"


def take_lock(work: Path):
    """Hold the working directory's lock, or raise Refused while another run of it is alive."""
    path = work / ".snakemake" / "controller.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    held = open(path, "w")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.close()
        raise _busy(work, read_record(work)) from None
    except OSError as error:
        held.close()
        if error.errno not in NO_LOCKS:
            raise
        return OwnerFile(work)
    return held


def _busy(work: Path, seen: dict) -> Refused:
    return Refused(
        f"another run is at work in {work.resolve()} (process {seen.get('pid', 'unknown')} on "
        f"{seen.get('host', 'this host')}). Wait until it has ended, or stop it with Ctrl-C there."
    )


class OwnerFile:
    """The lock where the file system has none: a file that only one run can make, with its host and process."""

    def __init__(self, work: Path):
        self.path = work / ".snakemake" / "controller.owner"
        mine = json.dumps({"pid": os.getpid(), "host": socket.gethostname()})
        private = self.path.with_suffix(f".{os.getpid()}")
        private.write_text(mine)
        try:
            for _ in range(2):
                try:
                    os.link(private, self.path)  # whole from the start, and refused where it stands already
                    return
                except FileExistsError:
                    self._clear_dead(work)
            raise _busy(work, json.loads(self.path.read_text()))
        finally:
            private.unlink(missing_ok=True)

    def _clear_dead(self, work: Path) -> None:
        """Remove the file of a run of this host that is dead; Refused where it lives or nobody here can tell."""
        seen = json.loads(self.path.read_text())
        if seen["host"] != socket.gethostname():
            raise Refused(
                f"a run on {seen['host']} (process {seen['pid']}) holds {work.resolve()}, whose file system has no "
                f"locks. Run there; if that process is dead, remove {self.path} and start again."
            )
        if Path(f"/proc/{seen['pid']}").exists():
            raise _busy(work, seen)
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        self.path.unlink(missing_ok=True)


def read_record(work: Path) -> dict:
    """What the last run wrote about itself; empty when it ended by itself or wrote nothing whole."""
    try:
        return json.loads(record(work).read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def recover(work: Path, arguments: list[str], take_over: bool = False) -> None:
    """Clean up after a killed run: end its leftover jobs, then remove Snakemake's own lock.

    `take_over`: the user has seen that what this host cannot see (a process elsewhere) is dead.
    """
    seen = read_record(work)
    if not seen:
        return  # nothing known: if Snakemake's own lock is there, Snakemake says so and refuses
    here = seen["host"] == socket.gethostname()
    executor = seen.get("executor", "local")
    if not here and not take_over:
        raise Refused(
            f"the last run in {work.resolve()} was started on {seen['host']} (process {seen['pid']}) and did "
            f"not end by itself. Run there, or, if that process is dead, add --take-over to this command."
        )
    if executor not in ("local", "slurm") and not take_over:
        raise Refused(
            f"the last run in {work.resolve()} was killed, and its jobs may still be in the queue of the executor "
            f"{executor}. End them there (qdel, bkill, ...), then add --take-over to this command."
        )
    if plain := plain_snakemake(work):
        raise Refused(
            f"a snakemake is at work in {work.resolve()} (process {plain[0]}). Wait until it has ended."
        )
    jobs = slurm_jobs.end_jobs(seen["mark"]) if executor == "slurm" else 0
    ended = end_all(seen["mark"]) if here else 0
    if executor == "slurm":
        jobs += slurm_jobs.end_jobs(seen["mark"])  # what a dying submission still put in the queue
    print(
        f"run: the last run here was killed; ended {ended} leftover process(es)"
        f"{f' and {jobs} Slurm job(s)' if executor == 'slurm' else ''} of it, going on",
        file=sys.stderr,
    )
    if any((work / ".snakemake" / "locks").glob("*")):
        unlock = [sys.executable, "-m", "snakemake", *arguments, "--unlock"]
        # with the dead run's mark: when this run is killed in its turn, the next one knows whose child that is
        ours = {**os.environ, MARK: seen["mark"]}
        done = subprocess.run(unlock, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=ours)
        if done.returncode:
            raise Refused(f"its lock could not be removed:\n{done.stdout}")
    record(work).unlink(missing_ok=True)


def plain_snakemake(work: Path) -> list[int]:
    """Processes of this host that are a snakemake in this directory and were not started by this guard.

    A process that is just being started shows its words before its environment, and so no mark: what seems to have
    none is looked at again.
    """
    found = _without_mark(work)
    if found:
        time.sleep(0.5)
        found = [pid for pid in _without_mark(work) if pid in found]
    return found


def _without_mark(work: Path) -> list[int]:
    found = []
    for process in processes():
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            here = os.path.samefile(process / "cwd", work)
            marked = f"{MARK}=".encode() in (process / "environ").read_bytes()
        except OSError:
            continue  # ended meanwhile, or not ours
        if here and not marked and any(word.endswith(b"snakemake") for word in words[:3]):
            found.append(int(process.name))
    return found


def processes() -> list[Path]:
    """Folders of all processes but this one."""
    return [p for p in Path("/proc").iterdir() if p.name.isdigit() and int(p.name) != os.getpid()]


def marked(value: str) -> list[int]:
    """Processes that carry this mark in their environment: a run and everything it started."""
    wanted = f"{MARK}={value}".encode()
    found = []
    for process in processes():
        try:
            if wanted in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
        except OSError:
            continue
    return found


def end_all(value: str) -> int:
    """End all processes with the mark, by SIGTERM and then SIGKILL; returns how many there were.

    Refused when one is still there after LIMIT: a second writer must not be put beside it.
    """
    seen: set[int] = set()
    since = time.monotonic()
    while pids := marked(value):
        waited = time.monotonic() - since
        if waited > LIMIT:
            raise Refused(
                f"processes of the killed run do not end, even by SIGKILL: {', '.join(map(str, pids))}. They hang, mostly "
                "in a file system that does not answer. Mend that, or run on another host's copy of the folder."
            )
        how = signal.SIGTERM if waited < PATIENCE else signal.SIGKILL
        for pid in pids:
            if how == signal.SIGKILL or pid not in seen:
                try:
                    os.kill(pid, how)
                except ProcessLookupError:
                    pass
        seen.update(pids)
        time.sleep(0.1)
    return len(seen)


def mark(work: Path, executor: str = "local") -> str:
    """Write who this run is, whole or not at all, and mark what it will start; returns the mark."""
    value = uuid.uuid4().hex
    os.environ[MARK] = value
    private = record(work).with_suffix(".new")
    seen = {"pid": os.getpid(), "host": socket.gethostname(), "mark": value, "executor": executor}
    private.write_text(json.dumps(seen))
    os.replace(private, record(work))
    return value


def snakemake(arguments: list[str]) -> int:
    """Snakemake in this very process, so that the lock and the run end together."""
    from snakemake.cli import main as snakemake_main

    try:
        snakemake_main(arguments)
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
            return 1
        return int(end.code or 0)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
