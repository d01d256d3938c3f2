"""Copy-number events of every tumour: regions, copy-neutral LOH, chromosomes, hyperdiploidy, doubling.

A change is present at a clonal fraction of at least `min_clonal_fraction`; its absence is stated only where
a change of that fraction would have shown at this sample's noise and purity. Sources of the thresholds:
config/config.yaml; formulae: docs/copy-number.md.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from myeloma import gates, tables
from myeloma.copies import bare, on_sex, overlaps
from myeloma.purity import expected
from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT

#: Always reported, whatever the regions table holds.
NAMES = ("del17p", "gain1q", "amp1q", "del1p32", "del13q")
HYPERDIPLOIDY = "hyperdiploidy"
DOUBLING = "whole_genome_doubling"
#: The sensitivity row of del17p: present only in a larger share of the cells (config del17p_sensitivity_fraction).
HIGH_FRACTION = "del17p_high_fraction"
SEGMENTS_FILE = "results/calls/segments.tsv.gz"
#: PURITY.mode of a sample whose copies are finished calls (entry.py): no targets, no noise, copies as stated.
GIVEN = "given"
_DEVIATION_Z = 4.0
#: Of a share of cells that is compared with a limit: sums of exact tenths are none for a computer.
DIGITS = 9
_GAUSS = np.polynomial.hermite_e.hermegauss(40)  # nodes and weights of a normal distribution
#: Columns of COPY_EVENTS that stand in the abnormality table (where `event` is `abnormality`).
_CARRIED = ("patient", "sample", "event", "kind", "state", "value", "threshold", "reason", "evidence")


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
    purity_low: float
    purity_high: float
    status: str
    base: int
    margin: float
    ploidy: float
    noise: float
    scatter: float
    mode: str
    blocked: str


def copy_number_events(
    segments: pd.DataFrame,
    purity: pd.DataFrame,
    qc: pd.DataFrame,
    regions: pd.DataFrame,
    arms: pd.DataFrame,
    targets: pd.DataFrame,
    settings: Mapping[str, Any],
) -> pd.DataFrame:
    """COPY_EVENTS of every tumour sample of `purity`.

    `segments` (SEGMENTS), `purity` (PURITY), `qc` (QC), `targets` (COPY_REGIONS: what the targets of each
    sample say per region and arm); `regions` and `arms` as read by `places.read_regions` and `read_arms`;
    `settings` holds the config sections `copy_number` and `gates`, and `entry` where a sample enters by tables.
    """
    rules = settings["copy_number"]
    if purity["mode"].eq(GIVEN).any():
        rules = {**rules, **{name: settings["entry"][name] for name in ("min_covered", "max_gap_bases")}}
    events = list_events(regions, rules)
    stricter = {**rules, "min_clonal_fraction": rules["del17p_sensitivity_fraction"]}
    high = next(replace(event, name=HIGH_FRACTION) for event in events if event.name == "del17p")
    failed = gates.failed(qc)
    rows = []
    for entry in purity.itertuples():
        sample = _gather(entry, segments, failed, targets, settings["gates"])
        rows.extend(_call_event(sample, event, arms, rules) for event in events)
        rows.append(_call_event(sample, high, arms, stricter))
        rows.extend(_call_cnloh(sample, arm, arms, regions, rules) for arm in rules["cnloh_arms"])
        for chromosome, name, change in chromosome_events(rules):
            rows.append(_call_chromosome(sample, chromosome, name, change, arms, rules))
        rows.append(_call_hyperdiploidy(sample, arms, rules))
        rows.append(_call_doubling(sample, rules))
    return tables.conform(pd.DataFrame(rows, columns=tables.COPY_EVENTS.names()), tables.COPY_EVENTS)


def abnormality_rows(events: pd.DataFrame) -> pd.DataFrame:
    """Rows of ABNORMALITIES from COPY_EVENTS."""
    return events[list(_CARRIED)].rename(columns={"event": "abnormality"})[tables.ABNORMALITIES.names()]


def list_events(regions: pd.DataFrame, rules: Mapping[str, Any]) -> list[_Event]:
    """Events of the regions table (kind copy_number) by the beginning of their name: del, gain, amp.

    amp1q is read in the region of gain1q, `biallelic_X` (no copy left) in that of X for the `biallelic` of
    the config that have a region. The five of NAMES are always there.
    """
    found = {}
    for row in regions[regions["kind"] == "copy_number"].itertuples():
        found[row.name] = _Event(row.name, row, _direction(row.name))
    if "gain1q" in found and "amp1q" not in found:
        found["amp1q"] = _Event("amp1q", found["gain1q"].region, "amp")
    for name in NAMES:
        found.setdefault(name, _Event(name, None, _direction(name)))
    for name in rules["biallelic"]:
        if name in found and found[name].region is not None:
            found[f"biallelic_{name}"] = _Event(f"biallelic_{name}", found[name].region, "biallelic")
    return list(found.values())


def chromosome_events(rules: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    """(chromosome, event, change in copies) of the whole-chromosome events."""
    gained = [(name, f"trisomy{name}", 1) for name in map(str, rules["hyperdiploid_chromosomes"])]
    return gained + [(name, f"monosomy{name}", -1) for name in map(str, rules["monosomies"])]


def kinds(regions: pd.DataFrame, rules: Mapping[str, Any]) -> dict[str, str]:
    """Every copy-number abnormality that `copy_number_events` reports, with its kind."""
    names = [event.name for event in list_events(regions, rules)]
    loh = [f"cnloh_{arm}" for arm in rules["cnloh_arms"]]
    whole = [name for _, name, _ in chromosome_events(rules)]
    made = dict.fromkeys([*names, HIGH_FRACTION, *loh], "copy_number")
    return made | dict.fromkeys([*whole, HYPERDIPLOIDY, DOUBLING], "ploidy")


def _direction(name: str) -> str:
    for word in ("del", "gain", "amp"):
        if name.startswith(word):
            return word
    raise ValueError(f"copy-number region {name}: its name must begin with del, gain or amp")


def _gather(entry, segments, failed: Mapping[str, str], targets, limits) -> _Sample:
    """`failed`: sample -> the gates it failed; `limits`: the config section `gates`."""

    def number(value, default=float("nan")):
        return float(value) if pd.notna(value) else default

    used = number(entry.purity_used)
    blocked = ""
    if entry.sample in failed:
        blocked = failed[entry.sample]
    elif not entry.status:
        blocked = entry.reason or "no copy number was called"
    elif np.isnan(used) and entry.mode != GIVEN:
        blocked = f"purity unresolved ({entry.reason}) and no sorted purity given"
    elif used < limits["purity_min"]:
        blocked = f"purity {used:.2f} is below the gate of {limits['purity_min']:g}"
    low, _, high = str(entry.interval).partition("-")
    mine = segments[segments["sample"] == entry.sample].copy()
    # What a change is counted from: the base of the genome, in proportion to the germline copies.
    base = int(number(entry.base_copies, 2))
    germline = mine["germline_copies"].astype("float64").fillna(2.0)
    mine["unchanged"] = (germline * base / 2).round()
    mine["germline"] = germline.ne(2) & ~on_sex(mine["chrom"])
    return _Sample(
        patient=entry.patient,
        sample=entry.sample,
        segments=mine,
        measures=targets[targets["sample"] == entry.sample],
        purity=used,
        purity_low=min(used, float(low)) if low else used,
        purity_high=max(used, float(high)) if high else used,
        status=entry.status,
        base=base,
        margin=number(entry.base_margin),
        ploidy=number(entry.ploidy),
        noise=number(entry.noise),
        scatter=number(entry.scatter),
        mode=entry.mode,
        blocked=blocked,
    )


def _row(sample: _Sample, name, kind, state, value="", threshold="", reason="", evidence="", **more):
    """A row of COPY_EVENTS; FISH equivalents follow from the clonal fraction."""
    made = dict.fromkeys(tables.COPY_EVENTS.names())
    made |= {"patient": sample.patient, "sample": sample.sample, "event": name, "kind": kind, "state": state}
    made |= {"value": value, "threshold": threshold, "reason": reason, "evidence": evidence, "extent": ""}
    made |= more
    if made["minimal_detectable_fraction"] == float("inf"):
        made["minimal_detectable_fraction"] = None
    fraction = made["clonal_fraction"]
    if fraction is not None and state != NOT_ASSESSABLE:
        made["fish_equivalent_sorted_percent"] = round(100 * fraction, 1)
        made["fish_equivalent_unsorted_percent"] = round(100 * fraction * sample.purity, 1)
    return made


def standard_error(noise: float, targets: int, scatter: float) -> float:
    """Standard error (log2) of the level of `targets` targets: sampling and systematic part."""
    return float(np.hypot(noise / np.sqrt(targets), scatter)) if targets else float("inf")


def allele_evidence(shift: float, width: float) -> float:
    """Expected log likelihood ratio per heterozygous site of unknown phase whose fraction is off by `shift`.

    Half of the sites lie at 0.5 + shift and half at 0.5 - shift, each with sd `width`, against all at 0.5:
    E[log cosh(x y)] - x^2 / 2 with x = shift / width and y normal around x (Gauss-Hermite).
    """
    x = shift / width
    nodes, weights = _GAUSS
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
    total = base + change
    minor = min(base // 2 - (1 if change < 0 else 0), total // 2)
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


def _change(direction: str, rules: Mapping[str, Any], base: int = 2) -> int:
    """Copies from the base that the event needs: -1, +1 (gain_copies 3), +2 (amp_copies 4), all of them."""
    if direction == "biallelic":
        return -base
    return {"del": -1, "gain": rules["gain_copies"] - 2, "amp": rules["amp_copies"] - 2}[direction]


def _has(total, change: int, unchanged):
    """Do integer copies fulfil an event that needs `change` copies from those of an unchanged cell?

    Where the matched normal has a single copy, one lost leaves none: a loss, and biallelic.
    """
    return total <= np.maximum(unchanged + change, 0) if change < 0 else total >= unchanged + change


def _threshold(event: _Event, base: int, rules) -> str:
    change = _change(event.direction, rules, base)
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
    """Weight of each segment in a region: the targets it can hold there (its density times the overlap).

    Entered segments have no targets: their overlap alone.
    """
    if here["targets"].isna().all():
        overlap = here["overlap"].to_numpy(dtype=float)
        return overlap / overlap.sum()
    length = (here["end"] - here["start"] + 1).to_numpy(dtype=float)
    density = here["targets"].to_numpy(dtype=float, na_value=0.0) / length
    weight = density * here["overlap"].to_numpy(dtype=float)
    return weight / weight.sum() if weight.sum() > 0 else np.full(len(here), 1 / len(here))


def _call_event(sample: _Sample, event: _Event, arms: pd.DataFrame, rules: Mapping[str, Any]):
    threshold = _threshold(event, sample.base, rules)
    region = event.region

    def give(state, value="", reason="", evidence="", **more):
        return _row(sample, event.name, "copy_number", state, value, threshold, reason, evidence, **more)

    if region is None:
        return give(NOT_ASSESSABLE, reason="no such region in reference.regions")
    if sample.blocked:
        return give(NOT_ASSESSABLE, reason=sample.blocked)
    here, nearest = _covering(sample.segments, region.chrom, region.start, region.end, arms)
    here = here[here["copies"].notna()]
    if here.empty:
        why = "no segment with a copy ratio covers the region or its arm"
        return give(NOT_ASSESSABLE, reason=_needs_purity(sample, region, rules) or why)
    stated = 1.0
    if sample.mode == GIVEN:
        stated = stated_share(sample.segments, region.chrom, region.start, region.end)
        if not stated:
            why = "no entered segment with whole copies covers the region"
            return give(NOT_ASSESSABLE, reason=_needs_purity(sample, region, rules) or why)
    weight = _weights(here)
    change = _change(event.direction, rules, sample.base)
    cells = _cells(here, change)
    fraction = round(float(weight @ cells["at"]), DIGITS)
    top = here.iloc[int(np.argmax(weight))]
    # Copies of the tumour alone: a germline change of the matched normal is taken off.
    somatic = here["copies"].to_numpy(dtype=float) - here["unchanged"].to_numpy() + sample.base
    copies = float(weight @ somatic)
    evidence = f"{SEGMENTS_FILE} {region.chrom}:{region.start}-{region.end}{_source(here)}"
    measure = sample.measures[sample.measures["region"] == region.name]
    more = _interval(sample, fraction, float(weight @ cells["low"]), float(weight @ cells["high"]))
    more |= {
        "copies": float(weight @ here["copies"].to_numpy(dtype=float)),
        "total_copies": top["total_copies"],
        "minor_copies": top["minor_copies"],
    }
    if len(measure):
        seen = measure.iloc[0]
        count, sites = int(seen["window_targets"]), int(seen["window_het_sites"])
        least = _detectable(sample, change, count, sites, seen["window_het_depth"], rules)
        more |= {"minimal_detectable_fraction": least, "targets": count, "het_sites": sites}
    by_ratio = 0.0
    if fraction == 0 and abs(change) == 1:
        depth = measure.iloc[0]["window_het_depth"] if len(measure) else float("nan")
        by_ratio = _by_ratio(sample, here, weight, copies, change, depth, rules)
        if by_ratio >= rules["min_clonal_fraction"]:
            fraction = by_ratio
            more |= _interval(sample, fraction, *_ratio_interval(sample, here, weight, copies, change))
    extent = _extent(sample, region, here, change, arms, rules) if fraction > 0 else ""
    value = _value(here, weight, more["copies"], fraction, nearest, sample, extent)
    more["extent"] = extent
    if by_ratio and fraction == by_ratio:
        value += "; by the copy ratio of the segment, whose state is the unchanged one"
    if fraction >= rules["min_clonal_fraction"]:
        # entered segments over a part of the region speak for that part alone
        why = (
            _uncovered(stated, rules)
            if round(fraction * stated, DIGITS) < rules["min_clonal_fraction"]
            else ""
        )
        return give(NOT_ASSESSABLE if why else PRESENT, value, why, evidence=evidence, **more)
    why = _why_not_absent(sample, event, here, weight, copies, change, rules)
    if sample.mode == GIVEN and round(float(weight @ cells["high"]), DIGITS) >= rules["min_clonal_fraction"]:
        why = why or _needs_purity(sample, region, rules)
    return give(NOT_ASSESSABLE if why else ABSENT, value, why, evidence, **more)


def _ratio_error(sample: _Sample, here: pd.DataFrame, weight: np.ndarray) -> float:
    """Standard error (log2) of the main segment's level."""
    targets = here.iloc[int(np.argmax(weight))]["targets"]
    return standard_error(sample.noise, int(targets) if pd.notna(targets) else 0, sample.scatter)


def _by_ratio(
    sample: _Sample, here, weight, copies: float, change: int, depth: float, rules: Mapping[str, Any]
) -> float:
    """Clonal fraction of a change of one copy in segments whose best state has none; 0 when it is not shown.

    A state must outweigh its own rarity, an event of a region that was asked for must not: it is shown as it
    is said to be detectable (`detectable_fraction`), by the ratio and the alleles together, with alleles nearer
    to it than to none. Only for one segment with known alleles of a genome that the matched normal shares;
    `depth`: of its heterozygous sites.
    """
    toward = (copies - sample.base) / change
    if toward <= 0 or len(here) != 1 or here["germline"].any() or here["minor_fraction"].isna().any():
        return 0.0
    fraction = min(1.0, toward)
    minor = sample.base // 2 - (1 if change < 0 else 0)
    level, share = expected(
        sample.purity, sample.base + change, minor, fraction, sample.base, sample.base // 2
    )
    flat, _ = expected(sample.purity, sample.base, sample.base // 2, 1.0, sample.base, sample.base // 2)
    moved = abs(np.log2(level / flat)) / _ratio_error(sample, here, weight)
    seen = here.iloc[0]
    evidence = moved**2 / 2
    if depth > 0 and seen["het_sites"] > 0:
        # no more than the change explains: a stronger imbalance is another event
        shift = 0.5 - max(float(seen["minor_fraction"]), float(share))
        width = np.hypot(0.5 / np.sqrt(depth), rules["minor_fraction_error"])
        evidence += float(seen["het_sites"]) * allele_evidence(max(0.0, shift), width)
    off = float(seen["minor_fraction"]) <= (0.5 + float(share)) / 2
    z = rules["detection_z"]
    return fraction if off and moved >= z / 2 and evidence >= z**2 / 2 else 0.0


def cell_states(segment: Mapping[str, Any]) -> list[tuple[float, float, float]]:
    """(total copies, minor copies, share of the tumour cells) of the two kinds of cells of a row of SEGMENTS, the changed
    first; one kind where all cells are alike. Copies that are not known: NaN."""
    names = ("total_copies", "minor_copies", "other_total_copies", "other_minor_copies", "clonal_fraction")
    values = (segment[name] for name in names)
    total, minor, other, other_minor, fraction = (np.nan if pd.isna(v) else float(v) for v in values)
    fraction = 1.0 if np.isnan(fraction) else fraction
    rest = round(1 - fraction, DIGITS)
    changed = (total, minor, fraction)
    return [changed, (other, other_minor, rest)] if rest > 0 else [changed]


def share(cells: Iterable[tuple[float, float, float]], has: Callable[[float, float], bool]) -> float:
    """Share of the tumour cells whose (total, minor) copies `has` says yes to; `cells` from cell_states."""
    return round(sum(part for total, minor, part in cells if has(total, minor)), DIGITS)


def _ratio_interval(sample: _Sample, here, weight, copies: float, change: int) -> tuple[float, float]:
    """95 % interval of that fraction from the error of the ratio."""
    mean = sample.purity * copies + 2 * (1 - sample.purity)
    ends = mean * 2 ** (np.array([-1.96, 1.96]) * _ratio_error(sample, here, weight))
    shares = np.sort((ends - 2 * (1 - sample.purity)) / sample.purity - sample.base) / change
    return tuple(np.clip(np.sort(shares), 0, 1))


def _cells(here: pd.DataFrame, change: int) -> pd.DataFrame:
    """Share of tumour cells with the event per segment, and its interval (at, low, high)."""
    total = here["total_copies"].astype("float64")
    other = here["other_total_copies"].astype("float64")
    return cell_shares(here, _has(total, change, here["unchanged"]), _has(other, change, here["unchanged"]))


def cell_shares(here: pd.DataFrame, hit: pd.Series, other: pd.Series) -> pd.DataFrame:
    """Share of cells when the changed cells have the event (`hit`), and the other ones (`other`), for each row of SEGMENTS:
    `at` with its interval `low`, `high`. For one row: cell_states and share."""
    hit, other = hit.fillna(False).astype(float), other.fillna(False).astype(float)
    made = {}
    own = here["clonal_fraction"].astype("float64")
    for name, column in (("at", "clonal_fraction"), ("low", "clonal_low"), ("high", "clonal_high")):
        fraction = here[column].astype("float64").fillna(own).fillna(1.0)
        # 1 - 0.8 is not 0.2 for a computer, and the limit is 0.2
        made[name] = (hit * fraction + other * (1 - fraction)).round(DIGITS)
    low, high = np.minimum(made["low"], made["high"]), np.maximum(made["low"], made["high"])
    return pd.DataFrame({"at": made["at"], "low": low, "high": high})


def _interval(sample: _Sample, fraction: float, low: float, high: float) -> dict[str, float]:
    """The clonal fraction with its interval; a share of the tumour is as unsure as the tumour's own share."""
    if fraction <= 0:
        return {"clonal_fraction": 0.0, "clonal_low": None, "clonal_high": None}
    if sample.mode == GIVEN:
        return {"clonal_fraction": round(fraction, 3), "clonal_low": None, "clonal_high": None}
    least, most = min(fraction, low), max(fraction, high)
    return {
        "clonal_fraction": round(fraction, 3),
        "clonal_low": round(max(0.0, least * sample.purity / sample.purity_high), 3),
        "clonal_high": round(min(1.0, most * sample.purity / max(sample.purity_low, 0.01)), 3),
    }


def _extent(sample: _Sample, region, here: pd.DataFrame, change: int, arms, rules) -> str:
    """arm, focal or partial: the run of changed segments of the arm around the region."""
    of_arm = arms[overlaps(arms, region.chrom, region.start, region.end)]
    if of_arm.empty:
        return ""
    arm = of_arm.iloc[0]
    same = sample.segments[overlaps(sample.segments, arm.chrom, arm.start, arm.end)]
    same = same[same["copies"].notna()].sort_values("start", kind="stable")
    hit = (_cells(same, change)["at"] >= rules["min_clonal_fraction"]).to_numpy()
    run = (np.diff(hit.astype(int), prepend=0) != 0).cumsum()
    inside = same.index.isin(here.index) & hit
    if not inside.any():
        return ""
    return _reach(sample, same[np.isin(run, run[inside])], same, arm, rules)


def _reach(sample: _Sample, changed: pd.DataFrame, listed: pd.DataFrame, arm, rules) -> str:
    """arm: over `arm_min_fraction` of the covered length; focal: not longer than `focal_max_bases`.

    Entered segments over too little of the arm (a list of changed ones alone) are measured by the arm itself.
    """
    length = (changed["end"] - changed["start"] + 1).sum()
    whole = (listed["end"] - listed["start"] + 1).sum()
    if sample.mode == GIVEN and whole < rules["min_covered"] * (arm.end - arm.start + 1):
        whole = arm.end - arm.start + 1
    if length >= rules["arm_min_fraction"] * whole:
        return "arm"
    return "focal" if length <= rules["focal_max_bases"] else "partial"


def _value(here, weight, copies, fraction, nearest, sample: _Sample, extent: str = "") -> str:
    top = here.iloc[int(np.argmax(weight))]
    parts = [f"{copies:.2f} copies"]
    if pd.notna(top["total_copies"]):
        minor = f", minor {int(top['minor_copies'])}" if pd.notna(top["minor_copies"]) else ""
        parts.append(f"state total {int(top['total_copies'])}{minor}")
    parts.append(f"clonal fraction {fraction:.2f}")
    if extent:
        parts.append({"arm": "whole arm", "focal": "focal", "partial": "part of the arm"}[extent])
    if top["germline"]:
        level = here.iloc[int(np.argmax(weight))]["germline_copies"]
        parts.append(
            f"germline: the matched normal has {int(level)} copies here, only a change from them counts"
        )
    elif extent == "focal" and sample.mode == "tumour_only":
        parts.append("without a normal: a germline copy-number variant is not excluded")
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
    if sample.mode == GIVEN:
        region = event.region
        gap = rules["max_gap_bases"]
        return _uncovered(stated_share(sample.segments, region.chrom, region.start, region.end, gap), rules)
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
    if toward >= limit and not _explained(here, weight, change):
        return f"{copies:.2f} copies lie between no change and the event: neither is supported"
    return _deviates(sample, seen, here, weight, change)


def _needs_purity(sample: _Sample, region, rules) -> str:
    """Why a share of all cells (FACETS cf) does not decide an event without the purity; "" where none stands there."""
    if sample.mode != GIVEN:
        return ""
    here = sample.segments[overlaps(sample.segments, region.chrom, region.start, region.end)]
    here = here[here["clonal_low"].notna() & here["clonal_low"].lt(here["clonal_high"])]
    if here.empty:
        return ""
    return (
        f"the segment is in {here['clonal_low'].min():.2f} of all cells, below {rules['min_clonal_fraction']:g}: its share "
        f"of the tumour cells needs the purity (samples.tsv){_source(here)}"
    )


def stated_share(segments: pd.DataFrame, chrom: str, start: int, end: int, gap: int = 0) -> float:
    """Share of a place that segments with whole copies cover.

    A gap of at most `gap` bases between two unchanged segments counts as covered, unless the whole place lies in
    it. Never one between changed segments: a list of changed segments leaves out what lies between two of them.
    """
    mine = segments[(segments["chrom"] == chrom) & segments["total_copies"].notna()]
    spans: list[tuple[int, int]] = []
    listed, before = 0, None
    for row in mine.sort_values("start", kind="stable").itertuples():
        listed += max(0, min(end, row.end) - max(start, row.start) + 1)
        plain = _unchanged(row)
        near = before is not None and plain and before and row.start - spans[-1][1] - 1 <= gap
        spans.append((spans[-1][1] + 1 if near else row.start, row.end))
        before = plain
    if not listed:
        return 0.0
    covered = sum(max(0, min(end, high) - max(start, low) + 1) for low, high in spans)
    return covered / (end - start + 1)


def _unchanged(row) -> bool:
    """Does the segment have the copies of an unchanged cell, in all cells, with both alleles as far as known?"""
    same = row.total_copies == row.unchanged and (
        pd.isna(row.minor_copies) or row.minor_copies == row.unchanged // 2
    )
    return bool(same and (pd.isna(row.clonal_fraction) or row.clonal_fraction == 1))


def _uncovered(share: float, rules) -> str:
    """Why a change of a place cannot be judged from entered segments; "" when it can."""
    if share >= rules["min_covered"]:
        return ""
    return f"entered segments cover {share:.0%} of it, {rules['min_covered']:.0%} are needed"


def _source(here: pd.DataFrame) -> str:
    """File and line of the entered segments; "" for segments that were called here."""
    named = [s for s in here["entered_from"] if isinstance(s, str) and s] if "entered_from" in here else []
    return f" ({'; '.join(named[:3])}{'; ...' if len(named) > 3 else ''})" if named else ""


def _explained(here, weight, change: int) -> bool:
    """Does the main state explain the copies without the event (a gain of 3 where 4 are asked for)?"""
    top = here.iloc[int(np.argmax(weight))]
    total, unchanged = top["total_copies"], top["unchanged"]
    return pd.notna(total) and total != unchanged and not _has(total, change, unchanged)


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


def _call_cnloh(sample: _Sample, name: str, arms, regions, rules):
    """Copy-neutral LOH of an arm, or of one of its abnormality regions: no minor copy, none lost."""
    limit, share = rules["min_clonal_fraction"], rules["cnloh_min_arm_fraction"]
    threshold = (
        f"minor copies 0 and total >= {sample.base} in >= {limit:g} of the tumour cells, over >= {share:.0%} "
        "of the arm's targets or one of its regions"
    )

    def give(state, value="", reason="", **more):
        evidence = f"{SEGMENTS_FILE} {name}" if value else ""
        return _row(sample, f"cnloh_{name}", "copy_number", state, value, threshold, reason, evidence, **more)

    if sample.blocked:
        return give(NOT_ASSESSABLE, reason=sample.blocked)
    arm = arms[(arms["chrom"].map(bare) + arms["arm"]) == name]
    if arm.empty:
        return give(NOT_ASSESSABLE, reason="no such arm in reference.arms")
    arm = arm.iloc[0]
    here, _ = _covering(sample.segments, arm.chrom, arm.start, arm.end, arms)
    here = here[here["copies"].notna()]
    if here.empty:
        return give(NOT_ASSESSABLE, reason="no segment with a copy ratio covers the arm")
    weight, cells = _weights(here), _loh_cells(here)
    known = here["minor_copies"].notna().to_numpy()
    hit = (cells["at"] >= limit).to_numpy()
    of_arm, unknown = float(weight[hit].sum()), float(weight[~known].sum())
    covered = 1.0
    if sample.mode == GIVEN:
        covered = stated_share(sample.segments, arm.chrom, arm.start, arm.end, rules["max_gap_bases"])
    if sample.mode == GIVEN and _uncovered(covered, rules):
        of_arm, unknown = of_arm * covered, unknown * covered
    parts = regions[regions["kind"].eq("copy_number") & overlaps(regions, arm.chrom, arm.start, arm.end)]
    focal = {row.name: _loh_at(sample, row, arms) for row in parts.itertuples()}
    lost = [region for region, fraction in focal.items() if fraction >= limit]
    more = _cnloh_numbers(sample, name, here, weight, cells, hit, rules)
    said = f"{of_arm:.0%} of the arm's targets" + (f"; regions {', '.join(lost)}" if lost else "")
    value = f"{said}; clonal fraction {more['clonal_fraction']:.2f}"
    if of_arm >= share or lost:
        more["extent"] = _reach(sample, here[hit], here, arm, rules) if hit.any() else "focal"
        return give(PRESENT, value, **more)
    unseen = [region for region, fraction in focal.items() if np.isnan(fraction)]
    least = more["minimal_detectable_fraction"]
    if sample.mode == GIVEN:
        why = _uncovered(covered, rules)
        if why:
            return give(NOT_ASSESSABLE, value, why, **more)
    elif least is None or least > limit:
        shown = "no" if least is None or least == float("inf") else f"{least:.2f}"
        why = (
            f"smallest detectable clonal fraction {shown} is above {limit:g} ({more['het_sites'] or 0} "
            f"heterozygous sites, purity {sample.purity:.2f})"
        )
        return give(NOT_ASSESSABLE, value, why.replace("fraction no is", "fraction: none is"), **more)
    if of_arm + unknown >= share or unseen:
        where = f" ({', '.join(unseen)})" if unseen else ""
        return give(
            NOT_ASSESSABLE, value, f"{unknown:.0%} of the arm without allele fractions{where}", **more
        )
    return give(ABSENT, value, **more)


def _loh_cells(here: pd.DataFrame) -> pd.DataFrame:
    """Share of tumour cells without a minor copy and with no copy lost."""
    total, minor = here["total_copies"].astype("float64"), here["minor_copies"].astype("float64")
    other, other_minor = here["other_total_copies"], here["other_minor_copies"]
    hit = (minor == 0) & (total >= here["unchanged"])
    rest = (other_minor.astype("float64") == 0) & (other.astype("float64") >= here["unchanged"])
    return cell_shares(here, hit, rest)


def _loh_at(sample: _Sample, region, arms) -> float:
    """Share of tumour cells with copy-neutral LOH at a region; NaN where its alleles are not known."""
    if sample.mode == GIVEN and not stated_share(sample.segments, region.chrom, region.start, region.end):
        return float("nan")
    here, _ = _covering(sample.segments, region.chrom, region.start, region.end, arms)
    here = here[here["copies"].notna() & here["minor_copies"].notna()]
    return round(float(_weights(here) @ _loh_cells(here)["at"]), DIGITS) if len(here) else float("nan")


def _cnloh_numbers(sample: _Sample, name: str, here, weight, cells, hit, rules) -> dict[str, Any]:
    made = dict.fromkeys(("minimal_detectable_fraction", "targets", "het_sites"))
    inside = weight * hit
    inside = inside / inside.sum() if inside.sum() else np.zeros(len(here))
    made |= _interval(sample, *(float(inside @ cells[column]) for column in ("at", "low", "high")))
    top = here.iloc[int(np.argmax(inside if hit.any() else weight))]
    made |= {
        "total_copies": top["total_copies"],
        "minor_copies": top["minor_copies"],
        "copies": top["copies"],
    }
    measure = sample.measures[(sample.measures["kind"] == "arm") & (sample.measures["region"] == name)]
    if len(measure):
        seen = measure.iloc[0]
        made |= {"targets": int(seen["window_targets"]), "het_sites": int(seen["window_het_sites"])}
        made["minimal_detectable_fraction"] = detectable_loh(
            sample.purity, sample.base, rules["detection_z"], made["het_sites"], seen["window_het_depth"],
            rules["minor_fraction_error"],
        )  # fmt: skip
    return made


def detectable_loh(
    purity: float, base: int, z: float, sites: int, depth: float, allele_error: float
) -> float:
    """Smallest clonal fraction of a copy-neutral LOH that `sites` heterozygous sites of `depth` show; inf if none.

    Shown: expected log likelihood ratio of z^2 / 2, and a shift of z / 2 systematic errors.
    """
    if not (sites and depth > 0 and purity > 0):
        return float("inf")
    width = np.hypot(0.5 / np.sqrt(depth), allele_error)
    for fraction in np.arange(0.01, 1.0001, 0.01):
        _, share = expected(purity, base, 0, fraction, base, base // 2)
        moved = 0.5 - float(share)
        if moved >= z / 2 * allele_error and sites * allele_evidence(moved, width) >= z**2 / 2:
            return float(np.round(fraction, 2))
    return float("inf")


def _call_chromosome(sample: _Sample, chromosome: str, name: str, change: int, arms, rules):
    """Gain or loss of a whole chromosome, by the rule of hyperdiploidy."""
    share = rules["hyperdiploid_min_length_fraction"]
    word, sign = ("gained", ">") if change > 0 else ("lost", "<")
    threshold = f"{word} ({sign} {sample.base} copies) over > {share:g} of the length in informative arms"

    def give(state, value="", reason="", **more):
        evidence = f"{SEGMENTS_FILE} chromosome {chromosome}" if value else ""
        return _row(sample, name, "ploidy", state, value, threshold, reason, evidence, **more)

    if sample.blocked:
        return give(NOT_ASSESSABLE, reason=sample.blocked)
    rows = _informative(sample.segments, chromosome, arms)
    least = rules["min_clonal_fraction"]
    part = changed_share(rows, change, least)
    if part is None:
        return give(NOT_ASSESSABLE, reason="no segment with copies covers the chromosome")
    cells = _cells(rows, change)
    hit = (cells["at"] >= least).to_numpy()
    length = np.where(hit, rows["covered"], 0).astype(float)
    length = length / length.sum() if length.sum() else length
    more = _interval(sample, *(float(length @ cells[column]) for column in ("at", "low", "high")))
    measure = _arm_measures(sample, chromosome, arms)
    more["minimal_detectable_fraction"] = _detectable_over(sample, measure, rules, change)
    if len(measure):
        more |= {"targets": measure["window_targets"].sum(), "het_sites": measure["window_het_sites"].sum()}
    value = f"{word} over {part:.0%} of the informative length; clonal fraction {more['clonal_fraction']:.2f}"
    if sample.base != 2:
        value += f"; genome doubled: against {sample.base} copies"
    # a list of changed segments alone says nothing of the rest of the chromosome
    cover = _informative_share(rows, chromosome, arms) if sample.mode == GIVEN else 1.0
    why = _uncovered(cover, rules) if sample.mode == GIVEN else ""
    if part > share and (not why or part * cover > share):
        return give(PRESENT, value, **more)
    if sample.mode == GIVEN:
        if why:
            return give(NOT_ASSESSABLE, value, why, **more)
    elif more["minimal_detectable_fraction"] > least:
        return give(NOT_ASSESSABLE, value, "such a change of the chromosome would not have shown", **more)
    toward = float(np.average(rows["copies"] - rows["unchanged"], weights=rows["covered"])) / change
    if toward >= least and not hit.any():
        return give(NOT_ASSESSABLE, value, "copies lie between no change and the event", **more)
    return give(ABSENT, value, **more)


def _call_doubling(sample: _Sample, rules):
    need = rules["doubling_min_margin"]
    threshold = f"base of four copies, at log odds >= {need:g} against two"

    def give(state, value="", reason=""):
        evidence = "results/calls/purity.tsv" if value else ""
        return _row(sample, DOUBLING, "ploidy", state, value, threshold, reason, evidence)

    if sample.blocked:
        return give(NOT_ASSESSABLE, reason=sample.blocked)
    if sample.mode == GIVEN:
        value = f"base {sample.base} copies, ploidy {sample.ploidy:.2f}, from the entered copies"
        return give(PRESENT if sample.base == 4 else ABSENT, value)
    if sample.status != "resolved":
        return give(
            NOT_ASSESSABLE, reason="purity and ploidy are unresolved: a doubled genome looks the same"
        )
    value = f"base {sample.base} copies, ploidy {sample.ploidy:.2f}, log odds {sample.margin:.1f}"
    if not sample.margin >= need:
        return give(NOT_ASSESSABLE, value, "doubled and not doubled explain the segments about as well")
    return give(PRESENT if sample.base == 4 else ABSENT, value)


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
        state = _call_chromosome(sample, name, f"trisomy{name}", 1, arms, rules)["state"]
        if state == PRESENT:
            gained.append(name)
        elif state == NOT_ASSESSABLE:
            unknown.append(name)
    value = f"{len(gained)} gained" + (f": {', '.join(gained)}" if gained else "")
    if sample.base != 2:
        value += f"; genome doubled: against {sample.base} copies"
    if len(gained) >= need:
        return give(PRESENT, value)
    if len(gained) + len(unknown) >= need:
        return give(NOT_ASSESSABLE, value, f"no statement on chromosomes {', '.join(unknown)}")
    return give(ABSENT, value)


def changed_share(rows: pd.DataFrame, change: int, least: float) -> float | None:
    """Share of the `covered` length that is changed by `change` copies or more in `least` of the cells."""
    if rows.empty:
        return None
    hit = _cells(rows, change)["at"] >= least
    return float(rows["covered"][hit].sum() / rows["covered"].sum())


def _informative(segments: pd.DataFrame, chromosome: str, arms) -> pd.DataFrame:
    """Called segments in the informative arms of a chromosome, with the bases `covered` of them."""
    of = arms[(arms["chrom"].map(bare) == bare(chromosome)) & (arms["informative"] == "yes")]
    parts = []
    for arm in of.itertuples():
        here = segments[overlaps(segments, arm.chrom, arm.start, arm.end) & segments["total_copies"].notna()]
        length = here["end"].clip(upper=arm.end) - here["start"].clip(lower=arm.start) + 1
        parts.append(here.assign(covered=length.astype(float)))
    return pd.concat(parts, ignore_index=True) if parts else segments.iloc[0:0].assign(covered=0.0)


def _informative_share(rows: pd.DataFrame, chromosome: str, arms) -> float:
    """Share of a chromosome's informative arms that its segments cover."""
    of = arms[(arms["chrom"].map(bare) == bare(chromosome)) & (arms["informative"] == "yes")]
    length = float((of["end"] - of["start"] + 1).sum())
    return float(rows["covered"].sum()) / length if length else 0.0


def _arm_measures(sample: _Sample, chromosome: str, arms) -> pd.DataFrame:
    of = arms[(arms["chrom"].map(bare) == bare(chromosome)) & (arms["informative"] == "yes")]
    names = {f"{bare(arm.chrom)}{arm.arm}" for arm in of.itertuples()}
    return sample.measures[(sample.measures["kind"] == "arm") & sample.measures["region"].isin(names)]


def _detectable_over(sample: _Sample, measures: pd.DataFrame, rules, change: int) -> float:
    if measures.empty:
        return float("inf")
    targets, sites = int(measures["window_targets"].sum()), int(measures["window_het_sites"].sum())
    return _detectable(sample, change, targets, sites, measures["window_het_depth"].mean(), rules)


def _powered(sample: _Sample, chromosome: str, arms, rules) -> bool:
    """Would a gain of the whole chromosome at the minimal clonal fraction have been seen?"""
    least = _detectable_over(sample, _arm_measures(sample, chromosome, arms), rules, 1)
    return least <= rules["min_clonal_fraction"]
