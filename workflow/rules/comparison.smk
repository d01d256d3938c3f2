"""comparison: early against poor responders, response rates, survival, and where every patient is.

Reads the patients, assessments and laboratory sheets (risk systems), results/cohort/samples.tsv, results/alignments/qc.tsv, results/calls/sbs96.tsv, results/abnormalities,
results/expression and results/response. Writes results/comparison, and results/cohort/flow.tsv: the flow is a table of the
cohort, but it needs the gates, the groups and the calls, so the stage that has them all writes it.
"""

from myeloma import files, flow


# Who is in which analysis, and why not.
rule draw_flow:
    input:
        samples="results/cohort/samples.tsv",
        qc="results/alignments/qc.tsv",
        abnormalities="results/abnormalities/abnormalities.tsv",
        response="results/response/response.tsv",
        endpoints="results/response/endpoints.tsv",
    output:
        flow=report(
            "results/cohort/flow.tsv",
            caption="../report/flow.rst",
            category="Cohort",
        ),
    log:
        "logs/draw_flow.log",
    benchmark:
        "benchmarks/draw_flow.tsv"
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        patients=flow.patient_rows(COHORT.patients, SETTINGS["trial"]["data_cut"]),
        exclusions=flow.exclusion_rows(COHORT.exclusions),
        rules={
            "definition": SETTINGS["groups"]["definition"],
            "landmark_days": SETTINGS["groups"]["landmark_days"],
            "rule_set": SETTINGS["endpoints"]["rule_set"],
        },
        code=files.code_of("flow", "tables"),
    script:
        "../scripts/draw_flow.py"


rule compare_abnormalities:
    input:
        flow="results/cohort/flow.tsv",
        abnormalities="results/abnormalities/abnormalities.tsv",
        response="results/response/response.tsv",
        endpoints="results/response/endpoints.tsv",
    output:
        table=report(
            "results/comparison/abnormalities_by_group.tsv",
            caption="../report/abnormalities_by_group.rst",
            category="Comparison",
        ),
    log:
        "logs/compare_abnormalities.log",
    benchmark:
        "benchmarks/compare_abnormalities.tsv"
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        qualifying={p.patient: p.qualifying_abnormality for p in COHORT.patients},
        comparison=SETTINGS["comparison"],
        rule_set=SETTINGS["endpoints"]["rule_set"],
        code=files.code_of("association", "flow", "multiplicity", "tables"),
    script:
        "../scripts/compare_abnormalities.py"


rule compare_presence:
    input:
        flow="results/cohort/flow.tsv",
        abnormalities="results/abnormalities/abnormalities.tsv",
        response="results/response/response.tsv",
        endpoints="results/response/endpoints.tsv",
        # the data cut, where none is given, is the latest date of all sheets
        visits="results/response/visits.tsv",
        idmc_cuts="results/safety/idmc_cuts.tsv",
    output:
        response=report(
            "results/comparison/response_by_abnormality.tsv",
            caption="../report/response_by_abnormality.rst",
            category="Comparison",
        ),
        survival=report(
            "results/comparison/survival_by_abnormality.tsv",
            caption="../report/survival_by_abnormality.rst",
            category="Comparison",
        ),
    log:
        "logs/compare_presence.log",
    benchmark:
        "benchmarks/compare_presence.tsv"
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=20,
    params:
        qualifying={p.patient: p.qualifying_abnormality for p in COHORT.patients},
        comparison=SETTINGS["comparison"],
        rule_set=SETTINGS["endpoints"]["rule_set"],
        data_cut=SETTINGS["trial"]["data_cut"],
        code=files.code_of("by_presence", "idmc", "tables"),
    script:
        "../scripts/compare_presence.py"


# The primary family under other groups and with fewer patients.
rule check_comparison:
    input:
        flow="results/cohort/flow.tsv",
        abnormalities="results/abnormalities/abnormalities.tsv",
        definitions="results/response/groups_by_definition.tsv",
        samples="results/cohort/samples.tsv",
        purity="results/calls/purity.tsv",
        variants="results/calls/variants.tsv.gz",
    output:
        table=report(
            "results/comparison/sensitivity.tsv",
            caption="../report/sensitivity.rst",
            category="Comparison",
        ),
    log:
        "logs/check_comparison.log",
    benchmark:
        "benchmarks/check_comparison.tsv"
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        exclusions=flow.exclusion_rows(COHORT.exclusions),
        comparison=SETTINGS["comparison"],
        somatic_by=SETTINGS["entry"]["mutations_somatic"]["stated_by"],
        code=files.code_of("sensitivity", "tables"),
    script:
        "../scripts/check_comparison.py"


# Who the groups are: Table 1, which abnormalities go together, burden.
rule describe_groups:
    input:
        flow="results/cohort/flow.tsv",
        abnormalities="results/abnormalities/abnormalities.tsv",
        samples="results/cohort/samples.tsv",
        burden="results/calls/burden.tsv",
        signatures="results/calls/signatures.tsv",
    output:
        table1=report(
            "results/comparison/table1.tsv",
            caption="../report/table1.rst",
            category="Cohort",
        ),
        cooccurrence=report(
            "results/comparison/cooccurrence.tsv",
            caption="../report/cooccurrence.rst",
            category="Comparison",
        ),
        burden=report(
            "results/comparison/burden_by_group.tsv",
            caption="../report/burden_by_group.rst",
            category="Comparison",
        ),
    log:
        "logs/describe_groups.log",
    benchmark:
        "benchmarks/describe_groups.tsv"
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=20,
    params:
        patients=flow.detail_rows(COHORT.patients, SETTINGS["trial"]["data_cut"]),
        qualifying={p.patient: p.qualifying_abnormality for p in COHORT.patients},
        comparison=SETTINGS["comparison"],
        definitions=SETTINGS["abnormalities"],
        code=files.code_of("cooccurrence", "shifts", "table_one", "tables"),
    script:
        "../scripts/describe_groups.py"


rule fit_adjusted:
    input:
        flow="results/cohort/flow.tsv",
        abnormalities="results/abnormalities/abnormalities.tsv",
        endpoints="results/response/endpoints.tsv",
    output:
        adjusted=report(
            "results/comparison/adjusted.tsv",
            caption="../report/adjusted.rst",
            category="Comparison",
        ),
        interactions=report(
            "results/comparison/interactions.tsv",
            caption="../report/interactions.rst",
            category="Comparison",
        ),
    log:
        "logs/fit_adjusted.log",
    benchmark:
        "benchmarks/fit_adjusted.tsv"
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=20,
    params:
        patients=flow.covariate_rows(COHORT.patients),
        comparison=SETTINGS["comparison"],
        rule_set=SETTINGS["endpoints"]["rule_set"],
        definitions=SETTINGS["abnormalities"],
        code=files.code_of("adjusted", "tables"),
    script:
        "../scripts/fit_adjusted.py"


rule tabulate_rates:
    input:
        flow="results/cohort/flow.tsv",
        response="results/response/response.tsv",
        endpoints="results/response/endpoints.tsv",
    output:
        table=report(
            "results/comparison/response_rates.tsv",
            caption="../report/response_rates.rst",
            category="Response and survival",
        ),
    log:
        "logs/tabulate_rates.log",
    benchmark:
        "benchmarks/tabulate_rates.tsv"
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        confidence=SETTINGS["comparison"]["confidence"],
        code=files.code_of("association", "tables"),
    script:
        "../scripts/tabulate_rates.py"


rule fit_survival:
    input:
        flow="results/cohort/flow.tsv",
        abnormalities="results/abnormalities/abnormalities.tsv",
        response="results/response/response.tsv",
        endpoints="results/response/endpoints.tsv",
    output:
        summary=report(
            "results/comparison/survival.tsv",
            caption="../report/survival.rst",
            category="Response and survival",
        ),
        curves="results/comparison/survival_curves.tsv",
        results=report(
            "results/comparison/endpoint_results.tsv",
            caption="../report/endpoint_results.rst",
            category="Response and survival",
        ),
        incidence=report(
            "results/comparison/cumulative_incidence.tsv",
            caption="../report/cumulative_incidence.rst",
            category="Response and survival",
        ),
    log:
        "logs/fit_survival.log",
    benchmark:
        "benchmarks/fit_survival.tsv"
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        comparison=SETTINGS["comparison"],
        landmark_days=SETTINGS["groups"]["landmark_days"],
        rule_set=SETTINGS["endpoints"]["rule_set"],
        days_per_month=SETTINGS["endpoints"]["days_per_month"],
        strata=flow.strata(COHORT.patients, SETTINGS["comparison"]["log_rank_strata"]),
        code=files.code_of("outcomes", "survival", "tables"),
    script:
        "../scripts/fit_survival.py"


rule compare_levels:
    input:
        flow="results/cohort/flow.tsv",
        abnormalities="results/abnormalities/abnormalities.tsv",
        tc_classes="results/calls/tc_classes.tsv",
        endpoints="results/response/endpoints.tsv",
    output:
        table=report(
            "results/comparison/levels.tsv",
            caption="../report/levels.rst",
            category="Comparison",
        ),
    log:
        "logs/compare_levels.log",
    benchmark:
        "benchmarks/compare_levels.tsv"
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        comparison=SETTINGS["comparison"],
        rule_set=SETTINGS["endpoints"]["rule_set"],
        code=files.code_of("levels", "tables"),
    script:
        "../scripts/compare_levels.py"


rule stratify_risk:
    input:
        sheets=[path for path in map(SETTINGS.sheet, ("patients", "assessments", "laboratory")) if path],
        systems=SETTINGS.path(SETTINGS["risk"]["file"]),
        abnormalities="results/abnormalities/abnormalities.tsv",
        endpoints="results/response/endpoints.tsv",
        flow="results/cohort/flow.tsv",
    output:
        risk=report(
            "results/comparison/risk.tsv",
            caption="../report/risk.rst",
            category="Comparison",
        ),
        strata=report(
            "results/comparison/risk_strata.tsv",
            caption="../report/risk_strata.rst",
            category="Comparison",
        ),
    log:
        "logs/stratify_risk.log",
    benchmark:
        "benchmarks/stratify_risk.tsv"
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        rules=SETTINGS["risk"],
        comparison=SETTINGS["comparison"],
        rule_set=SETTINGS["endpoints"]["rule_set"],
        data_cut=SETTINGS["trial"]["data_cut"],
        project=lambda wildcards: str(PROJECT),
        code=files.code_of("cohort", "risk", "settings", "tables"),
    script:
        "../scripts/stratify_risk.py"


rule pool_signatures:
    input:
        counts="results/calls/sbs96.tsv",
        samples="results/cohort/samples.tsv",
        flow="results/cohort/flow.tsv",
        response="results/response/response.tsv",
        qc="results/alignments/qc.tsv",
    output:
        table=report(
            "results/comparison/signatures_by_group.tsv",
            caption="../report/signatures_by_group.rst",
            category="Abnormalities",
        ),
    log:
        "logs/pool_signatures.log",
    benchmark:
        "benchmarks/pool_signatures.tsv"
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=30,
    params:
        rules=SETTINGS["signatures"],
        build=SETTINGS["reference"]["build"],
        code=files.code_of("contexts", "pooled", "survival", "tables"),
    script:
        "../scripts/pool_signatures.py"


# Expression

# Calls are read only where a covariate names one.
STATES_ASKED = any(name.startswith("abnormality:") for name in SETTINGS["expression"]["covariates"])


rule test_expression:
    input:
        unpack(
            lambda wildcards: named(
                genes=GENES,
                regions=REGIONS,
                purity="results/expression/rna_purity.tsv",
                abnormalities="results/abnormalities/abnormalities.tsv" if STATES_ASKED else "",
            )
        ),
        counts="results/expression/counts.tsv.gz",
        response="results/response/response.tsv",
        flow="results/cohort/flow.tsv",
        qc="results/alignments/qc.tsv",
    output:
        table=report(
            "results/comparison/expression_early_vs_poor.tsv",
            caption="../report/expression_early_vs_poor.rst",
            category="Expression",
        ),
        note="results/comparison/expression_note.txt",
        analyses=report(
            "results/comparison/expression_analyses.tsv",
            caption="../report/expression_analyses.rst",
            category="Expression",
        ),
        sensitivity="results/comparison/expression_sensitivity.tsv",
    log:
        "logs/test_expression.log",
    benchmark:
        "benchmarks/test_expression.tsv"
    conda:
        "../../envs/python.yaml"
    threads: 4
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 120 * attempt,
    params:
        samples=[sheet_values(sample) for sample in COUNTED],
        patients=flow.covariate_rows(COHORT.patients),
        settings={name: SETTINGS[name] for name in ("expression", "comparison")},
        code=files.code_of("design", "differential", "expression", "flow", "places", "tables"),
    script:
        "../scripts/test_expression.py"


rule test_gene_sets:
    input:
        unpack(lambda wildcards: named(genes=GENES, regions=REGIONS)),
        table="results/comparison/expression_early_vs_poor.tsv",
        note="results/comparison/expression_note.txt",
        scores="results/expression/gene_set_scores.tsv",
        response="results/response/response.tsv",
        flow="results/cohort/flow.tsv",
        samples="results/cohort/samples.tsv",
        sets=[SETTINGS.path(path) for path in SETTINGS["expression"]["gene_sets"]],
    output:
        table=report(
            "results/comparison/gene_sets.tsv",
            caption="../report/gene_sets.rst",
            category="Expression",
        ),
    log:
        "logs/test_gene_sets.log",
    benchmark:
        "benchmarks/test_gene_sets.tsv"
    conda:
        "../../envs/python.yaml"
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 4500 * attempt,
        runtime=60,
    params:
        rules=SETTINGS["expression"],
        least=SETTINGS["comparison"]["min_group_for_expression"],
        most=SETTINGS["comparison"]["exact_wilcoxon_most"],
        code=files.code_of("enrichment", "expression", "flow", "gene_sets", "places", "tables"),
    script:
        "../scripts/test_gene_sets.py"


rule collect_effects:
    input:
        abnormalities_by_group="results/comparison/abnormalities_by_group.tsv",
        adjusted="results/comparison/adjusted.tsv",
        response_by_abnormality="results/comparison/response_by_abnormality.tsv",
        survival_by_abnormality="results/comparison/survival_by_abnormality.tsv",
        interactions="results/comparison/interactions.tsv",
        cooccurrence="results/comparison/cooccurrence.tsv",
        burden_by_group="results/comparison/burden_by_group.tsv",
        expression_early_vs_poor="results/comparison/expression_early_vs_poor.tsv",
        expression_analyses="results/comparison/expression_analyses.tsv",
        gene_sets="results/comparison/gene_sets.tsv",
    output:
        table=report(
            "results/comparison/effect_sizes.tsv",
            caption="../report/effect_sizes.rst",
            category="Comparison",
        ),
    log:
        "logs/collect_effects.log",
    benchmark:
        "benchmarks/collect_effects.tsv"
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        comparison=SETTINGS["comparison"],
        code=files.code_of("effects", "tables"),
    script:
        "../scripts/collect_effects.py"
