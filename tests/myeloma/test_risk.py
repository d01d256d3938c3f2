"""Risk systems: every expectation worked out by hand from the published rules; missing components; boundaries."""

from datetime import date
from types import SimpleNamespace

import pandas as pd
import pytest
import yaml

from myeloma import risk, tables
from myeloma.risk import Baseline
from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT

START = date(2024, 3, 1)
LESIONS = (
    "del17p", "t(4;14)", "t(14;16)", "t(14;20)", "gain1q", "amp1q", "del1p32", "biallelic_del1p32", "TP53",
    "biallelic_TP53", "trisomy5", "trisomy21",
)  # fmt: skip


@pytest.fixture(scope="module")
def rules(project):
    return yaml.safe_load((project / "config/config.yaml").read_text())["risk"]


@pytest.fixture(scope="module")
def systems(project):
    return {s.name: s for s in risk.read_systems(str(project / "resources/risk_systems.tsv"))}


def values(iss=None, albumin=None, b2m=None, creatinine=None, ldh=None):
    pairs = {"albumin": albumin, "b2m": b2m, "creatinine": creatinine, "ldh": ldh}
    return Baseline(iss=iss, **{n: None if v is None else (v, "seen") for n, v in pairs.items()})


def calls(present="", unknown=""):
    """Rows of every lesion: absent, but for the ones named."""
    state = {
        n: PRESENT if n in present.split() else NOT_ASSESSABLE if n in unknown.split() else ABSENT
        for n in LESIONS
    }
    return {name: {"state": one} for name, one in state.items()}


@pytest.fixture
def judge(rules, systems):
    def one(system, present="", unknown="", **numbers):
        found = risk.components(values(**numbers), calls(present, unknown), systems[system].components, rules)
        return risk.stratify(systems[system], found)

    return one


# ---------------------------------------------------------------- ISS


@pytest.mark.parametrize(
    ("b2m", "albumin", "stages"),
    [
        (3.4, 35, (1,)),
        (3.4, 34.9, (2,)),
        (3.5, 40, (2,)),
        (5.4, 20, (2,)),
        (5.5, 45, (3,)),
        (3.4, None, (1, 2)),
        (4.0, None, (2,)),
        (6.0, None, (3,)),
        (None, 34, (2, 3)),
        (None, 40, (1, 2, 3)),
        (None, None, (1, 2, 3)),
    ],
)
def test_iss_by_its_two_values_and_what_is_left_without_one(rules, b2m, albumin, stages):
    assert risk.iss_of(values(b2m=b2m, albumin=albumin), rules).possible == stages


def test_the_recorded_stage_goes_before_the_derived_one(rules):
    made = risk.iss_of(values(iss=1, b2m=9.0, albumin=20), rules)
    assert made.possible == (1,) and "patients.tsv" in made.told


# ---------------------------------------------------------------- R-ISS (Palumbo 2015)


@pytest.mark.parametrize(
    ("iss", "ldh", "present", "category"),
    [
        (1, 1.0, "", "I"),
        (1, 1.01, "", "II"),
        (1, 0.8, "t(14;16)", "II"),
        (2, 1.5, "del17p", "II"),
        (3, 0.9, "", "II"),
        (3, 1.2, "", "III"),
        (3, 0.9, "t(4;14)", "III"),
        (3, 0.9, "gain1q t(14;20)", "II"),
    ],
)
def test_r_iss(judge, iss, ldh, present, category):
    assert judge("R-ISS", present, iss=iss, ldh=ldh)["category"] == category


def test_r_iss_with_a_missing_component_is_open_only_where_it_matters(judge):
    # ISS II is stage II whatever LDH and cytogenetics say
    assert judge("R-ISS", unknown="del17p t(4;14) t(14;16)", iss=2)["category"] == "II"
    # ISS III without LDH: II or III; with del17p LDH no longer matters
    open_ = judge("R-ISS", iss=3)
    assert (open_["category"], open_["lowest"], open_["highest"], open_["missing"]) == (
        "NE",
        "II",
        "III",
        "ldh_high",
    )
    assert judge("R-ISS", "del17p", iss=3)["category"] == "III"
    all_open = judge("R-ISS", unknown="del17p t(4;14) t(14;16)")
    assert (all_open["category"], all_open["lowest"], all_open["highest"]) == ("NE", "I", "III")


# ---------------------------------------------------------------- R2-ISS (D'Agostino 2022)


@pytest.mark.parametrize(
    ("iss", "ldh", "present", "points", "category"),
    [
        (1, 1.0, "", 0, "low"),
        (1, 1.0, "gain1q", 0.5, "low-intermediate"),
        (2, 1.0, "", 1, "low-intermediate"),
        (2, 1.0, "gain1q amp1q", 1.5, "intermediate-high"),
        (3, 1.0, "", 1.5, "intermediate-high"),
        (3, 1.2, "", 2.5, "intermediate-high"),
        (3, 1.2, "gain1q", 3, "high"),
        (3, 1.2, "del17p t(4;14) gain1q", 5, "high"),
        (1, 1.2, "del17p t(4;14)", 3, "high"),
        (1, 1.0, "t(14;16) del1p32", 0, "low"),
    ],
)
def test_r2_iss(judge, iss, ldh, present, points, category):
    made = judge("R2-ISS", present, iss=iss, ldh=ldh)
    assert (made["points"], made["category"]) == (points, category)


def test_r2_iss_gives_the_range_of_points(judge):
    made = judge("R2-ISS", "gain1q", "t(4;14)", iss=2)
    # 1 + 0.5, and 0 to 2 for LDH and t(4;14)
    assert (made["category"], made["points_low"], made["points_high"]) == ("NE", 1.5, 3.5)
    assert (made["lowest"], made["highest"]) == ("intermediate-high", "high")
    # 3 of 5 points are reached: the missing one changes nothing but the points
    sure = judge("R2-ISS", "del17p gain1q", "t(4;14)", iss=3, ldh=1.2)
    assert sure["category"] == "high" and pd.isna(sure["points"])
    assert (sure["points_low"], sure["points_high"]) == (4, 5)


# ---------------------------------------------------------------- IFM (Perrot 2019)


@pytest.mark.parametrize(
    ("present", "points", "category"),
    [
        ("", 0, "low"),
        ("trisomy5", -0.3, "low"),
        ("trisomy5 trisomy21", 0, "low"),
        ("trisomy21", 0.3, "intermediate"),
        ("t(4;14)", 0.4, "intermediate"),
        ("t(4;14) trisomy5", 0.1, "intermediate"),
        ("gain1q del1p32 trisomy5", 1.0, "intermediate"),
        ("gain1q del1p32", 1.3, "high"),
        ("del17p", 1.2, "high"),
        ("del17p trisomy5", 0.9, "intermediate"),
        ("t(4;14) gain1q trisomy21", 1.2, "high"),
    ],
)
def test_ifm_in_exact_tenths(judge, present, points, category):
    made = judge("IFM", present)
    assert (made["points"], made["category"]) == (points, category)


def test_ifm_without_the_trisomies_spans_a_limit(judge):
    made = judge("IFM", "del17p", "trisomy5 trisomy21")
    assert (made["points_low"], made["points_high"]) == (0.9, 1.5)
    assert (made["category"], made["lowest"], made["highest"]) == ("NE", "intermediate", "high")


# ---------------------------------------------------------------- IMS 2025


@pytest.mark.parametrize(
    ("present", "numbers", "category"),
    [
        ("", {"b2m": 3.0, "creatinine": 80}, "standard"),
        ("del17p", {}, "high"),
        ("TP53", {}, "high"),
        ("t(4;14)", {"b2m": 3.0, "creatinine": 80}, "standard"),
        ("t(4;14) gain1q", {}, "high"),
        ("t(14;20) del1p32", {}, "high"),
        ("gain1q", {"b2m": 3.0, "creatinine": 80}, "standard"),
        ("del1p32", {"b2m": 3.0, "creatinine": 80}, "standard"),
        ("del1p32 gain1q", {}, "high"),
        ("del1p32 biallelic_del1p32", {}, "high"),
        ("", {"b2m": 5.5, "creatinine": 106.07}, "high"),
        ("", {"b2m": 5.5, "creatinine": 106.08}, "standard"),
        ("", {"b2m": 5.4, "creatinine": 60}, "standard"),
        ("", {"iss": 3, "creatinine": 60}, "high"),
        ("", {"iss": 2}, "standard"),
    ],
)
def test_ims(judge, present, numbers, category):
    assert judge("IMS 2025", present, **numbers)["category"] == category


def test_ims_is_open_where_a_criterion_cannot_be_ruled_out(judge):
    made = judge("IMS 2025", unknown="TP53", b2m=3.0, creatinine=80)
    assert (made["category"], made["lowest"], made["highest"]) == ("NE", "standard", "high")
    # no loss of 1p32 at all: both copies cannot be lost either
    assert judge("IMS 2025", unknown="biallelic_del1p32", b2m=3.0, creatinine=80)["category"] == "standard"
    # stage III beta-2 microglobulin without creatinine
    assert judge("IMS 2025", b2m=6.0)["category"] == "NE"


# ---------------------------------------------------------------- double hit (Walker 2019)


@pytest.mark.parametrize(
    ("present", "unknown", "iss", "category"),
    [
        ("biallelic_TP53", "", 1, "double hit"),
        ("del17p", "", 3, "no double hit"),
        ("gain1q", "", 3, "no double hit"),
        ("gain1q amp1q", "", 3, "double hit"),
        ("gain1q amp1q", "", 2, "no double hit"),
        ("gain1q amp1q", "", None, "NE"),
        ("", "amp1q", 3, "no double hit"),
        ("gain1q", "amp1q", 3, "NE"),
        ("", "biallelic_TP53", 1, "NE"),
    ],
)
def test_double_hit(judge, present, unknown, iss, category):
    assert judge("Double hit", present, unknown, iss=iss)["category"] == category


# ---------------------------------------------------------------- baseline and tables


def frames(assessments=(), laboratory=()):
    names = ["patient", "date", "albumin_g_l", "b2m_mg_l", "creatinine_umol_l", "ldh_ratio"]
    visits = pd.DataFrame([{"patient": "P"} | row for row in assessments], columns=names)
    names = ["patient", "date", "parameter", "value", "unit", "low_normal", "high_normal"]
    return visits, pd.DataFrame([{"patient": "P", "unit": "U/L"} | row for row in laboratory], columns=names)


def test_baseline_is_the_latest_value_up_to_the_start_of_each_parameter(rules):
    patient = SimpleNamespace(patient="P", iss=None, c1d1=START)
    made = risk.baseline(
        patient,
        *frames(
            [
                {"date": date(2023, 12, 1), "albumin_g_l": 20},
                {"date": date(2024, 2, 1), "b2m_mg_l": 4.0, "ldh_ratio": 1.3},
                {"date": START, "b2m_mg_l": 6.0},
                {"date": date(2024, 3, 2), "ldh_ratio": 0.5, "creatinine_umol_l": 70},
            ],
            [{"date": date(2024, 2, 20), "parameter": "ldh", "value": 300, "high_normal": 250},
             {"date": date(2024, 2, 20), "parameter": "creatinine", "value": 99, "unit": "umol/L"}],
        ),
        rules,
    )  # fmt: skip
    assert made.albumin is None  # 91 days before
    assert made.b2m[0] == 6.0 and made.ldh[0] == 1.3 and made.creatinine[0] == 99
    assert made.b2m[1] == "assessments 2024-03-01 b2m_mg_l 6"


def test_ldh_of_the_laboratory_is_held_against_its_own_limit(rules):
    patient = SimpleNamespace(patient="P", iss=None, c1d1=START)
    row = {"date": START, "parameter": "ldh", "value": 300}
    assert risk.baseline(patient, *frames((), [row | {"high_normal": 250}]), rules).ldh[0] == 1.2
    assert risk.baseline(patient, *frames((), [row]), rules).ldh is None
    before = SimpleNamespace(patient="P", iss=2, c1d1=None)
    assert risk.baseline(before, *frames((), [row | {"high_normal": 250}]), rules) == Baseline(iss=2)


def test_nothing_after_the_data_cut_is_known(rules):
    patient = SimpleNamespace(patient="P", iss=None, c1d1=START)
    seen = frames(
        [{"date": date(2024, 2, 25), "b2m_mg_l": 6.0}, {"date": date(2024, 2, 10), "b2m_mg_l": 4.0}]
    )
    assert risk.baseline(patient, *seen, rules, date(2024, 2, 20)).b2m[0] == 4.0


def table(states):
    rows = [
        {"patient": p, "abnormality": n, "state": s, "kind": "copy_number",
         **dict.fromkeys(("sample", "value", "threshold", "reason", "evidence"), "")}
        for p, of in states.items() for n, s in of.items()
    ]  # fmt: skip
    return tables.conform(pd.DataFrame(rows, columns=tables.ABNORMALITIES.names()), tables.ABNORMALITIES)


def test_table_and_strata(rules, systems):
    everything = dict.fromkeys(LESIONS, ABSENT)
    states = {"A": everything, "B": everything | {"del17p": PRESENT}, "C": {}}
    states["C"] = dict.fromkeys(LESIONS, NOT_ASSESSABLE)
    people = [SimpleNamespace(patient=p, iss=iss, c1d1=None) for p, iss in (("A", 1), ("B", 3), ("C", None))]
    made = risk.by_patient(people, *frames(), table(states), list(systems.values()), rules)
    by = made.set_index(["system", "patient"])["category"]
    assert by["R-ISS"].tolist() == ["NE", "III", "NE"]
    assert by["IFM"].tolist() == ["low", "high", "NE"] and by["Double hit"].tolist() == [
        "no double hit",
        "no double hit",
        "NE",
    ]
    times = pd.DataFrame({"patient": list("ABC"), "months": [30.0, 4.0, 10.0], "event": [0, 1, 1]}).assign(
        endpoint="OS", rule_set="trial", start_date="", end_date="", days=1, censor_reason="", event_reason="", source_record="made"
    )  # fmt: skip
    flow = pd.DataFrame({"patient": list("ABC"), "analysis": "itt", "included": "yes", "reason": ""})
    out = risk.strata(
        made, tables.conform(times, tables.ENDPOINTS), flow, list(systems.values()), {"confidence": 0.95, "survival_months": [12, 24]}, "trial"
    )  # fmt: skip
    ifm = out[out["system"] == "IFM"].set_index("category")
    assert ifm.index.tolist() == ["low", "intermediate", "high", "NE"] and set(out["endpoint"]) == {"OS"}
    assert ifm["patients"].tolist() == [1, 0, 1, 1] and ifm.loc["low", "at_24"] == 1
    # one event at 4 months of two at risk: (0 - 1/2)^2 / (1/4) = 1 for low against high, NE left out
    assert ifm["log_rank_chi2"].unique().tolist() == pytest.approx([1.0])


def test_a_table_that_is_no_rule_names_file_and_line(tmp_path):
    path = tmp_path / "systems.tsv"
    path.write_text("\t".join(risk.COLUMNS) + "\nX\twords\t1\tI\t\t\t\n")
    with pytest.raises(ValueError, match="systems.tsv:2: kind must be"):
        risk.read_systems(str(path))


def test_every_component_is_called_by_the_workflow(project, systems):
    from myeloma import config_check, settings

    given = settings.load(yaml.safe_load((project / "config/config.yaml").read_text()), project, project)
    names = {n for s in systems.values() for n in s.components} - set(risk.CLINICAL)
    assert names <= config_check.call_names(given)


def test_the_cohort_of_a_run_is_read_from_its_sheets(project, tmp_path, systems):
    from small_trial import Trial

    trial = Trial(tmp_path, project)
    trial.set("assessments", 2, "b2m_mg_l", "6.1")
    trial.set("assessments", 2, "ldh_ratio", "1.2")
    flow = pd.DataFrame(
        {"patient": ["P01", "P02"], "analysis": "enrolled", "included": ["yes", "no"], "reason": ""}
    )
    made = risk.of_cohort(trial.load(), trial.settings(), table({}), flow, list(systems.values()))
    row = made.set_index("system").loc["R-ISS"]
    # ISS III by beta-2 microglobulin alone, LDH above its limit: III whatever the lesions are; P02 is not enrolled yet
    assert (row["patient"], row["category"]) == ("P01", "III") and "2021-03-01" in row["components"]


# ---------------------------------------------------------------- a doubled genome


@pytest.mark.parametrize(
    ("gain", "amp", "r2_iss", "double_hit"),
    [
        # 4 copies or fewer: 3 of them would count, so ISS III (1.5 points) stays intermediate-high, ISS III with amp open
        ((ABSENT, 5), (ABSENT, 6), (1.5, 2.0), "NE"),
        # 5 copies: above 3 and above 4
        ((PRESENT, 5), (ABSENT, 6), (2.0, 2.0), "double hit"),
        ((PRESENT, 5), (PRESENT, 6), (2.0, 2.0), "double hit"),
        ((ABSENT, 5), (NOT_ASSESSABLE, 6), (1.5, 2.0), "NE"),
        ((ABSENT, 3), (ABSENT, 4), (1.5, 1.5), "standard"),
    ],
)
def test_absolute_cut_offs_are_not_those_of_a_doubled_genome(rules, systems, gain, amp, r2_iss, double_hit):
    seen = calls()
    for name, (state, copies) in (("gain1q", gain), ("amp1q", amp)):
        threshold = f"copies >= {copies} in >= 0.2 of the tumour cells"
        seen[name] = {"state": state, "threshold": threshold}
    for system, expected in (("R2-ISS", r2_iss), ("Double hit", double_hit)):
        found = risk.components(values(iss=3, ldh=0.9), seen, systems[system].components, rules)
        made = risk.stratify(systems[system], found)
        if system == "R2-ISS":
            assert (made["points_low"], made["points_high"]) == expected
        elif expected == "NE":
            assert made["category"] == risk.NE and "amp1q" in made["missing"]
        else:
            assert (made["category"] == "double hit") == (expected == "double hit") and not made["missing"]
