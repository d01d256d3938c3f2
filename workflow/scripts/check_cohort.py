"""Print who is in what and what is switched off; end with every problem where references do not fit."""

import sys

from myeloma import cohort, reference_check, settings, summary
from myeloma.log import log_to

with log_to(snakemake.log[0]) as log:
    given = settings.load(snakemake.config, snakemake.params.project)
    seen = cohort.load_cohort(given, check_files=False)
    problems, unseen = reference_check.check_references(given)
    said = str(cohort.SheetErrors(problems)) if problems else summary.text(seen, given)
    said = "\n\n".join(filter(None, (said, unseen)))
    log.info("%s", said)
    print(said, file=sys.stderr if problems else sys.stdout, flush=True)
sys.exit(1 if problems else 0)
