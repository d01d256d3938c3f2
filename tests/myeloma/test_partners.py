"""The expression vote on simulated cohorts whose carriers are known."""

import numpy as np
import pandas as pd
import pytest

from myeloma import partners

RULES = {
    "outlier_min_samples": 6,
    "outlier_min_log2_separation": 2.0,
    "outlier_posterior": 0.95,
    "outlier_min_count": 30,
}


def cohort(seed, n, share, base, noise=0.35, raised=0.0, genes=150, shift=4.0):
    """Counts of a partner gene P and `genes` others; carriers are `shift` log2 up (sd 0.5), Poisson counts.

    `noise`: log2 sd between samples; `raised`: share of non-carriers 1.5 log2 up (trisomy).
    """
    random = np.random.default_rng(seed)
    size = 2 ** random.normal(0, 0.5, n)
    carriers = np.arange(n) < round(share * n)
    level = np.full(n, np.log2(base)) + random.normal(0, noise, n)
    level += np.where(carriers, random.normal(shift, 0.5, n), 0)
    level += np.where(~carriers & (random.random(n) < raised), 1.5, 0)
    others = random.uniform(5, 11, (genes, 1)) + random.normal(0, noise, (genes, n))
    samples = [f"S{i:02d}" for i in range(n)]
    counts = pd.DataFrame(
        random.poisson(size * 2 ** np.vstack([level, others])),
        index=["P", *(f"G{i}" for i in range(genes))],
        columns=samples,
    )
    return counts, pd.Series(size, index=samples), dict(zip(samples, carriers, strict=True))


def sheet(samples, role="analysis"):
    return pd.DataFrame({"patient": [f"p{s}" for s in samples], "sample": samples, "role": role})


def states(counts, size, failed=None, rules=RULES, reference=None, samples=None):
    table = partners.call_partners(
        counts,
        size,
        {"P": "P"},
        sheet(counts.columns) if samples is None else samples,
        failed or {},
        ["P"],
        rules,
        reference,
    )
    return table.set_index("sample")


@pytest.mark.parametrize("base", [3, 40, 1500])
@pytest.mark.parametrize("n", [6, 8, 12, 24, 60])
def test_no_carriers_no_call(n, base):
    for seed in range(12):
        counts, size, _ = cohort(seed, n, 0.0, base)
        assert not (states(counts, size)["state"] == "present").any(), seed


@pytest.mark.parametrize("raised", [0.2, 0.5])
def test_trisomy_is_no_call(raised):
    for n in (6, 12, 30, 60):
        for seed in range(8):
            counts, size, _ = cohort(seed, n, 0.0, 200, raised=raised)
            assert not (states(counts, size)["state"] == "present").any(), (n, seed)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("n", [6, 8, 12, 24, 60])
def test_carriers_are_found(n, share):
    found = planted = false = 0
    for i, base in enumerate((4, 40, 1000)):
        for seed in range(20 if n < 20 else 6):
            counts, size, carriers = cohort(100 * i + seed, n, share, base)
            called = states(counts, size)["state"] == "present"
            truth = pd.Series(carriers)
            planted, found = planted + truth.sum(), found + (called & truth).sum()
            false += (called & ~truth).sum()
    assert false == 0
    assert found / planted >= 0.9, f"{found} of {planted}"


def test_median_and_mad_would_fail_where_the_mixture_does_not():
    counts, size, carriers = cohort(3, 24, 0.5, 200)
    value = np.log2(counts.loc["P"] / size + 1)
    mad = 1.4826 * (value - value.median()).abs().median()
    assert not (value > value.median() + 5 * mad).any()
    assert (states(counts, size)["state"] == "present").sum() == sum(carriers.values())


def test_carriers_beside_trisomy():
    counts, size, carriers = cohort(11, 30, 0.3, 300, raised=0.3, shift=5.0)
    table = states(counts, size)
    assert (table["state"] == "present").equals(pd.Series(carriers).rename_axis("sample").rename("state"))
    assert (table["method"] == "mixture").all()
    assert (table.loc[table["state"] == "present", "value"] >= table["threshold"].iloc[0]).all()


def test_silent_gene_with_stray_reads_is_absent():
    counts, size, _ = cohort(5, 10, 0.0, 100)
    counts.loc["P"] = [0, 0, 0, 0, 0, 0, 0, 1, 0, 6]
    assert not (states(counts, size * 0 + 1)["state"] == "present").any()


def test_all_zero_gene_is_absent_everywhere():
    counts, size, _ = cohort(5, 10, 0.0, 100)
    counts.loc["P"] = 0
    assert set(states(counts, size)["state"]) == {"absent"}


def test_too_few_samples_without_reference():
    counts, size, _ = cohort(1, 5, 0.4, 200)
    table = states(counts, size)
    assert set(table["state"]) == {"not_assessable"}
    assert table["reason"].str.contains("5 samples to compare, 6 needed").all()


def test_reference_needs_no_cohort():
    counts, size, carriers = cohort(1, 3, 0.34, 200)
    reference = pd.DataFrame({"gene": ["P"], "mean": [np.log2(201)], "sd": [0.4]})
    table = states(counts, size, reference=reference)
    assert (table["state"] == "present").to_dict() == carriers
    assert set(table["method"]) == {"reference"}


def test_failed_gate_neither_votes_nor_shapes_the_fit():
    counts, size, _ = cohort(2, 7, 0.15, 200)
    table = states(counts, size, failed={"S00": "too few reads", "S01": "too few reads"})
    assert table.loc["S00", "state"] == "not_assessable"
    assert "too few reads" in table.loc["S00", "reason"]
    assert set(table["state"]) == {"not_assessable"}  # five are left


def test_later_sample_is_judged_but_does_not_shape_the_fit():
    counts, size, carriers = cohort(4, 12, 0.25, 200)
    samples = sheet(counts.columns)
    samples.loc[0, "role"] = "other"
    alone = states(counts.drop(columns="S00"), size.drop("S00"))
    table = states(counts, size, samples=samples)
    assert table.loc["S00", "state"] == "present"
    pd.testing.assert_frame_equal(table.drop("S00"), alone)


def test_gene_that_is_not_in_the_matrix():
    counts, size, _ = cohort(4, 8, 0.25, 200)
    table = partners.call_partners(counts, size, {}, sheet(counts.columns), {}, ["MAF"], RULES)
    assert set(table["state"]) == {"not_assessable"}
    assert "MAF is not in the count matrix" in table["reason"].iloc[0]


def test_typical_spread_is_recovered():
    counts, size, _ = cohort(9, 30, 0.0, 200, noise=0.6, genes=600)
    assert partners.typical_spread(counts, size) == pytest.approx(0.6, abs=0.08)
