"""All effects of the comparison in one long table, each from the row of its own table: nothing is computed again."""

import math
from collections.abc import Iterable, Mapping

import pandas as pd
from scipy.stats import norm

from myeloma import multiplicity, tables

EARLY_POOR = "early responders / poor responders"
CARRIERS = "carriers / non-carriers"
#: The expression test corrects over all genes, the gene sets over all sets.
GENES, SETS, SCORES = "genes", "gene sets", "gene set scores"


def collect(seen: Mapping[str, pd.DataFrame], rules: Mapping) -> pd.DataFrame:
    """EFFECT_SIZES from the tables of the comparison, by the name of their contract.

    rules: section `comparison`. Of the genes only those with the smallest p, `sensitivity_top_genes` of them.
    """
    rows = [
        *_by_group(seen["abnormalities_by_group"]),
        *_adjusted(seen["adjusted"]),
        *_response(seen["response_by_abnormality"]),
        *_survival(seen["survival_by_abnormality"]),
        *_interactions(seen["interactions"]),
        *_pairs(seen["cooccurrence"]),
        *_burden(seen["burden_by_group"]),
        *_genes(seen["expression_early_vs_poor"], seen["expression_analyses"], rules),
        *_sets(seen["gene_sets"]),
    ]
    frame = pd.DataFrame(rows, columns=tables.EFFECT_SIZES.names())
    return tables.conform(frame, tables.EFFECT_SIZES)


def _row(source: str, item: str, measure: str, row, estimate: str, p: str = "p", **more) -> dict:
    """What every effect has, from a row of its own table; q and family only where that table has them."""
    return {
        "source": source,
        "item": item,
        "measure": measure,
        "estimate": getattr(row, estimate),
        "low": getattr(row, more.pop("low", "ci_low"), math.nan),
        "high": getattr(row, more.pop("high", "ci_high"), math.nan),
        "p": getattr(row, p) if p else math.nan,
        "q": getattr(row, "q", math.nan) if p else math.nan,
        "family": getattr(row, "family", multiplicity.DESCRIBED) if p else multiplicity.DESCRIBED,
        "not_assessable": getattr(row, "not_assessable", None),
        "note": getattr(row, "note", ""),
    } | more


def _by_group(frame: pd.DataFrame) -> Iterable[dict]:
    for row in frame.itertuples():
        counts = {"sides": EARLY_POOR, "n_first": row.early_assessable, "n_second": row.poor_assessable}
        counts |= {"first_with": row.early_present, "second_with": row.poor_present}
        yield _row("abnormalities_by_group", row.abnormality, "odds ratio", row, "odds_ratio", **counts)


def _adjusted(frame: pd.DataFrame) -> Iterable[dict]:
    for row in frame.itertuples():
        counts = {"sides": EARLY_POOR, "n_first": row.early, "n_second": row.poor}
        counts |= {"first_with": row.early_present, "second_with": row.poor_present}
        more = {"note": "; ".join(t for t in (f"adjusted for {row.adjusted_for}", row.note) if t)}
        yield _row("adjusted", row.abnormality, "adjusted odds ratio", row, "odds_ratio", **counts, **more)


def _response(frame: pd.DataFrame) -> Iterable[dict]:
    for row in frame.itertuples():
        counts = {"sides": CARRIERS, "n_first": row.carriers, "n_second": row.non_carriers}
        counts |= {"first_with": row.carrier_with, "second_with": row.non_carrier_with}
        source, name = "response_by_abnormality", row.abnormality
        if not row.measure.startswith("OS at"):
            yield _row(source, name, f"odds ratio, {row.measure}", row, "odds_ratio", **counts)
        limits = {"low": "difference_low", "high": "difference_high"}
        yield _row(source, name, f"difference, {row.measure}", row, "difference", "", **limits, **counts)


def _survival(frame: pd.DataFrame) -> Iterable[dict]:
    for row in frame.itertuples():
        counts = {"sides": CARRIERS, "n_first": row.carriers, "n_second": row.non_carriers}
        counts |= {"first_with": row.carrier_events, "second_with": row.non_carrier_events}
        source, name = "survival_by_abnormality", row.abnormality
        yield _row(source, name, f"hazard ratio, {row.endpoint}", row, "hazard_ratio", "log_rank_p", **counts)
        limits = {"low": "rmst_low", "high": "rmst_high"}
        months = f"restricted mean difference (months), {row.endpoint}"
        yield _row(source, name, months, row, "rmst_difference", "", **limits, **counts)


def _interactions(frame: pd.DataFrame) -> Iterable[dict]:
    for row in frame.itertuples():
        item = f"{row.abnormality} x {row.known_risk}"
        n = row.both + row.abnormality_only, row.risk_only + row.neither
        with_event = row.both_events + row.abnormality_only_events, row.risk_only_events + row.neither_events
        counts = {"sides": CARRIERS, "n_first": n[0], "n_second": n[1]}
        counts |= {"first_with": with_event[0], "second_with": with_event[1]}
        yield _row("interactions", item, "ratio of hazard ratios, TTP", row, "ratio", **counts)


def _pairs(frame: pd.DataFrame) -> Iterable[dict]:
    for row in frame.itertuples():
        counts = {"sides": "with the first / without it"}
        counts |= {"n_first": row.both + row.first_only, "n_second": row.second_only + row.neither}
        counts |= {"first_with": row.both, "second_with": row.second_only}
        yield _row("cooccurrence", f"{row.first} + {row.second}", "odds ratio", row, "odds_ratio", **counts)


def _burden(frame: pd.DataFrame) -> Iterable[dict]:
    for row in frame.itertuples():
        counts = {"sides": EARLY_POOR, "n_first": row.early_assessable, "n_second": row.poor_assessable}
        yield _row("burden_by_group", row.measure, f"shift ({row.unit})", row, "shift", **counts)


def _genes(frame: pd.DataFrame, analyses: pd.DataFrame, rules: Mapping) -> Iterable[dict]:
    """Genes with the smallest p; limits from the standard error of the fold change."""
    main = analyses[analyses["analysis"] == "main"]
    n = main[["early", "poor"]].iloc[0].tolist() if len(main) else [None, None]
    z = norm.ppf((1 + rules["confidence"]) / 2)
    top = frame[frame["p"].notna()].sort_values(["p", "gene_id"]).head(rules["sensitivity_top_genes"])
    for row in top.itertuples():
        reach = z * row.lfc_se
        yield _row(
            "expression_early_vs_poor", row.gene_id, "log2 fold change", row, "log2_fold_change",
            sides=EARLY_POOR, n_first=n[0], n_second=n[1], family=GENES if row.q == row.q else multiplicity.DESCRIBED,
        ) | {"low": row.log2_fold_change - reach, "high": row.log2_fold_change + reach, "note": row.gene_name}  # fmt: skip


def _sets(frame: pd.DataFrame) -> Iterable[dict]:
    for row in frame[frame["state"] == "tested"].itertuples():
        counts = {
            "sides": EARLY_POOR,
            "n_first": row.scored_early,
            "n_second": row.scored_poor,
            "family": SETS,
        }
        limit = f"p {row.p_shown}" if str(row.p_shown).startswith("<") else ""
        yield _row("gene_sets", row.set, "NES", row, "nes", **counts, note=limit)
