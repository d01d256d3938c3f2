"""Copy number along the genome: share of each group with a gain, a loss or copy-neutral loss of heterozygosity."""

import numpy as np
from matplotlib.figure import Figure

from myeloma.report.drawing.style import FAINT, GREY, GROUPS, INK, numbers, redraw, sentence

GAIN, LOSS = "#009E73", "#CC79A7"


def draw(rows):
    """rows: FIGURE_COPY_NUMBER (docs/tables.md): one row per group and stretch of the autosomes."""
    if rows.empty:
        return sentence("No tumour exome with usable copy numbers is in this comparison: nothing to draw.")
    rows = numbers(rows, "start", "end", "patients", "assessable", "gain", "loss", "cnloh")
    ends = rows.groupby("chrom")["end"].max()
    ends = ends.loc[sorted(ends.index, key=lambda c: int(c.removeprefix("chr")))]
    place = {chrom: i for i, chrom in enumerate(ends.index)}
    rows = rows.sort_values(["chrom", "start"], key=lambda c: c.map(place) if c.name == "chrom" else c)
    starts = ends.cumsum() - ends
    groups = [g for g in GROUPS if g in set(rows["group"])]
    height = 0.55 + 1.95 * len(groups)
    figure = Figure(figsize=(11, height))
    for i, group in enumerate(groups):
        top = 1 - (0.28 + 1.95 * i) / height
        main = figure.add_axes((0.075, top - 1.25 / height, 0.915, 1.25 / height))
        below = figure.add_axes((0.075, top - 1.62 / height, 0.915, 0.3 / height))
        _panel(main, below, rows[rows["group"] == group], starts, ends, group)
        _chromosomes(main, below, starts, ends, last=i == len(groups) - 1)
        if i == 0:
            _legend(main)
    return figure


def _steps(mine, starts, values):
    """x, y of a step line over the whole genome; values per row."""
    left = mine["chrom"].map(starts).to_numpy(float) + mine["start"].to_numpy(float) - 1
    right = mine["chrom"].map(starts).to_numpy(float) + mine["end"].to_numpy(float)
    return np.column_stack([left, right]).ravel(), np.repeat(values, 2)


def _panel(main, below, mine, starts, ends, group) -> None:
    n = int(mine["patients"].max())
    name, colour = GROUPS[group]
    colour = INK if colour == "none" else colour
    words = "All patients" if group == "" else name
    main.set_title(f"{words}: {n} with a tumour exome", loc="left", fontsize=9, color=colour, fontweight="bold",
                   pad=4)  # fmt: skip
    seen = mine["assessable"].to_numpy(float)
    share = {k: np.divide(mine[k].to_numpy(float), seen, out=np.zeros(len(mine)), where=seen > 0)
             for k in ("gain", "loss", "cnloh")}  # fmt: skip
    for kind, sign, look in (("gain", 1, GAIN), ("loss", -1, LOSS)):
        x, y = _steps(mine, starts, sign * 100 * share[kind])
        main.fill_between(x, y, 0, color=look, linewidth=0)
    x, y = _steps(mine, starts, -100 * share["cnloh"])
    main.plot(x, y, color=INK, linewidth=0.7)
    main.set(ylim=(-105, 105), yticks=(-100, -50, 0, 50, 100))
    main.set_yticklabels(["100", "50", "0", "50", "100 %"], fontsize=7)
    main.set_ylabel("loss   gain", fontsize=8, labelpad=2)
    main.axhline(0, color=INK, linewidth=0.6)
    x, y = _steps(mine, starts, seen)
    below.fill_between(x, y, 0, color=GREY, linewidth=0, alpha=0.55)
    below.set(ylim=(0, max(n, 1)), yticks=(0, max(n, 1)))
    below.set_yticklabels(["0", str(n)], fontsize=7)
    below.text(-0.024, 0.5, "assess-\nable", transform=below.transAxes, fontsize=6.5, ha="right", va="center")
    unseen = _steps(mine[seen == 0], starts, seen[seen == 0])[0].reshape(-1, 2)
    # so short a stretch without anybody assessable is a centromere or a gap between targets
    wide = unseen[(unseen[:, 1] - unseen[:, 0]) > 0.004 * ends.sum()] if len(unseen) else unseen
    for left, right in wide:
        main.axvspan(
            left, right, facecolor="white", edgecolor="#a8a8a8", hatch="//////", linewidth=0, zorder=0
        )


def _chromosomes(main, below, starts, ends, last) -> None:
    for axes in (main, below):
        axes.set_xlim(0, ends.sum())
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        for at in starts:
            axes.axvline(at, color=FAINT, linewidth=0.6, zorder=0)
    main.set_xticks([])
    if last:
        middle = (starts + ends / 2).to_numpy()
        below.set_xticks(middle, [c.removeprefix("chr") for c in ends.index], fontsize=7)
        below.tick_params(axis="x", length=0)
        below.set_xlabel("chromosome", fontsize=8, labelpad=1)


def _legend(main) -> None:
    x = 0.995
    for words, wide, colour in (
        ("copy-neutral LOH (line, downwards)", 0.19, INK),
        ("loss", 0.022, LOSS),
        ("gain", 0.022, GAIN),
    ):
        main.annotate(words, (x, 1.0), xycoords="axes fraction", xytext=(0, 9), textcoords="offset points",
                      ha="right", va="center", fontsize=7.5)  # fmt: skip
        x -= wide + 0.006
        main.annotate("—" if colour == INK else "■", (x, 1.0), xycoords="axes fraction", xytext=(0, 9),
                      textcoords="offset points", ha="right", va="center", fontsize=8, color=colour)  # fmt: skip
        x -= 0.022


if __name__ == "__main__":
    redraw(__file__, draw)
