"""Each threshold of the copy-number events from both sides; not looked at is never absent."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from myeloma import copy_events, tables

CONFIG = yaml.safe_load(
    (Path(__file__).resolve().parents[2] / "config/config.yaml").read_text(encoding="utf-8")
)
SETTINGS = {"copy_number": CONFIG["copy_number"], "gates": CONFIG["gates"]}
ODD = ("3", "5", "7", "9", "11", "15", "19", "21")
PLACES = {"del17p": ("17", "p"), "gain1q": ("1", "q"), "del1p32": ("1", "p"), "del13q": ("13", "q")}


def regions():
    rows = [
        (name, "copy_number", f"chr{c}", 40 if arm == "p" else 140, 60 if arm == "p" else 160)
        for name, (c, arm) in PLACES.items()
    ]
    return pd.DataFrame(rows, columns=["name", "kind", "chrom", "start", "end"]).assign(
        genes="", source="here"
    )


def arms():
    acrocentric = {"13", "14", "15", "21", "22"}
    rows = [
        (f"chr{c}", arm, start, end, "no" if arm == "p" and str(c) in acrocentric else "yes")
        for c in range(1, 23)
        for arm, start, end in (("p", 1, 100), ("q", 101, 200))
    ]
    return pd.DataFrame(rows, columns=["chrom", "arm", "start", "end", "informative"])


def segment(chrom, start, end, total=2, minor=1, fraction=np.nan, copies=None):
    of = copies if copies is not None else (2 + (total - 2) * (1 if np.isnan(fraction) else fraction))
    return {
        "patient": "P", "sample": "T", "chrom": f"chr{chrom}", "start": start, "end": end, "log2": np.log2(max(of, 0.1) / 2),
        "log2_low": -0.1, "log2_high": 0.1, "targets": end - start + 1, "minor_fraction": 0.5, "het_sites": 40,
        "copies": of, "total_copies": total, "minor_copies": minor, "clonal_fraction": fraction,
        "clonal_low": fraction, "clonal_high": fraction, "other_total_copies": np.nan if np.isnan(fraction) else 2,
        "other_minor_copies": np.nan if np.isnan(fraction) else 1, "germline_copies": 2,
    }  # fmt: skip


def genome(changes=(), without=()):
    """Arms of two copies, some of them replaced by `changes` (lists of segments keyed by chromosome, arm)."""
    changes = dict(changes)
    rows = []
    for chrom in map(str, range(1, 23)):
        for arm, start, end in (("p", 1, 100), ("q", 101, 200)):
            if (chrom, arm) in without:
                continue
            rows.extend(changes.get((chrom, arm), [segment(chrom, start, end)]))
    return tables.conform(pd.DataFrame(rows), tables.SEGMENTS)


def measures(targets=100, log2=0.0, regions_targets=60, sites=40, depth=100):
    """What the targets say: the same window in every region and arm."""
    seen = (targets, sites, depth)
    rows = [
        ("P", "T", name, "region", f"chr{c}", 40, 60, regions_targets, log2, 1, 100, *seen)
        for name, (c, _) in PLACES.items()
    ]
    for row in arms()[arms()["informative"] == "yes"].itertuples():
        place = (row.chrom, row.start, row.end)
        rows.append(("P", "T", f"{row.chrom[3:]}{row.arm}", "arm", *place, targets, 0.0, *place[1:], *seen))
    return tables.conform(pd.DataFrame(rows, columns=tables.COPY_REGIONS.names()), tables.COPY_REGIONS)


def fitted(**changes):
    row = {
        "patient": "P", "sample": "T", "purity": 0.8, "ploidy": 2.0, "status": "resolved", "interval": "0.76-0.84",
        "sorted_purity": 0.8, "purity_used": 0.8, "base_copies": 2, "base_margin": 20.0, "noise": 0.15, "scatter": 0.01,
        "panel_normals": 6, "panel": "", "mode": "tumour_normal", "reason": "",
    }  # fmt: skip
    return tables.conform(pd.DataFrame([row | changes]), tables.PURITY)


def gate(verdict="pass"):
    row = {
        "patient": "P", "sample": "T", "assay": "wes", "tissue": "tumour", "gate": "median_target_depth",
        "value": 12.0, "threshold": 30.0, "verdict": verdict, "reason": "",
    }  # fmt: skip
    return tables.conform(pd.DataFrame([row]), tables.QC)


def events(segments=None, purity=None, qc=None, targets=None, table=None):
    made = copy_events.copy_number_events(
        genome() if segments is None else segments,
        fitted() if purity is None else purity,
        gate() if qc is None else qc,
        regions() if table is None else table,
        arms(),
        measures() if targets is None else targets,
        SETTINGS,
    )
    return made.set_index("event")


def call(*args, **changes):
    made = copy_events.abnormality_rows(events(*args, **changes).reset_index())
    return tables.conform(made, tables.ABNORMALITIES).set_index("abnormality")


def with_arm(name, total, minor, fraction=1.0, copies=None):
    chrom, arm = PLACES[name]
    start, end = (1, 100) if arm == "p" else (101, 200)
    return genome({(chrom, arm): [segment(chrom, start, end, total, minor, fraction, copies)]})


def test_a_flat_powered_genome_is_absent_everywhere():
    rows = call()
    assert set(rows.index) == set(copy_events.kinds(regions(), SETTINGS["copy_number"]))
    assert {*copy_events.NAMES, copy_events.HIGH_FRACTION, "hyperdiploidy", "cnloh_17p"} <= set(rows.index)
    assert set(rows["state"]) == {"absent"}
    assert rows.loc["hyperdiploidy", "kind"] == "ploidy"
    assert (rows["threshold"] != "").all() and (rows["evidence"] != "").all()


@pytest.mark.parametrize(
    ("fraction", "state"), [(0.19, "not_assessable"), (0.20, "present"), (1.0, "present")]
)
def test_clonal_fraction_of_a_loss(fraction, state):
    total, minor = (1, 0) if fraction >= 0.20 else (2, 1)
    row = call(
        with_arm("del17p", total, minor, fraction, copies=2 - fraction - (0.02 if fraction < 0.2 else 0))
    )
    assert row.loc["del17p", "state"] == state


def test_a_small_loss_that_is_measured_below_the_threshold_is_absent():
    row = call(with_arm("del17p", 2, 1, 0.15, copies=1.85)).loc["del17p"]
    assert row["state"] == "absent"
    assert "1.85 copies" in row["value"]


@pytest.mark.parametrize(
    ("total", "minor", "gain", "amp"),
    [
        (2, 1, "absent", "absent"),
        (3, 1, "present", "absent"),
        (4, 1, "present", "present"),
        (6, 2, "present", "present"),
    ],
)
def test_three_copies_are_a_gain_and_four_are_an_amplification_and_a_gain(total, minor, gain, amp):
    rows = call(with_arm("gain1q", total, minor))
    assert (rows.loc["gain1q", "state"], rows.loc["amp1q", "state"]) == (gain, amp)


def test_copy_neutral_loh_is_no_loss():
    assert call(with_arm("del17p", 2, 0)).loc["del17p", "state"] == "absent"


def test_no_copy_left_is_a_loss():
    assert call(with_arm("del13q", 0, 0)).loc["del13q", "state"] == "present"


def test_part_of_a_region_counts_by_its_targets():
    halves = {("17", "p"): [segment("17", 1, 57), segment("17", 58, 100, 1, 0, 1.0)]}
    assert call(genome(halves)).loc["del17p", "state"] != "present"  # 3 of 21 targets: 0.14
    halves = {("17", "p"): [segment("17", 1, 55), segment("17", 56, 100, 1, 0, 1.0)]}
    row = call(genome(halves)).loc["del17p"]
    assert row["state"] == "present" and "0.24" in row["value"]


def test_region_between_segments_takes_the_nearest_of_its_own_arm_and_says_so():
    parts = {("17", "p"): [segment("17", 1, 30, 1, 0, 1.0), segment("17", 90, 100)]}
    row = call(genome(parts)).loc["del17p"]
    assert row["state"] == "present" and "nearest segment of its arm" in row["value"]


def test_region_of_an_arm_without_a_segment_is_not_assessable_even_beside_a_called_arm():
    row = call(genome(without={("17", "p")})).loc["del17p"]
    assert (row["state"], row["reason"]) == (
        "not_assessable",
        "no segment with a copy ratio covers the region or its arm",
    )


@pytest.mark.parametrize(("purity", "state"), [(0.19, "not_assessable"), (0.20, "present")])
def test_purity_gate(purity, state):
    row = call(with_arm("del17p", 1, 0), fitted(purity=purity, purity_used=purity)).loc["del17p"]
    assert row["state"] == state


def test_failed_gate_blocks_every_call_with_its_reason():
    rows = call(with_arm("del17p", 1, 0), qc=gate("fail"))
    assert set(rows["state"]) == {"not_assessable"}
    assert rows["reason"].str.contains("median_target_depth 12 fails the gate of 30").all()


def test_unresolved_purity_without_sorted_purity_blocks_every_call():
    lost = fitted(
        purity=np.nan, purity_used=np.nan, status="unresolved", reason="flat profile", base_copies=np.nan
    )
    rows = call(purity=lost)
    assert set(rows["state"]) == {"not_assessable"} and rows["reason"].str.contains("flat profile").all()


def test_tumour_without_targets_is_not_assessable_with_that_reason():
    blank = dict.fromkeys(
        ("purity", "ploidy", "purity_used", "base_copies", "noise", "scatter", "panel_normals"), np.nan
    )
    empty = fitted(**blank, status="", mode="", reason="the targets of kit x are not given")
    rows = call(tables.empty(tables.SEGMENTS), empty, targets=tables.empty(tables.COPY_REGIONS))
    assert set(rows["state"]) == {"not_assessable"} and rows["reason"].str.contains("kit x").all()


def test_absence_is_not_stated_where_the_region_was_not_measured():
    seen = measures()
    rows = call(targets=seen[seen["region"] != "del17p"])
    assert rows.loc["del17p", "state"] == "not_assessable"
    assert rows.loc["del13q", "state"] == "absent"


@pytest.mark.parametrize(("targets", "state"), [(14, "not_assessable"), (15, "absent")])
def test_absence_needs_the_power_for_the_smallest_clonal_fraction(targets, state):
    # 0.2 of the cells at purity 0.8: log2 -0.1203 = 3 x 0.0401, reached by noise 0.15 over 14.9 targets
    row = call(targets=measures(targets, regions_targets=targets, sites=0)).loc["del17p"]
    assert row["state"] == state
    assert ("smallest detectable" in row["reason"]) == (state == "not_assessable")


def test_amplification_has_more_power_than_a_gain():
    rows = call(targets=measures(17, regions_targets=17, sites=0))
    assert (rows.loc["gain1q", "state"], rows.loc["amp1q", "state"]) == ("not_assessable", "absent")


def test_presence_needs_no_power_for_absence():
    row = call(with_arm("del17p", 1, 0, 0.6), targets=measures(5, regions_targets=5)).loc["del17p"]
    assert row["state"] == "present"


def test_copies_between_two_states_are_no_absence():
    row = call(with_arm("del17p", 2, 1, np.nan, copies=1.75)).loc["del17p"]
    assert row["state"] == "not_assessable" and "lie between" in row["reason"]


def test_targets_of_the_region_that_contradict_their_segment_are_no_absence():
    row = call(targets=measures(log2=-0.5)).loc["del17p"]
    assert row["state"] == "not_assessable" and "off their segment" in row["reason"]
    assert call(targets=measures(log2=0.5)).loc["del17p", "state"] == "absent"


def test_detectable_fraction_by_hand():
    # pure diploid sample, error 0.1, z 3: the ratio falls to 2**-0.3, so 2 * (1 - 0.8123) = 0.3755 of the cells
    assert copy_events.detectable_fraction(-1, 1.0, 0.1, 2, 3) == 0.38
    assert copy_events.detectable_fraction(-1, 0.5, 0.1, 2, 3) == 0.76
    assert copy_events.detectable_fraction(2, 1.0, 0.1, 2, 3) == 0.24
    assert copy_events.detectable_fraction(-1, 0.3, 0.1, 2, 3) == float("inf")
    assert copy_events.detectable_fraction(-1, 1.0, float("inf"), 2, 3) == float("inf")


def test_heterozygous_sites_add_to_the_power_and_never_replace_the_copy_ratio():
    plain = copy_events.detectable_fraction(-1, 0.7, 0.04, 2, 3)
    helped = copy_events.detectable_fraction(-1, 0.7, 0.04, 2, 3, 30, 120, 0.015)
    assert helped < plain
    many = copy_events.detectable_fraction(-1, 0.7, 0.04, 2, 3, 100_000, 120, 0.015)
    assert many == copy_events.detectable_fraction(-1, 0.7, 0.04, 2, 1.5)


@pytest.mark.parametrize("x", [0.2, 0.5, 1.0, 2.0, 4.0])
def test_evidence_of_a_site_agrees_with_simulation(x):
    rng = np.random.default_rng(1)
    seen = rng.choice([-x, x], 400_000) + rng.normal(size=400_000)
    ratio = np.logaddexp(-0.5 * (seen - x) ** 2, -0.5 * (seen + x) ** 2) - np.log(2) + 0.5 * seen**2
    assert copy_events.allele_evidence(x, 1.0) == pytest.approx(ratio.mean(), abs=0.01 + 0.01 * x)


def odd(*names, length=100):
    """Gains of the given chromosomes; `length` bases of 200 of those with two informative arms."""
    made = {}
    for name in names:
        made[name, "p"] = [segment(name, 1, length, 3, 1, 1.0)]
        if length < 100:
            made[name, "p"].append(segment(name, length + 1, 100))
        made[name, "q"] = [segment(name, 101, 200, 3, 1, 1.0)]
    return genome(made)


@pytest.mark.parametrize(
    ("names", "state"),
    [((), "absent"), (("3",), "absent"), (("3", "15"), "present"), (("1", "2", "4", "6"), "absent")],
)
def test_two_of_the_odd_chromosomes(names, state):
    assert call(odd(*names)).loc["hyperdiploidy", "state"] == state


@pytest.mark.parametrize(("length", "state"), [(20, "absent"), (21, "present")])
def test_gain_over_more_than_sixty_percent_of_the_informative_length(length, state):
    # q arm (100) and `length` of the p arm (100): 120 / 200 = 0.60 is not more than 0.60
    assert call(odd("3", "5", length=length)).loc["hyperdiploidy", "state"] == state


def test_the_uninformative_arm_does_not_count_in_the_length():
    only_q = {
        ("15", "q"): [segment("15", 101, 200, 3, 1, 1.0)],
        ("21", "q"): [segment("21", 101, 200, 3, 1, 1.0)],
    }
    assert call(genome(only_q)).loc["hyperdiploidy", "state"] == "present"


def test_hyperdiploidy_is_open_while_unseen_chromosomes_could_make_it():
    gone = {(name, arm) for name in ("3", "5") for arm in "pq"}
    assert call(genome(without=gone)).loc["hyperdiploidy", "state"] == "not_assessable"
    one = {(name, arm) for name in ("3",) for arm in "pq"}
    assert call(genome(without=one)).loc["hyperdiploidy", "state"] == "absent"


def test_subclonal_gains_below_the_fraction_do_not_count():
    made = {
        (n, a): [segment(n, s, e, 3, 1, 0.1)]
        for n in ("3", "5")
        for a, s, e in (("p", 1, 100), ("q", 101, 200))
    }
    assert call(genome(made)).loc["hyperdiploidy", "state"] != "present"


def test_doubled_genome_is_compared_with_its_base():
    rows = [segment(c, s, e, 4, 2, np.nan, 4.0) for c in range(1, 23) for s, e in ((1, 100), (101, 200))]
    segments = tables.conform(pd.DataFrame(rows), tables.SEGMENTS)
    called = call(segments, fitted(base_copies=4, ploidy=4.0))
    assert called.loc["gain1q", "state"] == "absent" and called.loc["hyperdiploidy", "state"] == "absent"
    assert "genome doubled" in called.loc["gain1q", "value"]
    rows = [row | ({"total_copies": 3, "copies": 3.0} if row["chrom"] == "chr17" else {}) for row in rows]
    lost = call(tables.conform(pd.DataFrame(rows), tables.SEGMENTS), fitted(base_copies=4, ploidy=3.9))
    assert lost.loc["del17p", "state"] == "present"


def test_an_event_without_a_region_is_not_assessable():
    table = regions()
    row = call(table=table[table["name"] != "del17p"]).loc["del17p"]
    assert (row["state"], row["reason"]) == ("not_assessable", "no such region in reference.regions")


def test_further_regions_become_rows_and_unknown_names_are_refused():
    table = pd.concat([regions(), regions().iloc[:1].assign(name="del6q")])
    assert "del6q" in call(table=table).index
    with pytest.raises(ValueError, match="loss6q"):
        call(table=regions().assign(name="loss6q"))


def test_no_tumour_gives_no_row():
    made = copy_events.copy_number_events(
        tables.empty(tables.SEGMENTS), tables.empty(tables.PURITY), tables.empty(tables.QC), regions(), arms(),
        tables.empty(tables.COPY_REGIONS), SETTINGS,
    )  # fmt: skip
    assert made.empty and list(made.columns) == tables.COPY_EVENTS.names()


@pytest.mark.parametrize(
    ("fraction", "plain", "high"), [(0.4, "present", "absent"), (0.6, "present", "present")]
)
def test_del17p_has_a_sensitivity_row_at_a_higher_clonal_fraction(fraction, plain, high):
    table = call(with_arm("del17p", 1, 0, fraction, copies=2 - fraction))
    assert (table.loc["del17p", "state"], table.loc["del17p_high_fraction", "state"]) == (plain, high)
    assert "0.55" in table.loc["del17p_high_fraction", "threshold"]


# The table of events


def test_fish_equivalents_and_interval():
    row = events(with_arm("del17p", 1, 0, 0.5), fitted(interval="0.70-0.90")).loc["del17p"]
    assert (row["clonal_fraction"], row["fish_equivalent_sorted_percent"]) == (0.5, 50.0)
    assert row["fish_equivalent_unsorted_percent"] == 40.0  # purity 0.8
    assert (row["clonal_low"], row["clonal_high"]) == pytest.approx(
        (0.5 * 0.8 / 0.9, 0.5 * 0.8 / 0.7), abs=1e-3
    )
    quiet = events().loc["del17p"]
    assert quiet["fish_equivalent_sorted_percent"] == 0 and pd.isna(quiet["clonal_low"])
    assert 0 < quiet["minimal_detectable_fraction"] <= 0.2 and quiet["targets"] == 100


def test_not_assessable_has_no_fish_equivalent():
    row = events(qc=gate("fail")).loc["del17p"]
    assert row["state"] == "not_assessable" and pd.isna(row["fish_equivalent_sorted_percent"])


def test_second_change_on_top_of_the_first_counts_all_cells_with_it():
    """No copy in 0.4 of the cells and one in the others: loss in all, biallelic loss in 0.4."""
    row = segment("17", 1, 100, 0, 0, 0.4, 0.6) | {"other_total_copies": 1, "other_minor_copies": 0}
    rows = events(genome({("17", "p"): [row]}))
    assert rows.loc[["del17p", "biallelic_del17p"], "clonal_fraction"].tolist() == pytest.approx([1.0, 0.4])
    assert set(rows.loc[["del17p", "biallelic_del17p"], "state"]) == {"present"}


@pytest.mark.parametrize(("total", "state"), [(1, "absent"), (0, "present")])
def test_biallelic_is_no_copy_left(total, state):
    rows = events(with_arm("del1p32", total, 0))
    assert rows.loc["biallelic_del1p32", "state"] == state and rows.loc["del1p32", "state"] == "present"


@pytest.mark.parametrize(
    ("total", "minor", "fraction", "state"),
    [
        (2, 0, 1.0, "present"),
        (2, 0, 0.2, "present"),
        (3, 0, 1.0, "present"),
        (1, 0, 1.0, "absent"),
        (2, 1, np.nan, "absent"),
    ],
)
def test_copy_neutral_loh_of_an_arm(total, minor, fraction, state):
    row = events(with_arm("del17p", total, minor, fraction)).loc["cnloh_17p"]
    assert row["state"] == state
    assert row["extent"] == ("arm" if state == "present" else "")


def test_copy_neutral_loh_of_a_region_alone():
    parts = {("17", "p"): [segment("17", 1, 39), segment("17", 40, 60, 2, 0, 1.0), segment("17", 61, 100)]}
    row = events(genome(parts)).loc["cnloh_17p"]
    assert row["state"] == "present" and "regions del17p" in row["value"] and row["extent"] == "focal"


def test_loh_without_heterozygous_sites_is_not_assessable():
    assert events(targets=measures(sites=0)).loc["cnloh_17p", "state"] == "not_assessable"
    blind = events(with_arm("del17p", 2, np.nan, np.nan)).loc["cnloh_17p"]
    assert blind["state"] == "not_assessable" and "without allele fractions" in blind["reason"]


def test_detectable_loh_grows_with_sites_and_not_past_the_systematic_error():
    at = [copy_events.detectable_loh(0.8, 2, 3, sites, 100, 0.015) for sites in (0, 5, 40, 10**6)]
    assert at[0] == float("inf") and at[1] > at[2] > at[3]
    # 1.5 x 0.015 = 0.0225 = 0.8 x f / 2
    assert at[3] == pytest.approx(0.06, abs=0.005)


@pytest.mark.parametrize(
    ("base", "margin", "status", "state"),
    [(4, 5.0, "resolved", "present"), (2, 5.0, "resolved", "absent"), (4, 1.0, "resolved", "not_assessable"),
     (2, 1.0, "resolved", "not_assessable"), (2, np.nan, "unresolved", "not_assessable")],
)  # fmt: skip
def test_whole_genome_doubling(base, margin, status, state):
    row = events(purity=fitted(base_copies=base, base_margin=margin, status=status)).loc[
        "whole_genome_doubling"
    ]
    assert row["state"] == state and row["kind"] == "ploidy"


def test_trisomy_and_monosomy_of_single_chromosomes():
    rows = events(odd("3"))
    assert (rows.loc["trisomy3", "state"], rows.loc["trisomy9", "state"]) == ("present", "absent")
    lost = events(genome({("13", "q"): [segment("13", 101, 200, 1, 0, 0.6)]})).loc["monosomy13"]
    assert (lost["state"], lost["clonal_fraction"]) == ("present", 0.6)


@pytest.mark.parametrize(
    ("start", "end", "bases", "extent"),
    [(1, 100, 5e6, "arm"), (35, 65, 5e6, "focal"), (35, 65, 30, "partial")],
)
def test_extent_of_a_change(start, end, bases, extent, monkeypatch):
    parts = [segment("17", start, end, 1, 0, 1.0)]
    parts += [segment("17", 1, start - 1)] if start > 1 else []
    parts += [segment("17", end + 1, 100)] if end < 100 else []
    monkeypatch.setitem(SETTINGS, "copy_number", {**SETTINGS["copy_number"], "focal_max_bases": bases})
    assert events(genome({("17", "p"): parts})).loc["del17p", "extent"] == extent


@pytest.mark.parametrize(
    ("total", "fraction", "loss", "biallelic"),
    [(1, np.nan, "absent", "absent"), (0, 1.0, "present", "present")],
)
def test_what_the_matched_normal_has_is_not_somatic(total, fraction, loss, biallelic):
    row = segment("17", 1, 100, total, np.nan, fraction, total) | {"germline_copies": 1}
    rows = events(genome({("17", "p"): [row]}))
    assert (rows.loc["del17p", "state"], rows.loc["biallelic_del17p", "state"]) == (loss, biallelic)
    assert "germline: the matched normal has 1 copies" in rows.loc["del17p", "value"]
    assert rows.loc["cnloh_17p", "state"] == "not_assessable"


def test_focal_change_without_a_normal_says_that_it_may_be_of_the_germline():
    parts = {("17", "p"): [segment("17", 1, 39), segment("17", 40, 60, 1, 0, 1.0), segment("17", 61, 100)]}
    value = events(genome(parts), fitted(mode="tumour_only")).loc["del17p", "value"]
    assert "germline copy-number variant is not excluded" in value


def test_no_segment_at_all_is_not_assessable():
    rows = events(tables.empty(tables.SEGMENTS))
    assert set(rows.drop("whole_genome_doubling")["state"]) == {"not_assessable"}


@pytest.mark.parametrize(
    ("copies", "minor_fraction", "state"),
    [
        (1.7, 0.44, "present"),
        (1.7, 0.5, "not_assessable"),
        (1.82, 0.44, "absent"),
        (1.7, np.nan, "not_assessable"),
    ],
)
def test_a_loss_shown_by_ratio_and_alleles_counts_where_the_state_is_the_unchanged_one(
    copies, minor_fraction, state
):
    """0.3 of the cells at purity 0.8: 0.88 of the reads, log2 -0.18, nine errors of 0.15 / sqrt(100) and 0.01."""
    row = segment("17", 1, 100, 2, 1, np.nan, copies) | {"minor_fraction": minor_fraction}
    seen = events(genome({("17", "p"): [row]})).loc["del17p"]
    assert seen["state"] == state
    if state == "present":
        assert seen["clonal_fraction"] == pytest.approx(0.3) and "by the copy ratio" in seen["value"]
        assert seen["clonal_low"] < 0.3 < seen["clonal_high"]
