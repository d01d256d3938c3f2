"""Fusions of one RNA sample from Arriba's table."""

from myeloma import arriba, fusions, places, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    given, asked = snakemake.input, snakemake.params
    genes = places.read_genes(given.get("genes", ""))
    regions = places.read_regions(given.get("regions", ""))
    annotation = fusions.Annotation(genes, regions, asked.translocations)
    with open(given.fai, encoding="utf-8") as handle:
        contigs = [line.split("\t")[0] for line in handle]
    sample = snakemake.wildcards.sample
    made = arriba.call_sample(given.fusions, asked.patient, sample, annotation, asked.rules, contigs)
    tables.write(made, snakemake.output.fusions, tables.FUSIONS)
