"""The reads behind the reported mutations and translocations of one patient."""

from myeloma.log import log_to
from myeloma.report import evidence

with log_to(snakemake.log[0]):
    evidence.write(
        snakemake.wildcards.patient,
        snakemake.input.abnormalities,
        [evidence.Track(**track) for track in snakemake.params.tracks],
        snakemake.input.fasta,
        snakemake.output.html,
    )
