"""Reads the units; writes results/alignments: one CRAM per sample, its measures and the gates.

WES and RNA stand apart because their aligners do; what comes later reads the kept CRAM only.
"""

# WES

from myeloma import inputs

INDEX_ENDINGS = {
    "bwa": ("amb", "ann", "bwt", "pac", "sa"),
    "bwa-mem2": ("0123", "amb", "ann", "bwt.2bit.64", "pac"),
    "bwa-mem4": ("0123", "amb", "ann", "bwt.2bit.64", "pac"),
}


rule align_wes:
    input:
        reads=lambda wildcards: unit_files(COHORT.sample(wildcards.sample)),
        fasta="results/references/genome.fa",
        fai="results/references/genome.fa.fai",
        dictionary="results/references/genome.dict",
        index=expand(
            "results/references/bwa/genome.fa.{ending}",
            ending=INDEX_ENDINGS[SETTINGS["align"]["aligner"]],
        ),
    output:
        cram="results/alignments/{sample}.cram",
        crai="results/alignments/{sample}.cram.crai",
        fastp=directory("results/alignments/qc/{sample}.fastp"),
    log:
        "logs/align_wes/{sample}.log",
    benchmark:
        "benchmarks/align_wes/{sample}.tsv"
    wildcard_constraints:
        sample=one_of(sample.sample for sample in COHORT.wes_samples),
    conda:
        "../../envs/align.yaml"
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 10000 * attempt,
        runtime=lambda wildcards, attempt: 720 * attempt,
    params:
        units=lambda wildcards: unit_values(COHORT.sample(wildcards.sample)),
        sizes=lambda wildcards: unit_sizes(COHORT.sample(wildcards.sample)),
        index=lambda wildcards, input: input.index[0].rsplit(".", 1)[0],
        options={name: SETTINGS["align"][name] for name in ("aligner", "chunk_bases", "min_read_length")},
    script:
        "../scripts/align_wes.py"


rule decode_wes:
    input:
        cram="results/alignments/{sample}.cram",
        fasta="results/references/genome.fa",
    output:
        bam=temp("results/alignments/{sample}.bam"),
        bai=temp("results/alignments/{sample}.bam.bai"),
    log:
        "logs/decode_wes/{sample}.log",
    wildcard_constraints:
        sample=one_of(sample.sample for sample in COHORT.wes_samples),
    conda:
        "../../envs/align.yaml"
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    script:
        "../scripts/decode_wes.py"


rule measure_wes:
    input:
        unpack(
            lambda wildcards: named(
                targets=inputs.targets_of(SETTINGS, COHORT.sample(wildcards.sample)),
                sites=SETTINGS.has("common_sites") and "results/references/common_sites.vcf.gz",
            )
        ),
        cram="results/alignments/{sample}.cram",
        crai="results/alignments/{sample}.cram.crai",
        fasta="results/references/genome.fa",
        fai="results/references/genome.fa.fai",
    output:
        qc="results/alignments/qc/{sample}.qc.tsv",
        stats="results/alignments/qc/{sample}.stats.txt",
        dist="results/alignments/qc/{sample}.mosdepth.region.dist.txt",
        depth="results/alignments/{sample}.per_base.bed.gz",
        depth_index="results/alignments/{sample}.per_base.bed.gz.tbi",
        alleles="results/alignments/{sample}.alleles.tsv.gz",
    log:
        "logs/measure_wes/{sample}.log",
    benchmark:
        "benchmarks/measure_wes/{sample}.tsv"
    wildcard_constraints:
        sample=one_of(sample.sample for sample in COHORT.wes_samples),
    conda:
        "../../envs/align.yaml"
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 120 * attempt,
    params:
        padding=SETTINGS["somatic"]["interval_padding"],
        min_population_af=SETTINGS["identity"]["min_population_af"],
        sample=lambda wildcards: {
            name: getattr(COHORT.sample(wildcards.sample), name)
            for name in ("patient", "sample", "assay", "tissue")
        },
    script:
        "../scripts/measure_wes.py"


rule compare_samples:
    input:
        alleles=[f"results/alignments/{sample.sample}.alleles.tsv.gz" for sample in READ_SAMPLES],
        measures=[f"results/alignments/qc/{sample.sample}.qc.tsv" for sample in READ_SAMPLES],
    output:
        identity=report(
            "results/alignments/identity.tsv",
            caption="../report/identity.rst",
            category="Quality",
        ),
        contamination=report(
            "results/alignments/contamination.tsv",
            caption="../report/contamination.rst",
            category="Quality",
        ),
        gates="results/alignments/identity_gates.tsv",
    log:
        "logs/compare_samples.log",
    benchmark:
        "benchmarks/compare_samples.tsv"
    conda:
        "../../envs/python.yaml"
    threads: 2
    resources:
        # square matrices over the samples, and the genotypes of all of them
        mem_mb=lambda wildcards, attempt: (2000 + 2 * len(READ_SAMPLES)) * attempt,
        runtime=lambda wildcards, attempt: (30 + len(READ_SAMPLES) // 10) * attempt,
    params:
        samples=inputs.identity_samples(COHORT),
        limits=SETTINGS["identity"],
        code=files.code_of("identity"),
    script:
        "../scripts/compare_samples.py"


rule gate_samples:
    input:
        measures=[f"results/alignments/qc/{sample.sample}.qc.tsv" for sample in READ_SAMPLES],
        compared="results/alignments/identity_gates.tsv",
    output:
        qc=report(
            "results/alignments/qc.tsv",
            caption="../report/qc.rst",
            category="Quality",
        ),
    log:
        "logs/gate_samples.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        gates=SETTINGS["gates"],
        accepted=SETTINGS["rna_quality"]["accept"],
        code=files.code_of("qc"),
    script:
        "../scripts/gate_samples.py"


# RNA


rule align_rna:
    input:
        reads=lambda wildcards: unit_files(COHORT.sample(wildcards.sample)),
        fasta="results/references/genome.fa",
        fai="results/references/genome.fa.fai",
        dictionary="results/references/genome.dict",
        index="results/references/star",
    output:
        cram="results/alignments/{sample}.cram",
        crai="results/alignments/{sample}.cram.crai",
        counts="results/alignments/{sample}.ReadsPerGene.out.tab",
        junctions="results/alignments/{sample}.Chimeric.out.junction",
        star_log="results/alignments/{sample}.Log.final.out",
        fastp=directory("results/alignments/qc/{sample}.fastp"),
    log:
        "logs/align_rna/{sample}.log",
    benchmark:
        "benchmarks/align_rna/{sample}.tsv"
    wildcard_constraints:
        sample=one_of(sample.sample for sample in COHORT.rna_samples),
    conda:
        "../../envs/star.yaml"
    threads: 8
    resources:
        # STAR's index in memory (10 bytes a base), then the sort.
        mem_mb=lambda wildcards, attempt: (4000 + MEGABASES * 11) * attempt,
        runtime=lambda wildcards, attempt: 480 * attempt,
    params:
        units=lambda wildcards: unit_values(COHORT.sample(wildcards.sample)),
        sizes=lambda wildcards: unit_sizes(COHORT.sample(wildcards.sample)),
        min_read_length=SETTINGS["align"]["min_read_length"],
        two_pass=SETTINGS["align"]["star_two_pass"],
        chimeric_in_cram=SETTINGS["expression"]["fusion_caller"] == "arriba",
    script:
        "../scripts/align_rna.py"


rule measure_rna:
    input:
        unpack(
            lambda wildcards: named(
                genes=SETTINGS.has("gtf") and "results/references/genes.tsv",
                exons=SETTINGS.has("gtf") and "results/references/exons.tsv.gz",
                non_b_genes=SETTINGS.path(SETTINGS["rna_quality"]["non_b_genes"]),
            )
        ),
        counts="results/alignments/{sample}.ReadsPerGene.out.tab",
        star_log="results/alignments/{sample}.Log.final.out",
        fastp="results/alignments/qc/{sample}.fastp",
        cram="results/alignments/{sample}.cram",
        crai="results/alignments/{sample}.cram.crai",
        fasta="results/references/genome.fa",
        fai="results/references/genome.fa.fai",
    output:
        qc="results/alignments/qc/{sample}.qc.tsv",
        purity="results/alignments/qc/{sample}.rna_purity.tsv",
    log:
        "logs/measure_rna/{sample}.log",
    wildcard_constraints:
        sample=one_of(sample.sample for sample in COHORT.rna_samples),
    conda:
        "../../envs/align.yaml"
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 2500 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        sample=lambda wildcards: {
            name: getattr(COHORT.sample(wildcards.sample), name)
            for name in ("patient", "sample", "assay", "tissue")
        },
        strandedness=lambda wildcards: COHORT.sample(wildcards.sample).strandedness,
        default=SETTINGS["expression"]["strandedness"],
        rules=SETTINGS["rna_quality"],
        code=files.code_of("places", "rna", "tables"),
    script:
        "../scripts/measure_rna.py"


rule count_alleles:
    input:
        unpack(
            lambda wildcards: named(
                sites=SETTINGS.has("common_sites") and "results/references/common_sites.vcf.gz"
            )
        ),
        cram="results/alignments/{sample}.cram",
        crai="results/alignments/{sample}.cram.crai",
        fasta="results/references/genome.fa",
        fai="results/references/genome.fa.fai",
    output:
        alleles="results/alignments/{sample}.alleles.tsv.gz",
    log:
        "logs/count_alleles/{sample}.log",
    wildcard_constraints:
        sample=one_of(sample.sample for sample in COHORT.rna_samples),
    conda:
        "../../envs/align.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 120 * attempt,
    params:
        min_population_af=SETTINGS["identity"]["min_population_af"],
    script:
        "../scripts/count_alleles.py"
