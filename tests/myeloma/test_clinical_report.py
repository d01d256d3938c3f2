"""The clinical chapter: what is drawn and said from hand-made tables."""

import matplotlib.image
import pandas as pd
import pytest
from tests import fabricate

from myeloma import association, tables
from myeloma.report import clinical, clinical_figures, figures, sections
from myeloma.states import EARLY, NEITHER, NOT_EVALUABLE, POOR

CONFIG = {
    "endpoints": {"days_per_month": 30.4375},
    "comparison": {"survival_months": [12, 24]},
    "trial": {"induction": {"cycles": 17, "cycle_days": 21}},
}
BLANK = {"end_of_induction": "", "end_of_treatment": "", "new_therapy_date": ""}


def chapter(made):
    patients = [{"patient": p["patient"], "c1d1": f"{p['c1d1'] or ''}"} | BLANK for p in made.patients]
    seen = {table.name: made.frames.get(table.name, tables.empty(table)) for table in tables.ALL}
    return clinical.chapter(seen, patients, sections.Anchors([p["patient"] for p in patients]), CONFIG)


@pytest.mark.parametrize(
    "shape",
    [
        {"n": 20},
        {"n": 1},
        {"n": 0, "names": []},
        {"clinical": False},
        {"n": 60, "seed": 5},
        {"groups": (EARLY,)},
    ],
)
def test_every_figure_has_its_n_and_says_what_it_does_not_show(shape):
    made = chapter(fabricate.cohort(**shape))
    drawn = [made[name] for name in ("swimmer", "waterfall", "spider") if made[name]] + made["incidence"]
    for figure in drawn:
        assert "It does not show" in figure.caption and "patient" in figure.caption
        assert figure.svg.startswith("<svg") and figure.table.rows
    if shape.get("clinical", True) and shape.get("n", 20):
        assert len(drawn) == 5
    else:
        assert not drawn


def test_text_of_a_sheet_is_escaped_in_the_drawings():
    names = ["<script>alert(1)</script>", "$x^2$ & co"]
    made = chapter(fabricate.cohort(names=names, groups=(EARLY,)))
    for name in ("swimmer", "waterfall", "spider"):
        assert "<script" not in made[name].svg and "&lt;script" in made[name].svg


def test_the_same_tables_give_the_same_bytes():
    one, two = (chapter(fabricate.cohort(n=12, seed=4)) for _ in range(2))
    assert one["swimmer"].svg == two["swimmer"].svg and one["spider"].svg == two["spider"].svg


# ---------------------------------------------------------------- the rows behind the figures


def visits(*rows):
    return pd.DataFrame(
        [{"patient": "P", "date": f"2021-03-{day:02d}", "day": day, "confirmed_own": own, "confirmed_level": level,
          "phase": phase} for day, own, level, phase in rows]
    )  # fmt: skip


def test_squares_stand_at_each_better_confirmed_level_before_progression():
    made = visits((1, "baseline", "baseline", "baseline"), (2, "SD", "SD", "induction"), (5, "PR", "PR", "induction"),
                  (9, "MR", "PR", "induction"), (12, "VGPR", "VGPR", "induction"), (20, "PD", "PD", "induction"),
                  (25, "sCR", "PD", "induction"))  # fmt: skip
    assert clinical._improvements(made, "P", 1.0) == [(5.0, "PR"), (12.0, "VGPR")]


def seen(marker_rows, progression="", therapy_day=None):
    rows = [
        {"patient": "P", "date": f"2021-03-{day:02d}", "day": day, "marker": marker, "value": 1.0, "unit": "g/L",
         "followed": followed, "baseline": 10.0, "change_percent": change, "nadir": 1.0}
        for day, marker, followed, change in marker_rows
    ]  # fmt: skip
    phases = [(day, "SD", "SD", "after_treatment" if therapy_day and day >= therapy_day else "induction")
              for day in sorted({r[0] for r in marker_rows})]  # fmt: skip
    response = {"patient": ["P"], "group": [POOR], "rule": ["A: made up"], "best_confirmed_response": ["SD"],
                "progression_date": [progression]}  # fmt: skip
    flow = {"patient": "P", "analysis": ["enrolled", "itt", "poor"], "included": "yes", "reason": ""}
    return {
        "markers": pd.DataFrame(rows),
        "visits": visits(*phases),
        "response": pd.DataFrame(response),
        "flow": pd.DataFrame(flow),
    }


SERUM, URINE = "serum M-protein", "urine M-protein"


def test_the_bar_is_the_deepest_value_of_the_leading_marker_up_to_progression():
    rows = [(2, SERUM, "yes", -20.0), (5, SERUM, "yes", -60.0), (9, SERUM, "yes", -90.0), (5, URINE, "yes", -95.0),
            (5, "dFLC", "no", -99.0)]  # fmt: skip
    bar = dict(zip(["patient", "group", "marker", "change", "response"],
                   [c.text for c in clinical.waterfall(seen(rows)).table.rows[0]], strict=True))  # fmt: skip
    assert (bar["marker"], bar["change"], bar["response"]) == (SERUM, "-90", "SD")
    early = clinical.waterfall(seen(rows, progression="2021-03-05")).table.rows[0]
    assert [c.text for c in early][3] == "-60"
    later = clinical.waterfall(seen(rows, therapy_day=9)).table.rows[0]
    assert [c.text for c in later][3] == "-60"


def test_nobody_with_a_followed_marker_has_no_waterfall():
    assert clinical.waterfall(seen([(5, SERUM, "no", -60.0)])) is None


# ---------------------------------------------------------------- tables


def definitions(**groups):
    rows = [
        {"patient": p, "definition": d, "group": g, "chosen": "yes" if d == "A" else "no",
         "differs": "yes" if g != of["A"] else "no", "decided_by": f"why {d}", "rule": f"{d}: made up"}
        for p, of in groups.items() for d, g in of.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_changes_list_who_moves_and_who_changes_side():
    made = definitions(
        P1={"A": EARLY, "B": POOR, "C": EARLY, "D": NOT_EVALUABLE, "E": EARLY},
        P2={"A": POOR, "B": POOR, "C": POOR, "D": NOT_EVALUABLE, "E": POOR},
        P3={"A": NEITHER, "B": EARLY, "C": NEITHER, "D": NOT_EVALUABLE, "E": NEITHER},
    )
    anchors = sections.Anchors(["P1", "P2", "P3"])
    table = clinical.changes(made, anchors)
    assert "2 of 3 patients" in table.caption and "1 of them on the other side" in table.caption
    assert [c[0] for c in table.columns][1:5] == ["A (main)", "B", "C", "E"]  # nobody is on a list: no D
    assert [c.text for c in table.rows[0]][5:] == ["B", "B: why B"]
    assert [c.text for c in table.rows[1]][0] == "P3"
    counted = {row[0].text: [c.text for c in row[1:]] for row in clinical.counts(made).rows}
    assert counted["B"] == ["1", "2", "0", "0", "2"]


def test_results_put_the_main_analysis_first():
    made = chapter(fabricate.cohort(n=20))["results"]
    first = [c.text for c in made.rows[0]]
    assert first[:3] == ["TTP", "trial (main)", "ITT"]


def test_the_chapter_is_the_same_from_the_files(tmp_path):
    made = fabricate.cohort(n=12, seed=4)
    direct = chapter(made)
    for name, path in made.write(tmp_path).items():
        made.frames[name] = tables.read(path, getattr(tables, NAMES[name]))
    again = chapter(made)
    assert [[c.text for c in r] for r in again["results"].rows] == [
        [c.text for c in r] for r in direct["results"].rows
    ]
    assert again["swimmer"].svg == direct["swimmer"].svg


NAMES = {value.name: name for name, value in vars(tables).items() if isinstance(value, tables.Table)}


def test_bars_above_the_axis_are_cut_and_say_so(tmp_path):
    rows = [{"patient": "P", "group": POOR, "marker": SERUM, "change": 250.0, "response": "SD", "order": 0}]
    drawn = clinical_figures.waterfall(rows)
    assert "+250" in figures.svg(drawn, "w", "t")
    drawn.savefig(tmp_path / "w.png")
    assert matplotlib.image.imread(tmp_path / "w.png").size


def rates_of(given=(), unknown=(), assessed=True):
    """A cohort of 12 of whom some have a best response as given, and some an unknown maintenance."""
    cohort = fabricate.cohort(n=12, seed=3)
    seen = cohort.frames | {"rule_set": "trial"}
    response = seen["response"].copy()
    response.loc[response.index[list(given)], "response_source"] = "given"
    response.loc[response.index[list(unknown)], "maintenance"] = "not_known"
    seen["response"] = response
    seen["flow"] = seen["flow"].copy()
    out = seen["flow"]["patient"].isin(response["patient"].iloc[list(unknown)])
    seen["flow"].loc[out & (seen["flow"]["analysis"] == "maintenance"), ["included", "reason"]] = [
        "no",
        "x: y",
    ]
    seen["response_rates"] = association.response_rates(
        response, association.populations(seen["flow"]), 0.95, assessed
    )
    return seen


def test_rates_say_who_is_left_out_of_which_period_and_why():
    seen = rates_of(given=(0, 1, 2), unknown=(5,))
    said = {row[0].text: row[4].text for row in clinical.rates(seen).rows}
    assert said["Intention to treat"] == "post-induction: 3 best response as given, of no known onset"
    entered = said["Intention to treat, entered maintenance"]
    assert "post-maintenance: 1 not known whether maintenance began" in entered
    table = sections.rates_table(seen)
    assert (
        "post-induction 9 (left out: 3 best response as given, of no known onset); post-maintenance 12;"
        in table.caption
    )
    assert "all enrolled" not in table.caption and "12 of 12 enrolled" in table.caption
    assert " of 9 " in table.rows[0][1].text and " of 12 " in table.rows[0][2].text


def test_without_assessments_who_has_no_response_given_is_not_known_and_no_non_responder():
    seen = rates_of(given=range(8), assessed=False)
    figure = sections.response(seen)["figure"]
    counted = {row[1].text: row[2].text for row in figure.table.rows}
    assert counted["not known"] == "4" and sum(int(n) for n in counted.values()) == 12
    assert "Response not known" in figure.caption
    assert (
        "(left out: 4 response not known: none given and no assessments)"
        in sections.rates_table(seen).caption
    )
