"""Recall by purity and clonal fraction on simulated tumours: what is there is present or not assessable.

Simulated exomes of each cell of the table in docs/copy-number.md carry one event of each kind at the
clonal fraction of the cell beside five clonal ones; segments and measures have the noise of targets and
reads at 100x (0.15 log2 a target, 60 targets and 40 heterozygous sites an arm). The mixtures are sums over
cells, not the module's formulae.

    PYTHONPATH=workflow/scripts python tests/myeloma/test_copy_cells.py 20     prints the table
"""

import itertools
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from myeloma import copy_events, purity, tables

CONFIG = yaml.safe_load(
    (Path(__file__).resolve().parents[2] / "config/config.yaml").read_text(encoding="utf-8")
)
RULES = CONFIG["copy_number"]
PURITIES, FRACTIONS = (0.9, 0.6, 0.3), (1.0, 0.5, 0.25)
NOISE, TARGETS, SITES, DEPTH = 0.15, 60, 40, 100
ACROCENTRIC = (13, 14, 15, 21, 22)
ARMS = [(c, arm) for c in range(1, 23) for arm in "pq" if not (c in ACROCENTRIC and arm == "p")]
CLONAL = {(13, "q"): (1, 0), (1, "q"): (3, 1), (14, "q"): (1, 0), (9, "q"): (3, 1), (6, "q"): (1, 0)}
#: event -> arm, state of the changed cells
TESTED = {
    "del17p": ((17, "p"), (1, 0)),
    "gain11q": ((11, "q"), (3, 1)),
    "cnloh_16q": ((16, "q"), (2, 0)),
}


def regions():
    rows = [
        ("del17p", 17, "p"),
        ("gain11q", 11, "q"),
        ("gain1q", 1, "q"),
        ("del13q", 13, "q"),
        ("del1p32", 1, "p"),
    ]
    rows += [("del10p", 10, "p"), ("gain20q", 20, "q")]  # unchanged: what is called there is wrong
    made = [
        (n, "copy_number", f"chr{c}", 40 if arm == "p" else 140, 60 if arm == "p" else 160)
        for n, c, arm in rows
    ]
    return pd.DataFrame(made, columns=["name", "kind", "chrom", "start", "end"]).assign(
        genes="", source="here"
    )


def arms():
    rows = [(f"chr{c}", a, *((1, 100) if a == "p" else (101, 200)), "yes") for c, a in ARMS]
    return pd.DataFrame(rows, columns=["chrom", "arm", "start", "end", "informative"])


def tumour(rng, share, fraction, name="T"):
    """Measured segments and region measures of one tumour."""
    events = {arm: (*state, 1.0) for arm, state in CLONAL.items()}
    events |= {arm: (*state, fraction) for arm, state in TESTED.values()}
    rows = []
    for chrom, arm in ARMS:
        total, minor, f = events.get((chrom, arm), (2, 1, 1.0))
        cells = ((share * f, total, minor), (share * (1 - f), 2, 1), (1 - share, 2, 1))
        copies, b = (sum(w * state[i] for w, *state in cells) for i in (0, 1))
        b /= copies
        targets = np.log2(copies / 2) + rng.normal(0, NOISE, TARGETS) + rng.normal(0, 0.01)
        alleles = rng.binomial(DEPTH, np.where(rng.random(SITES) < 0.5, b, 1 - b)) / DEPTH
        rows.append((f"chr{chrom}", arm, targets, alleles))
    middle = np.median(np.concatenate([targets for _, _, targets, _ in rows]))
    grid = np.linspace(0.01, 0.5, 246)[:, None]
    segments, measures = [], []
    for chrom, arm, targets, alleles in rows:
        start, end = (1, 100) if arm == "p" else (101, 200)
        log2, own = targets.mean() - middle, NOISE / np.sqrt(TARGETS)
        sd = np.sqrt(0.25 / DEPTH)
        score = np.logaddexp(
            -0.5 * ((alleles - grid) / sd) ** 2, -0.5 * ((alleles - 1 + grid) / sd) ** 2
        ).sum(axis=1)
        likely = np.exp(score - score.max())
        low, half, high = np.interp((0.1, 0.5, 0.9), np.cumsum(likely) / likely.sum(), grid[:, 0])
        segments.append(
            (
                "P",
                name,
                chrom,
                start,
                end,
                log2,
                log2 - 1.28 * own,
                log2 + 1.28 * own,
                TARGETS,
                half,
                low,
                high,
                SITES,
            )
        )
        measures.append((chrom, arm, start, end, float(np.median(targets) - middle)))
    names = "patient sample chrom start end log2 log2_low log2_high targets minor_fraction minor_low minor_high het_sites"
    return pd.DataFrame(segments, columns=names.split()).assign(germline_copies=2.0), measures


def measured(measures, name="T"):
    log2 = {(chrom, arm): value for chrom, arm, _, _, value in measures}
    rows = []
    for region in regions().itertuples():
        arm = "p" if region.start < 101 else "q"
        first = 1 if arm == "p" else 101
        rows.append(("P", name, region.name, "region", region.chrom, region.start, region.end, 12,
                     log2[region.chrom, arm], first, first + 99, 30, 20, DEPTH))  # fmt: skip
    for chrom, arm, start, end, value in measures:
        rows.append(("P", name, f"{chrom[3:]}{arm}", "arm", chrom, start, end, TARGETS, value, start, end, TARGETS,
                     SITES, DEPTH))  # fmt: skip
    return tables.conform(pd.DataFrame(rows, columns=tables.COPY_REGIONS.names()), tables.COPY_REGIONS)


def called(rng, share, fraction, given):
    """COPY_EVENTS by event, the fit, and the segments of one simulated tumour."""
    segments, measures = tumour(rng, share, fraction)
    found = purity.fit(segments, given, RULES)
    states = purity.call_states(segments, found, RULES)
    row = {
        "patient": "P", "sample": "T", "purity": found.purity, "ploidy": found.ploidy, "status": found.status,
        "interval": f"{found.low:.2f}-{found.high:.2f}", "sorted_purity": given, "purity_used": found.used,
        "base_copies": found.base[0] if found.used else None, "base_margin": found.margin, "noise": NOISE,
        "scatter": max(0.01, found.scatter if np.isfinite(found.scatter) else 0.03), "panel_normals": 6,
        "mode": "tumour_normal", "reason": found.reason, "panel": "",
    }  # fmt: skip
    events = copy_events.copy_number_events(
        tables.conform(states, tables.SEGMENTS), tables.conform(pd.DataFrame([row]), tables.PURITY),
        tables.empty(tables.QC), regions(), arms(), measured(measures), CONFIG,
    )  # fmt: skip
    return events.set_index("event"), found, states


def simulate(number, seed=7):
    """One row per purity, clonal fraction, tumour and event: state, size, and the fit."""
    rows = []
    for share, fraction in itertools.product(PURITIES, FRACTIONS):
        rng = np.random.default_rng([seed, round(100 * share), round(100 * fraction)])
        for i in range(number):
            given = None if i % 2 else float(np.clip(share + rng.normal(0, 0.08), 0.1, 1.0))
            events, found, states = called(rng, share, fraction, given)
            truth = {arm: (*state, 1.0) for arm, state in CLONAL.items()}
            truth |= {arm: (*state, fraction) for arm, state in TESTED.values()}
            right = 0
            for (chrom, arm), row in zip(ARMS, states.itertuples(), strict=True):
                right += (row.total_copies, row.minor_copies) == truth.get((chrom, arm), (2, 1))[:2]
            common = (share, fraction, i, found.status, found.purity, right / len(ARMS))
            rows.extend((*common, name, events.loc[name, "state"], events.loc[name, "clonal_fraction"],
                         events.loc[name, "minimal_detectable_fraction"], "copy ratio" in events.loc[name, "value"])
                        for name in (*TESTED, "del10p", "gain20q", "whole_genome_doubling"))  # fmt: skip
    names = "share fraction tumour status purity states event state seen least by_ratio".split()
    return pd.DataFrame(rows, columns=names)


def summary(rows):
    """The table of docs/copy-number.md."""
    lines = [
        "| purity | clonal fraction | event | present | not assessable | absent |",
        "|---|---|---|---|---|---|",
    ]
    for (share, fraction, event), cell in rows.groupby(["share", "fraction", "event"], sort=False):
        if event in TESTED:
            shares = [f"{(cell['state'] == s).mean():.2f}" for s in ("present", "not_assessable", "absent")]
            lines.append(f"| {share} | {fraction} | {event} | {' | '.join(shares)} |")
    return "\n".join(lines)


@pytest.fixture(scope="module")
def rows():
    return simulate(4)


def test_what_is_there_is_never_absent(rows):
    tested = rows[rows["event"].isin(TESTED)]
    assert not (tested["state"] == "absent").any()


def test_recall_where_the_event_is_above_its_detectable_fraction(rows):
    """Of what is resolved or has a sorted purity; near the limit of presence estimates fall on both sides."""
    tested = rows[rows["event"].isin(TESTED)]
    seen = tested[
        (tested["fraction"] >= 0.5)
        & (tested["fraction"] >= tested["least"])
        & (tested["share"] >= 0.6)
        & ((tested["status"] == "resolved") | (tested["tumour"] % 2 == 0))
    ]
    recall = seen.groupby(["share", "fraction"])["state"].agg(lambda s: (s == "present").mean())
    assert len(recall) == 4 and recall.min() >= 0.8


def test_nothing_is_called_where_nothing_is(rows):
    quiet = rows[rows["event"].isin(["del10p", "gain20q"])]
    assert (quiet["state"] != "present").mean() >= 0.99
    assert not (rows.loc[rows["event"] == "whole_genome_doubling", "state"] == "present").any()


def test_states_and_purity_from_sixty_percent_on(rows):
    one = rows[(rows["share"] >= 0.6) & (rows["event"] == "del17p")]
    one = one[(one["status"] == "resolved") | (one["tumour"] % 2 == 0)]
    assert one.loc[one["fraction"] >= 0.5, "states"].mean() >= 0.95
    resolved = one[one["status"] == "resolved"]
    assert ((resolved["purity"] - resolved["share"]).abs() <= 0.05).mean() >= 0.95


if __name__ == "__main__":
    made = simulate(int(sys.argv[1]))
    print(summary(made))
    one = made[made["event"] == "del17p"]
    print(one.groupby(["share", "fraction"]).agg(
        resolved=("status", lambda s: (s == "resolved").mean()), states=("states", "mean"),
        off=("purity", "count")))  # fmt: skip
    good = one[one["status"] == "resolved"]
    print(((good["purity"] - good["share"]).abs() <= 0.051).groupby([good["share"], good["fraction"]]).mean())
    print(made[made["event"].isin(["del10p", "gain20q"])].groupby("share")["state"].value_counts())
    print(made[made["event"] == "whole_genome_doubling"].groupby("share")["state"].value_counts())
    print(made.groupby(["event", "share", "fraction"])["by_ratio"].sum().to_string())
    print(made[made.event.isin(TESTED) & (made.state == "absent")].to_string())
