"""Tumour mutational burden per callable megabase, and how much of the genome has changed copies.

Mutational burden: somatic mutations in coding bases, divided by the coding bases at which a clonal
heterozygous variant had the power to be seen at this purity and the normal had the reads to tell it from germline (see `callable`); numerator and denominator are
the same bases. Definition after the TMB harmonisation project (Merino DM et al., J Immunother Cancer
2020;8:e000147): non-synonymous changes of the exome, indels included, per megabase interrogated. Its fixed
limits of depth and allele fraction are replaced by the power at this sample's purity. IG loci are left out
of both: V(D)J recombination and hypermutation there are no burden.
"""

import os
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from myeloma import callable, copies, copy_events, gates, maf, places, tables, tumour_in_normal

Spans = dict[str, list[tuple[int, int]]]
"""Contig -> sorted disjoint intervals (0-based, half-open)."""

NOT_NUCLEAR = ("M", "MT")
NONSYNONYMOUS = {
    "Missense_Mutation",
    "Nonsense_Mutation",
    "Nonstop_Mutation",
    "Translation_Start_Site",
    "Splice_Site",
    "Frame_Shift_Ins",
    "Frame_Shift_Del",
    "In_Frame_Ins",
    "In_Frame_Del",
}
MEASURED, NOT_ASSESSABLE = "measured", "not_assessable"
_CHUNK = 2_000_000


# Which bases


def coding_spans(path: str | os.PathLike, regions: pd.DataFrame) -> Spans:
    """Coding bases of all genes, each base once, without masked loci and mitochondrion; {} for no table."""
    if not path:
        return {}
    frame = pd.read_csv(path, sep="\t", dtype={"chrom": str, "gene_name": str})
    frame = frame[~frame["chrom"].map(copies.bare).isin(NOT_NUCLEAR)]
    frame = frame[~copies.masked(frame, regions)]
    made: Spans = {}
    for chrom, rows in frame.groupby("chrom", sort=False):
        ordered = rows.sort_values("start")
        made[str(chrom)] = _merged(zip(ordered["start"] - 1, ordered["end"], strict=True))
    return made


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted intervals joined where they overlap or touch."""
    made: list[tuple[int, int]] = []
    for start, end in spans:
        if made and start <= made[-1][1]:
            made[-1] = (made[-1][0], max(made[-1][1], int(end)))
        else:
            made.append((int(start), int(end)))
    return made


def covered_spans(path: str | os.PathLike, depth: int) -> Spans:
    """Where the per-base table (mosdepth rows, bed.gz) has at least `depth`; read in pieces, in file order."""
    parts: dict[str, list[np.ndarray]] = {}
    rows = pd.read_csv(
        path,
        sep="\t",
        header=None,
        names=("chrom", "start", "end", "depth"),
        dtype={"chrom": str, "start": "int64", "end": "int64", "depth": "int64"},
        chunksize=_CHUNK,
    )
    for chunk in rows:
        enough = chunk[chunk["depth"] >= depth]
        for chrom, some in enough.groupby("chrom", sort=False):
            parts.setdefault(str(chrom), []).append(some[["start", "end"]].to_numpy())
    return {chrom: _merged(map(tuple, np.concatenate(some))) for chrom, some in parts.items()}


def common_spans(one: Spans, other: Spans) -> Spans:
    """Bases in both."""
    made: Spans = {}
    for chrom in one.keys() & other.keys():
        left, right, found = one[chrom], other[chrom], []
        i = j = 0
        while i < len(left) and j < len(right):
            start, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
            if start < end:
                found.append((start, end))
            if left[i][1] < right[j][1]:
                i += 1
            else:
                j += 1
        if found:
            made[chrom] = found
    return made


def bases(spans: Spans) -> int:
    """Total length."""
    return sum(end - start for some in spans.values() for start, end in some)


def touches(spans: Spans, chrom: str, start: int, end: int) -> bool:
    """Does an interval (1-based, inclusive) share a base with the spans?"""
    some = spans.get(chrom, [])
    before = bisect_right(some, (end - 1, float("inf")))
    return before > 0 and some[before - 1][1] >= start


# Mutational burden


def poisson_interval(count: int, confidence: float) -> tuple[float, float]:
    """Exact interval of a Poisson mean (Garwood F, Biometrika 1936;28:437-442)."""
    tail = (1 - confidence) / 2
    low = stats.chi2.ppf(tail, 2 * count) / 2 if count else 0.0
    return float(low), float(stats.chi2.ppf(1 - tail, 2 * count + 2) / 2)


def classify(variants: pd.DataFrame, coding: Spans, seen: Spans) -> pd.DataFrame:
    """PASS variants of one sample in coding bases: kind (snv, mnv, indel), nonsynonymous, in `seen`."""
    rows = []
    for row in variants[variants["filter"] == "PASS"].itertuples():
        start, end, _, _, kind = maf.place(row.pos, row.ref, row.alt)
        if not touches(coding, row.chrom, start, end):
            continue
        rows.append(
            {
                "kind": {"SNP": "snv", "INS": "indel", "DEL": "indel"}.get(kind, "mnv"),
                "nonsynonymous": maf.classification(row.consequence, kind) in NONSYNONYMOUS,
                "seen": touches(seen, row.chrom, start, end),
            }
        )
    return pd.DataFrame(rows, columns=["kind", "nonsynonymous", "seen"])


def mutational_burden(
    variants: pd.DataFrame, coding: Spans, seen: Spans, needed: int, rules: Mapping[str, Any]
) -> dict[str, Any]:
    """Counts and rate of one tumour; `rules` is the config section `burden`."""
    found = classify(variants, coding, seen)
    counted = found[found["seen"].astype(bool)]
    callable_mb = bases(seen) / 1e6
    made = {
        "coding": len(counted),
        "nonsynonymous": int(counted["nonsynonymous"].sum()),
        **{f"{kind}s": int((counted["kind"] == kind).sum()) for kind in ("snv", "mnv", "indel")},
        "without_power": len(found) - len(counted),
        "coding_mb": bases(coding) / 1e6,
        "callable_mb": callable_mb,
        "depth_needed": needed,
        "state": MEASURED,
    }
    if callable_mb < rules["min_callable_mb"]:
        reason = f"{callable_mb:.3f} Mb are callable, fewer than {rules['min_callable_mb']:g}"
        return made | {"state": NOT_ASSESSABLE, "reason": reason}
    low, high = poisson_interval(made["nonsynonymous"], rules["confidence"])
    rate = made["nonsynonymous"] / callable_mb
    return made | {"tmb": rate, "tmb_low": low / callable_mb, "tmb_high": high / callable_mb, "reason": ""}


def blocked(sample: Mapping[str, str], purity: float | None, failed: Mapping[str, str]) -> str:
    """Why no burden of mutations can be given; "" when it can. `failed`: sample -> gates it failed."""
    if sample.get("entered"):
        return "entered from a table: its callable bases are not known"
    if not sample["normal"]:
        return "tumour only: germline variants cannot be told apart"
    for name in (sample["sample"], sample["normal"]):
        if name in failed:
            return f"{name}: {failed[name]}"
    return "the purity of the sample is unknown" if purity is None or pd.isna(purity) else ""


# Changed copies


def copies_blocked(entry: Mapping[str, Any] | None, failed: Mapping[str, str], purity_min: float) -> str:
    """Why the copies of a sample cannot be counted; "" when they can. `entry`: its row of PURITY."""
    if entry is None or not entry["status"]:
        return (entry or {}).get("reason") or "no copy number was called"
    if entry["sample"] in failed:
        return failed[entry["sample"]]
    if pd.isna(entry["purity_used"]) and entry["mode"] == copy_events.GIVEN:
        return ""
    if pd.isna(entry["purity_used"]):
        return f"purity unresolved ({entry['reason']}) and no sorted purity given"
    if entry["purity_used"] < purity_min:
        return f"purity {entry['purity_used']:.2f} is below the gate of {purity_min:g}"
    return ""


def shows_gain(segments: pd.DataFrame, entry: Mapping[str, Any], base: int, z: float) -> pd.Series:
    """Segments in which a clonal gain of one copy would move the copy ratio by `z` standard errors.

    The gain is the smallest change that is counted: a loss moves the log2 ratio further. The error is that of
    the sample's targets (noise over the root of their number) with its scatter between segments.
    """
    level = entry["purity_used"] * base + 2 * (1 - entry["purity_used"])
    moved = np.log2((level + entry["purity_used"]) / level)
    targets = segments["targets"].astype(float).clip(lower=1)
    return moved >= z * np.hypot(entry["noise"] / np.sqrt(targets), entry["scatter"])


def changed_copies(
    segments: pd.DataFrame, entry: Mapping[str, Any], arms: pd.DataFrame, rules: Mapping[str, Any]
) -> dict[str, Any]:
    """Share of the autosomes with changed copies, and how many arms are changed; one sample.

    Changed: another number of copies than the base (2, or 4 where the genome is doubled), or as many with
    another minor allele (copy-neutral loss). An unchanged segment counts only where a change would have shown;
    the others, and those without integer copies, are open. `entry`: the sample's row of PURITY; `rules`:
    config sections burden and copy_number.
    """
    base = int(entry["base_copies"]) if pd.notna(entry["base_copies"]) else 2
    own = segments[~copies.on_sex(segments["chrom"])]
    length = (own["end"] - own["start"] + 1).astype(float)
    # what the germline has in other copies is unchanged with those
    germline = own["germline_copies"].fillna(2.0)
    plain = (germline * base / 2).round().astype("Int64")

    def differs(kind: str) -> pd.Series:
        total, minor = (own[f"{kind}{name}"].astype("Int64") for name in ("total_copies", "minor_copies"))
        return (total != plain) | ((germline == 2) & (minor != base // 2))

    # what fewer cells carry than an event needs is no change, as in the table of abnormalities
    cells = copy_events.cell_shares(own, differs(""), differs("other_"))["at"]
    changed = (cells >= rules["copy_number"]["min_clonal_fraction"]) & own["total_copies"].notna()
    # finished calls state their copies: no targets and no noise of ours are behind them
    shows = entry["mode"] == copy_events.GIVEN or shows_gain(
        own, entry, base, rules["copy_number"]["detection_z"]
    )
    shown = shows & own["total_copies"].notna()
    known = changed | shown
    if entry["mode"] == copy_events.GIVEN:
        autosomes = arms[~copies.on_sex(arms["chrom"])]
        share = length.sum() / float((autosomes["end"] - autosomes["start"] + 1).sum())
        if share < rules["burden"]["min_segmented_fraction"]:
            reason = f"the entered segments cover {share:.0%} of the autosomes"
            return {"copies_state": NOT_ASSESSABLE, "copies_reason": reason}
    made = {"segmented_mb": length[known].sum() / 1e6, "open_mb": length[~known].sum() / 1e6}
    if not length.sum():
        return made | {"copies_state": NOT_ASSESSABLE, "copies_reason": "no autosomal segment"}
    share = length[known].sum() / length.sum()
    if share < rules["burden"]["min_segmented_fraction"]:
        reason = f"in {1 - share:.0%} of the segmented genome a clonal gain would not have shown"
        return made | {"copies_state": NOT_ASSESSABLE, "copies_reason": reason}
    seen, lost = _arms(own[known], changed[known], arms, rules["burden"]["arm_changed_fraction"])
    made |= {"genome_changed": float(length[changed].sum() / length[known].sum())}
    return made | {"arms_changed": lost, "arms_seen": seen, "copies_state": MEASURED, "copies_reason": ""}


def _arms(known: pd.DataFrame, changed: pd.Series, arms: pd.DataFrame, fraction: float) -> tuple[int, int]:
    """Informative autosomal arms with a segment, and those changed in more than `fraction` of its bases."""
    seen = lost = 0
    for arm in arms[(arms["informative"] == "yes") & ~copies.on_sex(arms["chrom"])].itertuples():
        inside = known[copies.overlaps(known, arm.chrom, arm.start, arm.end)]
        span = (inside["end"].clip(upper=arm.end) - inside["start"].clip(lower=arm.start) + 1).astype(float)
        if span.sum() > 0:
            seen += 1
            lost += bool(span[changed[inside.index]].sum() > fraction * span.sum())
    return seen, lost


# Cohort


def measure(
    sample: Mapping[str, str],
    depths: str,
    normal_depths: str,
    coding: Spans,
    read: Mapping[str, pd.DataFrame],
    arms: pd.DataFrame,
    rules: Mapping[str, Any],
) -> dict[str, Any]:
    """Row of contract BURDEN of one tumour: `sample` holds patient, sample, normal ("" without).

    `depths`, `normal_depths`: per-base tables of tumour and normal ("" without).
    `read`: frames by contract name (variants, segments, purity, qc, tumour_in_normal); `rules`: config sections burden,
    somatic, copy_number, gates.
    """
    failed = gates.failed(read["qc"])
    rows = read["purity"][read["purity"]["sample"] == sample["sample"]].to_dict("records")
    entry = rows[0] if rows else None
    purity = entry["purity_used"] if entry else None
    made: dict[str, Any] = dict.fromkeys(tables.BURDEN.names())
    made |= {"patient": sample["patient"], "sample": sample["sample"], "purity": purity}
    made |= {"mode": "tumour_normal" if sample["normal"] else "tumour_only", "state": NOT_ASSESSABLE}
    spoilt = tumour_in_normal.spoilt(read["tumour_in_normal"], rules["somatic"]["tin_max"])
    reason = blocked(sample, purity, {**spoilt, **failed})
    needed = None if reason else callable.depth_wanted(purity, rules["somatic"])
    if not reason and not coding:
        reason = "the coding bases are not known (reference.gtf is not given)"
    elif not reason and needed is None:
        reason = f"at purity {purity:.2f} no depth gives the power"
    if reason:
        made["reason"] = reason
    else:
        own = read["variants"][read["variants"]["sample"] == sample["sample"]]
        least = callable.normal_depth_needed(rules["somatic"]["normal_miss"])
        seen = common_spans(coding, covered_spans(depths, needed))
        seen = common_spans(seen, covered_spans(normal_depths, least))
        made |= mutational_burden(own, coding, seen, needed, rules["burden"])
    reason = copies_blocked(entry, failed, rules["gates"]["purity_min"])
    made |= {"copies_state": NOT_ASSESSABLE if reason else MEASURED, "copies_reason": reason}
    if not reason:
        segments = read["segments"][read["segments"]["sample"] == sample["sample"]]
        made |= changed_copies(segments, entry, arms, rules)
    return made


def measure_cohort(
    tumours: Sequence[Mapping[str, str]],
    depths: Sequence[str],
    normal_depths: Mapping[str, str],
    given: Mapping[str, str],
    rules: Mapping[str, Any],
    target: str,
) -> None:
    """Write the burden of all tumours. `normal_depths`: sample -> depths of its normal. `depths`: of the tumours that are not `entered` by tables. `given`: variants, segments, purity, qc, tumour_in_normal, regions, arms, coding or ""."""
    names = ("variants", "segments", "purity", "qc", "tumour_in_normal")
    contracts = {name: getattr(tables, name.upper()) for name in names}
    read = {name: tables.read(given[name], contract) for name, contract in contracts.items()}
    coding = coding_spans(given["coding"], places.read_regions(given["regions"]))
    arms = places.read_arms(given["arms"])
    paths = iter(depths)
    rows = []
    for sample in tumours:
        path = "" if sample.get("entered") else next(paths)
        rows.append(measure(sample, path, normal_depths.get(sample["sample"], ""), coding, read, arms, rules))
    tables.write(pd.DataFrame(rows, columns=tables.BURDEN.names()), target, tables.BURDEN)
