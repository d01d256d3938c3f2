"""Command: the reference of the expression vote from an earlier cohort (expression.partner_reference).

python workflow/scripts/make_partner_reference.py counts.tsv.gz --without samples.txt --genes genes.tsv --out reference.tsv
"""

import argparse
import sys

from myeloma import partners


def main() -> int:
    """Parse the command line, write the table, say what went in."""
    parser = argparse.ArgumentParser(description="Reference of partner expression: gene, mean, sd.")
    parser.add_argument("counts", help="results/expression/counts.tsv.gz of the earlier cohort")
    parser.add_argument(
        "--without", required=True, help="text file, one sample without any translocation a line"
    )
    parser.add_argument("--genes", required=True, help="results/references/genes.tsv of the same run")
    parser.add_argument("--regions", default="", help="results/references/regions.tsv of the same run")
    parser.add_argument("--config", default="config/config.yaml", help="config with the section expression")
    parser.add_argument("--out", required=True, help="table to write")
    try:
        print(partners.write_reference(**vars(parser.parse_args())))
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
