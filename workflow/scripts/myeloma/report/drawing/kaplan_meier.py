"""Kaplan-Meier panels with band, censor marks and numbers at risk; not a figure of its own."""

import numpy as np
from matplotlib.figure import Figure

from myeloma.report.drawing.style import EARLY, GREY, GROUPS, INK, POOR, numbers, p_value, sentence, short

LOOK = {
    "all": (INK, "solid", "all patients"),
    EARLY: (GROUPS[EARLY][1], "solid", "early"),
    POOR: (GROUPS[POOR][1], (0, (5, 2)), "poor"),
    "present": (INK, "solid", "present"),
    "absent": (GREY, (0, (5, 2)), "absent"),
}
WIDE, PLOT, LINE = 11.0, 1.65, 0.15  # inches: the figure, a panel, a line of text
HEAD = 0.62  # above the curve: title and a line of numbers for each stratum


def panels(rows, columns: int):
    """A grid of panels, in the order of panel_number; rows: FIGURE_CURVES."""
    if rows.empty:
        return sentence("No patient of this run has a time to event for these panels: nothing to draw.")
    rows = numbers(rows, "panel_number", "months", "at_risk", "censored", "survival", "low", "high", "patients",
                   "events_of_stratum", "median", "log_rank_p")  # fmt: skip
    order = rows.drop_duplicates("panel").sort_values("panel_number")["panel"].tolist()
    columns = min(columns, len(order))
    strata = rows.groupby("panel")["stratum"].nunique().max()
    tall = HEAD + PLOT + 0.48 + LINE * (strata + 1)
    lines = -(-len(order) // columns)
    width = WIDE if columns > 1 else 5.5
    height = tall * lines
    figure = Figure(figsize=(width, height))
    share = 1 / columns
    for i, panel in enumerate(order):
        left, top = share * (i % columns), 1 - tall * (i // columns) / height
        place = (left + 0.82 / width, top - (HEAD + PLOT) / height, share - 1.0 / width, PLOT / height)
        _panel(figure.add_axes(place), rows[rows["panel"] == panel])
    return figure


def _panel(axes, mine) -> None:
    end = max(float(mine["months"].max()), 1.0)
    step = next((s for s in (1, 2, 3, 6, 12, 24, 48) if end / s <= 7), 96)
    ticks = np.arange(0, end * 1.02 + 1e-9, step)
    axes.set(xlim=(0, max(end * 1.02, step)), ylim=(0, 1.03))
    axes.set_yticks(np.linspace(0, 1, 5), ["0", "25", "50", "75", "100 %"], fontsize=7)
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks], fontsize=7)
    axes.set_xlabel(mine["time_axis"].iloc[0], fontsize=7.5, labelpad=1)
    strata = [s for s in LOOK if s in set(mine["stratum"])]
    for i, stratum in enumerate(strata):
        own = mine[mine["stratum"] == stratum].sort_values("months")
        _curve(axes, own, stratum)
        _at_risk(axes, own, stratum, ticks, i)
    axes.text(-0.05, -(0.42 / PLOT), "At risk", transform=axes.transAxes, fontsize=6.5, ha="right", va="top",
              color="#555555")  # fmt: skip
    first = mine.iloc[0]
    above = 1 + 0.06 / PLOT + 0.14 / PLOT * len(strata)
    axes.text(0, above, short(first["title"], 44), transform=axes.transAxes, fontsize=8.5, fontweight="bold")
    test = p_value(first["log_rank_p"])
    axes.text(1, above, f"log-rank {test}" if test else "", transform=axes.transAxes, fontsize=7, ha="right")
    for i, stratum in enumerate(reversed(strata)):
        y = 1 + (0.06 + 0.14 * i) / PLOT
        axes.text(0, y, _told(mine[mine["stratum"] == stratum].iloc[0]), transform=axes.transAxes, fontsize=7,
                  color=LOOK[stratum][0])  # fmt: skip


def _told(first) -> str:
    middle = "not reached" if np.isnan(first["median"]) else f"{first['median']:.1f} months"
    said = f"{first['events_of_stratum']:.0f} of {first['patients']:.0f} with an event, median {middle}"
    return said if first["stratum"] == "all" else f"{LOOK[first['stratum']][2]}: {said}"


def _curve(axes, own, stratum) -> None:
    colour, line, name = LOOK[stratum]
    t, s = own["months"].to_numpy(float), own["survival"].to_numpy(float)
    axes.step(t, s, where="post", color=colour, linestyle=line, linewidth=1.5)
    low, high = own["low"].fillna(own["survival"]), own["high"].fillna(own["survival"])
    axes.fill_between(
        t, low.to_numpy(float), high.to_numpy(float), step="post", color=colour, alpha=0.13, linewidth=0
    )
    lost = own["censored"].to_numpy(float) > 0
    axes.plot(t[lost], s[lost], linestyle="none", marker="|", markersize=6, color=colour)


def _at_risk(axes, own, stratum, ticks, i) -> None:
    colour, _, name = LOOK[stratum]
    y = -(0.42 + LINE * (i + 1)) / PLOT
    axes.text(-0.05, y, name, transform=axes.transAxes, fontsize=6.5, ha="right", va="top", color=colour)
    months, at_risk = own["months"].to_numpy(float), own["at_risk"].to_numpy(float)
    for t in ticks:
        later = np.flatnonzero(months >= t - 1e-9)
        n = int(at_risk[later[0]]) if len(later) else 0
        axes.text(
            t,
            y,
            str(n),
            transform=axes.get_xaxis_transform(),
            fontsize=6.5,
            ha="center",
            va="top",
            color=colour,
        )
