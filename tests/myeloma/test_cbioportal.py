"""The study folder of cBioPortal on a made-up cohort: its rules hold, and three states stay three."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import yaml
from tests import cbioportal_rules, fabricate

from myeloma import cbioportal, dictionary, exchange, flow, maf, profiles, pseudonyms, tables
from myeloma.cohort import Patient

GENES = pd.DataFrame(
    [
        ("g1", "TP53", "chr17", 1000, 2000, "+", "protein_coding"),
        ("g2", "CKS1B", "chr1", 5000, 6000, "+", "protein_coding"),
        ("g3", "FAR", "chr2", 100, 200, "+", "protein_coding"),
        ("g4", "SPLIT", "chr1", 3500, 4500, "+", "protein_coding"),
        ("g5", "IGHG1", "chr14", 1, 9, "+", "IG_C_gene"),
    ],
    columns=["gene_id", "gene_name", "chrom", "start", "end", "strand", "biotype"],
)


@pytest.fixture(scope="module")
def config(project):
    return yaml.safe_load((project / "config/config.yaml").read_text())


def segment(sample, chrom, start, end, log2, total, **more):
    made = dict.fromkeys(tables.SEGMENTS.names()) | {
        "patient": sample.split(".")[0], "sample": sample, "chrom": chrom, "start": start, "end": end, "log2": log2,
        "log2_low": log2 - 0.02, "log2_high": log2 + 0.02, "targets": 50, "total_copies": total, "minor_copies": 1,
        "germline_copies": 2.0,
    }  # fmt: skip
    return made | more


def frame(rows, table):
    return tables.conform(pd.DataFrame(rows, columns=table.names()), table)


def study(config, names=None, mutated=(), segments=(), base=2, callable_=(), spoilt=()):
    """A study of nine made-up patients; `names`: pseudonyms.Names or None for the ids as they are."""
    made = fabricate.cohort(n=9, seed=2)
    seen = dict(made.frames)
    patients = [Patient(**row) for row in made.patients]
    samples = seen["samples"]
    if names is None:
        ids = {p.patient: p.patient for p in patients}
        starts = {p.patient: p.c1d1 or p.enrolment_date for p in patients}
        own = dict(zip(samples["sample"], samples["sample"], strict=True))
        names = pseudonyms.Names(
            ids, own, dict(zip(samples["sample"], samples["patient"], strict=True)), starts
        )
    seen["purity"] = seen["purity"].assign(base_copies=base, base_margin=9.0)
    seen["segments"] = frame(list(segments), tables.SEGMENTS)
    seen["callable"] = frame(list(callable_), tables.CALLABLE)
    seen["structural_variants"] = tables.empty(tables.STRUCTURAL)
    seen["tumour_in_normal"] = frame(list(spoilt), tables.TUMOUR_IN_NORMAL)
    rna = samples[(samples["assay"] == "rna")]["sample"].tolist()
    seen["tpm"] = pd.DataFrame(
        {"gene_id": ["g1", "g1b", "g2", "g0"], "gene_name": ["TP53", "TP53", "CKS1B", ""]}
        | {s: [str(i), "1.5", "4", "7"] for i, s in enumerate(rna)}
    )
    sample_of = cbioportal.sample_names(flow.members(seen["flow"], "enrolled"), names)
    dna = {f"{p}.T": s for p, s in sample_of.items() if p in flow.members(seen["flow"], "dna")}
    of_rna = {f"{p}.R": s for p, s in sample_of.items() if p in flow.members(seen["flow"], "rna")}
    given = profiles.Given(seen, dna, of_rna, "GRCh38", config, GENES, GENES.iloc[:4][["gene_name", "chrom", "start", "end"]],
                           {"kit1": pd.DataFrame({"chrom": ["chr17", "chr1"], "start": [0, 0], "end": [9000, 9000]})})  # fmt: skip
    variants = pd.DataFrame([mutation(**m) for m in mutated], columns=[*maf.STANDARD, *maf.MORE])
    dosing = pd.DataFrame(
        [(patients[0].patient, "ixazomib", patients[0].c1d1, 1, 3.0), (patients[0].patient, "ixazomib", patients[0].c1d1, 2, 0.0)],
        columns=["patient", "drug", "date", "cycle", "dose_mg"],
    )  # fmt: skip
    return cbioportal.Study(
        "made_up", "Made up", "Made up: a test", "hg38", patients, names, seen, given,
        profiles.mutations(given, variants, names.samples), dosing,
        pd.DataFrame(columns=["patient", "start_date", "end_date", "kind"]), sample_of,
    )  # fmt: skip


def mutation(
    sample, gene="TP53", mode="tumour_normal", hotspot="no", consequence="missense_variant", pos=1500
):
    return dict.fromkeys([*maf.STANDARD, *maf.MORE], "") | {
        "Hugo_Symbol": gene, "Entrez_Gene_Id": "0", "NCBI_Build": "own", "Chromosome": "chr17",
        "Start_Position": str(pos), "End_Position": str(pos), "Variant_Classification": "Missense_Mutation",
        "Variant_Type": "SNP", "Reference_Allele": "C", "Tumor_Seq_Allele1": "C", "Tumor_Seq_Allele2": "T",
        "Tumor_Sample_Barcode": sample, "Matched_Norm_Sample_Barcode": sample.replace(".T", ".N"),
        "Mutation_Status": "Somatic", "HGVSp_Short": "p.R175H", "t_ref_count": "60", "t_alt_count": "40",
        "n_ref_count": "50", "n_alt_count": "0", "Consequence": consequence, "mode": mode, "hotspot": hotspot,
        "patient": sample.split(".")[0], "BAM_File": "/data/x.bam",
    }  # fmt: skip


FULL = [
    segment("IPD-001.T", "chr17", 1, 9000, -0.6, 1),
    segment("IPD-001.T", "chr1", 1, 4000, 0.0, 2),
    segment("IPD-001.T", "chr1", 4001, 9000, 0.9, 4),
    segment("IPD-002.T", "chr17", 1, 9000, -3.0, 0),
    segment("IPD-002.T", "chr1", 1, 9000, 0.4, 3),
    segment("IPD-003.T", "chr17", 1, 9000, 0.0, 2, log2_low=-0.9, log2_high=0.9),
    segment("IPD-003.T", "chr1", 1, 9000, 0.2, None),
    segment("IPD-004.T", "chr17", 1, 9000, -0.1, 1, clonal_fraction=0.1),
]


@pytest.fixture(scope="module")
def folder(config, tmp_path_factory):
    """The folder of a study with mutations, copies and an absent callable gene."""
    where = tmp_path_factory.mktemp("study") / "cbioportal"
    power = [
        {"patient": "IPD-001", "sample": "IPD-001.T", "gene": "CKS1B", "callable": "no", "hotspots": 0,
         "hotspots_callable": 0, "depth_needed": 9}
    ]  # fmt: skip
    made = study(config, mutated=[{"sample": "IPD-001.T"}, {"sample": "IPD-002.T", "pos": 1600}], segments=FULL,
                 callable_=power)  # fmt: skip
    cbioportal.write(cbioportal.build(made, config), where)
    return where


def test_the_folder_keeps_the_rules_of_cbioportal(folder):
    assert cbioportal_rules.problems(folder) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("case_lists/cases_sequenced.txt", "IPD-001-baseline\t", "", "is not in the sequenced list"),
        ("data_cna.txt", "\t-1\t", "\t-9\t", "'-9'"),
        ("data_cna.seg", "\t0.9\n", "\tNA\n", "NA"),
        ("data_mutations.txt", "GRCh38", "GRCh37", "build GRCh37"),
        ("data_clinical_patient.txt", "0:LIVING", "alive", "OS_STATUS alive"),
        ("data_sv.txt", "SOMATIC", "maybe", "maybe"),
        ("meta_log2_cna.txt", "analysis_tab: false", "analysis_tab: true", "analysis tab"),
        ("data_timeline_treatment.txt", "\t0\t", "\t2024-01-20\t", "2024-01-20"),
    ],
)
def test_the_rules_notice_what_is_broken(folder, tmp_path, name, old, new, said):
    shutil.copytree(folder, tmp_path / "s")
    path = tmp_path / "s" / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    assert any(said in problem for problem in cbioportal_rules.problems(tmp_path / "s"))


def read(folder, name, skip=0):
    return pd.read_csv(folder / name, sep="\t", dtype=str, keep_default_na=False, skiprows=skip)


def test_every_patient_of_the_flow_is_in_the_study_sequenced_or_not(folder):
    samples = read(folder, "data_clinical_sample.txt", 4).set_index("PATIENT_ID")
    patients = read(folder, "data_clinical_patient.txt", 4)
    assert len(samples) == len(patients) == 9
    lists = cbioportal_rules.Study(folder).lists
    assert len(lists["all"]) == 9
    # the ninth patient has no tumour DNA
    assert samples.loc["IPD-009", "DNA_USABLE"] == "No" and samples.loc["IPD-009", "DNA_SAMPLE"] == ""
    assert "IPD-009-baseline" not in lists["sequenced"] and "IPD-009-baseline" not in lists["cna"]
    assert "IPD-009-baseline" not in lists["3way_complete"]


def test_copies_by_hand_and_not_assessable_is_never_unchanged(folder):
    copies = read(folder, "data_cna.txt").set_index("Hugo_Symbol")
    assert "IGHG1" not in copies.index
    one, two, three, four = (f"IPD-00{i}-baseline" for i in (1, 2, 3, 4))
    assert copies.loc["TP53", [one, two, three, four]].tolist() == ["-1", "-2", "NA", "0"]
    # three copies 1, four or more 2 (gain1q, amp1q); no total copies where the purity is unresolved
    assert copies.loc["CKS1B", [one, two, three]].tolist() == ["2", "1", "NA"]
    # 3500-4500: 501 of 1001 bases in the unchanged segment
    assert copies.loc["SPLIT", one] == "0"
    # no segment there, no segment at all
    assert set(copies.loc["FAR"]) == {"NA"} and "IPD-006-baseline" not in copies


def test_doubled_genome_counts_from_four(config):
    rows = [segment("IPD-001.T", "chr17", 1, 9000, 0.0, 4), segment("IPD-001.T", "chr1", 1, 9000, -0.3, 3)]
    discrete, ratio = profiles.copies_by_gene(study(config, segments=rows, base=4).given)
    assert discrete.loc[["TP53", "CKS1B"], "IPD-001-baseline"].tolist() == ["0", "-1"]
    assert ratio.loc["CKS1B", "IPD-001-baseline"] == -0.3


def test_copies_entered_as_finished_calls_are_taken_as_they_are(config):
    entered = {"log2_low": None, "log2_high": None}
    rows = [
        segment("IPD-001.T", "chr17", 1, 9000, 0.0, 1, copies=1.0, **entered) | {"log2": None},
        segment("IPD-001.T", "chr1", 1, 9000, 0.0, 2, copies=2.0, **entered) | {"log2": None},
    ]
    made = study(config, segments=rows)
    made.given.seen["purity"] = made.given.seen["purity"].assign(mode="given", purity_used=float("nan"))
    discrete, ratio = profiles.copies_by_gene(made.given)
    assert list(discrete.columns) == ["IPD-001-baseline"]  # the others have no segments
    assert discrete.loc[["TP53", "CKS1B"], "IPD-001-baseline"].tolist() == ["-1", "0"]
    assert ratio.loc[["TP53", "CKS1B"], "IPD-001-baseline"].tolist() == [-1.0, 0.0]
    assert profiles.segments(made.given)["seg.mean"].tolist() == [0.0, -1.0]


def test_a_sample_of_which_no_gene_is_known_is_not_sequenced(config, tmp_path):
    made = study(config, mutated=[{"sample": "IPD-002.T"}], segments=FULL)
    bare = profiles.Given(**{**vars(made.given), "targets": {}})  # no targets, no callable genes
    cbioportal.write(
        cbioportal.build(cbioportal.Study(**{**vars(made), "given": bare}), config), tmp_path / "c"
    )
    assert cbioportal_rules.problems(tmp_path / "c") == []
    # its one mutation would make TP53 mutated in 1 of 1 samples
    lists = cbioportal_rules.Study(tmp_path / "c").lists
    assert "sequenced" not in lists and "IPD-001-baseline" in lists["cna"]
    assert not (tmp_path / "c/data_mutations.txt").exists()


def test_samples_of_unknown_callability_are_counted_in_the_profile_and_mutations_without_power(config):
    power = [
        {"patient": p, "sample": f"{p}.T", "gene": gene, "callable": word, "hotspots": 0, "hotspots_callable": 0,
         "depth_needed": 9}
        for p, gene, word in (("IPD-001", "CKS1B", "yes"), ("IPD-001", "TP53", "no"), ("IPD-003", "TP53", "yes"))
    ]  # fmt: skip
    made = study(config, mutated=[{"sample": "IPD-001.T"}, {"sample": "IPD-002.T"}], callable_=power)
    bare = profiles.Given(**{**vars(made.given), "targets": {}})
    text = cbioportal.build(cbioportal.Study(**{**vars(made), "given": bare}), config)
    assert "IPD-002-baseline" not in text["data_mutations.txt"] + text["data_gene_panel_matrix.txt"]
    known = [line.split("\t")[0] for line in text["data_gene_panel_matrix.txt"].splitlines()[1:]]
    assert known == ["IPD-001-baseline", "IPD-003-baseline"]
    said = text["meta_mutations.txt"]
    assert f"{len(bare.dna) - 2} sequenced samples of which it is not known" in said
    assert "(here 1 times): the frequency of such a gene is too high" in said


def test_one_protein_change_of_several():
    told = {"p.R175H": "p.R175H", "p.A1B,p.C2D": "p.A1B", "p.A1B;x": "p.A1B", "p.A1Bp.C2D": "p.A1B", "": ""}
    assert {text: profiles.one_change(text) for text in told} == told


def test_a_gene_without_power_is_in_no_panel_of_its_sample(folder):
    made = cbioportal_rules.Study(folder)
    matrix = read(folder, "data_gene_panel_matrix.txt").set_index("SAMPLE_ID")["mutations"]
    panels = made.panels()
    assert "CKS1B" not in panels[matrix["IPD-001-baseline"]] and "CKS1B" in panels[matrix["IPD-002-baseline"]]
    assert "FAR" not in panels[matrix["IPD-002-baseline"]]  # chr2 is not in the targets


def test_a_normal_full_of_tumour_takes_the_sample_out_of_the_sequenced_ones(config):
    spoilt = [
        {"patient": "IPD-001", "sample": "IPD-001.T", "normal": "IPD-001.N", "state": "present", "estimate": 0.6,
         "low": 0.5, "high": 0.7}
    ]  # fmt: skip
    made = study(config, mutated=[{"sample": "IPD-001.T"}, {"sample": "IPD-002.T"}], spoilt=spoilt)
    assert made.maf["Tumor_Sample_Barcode"].tolist() == ["IPD-002-baseline"]
    assert "IPD-001-baseline" not in cbioportal.build(made, config)["case_lists/cases_sequenced.txt"]


def test_without_a_normal_only_what_counts_as_somatic_leaves(config):
    only = {"sample": "IPD-001.T", "mode": "tumour_only"}
    made = study(config, mutated=[
        {**only, "gene": "TTN", "pos": 1},
        {**only, "hotspot": "yes", "pos": 2},
        {**only, "consequence": "stop_gained,splice_region_variant", "pos": 3},
        {**only, "consequence": "stop_gained", "gene": "TTN", "pos": 4},
    ])  # fmt: skip
    assert made.maf["Start_Position"].tolist() == ["2", "3"]
    assert set(made.maf["BAM_File"]) == {""}


def test_survival_and_expression_are_those_of_the_tables(folder, config):
    made = study(config)
    ends = made.seen["endpoints"]
    ends = ends[(ends["rule_set"] == "trial") & (ends["endpoint"] == "OS")].set_index("patient")
    patients = read(folder, "data_clinical_patient.txt", 4).set_index("PATIENT_ID")
    for patient, row in ends.iterrows():
        assert patients.loc[patient, "OS_STATUS"] == ("1:DECEASED" if row["event"] else "0:LIVING")
        assert float(patients.loc[patient, "OS_MONTHS"]) == pytest.approx(row["months"], abs=5e-4)
    values = read(folder, "data_mrna_seq_tpm.txt").set_index("Hugo_Symbol")
    assert float(values.loc["TP53"].iloc[1]) == 2.5  # two ids of one symbol are added: 1 + 1.5
    scores = read(folder, "data_mrna_seq_tpm_zscores.txt").set_index("Hugo_Symbol")
    assert set(scores.loc["CKS1B"]) == {"NA"}  # the same everywhere: no z, not 0


def test_z_by_hand():
    made = profiles.z_scores(pd.DataFrame({"a": [0.0], "b": [1.0], "c": [3.0]}, index=["G"]))
    assert made.loc["G"].tolist() == [-1.0, 0.0, 1.0]  # log2(x + 1) is 0, 1, 2: mean 1, SD 1
    assert profiles.z_scores(pd.DataFrame({"a": [0.0], "b": [1.0]})).isna().all(axis=None)


def test_only_pseudonyms_and_days_leave(config, tmp_path):
    key = bytes(range(32))
    made = study(config)
    ids = list(made.names.patients)
    names = pseudonyms.Names(
        pseudonyms.keyed(ids, "patient", key), pseudonyms.keyed(made.names.samples, "sample", key),
        made.names.patient_of, made.names.starts,
    )  # fmt: skip
    other = study(config, names=names, mutated=[{"sample": "IPD-001.T"}], segments=FULL)
    text = cbioportal.build(other, config)
    cbioportal.write(text, tmp_path / "c")
    assert cbioportal_rules.problems(tmp_path / "c") == []
    for name, content in text.items():
        assert "IPD-" not in content and "centre 1" not in content, name
        assert not pseudonyms.ISO_DATE.search(content), name


def test_nothing_sequenced_leaves_the_clinic(config, tmp_path):
    made = study(config)
    bare = profiles.Given(
        made.seen | {"tpm": made.seen["tpm"].iloc[:0]},
        {},
        {},
        "GRCh38",
        config,
        GENES.iloc[:0],
        GENES.iloc[:0],
    )
    empty = cbioportal.Study(**{**vars(made), "given": bare})
    cbioportal.write(cbioportal.build(empty, config), tmp_path / "c")
    assert cbioportal_rules.problems(tmp_path / "c") == []
    assert not (tmp_path / "c/data_mutations.txt").exists() and not (tmp_path / "c/data_cna.txt").exists()


def test_a_build_of_ones_own_needs_a_word(config):
    own = config | {"reference": config["reference"] | {"build": "mine"}}
    with pytest.raises(cbioportal.ExportError, match="export.reference_genome"):
        cbioportal.genome_of(own)
    assert cbioportal.genome_of(own | {"export": config["export"] | {"reference_genome": "hg19"}}) == "hg19"
    assert cbioportal.genome_of(config | {"reference": {"build": "b37"}}) == "hg19"


def test_coverage_of_a_union_by_hand():
    rows = pd.DataFrame({"chrom": ["1", "1", "2"], "start": [0, 15, 0], "end": [10, 40, 5]})
    by = pd.DataFrame({"chrom": ["1", "1", "1"], "start": [5, 8, 30], "end": [20, 12, 35]})
    assert profiles.covered(rows, by).tolist() == [5, 10, 0]


def test_old_age_is_not_told(config):
    assert cbioportal._age(89.0) == "89" and cbioportal._age(91.0) == ">89" and cbioportal._age(None) == ""


def test_the_folder_is_written_whole(tmp_path):
    cbioportal.write({"a.txt": "1"}, tmp_path / "x")
    cbioportal.write({"b/c.txt": "2"}, tmp_path / "x")
    assert [p.relative_to(tmp_path).as_posix() for p in sorted(Path(tmp_path).rglob("*.txt"))] == [
        "x/b/c.txt"
    ]


def test_a_patient_excluded_from_everything_is_in_no_profile_and_no_clinical_file(config, tmp_path):
    made = study(config, segments=FULL)
    paths = {"maf": tmp_path / "maf.tsv"}
    rows = [mutation("IPD-001.T"), mutation("IPD-002.T", pos=1600)]
    paths["maf"].write_text(pd.DataFrame(rows).to_csv(sep="\t", index=False))
    for table in dictionary.OUTSIDE:
        paths[table.name] = tmp_path / f"{table.name}.tsv"
        tables.write(made.seen[table.name], paths[table.name], table)
    samples = [SimpleNamespace(sample=s, patient=p) for s, p in made.names.patient_of.items()]
    who = SimpleNamespace(
        patients=made.patients, samples=samples, sheet_frame=lambda settings, name: getattr(made, name.split("_")[0]),
        exclusions=({"patient": "IPD-001", "analysis": "all", "reason": "consent withdrawn"},),
    )  # fmt: skip
    settings = SimpleNamespace(
        values=config | {"reference": config["reference"] | {"build": "hg38"}}, project=tmp_path
    )
    found = exchange.gather(who, settings, paths)
    assert found.maf["Tumor_Sample_Barcode"].tolist() == ["IPD-002-baseline"]
    text = cbioportal.build(found, config)
    assert "IPD-002" in text["data_clinical_patient.txt"] and "IPD-003" in text["data_cna.seg"]
    assert [name for name, content in text.items() if "IPD-001" in content] == []
    assert "1 patient excluded from everything" in text["meta_study.txt"]
    assert "1 patient excluded" in exchange.README.format(
        ids="", left_out=exchange.left_out_words(found.names)
    )


def test_a_group_that_the_comparison_does_not_have_is_empty_and_treated_is_by_first_dose(config):
    made = study(config)
    groups = made.seen["response"].set_index("patient")["group"]
    name = next(p for p, group in groups.items() if group in ("EARLY_RESPONDER", "POOR_RESPONDER"))
    out = made.seen["flow"]
    mine = out["patient"].eq(name) & out["analysis"].isin([*flow.GROUP_OF, "treated"])
    made.seen["flow"] = out.assign(included=out["included"].where(~mine, "no"))
    rows = {r["PATIENT_ID"]: r for r in cbioportal.patient_rows(made, "trial")}
    assert rows[name]["RESPONSE_GROUP"] == "" and rows[name]["TREATED"] == "Yes"
    others = {p: r["RESPONSE_GROUP"] for p, r in rows.items() if p != name}
    assert others == {p: group for p, group in groups.items() if p != name}
