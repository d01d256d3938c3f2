"""Reads the sheets and the config; writes results/cohort: what the analysis does with every sample, and why.

Clinical values that were accepted but are hardly possible are listed there too.
"""

from myeloma import cohort, files


localrules:
    check,
    estimate,
    list_implausible,
    write_samples,


# Reading the sheets has found no problem when this rule exists; it says who is in what.
rule check:
    log:
        "logs/check.log",
    conda:
        "../../envs/python.yaml"
    params:
        # a function, since the linter takes a plain path for the prefix of a file
        project=lambda wildcards: str(PROJECT),
    script:
        "../scripts/check_cohort.py"


# How long, how much memory and disk the rest of the run will take; nothing is computed.
rule estimate:
    log:
        "logs/estimate.log",
    conda:
        "../../envs/python.yaml"
    params:
        # functions, since the linter takes a plain path for the prefix of a file
        project=lambda wildcards: str(PROJECT),
        costs=lambda wildcards: str(PROJECT / "resources/costs.tsv"),
        cores=lambda wildcards: workflow.cores or 1,
    script:
        "../scripts/estimate_run.py"


rule write_samples:
    output:
        samples=report(
            "results/cohort/samples.tsv",
            caption="../report/samples.rst",
            category="Cohort",
        ),
    log:
        "logs/write_samples.log",
    conda:
        "../../envs/python.yaml"
    params:
        samples=cohort.sample_rows(COHORT),
        code=files.code_of("tables"),
    script:
        "../scripts/write_samples.py"


rule list_implausible:
    input:
        sheets=[
            SETTINGS.sheet(name)
            for name in ("patients", "assessments", "laboratory")
            if SETTINGS.has_sheet(name)
        ],
        ranges=str(PROJECT / "resources/plausible_values.tsv"),
        units=str(PROJECT / "resources/laboratory_units.tsv"),
    output:
        values=report(
            "results/cohort/implausible_values.tsv",
            caption="../report/implausible_values.rst",
            category="Quality",
        ),
    log:
        "logs/list_implausible.log",
    conda:
        "../../envs/python.yaml"
    params:
        project=lambda wildcards: str(PROJECT),
        data_cut=SETTINGS["trial"]["data_cut"],
        code=files.code_of("clinical_notes", "cohort", "settings", "tables"),
    script:
        "../scripts/list_implausible.py"
