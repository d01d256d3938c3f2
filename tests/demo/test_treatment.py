"""The made-up treatment: its sheets pass the check, and the amounts worked out by hand come out."""

from collections import defaultdict
from datetime import date

import pytest
import yaml
from cohort_generator import clinical, cohort, treatment
from cohort_generator.tables import write_table

from myeloma import cohort as product
from myeloma import settings

SEED = 3
STARTS = clinical.start_dates(SEED)


@pytest.fixture(scope="module")
def people():
    sex = {c.patient: ("female", "male")[i % 2] for i, c in enumerate(clinical.COURSES)}
    rows = clinical.patient_rows(STARTS, sex)
    return [r | treatment.body(i, r["sex"], SEED) for i, r in enumerate(rows)]


def test_given_milligrams_are_those_worked_out_by_hand():
    given = defaultdict(float)
    for c in clinical.COURSES:
        for row in treatment.doses(c):
            phase = "induction" if row["cycle"] <= 17 else "maintenance"
            given[c.patient, phase, row["drug"]] += row["dose_mg"]
    hand = {(r["patient"], r["phase"], r["drug"]): r["given_mg"] for r in treatment.exposure_truth()}
    assert given == pytest.approx(hand)


def test_exposure_truth_of_a_delayed_patient():
    row = next(r for r in treatment.exposure_truth() if r["patient"] == "IPD-007" and r["drug"] == "ixazomib")
    # 162 of 168 mg, in 301 instead of 294 days
    assert float(row["rdi_percent"]) == pytest.approx(100 * 162 / 168 * 294 / 301, abs=1e-4)


def test_typical_kinetics_equal_the_published_derivations():
    """Gupta 2017, typical values at BSA 1.87: area 1247 ng h/mL and peak 18.0 ng/mL at 1.3 h for 4 mg."""
    typical = treatment.Kinetics(1.86, 0.58, 205)
    assert 1000 * 4 * typical.f / typical.cl == pytest.approx(1247, abs=0.5)
    assert typical.after([(0, 4)], 24 * 365)[1] == pytest.approx(1247, rel=0.001)
    peak = max((typical.after([(0, 4)], h / 20)[0], h / 20) for h in range(1, 100))
    assert peak[0] == pytest.approx(18.0, abs=0.1) and peak[1] == pytest.approx(1.3, abs=0.1)


def test_sheets_pass_the_check_and_hold_what_they_were_drawn_up_for(people, project, tmp_path):
    visits = clinical.assessment_rows(STARTS, SEED)
    blood, truth = treatment.concentration_rows(STARTS, SEED, people)
    sheets = {
        "patients": people,
        "assessments": visits,
        "dosing": treatment.dosing_rows(STARTS, SEED),
        "adverse_events": treatment.event_rows(STARTS),
        "laboratory": treatment.laboratory_rows(STARTS, SEED, visits),
        "concentrations": blood,
        "subsequent_therapy": treatment.therapy_rows(STARTS),
    }
    for name, rows in sheets.items():
        write_table(tmp_path / f"{name}.tsv", rows)
    (tmp_path / "genome.fa").write_text(">1\nA\n")
    config = yaml.safe_load((project / "config/config.yaml").read_text())
    config["sheets"] |= {name: f"{name}.tsv" for name in sheets}
    config["reference"]["fasta"] = "genome.fa"
    seen = product.load_cohort(settings.load(config, project, tmp_path), check_files=False)
    events = seen.sheet_frame(None, "adverse_events")
    assert set(events["serious"]) == {"yes", "no"} and (events["grade"] == 5).sum() == 1
    doses = seen.sheet_frame(None, "dosing")
    assert set(doses["change"]) == {"", "reduced", "omitted", "delayed", "interrupted", "stopped"}
    old = doses[(doses["patient"] == "IPD-008") & (doses["drug"] == "dexamethasone")]
    assert seen.patient("IPD-008").age == 77 and set(old["dose_mg"]) == {20}
    levels = seen.sheet_frame(None, "laboratory")
    low = levels[(levels["parameter"] == "neutrophils") & (levels["value"] < 1)]
    assert sorted(low["patient"]) == ["IPD-002", "IPD-004", "IPD-007"]
    assert levels[levels["parameter"] == "haemoglobin"]["value"].between(90, 140).all()
    measured = seen.sheet_frame(None, "concentrations")
    assert (measured["below_lloq"] == "yes").sum() >= 9 and measured["value_ng_ml"].max() < 1000
    assert {r["patient"] for r in truth} == set(seen.patient_ids)


def test_first_cut_is_c2d1_of_the_sixth_patient():
    starts = {c.patient: date(2024, 1, 1 + 2 * i) for i, c in enumerate(clinical.COURSES)}
    rows = {r["measure"]: r for r in treatment.safety_truth(starts)}
    # IPD-006 starts on 11 January, C2D1 on 1 February: days 31 to 15 of the nine patients
    assert rows["any"]["cut_date"] == date(2024, 2, 1)
    # 001 nausea (day 3), 002 neutrophils (day 28 of 29), 004 fatigue (10), 008 two (8, 20 of 17: one), 009 rash (4)
    assert (rows["any"]["patients"], rows["any"]["events"], rows["any"]["treated"]) == (5, 5, 9)
    assert (rows["grade_3_or_more"]["patients"], rows["serious"]["patients"]) == (1, 0)


def test_the_demo_config_names_every_sheet(project):
    values = yaml.safe_load(cohort.CONFIG.format(seed=1))
    assert set(product.SHEETS) <= set(values["sheets"])
