"""Mutation Annotation Format: the 32 standard columns first, in the order of the GDC, then ours.

Source: GDC MAF format, version 1.0.0 (docs.gdc.cancer.gov/Data/File_Formats/MAF_Format); values as maftools
and the validator of cBioPortal (scripts/importer/validateData.py of cbioportal-core) want them.
"""

import re

import pandas as pd

from myeloma.variants import AMINO, severity

STANDARD = (
    "Hugo_Symbol",
    "Entrez_Gene_Id",
    "Center",
    "NCBI_Build",
    "Chromosome",
    "Start_Position",
    "End_Position",
    "Strand",
    "Variant_Classification",
    "Variant_Type",
    "Reference_Allele",
    "Tumor_Seq_Allele1",
    "Tumor_Seq_Allele2",
    "dbSNP_RS",
    "dbSNP_Val_Status",
    "Tumor_Sample_Barcode",
    "Matched_Norm_Sample_Barcode",
    "Match_Norm_Seq_Allele1",
    "Match_Norm_Seq_Allele2",
    "Tumor_Validation_Allele1",
    "Tumor_Validation_Allele2",
    "Match_Norm_Validation_Allele1",
    "Match_Norm_Validation_Allele2",
    "Verification_Status",
    "Validation_Status",
    "Mutation_Status",
    "Sequencing_Phase",
    "Sequence_Source",
    "Validation_Method",
    "Score",
    "BAM_File",
    "Sequencer",
)
#: Columns of ANNOTATED_VARIANTS that stand behind, by their own names.
FROM_ANNOTATION = (
    "transcript_basis",
    "driver",
    "role",
    "resistance",
    "drug",
    "resistance_evidence",
    "mature_change",
    "protein_check",
    "ashm",
    "ig_locus",
    "total_copies",
    "minor_copies",
    "ccf",
    "ccf_low",
    "ccf_high",
    "multiplicity",
    "clonality",
    "rna_state",
    "rna_ref_count",
    "rna_alt_count",
    "rna_power",
)
MORE = (
    "HGVSc",
    "HGVSp",
    "HGVSp_Short",
    "Transcript_ID",
    "Exon_Number",
    "t_depth",
    "t_ref_count",
    "t_alt_count",
    "n_depth",
    "n_ref_count",
    "n_alt_count",
    "Consequence",
    "IMPACT",
    "FILTER",
    "population_af",
    "hotspot",
    "mode",
    "patient",
    "t_vaf",
    "callers",
    "kept",
    *FROM_ANNOTATION,
)
#: Whole numbers: cBioPortal's validator refuses 68.0.
COUNTS = (
    "t_depth",
    "t_ref_count",
    "t_alt_count",
    "n_depth",
    "n_ref_count",
    "n_alt_count",
    "total_copies",
    "minor_copies",
    "rna_ref_count",
    "rna_alt_count",
)
CLASSES = {
    "splice_acceptor_variant": "Splice_Site",
    "splice_donor_variant": "Splice_Site",
    "transcript_ablation": "Splice_Site",
    "exon_loss_variant": "Splice_Site",
    "stop_gained": "Nonsense_Mutation",
    "stop_lost": "Nonstop_Mutation",
    "start_lost": "Translation_Start_Site",
    "initiator_codon_variant": "Translation_Start_Site",
    "missense_variant": "Missense_Mutation",
    "coding_sequence_variant": "Missense_Mutation",
    "splice_region_variant": "Splice_Region",
    "synonymous_variant": "Silent",
    "stop_retained_variant": "Silent",
    "start_retained_variant": "Silent",
    "5_prime_UTR_premature_start_codon_gain_variant": "5'UTR",
    "5_prime_UTR_variant": "5'UTR",
    "3_prime_UTR_variant": "3'UTR",
    "non_coding_transcript_exon_variant": "RNA",
    "non_coding_transcript_variant": "RNA",
    "intron_variant": "Intron",
    "intragenic_variant": "Intron",
    "upstream_gene_variant": "5'Flank",
    "downstream_gene_variant": "3'Flank",
}


def classification(consequence: str, kind: str) -> str:
    """Variant_Classification of the most severe term; `kind` is the Variant_Type.

    Splice_Site needs the two bases beside the exon; Silent with a splice region is Splice_Region.
    """
    term = min(consequence.split("&"), key=severity) if consequence else ""
    if term == "frameshift_variant":
        return "Frame_Shift_Ins" if kind == "INS" else "Frame_Shift_Del"
    if "inframe_insertion" in term or (term == "protein_altering_variant" and kind == "INS"):
        return "In_Frame_Ins"
    if "inframe_deletion" in term or (term == "protein_altering_variant" and kind == "DEL"):
        return "In_Frame_Del"
    if term == "protein_altering_variant":
        return "Missense_Mutation"
    return CLASSES.get(term, "IGR")


def place(pos: int, ref: str, alt: str) -> tuple[int, int, str, str, str]:
    """MAF start, end, reference allele, alternate allele and type of a VCF variant.

    The base that VCF keeps before an indel is taken off; an insertion stands between start and end.
    """
    while ref and alt and ref[0] == alt[0] and len(ref) != len(alt):
        ref, alt, pos = ref[1:], alt[1:], pos + 1
    if not ref:
        return pos - 1, pos, "-", alt, "INS"
    end = pos + len(ref) - 1
    if not alt:
        return pos, end, ref, "-", "DEL"
    if len(ref) != len(alt):
        return pos, end, ref, alt, "INS" if len(alt) > len(ref) else "DEL"
    return pos, end, ref, alt, {1: "SNP", 2: "DNP", 3: "TNP"}.get(len(ref), "ONP")


def short(hgvsp: str, hgvsc: str, consequence: str) -> str:
    """HGVS p. with one-letter residues; splice-site changes as p.X<codon>_splice (GDC)."""
    if hgvsp:
        return re.sub("|".join(AMINO), lambda found: AMINO[found.group()], hgvsp)
    if "splice_acceptor_variant" in consequence or "splice_donor_variant" in consequence:
        base = re.search(r"c\.(\d+)", hgvsc)
        if base:
            return f"p.X{(int(base.group(1)) + 2) // 3}_splice"
    return ""


def make(rows: pd.DataFrame, build: str, centre: str = ".") -> pd.DataFrame:
    """The MAF of passing variants. `rows`: ANNOTATED_VARIANTS with the other columns of VARIANTS."""
    kept = rows[rows["filter"] == "PASS"]
    made = pd.DataFrame(
        [_row(values, build, centre) for values in kept.to_dict("records")], columns=[*STANDARD, *MORE]
    )
    return made.astype(dict.fromkeys(COUNTS, "Int64"))


def _row(values: dict, build: str, centre: str) -> dict:
    start, end, ref, alt, kind = place(values["pos"], values["ref"], values["alt"])
    has_normal = bool(values["normal"])
    made = dict.fromkeys(STANDARD, "")
    made |= {
        "Hugo_Symbol": values["gene"] or "Unknown",
        "Entrez_Gene_Id": 0,
        "Center": centre,
        "NCBI_Build": build,
        "Chromosome": values["chrom"],
        "Start_Position": start,
        "End_Position": end,
        "Strand": "+",
        "Variant_Classification": classification(values["consequence"], kind),
        "Variant_Type": kind,
        "Reference_Allele": ref,
        "Tumor_Seq_Allele1": ref,
        "Tumor_Seq_Allele2": alt,
        "Tumor_Sample_Barcode": values["sample"],
        "Matched_Norm_Sample_Barcode": values["normal"] or "NORMAL",
        "Match_Norm_Seq_Allele1": ref if has_normal else "",
        "Match_Norm_Seq_Allele2": ref if has_normal else "",
        "Mutation_Status": "Somatic" if has_normal else "Unknown",
        "Sequence_Source": "WXS",
        "Sequencer": "Illumina",
        "HGVSc": values["hgvsc"],
        "HGVSp": values["hgvsp"],
        "HGVSp_Short": short(values["hgvsp"], values["hgvsc"], values["consequence"]),
        "Transcript_ID": values["transcript"],
        "Exon_Number": values["exon"],
        "t_depth": values["tumour_depth"],
        "t_ref_count": values["tumour_ref"],
        "t_alt_count": values["tumour_alt"],
        "n_depth": values["normal_depth"],
        "n_ref_count": values["normal_ref"],
        "n_alt_count": values["normal_alt"],
        "Consequence": values["consequence"].replace("&", ","),
        "IMPACT": values["impact"],
        "FILTER": values["filter"],
        "population_af": values["population_af"],
        "hotspot": values["hotspot"],
        "mode": values["mode"],
        "patient": values["patient"],
        "t_vaf": values["tumour_af"],
        "callers": values["callers"],
        "kept": values["kept"],
        **{name: values[name.removesuffix("_count")] for name in FROM_ANNOTATION},
    }
    return made
