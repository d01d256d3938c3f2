"""Structural variants of made-up reads whose truth is known: error-free fragments of planted chromosomes."""

import gzip
import random
import subprocess
from pathlib import Path

import pandas as pd
import pysam
import pytest
import yaml

from myeloma import structural, structural_votes, tables
from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT

CONFIG = yaml.safe_load(
    (Path(__file__).resolve().parents[2] / "config/config.yaml").read_text(encoding="utf-8")
)
RULES, EVENTS = CONFIG["structural"], CONFIG["abnormalities"]
READ, MEAN, SD = 100, 300, 30
LENGTHS = {"chr4": 16_000, "chr8": 24_000, "chr14": 16_000, "chr20": 16_000}
IGH, NSD2 = ("chr14", 8_000), ("chr4", 6_000)  # last base before, first base after the junction on der(14)
DELETED, INVERTED = ("chr8", 6_000, 9_000), ("chr8", 16_000, 19_000)
PARALOGUE = ("chr4", 10_000, 12_000, "chr20", 6_000)  # 2 kb of chr4 stand again on chr20, 5 % changed
BAITED = {
    "chr4": (4_000, 13_000),
    "chr8": (4_000, 21_000),
    "chr14": (5_000, 11_000),
    "chr20": (4_000, 10_000),
}
REGIONS = """name	kind	chrom	start	end	genes	source
IGH	ig_locus	chr14	4001	12000	IGH	here
NSD2	partner	chr4	4001	8000	NSD2;FGFR3	here
CCND1	partner	chr20	100	200	CCND1	here
"""


def reverse(bases):
    return bases[::-1].translate(str.maketrans("ACGT", "TGCA"))


@pytest.fixture(scope="module")
def genome():
    """Contig -> bases; chr20 holds a changed copy of a piece of chr4."""
    rng = random.Random(1)
    made = {name: "".join(rng.choices("ACGT", k=length)) for name, length in LENGTHS.items()}
    source, start, end, target, at = PARALOGUE
    copy = "".join(
        rng.choice("ACGT".replace(b, "")) if rng.random() < 0.05 else b for b in made[source][start:end]
    )
    made[target] = made[target][:at] + copy + made[target][at + len(copy) :]
    return made


def fragments(bases, depth, rng):
    """Error-free pairs over the whole of `bases` at a mean depth of `depth` reads."""
    for _ in range(round(depth * len(bases) / (2 * READ))):
        length = max(READ, round(rng.gauss(MEAN, SD)))
        start = rng.randrange(0, max(1, len(bases) - length))
        piece = bases[start : start + length]
        yield (
            (piece[:READ], reverse(piece[-READ:]))
            if rng.random() < 0.5
            else (reverse(piece[-READ:]), piece[:READ])
        )


def rearranged(genome):
    """Name -> pieces of the changed chromosomes, from 2 kb before to 2 kb after each junction."""
    chrom, a = IGH
    other, b = NSD2
    der = {
        "translocation": [
            genome[chrom][a - 2000 : a] + genome[other][b : b + 2000],
            genome[other][b - 2000 : b] + genome[chrom][a : a + 2000],
        ]
    }
    chrom, start, end = DELETED
    der["deletion"] = [genome[chrom][start - 2000 : start] + genome[chrom][end : end + 2000]]
    chrom, start, end = INVERTED
    turned = reverse(genome[chrom][start:end])
    der["inversion"] = [genome[chrom][start - 2000 : start] + turned + genome[chrom][end : end + 2000]]
    source, first, last, target, at = PARALOGUE
    # the copy on chr20 as it stands on chr4: its reads align to chr4, their mates to chr20
    der["paralogue"] = [genome[target][at - 1500 : at] + genome[source][first : first + 1500]]
    return der


@pytest.fixture(scope="module")
def make(genome, tools, tmp_path_factory):
    """A function (name, depth, {event: share of the chromosomes}) -> CRAM; and the folder with the references."""
    tools("bwa", "samblaster", "samtools", "delly")
    folder = tmp_path_factory.mktemp("structural")
    fasta = folder / "genome.fa"
    fasta.write_text("".join(f">{name}\n{bases}\n" for name, bases in genome.items()))
    subprocess.run(["samtools", "faidx", fasta], check=True)
    subprocess.run(["bwa", "index", fasta], check=True, capture_output=True)
    (folder / "regions.tsv").write_text(REGIONS)
    (folder / "targets.bed").write_text(
        "".join(f"{c}\t{s + 500}\t{e - 500}\n" for c, (s, e) in BAITED.items())
    )
    pieces = rearranged(genome)

    def sample(name, depth, shares, copies=1):
        rng = random.Random(name)
        pairs = [p for c, (s, e) in BAITED.items() for p in fragments(genome[c][s:e], depth, rng)]
        for event, share in shares.items():
            for bases in pieces[event]:
                pairs += [p for p in fragments(bases, depth * share, rng) for _ in range(copies)]
        lines = [[], []]
        for number, pair in enumerate(pairs):
            for mate in (0, 1):
                lines[mate].append(f"@{name}{number}\n{pair[mate]}\n+\n{'I' * len(pair[mate])}\n")
        for mate in (0, 1):
            (folder / f"{name}_{mate + 1}.fq").write_text("".join(lines[mate]))
        cram = folder / f"{name}.cram"
        reads = [folder / f"{name}_1.fq", folder / f"{name}_2.fq"]
        plain = folder / f"{name}.sam"
        words = ["bwa", "mem", "-R", f"@RG\\tID:{name}\\tSM:{name}", fasta, *reads]
        aligned = subprocess.run(words, check=True, capture_output=True)
        words = ["samblaster", "--addMateTags", "-o", plain]
        subprocess.run(words, check=True, capture_output=True, input=aligned.stdout)
        words = ["samtools", "sort", "-O", "cram", "--reference", fasta, "--write-index"]
        subprocess.run([*words, "-o", f"{cram}##idx##{cram}.crai", plain], check=True, capture_output=True)
        return cram

    sample.folder = folder
    return sample


def call(make, tumour, normal=None, ig_baits=True, name="t", regions="regions.tsv"):
    """(rows of structural_variants.tsv, rows of the coverage) of one tumour, through the files."""
    folder = make.folder
    vcf, coverage = folder / "out" / f"{name}.sv.vcf.gz", folder / "out" / f"{name}.sv_coverage.tsv"
    given = structural.Sample(
        "P1", tumour.stem, str(tumour), normal.stem if normal else "", str(normal or ""), ig_baits,
        str(folder / "targets.bed"),
    )  # fmt: skip
    regions = str(folder / regions)
    structural.call(given, str(folder / "genome.fa"), regions, EVENTS, RULES, str(vcf), str(coverage))
    rows = structural.read_vcf(vcf, "P1", tumour.stem, lambda chrom, pos: chrom)
    return tables.conform(rows, tables.STRUCTURAL), tables.read(coverage, tables.STRUCTURAL_POWER)


@pytest.fixture(scope="module")
def normal(make):
    return make("normal", 60, {"deletion": 0.5})


def passing(rows, kind):
    return rows[(rows["filter"] == "PASS") & (rows["type"] == kind)]


@pytest.fixture(scope="module", params=[0.9, 0.6, 0.3])
def called(request, make, normal):
    p = request.param
    shares = {"translocation": p / 2, "inversion": p / 2, "paralogue": p / 2, "deletion": 0.5}
    tumour = make(f"tumour{p}", 100, shares)
    return (p, *call(make, tumour, normal, name=f"p{p}"))


def test_translocation_is_found_at_its_bases_with_the_support_of_its_purity(called):
    p, rows, _ = called
    found = passing(rows, "BND")
    assert list(found["known"]) == ["t(4;14)", "t(4;14)"]
    der14 = found[(found["end_b"] == "3")].iloc[0]
    assert (der14["chrom_a"], der14["end_a"], der14["chrom_b"]) == ("chr4", "5", "chr14")
    assert abs(der14["pos_b"] - IGH[1]) <= 5 and abs(der14["pos_a"] - (NSD2[1] + 1)) <= 5
    assert (found["normal_fragments"] == 0).all()
    # depth 100 in reads of 100 = 150 fragments of 300 over a base; those with the anchor on both sides support it
    expected = 100 * p / 2 / (2 * READ) * (MEAN - 2 * RULES["anchor"])
    assert (found["fragments"] >= 0.6 * expected).all() and (found["fragments"] <= 1.5 * expected).all()
    assert (found["split_reads"] > 0).all() and (found["paired_reads"] > 0).all()


def test_germline_deletion_is_named_and_not_somatic(called):
    _, rows, _ = called
    row = rows[(rows["type"] == "DEL") & (rows["pos_a"] - DELETED[1]).abs().le(10)]
    assert list(row["filter"]) == ["in_normal"]


def test_inversion_is_no_translocation(called):
    _, rows, _ = called
    found = passing(rows, "INV")
    assert set(found["known"]) == {""} and len(found) == 2
    assert (found["pos_a"] - INVERTED[1]).abs().le(10).all() and (found["pos_b"] - INVERTED[2]).abs().le(
        10
    ).all()


def test_paralogue_is_named(called):
    _, rows, _ = called
    across = rows[(rows["chrom_a"] == "chr4") & (rows["chrom_b"] == "chr20")]
    assert len(across) and across["filter"].str.contains("paralogue").all()


def test_the_clean_tumour_has_no_somatic_junction_and_absence_needs_power(make, normal):
    rows, covered = call(make, make("clean", 100, {"deletion": 0.5}), normal, name="clean")
    assert list(rows["filter"]) == ["in_normal"]
    assert covered.set_index("locus").loc["IGH", "targeted_bases"] == 5000
    # 5 kb at depth 100: 150 fragments a base, of which those with 30 bases on either side
    assert 90 <= covered.set_index("locus").loc["IGH", "fragments"] <= 120


def test_a_few_fragments_are_not_enough_and_duplicates_count_once(make, normal):
    rows, _ = call(make, make("thin", 100, {"translocation": 0.01}, copies=12), normal, name="thin")
    # about one fragment of either junction, seen twelve times
    assert not len(passing(rows, "BND"))


def test_tumour_cells_in_the_normal_do_not_hide_the_translocation(make):
    tumour = make("withtin", 100, {"translocation": 0.45})
    rows, _ = call(make, tumour, make("tin", 60, {"translocation": 0.03}), name="tin")
    assert len(passing(rows, "BND")) == 2
    assert passing(rows, "BND")["normal_fragments"].sum() > 0


def test_without_a_normal_it_is_said(make):
    rows, _ = call(make, make("alone", 100, {"translocation": 0.45}), name="alone")
    assert set(rows["mode"]) == {"tumour_only"} and rows["normal_fragments"].isna().all()
    assert len(passing(rows, "BND")) == 2


def test_masked_breakpoint_is_excluded(make, normal):
    text = REGIONS + f"artefact\tmask\tchr4\t{NSD2[1] - 100}\t{NSD2[1] + 100}\t\there\n"
    (make.folder / "masked.tsv").write_text(text)
    rows, _ = call(make, make("masked", 100, {"translocation": 0.45}), normal, name="m", regions="masked.tsv")
    assert set(rows.loc[rows["type"] == "BND", "filter"]) == {"excluded_region"}


def test_hardly_any_reads_give_an_empty_table_with_the_reason(make, genome):
    tumour = make("few", 1, {})
    rows, covered = call(make, tumour, name="few")
    assert rows.empty
    assert set(covered["reason"]) == {"too few read pairs to call structural variants from"}


@pytest.mark.parametrize("damage", ["text", "half", "other_sample", "no_ct"])
def test_malformed_vcf_is_refused_by_name(make, normal, damage, tmp_path):
    call(make, make("whole", 100, {"translocation": 0.45}), normal, name="whole")
    good = (make.folder / "out/whole.sv.vcf.gz").read_bytes()
    path = tmp_path / "bad.sv.vcf.gz"
    path.write_bytes({"text": b"not a VCF\n", "half": good[: len(good) // 2]}.get(damage, good))
    if damage == "no_ct":
        with pysam.BGZFile(str(path), "wb") as handle:
            handle.write(gzip.decompress(good).replace(b";CT=", b";XT="))
    with pytest.raises(structural.VcfError, match="bad.sv.vcf.gz"):
        structural.read_vcf(path, "P1", "somebody" if damage == "other_sample" else "whole", lambda c, p: c)


# Power and votes


def coverage(**more):
    row = {"patient": "P1", "sample": "T", "locus": "IGH", "ig_baits": "yes", "locus_bases": 8000}
    row |= {"targeted_bases": 5000, "fragments": 100, "purity": None, "expected": None, "power": None}
    return row | {"assessable": "", "reason": ""} | more


def powers(*rows, purity=0.6):
    frame = pd.DataFrame(list(rows), columns=tables.STRUCTURAL_POWER.names())
    return structural_votes.power(frame, pd.DataFrame([{"sample": "T", "purity_used": purity}]), RULES)


@pytest.mark.parametrize(
    ("more", "purity", "assessable", "words"),
    [
        ({}, 0.6, "yes", ""),
        ({}, 0.9, "yes", ""),
        ({"fragments": 100}, 0.15, "no", "power"),
        ({"fragments": 20}, 0.6, "no", "power"),
        ({"fragments": 0}, 0.9, "no", "power"),
        ({"ig_baits": "no", "fragments": None}, 0.9, "no", "not covered by the kit"),
        ({"targeted_bases": 200}, 0.9, "no", "200 targeted bases"),
        ({}, None, "no", "purity is not known"),
        ({"reason": "too few read pairs"}, 0.9, "no", "too few read pairs"),
    ],
)
def test_absence_needs_baits_depth_and_purity(more, purity, assessable, words):
    row = powers(coverage(**more), purity=purity).iloc[0]
    assert row["assessable"] == assessable and words in row["reason"]


def test_power_is_the_binomial_tail():
    # 100 fragments, purity 0.6, half of a clonal junction caught: binomial(100, 0.15); R: 1 - pbinom(2, 100, 0.15)
    row = powers(coverage()).iloc[0]
    assert row["expected"] == pytest.approx(15.0)
    assert row["power"] == pytest.approx(0.9999847, abs=1e-6)


REGION_ROWS = pd.DataFrame(
    [
        ("IGH", "ig_locus", "chr14", 1, 1000, "IGH", ""),
        ("IGK", "ig_locus", "chr2", 1, 1000, "IGK", ""),
        ("NSD2", "partner", "chr4", 1, 1000, "NSD2;FGFR3", ""),
        ("MYC", "partner", "chr8", 1, 1000, "MYC", ""),
    ],
    columns=["name", "kind", "chrom", "start", "end", "genes", "source"],
)
SETTINGS = {"translocations": {"t(4;14)": ["NSD2", "FGFR3"], "t(11;14)": ["CCND1"]}} | {
    "myc_translocations": {"t(8;14)": "IGH", "t(2;8)": "IGK"}
}


def junction(chrom_a, pos_a, chrom_b, pos_b, **more):
    row = dict.fromkeys(tables.STRUCTURAL.names(), "") | {"patient": "P1", "sample": "T", "type": "BND"}
    row |= {
        "chrom_a": chrom_a,
        "pos_a": pos_a,
        "end_a": "3",
        "chrom_b": chrom_b,
        "pos_b": pos_b,
        "end_b": "5",
    }
    row |= {"filter": "PASS", "mode": "tumour_normal", "precise": "yes", "fragments": 9, "paired_reads": 5}
    row |= {
        "split_reads": 4,
        "spanning_fragments": 80,
        "normal_fragments": 0,
        "normal_spanning_fragments": 50,
    }
    return row | more


def vote(name, *junctions, able=None, failed=False, tin=()):
    samples = pd.DataFrame(
        [{"patient": "P1", "sample": "T", "assay": "wes", "tissue": "tumour", "role": "analysis"}]
    )
    qc = [("T", "depth", "fail", "depth 5 < 30")] if failed else []
    qc = pd.DataFrame(qc, columns=["sample", "gate", "verdict", "reason"])
    seen = tables.conform(pd.DataFrame(list(junctions), columns=tables.STRUCTURAL.names()), tables.STRUCTURAL)
    able = powers(coverage(ig_baits="no", fragments=None)) if able is None else able
    tin = pd.DataFrame(list(tin), columns=["sample", "state", "high"])
    rules = RULES | {"tin_max": 0.30}
    return structural_votes.votes(samples, qc, seen, able, tin, REGION_ROWS, SETTINGS, rules)["P1", name]


IGH_NSD2 = junction("chr4", 500, "chr14", 600, known="t(4;14)", side_a="NSD2", side_b="IGH")


def test_presence_needs_no_baits():
    made = vote("t(4;14)", IGH_NSD2)
    assert (made.state, made.fragments) == (PRESENT, 9)
    assert "NSD2 chr4:500 - IGH chr14:600, 9 DNA fragments" in made.evidence


def test_without_baits_silence_is_not_absence():
    made = vote("t(4;14)")
    assert (made.state, made.reason) == (NOT_ASSESSABLE, "not covered by the kit")


# 9 of 89 fragments in the tumour (0.10). Tumour cells, 30 % of the normal, leave 1.5 of 50 there; 25 of 50 are germline.
REJECTED = IGH_NSD2 | {"filter": "in_normal"}


@pytest.mark.parametrize(
    ("row", "tin", "state"),
    [
        (IGH_NSD2 | {"filter": "paralogue"}, [], ABSENT),  # an artefact by name
        (IGH_NSD2 | {"filter": "low_mapq;paralogue"}, [], ABSENT),
        (
            IGH_NSD2 | {"filter": "low_support", "fragments": 1},
            [],
            ABSENT,
        ),  # power says a clonal one shows more
        (IGH_NSD2 | {"filter": "low_mapq"}, [], NOT_ASSESSABLE),
        (IGH_NSD2 | {"filter": "low_normal_depth"}, [], NOT_ASSESSABLE),
        (IGH_NSD2 | {"filter": "excluded_region"}, [], NOT_ASSESSABLE),
        (REJECTED | {"normal_fragments": 25, "normal_spanning_fragments": 25}, [], ABSENT),  # germline
        (REJECTED | {"normal_fragments": 25, "normal_spanning_fragments": 25}, [("T", PRESENT, 0.3)], ABSENT),
        (REJECTED | {"normal_fragments": 4}, [], NOT_ASSESSABLE),  # not measured: up to tin_max may be
        (REJECTED | {"normal_fragments": 4}, [("T", NOT_ASSESSABLE, None)], NOT_ASSESSABLE),
        (REJECTED | {"normal_fragments": 4}, [("T", PRESENT, 0.28)], PRESENT),  # measured: it explains them
        (REJECTED | {"normal_fragments": 4}, [("T", ABSENT, 0.02)], ABSENT),  # measured: there are none
        (
            REJECTED | {"filter": "low_mapq;in_normal", "normal_fragments": 4},
            [("T", PRESENT, 0.28)],
            NOT_ASSESSABLE,
        ),
    ],
)
def test_a_junction_found_and_rejected_is_no_silence(row, tin, state):
    made = vote("t(4;14)", row, able=powers(coverage()), tin=tin)
    assert made.state == state
    if state == NOT_ASSESSABLE:
        assert "a junction was found and is open" in made.reason and "chr4:500" in made.reason
    if state == ABSENT:
        assert "power IGH 1.00" in made.reason
    if state == PRESENT:
        assert "4 in the normal, as the tumour cells measured in it explain" in made.evidence


def test_partner_without_a_window_is_never_absent():
    assert vote("t(11;14)", able=powers(coverage())).state == NOT_ASSESSABLE


def test_a_failed_gate_takes_the_vote_away():
    made = vote("t(4;14)", IGH_NSD2, failed=True)
    assert (made.state, made.reason) == (NOT_ASSESSABLE, "depth 5 < 30")


def test_each_locus_needs_its_own_power():
    able = powers(coverage(), coverage(locus="IGK", fragments=5))
    assert vote("t(8;14)", able=able).state == ABSENT
    assert vote("t(2;8)", able=able).state == NOT_ASSESSABLE


MYC_OTHER = junction("chr6", 100, "chr8", 500)


@pytest.mark.parametrize(
    ("rows", "state"),
    [
        ([junction("chr8", 500, "chr14", 600, known="t(8;14)")], PRESENT),
        ([MYC_OTHER], PRESENT),  # any partner
        ([MYC_OTHER | {"filter": "in_normal"}], NOT_ASSESSABLE),
        ([MYC_OTHER | {"mode": "tumour_only", "normal_fragments": None}], NOT_ASSESSABLE),
        ([junction("chr8", 500, "chr14", 600, known="t(8;14)", mode="tumour_only")], PRESENT),
        (
            [junction("chr8", 300, "chr8", 800, type="DEL")],
            NOT_ASSESSABLE,
        ),  # both breakpoints inside the window
        ([junction("chr8", 300, "chr8", 8000, type="DUP")], PRESENT),
        ([], NOT_ASSESSABLE),
    ],
)
def test_myc_rearrangement(rows, state):
    assert vote("MYC_rearrangement", *rows).state == state


def test_absence_of_any_myc_rearrangement_needs_the_myc_window_in_the_targets():
    igs = [coverage(), coverage(locus="IGK")]
    part = powers(*igs, coverage(locus="MYC", locus_bases=20_000))
    assert vote("MYC_rearrangement", able=part).state == NOT_ASSESSABLE
    assert "25 % of the MYC window" in vote("MYC_rearrangement", able=part).reason
    whole = powers(*igs, coverage(locus="MYC", locus_bases=5500))
    assert vote("MYC_rearrangement", able=whole).state == ABSENT
    assert vote("MYC_rearrangement", MYC_OTHER | {"filter": "paralogue"}, able=whole).state == ABSENT
    for name in ("low_mapq", "low_normal_depth"):
        assert vote("MYC_rearrangement", MYC_OTHER | {"filter": name}, able=whole).state == NOT_ASSESSABLE


def test_power_over_myc_is_that_of_any_partner():
    few = RULES["min_fragments_known"]
    assert RULES["min_fragments"] > few  # else this test says nothing
    rows = powers(coverage(), coverage(locus="MYC")).set_index("locus")
    assert rows.loc["MYC", "power"] < rows.loc["IGH", "power"]
