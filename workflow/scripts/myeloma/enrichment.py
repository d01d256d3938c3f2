"""Gene sets of early against poor responders: enrichment along the Wald statistic, and per-sample scores.

The enrichment permutes genes and so takes them as independent, which genes of one programme are not: its p
is too small where they move together (Wu & Smyth, Nucleic Acids Res 2012). The comparison of per-sample
scores beside it permutes patients and holds under any dependence between genes.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from myeloma import gene_sets
from myeloma.gene_sets import TESTED, GeneSet
from myeloma.states import EARLY, NOT_ASSESSABLE, POOR


def prerank(
    statistic: pd.Series, sets: Mapping[str, Sequence[str]], permutations: int, seed: int, threads: int = 1
) -> pd.DataFrame:
    """GSEA along a ranking (Subramanian, PNAS 2005), index set.

    statistic: index gene, no missing values; sets: set -> genes, all in the index. Returns es, nes, p (share of the
    permutations of the same sign that reach es; 1 / their number where none does, and then p_shown begins with
    "<"), p_shown, leading_edge (tuple of genes, those before the peak). Ties keep the order of the index.
    """
    from gseapy.gse import prerank_rs

    ranked = statistic.sort_values(ascending=False, kind="stable")
    genes = ranked.index.to_numpy()
    given = {name: list(members) for name, members in sets.items()}
    done = prerank_rs(list(genes), ranked.tolist(), given, 1.0, 1, len(ranked), permutations, threads, seed)
    rows = []
    for one in done.summaries:
        null = np.asarray(one.esnull)
        same = int((null >= 0).sum() if one.es >= 0 else (null < 0).sum())
        reached = int((null >= one.es).sum() if one.es >= 0 else (null <= one.es).sum())
        p = reached / same if reached else 1 / same if same else np.nan
        shown = f"{p:.3g}" if reached else f"<1/{same}" if same else ""
        hits, run = np.asarray(one.hits, dtype=int), np.asarray(one.run_es)
        peak = int(run.argmax() if one.es >= 0 else run.argmin())
        edge = hits[hits <= peak] if one.es >= 0 else hits[hits >= peak][::-1]
        rows.append((one.term, one.es, one.nes, p, shown, tuple(genes[edge])))
    columns = ["set", "es", "nes", "p", "p_shown", "leading_edge"]
    return pd.DataFrame(rows, columns=columns).set_index("set")


def early_versus_poor(
    table: pd.DataFrame,
    dropped: set[str],
    sets: Sequence[GeneSet],
    scores: pd.DataFrame,
    groups: pd.Series,
    rules: Mapping,
    note: str = "",
    threads: int = 1,
    *,
    rule: str,
    least: int,
    most: int,
) -> pd.DataFrame:
    """GENE_SETS rows: positive nes = higher in early responders.

    table: EXPRESSION; dropped: genes left out of the ranking (immunoglobulin and the like); scores:
    GENE_SET_SCORES; groups: sample -> group, of the samples compared; rules: section `expression`; note: why
    nothing was tested, if so; rule: the definition of the groups, `flow.rule_of`; least: samples that a group
    needs (comparison.min_group_for_expression); most: samples up to which the Mann-Whitney test is exact
    (comparison.exact_wilcoxon_most).
    """
    from scipy.stats import false_discovery_control

    # a gene that is "not tested" (an outlier decides it) keeps its statistic in the table and ranks nowhere
    tested = table["p"].notna() & table["stat"].notna()
    rows = table[tested & ~table["gene_id"].isin(list(dropped))].set_index("gene_id")
    names = rows["gene_name"].fillna("")
    found = gene_sets.members(sets, names, rows["base_mean"])
    made = gene_sets.coverage(sets, found, rules["gene_set_min_genes"], rules["gene_set_min_share"])
    if rows.empty:
        made["state"] = NOT_ASSESSABLE
        made["reason"] = note or "no gene was tested"
    chosen = {s: sorted(set(found[s].values())) for s in made.index[made["state"] == TESTED]}
    made = made.assign(nes=np.nan, p=np.nan, p_shown="", q=np.nan, leading_edge="")
    if chosen:
        done = prerank(rows["stat"], chosen, rules["gene_set_permutations"], rules["gene_set_seed"], threads)
        for column in ("nes", "p", "p_shown"):
            made.loc[done.index, column] = done[column]
        label = names.where(names != "", names.index)
        made.loc[done.index, "leading_edge"] = [", ".join(label[list(e)]) for e in done["leading_edge"]]
        whole = made["p"].dropna()
        made.loc[whole.index, "q"] = false_discovery_control(whole.to_numpy(), method="bh")
    return made.join(score_differences(scores, groups, least, most)).assign(rule=rule).reset_index()


def score_differences(scores: pd.DataFrame, groups: pd.Series, least: int, most: int) -> pd.DataFrame:
    """Index set: scored early and poor responders, their median scores, the exact Mann-Whitney p between them and
    its Benjamini-Hochberg q over the sets. Without `least` samples in both groups only the numbers are told; with ties, or
    more than `most` samples (scipy's exact distribution of 700 does not end), p is that of the normal approximation."""
    from scipy.stats import false_discovery_control, mannwhitneyu

    seen = scores.dropna(subset=["score"])
    seen = seen.assign(group=seen["sample"].map(groups.to_dict()))
    rows = {}
    for name, mine in seen.groupby("set", sort=False):
        early, poor = (mine.loc[mine["group"] == g, "score"].to_numpy() for g in (EARLY, POOR))
        medians, p = (np.nan, np.nan), np.nan
        if min(len(early), len(poor)) >= least:
            tied = len(np.unique([*early, *poor])) < len(early) + len(poor)
            large = len(early) + len(poor) > most
            p = float(mannwhitneyu(early, poor, method="asymptotic" if tied or large else "exact").pvalue)
            medians = (float(np.median(early)), float(np.median(poor)))
        rows[name] = (len(early), len(poor), *medians, p)
    columns = ["scored_early", "scored_poor", "score_early", "score_poor", "score_p"]
    made = pd.DataFrame.from_dict(rows, orient="index", columns=columns, dtype=float)
    tested = made["score_p"].dropna()
    q = false_discovery_control(tested.to_numpy(), method="bh") if len(tested) else []
    return made.assign(score_q=pd.Series(q, index=tested.index, dtype=float))
