"""What stands beside the gene table: how far the result rests on purity and covariates, and the gene sets."""

from collections.abc import Mapping

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Drawing

from myeloma.report import figures, words
from myeloma.report.sections import Cell, Figure, Table, frame_table, table

ANALYSES = {
    "main": "Main test",
    "without_covariates": "Without covariates",
    "without_low_purity": "Without samples of low purity",
}
#: Sets drawn, by p; the table holds all.
MOST_SETS = 25


def chapter(seen: Mapping, alpha: float) -> dict:
    """What the templates place: sensitivity (sentence, table), gene_sets (sentence, figure or None, table)."""
    rows = seen["expression_analyses"]
    sets = seen["gene_sets"]
    return {
        "sensitivity_sentence": sensitivity_sentence(rows),
        "sensitivity": sensitivity(rows),
        "gene_sets_sentence": gene_sets_sentence(sets, alpha),
        "gene_sets_figure": gene_sets_figure(sets, alpha),
        "gene_sets": gene_sets(sets),
    }


def sensitivity_sentence(rows: pd.DataFrame) -> str:
    """What happens to the genes found when the test is changed in one thing."""
    main = rows[rows["analysis"] == "main"]
    if main.empty or main.iloc[0]["state"] != "tested":
        return "Nothing was tested, so nothing was tested again."
    told = []
    for row in rows[rows["analysis"] != "main"].itertuples():
        name = ANALYSES[row.analysis]
        if row.state != "tested":
            told.append(f"{name}: not done ({row.reason}).")
        else:
            told.append(
                f"{name}: {row.found_in_main} of the {words.count(int(main.iloc[0]['found']), 'gene')} of the main test found "
                f"again, {words.count(int(row.found - row.found_in_main), 'other')} beside them; "
                f"correlation of the fold changes {words.number(row.lfc_correlation)}."
            )
    return " ".join(told) or "The test was not repeated."


def sensitivity(rows: pd.DataFrame) -> Table:
    """One row an analysis."""
    columns = ["Analysis", "Early", "Poor", "Adjusted for", "Genes tested", "Found", "Of them in main", "Jaccard",
               "Correlation of fold changes", "Top genes, same direction", "Note"]  # fmt: skip
    made = [
        [ANALYSES[r.analysis], r.early, r.poor, r.covariates, r.tested, r.found, r.found_in_main, r.jaccard,
         r.lfc_correlation, r.top_same_direction, r.reason]
        for r in rows.itertuples()
    ]  # fmt: skip
    return table(
        "expression-sensitivity",
        "The expression test changed in one thing at a time",
        columns,
        made,
        columns[4:10],
    )


def gene_sets_sentence(rows: pd.DataFrame, alpha: float) -> str:
    """How many sets were tested and found, and what the two tests are."""
    if rows.empty:
        return "No gene sets were given (expression.gene_sets)."
    tested = rows[rows["state"] == "tested"]
    if tested.empty:
        return f"No gene set of the {len(rows)} given could be tested: {rows.iloc[0]['reason']}"
    found = int((tested["q"] < alpha).sum())
    return (
        f"{len(tested)} of {words.count(len(rows), 'gene set')} tested, {found} with q < {alpha:g}. Enrichment ranks genes and permutes "
        "them as if each moved alone; genes of one programme move together, so its p is a guide. The score test compares "
        "patients and holds all the same."
    )


def gene_sets(rows: pd.DataFrame) -> Table:
    """Every set, tested or not."""
    columns = ["Set", "Source", "Genes", "In matrix", "Enrichment (NES; positive: early)", "p", "q", "Score, early",
               "Score, poor", "p of scores", "q of scores", "Leading genes", "Why not tested"]  # fmt: skip
    order = rows.assign(last=rows["p"].isna()).sort_values(["last", "p", "set"])
    made = [
        [r.set, r.source, r.size, r.in_matrix, r.nes, Cell(r.p_shown or "", None if words.missing(r.p) else r.p),
         Cell(words.p_value(r.q), None if words.missing(r.q) else r.q), r.score_early, r.score_poor,
         Cell(words.p_value(r.score_p), None if words.missing(r.score_p) else r.score_p),
         Cell(words.p_value(r.score_q), None if words.missing(r.score_q) else r.score_q), r.leading_edge, r.reason]
        for r in order.itertuples()
    ]  # fmt: skip
    return table("gene-sets", "Gene sets of early against poor responders", columns, made, columns[2:11])


def gene_sets_figure(rows: pd.DataFrame, alpha: float) -> Figure | None:
    """Normalised enrichment of the sets tested; None where none was."""
    tested = rows.dropna(subset=["nes", "p"]).sort_values(["p", "set"]).head(MOST_SETS)
    if tested.empty:
        return None
    title = "Gene sets by enrichment"
    caption = (
        f"{words.count(len(tested), 'set')} with the smallest p, along the Wald statistic of the expression test; coloured: "
        f"q < {alpha:g} (Benjamini-Hochberg over the sets tested). Right: higher in early responders. It does not show "
        "which gene acts."
    )
    shown = tested[["set", "in_matrix", "nes", "p_shown", "q"]]
    drawn = figures.svg(bars(tested, alpha), "gene-sets-figure", title)
    return Figure("gene-sets-figure", title, drawn, caption, frame_table("gene-sets-data", title, shown))


def bars(rows: pd.DataFrame, alpha: float) -> Drawing:
    """One bar a set: normalised enrichment, genes in the matrix beside the name."""
    rows = rows.sort_values("nes")
    with matplotlib.rc_context(figures.STYLE):
        figure = Drawing(figsize=(7.6, 0.9 + 0.26 * len(rows)))
        axes = figure.add_axes((0.45, 0.62 / figure.get_figheight(), 0.52, 1 - 0.75 / figure.get_figheight()))
        found = rows["q"].to_numpy(float) < alpha
        value = rows["nes"].to_numpy(float)
        side = np.where(value > 0, figures.EARLY_COLOUR, figures.POOR_COLOUR)
        axes.barh(np.arange(len(rows)), value, height=0.65, color=np.where(found, side, "#c4c4c4"))
        names = [figures_name(r.set, r.in_matrix) for r in rows.itertuples()]
        axes.set_yticks(np.arange(len(rows)), names, fontsize=8, parse_math=False)
        widest = max(1.0, float(np.abs(value).max())) * 1.08
        axes.set(xlim=(-widest, widest), ylim=(-0.6, len(rows) - 0.4),
                 xlabel="higher in poor   <   normalised enrichment   >   higher in early")  # fmt: skip
        axes.axvline(0, color=figures.FAINT, linewidth=0.8)
        axes.xaxis.label.set_size(9)
    return figure


def figures_name(name: str, genes: int) -> str:
    """Name of a set without our prefix, cut to fit beside the axis, with its genes."""
    told = name.removeprefix("MM_").replace("_", " ")
    return (told if len(told) <= 34 else f"{told[:33]}…") + f" ({genes})"
