from myeloma import copies
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    copies.prepare_intervals(
        targets=snakemake.input.targets,
        fasta=snakemake.input.fasta,
        regions=snakemake.input.regions,
        common_sites=snakemake.input.get("common_sites", ""),
        given_panel=snakemake.input.get("given_panel", ""),
        settings=snakemake.params.settings,
        output=dict(snakemake.output.items()),
        mem_mb=snakemake.resources.mem_mb,
    )
