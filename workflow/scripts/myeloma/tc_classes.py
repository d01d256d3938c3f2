"""TC class (translocation and cyclin D; Bergsagel, Blood 2005;106:296) of each patient.

The order of the rules is the paper's: 4p16, MAF, 6p21, 11q13, and without these D1, D1+D2, D2 or none by CCND1 and
CCND2; 12p13 (CCND2) is added for t(12;14). Translocations are the adjudicated calls. The paper's cut-offs belong to
its arrays: here a cyclin is high or low by the two components of the cohort (`partners.fit_mixture`), fitted without
the tumours that have its translocation, since those would hide the lower level of D1. Where the cohort shows one level
only, nothing says whether it is the high or the low one, unless the gene is silent (`silent_cpm`).

What is not known stays open: the class is then every class that is left, named together, or not assessable.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from myeloma import expression, gates, partners, tables
from myeloma.states import NOT_ASSESSABLE, PRESENT

CALLED, AMBIGUOUS = "called", "ambiguous"
STATES = (CALLED, AMBIGUOUS, NOT_ASSESSABLE)
HIGH, LOW, UNKNOWN = "high", "low", "unknown"
LEVELS = (HIGH, LOW, UNKNOWN)
CLASSES = ("4p16", "MAF", "6p21", "11q13", "12p13", "D1", "D1+D2", "D2", "none")
#: Class of each primary translocation, by its name in the config, in the order of the rules.
CLASS_OF = {
    "t(4;14)": "4p16",
    "t(14;16)": "MAF",
    "t(14;20)": "MAF",
    "t(8;14)_MAFA": "MAF",
    "t(6;14)": "6p21",
    "t(11;14)": "11q13",
    "t(12;14)": "12p13",
}
BY_CYCLINS = {(HIGH, LOW): "D1", (HIGH, HIGH): "D1+D2", (LOW, HIGH): "D2", (LOW, LOW): "none"}
#: A cyclin, the translocation that raises it, and the class that is out when it is low.
CYCLINS = {"CCND1": ("t(11;14)", "11q13"), "CCND2": ("t(12;14)", "12p13")}
SHOWN = ("CCND1", "CCND2", "CCND3")


@dataclass(frozen=True)
class Level:
    """One cyclin in one sample: high, low or unknown, with the value (log2 normalised) and why unknown."""

    level: str
    value: float = float("nan")
    reason: str = ""


def levels(
    counts: pd.Series,
    size_factors: pd.Series,
    library: pd.Series,
    fitted: Sequence[str],
    rules: Mapping,
    spread: float = partners.TYPICAL_SPREAD,
) -> dict[str, Level]:
    """Level of one gene in every sample of `counts` (raw, index sample; each has a size factor).

    library: reads in genes of each sample; fitted: the samples that the components rest on; any other sample is
    judged by a fit of these and itself. rules: the config section `expression` (outlier_*, silent_cpm); spread: log2
    standard deviation of a gene between samples.
    """
    least, apart = rules["outlier_min_samples"], rules["outlier_min_log2_separation"]

    def fit(chosen: Sequence[str]) -> partners.Mixture | None:
        if len(chosen) < least:
            return None
        return partners.fit_mixture(
            counts[chosen].to_numpy(float), size_factors[chosen].to_numpy(float), apart, spread
        )

    whole, made = fit(list(fitted)), {}
    for sample, count in counts.items():
        normalised = count / size_factors[sample]
        chosen = list(fitted) if sample in fitted else [*fitted, sample]
        seen = whole if sample in fitted else fit(chosen)
        value = float(np.log2(normalised + 1))
        if 1e6 * count / library[sample] < rules["silent_cpm"]:
            made[sample] = Level(LOW, value)
        elif seen is None:
            made[sample] = Level(UNKNOWN, value, f"{len(chosen)} samples to compare, {least} needed")
        else:
            posterior = float(seen.posterior[chosen.index(sample)])
            enough = normalised >= rules["outlier_min_count"]
            sure = partners.sure_posterior(rules, len(chosen))
            made[sample] = _level(posterior, value, seen.carriers, enough, sure)
    return made


def _level(posterior: float, value: float, high: int, enough: bool, sure: float) -> Level:
    """`high`: samples in the high component; `enough`: reads for a gene that is called high."""
    if not high:
        return Level(UNKNOWN, value, "the cohort shows one level only")
    if posterior >= sure:
        return (
            Level(HIGH, value) if enough else Level(UNKNOWN, value, "in the high component, with few reads")
        )
    if posterior <= 1 - sure:
        return Level(LOW, value)
    return Level(UNKNOWN, value, f"between the two levels (posterior {posterior:.2f})")


def classify(states: Mapping[str, str], cyclins: Mapping[str, str], rna: str = "") -> tuple[str, str, str]:
    """(class, state, reason) of one patient.

    states: translocation -> present, absent or not_assessable; cyclins: CCND1, CCND2 -> high, low or unknown; rna:
    why there is no usable RNA, or "". An ambiguous class holds its candidates joined by " or ".
    """
    found = [name for name in CLASS_OF if states.get(name) == PRESENT]
    classes = list(dict.fromkeys(CLASS_OF[name] for name in found))
    if len(classes) == 1:
        return classes[0], CALLED, ""
    if classes:
        return " or ".join(classes), AMBIGUOUS, f"{', '.join(found)} are all called present"
    if rna:
        return "", NOT_ASSESSABLE, f"no primary translocation is present, and the rest needs RNA: {rna}"
    unknown = [gene for gene in CYCLINS if cyclins[gene] == UNKNOWN]
    if len(unknown) == len(CYCLINS):
        return "", NOT_ASSESSABLE, f"{' and '.join(unknown)}: high or low is not known"
    unsettled = [name for name in CLASS_OF if states.get(name, NOT_ASSESSABLE) == NOT_ASSESSABLE]
    ruled_out = {out for gene, (_, out) in CYCLINS.items() if cyclins[gene] == LOW}
    left = [name for name in unsettled if CLASS_OF[name] not in ruled_out]
    candidates = list(dict.fromkeys(CLASS_OF[name] for name in left))
    candidates += [
        made
        for pair, made in BY_CYCLINS.items()
        if all(cyclins[gene] in (UNKNOWN, wanted) for gene, wanted in zip(CYCLINS, pair, strict=True))
    ]
    if len(candidates) == 1:
        return candidates[0], CALLED, ""
    reasons = [f"{', '.join(left)} could not be assessed"] if left else []
    reasons += [f"{gene}: high or low is not known" for gene in unknown]
    return " or ".join(c for c in CLASSES if c in candidates), AMBIGUOUS, "; ".join(reasons)


def classify_cohort(
    patients: Iterable[str],
    counts: pd.DataFrame,
    names: pd.Series,
    genes: pd.DataFrame,
    regions: pd.DataFrame,
    samples: pd.DataFrame,
    qc: pd.DataFrame,
    translocations: pd.DataFrame,
    rules: Mapping,
) -> pd.DataFrame:
    """TC_CLASSES rows, one a patient; `rules`: the config section `expression`, other arguments as in `partners`."""
    dropped = expression.left_out(genes, rules["exclude_from_size_factors"], regions)
    kept = counts.loc[~counts.index.isin(list(dropped))]
    factors = expression.size_factors(kept, expression.reference_samples(samples, gates.failed(qc)))
    library = kept.sum()
    chosen = samples[(samples["assay"] == "rna") & (samples["tissue"] == "tumour")]
    sample_of = dict(chosen.loc[chosen["role"] == "analysis", ["patient", "sample"]].to_numpy())
    states = {
        patient: dict(zip(rows["translocation"], rows["state"], strict=True))
        for patient, rows in translocations.groupby("patient")
    }
    failed, ids = gates.failed(qc), expression.gene_ids_by_name(counts, names)
    usable = {p: s for p, s in sample_of.items() if s not in failed and pd.notna(factors.get(s))}
    mine = list(usable.values())
    spread = partners.typical_spread(counts[mine], factors[mine]) if mine else partners.TYPICAL_SPREAD
    seen = {
        gene: _levels_of(gene, counts, ids, factors, library, usable, states, rules, spread) for gene in SHOWN
    }
    rows = []
    for patient in patients:
        sample = sample_of.get(patient, "")
        rna = "no RNA sample in the analysis"
        if sample:
            rna = f"gate failed: {failed[sample]}" if sample in failed else ""
            rna = rna or ("" if patient in usable else "no counts, or no size factor")
        level = {gene: seen[gene].get(sample, Level(UNKNOWN, reason=rna)) for gene in SHOWN}
        mine = states.get(patient, {})
        made, state, reason = classify(mine, {gene: level[gene].level for gene in CYCLINS}, rna)
        why = [f"{g}: {level[g].reason}" for g in CYCLINS if state != CALLED and not rna and level[g].reason]
        rows.append(
            {
                "patient": patient,
                "sample": sample,
                "tc_class": made,
                "state": state,
                **{gene.lower(): level[gene].level for gene in CYCLINS},
                **{f"{gene.lower()}_value": level[gene].value for gene in SHOWN},
                "reason": "; ".join([reason, *why]) if reason else "",
                "evidence": _evidence(mine, level),
            }
        )
    return pd.DataFrame(rows, columns=tables.TC_CLASSES.names())


def _levels_of(gene, counts, ids, factors, library, usable, states, rules, spread) -> dict[str, Level]:
    """Level of one gene in the usable samples; the components rest on those without its own translocation."""
    mine = list(usable.values())
    if gene not in ids:
        return {sample: Level(UNKNOWN, reason=f"{gene} is not in the count matrix") for sample in mine}
    if gene not in CYCLINS:
        values = np.log2(counts.loc[ids[gene], mine] / factors[mine] + 1)
        return {sample: Level(UNKNOWN, float(value)) for sample, value in values.items()}
    own = CYCLINS[gene][0]
    fitted = [s for p, s in usable.items() if states.get(p, {}).get(own) != PRESENT]
    return levels(counts.loc[ids[gene], mine], factors, library, fitted, rules, spread)


def _evidence(states: Mapping[str, str], level: Mapping[str, Level]) -> str:
    present = [name for name in CLASS_OF if states.get(name) == PRESENT]
    said = [f"calls/translocations.tsv: {', '.join(present)} present"] if present else []
    said += [
        f"{gene} {level[gene].value:.1f} log2, {level[gene].level}"
        for gene in CYCLINS
        if not np.isnan(level[gene].value)
    ]
    return "; ".join(said)
