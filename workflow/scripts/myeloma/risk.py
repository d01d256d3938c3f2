"""Risk systems as descriptive strata: R-ISS, R2-ISS, IFM score, IMS 2025 high risk, double hit.

The rules stand in resources/risk_systems.tsv with their sources. A component that is not known is never taken as
absent: every possible value is tried, and where they lead to more than one category the patient is NE with the lowest
and the highest of them. All systems were made in newly diagnosed patients.
"""

import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd

from myeloma import levels, survival, tables
from myeloma.flow import members
from myeloma.states import ABSENT, PRESENT

NE = "NE"
ENDPOINTS = ("PFS", "OS")
#: Components that the laboratory tells; every other one is a name of the abnormality table.
ISS, LDH, B2M, CREATININE = "iss", "ldh_high", "b2m_high", "creatinine_low"
CLINICAL = (ISS, LDH, B2M, CREATININE)
#: Carriers of the key carry the value.
IMPLIES = {"amp1q": "gain1q", "biallelic_del1p32": "del1p32"}
COLUMNS = ("system", "kind", "order", "category", "requires", "points", "source")


@dataclass(frozen=True)
class System:
    """One system: categories from the lowest risk on; `rules`: (category, conditions), the one without conditions
    is what remains; or `points` per condition with `lowest` points of each category. A condition is (component, value,
    wanted): the component has that value, or (wanted False) has not."""

    name: str
    categories: tuple[str, ...]
    rules: tuple[tuple[str, tuple[tuple[str, Any, bool], ...]], ...] = ()
    points: tuple[tuple[tuple[str, Any, bool], Decimal], ...] = ()
    lowest: tuple[Decimal, ...] = ()

    @property
    def components(self) -> tuple[str, ...]:
        """Names of what the system needs, in the order of its rules."""
        conditions = [c for _, of_rule in self.rules for c in of_rule] + [c for c, _ in self.points]
        return tuple(dict.fromkeys(name for name, _, _ in conditions))

    def judge(self, values: Mapping[str, Any]) -> tuple[str, Decimal | None]:
        """(category, points or None) where every component is known."""
        if self.points:
            total = sum(
                (points for condition, points in self.points if _holds(condition, values)), Decimal(0)
            )
            at = max(i for i, low in enumerate(self.lowest) if total >= low)
            return self.categories[at], total
        for category, conditions in self.rules:
            if conditions and all(_holds(one, values) for one in conditions):
                return category, None
        return next(category for category, conditions in self.rules if not conditions), None


def _holds(condition: tuple[str, Any, bool], values: Mapping[str, Any]) -> bool:
    name, value, wanted = condition
    return (values[name] == value) is wanted


def _condition(text: str) -> tuple[str, Any, bool]:
    wanted, text = not text.startswith("!"), text.removeprefix("!")
    name, _, value = text.partition("=")
    return name, int(value) if value else True, wanted


def read_systems(path: str) -> list[System]:
    """The systems of a table as resources/risk_systems.tsv; raises ValueError naming file and line for what is no rule."""
    rows: dict[str, list[dict[str, str]]] = {}
    with open(path, encoding="utf-8-sig") as handle:
        header = handle.readline().rstrip("\r\n").split("\t")
        if tuple(header) != COLUMNS:
            raise ValueError(f"{path}:1: the columns must be {', '.join(COLUMNS)}; found {', '.join(header)}")
        for number, line in enumerate(handle, 2):
            cells = line.rstrip("\r\n").split("\t")
            row = dict(zip(COLUMNS, cells, strict=False))
            if len(cells) != len(COLUMNS) or row["kind"] not in ("rule", "points", "category"):
                raise ValueError(
                    f"{path}:{number}: kind must be rule, points or category, in {len(COLUMNS)} columns"
                )
            rows.setdefault(row["system"], []).append(row)
    return [_system(name, of_system) for name, of_system in rows.items()]


def _system(name: str, rows: list[dict[str, str]]) -> System:
    ordered = sorted((r for r in rows if r["category"]), key=lambda r: float(r["order"]))
    categories = tuple(dict.fromkeys(r["category"] for r in ordered))
    rules = tuple(
        (r["category"], tuple(_condition(c) for c in r["requires"].split(" and ") if c))
        for r in rows
        if r["kind"] == "rule"
    )
    points = tuple((_condition(r["requires"]), Decimal(r["points"])) for r in rows if r["kind"] == "points")
    lowest = tuple(Decimal(r["points"]) for r in ordered if r["kind"] == "category")
    return System(name, categories, rules, points, lowest)


# ---------------------------------------------------------------- components


@dataclass(frozen=True)
class Component:
    """Possible values of one component (one: it is known) and where they come from, in words."""

    possible: tuple[Any, ...]
    told: str

    @property
    def known(self) -> bool:
        return len(self.possible) == 1


UNKNOWN = (False, True)


@dataclass(frozen=True)
class Baseline:
    """Values of one patient at baseline: (value, record) or None; `iss` as recorded in patients.tsv or None."""

    iss: int | None = None
    albumin: tuple[float, str] | None = None
    b2m: tuple[float, str] | None = None
    creatinine: tuple[float, str] | None = None
    ldh: tuple[float, str] | None = None


def baseline(
    patient: Any,
    assessments: pd.DataFrame,
    laboratory: pd.DataFrame,
    rules: Mapping[str, Any],
    cut: date | None = None,
) -> Baseline:
    """Latest values on or before C1D1, at most `baseline_days` earlier, known at the data cut.

    patient: iss, c1d1. assessments, laboratory: rows of this patient in the units of the analysis; of one parameter
    the assessments go first. LDH is its ratio to the upper limit. Without C1D1 there is no baseline but the recorded ISS.
    """
    if patient.c1d1 is None:
        return Baseline(iss=patient.iss)
    last = min(patient.c1d1, cut) if cut else patient.c1d1
    first = patient.c1d1 - timedelta(days=rules["baseline_days"])

    def latest(column: str, parameter: str, ratio: bool = False) -> tuple[float, str] | None:
        found = []
        for row in assessments.to_dict("records"):
            if first <= row["date"] <= last and not pd.isna(row[column]):
                found.append(
                    (
                        1,
                        row["date"],
                        float(row[column]),
                        f"assessments {row['date']} {column} {row[column]:g}",
                    )
                )
        for row in laboratory[laboratory["parameter"] == parameter].to_dict("records"):
            limit = row["high_normal"]
            if pd.isna(row["value"]) or row["date"] is None or not first <= row["date"] <= last:
                continue
            if not ratio:
                said = f"laboratory {row['date']} {parameter} {row['value']:g} {row['unit']}"
                found.append((0, row["date"], float(row["value"]), said))
            elif not pd.isna(limit) and limit > 0:
                said = f"laboratory {row['date']} {parameter} {row['value']:g}, upper limit {limit:g}"
                found.append((0, row["date"], float(row["value"]) / float(limit), said))
        best = max(found, key=lambda f: (f[0], f[1]), default=None)
        return best and best[2:]

    return Baseline(
        iss=patient.iss,
        albumin=latest("albumin_g_l", "albumin"),
        b2m=latest("b2m_mg_l", "b2m"),
        creatinine=latest("creatinine_umol_l", "creatinine"),
        ldh=latest("ldh_ratio", "ldh", ratio=True),
    )


def iss_of(values: Baseline, rules: Mapping[str, Any]) -> Component:
    """ISS as recorded, else by albumin and beta-2 microglobulin (Greipp, J Clin Oncol 2005;23:3412); with one of the
    two missing the stages that are left."""
    if values.iss is not None:
        return Component((int(values.iss),), f"ISS {'I' * int(values.iss)} (patients.tsv)")
    b2m, albumin = values.b2m, values.albumin
    thirds = ("low", "middle", "high") if b2m is None else (_third(b2m[0], rules),)
    normals = UNKNOWN if albumin is None else (albumin[0] >= rules["albumin_g_l"],)
    stages = {
        3 if third == "high" else 1 if third == "low" and normal else 2
        for third in thirds
        for normal in normals
    }
    possible = sorted(stages)
    records = "; ".join(v[1] for v in (values.b2m, values.albumin) if v)
    named = " or ".join("I" * stage for stage in possible)
    if not records:
        return Component(
            (1, 2, 3), "ISS not known: not recorded, no albumin and beta-2 microglobulin at baseline"
        )
    return Component(tuple(possible), f"ISS {named} ({records})")


def _third(b2m: float, rules: Mapping[str, Any]) -> str:
    if b2m >= rules["b2m_stage_3_mg_l"]:
        return "high"
    return "low" if b2m < rules["b2m_stage_2_mg_l"] else "middle"


def components(
    values: Baseline, calls: Mapping[str, Mapping[str, str]], names: Iterable[str], rules: Mapping[str, Any]
) -> dict[str, Component]:
    """name -> Component of every name. calls: abnormality -> row of ABNORMALITIES of this patient."""
    found = {}
    for name in names:
        if name == ISS:
            found[name] = iss_of(values, rules)
        elif name == LDH:
            found[name] = _measured(
                values.ldh,
                lambda v: v > 1,
                "LDH above its upper limit",
                "LDH not above its upper limit",
                "LDH",
            )
        elif name == B2M:
            found[name] = _b2m(values, rules)
        elif name == CREATININE:
            limit = rules["creatinine_below_umol_l"]
            found[name] = _measured(values.creatinine, lambda v, m=limit: v < m, f"creatinine below {limit:g} umol/L",
                                    f"creatinine not below {limit:g} umol/L", "creatinine")  # fmt: skip
        else:
            found[name] = _called(name, calls, rules["absolute_copies"])
    return found


def _measured(value: tuple[float, str] | None, test: Any, yes: str, no: str, what: str) -> Component:
    if value is None:
        return Component(UNKNOWN, f"{what} not known at baseline")
    holds = bool(test(value[0]))
    return Component((holds,), f"{yes if holds else no} ({value[1]})")


def _b2m(values: Baseline, rules: Mapping[str, Any]) -> Component:
    """Beta-2 microglobulin of stage III: measured, else what the recorded ISS says of it."""
    limit = rules["b2m_stage_3_mg_l"]
    if values.b2m is None and values.iss is not None:
        return Component(
            (values.iss == 3,), f"beta-2 microglobulin by ISS {'I' * int(values.iss)} (patients.tsv)"
        )
    return _measured(values.b2m, lambda v: v >= limit, f"beta-2 microglobulin {limit:g} mg/L or more",
                     f"beta-2 microglobulin below {limit:g} mg/L", "beta-2 microglobulin")  # fmt: skip


def _called(name: str, calls: Mapping[str, Mapping[str, str]], absolute: Mapping[str, int]) -> Component:
    """present, absent, or both possible; a lesion that contains another decides it where that is not assessable.

    absolute: copies from which a published cut-off counts. A call against the base of a doubled genome has a higher
    limit: it is present above that one too, while absent leaves open whether the published one is reached.
    """
    row = calls.get(name)
    if _above_published(name, calls, absolute):
        return _of_doubled(name, calls, absolute)
    if row is not None and row["state"] in (PRESENT, ABSENT):
        return Component((row["state"] == PRESENT,), f"{name} {row['state']}")
    container, contained = IMPLIES.get(name), [k for k, v in IMPLIES.items() if v == name]
    open_below = container and _above_published(container, calls, absolute)
    if container and calls.get(container, {}).get("state") == ABSENT and not open_below:
        return Component((False,), f"{name} absent, as {container} is")
    for one in contained:
        if calls.get(one, {}).get("state") == PRESENT:
            return Component((True,), f"{name} present, as {one} is")
    return Component(UNKNOWN, f"{name} not assessable")


def _limit_used(row: Mapping[str, str]) -> int:
    """Copies from which the call was made, as its threshold says; 0 where it says none."""
    found = re.match(r"copies >= (\d+)", row.get("threshold") or "")
    return int(found.group(1)) if found else 0


def _above_published(name: str, calls: Mapping[str, Mapping[str, str]], absolute: Mapping[str, int]) -> bool:
    return name in absolute and _limit_used(calls.get(name, {})) > absolute[name]


def _of_doubled(name: str, calls: Mapping[str, Mapping[str, str]], absolute: Mapping[str, int]) -> Component:
    """A component with an absolute cut-off by calls against the base of a doubled genome."""
    for one in (name, IMPLIES.get(name), *(k for k, v in IMPLIES.items() if v == name)):
        row = calls.get(one or "", {})
        if row.get("state") == PRESENT and _limit_used(row) >= absolute[name]:
            return Component(
                (True,), f"{name} present: {_limit_used(row)} copies or more in a doubled genome"
            )
    row = calls[name]
    said = f"{row['state']} in a doubled genome ({_limit_used(row)} copies or more count there)"
    return Component(UNKNOWN, f"{name} {said}, the published limit of {absolute[name]} is absolute")


# ---------------------------------------------------------------- the tables


def stratify(system: System, found: Mapping[str, Component]) -> dict[str, Any]:
    """Category and points of one patient, or NE with the lowest and the highest that are possible."""
    names = system.components
    judged = [
        system.judge(dict(zip(names, values, strict=True)))
        for values in itertools.product(*(found[name].possible for name in names))
    ]
    reached = sorted({system.categories.index(category) for category, _ in judged})
    totals = sorted({points for _, points in judged if points is not None})
    return {
        "system": system.name,
        "category": system.categories[reached[0]] if len(reached) == 1 else NE,
        "lowest": system.categories[reached[0]],
        "highest": system.categories[reached[-1]],
        "points": float(totals[0]) if len(totals) == 1 else math.nan,
        "points_low": float(totals[0]) if totals else math.nan,
        "points_high": float(totals[-1]) if totals else math.nan,
        "components": "; ".join(found[name].told for name in names),
        "missing": ", ".join(name for name in names if not found[name].known),
    }


def by_patient(
    patients: Sequence[Any],
    assessments: pd.DataFrame,
    laboratory: pd.DataFrame,
    abnormalities: pd.DataFrame,
    systems: Sequence[System],
    rules: Mapping[str, Any],
    cut: date | None = None,
) -> pd.DataFrame:
    """RISK: one row per patient and system. rules: section `risk` of the config; the rest as in `baseline`."""
    names = list(dict.fromkeys(name for system in systems for name in system.components))
    calls: dict[str, dict[str, Any]] = {}
    wanted = abnormalities[abnormalities["abnormality"].isin({*names, *IMPLIES, *IMPLIES.values()})]
    for row in wanted.to_dict("records"):
        calls.setdefault(row["patient"], {})[row["abnormality"]] = row
    rows = []
    for patient in patients:
        own = [f[f["patient"] == patient.patient] for f in (assessments, laboratory)]
        found = components(baseline(patient, *own, rules, cut), calls.get(patient.patient, {}), names, rules)
        rows += [{"patient": patient.patient, **stratify(system, found)} for system in systems]
    return tables.conform(pd.DataFrame(rows, columns=tables.RISK.names()), tables.RISK)


def strata(
    risk: pd.DataFrame,
    endpoints: pd.DataFrame,
    flow: pd.DataFrame,
    systems: Sequence[System],
    rules: Mapping,
    rule_set: str,
) -> pd.DataFrame:
    """RISK_STRATA: PFS and OS by category, NE as a stratum of its own that no test looks at. rules: section comparison."""
    main = endpoints[(endpoints["rule_set"] == rule_set) & endpoints["patient"].isin(members(flow, "itt"))]
    main = main.dropna(subset=["months", "event"])
    rows = []
    for system in systems:
        category = dict(
            risk.loc[risk["system"] == system.name, ["patient", "category"]].itertuples(index=False)
        )
        for endpoint in ENDPOINTS:
            of_all = main[main["endpoint"] == endpoint].assign(
                category=lambda f, c=category: f["patient"].map(c)
            )
            if len(of_all):
                rows += _strata(system, endpoint, of_all, rules)
    frame = pd.DataFrame(rows, columns=None if rows else tables.RISK_STRATA.names())
    return tables.conform(frame, tables.RISK_STRATA)


def _strata(system: System, endpoint: str, of_all: pd.DataFrame, rules: Mapping) -> list[dict]:
    known = of_all[of_all["category"] != NE]
    chi, freedom, p = math.nan, 0, math.nan
    if known["category"].nunique() > 1:
        chi, freedom, p = survival.log_rank(known["months"], known["event"].astype(int), known["category"])
    made = []
    for order, category in enumerate((*system.categories, NE), 1):
        own = of_all[of_all["category"] == category]
        head = {
            "system": system.name,
            "endpoint": endpoint,
            "order": order,
            "category": category,
            "patients": len(own),
        }
        tests = {"log_rank_chi2": chi, "degrees_of_freedom": freedom, "log_rank_p": p}
        made.append(head | levels.curve_numbers(own, rules) | tests)
    return made


def of_cohort(
    cohort: Any, settings: Any, abnormalities: pd.DataFrame, flow: pd.DataFrame, systems: Sequence[System]
) -> pd.DataFrame:
    """RISK of the patients of a Cohort that are enrolled (FLOW) on the day of the data cut, by what is known then."""
    cut, enrolled = settings["trial"]["data_cut"], set(members(flow, "enrolled"))
    return by_patient(
        [p for p in cohort.patients if p.patient in enrolled],
        cohort.assessments_frame(settings),
        cohort.sheet_frame(settings, "laboratory"),
        abnormalities,
        systems,
        settings["risk"],
        date.fromisoformat(str(cut)) if cut else None,
    )
