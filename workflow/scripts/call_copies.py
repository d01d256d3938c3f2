"""Call the copy-number events of every tumour from its segments."""

from myeloma import copy_events, places, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    names = ("segments", "purity", "qc", "copy_regions")
    read = {name: tables.read(snakemake.input[name], getattr(tables, name.upper())) for name in names}
    table = copy_events.copy_number_events(
        read["segments"],
        read["purity"],
        read["qc"],
        places.read_regions(snakemake.input.regions),
        places.read_arms(snakemake.input.arms),
        read["copy_regions"],
        snakemake.params.settings,
    )
    tables.write(table, snakemake.output.table, tables.COPY_EVENTS)
