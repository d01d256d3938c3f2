"""Pathways by response group: of all patients of a group, how many are altered, not altered, not assessable."""

from myeloma.report.drawing.style import FAINT, GROUPS, INK, UNKNOWN, canvas, fill, numbers, redraw, sentence

LEFT, BAR, GAP, TEXT, ROW, TOP = 2.3, 2.0, 0.12, 1.25, 0.2, 0.42


def draw(rows):
    """rows: FIGURE_PATHWAYS (docs/tables.md): one row per pathway, member and group."""
    if rows.empty:
        return sentence(
            "No patient with a called abnormality of a known pathway is in this run: nothing to draw."
        )
    rows = numbers(rows, "number", "patients", "present", "absent", "not_assessable")
    groups = [g for g in GROUPS if g in set(rows["group"])]
    lines = rows.drop_duplicates(["pathway", "member"]).sort_values("number")
    heads = int((lines["level"] == "pathway").sum())
    height = TOP + ROW * len(lines) + 0.1 * heads + 0.4
    figure, axes = canvas(max(LEFT + len(groups) * (BAR + GAP + TEXT), 6.5), height)
    _heads(axes, rows, groups)
    y = TOP
    for i, line in enumerate(lines.to_dict("records")):
        top = line["level"] == "pathway"
        y += 0.1 if top and i else 0.0
        axes.text(LEFT - 0.1 if not top else 0.05, y + ROW / 2, line["label"], va="center", fontsize=8.5 if top else 7.5,
                  ha="left" if top else "right", fontweight="bold" if top else "normal",
                  fontstyle="italic" if line["gene"] == "yes" else "normal")  # fmt: skip
        own = rows[(rows["pathway"] == line["pathway"]) & (rows["member"] == line["member"])]
        for j, group in enumerate(groups):
            for r in own[own["group"] == group].itertuples():
                _bar(axes, LEFT + j * (BAR + GAP + TEXT), y, r, top)
        y += ROW
    _legend(axes, y + 0.17)
    return figure


def _heads(axes, rows, groups) -> None:
    for j, group in enumerate(groups):
        name, colour = GROUPS[group]
        n = int(rows[rows["group"] == group]["patients"].max())
        words = f"{'All patients' if group == '' else name} (n = {n})"
        axes.text(LEFT + j * (BAR + GAP + TEXT), TOP - 0.12, words, fontsize=8.5, fontweight="bold",
                  color=INK if colour == "none" else colour, va="bottom")  # fmt: skip


def _bar(axes, x, y, r, top) -> None:
    """Present solid, absent empty, not assessable hatched; the whole bar is the group."""
    colour = GROUPS[r.group][1]
    colour = INK if colour == "none" else colour
    tall = 0.15 if top else 0.11
    at, unit = y + (ROW - tall) / 2, BAR / max(r.patients, 1)
    fill(
        axes,
        [(x, at, unit * r.present, tall)] if r.present else [],
        facecolor=colour,
        alpha=1 if top else 0.55,
    )
    start = x + unit * (r.present + r.absent)
    fill(axes, [(start, at, unit * r.not_assessable, tall)] if r.not_assessable else [], **UNKNOWN)
    fill(axes, [(x, at, BAR, tall)], facecolor="none", edgecolor=FAINT if not top else INK, linewidth=0.5)
    told = f"{r.present:.0f} of {r.present + r.absent:.0f}"
    told += f", {r.not_assessable:.0f} n/a" if r.not_assessable else ""
    axes.text(x + BAR + 0.07, y + ROW / 2, told, va="center", fontsize=7.5 if top else 7)


def _legend(axes, y) -> None:
    x = LEFT
    entries = (
        ("altered (in the colour of the group)", {"facecolor": INK}),
        ("not altered", {"facecolor": "white", "edgecolor": FAINT, "linewidth": 0.6}),
        ("not assessable", UNKNOWN),
    )
    for words, look in entries:
        fill(axes, [(x, y, 0.14, 0.11)], **look)
        axes.text(x + 0.19, y + 0.06, words, fontsize=7, va="center")
        x += 0.36 + 0.062 * len(words)


if __name__ == "__main__":
    redraw(__file__, draw)
