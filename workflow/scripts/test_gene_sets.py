"""Gene sets of early against poor responders."""

from pathlib import Path

from myeloma import enrichment, expression, flow, gene_sets, places, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    given, rules = snakemake.input, snakemake.params.rules
    genes, regions = places.read_genes(given.get("genes", "")), places.read_regions(given.get("regions", ""))
    made = enrichment.early_versus_poor(
        tables.read(given.table, tables.EXPRESSION),
        expression.left_out(genes, rules["exclude_from_size_factors"], regions),
        gene_sets.read_gmt(given.get("sets", [])),
        tables.read(given.scores, tables.GENE_SET_SCORES),
        flow.compared_samples(
            tables.read(given.flow, tables.FLOW), tables.read(given.samples, tables.SAMPLES)
        ),
        rules,
        Path(given.note).read_text(encoding="utf-8").strip(),
        snakemake.threads,
        rule=flow.rule_of(tables.read(given.response, tables.RESPONSE)),
        least=snakemake.params.least,
        most=snakemake.params.most,
    )
    tables.write(made, snakemake.output.table, tables.GENE_SETS)
