"""Results by rule set and population, cumulative incidence, denominators, data cut. Values are made up."""

import datetime
import math

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import fabricate

from myeloma import association, endpoints, flow, groups, outcomes, survival, tables
from myeloma.states import EARLY, POOR

C1D1 = datetime.date(2021, 3, 1)
RULES = {"confidence": 0.95, "survival_months": [12]}


@pytest.fixture(scope="module")
def config(project):
    return yaml.safe_load((project / "config/config.yaml").read_text())


def on(days):
    return C1D1 + datetime.timedelta(days=days)


# ---------------------------------------------------------------- results by rule set


def rows_of(endpoint, rule_set, outcomes_of):
    """ENDPOINTS rows from patient -> (months, event)."""
    return [
        {"patient": p, "endpoint": endpoint, "rule_set": rule_set, "start_date": str(C1D1),
         "end_date": str(on(round(30 * months))), "days": round(30 * months), "months": months, "event": event,
         "censor_reason": "" if event else "made up", "event_reason": "made up" if event else "",
         "source_record": "made up; never treated: made up" if p == "P4" else "made up"}
        for p, (months, event) in outcomes_of.items()
    ]  # fmt: skip


def in_flow(itt, per_protocol=(), maintenance=()):
    rows = [(p, "itt", "yes") for p in itt]
    rows += [(p, "per_protocol", "yes" if p in per_protocol else "no") for p in itt]
    rows += [(p, "maintenance", "yes" if p in maintenance else "no") for p in itt]
    frame = pd.DataFrame(rows, columns=["patient", "analysis", "included"])
    return frame.assign(reason=["" if i == "yes" else "made up" for i in frame["included"]])


PATIENTS = ["P1", "P2", "P3", "P4"]
TRIAL = {"P1": (2.0, 1), "P2": (4.0, 1), "P3": (6.0, 0), "P4": (8.0, 1)}
FDA = TRIAL | {"P2": (3.0, 0)}


def results():
    frame = pd.DataFrame(rows_of("TTP", "trial", TRIAL) + rows_of("TTP", "fda", FDA))
    made = outcomes.results(frame, in_flow(PATIENTS, PATIENTS[:2]), RULES, "trial")
    return made.set_index(["endpoint", "rule_set", "population"])


def test_main_and_sensitivities_stand_in_one_table_with_who_changes():
    """By hand. trial: S = 3/4, 1/2 at 4, then one censored, 0 at 8. fda: 3/4 at 2, 0 at 8."""
    made = results()
    main, fda = made.loc[("TTP", "trial", "itt")], made.loc[("TTP", "fda", "itt")]
    assert (main["analysis"], fda["analysis"]) == ("main", "rule_set")
    assert (main["patients"], main["events"], main["changed"]) == (4, 3, 0)
    assert (fda["patients"], fda["events"], fda["changed"]) == (4, 2, 1)
    assert (main["median"], fda["median"]) == (6.0, 8.0)  # flat at 1/2 from 4 to 8: R's middle
    assert main["from_enrolment"] == 1 and "missed visits" in fda["differs_by"]


def test_per_protocol_stands_beside_itt():
    made = results()
    row = made.loc[("TTP", "trial", "per_protocol")]
    assert (row["patients"], row["events"]) == (2, 2)


def test_follow_up_is_reversed_and_unknown_stays_empty():
    made = results().loc[("TTP", "trial", "itt")]
    assert made["follow_up"] == 6.0  # of P3, censored: events 2 and 4 leave 2 at risk, 1 - 1/2
    assert made["at_12"] == 0 and math.isnan(made["at_12_low"])  # P4, the last, progressed at 8
    last_censored = pd.DataFrame(rows_of("TTP", "trial", TRIAL | {"P4": (8.0, 0)}))
    row = outcomes.results(last_censored, in_flow(PATIENTS), RULES, "trial").iloc[0]
    assert math.isnan(row["at_12"])  # nobody is followed for 12 months


@pytest.mark.parametrize("shape", [{"n": 0, "names": []}, {"n": 1}, {"clinical": False}])
def test_small_and_empty_cohorts_keep_the_contracts(shape):
    made = fabricate.cohort(**shape).frames
    tables.conform(made["endpoint_results"], tables.ENDPOINT_RESULTS)
    tables.conform(made["cumulative_incidence"], tables.INCIDENCE)


def test_every_rule_set_says_what_it_does_otherwise():
    assert set(outcomes.DIFFERS) == set(tables.RULE_SETS)
    assert outcomes.differs("TTP", "fda").endswith("no death is an event")
    assert "death" not in outcomes.differs("PFS", "fda") and outcomes.differs("OS", "trial") == ""
    assert outcomes.differs("OS", "fda") == "the same under every rule set"


# ---------------------------------------------------------------- cumulative incidence


def test_incidence_by_hand_where_death_competes():
    """6 patients: cause a at 2 and 4, b at 3 and 6, censored at 1 and 5.

    S before 2, 3, 4, 6: 1, 4/5, 3/5, 2/5 (5, 4, 3 and 1 at risk). a: 1/5, then + 3/5 x 1/3 = 2/5.
    b: 4/5 x 1/4 = 1/5, then + 2/5 x 1 = 3/5.
    """
    made = outcomes.cumulative_incidence([1, 2, 3, 4, 5, 6], ["", "a", "b", "a", "", "b"], ("a", "b"))
    at = made.set_index(["cause", "months"])["incidence"]
    assert [at[("a", t)] for t in (0, 2, 4, 6)] == pytest.approx([0, 0.2, 0.4, 0.4])
    assert [at[("b", t)] for t in (0, 2, 3, 6)] == pytest.approx([0, 0, 0.2, 0.6])
    assert made[(made["cause"] == "b") & (made["months"] < 3)]["low"].isna().all()


def test_incidences_and_survival_add_up_to_one():
    frame = pd.DataFrame(rows_of("TTP", "trial", TRIAL) + rows_of("PFS", "trial", TRIAL | {"P3": (6.0, 1)}))
    made = outcomes.incidence(frame, in_flow(PATIENTS), RULES, "trial")
    last = made[made["months"] == 8].set_index(["analysis", "cause"])["incidence"]
    assert last[("progression", outcomes.PROGRESSION)] == pytest.approx(0.75)
    assert last[("progression", outcomes.DEATH)] == pytest.approx(0.25)
    assert last[("response", outcomes.NO_RESPONSE)] == pytest.approx(1)  # nobody responded


def test_response_competes_with_progression():
    ttr = rows_of("TTR", "trial", {"P1": (1.0, 1), "P3": (3.0, 1)})
    frame = pd.DataFrame(rows_of("TTP", "trial", TRIAL) + rows_of("PFS", "trial", TRIAL) + ttr)
    made = outcomes.incidence(frame, in_flow(PATIENTS), RULES, "trial")
    rows = made[made["cause"] == outcomes.RESPONSE].set_index("months")["incidence"]
    assert (rows[1.0], rows[3.0]) == pytest.approx((0.25, 0.5))


def test_nobody_with_an_event_and_impossible_causes():
    made = outcomes.cumulative_incidence([3, 4], ["", ""], ("a", "b"))
    assert made["incidence"].tolist() == [0, 0]
    with pytest.raises(ValueError, match="found c"):
        outcomes.cumulative_incidence([3], ["c"], ("a", "b"))
    with pytest.raises(ValueError, match="above zero"):
        outcomes.cumulative_incidence([0], ["a"], ("a", "b"))


# ---------------------------------------------------------------- stratified log-rank


def test_a_stratum_that_says_nothing_changes_nothing():
    time, event = [1, 2, 3, 4, 5, 6, 7, 8], [1, 1, 1, 0, 1, 1, 0, 1]
    group, strata = list("abababab"), list("xxxxyyyy")
    one = survival.log_rank(time, event, group, strata)
    more = survival.log_rank([*time, 9, 9], [*event, 1, 0], [*group, "a", "a"], [*strata, "z", "z"])
    assert more == pytest.approx(one)
    assert survival.log_rank(time, event, group, ["x"] * 8) == pytest.approx(
        survival.log_rank(time, event, group)
    )
    assert math.isnan(survival.log_rank(time, event, group, group)[0])  # one group in each stratum


def test_the_strata_of_the_config_reach_the_table():
    made = fabricate.cohort(n=30, seed=3).frames
    args = (made["flow"], made["abnormalities"], made["response"], made["endpoints"], fabricate.RULES, 91)
    without, _ = survival.fit_cohort(*args, "trial", 30.4375)
    strata = {p: "iss 1" if i % 2 else "iss 2" for i, p in enumerate(made["response"]["patient"])}
    with_strata, _ = survival.fit_cohort(*args, "trial", 30.4375, strata)
    assert without["stratified_chi2"].isna().all()
    both = with_strata.dropna(subset=["log_rank_chi2", "stratified_chi2"])
    assert len(both) and (both["log_rank_chi2"] != both["stratified_chi2"]).any()


def test_the_rule_of_the_groups_stands_where_groups_are_compared():
    made = fabricate.cohort(n=20).frames["survival"]
    by_group = made["analysis"] == "TTP by group from the landmark"
    assert set(made.loc[by_group, "rule"]) == {fabricate.GROUP_RULE}
    assert set(made.loc[~by_group, "rule"]) == {""}


# ---------------------------------------------------------------- rates


def test_rates_have_both_denominators_and_both_populations():
    response = fabricate.cohort(n=4, names=PATIENTS).frames["response"]
    response["best_confirmed_induction"] = ["PR", "VGPR", "SD", "NE"]
    response["best_confirmed_treatment"] = ["CR", "VGPR", "MR", "NE"]
    response["maintenance"] = ["yes", "yes", "not_known", "no"]
    populations = association.populations(in_flow(PATIENTS, ["P1", "P3"], ["P1", "P2"]))
    made = association.response_rates(response, populations, 0.95)
    made = made.set_index(["rate", "period", "population"])
    unknown = made.loc["ORR"].loc["treatment"]["not_known"]
    assert dict(unknown) == {"itt": 0, "per_protocol": 0, "itt_maintenance": 1, "per_protocol_maintenance": 1}
    made = made[["responders", "patients"]]
    assert made.loc[("ORR", "treatment", "itt")].tolist() == [2, 4]
    assert made.loc[("CBR", "treatment", "itt")].tolist() == [3, 4]
    assert made.loc[("ORR", "treatment", "per_protocol")].tolist() == [1, 2]
    assert made.loc[("ORR", "treatment", "itt_maintenance")].tolist() == [2, 2]
    assert made.loc[("CR", "induction", "itt_maintenance")].tolist() == [0, 2]
    assert made.loc[("CR", "treatment", "per_protocol_maintenance")].tolist() == [1, 1]


def test_without_assessments_no_rate_is_made_up(config):
    patients = pd.DataFrame([{"patient": "P", "c1d1": C1D1, "last_contact": on(9)}])
    made = groups.assess(patients, pd.DataFrame(columns=["patient", "date"]), config)
    assert not association.any_assessed(made["endpoints"])
    assert association.response_rates(made["response"], {"itt": ["P"]}, 0.95, assessed=False).empty
    assert association.any_assessed(assess(config, [(21, 12.0)])["endpoints"])


# ---------------------------------------------------------------- groups, maintenance

BASE = {"serum_m_g_l": 30.0, "urine_m_mg_24h": 100.0}


def assess(config, visits, cut="", **person):
    patients = pd.DataFrame([{"patient": "P", "c1d1": C1D1} | person])
    rows = [{"patient": "P", "date": C1D1, **BASE}]
    rows += [{"patient": "P", "date": on(day), "serum_m_g_l": m, "urine_m_mg_24h": 50.0} for day, m in visits]
    config = config | {"trial": config["trial"] | {"data_cut": str(cut)}}
    return groups.assess(patients, pd.DataFrame(rows), config)


def test_a_listed_early_responder_who_progressed_early_is_said(config):
    listed = config | {"groups": config["groups"] | {"definition": "D"}}
    visits = [(21, 12.0), (42, 12.0), (63, 40.0), (77, 45.0)]
    row = assess(listed, visits, group=EARLY)["response"].iloc[0]
    assert row["group"] == EARLY and "check the list: PD on 2021-05-03" in row["decided_by"]
    assert "check the list" not in assess(listed, visits, group=POOR)["response"]["decided_by"].iloc[0]


@pytest.mark.parametrize(
    ("visits", "person", "went_on"),
    [
        ([(21, 12.0)], {}, "no"),
        ([(357, 12.0)], {}, "no"),  # the last day of induction
        ([(385, 12.0)], {}, "not_known"),  # delays may have stretched induction
        ([(21, 12.0)], {"end_of_treatment": on(400)}, "not_known"),
        ([(21, 12.0)], {"last_contact": on(400)}, "not_known"),
        ([(21, 12.0)], {"end_of_treatment": on(400), "new_therapy_date": on(300)}, "no"),
        ([(385, 12.0)], {"end_of_treatment": on(100)}, "no"),  # a visit after the end of treatment
        ([(21, 12.0)], {"end_of_induction": on(340)}, "no"),  # nothing says that maintenance began
        ([(350, 12.0)], {"end_of_induction": on(340)}, "yes"),
        ([], {"c1d1": None}, "no"),
    ],
)
def test_entering_maintenance_needs_a_record_of_treatment_after_induction(config, visits, person, went_on):
    row = assess(config, visits, **person)["response"].iloc[0]
    assert row["maintenance"] == went_on and row["maintenance_reason"]


def test_time_to_best_response_ends_at_the_deepest_confirmed_level(config):
    visits = [(21, 14.0), (42, 14.0), (63, 2.0), (84, 2.0), (105, 0.0)]
    made = assess(config, visits)["endpoints"].set_index(["endpoint", "rule_set"])
    assert made.loc[("TTR", "trial"), "days"] == 22 and made.loc[("TTBR", "trial"), "days"] == 64
    assert made.loc[("TTBR", "trial"), "event_reason"] == "first confirmed VGPR, the best response"


# ---------------------------------------------------------------- data cut


def test_any_dated_table_is_cut():
    doses = pd.DataFrame({"patient": ["P", "P", "Q"], "date": [on(1), on(9), on(9)], "dose_mg": [3, 3, 4]})
    assert endpoints.cut_rows(doses, on(8))["dose_mg"].tolist() == [3]
    assert endpoints.cut_rows(doses, {"P": on(1)})["dose_mg"].tolist() == [3, 4]
    assert endpoints.cut_rows(doses, None) is doses
    events = pd.DataFrame(
        {"patient": "P", "term": ["a", "b", "c", "d"], "start_date": [on(1), on(2), on(9), None],
         "end_date": [on(5), on(9), on(12), None], "outcome": ["recovered", "recovered", "fatal", "unknown"]}
    )  # fmt: skip
    made = endpoints.cut_rows(events, on(8))
    assert made["term"].tolist() == ["a", "b", "d"]
    assert made["end_date"].tolist()[:2] == [on(5), None]
    assert made["outcome"].tolist() == ["recovered", None, "unknown"]
    assert events["outcome"].tolist()[1] == "recovered"  # the input is left alone
    with pytest.raises(ValueError, match="no date to cut by"):
        endpoints.cut_rows(pd.DataFrame({"patient": ["P"], "value": [1]}), on(8))


COURSE = st.lists(
    st.tuples(st.integers(1, 500), st.sampled_from([0.0, 5.0, 12.0, 20.0, 29.0, 45.0])), max_size=9
)
LATER = st.one_of(st.none(), st.integers(1, 700))


@settings(max_examples=40, deadline=None)
@given(COURSE, LATER, LATER, LATER, st.integers(1, 600))
def test_results_at_a_cut_equal_those_of_tables_truncated_by_hand(config, course, stop, therapy, died, cut):
    course = [(day, m) for day, m in course if died is None or day <= died]
    stop = None if stop is None or (died is not None and stop > died) else stop
    person = {
        "end_of_treatment": None if stop is None else on(stop),
        "end_of_treatment_reason": "progression" if stop is not None else None,
        "new_therapy_date": None if therapy is None else on(therapy),
        "death_date": None if died is None else on(died),
        "death_cause": "myeloma" if died is not None else None,
    }
    by_hand = dict(person)
    for name, also in (("end_of_treatment", "end_of_treatment_reason"), ("death_date", "death_cause"),
                       ("new_therapy_date", "new_therapy_date")):  # fmt: skip
        if person[name] is not None and person[name] > on(cut):
            by_hand |= {name: None, also: None}
    at_cut = assess(config, course, on(cut), **person)
    truncated = assess(config, [(day, m) for day, m in course if day <= cut], on(cut), **by_hand)
    for name, frame in at_cut.items():
        contract = getattr(tables, name.upper())
        pd.testing.assert_frame_equal(
            tables.conform(frame, contract), tables.conform(truncated[name], contract)
        )


class Person:
    def __init__(self, **values):
        self.__dict__ |= {"patient": "P", "deviation": "", "qualifying_abnormality": ""} | values


def test_the_flow_does_not_know_what_comes_after_the_cut():
    started = Person(c1d1=on(9), enrolment_date=on(0))
    later = Person(c1d1=on(40), enrolment_date=on(30))
    assert [row["c1d1"] for row in flow.patient_rows([started, later], str(on(8)))] == ["", ""]
    assert [row["c1d1"] for row in flow.patient_rows([started], str(on(9)))] == [str(on(9))]
    assert flow.patient_rows([started])[0]["c1d1"] == str(on(9))
    rows = flow.patient_rows([started, later], str(on(8)))
    assert rows[0]["after_cut"] == "" and rows[1]["after_cut"].startswith("not yet enrolled")


def test_a_patient_enrolled_after_the_cut_is_in_no_denominator():
    made = fabricate.cohort(n=4)
    patients = [p | {"after_cut": "not yet enrolled: at the data cut 2024-01-01"} for p in made.patients[:1]]
    f = made.frames
    built = flow.build(
        [*patients, *made.patients[1:]], f["samples"], [], f["qc"], f["response"], f["endpoints"],
        f["abnormalities"], {"definition": "A", "landmark_days": 91, "rule_set": "trial"},
    )  # fmt: skip
    assert made.patients[0]["patient"] not in flow.members(built, "itt")
    assert made.patients[0]["patient"] not in flow.members(built, "enrolled")
