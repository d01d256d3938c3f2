"""Sheets from SAS files and from SDTM-like domains: the same cohort comes out, what is not mapped is listed."""

import subprocess
import sys
from datetime import date

import pandas as pd
import pyreadstat
import pytest
from small_trial import Trial

from myeloma import cohort as module
from myeloma import sdtm, sheets, transport


@pytest.fixture
def trial(tmp_path, project):
    return Trial(tmp_path, project)


def as_xpt(rows, path, name):
    """A sheet as a transport file: names V1, V2, ..., the column's name as label; dates and numbers typed."""
    known = sheets.schema(name)["properties"]
    frame = pd.DataFrame(rows[1:], columns=rows[0])
    for column in frame:
        if known[column].get("format") == "date":
            frame[column] = [date.fromisoformat(x) if x else None for x in frame[column]]
        elif known[column]["type"] in ("number", "integer"):
            frame[column] = pd.to_numeric(frame[column])
    labels = list(frame.columns)
    frame.columns = [f"V{i}" for i in range(len(labels))]
    pyreadstat.write_xport(frame, str(path), column_labels=labels, table_name="SHEET", file_format_version=5)


CLINICAL = ("patients", "assessments", *module.CLINICAL)


@pytest.mark.parametrize("ending", [".xpt", ".csv"])
def test_clinical_sheets_in_other_formats_give_the_same_cohort(trial, ending):
    expected = trial.load()
    for name in CLINICAL:
        rows = [r for r in trial.sheets[name]]
        path = trial.folder / f"{name}{ending}"
        if ending == ".xpt":
            as_xpt(rows, path, name)
        else:
            pd.DataFrame(rows[1:], columns=rows[0]).to_csv(path, index=False)
        trial.config["sheets"][name] = path.name
    seen = trial.load()
    assert seen.patients == expected.patients and seen.assessments == expected.assessments
    for name in module.CLINICAL:
        pd.testing.assert_frame_equal(seen.sheet_frame(None, name), expected.sheet_frame(None, name))
    assert (
        "daratumumab, bortezomib, dexamethasone"
        in seen.sheet_frame(None, "subsequent_therapy")["regimen"].tolist()
    )


def test_capital_names_of_a_transport_file_without_labels(tmp_path):
    frame = pd.DataFrame(
        {"PATIENT": ["P01"], "DRUG": ["ixazomib"], "DATE": [date(2021, 3, 4)], "CYCLE": [1.0]}
    )
    pyreadstat.write_xport(frame, str(tmp_path / "dosing.xpt"), table_name="X", file_format_version=5)
    header, rows = transport.read_table(tmp_path / "dosing.xpt", sheets.schema("dosing")["properties"])
    assert header == ["patient", "drug", "date", "cycle"] and rows == [["P01", "ixazomib", "2021-03-04", "1"]]


def test_problems_of_a_transport_file_name_the_row(trial):
    rows = [list(r) for r in trial.sheets["dosing"]]
    rows[2][rows[0].index("dose_mg")] = "900"
    as_xpt(rows, trial.folder / "dosing.xpt", "dosing")
    trial.config["sheets"]["dosing"] = "dosing.xpt"
    problem = trial.the_problem()
    assert (problem.file, problem.line, problem.field) == ("dosing.xpt", 3, "dose_mg")


@pytest.mark.parametrize("ending", [".xpt", ".sas7bdat"])
def test_text_under_the_name_of_a_sas_file_is_one_problem(trial, ending):
    (trial.folder / f"dosing{ending}").write_text("patient\tdrug\n")
    trial.config["sheets"]["dosing"] = f"dosing{ending}"
    found = trial.problems()
    assert any("is no SAS file of its ending" in p.message for p in found)


def test_a_csv_with_another_separator_is_one_problem(trial):
    text = "".join(";".join(r) + "\n" for r in trial.sheets["dosing"])
    (trial.folder / "dosing.csv").write_text(text)
    trial.config["sheets"]["dosing"] = "dosing.csv"
    assert any("is not comma-separated" in p.message for p in trial.problems())


# Domains

DM = {
    "USUBJID": "P01",
    "SEX": "F",
    "AGE": "67",
    "RFXSTDTC": "2021-03-04T08:30",
    "SITEID": "Lille",
    "RACE": "x",
}
EX = {"USUBJID": "P01", "EXTRT": "Ixazomib", "EXDOSE": "3", "EXDOSU": "mg", "EXSTDTC": "2021-03-07T08:15",
      "EXENDTC": "2021-03-07", "VISIT": "CYCLE 1 DAY 4"}  # fmt: skip
AE = {"USUBJID": "P01", "AESEQ": "1", "AEBODSYS": "Investigations", "AEDECOD": "Platelet count decreased",
      "AETOXGR": "3", "AESTDTC": "2021-03-10", "AESER": "N", "AEOUT": "RECOVERED/RESOLVED", "AEENDTC": "2021-03-20"}  # fmt: skip
LB = {"USUBJID": "P01", "LBDTC": "2021-03-04", "LBSTRESN": "9.7", "LBSTRESU": "g/dL", "LBTESTCD": "HGB",
      "LBSPEC": "BLOOD", "LBSTNRLO": "12", "LBSTNRHI": "16"}  # fmt: skip
PC = {"USUBJID": "P01", "PCTESTCD": "IXAZOMIB", "PCDTC": "2021-03-07T09:15", "PCTPT": "C1D4 1 h",
      "PCSPEC": "PLASMA", "PCSTRESN": "12.4", "PCSTRESU": "ng/mL", "PCLLOQ": "0.5", "PCORRES": "12.4"}  # fmt: skip


def converted(**domains):
    return sdtm.convert(domains, sdtm.read_mapping())


def test_each_domain_gives_its_rows():
    made = converted(DM=[DM], EX=[EX], AE=[AE], LB=[LB], PC=[PC])
    assert not made.unmapped
    assert made.rows["patients"][0] | {"death_date": "", "last_contact": ""} == {
        "patient": "P01", "sex": "female", "age": "67", "centre": "Lille", "c1d1": "2021-03-04",
        "last_contact": "", "death_date": "",
    }  # fmt: skip
    assert made.rows["dosing"] == [
        {"patient": "P01", "drug": "ixazomib", "date": "2021-03-07", "time": "08:15", "cycle": "1", "day": "4", "dose_mg": "3"}
    ]  # fmt: skip
    assert (
        made.rows["adverse_events"][0]["outcome"] == "recovered"
        and made.rows["adverse_events"][0]["serious"] == "no"
    )
    assert (
        made.rows["laboratory"][0]["parameter"] == "haemoglobin"
        and made.rows["laboratory"][0]["unit"] == "g/dL"
    )
    assert (
        made.rows["concentrations"][0]["below_lloq"] == "no"
        and made.rows["concentrations"][0]["time"] == "09:15"
    )


def test_disposition_and_vital_signs_complete_the_patient():
    made = converted(
        DM=[DM],
        DS=[
            {"USUBJID": "P01", "DSDECOD": "ENROLLED", "DSSTDTC": "2021-02-25"},
            {
                "USUBJID": "P01",
                "DSSCAT": "END OF TREATMENT",
                "DSDECOD": "PROGRESSIVE DISEASE",
                "DSSTDTC": "2022-03-01",
            },
        ],
        VS=[{"USUBJID": "P01", "VSTESTCD": "HEIGHT", "VSSTRESU": "cm", "VSBLFL": "Y", "VSSTRESN": "160"}],
    )
    row = made.rows["patients"][0]
    assert len(made.rows["patients"]) == 1 and not made.unmapped
    assert (row["enrolment_date"], row["end_of_treatment"]) == ("2021-02-25", "2022-03-01")
    assert (row["end_of_treatment_reason"], row["height_cm"], row["sex"]) == ("progression", "160", "female")


def test_tests_of_one_day_become_one_assessment():
    def test(code, value, unit, **more):
        return {
            "USUBJID": "P01",
            "LBDTC": "2021-03-04",
            "LBTESTCD": code,
            "LBSTRESN": value,
            "LBSTRESU": unit,
            **more,
        }

    made = converted(
        LB=[
            test("MCPROT", "32.1", "g/L", LBSPEC="SERUM"),
            test("KLCF", "210", "mg/L", LBSPEC="SERUM"),
            test("LLCF", "8", "mg/L", LBSPEC="SERUM"),
            test("IMFIX", "", "", LBSPEC="SERUM", LBSTRESC="POSITIVE"),
        ]
    )
    assert made.rows["assessments"] == [
        {"patient": "P01", "date": "2021-03-04", "serum_m_g_l": "32.1", "kappa_mg_l": "210", "lambda_mg_l": "8",
         "serum_ife": "positive"}
    ]  # fmt: skip
    assert made.rows["laboratory"] == [] and not made.unmapped


@pytest.mark.parametrize(
    "record",
    [
        LB | {"LBTESTCD": "CREAT", "LBSTRESN": "2900", "LBSTRESU": "umol/L"},
        LB | {"LBTESTCD": "CA", "LBSTRESN": "1.1", "LBSTRESU": "mmol/L"},
        LB | {"LBTESTCD": "ALB", "LBSTRESN": "30", "LBSTRESU": "g/L"},
        LB | {"LBSTRESN": "1", "LBSTRESU": "g/L"},
        LB | {"LBTESTCD": "B2MICG", "LBSTRESN": "9", "LBSTRESU": "mg/L"},
        LB | {"LBTESTCD": "KLCF", "LBSTRESN": "40", "LBSTRESU": "mg/L"},
        LB | {"LBTESTCD": "IGG", "LBSTRESN": "0.1", "LBSTRESU": "g/L"},
    ],
    ids=lambda record: record["LBTESTCD"],
)
@pytest.mark.parametrize("specimen", ["URINE", "CEREBROSPINAL FLUID", ""])
def test_chemistry_of_another_or_unnamed_specimen_is_not_that_of_the_blood(record, specimen):
    """Creatinine of 2900 umol/L in urine is normal; as a serum value it is renal failure."""
    made = converted(LB=[record | {"LBSPEC": specimen}])
    assert made.rows["laboratory"] == [] and made.rows["assessments"] == []
    ((domain, variable, value, what), count), *others = made.unmapped.items()
    told = (variable, value) if specimen else ("LBTESTCD", record["LBTESTCD"])
    assert not others and count == 1 and (domain, variable, value) == ("LB", *told)
    assert what.startswith("no rule fits the record") and (record["LBTESTCD"] in what or not specimen)
    assert specimen or "LBSPEC empty" in what


@pytest.mark.parametrize("specimen", ["SERUM", "plasma", "BLOOD", "SERUM OR PLASMA"])
def test_chemistry_of_serum_plasma_and_blood_is_taken(specimen):
    record = LB | {"LBTESTCD": "CREAT", "LBSTRESN": "90", "LBSTRESU": "umol/L", "LBSPEC": specimen}
    made = converted(LB=[record])
    assert made.rows["laboratory"][0]["value"] == "90" and not made.unmapped
    assert made.rows["assessments"][0]["creatinine_umol_l"] == "90"


def test_a_concentration_in_urine_or_whole_blood_is_none_in_plasma():
    made = converted(PC=[PC | {"PCSPEC": "URINE"}, PC | {"PCSPEC": "BLOOD"}])
    assert made.rows["concentrations"] == []
    assert {key[:3] for key in made.unmapped} == {("PC", "PCSPEC", "URINE"), ("PC", "PCSPEC", "BLOOD")}


@pytest.mark.parametrize(
    ("record", "cell"),
    [
        ({"LBTESTCD": "MCPROT", "LBSTRESU": "g/L", "LBSTRESC": "NOT DETECTED"}, "serum_m_g_l"),
        ({"LBTESTCD": "KLCF", "LBSTRESU": "mg/L", "LBSTRESC": "<0.6"}, "kappa_mg_l"),
        ({"LBTESTCD": "KLCF", "LBSTRESU": "mg/L", "LBORRES": "<0.6"}, "kappa_mg_l"),
        ({"LBTESTCD": "MCPROT", "LBSTRESU": "", "LBSTRESC": "NOT DETECTED"}, ""),
    ],
)
def test_a_result_that_is_no_number_is_listed(record, cell):
    day = {"USUBJID": "P01", "LBDTC": "2021-03-04", "LBSPEC": "SERUM"}
    made = converted(LB=[day | {"LBSTRESN": ""} | record])
    name = next(n for n in ("LBSTRESC", "LBORRES") if n in record)
    problem = ("LB", name, record[name], "result is no number (LBSTRESN is empty)")
    assert made.unmapped[problem] == 1
    assert made.rows["laboratory"] == []
    if cell:
        assert made.rows["assessments"][0][cell] == "" and len(made.unmapped) == 1
    else:
        assert made.rows["assessments"] == []


def test_a_laboratory_value_or_height_that_is_no_number_is_left_out_and_listed():
    lipase = LB | {"LBTESTCD": "LIPASE", "LBSTRESN": "", "LBSTRESC": "HAEMOLYTIC", "LBSTRESU": "U/L"}
    height = {"USUBJID": "P01", "VSTESTCD": "HEIGHT", "VSSTRESU": "cm", "VSBLFL": "Y", "VSORRES": "about 160"}
    made = converted(LB=[lipase, lipase | {"USUBJID": "P02"}], VS=[height])
    assert made.rows["laboratory"] == [] and made.rows["patients"] == [{"patient": "P01", "height_cm": ""}]
    assert made.unmapped == {
        ("LB", "LBSTRESC", "HAEMOLYTIC", "result is no number (LBSTRESN is empty)"): 2,
        ("VS", "VSORRES", "about 160", "result is no number (VSSTRESN is empty)"): 1,
    }


def test_a_record_of_two_sheets_is_counted_once():
    clotted = LB | {"LBSTRESN": "", "LBSTRESC": "CLOTTED", "LBSTRESU": "g/L"}
    assert set(converted(LB=[clotted]).unmapped.values()) == {1}


def test_a_concentration_below_the_limit_is_no_missing_number():
    below = PC | {"PCSTRESN": "", "PCSTRESC": "BLQ", "PCORRES": "BLQ"}
    assert not converted(PC=[below]).unmapped
    made = converted(PC=[PC | {"PCSTRESN": "", "PCORRES": "LOST"}])
    assert set(made.unmapped) == {("PC", "PCORRES", "LOST", "result is no number (PCSTRESN is empty)")}


@pytest.mark.parametrize(
    ("domain", "record", "expected", "rows"),
    [
        ("EX", EX | {"EXDOSU": "ug"}, ("EX", "EXDOSU", "ug", "no rule fits the record"), 0),
        (
            "EX",
            EX | {"EXTRT": "Placebo"},
            ("EX", "EXTRT", "Placebo", "code without a target in dosing.drug"),
            0,
        ),
        ("EX", EX | {"EXENDTC": "2021-03-09"}, ("EX", "EXENDTC", "2021-03-09", "covers several days"), 0),
        ("EX", EX | {"VISIT": "Unscheduled"}, ("EX", "VISIT", "Unscheduled", "no cycle and day"), 0),
        ("AE", AE | {"AESTDTC": "2021-03"}, ("AE", "AESTDTC", "2021-03", "no whole date"), 0),
        ("AE", AE | {"AEENDTC": "2021"}, ("AE", "AEENDTC", "2021", "no whole date"), 1),
        (
            "AE",
            AE | {"AEOUT": "FINE"},
            ("AE", "AEOUT", "FINE", "code without a target in adverse_events.outcome"),
            1,
        ),
        ("LB", LB | {"LBTESTCD": "XYZ"}, ("LB", "LBTESTCD", "XYZ", "code without a target in laboratory"), 0),
        ("QS", {"USUBJID": "P01"}, ("QS", "", "", "no rule for this domain"), 0),
    ],
)
def test_what_is_not_mapped_is_listed(domain, record, expected, rows):
    made = converted(**{domain: [record]})
    keys = [k for k in made.unmapped if k[:3] == expected[:3] and k[3].startswith(expected[3])]
    assert keys, made.unmapped
    assert sum(len(r) for name, r in made.rows.items() if name != "assessments") == rows


def test_a_second_value_for_one_cell_is_listed_and_the_first_kept():
    made = converted(DM=[DM, DM | {"AGE": "68"}])
    assert [r["age"] for r in made.rows["patients"]] == ["67"]
    assert next(iter(made.unmapped))[3] == "second value for patients.age of P01, 67 is kept"


BEST = {"USUBJID": "P1", "RSTESTCD": "BESTRESP", "RSCAT": "IMWG", "RSEVAL": "INVESTIGATOR", "RSSTRESC": "sCR"}
NO_ASSESSMENT = "a best response as recorded counts only without assessments, and there are some"


def test_a_best_response_as_recorded_is_taken_of_a_patient_without_assessments():
    value = {
        "USUBJID": "P2",
        "LBTESTCD": "MCPROT",
        "LBSPEC": "SERUM",
        "LBSTRESU": "g/L",
        "LBDTC": "2024-01-02",
    }
    made = converted(RS=[BEST, BEST | {"USUBJID": "P2", "RSEVAL": ""}], LB=[value | {"LBSTRESN": "30"}])
    seen = {row["patient"]: row.get("given_best_response") for row in made.rows["patients"]}
    assert seen == {"P1": "sCR", "P2": ""}
    assert made.unmapped["RS", "RSSTRESC", "sCR", NO_ASSESSMENT] == 1


@pytest.mark.parametrize(
    "other", [{"RSTESTCD": "OVRLRESP"}, {"RSCAT": "RECIST 1.1"}, {"RSEVAL": "INDEPENDENT ASSESSOR"}]
)
def test_a_response_of_a_visit_of_other_criteria_or_of_another_reader_is_refused_by_name(other):
    made = converted(RS=[BEST | other])
    assert made.rows["patients"] == []
    ((key, count),) = made.unmapped.items()
    assert key[0] == "RS" and count == 1 and "one record RSTESTCD=BESTRESP a patient" in key[3]


def test_below_the_limit():
    row = converted(PC=[PC | {"PCORRES": "BLQ", "PCSTRESN": ""}]).rows["concentrations"][0]
    assert row["below_lloq"] == "yes" and row["value_ng_ml"] == ""


def test_own_mapping_and_its_mistakes(tmp_path):
    head = "domain\tcondition\tvariable\tsheet\tcolumn\thow\tcodes\n"
    good = tmp_path / "good.tsv"
    good.write_text(head + "XX\t\tID\tpatients\tpatient\ttext\t\n")
    assert sdtm.convert({"XX": [{"ID": "A"}]}, sdtm.read_mapping(good)).rows["patients"] == [{"patient": "A"}]
    for line in (
        "XX\tA\tID\tpatients\tpatient\ttext\t\n",
        "XX\t\tID\tpatients\tname\ttext\t\n",
        "XX\t\tID\tno\tno\ttext\t\n",
    ):
        bad = tmp_path / "bad.tsv"
        bad.write_text(head + line)
        with pytest.raises(sdtm.MappingError, match="bad.tsv:2"):
            sdtm.read_mapping(bad)


def test_targets_of_the_mapping_are_allowed_values():
    for rule in sdtm.read_mapping():
        for target in rule.codes.values():
            assert not sheets.check_value(rule.sheet, rule.column, target)[1], (rule, target)


def test_command_writes_sheets_that_pass_the_check_and_overwrites_nothing(trial, project, tmp_path):
    folder = tmp_path / "domains"
    folder.mkdir()
    for name, record in (("ex", EX | {"EXSTDTC": "2021-03-07T08:15"}), ("ae", AE), ("lb", LB)):
        frame = pd.DataFrame([record])
        pyreadstat.write_xport(
            frame, str(folder / f"{name}.xpt"), table_name=name.upper(), file_format_version=5
        )
    pd.DataFrame([PC]).to_csv(folder / "pc.csv", index=False)
    command = [
        sys.executable,
        "workflow/scripts/convert_sdtm.py",
        str(folder),
        "--out",
        str(tmp_path / "out"),
    ]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "dosing.tsv: 1 rows" in done.stdout
    for name in ("dosing", "adverse_events", "laboratory", "concentrations"):
        trial.config["sheets"][name] = str(tmp_path / f"out/{name}.tsv")
    assert trial.load().sheet_frame(None, "concentrations")["value_ng_ml"].tolist() == [12.4]
    before = (tmp_path / "out/dosing.tsv").read_bytes()
    again = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert again.returncode == 1 and "never overwritten" in again.stderr
    assert (tmp_path / "out/dosing.tsv").read_bytes() == before


def test_demographics_of_the_cdisc_pilot(real_data):
    """The public DM of the CDISC pilot study: 306 subjects, none lost, ages and sexes as in the file."""
    path = real_data("imwg_admiral") / "dm.csv"
    made = sdtm.convert({"DM": transport.read_records(path)}, sdtm.read_mapping())
    frame = pd.DataFrame(made.rows["patients"])
    raw = pd.read_csv(path)
    assert len(frame) == len(raw) == 306 and not made.unmapped
    assert frame["sex"].value_counts().to_dict() == {
        "female": int((raw["SEX"] == "F").sum()),
        "male": int((raw["SEX"] == "M").sum()),
    }
    assert frame["age"].astype(int).tolist() == raw["AGE"].tolist()


def sheets_of(tmp_path, **domains):
    """The closing words of the command on domains as CSV, and the folder of its sheets."""
    (tmp_path / "in").mkdir()
    for name, records in domains.items():
        pd.DataFrame(records).fillna("").to_csv(tmp_path / f"in/{name}.csv", index=False)
    return sdtm.make_sheets(tmp_path / "in", tmp_path / "out"), tmp_path / "out"


@pytest.mark.parametrize(
    "death",
    [
        {"dm": [DM, DM | {"USUBJID": "P02", "DTHFL": "Y"}]},
        {"dm": [DM, DM | {"USUBJID": "P02", "DTHFL": "Y", "DTHDTC": "2023-02"}]},
        {"dm": [DM, DM | {"USUBJID": "P02", "DTHDTC": "2023-02"}]},
        {"dm": [DM], "ds": [{"USUBJID": "P02", "DSDECOD": "DEATH", "DSTERM": "DEATH"}]},
        {"dm": [DM], "dd": [{"USUBJID": "P02", "DDTESTCD": "PRCDTH", "DDSTRESC": "SEPSIS"}]},
    ],
)
def test_a_dead_patient_is_never_written_as_alive(tmp_path, death):
    with pytest.raises(sdtm.DeathError, match=r"\.csv, record \d \(P02\): .* write DTHDTC as YYYY-MM-DD"):
        sheets_of(tmp_path, **death)
    assert not (tmp_path / "out/patients.tsv").exists()


def test_cause_of_death_is_myeloma_where_it_says_so_and_asked_for_otherwise(tmp_path):
    dead = [DM | {"USUBJID": f"P0{i}", "DTHFL": "Y", "DTHDTC": "2023-02-03"} for i in (1, 2, 3, 4)]
    said, out = sheets_of(
        tmp_path,
        dm=dead,
        ds=[{"USUBJID": "P01", "DSDECOD": "DEATH", "DSTERM": "Death due to disease progression"},
            {"USUBJID": "P04", "DSDECOD": "DEATH", "DSTERM": "DEATH"}],
        dd=[{"USUBJID": "P02", "DDTESTCD": "PRCDTH", "DDSTRESC": "MULTIPLE MYELOMA"},
            {"USUBJID": "P03", "DDTESTCD": "PRCDTH", "DDSTRESC": "SEPSIS"}],
    )  # fmt: skip
    rows = pd.read_csv(out / "patients.tsv", sep="\t", keep_default_na=False).set_index("patient")
    assert rows["death_cause"].to_dict() == {"P01": "myeloma", "P02": "myeloma", "P03": "", "P04": ""}
    assert any(s.startswith("CAUSE OF DEATH MISSING of 2 patients (P03, P04)") for s in said)
    left = pd.read_csv(out / "unmapped.tsv", sep="\t", keep_default_na=False)
    assert set(left["value"]) == {"SEPSIS", "DEATH", "P03", "P04"}
    assert left["what"].str.contains("fill in patients.death_cause").sum() == 2


def test_deaths_without_any_cause_leave_a_column_to_fill_in(tmp_path):
    _, out = sheets_of(tmp_path, dm=[DM | {"DTHFL": "Y", "DTHDTC": "2023-02-03"}])
    assert "death_date\tdeath_cause" in (out / "patients.tsv").read_text()


@pytest.mark.parametrize("word", ["<0.5", "< 0.5", "BLOQ"])
def test_a_concentration_below_a_stated_limit_is_below_it(word):
    made = converted(PC=[PC | {"PCORRES": word, "PCSTRESN": "", "PCSTRESC": word},
                         PC | {"PCORRES": word, "PCSTRESN": "", "PCSTRESU": ""}])  # fmt: skip
    assert [row["below_lloq"] for row in made.rows["concentrations"]] == ["yes", "yes"] and not made.unmapped


def test_micrograms_in_a_litre_are_nanograms_in_a_millilitre_and_other_units_are_listed():
    made = converted(PC=[PC | {"PCSTRESU": "ug/L"}, PC | {"PCSTRESU": "nmol/L"}, PC | {"PCSTRESU": ""}])
    assert [row["value_ng_ml"] for row in made.rows["concentrations"]] == ["12.4"]
    told = " ".join(what for *_, what in made.unmapped)
    assert len(made.unmapped) == 2 and "PCSTRESU nmol/L" in told and "PCSTRESU empty" in told


def test_m_protein_in_another_unit_is_listed_with_its_unit():
    made = converted(LB=[LB | {"LBTESTCD": "MCPROT", "LBSPEC": "SERUM", "LBSTRESU": "g/dL"}])
    ((*_, what),) = made.unmapped
    assert "unit g/dL (LBSTRESU), taken is G/L" in what and not made.rows["assessments"]
