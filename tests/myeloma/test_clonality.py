"""Cancer cell fraction: the formula against numbers by hand, the interval against simulated reads."""

import numpy as np
import pandas as pd
import pytest

from myeloma import clonality, tables
from myeloma.clonality import CLONAL, NOT_ASSESSABLE, SUBCLONAL, Locus

RULES = {"confidence": 0.95, "fit_confidence": 0.999, "clonal_fraction": 0.90, "clonal_above": 0.60}
BALANCED = Locus(2, 1, 1.0, 2, 1, 2)


def exact(purity):
    return (purity, purity, purity)


@pytest.mark.parametrize(
    ("fraction", "purity", "copies", "normal", "mutated"),
    [
        # by hand: heterozygous in every cell, f = p / 2; LOH by deletion f = p / (p + 2 (1 - p)); etc.
        (0.4, 0.8, 2, 2, 1.0),
        (0.8 / 1.2, 0.8, 1, 2, 1.0),
        (1.6 / 2.8, 0.8, 3, 2, 2.0),
        (0.24, 0.8, 2, 2, 0.6),
        (0.8, 0.8, 1, 1, 0.8 / 0.8),
    ],
)
def test_mutated_copies_by_hand(fraction, purity, copies, normal, mutated):
    assert clonality.mutated_copies(fraction, purity, copies, normal) == pytest.approx(mutated)


def test_jeffreys_interval_of_a_published_example():
    # Brown, Cai, DasGupta 2001, Jeffreys prior interval: x = 10 of n = 20 gives 0.2939 to 0.7061 (R binom.bayes).
    low, high = clonality.read_interval(10, 20, 0.95)
    assert (round(low, 2), round(high, 2)) == (0.29, 0.71)
    assert clonality.read_interval(0, 20, 0.95)[0] == 0 and clonality.read_interval(20, 20, 0.95)[1] == 1


CASES = [
    # locus, copies per mutated cell, cell fraction
    (BALANCED, 1, 1.0),
    (BALANCED, 1, 0.5),
    (BALANCED, 1, 0.25),
    (Locus(1, 0, 1.0, 1, 0, 2), 1, 1.0),
    (Locus(1, 0, 1.0, 1, 0, 2), 1, 0.4),
    (Locus(3, 1, 1.0, 3, 1, 2), 2, 1.0),
    (Locus(3, 1, 1.0, 3, 1, 2), 1, 1.0),
    (Locus(3, 1, 1.0, 3, 1, 2), 1, 0.5),
    (Locus(2, 0, 1.0, 2, 0, 2), 2, 1.0),
    (Locus(4, 2, 1.0, 4, 2, 2), 2, 1.0),
    (Locus(1, None, 1.0, 1, None, 1), 1, 0.6),
]


@pytest.mark.parametrize("purity", [0.9, 0.6, 0.3])
@pytest.mark.parametrize(("locus", "multiplicity", "truth"), CASES)
def test_the_interval_covers_the_truth(locus, multiplicity, truth, purity):
    """Binomial reads of 60 to 300: at least the stated confidence, with the error of 500 draws (3 sd)."""
    random = np.random.default_rng(11)
    expected = purity * multiplicity * truth / (purity * locus.mean + (1 - purity) * locus.normal)
    inside = total = wrong = 0
    for depth in random.integers(60, 300, 500):
        alt = int(random.binomial(depth, expected))
        if alt < 3:
            continue
        seen = clonality.estimate(alt, int(depth), exact(purity), locus, RULES)
        total += 1
        inside += seen.low is not None and seen.low - 1e-9 <= truth <= seen.high + 1e-9
        wrong += seen.state == {1.0: SUBCLONAL}.get(truth, CLONAL) and truth in (1.0, 0.25)
    assert inside / total >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / total)
    assert wrong / total <= 0.05


def test_an_impossible_fraction_says_so():
    seen = clonality.estimate(90, 100, exact(0.8), BALANCED, RULES)
    assert seen.state == NOT_ASSESSABLE and seen.fraction is None and "explain" in seen.reason
    between = clonality.estimate(430, 1000, exact(0.8), Locus(3, 1, 1.0, 3, 1, 2), RULES)
    assert between.state == NOT_ASSESSABLE and "no whole number" in between.reason
    nothing = clonality.estimate(10, 100, exact(0.8), Locus(0, 0, 1.0, 0, 0, 2), RULES)
    assert nothing.state == NOT_ASSESSABLE


def test_few_reads_are_no_clonality():
    assert clonality.estimate(4, 10, exact(0.8), BALANCED, RULES).state == NOT_ASSESSABLE


def test_the_interval_of_the_purity_widens_that_of_the_cells():
    narrow = clonality.estimate(30, 100, (0.8, 0.8, 0.8), BALANCED, RULES)
    wide = clonality.estimate(30, 100, (0.8, 0.7, 0.9), BALANCED, RULES)
    assert wide.low < narrow.low and wide.high > narrow.high and wide.fraction == narrow.fraction


def test_a_loss_in_part_of_the_cells_leaves_the_question_open():
    # 60 % of the cells lost one copy; the mutation was on it, in all cells before: 0.4 copies a cell are left.
    part = Locus(1, 0, 0.6, 2, 1, 2)
    expected = 0.8 * 0.4 / (0.8 * part.mean + 0.2 * 2)
    lost = clonality.estimate(round(300 * expected), 300, exact(0.8), part, RULES)
    assert lost.state == NOT_ASSESSABLE and "lost" in lost.reason
    # on the allele that stayed it is in every cell
    kept = clonality.estimate(round(300 * 0.8 / (0.8 * part.mean + 0.4)), 300, exact(0.8), part, RULES)
    assert kept.state == CLONAL and kept.high == 1


def row(**more):
    made = dict.fromkeys(tables.SEGMENTS.names()) | {"chrom": "chr2", "start": 1_000, "end": 2_000}
    return made | {"total_copies": 2, "minor_copies": 1} | more


def test_copies_of_normal_cells_follow_the_sex():
    assert clonality.locus(row(chrom="chrX", total_copies=1, minor_copies=None), 2, "male").normal == 1
    assert clonality.locus(row(chrom="chrX"), 2, "female").normal == 2
    assert "sex" in clonality.locus(row(chrom="chrX"), 2, "")
    assert clonality.locus(row(), 2, "").normal == 2
    assert clonality.locus(row(germline_copies=1, total_copies=1), 2, "").normal == 1


def test_the_state_of_the_other_cells_is_used_where_the_table_has_it():
    plain = clonality.locus(row(total_copies=3, clonal_fraction=0.5), 2, "male")
    assert (plain.other_total, plain.mean) == (2, 2.5)
    nested = clonality.locus(
        row(total_copies=0, minor_copies=0, clonal_fraction=0.4, other_total_copies=1, other_minor_copies=0),
        2,
        "",
    )
    assert (nested.other_total, nested.mean) == (1, pytest.approx(0.6))
    assert "too small" in clonality.locus(row(clonal_fraction=0.1), 2, "male")


def test_the_segment_at_a_place_or_just_beside_it():
    some = pd.DataFrame([row(), row(start=5_000, end=9_000, total_copies=3)])
    assert clonality.segment_at(some, "2", 1_500, 1_000)["total_copies"] == 2
    assert clonality.segment_at(some, "chr2", 4_500, 1_000)["total_copies"] == 3
    assert clonality.segment_at(some, "chr2", 3_500, 1_000) is None
    assert clonality.segment_at(some, "chr3", 1_500, 1_000) is None


def test_only_a_resolved_purity_is_used():
    resolved = {"status": "resolved", "purity": 0.8, "interval": "0.75-0.84", "reason": ""}
    assert clonality.purity_of(resolved) == (0.8, 0.75, 0.84)
    assert "flat profile" in clonality.purity_of(
        resolved | {"status": "unresolved", "reason": "flat profile"}
    )
