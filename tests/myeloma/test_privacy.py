"""The search for what must not be in the results, and the packed export."""

import gzip
import io
import tarfile
import zipfile

import pysam
import pytest

from myeloma import manifest, privacy
from myeloma.pseudonyms import Names

ROOTS = ["/data/trial/project", "/home/somebody", "/"]
NAMES = Names({"IPD-1": "PAAA"}, {"IPD-1-T": "SBBB"}, {"IPD-1-T": "IPD-1"})


@pytest.fixture
def results(tmp_path):
    """Clean results of a run."""
    folder = tmp_path / "results"
    for name, text in {
        "calls/a.tsv": "IPD-1\t3\n",
        "export/README.md": "PAAA\n",
        "export/cbioportal/x.txt": "PAAA\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def failed(folder, identifying=None, names=NAMES):
    return privacy.failures(privacy.scan(folder, ROOTS, identifying or {}, names))


def test_clean_results_are_clean_and_say_what_was_looked_at(results):
    rows = privacy.scan(results, ROOTS, {}, NAMES)
    assert privacy.failures(rows) == []
    looked = rows[rows["file"] == "all"].set_index("check")["what"].to_dict()
    assert (
        looked["path"] == "3 files"
        and looked["id"] == "2 files"
        and looked["identifier"] == "nothing to look for"
    )


def test_paths_are_found_plain_packed_and_zipped_but_not_beside_an_index(results):
    (results / "report").mkdir()
    (results / "report/report.html").write_text("see /data/trial/project/results\n")
    with gzip.open(results / "calls/b.vcf.gz", "wt") as handle:
        handle.write("##cmd /home/somebody/x\n")
    with zipfile.ZipFile(results / "export/tables.zip", "w") as packed:
        packed.writestr("t.tsv", "/data/trial/project")
    (results / "references/star").mkdir(parents=True)
    (results / "references/star/Log.out").write_text("/data/trial/project\n")
    (results / "calls/c.tsv").write_text("/data/trial/project2 /xhome/somebody\n")
    said = failed(results)
    assert len(said) == 3 and all("absolute path" in s and "/data" not in s for s in said)
    rows = privacy.scan(results, ROOTS, {}, NAMES)
    assert rows[rows["verdict"] == "exception"]["file"].tolist() == ["results/references/star/Log.out"]


def test_values_of_identifying_columns_are_found_anywhere(results, tmp_path):
    sheet = tmp_path / "patients.tsv"
    sheet.write_text("patient\tBirth_Date\tname\nIPD-1\t1950-02-03\tJeanne Martin\n")
    found = privacy.identifying_values({"patients": str(sheet)}, ["name", "birth_date"])
    assert found == {"1950-02-03": "patients.Birth_Date", "Jeanne Martin": "patients.name"}
    (results / "calls/a.tsv").write_text("reason: Jeanne Martin moved\n")
    assert failed(results, found) == ["results/calls/a.tsv: a value of patients.name (identifier)"]


def test_ids_of_the_sheets_may_stand_inside_but_not_in_what_leaves(results):
    (results / "export/adam").mkdir()
    (results / "export/adam/adsl.tsv").write_text("IPD-1\n")
    assert failed(results) == []
    (results / "export/cbioportal/x.txt").write_text("sample IPD-1-T\n")
    assert failed(results) == ["results/export/cbioportal/x.txt: an id of the sheets (id)"]
    assert failed(results, names=None) == []


def test_header_of_a_cram_needs_m5_and_no_place(tmp_path):
    def header(**more):
        path = tmp_path / "x.bam"
        text = {
            "HD": {"VN": "1.6"},
            "SQ": [{"SN": "1", "LN": 9, **more}],
            "PG": [{"ID": "x", "CL": "x -r /home/somebody/f"}],
        }
        pysam.AlignmentFile(str(path), "wb", header=text).close()
        return path

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            pysam, "AlignmentFile", lambda path, mode, **kw: _open(path, "rb" if mode == "rc" else mode, **kw)
        )
        good = privacy.header_faults(header(M5="a" * 32), [])
        bad = privacy.header_faults(header(UR="/home/x.fa"), ["/home/somebody"])
    assert good == []
    assert len(bad) == 3 and bad[0].startswith("UR") and "M5" in bad[1] and "path" in bad[2]


_open = pysam.AlignmentFile


def test_round_trip_of_the_encrypted_export(results, tmp_path):
    from crypt4gh import lib
    from crypt4gh.keys import c4gh, get_private_key

    (results / "export/tables.zip").write_bytes(b"for the trial alone")
    for who in ("one", "two", "three"):
        c4gh.generate(str(tmp_path / who), str(tmp_path / f"{who}.pub"), b"", b"")
    out = results / "export/myeloma.tar.gz.c4gh"
    manifest.pack(results / "export", [str(tmp_path / "one.pub"), str(tmp_path / "two.pub")], out)
    assert b"PAAA" not in out.read_bytes()
    for who in ("one", "two"):
        plain = io.BytesIO()
        key = get_private_key(str(tmp_path / who), lambda: b"")
        with open(out, "rb") as packed:
            lib.decrypt([(0, key, None)], packed, plain)
        plain.seek(0)
        with tarfile.open(fileobj=plain) as tar:
            assert sorted(tar.getnames()) == ["export/README.md", "export/cbioportal/x.txt"]
            assert tar.extractfile("export/README.md").read() == b"PAAA\n"
            assert {(m.uid, m.uname, m.mtime) for m in tar.getmembers()} == {(0, "", 0)}
    with pytest.raises(ValueError), open(out, "rb") as packed:
        lib.decrypt([(0, get_private_key(str(tmp_path / "three"), lambda: b""), None)], packed, io.BytesIO())
    with pytest.raises(ValueError, match="nobody could read"):
        manifest.pack(results / "export", [], out)


def test_texts_inside_a_duckdb_are_seen(results):
    """Compressed among many like it, a text does not stand in the bytes of the file."""
    import duckdb

    path = results / "export/myeloma.duckdb"
    with duckdb.connect(str(path)) as made:
        made.execute("create table t as select 'visit number ' || i || ' after Jeanne Martin, IPD-1-T, was seen' as said "
                     "from range(20000) r(i)")  # fmt: skip
    assert b"Jeanne Martin" not in path.read_bytes()
    assert sorted(failed(results, {"Jeanne Martin": "patients.name"})) == [
        "results/export/myeloma.duckdb: a value of patients.name (identifier)",
        "results/export/myeloma.duckdb: an id of the sheets (id)",
    ]
