"""Copies of a gene for double hits: which segment speaks, when absence of a loss may be stated, gates."""

import pandas as pd
import pytest

from myeloma import double_hits, tables
from myeloma.double_hits import Copies
from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT

RULES = {
    "copy_number": {"min_clonal_fraction": 0.20, "detection_z": 3.0},
    "gates": {"purity_min": 0.20},
}
WHERE = {"GENE": ("chr5", 100, 200, "")}
EVENTS = pd.DataFrame(columns=["sample", "abnormality", "state"])


def segment(start=1, end=1000, total=2, minor=1, targets=60, chrom="chr5", fraction=None):
    row = dict.fromkeys(tables.SEGMENTS.names())
    row |= {"patient": "P", "sample": "S", "chrom": chrom, "start": start, "end": end, "targets": targets}
    return row | {"total_copies": total, "minor_copies": minor, "clonal_fraction": fraction}


def purity(**more):
    row = dict.fromkeys(tables.PURITY.names())
    row |= {"patient": "P", "sample": "S", "purity": 0.8, "purity_used": 0.8, "status": "resolved"}
    row |= {"base_copies": 2, "noise": 0.14, "scatter": 0.01, "mode": "tumour_normal", "reason": ""}
    return tables.conform(pd.DataFrame([row | more]), tables.PURITY)


def found(segments, where=WHERE, events=EVENTS, qc=(), **more) -> Copies:
    made = double_hits.copies_of_genes(
        where,
        tables.conform(pd.DataFrame(segments, columns=tables.SEGMENTS.names()), tables.SEGMENTS),
        purity(**more),
        tables.conform(pd.DataFrame(list(qc), columns=tables.QC.names()), tables.QC),
        events,
        RULES,
    )
    return made["GENE"]["S"]


def test_the_segment_that_covers_most_speaks():
    two = [segment(1, 120, 1, 0), segment(121, 1000, 2, 1)]
    assert (found(two).total, found(two).minor) == (2, 1)


def test_a_gene_of_which_a_part_is_gone_has_no_copy_left():
    assert found([segment(1, 120, 0, 0), segment(121, 1000, 2, 1)]).total == 0


@pytest.mark.parametrize(
    ("total", "minor", "state"),
    [
        (2, 1, ABSENT),
        (1, 0, PRESENT),
        (0, 0, PRESENT),
        (2, 0, PRESENT),
        (3, 1, ABSENT),
        (2, None, NOT_ASSESSABLE),
    ],
)
def test_loss_is_read_from_the_alleles(total, minor, state):
    assert found([segment(total=total, minor=minor)]).deleted == state


def test_absence_of_a_loss_needs_targets_and_purity():
    few = found([segment(targets=3)])
    assert few.deleted == NOT_ASSESSABLE and "smallest detectable" in few.reason
    assert found([segment()], purity_used=0.25).deleted == NOT_ASSESSABLE
    assert found([]).deleted == NOT_ASSESSABLE


def test_the_deletion_region_of_the_gene_decides_absence():
    where = {"GENE": ("chr5", 100, 200, "del5q")}
    said = pd.DataFrame([("S", "del5q", NOT_ASSESSABLE)], columns=EVENTS.columns)
    assert found([segment()], where, said).deleted == NOT_ASSESSABLE
    assert found([segment()], where, said.assign(state=ABSENT)).deleted == ABSENT
    assert found([segment(total=1, minor=0)], where, said.assign(state=ABSENT)).deleted == PRESENT


def test_copies_of_a_gated_or_impure_sample_are_not_used():
    gate = {"patient": "P", "sample": "S", "assay": "wes", "tissue": "tumour", "gate": "median_target_depth"}
    gate |= {"value": 4, "threshold": 30, "verdict": "fail", "reason": ""}
    assert found([segment(total=0, minor=0)], qc=[gate]).total is None
    assert found([segment(total=0, minor=0)], purity_used=0.1).total is None
    assert found([segment(total=0, minor=0)], purity_used=None, status="unresolved").total is None


def test_one_copy_of_x_is_no_loss():
    where = {"GENE": ("chrX", 100, 200, "")}
    seen = found([segment(chrom="chrX", total=1, minor=None)], where)
    assert seen.total is None and "X and Y" in seen.reason
    assert found([segment(chrom="chrX", total=0, minor=None)], where).total == 0


def test_places_come_from_the_gtf_and_regions_by_their_gene_list():
    regions = pd.DataFrame(
        [
            ("del1p32", "copy_number", "chr1", 5, 50, "CDKN2C;FAF1"),
            ("gain1q", "copy_number", "chr1", 90, 99, "CKS1B"),
        ],
        columns=["name", "kind", "chrom", "start", "end", "genes"],
    )
    genes = pd.DataFrame([("DIS3", "chr13", 7, 9)], columns=["gene_name", "chrom", "start", "end"])
    places = double_hits.gene_places(genes, regions, ["CDKN2C", "DIS3", "CKS1B", "TP53"])
    assert places == {"CDKN2C": ("chr1", 5, 50, "del1p32"), "DIS3": ("chr13", 7, 9, "")}


def test_linked_records_are_one_event():
    row = {"chrom": "chr1", "pos": 100, "second_opinion": ""}
    far = row | {"pos": 140, "second_opinion": "with 100"}
    assert double_hits.distinct_events([row, far], 10) == 1
    assert double_hits.distinct_events([row, far | {"second_opinion": ""}], 10) == 2
    # the record it is joined to is no mutation that counts (synonymous, filtered): this one stands for both
    other = row | {"pos": 300}
    assert double_hits.distinct_events([other, far], 10) == 2
    assert double_hits.distinct_events([], 10) == 0


MUTATED = {"state": PRESENT, "count": 1, "complete": True, "reason": ""}
UNMUTATED = {"state": ABSENT, "count": 0, "complete": True, "reason": ""}


def two_states(total, minor, fraction, other_total, other_minor):
    other = {"other_total_copies": other_total, "other_minor_copies": other_minor}
    return found([segment(total=total, minor=minor, fraction=fraction) | other], mode="given")


@pytest.mark.parametrize(
    ("states", "mutation", "state"),
    [
        ((1, 0, 0.05, 2, 1), MUTATED, ABSENT),  # 1+1 in 0.95 of the cells: one allele hit only
        ((2, 1, 0.95, 1, 0), MUTATED, ABSENT),  # the same, the other way about
        ((1, 0, 0.20, 2, 1), MUTATED, PRESENT),  # the limit itself counts
        ((2, 1, 0.80, 1, 0), MUTATED, PRESENT),
        ((0, 0, 0.04, 2, 1), UNMUTATED, ABSENT),
        ((2, 1, 0.96, 0, 0), UNMUTATED, ABSENT),
        ((0, 0, 0.30, 2, 1), UNMUTATED, PRESENT),
        ((0, 0, 0.10, 1, 0), UNMUTATED, ABSENT),  # one copy in nearly all cells, none in a tenth
        ((0, 0, 0.10, 1, 0), MUTATED, PRESENT),  # the other allele is lost in all cells
        ((4, 1, 0.70, 1, 0), MUTATED, PRESENT),  # the loss is in the cells of the other state
        ((2, 0, 0.10, 2, 1), MUTATED, ABSENT),  # LOH of a tenth of the cells
    ],
)
def test_a_loss_counts_from_the_share_of_cells_of_the_config(states, mutation, state):
    assert double_hits.judge(mutation, two_states(*states))[0] == state


def test_a_loss_in_too_few_cells_is_said_and_absence_still_needs_power():
    seen = two_states(1, 0, 0.05, 2, 1)
    value = double_hits.judge(MUTATED, seen)[1]
    assert (
        "copies 2 of which minor 1, in 0.95" in value and "a loss in 0.05 of them is below the limit" in value
    )
    few = found(
        [segment(1, 1000, 1, 0, 3, fraction=0.05) | {"other_total_copies": 2, "other_minor_copies": 1}]
    )
    assert few.deleted == NOT_ASSESSABLE and "smallest detectable" in few.reason
    unknown = found([segment(total=1, minor=0, fraction=0.05)])
    assert unknown.deleted == NOT_ASSESSABLE and double_hits.judge(MUTATED, unknown)[0] == NOT_ASSESSABLE


@pytest.mark.parametrize(("mode", "state"), [("tumour_normal", NOT_ASSESSABLE), ("given", ABSENT)])
def test_a_deletion_called_by_the_copy_ratio_keeps_the_double_hit_open(mode, state):
    """Measured: del17p in a part of the cells is read off the ratio of a segment whose integer state is unchanged, so
    that state says nothing against it. As stated by a table: the segment over the gene has both alleles."""
    events = pd.DataFrame({"sample": ["S"], "abnormality": ["delX"], "state": [PRESENT]})
    seen = found(
        [segment(total=2, minor=1, targets=600)], {"GENE": ("chr5", 100, 200, "delX")}, events, mode=mode
    )
    assert double_hits.judge(MUTATED, seen)[0] == state


def test_places_of_the_project_are_spelled_as_the_regions_of_the_run():
    regions = pd.DataFrame([("del17p", "copy_number", "17", 5, 50, "TP53")], columns=PLACES)
    genes = pd.DataFrame([("TP53", "chr17", 7, 9), ("NF1", "chr17", 60, 70), ("MAX", "chr14", 1, 2)],
                         columns=["gene_name", "chrom", "start", "end"])  # fmt: skip
    found = double_hits.gene_places(genes, regions, ["TP53", "NF1", "MAX"])
    assert found == {"TP53": ("17", 7, 9, "del17p"), "NF1": ("17", 60, 70, ""), "MAX": ("14", 1, 2, "")}


PLACES = ["name", "kind", "chrom", "start", "end", "genes"]
