"""Skipped exons of each RNA sample, from the reads over their junctions."""

from myeloma import splicing, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    given, asked = snakemake.input, snakemake.params
    made = splicing.measure(
        dict(zip(asked.samples, given.crams, strict=True)),
        given.get("fasta", ""),
        given.get("gtf", ""),
        tables.read(given.samples, tables.SAMPLES),
        tables.read(given.qc, tables.QC),
        tables.read(given.purity, tables.RNA_PURITY),
        asked.rules,
    )
    tables.write(made, snakemake.output.splicing, tables.SPLICING)
