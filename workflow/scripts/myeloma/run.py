"""Commands as argument lists, never as shell text; pipelines whose every part must succeed."""

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

Argument = str | int | float | os.PathLike


class ToolError(RuntimeError):
    """A command-line tool failed; the message names the tool, its exit status and its last lines."""


def command(arguments: Sequence[Argument], stdout: str | os.PathLike | None = None) -> str:
    """Run one command; return its standard output (empty when it goes to the file `stdout`).

    Standard error goes to the job's log. Raises ToolError with the last lines of it on failure.
    """
    words = [str(a) for a in arguments]
    logging.info("run: %s", words)
    target = open(stdout, "wb") if stdout is not None else subprocess.PIPE
    try:
        done = subprocess.run(words, stdout=target, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    except FileNotFoundError as error:
        raise ToolError(f"{words[0]} is not installed or not on PATH; `make setup` installs it") from error
    finally:
        if stdout is not None:
            target.close()
    said = done.stderr.decode(errors="replace")
    logging.info("%s said:\n%s", words[0], said)
    if done.returncode:
        raise ToolError(f"{words[0]} failed (exit status {done.returncode}):\n{_last(said)}")
    return "" if stdout is not None else done.stdout.decode(errors="replace")


def _last(text: str, lines: int = 15) -> str:
    return "\n".join(text.strip().splitlines()[-lines:])


def provenance(tools: Iterable[Sequence[str]]) -> dict[str, str]:
    """First non-empty output line of each version command, keyed by the tool's name."""
    seen = {}
    for words in tools:
        if shutil.which(words[0]) is None:
            seen[words[0]] = "not installed"
            continue
        done = subprocess.run(
            list(words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
        lines = [line.strip() for line in done.stdout.decode(errors="replace").splitlines() if line.strip()]
        seen[words[0]] = lines[0] if lines else "no answer"
    return seen


def main_folder() -> Path:
    """The project's folder (where the Snakefile stands)."""
    return Path(sys.modules[__name__].__file__).resolve().parents[3]
