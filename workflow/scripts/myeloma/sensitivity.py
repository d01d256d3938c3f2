"""The primary family again under other groups and with fewer patients: does the finding depend on one choice?

Each row is the same exact test; none is corrected, because none is a new question. The main row is BY_GROUP's.
"""

from collections.abc import Iterable, Mapping

import pandas as pd

from myeloma import association, multiplicity, tables
from myeloma.copy_events import GIVEN
from myeloma.flow import compared_groups, left_out, members
from myeloma.states import EARLY, POOR

MAIN = "main"
PER_PROTOCOL = "per protocol"
PURE = "without low purity"
WITH_NORMAL = "without tumour-only"


def analyse(
    flow: pd.DataFrame,
    abnormalities: pd.DataFrame,
    definitions: pd.DataFrame,
    samples: pd.DataFrame,
    purity: pd.DataFrame,
    variants: pd.DataFrame,
    exclusions: Iterable[Mapping],
    rules: Mapping,
    somatic_by: str = "",
) -> pd.DataFrame:
    """ABNORMALITY_SENSITIVITY: one row per abnormality of the primary family and analysis.

    definitions: GROUPS_BY_DEFINITION. variants: VARIANTS (sample, mode). exclusions: rows of exclusions.tsv. rules:
    section `comparison`. somatic_by: who states that entered mutations are somatic (`entry.mutations_somatic`).
    """
    called = set(abnormalities["abnormality"])
    alone = without_normal(purity, variants, somatic_by)
    rows = []
    for analysis, (groups, how) in _analyses(
        flow, definitions, samples, purity, alone, exclusions, rules["sensitivity_min_purity"]
    ).items():
        for name in [n for n in rules["primary_family"] if n in called]:
            states = association.states_of(abnormalities, name)
            counts = association.counts_of(states, groups)
            rows.append(
                {"abnormality": name, "analysis": analysis, "how": how} | counts | _tested(counts, rules)
            )
    frame = pd.DataFrame(rows, columns=tables.ABNORMALITY_SENSITIVITY.names())
    main = frame[frame["analysis"] == MAIN].set_index("abnormality")["odds_ratio"].to_dict()
    frame["same_direction"] = [
        _same(row.odds_ratio, main.get(row.abnormality)) if row.analysis != MAIN else ""
        for row in frame.itertuples()
    ]
    return tables.conform(frame, tables.ABNORMALITY_SENSITIVITY)


def without_normal(purity: pd.DataFrame, variants: pd.DataFrame, somatic_by: str) -> set[str]:
    """Samples whose mutations were called without a matched normal.

    PURITY says it of a sample whose reads were called. Of one that entered as finished calls (mode given) its
    mutations say it, each of its own (VARIANTS), or the statement; nobody says somatic: as without a normal.
    """
    called = purity.loc[purity["mode"] == "tumour_only", "sample"]
    entered = set(purity.loc[purity["mode"] == GIVEN, "sample"])
    of = variants[variants["sample"].isin(entered)]
    doubtful = set(of.loc[of["mode"] == "tumour_only", "sample"])
    silent = set() if somatic_by else entered - set(of["sample"])
    return set(called) | doubtful | silent


def _tested(counts: Mapping, rules: Mapping) -> dict:
    both = counts["early_assessable"] and counts["poor_assessable"]
    made = {"family": multiplicity.DESCRIBED}
    if not both:
        return made | {"note": "a group has no assessable patient in this analysis"}
    of = [counts[k] for k in ("early_present", "early_assessable", "poor_present", "poor_assessable")]
    exact = association.exact_test(
        *of, confidence=rules["confidence"], alpha=rules["alpha"], power=rules["power"]
    )
    kept = {name: getattr(exact, name) for name in ("odds_ratio", "ci_low", "ci_high", "p")}
    few = min(of[1], of[3]) < association.SMALL_GROUP
    return (
        made
        | kept
        | {"note": f"fewer than {association.SMALL_GROUP} assessable patients in a group" if few else ""}
    )


def _same(one: float, main: float | None) -> str:
    """Is the odds ratio on the same side of 1 as in the main analysis; "" where one of them says nothing."""
    if main is None or one != one or main != main or 1 in (one, main):
        return ""
    return "yes" if (one > 1) == (main > 1) else "no"


def _analyses(
    flow: pd.DataFrame,
    definitions: pd.DataFrame,
    samples: pd.DataFrame,
    purity: pd.DataFrame,
    alone: set[str],
    exclusions: Iterable[Mapping],
    least: float,
) -> dict[str, tuple[dict[str, str], str]]:
    """Analysis -> (patient -> group, what it does otherwise)."""
    groups = compared_groups(flow)
    made = {MAIN: (groups, "the main analysis")}
    out = left_out(exclusions, "all", "response", "comparison")
    everybody = [patient for patient in members(flow, "itt") if patient not in out]
    for definition, rows in definitions[definitions["chosen"] == "no"].groupby("definition"):
        of = dict(zip(rows["patient"], rows["group"], strict=True))
        other = {p: of[p] for p in everybody if of.get(p) in (EARLY, POOR)}
        made[f"groups {definition}"] = (other, rows["rule"].iloc[0])
    protocol = set(members(flow, "per_protocol"))
    made[PER_PROTOCOL] = (_kept(groups, protocol), "treated and without protocol deviation")
    exomes = samples[(samples["role"] == "analysis") & (samples["assay"] == "wes")]
    own = purity[purity["sample"].isin(exomes["sample"])]
    pure = set(own.loc[own["purity_used"] >= least, "patient"])
    made[PURE] = (_kept(groups, pure), f"purity of the tumour exome known and at least {least:g}")
    with_normal = set(groups) - set(own.loc[own["sample"].isin(alone), "patient"])
    made[WITH_NORMAL] = (
        _kept(groups, with_normal),
        "patients whose exome has a matched normal or is entered as somatic, or who have no exome",
    )
    return made


def _kept(groups: Mapping[str, str], who: set[str]) -> dict[str, str]:
    return {patient: group for patient, group in groups.items() if patient in who}
