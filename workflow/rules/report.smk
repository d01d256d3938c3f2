"""report: the page for clinicians and, beside it, MultiQC.

Reads every table of the stages before. Writes results/report/report.html and results/report/multiqc.html.
"""

from myeloma import files, flow


report: "../report/workflow.rst"


rule run_multiqc:
    input:
        qc="results/alignments/qc.tsv",
    output:
        html=report(
            "results/report/multiqc.html",
            caption="../report/multiqc.rst",
            category="Report",
        ),
    log:
        "logs/run_multiqc.log",
    conda:
        "../../envs/multiqc.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=30,
    params:
        folders=["results/alignments/qc", "results/alignments"],
        title=SETTINGS["report"]["title"],
        code=files.code_of("multiqc"),
    script:
        "../scripts/run_multiqc.py"


rule build_report:
    input:
        samples="results/cohort/samples.tsv",
        flow="results/cohort/flow.tsv",
        qc="results/alignments/qc.tsv",
        sample_map="results/expression/sample_map.tsv",
        purity="results/calls/purity.tsv",
        burden="results/calls/burden.tsv",
        signatures="results/calls/signatures.tsv",
        signatures_by_group="results/comparison/signatures_by_group.tsv",
        fish_concordance="results/calls/fish_concordance.tsv",
        fish_agreement="results/calls/fish_agreement.tsv",
        copy_plots=list(COPIES.patient_plots().values()),
        abnormalities="results/abnormalities/abnormalities.tsv",
        visits="results/response/visits.tsv",
        response="results/response/response.tsv",
        endpoints="results/response/endpoints.tsv",
        abnormalities_by_group="results/comparison/abnormalities_by_group.tsv",
        expression_early_vs_poor="results/comparison/expression_early_vs_poor.tsv",
        expression_note="results/comparison/expression_note.txt",
        response_rates="results/comparison/response_rates.tsv",
        survival="results/comparison/survival.tsv",
        survival_curves="results/comparison/survival_curves.tsv",
    output:
        html=report(
            "results/report/report.html",
            caption="../report/report.rst",
            category="Report",
        ),
    log:
        "logs/build_report.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=20,
    params:
        patients=flow.detail_rows(COHORT.patients),
        copy_plots=COPIES.patient_plots(),
        config=config,
        aligner=SETTINGS["align"]["aligner"],
        code=files.code_of(
            "report.build",
            "report.sections",
            "report.figures",
            "report.words",
            "flow",
            "association",
            "tables",
        ),
        templates=files.digest(*sorted((PROJECT / "workflow/scripts/myeloma/report/templates").glob("*"))),
    script:
        "../scripts/build_report.py"


rule report:
    input:
        html="results/report/report.html",
        multiqc="results/report/multiqc.html",
        # what the first records of each FASTQ say stands beside the report, for the bioinformatician
        units="results/reads/units.tsv",
