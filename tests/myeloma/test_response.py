"""Rules of analysis 1: level of a visit, missing data, nadir, confirmation. Values are made up."""

import datetime

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from myeloma import imwg, phases, response, visits

C1D1 = datetime.date(2021, 3, 1)


@pytest.fixture(scope="module")
def limits(project):
    return yaml.safe_load((project / "config/config.yaml").read_text())["response"]


@pytest.fixture(scope="module")
def admiral(project, limits):
    return limits | yaml.safe_load((project / "tests/imwg/admiral.yaml").read_text())["response"]


def on(days):
    return C1D1 + datetime.timedelta(days=days)


def patient(**more):
    return pd.DataFrame([{"patient": "P", "c1d1": C1D1} | more])


def table(*rows):
    """Assessments from (day after C1D1, values)."""
    return pd.DataFrame([{"patient": "P", "date": on(days)} | values for days, values in rows])


SERUM = {"serum_m_g_l": 30.0, "urine_m_mg_24h": 100.0, "serum_ife": "positive", "urine_ife": "positive"}
BOTH = SERUM | {"urine_m_mg_24h": 1000.0}
URINE = SERUM | {"serum_m_g_l": 4.0, "urine_m_mg_24h": 1000.0}
FLC = {"serum_m_g_l": 2.0, "urine_m_mg_24h": 50.0, "kappa_mg_l": 500.0, "lambda_mg_l": 10.0}
MARROW = {"serum_m_g_l": 2.0, "urine_m_mg_24h": 50.0, "kappa_mg_l": 20.0, "lambda_mg_l": 15.0,
          "marrow_pc_percent": 40.0}  # fmt: skip
CLEAN = {"serum_m_g_l": 0.0, "urine_m_mg_24h": 0.0, "serum_ife": "negative", "urine_ife": "negative"}
NORMAL_FLC = {"kappa_mg_l": 12.0, "lambda_mg_l": 10.0}


def judged(limits, base, *later, **person):
    """Rows of `levels` after baseline; visits every 21 days."""
    rows = [(0, base)] + [(21 * (n + 1), values) for n, values in enumerate(later)]
    made, _ = imwg.levels(patient(**person), table(*rows), limits)
    return made[made["level"] != "baseline"].reset_index(drop=True)


def level(limits, base, *later):
    """Level of the last visit."""
    return judged(limits, base, *later)["level"].iloc[-1]


# ---------------------------------------------------------------- track


@pytest.mark.parametrize(
    ("base", "name"),
    [
        (SERUM, "serum"),
        (BOTH, "serum+urine"),
        (URINE, "urine"),
        (FLC, "flc"),
        (MARROW, "marrow"),
        (MARROW | {"marrow_pc_percent": 29.9}, "none"),
        (MARROW | {"marrow_pc_percent": 29.9, "plasmacytoma_spd_mm2": 600.0}, "plasmacytoma"),
        (FLC | {"lambda_mg_l": 400.0}, "none"),  # 500 mg/L with a normal ratio is not measurable
        (FLC | {"kappa_mg_l": 99.9}, "none"),
        (SERUM | {"serum_m_g_l": 10.0}, "serum"),
        (SERUM | {"serum_m_g_l": 9.99}, "none"),
    ],
)
def test_track_is_what_is_measurable_at_baseline(limits, base, name):
    assert judged(limits, base, {"serum_m_g_l": 1.0})["track"].iloc[0] == name


def test_a_protocol_may_follow_smaller_spikes(limits):
    base = SERUM | {"serum_m_g_l": 6.0}
    assert judged(limits, base, {"serum_m_g_l": 1.0})["track"].iloc[0] == "none"
    assert (
        judged(limits | {"serum_measurable_g_l": 5}, base, {"serum_m_g_l": 1.0})["track"].iloc[0] == "serum"
    )


def test_baseline_is_the_latest_evaluable_value_of_each_parameter_by_c1d1(limits):
    rows = table(
        (-20, {"serum_m_g_l": 50.0, "urine_m_mg_24h": 900.0}),
        (-5, {"serum_m_g_l": 40.0}),
        (0, {"serum_m_g_l": 10.0, "evaluable": "no"}),
        (21, {"serum_m_g_l": 20.0, "urine_m_mg_24h": 400.0}),
    )
    made, _ = imwg.levels(patient(), rows, limits)
    assert list(made["level"]) == ["baseline", "baseline", "baseline", "MR"]
    assert "from 40" in made["decided_by"].iloc[-1] and "from 900" in made["decided_by"].iloc[-1]


# ---------------------------------------------------------------- levels


@pytest.mark.parametrize(
    ("base", "now", "expected"),
    [
        # MR has no upper bounds: serum -60 %, urine -70 % but still above 200 mg is MR, not SD
        (BOTH, {"serum_m_g_l": 12.0, "urine_m_mg_24h": 300.0}, "MR"),
        (BOTH, {"serum_m_g_l": 12.0, "urine_m_mg_24h": 199.9}, "PR"),
        (BOTH, {"serum_m_g_l": 15.0, "urine_m_mg_24h": 100.0}, "PR"),
        (BOTH, {"serum_m_g_l": 15.01, "urine_m_mg_24h": 50.0}, "MR"),  # unrounded: 49.97 %
        (BOTH, {"serum_m_g_l": 22.5, "urine_m_mg_24h": 500.0}, "MR"),
        (BOTH, {"serum_m_g_l": 22.6, "urine_m_mg_24h": 500.0}, "SD"),
        (BOTH, {"serum_m_g_l": 12.0, "urine_m_mg_24h": 501.0}, "SD"),  # the lower of the two
        (BOTH, {"serum_m_g_l": 3.0, "urine_m_mg_24h": 99.0}, "VGPR"),
        (BOTH, {"serum_m_g_l": 3.0, "urine_m_mg_24h": 100.0}, "PR"),  # < 100, strictly
        (BOTH | {"urine_m_mg_24h": 5000.0}, {"serum_m_g_l": 12.0, "urine_m_mg_24h": 500.0}, "PR"),
        (SERUM, {"serum_m_g_l": 15.0}, "PR"),
        (SERUM, {"serum_m_g_l": 15.0, "urine_m_mg_24h": 210.0}, "SD"),  # urine rose above 200 mg
        (URINE, {"urine_m_mg_24h": 199.0}, "PR"),
        (URINE, {"urine_m_mg_24h": 99.0}, "VGPR"),
        (URINE, {"urine_m_mg_24h": 450.0}, "MR"),
        (FLC, {"kappa_mg_l": 255.0, "lambda_mg_l": 10.0}, "PR"),  # dFLC 490 -> 245
        (FLC, {"kappa_mg_l": 59.0, "lambda_mg_l": 10.0}, "VGPR"),
        (FLC, {"kappa_mg_l": 256.0, "lambda_mg_l": 10.0}, "SD"),
        (MARROW, {"marrow_pc_percent": 20.0}, "PR"),
        (MARROW, {"marrow_pc_percent": 21.0}, "SD"),
    ],
)
def test_level_of_one_visit(limits, base, now, expected):
    assert level(limits, base, now) == expected


def test_complete_responses(limits):
    assert level(limits, SERUM, CLEAN | {"marrow_pc_percent": 4.9}) == "CR"
    assert level(limits, SERUM, CLEAN | {"marrow_pc_percent": 5.0}) == "VGPR"
    assert level(limits, SERUM, CLEAN | {"urine_ife": "positive", "marrow_pc_percent": 1.0}) == "VGPR"
    stringent = CLEAN | NORMAL_FLC | {"marrow_pc_percent": 1.0, "marrow_clonal": "no"}
    assert level(limits, SERUM, stringent) == "sCR"
    assert level(limits, SERUM, stringent | {"marrow_clonal": "yes"}) == "CR"
    assert level(limits, SERUM, stringent | {"kappa_mg_l": 17.0}) == "CR"  # ratio 1.7 > 1.65
    assert level(limits, SERUM, stringent | {"serum_m_g_l": 8.0}) == "PR"  # a spike of 8 g/L is no CR


def test_the_flc_track_needs_a_normal_ratio_for_cr(limits):
    base = FLC | {"serum_ife": "positive", "urine_ife": "positive"}
    now = CLEAN | {"marrow_pc_percent": 1.0, "lambda_mg_l": 10.0}
    assert level(limits, base, now | {"kappa_mg_l": 16.5}) == "CR"
    assert level(limits, base, now | {"kappa_mg_l": 16.6}) == "VGPR"


def test_marrow_and_imaging_need_no_repeat(limits):
    first = CLEAN | {"marrow_pc_percent": 1.0}
    assert list(judged(limits, SERUM, first, CLEAN)["level"]) == ["CR", "CR"]
    assert level(limits, SERUM | {"marrow_pc_percent": 1.0}, CLEAN) == "VGPR"  # not the one of baseline


def test_a_plasmacytoma_must_shrink_too(limits):
    base = SERUM | {"plasmacytoma_spd_mm2": 1000.0}
    assert level(limits, base, {"serum_m_g_l": 10.0}) == "NE"
    assert level(limits, base, {"serum_m_g_l": 10.0, "plasmacytoma_spd_mm2": 500.0}) == "PR"
    assert level(limits, base, {"serum_m_g_l": 10.0, "plasmacytoma_spd_mm2": 501.0}) == "SD"
    vgpr = {"serum_m_g_l": 1.0, "urine_m_mg_24h": 10.0}
    assert level(limits, base, vgpr | {"plasmacytoma_spd_mm2": 101.0}) == "PR"
    assert level(limits, base, vgpr | {"plasmacytoma_spd_mm2": 100.0}) == "VGPR"
    cr = CLEAN | {"marrow_pc_percent": 1.0}
    assert level(limits, base, cr | {"plasmacytoma_spd_mm2": 50.0}) == "VGPR"
    assert level(limits, base, cr | {"plasmacytoma_spd_mm2": 0.0}) == "CR"


def test_no_look_at_the_only_measurable_lesion_is_no_sd(limits):
    base = MARROW | {"marrow_pc_percent": 5.0, "plasmacytoma_spd_mm2": 1000.0}
    seen, not_seen = {"plasmacytoma_spd_mm2": 900.0, "serum_ife": "positive"}, {"serum_ife": "positive"}
    assert list(judged(limits, base, seen, not_seen)["level"]) == ["SD", "NE"]


# ---------------------------------------------------------------- missing data


def test_without_marrow_a_negative_immunofixation_is_vgpr(limits):
    assert level(limits, SERUM, CLEAN) == "VGPR"
    assert level(limits | {"marrow_required_for": []}, SERUM, CLEAN) == "CR"


def test_vgpr_and_cr_need_urine(limits):
    low = {"serum_m_g_l": 1.0}
    assert level(limits, SERUM, low) == "PR"
    assert level(limits | {"urine_required_for": ["CR"]}, SERUM, low) == "VGPR"
    no_urine = {"serum_m_g_l": 0.0, "serum_ife": "negative", "marrow_pc_percent": 1.0}
    assert level(limits, SERUM, no_urine) == "PR"
    assert level(limits | {"urine_required_for": []}, SERUM, no_urine) == "CR"
    assert level(limits | {"urine_required_for": ["CR", "VGPR", "PR"]}, SERUM, low) == "MR"


def test_missing_urine_of_a_urine_patient_is_never_sd(limits):
    made = judged(limits, BOTH, {"serum_m_g_l": 10.0})
    assert made["level"].iloc[0] == "NE"
    assert "urine M-protein not measured" in made["reason"].iloc[0]
    assert level(limits, BOTH, {"serum_m_g_l": 29.0}) == "SD"  # serum alone rules MR out


def test_unknown_urine_at_baseline_does_not_allow_pr_without_urine(limits):
    base = {"serum_m_g_l": 30.0}
    assert level(limits, base, {"serum_m_g_l": 10.0}) == "NE"
    assert level(limits, base, {"serum_m_g_l": 10.0, "urine_m_mg_24h": 20.0}) == "PR"
    assert level(limits, base | {"urine_ife": "negative"}, {"serum_m_g_l": 10.0}) == "PR"


def test_flc_missing_on_the_flc_track_is_ne(limits):
    assert level(limits, FLC, {"serum_m_g_l": 1.0, "urine_m_mg_24h": 50.0}) == "NE"


@pytest.mark.parametrize("now", [{"evaluable": "no", "serum_m_g_l": 1.0}, {}])
def test_ne_visits(limits, now):
    made = judged(limits, SERUM, now)
    assert made["level"].iloc[0] == "NE" and made["reason"].iloc[0]


def test_no_measurable_disease_is_ne_but_can_progress(limits):
    base = {"serum_m_g_l": 3.0, "urine_m_mg_24h": 50.0}
    assert list(judged(limits, base, {"serum_m_g_l": 3.0}, {"serum_m_g_l": 9.0})["level"]) == ["NE", "PD"]


def test_never_treated_has_no_level(limits):
    made, _ = imwg.levels(patient(c1d1=None), table((0, SERUM)), limits)
    assert list(made["level"]) == ["NE"] and "never treated" in made["reason"].iloc[0]


def test_assessment_after_death_is_refused(limits):
    with pytest.raises(ValueError, match="after death"):
        imwg.levels(patient(death_date=on(10)), table((0, SERUM), (21, SERUM)), limits)


# ---------------------------------------------------------------- progression


def serum(*values):
    return [{"serum_m_g_l": v} for v in values]


@pytest.mark.parametrize(
    ("base", "values", "expected"),
    [
        (30.0, (20.0, 20.0, 25.0), "PD"),  # 5 g/L and 25 %
        (30.0, (20.0, 20.0, 24.9), "SD"),  # relative and absolute: 4.9 g/L
        (40.0, (30.0, 30.0, 37.0), "SD"),  # 7 g/L, but 23 %
        (30.0, (30.0, 38.0), "PD"),  # a never-responder against baseline
        (30.0, (2.0, 2.0, 6.9), "PR"),  # 245 %, but 4.9 g/L
        (60.0, (55.0, 55.0, 65.0), "PD"),  # nadir >= 50: 10 g/L alone, 18 %
        (60.0, (49.0, 49.0, 59.0), "SD"),  # nadir below 50: 20 % is too little
        (30.0, (0.0, 0.0, 5.0), "PD"),  # nadir 0: the absolute rise decides
        (30.0, (0.0, 0.0, 4.9), "PR"),
    ],
)
def test_serum_progression(limits, base, values, expected):
    assert level(limits, SERUM | {"serum_m_g_l": base}, *serum(*values)) == expected


def test_one_low_value_is_no_nadir_until_the_next_confirms_it(limits):
    values = serum(10.0, 10.0, 3.0, 10.0)
    assert level(limits, SERUM, *values) == "PR"
    assert level(limits | {"nadir": "lowest"}, SERUM, *values) == "PD"
    assert level(limits, SERUM, *serum(10.0, 10.0, 3.0, 4.0, 10.0)) == "PD"  # 3 and 4 confirm 4


def test_urine_progression(limits):
    base = URINE | {"urine_m_mg_24h": 1000.0}
    assert (
        level(limits, base, {"urine_m_mg_24h": 400.0}, {"urine_m_mg_24h": 400.0}, {"urine_m_mg_24h": 600.0})
        == "PD"
    )
    assert (
        level(limits, base, {"urine_m_mg_24h": 400.0}, {"urine_m_mg_24h": 400.0}, {"urine_m_mg_24h": 599.0})
        == "SD"
    )
    serum_only = SERUM | {"urine_m_mg_24h": 0.0}
    assert (
        level(limits, serum_only, {"serum_m_g_l": 10.0, "urine_m_mg_24h": 200.0}) == "PD"
    )  # urine counts too


def test_dflc_progression_is_strict_and_on_its_track_only(limits):
    low = {"kappa_mg_l": 60.0, "lambda_mg_l": 10.0}
    assert (
        level(limits, FLC, low, low, {"kappa_mg_l": 160.0, "lambda_mg_l": 10.0}) != "PD"
    )  # exactly 100 mg/L
    assert level(limits, FLC, low, low, {"kappa_mg_l": 160.1, "lambda_mg_l": 10.0}) == "PD"
    base, now = SERUM | low, {"serum_m_g_l": 29.0, "kappa_mg_l": 900.0, "lambda_mg_l": 10.0}
    assert level(limits, base, now) == "SD"


def test_a_negative_dflc_nadir_is_no_division(limits):
    clean = {"kappa_mg_l": 5.0, "lambda_mg_l": 10.0}
    assert level(limits, FLC, clean, clean, {"kappa_mg_l": 120.0, "lambda_mg_l": 10.0}) == "PD"


def test_marrow_progression_on_its_track_only(limits):
    def now(percent):
        return {"marrow_pc_percent": percent}

    assert level(limits, MARROW, now(20.0), now(30.0)) == "PD"
    assert level(limits, MARROW, now(20.0), now(29.0)) == "SD"  # 9 points
    assert level(limits, MARROW | {"marrow_pc_percent": 60.0}, now(58.0), now(69.0)) == "SD"  # 19 %
    assert level(limits, SERUM | now(10.0), {"serum_m_g_l": 29.0} | now(60.0)) == "SD"


@pytest.mark.parametrize(
    "now", [{"new_lesion": "yes"}, {"imaging_pd": "yes"}, {"plasmacytoma_spd_mm2": 600.0}]
)
def test_imaging_progression(limits, now):
    made = judged(limits, SERUM | {"plasmacytoma_spd_mm2": 400.0}, {"serum_m_g_l": 10.0} | now)
    assert made["level"].iloc[0] == "PD" and made["definite_pd"].iloc[0]
    quiet = {"serum_m_g_l": 29.0, "new_lesion": "no", "imaging_pd": "no", "plasmacytoma_spd_mm2": 599.0}
    assert level(limits, SERUM | {"plasmacytoma_spd_mm2": 400.0}, quiet) == "SD"


def test_calcium_counts_only_with_the_older_criteria(limits):
    now = {"serum_m_g_l": 29.0, "calcium_mmol_l": 2.9}
    assert level(limits, SERUM, now) == "SD"
    assert level(limits | {"pd_calcium_mmol_l": 2.87}, SERUM, now) == "PD"


def test_relapse_of_the_immunofixation_alone_is_no_progression(limits):
    again = CLEAN | {"serum_ife": "positive"}
    assert level(limits, SERUM, CLEAN | {"marrow_pc_percent": 1.0}, CLEAN, again) == "VGPR"


def test_the_audit_holds_every_candidate_with_its_reason(limits):
    _, audit = imwg.levels(patient(), table((0, SERUM), (21, {"serum_m_g_l": 12.0})), limits)
    said = audit.set_index("level")["verdict"].to_dict()
    assert said == {
        "PD": "not_satisfied", "sCR": "not_satisfied", "CR": "not_satisfied", "VGPR": "not_satisfied",
        "PR": "satisfied", "MR": "satisfied", "SD": "not_satisfied",
    }  # fmt: skip
    assert (audit["why"] != "").all()
    missing = {"serum_m_g_l": 1.0}
    _, audit = imwg.levels(patient(), table((0, SERUM), (21, missing)), limits)
    row = audit.set_index("level").loc["VGPR"]
    assert row["verdict"] == "not_evaluable" and "urine M-protein not measured" in row["why"]


# ---------------------------------------------------------------- confirmation


def confirmed(switches, *names, days=None, **facts):
    """Running confirmed levels of a sequence; a name with a + is imaging PD."""
    rows = [
        {
            "patient": "P",
            "date": on(days[n] if days else 21 * (n + 1)),
            "level": name.rstrip("+"),
            "definite_pd": name.endswith("+"),
            "start_date": C1D1,
        }
        | facts
        for n, name in enumerate(names)
    ]
    return list(response.confirm(pd.DataFrame(rows), switches)["confirmed_level"])


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["PR", "PR"], ["PR", "PR"]),
        (["VGPR", "PR"], ["PR", "PR"]),
        (["CR", "NE", "CR"], ["CR", "CR", "CR"]),
        (["PR", "PD", "SD"], ["SD", "SD", "SD"]),
        (["PR", "PD+"], ["SD", "PD"]),
        (["PD"], ["NE"]),
        (["PR", "VGPR", "CR"], ["PR", "VGPR", "VGPR"]),
        (["PR", "PD", "PD", "PR"], ["SD", "PD", "PD", "PD"]),
        (["PD+", "CR"], ["PD", "PD"]),
    ],
)
def test_sequences_under_both_readings(limits, admiral, names, expected):
    assert confirmed(limits, *names) == expected
    assert confirmed(admiral, *names) == expected


def test_unconfirmed_at_the_last_visit_falls_to_what_is_confirmed(limits, admiral):
    assert confirmed(limits, "PR") == ["NE"]
    assert confirmed(admiral, "PR") == ["SD"]
    assert confirmed(limits, "MR", "PR") == ["MR", "MR"]
    assert confirmed(limits, "SD", "CR") == ["SD", "SD"]


def test_next_therapy_ends_what_can_confirm(limits, admiral):
    therapy = {"new_therapy_date": on(30)}
    assert confirmed(limits, "sCR", "sCR", **therapy) == ["NE", "NE"]
    assert confirmed(admiral, "sCR", "sCR", **therapy) == ["SD", "SD"]
    assert confirmed(limits, "NE", "SD", **therapy) == ["NE", "NE"]  # SD on the next therapy is not ours
    assert confirmed(limits, "PD", "PD", **therapy) == ["PD", "PD"]  # progression may be confirmed on it


def test_the_first_day_of_the_next_therapy_is_a_switch(limits):
    therapy = {"new_therapy_date": on(42)}
    assert confirmed(limits, "PR", "PR", **therapy) == ["NE", "NE"]
    assert confirmed(limits | {"new_therapy_same_day": True}, "PR", "PR", **therapy) == ["PR", "PR"]


def test_ne_visits_break_nothing_unless_asked(limits):
    assert confirmed(limits, "PR", "NE", "PR")[0] == "PR"
    assert confirmed(limits | {"ne_breaks_confirmation": True}, "PR", "NE", "PR")[0] == "NE"


def test_confirmation_can_be_switched_off(limits):
    assert confirmed(limits | {"require_confirmation": False}, "PR", "PD") == ["PR", "PD"]


def test_sd_may_need_time(limits):
    assert confirmed(limits, "SD") == ["SD"]
    assert confirmed(limits | {"sd_min_days": 42}, "SD", "SD") == ["NE", "SD"]


def test_unconfirmed_pd_at_the_last_visit_is_a_switch(limits):
    assert confirmed(limits, "SD", "PD") == ["SD", "SD"]
    assert confirmed(limits | {"unconfirmed_pd": "pd_if_last"}, "SD", "PD") == ["SD", "PD"]
    assert confirmed(limits | {"unconfirmed_pd": "pd_if_last"}, "PD", "SD") == ["NE", "SD"]


def test_death_from_myeloma_confirms_pd(limits):
    assert confirmed(limits, "SD", "PD", death_confirms=True) == ["SD", "PD"]
    assert confirmed(limits, "PD", "SD", death_confirms=True) == ["NE", "SD"]  # the next sample said no


def test_end_of_treatment_for_progression_confirms_pd(limits):
    stop = {"stop_date": on(40)}
    assert confirmed(limits, "SD", "PD", **stop) == ["SD", "PD"]  # last dose two days before the visit
    assert confirmed(limits, "SD", "PD", "SD", **stop) == ["SD", "PD", "PD"]
    assert confirmed(limits, "PD", "SD", "SD", **stop) == ["PD", "PD", "PD"]  # stopped before the next visit
    assert confirmed(limits, "PD", "SD", "SD", stop_date=on(63)) == ["NE", "SD", "SD"]
    assert confirmed(limits, "SD", "SD", "PD", stop_date=on(30)) == ["SD", "SD", "SD"]  # an SD visit between
    assert confirmed(limits | {"pd_by_discontinuation": False}, "SD", "PD", **stop) == ["SD", "SD"]


@pytest.mark.parametrize(("day", "last"), [(43, "PD"), (42, "PD"), (35, "PD"), (34, "SD")])
def test_the_last_dose_may_lie_in_the_rest_days_before_the_visit_ahead(limits, day, last):
    """Visits on days 21, 42, 63; the last dose of a cycle lies up to a week before the next visit."""
    assert confirmed(limits, "SD", "SD", "PD", stop_date=on(day)) == ["SD", "SD", last]
    assert confirmed(limits, "SD", "PD", "SD", stop_date=on(20)) == [
        "SD",
        "SD",
        "SD",
    ]  # a later sample said no


def test_what_follows_progression_counts_no_more(limits):
    rows = pd.DataFrame({"patient": "P", "date": [on(21), on(42), on(63)], "level": "PD"})
    made = response.confirm(rows, limits)
    assert list(made["conclusive"]) == [True, True, True] and "after progression" in made["how"].iloc[1]


def test_late_confirmation_is_said_and_counts(limits):
    rows = pd.DataFrame({"patient": "P", "date": [on(21), on(200)], "level": "PR"})
    made = response.confirm(rows, limits)
    assert made["confirmed_own"].iloc[0] == "PR" and "more than 84" in made["how"].iloc[0]


def test_two_levels_of_one_day_are_refused(limits):
    rows = pd.DataFrame({"patient": "P", "date": [on(21), on(21)], "level": "PR"})
    with pytest.raises(ValueError, match="two levels"):
        response.confirm(rows, limits)


# ---------------------------------------------------------------- summaries


def summary(limits, *rows, **person):
    people = patient(**person)
    made, _ = imwg.levels(people, table((0, SERUM), *rows), limits)
    return summarised(response.confirm_visits(made, people, limits), people)


def summarised(confirmed_rows, people):
    found = response.courses(people, confirmed_rows, None, phases.Schedule(17, 21, 28))
    return response.summarise(confirmed_rows, people, found)["P"]


def test_pd_date_is_the_first_visit_and_response_date_the_first_of_two(limits):
    rows = [(21 * n, s) for n, s in enumerate(serum(12.0, 12.0, 20.0, 22.0), start=1)]
    found = summary(limits, *rows)
    assert (found.response_date, found.progression_date, found.unconfirmed_date) == (on(21), on(63), None)
    assert (found.best_response, found.best_confirmed) == ("PR", "PR")


def test_unconfirmed_pd_is_listed(limits):
    rows = [(21 * n, s) for n, s in enumerate(serum(12.0, 12.0, 20.0), start=1)]
    found = summary(limits, *rows)
    assert (found.progression_date, found.unconfirmed_date) == (None, on(63))


def test_the_confirming_visit_may_follow_the_end_of_induction(limits):
    rows = [(336, {"serum_m_g_l": 29.0}), (357, {"serum_m_g_l": 12.0}), (385, {"serum_m_g_l": 12.0})]
    assert summary(limits, *rows).best_induction == "PR"  # onset on C1D1 + 357, the last day
    late = [(336, {"serum_m_g_l": 29.0}), (358, {"serum_m_g_l": 12.0}), (385, {"serum_m_g_l": 12.0})]
    assert summary(limits, *late).best_induction == "SD"
    assert summary(limits, *late).best_confirmed == "PR"
    stopped = {"end_of_treatment": on(340)}
    assert summary(limits, *rows, **stopped).best_induction == "SD"
    assert summary(limits, *rows, **stopped).best_treatment == "SD"
    assert summary(limits, *late, end_of_induction=on(360)).best_induction == "PR"


def test_responses_on_the_next_therapy_do_not_count(limits):
    rows = [(21, {"serum_m_g_l": 29.0}), (42, {"serum_m_g_l": 10.0}), (63, {"serum_m_g_l": 10.0})]
    found = summary(limits, *rows, new_therapy_date=on(30))
    assert (found.best_response, found.best_confirmed, found.response_date) == ("SD", "SD", None)


# ---------------------------------------------------------------- properties

VALUES = st.lists(
    st.tuples(
        st.one_of(st.none(), st.floats(0, 80).map(lambda v: round(v, 1))),
        st.one_of(st.none(), st.sampled_from([0.0, 50.0, 150.0, 400.0, 900.0])),
        st.sampled_from(["", "positive", "negative"]),
        st.sampled_from(["", "no"]),
    ),
    min_size=1,
    max_size=7,
)


def history(drawn):
    rows = [(0, BOTH)]
    for n, (m, u, ife, evaluable) in enumerate(drawn):
        rows.append(
            (21 * (n + 1), {"serum_m_g_l": m, "urine_m_mg_24h": u, "serum_ife": ife, "evaluable": evaluable})
        )
    return table(*rows)


def result(limits, frame):
    people = patient()
    made, _ = imwg.levels(people, frame, limits)
    confirmed_rows = response.confirm_visits(made, people, limits)
    return summarised(confirmed_rows, people)


@settings(max_examples=150, deadline=None)
@given(VALUES)
def test_response_never_improves_by_a_later_progression(limits, drawn):
    frame = history(drawn)
    pd_visit = {"patient": "P", "date": on(500), "serum_m_g_l": 200.0, "imaging_pd": "yes"}
    before, after = result(limits, frame), result(limits, pd.concat([frame, pd.DataFrame([pd_visit])]))
    rank = {name: max(imwg.RANK[name], imwg.RANK["SD"]) for name in imwg.RANK}
    assert rank[after.best_confirmed] <= rank[before.best_confirmed]
    assert after.progression_date is not None
    if before.progression_date:
        assert after.progression_date == before.progression_date


@settings(max_examples=60, deadline=None)
@given(VALUES, st.randoms())
def test_row_order_does_not_matter(limits, drawn, random):
    frame = history(drawn)
    # rows of one day: the second half of the values of a visit stands in a row of its own
    split = frame.drop(columns="urine_m_mg_24h"), frame.drop(columns=["serum_m_g_l", "serum_ife"])
    rows = [row for part in split for row in part.to_dict("records")]
    one = result(limits, pd.DataFrame(rows))
    random.shuffle(rows)
    assert result(limits, pd.DataFrame(rows)) == one == result(limits, frame)


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_units_do_not_matter(limits, drawn):
    """The sheet may give g/dL: times 10 is not exact in binary, the level must not see it."""
    frame = history(drawn)
    deci = frame.assign(serum_m_g_l=[None if pd.isna(v) else (v / 10) * 10 for v in frame["serum_m_g_l"]])
    again = frame.assign(
        serum_m_g_l=[None if pd.isna(v) else (v / 1000) * 1000 for v in frame["serum_m_g_l"]]
    )
    one = result(limits, frame)
    for other in (result(limits, deci), result(limits, again)):
        assert (other.best_confirmed, other.progression_date) == (one.best_confirmed, one.progression_date)


def test_a_limit_met_exactly_is_met_in_any_unit(limits):
    base = SERUM | {"serum_m_g_l": 3.3 * 10}
    now = {"serum_m_g_l": 0.33 * 10, "urine_m_mg_24h": 50.0}
    assert now["serum_m_g_l"] > 3.3  # the trap: 0.33 x 10 is not 3.3
    assert level(limits, base, now) == "VGPR"


def test_rows_of_one_day_that_disagree_count_as_the_worse_and_say_so(limits):
    frame = table((0, SERUM), (21, {"serum_m_g_l": 12.0}), (21, {"serum_m_g_l": 28.0}))
    made, _ = imwg.levels(patient(), frame, limits)
    assert made["level"].iloc[-1] == "SD" and "differ" in made["reason"].iloc[-1]


def test_patients_frame_takes_dates_and_words_from_objects():
    class Person:
        patient, c1d1, group = "P", C1D1, "NEITHER"

    row = visits.patient_rows(visits.patients_frame([Person()]))["P"]
    assert row["c1d1"] == C1D1 and row["death_date"] is None and row["group"] == "NEITHER"
