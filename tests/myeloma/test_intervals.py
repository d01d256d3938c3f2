"""Intervals: padded, merged, split evenly, in the order of the FASTA."""

from myeloma import intervals

LENGTHS = {"2": 1000, "10": 500, "1": 800}


def test_padding_is_cut_at_contig_ends_and_merged_in_fasta_order():
    given = [("1", 10, 20), ("10", 480, 500), ("2", 100, 200), ("2", 250, 300), ("other", 1, 2)]
    assert intervals.padded(given, 30, LENGTHS) == [("2", 70, 330), ("10", 450, 500), ("1", 0, 50)]


def test_pieces_are_even_in_bases_and_lose_nothing():
    given = [("1", n * 100, n * 100 + 10 + n) for n in range(50)]
    for pieces in (1, 2, 3, 7):
        runs = intervals.split(given, pieces)
        assert [i for run in runs for i in run] == given
        sizes = [intervals.bases(run) for run in runs]
        assert len(runs) == pieces and max(sizes) - min(sizes) <= 2 * 60


def test_fewer_intervals_than_pieces_leave_no_empty_piece():
    assert intervals.split([("1", 0, 5)], 4) == [[("1", 0, 5)]]
    assert intervals.split([], 4) == []


def test_bed_is_read_back(tmp_path):
    path = tmp_path / "t.bed"
    path.write_text("#c\ntrack name=x\n1\t5\t9\tname\n\n2\t1\t4\n")
    assert intervals.read_bed(path) == [("1", 5, 9), ("2", 1, 4)]
    intervals.write_bed([("1", 5, 9)], path)
    assert path.read_text() == "1\t5\t9\n"
