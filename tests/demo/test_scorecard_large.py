"""The scorecard of the large cohort: results made from the truth meet every minimum, each fault breaks its own."""

import csv
import gzip
import subprocess
import sys
from pathlib import Path

import pytest
import scorecard
import scorecard_large
from cohort_generator.large import LargeCohort
from cohort_generator.reference_files import write_reference

PROJECT = Path(__file__).resolve().parents[2]


def write(path: Path, rows: list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    opened = gzip.open(path, "wt", newline="") if path.suffix == ".gz" else open(path, "w", newline="")
    with opened as handle:
        writer = csv.DictWriter(handle, list(rows[0]), delimiter="\t")
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def perfect(tmp_path_factory):
    """A run folder whose results say what was planted."""
    folder = tmp_path_factory.mktemp("large")
    cohort = LargeCohort(5)
    write_reference(folder / "reference", cohort.genome, cohort.sites, 5)
    cohort.write_truth(folder / "truth")
    cohort.write_sheets(folder / "sheets", [{"sample": "x"}])
    truth = {p.stem: scorecard.read(p) for p in (folder / "truth").glob("*.tsv")}
    results = folder / "results"
    fractions = {"filter": "PASS", "tumour_af": "0.3"}
    write(
        results / "calls/variants.tsv.gz",
        [
            {k: r[k] for k in ("sample", "chrom", "pos", "ref", "alt", "gene")} | fractions
            for r in truth["variants"]
        ],
    )
    write(
        results / "calls/annotated_variants.tsv.gz",
        [
            {k: r[k] for k in ("sample", "chrom", "pos", "ref", "alt", "ccf")} | fractions
            for r in truth["variants"]
        ],
    )
    write(results / "calls/segments.tsv.gz", segments(cohort, truth))
    shown = {"state": "present", "minimal_detectable_fraction": "0.2"}
    tumours = [s["sample"] for s in truth["samples"] if s["assay"] == "wes" and s["tissue"] == "tumour"]
    events = [{"sample": r["sample"], "event": scorecard_large._names(r["event"])[0]} | shown
              for r in truth["copies"] if r["chrom"] and r["event"] != "wgd"]  # fmt: skip
    # a lost focal region is a deletion as well
    whole = [("IPD-104-T", "whole_genome_doubling"), ("IPD-103-T", "hyperdiploidy"), ("IPD-103-T", "del1p32")]
    events += [{"sample": sample, "event": event} | shown for sample, event in whole]
    write(results / "calls/copy_events.tsv", events)
    write(results / "calls/purity.tsv", truth["purity"])
    hits = [{"patient": r["patient"], "abnormality": f"biallelic_{r['gene']}", "state": "present"}
            for r in truth["double_hits"]]  # fmt: skip
    write(results / "abnormalities/abnormalities.tsv", hits)
    votes = {
        "dna": "present",
        "rna": "present",
        "expression": "present",
        "fish": "present",
        "state": "present",
    }
    write(
        results / "calls/translocations.tsv",
        [{k: r[k] for k in ("patient", "translocation")} | votes for r in truth["translocations"]]
        + [{"patient": "IPD-107", "translocation": "t(6;14)"} | dict.fromkeys(votes, "absent")],
    )
    write(results / "alignments/identity.tsv", pairs(truth))
    states = {n: "present" if n == "IPD-113-T" else "absent" for n in tumours}
    write(
        results / "alignments/contamination.tsv",
        [{"sample": n, "state": s, "contamination": "0.03"} for n, s in states.items()],
    )
    normals = [s["sample"] for s in truth["samples"] if s["tissue"] == "normal"]
    write(
        results / "calls/tumour_in_normal.tsv",
        [
            {"patient": n[:7], "normal": n, "state": "present" if n == "IPD-102-N" else "absent"}
            for n in normals
        ],
    )
    write(results / "response/response.tsv", truth["clinical"])
    times = {"endpoint": "TTP", "rule_set": "trial"}
    write(
        results / "response/endpoints.tsv",
        [
            {"patient": r["patient"], "days": r["ttp_days"], "event": r["ttp_event"]} | times
            for r in truth["clinical"]
        ],
    )
    return folder


def segments(cohort, truth) -> list[dict]:
    """Neighbouring targets of one planted state are one segment."""
    base = {r["sample"]: int(r["base_copies"]) for r in truth["purity"]}
    out = []
    for sample, copies in base.items():
        planted = [r for r in truth["copies"] if r["sample"] == sample and r["chrom"]]
        for t in cohort.genome.targets:
            middle = (t.start + t.end) // 2
            row = next((r for r in planted if scorecard_large._holds(r, (t.chrom, middle))), None)
            state = (row["total"], row["minor"]) if row else (str(copies), str(copies // 2))
            place = {"sample": sample, "chrom": t.chrom, "start": t.start + 1, "end": t.end}
            numbers = {"log2": "", "clonal_fraction": "", "total_copies": state[0], "minor_copies": state[1]}
            last = out[-1] if out else {}
            same = [last.get(k) for k in ("sample", "chrom", *numbers)] == [
                sample,
                t.chrom,
                *numbers.values(),
            ]
            if same:
                last["end"] = t.end
            else:
                out.append(place | numbers)
    return out


def pairs(truth) -> list[dict]:
    """Own pairs that match, but for the swapped ones, and who the swapped ones are."""
    swapped = {t["sample"]: t["other"] for t in truth["traps"] if t["trap"] == "swap"}
    out = []
    for s in truth["samples"]:
        if s["assay"] != "rna":
            continue
        pair = {"sample_a": s["sample"], "patient_a": s["patient"]}
        other = swapped.get(s["sample"])
        own = {"sample_b": f"{s['patient']}-T", "patient_b": s["patient"]}
        out.append(pair | own | {"verdict": "mismatch" if other else "match"})
        if other:
            out.append(pair | {"sample_b": f"{other[:7]}-T", "patient_b": other[:7], "verdict": "match"})
    return out


def problems(folder: Path) -> list[str]:
    return scorecard_large.shortfalls(scorecard_large.score(folder))


def test_results_made_from_the_truth_meet_every_minimum(perfect):
    assert problems(perfect) == []
    shown = scorecard_large.rows(scorecard_large.score(perfect))
    cells = {(r["kind"], r["purity"], r["cell"]) for r in shown if r["part"] == "mutations"}
    for purity in scorecard_large.PURITIES:
        assert {("snv", purity, f"clonal fraction {f}") for f in ("1", "0.5", "0.25")} <= cells
    assert all(float(r["recall"]) == 1 for r in shown if r["recall"])


@pytest.mark.parametrize(
    ("name", "where", "column", "value", "words"),
    [
        ("calls/variants.tsv.gz", {"sample": "IPD-111-T"}, "filter", "germline", "mutations, snv, 0.3"),
        ("calls/variants.tsv.gz", {"sample": "IPD-101-T"}, "alt", "TTTT", "precision"),
        ("calls/copy_events.tsv", {"sample": "IPD-111-T"}, "state", "absent", "copy number, copy number, 0.3"),
        ("calls/copy_events.tsv", {"sample": "IPD-103-T"}, "state", "not_assessable", "copy number, copy number, 0.9"),
        ("calls/copy_events.tsv", {"event": "whole_genome_doubling"}, "sample", "IPD-101-T", "not planted: 1 wrongly called"),
        ("calls/segments.tsv.gz", {"sample": "IPD-101-T"}, "total_copies", "4", "states per target, total copies"),
        ("calls/segments.tsv.gz", {"sample": "IPD-110-T"}, "minor_copies", "0", "homozygous_arm"),
        ("calls/purity.tsv", {"sample": "IPD-101-T"}, "purity", "0.8", "purity, within 0.05, 0.9"),
        ("calls/purity.tsv", {"sample": "IPD-105-T"}, "status", "resolved", "flat genome unresolved"),
        ("calls/purity.tsv", {"sample": "IPD-104-T"}, "base_copies", "2", "doubling of the genome"),
        ("abnormalities/abnormalities.tsv", {"abnormality": "biallelic_CYLD"}, "state", "absent", "double hits, mutation_and_cnloh"),
        ("calls/translocations.tsv", {"patient": "IPD-109"}, "state", "absent", "translocations, DNA"),
        ("calls/translocations.tsv", {"translocation": "t(6;14)"}, "state", "present", "germline junction"),
        ("alignments/identity.tsv", {"sample_a": "IPD-112-R"}, "verdict", "match", "swap"),
        ("alignments/identity.tsv", {"sample_a": "IPD-101-R"}, "verdict", "mismatch", "swap, all, invented"),
        ("alignments/contamination.tsv", {"sample": "IPD-113-T"}, "state", "absent", "contamination, all, detected"),
        ("alignments/contamination.tsv", {"sample": "IPD-101-T"}, "state", "present", "contamination, all, invented"),
        ("calls/tumour_in_normal.tsv", {"normal": "IPD-102-N"}, "state", "absent", "tumour_in_normal, all, detected"),
    ],
)  # fmt: skip
def test_each_fault_breaks_its_minimum(perfect, name, where, column, value, words):
    path = perfect / "results" / name
    before = path.read_bytes()
    rows = scorecard.read(path)
    changed = [r | {column: value} if all(r[k] == v for k, v in where.items()) else r for r in rows]
    assert changed != rows
    try:
        write(path, changed)
        assert any(words in p for p in problems(perfect)), problems(perfect)
    finally:
        path.write_bytes(before)


def test_a_missing_table_is_not_scored_and_not_met(perfect):
    path = perfect / "results/alignments/identity.tsv"
    away = path.rename(path.with_suffix(".away"))
    try:
        assert problems(perfect) == ["not scored: swap: no results/alignments/identity.tsv"]
    finally:
        away.rename(path)


def test_faint_mutations_are_not_asked_for(perfect):
    card = scorecard_large.score(perfect)
    faint = scorecard_large.Item("mutations", "snv", "0.3", "clonal fraction 0.25", "below", "x", False, 3.0)
    before = next(r for r in scorecard_large.rows(card) if r["kind"] == "snv" and r["purity"] == "0.3" and r["cell"].endswith("0.25"))  # fmt: skip
    card.items.append(faint)
    after = next(r for r in scorecard_large.rows(card) if r["kind"] == "snv" and r["purity"] == "0.3" and r["cell"].endswith("0.25"))  # fmt: skip
    assert after["asked"] == before["asked"] and after["below"] == before["below"] + 1
    assert after["planted"] == before["planted"] + 1


def test_without_a_normal_a_mutation_taken_for_germline_is_not_assessable(perfect):
    path = perfect / "results/calls/variants.tsv.gz"
    before, rows = path.read_bytes(), scorecard.read(path)
    samples = scorecard.read(perfect / "truth/samples.tsv")
    alone = {s["sample"] for s in samples if s["matched_normal"] != "yes"}
    changed = [r | {"filter": "germline"} if r["sample"] in alone else r for r in rows]
    try:
        write(path, changed)
        seen = [r for r in scorecard_large.rows(scorecard_large.score(perfect)) if "tumour only" in r["kind"] and r["part"] == "mutations"]  # fmt: skip
        assert seen and all(r["not_assessable"] == r["planted"] and r["asked"] == 0 for r in seen)
    finally:
        path.write_bytes(before)


def test_interval_is_that_of_clopper_and_pearson():
    """R: binom.test(8, 10)$conf.int is 0.4439045 to 0.9747893; binom.test(0, 10) ends at 0.3084971."""
    assert scorecard_large.interval(8, 10) == pytest.approx((0.4439045, 0.9747893), abs=1e-6)
    assert scorecard_large.interval(0, 10) == pytest.approx((0.0, 0.3084971), abs=1e-6)


def test_strict_large_and_table(perfect, tmp_path):
    table = tmp_path / "accuracy.md"
    command = [sys.executable, str(PROJECT / "demo" / "scorecard.py"), str(perfect), "--strict", "--large"]
    done = subprocess.run(
        [*command, "--table", str(table), "--title", "Seed 5"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "## Seed 5" in table.read_text() and "| snv | 0.3 | clonal fraction 0.25 |" in table.read_text()
    assert (perfect / "results/scorecard_large.tsv").exists() and (
        perfect / "results/scorecard_items.tsv"
    ).exists()
    path = perfect / "results/calls/purity.tsv"
    away = path.rename(path.with_suffix(".away"))
    done = subprocess.run(command, capture_output=True, text=True)
    away.rename(path)
    assert done.returncode == 1 and "NOT MET: not scored: purity" in done.stdout
