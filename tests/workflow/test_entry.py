"""Cohorts that enter by reads, by BAM and by tables: what the sheets refuse, what is planned, one real run."""

import csv
import shutil
from pathlib import Path

import planning
import pytest
import yaml

from myeloma import settings
from myeloma.cohort import SheetErrors, load_cohort

TABLES = Path(__file__).resolve().parents[1] / "tables_cohort"
NEVER = (
    "align_wes",
    "align_rna",
    "call_somatic",
    "index_bwa",
    "index_star",
    "prepare_genome",
    "model_copies",
)


@pytest.fixture
def tables_only(tmp_path):
    """A copy of the made-up cohort of tables."""
    folder = tmp_path / "run"
    shutil.copytree(TABLES, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return folder


def load(folder, project, **changes):
    values = yaml.safe_load((project / "config/config.yaml").read_text())
    own = yaml.safe_load((folder / "config.yaml").read_text())
    for section, given in {**own, **changes}.items():
        values[section] = {**values[section], **given}
    return load_cohort(settings.load(values, project, folder))


def change(path, line, column, value):
    rows = [row.split("\t") for row in path.read_text().splitlines()]
    rows[line - 1][rows[0].index(column)] = value
    path.write_text("".join("\t".join(row) + "\n" for row in rows))


def said(folder, project, **changes):
    with pytest.raises(SheetErrors) as caught:
        load(folder, project, **changes)
    return str(caught.value)


def test_good_tables_are_accepted_without_fasta_and_units(tables_only, project):
    cohort = load(tables_only, project)
    assert len(cohort.entered_dna) == 12 and not cohort.wes_samples and not cohort.dna_patients
    assert {s.role for s in cohort.samples} == {"analysis"}


def test_sample_that_is_not_in_the_file(tables_only, project):
    change(tables_only / "samples.tsv", 3, "name_in_files", "MM-P2")
    text = said(tables_only, project)
    assert (
        "samples.tsv:3: name_in_files = 'MM-P2': is not in variants.maf" in text
        and "did you mean MM-P" in text
    )


def test_two_samples_of_one_name(tables_only, project):
    change(tables_only / "samples.tsv", 3, "name_in_files", "MM-P01")
    assert "P01-T (line 2) has this name in variants.maf too" in said(tables_only, project)


def test_files_of_another_build(tables_only, project):
    text = said(tables_only, project, reference={"build": "GRCh38"})
    assert "build = 'hg19': but reference.build is GRCh38" in text
    assert "variants.maf:2: build = 'GRCh37'" in text
    assert (
        "segments.seg:2: position" in text or "chromosome 1 ends at 248956422 in GRCh38; it fits hg19" in text
    )


def test_reads_and_tables_of_one_sample(tables_only, project):
    (tables_only / "units.tsv").write_text("sample\tlibrary\tflowcell\tlane\tbam\nP01-T\tl\tf\t1\tx.bam\n")
    (tables_only / "x.bam").write_bytes(b"")
    text = said(
        tables_only,
        project,
        sheets={**yaml.safe_load((TABLES / "config.yaml").read_text())["sheets"], "units": "units.tsv"},
    )
    assert "the sample has reads as well (units.tsv line 2)" in text


def test_file_that_is_not_there_and_rows_that_are_wrong(tables_only, project):
    change(tables_only / "samples.tsv", 2, "variants", "nowhere.maf")
    maf = tables_only / "variants.maf"
    maf.write_text(maf.read_text().replace("\t25398284\t", "\t-1\t"))
    text = said(tables_only, project)
    assert "variants = 'nowhere.maf': no such file" in text
    assert "variants.maf:3: Start_Position = '-1'" in text


def test_gene_by_a_name_that_nobody_knows(tables_only, project):
    """An Entrez id for TP53 would leave TP53 absent; small letters and former names (drivers.tsv) are read."""
    maf = tables_only / "variants.maf"
    text = maf.read_text()
    maf.write_text(text.replace("\nTP53\t", "\n7157\t").replace("\nKRAS\t", "\nkras\t"))
    told = said(tables_only, project)
    assert "variants.maf:2: gene = '7157': is no known name, but 17:7577120 lies in TP53" in told
    assert "kras" not in told and "FAM46C" not in told


def test_statement_about_a_name_that_nothing_has(tables_only, project):
    names = {"names": ["t(4;14)", "t(4:14)"], "stated_by": "x"}
    text = said(tables_only, project, entry={"translocations_complete": names})
    assert (
        "entry.translocations_complete.names = 't(4:14)': unknown name" in text
        and "did you mean t(4;14)" in text
    )


def test_build_that_has_no_regions_needs_a_fasta(tables_only, project):
    for line in range(2, 14):
        change(tables_only / "samples.tsv", line, "build", "")
    assert "the build of the tables is not known" in said(tables_only, project, reference={"build": "mouse"})


def test_tables_alone_plan_no_alignment_and_no_genome(tables_only):
    jobs = planning.planned_jobs(tables_only)
    assert jobs["enter_calls"] == 1 and jobs["call_abnormalities"] == 1 and jobs["build_report"] == 1
    assert not [rule for rule in NEVER if jobs[rule]]


def test_mixed_cohort_of_reads_bam_and_tables(tmp_path):
    """P0001 from FASTQ, P0002 from BAM and CRAM, P0003 from tables; each goes its own way into one table."""
    folder = tmp_path / "run"
    planning.cohort(folder, patients=3, lanes=1)
    units = [row.split("\t") for row in (folder / "units.tsv").read_text().splitlines()]
    kept = [[*units[0], "bam"]]
    for row in units[1:]:
        if row[0].startswith("P0003"):
            continue
        if row[0].startswith("P0002"):
            name = f"in/{row[0]}.{'cram' if row[0].endswith('R') else 'bam'}"
            (folder / name).write_bytes(b"")
            row = [*row[:4], "", "", name]
        kept.append(row if len(row) == 7 else [*row, ""])
    (folder / "units.tsv").write_text("".join("\t".join(row) + "\n" for row in kept))
    samples = [row.split("\t") for row in (folder / "samples.tsv").read_text().splitlines()]
    samples = [row for row in samples if row[0] != "P0003-N"]
    more = {
        "P0003-T": ["calls.maf", "calls.seg", "moved.tsv", ""],
        "P0003-R": ["", "", "", "counts.tsv"],
        "sample": ["variants", "segments", "translocations", "counts"],
    }
    samples = [[*row, *more.get(row[0], [""] * 4)] for row in samples]
    (folder / "samples.tsv").write_text("".join("\t".join(row) + "\n" for row in samples))
    (folder / "calls.maf").write_text(
        "Hugo_Symbol\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\tVariant_Classification\t"
        "Tumor_Sample_Barcode\nKRAS\tchr12\t25245350\tC\tT\tMissense_Mutation\tP0003-T\n"
    )
    (folder / "calls.seg").write_text("ID\tchrom\tstart\tend\ttcn\tlcn\nP0003-T\t1\t1\t1000\t2\t1\n")
    (folder / "moved.tsv").write_text("sample\ttranslocation\nP0003-T\tIGH-NSD2\n")
    (folder / "counts.tsv").write_text("gene_id\tP0003-R\nENSG1\t5\n")
    jobs = planning.planned_jobs(folder)
    assert jobs["align_wes"] == 4 and jobs["align_rna"] == 2  # tumour and normal of two patients; RNA of two
    assert jobs["call_somatic"] == 2 and jobs["enter_calls"] == 1 and jobs["enter_counts"] == 1
    assert jobs["count_rna_support"] == 2 and jobs["call_abnormalities"] == 1


@pytest.mark.end_to_end
def test_tables_alone_run_to_the_report(tables_only):
    """Every job runs; the states are those each patient was made for (tests/tables_cohort/make.py, WHAT)."""
    planning.snakemake(tables_only, "report", "calls", "--cores", "2", "--quiet", "all")
    with open(tables_only / "results/abnormalities/abnormalities.tsv", encoding="utf-8") as handle:
        rows = {(r["patient"], r["abnormality"]): r for r in csv.DictReader(handle, delimiter="\t")}
    present = {
        "t(4;14)": {"P01"}, "t(11;14)": {"P02"}, "t(14;16)": {"P04"}, "t(8;14)": {"P08"}, "MYC_rearrangement": {"P08"},
        "t(14;20)": set(), "del17p": {"P01", "P07"}, "gain1q": {"P01", "P04"}, "amp1q": {"P04"}, "del13q": {"P04"},
        "hyperdiploidy": {"P03"}, "TP53": {"P01"}, "biallelic_TP53": {"P01"}, "biallelic_DIS3": {"P04"},
        "RAS_RAF_mutation": {"P02", "P03", "P10", "P12"}, "TENT5C": {"P09"}, "cnloh_17p": {"P09"}, "MAX": {"P08"},
        "CRBN_pathway": set(),
    }  # fmt: skip
    open_ = {
        "del17p": {"P05", "P10"}, "gain1q": {"P10"}, "hyperdiploidy": {"P10"}, "cnloh_17p": {"P05", "P10"},
        "TP53": {"P11"}, "RAS_RAF_mutation": {"P11"}, "CRBN_pathway": {"P11"}, "biallelic_TP53": {"P05", "P10", "P11"},
        "t(4;14)": {"P12"}, "t(14;20)": {"P12"}, "MYC_rearrangement": {"P12"},
    }  # fmt: skip
    patients = sorted({patient for patient, _ in rows})
    assert len(patients) == 12
    for name, carriers in present.items():
        states = {patient: rows[patient, name]["state"] for patient in patients}
        assert {p for p, s in states.items() if s == "present"} == carriers, name
        if name in open_:
            assert {p for p, s in states.items() if s == "not_assessable"} == open_[name], name
    assert rows["P01", "del17p"]["evidence"].endswith("(segments.seg:19)")
    assert "variants.maf:2" in rows["P01", "TP53"]["evidence"]
    assert rows["P02", "TP53"]["reason"].startswith("as stated in config: made-up cohort")
    assert (tables_only / "results/report/report.html").stat().st_size > 10_000
