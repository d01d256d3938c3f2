"""ADaM-like datasets of the trial with their dictionary."""

from myeloma import adam, adam_files, adam_names, settings, tables
from myeloma.cohort import load_cohort
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    made = settings.load(snakemake.config, snakemake.params.project)
    names = ("flow", "visits", "response", "endpoints")
    read = {name: tables.read(snakemake.input[name], getattr(tables, name.upper())) for name in names}
    cohort = load_cohort(made, check_files=False)
    frames = adam.make(adam_names.datasets(made), cohort, made, read)
    adam_files.write_all(frames, snakemake.params.folder)
