"""report: the page for clinicians and, beside it, MultiQC and the reads behind the calls.

Reads every table of the stages before, and the CRAMs. Writes results/report/report.html, multiqc.html and
evidence/{patient}.html, which hold reads and so stay where the data are; report_full.zip holds them all;
completeness.tsv says whether everything is there. The figures of the molecular portrait stand in figures/ with the tables
behind them; figures.zip redraws them.
"""

from myeloma import completeness, files, flow, inputs, tables
from myeloma.cohort import SHEETS

#: What the sheets name beside the reads, told with its checksum.
REFERENCE_FILES = (
    "fasta",
    "gtf",
    "germline",
    "common_sites",
    "panel_of_normals",
    "regions",
    "arms",
    "hotspots",
    "drivers",
)
EVIDENCE_PATIENTS = [patient for patient in COHORT.patient_ids if inputs.evidence_tracks(COHORT, patient)]

# In the order of the report, as in report.portrait.TABLES (which imports matplotlib: too heavy for every job's parsing).
PORTRAIT = [
    "oncoprint",
    "copy_number",
    "lollipops",
    "pathways",
    "forest_all",
    "expression_heatmap",
    "curves_overall",
    "curves_by_abnormality",
]


report: "../report/workflow.rst"


rule draw_portrait:
    input:
        unpack(lambda wildcards: named(gtf=SETTINGS.has("gtf") and "results/references/genome.gtf")),
        samples="results/cohort/samples.tsv",
        flow="results/cohort/flow.tsv",
        qc="results/alignments/qc.tsv",
        purity="results/calls/purity.tsv",
        segments="results/calls/segments.tsv.gz",
        annotated_variants="results/calls/annotated_variants.tsv.gz",
        abnormalities="results/abnormalities/abnormalities.tsv",
        response="results/response/response.tsv",
        rna_purity="results/expression/rna_purity.tsv",
        cohort="results/expression/cohort.h5ad",
        abnormalities_by_group="results/comparison/abnormalities_by_group.tsv",
        expression_early_vs_poor="results/comparison/expression_early_vs_poor.tsv",
        expression_note="results/comparison/expression_note.txt",
        survival="results/comparison/survival.tsv",
        endpoints="results/response/endpoints.tsv",
        survival_by_abnormality="results/comparison/survival_by_abnormality.tsv",
        survival_curves="results/comparison/survival_curves.tsv",
        arms="results/references/arms.tsv",
        pathways=SETTINGS.path(SETTINGS["report"]["portrait"]["pathways"]),
    output:
        svg=[
            report(
                f"results/report/figures/{name}.svg",
                caption=f"../report/{name}.rst",
                category="Molecular portrait",
            )
            for name in PORTRAIT
        ],
        pdf=[f"results/report/figures/{name}.pdf" for name in PORTRAIT],
        png=[f"results/report/figures/{name}.png" for name in PORTRAIT],
        data=[f"results/report/figures/{name}.tsv" for name in PORTRAIT],
        figures="results/report/figures.tsv",
        bundle=report(
            "results/report/figures.zip",
            caption="../report/figures.rst",
            category="Molecular portrait",
        ),
    log:
        "logs/draw_portrait.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        runtime=30,
    params:
        patients=flow.detail_rows(COHORT.patients, SETTINGS["trial"]["data_cut"]),
        settings={
            name: SETTINGS[name]
            for name in (
                "report",
                "comparison",
                "copy_number",
                "burden",
                "gates",
                "abnormalities",
                "groups",
                "endpoints",
            )
        },
        code=files.code_of("report.portrait", *(f"report.drawing.{name}" for name in PORTRAIT)),
    script:
        "../scripts/draw_portrait.py"


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
        implausible_values="results/cohort/implausible_values.tsv",
        flow="results/cohort/flow.tsv",
        qc="results/alignments/qc.tsv",
        sample_map="results/expression/sample_map.tsv",
        scores="results/expression/scores.tsv",
        splicing="results/expression/splicing.tsv",
        pathway="results/expression/pathway.tsv",
        tc_classes="results/calls/tc_classes.tsv",
        partners="results/expression/partners.tsv",
        pc_associations="results/expression/pc_associations.tsv",
        rna_purity="results/expression/rna_purity.tsv",
        purity="results/calls/purity.tsv",
        burden="results/calls/burden.tsv",
        signatures="results/calls/signatures.tsv",
        signatures_by_group="results/comparison/signatures_by_group.tsv",
        fish_concordance="results/calls/fish_concordance.tsv",
        fish_agreement="results/calls/fish_agreement.tsv",
        copy_plots=list(COPIES.patient_plots().values()),
        identity="results/alignments/identity.tsv",
        contamination="results/alignments/contamination.tsv",
        risk="results/comparison/risk.tsv",
        risk_strata="results/comparison/risk_strata.tsv",
        levels="results/comparison/levels.tsv",
        translocations="results/calls/translocations.tsv",
        fusions="results/expression/fusions.tsv",
        abnormalities="results/abnormalities/abnormalities.tsv",
        visits="results/response/visits.tsv",
        response="results/response/response.tsv",
        endpoints="results/response/endpoints.tsv",
        exposure="results/safety/exposure.tsv",
        dose_changes="results/safety/dose_changes.tsv",
        adverse_events_by_term="results/safety/adverse_events_by_term.tsv",
        adverse_events_summary="results/safety/adverse_events_summary.tsv",
        laboratory_grades="results/safety/laboratory_grades.tsv",
        laboratory_by_term="results/safety/laboratory_by_term.tsv",
        idmc_cuts="results/safety/idmc_cuts.tsv",
        idmc="results/safety/idmc.tsv",
        abnormalities_by_group="results/comparison/abnormalities_by_group.tsv",
        expression_early_vs_poor="results/comparison/expression_early_vs_poor.tsv",
        expression_note="results/comparison/expression_note.txt",
        expression_analyses="results/comparison/expression_analyses.tsv",
        gene_sets="results/comparison/gene_sets.tsv",
        response_rates="results/comparison/response_rates.tsv",
        survival="results/comparison/survival.tsv",
        survival_curves="results/comparison/survival_curves.tsv",
        tracks="results/response/tracks.tsv",
        markers="results/response/markers.tsv",
        groups_by_definition="results/response/groups_by_definition.tsv",
        endpoint_results="results/comparison/endpoint_results.tsv",
        cumulative_incidence="results/comparison/cumulative_incidence.tsv",
        table1="results/comparison/table1.tsv",
        response_by_abnormality="results/comparison/response_by_abnormality.tsv",
        survival_by_abnormality="results/comparison/survival_by_abnormality.tsv",
        adjusted="results/comparison/adjusted.tsv",
        interactions="results/comparison/interactions.tsv",
        sensitivity="results/comparison/sensitivity.tsv",
        cooccurrence="results/comparison/cooccurrence.tsv",
        burden_by_group="results/comparison/burden_by_group.tsv",
        effect_sizes="results/comparison/effect_sizes.tsv",
        pk_individual="results/pharmacokinetics/individual.tsv",
        pk_concentrations="results/pharmacokinetics/concentrations.tsv",
        pk_population="results/pharmacokinetics/population.tsv",
        pk_vpc="results/pharmacokinetics/vpc.tsv",
        exposure_response="results/pharmacokinetics/exposure_response.tsv",
        # doses and events of the patients' pages; all sheets are told with their checksums
        sheets=[path for path in map(SETTINGS.sheet, SHEETS) if path],
        plan=str(PROJECT / "docs/analysis-plan.md"),
        figures="results/report/figures.tsv",
        portrait_svg=rules.draw_portrait.output.svg,
        portrait_data=rules.draw_portrait.output.data,
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
        patients=flow.detail_rows(COHORT.patients, SETTINGS["trial"]["data_cut"]),
        copy_plots=COPIES.patient_plots(),
        config=dict(SETTINGS.values),
        evidence={patient: f"evidence/{patient}.html" for patient in EVIDENCE_PATIENTS},
        aligner=SETTINGS["align"]["aligner"],
        # names alone: a moved run is no reason to make the report again
        config_files=[Path(path).name for path in SETTINGS.config_files],
        files=[SETTINGS.reference(name) for name in REFERENCE_FILES if SETTINGS.has(name)],
        reads=sorted({path for sample in COHORT.samples for path in inputs.unit_files(sample)}),
        code=files.code_of("report.build", "report.dossier", "report.reproduce", "run"),
        templates=files.digest(*sorted((PROJECT / "workflow/scripts/myeloma/report/templates").glob("*"))),
    script:
        "../scripts/build_report.py"


rule draw_evidence:
    input:
        abnormalities="results/abnormalities/abnormalities.tsv",
        fasta="results/references/genome.fa",
        fai="results/references/genome.fa.fai",
        crams=lambda wildcards: [track["path"] for track in inputs.evidence_tracks(COHORT, wildcards.patient)],
    output:
        html="results/report/evidence/{patient}.html",
    log:
        "logs/draw_evidence/{patient}.log",
    wildcard_constraints:
        patient=inputs.one_of(EVIDENCE_PATIENTS),
    conda:
        "../../envs/evidence.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=20,
    params:
        tracks=lambda wildcards: inputs.evidence_tracks(COHORT, wildcards.patient),
        code=files.code_of("report.evidence"),
        templates=files.digest(
            *sorted((PROJECT / "workflow/scripts/myeloma/report/templates").glob("evidence.*"))
        ),
    script:
        "../scripts/draw_evidence.py"


rule mark_evidence:
    input:
        pages=[f"results/report/evidence/{patient}.html" for patient in EVIDENCE_PATIENTS],
        mark=str(PROJECT / "workflow/scripts/myeloma/report/templates/here.html"),
    output:
        mark="results/report/evidence/_here.html",
    log:
        "logs/mark_evidence.log",
    conda:
        "../../envs/python.yaml"
    shell:
        "cp {input.mark:q} {output.mark:q} 2> {log:q}"


rule zip_report:
    input:
        html="results/report/report.html",
        multiqc="results/report/multiqc.html",
        pages=[f"results/report/evidence/{patient}.html" for patient in EVIDENCE_PATIENTS],
        mark="results/report/evidence/_here.html",
        figures=list(rules.draw_portrait.output),
    output:
        zip="results/report/report_full.zip",
    log:
        "logs/zip_report.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        code=files.code_of("report.bundle"),
    script:
        "../scripts/zip_report.py"


# The last thing a run does: nobody is missing, no file is missing, no number differs from its table.
WANTED_READS = [*COHORT.wes_samples, *COHORT.rna_samples]
FOR_COMPLETENESS = {
    table.name: table.path
    for table in tables.ALL
    if table.name
    in (
        *completeness.EVERY_PATIENT,
        "samples",
        "flow",
        "response_rates",
        "endpoint_results",
        "abnormalities_by_group",
        "survival",
        "adverse_events_summary",
        "idmc",
    )
}


rule check_completeness:
    input:
        **FOR_COMPLETENESS,
        page="results/report/report.html",
        multiqc="results/report/multiqc.html",
        evidence="results/report/evidence/_here.html",
        promised=[path for path in rules.calls.input if isinstance(path, str)],
        crams=[f"results/alignments/{sample}.cram" for sample in WANTED_READS],
        crais=[f"results/alignments/{sample}.cram.crai" for sample in WANTED_READS],
    output:
        table="results/report/completeness.tsv",
    log:
        "logs/check_completeness.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=20,
    params:
        read=list(FOR_COMPLETENESS),
        patients=COHORT.patient_ids,
        given=[name for name in ("assessments", "adverse_events", "dosing") if SETTINGS.has_sheet(name)],
        promised=lambda wildcards, input: list(input),
        code=files.code_of("completeness", "tables"),
    script:
        "../scripts/check_completeness.py"


rule report:
    input:
        html="results/report/report.html",
        full="results/report/report_full.zip",
        complete="results/report/completeness.tsv",
        evidence="results/report/evidence/_here.html",
        multiqc="results/report/multiqc.html",
        # what the first records of each FASTQ say stands beside the report, for the bioinformatician
        units="results/reads/units.tsv",
