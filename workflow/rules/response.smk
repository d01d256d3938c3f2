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
        visits=report(
            "results/response/visits.tsv",
            caption="../report/visits.rst",
            category="Response and survival",
        ),
        audit="results/response/audit.tsv",
        tracks=report(
            "results/response/tracks.tsv",
            caption="../report/tracks.rst",
            category="Response and survival",
        ),
        markers=report(
            "results/response/markers.tsv",
            caption="../report/markers.rst",
            category="Response and survival",
        ),
        response=report(
            "results/response/response.tsv",
            caption="../report/response.rst",
            category="Response and survival",
        ),
        endpoints=report(
            "results/response/endpoints.tsv",
            caption="../report/endpoints.rst",
            category="Response and survival",
        ),
        groups_by_definition=report(
            "results/response/groups_by_definition.tsv",
            caption="../report/groups_by_definition.rst",
            category="Response and survival",
        ),
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
        code=files.code_of("cohort", "given_outcomes", "groups", "settings", "tables", "visits"),
    script:
        "../scripts/assess_response.py"


rule response:
    input:
        rules.assess_response.output,
