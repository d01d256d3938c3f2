"""Masks, panel, X and Y, measures per region; GATK's part on simulated counts (marked tools)."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from myeloma import copies, purity, tables
from myeloma.run import ToolError

SETTINGS = yaml.safe_load(
    (Path(__file__).resolve().parents[2] / "config/config.yaml").read_text(encoding="utf-8")
)["copy_number"]
LENGTH, HALF = 400_000, 200_000
CONTIGS = [*(f"chr{n}" for n in range(1, 23)), "chrX", "chrY"]
ACROCENTRIC = {"chr13", "chr14", "chr15", "chr21", "chr22"}
GENOME = "".join(f"@SQ\tSN:{name}\tLN:{LENGTH}\n" for name in CONTIGS)


def regions(*rows):
    return pd.DataFrame(rows, columns=["name", "kind", "chrom", "start", "end"]).assign(
        genes="", source="here"
    )


def arms():
    rows = [
        (name, arm, start, end, "no" if name in ACROCENTRIC and arm == "p" else "yes")
        for name in CONTIGS
        for arm, start, end in (("p", 1, HALF), ("q", HALF + 1, LENGTH))
    ]
    return pd.DataFrame(rows, columns=["chrom", "arm", "start", "end", "informative"])


def ratios(*rows):
    return pd.DataFrame(rows, columns=["chrom", "start", "end", "log2"])


def hets(*positions, depth=100):
    return pd.DataFrame({"chrom": "chr1", "start": positions, "end": positions, "depth": depth})


@pytest.mark.parametrize(
    ("start", "end", "hit"), [(50, 99, False), (50, 100, True), (200, 300, True), (201, 300, False)]
)
def test_mask_takes_every_target_that_shares_a_base(start, end, hit):
    table = regions(("IGH", "ig_locus", "14", 100, 200), ("MAF", "partner", "chr14", 1, 9999))
    frame = ratios(("chr14", start, end, 0.0), ("chr15", start, end, 0.0))
    assert copies.masked(frame, table).tolist() == [hit, False]


def test_bed_targets_in_a_masked_locus_are_left_out():
    table = regions(("IGH", "ig_locus", "chr14", 101, 200))
    wanted = [("chr14", 50, 100), ("chr14", 50, 101), ("chr14", 199, 300), ("chr14", 200, 300)]
    assert copies._unmasked(wanted, table) == [("chr14", 50, 100), ("chr14", 200, 300)]


@pytest.mark.parametrize(
    ("contig", "sex", "expected"),
    [("chr7", "", 2), ("X", "female", 2), ("chrX", "male", 1), ("Y", "male", 1), ("chrY", "female", 0)],
)
def test_germline_copies(contig, sex, expected):
    assert copies.germline_copies(contig, sex) == expected


def test_sex_chromosomes_of_unknown_sex_have_no_expectation():
    assert copies.germline_copies("chrX", "") is None


@pytest.mark.parametrize(("normals", "expected"), [(0, 0), (1, 0), (5, 0), (6, 2), (9, 3), (100, 10)])
def test_few_normals_give_no_noise_directions(normals, expected):
    assert copies.eigensamples(normals, 10) == expected


def counts(autosomal, x, y):
    rows = [
        ("chr1", 1, 100, autosomal),
        ("chr2", 1, 100, autosomal),
        ("chrX", 1, 100, x),
        ("chrY", 1, 100, y),
    ]
    return pd.DataFrame(rows, columns=["CONTIG", "START", "END", "COUNT"])


def test_reference_of_x_and_y_is_for_two_copies_whatever_the_sex_of_the_normals():
    frames = {"woman": counts(100, 80, 0), "man": counts(200, 80, 60), "unknown": counts(100, 500, 500)}
    made = copies.sex_reference(frames, {"woman": "female", "man": "male"}).set_index("CONTIG")
    assert made.loc["chrX", "REFERENCE"] == pytest.approx(0.8)
    assert made.loc["chrY", "REFERENCE"] == pytest.approx(0.6)
    assert made["NORMALS"].to_dict() == {"chrX": 2, "chrY": 1}


def test_ratios_of_x_and_y_of_a_man_are_one_copy(tmp_path):
    path = tmp_path / "reference.tsv"
    copies.sex_reference(
        {"woman": counts(100, 80, 0), "man": counts(200, 80, 60)}, {"woman": "female", "man": "male"}
    ).to_csv(path, sep="\t", index=False)
    seen = copies.sex_ratios(counts(300, 120, 90), path, "male").set_index("chrom")["log2"]
    assert seen.to_dict() == pytest.approx({"chrX": -1.0, "chrY": -1.0})
    assert copies.sex_ratios(counts(300, 120, 90), path, "").empty
    assert copies.sex_ratios(counts(300, 240, 1), path, "female")["chrom"].tolist() == ["chrX"]


def test_a_normal_with_hardly_a_read_does_not_enter_the_panel():
    chosen = copies._choose_normals(
        {"good": counts(50, 1, 1), "edge": counts(10, 0, 0), "bad": counts(9, 90, 90)}, 10
    )
    assert chosen.set_index("sample")["used"].to_dict() == {"good": "yes", "edge": "yes", "bad": "no"}
    assert "below 10" in chosen.set_index("sample").loc["bad", "reason"]


def test_window_of_a_region_takes_the_nearest_targets_of_its_own_arm():
    seen = ratios(*(("chr1", at, at + 99, at / 1e6) for at in range(150_500, 260_000, 10_000)))
    table = regions(("del1p", "copy_number", "chr1", 181_000, 182_000))
    row = copies.region_measures(seen, hets(), table, arms(), 4).set_index("region").loc["del1p"]
    assert (row["targets"], row["window_targets"]) == (0, 4)
    assert (row["window_start"], row["window_end"]) == (160_500, 190_599)


def test_window_is_the_region_where_it_holds_enough_targets():
    seen = ratios(*(("chr1", at, at + 99, 0.5) for at in range(10_000, 20_000, 1_000)))
    table = regions(("del1p", "copy_number", "1", 10_000, 14_500))
    # window 10,000-14,099, widened by 100: the first and the last site lie just outside
    sites = hets(9_899, 9_900, 12_000, 14_199, 14_200, depth=80)
    measured = copies.region_measures(seen, sites, table, arms(), 5).set_index("region")
    assert measured.loc["del1p", ["targets", "window_targets"]].tolist() == [5, 5]
    assert measured.loc["del1p", ["window_het_sites", "window_het_depth"]].tolist() == [3, 80]
    assert measured.loc["1p", "targets"] == 10
    assert "13p" not in measured.index


def test_noise_is_the_spread_around_the_segments():
    rng = np.random.default_rng(1)
    seen = ratios(
        *(
            ("chr1", at, at + 9, level + rng.normal(0, 0.2))
            for at, level in zip(range(0, 40_000, 20), [0.0] * 1000 + [1.0] * 1000, strict=True)
        )
    )
    segments = pd.DataFrame({"chrom": ["chr1", "chr1"], "start": [0, 20_000], "end": [19_999, 40_000]})
    assert copies.target_noise(seen, segments) == pytest.approx(0.2, abs=0.02)


def fit_with(used, shift=0.0):
    return purity.Fit(used, used, 0.0, 1.0, "resolved", "", 2.0, shift, "diploid", 0.01)


def sex_segment(chrom, log2, germline=2.0):
    return pd.DataFrame(
        {"germline_copies": [germline], "chrom": [chrom], "start": [1], "end": [100], "log2": [log2], "log2_low": [log2 - 0.02],
         "log2_high": [log2 + 0.02], "targets": [40], "minor_fraction": [np.nan], "het_sites": [0]}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("chrom", "sex", "log2", "total"),
    [
        ("chrX", "male", -1.0, 1),
        ("chrX", "male", np.log2(1.8 / 2), 2),
        ("chrX", "female", np.log2(1.2 / 2), 1),
        ("chrX", "female", 0.0, 2),
        ("chrY", "male", np.log2(0.2 / 2), 0),
    ],
)
def test_copies_of_x_and_y_at_purity_080(chrom, sex, log2, total):
    segments = sex_segment(chrom, log2)
    segments["germline_copies"] = copies.germline_levels(segments, sex, {}, SETTINGS)
    states = copies.relative_states(segments, fit_with(0.8), SETTINGS)
    assert states["total_copies"].tolist() == [total]


@pytest.mark.parametrize(("chrom", "sex"), [("chrX", ""), ("chrY", "female")])
def test_x_and_y_are_left_out_where_nothing_can_be_expected(chrom, sex):
    segments = sex_segment(chrom, 0.0)
    segments["germline_copies"] = copies.germline_levels(segments, sex, {}, SETTINGS)
    assert copies.relative_states(segments, fit_with(0.8), SETTINGS).empty


def test_a_file_that_holds_no_segments_of_gatk_is_refused_by_name(tmp_path):
    path = tmp_path / "broken.seg"
    path.write_text("CONTIG\tSTART\nchr1\t1\n", encoding="utf-8")
    with pytest.raises(ToolError, match="broken.seg.*END"):
        copies.read_segments(path)


def test_join_of_nothing_writes_empty_tables_and_names_tumours_without_targets(tmp_path):
    output = {name: tmp_path / f"{name}.tsv" for name in ("segments", "purity", "regions")}
    missing = [{"patient": "P1", "sample": "T1", "sorted_purity": 0.9, "reason": "no targets"}]
    copies.join({name: [] for name in output}, missing, output)
    assert tables.read(output["segments"], tables.SEGMENTS).empty
    assert tables.read(output["regions"], tables.COPY_REGIONS).empty
    row = tables.read(output["purity"], tables.PURITY).iloc[0]
    assert (row["status"], row["reason"], row["sorted_purity"]) == ("", "no targets", 0.9)
    assert pd.isna(row["purity_used"])


# GATK on simulated counts: 24 contigs, 60 targets and 90 common SNPs each, two normals of each sex.


def genome(rng):
    rows = []
    for name in CONTIGS:
        low, many = (HALF, 30) if name in ACROCENTRIC else (1000, 60)
        for start in sorted(rng.choice(np.arange(low, LENGTH - 1000, 250), many, replace=False)):
            rows.append((name, int(start), int(start) + 200, rng.lognormal(0, 0.3)))
    return pd.DataFrame(rows, columns=["CONTIG", "START", "END", "capture"])


def write_gatk(frame, path, sample):
    with open(path, "w", encoding="utf-8") as handle:
        handle.write(f"@HD\tVN:1.6\tSO:coordinate\n{GENOME}@RG\tID:GATKCopyNumber\tSM:{sample}\n")
        frame.to_csv(handle, sep="\t", index=False)


def mixture(name, position, sex, share, events):
    """Mean copies and copies of allele B per cell, of tumour and germline cells."""
    germline = (
        2
        if name not in ("chrX", "chrY")
        else {"female": 2, "male": 1}[sex] * (name == "chrX" or sex == "male")
    )
    total, minor, fraction = events.get(name + ("p" if position <= HALF else "q"), (germline, 1, 1.0))
    mean = share * (fraction * total + (1 - fraction) * germline) + (1 - share) * germline
    b = share * (fraction * minor + 1 - fraction) + 1 - share
    return mean, b


def simulate(rng, targets, genotypes, folder, sample, sex, share=0.0, events=None, depth=200, germline=None):
    """`events` are of the tumour cells, a `share` of all; `germline` ones are of every cell."""
    events, germline = events or {}, germline or {}

    def mixed(name, position):
        if name + ("p" if position <= HALF else "q") in germline:
            return mixture(name, position, sex, 1.0, germline)
        return mixture(name, position, sex, share, events)

    mean = np.array([mixed(r.CONTIG, r.START)[0] for r in targets.itertuples()])
    expect = depth * targets["capture"] * mean / mean.mean() * rng.lognormal(0, 0.05, len(targets))
    write_gatk(
        targets[["CONTIG", "START", "END"]].assign(COUNT=rng.poisson(expect)),
        folder / f"{sample}.counts.tsv",
        sample,
    )
    rows = []
    for number, (row, kinds) in enumerate(zip(targets.itertuples(), genotypes, strict=True)):
        for offset, kind in zip((40, 90, 140), kinds, strict=True):
            total, b = mixed(row.CONTIG, row.START)
            reads = rng.poisson(100 * row.capture * total / 2)
            b = b / total if total else 0.5
            alt = {0: 0.001, 1: b if number % 2 else 1 - b, 2: 0.999}[kind]
            seen = rng.binomial(reads, np.clip(alt, 0, 1))
            rows.append((row.CONTIG, row.START + offset, reads - seen, seen, "A", "C"))
    names = ["CONTIG", "POSITION", "REF_COUNT", "ALT_COUNT", "REF_NUCLEOTIDE", "ALT_NUCLEOTIDE"]
    write_gatk(pd.DataFrame(rows, columns=names), folder / f"{sample}.alleles.tsv", sample)


EVENTS = {
    "chr17p": (1, 0, 0.5), "chr13q": (1, 0, 1.0), "chr1q": (4, 1, 1.0), "chr16q": (2, 0, 1.0),
    "chr9p": (3, 1, 1.0), "chr9q": (3, 1, 1.0), "chr15q": (3, 1, 1.0),
}  # fmt: skip


#: In every cell of n5 and its tumour: one copy of 10q, a single haplotype of 4q (two copies, all homozygous).
GERMLINE = {"chr10q": (1, 0, 1.0), "chr4q": (2, 0, 1.0)}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory, tools):
    """A panel of four normals and one tumour (man, purity 0.7) with the events above."""
    tools("gatk")
    folder = tmp_path_factory.mktemp("copies")
    rng = np.random.default_rng(3)
    targets = genome(rng)
    sexes, genotypes = {}, {}
    for sample, sex in (("n1", "male"), ("n2", "female"), ("n3", "male"), ("n4", "female")):
        sexes[sample] = sex
        genotypes[sample] = rng.choice([0, 1, 2], (len(targets), 3), p=[0.4, 0.42, 0.18])
        simulate(rng, targets, genotypes[sample], folder, sample, sex)
    simulate(rng, targets, genotypes["n1"], folder, "tumour", "male", 0.7, EVENTS)
    for name, share, events in (("n5", 0.0, {}), ("tumour5", 0.7, EVENTS)):
        simulate(rng, targets, genotypes["n1"], folder, name, "male", share, events, germline=GERMLINE)
    regions(
        ("IGH", "ig_locus", "chr14", 390_000, LENGTH), ("del17p", "copy_number", "chr17", 50_000, 90_000)
    ).to_csv(folder / "regions.tsv", sep="\t", index=False)
    arms().to_csv(folder / "arms.tsv", sep="\t", index=False)
    return folder, sexes


def run_model(cohort, normals, **changes):
    """The panel of `normals` and the model of the tumour; returns segments and the row of purity.tsv."""
    folder, sexes = cohort
    made = {"panel": "panel.hdf5", "sex_reference": "sex.tsv", "normals": "normals.tsv"}
    made = {name: str(folder / f"{len(normals)}.{ending}") for name, ending in made.items()}
    paths = {name: str(folder / f"{name}.counts.tsv") for name in normals}
    copies.make_panel(paths, sexes, "", SETTINGS, made, 2, 3000)
    inputs = {
        "counts": str(folder / "tumour.counts.tsv"),
        "alleles": str(folder / "tumour.alleles.tsv"),
        "normal_alleles": str(folder / "n1.alleles.tsv"),
        "normal_counts": str(folder / "n1.counts.tsv"),
        "regions": str(folder / "regions.tsv"),
        "arms": str(folder / "arms.tsv"),
        "gc": str(folder / "gc.tsv"),
        **made,
        **changes,
    }
    output = {
        name: str(folder / f"tumour.{name}.tsv")
        for name in ("segments", "purity", "regions", "ratios", "hets")
    }
    sample = {"patient": "P", "sample": "tumour", "sex": "male", "purity": 0.8, "mode": "tumour_normal"}
    copies.model(sample, inputs, SETTINGS, output, 3000)
    return tables.read(output["segments"], tables.SEGMENTS), tables.read(
        output["purity"], tables.PURITY
    ).iloc[0]


def at(segments, chrom, position):
    row = segments[
        (segments["chrom"] == chrom) & (segments["start"] <= position) & (segments["end"] >= position)
    ]
    return row.iloc[0]


@pytest.mark.tools
def test_planted_events_are_found_with_purity_and_nothing_else(cohort):
    segments, fitted = run_model(cohort, ["n1", "n2", "n3", "n4"])
    assert fitted["status"] == "resolved" and fitted["purity"] == pytest.approx(0.7, abs=0.05)
    for arm, (total, minor, fraction) in EVENTS.items():
        row = at(segments, arm[:-1], 100_000 if arm.endswith("p") else 300_000)
        assert (row["total_copies"], row["minor_copies"]) == (total, minor), arm
        assert row["clonal_fraction"] == pytest.approx(fraction, abs=0.15), arm
    changed = segments[segments["clonal_fraction"].notna()]
    assert {f"{r.chrom}{'p' if r.end <= HALF else 'q'}" for r in changed.itertuples()} == set(EVENTS)
    assert at(segments, "chrX", 100_000)["total_copies"] == 1
    assert at(segments, "chrY", 100_000)["total_copies"] == 1
    frame = pd.read_csv(cohort[0] / "tumour.ratios.tsv", sep="\t")
    masked = (frame["chrom"] == "chr14") & (frame["end"] >= 390_000)
    assert not masked.any() and (frame["chrom"] == "chr14").any()


@pytest.mark.tools
def test_tumour_only_against_a_single_normal_calls_and_says_so(cohort):
    segments, fitted = run_model(cohort, ["n2"], normal_alleles="", normal_counts="")
    assert fitted["panel_normals"] == 1 and "single normal" in fitted["reason"]
    assert at(segments, "chr1", 300_000)["total_copies"] == 4
    assert at(segments, "chr13", 300_000)["minor_copies"] == 0


@pytest.mark.tools
def test_without_normals_and_sites_only_gc_is_corrected_and_little_is_claimed(cohort):
    folder, _ = cohort
    frame = copies.read_gatk(folder / "tumour.counts.tsv")[["CONTIG", "START", "END"]]
    frame["GC_CONTENT"] = np.linspace(0.3, 0.7, len(frame))
    write_gatk(frame, folder / "gc.tsv", "tumour")
    empty = folder / "empty.tsv"
    empty.write_text("", encoding="utf-8")
    segments, fitted = run_model(cohort, [], alleles=str(empty), normal_alleles="", normal_counts="")
    assert fitted["panel_normals"] == 0 and "GC correction only" in fitted["reason"]
    assert "no minor copies" in fitted["reason"] and segments["minor_copies"].isna().all()
    assert fitted["noise"] > 0.25  # the efficiency of the targets stays in: absence will not be stated
    assert not segments["chrom"].isin(["chrX", "chrY"]).any()


@pytest.mark.tools
def test_a_given_panel_brings_its_own_intervals(cohort):
    folder, sexes = cohort
    made = {name: str(folder / f"given.{name}") for name in ("panel", "sex_reference", "normals")}
    paths = {name: str(folder / f"{name}.counts.tsv") for name in ("n1", "n2")}
    copies.make_panel(paths, sexes, "", SETTINGS, made, 2, 3000)
    counted = copies.read_gatk(folder / "n1.counts.tsv")
    counted = counted[~counted["CONTIG"].isin(["chrX", "chrY"])]
    expected = [(row.CONTIG, row.START - 1, row.END) for row in counted.itertuples()]
    assert copies.panel_intervals(made["panel"]) == expected


@pytest.mark.tools
def test_a_loss_and_homozygosity_of_the_germline_are_not_somatic(cohort):
    """The matched normal has them too: no state of the tumour differs from it, at whatever purity."""
    folder, _ = cohort
    own = {name: str(folder / f"{sample}.tsv") for name, sample in (
        ("counts", "tumour5.counts"), ("alleles", "tumour5.alleles"),
        ("normal_alleles", "n5.alleles"), ("normal_counts", "n5.counts"))}  # fmt: skip
    segments, fitted = run_model(cohort, ["n1", "n2", "n3", "n4"], **own)
    assert fitted["purity"] == pytest.approx(0.7, abs=0.05)
    assert "matched normal: germline" in fitted["reason"]
    lost = at(segments, "chr10", 300_000)
    assert lost["germline_copies"] == 1 and pd.isna(lost["clonal_fraction"])
    assert lost["total_copies"] == 1 and pd.isna(lost["minor_copies"])
    same = at(segments, "chr4", 300_000)
    assert same["total_copies"] == 2 and pd.isna(same["minor_copies"]) and pd.isna(same["clonal_fraction"])
    changed = segments[segments["clonal_fraction"].notna()]
    assert {f"{r.chrom}{'p' if r.end <= HALF else 'q'}" for r in changed.itertuples()} == set(EVENTS)


def gatk_table(path, frame):
    path.write_text("@HD\tVN:1.6\n" + frame.to_csv(sep="\t", index=False), encoding="utf-8")
    return str(path)


def small_panel(folder, normal):
    """A panel (the parts that are read) of 40 targets on chr1 and chr2, and counts of a normal against it."""
    import h5py

    starts = np.arange(1, 40_000, 1000)
    places = np.array([[0] * 20 + [1] * 20, starts, starts + 200])
    with h5py.File(folder / "panel.hdf5", "w") as handle:
        handle["panel/intervals/indexed_contig_names"] = np.array([b"chr1", b"chr2"])
        handle["panel/intervals/transposed_index_start_end"] = places
        handle["panel/interval_fractional_medians"] = np.full((1, 40), 0.025)
    frame = pd.DataFrame({"CONTIG": ["chr1"] * 20 + ["chr2"] * 20, "START": starts, "END": starts + 200})
    frame["COUNT"] = normal
    return {"panel": str(folder / "panel.hdf5"), "normal_counts": gatk_table(folder / "n.tsv", frame)}


@pytest.mark.parametrize(("level", "copies_"), [(100, 2.0), (80, 2.0), (50, 1.0), (150, 3.0), (1, 0.02)])
def test_germline_copies_of_a_segment_come_from_the_matched_normal(tmp_path, level, copies_):
    inputs = small_panel(tmp_path, [100] * 30 + [level] * 10)
    measured = pd.DataFrame({"chrom": ["chr1", "chr2"], "start": [1, 30_001], "end": [20_000, 40_000]})
    seen = copies.germline_levels(measured, "", inputs, SETTINGS)
    assert seen.tolist() == pytest.approx([2.0, copies_], abs=0.01)


def test_without_a_normal_or_a_panel_the_germline_has_two_copies(tmp_path):
    measured = pd.DataFrame({"chrom": ["chr1"], "start": [1], "end": [20_000]})
    assert copies.germline_levels(measured, "", {}, SETTINGS).tolist() == [2.0]
    (tmp_path / "none.hdf5").write_bytes(b"")
    inputs = {"panel": tmp_path / "none.hdf5", "normal_counts": "unread"}
    assert copies.germline_levels(measured, "", inputs, SETTINGS).tolist() == [2.0]


@pytest.mark.parametrize(
    ("log2", "total", "fraction"), [(-1.0, 1, np.nan), (np.log2(0.4 / 2), 0, 1.0), (np.log2(1.8 / 2), 2, 1.0)]
)
def test_states_beside_a_germline_loss_are_changes_from_one_copy(log2, total, fraction):
    """Purity 0.6: one copy in every cell; none in the tumour (0.4 x 1); two in the tumour (0.6 x 2 + 0.4)."""
    log2 = np.log2((0.6 * total + 0.4) / 2)
    made = copies.relative_states(sex_segment("chr3", log2, 1.0), fit_with(0.6), SETTINGS).iloc[0]
    assert made["total_copies"] == total and pd.isna(made["minor_copies"])
    assert made["clonal_fraction"] == pytest.approx(fraction, nan_ok=True)


def balanced(normal_minor, number=20):
    at_ = np.arange(10, 10 + number)
    return pd.DataFrame(
        {
            "chrom": "chr1",
            "start": at_,
            "end": at_,
            "depth": 90,
            "normal_depth": 60,
            "normal_minor": normal_minor,
        }
    )


def imbalanced_segment():
    return pd.DataFrame(
        {"chrom": ["chr1"], "start": [1], "end": [100], "minor_fraction": [0.2], "minor_low": [0.18],
         "minor_high": [0.22], "het_sites": [20]}
    )  # fmt: skip


@pytest.mark.parametrize(("normal_minor", "kept"), [(27, True), (25, True), (20, False), (2, False)])
def test_allele_fractions_count_only_where_the_normal_is_balanced(normal_minor, kept):
    inputs = {"normal_alleles": "some"}
    made, notes = copies.without_germline_alleles(
        imbalanced_segment(), balanced(normal_minor), inputs, SETTINGS
    )
    assert made["minor_fraction"].notna().tolist() == [kept] and bool(notes) != kept


def test_balanced_sites_of_a_shallow_normal_are_not_taken_for_imbalance():
    reads = np.random.default_rng(5).binomial(20, 0.5, 400)
    hets_ = balanced(np.minimum(reads, 20 - reads), 400).assign(normal_depth=20)
    made, _ = copies.without_germline_alleles(
        imbalanced_segment().assign(end=1000), hets_, {"normal_alleles": "some"}, SETTINGS
    )
    assert made["minor_fraction"].notna().all()


@pytest.mark.parametrize(("few", "kept"), [(6, False), (25, True)])
def test_tumour_only_run_of_homozygosity_gives_no_allele_fraction(tmp_path, few, kept):
    sites = pd.DataFrame(
        [(c, at_, 30, 30, "A", "C") for c in ("chr1", "chr2", "chr3") for at_ in range(10, 110)],
        columns=["CONTIG", "POSITION", "REF_COUNT", "ALT_COUNT", "REF_NUCLEOTIDE", "ALT_NUCLEOTIDE"],
    )
    inputs = {"alleles": gatk_table(tmp_path / "a.tsv", sites)}
    measured = pd.concat(
        [imbalanced_segment().assign(chrom=c) for c in ("chr1", "chr2", "chr3")], ignore_index=True
    )
    measured = measured.assign(start=1, end=200, het_sites=[40, 40, few])
    made, notes = copies.without_germline_alleles(measured, balanced(27), inputs, SETTINGS)
    assert made["minor_fraction"].notna().tolist() == [True, True, kept] and bool(notes) != kept


@pytest.mark.tools
def test_sites_of_which_none_is_heterozygous_give_copies_without_alleles(cohort):
    folder, _ = cohort
    sites = copies.read_gatk(folder / "tumour.alleles.tsv")
    for name in ("flat", "flat_normal"):
        reads = sites["REF_COUNT"] + sites["ALT_COUNT"]
        write_gatk(sites.assign(REF_COUNT=reads, ALT_COUNT=0), folder / f"{name}.tsv", name)
    own = {"alleles": str(folder / "flat.tsv"), "normal_alleles": str(folder / "flat_normal.tsv")}
    segments, fitted = run_model(cohort, ["n1", "n2", "n3", "n4"], **own)
    assert fitted["status"] == "unresolved" and fitted["purity_used"] == 0.8
    assert segments["minor_copies"].isna().all() and at(segments, "chr13", 300_000)["total_copies"] == 1
    assert tables.read(folder / "tumour.hets.tsv", tables.HET_SITES).empty
