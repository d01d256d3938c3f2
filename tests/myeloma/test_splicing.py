"""Skipped exons: junctions of the right transcript, fragments counted once, share and interval by hand."""

import math

import pandas as pd
import pysam
import pytest

from myeloma import abnormalities, splicing, tables
from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT

EVENT = {"name": "E_skipping", "gene": "GENE", "exon": 2, "exons": 3}
RULES = {
    "events": [EVENT],
    "min_reads": 20,
    "min_overhang": 8,
    "min_mapping_quality": 20,
    "normal_share": 0.10,
    "confidence": 0.95,
}


def gtf(path, strand="+", exons=((101, 150), (251, 300), (401, 450)), more="", name="T1.2"):
    said = f'gene_id "G1.3"; transcript_id "{name}"; gene_name "GENE";'
    lines = [f"chr1\tx\ttranscript\t101\t450\t.\t{strand}\t.\t{said} {more}"]
    for start, end in exons:
        lines += [f"chr1\tx\t{kind}\t{start}\t{end}\t.\t{strand}\t.\t{said}" for kind in ("exon", "CDS")]
    with open(path, "a") as handle:
        handle.write("\n".join(lines) + "\n")
    return path


def test_junctions_on_both_strands(tmp_path):
    plus = splicing.find_cassette(EVENT, gtf(tmp_path / "a.gtf"))
    assert (plus.upstream, plus.downstream, plus.skipping) == ((151, 250), (301, 400), (151, 400))
    minus = splicing.find_cassette(EVENT, gtf(tmp_path / "b.gtf", strand="-"))
    assert (minus.upstream, minus.downstream, minus.skipping) == ((301, 400), (151, 250), (151, 400))
    assert plus.transcript == "T1.2" and not plus.problem


def test_the_transcript_that_speaks_for_the_gene_numbers_the_exons(tmp_path):
    path = gtf(tmp_path / "a.gtf", exons=((101, 150), (201, 450)), name="longer.1")
    path = gtf(path, more='tag "MANE_Select";')
    assert splicing.find_cassette(EVENT, path).transcript == "T1.2"


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"exons": 11}, "has 3 exons, the numbering assumes 11"),
        ({"exon": 3}, "exon 3 of 3 has no neighbour"),
        ({"gene": "OTHER"}, "OTHER is not in the GTF"),
    ],
)
def test_what_cannot_be_numbered_is_not_counted(tmp_path, event, words):
    assert words in splicing.find_cassette(EVENT | event, gtf(tmp_path / "a.gtf")).problem


def test_without_a_gtf():
    assert "no GTF" in splicing.find_cassette(EVENT, "").problem


@pytest.mark.parametrize(
    ("cigar", "found"),
    [
        ("10M100N10M", [(151, 250)]),
        ("10M100N7M", []),  # too short beyond the junction
        ("3S10M100N10M2S", [(151, 250)]),
        ("10M100N12M100N9M", [(151, 250), (263, 362)]),
        ("5M5I10M100N8M", [(156, 255)]),
        ("10M100N2D20M", []),  # a deletion right beside the intron
        ("20M", []),
    ],
)
def test_introns_of_an_alignment(cigar, found):
    read = pysam.AlignedSegment()
    read.cigarstring = cigar
    assert splicing.introns(read.cigartuples, 140, 8) == found


# Shares


def test_share_and_exact_interval():
    """10 skip, inclusion 28 and 32: 10 of 40. R 4.2.2 binom.test(10, 40): 0.1269148 0.4119620."""
    share, low, high = splicing.skipped_share(28, 32, 10, 0.95)
    assert share == 0.25
    assert (low, high) == pytest.approx((0.1269148, 0.4119620), abs=1e-6)


def test_nothing_skipped_and_nothing_included():
    # 0 of 36: upper limit 1 - 0.025 ** (1 / 36); 36 of 36: lower limit 0.025 ** (1 / 36)
    assert splicing.skipped_share(36, 36, 0, 0.95) == pytest.approx((0, 0, 1 - 0.025 ** (1 / 36)))
    assert splicing.skipped_share(0, 0, 36, 0.95) == pytest.approx((1, 0.025 ** (1 / 36), 1))


def test_no_read_at_all_says_nothing():
    share, low, high = splicing.skipped_share(0, 0, 0, 0.95)
    assert math.isnan(share) and (low, high) == (0, 1)
    assert splicing.judge((0, 0, 0), 1.0, RULES)[0] == NOT_ASSESSABLE


def test_a_half_lies_between_its_neighbours():
    low = [splicing.skipped_share(n, n + 1, 5, 0.95)[0] for n in (10,)][0]
    assert splicing.skipped_share(11, 11, 5, 0.95)[0] < low < splicing.skipped_share(10, 10, 5, 0.95)[0]


@pytest.mark.parametrize(
    ("counts", "state", "words"),
    [
        ((30, 30, 12), PRESENT, ""),
        ((36, 36, 0), ABSENT, ""),  # upper limit 0.0974
        ((35, 35, 0), NOT_ASSESSABLE, "holds the limit of 0.1"),  # 0.1000 and a little
        ((24, 24, 4), NOT_ASSESSABLE, "holds the limit of 0.1"),
        ((10, 9, 10), NOT_ASSESSABLE, "19.5 junction reads"),
        ((0, 0, 40), PRESENT, ""),
    ],
)
def test_states(counts, state, words):
    made, reason = splicing.judge(counts, 1.0, RULES)
    assert made == state and words in reason


@pytest.mark.parametrize(
    ("skipping", "plasma", "state", "words"),
    [
        # 40 % of the tumour's transcripts in a fifth of the RNA: 80 of 1,000; upper limit 0.0986 / 0.2 = 0.49
        (80, 0.2, NOT_ASSESSABLE, "up to 0.49 of the tumour's"),
        (80, 1.0, ABSENT, ""),
        (80, 0.98, NOT_ASSESSABLE, "above the limit of 0.1"),  # 0.1006
        (80, None, NOT_ASSESSABLE, "is not known"),
        (80, math.nan, NOT_ASSESSABLE, "skipped share 0.064-0.099"),
        (80, 0.0, NOT_ASSESSABLE, "up to 1.00"),
        (0, 0.2, ABSENT, ""),  # 1 - 0.025 ** (1 / 1000) = 0.0037
        (400, None, PRESENT, ""),  # other cells only dilute: more than normal needs no share
    ],
)
def test_absent_only_where_the_tumour_would_have_shown(skipping, plasma, state, words):
    made, reason = splicing.judge((1000 - skipping, 1000 - skipping, skipping), plasma, RULES)
    assert made == state and words in reason


# From reads


@pytest.fixture
def reads(tmp_path):
    """12 fragments skip, 20 and 30 include; two mates over one junction, and reads that must not count."""
    header = pysam.AlignmentHeader.from_dict({"HD": {"SO": "coordinate"}, "SQ": [{"SN": "chr1", "LN": 1000}]})
    rows = []

    def add(name, start, cigar, quality=255, flag=0):
        read = pysam.AlignedSegment(header)
        read.query_name, read.reference_id, read.reference_start = name, 0, start
        read.cigarstring, read.mapping_quality, read.flag = cigar, quality, flag
        length = read.infer_query_length()
        read.query_sequence, read.query_qualities = "A" * length, pysam.qualitystring_to_array("I" * length)
        rows.append(read)

    for i in range(12):
        add(f"skip{i}", 130, "20M250N20M")
    add("skip0", 132, "18M250N22M", flag=129)  # the mate of the first
    for i in range(20):
        add(f"up{i}", 130, "20M100N20M")
    for i in range(30):
        add(f"down{i}", 270, "30M100N20M")
    add("multi", 130, "20M250N20M", quality=3)
    add("short", 143, "7M250N20M")
    add("second", 130, "20M250N20M", flag=256)
    add("other", 130, "21M249N20M")
    rows.sort(key=lambda r: r.reference_start)
    path = tmp_path / "reads.bam"
    with pysam.AlignmentFile(path, "wb", header=header) as out:
        for read in rows:
            out.write(read)
    pysam.index(str(path))
    return path


def cohort(path, tmp_path, qc=(), event=EVENT, where=None, plasma=1.0):
    sample = {"patient": "P1", "sample": "P1-R", "assay": "rna", "tissue": "tumour", "role": "analysis"}
    samples = pd.DataFrame([sample]).assign(collection_date="", kit="", reason="")
    frame = pd.DataFrame(list(qc), columns=tables.QC.names())
    purity = pd.DataFrame({"sample": ["P1-R"], "plasma_cell_score": [plasma]})
    rules, where = RULES | {"events": [event]}, where or gtf(tmp_path / "g.gtf")
    made = splicing.measure({"P1-R": str(path)}, "", where, samples, frame, purity, rules)
    return tables.conform(made, tables.SPLICING).iloc[0]


def test_fragments_are_counted_once_and_only_good_ones(reads, tmp_path):
    row = cohort(reads, tmp_path)
    assert (row["upstream_reads"], row["downstream_reads"], row["skipping_reads"]) == (20, 30, 12)
    assert row["psi"] == pytest.approx(25 / 37) and row["state"] == PRESENT
    assert row["locus"] == "chr1:151-400"


def test_a_failed_gate_shows_its_counts_and_no_call(reads, tmp_path):
    gate = {"patient": "P1", "sample": "P1-R", "assay": "rna", "tissue": "tumour", "gate": "assigned_reads"}
    row = cohort(reads, tmp_path, [gate | {"value": 5, "threshold": 9, "verdict": "fail", "reason": ""}])
    assert (
        row["state"] == NOT_ASSESSABLE and "assigned_reads" in row["reason"] and row["skipping_reads"] == 12
    )


def test_the_share_is_that_of_the_sample(reads, tmp_path):
    limit = {"normal_share": 0.6}  # 12 of 37: 0.18-0.50
    made = []
    for plasma in (0.9, 0.5, None):
        sample = {"patient": "P1", "sample": "P1-R", "tissue": "tumour"}
        purity = pd.DataFrame({"sample": ["P1-R"], "plasma_cell_score": [plasma]})
        rules, where = RULES | limit | {"events": [EVENT]}, gtf(tmp_path / "g.gtf")
        frame = splicing.measure(
            {"P1-R": str(reads)}, "", where, pd.DataFrame([sample]), tables.empty(tables.QC), purity, rules
        )
        made.append(frame["state"].iloc[0])
    assert made == [ABSENT, NOT_ASSESSABLE, NOT_ASSESSABLE]


def test_another_numbering_is_not_assessable(reads, tmp_path):
    row = cohort(reads, tmp_path, event=EVENT | {"exons": 4})
    assert row["state"] == NOT_ASSESSABLE and pd.isna(row["skipping_reads"])


# The abnormality row


def test_every_patient_has_a_row_of_each_event(reads, tmp_path):
    one = cohort(reads, tmp_path)
    frame = tables.conform(pd.DataFrame([one]), tables.SPLICING)
    made = abnormalities.splicing_rows(["P1", "P2"], {"P1": "P1-R"}, frame, ["E_skipping"]).set_index(
        "patient"
    )
    assert made.loc["P1", "state"] == PRESENT and made.loc["P1", "kind"] == "splicing"
    assert "12 fragments skip, 20 and 30 include" in made.loc["P1", "value"]
    assert made.loc["P2", "state"] == NOT_ASSESSABLE and "no RNA sample" in made.loc["P2", "reason"]
    tables.conform(made.reset_index(), tables.ABNORMALITIES)


def test_a_cohort_without_rna():
    made = splicing.measure(
        {},
        "",
        "",
        tables.empty(tables.SAMPLES),
        tables.empty(tables.QC),
        tables.empty(tables.RNA_PURITY),
        RULES,
    )
    assert not len(tables.conform(made, tables.SPLICING))
