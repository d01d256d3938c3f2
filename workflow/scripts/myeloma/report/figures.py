"""The figures as SVG text: same bytes for the same table, text as text, no mathematics in a patient's name."""

import io
import math
import re
from collections.abc import Mapping, Sequence

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from myeloma.report import words
from myeloma.states import EARLY, POOR

#: Okabe and Ito's colours. Blue is early, vermilion poor, everywhere.
EARLY_COLOUR, POOR_COLOUR, GREY = "#0072B2", "#D55E00", "#7A7A7A"
INK, FAINT = "#1b1b1b", "#d9d9d9"
#: One scale for response, from deep to none; NE is hatched.
NOT_KNOWN = "not known"  # beside the levels: nobody looked and none is given
LEVELS = {
    "sCR": "#004D73",
    "CR": "#0072B2",
    "VGPR": "#4FA3D1",
    "PR": "#A6D3EC",
    "MR": "#F0E442",
    "SD": "#E69F00",
    "PD": "#D55E00",
    "NE": "#FFFFFF",
}
LABEL_LETTERS = 34  # of the forest plot's first column in full size
STYLE = {
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "text.color": INK,
    "axes.labelcolor": INK,
    "hatch.linewidth": 0.6,
}
FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"


def svg(figure: Figure, name: str, title: str) -> str:
    """The figure as an <svg> element with a title for readers that do not see it."""
    buffer = io.StringIO()
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None},
                       bbox_inches="tight", pad_inches=0.05)  # fmt: skip
    return placed(buffer.getvalue(), name, title)


def placed(text: str, name: str, title: str) -> str:
    """An SVG file of matplotlib as an element of a page: own ids, the page's fonts, a title."""
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\s(?:xmlns:xlink|version)="[^"]*"', "", text, count=2)
    text = text.replace("xlink:href", "href").replace("'DejaVu Sans'", FONTS).replace("DejaVu Sans", FONTS)
    head = re.match(r"<svg[^>]*>", text).group()
    box = re.search(r'viewBox="([^"]*)"', head).group(1)
    width = float(box.split()[2])
    new = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" role="img" '
        f'aria-labelledby="{name}-title" style="max-width:{width * 96 / 72:.0f}px">'
        f'<title id="{name}-title">{words.escape(title)}</title>'
    )
    return new + _own_ids(text[len(head) :], name)


def _own_ids(text: str, name: str) -> str:
    """Ids unique in a page of many figures."""
    text = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', text)
    return re.sub(r'(href="#|url\(#)', rf"\g<1>{name}-", text)


def _new(width: float, height: float) -> Figure:
    with matplotlib.rc_context(STYLE):
        return Figure(figsize=(width, height), layout=None)


COLOUR_OF = {
    "all": INK,
    EARLY: EARLY_COLOUR,
    POOR: POOR_COLOUR,
    "present": INK,
    "absent": GREY,
}
LINE_OF = {"absent": (0, (5, 2)), POOR: (0, (5, 2))}


def kaplan_meier(curves: Mapping[str, pd.DataFrame], ylabel: str, xlabel: str, small: bool = False) -> Figure:
    """Curves with log-log bands, censor marks and numbers at risk; stratum -> steps (CURVES rows)."""
    with matplotlib.rc_context(STYLE):
        rows = len(curves)
        above = (
            0.24 if rows > 1 else 0.0
        )  # inches for the names of the curves: beside them they would lie on a curve
        height = (2.5 if small else 3.4) + 0.22 * rows + above
        figure = Figure(figsize=(4.6 if small else 7.2, height))
        below = (0.62 + 0.22 * rows) / height
        axes = figure.add_axes(
            (0.25 if small else 0.2, below, 0.74 if small else 0.78, 0.96 - below - above / height)
        )
        end = max((float(c["months"].max()) for c in curves.values()), default=12.0)
        step = _tick(end)
        for stratum, steps in curves.items():
            _curve(axes, stratum, steps, band=True)
        axes.set(xlim=(0, max(end * 1.02, step)), ylim=(0, 1.03), ylabel=ylabel, xlabel=xlabel)
        axes.set_yticks(np.linspace(0, 1, 6), [f"{v:.0f}" for v in np.linspace(0, 100, 6)])
        ticks = np.arange(0, end * 1.02 + 1e-9, step)
        axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
        if rows > 1:
            axes.legend(frameon=False, fontsize=9, loc="lower right", bbox_to_anchor=(1, 0.98), ncols=rows,
                        borderaxespad=0)  # fmt: skip
        _at_risk(figure, axes, curves, ticks, height)
    return figure


def _tick(end: float) -> float:
    return next((s for s in (1, 2, 3, 6, 12, 24, 48) if end / s <= 8), 96)


def _name(stratum: str) -> str:
    return words.group(stratum) if stratum in (EARLY, POOR) else stratum


def _curve(axes, stratum, steps, band) -> None:
    colour, line = COLOUR_OF.get(stratum, INK), LINE_OF.get(stratum, "solid")
    t, s = steps["months"].to_numpy(float), steps["survival"].to_numpy(float)
    axes.step(t, s, where="post", color=colour, linestyle=line, linewidth=1.8, label=_name(stratum))
    if band:
        low = steps["low"].fillna(steps["survival"]).to_numpy(float)
        high = steps["high"].fillna(steps["survival"]).to_numpy(float)
        axes.fill_between(t, low, high, step="post", color=colour, alpha=0.13, linewidth=0)
    lost = steps["censored"].to_numpy(float) > 0
    axes.plot(t[lost], s[lost], linestyle="none", marker="|", markersize=8, color=colour)


def _at_risk(figure, axes, curves, ticks, height) -> None:
    """Numbers at risk under the axis, one line per stratum."""
    base = -(0.62 / height) / axes.get_position().height
    line = (0.2 / height) / axes.get_position().height
    transform = axes.get_xaxis_transform()
    axes.text(
        -0.05, base + line * 0.15, "At risk", transform=axes.transAxes, ha="right", fontsize=8, va="top"
    )
    for row, (stratum, steps) in enumerate(curves.items()):
        y = base - line * (row + (0.15 if len(curves) == 1 else 1.0)) + (line * 0.3)
        colour = COLOUR_OF.get(stratum, INK)
        if len(curves) > 1:
            axes.text(-0.05, y, _name(stratum), transform=axes.transAxes, ha="right", va="top", fontsize=8,
                      color=colour)  # fmt: skip
        for t in ticks:
            later = steps[steps["months"] >= t - 1e-9]
            n = int(later["at_risk"].iloc[0]) if len(later) else 0
            axes.text(t, y, str(n), transform=transform, ha="center", va="top", fontsize=8, color=colour)


def forest(rows: Sequence[Mapping]) -> Figure:
    """One line per abnormality: counts, odds ratio on a log axis, q, hazard ratio of TTP beside it.

    Hollow marks: the interval spans one. rows: dicts of BY_GROUP with `label` and `first_of_family`.
    """
    with matplotlib.rc_context(STYLE):
        extra = sum(bool(r["first_of_family"]) for r in rows)
        lines = len(rows) + extra
        height = 0.75 + 0.27 * max(lines, 1)
        figure = Figure(figsize=(11.2, height))
        top, bottom = 1 - 0.42 / height, 0.42 / height
        left = figure.add_axes((0.0, bottom, 1.0, top - bottom))
        left.set(xlim=(0, 1), ylim=(lines - 0.5, -0.5))
        left.axis("off")
        odds = figure.add_axes((0.385, bottom, 0.2, top - bottom))
        hazard = figure.add_axes((0.765, bottom, 0.1, top - bottom))
        _log_axis(odds, lines, rows, ("ci_low", "ci_high", "odds_ratio"), (0.01, 100),
                  "more often in poor  <  odds ratio  >  more often in early")  # fmt: skip
        _log_axis(hazard, lines, rows, ("ttp_ci_low", "ttp_ci_high", "ttp_hazard_ratio"), (0.1, 10),
                  "hazard ratio of TTP")  # fmt: skip
        heads = [(0.0, "left", "Abnormality"), (0.235, "right", "Early"), (0.275, "right", "Poor"),
                 (0.375, "right", "Not assessable"),
                 (0.695, "right", f"Odds ratio ({words.level()})"), (0.745, "right", "q"), (1.0, "right", f"HR of TTP ({words.level()})")]  # fmt: skip
        for x, side, text in heads:
            left.text(x, -1.0, text, ha=side, va="center", fontsize=9, fontweight="bold")
        at = 0
        for row in rows:
            if row["first_of_family"]:
                left.text(
                    0.0, at, row["family_words"], fontsize=9, fontstyle="italic", va="center", color="#555555"
                )
                at += 1
            _forest_row(left, odds, hazard, row, at)
            at += 1
        if not rows:
            left.text(0.5, 0, "No abnormality was called in this run.", ha="center", va="center", fontsize=10)
    return figure


def _log_axis(axes, lines, rows, columns, limits, label) -> None:
    low, high = limits
    axes.set_xscale("log")
    axes.set(xlim=limits, ylim=(lines - 0.5, -0.5), xlabel="")
    axes.set_xlabel(label, fontsize=8, labelpad=2)
    axes.axvline(1, color=INK, linewidth=0.8)
    ticks = [t for t in (0.01, 0.1, 1, 10, 100) if low <= t <= high]
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks], fontsize=8)
    axes.minorticks_off()
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.patch.set_visible(False)


def _forest_row(left, odds, hazard, row, y) -> None:
    untested = row["tested"] != "yes"
    colour = GREY if untested else INK
    # a long name is set smaller: it must not run into the counts
    size = 9 * min(1.0, LABEL_LETTERS / max(len(row["label"]), 1))
    left.text(0.012, y, row["label"], va="center", fontsize=size, color=colour)
    for x, side in ((0.235, "early"), (0.275, "poor")):
        text = f"{row[f'{side}_present']}/{row[f'{side}_assessable']}"
        left.text(x, y, text, ha="right", va="center", fontsize=9, color=colour)
    if row["not_assessable"]:
        all_of = row["not_assessable"] + row["early_assessable"] + row["poor_assessable"]
        left.text(
            0.375, y, f"{row['not_assessable']} of {all_of}", ha="right", va="center", fontsize=9, color=GREY
        )
    said = words.ratio_interval(row["odds_ratio"], row["ci_low"], row["ci_high"]) or "not estimable"
    left.text(0.695, y, said, ha="right", va="center", fontsize=9, color=colour)
    left.text(0.745, y, words.p_value(row["q"]) or "-", ha="right", va="center", fontsize=9, color=colour)
    _mark(odds, y, row["odds_ratio"], row["ci_low"], row["ci_high"], grey=untested)
    _mark(hazard, y, row["ttp_hazard_ratio"], row["ttp_ci_low"], row["ttp_ci_high"], plain=True)
    said = words.ratio_interval(row["ttp_hazard_ratio"], row["ttp_ci_low"], row["ttp_ci_high"]) or "-"
    left.text(1.0, y, said, ha="right", va="center", fontsize=9)


def _mark(axes, y, value, low, high, grey=False, plain=False) -> None:
    """A point with its interval, cut at the axis with an arrow; hollow when the interval spans one."""
    if words.missing(value):
        return
    least, most = axes.get_xlim()
    spans = low <= 1 <= high
    colour = INK if plain else (EARLY_COLOUR if value > 1 else POOR_COLOUR)
    colour = GREY if grey else colour
    a, b = max(low, least), min(high, most)
    axes.plot([a, b], [y, y], color=colour, linewidth=1.4, solid_capstyle="butt")
    _arrows(axes, y, low, high, colour)
    if math.isinf(value) or value == 0:
        return
    inside = min(max(value, least), most)
    axes.plot([inside], [y], marker="s" if not plain else "o", markersize=6, color=colour, clip_on=False,
              markerfacecolor="white" if spans else colour, markeredgewidth=1.3)  # fmt: skip


def _arrows(axes, y, low, high, colour) -> None:
    """Marks at the ends of the axis beyond which an interval goes on."""
    least, most = axes.get_xlim()
    for beyond, x, marker in ((low < least, least, "<"), (high > most, most, ">")):
        if beyond:
            axes.plot([x], [y], marker=marker, markersize=5, color=colour, clip_on=False)


def response_bars(bars: Mapping[str, Mapping[str, int]]) -> Figure:
    """One stacked bar per period: label -> level -> patients, sCR at the left to NE at the right."""
    with matplotlib.rc_context(STYLE):
        height = 0.55 + 0.62 * len(bars)
        figure = Figure(figsize=(8.6, height))
        axes = figure.add_axes((0.2, 0.32 / height, 0.79, 1 - 0.62 / height))
        for y, levels in enumerate(bars.values()):
            start = 0
            for level, n in levels.items():
                if not n:
                    continue
                axes.barh(y, n, left=start, height=0.62, color=LEVELS.get(level, "white"), edgecolor=INK, linewidth=0.6,
                          hatch={"NE": "////", NOT_KNOWN: "..."}.get(level))  # fmt: skip
                dark = level in ("sCR", "CR", "PD")
                axes.text(start + n / 2, y, f"{level}\n{n}", ha="center", va="center", fontsize=8,
                          color="white" if dark else INK,
                          bbox={"facecolor": "white", "edgecolor": "none", "pad": 1} if level in ("NE", NOT_KNOWN) else None)  # fmt: skip
                start += n
        most = max((sum(v.values()) for v in bars.values()), default=0)
        axes.set(ylim=(len(bars) - 0.5, -0.5), xlim=(0, max(most, 1)))
        axes.set_yticks(range(len(bars)), list(bars))
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.spines["bottom"].set_visible(False)
        axes.set_xticks([])
    return figure


def volcano(rows: pd.DataFrame, alpha: float) -> Figure:
    """log2 fold change (early over poor) against -log10 p; genes with q < alpha in the colour of their side."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 4.2))
        axes = figure.add_axes((0.11, 0.13, 0.86, 0.83))
        x = rows["log2_fold_change"].to_numpy(float)
        y = -np.log10(np.clip(rows["p"].to_numpy(float), 1e-300, 1))
        found = rows["q"].to_numpy(float) < alpha
        axes.scatter(x[~found], y[~found], s=7, color="#9a9a9a", linewidth=0, rasterized=True)
        for side, colour in ((x > 0, EARLY_COLOUR), (x <= 0, POOR_COLOUR)):
            axes.scatter(x[found & side], y[found & side], s=14, color=colour, linewidth=0,
                         rasterized=int(found.sum()) > 2000)  # fmt: skip
        labelled: list[tuple[float, float]] = []
        for i in np.argsort(-y)[:15]:
            apart = all(abs(x[i] - a) > 0.5 or abs(y[i] - b) > 0.35 for a, b in labelled)
            if found[i] and apart:
                labelled.append((x[i], y[i]))
                axes.annotate(str(rows["gene_name"].iloc[i] or rows["gene_id"].iloc[i]), (x[i], y[i]),
                              xytext=(4, 2), textcoords="offset points", fontsize=8, fontstyle="italic")  # fmt: skip
        widest = max(float(np.abs(x).max()) if len(x) else 1.0, 1.0) * 1.08
        axes.set(xlim=(-widest, widest), xlabel="higher in poor   <   log2 fold change   >   higher in early",
                 ylabel="-log10 p")  # fmt: skip
        axes.set_ylim(bottom=0)
        axes.axvline(0, color=FAINT, linewidth=0.8, zorder=0)
        figure.set_dpi(150)
    return figure


def sample_map(rows: pd.DataFrame, groups: Mapping[str, str]) -> Figure:
    """First two principal components of the RNA samples, by response group (colour and shape)."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.6, 4.2))
        axes = figure.add_axes((0.13, 0.13, 0.84, 0.83))
        group = rows["patient"].map(dict(groups)).fillna("")
        for value, colour, marker, label in (
            (EARLY, EARLY_COLOUR, "o", "Early responder"),
            (POOR, POOR_COLOUR, "s", "Poor responder"),
            (None, GREY, "^", "Neither, not evaluable or excluded"),
        ):
            mine = group == value if value else ~group.isin([EARLY, POOR])
            if mine.any():
                axes.scatter(rows["pc1"][mine], rows["pc2"][mine], s=34, color=colour, marker=marker, label=label,
                             edgecolor="white", linewidth=0.5)  # fmt: skip
        axes.legend(frameon=False, fontsize=9)
        axes.set(xlabel=_axis(rows, "pc1", 1), ylabel=_axis(rows, "pc2", 2))
    return figure


def _axis(rows, column, n) -> str:
    value = rows[f"{column}_variance"].dropna()
    told = (
        f" ({100 * value.iloc[0]:.0f} % of variance)" if len(value) and math.isfinite(value.iloc[0]) else ""
    )
    return f"Principal component {n}{told}"
