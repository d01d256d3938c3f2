"""Published scores of each RNA sample, and the genes of the drugs' pathway."""

from myeloma import expression, gates, places, scores, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    given, asked = snakemake.input, snakemake.params
    made, pathway = scores.score_cohort(
        *expression.read_counts(given.counts),
        places.read_genes(given.get("genes", "")),
        places.read_regions(given.get("regions", "")),
        tables.read(given.samples, tables.SAMPLES),
        gates.failed(tables.read(given.qc, tables.QC)),
        given.get("scores", ""),
        asked.excluded,
        asked.rules,
    )
    tables.write(made, snakemake.output.scores, tables.SCORES)
    tables.write(pathway, snakemake.output.pathway, tables.PATHWAY)
