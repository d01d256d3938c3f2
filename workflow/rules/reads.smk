"""Reads the units sheet; writes results/reads: what the head of every FASTQ says.

Never in the way of the other stages: a file that is broken further down is found while it is aligned.
"""

import re

from myeloma import files


def unit_values(sample):
    """The units of a sample as plain dictionaries, for params."""
    return [
        {
            "patient": sample.patient,
            "sample": sample.sample,
            "library": unit.library,
            "flowcell": unit.flowcell,
            "lane": unit.lane,
            "id": unit.id,
            "fastq_1": unit.fastq_1,
            "fastq_2": unit.fastq_2,
            "bam": unit.bam,
        }
        for unit in sample.units
    ]


def one_of(names):
    """Pattern of a wildcard that may only be one of the names (none of them: matches nothing)."""
    return "|".join(re.escape(name) for name in names) or "(?!)"


def named(**given):
    """Named inputs without those that are not given, for unpack()."""
    return {name: value for name, value in given.items() if value}


def unit_files(sample):
    """Every file of the units of a sample."""
    return [path for unit in sample.units for path in (unit.fastq_1, unit.fastq_2, unit.bam) if path]


READ_SAMPLES = [*COHORT.wes_samples, *COHORT.rna_samples]


rule inspect_reads:
    input:
        files=[path for sample in READ_SAMPLES for path in unit_files(sample)],
    output:
        units="results/reads/units.tsv",
    log:
        "logs/inspect_reads.log",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=60,
    params:
        units=[values for sample in READ_SAMPLES for values in unit_values(sample)],
        code=files.code_of("reads"),
    script:
        "../scripts/inspect_reads.py"
