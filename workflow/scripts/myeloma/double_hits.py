"""Both alleles of a tumour suppressor hit: no copy left, a mutation with loss of the other allele, two mutations.

Three states as everywhere: a gene is not hit twice only where mutations had power and the copies of both
alleles are known. A loss counts where at least `min_clonal_fraction` of the tumour cells have it, as in copy_events. Phase is not known from exomes: two mutations count, and the call says so.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from myeloma import builds, copy_events, gates
from myeloma.copies import is_sex, overlaps
from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT

WITH = re.compile(r"with (\d+)")  # variants.second_opinion: part of the change at that position

THRESHOLD = "no copy left, or mutation with loss or LOH, or two mutations"


@dataclass(frozen=True)
class Copies:
    """Copies of a gene in one sample; None where not known. `deleted`: is an allele lost, three states.

    They are those of the cells that decide: of `fraction` of the tumour cells. `below`: share of cells with a loss
    that too few cells have to count.
    """

    total: float | None = None
    minor: float | None = None
    fraction: float | None = None
    deleted: str = NOT_ASSESSABLE
    reason: str = ""
    evidence: str = ""
    below: float | None = None


def distinct_events(found: Sequence[Mapping[str, Any]], near: int) -> int:
    """Mutations that are not one change on one haplotype written in several records.

    Records within `near` bases are one event, and so are a record and the one that bcftools csq joins it to
    ("with POS" in second_opinion), where both are among the mutations.
    """
    rows = sorted(found, key=lambda row: (row["chrom"], row["pos"]))
    counted = {(row["chrom"], int(row["pos"])) for row in rows}
    joined = {
        (row["chrom"], int(row["pos"]))
        for row in rows
        if any((row["chrom"], int(pos)) in counted for pos in WITH.findall(row["second_opinion"]))
    }
    events, last = 0, None
    for row in rows:
        place = (row["chrom"], int(row["pos"]))
        close = last is not None and last[0] == place[0] and place[1] - last[1] <= near
        events += not close and place not in joined
        last = place
    return max(events, 1 if rows else 0)


def gene_places(genes: pd.DataFrame, regions: pd.DataFrame, wanted: Sequence[str]) -> dict[str, tuple]:
    """Gene -> (chrom, start, end, name of its deletion region or "").

    `genes`: those of the GTF, or of resources/genes_*.tsv; the region stands for a gene that is not among them alone:
    it is wider than the gene, and a neighbour's loss in it is none of the gene.
    """
    found = {}
    genes = _spelled(genes, regions)
    deletions = regions[(regions["kind"] == "copy_number") & regions["name"].str.startswith("del")]
    for gene in wanted:
        mine = [row for row in deletions.itertuples() if gene in row.genes.split(";")]
        rows = genes[genes["gene_name"] == gene]
        at = rows.iloc[0] if len(rows) else (mine[0] if mine else None)
        if at is not None:
            found[gene] = (at.chrom, int(at.start), int(at.end), mine[0].name if mine else "")
    return found


def _spelled(genes: pd.DataFrame, regions: pd.DataFrame) -> pd.DataFrame:
    """Genes on chromosomes named as in `regions` (of the FASTA), which the project's own table does not know."""
    names = {builds.plain(chrom): chrom for chrom in regions["chrom"]}
    bare = bool(names) and all(chrom == name for name, chrom in names.items())
    spelled = [names.get(builds.plain(c), builds.plain(c) if bare else c) for c in genes.get("chrom", ())]
    return genes.assign(chrom=spelled)


def copies_of_genes(
    where: Mapping[str, tuple],
    segments: pd.DataFrame,
    purity: pd.DataFrame,
    qc: pd.DataFrame,
    events: pd.DataFrame,
    rules: Mapping[str, Any],
) -> dict[str, dict[str, Copies]]:
    """Gene -> sample -> its copies.

    `where` as of `gene_places`; `segments` (SEGMENTS), `purity` (PURITY), `qc` (QC), `events` (rows of
    copy_events: the deletion regions); `rules` holds the config sections copy_number and gates. Samples that
    failed a gate or whose purity is below the gate have no copies.
    """
    failed = gates.failed(qc)
    states = dict(
        zip(zip(events["sample"], events["abnormality"], strict=True), events["state"], strict=True)
    )
    found: dict[str, dict[str, Copies]] = {}
    for gene, (chrom, start, end, region) in where.items():
        here = segments[overlaps(segments, chrom, start, end)]
        for sample in purity.to_dict("records"):
            name = sample["sample"]
            blocked = _blocked(sample, failed, rules["gates"]["purity_min"])
            known = states.get((name, region)) if region else None
            mine = here[here["sample"] == name]
            made = (
                Copies(reason=blocked)
                if blocked
                else _copies(sample, mine, (chrom, start, end), known, rules["copy_number"])
            )
            found.setdefault(gene, {})[name] = made
    return found


def _blocked(sample: Mapping[str, Any], failed: Mapping[str, str], purity_min: float) -> str:
    if sample["sample"] in failed:
        return failed[sample["sample"]]
    used = sample["purity_used"]
    if pd.isna(used) and sample["mode"] == copy_events.GIVEN and sample["status"]:
        return ""
    if pd.isna(used):
        return f"purity unresolved ({sample['reason'] or 'no copy number was called'})"
    return f"purity {used:.2f} is below the gate of {purity_min:g}" if used < purity_min else ""


def _copies(sample, mine: pd.DataFrame, at, region_state: str | None, rules) -> Copies:
    chrom, start, end = at
    if mine.empty:
        return Copies(deleted=region_state or NOT_ASSESSABLE, reason="no copy-number segment over the gene")
    least = rules["min_clonal_fraction"]
    overlap = mine["end"].clip(upper=end) - mine["start"].clip(lower=start)
    states = mine.apply(_states, axis=1)
    lost, none_left = states.map(_share_lost), states.map(_share_gone)
    # a gene of which a part has no copy left is broken, whatever the rest of it has
    gone = overlap[none_left >= least]
    row = mine.loc[(gone if len(gone) else overlap).idxmax()]
    less = lost >= least
    total, minor, fraction = _deciding(states[row.name], least)
    below = lost[row.name] if 0 < lost[row.name] < least else None
    evidence = f"{copy_events.SEGMENTS_FILE} {row['chrom']}:{row['start']}-{row['end']}"
    if is_sex(chrom) and total != 0:
        return Copies(reason="alleles on X and Y are not told apart", evidence=evidence)
    if less.any() and not less[row.name]:
        why = "an allele is lost over a part of the gene"
        return Copies(total, minor, fraction, NOT_ASSESSABLE, why, evidence, below)
    deleted, reason = _deleted(sample, row, total, minor, region_state, rules)
    return Copies(total, minor, fraction, deleted, reason, evidence, below)


State = tuple[float | None, float | None, float]


def _states(row: pd.Series) -> list[State]:
    """Total and minor copies of the two kinds of tumour cells of a segment, and the share of each, the changed first."""
    return [(_number(total), _number(minor), part) for total, minor, part in copy_events.cell_states(row)]


def _lossy(state: State) -> bool:
    return state[1] == 0 or (state[0] is not None and state[0] <= 1)


def _share_lost(states: Sequence[State]) -> float:
    return round(sum(one[2] for one in states if _lossy(one)), 6)


def _share_gone(states: Sequence[State]) -> float:
    return round(sum(one[2] for one in states if one[0] == 0), 6)


def _deciding(states: Sequence[State], least: float) -> State:
    """Copies of the cells that decide, and their share: without a copy, else with a loss, where at least `least` of
    the cells have it; else of those without a loss. None where the copies of these are not known."""
    if _share_gone(states) >= least:
        return 0.0, 0.0, _share_gone(states)
    hit = [one for one in states if _lossy(one)]
    if _share_lost(states) >= least:
        kept = [one for one in hit if one[0] != 0] or hit
        return kept[0][0], kept[0][1], _share_lost(states)
    free = [one for one in states if not _lossy(one)]
    return free[0] if free else (None, None, 1.0)


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)


def _deleted(sample, row, total, minor, region_state, rules) -> tuple[str, str]:
    """Is one allele of the gene lost (deletion or LOH)? With the reason where that cannot be told.

    A deletion region of the gene speaks where there is one, but for a loss in it of copies as stated, which leave the
    gene itself both alleles (measured, the region may be called by the copy ratio of a segment whose state is the
    unchanged one); else absence needs a segment in which a loss in `min_clonal_fraction` of the cells would have shown.
    """
    if total is None:
        return region_state or NOT_ASSESSABLE, "the segment over the gene has no integer copies"
    if minor == 0 or total <= 1:
        return PRESENT, ""
    stated = sample["mode"] == copy_events.GIVEN
    if region_state is not None and not (stated and region_state == PRESENT and minor is not None):
        why = "" if region_state != NOT_ASSESSABLE else "loss in its deletion region cannot be told"
        return region_state, why
    if minor is None:
        return NOT_ASSESSABLE, "too few heterozygous sites to see a loss of heterozygosity"
    if stated:
        return ABSENT, ""
    error = copy_events.standard_error(sample["noise"], int(row["targets"]), sample["scatter"])
    base = int(sample["base_copies"])
    least = copy_events.detectable_fraction(-1, sample["purity_used"], error, base, rules["detection_z"])
    if least > rules["min_clonal_fraction"]:
        return NOT_ASSESSABLE, (
            f"smallest detectable clonal fraction of a loss is {least:.2f}, "
            f"above {rules['min_clonal_fraction']:g} ({row['targets']} targets)"
        )
    return ABSENT, ""


def judge(mutated: Mapping[str, Any], copies: Copies) -> tuple[str, str, str]:
    """State, value in words, reason of one gene in one sample.

    `mutated`: the mutation's row with `count` (distinct mutations) and `complete` (had the whole gene power).
    """
    total, minor = copies.total, copies.minor
    state, count = mutated["state"], mutated["count"]
    lost = minor == 0 or (total is not None and total <= 1)
    lost = lost or (copies.deleted == PRESENT and minor is None)
    kept = copies.deleted == ABSENT and minor is not None and minor > 0
    value = _value(state, count, copies)
    if total == 0 or (state == PRESENT and (count > 1 or lost)):
        return PRESENT, value, ""
    if state == ABSENT and (copies.deleted == ABSENT or (total is not None and total > 0)):
        return ABSENT, value, ""
    if state == PRESENT and kept:
        if mutated["complete"]:
            return ABSENT, value, ""
        return (
            NOT_ASSESSABLE,
            value,
            "one mutation, both alleles kept; a second one may lie where power was missing",
        )
    # the reason of an absence (who states it) is none why the double hit is open
    why = "" if state == ABSENT else mutated["reason"]
    reason = why or copies.reason or "loss of the other allele cannot be told"
    return NOT_ASSESSABLE, value, reason


def _value(state: str, count: int, copies: Copies) -> str:
    said = [f"mutation {state}"]
    if count > 1:
        said.append(f"{count} mutations, phase unknown")
    said.append(f"loss {copies.deleted}")
    if copies.total is not None:
        said.append(
            f"copies {copies.total:g}" + ("" if copies.minor is None else f" of which minor {copies.minor:g}")
        )
        if copies.minor == 0 and copies.total > 1:
            said.append("copy-neutral or gained loss of heterozygosity")
    if copies.fraction is not None and copies.fraction < 1:
        said.append(f"in {copies.fraction:.2f} of the tumour cells")
    if copies.below is not None:
        said.append(f"a loss in {copies.below:.2f} of them is below the limit")
    return ", ".join(said)
