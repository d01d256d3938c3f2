"""RO-Crate, checksums, and the search for what must not be in the results."""

from pathlib import Path

from myeloma import manifest, privacy, pseudonyms, settings, tables
from myeloma.cohort import load_cohort
from myeloma.log import log_to
from myeloma.report import build

with log_to(snakemake.log[0]):
    given, asked = snakemake.input, snakemake.params
    made = settings.load(asked.config, asked.project)
    cohort = load_cohort(made, check_files=False, clinical=False)
    names = pseudonyms.names_of(cohort, made["export"]["pseudonyms"], asked.project)
    found = privacy.identifying_values(asked.sheets, made["export"]["identifying_columns"])
    roots = {"PROJECT": str(Path(asked.project)), "DIRECTORY": str(Path.cwd())}
    outputs = [*given.tables, *given.report, given.archive, *given.adam, *given.outside, given.database]
    listed = manifest.checksums([*given.sheets, *given.references], [*asked.reads, *given.crams], outputs, roots,
                                made["export"]["checksum_reads"])  # fmt: skip
    about = build.provenance(Path(asked.project), made["align"]["aligner"])
    about |= {"name": made["report"]["title"], "description": made["trial"]["name"]}
    listed = manifest.outside(listed, names)
    config = manifest.config_outside(manifest.without_paths(made.values, roots), names)
    manifest.write(listed, manifest.crate(listed, about, config), snakemake.output)
    # last, so that it sees what was just written; a job that fails takes its files with it
    rows = privacy.scan("results", privacy.roots_of(made), found, names)
    tables.write(rows, snakemake.output.privacy, tables.PRIVACY)
    privacy.stop_at(rows)
