"""The cohort's structural variants as a table, the power to state absence, and the DNA vote of a translocation.

Vote of one tumour for one translocation:
* present: a PASS junction between the locus and the partner window. No IG baits are needed for that.
* absent: only with IG baits, and with power over the locus: at least `absence_fraction` of its targeted bases
  would have shown `min_fragments_known` fragments of a clonal junction with `absence_power` at this purity;
  and with no junction of that translocation left open (below).
* else not_assessable, with the reason.

A junction that was found and rejected is no silence. in_normal is lifted where the measured tumour cells of the
normal (TUMOUR_IN_NORMAL) explain its fragments; where they were not measured and up to `tin_max` of them would,
it stays open, and beyond that it is germline or an artefact of both samples. low_mapq, low_normal_depth and
excluded_region say that nothing is known: open. The other filters name artefacts.

MYC_rearrangement is a PASS junction of the MYC window with anything outside it; without a normal only with an
immunoglobulin locus. Its absence needs the MYC window itself in the targets: many partners are no
immunoglobulin genes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from scipy import stats

from myeloma import fusions, gates, places, structural, tables
from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT

#: Filters that leave a junction open when no other filter names it as an artefact.
OPEN = frozenset({"in_normal", "low_mapq", "low_normal_depth", "excluded_region"})
MYC = "MYC"
REARRANGEMENT = "MYC_rearrangement"
NOT_COVERED = "not covered by the kit"


@dataclass(frozen=True)
class Vote:
    """What DNA says of one translocation in one patient."""

    state: str
    reason: str = ""
    evidence: str = ""
    fragments: int | None = None


def tabulate(
    tumours: Iterable[Mapping[str, str]],
    purity: pd.DataFrame,
    genes_path: str,
    regions_path: str,
    abnormalities: Mapping[str, Any],
    rules: Mapping[str, Any],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """STRUCTURAL and STRUCTURAL_POWER of the cohort. `tumours`: patient, sample, vcf, coverage."""
    regions = places.read_regions(regions_path)
    annotation = fusions.Annotation(places.read_genes(genes_path), regions, abnormalities["translocations"])
    loci = structural.Loci(regions, abnormalities)

    def name_side(chrom: str, pos: int) -> str:
        # the partner window stands beside the gene: breakpoints lie far from the gene they switch on
        gene = annotation.gene(fusions.Side(chrom, pos, "+"))
        windows = sorted(loci.window_names(chrom, pos))
        return gene if not windows or gene in windows else "/".join(filter(None, [gene, *windows]))

    found, covered = [], []
    for tumour in tumours:
        found.append(structural.read_vcf(tumour["vcf"], tumour["patient"], tumour["sample"], name_side))
        covered.append(tables.read(tumour["coverage"], tables.STRUCTURAL_POWER))
    return _joined(found, tables.STRUCTURAL), power(_joined(covered, tables.STRUCTURAL_POWER), purity, rules)


def _joined(frames: Sequence[pd.DataFrame], table: tables.Table) -> pd.DataFrame:
    frames = [frame for frame in frames if len(frame)]
    return tables.conform(pd.concat(frames, ignore_index=True), table) if frames else tables.empty(table)


def power(coverage: pd.DataFrame, purity: pd.DataFrame, rules: Mapping[str, Any]) -> pd.DataFrame:
    """STRUCTURAL_POWER: per locus the probability of seeing a clonal junction, and whether that is enough.

    Of `fragments` unbroken fragments over a base a clonal junction on one of two chromosomes takes purity / 2,
    of which `junction_efficiency` are caught; they are binomial.
    """
    used = purity.set_index("sample")["purity_used"]
    rows = []
    for row in coverage.to_dict("records"):
        share, depth = used.get(row["sample"]), row["fragments"]
        known = not pd.isna(depth) and share is not None and not pd.isna(share)
        chance = rules["junction_efficiency"] * float(share) / 2 if known else None
        # with any partner: a pair that is no known translocation needs min_fragments to pass
        least = rules["min_fragments" if row["locus"] == MYC else "min_fragments_known"]
        seen = float(stats.binom.sf(least - 1, int(depth), chance)) if known else None
        reason = _why_not(row, share, seen, rules)
        row |= {"purity": share, "expected": int(depth) * chance if known else None, "power": seen}
        rows.append(row | {"assessable": "no" if reason else "yes", "reason": reason})
    return tables.conform(
        pd.DataFrame(rows, columns=tables.STRUCTURAL_POWER.names()), tables.STRUCTURAL_POWER
    )


def _why_not(row: Mapping[str, Any], purity: float | None, seen: float | None, rules) -> str:
    if row["ig_baits"] != "yes":
        return NOT_COVERED
    if row["reason"]:
        return row["reason"]
    if row["targeted_bases"] < rules["min_targeted_bases"]:
        return (
            f"{NOT_COVERED}: {row['targeted_bases']} targeted bases in {row['locus']}, "
            f"{rules['min_targeted_bases']} needed"
        )
    if purity is None or pd.isna(purity):
        return "the purity is not known"
    if seen is None or seen < rules["absence_power"]:
        return (
            f"power {seen or 0:.2f} over {row['locus']}, {rules['absence_power']:g} needed "
            f"({row['fragments']} fragments at purity {purity:.2f})"
        )
    return ""


def votes(
    samples: pd.DataFrame,
    qc: pd.DataFrame,
    variants: pd.DataFrame,
    powers: pd.DataFrame,
    tumour_in_normal: pd.DataFrame,
    regions: pd.DataFrame,
    abnormalities: Mapping[str, Any],
    rules: Mapping[str, Any],
) -> dict[tuple[str, str], Vote]:
    """(patient, translocation) -> Vote, for every patient with an exome in the analysis.

    `variants`: STRUCTURAL; `powers`: STRUCTURAL_POWER; `tumour_in_normal`: TUMOUR_IN_NORMAL; `rules`: the config
    section structural and somatic.tin_max. A sample that failed a gate has no vote.
    """
    loci = structural.Loci(regions, abnormalities)
    wanted = {name: ("IGH", set(genes)) for name, genes in abnormalities["translocations"].items()}
    wanted |= {name: (locus, {MYC}) for name, locus in abnormalities["myc_translocations"].items()}
    chosen = samples[
        (samples["assay"] == "wes") & (samples["tissue"] == "tumour") & (samples["role"] == "analysis")
    ]
    measured = tumour_in_normal.set_index("sample")
    failed, made = gates.failed(qc), {}
    for patient, sample in zip(chosen["patient"], chosen["sample"], strict=True):
        own = judged(variants[variants["sample"] == sample], measured, sample, rules)
        able = powers[powers["sample"] == sample].set_index("locus")
        for name, (locus, symbols) in wanted.items():
            if sample in failed:
                made[patient, name] = Vote(NOT_ASSESSABLE, failed[sample])
                continue
            named = own["known"].map(lambda names, name=name: name in names.split("|")).astype(bool)
            seen = own[named]
            made[patient, name] = _present(seen) or _absent(
                able, [locus], loci.has_window(symbols), _open(seen)
            )
        made[patient, REARRANGEMENT] = (
            Vote(NOT_ASSESSABLE, failed[sample])
            if sample in failed
            else _myc(own, able, loci, abnormalities, rules)
        )
    return made


def judged(own: pd.DataFrame, measured: pd.DataFrame, sample: str, rules: Mapping[str, Any]) -> pd.DataFrame:
    """Junctions of one tumour with a column `verdict`: seen, open or rejected (see the head of this module).

    `own`: its STRUCTURAL rows; `measured`: TUMOUR_IN_NORMAL, index sample.
    """
    share, known = rules["tin_max"], False
    if sample in measured.index and measured.loc[sample, "state"] != NOT_ASSESSABLE:
        share, known = measured.loc[sample, "high"], True

    def verdict(row) -> str:
        named = set(row.filter.split(";"))
        if named == {"PASS"}:
            return "seen"
        if not named <= OPEN:
            return "rejected"
        if "in_normal" in named:
            if not _explained(row, float(share), rules["normal_p_value"]):
                return "rejected"
            if named == {"in_normal"} and known:
                return "seen"
        return "open"

    return own.assign(verdict=[verdict(row) for row in own.itertuples()])


def _explained(row, share: float, least_p: float) -> bool:
    """Would tumour cells, `share` of the normal, leave this many fragments there?"""
    normal, tumour = int(row.normal_fragments), int(row.fragments)
    tumour_fraction = tumour / max(1, tumour + int(row.spanning_fragments))
    depth = normal + int(row.normal_spanning_fragments)
    return float(stats.binom.sf(normal - 1, depth, min(1.0, share * tumour_fraction))) >= least_p


def _open(rows: pd.DataFrame) -> str:
    """Why absence cannot be said although no junction counts, or ""."""
    rows = rows[rows["verdict"] == "open"]
    if rows.empty:
        return ""
    best = rows.sort_values("fragments", ascending=False, kind="stable").iloc[0]
    return f"a junction was found and is open ({best['filter']}): {_junction_words(best)}"


def _present(seen: pd.DataFrame) -> Vote | None:
    """Present, by the junction with most fragments among those that count."""
    seen = seen[seen["verdict"] == "seen"]
    if seen.empty:
        return None
    best = seen.sort_values("fragments", ascending=False, kind="stable").iloc[0]
    words = f"calls/structural_variants.tsv: {_junction_words(best)}"
    if best["filter"] == "in_normal":
        words += ", as the tumour cells measured in it explain (calls/tumour_in_normal.tsv)"
    return Vote(PRESENT, "", words, int(best["fragments"]))


def _junction_words(row: pd.Series) -> str:
    words = (
        f"{row['side_a'] or 'no gene'} {row['chrom_a']}:{row['pos_a']} - "
        f"{row['side_b'] or 'no gene'} {row['chrom_b']}:{row['pos_b']}, {row['fragments']} DNA fragments"
    )
    if row["mode"] == "tumour_only":
        return words + ", tumour-only call"
    return words + (f", {row['normal_fragments']} in the normal" if row["normal_fragments"] else "")


def _absent(able: pd.DataFrame, needed: Sequence[str], window: bool = True, left_open: str = "") -> Vote:
    """Absent where every needed window has power and no junction is open; else the first reason why not."""
    if left_open:
        return Vote(NOT_ASSESSABLE, left_open)
    if not window:
        return Vote(NOT_ASSESSABLE, "reference.regions has no partner window for it")
    for locus in needed:
        if locus not in able.index:
            return Vote(
                NOT_ASSESSABLE, f"reference.regions has no {locus}, or structural variants were not called"
            )
        if able.loc[locus, "assessable"] != "yes":
            return Vote(NOT_ASSESSABLE, able.loc[locus, "reason"])
    said = ", ".join(f"{locus} {able.loc[locus, 'power']:.2f}" for locus in needed)
    return Vote(ABSENT, f"no junction; power {said} at purity {able.loc[needed[0], 'purity']:.2f}")


def _myc(own: pd.DataFrame, able: pd.DataFrame, loci, abnormalities, rules) -> Vote:
    outside = pd.Series(
        [
            (MYC in loci.windows(r.chrom_a, r.pos_a)) != (MYC in loci.windows(r.chrom_b, r.pos_b))
            for r in own.itertuples()
        ],
        index=own.index,
        dtype=bool,
    )
    outside = own[outside]
    seen = outside[outside["verdict"] == "seen"]
    with_ig = seen["known"].map(
        lambda names: bool(set(names.split("|")) & set(abnormalities["myc_translocations"]))
    )
    shown = seen[(seen["mode"] == "tumour_normal") | with_ig.astype(bool)]
    if len(shown):
        return _present(shown)
    if len(seen):
        return Vote(
            NOT_ASSESSABLE, "somatic origin cannot be told without a normal: " + _present(seen).evidence
        )
    left_open = _open(outside)
    if left_open:
        return Vote(NOT_ASSESSABLE, left_open)
    if MYC in able.index and able.loc[MYC, "ig_baits"] == "yes":
        share = able.loc[MYC, "targeted_bases"] / max(1, able.loc[MYC, "locus_bases"])
        if share < rules["min_myc_targeted_share"]:
            words = f"the kit's targets hold {100 * share:.0f} % of the MYC window"
            return Vote(
                NOT_ASSESSABLE, f"{words}, {100 * rules['min_myc_targeted_share']:.0f} % needed for absence"
            )
    return _absent(able, [MYC], loci.has_window({MYC}))


def myc_junctions(
    own: pd.DataFrame, regions: pd.DataFrame, abnormalities: Mapping[str, Any]
) -> dict[str, pd.DataFrame]:
    """Translocation -> PASS rows of FUSIONS between the MYC window and its locus (or, rearrangement, anything)."""
    loci = structural.Loci(regions, abnormalities)
    passing = own[own["filter"] == "PASS"]
    partners = []
    for r in passing.itertuples():
        sides = [(r.chrom_a, r.pos_a), (r.chrom_b, r.pos_b)]
        inside = [MYC in loci.windows(*side) for side in sides]
        other = sides[inside.index(False)] if sum(inside) == 1 else None
        partners.append("" if other is None else loci.ig(*other) or "other")
    partner = pd.Series(partners, index=passing.index, dtype=object)
    found = {name: passing[partner == locus] for name, locus in abnormalities["myc_translocations"].items()}
    return found | {REARRANGEMENT: passing[partner != ""]}
