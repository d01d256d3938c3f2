"""One adjudicated call per patient and translocation."""

from myeloma import fusions, places, tables, translocations
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    names = ("samples", "qc", "fusions", "partners")
    seen = {name: tables.read(snakemake.input[name], getattr(tables, name.upper())) for name in names}
    given, asked = snakemake.input, snakemake.params
    genes = places.read_genes(given.get("genes", ""))
    regions = places.read_regions(given.get("regions", ""))
    shown = fusions.Annotation(genes, regions, asked.translocations).assessable()
    made = translocations.call(
        asked.patients, asked.translocations, **seen, fish=asked.fish, assessable=shown
    )
    tables.write(made, snakemake.output.table, tables.TRANSLOCATIONS)
