"""The dictionary of the tables is current, the archive the same for the same tables."""

import zipfile

from myeloma import dictionary, tables


def test_docs_are_current(project):
    assert (project / "docs/tables.md").read_text(encoding="utf-8") == dictionary.markdown(), (
        "run: cd workflow/scripts && python -m myeloma.dictionary > ../../docs/tables.md"
    )


def test_every_column_is_in_it():
    text = dictionary.markdown()
    for table in tables.ALL:
        assert f"## {table.name}\n" in text
        assert all(f"| `{c.name}` |" in text for c in table.columns)


def test_archive_is_the_same_for_the_same_tables(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    (tmp_path / "results/a.tsv").write_text("x\n1\n")
    dictionary.archive(["results/a.tsv"], "one.zip")
    (tmp_path / "results/a.tsv").touch()
    dictionary.archive(["results/a.tsv"], "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile("one.zip") as packed:
        assert packed.namelist() == ["tables.md", "results/a.tsv"]
        assert packed.read("results/a.tsv") == b"x\n1\n"
