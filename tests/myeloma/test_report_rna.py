"""The RNA chapter says what its tables say, also of empty ones."""

import pandas as pd
from tests import fabricate

from myeloma import tables
from myeloma.report import figures, rna, sections


def made(**shape):
    frames = fabricate.cohort(**shape).frames
    return frames, sections.Anchors(sorted(set(frames["samples"]["patient"])))


def test_failed_samples_are_named():
    frames, anchors = made(n=4, seed=1)
    rows = frames["rna_purity"]
    rows.loc[rows.index[0], ["state", "reason"]] = ["absent", "rna_plasma_cells 0.05 < 0.2"]
    rows.loc[rows.index[1], "state"] = "not_assessable"
    bad = rows["sample"].iloc[0]
    told = rna.purity_sentence(rows)
    assert f"1 cannot be assessed, 1 fail ({bad})" in told
    assert f"{len(rows) - 2} hold the RNA" in told
    shown = rna.purity(frames, anchors)
    cells = {row[1].text: row[4] for row in shown.rows}
    assert cells[bad].text == "other cells" and cells[bad].look == "lamp fail"


def test_what_moves_the_samples():
    frames, _ = made(n=8, seed=1)
    assert rna.moved(frames["pc_associations"]).endswith("q < 0.05: PC1 with centre.")
    none = frames["pc_associations"].assign(q=0.5)
    assert "none with q < 0.05" in rna.moved(none)
    assert rna.moved(none.assign(q=float("nan"))) == "No factor could be tested: too few samples or values."
    first = rna.associations(frames["pc_associations"]).rows
    assert [row[1].text for row in first] == ["centre", "rin", "batch"]
    assert first[2][-1].text == "one value in all samples"


def test_nothing_to_show():
    empty = {
        "rna_purity": tables.empty(tables.RNA_PURITY),
        "pc_associations": tables.empty(tables.PC_ASSOCIATIONS),
        "sample_map": tables.empty(tables.SAMPLE_MAP),
    }
    chapter = rna.chapter(empty, sections.Anchors([]))
    assert chapter["factors"] is None and not chapter["purity"].rows
    assert chapter["purity_sentence"] == "No RNA sample in this run."
    assert chapter["moved"] == "No component was computed."


def test_names_of_the_sheet_are_inert_in_the_figure():
    frames, _ = made(n=6, seed=1)
    rows = frames["sample_map"].assign(centre="<b>$x$</b>", rin=float("nan"), used="no")
    text = figures.svg(rna.draw_factors(pd.DataFrame(rows)), "map-factors", "t")
    assert "<b>" not in text and "&lt;b&gt;$x$&lt;" in text and "not given" in text
