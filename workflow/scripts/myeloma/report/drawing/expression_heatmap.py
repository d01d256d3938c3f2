"""Heatmap of the genes that differ between early and poor responders: one column a patient, one row a gene."""

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from myeloma.report.drawing.style import (
    GROUPS,
    INK,
    RESPONSES,
    UNKNOWN,
    canvas,
    fill,
    joined,
    numbers,
    redraw,
    sentence,
    short,
)

LEFT, RIGHT, ROW, TOP = 1.35, 1.5, 0.17, 0.45
WIDEST, MOST, NAMED = 0.3, 7.2, 0.1
LIMIT = 2.5  # SDs at which the colour ends
MOST_VECTOR = 4000  # more cells: they become an image inside the file
TRACKS = {"best_response": "best response", "sex": "sex", "plasma_cell_score": "plasma-cell score"}
SEXES = {"female": "#c9c9c9", "male": "#5c5c5c"}


def draw(rows):
    """rows: FIGURE_EXPRESSION (docs/tables.md): one row per gene and patient."""
    if rows.empty:
        return sentence("No gene differs between early and poor responders at the limit of the test, or none could be tested: no heatmap.")  # fmt: skip
    rows = numbers(rows, "gene_number", "patient_number", "z", "log2_fold_change", "plasma_cell_score")
    people = rows.drop_duplicates("patient").sort_values("patient_number")
    genes = rows.drop_duplicates("gene_id").sort_values("gene_number")
    cell = min(WIDEST, MOST / (len(people) + 1))
    step = people["group"].ne(people["group"].shift()).cumsum().to_numpy() - 1
    x = dict(zip(people["patient"], LEFT + cell * np.arange(len(people)) + 0.09 * step, strict=True))
    tracks = [t for t in TRACKS if (people[t].astype(str) != "").any()]
    start = TOP + 0.19 * len(tracks) + 0.08
    end = LEFT + cell * len(people) + 0.09 * step.max()
    ids = max(len(short(p, 16)) for p in x) * 0.068 if cell >= NAMED else 0.0
    figure, axes = canvas(max(end + RIGHT, 6.8), start + ROW * len(genes) + ids + 0.6)
    _heads(axes, people, x, cell)
    for i, track in enumerate(tracks):
        _track(axes, people, x, cell, track, TOP + 0.19 * i)
    _cells(axes, rows, genes, x, cell, start)
    _genes(axes, genes, end, start)
    if ids:
        for patient, at in x.items():
            axes.text(at + cell / 2, start + ROW * len(genes) + 0.05, short(patient, 16), rotation=90, ha="center",
                      va="top", fontsize=min(7.0, 72 * cell * 0.8))  # fmt: skip
    _scale(figure, axes, start + ROW * len(genes) + ids + 0.2)
    return figure


def _heads(axes, people, x, cell) -> None:
    for group, members in people.groupby("group", sort=False):
        name, colour = GROUPS[group]
        left, right = x[members["patient"].iloc[0]], x[members["patient"].iloc[-1]] + cell
        axes.plot([left, right], [TOP - 0.06] * 2, color=colour, linewidth=2.5, solid_capstyle="butt")
        words = f"{name} (n = {len(members)})" if right - left > 1.5 else f"{name.split()[0]}\n{len(members)}"
        axes.text((left + right) / 2, TOP - 0.12, words, ha="center", va="bottom", fontsize=8, color=colour,
                  fontweight="bold", linespacing=1.0)  # fmt: skip


def _track(axes, people, x, cell, track, y) -> None:
    axes.text(LEFT - 0.08, y + 0.08, TRACKS[track], ha="right", va="center", fontsize=7.5)
    values = people[track]
    if track == "plasma_cell_score":
        level = (235 - 165 * values.clip(0, 1).fillna(0)).round(-1).astype(int)
        shades = [
            "none" if pd.isna(v) else f"#{n:02x}{n:02x}{n:02x}" for v, n in zip(values, level, strict=True)
        ]
    else:
        shades = [{**RESPONSES, **SEXES}.get(v, "none") for v in values]
    for shade in sorted(set(shades)):
        places = [(x[p], y, cell, 0.15) for p, s in zip(people["patient"], shades, strict=True) if s == shade]
        fill(axes, joined(places, 1e-6), **(UNKNOWN if shade == "none" else {"facecolor": shade}))


def _cells(axes, rows, genes, x, cell, start) -> None:
    """Cells by colour class, each class one element; brown lower, teal higher than the gene's mean."""
    line = dict(zip(genes["gene_id"], range(len(genes)), strict=True))
    classes = (rows["z"].clip(-LIMIT, LIMIT) / LIMIT * 10).round()
    many = len(rows) > MOST_VECTOR
    for level, own in rows.assign(level=classes).groupby("level"):
        places = [(x[r.patient], start + ROW * line[r.gene_id], cell, ROW) for r in own.itertuples()]
        colour = colormaps["BrBG"]((level + 10) / 20)
        fill(axes, places, facecolor=colour, edgecolor=colour, linewidth=0.1, rasterized=many)
    lost = rows[rows["z"].isna()]
    fill(
        axes, [(x[r.patient], start + ROW * line[r.gene_id], cell, ROW) for r in lost.itertuples()], **UNKNOWN
    )


def _genes(axes, genes, end, start) -> None:
    for i, r in enumerate(genes.itertuples()):
        y = start + ROW * (i + 0.5)
        axes.text(LEFT - 0.08, y, short(r.gene_name or r.gene_id, 16), ha="right", va="center", fontsize=7.5,
                  fontstyle="italic")  # fmt: skip
        axes.text(end + 0.55, y, f"{r.log2_fold_change:+.1f}", ha="right", va="center", fontsize=7)
    axes.text(end + 0.55, start - 0.04, "log2 FC", ha="right", va="bottom", fontsize=7, fontweight="bold")
    turns = np.flatnonzero(np.diff(np.sign(genes["log2_fold_change"])) != 0)
    for i in turns:
        axes.plot([LEFT, end], [start + ROW * (i + 1)] * 2, color=INK, linewidth=0.8)


def _scale(figure, axes, y) -> None:
    width, height = figure.get_size_inches()
    place = figure.add_axes((LEFT / width, 1 - (y + 0.12) / height, 1.8 / width, 0.1 / height))
    bar = figure.colorbar(
        ScalarMappable(Normalize(-LIMIT, LIMIT), colormaps["BrBG"].resampled(21)),
        cax=place,
        orientation="horizontal",
    )
    bar.outline.set_visible(False)
    bar.set_ticks([-2, 0, 2], labels=["-2", "0", "+2"], fontsize=7)
    axes.text(LEFT + 1.9, y + 0.07, "SDs from the gene's mean", fontsize=7.5, va="center")


if __name__ == "__main__":
    redraw(__file__, draw)
