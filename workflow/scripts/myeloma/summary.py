"""The summary of `snakemake check`: who is in what, what is switched off and why, what looks odd."""

from collections.abc import Iterable

from myeloma import clinical_notes
from myeloma.cohort import Cohort, Sample
from myeloma.panel_files import Panels
from myeloma.settings import Settings

CALLS = "with calls as given"


def text(cohort: Cohort, settings: Settings) -> str:
    """The whole summary, lines joined."""
    parts = [_counts(cohort), _table(cohort), _listed("Switched off", switched_off(cohort, settings))]
    parts += [_listed("Panels of normals", Panels(settings, cohort).notes())]
    parts += [_listed("Taken out or not used", _unused(cohort)), _listed("Look at", notes(cohort, settings))]
    return "\n\n".join(["The sheets and the config are right.", *filter(None, parts)])


def _listed(title: str, lines: Iterable[str]) -> str:
    lines = list(lines)
    return "\n".join([f"{title}:", *(f"  - {line}" for line in lines)]) if lines else ""


def _counts(cohort: Cohort) -> str:
    entered = (*cohort.entered_dna, *cohort.entered_rna)
    by_table = {
        assay: {s.patient for s in entered if (s.assay, s.role) == (assay, "analysis")}
        for assay in ("wes", "rna")
    }
    dna, rna = set(cohort.dna_patients) | by_table["wes"], set(cohort.rna_patients) | by_table["rna"]
    paired = {p for p in dna if cohort.normal(p)}
    assessed = {row["patient"] for row in cohort.assessments}
    rows = (
        ("patients", len(cohort.patients)),
        ("treated (with C1D1)", sum(p.c1d1 is not None for p in cohort.patients)),
        ("with tumour DNA", len(dna)),
        ("  of these with a normal", len(paired)),
        ("  of these tumour-only", len(dna - paired - by_table["wes"])),
        ("  of these by tables", len(by_table["wes"])),
        ("with tumour RNA", len(rna)),
        ("  of these RNA-only", len(rna - dna)),
        ("without DNA and RNA", len(set(cohort.patient_ids) - dna - rna)),
        ("samples that enter by tables", len(entered)),
        ("with response assessments", len(assessed)),
        *_given(cohort),
        ("samples to align, WES / RNA", f"{len(cohort.wes_samples)} / {len(cohort.rna_samples)}"),
        ("units (lanes) in the run", sum(len(s.units) for s in (*cohort.wes_samples, *cohort.rna_samples))),
    )
    return "\n".join(f"{name:<28} {value}" for name, value in rows)


def _given(cohort: Cohort) -> list[tuple[str, int]]:
    """Patients with outcomes and calls as given, not derived; no line for what nobody has."""
    sheets = cohort.clinical or {}
    counted = (
        ("with times as given", {row["patient"] for row in sheets.get("endpoints", ())}),
        ("with best response as given", {p.patient for p in cohort.patients if p.given_best_response}),
        (CALLS, {row["patient"] for row in sheets.get("calls", ())}),
    )
    return [(name, len(who)) for name, who in counted if who]


def _table(cohort: Cohort, most: int = 200) -> str:
    """One line per patient: the sample used of each kind, or why there is none."""
    lines = ["\t".join(("patient", "tumour DNA", "normal DNA", "tumour RNA", "assessments"))]
    visits: dict[str, int] = {}
    for row in cohort.assessments:
        visits[row["patient"]] = visits.get(row["patient"], 0) + 1
    for patient in cohort.patient_ids[:most]:
        found = (cohort.tumour(patient, "wes"), cohort.normal(patient), cohort.tumour(patient, "rna"))
        names = [sample.sample if sample else "-" for sample in found]
        lines.append("\t".join((patient, *names, str(visits.get(patient, 0)))))
    if len(cohort.patients) > most:
        lines.append(f"... and {len(cohort.patients) - most} more")
    return _aligned(lines)


def _aligned(lines: list[str]) -> str:
    cells = [line.split("\t") for line in lines]
    widths = [max(len(row[i]) for row in cells if i < len(row)) for i in range(len(cells[0]))]
    return "\n".join(
        "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=False)).rstrip() for row in cells
    )


def switched_off(cohort: Cohort, settings: Settings) -> list[str]:
    """A sentence per stage or step that does not run, with the reason and what becomes of its calls."""
    said = []
    if not cohort.wes_samples and not cohort.entered_dna:
        said.append("DNA: no WES sample with reads; mutations, copy number are not_assessable.")
    if not cohort.rna_samples and not cohort.entered_rna:
        said.append(
            "RNA: no RNA sample with reads; expression, fusions and the RNA votes are not_assessable."
        )
    outcomes = [name for name, _ in _given(cohort) if name != CALLS]
    if not cohort.assessments_path and not outcomes:
        said.append("Response: sheets.assessments is not given; no response, no groups, no comparison.")
    elif not cohort.assessments_path:
        said.append(
            "Response: sheets.assessments is not given; what the sheets give is used as given, not derived: "
            "groups B, C and D only, no landmark, no rates by the end of induction."
        )
    if not cohort.fish:
        said.append("FISH: no rows in sheets.fish; FISH does not vote.")
    said += clinical_notes.switched_off(cohort, settings)
    for name, sentence in RESOURCES.items():
        if not settings.has(name):
            said.append(f"reference.{name} is not given: {sentence}")
    if cohort.wes_samples and not settings["kits"]:
        said.append("kits is empty: no targets, so coverage and copy number by target are not_assessable.")
    return said


RESOURCES = {
    "gtf": "no consequences, no gene counts; gene-level calls are not_assessable.",
    "germline": "no population frequencies; tumour-only novel variants cannot be told from germline.",
    "common_sites": "no contamination estimate and no allelic copy number.",
    "panel_of_normals": "recurrent artefacts are filtered by the other filters only.",
    "cytobands": "plots have no bands.",
    "regions": "no copy-number regions; those abnormalities are not_assessable.",
    "arms": "no chromosome arms; arm-level calls are not_assessable.",
    "hotspots": "no hotspots; a gene's absence rests on its coding bases alone.",
    "drivers": "variants carry no role of their gene and no resistance class.",
}


def _unused(cohort: Cohort) -> Iterable[str]:
    for sample in cohort.samples:
        if sample.role in ("other", "excluded", "no_reads"):
            yield f"{sample.sample} ({sample.patient}, {_kind(sample)}): {sample.role}: {sample.reason}"
        elif "excluded" in sample.reason:
            yield f"{sample.sample} ({sample.patient}, {_kind(sample)}): {sample.reason}"
    for row in cohort.exclusions:
        if not row["sample"]:
            yield f"patient {row['patient']}, {row['analysis']}: {row['reason']}"


def _kind(sample: Sample) -> str:
    return f"{sample.assay} {sample.tissue}"


def notes(cohort: Cohort, settings: Settings) -> list[str]:
    """What is allowed but worth a look before days of computing."""
    said = []
    for patient in cohort.patients:
        last = max((r["date"] for r in cohort.assessments if r["patient"] == patient.patient), default=None)
        if last and patient.last_contact and last > patient.last_contact:
            said.append(f"{patient.patient}: assessed on {last}, after last_contact ({patient.last_contact})")
        tumour, normal = cohort.tumour(patient.patient, "wes"), cohort.normal(patient.patient)
        if tumour and normal and tumour.kit != normal.kit:
            said.append(
                f"{patient.patient}: tumour and normal of different kits ({tumour.kit}, {normal.kit})"
            )
    for sample in cohort.samples:
        if any(unit.umi for unit in sample.units):
            said.append(
                f"{sample.sample}: UMIs go into the read names; duplicates are marked by position alone"
            )
        if sample.role == "analysis" and sample.purity is None:
            what = "no cell fractions" if sample.entered else "it is estimated from the data alone"
            said.append(f"{sample.sample}: no purity given; {what}")
    for name, typical in (("serum_m_g_l", 10.0), ("kappa_mg_l", 10.0), ("lambda_mg_l", 10.0)):
        values = [r[name] for r in cohort.assessments if r[name]]
        if len(values) >= 5 and max(values) < typical:
            said.append(
                f"assessments: the largest {name} is {max(values):g}; is that the unit of the column?"
            )
    return said + clinical_notes.notes(cohort, settings)
