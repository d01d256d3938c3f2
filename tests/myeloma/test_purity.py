"""Purity and states on simulated segments of known purity, ploidy, copies and clonal fraction.

The simulation has its own arithmetic of mixtures (sums over cells), not that of the module.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from myeloma import purity

SETTINGS = yaml.safe_load(
    (Path(__file__).resolve().parents[2] / "config/config.yaml").read_text(encoding="utf-8")
)["copy_number"]
ACROCENTRIC = (13, 14, 15, 21, 22)
ARMS = [f"chr{c}{arm}" for c in range(1, 23) for arm in "pq" if not (c in ACROCENTRIC and arm == "p")]
LOSS, GAIN, CN_LOH, AMP = (1, 0), (3, 1), (2, 0), (4, 1)


def simulate(rng, share, events, base=(2, 1), noise=0.15, targets=25, sites=35, depth=100, maf=True):
    """Segments (one an arm) of a sample of which `share` of the cells are tumour.

    `events`: arm -> (total, minor, clonal fraction).
    """
    rows = []
    for arm in ARMS:
        total, minor, fraction = events.get(arm, (*base, 1.0))
        cells = ((share * fraction, total, minor), (share * (1 - fraction), *base), (1 - share, 2, 1))
        copies = sum(weight * t for weight, t, _ in cells)
        b = sum(weight * m for weight, _, m in cells) / max(copies, 1e-9)
        rows.append((arm, copies, min(b, 1 - b)))
    middle = np.median([copies for _, copies, _ in rows])
    out = []
    for arm, copies, b in rows:
        own = noise / np.sqrt(targets)
        log2 = np.log2(max(copies, 0.05) / middle) + rng.normal(0, 0.015) + rng.normal(0, own)
        wide = 0.6 / np.sqrt(sites * depth)
        seen = b + rng.normal(0, wide)
        seen = min(seen, 1 - seen)
        alleles = (
            (seen, seen - 1.28 * wide, min(0.5, seen + 1.28 * wide), sites) if maf else (np.nan,) * 3 + (0,)
        )
        out.append((arm[:-1], arm, log2, log2 - 1.28 * own, log2 + 1.28 * own, targets, *alleles))
    names = "chrom arm log2 log2_low log2_high targets minor_fraction minor_low minor_high het_sites"
    return pd.DataFrame(out, columns=names.split())


def called(segments, given=None):
    found = purity.fit(segments, given, SETTINGS)
    return found, purity.call_states(segments, found, SETTINGS).set_index("arm")


def myeloma(rng, most=6):
    """A random myeloma-like genome: hyperdiploid or not, a few arm events, a quarter of them subclonal."""
    events = {}
    if rng.random() < 0.5:
        for chromosome in rng.choice([3, 5, 7, 9, 11, 15, 19, 21], rng.integers(3, 7), replace=False):
            events |= {f"chr{chromosome}{arm}": (*GAIN, 1.0) for arm in "pq"}
    for arm in rng.choice(ARMS, rng.integers(0, most), replace=False):
        state = [LOSS, GAIN, CN_LOH, AMP][rng.choice(4, p=[0.45, 0.3, 0.15, 0.1])]
        events[arm] = (*state, 1.0 if rng.random() < 0.75 else float(rng.choice([0.3, 0.5, 0.7])))
    return {arm: event for arm, event in events.items() if arm in ARMS}


@pytest.fixture(scope="module")
def many():
    """300 simulated tumours with their truth and what was called."""
    rng = np.random.default_rng(20)
    rows = []
    for _ in range(300):
        share = rng.choice([0.3, 0.45, 0.6, 0.75, 0.9, 1.0])
        events = myeloma(rng)
        given = None if rng.random() < 0.5 else float(np.clip(share + rng.normal(0, 0.08), 0.1, 1))
        found, states = called(simulate(rng, share, events), given)
        right = wrong = 0
        if found.used is not None:
            for arm, row in states.iterrows():
                state = (row["total_copies"], row["minor_copies"])
                expect = events.get(arm, (2, 1, 1.0))[:2]
                right += arm in events and state == expect
                wrong += arm not in events and state != (2, 1)
        rows.append((share, len(events), found.status, found.purity, found.used, right, wrong))
    return pd.DataFrame(rows, columns=["share", "events", "status", "purity", "used", "right", "wrong"])


def test_purity_within_five_points_where_it_says_resolved(many):
    resolved = many[many["status"] == "resolved"]
    assert len(resolved) >= 200
    assert ((resolved["purity"] - resolved["share"]).abs() <= 0.05).mean() >= 0.97


def test_a_genome_of_many_events_is_resolved(many):
    assert (many.loc[many["events"] >= 8, "status"] == "resolved").mean() >= 0.95


def test_a_flat_genome_is_never_resolved(many):
    flat = many[many["events"] == 0]
    assert len(flat) >= 10
    assert set(flat["status"]) == {"unresolved"}


def test_states_recall_and_precision(many):
    usable = many[many["used"].notna()]
    recall = usable["right"].sum() / usable["events"].sum()
    precision = usable["right"].sum() / (usable["right"].sum() + usable["wrong"].sum())
    assert recall >= 0.95
    assert precision >= 0.99


def test_flat_profile_uses_the_sorted_purity_and_says_so():
    found, states = called(simulate(np.random.default_rng(1), 0.7, {}), given=0.8)
    assert (found.status, found.purity, found.used) == ("unresolved", None, 0.8)
    assert "flat profile" in found.reason
    assert set(states["total_copies"]) == {2}


def test_flat_profile_without_sorted_purity_states_no_copies():
    found, states = called(simulate(np.random.default_rng(1), 0.7, {}))
    assert found.used is None and found.ploidy is None
    assert states[["copies", "total_copies", "minor_copies", "clonal_fraction"]].isna().all().all()


def test_one_changed_chromosome_does_not_resolve_the_purity():
    found, _ = called(simulate(np.random.default_rng(2), 0.9, {"chr13q": (*LOSS, 0.5)}))
    assert found.status == "unresolved"
    assert "clonal and subclonal" in found.reason


def test_sorted_purity_tells_a_subclonal_loss_from_a_low_purity():
    segments = simulate(np.random.default_rng(3), 0.9, {"chr17p": (*LOSS, 0.4)})
    _, states = called(segments, given=0.9)
    assert states.loc["chr17p", "total_copies"] == 1
    assert states.loc["chr17p", "clonal_fraction"] == pytest.approx(0.4, abs=0.1)


@pytest.mark.parametrize("share", [0.4, 0.6, 0.8, 1.0])
def test_subclonal_loss_beside_clonal_events(share):
    events = {"chr13q": (*LOSS, 1.0), "chr1q": (*GAIN, 1.0), "chr14q": (*LOSS, 1.0), "chr17p": (*LOSS, 0.5)}
    found, states = called(simulate(np.random.default_rng(4), share, events))
    assert found.purity == pytest.approx(share, abs=0.05)
    assert states.loc["chr17p", "clonal_fraction"] == pytest.approx(0.5, abs=0.08 / share)
    assert states.loc["chr13q", "clonal_fraction"] == 1.0


def test_copy_neutral_loh_is_seen_by_the_allele_fraction_alone():
    events = {"chr16q": (*CN_LOH, 1.0), "chr13q": (*LOSS, 1.0), "chr1q": (*GAIN, 1.0)}
    _, states = called(simulate(np.random.default_rng(5), 0.7, events))
    assert tuple(states.loc["chr16q", ["total_copies", "minor_copies"]]) == CN_LOH


def test_without_allele_fractions_the_sorted_purity_is_used_and_minor_copies_stay_empty():
    events = {"chr13q": (*LOSS, 1.0), "chr1q": (*GAIN, 1.0), "chr8p": (*LOSS, 1.0), "chr9q": (*GAIN, 1.0)}
    segments = simulate(np.random.default_rng(6), 0.8, events, maf=False)
    found, states = called(segments, given=0.8)
    assert (found.status, found.used) == ("unresolved", 0.8) and "allele fractions" in found.reason
    assert states["minor_copies"].isna().all()
    assert states.loc["chr13q", "total_copies"] == 1 and states.loc["chr1q", "total_copies"] == 3
    assert called(segments)[0].used is None


def test_doubled_genome_with_odd_states():
    events = {"chr17p": (2, 0, 1.0), "chr1q": (5, 2, 1.0), "chr13q": (3, 1, 1.0), "chr8p": (3, 1, 1.0)}
    events |= {"chr6q": (2, 0, 1.0), "chr9q": (6, 2, 1.0), "chr14q": (2, 0, 1.0)}
    found, states = called(simulate(np.random.default_rng(7), 0.8, events, base=(4, 2)))
    assert found.base == (4, 2)
    assert found.purity == pytest.approx(0.8, abs=0.05)
    assert found.ploidy == pytest.approx(3.9, abs=0.2)
    assert states.loc["chr13q", "total_copies"] == 3 and states.loc["chr2p", "total_copies"] == 4


def test_diploid_genome_with_even_states_is_not_called_doubled():
    events = {"chr16q": (*CN_LOH, 1.0), "chr13q": (*LOSS, 1.0), "chr1q": (*GAIN, 1.0), "chr9q": (*GAIN, 1.0)}
    found, _ = called(simulate(np.random.default_rng(8), 0.6, events))
    assert found.base == (2, 1)


def test_below_the_smallest_clonal_fraction_integer_copies_are_those_of_the_other_cells():
    events = {"chr13q": (*LOSS, 1.0), "chr1q": (*GAIN, 1.0), "chr8p": (*LOSS, 1.0), "chr17p": (*LOSS, 0.15)}
    segments = simulate(np.random.default_rng(9), 1.0, events, noise=0.02, depth=1000)
    _, states = called(segments)
    assert states.loc["chr17p", "clonal_fraction"] < SETTINGS["min_clonal_fraction"]
    assert tuple(states.loc["chr17p", ["total_copies", "minor_copies"]]) == (2, 1)
    assert states.loc["chr17p", "copies"] == pytest.approx(1.85, abs=0.06)


def test_no_segment_with_enough_targets():
    segments = simulate(np.random.default_rng(10), 0.8, {}, targets=4)
    found, states = called(segments, given=0.8)
    assert found.used is None and "targets" in found.reason
    assert states["total_copies"].isna().all()


def test_purity_far_from_the_sorted_purity_is_said():
    events = {arm: (*LOSS, 1.0) for arm in ("chr13q", "chr14q", "chr8p", "chr16q", "chr1p", "chr6q")}
    found, _ = called(simulate(np.random.default_rng(11), 0.9, events), given=0.5)
    assert found.status == "resolved" and "sorted purity" in found.reason


def test_half_pure_diploid_and_pure_doubled_genomes_are_the_same_data_and_stay_unresolved():
    # purity 0.5 with copies n and purity 1 with n + 2 copies give equal ratios and allele fractions
    events = {arm: (*LOSS, 1.0) for arm in ("chr13q", "chr14q", "chr8p", "chr16q", "chr1p", "chr6q")}
    found, _ = called(simulate(np.random.default_rng(11), 0.5, events), given=0.95)
    assert found.status == "unresolved" and found.used == 0.95


@pytest.mark.parametrize(
    ("log2", "share", "germline", "copies"),
    [(np.log2(1.5 / 2), 0.5, 2, 1.0), (0.0, 0.3, 2, 2.0), (-1.0, 0.8, 1, 1.0), (-9.0, 0.5, 2, 0.0)],
)
def test_copies_of_a_ratio(log2, share, germline, copies):
    assert purity.copies_of(log2, share, 0.0, germline) == pytest.approx(copies)


@pytest.mark.parametrize(
    ("share", "total", "minor", "copies", "maf"),
    [(1.0, 1, 0, 1.0, 0.0), (0.5, 1, 0, 1.5, 1 / 3), (0.6, 2, 0, 2.0, 0.2), (1.0, 3, 1, 3.0, 1 / 3)],
)
def test_expected_values_by_hand(share, total, minor, copies, maf):
    assert purity.expected(share, total, minor) == pytest.approx((copies, maf))
