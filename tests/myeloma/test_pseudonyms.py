"""Keyed pseudonyms, days instead of dates, texts of sheets that stay inside."""

import hashlib
import hmac
import os
import stat
from base64 import b32encode
from datetime import date
from types import SimpleNamespace

import pandas as pd
import pytest

from myeloma import flow, pseudonyms, tables
from myeloma.pseudonyms import Names, PrivacyError

KEY = bytes(range(32))


def cohort(*ids):
    patients = [
        SimpleNamespace(patient=p, c1d1=date(2024, 1, 10), enrolment_date=date(2024, 1, 1)) for p in ids
    ]
    samples = [SimpleNamespace(sample=f"{p}-T", patient=p) for p in ids]
    return SimpleNamespace(patients=patients, samples=samples, exclusions=())


def hmac_rules(tmp_path, **more):
    rules = {
        "mode": "hmac",
        "key_file": str(tmp_path / "keys/key"),
        "map_file": str(tmp_path / "keys/map.tsv"),
    }
    return rules | more


def test_pseudonym_is_the_keyed_hash_of_rfc_2104():
    digest = hmac.new(KEY, b"patient\0IPD-1", hashlib.sha256).digest()
    assert pseudonyms.keyed(["IPD-1"], "patient", KEY) == {"IPD-1": "P" + b32encode(digest).decode()[:10]}
    assert pseudonyms.keyed(["IPD-1"], "sample", KEY) != pseudonyms.keyed(["IPD-1"], "sample", KEY[::-1])


def test_two_ids_never_share_a_pseudonym(monkeypatch):
    monkeypatch.setattr(pseudonyms, "CHARACTERS", 1)
    with pytest.raises(PrivacyError, match="get one pseudonym"):
        pseudonyms.keyed([f"IPD-{i}" for i in range(60)], "patient", KEY)


def test_key_is_made_once_for_its_owner_and_read(tmp_path):
    path = tmp_path / "keys/key"
    pseudonyms.make_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and len(pseudonyms.read_key(path)) == 32
    with pytest.raises(PrivacyError, match="there already"):
        pseudonyms.make_key(path)
    os.chmod(path, 0o644)
    with pytest.raises(PrivacyError, match="chmod 600"):
        pseudonyms.read_key(path)
    path.write_text("short\n")
    os.chmod(path, 0o600)
    with pytest.raises(PrivacyError, match="32 bytes"):
        pseudonyms.read_key(path)
    with pytest.raises(PrivacyError, match="make_pseudonym_key"):
        pseudonyms.read_key(tmp_path / "none")


def test_map_holds_every_id_and_stands_outside(tmp_path):
    run, project = tmp_path / "run", tmp_path / "project"
    rules = hmac_rules(tmp_path)
    pseudonyms.make_key(rules["key_file"])
    names = pseudonyms.names_of(cohort("A-1", "B-2"), rules, str(project), str(run / "results"))
    written = pd.read_csv(rules["map_file"], sep="\t")
    assert set(written["id"]) == {"A-1", "B-2", "A-1-T", "B-2-T"} and set(written["kind"]) == {
        "patient",
        "sample",
    }
    assert stat.S_IMODE(os.stat(rules["map_file"]).st_mode) == 0o600
    assert names.patients["A-1"].startswith("P") and names.changed
    for name, where in (
        ("key_file", run / "results/key"),
        ("map_file", project / "map.tsv"),
        ("map_file", ""),
    ):
        with pytest.raises(PrivacyError, match=name):
            pseudonyms.names_of(cohort("A-1"), rules | {name: str(where)}, str(project), str(run / "results"))


def test_ids_that_are_numbers_cannot_be_replaced_in_texts(tmp_path):
    rules = hmac_rules(tmp_path)
    pseudonyms.make_key(rules["key_file"])
    with pytest.raises(PrivacyError, match="cannot be told from a number"):
        pseudonyms.names_of(cohort("1", "B-2"), rules, "/nowhere", str(tmp_path / "results"))


def test_none_takes_the_ids_of_the_sheets():
    names = pseudonyms.names_of(cohort("A-1"), {"mode": "none", "key_file": "", "map_file": ""}, "/nowhere")
    assert names.patients == {"A-1": "A-1"} and not names.changed


def named():
    starts = {"IPD-1": date(2024, 1, 10), "IPD-10": None}
    return Names({"IPD-1": "PAAA", "IPD-10": "PBBB"}, {"IPD-1-T": "SCCC"}, {"IPD-1-T": "IPD-1"}, starts)


def test_ids_in_texts_are_whole_words_and_the_longest_wins():
    told = named().text("IPD-1-T: results/calls/IPD-1.vcf.gz, not XIPD-1 or IPD-100 but IPD-10", "IPD-1")
    assert told == "SCCC: results/calls/PAAA.vcf.gz, not XIPD-1 or IPD-100 but PBBB"


def test_dates_become_days_of_the_patient():
    assert named().text("PD on 2024-01-10, seen 2024-01-01", "IPD-1") == "PD on day 1, seen day -8"
    assert named().text("on 2024-01-10; 2024-19-99", "") == "on (date); (date)"
    assert named().day("2024-01-12", "IPD-1") == 3 and named().day("2024-01-12", "IPD-10") is None


def test_a_table_leaves_without_dates_ids_and_typed_text():
    rows = {
        "patient": ["IPD-1"], "drug": ["ixazomib"], "date": ["2024-01-17"], "time": ["08:00"], "cycle": [1], "day": [8],
        "phase": ["induction"], "change": ["reduced"], "change_reason": ["Mme X called from home"], "dose_mg": [2.3],
        "planned_mg": [3.0], "recorded": ["yes"], "counted": ["yes"], "reason": ["since 2024-01-17"],
    }  # fmt: skip
    frame = tables.conform(pd.DataFrame(rows), tables.DOSE_CHANGES)
    out = pseudonyms.leaving(frame, tables.DOSE_CHANGES, named())
    assert "date" not in out and out["date_day"].tolist() == [8] and out["patient"].tolist() == ["PAAA"]
    assert out["change_reason"].tolist() == [""] and out["reason"].tolist() == ["since day 8"]


def test_reasons_of_the_flow_leave_as_classes():
    frame = pd.DataFrame({"patient": ["IPD-1"], "analysis": ["per_protocol"], "included": ["no"],
                          "reason": ["protocol deviation: moved to his daughter"]})  # fmt: skip
    assert pseudonyms.leaving(frame, tables.FLOW, named())["reason"].tolist() == ["protocol deviation"]


def test_columns_of_samples_are_renamed():
    frame = pd.DataFrame({"gene_id": ["g"], "gene_name": ["G"], "IPD-1-T": ["12"]})
    out = pseudonyms.leaving(frame, tables.COUNTS, named())
    assert list(out.columns) == ["gene_id", "gene_name", "SCCC"] and out["SCCC"].tolist() == [12]


def test_centres_do_not_leave():
    row = dict.fromkeys(tables.SAMPLE_MAP.names()) | {
        "patient": "IPD-1",
        "sample": "IPD-1-T",
        "centre": "Hospital Brno",
    }
    frame = pd.DataFrame([row])
    out = pseudonyms.leaving(frame.assign(centre="Hospital Brno"), tables.SAMPLE_MAP, named())
    assert out["centre"].tolist() == [""] and out["sample"].tolist() == ["SCCC"]


@pytest.mark.parametrize("table", [tables.RESPONSE, tables.GROUPS_BY_DEFINITION])
def test_what_decided_a_group_leaves_as_class_and_day(table):
    said = {
        "PR on 2024-02-25 C3D1 seen by Dr Novak (day 5) (day 47): serum M-protein 5 g/L, confirmed 2024-03-20": "PR on day 47",
        "column `group` of patients.tsv; check the list: PD on 2024-01-11 Novak (day 2)":
            "column `group` of patients.tsv; check the list: PD on day 2",
        "no assessments given: response cannot be assessed": "no assessments given: response cannot be assessed",
        "neither side decided": "neither side decided",
    }  # fmt: skip
    frame = pd.DataFrame({"patient": "IPD-1", "decided_by": list(said), "landmark_reason": ""})
    assert pseudonyms.leaving(frame, table, named())["decided_by"].tolist() == list(said.values())


def test_a_patient_called_as_a_sample_keeps_the_pseudonym_of_a_patient():
    names = Names({"P1": "PAAA"}, {"P1": "SBBB"}, {"P1": "P1"}, {"P1": None})
    frame = pd.DataFrame({"patient": ["P1"], "sample": ["P1"]})
    out = pseudonyms.leaving(frame, tables.SAMPLES, names)
    assert out["patient"].tolist() == ["PAAA"] and out["sample"].tolist() == ["SBBB"]


def test_an_id_of_a_patient_and_a_sample_is_refused_for_texts(tmp_path):
    rules = hmac_rules(tmp_path)
    pseudonyms.make_key(rules["key_file"])
    both = cohort("A-1", "B-2")
    both.samples[1].sample = "A-1"
    with pytest.raises(PrivacyError, match="A-1 is the id of a patient and of a sample"):
        pseudonyms.names_of(both, rules, "/nowhere", str(tmp_path / "results"))


WITHDRAWN = {"patient": "B-2", "analysis": "all", "reason": "consent withdrawn"}


def test_excluded_from_everything_is_a_whole_patient_of_all_analyses():
    rows = [WITHDRAWN, {"patient": "C-3", "analysis": ""}, {"patient": "D-4", "analysis": "dna"},
            {"patient": "E-5", "analysis": "all", "sample": "E-5-T"}]  # fmt: skip
    assert flow.left_out(rows, "all") == {"B-2", "C-3"}


@pytest.mark.parametrize("mode", ["none", "hmac"])
def test_nothing_of_a_patient_excluded_from_everything_leaves(tmp_path, mode):
    who = cohort("A-1", "B-2")
    who.exclusions = (WITHDRAWN,)
    rules = hmac_rules(tmp_path, mode=mode)
    pseudonyms.make_key(rules["key_file"])
    names = pseudonyms.names_of(who, rules, "/nowhere", str(tmp_path / "results"))
    flow = pd.DataFrame(
        {"patient": ["A-1", "B-2"], "analysis": "itt", "included": ["yes", "no"], "reason": ["", "x: y"]}
    )
    assert pseudonyms.leaving(flow, tables.FLOW, names)["patient"].tolist() == [names.patients["A-1"]]
    counts = pd.DataFrame({"gene_id": ["g"], "gene_name": ["G"], "A-1-T": ["12"], "B-2-T": ["5"]})
    assert list(pseudonyms.leaving(counts, tables.COUNTS, names)) == [
        "gene_id",
        "gene_name",
        names.samples["A-1-T"],
    ]
    assert names.text("B-2-T and B-2, not A-1") == f"(left out) and (left out), not {names.patients['A-1']}"
