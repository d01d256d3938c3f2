"""Levels of a factor: who has which, log-rank over all of them, trend; against R survival (tests/real/reference/levels.R)."""

import pandas as pd
import pytest

from myeloma import levels, tables
from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT

LABELS = ("2", "3", "4 or more")
RULES = {"confidence": 0.95, "survival_months": [12, 24],
         "levels": {"1q21 copies": {"nested": ["gain1q", "amp1q"], "labels": list(LABELS)}}}  # fmt: skip
# as in levels.R
TIME = [6, 7, 10, 15, 19, 25, 3, 6, 8, 10, 12, 20, 1, 3, 6, 8, 8, 9]
EVENT = [1, 0, 1, 1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0, 1]
LEVEL = [label for label in LABELS for _ in range(6)]


def calls(states):
    """patient -> (gain1q, amp1q)."""
    rows = [
        {"patient": p, "sample": "", "abnormality": name, "kind": "copy_number", "state": state, "value": "",
         "threshold": "", "reason": "", "evidence": ""}
        for p, pair in states.items()
        for name, state in zip(("gain1q", "amp1q"), pair, strict=True)
    ]  # fmt: skip
    return tables.conform(pd.DataFrame(rows), tables.ABNORMALITIES)


STATES = {"2": (ABSENT, ABSENT), "3": (PRESENT, ABSENT), "4 or more": (PRESENT, PRESENT)}


def test_a_level_is_known_only_where_its_limits_were_assessed():
    seen = calls(
        {
            "two": STATES["2"],
            "three": STATES["3"],
            "four": STATES["4 or more"],
            "three_or_more": (PRESENT, NOT_ASSESSABLE),
            "below_three": (ABSENT, NOT_ASSESSABLE),
            "nothing": (NOT_ASSESSABLE, NOT_ASSESSABLE),
            "not_four": (NOT_ASSESSABLE, ABSENT),
            "impossible": (ABSENT, PRESENT),
        }
    )
    made = levels.nested_levels(seen, ["gain1q", "amp1q"], LABELS)
    assert made == {"two": "2", "three": "3", "four": "4 or more", "below_three": "2"}
    with pytest.raises(ValueError, match="need 3 labels"):
        levels.nested_levels(seen, ["gain1q", "amp1q"], ["2", "3"])


def test_expected_events_and_trend_are_those_of_r():
    parts = levels.observed_expected(TIME, EVENT, LEVEL, LABELS)
    assert parts[0].tolist() == [3, 5, 5]
    assert parts[1] == pytest.approx([5.887916985, 4.720059842, 2.392023173], rel=1e-9)
    assert levels.trend(*parts)[0] == pytest.approx(4.968444575, rel=1e-9)


def cohort():
    ids = [f"P{i:02d}" for i in range(len(TIME))]
    seen = calls(
        {p: STATES[one] for p, one in zip(ids, LEVEL, strict=True)} | {"X": (PRESENT, NOT_ASSESSABLE)}
    )
    times = pd.DataFrame({"patient": [*ids, "X"], "months": [*map(float, TIME), 5.0], "event": [*EVENT, 1]})
    times = times.assign(
        endpoint="OS", rule_set="trial", start_date="", end_date="", days=1, censor_reason="", event_reason="", source_record="made"
    )  # fmt: skip
    flow = pd.DataFrame({"patient": [*ids, "X"], "analysis": "itt", "included": "yes", "reason": ""})
    return seen, tables.conform(times, tables.ENDPOINTS), flow


def test_the_table_tests_all_levels_at_once_and_counts_who_has_none():
    seen, times, flow = cohort()
    made = levels.compare(seen, tables.empty(tables.TC_CLASSES), times, flow, RULES, "trial")
    assert made["level"].tolist() == list(LABELS) and set(made["endpoint"]) == {"OS"}
    assert made["patients"].tolist() == [6, 6, 6] and made["events"].tolist() == [3, 5, 5]
    assert set(made["not_assessable"]) == {1} and set(made["degrees_of_freedom"]) == {2}
    assert made["log_rank_chi2"].iloc[0] == pytest.approx(5.270238706, rel=1e-8)
    # Kaplan-Meier of level 4: 5/6, 4/6, 3/6, 2/6 at 1, 3, 6, 8 of 6, 5, 4, 3 at risk: one half from 6 to 8
    assert made.loc[made["level"] == "4 or more", "median"].iloc[0] == 7


def test_classes_without_an_order_have_no_trend():
    seen, times, flow = cohort()
    rows = [
        {"patient": f"P{i:02d}", "tc_class": "D1" if i < 9 else "D2", "state": "called"} for i in range(17)
    ]
    tc = pd.DataFrame([*rows, {"patient": "P17", "tc_class": "D1 or D2", "state": "ambiguous"}])
    made = levels.compare(seen, tc, times, flow, RULES, "trial")
    made = made[made["factor"] == "TC class"]
    assert made["level"].tolist() == ["D1", "D2"] and made["patients"].tolist() == [9, 8]
    assert made["trend_p"].isna().all() and made["log_rank_p"].notna().all()
    assert set(made["not_assessable"]) == {2}


def test_one_level_or_nobody_is_no_comparison():
    seen, times, flow = cohort()
    only = seen.assign(state=ABSENT)
    made = levels.compare(only, tables.empty(tables.TC_CLASSES), times, flow, RULES, "trial")
    assert made["note"].tolist() == ["one level only: nothing to compare"]
    assert made["log_rank_p"].isna().all() and made["trend_p"].isna().all()
    assert levels.compare(only, tables.empty(tables.TC_CLASSES), times.iloc[:0], flow, RULES, "trial").empty
