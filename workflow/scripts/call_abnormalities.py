"""Join variants, copy number, ploidy and translocations into one call per patient and abnormality."""

from myeloma import abnormalities, given_calls, settings, tables
from myeloma.cohort import load_cohort
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    names = ("samples", "qc", "variants", "callable", "segments", "purity", "copy_events", "translocations")
    names += ("tumour_in_normal", "splicing")
    read = {name: tables.read(snakemake.input[name], getattr(tables, name.upper())) for name in names}
    table = abnormalities.call_all(
        read, snakemake.input.regions, snakemake.params, snakemake.input.get("genes", "")
    )
    made = settings.load(snakemake.config, snakemake.params.project)
    if made.has_sheet("calls"):
        cohort = load_cohort(made, check_files=False)
        table = given_calls.add(table, cohort, made)
    tables.write(table, snakemake.output.table, tables.ABNORMALITIES)
