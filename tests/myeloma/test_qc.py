"""Measures of an alignment and the gates."""

import gzip

import pandas as pd
import pysam
import pytest

from myeloma import qc, tables

LIMITS = {
    "wes_tumour_median_depth": 30,
    "wes_normal_median_depth": 15,
    "wes_on_target_fraction": 0.2,
    "wes_duplicate_fraction_max": 0.6,
    "wes_mapped_fraction": 0.9,
    "rna_mapped_fraction": 0.5,
    "rna_min_assigned_reads": 2000,
    "rna_min_genes_detected": 200,
}


def frame(*rows):
    names = ("sample", "assay", "tissue", "gate", "value")
    made = pd.DataFrame([dict(zip(names, row, strict=True)) for row in rows])
    made = made.assign(patient="P", threshold=None, verdict="", reason="")
    return tables.conform(made, tables.QC)


def test_limits_follow_assay_and_tissue_and_equal_passes():
    given = frame(
        ("T", "wes", "tumour", "median_target_depth", 29.9),
        ("N", "wes", "normal", "median_target_depth", 15),
        ("T", "wes", "tumour", "duplicate_fraction", 0.61),
        ("R", "rna", "tumour", "mapped_fraction", 0.55),
        ("T", "wes", "tumour", "mapped_fraction", 0.55),
        ("R", "rna", "tumour", "assigned_reads", 1999),
        ("T", "wes", "tumour", "on_target_fraction", None),
        ("T", "wes", "tumour", "median_insert_size", 1),
    )
    got = qc.gate(given, LIMITS).set_index(["sample", "gate"])
    assert got["verdict"].to_dict() == {
        ("T", "median_target_depth"): "fail",
        ("N", "median_target_depth"): "pass",
        ("T", "duplicate_fraction"): "fail",
        ("R", "mapped_fraction"): "pass",
        ("T", "mapped_fraction"): "fail",
        ("R", "assigned_reads"): "fail",
        ("T", "on_target_fraction"): "not_assessable",
        ("T", "median_insert_size"): "",
    }
    reason = got.loc[("T", "median_target_depth"), "reason"]
    assert reason == "median_target_depth 29.9 < 30 (gates.wes_tumour_median_depth)"
    assert pd.isna(got.loc[("T", "median_insert_size"), "threshold"])


def test_the_cohort_table_joins_samples_and_copes_with_none(tmp_path):
    paths = []
    for sample in ("T", "N"):
        path = tmp_path / f"{sample}.tsv"
        tissue = "tumour" if sample == "T" else "normal"
        tables.write(frame((sample, "wes", tissue, "median_target_depth", 20)), path, tables.QC)
        paths.append(str(path))
    qc.gate_samples(paths, LIMITS, str(tmp_path / "qc.tsv"))
    got = tables.read(tmp_path / "qc.tsv", tables.QC)
    assert dict(zip(got["sample"], got["verdict"], strict=True)) == {"N": "pass", "T": "fail"}
    qc.gate_samples([], LIMITS, str(tmp_path / "none.tsv"))
    assert tables.read(tmp_path / "none.tsv", tables.QC).empty


def test_an_accepted_sample_passes_the_plasma_cell_gate_and_no_other(tmp_path):
    rows = [("T", "rna", "tumour", "rna_plasma_cells", 0.05), ("T", "rna", "tumour", "mapped_fraction", 0.1),
            ("U", "rna", "tumour", "rna_plasma_cells", 0.05)]  # fmt: skip
    path = tmp_path / "measured.tsv"
    tables.write(frame(*rows), path, tables.QC)
    limits = LIMITS | {"rna_min_plasma_cell_score": 0.2, "rna_mapped_fraction": 0.5}
    qc.gate_samples([str(path)], limits, str(tmp_path / "qc.tsv"), {"T": "non-secretory, FISH sorted"})
    got = tables.read(tmp_path / "qc.tsv", tables.QC).set_index(["sample", "gate"])
    assert got["verdict"].to_dict() == {
        ("T", "rna_plasma_cells"): "pass", ("T", "mapped_fraction"): "fail", ("U", "rna_plasma_cells"): "fail"}  # fmt: skip
    said = got.loc[("T", "rna_plasma_cells"), "reason"]
    assert said.startswith("accepted in the config: non-secretory, FISH sorted (was: ")


def test_medians():
    assert qc.weighted_median({100: 1, 200: 1, 300: 2}) == 200
    assert qc.weighted_median({}) is None
    dist = {0: 1.0, 10: 0.8, 40: 0.5, 41: 0.49, 90: 0.01}
    assert qc.median_depth(dist) == 40
    assert qc.share_at(dist, 20) == 0.5
    assert qc.share_at(dist, 100) == 0.0
    assert qc.median_depth({}) is None


@pytest.mark.tools
def test_a_sample_of_known_depth_is_measured(tmp_path, tools):
    tools("samtools", "mosdepth")
    cram, fasta = simulate(tmp_path)
    targets = tmp_path / "t.bed"
    targets.write_text("1\t1000\t2000\n")
    names = {"qc": "qc/S.qc.tsv", "stats": "qc/S.stats.txt", "dist": "qc/S.dist.txt", "depth": "S.bed.gz",
             "alleles": "S.alleles.tsv.gz"}  # fmt: skip
    outputs = {name: str(tmp_path / path) for name, path in names.items()}
    sample = {"patient": "P", "sample": "S", "assay": "wes", "tissue": "tumour"}
    qc.measure(cram, fasta, str(targets), 50, outputs, sample)
    got = tables.read(outputs["qc"], tables.QC).set_index("gate")["value"]
    # 40 pairs of 2 x 50 side by side over 1000-2000 four times; 10 copies are duplicates, 8 reads elsewhere.
    assert got["median_target_depth"] == 4
    assert got["on_target_fraction"] == pytest.approx(100 / 108, abs=1e-9)
    assert got["duplicate_fraction"] == pytest.approx(20 / 108, abs=1e-9)
    assert got["median_insert_size"] == 100
    with gzip.open(outputs["depth"], "rt") as rows:
        depth = [line.split() for line in rows]
    assert (int(depth[0][1]), int(depth[-1][2])) == (950, 2050)
    assert {int(d) for _, s, e, d in depth if int(s) >= 1000 and int(e) <= 2000} == {4}
    assert not list((tmp_path / "qc").glob(".*"))


def simulate(folder):
    fasta = folder / "g.fa"
    fasta.write_text(">1\n" + "ACGT" * 1000 + "\n")
    pysam.faidx(str(fasta))
    header = {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": "1", "LN": 4000}]}
    header["RG"] = [{"ID": "S.L", "SM": "S"}]
    made = []
    starts = [(1000 + 100 * n, copy, False) for n in range(10) for copy in range(4)]
    starts += [(1000, 9 + n, True) for n in range(10)] + [(3000, n, False) for n in range(4)]
    for start, copy, duplicate in starts:
        for first in (True, False):
            read = pysam.AlignedSegment()
            read.query_name = f"{start}.{copy}.{duplicate}"
            read.flag = (0x63 if first else 0x93) | (0x400 if duplicate else 0)
            read.reference_id = read.next_reference_id = 0
            read.reference_start = start if first else start + 50
            read.next_reference_start = start + 50 if first else start
            read.template_length = 100 if first else -100
            read.mapping_quality, read.cigarstring = 60, "50M"
            read.query_sequence = ("ACGT" * 1000)[read.reference_start : read.reference_start + 50]
            read.query_qualities = pysam.qualitystring_to_array("I" * 50)
            made.append(read)
    bam = str(folder / "S.bam")
    with pysam.AlignmentFile(bam, "wb", header=header) as out:
        for read in sorted(made, key=lambda r: r.reference_start):
            out.write(read)
    pysam.index(bam)
    return bam, str(fasta)


def test_depth_is_cut_at_the_windows_without_empty_rows_and_with_the_first_base(tmp_path):
    """mosdepth's own index takes BED positions for 1-based; see qc._cut."""
    plain = tmp_path / "depth.bed"
    plain.write_text("c\t0\t10\t5\nc\t10\t20\t7\nc\t20\t40\t9\n")
    packed = str(tmp_path / "depth.bed.gz")
    pysam.tabix_compress(str(plain), packed)
    pysam.tabix_index(packed, seq_col=0, start_col=1, end_col=2, zerobased=False, csi=True)
    target = tmp_path / "cut.bed.gz"
    qc._cut(packed, [("c", 0, 10), ("c", 20, 30)], str(target))
    with pysam.BGZFile(str(target)) as rows:
        assert [row.decode() for row in rows] == ["c\t0\t10\t5", "c\t20\t30\t9"]
