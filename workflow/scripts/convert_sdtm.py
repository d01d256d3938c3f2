"""Command: the clinical sheets from a folder of SDTM-like domains (dm.xpt, ex.xpt, ae.csv, ...).

python workflow/scripts/convert_sdtm.py FOLDER --out my_trial [--mapping my_mapping.tsv]
"""

import argparse
import sys

from myeloma import sdtm, transport


def main() -> int:
    """Parse the command line, write the sheets, print what was taken over."""
    parser = argparse.ArgumentParser(description="Clinical sheets from SDTM-like domains.")
    parser.add_argument("folder", help="folder of .xpt, .sas7bdat or .csv files named by their domain")
    parser.add_argument("--out", default=".", help="where the sheets go (default: here)")
    parser.add_argument("--mapping", default="", help="own mapping (default: resources/sdtm_mapping.tsv)")
    given = parser.parse_args()
    try:
        print("\n".join(sdtm.make_sheets(given.folder, given.out, given.mapping)))
    except (OSError, sdtm.MappingError, sdtm.DeathError, transport.NotATable) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
