"""Finished calls as rows of our tables, and what the later steps make of them."""

import pandas as pd
import pytest
import yaml

from myeloma import (
    builds,
    copy_events,
    double_hits,
    entry,
    entry_checks,
    entry_files,
    places,
    structural_votes,
    tables,
)
from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT

CONTIGS = builds.named(None)
ENTRY = {
    "mutations_complete": {"genes": "all", "stated_by": ""},
    "mutations_somatic": {"stated_by": ""},
    "translocations_complete": {"names": "all", "stated_by": ""},
    "integer_tolerance": 0.1,
    "min_covered": 0.7,
    "max_gap_bases": 1_000_000,
    "doubled_share": 0.5,
}
STATED = {"genes": ["TP53"], "names": "all", "stated_by": "the authors"}


@pytest.fixture(scope="module")
def config(project):
    return yaml.safe_load((project / "config/config.yaml").read_text())


def sample(name="S", **more):
    blank = dict.fromkeys(("variants", "segments", "translocations", "counts", "callable", "build"), "")
    return {"patient": f"P-{name}", "sample": name, "name": name, "sex": "male", "purity": 0.8} | blank | more


def segment(chrom, start, end, total, minor, fraction=None, line=2, **more):
    blank = {"second": None, "sample_fraction": None, "build": ""}
    return {"name": "S", "line": line, "chrom": chrom, "start": start, "end": end, "total": total, "minor": minor,
            "fraction": fraction} | blank | more  # fmt: skip


def genome(changed=(), leave_out=()):
    """Segments of whole chromosomes, two copies, those of `changed` instead."""
    there = {row["chrom"] for row in changed}
    plain = [
        segment(c, 1, n, 2 if c != "X" else 1, 1 if c != "X" else 0)
        for c, n in builds.lengths("hg19").items()
        if c not in there and c not in leave_out and c != "Y"
    ]
    return [*plain, *changed]


def events(rows, config, **more):
    segments, purity = entry.copy_rows([sample(**more)], {"S": ("a.seg", rows)}, CONTIGS, ENTRY, 0.2)
    settings = {"copy_number": config["copy_number"], "gates": config["gates"], "entry": ENTRY}
    regions, arms = (
        places.read_regions(builds.file_of("regions", "hg19")),
        places.read_arms(builds.file_of("arms", "hg19")),
    )
    made = copy_events.copy_number_events(
        segments, purity, tables.empty(tables.QC), regions, arms, tables.empty(tables.COPY_REGIONS), settings
    )
    return made.set_index("event"), segments, purity


P17, Q17 = (1, 22_200_000), (22_200_001, 81_195_210)


def with_17p(total, minor, fraction=None, **more):
    return genome([segment("17", *P17, total, minor, fraction, **more), segment("17", *Q17, 2, 1, line=3)])


def test_deletion_with_its_file_and_line(config):
    made, _, _ = events(with_17p(1, 0, line=7), config)
    row = made.loc["del17p"]
    assert (row["state"], row["clonal_fraction"], row["total_copies"]) == (PRESENT, 1.0, 1)
    assert "(a.seg:7)" in row["evidence"]
    assert row["fish_equivalent_sorted_percent"] == 100 and row["fish_equivalent_unsorted_percent"] == 80
    assert made.loc["gain1q", "state"] == ABSENT and made.loc["hyperdiploidy", "state"] == ABSENT
    assert made.loc["cnloh_17p", "state"] == ABSENT and made.loc["whole_genome_doubling", "state"] == ABSENT


@pytest.mark.parametrize(
    "fraction, state, high", [(0.15, ABSENT, ABSENT), (0.4, PRESENT, ABSENT), (0.6, PRESENT, PRESENT)]
)
def test_subclonal_deletion_by_the_limits(config, fraction, state, high):
    made, _, _ = events(with_17p(1, 0, fraction), config)
    assert made.loc["del17p", "state"] == state and made.loc["del17p_high_fraction", "state"] == high
    assert made.loc["del17p", "clonal_fraction"] == pytest.approx(fraction)


def test_battenberg_states_give_the_share_of_the_changed_one(config):
    """State A (1+1 in 0.7) is the unchanged one: the loss is in 0.3 of the cells."""
    made, segments, _ = events(with_17p(2, 1, 0.7, second=(1, 0)), config)
    row = segments[(segments["chrom"] == "chr17") & (segments["start"] == 1)].iloc[0]
    assert (row["total_copies"], row["clonal_fraction"], row["other_total_copies"]) == (
        1,
        pytest.approx(0.3),
        2,
    )
    assert row["copies"] == pytest.approx(1.7)
    assert made.loc["del17p", "state"] == PRESENT and made.loc["del17p", "clonal_fraction"] == pytest.approx(
        0.3
    )


def test_place_without_segment_is_not_assessable(config):
    made, _, _ = events(genome(leave_out={"17"}), config)
    assert made.loc["del17p", "state"] == NOT_ASSESSABLE
    assert "no segment with a copy ratio" in made.loc["del17p", "reason"]
    made, _, _ = events(genome([segment("17", *Q17, 2, 1)]), config)
    assert made.loc["del17p", "state"] == NOT_ASSESSABLE
    assert made.loc["cnloh_17p", "state"] == NOT_ASSESSABLE


def test_a_list_of_changed_segments_alone_says_nothing_of_the_rest(config):
    """Present where listed; nothing is absent, no trisomy by a small gain, no doubling by a single 2 + 2."""
    rows = [
        segment("17", *P17, 1, 0),
        segment("1", 144_000_000, 249_250_621, 3, 1),
        segment("9", 1, 20_000_000, 3, 1),
    ]
    rows += [segment("13", 30_000_000, 40_000_000, 2, 0), segment("4", 1, 10_000_000, 4, 2)]
    made, _, purity = events(rows, config)
    assert made.loc["del17p", "state"] == PRESENT and made.loc["gain1q", "state"] == PRESENT
    assert purity.iloc[0]["base_copies"] == 2
    for name in ("trisomy9", "hyperdiploidy", "cnloh_13q", "del13q", "trisomy3"):
        assert made.loc[name, "state"] == NOT_ASSESSABLE, name


def test_region_wholly_in_a_gap_is_not_assessable(config):
    """The region (7,494,396-7,666,098) lies in the gap, whatever is on its two sides."""
    q17 = segment("17", *Q17, 2, 1)
    for left, right in (((2, 1), (2, 1)), ((1, 0), (1, 0)), ((1, 0), (2, 1))):
        rows = [segment("17", 1, 7_400_000, *left), segment("17", 7_700_000, 22_200_000, *right), q17]
        row = events(genome(rows), config)[0].loc["del17p"]
        assert row["state"] == NOT_ASSESSABLE and "no entered segment" in row["reason"]


def test_what_lies_between_two_listed_losses_is_not_called_lost(config):
    """A list of changed segments: 17p lost at 1-3 and 12-20 Mb; 13q and 1q on both sides of their regions."""
    rows = [segment("17", 1, 3_000_000, 1, 0), segment("17", 12_000_000, 20_000_000, 1, 0)]
    rows += [segment("13", 20_000_000, 40_000_000, 1, 0), segment("13", 70_000_000, 115_169_878, 1, 0)]
    rows += [segment("1", 145_000_000, 150_000_000, 3, 1), segment("1", 200_000_000, 249_250_621, 3, 1)]
    made = events(rows, config)[0]
    for name in ("del17p", "del13q", "gain1q", "amp1q"):
        assert made.loc[name, "state"] == NOT_ASSESSABLE, name
    listed = events([segment("17", 5_000_000, 9_000_000, 1, 0)], config)[0].loc["del17p"]
    assert (listed["state"], listed["extent"]) == (PRESENT, "focal")


def test_short_gap_between_unchanged_segments_counts_as_covered(config):
    """0.11 of the region's 0.17 Mb is in the gap: with it all is covered, without it 0.36."""
    left, right = segment("17", 1, 7_500_000, 2, 1), segment("17", 7_610_000, 22_200_000, 2, 1)
    q17 = segment("17", *Q17, 2, 1)
    assert events(genome([left, right, q17]), config)[0].loc["del17p", "state"] == ABSENT
    far = segment("17", 8_600_000, 22_200_000, 2, 1)
    row = events(genome([left, far, q17]), config)[0].loc["del17p"]
    assert row["state"] == NOT_ASSESSABLE and "cover 3% of it" in row["reason"]


def test_a_loss_over_a_sliver_of_the_region_is_not_the_event(config):
    """3 % of the region is known to be lost, of the rest nothing is known; 36 % is enough for the limit of 0.20."""
    q17 = segment("17", *Q17, 2, 1)
    row = events(genome([segment("17", 1, 7_500_000, 1, 0), q17]), config)[0].loc["del17p"]
    assert row["state"] == NOT_ASSESSABLE and "cover 3% of it" in row["reason"]
    row = events(genome([segment("17", 7_604_000, 22_200_000, 1, 0), q17]), config)[0].loc["del17p"]
    assert row["state"] == PRESENT


def test_gains_hyperdiploidy_and_copy_neutral_loss(config):
    changed = [segment(c, 1, builds.lengths("hg19")[c], 3, 1) for c in ("3", "5", "9")]
    changed += [segment("1", 1, 121_000_000, 2, 1), segment("1", 144_000_000, 249_250_621, 4, 1)]
    changed += [segment("17", *P17, 2, 0), segment("17", *Q17, 2, 1)]
    made, _, _ = events(genome(changed), config)
    for name in ("gain1q", "amp1q", "hyperdiploidy", "trisomy3", "trisomy9", "cnloh_17p"):
        assert made.loc[name, "state"] == PRESENT, name
    assert made.loc["trisomy7", "state"] == ABSENT and made.loc["del17p", "state"] == ABSENT


def test_no_purity_and_low_purity(config):
    made, _, purity = events(with_17p(1, 0), config, purity=None)
    assert made.loc["del17p", "state"] == PRESENT
    assert purity.iloc[0]["status"] == "unresolved" and pd.isna(purity.iloc[0]["purity_used"])
    assert pd.isna(made.loc["del17p", "fish_equivalent_unsorted_percent"])
    made, _, _ = events(with_17p(1, 0), config, purity=0.1)
    assert made.loc["del17p", "state"] == NOT_ASSESSABLE and "below the gate" in made.loc["del17p", "reason"]


def test_no_segments_at_all(config):
    made, _, purity = events([], config)
    assert set(made["state"]) == {NOT_ASSESSABLE} and entry.NO_SEGMENTS in made.loc["gain1q", "reason"]
    assert purity.iloc[0]["purity_used"] == 0.8


@pytest.mark.parametrize(
    "total, whole, share",
    [(1.0, 1, 1.0), (1.95, 2, 1.0), (1.6, 1, 0.4), (2.4, 3, 0.4), (3.5, 4, 0.5), (0.3, 0, 0.7)],
)
def test_copies_between_whole_numbers_are_a_mixture(total, whole, share):
    assert entry.whole_state(total, 0.1) == (whole, pytest.approx(share))


def test_facets_cell_fraction_is_a_share_of_all_cells(config):
    _, segments, _ = events(with_17p(1, 0, sample_fraction=0.4), config)
    assert segments[segments["total_copies"] == 1].query("chrom == 'chr17'").iloc[0]["clonal_fraction"] == 0.5


def test_facets_cell_fraction_without_purity_is_a_lower_bound(config):
    """0.10 of all cells may be 0.10 or all of the tumour; 0.40 is at least 0.40, which is not yet 0.55."""
    made, segments, _ = events(with_17p(1, 0, sample_fraction=0.1, line=7), config, purity=None)
    row = made.loc["del17p"]
    assert row["state"] == NOT_ASSESSABLE and "needs the purity (samples.tsv) (a.seg:7)" in row["reason"]
    assert made.loc["cnloh_17p", "state"] == NOT_ASSESSABLE
    lost = segments[(segments["chrom"] == "chr17") & (segments["start"] == 1)].iloc[0]
    assert pd.isna(lost["total_copies"]) and (lost["clonal_low"], lost["clonal_high"]) == (0.1, 1.0)
    made, _, _ = events(with_17p(1, 0, sample_fraction=0.4), config, purity=None)
    assert made.loc["del17p", "state"] == PRESENT and made.loc["del17p", "clonal_fraction"] == 0.4
    assert made.loc["del17p_high_fraction", "state"] == NOT_ASSESSABLE
    made, _, _ = events(with_17p(2, 1, sample_fraction=0.1), config, purity=None)
    assert made.loc["del17p", "state"] == ABSENT  # the unchanged state has no share


def test_doubled_genome_but_not_a_hyperdiploid_one():
    lengths = builds.lengths("hg19")

    def rows(state):
        return [
            {"start": 1, "end": lengths[c], "total_copies": t, "minor_copies": m}
            for c in map(str, range(1, 23))
            for t, m in [state(c)]
        ]

    assert entry.doubled(rows(lambda c: (4, 2)), 0.5)
    assert not entry.doubled(rows(lambda c: (2, 1)), 0.5)
    gained = {
        "3",
        "5",
        "7",
        "9",
        "11",
        "15",
        "19",
        "21",
        "1",
        "2",
        "6",
    }  # 11 chromosomes with two major copies
    assert not entry.doubled(rows(lambda c: (3, 1) if c in gained else (2, 1)), 0.5)


def test_loss_in_a_doubled_genome_counts_from_four(config):
    lengths = builds.lengths("hg19")
    rows = [segment(c, 1, lengths[c], 4, 2) for c in map(str, range(1, 23)) if c != "17"]
    rows += [segment("17", *P17, 2, 2 - 2), segment("17", *Q17, 4, 2)]
    made, _, purity = events(rows, config)
    assert purity.iloc[0]["base_copies"] == 4 and made.loc["whole_genome_doubling", "state"] == PRESENT
    assert made.loc["del17p", "state"] == PRESENT and made.loc["gain1q", "state"] == ABSENT


def test_double_hit_of_a_gene_without_region(config):
    _, segments, purity = events(genome([segment("13", 19_500_000, 115_169_878, 1, 0)]), config)
    where = double_hits.gene_places(
        places.read_genes(builds.file_of("genes", "hg19")),
        tables.empty(tables.COPY_REGIONS).assign(name="", kind=""),
        ["DIS3", "NF1"],
    )
    rules = {"copy_number": config["copy_number"], "gates": config["gates"]}
    none = pd.DataFrame(columns=["sample", "abnormality", "state"])
    found = double_hits.copies_of_genes(where, segments, purity, tables.empty(tables.QC), none, rules)
    assert found["DIS3"]["S"].deleted == PRESENT and found["NF1"]["S"].deleted == ABSENT


@pytest.mark.parametrize(
    ("row", "fraction"),
    [
        ({"total": 2, "minor": 1, "fraction": 0.8, "second": (1, 0)}, 0.2),
        ({"total": 2, "minor": 1, "fraction": 0.8, "second": (1, 0), "second_fraction": 0.2}, 0.2),
        ({"total": 1, "minor": 0, "fraction": 0.2, "second": (2, 1)}, 0.2),
        ({"total": 1, "minor": 0, "sample_fraction": 0.16}, 0.2),
        ({"total": 2, "minor": 1, "fraction": 0.81, "second": (1, 0), "second_fraction": 0.21}, 0.21),
    ],
)
def test_a_loss_in_exactly_the_limits_cells_is_present(config, row, fraction):
    """0.8 / 0.2 of Battenberg in either order, 0.16 of all cells at purity 0.8: del17p in 0.20 of the tumour cells."""
    made, segments, _ = events(with_17p(**row), config)
    assert made.loc["del17p", "state"] == PRESENT and made.loc["del17p", "clonal_fraction"] == fraction
    assert segments.loc[segments["chrom"] == "chr17", "clonal_fraction"].min() == fraction


def biallelic(config, genes, rows, gene, mutated):
    """State of the double hit by entered segments and the place of the gene in the project's table."""
    made, segments, purity = events(rows, config)
    states = made.reset_index().rename(columns={"event": "abnormality"})
    where = double_hits.gene_places(
        places.read_genes(builds.file_of("genes", "hg19")) if genes else places.read_genes(""),
        places.read_regions(builds.file_of("regions", "hg19")),
        [gene],
    )
    rules = {"copy_number": config["copy_number"], "gates": config["gates"]}
    found = double_hits.copies_of_genes(where, segments, purity, tables.empty(tables.QC), states, rules)
    return double_hits.judge(
        {"state": mutated, "count": int(mutated == PRESENT), "complete": True, "reason": ""}, found[gene]["S"]
    )[0]


def pieces(chrom, start, end, total, minor):
    length = builds.lengths("hg19")[chrom]
    return [segment(chrom, 1, start - 1, 2, 1), segment(chrom, start, end, total, minor),
            segment(chrom, end + 1, length, 2, 1)]  # fmt: skip


@pytest.mark.parametrize(
    ("gene", "lost", "mutated", "state"),
    [
        ("RB1", ("13", 50_500_000, 50_720_000, 0, 0), ABSENT, ABSENT),
        ("TP53", ("17", 7_500_000, 7_560_000, 0, 0), ABSENT, ABSENT),  # SHBG
        ("CDKN2C", ("1", 51_370_000, 51_420_000, 0, 0), ABSENT, ABSENT),  # FAF1
        ("CDKN1B", ("12", 12_000_001, 12_050_000, 0, 0), ABSENT, ABSENT),  # ETV6
        ("RB1", ("13", 49_100_001, 115_000_000, 1, 0), PRESENT, ABSENT),
        ("RB1", ("13", 48_870_000, 49_060_000, 1, 0), PRESENT, PRESENT),
    ],
)
def test_a_neighbours_loss_in_the_deletion_region_is_no_double_hit(config, gene, lost, mutated, state):
    assert biallelic(config, True, genome(pieces(*lost)), gene, mutated) == state


# Mutations


def mutation(gene="FAM46C", hgvsp="p.Gln70Ter", somatic=True, **more):
    row = {"name": "S", "line": 9, "chrom": "1", "pos": 118165700, "ref": "C", "alt": "T", "gene": gene,
           "consequence": "stop_gained", "impact": "HIGH", "hgvsp": hgvsp, "hgvsc": "", "transcript": "", "filters": [],
           "somatic": somatic, "build": "", "af": None}  # fmt: skip
    return row | dict.fromkeys(("depth", "ref_reads", "alt_reads", "n_depth", "n_alt")) | more


def test_former_symbol_contig_and_hotspot(project):
    symbols = entry.symbols_in_use(str(project / "resources/drivers.tsv"), ["TENT5C", "KRAS"])
    rows = [
        mutation(),
        mutation("KRAS", "p.Gly12Asp", somatic=False, chrom="12", pos=25398284),
        mutation(chrom="GL1"),
    ]
    made = entry.variant_rows([sample()], {"S": ("m.maf", rows)}, CONTIGS, {("KRAS", 12): "G"}, symbols)
    assert list(made["gene"]) == ["TENT5C", "KRAS"] or set(made["gene"]) == {"TENT5C", "KRAS"}
    kras = made.set_index("gene").loc["KRAS"]
    assert (kras["chrom"], kras["hotspot"], kras["mode"]) == ("chr12", "yes", "tumour_only")
    assert kras["entered_from"] == "m.maf:9" and pd.isna(kras["tumour_depth"])
    stated = entry.variant_rows([sample()], {"S": ("m.maf", rows)}, CONTIGS, {}, symbols, "the authors")
    assert set(stated["mode"]) == {"tumour_normal"}


@pytest.mark.parametrize(
    "name, gene",
    [
        ("TP53;WRAP53", "TP53"), ("wrap53,TP53", "TP53"), ("tp53", "TP53"), ("ENSG00000141510.16", "TP53"),
        ("Fam46c", "TENT5C"), ("WRAP53", "WRAP53"), ("", ""),
    ],
)  # fmt: skip
def test_joined_and_lower_case_symbols(project, name, gene):
    symbols = entry.symbols_in_use(str(project / "resources/drivers.tsv"), ["TENT5C", "TP53"])
    made = entry.variant_rows([sample()], {"S": ("m.maf", [mutation(name)])}, CONTIGS, {}, symbols)
    assert list(made["gene"].fillna("")) == [gene]


def test_symbol_that_is_not_known_inside_a_gene_of_the_config():
    """17:7,577,120 (hg19) is TP53; WRAP53 overlaps its first exon and is a gene of its own."""
    known = entry_files.known_names(["TP53", "KRAS"], {"P53X": "TP53"})
    place = {"chrom": "17", "pos": 7_577_120}

    def said(name, **more):
        rows = [mutation(name, **{**place, **more})]
        return [p.message for p in entry_checks.symbol_problems(parsed_of(rows), known, "hg19")]

    assert said("7157") == ["is no known name, but 17:7577120 lies in TP53"] == said("")  # an Entrez id
    assert said("TP53;KRAS") == ["names 2 genes of the config (TP53, KRAS)"]
    for name in ("TP53", "tp53", "p53x", "TP53;WRAP53", "WRAP53"):
        assert said(name) == [], name
    assert said("7157", impact="LOW") == [] == said("7157", pos=8_000_000)


def test_a_normal_of_several_patients_is_no_matched_normal(caplog):
    two = [sample("S"), sample("T")]
    files = {name: ("m.maf", [mutation(normal=normal)]) for name, normal in (("S", "N1"), ("T", "N1"))}
    assert set(entry.variant_rows(two, files, CONTIGS, {}, {})["mode"]) == {"tumour_only"}
    assert "the normal N1 stands for 2 patients" in caplog.text
    files["T"] = ("m.maf", [mutation(normal="N2")])
    assert set(entry.variant_rows(two, files, CONTIGS, {}, {})["mode"]) == {"tumour_normal"}
    one = [sample("S"), {**sample("T"), "patient": "P-S"}]  # two samples of one patient
    files["T"] = ("m.maf", [mutation(normal="N1")])
    assert set(entry.variant_rows(one, files, CONTIGS, {}, {})["mode"]) == {"tumour_normal"}


def test_bases_before_an_indel_come_from_the_fasta(tmp_path):
    fasta = tmp_path / "g.fa"
    fasta.write_text(">chr1\nACGTACGTAC\n")
    rows = [mutation(chrom="1", pos=2, ref="NN", alt="NNA"), mutation(chrom="1", pos=3, ref="NNAC", alt="NN")]
    made = entry.variant_rows([sample()], {"S": ("m", rows)}, CONTIGS, {}, {})
    found = entry.with_bases(made, str(fasta))
    # MAF: insertion between 3 and 4; deletion of 5-6 (AC)
    assert list(zip(found["pos"], found["ref"], found["alt"], strict=True)) == [
        (3, "G", "GA"),
        (4, "TAC", "T"),
    ]
    assert entry.with_bases(made, "").equals(made)


def test_absence_of_a_mutation_needs_a_statement_or_callable_bases(tmp_path):
    bed = tmp_path / "callable.bed"
    bed.write_text("17\t99\t190\n17\t190\t250\n")
    coding = {"TP53": [("chr17", 100, 199)], "KRAS": [("chr12", 1, 100)]}

    def verdict(complete, **more):
        made = entry.callable_rows(
            [sample(variants="m.maf", **more)], ["TP53", "KRAS"], coding, complete, 0.95
        )
        return made.set_index("gene")[["callable", "reason"]]

    nothing = {"genes": "all", "stated_by": ""}
    made = verdict(nothing)
    assert set(made["callable"]) == {"no"} and set(made["reason"]) == {entry.NOT_SAID}
    made = verdict(STATED)
    assert (
        list(made["callable"]) == ["no", "yes"]
        and made.loc["TP53", "reason"] == "as stated in config: the authors"
    )
    made = verdict(nothing, callable=str(bed))
    assert made.loc["TP53", "callable"] == "yes" and made.loc["KRAS", "callable"] == "no"
    assert "0.0% of its coding bases are in callable.bed" in made.loc["KRAS", "reason"]
    none = entry.callable_rows([sample()], ["TP53"], coding, STATED, 0.95)
    assert none.iloc[0]["reason"] == entry.NO_LIST


# Translocations


def moved(rows, config, complete=ENTRY["translocations_complete"], **more):
    regions = places.read_regions(builds.file_of("regions", "hg19"))
    made = entry.translocation_rows(
        [sample(**{"translocations": "t.tsv", **more})],
        {"S": ("t.tsv", rows)},
        regions,
        config["abnormalities"],
        complete,
        1_000_000,
    )
    return made.set_index("translocation")


def row_of(name="", state="present", **more):
    return {"name": "S", "line": 4, "translocation": name, "state": state, "build": ""} | more


def test_translocations_present_absent_and_not_said(config):
    made = moved(
        [row_of("t(4;14)"), row_of("t(11;14)", "absent"), row_of("t(14;16)", "not_assessable")], config
    )
    assert list(made.loc[["t(4;14)", "t(11;14)", "t(14;16)", "t(14;20)"], "state"]) == [
        PRESENT, ABSENT, NOT_ASSESSABLE, NOT_ASSESSABLE,
    ]  # fmt: skip
    assert made.loc["t(4;14)", "evidence"] == "entered: t.tsv:4"
    stated = moved([row_of("t(4;14)")], config, STATED)
    assert stated.loc["t(14;20)", "state"] == ABSENT and "the authors" in stated.loc["t(14;20)", "reason"]
    none = moved([], config, STATED, translocations="")
    assert set(none["state"]) == {NOT_ASSESSABLE}


def test_myc_with_an_immunoglobulin_locus_is_a_rearrangement(config):
    made = moved([row_of("t(2;8)")], config)
    assert (
        made.loc["MYC_rearrangement", "state"] == PRESENT and made.loc["t(8;14)", "state"] == NOT_ASSESSABLE
    )


def test_junction_beside_a_window_leaves_the_translocation_open(config, caplog):
    """8 kb outside the window of NSD2 (4:1,800,001), 700 kb outside IGH (14:106,000,001), and one far from all."""
    igh = {"chrom_1": "14", "pos_1": 106_320_000}
    made = moved([row_of(chrom_2="4", pos_2=1_792_001, **igh)], config, STATED)
    row = made.loc["t(4;14)"]
    assert row["state"] == NOT_ASSESSABLE and "8 kb beside the window (t.tsv:4)" in row["reason"]
    assert made.loc["t(11;14)", "state"] == ABSENT
    low = moved([row_of(chrom_1="14", pos_1=105_300_001, chrom_2="11", pos_2=69_400_000)], config, STATED)
    assert low.loc["t(11;14)", "state"] == NOT_ASSESSABLE
    caplog.clear()
    far = moved([row_of(chrom_2="2", pos_2=5_000_000, **igh)], config, STATED)
    assert set(far["state"]) == {ABSENT}
    assert "t.tsv:4: S: IGH junction 14:106320000 - 2:5000000 named by no window and left out" in caplog.text


@pytest.mark.parametrize("partner", [("20", 39_320_000), ("8", 144_510_500)])
def test_breakpoints_in_a_window_of_the_other_build(partner):
    """hg19 breakpoints of MAFB and MAFA in a GRCh38 run; where the build is said they are taken at their word."""
    row = row_of(chrom_1="14", pos_1=106_330_000, chrom_2=partner[0], pos_2=partner[1])
    (problem,) = entry_checks.build_problems(parsed_of([row]), "translocations", "GRCh38")
    assert "in hg19, in GRCh38 it lies in no window" in problem.message and problem.line == 4
    assert entry_checks.build_problems(parsed_of([row]), "translocations", "hg19") == []
    assert entry_checks.build_problems(parsed_of([row]), "translocations", "GRCh38", {"S"}) == []
    assert (
        entry_checks.build_problems(parsed_of([{**row, "build": "hg38"}]), "translocations", "GRCh38") == []
    )


def test_segments_that_fit_both_builds_carry_the_doubt_where_nothing_says_their_build(caplog):
    """hg19 chr1 is 249,250,621 long and GRCh38's 248,956,422; chr17 81,195,210 and 83,257,441 (UCSC)."""
    of = {name: sample(name, segments="a.seg") for name in ("S", "T")}
    seen = {"S": ("a.seg", [segment("1", 1, 120_000_000, 3, 1)]), "T": ("a.seg", [segment("2", 1, 9, 2, 1)])}
    assert entry.untold_builds([of["S"], of["T"]], seen, "GRCh38") == ["S", "T"]
    # one place of the file tells the build of all of it
    seen["T"] = ("a.seg", [segment("17", 1, 83_000_000, 2, 1)])
    assert entry.untold_builds([of["S"], of["T"]], seen, "GRCh38") == []
    assert (
        entry.untold_builds([of["S"]], {"S": ("a.seg", [segment("1", 1, 249_000_000, 2, 1)])}, "hg19") == []
    )
    assert entry.untold_builds([of["S"] | {"build": "hg38"}], {"S": seen["S"]}, "GRCh38") == []
    said = ("a.seg", [segment("1", 1, 9, 2, 1, build="hg38")])
    assert entry.untold_builds([of["S"]], {"S": said}, "GRCh38") == []
    _, purity = entry.copy_rows([of["S"]], {"S": seen["S"]}, CONTIGS, ENTRY, 0.2, ["S"])
    assert purity["reason"].item().endswith(builds.NOT_TOLD) and purity["status"].item() == "resolved"
    entry._builds_not_said([of["S"]], {}, ["S"])
    assert "segments of S: no column and no samples.tsv build says their build" in caplog.text
    caplog.clear()
    entry._builds_not_said([of["S"]], {}, [])
    assert not caplog.text


def test_the_last_base_of_a_chromosome_of_the_other_build_tells_it():
    rows = [segment("17", 1, 81_195_210, 2, 1), segment("17", 1, 81_000_000, 2, 1)]
    (problem,) = entry_checks.build_problems(parsed_of(rows), "segments", "GRCh38")
    assert problem.message == "is the last base of chromosome 17 in hg19, not in GRCh38"
    assert entry_checks.build_problems(parsed_of(rows), "segments", "hg19") == []


def test_breakpoints_are_named_by_the_regions(config):
    igh = {"chrom_1": "14", "pos_1": 106_320_000}
    assert moved([row_of(chrom_2="4", pos_2=1_880_000, **igh)], config).loc["t(4;14)", "state"] == PRESENT
    assert moved([row_of(chrom_2="11", pos_2=69_400_000, **igh)], config).loc["t(11;14)", "state"] == PRESENT
    far = moved([row_of(chrom_1="6", pos_1=1_000_000, chrom_2="8", pos_2=128_800_000)], config)
    assert far.loc["MYC_rearrangement", "state"] == PRESENT and far.loc["t(8;14)", "state"] == NOT_ASSESSABLE


def test_votes_of_the_samples_in_use(config):
    made = moved([row_of("t(4;14)")], config).reset_index()
    found = entry.votes(made, ["S"])
    assert found["P-S", "t(4;14)"] == structural_votes.Vote(PRESENT, "", "entered: t.tsv:4")
    assert entry.votes(made, []) == {}


# Builds


def parsed_of(rows, path="x"):
    from myeloma.entry_files import Parsed

    return Parsed(path, rows=rows)


@pytest.mark.parametrize(
    "kind, row, words",
    [
        ("variants", mutation(build="GRCh37"), "but reference.build is GRCh38"),
        ("variants", mutation("KRAS", chrom="12", pos=25398284), "KRAS lies there in hg19, not in GRCh38"),
        (
            "segments",
            segment("1", 1, 249_250_621, 2, 1),
            "chromosome 1 ends at 248956422 in GRCh38; it fits hg19",
        ),
        ("segments", segment("1", 1, 900_000_000, 2, 1), "it fits no build"),
        (
            "translocations",
            row_of(chrom_1="17", pos_1=83_000_000, chrom_2="1", pos_2=249_200_000),
            "chromosome 1 ends",
        ),
    ],
)
def test_another_build_is_told_by_each_sign(kind, row, words):
    found = entry_checks.build_problems(parsed_of([row]), kind, "GRCh38")
    assert len(found) == 1 and words in found[0].message and found[0].line == row["line"] and found[0].fix


def test_right_build_has_no_sign():
    rows = [mutation("KRAS", chrom="12", pos=25398284, build="hg19"), mutation("IRF4", chrom="6", pos=400000)]
    assert entry_checks.build_problems(parsed_of(rows), "variants", "b37") == []
    assert (
        entry_checks.build_problems(parsed_of([segment("1", 1, 249_250_621, 2, 1)]), "segments", "hg19") == []
    )
