"""python workflow/scripts/make_pseudonym_key.py PATH: a new key for export.pseudonyms.mode hmac."""

import sys

from myeloma import pseudonyms

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        pseudonyms.make_key(sys.argv[1])
    except pseudonyms.PrivacyError as error:
        sys.exit(str(error))
