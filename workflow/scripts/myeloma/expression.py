"""The cohort's gene counts: one matrix, size factors, normalised values, AnnData and the sample map.

Plasma cells spend half of their RNA on immunoglobulin; those genes, rRNA and the mitochondrial and Y
chromosomes are kept in the matrix and left out of size factors and of the map (domain: TGen filter list).
"""

import logging
import os
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from myeloma import files, rna, tables

MIN_GENES_FOR_RATIO = 50
MAP_GENES = 2000
MIN_SAMPLES_FOR_CLUSTERS = 10
IG_NAME = r"IG[HKL][VDJCMGAE][0-9A-Z-]*"


class AnnotationError(ValueError):
    """Counts that come from different annotations; the message names samples and gene ids."""


def collect_counts(
    paths: Mapping[str, str], strandedness: Mapping[str, str], default: str, genes: pd.DataFrame
) -> pd.DataFrame:
    """COUNTS frame from STAR's files: sample -> path, sample -> strandedness of the sheet ("" = none).

    Raises AnnotationError when samples, or the GTF's gene table, differ in their gene ids.
    """
    made: dict[str, pd.Series] = {}
    first = ""
    for sample, path in paths.items():
        counts = rna.read_gene_counts(path)
        strand = rna.choose_strandedness(counts, strandedness.get(sample, ""), default)
        logging.info("%s: counted as %s", sample, strand)
        one = counts.iloc[4:][strand]
        if made:
            _same_genes(one.index, made[first].index, f"sample {sample}", f"sample {first}")
        first = first or sample
        made[sample] = one.sort_index()
    if not made:
        return pd.DataFrame(columns=["gene_id", "gene_name"])
    frame = pd.DataFrame(made)
    known = genes.drop_duplicates("gene_id").set_index("gene_id")["gene_name"]
    if len(known) and len(frame):
        _same_genes(frame.index, known.index, "the counts", "the GTF")
    frame.insert(0, "gene_name", known.reindex(frame.index).fillna(""))
    return frame.rename_axis("gene_id").reset_index()


def _same_genes(one: pd.Index, other: pd.Index, name_one: str, name_other: str) -> None:
    more, fewer = one.difference(other), other.difference(one)
    if len(more) or len(fewer):
        some = ", ".join([*more[:3], *fewer[:3]])
        raise AnnotationError(
            f"{name_one} and {name_other} were counted with different annotations: {len(more)} gene ids are "
            f"only in the first, {len(fewer)} only in the second (e.g. {some}). Count all samples with one GTF."
        )


def read_counts(path: str | os.PathLike) -> tuple[pd.DataFrame, pd.Series]:
    """(counts: index gene_id, one whole-number column per sample; gene names: index gene_id)."""
    frame = tables.read(path, tables.COUNTS).set_index("gene_id")
    names = frame.pop("gene_name")
    return frame.astype("int64"), names


def gene_ids_by_name(counts: pd.DataFrame, names: pd.Series) -> dict[str, str]:
    """Symbol -> gene id; of several ids with one symbol the one with most reads."""
    order = counts.sum(axis=1).sort_values(ascending=False, kind="stable").index
    made: dict[str, str] = {}
    for gene_id in order:
        if names[gene_id]:
            made.setdefault(names[gene_id], gene_id)
    return made


def bare(chrom: str) -> str:
    """Contig name without the prefix chr, M for the mitochondrial one."""
    name = str(chrom).removeprefix("chr")
    return "M" if name == "MT" else name


def left_out(genes: pd.DataFrame, rules: Iterable[str], regions: pd.DataFrame) -> set[str]:
    """Ids of genes that size factors and the sample map leave out.

    `rules`: a name starting with chr is a contig, anything else the start or a part of a gene type. Genes
    inside the ig_locus regions, and with immunoglobulin symbols, go with any rule starting with IG.
    """
    rules = list(rules)
    contigs = {bare(rule) for rule in rules if rule.startswith("chr")}
    kinds = [rule for rule in rules if not rule.startswith("chr")]
    chosen = genes["chrom"].map(bare).isin(contigs)
    for kind in kinds:
        chosen |= genes["biotype"].astype(str).str.contains(kind, regex=False)
    if any(kind.startswith("IG") for kind in kinds):
        chosen |= genes["gene_name"].astype(str).str.fullmatch(IG_NAME)
        for locus in regions[regions["kind"] == "ig_locus"].itertuples():
            same = genes["chrom"].map(bare) == bare(locus.chrom)
            chosen |= same & (genes["end"] >= locus.start) & (genes["start"] <= locus.end)
    return set(genes.loc[chosen, "gene_id"])


def size_factors(counts: pd.DataFrame) -> pd.Series:
    """Median-of-ratios size factors (Anders & Huber 2010), index sample, geometric mean 1.

    Genes without a zero are used; where fewer than 50 of them exist, the geometric mean over positive counts
    (DESeq2's "poscounts"). NaN for a sample without reads.
    """
    if counts.empty:
        return pd.Series(np.nan, index=counts.columns, dtype=float)
    with np.errstate(divide="ignore"):
        logged = np.log(counts.to_numpy(dtype=float))
    usable = np.isfinite(logged).any(axis=0)
    whole = np.isfinite(logged[:, usable]).all(axis=1)
    if whole.sum() >= MIN_GENES_FOR_RATIO:
        centre = np.where(whole, logged[:, usable].mean(axis=1), -np.inf)
    else:
        logging.info("%d genes without a zero: positive counts are used for size factors", whole.sum())
        positive = np.where(np.isfinite(logged), logged, 0.0)[:, usable]
        centre = np.where(positive.any(axis=1), positive.mean(axis=1), -np.inf)
    factors = np.full(counts.shape[1], np.nan)
    for column in np.flatnonzero(usable):
        both = np.isfinite(logged[:, column]) & np.isfinite(centre)
        ratio = logged[both, column] - centre[both]
        factors[column] = np.exp(np.median(ratio)) if len(ratio) else np.nan
    factors /= np.exp(np.nanmean(np.log(factors)))
    return pd.Series(factors, index=counts.columns)


def cohort_data(
    counts: pd.DataFrame,
    names: pd.Series,
    genes: pd.DataFrame,
    dropped: set[str],
    samples: pd.DataFrame,
    qc: pd.DataFrame,
):
    """AnnData, samples x genes: X log2(normalised + 1), layer counts; obs from the sheet and the QC measures."""
    import anndata  # heavy, and only this function and the next need it

    if samples.empty:
        samples = pd.DataFrame(columns=["patient", "sample"])
    factors = size_factors(counts.loc[~counts.index.isin(list(dropped))])
    obs = samples.set_index("sample").reindex(counts.columns)
    wide = qc[qc["sample"].isin(counts.columns)].pivot(index="sample", columns="gate", values="value")
    obs = obs.join(wide.add_prefix("qc_"), how="left")
    obs["size_factor"] = factors
    obs = obs.apply(lambda c: c if pd.api.types.is_numeric_dtype(c) else c.astype(str))
    var = genes.drop_duplicates("gene_id").set_index("gene_id").reindex(counts.index)
    var = pd.DataFrame({"gene_name": names.reindex(counts.index)}).join(var.drop(columns="gene_name"))
    var["left_out"] = var.index.isin(list(dropped))
    for name in ("gene_name", "chrom", "strand", "biotype"):
        var[name] = var[name].fillna("").astype(str)
    for name in ("start", "end"):
        var[name] = pd.to_numeric(var[name]).fillna(0).astype("int64")
    values = np.log2(counts.div(factors, axis=1) + 1).to_numpy(dtype="float64").T
    data = anndata.AnnData(X=values, obs=obs, var=var)
    data.layers["counts"] = counts.to_numpy(dtype="int64").T
    return data


def write_data(data, path: str) -> None:
    """Write an h5ad whole."""
    with files.whole(path, suffix=".h5ad") as private:
        data.write_h5ad(private)


def sample_map(data) -> pd.DataFrame:
    """SAMPLE_MAP rows: two principal components of the 2,000 most variable genes, Leiden clusters if n >= 10.

    Samples without a size factor, and cohorts of fewer than three, get empty components.
    """
    frame = pd.DataFrame(
        {"patient": data.obs.get("patient", pd.Series(dtype=str)).to_numpy(), "sample": data.obs_names}
    )
    for name in ("pc1", "pc2", "pc1_variance", "pc2_variance"):
        frame[name] = np.nan
    frame["cluster"] = ""
    usable = np.flatnonzero(data.obs["size_factor"].notna()) if data.n_obs else np.array([], dtype=int)
    kept = data[usable][:, ~data.var["left_out"].to_numpy(dtype=bool)].copy() if len(usable) >= 3 else None
    if kept is None or kept.n_vars < 3:
        return frame
    import scanpy

    order = np.argsort(-kept.X.var(axis=0), kind="stable")[:MAP_GENES]
    kept = kept[:, np.sort(order)].copy()
    number = min(10, kept.n_obs - 1, kept.n_vars - 1)
    scanpy.pp.pca(kept, n_comps=number, svd_solver="full", random_state=0)
    scores, loadings = kept.obsm["X_pca"], kept.varm["PCs"]
    # The sign of a component is arbitrary: the gene that weighs most points up.
    signs = np.sign(loadings[np.abs(loadings).argmax(axis=0), np.arange(number)])
    for i in (0, 1):
        frame.loc[usable, f"pc{i + 1}"] = scores[:, i] * signs[i]
        frame[f"pc{i + 1}_variance"] = float(kept.uns["pca"]["variance_ratio"][i])
    if kept.n_obs >= MIN_SAMPLES_FOR_CLUSTERS:
        scanpy.pp.neighbors(kept, n_neighbors=min(15, kept.n_obs - 1), random_state=0)
        scanpy.tl.leiden(kept, flavor="igraph", n_iterations=2, directed=False, random_state=0)
        frame.loc[usable, "cluster"] = kept.obs["leiden"].astype(str).to_numpy()
    return frame
