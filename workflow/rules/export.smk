"""export: the tables as one archive with their dictionary.

Reads every table that a reader of the report may want. Writes results/export/tables.zip.
"""

from myeloma import dictionary, files


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


rule export:
    input:
        "results/export/tables.zip",
