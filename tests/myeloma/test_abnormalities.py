"""Three states, everywhere: what makes a call present, absent or not assessable."""

import itertools

import pandas as pd
import pytest

from myeloma import abnormalities, tables
from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT

RULES = {
    "mutation_genes": ["TP53", "KRAS", "NRAS", "BRAF"],
    "tumour_suppressors": ["TP53"],
    "crbn_pathway_genes": ["CRBN", "IKZF1"],
    "translocations": {"t(4;14)": ["NSD2", "FGFR3"]},
}
GENES = ["TP53", "KRAS", "NRAS", "BRAF", "CRBN", "IKZF1"]


def variant(gene="KRAS", **more):
    row = {name: "" for name in tables.VARIANTS.names()}
    row |= {"patient": "P1", "sample": "P1-T", "chrom": "chr12", "pos": 100, "ref": "C", "alt": "T"}
    row |= {"filter": "PASS", "mode": "tumour_normal", "gene": gene, "impact": "MODERATE", "hotspot": "yes"}
    row |= {"consequence": "missense_variant", "hgvsp": "p.Gly12Asp", "tumour_depth": 100, "tumour_alt": 30}
    row |= {"callers": "mutect2,freebayes", "kept": "both_callers", "panel_of_normals": "no"}
    return row | {"tumour_af": 0.3} | more


def callable_rows(state="yes", genes=GENES, sample="P1-T"):
    return pd.DataFrame(
        [
            {
                "patient": "P1",
                "sample": sample,
                "gene": gene,
                "coding_bases": 600,
                "callable_fraction": 0.99 if state == "yes" else 0.5,
                "hotspots": 3,
                "hotspots_callable": 3,
                "depth_needed": 20,
                "callable": state,
                "reason": "" if state == "yes" else "50 % of coding bases",
            }
            for gene in genes
        ]
    )


def call(variants=(), callable_genes=None, qc=(), copy_number=(), tp53=None, samples=True, translocations=()):
    sample = {
        "patient": "P1",
        "sample": "P1-T",
        "assay": "wes",
        "tissue": "tumour",
        "collection_date": "",
        "kit": "k",
        "role": "analysis",
        "reason": "",
    }
    return abnormalities.call(
        ["P1"],
        tables.conform(
            pd.DataFrame([sample] if samples else [], columns=tables.SAMPLES.names()), tables.SAMPLES
        ),
        tables.conform(pd.DataFrame(list(qc), columns=tables.QC.names()), tables.QC),
        tables.conform(pd.DataFrame(list(variants), columns=tables.VARIANTS.names()), tables.VARIANTS),
        tables.conform(callable_rows() if callable_genes is None else callable_genes, tables.CALLABLE),
        tables.conform(
            pd.DataFrame(list(copy_number), columns=tables.ABNORMALITIES.names()), tables.ABNORMALITIES
        ),
        {"P1-T": tp53 or {}},
        tables.conform(
            pd.DataFrame(list(translocations), columns=tables.TRANSLOCATIONS.names()), tables.TRANSLOCATIONS
        ),
        RULES,
        {"del17p": "copy_number", "gain1q": "copy_number"},
    ).set_index("abnormality")


def test_a_passing_hotspot_is_present_with_its_reads_as_evidence():
    table = call([variant()])
    assert table.loc["KRAS", "state"] == PRESENT
    assert "30 of 100 reads" in table.loc["KRAS", "value"]
    assert table.loc["KRAS", "evidence"] == "chr12:100 C>T"
    assert table.loc["RAS_RAF_mutation", "state"] == PRESENT


def test_no_variant_is_absent_only_with_power():
    assert call().loc["KRAS", "state"] == ABSENT
    without = call(callable_genes=callable_rows("no"))
    assert set(without.loc[["KRAS", "TP53", "RAS_RAF_mutation"], "state"]) == {NOT_ASSESSABLE}
    assert "50 %" in without.loc["KRAS", "reason"]


def test_a_patient_without_exome_is_nowhere_absent():
    table = call(samples=False)
    assert set(table["state"]) == {NOT_ASSESSABLE}
    assert (table["reason"] != "").all()


def test_a_failed_gate_reaches_the_call():
    gate = {
        "patient": "P1",
        "sample": "P1-T",
        "assay": "wes",
        "tissue": "tumour",
        "gate": "median_target_depth",
    }
    table = call([variant()], qc=[gate | {"value": 4, "threshold": 30, "verdict": "fail", "reason": ""}])
    assert table.loc["KRAS", "state"] == NOT_ASSESSABLE
    assert "median_target_depth" in table.loc["KRAS", "reason"]


def test_silent_and_filtered_variants_do_not_count():
    assert call([variant(impact="LOW", consequence="synonymous_variant")]).loc["KRAS", "state"] == ABSENT
    assert call([variant(filter="germline")]).loc["KRAS", "state"] == ABSENT


def test_a_hotspot_that_failed_a_technical_filter_is_a_question_not_an_absence():
    row = call([variant(filter="clustered_events")]).loc["KRAS"]
    assert row["state"] == NOT_ASSESSABLE
    assert "clustered_events" in row["reason"]


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ({"gene": "TP53", "hotspot": "no"}, NOT_ASSESSABLE),
        ({"gene": "TP53", "hotspot": "no", "consequence": "stop_gained", "impact": "HIGH"}, PRESENT),
        ({"gene": "KRAS", "hotspot": "no", "consequence": "stop_gained", "impact": "HIGH"}, NOT_ASSESSABLE),
        ({"gene": "KRAS", "hotspot": "yes"}, PRESENT),
    ],
)
def test_without_a_normal_only_hotspots_and_truncated_suppressors_count(more, state):
    row = call([variant(mode="tumour_only", **more)]).loc[more["gene"]]
    assert row["state"] == state


def test_three_state_or_agrees_with_its_definition():
    for states in itertools.product([PRESENT, ABSENT, NOT_ASSESSABLE], repeat=3):
        expected = PRESENT if PRESENT in states else NOT_ASSESSABLE if NOT_ASSESSABLE in states else ABSENT
        assert abnormalities.any_of(states) == expected
    assert abnormalities.any_of([]) == NOT_ASSESSABLE


def deletion(state):
    row = {name: "" for name in tables.ABNORMALITIES.names()}
    return row | {
        "patient": "P1",
        "sample": "P1-T",
        "abnormality": "del17p",
        "kind": "copy_number",
        "state": state,
    }


@pytest.mark.parametrize(
    ("mutations", "del17p", "copies", "state"),
    [
        (1, PRESENT, {}, PRESENT),
        (1, ABSENT, {"total_copies": 2, "minor_copies": 0}, PRESENT),
        (1, ABSENT, {"total_copies": 2, "minor_copies": 1}, ABSENT),
        (1, ABSENT, {}, NOT_ASSESSABLE),
        (1, NOT_ASSESSABLE, {}, NOT_ASSESSABLE),
        (2, NOT_ASSESSABLE, {}, PRESENT),
        (0, PRESENT, {"total_copies": 1, "minor_copies": 0}, ABSENT),
        (0, PRESENT, {"total_copies": 0, "minor_copies": 0}, PRESENT),
        (0, ABSENT, {}, ABSENT),
        (0, NOT_ASSESSABLE, {}, NOT_ASSESSABLE),
    ],
)
def test_biallelic_tp53(mutations, del17p, copies, state):
    hits = [variant("TP53", pos=100 + i) for i in range(mutations)]
    assert call(hits, copy_number=[deletion(del17p)], tp53=copies).loc["biallelic_TP53", "state"] == state


def test_mutation_unknown_and_one_copy_left_is_not_assessable():
    table = call(
        callable_genes=callable_rows("no"),
        copy_number=[deletion(PRESENT)],
        tp53={"total_copies": 1, "minor_copies": 0},
    )
    assert table.loc["biallelic_TP53", "state"] == NOT_ASSESSABLE


def test_translocation_without_any_evidence_is_not_assessable():
    assert call().loc["t(4;14)", "state"] == NOT_ASSESSABLE


def test_copies_over_takes_the_segment_that_covers_most():
    segments = pd.DataFrame(
        {
            "sample": ["S", "S", "S"],
            "chrom": ["chr17", "chr17", "chr18"],
            "start": [1, 91, 1],
            "end": [90, 200, 200],
            "total_copies": [1, 2, 5],
            "minor_copies": [0, 1, 2],
        }
    )
    assert abnormalities.copies_over(segments, "17", 80, 200) == {"S": {"total_copies": 2, "minor_copies": 1}}


def test_copies_of_a_gated_or_impure_sample_are_not_used():
    purity = pd.DataFrame({"sample": ["good", "gated", "low", "none"], "purity_used": [0.8, 0.8, 0.1, None]})
    qc = pd.DataFrame(
        [("gated", "median_target_depth", 4.0, 30.0, "fail", "")],
        columns=["sample", "gate", "value", "threshold", "verdict", "reason"],
    )
    assert abnormalities.samples_with_copies(purity, qc, 0.2) == {"good"}
