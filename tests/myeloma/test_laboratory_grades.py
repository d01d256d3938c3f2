"""CTCAE v4.0 grades of laboratory values against admiral's criteria (run by R) and by hand from the CTCAE text."""

import csv
import datetime

import pandas as pd
import pytest
import yaml

from myeloma import laboratory_grades as grades
from myeloma import tables
from myeloma.cohort import schema

C1D1 = datetime.date(2021, 3, 1)


def on(day):
    return C1D1 + datetime.timedelta(days=day - 1)


@pytest.fixture(scope="module")
def rules(project):
    return grades.limits(str(project / "resources/ctcae_v4_laboratory.tsv"))


@pytest.fixture(scope="module")
def config(project):
    return yaml.safe_load((project / "config/config.yaml").read_text())["safety"]


def of_value(rules, term, value, lln=None, uln=None, baseline=None):
    normal = {"LLN": lln, "ULN": uln, "baseline": baseline}
    ranges = [grades.grade_range(rule, value, normal) for rule in rules if rule["term"] == term]
    return max(r[0] for r in ranges), max(r[1] for r in ranges)


def test_grades_are_those_of_admiral(project, rules):
    """admiral's grade 3 includes 4. Where it gives no grade, ours is open; its INR also asks for a baseline."""
    optional = lambda text: float(text) if text else None  # noqa: E731
    with open(project / "tests/myeloma/ctcae/admiral_grades.tsv", newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    assert len(rows) == 538 and {r["term"] for r in rows} == {r["term"] for r in rules}
    for row in rows:
        limits = [optional(row[name]) for name in ("lln", "uln", "base")]
        low, most = of_value(rules, row["term"], float(row["value"]), *limits)
        if not row["admiral"]:
            assert low < most or row["term"] == "INR increased", row
        elif row["lln"]:
            assert min(low, 3) == int(row["admiral"]) and low == most, row
        else:
            assert min(low, 3) <= int(row["admiral"]) <= most, row


@pytest.mark.parametrize(
    ("term", "value", "limit", "grade"),
    [
        # CTCAE v4.0: grade 4 in its own words; a limit itself belongs to the lower grade
        ("Neutrophil count decreased", 0.49, 1.8, 4),
        ("Neutrophil count decreased", 0.5, 1.8, 3),
        ("Platelet count decreased", 24, 150, 4),
        ("Platelet count decreased", 25, 150, 3),
        ("Lymphocyte count decreased", 0.19, 1.0, 4),
        ("White blood cell decreased", 0.99, 4.0, 4),
        ("Hyponatremia", 119, 135, 4),
        ("Hypokalemia", 2.4, 3.5, 4),
        ("Hypocalcemia", 1.49, 2.2, 4),
        ("Hypomagnesemia", 0.29, 0.7, 4),
        ("Hypophosphatemia", 0.29, 0.8, 4),
        ("Hypoglycemia", 1.69, 3.9, 4),
        ("Anemia", 60, 120, 3),
        ("Hypoalbuminemia", 15, 35, 3),
    ],
)
def test_low_values(rules, term, value, limit, grade):
    assert of_value(rules, term, value, lln=limit) == (grade, grade)


@pytest.mark.parametrize(
    ("term", "value", "limit", "grade"),
    [
        ("Alanine aminotransferase increased", 801, 40, 4),
        ("Alanine aminotransferase increased", 800, 40, 3),
        ("Blood bilirubin increased", 171, 17, 4),
        ("Creatinine increased", 541, 90, 4),
        ("CPK increased", 1901, 190, 4),
        ("Lipase increased", 301, 60, 4),
        ("Serum amylase increased", 501, 100, 4),
        ("Hypercalcemia", 3.41, 2.6, 4),
        ("Hyperkalemia", 7.1, 5.1, 4),
        ("Hypernatremia", 161, 145, 4),
        ("Hypermagnesemia", 3.31, 1.05, 4),
        ("Hyperglycemia", 27.9, 6.1, 4),
        ("Leukocytosis", 101, 10, 3),
        ("INR increased", 3.1, 1.2, 3),
    ],
)
def test_high_values(rules, term, value, limit, grade):
    assert of_value(rules, term, value, uln=limit, baseline=80 if term.startswith("Creat") else None) == (
        grade,
        grade,
    )


def test_multiples_have_no_binary_dust(rules):
    """3 x 0.7 is 2.0999999999999996 in binary: 2.1 must not be above it."""
    assert of_value(rules, "Alanine aminotransferase increased", 2.1, uln=0.7) == (1, 1)


def test_a_missing_limit_leaves_the_grade_open(rules):
    assert of_value(rules, "Anemia", 103) == (0, 1)
    assert of_value(rules, "Anemia", 79) == (3, 3)
    assert of_value(rules, "Platelet count decreased", 60) == (2, 2)
    assert of_value(rules, "Alanine aminotransferase increased", 300) == (0, 4)
    assert of_value(rules, "Creatinine increased", 210, baseline=200) == (1, 4)
    assert of_value(rules, "Creatinine increased", 210, uln=90) == (2, 3)


def test_every_parameter_is_one_of_the_sheet(rules):
    assert {r["parameter"] for r in rules} <= set(schema("laboratory")["properties"]["parameter"]["enum"])


def person(patient="P", **more):
    return {"patient": patient, "c1d1": C1D1, "last_dose": None, "end_of_treatment": None} | more


def lab(*rows, patient="P"):
    """Rows (day, parameter, value, unit, lln, uln)."""
    made = [[patient, on(d), *rest] for d, *rest in rows]
    return pd.DataFrame(made, columns=grades.VALUES[:-1])


NO_VISITS = pd.DataFrame(columns=["patient", "date", "haemoglobin_g_l"])


def graded(rules, config, rows, visits=NO_VISITS, people=None):
    found = grades.values(rows, visits)
    return grades.graded(found, people or [person()], rules, config)


def test_periods_and_baseline(rules, config):
    rows = lab(
        *(
            (d, "creatinine", v, "umol/L", 45.0, 90.0)
            for d, v in ((-20, 60.0), (1, 80.0), (8, 130.0), (95, 81.0))
        )
    )
    made = graded(rules, config, rows, people=[person(last_dose=on(50), end_of_treatment=on(60))])
    made = tables.conform(made, tables.LABORATORY_GRADES)
    assert list(made["period"]) == ["baseline", "baseline", "on_treatment", "after_treatment"]
    assert set(made["baseline"]) == {80}
    # 130: 1.44 x ULN is grade 1, 1.63 x baseline grade 2; the worse counts
    assert list(made["grade"]) == [0, 0, 2, 1]


def test_calcium_is_corrected_for_albumin_of_the_day_or_not_graded(rules, config):
    rows = lab((8, "calcium", 2.5, "mmol/L", 2.2, 2.6), (8, "albumin", 20.0, "g/L", 35.0, 50.0),
               (15, "calcium", 2.5, "mmol/L", 2.2, 2.6))  # fmt: skip
    made = graded(rules, config, rows).set_index(["term", "date"])
    assert made.loc[("Hypercalcemia", on(8)), "corrected"] == pytest.approx(2.9)  # 2.5 + 0.02 x 20
    assert made.loc[("Hypercalcemia", on(8)), "grade"] == 1
    row = made.loc[("Hypercalcemia", on(15))]
    assert pd.isna(row["grade"]) and row["grade_at_most"] == 4 and "albumin" in row["reason"]


def test_assessments_fill_what_the_laboratory_sheet_has_not(rules, config):
    visits = pd.DataFrame({"patient": ["P", "P"], "date": [on(8), on(29)], "haemoglobin_g_l": [70.0, 103.0]})
    made = graded(rules, config, lab((8, "haemoglobin", 95.0, "g/L", 120.0, 160.0)), visits)
    made = made[made["term"] == "Anemia"]
    assert list(made["sheet"]) == ["laboratory.tsv", "assessments.tsv"]
    assert made["grade"].iloc[0] == 2 and pd.isna(made["grade"].iloc[1])
    assert made["reason"].iloc[1] == "grade 0 to 1: lower limit of normal not known"


def test_the_worse_of_two_assessments_of_a_day_counts():
    visits = pd.DataFrame(
        {
            "patient": "P",
            "date": [on(8)] * 2,
            "haemoglobin_g_l": [95.0, 78.0],
            "creatinine_umol_l": [90.0, 120.0],
        }
    )
    made = grades.values(lab(), visits)
    assert dict(zip(made["parameter"], made["value"], strict=True)) == {"haemoglobin": 78, "creatinine": 120}


def test_a_parameter_without_a_term_is_named(rules, config):
    made = graded(rules, config, lab((8, "ldh", 900.0, "U/L", 120.0, 250.0)))
    assert list(made["term"]) == [""] and "no CTCAE v4.0 term of ldh" in made["reason"].iloc[0]
    tables.conform(made, tables.LABORATORY_GRADES)


PLATELETS = ("platelets", "10^9/L", 150.0, 400.0)


def counts(*pairs, patient="P"):
    return lab(*((d, PLATELETS[0], float(v), *PLATELETS[1:]) for d, v in pairs), patient=patient)


def test_worst_grade_by_patient(rules, config):
    """A: 3 after 1; B: 0; C: only a value that bounds nothing; D: never treated."""
    unknown = lab((8, "alt", 300.0, "U/L", float("nan"), float("nan")), patient="C")
    frame = pd.concat([counts((1, 140), (8, 40), (15, 60), patient="A"), counts((1, 200), (8, 200), patient="B"),
                       counts((8, 20), patient="D"), unknown])  # fmt: skip
    people = [person("A"), person("B"), person("C"), person("D", c1d1=None)]
    made = grades.by_term(graded(rules, config, frame, people=people), rules, 0.95, events_given=True)
    made = tables.conform(made, tables.LABORATORY_BY_TERM).set_index("term")
    row = made.loc["Platelet count decreased"]
    assert list(row[[f"grade_{g}" for g in range(5)]]) == [1, 0, 0, 1, 0]
    assert (row["patients"], row["grade_3_or_4"], row["of"], row["worse_than_baseline"]) == (2, 1, 2, 1)
    row = made.loc["Alanine aminotransferase increased"]
    assert (row["patients"], row["grade_unknown"], row["of"], row["grade_3_or_4_unknown"]) == (1, 1, 0, 1)
    assert pd.isna(row["fraction"])


def test_grade_three_is_looked_for_among_the_adverse_events(rules, config):
    columns = ["patient", "term", "grade", "start_date", "end_date"]
    events = pd.DataFrame(
        [
            ["P", "platelet count decreased", 3.0, on(10), on(12)],
            ["P", "Thrombocytopenia", 2.0, on(60), None],
        ],
        columns=columns,
    )
    rows = graded(rules, config, counts((8, 40), (30, 40), (70, 40), (71, 60)))
    made = grades.reported(rows, events, rules, 7)
    assert list(made["reported"]) == ["yes", "no", "lower_grade", ""]
    assert set(grades.reported(rows, events.iloc[:0], rules, 7)["reported"]) == {"no", ""}


NO_EVENTS = pd.DataFrame(columns=["patient", "term", "grade", "start_date", "end_date"])
OPEN = (float("nan"), float("nan"))


def test_a_grade_of_at_least_three_is_severe_and_looked_for(rules, config):
    """Creatinine 80 before, 300 on treatment, no limit: 3.75 x baseline is grade 3, above 6 x ULN would be 4."""
    rows = lab((1, "creatinine", 80.0, "umol/L", *OPEN), (8, "creatinine", 300.0, "umol/L", *OPEN))
    made = grades.reported(graded(rules, config, rows), NO_EVENTS, rules, 7)
    row = tables.conform(made, tables.LABORATORY_GRADES).iloc[1]
    assert pd.isna(row["grade"]) and (row["grade_at_least"], row["grade_at_most"]) == (3, 4)
    assert row["reported"] == "no"
    told = tables.conform(
        grades.by_term(made, rules, 0.95, events_given=True), tables.LABORATORY_BY_TERM
    ).iloc[0]
    assert (told["grade_3_or_4"], told["of"], told["grade_3_or_4_unknown"]) == (1, 1, 0)
    assert (told["grade_unknown"], told["grade_3"], told["not_reported"]) == (1, 0, 1)


def test_an_open_grade_below_three_for_sure_is_not_severe(rules, config):
    rows = lab((8, "haemoglobin", 103.0, "g/L", *OPEN))
    made = grades.by_term(graded(rules, config, rows), rules, 0.95, events_given=True).set_index("term")
    row = made.loc["Anemia"]
    assert (row["grade_unknown"], row["grade_3_or_4"], row["of"]) == (1, 0, 1)


def test_without_adverse_events_nobody_knows_what_was_not_reported(rules, config):
    made = grades.by_term(graded(rules, config, counts((8, 40))), rules, 0.95, events_given=False)
    made = tables.conform(made, tables.LABORATORY_BY_TERM)
    assert made["grade_3_or_4"].tolist() == [1] and made["not_reported"].isna().all()


def test_worse_than_baseline_is_known_or_counted_as_unknown(rules, config):
    """A: grade 0 before (the last row has no limit), 3 after: worse. B: no row before. C: 0 before, 0 to 1 after,
    open. D: 1 before, 0 after: not worse. E: 0 before, open but at least 1 after: worse."""
    named = dict.fromkeys("ABCDE")
    hb = lambda d, v, low=120.0: (d, "haemoglobin", v, "g/L", low, 160.0)  # noqa: E731
    named["A"] = [hb(-6, 130.0), hb(1, 110.0, OPEN[0]), hb(8, 70.0)]
    named["B"] = [hb(8, 70.0)]
    named["C"] = [hb(1, 130.0), hb(8, 110.0, OPEN[0])]
    named["D"] = [hb(1, 110.0), hb(8, 130.0)]
    named["E"] = [hb(1, 130.0), hb(8, 95.0), hb(15, 110.0, OPEN[0])]
    frame = pd.concat([lab(*rows, patient=name) for name, rows in named.items()])
    made = graded(rules, config, frame, people=[person(name) for name in named])
    made = grades.by_term(made, rules, 0.95, events_given=False)
    row = tables.conform(made, tables.LABORATORY_BY_TERM).set_index("term").loc["Anemia"]
    assert (row["patients"], row["worse_than_baseline"], row["baseline_unknown"]) == (5, 2, 1)
    assert row["worse_than_baseline_unknown"] == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("value\tg/L", "values\tg/L"), "basis"),
        (("\tlow\t", "\tdown\t"), "direction"),
        (("LLN\t100", "LNL\t100"), "grade_1"),
    ],
)
def test_a_wrong_limit_names_its_line(project, tmp_path, change, message):
    text = (project / "resources/ctcae_v4_laboratory.tsv").read_text().replace(*change, 1)
    (tmp_path / "limits.tsv").write_text(text)
    with pytest.raises(ValueError, match=rf"limits.tsv:2: {message}"):
        grades.limits(str(tmp_path / "limits.tsv"))
