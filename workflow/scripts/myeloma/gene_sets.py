"""Gene sets: read from GMT files, found in the count matrix, and scored in every sample.

Genes are matched by symbol (the GTF's gene_name), else by id with or without its version. Sets of which the
matrix holds too few genes are not assessable, with the number.
"""

import logging
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from myeloma import expression
from myeloma.states import NOT_ASSESSABLE

TESTED = "tested"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+()/-]{0,99}")
METHODS = ("ssgsea", "gsva")


class GeneSetError(ValueError):
    """A GMT file that cannot be used; the message names file, line, what stands there and the fix."""


@dataclass(frozen=True)
class GeneSet:
    """One line of a GMT file: name, source (its second field), genes in their order, the file's name."""

    name: str
    source: str
    genes: tuple[str, ...]
    collection: str


def read_gmt(paths: Iterable[str | os.PathLike]) -> list[GeneSet]:
    """Sets of all files in their order; raises GeneSetError (a bad line, a name given twice)."""
    made: dict[str, GeneSet] = {}
    for path in paths:
        with open(path, encoding="utf-8-sig") as handle:
            for number, line in enumerate(handle, 1):
                if not line.strip():
                    continue
                found = _line(line.rstrip("\r\n").split("\t"), path, number)
                if found.name in made:
                    first = made[found.name].collection
                    raise GeneSetError(
                        f"{path}, line {number}: set {found.name} was already given by {first}: rename one"
                    )
                made[found.name] = found
    return list(made.values())


def _line(fields: Sequence[str], path, number: int) -> GeneSet:
    name = fields[0].strip()
    if not NAME.fullmatch(name):
        raise GeneSetError(
            f"{path}, line {number}: the set's name is {name[:40]!r}: write letters, digits and _.:+()/- only"
        )
    genes = tuple(dict.fromkeys(g.strip() for g in fields[2:] if g.strip()))
    if not genes:
        raise GeneSetError(
            f"{path}, line {number}: set {name} has no genes: a line is name, source, genes, separated by tabs"
        )
    return GeneSet(name, fields[1].strip(), genes, os.path.basename(path))


def bare_id(gene_id: str) -> str:
    """Id without its version (ENSG00000004468.1 -> ENSG00000004468)."""
    return re.sub(r"\.\d+$", "", gene_id)


def members(sets: Sequence[GeneSet], names: pd.Series, level: pd.Series) -> dict[str, dict[str, str]]:
    """Set -> gene as the set writes it -> gene id of the matrix; genes that are not there are left out.

    names: gene id -> symbol ("" = none), of the genes that may be used; level: gene id -> mean expression,
    which chooses among ids with one symbol (pseudoautosomal copies).
    """
    order = level.reindex(names.index).sort_values(ascending=False, kind="stable").index
    by_symbol: dict[str, str] = {}
    by_id: dict[str, str] = {}
    for gene_id in order:
        if names[gene_id]:
            by_symbol.setdefault(names[gene_id], gene_id)
        by_id.setdefault(bare_id(gene_id), gene_id)
    return {
        one.name: {
            gene: found for gene in one.genes if (found := by_symbol.get(gene) or by_id.get(bare_id(gene)))
        }
        for one in sets
    }


def coverage(
    sets: Sequence[GeneSet], found: Mapping[str, Mapping[str, str]], least: int, least_share: float
) -> pd.DataFrame:
    """Index set: source, collection, size, in_matrix, state (tested or not_assessable), reason."""
    rows = []
    for one in sets:
        n, size = len(set(found[one.name].values())), len(one.genes)
        reason = ""
        if n < least:
            reason = f"{n} of {size} genes in the matrix; at least {least} are needed"
        elif n < least_share * size:
            reason = f"{n} of {size} genes in the matrix; at least {100 * least_share:.0f} % are needed"
        state = NOT_ASSESSABLE if reason else TESTED
        rows.append((one.name, one.source, one.collection, size, n, state, reason))
    columns = ["set", "source", "collection", "size", "in_matrix", "state", "reason"]
    return pd.DataFrame(rows, columns=columns).set_index("set")


def scores(
    counts: pd.DataFrame,
    names: pd.Series,
    dropped: set[str],
    sets: Sequence[GeneSet],
    samples: pd.DataFrame,
    failed: Mapping[str, str],
    rules: Mapping,
    threads: int = 1,
) -> pd.DataFrame:
    """GENE_SET_SCORES rows: one score per sample and set.

    counts: genes x samples, index gene_id; names: gene id -> symbol; dropped: genes left out (immunoglobulin
    and the like); samples: SAMPLES; failed: sample -> failed gate (no score); rules: section `expression`. ssgsea (Barbie, Nature 2009): rank-based within the sample, so
    a score does not depend on the other samples; gsva (Haenzelmann, BMC Bioinformatics 2013): against the
    cohort, so only the tumours of the analysis that passed have one. These alone choose the genes. Values are log2 of normalised counts + 1. Samples without reads have an empty score.
    """
    usable = counts.loc[~counts.index.isin(list(dropped))]
    reference = [s for s in expression.reference_samples(samples, failed) if s in counts]
    told = reference or list(counts.columns)
    usable = usable[usable[told].sum(axis=1) > 0]
    factors = expression.size_factors(usable, told)
    method = rules["gene_set_score"]
    out = _left_out(factors, failed, reference, method)
    good = [sample for sample in counts.columns if not out[sample]]
    values = np.log2(usable[good].div(factors[good], axis=1) + 1)
    found = members(sets, names.reindex(usable.index).fillna(""), usable[told].mean(axis=1))
    seen = coverage(sets, found, rules["gene_set_min_genes"], rules["gene_set_min_share"])
    chosen = {s: sorted(set(found[s].values())) for s in seen.index[seen["state"] == TESTED]}
    numbers = _numbers(values, chosen, method, threads) if chosen and len(good) else {}
    rows = []
    for one in sets:
        for sample in counts.columns:
            score = numbers.get((sample, one.name), np.nan)
            reason = out[sample] or seen.at[one.name, "reason"]
            if not reason and np.isnan(score):
                reason = (
                    f"{method} needs {LEAST_SAMPLES} samples" if len(good) < LEAST_SAMPLES else "no score"
                )
            rows.append((sample, one.name, score, method, seen.at[one.name, "in_matrix"], reason))
    return pd.DataFrame(rows, columns=["sample", "set", "score", "method", "in_matrix", "reason"])


def _left_out(
    factors: pd.Series, failed: Mapping[str, str], reference: Sequence[str], method: str
) -> dict[str, str]:
    """Sample -> why it has no score, "" for one that has."""
    made = {}
    for sample, factor in factors.items():
        reason = f"gate failed: {failed[sample]}" if sample in failed else ""
        reason = reason or ("no reads in genes" if np.isnan(factor) else "")
        if not reason and method == "gsva" and sample not in reference:
            reason = "gsva compares the tumour samples of the analysis, and this is none of them"
        made[sample] = reason
    return made


#: GSVA estimates a distribution of every gene over the samples; fewer say nothing.
LEAST_SAMPLES = 3


def _numbers(values: pd.DataFrame, chosen, method: str, threads: int) -> dict[tuple[str, str], float]:
    import gseapy

    if method == "gsva" and values.shape[1] < LEAST_SAMPLES:
        return {}
    size = {"min_size": 1, "max_size": len(values), "threads": threads, "outdir": None, "verbose": False}
    if method == "gsva":
        done = gseapy.gsva(values, chosen, kcdf="Gaussian", **size)
    else:
        done = gseapy.ssgsea(values, chosen, sample_norm_method="rank", weight=0.25, no_plot=True, **size)
    logging.info("%s: %d sets in %d samples", method, len(chosen), values.shape[1])
    table = done.res2d
    return {(r.Name, r.Term): float(r.ES) for r in table.itertuples()}
