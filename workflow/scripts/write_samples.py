"""What the analysis does with every sample, and why."""

import pandas as pd

from myeloma import tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    frame = pd.DataFrame(list(snakemake.params.samples), columns=tables.SAMPLES.names())
    tables.write(frame, snakemake.output.samples, tables.SAMPLES)
