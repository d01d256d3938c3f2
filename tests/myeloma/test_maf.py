"""MAF: the standard columns in order, positions of indels, classes."""

import pandas as pd
import pytest

from myeloma import maf, variants

# From the GDC's MAF specification (v1.0.0), typed in here independently of the module.
GDC = (
    "Hugo_Symbol Entrez_Gene_Id Center NCBI_Build Chromosome Start_Position End_Position Strand "
    "Variant_Classification Variant_Type Reference_Allele Tumor_Seq_Allele1 Tumor_Seq_Allele2 dbSNP_RS "
    "dbSNP_Val_Status Tumor_Sample_Barcode Matched_Norm_Sample_Barcode Match_Norm_Seq_Allele1 "
    "Match_Norm_Seq_Allele2 Tumor_Validation_Allele1 Tumor_Validation_Allele2 Match_Norm_Validation_Allele1 "
    "Match_Norm_Validation_Allele2 Verification_Status Validation_Status Mutation_Status Sequencing_Phase "
    "Sequence_Source Validation_Method Score BAM_File Sequencer"
).split()


def test_the_32_standard_columns_come_first():
    nothing = maf.make(pd.DataFrame(columns=["filter"]), "GRCh38")
    assert len(GDC) == 32 and list(nothing.columns[:32]) == GDC


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ((10, "A", "T"), (10, 10, "A", "T", "SNP")),
        ((10, "AC", "TG"), (10, 11, "AC", "TG", "DNP")),
        ((10, "ACG", "TGA"), (10, 12, "ACG", "TGA", "TNP")),
        ((10, "ACGT", "TGAC"), (10, 13, "ACGT", "TGAC", "ONP")),
        ((10, "A", "ATT"), (10, 11, "-", "TT", "INS")),
        ((10, "ATT", "A"), (11, 12, "TT", "-", "DEL")),
        ((10, "ATT", "AG"), (11, 12, "TT", "G", "DEL")),
    ],
)
def test_positions_and_types(given, wanted):
    assert maf.place(*given) == wanted


@pytest.mark.parametrize(
    ("consequence", "kind", "wanted"),
    [
        ("missense_variant", "SNP", "Missense_Mutation"),
        ("missense_variant&splice_region_variant", "SNP", "Missense_Mutation"),
        ("stop_gained", "SNP", "Nonsense_Mutation"),
        ("frameshift_variant&stop_gained", "DEL", "Nonsense_Mutation"),
        ("frameshift_variant", "DEL", "Frame_Shift_Del"),
        ("frameshift_variant&splice_region_variant", "INS", "Frame_Shift_Ins"),
        ("splice_acceptor_variant&intron_variant", "SNP", "Splice_Site"),
        ("splice_region_variant&intron_variant", "SNP", "Splice_Region"),
        ("splice_region_variant&synonymous_variant", "SNP", "Splice_Region"),
        ("conservative_inframe_insertion", "INS", "In_Frame_Ins"),
        ("disruptive_inframe_deletion", "DEL", "In_Frame_Del"),
        ("synonymous_variant", "SNP", "Silent"),
        ("start_lost", "SNP", "Translation_Start_Site"),
        ("stop_lost", "SNP", "Nonstop_Mutation"),
        ("intergenic_region", "SNP", "IGR"),
        ("", "SNP", "IGR"),
    ],
)
def test_classes(consequence, kind, wanted):
    assert maf.classification(consequence, kind) == wanted


def test_short_protein_names():
    assert maf.short("p.Gly12Asp", "c.35G>A", "missense_variant") == "p.G12D"
    assert maf.short("p.Trp26*", "c.78G>A", "stop_gained") == "p.W26*"
    assert maf.short("p.Leu5ProfsTer9", "c.14dup", "frameshift_variant") == "p.L5Pfs*9"
    assert maf.short("", "c.375+1G>A", "splice_donor_variant&intron_variant") == "p.X125_splice"
    assert maf.short("", "c.376-2A>G", "splice_acceptor_variant&intron_variant") == "p.X126_splice"
    assert maf.short("", "c.-5G>A", "5_prime_UTR_variant") == ""


ROW = {
    "patient": "P1", "sample": "T1", "normal": "N1", "chrom": "chr1", "pos": 10, "ref": "A", "alt": "T",
    "filter": "PASS", "mode": "tumour_normal", "gene": "KRAS", "transcript": "T", "impact": "MODERATE",
    "consequence": "missense_variant&splice_region_variant", "hgvsc": "c.35G>A", "hgvsp": "p.Gly12Asp",
    "hotspot": "yes", "exon": "2/5", "tumour_depth": 50, "tumour_ref": 30, "tumour_alt": 20,
    "normal_depth": 30, "normal_ref": 30, "normal_alt": 0, "population_af": None, "tumour_af": 0.4, "callers": "mutect2", "kept": "mutect2_alone",
    "transcript_basis": "MANE Select", "driver": "yes", "role": "oncogene", "resistance": "", "drug": "",
    "resistance_evidence": "", "mature_change": "", "protein_check": "agrees", "ashm": "no", "ig_locus": "no",
    "total_copies": 2, "minor_copies": 1, "ccf": 0.9, "ccf_low": 0.8, "ccf_high": 1.0, "multiplicity": "1",
    "clonality": "clonal", "rna_state": "supported", "rna_ref": 5, "rna_alt": 4, "rna_power": 0.9,
}  # fmt: skip


def test_only_passing_variants_enter_and_the_normal_is_named():
    given = pd.DataFrame([ROW, ROW | {"filter": "germline"}, ROW | {"pos": 20, "normal": ""}])
    made = maf.make(given, "GRCh38").set_index("Start_Position")
    assert list(made.index) == [10, 20]
    assert (
        made.loc[10, "Matched_Norm_Sample_Barcode"] == "N1" and made.loc[10, "Mutation_Status"] == "Somatic"
    )
    assert made.loc[20, "Matched_Norm_Sample_Barcode"] == "NORMAL"
    assert made.loc[20, "Mutation_Status"] == "Unknown"
    assert made.loc[10, ["t_depth", "t_ref_count", "t_alt_count"]].tolist() == [50, 30, 20]


# What cBioPortal's validator takes (scripts/importer/validateData.py, MutationsExtendedValidator), typed in here.
CBIOPORTAL_CLASSES = set(
    "Frame_Shift_Del Frame_Shift_Ins In_Frame_Del In_Frame_Ins Missense_Mutation Nonsense_Mutation Splice_Site "
    "Translation_Start_Site Nonstop_Mutation Targeted_Region De_novo_Start_InFrame De_novo_Start_OutOfFrame Silent "
    "Intron 3'UTR 3'Flank 5'UTR 5'Flank IGR RNA Splice_Region Fusion Unknown".split()
)


def test_every_class_is_in_the_vocabulary():
    given = [*variants.SEVERITY, "", "something_new"]
    made = {maf.classification(term, kind) for term in given for kind in ("SNP", "INS", "DEL")}
    assert made <= CBIOPORTAL_CLASSES


@pytest.mark.parametrize(
    "change",
    [("A", "T"), ("AC", "TG"), ("ACGT", "TGAC"), ("A", "ATT"), ("ATT", "A"), ("ATT", "AG"), ("AT", "AGCC")],
)
def test_lines_pass_the_checks_of_the_validator(change):
    ref, alt = change
    given = pd.DataFrame([ROW | {"ref": ref, "alt": alt, "normal_depth": 30.0, "normal_ref": 30.0}])
    text = maf.make(given, "GRCh38").to_csv(sep="\t", index=False, na_rep="")
    header, line = (row.split("\t") for row in text.splitlines())
    row = dict(zip(header, line, strict=True))
    for name in (
        "t_alt_count",
        "t_ref_count",
        "n_alt_count",
        "n_ref_count",
        "Start_Position",
        "End_Position",
    ):
        assert row[name].isdigit(), f"{name} {row[name]}"
    start, end, kind = int(row["Start_Position"]), int(row["End_Position"]), row["Variant_Type"]
    alleles = [row[name] for name in ("Reference_Allele", "Tumor_Seq_Allele1", "Tumor_Seq_Allele2")]
    assert set("".join(alleles)) <= set("-ACGT") and start <= end
    before, after = len(alleles[0]), len(alleles[2])
    if kind == "INS":
        assert end - start + 1 == before or end - start == 1
        assert before <= after
    elif kind == "DEL":
        assert end - start + 1 == before and after <= before
    else:
        assert before == after and {"SNP": 1, "DNP": 2, "TNP": 3}.get(kind, before) == before
    assert "p." not in row["HGVSp_Short"][1:] and not set(";,") & set(row["HGVSp_Short"])
    assert row["Mutation_Status"] in ("Somatic", "Unknown", "Germline", "None", "LOH")


def test_numbers_that_are_not_known_are_empty():
    made = maf.make(
        pd.DataFrame([ROW | {"normal_depth": None, "normal_ref": None, "normal_alt": None}]), "GRCh38"
    )
    line = made.to_csv(sep="\t", index=False, na_rep="").splitlines()[1].split("\t")
    assert line[list(made.columns).index("n_ref_count")] == ""


def test_amino_acids_agree_with_the_genetic_code():
    assert len(variants.AMINO) == 22 and variants.AMINO["Trp"] == "W" and variants.AMINO["Ter"] == "*"
