"""Every key of config `response` changes something: a case of each that fails when the key is ignored.

Hand-made courses; the levels follow Kumar S et al., Lancet Oncol 2016;17:e328-e346.
"""

import datetime

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from myeloma import imwg, markers, response, tables

C1D1 = datetime.date(2021, 3, 1)


@pytest.fixture(scope="module")
def limits(project):
    return yaml.safe_load((project / "config/config.yaml").read_text())["response"]


def on(days):
    return C1D1 + datetime.timedelta(days=days)


SERUM = {"serum_m_g_l": 30.0, "urine_m_mg_24h": 100.0, "serum_ife": "positive", "urine_ife": "positive"}
BOTH = SERUM | {"urine_m_mg_24h": 1000.0}
LOW = {"serum_m_g_l": 2.0, "urine_m_mg_24h": 50.0}
FLC = LOW | {"kappa_mg_l": 500.0, "lambda_mg_l": 10.0}
MARROW = LOW | {"kappa_mg_l": 20.0, "lambda_mg_l": 15.0, "marrow_pc_percent": 40.0}
LESION = LOW | {"plasmacytoma_spd_mm2": 1000.0}
CLEAN = {"serum_m_g_l": 0.0, "urine_m_mg_24h": 0.0, "serum_ife": "negative", "urine_ife": "negative"}
CR = CLEAN | {"marrow_pc_percent": 1.0}
IGA = LOW | {"iga_g_l": 20.0}
BLOOD = {"circulating_pc_per_ul": 150.0}


def both(limits, rows, person):
    people = pd.DataFrame([{"patient": "P", "c1d1": C1D1} | person])
    frame = pd.DataFrame([{"patient": "P", "date": on(days)} | values for days, values in rows])
    made, _ = imwg.levels(people, frame, limits)
    return response.confirm_visits(made, people, limits)


def seen(base, *later, **person):
    """Reader of the levels of visits every 21 days after `base`."""
    rows = [(0, base)] + [(21 * (n + 1), values) for n, values in enumerate(later)]
    return lambda limits: "-".join(both(limits, rows, person)["level"][1:])


def counted(*levels, last="confirmed_level", **facts):
    """Reader of the confirmed levels of a sequence; + is PD by imaging."""
    rows = pd.DataFrame(
        [
            {"patient": "P", "date": on(21 * (n + 1)), "level": name.rstrip("+"), "start_date": C1D1,
             "definite_pd": name.endswith("+")} | facts
            for n, name in enumerate(levels)
        ]
    )  # fmt: skip
    return lambda limits: "-".join(response.confirm(rows, limits)[last])


def s(value, **more):
    return {"serum_m_g_l": value} | more


def u(value, **more):
    return {"urine_m_mg_24h": value} | more


def f(kappa):
    return {"kappa_mg_l": kappa, "lambda_mg_l": 10.0}


def b(percent):
    return {"marrow_pc_percent": percent}


def p(spd):
    return {"plasmacytoma_spd_mm2": spd}


THERAPY = {"new_therapy_date": on(42)}
#: key -> (other value, reader, what the default gives, what the other value gives)
CASES = {
    "serum_measurable_g_l": (5, seen(SERUM | s(6.0), s(2.0)), "NE", "PR"),
    "urine_measurable_mg_24h": (500, seen(SERUM | s(4.0) | u(300.0), u(50.0)), "VGPR", "NE"),
    "flc_measurable_mg_l": (600, seen(FLC, f(200.0)), "PR", "NE"),
    "immunoglobulin_track": ([], seen(IGA, {"iga_g_l": 8.0} | u(20.0), heavy_chain="IgA"), "PR", "NE"),
    "immunoglobulin_measurable_g_l": (
        25, seen(IGA, {"iga_g_l": 8.0} | u(20.0), heavy_chain="IgA"), "PR", "NE"),
    "marrow_measurable_percent": (50, seen(MARROW, b(15.0)), "PR", "NE"),
    "flc_ratio_low": (0.01, seen(LOW | {"kappa_mg_l": 10.0, "lambda_mg_l": 500.0},
                                 {"kappa_mg_l": 10.0, "lambda_mg_l": 200.0}), "PR", "NE"),
    "flc_ratio_high": (60, seen(FLC, f(200.0)), "PR", "NE"),
    "cr_marrow_below_percent": (0.5, seen(SERUM, CR), "CR", "VGPR"),
    "vgpr_serum_fall": (0.95, seen(SERUM, s(3.0) | u(10.0)), "VGPR", "PR"),
    "vgpr_urine_below_mg_24h": (50, seen(BOTH, s(1.0) | u(60.0)), "VGPR", "PR"),
    "vgpr_dflc_fall": (0.95, seen(FLC, f(55.0)), "VGPR", "PR"),
    "vgpr_plasmacytoma_fall": (0.95, seen(LESION, p(90.0)), "VGPR", "PR"),
    "pr_serum_fall": (0.70, seen(SERUM, s(12.0)), "PR", "MR"),
    "pr_urine_fall": (0.95, seen(BOTH | u(5000.0), s(12.0) | u(400.0)), "PR", "MR"),
    "pr_urine_below_mg_24h": (100, seen(BOTH, s(12.0) | u(150.0)), "PR", "MR"),
    "pr_dflc_fall": (0.70, seen(FLC, f(200.0)), "PR", "SD"),
    "pr_marrow_fall": (0.70, seen(MARROW, b(15.0)), "PR", "SD"),
    "pr_plasmacytoma_fall": (0.70, seen(LESION, p(400.0)), "PR", "MR"),
    "mr_serum_fall": (0.40, seen(SERUM, s(20.0)), "MR", "SD"),
    "mr_urine_fall": (0.65, seen(BOTH, s(20.0) | u(400.0)), "MR", "SD"),
    "mr_upper_bounds": (True, seen(BOTH, s(12.0) | u(300.0)), "MR", "SD"),
    "mr_plasmacytoma_fall": (0.30, seen(LESION, p(600.0)), "SD", "MR"),
    "mr_dflc_fall": (0.25, seen(FLC, f(300.0)), "SD", "MR"),
    "pd_relative_rise": (0.60, seen(SERUM, s(12.0), s(12.0), s(18.0)), "PR-PR-PD", "PR-PR-MR"),
    "pd_serum_rise_g_l": (10, seen(SERUM, s(12.0), s(12.0), s(18.0)), "PR-PR-PD", "PR-PR-MR"),
    "pd_serum_rise_high_g_l": (15, seen(SERUM | s(60.0), s(72.0)), "PD", "SD"),
    "pd_serum_high_nadir_g_l": (65, seen(SERUM | s(60.0), s(72.0)), "PD", "SD"),
    "pd_urine_rise_mg_24h": (500, seen(BOTH, s(29.0) | u(1300.0)), "PD", "SD"),
    "pd_dflc_rise_mg_l": (300, seen(FLC, f(700.0)), "PD", "SD"),
    "pd_marrow_rise_points": (20, seen(MARROW, b(55.0)), "PD", "SD"),
    "pd_marrow_level_percent": (10, seen(MARROW, b(4.0), b(11.0)), "PR-PR", "PR-PD"),
    "pd_plasmacytoma_rise": (1.0, seen(SERUM | p(400.0), s(29.0) | p(700.0)), "PD", "SD"),
    "pd_circulating_rise": (1.0, seen(LOW | BLOOD, {"circulating_pc_per_ul": 250.0}), "PD", "NE"),
    "pd_circulating_min_per_ul": (300, seen(LOW | BLOOD, {"circulating_pc_per_ul": 250.0}), "PD", "NE"),
    "pd_calcium_mmol_l": (2.87, seen(SERUM, s(29.0, calcium_mmol_l=2.9)), "SD", "PD"),
    "urine_required_for": (["CR"], seen(SERUM, s(1.0)), "PR", "VGPR"),
    "marrow_required_for": ([], seen(SERUM, CLEAN), "VGPR", "CR"),
    "nadir": ("lowest", seen(SERUM, s(10.0), s(10.0), s(3.0), s(10.0)), "PR-PR-PR-PR", "PR-PR-PR-PD"),
    "require_confirmation": (False, counted("PR", "PD"), "SD-SD", "PR-PD"),
    "unconfirmed_response": ("SD", counted("PR"), "NE", "SD"),
    "unconfirmed_pd": ("pd_if_last", counted("SD", "PD"), "SD-SD", "SD-PD"),
    "pd_by_discontinuation": (False, counted("SD", "PD", stop_date=on(40)), "SD-PD", "SD-SD"),
    "pd_discontinuation_grace_days": (0, counted("SD", "SD", "PD", stop_date=on(40)), "SD-SD-PD", "SD-SD-SD"),
    "pd_by_death": (False, counted("SD", "PD", death_confirms=True), "SD-PD", "SD-SD"),
    "pd_on_next_therapy": (False, counted("PD", "PD", new_therapy_date=on(30)), "PD-PD", "NE-NE"),
    "imaging_pd_needs_confirmation": (True, counted("SD", "PD+"), "SD-PD", "SD-SD"),
    "new_therapy_same_day": (True, counted("PR", "PR", **THERAPY), "NE-NE", "PR-PR"),
    "ne_breaks_confirmation": (True, counted("PR", "NE", "PR"), "PR-PR-PR", "NE-NE-NE"),
    "sd_min_days": (42, counted("SD"), "SD", "NE"),
    "confirmation_warn_days": (20, counted("PR", "PR", last="how"),
        "next visit 2021-04-12 is PR-unconfirmed: no later evaluable visit",
        "next visit 2021-04-12 is PR, 21 days later (more than 20)-unconfirmed: no later evaluable visit"),
    "ne_warn_in_a_row": (2, counted("NE", "NE", last="how"), "-", "-2 visits in a row not evaluable"),
}  # fmt: skip


def test_every_key_of_the_section_has_a_case(limits):
    assert set(limits) - {"criteria"} == set(CASES)


@pytest.mark.parametrize("key", CASES)
def test_each_key_changes_what_it_says(limits, key):
    other, read, by_default, by_other = CASES[key]
    assert limits[key] != other
    assert (read(limits), read(limits | {key: other})) == (by_default, by_other)


def test_the_older_marrow_criterion_is_a_level_not_a_rise(limits):
    older = limits | {"pd_marrow_level_percent": 10}
    from_low, short = seen(MARROW, b(4.0), b(11.0)), seen(MARROW, b(30.0), b(38.0))
    assert (from_low(limits), from_low(older)) == ("PR-PR", "PR-PD")  # 7 points, level 11 %
    assert (short(limits), short(older)) == ("SD-SD", "SD-PD")  # 8 points, 27 %
    assert seen(MARROW, b(4.0), b(9.0))(older) == "PR-PR"


# ---------------------------------------------------------------- quantitative immunoglobulin


def test_an_iga_patient_without_a_measurable_spike_is_followed_by_iga(limits):
    now = {"iga_g_l": 10.0, "urine_m_mg_24h": 20.0}
    assert seen(IGA, now, heavy_chain="IgA")(limits) == "PR"
    assert seen(IGA, now, heavy_chain="IgG")(limits) == "NE"  # total IgA of an IgG patient says nothing
    assert seen(IGA | s(12.0), now, heavy_chain="IgA")(limits) == "NE"  # the spike is measurable: it leads
    assert seen(LOW | {"igd_g_l": 9.0}, {"igd_g_l": 6.0} | u(20.0), heavy_chain="IgD")(limits) == "MR"


def test_an_unreliable_spike_decides_nothing_and_the_immunoglobulin_leads(limits):
    iga = {"heavy_chain": "IgA", "serum_spike": "unreliable"}
    base, now = IGA | s(12.0), {"iga_g_l": 10.0, "urine_m_mg_24h": 20.0} | s(11.0)
    assert seen(base, now, **iga)(limits) == "PR"  # by IgA; the spike of 12 to 11 g/L would be SD
    assert seen(base, now, **iga | {"serum_spike": "reliable"})(limits) == "SD"
    # a spike that doubles under other proteins is no progression while IgA falls
    assert seen(base, now | s(30.0), now | s(30.0), **iga)(limits) == "PR-PR"
    made = markers.tracks(people(**iga), visits((0, base)), limits)
    assert made[["track", "serum_measurable"]].iloc[0].tolist() == ["immunoglobulin", "not_measured"]
    assert made["reason"].iloc[0].startswith("serum M-protein unreliable by patients.tsv; ")
    assert "serum M-protein" not in set(
        markers.series(people(**iga), visits((0, base), (21, now)), limits)["marker"]
    )


def test_immunoglobulin_progression_and_complete_response(limits):
    rise = {"iga_g_l": 9.0}, {"iga_g_l": 9.0}, {"iga_g_l": 14.0}
    assert seen(IGA, *rise, heavy_chain="IgA")(limits).endswith("PD")
    short = (*rise[:2], {"iga_g_l": 13.9})
    assert not seen(IGA, *short, heavy_chain="IgA")(limits).endswith("PD")
    # what remains is normal IgA: no fall of 90 % can be asked beside a negative immunofixation
    assert seen(IGA, CR | {"iga_g_l": 2.5}, heavy_chain="IgA")(limits) == "CR"
    assert seen(IGA, CLEAN | {"iga_g_l": 2.5}, heavy_chain="IgA")(limits) == "VGPR"


def test_immunoglobulin_and_urine_must_both_hold(limits):
    base = IGA | u(1000.0)
    assert seen(base, {"iga_g_l": 8.0} | u(600.0), heavy_chain="IgA")(limits) == "SD"
    assert seen(base, {"iga_g_l": 8.0} | u(150.0), heavy_chain="IgA")(limits) == "PR"


def test_two_rows_of_one_day_are_one_visit_and_confirm_nothing(limits):
    rows = [(0, SERUM), (21, s(12.0)), (21, s(12.0))]
    assert list(both(limits, rows, {})["confirmed_level"]) == ["baseline", "NE"]
    assert list(both(limits, [*rows, (22, s(12.0))], {})["confirmed_level"])[1] == "PR"  # no minimum interval


# ---------------------------------------------------------------- tables of tracks and markers


def people(**more):
    return pd.DataFrame([{"patient": "P", "c1d1": C1D1} | more])


def visits(*rows):
    return pd.DataFrame([{"patient": "P", "date": on(days)} | values for days, values in rows])


@pytest.mark.parametrize(
    ("base", "person", "track", "said"),
    [
        (BOTH, {}, "serum+urine", "serum measurable"),
        (IGA | u(500.0), {"heavy_chain": "IgA"}, "immunoglobulin+urine", "immunoglobulin measurable"),
        (FLC, {}, "flc", "flc measurable"),
        (LOW, {}, "none", "marrow not measured"),
        (BOTH, {"c1d1": None}, "none", "never treated"),
    ],
)
def test_each_patient_has_a_track_with_its_reason(limits, base, person, track, said):
    made = tables.conform(markers.tracks(people(**person), visits((0, base)), limits), tables.TRACKS)
    assert made["track"].tolist() == [track] and said in made["reason"].iloc[0]


def test_a_patient_without_assessments_has_a_track_row(limits):
    made = markers.tracks(people(), pd.DataFrame(columns=["patient", "date"]), limits)
    assert made[["track", "reason", "serum_measurable"]].iloc[0].tolist() == [
        "none", "no evaluable assessment on or before C1D1", "not_measured"]  # fmt: skip


def test_markers_hold_change_and_nadir_of_every_value(limits):
    rows = visits((0, SERUM), (21, s(15.0)), (42, s(12.0)), (63, s(14.0) | {"evaluable": "no"}), (84, s(9.0)))
    made = tables.conform(markers.series(people(), rows, limits), tables.MARKERS)
    made = made[made["marker"] == "serum M-protein"]
    assert made["value"].tolist() == [30, 15, 12, 9]
    assert made["change_percent"].tolist()[1:] == pytest.approx([-50, -60, -70])
    assert made["nadir"].tolist()[1:] == [30, 30, 15]  # 15 and 12 confirm 15; the baseline counts
    assert set(made["followed"]) == {"yes"}


def test_the_involved_chain_is_fixed_at_baseline(limits):
    made = markers.series(people(), visits((0, FLC), (21, f(5.0))), limits)
    dflc = made[made["marker"] == "dFLC"]
    assert dflc["value"].tolist() == [490, -5]
    assert dflc["change_percent"].iloc[-1] == pytest.approx(100 * (-5 - 490) / 490)


# ---------------------------------------------------------------- audit

LEVELS = {"PD", "sCR", "CR", "VGPR", "PR", "MR", "SD"}


@pytest.mark.parametrize(
    "now", [s(12.0), s(29.0), s(60.0), {"evaluable": "no"}, {}, s(1.0), {"serum_ife": "positive"}]
)
def test_the_audit_has_every_candidate_of_every_visit_with_a_reason(limits, now):
    made, audit = imwg.levels(people(), visits((0, BOTH), (21, now)), limits)
    assert set(audit["level"]) == LEVELS and len(audit) == len(LEVELS)
    assert (audit["why"] != "").all()
    said = audit.set_index("level")["verdict"]
    level = made["level"].iloc[-1]
    if level == "NE":
        assert said["SD"] == "not_evaluable"
    else:
        assert said[level] == "satisfied"
    assert (said["SD"] == "satisfied") == (level == "SD")


# ---------------------------------------------------------------- properties


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 400), st.integers(1, 100), st.lists(st.integers(1, 400), max_size=4))
def test_a_visit_after_death_is_refused(limits, died, after, others):
    rows = [(0, SERUM), *((day, s(20.0)) for day in others), (died + after, s(20.0))]
    with pytest.raises(ValueError, match="after death"):
        imwg.levels(people(death_date=on(died)), visits(*rows), limits)
    alive = [(day, values) for day, values in rows if day <= died]
    imwg.levels(people(death_date=on(died)), visits(*alive), limits)


DAY = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "serum_m_g_l": st.sampled_from([0.0, 10.0, 14.0, 40.0]),
            "urine_m_mg_24h": st.sampled_from([0.0, 150.0, 1500.0]),
            "serum_ife": st.sampled_from(["positive", "negative"]),
            "imaging_pd": st.sampled_from(["yes", "no"]),
            "evaluable": st.sampled_from(["yes", "no"]),
            "visit": st.sampled_from(["C1", "C2"]),
        },
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=80, deadline=None)
@given(st.lists(DAY, min_size=1, max_size=4), st.randoms())
def test_the_order_of_rows_of_one_day_does_not_matter(limits, days, random):
    rows = [(0, BOTH)] + [(21 * (n + 1), values) for n, of_day in enumerate(days) for values in of_day]
    one, audit = imwg.levels(people(), visits(*rows), limits)
    random.shuffle(rows)
    other, same = imwg.levels(people(), visits(*rows), limits)
    pd.testing.assert_frame_equal(one, other)
    pd.testing.assert_frame_equal(audit, same)
