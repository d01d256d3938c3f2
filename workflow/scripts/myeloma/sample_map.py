"""Where the RNA samples lie (PCA, UMAP, clusters), and which technical or clinical factor moves them.

Only tumour samples of the analysis that passed their gates shape the components; the others (a failed gate, normal
RNA, a relapse biopsy) are placed on them and marked.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from myeloma import gates

#: Factors shown and tested, technical ones first: column of the cohort's obs -> name in the tables.
FACTORS = {
    "batch": "batch",
    "centre": "centre",
    "plasma_cell_score": "plasma_cell_score",
    "purity": "purity",
    "rin": "rin",
    "immunoglobulin_fraction": "immunoglobulin_fraction",
    "qc_assigned_reads": "assigned_reads",
    "qc_duplicate_fraction": "duplicate_fraction",
    "qc_five_to_three_ratio": "five_to_three_ratio",
    "qc_unique_fraction": "unique_fraction",
    "non_b_index": "non_b_index",
    "sex": "sex",
}
CATEGORIES = ("batch", "centre", "sex")
NUMBERS = tuple(name for name in FACTORS.values() if name not in CATEGORIES)
TOO_FEW = "fewer than three usable samples"


def factors(obs: pd.DataFrame) -> pd.DataFrame:
    """The factors of each sample, index sample: categories as text ("" = not given), the rest as numbers."""
    made = pd.DataFrame(index=obs.index)
    for column, name in FACTORS.items():
        if name in CATEGORIES:
            seen = obs[column] if column in obs else pd.Series("", index=obs.index)
            made[name] = seen.astype(object).fillna("").astype(str).replace({"nan": "", "None": ""})
        else:
            seen = obs[column] if column in obs else pd.Series(np.nan, index=obs.index)
            made[name] = pd.to_numeric(seen, errors="coerce").astype(float)
    return made


def locate(data, qc: pd.DataFrame, rules: Mapping[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(SAMPLE_MAP rows, scores: index sample, one column per component) of the cohort's AnnData.

    Components of the `map_genes` most variable genes that are not left out, over the tumour samples of the analysis
    (obs: tissue, role) that failed no gate and have a size factor; UMAP and Leiden clusters from `map_min_samples` of them on. Fewer than three:
    every place is empty and the reason says so.
    """
    failed = gates.failed(qc)
    names = pd.Index(data.obs_names, dtype=str)
    frame = factors(data.obs).reset_index(drop=True)
    patients = data.obs["patient"] if "patient" in data.obs else pd.Series("", index=data.obs_names)
    frame.insert(0, "patient", patients.to_numpy())
    frame.insert(1, "sample", names.to_numpy())
    for column in ("pc1", "pc2", "pc1_variance", "pc2_variance", "umap1", "umap2"):
        frame[column] = np.nan
    frame["cluster"] = ""
    empty = data.obs["size_factor"].isna().to_numpy() if data.n_obs else np.zeros(0, dtype=bool)
    outside = [_outside(*about) for about in zip(data.obs["tissue"], data.obs["role"], strict=True)]
    frame["reason"] = [
        "no reads in genes" if none else failed.get(name, "") or why
        for name, none, why in zip(names, empty, outside, strict=True)
    ]
    good = (frame["reason"] == "").to_numpy(dtype=bool)
    frame["used"] = np.where(good, "yes", "no")
    keep = ~data.var["left_out"].to_numpy(dtype=bool)
    if good.sum() < 3 or keep.sum() < 3:
        frame.loc[good, "reason"] = TOO_FEW if good.sum() < 3 else "fewer than three genes"
        frame["used"] = "no"
        return frame, pd.DataFrame(index=names)
    fitted, scores = _components(data[:, keep], good, ~empty, rules)
    for i in (0, 1):
        frame[f"pc{i + 1}"] = scores[:, i]
        frame[f"pc{i + 1}_variance"] = float(fitted.uns["pca"]["variance_ratio"][i])
    if good.sum() >= rules["map_min_samples"]:
        _neighbours(fitted, frame, good)
    columns = [f"pc{i + 1}" for i in range(min(scores.shape[1], rules["map_components"]))]
    return frame, pd.DataFrame(scores[:, : len(columns)], index=names, columns=columns)[good]


def _outside(tissue: str, role: str) -> str:
    """Why a sample is no tumour of the analysis; "" for one that is."""
    if tissue != "tumour":
        return f"{tissue} RNA, no tumour"
    return "" if role == "analysis" else f"not the sample of the analysis (role {role})"


def _components(data, good: np.ndarray, placed: np.ndarray, rules: Mapping[str, Any]):
    """(AnnData of the good samples with its PCA, scores of all samples; NaN where not `placed`)."""
    import scanpy

    fitted = data[good].copy()
    chosen = np.sort(np.argsort(-fitted.X.var(axis=0), kind="stable")[: rules["map_genes"]])
    fitted = fitted[:, chosen].copy()
    number = min(10, fitted.n_obs - 1, fitted.n_vars - 1)
    scanpy.pp.pca(fitted, n_comps=number, svd_solver="full", random_state=0)
    loadings = fitted.varm["PCs"]
    # The sign of a component is arbitrary: the gene that weighs most points up.
    signs = np.sign(loadings[np.abs(loadings).argmax(axis=0), np.arange(number)])
    values = np.asarray(data.X)[:, chosen]
    scores = (values - values[good].mean(axis=0)) @ loadings * signs
    scores[~placed] = np.nan
    return fitted, scores


def _neighbours(fitted, frame: pd.DataFrame, good: np.ndarray) -> None:
    """Fill UMAP and clusters of the good samples."""
    import scanpy

    scanpy.pp.neighbors(fitted, n_neighbors=min(15, fitted.n_obs - 1), random_state=0)
    scanpy.tl.leiden(fitted, flavor="igraph", n_iterations=2, directed=False, random_state=0)
    scanpy.tl.umap(fitted, random_state=0)
    frame.loc[good, "cluster"] = fitted.obs["leiden"].astype(str).to_numpy()
    frame.loc[good, ["umap1", "umap2"]] = fitted.obsm["X_umap"].astype(float)


def associate(scores: pd.DataFrame, about: pd.DataFrame, rules: Mapping[str, Any]) -> pd.DataFrame:
    """PC_ASSOCIATIONS rows: every component of `locate` with every factor.

    Categories: Kruskal and Wallis (J Am Stat Assoc 1952), effect = epsilon squared, H / (n - 1). Numbers:
    Spearman's rank correlation. p by permutation of the samples (seeded; add-one, Phipson and Smyth 2010), for
    cohorts are small; q over all tests of the table (Benjamini and Hochberg 1995).
    about: `factors`, index sample.
    """
    from statsmodels.stats.multitest import multipletests

    rows = []
    for component in scores.columns:
        for name in about.columns:
            one = _test(scores[component], about[name].reindex(scores.index), name in CATEGORIES, rules)
            rows.append({"component": component, "factor": name, **one})
    frame = pd.DataFrame(
        rows,
        columns=["component", "factor", "test", "n", "levels", "statistic", "effect", "p", "q", "reason"],
    )
    tested = frame["p"].notna()
    if tested.any():
        frame.loc[tested, "q"] = multipletests(frame.loc[tested, "p"].astype(float), method="fdr_bh")[1]
    return frame


def _test(values: pd.Series, factor: pd.Series, category: bool, rules: Mapping[str, Any]) -> dict[str, Any]:
    known = (factor != "") if category else factor.notna()
    x, f = values[known], factor[known]
    row: dict[str, Any] = {"test": "kruskal" if category else "spearman", "levels": ""}
    if category:
        sizes = f.value_counts().sort_index()
        alone = list(sizes.index[sizes < 2])
        x, f = x[~f.isin(alone)], f[~f.isin(alone)]
        row["levels"] = ", ".join(f"{name} {size}" for name, size in sizes.items())
    row["n"] = len(x)
    if not len(factor[known]):
        return row | {"reason": "not given"}
    if f.nunique() < 2:
        few = (
            "one sample in all groups but one"
            if category and known.any() and factor[known].nunique() > 1
            else ""
        )
        return row | {"reason": few or "one value in all samples"}
    if len(x) < rules["map_min_values"]:
        return row | {"reason": f"{len(x)} samples, {rules['map_min_values']} needed"}
    statistic, effect, p = (_kruskal if category else _spearman)(x, f, rules["map_permutations"])
    return row | {"statistic": statistic, "effect": effect, "p": p, "reason": ""}


def _shuffles(n: int, times: int) -> np.ndarray:
    """`times` permutations of 0..n-1, the same for the same n."""
    random = np.random.default_rng([n, times])
    return random.permuted(np.tile(np.arange(n), (times, 1)), axis=1)


def _p(observed: float, drawn: np.ndarray) -> float:
    return float((1 + np.sum(drawn >= observed - 1e-9)) / (1 + len(drawn)))


def _kruskal(values: pd.Series, groups: pd.Series, times: int) -> tuple[float, float, float]:
    ranks, n = values.rank().to_numpy(), len(values)
    member = pd.get_dummies(groups).to_numpy(dtype=float)
    sizes = member.sum(axis=0)
    ties = 1 - float((values.value_counts() ** 3 - values.value_counts()).sum()) / (n**3 - n)

    def statistic(order: np.ndarray) -> np.ndarray:
        sums = ranks[order] @ member
        return (12 / (n * (n + 1)) * (sums**2 / sizes).sum(axis=-1) - 3 * (n + 1)) / ties

    observed = float(statistic(np.arange(n)))
    return observed, observed / (n - 1), _p(observed, statistic(_shuffles(n, times)))


def _spearman(values: pd.Series, numbers: pd.Series, times: int) -> tuple[float, float, float]:
    def standard(series: pd.Series) -> np.ndarray:
        ranks = series.rank().to_numpy()
        centred = ranks - ranks.mean()
        return centred / np.sqrt((centred**2).sum())

    a, b = standard(values), standard(numbers)
    rho = float(a @ b)
    return rho, rho, _p(abs(rho), np.abs(a[_shuffles(len(a), times)] @ b))


def with_purity(data, purity: pd.DataFrame) -> None:
    """Add the numbers of RNA_PURITY to the cohort's obs, by sample."""
    known = purity.set_index("sample")
    for name in ("plasma_cell_score", "clone_share", "kappa_share", "non_b_index", "immunoglobulin_fraction"):
        data.obs[name] = known[name].reindex(data.obs_names).astype(float).to_numpy()
