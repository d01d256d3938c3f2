"""Expression of early against poor responders: negative binomial Wald tests (DESeq2 through pydeseq2).

Positive log2 fold change = higher in early responders. Size factors are those of the workflow (median of
ratios without immunoglobulin, rRNA, chrM, chrY), so that the share of immunoglobulin in a sample does not
move every other gene. The design is that of `design`; the same test is repeated without its covariates and
without samples of low purity, so that a reader sees which genes rest on either.
"""

import logging
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from myeloma import design, expression, files, tables
from myeloma.design import GROUP, Design, DesignError
from myeloma.flow import rule_of
from myeloma.states import EARLY, POOR

MAIN = "main"
WITHOUT_COVARIATES = "without_covariates"
WITHOUT_LOW_PURITY = "without_low_purity"
TESTED, NOT_TESTED = "tested", "not_assessable"
#: Fewer genes than this are fitted in one process: starting workers would take longer than the fits.
GENES_WORTH_WORKERS = 5000


def wald(
    counts: pd.DataFrame,
    made: Design,
    size_factors: pd.Series | None = None,
    alpha: float = 0.05,
    least_reads: int = 10,
    shrink: bool = True,
    threads: int = 1,
) -> pd.DataFrame:
    """DESeq2 Wald test of the design's last column (Love, Genome Biol 2014).

    counts: genes x samples, raw; size_factors: index sample, None = DESeq2's own; genes with fewer than
    `least_reads` reads over all samples are not fitted. Returns index gene_id, columns base_mean,
    log2_fold_change, lfc_se, stat, p, q, shrunken_log2_fold_change, shrunken_lfc_se (apeglm, Zhu,
    Bioinformatics 2019; empty without `shrink` or where it did not converge), outliers (samples whose count
    was replaced, or that decide the gene) and reason (why p or q is empty).
    """
    mine = counts[made.matrix.index]
    total = mine.sum(axis=1)
    kept = mine[total >= max(least_reads, 1)]
    result = pd.DataFrame(index=counts.index, columns=NUMBERS, dtype=float)
    result["outliers"] = ""
    few = f"fewer than {least_reads} reads in all samples together: not tested"
    result["reason"] = np.where(total == 0, "no read in any sample", few)
    normalised = mine if size_factors is None else mine.div(size_factors[mine.columns], axis=1)
    result["base_mean"] = normalised.mean(axis=1)
    if kept.empty:
        return result
    # Thousands of tiny matrices: threads of the linear algebra would only wait for each other.
    with threadpool_limits(limits=1):
        _fit(result, kept, made, size_factors, alpha, shrink, threads)
    return result


def _fit(result, kept, made: Design, size_factors, alpha, shrink, threads) -> None:
    """Fit and test the kept genes; fills their rows of `result`."""
    from pydeseq2.dds import DeseqDataSet
    from pydeseq2.ds import DeseqStats

    processes = threads if len(kept) >= GENES_WORTH_WORKERS else 1
    dds = DeseqDataSet(
        counts=kept.T.astype(int),
        metadata=made.matrix.copy(),
        design=made.matrix.copy(),
        refit_cooks=True,
        n_cpus=processes,
        quiet=True,
    )
    if size_factors is None:
        dds.fit_size_factors()
    else:
        _set_size_factors(dds, size_factors[made.matrix.index].to_numpy(dtype=float))
    dds.fit_genewise_dispersions()
    dds.fit_dispersion_trend()
    dds.fit_dispersion_prior()
    dds.fit_MAP_dispersions()
    dds.fit_LFC()
    dds.calculate_cooks()
    dds.refit()
    contrast = (made.matrix.columns == GROUP).astype(float)
    tests = DeseqStats(dds, contrast=contrast, alpha=alpha, n_cpus=processes, quiet=True)
    tests.summary()
    seen = tests.results_df.copy()
    for ours, theirs in _THEIRS.items():
        result.loc[seen.index, ours] = seen[theirs].to_numpy()
    if shrink:
        tests.lfc_shrink(GROUP)
        _add_shrunken(result, seen, tests)
    cooks = np.asarray(dds.cooks_outlier(), dtype=bool)
    result.loc[seen.index, "outliers"] = _outliers(dds, cooks)
    _explain(result, seen, cooks)


NUMBERS = [
    "base_mean", "log2_fold_change", "lfc_se", "stat", "p", "q", "shrunken_log2_fold_change", "shrunken_lfc_se",
]  # fmt: skip
_THEIRS = {
    "base_mean": "baseMean",
    "log2_fold_change": "log2FoldChange",
    "lfc_se": "lfcSE",
    "stat": "stat",
    "p": "pvalue",
    "q": "padj",
}


def _set_size_factors(dds, factors: np.ndarray) -> None:
    dds.obs["size_factors"] = factors
    dds.layers["normed_counts"] = dds.X / factors[:, None]
    dds.var["_normed_means"] = dds.layers["normed_counts"].mean(axis=0)


def _add_shrunken(result: pd.DataFrame, before: pd.DataFrame, tests) -> None:
    """Shrunken effects; genes that pydeseq2 left as they were (not finite, not converged) stay empty."""
    after = tests.results_df
    good = tests._LFC_shrink_converged.fillna(False).to_numpy(dtype=bool)
    good &= (after["log2FoldChange"] != before["log2FoldChange"]).to_numpy()
    rows = after.index[good]
    result.loc[rows, "shrunken_log2_fold_change"] = after.loc[rows, "log2FoldChange"].to_numpy()
    result.loc[rows, "shrunken_lfc_se"] = after.loc[rows, "lfcSE"].to_numpy()


def _outliers(dds, cooks: np.ndarray) -> list[str]:
    """Per gene the samples whose count was replaced, else the one that decides a gene not tested."""
    from scipy.stats import f

    n, p = dds.obsm["design_matrix"].shape
    distance = np.nan_to_num(np.asarray(dds.layers["cooks"]))
    replaced = (distance > f.ppf(0.99, p, n - p)) & dds.obs["replaceable"].to_numpy(dtype=bool)[:, None]
    names = np.asarray(dds.obs_names)
    told = []
    for gene in range(dds.n_vars):
        if cooks[gene]:
            told.append(str(names[distance[:, gene].argmax()]))
        else:
            told.append(", ".join(names[replaced[:, gene]]))
    return told


def _explain(result: pd.DataFrame, seen: pd.DataFrame, cooks: np.ndarray) -> None:
    lowest = seen["baseMean"][seen["padj"].notna()].min()
    of = result.loc[seen.index, "outliers"]
    result.loc[seen.index, "reason"] = np.select(
        [cooks, seen["pvalue"].isna(), seen["padj"].isna()],
        [
            "one sample decides the gene (Cook's distance): " + of + ": not tested",
            "the fit did not converge: not tested",
            f"mean count below {lowest:.3g}, too low to reach significance (independent filtering): no q",
        ],
        "",
    )


@dataclass(frozen=True)
class Analysis:
    """One test, or the words why there is none: rows index gene_id."""

    name: str
    early: int
    poor: int
    covariates: tuple[str, ...]
    rows: pd.DataFrame
    note: str
    refusal: str = ""


@dataclass(frozen=True)
class Compared:
    """What the stage writes: EXPRESSION rows, EXPRESSION_ANALYSES rows, SENSITIVITY rows, the note."""

    table: pd.DataFrame
    analyses: pd.DataFrame
    sensitivity: pd.DataFrame
    note: str


@dataclass(frozen=True)
class Covariates:
    """Where covariates come from: patients.tsv (index patient), plasma-cell scores (index sample), calls."""

    patients: pd.DataFrame
    scores: pd.Series
    abnormalities: pd.DataFrame

    @classmethod
    def none(cls) -> "Covariates":
        return cls(
            pd.DataFrame(), pd.Series(dtype=float), pd.DataFrame(columns=["patient", "abnormality", "state", "reason"])
        )  # fmt: skip


def early_versus_poor(
    counts: pd.DataFrame,
    genes: pd.DataFrame,
    response: pd.DataFrame,
    samples: pd.DataFrame,
    qc: pd.DataFrame,
    settings: Mapping,
    regions: pd.DataFrame | None = None,
    sources: Covariates | None = None,
    threads: int = 1,
    compared: Collection[str] | None = None,
) -> Compared:
    """The test of early over poor responders and its sensitivity analyses.

    counts: genes x samples, index gene_id; genes: the GTF's gene table; response: RESPONSE; compared: those of
    its patients that are in the comparison, None for all; samples: rows with patient, sample, role and the
    columns that covariates name (RNA); qc: QC; settings: the sections `expression` and `comparison`. Uses the
    RNA sample with role analysis of every early or poor responder
    unless a gate failed. A group smaller than `comparison.min_group_for_expression` is refused: no rows,
    and the note says why. The note also marks small groups and names samples left out.
    """
    sources, rule = sources or Covariates.none(), rule_of(response)
    if samples.empty:
        none = Analysis(MAIN, 0, 0, (), _empty(), "", "no RNA sample in this cohort")
        return _compared([none], genes, settings, rule)
    group = response.set_index("patient")["group"]
    group = group if compared is None else group[group.index.isin(list(compared))]
    chosen = samples[(samples["role"] == "analysis") & samples["sample"].isin(counts.columns)]
    chosen = chosen.assign(group=chosen["patient"].map(group)).set_index("sample")
    chosen = chosen[chosen["group"].isin([EARLY, POOR])]
    failed = set(qc.loc[qc["verdict"] == "fail", "sample"])
    gone = [(sample, "a gate failed") for sample in sorted(set(chosen.index) & failed)]
    chosen = chosen[~chosen.index.isin(failed)]
    dropped = expression.left_out(
        genes, settings["expression"]["exclude_from_size_factors"], _regions(regions)
    )
    given = _Given(counts, dropped, sources, settings, threads)
    names = tuple(settings["expression"]["covariates"])
    done = [given.test(MAIN, chosen, names, gone, shrink=True)]
    if done[0].refusal:
        return _compared(done, genes, settings, rule)
    if names:
        done.append(_or_refused(given, WITHOUT_COVARIATES, chosen, ()))
    done.append(_without_low_purity(given, chosen, names))
    return _compared(done, genes, settings, rule)


def _without_low_purity(given: "_Given", chosen: pd.DataFrame, names: tuple[str, ...]) -> Analysis:
    least = given.settings["expression"]["sensitivity_min_plasma_cell_score"]
    score = pd.Series(chosen.index.map(given.sources.scores.to_dict()), index=chosen.index, dtype=float)
    low = [(s, f"plasma-cell score {score[s]:.2f} below {least:g}") for s in score.index[score < least]]
    low += [(s, "no plasma-cell score") for s in score.index[score.isna()]]
    if score.isna().all():
        return _untested(WITHOUT_LOW_PURITY, names, "no sample has a plasma-cell score")
    if not low:
        return _untested(
            WITHOUT_LOW_PURITY,
            names,
            f"every sample has a plasma-cell score of {least:g} or more: as the main test",
        )
    return _or_refused(given, WITHOUT_LOW_PURITY, chosen.drop(index=[s for s, _ in low]), names, low)


def _untested(name: str, names: tuple[str, ...], why: str) -> Analysis:
    return Analysis(name, 0, 0, names, _empty(), "", why)


def _or_refused(given: "_Given", name: str, chosen, names, gone=()) -> Analysis:
    """A sensitivity analysis whose design cannot be fitted is told in its row; the main one stops the run."""
    try:
        return given.test(name, chosen, names, gone)
    except DesignError as error:
        return _untested(name, tuple(names), str(error))


@dataclass(frozen=True)
class _Given:
    counts: pd.DataFrame
    dropped: set[str]
    sources: Covariates
    settings: Mapping
    threads: int

    def test(self, name, chosen, names, gone=(), shrink=False) -> Analysis:
        rules, comparison = self.settings["expression"], self.settings["comparison"]
        least = comparison["min_group_for_expression"]
        out = list(gone)
        if refusal := _too_small(_sizes(chosen["group"]), least, out):
            return Analysis(name, *_sizes(chosen["group"]), tuple(names), _empty(), "", refusal)
        found, why = design.values(
            chosen, self.sources.patients, self.sources.scores, self.sources.abnormalities, names
        )
        made = design.build(chosen["group"], found, EARLY, POOR, rules["max_group_vif"], why)
        out += made.left_out
        group = chosen.loc[made.matrix.index, "group"]
        sizes = _sizes(group)
        if refusal := _too_small(sizes, least, out):
            return Analysis(name, *sizes, tuple(names), _empty(), "", refusal)
        usable = self.counts.loc[~self.counts.index.isin(list(self.dropped)), made.matrix.index]
        if usable.to_numpy().sum() == 0:
            refusal = f"{_who(sizes, out)}; the count matrix is empty (no GTF, or no reads in genes)"
            return Analysis(name, *sizes, tuple(names), _empty(), "", refusal)
        factors = expression.size_factors(usable)
        if factors.isna().any():
            raise DesignError(
                f"no size factor for {', '.join(factors.index[factors.isna()])}: no reads in genes"
            )
        rows = wald(
            self.counts, made, factors, comparison["alpha"], rules["test_min_reads"], shrink, self.threads
        )
        note = _note(sizes, out, names, found, made, comparison["small_group_for_expression"])
        logging.info("%s: %s", name, note)
        return Analysis(name, *sizes, tuple(names), rows, note)


def _sizes(group: pd.Series) -> tuple[int, int]:
    return int((group == EARLY).sum()), int((group == POOR).sum())


def _who(sizes: tuple[int, int], out: Sequence[tuple[str, str]]) -> str:
    told = f"{sizes[0]} early against {sizes[1]} poor responders with RNA"
    return told + (f"; left out: {design.left_out_words(out)}" if out else "")


def _too_small(sizes: tuple[int, int], least: int, out: Sequence[tuple[str, str]]) -> str:
    return f"{_who(sizes, out)}; at least {least} of each are needed" if min(sizes) < least else ""


def _note(sizes, out, names, found, made: Design, small: int) -> str:
    parts = [_who(sizes, out)]
    if min(sizes) < small:
        parts.append(f"small groups (fewer than {small}): exploratory")
    if names:
        parts.append(f"adjusted for {', '.join(names)}")
        if any(pd.api.types.is_numeric_dtype(found[name]) for name in names):
            parts.append("with a numeric covariate no sample has a replicate, so outliers are not looked for")
    parts += made.notes
    degrees = len(made.matrix) - made.matrix.shape[1]
    if degrees <= design.FEW_DEGREES:
        parts.append(f"only {degrees} residual degrees of freedom: dispersions rest on other genes")
    return "; ".join(parts)


def _compared(done: Sequence[Analysis], genes: pd.DataFrame, settings: Mapping, rule: str) -> Compared:
    comparison = settings["comparison"]
    main = done[0]
    names = genes.drop_duplicates("gene_id").set_index("gene_id")["gene_name"]
    table = main.rows.copy()
    table.insert(0, "gene_name", names.reindex(table.index).fillna(""))
    analyses = pd.DataFrame([_analysis_row(one, main, comparison) for one in done])
    top = main.rows["p"].dropna().sort_values(kind="stable").index[: comparison["sensitivity_top_genes"]]
    parts = [_gene_rows(one, main, top, comparison["alpha"]) for one in done if not one.refusal]
    sensitivity = pd.concat(parts, ignore_index=True) if parts else _no_gene_rows()
    sensitivity.insert(1, "gene_name", names.reindex(sensitivity["gene_id"]).fillna("").to_numpy())
    note = f"Not tested: {main.refusal}." if main.refusal else f"{main.note}."
    table = table.rename_axis("gene_id").reset_index()
    return Compared(*(frame.assign(rule=rule) for frame in (table, analyses, sensitivity)), note)


def _analysis_row(one: Analysis, main: Analysis, comparison: Mapping) -> dict:
    row = {
        "analysis": one.name,
        "state": NOT_TESTED if one.refusal else TESTED,
        "early": np.nan if one.refusal and one.early + one.poor == 0 else one.early,
        "poor": np.nan if one.refusal and one.early + one.poor == 0 else one.poor,
        "covariates": ", ".join(one.covariates),
        "tested": int(one.rows["p"].notna().sum()) if not one.refusal else np.nan,
        "reason": one.refusal or one.note,
    }
    if one.refusal:
        return row | dict.fromkeys(
            ("found", "found_in_main", "jaccard", "lfc_correlation", "top_same_direction"), np.nan
        )
    return row | concordance(main.rows, one.rows, comparison["alpha"], comparison["sensitivity_top_genes"])


def concordance(main: pd.DataFrame, other: pd.DataFrame, alpha: float, top: int) -> dict[str, float]:
    """How far one test repeats another (rows of `wald`).

    found: genes with q < alpha in `other`; found_in_main: those of them found in `main`; jaccard: shared
    over all found (empty when none is); lfc_correlation: Pearson, over genes tested in both;
    top_same_direction: share of the `top` genes of `main` by p whose change has the same sign in `other`.
    """
    ours, theirs = set(main.index[main["q"] < alpha]), set(other.index[other["q"] < alpha])
    both = main.index[main["p"].notna() & other["p"].reindex(main.index).notna()]
    one, two = main.loc[both, "log2_fold_change"], other.loc[both, "log2_fold_change"]
    best = main.loc[both, "p"].sort_values(kind="stable").index[:top]
    varies = len(both) > 1 and one.std() > 0 and two.std() > 0
    return {
        "found": len(theirs),
        "found_in_main": len(ours & theirs),
        "jaccard": len(ours & theirs) / len(ours | theirs) if ours | theirs else np.nan,
        "lfc_correlation": float(np.corrcoef(one, two)[0, 1]) if varies else np.nan,
        "top_same_direction": float((np.sign(one[best]) == np.sign(two[best])).mean())
        if len(best)
        else np.nan,
    }


_GENE_COLUMNS = [
    "gene_id",
    "analysis",
    "log2_fold_change",
    "lfc_se",
    "p",
    "q",
    "same_direction",
    "found",
    "reason",
]


def _no_gene_rows() -> pd.DataFrame:
    return pd.DataFrame(columns=_GENE_COLUMNS)


def _gene_rows(one: Analysis, main: Analysis, top: pd.Index, alpha: float) -> pd.DataFrame:
    rows = one.rows.reindex(top)
    same = np.sign(rows["log2_fold_change"]) == np.sign(main.rows.loc[top, "log2_fold_change"])
    known = rows["log2_fold_change"].notna()
    made = rows[["log2_fold_change", "lfc_se", "p", "q", "reason"]].assign(
        analysis=one.name,
        same_direction=np.where(known, np.where(same, "yes", "no"), ""),
        found=np.where(rows["p"].isna(), "", np.where(rows["q"] < alpha, "yes", "no")),
    )
    return made.rename_axis("gene_id").reset_index()[_GENE_COLUMNS]


def _regions(regions: pd.DataFrame | None) -> pd.DataFrame:
    return regions if regions is not None else pd.DataFrame(columns=["name", "kind", "chrom", "start", "end"])


def _empty() -> pd.DataFrame:
    return pd.DataFrame(columns=[*NUMBERS, "outliers", "reason"])


def sources(patients: Sequence[Mapping], scores: pd.Series, abnormalities: str | os.PathLike) -> Covariates:
    """Covariates from rows of patients, plasma-cell scores and the path of the abnormality table ("" = not asked)."""
    none = Covariates.none()
    frame = pd.DataFrame(list(patients))
    return Covariates(
        frame.set_index("patient") if len(frame) else none.patients,
        scores,
        tables.read(abnormalities, tables.ABNORMALITIES) if abnormalities else none.abnormalities,
    )


def write(seen: Compared, table: str, analyses: str, sensitivity: str, note: str) -> None:
    """The three tables and the sentence that says what was compared, or why nothing was."""
    tables.write(seen.table, table, tables.EXPRESSION)
    tables.write(seen.analyses, analyses, tables.EXPRESSION_ANALYSES)
    tables.write(seen.sensitivity, sensitivity, tables.SENSITIVITY)
    with files.whole(note) as private:
        private.write_text(f"{seen.note}\n", encoding="utf-8")
