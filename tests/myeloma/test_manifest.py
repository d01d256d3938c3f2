"""Checksums and RO-Crate: known digests, named roots, every file described once."""

import hashlib
import json

import pytest

from myeloma import manifest, tables


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
