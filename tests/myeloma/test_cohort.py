"""Sheets and config: what is repaired, what is refused, and which sample the analysis uses."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from small_trial import SHEETS, Trial, read_rows

from myeloma import cohort as module
from myeloma import first_sheets, sheets, summary, tables
from myeloma.cohort import SheetErrors, load_cohort


@pytest.fixture
def trial(tmp_path, project):
    return Trial(tmp_path, project)


def test_good_sheets_give_the_cohort(trial):
    seen = trial.load()
    assert seen.patient_ids == ("P01", "P02", "P03", "P04")
    assert seen.patient("P01").c1d1 == date(2021, 3, 4)
    assert seen.patient("P04").c1d1 is None and seen.patient("P01").age == 67
    assert [s.sample for s in seen.wes_samples] == ["P01_T", "P01_N", "P01_T2", "P02_T"]
    assert [s.sample for s in seen.rna_samples] == ["P01_R", "P03_R"]
    assert [s.sample for s in seen.dna_tumours] == ["P01_T", "P01_T2", "P02_T"]
    assert seen.dna_patients == ("P01", "P02") and seen.rna_patients == ("P01", "P03")
    assert seen.tumour("P01", "wes").sample == "P01_T" and seen.tumour("P03", "wes") is None
    assert seen.normal("P01").sample == "P01_N" and seen.normal("P02") is None
    assert seen.normal_of("P01_T2").sample == "P01_N"
    assert seen.tumour_path("P01_T", ".x.vcf.gz") == "results/calls/P01.x.vcf.gz"
    assert seen.tumour_path("P01_T2", ".x.vcf.gz") == "results/calls/other/P01_T2.x.vcf.gz"
    assert seen.sample("P01_T2").role == "other" and "after C1D1" in seen.sample("P01_T2").reason
    with pytest.raises(KeyError):
        seen.tumour("P99", "wes")


def test_excluded_unit_is_out_and_its_reason_visible(trial):
    sample = trial.load().sample("P01_T")
    assert [u.id for u in sample.units] == ["L1.HX2.1"]
    assert "lane failed on the sequencer" in sample.reason and sample.role == "analysis"


def test_frames_have_the_first_named_units(trial):
    rows = trial.sheets["assessments"]
    rows[0][rows[0].index("serum_m_g_l")] = "serum_m_g_dl"
    trial.set("assessments", 2, "serum_m_g_dl", "0.7")
    for line in (3, 4, 5):
        trial.set("assessments", line, "serum_m_g_dl", "2.2")
    trial.set("assessments", 2, "urine_m_g_24h", "1.1")
    trial.set("assessments", 2, "calcium_mg_dl", "10.0195")
    frame = trial.load().assessments_frame(trial.settings())
    first = frame.iloc[0]
    assert first["serum_m_g_l"] == 7.0 and first["urine_m_mg_24h"] == 1100.0
    assert first["calcium_mmol_l"] == pytest.approx(2.5)
    assert "serum_m_g_dl" not in frame and frame["haemoglobin_g_l"].dtype == "float64"
    assert frame["kappa_mg_l"].isna().sum() == 1


def test_fish_frame_decides_by_cutoff(trial):
    frame = trial.load().fish_frame(trial.settings())
    assert list(frame["result"]) == ["present", "absent"]


def test_empty_optional_sheets_give_empty_frames(trial):
    for name in ("assessments", "fish", "exclusions"):
        trial.config["sheets"][name] = ""
    seen = trial.load()
    assert len(seen.assessments_frame()) == 0 and "serum_m_g_l" in seen.assessments_frame()
    assert len(seen.fish_frame()) == 0 and seen.exclusions == ()


def test_sample_rows_fit_their_table(trial, tmp_path):
    import pandas as pd

    rows = module.sample_rows(trial.load())
    tables.write(pd.DataFrame(rows, columns=tables.SAMPLES.names()), tmp_path / "s.tsv", tables.SAMPLES)
    assert len(tables.read(tmp_path / "s.tsv", tables.SAMPLES)) == 6


def test_harmless_is_repaired(trial):
    plain = trial.load()
    for name in SHEETS:
        path = trial.folder / f"{name}.tsv"
        lines = path.read_text().splitlines()
        odd = [" " + "\t".join(f'"{c}"' if c else c for c in line.split("\t")) + " \t" for line in lines]
        path.write_bytes(b"\xef\xbb\xbf" + "\r\n\r\n".join(odd).encode() + b"\r\n\t\t\r\n")
    repaired = load_cohort(trial.settings(), check_files=False)
    assert repaired.samples == plain.samples and repaired.patients == plain.patients


def test_ten_mistakes_are_all_reported_at_once(project, tmp_path):
    trial = Trial(tmp_path, project)
    folder = project / "tests/sheets/ten_mistakes"
    trial.sheets = {name: read_rows(folder / f"{name}.tsv") for name in SHEETS}
    found = trial.problems()
    where = {(Path(p.file).stem, p.line, p.field) for p in found}
    assert where == {
        ("patients", 2, "c1d1"),
        ("patients", 4, "last_contact"),
        ("samples", 6, "purity"),
        ("samples", 7, "patient"),
        ("samples", 8, "tissue"),
        ("units", 3, "lane"),
        ("units", 4, "fastq_1"),
        ("units", 9, "fastq_1"),
        ("assessments", 3, "serum_m_g_l"),
        ("assessments", 7, "date"),
    }
    assert len(found) == 10 and all(p.fix and p.message for p in found)
    said = str(SheetErrors(found))
    assert "10 problems in 4 files" in said
    assert "patients.tsv:2: c1d1 = '03/04/2021'" in said
    assert "2021-04-03 or 2021-03-04" in said and "85 % is written 0.85" in said


# sheet, line, column, value -> field of the problem (default: the column), words of message or fix
CELLS = [
    ("patients", 3, "patient", "P01", "stands twice"),
    ("patients", 3, "patient", "p01", "upper and lower case"),
    ("patients", 2, "sex", "Female", "did you mean female"),
    ("patients", 2, "age", "sixty", "not a number"),
    ("patients", 2, "age", "6,7", "comma"),
    ("patients", 2, "age", "NA", "leave the cell empty"),
    ("patients", 2, "enrolment_number", "2", "also that of"),
    ("patients", 2, "enrolment_number", "1.5", "whole number"),
    ("patients", 2, "c1d1", "2021-02-30", "no such day"),
    ("patients", 2, "c1d1", "44259", "2021-03-04"),
    ("patients", 2, "c1d1", "20210304", "2021-03-04"),
    ("patients", 2, "c1d1", "2021-03-04T00:00:00", "2021-03-04"),
    ("patients", 2, "c1d1", "0021-03-04", "implausible"),
    ("patients", 2, "enrolment_date", "2021-03-05", "is before enrolment_date"),
    ("patients", 3, "death_cause", "Myeloma", "not an allowed value"),
    ("samples", 2, "assay", "wgs", "not an allowed value"),
    ("samples", 2, "tissue", "tumor", "did you mean tumour"),
    ("samples", 2, "kit", "k2", "kits of the config: k1"),
    ("samples", 2, "kit", "", "is empty for a WES sample"),
    ("samples", 2, "sex", "male", "patients.tsv says female"),
    ("samples", 2, "rin", "11", "implausible"),
    ("samples", 3, "sample", "P01_T", "stands twice"),
    ("units", 2, "fastq_1", "fastq/P01 T_R1.fastq.gz", "not allowed"),
    ("units", 2, "fastq_1", "fastq/P01_T_L001_R1.txt", "ending"),
    ("units", 2, "fastq_2", "", "single-end"),
    ("units", 2, "fastq_2", "fastq/P01_T_L001_R1.fastq.gz", "same file"),
    ("units", 2, "fastq_2", "fastq/P01_T_L003_R2.fastq.gz", "not the mate"),
    ("units", 2, "fastq_2", "fastq/P01_T_L003_R1.fastq.gz", "both files are reads 1"),
    ("units", 2, "bam", "x.bam", "beside FASTQ"),
    ("units", 2, "umi", "NNNN", "per_read:8"),
    ("patients", 2, "last_contact", "2999-01-01", "in the future"),
    ("assessments", 2, "urine_m_mg_24h", "1.2", "g/24 h in a column of mg/24 h"),
    ("assessments", 2, "date", "2020-08-01", "before start of treatment"),
    ("assessments", 3, "date", "2021-03-01", "second row"),
    ("assessments", 2, "serum_m_g_l", "151", "implausible"),
    ("assessments", 2, "kappa_mg_l", "50001", "implausible"),
    ("assessments", 2, "kappa_mg_l", "<0.5", "a limit"),
    ("assessments", 2, "haemoglobin_g_l", "10.5", "10.5 g/dL is written 105"),
    ("assessments", 2, "creatinine_umol_l", "1.0", "88.4"),
    ("assessments", 2, "evaluable", "y", "yes or no"),
    ("fish", 2, "abnormality", "t(4,14)", "did you mean t(4;14)"),
    ("fish", 2, "result", "absent", "against a cutoff"),
    ("fish", 3, "date", "2021-10-01", "after the death"),
    ("exclusions", 2, "sample", "P01_X", "unknown sample"),
    ("exclusions", 2, "lane", "7", "no such unit"),
    ("exclusions", 2, "analysis", "response", "has no response"),
    ("exclusions", 2, "analysis", "rna", "is a wes sample"),
    ("exclusions", 2, "patient", "P02", "belongs to P01"),
    ("exclusions", 2, "reason", "", "is empty"),
]


@pytest.mark.parametrize(("sheet", "line", "column", "value", "words"), CELLS)
def test_wrong_cell_is_named_with_line_field_and_fix(trial, sheet, line, column, value, words):
    trial.set(sheet, line, column, value)
    found = [p for p in trial.problems() if words in f"{p.message} {p.fix}"]
    assert found, "\n".join(map(str, trial.problems()))
    assert any(Path(p.file).stem == sheet and p.line in (line, line + 1) for p in found)
    assert all(p.fix for p in trial.problems())


def test_g_for_mg_is_told_by_the_highest_value_of_a_patient(trial):
    trial.set("assessments", 2, "urine_m_mg_24h", "900")
    trial.set("assessments", 3, "urine_m_mg_24h", "4")
    assert trial.load()


def test_serum_in_g_dl_is_told_by_all_patients_of_a_centre(trial):
    trial.sheets["assessments"] = [trial.sheets["assessments"][0]]
    for patient, day in (("P01", "2021-03-01"), ("P02", "2021-05-01"), ("P03", "2021-05-09")):
        trial.add("assessments", patient=patient, date=day, serum_m_g_l="3.4", evaluable="yes")
    found = trial.the_problem()
    assert (found.line, found.field, found.value) == (2, "serum_m_g_l", "3.4")
    assert "g/dL" in found.message and "34" in found.fix
    trial.set("assessments", 4, "serum_m_g_l", "34")
    assert trial.load()


def test_a_refused_id_is_never_proposed(trial):
    trial.set("patients", 2, "patient", "P\u043e1")
    fixes = [p.fix for p in trial.problems() if p.message == "unknown patient"]
    assert fixes and not any("\u043e" in fix for fix in fixes)
    assert all("first correct" in fix for fix in fixes)


HOSTILE = [
    "$(touch x)",
    "`id`",
    "../../etc/passwd",
    "a..b",
    "<script>alert(1)</script>",
    "a b",
    "a;b",
    "-rf",
    ".hidden",
    "a'b",
    'a"b',
    "a|b",
    "a&b",
    "a*",
    "{sample}",
    "a\\b",
    "P\u043e1",
    "P\u200b1",
    "\uff30\uff11",
    "a\nb",
    "a\x00b",
    "x" * 65,
    "a/b",
    "%2e%2e",
    "=1+1",
    "@SUM(A1)",
]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize(
    ("sheet", "column"), [("patients", "patient"), ("samples", "sample"), ("units", "library")]
)
def test_hostile_ids_are_refused(trial, sheet, column, value):
    written = f'"{value.replace(chr(34), chr(34) * 2)}"' if set(value) & set('"\n') else value
    trial.set(sheet, 2, column, written)
    found = [p for p in trial.problems() if Path(p.file).stem == sheet and p.field == column]
    assert found
    for problem in found:
        assert "\n" not in str(problem).replace("\n    fix:", "") and "\x00" not in str(problem)


@pytest.mark.parametrize(
    "value", ["$(touch x)/a_R1.fastq.gz", "a;b_R1.fastq.gz", "-x_R1.fastq.gz", "a{b}_R1.fastq.gz"]
)
def test_hostile_paths_are_refused(trial, value):
    trial.set("units", 2, "fastq_1", value)
    assert any(p.field == "fastq_1" for p in trial.problems())


@pytest.mark.parametrize(
    "value", ["bell\x07", "zero\u200bwidth", "right\u202eleft", "x" * 201, '"two\nlines"']
)
def test_text_holds_printable_characters_only(trial, value):
    trial.set("patients", 2, "centre", value)
    assert trial.the_problem().field == "centre"


@pytest.mark.parametrize("value", ["=SUM(A1:A2)", "PC < 10 % <b>", "Hôpital 北京", "O'Neill"])
def test_text_may_hold_what_is_printable(trial, value):
    trial.set("patients", 2, "centre", value)
    assert trial.load().patient("P01").centre == value


@given(st.text(min_size=1, max_size=80))
def test_an_id_that_passes_is_harmless_anywhere(value):
    """Property: whatever passes is one path component, one shell word and plain HTML."""
    import html
    import shlex

    _, message, _ = sheets.check_value("samples", "sample", value)
    if not message:
        assert shlex.quote(value) == value and html.escape(value) == value
        assert Path(value).name == value and value not in (".", "..") and len(value) <= 64


@given(st.dates(date(1990, 1, 1), date.today()))
def test_dates_round_trip_and_other_spellings_are_never_taken(day):
    assert sheets.check_date(day.isoformat())[0] == day
    for form in ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y%m%d", "%Y/%m/%d"):
        value, message, fix = sheets.check_date(day.strftime(form))
        assert value is None and message and day.isoformat() in fix


def test_header_faults(trial):
    trial.sheets["patients"][0][1] = "gender"
    trial.sheets["samples"][0].append("kit")
    for row in trial.sheets["samples"][1:]:
        row.append("")
    trial.sheets["units"][3].pop()
    del trial.sheets["fish"][0][1]
    for row in trial.sheets["fish"][1:]:
        del row[1]
    trial.sheets["assessments"][0].append("serum_m_g_dl")
    for row in trial.sheets["assessments"][1:]:
        row.append("")
    said = "\n".join(map(str, trial.problems()))
    assert "gender: unknown column" in said
    assert "kit: column stands 2 times" in said
    assert "units.tsv:4: has 5 cells, the header has 6" in said
    assert "date: mandatory column is missing" in said
    assert "one quantity in two units (serum_m_g_l and serum_m_g_dl)" in said


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"patient\n", "has no patient"),
        ("patient\nP01\n".encode("utf-16"), "UTF-16"),
        (b"patient\tcentre\nP01\tLi\xe8ge\n", "not UTF-8"),
        (b"patient,sex\nP01,male\n", "not tab-separated"),
        (b"PK\x03\x04rest", "spreadsheet"),
        (b'patient\tcentre\nP01\t"open\n', "quotes do not match"),
    ],
)
def test_files_that_are_no_sheet(trial, raw, words):
    trial.write()
    (trial.folder / "patients.tsv").write_bytes(raw)
    with pytest.raises(SheetErrors) as caught:
        load_cohort(trial.settings(), check_files=False)
    assert any(words in p.message for p in caught.value.problems), str(caught.value)
    # one bad sheet is not reported once more in every row that refers to it
    if words not in ("has no patient", "is empty", "quotes do not match"):
        assert len(caught.value.problems) == 1


def test_missing_sheet_and_missing_files_are_named(trial):
    trial.write()
    (trial.folder / "fish.tsv").unlink()
    with pytest.raises(SheetErrors) as caught:
        load_cohort(trial.settings(), check_files=True)
    said = str(caught.value)
    assert "fish.tsv: cannot be read: No such file" in said
    assert "reference.fasta = 'genome.fa': no such file" in said
    assert "kits.k1.targets = 'k1.bed': no such file" in said
    assert said.count("cannot be opened: No such file or directory") == 14


def test_the_same_missing_file_twice_is_both_missing_and_double(trial):
    trial.set("units", 3, "fastq_1", "fastq/P01_T_L001_R1.fastq.gz")
    assert any("same file" in p.message for p in trial.problems(check_files=True))


def test_mandatory_sheets_and_fasta(trial):
    trial.config["sheets"]["patients"] = ""
    trial.config["reference"]["fasta"] = ""
    said = str(SheetErrors(trial.problems()))
    assert "sheets.patients: is not given" in said and "reference.fasta: is not given" in said


def test_a_file_under_two_names_is_one_file(trial):
    (trial.folder / "fastq").mkdir()
    for row in trial.sheets["units"][1:]:
        for name in row[4:6]:
            (trial.folder / name).write_text("")
    for name in ("genome.fa", "k1.bed"):
        (trial.folder / name).write_text("")
    trial.load(check_files=True)
    link = trial.folder / "fastq/P03_R_R1.fastq.gz"
    link.unlink()
    link.symlink_to("P02_T_R1.fastq.gz")
    found = trial.problems(check_files=True)
    assert len(found) == 1 and "same file as fastq_1 of line 7" in found[0].message


def test_two_normals_unless_one_is_out(trial):
    line = trial.add("samples", sample="P01_N2", patient="P01", assay="wes", tissue="normal", kit="k1")
    found = trial.the_problem()
    assert (found.line, found.field) == (line, "tissue") and "P01_N" in found.message
    trial.add("exclusions", sample="P01_N2", analysis="dna", reason="swapped")
    assert trial.load().normal("P01").sample == "P01_N"
    trial.sheets["exclusions"].pop()
    trial.set("samples", line, "analysis", "no")
    assert trial.load().normal("P01").sample == "P01_N"


def test_analysis_yes_on_two_samples(trial):
    trial.set("samples", 2, "analysis", "yes")
    trial.set("samples", 5, "analysis", "yes")
    assert "second wes tumour of P01" in trial.the_problem().message


def test_order_of_dates(trial):
    trial.set("patients", 3, "death_date", "2021-04-01")
    fields = {p.field for p in trial.problems() if Path(p.file).stem == "patients"}
    assert fields == {"death_date"}
    assert {"c1d1", "enrolment_date", "last_contact", "end_of_treatment"} <= {
        word for p in trial.problems() for word in p.message.split()
    }


def test_row_without_any_value(trial):
    trial.add("assessments", patient="P01", date="2021-05-06")
    assert trial.the_problem().field == "evaluable"


# Which sample: (days before C1D1 or None, analysis, reads) per sample -> name of the chosen one


@pytest.mark.parametrize(
    ("samples", "chosen"),
    [
        ([("a", 10, ""), ("b", 3, ""), ("c", -5, "")], "b"),
        ([("a", 0, ""), ("b", 3, "")], "a"),
        ([("a", 60, "")], "a"),
        ([("a", 61, "")], None),
        ([("a", -1, "")], None),
        ([("a", 10, "yes"), ("b", 3, "")], "a"),
        ([("a", 10, ""), ("b", 3, "no")], "a"),
        ([("a", 200, "yes")], "a"),
        ([("a", None, "")], "a"),
        ([("a", None, ""), ("b", 3, "")], "b"),
    ],
)
def test_choice_of_the_sample(trial, samples, chosen):
    place(trial, samples)
    seen = trial.load()
    found = seen.tumour("P03", "wes")
    assert (found.sample if found else None) == chosen
    assert all(seen.sample(name).reason for name, _, _ in samples)
    assert [seen.sample(n).role for n, _, _ in samples].count("analysis") == (chosen is not None)


def place(trial, samples):
    """WES tumour samples of P03 (C1D1 2021-05-10): name, days before C1D1, analysis."""
    start = date(2021, 5, 10).toordinal()
    for name, days, analysis in samples:
        day = "" if days is None else date.fromordinal(start - days).isoformat()
        trial.add(
            "samples",
            sample=name,
            patient="P03",
            assay="wes",
            tissue="tumour",
            collection_date=day,
            kit="k1",
            analysis=analysis,
        )
        reads = {f"fastq_{i}": f"fastq/{name}_R{i}.fastq.gz" for i in (1, 2)}
        trial.add("units", sample=name, library="L1", flowcell="HX9", lane="1", **reads)


@pytest.mark.parametrize(
    "samples",
    [[("a", 3, ""), ("b", 3, "")], [("a", None, ""), ("b", None, "")], [("a", None, ""), ("b", -9, "")]],
)
def test_open_choice_is_asked_not_guessed(trial, samples):
    place(trial, samples)
    found = trial.problems()
    assert {p.field for p in found} == {"analysis"} and "which sample is the baseline" in found[0].message


def test_without_c1d1_the_only_sample_is_used_and_said(trial):
    place(trial, [("a", 3, "")])
    trial.set("patients", 4, "c1d1", "")
    trial.sheets["assessments"] = trial.sheets["assessments"][:1]
    assert "no C1D1" in trial.load().tumour("P03", "wes").reason
    place(trial, [("b", 3, "")])
    assert {p.field for p in trial.problems()} == {"analysis"}


def test_excluded_or_unread_samples_do_not_count(trial):
    place(trial, [("a", 10, ""), ("b", 3, "")])
    trial.add("exclusions", sample="b", analysis="all", reason="identity not proven")
    seen = trial.load()
    assert seen.tumour("P03", "wes").sample == "a"
    assert seen.sample("b").role == "excluded" and "identity not proven" in seen.sample("b").reason
    assert "b" not in [s.sample for s in seen.wes_samples]
    trial.sheets["units"] = [row for row in trial.sheets["units"] if row[0] != "a"]
    assert trial.load().sample("a").role == "no_reads"


def test_insisting_on_an_excluded_sample_lets_no_other_in(trial):
    place(trial, [("a", 10, "yes"), ("b", 3, "")])
    trial.add("exclusions", sample="a", analysis="dna", reason="contaminated")
    assert trial.load().tumour("P03", "wes") is None


def test_patient_exclusion_takes_the_assay_out(trial):
    trial.add("exclusions", patient="P01", analysis="dna", reason="consent for DNA withdrawn")
    seen = trial.load()
    assert seen.dna_patients == ("P02",) and "P01" in seen.rna_patients
    assert seen.excluded("P01", "dna") and not seen.excluded("P01", "rna")
    assert "consent" in seen.excluded("P03", "comparison")


def test_samples_of_the_last_excluded_lane_have_no_reads(trial):
    trial.add("exclusions", sample="P01_T", library="L1", analysis="all", reason="wrong library")
    seen = trial.load()
    assert seen.sample("P01_T").role == "no_reads" and "wrong library" in seen.sample("P01_T").reason


# Config


@pytest.mark.parametrize(
    ("section", "key", "value", "words"),
    [
        ("align", "aligner", "bwa-mem", "one of: bwa"),
        ("align", "aligners", "bwa", "did you mean aligner"),
        ("gates", "purity_min", 20, "maximum"),
        ("somatic", "scatter", "two", "integer"),
        ("somatic", "scatter", True, "integer"),
        ("trial", "data_cut", "2021-02-30", "no such day"),
        ("trial", "induction", 17, "is not a section"),
        ("groups", "definition", "F", "one of: A"),
        ("kits", "k2", {}, "targets"),
        ("kits", "../k", {"targets": "x"}, "dangerous"),
        ("reference", "download", "yes", "boolean"),
        ("reference", "fasta", None, "string"),
    ],
)
def test_config_faults(trial, section, key, value, words):
    trial.config[section][key] = value
    found = trial.problems()
    said = "\n".join(map(str, found))
    assert words in said and f"config: {section}.{key}" in said


def test_download_is_for_grch38_only(trial):
    trial.config["reference"].update(download=True, fasta="", build="hg19")
    assert trial.the_problem().field == "reference.download"
    trial.config["reference"]["build"] = "GRCh38"
    assert trial.load().patients


def test_config_problem_names_file_and_line(trial):
    path = trial.folder / "mine.yaml"
    path.write_text("# mine\nsheets:\n  patients: patients.tsv\nalign:\n  aligner: bwa-mem\n")
    trial.config["align"]["aligner"] = "bwa-mem"
    trial.write()
    made = trial.settings()
    object.__setattr__(made, "config_files", (str(trial.project / "config/config.yaml"), str(path)))
    with pytest.raises(SheetErrors) as caught:
        load_cohort(made, check_files=False)
    assert f"{path}:5: align.aligner = 'bwa-mem'" in str(caught.value)


def test_config_sections_emptied_by_hand(trial):
    trial.config["align"] = None
    trial.config["kits"] = None
    said = "\n".join(map(str, trial.problems()))
    assert "config: align = '(empty)': is not a section" in said
    assert "config: kits" in said


def test_config_schema_knows_every_key_and_its_default(project):
    """The schema and config.yaml list the same keys; every default passes."""
    schema = json.loads((project / "workflow/schemas/config.schema.json").read_text())
    values = yaml.safe_load((project / "config/config.yaml").read_text())
    assert not list(Draft202012Validator(schema).iter_errors(values))

    def keys(part, path=""):
        for name, below in part.get("properties", {}).items():
            yield f"{path}{name}"
            yield from keys(below, f"{path}{name}.")

    def given_keys(part, path=""):
        for name, below in part.items():
            yield f"{path}{name}"
            if isinstance(below, dict):
                yield from given_keys(below, f"{path}{name}.")

    def open_objects(part, path=""):
        """Objects whose keys the user names (probes, genes, regions): the schema holds their values only."""
        for name, below in part.get("properties", {}).items():
            if isinstance(below.get("additionalProperties"), dict):
                yield f"{path}{name}."
            yield from open_objects(below, f"{path}{name}.")

    free = tuple(open_objects(schema))
    assert "risk.absolute_copies." in free and "somatic." not in free
    listed = {k for k in given_keys(values) if not k.startswith(free)}
    assert set(keys(schema)) == listed


@pytest.mark.parametrize("name", SHEETS)
def test_schemas_are_schemas_and_the_templates_and_readme_follow(project, name):
    schema = json.loads((project / f"workflow/schemas/{name}.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False
    assert all(p.get("fix") and p.get("description") for p in schema["properties"].values())
    header = (project / f"config/{name}.tsv").read_text().rstrip("\n").split("\t")
    assert set(header) <= set(schema["properties"]) and set(schema["required"]) <= set(header)
    readme = (project / "config/README.md").read_text()
    chapter = readme.split(f"### {name}.tsv")[1].split("###")[0]
    assert all(f"| {c} |" in chapter or f"| **{c}** |" in chapter for c in schema["properties"])


def test_dataclasses_have_the_columns_of_the_schemas():
    from dataclasses import fields

    for name, made in (("patients", module.Patient), ("units", module.Unit)):
        assert [f.name for f in fields(made)] == list(sheets.schema(name)["properties"])
    columns = list(sheets.schema("samples")["properties"])
    assert [f.name for f in fields(module.Sample)][: len(columns)] == columns


# Summary and first sheets


def test_summary_says_who_is_in_what_and_what_is_off(trial):
    trial.config["reference"]["gtf"] = ""
    said = summary.text(trial.load(), trial.settings())
    assert "patients                     4" in said
    assert "tumour-only       1" in said and "RNA-only          1" in said
    assert "reference.gtf is not given: no consequences" in said
    assert "P01_T2 (P01, wes tumour): other: collected" in said
    assert "lane failed on the sequencer" in said and "withdrew consent" in said


def test_first_sheets_from_a_folder(project, tmp_path):
    reads = tmp_path / "fastq"
    reads.mkdir()
    for lane in (1, 2):
        for mate in ("R1", "R2", "I1"):
            text = f"@A00:12:HXX2:{lane + 4}:1101:1:2 1:N:0\nA\n+\nI\n"
            (reads / f"P1_T_S1_L00{lane}_{mate}_001.fastq").write_text(text)
    for mate in "12":
        (reads / f"P2-N_{mate}.fq").write_text("@SRR1.1\nA\n+\nI\n")
    (reads / "alone_R1.fastq").write_text("")
    command = [sys.executable, project / "workflow/scripts/make_sheets.py", reads, "--out", tmp_path / "out"]
    done = subprocess.run([*command, "--patient", r"^(P\d+)"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "mate is missing" in done.stdout and "flow cell unknown" in done.stdout
    units = read_rows(tmp_path / "out/units.tsv")
    assert [r[:4] for r in units[1:]] == [
        ["P1_T", "P1_T", "HXX2", "5"],
        ["P1_T", "P1_T", "HXX2", "6"],
        ["P2-N", "P2-N", "unknown", "1"],
    ]
    assert [r[:2] for r in read_rows(tmp_path / "out/samples.tsv")[1:]] == [["P1_T", "P1"], ["P2-N", "P2"]]
    assert read_rows(tmp_path / "out/patients.tsv")[2][0] == "P2"
    before = (tmp_path / "out/units.tsv").read_bytes()
    again = subprocess.run(command, capture_output=True, text=True)
    assert again.returncode == 1 and "never overwritten" in again.stderr
    assert (tmp_path / "out/units.tsv").read_bytes() == before
    with pytest.raises(FileNotFoundError):
        first_sheets.make_sheets(tmp_path / "out", tmp_path / "empty")


# The target `check`


def run_check(trial, *more):
    """Run `snakemake check` on the sheets; nothing may be computed by it."""
    trial.write()
    (trial.folder / "trial.yaml").write_text(yaml.safe_dump(trial.config))
    words = [sys.executable, "-m", "snakemake", "--snakefile", trial.project / "Snakefile", "--cores", "1"]
    words += ["--configfile", trial.folder / "trial.yaml", "--directory", trial.folder, *more, "check"]
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True)
    assert not (trial.folder / "results").exists()
    return done


@pytest.mark.tools
def test_check_target_says_who_is_in_what_or_names_every_problem(trial):
    bad = run_check(trial)
    assert bad.returncode != 0 and "16 problems" in bad.stderr, bad.stderr
    assert "reference.fasta = 'genome.fa': no such file" in bad.stderr
    (trial.folder / "fastq").mkdir()
    for row in trial.sheets["units"][1:]:
        for name in row[4:6]:
            (trial.folder / name).write_text("")
    (trial.folder / "genome.fa").write_text(">chr1\n" + "ACGT" * 100 + "\n")
    (trial.folder / "k1.bed").write_text("chr1\t1\t20\n")
    for name in ("regions", "arms", "hotspots"):
        trial.config["reference"][name] = ""
    trial.config["reference"]["build"] = "own"
    missing = run_check(trial)
    assert missing.returncode == 0, missing.stderr
    assert (
        "patients                     4" in missing.stdout and "reference.gtf is not given" in missing.stdout
    )
    (trial.folder / "k1.bed").write_text("1\t1\t20\n")
    wrong = run_check(trial)
    assert wrong.returncode != 0 and "contig 1 is chr1 in the FASTA" in wrong.stderr
