"""The pages with reads: which places, which reads, nothing of the machine in them."""

import base64
import gzip
import json
import re

import pandas as pd
import pysam
import pytest

from myeloma import tables

pytest.importorskip("igv_reports", reason="igv-reports is not installed (make setup installs it)")
from myeloma.report import evidence  # noqa: E402

HOSTILE = '<img src=x onerror=alert(1)></script>"&'


def calls(*rows):
    names = ("patient", "abnormality", "kind", "state", "value", "evidence")
    made = pd.DataFrame([dict(zip(names, row, strict=True)) for row in rows])
    made = made.assign(sample="", threshold="", reason="")
    return tables.conform(made, tables.ABNORMALITIES)


def test_places_of_what_the_calls_say():
    rna = "expression/fusions.tsv: IGH chr14:221682 - CCND1 chr11:150452, 70 reads; expression/partners.tsv: CCND1 10.2"
    assert evidence.places_of(rna) == [(("chr14", 221682), ("chr11", 150452))]
    assert evidence.places_of("chr13:156090 C>T") == [(("chr13", 156090),)]
    assert evidence.places_of("chr17:100 A>T; chr17:900 G>C") == [(("chr17", 100),), (("chr17", 900),)]
    assert evidence.places_of("results/calls/segments.tsv.gz chr13:93668-160699") == []
    assert evidence.places_of("") == []


def test_events_are_present_mutations_and_translocations_of_the_patient():
    given = calls(
        ("P1", "NRAS", "mutation", "present", "p.Gly12Asp", "chr1:500 C>T"),
        ("P1", "RAS_RAF_mutation", "combined", "present", "NRAS p.Gly12Asp", "chr1:500 C>T"),
        ("P1", "KRAS", "mutation", "absent", "", "chr1:700 C>T"),
        ("P1", "del13q", "copy_number", "present", "1 copy", "x.tsv chr1:1-900"),
        ("P1", "t(4;14)", "translocation", "present", "", "IGH chr1:300 - NSD2 chr2:400, 9 reads"),
        ("P1", "t(6;14)", "translocation", "present", "", "IGH chrZ:300 - CCND3 chr2:400"),
        ("P2", "TP53", "mutation", "present", "", "chr1:600 C>T"),
    )
    made = evidence.events(given, "P1", ["chr1", "chr2"])
    assert [(e.name, e.places) for e in made] == [
        ("NRAS, RAS_RAF_mutation", (("chr1", 500),)),
        ("t(4;14)", (("chr1", 300), ("chr2", 400))),
    ]


@pytest.fixture
def reads(tmp_path):
    """A reference of two contigs and a BAM with a path in its header and 900 reads over chr1:500."""
    folder = tmp_path / "secret_folder"
    folder.mkdir()
    fasta = folder / "g.fa"
    fasta.write_text(">chr1\n" + "ACGT" * 500 + "\n>chr2\n" + "GGCA" * 500 + "\n")
    pysam.faidx(str(fasta))
    header = {"HD": {"VN": "1.6", "SO": "coordinate"},
              "SQ": [{"SN": c, "LN": 2000, "UR": str(fasta)} for c in ("chr1", "chr2")],
              "PG": [{"ID": "x", "CL": f"x {folder}"}]}  # fmt: skip
    path = folder / "s.bam"
    with pysam.AlignmentFile(str(path), "wb", header=header) as out:
        for i in range(900):
            read = pysam.AlignedSegment(out.header)
            read.query_name, read.reference_id, read.reference_start = f"r{i}", 0, 450 + i // 90
            read.mapping_quality, read.cigarstring, read.flag = 60, "80M", 0x400 if i % 9 == 0 else 0
            read.query_sequence = ("ACGT" * 500)[read.reference_start : read.reference_start + 80]
            read.query_qualities = [30] * 80
            read.set_tag("XA", str(folder))
            out.write(read)
        for at in (100, 1500):
            read = pysam.AlignedSegment(out.header)
            read.query_name, read.reference_id, read.reference_start = f"far{at}", 0 if at > 999 else 1, at
            read.mapping_quality, read.cigarstring = 60, "80M"
            read.query_sequence, read.query_qualities = "A" * 80, [30] * 80
            out.write(read) if at > 999 else None
    pysam.index(str(path))
    return folder


def test_reads_are_limited_local_and_without_paths(reads, tmp_path):
    track = evidence.Track("S", "tumour DNA", str(reads / "s.bam"))
    target = tmp_path / "cut.bam"
    evidence.cut(track, [evidence.Event("a", "", (("chr1", 500),))], str(reads / "g.fa"), str(target))
    with pysam.AlignmentFile(str(target)) as made:
        assert "secret_folder" not in str(made.header)
        kept = list(made.fetch())
    assert 250 <= len(kept) <= evidence.MOST_READS
    assert not any(r.is_duplicate or r.has_tag("XA") or r.query_name.startswith("far") for r in kept)
    # every k-th: the first and the last starts are both still there
    assert (min(r.reference_start for r in kept), max(r.reference_start for r in kept)) == (450, 459)


def test_page_holds_everything_escapes_everything_and_names_no_path(reads, tmp_path):
    rows = [("P1", f"NRAS{HOSTILE}", "mutation", "present", HOSTILE, "chr1:500 C>T"),
            ("P1", "t(4;14)", "translocation", "present", "", "IGH chr1:510 - NSD2 chr2:400")]  # fmt: skip
    tables.write(calls(*rows), tmp_path / "a.tsv", tables.ABNORMALITIES)
    tracks = [evidence.Track(f"P1-T{HOSTILE}", "tumour DNA", str(reads / "s.bam"))]
    evidence.write("P1", str(tmp_path / "a.tsv"), tracks, str(reads / "g.fa"), str(tmp_path / "P1.html"))
    text = (tmp_path / "P1.html").read_text()
    assert "<img src=x" not in text and "&lt;img src=x" in text
    ours = text.replace(evidence.igv_script(), "")
    assert not re.search(r"""(src|href)=["']?(http|//)""", ours)
    found = json.loads(re.search(r'id="sessions">(.*?)</script>', ours, re.S).group(1))
    assert list(found) == ["0", "1"]
    for uri in found.values():
        inside = gzip.decompress(base64.b64decode(uri.split(",", 1)[1])).decode()
        session = json.loads(inside)
        assert "secret_folder" not in inside and str(tmp_path) not in inside
        assert all(t["url"].startswith("data:") for t in session["tracks"])
    assert "chr1" in session["locus"] and "chr2" in session["locus"]
    assert "secret_folder" not in text


def test_no_event_gives_a_page_that_says_so(reads, tmp_path):
    tables.write(tables.empty(tables.ABNORMALITIES), tmp_path / "a.tsv", tables.ABNORMALITIES)
    tracks = [evidence.Track("S", "tumour DNA", str(reads / "s.bam"))]
    evidence.write("P1", str(tmp_path / "a.tsv"), tracks, str(reads / "g.fa"), str(tmp_path / "P1.html"))
    text = (tmp_path / "P1.html").read_text()
    assert "No driver mutation or translocation" in text and len(text) < 5000
