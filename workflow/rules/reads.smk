"""Reads the units sheet; writes results/reads: what the head of every FASTQ says.

Never in the way of the other stages: a file that is broken further down is found while it is aligned.
"""

from myeloma import files
from myeloma.inputs import named, one_of, sheet_values, unit_files, unit_sizes, unit_values

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
        sizes=lambda wildcards: [size for sample in READ_SAMPLES for size in unit_sizes(sample)],
        code=files.code_of("reads", "tables"),
    script:
        "../scripts/inspect_reads.py"
