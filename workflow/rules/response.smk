"""response: IMWG level of every visit, confirmation, progression, endpoints and response groups.

Reads the patients, assessments, dosing, endpoints and exclusions sheets. Writes results/response: visits.tsv, audit.tsv (why
each candidate level holds or not), tracks.tsv (what is measurable), markers.tsv (the values behind the
figures), response.tsv, endpoints.tsv, groups_by_definition.tsv. One job of seconds for the whole cohort; without an assessments sheet
nobody is evaluable and only survival, and what the sheets give, is told; without dosing the end of induction is the recorded or planned one.
"""


rule assess_response:
    input:
        sheets=[
            path
            for path in (
                SETTINGS.path(SETTINGS["sheets"][name])
                for name in ("patients", "assessments", "dosing", "exclusions", "endpoints")
            )
            if path
        ],
    output:
        visits="results/response/visits.tsv",
        audit="results/response/audit.tsv",
        tracks="results/response/tracks.tsv",
        markers="results/response/markers.tsv",
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
        code=files.code_of(
            "cohort",
            "visits",
            "phases",
            "imwg",
            "markers",
            "response",
            "endpoints",
            "given_outcomes",
            "groups",
            "tables",
        ),
    script:
        "../scripts/assess_response.py"


rule response:
    input:
        rules.assess_response.output,
