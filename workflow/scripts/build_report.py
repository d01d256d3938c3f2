"""Set the page for clinicians from the tables."""

from pathlib import Path

from myeloma import run
from myeloma.log import log_to
from myeloma.report import build

with log_to(snakemake.log[0]):
    made = build.provenance(run.main_folder(), snakemake.params.aligner)
    note = Path(snakemake.input.expression_note).read_text(encoding="utf-8")
    asked = snakemake.params
    plots = build.copy_plots(asked.copy_plots, snakemake.output.html)
    links = {"multiqc": "multiqc.html"}
    given = build.Given(asked.patients, asked.config, made, links, note, plots, asked.evidence)
    build.write(dict(snakemake.input.items()), given, snakemake.output.html)
