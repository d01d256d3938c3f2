"""Fusions of one RNA sample from STAR's chimeric junctions."""

import pysam

from myeloma import fusions, places, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    given, asked = snakemake.input, snakemake.params
    genes = places.read_genes(given.get("genes", ""))
    regions = places.read_regions(given.get("regions", ""))
    annotation = fusions.Annotation(genes, regions, asked.translocations)
    with pysam.FastaFile(given.fasta) as fasta:
        made = fusions.call_sample(
            given.junctions, asked.patient, snakemake.wildcards.sample, annotation, asked.rules, fasta.fetch
        )
    tables.write(made, snakemake.output.fusions, tables.FUSIONS)
