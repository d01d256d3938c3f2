"""Signatures of the pooled mutations of early and of poor responders."""

from myeloma import contexts, pooled, survival, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    made = pooled.fit_groups(
        contexts.read(snakemake.input.counts),
        tables.read(snakemake.input.samples, tables.SAMPLES),
        tables.read(snakemake.input.flow, tables.FLOW),
        tables.read(snakemake.input.qc, tables.QC),
        snakemake.params.rules,
        snakemake.params.build,
        survival.rule_of(tables.read(snakemake.input.response, tables.RESPONSE)),
    )
    tables.write(made, snakemake.output.table, tables.SIGNATURES_BY_GROUP)
