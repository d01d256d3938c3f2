"""Inputs of the rules: what is not given is left out, nothing is guessed."""

import re
from pathlib import Path

from myeloma import inputs
from myeloma.cohort import Cohort, Patient, Sample, Unit
from myeloma.settings import Settings

TUMOUR = Sample("T1", "P1", "wes", "tumour", kit="k", role="analysis")
NORMAL = Sample("N1", "P1", "wes", "normal", kit="k", role="matched_normal")
ALONE = Sample("T2", "P2", "wes", "tumour", kit="bare", role="analysis")
COHORT = Cohort((Patient("P1"), Patient("P2")), (TUMOUR, NORMAL, ALONE))


def settings(**reference):
    kits = {"k": {"targets": "t.bed"}, "bare": {"targets": ""}}
    return Settings({"reference": reference, "kits": kits}, Path("/project"), Path("/work"))


def test_a_pair_with_every_resource():
    made = inputs.somatic_inputs(settings(gtf="g.gtf", germline="g.vcf.gz"), COHORT, TUMOUR)
    assert made == {
        "tumour_bam": "results/alignments/T1.bam",
        "tumour_bai": "results/alignments/T1.bam.bai",
        "normal_bam": "results/alignments/N1.bam",
        "normal_bai": "results/alignments/N1.bam.bai",
        "regions": "results/references/regions.tsv",
        "targets": "results/references/kits/k.targets.bed",
        "snpeff": "results/references/snpeff",
        "germline": "results/references/germline.vcf.gz",
        "germline_index": "results/references/germline.vcf.gz.tbi",
    }
    assert inputs.somatic_names(COHORT, TUMOUR) == {"tumour": "T1", "normal": "N1"}


def test_tumour_only_without_anything_else():
    assert inputs.somatic_inputs(settings(), COHORT, ALONE) == {
        "tumour_bam": "results/alignments/T2.bam",
        "tumour_bai": "results/alignments/T2.bam.bai",
    }
    assert inputs.somatic_names(COHORT, ALONE) == {"tumour": "T2", "normal": ""}


def test_wildcards_match_whole_escaped_names_or_nothing():
    pattern = inputs.one_of(["a.b", "c-d"])
    assert re.fullmatch(pattern, "a.b") and not re.fullmatch(pattern, "axb")
    assert not re.fullmatch(inputs.one_of([]), "") and not re.search(inputs.one_of([]), "anything")


def test_units_become_plain_values():
    unit = Unit("T1", "L", "F", "2", "r1.fq.gz", "r2.fq.gz", "", "")
    sample = Sample("T1", "P1", "wes", "tumour", units=(unit,))
    (values,) = inputs.unit_values(sample)
    assert values["id"] == "L.F.2" and values["patient"] == "P1" and values["bam"] == ""
    assert inputs.unit_files(sample) == ["r1.fq.gz", "r2.fq.gz"]


def test_sizes_tell_a_replaced_file_and_a_missing_one(tmp_path):
    (tmp_path / "r1.fq.gz").write_bytes(b"12345")
    unit = Unit("T1", "L", "F", "2", str(tmp_path / "r1.fq.gz"), str(tmp_path / "r2.fq.gz"), "", "")
    assert inputs.unit_sizes(Sample("T1", "P1", "wes", "tumour", units=(unit,))) == [5, -1]


def test_the_panel_of_the_kit_goes_before_the_general_one():
    given = settings(panel_of_normals="all.vcf.gz")
    assert inputs.somatic_inputs(given, COHORT, TUMOUR)["panel_of_normals"].endswith(
        "/panel_of_normals.vcf.gz"
    )
    given.values["kits"]["k"]["panel_of_normals"] = "kit.vcf.gz"
    made = inputs.somatic_inputs(given, COHORT, TUMOUR)
    assert made["panel_of_normals"] == "results/references/kits/k.panel_of_normals.vcf.gz"
    assert made["panel_of_normals_index"] == f"{made['panel_of_normals']}.tbi"
