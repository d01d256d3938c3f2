"""For the statistician: Table 1, response and time to event by presence, checks of the primary family, and the rest.

Each table is a table of results/comparison in words; nothing is computed here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from myeloma import multiplicity
from myeloma.effects import GENES
from myeloma.report import words
from myeloma.report.cells import Cell, Table, table

MEASURES = {
    "ORR": "PR or better",
    "VGPR": "VGPR or better",
    "CR": "CR or sCR",
    "alive at data cut": "Alive at data cut",
}
VARIABLES = {
    "age": "Age",
    "sex": "Sex",
    "iss": "ISS stage",
    "prior_lines": "Prior lines",
    "qualifying_abnormality": "Qualifying abnormality",
    "height_cm": "Height (cm)",
    "weight_kg": "Weight (kg)",
}
COMPARISONS = {"dna": "tumour DNA", "rna": "tumour RNA"}
DETECTABLE = "Detectable"
#: Effects shown in the page; all of them are in the table's file.
MOST_EFFECTS = 200
MOST_PAIRS = 300
NUMERIC = ("p", "q", "Permutation p", "Not assessable")


def chapter(seen: Mapping[str, pd.DataFrame], config: Mapping) -> dict[str, Any]:
    """The tables of the chapter, by the name the template gives them."""
    rules = config["comparison"]
    primary = rules["primary_family"]
    return {
        "table1": _table1(seen["table1"], "group"),
        "sampled": [_table1(seen["table1"], assay) for assay in COMPARISONS],
        "response": response(seen["response_by_abnormality"], primary),
        "survival": survival(seen["survival_by_abnormality"], primary),
        "checks": checks(seen["abnormalities_by_group"], seen["adjusted"], rules["permutations"]),
        "sensitivity": sensitivity(seen["sensitivity"], primary),
        "interactions": interactions(seen["interactions"]),
        "pairs": pairs(seen["cooccurrence"]),
        "burden": burden(seen["burden_by_group"]),
        "effects": effects(seen["effect_sizes"]),
        "infinite": infinite(seen["abnormalities_by_group"]),
        "families": families(seen["effect_sizes"], seen["expression_early_vs_poor"], rules["alpha"]),
        "rules": rules,
    }


def _place(name: str, primary: Sequence[str]) -> tuple[int, str]:
    """The primary family in its order, then the others by name."""
    return (primary.index(name) if name in primary else len(primary), name)


def permutation_p(p, permutations: int) -> str:
    """Two digits; "< 1/n" where no permutation reached the observed table."""
    if words.missing(p):
        return ""
    if permutations and p <= 1.000001 / (permutations + 1):
        return f"< 1/{permutations}"
    return words.p_value(p)


def _sortable(text: str, value) -> Cell:
    return Cell(text, None if words.missing(value) else float(value))


def _p(value) -> Cell:
    return _sortable(words.p_value(value), value)


def _ratio(row, name: str, low: str = "ci_low", high: str = "ci_high") -> Cell:
    value, limits = getattr(row, name), (getattr(row, low), getattr(row, high))
    return _sortable(words.ratio_interval(value, *limits), value)


def _label(name: str, kind: str = "") -> Cell:
    return Cell(words.abnormality(name, kind), None, "", "lesion")


# Table 1


def _table1(frame: pd.DataFrame, comparison: str) -> Table:
    rows = frame[frame["comparison"] == comparison]
    of = COMPARISONS.get(comparison)
    caption = f"Patients with and without usable {of}" if of else "Patients at baseline by response group"
    heads = ["With", "Without"] if of else ["Early responders", "Poor responders"]
    made = [
        [
            _variable(row),
            *(_side(row, side) for side in ("first", "second")),
            f"{row.first_missing}, {row.second_missing}",
            _sortable("" if words.missing(row.smd) else f"{row.smd:.2f}", row.smd),
            row.note,
        ]
        for row in rows.itertuples()
    ]
    difference = f"Standardised difference ({heads[0].lower()} minus {heads[1].lower()})"
    columns = ["Variable", *heads, "Missing", difference, "Note"]
    return table(f"table1-{comparison}", caption, columns, made, [difference])


def _variable(row) -> str:
    name = VARIABLES.get(row.variable) or words.group(row.variable)
    if not row.level:
        return name
    lesion = row.variable == "qualifying_abnormality"
    return f"{name}: {words.abnormality(row.level) if lesion else row.level}"


def _side(row, side: str) -> str:
    known = getattr(row, f"{side}_known")
    if row.kind == "number":
        middle, low, high = (getattr(row, f"{side}_{part}") for part in ("median", "q1", "q3"))
        told = f"{words.number(middle)} ({words.number(low)}-{words.number(high)})"
        return f"{told}, n {known}" if known else "0 patients"
    count = getattr(row, f"{side}_count")
    if words.missing(count) or not known:
        return "0 of 0"
    return f"{count} of {known} ({words.percent(count / known, known)} %)"


# By presence of each abnormality


def response(frame: pd.DataFrame, primary: Sequence[str]) -> Table:
    """Rates, alive at the cut and survival at months, carriers beside non-carriers; the primary family first."""
    order = {name: i for i, name in enumerate(MEASURES)}
    rows = sorted(
        frame.itertuples(),
        key=lambda r: (_place(r.abnormality, primary), order.get(r.measure, len(order)), r.measure),
    )
    made = [
        [
            _label(row.abnormality, row.kind),
            MEASURES.get(row.measure, row.measure),
            _rate(row, "carrier"),
            _rate(row, "non_carrier"),
            _points(row),
            _ratio(row, "odds_ratio"),
            _p(row.p),
            _p(row.q),
            _detectable(row),
            row.not_assessable,
            row.note,
        ]
        for row in rows
    ]
    columns = ["Abnormality", "Measure", "With it", "Without it", f"Difference (points, {words.level()})", f"Odds ratio ({words.level()})",
               "p", "q", DETECTABLE, "Not assessable", "Note"]  # fmt: skip
    return table(
        "response-by-abnormality",
        "Response over the whole study and survival by presence of each abnormality",
        columns,
        made,
        NUMERIC,
    )


def _rate(row, side: str) -> str:
    n, x = getattr(row, f"{side}s"), getattr(row, f"{side}_with")
    fraction, low, high = (getattr(row, f"{side}_{part}") for part in ("fraction", "low", "high"))
    if not words.missing(x):
        told = words.share(x, n, (low, high)) if n else "0 of 0"
        lost, unseen = getattr(row, f"{side}_lost"), getattr(row, f"{side}_not_evaluable")
        more = [] if words.missing(lost) or not lost else [f"{lost} lost to follow-up"]
        more += (
            [] if words.missing(unseen) or not unseen else [f"{unseen} not evaluable, counted as no response"]
        )
        untold = getattr(row, f"{side}_not_known")
        more += [] if words.missing(untold) or not untold else [f"response of {untold} more not known"]
        return "; ".join([told, *more])
    if words.missing(fraction):
        return f"not known: {n} patients, none followed so long" if n else "0 patients"
    interval = (
        ""
        if words.missing(low)
        else f", {words.level()} interval {words.percent(low, n)}-{words.percent(high, n)}"
    )
    return f"{words.percent(fraction, n)} %{interval}; {getattr(row, f'{side}_at_risk')} of {n} at risk"


def _points(row) -> Cell:
    """A difference of two shares in percentage points."""
    if words.missing(row.difference):
        return Cell("")
    told = f"{100 * row.difference:+.0f}"
    if not words.missing(row.difference_low):
        told += f" ({100 * row.difference_low:+.0f} to {100 * row.difference_high:+.0f})"
    return Cell(told, float(row.difference))


def _detectable(row) -> str:
    """What would have been found, beside a result whose interval does not leave out 1."""
    clear = not words.missing(row.ci_low) and (row.ci_low > 1 or row.ci_high < 1)
    told = [
        f"{word} {words.ratio(value)}"
        for word, value in (("below", row.detectable_low), ("above", row.detectable_high))
        if not words.missing(value)
    ]
    return "" if clear else " or ".join(told)


def survival(frame: pd.DataFrame, primary: Sequence[str]) -> Table:
    """Every endpoint by every abnormality: TTP first, and in it the primary family."""
    order = {name: i for i, name in enumerate(("TTP", "PFS", "EFS", "OS"))}
    rows = sorted(
        frame.itertuples(), key=lambda r: (order.get(r.endpoint, len(order)), _place(r.abnormality, primary))
    )
    made = [
        [
            row.endpoint,
            _label(row.abnormality, row.kind),
            f"{row.carriers} ({row.carrier_events})",
            f"{row.non_carriers} ({row.non_carrier_events})",
            _median(row, "carrier"),
            _median(row, "non_carrier"),
            _ratio(row, "hazard_ratio"),
            row.method,
            _p(row.log_rank_p),
            _p(row.q),
            _months(row),
            _detectable(row),
            row.not_assessable,
            row.note,
        ]
        for row in rows
    ]
    columns = ["Endpoint", "Abnormality", "With it (events)", "Without it (events)", "Median with it",
               "Median without it", f"Hazard ratio ({words.level()})", "Model", "p", "q", "Restricted mean, difference",
               DETECTABLE, "Not assessable", "Note"]  # fmt: skip
    return table(
        "survival-by-abnormality", "Time to event by presence of each abnormality", columns, made, NUMERIC
    )


def _median(row, side: str) -> str:
    if not getattr(row, f"{side}s"):
        return ""
    value, low, high = (getattr(row, f"{side}_median_{part}") for part in ("months", "low", "high"))
    if not getattr(row, f"{side}_events"):
        return "not reached"
    return words.median(value, low, high)


def _months(row) -> Cell:
    if words.missing(row.rmst_difference):
        return Cell("")
    interval = (
        "no interval" if words.missing(row.rmst_low) else f"{row.rmst_low:+.1f} to {row.rmst_high:+.1f}"
    )
    told = f"{row.rmst_difference:+.1f} months ({interval}) of {row.rmst_months:.1f}"
    return Cell(told, float(row.rmst_difference))


# The primary family again


def checks(by_group: pd.DataFrame, adjusted: pd.DataFrame, permutations: int) -> Table:
    """p, q, permutation p and the adjusted odds ratio of the primary family."""
    of = {row.abnormality: row for row in adjusted.itertuples()}
    rows = by_group[by_group["abnormality"].isin(of) | (by_group["family"] == "primary")].sort_values("p")
    made = []
    for row in rows.itertuples():
        more = of.get(row.abnormality)
        made.append(
            [
                _label(row.abnormality, row.kind),
                _ratio(row, "odds_ratio"),
                # a p of 1 without an estimate is no result
                "" if words.missing(row.odds_ratio) else _p(row.p),
                _p(row.q),
                _sortable(permutation_p(row.perm_p, permutations), row.perm_p),
                _ratio(more, "odds_ratio") if more else "",
                _p(more.p) if more else "",
                (more.note or f"adjusted for {more.adjusted_for}") if more else "",
            ]
        )
    columns = ["Abnormality", f"Odds ratio ({words.level()})", "p", "q", "Permutation p", f"Adjusted odds ratio ({words.level()})",
               "Adjusted p", "Note"]  # fmt: skip
    caption = "Primary family: exact test, permutation of the group labels, adjustment"
    return table("primary-checks", caption, columns, made, [*NUMERIC, "Adjusted p"])


def infinite(by_group: pd.DataFrame) -> str:
    """How many odds ratios have no finite estimate: counted, because leaving them out would flatter the others."""
    known = by_group["odds_ratio"].dropna()
    ends = int(((known == 0) | (known == float("inf"))).sum())
    none = len(by_group) - len(known)
    return (
        f"Of {words.count(len(by_group), 'abnormality', 'abnormalities')} {ends} have an odds ratio of 0 or infinity (a cell "
        f"of their table is empty) and {none} none (nobody, or everybody, carries it, or a group is empty)."
    )


def sensitivity(frame: pd.DataFrame, primary: Sequence[str]) -> Table:
    """The exact test of the primary family in each analysis, the main one first."""
    rows = sorted(
        frame.itertuples(),
        key=lambda r: (_place(r.abnormality, primary), r.analysis != "main", r.analysis),
    )
    made = [
        [
            _label(row.abnormality),
            row.analysis,
            f"{row.early_present} of {row.early_assessable}",
            f"{row.poor_present} of {row.poor_assessable}",
            _ratio(row, "odds_ratio"),
            _p(row.p),
            row.same_direction,
            row.not_assessable,
            row.note,
            row.how,
        ]
        for row in rows
    ]
    columns = ["Abnormality", "Analysis", "Early", "Poor", f"Odds ratio ({words.level()})", "p", "Same direction",
               "Not assessable", "Note", "What differs"]  # fmt: skip
    return table(
        "primary-sensitivity-table",
        "Primary family under other groups and with fewer patients",
        columns,
        made,
        NUMERIC,
    )


# Exploratory


def interactions(frame: pd.DataFrame) -> Table:
    made = [
        [
            _label(row.abnormality),
            _label(row.known_risk),
            *(
                f"{getattr(row, cell)} ({getattr(row, f'{cell}_events')})"
                for cell in ("both", "abnormality_only", "risk_only", "neither")
            ),
            _ratio(row, "ratio"),
            _p(row.p),
            _p(row.q),
            row.not_assessable,
            row.note,
        ]
        for row in frame.itertuples()
    ]
    columns = ["Abnormality", "Known risk", "Both (events)", "Abnormality only (events)", "Risk only (events)",
               "Neither (events)", f"Ratio of hazard ratios ({words.level()})", "p", "q", "Not assessable", "Note"]  # fmt: skip
    return table("interactions", "Time to progression: interaction with known risk", columns, made, NUMERIC)


def pairs(frame: pd.DataFrame) -> Table:
    made = [
        [
            _label(row.first),
            _label(row.second),
            row.both,
            row.first_only,
            row.second_only,
            row.neither,
            _ratio(row, "odds_ratio"),
            _p(row.p),
            _p(row.q),
            row.not_assessable,
            row.note,
        ]
        for row in frame.sort_values("p", na_position="last", kind="stable").head(MOST_PAIRS).itertuples()
    ]
    columns = ["First", "Second", "Both", "First only", "Second only", "Neither", f"Odds ratio ({words.level()})", "p", "q",
               "Not assessable", "Note"]  # fmt: skip
    counts = ("Both", "First only", "Second only", "Neither")
    shown = f", {MOST_PAIRS} of {len(frame)} by p" if len(frame) > MOST_PAIRS else ""
    return table("cooccurrence", f"Pairs of abnormalities{shown}", columns, made, [*NUMERIC, *counts])


def burden(frame: pd.DataFrame) -> Table:
    made = [
        [
            f"{row.measure} ({row.unit})",
            *(_middle(row, side) for side in ("early", "poor")),
            _shift(row),
            _p(row.p),
            _p(row.q),
            row.not_assessable,
            row.note,
        ]
        for row in frame.itertuples()
    ]
    columns = ["Measure", "Early: median (quartiles)", "Poor: median (quartiles)", f"Shift, early minus poor ({words.level()})",
               "p", "q", "Not assessable", "Note"]  # fmt: skip
    return table("burden-by-group", "Burden of early and poor responders", columns, made, NUMERIC)


def _middle(row, side: str) -> str:
    n = getattr(row, f"{side}_assessable")
    if not n:
        return "0 patients"
    middle, low, high = (words.number(getattr(row, f"{side}_{part}")) for part in ("median", "q1", "q3"))
    return f"{middle} ({low}-{high}), n {n}"


def _shift(row) -> Cell:
    if words.missing(row.shift):
        return Cell("")
    low, high = (_limit(v) for v in (row.ci_low, row.ci_high))
    return Cell(f"{words.number(row.shift)} ({low} to {high})", float(row.shift))


def _limit(value: float) -> str:
    if value in (float("inf"), float("-inf")):
        return words.INFINITE if value > 0 else f"-{words.INFINITE}"
    return words.number(value)


# All effects


def effects(frame: pd.DataFrame) -> Table:
    """Tested effects by p, at most MOST_EFFECTS."""
    tested = frame[(frame["family"] != multiplicity.DESCRIBED) & frame["p"].notna()].sort_values(
        "p", kind="stable"
    )
    made = [
        [
            row.item if row.source != "expression_early_vs_poor" else (row.note or row.item),
            row.measure,
            _sortable(_number(row.estimate), row.estimate),
            "" if words.missing(row.low) else f"{_number(row.low)} to {_number(row.high)}",
            _p(row.p),
            _p(row.q),
            row.family,
            row.n_first,
            row.n_second,
            row.sides,
        ]
        for row in tested.head(MOST_EFFECTS).itertuples()
    ]
    columns = [
        "Item",
        "Measure",
        "Estimate",
        f"{words.level()} interval",
        "p",
        "q",
        "Family",
        "n first",
        "n second",
        "Sides",
    ]
    caption = f"Effects in a family, by p: {min(len(tested), MOST_EFFECTS)} of {len(tested)}"
    return table("effects", caption, columns, made, [*NUMERIC, "Estimate", "n first", "n second"])


def _number(value) -> str:
    if words.missing(value):
        return ""
    return _limit(float(value)) if abs(float(value)) == float("inf") else words.number(value)


def families(frame: pd.DataFrame, genes: pd.DataFrame, alpha: float) -> Table:
    """How many tests each family holds, and how many rows are described only. The table of effects holds the genes with
    the smallest p only, so genes are counted where all of them stand (EXPRESSION)."""
    known = frame[frame["p"].notna() & (frame["source"] != "expression_early_vs_poor")]
    tested = genes[genes["p"].notna()]
    family = tested["q"].notna().map({True: GENES, False: multiplicity.DESCRIBED})
    known = pd.concat([known[["family", "q"]], tested[["q"]].assign(family=family)])
    made = [
        [family or "", len(rows), int((rows["q"] < alpha).sum()) if family != multiplicity.DESCRIBED else ""]
        for family, rows in known.groupby("family", sort=True)
    ]
    columns = ["Family", "Tests", f"q below {alpha:g}"]
    return table(
        "families",
        "Families of tests; of the genes all, not only those in the table of effects",
        columns,
        made,
        columns[1:],
    )
