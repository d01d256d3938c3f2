"""Print who is in what and what is switched off; the sheets and the config have been found right."""

from myeloma import cohort, settings, summary
from myeloma.log import log_to

with log_to(snakemake.log[0]) as log:
    given = settings.load(snakemake.config, snakemake.params.project)
    said = summary.text(cohort.load_cohort(given), given)
    log.info("%s", said)
    print(said, flush=True)
