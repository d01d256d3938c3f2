"""TC class of each patient."""

from myeloma import expression, places, tables, tc_classes
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    given, asked = snakemake.input, snakemake.params
    made = tc_classes.classify_cohort(
        asked.patients,
        *expression.read_counts(given.counts),
        places.read_genes(given.get("genes", "")),
        places.read_regions(given.get("regions", "")),
        *(
            tables.read(given[name], getattr(tables, name.upper()))
            for name in ("samples", "qc", "translocations")
        ),
        asked.rules,
    )
    tables.write(made, snakemake.output.classes, tables.TC_CLASSES)
