"""Command: first patients.tsv, samples.tsv and units.tsv from a folder of FASTQ files.

python workflow/scripts/make_sheets.py FASTQ_FOLDER --out config --patient '^(P[0-9]+)'
"""

import argparse
import sys

from myeloma import first_sheets


def main() -> int:
    """Parse the command line, write the sheets, print what is left to do."""
    parser = argparse.ArgumentParser(
        description="First sheets from a folder of FASTQ files (Illumina names)."
    )
    parser.add_argument("folder", help="folder of FASTQ files, searched with its subfolders")
    parser.add_argument("--out", default=".", help="where the sheets go (default: here)")
    parser.add_argument("--patient", default="", help="regular expression; its group 1 is the patient id")
    given = parser.parse_args()
    try:
        said = first_sheets.make_sheets(given.folder, given.out, given.patient)
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(said))
    return 0


if __name__ == "__main__":
    sys.exit(main())
