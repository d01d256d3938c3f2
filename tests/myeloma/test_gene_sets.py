"""Gene sets: GMT files, matching, scores per sample and enrichment along a ranking."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest, norm

from myeloma import enrichment, gene_sets, tables
from myeloma.gene_sets import GeneSet, GeneSetError
from myeloma.states import EARLY, POOR

OURS = Path(__file__).parents[2] / "resources/gene_sets/myeloma.gmt"
RULE = "A: EARLY_RESPONDER = confirmed PR or better (made up)"
RULES = {
    "gene_set_min_genes": 2,
    "gene_set_min_share": 0.5,
    "gene_set_score": "ssgsea",
    "gene_set_permutations": 500,
    "gene_set_seed": 1,
}


def one(name, genes, source="a paper"):
    return GeneSet(name, source, tuple(genes), "mine.gmt")


def test_our_collection_names_a_source_for_each_set():
    sets = gene_sets.read_gmt([OURS])
    assert len(sets) >= 15 and len({s.name for s in sets}) == len(sets)
    for mine in sets:
        assert len(mine.genes) >= 5
        assert re.search(r"checked|from_knowledge", mine.source), mine.name
        assert all(re.fullmatch(r"[A-Z0-9][A-Z0-9-]*", g) for g in mine.genes), mine.name
    assert dict((s.name, s.genes) for s in sets)["MM_PROLIFERATION_GPI50"].__len__() == 50


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("A\tx\tG1\nA\tx\tG2\n", "line 2: set A was already given"),
        ("A\tx\n", "line 1: set A has no genes"),
        ("\n<b>\tx\tG1\n", "line 2: the set's name is '<b>'"),
    ],
)
def test_bad_gmt_is_refused_with_file_and_line(tmp_path, text, says):
    path = tmp_path / "mine.gmt"
    path.write_text(text)
    with pytest.raises(GeneSetError, match=f"mine.gmt, {re.escape(says)}"):
        gene_sets.read_gmt([path])


def test_genes_are_found_by_symbol_and_by_id_without_version():
    names = pd.Series({"ENSG1.4": "CCND1", "ENSG2.1": "", "ENSG3.7_PAR_Y": "CD99", "ENSG4.2": "CD99"})
    level = pd.Series({"ENSG1.4": 5.0, "ENSG2.1": 1.0, "ENSG3.7_PAR_Y": 2.0, "ENSG4.2": 9.0})
    found = gene_sets.members([one("A", ["CCND1", "ENSG2.9", "CD99", "GONE"])], names, level)
    assert found == {"A": {"CCND1": "ENSG1.4", "ENSG2.9": "ENSG2.1", "CD99": "ENSG4.2"}}


def test_too_few_genes_is_not_assessable_with_the_number():
    sets = [one("few", ["a", "x", "y"]), one("share", ["a", "b", "v", "w", "x"]), one("good", ["a", "b"])]
    names = pd.Series({"1": "a", "2": "b"})
    found = gene_sets.members(sets, names, pd.Series({"1": 1.0, "2": 1.0}))
    made = gene_sets.coverage(sets, found, 2, 0.5)
    assert made["state"].tolist() == ["not_assessable", "not_assessable", "tested"]
    assert made["reason"].tolist() == [
        "1 of 3 genes in the matrix; at least 2 are needed",
        "2 of 5 genes in the matrix; at least 50 % are needed",
        "",
    ]


def tumours(counts, others=()):
    """SAMPLES columns that are read; `others` are not of the analysis."""
    rows = [(s, "tumour", "other" if s in others else "analysis") for s in counts.columns]
    return pd.DataFrame(rows, columns=["sample", "tissue", "role"])


@pytest.mark.parametrize("method", gene_sets.METHODS)
def test_a_failed_sample_has_its_gate_as_reason_and_changes_no_other_score(method):
    random = np.random.default_rng(5)
    ids = [f"g{i}" for i in range(120)]
    counts = pd.DataFrame(random.poisson(100, (120, 6)), index=ids, columns=[f"s{i}" for i in range(6)])
    counts.iloc[100:] = 0  # genes that only the failed sample and the relapse show
    wild = counts.assign(bad=random.poisson(300, 120), late=random.poisson(80, 120))
    sets, names = [one("t", ids[:15])], pd.Series(ids, index=ids)
    rules, failed = RULES | {"gene_set_score": method}, {"bad": "assigned_reads 9 < 2000"}
    alone = gene_sets.scores(counts, names, set(), sets, tumours(counts), {}, rules).set_index("sample")
    made = gene_sets.scores(wild, names, set(), sets, tumours(wild, ["late"]), failed, rules)
    made = tables.conform(made, tables.GENE_SET_SCORES).set_index("sample")
    assert made.loc[list(counts), "score"].tolist() == alone["score"].tolist()
    assert np.isnan(made.loc["bad", "score"])
    assert made.loc["bad", "reason"] == "gate failed: assigned_reads 9 < 2000"
    assert np.isnan(made.loc["late", "score"]) == (method == "gsva")
    assert ("of the analysis" in made.loc["late", "reason"]) == (method == "gsva")


def test_score_by_hand():
    """ssGSEA (Barbie 2009): sum over the ranking of the weighted hits (rank^0.25) minus the misses."""
    ids = list("abcdef")
    counts = pd.DataFrame(
        {"s1": [600, 500, 400, 300, 200, 100], "s2": [100, 200, 300, 400, 500, 600]}, index=ids
    )
    made = gene_sets.scores(
        counts, pd.Series(ids, index=ids), set(), [one("t", ["a", "c"])], tumours(counts), {}, RULES
    )
    made = tables.conform(made, tables.GENE_SET_SCORES).set_index("sample")["score"]
    first = 6**0.25 / (6**0.25 + 4**0.25)  # a is the highest of s1, c the third
    assert made["s1"] == pytest.approx(first + (first - 0.25) + 0.75 + 0.5 + 0.25 + 0)
    second = 3**0.25 / (3**0.25 + 1)  # c is the fourth of s2, a the last
    assert made["s2"] == pytest.approx(-0.25 - 0.5 - 0.75 + (second - 0.75) + (second - 1) + 0)


@pytest.mark.parametrize("method", gene_sets.METHODS)
def test_score_of_a_raised_programme(method):
    random = np.random.default_rng(3)
    ids = [f"g{i}" for i in range(200)]
    counts = pd.DataFrame(random.poisson(100, (200, 8)), index=ids, columns=[f"s{i}" for i in range(8)])
    counts.iloc[:20, :4] *= 4
    counts["empty"] = 0
    rules = {**RULES, "gene_set_score": method}
    sets = [one("raised", ids[:20]), one("quiet", ids[50:80]), one("absent", ["x", "y"])]
    made = gene_sets.scores(counts, pd.Series(ids, index=ids), set(), sets, tumours(counts), {}, rules)
    table = made.pivot(index="sample", columns="set", values="score")
    assert (
        table.loc[["s0", "s1", "s2", "s3"], "raised"].min()
        > table.loc[["s4", "s5", "s6", "s7"], "raised"].max()
    )
    assert table["absent"].isna().all() and np.isnan(table.loc["empty", "raised"])
    reasons = made.set_index(["sample", "set"])["reason"]
    assert reasons["empty", "raised"] == "no reads in genes"
    assert reasons["s0", "absent"] == "0 of 2 genes in the matrix; at least 2 are needed"


def test_gsva_of_two_samples_says_why_it_is_empty():
    ids = list("abcdef")
    counts = pd.DataFrame({"s1": [6, 5, 4, 3, 2, 1], "s2": [1, 2, 3, 4, 5, 6]}, index=ids)
    rules = {**RULES, "gene_set_score": "gsva"}
    made = gene_sets.scores(
        counts, pd.Series(ids, index=ids), set(), [one("t", ["a", "c"])], tumours(counts), {}, rules
    )
    assert made["score"].isna().all() and set(made["reason"]) == {"gsva needs 3 samples"}


# Enrichment


def ranking(seed=1, n=500, shift=3.0):
    random = np.random.default_rng(seed)
    values = random.normal(size=n)
    values[:20] += shift
    return pd.Series(values, index=[f"g{i}" for i in range(n)])


def test_enrichment_equals_gseapy_prerank():
    import gseapy

    sets = {"up": [f"g{i}" for i in range(20)], "none": [f"g{i}" for i in range(50, 80)]}
    made = enrichment.prerank(ranking(), sets, 200, 1)
    theirs = gseapy.prerank(
        rnk=ranking(), gene_sets=sets, permutation_num=200, seed=1, min_size=5, outdir=None, no_plot=True
    )
    theirs = theirs.res2d.set_index("Term")
    for name in sets:
        assert made.at[name, "es"] == pytest.approx(float(theirs.at[name, "ES"]))
        assert made.at[name, "nes"] == pytest.approx(float(theirs.at[name, "NES"]))
        assert ";".join(made.at[name, "leading_edge"]) == theirs.at[name, "Lead_genes"]
    assert made.at["none", "p"] == pytest.approx(float(theirs.at["none", "NOM p-val"]))
    # gseapy prints 0 where no permutation reaches the set; only those of the same sign were counted
    assert float(theirs.at["up", "NOM p-val"]) == 0
    told = re.fullmatch(r"<1/(\d+)", made.at["up", "p_shown"])
    assert 50 < int(told.group(1)) < 200 and made.at["up", "p"] == pytest.approx(1 / int(told.group(1)))


def test_enrichment_is_the_same_again_and_with_more_threads():
    sets = {"up": [f"g{i}" for i in range(0, 60, 3)]}
    first = enrichment.prerank(ranking(), sets, 300, 7)
    assert first.equals(enrichment.prerank(ranking(), sets, 300, 7))
    assert first.equals(enrichment.prerank(ranking(), sets, 300, 7, threads=2))


def test_enrichment_of_random_sets_has_uniform_p():
    random = np.random.default_rng(8)
    values = ranking(2, shift=0.0)
    sets = {f"r{i}": list(random.choice(values.index, 25, replace=False)) for i in range(150)}
    p = enrichment.prerank(values, sets, 1000, 3)["p"]
    assert kstest(p, "uniform").pvalue > 0.001
    assert kstest(p / 1.5, "uniform").pvalue < 0.001


def expression_table(values):
    made = pd.DataFrame(
        {"gene_id": [f"ID{g}.1" for g in values.index], "gene_name": values.index, "stat": values}
    )
    return made.assign(base_mean=100.0, p=0.5).reset_index(drop=True)


def no_scores():
    return pd.DataFrame(columns=["sample", "set", "score"])


def test_table_of_the_comparison():
    sets = [
        one("up", [f"g{i}" for i in range(20)]),
        one("none", [f"g{i}" for i in range(50, 80)]),
        one("gone", ["x", "y"]),
    ]
    scores = pd.DataFrame(
        [(f"s{i}", "up", 10 - i) for i in range(8)] + [(f"s{i}", "gone", np.nan) for i in range(8)],
        columns=["sample", "set", "score"],
    )
    groups = pd.Series([EARLY] * 4 + [POOR] * 4, index=[f"s{i}" for i in range(8)])
    made = enrichment.early_versus_poor(
        expression_table(ranking()), set(), sets, scores, groups, RULES, rule=RULE, least=3, most=300
    )
    made = tables.conform(made, tables.GENE_SETS).set_index("set")
    up = made.loc["up"]
    assert set(made["rule"]) == {RULE}
    assert up["nes"] > 2 and up["p_shown"].startswith("<1/") and up["q"] == pytest.approx(2 * up["p"])
    assert made.loc["none", "q"] == pytest.approx(made.loc["none", "p"])
    assert set(up["leading_edge"].split(", ")) <= {f"g{i}" for i in range(20)}
    # complete separation of 4 and 4: two of the 70 arrangements
    assert up["score_p"] == pytest.approx(2 / 70) and (up["score_early"], up["score_poor"]) == (8.5, 4.5)
    gone = made.loc["gone"]
    assert gone["state"] == "not_assessable" and np.isnan(gone["p"]) and gone["in_matrix"] == 0
    assert np.isnan(gone["score_p"])
    assert (up["scored_early"], up["scored_poor"], up["score_q"]) == (4, 4, pytest.approx(2 / 70))
    few = enrichment.score_differences(scores, groups.drop(["s0", "s1"]), 3, 300).loc["up"]
    assert (few["scored_early"], few["scored_poor"]) == (2, 4)
    assert few[["score_early", "score_poor", "score_p", "score_q"]].isna().all(), (
        "a refused comparison shows no p"
    )
    # more samples than may be exact: normal approximation by hand, U = 16, mean 8, variance 4 * 4 * 9 / 12 = 12
    large = enrichment.score_differences(scores, groups, 3, 7).loc["up"]
    assert large["score_p"] == pytest.approx(2 * norm.sf((16 - 8 - 0.5) / 12**0.5))


def test_dropped_and_untested_genes_do_not_rank():
    table = expression_table(ranking())
    table.loc[0, "stat"] = np.nan
    sets = [one("up", [f"g{i}" for i in range(20)])]
    made = enrichment.early_versus_poor(
        table, {"IDg1.1"}, sets, no_scores(), pd.Series(dtype=str), RULES, rule=RULE, least=3, most=300
    )
    assert made.loc[0, "in_matrix"] == 18
    table.loc[2, "p"] = np.nan  # an outlier decides the gene: not tested, though it has a statistic
    made = enrichment.early_versus_poor(
        table, {"IDg1.1"}, sets, no_scores(), pd.Series(dtype=str), RULES, rule=RULE, least=3, most=300
    )
    assert made.loc[0, "in_matrix"] == 17


def test_nothing_tested_says_why():
    table = tables.empty(tables.EXPRESSION)
    sets = [one("up", ["g1", "g2"])]
    note = "Not tested: 1 early against 1 poor responders with RNA; at least 3 of each are needed."
    made = enrichment.early_versus_poor(
        table, set(), sets, no_scores(), pd.Series(dtype=str), RULES, note, rule=RULE, least=3, most=300
    )
    made = tables.conform(made, tables.GENE_SETS)
    assert made.loc[0, "state"] == "not_assessable" and made.loc[0, "reason"] == note
    assert made.loc[0, "rule"] == RULE
    none = enrichment.early_versus_poor(
        table, set(), [], no_scores(), pd.Series(dtype=str), RULES, note, rule=RULE, least=3, most=300
    )
    assert tables.conform(none, tables.GENE_SETS).empty
