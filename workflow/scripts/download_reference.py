"""Fetch a reference file, verify it, record what came."""

from myeloma import downloads
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    source = downloads.Source(**snakemake.params.source)
    downloads.download(source, snakemake.output.file, snakemake.params.lock)
