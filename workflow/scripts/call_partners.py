"""Over-expression of the translocation partner genes."""

from myeloma import expression, gates, partners, places, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    given, asked = snakemake.input, snakemake.params
    samples = tables.read(given.samples, tables.SAMPLES)
    failed = gates.failed(tables.read(given.qc, tables.QC))
    genes = places.read_genes(given.get("genes", ""))
    regions = places.read_regions(given.get("regions", ""))
    made = partners.call_cohort(
        *expression.read_counts(given.counts),
        genes, regions, samples, failed, asked.translocations, asked.rules, given.get("reference", ""),
    )  # fmt: skip
    tables.write(made, snakemake.output.partners, tables.PARTNERS)
