"""Every patient, every promised file and every marked number of the report, or an error that lists what is wrong."""

from myeloma import completeness, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    seen = {
        t.name: tables.read(snakemake.input[t.name], t) for t in tables.ALL if t.name in snakemake.params.read
    }
    rows = completeness.check(
        seen,
        snakemake.params.patients,
        snakemake.params.given,
        snakemake.params.promised,
        snakemake.input.page,
    )
    tables.write(rows, snakemake.output.table, tables.COMPLETENESS)
    if wrong := completeness.failures(rows):
        raise completeness.Incomplete("\n".join(["the run is not complete:", *wrong]))
