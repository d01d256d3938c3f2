"""What the rules of reads, alignments, expression and calls take in: files and values of a sample; no file is opened here."""

import os
import re
from collections.abc import Iterable
from typing import Any

from myeloma.cohort import Cohort, Sample
from myeloma.panel_files import Panels
from myeloma.settings import Settings

REFERENCES = "results/references"
RESOURCES = ("germline", "panel_of_normals", "common_sites")


def one_of(names: Iterable[Any]) -> str:
    """Pattern of a wildcard that may only be one of the names; none of them: matches nothing."""
    return "|".join(re.escape(str(name)) for name in names) or "(?!)"


def named(**given: Any) -> dict[str, Any]:
    """Named inputs without those that are not given, for unpack()."""
    return {name: value for name, value in given.items() if value}


def unit_values(sample: Sample) -> list[dict[str, str]]:
    """The units of a sample as plain dictionaries, for params."""
    names = ("library", "flowcell", "lane", "id", "fastq_1", "fastq_2", "bam", "umi")
    owner = {"patient": sample.patient, "sample": sample.sample}
    return [owner | {name: getattr(unit, name) for name in names} for unit in sample.units]


def sheet_values(sample: Sample) -> dict[str, Any]:
    """A row of samples.tsv as text and numbers, for params."""
    names = ("patient", "sample", "tissue", "role", "kit", "sex", "centre", "batch", "strandedness")
    day = sample.collection_date
    return {name: getattr(sample, name) for name in names} | {
        "collection_date": day.isoformat() if day else "",
        "rin": sample.rin,
        "purity": sample.purity,
    }


def entered_values(cohort: Cohort, sample: Sample) -> dict[str, Any]:
    """A sample that enters by tables: who it is, its name in the files and their paths, for params."""
    kinds = ("variants", "segments", "translocations", "counts", "callable")
    return {name: getattr(sample, name) for name in ("patient", "sample", "purity", "build", *kinds)} | {
        "name": sample.name_in_files or sample.sample,
        "sex": sample.sex or cohort.patient(sample.patient).sex,
    }


def entered_files(samples: Iterable[Sample], *kinds: str) -> list[str]:
    """Files of finished calls of the samples, each once."""
    paths = (getattr(sample, kind) for sample in samples for kind in kinds)
    return list(dict.fromkeys(filter(None, paths)))


def unit_files(sample: Sample) -> list[str]:
    """Every file of the units of a sample."""
    return [path for unit in sample.units for path in (unit.fastq_1, unit.fastq_2, unit.bam) if path]


def unit_sizes(sample: Sample) -> list[int]:
    """Bytes of each of the unit files, for params; -1 where it is not there.

    A file that was replaced and kept an older date (rsync -a, cp -p) is not newer than what was made of the first:
    its size tells.
    """
    return [os.path.getsize(path) if os.path.exists(path) else -1 for path in unit_files(sample)]


def targets_of(settings: Settings, sample: Sample) -> str:
    """The checked targets of a sample's kit; "" when none are known (then the whole FASTA is used)."""
    given = sample.kit and settings["kits"].get(sample.kit, {}).get("targets")
    return f"{REFERENCES}/kits/{sample.kit}.targets.bed" if given else ""


def somatic_inputs(settings: Settings, cohort: Cohort, tumour: Sample) -> dict[str, str]:
    """Named inputs of the somatic call of one tumour; what is not given is left out."""
    sides = {"tumour": tumour, "normal": cohort.normal_of(tumour.sample)}
    found = {side: sample for side, sample in sides.items() if sample}
    bams = {f"{side}_bam": f"results/alignments/{sample}.bam" for side, sample in found.items()}
    vcfs = {name: f"{REFERENCES}/{name}.vcf.gz" for name in RESOURCES if settings.has(name)}
    if tumour.kit and settings["kits"].get(tumour.kit, {}).get("panel_of_normals"):
        # a panel of the kit itself knows its artefacts better than the general one
        vcfs["panel_of_normals"] = f"{REFERENCES}/kits/{tumour.kit}.panel_of_normals.vcf.gz"
    elif made := Panels(settings, cohort).somatic_vcf(tumour.kit):
        vcfs["panel_of_normals"] = made
    return named(
        targets=targets_of(settings, tumour),
        # The regions are held against the FASTA; a slice of a genome without a kit has nothing to mask.
        regions=f"{REFERENCES}/regions.tsv" if targets_of(settings, tumour) else "",
        snpeff=f"{REFERENCES}/snpeff" if settings.has("gtf") else "",
        **bams,
        **{name.replace("bam", "bai"): f"{path}.bai" for name, path in bams.items()},
        **vcfs,
        **{f"{name}_index": f"{path}.tbi" for name, path in vcfs.items()},
    )


def somatic_names(cohort: Cohort, tumour: Sample) -> dict[str, str]:
    """Sample names in the BAM headers; normal is "" when there is none."""
    normal = cohort.normal_of(tumour.sample)
    return {"tumour": tumour.sample, "normal": normal.sample if normal else ""}


def identity_samples(cohort: Cohort) -> list[dict[str, str]]:
    """Every sample with reads, DNA then RNA: what the sheets say of its person, and its matched normal."""
    found = []
    for sample in (*cohort.wes_samples, *cohort.rna_samples):
        normal = cohort.normal_of(sample.sample)
        found.append(
            {name: getattr(sample, name) for name in ("patient", "sample", "assay", "tissue")}
            | {"sex": sample.sex or cohort.patient(sample.patient).sex}
            | {"normal": normal.sample if normal else ""}
        )
    return found


def rna_of(cohort: Cohort, patient: str) -> str:
    """The RNA sample of a patient that the analysis uses; "" when there is none."""
    found = cohort.tumour(patient, "rna")
    return found.sample if found else ""


def structural_inputs(settings: Settings, cohort: Cohort, tumour: Sample) -> dict[str, str]:
    """Named inputs of the structural variants of one tumour; what is not given is left out."""
    sides = {"tumour": tumour, "normal": cohort.normal_of(tumour.sample)}
    crams = {f"{side}_cram": f"results/alignments/{s}.cram" for side, s in sides.items() if s}
    crais = {name.replace("cram", "crai"): f"{path}.crai" for name, path in crams.items()}
    return named(targets=targets_of(settings, tumour), **crams, **crais)


def structural_sample(settings: Settings, cohort: Cohort, tumour: Sample) -> dict[str, Any]:
    """What the structural call needs to know of a tumour beside its files."""
    kit = settings["kits"].get(tumour.kit, {}) if tumour.kit else {}
    names = {"patient": tumour.patient, **somatic_names(cohort, tumour)}
    return names | {"ig_baits": bool(kit.get("ig_baits", False))}


def evidence_tracks(cohort: Cohort, patient: str) -> list[dict[str, str]]:
    """Samples whose reads stand behind the calls of a patient: sample, kind, path of the CRAM."""
    found = {
        "tumour DNA": cohort.tumour(patient, "wes"),
        "normal DNA": cohort.normal(patient),
        "tumour RNA": cohort.tumour(patient, "rna"),
    }
    return [
        {"sample": sample.sample, "kind": kind, "path": f"results/alignments/{sample.sample}.cram"}
        for kind, sample in found.items()
        if sample and not sample.entered
    ]
