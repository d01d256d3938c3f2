"""Are the tests tests: each fault of faults.tsv is put into a copy of the project, and its test must turn red.

`make faults` [FAULTS="off_by_one_day ..."], about ten seconds a fault; the result goes to docs/tests-tested.md. A named
test must pass on the unchanged copy, and must fail, not break (pytest's exit status 1), with the fault in it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
LIST, RESULT = Path(__file__).with_name("faults.tsv"), PROJECT / "docs/tests-tested.md"
COPIED = (
    "workflow",
    "tests",
    "config",
    "resources",
    "demo",
    "docs",
    "envs",
    "profiles",
    "Snakefile",
    "pyproject.toml",
)
SKIPPED = shutil.ignore_patterns("__pycache__", ".snakemake", "runs", "results")
PASSED, FAILED = 0, 1


def read() -> list[dict[str, str]]:
    """Rows of faults.tsv. `old` and `new` are plain text of one line; no quoting."""
    head, *rows = (line.split("\t") for line in LIST.read_text().splitlines())
    return [dict(zip(head, row, strict=True)) for row in rows]


def run_test(folder: Path, tests: Iterable[str]) -> tuple[int, str]:
    """Exit status of pytest in the copy, and the last line that names an error."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)
    said = [line for line in done.stdout.splitlines() if line.startswith("E  ")]
    return done.returncode, said[0][1:].strip() if said else done.stdout[-500:].strip()


def inject(folder: Path, fault: dict[str, str]) -> str:
    """Put one fault into the copy; the text it replaces must be there exactly once. Returns the whole text before."""
    path = folder / fault["file"]
    before = path.read_text()
    if before.count(fault["old"]) != 1:
        raise ValueError(
            f"{fault['fault']}: {fault['file']} holds {before.count(fault['old'])} x {fault['old']!r}"
        )
    path.write_text(before.replace(fault["old"], fault["new"]))
    return before


def main(chosen: list[str]) -> int:
    faults = [fault for fault in read() if not chosen or fault["fault"] in chosen]
    rows, missed = [], []
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        folder = Path(name)
        for part in COPIED:
            source = PROJECT / part
            if source.is_dir():
                shutil.copytree(source, folder / part, ignore=SKIPPED)
            else:
                shutil.copy(source, folder / part)
        status, said = run_test(folder, dict.fromkeys(fault["test"] for fault in faults))
        if status != PASSED:
            raise SystemExit(f"the tests do not pass without any fault: {said}")
        for fault in faults:
            before = inject(folder, fault)
            status, said = run_test(folder, [fault["test"]])
            (folder / fault["file"]).write_text(before)
            red = status == FAILED
            missed += [] if red else [fault["fault"]]
            print(
                f"{fault['fault']}: {'red' if red else f'NOT RED (status {status})'}: {said[:150]}",
                flush=True,
            )
            rows.append((fault, red, said))
    if not chosen:
        RESULT.write_text(described(rows))
    print(f"{len(rows) - len(missed)} of {len(rows)} faults turn their test red", *missed)
    return 1 if missed else 0


def described(rows) -> str:
    lines = [
        "# The tests are tested",
        "",
        "Written by `make faults`: each fault of `tests/faults/faults.tsv` is one changed line in a copy of the project; the",
        "test named beside it must pass without and fail with it.",
        "",
        "| fault | file | line as it is | line with the fault | test | seen |",
        "|---|---|---|---|---|---|",
    ]
    for fault, red, _ in rows:
        code = [f"`{fault[name].strip()}`".replace("|", "\\|") for name in ("old", "new")]
        file, test = Path(fault["file"]).name, fault["test"].removeprefix("tests/myeloma/")
        lines.append(
            f"| {fault['what']} | {file} | {code[0]} | {code[1]} | `{test}` | {'red' if red else '**not red**'} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
