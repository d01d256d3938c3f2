"""The bill of materials is that of the locks as they stand."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
SCRIPT = PROJECT / "setup/sbom.py"
NEEDED = (
    "envs/requirements.txt",
    "envs/requirements-multiqc.txt",
    "envs/gatk/pom.xml",
    "setup/debian-packages.txt",
    "setup/sbom.py",
    "resources/conda_versions.tsv",
    "workflow/scripts/myeloma/report/templates/write-excel-file.min.js",
)


def made(project: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-I", project / "setup/sbom.py"], capture_output=True, text=True, check=True, cwd="/"
    )
    return done.stdout


@pytest.fixture(scope="module")
def bill():
    return json.loads((PROJECT / "docs/sbom.cdx.json").read_text())


def test_the_bill_is_that_of_the_locks():
    assert made(PROJECT) == (PROJECT / "docs/sbom.cdx.json").read_text(), (
        "a lock has changed: python setup/sbom.py > docs/sbom.cdx.json"
    )


@pytest.mark.parametrize("lock, old, new", [
    ("envs/requirements.txt", "pandas==2.3.3", "pandas==2.3.4"),
    ("envs/requirements.txt", "--hash=sha256:", "--hash=sha256:0"),
    ("setup/debian-packages.txt", "0.7.17", "0.7.18"),
    ("envs/gatk/pom.xml", "4.6.2.0</version>", "4.6.3.0</version>"),
    ("resources/conda_versions.tsv", "h577a1d6_1", "h577a1d6_2"),
    (NEEDED[-1], "use strict", "use  strict"),
])  # fmt: skip
def test_a_changed_lock_changes_the_bill(tmp_path, lock, old, new):
    for name in NEEDED:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / name, tmp_path / name)
    text = (tmp_path / lock).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / lock).write_text(text.replace(old, new, 1), encoding="utf-8")
    assert made(tmp_path) != (PROJECT / "docs/sbom.cdx.json").read_text()


def test_every_line_of_every_lock_is_in_it(bill):
    urls = {c["purl"] for c in bill["components"] if "purl" in c}
    assert {
        "pkg:maven/org.broadinstitute/gatk@4.6.2.0",
        "pkg:maven/com.esotericsoftware/kryo@4.0.2",
        "pkg:deb/debian/bwa@0.7.17?distro=debian-12",
        "pkg:deb/debian/ca-certificates?distro=debian-12",
        "pkg:conda/gatk4@4.6.2.0?build=py310hdfd78af_1&channel=bioconda",
        "pkg:npm/write-excel-file@4.1.1",
    } <= urls
    for lock in NEEDED[:2]:
        for line in (PROJECT / lock).read_text().splitlines():
            if "==" in line and not line.startswith(("#", " ")):
                name, version = line.split()[0].split("==")
                assert f"pkg:pypi/{name.lower()}@{version}" in urls
    debian = (PROJECT / "setup/debian-packages.txt").read_text().splitlines()
    assert sum(u.startswith("pkg:deb/") for u in urls) == sum(
        bool(line) and line[0] != "#" for line in debian
    )
    conda = (PROJECT / "resources/conda_versions.tsv").read_text().splitlines()
    assert sum(u.startswith("pkg:conda/") for u in urls) == len(conda) - 1


def test_the_form_is_that_of_cyclonedx(bill):
    """What the schema of CycloneDX 1.5 asks of the parts used here (https://cyclonedx.org/docs/1.5/json/)."""
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.5", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", bill["serialNumber"])
    refs = [c["bom-ref"] for c in bill["components"]]
    assert len(refs) == len(set(refs)) > 150
    for c in bill["components"]:
        assert c["type"] in ("application", "library", "file") and c["name"]
        assert c.keys() <= {"type", "bom-ref", "name", "version", "purl", "hashes", "licenses", "properties"}
        for found in c.get("hashes", []):
            assert found["alg"] == "SHA-256" and re.fullmatch(r"[0-9a-f]{64}", found["content"])
        assert all(p.keys() == {"name", "value"} for p in c.get("properties", []))


def test_nothing_of_this_machine_is_in_it():
    text = (PROJECT / "docs/sbom.cdx.json").read_text()
    assert str(PROJECT) not in text and str(Path.home()) not in text
