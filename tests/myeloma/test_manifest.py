"""Checksums and RO-Crate: known digests, named roots, every file described once."""

import hashlib
import json
from datetime import date

import pytest

from myeloma import manifest, privacy, tables
from myeloma.pseudonyms import Names


@pytest.fixture
def run(tmp_path):
    """A run folder with an input, reads, an output inside the crate and one outside."""
    for name in (
        "sheets/p.tsv",
        "fastq/a.fq",
        "results/export/x.maf",
        "results/export/cbioportal/m.txt",
        "results/r.html",
    ):
        path = tmp_path / "run" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "run"


def listed(run, hash_reads=False):
    roots = {"DIRECTORY": str(run), "PROJECT": str(run.parent / "project")}
    outputs = [run / "results/export/x.maf", run / "results/export/cbioportal", run / "results/r.html"]
    return manifest.checksums([run / "sheets/p.tsv"], [run / "fastq/a.fq"], outputs, roots, hash_reads), roots


def test_known_digest(tmp_path):
    (tmp_path / "abc").write_text("abc")  # FIPS 180-2, appendix B.1
    assert (
        manifest.sha256(tmp_path / "abc")
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_reads_are_hashed_only_when_asked(run):
    frame, _ = listed(run)
    reads = frame[frame["role"] == "reads"].iloc[0]
    assert reads["sha256"] == "" and reads["modified"] and reads["bytes"] == len("fastq/a.fq")
    frame, _ = listed(run, hash_reads=True)
    reads = frame[frame["role"] == "reads"].iloc[0]
    assert reads["sha256"] == hashlib.sha256(b"fastq/a.fq").hexdigest() and reads["modified"] == ""


def test_paths_stand_below_named_roots(run):
    frame, roots = listed(run)
    assert "DIRECTORY/results/export/cbioportal/m.txt" in set(frame["file"])
    assert manifest.rooted("/somewhere/else/genome.fa", roots) == "ELSEWHERE/genome.fa"
    config = {"reference": {"fasta": "/somewhere/else/genome.fa", "gtf": str(run / "g.gtf")}, "n": [1, "a/b"]}
    assert manifest.without_paths(config, roots) == {
        "reference": {"fasta": "ELSEWHERE/genome.fa", "gtf": "DIRECTORY/g.gtf"}, "n": [1, "a/b"],
    }  # fmt: skip


def test_the_crate_is_one_of_ro_crate_1_1(run, tmp_path):
    frame, _ = listed(run)
    about = {"name": "N", "description": "D", "date": "2025-01-01", "version": "1", "commit": "abc+",
             "tools": {"samtools": "1.16"}, "packages": {"numpy": "2"}}  # fmt: skip
    manifest.write(
        frame,
        manifest.crate(frame, about, {"a": 1}),
        {"crate": tmp_path / "c.json", "checksums": tmp_path / "c.tsv"},
    )
    made = json.loads((tmp_path / "c.json").read_text())
    by_id = {entity["@id"]: entity for entity in made["@graph"]}
    assert (
        len(by_id) == len(made["@graph"]) and made["@context"][0] == "https://w3id.org/ro/crate/1.1/context"
    )
    descriptor, root = by_id["ro-crate-metadata.json"], by_id["./"]
    assert descriptor["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"} and descriptor["about"] == {
        "@id": "./"
    }
    assert {"name", "description", "datePublished", "license"} <= root.keys()
    assert {part["@id"] for part in root["hasPart"]} == {"x.maf", "cbioportal/m.txt"}
    assert by_id["x.maf"]["@type"] == "File" and len(by_id["x.maf"]["sha256"]) == 64
    named = [i["@id"] for key in ("object", "result") for i in by_id["#run"][key]]
    assert set(named) <= by_id.keys() and len(named) == 6
    assert by_id["#workflow"]["identifier"] == "git abc+" and by_id["#program-samtools"]["version"] == "1.16"
    assert str(run) not in (tmp_path / "c.json").read_text() + (tmp_path / "c.tsv").read_text()
    tables.read(tmp_path / "c.tsv", tables.CHECKSUMS)


NAMED = Names(
    {"P01": "PAAA", "P10": "PBBB"}, {"P01_T": "SAAA"}, {"P01_T": "P01"},
    {"P01": date(2021, 3, 1), "P10": date(2021, 2, 10)},
)  # fmt: skip
ABOUT = {"name": "N", "description": "D", "date": "2025-01-01", "version": "1", "commit": "abc", "tools": {},
         "packages": {}}  # fmt: skip


def written(tmp_path, names):
    """Checksums and crate of one input, a FASTQ and a CRAM of P01_T and an output, with a patient in the config."""
    for name in (
        "patients.tsv",
        "P01_T_R1.fastq.gz",
        "results/alignments/P01_T.cram",
        "results/calls/P01.vcf",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "results/export").mkdir()
    listed = manifest.checksums(
        [tmp_path / "patients.tsv"], [tmp_path / "P01_T_R1.fastq.gz", tmp_path / "results/alignments/P01_T.cram"],
        [tmp_path / "results/calls/P01.vcf"], {"DIRECTORY": str(tmp_path)}, False,
    )  # fmt: skip
    (tmp_path / "results/alignments/P01_T.cram").unlink()  # no real one: the search would read its header
    config = {"trial": {"data_cut": "2024-01-31"},
              "safety": {"withdrawn_before_treatment": {"P10": "2021-02-20"}, "extra_cuts": ["2023-05-01"]},
              "list": [{"patient": "P01", "seen": "2021-03-03"}]}  # fmt: skip
    listed, config = manifest.outside(listed, names), manifest.config_outside(config, names)
    out = {"crate": tmp_path / "results/export/ro-crate-metadata.json",
           "checksums": tmp_path / "results/export/checksums.tsv"}  # fmt: skip
    manifest.write(listed, manifest.crate(listed, ABOUT, config), out)
    return tables.read(out["checksums"], tables.CHECKSUMS), out["crate"].read_text()


def test_no_id_and_no_date_of_a_patient_leaves_with_checksums_and_crate(tmp_path):
    listed, crate = written(tmp_path, NAMED)
    assert listed["file"].tolist() == [
        "DIRECTORY/patients.tsv", "DIRECTORY/results/calls/PAAA.vcf", "DIRECTORY/results/alignments/SAAA.cram",
    ]  # fmt: skip
    config = json.loads(next(e for e in json.loads(crate)["@graph"] if e["@id"] == "#config")["text"])
    assert config["safety"] == {
        "withdrawn_before_treatment": {"PBBB": "day 11"},
        "extra_cuts": ["2023-05-01"],
    }
    assert (
        config["list"] == [{"patient": "PAAA", "seen": "day 3"}]
        and config["trial"]["data_cut"] == "2024-01-31"
    )
    assert privacy.failures(privacy.scan(tmp_path / "results", [], {}, NAMED)) == []


def test_the_search_sees_checksums_and_crate(tmp_path):
    listed, _ = written(tmp_path, NAMED)
    path = tmp_path / "results/export/checksums.tsv"
    path.write_text(path.read_text() + "reads\tDIRECTORY/P01_T.cram\t1\t\t\n")
    said = privacy.failures(privacy.scan(tmp_path / "results", [], {}, NAMED))
    assert said == ["results/export/checksums.tsv: an id of the sheets (id)"]
    script = (manifest.Path(__file__).parents[2] / "workflow/scripts/export_manifest.py").read_text()
    assert script.index("manifest.write(") < script.index("privacy.scan(")


def test_ids_that_are_pseudonyms_already_keep_names_of_files_but_no_dates(tmp_path):
    names = Names({p: p for p in NAMED.patients}, {"P01_T": "P01_T"}, NAMED.patient_of, NAMED.starts)
    listed, crate = written(tmp_path, names)
    assert "DIRECTORY/P01_T_R1.fastq.gz" in listed["file"].tolist()
    assert '\\"P10\\": \\"day 11\\"' in crate and "2021-02-20" not in crate
