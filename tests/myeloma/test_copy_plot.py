"""The copy-number plot: drawn for every odd input, small, the same bytes twice, and what it says."""

import re

import numpy as np
import pandas as pd
import pytest

from myeloma import copy_plot, tables

LENGTH = 1_000_000


def arms():
    rows = [
        (f"chr{c}", a, s, e, "yes")
        for c in (*range(1, 23), "X", "Y")
        for a, s, e in (("p", 1, LENGTH // 2), ("q", LENGTH // 2 + 1, LENGTH))
    ]
    return pd.DataFrame(rows, columns=["chrom", "arm", "start", "end", "informative"])


def regions():
    names = ("del1p32", "gain1q", "del17p", "del13q")
    rows = [(name, "copy_number", f"chr{re.findall('[0-9]+', name)[0]}", 400_000, 410_000) for name in names]
    return pd.DataFrame(rows, columns=["name", "kind", "chrom", "start", "end"]).assign(
        genes="", source="here"
    )


def ratios(number=400, seed=1):
    rng = np.random.default_rng(seed)
    chroms = np.repeat([f"chr{c}" for c in (*range(1, 23), "X")], number // 23 + 1)[:number]
    start = rng.integers(1, LENGTH, number)
    return pd.DataFrame(
        {"chrom": chroms, "start": start, "end": start + 100, "log2": rng.normal(0, 0.2, number)}
    )


def hets(number=300):
    seen = ratios(number, 2)
    made = {"chrom": seen["chrom"], "position": range(1, number + 1), "depth": 90, "alt_fraction": 0.4}
    return tables.conform(pd.DataFrame(made), tables.HET_SITES)


def segments(total=2, minor=1):
    rows = [
        {"patient": "P", "sample": "T", "chrom": f"chr{c}", "start": 1, "end": LENGTH, "log2": 0.0, "targets": 20,
         "minor_fraction": 0.5, "het_sites": 9, "copies": total, "total_copies": total, "minor_copies": minor,
         "clonal_fraction": 0.4 if c == 3 else np.nan, "germline_copies": 2}
        for c in range(1, 23)
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=tables.SEGMENTS.names())
    return tables.conform(frame, tables.SEGMENTS)


def summary(**changes):
    return pd.Series(
        {"patient": "P", "purity": 0.8, "interval": "0.76-0.84", "status": "resolved", "purity_used": 0.8, "ploidy": 2.1,
         "base_copies": 2, "mode": "tumour_normal", "reason": ""} | changes
    )  # fmt: skip


def events(state="present"):
    rows = [
        dict.fromkeys(tables.COPY_EVENTS.names())
        | {"patient": "P", "sample": "T", "event": name, "kind": "copy_number", "extent": "", "state": state}
        for name in ("del17p", "gain1q", "amp1q")
    ]
    return tables.conform(pd.DataFrame(rows), tables.COPY_EVENTS)


def drawn(tmp_path, sample="T", failed="", **changes):
    given = {
        "summary": summary(),
        "ratios": ratios(),
        "hets": hets(),
        "segments": segments(),
        "events": events(),
    } | changes
    figure = copy_plot.draw(
        sample, given["summary"], failed, given["ratios"], given["hets"], given["segments"], given["events"], regions(), arms()
    )  # fmt: skip
    copy_plot.save(figure, sample, tmp_path / "a.svg", tmp_path / "a.png")
    return (tmp_path / "a.svg").read_text(encoding="utf-8")


def test_plot_says_purity_and_marks_what_is_present(tmp_path):
    text = drawn(tmp_path)
    assert "purity 0.80 (0.76–0.84); ploidy 2.10" in text and "gates passed" in text
    assert "amp1q  +" in text and "del17p  +" in text and "40 %" in text
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_same_tables_give_the_same_bytes(tmp_path):
    assert drawn(tmp_path) == drawn(tmp_path)


def test_an_exome_of_200000_targets_stays_small(tmp_path):
    drawn(tmp_path, ratios=ratios(200_000), hets=hets(20_000))
    assert (tmp_path / "a.svg").stat().st_size < 150_000


def test_unresolved_purity_is_shown_as_such(tmp_path):
    text = drawn(tmp_path, summary=summary(status="unresolved", purity=np.nan, purity_used=0.9))
    assert "purity unresolved; states drawn at the sorted purity 0.90" in text
    lost = summary(
        status="unresolved", purity=np.nan, purity_used=np.nan, base_copies=np.nan, reason="flat profile"
    )
    text = drawn(tmp_path, summary=lost, segments=segments(np.nan, np.nan))
    assert "not assessable: purity unresolved: flat profile" in text


def test_failed_gate_is_grey_and_named(tmp_path):
    text = drawn(tmp_path, failed="median depth 12 fails the gate of 30")
    assert "not assessable: median depth 12" in text and "gates not passed" in text
    assert copy_plot.VERMILION.lower() not in text.lower() and copy_plot.BLUE.lower() not in text.lower()


@pytest.mark.parametrize(
    "changes",
    [
        {"hets": tables.empty(tables.HET_SITES)},
        {"segments": tables.empty(tables.SEGMENTS)},
        {"ratios": ratios(23).iloc[:0]},
        {"events": tables.empty(tables.COPY_EVENTS)},
    ],
)
def test_empty_inputs_are_drawn(tmp_path, changes):
    assert "</svg>" in drawn(tmp_path, **changes)


def test_hostile_name_is_text(tmp_path):
    assert "<script>" not in drawn(tmp_path, sample="<script>$x^2$")


def test_x_and_y_only_where_they_were_measured():
    seen = ratios()
    assert copy_plot.genome(arms(), [seen]).chroms[-1] == "X"
    assert copy_plot.genome(arms(), [seen[seen["chrom"] != "chrX"]]).chroms[-1] == "22"


def test_labels_do_not_touch():
    placed = copy_plot.spread([1, 1.1, 1.2, 50, 99.9, 100], 2, 0, 100)
    assert (np.diff(placed) >= 2 - 1e-9).all() and placed.max() <= 100
