"""The demo cohort: its genome is what the README says, its truth fits its reads, the same seed gives the same."""

import gzip
import re
import subprocess
from collections import Counter, defaultdict

import numpy as np
import pysam
import pytest
from cohort_generator import catalogue, clinical, cohort, expression, germline, reads, somatic, variants
from cohort_generator.codons import CODE, coding_sequence, longest_run, reverse_complement, translate
from cohort_generator.genome import build_genome
from cohort_generator.reference_files import gtf_lines, region_rows, write_reference


def test_code_table_holds_the_known_codons():
    assert len(CODE) == 64
    assert [CODE[c] for c in ("ATG", "TGG", "TAA", "TAG", "TGA", "GGT", "CAA", "GTG", "CGC")] == list(
        "MW***GQVR"
    )


def test_coding_sequence_keeps_fixed_codons_and_avoids_runs():
    cds = coding_sequence(200, {12: "GGT", 61: "CAA"}, np.random.default_rng(1))
    protein = translate(cds)
    assert len(cds) == 603 and protein[0] == "M" and protein.index("*") == 200
    assert protein[11] == "G" and protein[60] == "Q"
    assert longest_run(cds) < 6


def test_named_genes_keep_length_exons_and_hotspots(cohort):
    for shape in catalogue.shapes():
        gene = cohort.genome.gene(shape.symbol)
        protein = gene.protein(cohort.genome.contigs[gene.chrom])
        assert len(gene.exons) == shape.exons, shape
        assert len(protein) == shape.residues + 1 and protein.index("*") == shape.residues, shape
        for position, codon in shape.hotspots.items():
            assert protein[position - 1] == CODE[codon], (shape.symbol, position)


def test_known_proteins():
    sizes = {s.symbol: s.residues for s in catalogue.shapes()}
    assert (sizes["KRAS"], sizes["NRAS"], sizes["BRAF"], sizes["TP53"]) == (188, 189, 766, 393)
    residues = {(s.symbol, p): CODE[c] for s in catalogue.shapes() for p, c in s.hotspots.items()}
    wanted = {
        ("KRAS", 12): "G",
        ("NRAS", 61): "Q",
        ("BRAF", 600): "V",
        ("TP53", 175): "R",
        ("DIS3", 488): "D",
    }
    assert {key: residues[key] for key in wanted} == wanted


def test_introns_have_splice_sites(cohort):
    for gene in cohort.genome.genes:
        if gene.kind == "pseudogene":
            continue
        sequence = cohort.genome.contigs[gene.chrom]
        for before, after in zip(gene.exons[:-1], gene.exons[1:], strict=True):
            low, high = min(before[1], after[1]), max(before[0], after[0])
            intron = sequence[low:high]
            intron = intron if gene.strand == "+" else reverse_complement(intron)
            assert intron[:2] == "GT" and intron[-2:] == "AG", gene.symbol


def test_genes_keep_arm_and_order(cohort):
    for chrom, _, _ in catalogue.CHROMOSOMES:
        named = sorted((s for s in catalogue.shapes() if s.chrom == chrom), key=lambda s: s.place)
        starts = [cohort.genome.gene(s.symbol).start for s in named]
        assert starts == sorted(starts), chrom
    middle = cohort.genome.arm("chr17", "p").end
    assert cohort.genome.gene("TP53").end < middle < cohort.genome.gene("IKZF3").start
    assert cohort.genome.gene("IGHM").start > cohort.genome.gene("TRAF3").end


def test_genes_do_not_overlap(cohort):
    ends: dict[str, int] = defaultdict(int)
    for gene in cohort.genome.genes:
        assert gene.start >= ends[gene.chrom], gene.symbol
        ends[gene.chrom] = gene.end


def test_minima_of_the_miniature_genome(cohort):
    genome = cohort.genome
    assert list(genome.contigs) == [f"chr{i}" for i in [*range(1, 23), "X", "Y", "M"]]
    assert len(genome.genes) >= 700
    expressed = sum(level >= 8 for level in cohort.levels.values())
    assert expressed >= 600
    assert sum(s.kind in ("common", "moderate") for s in cohort.sites) >= 2000
    informative = [a for a in genome.arms if a.informative]
    assert len(informative) == 39
    for arm in informative:
        targets = [t for t in genome.targets if t.chrom == arm.chrom and arm.start <= t.start < arm.end]
        assert len(targets) >= 30, arm
    common = {s.variant for s in cohort.sites if s.kind == "common"}
    for name, h in cohort.haplotypes.items():
        different = common & (set(h.a) ^ set(h.b))
        for arm in informative:
            here = sum(v.chrom == arm.chrom and arm.start <= v.pos < arm.end for v in different)
            assert here >= 40, (name, arm)


def test_acrocentric_short_arms_hold_nothing(cohort):
    for chrom in catalogue.ACROCENTRIC:
        arm = cohort.genome.arm(chrom, "p")
        assert not arm.informative
        assert not any(t.chrom == chrom and t.start < arm.end for t in cohort.genome.targets)


def test_gtf_lines_are_whole(cohort):
    for symbol in ("KRAS", "TP53", "MAFB", "IGHM", "PVT1"):
        gene = cohort.genome.gene(symbol)
        rows = [line.rstrip("\n").split("\t") for line in gtf_lines(gene)]
        features = Counter(r[2] for r in rows)
        assert features["gene"] == features["transcript"] == 1 and features["exon"] == len(gene.exons)
        assert all(len(r) == 9 and 1 <= int(r[3]) <= int(r[4]) for r in rows)
        if not gene.cds:
            assert not features["CDS"]
            continue
        spans = [(int(r[3]) - 1, int(r[4])) for r in rows if r[2] == "CDS"]
        protein = translate(gene.spliced(cohort.genome.contigs[gene.chrom], spans))
        assert protein == gene.protein(cohort.genome.contigs[gene.chrom])[:-1]
        stops = [(int(r[3]) - 1, int(r[4])) for r in rows if r[2] == "stop_codon"]
        assert translate(gene.spliced(cohort.genome.contigs[gene.chrom], stops)) == "*"
        frames = [int(r[7]) for r in rows if r[2] == "CDS"]
        done = 0
        for (start, end), frame in zip(spans, frames, strict=True):
            assert frame == (3 - done % 3) % 3
            done += end - start


def test_every_planted_variant_fits_the_reference(cohort):
    rows = cohort.variant_truth()
    for row in rows:
        start = int(row["pos"]) - 1
        assert cohort.genome.contigs[row["chrom"]][start : start + len(row["ref"])] == row["ref"]
    for site in cohort.sites:
        v = site.variant
        assert cohort.genome.contigs[v.chrom][v.pos : v.end] == v.ref


def test_every_tumour_has_enough_mutations_of_both_kinds(cohort):
    counts = Counter((r["sample"], r["kind"]) for r in cohort.variant_truth())
    for sample in cohort.samples:
        if sample.assay == "wes" and sample.tissue == "tumour":
            assert counts[(sample.sample, "snv")] >= 6, sample.sample
            assert counts[(sample.sample, "indel")] + counts[(sample.sample, "indel_subclonal")] >= 3
            if sample.purity >= 0.6:
                assert counts[(sample.sample, "indel_subclonal")] == 0


def test_indels_have_one_representation(cohort):
    for row in cohort.variant_truth():
        if len(row["ref"]) == len(row["alt"]):
            continue
        sequence, pos = cohort.genome.contigs[row["chrom"]], int(row["pos"]) - 1
        before, after = sequence[pos - 30 : pos], sequence[pos + len(row["ref"]) : pos + len(row["ref"]) + 30]
        changed = before + row["alt"] + after
        original = before + row["ref"] + after
        size = abs(len(row["ref"]) - len(row["alt"]))
        longer, shorter = (original, changed) if len(original) > len(changed) else (changed, original)
        ways = sum(longer[:i] + longer[i + size :] == shorter for i in range(len(longer) - size + 1))
        assert ways == 1, row


def test_hotspot_mutations_are_what_they_are_called(cohort):
    wanted = {("IPD-006-T", "BRAF", "p.V600E"), ("IPD-005-T", "CRBN", "p.W386*")}
    found = {(r["sample"], r["gene"], r["protein"]) for r in cohort.variant_truth()}
    assert wanted <= found
    assert any(g == "TP53" and p in ("p.R175H", "p.R248Q", "p.R273H", "p.R282W") for _, g, p in found)


def test_effect_agrees_with_translating_the_changed_gene(cohort):
    genome = cohort.genome
    rng = np.random.default_rng(5)
    for symbol in ("KRAS", "TP53", "BRAF"):
        gene = genome.gene(symbol)
        for _ in range(40):
            start, end = gene.cds[int(rng.integers(len(gene.cds)))]
            pos = int(rng.integers(start, end))
            variant = variants.random_snv(genome.contigs[gene.chrom], gene.chrom, pos, rng)
            sequence = genome.contigs[gene.chrom]
            changed = sequence[:pos] + variant.alt + sequence[pos + 1 :]
            before, after = gene.protein(sequence), gene.protein(changed)
            differing = [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
            protein = cohort.index.effect(variant)[2]
            place = int(re.findall(r"\d+", protein)[0])
            assert protein[2] == before[place - 1] and protein[-1] == after[place - 1]
            assert differing in ([], [place - 1])


def test_expected_vaf_follows_purity_copies_and_clonal_fraction(cohort):
    for sample in cohort.samples:
        if sample.assay != "wes":
            continue
        patient = cohort.patient(sample.patient)
        for m in sample.mutations:
            if patient.copies and any(s.chrom == m.variant.chrom for s in cohort.segments[sample.patient]):
                continue
            assert m.vaf == pytest.approx(sample.purity * m.ccf / 2, abs=1e-3)


def test_biallelic_tp53_sits_on_the_copy_that_is_left(cohort):
    row = next(r for r in cohort.variant_truth() if r["sample"] == "IPD-004-T" and r["gene"] == "TP53")
    # 0.9 pure, one copy left: 0.9 / (0.9 + 0.2)
    assert float(row["vaf_expected"]) == pytest.approx(0.9 / 1.1, abs=1e-3)


def test_relapse_biopsy_has_one_more_hotspot_mutation(cohort):
    by = defaultdict(set)
    for r in cohort.variant_truth():
        by[r["sample"]].add((r["gene"], r["protein"], r["pos"]))
    assert by["IPD-003-T"] < by["IPD-003-T2"]
    assert {g for g, _, _ in by["IPD-003-T2"] - by["IPD-003-T"]} & {"KRAS", "NRAS"}
    later = next(s for s in cohort.samples if s.sample == "IPD-003-T2")
    assert later.day > 0


def test_structure_holds_for_other_seeds():
    for seed in (0, 12, 2024):
        other = cohort_of(seed)
        groups = Counter(c.group for c in clinical.COURSES)
        assert groups["EARLY_RESPONDER"] == groups["POOR_RESPONDER"] == 3
        both = [p for p in other.patients if p.dna and p.rna and p.normal and p.purity >= 0.6]
        assert Counter(clinical.course(p.patient).group for p in both)["EARLY_RESPONDER"] >= 3
        assert Counter(clinical.course(p.patient).group for p in both)["POOR_RESPONDER"] >= 3
        assert sum(s.assay == "rna" for s in other.samples) >= 6
        others = [
            p.translocation for p in other.patients if p.translocation and p.translocation.name != "t(4;14)"
        ]
        assert sum(t.junction for t in others) * 2 <= len(others)


def cohort_of(seed):
    return cohort.Cohort(seed)


def test_same_seed_same_genome_other_seed_another():
    first, again, other = build_genome(7), build_genome(7), build_genome(8)
    assert first.contigs == again.contigs and first.targets == again.targets
    assert first.contigs["chr1"] != other.contigs["chr1"]


def test_fragments_of_a_block_carry_the_planted_fractions(cohort):
    sample = next(s for s in cohort.samples if s.sample == "IPD-001-T")
    mutation = next(m for m in sample.mutations if m.variant.is_snv)
    v = mutation.variant
    block = min(
        (b for b in cohort.blocks if b.chrom == v.chrom), key=lambda b: max(b.start - v.pos, v.pos - b.end, 0)
    )
    molecules = cohort._molecules(
        sample,
        block,
        somatic.amount(
            cohort.segments["IPD-001"], sample.purity, "female", block.chrom, (block.start + block.end) // 2
        ),
    )
    total = sum(copies for _, copies in molecules)
    margin = reads.LONGEST
    offset = v.pos - block.start + margin
    # no germline indel stands before the mutation in this block when the reference base is where it should be
    plain = [(s, c) for s, c in molecules if len(s) == block.end - block.start + 2 * margin]
    assert len(plain) == len(molecules)
    with_alt = sum(c for s, c in molecules if s[offset] == v.alt)
    assert with_alt / total == pytest.approx(mutation.vaf, abs=1e-3)


def test_fragments_hold_part_of_the_block():
    sequence = "A" * 420 + "C" * 100 + "A" * 420
    made = reads.cut_block(sequence, 420, 500, np.random.default_rng(1))
    assert len(made) == 500
    assert min(f.count("C") for f in made) >= reads.OVERLAP - 1
    assert all(reads.SHORTEST <= len(f) <= reads.LONGEST for f in made)


def test_exon_10_of_crbn_is_skipped_in_one_patient(cohort):
    gene = cohort.genome.gene("CRBN")
    pieces = [
        reverse_complement(cohort.genome.contigs["chr3"][s:e]) for s, e in gene.exons[8:11]
    ]  # minus strand
    with_exon, without = pieces[0][-12:] + pieces[1][:12], pieces[0][-12:] + pieces[2][:12]
    seen = {}
    for name in ("IPD-003", "IPD-004"):
        made = expression.cassette(
            cohort.genome, cohort.patient(name), cohort.haplotypes[name], [], np.random.default_rng(2)
        )
        sense = [reverse_complement(f) for f in made]
        assert len(made) == expression.CASSETTE_PAIRS
        seen[name] = (sum(with_exon in f for f in sense), sum(without in f for f in sense))
    assert seen["IPD-003"][0] > 20 and seen["IPD-003"][1] == 0
    assert seen["IPD-004"][1] > 20
    assert [p.patient for p in cohort.patients if p.skipping] == ["IPD-004"]


def test_partners_of_translocations_rise_and_decoys_stay_below(cohort):
    rng = np.random.default_rng(1)

    def expected(name, symbol):
        patient = cohort.patient(name)
        made = expression.expected_pairs(
            cohort.genome, patient, "NEITHER", cohort.segments[name], cohort.levels, [], rng
        )
        return made[cohort.genome.gene(symbol).gene_id]

    for name, symbol in (("IPD-003", "NSD2"), ("IPD-003", "FGFR3"), ("IPD-006", "MAF"), ("IPD-009", "MAFB")):
        assert np.log2(expected(name, symbol) / expression.BASELINE[symbol]) >= 4.8
    assert np.log2(expected("IPD-004", "FGFR3") / expression.BASELINE["FGFR3"]) < 0.3
    for name, symbol in (("IPD-002", "CCND1"), ("IPD-007", "MAF")):
        assert 0.8 < np.log2(expected(name, symbol) / expression.BASELINE[symbol]) < 2.0


def test_fusion_transcript_joins_j_and_partner(cohort):
    partner = cohort.genome.gene("NSD2")
    made = expression.fusion_transcript(cohort.genome, partner)
    donor = cohort.genome.gene("IGHJ4")
    j = donor.spliced(cohort.genome.contigs["chr14"], donor.exons)
    assert made[180 : 180 + len(j)] == j
    assert made.endswith(partner.spliced(cohort.genome.contigs["chr4"], partner.exons[3:]))


def test_clinical_truth_covers_the_hard_cases():
    truth = {r["patient"]: r for r in clinical.truth_rows(clinical.start_dates(1))}
    assert [truth[f"IPD-00{i}"]["group"] for i in range(1, 10)] == (
        ["EARLY_RESPONDER"] * 3 + ["POOR_RESPONDER"] * 3 + ["NEITHER"] + ["NOT_EVALUABLE"] * 2
    )
    assert truth["IPD-005"]["best_confirmed_response"] == "PR" and truth["IPD-005"]["ttp_event"] == 1
    assert truth["IPD-002"]["progression_date"] == "" and truth["IPD-002"]["ttp_event"] == 0
    assert truth["IPD-009"]["ttp_days"] == 1


def test_dates_are_consistent():
    starts = clinical.start_dates(9)
    sex = {c.patient: "female" for c in clinical.COURSES}
    last_visit = {c.patient: c.visits[-1].day for c in clinical.COURSES}
    for row in clinical.patient_rows(starts, sex):
        assert row["enrolment_date"] < row["c1d1"] <= row["last_contact"]
        assert (row["last_contact"] - row["c1d1"]).days >= last_visit[row["patient"]]
        assert not row["death_date"] or row["death_date"] == row["last_contact"]


def test_reference_files(tmp_path, cohort):
    write_reference(tmp_path, cohort.genome, cohort.sites, 3)
    with pysam.FastaFile(str(tmp_path / "genome.fa")) as fasta:
        assert list(fasta.references) == list(cohort.genome.contigs)
        with pysam.VariantFile(str(tmp_path / "common_sites.vcf.gz")) as vcf:
            records = list(vcf)
            assert len(records) >= 2000
            for r in records[::50]:
                assert fasta.fetch(r.chrom, r.start, r.stop) == r.ref and len(r.alts) == 1
                assert 0 < r.info["AF"][0] < 1
    arms = {a.chrom: a for a in cohort.genome.arms if a.arm == "q"}
    for row in region_rows(cohort.genome):
        assert 1 <= row["start"] < row["end"] <= arms[row["chrom"]].end
    names = {r["name"] for r in region_rows(cohort.genome)}
    assert {
        "del17p",
        "gain1q",
        "del1p32",
        "del13q",
        "IGH",
        "IGK",
        "IGL",
        "NSD2",
        "CCND1",
        "MAF",
        "MAFB",
    } <= names


def test_every_copy_number_region_lies_inside_its_planted_change(cohort):
    regions = {r["name"]: r for r in region_rows(cohort.genome)}
    for row in cohort.copy_truth():
        region = regions.get({"amp1q": "gain1q"}.get(row["event"], row["event"]))
        if region is not None and row["chrom"]:
            assert row["start"] <= region["start"] and region["end"] <= row["end"], row


@pytest.mark.tools
def test_reads_of_a_few_blocks_align_and_show_what_was_planted(tmp_path, tools, cohort):
    """ART, bwa and a pileup: fractions of the planted SNVs of one tumour and the depth of its targets."""
    tools("art_illumina", "bwa", "samtools")
    sample = next(s for s in cohort.samples if s.sample == "IPD-001-T")
    wanted = [m for m in sample.mutations if m.variant.is_snv and m.ccf == 1][:6]
    chosen = []
    for m in wanted:
        same = [b for b in cohort.blocks if b.chrom == m.variant.chrom]
        chosen.append(min(same, key=lambda b: max(b.start - m.variant.pos, m.variant.pos - b.end, 0)))
    rng = np.random.default_rng(4)
    fragments = cohort.dna_fragments(sample, rng, chosen)
    made = reads.sequence_fragments(reads.with_duplicates(fragments, 0.05, rng), tmp_path, "x", "FLOW", 2, 11)
    again = reads.sequence_fragments(fragments, tmp_path, "y", "FLOW", 2, 11)
    assert made != again
    with gzip.open(tmp_path / made[0], "rt") as handle:
        assert re.fullmatch(r"@A00987:112:FLOW:2:\d+:\d+:\d+ 1:N:0:[ACGT+]+\n", handle.readline())
    write_reference(tmp_path / "reference", cohort.genome, cohort.sites, 3)
    fasta = tmp_path / "reference" / "genome.fa"
    subprocess.run(["bwa", "index", fasta], check=True, capture_output=True)
    with open(tmp_path / "x.sam", "w") as handle:
        pair = [tmp_path / name for name in made]
        subprocess.run(["bwa", "mem", fasta, *pair], check=True, stdout=handle, stderr=subprocess.DEVNULL)
    bam = tmp_path / "x.bam"
    subprocess.run(
        ["samtools", "sort", "--write-index", "-o", f"{bam}##idx##{bam}.bai", tmp_path / "x.sam"], check=True
    )
    with pysam.AlignmentFile(str(bam)) as alignments:
        for m in wanted:
            v = m.variant
            counts = alignments.count_coverage(v.chrom, v.pos, v.pos + 1)
            depth = sum(c[0] for c in counts)
            seen = counts["ACGT".index(v.alt)][0] / depth
            assert depth > 40
            # five standard errors of a binomial
            assert abs(seen - m.vaf) < 5 * (m.vaf * (1 - m.vaf) / depth) ** 0.5 + 0.01


@pytest.mark.tools
def test_the_same_seed_writes_the_same_bytes(tmp_path, tools):
    tools("art_illumina")
    fragments = ["ACGTTGCAAC" * 15, "GGCATTACGA" * 20] * 50
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        reads.sequence_fragments(fragments, tmp_path / folder, "s", "F", 1, 5)
    first, second = ((tmp_path / folder / "s_R2_001.fastq.gz").read_bytes() for folder in "ab")
    assert first == second


def test_germline_sites_keep_their_distance(cohort):
    places = defaultdict(list)
    for s in cohort.sites:
        places[s.variant.chrom].append(s.variant.pos)
    for chrom, values in places.items():
        assert min(np.diff(values)) >= germline.SPACING, chrom
