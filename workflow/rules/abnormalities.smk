"""abnormalities: one three-state call per patient and abnormality.

Reads results/calls (variants, callability, segments, purity, translocations), results/expression/splicing.tsv,
results/alignments/qc.tsv, results/cohort/samples.tsv and the sheet of given calls. Writes results/abnormalities/abnormalities.tsv.
"""


rule call_abnormalities:
    input:
        # without a GTF the places of the genes are the project's own for the build
        unpack(
            lambda wildcards: named(
                genes=GENES or SETTINGS.by_build("genes"),
                calls=SETTINGS.sheet("calls"),
            )
        ),
        samples="results/cohort/samples.tsv",
        qc="results/alignments/qc.tsv",
        variants="results/calls/variants.tsv.gz",
        callable="results/calls/callable.tsv.gz",
        segments="results/calls/segments.tsv.gz",
        purity="results/calls/purity.tsv",
        copy_events="results/calls/copy_events.tsv",
        translocations="results/calls/translocations.tsv",
        tumour_in_normal="results/calls/tumour_in_normal.tsv",
        splicing="results/expression/splicing.tsv",
        regions="results/references/regions.tsv",
    output:
        table=report(
            "results/abnormalities/abnormalities.tsv",
            caption="../report/abnormalities.rst",
            category="Abnormalities",
        ),
    log:
        "logs/call_abnormalities.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        patients=COHORT.patient_ids,
        abnormalities=SETTINGS["abnormalities"],
        copy_number=SETTINGS["copy_number"],
        gates=SETTINGS["gates"],
        tin_max=SETTINGS["somatic"]["tin_max"],
        splicing_events=[event["name"] for event in SETTINGS["splicing"]["events"]],
        given_calls=[
            SETTINGS["entry"]["given_calls"],
            SETTINGS["entry"]["given_max_days_before_start"],
            SETTINGS["trial"]["data_cut"],
        ],
        project=lambda wildcards: str(PROJECT),
        code=files.code_of("abnormalities", "cohort", "given_calls", "settings", "tables"),
    script:
        "../scripts/call_abnormalities.py"
