"""The published scores of arrays, by the papers' own arithmetic (docs/expression-classes.md).

python workflow/scripts/score_arrays.py MATRIX.tsv OUT.tsv [--calls CALLS.tsv] [--score UAMS70]
"""

import argparse
import sys
from pathlib import Path

from myeloma import scores

DEFAULT = Path(__file__).resolve().parents[2] / "resources/expression_scores.tsv"
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("matrix", help="log2 values, first column the probe, one column a sample")
parser.add_argument("output", help="table to write, one row a sample")
parser.add_argument("--calls", default="", help="PANP calls of the same shape, needed by GPI50")
parser.add_argument("--score", action="append", default=[], help="GPI50, UAMS70 or EMC92; default: all")
parser.add_argument("--file", default=str(DEFAULT), help="score file")
given = parser.parse_args()
try:
    scores.score_array_files(given.matrix, given.file, given.output, given.calls, given.score)
except (OSError, ValueError) as problem:
    sys.exit(f"score_arrays: {problem}")
