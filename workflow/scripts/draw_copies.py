"""Draw the copy-number plot of every tumour."""

from myeloma import copy_plot
from myeloma.log import log_to

with log_to(snakemake.log[0]):
    columns = ("ratios", "hets")
    files_of = zip(
        snakemake.params.samples,
        *(snakemake.input[name] for name in columns),
        snakemake.output.svg,
        snakemake.output.png,
        strict=True,
    )
    plots = [dict(zip(("sample", *columns, "svg", "png"), row, strict=True)) for row in files_of]
    copy_plot.draw_all(plots, dict(snakemake.input.items()))
