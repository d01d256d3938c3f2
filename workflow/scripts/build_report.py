"""Set the page for clinicians from the tables."""

from pathlib import Path

from myeloma import run
from myeloma.log import log_to
from myeloma.report import build, dossier, reproduce

with log_to(snakemake.log[0]):
    asked, main = snakemake.params, run.main_folder()
    given = build.Given(
        asked.patients, asked.config, build.provenance(main, asked.aligner), {"multiqc": "multiqc.html"},
        Path(snakemake.input.expression_note).read_text(encoding="utf-8"),
        build.copy_plots(asked.copy_plots, snakemake.output.html), asked.evidence,
        dossier.records(snakemake.config, main),
        Path(snakemake.input.plan).read_text(encoding="utf-8"),
        [*reproduce.sizes([*asked.files, *snakemake.input.sheets]), *reproduce.sizes(asked.reads, hashed=False)],
        reproduce.benchmarks("benchmarks"),
        asked.config_files, str(Path(snakemake.input.figures).parent),
    )  # fmt: skip
    build.write(dict(snakemake.input.items()), given, snakemake.output.html)
