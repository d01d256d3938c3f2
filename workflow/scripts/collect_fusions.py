"""The samples' fusions in one table."""

import pandas as pd

from myeloma import tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    seen = [tables.read(path, tables.FUSIONS) for path in snakemake.input.fusions]
    made = pd.concat(seen, ignore_index=True) if seen else tables.empty(tables.FUSIONS)
    tables.write(made, snakemake.output.fusions, tables.FUSIONS)
