"""Chapter on the RNA samples: plasma cells in the RNA, the map by technical factors, what moves the components."""

from collections.abc import Mapping

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Drawing

from myeloma.report import figures, words
from myeloma.report.sections import Anchors, Cell, Figure, Table, frame_table, table
from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT

#: Panels of the map, technical factors first: column of sample_map.tsv -> heading.
PANELS = {
    "batch": "Batch",
    "centre": "Centre",
    "plasma_cell_score": "Plasma-cell score of the RNA",
    "rin": "RIN",
    "immunoglobulin_fraction": "Immunoglobulin share of reads",
    "assigned_reads": "Reads in genes (library size)",
}
CATEGORIES = ("batch", "centre")
#: Okabe and Ito's colours that are not those of the response groups.
PALETTE = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
COLOURS = matplotlib.colormaps["viridis"]
STATE_WORDS = {PRESENT: "plasma cells", ABSENT: "other cells", NOT_ASSESSABLE: "not assessable"}
LAMP = {PRESENT: "lamp pass", ABSENT: "lamp fail", NOT_ASSESSABLE: "lamp not_assessable"}


def chapter(seen: Mapping, anchors: Anchors) -> dict:
    """What the templates place: purity (table), factors (figure or None), associations (table), sentences."""
    return {
        "purity": purity(seen, anchors),
        "purity_sentence": purity_sentence(seen["rna_purity"]),
        "factors": factors(seen),
        "associations": associations(seen["pc_associations"]),
        "moved": moved(seen["pc_associations"]),
    }


def purity_sentence(rows: pd.DataFrame) -> str:
    """How many samples hold the RNA of plasma cells, and which do not."""
    if rows.empty:
        return "No RNA sample in this run."
    counts = rows["state"].value_counts()
    failed = rows.loc[rows["state"] == ABSENT, "sample"]
    told = f"Of {words.count(len(rows), 'RNA sample')}, {counts.get(PRESENT, 0)} hold the RNA of the clone's plasma cells"
    told += f", {counts.get(NOT_ASSESSABLE, 0)} cannot be assessed"
    told += f", {len(failed)} fail" + (f" ({', '.join(failed)})" if len(failed) else "")
    return f"{told}. A sample that fails is in no expression call, vote or comparison."


def purity(seen: Mapping, anchors: Anchors) -> Table:
    """Every RNA sample with its score and what it rests on."""
    rows = [
        [anchors.cell(r.patient), r.sample, r.plasma_cell_score, r.threshold,
         Cell(STATE_WORDS[r.state], None, "", LAMP[r.state]), r.clone_share, r.heavy_constant, r.heavy_variable,
         r.light_constant, r.light_variable, r.kappa_share, r.immunoglobulin_fraction, r.non_b_index, r.basis.replace("_", "-"),
         r.reason]
        for r in seen["rna_purity"].itertuples()
    ]  # fmt: skip
    columns = ["Patient", "Sample", "Plasma-cell score", "Threshold", "RNA of", "Clone's share", "Heavy C", "Heavy V",
               "Light C", "Light V", "Kappa share", "Immunoglobulin share", "Non-B index", "Rests on", "Reason"]  # fmt: skip
    numbers = [
        "Plasma-cell score",
        "Threshold",
        "Clone's share",
        "Kappa share",
        "Immunoglobulin share",
        "Non-B index",
    ]
    return table("rna-purity", "Plasma cells in the RNA", columns, rows, numbers)


def associations(rows: pd.DataFrame) -> Table:
    """Components against factors, the smallest p first; what was not tested says why."""
    ordered = rows.sort_values(["p", "component", "factor"], na_position="last", kind="stable")
    cells = [
        [r.component.upper(), r.factor.replace("_", " "), {"kruskal": "Kruskal-Wallis", "spearman": "Spearman"}[r.test],
         float(r.n), r.levels, r.effect, Cell(words.p_value(r.p), None if words.missing(r.p) else r.p),
         Cell(words.p_value(r.q), None if words.missing(r.q) else r.q), r.reason]
        for r in ordered.itertuples()
    ]  # fmt: skip
    columns = ["Component", "Factor", "Test", "n", "Groups", "Effect", "p", "q", "Not tested because"]
    return table(
        "pc-associations",
        "What moves the components (effect: rho, or epsilon squared)",
        columns,
        cells,
        ["n", "Effect", "p", "q"],
    )


def moved(rows: pd.DataFrame, level: float = 0.05) -> str:
    """One sentence: factors associated with a component at q < 0.05, or that none is."""
    if rows.empty:
        return "No component was computed."
    tested = rows.dropna(subset=["q"])
    if tested.empty:
        return "No factor could be tested: too few samples or values."
    found = tested[tested["q"] < level].sort_values("q")
    if found.empty:
        return f"{len(tested)} pairs of component and factor tested, none with q < {level:g}. With few samples that is no proof that nothing moves them."
    told = ", ".join(f"{r.component.upper()} with {r.factor.replace('_', ' ')}" for r in found.itertuples())
    return f"{len(tested)} pairs of component and factor tested; q < {level:g}: {told}."


def factors(seen: Mapping) -> Figure | None:
    """The map once per technical factor; None where there is no map."""
    rows = seen["sample_map"].dropna(subset=["pc1", "pc2"])
    if not len(rows):
        return None
    title = "Map of the RNA samples by technical factor"
    out = int((rows["used"] == "no").sum())
    caption = (
        f"The first two principal components of {words.count(len(rows), 'sample')}, coloured by what the laboratory did. "
        "Look here before the response groups: a factor that orders the samples explains them without any biology."
    )
    if out:
        caption += f" Crosses: {words.count(out, 'sample')} that failed a gate, placed on the components but not in them."
    behind = frame_table("map-factors-data", title, rows)
    return Figure(
        "map-factors", title, figures.svg(draw_factors(rows), "map-factors", title), caption, behind
    )


def draw_factors(rows: pd.DataFrame) -> Drawing:
    """Six panels of pc1 against pc2."""
    with matplotlib.rc_context(figures.STYLE):
        figure = Drawing(figsize=(9.6, 5.6))
        used = (rows["used"] == "yes").to_numpy()
        for i, (column, heading) in enumerate(PANELS.items()):
            left, bottom = 0.06 + 0.325 * (i % 3), 0.58 - 0.5 * (i // 3)
            axes = figure.add_axes((left, bottom, 0.2, 0.36))
            axes.set_title(heading, fontsize=10, loc="left")
            if column in CATEGORIES:
                _categories(axes, rows, column, used)
            else:
                _numbers(axes, rows, column, used)
            axes.tick_params(labelsize=7)
            axes.set_xlabel("PC1", fontsize=8)
            if not i % 3:
                axes.set_ylabel("PC2", fontsize=8)
    return figure


def _scatter(axes, rows, chosen, used, **look):
    made = None
    for mine, marker in ((used, "o"), (~used, "X")):
        both = mine & chosen
        if both.any():
            values = {k: v[both] if isinstance(v, np.ndarray) else v for k, v in look.items()}
            if made is not None:
                values["label"] = None  # one entry in the legend
            made = axes.scatter(
                rows["pc1"].to_numpy()[both], rows["pc2"].to_numpy()[both], s=26, marker=marker,
                edgecolor="white", linewidth=0.4, **values,
            )  # fmt: skip
    return made


def _categories(axes, rows, column, used) -> None:
    values = rows[column].fillna("").astype(str).to_numpy()
    levels = sorted(set(values) - {""})
    for n, level in enumerate(levels[: len(PALETTE)]):
        label = level if len(level) <= 12 else f"{level[:11]}…"
        _scatter(axes, rows, values == level, used, color=PALETTE[n], label=label)
    rest = ~np.isin(values, levels[: len(PALETTE)])
    if rest.any():
        more = "other" if len(levels) > len(PALETTE) else "not given"
        _scatter(axes, rows, rest, used, color=figures.GREY, label=more)
    _legend(axes)


def _numbers(axes, rows, column, used) -> None:
    values = rows[column].to_numpy(dtype=float)
    known = np.isfinite(values)
    if (~known).any():
        _scatter(axes, rows, ~known, used, color=figures.FAINT)
    if not known.any():
        axes.text(
            0.5, 0.5, "not given", transform=axes.transAxes, ha="center", fontsize=8, color=figures.GREY
        )
        return
    low, high = float(values[known].min()), float(values[known].max())
    span = {"cmap": COLOURS, "vmin": low, "vmax": high if high > low else low + 1}
    _scatter(axes, rows, known, used, c=values, **span)
    # points for a legend, not drawn: a colour bar is an image
    for value in sorted({low, (low + high) / 2, high}, reverse=True):
        colour = COLOURS((value - low) / (high - low) if high > low else 0.0)
        axes.scatter([], [], s=26, color=[colour], label=f"{value:,.0f}" if value >= 1000 else f"{value:.3g}")
    _legend(axes)


def _legend(axes) -> None:
    axes.legend(
        frameon=False,
        fontsize=7,
        handletextpad=0.1,
        borderpad=0,
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
    )
