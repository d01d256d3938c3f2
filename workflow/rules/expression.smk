"""Reads alignments (STAR's counts and junctions) and references; writes results/expression: the count
matrix, fusions, over-expressed translocation partners, published scores, skipped exons (from the RNA CRAMs),
the cohort as AnnData and the sample map.

A sample that failed its gates stays in every table; its votes are not_assessable there.
"""

RNA_SAMPLES = [sample.sample for sample in COHORT.rna_samples]
# with those that enter by a table of counts
COUNTED = [*COHORT.rna_samples, *COHORT.entered_rna]
GENES = "results/references/genes.tsv" if SETTINGS.has("gtf") else ""
REGIONS = "results/references/regions.tsv"
FUSION_CALLER = SETTINGS["expression"]["fusion_caller"]
ARRIBA_FILES = {
    name: SETTINGS.path(SETTINGS["expression"]["arriba"][name])
    for name in ("blacklist", "known_fusions", "protein_domains")
}
# without a GTF there are no transcripts either: STAR's empty counts say so
QUANTIFIER = SETTINGS["expression"]["quantifier"] if GENES else "star"


if QUANTIFIER == "salmon":

    rule quantify_salmon:
        input:
            cram="results/alignments/{sample}.cram",
            crai="results/alignments/{sample}.cram.crai",
            counts="results/alignments/{sample}.ReadsPerGene.out.tab",
            fasta="results/references/genome.fa",
            fai="results/references/genome.fa.fai",
            index="results/references/salmon",
        output:
            quant="results/expression/salmon/{sample}.quant.sf",
            information="results/expression/salmon/{sample}.meta_info.json",
        log:
            "logs/quantify_salmon/{sample}.log",
        benchmark:
            "benchmarks/quantify_salmon/{sample}.tsv"
        wildcard_constraints:
            sample=one_of(RNA_SAMPLES),
        conda:
            "../../envs/salmon.yaml"
        threads: 4
        resources:
            # the index with the genome as decoy, in memory
            mem_mb=lambda wildcards, attempt: (3000 + MEGABASES * 7) * attempt,
            runtime=lambda wildcards, attempt: 240 * attempt,
        params:
            strandedness=lambda wildcards: COHORT.sample(wildcards.sample).strandedness,
            default=SETTINGS["expression"]["strandedness"],
        script:
            "../scripts/quantify_salmon.py"


rule enter_counts:
    input:
        files=inputs.entered_files(COHORT.entered_rna, "counts"),
    output:
        counts="results/expression/entered_counts.tsv.gz",
    log:
        "logs/enter_counts.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        runtime=20,
    params:
        samples=[inputs.entered_values(COHORT, sample) for sample in COHORT.entered_rna],
        code=files.code_of("entered_counts"),
    script:
        "../scripts/enter_counts.py"


rule collect_counts:
    input:
        unpack(
            lambda wildcards: named(
                genes=GENES,
                exons=GENES and "results/references/exons.tsv.gz",
                transcripts=QUANTIFIER == "salmon" and "results/references/transcripts.tsv",
                regions=REGIONS,
                entered=COHORT.entered_rna and "results/expression/entered_counts.tsv.gz",
            )
        ),
        counts=expand("results/alignments/{sample}.ReadsPerGene.out.tab", sample=RNA_SAMPLES),
        quants=expand(
            "results/expression/salmon/{sample}.quant.sf",
            sample=RNA_SAMPLES if QUANTIFIER == "salmon" else [],
        ),
    output:
        counts="results/expression/counts.tsv.gz",
        tpm="results/expression/tpm.tsv.gz",
    log:
        "logs/collect_counts.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=60,
    params:
        samples=RNA_SAMPLES,
        strandedness={sample.sample: sample.strandedness for sample in COHORT.rna_samples},
        default=SETTINGS["expression"]["strandedness"],
        quantifier=QUANTIFIER,
        left_out=SETTINGS["expression"]["exclude_from_size_factors"],
        code=files.code_of("expression", "places", "rna_coverage", "tables"),
    script:
        "../scripts/collect_counts.py"


rule tabulate_rna_purity:
    input:
        qc="results/alignments/qc.tsv",
        measures=expand("results/alignments/qc/{sample}.rna_purity.tsv", sample=RNA_SAMPLES),
    output:
        purity=report(
            "results/expression/rna_purity.tsv",
            caption="../report/rna_purity.rst",
            category="Expression",
        ),
    log:
        "logs/tabulate_rna_purity.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=20,
    params:
        code=files.code_of("rna_purity", "tables"),
    script:
        "../scripts/tabulate_rna_purity.py"


if FUSION_CALLER == "star_junctions":

    rule call_fusions:
        input:
            unpack(lambda wildcards: named(genes=GENES, regions=REGIONS)),
            junctions="results/alignments/{sample}.Chimeric.out.junction",
            fasta="results/references/genome.fa",
            fai="results/references/genome.fa.fai",
        output:
            fusions="results/expression/fusions/{sample}.tsv",
        log:
            "logs/call_fusions/{sample}.log",
        benchmark:
            "benchmarks/call_fusions/{sample}.tsv"
        wildcard_constraints:
            sample=one_of(RNA_SAMPLES),
        conda:
            "../../envs/python.yaml"
        resources:
            mem_mb=lambda wildcards, attempt: 3000 * attempt,
            runtime=60,
        params:
            patient=lambda wildcards: COHORT.sample(wildcards.sample).patient,
            translocations=SETTINGS["abnormalities"]["translocations"],
            rules={name: SETTINGS["expression"][name] for name in ("junction_min_reads", "fusion_min_reads")},
            code=files.code_of("fusions", "places", "tables"),
        script:
            "../scripts/call_fusions.py"


if FUSION_CALLER == "arriba":
    # only here: it needs the whole of expression, which no job that parses these rules should load for nothing
    from myeloma import arriba

    rule run_arriba:
        input:
            **named(
                cram="results/alignments/{sample}.cram",
                crai="results/alignments/{sample}.cram.crai",
                fasta="results/references/genome.fa",
                fai="results/references/genome.fa.fai",
                gtf="results/references/genome.gtf",
                **ARRIBA_FILES,
            ),
        output:
            fusions="results/expression/arriba/{sample}.fusions.tsv",
            discarded="results/expression/arriba/{sample}.discarded.tsv",
        log:
            "logs/run_arriba/{sample}.log",
        benchmark:
            "benchmarks/run_arriba/{sample}.tsv"
        wildcard_constraints:
            sample=one_of(RNA_SAMPLES),
        conda:
            "../../envs/arriba.yaml"
        resources:
            # the genome and all chimeric reads in memory
            mem_mb=lambda wildcards, attempt: (4000 + MEGABASES * 4) * attempt,
            runtime=lambda wildcards, attempt: 240 * attempt,
        params:
            options=lambda wildcards: arriba.options(
                ARRIBA_FILES, COHORT.sample(wildcards.sample).strandedness
            ),
        shell:
            "(arriba -x {input.cram:q} -a {input.fasta:q} -g {input.gtf:q} {params.options:q} "
            "-o {output.fusions:q}.part -O {output.discarded:q}.part "
            "&& mv {output.discarded:q}.part {output.discarded:q} "
            "&& mv {output.fusions:q}.part {output.fusions:q}) > {log:q} 2>&1"

    rule read_arriba:
        input:
            unpack(lambda wildcards: named(genes=GENES, regions=REGIONS)),
            fusions="results/expression/arriba/{sample}.fusions.tsv",
            fai="results/references/genome.fa.fai",
        output:
            fusions="results/expression/fusions/{sample}.tsv",
        log:
            "logs/read_arriba/{sample}.log",
        wildcard_constraints:
            sample=one_of(RNA_SAMPLES),
        conda:
            "../../envs/python.yaml"
        resources:
            mem_mb=lambda wildcards, attempt: 1500 * attempt,
            runtime=20,
        params:
            patient=lambda wildcards: COHORT.sample(wildcards.sample).patient,
            translocations=SETTINGS["abnormalities"]["translocations"],
            rules={
                name: SETTINGS["expression"][name]
                for name in ("junction_min_reads", "fusion_min_reads", "arriba")
            },
            code=files.code_of("arriba", "fusions", "places", "tables"),
        script:
            "../scripts/read_arriba.py"


rule collect_fusions:
    input:
        fusions=expand("results/expression/fusions/{sample}.tsv", sample=RNA_SAMPLES),
    output:
        fusions=report(
            "results/expression/fusions.tsv",
            caption="../report/fusions.rst",
            category="Abnormalities",
        ),
    log:
        "logs/collect_fusions.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=20,
    params:
        code=files.code_of("tables"),
    script:
        "../scripts/collect_fusions.py"


rule call_partners:
    input:
        unpack(
            lambda wildcards: named(
                genes=GENES,
                regions=REGIONS,
                reference=SETTINGS.path(SETTINGS["expression"]["partner_reference"]),
            )
        ),
        counts="results/expression/counts.tsv.gz",
        samples="results/cohort/samples.tsv",
        qc="results/alignments/qc.tsv",
    output:
        partners=report(
            "results/expression/partners.tsv",
            caption="../report/partners.rst",
            category="Expression",
        ),
    log:
        "logs/call_partners.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        runtime=60,
    params:
        translocations=SETTINGS["abnormalities"]["translocations"],
        rules=SETTINGS["expression"],
        code=files.code_of("expression", "gates", "partners", "places", "tables"),
    script:
        "../scripts/call_partners.py"


rule score_expression:
    input:
        unpack(
            lambda wildcards: named(
                genes=GENES,
                regions=REGIONS,
                scores=SETTINGS.path(SETTINGS["scores"]["file"]),
            )
        ),
        counts="results/expression/counts.tsv.gz",
        samples="results/cohort/samples.tsv",
        qc="results/alignments/qc.tsv",
    output:
        scores=report(
            "results/expression/scores.tsv",
            caption="../report/scores.rst",
            category="Expression",
        ),
        pathway=report(
            "results/expression/pathway.tsv",
            caption="../report/pathway.rst",
            category="Expression",
        ),
    log:
        "logs/score_expression.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        runtime=20,
    params:
        excluded=SETTINGS["expression"]["exclude_from_size_factors"],
        rules=SETTINGS["scores"],
        code=files.code_of("expression", "gates", "places", "scores", "tables"),
    script:
        "../scripts/score_expression.py"


rule measure_splicing:
    input:
        unpack(lambda wildcards: named(gtf=SETTINGS.has("gtf") and "results/references/genome.gtf")),
        **GENOME,
        crams=expand("results/alignments/{sample}.cram", sample=RNA_SAMPLES),
        crais=expand("results/alignments/{sample}.cram.crai", sample=RNA_SAMPLES),
        samples="results/cohort/samples.tsv",
        qc="results/alignments/qc.tsv",
        purity="results/expression/rna_purity.tsv",
    output:
        splicing=report(
            "results/expression/splicing.tsv",
            caption="../report/splicing.rst",
            category="Expression",
        ),
    log:
        "logs/measure_splicing.log",
    conda:
        "../../envs/align.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=30,
    params:
        samples=RNA_SAMPLES,
        rules=SETTINGS["splicing"],
        code=files.code_of("splicing", "tables"),
    script:
        "../scripts/measure_splicing.py"


rule map_samples:
    input:
        unpack(lambda wildcards: named(genes=GENES, regions=REGIONS)),
        counts="results/expression/counts.tsv.gz",
        tpm="results/expression/tpm.tsv.gz",
        purity="results/expression/rna_purity.tsv",
        qc="results/alignments/qc.tsv",
    output:
        cohort="results/expression/cohort.h5ad",
        sample_map=report(
            "results/expression/sample_map.tsv",
            caption="../report/sample_map.rst",
            category="Expression",
        ),
        associations=report(
            "results/expression/pc_associations.tsv",
            caption="../report/pc_associations.rst",
            category="Expression",
        ),
    log:
        "logs/map_samples.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 6000 * attempt,
        runtime=60,
    params:
        samples=[sheet_values(sample) for sample in COUNTED],
        rules=SETTINGS["expression"],
        code=files.code_of("expression", "places", "sample_map", "tables"),
    script:
        "../scripts/map_samples.py"


rule score_gene_sets:
    input:
        unpack(lambda wildcards: named(genes=GENES, regions=REGIONS)),
        counts="results/expression/counts.tsv.gz",
        samples="results/cohort/samples.tsv",
        qc="results/alignments/qc.tsv",
        sets=[SETTINGS.path(path) for path in SETTINGS["expression"]["gene_sets"]],
    output:
        scores="results/expression/gene_set_scores.tsv",
    log:
        "logs/score_gene_sets.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=60,
    params:
        rules=SETTINGS["expression"],
        code=files.code_of("expression", "gates", "gene_sets", "places", "tables"),
    script:
        "../scripts/score_gene_sets.py"
