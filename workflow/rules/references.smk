"""Reads the references that the config names (or downloads them); writes results/references.

What is given stays untouched and may be read-only: links, indices and checked copies stand here.
"""

import os

from myeloma import downloads, places, references

SOURCES = downloads.read_versions(PROJECT / "resources/versions.tsv")
DOWNLOADS = SETTINGS["reference"]["cache_dir"] or "results/references/downloads"

# With reference.download, what is empty in the config is the file that download_reference fetches.
if SETTINGS["reference"]["download"]:
    for _name, _source in SOURCES.items():
        if not SETTINGS["reference"].get(_name):
            config["reference"][_name] = f"{DOWNLOADS}/{_source.file}"

BWA_FILES = multiext(
    "results/references/bwa/genome.fa", *references.BWA_ENDINGS[SETTINGS["align"]["aligner"]]
)


# Memory follows the size of the genome.
MEGABASES = references.megabases(SETTINGS.reference("fasta"))


# A cohort of tables alone needs no genome.
HAS_GENOME = SETTINGS.has("fasta")
FAI = {"fai": "results/references/genome.fa.fai"} if HAS_GENOME else {}
GENOME = {"fasta": "results/references/genome.fa", **FAI} if HAS_GENOME else {}


localrules:
    download_reference,


rule download_reference:
    output:
        file=f"{DOWNLOADS}/{{download}}",
    log:
        "logs/download_reference/{download}.log",
    wildcard_constraints:
        download="|".join(downloads.escaped_files(SOURCES)),
    retries: 2
    conda:
        "../../envs/python.yaml"
    params:
        source=lambda w: downloads.by_file(SOURCES, w.download),
        lock="resources/versions.lock",
    script:
        "../scripts/download_reference.py"


rule prepare_genome:
    input:
        given=SETTINGS.reference("fasta") or [],
    output:
        fasta="results/references/genome.fa",
        fai="results/references/genome.fa.fai",
        dictionary="results/references/genome.dict",
    log:
        "logs/prepare_genome.log",
    benchmark:
        "benchmarks/prepare_genome.tsv"
    conda:
        "../../envs/align.yaml"
    resources:
        mem_mb=lambda w, attempt: 1500 * attempt,
        runtime=120,
    params:
        build=SETTINGS["reference"]["build"],
    script:
        "../scripts/prepare_genome.py"


if SETTINGS.has("gtf"):

    rule prepare_annotation:
        input:
            given=SETTINGS.reference("gtf"),
            fai="results/references/genome.fa.fai",
        output:
            gtf="results/references/genome.gtf",
            genes="results/references/genes.tsv",
            coding="results/references/coding.tsv.gz",
            exons="results/references/exons.tsv.gz",
        log:
            "logs/prepare_annotation.log",
        conda:
            "../../envs/python.yaml"
        resources:
            mem_mb=lambda w, attempt: 3000 * attempt,
            runtime=60,
        script:
            "../scripts/prepare_annotation.py"


rule index_bwa:
    input:
        fasta="results/references/genome.fa",
    output:
        BWA_FILES,
    log:
        "logs/index_bwa.log",
    cache: "omit-software"
    conda:
        "../../envs/align.yaml"
    resources:
        # bwa-mem2 needs 28 bytes a base, bwa 5
        mem_mb=lambda w, attempt: (
            (500 + MEGABASES * (6 if SETTINGS["align"]["aligner"] == "bwa" else 28)) * attempt
        ),
        runtime=480,
    params:
        aligner=SETTINGS["align"]["aligner"],
        prefix=lambda w, output: os.path.splitext(output[0])[0],
    script:
        "../scripts/index_bwa.py"


rule index_star:
    input:
        fasta="results/references/genome.fa",
        fai="results/references/genome.fa.fai",
        gtf="results/references/genome.gtf" if SETTINGS.has("gtf") else [],
    output:
        folder=directory("results/references/star"),
    log:
        "logs/index_star.log",
    cache: "omit-software"
    conda:
        "../../envs/star.yaml"
    threads: 8
    resources:
        # STAR's manual: 10 bytes a base and more with annotation
        mem_mb=lambda w, attempt: (2000 + MEGABASES * 11) * attempt,
        runtime=480,
    script:
        "../scripts/index_star.py"


if SETTINGS.has("gtf"):

    rule index_salmon:
        input:
            fasta="results/references/genome.fa",
            fai="results/references/genome.fa.fai",
            gtf="results/references/genome.gtf",
        output:
            folder=directory("results/references/salmon"),
            transcripts="results/references/transcripts.tsv",
        log:
            "logs/index_salmon.log",
        conda:
            "../../envs/salmon.yaml"
        threads: 4
        resources:
            mem_mb=lambda w, attempt: (3000 + MEGABASES * 8) * attempt,
            runtime=480,
        script:
            "../scripts/index_salmon.py"

    rule build_snpeff:
        input:
            fasta="results/references/genome.fa",
            fai="results/references/genome.fa.fai",
            gtf="results/references/genome.gtf",
        output:
            folder=directory("results/references/snpeff"),
        log:
            "logs/build_snpeff.log",
        cache: "omit-software"
        conda:
            "../../envs/annotate.yaml"
        resources:
            mem_mb=lambda w, attempt: (1500 + 3 * MEGABASES) * attempt,
            runtime=240,
        script:
            "../scripts/build_snpeff.py"


if SETTINGS.has("germline"):

    rule prepare_germline:
        input:
            given=SETTINGS.reference("germline"),
            fasta="results/references/genome.fa",
            fai="results/references/genome.fa.fai",
        output:
            vcf="results/references/germline.vcf.gz",
            tbi="results/references/germline.vcf.gz.tbi",
        log:
            "logs/prepare_germline.log",
        conda:
            "../../envs/align.yaml"
        resources:
            mem_mb=lambda w, attempt: 1500 * attempt,
            runtime=120,
        params:
            needs_af=True,
        script:
            "../scripts/prepare_sites.py"


if SETTINGS.has("common_sites"):

    rule prepare_common_sites:
        input:
            given=SETTINGS.reference("common_sites"),
            fasta="results/references/genome.fa",
            fai="results/references/genome.fa.fai",
        output:
            vcf="results/references/common_sites.vcf.gz",
            tbi="results/references/common_sites.vcf.gz.tbi",
        log:
            "logs/prepare_common_sites.log",
        conda:
            "../../envs/align.yaml"
        resources:
            mem_mb=lambda w, attempt: 1500 * attempt,
            runtime=60,
        params:
            needs_af=True,
        script:
            "../scripts/prepare_sites.py"


if SETTINGS.has("panel_of_normals"):

    rule prepare_panel_of_normals:
        input:
            given=SETTINGS.reference("panel_of_normals"),
            fasta="results/references/genome.fa",
            fai="results/references/genome.fa.fai",
        output:
            vcf="results/references/panel_of_normals.vcf.gz",
            tbi="results/references/panel_of_normals.vcf.gz.tbi",
        log:
            "logs/prepare_panel_of_normals.log",
        conda:
            "../../envs/align.yaml"
        resources:
            mem_mb=lambda w, attempt: 1500 * attempt,
            runtime=60,
        params:
            needs_af=False,
        script:
            "../scripts/prepare_sites.py"


rule prepare_kit_panel:
    input:
        given=lambda w: SETTINGS.path(SETTINGS["kits"][w.kit]["panel_of_normals"]),
        fasta="results/references/genome.fa",
        fai="results/references/genome.fa.fai",
    output:
        vcf="results/references/kits/{kit}.panel_of_normals.vcf.gz",
        tbi="results/references/kits/{kit}.panel_of_normals.vcf.gz.tbi",
    log:
        "logs/prepare_kit_panel/{kit}.log",
    wildcard_constraints:
        kit="|".join(
            references.escaped(k for k, given in SETTINGS["kits"].items() if given.get("panel_of_normals"))
        ),
    conda:
        "../../envs/align.yaml"
    resources:
        mem_mb=lambda w, attempt: 1500 * attempt,
        runtime=60,
    params:
        needs_af=False,
    script:
        "../scripts/prepare_sites.py"


rule prepare_targets:
    input:
        given=lambda w: SETTINGS.path(SETTINGS["kits"][w.kit]["targets"]),
        fai="results/references/genome.fa.fai",
    output:
        bed="results/references/kits/{kit}.targets.bed",
    log:
        "logs/prepare_targets/{kit}.log",
    wildcard_constraints:
        kit="|".join(references.escaped(SETTINGS["kits"])),
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda w, attempt: 1000 * attempt,
        runtime=30,
    script:
        "../scripts/prepare_targets.py"


rule prepare_regions:
    input:
        **FAI,
        given=SETTINGS.reference("regions") or [],
    output:
        table="results/references/regions.tsv",
    log:
        "logs/prepare_regions.log",
    conda:
        "../../envs/python.yaml"
    params:
        columns=places.REGION_COLUMNS,
    script:
        "../scripts/prepare_regions.py"


rule prepare_arms:
    input:
        **FAI,
        given=SETTINGS.reference("arms") or [],
    output:
        table="results/references/arms.tsv",
    log:
        "logs/prepare_arms.log",
    conda:
        "../../envs/python.yaml"
    params:
        columns=places.ARM_COLUMNS,
    script:
        "../scripts/prepare_regions.py"
