"""The DuckDB file: every table typed, joined across tables, with its dictionary."""

import duckdb
import pandas as pd
import pytest
from tests import fabricate

from myeloma import database, pseudonyms, tables


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("db")
    cohort = fabricate.cohort(n=6, seed=3)
    paths = {name: str(path) for name, path in cohort.write(folder).items()}
    samples = cohort.frames["samples"]
    names = pseudonyms.Names(
        pseudonyms.keyed([p["patient"] for p in cohort.patients], "patient", b"k" * 32),
        pseudonyms.keyed(samples["sample"], "sample", b"k" * 32),
        dict(zip(samples["sample"], samples["patient"], strict=True)),
        {p["patient"]: p["c1d1"] or p["enrolment_date"] for p in cohort.patients},
    )
    database.write(paths, names, folder / "m.duckdb")
    return cohort, names, paths, folder / "m.duckdb"


def test_abnormalities_join_response_as_the_tables_do(made):
    cohort, names, _, path = made
    with duckdb.connect(str(path), read_only=True) as db:
        found = db.execute(
            'select r."group" || a.state, count(*) from abnormalities a join response r using (patient) '
            "where a.abnormality = 'del17p' group by 1"
        ).fetchall()
    both = cohort.frames["abnormalities"].merge(cohort.frames["response"], on="patient")
    both = both[both["abnormality"] == "del17p"]
    wanted = (both["group"] + both["state"]).value_counts()
    assert dict(found) == wanted.to_dict() and sum(wanted) == 6


def test_every_table_has_its_rows_types_and_meanings(made):
    cohort, _, paths, path = made
    with duckdb.connect(str(path), read_only=True) as db:
        listed = {row[0] for row in db.execute("select name from dictionary_tables").fetchall()}
        assert listed == set(paths)
        for name in paths:
            assert db.execute(f'select count(*) from "{name}"').fetchone()[0] == len(cohort.frames[name])
        kinds = dict(db.execute("select column_name, data_type from information_schema.columns "
                                "where table_name = 'endpoints'").fetchall())  # fmt: skip
        assert kinds["months"] == "DOUBLE" and kinds["event"] == "BIGINT" and kinds["patient"] == "VARCHAR"
        assert kinds["start_date_day"] == "BIGINT" and "start_date" not in kinds
        assert (
            db.execute("select count(*) from dictionary_columns where meaning = '' and unit = ''").fetchone()[
                0
            ]
            < 3
        )
        unit = db.execute("select unit, allowed from dictionary_columns where table_name = 'abnormalities' "
                          "and column_name = 'state'").fetchone()  # fmt: skip
        assert unit == ("", "present, absent, not_assessable")
        undescribed = db.execute(
            "select table_name, column_name from information_schema.columns where table_name in "
            "(select name from dictionary_tables) except select table_name, column_name from dictionary_columns"
        ).fetchall()
        assert undescribed == []


def test_missing_is_null_and_no_id_or_date_of_the_sheets_is_inside(made):
    cohort, _, paths, path = made
    with duckdb.connect(str(path), read_only=True) as db:
        empty = cohort.frames["abnormalities"]["reason"].eq("").sum()
        assert db.execute("select count(*) from abnormalities where reason is null").fetchone()[0] == empty
        for name in paths:
            text = db.execute(f'select * from "{name}"').df().to_csv()
            assert "IPD-" not in text, name
            if name not in ("idmc", "idmc_cuts"):
                assert not pseudonyms.ISO_DATE.search(text), name


def test_same_tables_same_content(made, tmp_path):
    _, names, paths, path = made
    database.write(paths, names, tmp_path / "again.duckdb")
    for name in paths:
        frames = []
        for file in (path, tmp_path / "again.duckdb"):
            with duckdb.connect(str(file), read_only=True) as db:
                frames.append(db.execute(f'select * from "{name}"').df())
        pd.testing.assert_frame_equal(*frames)


def test_a_table_without_rows_keeps_its_types(tmp_path):
    path = tmp_path / "r.tsv"
    tables.write(tables.empty(tables.RATES), path, tables.RATES)
    database.write({"response_rates": str(path)}, pseudonyms.Names({}, {}, {}), tmp_path / "e.duckdb")
    with duckdb.connect(str(tmp_path / "e.duckdb"), read_only=True) as db:
        assert db.execute("select count(*), max(fraction) from response_rates").fetchone() == (0, None)
