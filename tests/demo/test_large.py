"""The large cohort: enough of everything in every cell, a truth that fits itself, traps that are what they say."""

from collections import Counter, defaultdict

import numpy as np
import pytest
from cohort_generator import junctions, large, plan_large, reads, somatic
from cohort_generator.codons import reverse_complement
from cohort_generator.genome import switch_regions

CELLS = [(p, f) for p in (0.9, 0.6, 0.3) for f in (1.0, 0.5, 0.25)]


@pytest.fixture(scope="module")
def cohort():
    """Everything of seed 5 but its reads."""
    return large.LargeCohort(5)


@pytest.fixture(scope="module")
def variants(cohort):
    return cohort.variant_truth()


def purity_of(cohort, sample):
    return next(s.purity for s in cohort.samples if s.sample == sample)


def test_there_are_enough_events_of_every_kind(cohort, variants):
    kinds = Counter(r["kind"] for r in variants if not r["sample"].endswith("T2"))
    assert len(cohort.patients) == 14 and kinds["snv"] >= 150 and kinds["indel"] >= 50
    changes = [r for r in cohort.copy_truth() if r["chrom"] and r["event"] != "wgd"]
    assert len(changes) >= 40
    assert len(cohort.translocation_rows()) >= 10


@pytest.mark.parametrize(("purity", "ccf"), CELLS)
def test_every_cell_holds_snvs_that_can_be_found_and_copy_number_events(cohort, variants, purity, ccf):
    mine = [r for r in variants if purity_of(cohort, r["sample"]) == purity and r["ccf"] == ccf]
    matched = {p.patient for p in cohort.patients if p.normal}
    snvs = [r for r in mine if r["kind"] == "snv" and r["sample"][:7] in matched]
    assert sum(r["alt_reads_expected"] >= 5 for r in snvs) >= 12
    assert sum(r["kind"] == "indel" for r in mine) >= 6
    changes = [r for r in cohort.copy_truth() if r["chrom"] and r["event"] != "wgd" and r["ccf"] == ccf]
    assert sum(purity_of(cohort, r["sample"]) == purity for r in changes) >= 5


def test_expected_fractions_follow_purity_copies_multiplicity_and_clonal_fraction(cohort):
    for s in cohort.samples:
        if s.assay != "wes" or s.tissue != "tumour":
            continue
        for m in s.mutations:
            parts = somatic.clones(cohort.segments[s.patient], m.variant.chrom, m.variant.pos)
            tumour = sum(share * (a + b) for share, a, b in parts)
            vaf = s.purity * m.ccf * m.copies / (s.purity * tumour + 2 * (1 - s.purity))
            assert m.vaf == pytest.approx(vaf, abs=1e-3), (s.sample, m)
            # no cell holds more mutated copies than copies of that haplotype, and a late mutation was not doubled
            assert m.copies <= min(part[1 + m.haplotype] for part in parts)
            assert m.ccf == 1 or m.copies == 1


def test_mutations_keep_away_from_germline_changes_and_lost_places(cohort):
    for s in cohort.samples:
        lost = [g for g in cohort.segments[s.patient] if g.total == 0]
        for m in s.mutations:
            for g in [*cohort.germline_copies[s.patient], *lost]:
                assert not (g.chrom == m.variant.chrom and g.start <= m.variant.pos < g.end), (s.sample, m)


def test_doubled_genome_has_four_copies_where_nothing_else_is_planned(cohort):
    segments = cohort.segments["IPD-104"]
    assert somatic.clones(segments, "chr2", 1000) == [(1.0, 2, 2)]
    assert sum(somatic.clones(segments, "chr17", 1000)[0][1:]) == 2
    assert somatic.clones(segments, "chr6", 150_000)[1] == (0.5, 2, 2)


def test_two_tp53_mutations_stand_on_both_haplotypes(cohort):
    sample = cohort.sample("IPD-107-T")
    sides = [m.haplotype for m in sample.mutations if m.gene == "TP53"]
    assert sorted(sides) == [0, 1]


def test_double_hits_leave_no_working_copy(cohort):
    for p in cohort.patients:
        sample = cohort.sample(f"{p.patient}-T")
        for hit in p.hits:
            gene = cohort.genome.gene(hit.gene)
            _, a, b = somatic.clones(cohort.segments[p.patient], gene.chrom, gene.start)[0]
            mutated = [0, 0]
            for m in sample.mutations:
                if m.gene == hit.gene and m.ccf == 1:
                    assert m.kind in ("missense", "nonsense")
                    mutated[m.haplotype] += m.copies
            assert mutated[0] >= a and mutated[1] >= b, (p.patient, hit)


def test_breakpoints_are_captured_on_the_ig_side_only(cohort):
    spans = switch_regions(cohort.genome)
    assert {t.gene for t in spans} == {"IGH", "IGK", "IGL"}
    seen = [b for found in cohort.breaks.values() for b in found]
    assert len(seen) == 8 + 1 and any(b.homology for b in seen) and any(b.insertion for b in seen)
    assert {b.inverted for b in seen} == {True, False}
    for b in seen:
        assert any(t.chrom == b.ig_chrom and t.start + 200 < b.ig_pos < t.end - 200 for t in spans)
        near = [k for k in cohort.blocks if k.chrom == b.partner_chrom]
        assert not any(k.start - reads.LONGEST < b.partner_pos < k.end + reads.LONGEST for k in near)
        gene = cohort.genome.gene(b.gene)
        assert gene.start - 1000 <= b.partner_pos <= gene.end + 1000


def test_derivatives_join_both_chromosomes(cohort):
    genome = cohort.genome
    for b in (b for found in cohort.breaks.values() for b in found):
        own, other = genome.contigs[b.ig_chrom], genome.contigs[b.partner_chrom]
        low, high = b.ig_pos - 300, b.ig_pos + 300
        first, second = b.derivatives(genome, low, high)
        assert first[:300] == own[low : b.ig_pos] and second[-300:] == own[b.ig_pos : high]
        right, left = first[300 + len(b.insertion) :], second[:-300]
        assert len(right) == len(left) == reads.LONGEST
        if b.inverted:  # the centromeres of a p and a q arm: the partner follows in the other sense
            right, left = reverse_complement(left), reverse_complement(right)
            assert other[b.partner_pos : b.partner_pos + reads.LONGEST] == right
        else:
            assert other[b.partner_pos : b.partner_pos + reads.LONGEST] == right
        assert other[b.partner_pos - reads.LONGEST : b.partner_pos] == left
        place = (b.ig_chrom, b.ig_pos, b.partner_chrom, b.partner_pos, b.inverted)
        assert junctions.homology(genome, *place) == b.homology


def test_rearranged_share_follows_purity(cohort):
    found = cohort.breaks["IPD-111"][0]
    sample = cohort.sample("IPD-111-T")
    block = next(b for b in cohort.ig_blocks if b.chrom == "chr14" and b.start <= found.ig_pos < b.end)
    molecules = cohort._molecules(sample, block, (1.0, 1.0))
    assert [round(copies, 6) for _, copies in molecules] == [1.7, 0.3, 0.3]
    normal = cohort._molecules(cohort.sample("IPD-111-N"), block, (1.0, 1.0))
    assert {sequence for sequence, _ in normal} == {molecules[0][0]}


def test_the_germline_junction_is_in_tumour_and_normal(cohort):
    found = next(b for b in cohort.breaks["IPD-107"] if b.germline)
    block = next(b for b in cohort.ig_blocks if b.chrom == "chr14" and b.start <= found.ig_pos < b.end)
    for name in ("IPD-107-T", "IPD-107-N"):
        assert [copies for _, copies in cohort._molecules(cohort.sample(name), block, (1.0, 1.0))] == [
            1,
            1,
            1,
        ]


def test_tumour_in_normal_carries_the_mutations_faintly(cohort):
    normal = cohort.sample("IPD-102-N")
    assert normal.purity is None and normal.cells == plan_large.TUMOUR_IN_NORMAL
    assert sum(cohort.copies_at(normal, "chr17", 1000)) == pytest.approx(2 - 0.05)
    assert all(r["sample"] != "IPD-102-N" for r in cohort.variant_truth())


def test_swapped_rna_comes_from_the_other_patient(cohort):
    swapped = {p.patient: p.rna_of for p in cohort.patients if p.rna_of}
    assert all(swapped[other] == name for name, other in swapped.items()) and len(swapped) == 2
    first, second = swapped
    other = cohort.sample(f"{second}-R")
    rng = np.random.default_rng([5, 11, other.number])
    assert cohort.fragments(cohort.sample(f"{first}-R")) == cohort.rna_fragments(other, rng)


def test_germline_loss_and_homozygous_arm(cohort):
    span = cohort.germline_copies["IPD-107"][0]
    for name in ("IPD-107-T", "IPD-107-N"):
        sample = cohort.sample(name)
        assert sum(cohort.copies_at(sample, span.chrom, (span.start + span.end) // 2)) == 1
    people, arm = cohort.haplotypes["IPD-110"], cohort.genome.arm("chr18", "q")
    different = [v for v in set(people.a) ^ set(people.b) if v.chrom == "chr18" and v.pos >= arm.start]
    assert not different
    assert not any(
        s.chrom in (span.chrom, "chr18") for p in ("IPD-107", "IPD-110") for s in cohort.segments[p]
    )


def test_oxidation_is_seen_in_one_sense_of_read_one_only():
    rng = np.random.default_rng(1)
    fragment = "A" * 60 + "CCGGAC" + "A" * 60
    made = Counter(large.oxidise(fragment, rng) for _ in range(2000))
    assert set(made) == {fragment, fragment.replace("CCGGAC", "CCGTAC")}
    assert 0.08 < made[fragment.replace("CCGGAC", "CCGTAC")] / 2000 < 0.16
    other = reverse_complement(fragment)
    assert large.oxidise(other, rng) == other


def test_expected_cover_is_that_of_the_fragments(cohort):
    """Fragments are cut for one block many times and counted over one base."""
    sample = cohort.sample("IPD-114-T")
    block = next(b for b in cohort.blocks if 150 < b.end - b.start < 200)
    pos = block.start + 40
    sequence = cohort.genome.contigs[block.chrom][block.start - 420 : block.end + 420]
    marked = sequence[: 420 + 40] + "@" + sequence[420 + 41 :]
    cut = reads.cut_block(marked, 420, 20_000, np.random.default_rng(3))
    share = sum("@" in f[:100] or "@" in f[-100:] for f in cut) / 20_000
    assert large.seen(block.end - block.start, 40) == pytest.approx(share, abs=0.01)
    assert 0.4 * large.LOW_PURITY_DEPTH < cohort.cover(sample, block.chrom, pos) < 2 * large.LOW_PURITY_DEPTH


def test_kits_and_normals(cohort, tmp_path):
    kits = defaultdict(list)
    for p in cohort.patients:
        kits[p.kit].append(p.normal)
    assert set(kits) == {"ig", "plain"} and all(sum(n) >= 6 for n in kits.values())
    assert all(p.kit == "ig" for p in cohort.patients if p.junctions)
    cohort.write_kits(tmp_path)
    rows = [line.split("\t") for line in (tmp_path / "targets.ig.bed").read_text().splitlines()]
    assert len(rows) == len(cohort.genome.targets) + len(cohort.baits)
    assert "ig_baits: true" in cohort.config()


def test_both_sexes_and_all_three_purities(cohort):
    assert {p.sex for p in cohort.patients} == {"female", "male"}
    assert set(Counter(p.purity for p in cohort.patients)) == {0.9, 0.6, 0.3}
    assert sum(p.flat for p in cohort.patients) == 2 and sum(p.doubled for p in cohort.patients) == 1


def test_the_same_seed_decides_the_same(cohort):
    again = large.LargeCohort(5)
    assert again.variant_truth() == cohort.variant_truth() and again.breaks == cohort.breaks
    assert again.copy_truth() == cohort.copy_truth()
