from myeloma import structural
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    given = {name: snakemake.input.get(name, "") for name in ("normal_cram", "targets")}
    structural.call(
        structural.Sample(cram=snakemake.input.tumour_cram, **snakemake.params.sample, **given),
        snakemake.input.fasta,
        snakemake.input.regions,
        snakemake.params.abnormalities,
        snakemake.params.limits,
        snakemake.output.vcf,
        snakemake.output.coverage,
    )
