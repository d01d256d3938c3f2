"""The study folder of cBioPortal, and MAF, SEG, GCT and h5ad, with pseudonyms."""

from myeloma import cbioportal, exchange, settings
from myeloma.cohort import load_cohort
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    made = settings.load(snakemake.config, snakemake.params.project)
    paths = {name: path for name, path in snakemake.input.items() if isinstance(path, str)}
    paths["targets"] = dict(zip(snakemake.params.kits, snakemake.input.targets, strict=True))
    study = exchange.gather(load_cohort(made, check_files=False), made, paths)
    cbioportal.write(cbioportal.build(study, made.values), snakemake.output.study)
    mode = made["export"]["pseudonyms"]["mode"]
    exchange.write(study, snakemake.input.maf, snakemake.input.cohort, dict(snakemake.output.items()), mode)
