"""The cohort's gene counts: one matrix, TPM, size factors, normalised values, AnnData.

Plasma cells spend half of their RNA on immunoglobulin; those genes, rRNA and the mitochondrial and Y
chromosomes are kept in the matrix and left out of size factors, of the sum of TPM and of the sample map (domain: TGen filter list).
"""

import logging
import os
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from myeloma import files, gates, rna, tables

MIN_GENES_FOR_RATIO = 50
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


def import_salmon(
    paths: Mapping[str, str], transcripts: str | os.PathLike
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(counts, TPM), each genes x samples, from salmon's quant.sf files: sample -> path.

    Gene counts from abundance, scaled by the mean effective length of the gene and the library (tximport's
    lengthScaledTPM: Soneson, F1000Research 2015;4:1521), not rounded: differences in transcript usage between samples do not
    look like differences in expression. TPM: sum over the gene's transcripts. `transcripts`: transcript_id,
    gene_id; ids keep their versions. Raises AnnotationError when samples were quantified with other transcripts.
    """
    from pytximport import tximport  # heavy, and only this function needs it

    known = pd.read_csv(transcripts, sep="\t", dtype=str)
    if not paths:
        nothing = pd.DataFrame(index=pd.Index([], name="gene_id"))
        return nothing, nothing
    for sample, path in paths.items():
        names = pd.read_csv(path, sep="\t", usecols=["Name"], dtype=str)["Name"]
        _same_genes(pd.Index(names), pd.Index(known["transcript_id"]), f"sample {sample}", "the GTF")
    made = tximport(
        list(paths.values()),
        data_type="salmon",
        transcript_gene_map=known,
        counts_from_abundance="length_scaled_tpm",
        ignore_transcript_version=False,
        ignore_after_bar=False,
        output_type="xarray",
    )
    ids = pd.Index(made["gene_id"].to_numpy().astype(str), name="gene_id")
    counts, tpm = (
        pd.DataFrame(made[name].to_numpy(), index=ids, columns=list(paths)).sort_index()
        for name in ("counts", "abundance")
    )
    return counts, tpm


def collect(
    given: Mapping[str, list[str]],
    asked: Mapping,
    genes: pd.DataFrame,
    length: pd.Series,
    dropped: set[str],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(COUNTS frame, TPM frame) of the cohort, by STAR's gene counts or salmon (asked quantifier).

    given: counts (STAR's files), quants (salmon's) and transcripts, in the order of asked samples; asked: samples,
    strandedness (of the sheet, by sample), default, quantifier; length: bases of each gene's exons; dropped: ids
    left out of the sum of TPM.
    """
    names = genes.drop_duplicates("gene_id").set_index("gene_id")["gene_name"]
    if asked["quantifier"] == "salmon":
        paths = dict(zip(asked["samples"], given["quants"], strict=True))
        counts, rates = import_salmon(paths, given["transcripts"])
        if len(names) and len(counts):
            _same_genes(counts.index, names.index, "the transcripts", "the GTF")
        return as_table(counts.round().astype("int64"), names), as_table(per_million(rates, dropped), names)
    paths = dict(zip(asked["samples"], given["counts"], strict=True))
    table = collect_counts(paths, asked["strandedness"], asked["default"], genes)
    counts = table.set_index("gene_id").drop(columns="gene_name")
    return table, as_table(tpm_of_counts(counts, length, dropped), names)


def with_entered(
    counts: pd.DataFrame, tpm: pd.DataFrame, entered: pd.DataFrame, length: pd.Series, dropped: set[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(COUNTS, TPM) with the samples that enter by a table of counts (COUNTS) beside those counted here.

    Raises AnnotationError where both were counted with other genes. TPM needs lengths of the genes: without a GTF,
    or with genes that it does not have, an entered sample has none.
    """
    more = [name for name in entered.columns if name not in ("gene_id", "gene_name")]
    if not more:
        return counts, tpm
    own = entered.set_index("gene_id")[more].astype("int64")
    mine = counts.set_index("gene_id")
    names = entered.set_index("gene_id")["gene_name"]
    if len(mine.columns) > 1:
        _same_genes(own.index, mine.index, "the entered counts", "the counts of the reads")
        names, own = mine["gene_name"], own.reindex(mine.index)
        table = as_table(pd.concat([mine.drop(columns="gene_name").astype("int64"), own], axis=1), names)
    else:
        table = as_table(own, names)
    if len(length) and own.index.isin(length.index).all():
        rates = tpm_of_counts(own, length, dropped)
        left = tpm.set_index("gene_id").drop(columns="gene_name") if len(tpm.columns) > 2 else pd.DataFrame()
        return table, as_table(pd.concat([left.reindex(own.index), rates], axis=1), names)
    logging.info("no TPM of the entered counts: lengths of their genes are not known")
    return table, tpm


def _same_genes(one: pd.Index, other: pd.Index, name_one: str, name_other: str) -> None:
    more, fewer = one.difference(other), other.difference(one)
    if len(more) or len(fewer):
        some = ", ".join([*more[:3], *fewer[:3]])
        raise AnnotationError(
            f"{name_one} and {name_other} were counted with different annotations: {len(more)} gene ids are "
            f"only in the first, {len(fewer)} only in the second (e.g. {some}). Count all samples with one GTF."
        )


def per_million(rates: pd.DataFrame, dropped: set[str]) -> pd.DataFrame:
    """TPM, genes x samples, of reads per base (or of any multiple of it).

    The genes that are not in `dropped` sum to a million in each sample; the others stand on the same scale.
    All zero or not known: NaN.
    """
    sums = rates[~rates.index.isin(list(dropped))].sum()
    return rates.div(sums.where(sums > 0), axis=1) * 1e6


def tpm_of_counts(counts: pd.DataFrame, length: pd.Series, dropped: set[str]) -> pd.DataFrame:
    """TPM from gene counts; length: bases of the union of the gene's exons, index gene_id.

    Raises AnnotationError when a counted gene has no length.
    """
    size = length.reindex(counts.index)
    if size.isna().any():
        some = ", ".join(size.index[size.isna()][:3])
        raise AnnotationError(
            f"{int(size.isna().sum())} counted genes have no exon in the GTF (e.g. {some}): count with that GTF"
        )
    return per_million(counts.div(size.astype(float), axis=0), dropped)


def as_table(values: pd.DataFrame, names: pd.Series) -> pd.DataFrame:
    """Genes x samples as a table with gene_id and gene_name in front."""
    made = values.copy()
    made.insert(0, "gene_name", names.reindex(made.index).fillna(""))
    return made.rename_axis("gene_id").reset_index()


def read_tpm(path: str | os.PathLike) -> pd.DataFrame:
    """TPM: index gene_id, one column per sample."""
    frame = tables.read(path, tables.TPM).set_index("gene_id").drop(columns="gene_name")
    return frame.astype(float)


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


def reference_samples(samples: pd.DataFrame, failed: Mapping[str, str]) -> list[str]:
    """Tumour samples of the analysis that failed no gate: they alone set the scale. samples: role, tissue, sample."""
    chosen = samples[(samples["role"] == "analysis") & (samples["tissue"] == "tumour")]
    return [sample for sample in chosen["sample"] if sample not in failed]


def size_factors(counts: pd.DataFrame, reference: Iterable[str] | None = None) -> pd.Series:
    """Median-of-ratios size factors (Anders & Huber 2010), index sample, geometric mean 1 over the reference.

    `reference`: the samples that choose the genes and give their geometric means (None: all); another sample gets
    its ratio to them and changes nothing of theirs. Without reads in any of the reference all samples are taken.
    Genes without a zero are used; where fewer than 50 of them exist, the geometric mean over positive counts
    (DESeq2's "poscounts"). NaN for a sample without reads.
    """
    if counts.empty:
        return pd.Series(np.nan, index=counts.columns, dtype=float)
    with np.errstate(divide="ignore"):
        logged = np.log(counts.to_numpy(dtype=float))
    usable = np.isfinite(logged).any(axis=0)
    told = usable if reference is None else usable & counts.columns.isin(list(reference))
    if usable.any() and not told.any():
        logging.warning("no sample of the reference has reads: size factors are relative to all samples")
        told = usable
    whole = np.isfinite(logged[:, told]).all(axis=1)
    if whole.sum() >= MIN_GENES_FOR_RATIO:
        centre = np.where(whole, logged[:, told].mean(axis=1), -np.inf)
    else:
        logging.info("%d genes without a zero: positive counts are used for size factors", whole.sum())
        positive = np.where(np.isfinite(logged), logged, 0.0)[:, told]
        centre = np.where(positive.any(axis=1), positive.mean(axis=1), -np.inf)
    factors = np.full(counts.shape[1], np.nan)
    for column in np.flatnonzero(usable):
        both = np.isfinite(logged[:, column]) & np.isfinite(centre)
        ratio = logged[both, column] - centre[both]
        factors[column] = np.exp(np.median(ratio)) if len(ratio) else np.nan
    factors /= np.exp(np.nanmean(np.log(factors[told])))
    return pd.Series(factors, index=counts.columns)


def cohort_data(
    counts: pd.DataFrame,
    names: pd.Series,
    genes: pd.DataFrame,
    dropped: set[str],
    samples: pd.DataFrame,
    qc: pd.DataFrame,
    tpm: pd.DataFrame | None = None,
):
    """AnnData, samples x genes: X log2(counts / size factor + 1), layers counts and tpm.

    samples: sample, patient, tissue, role and more of the sheet; size factors are relative to `reference_samples`.
    obs: the sheet, the QC measures (qc_*), size_factor and failed_gates (in words); var: the GTF's genes, left_out.
    """
    import anndata  # heavy, and only this function needs it

    if samples.empty:
        samples = pd.DataFrame(columns=["patient", "sample", "tissue", "role"])
    failed = gates.failed(qc)
    factors = size_factors(counts.loc[~counts.index.isin(list(dropped))], reference_samples(samples, failed))
    obs = samples.set_index("sample").reindex(counts.columns)
    wide = qc[qc["sample"].isin(counts.columns)].pivot(index="sample", columns="gate", values="value")
    obs = obs.join(wide.add_prefix("qc_"), how="left")
    obs["size_factor"] = factors
    obs["failed_gates"] = obs.index.map(failed).fillna("").astype(str)
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
    if tpm is not None:
        data.layers["tpm"] = tpm.reindex(index=counts.index, columns=counts.columns).to_numpy(dtype=float).T
    return data


def write_data(data, path: str) -> None:
    """Write an h5ad whole."""
    with files.whole(path, suffix=".h5ad") as private:
        data.write_h5ad(private)
