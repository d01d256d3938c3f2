"""Purity and ploidy against ASCAT on the same simulated profiles.

ASCAT 3.1.1 (Debian package r-other-ascat; Van Loo, PNAS 2010;107:16910) was run once on what `profile` makes
(`python tests/myeloma/test_purity_reference.py FOLDER` writes its input tables):
ascat.loadData(gender "XX"), ascat.aspcf(penalty 70), ascat.runAscat(gamma = 1, as for sequencing).
Its numbers are stored below; the workflow's fit sees the arms' means of the same points.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from myeloma import purity

SETTINGS = yaml.safe_load(
    (Path(__file__).resolve().parents[2] / "config/config.yaml").read_text(encoding="utf-8")
)["copy_number"]
ACROCENTRIC = (13, 14, 15, 21, 22)
ARMS = [(c, arm) for c in range(1, 23) for arm in "pq" if not (c in ACROCENTRIC and arm == "p")]
POINTS = 150
HYPERDIPLOID = {(c, arm): (3, 1) for c in (3, 5, 9, 11, 15, 19) for arm in "pq"}
USUAL = {(13, "q"): (1, 0), (1, "q"): (3, 1), (16, "q"): (2, 0), (8, "p"): (1, 0), (14, "q"): (1, 0)}
DOUBLED = {
    (13, "q"): (3, 1),
    (17, "p"): (2, 0),
    (1, "q"): (5, 2),
    (8, "p"): (3, 1),
    (6, "q"): (2, 0),
    (9, "q"): (6, 2),
}
#: name -> seed, purity, events, state of an unchanged arm
PROFILES = {
    "hyperdiploid_090": (1, 0.90, HYPERDIPLOID | USUAL, (2, 1)),
    "hyperdiploid_060": (2, 0.60, HYPERDIPLOID | USUAL, (2, 1)),
    "hyperdiploid_035": (3, 0.35, HYPERDIPLOID | USUAL, (2, 1)),
    "usual_080": (4, 0.80, USUAL, (2, 1)),
    "usual_050": (5, 0.50, USUAL, (2, 1)),
    "amplified_070": (6, 0.70, USUAL | {(1, "q"): (5, 1), (17, "p"): (1, 0), (9, "q"): (4, 2)}, (2, 1)),
    "doubled_070": (7, 0.70, DOUBLED, (4, 2)),
    "flat_080": (8, 0.80, {}, (2, 1)),
}
#: name -> purity, ploidy of ASCAT 3.1.1. It calls the flat profile pure (1, 2.0): here that is unresolved.
ASCAT = {
    "hyperdiploid_090": (0.90, 2.230769),
    "hyperdiploid_060": (0.59, 2.230769),
    "hyperdiploid_035": (0.33, 2.230769),
    "usual_080": (0.80, 1.948718),
    "usual_050": (0.49, 1.948718),
    "amplified_070": (0.69, 2.025641),
    "doubled_070": (0.69, 3.923077),
}


def profile(name):
    """Points of a tumour: chrom, arm, position, log2 ratio, b-allele fraction, and whether heterozygous."""
    seed, share, events, base = PROFILES[name]
    rng = np.random.default_rng(seed)
    rows = []
    for chrom, arm in ARMS:
        total, minor = events.get((chrom, arm), base)
        copies = share * total + (1 - share) * 2
        b = (share * minor + 1 - share) / copies
        het = rng.random(POINTS) < 0.4
        phase = np.where(rng.random(POINTS) < 0.5, b, 1 - b)
        alleles = np.where(
            het, rng.binomial(100, phase) / 100, np.where(rng.random(POINTS) < 0.5, 0.005, 0.995)
        )
        first = 1_000_000 if arm == "p" else 60_000_000
        rows.append(
            pd.DataFrame(
                {
                    "chrom": chrom,
                    "arm": arm,
                    "position": first + 50_000 * np.arange(POINTS),
                    "log2": np.log2(copies) + rng.normal(0, 0.2, POINTS),
                    "baf": alleles,
                    "normal_baf": np.where(het, rng.binomial(100, 0.5, POINTS) / 100, np.round(alleles)),
                    "het": het,
                }
            )
        )
    made = pd.concat(rows, ignore_index=True)
    return made.assign(log2=made["log2"] - made["log2"].median())


def segments(points):
    """Arms with mean ratio and minor allele fraction, as the fit wants them."""
    rows = []
    for (chrom, arm), here in points.groupby(["chrom", "arm"], sort=False):
        log2, own = here["log2"].mean(), here["log2"].std() / np.sqrt(len(here))
        b = here.loc[here["het"], "baf"].to_numpy()
        grid = np.linspace(0.02, 0.5, 481)[:, None]
        width = np.sqrt(0.25 / 100)
        score = np.logaddexp(-0.5 * ((b - grid) / width) ** 2, -0.5 * ((b - 1 + grid) / width) ** 2).sum(
            axis=1
        )
        inside = grid[score >= score.max() - 0.82, 0]  # 10-90 % of a normal distribution
        minor = (grid[score.argmax(), 0], inside.min(), inside.max())
        rows.append(
            (f"chr{chrom}", arm, log2, log2 - 1.28 * own, log2 + 1.28 * own, len(here), *minor, len(b))
        )
    names = "chrom arm log2 log2_low log2_high targets minor_fraction minor_low minor_high het_sites"
    return pd.DataFrame(rows, columns=names.split())


@pytest.mark.parametrize("name", PROFILES)
def test_purity_and_ploidy_agree_with_ascat(name):
    found = purity.fit(segments(profile(name)), None, SETTINGS)
    if name not in ASCAT:
        assert found.status == "unresolved"
        return
    assert found.status == "resolved"
    assert found.purity == pytest.approx(ASCAT[name][0], abs=0.05)
    assert found.ploidy == pytest.approx(ASCAT[name][1], abs=0.15)


if __name__ == "__main__":
    for name in PROFILES:
        points = profile(name)
        points.index = [f"s{i}" for i in range(len(points))]
        place = points[["chrom", "position"]].set_axis(["chrs", "pos"], axis=1)
        normal = np.random.default_rng(99).normal(0, 0.15, len(points))
        for kind, values in (("Tumor_LogR", points["log2"]), ("Tumor_BAF", points["baf"]), ("Germline_LogR", normal),
                             ("Germline_BAF", points["normal_baf"])):  # fmt: skip
            place.assign(**{name: values}).to_csv(
                Path(sys.argv[1]) / f"{name}.{kind}.txt", sep="\t", index_label=""
            )
