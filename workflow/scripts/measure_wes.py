from myeloma import qc
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    qc.measure(
        snakemake.input.cram,
        snakemake.input.fasta,
        snakemake.input.get("targets", ""),
        snakemake.params.padding,
        dict(snakemake.output.items()),
        snakemake.params.sample,
        snakemake.threads,
        snakemake.input.get("sites", ""),
        snakemake.params.min_population_af,
    )
