"""What is planned: job counts by configuration, one direction, no job for what was not given."""

import pytest
import yaml
from planning import cohort, planned_jobs, rule_edges, snakemake, stage_of_rules
from test_style import DIGESTED, NEVER_BY_AN_EDIT

from myeloma import STAGES


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    cohort(folder, patients=2, lanes=2)
    return folder


def per_patient(jobs_of_three, jobs_of_two):
    return jobs_of_three.total() - jobs_of_two.total()


def test_one_more_patient_costs_at_most_25_jobs(whole, tmp_path):
    cohort(tmp_path / "three", patients=3, lanes=2)
    more = per_patient(planned_jobs(tmp_path / "three"), planned_jobs(whole))
    assert 5 <= more <= 25


def test_lanes_are_not_jobs(whole, tmp_path):
    cohort(tmp_path / "one_lane", patients=2, lanes=1)
    assert planned_jobs(whole) == planned_jobs(tmp_path / "one_lane")


def test_stages_read_only_from_the_left(whole):
    stage = stage_of_rules()
    order = {name: i for i, name in enumerate(STAGES)}
    edges = [(a, b) for a, b in rule_edges(whole) if a in stage and b in stage]
    assert len(edges) > 20
    assert [(a, b) for a, b in edges if order[stage[a]] > order[stage[b]]] == []


def test_no_rule_that_reads_reads_stands_behind_one_that_an_edit_reruns(whole):
    """A digest of code may rerun tables and what reads them; an alignment or a call from reads never."""
    edges = rule_edges(whole)
    behind, todo = set(), {name for _, name in DIGESTED}
    while todo:
        todo = {b for a, b in edges if a in todo} - behind
        behind |= todo
    assert {"call_abnormalities", "build_report"} <= behind
    assert behind & NEVER_BY_AN_EDIT == set()


def test_every_stage_has_its_rules_file_and_nothing_else_is_there():
    assert set(stage_of_rules().values()) == set(STAGES)


@pytest.mark.parametrize(
    ("without", "gone"),
    [
        ({"rna": False}, "align_rna"),
        ({"normals": False}, None),
        ({"clinic": False}, None),
        ({"resources": False}, "build_snpeff"),
    ],
)
def test_what_is_not_given_is_switched_off_and_the_rest_still_planned(tmp_path, without, gone):
    cohort(tmp_path / "c", **without)
    jobs = planned_jobs(tmp_path / "c")
    assert jobs["call_abnormalities"] == 1
    assert jobs["build_report"] == 1
    assert gone is None or jobs[gone] == 0


def test_the_config_chooses_the_fusion_caller_and_what_follows_stays(tmp_path):
    config = cohort(tmp_path / "c")
    own = planned_jobs(tmp_path / "c")
    assert own["call_fusions"] == 2 and own["run_arriba"] == own["read_arriba"] == 0
    (tmp_path / "c/in/blacklist.tsv").write_bytes(b"")
    values = yaml.safe_load(config.read_text())
    values["expression"] = {"fusion_caller": "arriba", "arriba": {"blacklist": "in/blacklist.tsv"}}
    config.write_text(yaml.safe_dump(values))
    other = planned_jobs(tmp_path / "c")
    assert other["run_arriba"] == other["read_arriba"] == 2 and other["call_fusions"] == 0
    rest = {"call_fusions", "run_arriba", "read_arriba"}
    assert {k: n for k, n in own.items() if k not in rest} == {
        k: n for k, n in other.items() if k not in rest
    }
    shown = snakemake(tmp_path / "c", "--dry-run", "--printshellcmds", "--cores", "2").stdout
    assert "-b in/blacklist.tsv -s auto" in shown
    del values["reference"]["gtf"]
    config.write_text(yaml.safe_dump(values))
    done = snakemake(tmp_path / "c", "--dry-run", check=False)
    assert done.returncode and "expression.fusion_caller" in done.stdout + done.stderr


def test_salmon_is_run_only_where_it_is_asked_for(whole, tmp_path):
    assert planned_jobs(whole)["quantify_salmon"] == 0
    path = cohort(tmp_path / "c", patients=2)
    config = yaml.safe_load(path.read_text()) | {"expression": {"quantifier": "salmon"}}
    path.write_text(yaml.safe_dump(config))
    jobs = planned_jobs(tmp_path / "c")
    assert jobs["quantify_salmon"] == 2 and jobs["index_salmon"] == 1
    assert jobs["align_rna"] == 2, "STAR still gives fusions, strandedness and purity"
