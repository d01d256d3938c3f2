"""Mutations along the proteins of the main genes: early responders above, poor responders below, others in grey."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from myeloma.report.drawing.style import (
    EARLY,
    EARLY_COLOUR,
    FAINT,
    GREY,
    INK,
    POOR,
    POOR_COLOUR,
    numbers,
    redraw,
    sentence,
    short,
)

MARKS = {"missense": "o", "truncating": "s", "in-frame": "D", "splice": "^", "other": "v"}
PANEL, COLUMNS = 1.75, 2
HALF = 0.09  # half the height of the protein, of the tallest stack
MOST_LABELS = 8
SIDES = ((EARLY, 1, EARLY_COLOUR), ("other", 1, GREY), (POOR, -1, POOR_COLOUR))


def draw(rows):
    """rows: FIGURE_LOLLIPOPS (docs/tables.md): one row per gene, group and change of the protein."""
    if rows.empty:
        return sentence("None of the genes asked for is mutated in a patient of this run: nothing to draw.")
    rows = numbers(rows, "gene_number", "position", "protein_length", "patients", "early_present",
                   "early_assessable", "poor_present", "poor_assessable")  # fmt: skip
    genes = rows.sort_values("gene_number")["gene"].unique()
    lines = -(-len(genes) // COLUMNS)
    height = 0.35 + PANEL * lines
    figure = Figure(figsize=(11 if len(genes) > 1 else 6, height))
    wide = 0.425 if len(genes) > 1 else 0.85
    for i, gene in enumerate(genes):
        left = 0.055 + 0.51 * (i % COLUMNS)
        top = 1 - (0.08 + PANEL * (i // COLUMNS)) / height
        axes = figure.add_axes((left, top - (PANEL - 0.5) / height, wide, (PANEL - 0.75) / height))
        _gene(axes, gene, rows[rows["gene"] == gene])
    _legend(figure, set(rows["change_class"]), height)
    return figure


def _gene(axes, gene, mine) -> None:
    placed = mine.dropna(subset=["position"])
    length = mine["protein_length"].max()
    end = length if np.isfinite(length) else max(placed["position"].max(), 1) * 1.05
    most = _tallest(placed)
    tops = _stems(axes, placed, HALF * most)
    axes.add_patch(_protein(end, most))
    axes.set(xlim=(-0.01 * end, 1.01 * end), ylim=(-1.85 * most, 1.85 * most))
    _labels(axes, placed, tops, most, end)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_yticks([])
    ticks = [t for t in np.linspace(1, end, 5).round()]
    axes.set_xticks(ticks, [f"{t:.0f}" for t in ticks], fontsize=7)
    axes.tick_params(axis="x", length=2)
    one = mine.iloc[0]
    axes.text(0, 1.13, gene, transform=axes.transAxes, fontsize=9, fontstyle="italic", fontweight="bold")
    told = f"early {one.early_present:.0f} of {one.early_assessable:.0f}, poor {one.poor_present:.0f} of {one.poor_assessable:.0f}"
    lost = mine[mine["position"].isna()]["patients"].sum()
    told += f"; {lost:.0f} without a residue" if lost else ""
    told += "" if np.isfinite(length) else "; protein length not known"
    axes.text(1, 1.13, told, transform=axes.transAxes, fontsize=7.5, ha="right")


def _protein(end, most):
    return Rectangle(
        (1, -HALF * most), end - 1, 2 * HALF * most, facecolor=FAINT, edgecolor=INK, linewidth=0.5, zorder=2
    )


def _tallest(placed) -> float:
    """Patients of the tallest stack, at least one."""
    side = placed.assign(below=placed["group"] == POOR)
    return max(1.0, side.groupby(["position", "below"])["patients"].sum().max() if len(side) else 0)


def _stems(axes, placed, edge) -> dict:
    """Stems and marks from the edge of the protein; (residue, side) -> where the stack ends, negative below."""
    tops: dict = {}
    for group, sign, colour in SIDES:
        own = placed[placed["group"] == group].sort_values(["position", "patients"], ascending=[True, False])
        for r in own.itertuples():
            base = tops.get((r.position, sign), sign * edge)
            tip = base + sign * r.patients
            axes.plot([r.position] * 2, [base, tip], color=colour, linewidth=0.9, zorder=1)
            axes.plot([r.position], [tip], marker=MARKS.get(r.change_class, "v"), markersize=5, color=colour,
                      markeredgecolor="white", markeredgewidth=0.4, zorder=3)  # fmt: skip
            tops[(r.position, sign)] = tip
    return tops


def _labels(axes, placed, tops, most, end) -> None:
    """The residues hit most often, named where the names do not touch."""
    taken: list = []
    placed = placed.assign(below=placed["group"] == POOR)
    every = placed.groupby(["position", "below"])["patients"].sum()
    order = placed.sort_values(["patients", "position"], ascending=[False, True])
    for r in order.itertuples():
        sign = -1 if r.group == POOR else 1
        near = any(side == sign and abs(r.position - at) < 0.12 * end for at, side in taken)
        if near or len([1 for _, side in taken if side == sign]) >= MOST_LABELS:
            continue
        taken.append((r.position, sign))
        y, n = tops[(r.position, sign)], int(every[(r.position, r.below)])
        told = short(r.change, 12) if n == r.patients else _residue(r.change)
        axes.annotate(f"{told} ({n})" if n > 1 else told, (r.position, y), xytext=(0, sign * 5), textcoords="offset points",
                      ha="center", va="bottom" if sign > 0 else "top", fontsize=6.5)  # fmt: skip


def _residue(change: str) -> str:
    """G12 of G12D: several changes of one residue share a label."""
    return change.rstrip("ABCDEFGHIKLMNPQRSTVWY*") or change


def _legend(figure, classes, height) -> None:
    axes = figure.add_axes((0.04, 0.0, 0.95, 0.25 / height))
    axes.set(xlim=(0, 10), ylim=(0, 1))
    axes.axis("off")
    x = 0.1
    for words, colour in (
        ("early (above)", EARLY_COLOUR),
        ("poor (below)", POOR_COLOUR),
        ("other patients", GREY),
    ):
        axes.plot([x - 0.05, x + 0.05], [0.5, 0.5], color=colour, linewidth=3)
        axes.text(x + 0.12, 0.5, words, va="center", fontsize=7.5)
        x += 0.3 + 0.068 * len(words)
    for words, marker in MARKS.items():
        if words in classes:
            axes.plot([x], [0.5], marker=marker, markersize=5, color=INK, linestyle="none")
            axes.text(x + 0.1, 0.5, words, va="center", fontsize=7.5)
            x += 0.3 + 0.068 * len(words)


if __name__ == "__main__":
    redraw(__file__, draw)
