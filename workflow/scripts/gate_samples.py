from myeloma import qc
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    qc.gate_samples(snakemake.input.measures, snakemake.params.gates, snakemake.output.qc)
