"""The figures of the chapter on pharmacokinetics."""

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from myeloma.report import words
from myeloma.report.figures import FAINT, GREY, INK, STYLE

BLUE, ORANGE = "#0072B2", "#D55E00"


def exposures(rows: pd.DataFrame) -> Figure:
    """Area of cycle 1 of each patient with its interval, highest first; rows: assessable PK_INDIVIDUAL."""
    shown = rows.sort_values("auc_cycle1", ascending=False)
    with matplotlib.rc_context(STYLE):
        height = 0.75 + 0.2 * len(shown)
        figure = Figure(figsize=(7.2, height))
        axes = figure.add_axes((0.2, 0.55 / height, 0.77, 1 - 0.65 / height))
        y = np.arange(len(shown))
        axes.hlines(y, shown["auc_low"], shown["auc_high"], color=BLUE, linewidth=1.4)
        axes.plot(shown["auc_cycle1"], y, "o", color=BLUE, markersize=4.5)
        middle = float(np.exp(np.log(shown["auc_cycle1"]).mean()))
        axes.axvline(middle, color=GREY, linewidth=0.9, linestyle=(0, (4, 3)), zorder=0)
        axes.set_xscale("log")
        _plain_ticks(axes.xaxis, float(shown["auc_low"].min()), float(shown["auc_high"].max()))
        axes.set_yticks(y, list(shown["patient"]), fontsize=8)
        axes.set(ylim=(len(shown) - 0.4, -0.6), xlabel="Predicted AUC of cycle 1 at protocol doses, ng h/mL")
    return figure


def _plain_ticks(axis, low: float, high: float) -> None:
    """Ticks 1, 2, 5 of a logarithmic axis, written out."""
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    ticks = [v for p in powers for v in (10.0**p, 2 * 10.0**p, 5 * 10.0**p) if low * 0.95 <= v <= high * 1.05]
    if len(ticks) > 8:
        ticks = [v for v in ticks if np.isclose(np.log10(v) % 1, 0) or np.isclose(np.log10(v) % 1, 1)]
    axis.set_ticks(ticks, [f"{t:g}" for t in ticks])
    axis.set_minor_locator(matplotlib.ticker.NullLocator())


def goodness(rows: pd.DataFrame) -> Figure:
    """Four panels of quantified samples: value against PRED and IPRED, CWRES against time, IWRES against PRED."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8.2, 6.6))
        panels = figure.subplots(2, 2, gridspec_kw={"wspace": 0.32, "hspace": 0.36})
        both = rows[["value_ng_ml", "pred", "ipred"]].to_numpy(float)
        low, high = both.min() / 1.3, both.max() * 1.3
        for axes, column, label in (
            (panels[0, 0], "pred", "Population prediction"),
            (panels[0, 1], "ipred", "Individual prediction"),
        ):
            axes.plot([low, high], [low, high], color=GREY, linewidth=0.9)
            axes.plot(rows[column], rows["value_ng_ml"], "o", color=BLUE, markersize=3.6, alpha=0.75)
            axes.set(
                xscale="log",
                yscale="log",
                xlim=(low, high),
                ylim=(low, high),
                xlabel=f"{label}, ng/mL",
                ylabel="Measured, ng/mL",
            )
            _plain_ticks(axes.xaxis, low, high)
            _plain_ticks(axes.yaxis, low, high)
        _residual(
            panels[1, 0],
            rows["hours_since_last_dose"],
            rows["cwres"],
            "Hours after the last dose",
            "CWRES, SD",
        )
        _residual(panels[1, 1], rows["pred"], rows["iwres"], "Population prediction, ng/mL", "IWRES, SD")
    return figure


def _residual(axes, x: pd.Series, y: pd.Series, xlabel: str, ylabel: str) -> None:
    for level, line in ((0, "solid"), (-2, (0, (4, 3))), (2, (0, (4, 3)))):
        axes.axhline(level, color=GREY, linewidth=0.9, linestyle=line, zorder=0)
    axes.plot(x, y, "o", color=BLUE, markersize=3.6, alpha=0.75)
    most = max(3.0, float(np.abs(y).max()) * 1.1)
    axes.set(xscale="log", ylim=(-most, most), xlabel=xlabel, ylabel=ylabel)
    _plain_ticks(axes.xaxis, float(x.min()), float(x.max()))


def predictive_check(rows: pd.DataFrame) -> Figure:
    """Percentiles of the concentrations by hours after the last dose, and below them the share under the limit."""
    shares = rows[rows["statistic"] == "below"].sort_values("middle_h")
    percentiles = sorted(set(rows["statistic"]) - {"below"}, key=lambda s: float(s[1:]))
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 5.4))
        upper, lower = figure.subplots(
            2, 1, sharex=True, gridspec_kw={"height_ratios": [3, 1.1], "hspace": 0.12}
        )
        for k, name in enumerate(percentiles):
            mine = rows[rows["statistic"] == name].sort_values("middle_h")
            middle = k == len(percentiles) // 2
            marker = "o" if middle else ("v" if k < len(percentiles) // 2 else "^")
            _band(upper, mine, ORANGE if middle else BLUE, name, marker, "solid" if middle else (0, (4, 3)))
        _band(lower, shares, GREY, "share below the limit", "o", "solid")
        upper.set(xscale="log", yscale="log", ylabel="Concentration, ng/mL")
        values = rows[rows["statistic"] != "below"][["observed", "simulated_low", "simulated_high"]].to_numpy(
            float
        )
        if np.isfinite(values).any():
            _plain_ticks(upper.yaxis, float(np.nanmin(values)), float(np.nanmax(values)))
        upper.legend(frameon=False, fontsize=8, loc="upper right", title="line: observed; band: 90 % of simulated trials",
                     title_fontsize=8)  # fmt: skip
        lower.set(ylim=(0, max(0.1, float(shares[["observed", "simulated_high"]].max().max()) * 1.15)),
                  ylabel="Share below", xlabel="Hours after the last dose (median of the bin)")  # fmt: skip
        hours = _apart(list(shares["middle_h"]))
        lower.set_xticks(hours, [f"{h:.3g}" for h in hours])
        lower.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    return figure


def _apart(hours: list[float]) -> list[float]:
    """Of sorted hours those at least a quarter above the one kept before, so that their labels do not touch."""
    kept: list[float] = []
    for hour in hours:
        if not kept or hour >= 1.25 * kept[-1]:
            kept.append(hour)
    return kept


def _band(axes, rows: pd.DataFrame, colour: str, label: str, marker: str, line) -> None:
    """A bin whose band reaches below the limit of quantification has no band; the lower panel shows its share."""
    x = rows["middle_h"].to_numpy(float)
    low, high = rows["simulated_low"].to_numpy(float), rows["simulated_high"].to_numpy(float)
    axes.fill_between(
        x, low, high, where=np.isfinite(low) & np.isfinite(high), color=colour, alpha=0.16, linewidth=0
    )
    axes.plot(
        x, rows["observed"], marker, linestyle=line, color=colour, markersize=4.5, linewidth=1.5, label=label
    )


def odds(rows: pd.DataFrame) -> Figure:
    """Odds ratio per doubling of the exposure with its interval; rows: fitted EXPOSURE_RESPONSE, one metric."""
    with matplotlib.rc_context(STYLE):
        height = 0.9 + 0.34 * len(rows)
        figure = Figure(figsize=(8.2, height))
        axes = figure.add_axes((0.42, 0.55 / height, 0.4, 1 - 0.7 / height))
        low, high = min(float(rows["ci_low"].min()), 0.5), max(float(rows["ci_high"].max()), 2.0)
        axes.axvline(1, color=GREY, linewidth=0.9, zorder=0)
        for y, row in enumerate(rows.itertuples()):
            hollow = row.ci_low <= 1 <= row.ci_high
            axes.plot([row.ci_low, row.ci_high], [y, y], color=INK, linewidth=1.4)
            axes.plot(
                [row.odds_ratio],
                [y],
                "s",
                color=INK,
                markersize=6,
                markerfacecolor="white" if hollow else INK,
            )
            axes.text(1.03, y, words.ratio_interval(row.odds_ratio, row.ci_low, row.ci_high), fontsize=9, va="center",
                      transform=axes.get_yaxis_transform())  # fmt: skip
            axes.axhline(y, color=FAINT, linewidth=0.6, zorder=0)
        names = [f"{r.outcome}  ({r.events} of {r.patients})" for r in rows.itertuples()]
        axes.set_yticks(range(len(rows)), names, fontsize=9)
        axes.tick_params(axis="y", length=0)
        axes.set(xscale="log", ylim=(len(rows) - 0.5, -0.5), xlim=(low / 1.1, high * 1.1),
                 xlabel="Odds ratio per doubling of AUC")  # fmt: skip
        _plain_ticks(axes.xaxis, low, high)
    return figure
