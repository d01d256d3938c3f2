from myeloma import variants
from myeloma.log import log_to

GIVEN = ("tumour_bam", "normal_bam", "targets", "germline", "panel_of_normals", "common_sites")
GIVEN += ("snpeff", "regions")

with log_to(snakemake.log[0]):
    given = {name: snakemake.input.get(name, "") for name in GIVEN}
    variants.call(
        variants.Inputs(fasta=snakemake.input.fasta, **snakemake.params.names, **given),
        snakemake.params.limits,
        snakemake.output.vcf,
        snakemake.threads,
        snakemake.resources.mem_mb,
    )
