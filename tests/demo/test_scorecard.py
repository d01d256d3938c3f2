"""The scorecard counts what it says: perfect results meet the minima, each kind of fault breaks one."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest
import scorecard

PROJECT = Path(__file__).resolve().parents[2]


def write(path: Path, rows: list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]), delimiter="\t")
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def folder(tmp_path):
    """One tumour of purity 0.8 with a SNV, an indel, del17p, a trisomy and t(4;14), all called."""
    sample = {"sample": "A-T", "patient": "A", "assay": "wes", "tissue": "tumour", "purity": 0.8}
    sample |= {"matched_normal": "yes", "in_analysis": "yes"}
    write(tmp_path / "truth" / "samples.tsv", [sample, sample | {"sample": "A-R", "assay": "rna"}])
    snv = {"sample": "A-T", "chrom": "chr1", "pos": 10, "ref": "A", "alt": "G", "kind": "snv"}
    indel = snv | {"pos": 50, "ref": "AT", "alt": "A", "kind": "indel"}
    write(tmp_path / "truth" / "variants.tsv", [snv, indel])
    change = {
        "sample": "A-T",
        "event": "del17p",
        "chrom": "chr17",
        "start": 1,
        "end": 100,
        "total": 1,
        "minor": 0,
    }
    write(
        tmp_path / "truth" / "copies.tsv", [change, change | {"event": "tri5", "chrom": "chr5", "total": 3}]
    )
    moved = {"patient": "A", "translocation": "t(4;14)", "partners": "NSD2"}
    write(tmp_path / "truth" / "translocations.tsv", [moved])
    event = {"patient": "A", "event": "CRBN_exon10_skipping", "present": "yes", "purity": 0.8}
    write(tmp_path / "truth" / "splicing.tsv", [event, event | {"event": "other", "present": "no"}])
    answer = {"patient": "A", "best_confirmed_response": "PR", "progression_date": "", "group": "NEITHER"}
    write(tmp_path / "truth" / "clinical.tsv", [answer | {"ttp_days": 64, "ttp_event": 1}])
    arms = [
        {"chrom": c, "arm": "p", "start": 1, "end": 100, "informative": "yes"}
        for c in ("chr5", "chr17", "chr20")
    ]
    write(tmp_path / "reference" / "arms.tsv", arms)
    results = tmp_path / "results"
    calls = [dict(r, filter="PASS") for r in (snv, indel)]
    write(results / "calls" / "variants.tsv", calls)
    states = [{"patient": "A", "abnormality": e, "state": "absent"} for e in scorecard.NAMED_EVENTS]
    write(
        results / "abnormalities" / "abnormalities.tsv",
        [r | {"state": "present"} if r["abnormality"] == "del17p" else r for r in states],
    )
    part = {"sample": "A-T", "chrom": "chr17", "start": 1, "end": 100, "total_copies": 1, "minor_copies": 0}
    write(
        results / "calls" / "segments.tsv",
        [part, part | {"chrom": "chr5", "total_copies": 3, "minor_copies": 1}, part | {"chrom": "chr20", "total_copies": 2, "minor_copies": 1}],
    )  # fmt: skip
    found = {"patient": "A", "translocation": "t(4;14)", "state": "present"}
    write(
        results / "calls" / "translocations.tsv",
        [found, found | {"translocation": "t(6;14)", "state": "absent"}],
    )
    skipped = {"sample": "A-R", "event": "CRBN_exon10_skipping", "state": "present"}
    write(results / "expression" / "splicing.tsv", [skipped, skipped | {"event": "other", "state": "absent"}])
    write(results / "response" / "response.tsv", [answer])
    time = {"patient": "A", "endpoint": "TTP", "rule_set": "trial", "days": 64, "event": 1}
    write(results / "response" / "endpoints.tsv", [time])
    for name in ("variants", "segments"):
        pack(results / "calls" / f"{name}.tsv")
    return tmp_path


def pack(path: Path) -> None:
    subprocess.run(["gzip", "-f", str(path)], check=True)


def change(folder: Path, name: str, column: str, value: str, row: int = 0) -> None:
    path = folder / "results" / name
    rows = scorecard.read(path)
    rows[row][column] = value
    plain = path.with_suffix("") if path.suffix == ".gz" else path
    write(plain, rows)
    if path.suffix == ".gz":
        pack(plain)


def problems(folder: Path) -> list[str]:
    return scorecard.shortfalls(scorecard.score(folder))


def test_perfect_results_meet_every_minimum(folder):
    assert problems(folder) == []
    rows = {(r["kind"], r["purity"]): r for r in scorecard.score(folder).rows()}
    assert rows[("snv", "0.80")]["recall"] == "1.000"
    assert (rows[("copy_number", ">=0.6")]["planted"], rows[("copy_number", ">=0.6")]["true_positive"]) == (
        2,
        2,
    )


@pytest.mark.parametrize(
    ("name", "column", "value", "row", "kind"),
    [
        ("calls/variants.tsv.gz", "filter", "germline", 0, "snv"),
        ("calls/variants.tsv.gz", "alt", "ACC", 1, "indel"),
        ("abnormalities/abnormalities.tsv", "state", "not_assessable", 0, "copy_number"),
        ("abnormalities/abnormalities.tsv", "state", "present", 1, "copy_number"),
        ("calls/segments.tsv.gz", "total_copies", "2", 1, "copy_number"),
        ("calls/segments.tsv.gz", "total_copies", "3", 2, "copy_number"),
        ("calls/translocations.tsv", "state", "absent", 0, "translocation"),
        ("calls/translocations.tsv", "state", "present", 1, "translocation"),
        ("expression/splicing.tsv", "state", "not_assessable", 0, "splicing"),
        ("expression/splicing.tsv", "state", "present", 1, "splicing"),
        ("response/response.tsv", "group", "POOR_RESPONDER", 0, "group"),
        ("response/endpoints.tsv", "days", "63", 0, "ttp"),
    ],
)
def test_each_fault_breaks_its_minimum(folder, name, column, value, row, kind):
    change(folder, name, column, value, row)
    found = problems(folder)
    assert found and all(p.startswith(f"{kind}:") for p in found)


def test_missing_results_are_not_perfect(folder):
    for path in (folder / "results").rglob("*.tsv*"):
        path.unlink()
    kinds = {p.split(":")[0] for p in problems(folder)}
    assert kinds == {"snv", "indel", "copy_number", "translocation", "splicing", "group", "ttp"}


def test_strict_exit_code_and_last_line(folder):
    command = [sys.executable, str(PROJECT / "demo" / "scorecard.py"), str(folder), "--strict"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.splitlines()[-1].startswith("scorecard: ")
    change(folder, "response/response.tsv", "group", "EARLY_RESPONDER")
    assert subprocess.run(command, capture_output=True).returncode == 1
    assert subprocess.run(command[:-1], capture_output=True).returncode == 0
