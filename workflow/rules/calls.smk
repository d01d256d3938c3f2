"""Reads alignments and references; writes results/calls: somatic variants, copy number, translocations."""

# Somatic variants

from myeloma import inputs
from myeloma.copy_inputs import CopyPlan

COPIES = CopyPlan(SETTINGS, COHORT)
HOTSPOTS = SETTINGS.reference("hotspots")
NORMAL_DEPTHS = {
    tumour.sample: f"results/alignments/{normal.sample}.per_base.bed.gz"
    for tumour in COHORT.dna_tumours
    if (normal := COHORT.normal_of(tumour.sample))
}
OTHER_TUMOURS = [sample for sample in COHORT.dna_tumours if sample.role != "analysis"]
WITH_BOTH = [patient for patient in COHORT.dna_patients if patient in COHORT.rna_patients]
# Samples that enter by tables of finished calls: one job makes their rows of every table.
ENTERED = {
    name: f"results/calls/entered/{name}.tsv" + ".gz" * (name in ("variants", "callable", "segments"))
    for name in ("variants", "callable", "segments", "purity", "regions", "translocations")
}
ENTERED_OF = {name: path for name, path in ENTERED.items() if COHORT.entered_dna}
ENTERED_RNA_PATIENTS = {sample.patient for sample in COHORT.entered_rna if sample.role == "analysis"}
GENES_WANTED = [
    gene
    for name in ("mutation_genes", "crbn_pathway_genes", "biallelic_genes")
    for gene in SETTINGS["abnormalities"][name]
]


rule enter_calls:
    input:
        **named(
            coding=SETTINGS.has("gtf") and "results/references/coding.tsv.gz",
            hotspots=HOTSPOTS,
            drivers=SETTINGS.reference("drivers"),
            **GENOME,
        ),
        files=inputs.entered_files(COHORT.entered_dna, "variants", "segments", "translocations", "callable"),
        regions="results/references/regions.tsv",
    output:
        **ENTERED,
    log:
        "logs/enter_calls.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        runtime=30,
    params:
        samples=[inputs.entered_values(COHORT, sample) for sample in COHORT.entered_dna],
        rules={
            "entry": SETTINGS["entry"],
            "build": SETTINGS["reference"]["build"],
            "abnormalities": SETTINGS["abnormalities"],
            "genes": GENES_WANTED,
            "callable_fraction": SETTINGS["somatic"]["callable_fraction"],
            "min_clonal_fraction": SETTINGS["copy_number"]["min_clonal_fraction"],
        },
        code=files.code_of("entry"),
    script:
        "../scripts/enter_calls.py"


rule call_somatic:
    input:
        unpack(
            lambda wildcards: inputs.somatic_inputs(
                SETTINGS, COHORT, COHORT.tumour(wildcards.patient, "wes")
            )
        ),
        fasta="results/references/genome.fa",
        fai="results/references/genome.fa.fai",
        dictionary="results/references/genome.dict",
    output:
        vcf="results/calls/{patient}.somatic.vcf.gz",
        tbi="results/calls/{patient}.somatic.vcf.gz.tbi",
    log:
        "logs/call_somatic/{patient}.log",
    benchmark:
        "benchmarks/call_somatic/{patient}.tsv"
    wildcard_constraints:
        patient=one_of(COHORT.dna_patients),
    conda:
        "../../envs/gatk.yaml"
    threads: SETTINGS["somatic"]["scatter"]
    resources:
        mem_mb=lambda wildcards, attempt: 3500 * SETTINGS["somatic"]["scatter"] * attempt,
        runtime=lambda wildcards, attempt: 480 * attempt,
    params:
        names=lambda wildcards: inputs.somatic_names(COHORT, COHORT.tumour(wildcards.patient, "wes")),
        # No digest of the code: hours of Mutect2 are not spent again for an edit. A change of `variants` that
        # changes calls needs `--forcerun call_somatic` (docs/troubleshooting.md). Limits rerun it, all but one kind:
        # what the absence of a variant needs is no business of this rule.
        limits={
            name: value for name, value in SETTINGS["somatic"].items() if not name.startswith("callable_")
        },
    script:
        "../scripts/call_somatic.py"


use rule call_somatic as call_somatic_other with:
    input:
        unpack(lambda wildcards: inputs.somatic_inputs(SETTINGS, COHORT, COHORT.sample(wildcards.sample))),
        fasta="results/references/genome.fa",
        fai="results/references/genome.fa.fai",
        dictionary="results/references/genome.dict",
    output:
        vcf="results/calls/other/{sample}.somatic.vcf.gz",
        tbi="results/calls/other/{sample}.somatic.vcf.gz.tbi",
    log:
        "logs/call_somatic_other/{sample}.log",
    benchmark:
        "benchmarks/call_somatic_other/{sample}.tsv"
    wildcard_constraints:
        sample=one_of(sample.sample for sample in OTHER_TUMOURS),
    params:
        names=lambda wildcards: inputs.somatic_names(COHORT, COHORT.sample(wildcards.sample)),
        limits=rules.call_somatic.params.limits,


rule tabulate_variants:
    input:
        **named(
            gtf=SETTINGS.has("gtf") and COHORT.dna_tumours and "results/references/genome.gtf",
            hotspots=HOTSPOTS,
            entered=ENTERED_OF.get("variants"),
        ),
        vcfs=[COHORT.tumour_path(sample.sample, ".somatic.vcf.gz") for sample in COHORT.dna_tumours],
    output:
        variants="results/calls/variants.tsv.gz",
        normals="results/calls/tumour_in_normal.tsv",
    log:
        "logs/tabulate_variants.log",
    benchmark:
        "benchmarks/tabulate_variants.tsv"
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=120,
    params:
        tumours=[
            {
                "patient": sample.patient,
                "role": sample.role,
                "vcf": COHORT.tumour_path(sample.sample, ".somatic.vcf.gz"),
                **inputs.somatic_names(COHORT, sample),
            }
            for sample in COHORT.dna_tumours
        ],
        entered=[{"patient": s.patient, "sample": s.sample} for s in COHORT.entered_dna],
        code=files.code_of("annotation"),
    script:
        "../scripts/tabulate_variants.py"


rule count_rna_support:
    input:
        vcf="results/calls/{patient}.somatic.vcf.gz",
        cram=lambda wildcards: f"results/alignments/{inputs.rna_of(COHORT, wildcards.patient)}.cram",
        crai=lambda wildcards: f"results/alignments/{inputs.rna_of(COHORT, wildcards.patient)}.cram.crai",
        fasta="results/references/genome.fa",
        fai="results/references/genome.fa.fai",
    output:
        table="results/calls/rna_support/{patient}.tsv",
    log:
        "logs/count_rna_support/{patient}.log",
    benchmark:
        "benchmarks/count_rna_support/{patient}.tsv"
    wildcard_constraints:
        patient=one_of(WITH_BOTH),
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        ids=lambda wildcards: {
            "patient": wildcards.patient,
            "sample": COHORT.tumour(wildcards.patient, "wes").sample,
            "rna_sample": inputs.rna_of(COHORT, wildcards.patient),
        },
        rules=SETTINGS["rna_support"],
        code=files.code_of("rna_support"),
    script:
        "../scripts/count_rna_support.py"


rule annotate_variants:
    input:
        **named(drivers=SETTINGS.reference("drivers")),
        variants="results/calls/variants.tsv.gz",
        segments="results/calls/segments.tsv.gz",
        purity="results/calls/purity.tsv",
        qc="results/alignments/qc.tsv",
        regions="results/references/regions.tsv",
        rna=[f"results/calls/rna_support/{patient}.tsv" for patient in WITH_BOTH],
    output:
        annotated="results/calls/annotated_variants.tsv.gz",
        maf="results/calls/somatic.maf.gz",
    log:
        "logs/annotate_variants.log",
    benchmark:
        "benchmarks/annotate_variants.tsv"
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=60,
    params:
        tumours=[
            {
                "patient": sample.patient,
                "tumour": sample.sample,
                "role": sample.role,
                "rna": inputs.rna_of(COHORT, sample.patient),
                "sex": COPIES.sex(sample),
                "entered": sample.entered or sample.patient in ENTERED_RNA_PATIENTS,
            }
            for sample in (*COHORT.dna_tumours, *COHORT.entered_dna)
        ],
        rules={name: SETTINGS[name] for name in ("clonality", "rna_support")},
        purity_min=SETTINGS["gates"]["purity_min"],
        build=SETTINGS["reference"]["build"],
        code=files.code_of("annotation"),
    script:
        "../scripts/annotate_variants.py"


rule assess_callable:
    input:
        **named(
            coding=SETTINGS.has("gtf") and "results/references/coding.tsv.gz",
            gtf=SETTINGS.has("gtf") and "results/references/genome.gtf",
            hotspots=HOTSPOTS,
            entered=ENTERED_OF.get("callable"),
        ),
        depths=[f"results/alignments/{sample.sample}.per_base.bed.gz" for sample in COHORT.dna_tumours],
        normal_depths=sorted(set(NORMAL_DEPTHS.values())),
        purity="results/calls/purity.tsv",
    output:
        table="results/calls/callable.tsv.gz",
    log:
        "logs/assess_callable.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        runtime=120,
    params:
        tumours=[{"patient": sample.patient, "sample": sample.sample} for sample in COHORT.dna_tumours],
        normals=NORMAL_DEPTHS,
        genes=GENES_WANTED,
        limits={
            name: SETTINGS["somatic"][name]
            for name in (
                "callable_power",
                "callable_fraction",
                "min_tumour_alt_reads",
                "min_tumour_af",
                "normal_miss",
            )
        },
        code=files.code_of("callable"),
    script:
        "../scripts/assess_callable.py"


# Copy number


rule prepare_copies:
    input:
        unpack(lambda wildcards: COPIES.kit_inputs(wildcards.kit)),
        targets="results/references/kits/{kit}.targets.bed",
        fasta="results/references/genome.fa",
        fai="results/references/genome.fa.fai",
        dictionary="results/references/genome.dict",
        regions="results/references/regions.tsv",
    output:
        intervals="results/calls/copies/kits/{kit}.interval_list",
        gc="results/calls/copies/kits/{kit}.gc.tsv",
        sites="results/calls/copies/kits/{kit}.sites.bed",
    log:
        "logs/prepare_copies/{kit}.log",
    wildcard_constraints:
        kit=inputs.one_of(COPIES.kits()),
    conda:
        "../../envs/gatk.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        # only what it reads: a threshold of the calls must count no read again
        settings={"interval_padding": SETTINGS["copy_number"]["interval_padding"]},
    script:
        "../scripts/prepare_copies.py"


rule collect_copies:
    input:
        unpack(lambda wildcards: COPIES.sample_inputs(wildcards.sample)),
        # GATK takes twice the processor time for a CRAM (13.1 against 8.0 s a sample, seen), for the same counts.
        bam="results/alignments/{sample}.bam",
        bai="results/alignments/{sample}.bam.bai",
        fasta="results/references/genome.fa",
        fai="results/references/genome.fa.fai",
        dictionary="results/references/genome.dict",
    output:
        counts="results/calls/copies/{sample}.counts.tsv",
        alleles="results/calls/copies/{sample}.alleles.tsv",
    log:
        "logs/collect_copies/{sample}.log",
    benchmark:
        "benchmarks/collect_copies/{sample}.tsv"
    wildcard_constraints:
        sample=inputs.one_of(sample.sample for sample in COPIES.samples()),
    conda:
        "../../envs/gatk.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        runtime=lambda wildcards, attempt: 120 * attempt,
    script:
        "../scripts/collect_copies.py"


rule make_copy_panel:
    # Only for kits without a frozen panel: what stands is read, and nothing makes it again.
    input:
        unpack(lambda wildcards: COPIES.panel_inputs(wildcards.kit)),
        targets="results/references/kits/{kit}.targets.bed",
        fai="results/references/genome.fa.fai",
    output:
        panel=COPIES.panels.path("{kit}", "copies.hdf5"),
        normals=COPIES.panels.path("{kit}", "copies_normals.tsv"),
        sex_reference=COPIES.panels.path("{kit}", "sex_reference.tsv"),
        record=COPIES.panels.path("{kit}", "copies.json"),
    log:
        "logs/make_copy_panel/{kit}.log",
    benchmark:
        "benchmarks/make_copy_panel/{kit}.tsv"
    wildcard_constraints:
        kit=inputs.one_of(COPIES.panels.to_make("copies")),
    conda:
        "../../envs/gatk.yaml"
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 6000 * attempt,
        runtime=lambda wildcards, attempt: 120 * attempt,
    params:
        settings={
            name: SETTINGS["copy_number"][name]
            for name in (
                "interval_padding",
                "panel_min_median_count",
                "panel_min_interval_percentile",
                "max_eigensamples",
            )
        },
        normals=lambda wildcards: [sample.sample for sample in COPIES.normals(wildcards.kit)],
        sexes=lambda wildcards: COPIES.sexes(wildcards.kit),
    script:
        "../scripts/make_copy_panel.py"


rule model_copies:
    input:
        unpack(lambda wildcards: COPIES.tumour_inputs(wildcards.sample)),
        counts="results/calls/copies/{sample}.counts.tsv",
        alleles="results/calls/copies/{sample}.alleles.tsv",
        regions="results/references/regions.tsv",
        arms="results/references/arms.tsv",
    output:
        segments="results/calls/copies/{sample}.segments.tsv",
        purity="results/calls/copies/{sample}.purity.tsv",
        regions="results/calls/copies/{sample}.regions.tsv",
        ratios="results/calls/copies/{sample}.ratios.tsv.gz",
        hets="results/calls/copies/{sample}.hets.tsv.gz",
    log:
        "logs/model_copies/{sample}.log",
    benchmark:
        "benchmarks/model_copies/{sample}.tsv"
    wildcard_constraints:
        sample=inputs.one_of(sample.sample for sample in COPIES.tumours()),
    conda:
        "../../envs/gatk.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 120 * attempt,
    params:
        settings=SETTINGS["copy_number"],
        sample=lambda wildcards: COPIES.describe(wildcards.sample),
        code=files.code_of("copies", "panels"),
    script:
        "../scripts/model_copies.py"


rule join_copies:
    input:
        segments=[*COPIES.joined("segments.tsv"), *filter(None, [ENTERED_OF.get("segments")])],
        purity=[*COPIES.joined("purity.tsv"), *filter(None, [ENTERED_OF.get("purity")])],
        regions=[*COPIES.joined("regions.tsv"), *filter(None, [ENTERED_OF.get("regions")])],
    output:
        segments="results/calls/segments.tsv.gz",
        purity=report(
            "results/calls/purity.tsv",
            caption="../report/purity.rst",
            category="Quality",
        ),
        regions="results/calls/copy_regions.tsv",
    log:
        "logs/join_copies.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        missing=COPIES.tumours_without_targets(),
        code=files.code_of("copies"),
    script:
        "../scripts/join_copies.py"


rule call_copies:
    input:
        qc="results/alignments/qc.tsv",
        segments="results/calls/segments.tsv.gz",
        purity="results/calls/purity.tsv",
        copy_regions="results/calls/copy_regions.tsv",
        regions="results/references/regions.tsv",
        arms="results/references/arms.tsv",
    output:
        table="results/calls/copy_events.tsv",
    log:
        "logs/call_copies.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=20,
    params:
        settings={name: SETTINGS[name] for name in ("copy_number", "gates", "entry")},
        code=files.code_of("copy_events", "places", "tables"),
    script:
        "../scripts/call_copies.py"


if COPIES.tumours():

    rule draw_copies:
        input:
            ratios=COPIES.joined("ratios.tsv.gz"),
            hets=COPIES.joined("hets.tsv.gz"),
            qc="results/alignments/qc.tsv",
            segments="results/calls/segments.tsv.gz",
            purity="results/calls/purity.tsv",
            copy_events="results/calls/copy_events.tsv",
            regions="results/references/regions.tsv",
            arms="results/references/arms.tsv",
        output:
            svg=COPIES.plots("svg"),
            png=COPIES.plots("png"),
        log:
            "logs/draw_copies.log",
        conda:
            "../../envs/python.yaml"
        resources:
            mem_mb=lambda wildcards, attempt: 2000 * attempt,
            runtime=lambda wildcards, attempt: 60 * attempt,
        params:
            samples=[sample.sample for sample in COPIES.tumours()],
            code=files.code_of("copy_plot"),
        script:
            "../scripts/draw_copies.py"


# The Mutect2 panel of a kit: made by the target `panel` alone, used by every call once it stands


rule call_panel_normal:
    input:
        bam="results/alignments/{sample}.bam",
        bai="results/alignments/{sample}.bam.bai",
        targets=lambda wildcards: inputs.targets_of(SETTINGS, COHORT.sample(wildcards.sample)),
        fasta="results/references/genome.fa",
        fai="results/references/genome.fa.fai",
        dictionary="results/references/genome.dict",
    output:
        vcf="results/calls/panel_normals/{sample}.vcf.gz",
        tbi="results/calls/panel_normals/{sample}.vcf.gz.tbi",
    log:
        "logs/call_panel_normal/{sample}.log",
    benchmark:
        "benchmarks/call_panel_normal/{sample}.tsv"
    wildcard_constraints:
        sample=inputs.one_of(sample.sample for kit in COPIES.kits() for sample in COPIES.normals(kit)),
    conda:
        "../../envs/gatk.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 3500 * attempt,
        runtime=lambda wildcards, attempt: 480 * attempt,
    params:
        padding=SETTINGS["somatic"]["interval_padding"],
    script:
        "../scripts/call_panel_normal.py"


rule make_somatic_panel:
    input:
        **named(
            germline=SETTINGS.has("germline") and "results/references/germline.vcf.gz",
            germline_index=SETTINGS.has("germline") and "results/references/germline.vcf.gz.tbi",
        ),
        calls=lambda wildcards: [
            f"results/calls/panel_normals/{sample.sample}.vcf.gz" for sample in COPIES.normals(wildcards.kit)
        ],
        targets="results/references/kits/{kit}.targets.bed",
        fasta="results/references/genome.fa",
        fai="results/references/genome.fa.fai",
        dictionary="results/references/genome.dict",
    output:
        vcf=COPIES.panels.path("{kit}", "somatic.vcf.gz"),
        tbi=COPIES.panels.path("{kit}", "somatic.vcf.gz.tbi"),
        record=COPIES.panels.path("{kit}", "somatic.json"),
    log:
        "logs/make_somatic_panel/{kit}.log",
    benchmark:
        "benchmarks/make_somatic_panel/{kit}.tsv"
    wildcard_constraints:
        kit=inputs.one_of(COPIES.panels.to_make("somatic")),
    conda:
        "../../envs/gatk.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 480 * attempt,
    params:
        normals=lambda wildcards: [sample.sample for sample in COPIES.normals(wildcards.kit)],
        padding=SETTINGS["somatic"]["interval_padding"],
    script:
        "../scripts/make_somatic_panel.py"


rule panel:
    input:
        COPIES.panels.targets(),


# Mutational burden and signatures

TUMOURS_AND_NORMALS = [
    {
        "patient": sample.patient,
        "sample": sample.sample,
        "normal": inputs.somatic_names(COHORT, sample)["normal"] if not sample.entered else "",
        "entered": sample.entered,
    }
    for sample in (*COHORT.dna_tumours, *COHORT.entered_dna)
]


rule measure_burden:
    input:
        **named(coding=SETTINGS.has("gtf") and "results/references/coding.tsv.gz"),
        depths=[f"results/alignments/{sample.sample}.per_base.bed.gz" for sample in COHORT.dna_tumours],
        normal_depths=sorted(set(NORMAL_DEPTHS.values())),
        variants="results/calls/variants.tsv.gz",
        segments="results/calls/segments.tsv.gz",
        purity="results/calls/purity.tsv",
        qc="results/alignments/qc.tsv",
        tumour_in_normal="results/calls/tumour_in_normal.tsv",
        regions="results/references/regions.tsv",
        arms="results/references/arms.tsv",
    output:
        table=report(
            "results/calls/burden.tsv",
            caption="../report/burden.rst",
            category="Abnormalities",
        ),
    log:
        "logs/measure_burden.log",
    benchmark:
        "benchmarks/measure_burden.tsv"
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        runtime=120,
    params:
        tumours=TUMOURS_AND_NORMALS,
        normals=NORMAL_DEPTHS,
        rules={name: SETTINGS[name] for name in ("burden", "somatic", "copy_number", "gates")},
        code=files.code_of("burden"),
    script:
        "../scripts/measure_burden.py"


rule fit_signatures:
    input:
        **GENOME,
        variants="results/calls/variants.tsv.gz",
        qc="results/alignments/qc.tsv",
        tumour_in_normal="results/calls/tumour_in_normal.tsv",
        regions="results/references/regions.tsv",
    output:
        counts="results/calls/sbs96.tsv",
        table=report(
            "results/calls/signatures.tsv",
            caption="../report/signatures.rst",
            category="Abnormalities",
        ),
    log:
        "logs/fit_signatures.log",
    benchmark:
        "benchmarks/fit_signatures.tsv"
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        runtime=120,
    params:
        tumours=TUMOURS_AND_NORMALS,
        rules=SETTINGS["signatures"],
        tin_max=SETTINGS["somatic"]["tin_max"],
        build=SETTINGS["reference"]["build"],
        code=files.code_of("signatures"),
    script:
        "../scripts/fit_signatures.py"


# Structural variants


rule call_structural:
    input:
        unpack(
            lambda wildcards: inputs.structural_inputs(
                SETTINGS, COHORT, COHORT.tumour(wildcards.patient, "wes")
            )
        ),
        fasta="results/references/genome.fa",
        fai="results/references/genome.fa.fai",
        regions="results/references/regions.tsv",
    output:
        vcf="results/calls/{patient}.sv.vcf.gz",
        tbi="results/calls/{patient}.sv.vcf.gz.tbi",
        coverage="results/calls/{patient}.sv_coverage.tsv",
    log:
        "logs/call_structural/{patient}.log",
    benchmark:
        "benchmarks/call_structural/{patient}.tsv"
    wildcard_constraints:
        patient=one_of(COHORT.dna_patients),
    conda:
        "../../envs/align.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 240 * attempt,
    params:
        sample=lambda wildcards: inputs.structural_sample(
            SETTINGS, COHORT, COHORT.tumour(wildcards.patient, "wes")
        ),
        abnormalities={
            name: SETTINGS["abnormalities"][name] for name in ("translocations", "myc_translocations")
        },
        limits=SETTINGS["structural"],
    script:
        "../scripts/call_structural.py"


use rule call_structural as call_structural_other with:
    input:
        unpack(lambda wildcards: inputs.structural_inputs(SETTINGS, COHORT, COHORT.sample(wildcards.sample))),
        fasta="results/references/genome.fa",
        fai="results/references/genome.fa.fai",
        regions="results/references/regions.tsv",
    output:
        vcf="results/calls/other/{sample}.sv.vcf.gz",
        tbi="results/calls/other/{sample}.sv.vcf.gz.tbi",
        coverage="results/calls/other/{sample}.sv_coverage.tsv",
    log:
        "logs/call_structural_other/{sample}.log",
    benchmark:
        "benchmarks/call_structural_other/{sample}.tsv"
    wildcard_constraints:
        sample=one_of(sample.sample for sample in OTHER_TUMOURS),
    params:
        sample=lambda wildcards: inputs.structural_sample(SETTINGS, COHORT, COHORT.sample(wildcards.sample)),
        abnormalities=rules.call_structural.params.abnormalities,
        limits=rules.call_structural.params.limits,


rule tabulate_structural:
    input:
        unpack(lambda wildcards: named(genes=GENES)),
        vcfs=[COHORT.tumour_path(sample.sample, ".sv.vcf.gz") for sample in COHORT.dna_tumours],
        coverages=[COHORT.tumour_path(sample.sample, ".sv_coverage.tsv") for sample in COHORT.dna_tumours],
        purity="results/calls/purity.tsv",
        regions="results/references/regions.tsv",
    output:
        variants="results/calls/structural_variants.tsv",
        power="results/calls/structural_power.tsv",
    log:
        "logs/tabulate_structural.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        tumours=[
            {
                "patient": sample.patient,
                "sample": sample.sample,
                "vcf": COHORT.tumour_path(sample.sample, ".sv.vcf.gz"),
                "coverage": COHORT.tumour_path(sample.sample, ".sv_coverage.tsv"),
            }
            for sample in COHORT.dna_tumours
        ],
        abnormalities=SETTINGS["abnormalities"],
        limits=SETTINGS["structural"],
        code=files.code_of("structural_votes", "tables"),
    script:
        "../scripts/tabulate_structural.py"


# Translocations


rule call_translocations:
    input:
        unpack(
            lambda wildcards: named(genes=GENES, regions=REGIONS, entered=ENTERED_OF.get("translocations"))
        ),
        samples="results/cohort/samples.tsv",
        qc="results/alignments/qc.tsv",
        fusions="results/expression/fusions.tsv",
        partners="results/expression/partners.tsv",
        structural="results/calls/structural_variants.tsv",
        structural_power="results/calls/structural_power.tsv",
        tumour_in_normal="results/calls/tumour_in_normal.tsv",
        copy_events="results/calls/copy_events.tsv",
    output:
        table=report(
            "results/calls/translocations.tsv",
            caption="../report/translocations.rst",
            category="Abnormalities",
        ),
    log:
        "logs/call_translocations.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        patients=COHORT.patient_ids,
        abnormalities=SETTINGS["abnormalities"],
        limits={**SETTINGS["structural"], "tin_max": SETTINGS["somatic"]["tin_max"]},
        fish_max_days=SETTINGS["copy_number"]["fish_max_days"],
        fish=[
            {name: "" if value is None else str(value) for name, value in row.items()} for row in COHORT.fish
        ],
        code=files.code_of("entry", "tables", "translocations"),
    script:
        "../scripts/call_translocations.py"


# TC class: translocations and cyclins D together.


rule classify_tc:
    input:
        unpack(lambda wildcards: named(genes=GENES, regions=REGIONS)),
        counts="results/expression/counts.tsv.gz",
        samples="results/cohort/samples.tsv",
        qc="results/alignments/qc.tsv",
        translocations="results/calls/translocations.tsv",
    output:
        classes=report(
            "results/calls/tc_classes.tsv",
            caption="../report/tc_classes.rst",
            category="Expression",
        ),
    log:
        "logs/classify_tc.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        runtime=20,
    params:
        patients=COHORT.patient_ids,
        rules=SETTINGS["expression"],
        code=files.code_of("expression", "places", "tables", "tc_classes"),
    script:
        "../scripts/classify_tc.py"


# FISH against sequencing alone


rule compare_fish:
    input:
        samples="results/cohort/samples.tsv",
        copy_events="results/calls/copy_events.tsv",
        translocations="results/calls/translocations.tsv",
    output:
        rows=report(
            "results/calls/fish_concordance.tsv",
            caption="../report/fish_concordance.rst",
            category="Abnormalities",
        ),
        agreement=report(
            "results/calls/fish_agreement.tsv",
            caption="../report/fish_agreement.rst",
            category="Abnormalities",
        ),
    log:
        "logs/compare_fish.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        fish=rules.call_translocations.params.fish,
        most_days=SETTINGS["copy_number"]["fish_max_days"],
        code=files.code_of("concordance", "tables"),
    script:
        "../scripts/compare_fish.py"


rule calls:
    input:
        variants="results/calls/variants.tsv.gz",
        annotated="results/calls/annotated_variants.tsv.gz",
        maf="results/calls/somatic.maf.gz",
        segments="results/calls/segments.tsv.gz",
        purity="results/calls/purity.tsv",
        copy_events="results/calls/copy_events.tsv",
        structural="results/calls/structural_variants.tsv",
        translocations="results/calls/translocations.tsv",
