"""List the clinical values that were accepted but are hardly possible."""

from myeloma import clinical_notes, settings, tables
from myeloma.cohort import load_cohort
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    made = settings.load(snakemake.config, snakemake.params.project)
    cohort = load_cohort(made, check_files=False)
    found = clinical_notes.implausible(cohort, clinical_notes.data_cut(made))
    tables.write(found, snakemake.output.values, tables.IMPLAUSIBLE_VALUES)
