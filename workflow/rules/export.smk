"""export: the tables as one archive with their dictionary, and the ADaM-like datasets of the trial.

Reads every table that a reader of the report may want. Writes results/export/tables.zip and
results/export/adam: each dataset as Parquet, TSV and XPT, their dictionary, and what is not made and why.
"""

from myeloma import adam_names, dictionary, files

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
        code=files.code_of("dictionary", "tables"),
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
        code=files.code_of(
            "cohort",
            "sheets",
            "laboratory",
            "visits",
            "endpoints",
            "adverse_events",
            "exposure",
            "phases",
            "idmc",
            "safety",
            "adam",
            "adam_files",
            "adam_names",
            "tables",
        ),
    script:
        "../scripts/export_adam.py"


rule export:
    input:
        "results/export/tables.zip",
        rules.export_adam.output.adam,
