"""Rules of analysis 2: events, censoring, dates and rule sets. Values are made up."""

import datetime

import pandas as pd
import pytest
import yaml

from myeloma import endpoints, groups, tables, visits

C1D1 = datetime.date(2021, 3, 1)


@pytest.fixture(scope="module")
def config(project):
    return yaml.safe_load((project / "config/config.yaml").read_text())


def on(days):
    return C1D1 + datetime.timedelta(days=days)


BASE = {"serum_m_g_l": 30.0, "urine_m_mg_24h": 100.0, "serum_ife": "positive", "urine_ife": "positive"}


def assessed(*rows):
    """Assessments of patient P from (day after C1D1, serum M-protein or values), with the baseline."""
    made = [{"patient": "P", "date": C1D1, **BASE}]
    for days, value in rows:
        values = value if isinstance(value, dict) else {"serum_m_g_l": value}
        made.append({"patient": "P", "date": on(days), **values})
    return pd.DataFrame(made)


RESPONDED = ((21, 12.0), (42, 12.0), (63, 12.0))
PROGRESSED = (*RESPONDED, (84, 20.0), (105, 22.0))


def run(config, rows, cut="", **person):
    return run_rows(config, assessed(*rows) if rows is not None else assessed().iloc[:0], cut, **person)


def run_rows(config, rows, cut="", **person):
    """ENDPOINTS of one patient from assessments as given."""
    patients = pd.DataFrame([{"patient": "P", "c1d1": C1D1} | person])
    config = config | {"trial": config["trial"] | {"data_cut": str(cut)}}
    made = groups.assess(patients, rows, config)
    return tables.conform(made["endpoints"], tables.ENDPOINTS).set_index(["endpoint", "rule_set"])


def outcome(made, endpoint, rule_set="trial"):
    row = made.loc[(endpoint, rule_set)]
    return int(row["event"]), row["end_date"], row["event_reason"] or row["censor_reason"]


def test_days_and_months(config):
    row = run(config, PROGRESSED).loc[("TTP", "trial")]
    assert row["days"] == 85  # C1D1 is day 1
    assert row["months"] == pytest.approx(85 / 30.4375)
    assert row["source_record"] == f"assessments.tsv P {on(84)}"


def test_progression_is_dated_at_the_first_visit_that_met_it(config):
    for endpoint in ("TTP", "PFS", "EFS"):
        assert outcome(run(config, PROGRESSED), endpoint) == (1, str(on(84)), "confirmed progression")


def test_no_event_is_censored_at_the_last_adequate_assessment(config):
    made = run(config, (*RESPONDED, (84, {"evaluable": "no"})), last_contact=on(400))
    assert outcome(made, "TTP")[:2] == (0, str(on(63)))
    assert outcome(made, "OS")[:2] == (0, str(on(400)))


def test_unconfirmed_progression_is_censored_and_an_event_in_its_sensitivity(config):
    made = run(config, (*RESPONDED, (84, 20.0)))
    assert outcome(made, "TTP")[:2] == (0, str(on(84)))
    assert "unconfirmed progression" in outcome(made, "TTP")[2]
    assert outcome(made, "TTP", "trial_unconfirmed_pd") == (1, str(on(84)), "unconfirmed progression")


@pytest.mark.parametrize(
    ("cause", "ttp", "ttp_sensitivity"), [("myeloma", 1, 1), ("other", 0, 0), ("unknown", 0, 1), ("", 0, 1)]
)
def test_death_by_cause(config, cause, ttp, ttp_sensitivity):
    made = run(config, RESPONDED, death_date=on(300), death_cause=cause)
    assert made.loc[("TTP", "trial"), "event"] == ttp
    assert outcome(made, "TTP")[1] == str(on(300) if ttp else on(63))
    assert made.loc[("TTP", "trial_unknown_death"), "event"] == ttp_sensitivity
    for endpoint in ("PFS", "EFS", "OS"):
        assert outcome(made, endpoint)[:2] == (1, str(on(300)))
    assert made.loc[("PFS", "trial_pd_only"), "event"] == 0


def test_death_from_myeloma_counts_after_missed_visits_and_next_therapy(config):
    person = {"death_date": on(900), "death_cause": "myeloma", "new_therapy_date": on(70)}
    made = run(config, RESPONDED, **person)
    assert outcome(made, "TTP")[:2] == (1, str(on(900)))
    assert outcome(made, "TTP", "trial_new_therapy")[:2] == (0, str(on(63)))
    assert outcome(made, "TTP", "ema")[:2] == (1, str(on(900)))
    assert outcome(made, "PFS", "fda")[:2] == (0, str(on(63)))


def test_progression_on_the_next_therapy_is_an_event_of_the_trial_set_only(config):
    made = run(config, PROGRESSED, new_therapy_date=on(70))
    assert outcome(made, "TTP")[:2] == (1, str(on(84)))
    assert outcome(made, "TTP", "fda")[:2] == (0, str(on(63)))
    assert "next therapy" in outcome(made, "TTP", "fda")[2]


def test_progression_on_the_first_day_of_the_next_therapy(config):
    """An event where the next therapy is ignored; censored at the visit before where it censors."""
    made = run(config, PROGRESSED, new_therapy_date=on(84))
    for endpoint in ("TTP", "PFS"):
        assert outcome(made, endpoint) == (1, str(on(84)), "confirmed progression")
        assert outcome(made, endpoint, "ema")[:2] == (1, str(on(84)))
        for rule_set in ("fda", "trial_new_therapy"):
            assert outcome(made, endpoint, rule_set)[:2] == (0, str(on(63)))
            assert f"next therapy {on(84)}" in outcome(made, endpoint, rule_set)[2]


def test_fda_counts_no_deaths_in_ttp(config):
    made = run(config, RESPONDED, death_date=on(70), death_cause="myeloma")
    assert outcome(made, "TTP")[0] == 1 and outcome(made, "TTP", "fda")[0] == 0
    assert outcome(made, "PFS", "fda")[:2] == (1, str(on(70)))


@pytest.mark.parametrize(("gap", "event"), [(49, 1), (50, 0)])
def test_fda_gap_of_induction_is_two_cycles_of_21_days_and_a_window(config, gap, event):
    made = run(config, (*RESPONDED, (63 + gap, 20.0), (63 + gap + 21, 22.0)))
    assert outcome(made, "PFS", "fda")[:2] == (event, str(on(63 + gap if event else 63)))
    assert outcome(made, "PFS")[0] == 1 and outcome(made, "PFS", "ema")[0] == 1


@pytest.mark.parametrize(("gap", "event"), [(63, 1), (64, 0)])
def test_fda_gap_of_maintenance_is_two_cycles_of_28_days_and_a_window(config, gap, event):
    steady = [(days, 12.0) for days in range(21, 421, 21)]
    made = run(config, (*steady, (420 + gap, 20.0), (420 + gap + 28, 22.0)))
    assert outcome(made, "PFS", "fda")[0] == event


def test_duration_of_response_starts_at_the_first_confirmed_visit(config):
    made = run(config, PROGRESSED)
    row = made.loc[("DoR", "trial")]
    assert (row["start_date"], row["end_date"], row["days"]) == (str(on(21)), str(on(84)), 64)
    assert made.loc[("TTR", "trial"), "days"] == 22
    nobody = run(config, ((21, 29.0), (42, 29.0)))
    assert not {"DoR", "TTR"} & set(nobody.index.get_level_values("endpoint"))


def test_no_assessment_after_the_start_is_censored_on_day_one(config):
    made = run(config, (), last_contact=on(50))
    assert made.loc[("TTP", "trial"), "days"] == 1
    assert "no adequate assessment" in made.loc[("TTP", "trial"), "censor_reason"]
    assert outcome(run(config, (), death_date=on(9), death_cause="myeloma"), "TTP")[:2] == (1, str(on(9)))


def test_never_treated_starts_at_enrolment_and_says_so(config):
    made = run(config, (), c1d1=None, enrolment_date=on(-10), death_date=on(20), death_cause="other")
    row = made.loc[("OS", "trial")]
    assert (row["start_date"], row["days"], row["event"]) == (str(on(-10)), 31, 1)
    assert "never treated" in row["source_record"]
    assert run(config, (), c1d1=None).empty


def test_without_assessments_only_survival_is_told(config):
    made = run(config, None, last_contact=on(100))
    assert set(made.index.get_level_values("endpoint")) == {"OS"}


CR = {"serum_m_g_l": 0.0, "urine_m_mg_24h": 0.0, "serum_ife": "negative", "urine_ife": "negative"}
AGAIN = CR | {"serum_ife": "positive"}


def test_relapse_from_cr_is_an_event_of_efs_only(config):
    rows = ((21, CR | {"marrow_pc_percent": 1.0}), (42, CR), (63, AGAIN), (84, AGAIN))
    made = run(config, rows)
    assert outcome(made, "EFS") == (1, str(on(63)), "relapse from CR")
    assert outcome(made, "PFS")[0] == 0
    once = ((21, CR | {"marrow_pc_percent": 1.0}), (42, CR), (63, AGAIN), (84, CR))
    assert outcome(run(config, once), "EFS")[0] == 0
    marrow = ((21, CR | {"marrow_pc_percent": 1.0}), (42, CR), (63, CR | {"marrow_pc_percent": 5.0}))
    assert outcome(run(config, marrow), "EFS")[:2] == (1, str(on(63)))
    never = ((21, 3.0), (42, 3.0), (63, AGAIN), (84, AGAIN))
    assert outcome(run(config, never), "EFS")[0] == 0


def with_symptoms(*told):
    """Stable response with recorded symptoms from (day after C1D1, word); day 0 is the baseline."""
    return [
        (days, {"serum_m_g_l": 12.0, "symptoms": word} | (BASE if days <= 0 else {})) for days, word in told
    ]


ONSET = "clinical relapse: onset of symptoms"


def efs(config, *told):
    """EFS of a patient with these records of symptoms; the baseline row of `assessed` records none of them."""
    made = run(config, with_symptoms(*told))
    assert outcome(made, "PFS")[0] == 0
    return outcome(made, "EFS")


def test_onset_of_symptoms_is_an_event_of_efs_only(config):
    assert efs(config, (-7, "no"), (21, "no"), (42, "no"), (84, "yes")) == (1, str(on(84)), ONSET)


def test_symptoms_of_baseline_that_went_and_came_back_are_an_onset(config):
    """Symptomatic at C1D1, free of symptoms on days 22 and 43, again on days 240 and 261 (day 1 = C1D1)."""
    told = ((0, "yes"), (21, "no"), (42, "no"), (239, "yes"), (260, "yes"))
    made = run_without_baseline(config, told)
    assert outcome(made, "EFS") == (1, str(on(239)), ONSET) and outcome(made, "PFS")[0] == 0


def run_without_baseline(config, told):
    rows = [{"patient": "P", "date": on(days), **values} for days, values in with_symptoms(*told)]
    return run_rows(config, pd.DataFrame(rows))


def test_symptoms_throughout_have_no_onset_and_the_censoring_says_so(config):
    made = run_without_baseline(config, ((0, "yes"), (21, "yes"), (42, "yes")))
    event, date, why = outcome(made, "EFS")
    assert (event, date) == (0, str(on(42)))
    assert f"symptoms on {on(21)} without a record of their absence before" in why
    # went before the start and were back at the start: those of day 22 are no onset
    back = run_without_baseline(config, ((-7, "no"), (0, "yes"), (21, "yes")))
    assert outcome(back, "EFS")[0] == 0


def test_symptoms_without_any_record_before_have_no_onset(config):
    event, _, why = efs(config, (84, "yes"), (105, "yes"))
    assert event == 0 and f"symptoms on {on(84)} without a record of their absence before" in why
    assert "symptoms" not in efs(config, (84, "no"))[2]


def test_an_event_before_its_start_is_refused(config):
    with pytest.raises(ValueError, match="before its start"):
        run(config, None, death_date=on(-3))


# ---------------------------------------------------------------- data cut


def test_the_cut_equals_tables_truncated_by_hand(config):
    person = {"end_of_treatment": on(90), "end_of_treatment_reason": "progression", "last_contact": on(300),
              "death_date": on(300), "death_cause": "myeloma"}  # fmt: skip
    at_cut = run(config, PROGRESSED, cut=on(84), **person)
    by_hand = run(config, PROGRESSED[:-1], cut=on(84))
    pd.testing.assert_frame_equal(at_cut, by_hand)
    assert at_cut.loc[("TTP", "trial"), "event"] == 0  # unconfirmed on that day


def test_nothing_after_the_cut_changes_anything(config):
    rows = (*RESPONDED, (84, 20.0))
    first = run(config, (*rows, (105, 22.0)), cut=on(90), death_date=on(95), death_cause="myeloma")
    other = run(config, (*rows, (106, 1.0)), cut=on(90), last_contact=on(999), new_therapy_date=on(91))
    pd.testing.assert_frame_equal(first, other)


def test_a_row_on_the_day_of_the_cut_stays(config):
    assert outcome(run(config, RESPONDED, cut=on(63)), "TTP")[1] == str(on(63))


def test_reason_and_cause_go_with_their_date():
    patients = pd.DataFrame(
        [{"patient": "P", "death_date": on(9), "death_cause": "other", "end_of_treatment": on(9),
          "end_of_treatment_reason": "toxicity", "c1d1": C1D1}]
    )  # fmt: skip
    cut, _ = endpoints.apply_cut(patients, assessed(), on(8))
    row = visits.patient_rows(cut)["P"]
    assert (row["death_date"], row["death_cause"], row["end_of_treatment_reason"]) == (None, "", "")
    assert row["c1d1"] == C1D1
    assert visits.patient_rows(patients)["P"]["death_cause"] == "other"  # the input is left alone
