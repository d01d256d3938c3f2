"""Expression of early against poor responders, and the same test changed in one thing at a time."""

import pandas as pd

from myeloma import design, differential, expression, flow, places, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    given, asked, made = snakemake.input, snakemake.params, snakemake.output
    counts, _ = expression.read_counts(given.counts)
    compared = flow.members(tables.read(given.flow, tables.FLOW), "comparison_rna")
    response = tables.read(given.response, tables.RESPONSE)
    genes, regions = places.read_genes(given.get("genes", "")), places.read_regions(given.get("regions", ""))
    sources = differential.sources(
        asked.patients, design.read_scores(given.get("purity", "")), given.get("abnormalities", "")
    )
    qc, samples = tables.read(given.qc, tables.QC), pd.DataFrame(asked.samples)
    seen = differential.early_versus_poor(
        counts, genes, response, samples, qc, asked.settings, regions, sources, snakemake.threads, compared
    )
    differential.write(seen, made.table, made.analyses, made.sensitivity, made.note)
