"""Cohorts of empty files, good enough to plan a run on, and what Snakemake plans for them."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parents[2]
RESOURCES = ("gtf", "germline", "common_sites", "panel_of_normals")


def cohort(
    folder: Path, patients: int = 2, normals=True, rna=True, clinic=True, resources=True, lanes=1
) -> Path:
    """Write sheets, empty reads and references for `patients` patients below `folder`; return the config."""
    (folder / "in").mkdir(parents=True)
    names = [f"P{i + 1:04d}" for i in range(patients)]
    sheets = {"patients": ["patient\tc1d1\tlast_contact"], "units": [], "samples": [], "assessments": []}
    sheets["units"] = ["sample\tlibrary\tflowcell\tlane\tfastq_1\tfastq_2"]
    sheets["samples"] = ["sample\tpatient\tassay\ttissue\tcollection_date\tkit"]
    sheets["assessments"] = ["patient\tdate\tserum_m_g_l"]
    for name in names:
        sheets["patients"].append(f"{name}\t2024-01-10\t2024-12-31")
        sheets["assessments"] += [f"{name}\t2024-01-09\t30", f"{name}\t2024-02-01\t10"]
        kinds = [("T", "wes", "tumour")] + [("N", "wes", "normal")] * normals + [("R", "rna", "tumour")] * rna
        for ending, assay, tissue in kinds:
            sample = f"{name}-{ending}"
            sheets["samples"].append(
                f"{sample}\t{name}\t{assay}\t{tissue}\t2024-01-05\t{'k1' * (assay == 'wes')}"
            )
            for lane in range(1, lanes + 1):
                reads = [f"in/{sample}_L{lane}_R{mate}.fastq.gz" for mate in (1, 2)]
                for path in reads:
                    (folder / path).write_bytes(b"")
                sheets["units"].append("\t".join([sample, "lib1", "FC1", str(lane), *reads]))
    for sheet, lines in sheets.items():
        (folder / f"{sheet}.tsv").write_text("\n".join(lines) + "\n")
    for name in ("genome.fa", "targets.bed", "genes.gtf", "sites.vcf.gz", "sites.vcf.gz.tbi"):
        (folder / "in" / name).write_bytes(b"")
    reference = {"fasta": "in/genome.fa"}
    if resources:
        reference |= {"gtf": "in/genes.gtf"}
        reference |= {name: "in/sites.vcf.gz" for name in RESOURCES if name != "gtf"}
    config = {
        "sheets": {name: f"{name}.tsv" for name in ("patients", "samples", "units")},
        "reference": reference,
        "kits": {"k1": {"targets": "in/targets.bed"}},
    }
    if clinic:
        config["sheets"]["assessments"] = "assessments.tsv"
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def snakemake(folder: Path, *arguments: str, check=True) -> subprocess.CompletedProcess:
    """Run snakemake on the cohort in `folder`."""
    words = [sys.executable, "-m", "snakemake", "--snakefile", PROJECT / "Snakefile"]
    words += ["--configfile", folder / "config.yaml", "--directory", folder, *arguments]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True)
    if check and done.returncode:
        raise AssertionError(f"snakemake {arguments} failed:\n{done.stdout[-4000:]}\n{done.stderr[-6000:]}")
    return done


def planned_jobs(folder: Path, *targets: str) -> Counter:
    """Rule -> number of jobs of a dry run."""
    done = snakemake(folder, "--dry-run", "--quiet", "rules", "--cores", "2", *targets)
    rows = re.findall(r"^(\w+)\s+(\d+)\s*$", done.stdout + done.stderr, flags=re.MULTILINE)
    return Counter({rule: int(count) for rule, count in rows if rule != "total"})


def make_outputs(folder: Path, least: int) -> None:
    """Every output of the plan as an empty file or folder; the plan must have more than `least` of them."""
    lines = snakemake(folder, "--summary").stdout.splitlines()
    outputs = [line.split("\t")[0] for line in lines if line.startswith(("results/", "logs/"))]
    assert len(outputs) > least
    for name in outputs:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if (path.suffix and path.suffix != ".fastp") or path.name == "Genome":
            path.write_text("")
        else:
            path.mkdir(exist_ok=True)


def change(folder: Path, **sections) -> None:
    """Replace sections of the config in `folder`."""
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | sections))


def rule_edges(folder: Path) -> list[tuple[str, str]]:
    """(from rule, to rule) of the rule graph of the whole run."""
    dot = snakemake(folder, "--rulegraph").stdout
    names = dict(re.findall(r'(\d+)\[label = "([^"\\]+)', dot))
    return [(names[a], names[b]) for a, b in re.findall(r"(\d+) -> (\d+)", dot)]


def stage_of_rules() -> dict[str, str]:
    """Rule -> stage, from the files of workflow/rules."""
    found = {}
    for path in (PROJECT / "workflow/rules").glob("*.smk"):
        for rule in re.findall(r"^\s*(?:use rule \w+ as|rule) (\w+)", path.read_text(), flags=re.MULTILINE):
            found[rule] = path.stem
    return found
