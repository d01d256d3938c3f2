"""IMWG 2016: the level of each visit, before any confirmation.

Source: Kumar S et al., Lancet Oncol 2016;17:e328-e346 (doi 10.1016/S1470-2045(16)30206-6); choices where
it is silent are in docs/analysis-plan.md, each with its switch in config `response`. All functions are
pure: frames and settings values in, frames out. Units: g/L, mg/24 h, mg/L, percent, mmol/L, mm2.
Limits are compared unrounded; a difference below one part in 10^9 is how a computer writes the number
(0.33 g/dL x 10), not a measurement, and counts as equal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from myeloma.visits import Date, Visit, patient_rows, reliable, visits_of

RESPONSES = ("sCR", "CR", "VGPR", "PR", "MR")
RANK = {"NE": 0, "PD": 1, "SD": 2, "MR": 3, "PR": 4, "VGPR": 5, "CR": 6, "sCR": 7}

#: Column of the quantitative immunoglobulin of each heavy chain (nephelometry or turbidimetry).
IMMUNOGLOBULINS = {"IgG": "igg_g_l", "IgA": "iga_g_l", "IgM": "igm_g_l", "IgD": "igd_g_l"}
NAMES = {
    "serum_m_g_l": ("serum M-protein", "g/L"),
    "immunoglobulin": ("quantitative immunoglobulin", "g/L"),
    "urine_m_mg_24h": ("urine M-protein", "mg/24 h"),
    "dflc": ("dFLC", "mg/L"),
    "marrow_pc_percent": ("marrow plasma cells", "%"),
    "plasmacytoma_spd_mm2": ("plasmacytoma SPD", "mm2"),
    "circulating_pc_per_ul": ("circulating plasma cells", "cells/uL"),
    "calcium_mmol_l": ("calcium", "mmol/L"),
}


# ---------------------------------------------------------------- comparisons, conditions


def at_least(value: float, limit: float) -> bool:
    """value >= limit, unrounded."""
    return value >= limit - 1e-9 * max(1.0, abs(limit))


def above(value: float, limit: float) -> bool:
    """value > limit, strictly, unrounded."""
    return not at_least(limit, value)


def below(value: float, limit: float) -> bool:
    """value < limit, strictly, unrounded."""
    return not at_least(value, limit)


@dataclass(frozen=True)
class Condition:
    """One requirement of a level: True, False, or None when its datum is missing; and the words for it."""

    truth: bool | None
    words: str


def _say(value: float) -> str:
    return f"{value:.10g}"


def _named(name: str, value: float) -> str:
    label, unit = NAMES[name]
    return f"{label} {_say(value)} {unit}"


def _fall(name: str, value: float | None, base: float | None, limit: float) -> Condition:
    """Relative fall from baseline of at least `limit` (fraction)."""
    label = NAMES[name][0]
    if value is None or base is None or base <= 0:
        return Condition(
            None, f"{label} not measured" if value is None else f"{label}: no baseline to compare"
        )
    fall = (base - value) / base
    words = f"{_named(name, value)}, fall {100 * fall:.4g} % from {_say(base)} (limit {100 * limit:.4g} %)"
    return Condition(at_least(fall, limit), words)


def _either(one: Condition, two: Condition) -> Condition:
    """one or two, with missing data: True beats missing, missing beats False."""
    for truth in (True, None, False):
        for condition in (one, two):
            if condition.truth is truth:
                return condition
    raise AssertionError("a condition is True, False or None")


# ---------------------------------------------------------------- baseline and track


TRACKS = ("serum", "immunoglobulin", "urine", "flc", "marrow", "plasmacytoma")


@dataclass(frozen=True)
class Track:
    """What is measurable at baseline. `chain` is the involved light chain, "" unless the FLC track; `heavy`
    the heavy chain followed by its quantitative immunoglobulin, "" unless that track."""

    serum: bool = False
    urine: bool = False
    flc: bool = False
    marrow: bool = False
    plasmacytoma: bool = False
    immunoglobulin: bool = False
    chain: str = ""
    heavy: str = ""

    @property
    def name(self) -> str:
        """Names joined by +, "none" when nothing is measurable."""
        return "+".join(one for one in TRACKS if getattr(self, one)) or "none"

    @property
    def protein(self) -> str:
        """The serum protein that is followed: M-protein, or the immunoglobulin of the involved heavy chain."""
        return "serum_m_g_l" if self.serum else "immunoglobulin" if self.immunoglobulin else ""


def baseline_of(visits: Sequence[Visit], c1d1: Date | None) -> dict[str, Any]:
    """Latest evaluable value on or before C1D1 of each parameter; {} when never treated."""
    base: dict[str, Any] = {}
    for visit in visits:
        if c1d1 is not None and visit.date <= c1d1:
            base |= visit.values
    return base


def ratio_of(values: Mapping[str, Any]) -> float | None:
    """kappa / lambda; infinite when lambda is 0; None when either is missing or both are 0."""
    kappa, lam = values.get("kappa_mg_l"), values.get("lambda_mg_l")
    if kappa is None or lam is None or (kappa == 0 and lam == 0):
        return None
    return float("inf") if lam == 0 else kappa / lam


def track_of(base: Mapping[str, Any], limits: Mapping[str, Any], heavy: str = "") -> Track:
    """Measurability at baseline: serum and urine, else FLC, else marrow, else plasmacytoma (IMWG 2016).

    heavy: heavy chain of the patient. Where the spike is not measurable and the chain is one of
    `immunoglobulin_track`, its quantitative immunoglobulin stands for the serum M-protein.
    """
    serum, urine = base.get("serum_m_g_l"), base.get("urine_m_mg_24h")
    s = serum is not None and at_least(serum, limits["serum_measurable_g_l"])
    u = urine is not None and at_least(urine, limits["urine_measurable_mg_24h"])
    quantity = base.get(IMMUNOGLOBULINS.get(heavy, ""))
    g = not s and heavy in limits["immunoglobulin_track"] and quantity is not None
    g = g and at_least(quantity, limits["immunoglobulin_measurable_g_l"])
    if s or u or g:
        return Track(serum=s, urine=u, immunoglobulin=g, heavy=heavy if g else "")
    ratio = ratio_of(base)
    if ratio is not None:
        high, low = above(ratio, limits["flc_ratio_high"]), below(ratio, limits["flc_ratio_low"])
        chain = "kappa" if high else "lambda" if low else ""
        if chain and at_least(base[f"{chain}_mg_l"], limits["flc_measurable_mg_l"]):
            return Track(flc=True, chain=chain)
    marrow = base.get("marrow_pc_percent")
    if marrow is not None and at_least(marrow, limits["marrow_measurable_percent"]):
        return Track(marrow=True)
    return Track(plasmacytoma=(base.get("plasmacytoma_spd_mm2") or 0) > 0)


def dflc_of(values: Mapping[str, Any], chain: str) -> float | None:
    """Involved minus uninvolved free light chain, the involved one fixed at baseline."""
    kappa, lam = values.get("kappa_mg_l"), values.get("lambda_mg_l")
    if not chain or kappa is None or lam is None:
        return None
    return kappa - lam if chain == "kappa" else lam - kappa


def measured(values: Mapping[str, Any], name: str, track: Track) -> float | None:
    """Value of one marker of NAMES: dFLC and immunoglobulin follow the chain of the track."""
    if name == "dflc":
        return dflc_of(values, track.chain)
    return values.get(IMMUNOGLOBULINS.get(track.heavy, "") if name == "immunoglobulin" else name)


# ---------------------------------------------------------------- levels of one visit


@dataclass
class State:
    """One patient while the visits are walked: baseline, track, values so far, carried marrow and imaging."""

    base: Mapping[str, Any]
    track: Track
    limits: Mapping[str, Any]
    series: dict[str, list[float]] = field(default_factory=dict)
    carried: dict[str, Any] = field(default_factory=dict)

    def start(self, name: str) -> float | None:
        return measured(self.base, name, self.track)

    def nadir(self, name: str, confirmed: bool) -> float | None:
        """Lowest value so far, baseline included. A later value counts as confirmed at the higher of two
        consecutive samples: what both of them reached. Marrow and imaging need no repeat."""
        seen = self.series.get(name, [])
        if confirmed and self.limits["nadir"] == "confirmed":
            seen = [max(pair) for pair in zip(seen, seen[1:], strict=False)]
        start = self.start(name)
        low = [*seen, *([] if start is None else [start])]
        return min(low) if low else None

    def note(self, visit: Visit) -> None:
        """Keep the values of an evaluable visit after baseline for the nadirs of the next."""
        for name in NAMES:
            value = measured(visit.values, name, self.track)
            if value is not None:
                self.series.setdefault(name, []).append(value)


def _rise(
    state: State, name: str, value: float | None, absolute: float, strict=False, confirmed=True
) -> Condition:
    """Relative rise from the nadir of pd_relative_rise and an absolute rise; nadir <= 0: absolute decides."""
    label = NAMES[name][0]
    low = state.nadir(name, confirmed)
    if value is None:
        return Condition(None, f"{label} not measured")
    if low is None:
        return Condition(None, f"{label}: no earlier value to compare")
    rise, relative = value - low, state.limits["pd_relative_rise"]
    enough = above(rise, absolute) if strict else at_least(rise, absolute)
    share = low <= 0 or at_least(rise / low, relative)
    percent = "" if low <= 0 else f" ({100 * rise / low:.4g} %)"
    words = (
        f"{_named(name, value)}, rise {_say(rise)}{percent} from nadir {_say(low)} "
        f"(limits {'> ' if strict else ''}{_say(absolute)} and {100 * relative:.4g} %)"
    )
    return Condition(enough and share, words)


def _serum_high(state: State, value: float | None) -> list[Condition]:
    """From a nadir at or above 50 g/L a rise of 10 g/L is enough without the relative limit."""
    low, limits = state.nadir("serum_m_g_l", True), state.limits
    if value is None or low is None or below(low, limits["pd_serum_high_nadir_g_l"]):
        return []
    rise = value - low
    words = (
        f"{_named('serum_m_g_l', value)}, rise {_say(rise)} from nadir {_say(low)} "
        f"(limit {_say(limits['pd_serum_rise_high_g_l'])} alone)"
    )
    return [Condition(at_least(rise, limits["pd_serum_rise_high_g_l"]), words)]


def _by_image_or_marrow(state: State, visit: Visit) -> list[Condition]:
    """Signs of progression that need no confirmation; only what was looked at."""
    limits, made = state.limits, []
    for name, said in (("new_lesion", "new lesion"), ("imaging_pd", "progression on imaging")):
        if visit.get(name):
            made.append(
                Condition(visit.get(name) == "yes", said if visit.get(name) == "yes" else f"no {said}")
            )
    spd, low = visit.get("plasmacytoma_spd_mm2"), state.nadir("plasmacytoma_spd_mm2", False)
    if spd is not None and low is not None:
        share = limits["pd_plasmacytoma_rise"]
        risen = spd > low and (low <= 0 or at_least((spd - low) / low, share))
        from_to = f"{_named('plasmacytoma_spd_mm2', spd)} from nadir {_say(low)}"
        made.append(Condition(risen, f"{from_to} (limit rise {100 * share:.4g} %)"))
    marrow = visit.get("marrow_pc_percent")
    if state.track.marrow and marrow is not None:
        older, points = limits["pd_marrow_level_percent"], limits["pd_marrow_rise_points"]
        rise = _rise(state, "marrow_pc_percent", marrow, 0 if older else points, confirmed=False)
        level = f"{_named('marrow_pc_percent', marrow)} (limit {_say(older)}, 2006/2011 criteria)"
        made.append(_all([rise, Condition(at_least(marrow, older), level)]) if older else rise)
    return made


def _circulating(state: State, visit: Visit) -> list[Condition]:
    """Plasma cells in blood, only where nothing else is measurable (IMWG 2016)."""
    value, limits = visit.get("circulating_pc_per_ul"), state.limits
    low, least = state.nadir("circulating_pc_per_ul", True), limits["pd_circulating_min_per_ul"]
    if state.track.name != "none" or value is None or low is None:
        return []
    share = limits["pd_circulating_rise"]
    words = (
        f"{_named('circulating_pc_per_ul', value)} from nadir {_say(low)} "
        f"(limits rise {100 * share:.4g} % and {_say(least)})"
    )
    risen = value > low and (low <= 0 or at_least((value - low) / low, share))
    return [Condition(risen and at_least(value, least), words)]


def _biochemical(state: State, visit: Visit) -> list[Condition]:
    """Signs of progression in serum, urine and free light chains, which the next sample must confirm."""
    limits = state.limits
    m, urine = visit.get("serum_m_g_l"), visit.get("urine_m_mg_24h")
    made = [
        _rise(state, "serum_m_g_l", m, limits["pd_serum_rise_g_l"]),
        *_serum_high(state, m),
        _rise(state, "urine_m_mg_24h", urine, limits["pd_urine_rise_mg_24h"]),
        *_circulating(state, visit),
    ]
    if state.track.immunoglobulin:
        quantity = measured(visit.values, "immunoglobulin", state.track)
        made.append(_rise(state, "immunoglobulin", quantity, limits["pd_serum_rise_g_l"]))
    if state.track.flc:
        flc = dflc_of(visit.values, state.track.chain)
        made.append(_rise(state, "dflc", flc, limits["pd_dflc_rise_mg_l"], strict=True))
    calcium, limit = visit.get("calcium_mmol_l"), limits["pd_calcium_mmol_l"]
    if limit and calcium is not None:
        words = f"{_named('calcium_mmol_l', calcium)} (limit > {_say(limit)}, 2006/2011 criteria)"
        made.append(Condition(above(calcium, limit), words))
    return made


def _progression(state: State, visit: Visit) -> tuple[Condition, bool]:
    """Does this visit meet PD, and is it by imaging or marrow (which need no confirmation)?"""
    definite, biochemical = _by_image_or_marrow(state, visit), _biochemical(state, visit)
    for group, sure in ((definite, True), (biochemical, False)):
        met = [c.words for c in group if c.truth]
        if met:
            return Condition(True, "; ".join(met)), sure
    everything = [*definite, *biochemical]
    seen = [c.words for c in everything if c.truth is False]
    return Condition(False if seen else None, "; ".join(seen or [c.words for c in everything])), False


def _urine(
    state: State, visit: Visit, level: str, fall: float | None, under: float | None
) -> list[Condition]:
    """What `level` asks of the urine, by track: measured, known to be low, or not to be had."""
    limits, value = state.limits, visit.get("urine_m_mg_24h")
    base, needed = state.start("urine_m_mg_24h"), level in limits["urine_required_for"]
    measurable = limits["urine_measurable_mg_24h"]
    negative = visit.get("urine_ife") == "negative"
    if value is None and negative:
        return [Condition(True, "urine immunofixation negative")]
    if value is None:
        low_at_start = (base is not None and below(base, measurable)) or (
            base is None and state.base.get("urine_ife") == "negative"
        )
        if not state.track.urine and not needed and low_at_start:
            return [Condition(True, "urine not measured, not measurable at baseline")]
        return [Condition(None, f"urine M-protein not measured, needed for {level}")]
    # Urine that was not measurable at baseline has no fall to show: it must stay below the limit.
    floor = under if under is not None else (None if state.track.urine else measurable)
    low = Condition(False, "")
    if floor is not None:
        words = f"{_named('urine_m_mg_24h', value)} (limit < {_say(floor)})"
        low = Condition(below(value, floor), words)
    if fall is None:
        return [low]
    fell = _fall("urine_m_mg_24h", value, base, fall) if state.track.urine else Condition(False, low.words)
    return [_either(fell, low) if floor is not None else fell]


def _plasmacytoma(state: State, fall: float) -> list[Condition]:
    """Fall of the plasmacytomas present at baseline, by the latest imaging after baseline."""
    base = state.start("plasmacytoma_spd_mm2") or 0
    if base <= 0:
        return []
    value = state.carried.get("plasmacytoma_spd_mm2")
    if value is None:
        return [Condition(None, "plasmacytoma at baseline not imaged again yet")]
    return [_fall("plasmacytoma_spd_mm2", value, base, fall)]


def _mr_bound(limits, level: str, name: str, value, start, limit: str) -> list[Condition]:
    """The printed upper bound of MR (25-49 %, 50-89 %), only with `mr_upper_bounds`."""
    if level != "MR" or not limits["mr_upper_bounds"] or value is None or not start:
        return []
    fall, most = (start - value) / start, limits[limit]
    words = f"{_named(name, value)}, fall {100 * fall:.4g} % (MR: less than {100 * most:.4g} %)"
    return [Condition(below(fall, most), words)]


def _partial(state: State, visit: Visit, level: str) -> list[Condition]:
    """VGPR, PR or MR: the conditions of the track; [] where the track does not define the level."""
    limits, track = state.limits, state.track
    key = level.lower()
    spd = _plasmacytoma(state, limits[f"{key}_plasmacytoma_fall"])
    if track.protein or track.urine:
        made = []
        if track.protein:
            value = measured(visit.values, track.protein, track)
            # the normal immunoglobulin that remains hides a fall of 90 %; beside a spike only a missing number may
            silent = value is None or track.immunoglobulin
            if level == "VGPR" and silent and visit.get("serum_ife") == "negative":
                made.append(Condition(True, "serum immunofixation negative"))
            else:
                start = state.start(track.protein)
                made.append(_fall(track.protein, value, start, limits[f"{key}_serum_fall"]))
                made += _mr_bound(limits, level, track.protein, value, start, "pr_serum_fall")
            if track.urine:
                made += _mr_bound(
                    limits, level, "urine_m_mg_24h", visit.get("urine_m_mg_24h"),
                    state.start("urine_m_mg_24h"), "pr_urine_fall",
                )  # fmt: skip
        fall = {"VGPR": None, "PR": limits["pr_urine_fall"], "MR": limits["mr_urine_fall"]}[level]
        under = {
            "VGPR": limits["vgpr_urine_below_mg_24h"],
            "PR": limits["pr_urine_below_mg_24h"],
            "MR": None,
        }[level]
        return [*made, *_urine(state, visit, level, fall, under), *spd]
    if track.flc:
        limit = limits["mr_dflc_fall"] if level == "MR" else limits[f"{key}_dflc_fall"]
        flc = dflc_of(visit.values, track.chain)
        return [_fall("dflc", flc, state.start("dflc"), limit), *spd] if limit else []
    if track.marrow and level == "PR":
        marrow = state.carried.get("marrow_pc_percent")
        return [
            _fall("marrow_pc_percent", marrow, state.start("marrow_pc_percent"), limits["pr_marrow_fall"]),
            *spd,
        ]
    return spd if track.plasmacytoma else []


def _negative(visit: Visit, name: str, required: bool = True) -> list[Condition]:
    label = name.replace("_ife", " immunofixation")
    value = visit.get(name)
    if not value:
        return [Condition(None, f"{label} not done")] if required else []
    return [Condition(value == "negative", f"{label} {value}")]


def _complete(state: State, visit: Visit, level: str) -> list[Condition]:
    """CR: both immunofixations negative, marrow < 5 %, no plasmacytoma left; FLC track: normal ratio."""
    limits, track = state.limits, state.track
    base_urine = state.start("urine_m_mg_24h")
    low_urine = base_urine is not None and below(base_urine, limits["urine_measurable_mg_24h"])
    urine_needed = level in limits["urine_required_for"] or track.urine or not low_urine
    made = [*_negative(visit, "serum_ife"), *_negative(visit, "urine_ife", urine_needed)]
    if track.serum and visit.get("serum_m_g_l") is not None:
        # A negative immunofixation beside a large spike is a contradiction: the number must fit as well.
        fall = _fall(
            "serum_m_g_l", visit.get("serum_m_g_l"), state.start("serum_m_g_l"), limits["vgpr_serum_fall"]
        )
        made.append(fall)
    if track.urine and visit.get("urine_m_mg_24h") is not None:
        made += _urine(state, visit, level, None, limits["vgpr_urine_below_mg_24h"])
    marrow, most = state.carried.get("marrow_pc_percent"), limits["cr_marrow_below_percent"]
    if marrow is not None:
        words = f"{_named('marrow_pc_percent', marrow)} (limit < {_say(most)})"
        made.append(Condition(below(marrow, most), words))
    elif level in limits["marrow_required_for"]:
        made.append(Condition(None, f"no marrow examined, needed for {level}"))
    if (state.start("plasmacytoma_spd_mm2") or 0) > 0:
        spd = state.carried.get("plasmacytoma_spd_mm2")
        said = (
            "plasmacytoma at baseline not imaged again yet"
            if spd is None
            else _named("plasmacytoma_spd_mm2", spd)
        )
        made.append(Condition(None if spd is None else spd == 0, said))
    return made + (_normal_ratio(visit, limits) if track.flc else [])


def _normal_ratio(visit: Visit, limits: Mapping[str, Any]) -> list[Condition]:
    ratio, low, high = ratio_of(visit.values), limits["flc_ratio_low"], limits["flc_ratio_high"]
    if ratio is None:
        return [Condition(None, "FLC ratio not measured")]
    words = f"FLC ratio {_say(ratio)} (normal {_say(low)} to {_say(high)})"
    return [Condition(at_least(ratio, low) and at_least(high, ratio), words)]


def _stringent(state: State, visit: Visit) -> list[Condition]:
    clonal = state.carried.get("marrow_clonal")
    made = [
        Condition(
            None if not clonal else clonal == "no",
            f"clonal plasma cells in marrow: {clonal or 'not examined'}",
        )
    ]
    ratio = [] if state.track.flc else _normal_ratio(visit, state.limits)
    return [*_complete(state, visit, "CR"), *ratio, *made]


def _all(conditions: Sequence[Condition]) -> Condition:
    """Every condition: one False is False, else one missing is missing; the words of what decides."""
    for truth in (False, None):
        hits = [c.words for c in conditions if c.truth is truth]
        if hits:
            return Condition(truth, "; ".join(hits))
    return Condition(True, "; ".join(c.words for c in conditions))


@dataclass(frozen=True)
class Judged:
    """The level of one visit, the parameter that decided, why when it is NE, and every candidate."""

    level: str
    decided_by: str
    reason: str
    definite_pd: bool
    candidates: tuple[tuple[str, Condition], ...]


def _judge(state: State, visit: Visit) -> Judged:
    """IMWG level of one visit after baseline, before any confirmation."""
    if not visit.evaluable:
        return _not_judged("visit marked not evaluable")
    if not visit.values:
        return _not_judged("nothing measured that the criteria use")
    progression, definite = _progression(state, visit)
    candidates = [("PD", progression)]
    for level in RESPONSES:
        candidates.append((level, _candidate(state, visit, level)))
    found = dict(candidates)
    candidates.append(("SD", _stable(state, progression, found)))
    if progression.truth:
        return Judged("PD", progression.words, "", definite, tuple(candidates))
    if state.track.name == "none":
        reason = "no measurable disease at baseline: only progression can be judged"
        return Judged("NE", "", reason, False, tuple(candidates))
    for level in RESPONSES:
        if found[level].truth:
            missed = [
                f"{up}: {found[up].words}"
                for up in RESPONSES
                if RANK[up] > RANK[level] and found[up].truth is None
            ]
            reason = f"not evaluable for a higher level ({'; '.join(missed)})" if missed else ""
            return Judged(level, found[level].words, reason, False, tuple(candidates))
    unknown = [(level, found[level]) for level in RESPONSES if found[level].truth is None]
    if unknown:
        level, condition = unknown[-1]
        return Judged(
            "NE",
            "",
            f"{level} can be neither shown nor ruled out: {condition.words}",
            False,
            tuple(candidates),
        )
    if progression.truth is None:
        return Judged(
            "NE", "", f"progression cannot be ruled out: {progression.words}", False, tuple(candidates)
        )
    lowest = next(found[level] for level in reversed(RESPONSES) if found[level].words)
    return Judged("SD", lowest.words, "", False, tuple(candidates))


def _not_judged(why: str) -> Judged:
    """A visit of which nothing counts: every candidate level is open."""
    unknown = Condition(None, why)
    return Judged("NE", "", why, False, tuple((level, unknown) for level in ("PD", *RESPONSES, "SD")))


def _stable(state: State, progression: Condition, found: Mapping[str, Condition]) -> Condition:
    """SD: neither PD nor any response, which must both be known."""
    if progression.truth:
        return Condition(False, "the visit meets PD")
    reached = [level for level in RESPONSES if found[level].truth]
    if reached:
        return Condition(False, f"the visit meets {reached[0]}")
    if state.track.name == "none":
        return Condition(None, "no measurable disease at baseline")
    open_levels = [
        level for level in ("PD", *RESPONSES) if (found | {"PD": progression})[level].truth is None
    ]
    if open_levels:
        return Condition(None, f"neither shown nor ruled out: {', '.join(open_levels)}")
    return Condition(True, "no response level and no PD")


def _candidate(state: State, visit: Visit, level: str) -> Condition:
    if state.track.name == "none":
        return Condition(None, "no measurable disease at baseline")
    if level == "sCR":
        return _all(_stringent(state, visit))
    if level == "CR":
        return _all(_complete(state, visit, "CR"))
    conditions = _partial(state, visit, level)
    return (
        _all(conditions)
        if conditions
        else Condition(False, f"{level} is not defined for the {state.track.name} track")
    )


# ---------------------------------------------------------------- levels of all visits

LEVEL_COLUMNS = [
    "patient", "date", "visit", "day", "track", "level", "decided_by", "reason", "definite_pd",
]  # fmt: skip


def levels(
    patients: pd.DataFrame, assessments: pd.DataFrame, limits: Mapping[str, Any]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """IMWG level of every visit, and the audit of every candidate level.

    patients: see `patients_frame`. assessments: normalised units. limits: config section `response`.
    Returns (LEVEL_COLUMNS, one row per patient and day; patient, date, level, verdict, why).
    Raises ValueError for a visit after death or an assessment of an unknown patient.
    """
    rows, audit = [], []
    known = patient_rows(patients)
    for patient, visits in visits_of(assessments).items():
        if patient not in known:
            raise ValueError(f"assessment of patient {patient}, who is not in patients.tsv")
        row = known[patient]
        died = row["death_date"]
        if died is not None and visits[-1].date > died:
            raise ValueError(f"patient {patient}: assessment of {visits[-1].date} after death on {died}")
        _walk(patient, visits, row, limits, rows, audit)
    return (
        pd.DataFrame(rows, columns=LEVEL_COLUMNS),
        pd.DataFrame(audit, columns=["patient", "date", "level", "verdict", "why"]),
    )


_VERDICT = {True: "satisfied", False: "not_satisfied", None: "not_evaluable"}


def _walk(patient: str, visits: Sequence[Visit], person, limits, rows: list, audit: list) -> None:
    c1d1, visits = person["c1d1"], reliable(visits, person)
    base = baseline_of(visits, c1d1)
    state = State(base, track_of(base, limits, person["heavy_chain"]), limits)
    for visit in visits:
        number_of_day = None if c1d1 is None else (visit.date - c1d1).days + 1
        front = [patient, visit.date, visit.label, number_of_day, state.track.name]
        if c1d1 is None:
            rows.append([*front, "NE", "", "never treated: no C1D1, no baseline", False])
            continue
        if visit.date <= c1d1:
            rows.append([*front, "baseline", "", visit.note, False])
            continue
        if visit.evaluable:
            for name in ("marrow_pc_percent", "marrow_clonal", "plasmacytoma_spd_mm2"):
                if visit.get(name) is not None:
                    state.carried[name] = visit.get(name)
        made = _judge(state, visit)
        if visit.evaluable:
            state.note(visit)
        reason = "; ".join(part for part in (made.reason, visit.note) if part)
        rows.append([*front, made.level, made.decided_by, reason, made.definite_pd])
        for level, condition in made.candidates:
            audit.append([patient, visit.date, level, _VERDICT[condition.truth], condition.words])
