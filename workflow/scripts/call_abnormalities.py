"""Join variants, copy number, ploidy and translocations into one call per patient and abnormality."""

from myeloma import abnormalities, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    names = ("samples", "qc", "variants", "callable", "segments", "purity", "copy_events", "translocations")
    names += ("tumour_in_normal", "splicing")
    read = {name: tables.read(snakemake.input[name], getattr(tables, name.upper())) for name in names}
    table = abnormalities.call_all(
        read, snakemake.input.regions, snakemake.params, snakemake.input.get("genes", "")
    )
    tables.write(table, snakemake.output.table, tables.ABNORMALITIES)
