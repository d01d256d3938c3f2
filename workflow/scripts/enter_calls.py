"""Finished calls that samples.tsv names, as our own tables."""

from myeloma import entry
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    names = ("regions", "fasta", "fai", "coding", "hotspots", "drivers")
    given = {name: snakemake.input.get(name, "") for name in names}
    entry.enter(snakemake.params.samples, given, snakemake.params.rules, dict(snakemake.output.items()))
