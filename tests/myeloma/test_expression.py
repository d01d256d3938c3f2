"""Count matrix, size factors, AnnData and sample map, also of cohorts too small for them."""

from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest

from myeloma import expression, places, tables

RULES = ["IG_", "MT_", "rRNA", "chrM", "chrY"]
REGIONS = pd.DataFrame([("IGH", "ig_locus", "14", 1000, 9000, "", "")], columns=places.REGION_COLUMNS)


def star_file(path, ids, unstranded, forward=None, reverse=None):
    """ReadsPerGene.out.tab with the given counts."""
    rows = [f"{n}\t1\t1\t1" for n in ("N_unmapped", "N_multimapping", "N_noFeature", "N_ambiguous")]
    forward = unstranded if forward is None else forward
    reverse = unstranded if reverse is None else reverse
    rows += [f"{g}\t{u}\t{f}\t{r}" for g, u, f, r in zip(ids, unstranded, forward, reverse, strict=True)]
    path.write_text("\n".join(rows) + "\n")
    return str(path)


def gene_table(ids, names=None, chrom="chr1", biotype="protein_coding"):
    return pd.DataFrame(
        {
            "gene_id": ids,
            "gene_name": names or ids,
            "chrom": chrom,
            "start": 1,
            "end": 100,
            "strand": "+",
            "biotype": biotype,
        }
    )


def matrix(seed, genes=300, samples=8):
    """Counts with known size factors, and those factors."""
    random = np.random.default_rng(seed)
    factors = 2 ** random.normal(0, 1, samples)
    level = 2 ** random.uniform(4, 11, (genes, 1))
    counts = random.poisson(level * 2 ** random.normal(0, 0.3, (genes, samples)) * factors)
    names = [f"S{i}" for i in range(samples)]
    return pd.DataFrame(counts, index=[f"g{i}" for i in range(genes)], columns=names), factors


def test_strand_of_each_sample(tmp_path):
    ids = ["ENSG1.4", "ENSG2.1"]
    paths = {
        "a": star_file(tmp_path / "a", ids, [500, 500], [490, 480], [10, 20]),
        "b": star_file(tmp_path / "b", ids, [500, 500], [5, 5], [495, 494]),
        "c": star_file(tmp_path / "c", ids, [500, 500], [250, 260], [250, 240]),
        "d": star_file(tmp_path / "d", ids, [500, 500], [5, 5], [495, 494]),
    }
    sheet = {"a": "", "b": "", "c": "", "d": "unstranded"}
    made = expression.collect_counts(paths, sheet, "infer", gene_table(ids, ["A", "B"]))
    made = tables.conform(made, tables.COUNTS).set_index("gene_id")
    assert made.loc["ENSG1.4"].tolist() == ["A", 490, 495, 500, 500]
    assert made.loc["ENSG2.1"].tolist() == ["B", 480, 494, 500, 500]


def test_two_annotations_are_refused_by_name(tmp_path):
    paths = {
        "a": star_file(tmp_path / "a", ["ENSG1.4", "ENSG2.1"], [5, 5]),
        "b": star_file(tmp_path / "b", ["ENSG1.5", "ENSG2.1"], [5, 5]),
    }
    with pytest.raises(expression.AnnotationError, match=r"sample b and sample a .*ENSG1\.5"):
        expression.collect_counts(paths, {}, "unstranded", gene_table([]))
    with pytest.raises(expression.AnnotationError, match="the counts and the GTF"):
        expression.collect_counts({"a": paths["a"]}, {}, "unstranded", gene_table(["ENSG9"]))


def test_no_rna_at_all(tmp_path):
    made = expression.collect_counts({}, {}, "infer", gene_table(["g1"]))
    tables.write(made, tmp_path / "counts.tsv.gz", tables.COUNTS)
    counts, names = expression.read_counts(tmp_path / "counts.tsv.gz")
    assert counts.shape == (0, 0)
    data = expression.cohort_data(
        counts, names, gene_table([]), set(), pd.DataFrame(), tables.empty(tables.QC)
    )
    expression.write_data(data, str(tmp_path / "cohort.h5ad"))
    assert data.shape == (0, 0)


def test_no_gtf_gives_an_empty_matrix(tmp_path):
    (tmp_path / "a").touch()
    made = expression.collect_counts({"a": str(tmp_path / "a")}, {}, "infer", gene_table([]))
    assert list(made.columns) == ["gene_id", "gene_name", "a"]
    assert made.empty


def test_size_factors_are_recovered():
    counts, truth = matrix(1)
    made = expression.size_factors(counts)
    assert np.allclose(made / np.exp(np.log(made).mean()), truth / np.exp(np.log(truth).mean()), rtol=0.06)


def test_size_factors_by_hand():
    """Two genes, two samples: ratios to the geometric means are 1/2 and 2 in both genes."""
    counts = pd.DataFrame({"a": [1, 10] * 30, "b": [4, 40] * 30})
    assert expression.size_factors(counts).tolist() == pytest.approx([0.5, 2.0])


def test_size_factors_with_a_zero_in_every_gene():
    counts, truth = matrix(2)
    for i in range(len(counts)):
        counts.iloc[i, i % counts.shape[1]] = 0
    made = expression.size_factors(counts)
    assert np.corrcoef(np.log(made), np.log(truth))[0, 1] > 0.99


def test_sample_without_reads_has_no_size_factor():
    counts, _ = matrix(3)
    counts["S0"] = 0
    made = expression.size_factors(counts)
    assert np.isnan(made["S0"]) and made.drop("S0").notna().all()


def test_a_sample_outside_the_reference_changes_no_size_factor():
    """A failed library with few of the genes would choose the genes for everybody."""
    counts, _ = matrix(5)
    alone, wild = expression.size_factors(counts), counts.copy()
    wild["failed"] = np.where(np.arange(len(wild)) < 60, wild["S0"] * 3, 0)
    good = list(counts.columns)
    made = expression.size_factors(wild, good)
    pd.testing.assert_series_equal(made[good], alone, check_exact=True)
    # three times S0 in each gene it shows
    assert made["failed"] == pytest.approx(
        3 * np.exp(np.median(np.log(counts["S0"][:60]) - np.log(counts[:60]).mean(axis=1)))
        * alone["S0"] / np.exp(np.median(np.log(counts["S0"]) - np.log(counts).mean(axis=1)))
    )  # fmt: skip
    assert not np.allclose(expression.size_factors(wild)[good], alone)


def test_a_reference_without_reads_takes_all_samples():
    counts, _ = matrix(6)
    pd.testing.assert_series_equal(expression.size_factors(counts, []), expression.size_factors(counts))


def test_the_reference_is_the_tumours_of_the_analysis_that_passed():
    rows = [
        ("a", "tumour", "analysis"),
        ("n", "normal", "analysis"),
        ("r", "tumour", "other"),
        ("f", "tumour", "analysis"),
    ]
    frame = pd.DataFrame(rows, columns=["sample", "tissue", "role"])
    assert expression.reference_samples(frame, {"f": "a gate"}) == ["a"]


def test_immunoglobulin_stays_out_of_size_factors():
    """Half of a sample's reads in IG genes must not shrink everything else."""
    counts, _ = matrix(4)
    ids = list(counts.index)
    genes = gene_table(ids, biotype=["IG_V_gene"] * 100 + ["protein_coding"] * 200)
    heavy = counts.copy()
    heavy.iloc[:100, 0] *= 50
    dropped = expression.left_out(genes, RULES, REGIONS)
    assert dropped == set(ids[:100])
    rest = [g for g in ids if g not in dropped]
    pd.testing.assert_series_equal(
        expression.size_factors(heavy.loc[rest]), expression.size_factors(counts.loc[rest])
    )
    assert expression.size_factors(heavy)["S0"] > 1.1 * expression.size_factors(counts)["S0"]


def test_what_is_left_out():
    genes = pd.DataFrame(
        [
            ("1", "TP53", "chr17", 1, 9, "+", "protein_coding"),
            ("2", "MT-ND1", "MT", 1, 9, "+", "protein_coding"),
            ("3", "UTY", "Y", 1, 9, "+", "protein_coding"),
            ("4", "RNA5S1", "chr1", 1, 9, "+", "rRNA"),
            ("5", "IGKC", "chr2", 1, 9, "+", "protein_coding"),
            ("6", "AC1.2", "chr14", 5000, 5100, "+", "lincRNA"),
            ("7", "IGF1R", "chr15", 1, 9, "+", "protein_coding"),
            ("8", "RNR2", "chr1", 1, 9, "+", "Mt_rRNA"),
        ],
        columns=places.GENE_COLUMNS,
    )
    assert expression.left_out(genes, RULES, REGIONS) == {"2", "3", "4", "5", "6", "8"}
    assert expression.left_out(genes, [], REGIONS) == set()


TXIMPORT = Path(__file__).parent / "tximport"


def test_salmon_import_gives_the_numbers_of_tximport():
    """R tximport (version in the file), countsFromAbundance = lengthScaledTPM; ids keep their versions."""
    paths = {name: str(TXIMPORT / f"{name}.quant.sf") for name in "abc"}
    counts, tpm = expression.import_salmon(paths, TXIMPORT / "transcripts.tsv")
    known = pd.read_csv(TXIMPORT / "tximport.tsv", sep="\t", comment="#", skipinitialspace=True).set_index(
        "gene_id"
    )
    assert list(counts.index) == sorted(known.index)
    for name in "abc":
        assert np.allclose(counts[name], known[f"counts.{name}"].reindex(counts.index), rtol=1e-9)
        assert np.allclose(tpm[name], known[f"tpm.{name}"].reindex(counts.index), rtol=1e-9)


def salmon_asked(samples="abc"):
    return {"samples": list(samples), "strandedness": {}, "default": "infer", "quantifier": "salmon"}


def test_salmon_counts_of_a_cohort():
    known = pd.read_csv(TXIMPORT / "transcripts.tsv", sep="\t")
    ids = sorted(known["gene_id"].unique())
    genes = gene_table(ids, ["G1", "G2", "IGKC", "G3", "G4"])
    given = {
        "quants": [str(TXIMPORT / f"{s}.quant.sf") for s in "abc"],
        "transcripts": TXIMPORT / "transcripts.tsv",
    }
    counts, tpm = expression.collect(given, salmon_asked(), genes, pd.Series(dtype=int), {ids[2]})
    counts = tables.conform(counts, tables.COUNTS).set_index("gene_id")
    assert counts.loc["ENSG00000000003.15"].tolist() == ["G1", 291, 414, 6519]
    tpm = tables.conform(tpm, tables.TPM).set_index("gene_id").drop(columns="gene_name").astype(float)
    assert tpm.drop(ids[2]).sum().tolist() == pytest.approx([1e6] * 3)


def test_salmon_of_another_annotation_is_refused_by_name(tmp_path):
    text = (TXIMPORT / "b.quant.sf").read_text().replace("ENST00000000", "ENST00000009")
    (tmp_path / "b.quant.sf").write_text(text)
    paths = {"a": str(TXIMPORT / "a.quant.sf"), "b": str(tmp_path / "b.quant.sf")}
    with pytest.raises(expression.AnnotationError, match="sample b and the GTF"):
        expression.import_salmon(paths, TXIMPORT / "transcripts.tsv")
    given = {"quants": [paths["a"]], "transcripts": TXIMPORT / "transcripts.tsv"}
    with pytest.raises(expression.AnnotationError, match="the transcripts and the GTF"):
        expression.collect(given, salmon_asked("a"), gene_table(["ENSG9.1"]), pd.Series(dtype=int), set())


def test_no_salmon_sample_at_all():
    given = {"quants": [], "transcripts": TXIMPORT / "transcripts.tsv"}
    counts, tpm = expression.collect(given, salmon_asked(""), gene_table(["g1"]), pd.Series(dtype=int), set())
    assert tables.conform(counts, tables.COUNTS).empty and tables.conform(tpm, tables.TPM).empty


def test_tpm_by_hand():
    """Reads per base 1, 1, 2 without the left-out gene: a quarter, a quarter, half; the other on the same scale."""
    counts = pd.DataFrame({"a": [100, 200, 400, 4000], "none": [0, 0, 0, 7]}, index=list("wxyz"))
    made = expression.tpm_of_counts(counts, pd.Series({"w": 100, "x": 200, "y": 200, "z": 1000}), {"z"})
    assert made["a"].tolist() == [250_000, 250_000, 500_000, 1_000_000]
    assert made["none"].isna().all()
    with pytest.raises(expression.AnnotationError, match="1 counted genes have no exon"):
        expression.tpm_of_counts(counts, pd.Series({"w": 100, "x": 200, "y": 200}), set())


def test_star_counts_and_tpm_of_a_cohort(tmp_path):
    ids = ["ENSG1.4", "ENSG2.1"]
    paths = [star_file(tmp_path / n, ids, [30, 10]) for n in "ab"]
    asked = {"samples": ["a", "b"], "strandedness": {}, "default": "unstranded", "quantifier": "star"}
    length = pd.Series({"ENSG1.4": 300, "ENSG2.1": 300})
    counts, tpm = expression.collect({"counts": paths}, asked, gene_table(ids, ["A", "B"]), length, set())
    assert counts["a"].tolist() == [30, 10]
    assert tpm["a"].tolist() == pytest.approx([750_000, 250_000])
    nothing = expression.collect({"counts": []}, {**asked, "samples": []}, gene_table(ids), length, set())
    assert tables.conform(nothing[0], tables.COUNTS).empty and tables.conform(nothing[1], tables.TPM).empty


def test_the_matrix_holds_counts_tpm_and_why_a_sample_is_gated(tmp_path):
    counts, _ = matrix(7, genes=60, samples=3)
    genes = gene_table(list(counts.index))
    qc = pd.DataFrame(
        [("S1", "rna_plasma_cells", 0.0, 0.2, "fail", "rna_plasma_cells 0 < 0.2")],
        columns=["sample", "gate", "value", "threshold", "verdict", "reason"],
    )
    sheet = pd.DataFrame({"sample": counts.columns, "patient": counts.columns})
    sheet = sheet.assign(tissue="tumour", role="analysis")
    tpm = expression.tpm_of_counts(counts, pd.Series(1000, index=counts.index), set())
    names = genes.set_index("gene_id")["gene_name"]
    data = expression.cohort_data(counts, names, genes, set(), sheet, qc, tpm)
    expression.write_data(data, str(tmp_path / "cohort.h5ad"))
    back = anndata.read_h5ad(tmp_path / "cohort.h5ad")
    assert back.layers["tpm"].sum(axis=1) == pytest.approx([1e6] * 3)
    assert (back.layers["counts"] == counts.to_numpy().T).all()
    assert list(back.obs["failed_gates"]) == ["", "rna_plasma_cells 0 < 0.2", ""]


def test_immunoglobulin_share_biases_fold_changes_unless_left_out():
    """Two groups alike in every gene, with 20-40 % and 40-60 % of their reads from immunoglobulin.

    A library size of all reads shifts every other gene by log2(0.7 / 0.5) = 0.49; without immunoglobulin it does
    not. Median-of-ratios resists here. docs/expression.md gives these numbers.
    """
    random = np.random.default_rng(20)
    level = 2 ** random.normal(5, 2, 2000)
    ids = [f"g{i}" for i in range(2100)]
    share = np.concatenate([random.uniform(0.2, 0.4, 30), random.uniform(0.4, 0.6, 30)])
    columns = {}
    for i, of_ig in enumerate(share):
        usage = random.dirichlet(np.full(100, 0.05))
        rates = np.concatenate([level / level.sum() * (1 - of_ig), usage * of_ig])
        columns[f"S{i}"] = random.poisson(random.gamma(5, rates / 5) * 2_000_000)
    counts = pd.DataFrame(columns, index=ids)
    genes = gene_table(ids, biotype=["protein_coding"] * 2000 + ["IG_V_gene"] * 100)
    rest = counts.index[:2000]

    def bias(factors):
        logged = np.log2(counts.loc[rest].div(factors, axis=1).clip(lower=1e-9) + 0.5)
        loud = counts.loc[rest].mean(axis=1) > 50
        return float(
            (logged[loud].iloc[:, :30].mean(axis=1) - logged[loud].iloc[:, 30:].mean(axis=1)).median()
        )

    depth = counts.sum() / counts.sum().mean()
    left_out = counts.drop(index=list(expression.left_out(genes, RULES, REGIONS)))
    kept = left_out.sum() / left_out.sum().mean()
    assert bias(depth) == pytest.approx(0.51, abs=0.04)
    assert abs(bias(kept)) < 0.02
    assert abs(bias(expression.size_factors(counts))) < 0.02
    assert abs(bias(expression.size_factors(left_out))) < 0.02


def test_symbol_with_two_ids_takes_the_one_with_reads():
    counts = pd.DataFrame({"a": [1, 90], "b": [2, 80]}, index=["x.1", "x.2"])
    names = pd.Series(["MAF", "MAF"], index=counts.index)
    assert expression.gene_ids_by_name(counts, names) == {"MAF": "x.2"}
