"""MultiQC over the measures of reads and alignments; without network, without paths of this machine."""

from myeloma import multiqc
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    multiqc.summarise(snakemake.params.folders, snakemake.params.title, snakemake.output.html)
