"""Scores of gene sets in every RNA sample."""

from myeloma import expression, gates, gene_sets, places, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    given, rules = snakemake.input, snakemake.params.rules
    counts, names = expression.read_counts(given.counts)
    dropped = expression.left_out(
        places.read_genes(given.get("genes", "")),
        rules["exclude_from_size_factors"],
        places.read_regions(given.get("regions", "")),
    )
    sets = gene_sets.read_gmt(given.get("sets", []))
    samples, failed = (
        tables.read(given.samples, tables.SAMPLES),
        gates.failed(tables.read(given.qc, tables.QC)),
    )
    made = gene_sets.scores(counts, names, dropped, sets, samples, failed, rules, snakemake.threads)
    tables.write(made, snakemake.output.scores, tables.GENE_SET_SCORES)
