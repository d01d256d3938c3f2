"""The cohort's expression as AnnData, and where its samples lie."""

import pandas as pd

from myeloma import expression, places, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    given, asked = snakemake.input, snakemake.params
    genes = places.read_genes(given.get("genes", ""))
    regions = places.read_regions(given.get("regions", ""))
    counts, names = expression.read_counts(given.counts)
    qc = tables.read(given.qc, tables.QC)
    data = expression.cohort_data(
        counts,
        names,
        genes,
        expression.left_out(genes, asked.left_out, regions),
        pd.DataFrame(asked.samples),
        qc,
    )
    expression.write_data(data, snakemake.output.cohort)
    tables.write(expression.sample_map(data), snakemake.output.sample_map, tables.SAMPLE_MAP)
