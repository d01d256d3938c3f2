"""pharmacokinetics: exposure to ixazomib of every patient, the check of its model, and exposure against outcome.

Reads the patients, dosing, concentrations, adverse_events and exclusions sheets, the published population model
and results/response. Writes results/pharmacokinetics. Without dosing or concentrations nobody has an exposure,
and the report drops its chapter with a sentence.
"""

from myeloma import files


rule fit_exposure:
    input:
        sheets=[
            path
            for path in map(SETTINGS.sheet, ("patients", "dosing", "concentrations", "exclusions"))
            if path
        ],
        model=SETTINGS.path(SETTINGS["pharmacokinetics"]["model"]),
    output:
        individual=report(
            "results/pharmacokinetics/individual.tsv",
            caption="../report/pk_individual.rst",
            category="Pharmacokinetics",
        ),
        concentrations=report(
            "results/pharmacokinetics/concentrations.tsv",
            caption="../report/pk_concentrations.rst",
            category="Pharmacokinetics",
        ),
        population=report(
            "results/pharmacokinetics/population.tsv",
            caption="../report/pk_population.rst",
            category="Pharmacokinetics",
        ),
        vpc=report(
            "results/pharmacokinetics/vpc.tsv",
            caption="../report/pk_vpc.rst",
            category="Pharmacokinetics",
        ),
    log:
        "logs/fit_exposure.log",
    benchmark:
        "benchmarks/fit_exposure.tsv"
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=20,
    params:
        trial=SETTINGS["trial"],
        rules=SETTINGS["pharmacokinetics"],
        project=lambda wildcards: str(PROJECT),
        code=files.code_of(
            "cohort",
            "endpoints",
            "individual_pk",
            "ixazomib",
            "population_pk",
            "settings",
            "tables",
            "visits",
        ),
    script:
        "../scripts/fit_exposure.py"


rule test_exposure:
    input:
        sheets=[
            path
            for path in map(SETTINGS.sheet, ("patients", "dosing", "adverse_events", "exclusions"))
            if path
        ],
        model=SETTINGS.path(SETTINGS["pharmacokinetics"]["model"]),
        individual="results/pharmacokinetics/individual.tsv",
        response="results/response/response.tsv",
    output:
        table=report(
            "results/pharmacokinetics/exposure_response.tsv",
            caption="../report/exposure_response.rst",
            category="Pharmacokinetics",
        ),
    log:
        "logs/test_exposure.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        data_cut=SETTINGS["trial"]["data_cut"],
        rules=SETTINGS["pharmacokinetics"],
        project=lambda wildcards: str(PROJECT),
        code=files.code_of(
            "cohort",
            "endpoints",
            "exposure_response",
            "individual_pk",
            "ixazomib",
            "settings",
            "tables",
            "visits",
        ),
    script:
        "../scripts/test_exposure.py"
