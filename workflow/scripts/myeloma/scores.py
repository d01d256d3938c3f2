"""Published expression scores and the genes of the drugs' pathway: where a sample stands in its cohort.

A score on RNA-seq has no cut-off: those of the papers belong to arrays (Affymetrix U133 Plus 2.0) and do not
transfer. What is told is the score, its z and its quantile among the cohort's samples. `array_scores` is the
papers' own arithmetic for array values.

Sources: GPI50 Hose 2011, UAMS70 (GEP70) Shaughnessy 2007, EMC92 Kuiper 2012; see resources/expression_scores.tsv.
"""

import math
import os
from collections.abc import Collection, Iterable, Mapping

import numpy as np
import pandas as pd

from myeloma import expression, files, tables
from myeloma.states import NOT_ASSESSABLE

COMPUTED = "computed"
STATES = (COMPUTED, NOT_ASSESSABLE)
ARITHMETICS = ("sum", "difference_of_means", "weighted_z")
_COLUMNS = ["score", "arithmetic", "probe", "gene_id", "gene", "weight"]
MOST_NAMED = 30  # missing genes in one cell


def read_scores(path: str | os.PathLike) -> pd.DataFrame:
    """Probes of the scores: score, arithmetic, probe, gene_id, gene, weight. Raises ContractError naming the row."""
    frame = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, comment="#")
    missing = [name for name in _COLUMNS if name not in frame]
    if missing:
        raise tables.ContractError(f"{path}: column(s) missing: {', '.join(missing)}")
    frame["weight"] = pd.to_numeric(frame["weight"], errors="coerce")
    known = frame["arithmetic"].isin(ARITHMETICS)
    for row in frame[frame["weight"].isna() | ~known].itertuples():
        raise tables.ContractError(
            f"{path}: score {row.score}, probe {row.probe}: weight must be a number and arithmetic one of "
            f"{', '.join(ARITHMETICS)}"
        )
    return frame[_COLUMNS]


def combine(values: pd.DataFrame, weights: pd.Series, arithmetic: str) -> pd.Series:
    """Score per sample. `values`: members (probes or genes) x samples, log2; `weights`: index as that of values.

    weighted_z wants values that are standardised already.
    """
    weights = weights.reindex(values.index)
    if arithmetic != "difference_of_means":
        return values.mul(weights, axis=0).sum(axis=0)
    made = 0.0
    for sign in (1, -1):
        side = weights[weights * sign > 0].abs()
        made = made + sign * values.loc[side.index].mul(side / side.sum(), axis=0).sum(axis=0)
    return made


def array_scores(
    matrix: pd.DataFrame, scores: pd.DataFrame, calls: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The published scores of arrays: rows sample, columns score.

    matrix: probes x samples, log2 (MAS5 with target 500 for UAMS70 and EMC92, GCRMA for GPI50); calls: PANP
    calls of the same shape, needed by GPI50, where a probe that is not called P counts 0. EMC92 standardises
    each probe over the given samples (mean 0, standard deviation 1 with n - 1), so it needs the whole series.
    UAMS70 takes the values as they are. A score with a missing probe, and one that lacks what it needs, raises
    ValueError naming it: the published arithmetic has no rule for that.
    """
    made = {}
    for name, members in scores.groupby("score", sort=False):
        probes, arithmetic = members["probe"], members["arithmetic"].iloc[0]
        lost = [probe for probe in probes if probe not in matrix.index]
        if lost:
            raise ValueError(f"{name}: {len(lost)} of {len(probes)} probes missing: {', '.join(lost[:5])}")
        values = matrix.loc[probes]
        if not np.isfinite(values.to_numpy(dtype=float)).all():
            raise ValueError(f"{name}: values are missing or not finite (log2 of 0?)")
        if arithmetic == "weighted_z":
            if values.shape[1] < 3:  # geneClassifiers refuses fewer as well
                raise ValueError(f"{name}: {values.shape[1]} samples; standardising a probe needs 3 or more")
            values = _standardised(values, values.columns)
            if values.isna().any(axis=None):
                flat = values.index[values.isna().any(axis=1)]
                raise ValueError(f"{name}: no variation of {', '.join(flat[:5])} over the samples")
        if arithmetic == "sum":
            if calls is None or not set(probes) <= set(calls.index) or not set(matrix) <= set(calls):
                raise ValueError(f"{name} needs the PANP call of each of its probes in each sample")
            values = values.where(calls.loc[probes, values.columns] == "P", 0.0)
        made[name] = combine(values, members.set_index("probe")["weight"], arithmetic)
    return pd.DataFrame(made).rename_axis("sample")


def score_array_files(
    matrix: str, scores: str, output: str, calls: str = "", only: Iterable[str] = ()
) -> None:
    """Write the array scores of a tab-separated matrix (first column the probe) to `output`."""
    known = read_scores(scores)
    wanted = list(only) or list(known["score"].unique())
    strange = set(wanted) - set(known["score"])
    if strange:
        raise ValueError(
            f"unknown score {', '.join(sorted(strange))}; known: {', '.join(known['score'].unique())}"
        )
    values = pd.read_csv(matrix, sep="\t", index_col=0)
    called = pd.read_csv(calls, sep="\t", index_col=0, dtype=str) if calls else None
    made = array_scores(values, known[known["score"].isin(wanted)], called)
    with files.whole(output) as private:
        made.to_csv(private, sep="\t")


def _standardised(values: pd.DataFrame, cohort: Collection[str]) -> pd.DataFrame:
    """Rows to mean 0 and standard deviation 1 (n - 1) over the columns of `cohort`; NaN where nothing varies."""
    centre, spread = values[list(cohort)].mean(axis=1), values[list(cohort)].std(axis=1, ddof=1)
    return values.sub(centre, axis=0).div(spread.where(spread > 1e-9), axis=0)


# The cohort


def log_normalised(
    counts: pd.DataFrame, dropped: Collection[str], reference: Iterable[str] | None = None
) -> pd.DataFrame:
    """log2(normalised counts + 1), genes x samples; size factors without the genes `dropped`, on the scale of
    the samples `reference` (None: all).

    Samples without a size factor have no column.
    """
    factors = expression.size_factors(counts.loc[~counts.index.isin(list(dropped))], reference).dropna()
    return np.log2(counts[factors.index].div(factors, axis=1) + 1)


def tumours(samples: pd.DataFrame) -> pd.DataFrame:
    """RNA tumour samples with reads (SAMPLES rows)."""
    chosen = samples[(samples["assay"] == "rna") & (samples["tissue"] == "tumour")]
    return chosen[~chosen["role"].isin(["excluded", "no_reads"])]


def cohort_of(chosen: pd.DataFrame, values: pd.DataFrame, failed: Mapping[str, str]) -> list[str]:
    """The samples that others are measured against: of the analysis, gates passed, with counts."""
    mine = chosen.loc[chosen["role"] == "analysis", "sample"]
    return [sample for sample in mine if sample in values and sample not in failed]


def standing(value: float, cohort: np.ndarray) -> tuple[float, float]:
    """(z, quantile) of a value among the cohort's values, which may hold it.

    z by mean and standard deviation (n - 1), nan when nothing varies; quantile: share below, and half of the equals.
    """
    cohort = np.asarray(cohort, dtype=float)
    spread = cohort.std(ddof=1) if len(cohort) > 1 else 0.0
    z = (value - cohort.mean()) / spread if spread > 1e-9 else math.nan
    equal = np.isclose(cohort, value, rtol=0, atol=1e-9)
    return z, float(((cohort < value) & ~equal).mean() + equal.mean() / 2)


def quartile(quantile: float) -> int:
    """1 (lowest) to 4."""
    return max(1, min(4, math.ceil(4 * quantile - 1e-9)))


def by_stem(values: pd.DataFrame) -> pd.Series:
    """Gene id without its version -> row label; of several (PAR_Y) the one with the highest mean."""
    if values.empty:
        return pd.Series(dtype=object)
    order = values.mean(axis=1).sort_values(ascending=False, kind="stable").index
    return pd.Series(order, index=[str(name).split(".")[0] for name in order]).groupby(level=0).first()


def _unusable(row, values, failed) -> str:
    if row.sample in failed:
        return f"gate failed: {failed[row.sample]}"
    return "" if row.sample in values else "no counts, or no size factor"


def _small(n: int, rules: Mapping) -> str:
    small = n < rules["small_cohort"]
    return f"relative to {n} samples only, {rules['small_cohort']} wanted" if small else ""


def rna_scores(
    values: pd.DataFrame,
    names: pd.Series,
    scores: pd.DataFrame,
    samples: pd.DataFrame,
    failed: Mapping[str, str],
    rules: Mapping,
) -> pd.DataFrame:
    """SCORES rows of every RNA tumour.

    values: log2 normalised, genes x samples; names: symbol by gene id; samples: rows of `tumours`; failed:
    sample -> failed gate; rules: the config section `scores`. Genes are found by id without version, else by
    symbol. weighted_z standardises each gene over the cohort, so it has no value without one.
    """
    cohort, rows = cohort_of(samples, values, failed), []
    enough = len(cohort) >= rules["min_samples"]
    for name, members in scores.groupby("score", sort=False):
        arithmetic = members["arithmetic"].iloc[0]
        found, missing, of = _find(members, values[cohort] if cohort else values, names)
        used = values.loc[found["row"].unique()]
        if enough and arithmetic == "weighted_z":
            used = _standardised(used, cohort).dropna(how="all")
            flat = found[~found["row"].isin(used.index)]
            missing += [f"{symbol} (no variation)" for symbol in flat["gene"].unique()]
        found = found[found["row"].isin(used.index)]
        weights, n = found.groupby("row")["weight"].sum(), found["member"].nunique()
        sides = (weights > 0).any() and (weights < 0).any()
        few = n < rules["min_gene_share"] * of or (arithmetic == "difference_of_means" and not sides)
        lacking = f"{n} of {of} genes, at least {100 * rules['min_gene_share']:.0f} % needed" if few else ""
        if not lacking and not enough:
            lacking = f"{len(cohort)} samples to compare, {rules['min_samples']} needed"
        computable = not few and (enough or arithmetic != "weighted_z")
        made = combine(used, weights, arithmetic) if computable else pd.Series(dtype=float)
        for row in samples.itertuples():
            reason = _unusable(row, values, failed) or lacking
            value = made.get(row.sample, math.nan)
            z, quantile = (math.nan, math.nan) if reason else standing(value, made[cohort])
            if not reason and math.isnan(z):
                reason = "the score does not vary in the cohort"
            rows.append(
                {
                    "patient": row.patient,
                    "sample": row.sample,
                    "score": name,
                    "value_raw": value,
                    "z": z,
                    "quantile": math.nan if reason else quantile,
                    "genes_used": n,
                    "genes_of": of,
                    "missing": _named(missing),
                    "cohort_samples": len(cohort),
                    "state": NOT_ASSESSABLE if reason else COMPUTED,
                    "reason": reason or _small(len(cohort), rules),
                }
            )
    return pd.DataFrame(rows, columns=tables.SCORES.names())


def _find(
    members: pd.DataFrame, values: pd.DataFrame, names: pd.Series
) -> tuple[pd.DataFrame, list[str], int]:
    """(member, gene, row of `values`, weight; members that are not there; number of members).

    Probes of one gene are one member, their weights summed; a probe of several genes (ids separated by |) is one
    member, its weight divided over those that are there; a probe without a gene is a member that is missing.
    """
    stems = by_stem(values)
    symbols = expression.gene_ids_by_name(values, names)
    label = members["gene_id"].where(members["gene_id"] != "", members["gene"])
    label = label.where(label != "", "probe " + members["probe"])
    rows, missing = [], []
    for key, probes in members.groupby(label, sort=False):
        symbol, weight = probes["gene"].iloc[0], float(probes["weight"].sum())
        there = [stems[one] for one in str(key).split("|") if one in stems]
        if not there and symbol in symbols:
            there = [symbols[symbol]]
        if not there:
            missing.append(symbol or str(key))
        gene = symbol or str(key)
        rows += [{"member": key, "gene": gene, "row": row, "weight": weight / len(there)} for row in there]
    return pd.DataFrame(rows, columns=["member", "gene", "row", "weight"]), missing, label.nunique()


def _named(missing: list[str]) -> str:
    more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
    return ", ".join(missing[:MOST_NAMED]) + more


def pathway(
    values: pd.DataFrame,
    names: pd.Series,
    genes: Iterable[str],
    samples: pd.DataFrame,
    failed: Mapping[str, str],
    rules: Mapping,
) -> pd.DataFrame:
    """PATHWAY rows: expression of the named genes in every RNA tumour; arguments as in `rna_scores`."""
    cohort, rows = cohort_of(samples, values, failed), []
    # which of several ids a symbol means is not for a failed sample to say
    symbols = expression.gene_ids_by_name(values[cohort] if cohort else values, names)
    for gene in genes:
        gene_id = symbols.get(gene)
        lacking = "" if gene_id is not None else f"{gene} is not in the count matrix"
        if not lacking and len(cohort) < rules["min_samples"]:
            lacking = f"{len(cohort)} samples to compare, {rules['min_samples']} needed"
        for row in samples.itertuples():
            reason = _unusable(row, values, failed) or lacking
            known = gene_id is not None and row.sample in values
            value = float(values.loc[gene_id, row.sample]) if known else math.nan
            z, quantile = (
                (math.nan, math.nan) if reason else standing(value, values.loc[gene_id, cohort].to_numpy())
            )
            if not reason and math.isnan(z):
                reason = "no variation in the cohort"
            rows.append(
                {
                    "patient": row.patient,
                    "sample": row.sample,
                    "gene": gene,
                    "value": value,
                    "z": z,
                    "quartile": None if reason else quartile(quantile),
                    "cohort_samples": len(cohort),
                    "state": NOT_ASSESSABLE if reason else COMPUTED,
                    "reason": reason or _small(len(cohort), rules),
                }
            )
    return pd.DataFrame(rows, columns=tables.PATHWAY.names())


def score_cohort(
    counts: pd.DataFrame,
    names: pd.Series,
    genes: pd.DataFrame,
    regions: pd.DataFrame,
    samples: pd.DataFrame,
    failed: Mapping[str, str],
    scores: str,
    excluded: Iterable[str],
    rules: Mapping,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(SCORES, PATHWAY) of the cohort's tables. `scores`: path of the score file, "" = no score is computed;
    `excluded`: genes left out of size factors, as in the config; `rules`: its section `scores`.
    """
    chosen = tumours(samples)
    reference = expression.reference_samples(chosen, failed)
    values = log_normalised(counts, expression.left_out(genes, excluded, regions), reference)
    made = tables.empty(tables.SCORES)
    if scores:
        made = rna_scores(values, names, read_scores(scores), chosen, failed, rules)
    return made, pathway(values, names, rules["pathway_genes"], chosen, failed, rules)
