"""The copy-number part of the abnormality table: region events and hyperdiploidy.

A change is present at a clonal fraction of at least `min_clonal_fraction`; its absence is stated only where
a change of that fraction would have shown at this sample's noise and purity. Sources of the thresholds:
config/config.yaml; formulae: docs/copy-number.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from myeloma import gates, tables
from myeloma.copies import bare, overlaps
from myeloma.purity import expected
from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT

#: Always reported, whatever the regions table holds.
NAMES = ("del17p", "gain1q", "amp1q", "del1p32", "del13q")
HYPERDIPLOIDY = "hyperdiploidy"
#: The sensitivity row of del17p: present only in a larger share of the cells (config del17p_sensitivity_fraction).
HIGH_FRACTION = "del17p_high_fraction"
SEGMENTS_FILE = "results/calls/segments.tsv.gz"
_DEVIATION_Z = 4.0


@dataclass(frozen=True)
class _Event:
    """A copy-number abnormality: its name, region row of the regions table (None: not there), direction."""

    name: str
    region: Any
    direction: str


@dataclass(frozen=True)
class _Sample:
    """All that is known of one tumour sample; `blocked` says why nothing can be called, "" if it can."""

    patient: str
    sample: str
    segments: pd.DataFrame
    measures: pd.DataFrame
    purity: float
    base: int
    noise: float
    scatter: float
    blocked: str


def copy_number_calls(
    segments: pd.DataFrame,
    purity: pd.DataFrame,
    qc: pd.DataFrame,
    regions: pd.DataFrame,
    arms: pd.DataFrame,
    targets: pd.DataFrame,
    settings: Mapping[str, Any],
) -> pd.DataFrame:
    """Rows of ABNORMALITIES for every tumour sample of `purity`: one per event, and hyperdiploidy.

    `segments` (SEGMENTS), `purity` (PURITY), `qc` (QC), `targets` (COPY_REGIONS: what the targets of each
    sample say per region and arm); `regions` and `arms` as read by `places.read_regions` and `read_arms`;
    `settings` holds the config sections `copy_number` and `gates`. The caller keeps the analysis samples.
    """
    events = list_events(regions)
    rules = settings["copy_number"]
    stricter = {**rules, "min_clonal_fraction": rules["del17p_sensitivity_fraction"]}
    high = next(replace(event, name=HIGH_FRACTION) for event in events if event.name == "del17p")
    failed = gates.failed(qc)
    rows = []
    for entry in purity.itertuples():
        sample = _gather(entry, segments, failed, targets, settings["gates"])
        rows.extend(_call_event(sample, event, arms, rules) for event in events)
        rows.append(_call_event(sample, high, arms, stricter))
        rows.append(_call_hyperdiploidy(sample, arms, rules))
    return pd.DataFrame(rows, columns=tables.ABNORMALITIES.names())


def list_events(regions: pd.DataFrame) -> list[_Event]:
    """Events of the regions table (kind copy_number) by the beginning of their name: del, gain, amp.

    amp1q is read in the region of gain1q. The five of NAMES are always there.
    """
    found = {}
    for row in regions[regions["kind"] == "copy_number"].itertuples():
        found[row.name] = _Event(row.name, row, _direction(row.name))
    if "gain1q" in found and "amp1q" not in found:
        found["amp1q"] = _Event("amp1q", found["gain1q"].region, "amp")
    for name in NAMES:
        found.setdefault(name, _Event(name, None, _direction(name)))
    return list(found.values())


def kinds(regions: pd.DataFrame) -> dict[str, str]:
    """Every copy-number abnormality that `copy_number_calls` reports, with its kind."""
    names = [event.name for event in list_events(regions)]
    return dict.fromkeys([*names, HIGH_FRACTION], "copy_number") | {HYPERDIPLOIDY: "ploidy"}


def _direction(name: str) -> str:
    for word in ("del", "gain", "amp"):
        if name.startswith(word):
            return word
    raise ValueError(f"copy-number region {name}: its name must begin with del, gain or amp")


def _gather(entry, segments, failed: Mapping[str, str], targets, limits) -> _Sample:
    """`failed`: sample -> the gates it failed; `limits`: the config section `gates`."""
    used = float(entry.purity_used) if pd.notna(entry.purity_used) else float("nan")
    blocked = ""
    if entry.sample in failed:
        blocked = failed[entry.sample]
    elif not entry.status:
        blocked = entry.reason or "no copy number was called"
    elif np.isnan(used):
        blocked = f"purity unresolved ({entry.reason}) and no sorted purity given"
    elif used < limits["purity_min"]:
        blocked = f"purity {used:.2f} is below the gate of {limits['purity_min']:g}"
    return _Sample(
        patient=entry.patient,
        sample=entry.sample,
        segments=segments[segments["sample"] == entry.sample],
        measures=targets[targets["sample"] == entry.sample],
        purity=used,
        base=int(entry.base_copies) if pd.notna(entry.base_copies) else 2,
        noise=float(entry.noise) if pd.notna(entry.noise) else float("nan"),
        scatter=float(entry.scatter) if pd.notna(entry.scatter) else float("nan"),
        blocked=blocked,
    )


def _row(sample: _Sample, name, kind, state, value="", threshold="", reason="", evidence=""):
    return (sample.patient, sample.sample, name, kind, state, value, threshold, reason, evidence)


def standard_error(noise: float, targets: int, scatter: float) -> float:
    """Standard error (log2) of the level of `targets` targets: sampling and systematic part."""
    return float(np.hypot(noise / np.sqrt(targets), scatter)) if targets else float("inf")


def allele_evidence(shift: float, width: float) -> float:
    """Expected log likelihood ratio per heterozygous site of unknown phase whose fraction is off by `shift`.

    Half of the sites lie at 0.5 + shift and half at 0.5 - shift, each with sd `width`, against all at 0.5:
    E[log cosh(x y)] - x^2 / 2 with x = shift / width and y normal around x (Gauss-Hermite).
    """
    x = shift / width
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    argument = np.abs(x * (x + nodes))
    log_cosh = argument + np.log1p(np.exp(-2 * argument)) - np.log(2)
    return float(weights @ log_cosh / weights.sum() - x**2 / 2)


def detectable_fraction(
    change: int,
    purity: float,
    error: float,
    base: int,
    z: float,
    sites: int = 0,
    depth: float = float("nan"),
    allele_error: float = 0.0,
) -> float:
    """Smallest clonal fraction of a change of `change` copies that the data would show; inf if none.

    Shown: the expected log likelihood ratio of the copy ratio (standard error `error`, log2) and of `sites`
    heterozygous sites of that `depth` reaches z^2 / 2, and the copy ratio alone moves by z / 2 errors.
    """
    if not np.isfinite(error) or not purity > 0:
        return float("inf")
    total, minor = base + change, base // 2 - (1 if change < 0 else 0)
    whole, _ = expected(purity, base, base // 2, 1.0, base, base // 2)
    for fraction in np.arange(0.01, 1.0001, 0.01):
        copies, share = expected(purity, total, minor, fraction, base, base // 2)
        moved = abs(np.log2(copies / whole)) / error
        evidence = moved**2 / 2
        if sites and depth > 0:
            width = np.hypot(0.5 / np.sqrt(depth), allele_error)
            evidence += sites * allele_evidence(0.5 - float(share), width)
        if moved >= z / 2 and evidence >= z**2 / 2:
            return float(np.round(fraction, 2))
    return float("inf")


def _change(direction: str, rules: Mapping[str, Any]) -> int:
    """Copies from the base that the event needs: -1, +1 (gain_copies 3), +2 (amp_copies 4)."""
    return {"del": -1, "gain": rules["gain_copies"] - 2, "amp": rules["amp_copies"] - 2}[direction]


def _has(total: float, change: int, base: int) -> bool:
    """Do integer copies fulfil an event that needs `change` copies from the base?"""
    return total <= base + change if change < 0 else total >= base + change


def _threshold(event: _Event, base: int, rules) -> str:
    change = _change(event.direction, rules)
    sign = "<=" if change < 0 else ">="
    return f"copies {sign} {base + change} in >= {rules['min_clonal_fraction']:g} of the tumour cells"


def _covering(segments: pd.DataFrame, chrom: str, start: int, end: int, arms) -> tuple[pd.DataFrame, bool]:
    """Segments over a region with their overlap; for a region between segments the nearest of its arm.

    Returns the segments and whether they are only the nearest.
    """
    here = segments[overlaps(segments, chrom, start, end)].copy()
    if len(here):
        here["overlap"] = here["end"].clip(upper=end) - here["start"].clip(lower=start) + 1
        return here, False
    arm = arms[overlaps(arms, chrom, start, end)]
    near = pd.DataFrame(columns=[*segments.columns, "overlap"])
    for row in arm.itertuples():
        same = segments[overlaps(segments, row.chrom, row.start, row.end)].copy()
        if same.empty:
            continue
        distance = np.maximum(start - same["end"], same["start"] - end)
        near = same.loc[[distance.idxmin()]].assign(overlap=1)
    return near, True


def _weights(here: pd.DataFrame) -> np.ndarray:
    """Weight of each segment in a region: the targets it can hold there (its density times the overlap)."""
    length = (here["end"] - here["start"] + 1).to_numpy(dtype=float)
    density = here["targets"].to_numpy(dtype=float, na_value=0.0) / length
    weight = density * here["overlap"].to_numpy(dtype=float)
    return weight / weight.sum() if weight.sum() > 0 else np.full(len(here), 1 / len(here))


def _call_event(sample: _Sample, event: _Event, arms: pd.DataFrame, rules: Mapping[str, Any]):
    threshold = _threshold(event, sample.base, rules)
    region = event.region

    def give(state, value="", reason="", evidence=""):
        return _row(sample, event.name, "copy_number", state, value, threshold, reason, evidence)

    if region is None:
        return give(NOT_ASSESSABLE, reason="no such region in reference.regions")
    if sample.blocked:
        return give(NOT_ASSESSABLE, reason=sample.blocked)
    here, nearest = _covering(sample.segments, region.chrom, region.start, region.end, arms)
    here = here[here["copies"].notna()]
    if here.empty:
        return give(NOT_ASSESSABLE, reason="no segment with a copy ratio covers the region or its arm")
    weight = _weights(here)
    copies = float(weight @ here["copies"].to_numpy(dtype=float))
    change = _change(event.direction, rules)
    fraction = _fraction(here, weight, change, sample.base)
    value = _value(here, weight, copies, fraction, nearest, sample)
    evidence = f"{SEGMENTS_FILE} {region.chrom}:{region.start}-{region.end}"
    if fraction >= rules["min_clonal_fraction"]:
        return give(PRESENT, value, evidence=evidence)
    why = _why_not_absent(sample, event, here, weight, copies, change, rules)
    return give(NOT_ASSESSABLE if why else ABSENT, value, why, evidence)


def _fraction(here: pd.DataFrame, weight: np.ndarray, change: int, base: int) -> float:
    """Share of tumour cells with the event, averaged over the region's targets; 0 where no segment has it."""
    total = here["total_copies"].to_numpy(dtype=float, na_value=np.nan)
    fraction = here["clonal_fraction"].to_numpy(dtype=float, na_value=np.nan)
    hit = np.array([np.isfinite(t) and _has(t, change, base) for t in total])
    return float(weight @ np.where(hit, np.nan_to_num(fraction, nan=1.0), 0.0))


def _value(here, weight, copies, fraction, nearest, sample: _Sample) -> str:
    top = here.iloc[int(np.argmax(weight))]
    parts = [f"{copies:.2f} copies"]
    if pd.notna(top["total_copies"]):
        minor = f", minor {int(top['minor_copies'])}" if pd.notna(top["minor_copies"]) else ""
        parts.append(f"state total {int(top['total_copies'])}{minor}")
    parts.append(f"clonal fraction {fraction:.2f}")
    if nearest:
        parts.append("region between targets, nearest segment of its arm")
    if sample.base != 2:
        parts.append(f"genome doubled: against {sample.base} copies")
    return "; ".join(parts)


def _detectable(sample: _Sample, change: int, targets: int, sites: int, depth: float, rules) -> float:
    error = standard_error(sample.noise, targets, sample.scatter)
    allele_error = rules["minor_fraction_error"]
    return detectable_fraction(
        change, sample.purity, error, sample.base, rules["detection_z"], sites, depth, allele_error
    )


def _why_not_absent(sample, event, here, weight, copies, change, rules) -> str:
    """Why absence cannot be stated; "" when it can."""
    limit = rules["min_clonal_fraction"]
    measure = sample.measures[sample.measures["region"] == event.region.name]
    if measure.empty:
        return "the targets of the region were not measured"
    seen = measure.iloc[0]
    count, sites = int(seen["window_targets"]), int(seen["window_het_sites"])
    least = _detectable(sample, change, count, sites, seen["window_het_depth"], rules)
    if least > limit:
        return (
            f"smallest detectable clonal fraction {least:.2f} is above {limit:g} ({count} targets, "
            f"{sites} heterozygous sites, noise {sample.noise:.2f}, purity {sample.purity:.2f})"
        )
    toward = (copies - sample.base) / change
    if toward >= limit and not _explained(here, weight, change, sample.base):
        return f"{copies:.2f} copies lie between no change and the event: neither is supported"
    return _deviates(sample, seen, here, weight, change)


def _explained(here, weight, change: int, base: int) -> bool:
    """Does the main state explain the copies without the event (a gain of 3 where 4 are asked for)?"""
    total = here.iloc[int(np.argmax(weight))]["total_copies"]
    return pd.notna(total) and total != base and not _has(total, change, base)


def _deviates(sample, seen, here, weight, change: int) -> str:
    """Do the region's own targets contradict their segment in the direction of the event?"""
    if not seen["targets"] or pd.isna(seen["log2"]):
        return ""
    level = float(weight @ here["log2"].to_numpy(dtype=float))
    # 1.2533: standard error of a median against that of a mean.
    error = 1.2533 * standard_error(sample.noise, int(seen["targets"]), sample.scatter)
    apart = float(seen["log2"]) - level
    if np.sign(apart) == np.sign(change) and abs(apart) > max(0.1, _DEVIATION_Z * error):
        return (
            f"the {int(seen['targets'])} targets of the region lie {apart:+.2f} (log2) off their segment: "
            "a smaller change may be there"
        )
    return ""


def _call_hyperdiploidy(sample: _Sample, arms: pd.DataFrame, rules: Mapping[str, Any]):
    wanted = [str(name) for name in rules["hyperdiploid_chromosomes"]]
    need, share = rules["hyperdiploid_min_chromosomes"], rules["hyperdiploid_min_length_fraction"]
    threshold = (
        f">= {need} of chromosomes {', '.join(wanted)} gained (> {sample.base} copies) "
        f"over > {share:g} of their length in informative arms"
    )

    def give(state, value="", reason=""):
        evidence = SEGMENTS_FILE if value else ""
        return _row(sample, HYPERDIPLOIDY, "ploidy", state, value, threshold, reason, evidence)

    if sample.blocked:
        return give(NOT_ASSESSABLE, reason=sample.blocked)
    gained, unknown = [], []
    for name in wanted:
        part = gained_share(sample.segments, name, arms, sample.base, rules["min_clonal_fraction"])
        if part is not None and part > share:
            gained.append(name)
        elif part is None or not _powered(sample, name, arms, rules):
            unknown.append(name)
    value = f"{len(gained)} gained" + (f": {', '.join(gained)}" if gained else "")
    if sample.base != 2:
        value += f"; genome doubled: against {sample.base} copies"
    if len(gained) >= need:
        return give(PRESENT, value)
    if len(gained) + len(unknown) >= need:
        return give(NOT_ASSESSABLE, value, f"no statement on chromosomes {', '.join(unknown)}")
    return give(ABSENT, value)


def gained_share(segments, chromosome: str, arms, base: int, least: float) -> float | None:
    """Share of the covered length of a chromosome's informative arms with more than `base` copies.

    Gained: in at least `least` of the tumour cells. None when no called segment covers them.
    """
    informative = arms[(arms["chrom"].map(bare) == bare(chromosome)) & (arms["informative"] == "yes")]
    covered = gained = 0
    for arm in informative.itertuples():
        here = segments[overlaps(segments, arm.chrom, arm.start, arm.end) & segments["total_copies"].notna()]
        for row in here.itertuples():
            length = min(row.end, arm.end) - max(row.start, arm.start) + 1
            covered += length
            enough = pd.isna(row.clonal_fraction) or row.clonal_fraction >= least
            gained += length if row.total_copies > base and enough else 0
    return gained / covered if covered else None


def _powered(sample: _Sample, chromosome: str, arms, rules) -> bool:
    """Would a gain of the whole chromosome at the minimal clonal fraction have been seen?"""
    informative = arms[(arms["chrom"].map(bare) == bare(chromosome)) & (arms["informative"] == "yes")]
    names = {f"{bare(arm.chrom)}{arm.arm}" for arm in informative.itertuples()}
    rows = sample.measures[(sample.measures["kind"] == "arm") & sample.measures["region"].isin(names)]
    if rows.empty:
        return False
    targets, sites = int(rows["window_targets"].sum()), int(rows["window_het_sites"].sum())
    least = _detectable(sample, 1, targets, sites, rows["window_het_depth"].mean(), rules)
    return least <= rules["min_clonal_fraction"]
