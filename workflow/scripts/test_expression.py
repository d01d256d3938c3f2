"""Expression of early against poor responders."""

import pandas as pd

from myeloma import differential, expression, places, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    given, asked = snakemake.input, snakemake.params
    counts, _ = expression.read_counts(given.counts)
    flow = tables.read(given.flow, tables.FLOW)
    compared = flow[(flow["analysis"] == "comparison_rna") & (flow["included"] == "yes")]["patient"]
    response = tables.read(given.response, tables.RESPONSE)
    made, note = differential.early_versus_poor(
        counts,
        places.read_genes(given.get("genes", "")),
        response[response["patient"].isin(compared)],
        pd.DataFrame(asked.samples),
        tables.read(given.qc, tables.QC),
        asked.settings,
        places.read_regions(given.get("regions", "")),
    )
    tables.write(made, snakemake.output.table, tables.EXPRESSION)
    differential.write_note(note, snakemake.output.note)
