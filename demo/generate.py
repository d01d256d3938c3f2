"""Make the demo cohort: python demo/generate.py --seed 1 --out DIR [--large] (needs numpy, pysam and art_illumina)."""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cohort_generator.cohort import Cohort, generate  # noqa: E402
from cohort_generator.large import LargeCohort  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True, help="whole number, 0 or more; decides everything")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--large", action="store_true", help="fourteen patients instead of nine, with traps")
    arguments = parser.parse_args()
    if arguments.seed < 0:
        parser.error("--seed must be 0 or more")
    started = time.monotonic()
    kind = LargeCohort if arguments.large else Cohort
    generate(arguments.seed, arguments.out, arguments.processes, lambda text: print(text, flush=True), kind)
    print(f"demo cohort: {arguments.out} made in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
