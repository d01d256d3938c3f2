"""Depth over chosen pieces of genes in an RNA alignment, in one pass of mosdepth over the CRAM.

Primary alignments of any mapping quality count (a read that fits two near-identical immunoglobulin genes is
counted once, at its primary place); introns skipped by a read do not, and mates that overlap count once.
"""

import os
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from myeloma.run import command

EXON_COLUMNS = ("gene_id", "chrom", "start", "end", "strand")
BINS = 10
FIVE_PRIME, THREE_PRIME = slice(1, 4), slice(6, 9)


def read_exons(path: str | os.PathLike) -> pd.DataFrame:
    """Union of the exons of each gene (1-based, inclusive), in genome order; no rows for "" (no GTF)."""
    if not path:
        return pd.DataFrame({name: pd.Series(dtype=str) for name in EXON_COLUMNS}).astype(
            {"start": "int64", "end": "int64"}
        )
    kinds = {"gene_id": str, "chrom": str, "strand": str}
    return pd.read_csv(path, sep="\t", dtype=kinds, keep_default_na=False)


def lengths(exons: pd.DataFrame) -> pd.Series:
    """Bases of the union of each gene's exons, index gene_id."""
    sizes = exons["end"] - exons["start"] + 1
    return sizes.groupby(exons["gene_id"]).sum().rename("length").astype("int64")


def body_genes(counts: pd.Series, exons: pd.DataFrame, kept: Collection[str], rules: Mapping) -> list[str]:
    """The most expressed genes of `kept` that are long enough for a profile (Picard takes 1,000 transcripts).

    counts: reads, index gene_id; rules: config section rna_quality.
    """
    size = lengths(exons).reindex(counts.index).fillna(0)
    fit = counts.index.isin(list(kept)) & (size >= rules["body_min_length"]).to_numpy()
    fit &= (counts >= rules["body_min_reads"]).to_numpy()
    order = counts[fit].sort_values(ascending=False, kind="stable")
    return list(order.index[: rules["body_genes"]])


def body_windows(exons: pd.DataFrame, genes: Collection[str]) -> pd.DataFrame:
    """BED rows (0-based, half open; name = gene and window) of ten equal windows of each gene, 5' to 3'.

    A window that crosses an intron is several rows.
    """
    rows = []
    for gene_id, mine in exons[exons["gene_id"].isin(list(genes))].groupby("gene_id", sort=False):
        spans = sorted(zip(mine["start"] - 1, mine["end"], strict=True))
        edges = np.linspace(0, sum(e - s for s, e in spans), BINS + 1).astype(int)
        reverse = mine["strand"].iloc[0] == "-"
        before = 0
        for start, end in spans:
            for number in range(BINS):
                low = max(start, start + edges[number] - before)
                high = min(end, start + edges[number + 1] - before)
                if low < high:
                    window = BINS - 1 - number if reverse else number
                    rows.append((mine["chrom"].iloc[0], low, high, f"{gene_id}\tbody\t{window}"))
            before += end - start
    return pd.DataFrame(rows, columns=["chrom", "start", "end", "name"])


def gene_pieces(exons: pd.DataFrame, genes: Collection[str]) -> pd.DataFrame:
    """BED rows of the whole exons of genes."""
    mine = exons[exons["gene_id"].isin(list(genes))]
    made = mine[["chrom", "end"]].assign(start=mine["start"] - 1, name=mine["gene_id"] + "\tgene\t0")
    return made[["chrom", "start", "end", "name"]]


def depth(cram: str, fasta: str, pieces: pd.DataFrame, threads: int = 1) -> pd.DataFrame:
    """Bases read in each piece: columns gene_id, kind (body | gene), window, length, bases."""
    columns = ["gene_id", "kind", "window", "length", "bases"]
    if pieces.empty:
        return pd.DataFrame(columns=columns).astype({"length": "int64", "bases": float, "window": "int64"})
    ordered = pieces.sort_values(["chrom", "start", "end"]).reset_index(drop=True)
    with tempfile.TemporaryDirectory(prefix=".mosdepth.", dir=Path(cram).parent) as folder:
        bed = Path(folder, "pieces.bed")
        ordered.assign(name=ordered.index).to_csv(bed, sep="\t", header=False, index=False)
        words = ["mosdepth", "--threads", threads, "--fasta", fasta, "--no-per-base", "--by", bed]
        command([*words, Path(folder, "d"), cram])
        seen = pd.read_csv(
            Path(folder, "d.regions.bed.gz"), sep="\t", names=["chrom", "start", "end", "number", "mean"]
        )
    seen = seen.set_index("number")["mean"].reindex(ordered.index)
    made = ordered["name"].str.split("\t", expand=True)
    made.columns = columns[:3]
    made["window"] = made["window"].astype("int64")
    made["length"] = ordered["end"] - ordered["start"]
    made["bases"] = made["length"] * seen
    return made


def five_to_three(seen: pd.DataFrame, min_genes: int) -> tuple[float | None, str]:
    """(median over genes of depth in 10-40 % over that in 60-90 % of the transcript, reason where none).

    1 = even; degraded RNA primed at its poly(A) tail falls towards 0. `seen`: rows of `depth`, kind body.
    """
    body = seen[seen["kind"] == "body"]
    sums = body.groupby(["gene_id", "window"])[["bases", "length"]].sum()
    profile = (sums["bases"] / sums["length"]).unstack("window").reindex(columns=range(BINS))
    five = profile.iloc[:, FIVE_PRIME].mean(axis=1)
    three = profile.iloc[:, THREE_PRIME].mean(axis=1)
    usable = (five + three) > 0
    if usable.sum() < min_genes:
        return None, f"{int(usable.sum())} genes with enough reads for a profile, {min_genes} needed"
    share = float((five / (five + three))[usable].median())
    return (share / (1 - share) if share < 1 else float("inf")), f"over {int(usable.sum())} genes"


def of_genes(seen: pd.DataFrame) -> pd.Series:
    """Bases read in the exons of each gene of kind gene, index gene_id."""
    mine: Any = seen[seen["kind"] == "gene"]
    return mine.groupby("gene_id")["bases"].sum().astype(float)
