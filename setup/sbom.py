"""The bill of materials of the workflow as CycloneDX 1.5, read from the locks: python setup/sbom.py > docs/sbom.cdx.json

Nothing is asked over the network and nothing of this machine is looked at, so the same locks give the same bytes.
"""

import csv
import hashlib
import json
import re
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

PROJECT = Path(__file__).resolve().parents[1]
PYTHON_LOCKS = ("envs/requirements.txt", "envs/requirements-multiqc.txt")
LOCKS = (*PYTHON_LOCKS, "setup/debian-packages.txt", "envs/gatk/pom.xml", "resources/conda_versions.tsv")
LIBRARY = "workflow/scripts/myeloma/report/templates/write-excel-file.min.js"
LIBRARY_VERSION = "4.1.1"
MAVEN = "{http://maven.apache.org/POM/4.0.0}"


def component(kind: str, purl: str, name: str, version: str, *said: tuple[str, str]) -> dict:
    """One component; `said` are properties (name, value). A version that the lock leaves open is left out."""
    made = {"type": kind, "bom-ref": purl, "name": name, "purl": purl}
    if version:
        made["version"] = version
    if said:
        made["properties"] = [{"name": f"myeloma:{key}", "value": value} for key, value in said]
    return made


def python_packages(project: Path) -> Iterator[dict]:
    """Packages of the Python locks; one that both hold in one version names both."""
    found: dict[tuple[str, str], list[str]] = {}
    for lock in PYTHON_LOCKS:
        for name, version in re.findall(r"(?m)^([\w.-]+)==([^\s;\\]+)", (project / lock).read_text()):
            found.setdefault((re.sub(r"[-_.]+", "-", name).lower(), version), []).append(lock)
    for (name, version), locks in found.items():
        purl = f"pkg:pypi/{name}@{quote(version)}"
        yield component("library", purl, name, version, *(("lock", lock) for lock in locks))


def debian_packages(project: Path) -> Iterator[dict]:
    """Debian's packages; the version is that of the tool: Debian's own revision moves with its security updates."""
    for line in (project / "setup/debian-packages.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, version, use = line.split("\t")
            version = "" if version == "any" else version
            at = f"@{quote(version)}" if version else ""
            said = (("use", use), ("lock", "setup/debian-packages.txt"))
            yield component(
                "application", f"pkg:deb/debian/{name}{at}?distro=debian-12", name, version, *said
            )


def conda_packages(project: Path) -> Iterator[dict]:
    """Tools of the conda environments, with the channel and build that the evidence names."""
    with open(project / "resources/conda_versions.tsv", encoding="utf-8") as handle:
        for row in csv.DictReader(handle, delimiter="\t"):
            where = f"build={quote(row['build'])}&channel={row['channel']}"
            purl = f"pkg:conda/{row['tool']}@{row['version']}?{where}"
            said = ("lock", "resources/conda_versions.tsv")
            yield component("application", purl, row["tool"], row["version"], said)


def maven_packages(project: Path) -> Iterator[dict]:
    """GATK and the libraries that its pom holds to a version."""
    tree = ElementTree.parse(project / "envs/gatk/pom.xml")
    for found in tree.iter():
        if found.tag.removeprefix(MAVEN) == "dependency":
            said = {part.tag.removeprefix(MAVEN): (part.text or "").strip() for part in found}
            purl = f"pkg:maven/{said['groupId']}/{said['artifactId']}@{said['version']}"
            yield component(
                "library", purl, said["artifactId"], said["version"], ("lock", "envs/gatk/pom.xml")
            )


def own_files(project: Path) -> Iterator[dict]:
    """What lies in the project itself: the library of the report's workbooks, and the locks by their digests."""
    purl = f"pkg:npm/write-excel-file@{LIBRARY_VERSION}"
    yield component("library", purl, "write-excel-file", LIBRARY_VERSION, ("file", LIBRARY)) | {
        "hashes": [digest(project / LIBRARY)],
        "licenses": [{"license": {"id": "MIT"}}],
    }
    for lock in LOCKS:
        yield {"type": "file", "bom-ref": f"file:{lock}", "name": lock, "hashes": [digest(project / lock)]}


def digest(path: Path) -> dict[str, str]:
    """SHA-256 of a file, as CycloneDX writes it."""
    return {"alg": "SHA-256", "content": hashlib.sha256(path.read_bytes()).hexdigest()}


def bill(project: Path = PROJECT) -> dict:
    """The whole bill; its serial number follows from what it lists."""
    makers = (python_packages, debian_packages, conda_packages, maven_packages, own_files)
    parts = sorted((c for make in makers for c in make(project)), key=lambda c: c["bom-ref"])
    root = {"type": "application", "bom-ref": "myeloma", "name": "myeloma"}
    of_all = json.dumps(parts, sort_keys=True)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, of_all)}",
        "version": 1,
        "metadata": {"component": root},
        "components": parts,
        # what conda, Debian and Maven bring along with the named tools is solved where they are installed
        "compositions": [{"aggregate": "incomplete", "assemblies": ["myeloma"]}],
    }


def written(project: Path = PROJECT) -> str:
    """The bill as text."""
    return json.dumps(bill(project), indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(written())
