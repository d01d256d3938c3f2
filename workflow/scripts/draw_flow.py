"""Say for every patient and analysis: in, or out and why."""

from myeloma import flow, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    names = ("samples", "qc", "abnormalities", "response", "endpoints")
    seen = {name: tables.read(snakemake.input[name], getattr(tables, name.upper())) for name in names}
    made = flow.build(
        snakemake.params.patients,
        exclusions=snakemake.params.exclusions,
        rules=snakemake.params.rules,
        **seen,
    )
    tables.write(made, snakemake.output.flow, tables.FLOW)
