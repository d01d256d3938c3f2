"""Votes and the one call per patient and translocation."""

import pandas as pd
import pytest

from myeloma import tables, translocations

P, A, N = "present", "absent", "not_assessable"
CONFIG = {"t(4;14)": ["NSD2", "FGFR3"], "t(11;14)": ["CCND1"]}


@pytest.mark.parametrize(
    ("dna", "rna", "expression", "fish", "state", "conflict"),
    [
        (N, P, P, N, P, False),
        (N, P, N, N, P, False),
        (N, P, A, N, P, True),
        (N, A, P, N, P, False),  # expression alone: a missing junction contradicts nothing
        (N, A, A, N, A, False),
        (N, A, N, N, N, False),  # a missing junction alone is never absence
        (N, A, A, P, A, True),  # FISH is shown and does not overrule
        (N, P, P, A, P, True),
        (N, A, N, P, P, False),
        (N, N, N, A, A, False),
        (N, N, N, N, N, False),
        (P, A, A, N, P, True),
        (A, A, P, N, P, True),
        (A, N, N, N, A, False),
    ],
)
def test_adjudication(dna, rna, expression, fish, state, conflict):
    assert translocations.adjudicate(dna, rna, expression, fish)[:2] == (state, conflict)


def frames(partner_rows, fusion_rows=(), failed=()):
    """The four input tables of one RNA patient p1 (sample r1) beside p2 without RNA."""
    samples = pd.DataFrame([{"patient": "p1", "sample": "r1", "assay": "rna", "role": "analysis"}])
    qc = pd.DataFrame(
        [(s, "assigned_reads", "fail", "assigned_reads 5 < 2000") for s in failed],
        columns=["sample", "gate", "verdict", "reason"],
    )
    partners = pd.DataFrame(
        [{"sample": "r1", "value": 9.0, "threshold": 7.0, "reason": "", **row} for row in partner_rows]
    )
    columns = "sample known filter junction_reads gene_a chrom_a pos_a gene_b chrom_b pos_b".split()
    fusions = pd.DataFrame(
        [dict(zip(columns, ("r1", *row), strict=True)) for row in fusion_rows], columns=columns
    )
    return {"samples": samples, "qc": qc, "fusions": fusions, "partners": partners}


def call(seen, fish=(), assessable=tuple(CONFIG)):
    made = translocations.call(["p1", "p2"], CONFIG, **seen, fish=list(fish), assessable=assessable)
    return tables.conform(made, tables.TRANSLOCATIONS).set_index(["patient", "translocation"])


IGH_NSD2 = ("t(4;14)", "PASS", 7, "IGH", "chr14", 100, "NSD2", "chr4", 200)


def test_nsd2_decides_without_fgfr3():
    rows = [{"gene": "NSD2", "state": P}, {"gene": "FGFR3", "state": A}, {"gene": "CCND1", "state": A}]
    table = call(frames(rows))
    row = table.loc[("p1", "t(4;14)")]
    assert (row["state"], row["partner"], row["rna"], row["conflict"]) == (P, "NSD2", A, "no")
    assert "expression alone" in row["reason"]
    assert table.loc[("p1", "t(11;14)"), "state"] == A


def test_fgfr3_alone_is_no_t414():
    rows = [{"gene": "NSD2", "state": A}, {"gene": "FGFR3", "state": P}]
    assert call(frames(rows)).loc[("p1", "t(4;14)"), "state"] == A


def test_junction_is_evidence_with_locus():
    rows = [{"gene": "NSD2", "state": N, "reason": "too few"}]
    row = call(frames(rows, [IGH_NSD2])).loc[("p1", "t(4;14)")]
    assert (row["state"], row["rna"], row["junction_reads"]) == (P, P, 7)
    assert "IGH chr14:100 - NSD2 chr4:200, 7 reads" in row["evidence"]


def test_filtered_junction_is_no_evidence():
    rows = [{"gene": "NSD2", "state": A}]
    row = call(frames(rows, [("t(4;14)", "low_support", *IGH_NSD2[2:])])).loc[("p1", "t(4;14)")]
    assert (row["state"], row["rna"], row["junction_reads"]) == (A, A, 0)


def test_patient_without_rna():
    fish = [{"patient": "p2", "date": "2020-01-01", "abnormality": "t(4;14)", "result": P, "percent": "45"}]
    table = call(frames([{"gene": "NSD2", "state": A}]), fish)
    assert table.loc[("p2", "t(11;14)"), "state"] == N
    assert "no RNA sample" in table.loc[("p2", "t(11;14)"), "reason"]
    row = table.loc[("p2", "t(4;14)")]
    assert (row["state"], row["fish"]) == (P, P)
    assert "FISH only" in row["reason"] and "45 %" in row["evidence"]


def test_conflicting_fish_is_shown_and_not_averaged():
    fish = [
        {"patient": "p1", "date": "2020-01-01", "abnormality": "t(4;14)", "percent": 3, "cutoff_percent": 10}
    ]
    rows = [{"gene": "NSD2", "state": P}]
    row = call(frames(rows, [IGH_NSD2]), fish).loc[("p1", "t(4;14)")]
    assert (row["state"], row["fish"], row["conflict"]) == (P, A, "yes")
    assert "votes contradict" in row["reason"]


def test_failed_gate_takes_the_votes_away():
    rows = [{"gene": "NSD2", "state": P}]
    row = call(frames(rows, [IGH_NSD2], failed=["r1"])).loc[("p1", "t(4;14)")]
    assert (row["state"], row["rna"], row["expression"]) == (N, N, N)
    assert "assigned_reads 5 < 2000" in row["reason"]


def test_without_annotation_a_missing_junction_says_nothing():
    row = call(frames([{"gene": "NSD2", "state": A}]), assessable=()).loc[("p1", "t(4;14)")]
    assert (row["rna"], row["state"]) == (N, A)


def test_fish_without_result_or_cutoff_says_nothing():
    rows = [{"date": "2020-01-01", "abnormality": "t(4;14)", "percent": 12, "cutoff_percent": ""}]
    assert translocations.fish_vote(rows, "t(4;14)")[0] == N


def test_fish_zero_percent_is_absent():
    rows = [{"date": "2020-01-01", "abnormality": "t(4;14)", "percent": 0, "cutoff_percent": 10}]
    assert translocations.fish_vote(rows, "t(4;14)")[0] == A
