"""Estimates of a run before it starts: hand-computed schedules, the text of Snakemake's dry run, the table of costs."""

import pandas as pd
import pytest

from myeloma import estimates
from myeloma.estimates import Costs, Job

PLAN = """Building DAG of jobs...
localrule write_samples:
    output: results/cohort/samples.tsv
    log: logs/write_samples.log
    jobid: 2
    reason: Missing output files: results/cohort/samples.tsv
    resources: tmpdir=/tmp

rule align_wes:
    input: in/a_R1.fastq.gz, in/a_R2.fastq.gz
    output: results/a.cram, results/a.cram.crai
    log: logs/align_wes/a.log
    jobid: 3
    benchmark: benchmarks/align_wes/a.tsv
    reason: Missing output files: results/a.cram
    wildcards: sample=a
    threads: 2
    resources: tmpdir=/tmp, mem_mb=10000

rule call_somatic:
    input: results/a.cram, results/cohort/samples.tsv
    output: results/P1.vcf.gz
    jobid: 4
    wildcards: patient=P1

Job stats:
job              count
-------------  -------
align_wes            1
"""


def costs(**rules):
    """rule=(cpu, cpu per gigabase, memory, kept, temporary per gigabase)."""
    rows = {
        rule: dict(zip(("cpu_s", "cpu_s_per_gbase", "memory_mb", "kept_mb", "temporary_mb_per_gbase"), values, strict=True))
        for rule, values in rules.items()
    }  # fmt: skip
    frame = pd.DataFrame.from_dict(rows, orient="index").reindex(columns=estimates.NUMBERS).fillna(0.0)
    return Costs(frame, bases_per_byte=1.0, per_job_s=0.0)


def job(rule, threads=1, inputs=(), outputs=(), **wildcards):
    return Job(rule, wildcards, threads, tuple(inputs), tuple(outputs))


def test_the_jobs_of_a_dry_run_are_read():
    one, two, three = estimates.jobs_of(PLAN)
    assert (one.rule, one.threads, one.wildcards, one.inputs) == ("write_samples", 1, {}, ())
    assert two == Job("align_wes", {"sample": "a"}, 2, ("in/a_R1.fastq.gz", "in/a_R2.fastq.gz"),
                      ("results/a.cram", "results/a.cram.crai"))  # fmt: skip
    assert (three.wildcards, three.inputs[0]) == ({"patient": "P1"}, "results/a.cram")


def test_a_job_reads_its_sample_its_patient_or_all():
    sizes, owner = {"a": 1.0, "b": 2.0, "c": 4.0}, {"a": "P1", "b": "P1", "c": "P2"}
    found = [
        estimates.size_of(w, sizes, owner) for w in ({"sample": "b"}, {"patient": "P1"}, {"kit": "k"}, {})
    ]
    assert found == [2.0, 3.0, 7.0, 7.0]


def test_wall_clock_memory_and_disk_of_a_schedule_by_hand():
    """Two alignments of 10 s + 5 s a gigabase on 2 threads, and a call of 8 s each that lets the temporary file go. On 2
    cores one after the other: 20 / 2 + 8 + 30 / 2 + 8 = 41 s; on 4 the longer pair decides: 15 + 8 = 23 s."""
    known = costs(align=(10, 5, 300, 1, 100), call=(8, 0, 200, 2, 0))
    jobs = [job("align", 2, outputs=["a"], sample="a"), job("align", 2, outputs=["b"], sample="b"),
            job("call", inputs=["a"], outputs=["A"], sample="a"), job("call", inputs=["b"], outputs=["B"], sample="b")]  # fmt: skip
    made = estimates.forecast(jobs, known, {"a": 2.0, "b": 4.0}, {"a": "P1", "b": "P2"}, cores=2)
    assert made.wall_s == pytest.approx(10 + 8 + 15 + 8) and made.cpu_s == pytest.approx(20 + 30 + 16)
    assert made.memory_mb == 300 and made.kept_mb == 6
    assert made.peak_mb == 400 + 6  # the larger temporary file, and all that is kept
    four = estimates.forecast(jobs, known, {"a": 2.0, "b": 4.0}, {"a": "P1", "b": "P2"}, cores=4)
    assert four.wall_s == pytest.approx(15 + 8) and four.memory_mb == 600


def test_a_temporary_file_goes_with_its_last_reader():
    known = costs(make=(1, 0, 0, 0, 50), read=(1, 0, 0, 0, 0))
    jobs = [job("make", outputs=["x"], sample="a"), job("read", inputs=["x"], sample="a"),
            job("make", inputs=["y"], outputs=["z"], sample="a")]  # fmt: skip
    made = estimates.forecast(jobs, known, {"a": 1.0}, {"a": "P1"}, cores=1)
    assert made.peak_mb == 50 and made.wall_s == 3


def test_a_rule_without_costs_is_named():
    made = estimates.forecast([job("new_rule"), job("all")], costs(), {}, {}, cores=1)
    assert made.unknown == ("new_rule",)
    assert "new_rule" in estimates.text(made, {}, 1)


def test_the_table_of_the_project_is_whole_and_knows_the_rules_of_the_workflow(project, tmp_path):
    known = estimates.read_costs(project / "resources/costs.tsv")
    assert {"align_wes", "align_rna", "call_somatic", "build_report"} <= set(known.rules.index)
    assert (known.rules >= 0).all(axis=None) and known.bases_per_byte > 0
    (tmp_path / "costs.tsv").write_text("rule\tcpu_s\nalign_wes\t1\n")
    with pytest.raises(estimates.PlanError, match="memory_mb.*bases_per_byte"):
        estimates.read_costs(tmp_path / "costs.tsv")
