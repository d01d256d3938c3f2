"""One adjudicated call per patient and translocation."""

from myeloma import entry, tables, translocations
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    given = snakemake.input
    names = ("samples", "qc", "fusions", "partners", "structural", "structural_power")
    names += ("tumour_in_normal", "copy_events")
    read = {name: tables.read(given[name], getattr(tables, name.upper())) for name in names}
    paths = {"genes": given.get("genes", ""), "regions": given.get("regions", "")}
    asked, entered = snakemake.params, {}
    if given.get("entered"):
        used = read["samples"].query("role == 'analysis'")["sample"]
        entered = entry.votes(tables.read(given.entered, tables.ENTERED_TRANSLOCATIONS), used)
    made = translocations.call_cohort(
        asked.patients,
        read,
        paths,
        asked.fish,
        asked.abnormalities,
        asked.limits,
        asked.fish_max_days,
        entered,
    )
    tables.write(made, snakemake.output.table, tables.TRANSLOCATIONS)
