"""export: the tables as one archive with their dictionary, the ADaM-like datasets of the trial, and the way out.

Reads every table that a reader of the report may want. Writes results/export/tables.zip and
results/export/adam: each dataset as Parquet, TSV and XPT, their dictionary, and what is not made and why; and what may
leave (pseudonyms, days instead of dates): cbioportal/, MAF, SEG, GCT, h5ad, myeloma.duckdb, RO-Crate and checksums.
"""

from myeloma import adam_names, dictionary, files, inputs
from myeloma.cohort import SHEETS as SHEET_NAMES

ADAM = "results/export/adam"


rule export_tables:
    input:
        tables=dictionary.exported(),
    output:
        archive="results/export/tables.zip",
    log:
        "logs/export_tables.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        code=files.code_of("dictionary"),
    script:
        "../scripts/export_tables.py"


rule export_adam:
    input:
        sheets=[
            SETTINGS.sheet(name)
            for name in ("patients", "dosing", "adverse_events", "concentrations")
            if SETTINGS.has_sheet(name)
        ],
        flow="results/cohort/flow.tsv",
        visits="results/response/visits.tsv",
        response="results/response/response.tsv",
        endpoints="results/response/endpoints.tsv",
        definitions=str(PROJECT / "resources/adam_variables.tsv"),
    output:
        adam=adam_names.paths(adam_names.datasets(SETTINGS), ADAM),
    log:
        "logs/export_adam.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        folder=lambda wildcards: ADAM,
        trial=SETTINGS["trial"],
        emergent_days=SETTINGS["safety"]["emergent_days"],
        endpoints=SETTINGS["endpoints"],
        project=lambda wildcards: str(PROJECT),
        code=files.code_of("adam", "adam_files", "adam_names", "cohort", "settings", "tables"),
    script:
        "../scripts/export_adam.py"


# What may leave the run: pseudonyms, days from C1D1, no free text (docs/privacy.md).
OUTSIDE = {
    "maf": "results/export/somatic.maf.gz",
    "seg": "results/export/segments.seg",
    "gct": "results/export/expression.gct",
    "h5ad": "results/export/cohort.h5ad",
    "readme": "results/export/README.md",
}
EXPORT_SHEETS = [
    SETTINGS.sheet(name)
    for name in ("patients", "samples", "exclusions", "dosing", "subsequent_therapy")
    if SETTINGS.has_sheet(name)
]
EXPORTED_KITS = sorted({sample.kit for sample in COHORT.dna_tumours if inputs.targets_of(SETTINGS, sample)})


rule export_cbioportal:
    input:
        unpack(lambda wildcards: named(genes=GENES, coding=GENES and "results/references/coding.tsv.gz")),
        **{table.name: table.path for table in dictionary.OUTSIDE},
        sheets=EXPORT_SHEETS,
        maf="results/calls/somatic.maf.gz",
        cohort="results/expression/cohort.h5ad",
        targets=[f"results/references/kits/{kit}.targets.bed" for kit in EXPORTED_KITS],
    output:
        **OUTSIDE,
        study=directory("results/export/cbioportal"),
    log:
        "logs/export_cbioportal.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        runtime=60,
    params:
        kits=EXPORTED_KITS,
        export=SETTINGS["export"],
        trial=SETTINGS["trial"],
        project=lambda wildcards: str(PROJECT),
        code=files.code_of("cbioportal", "cohort", "exchange", "settings"),
    script:
        "../scripts/export_cbioportal.py"


rule export_duckdb:
    input:
        **{table.name: table.path for table in dictionary.listed()},
        sheets=[
            SETTINGS.sheet(name)
            for name in ("patients", "samples", "exclusions")
            if SETTINGS.has_sheet(name)
        ],
    output:
        database="results/export/myeloma.duckdb",
    log:
        "logs/export_duckdb.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        runtime=60,
    params:
        export=SETTINGS["export"]["pseudonyms"],
        project=lambda wildcards: str(PROJECT),
        code=files.code_of("cohort", "database", "dictionary", "pseudonyms", "settings"),
    script:
        "../scripts/export_duckdb.py"


# Last: what went in and came out, and that nothing stands in it that must not.
GIVEN_SHEETS = {name: SETTINGS.sheet(name) for name in SHEET_NAMES if SETTINGS.has_sheet(name)}
GIVEN_REFERENCES = [
    SETTINGS.reference(name)
    for name in (
        "fasta",
        "gtf",
        "germline",
        "common_sites",
        "panel_of_normals",
        "regions",
        "arms",
        "hotspots",
        "drivers",
    )
    if SETTINGS.has(name)
]


rule export_manifest:
    input:
        sheets=list(GIVEN_SHEETS.values()),
        references=GIVEN_REFERENCES,
        tables=dictionary.exported(),
        report=["results/report/report.html", "results/report/multiqc.html"],
        archive="results/export/tables.zip",
        adam=rules.export_adam.output.adam,
        outside=rules.export_cbioportal.output,
        database="results/export/myeloma.duckdb",
        crams=[f"results/alignments/{sample}.cram" for sample in WANTED_READS],
    output:
        crate="results/export/ro-crate-metadata.json",
        checksums="results/export/checksums.tsv",
        privacy="results/export/privacy.tsv",
    log:
        "logs/export_manifest.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 240 * attempt,
    params:
        sheets=GIVEN_SHEETS,
        config=dict(SETTINGS.values),
        reads=[path for sample in WANTED_READS for path in inputs.unit_files(sample)],
        project=lambda wildcards: str(PROJECT),
        code=files.code_of(
            "cohort", "manifest", "privacy", "pseudonyms", "report.build", "settings", "tables"
        ),
    script:
        "../scripts/export_manifest.py"


rule export_archive:
    input:
        crate="results/export/ro-crate-metadata.json",
        recipients=[SETTINGS.path(path) for path in SETTINGS["export"]["recipients"]],
    output:
        archive="results/export/myeloma.tar.gz.c4gh",
    log:
        "logs/export_archive.log",
    conda:
        "../../envs/python.yaml"
    params:
        folder=lambda wildcards: "results/export",
        code=files.code_of("manifest"),
    script:
        "../scripts/export_archive.py"


rule export:
    input:
        "results/export/tables.zip",
        rules.export_adam.output.adam,
        rules.export_cbioportal.output,
        "results/export/myeloma.duckdb",
        rules.export_manifest.output,
        # packed and encrypted where somebody is to receive it
        rules.export_archive.output if SETTINGS["export"]["recipients"] else [],
