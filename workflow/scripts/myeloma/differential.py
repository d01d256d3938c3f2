"""Expression of early against poor responders: negative binomial Wald tests (DESeq2 through pydeseq2).

Positive log2 fold change = higher in early responders. Size factors are those of the workflow (median of
ratios without immunoglobulin, rRNA, chrM, chrY), so that the share of immunoglobulin in a sample does not
move every other gene. Numeric covariates are centred and scaled; a design in which the groups cannot be
told from the covariates is refused by name.
"""

import logging
import os
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from myeloma import expression
from myeloma.states import EARLY, POOR

MIN_TOTAL_COUNT = 10


class DesignError(ValueError):
    """A design that cannot be fitted; the message names the columns at fault."""


def wald(
    counts: pd.DataFrame,
    metadata: pd.DataFrame,
    factor: str,
    tested: str,
    reference: str,
    covariates: Sequence[str] = (),
    size_factors: pd.Series | None = None,
    alpha: float = 0.05,
) -> pd.DataFrame:
    """DESeq2 Wald test, `tested` over `reference` of column `factor`, adjusted for `covariates`.

    counts: genes x samples, raw; metadata: index sample; size_factors: index sample, None = DESeq2's own.
    Returns index gene_id, columns base_mean, log2_fold_change, lfc_se, p, q, reason (why p or q is empty).
    """
    from pydeseq2.dds import DeseqDataSet
    from pydeseq2.ds import DeseqStats

    design = _design(metadata, factor, tested, reference, covariates)
    kept = counts.loc[counts.sum(axis=1) >= MIN_TOTAL_COUNT, design.index]
    result = pd.DataFrame(index=counts.index, columns=_NUMBERS, dtype=float)
    result["base_mean"] = counts[design.index].mean(axis=1)
    result["reason"] = np.where(
        counts[design.index].sum(axis=1) == 0, "no read in any sample", f"fewer than {MIN_TOTAL_COUNT} reads"
    )
    if kept.empty:
        return result
    dds = DeseqDataSet(
        counts=kept.T.astype(int),
        metadata=design,
        design="~ " + " + ".join([*covariates, factor]),
        refit_cooks=True,
        n_cpus=_threads(),
        quiet=True,
    )
    if size_factors is None:
        dds.fit_size_factors()
    else:
        _set_size_factors(dds, size_factors[design.index].to_numpy(dtype=float))
    dds.fit_genewise_dispersions()
    dds.fit_dispersion_trend()
    dds.fit_dispersion_prior()
    dds.fit_MAP_dispersions()
    dds.fit_LFC()
    dds.calculate_cooks()
    dds.refit()
    tests = DeseqStats(dds, contrast=[factor, tested, reference], alpha=alpha, n_cpus=_threads(), quiet=True)
    tests.summary()
    seen = tests.results_df
    for ours, theirs in zip(_NUMBERS, ("baseMean", "log2FoldChange", "lfcSE", "pvalue", "padj"), strict=True):
        result.loc[seen.index, ours] = seen[theirs].to_numpy()
    result.loc[seen.index, "reason"] = np.select(
        [seen["pvalue"].isna(), seen["padj"].isna()],
        [
            "one sample decides the gene (Cook's distance): not tested",
            "mean count too low to reach significance (independent filtering): no q",
        ],
        "",
    )
    return result


_NUMBERS = ["base_mean", "log2_fold_change", "lfc_se", "p", "q"]


def _threads() -> int:
    """One process: pydeseq2's joblib workers would outlive the job's own share of the machine."""
    return 1


def _set_size_factors(dds, factors: np.ndarray) -> None:
    dds.obs["size_factors"] = factors
    dds.layers["normed_counts"] = dds.X / factors[:, None]
    dds.var["_normed_means"] = dds.layers["normed_counts"].mean(axis=0)


def _design(metadata, factor, tested, reference, covariates) -> pd.DataFrame:
    """Metadata of the two groups, numeric covariates centred and scaled; raises DesignError."""
    chosen = metadata[metadata[factor].isin([tested, reference])].copy()
    missing = [name for name in covariates if name not in chosen.columns]
    if missing:
        raise DesignError(f"covariate(s) not in the sample sheet: {', '.join(missing)}")
    for name in covariates:
        blank = chosen[name].isna() | (chosen[name].astype(str).str.strip() == "")
        if blank.any():
            raise DesignError(f"covariate {name} is empty for {', '.join(chosen.index[blank])}")
        numbers = pd.to_numeric(chosen[name], errors="coerce")
        if numbers.notna().all():
            spread = numbers.std(ddof=0)
            if not spread > 0:
                raise DesignError(f"covariate {name} has one value in all samples: leave it out")
            chosen[name] = (numbers - numbers.mean()) / spread
        else:
            chosen[name] = chosen[name].astype(str)
            if chosen[name].nunique() == 1:
                raise DesignError(f"covariate {name} has one value in all samples: leave it out")
    chosen[factor] = chosen[factor].astype(str)
    chosen = chosen[[*covariates, factor]]
    _check_rank(chosen, factor, covariates)
    return chosen


def _check_rank(design: pd.DataFrame, factor: str, covariates: Sequence[str]) -> None:
    columns = {"intercept": np.ones(len(design))}
    for name in [factor, *covariates]:
        if pd.api.types.is_numeric_dtype(design[name]):
            columns[name] = design[name].to_numpy(dtype=float)
        else:
            for level in sorted(design[name].unique())[1:]:
                columns[f"{name}={level}"] = (design[name] == level).to_numpy(dtype=float)
    matrix = np.column_stack(list(columns.values()))
    if len(design) <= matrix.shape[1]:
        raise DesignError(
            f"{len(design)} samples cannot carry a design of {matrix.shape[1]} coefficients ({', '.join(columns)})"
        )
    if np.linalg.matrix_rank(matrix) == matrix.shape[1]:
        return
    for name in covariates:
        one = {k: v for k, v in columns.items() if k in ("intercept", name) or k.startswith(f"{name}=")}
        of_group = [v for k, v in columns.items() if k.startswith(f"{factor}=")]
        both = np.column_stack([*one.values(), *of_group])
        if np.linalg.matrix_rank(both) < both.shape[1]:
            raise DesignError(
                f"covariate {name} and the response groups cannot be told apart in these samples "
                "(collinear): leave it out of expression.covariates"
            )
    raise DesignError(f"the covariates {', '.join(covariates)} are collinear: leave one out")


def early_versus_poor(
    counts: pd.DataFrame,
    genes: pd.DataFrame,
    response: pd.DataFrame,
    samples: pd.DataFrame,
    qc: pd.DataFrame,
    settings: Mapping,
    regions: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, str]:
    """(EXPRESSION rows, note): the test of early over poor responders.

    counts: genes x samples, index gene_id; genes: the GTF's gene table; response: RESPONSE; samples: rows
    with patient, sample, role and the columns that covariates name (RNA); qc: QC; settings: the sections
    `expression` and `comparison`. Uses the RNA sample with role analysis of every early or poor responder
    unless a gate failed. A group smaller than `comparison.min_group_for_expression` is refused: no rows,
    and the note says why. The note also marks small groups and names samples left out.
    """
    rules, comparison = settings["expression"], settings["comparison"]
    if samples.empty:
        return _empty(), "Not tested: no RNA sample in this cohort."
    group = response.set_index("patient")["group"]
    chosen = samples[(samples["role"] == "analysis") & samples["sample"].isin(counts.columns)]
    chosen = chosen.assign(group=chosen["patient"].map(group)).set_index("sample")
    chosen = chosen[chosen["group"].isin([EARLY, POOR])]
    failed = set(qc.loc[qc["verdict"] == "fail", "sample"])
    out = sorted(set(chosen.index) & failed)
    chosen = chosen[~chosen.index.isin(failed)]
    sizes = {name: int((chosen["group"] == name).sum()) for name in (EARLY, POOR)}
    note = f"{sizes[EARLY]} early against {sizes[POOR]} poor responders with RNA"
    if out:
        note += f"; left out because a gate failed: {', '.join(out)}"
    least = comparison["min_group_for_expression"]
    if min(sizes.values()) < least:
        return _empty(), f"Not tested: {note}; at least {least} of each are needed."
    dropped = expression.left_out(genes, rules["exclude_from_size_factors"], _regions(regions))
    usable = counts.loc[~counts.index.isin(list(dropped)), chosen.index]
    if usable.to_numpy().sum() == 0:
        return _empty(), f"Not tested: {note}; the count matrix is empty (no GTF, or no reads in genes)."
    factors = expression.size_factors(usable)
    if factors.isna().any():
        raise DesignError(f"no size factor for {', '.join(factors.index[factors.isna()])}: no reads in genes")
    result = wald(
        counts, chosen, "group", EARLY, POOR, list(rules["covariates"]), factors, comparison["alpha"]
    )
    names = genes.drop_duplicates("gene_id").set_index("gene_id")["gene_name"]
    result.insert(0, "gene_name", names.reindex(result.index).fillna(""))
    if min(sizes.values()) < comparison["small_group_for_expression"]:
        note += f"; small groups (fewer than {comparison['small_group_for_expression']}): exploratory"
    if rules["covariates"]:
        note += f"; adjusted for {', '.join(rules['covariates'])}"
    logging.info(note)
    return result.rename_axis("gene_id").reset_index(), f"{note}."


def _regions(regions: pd.DataFrame | None) -> pd.DataFrame:
    return regions if regions is not None else pd.DataFrame(columns=["name", "kind", "chrom", "start", "end"])


def _empty() -> pd.DataFrame:
    return pd.DataFrame(columns=["gene_id", "gene_name", *_NUMBERS, "reason"])


def write_note(note: str, path: str | os.PathLike, lines: Iterable[str] = ()) -> None:
    """The sentence that says what was compared, or why nothing was."""
    from myeloma import files

    with files.whole(path) as private:
        private.write_text("\n".join([note, *lines]) + "\n", encoding="utf-8")
