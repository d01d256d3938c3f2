"""The demo generator is a folder of scripts, not a package of the product: put it on the path."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "demo"))


@pytest.fixture(scope="session")
def cohort():
    """Everything of seed 3 but its reads."""
    from cohort_generator.cohort import Cohort

    return Cohort(3)
