"""safety: exposure, adverse events, laboratory grades and the tables of the monitoring committee.

Reads the patients, assessments, dosing, adverse_events and laboratory sheets. Writes results/safety. One job of
seconds for the whole cohort; a sheet that is not given leaves its tables without rows and the report says so.
"""


rule assess_safety:
    input:
        sheets=[
            path
            for path in map(
                SETTINGS.sheet, ("patients", "assessments", "dosing", "adverse_events", "laboratory")
            )
            if path
        ],
        limits=SETTINGS.path(SETTINGS["safety"]["laboratory_limits"]),
    output:
        exposure=report(
            "results/safety/exposure.tsv",
            caption="../report/exposure.rst",
            category="Safety",
        ),
        dose_changes=report(
            "results/safety/dose_changes.tsv",
            caption="../report/dose_changes.rst",
            category="Safety",
        ),
        adverse_events_by_term=report(
            "results/safety/adverse_events_by_term.tsv",
            caption="../report/adverse_events_by_term.rst",
            category="Safety",
        ),
        adverse_events_summary=report(
            "results/safety/adverse_events_summary.tsv",
            caption="../report/adverse_events_summary.rst",
            category="Safety",
        ),
        laboratory_grades=report(
            "results/safety/laboratory_grades.tsv",
            caption="../report/laboratory_grades.rst",
            category="Safety",
        ),
        laboratory_by_term=report(
            "results/safety/laboratory_by_term.tsv",
            caption="../report/laboratory_by_term.rst",
            category="Safety",
        ),
        idmc_cuts=report(
            "results/safety/idmc_cuts.tsv",
            caption="../report/idmc_cuts.rst",
            category="Safety",
        ),
        idmc=report(
            "results/safety/idmc.tsv",
            caption="../report/idmc.rst",
            category="Safety",
        ),
    log:
        "logs/assess_safety.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        trial=SETTINGS["trial"],
        safety=SETTINGS["safety"],
        project=lambda wildcards: str(PROJECT),
        code=files.code_of("cohort", "safety", "settings", "tables"),
    script:
        "../scripts/assess_safety.py"


rule safety:
    input:
        rules.assess_safety.output,
