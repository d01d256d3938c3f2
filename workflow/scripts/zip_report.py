"""Pack the report with MultiQC and the pages of reads."""

from myeloma.log import log_to
from myeloma.report import bundle

with log_to(snakemake.log[0]):
    bundle.pack(list(snakemake.input), "results/report", snakemake.output.zip)
