"""List the clinical values that were accepted but are hardly possible."""

from myeloma import clinical_notes, settings, tables
from myeloma.cohort import load_cohort
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    cohort = load_cohort(settings.load(snakemake.config, snakemake.params.project), check_files=False)
    tables.write(clinical_notes.implausible(cohort), snakemake.output.values, tables.IMPLAUSIBLE_VALUES)
