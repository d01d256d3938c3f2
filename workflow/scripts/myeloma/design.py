"""The design of a comparison of expression: group and covariates, one row a sample, checked before a fit.

A covariate is a column of samples.tsv or patients.tsv, the plasma-cell score of the RNA, or the state of a
named abnormality. Numbers are centred and scaled; everything else is a category. A sample without a value is
left out and named, never filled in. Columns that cannot be told apart are refused by name.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from myeloma.states import ABSENT, PRESENT

SAMPLE_COLUMNS = ("sex", "centre", "batch", "rin", "purity", "kit", "strandedness")
PATIENT_COLUMNS = ("age", "prior_lines", "iss", "heavy_chain", "light_chain")
SCORE = "plasma_cell_score"
STATE_OF = "abnormality:"
#: Covariates that enter as a straight line; the stage of ISS and a batch called "2" are categories.
NUMBERS = ("rin", "purity", "age", "prior_lines", SCORE)
GROUP = "group"
INTERCEPT = "intercept"
#: Below this many residual degrees of freedom the prior of DESeq2's dispersions differs from R (issue of the port).
FEW_DEGREES = 3


class DesignError(ValueError):
    """A design that cannot be fitted; the message names the columns at fault and what to change."""


@dataclass(frozen=True)
class Design:
    """A checked design: numeric matrix (rows samples, last column `group`), who was left out, what to say."""

    matrix: pd.DataFrame
    left_out: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def read_scores(path: str | os.PathLike) -> pd.Series:
    """Sample -> plasma-cell score, from the table of RNA purity; empty where none was given ("")."""
    if not path:
        return pd.Series(dtype=float)
    frame = pd.read_csv(path, sep="\t", dtype={"sample": str})
    missing = {"sample", SCORE} - set(frame.columns)
    if missing:
        raise DesignError(
            f"{path} has no column {', '.join(sorted(missing))}: it must have sample and {SCORE}"
        )
    return frame.drop_duplicates("sample").set_index("sample")[SCORE].astype(float)


def values(
    samples: pd.DataFrame,
    patients: pd.DataFrame,
    scores: pd.Series,
    abnormalities: pd.DataFrame,
    names: Sequence[str],
) -> tuple[pd.DataFrame, dict[str, str]]:
    """(covariates, index sample, missing where there is no value; sample -> why a value is missing).

    samples: index sample, column patient and the columns of samples.tsv; patients: index patient;
    scores: index sample; abnormalities: ABNORMALITIES rows (only for covariates `abnormality:NAME`).
    """
    made, why = pd.DataFrame(index=samples.index), {}
    for name in names:
        made[name], reasons = _one(name, samples, patients, scores, abnormalities)
        for sample in made.index[made[name].isna()]:
            told = reasons.get(sample, f"{name} is empty")
            why[sample] = f"{why[sample]}; {told}" if sample in why else told
    return made, why


def _one(name, samples, patients, scores, abnormalities) -> tuple[pd.Series, Mapping[str, str]]:
    if name.startswith(STATE_OF):
        return _state(name.removeprefix(STATE_OF), samples, abnormalities)
    if name == SCORE:
        found = pd.Series(samples.index.map(scores.to_dict()), index=samples.index, dtype=float)
    elif name in samples.columns:
        found = samples[name]
    elif name in PATIENT_COLUMNS and name in patients.columns:
        found = samples["patient"].map(patients[name].to_dict())
    else:
        raise DesignError(
            f"covariate {name} is not in the sample sheet, nor in patients.tsv: change expression.covariates"
        )
    if name in NUMBERS or pd.api.types.is_numeric_dtype(found) and name not in PATIENT_COLUMNS:
        return pd.to_numeric(found, errors="coerce"), {}
    text = found.map(lambda v: "" if pd.isna(v) else f"{v:g}" if isinstance(v, float) else str(v).strip())
    return text.where(text != ""), {}


def _state(name, samples, abnormalities) -> tuple[pd.Series, Mapping[str, str]]:
    rows = abnormalities[abnormalities["abnormality"] == name]
    if rows.empty:
        known = ", ".join(sorted(set(abnormalities["abnormality"]))) or "none"
        raise DesignError(
            f"covariate {STATE_OF}{name}: no abnormality of that name; change expression.covariates to one of: {known}"
        )
    state = rows.set_index("patient")["state"].to_dict()
    reason = rows.set_index("patient")["reason"].fillna("").to_dict()
    found = samples["patient"].map(state)
    told = {
        sample: f"{name} is not assessable" + (f" ({reason[patient]})" if reason.get(patient) else "")
        for sample, patient in samples["patient"].items()
        if state.get(patient) not in (PRESENT, ABSENT)
    }
    return found.where(found.isin([PRESENT, ABSENT])), told


def build(
    groups: pd.Series,
    covariates: pd.DataFrame,
    tested: str,
    reference: str,
    max_group_vif: float = np.inf,
    why: Mapping[str, str] | None = None,
) -> Design:
    """Design of `tested` (1) over `reference` (0), adjusted for the covariates; raises DesignError.

    groups: index sample; covariates: index sample, numbers or text. Samples without a value leave, and so
    do samples that are alone in a level of a category: their own coefficient would fit them, whatever they
    hold. `max_group_vif` limits the variance inflation of the group's coefficient by the covariates,
    1 / (1 - R2) (Belsley, Kuh, Welsch 1980).
    """
    names = list(covariates.columns)
    kept = groups[groups.isin([tested, reference])]
    frame = covariates.reindex(kept.index)
    bare = frame.isna().any(axis=1) if names else pd.Series(False, index=kept.index)
    left = [(s, (why or {}).get(s) or _empty(frame.loc[s])) for s in kept.index[bare]]
    kept, frame = kept[~bare], frame[~bare]
    frame, alone = _without_lonely(frame)
    kept = kept[frame.index]
    left += alone
    _enough(kept, tested, reference, left)
    columns = {INTERCEPT: np.ones(len(kept))}
    for name in names:
        columns |= _columns(name, frame[name])
    columns[GROUP] = (kept == tested).to_numpy(dtype=float)
    matrix = pd.DataFrame(columns, index=kept.index)
    _check_size(matrix)
    _check_rank(matrix, names)
    inflation = _inflation(matrix)
    if inflation > max_group_vif:
        worst = max(names, key=lambda n: _inflation(matrix[[INTERCEPT, *_of(matrix, n), GROUP]]))
        raise DesignError(
            f"the response groups are almost told by the covariates {', '.join(names)} (variance of the group's "
            f"effect inflated {inflation:.0f} fold, expression.max_group_vif is {max_group_vif:g}), most by "
            f"{worst}: leave it out of expression.covariates"
        )
    return Design(matrix, tuple(left), tuple(_separated(frame, kept, tested)))


def _empty(row: pd.Series) -> str:
    return ", ".join(f"{name} is empty" for name in row.index[row.isna()])


def _enough(kept, tested, reference, left) -> None:
    for name in (tested, reference):
        if not (kept == name).any():
            out = "; ".join(f"{sample}: {why}" for sample, why in left)
            raise DesignError(f"no sample of {name} is left in the design" + (f" ({out})" if out else ""))


def _without_lonely(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    """Without samples alone in a level of a category that has other levels, until none is left."""
    left: list[tuple[str, str]] = []
    while True:
        for name in frame.columns:
            if pd.api.types.is_numeric_dtype(frame[name]):
                continue
            count = frame[name].value_counts()
            lonely = frame[name].isin(count.index[count == 1])
            if lonely.any() and not lonely.all():
                left += [(s, f"the only sample with {name} {frame.at[s, name]}") for s in frame.index[lonely]]
                frame = frame[~lonely]
                break
        else:
            return frame, left


def _columns(name: str, found: pd.Series) -> dict[str, np.ndarray]:
    if found.nunique() == 1:
        raise DesignError(
            f"covariate {name} has one value in all samples of the design: leave it out of expression.covariates"
        )
    if pd.api.types.is_numeric_dtype(found):
        number = found.to_numpy(dtype=float)
        return {name: (number - number.mean()) / number.std()}
    levels = sorted(found.unique())
    return {f"{name}={level}": (found == level).to_numpy(dtype=float) for level in levels[1:]}


def _of(matrix: pd.DataFrame, name: str) -> list[str]:
    return [c for c in matrix.columns if c == name or c.startswith(f"{name}=")]


def _check_size(matrix: pd.DataFrame) -> None:
    if len(matrix) <= matrix.shape[1]:
        raise DesignError(
            f"{len(matrix)} samples cannot carry a design of {matrix.shape[1]} coefficients "
            f"({', '.join(matrix.columns)}): name fewer in expression.covariates, or join levels in the sheet"
        )


def _rank(matrix: pd.DataFrame) -> int:
    return int(np.linalg.matrix_rank(matrix.to_numpy()))


def _check_rank(matrix: pd.DataFrame, names: Sequence[str]) -> None:
    if _rank(matrix) == matrix.shape[1]:
        return
    for name in names:
        both = matrix[[INTERCEPT, *_of(matrix, name), GROUP]]
        if _rank(both) < both.shape[1]:
            raise DesignError(
                f"covariate {name} and the response groups cannot be told apart in these samples "
                "(collinear): leave it out of expression.covariates"
            )
    free = matrix.drop(columns=GROUP)
    # Each of the names that, left out alone, leaves the rest of full rank is part of the collinearity.
    at_fault = [n for n in names if _full(matrix.drop(columns=_of(matrix, n)))]
    told = ", ".join(at_fault or names)
    if _rank(free) < free.shape[1]:
        raise DesignError(
            f"the covariates {told} are collinear: leave one of them out of expression.covariates"
        )
    raise DesignError(
        f"the covariates {told} together tell the response groups (collinear): leave one of them out of "
        "expression.covariates"
    )


def _full(matrix: pd.DataFrame) -> bool:
    return _rank(matrix) == matrix.shape[1]


def _inflation(matrix: pd.DataFrame) -> float:
    """Variance inflation of the last column by the others."""
    others, group = matrix.iloc[:, :-1].to_numpy(), matrix.iloc[:, -1].to_numpy()
    fitted = others @ np.linalg.lstsq(others, group, rcond=None)[0]
    left = float(((group - fitted) ** 2).sum())
    total = float(((group - group.mean()) ** 2).sum())
    return total / left if left > 1e-12 * total else np.inf


def _separated(frame: pd.DataFrame, groups: pd.Series, tested: str) -> list[str]:
    """Sentences on covariates that hold one group apart: the fit rests on the model there, not on a contrast."""
    told = []
    for name in frame.columns:
        one, other = frame[name][groups == tested], frame[name][groups != tested]
        if pd.api.types.is_numeric_dtype(frame[name]):
            if one.min() > other.max() or other.min() > one.max():
                told.append(f"{name} separates the groups: every value of one lies above all of the other")
            continue
        for level in sorted(set(one) ^ set(other)):
            n = int((frame[name] == level).sum())
            told.append(f"the {n} samples with {name} {level} are all of one group and say nothing of it")
    return told


def left_out_words(left_out: Sequence[tuple[str, str]]) -> str:
    """`a (why), b (why)`."""
    return ", ".join(f"{sample} ({why})" for sample, why in left_out)
