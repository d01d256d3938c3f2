"""How much of a sample's RNA comes from the clone's plasma cells, from the RNA itself.

Two questions. Is one immunoglobulin dominant (the clone), and are genes expressed that no B cell expresses?
Following TGen's purityChecker (MMRF CoMMpass): top V and C gene per chain, the two best of heavy C, heavy V,
light C and light V, and the non-B index, the geometric mean of RPKM + 1 over genes of myeloid, T and NK cells.
Each share is taken over what polyclonal plasma cells would show, so that 0 means polyclonal and 1 one clone.

Bases of primary alignments count, whatever their mapping quality: many V genes have a twin (IGKV1-39 and
IGKV1D-39) and the lambda constant genes are near-identical, so unique reads alone would lose clones that use
them. Twins are counted as one gene and the lambda constant genes as one.
"""

import math
import os
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from myeloma import tables
from myeloma.qc import ACCEPTED
from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT

GATE = "rna_plasma_cells"
PARTS = ("heavy_constant", "heavy_variable", "light_constant", "light_variable")
NO_ANNOTATION = "no GTF: the genes are not known"


def segment(name: str, biotype: str) -> tuple[str, str]:
    """(part, name that twins share) of an immunoglobulin C or V gene; ("", "") for any other gene."""
    found = re.match(r"IG([HKL])", name)
    if not found or biotype not in ("IG_C_gene", "IG_V_gene"):
        return "", ""
    chain = "heavy" if found.group(1) == "H" else "light"
    if biotype == "IG_C_gene":
        return f"{chain}_constant", "IGLC" if name.startswith("IGLC") else name
    joined = re.sub(r"^(IG[HKL]V\d+)D-", r"\1-", name)
    return f"{chain}_variable", re.sub(r"^(IGHV\d+-\d+)D$", r"\1", joined)


def segments(genes: pd.DataFrame) -> pd.DataFrame:
    """Columns part, name; index gene_id: the immunoglobulin C and V genes of the annotation."""
    one = genes.drop_duplicates("gene_id")
    rows = [segment(n, b) for n, b in zip(one["gene_name"], one["biotype"], strict=True)]
    made = pd.DataFrame(rows, columns=["part", "name"], index=pd.Index(one["gene_id"], name="gene_id"))
    return made[made["part"] != ""]


def usage(bases: pd.Series, known: pd.DataFrame, rules: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Part -> top (name), share, second (share), bases, clone (share over the polyclonal one, 0-1).

    bases: index gene_id; known: `segments`; rules: section rna_quality. A part with fewer bases than
    min_segment_bases has empty values. `clone` = (share - p) / (1 - p), at least 0, where p is the share of the
    top gene in polyclonal plasma cells.
    """
    seen = bases.astype(float).reindex(known.index).fillna(0.0)
    made = {}
    for part in PARTS:
        mine = seen[known["part"] == part].groupby(known["name"]).sum().sort_values(ascending=False)
        total = float(mine.sum())
        row: dict[str, Any] = {"top": "", "share": None, "second": None, "bases": total, "clone": None}
        if len(mine) and total >= rules["min_segment_bases"]:
            share = float(mine.iloc[0] / total)
            expected = _polyclonal(part, str(mine.index[0]), rules["polyclonal"])
            row |= {"top": str(mine.index[0]), "share": share}
            row["second"] = float(mine.iloc[1] / total) if len(mine) > 1 else 0.0
            row["clone"] = max(0.0, (share - expected) / (1 - expected))
        made[part] = row
    return made


def _polyclonal(part: str, top: str, expected: Mapping[str, float]) -> float:
    if part == "light_constant":
        return expected["light_kappa"] if top == "IGKC" else 1 - expected["light_kappa"]
    return expected[part]


def clone_share(seen: Mapping[str, Mapping[str, Any]]) -> tuple[float | None, str]:
    """(mean of the two best `clone` shares of `usage`, reason where there are fewer than two)."""
    found = sorted((row["clone"] for row in seen.values() if row["clone"] is not None), reverse=True)
    if len(found) < 2:
        return None, "too few reads in immunoglobulin C and V genes"
    return float(np.mean(found[:2])), ""


def lacks_immunoglobulin(
    fraction: float | None, reads: float, known: pd.DataFrame, rules: Mapping[str, Any]
) -> str:
    """Sentence where so few reads lie in immunoglobulin genes that there are no plasma cells to speak of, else "".

    fraction: of `reads`, those in immunoglobulin genes. Silence tells only where the annotation knows C and V
    genes (`known`: `segments`) and the library is deep enough to show them.
    """
    if known["part"].nunique() < 2 or fraction is None or reads < rules["immunoglobulin_min_reads"]:
        return ""
    if fraction >= rules["immunoglobulin_min_fraction"]:
        return ""
    return (
        f"{fraction:.2%} of {reads:,.0f} reads in immunoglobulin genes, plasma cells have at least "
        f"{rules['immunoglobulin_min_fraction']:.0%}: counted as no clone"
    )


def kappa_share(seen: Mapping[str, Mapping[str, Any]]) -> float | None:
    """Share of kappa among the bases in light-chain constant genes."""
    row = seen["light_constant"]
    if row["share"] is None:
        return None
    return row["share"] if row["top"] == "IGKC" else row["second"]


def read_non_b(path: str | os.PathLike) -> pd.DataFrame:
    """Columns gene, gene_id ("" = by symbol); no rows for "" (not given)."""
    if not path:
        return pd.DataFrame(columns=["gene", "gene_id"], dtype=str)
    frame = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, comment="#")
    if list(frame.columns[:2]) != ["gene", "gene_id"] or frame.empty:
        raise tables.ContractError(f"{path}: a table with the columns gene, gene_id and at least one row")
    return frame


def non_b_index(
    counts: pd.Series, genes: pd.DataFrame, length: pd.Series, listed: pd.DataFrame, min_genes: int
) -> tuple[float | None, int, str]:
    """(geometric mean of RPKM + 1 over the listed genes, genes found, reason where there is none).

    counts: reads per gene id; length: bases of their exons. Genes are found by Ensembl id without version,
    else by symbol. Fewer than `min_genes`, or no reads: no index.
    """
    names = genes.drop_duplicates("gene_id").set_index("gene_id")["gene_name"].reindex(counts.index)
    stems = pd.Series(counts.index, index=counts.index).str.split(".").str[0]
    chosen = stems.isin(set(listed["gene_id"]) - {""}) | names.isin(set(listed["gene"])).to_numpy()
    size = length.reindex(counts.index)
    chosen &= size.notna()
    found, total = int(chosen.sum()), float(counts.sum())
    if not len(listed):
        return None, 0, "rna_quality.non_b_genes is not given"
    if found < min_genes:
        return None, found, f"{found} of {len(listed)} non-B genes in the annotation, {min_genes} needed"
    if not total:
        return None, found, "no reads in genes"
    rpkm = counts[chosen] * 1e9 / (size[chosen] * total)
    return float(np.exp(np.log1p(rpkm).mean())), found, ""


def score(share: float | None, index: float | None, full: float) -> tuple[float | None, str]:
    """(plasma_cell_score, basis): clone share x (1 - log(non-B index) / log(full)), each between 0 and 1.

    A part that is not known is left out of the product, and the basis says so; None when both are unknown.
    """
    left = None if index is None else min(1.0, max(0.0, 1 - math.log(max(index, 1.0)) / math.log(full)))
    parts = {"immunoglobulin": share, "non_b": left}
    known = {name: value for name, value in parts.items() if value is not None}
    if not known:
        return None, "none"
    return float(np.prod(list(known.values()))), "both" if len(known) == 2 else next(iter(known))


def measure(
    counts: pd.Series,
    bases: pd.Series,
    genes: pd.DataFrame,
    length: pd.Series,
    listed: pd.DataFrame,
    rules: Mapping[str, Any],
) -> dict[str, Any]:
    """One row of RNA_PURITY_MEASURES without patient and sample.

    counts: reads per gene id (all genes of the annotation); bases: bases read per immunoglobulin gene.
    """
    known = segments(genes)
    seen = usage(bases, known, rules)
    share, no_share = clone_share(seen) if len(genes) else (None, NO_ANNOTATION)
    index, found, no_index = non_b_index(counts, genes, length, listed, rules["non_b_min_genes"])
    kinds = genes.drop_duplicates("gene_id").set_index("gene_id")["biotype"].reindex(counts.index).fillna("")
    total = float(counts.sum())
    ig = float(counts[kinds.str.startswith("IG_").to_numpy()].sum()) / total if total else None
    # a handful of reads of stray B cells may well look like one clone
    if silent := lacks_immunoglobulin(ig, total, known, rules):
        share, no_share = 0.0, silent
    value, basis = score(share, index, rules["non_b_index_full"])
    row: dict[str, Any] = {"immunoglobulin_fraction": ig, "kappa_share": kappa_share(seen)}
    for part, one in seen.items():
        row |= {part: one["top"], f"{part}_share": one["share"], f"{part}_second": one["second"]}
    row |= {"clone_share": share, "non_b_index": index, "non_b_genes": found}
    row |= {"plasma_cell_score": value, "basis": basis}
    row["reason"] = "; ".join(filter(None, [no_share, no_index]))
    return row


def gate_rows(row: Mapping[str, Any]) -> dict[str, tuple[float | None, str]]:
    """Measures of `measure` for qc.tsv: gate -> (value, reason)."""
    told = []
    if row["clone_share"] is not None:
        told.append(f"clone's share of immunoglobulin {row['clone_share']:.2f}")
    if row["non_b_index"] is not None:
        told.append(f"non-B index {row['non_b_index']:.1f}")
    return {
        "kappa_share": (row["kappa_share"], ""),
        "clone_share": (row["clone_share"], ""),
        "non_b_index": (row["non_b_index"], f"{row['non_b_genes']} genes"),
        GATE: (row["plasma_cell_score"], "; ".join(filter(None, [*told, row["reason"]]))),
    }


def judged(measures: pd.DataFrame, qc: pd.DataFrame) -> pd.DataFrame:
    """RNA_PURITY rows: the samples' measures with the verdict of their gate in qc.tsv.

    present: the RNA is that of plasma cells; absent: it is not (the gate failed); not assessable also where
    `rna_quality.accept` lifted the failed gate: a person decided, the RNA did not show it.
    """
    gate = qc[qc["gate"] == GATE].set_index("sample")
    found = gate.reindex(measures["sample"])
    states = {"pass": PRESENT, "fail": ABSENT}
    made = measures.copy()
    made["threshold"] = found["threshold"].to_numpy(dtype=float)
    lifted = found["reason"].fillna("").str.startswith(ACCEPTED)
    made["state"] = [states.get(v, NOT_ASSESSABLE) for v in found["verdict"].mask(lifted, "")]
    failed = ((found["verdict"] == "fail") | lifted).to_numpy()
    made.loc[failed, "reason"] = found["reason"].to_numpy()[failed]
    return made
