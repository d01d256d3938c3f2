"""Count matrix, size factors, AnnData and sample map, also of cohorts too small for them."""

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
    assert tables.conform(expression.sample_map(data), tables.SAMPLE_MAP).empty


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


def data_of(n, seed=5):
    counts, _ = matrix(seed, samples=n)
    sheet = pd.DataFrame({"sample": counts.columns, "patient": [f"p{s}" for s in counts.columns], "rin": 7.5})
    qc = pd.DataFrame({"sample": counts.columns, "gate": "assigned_reads", "value": counts.sum().to_numpy()})
    genes = gene_table(list(counts.index))
    return expression.cohort_data(counts, genes.set_index("gene_id")["gene_name"], genes, set(), sheet, qc)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 12])
def test_map_of_any_size(n, tmp_path):
    data = data_of(n)
    expression.write_data(data, str(tmp_path / "cohort.h5ad"))
    back = anndata.read_h5ad(tmp_path / "cohort.h5ad")
    assert back.layers["counts"].sum() == data.obs["qc_assigned_reads"].sum()
    made = tables.conform(expression.sample_map(data), tables.SAMPLE_MAP)
    assert len(made) == n
    assert made["pc1"].notna().all() == (n >= 3)
    assert (made["cluster"] != "").all() == (n >= 10)


def test_map_is_deterministic():
    pd.testing.assert_frame_equal(expression.sample_map(data_of(12)), expression.sample_map(data_of(12)))


def test_first_component_separates_two_programmes():
    counts, _ = matrix(6, samples=12)
    counts.iloc[:60, :6] *= 8
    genes = gene_table(list(counts.index))
    sheet = pd.DataFrame({"sample": counts.columns, "patient": counts.columns})
    data = expression.cohort_data(
        counts, genes.set_index("gene_id")["gene_name"], genes, set(), sheet, tables.empty(tables.QC)
    )
    made = expression.sample_map(data).set_index("sample")
    signs = np.sign(made.loc[counts.columns, "pc1"])
    assert abs(signs[:6].sum()) == 6 and abs(signs[6:].sum()) == 6 and signs.iloc[0] != signs.iloc[6]


def test_symbol_with_two_ids_takes_the_one_with_reads():
    counts = pd.DataFrame({"a": [1, 90], "b": [2, 80]}, index=["x.1", "x.2"])
    names = pd.Series(["MAF", "MAF"], index=counts.index)
    assert expression.gene_ids_by_name(counts, names) == {"MAF": "x.2"}
