"""What the copy-number rules ask for in every combination of kit, normal and given panel."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from myeloma.copy_inputs import CopyPlan
from myeloma.settings import Settings


def sample(name, patient, tissue, kit="a", sex="", purity=None):
    return SimpleNamespace(sample=name, patient=patient, tissue=tissue, kit=kit, sex=sex, purity=purity)


@pytest.fixture
def plan(tmp_path):
    """Kit a has targets and normals, kit b a given panel, kit c no targets; P3's normal is of another kit."""
    kits = {"a": {"targets": "a.bed"}, "b": {"targets": "b.bed", "copy_number_panel": "/panel.hdf5"}, "c": {}}
    samples = (
        sample("T1", "P1", "tumour", purity=0.8),
        sample("N1", "P1", "normal", sex="male"),
        sample("T2", "P2", "tumour", "b"),
        sample("T3", "P3", "tumour"),
        sample("N3", "P3", "normal", "b"),
        sample("T4", "P4", "tumour", "c", purity=0.5),
    )
    by_name = {one.sample: one for one in samples}
    normals = {"T1": "N1", "T3": "N3"}
    cohort = SimpleNamespace(
        wes_samples=samples,
        dna_tumours=tuple(one for one in samples if one.tissue == "tumour"),
        sample=by_name.__getitem__,
        patient=lambda name: SimpleNamespace(sex="female"),
        normal_of=lambda name: by_name.get(normals.get(name)),
    )
    return CopyPlan(Settings({"kits": kits, "reference": {}}, Path(tmp_path), Path(tmp_path)), cohort)


def test_only_kits_with_targets_are_counted(plan):
    assert plan.kits() == ["a", "b"]
    assert [one.sample for one in plan.samples()] == ["T1", "N1", "T2", "T3", "N3"]
    assert plan.joined("purity.tsv") == [f"results/calls/copies/T{n}.purity.tsv" for n in (1, 2, 3)]


def test_a_tumour_without_targets_is_named_with_its_kit(plan):
    (row,) = plan.tumours_without_targets()
    assert (row["sample"], row["sorted_purity"]) == ("T4", 0.5) and "kit c" in row["reason"]


def test_alleles_of_a_normal_of_another_kit_are_not_compared(plan):
    assert plan.tumour_inputs("T1")["normal_alleles"] == "results/calls/copies/N1.alleles.tsv"
    assert "normal_alleles" not in plan.tumour_inputs("T3")
    assert [plan.describe(name)["mode"] for name in ("T1", "T2", "T3")] == [
        "tumour_normal",
        "tumour_only",
        "tumour_only",
    ]


def test_panel_of_the_cohort_or_as_given(plan):
    assert plan.panel_inputs("a") == {"counts": ["results/calls/copies/N1.counts.tsv"]}
    assert plan.panel_inputs("b")["given_panel"] == "/panel.hdf5"
    assert plan.kit_inputs("a") == {} and plan.tumour_inputs("T2")["given_panel"] == "/panel.hdf5"


def test_sex_of_the_sample_comes_before_that_of_the_patient(plan):
    assert plan.sexes("a") == {"N1": "male"}
    assert plan.describe("T1")["sex"] == "female"
