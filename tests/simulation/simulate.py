"""Simulated cohorts with a known effect, analysed by the product's own functions: docs/simulation.tsv.

`make simulate` (10,000 replicates a cell, about 20 minutes of one core). A cell that stands in the table with the same seed and
number of replicates is not made again; `--again` makes all. Each cell has its own random numbers, whatever the order.
"""

import argparse
import datetime
import functools
import math
import os
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from scipy.optimize import brentq
from scipy.stats import binom, chi2

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "workflow/scripts"))

from myeloma import association, flow, groups, survival, tables  # noqa: E402
from myeloma.imwg import RANK  # noqa: E402
from myeloma.states import EARLY  # noqa: E402

TABLE, TEXT = PROJECT / "docs/simulation.tsv", PROJECT / "docs/simulation.md"
MARK = "<!-- tables: written by tests/simulation/simulate.py -->"
SEED, REPLICATES = 20261124, 10_000
SIZES, FREQUENCIES = (20, 40, 80), (0.1, 0.3, 0.5)
EARLY_SHARE = 0.6  # of the compared patients: 12 + 8, 24 + 16, 48 + 32
ODDS_RATIOS = {"none": 1.0, "moderate": 1 / 3, "strong": 1 / 9}  # early over poor: an adverse abnormality
HAZARD_RATIOS = {"none": 1.0, "moderate": 1.75, "strong": 3.0}
MEDIAN_DAYS = 274.0  # of time to progression without the abnormality: 9 months
FOLLOW_UP_DAYS = (183.0, 730.0)  # uniform: accrual over a year and a half, cut half a year later
COLUMNS = ["part", "n", "frequency", "effect", "quantity", "value", "standard_error", "goal", "met", "replicates", "seed"]  # fmt: skip

exact_test = functools.lru_cache(maxsize=None)(association.exact_test)


@dataclass(frozen=True)
class Cell:
    part: str
    n: int
    frequency: float
    effect: str

    def key(self) -> tuple:
        return self.part, self.n, self.frequency, self.effect


# ---------------------------------------------------------------- what is held against a goal


def share(name: str, hits, goal: str = "") -> tuple:
    """A proportion of replicates with its Monte-Carlo standard error. goal: at_least_95, at_most_5, 93_to_98, "" shown only."""
    hits = np.asarray(hits, dtype=float)
    value = float(hits.mean()) if len(hits) else math.nan
    error = float(hits.std() / math.sqrt(len(hits))) if len(hits) else math.nan
    return name, value, error, goal


def met(value: float, error: float, goal: str) -> str:
    """Goals of the comparison: exact intervals cover at least 95 % and tests reject at most 5 %, less and plus two
    Monte-Carlo standard errors; profile intervals cover 93 to 98 %."""
    checks: dict[str, Callable[[], bool]] = {
        "at_least_95": lambda: value >= 0.95 - 2 * error,
        "at_most_5": lambda: value <= 0.05 + 2 * error,
        "93_to_98": lambda: 0.93 <= value <= 0.98,
    }
    return "" if not goal else ("yes" if checks[goal]() else "no")


def number(name: str, values) -> tuple:
    """Median of a quantity; not judged."""
    values = np.asarray(values, dtype=float)
    return name, float(np.median(values)) if len(values) else math.nan, math.nan, ""


# ---------------------------------------------------------------- early against poor: the exact test


def frequencies(frequency: float, odds_ratio: float) -> tuple[float, float]:
    """Carrier frequency of early and of poor responders with this odds ratio and this frequency over both."""

    def early(poor: float) -> float:
        odds = odds_ratio * poor / (1 - poor)
        return odds / (1 + odds)

    poor = brentq(lambda p: EARLY_SHARE * early(p) + (1 - EARLY_SHARE) * p - frequency, 1e-9, 1 - 1e-9)
    return early(poor), poor


def odds_ratios(cell: Cell, replicates: int, rng: np.random.Generator) -> list[tuple]:
    """Coverage, width and error of `association.exact_test`."""
    truth = ODDS_RATIOS[cell.effect]
    early = round(EARLY_SHARE * cell.n)
    p_early, p_poor = frequencies(cell.frequency, truth)
    a, c = rng.binomial(early, p_early, replicates), rng.binomial(cell.n - early, p_poor, replicates)
    made = [exact_test(int(i), early, int(j), cell.n - early) for i, j in zip(a, c, strict=True)]
    ratio, low, high, p, smallest = (
        np.array([getattr(m, name) for m in made])
        for name in ("odds_ratio", "ci_low", "ci_high", "p", "smallest_p")
    )
    told = ~np.isnan(ratio)
    covered = (low <= truth) & (truth <= high)
    with np.errstate(divide="ignore"):
        width = np.where(low > 0, high / np.where(low > 0, low, 1), math.inf)
    rejected = "rejected: type-I error" if cell.effect == "none" else "rejected: power"
    return [
        share("coverage", covered, "at_least_95"),
        share("coverage where both carriers and non-carriers", covered[told], "at_least_95"),
        number("width: upper over lower limit, median", width),
        number("width where both limits are finite", width[np.isfinite(width)]),
        share("interval open on one side", ~np.isfinite(width) & told),
        share("estimate infinite or 0", (ratio == 0) | np.isinf(ratio)),
        share("no carrier or only carriers: no estimate", ~told),
        share("described only: p cannot fall below 0.05", smallest >= 0.05),
        number("estimate, median", ratio[told]),
        share(rejected, p < 0.05, "at_most_5" if cell.effect == "none" else ""),
    ]


def rates(cell: Cell, replicates: int, rng: np.random.Generator) -> list[tuple]:
    """Coverage of `association.clopper_pearson`, summed over the binomial distribution: nothing is drawn."""
    x = np.arange(cell.n + 1)
    limits = np.array([association.clopper_pearson(int(k), cell.n) for k in x])
    weight = binom.pmf(x, cell.n, cell.frequency)
    covered = (limits[:, 0] <= cell.frequency) & (cell.frequency <= limits[:, 1])
    width = float((weight * (limits[:, 1] - limits[:, 0])).sum())
    return [
        ("coverage", float((weight * covered).sum()), 0.0, "at_least_95"),
        ("width, mean", width, math.nan, ""),
    ]


# ---------------------------------------------------------------- time to progression by abnormality


def hazards(cell: Cell, replicates: int, rng: np.random.Generator) -> list[tuple]:
    """Coverage, width and error of `survival.hazard_ratio`; exponential times in whole days, independent censoring."""
    truth = HAZARD_RATIOS[cell.effect]
    made, events, carrier_events, few = [], [], [], []
    for _ in range(replicates):
        carrier = rng.random(cell.n) < cell.frequency
        hazard = math.log(2) / MEDIAN_DAYS * np.where(carrier, truth, 1.0)
        progression = np.ceil(rng.exponential(1 / hazard))
        censored = np.ceil(rng.uniform(*FOLLOW_UP_DAYS, cell.n))
        event = (progression <= censored).astype(int)
        made.append(survival.hazard_ratio(np.minimum(progression, censored), event, carrier))
        events.append(event.sum())
        carrier_events.append(event[carrier].sum())
        few.append(min(event[carrier].sum(), event[~carrier].sum()) == 0)
    names = ("hazard_ratio", "ci_low", "ci_high", "log_rank_chi2", "log_rank_p")
    ratio, low, high, statistic, p = (np.array([getattr(m, name) for m in made]) for name in names)
    told, penalised = ~np.isnan(ratio), np.array([m.method == "Firth" for m in made])
    covered = (low <= truth) & (truth <= high)
    expected = cell.n * cell.frequency >= 5 and np.mean(events) >= 5
    none = cell.effect == "none"
    rejected = "type-I error" if none else "power"
    width = high[told] / low[told]
    return [
        share("coverage", covered[told], "93_to_98" if expected else ""),
        share("coverage, Cox", covered[told & ~penalised]),
        share("coverage, Firth", covered[told & penalised]),
        number("width: upper over lower limit, median", width),
        number("estimate, median", ratio[told]),
        share("penalised", penalised),
        share("no event on one side: Cox estimate infinite or 0, Firth finite", np.array(few) & told),
        share("limit infinite", np.isinf(high[told]) | (low[told] == 0)),
        share("no estimate, said so", ~told),
        ("events, mean", float(np.mean(events)), math.nan, ""),
        ("events of carriers, mean", float(np.mean(carrier_events)), math.nan, ""),
        share(f"log-rank p < 0.05: {rejected}", p < 0.05, "at_most_5" if none else ""),
        share(f"chi-square p of the log-rank < 0.05 (not used): {rejected}", chi2.sf(statistic, 1) < 0.05),
        share(f"profile interval leaves out 1: {rejected}", told & ((low > 1) | (high < 1))),
    ]  # fmt: skip


# ---------------------------------------------------------------- the primary family

#: Frequency over both groups; those of SIGNALS differ between the groups, and what lies inside them with them.
FAMILY = {"del17p": 0.2, "t(4;14)": 0.15, "t(14;16)": 0.05, "gain1q": 0.4, "del1p32": 0.15,
          "MYC_rearrangement": 0.2, "RAS_RAF_mutation": 0.5, "CRBN_pathway": 0.1}  # fmt: skip
SIGNALS = ("del17p", "gain1q")
INSIDE = {"amp1q": ("gain1q", 0.4), "biallelic_TP53": ("del17p", 0.5)}
#: Hyperdiploid: of patients without and with an IGH translocation.
HYPERDIPLOID = (0.55, 0.05)


def draw_family(size: int, effect: str, early: bool, replicates: int, rng) -> dict[str, np.ndarray]:
    """abnormality -> replicates x patients; amp1q lies within gain1q, biallelic TP53 within del17p, hyperdiploidy
    keeps apart from the translocations."""
    drawn = {}
    for name, frequency in FAMILY.items():
        ratio = ODDS_RATIOS[effect] if name in SIGNALS else 1.0
        p = frequencies(frequency, ratio)[0 if early else 1]
        drawn[name] = rng.random((replicates, size)) < p
    for name, (outer, part) in INSIDE.items():
        drawn[name] = drawn[outer] & (rng.random((replicates, size)) < part)
    moved = drawn["t(4;14)"] | drawn["t(14;16)"]
    drawn["hyperdiploidy"] = rng.random((replicates, size)) < np.where(moved, *HYPERDIPLOID[::-1])
    return drawn


def tested_family(drawn, sizes: tuple[int, int], effect: str) -> pd.DataFrame:
    """One row per replicate and abnormality: p and whether it enters the FDR; each replicate is a family."""
    rows = []
    for name in drawn[0]:
        a, c = (d[name].sum(axis=1) for d in drawn)
        true = effect != "none" and (name in SIGNALS or name in INSIDE)
        for replicate, (i, j) in enumerate(zip(a, c, strict=True)):
            made = exact_test(int(i), sizes[0], int(j), sizes[1])
            tested = "yes" if made.smallest_p < 0.05 else "no"
            rows.append((replicate, name, true, made.p, tested, f"primary {replicate}"))
    return pd.DataFrame(rows, columns=["replicate", "abnormality", "true", "p", "tested", "family"])


def families(cell: Cell, replicates: int, rng: np.random.Generator) -> list[tuple]:
    """False discoveries of the primary family: `exact_test` and `false_discovery`."""
    early = round(EARLY_SHARE * cell.n)
    sizes = (early, cell.n - early)
    drawn = [
        draw_family(s, cell.effect, side, replicates, rng)
        for s, side in zip(sizes, (True, False), strict=True)
    ]
    frame = tested_family(drawn, sizes, cell.effect)
    frame["found"] = association.false_discovery(frame) < 0.05
    frame["false"] = frame["found"] & ~frame["true"]
    frame["p_only"] = ~frame["true"] & (frame["p"] < 0.05)
    by = frame.groupby("replicate")[["found", "false", "p_only"]].sum()
    rate = (by["false"] / by["found"].clip(lower=1)).to_numpy()
    quantities = [
        share("false discovery rate", rate, "at_most_5"),
        share("any false discovery", by["false"] > 0),
        share("any p < 0.05 of a true null, before the FDR", by["p_only"] > 0),
        ("abnormalities tested, mean", float((frame["tested"] == "yes").sum() / replicates), math.nan, ""),
    ]
    if cell.effect != "none":
        found = frame[frame["true"]].groupby("abnormality")["found"]
        quantities += [share(f"{name} found: power", hits) for name, hits in found]
    return quantities


# ---------------------------------------------------------------- survival by response: naive against landmark

C1D1 = datetime.date(2021, 3, 1)
POOL = 48_000  # patients that the cohorts are drawn from
SERUM = {"baseline": 30.0, "PR": 12.0, "SD": 29.0, "PD": 60.0}  # g/L


def visit_days(last: int) -> list[int]:
    """Days after C1D1: every cycle of 21 to day 105, then every 56."""
    return [*range(21, 106, 21), *range(161, last + 1, 56)]


def draw_patients(number: int, rng: np.random.Generator) -> tuple[list[dict], list[dict]]:
    """Rows of patients and assessments. 60 % respond after one or two cycles, if they have not progressed before;
    progression does not know of the response."""
    patients, rows = [], []
    for i in range(number):
        name = f"P{i}"
        onset = int(rng.choice([21, 42])) if rng.random() < 0.6 else None
        progression = rng.exponential(MEDIAN_DAYS / math.log(2))
        cut = rng.uniform(*FOLLOW_UP_DAYS)
        patients.append({"patient": name, "c1d1": C1D1})
        level = {0: "baseline"}
        days = visit_days(800)
        for k, day in enumerate(days):
            if day > cut:
                break
            level[day] = "PD" if day >= progression else "PR" if onset is not None and day >= onset else "SD"
            if k and level.get(days[k - 1]) == "PD":
                break  # the visit that confirmed it
        for day, word in level.items():
            date = C1D1 + datetime.timedelta(days=day)
            rows.append({"patient": name, "date": date, "serum_m_g_l": SERUM[word], "urine_m_mg_24h": 50.0, "evaluable": ""})  # fmt: skip
    return patients, rows


@functools.cache
def pool(number: int, seed: int) -> tuple[pd.DataFrame, int]:
    """One row a patient, from the product's response, endpoints and flow: naive group, landmark group, days, event."""
    rng = np.random.default_rng([seed, 77])
    config = yaml.safe_load((PROJECT / "config/config.yaml").read_text())
    landmark = config["groups"]["landmark_days"]
    rules = {"definition": "A", "landmark_days": landmark, "rule_set": "trial"}
    parts = []
    for _ in range(0, number, 1000):
        patients, rows = draw_patients(1000, rng)
        made = groups.assess(pd.DataFrame(patients), pd.DataFrame(rows), config)
        response = tables.conform(made["response"], tables.RESPONSE)
        times = tables.conform(made["endpoints"], tables.ENDPOINTS)
        told = [{"patient": p["patient"], "c1d1": str(C1D1), "deviation": "", "qualifying_abnormality": ""} for p in patients]  # fmt: skip
        where = flow.build(told, tables.empty(tables.SAMPLES), [], tables.empty(tables.QC), response, times, tables.empty(tables.ABNORMALITIES), rules)  # fmt: skip
        main = times[(times["endpoint"] == "TTP") & (times["rule_set"] == "trial")]
        frame = response.merge(main[["patient", "days", "event"]], on="patient")
        frame["responder"] = frame["best_confirmed_response"].map(RANK).fillna(-1) >= RANK["PR"]
        frame["in_landmark"] = frame["patient"].isin(flow.members(where, "landmark"))
        parts.append(frame[["responder", "landmark_group", "in_landmark", "days", "event"]])
    everybody = pd.concat(parts, ignore_index=True).dropna(subset=["days", "event"])
    return everybody.assign(patient=[f"P{i}" for i in range(len(everybody))]), landmark


def landmarks(cell: Cell, replicates: int, rng: np.random.Generator, size: int = POOL) -> list[tuple]:
    """Responders against others from C1D1, and early against poor from the landmark: response changes nothing here."""
    everybody, landmark = pool(size, SEED)
    chosen = everybody["landmark_group"].where(everybody["in_landmark"])
    later = survival._from_landmark(
        everybody, dict(zip(everybody["patient"], chosen, strict=True)), landmark, 30.4375
    )
    days, event, responder = (everybody[c].to_numpy() for c in ("days", "event", "responder"))
    time = np.full(len(everybody), math.nan)
    time[later.index] = later["time"]
    early = (everybody["landmark_group"] == EARLY).to_numpy()
    naive, fair, left = [], [], []
    for _ in range(replicates):
        who = rng.choice(len(everybody), cell.n, replace=False)
        naive.append(survival.hazard_ratio(days[who], event[who].astype(int), responder[who]))
        still = who[~np.isnan(time[who])]
        fair.append(survival.hazard_ratio(time[still], event[still].astype(int), early[still]))
        left.append(len(still) / cell.n)
    rows = []
    for name, made, goal in (("naive", naive, ""), ("landmark", fair, "at_most_5")):
        p = np.array([m.log_rank_p for m in made])
        ratio = np.array([m.hazard_ratio for m in made])
        rows.append(share(f"{name}: log-rank p < 0.05: type-I error", p < 0.05, goal))
        rows.append(number(f"{name}: hazard ratio of responders, median", ratio[~np.isnan(ratio)]))
        rows.append(share(f"{name}: no estimate, said so", np.isnan(ratio)))
    return [*rows, ("patients in the landmark analysis, mean share", float(np.mean(left)), math.nan, "")]


# ---------------------------------------------------------------- the table

PARTS = {"odds_ratio": odds_ratios, "rate": rates, "family": families, "hazard_ratio": hazards, "landmark": landmarks}  # fmt: skip


def cells() -> list[Cell]:
    made = [Cell("odds_ratio", n, f, e) for n in SIZES for f in FREQUENCIES for e in ODDS_RATIOS]
    made += [Cell("rate", n, f, "none") for n in SIZES for f in FREQUENCIES]
    made += [Cell("hazard_ratio", n, f, "none") for n in (20, 40) for f in FREQUENCIES]
    made += [Cell("family", n, math.nan, e) for n in SIZES for e in ODDS_RATIOS]
    made += [Cell("landmark", 40, math.nan, "none")]
    made += [Cell("hazard_ratio", 80, f, "none") for f in FREQUENCIES]
    made += [Cell("landmark", n, math.nan, "none") for n in (20, 80)]
    made += [
        Cell("hazard_ratio", n, f, e) for e in ("strong", "moderate") for n in SIZES for f in FREQUENCIES
    ]
    return made


def run(cell: Cell, replicates: int = REPLICATES, seed: int = SEED) -> pd.DataFrame:
    """Rows of one cell."""
    rng = np.random.default_rng([seed, zlib.crc32(repr(cell.key()).encode())])
    rows = []
    for quantity, value, error, goal in PARTS[cell.part](cell, replicates, rng):
        rows.append([*cell.key(), quantity, value, error, goal, met(value, error, goal), replicates, seed])
    return pd.DataFrame(rows, columns=COLUMNS)


def read(path: Path = TABLE) -> pd.DataFrame:
    if not path.exists():
        return pd.DataFrame(columns=COLUMNS)
    return pd.read_csv(
        path, sep="\t", keep_default_na=False, na_values=["nan"], dtype={"goal": str, "met": str}
    )


def name_of(part, n, frequency, effect) -> str:
    return f"{part} n={n} f={'-' if math.isnan(frequency) else frequency} {effect}"


def write(frame: pd.DataFrame, path: Path) -> None:
    in_order = sorted(
        cells(),
        key=lambda c: (list(PARTS).index(c.part), c.n, c.frequency, list(ODDS_RATIOS).index(c.effect)),
    )
    order = {name_of(*cell.key()): i for i, cell in enumerate(in_order)}
    place = [
        order[name_of(*key)] for key in frame[["part", "n", "frequency", "effect"]].itertuples(index=False)
    ]
    frame = frame.iloc[np.argsort(place, kind="stable")]
    new = path.with_suffix(".new")
    frame.to_csv(new, sep="\t", index=False, float_format="%.5g", na_rep="nan")
    os.replace(new, path)


#: Tables of docs/simulation.md: part -> (heading, column -> beginning of the quantity's name).
SHOWN = {
    "odds_ratio": ("Odds ratio, early over poor", {
        "coverage": "coverage", "width (upper / lower)": "width: upper", "width if finite": "width where", "open on one side": "interval open",
        "estimate 0 or infinite": "estimate inf", "no estimate": "no carrier", "described only": "described",
        "p < 0.05": "rejected",
    }),
    "rate": ("Rates (Clopper-Pearson)", {"coverage": "coverage", "width": "width"}),
    "hazard_ratio": ("Hazard ratio, carriers over others", {
        "coverage": "coverage", "of Cox": "coverage, Cox", "of Firth": "coverage, Firth", "width (upper / lower)": "width: upper", "penalised": "penalised",
        "Cox infinite or 0": "no event on", "no estimate": "no estimate", "events": "events, mean", "of carriers": "events of", "log-rank p < 0.05": "log-rank",
        "chi-square p < 0.05 (not used)": "chi-square", "interval leaves out 1": "profile",
    }),
    "family": ("Primary family", {
        "FDR": "false discovery", "any false discovery": "any false", "any p < 0.05 of a true null": "any p", "tested": "abnormalities",
        "del17p found": "del17p", "gain1q found": "gain1q", "amp1q found": "amp1q", "biallelic TP53 found": "biallelic",
    }),
    "landmark": ("Survival by response, no effect", {
        "responders v others from C1D1, p < 0.05": "naive: log-rank", "hazard ratio, median": "naive: hazard",
        "landmark, p < 0.05": "landmark: log-rank", "landmark hazard ratio, median": "landmark: hazard", "share in it": "patients in",
    }),
}  # fmt: skip


def describe(frame: pd.DataFrame) -> str:
    """The tables of docs/simulation.md; a value that is held to a goal is bold, with `!` where it misses it."""
    lines = []
    for part, (heading, columns) in SHOWN.items():
        rows = frame[frame["part"] == part]
        with_frequency = rows["frequency"].notna().any()
        head = ["n", *(["frequency"] if with_frequency else []), "effect", *columns]
        lines += ["", f"## {heading}", "", "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
        for key, cell in rows.groupby(["n", "frequency", "effect"], sort=False, dropna=False):
            line = [f"{key[0]}", *([f"{key[1]:g}"] if with_frequency else []), key[2]]
            for start in columns.values():
                found = cell[cell["quantity"].str.startswith(start)]
                line.append(_shown(found.iloc[0]) if len(found) else "")
            lines.append("| " + " | ".join(line) + " |")
    return "\n".join(lines) + "\n"


def _shown(row: pd.Series) -> str:
    value = float(row["value"])
    text = "infinite" if math.isinf(value) else "" if math.isnan(value) else f"{value:.3g}"
    if not math.isnan(float(row["standard_error"])):
        text = "" if math.isnan(value) else f"{value:.4f}" if row["goal"] else f"{value:.3f}"
    return text if not row["goal"] else f"**{text}**" + ("!" if row["met"] == "no" else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=REPLICATES)
    parser.add_argument("--out", type=Path, default=TABLE)
    parser.add_argument("--again", action="store_true", help="make also the cells that stand in the table")
    options = parser.parse_args()
    done = pd.DataFrame(columns=COLUMNS) if options.again else read(options.out)
    done = done[(done["seed"] == SEED) & (done["replicates"] == options.replicates)]
    have = {name_of(*key) for key in done[["part", "n", "frequency", "effect"]].itertuples(index=False)}
    for cell in cells():
        if name_of(*cell.key()) not in have:
            made = run(cell, options.replicates)
            done = made if not len(done) else pd.concat([done, made], ignore_index=True)
            write(done, options.out)
            if options.out == TABLE:
                TEXT.write_text(TEXT.read_text().split(MARK)[0] + MARK + "\n" + describe(read()))
            failed = made.loc[made["met"] == "no", "quantity"].tolist()
            print(name_of(*cell.key()), "goals not met:" if failed else "goals met", *failed, flush=True)


if __name__ == "__main__":
    main()
