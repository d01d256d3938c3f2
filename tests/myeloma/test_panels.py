"""Records of panels, and the Mutect2 panel over three normals whose artefact is planted."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pysam
import pytest

from myeloma import files, inputs, panels, variants
from myeloma.panel_files import Panels
from myeloma.run import ToolError, command
from myeloma.settings import Settings


def normal(name, kit="k1"):
    return SimpleNamespace(sample=name, kit=kit, tissue="normal")


@pytest.fixture
def made(tmp_path):
    """(change config) -> Panels of a run in tmp_path with the normals N1, N2, N3 of kit k1."""

    def make(kit=None, **options):
        values = {"kits": {"k1": {"targets": "t.bed"} | (kit or {})}, "panel": options, "reference": {}}
        normals = (normal("N1"), normal("N2"), normal("N3"), normal("M1", "k2"))
        return Panels(Settings(values, tmp_path, tmp_path), SimpleNamespace(wes_samples=normals))

    return make


@pytest.fixture
def record(tmp_path):
    """Write a record of a panel of kit k1 made of these members."""
    fai, bed, panel = tmp_path / "g.fa.fai", tmp_path / "t.bed", tmp_path / "p.hdf5"
    fai.write_text("chr1\t600\t6\t600\t601\n")
    bed.write_text("chr1\t100\t400\n")
    panel.write_text("panel")

    def write(kind, *members, left_out=(), **more):
        path = tmp_path / f"results/calls/panels/k1/{kind}.json"
        files_ = {"targets": str(bed), "fai": str(fai)} | more
        panels.write_record(str(path), "k1", members, [str(panel)], files_, {}, left_out)
        return path, files_

    return write


def names(samples):
    return [one.sample for one in samples]


def test_all_normals_of_the_kit_or_those_listed(made):
    assert names(made().normals("k1")) == ["N1", "N2", "N3"]
    assert names(made(normals=["N3", "N1", "M1"]).normals("k1")) == ["N1", "N3"]


def test_a_moved_project_keeps_its_given_panel_and_no_path_is_recorded(tmp_path, record):
    path, _ = record("copies", "N1", given_panel=str(tmp_path / "p.hdf5"))
    assert json.loads(Path(path).read_text())["given"] == "p.hdf5"
    assert str(tmp_path) not in Path(path).read_text()


def test_a_record_freezes_until_refresh_or_another_given_panel(made, record):
    assert not made().frozen("k1", "copies") and made().to_make("copies") == ["k1"]
    record("copies", "N1", "N2")
    assert made().frozen("k1", "copies") and made().to_make("copies") == []
    assert made().to_make("somatic") == ["k1"]
    assert made(refresh=True).to_make("copies") == ["k1"]
    assert made({"copy_number_panel": "/other.hdf5"}).to_make("copies") == ["k1"]
    record("copies", "N1", given_panel="/other.hdf5")
    assert made({"copy_number_panel": "/other.hdf5"}).frozen("k1", "copies")
    assert made().to_make("copies") == ["k1"], "the config gives it no longer"


def test_a_folder_of_its_own(made, tmp_path):
    assert made(folder="/shared/panels").path("k1", "copies.hdf5") == "/shared/panels/k1/copies.hdf5"
    assert made().targets() == ["results/calls/panels/k1/copies.json", "results/calls/panels/k1/somatic.json"]
    assert made({"panel_of_normals": "/p.vcf.gz"}).targets() == ["results/calls/panels/k1/copies.json"]


def test_the_check_names_who_is_not_in_it_and_who_left(made, record):
    record("copies", "N1", "N2", left_out=["N3"])
    assert made().notes() == ["panel copies of kit k1 is frozen with 2 normals"]
    record("copies", "N1", "GONE")
    (said,) = made().notes()
    assert (
        "not in it: N2, N3" in said and "no longer a normal of this run: GONE" in said and "refresh" in said
    )


def test_a_made_mutect2_panel_comes_after_the_kits_and_before_the_general_one(made, record, tmp_path):
    def panel_of(plan, **reference):
        (tmp_path / "pon.vcf.gz").touch()
        values = dict(plan.settings.values) | {"reference": reference}
        settings = Settings(values, tmp_path, tmp_path)
        cohort = SimpleNamespace(wes_samples=(), normal_of=lambda name: None)
        found = inputs.somatic_inputs(settings, cohort, SimpleNamespace(sample="T", kit="k1"))
        return found.get("panel_of_normals")

    general = {"panel_of_normals": "pon.vcf.gz"}
    assert panel_of(made()) is None
    assert panel_of(made(), **general) == "results/references/panel_of_normals.vcf.gz"
    record("somatic", "N1", "N2")
    assert panel_of(made(), **general) == "results/calls/panels/k1/somatic.vcf.gz"
    own = made({"panel_of_normals": "pon.vcf.gz"})
    assert panel_of(own, **general) == "results/references/kits/k1.panel_of_normals.vcf.gz"


def test_a_panel_of_other_targets_or_another_genome_is_refused(record, tmp_path):
    path, given = record("copies", "N1")
    panels.check(str(path), given)
    assert json.loads(path.read_text())["panel"] == files.digest(tmp_path / "p.hdf5")
    Path(given["targets"]).write_text("chr1\t100\t500\n")
    with pytest.raises(ToolError, match="kit k1 was made with other targets .*refresh: true"):
        panels.check(str(path), given)
    path, given = record("copies", "N1", given_panel=str(tmp_path / "p.hdf5"))
    panels.check(str(path), given)
    (tmp_path / "p.hdf5").write_text("another")
    with pytest.raises(ToolError, match="has changed since"):
        panels.check(str(path), given)


def test_the_header_of_the_calls_names_the_panel(tmp_path):
    panel = tmp_path / "p.vcf.gz"
    panel.write_text("sites")
    lines = ["##fileformat=VCFv4.2\n", "#CHROM\tPOS\n", "1\t2\n"]
    held = list(variants.with_panel(lines, str(panel)))
    assert held == [lines[0], f"##panel_of_normals={files.digest(panel)}\n", *lines[1:]]
    assert list(variants.with_panel(lines, ""))[1] == "##panel_of_normals=none\n"


def test_one_normal_is_no_panel(tmp_path):
    with pytest.raises(ToolError, match=r"kit k1: 1 normal\(s\)"):
        panels.make_somatic("k1", {"N1": "a.vcf.gz"}, {}, 0, {"vcf": str(tmp_path / "p.vcf.gz")}, 2000)


# Mutect2

ARTEFACT, SINGLE = 250, 320  # 0-based


def write_bam(path, sample, sequence, wrong, random):
    """80x of error-free reads of 100 bases; at `wrong` (position -> base) every sixth read is wrong."""
    header = {
        "HD": {"VN": "1.6", "SO": "coordinate"},
        "SQ": [{"SN": "chr1", "LN": len(sequence)}],
        "RG": [{"ID": "1", "SM": sample, "PL": "ILLUMINA", "LB": "l"}],
    }
    with pysam.AlignmentFile(str(path), "wb", header=header) as out:
        for number, start in enumerate(
            sorted(random.integers(0, len(sequence) - 100, 80 * len(sequence) // 100))
        ):
            bases = bytearray(sequence[start : start + 100])
            for place, base in wrong.items():
                if number % 6 == 0 and start <= place < start + 100:
                    bases[place - start] = base
            read = pysam.AlignedSegment(out.header)
            read.query_name, read.query_sequence = f"r{number}", bases.decode()
            read.reference_id, read.reference_start, read.cigar = 0, int(start), ((0, 100),)
            read.flag, read.mapping_quality = 16 * int(random.integers(2)), 60
            read.query_qualities = pysam.qualitystring_to_array("I" * 100)
            read.set_tag("RG", "1")
            out.write(read)
    pysam.index(str(path))


@pytest.mark.tools
def test_what_two_normals_share_is_in_the_panel_and_what_one_has_is_not(tmp_path, tools):
    tools("gatk", "bcftools", "samtools")
    random = np.random.default_rng(3)
    sequence = np.frombuffer(b"ACGT", dtype=np.uint8)[random.integers(0, 4, 600)].tobytes()
    fasta = tmp_path / "g.fa"
    fasta.write_text(f">chr1\n{sequence.decode()}\n")
    pysam.faidx(str(fasta))
    command(["samtools", "dict", "-o", tmp_path / "g.dict", fasta])
    (tmp_path / "t.bed").write_text("chr1\t150\t450\n")
    given = {"fasta": str(fasta), "fai": f"{fasta}.fai", "targets": str(tmp_path / "t.bed")}
    other = {65: 67, 67: 71, 71: 84, 84: 65}
    shared, lone = ({place: other[sequence[place]]} for place in (ARTEFACT, SINGLE))
    calls = {}
    for name, wrong in (("N1", shared), ("N2", shared | lone), ("N3", {})):
        write_bam(tmp_path / f"{name}.bam", name, sequence, wrong, random)
        calls[name] = str(tmp_path / f"{name}.vcf.gz")
        panels.call_normal(name, str(tmp_path / f"{name}.bam"), given, 50, calls[name], 2000)
    output = {"vcf": str(tmp_path / "panel.vcf.gz"), "record": str(tmp_path / "panel.json")}
    panels.make_somatic("k1", calls, given, 50, output, 2000)
    with pysam.VariantFile(output["vcf"]) as panel:
        assert [row.pos for row in panel] == [ARTEFACT + 1]
    record = json.loads(Path(output["record"]).read_text())
    assert record["members"] == ["N1", "N2", "N3"] and record["panel"] == files.digest(output["vcf"])
    assert str(tmp_path) not in command(["bcftools", "view", "-h", "--no-version", output["vcf"]])
