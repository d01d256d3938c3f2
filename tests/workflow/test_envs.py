"""Versions: what the conda files pin is known to exist, and is what was tested."""

import csv
import re

import pytest
import yaml


def locked(project, name):
    """Package -> version of a pip lock."""
    lines = (project / "envs" / name).read_text().splitlines()
    return dict(
        re.match(r"([\w.-]+)==([^ ]+)", line).groups() for line in lines if re.match(r"[\w.-]+==", line)
    )


def environments(project):
    found = {
        path.stem: yaml.safe_load(path.read_text()) for path in sorted((project / "envs").glob("*.yaml"))
    }
    assert found
    return found


def conda_pins(environment):
    return [line for line in environment["dependencies"] if isinstance(line, str)]


def pip_pins(environment):
    return [pin for part in environment["dependencies"] if isinstance(part, dict) for pin in part["pip"]]


def test_every_conda_pin_is_exact_and_known_to_exist(project):
    with open(project / "resources/conda_versions.tsv") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    known = {(row["tool"], row["version"]) for row in rows}
    assert all(row["evidence"] and row["channel"] in ("bioconda", "conda-forge") for row in rows)
    used = {
        tuple(line.split("="))
        for environment in environments(project).values()
        for line in conda_pins(environment)
    }
    assert used <= known, f"no evidence that these exist: {used - known}"
    assert known <= used, f"no environment uses these any more: {known - used}"


def test_channels_are_strict_and_without_defaults(project):
    for name, environment in environments(project).items():
        assert environment["channels"] == ["conda-forge", "bioconda", "nodefaults"], name


def test_python_packages_on_a_cluster_are_those_of_the_lock(project):
    lock = locked(project, "requirements.txt")
    for name, environment in environments(project).items():
        for pin in pip_pins(environment):
            package, version = pin.split("==")
            assert lock[package] == version, (
                f"envs/{name}.yaml: {pin}, but requirements.txt has {lock[package]}"
            )


def test_gatk_gets_java_17_and_arriba_an_old_htslib(project):
    for name, environment in environments(project).items():
        pins = dict(line.split("=") for line in conda_pins(environment))
        if "gatk4" in pins:
            assert pins["openjdk"].startswith("17."), f"envs/{name}.yaml"
        if "arriba" in pins:
            assert tuple(map(int, pins["htslib"].split("."))) < (1, 22), f"envs/{name}.yaml"


def test_gatk_is_the_same_release_everywhere(project):
    pom = (project / "envs/gatk/pom.xml").read_text()
    from_maven = re.search(r"<artifactId>gatk</artifactId>\s*<version>([^<]+)", pom).group(1)
    pins = dict(line.split("=") for line in conda_pins(environments(project)["gatk"]))
    assert from_maven == pins["gatk4"]


@pytest.mark.parametrize("name", ["requirements", "requirements-multiqc"])
def test_the_lock_holds_every_named_package_with_hashes(project, name):
    text = (project / f"envs/{name}.txt").read_text()
    lock = locked(project, f"{name}.txt")
    for line in (project / f"envs/{name}.in").read_text().splitlines():
        if package := re.match(r"[\w.-]+", line):
            assert package.group().lower() in lock
    blocks = re.split(r"(?m)^(?=[\w.-]+==)", text)[1:]
    assert len(blocks) == len(lock)
    assert all("--hash=sha256:" in block for block in blocks)


def test_multiqc_is_the_same_release_everywhere(project):
    pins = dict(line.split("=") for line in conda_pins(environments(project)["multiqc"]))
    assert locked(project, "requirements-multiqc.txt")["multiqc"] == pins["multiqc"]


#: Debian's package -> conda's, where the names differ.
CONDA_NAME = {"rna-star": "star", "tabix": "htslib"}


def test_the_readme_lists_where_the_versions_of_conda_and_debian_differ(project):
    rows = [line.split("\t") for line in (project / "setup/debian-packages.txt").read_text().splitlines()]
    debian = {row[0]: row[1] for row in rows if len(row) > 1 and not row[0].startswith("#")}
    with open(project / "resources/conda_versions.tsv") as handle:
        conda = {
            row["tool"]: row["version"] for row in csv.DictReader(handle, delimiter="\t")
        }  # the newest is last
    both = {CONDA_NAME.get(name, name): version for name, version in debian.items()}
    wanted = {
        (name, version, conda[name])
        for name, version in both.items()
        if name in conda and version not in ("any", conda[name])
    }
    text = (project / "README.md").read_text()
    listed = set(re.findall(r"(?m)^\| (\S+) \| (\S+) \| (\S+) \|$", text))
    assert len(wanted) >= 9 and wanted <= listed, f"README.md lacks {wanted - listed}"
    assert "not run by our CI" in text
