"""Which abnormalities occur together, or apart, more often than by chance, over all assessable patients.

Everybody was enrolled for an adverse lesion. Among patients chosen for having A or B, A and B look exclusive even if
they have nothing to do with each other (Berkson, Biometrics Bulletin 1946;2:47), so a pair of two qualifying lesions is
described and never tested (rules of analysis 4); nor is a pair of which one contains, or rules out, the other by construction.
"""

import itertools
import re
from collections.abc import Mapping, Sequence

import pandas as pd

from myeloma import association, multiplicity, tables
from myeloma.flow import members, plain
from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT

FAMILY = "co-occurrence"


def pairs(
    flow: pd.DataFrame,
    abnormalities: pd.DataFrame,
    qualifying: Mapping[str, str],
    rules: Mapping,
    definitions: Mapping,
) -> pd.DataFrame:
    """COOCCURRENCE: one row per pair of abnormalities with enough carriers, all patients of ITT.

    rules: section `comparison`; definitions: section `abnormalities`, which says what contains what.
    """
    patients = members(flow, "itt")
    states = {
        name: association.states_of(abnormalities, name) for name in sorted(set(abnormalities["abnormality"]))
    }
    carriers = {name: sum(of.get(p) == PRESENT for p in patients) for name, of in states.items()}
    names = [name for name in states if carriers[name] >= rules["cooccurrence_min_carriers"]]
    lesions = {plain(qualifying.get(p, "")) for p in patients} - {""}
    rows = [
        {"first": one, "second": other}
        | _pair(states[one], states[other], patients, rules, _untested(one, other, lesions, definitions))
        for one, other in itertools.combinations(names, 2)
    ]
    frame = pd.DataFrame(rows, columns=tables.COOCCURRENCE.names())
    return tables.conform(multiplicity.with_q(frame, "p"), tables.COOCCURRENCE)


def _pair(one: Mapping, other: Mapping, patients: Sequence[str], rules: Mapping, why: str) -> dict:
    seen = [(one.get(p, NOT_ASSESSABLE), other.get(p, NOT_ASSESSABLE)) for p in patients]
    both, first, second, neither = (
        seen.count(cell)
        for cell in ((PRESENT, PRESENT), (PRESENT, ABSENT), (ABSENT, PRESENT), (ABSENT, ABSENT))
    )
    made = {"both": both, "first_only": first, "second_only": second, "neither": neither}
    made["not_assessable"] = len(patients) - both - first - second - neither
    made |= {"family": multiplicity.DESCRIBED, "note": why}
    if why:
        return made
    exact = association.exact_test(
        both, both + first, second, second + neither, rules["confidence"], rules["alpha"], rules["power"]
    )
    made |= {name: getattr(exact, name) for name in ("odds_ratio", "ci_low", "ci_high", "p", "smallest_p")}
    if exact.smallest_p < rules["alpha"]:
        return made | {"family": FAMILY}
    return made | {"note": f"described only: with these margins p cannot fall below {rules['alpha']:g}"}


def _untested(one: str, other: str, lesions: set[str], definitions: Mapping) -> str:
    """Why a pair is only described; "" when it is tested."""
    if why := by_construction(one, other, definitions):
        return why
    if _qualifies(one, lesions) and _qualifies(other, lesions):
        return "two qualifying lesions: patients were enrolled for having one of them, so they look exclusive"
    return ""


def by_construction(one: str, other: str, definitions: Mapping) -> str:
    """How the definitions alone tie two abnormalities, so that their joint counts say nothing; "" when they do not."""
    if contains(one, other, definitions) or contains(other, one, definitions):
        return "one contains the other by construction"
    if excludes(one, other) or excludes(other, one):
        return "one rules the other out by construction: a loss of copies, and a loss of heterozygosity without it"
    return ""


def _qualifies(name: str, lesions: set[str]) -> bool:
    return bool({plain(n) for n in (name, *association.implied(name))} & lesions)


def excludes(loh: str, loss: str) -> bool:
    """Is one the copy-neutral loss of heterozygosity of an arm and the other a loss of copies on it? A segment has lost
    copies or has not."""
    arm = re.fullmatch(r"cnloh_(\d+)([pq])", loh)
    if not arm:
        return False
    chromosome, side = arm.groups()
    return bool(re.match(rf"(biallelic_)?del{chromosome}{side}|monosomy{chromosome}$", loss))


def contains(whole: str, part: str, definitions: Mapping) -> bool:
    """Does one abnormality follow from the other, or are they two readings of one event?

    definitions: section `abnormalities` of the config.
    """
    if part in association.implied(whole):
        return True
    if match := re.fullmatch(r"biallelic_del(\d+)[pq].*", whole):
        chromosome = match.group(1)
        return bool(re.match(rf"del{chromosome}[pq]|monosomy{chromosome}$", part))
    if match := re.fullmatch(r"biallelic_(?!del)(.+)", whole):
        # the definitions do not say where a gene lies: any loss may be the one that took its other copy
        return part == match.group(1) or bool(re.match("del|monosomy|cnloh", part))
    if whole.endswith("_high_fraction"):
        return part in ("monosomy17", "biallelic_TP53")
    if match := re.fullmatch(r"monosomy(\d+)", whole):
        return bool(re.match(rf"del{match.group(1)}[pq]", part))
    if whole == "RAS_RAF_mutation":
        return part in ("KRAS", "NRAS", "BRAF")
    if whole == "CRBN_pathway":
        return part in definitions["crbn_pathway_genes"] or part == "biallelic_CRBN"
    if whole == "MYC_rearrangement":
        return part in definitions["myc_translocations"]
    return whole == "hyperdiploidy" and part.startswith("trisomy")
