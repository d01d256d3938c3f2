"""Oncoprint: one column a patient, ordered by response group; clinical tracks above, abnormalities below."""

import pandas as pd

from myeloma.report.drawing.style import (
    EARLY,
    FAINT,
    GROUPS,
    INK,
    POOR,
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

KINDS = {
    "mutation": ("mutation", "#009E73"),
    "copy_number": ("copy number", "#CC79A7"),
    "ploidy": ("ploidy", "#F0E442"),
    "translocation": ("translocation", "#56B4E9"),
    "combined": ("combined", "#1b1b1b"),
    "splicing": ("splicing", "#E69F00"),
}
SHORT = {
    "Early responders": "Early",
    "Poor responders": "Poor",
    "Neither": "Neither",
    "Not evaluable": "Not eval.",
    "No group": "No group",
}
SEXES = {"female": "#c9c9c9", "male": "#5c5c5c"}
LEFT, RIGHT, ROW, HEAD, TOP = 2.15, 1.3, 0.2, 0.27, 0.5
COUNTS = (0.62, 1.22)  # right edges of the two columns of counts, behind the cells
WIDEST, MOST = 0.34, 7.0  # of one column, of all of them (inches)
NAMED, TEXT = 0.1, 0.26  # narrower columns carry no patient id, no text in a cell


def draw(rows: pd.DataFrame):
    """rows: FIGURE_ONCOPRINT (docs/tables.md): one row per line of the figure and patient."""
    if rows.empty:
        return sentence("No patient is in this run: there is no oncoprint to draw.")
    rows = numbers(rows, "row_number", "patient_number")
    plan = _Plan(rows)
    figure, axes = canvas(plan.width, plan.height)
    _heads(axes, plan)
    for line in plan.lines:
        _line(axes, plan, rows[rows["row"] == line["row"]], line)
    _names(axes, plan)
    _legend(axes, plan, rows)
    return figure


class _Plan:
    """Where every column and line stands, in inches."""

    def __init__(self, rows):
        people = rows.drop_duplicates("patient").sort_values("patient_number")
        gaps = people["group"].ne(people["group"].shift()).cumsum() - 1
        n = len(people)
        self.cell = min(WIDEST, MOST / (n + 0.6 * gaps.max()))
        step = max(self.cell * 0.6, 0.06)
        self.pad = 0.02 if self.cell > NAMED else 0.0
        self.x = {
            p: LEFT + self.cell * i + step * g
            for i, (p, g) in enumerate(zip(people["patient"], gaps, strict=True))
        }
        self.people = people
        self.end = LEFT + self.cell * n + step * gaps.max()
        self.width = max(self.end + RIGHT, 8.2)
        self.lines, at, block = [], TOP, None
        order = rows.drop_duplicates("row").sort_values("row_number")
        for line in order.to_dict("records"):
            if line["block"] != block:
                at += 0.0 if block is None else 0.08
                line["head"] = at
                at += HEAD
                block = line["block"]
            self.lines.append(line | {"y": at})
            at += ROW
        self.below = at
        self.ids = max((len(short(p, 16)) for p in self.x), default=0) * 0.068 if self.cell >= NAMED else 0.0
        self.height = at + 0.15 + self.ids + 0.75


def _heads(axes, plan) -> None:
    for group, members in plan.people.groupby("group", sort=False):
        place = [plan.x[p] for p in members["patient"]]
        name, colour = GROUPS[group]
        colour = INK if colour == "none" else colour
        left, right = place[0], place[-1] + plan.cell
        words, size = f"{name} (n = {len(members)})", 8.0
        if right - left + 0.1 < 0.082 * len(words):  # over a few columns it would run into its neighbours
            words, size = f"{SHORT[name]}\n{len(members)}", 6.5
        axes.plot([left, right], [TOP - 0.06] * 2, color=colour, linewidth=2.5, solid_capstyle="butt")
        axes.text((left + right) / 2, TOP - 0.12, words, ha="center", va="bottom", fontsize=size, color=colour,
                  fontweight="bold", linespacing=1.0)  # fmt: skip
    for i, (words, _, colour) in enumerate(_columns(plan.people)):
        axes.text(plan.end + COUNTS[i], TOP - 0.12, words, ha="right", va="bottom", fontsize=8, fontweight="bold",
                  color=colour)  # fmt: skip


def _columns(people) -> list[tuple[str, str, str]]:
    """Columns of counts (heading, group, colour): early and poor; of all patients where there are no groups."""
    if not people["group"].isin([EARLY, POOR]).any():
        return [("all", "", INK)]
    return [("early", EARLY, GROUPS[EARLY][1]), ("poor", POOR, GROUPS[POOR][1])]


def _line(axes, plan, mine, line) -> None:
    if "head" in line:
        axes.text(0.02, line["head"] + HEAD - 0.07, line["block"], fontsize=8, fontstyle="italic",
                  color="#555555", va="bottom")  # fmt: skip
    y = line["y"]
    style = "italic" if line["kind"] == "mutation" else "normal"
    size = 8 * min(1.0, 30 / max(len(line["label"]), 1))
    axes.text(
        LEFT - 0.08, y + ROW / 2, line["label"], ha="right", va="center", fontsize=size, fontstyle=style
    )
    axes.plot([LEFT, plan.end], [y + ROW] * 2, color=FAINT, linewidth=0.4)
    mine = mine.sort_values("patient_number")
    places = {r.patient: (plan.x[r.patient] + plan.pad / 2, y + 0.02, plan.cell - plan.pad, ROW - 0.04)
              for r in mine.itertuples()}  # fmt: skip
    unknown = [places[r.patient] for r in mine.itertuples() if r.state == "not_assessable"]
    fill(axes, joined(unknown, plan.pad + 1e-6), **UNKNOWN)
    known = mine[mine["state"] == "present"]
    if line["kind"] == "clinical":
        _clinical(axes, plan, known, line, places)
    else:
        held = [places[p] for p in known["patient"]]
        fill(axes, joined(held, 1e-6), facecolor=KINDS[line["kind"]][1])
        _counts(axes, plan, mine, y)
    for r in mine[mine["qualifying"] == "yes"].itertuples():
        x, top, w, h = places[r.patient]
        size = min(4.2, 72 * w * 0.6)
        axes.plot([x + w / 2], [top + h / 2], marker="o", markersize=size, color=INK, markerfacecolor="white",
                  markeredgewidth=0.7)  # fmt: skip


def _clinical(axes, plan, known, line, places) -> None:
    """Cells of a track: a colour for a category, grey from low (light) to high (dark) for a number."""
    shades = _shades(line["row"], known)
    for shade in sorted(set(shades.values())):
        look = UNKNOWN if shade == "none" else {"facecolor": shade}
        fill(axes, joined([places[p] for p, s in shades.items() if s == shade], 1e-6), **look)
    if plan.cell < TEXT:
        return
    for r in known.itertuples():
        x, y, w, h = places[r.patient]
        text = {"female": "F", "male": "M"}.get(r.value, r.value)
        text = "" if line["row"] == "group" else short(text, 8)
        size = min(6.5, 72 * w * 1.45 / max(len(text), 1))
        axes.text(x + w / 2, y + h / 2, text, ha="center", va="center", fontsize=size,
                  color="white" if _dark(shades[r.patient]) else INK)  # fmt: skip


def _shades(track, known) -> dict[str, str]:
    fixed = {
        "group": {name: colour for name, (_, colour) in GROUPS.items()},
        "best_response": {**RESPONSES, "NE": "none"},
        "sex": SEXES,
    }
    if track in fixed:
        return {r.patient: fixed[track].get(r.value, FAINT) for r in known.itertuples()}
    if track == "qualifying_lesion":
        return {r.patient: KINDS.get(r.detail, ("", FAINT))[1] for r in known.itertuples()}
    value = pd.to_numeric(known["value"], errors="coerce")
    low, high = value.min(), value.max()
    share = (value - low) / (high - low) if high > low else value * 0
    level = (235 - 165 * share.fillna(0)).round(-1).astype(int)
    return {p: f"#{v:02x}{v:02x}{v:02x}" for p, v in zip(known["patient"], level, strict=True)}


def _dark(colour: str) -> bool:
    if colour == "none":
        return False
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return 0.3 * red + 0.6 * green + 0.1 * blue < 120


def _counts(axes, plan, mine, y) -> None:
    for i, (_, group, colour) in enumerate(_columns(plan.people)):
        own = mine[mine["group"] == group]["state"] if group else mine["state"]
        n, of = int((own == "present").sum()), int((own != "not_assessable").sum())
        axes.text(plan.end + COUNTS[i], y + ROW / 2, f"{n}/{of}" if len(own) else "-", ha="right", va="center",
                  fontsize=7.5, color=colour)  # fmt: skip


def _names(axes, plan) -> None:
    if plan.cell < NAMED:
        return
    size = min(7.0, 72 * plan.cell * 0.8)
    for patient, x in plan.x.items():
        axes.text(x + plan.cell / 2, plan.below + 0.06, short(patient, 16), rotation=90, ha="center", va="top",
                  fontsize=size)  # fmt: skip


def _legend(axes, plan, rows) -> None:
    shown = [k for k in KINDS if k in set(rows["kind"])]
    values = rows[(rows["row"] == "best_response") & (rows["state"] == "present")]["value"]
    first = [(KINDS[k][0], {"facecolor": KINDS[k][1]}) for k in shown]
    first += [("absent (empty)", {"facecolor": "white", "edgecolor": FAINT, "linewidth": 0.6})]
    first += [("not assessable, not recorded", UNKNOWN)]
    second = [(level, {"facecolor": c}) for level, c in RESPONSES.items() if level in set(values)]
    second += [(name, {"facecolor": SEXES[name]}) for name in SEXES]
    second += [("low to high in each track", None)]
    y = plan.below + 0.2 + plan.ids
    for i, entries in enumerate((first, second)):
        x = 0.05
        for words, look in entries:
            if look is None:
                fill(axes, [(x, y, 0.07, 0.12)], facecolor="#ebebeb")
                fill(axes, [(x + 0.07, y, 0.07, 0.12)], facecolor="#464646")
            else:
                fill(axes, [(x, y, 0.14, 0.12)], **look)
            axes.text(x + 0.19, y + 0.065, words, fontsize=7, va="center")
            x += 0.34 + 0.063 * len(words)
        if i == 0 and (rows["qualifying"] == "yes").any():
            axes.plot([x + 0.05], [y + 0.06], marker="o", markersize=4, color=INK, markerfacecolor="white",
                      markeredgewidth=0.7)  # fmt: skip
            axes.text(x + 0.14, y + 0.065, "enrolled for it", fontsize=7, va="center")
        y += 0.22


if __name__ == "__main__":
    redraw(__file__, draw)
