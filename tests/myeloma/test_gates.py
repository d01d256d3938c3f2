"""The sentence that a failed gate gives to every call after it."""

import pandas as pd

from myeloma import gates


def test_a_failed_gate_is_told_once_and_a_passed_one_not_at_all():
    qc = pd.DataFrame(
        [
            ("S1", "median_target_depth", 4.0, 30.0, "fail", ""),
            ("S1", "strandedness", 0.9, None, "fail", "the sheet says forward"),
            ("S1", "duplicate_fraction", 0.1, 0.6, "pass", ""),
            ("S2", "assigned_reads", 5.0, 2000.0, "fail", "assigned_reads 5 < 2000"),
            ("S3", "assigned_reads", None, 2000.0, "not_assessable", "no GTF"),
        ],
        columns=["sample", "gate", "value", "threshold", "verdict", "reason"],
    )
    assert gates.failed(qc) == {
        "S1": "median_target_depth 4 fails the gate of 30; strandedness: the sheet says forward",
        "S2": "assigned_reads 5 < 2000",
    }
