"""Plasma cells in the RNA of every sample, with the verdict of the gate."""

import pandas as pd

from myeloma import rna_purity, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    frames = [tables.read(path, tables.RNA_PURITY_MEASURES) for path in snakemake.input.get("measures", [])]
    seen = pd.concat(frames, ignore_index=True) if frames else tables.empty(tables.RNA_PURITY_MEASURES)
    made = rna_purity.judged(seen, tables.read(snakemake.input.qc, tables.QC))
    tables.write(made, snakemake.output.purity, tables.RNA_PURITY)
