"""Sensitivity of the primary family: who is in each analysis, by hand."""

import pandas as pd
import pytest

from myeloma import sensitivity, tables
from myeloma.states import ABSENT, EARLY, NEITHER, NOT_ASSESSABLE, POOR, PRESENT

RULES = {
    "primary_family": ["del17p", "gain1q"], "alpha": 0.05, "confidence": 0.95, "power": 0.8,
    "sensitivity_min_purity": 0.3,
}  # fmt: skip
PATIENTS = [f"P{i}" for i in range(8)]


@pytest.fixture
def cohort():
    """P0-P3 early, P4-P6 poor, P7 neither. P0 has low purity, P4 no normal, P5 a deviation; P6 is NA for del17p."""
    rows = [(p, "itt", "yes") for p in PATIENTS]
    rows += [(p, "early", "yes") for p in PATIENTS[:4]] + [(p, "poor", "yes") for p in PATIENTS[4:7]]
    rows += [(p, "per_protocol", "no" if p == "P5" else "yes") for p in PATIENTS]
    state = [PRESENT, ABSENT, ABSENT, ABSENT, PRESENT, PRESENT, NOT_ASSESSABLE, PRESENT]
    groups = [EARLY] * 4 + [POOR] * 3 + [NEITHER]
    other = [POOR] * 2 + [EARLY] * 2 + [POOR] * 4
    defined = [
        {
            "patient": p,
            "definition": d,
            "group": g,
            "chosen": "yes" if d == "A" else "no",
            "rule": f"{d}: a rule",
        }
        for d, of in (("A", groups), ("B", other), ("D", [NEITHER] * 8))
        for p, g in zip(PATIENTS, of, strict=True)
    ]
    samples = [{"patient": p, "sample": f"{p}-T", "role": "analysis", "assay": "wes"} for p in PATIENTS]
    purity = [
        {"patient": p, "sample": f"{p}-T", "purity_used": 0.2 if p == "P0" else (None if p == "P1" else 0.8),
         "mode": "tumour_only" if p == "P4" else "tumour_normal"}
        for p in PATIENTS
    ]  # fmt: skip
    return {
        "flow": pd.DataFrame(rows, columns=["patient", "analysis", "included"]),
        "abnormalities": pd.DataFrame({"patient": PATIENTS, "abnormality": "del17p", "state": state}),
        "definitions": pd.DataFrame(defined),
        "samples": pd.DataFrame(samples),
        "purity": pd.DataFrame(purity),
        "variants": pd.DataFrame(columns=["sample", "mode"]),
        "exclusions": [{"patient": "P2", "analysis": "comparison", "reason": "x"}],
    }


COUNTS = ["early_present", "early_assessable", "poor_present", "poor_assessable", "not_assessable"]


@pytest.mark.parametrize(
    "analysis, expected",
    [
        (sensitivity.MAIN, [1, 4, 2, 2, 1]),
        ("groups B", [0, 1, 4, 5, 1]),  # P2 is excluded from the comparison, P6 is not assessable
        ("groups D", [0, 0, 0, 0, 0]),
        (sensitivity.PER_PROTOCOL, [1, 4, 1, 1, 1]),
        (sensitivity.PURE, [0, 2, 2, 2, 1]),  # without P0 (0.2) and P1 (not known)
        (sensitivity.WITH_NORMAL, [1, 4, 1, 1, 1]),
    ],
)
def test_who_is_in(cohort, analysis, expected):
    made = sensitivity.analyse(**cohort, rules=RULES)
    row = made[made["analysis"] == analysis].iloc[0]
    assert row[COUNTS].tolist() == expected
    assert row["how"]
    assert pd.isna(row["odds_ratio"]) == (analysis == "groups D")


def test_entered_samples_have_a_normal_only_where_somebody_says_so(cohort):
    """All entered. P0 says somatic, P1 says it of one mutation and not of the other, the rest has no mutation."""
    cohort["purity"]["mode"] = "given"
    rows = [("P0-T", "tumour_normal"), ("P1-T", "tumour_normal"), ("P1-T", "tumour_only")]
    cohort["variants"] = pd.DataFrame(rows, columns=["sample", "mode"])

    def counts(**more):
        made = sensitivity.analyse(**cohort, rules=RULES, **more)
        return made[made["analysis"] == sensitivity.WITH_NORMAL].iloc[0][COUNTS].tolist()

    assert counts() == [1, 1, 0, 0, 0]
    # with the statement every entered mutation is tumour_normal, and a sample without one is covered by it
    cohort["variants"] = cohort["variants"].assign(mode="tumour_normal")
    assert counts(somatic_by="the laboratory") == [1, 4, 2, 2, 1]


def test_direction_and_family(cohort):
    made = sensitivity.analyse(**cohort, rules=RULES).set_index("analysis")
    assert set(made["family"]) == {"described"}
    assert made.loc[sensitivity.MAIN, "same_direction"] == ""
    assert made.loc[sensitivity.PER_PROTOCOL, "same_direction"] == "yes"
    assert set(made["abnormality"]) == {"del17p"}  # gain1q is not called


def test_no_patients():
    empty = {
        "flow": tables.FLOW, "abnormalities": tables.ABNORMALITIES, "definitions": tables.GROUPS_BY_DEFINITION,
        "samples": tables.SAMPLES, "purity": tables.PURITY, "variants": tables.VARIANTS,
    }  # fmt: skip
    frames = {name: tables.empty(table) for name, table in empty.items()}
    assert not len(sensitivity.analyse(**frames, exclusions=[], rules=RULES))
