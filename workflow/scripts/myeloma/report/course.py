"""The course of one patient on one axis of time: response, markers, doses, adverse events, samples.

Drawn as SVG by hand: hundreds of these stand in one page, and each is a few kilobytes. Colour never carries a
meaning alone; whatever is drawn also stands in a table of the same page.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd
from markupsafe import Markup

from myeloma.report import figures, words
from myeloma.tables import DRUGS

WIDTH, LEFT, RIGHT = 1000, 168, 984
INK, SOFT, LINE, POOR = "#1b1b1b", "#555555", "#c9c9c9", figures.POOR_COLOUR
SEVERE = 3  # grade from which an event is drawn
MOST_EVENTS = 12  # lanes of events; the table below has all
TOP_PERCENT = 125.0  # of baseline, at which the course of a marker is cut
PART_OF_BASELINE = {"serum M-protein": "serum", "urine M-protein": "urine", "dFLC": "dflc", "marrow plasma cells": "marrow",
                    "plasmacytoma SPD": "plasmacytoma", "quantitative immunoglobulin": "serum"}  # fmt: skip
DASHES = ("", "7 3", "2 3", "9 3 2 3")
CHANGE_SIGNS = {"reduced": "r", "omitted": "o", "delayed": "d", "interrupted": "i", "stopped": "s"}


def tag(name: str, text: Any = None, **attributes: Any) -> Markup:
    """One SVG element; every value is escaped. `_` in a name stands for `-`, a trailing one is dropped."""
    given = Markup("").join(
        Markup(' {}="{}"').format(
            key.rstrip("_").replace("_", "-"), f"{v:.1f}" if isinstance(v, float) else v
        )
        for key, v in attributes.items()
        if v not in (None, "")
    )
    if text is None:
        return Markup("<{}{}/>").format(Markup(name), given)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), given, text)


class Axis:
    """Days from the origin (C1D1 is day 1) on the width of the drawing."""

    def __init__(self, days: Iterable[float], days_per_month: float):
        days = list(days)
        self.first, self.last = min(days), max(days)
        self.width = max(self.last - self.first, 28)
        self.per_month = days_per_month

    def x(self, day: float) -> float:
        return LEFT + (RIGHT - LEFT) * (day - self.first) / self.width

    def ticks(self) -> list[tuple[float, str]]:
        step = next(s for s in (1, 3, 6, 12, 24, 48, 120) if self.width / self.per_month / s <= 12)
        start = int((self.first - 1) // (step * self.per_month))
        at = [(1 + m * self.per_month, f"{m:g}") for m in (i * step for i in range(start, start + 20))]
        return [(day, said) for day, said in at if self.first <= day <= self.first + self.width]


def draw(name: str, facts: Mapping[str, Any], rules: Mapping[str, Any]) -> Markup | None:
    """The drawing of one patient; None where nothing has a date.

    facts: origin (date of C1D1, else of enrolment, else the first date), started (is it C1D1), visits, markers,
    endpoint (row of TTP or None) as rows of their tables; doses and events as rows of the sheets known at the cut,
    None where the sheet was not given; changes (rows of dose_changes), samples. rules: response, regimen
    (of the config), days_per_month.
    """
    origin = facts["origin"]
    if origin is None:
        return None
    days = _days(facts)
    if not days:
        return None
    axis = Axis(days, rules["days_per_month"])
    y, parts, said = 16.0, [], []
    for lane in (_response, _markers, _doses, _events, _samples):
        drawn, height, told = lane(axis, y, facts, rules)
        parts += drawn
        said.append(told)
        y += height + 10
    back = _scale(axis, y, facts)
    title = f"Course on one axis of time. {' '.join(t for t in said if t)}"
    return Markup('<svg class="timeline" viewBox="0 0 {} {}" role="img" aria-labelledby="{}-title" font-size="12">{}</svg>').format(
        WIDTH, f"{y + 34:.0f}", name, Markup("").join([tag("title", title, id=f"{name}-title"), *back, *parts])
    )  # fmt: skip


def day_of(value: Any, origin: date) -> float | None:
    """Day counted from the origin, which is day 1; None where there is no date."""
    if words.missing(value):
        return None
    given = value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
    return float((given - origin).days + 1)


def _days(facts: Mapping) -> list[float]:
    at = facts["origin"]
    found = [day_of(r["date"], at) for r in facts["visits"]]
    found += [day_of(r["collection_date"], at) for r in facts["samples"]]
    found += [day_of(r["date"], at) for r in facts["doses"] or ()]
    for r in facts["events"] or ():
        if r["grade"] >= SEVERE:
            found += [day_of(r["start_date"], at), day_of(r["end_date"], at)]
    if facts["endpoint"]:
        found.append(day_of(facts["endpoint"]["end_date"], at))
    return [d for d in found if d is not None]


def _label(y: float, text: str, below: str = "") -> list[Markup]:
    made = [tag("text", text, x=0, y=y, font_weight=600, fill=INK)]
    return made + ([tag("text", below, x=0, y=y + 14, font_size=11, fill=SOFT)] if below else [])


def _scale(axis: Axis, bottom: float, facts: Mapping) -> list[Markup]:
    made = []
    for day, said in axis.ticks():
        x = axis.x(day)
        made += [tag("line", x1=x, x2=x, y1=8, y2=bottom, stroke="#ececec"),
                 tag("text", said, x=x, y=bottom + 14, text_anchor="middle", fill=SOFT)]  # fmt: skip
    start = "C1D1" if facts["started"] else "enrolment or first record"
    made.append(
        tag(
            "text",
            f"months from {start}",
            x=(LEFT + RIGHT) / 2,
            y=bottom + 30,
            text_anchor="middle",
            fill=SOFT,
        )
    )
    end = facts["endpoint"]
    # a time as given has no date to stand at
    if end and end["end_date"]:
        x = axis.x(day_of(end["end_date"], facts["origin"]))
        what = "TTP event" if end["event"] == 1 else "TTP censored"
        made += [tag("line", x1=x, x2=x, y1=0, y2=bottom, stroke=POOR if end["event"] == 1 else SOFT,
                     stroke_dasharray="" if end["event"] == 1 else "4 3", stroke_width=1.5),
                 tag("text", what, x=x - 4, y=10, font_size=11, text_anchor="end", fill=INK)]  # fmt: skip
    return made


def _response(axis: Axis, y: float, facts: Mapping, rules: Mapping) -> tuple[list, float, str]:
    made, said, last = _label(y + 20, "Response", "confirmed so far"), [], None
    previous = -1e9
    for r in facts["visits"]:
        day, level = day_of(r["date"], facts["origin"]), r["confirmed_level"]
        x = axis.x(day)
        own = r["level"] != level
        what = f"{r['date']} {r['visit']}: this visit {r['level']}, confirmed {level}"
        made.append(
            tag("circle", tag("title", what), cx=x, cy=y + 26, r=7, fill=figures.LEVELS.get(level, "#ffffff"),
                stroke=INK, stroke_dasharray="3 2" if own else "")
        )  # fmt: skip
        if level != last or x - previous > 40:
            made.append(
                tag(
                    "text",
                    "base" if level == "baseline" else level,
                    x=x,
                    y=y + 12,
                    text_anchor="middle",
                    font_size=11,
                )
            )
            previous = x
        if own and r["level"] not in ("baseline", last) and x - previous > -1:
            made.append(tag("text", r["level"], x=x, y=y + 47, text_anchor="middle", font_size=10, fill=SOFT))
        if level != last:
            said.append(f"day {day:.0f} {level}")
        last = level
    if not said:
        made.append(tag("text", "no assessment given", x=LEFT, y=y + 26, fill=SOFT))
    return made, 50, f"Confirmed response: {'; '.join(said)}." if said else "No assessment."


def followed(markers: Sequence[Mapping]) -> dict[str, list[Mapping]]:
    """Marker -> its rows, of the markers that the patient's track follows and that have a baseline."""
    found: dict[str, list[Mapping]] = {}
    for r in markers:
        if r["followed"] == "yes" and not words.missing(r["baseline"]) and r["baseline"] > 0:
            found.setdefault(r["marker"], []).append(r)
    return found


def limit_of_progression(marker: str, nadir: float, response: Mapping[str, Any]) -> float | None:
    """Value from which the marker is progression, given its nadir (IMWG 2016, limits of the config); None: not by value alone."""
    relative = nadir * response["pd_relative_rise"]
    if marker in ("serum M-protein", "quantitative immunoglobulin"):
        if nadir >= response["pd_serum_high_nadir_g_l"]:
            return nadir + response["pd_serum_rise_high_g_l"]
        return nadir + max(relative, response["pd_serum_rise_g_l"])
    if marker == "urine M-protein":
        return nadir + max(relative, response["pd_urine_rise_mg_24h"])
    if marker == "dFLC":
        return nadir + max(relative, response["pd_dflc_rise_mg_l"])
    return None


def _markers(axis: Axis, y: float, facts: Mapping, rules: Mapping) -> tuple[list, float, str]:
    found = followed(facts["markers"])
    if not found:
        return (
            [
                *_label(y + 12, "Markers"),
                tag("text", "no measurable marker with a value at baseline", x=LEFT, y=y + 12, fill=SOFT),
            ],
            18,
            "",
        )
    height = 120.0

    def at(percent: float) -> float:
        return y + height * (1 - min(percent, TOP_PERCENT) / TOP_PERCENT)

    made = _label(y + 12, "Markers", "% of baseline")
    for percent in (0, 100):
        made += [tag("line", x1=LEFT, x2=RIGHT, y1=at(percent), y2=at(percent), stroke=LINE),
                 tag("text", percent, x=LEFT - 6, y=at(percent) + 4, text_anchor="end", font_size=11, fill=SOFT)]  # fmt: skip
    first = next(iter(found))
    for level in ("PR", "VGPR"):
        fall = rules["response"].get(f"{level.lower()}_{PART_OF_BASELINE.get(first, '')}_fall")
        if fall:
            percent = 100 * (1 - fall)
            made += [tag("line", x1=LEFT, x2=RIGHT, y1=at(percent), y2=at(percent), stroke="#0072B2", stroke_dasharray="2 4"),
                     tag("text", f"{level} {percent:.0f}", x=LEFT - 6, y=at(percent) + 4, text_anchor="end", font_size=11, fill="#00507d")]  # fmt: skip
    said = []
    for (marker, rows), dash in zip(found.items(), DASHES, strict=False):
        base = rows[0]["baseline"]
        points = []
        for r in rows:
            x, percent = axis.x(day_of(r["date"], facts["origin"])), 100 * r["value"] / base
            points.append(f"{x:.1f},{at(percent):.1f}")
            what = (
                f"{r['date']} {marker} {words.number(r['value'])} {r['unit']} ({percent:.0f} % of baseline)"
            )
            made.append(tag("circle", tag("title", what), cx=x, cy=at(percent), r=2.6, fill=INK))
            if percent > TOP_PERCENT:
                made.append(tag("text", f"↑ {percent:.0f}", x=x, y=y - 2, font_size=10, text_anchor="middle"))
            limit = (
                None
                if words.missing(r["nadir"])
                else limit_of_progression(marker, r["nadir"], rules["response"])
            )
            if marker == first and limit is not None and 100 * limit / base <= TOP_PERCENT:
                made.append(
                    tag(
                        "line",
                        x1=x - 5,
                        x2=x + 5,
                        y1=at(100 * limit / base),
                        y2=at(100 * limit / base),
                        stroke=POOR,
                        stroke_width=2,
                    )
                )
        made.append(
            tag(
                "polyline",
                points=" ".join(points),
                fill="none",
                stroke=INK,
                stroke_dasharray=dash,
                stroke_width=1.4,
            )
        )
        said.append(
            f"{marker} {words.number(base)} {rows[0]['unit']} at baseline, last {words.number(rows[-1]['value'])}"
        )
    kinds = {"": "solid", "7 3": "dashed", "2 3": "dotted", "9 3 2 3": "dash-dot"}
    named = [f"{m} ({kinds[d]}, baseline {words.number(rows[0]['baseline'])} {rows[0]['unit']})"
             for (m, rows), d in zip(found.items(), DASHES, strict=False)]  # fmt: skip
    made.append(tag("text", "; ".join(named), x=LEFT, y=y + height + 14, font_size=11, fill=SOFT))
    return made, height + 18, "; ".join(said) + "."


def cycles(doses: Sequence[Mapping], origin: date) -> list[dict[str, Any]]:
    """Doses by drug and cycle: drug, cycle, first and last day, doses taken, mg in all and highest mg of a day."""
    by: dict[tuple[str, int], list[Mapping]] = {}
    for r in doses:
        if not words.missing(r["cycle"]) and not words.missing(r["dose_mg"]):
            by.setdefault((r["drug"], int(r["cycle"])), []).append(r)
    made = []
    for (drug, cycle), rows in sorted(by.items()):
        days = [day_of(r["date"], origin) for r in rows]
        taken = [float(r["dose_mg"]) for r in rows if r["dose_mg"] > 0]
        made.append({"drug": drug, "cycle": cycle, "first": min(days), "last": max(days), "doses": len(taken),
                     "mg": sum(taken), "highest": max(taken, default=0.0), "date": str(min(str(r["date"]) for r in rows))})  # fmt: skip
    return made


def most_planned(drug: str, regimen: Mapping[str, Any]) -> float:
    """Highest dose of a day that the protocol plans for the drug, mg."""
    return max((float(phase[drug]["mg"]) for phase in regimen.values() if drug in phase), default=1.0)


def _doses(axis: Axis, y: float, facts: Mapping, rules: Mapping) -> tuple[list, float, str]:
    if facts["doses"] is None:
        return (
            [*_label(y + 12, "Doses"), tag("text", "no dosing table given", x=LEFT, y=y + 12, fill=SOFT)],
            18,
            "No dosing table given.",
        )
    rows = cycles(facts["doses"], facts["origin"])
    made, high, said = [], 26.0, []
    starts = sorted({r["first"] for r in rows})
    for at, drug in enumerate(DRUGS):
        top = y + at * (high + 12)
        full = most_planned(drug, rules["regimen"])
        made += _label(top + 16, drug, f"bar: mg a day, full {full:g}")
        made.append(tag("line", x1=LEFT, x2=RIGHT, y1=top + high, y2=top + high, stroke=LINE))
        mine, last = [r for r in rows if r["drug"] == drug], None
        for r in mine:
            after = min((s for s in starts if s > r["last"]), default=r["last"] + 7)
            x, end = axis.x(r["first"]), min(axis.x(after), RIGHT) - 1.5
            tall = high * min(r["highest"] / full, 1.0)
            what = (
                f"cycle {r['cycle']} from {r['date']}: {r['doses']} doses, {words.number(r['mg'])} mg {drug}"
            )
            made.append(tag("rect", tag("title", what), x=x, y=top + high - tall, width=max(end - x, 2.0), height=max(tall, 1.0),
                            fill="#b9c9d6" if tall else "none", stroke=INK, stroke_width=0.5))  # fmt: skip
            if r["highest"] != last:
                made.append(tag("text", words.number(r["highest"]), x=x + 2, y=top + high - 4, font_size=11))
            last = r["highest"]
        for r in facts["changes"]:
            if r["drug"] == drug and r["counted"] == "yes" and r["change"] in CHANGE_SIGNS:
                x = axis.x(day_of(r["date"], facts["origin"]))
                what = f"{r['date']} {drug} {r['change']}: {r['change_reason'] or 'no reason recorded'}"
                made.append(tag("text", tag("title", what) + CHANGE_SIGNS[r["change"]], x=x, y=top + 2, font_size=11, font_weight=700,
                                text_anchor="middle", fill="#9c4400"))  # fmt: skip
        said.append(f"{drug} in {words.count(len(mine), 'cycle')}")
    return made, 3 * (high + 12), f"Doses: {', '.join(said)}."


def _events(axis: Axis, y: float, facts: Mapping, rules: Mapping) -> tuple[list, float, str]:
    label = _label(y + 12, "Adverse events", "grade 3 or more")
    if facts["events"] is None:
        return (
            [*label, tag("text", "no adverse-event table given", x=LEFT, y=y + 12, fill=SOFT)],
            26,
            "No adverse-event table given.",
        )
    rows = severe(facts["events"])
    if not rows:
        return (
            [*label, tag("text", "none", x=LEFT, y=y + 12, fill=SOFT)],
            26,
            "No adverse event of grade 3 or more.",
        )
    made, ends, drawn = label, [], 0
    for r in rows:
        start = day_of(r["start_date"], facts["origin"])
        if start is None:
            continue
        end = day_of(r["end_date"], facts["origin"])
        x = axis.x(start)
        x2 = axis.x(end) if end is not None else x
        text = f"{r['term']} ({r['grade']:.0f}{', serious' if r['serious'] == 'yes' else ''}{'' if end is not None else ', end not recorded'})"
        long = 6.2 * len(text)
        flip = max(x2, x + 6) + 6 + long > RIGHT
        lane = next(
            (i for i, taken in enumerate(ends) if taken < (min(x, x2 - long) if flip else x)), len(ends)
        )
        if lane >= MOST_EVENTS:
            continue
        ends[lane : lane + 1] = [max(x2, x + 6) + (6 if flip else long + 12)]
        at = y + 4 + 15 * lane
        made += [tag("rect", x=x, y=at, width=max(x2 - x, 6.0), height=10, fill=POOR if r["grade"] > SEVERE else "#E69F00", stroke=INK, stroke_width=0.5),
                 tag("text", text, x=x - 4 if flip else max(x2, x + 6) + 4, y=at + 9, font_size=11, text_anchor="end" if flip else "")]  # fmt: skip
        drawn += 1
    if drawn < len(rows):
        made.append(
            tag("text", f"{len(rows) - drawn} more in the table", x=0, y=y + 42, font_size=11, fill=SOFT)
        )
    told = "; ".join(f"{r['term']} grade {r['grade']:.0f}" for r in rows)
    return made, max(15 * len(ends) + 4, 30.0), f"Adverse events of grade 3 or more: {told}."


def severe(events: Iterable[Mapping]) -> list[Mapping]:
    """Events of grade 3 or more by their first day."""
    return sorted(
        (r for r in events if r["grade"] >= SEVERE),
        key=lambda r: (str(r["start_date"] or ""), str(r["term"])),
    )


def _samples(axis: Axis, y: float, facts: Mapping, rules: Mapping) -> tuple[list, float, str]:
    made, by = _label(y + 14, "Samples"), {}
    for r in facts["samples"]:
        day = day_of(r["collection_date"], facts["origin"])
        if day is not None:
            by.setdefault(day, []).append(f"{'DNA' if r['assay'] == 'wes' else 'RNA'} {r['tissue']}")
    for day, taken in by.items():
        x = axis.x(day)
        end = x > RIGHT - 200
        made += [tag("path", d=f"M{x:.1f} {y + 4:.1f} l5 10 h-10 z", fill=INK),
                 tag("text", ", ".join(taken), x=x - 8 if end else x + 8, y=y + 14, font_size=11, text_anchor="end" if end else "")]  # fmt: skip
    if not by:
        made.append(tag("text", "none with a date", x=LEFT, y=y + 14, fill=SOFT))
    return made, 20, f"{words.count(len(facts['samples']), 'sample')}."


STRIP = 520


def partners(rows: Sequence[Mapping], cohort: pd.DataFrame, name: str) -> Markup | None:
    """Expression of the partner genes of IGH: the patient (diamond) on the range and quartiles of the cohort."""
    rows = [r for r in rows if not words.missing(r["value"])]
    values = cohort["value"].dropna()
    if not rows or values.empty:
        return None
    low, high = float(values.min()), float(values.max())
    width = max(high - low, 1e-9)

    def x(value: float) -> float:
        return 110 + (STRIP - 130) * (min(max(value, low), high) - low) / width

    made = []
    for i, r in enumerate(sorted(rows, key=lambda r: r["gene"])):
        y = 14 + 22 * i
        of = cohort.loc[cohort["gene"] == r["gene"], "value"].dropna()
        first, middle, third = (float(of.quantile(q)) for q in (0.25, 0.5, 0.75))
        made += [
            tag("text", r["gene"], x=0, y=y + 4, font_style="italic"),
            tag("line", x1=x(float(of.min())), x2=x(float(of.max())), y1=y, y2=y, stroke=SOFT),
            tag(
                "rect",
                x=x(first),
                y=y - 5,
                width=max(x(third) - x(first), 1.0),
                height=10,
                fill="#e4e4e4",
                stroke=SOFT,
            ),
            tag("line", x1=x(middle), x2=x(middle), y1=y - 5, y2=y + 5, stroke=INK),
        ]
        if not words.missing(r["threshold"]):
            made.append(
                tag(
                    "line",
                    x1=x(r["threshold"]),
                    x2=x(r["threshold"]),
                    y1=y - 9,
                    y2=y + 9,
                    stroke=POOR,
                    stroke_dasharray="3 2",
                    stroke_width=1.5,
                )
            )
        at = x(r["value"])
        what = f"{r['gene']} {words.number(r['value'])}, {words.state(r['state'])}"
        made.append(tag("path", tag("title", what), d=f"M{at:.1f} {y - 6} l6 6 l-6 6 l-6 -6 z",
                        fill="#0072B2" if r["state"] == "present" else "#ffffff", stroke=INK))  # fmt: skip
    bottom = 14 + 22 * len(rows)
    made += [tag("text", f"{low:.1f}", x=110, y=bottom + 6, font_size=11, fill=SOFT),
             tag("text", f"{high:.1f} log2", x=STRIP - 20, y=bottom + 6, font_size=11, text_anchor="end", fill=SOFT)]  # fmt: skip
    title = f"Expression of the partner genes against {words.count(cohort['sample'].nunique(), 'RNA sample')}"
    return Markup('<svg class="strip" viewBox="0 0 {} {}" role="img" aria-labelledby="{}-title" font-size="12">{}</svg>').format(
        STRIP, bottom + 12, name, Markup("").join([tag("title", title, id=f"{name}-title"), *made])
    )  # fmt: skip
