"""Look of every figure of the portrait, and how it is saved: the same table gives the same bytes."""

import io
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline

#: Okabe and Ito's colours. Blue is early, vermilion poor, everywhere.
EARLY, POOR, NEITHER, NOT_EVALUABLE = "EARLY_RESPONDER", "POOR_RESPONDER", "NEITHER", "NOT_EVALUABLE"
EARLY_COLOUR, POOR_COLOUR, GREY, INK, FAINT = "#0072B2", "#D55E00", "#7A7A7A", "#1b1b1b", "#d9d9d9"
GROUPS = {
    EARLY: ("Early responders", EARLY_COLOUR),
    POOR: ("Poor responders", POOR_COLOUR),
    NEITHER: ("Neither", GREY),
    NOT_EVALUABLE: ("Not evaluable", "none"),
    "": ("No group", "none"),
}
RESPONSES = {
    "sCR": "#004D73", "CR": "#0072B2", "VGPR": "#4FA3D1", "PR": "#A6D3EC", "MR": "#F0E442", "SD": "#E69F00",
    "PD": "#D55E00",
}  # fmt: skip
HATCH = "//////"
UNKNOWN = {"facecolor": "white", "edgecolor": "#8a8a8a", "linewidth": 0.0, "hatch": HATCH}
STYLE = {
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.7,
    "xtick.major.width": 0.7,
    "text.color": INK,
    "axes.labelcolor": INK,
    "hatch.linewidth": 0.5,
}
FORMATS = {
    "svg": {"metadata": {"Date": None, "Creator": None}, "dpi": 200},
    "pdf": {"metadata": {"CreationDate": None, "Creator": None, "Producer": None}, "dpi": 200},
    "png": {"metadata": {"Software": None}, "dpi": 160},
}


def read(path) -> pd.DataFrame:
    """The table behind a figure, every cell as text (a patient may be called NA)."""
    return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, encoding="utf-8")


def numbers(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """The frame with these columns as numbers, NaN where empty."""
    return frame.assign(**{c: pd.to_numeric(frame[c].replace("", None)).astype(float) for c in columns})


def canvas(width: float, height: float):
    """(figure, axes): one axes over the whole figure, without a frame, in inches from the upper left corner."""
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    return figure, axes


def sentence(text: str) -> Figure:
    """A figure that says why there is nothing to draw."""
    figure, axes = canvas(7.2, 0.8)
    axes.text(0.1, 0.4, text, va="center", fontsize=9, color="#555555", wrap=True)
    return figure


def boxes(places) -> Outline:
    """One outline of many rectangles (x, y, width, height): one element in the file."""
    corners, codes = [], []
    for x, y, w, h in places:
        corners += [(x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y)]
        codes += [Outline.MOVETO, Outline.LINETO, Outline.LINETO, Outline.LINETO, Outline.CLOSEPOLY]
    return Outline(corners, codes)


def fill(axes, places, **look) -> None:
    """Fill rectangles as one element; nothing where there are none."""
    if places:
        axes.add_patch(PathPatch(boxes(places), **{"linewidth": 0, "edgecolor": "none", **look}))


def joined(places, gap: float):
    """Rectangles of one row joined where they touch within `gap`; places in order of x."""
    made = []
    for x, y, w, h in places:
        if made and made[-1][1] == y and abs(made[-1][0] + made[-1][2] - x) <= gap:
            made[-1] = (made[-1][0], y, x + w - made[-1][0], h)
        else:
            made.append((x, y, w, h))
    return made


def short(text: str, most: int) -> str:
    """The text, cut with an ellipsis."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def p_value(p: float) -> str:
    """p 0.07, p < 0.001; empty where there is none."""
    if pd.isna(p):
        return ""
    return "p < 0.001" if p < 0.001 else f"p {p:.2g}"


def rendered(figure: Figure, name: str, kind: str) -> bytes:
    """The figure as svg, pdf or png; no date, no random ids."""
    buffer = io.BytesIO()
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        figure.savefig(buffer, format=kind, bbox_inches="tight", pad_inches=0.06, **FORMATS[kind])
    return buffer.getvalue()


def drawn(draw, rows: pd.DataFrame) -> Figure:
    """Call `draw` on the rows in our style."""
    with matplotlib.rc_context(STYLE):
        return draw(rows)


def redraw(script: str, draw) -> None:
    """Command line of a script of the bundle: [table] [folder]; the table beside it in ../data, output here."""
    name = Path(script).stem
    given = dict(enumerate(sys.argv[1:]))
    table = given.get(0, Path(script).resolve().parent.parent / "data" / f"{name}.tsv")
    figure = drawn(draw, read(table))
    for kind in FORMATS:
        target = Path(given.get(1, ".")) / f"{name}.{kind}"
        target.write_bytes(rendered(figure, name, kind))
        print(target)
