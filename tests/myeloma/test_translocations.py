"""Votes and the one call per patient and translocation."""

import numpy as np
import pandas as pd
import pytest
import yaml

from myeloma import partners, tables, tc_classes, translocations
from myeloma.structural_votes import Vote

P, A, N = "present", "absent", "not_assessable"
CONFIG = {"t(4;14)": ["NSD2", "FGFR3"], "t(11;14)": ["CCND1"]}


#: Every combination of votes, written by hand from the rules: P present, A absent, - no vote. Columns after the bar:
#: the call without FISH, with FISH present, with FISH absent; ! = the votes contradict each other.
EXPECTED = """
DNA RNA expr | no FISH  FISH present  FISH absent
P   P   P    | P        P             P!
P   P   A    | P!       P!            P!
P   P   -    | P        P             P!
P   A   P    | P        P             P!
P   A   A    | P!       P!            P!
P   A   -    | P        P             P!
P   -   P    | P        P             P!
P   -   A    | P!       P!            P!
P   -   -    | P        P             P!
A   P   P    | P!       P!            P!
A   P   A    | P!       P!            P!
A   P   -    | P!       P!            P!
A   A   P    | P!       P!            P!
A   A   A    | A        A!            A
A   A   -    | A        A!            A
A   -   P    | P!       P!            P!
A   -   A    | A        A!            A
A   -   -    | A        A!            A
-   P   P    | P        P             P!
-   P   A    | P!       P!            P!
-   P   -    | P        P             P!
-   A   P    | P        P             P!
-   A   A    | A        A!            A
-   A   -    | -        P             A
-   -   P    | P        P             P!
-   -   A    | A        A!            A
-   -   -    | -        P             A
"""
WORD = {"P": P, "A": A, "-": N}
COMBINATIONS = [
    (*(WORD[word] for word in line.split("|")[0].split()), WORD["-PA"[i]], WORD[said[0]], said[1:] == "!")
    for line in EXPECTED.strip().splitlines()[1:]
    for i, said in enumerate(line.split("|")[1].split())
]


def test_the_table_holds_every_combination_once():
    votes = {row[:4] for row in COMBINATIONS}
    assert len(COMBINATIONS) == len(votes) == 3**4


@pytest.mark.parametrize(("dna", "rna", "expression", "fish", "state", "conflict"), COMBINATIONS)
def test_adjudication(dna, rna, expression, fish, state, conflict):
    assert translocations.adjudicate(dna, rna, expression, fish)[:2] == (state, conflict)


@pytest.mark.parametrize(("dna", "rna", "expression", "fish", "state", "conflict"), COMBINATIONS)
def test_the_row_shows_every_vote_beside_the_call(dna, rna, expression, fish, state, conflict):
    """The same combinations through the tables: nothing is lost or averaged on the way."""
    seen = frames([{"gene": "NSD2", "state": expression}], [IGH_NSD2] if rna == P else [])
    rows = [fish_row(result=fish)] if fish != N else []
    vote = Vote(dna, "power" if dna == A else "", "DNA locus" if dna == P else "")
    shown = [] if rna == N else list(CONFIG)
    row = call(seen, rows, assessable=shown, dna={("p1", "t(4;14)"): vote}).loc[("p1", "t(4;14)")]
    assert row[["dna", "rna", "expression", "fish"]].tolist() == [dna, rna, expression, fish]
    assert (row["state"], row["conflict"]) == (state, "yes" if conflict else "no")
    assert ("votes contradict" in row["reason"]) == conflict
    assert ("FISH only" in row["reason"]) == (
        fish != N and state == fish and N == dna == expression and rna != P
    )


def fish_row(patient="p1", day="2020-01-01", name="t(4;14)", **more):
    return {"patient": patient, "date": day, "abnormality": name, "percent": "", "cutoff_percent": "", **more}


def frames(partner_rows, fusion_rows=(), failed=(), sampled="2020-01-20"):
    """The four input tables of one RNA patient p1 (sample r1) beside p2 without RNA."""
    samples = pd.DataFrame(
        [
            ("p1", "r1", "rna", "tumour", "analysis", sampled),
            ("p1", "n1", "wes", "normal", "analysis", "2010-01-01"),
        ],
        columns="patient sample assay tissue role collection_date".split(),
    )
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


def call(seen, fish=(), assessable=tuple(CONFIG), **more):
    made = translocations.call(["p1", "p2"], CONFIG, **seen, fish=list(fish), assessable=assessable, **more)
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
    assert (row["state"], row["rna"]) == (A, N) and pd.isna(row["junction_reads"])
    # neither evidence nor silence: what was seen is told
    assert "junction read(s) of this pair did not pass (low_support)" in row["reason"]
    assert call(frames(rows, [])).loc[("p1", "t(4;14)"), "rna"] == A


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
    assert translocations.fish_vote(rows, "t(4;14)").state == N


def test_fish_zero_percent_is_absent():
    rows = [{"date": "2020-01-01", "abnormality": "t(4;14)", "percent": 0, "cutoff_percent": 10}]
    assert translocations.fish_vote(rows, "t(4;14)").state == A


@pytest.mark.parametrize(
    ("day", "state"),
    [("2020-01-20", P), ("2019-10-22", P), ("2019-10-21", N), ("2020-04-19", P), ("2020-04-20", N)],
)
def test_fish_of_more_than_90_days_from_the_sample_is_shown_and_does_not_vote(day, state):
    seen = frames([{"gene": "NSD2", "state": N, "reason": "too few"}])
    row = call(seen, [fish_row(day=day, result=P, percent="45")]).loc[("p1", "t(4;14)")]
    assert (row["state"], row["fish"]) == (state, state)
    assert f"{day} present (45 %)" in row["evidence"]
    assert ("91 days from the sequenced sample, more than 90" in row["fish_reason"]) == (state == N)
    assert (row["fish_reason"] in row["reason"]) or state == P


def test_old_fish_neither_contradicts_nor_supports():
    rows = [{"gene": "NSD2", "state": A}]
    row = call(frames(rows), [fish_row(day="2015-01-01", result=P)]).loc[("p1", "t(4;14)")]
    assert (row["state"], row["fish"], row["conflict"]) == (A, N, "no")
    assert "2015-01-01 present, 1845 days from the sequenced sample" in row["evidence"]


def test_the_nearest_sequenced_sample_counts_and_no_known_date_is_no_limit():
    rows = [fish_row(day="2020-06-01", result=A)]
    assert translocations.fish_vote(rows, "t(4;14)", ["2019-01-01", "2020-05-01"], 90).state == A
    assert translocations.fish_vote(rows, "t(4;14)", ["2019-01-01", ""], 90).state == N
    assert translocations.fish_vote(rows, "t(4;14)", [""], 90).state == A


def test_fish_results_that_contradict_each_other_are_no_vote_and_a_conflict():
    rows = [fish_row(result=P), fish_row(day="2020-01-03", result=A)]
    seen = frames([{"gene": "NSD2", "state": N, "reason": "too few"}])
    row = call(seen, rows).loc[("p1", "t(4;14)")]
    assert (row["state"], row["fish"], row["conflict"]) == (N, N, "yes")
    assert "FISH results contradict each other" in row["reason"]
    assert "2020-01-01 present, 2020-01-03 absent" in row["evidence"]
    decided = call(frames([{"gene": "NSD2", "state": P}]), rows).loc[("p1", "t(4;14)")]
    assert (decided["state"], decided["conflict"]) == (P, "yes")


def test_an_old_contradicting_fish_leaves_the_newer_vote():
    rows = [fish_row(day="2015-01-01", result=A), fish_row(result=P)]
    row = call(frames([{"gene": "NSD2", "state": P}]), rows).loc[("p1", "t(4;14)")]
    assert (row["fish"], row["conflict"]) == (P, "no")


# gates


def test_rna_gated_and_dna_decides():
    dna = {("p1", "t(4;14)"): Vote(A, "no junction; power IGH 1.00")}
    seen = frames([{"gene": "NSD2", "state": P}], [IGH_NSD2], failed=["r1"])
    row = call(seen, dna=dna).loc[("p1", "t(4;14)")]
    assert (row["state"], row["rna"], row["expression"], row["conflict"]) == (A, N, N, "no")
    assert "assigned_reads 5 < 2000" in row["reason"]


def test_dna_gated_and_rna_decides():
    dna = {("p1", "t(4;14)"): Vote(N, "median_target_depth 9 < 30")}
    row = call(frames([{"gene": "NSD2", "state": A}]), dna=dna).loc[("p1", "t(4;14)")]
    assert (row["state"], row["dna"], row["dna_reason"]) == (A, N, "median_target_depth 9 < 30")


def test_both_gated_and_fish_alone_decides_and_says_so():
    dna = {("p1", "t(4;14)"): Vote(N, "median_target_depth 9 < 30")}
    seen = frames([{"gene": "NSD2", "state": P}], [IGH_NSD2], failed=["r1"])
    row = call(seen, [fish_row(result=A)], dna=dna).loc[("p1", "t(4;14)")]
    assert (row["state"], row["fish"]) == (A, A) and "FISH only" in row["reason"]
    nothing = call(seen, dna=dna).loc[("p1", "t(4;14)")]
    assert nothing["state"] == N
    assert "assigned_reads" in nothing["reason"] and "median_target_depth 9 < 30" in nothing["reason"]


def test_tumour_only_dna_is_present_and_says_so():
    words = "calls/structural_variants.tsv: NSD2 chr4:5 - IGH chr14:6, 9 DNA fragments, tumour-only call"
    dna = {("p1", "t(4;14)"): Vote(P, "", words, 9)}
    row = call(frames([{"gene": "NSD2", "state": N, "reason": "too few"}]), dna=dna).loc[("p1", "t(4;14)")]
    assert row["state"] == P and "tumour-only call" in row["evidence"]


# DNA

SEEN_IN_DNA = Vote(P, "", "calls/structural_variants.tsv: NSD2 chr4:5 - IGH chr14:6, 9 DNA fragments", 9)


def test_dna_alone_is_present_with_its_locus():
    rows = [{"gene": "NSD2", "state": N, "reason": "too few"}]
    row = call(frames(rows), dna={("p1", "t(4;14)"): SEEN_IN_DNA}).loc[("p1", "t(4;14)")]
    assert (row["state"], row["dna"], row["dna_fragments"], row["conflict"]) == (P, P, 9, "no")
    assert row["reason"].startswith("DNA") and "IGH chr14:6, 9 DNA fragments" in row["evidence"]


def test_dna_of_a_patient_without_rna_decides():
    dna = {("p2", "t(4;14)"): SEEN_IN_DNA, ("p2", "t(11;14)"): Vote(A, "no junction; power IGH 1.00")}
    table = call(frames([{"gene": "NSD2", "state": A}]), dna=dna)
    assert table.loc[("p2", "t(4;14)"), "state"] == P
    row = table.loc[("p2", "t(11;14)")]
    assert (row["state"], row["dna"]) == (A, A) and "power IGH 1.00" in row["reason"]


def test_dna_absent_with_power_against_rna_is_a_conflict_that_is_shown():
    rows = [{"gene": "NSD2", "state": P}]
    dna = {("p1", "t(4;14)"): Vote(A, "no junction; power IGH 1.00")}
    row = call(frames(rows, [IGH_NSD2]), dna=dna).loc[("p1", "t(4;14)")]
    assert (row["state"], row["conflict"]) == (P, "yes")
    assert "DNA absent" in row["reason"] and row["dna_reason"] == "no junction; power IGH 1.00"


def test_kit_without_baits_changes_no_other_vote_and_says_why():
    rows = [{"gene": "NSD2", "state": A}, {"gene": "CCND1", "state": A}]
    dna = {("p1", "t(4;14)"): Vote(N, "not covered by the kit")}
    row = call(frames(rows), dna=dna).loc[("p1", "t(4;14)")]
    assert (row["state"], row["dna"], row["dna_reason"]) == (A, N, "not covered by the kit")
    assert row["reason"] == ""


def test_high_expression_of_an_unspecific_partner_is_no_evidence_and_low_is():
    rows = [{"gene": "NSD2", "state": A}, {"gene": "CCND1", "state": P}]
    row = call(frames(rows), unspecific=["CCND1", "NSD2"]).loc[("p1", "t(11;14)")]
    assert (row["state"], row["expression"]) == (N, N)
    assert "high without its translocation" in row["reason"]
    assert call(frames(rows), unspecific=["CCND1", "NSD2"]).loc[("p1", "t(4;14)"), "state"] == A


# CCND1 in hyperdiploid tumours

NEEDS = {"CCND1": ["trisomy11", "hyperdiploidy"]}


def with_copies(trisomy, hyperdiploid, fusions=(), role="analysis", **more):
    """t(11;14) of p1, whose CCND1 is high, with these states of its exome (None: no row)."""
    seen = frames([{"gene": "CCND1", "state": P}], fusions)
    seen["samples"].loc[len(seen["samples"])] = ("p1", "w1", "wes", "tumour", role, "2020-01-20")
    states = {"trisomy11": trisomy, "hyperdiploidy": hyperdiploid}
    copies = [{"patient": "p1", "sample": "w1", "event": e, "state": s} for e, s in states.items() if s]
    copies = pd.DataFrame(copies, columns=["patient", "sample", "event", "state"])
    return call(seen, needs_absence=NEEDS, copy_events=copies, **more).loc[("p1", "t(11;14)")]


@pytest.mark.parametrize(
    ("trisomy", "hyperdiploid", "state"),
    [(A, A, P), (P, P, N), (P, A, N), (A, P, N), (N, A, N), (A, N, N), (None, None, N), (A, None, N)],
)
def test_ccnd1_alone_is_t1114_only_without_trisomy_11_and_hyperdiploidy(trisomy, hyperdiploid, state):
    row = with_copies(trisomy, hyperdiploid)
    assert (row["state"], row["expression"]) == (state, state)
    assert ("CCND1 is raised without its translocation too" in row["reason"]) == (state == N)
    assert (row["partner"], row["value"]) == ("CCND1", 9.0)


def test_the_exome_of_another_sample_excludes_nothing():
    assert with_copies(A, A, role="other")["state"] == N
    assert with_copies(A, A, role="analysis")["state"] == P


def test_a_junction_needs_no_exome_and_fish_or_dna_decide_without_one():
    junction = ("t(11;14)", "PASS", 7, "IGH", "chr14", 100, "CCND1", "chr11", 200)
    row = with_copies(P, P, [junction])
    assert (row["state"], row["expression"], row["conflict"]) == (P, P, "no")
    row = with_copies(P, P, dna={("p1", "t(11;14)"): Vote(P, "", "DNA locus", 9)})
    assert (row["state"], row["expression"]) == (P, P)
    row = with_copies(P, P, dna={("p1", "t(11;14)"): Vote(A, "no junction; power IGH 1.00")})
    assert (row["state"], row["expression"], row["conflict"]) == (A, N, "no")
    row = with_copies(P, P, fish=[fish_row(name="t(11;14)", result=A)])
    assert (row["state"], row["conflict"]) == (A, "no") and "FISH only" in row["reason"]


def test_three_levels_of_ccnd1_where_copies_keep_d1_open(project):
    """15 low (6 log2), 12 D1 (10), 3 with t(11;14) (14.5): the mixture raises D1 too; the exome decides."""
    random = np.random.default_rng(0)
    kind = ["low"] * 15 + ["D1"] * 12 + ["t"] * 3
    level = np.array([{"low": 6, "D1": 10, "t": 14.5}[k] for k in kind]) + random.normal(0, 0.8, 30)
    others = random.uniform(4, 12, (300, 1)) + random.normal(0, 0.5, (300, 30))
    samples = [f"r{i:02d}" for i in range(30)]
    genes = ["CCND1", *(f"G{i}" for i in range(300))]
    counts = pd.DataFrame(random.poisson(2 ** np.vstack([level, others])), index=genes, columns=samples)
    patients = [f"p{i:02d}" for i in range(30)]
    sheet = pd.DataFrame({"patient": patients, "sample": samples, "role": "analysis", "assay": "rna"})
    sheet = sheet.assign(tissue="tumour", collection_date="2020-01-20")
    rules = yaml.safe_load((project / "config/config.yaml").read_text())["expression"]
    size = pd.Series(1.0, index=samples)
    voted = partners.call_partners(counts, size, {g: g for g in genes}, sheet, {}, ["CCND1"], rules)
    d1 = [p for p, k in zip(patients, kind, strict=True) if k == "D1"]
    assert (voted.set_index("patient").loc[d1, "state"] == P).sum() >= 10  # what the cohort alone would say
    exomes = sheet.assign(sample=[f"w{i:02d}" for i in range(30)], assay="wes")
    copies = [
        {"patient": p, "sample": f"w{p[1:]}", "event": event, "state": P if k == "D1" else A}
        for p, k in zip(patients, kind, strict=True)
        for event in NEEDS["CCND1"]
    ]
    empty = frames([{"gene": "CCND1", "state": P}])
    made = translocations.call(
        patients,
        {"t(11;14)": ["CCND1"]},
        samples=pd.concat([sheet, exomes]),
        qc=empty["qc"],
        fusions=empty["fusions"],
        partners=voted,
        fish=[],
        assessable=["t(11;14)"],
        needs_absence=NEEDS,
        copy_events=pd.DataFrame(copies),
    ).set_index("patient")["state"]
    assert P not in set(made[d1])
    assert set(made[patients[27:]]) == {P}
    cyclins = {"CCND1": "high", "CCND2": "low"}
    for patient in d1:
        others = dict.fromkeys(tc_classes.CLASS_OF, A)
        found = tc_classes.classify({**others, "t(11;14)": made[patient]}, cyclins)
        assert found[:2] in (("11q13 or D1", "ambiguous"), ("D1", "called"))


# MYC

REGIONS = pd.DataFrame(
    [
        ("IGH", "ig_locus", "chr14", 1, 1000, "IGH", ""),
        ("IGL", "ig_locus", "chr22", 1, 1000, "IGL", ""),
        ("MYC", "partner", "chr8", 1, 1000, "MYC", ""),
    ],
    columns=["name", "kind", "chrom", "start", "end", "genes", "source"],
)
MYC_CONFIG = {"translocations": {}, "myc_translocations": {"t(8;14)": "IGH", "t(8;22)": "IGL"}}


def call_myc(fusion_rows=(), fish=(), dna=None):
    seen = frames([{"gene": "NSD2", "state": A}], fusion_rows)
    made = translocations.call_myc(
        ["p1", "p2"], **seen, fish=fish, regions=REGIONS, abnormalities=MYC_CONFIG, dna=dna or {}
    )
    return tables.conform(made, tables.TRANSLOCATIONS).set_index(["patient", "translocation"])["state"]


def test_myc_junction_in_rna_counts_for_its_locus_and_for_any_partner():
    state = call_myc([("", "PASS", 7, "IGL", "chr22", 5, "PVT1", "chr8", 6)])
    assert state["p1", "t(8;22)"] == state["p1", "MYC_rearrangement"] == P
    assert state["p1", "t(8;14)"] == N  # a missing junction alone is never absence
    other = call_myc([("", "PASS", 7, "TENT5C", "chr1", 5, "MYC", "chr8", 6)])
    assert other["p1", "MYC_rearrangement"] == P and other["p1", "t(8;22)"] == N


def test_myc_junction_that_failed_or_stays_in_the_window_does_not_count():
    assert (
        call_myc([("", "low_support", 1, "IGL", "chr22", 5, "MYC", "chr8", 6)])["p1", "MYC_rearrangement"]
        == N
    )
    assert call_myc([("", "PASS", 9, "PVT1", "chr8", 5, "MYC", "chr8", 900)])["p1", "MYC_rearrangement"] == N


def test_myc_rearrangement_of_dna_and_fish():
    dna = {("p2", "MYC_rearrangement"): Vote(A, "no junction; power MYC 1.00")}
    assert call_myc(dna=dna)["p2", "MYC_rearrangement"] == A
    fish = [
        {
            "patient": "p1",
            "date": "2020-01-01",
            "abnormality": "MYC_rearrangement",
            "result": P,
            "percent": "",
        }
    ]
    assert call_myc(fish=fish)["p1", "MYC_rearrangement"] == P
