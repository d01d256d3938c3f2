"""The safety tables of the made-up treatment against the amounts and counts worked out beside it by hand."""

import pytest
import yaml
from cohort_generator import clinical, treatment
from cohort_generator.tables import write_table

from myeloma import cohort as product
from myeloma import idmc, safety, settings, tables

SEED = 3
STARTS = clinical.start_dates(SEED)
#: Measure of the truth -> that of the package.
MEASURES = {
    "any": "any grade",
    "grade_3_or_more": "grade 3 or more",
    "serious": "serious",
    "related": "related",
    "led_to_reduction": "led to dose reduction",
    "led_to_stop": "led to stop",
}


@pytest.fixture(scope="module")
def made(project, tmp_path_factory):
    """(clinical tables, tables of the stage, values of the config)."""
    folder = tmp_path_factory.mktemp("safety")
    sex = {c.patient: ("female", "male")[i % 2] for i, c in enumerate(clinical.COURSES)}
    people = clinical.patient_rows(STARTS, sex)
    visits = clinical.assessment_rows(STARTS, SEED)
    sheets = {
        "patients": [r | treatment.body(i, r["sex"], SEED) for i, r in enumerate(people)],
        "assessments": visits,
        "dosing": treatment.dosing_rows(STARTS, SEED),
        "adverse_events": treatment.event_rows(STARTS),
        "laboratory": treatment.laboratory_rows(STARTS, SEED, visits),
    }
    values = yaml.safe_load((project / "config/config.yaml").read_text())
    values["safety"] |= {"idmc_first_patients": treatment.IDMC_PATIENTS[0]}
    for name, rows in sheets.items():
        write_table(folder / f"{name}.tsv", rows)
    (folder / "genome.fa").write_text(">1\nA\n")
    values["sheets"] |= {name: f"{name}.tsv" for name in sheets}
    values["reference"]["fasta"] = "genome.fa"
    settled = settings.load(values, project, folder)
    seen = safety.gather(product.load_cohort(settled, check_files=False), settled)
    limits = settled.path(values["safety"]["laboratory_limits"])
    frames = safety.assess(seen, values, limits)
    return seen, {n: tables.conform(frames[n], safety.CONTRACTS[n]) for n in frames}, values


def test_exposure_is_that_worked_out_by_hand(made):
    found = made[1]["exposure"].set_index(["patient", "phase", "drug"])
    truth = treatment.exposure_truth()
    assert len(truth) == len(found[found.index.get_level_values("phase") != "all"])
    for row in truth:
        mine = found.loc[(row["patient"], row["phase"], row["drug"])]
        hand = [row[n] for n in ("cycles", "given_mg", "planned_mg", "days", "planned_days")]
        told = [mine[n] for n in ("cycles", "given_mg", "planned_mg", "actual_days", "planned_days")]
        assert told == pytest.approx(hand), row
        assert 100 * mine["relative_dose_intensity"] == pytest.approx(
            float(row["dose_given_percent"]), abs=1e-4
        )
        assert 100 * mine["dose_intensity_over_time"] == pytest.approx(float(row["rdi_percent"]), abs=1e-4)


def test_first_cut_and_its_counts_are_those_worked_out_by_hand(made):
    seen, frames, values = made
    number = treatment.IDMC_PATIENTS[0]
    truth = [r for r in treatment.safety_truth(STARTS) if r["cut_patients"] == number]
    cut = frames["idmc_cuts"]["cut"].iloc[0]
    assert cut == str(truth[0]["cut_date"]) and frames["idmc_cuts"]["kind"].iloc[0] == "first"
    package = frames["idmc"]
    package = package[package["cut"] == cut].set_index(["measure", "drug"])
    for row in truth:
        if row["measure"] == "fatal":
            continue
        mine = package.loc[(MEASURES[row["measure"]], "any")]
        assert [mine["patients"], mine["of"], mine["events"]] == [
            row["patients"],
            row["treated"],
            row["events"],
        ], row
    again = tables.conform(idmc.package(seen, idmc.day(cut), values["trial"], values["safety"]), tables.IDMC)
    assert len(again) == len(package)


def test_neutropenia_that_nobody_reported_is_found(made):
    """IPD-004: neutrophils 0.7 on day 28 and no such event."""
    rows = made[1]["laboratory_grades"]
    rows = rows[(rows["term"] == "Neutrophil count decreased") & (rows["reported"] == "no")]
    assert list(rows["patient"]) == ["IPD-004"] and list(rows["grade"]) == [3]
