"""Cross-row rules of the sheets; each adds its problems to the sheet where the fix is to be made."""

import os
import re
import stat
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from myeloma import clinical_checks, config_check, entry_checks, given_checks
from myeloma.listing import Listing
from myeloma.settings import Settings
from myeloma.sheets import Row, Sheet, check_value, suggestion

# A baseline visit stands on or before C1D1; half a year earlier is another line of therapy or a slip.
# Assumption, for sign-off.
BASELINE_DAYS = 180
# M-protein that looks as if it were written in the other unit. Urine: a patient whose highest value is below
# what electrophoresis detects (g/24 h in the column of mg/24 h). Serum: a centre where nobody of this many
# patients with M-protein reaches what is measurable by IMWG (g/dL in the column of g/L). Assumptions, for sign-off.
URINE_DETECTED_MG_24H = 10
SERUM_MEASURABLE_G_L = 10
SERUM_PATIENTS = 3
# Nobody's highest calcium is below this (1.25 mmol/L); as mmol/L the same number is an ordinary to very high one.
CALCIUM_LIVED_MG_DL = 5
MATE = re.compile(r"(?<=[_.-])R([12])(?=[_.-]|$)")
PLAIN_MATE = re.compile(r"(?<=[_.-])([12])$")
FASTQ_ENDING = re.compile(r"\.(fastq|fq)(\.gz)?$")

Sheets = Mapping[str, Sheet]


def check_all(sheets: Sheets, settings: Settings, check_files: bool) -> None:
    """Run every rule; problems are left in `sheets`."""
    _ids(sheets)
    _patients(sheets)
    _samples(sheets, settings)
    _panel(sheets["samples"], settings)
    _units(sheets)
    _files(sheets["units"], settings, check_files)
    entry_checks.check(sheets["samples"], sheets["units"], settings, check_files)
    _assessments(sheets)
    _units_of_measure(sheets)
    _fish(sheets, settings)
    _exclusions(sheets)
    clinical_checks.check_all(sheets, settings)
    given_checks.check_all(sheets, settings)


def _by(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    """Rows grouped by `key`, groups with an empty key left out."""
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        value = key(row)
        if value and value != ("",):
            groups[value].append(row)
    return groups


def _ids(sheets: Sheets) -> None:
    """Ids are unique (also when case is ignored) and name what exists."""
    for name, column in (("patients", "patient"), ("samples", "sample")):
        sheet = sheets[name]
        for rows in _by(sheet.rows, lambda r, c=column: r[c].lower()).values():
            for row in rows[1:]:
                same = row[column] == rows[0][column]
                what = (
                    "stands twice" if same else f"differs from {rows[0][column]} only by upper and lower case"
                )
                sheet.problem(
                    row.line,
                    column,
                    row[column],
                    f"{what} (first in line {rows[0].line})",
                    "one row per patient" if name == "patients" else "one row and one id per sample",
                )
    if not sheets["patients"].rows and not sheets["patients"].problems and sheets["patients"].columns:
        sheets["patients"].problem(0, "patient", "", "has no patient", "one row per patient of the trial")
    patients = {r["patient"] for r in sheets["patients"].rows}
    samples = {r["sample"] for r in sheets["samples"].rows}
    # a sheet that could not be read is one problem, not one in every row that refers to it
    for name in ("samples", "assessments", "fish", "exclusions", *clinical_checks.KEYS, *given_checks.KEYS):
        if patients or sheets["patients"].columns:
            _known(sheets[name], "patient", patients, "patients.tsv has")
    for name in ("units", "exclusions"):
        if samples or sheets["samples"].columns:
            _known(sheets[name], "sample", samples, "samples.tsv has")


def _known(sheet: Sheet, column: str, known: set[str], where: str) -> None:
    # never proposed: an id that its own sheet refuses
    allowed = {name for name in known if not check_value(f"{column}s", column, name)[1]}
    for row in sheet.rows:
        value = row[column]
        if value and value not in known:
            fix = suggestion(value, allowed, where) if len(known) < 30 else _short_fix(value, allowed, column)
            if len(allowed) < len(known):
                fix += f"; or first correct the {column} that its own sheet has refused"
            sheet.problem(row.line, column, value, f"unknown {column}", fix)


def _short_fix(value: str, known: set[str], column: str) -> str:
    found = suggestion(value, known, "")
    return found if found.startswith("did") else f"add the {column} to its sheet, or correct the id"


def _patients(sheets: Sheets) -> None:
    sheet = sheets["patients"]
    for rows in _by(sheet.rows, lambda r: r["enrolment_number"]).values():
        for row in rows[1:]:
            sheet.problem(
                row.line,
                "enrolment_number",
                row["enrolment_number"],
                f"also that of {rows[0]['patient']} (line {rows[0].line})",
                "one number per patient",
            )
    for row in sheet.rows:
        _order_of_dates(row, sheet)
        for detail, day in (("death_cause", "death_date"), ("end_of_treatment_reason", "end_of_treatment")):
            if row[detail] and not row.written(day):
                sheet.problem(
                    row.line, detail, row[detail], f"is given without {day}", f"give {day}, or clear it"
                )
        if row["end_of_treatment_reason"] == "death" and not row.written("death_date"):
            sheet.problem(
                row.line, "death_date", "", "treatment ended by death, but no date of death", "give it"
            )


# (earlier, later): the later may not stand before the earlier
DATE_ORDER = (
    ("enrolment_date", "c1d1"),
    ("c1d1", "end_of_induction"),
    ("c1d1", "end_of_treatment"),
    ("end_of_induction", "end_of_treatment"),
    ("c1d1", "new_therapy_date"),
    ("c1d1", "last_contact"),
    ("enrolment_date", "death_date"),
    ("c1d1", "death_date"),
    ("end_of_induction", "death_date"),
    ("end_of_treatment", "death_date"),
    ("new_therapy_date", "death_date"),
    ("last_contact", "death_date"),
    ("qualifying_date", "death_date"),
)


def _order_of_dates(row: Row, sheet: Sheet) -> None:
    for earlier, later in DATE_ORDER:
        if row[earlier] and row[later] and row[later] < row[earlier]:
            sheet.problem(
                row.line,
                later,
                row[later],
                f"is before {earlier} ({row[earlier]})",
                f"correct {later} or {earlier}",
            )
    for name in ("end_of_induction", "end_of_treatment"):
        if row[name] and not row.written("c1d1"):
            sheet.problem(
                row.line, "c1d1", "", f"is empty, but {name} is given", f"give c1d1, or clear {name}"
            )


def _samples(sheets: Sheets, settings: Settings) -> None:
    sheet = sheets["samples"]
    patients = {r["patient"]: r for r in sheets["patients"].rows}
    kits = config_check.section(settings, "kits")
    out = _taken_out(sheets["exclusions"])
    for row in sheet.rows:
        patient = patients.get(row["patient"])
        if patient and row["sex"] and patient["sex"] and row["sex"] != patient["sex"]:
            sheet.problem(
                row.line,
                "sex",
                row["sex"],
                f"patients.tsv says {patient['sex']} for {row['patient']}",
                "correct one of the two; a swapped sample must not be hidden",
            )
        if patient and row["collection_date"] and patient["death_date"]:
            if row["collection_date"] > patient["death_date"]:
                sheet.problem(
                    row.line,
                    "collection_date",
                    row["collection_date"],
                    f"is after the death of {row['patient']} ({patient['death_date']})",
                    "correct one of the two",
                )
        _kit(row, kits, sheet)
    normals = [
        r for r in sheet.rows if r["assay"] == "wes" and r["tissue"] == "normal" and r["analysis"] != "no"
    ]
    for patient, rows in _by((r for r in normals if not out(r)), lambda r: r["patient"]).items():
        for row in rows[1:]:
            sheet.problem(
                row.line,
                "tissue",
                "normal",
                f"second normal of {patient} (the first, {rows[0]['sample']}, in line {rows[0].line})",
                "analysis = no on the one not to use; top-up runs of one normal are units of one sample",
            )
    insisted = (r for r in sheet.rows if r["analysis"] == "yes")
    for (patient, assay, tissue), rows in _by(
        insisted, lambda r: (r["patient"], r["assay"], r["tissue"])
    ).items():
        for row in rows[1:]:
            sheet.problem(
                row.line,
                "analysis",
                "yes",
                f"second {assay} {tissue} of {patient} with yes (the first in line {rows[0].line})",
                "one yes per patient and assay",
            )


def _taken_out(exclusions: Sheet) -> Callable[[Row], bool]:
    """A function: is this WES sample taken out by exclusions.tsv?"""
    rows = [r for r in exclusions.rows if r["analysis"] in ("", "all", "dna") and not r["library"]]
    samples = {r["sample"] for r in rows if r["sample"]}
    patients = {r["patient"] for r in rows if not r["sample"]}
    return lambda row: row["sample"] in samples or row["patient"] in patients


def _kit(row: Row, kits: Mapping[str, Any], sheet: Sheet) -> None:
    if row["kit"] and row["kit"] not in kits:
        fix = suggestion(row["kit"], kits, "kits of the config")
        sheet.problem(row.line, "kit", row["kit"], "unknown kit", fix)
    elif row["assay"] == "wes" and kits and not row.written("kit") and not entry_checks.enters(row):
        sheet.problem(row.line, "kit", "", "is empty for a WES sample", f"write one of: {', '.join(kits)}")


def _panel(sheet: Sheet, settings: Settings) -> None:
    """Normals listed for the panels are WES normals of the sheet, of a kit."""
    normals = {
        row["sample"]
        for row in sheet.rows
        if row["assay"] == "wes" and row["tissue"] == "normal" and row["kit"]
    }
    for name in config_check.section(settings, "panel").get("normals") or ():
        if name not in normals:
            fix = suggestion(str(name), normals, "WES normals of samples.tsv with a kit")
            sheet.problem(0, "panel.normals", str(name), "is no WES normal of a kit", fix)


def _units(sheets: Sheets) -> None:
    sheet = sheets["units"]
    key = ("sample", "library", "flowcell", "lane")
    for rows in _by(sheet.rows, lambda r: tuple(r[name].lower() for name in key)).values():
        for row in rows[1:]:
            sheet.problem(
                row.line,
                "lane",
                row["lane"],
                f"sample, library, flowcell and lane as in line {rows[0].line}",
                "each lane once; a top-up run has its own flow cell or lane",
            )
    for rows in _by(sheet.rows, lambda r: (r["sample"], ".".join(r[n] for n in key[1:]).lower())).values():
        first = [rows[0][name].lower() for name in key]
        for row in rows[1:]:
            if [row[name].lower() for name in key] != first:
                sheet.problem(
                    row.line,
                    "library",
                    row["library"],
                    f"library.flowcell.lane reads the same as in line {rows[0].line}",
                    "take the dots out",
                )
    for row in sheet.rows:
        _reads_given(row, sheet)


def _reads_given(row: Row, sheet: Sheet) -> None:
    """A FASTQ pair or a BAM, and the mates as their names say."""
    one, two, bam = row["fastq_1"], row["fastq_2"], row["bam"]
    if bam and (one or two):
        sheet.problem(row.line, "bam", bam, "given beside FASTQ", "either fastq_1 and fastq_2, or bam")
    elif not (one or two or bam):
        sheet.problem(row.line, "fastq_1", "", "no reads given", "give fastq_1 and fastq_2, or bam")
    elif one and not two or two and not one:
        name = "fastq_2" if one else "fastq_1"
        sheet.problem(row.line, name, "", "is empty", "single-end reads are not supported: give both mates")
    elif one and one != two:
        _mates(row, one, two, sheet)


def _mates(row: Row, one: str, two: str, sheet: Sheet) -> None:
    first, second = _mate(one), _mate(two)
    if first[0] == "2" and second[0] == "1":
        sheet.problem(
            row.line, "fastq_1", one, "reads 1 and 2 look swapped by name", "swap fastq_1 and fastq_2"
        )
    elif first[0] and first[0] == second[0]:
        name, value = ("fastq_2", two) if first[0] == "1" else ("fastq_1", one)
        sheet.problem(
            row.line,
            name,
            value,
            f"both files are reads {first[0]} by name",
            "one R1 and one R2 of the same lane",
        )
    elif first[0] == "1" and second[0] == "2" and first[1] != second[1]:
        sheet.problem(
            row.line, "fastq_2", two, "is not the mate of fastq_1 by name", "R1 and R2 of the same lane"
        )


def _mate(path: str) -> tuple[str, str]:
    """(1, 2 or "" by the file's name, the name without that number)."""
    stem = FASTQ_ENDING.sub("", os.path.basename(path))
    for pattern in (MATE, PLAIN_MATE):
        found = list(pattern.finditer(stem))
        if found:
            last = found[-1]
            return last.group(1), stem[: last.start()] + "*" + stem[last.end() :]
    return "", stem


def _files(sheet: Sheet, settings: Settings, check_files: bool) -> None:
    """Every file is named once and, with `check_files`, is there and is not another one by a link."""
    seen: dict[Any, tuple[str, Row]] = {}
    listing = Listing(settings)
    for row in sheet.rows:
        for column in ("fastq_1", "fastq_2", "bam"):
            if row[column]:
                path = os.path.normpath(os.path.join(listing.workdir, listing.path(row[column])))
                _file(row, column, path, check_files, seen, sheet)


def _file(
    row: Row, column: str, path: str, check_files: bool, seen: dict[Any, tuple[str, Row]], sheet: Sheet
) -> None:
    key: Any = path
    if check_files:
        try:
            status = os.stat(path)
        except OSError as error:
            fix = "correct the path; relative paths start at the working directory (--directory)"
            sheet.problem(row.line, column, row[column], f"cannot be opened: {error.strerror}", fix)
        else:
            if stat.S_ISDIR(status.st_mode):
                sheet.problem(row.line, column, row[column], "is a folder", "name the file")
                return
            key = (status.st_dev, status.st_ino)
    if key in seen:
        other, first = seen[key]
        sheet.problem(
            row.line,
            column,
            row[column],
            f"is the same file as {other} of line {first.line}",
            "each file once: its reads would count twice",
        )
    else:
        seen[key] = (column, row)


def _assessments(sheets: Sheets) -> None:
    sheet = sheets["assessments"]
    patients = {r["patient"]: r for r in sheets["patients"].rows}
    for rows in _by(sheet.rows, lambda r: (r["patient"], r["date"]) if r["date"] else "").values():
        for row in rows[1:]:
            sheet.problem(
                row.line,
                "date",
                row["date"],
                f"second row of {row['patient']} on that day (line {rows[0].line})",
                "put the values of one day into one row",
            )
    measured = [c for c in sheet.columns if c not in ("patient", "date", "visit", "evaluable")]
    for row in sheet.rows:
        if measured and row["evaluable"] != "no" and not any(row.written(c) for c in measured):
            sheet.problem(
                row.line,
                "evaluable",
                row["evaluable"],
                "no value in the whole row",
                "write no in evaluable (a visit without assessment), or remove the row",
            )
        patient, day = patients.get(row["patient"]), row["date"]
        if not patient or not day:
            continue
        start, death = patient["c1d1"], patient["death_date"]
        if death and day > death:
            sheet.problem(row.line, "date", day, f"is after the death ({death})", "correct one of the two")
        if start and day < start - timedelta(days=BASELINE_DAYS):
            sheet.problem(
                row.line,
                "date",
                day,
                f"is {(start - day).days} days before start of treatment (C1D1 {start}); "
                f"at most {BASELINE_DAYS} are believed",
                "correct the date, or leave out what belongs to an earlier line of therapy",
            )


def _units_of_measure(sheets: Sheets) -> None:
    """M-protein in g/24 h or g/dL under a header of mg/24 h or g/L: the numbers alone can tell."""
    sheet = sheets["assessments"]
    for patient, row in _highest(sheet, "urine_m_mg_24h").items():
        value = row["urine_m_mg_24h"]
        if value < URINE_DETECTED_MG_24H:
            sheet.problem(
                row.line,
                "urine_m_mg_24h",
                row.written("urine_m_mg_24h"),
                f"is the highest urine M-protein of {patient}: g/24 h in a column of mg/24 h?",
                f"in mg/24 h {value:g} g is {value * 1000:g}, or name the column urine_m_g_24h; "
                "if mg are meant, write 0: electrophoresis does not detect so little",
            )
    for patient, row in _highest(sheet, "calcium_mg_dl").items():
        value = row["calcium_mg_dl"]
        if value < CALCIUM_LIVED_MG_DL:
            sheet.problem(
                row.line,
                "calcium_mg_dl",
                row.written("calcium_mg_dl"),
                f"is the highest calcium of {patient}: mmol/L in a column of mg/dL?",
                "name the column calcium_mmol_l, or correct the number",
            )
    centres = {r["patient"]: r["centre"] for r in sheets["patients"].rows}
    by_centre: dict[str, list[Row]] = defaultdict(list)
    for patient, row in _highest(sheet, "serum_m_g_l").items():
        by_centre[centres.get(patient, "")].append(row)
    for centre, rows in by_centre.items():
        top = max(rows, key=lambda r: r["serum_m_g_l"])
        if len(rows) >= SERUM_PATIENTS and top["serum_m_g_l"] < SERUM_MEASURABLE_G_L:
            where = f"of {centre}" if centre else "here"
            sheet.problem(
                top.line,
                "serum_m_g_l",
                top.written("serum_m_g_l"),
                f"is the highest serum M-protein of all {len(rows)} patients {where}: g/dL in a column of g/L?",
                f"in g/L {top['serum_m_g_l']:g} g/dL is {top['serum_m_g_l'] * 10:g}, "
                "or name the column serum_m_g_dl",
            )


def _highest(sheet: Sheet, column: str) -> dict[str, Row]:
    """Patient -> the row with the highest value above 0."""
    rows = _by((r for r in sheet.rows if r[column]), lambda r: r["patient"])
    return {patient: max(of, key=lambda r: r[column]) for patient, of in rows.items()}


def _fish(sheets: Sheets, settings: Settings) -> None:
    sheet = sheets["fish"]
    if not sheet.rows:
        return
    known = config_check.abnormality_names(settings)
    patients = {r["patient"]: r for r in sheets["patients"].rows}
    key = ("patient", "date", "abnormality", "probe")
    for rows in _by(sheet.rows, lambda r: tuple(str(r[n]) for n in key)).values():
        for row in rows[1:]:
            sheet.problem(
                row.line,
                "abnormality",
                row["abnormality"],
                f"as in line {rows[0].line}",
                "one row per patient, date, abnormality and probe",
            )
    for row in sheet.rows:
        if row["abnormality"] and row["abnormality"] not in known:
            fix = suggestion(row["abnormality"], known, "known abnormalities")
            sheet.problem(row.line, "abnormality", row["abnormality"], "unknown abnormality", fix)
        percent, cutoff, result = row["percent"], row["cutoff_percent"], row["result"]
        if not result and (percent is None or cutoff is None):
            if not any(row.written(n) and row[n] is None for n in ("percent", "cutoff_percent")):
                fix = "give result, or percent and cutoff_percent"
                sheet.problem(row.line, "result", "", "neither result nor percent with cutoff_percent", fix)
        if result and percent is not None and cutoff is not None:
            if (percent >= cutoff) != (result == "present"):
                sheet.problem(
                    row.line,
                    "result",
                    result,
                    f"but {percent:g} % against a cutoff of {cutoff:g} %",
                    "correct the one that is wrong",
                )
        patient = patients.get(row["patient"])
        if patient and row["date"] and patient["death_date"] and row["date"] > patient["death_date"]:
            sheet.problem(
                row.line,
                "date",
                row["date"],
                f"is after the death ({patient['death_date']})",
                "correct one of the two",
            )


def _exclusions(sheets: Sheets) -> None:
    sheet = sheets["exclusions"]
    samples = {r["sample"]: r for r in sheets["samples"].rows}
    units: dict[str, list[Row]] = _by(sheets["units"].rows, lambda r: r["sample"])
    for row in sheet.rows:
        sample = samples.get(row["sample"])
        if not row["patient"] and not row["sample"]:
            sheet.problem(row.line, "patient", "", "names nobody", "name a patient or a sample")
        if sample and row["patient"] and sample["patient"] != row["patient"]:
            sheet.problem(
                row.line,
                "patient",
                row["patient"],
                f"{row['sample']} belongs to {sample['patient']}",
                "correct the patient or the sample",
            )
        if row["sample"] and row["analysis"] in ("response", "comparison"):
            sheet.problem(
                row.line,
                "analysis",
                row["analysis"],
                "a sample has no response and no group",
                "leave sample empty (the patient is out), or write dna, rna or all",
            )
        if (
            sample
            and row["analysis"] in ("dna", "rna")
            and (row["analysis"] == "dna") != (sample["assay"] == "wes")
        ):
            sheet.problem(
                row.line,
                "analysis",
                row["analysis"],
                f"{row['sample']} is a {sample['assay']} sample",
                "write all, or the analysis of its assay",
            )
        _excluded_unit(row, units.get(row["sample"], []), sheet)


def _excluded_unit(row: Row, units: list[Row], sheet: Sheet) -> None:
    given = [name for name in ("library", "flowcell", "lane") if row[name]]
    if not given:
        return
    if not row["sample"]:
        sheet.problem(
            row.line, "sample", "", f"{given[0]} is given without a sample", "name the sample of the unit"
        )
    elif not row["library"]:
        sheet.problem(row.line, "library", "", f"{given[0]} is given without a library", "name the library")
    elif not any(all(row[n] == u[n] for n in given) for u in units):
        have = ", ".join(f"{u['library']} {u['flowcell']} {u['lane']}" for u in units) or "none"
        sheet.problem(
            row.line, given[-1], row[given[-1]], "no such unit", f"units of {row['sample']}: {have}"
        )
