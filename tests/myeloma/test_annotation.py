"""Annotated variants: genes and their facts, numbering, second opinion, empty tables."""

import gzip

import pandas as pd
import pytest

from myeloma import annotation, tables, transcripts
from myeloma.transcripts import Transcript

RULES = {
    "clonality": {
        "confidence": 0.95, "fit_confidence": 0.999, "clonal_fraction": 0.9, "clonal_above": 0.6, "segment_reach": 1000,
    },
    "rna_support": {"min_alt_fragments": 2, "min_depth": 5, "power": 0.9},
}  # fmt: skip


@pytest.fixture(scope="module")
def drivers(project):
    return annotation.read_drivers(project / "resources/drivers.tsv")


def test_the_driver_table_is_whole(drivers, project):
    rows = list({row["gene"]: row for row in drivers.values()}.values())
    assert {row["role"] for row in rows} == {"tumour_suppressor", "oncogene", "unknown"}
    assert {row["status"] for row in rows} <= {"abstract_read", "from_knowledge"}
    assert all(row["source"] for row in rows)
    assert all(bool(row["resistance"]) == bool(row["drug"]) for row in rows)
    assert {row["drug"] for row in rows} == {"", "pomalidomide", "ixazomib", "dexamethasone"}
    for gene in "CRBN IKZF1 IKZF3 CUL4A CUL4B DDB1 RBX1 GPS1 COPS2 COPS8 PSMB5 NR3C1".split():
        assert drivers[gene]["resistance"], gene


def test_former_symbols_lead_to_the_current_row(drivers):
    # HGNC: previous symbols
    for former, current in {"FAM46C": "TENT5C", "WHSC1": "NSD2", "HIST1H1E": "H1-4"}.items():
        assert drivers[former]["gene"] == current


def test_a_symbol_twice_is_refused(tmp_path):
    path = tmp_path / "d.tsv"
    row = ["A", "B", "unknown", "yes", "no", "", "", "", "x", "from_knowledge"]
    lines = ["\t".join(annotation.DRIVER_COLUMNS), "\t".join(row), "\t".join(["B", *row[1:]])]
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(ValueError, match="B stands in two rows"):
        annotation.read_drivers(path)


@pytest.mark.parametrize(
    ("precursor", "mature"),
    [
        # Barrio, Leukemia 2019;33:447 and the literature before it count the mature beta-5 subunit
        ("p.Ala108Thr", "A49T"), ("p.Thr80Ala", "T21A"), ("p.Cys122Tyr", "C63Y"), ("p.Met104Val", "M45V"),
        ("p.Arg24Cys", "in the propeptide"), ("p.Gly100fs", ""), ("", ""),
    ],
)  # fmt: skip
def test_both_numberings_of_psmb5(drivers, precursor, mature):
    assert annotation.mature_change(precursor, drivers["PSMB5"]["mature_offset"]) == mature
    assert annotation.mature_change(precursor, drivers["KRAS"]["mature_offset"]) == ""


@pytest.mark.parametrize(
    ("hgvsp", "consequence", "opinion", "said"),
    [
        ("p.Gly12Asp", "missense_variant", "missense NRAS 12G>12D", "agrees"),
        ("p.Gly12Asp", "missense_variant", "missense NRAS 12G>12V", "differs"),
        ("p.Gly12Asp", "missense_variant", "missense NRAS 13G>13D", "differs"),
        ("p.Gly12Asp", "missense_variant", "with 102524", "compound"),
        ("p.Trp163*", "stop_gained", "stop_gained G 163W>163*", "agrees"),
        ("p.Leu132Leu", "synonymous_variant", "synonymous G 132L", "agrees"),
        ("p.Arg54fs", "frameshift_variant", "frameshift G 53CRN..132>53CAI..65", "agrees"),
        ("p.Cys47_Leu49del", "disruptive_inframe_deletion", "inframe_deletion CD38 46ECGL>46E", "agrees"),
        ("p.Arg54fs", "frameshift_variant", "inframe_deletion G 53CRN>53C", "differs"),
        ("p.Gly12Asp", "missense_variant", "", ""),
        ("", "intron_variant", "", ""),
    ],
)
def test_second_opinion(hgvsp, consequence, opinion, said):
    assert annotation.check_protein(hgvsp, consequence, opinion) == said


def spoken(*tags, coding=300, name="T"):
    made = Transcript("G", name, "1", "+", set(tags))
    made.coding = [(1, coding)]
    return made


def test_the_transcript_that_speaks_and_why():
    longest = spoken(coding=900, name="long")
    appris = spoken("appris_principal_2", name="appris")
    first = spoken("appris_principal_1", name="first")
    ensembl, mane = spoken("Ensembl_canonical", name="ensembl"), spoken("MANE_Select", name="mane")
    for some, best, why in [
        ([longest, appris, first, ensembl, mane], mane, "MANE Select"),
        ([longest, appris, first, ensembl], ensembl, "Ensembl canonical"),
        ([longest, appris, first], first, "APPRIS principal"),
        ([longest, spoken("CCDS", name="ccds")], longest, "longest coding sequence"),
    ]:
        chosen = transcripts.canonical(some)["G"]
        assert chosen is best and transcripts.basis(chosen) == why
    assert {transcripts.basis(one) for one in (longest, appris, ensembl, mane)} < set(tables.TRANSCRIPT_BASES)


def variant(**more):
    row = dict.fromkeys(tables.VARIANTS.names(), "")
    row |= {
        "patient": "P",
        "sample": "P-T",
        "chrom": "chr12",
        "pos": 1000,
        "ref": "C",
        "alt": "T",
        "filter": "PASS",
    }
    row |= {"callers": "mutect2,freebayes", "kept": "both_callers", "panel_of_normals": "no"}
    row |= {"mode": "tumour_normal", "gene": "KRAS", "transcript": "T", "consequence": "missense_variant"}
    row |= {
        "impact": "MODERATE",
        "hgvsp": "p.Gly12Asp",
        "hotspot": "yes",
        "tumour_depth": 100,
        "tumour_alt": 40,
    }
    return (
        row
        | {"tumour_af": 0.4, "tumour_ref": 60, "normal": "P-N", "normal_depth": 50, "normal_ref": 50}
        | more
    )


def cells(status="resolved"):
    purity = dict.fromkeys(tables.PURITY.names())
    purity |= {"patient": "P", "sample": "P-T", "purity": 0.8, "status": status, "interval": "0.78-0.82"}
    purity |= {"base_copies": 2, "mode": "tumour_normal", "reason": "flat profile"}
    segment = dict.fromkeys(tables.SEGMENTS.names())
    segment |= {"patient": "P", "sample": "P-T", "chrom": "chr12", "start": 1, "end": 9000}
    segment |= {"total_copies": 2, "minor_copies": 1}
    return {
        "purity": tables.conform(pd.DataFrame([purity]), tables.PURITY),
        "segments": tables.conform(pd.DataFrame([segment]), tables.SEGMENTS),
    }


REGIONS = pd.DataFrame(
    [("IGH", "ig_locus", "chr14", 100, 200, "IGH", "x")],
    columns=["name", "kind", "chrom", "start", "end", "genes", "source"],
)
NO_RNA = {"counts": tables.empty(tables.RNA_SUPPORT), "reasons": {}}


def annotated(rows, drivers, rna=NO_RNA, given=None):
    called = tables.conform(pd.DataFrame(rows, columns=tables.VARIANTS.names()), tables.VARIANTS)
    made = annotation.annotate(called, drivers, REGIONS, given or cells(), {"P-T": "male"}, rna, RULES)
    return made.set_index("pos")


def test_a_driver_mutation_has_role_cells_and_rna(drivers):
    counted = {
        "patient": "P",
        "sample": "P-T",
        "rna_sample": "P-R",
        "chrom": "chr12",
        "pos": 1000,
        "ref": "C",
    }
    counted |= {"alt": "T", "rna_ref": 6, "rna_alt": 5, "rna_other": 0}
    rna = {"counts": tables.conform(pd.DataFrame([counted]), tables.RNA_SUPPORT), "reasons": {}}
    row = annotated([variant()], drivers, rna).loc[1000]
    assert (row["role"], row["driver"], row["rna_state"], row["rna_alt"]) == (
        "oncogene",
        "yes",
        "supported",
        5,
    )
    assert (row["ccf"], row["clonality"], row["multiplicity"]) == (pytest.approx(1.0), "clonal", "1")


def test_candidates_that_alter_stay_and_silent_ones_that_fail_go(drivers):
    rows = [
        variant(pos=1, filter="germline"),
        variant(pos=2, filter="germline", impact="LOW"),
        variant(pos=3, impact="LOW"),
    ]
    made = annotated(rows, drivers)
    assert list(made.index) == [1, 3]
    assert made.loc[1, "rna_state"] == "not_counted"


def test_ig_loci_and_resistance_are_flagged(drivers):
    rows = [
        variant(pos=150, chrom="chr14", gene="IGHM", hotspot="no"),
        variant(pos=5, gene="PSMB5", hgvsp="p.Ala108Thr"),
        variant(pos=6, gene="CRBN", hotspot="no"),
        variant(pos=7, gene="FAM46C", hotspot="no"),
    ]
    made = annotated(rows, drivers)
    assert made["ig_locus"].to_dict() == {150: "yes", 5: "no", 6: "no", 7: "no"}
    assert made.loc[5, ["drug", "resistance_evidence", "mature_change"]].tolist() == [
        "ixazomib",
        "known_position",
        "A49T",
    ]
    assert made.loc[6, ["drug", "resistance_evidence"]].tolist() == ["pomalidomide", "gene"]
    assert made.loc[7, ["gene", "current_symbol"]].tolist() == ["FAM46C", "TENT5C"]


def test_what_is_not_known_is_not_assessable(drivers):
    assert (
        annotated([variant()], drivers, given=cells("unresolved")).loc[1000, "clonality"] == "not_assessable"
    )
    novel = annotated([variant(mode="tumour_only", hotspot="no", normal="")], drivers).loc[1000]
    assert novel["clonality"] == "not_assessable" and "without a normal" in novel["clonality_reason"]
    elsewhere = annotated([variant(chrom="chr13")], drivers).loc[1000]
    assert elsewhere["clonality_reason"] == "no copy-number segment at this place"


def test_which_rna_speaks_for_a_dna_sample():
    gate = {"patient": "P", "sample": "P-R", "assay": "rna", "tissue": "tumour", "gate": "assigned_reads"}
    gate |= {"value": 10, "threshold": 2000, "verdict": "fail", "reason": ""}
    qc = tables.conform(pd.DataFrame([gate]), tables.QC)
    one = {"patient": "P", "tumour": "P-T", "role": "analysis", "rna": "P-R"}
    assert "assigned_reads" in annotation.reasons_without_rna([one], qc)["P-T"]
    assert annotation.reasons_without_rna([one], qc.iloc[:0]) == {}
    assert "another time" in annotation.reasons_without_rna([one | {"role": "other"}], qc)["P-T"]
    assert "no tumour RNA" in annotation.reasons_without_rna([one | {"rna": ""}], qc)["P-T"]


def test_a_cohort_without_dna_gives_tables_with_headers_only(tmp_path):
    paths = {name: str(tmp_path / f"{name}.tsv") for name in ("variants", "segments", "purity", "qc")}
    annotation.tabulate_cohort([], "", "", paths["variants"], str(tmp_path / "normals.tsv"))
    for name in ("segments", "purity", "qc"):
        tables.write(tables.empty(getattr(tables, name.upper())), paths[name], getattr(tables, name.upper()))
    output = {"annotated": str(tmp_path / "a.tsv.gz"), "maf": str(tmp_path / "m.maf.gz")}
    annotation.annotate_cohort(paths | {"regions": "", "drivers": ""}, [], [], RULES, "GRCh38", output, 0.2)
    with gzip.open(output["maf"], "rt") as handle:
        lines = handle.read().splitlines()
    assert len(lines) == 1 and lines[0].startswith("Hugo_Symbol\tEntrez_Gene_Id\tCenter")
    assert tables.read(output["annotated"], tables.ANNOTATED_VARIANTS).empty


def test_a_gated_or_impure_sample_has_no_cell_fractions():
    rows = [
        {"patient": "P", "sample": name, "status": "resolved", "purity": used, "purity_used": used}
        for name, used in (("A", 0.8), ("B", 0.12), ("C", 0.8))
    ]
    frame = tables.conform(pd.DataFrame(rows).reindex(columns=tables.PURITY.names()), tables.PURITY)
    made = annotation.without_gated(frame, {"C": "contamination 0.2 fails"}, 0.2).set_index("sample")
    assert made["status"].to_dict() == {"A": "resolved", "B": "unresolved", "C": "unresolved"}
    assert "below the gate" in made.loc["B", "reason"] and "contamination" in made.loc["C", "reason"]
