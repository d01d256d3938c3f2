from myeloma import reads, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    seen = reads.inspect_units(snakemake.params.units)
    tables.write(seen, snakemake.output.units, tables.UNITS)
