"""Mutational signatures of a response group: one fit to the pooled mutations of its patients.

Most myeloma exomes have too few SNVs for a fit of their own. The bootstrap draws patients where there are
enough of them, so that its interval holds the difference between patients; one patient with many mutations
then shows as a wide interval instead of as a finding.
"""

import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from myeloma import flow as flow_of
from myeloma import gates, signatures, tables
from myeloma.states import EARLY, NOT_ASSESSABLE, POOR


def members(
    counts: pd.DataFrame, samples: pd.DataFrame, flow: pd.DataFrame, qc: pd.DataFrame
) -> dict[str, list[str]]:
    """Group -> analysis samples with a normal whose patients are compared and that failed no gate."""
    groups, failed = flow_of.compared_groups(flow), gates.failed(qc)
    normals = samples[samples["role"] == "matched_normal"].groupby("patient")["sample"].agg(list).to_dict()
    made: dict[str, list[str]] = {EARLY: [], POOR: []}
    chosen = samples[(samples["assay"] == "wes") & (samples["role"] == "analysis")]
    for row in chosen.itertuples():
        gated = any(name in failed for name in (row.sample, *normals.get(row.patient, ())))
        if row.sample in counts and row.patient in groups and not gated:
            made[groups[row.patient]].append(row.sample)
    return made


def resample_patients(counts: np.ndarray, replicates: int, seed: int, name: str) -> np.ndarray:
    """Pooled spectra (96 x replicates) of as many patients, drawn with replacement; none is empty.

    `counts`: 96 x patients. A draw without any mutation is drawn again.
    """
    random = np.random.default_rng([seed, zlib.crc32(name.encode())])
    made = np.empty((counts.shape[0], replicates))
    for i in range(replicates):
        pool = np.zeros(counts.shape[0])
        while not pool.sum():
            pool = counts[:, random.integers(counts.shape[1], size=counts.shape[1])].sum(axis=1)
        made[:, i] = pool
    return made


def fit_group(
    group: str, counts: np.ndarray, rules: Mapping[str, Any], build: str
) -> tuple[list[dict[str, Any]], str]:
    """Rows of one group (96 x patients) and what was resampled ("" when nothing was fitted)."""
    pool = counts.sum(axis=1)
    if reason := signatures.refused(int(pool.sum()), rules):
        blank = {"state": NOT_ASSESSABLE, "reason": reason}
        return [{"signature": name} | blank for name in rules["set"]], ""
    table = signatures.read_signatures(rules, build)
    by_patient = counts.shape[1] >= rules["min_patients_resampled"]
    draw = resample_patients if by_patient else signatures.resample
    drawn = draw(counts if by_patient else pool, rules["bootstrap"], rules["seed"], group)
    found = signatures.assign(np.column_stack([pool, drawn]), table, rules["penalties"])
    rows = signatures.rows_of(pool, found[0], found[1:], table, rules)
    return rows, "patients" if by_patient else "mutations"


def fit_groups(
    counts: pd.DataFrame,
    samples: pd.DataFrame,
    flow: pd.DataFrame,
    qc: pd.DataFrame,
    rules: Mapping[str, Any],
    build: str,
    group_rule: str = "",
) -> pd.DataFrame:
    """Contract SIGNATURES_BY_GROUP. `counts`: classes by samples (contexts.read); `rules`: section signatures;
    `group_rule`: definition of the groups, set into every row."""
    rows = []
    for group, chosen in members(counts, samples, flow, qc).items():
        own = counts[chosen].to_numpy()
        about = {"group": group, "rule": group_rule, "patients": len(chosen), "snvs": int(own.sum())}
        about |= {"table": signatures.table_name(rules, build), "library": signatures.library()}
        found, drawn = fit_group(group, own, rules, build)
        rows += [about | {"resampled": drawn} | row for row in found]
    return pd.DataFrame(rows, columns=tables.SIGNATURES_BY_GROUP.names())
