"""Reads the sheets and the config; writes results/cohort: what the analysis does with every sample, and why."""

from myeloma import cohort, files


localrules:
    check,
    write_samples,


# Reading the sheets has found no problem when this rule exists; it says who is in what.
rule check:
    log:
        "logs/check.log",
    conda:
        "../../envs/python.yaml"
    params:
        project=str(PROJECT),
    script:
        "../scripts/check_cohort.py"


rule write_samples:
    output:
        samples="results/cohort/samples.tsv",
    log:
        "logs/write_samples.log",
    conda:
        "../../envs/python.yaml"
    params:
        samples=cohort.sample_rows(COHORT),
        code=files.code_of("cohort"),
    script:
        "../scripts/write_samples.py"
