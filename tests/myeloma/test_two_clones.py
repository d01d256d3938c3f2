"""One segment, two clones with different changes (Battenberg's two states): figure, discrete copy number, burden."""

import pandas as pd
import pytest
import yaml

from myeloma import burden, copy_events, profiles
from myeloma.report import portrait_data


@pytest.fixture(scope="module")
def config(project):
    return yaml.safe_load((project / "config/config.yaml").read_text())


def segment(total, minor, fraction, other=None, other_minor=None):
    return {
        "chrom": "chr17", "start": 1, "end": 20_000_000, "total_copies": total, "minor_copies": minor,
        "clonal_fraction": fraction, "other_total_copies": other, "other_minor_copies": other_minor,
        "germline_copies": 2, "clonal_low": None, "clonal_high": None,
    }  # fmt: skip


CASES = {
    "all cells lost a copy, few of them both": (segment(0, 0, 0.15, 1, 0), "loss", "-1", True),
    "a gain in few, a loss in the others": (segment(3, 1, 0.15, 1, 0), "loss", "-1", True),
    "both copies lost in enough cells": (segment(0, 0, 0.2, 1, 0), "loss", "-2", True),
    "a loss in 5 % of the cells": (segment(1, 0, 0.05, 2, 1), "unchanged", "0", False),
    "a loss in exactly the limit's cells": (segment(1, 0, 1 - 0.8, 2, 1), "loss", "-1", True),
    "a gain in all": (segment(3, 1, 1.0), "gain", "1", True),
    "amplified in few, gained in the others": (segment(4, 1, 0.1, 3, 1), "gain", "1", True),
    "copy-neutral loss in most": (segment(2, 0, 0.9, 2, 1), "cnloh", "0", True),
    "copy-neutral loss in few": (segment(2, 0, 0.1, 2, 1), "unchanged", "0", False),
    "few cells as before with unknown alleles, a loss in the others": (
        segment(2, None, 0.15, 1, 0),
        "loss",
        "-1",
        True,
    ),
    "unchanged": (segment(2, 1, 1.0), "unchanged", "0", False),
}


@pytest.mark.parametrize("name", CASES)
def test_cells_of_both_clones_count(name, config):
    row, shown, level, changed = CASES[name]
    limits = config["copy_number"]
    one = next(pd.DataFrame([row]).itertuples(index=False))
    assert portrait_data.segment_state(one, 2, limits["min_clonal_fraction"]) == shown
    sample = pd.Series({"mode": copy_events.GIVEN, "base_copies": 2, "purity_used": 0.9})
    assert profiles._level(row, sample, limits) == level
    whole = dict(base_copies=2, mode=copy_events.GIVEN)
    rules = config | {"burden": config["burden"] | {"min_segmented_fraction": 0}}
    arms = pd.DataFrame([dict(chrom="chr17", arm="17p", start=1, end=20_000_000, informative="yes")])
    columns = ["total_copies", "minor_copies", "other_total_copies", "other_minor_copies"]
    table = pd.DataFrame([row]).astype(dict.fromkeys(columns, "Int64") | {"germline_copies": float})
    made = burden.changed_copies(table, whole, arms, rules)
    assert made["genome_changed"] == float(changed)
