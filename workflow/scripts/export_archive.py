"""The export packed and encrypted for those who are to receive it."""

from myeloma import manifest
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    manifest.pack(snakemake.params.folder, list(snakemake.input.recipients), snakemake.output.archive)
