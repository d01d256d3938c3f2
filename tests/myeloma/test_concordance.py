"""FISH against sequencing alone: what is compared, what is not, and the exact intervals."""

import pandas as pd
import pytest

from myeloma import concordance, tables


def sheet(**changes):
    row = {
        "patient": "P", "date": "2024-01-10", "abnormality": "del17p", "probe": "TP53", "selection": "sorted",
        "nuclei": "200", "percent": "60", "cutoff_percent": "20", "result": "",
    }  # fmt: skip
    return row | changes


def samples(day="2024-02-01"):
    rows = [
        ("P", "T", "wes", "tumour", day, "k", "analysis", ""),
        ("P", "R", "rna", "tumour", day, "", "analysis", ""),
    ]
    return tables.conform(pd.DataFrame(rows, columns=tables.SAMPLES.names()), tables.SAMPLES)


def events(state="present", fraction=0.5, purity=0.8):
    row = dict.fromkeys(tables.COPY_EVENTS.names()) | {
        "patient": "P", "sample": "T", "event": "del17p", "kind": "copy_number", "state": state, "extent": "",
        "fish_equivalent_sorted_percent": 100 * fraction, "fish_equivalent_unsorted_percent": 100 * fraction * purity,
        "reason": "too few targets" if state == "not_assessable" else "",
    }  # fmt: skip
    return tables.conform(pd.DataFrame([row]), tables.COPY_EVENTS)


def moved(dna="not_assessable", rna="present", expression="present", fish="present"):
    row = dict.fromkeys(tables.TRANSLOCATIONS.names()) | {
        "patient": "P", "translocation": "t(4;14)", "state": "present", "dna": dna, "rna": rna,
        "expression": expression, "fish": fish, "conflict": "no", "reason": "no RNA",
    }  # fmt: skip
    return tables.conform(pd.DataFrame([row]), tables.TRANSLOCATIONS)


def one(row, **changes):
    given = {"samples": samples(), "events": events(), "translocations": moved()} | changes
    return concordance.compare([row], given["samples"], given["events"], given["translocations"], 90).iloc[0]


@pytest.mark.parametrize(("selection", "percent"), [("sorted", 50), ("cig", 50), ("unsorted", 40)])
def test_equivalent_percentage_follows_the_cells_that_fish_counts(selection, percent):
    row = one(sheet(selection=selection))
    assert (row["agreement"], row["sequencing_percent"]) == ("agree", percent)


@pytest.mark.parametrize(("day", "agreement"), [("2024-04-09", "agree"), ("2024-04-10", "not_comparable")])
def test_samples_at_most_ninety_days_apart(day, agreement):
    row = one(sheet(), samples=samples(day))  # 10 January to 9 April: 90 days
    assert row["agreement"] == agreement
    assert ("91 days apart" in row["reason"]) == (agreement == "not_comparable")


@pytest.mark.parametrize(
    ("percent", "fish", "agreement"), [("20", "present", "agree"), ("19.9", "absent", "disagree")]
)
def test_the_cut_off_is_that_of_the_laboratory(percent, fish, agreement):
    row = one(sheet(percent=percent))
    assert (row["fish"], row["agreement"]) == (fish, agreement)
    assert ("expect 50 %" in row["reason"]) == (agreement == "disagree")


def test_a_given_result_is_kept():
    assert one(sheet(result="absent", percent="", cutoff_percent=""))["agreement"] == "disagree"
    assert one(sheet(percent="", cutoff_percent=""))["agreement"] == "not_comparable"


def test_not_assessable_is_no_disagreement():
    row = one(sheet(), events=events("not_assessable"))
    assert row["agreement"] == "not_comparable" and "too few targets" in row["reason"]


@pytest.mark.parametrize(
    ("votes", "sequencing", "agreement"),
    [
        ({"rna": "present"}, "present", "agree"),
        ({"rna": "absent", "expression": "absent"}, "absent", "disagree"),
        ({"rna": "not_assessable", "expression": "not_assessable"}, "not_assessable", "not_comparable"),
    ],
)
def test_fish_has_no_vote_in_what_it_is_compared_with(votes, sequencing, agreement):
    row = one(sheet(abnormality="t(4;14)", probe="IGH/NSD2"), translocations=moved(**votes))
    assert (row["sequencing"], row["agreement"], row["sample"]) == (sequencing, agreement, "R")


def test_no_sample_and_unknown_names_are_said():
    assert "no tumour sample" in one(sheet(), samples=samples().iloc[:0])["reason"]
    assert "no call of this name" in one(sheet(abnormality="biallelic_TP53"))["reason"]


def test_agreement_with_exact_intervals():
    rows = pd.DataFrame(
        [("del17p", "present", "agree")] * 8 + [("del17p", "present", "disagree")] * 2
        + [("del17p", "absent", "agree")] * 5 + [("gain1q", "present", "not_comparable")],
        columns=["abnormality", "fish", "agreement"],
    )  # fmt: skip
    made = concordance.agreement(rows).set_index(["abnormality", "measure"])
    # R 4.2.2, binom.test(8, 10)$conf.int: 0.4439045 0.9747893; binom.test(5, 5): 0.4781762 1
    assert made.loc[("del17p", "positive"), ["low", "high"]].tolist() == pytest.approx([0.4439045, 0.9747893])
    assert made.loc[("del17p", "negative"), ["low", "high"]].tolist() == pytest.approx([0.4781762, 1.0])
    assert made.loc[("all", "overall"), ["agree", "of", "not_comparable"]].tolist() == [13, 15, 1]
    assert pd.isna(made.loc[("gain1q", "positive"), "agreement"])


def test_no_fish_gives_empty_tables():
    made = concordance.compare([], samples(), events(), moved(), 90)
    assert made.empty and concordance.agreement(made).empty


@pytest.mark.parametrize(
    ("votes", "sample", "days"),
    [
        # (dna, rna, expression); exome of 1 February, RNA of 1 June
        (("present", "absent", "not_assessable"), "T", 22),  # DNA decides
        (("absent", "absent", "not_assessable"), "T", 22),
        (("present", "present", "present"), "T", 22),
        (("absent", "present", "present"), "R", 143),  # RNA decides against DNA
        (("not_assessable", "absent", "absent"), "R", 143),
        (("not_assessable", "not_assessable", "not_assessable"), "R", 143),
    ],
)
def test_a_translocation_is_dated_by_the_sample_that_decides(votes, sample, days):
    both = samples()
    both["collection_date"] = both["sample"].map({"T": "2024-02-01", "R": "2024-06-01"})
    dna, rna, expression = votes
    row = one(
        sheet(abnormality="t(4;14)", percent="", cutoff_percent="", result="present"),
        samples=both,
        translocations=moved(dna=dna, rna=rna, expression=expression),
    )
    assert (row["sample"], row["days_apart"]) == (sample, days)


def test_a_translocation_of_a_patient_without_rna_is_dated_by_the_exome():
    only = samples()
    only = only[only["sample"] == "T"]
    row = one(
        sheet(abnormality="t(4;14)", result="present"),
        samples=only,
        translocations=moved("present", "not_assessable", "not_assessable"),
    )
    assert (row["sample"], row["agreement"]) == ("T", "agree")
