from myeloma import qc
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    measures = [*snakemake.input.measures, snakemake.input.compared]
    qc.gate_samples(measures, snakemake.params.gates, snakemake.output.qc, snakemake.params.accepted)
