"""Genes, regions and arms on the genome, as the references stage writes them (1-based, inclusive)."""

import os

import pandas as pd

GENE_COLUMNS = ("gene_id", "gene_name", "chrom", "start", "end", "strand", "biotype")
REGION_COLUMNS = ("name", "kind", "chrom", "start", "end", "genes", "source")
ARM_COLUMNS = ("chrom", "arm", "start", "end", "informative")


def read_genes(path: str | os.PathLike) -> pd.DataFrame:
    """The GTF's gene table; no rows for "" (no GTF)."""
    return _read(path, GENE_COLUMNS)


def read_regions(path: str | os.PathLike) -> pd.DataFrame:
    """The regions table; no rows for "" (none given)."""
    return _read(path, REGION_COLUMNS)


def read_arms(path: str | os.PathLike) -> pd.DataFrame:
    """The table of chromosome arms; no rows for "" (none given)."""
    return _read(path, ARM_COLUMNS)


def _read(path: str | os.PathLike, columns: tuple[str, ...]) -> pd.DataFrame:
    if not path:
        frame = pd.DataFrame({name: pd.Series(dtype=str) for name in columns})
    else:
        frame = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, comment="#")
    return frame.astype({"start": "int64", "end": "int64"})
