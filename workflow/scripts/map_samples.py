"""The cohort's expression as AnnData, where its samples lie, and what moves them."""

import pandas as pd

from myeloma import expression, places, sample_map, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    given, asked, made = snakemake.input, snakemake.params, snakemake.output
    genes, regions = places.read_genes(given.get("genes", "")), places.read_regions(given.get("regions", ""))
    counts, names = expression.read_counts(given.counts)
    qc, tpm = tables.read(given.qc, tables.QC), expression.read_tpm(given.tpm)
    dropped = expression.left_out(genes, asked.rules["exclude_from_size_factors"], regions)
    data = expression.cohort_data(counts, names, genes, dropped, pd.DataFrame(asked.samples), qc, tpm)
    sample_map.with_purity(data, tables.read(given.purity, tables.RNA_PURITY))
    places_of, scores = sample_map.locate(data, qc, asked.rules)
    found = sample_map.associate(scores, sample_map.factors(data.obs), asked.rules)
    expression.write_data(data, made.cohort)
    tables.write(places_of, made.sample_map, tables.SAMPLE_MAP)
    tables.write(found, made.associations, tables.PC_ASSOCIATIONS)
