"""response: IMWG level of every visit, confirmation, progression, endpoints and response groups.

Reads the patients, assessments and exclusions sheets. Writes results/response: visits.tsv, audit.tsv (why
each candidate level holds or not), response.tsv, endpoints.tsv, groups_by_definition.tsv. One job of
seconds for the whole cohort; without an assessments sheet nobody is evaluable and only survival is told.
"""


rule assess_response:
    input:
        sheets=[
            path
            for path in (
                SETTINGS.path(SETTINGS["sheets"][name]) for name in ("patients", "assessments", "exclusions")
            )
            if path
        ],
    output:
        visits="results/response/visits.tsv",
        audit="results/response/audit.tsv",
        response="results/response/response.tsv",
        endpoints="results/response/endpoints.tsv",
        groups_by_definition="results/response/groups_by_definition.tsv",
    log:
        "logs/assess_response.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        trial=SETTINGS["trial"],
        response=SETTINGS["response"],
        endpoints=SETTINGS["endpoints"],
        groups=SETTINGS["groups"],
        project=str(PROJECT),
        code=files.code_of("cohort", "visits", "imwg", "response", "endpoints", "groups", "tables"),
    script:
        "../scripts/assess_response.py"


rule response:
    input:
        rules.assess_response.output,
