"""The whole line on the demo cohort: what was planted is called, and every promise of the paths holds."""

import os
import re
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pysam
import pytest
import yaml
from tests import cbioportal_rules

from myeloma import expression, fusions, gates, partners, places, tables, translocations

pytestmark = pytest.mark.end_to_end
PROJECT = Path(__file__).resolve().parents[2]
SEED = os.environ.get("SEED", "1")


@pytest.fixture(scope="module")
def demo():
    """The finished demo run (made by `make demo`; nothing is repeated where it is complete)."""
    # as a user starts it: below `make test` a second make would add its "Leaving directory"
    alone = {
        name: value for name, value in os.environ.items() if name not in ("MAKELEVEL", "MAKEFLAGS", "MFLAGS")
    }
    command = ["make", "demo", f"SEED={SEED}"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, env=alone)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    scorecard, report = done.stdout.strip().splitlines()[-2:]
    assert scorecard.startswith("scorecard: ") and report.startswith("report: ")
    assert Path(PROJECT, report.removeprefix("report: ")).exists()
    return PROJECT / f"demo/runs/seed-{SEED}"


def read(demo, table):
    return tables.read(demo / table.path, table)


def test_the_scorecard_holds(demo):
    command = [sys.executable, "demo/scorecard.py", str(demo), "--strict"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_promised_table_is_there_and_keeps_its_contract(demo):
    # the export has its own target, and tables of finished calls are made where some are entered
    made = [t for t in tables.ALL if not t.path.startswith(("results/export/", "results/calls/entered/"))]
    for table in made:
        # a path with a wildcard stands for one file per sample or patient
        found = sorted(demo.glob(re.sub(r"\{\w+\}", "*", table.path)))
        assert found, f"{table.path} is missing"
        for path in found:
            tables.read(path, table)


def test_every_patient_is_in_the_flow_with_a_reason_for_each_no(demo):
    patients = pd.read_csv(demo / "sheets/patients.tsv", sep="\t")["patient"]
    flow = read(demo, tables.FLOW)
    for _, rows in flow.groupby("analysis"):
        assert sorted(rows["patient"]) == sorted(patients)
    assert (flow.loc[flow["included"] == "no", "reason"] != "").all()


def test_abnormalities_hold_every_patient_and_every_abnormality(demo):
    patients = pd.read_csv(demo / "sheets/patients.tsv", sep="\t")["patient"]
    table = read(demo, tables.ABNORMALITIES)
    assert len(table) == len(patients) * table["abnormality"].nunique()
    silent = table[(table["state"] == "not_assessable") & (table["reason"] == "")]
    assert silent.empty


def test_the_relapse_biopsy_stays_out_of_the_comparison(demo):
    samples = read(demo, tables.SAMPLES)
    later = samples[(samples["tissue"] == "tumour") & (samples["role"] == "other")]
    assert len(later) >= 1
    variants = read(demo, tables.VARIANTS)
    abnormalities = read(demo, tables.ABNORMALITIES)
    for row in later.itertuples():
        extra = variants[(variants["sample"] == row.sample) & (variants["filter"] == "PASS")]
        before = variants[(variants["patient"] == row.patient) & (variants["sample"] != row.sample)]
        new = extra[(extra["hotspot"] == "yes") & ~extra["pos"].isin(before["pos"])]
        assert len(new) >= 1, "the planted extra mutation was not called in the relapse biopsy"
        used = abnormalities[abnormalities["patient"] == row.patient]
        assert row.sample not in set(used["sample"])
        for gene in new["gene"]:
            assert set(used.loc[used["abnormality"] == gene, "state"]) <= {"absent", "not_assessable"}


# translocations: the votes, and a quarter of the reads


def planted(demo):
    return pd.read_csv(demo / "truth/translocations.tsv", sep="\t", keep_default_na=False)


def test_fish_that_denies_a_translocation_is_shown_beside_the_call(demo):
    called = read(demo, tables.TRANSLOCATIONS).set_index(["patient", "translocation"])
    wrong = planted(demo).query("fish_says == 'absent'")
    assert len(wrong) >= 1
    for row in wrong.itertuples():
        answer = called.loc[(row.patient, row.translocation)]
        assert (answer["state"], answer["fish"], answer["conflict"]) == ("present", "absent", "yes")


def test_each_kind_of_evidence_decides_somewhere(demo):
    called = read(demo, tables.TRANSLOCATIONS).set_index(["patient", "translocation"])
    for row in planted(demo).itertuples():
        answer = called.loc[(row.patient, row.translocation)]
        assert answer["rna"] == ("present" if row.junction_reads_planted == "yes" else "absent")
        assert answer["expression"] == "present"
        assert ("expression alone" in answer["reason"]) == (row.junction_reads_planted == "no")


def thin(demo, folder, share, seed):
    """TRANSLOCATIONS without FISH from a share of the RNA reads: chimeric reads by name, counts binomially."""
    config = yaml.safe_load((PROJECT / "config/config.yaml").read_text())
    for section, given in yaml.safe_load((demo / "config.yaml").read_text()).items():
        config[section] = config[section] | given if isinstance(given, dict) else given
    rules, known = config["expression"], config["abnormalities"]["translocations"]
    paths = {name: str(demo / f"results/references/{name}.tsv") for name in ("genes", "regions")}
    genes, regions = places.read_genes(paths["genes"]), places.read_regions(paths["regions"])
    annotation = fusions.Annotation(genes, regions, known)
    names = ("samples", "qc", "structural", "structural_power", "tumour_in_normal", "copy_events")
    seen = {name: read(demo, getattr(tables, name.upper())) for name in names}
    used = seen["samples"].query("assay == 'rna' and role == 'analysis'")
    found = []
    with pysam.FastaFile(str(demo / "results/references/genome.fa")) as fasta:
        for row in used.itertuples():
            lines = (demo / f"results/alignments/{row.sample}.Chimeric.out.junction").read_text().splitlines()
            kept = [
                line for line in lines if line.startswith(("#", "chr_donorA")) or drawn(line, share, seed)
            ]
            path = folder / f"{row.sample}.{seed}.junction"
            path.write_text("".join(f"{line}\n" for line in kept))
            made = fusions.call_sample(str(path), row.patient, row.sample, annotation, rules, fasta.fetch)
            found.append(tables.conform(made, tables.FUSIONS))
    counts, symbols = expression.read_counts(demo / tables.COUNTS.path)
    fewer = np.random.default_rng(seed).binomial(counts.to_numpy(), share)
    counts = pd.DataFrame(fewer, index=counts.index, columns=counts.columns)
    failed = gates.failed(seen["qc"])
    voted = partners.call_cohort(counts, symbols, genes, regions, seen["samples"], failed, known, rules)
    seen |= {
        "fusions": pd.concat(found, ignore_index=True),
        "partners": tables.conform(voted, tables.PARTNERS),
    }
    limits = config["structural"] | {"tin_max": config["somatic"]["tin_max"]}
    patients = sorted(set(seen["samples"]["patient"]))
    return translocations.call_cohort(patients, seen, paths, [], config["abnormalities"], limits, 90)


def drawn(line, share, seed):
    """Is a line of the read kept? All lines of one read share its fate."""
    name = line.split("\t")[9]
    return zlib.crc32(f"{seed}:{name}".encode()) / 2**32 < share


@pytest.mark.parametrize("share, seed", [(1.0, 0), *((0.25, seed) for seed in range(1, 6))])
def test_every_planted_translocation_at_a_quarter_of_the_reads_and_no_other(demo, tmp_path, share, seed):
    made = thin(demo, tmp_path, share, seed)
    called = set(
        made.loc[made["state"] == "present", ["patient", "translocation"]].itertuples(index=False, name=None)
    )
    truth = planted(demo)
    assert called == set(truth[["patient", "translocation"]].itertuples(index=False, name=None))
    # a pair with few reads at full depth has too few at a quarter: its other evidence decides
    whole = read(demo, tables.TRANSLOCATIONS).set_index(["patient", "translocation"])["junction_reads"]
    junctions = made.set_index(["patient", "translocation"])
    for row in truth.query("junction_reads_planted == 'yes'").itertuples():
        pair = (row.patient, row.translocation)
        if share == 1 or whole[pair] * share >= 10:
            assert junctions.loc[pair, "rna"] == "present"


def test_the_rna_gate_catches_the_planted_sample_and_no_other(demo):
    planted = pd.read_csv(demo / "truth/rna_purity.tsv", sep="\t").set_index("sample")["plasma_cells"]
    purity = read(demo, tables.RNA_PURITY).set_index("sample")
    assert sorted(purity.index) == sorted(planted.index)
    assert set(purity.index[purity["state"] == "absent"]) == set(planted.index[planted == "no"])
    assert (purity["state"] != "not_assessable").all()
    failed = purity[purity["state"] == "absent"]["patient"]
    flow = read(demo, tables.FLOW)
    rna = flow[(flow["analysis"] == "rna") & flow["patient"].isin(failed)]
    assert (rna["included"] == "no").all() and rna["reason"].str.contains("rna_plasma_cells").all()


def snakemake(demo, *arguments):
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(PROJECT / "Snakefile")]
    command += [
        "--configfile",
        str(demo / "config.yaml"),
        "--directory",
        str(demo),
        "--cores",
        "2",
        *arguments,
    ]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_finished_run_has_nothing_to_do(demo):
    done = snakemake(demo, "--dry-run")
    assert "Nothing to be done" in done.stdout + done.stderr, done.stdout[-3000:]


def test_a_changed_threshold_never_aligns_again(demo):
    config = demo / "changed.yaml"
    text = (demo / "config.yaml").read_text()
    config.write_text(text + "\ngroups: {A: {early_cycles: 3}}\n" if "groups:" not in text else text)
    done = snakemake(
        demo, "--configfile", str(demo / "config.yaml"), str(config), "--dry-run", "--quiet", "rules"
    )
    config.unlink()
    planned = set(re.findall(r"^(\w+)\s+\d+\s*$", done.stdout + done.stderr, flags=re.MULTILINE))
    assert "assess_response" in planned or "group_patients" in planned, done.stdout
    assert not planned & {"align_wes", "align_rna", "call_somatic", "segment_copies"}


def test_no_path_of_the_machine_in_tables_or_report(demo):
    here = str(PROJECT)
    for path in sorted((demo / "results").rglob("*")):
        if path.suffix in (".tsv", ".html") and path.stat().st_size < 50_000_000:
            assert here not in path.read_text(errors="replace"), path
    cram = next((demo / "results/alignments").glob("*.cram"))
    header = subprocess.run(
        ["samtools", "view", "--no-PG", "-H", str(cram)], capture_output=True, text=True
    ).stdout
    assert "UR:" not in header and here not in header and "M5:" in header


def test_the_run_is_complete_by_its_own_account(demo):
    rows = read(demo, tables.COMPLETENESS)
    assert set(rows["verdict"]) == {"ok"}
    numbers = rows[rows["check"] == "number in the report"]["subject"]
    for table in ("flow", "survival", "response_rates", "adverse_events_summary", "abnormalities_by_group"):
        assert numbers.str.contains(f" {table}?", regex=False).any(), table


def test_the_export_keeps_the_rules_of_cbioportal_and_tells_no_place(demo):
    done = snakemake(demo, "export")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    export = demo / "results/export"
    assert cbioportal_rules.problems(export / "cbioportal") == []
    study = cbioportal_rules.Study(export / "cbioportal")
    flow = read(demo, tables.FLOW)
    inside = flow[flow["included"] == "yes"].groupby("analysis")["patient"].nunique()
    lists = {name: len(study.lists[name]) for name in ("all", "sequenced", "cna", "rna_seq_mrna")}
    assert lists == {
        "all": inside["enrolled"],
        "sequenced": inside["dna"],
        "cna": inside["dna"],
        "rna_seq_mrna": inside["rna"],
    }
    privacy = read(demo, tables.PRIVACY)
    assert "failed" not in set(privacy["verdict"])
    assert str(PROJECT) not in (export / "ro-crate-metadata.json").read_text()
    listed = read(demo, tables.CHECKSUMS)
    assert {"input", "reads", "output"} == set(listed["role"])
    with duckdb.connect(str(export / "myeloma.duckdb"), read_only=True) as database:
        found = database.execute("select count(*) from abnormality_response").fetchone()[0]
    assert found == len(read(demo, tables.ABNORMALITIES))


def test_the_demo_is_not_known_to_the_product():
    if shutil.which("grep") is None:
        pytest.skip("no grep")
    done = subprocess.run(
        [
            "grep",
            "-rniE",
            r"\bdemo\b|IPD-0",
            "workflow/rules",
            "workflow/scripts",
            "--include=*.py",
            "--include=*.smk",
        ],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    assert done.stdout == ""
