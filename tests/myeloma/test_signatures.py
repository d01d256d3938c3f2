"""Contexts by hand; the fit against an independent non-negative least squares; recovery of known exposures."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import nnls

from myeloma import contexts, pooled, signatures, tables
from myeloma.places import REGION_COLUMNS
from myeloma.states import ABSENT, EARLY, NOT_ASSESSABLE, POOR, PRESENT

SET = ["SBS1", "SBS2", "SBS5", "SBS8", "SBS9", "SBS13", "SBS18", "SBS99"]
RULES = {
    "set": SET,
    "cosmic_version": "3.4",
    "exome": True,
    "penalties": {"add": 0, "remove": 0, "initial_remove": 0},
    "min_snvs": 50,
    "min_cosine": 0.85,
    "bootstrap": 200,
    "confidence": 0.95,
    "seed": 1,
    "absent_below": 0.10,
    "min_patients_resampled": 3,
}
#: Shares in the order of SET: APOBEC, melphalan, and neither.
APOBEC = np.array([0.15, 0.15, 0.35, 0.10, 0.05, 0.15, 0.05, 0.00])
MELPHALAN = np.array([0.15, 0.00, 0.35, 0.15, 0.05, 0.00, 0.00, 0.30])
PLAIN = np.array([0.25, 0.03, 0.45, 0.12, 0.10, 0.05, 0.00, 0.00])


def least_squares(counts, table, penalties=None):
    """The test's own fit: scipy's solver, scaled to the mutations."""
    found = np.array([nnls(table.to_numpy(), column.astype(float))[0] for column in counts.T])
    return found / found.sum(axis=1, keepdims=True) * counts.sum(axis=0)[:, None]


# Contexts


def test_classes_are_named_by_the_pyrimidine():
    assert contexts.class_of("ACG", "T") == "A[C>T]G"
    assert contexts.class_of("CGT", "A") == "A[C>T]G"  # the same change seen from the other strand
    assert contexts.class_of("TAA", "C") == "T[T>G]A"
    assert contexts.class_of("NCG", "T") == "" and contexts.class_of("CG", "T") == ""


def test_the_96_classes_are_cosmics_in_its_order():
    assert len(set(contexts.CLASSES)) == 96 and list(contexts.CLASSES) == sorted(contexts.CLASSES)
    table = signatures.read_signatures(RULES, "GRCh38")
    assert table.notna().all().all() and table.sum().to_numpy() == pytest.approx(1, abs=1e-3)
    # SBS1 is C>T at CpG, SBS2 and SBS13 are TpC, whatever the order of rows.
    assert table.loc[["A[C>T]G", "C[C>T]G", "G[C>T]G", "T[C>T]G"], "SBS1"].sum() > 0.8
    assert table.loc[[c for c in table.index if c.startswith("T[C>")], "SBS13"].sum() > 0.8


@pytest.fixture
def genome(tmp_path):
    path = tmp_path / "g.fa"
    path.write_text(">chr1\nACGTACGTNCGT\n>chrM\nACGT\n")
    return path


def called(*rows):
    made = pd.DataFrame(rows, columns=["sample", "chrom", "pos", "ref", "alt", "filter", "mode"])
    made = made.assign(patient="P", hotspot="no", callers="mutect2", panel_of_normals="no").reindex(
        columns=tables.VARIANTS.names()
    )
    return tables.conform(made, tables.VARIANTS)


def test_only_somatic_single_bases_with_a_normal_count(genome, tmp_path):
    rows = called(
        ("T", "chr1", 2, "C", "T", "PASS", "tumour_normal"),  # A[C>T]G
        ("T", "chr1", 7, "G", "A", "PASS", "tumour_normal"),  # CGT, other strand: A[C>T]G
        ("T", "chr1", 4, "T", "G", "germline", "tumour_normal"),
        ("T", "chr1", 3, "GT", "AA", "PASS", "tumour_normal"),  # a doublet is not split
        ("T", "chr1", 4, "T", "TA", "PASS", "tumour_normal"),
        ("T", "chr1", 10, "C", "T", "PASS", "tumour_normal"),  # beside N
        ("T", "chr1", 12, "T", "A", "PASS", "tumour_normal"),  # contig end
        ("T", "chrM", 2, "C", "T", "PASS", "tumour_normal"),
        ("T", "chr1", 5, "A", "C", "PASS", "tumour_normal"),  # in the masked locus
        ("U", "chr1", 2, "C", "T", "PASS", "tumour_only"),
    )
    regions = tmp_path / "regions.tsv"
    locus = ("IGH", "ig_locus", "chr1", "5", "5", "", "")
    regions.write_text("\t".join(REGION_COLUMNS) + "\n" + "\t".join(locus) + "\n")
    tumours = [
        {"patient": "P", "sample": "T", "normal": "N"},
        {"patient": "Q", "sample": "U", "normal": ""},
        {"patient": "R", "sample": "V", "normal": "W"},
    ]
    made = contexts.count_cohort(tumours, rows, str(regions), genome)
    assert list(made.columns) == ["mutation_type", "T", "V"]
    assert made.set_index("mutation_type")["T"].loc[lambda n: n > 0].to_dict() == {"A[C>T]G": 2}
    assert made["V"].sum() == 0
    tables.write(made, tmp_path / "sbs96.tsv", tables.SBS96)
    assert contexts.read(tmp_path / "sbs96.tsv")["T"].sum() == 2


def test_another_reference_is_refused_by_name(genome):
    rows = called(("T", "chr1", 2, "A", "T", "PASS", "tumour_normal"))
    with pytest.raises(ValueError, match="T chr1:2: reference allele A, but .* has C"):
        contexts.count(rows, genome, ["T"])


# The fit


@pytest.fixture(scope="module")
def table():
    return signatures.read_signatures(RULES, "GRCh38")


def spectra(table, shares, snvs, n, seed=0):
    mixed = table.to_numpy() @ shares
    return np.random.default_rng(seed).multinomial(snvs, mixed / mixed.sum(), size=n).T


def test_without_penalties_the_library_is_non_negative_least_squares(table):
    """Which licenses the fast fit of the other tests; differences are its rounding to whole mutations."""
    counts = np.column_stack(
        [spectra(table, s, n, 3, seed=n) for s in (APOBEC, MELPHALAN) for n in (50, 100, 300)]
    )
    found = signatures.assign(counts, table, RULES["penalties"])
    assert found.sum(axis=1).tolist() == counts.sum(axis=0).tolist()
    assert np.abs(found - least_squares(counts, table)).max() < 2


def test_82_myeloma_genomes(real_data):
    """Counts published with mmsig (Rustad EH et al., Commun Biol 2021;4:424): melphalan and APOBEC are found.

    Genomes named MEL_ are of patients with melphalan before the sample; SBS99 is mmsig's SBS-MM1.
    """
    counts = pd.read_csv(real_data("mm_96_classes") / "mm_96_classes.tsv", sep="\t", index_col=0)
    counts = counts.reindex(list(contexts.CLASSES))
    table = signatures.read_signatures(RULES | {"exome": False}, "hg19")
    found = signatures.assign(counts.to_numpy(), table, RULES["penalties"])
    own = least_squares(counts.to_numpy(), table)
    assert np.abs(found - own).max() < 2
    shares = pd.DataFrame(found, counts.columns, SET).div(found.sum(axis=1), axis=0)
    treated = shares.index.str.startswith("MEL_")
    assert treated.sum() == 33
    assert shares.loc[treated, "SBS99"].median() > 2.5 * shares.loc[~treated, "SBS99"].median()
    assert (shares.loc[treated, "SBS99"] > 0.08).sum() >= 15 and (shares.loc[~treated, "SBS99"] < 0.08).all()
    apobec = (shares["SBS2"] + shares["SBS13"]).sort_values()
    assert {name[:-1] for name in apobec.index[-3:]} == {"PD26419"}  # three samples of one patient
    assert np.corrcoef(shares["SBS2"], shares["SBS13"])[0, 1] > 0.6
    close = [signatures.cosine(counts.iloc[:, i].to_numpy(), table.to_numpy() @ found[i]) for i in range(82)]
    assert min(close) > 0.95


@pytest.mark.parametrize(
    "snvs, covered, found_high", [(50, 0.89, 0.70), (100, 0.90, 0.90), (300, 0.91, 0.97)]
)
def test_known_exposures_are_recovered(table, snvs, covered, found_high):
    """40 spectra of each of three mixtures: coverage of the 95 % interval, and states that are wrong."""
    inside, wrong, absent, melphalan = [], [], [], []
    for number, truth in enumerate((APOBEC, MELPHALAN, PLAIN)):
        counts = spectra(table, truth, snvs, 40, seed=number)
        for i, column in enumerate(counts.T):
            drawn = signatures.resample(column, 200, 1, f"{number} {i}")
            fitted = least_squares(column[:, None], table)[0]
            loose = RULES | {"min_cosine": 0.0}
            rows = signatures.rows_of(column, fitted, least_squares(drawn, table), table, loose)
            for row, share in zip(rows, truth, strict=True):
                inside.append(row["share_low"] - 1e-9 <= share <= row["share_high"] + 1e-9)
                wrong += [row["state"] == PRESENT] if share == 0 else []
                absent += [row["state"] == ABSENT] if share >= 0.10 else []
                melphalan += [row["state"] == PRESENT] if share == 0.30 else []
    assert np.mean(inside) >= covered
    assert np.mean(wrong) <= 0.05 and np.mean(absent) <= 0.05
    assert np.mean(melphalan) >= found_high


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(signatures, "assign", least_squares)


def counts_of(table, **samples):
    frame = pd.DataFrame({name: column for name, column in samples.items()}, index=list(contexts.CLASSES))
    return frame.rename_axis("mutation_type")


def test_few_mutations_are_refused_and_enough_are_fitted(table, quick):
    many, few = spectra(table, MELPHALAN, 400, 1)[:, 0], spectra(table, MELPHALAN, 49, 1)[:, 0]
    counts = counts_of(table, A=many, B=few)
    why = {name: signatures.refused(int(counts[name].sum()), RULES) for name in "AB"}
    made = signatures.fit_samples(counts, why, RULES, "GRCh38")
    states = {row["signature"]: row["state"] for row in made["A"]}
    assert states["SBS99"] == PRESENT and states["SBS13"] == ABSENT
    assert {row["state"] for row in made["B"]} == {NOT_ASSESSABLE}
    assert made["B"][0]["reason"] == "49 SNVs, fewer than the 50 that a fit needs"
    assert "share" not in made["B"][0]


def test_another_sample_changes_nothing(table, quick):
    one, other = spectra(table, APOBEC, 200, 2).T
    alone = signatures.fit_samples(counts_of(table, A=one), {"A": ""}, RULES, "GRCh38")["A"]
    both = signatures.fit_samples(counts_of(table, B=other, A=one), {"B": "", "A": ""}, RULES, "GRCh38")["A"]
    assert alone == both


def test_a_spectrum_that_the_set_does_not_explain_is_refused(table, quick):
    strange = np.zeros(96, dtype=int)
    strange[list(contexts.CLASSES).index("G[T>A]G")] = 100
    made = signatures.fit_samples(counts_of(table, A=strange), {"A": ""}, RULES, "GRCh38")["A"]
    assert {row["state"] for row in made} == {NOT_ASSESSABLE}
    assert "below 0.85" in made[0]["reason"] and made[0]["cosine"] < 0.85 and "share" not in made[0]


def test_states_follow_the_interval():
    assert signatures.judge(0.01, 0.4, RULES) == (PRESENT, "")
    assert signatures.judge(0.0, 0.10, RULES) == (ABSENT, "")
    state, reason = signatures.judge(0.0, 0.23, RULES)
    assert state == NOT_ASSESSABLE and "0.23" in reason


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="SBS999"):
        signatures.read_signatures(RULES | {"set": ["SBS1", "SBS999"]}, "GRCh38")
    with pytest.raises(ValueError, match="cosmic_version 9.9"):
        signatures.read_signatures(RULES | {"cosmic_version": "9.9"}, "GRCh38")


# Groups


def cohort(n_early, n_poor, gated=()):
    names = [f"E{i}" for i in range(n_early)] + [f"L{i}" for i in range(n_poor)]
    samples = pd.DataFrame(
        [
            {"patient": p, "sample": f"{p}-{letter}", "assay": "wes", "role": role}
            for p in names
            for letter, role in (("T", "analysis"), ("N", "matched_normal"))
        ]
    )
    flow = pd.DataFrame(
        [{"patient": p, "analysis": "early" if p[0] == "E" else "poor", "included": "yes"} for p in names]
    )
    qc = pd.DataFrame(
        [
            {"sample": s, "verdict": "fail", "gate": "g", "value": 1.0, "threshold": 2.0, "reason": ""}
            for s in gated
        ],
        columns=["sample", "verdict", "gate", "value", "threshold", "reason"],
    )
    return samples, flow, qc


def test_groups_are_pooled_and_patients_resampled(table, quick):
    samples, flow, qc = cohort(3, 2, gated=["L1-N"])
    columns = spectra(table, MELPHALAN, 60, 5)
    counts = counts_of(
        table, **{f"{p}-T": columns[:, i] for i, p in enumerate(["E0", "E1", "E2", "L0", "L1"])}
    )
    made = tables.conform(
        pooled.fit_groups(counts, samples, flow, qc, RULES | {"min_cosine": 0}, "GRCh38"),
        tables.SIGNATURES_BY_GROUP,
    )
    early, poor = (made[made["group"] == group].set_index("signature") for group in (EARLY, POOR))
    assert (
        set(early["patients"]) == {3}
        and set(early["snvs"]) == {180}
        and set(early["resampled"]) == {"patients"}
    )
    assert early.loc["SBS99", "state"] == PRESENT
    assert set(poor["patients"]) == {1} and set(poor["resampled"]) == {"mutations"}
    assert early["table"].iloc[0] == "COSMIC_v3.4_SBS_GRCh38_exome"
    assert early["library"].iloc[0].startswith("SigProfilerAssignment 1.")


def test_one_patient_with_many_mutations_is_no_finding_of_the_group(table, quick):
    """The interval over patients reaches down to nothing where one of three carries it all."""
    samples, flow, qc = cohort(3, 0)
    columns = [spectra(table, MELPHALAN, 300, 1)[:, 0], *spectra(table, PLAIN, 60, 2).T]
    counts = counts_of(table, **{f"E{i}-T": one for i, one in enumerate(columns)})
    found = pooled.fit_groups(counts, samples, flow, qc, RULES | {"min_cosine": 0}, "GRCh38")
    row = found.set_index(["group", "signature"]).loc[(EARLY, "SBS99")]
    assert row["share_low"] < 0.1 < 0.2 < row["share_high"]


def test_a_group_of_nobody_or_of_few_mutations_says_so(table, quick):
    samples, flow, qc = cohort(2, 0)
    counts = counts_of(table, **{f"E{i}-T": spectra(table, PLAIN, 10, 1)[:, 0] for i in range(2)})
    made = pooled.fit_groups(counts, samples, flow, qc, RULES, "GRCh38").set_index(["group", "signature"])
    assert made.loc[(EARLY, "SBS1"), "reason"].startswith("20 SNVs, fewer than")
    assert made.loc[(POOR, "SBS1"), "patients"] == 0 and made.loc[(POOR, "SBS1"), "state"] == NOT_ASSESSABLE
