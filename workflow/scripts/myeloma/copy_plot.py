"""Copy-number plot of a tumour: ratios, allele fractions and states along the genome, myeloma regions marked.

The points are an image inside the SVG, everything else is drawn; same bytes for the same tables. Colours are
of Okabe and Ito's set; a sample without usable states is drawn in grey and says why.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from myeloma import files, gates, places, tables
from myeloma.copies import SEX_CONTIGS, bare
from myeloma.states import NOT_ASSESSABLE, PRESENT

BLUE, VERMILION, GREEN, INK, GREY, FAINT = "#0072B2", "#D55E00", "#009E73", "#1b1b1b", "#8a8a8a", "#d9d9d9"
CLOSED = "#f0f0f0"  # panel of a sample whose states may not be used
MOST_POINTS = 6_000  # more targets or sites: every k-th is drawn
LABEL_GAP = 0.021  # least distance of two region labels, share of the genome
#: One solid colour: the image inside the SVG stays small.
POINTS = {"s": 4, "color": "#a6a6a6", "linewidths": 0, "rasterized": True, "antialiased": False}
STYLE = {
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "text.color": INK,
    "axes.labelcolor": INK,
}


@dataclass(frozen=True)
class Genome:
    """Where each chromosome begins on the common axis (bases); `chroms` without "chr", in order."""

    chroms: tuple[str, ...]
    starts: Mapping[str, int]
    middles: Mapping[str, int]
    length: int

    def at(self, chrom: pd.Series, position: pd.Series) -> np.ndarray:
        """Positions on the axis; NaN for a contig that is not on it."""
        return (chrom.map(bare).map(self.starts) + position).to_numpy(dtype=float)


def genome(arms: pd.DataFrame, seen: Sequence[pd.DataFrame]) -> Genome:
    """The axis from the arms; contigs without arms are as long as the tables reach. X and Y only when seen."""
    lengths = arms["end"].groupby(arms["chrom"].map(bare)).max().to_dict()
    for frame in seen:
        for chrom, end in frame["end"].groupby(frame["chrom"].map(bare)).max().items():
            lengths.setdefault(chrom, int(end))
    drawn = {bare(chrom) for frame in seen for chrom in frame["chrom"].unique()}
    order = [c for c in lengths if c.isdigit()]
    order = sorted(order, key=int) + [c for c in SEX_CONTIGS if c in drawn]
    starts, middles, at = {}, {}, 0
    for chrom in order:
        length = int(lengths[chrom])
        starts[chrom], middles[chrom] = at, at + length // 2
        at += length
    return Genome(tuple(order), starts, middles, max(at, 1))


def draw_all(
    plots: Sequence[Mapping[str, Any]],
    paths: Mapping[str, str],
) -> None:
    """Draw every plot of `plots`: sample, ratios, hets (paths), svg, png (outputs).

    `paths`: segments, purity, qc, copy_events, regions, arms.
    """
    contracts = {
        "segments": tables.SEGMENTS, "purity": tables.PURITY, "qc": tables.QC, "copy_events": tables.COPY_EVENTS,
    }  # fmt: skip
    read = {name: tables.read(paths[name], table) for name, table in contracts.items()}
    regions, arms = places.read_regions(paths["regions"]), places.read_arms(paths["arms"])
    failed = gates.failed(read["qc"])
    for plot in plots:
        mine = {
            name: read[name][read[name]["sample"] == plot["sample"]] for name in ("segments", "copy_events")
        }
        summary = read["purity"].set_index("sample").loc[plot["sample"]]
        figure = draw(
            plot["sample"],
            summary,
            failed.get(plot["sample"], ""),
            read_ratios(plot["ratios"]),
            tables.read(plot["hets"], tables.HET_SITES),
            mine["segments"],
            mine["copy_events"],
            regions,
            arms,
        )
        save(figure, plot["sample"], plot["svg"], plot["png"])


def read_ratios(path: str | os.PathLike) -> pd.DataFrame:
    """Denoised ratio per target: chrom, start, end, log2."""
    return pd.read_csv(path, sep="\t", dtype={"chrom": str})


def save(figure: Figure, name: str, svg: str, png: str) -> None:
    """Write the figure as SVG and PNG, each whole."""
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        with files.whole(svg, ".svg") as private:
            figure.savefig(private, format="svg", dpi=100, metadata={"Date": None})
        with files.whole(png, ".png") as private:
            figure.savefig(private, format="png", dpi=110, metadata={"Software": None})


def closed(summary: Mapping[str, Any], failed: str, events: pd.DataFrame) -> str:
    """Why no state of the sample may be used; "" when they may."""
    if failed:
        return failed
    if pd.isna(summary["purity_used"]):
        return f"purity unresolved: {summary['reason'] or 'no reason given'}"
    # Below the purity gate every event carries the same reason.
    reasons = set(events["reason"])
    if len(events) and set(events["state"]) == {NOT_ASSESSABLE} and len(reasons) == 1:
        return reasons.pop()
    return ""


def heading(summary: Mapping[str, Any], why: str) -> str:
    """Second line of the title: purity as called, ploidy, gates."""

    def two(value):
        return "" if pd.isna(value) else f"{value:.2f}"

    if summary["status"] == "resolved":
        purity = f"purity {two(summary['purity'])} ({str(summary['interval']).replace('-', '–')})"
    elif pd.isna(summary["purity_used"]):
        purity = "purity unresolved, no sorted purity given: no states"
    else:
        purity = f"purity unresolved; states drawn at the sorted purity {two(summary['purity_used'])}"
    parts = [purity]
    if not pd.isna(summary["ploidy"]):
        parts.append(f"ploidy {two(summary['ploidy'])}")
    if summary["base_copies"] == 4:
        parts.append("genome doubled")
    parts.append("tumour-only" if summary["mode"] == "tumour_only" else "matched normal")
    parts.append("gates not passed" if why else "gates passed")
    return "; ".join(parts)


def draw(
    sample: str,
    summary: Mapping[str, Any],
    failed: str,
    ratios: pd.DataFrame,
    hets: pd.DataFrame,
    segments: pd.DataFrame,
    events: pd.DataFrame,
    regions: pd.DataFrame,
    arms: pd.DataFrame,
) -> Figure:
    """The figure of one tumour (COPY_EVENTS, SEGMENTS, HET_SITES rows of that sample only)."""
    why = closed(summary, failed, events)
    axis = genome(arms, [ratios, segments])
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(11.5, 7.9))
        grid = {"height_ratios": [3, 2.2, 2.6, 2.0], "hspace": 0.1}
        panels = figure.subplots(4, 1, sharex=True, gridspec_kw=grid)
        figure.subplots_adjust(left=0.065, right=0.99, top=0.905, bottom=0.01)
        title = f"{summary['patient']}, sample {sample}"
        figure.text(0.065, 0.966, title, fontsize=12, fontweight="bold")
        figure.text(0.065, 0.934, heading(summary, why), fontsize=9.5)
        for panel in panels[:3]:
            panel.set_facecolor(CLOSED if why else "white")
        _chromosomes(panels, axis)
        _ratios(panels[0], axis, ratios, segments, why)
        _alleles(panels[1], axis, hets, segments, why)
        _states(panels[2], axis, segments, summary, why)
        _regions(panels[3], panels[:3], axis, events, regions, why)
    return figure


def _chromosomes(panels, axis: Genome) -> None:
    for number, chrom in enumerate(axis.chroms):
        start = axis.starts[chrom]
        for panel in panels[:3]:
            if number:
                first_sex = chrom in SEX_CONTIGS and axis.chroms[number - 1] not in SEX_CONTIGS
                panel.axvline(
                    start, color=INK if first_sex else FAINT, lw=1.2 if first_sex else 0.6, zorder=0
                )
        panels[0].text(
            axis.middles[chrom], 1.01, chrom, transform=panels[0].get_xaxis_transform(), ha="center", va="bottom",
            fontsize=7.5 if len(axis.chroms) > 15 else 9,
        )  # fmt: skip
    panels[0].set_xlim(0, axis.length)
    for panel in panels[:3]:
        panel.tick_params(axis="x", bottom=False, labelbottom=False)
        panel.spines["bottom"].set_visible(False)


def thinned(frame: pd.DataFrame) -> pd.DataFrame:
    """At most MOST_POINTS rows, evenly taken."""
    return frame.iloc[:: max(1, -(-len(frame) // MOST_POINTS))]


def _lines(panel, axis: Genome, segments: pd.DataFrame, values: pd.Series, **look) -> None:
    rows = segments[values.notna()]
    if len(rows):
        left, right = axis.at(rows["chrom"], rows["start"]), axis.at(rows["chrom"], rows["end"])
        panel.hlines(values[values.notna()].to_numpy(dtype=float), left, right, **look)


def _empty(panel, words: str) -> None:
    panel.text(
        0.5, 0.5, words, transform=panel.transAxes, ha="center", va="center", fontsize=10, wrap=True, zorder=9,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85},
    )  # fmt: skip


def _ratios(panel, axis: Genome, ratios, segments, why: str) -> None:
    shown = thinned(ratios)
    low, high = -2.2, 2.2
    panel.scatter(
        axis.at(shown["chrom"], (shown["start"] + shown["end"]) / 2), shown["log2"].clip(low, high), **POINTS
    )  # fmt: skip
    look = {"lw": 2.2, "zorder": 3, "color": GREY if why else INK}
    _lines(panel, axis, segments, segments["log2"].clip(low, high), **look)
    panel.axhline(0, color=FAINT, lw=0.8, zorder=0)
    panel.set_ylim(low - 0.1, high + 0.1)
    panel.set_yticks([-2, -1, 0, 1, 2])
    panel.set_ylabel("log2 ratio")
    if ratios.empty:
        _empty(panel, "no target has a copy ratio")


def _alleles(panel, axis: Genome, hets, segments, why: str) -> None:
    shown = thinned(hets)
    panel.scatter(axis.at(shown["chrom"], shown["position"]), shown["alt_fraction"], **POINTS)
    look = {"lw": 2.2, "zorder": 3, "color": GREY if why else INK}
    minor = segments["minor_fraction"]
    _lines(panel, axis, segments, minor, **look)
    _lines(panel, axis, segments, 1 - minor, **look)
    panel.set_ylim(-0.03, 1.03)
    panel.set_yticks([0, 0.5, 1])
    panel.set_ylabel("allele fraction")
    panel.axhline(0.5, color=FAINT, lw=0.8, zorder=0)
    if hets.empty:
        _empty(panel, "no heterozygous site: no allele fractions")


def _states(panel, axis: Genome, segments, summary, why: str) -> None:
    total, minor = segments["total_copies"], segments["minor_copies"]
    top = max(4.0, float(total.max()) if total.notna().any() else 4.0)
    blue, red, mean = (GREY, FAINT, GREY) if why else (BLUE, VERMILION, INK)
    known = bool(total.notna().any())
    if known:
        _lines(panel, axis, segments, segments["copies"].clip(upper=top + 0.4), color=mean, lw=1.0, zorder=4)
        _lines(panel, axis, segments, total.astype(float) + 0.05, color=blue, lw=4, zorder=3)
        _lines(panel, axis, segments, minor.astype(float) - 0.05, color=red, lw=4, zorder=2)
        if not why:
            _subclonal(panel, axis, segments)
        named = (("total copies", blue, 4), ("minor copies", red, 4), ("mean of all tumour cells", mean, 1))
        handles = [matplotlib.lines.Line2D([], [], color=c, lw=w, label=label) for label, c, w in named]
        panel.legend(
            handles=handles, loc="upper left", ncol=3, fontsize=7.5, frameon=False, borderaxespad=0.1
        )
    panel.set_ylim(-0.4, top + 1.3)
    panel.set_yticks(np.arange(0, top + 0.5, 1 if top <= 6 else 2))
    panel.set_ylabel("copies")
    panel.axhline(
        2 if pd.isna(summary["base_copies"]) else summary["base_copies"], color=FAINT, lw=0.8, zorder=0
    )
    if why:
        short = why if len(why) <= 170 else why[:167] + "..."
        _empty(panel, f"not assessable: {short}")
    elif not known:
        _empty(panel, "no segment with a state")


def _subclonal(panel, axis: Genome, segments) -> None:
    """Percent of cells at segments whose change is not in all of them; narrow and crowded ones are left to the table."""
    part = segments[(segments["clonal_fraction"] < 0.995) & segments["total_copies"].notna()]
    left, right = axis.at(part["chrom"], part["start"]), axis.at(part["chrom"], part["end"])
    last = -np.inf
    for row, a, b in zip(part.itertuples(), left, right, strict=True):
        if b - a >= 0.003 * axis.length and (a + b) / 2 - last >= 0.02 * axis.length:
            last = (a + b) / 2
            panel.text(
                (a + b) / 2, row.total_copies + 0.22, f"{100 * row.clonal_fraction:.0f} %", ha="center",
                va="bottom", fontsize=7, zorder=5,
            )  # fmt: skip


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> np.ndarray:
    """Places in the order of `wanted`, at least `gap` apart, as near to it as a sweep from both ends gives."""
    places_ = np.array(wanted, dtype=float)
    for i in range(1, len(places_)):
        places_[i] = max(places_[i], places_[i - 1] + gap)
    if len(places_) and places_[-1] > high:
        places_[-1] = high
        for i in range(len(places_) - 2, -1, -1):
            places_[i] = min(places_[i], places_[i + 1] - gap)
    return np.maximum(places_, low)


def _regions(panel, above, axis: Genome, events, regions, why: str) -> None:
    """Myeloma regions below the panels: present ones bold and coloured, with a line through the panels."""
    panel.axis("off")
    panel.set_ylim(0, 1)
    rows = regions[(regions["kind"] == "copy_number") & regions["chrom"].map(bare).isin(axis.chroms)].copy()
    if rows.empty:
        return
    rows["at"] = axis.at(rows["chrom"], (rows["start"] + rows["end"]) / 2)
    rows = rows.sort_values("at", kind="stable")
    state = dict(zip(events["event"], events["state"], strict=True))
    labels = spread(rows["at"], LABEL_GAP * axis.length, 0.006 * axis.length, 0.994 * axis.length)
    for row, x in zip(rows.itertuples(), labels, strict=True):
        seen = NOT_ASSESSABLE if why else state.get(row.name, NOT_ASSESSABLE)
        present = seen == PRESENT
        colour = (BLUE if row.name.startswith("del") else VERMILION) if present else GREY
        name = "amp1q" if present and state.get("amp1q") == PRESENT and row.name == "gain1q" else row.name
        name += {PRESENT: "  +", NOT_ASSESSABLE: "  n/a"}.get(seen, "")
        panel.plot([row.at, x], [0.98, 0.80], color=colour, lw=1.2 if present else 0.6, clip_on=False)
        panel.text(
            x, 0.77, name, rotation=90, ha="center", va="top", fontsize=7.5, color=INK if present else "#555555",
            fontweight="bold" if present else "normal",
        )  # fmt: skip
        if present:
            for other in above:
                other.axvline(row.at, color=colour, lw=0.8, ls=(0, (3, 2)), zorder=1)
