"""Counts of several seeds are added cell by cell."""

import pool_accuracy
import pytest

SEED = """## Seed {seed}, 2026-01-01

### Mutations

| kind | purity | cell | planted | asked | found | not assessable | recall (95 %) | false | precision (95 %) | note |
|---|---|---|---|---|---|---|---|---|---|---|
| snv | 0.3 | clonal fraction 0.25 | 24 | {asked} | {found} | 0 | x | 1 | y | z |
"""


def test_cells_of_seeds_are_added_and_a_second_time_changes_nothing(tmp_path):
    path = tmp_path / "accuracy.md"
    path.write_text(
        "# Title\n\nWords.\n\n"
        + SEED.format(seed=2, asked=6, found=4)
        + SEED.format(seed=3, asked=4, found=4)
    )
    pool_accuracy.main(path)
    once = path.read_text()
    # binom.test(8, 10) of R: 0.444 to 0.975
    assert "| snv | 0.3 | clonal fraction 0.25 | 2 | 48 | 10 | 8 | 0 | 2 | 0.800 (0.444-0.975) |" in once
    assert once.startswith("# Title\n\nWords.\n\n## All seeds together\n")
    pool_accuracy.main(path)
    assert path.read_text() == once


def test_a_seed_that_stands_twice_is_refused():
    text = SEED.format(seed=2, asked=6, found=4) * 2
    with pytest.raises(ValueError, match="Seed 2 stands twice"):
        pool_accuracy.cells(text)
