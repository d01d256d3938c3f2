"""Figures of the clinical course: swimmer, waterfall, spider, cumulative incidence.

Pure drawing: rows in, matplotlib figure out. Groups keep their colours (blue early, vermilion poor) and differ in
line or hatch as well; levels keep the one scale of `figures.LEVELS`.
"""

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from myeloma.flow import EXCLUDED
from myeloma.report import figures, words
from myeloma.report.figures import EARLY_COLOUR, FAINT, GREY, INK, LEVELS, POOR_COLOUR, STYLE
from myeloma.states import EARLY, NEITHER, NOT_EVALUABLE, POOR

ORDER = (EARLY, POOR, NEITHER, NOT_EVALUABLE)
DRAWN = (*ORDER, EXCLUDED)
COLOURS = {
    EARLY: EARLY_COLOUR,
    POOR: POOR_COLOUR,
    NEITHER: "#5C5C5C",
    NOT_EVALUABLE: "#A8A8A8",
    EXCLUDED: "#D0D0D0",
}
LINES = {
    EARLY: "solid",
    POOR: (0, (5, 2)),
    NEITHER: (0, (1, 1.2)),
    NOT_EVALUABLE: (0, (1, 1.2)),
    EXCLUDED: (0, (1, 3)),
}
HATCHES = {EARLY: "", POOR: "///", NEITHER: "", NOT_EVALUABLE: "...", EXCLUDED: "xxx"}
NOT_KNOWN = "////"  # hatch
INDUCTION, MAINTENANCE, OFF = "#B9B9B9", "#E4E4E4", "#8C8C8C"
TALLEST = 100.0  # per cent of baseline at which bars and lines are cut


def swimmer(rows: Sequence[Mapping]) -> Figure:
    """One bar per patient, by group and length; months from the start.

    rows: patient, group, induction (months on it), maintenance (yes, no, not_known), treated (months to the end of
    treatment), end (months followed),
    levels [(months, level)], progression, death, next_therapy (months or None), ongoing (bool).
    """
    rows = sorted(rows, key=lambda r: (DRAWN.index(r["group"]), -r["end"], r["patient"]))
    heads = [g for g in DRAWN if any(r["group"] == g for r in rows)]
    with matplotlib.rc_context(STYLE):
        lines = len(rows) + len(heads)
        height = 1.15 + 0.23 * max(lines, 2)
        figure = Figure(figsize=(9.2, height))
        axes = figure.add_axes((0.15, 0.5 / height, 0.83, 1 - 1.1 / height))
        at, seen = 0, None
        for row in rows:
            if row["group"] != seen:
                seen = row["group"]
                n = sum(r["group"] == seen for r in rows)
                axes.text(0, at, f"{words.group(seen)} (n = {n})", fontsize=9, fontweight="bold", va="center",
                          color=COLOURS[seen] if seen in (EARLY, POOR) else "#5C5C5C")  # fmt: skip
                at += 1
            _lane(axes, row, at)
            at += 1
        end = max((r["end"] for r in rows), default=12.0)
        step = figures._tick(end)
        axes.set(xlim=(0, max(end * 1.06, step)), ylim=(lines - 0.4, -0.7), xlabel="Months from the start")
        axes.set_xticks(np.arange(0, end * 1.06 + 1e-9, step))
        axes.xaxis.grid(True, color=FAINT, linewidth=0.6, zorder=0)
        axes.set_axisbelow(True)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        figure.legend(handles=_swimmer_legend(), loc="upper left", bbox_to_anchor=(0.0, 1.0), ncol=7, fontsize=8,
                      frameon=False, handletextpad=0.4, columnspacing=1.1)  # fmt: skip
    return figure


def _lane(axes, row: Mapping, y: int) -> None:
    induction, treated = min(row["induction"], row["treated"]), row["treated"]
    axes.barh(y, induction, height=0.62, color=INDUCTION, zorder=2)
    sure = row["maintenance"] == "yes"
    axes.barh(y, treated - induction, left=induction, height=0.62, color=MAINTENANCE if sure else "white",
              edgecolor=INDUCTION, hatch=None if sure else NOT_KNOWN, linewidth=0.6, zorder=2)  # fmt: skip
    axes.plot([treated, row["end"]], [y, y], color=OFF, linewidth=1.2, zorder=2)
    axes.text(
        -0.008, y, row["patient"], transform=axes.get_yaxis_transform(), ha="right", va="center", fontsize=8
    )
    axes.plot([-0.002, -0.002], [y - 0.31, y + 0.31], transform=axes.get_yaxis_transform(), linewidth=4,
              color=COLOURS[row["group"]], clip_on=False, solid_capstyle="butt")  # fmt: skip
    for months, level in row["levels"]:
        axes.plot([months], [y], marker="s", markersize=7.5, color=LEVELS[level], markeredgecolor=INK,
                  markeredgewidth=0.7, zorder=4, linestyle="none")  # fmt: skip
    for name, (marker, size, colour, face) in MARKS.items():
        if row[name] is not None:
            axes.plot([row[name]], [y], marker=marker, markersize=size, color=colour, markerfacecolor=face,
                      markeredgewidth=1.4, zorder=5, linestyle="none", clip_on=False)  # fmt: skip
    if row["ongoing"]:
        axes.plot(
            [row["end"]], [y], marker=">", markersize=7, color=INK, zorder=5, linestyle="none", clip_on=False
        )


MARKS = {
    "next_therapy": ("v", 6, INK, "white"),
    "progression": ("D", 6, POOR_COLOUR, POOR_COLOUR),
    "death": ("x", 7, INK, INK),
}


def _swimmer_legend() -> list:
    square = [
        Line2D([], [], marker="s", linestyle="none", markersize=7, color=LEVELS[level], markeredgecolor=INK,
               markeredgewidth=0.7, label=level)
        for level in ("sCR", "CR", "VGPR", "PR", "MR")
    ]  # fmt: skip
    said = {"progression": "confirmed PD", "death": "death", "next_therapy": "next therapy"}
    marks = [
        Line2D([], [], marker=MARKS[name][0], linestyle="none", markersize=MARKS[name][1], color=MARKS[name][2],
               markerfacecolor=MARKS[name][3], markeredgewidth=1.4, label=label)
        for name, label in said.items()
    ]  # fmt: skip
    marks.append(Line2D([], [], marker=">", linestyle="none", markersize=7, color=INK, label="on treatment"))
    bars = [
        Patch(facecolor=INDUCTION, label="induction"),
        Patch(facecolor=MAINTENANCE, edgecolor=INDUCTION, label="maintenance"),
        Patch(facecolor="white", edgecolor=INDUCTION, hatch=NOT_KNOWN, label="not known"),
        Line2D([], [], color=OFF, linewidth=1.2, label="off treatment"),
    ]
    return [*square, *marks, *bars]


def waterfall(rows: Sequence[Mapping]) -> Figure:
    """Best change of the followed marker, one bar per patient, a block per marker.

    rows: patient, group, marker, change (per cent), response (best confirmed level).
    """
    markers = list(dict.fromkeys(r["marker"] for r in sorted(rows, key=lambda r: r["order"])))
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(max(7.2, 1.4 + 0.24 * (len(rows) + len(markers))), 4.3))
        width = figure.get_figwidth()
        axes = figure.add_axes((0.75 / width, 0.2, 1 - 0.85 / width, 0.62))
        at, ticks = 0.0, []
        for marker in markers:
            block = sorted(
                (r for r in rows if r["marker"] == marker), key=lambda r: (-r["change"], r["patient"])
            )
            start = at
            for row in block:
                _bar(axes, row, at)
                ticks.append((at, row["patient"]))
                at += 1
            axes.text(
                (start + at - 1) / 2,
                1.02,
                f"{marker}\n(n = {len(block)})",
                transform=axes.get_xaxis_transform(),
                ha="center",
                va="bottom",
                fontsize=8,
            )
            at += 0.8
        for limit in (-25, -50, -90):
            axes.axhline(limit, color=GREY, linewidth=0.7, linestyle=(0, (2, 2)), zorder=1)
        axes.axhline(0, color=INK, linewidth=0.9)
        top = 112 if any(r["change"] > 40 for r in rows) else 55
        axes.set(xlim=(-0.8, max(at - 1, 4.0)), ylim=(-104, top), ylabel="Best change from baseline (%)")
        axes.set_yticks([-90, -50, -25, 0, 50, 100])
        axes.set_xticks([x for x, _ in ticks], [name for _, name in ticks], rotation=90, fontsize=7)
        axes.tick_params(axis="x", length=0)
        axes.spines["bottom"].set_visible(False)
        present = [g for g in DRAWN if any(r["group"] == g for r in rows)]
        figure.legend(
            handles=[_patch(g) for g in present], loc="upper left", ncol=4, fontsize=8, frameon=False
        )
    return figure


def _patch(group: str) -> Patch:
    return Patch(facecolor=COLOURS[group], hatch=HATCHES[group], edgecolor="white", label=words.group(group))


def _bar(axes, row: Mapping, x: float) -> None:
    shown = min(row["change"], TALLEST)
    axes.bar(x, shown, width=0.82, color=COLOURS[row["group"]], hatch=HATCHES[row["group"]], edgecolor="white",
             linewidth=0.4, zorder=2)  # fmt: skip
    above = shown < 0
    axes.text(x, 3 if above else -3, row["response"], ha="center", va="bottom" if above else "top", fontsize=7,
              rotation=90)  # fmt: skip
    if row["change"] > TALLEST:
        axes.text(x, TALLEST + 1, f"+{row['change']:.0f}", ha="center", va="bottom", fontsize=6)


def spider(rows: Sequence[Mapping]) -> Figure:
    """Change of the followed marker over time, one line per patient.

    rows: patient, group, points [(months, per cent)] from (0, 0) on, progression (months or None).
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8.2, 4.4))
        axes = figure.add_axes((0.1, 0.12, 0.8, 0.78))
        for limit in (-25, -50, -90):
            axes.axhline(limit, color=FAINT, linewidth=0.8, zorder=0)
        axes.axhline(0, color=INK, linewidth=0.8, zorder=1)
        for row in rows:
            _line(axes, row, named=len(rows) <= 12)
        end = max((r["points"][-1][0] for r in rows), default=12.0)
        step = figures._tick(end)
        axes.set(xlim=(0, max(end * 1.03, step)), ylim=(-104, 106), xlabel="Months from C1D1",
                 ylabel="Change from baseline (%)")  # fmt: skip
        axes.set_xticks(np.arange(0, end * 1.03 + 1e-9, step))
        axes.set_yticks([-90, -50, -25, 0, 50, 100])
        present = [g for g in DRAWN if any(r["group"] == g for r in rows)]
        handles = [
            Line2D([], [], color=COLOURS[g], linestyle=LINES[g], linewidth=1.8, label=words.group(g))
            for g in present
        ]
        handles.append(
            Line2D(
                [], [], marker="D", linestyle="none", markersize=5, color=POOR_COLOUR, label="confirmed PD"
            )
        )
        figure.legend(handles=handles, loc="upper left", ncol=5, fontsize=8, frameon=False)
    return figure


def _line(axes, row: Mapping, named: bool) -> None:
    months = [t for t, _ in row["points"]]
    change = [min(v, TALLEST) for _, v in row["points"]]
    axes.plot(months, change, color=COLOURS[row["group"]], linestyle=LINES[row["group"]], linewidth=1.4, marker="o",
              markersize=2.4, alpha=0.85)  # fmt: skip
    if row["progression"] is not None:
        here = float(np.interp(row["progression"], months, change))
        axes.plot([row["progression"]], [here], marker="D", markersize=5, color=POOR_COLOUR, zorder=4)
    if named:
        axes.annotate(row["patient"], (months[-1], change[-1]), xytext=(4, 0), textcoords="offset points", fontsize=7,
                      va="center", color=COLOURS[row["group"]], annotation_clip=False)  # fmt: skip


CAUSE_STYLE = ((INK, "solid"), (GREY, (0, (5, 2))))


def incidence(curves: Mapping[str, pd.DataFrame], ylabel: str) -> Figure:
    """Aalen-Johansen steps with log-log bands; cause -> rows of INCIDENCE, the event of interest first."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.8, 3.3))
        axes = figure.add_axes((0.14, 0.16, 0.84, 0.66))
        end = max((float(c["months"].max()) for c in curves.values()), default=12.0)
        for (cause, steps), (colour, line) in zip(curves.items(), CAUSE_STYLE, strict=False):
            t, y = steps["months"].to_numpy(float), steps["incidence"].to_numpy(float)
            low, high = (steps[c].fillna(steps["incidence"]).to_numpy(float) for c in ("low", "high"))
            axes.step(t, y, where="post", color=colour, linestyle=line, linewidth=1.8, label=cause)
            axes.fill_between(t, low, high, step="post", color=colour, alpha=0.12, linewidth=0)
        step = figures._tick(end)
        axes.set(
            xlim=(0, max(end * 1.02, step)), ylim=(0, 1.03), xlabel="Months from the start", ylabel=ylabel
        )
        axes.set_yticks(np.linspace(0, 1, 6), [f"{v:.0f}" for v in np.linspace(0, 100, 6)])
        axes.set_xticks(np.arange(0, end * 1.02 + 1e-9, step))
        figure.legend(loc="upper left", bbox_to_anchor=(0.1, 1.0), frameon=False, fontsize=8)
    return figure
