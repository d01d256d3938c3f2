"""The sheets as one frozen Cohort: who is in it, which samples, and what the analysis does with each.

`load_cohort` reads every sheet, checks rows, cross-row rules and the config, and raises SheetErrors with
all problems at once. Roles of samples follow rules of analysis 4: the latest tumour sample on or before
C1D1, at most `sheets.max_days_sample_before_start` days earlier, overruled by `analysis` = yes.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from myeloma import cohort_checks, config_check, entry_checks, laboratory
from myeloma.listing import Listing
from myeloma.settings import Settings
from myeloma.sheets import Problem, Row, Sheet, SheetErrors, read_sheet, schema

__all__ = ["Cohort", "Patient", "Problem", "Sample", "SheetErrors", "Unit", "load_cohort"]

#: Optional sheets of the treatment phase; Cohort.sheet_frame gives each as a DataFrame.
CLINICAL = ("dosing", "adverse_events", "laboratory", "concentrations", "subsequent_therapy")
#: What others have measured or called already: times to event and genomic calls.
GIVEN = ("endpoints", "calls")
SHEETS = ("patients", "samples", "units", "assessments", "fish", "exclusions", *CLINICAL, *GIVEN)
MANDATORY = ("patients",)
ROLES = ("analysis", "matched_normal", "other", "excluded", "no_reads")

# One quantity in two units: column of the first-named unit, column of the other, factor to the first.
# Calcium: 40.078 g/mol, so 1 mg/dL = 10 / 40.078 mmol/L; creatinine: 113.12 g/mol, so 88.4 umol/L.
UNITS_OF_MEASURE = (
    ("serum_m_g_l", "serum_m_g_dl", Decimal(10)),
    ("urine_m_mg_24h", "urine_m_g_24h", Decimal(1000)),
    ("kappa_mg_l", "kappa_mg_dl", Decimal(10)),
    ("lambda_mg_l", "lambda_mg_dl", Decimal(10)),
    ("calcium_mmol_l", "calcium_mg_dl", Decimal(10) / Decimal("40.078")),
    ("haemoglobin_g_l", "haemoglobin_g_dl", Decimal(10)),
    ("creatinine_umol_l", "creatinine_mg_dl", Decimal("88.4")),
    ("albumin_g_l", "albumin_g_dl", Decimal(10)),
)


@dataclass(frozen=True)
class Unit:
    """Reads of one sample, library, flow cell and lane: a FASTQ pair or a BAM/CRAM; "" = not given."""

    sample: str
    library: str
    flowcell: str
    lane: str
    fastq_1: str = ""
    fastq_2: str = ""
    bam: str = ""
    umi: str = ""

    @property
    def id(self) -> str:
        return f"{self.library}.{self.flowcell}.{self.lane}"


@dataclass(frozen=True)
class Sample:
    """A row of samples.tsv with its units that are in the run, its role and why it has that role."""

    sample: str
    patient: str
    assay: str
    tissue: str
    collection_date: date | None = None
    kit: str = ""
    sex: str = ""
    centre: str = ""
    batch: str = ""
    strandedness: str = ""
    rin: float | None = None
    purity: float | None = None
    analysis: str = ""
    variants: str = ""
    segments: str = ""
    translocations: str = ""
    counts: str = ""
    callable: str = ""
    name_in_files: str = ""
    build: str = ""
    units: tuple[Unit, ...] = ()
    role: str = "other"
    reason: str = ""

    def __str__(self) -> str:
        """The id, so that a Sample may stand wherever a path is filled in."""
        return self.sample

    @property
    def entered(self) -> bool:
        """Does it enter by tables of finished calls? Then it is never aligned and never called."""
        return any(getattr(self, name) for name in entry_checks.TABLES)


@dataclass(frozen=True)
class Patient:
    """A row of patients.tsv: dates as date or None, numbers as number or None, text "" when empty."""

    patient: str
    sex: str = ""
    age: float | None = None
    enrolment_number: int | None = None
    enrolment_date: date | None = None
    c1d1: date | None = None
    centre: str = ""
    heavy_chain: str = ""
    serum_spike: str = ""
    light_chain: str = ""
    prior_lines: int | None = None
    iss: int | None = None
    end_of_induction: date | None = None
    end_of_treatment: date | None = None
    end_of_treatment_reason: str = ""
    new_therapy_date: date | None = None
    last_contact: date | None = None
    death_date: date | None = None
    death_cause: str = ""
    deviation: str = ""
    group: str = ""
    qualifying_abnormality: str = ""
    qualifying_method: str = ""
    qualifying_percent: float | None = None
    qualifying_cutoff: float | None = None
    qualifying_date: date | None = None
    height_cm: float | None = None
    weight_kg: float | None = None
    given_best_response: str = ""


@dataclass(frozen=True)
class Cohort:
    """Patients and samples in the order of their sheets, exclusions and FISH rows; see the module."""

    patients: tuple[Patient, ...]
    samples: tuple[Sample, ...]
    exclusions: tuple[Mapping[str, Any], ...] = ()
    fish: tuple[Mapping[str, Any], ...] = ()
    assessments: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    assessments_path: str = ""
    clinical: Mapping[str, tuple[Mapping[str, Any], ...]] | None = field(default_factory=dict, repr=False)

    @cached_property
    def patient_ids(self) -> tuple[str, ...]:
        return tuple(p.patient for p in self.patients)

    @cached_property
    def _samples(self) -> dict[str, Sample]:
        return {s.sample: s for s in self.samples}

    @cached_property
    def _patients(self) -> dict[str, Patient]:
        return {p.patient: p for p in self.patients}

    @cached_property
    def _chosen(self) -> dict[tuple[str, str], Sample]:
        return {(s.patient, s.assay): s for s in self.samples if s.role == "analysis"}

    @cached_property
    def _normals(self) -> dict[str, Sample]:
        return {s.patient: s for s in self.samples if s.role == "matched_normal"}

    def sample(self, sample: str) -> Sample:
        """The sample of that id; raises KeyError."""
        return self._samples[str(sample)]

    def patient(self, patient: str) -> Patient:
        """The patient of that id; raises KeyError."""
        return self._patients[patient]

    @cached_property
    def wes_samples(self) -> tuple[Sample, ...]:
        """All WES samples to align: with reads and not excluded, tumour and normal, every role."""
        return self._to_align("wes")

    @cached_property
    def rna_samples(self) -> tuple[Sample, ...]:
        """All RNA samples to align."""
        return self._to_align("rna")

    def _to_align(self, assay: str) -> tuple[Sample, ...]:
        return tuple(
            s
            for s in self.samples
            if s.assay == assay and not s.entered and s.role not in ("excluded", "no_reads")
        )

    @cached_property
    def entered_dna(self) -> tuple[Sample, ...]:
        """DNA tumour samples that enter by tables, analysis samples and other ones."""
        return tuple(s for s in self.samples if s.assay == "wes" and s.entered and s.role != "excluded")

    @cached_property
    def entered_rna(self) -> tuple[Sample, ...]:
        """RNA samples that enter by tables."""
        return tuple(s for s in self.samples if s.assay == "rna" and s.entered and s.role != "excluded")

    @cached_property
    def dna_tumours(self) -> tuple[Sample, ...]:
        """Every WES tumour sample to call: the analysis samples and the other ones."""
        return tuple(s for s in self.wes_samples if s.tissue == "tumour")

    @cached_property
    def dna_patients(self) -> tuple[str, ...]:
        """Ids of patients with an analysis WES tumour sample that has reads."""
        return tuple(p for p in self.patient_ids if self._has_reads(p, "wes"))

    @cached_property
    def rna_patients(self) -> tuple[str, ...]:
        """Ids of patients with an analysis RNA tumour sample that has reads."""
        return tuple(p for p in self.patient_ids if self._has_reads(p, "rna"))

    def _has_reads(self, patient: str, assay: str) -> bool:
        chosen = self._chosen.get((patient, assay))
        return chosen is not None and not chosen.entered

    def tumour(self, patient: str, assay: str) -> Sample | None:
        """The tumour sample of that assay which the analysis uses; None when there is none."""
        self.patient(patient)
        return self._chosen.get((patient, assay))

    def normal(self, patient: str) -> Sample | None:
        """The matched WES normal; None for a tumour-only patient."""
        self.patient(patient)
        return self._normals.get(patient)

    def normal_of(self, sample: str) -> Sample | None:
        """The matched WES normal of the patient of that sample."""
        return self.normal(self.sample(sample).patient)

    def tumour_path(self, sample: str, ending: str) -> str:
        """results/calls/{patient}{ending} for the analysis sample, other/{sample}{ending} there else."""
        found = self.sample(sample)
        name = found.patient if found.role == "analysis" else f"other/{found.sample}"
        return f"results/calls/{name}{ending}"

    def excluded(self, patient: str, analysis: str) -> str:
        """Why the whole patient is out of that analysis (dna, rna, response, comparison); "" when in it."""
        return "; ".join(
            row["reason"]
            for row in self.exclusions
            if row["patient"] == patient and not row["sample"] and row["analysis"] in ("all", analysis)
        )

    def assessments_frame(self, settings: Settings | None = None):
        """All assessments as a pandas DataFrame, sorted by patient and date, one unit per quantity.

        Columns: those of assessments.tsv in the first-named unit (g/L, mg/24 h, mg/L, mmol/L), all of
        them present; `date` as datetime.date, numbers float64 with NaN when empty, text "" when empty;
        `line` = line in the sheet. `settings` is accepted for callers that hold only it.
        """
        import pandas as pd

        twins = {second for _, second, _ in UNITS_OF_MEASURE}
        known = schema("assessments")["properties"]
        names = [name for name in known if name not in twins]
        frame = pd.DataFrame(list(self.assessments), columns=[*names, "line"])
        for name in names:
            if known[name]["type"] == "number":
                frame[name] = frame[name].astype("float64")
        frame["line"] = frame["line"].astype("int64")
        return frame.sort_values(["patient", "date"], kind="stable").reset_index(drop=True)

    def sheet_frame(self, settings: Settings | None, name: str):
        """A sheet of CLINICAL or GIVEN as a DataFrame in the order of its rows, all its columns present.

        Dates as datetime.date (None when empty), numbers float64 with NaN, text "" when empty; `sheet_line` =
        line in the sheet. Laboratory values and limits stand in the unit of the analysis (laboratory.py).
        Not given: no rows. `settings` is accepted for callers that hold only it. Raises KeyError, and
        ValueError where load_cohort was told to leave the clinical sheets unread.
        """
        import pandas as pd

        if name not in (*CLINICAL, *GIVEN):
            raise KeyError(f"{name} is none of {', '.join((*CLINICAL, *GIVEN))}")
        if self.clinical is None:
            raise ValueError("the clinical sheets were left unread: load_cohort(..., clinical=True)")
        known = schema(name)["properties"]
        frame = pd.DataFrame(list(self.clinical.get(name, ())), columns=[*known, "sheet_line"])
        for column, rule in known.items():
            is_number = rule["type"] in ("number", "integer")
            frame[column] = frame[column].astype("float64" if is_number else object)
        frame["sheet_line"] = frame["sheet_line"].astype("int64")
        return frame

    def fish_frame(self, settings: Settings | None = None):
        """All FISH rows as a DataFrame; an empty `result` is filled by percent >= cutoff_percent."""
        import pandas as pd

        names = list(schema("fish")["properties"])
        frame = pd.DataFrame(list(self.fish), columns=[*names, "line"])
        for name in ("nuclei", "percent", "cutoff_percent"):
            frame[name] = frame[name].astype("float64")
        return frame


def load_cohort(settings: Settings, check_files: bool = True, clinical: bool = True) -> Cohort:
    """Read and check all sheets and the config; raise SheetErrors with every problem at once.

    `check_files` also looks for every file that sheets and config name (one stat each); jobs that
    Snakemake starts leave it out, the main process has done it. `clinical` = False leaves the sheets of
    CLINICAL and GIVEN unread (they are long, and every job parses the Snakefile).
    """
    sheets, unread = _read_all(settings, clinical)
    rows = sheets["samples"].rows
    only_tables = bool(rows) and all(entry_checks.enters(row) for row in rows)
    has_reads = bool(sheets["samples"].columns) and not only_tables
    problems = config_check.check_config(settings, check_files, needs_genome=has_reads)
    problems += unread
    max_days = config_check.whole_number(settings, "sheets", "max_days_sample_before_start", 60)
    cohort_checks.check_all(sheets, settings, check_files)
    cohort = _build(sheets, settings, max_days, clinical)
    problems += [p for sheet in sheets.values() for p in sorted(sheet.problems, key=lambda p: p.line)]
    if problems:
        raise SheetErrors(problems)
    return cohort


def _read_all(settings: Settings, clinical: bool) -> tuple[dict[str, Sheet], list[Problem]]:
    """Every sheet by name (empty where not given) and what is wrong with their paths in the config."""
    given = config_check.section(settings, "sheets")
    sheets, problems = {}, []
    for name in SHEETS:
        path = given.get(name) or ""
        if not isinstance(path, str):
            path = ""
        if path and (clinical or name not in (*CLINICAL, *GIVEN)):
            resolved = settings.path(path)
            sheets[name] = read_sheet(name, settings.workdir / resolved, resolved)
            continue
        sheets[name] = Sheet(name, f"({name} sheet not given)")
        if name in MANDATORY:
            problems.append(
                Problem("config", 0, f"sheets.{name}", "", "is not given", f"give the path of {name}.tsv")
            )
    return sheets, problems


def _build(sheets: Mapping[str, Sheet], settings: Settings, max_days: int, clinical: bool) -> Cohort:
    """The cohort; also adds the problems that only choosing the samples shows."""
    patients = {row["patient"]: Patient(**row.values) for row in sheets["patients"].rows}
    exclusions = _exclusions(sheets)
    units = _units(sheets["units"].rows, settings)
    lines = {row["sample"]: row.line for row in sheets["samples"].rows}
    samples = [
        _sample(row, units.get(row["sample"], ()), exclusions, settings) for row in sheets["samples"].rows
    ]
    # no question about the baseline where the patient's row is itself reported as wrong
    settled = {r["patient"] for r in sheets["patients"].rows if r["c1d1"] or not r.written("c1d1")}
    chosen = _choose(samples, patients, max_days, sheets["samples"], lines, settled)
    return Cohort(
        patients=tuple(patients.values()),
        samples=tuple(chosen),
        exclusions=tuple(exclusions),
        fish=tuple(_fish(row) for row in sheets["fish"].rows),
        assessments=tuple(_assessment(row) for row in sheets["assessments"].rows),
        assessments_path=settings.path(config_check.section(settings, "sheets").get("assessments") or ""),
        clinical={
            name: tuple(_clinical(row, name) for row in sheets[name].rows) for name in (*CLINICAL, *GIVEN)
        }
        if clinical
        else None,
    )


def _exclusions(sheets: Mapping[str, Sheet]) -> list[dict[str, Any]]:
    """Rows of exclusions.tsv: patient filled in from the sample, analysis "all" where empty."""
    owner = {row["sample"]: row["patient"] for row in sheets["samples"].rows}
    return [
        {
            **row.values,
            "patient": row["patient"] or owner.get(row["sample"], ""),
            "analysis": row["analysis"] or "all",
            "line": row.line,
        }
        for row in sheets["exclusions"].rows
    ]


def _units(rows: Iterable[Row], settings: Settings) -> dict[str, list[Unit]]:
    found: dict[str, list[Unit]] = defaultdict(list)
    paths_of = Listing(settings)
    for row in rows:
        paths = {name: paths_of.path(row[name]) for name in ("fastq_1", "fastq_2", "bam")}
        found[row["sample"]].append(Unit(**{**row.values, **paths}))
    return found


def _sample(
    row: Row, units: Iterable[Unit], exclusions: Iterable[Mapping[str, Any]], settings: Settings
) -> Sample:
    """The sample with the units that are in the run; role excluded or no_reads where that is so."""
    of_assay = ("all", "dna" if row["assay"] == "wes" else "rna")
    mine = [
        e
        for e in exclusions
        if e["analysis"] in of_assay and e["patient"] == row["patient"] and e["sample"] in ("", row["sample"])
    ]
    whole = [e for e in mine if not e["library"]]
    kept, notes = [], []
    for unit in units:
        why = [e["reason"] for e in mine if e["library"] and _names(e, unit)]
        if why:
            notes.append(f"unit {unit.id} excluded: {'; '.join(why)}")
        else:
            kept.append(unit)
    role = "other"
    if whole:
        role = "excluded"
        notes = [f"{'sample' if e['sample'] else 'patient'} excluded: {e['reason']}" for e in whole]
    elif entry_checks.enters(row):
        notes.append("finished calls, not aligned here")
    elif not kept:
        role = "no_reads"
        notes = notes or ["no reads in units.tsv"]
    paths = {name: settings.path(row[name]) for name in entry_checks.FILES}
    return Sample(**{**row.values, **paths}, units=tuple(kept), role=role, reason="; ".join(notes))


def _names(exclusion: Mapping[str, Any], unit: Unit) -> bool:
    """Does the exclusion name this unit? Flow cell and lane left empty mean all of the library."""
    return all(
        not exclusion[name] or exclusion[name] == getattr(unit, name)
        for name in ("library", "flowcell", "lane")
    )


def _choose(
    samples: list[Sample],
    patients: Mapping[str, Patient],
    max_days: int,
    sheet: Sheet,
    lines: Mapping[str, int],
    settled: set[str],
) -> list[Sample]:
    """Roles of all samples, in the order given; a choice that cannot be made becomes a problem of `sheet`."""
    decided = {s.sample: s for s in samples if s.role in ("excluded", "no_reads")}
    groups: dict[tuple[str, str], list[Sample]] = defaultdict(list)
    for sample in samples:
        if sample.sample in decided:
            continue
        if sample.tissue == "tumour":
            groups[sample.patient, sample.assay].append(sample)
        else:
            decided[sample.sample] = _normal(sample)
    # analysis = yes on a sample that cannot be used still overrules: no other takes its place unseen
    insisted = {(s.patient, s.assay) for s in samples if s.tissue == "tumour" and s.analysis == "yes"}
    for key, members in groups.items():
        patient = patients.get(key[0]) or Patient(key[0])
        for sample, role, why in _roles(members, patient.c1d1, max_days, key in insisted):
            if role == "undecided" and key[0] in settled:
                sheet.problem(
                    lines[sample.sample],
                    "analysis",
                    "",
                    f"which sample is the baseline? {why}",
                    "write yes in the column analysis of the one to use, or give collection_date and c1d1",
                )
            decided[sample.sample] = _with(sample, "other" if role == "undecided" else role, why)
    return [decided[s.sample] for s in samples]


def _normal(sample: Sample) -> Sample:
    if sample.assay != "wes":
        return _with(sample, "other", "RNA of a normal is aligned but not used")
    if sample.analysis == "no":
        return _with(sample, "other", "analysis = no in samples.tsv")
    return _with(sample, "matched_normal", "germline normal of the patient")


def _roles(
    members: list[Sample], c1d1: date | None, max_days: int, insisted: bool
) -> Iterable[tuple[Sample, str, str]]:
    """(sample, role, reason) for the tumour samples of one patient and assay that have reads."""
    if insisted:
        for sample in members:
            chosen = sample.analysis == "yes"
            why = "analysis = yes in samples.tsv" if chosen else "another sample has analysis = yes"
            yield sample, "analysis" if chosen else "other", why
        return
    free = []
    for sample in members:
        if sample.analysis == "no":
            yield sample, "other", "analysis = no in samples.tsv"
        else:
            free.append(sample)
    if c1d1 is None:
        yield from _without_start(free)
        return
    eligible, undated = [], []
    for sample in free:
        if sample.collection_date is None:
            undated.append(sample)
            continue
        days = (c1d1 - sample.collection_date).days
        if days < 0:
            yield sample, "other", f"collected {-days} days after C1D1"
        elif days > max_days:
            yield sample, "other", f"collected {days} days before C1D1, limit {max_days}"
        else:
            eligible.append(sample)
    yield from _latest(eligible, c1d1)
    yield from _undated(undated, bool(eligible), alone=len(members) == 1)


def _without_start(free: list[Sample]) -> Iterable[tuple[Sample, str, str]]:
    if len(free) == 1:
        yield free[0], "analysis", "only tumour sample; no C1D1, so its time is not checked"
        return
    for sample in free:
        yield sample, "undecided", f"{len(free)} tumour samples and no C1D1"


def _latest(eligible: list[Sample], c1d1: date) -> Iterable[tuple[Sample, str, str]]:
    last = max((s.collection_date for s in eligible), default=None)
    ties = [s for s in eligible if s.collection_date == last]
    for sample in eligible:
        days = (c1d1 - sample.collection_date).days
        when = "on C1D1" if not days else f"{days} day{'s' * (days != 1)} before C1D1"
        if sample.collection_date != last:
            yield sample, "other", f"collected {when}; a later one before C1D1 is used"
        elif len(ties) > 1:
            yield sample, "undecided", f"{len(ties)} tumour samples of {last}"
        else:
            yield sample, "analysis", f"collected {when}"


def _undated(undated: list[Sample], has_dated: bool, alone: bool) -> Iterable[tuple[Sample, str, str]]:
    for sample in undated:
        if has_dated:
            yield sample, "other", "no collection_date; a dated baseline sample is used"
        elif alone:
            yield sample, "analysis", "only tumour sample; no collection_date, so its time is not checked"
        else:
            yield sample, "undecided", "a tumour sample without collection_date beside others"


def _with(sample: Sample, role: str, why: str) -> Sample:
    """The sample with role and reason; notes on excluded units stay in front."""
    values = {f.name: getattr(sample, f.name) for f in fields(sample)}
    reason = "; ".join(filter(None, (sample.reason, why)))
    return Sample(**{**values, "role": role, "reason": reason})


def _assessment(row: Row) -> dict[str, Any]:
    """The row in the first-named units, exact in decimal (0.7 g/dL is 7 g/L, not 7.000000000000001)."""
    values = dict(row.values)
    for first, second, factor in UNITS_OF_MEASURE:
        other = values.pop(second)
        if other is not None and values[first] is None:
            values[first] = float(Decimal(row.written(second)) * factor)
    return {**values, "line": row.line}


def _clinical(row: Row, name: str) -> dict[str, Any]:
    """A row of a sheet of CLINICAL; laboratory values in the unit of the analysis."""
    values = laboratory.converted(row.values, row.cells) if name == "laboratory" else row.values
    return {**values, "sheet_line": row.line}


def _fish(row: Row) -> dict[str, Any]:
    values = {**row.values, "line": row.line}
    if not values["result"] and values["percent"] is not None and values["cutoff_percent"] is not None:
        values["result"] = "present" if values["percent"] >= values["cutoff_percent"] else "absent"
    return values


def sample_rows(cohort: Cohort) -> list[list[str]]:
    """Rows of results/cohort/samples.tsv, cells in the order of its columns."""
    return [
        [s.patient, s.sample, s.assay, s.tissue, _day(s.collection_date), s.kit, s.role, s.reason]
        for s in cohort.samples
    ]


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""
