"""What is measurable in each patient, and the course of each marker: the values behind levels and figures.

Measurability: IMWG 2016 (Kumar S et al., Lancet Oncol 2016;17:e328-e346), limits of config `response`.
"""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from myeloma import imwg, tables
from myeloma.visits import patient_rows, reliable, visits_of

#: Marker of a track, by the names of `imwg.NAMES`; calcium and the ratio follow nobody.
FOLLOWS = {
    "serum": "serum_m_g_l",
    "immunoglobulin": "immunoglobulin",
    "urine": "urine_m_mg_24h",
    "flc": "dflc",
    "marrow": "marrow_pc_percent",
    "plasmacytoma": "plasmacytoma_spd_mm2",
}
SHOWN = {name: imwg.NAMES[name] for name in (*FOLLOWS.values(), "circulating_pc_per_ul")}


def tracks(patients: pd.DataFrame, assessments: pd.DataFrame, limits: Mapping[str, Any]) -> pd.DataFrame:
    """TRACKS: one row per patient of `patients`, with or without assessments."""
    seen, rows = visits_of(assessments), []
    for patient, person in patient_rows(patients).items():
        base = imwg.baseline_of(reliable(seen.get(patient, ()), person), person["c1d1"])
        rows.append(_track(patient, person, base, limits))
    return pd.DataFrame(rows, columns=tables.TRACKS.names())


def _track(patient: str, person: Mapping, base: Mapping[str, Any], limits: Mapping[str, Any]) -> dict:
    heavy = person["heavy_chain"]
    track = imwg.track_of(base, limits, heavy)
    quantity = base.get(imwg.IMMUNOGLOBULINS.get(heavy, ""))
    ratio = imwg.ratio_of(base)
    flc = max(base["kappa_mg_l"], base["lambda_mg_l"]) if ratio is not None else None
    abnormal = ratio is not None and (
        imwg.above(ratio, limits["flc_ratio_high"]) or imwg.below(ratio, limits["flc_ratio_low"])
    )
    serum, urine = base.get("serum_m_g_l"), base.get("urine_m_mg_24h")
    marrow, spd = base.get("marrow_pc_percent"), base.get("plasmacytoma_spd_mm2")
    of_list = heavy in limits["immunoglobulin_track"]
    row = {
        "patient": patient,
        "track": track.name,
        "heavy_chain": heavy,
        "involved_chain": track.chain,
        "serum_m_g_l": serum,
        "serum_measurable": _reaches(serum, limits["serum_measurable_g_l"]),
        "immunoglobulin_g_l": quantity,
        "immunoglobulin_measurable": _reaches(quantity, limits["immunoglobulin_measurable_g_l"], of_list),
        "urine_m_mg_24h": urine,
        "urine_measurable": _reaches(urine, limits["urine_measurable_mg_24h"]),
        "involved_flc_mg_l": flc,
        "flc_ratio": ratio if ratio is not None and math.isfinite(ratio) else None,
        "flc_measurable": _reaches(flc, limits["flc_measurable_mg_l"], abnormal),
        "marrow_pc_percent": marrow,
        "marrow_measurable": _reaches(marrow, limits["marrow_measurable_percent"]),
        "plasmacytoma_spd_mm2": spd,
        "plasmacytoma_measurable": "not_measured" if spd is None else "yes" if spd > 0 else "no",
    }
    return row | {"reason": _why(row, person, base)}


def _reaches(value: float | None, limit: float, also: bool = True) -> str:
    if value is None:
        return "not_measured"
    return "yes" if also and imwg.at_least(value, limit) else "no"


def _why(row: Mapping[str, Any], person: Mapping, base: Mapping[str, Any]) -> str:
    if person["c1d1"] is None:
        return "never treated: no C1D1, no baseline"
    if not base:
        return "no evaluable assessment on or before C1D1"
    said = {"yes": "measurable", "no": "not measurable", "not_measured": "not measured"}
    names = [
        name for name in imwg.TRACKS if name != "immunoglobulin" or row["immunoglobulin_g_l"] is not None
    ]
    spike = ["serum M-protein unreliable by patients.tsv"] if person["serum_spike"] == "unreliable" else []
    return "; ".join([*spike, *(f"{name} {said[row[f'{name}_measurable']]}" for name in names)])


def series(patients: pd.DataFrame, assessments: pd.DataFrame, limits: Mapping[str, Any]) -> pd.DataFrame:
    """MARKERS: every value of every marker of the treated, with its baseline, change and nadir.

    Visits marked not evaluable are left out, as they are from baseline and nadir.
    """
    known, rows = patient_rows(patients), []
    for patient, visits in visits_of(assessments).items():
        person = known[patient]
        if person["c1d1"] is not None:
            rows += _series(patient, visits, person, limits)
    return pd.DataFrame(rows, columns=tables.MARKERS.names())


def _series(patient: str, visits, person: Mapping, limits: Mapping[str, Any]) -> list[list]:
    visits = reliable(visits, person)
    base = imwg.baseline_of(visits, person["c1d1"])
    state = imwg.State(base, imwg.track_of(base, limits, person["heavy_chain"]), limits)
    follows = {FOLLOWS[name] for name in state.track.name.split("+") if name in FOLLOWS}
    rows = []
    for visit in visits:
        if not visit.evaluable:
            continue
        after = visit.date > person["c1d1"]
        for name, (label, unit) in SHOWN.items():
            value = imwg.measured(visit.values, name, state.track)
            if value is None:
                continue
            start = state.start(name)
            change = 100 * (value - start) / start if after and start else None
            # marrow and imaging need no repeat (imwg): any of their values is a nadir
            repeat = name not in ("marrow_pc_percent", "plasmacytoma_spd_mm2")
            nadir = state.nadir(name, repeat) if after else None
            day = (visit.date - person["c1d1"]).days + 1
            followed = "yes" if name in follows else "no"
            rows.append([patient, visit.date, day, label, value, unit, followed, start, change, nadir])
        if after:
            state.note(visit)
    return rows
