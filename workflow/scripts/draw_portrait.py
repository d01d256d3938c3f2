"""Draw the molecular portrait of early and poor responders."""

from pathlib import Path

from myeloma.log import log_to
from myeloma.report import portrait

with log_to(snakemake.log[0]):
    asked = snakemake.params
    made, captions = portrait.prepare(dict(snakemake.input.items()), asked.patients, asked.settings)
    portrait.write(made, captions, Path(snakemake.output.figures).parent)
