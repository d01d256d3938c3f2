"""Three states, everywhere: what makes a call present, absent or not assessable."""

import itertools

import pandas as pd
import pytest

from myeloma import abnormalities, tables
from myeloma.double_hits import Copies
from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT

RULES = {
    "mutation_genes": ["TP53", "KRAS", "NRAS", "BRAF"],
    "tumour_suppressors": ["TP53"],
    "crbn_pathway_genes": ["CRBN", "IKZF1"],
    "biallelic_genes": ["TP53"],
    "one_event_bases": 10,
    "translocations": {"t(4;14)": ["NSD2", "FGFR3"]},
    "myc_translocations": {"t(8;14)": "IGH"},
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
        {"TP53": {"P1-T": tp53 or Copies()}},
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
    assert call([variant(filter="germline;normal_depth")]).loc["KRAS", "state"] == ABSENT


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


@pytest.mark.parametrize(
    ("more", "state"),
    [
        (
            {"filter": "germline"},
            NOT_ASSESSABLE,
        ),  # clonal beside a lost allele: as frequent as a germline variant
        ({"filter": "germline;population"}, ABSENT),
        ({"filter": "germline;weak_evidence"}, ABSENT),
        ({"filter": "germline", "impact": "LOW", "consequence": "synonymous_variant"}, ABSENT),
        ({"filter": "germline", "mode": "tumour_normal"}, ABSENT),
    ],
)
def test_without_a_normal_a_guess_at_germline_is_no_absence(more, state):
    novel = {"mode": "tumour_only", "hotspot": "no", "consequence": "frameshift_variant", "impact": "HIGH"}
    row = call([variant("TP53", **(novel | more))]).loc["TP53"]
    assert row["state"] == state
    assert ("cannot be told without a normal" in row["reason"]) == (state == NOT_ASSESSABLE)


@pytest.mark.parametrize(
    ("names", "state"),
    [
        ("contamination", NOT_ASSESSABLE),
        ("contamination;population", ABSENT),
        ("contamination;panel_of_normals", ABSENT),
    ],
)
@pytest.mark.parametrize("hotspot", ["yes", "no"])
def test_a_change_as_faint_as_the_foreign_reads_is_no_absence(names, state, hotspot):
    row = call([variant("TP53", filter=names, hotspot=hotspot)]).loc["TP53"]
    assert row["state"] == state
    assert ("foreign reads" in row["reason"]) == (state == NOT_ASSESSABLE)


def test_three_state_or_agrees_with_its_definition():
    for states in itertools.product([PRESENT, ABSENT, NOT_ASSESSABLE], repeat=3):
        expected = PRESENT if PRESENT in states else NOT_ASSESSABLE if NOT_ASSESSABLE in states else ABSENT
        assert abnormalities.any_of(states) == expected
    assert abnormalities.any_of([]) == NOT_ASSESSABLE


@pytest.mark.parametrize(
    ("mutations", "deleted", "copies", "state"),
    [
        (1, PRESENT, (), PRESENT),
        (1, ABSENT, (2, 0), PRESENT),
        (1, ABSENT, (2, 1), ABSENT),
        (1, ABSENT, (), NOT_ASSESSABLE),
        (1, NOT_ASSESSABLE, (), NOT_ASSESSABLE),
        (1, NOT_ASSESSABLE, (2, 1), NOT_ASSESSABLE),
        (2, NOT_ASSESSABLE, (), PRESENT),
        (0, PRESENT, (1, 0), ABSENT),
        (0, PRESENT, (0, 0), PRESENT),
        (0, ABSENT, (), ABSENT),
        (0, NOT_ASSESSABLE, (), NOT_ASSESSABLE),
        # four copies after whole-genome doubling, one lost: the other allele is still there
        (1, PRESENT, (3, 1), NOT_ASSESSABLE),
    ],
)
def test_biallelic_tp53(mutations, deleted, copies, state):
    hits = [variant("TP53", pos=100 + 50 * i) for i in range(mutations)]
    seen = Copies(*copies, deleted=deleted)
    assert call(hits, tp53=seen).loc["biallelic_TP53", "state"] == state


def test_mutation_unknown_and_one_copy_left_is_not_assessable():
    table = call(callable_genes=callable_rows("no"), tp53=Copies(1, 0, deleted=PRESENT))
    assert table.loc["biallelic_TP53", "state"] == NOT_ASSESSABLE


def test_one_mutation_where_a_second_may_hide_is_not_assessable():
    seen = Copies(2, 1, deleted=ABSENT)
    row = call([variant("TP53")], callable_genes=callable_rows("no"), tp53=seen).loc["biallelic_TP53"]
    assert row["state"] == NOT_ASSESSABLE and "a second one" in row["reason"]


def test_two_records_of_one_change_are_one_mutation():
    near = [variant("TP53", pos=100), variant("TP53", pos=102)]
    assert call(near, tp53=Copies(2, 1, deleted=ABSENT)).loc["biallelic_TP53", "state"] == ABSENT
    far = [variant("TP53", pos=100), variant("TP53", pos=200)]
    row = call(far, tp53=Copies(2, 1, deleted=ABSENT)).loc["biallelic_TP53"]
    assert row["state"] == PRESENT and "2 mutations, phase unknown" in row["value"]


def test_translocation_without_any_evidence_is_not_assessable():
    assert call().loc["t(4;14)", "state"] == NOT_ASSESSABLE


def test_myc_rearrangement_is_the_adjudicated_row():
    blank = dict.fromkeys(tables.TRANSLOCATIONS.names(), "")
    votes = {"dna": PRESENT, "rna": ABSENT, "expression": NOT_ASSESSABLE, "fish": NOT_ASSESSABLE}
    row = blank | votes | {"patient": "P1", "translocation": "MYC_rearrangement", "state": PRESENT}
    row |= {"conflict": "no", "reason": "DNA", "evidence": "MYC chr8:5 - IGH chr14:6, 9 DNA fragments"}
    made = call(translocations=[row]).loc["MYC_rearrangement"]
    assert (made["state"], made["evidence"]) == (PRESENT, row["evidence"])
    assert made["value"].startswith("dna present, rna absent")
    assert call().loc["MYC_rearrangement", "state"] == NOT_ASSESSABLE


@pytest.mark.parametrize(
    ("names", "state"),
    [
        ("normal_artifact", NOT_ASSESSABLE),  # five reads of a hundred in the normal: tumour cells there?
        ("germline", NOT_ASSESSABLE),
        ("germline;normal_depth", ABSENT),  # the normal may be heterozygous
        ("germline;population", ABSENT),
        ("panel_of_normals", ABSENT),
    ],
)
def test_a_hotspot_that_only_a_few_reads_of_the_normal_speak_against_is_open(names, state):
    table = call(variants=[variant("KRAS", filter=names)])
    assert table.loc["KRAS", "state"] == state


def test_a_second_candidate_that_is_open_leaves_a_double_hit_open():
    rows = [
        variant("TP53", mode="tumour_only", hotspot="no", consequence="stop_gained", impact="HIGH"),
        variant("TP53", mode="tumour_only", hotspot="no", pos=500, hgvsp="p.Cys135Tyr"),
    ]
    made = call(variants=rows, tp53=Copies(2, 1, None, ABSENT, "", ""))
    assert made.loc["TP53", "state"] == PRESENT
    assert made.loc["biallelic_TP53", "state"] == NOT_ASSESSABLE
