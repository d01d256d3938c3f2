from myeloma import copies
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    copies.join(
        paths={name: snakemake.input.get(name, []) for name in ("segments", "purity", "regions")},
        missing=snakemake.params.missing,
        output=dict(snakemake.output.items()),
    )
