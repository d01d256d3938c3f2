"""What STAR, the counts and the depth over genes say about one RNA sample; whose RNA it is."""

from myeloma import places, rna, tables
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    asked, made = snakemake.params, snakemake.output
    given = {"exons": "", "genes": "", "non_b_genes": "", **dict(snakemake.input.items())}
    genes = places.read_genes(given["genes"])
    qc, purity = rna.measure_sample(given, genes, dict(asked.items()), asked.rules, snakemake.threads)
    tables.write(purity, made.purity, tables.RNA_PURITY_MEASURES)
    tables.write(qc, made.qc, tables.QC)
