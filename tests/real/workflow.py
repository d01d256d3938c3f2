"""Run rules of the workflow on real reads in a scratch folder."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

UNITS = ("sample", "library", "flowcell", "lane", "fastq_1", "fastq_2")


def write_sheet(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> None:
    """Write a tab-separated sheet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["\t".join(columns), *("\t".join(str(row.get(c, "")) for c in columns) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_sheets(
    folder: Path, samples: Sequence[Mapping[str, str]], units: Sequence[Mapping[str, str]]
) -> None:
    """The three mandatory sheets; every sample is WES."""
    patients = list(dict.fromkeys(row["patient"] for row in samples))
    write_sheet(folder / "sheets/patients.tsv", ("patient",), [{"patient": p} for p in patients])
    rows = [{"assay": "wes", **row} for row in samples]
    write_sheet(folder / "sheets/samples.tsv", ("sample", "patient", "assay", "tissue"), rows)
    write_sheet(folder / "sheets/units.tsv", UNITS, units)


def run(project: Path, folder: Path, config: Path, fasta: Path, *targets: str) -> None:
    """Run Snakemake for the targets; fail with its last lines."""
    words = [sys.executable, "-m", "snakemake", "--snakefile", project / "Snakefile", "--directory", folder]
    words += ["--cores", "2", "--configfile", config, "--config", f"reference={{fasta: {fasta}}}", "--"]
    done = subprocess.run(
        [*map(str, words), *targets], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout[-6000:]
