"""Families of tests: which p is corrected with which others, and what is only described.

A p in a table of the comparison either belongs to a named family and has its q, or its row says that it is described.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from myeloma import association, tables
from myeloma.states import ABSENT, EARLY, PRESENT

DESCRIBED = "described"


def with_q(frame: pd.DataFrame, p: str) -> pd.DataFrame:
    """The frame with `q`: Benjamini-Hochberg within each family of column `family`, over rows that have a p; empty
    where the family is "described" (J R Stat Soc B 1995;57:289)."""
    q = pd.Series(np.nan, index=frame.index, dtype="float64")
    tested = frame[(frame["family"] != DESCRIBED) & frame[p].notna()]
    for _, rows in tested.groupby("family"):
        q[rows.index] = false_discovery_control(rows[p].to_numpy(float), method="bh")
    return frame.assign(q=q)


def permutation_p(
    carrier: np.ndarray, assessable: np.ndarray, early: np.ndarray, permutations: int, seed: int
) -> np.ndarray:
    """Family-wise p of each abnormality by step-down minP (Westfall and Young 1993; Ge et al., TEST 2003;12:1).

    carrier, assessable: patients x abnormalities of one family, 0/1, carrier within assessable. early: 0/1 per patient;
    it is permuted among the patients, so that the dependence between abnormalities stays as it is. The statistic is the
    central Fisher p, looked up. The p returned is (b + 1) / (permutations + 1): never 0 (Phipson and Smyth, Stat Appl
    Genet Mol Biol 2010;9:39). Raises ValueError without permutations.
    """
    if permutations < 1:
        raise ValueError("at least one permutation is needed")
    carrier, assessable = np.asarray(carrier, dtype=int), np.asarray(assessable, dtype=int)
    random, early = np.random.default_rng(seed), np.asarray(early, dtype=int)
    labels = np.empty((permutations + 1, len(early)), dtype=int)
    labels[0] = early
    labels[1:] = random.permuted(np.tile(early, (permutations, 1)), axis=1)
    p = np.column_stack(
        [_looked_up(labels @ carrier[:, j], labels @ assessable[:, j], carrier[:, j].sum(), assessable[:, j].sum())
         for j in range(carrier.shape[1])]
    )  # fmt: skip
    order = np.argsort(p[0], kind="stable")
    smallest = np.minimum.accumulate(p[1:, order[::-1]], axis=1)[
        :, ::-1
    ]  # over this and all less extreme ones
    reached = (smallest <= p[0, order] * association.RELATIVE).sum(axis=0)
    adjusted = np.maximum.accumulate((reached + 1) / (permutations + 1))
    made = np.empty(len(order))
    made[order] = adjusted
    return made


def _looked_up(x: np.ndarray, early: np.ndarray, carriers: int, patients: int) -> np.ndarray:
    """Central p of tables with `x` early carriers of `early` assessable early responders, margins by value."""
    made = np.ones(len(x))
    for n in np.unique(early):
        table = association.Conditional(int(n), int(patients - n), int(carriers))
        rows = early == n
        made[rows] = table.central_p()[x[rows] - table.support[0]]
    return made


def add_permutation_p(
    by_group: pd.DataFrame, abnormalities: pd.DataFrame, groups: Mapping[str, str], rules: Mapping
) -> pd.DataFrame:
    """BY_GROUP with `perm_p` beside q, for the tested rows of the primary family; empty elsewhere and where
    `permutations` is 0. groups: patient -> group, of the compared patients."""
    made = by_group.assign(perm_p=np.nan)
    chosen = made[(made["family"] == "primary") & (made["tested"] == "yes")]
    if not len(chosen) or not rules["permutations"]:
        return tables.conform(made, tables.BY_GROUP)
    wide = abnormalities[abnormalities["patient"].isin(groups)].pivot(
        index="patient", columns="abnormality", values="state"
    )
    wide = wide.reindex(index=list(groups), columns=chosen["abnormality"].tolist())
    early = np.array([groups[patient] == EARLY for patient in wide.index])
    carrier, assessable = (wide == PRESENT).to_numpy(), wide.isin([PRESENT, ABSENT]).to_numpy()
    made.loc[chosen.index, "perm_p"] = permutation_p(
        carrier, assessable, early, rules["permutations"], rules["seed"]
    )
    return tables.conform(made, tables.BY_GROUP)


#: What a column of p is corrected with: `IN_ROW` where the row names its family, else the family of the whole column, or
#: DESCRIBED with the reason. Every p of every table is here (tests/myeloma/test_multiplicity.py).
IN_ROW = "the family named in the row"
P_COLUMNS = {
    ("abnormalities_by_group", "p"): IN_ROW,
    ("abnormalities_by_group", "perm_p"): "primary",  # family-wise by itself
    ("abnormalities_by_group", "ttp_p"): f"{DESCRIBED}: the same test is in the family TTP by abnormality",
    ("adjusted", "p"): IN_ROW,
    ("burden_by_group", "p"): IN_ROW,
    ("cooccurrence", "p"): IN_ROW,
    ("effect_sizes", "p"): IN_ROW,
    ("exposure_response", "p"): "exposure and response",
    ("expression_early_vs_poor", "p"): "genes",
    ("expression_sensitivity", "p"): f"{DESCRIBED}: the same genes under another model",
    **{
        ("figure_forest", p): f"{DESCRIBED}: repeated from abnormalities_by_group"
        for p in ("p", "perm_p", "ttp_p")
    },
    ("figure_curves", "log_rank_p"): f"{DESCRIBED}: repeated from survival",
    ("figure_curves_by_abnormality", "log_rank_p"): f"{DESCRIBED}: repeated from survival_by_abnormality",
    ("gene_sets", "p"): "gene sets",
    ("gene_sets", "score_p"): "gene set scores",
    ("interactions", "p"): IN_ROW,
    ("levels", "log_rank_p"): f"{DESCRIBED}: levels of what is tested by presence in its family",
    ("levels", "trend_p"): f"{DESCRIBED}: levels of what is tested by presence in its family",
    ("pc_associations", "p"): "principal components",
    ("response_by_abnormality", "p"): IN_ROW,
    ("risk_strata", "log_rank_p"): f"{DESCRIBED}: risk systems are descriptive strata",
    ("sensitivity", "p"): IN_ROW,
    ("survival", "log_rank_p"): f"{DESCRIBED}: of curves; by abnormality the same test is in its family",
    ("survival", "stratified_p"): f"{DESCRIBED}: the same question within strata",
    ("survival_by_abnormality", "log_rank_p"): IN_ROW,
}
#: No test, but what a test could have shown.
NO_TEST = ("smallest_p",)
#: Every family that a row or a column of P_COLUMNS may name, beside DESCRIBED; docs/analysis-plan.md lists them.
FAMILIES = (
    "primary",
    "exploratory",
    "ORR by abnormality",
    "VGPR by abnormality",
    "CR by abnormality",
    "alive at data cut by abnormality",
    "TTP by abnormality",
    "PFS by abnormality",
    "EFS by abnormality",
    "OS by abnormality",
    "co-occurrence",
    "burden by group",
    "interaction with known risk",
    "genes",
    "gene sets",
    "gene set scores",
    "exposure and response",
    "principal components",
)
