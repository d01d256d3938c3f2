"""Reads alignments and references; writes results/calls: somatic variants, copy number, translocations."""

# Somatic variants

from myeloma import inputs

HOTSPOTS = SETTINGS.reference("hotspots")
OTHER_TUMOURS = [sample for sample in COHORT.dna_tumours if sample.role != "analysis"]


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
        limits={
            name: SETTINGS["somatic"][name]
            for name in (
                "scatter",
                "interval_padding",
                "min_orientation_sites",
                "max_population_af",
                "min_tumour_alt_reads",
                "min_tumour_af",
            )
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
            gtf=SETTINGS.has("gtf") and "results/references/genome.gtf",
            hotspots=HOTSPOTS,
        ),
        vcfs=[COHORT.tumour_path(sample.sample, ".somatic.vcf.gz") for sample in COHORT.dna_tumours],
    output:
        variants="results/calls/variants.tsv.gz",
        maf="results/calls/somatic.maf.gz",
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
        build=SETTINGS["reference"]["build"],
        code=files.code_of("variants", "maf", "transcripts", "tables"),
    script:
        "../scripts/tabulate_variants.py"


rule assess_callable:
    input:
        **named(
            coding=SETTINGS.has("gtf") and "results/references/coding.tsv.gz",
            gtf=SETTINGS.has("gtf") and "results/references/genome.gtf",
            hotspots=HOTSPOTS,
        ),
        depths=[f"results/alignments/{sample.sample}.per_base.bed.gz" for sample in COHORT.dna_tumours],
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
        genes=[
            *SETTINGS["abnormalities"]["mutation_genes"],
            *SETTINGS["abnormalities"]["crbn_pathway_genes"],
        ],
        limits={
            name: SETTINGS["somatic"][name]
            for name in ("callable_power", "callable_fraction", "min_tumour_alt_reads", "min_tumour_af")
        },
        code=files.code_of("callable", "transcripts", "variants", "tables"),
    script:
        "../scripts/assess_callable.py"


# Copy number


def copy_kits():
    """Kits with targets: copy number of an exome needs to know where the bait is."""
    return [kit for kit, values in SETTINGS["kits"].items() if values.get("targets")]


def copy_sex(sample):
    """Sex of a sample, else of its patient, "" when neither is given."""
    return sample.sex or COHORT.patient(sample.patient).sex


def copy_samples(kit):
    """WES samples of a kit."""
    return [sample for sample in COHORT.wes_samples if sample.kit == kit]


def copy_normals(kit):
    """Normals of a kit, in the order of the sheet."""
    return [sample for sample in copy_samples(kit) if sample.tissue == "normal"]


def copy_tumours(called):
    """DNA tumours whose kit has targets (called), or has none."""
    return [sample for sample in COHORT.dna_tumours if (sample.kit in copy_kits()) == called]


def given_panel(kit):
    """Read-count panel that the config gives for a kit, [] when the cohort's normals make it."""
    return SETTINGS.path(SETTINGS["kits"][kit].get("copy_number_panel") or "") or []


def copy_normal(sample_id):
    """Matched normal of the same kit (its SNPs are counted at the same sites), None without."""
    normal = COHORT.normal_of(sample_id)
    return normal if normal and normal.kit == COHORT.sample(sample_id).kit else None


def copy_files(name):
    """One file per called tumour."""
    return [f"results/calls/copies/{sample.sample}.{name}" for sample in copy_tumours(True)]


rule prepare_copies:
    input:
        unpack(lambda wildcards: named(given_panel=given_panel(wildcards.kit))),
        unpack(
            lambda wildcards: named(
                common_sites=SETTINGS.has("common_sites") and "results/references/common_sites.vcf.gz",
                common_index=SETTINGS.has("common_sites") and "results/references/common_sites.vcf.gz.tbi",
            )
        ),
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
        kit=one_of(copy_kits()),
    conda:
        "../../envs/gatk.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        settings=SETTINGS["copy_number"],
    script:
        "../scripts/prepare_copies.py"


rule collect_copies:
    input:
        cram="results/alignments/{sample}.cram",
        crai="results/alignments/{sample}.cram.crai",
        fasta="results/references/genome.fa",
        fai="results/references/genome.fa.fai",
        dictionary="results/references/genome.dict",
        intervals=lambda wildcards: f"results/calls/copies/kits/{COHORT.sample(wildcards.sample).kit}.interval_list",
        sites=lambda wildcards: f"results/calls/copies/kits/{COHORT.sample(wildcards.sample).kit}.sites.bed",
    output:
        counts="results/calls/copies/{sample}.counts.tsv",
        alleles="results/calls/copies/{sample}.alleles.tsv",
    log:
        "logs/collect_copies/{sample}.log",
    benchmark:
        "benchmarks/collect_copies/{sample}.tsv"
    wildcard_constraints:
        sample=one_of(sample.sample for kit in copy_kits() for sample in copy_samples(kit)),
    conda:
        "../../envs/gatk.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        runtime=lambda wildcards, attempt: 120 * attempt,
    script:
        "../scripts/collect_copies.py"


rule make_copy_panel:
    input:
        unpack(lambda wildcards: named(given_panel=given_panel(wildcards.kit))),
        counts=lambda wildcards: [
            f"results/calls/copies/{sample.sample}.counts.tsv" for sample in copy_normals(wildcards.kit)
        ],
    output:
        panel="results/calls/copies/kits/{kit}.panel.hdf5",
        normals="results/calls/copies/kits/{kit}.normals.tsv",
        sex_reference="results/calls/copies/kits/{kit}.sex_reference.tsv",
    log:
        "logs/make_copy_panel/{kit}.log",
    benchmark:
        "benchmarks/make_copy_panel/{kit}.tsv"
    wildcard_constraints:
        kit=one_of(copy_kits()),
    conda:
        "../../envs/gatk.yaml"
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 6000 * attempt,
        runtime=lambda wildcards, attempt: 120 * attempt,
    params:
        settings=SETTINGS["copy_number"],
        normals=lambda wildcards: [sample.sample for sample in copy_normals(wildcards.kit)],
        sexes=lambda wildcards: {sample.sample: copy_sex(sample) for sample in copy_normals(wildcards.kit)},
    script:
        "../scripts/make_copy_panel.py"


rule model_copies:
    input:
        unpack(
            lambda wildcards: named(
                normal_alleles=copy_normal(wildcards.sample)
                and f"results/calls/copies/{copy_normal(wildcards.sample).sample}.alleles.tsv",
                given_panel=given_panel(COHORT.sample(wildcards.sample).kit),
            )
        ),
        unpack(
            lambda wildcards: {
                name: f"results/calls/copies/kits/{COHORT.sample(wildcards.sample).kit}.{ending}"
                for name, ending in (
                    ("panel", "panel.hdf5"),
                    ("normals", "normals.tsv"),
                    ("sex_reference", "sex_reference.tsv"),
                    ("gc", "gc.tsv"),
                )
            }
        ),
        counts="results/calls/copies/{sample}.counts.tsv",
        alleles="results/calls/copies/{sample}.alleles.tsv",
        regions="results/references/regions.tsv",
        arms="results/references/arms.tsv",
    output:
        segments="results/calls/copies/{sample}.segments.tsv",
        purity="results/calls/copies/{sample}.purity.tsv",
        regions="results/calls/copies/{sample}.regions.tsv",
        ratios="results/calls/copies/{sample}.ratios.tsv.gz",
    log:
        "logs/model_copies/{sample}.log",
    benchmark:
        "benchmarks/model_copies/{sample}.tsv"
    wildcard_constraints:
        sample=one_of(sample.sample for sample in copy_tumours(True)),
    conda:
        "../../envs/gatk.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 120 * attempt,
    params:
        settings=SETTINGS["copy_number"],
        sample=lambda wildcards: {
            "patient": COHORT.sample(wildcards.sample).patient,
            "sample": wildcards.sample,
            "sex": copy_sex(COHORT.sample(wildcards.sample)),
            "purity": COHORT.sample(wildcards.sample).purity,
            "mode": "tumour_normal" if copy_normal(wildcards.sample) else "tumour_only",
        },
    script:
        "../scripts/model_copies.py"


rule join_copies:
    input:
        segments=copy_files("segments.tsv"),
        purity=copy_files("purity.tsv"),
        regions=copy_files("regions.tsv"),
    output:
        segments="results/calls/segments.tsv.gz",
        purity="results/calls/purity.tsv",
        regions="results/calls/copy_regions.tsv",
    log:
        "logs/join_copies.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        missing=[
            {
                "patient": sample.patient,
                "sample": sample.sample,
                "sorted_purity": sample.purity,
                "reason": f"the targets of kit {sample.kit or '(none named)'} are not given: no copy number",
            }
            for sample in copy_tumours(False)
        ],
        code=files.code_of("copies", "tables"),
    script:
        "../scripts/join_copies.py"


# Translocations


rule call_translocations:
    input:
        unpack(lambda wildcards: named(genes=GENES, regions=REGIONS)),
        samples="results/cohort/samples.tsv",
        qc="results/alignments/qc.tsv",
        fusions="results/expression/fusions.tsv",
        partners="results/expression/partners.tsv",
    output:
        table="results/calls/translocations.tsv",
    log:
        "logs/call_translocations.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        patients=COHORT.patient_ids,
        translocations=SETTINGS["abnormalities"]["translocations"],
        fish=[
            {name: "" if value is None else str(value) for name, value in row.items()} for row in COHORT.fish
        ],
        code=files.code_of("translocations", "fusions", "expression", "tables"),
    script:
        "../scripts/call_translocations.py"
