"""A study folder of cBioPortal: meta and data files, case lists, gene panels.

Formats: docs.cbioportal.org/file-formats; what the validator refuses: scripts/importer/validateData.py of
cBioPortal/cbioportal-core (read 2026-11). One cBioPortal sample per patient stands for the tumour at the start of
treatment, DNA and RNA together (the samples of the analysis), so that one query spans both; every patient of
the flow diagram has one, sequenced or not.
"""

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from myeloma import flow, profiles, pseudonyms
from myeloma.given_checks import attribute_name
from myeloma.states import NOT_ASSESSABLE

#: OncoTree: plasma cell myeloma, as the public myeloma studies of cBioPortal have it.
CANCER_TYPE = ("pcm", "Plasma Cell Myeloma", "LimeGreen", "tissue")
#: reference.build -> genome of cBioPortal and name in MAF and structural variants.
GENOMES = {"GRCh38": "hg38", "hg38": "hg38", "hg19": "hg19", "b37": "hg19", "GRCh37": "hg19"}
BUILDS = {"hg19": "GRCh37", "hg38": "GRCh38"}
STATUS = {
    "OS": ("0:LIVING", "1:DECEASED"),
    "PFS": ("0:CENSORED", "1:PROGRESSED"),
    "TTP": ("0:CENSORED", "1:PROGRESSED"),
}
OLDEST = 89  # older ages leave as ">89" (45 CFR 164.514(b)(2), safe harbour)
YES = {True: "Yes", False: "No"}


class ExportError(ValueError):
    """The study cannot be written; the message says which setting is missing."""


@dataclass(frozen=True)
class Study:
    """What the folder is made of. `patients`: Patient objects as known at the cut; `given`: profiles.Given."""

    identifier: str
    name: str
    description: str
    genome: str
    patients: Sequence[Any]
    names: pseudonyms.Names
    seen: Mapping[str, pd.DataFrame]
    given: profiles.Given
    maf: pd.DataFrame
    dosing: pd.DataFrame
    subsequent: pd.DataFrame
    sample_of: Mapping[str, str] = field(default_factory=dict)


def genome_of(config: Mapping[str, Any]) -> str:
    """hg19 or hg38, by export.reference_genome or reference.build; raises ExportError for a build of one's own."""
    chosen = config["export"]["reference_genome"] or GENOMES.get(config["reference"]["build"], "")
    if chosen not in BUILDS:
        raise ExportError(
            f"cBioPortal knows hg19 and hg38, reference.build is {config['reference']['build']}: "
            "set export.reference_genome to the one whose chromosomes it follows"
        )
    return chosen


def sample_names(patients: Sequence[str], names: pseudonyms.Names) -> dict[str, str]:
    """Patient -> the one sample of cBioPortal."""
    return {patient: f"{names.patients[patient]}-baseline" for patient in patients}


# Tables as text


def tsv(frame: pd.DataFrame, missing: str = "") -> str:
    """Tab-separated with a header; text without tabs and line ends."""
    clean = frame.copy()
    for column in clean.columns:
        if clean[column].dtype == object:
            clean[column] = [v if not isinstance(v, str) else " ".join(v.split()) for v in clean[column]]
    return clean.to_csv(sep="\t", index=False, lineterminator="\n", na_rep=missing, quoting=3)


def meta(**fields: str) -> str:
    """A meta file: one `key: value` per line."""
    return "".join(f"{key}: {' '.join(str(value).split())}\n" for key, value in fields.items())


@dataclass(frozen=True)
class Attribute:
    """A clinical attribute: name on the page, what it is, STRING or NUMBER, priority in the study view."""

    shown: str
    meaning: str
    kind: str = "STRING"
    priority: int = 1


def clinical(rows: Sequence[Mapping[str, Any]], attributes: Mapping[str, Attribute]) -> str:
    """A clinical file: four lines of definitions, the header, the rows."""
    listed = list(attributes.values())
    lines = [
        "#" + "\t".join(a.shown for a in listed),
        "#" + "\t".join(a.meaning for a in listed),
        "#" + "\t".join(a.kind for a in listed),
        "#" + "\t".join(str(a.priority) for a in listed),
    ]
    return "\n".join(lines) + "\n" + tsv(pd.DataFrame(rows, columns=list(attributes)))


# Clinical


PATIENT = {
    "PATIENT_ID": Attribute("Patient", "Pseudonym"),
    "SEX": Attribute("Sex", "Sex"),
    "AGE": Attribute("Age", "Age at enrolment, years", "NUMBER"),
    "ISS": Attribute("ISS", "International Staging System at enrolment"),
    "HEAVY_CHAIN": Attribute("Heavy chain", "Heavy chain of the M-protein"),
    "LIGHT_CHAIN": Attribute("Light chain", "Light chain of the M-protein"),
    "PRIOR_LINES": Attribute("Prior lines", "Lines of therapy before enrolment", "NUMBER"),
    "QUALIFYING_ABNORMALITY": Attribute("Qualifying abnormality", "Adverse abnormality the patient was enrolled for"),
    "TREATED": Attribute("Treated", "Was a first dose recorded"),
    "BEST_RESPONSE": Attribute("Best confirmed response", "Best confirmed IMWG 2016 response", priority=8),
    "RESPONSE_GROUP": Attribute("Response group", "Early or poor responder by the rule of the trial", priority=9),
    "OS_STATUS": Attribute("Overall survival status", "Death of any cause", priority=7),
    "OS_MONTHS": Attribute("Overall survival (months)", "From C1D1 (enrolment where never treated)", "NUMBER", 7),
    "PFS_STATUS": Attribute("Progression-free status", "Confirmed progression or death of any cause", priority=6),
    "PFS_MONTHS": Attribute("Progression-free survival (months)", "From C1D1", "NUMBER", 6),
    "TTP_STATUS": Attribute("Time to progression status", "Confirmed progression or death from myeloma", priority=5),
    "TTP_MONTHS": Attribute("Time to progression (months)", "From C1D1", "NUMBER", 5),
}  # fmt: skip


def enrolled(study: Study) -> list[Any]:
    """Patients enrolled by the cut, in the order of the sheet."""
    inside = set(flow.members(study.seen["flow"], "enrolled"))
    return [p for p in study.patients if p.patient in inside]


def patient_rows(study: Study, rule_set: str) -> list[dict[str, Any]]:
    """One row per patient of the flow diagram."""
    response = study.seen["response"].set_index("patient")
    ends = study.seen["endpoints"]
    ends = ends[ends["rule_set"] == rule_set].set_index(["patient", "endpoint"])
    treated = set(flow.members(study.seen["flow"], "treated"))
    # a group that the comparison does not have, because the patient is excluded from it, is none here
    grouped = {p for analysis in flow.GROUP_OF for p in flow.members(study.seen["flow"], analysis)}
    rows = []
    for p in enrolled(study):
        answer = response.loc[p.patient] if p.patient in response.index else {}
        row = {
            "PATIENT_ID": study.names.patients[p.patient],
            "SEX": {"female": "Female", "male": "Male"}.get(p.sex, ""),
            "AGE": _age(p.age),
            "ISS": "" if p.iss is None else str(p.iss),
            "HEAVY_CHAIN": p.heavy_chain,
            "LIGHT_CHAIN": p.light_chain,
            "PRIOR_LINES": "" if p.prior_lines is None else str(p.prior_lines),
            "QUALIFYING_ABNORMALITY": p.qualifying_abnormality,
            "TREATED": YES[p.patient in treated or p.c1d1 is not None],
            "BEST_RESPONSE": answer.get("best_confirmed_response", ""),
            "RESPONSE_GROUP": answer.get("group", "") if p.patient in grouped else "",
        }
        for name, words in STATUS.items():
            row |= _survival(ends, p.patient, name, words)
        rows.append(row)
    return rows


def _age(age: float | None) -> str:
    if age is None:
        return ""
    return f">{OLDEST}" if age > OLDEST else f"{age:g}"


def _survival(ends: pd.DataFrame, patient: str, name: str, words: tuple[str, str]) -> dict[str, str]:
    blank = {f"{name}_STATUS": "", f"{name}_MONTHS": ""}
    if (patient, name) not in ends.index:
        return blank
    row = ends.loc[(patient, name)]
    if pd.isna(row["event"]) or pd.isna(row["months"]):
        return blank
    return {f"{name}_STATUS": words[int(row["event"])], f"{name}_MONTHS": f"{row['months']:.3f}"}


SAMPLE = {
    "SAMPLE_ID": Attribute("Sample", "Tumour at the start of treatment: DNA and RNA"),
    "PATIENT_ID": Attribute("Patient", "Pseudonym"),
    "CANCER_TYPE": Attribute("Cancer type", "Cancer type"),
    "CANCER_TYPE_DETAILED": Attribute("Cancer type detailed", "OncoTree name"),
    "ONCOTREE_CODE": Attribute("OncoTree code", "OncoTree code"),
    "SAMPLE_TYPE": Attribute("Sample type", "When it was taken"),
    "SOMATIC_STATUS": Attribute("Somatic status", "With a germline normal of the patient or without"),
    "DNA_SAMPLE": Attribute("DNA sample", "Pseudonym of the exome sample"),
    "RNA_SAMPLE": Attribute("RNA sample", "Pseudonym of the RNA sample"),
    "DNA_USABLE": Attribute("DNA usable", "Passed the gates; No: nothing of it is in the profiles"),
    "RNA_USABLE": Attribute("RNA usable", "Passed the gates; No: nothing of it is in the profiles"),
    "DNA_COLLECTION_DAY": Attribute("DNA collection day", "Days from C1D1", "NUMBER"),
    "RNA_COLLECTION_DAY": Attribute("RNA collection day", "Days from C1D1", "NUMBER"),
    "TUMOR_PURITY": Attribute("Purity", "Share of tumour cells in the DNA", "NUMBER"),
    "PLOIDY": Attribute("Ploidy", "Mean copies of the tumour genome", "NUMBER"),
}  # fmt: skip


def sample_attributes(study: Study, primary: Sequence[str]) -> dict[str, Attribute]:
    """The attributes of a sample, with one for each abnormality: present, absent or not_assessable."""
    made = dict(SAMPLE)
    for name in sorted(set(study.seen["abnormalities"]["abnormality"])):
        key = attribute_name(name)
        if key in made:
            raise ExportError(
                f"two abnormalities or attributes are called {key}: rename {name} in config abnormalities or in the sheet calls"
            )
        meaning = f"{name}: present, absent or not_assessable"
        made[key] = Attribute(name, meaning, priority=4 if name in primary else 0)
    return made


def sample_rows(study: Study) -> list[dict[str, Any]]:
    """One row per patient of the flow diagram."""
    chosen = study.seen["samples"][study.seen["samples"]["role"] == "analysis"]
    of = {(r.patient, r.assay): r for r in chosen.itertuples()}
    normals = set(study.seen["samples"].query("role == 'matched_normal'")["patient"])
    usable = {assay: set(flow.members(study.seen["flow"], assay)) for assay in ("dna", "rna")}
    purity = study.seen["purity"].set_index("sample")
    calls = study.seen["abnormalities"]
    states = {p: dict(zip(r["abnormality"], r["state"], strict=True)) for p, r in calls.groupby("patient")}
    rows = []
    for p in enrolled(study):
        dna, rna = of.get((p.patient, "wes")), of.get((p.patient, "rna"))
        measured = purity.loc[dna.sample] if dna is not None and dna.sample in purity.index else {}
        row = {
            "SAMPLE_ID": study.sample_of[p.patient],
            "PATIENT_ID": study.names.patients[p.patient],
            "CANCER_TYPE": "Mature B-Cell Neoplasms",
            "CANCER_TYPE_DETAILED": CANCER_TYPE[1],
            "ONCOTREE_CODE": CANCER_TYPE[0].upper(),
            "SAMPLE_TYPE": "Start of treatment" if dna or rna else "Not sequenced",
            "SOMATIC_STATUS": ("Matched" if p.patient in normals else "Unmatched") if dna else "",
            "DNA_SAMPLE": study.names.samples[dna.sample] if dna else "",
            "RNA_SAMPLE": study.names.samples[rna.sample] if rna else "",
            "DNA_USABLE": YES[p.patient in usable["dna"]],
            "RNA_USABLE": YES[p.patient in usable["rna"]],
            "DNA_COLLECTION_DAY": _from_start(study, dna.collection_date if dna else "", p.patient),
            "RNA_COLLECTION_DAY": _from_start(study, rna.collection_date if rna else "", p.patient),
            "TUMOR_PURITY": _number(measured.get("purity")),
            "PLOIDY": _number(measured.get("ploidy")),
        }
        rows.append(row | {attribute_name(n): s for n, s in states.get(p.patient, {}).items()})
    return rows


def _number(value: Any) -> str:
    return "" if value is None or pd.isna(value) else f"{value:.4g}"


def _from_start(study: Study, day: Any, patient: str) -> str:
    """Days from C1D1, as text: C1D1 is 0."""
    found = study.names.day(day, patient)
    return "" if found is None else str(found - 1)


# Timelines


TIMELINE = ("PATIENT_ID", "START_DATE", "STOP_DATE", "EVENT_TYPE")


def timelines(study: Study) -> dict[str, pd.DataFrame]:
    """name -> timeline: treatment, response, laboratory, specimen, status. Days from C1D1 (C1D1 = 0)."""
    inside = {p.patient for p in enrolled(study)}
    made = {
        "treatment": [*_doses(study), *_subsequent(study)],
        "response": _responses(study),
        "laboratory": _markers(study),
        "specimen": _specimens(study),
        "status": _status(study),
    }
    return {
        name: _timeline(study, [r for r in rows if r["patient"] in inside]) for name, rows in made.items()
    }


def _timeline(study: Study, rows: list[dict[str, Any]]) -> pd.DataFrame:
    made = []
    for row in rows:
        start = _from_start(study, row["start"], row["patient"])
        if not start:
            continue
        more = {key: value for key, value in row.items() if key.isupper()}
        stop = _from_start(study, row.get("stop") or "", row["patient"])
        made.append(
            {"PATIENT_ID": study.names.patients[row["patient"]], "START_DATE": start, "STOP_DATE": stop}
            | more
        )
    frame = pd.DataFrame(made)
    first = [c for c in TIMELINE if c in frame]
    return frame[[*first, *(c for c in frame.columns if c not in first)]] if len(frame) else frame


def _doses(study: Study) -> list[dict[str, Any]]:
    """One row per patient, drug and cycle: first and last day with a dose, mg taken."""
    if not len(study.dosing):
        return []
    taken = study.dosing[study.dosing["dose_mg"] > 0]
    rows = []
    for (patient, drug, cycle), part in taken.groupby(["patient", "drug", "cycle"], sort=True):
        rows.append(
            {
                "patient": patient, "start": min(part["date"]), "stop": max(part["date"]), "EVENT_TYPE": "TREATMENT",
                "TREATMENT_TYPE": "Medical Therapy", "SUBTYPE": "Trial", "AGENT": str(drug).capitalize(),
                "CYCLE": f"{cycle:.0f}", "DOSE_MG": f"{part['dose_mg'].sum():g}", "DOSES": str(len(part)),
            }
        )  # fmt: skip
    return rows


def _subsequent(study: Study) -> list[dict[str, Any]]:
    """Therapy after the trial's by its kind; the regimen is free text and stays."""
    return [
        {
            "patient": r["patient"], "start": r["start_date"], "stop": r["end_date"], "EVENT_TYPE": "TREATMENT",
            "TREATMENT_TYPE": "Medical Therapy", "SUBTYPE": "Subsequent",
            "AGENT": f"Subsequent therapy ({r['kind'] or 'kind not given'})", "CYCLE": "", "DOSE_MG": "", "DOSES": "",
        }
        for r in study.subsequent.to_dict("records")
    ]  # fmt: skip


def _responses(study: Study) -> list[dict[str, Any]]:
    return [
        {
            "patient": r["patient"], "start": r["date"], "EVENT_TYPE": "RESPONSE", "RESULT": r["level"],
            "CONFIRMED_SO_FAR": r["confirmed_level"],
        }
        for r in study.seen["visits"].to_dict("records")
        if r["level"] != "baseline"
    ]  # fmt: skip


def _markers(study: Study) -> list[dict[str, Any]]:
    return [
        {
            "patient": r["patient"], "start": r["date"], "EVENT_TYPE": "LAB_TEST", "TEST": r["marker"],
            "RESULT": f"{r['value']:g}", "UNIT": r["unit"],
        }
        for r in study.seen["markers"].to_dict("records")
    ]  # fmt: skip


def _specimens(study: Study) -> list[dict[str, Any]]:
    rows = study.seen["samples"]
    rows = rows[(rows["tissue"] == "tumour") & (rows["role"] == "analysis")]
    return [
        {
            "patient": r["patient"], "start": r["collection_date"], "EVENT_TYPE": "SPECIMEN",
            "SAMPLE_ID": study.sample_of[r["patient"]],
            "SPECIMEN_TYPE": {"wes": "DNA (exome)", "rna": "RNA"}[r["assay"]],
        }
        for r in rows.to_dict("records")
        if r["patient"] in study.sample_of
    ]  # fmt: skip


def _status(study: Study) -> list[dict[str, Any]]:
    made = [
        {"patient": r["patient"], "start": r["progression_date"], "EVENT_TYPE": "STATUS", "STATUS": "Confirmed progression"}
        for r in study.seen["response"].to_dict("records")
        if r["progression_date"]
    ]  # fmt: skip
    for p in enrolled(study):
        if p.death_date:
            made.append(
                {"patient": p.patient, "start": p.death_date, "EVENT_TYPE": "STATUS", "STATUS": "Death"}
            )
    return made


# Profiles


def build(study: Study, config: Mapping[str, Any]) -> dict[str, str]:
    """Path in the folder -> content of every file of the study."""
    head = {"cancer_study_identifier": study.identifier}
    primary = config["comparison"]["primary_family"]
    files_ = {
        "meta_study.txt": meta(
            type_of_cancer=CANCER_TYPE[0], **head, name=study.name[:255], description=study.description[:1024],
            reference_genome=study.genome,
        ),
        "meta_cancer_type.txt": meta(
            genetic_alteration_type="CANCER_TYPE", datatype="CANCER_TYPE", data_filename="cancer_type.txt"
        ),
        "cancer_type.txt": "\t".join(CANCER_TYPE) + "\n",
        "meta_clinical_patient.txt": _clinical_meta(head, "PATIENT_ATTRIBUTES", "data_clinical_patient.txt"),
        "data_clinical_patient.txt": clinical(patient_rows(study, config["endpoints"]["rule_set"]), PATIENT),
        "meta_clinical_sample.txt": _clinical_meta(head, "SAMPLE_ATTRIBUTES", "data_clinical_sample.txt"),
        "data_clinical_sample.txt": clinical(sample_rows(study), sample_attributes(study, primary)),
    }  # fmt: skip
    for name, frame in timelines(study).items():
        if len(frame):
            data = f"data_timeline_{name}.txt"
            files_[f"meta_timeline_{name}.txt"] = _clinical_meta(head, "TIMELINE", data)
            files_[data] = tsv(frame)
    lists = {"all": [study.sample_of[p.patient] for p in enrolled(study)]}
    for part in (_mutation_files, _copy_files, _structural_files, _expression_files):
        made, more = part(study, head)
        files_ |= made
        lists |= more
    return files_ | _case_lists(study, lists)


def _clinical_meta(head: Mapping[str, str], kind: str, data: str) -> str:
    return meta(**head, genetic_alteration_type="CLINICAL", datatype=kind, data_filename=data)


def _profile(head, kind, datatype, stable_id, name, description, data, shown="true", **more) -> str:
    return meta(
        **head, genetic_alteration_type=kind, datatype=datatype, stable_id=stable_id, **more,
        show_profile_in_analysis_tab=shown, profile_name=name, profile_description=description, data_filename=data,
    )  # fmt: skip


Part = tuple[dict[str, str], dict[str, list[str]]]


def _mutation_files(study: Study, head) -> Part:
    panels, of = profiles.panels(study.given, study.maf)
    # a sample in which no gene could be told mutated or not is not a sequenced one
    chosen = [sample for sample, panel in of.items() if panel != "NA"]
    if not chosen:
        return {}, {}
    matrix = pd.DataFrame([{"SAMPLE_ID": s, "mutations": of[s]} for s in chosen])
    variants = study.maf[study.maf["Tumor_Sample_Barcode"].isin(chosen)]
    made = {
        "meta_mutations.txt": _profile(
            head, "MUTATION_EXTENDED", "MAF", "mutations", "Mutations",
            "Somatic variants of tumour exomes that pass every filter; without a germline normal only hotspots and "
            "truncated tumour suppressors. A gene whose bases could not show a clonal variant is not in the sample's panel"
            + _lean(study, variants, len(of) - len(chosen)),
            "data_mutations.txt",
        ),
        "data_mutations.txt": tsv(variants),
        "meta_gene_panel_matrix.txt": meta(
            **head, genetic_alteration_type="GENE_PANEL_MATRIX", datatype="GENE_PANEL_MATRIX",
            data_filename="data_gene_panel_matrix.txt",
        ),
        "data_gene_panel_matrix.txt": tsv(matrix),
    }  # fmt: skip
    for panel, genes in panels.items():
        made[f"gene_panels/data_gene_panel_{panel}.txt"] = (
            f"stable_id: {panel}\ndescription: Genes in which a mutation could be seen, {len(genes)} genes\n"
            "gene_list: " + "\t".join(genes) + "\n"
        )
    return made, {"sequenced": chosen}


def _lean(study: Study, variants: pd.DataFrame, unknown: int) -> str:
    """What makes a frequency of mutations too high, and who is not in the profile."""
    poor = profiles.without_power(study.given, variants)
    told = (
        f", unless one was found in it (here {poor} times): the frequency of such a gene is too high, because those without "
        "power and without a mutation are not counted."
    )
    if not unknown:
        return told
    return told + (
        f" Not in this profile: {unknown} sequenced samples of which it is not known in which genes a mutation could be seen; "
        "their mutations are in somatic.maf.gz."
    )


def _copy_files(study: Study, head) -> Part:
    segments = profiles.segments(study.given)
    made, lists = {}, {}
    if len(segments):
        made["meta_cna_seg.txt"] = meta(
            **head, genetic_alteration_type="COPY_NUMBER_ALTERATION", datatype="SEG", reference_genome_id=study.genome,
            description="Segments of tumour exomes: median log2 copy ratio", data_filename="data_cna.seg",
        )  # fmt: skip
        made["data_cna.seg"] = tsv(segments)
    discrete, ratio = profiles.copies_by_gene(study.given)
    names = list(discrete.columns)
    if len(discrete) and names:
        limits = study.given.rules["copy_number"]
        made["meta_cna.txt"] = _profile(
            head, "COPY_NUMBER_ALTERATION", "DISCRETE", "cna", "Copy number by gene",
            "-2 no copy left, -1 fewer, 0 as unchanged, 1 one more, 2 two more or beyond "
            f"(copy_number.amp_copies {limits['amp_copies']}); a change in fewer than "
            f"{limits['min_clonal_fraction']:.0%} of the tumour cells counts as none. NA: not assessable, not unchanged.",
            "data_cna.txt",
        )  # fmt: skip
        made["data_cna.txt"] = _matrix(discrete)
        made["meta_log2_cna.txt"] = _profile(
            head, "COPY_NUMBER_ALTERATION", "LOG2-VALUE", "log2CNA", "Log2 copy ratio by gene",
            "Median log2 copy ratio of the segment that covers the gene, not corrected for purity",
            "data_log2_cna.txt", shown="false",
        )  # fmt: skip
        made["data_log2_cna.txt"] = _matrix(ratio)
        lists["cna"] = names
    return made, lists


def _matrix(frame: pd.DataFrame) -> str:
    whole = frame.copy()
    whole.insert(0, "Hugo_Symbol", frame.index)
    return tsv(whole, "NA")


def _structural_files(study: Study, head) -> Part:
    able = {p for assay in ("dna", "rna") for p in flow.members(study.seen["flow"], assay)}
    calls = study.seen["translocations"]
    able |= set(calls.loc[calls["state"] != NOT_ASSESSABLE, "patient"])
    sample_of = {p: s for p, s in study.sample_of.items() if p in able}
    rows = profiles.structural(study.given, sample_of)
    if not sample_of:
        return {}, {}
    made = {
        "meta_sv.txt": _profile(
            head, "STRUCTURAL_VARIANT", "SV", "structural_variants", "Structural variants",
            "Translocations adjudicated from DNA, RNA, expression and FISH (the votes are in the event), and further "
            "junctions of DNA and RNA. A translocation without a row may be absent or not assessable: see the sample attributes.",
            "data_sv.txt",
        ),
        "data_sv.txt": tsv(rows),
    }  # fmt: skip
    return made, {"sv": list(sample_of.values())}


def _expression_files(study: Study, head) -> Part:
    values = profiles.expression(study.given)
    if not len(values) or not len(values.columns):
        return {}, {}
    made = {
        "meta_mrna_seq_tpm.txt": _profile(
            head, "MRNA_EXPRESSION", "CONTINUOUS", "mrna_seq_tpm", "mRNA expression (TPM)",
            "Transcripts per million, summed by gene symbol", "data_mrna_seq_tpm.txt", shown="false",
        ),
        "data_mrna_seq_tpm.txt": _matrix(values),
        "meta_mrna_seq_tpm_zscores.txt": _profile(
            head, "MRNA_EXPRESSION", "Z-SCORE", "mrna_seq_tpm_all_sample_Zscores", "mRNA expression z-scores (all samples)",
            f"z of log2(TPM + 1) against all {len(values.columns)} samples with usable RNA of this study, not against "
            "diploid or normal samples. NA: the gene does not vary.",
            "data_mrna_seq_tpm_zscores.txt", source_stable_id="mrna_seq_tpm",
        ),
        "data_mrna_seq_tpm_zscores.txt": _matrix(profiles.z_scores(values)),
    }  # fmt: skip
    return made, {"rna_seq_mrna": list(values.columns)}


LISTS = {
    "all": ("All samples", "all_cases_in_study"),
    "sequenced": ("Samples with mutation data", "all_cases_with_mutation_data"),
    "cna": ("Samples with copy-number data", "all_cases_with_cna_data"),
    "cnaseq": ("Samples with mutation and copy-number data", "all_cases_with_mutation_and_cna_data"),
    "rna_seq_mrna": ("Samples with mRNA data (RNA-seq)", "all_cases_with_mrna_rnaseq_data"),
    "sv": ("Samples with structural variant data", "all_cases_with_sv_data"),
    "3way_complete": ("Complete samples", "all_cases_with_mutation_and_cna_and_mrna_data"),
}


def _case_lists(study: Study, lists: dict[str, list[str]]) -> dict[str, str]:
    """Case lists; one that would be empty is left out."""

    def both(*names: str) -> list[str]:
        sets = [set(lists.get(name, ())) for name in names]
        return [s for s in lists["all"] if all(s in part for part in sets)]

    lists = {
        **lists,
        "cnaseq": both("sequenced", "cna"),
        "3way_complete": both("sequenced", "cna", "rna_seq_mrna"),
    }
    return {
        f"case_lists/cases_{name}.txt": meta(
            cancer_study_identifier=study.identifier, stable_id=f"{study.identifier}_{name}", case_list_name=title,
            case_list_description=f"{title} ({len(lists[name])} samples)", case_list_category=category,
        )
        + "case_list_ids: " + "\t".join(lists[name]) + "\n"
        for name, (title, category) in LISTS.items()
        if lists.get(name)
    }  # fmt: skip


def write(content: Mapping[str, str], folder: str | os.PathLike) -> None:
    """Write the folder whole: beside it first, then in its place."""
    target = Path(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    private = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        for name, text in content.items():
            path = private / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        private.chmod(0o755)
        if target.exists():
            shutil.rmtree(target)
        private.rename(target)
    finally:
        shutil.rmtree(private, ignore_errors=True)
