"""Who is whom, of which sex, whose reads are in whose sample: made-up people, tumours, RNA and mixtures.

The people are drawn here from allele frequencies, alleles of relatives by Mendel's rules; nothing of the
product is used to make them.
"""

import numpy as np
import pandas as pd
import pytest
import yaml

from myeloma import contamination, flow, gates, identity, qc, tables

SITES = 1500


@pytest.fixture(scope="module")
def limits(project):
    return yaml.safe_load((project / "config/config.yaml").read_text())["identity"]


@pytest.fixture
def rng():
    return np.random.default_rng(11)


@pytest.fixture
def af(rng):
    return rng.uniform(0.1, 0.9, SITES)


def person(rng, af):
    """Two haplotypes, sites long."""
    return (rng.random((2, len(af))) < af).astype(int)


def child(rng, mother, father):
    pick = rng.integers(2, size=(2, mother.shape[1]))
    places = np.arange(mother.shape[1])
    return np.stack([mother[pick[0], places], father[pick[1], places]])


def reads(rng, haplotypes, copies=(1.0, 1.0), depth=80, error=0.001, foreign=None, share=0.0):
    """Alternate and all reads; `copies`: weight of each haplotype (numbers or one per site)."""
    a, b = (np.broadcast_to(c, haplotypes.shape[1]) for c in copies)
    fraction = (haplotypes[0] * a + haplotypes[1] * b) / (a + b)
    if foreign is not None:
        fraction = (1 - share) * fraction + share * foreign.mean(axis=0)
    n = rng.poisson(depth, haplotypes.shape[1])
    return rng.binomial(n, fraction * (1 - error) + (1 - fraction) * error), n


def tumour(rng, haplotypes, lost=0.6, purity=0.9, **more):
    """A tumour that lost one haplotype over the first part of its sites, the other over as much after it."""
    where = np.arange(haplotypes.shape[1]) / haplotypes.shape[1]
    first = np.where(where < lost / 2, 1 - purity, 1.0)
    second = np.where((where >= lost / 2) & (where < lost), 1 - purity, 1.0)
    return reads(rng, haplotypes, (first, second), **more)


def rna(rng, haplotypes, depth=30):
    """Expression of a third of the sites, from one allele only at a third of these."""
    one_sided = rng.random(haplotypes.shape[1]) < 0.33
    weights = np.where(one_sided, 0.01, 1.0), 1.0
    alt, n = reads(rng, haplotypes, weights, depth)
    silent = rng.random(len(n)) > 0.33
    return np.where(silent, 0, alt), np.where(silent, 0, n)


def sample(name, assay="wes", tissue="tumour", sex="", normal=""):
    return {"patient": name.split("-")[0], "sample": name, "assay": assay, "tissue": tissue,
            "sex": sex, "normal": normal}  # fmt: skip


def judged(af, given, limits):
    """(IDENTITY, gates by (sample, gate)) of a list of (sample, (alt, all reads))."""
    samples = [s for s, _ in given]
    alt = np.stack([r[0] for _, r in given]).astype(float)
    ref = np.stack([r[1] for _, r in given]) - alt
    seen = identity.genotypes(ref, alt, np.zeros_like(alt), af, limits)
    pairs, verdict = identity.compare(samples, identity.likeness(seen), limits)
    made = identity.gates(samples, verdict, limits)
    tables.conform(made, tables.QC)
    return pairs, made.set_index(["sample", "gate"])


def cohort(rng, af, patients=4):
    """(sample, reads) of normal, lossy tumour and RNA of each patient; people by patient."""
    people = {f"P{i}": person(rng, af) for i in range(1, patients + 1)}
    given = []
    for p, who in people.items():
        given.append((sample(f"{p}-N", tissue="normal"), reads(rng, who)))
        given.append((sample(f"{p}-T"), tumour(rng, who)))
        given.append((sample(f"{p}-R", "rna"), rna(rng, who)))
    return given, people


def swapped(given, one, two):
    """The same samples with the reads of two of them exchanged."""
    at = {s["sample"]: i for i, (s, _) in enumerate(given)}
    made = list(given)
    made[at[one]] = (given[at[one]][0], given[at[two]][1])
    made[at[two]] = (given[at[two]][0], given[at[one]][1])
    return made


def test_lossy_tumours_and_one_sided_rna_are_their_patients(rng, af, limits):
    given, _ = cohort(rng, af)
    pairs, made = judged(af, given, limits)
    own = pairs[pairs["expected"] == "same"]
    assert len(own) == 12 and set(own["verdict"]) == {"match"}
    assert own["concordance"].min() > 0.85  # a lossy tumour against RNA of one allele is the lowest
    other = pairs[pairs["expected"] == "different"]
    assert set(other["listed"]) == {"closest of another patient"}
    assert other["concordance"].max() < 0.4
    assert set(made.xs("identity", level="gate")["verdict"]) == {"pass"}
    assert set(made.xs("identity_compared", level="gate")["value"]) == {11.0}


def test_swapped_tumours_are_named_and_stop_both_patients_only(rng, af, limits):
    given, _ = cohort(rng, af)
    pairs, made = judged(af, swapped(given, "P1-T", "P2-T"), limits)
    mine = made.xs("identity", level="gate")
    assert set(mine.index[mine["verdict"] == "fail"]) == {f"P{i}-{k}" for i in (1, 2) for k in "NTR"}
    said = mine.loc["P1-T", "reason"]
    assert said == (
        "P1-T is another person than P1-N, P1-R; is the same person as P2-N, P2-R of P2; swapped with P2-T?"
    )
    assert "P1-N is another person than P1-T; is the same person as P2-T of P2" in mine.loc["P1-N", "reason"]
    assert set(pairs[pairs["as_expected"] == "no"]["listed"]) == {"own patient", "match with another patient"}
    failed = gates.failed(tables.conform(made.reset_index(), tables.QC))
    assert "P2-N" in failed["P1-T"]


def test_swapped_rna_is_named(rng, af, limits):
    given, _ = cohort(rng, af)
    _, made = judged(af, swapped(given, "P3-R", "P4-R"), limits)
    assert (
        "P3-R is another person than P3-N, P3-T; is the same person as P4-N, P4-T"
        in (made.loc[("P3-R", "identity"), "reason"])
    )
    assert made.loc[("P1-T", "identity"), "verdict"] == "pass"


def test_swap_of_two_tumours_without_normals(rng, af, limits):
    people = person(rng, af), person(rng, af)
    given = [
        (sample("P1-T"), tumour(rng, people[1])),
        (sample("P1-R", "rna"), rna(rng, people[0])),
        (sample("P2-T"), tumour(rng, people[0])),
        (sample("P2-R", "rna"), rna(rng, people[1])),
    ]
    _, made = judged(af, given, limits)
    assert set(made.xs("identity", level="gate")["verdict"]) == {"fail"}


def test_the_same_person_under_two_patients_stops_both(rng, af, limits):
    who = person(rng, af)
    given = [(sample("P1-T"), tumour(rng, who)), (sample("P2-R", "rna"), rna(rng, who)),
             (sample("P3-T"), tumour(rng, person(rng, af)))]  # fmt: skip
    _, made = judged(af, given, limits)
    assert made.loc[("P1-T", "identity"), "verdict"] == "fail"
    assert "is the same person as P2-R of P2" in made.loc[("P1-T", "identity"), "reason"]
    # alone in its patient, and like nobody: nothing speaks for it either
    assert made.loc[("P3-T", "identity"), "verdict"] == "not_assessable"


def test_a_wholly_foreign_sample_stops_its_patient_without_a_name(rng, af, limits):
    who = person(rng, af)
    given = [
        (sample("P1-N", tissue="normal"), reads(rng, who)),
        (sample("P1-T"), tumour(rng, person(rng, af))),
    ]
    _, made = judged(af, given, limits)
    assert made.loc[("P1-T", "identity"), "reason"] == "P1-T is another person than P1-N"


@pytest.mark.parametrize("kind", ["siblings", "parent and child"])
@pytest.mark.parametrize("both_lossy", [False, True])
def test_relatives_are_not_the_same(rng, af, limits, kind, both_lossy):
    mother, father = person(rng, af), person(rng, af)
    first = child(rng, mother, father)
    second = child(rng, mother, father) if kind == "siblings" else mother
    normal = tumour if both_lossy else reads
    given = [(sample("P1-T"), tumour(rng, first)), (sample("P2-N", tissue="normal"), normal(rng, second))]
    pairs, _ = judged(af, given, limits)
    assert pairs["verdict"].tolist() == ["mismatch"]
    assert 0.3 < pairs["concordance"].iloc[0] < 0.7


def test_contaminated_sample_still_is_its_patient(rng, af, limits):
    who = person(rng, af)
    dirty = reads(rng, who, foreign=person(rng, af), share=0.1)
    given = [(sample("P1-N", tissue="normal"), reads(rng, who)), (sample("P1-T"), dirty)]
    assert judged(af, given, limits)[0]["verdict"].tolist() == ["match"]


def test_too_few_sites_is_no_verdict(rng, limits):
    af = rng.uniform(0.3, 0.7, 60)
    given = [(sample("P1-N", tissue="normal"), reads(rng, person(rng, af))),
             (sample("P1-T"), tumour(rng, person(rng, af)))]  # fmt: skip
    pairs, made = judged(af, given, limits)
    assert pairs["verdict"].tolist() == ["not_assessable"]
    assert made.loc[("P1-T", "identity"), "verdict"] == "not_assessable"
    assert "fewer than 50 sites" in made.loc[("P1-T", "identity"), "reason"]


def test_many_samples_compare_block_by_block_as_at_once(rng, af, limits, monkeypatch):
    given, _ = cohort(rng, af[:300], 5)
    whole = judged(af[:300], given, limits)[0]
    monkeypatch.setattr(identity, "ROWS_AT_A_TIME", 4)
    pd.testing.assert_frame_equal(whole, judged(af[:300], given, limits)[0])


def test_what_the_config_accepts_passes_and_says_so(rng, af, limits):
    given, _ = cohort(rng, af, 2)
    _, made = judged(af, swapped(given, "P1-R", "P2-R"), limits)
    lifted = identity.accept(made.reset_index()[tables.QC.names()], {"P1-T": "chain of custody checked"})
    lifted = lifted[lifted["gate"] == "identity"].set_index("sample")
    assert lifted.loc["P1-T", "verdict"] == "pass"
    assert lifted.loc["P1-T", "reason"].startswith(
        "accepted in the config: chain of custody checked (was: P1-T is"
    )
    assert lifted.loc["P1-N", "verdict"] == "fail"


def test_flow_names_the_look_alike(rng, af, limits):
    given, _ = cohort(rng, af, 2)
    _, made = judged(af, swapped(given, "P1-T", "P2-T"), limits)
    rows = tables.conform(made.reset_index(), tables.QC)
    told = [flow._failed_gate(r) for r in rows[rows["sample"] == "P1-T"].itertuples() if r.verdict == "fail"]
    assert told == [f"identity: {made.loc[('P1-T', 'identity'), 'reason']}"]


# Sex


@pytest.mark.parametrize(
    "x, y, het, tissue, found",
    [
        (1.0, 0.0, 0.35, "normal", "female"),
        (0.5, 0.5, 0.01, "normal", "male"),
        (0.5, None, 0.0, "normal", "male"),
        (1.0, None, None, "normal", "female"),
        (0.55, 0.0, 0.02, "tumour", ""),  # a woman's tumour without one X
        (0.55, None, 0.02, "tumour", ""),  # the same where Y is not covered
        (0.5, 0.01, 0.0, "tumour", ""),  # a man's tumour without Y
        (1.0, 0.01, None, "tumour", ""),  # the same with a second copy of X
        (0.5, 0.45, 0.0, "tumour", "male"),
        (1.0, None, 0.35, "tumour", "female"),
        (0.72, None, 0.12, "normal", ""),
        (None, None, None, "normal", ""),
    ],
)
def test_sex(limits, x, y, het, tissue, found):
    assert identity.called_sex(identity.sex_votes(x, y, het, limits), tissue)[0] == found


def test_a_wrong_sex_stops_all_dna_of_the_patient(limits):
    samples = [sample("P1-N", tissue="normal", sex="female"), sample("P1-T", sex="female"),
               sample("P1-R", "rna", sex="female"), sample("P2-N", tissue="normal", sex="male"),
               sample("P3-N", tissue="normal")]  # fmt: skip
    male = {"x_depth": 0.5, "y_depth": 0.4, "x_het": 0.0}
    made = identity.sex_gates(samples, {s["sample"]: male for s in samples}, limits)
    tables.conform(made, tables.QC)
    said = made.set_index("sample")
    assert said["verdict"].to_dict() == {
        "P1-N": "fail", "P1-T": "fail", "P2-N": "pass", "P3-N": "not_assessable"
    }  # fmt: skip
    assert said.loc["P1-N", "reason"] == (
        "P1-N is male by its reads (depth of X 0.50: male, depth of Y 0.40: male, "
        "heterozygous sites of X 0.00: male), female in the sheet"
    )


def test_sex_depths_of_a_mosdepth_summary(tmp_path):
    path = tmp_path / "summary.txt"
    path.write_text(
        "chrom\tlength\tbases\tmean\tmin\tmax\nchr1\t1000\t100\t.1\t0\t9\nchr1_region\t100\t6000\t60\t0\t99\n"
        "chr2_region\t300\t12000\t40\t0\t99\nchrX_region\t100\t2250\t22.5\t0\t99\nchrY\t1000\t9\t0\t0\t9\n"
        "chr6_alt1_region\t100\t0\t0\t0\t0\ntotal_region\t500\t1\t1\t0\t0\n"
    )
    assert qc.read_sex_depths(path, True) == {"x_depth_ratio": 0.5, "y_depth_ratio": None}
    assert qc.read_sex_depths(path, False) == pytest.approx({"x_depth_ratio": None, "y_depth_ratio": 0.09})


# Contamination


def alleles(af, given):
    """Contract ALLELES of (alternate, all) reads."""
    alt, n = given
    made = pd.DataFrame({"chrom": "chr1", "pos": np.arange(1, len(af) + 1) * 100, "ref": "A", "alt": "G", "af": af,
                         "ref_reads": n - alt, "alt_reads": alt, "other_reads": 0})  # fmt: skip
    return tables.conform(made, tables.ALLELES)


def told(af, limits, normal=None, **named):
    """CONTAMINATION by sample; keyword: sample name -> reads, `_` for `-`; all matched to `normal`."""
    frames = {name.replace("_", "-"): alleles(af, given) for name, given in named.items()}
    samples = [
        sample(n, tissue="normal" if n.endswith("N") else "tumour", normal=normal or "") for n in frames
    ]
    made = contamination.estimate_all(samples, frames.__getitem__, limits)
    return made.set_index("sample"), contamination.gates(made, samples, limits).set_index("sample")


@pytest.mark.parametrize("share", [0.01, 0.03, 0.08])
def test_contamination_is_found_and_its_source_named(rng, af, limits, share):
    who, other = person(rng, af), person(rng, af)
    made, judged_ = told(
        af, limits, "P1-N",
        P1_N=reads(rng, who, foreign=other, share=share),
        P1_T=tumour(rng, who, foreign=other, share=share),
        P2_N=reads(rng, other), P3_N=reads(rng, person(rng, af)),
    )  # fmt: skip
    for name in ("P1-N", "P1-T"):
        row = made.loc[name]
        assert row["state"] == "present" and row["source"] == "P2-N"
        assert row["low"] < share * 1.02 and row["high"] > share * 0.98
        assert row["contamination"] == pytest.approx(share, rel=0.15)
        assert judged_.loc[name, "verdict"] == ("fail" if share > 0.05 else "pass")
    assert set(made.loc[["P2-N", "P3-N"], "state"]) == {"absent"}


def test_none_is_invented_in_clean_samples(rng, af, limits):
    for seed in range(8):
        own = np.random.default_rng(seed)
        who = person(own, af)
        made, _ = told(
            af, limits, "P1-N",
            P1_N=reads(own, who, error=0.004), P1_T=tumour(own, who, lost=0.8, error=0.004),
        )  # fmt: skip
        assert set(made["state"]) == {"absent"}
        assert made["high"].max() < limits["contamination_detected"]


def test_a_swapped_tumour_is_no_contaminated_one(rng, af, limits):
    """The normal of another person is not the measure of its contamination."""
    given, _ = cohort(rng, af, 2)
    given = swapped(given, "P1-T", "P2-T")
    samples = [{**s, "normal": f"{s['patient']}-N" if s["tissue"] == "tumour" else ""} for s, _ in given]
    alt = np.stack([r[0] for _, r in given]).astype(float)
    seen = identity.genotypes(np.stack([r[1] for _, r in given]) - alt, alt, np.zeros_like(alt), af, limits)
    _, verdict = identity.compare(samples, identity.likeness(seen), limits)
    known = identity.with_own_normals(samples, verdict)
    assert [s["normal"] for s in known if s["assay"] == "wes"] == ["", "", "", ""]
    frames = {s["sample"]: alleles(af, r) for s, r in given}
    made = contamination.estimate_all(known, frames.__getitem__, limits).set_index("sample")
    assert "present" not in set(made["state"])


def test_a_source_outside_the_cohort_is_not_named(rng, af, limits):
    who = person(rng, af)
    made, _ = told(af, limits, P1_N=reads(rng, who, foreign=person(rng, af), share=0.05),
                   P2_N=reads(rng, person(rng, af)))  # fmt: skip
    assert made.loc["P1-N", "source"] == "" and "no other sample of the cohort" in made.loc["P1-N", "reason"]


def test_lossy_tumour_without_normal_is_never_said_to_be_contaminated(rng, af, limits):
    made, judged_ = told(af, limits, P1_T=tumour(rng, person(rng, af), lost=0.9, purity=0.95))
    assert made.loc["P1-T", "state"] in ("absent", "not_assessable")
    assert judged_.loc["P1-T", "verdict"] in ("pass", "not_assessable")


def test_reference_bias_is_no_contamination(rng, af, limits):
    """Reference reads at 0.5 % of homozygous alternate sites' reads, none the other way."""
    who = person(rng, af)
    alt, n = reads(rng, who)
    bias = rng.binomial(alt, 0.005)
    made, _ = told(af, limits, P1_N=(alt - bias, n))
    assert made.loc["P1-N", "state"] == "absent"


def test_too_few_sites_give_no_estimate(rng, limits):
    af = rng.uniform(0.3, 0.7, 150)
    made, judged_ = told(af, limits, P1_N=reads(rng, person(rng, af)))
    assert made.loc["P1-N", "state"] == "not_assessable" and pd.isna(made.loc["P1-N", "contamination"])
    assert judged_.loc["P1-N", "verdict"] == "not_assessable"


# Files


def test_nothing_counted_is_not_assessable_everywhere(tmp_path, limits):
    samples = [sample("P1-N", tissue="normal", sex="male"), sample("P1-T", sex="male", normal="P1-N")]
    paths = []
    for s in samples:
        tables.write(tables.empty(tables.ALLELES), tmp_path / f"{s['sample']}.alleles.tsv.gz", tables.ALLELES)
        tables.write(tables.empty(tables.QC), tmp_path / f"{s['sample']}.qc.tsv", tables.QC)
        paths.append(str(tmp_path / s["sample"]))
    output = {name: str(tmp_path / f"{name}.tsv") for name in ("identity", "contamination", "gates")}
    identity.check(
        samples, [f"{p}.alleles.tsv.gz" for p in paths], [f"{p}.qc.tsv" for p in paths], limits, output
    )
    made = tables.read(output["gates"], tables.QC)
    assert set(made["verdict"]) == {"not_assessable", ""}
    assert set(tables.read(output["contamination"], tables.CONTAMINATION)["state"]) == {"not_assessable"}


def test_no_sample_at_all(tmp_path, limits):
    output = {name: str(tmp_path / f"{name}.tsv") for name in ("identity", "contamination", "gates")}
    identity.check([], [], [], limits, output)
    assert len(tables.read(output["identity"], tables.IDENTITY)) == 0


def test_reads_are_counted_at_the_common_sites(tmp_path, tools):
    import pysam

    tools("bcftools")
    sequence = "ACGT" * 100
    (tmp_path / "g.fa").write_text(f">chr1\n{sequence}\n")
    pysam.faidx(str(tmp_path / "g.fa"))
    vcf = ["##fileformat=VCFv4.2", '##INFO=<ID=AF,Number=A,Type=Float,Description="f">', "##contig=<ID=chr1,length=400>",
           "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"]  # fmt: skip
    # wanted; too rare; an indel; outside the targets
    rows = [(101, "A", "G", 0.4), (121, "A", "G", 0.01), (131, "G", "GT", 0.4), (301, "A", "C", 0.4)]
    vcf += [f"chr1\t{p}\t.\t{r}\t{a}\t.\t.\tAF={f}" for p, r, a, f in rows]
    (tmp_path / "s.vcf").write_text("\n".join(vcf) + "\n")
    (tmp_path / "t.bed").write_text("chr1\t80\t160\n")
    header = {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": "chr1", "LN": 400}],
              "RG": [{"ID": "1", "SM": "S"}]}  # fmt: skip
    with pysam.AlignmentFile(str(tmp_path / "a.bam"), "wb", header=header) as out:
        for i in range(20):
            read = pysam.AlignedSegment(out.header)
            read.query_name, read.flag, read.reference_id, read.reference_start = f"r{i}", 0, 0, 90
            read.mapping_quality, read.cigarstring = (60 if i != 19 else 5), "50M"
            base = "G" if i < 7 else "T" if i == 7 else "A"
            read.query_sequence = sequence[90:100] + base + sequence[101:140]
            read.query_qualities = [35] * 50
            read.flag = 1024 if i == 18 else 0
            read.set_tag("RG", "1")
            out.write(read)
    pysam.index(str(tmp_path / "a.bam"))
    identity.count(str(tmp_path / "a.bam"), str(tmp_path / "g.fa"), str(tmp_path / "s.vcf"), str(tmp_path / "t.bed"),
                   10, 0.05, str(tmp_path / "o.tsv.gz"))  # fmt: skip
    made = tables.read(tmp_path / "o.tsv.gz", tables.ALLELES)
    assert made[["pos", "ref_reads", "alt_reads", "other_reads"]].to_numpy().tolist() == [[101, 10, 7, 1]]
