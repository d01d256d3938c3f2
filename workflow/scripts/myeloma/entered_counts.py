"""Gene counts of other programs as our count table."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from myeloma import entry_checks, tables
from myeloma.sheets import Problem, SheetErrors


def count_table(samples: Sequence[Mapping[str, Any]], files: Mapping[str, tuple[str, list]]) -> pd.DataFrame:
    """COUNTS of all entered RNA samples; genes that a file lacks while another has them are an error."""
    made, first = None, ""
    for sample in samples:
        file, rows = files[sample["sample"]]
        frame = pd.DataFrame(rows)[["gene_id", "gene_name", sample["name"]]]
        frame = frame.rename(columns={sample["name"]: sample["sample"]}).set_index("gene_id")
        if made is None:
            made, first = frame, file
        elif set(made.index) != set(frame.index):
            fix = "count all samples with one annotation"
            raise SheetErrors([Problem(file, 0, "gene_id", "", f"has other genes than {first}", fix)])
        else:
            made[sample["sample"]] = frame[sample["sample"]]
    return tables.empty(tables.COUNTS) if made is None else tables.conform(made.reset_index(), tables.COUNTS)


def enter(samples: Sequence[Mapping[str, Any]], target: str) -> None:
    """Write COUNTS of the samples (as of `entry_checks.read_files`)."""
    found = entry_checks.read_files(samples, ("counts",), ())
    tables.write(count_table(samples, found["counts"]), target, tables.COUNTS)
