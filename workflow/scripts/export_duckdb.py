"""One DuckDB file with every table and their dictionary, with pseudonyms."""

from myeloma import database, dictionary, pseudonyms, settings
from myeloma.cohort import load_cohort
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    made = settings.load(snakemake.config, snakemake.params.project)
    cohort = load_cohort(made, check_files=False, clinical=False)
    names = pseudonyms.names_of(cohort, made["export"]["pseudonyms"], snakemake.params.project)
    paths = {table.name: snakemake.input[table.name] for table in dictionary.listed()}
    database.write(paths, names, snakemake.output.database)
