"""Where the real data are, and what to do without them."""

import os
import shutil
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]


def pytest_collection_modifyitems(config, items):
    """Tests marked `long` or `slurm` run only where they are asked for by name (`-m long`, `-m slurm`)."""
    for name in ("long", "slurm"):
        if name in config.option.markexpr:
            continue
        left = [item for item in items if item.get_closest_marker(name)]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in set(left)]


@pytest.fixture(scope="session")
def project() -> Path:
    """The project's folder."""
    return PROJECT


@pytest.fixture(scope="session")
def real_data():
    """A function name -> folder of a real data set; skips (or fails, see below) where it is missing.

    The folder is MYELOMA_DATA, else `shared/data` beside the project. MYELOMA_REQUIRE_DATA=1 turns a
    missing data set into a failure.
    """
    folder = Path(os.environ.get("MYELOMA_DATA") or PROJECT.parent / "shared" / "data")

    def find(name: str) -> Path:
        path = folder / name
        if path.exists():
            return path
        message = f"real data set {name} is not here (set MYELOMA_DATA to the folder that holds it)"
        if os.environ.get("MYELOMA_REQUIRE_DATA") == "1":
            pytest.fail(message)
        pytest.skip(message)

    return find


@pytest.fixture(scope="session")
def tools():
    """A function (*names) that skips a test where a command-line tool is not installed."""

    def need(*names: str) -> None:
        missing = [name for name in names if shutil.which(name) is None]
        if missing and os.environ.get("MYELOMA_REQUIRE_TOOLS") == "1":
            pytest.fail(f"not on PATH: {', '.join(missing)}")
        if missing:
            pytest.skip(f"not on PATH: {', '.join(missing)} (make setup installs them)")

    return need
