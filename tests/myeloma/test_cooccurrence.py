"""Pairs of abnormalities: hand-made patients, what must never be tested."""

import pandas as pd
import pytest

from myeloma import cooccurrence, multiplicity
from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT

RULES = {"alpha": 0.05, "confidence": 0.95, "power": 0.8, "cooccurrence_min_carriers": 3}
DEFINITIONS = {"crbn_pathway_genes": ["CRBN", "IKZF1"], "myc_translocations": {"t(8;14)": "IGH"}}
OF = {"+": PRESENT, "-": ABSENT, "?": NOT_ASSESSABLE}


def made(calls: dict[str, str], qualifying=()):
    """calls: abnormality -> one sign per patient (+, -, ?)."""
    n = len(next(iter(calls.values())))
    patients = [f"P{i}" for i in range(n)]
    rows = [
        {"patient": p, "abnormality": name, "kind": "copy_number", "state": OF[sign]}
        for name, signs in calls.items()
        for p, sign in zip(patients, signs, strict=True)
    ]
    flow = pd.DataFrame({"patient": patients, "analysis": "itt", "included": "yes", "reason": ""})
    enrolled = dict(zip(patients, qualifying, strict=False))
    found = cooccurrence.pairs(flow, pd.DataFrame(rows), enrolled, RULES, DEFINITIONS)
    return found.set_index(["first", "second"])


def test_counts_and_p_by_hand():
    """TP53 and DIS3, 10 patients: 4 both, 0 and 1 alone, 4 neither, 1 not assessable; p = 2 x 5 / C(9,4)."""
    row = made({"DIS3": "++++-----?", "TP53": "+++++-----"}).loc[("DIS3", "TP53")]
    assert [row[n] for n in ("both", "first_only", "second_only", "neither", "not_assessable")] == [
        4,
        0,
        1,
        4,
        1,
    ]
    # 4 carriers of DIS3 all among the 5 of TP53: C(5,4) C(4,0) = 5 of C(9,4) = 126
    assert row["p"] == pytest.approx(2 * 5 / 126)
    assert row["odds_ratio"] == float("inf") and row["smallest_p"] == pytest.approx(2 / 126)
    wider = made({"DIS3": "+++++------", "TP53": "+++++------"}).loc[("DIS3", "TP53")]
    assert wider["family"] == cooccurrence.FAMILY and wider["q"] == wider["p"] == pytest.approx(2 / 462)


def test_two_qualifying_lesions_are_never_tested():
    calls = {"del17p": "+++++-----", "t(4;14)": "-----+++++", "TP53": "+++++-----"}
    found = made(calls, ["del(17p)"] * 5 + ["t(4;14)"] * 5)
    row = found.loc[("del17p", "t(4;14)")]
    assert row["family"] == multiplicity.DESCRIBED and pd.isna(row["p"]) and "look exclusive" in row["note"]
    assert (row["both"], row["first_only"], row["second_only"]) == (0, 5, 5)
    # one of the two only: tested
    assert found.loc[("TP53", "del17p"), "family"] == cooccurrence.FAMILY
    # enrolled for none of them: the same pair is tested
    assert made(calls).loc[("del17p", "t(4;14)"), "family"] == cooccurrence.FAMILY


def test_amp1q_qualifies_with_gain1q():
    calls = {"amp1q": "+++++-----", "del17p": "-----+++++"}
    row = made(calls, ["gain(1q)"] * 5 + ["del(17p)"] * 5).loc[("amp1q", "del17p")]
    assert row["family"] == multiplicity.DESCRIBED


@pytest.mark.parametrize(
    "whole, part",
    [
        ("amp1q", "gain1q"), ("biallelic_TP53", "TP53"), ("biallelic_TP53", "del17p"), ("biallelic_TP53", "cnloh_17p"), ("del17p_high_fraction", "del17p"),
        ("RAS_RAF_mutation", "KRAS"), ("CRBN_pathway", "IKZF1"), ("MYC_rearrangement", "t(8;14)"),
        ("hyperdiploidy", "trisomy9"), ("monosomy13", "del13q"),
    ],
)  # fmt: skip
def test_what_one_contains_is_not_tested_against_it(whole, part):
    found = made({whole: "+++++-----", part: "+++++-----"}).iloc[0]
    assert found["family"] == multiplicity.DESCRIBED and "by construction" in found["note"]
    assert not cooccurrence.contains("TP53", "del17p", DEFINITIONS)  # the pair of a double hit is a finding


@pytest.mark.parametrize(
    "loh, loss",
    [
        ("cnloh_17p", "del17p"), ("cnloh_17p", "del17p_high_fraction"), ("cnloh_1p", "del1p32"), ("cnloh_13q", "monosomy13"),
        ("cnloh_13q", "biallelic_del13q"), ("cnloh_16q", "del16q_CYLD"),
    ],
)  # fmt: skip
def test_what_one_rules_out_is_not_tested_against_it(loh, loss):
    row = made({loh: "+++++-----", loss: "-----+++++"}).iloc[0]
    assert row["family"] == multiplicity.DESCRIBED and pd.isna(row["p"])
    assert "by construction" in row["note"]


@pytest.mark.parametrize(
    "loh, other",
    [("cnloh_17p", "del1p32"), ("cnloh_1p", "del1q"), ("cnloh_1q", "gain1q"), ("cnloh_1p", "del13q")],
)
def test_losses_of_other_arms_and_gains_are_tested(loh, other):
    assert made({loh: "+++++-----", other: "-----+++++"}).iloc[0]["family"] == cooccurrence.FAMILY


def test_too_few_carriers_are_in_no_pair():
    assert not len(made({"DIS3": "++--------", "TP53": "+++++-----"}))


def test_homozygous_loss_contains_losses_of_its_own_chromosome_only():
    contains = cooccurrence.contains
    assert contains("biallelic_del17p", "del17p", DEFINITIONS)
    assert contains("biallelic_del13q", "monosomy13", DEFINITIONS)
    assert contains("biallelic_delCDKN2A", "delCDKN2A", DEFINITIONS)
    assert not contains("biallelic_del1p32", "del17p", DEFINITIONS)
    assert not contains("biallelic_del1p32", "del13q", DEFINITIONS)
    assert not contains("biallelic_del17p", "del1p32", DEFINITIONS)
    assert not contains("biallelic_delCDKN2A", "del17p", DEFINITIONS)


def test_stricter_readings_of_two_qualifying_lesions_are_not_tested():
    """Patients enrolled for one of two lesions look exclusive: the design, not the biology (rules.md 4)."""
    names = {"del17p": "+++++-----", "t(4;14)": "-----+++++", "del17p_high_fraction": "++++------",
             "biallelic_del17p": "+++-------"}  # fmt: skip
    found = made(names, ["del17p"] * 5 + ["t(4;14)"] * 5).reset_index()
    pairs = found[(found["first"] == "t(4;14)") | (found["second"] == "t(4;14)")]
    assert len(pairs) == 3
    assert pairs["p"].isna().all() and pairs["note"].str.contains("enrolled").all()
