"""One adjudicated call per patient and translocation."""

from myeloma import tables, translocations
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    names = ("samples", "qc", "fusions", "partners")
    seen = {name: tables.read(snakemake.input[name], getattr(tables, name.upper())) for name in names}
    asked = snakemake.params
    made = translocations.call(asked.patients, asked.translocations, **seen, fish=asked.fish)
    tables.write(made, snakemake.output.table, tables.TRANSLOCATIONS)
