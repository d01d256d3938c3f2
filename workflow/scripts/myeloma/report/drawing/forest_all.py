"""Forest plot of every abnormality: share of each group, odds ratio, hazard ratio of time to progression."""

import math

from myeloma.report.drawing.style import (
    EARLY,
    EARLY_COLOUR,
    FAINT,
    GREY,
    GROUPS,
    INK,
    POOR,
    POOR_COLOUR,
    canvas,
    numbers,
    redraw,
    sentence,
)

ROW, TOP, WIDTH = 0.235, 0.5, 11.4
#: Inches: where each part begins and how wide it is.
SHARES, ODDS, HAZARD = (3.85, 1.45), (6.15, 2.1), (9.85, 1.0)
LIMITS = {"odds": (0.01, 100.0), "hazard": (0.1, 10.0)}
COLUMNS = ("early_present", "early_assessable", "poor_present", "poor_assessable", "not_assessable", "odds_ratio",
           "ci_low", "ci_high", "q", "ttp_hazard_ratio", "ttp_ci_low", "ttp_ci_high", "number")  # fmt: skip


def draw(rows):
    """rows: FIGURE_FOREST (docs/tables.md): one row per abnormality with all numbers of the comparison."""
    rows = rows[rows["shown"] == "yes"]
    if rows.empty:
        return sentence("No abnormality was compared in this run: nothing to draw.")
    rows = numbers(rows, *COLUMNS).sort_values("number")
    families = rows["family_title"].nunique()
    height = TOP + ROW * (len(rows) + families) + 0.42
    figure, axes = canvas(WIDTH, height)
    _heads(axes)
    y, family = TOP, None
    for row in rows.to_dict("records"):
        if row["family_title"] != family:
            family = row["family_title"]
            axes.text(
                0.02, y + ROW * 0.6, family, fontsize=8, fontstyle="italic", color="#555555", va="center"
            )
            y += ROW
        _row(axes, row, y + ROW / 2)
        y += ROW
    _axes(axes, y)
    return figure


def _heads(axes) -> None:
    heads = ((0.02, "left", "Abnormality", INK), (2.55, "right", "Early", EARLY_COLOUR), (3.05, "right", "Poor", POOR_COLOUR),
             (3.65, "right", "n/a", INK), (SHARES[0], "left", "Share of assessable", INK), (ODDS[0], "left", "Odds ratio", INK),
             (9.3, "right", "(interval)", INK), (9.72, "right", "q", INK), (HAZARD[0], "left", "HR of TTP", INK))  # fmt: skip
    for x, side, words, colour in heads:
        axes.text(x, TOP - 0.14, words, ha=side, va="bottom", fontsize=8, fontweight="bold", color=colour)


def _log(value: float, part, name: str) -> float:
    low, high = (math.log(v) for v in LIMITS[name])
    share = (math.log(min(max(value, LIMITS[name][0]), LIMITS[name][1])) - low) / (high - low)
    return part[0] + part[1] * share


def _row(axes, row, y) -> None:
    colour = INK if row["tested"] == "yes" else GREY
    size = 8 * min(1.0, 34 / max(len(row["label"]), 1))
    axes.text(0.1, y, row["label"], fontsize=size, va="center", color=colour)
    for x, side, own in ((2.55, "early", EARLY_COLOUR), (3.05, "poor", POOR_COLOUR)):
        told = f"{row[f'{side}_present']:.0f}/{row[f'{side}_assessable']:.0f}"
        axes.text(x, y, told, ha="right", va="center", fontsize=8, color=own)
    if row["not_assessable"] > 0:
        axes.text(3.65, y, f"{row['not_assessable']:.0f}", ha="right", va="center", fontsize=8, color=GREY)
    _share(axes, row, y)
    _interval(axes, y, row["odds_ratio"], row["ci_low"], row["ci_high"], ODDS, "odds", _side(row, colour))
    told = ratio(row["odds_ratio"])
    told = f"{told} ({ratio(row['ci_low'])}-{ratio(row['ci_high'])})" if told else "not estimable"
    axes.text(9.3, y, told, ha="right", va="center", fontsize=7.5, color=colour)
    axes.text(9.72, y, two(row["q"]) or "-", ha="right", va="center", fontsize=7.5, color=colour)
    _interval(axes, y, row["ttp_hazard_ratio"], row["ttp_ci_low"], row["ttp_ci_high"], HAZARD, "hazard", INK)
    axes.text(WIDTH - 0.02, y, ratio(row["ttp_hazard_ratio"]) or "-", ha="right", va="center", fontsize=7.5)


def _side(row, colour) -> str:
    if colour == GREY or math.isnan(row["odds_ratio"]):
        return colour
    return EARLY_COLOUR if row["odds_ratio"] > 1 else POOR_COLOUR


def _share(axes, row, y) -> None:
    """A dot for each group on an axis from 0 to 100 %, joined by a line."""
    at = {}
    for side in ("early", "poor"):
        of = row[f"{side}_assessable"]
        if of > 0:
            at[side] = SHARES[0] + SHARES[1] * row[f"{side}_present"] / of
    if len(at) == 2:
        axes.plot([at["early"], at["poor"]], [y, y], color="#a8a8a8", linewidth=1.2, zorder=1)
    for side, x in at.items():
        group = EARLY if side == "early" else POOR
        axes.plot(
            [x], [y], marker="o" if side == "early" else "s", markersize=4.5, color=GROUPS[group][1], zorder=2
        )


def _interval(axes, y, value, low, high, part, name, colour) -> None:
    """Mark and interval; hollow where it spans one, an arrow where it goes on; no mark beyond the axis."""
    if math.isnan(value):
        return
    least, most = LIMITS[name]
    axes.plot([_log(max(low, least), part, name), _log(high, part, name)], [y, y], color=colour, linewidth=1.2,
              solid_capstyle="butt")  # fmt: skip
    for beyond, x, marker in ((low < least, part[0], "<"), (high > most, part[0] + part[1], ">")):
        if beyond:
            axes.plot([x], [y], marker=marker, markersize=4, color=colour)
    if least <= value <= most:
        inside = "white" if low <= 1 <= high else colour
        axes.plot([_log(value, part, name)], [y], marker="s" if name == "odds" else "o", markersize=5, color=colour,
                  markerfacecolor=inside, markeredgewidth=1.1)  # fmt: skip


def _axes(axes, y) -> None:
    marks = [(SHARES[0] + SHARES[1] * v / 100, f"{v}", SHARES, v in (0, 100)) for v in (0, 50, 100)]
    marks += [(_log(v, ODDS, "odds"), f"{v:g}", ODDS, v == 1) for v in (0.01, 0.1, 1, 10, 100)]
    marks += [(_log(v, HAZARD, "hazard"), f"{v:g}", HAZARD, v == 1) for v in (0.1, 1, 10)]
    for x, told, _part, strong in marks:
        axes.plot(
            [x, x], [TOP - 0.06, y], color=INK if strong and told == "1" else FAINT, linewidth=0.6, zorder=0
        )
        axes.text(x, y + 0.05, told, ha="center", va="top", fontsize=7)
    for start, width in (SHARES, ODDS, HAZARD):
        axes.plot([start, start + width], [y, y], color=INK, linewidth=0.7)
    axes.text(
        SHARES[0] + SHARES[1] / 2,
        y + 0.2,
        "% (round: early, square: poor)",
        ha="center",
        va="top",
        fontsize=7,
    )
    axes.text(
        ODDS[0] + ODDS[1] / 2,
        y + 0.2,
        "more often in poor  <  1  >  in early",
        ha="center",
        va="top",
        fontsize=7,
    )
    axes.text(HAZARD[0] + HAZARD[1] / 2, y + 0.2, "present over absent", ha="center", va="top", fontsize=7)


def ratio(value: float) -> str:
    """Two digits, infinite as such, "" where there is none."""
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return "∞"
    return "0" if value == 0 else (f"{value:.0f}" if value >= 100 else f"{value:.2g}")


def two(value: float) -> str:
    return "" if math.isnan(value) else ("< 0.001" if value < 0.001 else f"{value:.2g}")


if __name__ == "__main__":
    redraw(__file__, draw)
