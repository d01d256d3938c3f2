"""Published scores: the papers' arithmetic by hand, and a sample's place in its cohort."""

import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from myeloma import scores, tables

RULES = {"min_samples": 3, "small_cohort": 20, "min_gene_share": 0.75, "pathway_genes": ["CRBN"]}
HEAD = ["score", "arithmetic", "probe", "gene_id", "gene", "weight"]


def members(*rows):
    return pd.DataFrame(rows, columns=HEAD)


SUM = members(("S", "sum", "p1", "G1", "A", 1.0), ("S", "sum", "p2", "G2", "B", 1.0))
DIFFERENCE = members(
    ("D", "difference_of_means", "p1", "G1", "A", 0.5),
    ("D", "difference_of_means", "p2", "G2", "B", 0.5),
    ("D", "difference_of_means", "p3", "G3", "C", -1.0),
)
WEIGHTED = members(
    ("W", "weighted_z", "p1", "G1", "A", 0.5),
    ("W", "weighted_z", "p2", "G2", "B", -0.25),
)
ARRAY = pd.DataFrame(
    {"a": [8.0, 4.0, 1.0], "b": [10.0, 6.0, 2.0], "c": [12.0, 5.0, 6.0]}, index=["p1", "p2", "p3"]
)


# Array values


def test_difference_of_means_of_array_values():
    # (8 + 4) / 2 - 1; (10 + 6) / 2 - 2; (12 + 5) / 2 - 6
    assert scores.array_scores(ARRAY, DIFFERENCE)["D"].to_dict() == {"a": 5.0, "b": 6.0, "c": 2.5}


def test_weighted_z_of_array_values():
    # p1: mean 10, sd 2: -1, 0, 1. p2: mean 5, sd 1: -1, 1, 0
    made = scores.array_scores(ARRAY, WEIGHTED)["W"]
    assert made.to_dict() == pytest.approx({"a": -0.25, "b": -0.25, "c": 0.5})


def test_a_probe_without_a_present_call_counts_nothing():
    calls = pd.DataFrame({"a": ["P", "A"], "b": ["P", "P"], "c": ["M", "A"]}, index=["p1", "p2"])
    assert scores.array_scores(ARRAY, SUM, calls)["S"].to_dict() == {"a": 8.0, "b": 16.0, "c": 0.0}


@pytest.mark.parametrize(
    ("matrix", "known", "words"),
    [
        (ARRAY.drop("p3"), DIFFERENCE, "D: 1 of 3 probes missing: p3"),
        (ARRAY, SUM, "S needs the PANP call"),
        (ARRAY[["a", "b"]], WEIGHTED, "W: 2 samples"),
        (ARRAY.assign(a=[1.0, np.nan, 1.0]), DIFFERENCE, "D: values are missing"),
        (ARRAY.assign(a=5.0, b=5.0, c=5.0), WEIGHTED, "no variation of p1, p2"),
    ],
)
def test_array_scores_have_no_rule_for_what_is_missing(matrix, known, words):
    with pytest.raises(ValueError, match=words):
        scores.array_scores(matrix, known)


def test_the_published_lists_are_whole(project):
    known = scores.read_scores(project / "resources/expression_scores.tsv")
    sizes = known.groupby("score")["probe"].nunique().to_dict()
    assert sizes == {"EMC92": 92, "UAMS70": 70, "GPI50": 50}  # Kuiper 2012, Shaughnessy 2007, Hose 2011
    weights = {name: rows["weight"] for name, rows in known.groupby("score")}
    assert ((weights["EMC92"] > 0).sum(), (weights["EMC92"] < 0).sum()) == (51, 41)
    assert ((weights["UAMS70"] > 0).sum(), (weights["UAMS70"] < 0).sum()) == (51, 19)
    assert weights["UAMS70"][weights["UAMS70"] > 0].sum() == pytest.approx(1)
    assert weights["UAMS70"][weights["UAMS70"] < 0].sum() == pytest.approx(-1)
    assert set(weights["GPI50"]) == {1}


def test_published_weights_on_made_up_arrays(project):
    """UAMS70: all up probes at 9, all down at 8.5 -> 0.5. EMC92: one probe moves, all others move apart from it."""
    known = scores.read_scores(project / "resources/expression_scores.tsv")
    gep = known[known["score"] == "UAMS70"].set_index("probe")["weight"]
    matrix = pd.DataFrame({"s": np.where(gep > 0, 9.0, 8.5)}, index=gep.index)
    assert scores.array_scores(matrix, known[known["score"] == "UAMS70"])["UAMS70"]["s"] == pytest.approx(0.5)
    sky = known[known["score"] == "EMC92"].set_index("probe")["weight"]
    steps = {
        "x": 1.0,
        "y": 2.0,
        "z": 3.0,
    }  # standardised: -1, 0, 1, so the score of z is the sum of the weights
    matrix = pd.DataFrame({s: np.full(len(sky), v) for s, v in steps.items()}, index=sky.index)
    made = scores.array_scores(matrix, known[known["score"] == "EMC92"])["EMC92"]
    assert made["z"] == pytest.approx(sky.sum()) and made["y"] == pytest.approx(0)


def test_array_scores_equal_those_of_r(project):
    """reference/array_scores.R: colMeans and scale() of R on the same made-up series."""
    wanted = pd.read_csv(
        project / "tests/myeloma/reference/array_scores.tsv", sep="\t", comment="#", index_col=0
    )
    known = scores.read_scores(project / "resources/expression_scores.tsv")
    j = np.arange(1, 6)
    for name, members_ in known.groupby("score"):
        i = np.arange(1, len(members_) + 1)[:, None]
        matrix = pd.DataFrame(
            8 + 2 * np.sin(i * j + i), index=members_["probe"], columns=[f"s{k}" for k in j]
        )
        calls = pd.DataFrame(np.where((i + j) % 4 == 0, "A", "P"), index=matrix.index, columns=matrix.columns)
        made = scores.array_scores(matrix, members_, calls)[name]
        assert made.to_numpy() == pytest.approx(wanted[name].to_numpy(), rel=1e-9)


def test_the_command_writes_the_published_score(project, tmp_path):
    known = scores.read_scores(project / "resources/expression_scores.tsv")
    gep = known[known["score"] == "UAMS70"].set_index("probe")["weight"]
    pd.DataFrame({"s": np.where(gep > 0, 9.0, 8.5)}, index=gep.index).to_csv(tmp_path / "m.tsv", sep="\t")
    words = [
        sys.executable,
        project / "workflow/scripts/score_arrays.py",
        tmp_path / "m.tsv",
        tmp_path / "o.tsv",
    ]
    done = subprocess.run([*map(str, words), "--score", "UAMS70"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    made = pd.read_csv(tmp_path / "o.tsv", sep="\t", index_col=0)
    assert made.loc["s", "UAMS70"] == pytest.approx(0.5)
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True)
    assert done.returncode == 1 and "GPI50: 47 of 50 probes missing" in done.stderr


def test_a_broken_score_file_names_its_row(tmp_path):
    path = tmp_path / "scores.tsv"
    path.write_text("\t".join(HEAD) + "\nS\tsum\tp9\tG1\tA\tmuch\n")
    with pytest.raises(tables.ContractError, match="score S, probe p9: weight must be a number"):
        scores.read_scores(path)


# RNA


def samples(names, role="analysis"):
    rows = [
        {"patient": f"P{i}", "sample": s, "assay": "rna", "tissue": "tumour", "role": role}
        for i, s in enumerate(names)
    ]
    frame = pd.DataFrame(rows, columns=["patient", "sample", "assay", "tissue", "role"])
    return frame.assign(collection_date="", kit="", reason="")


def values(ids=("G1.4", "G2.11_PAR_Y", "G3.2"), names=("a", "b", "c")):
    return pd.DataFrame(ARRAY.to_numpy().copy(), index=list(ids), columns=list(names))


def symbols(frame, names=("A", "B", "C")):
    return pd.Series(list(names)[: len(frame)], index=frame.index)


def score(frame=None, known=DIFFERENCE, failed=None, rules=None, rows=None, names=("A", "B", "C")):
    frame = values() if frame is None else frame
    chosen = samples(["a", "b", "c"]) if rows is None else rows
    made = scores.rna_scores(frame, symbols(frame, names), known, chosen, failed or {}, RULES | (rules or {}))
    return tables.conform(made, tables.SCORES).set_index("sample")


def test_score_z_and_quantile_by_hand_with_versioned_ids():
    made = score()
    assert made["value_raw"].to_dict() == {"a": 5.0, "b": 6.0, "c": 2.5}
    # mean 4.5; deviations 0.5, 1.5, -2; squares 0.25 + 2.25 + 4 = 6.5, over 2 = 3.25
    spread = math.sqrt(3.25)
    assert made["z"].to_dict() == pytest.approx({"a": 0.5 / spread, "b": 1.5 / spread, "c": -2 / spread})
    assert made["quantile"].to_dict() == pytest.approx({"a": 0.5, "b": 5 / 6, "c": 1 / 6})
    assert set(made["state"]) == {"computed"} and set(made["missing"]) == {""}
    assert "3 samples only" in made.loc["a", "reason"]


def test_weighted_z_stands_on_the_cohort_alone():
    frame = values().assign(later=[14.0, 5.0, 0.0])
    rows = pd.concat([samples(["a", "b", "c"]), samples(["later"], role="other").assign(patient="P0")])
    made = score(frame, WEIGHTED, rows=rows)
    assert made["value_raw"].to_dict() == pytest.approx({"a": -0.25, "b": -0.25, "c": 0.5, "later": 1.0})
    assert made.loc["later", "quantile"] == 1.0 and made.loc["later", "cohort_samples"] == 3


def test_ties_share_their_rank():
    assert scores.standing(2.0, np.array([1.0, 2.0, 2.0, 3.0])) == pytest.approx((0, 0.5))


def test_missing_genes_are_named_and_too_many_stop_the_score():
    less = values().iloc[[0, 2]]
    made = score(less, names=("A", "C"))
    assert set(made["state"]) == {"not_assessable"} and made["value_raw"].isna().all()
    assert made.loc["a", "missing"] == "B" and made.loc["a", "reason"] == "2 of 3 genes, at least 75 % needed"
    made = score(less, rules={"min_gene_share": 0.5}, names=("A", "C"))
    assert made["value_raw"].to_dict() == {
        "a": 7.0,
        "b": 8.0,
        "c": 6.0,
    }  # the mean of the up genes that are there
    assert (made.loc["a", "genes_used"], made.loc["a", "genes_of"]) == (2, 3)


def test_one_side_missing_is_no_difference():
    made = score(values().iloc[:2], rules={"min_gene_share": 0.5}, names=("A", "B"))
    assert set(made["state"]) == {"not_assessable"} and made["value_raw"].isna().all()


def test_symbols_find_what_ids_do_not():
    made = score(values(ids=("x", "y", "z")))
    assert made["value_raw"].to_dict() == {"a": 5.0, "b": 6.0, "c": 2.5}


def test_probes_of_one_gene_and_a_probe_of_several_genes():
    known = members(
        ("S", "sum", "p1", "G1", "A", 1.0),
        ("S", "sum", "p2", "G1", "A", 2.0),
        ("S", "sum", "p3", "G2|G3|G9", "B", 1.0),
        ("S", "sum", "p4", "", "", 5.0),
    )
    assert score(known=known)["value_raw"].isna().all()  # 2 of 3
    # 3 x 8 + (4 + 1) / 2; 3 x 10 + (6 + 2) / 2; 3 x 12 + (5 + 6) / 2
    made = score(known=known, rules={"min_gene_share": 0.5})
    assert made["value_raw"].to_dict() == {"a": 26.5, "b": 34.0, "c": 41.5}
    assert made.loc["a", "missing"] == "probe p4"
    assert (made.loc["a", "genes_used"], made.loc["a", "genes_of"]) == (2, 3)


def test_one_sample_has_a_value_and_no_place():
    one = values()[["a"]]
    made = score(one, rows=samples(["a"]))
    assert made.loc["a", "value_raw"] == 5.0 and made.loc["a", "state"] == "not_assessable"
    assert made.loc["a", "reason"] == "1 samples to compare, 3 needed"
    assert pd.isna(made.loc["a", "z"]) and pd.isna(made.loc["a", "quantile"])
    made = score(one, WEIGHTED, rows=samples(["a"]))
    assert pd.isna(made.loc["a", "value_raw"])


def test_a_failed_gate_leaves_the_cohort_and_has_no_place():
    frame = values().assign(d=[0.0, 0.0, 9.0])
    made = score(frame, failed={"d": "reads 10 fails"}, rows=samples(["a", "b", "c", "d"]))
    assert made.loc["d", "state"] == "not_assessable" and "reads 10 fails" in made.loc["d", "reason"]
    assert made.loc["a", "z"] == pytest.approx(0.5 / math.sqrt(3.25))


def test_a_score_that_does_not_vary_has_no_z():
    flat = values()
    flat[:] = 3.0
    made = score(flat)
    assert set(made["state"]) == {"not_assessable"} and "does not vary" in made.loc["a", "reason"]


def test_a_gene_without_variation_leaves_the_weighted_score():
    flat = values()
    flat.iloc[1] = 3.0
    made = score(flat, WEIGHTED, rules={"min_gene_share": 0.5})
    assert made.loc["a", "missing"] == "B (no variation)"
    assert made["value_raw"].to_dict() == pytest.approx({"a": -0.5, "b": 0, "c": 0.5})


def test_log_normalised_by_hand():
    """Twice the reads, the same composition: size factors 1/sqrt(2) and sqrt(2)."""
    counts = pd.DataFrame({"a": [10, 20, 30], "b": [20, 40, 60], "none": [0, 0, 0]}, index=["G1", "G2", "G3"])
    made = scores.log_normalised(counts, {"G3"})
    assert list(made.columns) == ["a", "b"]
    assert made.loc["G1", "a"] == pytest.approx(math.log2(10 * math.sqrt(2) + 1))
    assert made.loc["G3", "a"] == pytest.approx(made.loc["G3", "b"])


def test_pathway_quartiles():
    names = [f"s{i}" for i in range(8)]
    frame = pd.DataFrame([[float(i) for i in range(8)]], index=["G1.1"], columns=names)
    made = scores.pathway(
        frame, pd.Series(["CRBN"], index=["G1.1"]), ["CRBN", "IKZF1"], samples(names), {}, RULES
    )
    made = tables.conform(made, tables.PATHWAY).set_index(["gene", "sample"])
    assert made.loc["CRBN", "quartile"].tolist() == [1, 1, 2, 2, 3, 3, 4, 4]
    assert made.loc[("CRBN", "s0"), "z"] == pytest.approx(-3.5 / math.sqrt(6))
    assert made.loc[("IKZF1", "s0"), "reason"] == "IKZF1 is not in the count matrix"


def test_a_failed_sample_changes_nothing_of_the_others():
    """Its genes, depth and preferred id of a symbol are its own."""
    random = np.random.default_rng(4)
    good = [f"s{i}" for i in range(8)]
    level = 2 ** random.uniform(3, 12, (300, 1)) * 2 ** random.normal(0, 0.5, (300, 8))
    counts = pd.DataFrame(random.poisson(level), [f"G{i}" for i in range(300)], good)
    names = pd.Series(counts.index, index=counts.index)
    names["G0"] = names["G1"] = "CRBN"
    failing = counts.assign(bad=np.where(np.arange(300) < 70, random.poisson(3000, 300), 0))
    failing.loc[["G0", "G1"], "bad"] = (
        [0, 10**7] if counts.loc["G0"].sum() > counts.loc["G1"].sum() else [10**7, 0]
    )

    def made(table, failed):
        where = samples(table.columns)
        return scores.score_cohort(
            table, names, WHERE, REGION, where, failed, "", [], RULES | {"pathway_genes": ["CRBN", "G7"]}
        )[1]

    without, with_it = made(counts, {}), made(failing, {"bad": "assigned_reads 9 < 2000"})
    kept = with_it[with_it["sample"] != "bad"].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, without, check_exact=True, check_dtype=False)


WHERE = pd.DataFrame(columns=["gene_id", "gene_name", "chrom", "start", "end", "strand", "biotype"])
REGION = pd.DataFrame(columns=["name", "kind", "chrom", "start", "end"])


def test_no_rna_and_no_score_file():
    empty = pd.DataFrame(columns=["gene_id"]).set_index("gene_id")
    made, pathway = scores.score_cohort(
        empty, pd.Series(dtype=str), WHERE, REGION, samples([]), {}, "", ["IG_"], RULES
    )
    assert not len(made) and not len(pathway)
