"""Files of finished calls: spellings, damage, hostile values."""

import gzip

import pytest

from myeloma import entry_files

KNOWN = {"t(4;14)", "t(6;14)", "t(8;14)_MAFA", "t(11;14)", "t(12;14)", "t(14;16)", "t(14;20)", "t(8;14)", "t(2;8)",
         "t(8;22)", "MYC_rearrangement"}  # fmt: skip
MAF = (
    "#version 2.4\n"
    "Hugo_Symbol\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele1\tTumor_Seq_Allele2\t"
    "Variant_Classification\tTumor_Sample_Barcode\tHGVSp_Short\tt_ref_count\tt_alt_count\tNCBI_Build\n"
)


def put(tmp_path, text, name="file.tsv"):
    path = tmp_path / name
    path.write_text(text)
    return str(path)


def test_maf_under_our_names(tmp_path):
    text = MAF + "KRAS\tchr12\t25398284\tC\tC\tT\tMissense_Mutation\tS1\tp.G12D\t60\t40\tGRCh37\n"
    parsed = entry_files.read_variants(put(tmp_path, text))
    assert not parsed.problems and parsed.names == {"S1": 3}
    row = parsed.rows[0]
    assert (row["chrom"], row["pos"], row["ref"], row["alt"]) == ("12", 25398284, "C", "T")
    assert (row["consequence"], row["impact"], row["hgvsp"]) == ("missense_variant", "MODERATE", "p.Gly12Asp")
    assert (row["depth"], row["alt_reads"], row["af"]) == (100, 40, 0.4)
    assert row["line"] == 3 and row["build"] == "GRCh37" and not row["somatic"]


def test_table_like_a_maf_with_other_names(tmp_path):
    text = "Sample_ID,Chr,Pos,Ref,Alt,Gene,Consequence,AA_Change\nS1,17,7577120,C,T,TP53,missense_variant,R273H\n"
    row = entry_files.read_variants(put(tmp_path, text, "file.csv")).rows[0]
    assert (row["gene"], row["hgvsp"], row["depth"], row["af"]) == ("TP53", "p.Arg273His", None, None)


def test_indels_of_a_maf_get_unknown_bases_in_front_and_never_read_na(tmp_path):
    text = MAF + "TRAF3\t14\t100\t-\t-\tA\tFrame_Shift_Ins\tS1\tp.K4fs\t\t\t\n"
    text += "TRAF3\t14\t200\tACG\tACG\t-\tIn_Frame_Del\tS1\t\t\t\t\n"
    one, two = entry_files.read_variants(put(tmp_path, text)).rows
    assert (one["pos"], one["ref"], one["alt"]) == (99, "NN", "NNA")
    assert (two["pos"], two["ref"], two["alt"]) == (198, "NNACG", "NN")
    from myeloma import maf

    assert maf.place(one["pos"], one["ref"], one["alt"]) == (100, 101, "-", "A", "INS")
    assert maf.place(two["pos"], two["ref"], two["alt"]) == (200, 202, "ACG", "-", "DEL")


def test_germline_rows_and_failed_filters_do_not_pass(tmp_path):
    head = "Hugo_Symbol\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\tVariant_Classification\t"
    head += "Tumor_Sample_Barcode\tFILTER\tMutation_Status\tMatched_Norm_Sample_Barcode\n"
    text = (
        head + "A\t1\t5\tC\tT\tSilent\tS\tPASS\tGermline\tN\nA\t1\t6\tC\tT\tSilent\tS\toxog;weak\tSomatic\t\n"
    )
    text += "A\t1\t7\tC\tT\tSilent\tS\t.\t\tN1\n"
    rows = entry_files.read_variants(put(tmp_path, text)).rows
    assert [r["filters"] for r in rows] == [["germline"], ["oxog", "weak"], []]
    assert [r["somatic"] for r in rows] == [True, True, True]


@pytest.mark.parametrize(
    "normal, status, somatic",
    [
        ("N-P01", "", True), ("PONTIUS-N", "", True), ("P1_germline", "", True), ("", "Somatic", True),
        ("PON", "", False), ("my_PoN_v2", "", False), ("PON1000", "", False), ("Pooled_Normal", "", False),
        ("germline", "", False), ("panel-of-normals", "", False), ("S", "", False), ("", "None", False),
        ("NORMAL", "", False), ("PON", "Somatic", True),
    ],
)  # fmt: skip
def test_pooled_normals_and_the_tumour_itself_are_no_matched_normal(tmp_path, normal, status, somatic):
    head = "Hugo_Symbol\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\tVariant_Classification\t"
    head += "Tumor_Sample_Barcode\tMutation_Status\tMatched_Norm_Sample_Barcode\n"
    text = head + f"A\t1\t5\tC\tT\tMissense_Mutation\tS\t{status}\t{normal}\n"
    (row,) = entry_files.read_variants(put(tmp_path, text)).rows
    assert row["somatic"] is somatic and row["filters"] == []


@pytest.mark.parametrize(
    "cells, field",
    [
        ("KRAS\t12\tNaN\tC\tC\tT\tMissense_Mutation\tS1\t\t\t\t", "Start_Position"),
        ("KRAS\t12\t-5\tC\tC\tT\tMissense_Mutation\tS1\t\t\t\t", "Start_Position"),
        ("KRAS\t12\t1e30\tC\tC\tT\tMissense_Mutation\tS1\t\t\t\t", "Start_Position"),
        ("KRAS\t12\t5\t<b>\tC\tT\tMissense_Mutation\tS1\t\t\t\t", "Reference_Allele"),
        ("KRAS\t12\t5\tC\tC\tC\tMissense_Mutation\tS1\t\t\t\t", "Tumor_Seq_Allele2"),
        ("KRAS\t12\t5\tC\tC\tT\tMisssense\tS1\t\t\t\t", "Variant_Classification"),
        ("KRAS\t12\t5\tC\tC\tT\tMissense_Mutation\tS1\t\t-3\t\t", "ref_reads"),
    ],
)
def test_what_a_row_must_not_hold(tmp_path, cells, field):
    parsed = entry_files.read_variants(put(tmp_path, MAF + cells + "\n"))
    assert [p.field for p in parsed.problems] == [field] and parsed.problems[0].line == 3
    assert parsed.problems[0].fix and not parsed.rows


def test_missing_columns_list_the_accepted_spellings(tmp_path):
    parsed = entry_files.read_variants(put(tmp_path, "Gene\tfoo\nKRAS\t1\n"))
    said = "\n".join(map(str, parsed.problems))
    assert (
        "Tumor_Sample_Barcode".lower() in said.lower()
        and "start_position" in said
        and "reference_allele" in said
    )


def test_rows_that_stand_twice(tmp_path):
    row = "KRAS\t12\t5\tC\tC\tT\tMissense_Mutation\tS1\t\t\t\t\n"
    parsed = entry_files.read_variants(put(tmp_path, MAF + row + row))
    assert len(parsed.rows) == 1 and not parsed.problems and "1 rows stand twice" in parsed.notes[0]
    other = row.replace("KRAS", "NRAS")
    parsed = entry_files.read_variants(put(tmp_path, MAF + row + other))
    assert "the same variant as in line 3" in parsed.problems[0].message


def test_rows_of_other_samples_are_not_looked_at(tmp_path):
    text = MAF + "KRAS\t12\tnonsense\tC\tC\tT\tx\t../etc\t\t\t\t\nKRAS\t12\t5\tC\tC\tT\tSilent\tS1\t\t\t\t\n"
    parsed = entry_files.read_variants(put(tmp_path, text), {"S1"})
    assert not parsed.problems and len(parsed.rows) == 1 and set(parsed.names) == {"../etc", "S1"}


def test_truncated_gzip_is_a_problem(tmp_path):
    whole = gzip.compress((MAF + "KRAS\t12\t5\tC\tC\tT\tSilent\tS1\t\t\t\t\n" * 2000).encode())
    path = tmp_path / "cut.maf.gz"
    path.write_bytes(whole[: len(whole) // 2])
    parsed = entry_files.read_variants(str(path))
    assert any("cannot be read to its end" in p.message for p in parsed.problems)


def test_many_problems_are_counted_not_listed(tmp_path):
    text = MAF + "".join(f"K\t12\tx\tC\tC\tT\tSilent\tS{i}\t\t\t\t\n" for i in range(50))
    parsed = entry_files.read_variants(put(tmp_path, text))
    assert len(parsed.problems) == 21 and parsed.problems[-1].message == "30 more problems in this file"


# Segments


@pytest.mark.parametrize(
    "header, cells, total, minor, fraction",
    [
        ("ID\tchrom\tloc.start\tloc.end\tnMajor\tnMinor", "S\t1\t1\t100\t2\t1", 3, 1, None),
        ("sample\tchr\tstartpos\tendpos\tnMajor\tnMinor\tccf", "S\tchr1\t1\t100\t1\t0\t0.4", 1, 0, 0.4),
        ("Sample\tChromosome\tStart\tEnd\ttotal_copies\tminor_copies", "S\t1\t1\t100\t4\t2", 4, 2, None),
        ("ID\tchrom\tstart\tend\ttcn.em\tlcn.em", "S\t1\t1\t100\t2\t0", 2, 0, None),
        ("ID\tchrom\tstart\tend\ttcn.em\tlcn.em", "S\t1\t1\t100\t3\tNA", 3, None, None),
        ("sample\tchromosome\tstart.pos\tend.pos\tCNt\tA\tB", "S\t1\t1\t100\t3\t2\t1", 3, 1, None),
        ("sample\tchr\tstart\tend\ttotal_cn", "S\t1\t1\t100\t3", 3, None, None),
    ],
)
def test_segments_of_many_programs(tmp_path, header, cells, total, minor, fraction):
    parsed = entry_files.read_segments(put(tmp_path, f"{header}\n{cells}\n"))
    assert not parsed.problems
    row = parsed.rows[0]
    assert (row["chrom"], row["start"], row["end"]) == ("1", 1, 100)
    assert (row["total"], row["minor"], row["fraction"]) == (total, minor, fraction)


def test_battenberg_two_states(tmp_path):
    head = "sample\tchr\tstartpos\tendpos\tnMaj1_A\tnMin1_A\tfrac1_A\tnMaj2_A\tnMin2_A\tfrac2_A\n"
    text = head + "S\t1\t1\t100\t1\t0\t0.3\t1\t1\t0.7\nS\t1\t101\t200\t2\t1\t1\tNA\tNA\tNA\n"
    one, two = entry_files.read_segments(put(tmp_path, text)).rows
    assert (one["total"], one["minor"], one["fraction"], one["second"]) == (1, 0, 0.3, (2, 1))
    assert (two["total"], two["minor"], two["fraction"], two["second"]) == (3, 1, 1, None)


def test_log2_alone_is_refused(tmp_path):
    parsed = entry_files.read_segments(
        put(tmp_path, "ID\tchrom\tloc.start\tloc.end\tseg.mean\nS\t1\t1\t9\t-0.9\n")
    )
    assert "a log2 ratio alone does not tell them" in parsed.problems[0].message


@pytest.mark.parametrize(
    "cells, words",
    [
        ("S\t1\t50\t10\t1\t1", "before the start"),
        ("S\t1\t1\tInf\t1\t1", "whole number"),
        ("S\t1\t1\t100\t-1\t1", "not a number in range"),
        ("S\t1\t1\t100\tnanana\t1", "not a number in range"),
        ("S\t1\t1\t100\t99999\t1", "not a number in range"),
    ],
)
def test_segments_that_cannot_be(tmp_path, cells, words):
    parsed = entry_files.read_segments(put(tmp_path, f"ID\tchr\tstart\tend\tnMajor\tnMinor\n{cells}\n"))
    assert words in parsed.problems[0].message and parsed.problems[0].line == 2


def test_overlapping_segments(tmp_path):
    head = "ID\tchr\tstart\tend\tnMajor\tnMinor\n"
    parsed = entry_files.read_segments(put(tmp_path, head + "S\t1\t1\t100\t1\t1\nS\t1\t100\t200\t1\t0\n"))
    assert not parsed.problems and [r["start"] for r in parsed.rows] == [1, 101]
    parsed = entry_files.read_segments(put(tmp_path, head + "S\t1\t1\t100\t1\t1\nS\t1\t50\t200\t1\t0\n"))
    assert "overlaps the segment of line 2" in parsed.problems[0].message
    text = head + "S\t1\t1\t100\t1\t1\nT\t1\t50\t200\t1\t0\n"
    assert not entry_files.read_segments(put(tmp_path, text)).problems


# Translocations


@pytest.mark.parametrize(
    "text, name",
    [
        ("t(4;14)", "t(4;14)"), ("t(4;14)(p16;q32)", "t(4;14)"), ("T(14;4)", "t(4;14)"), ("t (4; 14)", "t(4;14)"),
        ("IGH-NSD2", "t(4;14)"), ("IGH::NSD2", "t(4;14)"), ("WHSC1", "t(4;14)"), ("MMSET", "t(4;14)"),
        ("FGFR3--IGH", "t(4;14)"), ("IGH@/FGFR3", "t(4;14)"), ("IGH-MAF", "t(14;16)"), ("c-MAF", "t(14;16)"),
        ("t(14;16)(q32;q23)", "t(14;16)"), ("CCND1", "t(11;14)"), ("IGH::MAFB", "t(14;20)"),
        ("t(8;14)", "t(8;14)"), ("t(8;14)(q24;q32)", "t(8;14)"), ("t(8;14)(q24.3;q32)", "t(8;14)_MAFA"),
        ("IGH-MYC", "t(8;14)"), ("MYC::IGL", "t(8;22)"), ("IGK-MYC", "t(2;8)"), ("MYC", "MYC_rearrangement"),
        ("t.4.14.", "t(4;14)"), ("t_11_14", "t(11;14)"), ("t(4;14) MMSET", "t(4;14)"), ("IGH_MAF", "t(14;16)"),
        ("MYC_translocation", "MYC_rearrangement"), ("t(14;18)", "other"), ("IGH-BCL2", "other"), ("<script>", ""), ("hyperdiploid", ""),
    ],
)  # fmt: skip
def test_spellings_of_translocations(text, name):
    assert entry_files.translocation_name(text, KNOWN) == name


def test_long_table_with_states(tmp_path):
    text = (
        "sample\ttranslocation\tstate\nA\tt(4;14)(p16;q32)\tyes\nA\tt(11;14)\t0\nB\tt(4;14)\tNA\nC\tnone\t\n"
    )
    parsed = entry_files.read_translocations(put(tmp_path, text), KNOWN)
    assert not parsed.problems and set(parsed.names) == {"A", "B", "C"}
    assert [(r["name"], r["translocation"], r["state"]) for r in parsed.rows] == [
        ("A", "t(4;14)", "present"), ("A", "t(11;14)", "absent"), ("B", "t(4;14)", "not_assessable"),
    ]  # fmt: skip


def test_long_table_that_says_not_tested(tmp_path):
    """An empty state and an unknown name are no translocation found and none excluded."""
    text = "sample\ttranslocation\tstate\nA\tt(4;14)\t\nB\tNA\t\nC\tnone\tnot tested\nD\tnone\tnegative\n"
    parsed = entry_files.read_translocations(put(tmp_path, text), KNOWN)
    states = {(r["name"], r["translocation"]): r["state"] for r in parsed.rows}
    assert not parsed.problems and states.pop(("A", "t(4;14)")) == "not_assessable"
    assert states == {(name, known): "not_assessable" for name in "BC" for known in KNOWN}
    for word in ("NA", "unknown", "not tested", ""):
        names = f"sample\ttranslocation\tsex\nA\t{word}\tmale\nB\tnone\tmale\n"
        rows = entry_files.read_translocations(put(tmp_path, names), KNOWN).rows
        assert {r["translocation"] for r in rows} == KNOWN and {r["name"] for r in rows} == {"A"}, word
        assert {r["state"] for r in rows} == {"not_assessable"}, word


@pytest.mark.parametrize(
    "text, name",
    [
        ("t(6;14)(p25;q32)", "other"), ("t(6;14)(p21;q32)", "t(6;14)"), ("t(14;16)(q32;q23)", "t(14;16)"),
        ("t(11;14)(p13;q11)", "other"), ("t(8;14)(q24;q11)", "other"), ("t(14;20)(q32;q12)", "t(14;20)"),
        ("t(4;14)(p16.3;q32.33)", "t(4;14)"), ("t(16;14)(q23;q32)", "t(14;16)"), ("t(11;14)(q13.3;q32)", "t(11;14)"),
        ("t(4;14;16)", ""), ("t(11;14;8)", ""), ("t(4;14;16)(p16;q32;q23)", ""), ("t(8;14)(q24.3;q32)", "t(8;14)_MAFA"),
        ("t(2;8)(p12;q24)", "t(2;8)"), ("t(8;22)(q24;q11)", "t(8;22)"),
    ],
)  # fmt: skip
def test_bands_and_three_way_translocations(text, name):
    """6p25 is IRF4; 11p13 and 8q24 with 14q11 are of the T-cell receptor; a third chromosome leaves the partner open."""
    assert entry_files.translocation_name(text, KNOWN) == name


def test_wide_table(tmp_path):
    text = "patient_id\tage\tt(4;14)\tt(11;14)\tMYC\nA\t60\t1\t0\t\nB\t61\tneg\tpos\tnot tested\n"
    parsed = entry_files.read_translocations(put(tmp_path, text), KNOWN)
    assert not parsed.problems
    states = {(r["name"], r["translocation"]): r["state"] for r in parsed.rows}
    assert states["A", "t(4;14)"] == "present" and states["A", "t(11;14)"] == "absent"
    assert states["A", "MYC_rearrangement"] == "not_assessable" and states["B", "t(11;14)"] == "present"


def test_breakpoints(tmp_path):
    text = "sample\tchrom1\tpos1\tchrom2\tpos2\nA\tchr14\t106320000\t4\t1880000\n"
    row = entry_files.read_translocations(put(tmp_path, text), KNOWN).rows[0]
    assert (row["chrom_1"], row["pos_1"], row["chrom_2"], row["pos_2"]) == ("14", 106320000, "4", 1880000)


def test_breakpoints_with_identifiers_as_names(tmp_path):
    text = "sample\tchrom1\tstart1\tend1\tchrom2\tstart2\tend2\tname\nA\t14\t106320000\t106320001\t4\t1880000\t1880001\tSV1\n"
    parsed = entry_files.read_translocations(put(tmp_path, text), KNOWN)
    assert (
        not parsed.problems and parsed.rows[0]["pos_2"] == 1880000 and parsed.rows[0]["translocation"] == ""
    )


def test_contradictions_and_unknown_words(tmp_path):
    text = "sample\ttranslocation\tstate\nA\tt(4;14)\t1\nA\tIGH-NSD2\t0\nB\tt(4;14)\tperhaps\nB\tgain1q\t1\n"
    said = [p.message for p in entry_files.read_translocations(put(tmp_path, text), KNOWN).problems]
    assert any("absent here and present in line 2" in m for m in said)
    assert "is no state" in said and "is not understood" in said


# VCF

VCF = (
    "##fileformat=VCFv4.2\n##reference=file:///hs37d5.fa\n"
    '##INFO=<ID=ANN,Number=.,Type=String,Description="x">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tTUMOR\tNORMAL\n"
)
ANN = "ANN=T|missense_variant|MODERATE|KRAS|ENSG1|transcript|ENST1|protein_coding|2/6|c.35G>A|p.Gly12Asp|1|1|1|1|"


def test_vcf_with_ann(tmp_path):
    text = VCF + f"12\t25398284\t.\tC\tT\t.\tPASS\t{ANN}\tGT:AD\t0/1:60,40\t0/0:50,0\n"
    parsed = entry_files.read_variants(put(tmp_path, text, "x.vcf"), {"TUMOR"})
    assert not parsed.problems
    row = parsed.rows[0]
    assert (row["gene"], row["hgvsp"], row["impact"]) == ("KRAS", "p.Gly12Asp", "MODERATE")
    assert (row["depth"], row["alt_reads"], row["af"]) == (100, 40, 0.4)
    assert row["somatic"] and row["build"] == "hg19" and row["line"] == 5


def test_vcf_with_csq_takes_the_picked_transcript(tmp_path):
    head = VCF.replace(
        '##INFO=<ID=ANN,Number=.,Type=String,Description="x">',
        '##INFO=<ID=CSQ,Number=.,Type=String,Description="VEP. Format: Allele|Consequence|IMPACT|SYMBOL|Feature|HGVSp|PICK">',
    )
    csq = "CSQ=T|stop_gained|HIGH|OTHER|ENST9|ENSP9:p.Gln1Ter|,T|missense_variant|MODERATE|KRAS|ENST1|ENSP1:p.Gly12Asp|1"
    text = head + f"12\t25398284\t.\tC\tT\t.\t.\t{csq}\tGT\t0/1\t0/0\n"
    row = entry_files.read_variants(put(tmp_path, text, "x.vcf"), {"TUMOR"}).rows[0]
    assert (row["gene"], row["hgvsp"], row["depth"]) == ("KRAS", "p.Gly12Asp", None)


def test_vcf_without_annotation_says_what_is_needed(tmp_path):
    text = VCF.replace('##INFO=<ID=ANN,Number=.,Type=String,Description="x">\n', "")
    parsed = entry_files.read_variants(put(tmp_path, text, "x.vcf"))
    assert "neither ANN nor CSQ" in parsed.problems[0].message and "SnpEff" in parsed.problems[0].fix


def vcf_of(tmp_path, *records, samples=("TUMOR",)):
    text = VCF + "".join(f"{record}\n" for record in records)
    return entry_files.read_variants(put(tmp_path, text, "x.vcf"), set(samples))


def test_strelka_variants_have_neither_gt_nor_ad_and_are_read_from_their_tiers(tmp_path):
    """40 of 80 reads of the base (tier 1), 12 of 48 of the indel; a record without alt reads is not of the tumour."""
    snv = "DP:FDP:SDP:SUBDP:AU:CU:GU:TU"
    parsed = vcf_of(
        tmp_path,
        f"12\t25398284\t.\tC\tT\t.\tPASS\t{ANN}\t{snv}\t80:0:0:0:0,0:40,41:0,0:40,44\t30:0:0:0:0,0:30,30:0,0:0,0",
        f"12\t25398290\t.\tCA\tC\t.\tPASS\t{ANN}\tDP:TAR:TIR:TOR\t50:36,36:12,13:0,0\t30:30,30:0,0:0,0",
        f"12\t25398299\t.\tC\tT\t.\tPASS\t{ANN}\t{snv}\t80:0:0:0:0,0:80,80:0,0:0,0\t30:0:0:0:0,0:30,30:0,0:0,0",
    )
    assert not parsed.problems
    told = [(r["pos"], r["depth"], r["ref_reads"], r["alt_reads"], r["af"]) for r in parsed.rows]
    assert told == [(25398284, 80, 40, 40, 0.5), (25398290, 50, 36, 12, 0.25)]
    assert "1 by their genotype or reads not of this sample" in parsed.notes[0]


def test_vcf_record_that_says_no_genotype_and_no_reads_is_a_problem(tmp_path):
    parsed = vcf_of(tmp_path, f"12\t25398284\t.\tC\tT\t.\tPASS\t{ANN}\tDP\t80\t30")
    assert [(p.line, p.field, p.value) for p in parsed.problems] == [(5, "FORMAT", "DP")]
    assert not parsed.rows and "Strelka" in parsed.problems[0].fix


def test_vcf_of_which_nothing_is_of_the_sample_is_refused(tmp_path):
    """The column of the normal named as the tumour: every gene would be absent."""
    record = f"12\t25398284\t.\tC\tT\t.\tPASS\t{ANN}\tGT:AD\t0/1:60,40\t0/0:50,0"
    (problem,) = vcf_of(tmp_path, record, samples=("NORMAL",)).problems
    assert problem.field == "sample" and problem.value == "NORMAL"
    assert "none of its 1 alleles is one of this sample" in problem.message
    missing = f"12\t25398284\t.\tC\tT\t.\tPASS\t{ANN}\tGT:AD\t./.:.\t0/0:50,0"
    assert "1 without genotype and reads" in vcf_of(tmp_path, missing).problems[0].message
    both = vcf_of(tmp_path, record, missing.replace("25398284", "25398285"))
    assert not both.problems and len(both.rows) == 1 and "1 without genotype" in both.notes[0]
    assert not vcf_of(tmp_path).problems  # a header alone: no mutation was found


def test_vcf_beside_a_pooled_normal_is_tumour_only(tmp_path):
    text = VCF.replace("TUMOR\tNORMAL", "TUMOR\tPooled_Normal")
    text += f"12\t25398284\t.\tC\tT\t.\tPASS\t{ANN}\tGT:AD\t0/1:60,40\t0/0:50,0\n"
    (row,) = entry_files.read_variants(put(tmp_path, text, "x.vcf"), {"TUMOR"}).rows
    assert row["somatic"] is False


# Counts


def test_counts(tmp_path):
    text = "gene_id\tgene_name\tS1\tS2\nENSG1\tKRAS\t5\t0\nENSG2\tNSD2\t7\t1\n"
    parsed = entry_files.read_counts(put(tmp_path, text), {"S1"})
    assert not parsed.problems and parsed.rows[0] == {"gene_id": "ENSG1", "gene_name": "KRAS", "S1": 5}
    bad = entry_files.read_counts(put(tmp_path, "gene\tS1\nA\t0.5\nA\t3\nB\t-1\n"), {"S1"})
    assert [p.line for p in bad.problems] == [2, 3, 4]


def test_chromosomes_that_pandas_or_refseq_wrote_are_read_and_unknown_ones_refused(tmp_path):
    head = "sample\tchrom1\tpos1\tchrom2\tpos2\n"
    row = entry_files.read_translocations(
        put(tmp_path, head + "A\t4.0\t1873123.0\tNC_000014.8\t106326000.0\n"), KNOWN
    ).rows[0]
    assert (row["chrom_1"], row["pos_1"], row["chrom_2"], row["build"]) == ("4", 1873123, "14", "hg19")
    parsed = entry_files.read_translocations(put(tmp_path, head + "A\tfour\t1873123\t14\t106326000\n"), KNOWN)
    assert [(p.field, p.value) for p in parsed.problems] == [("chrom1", "four")]
    text = MAF + "TP53\t17.0\t7577120\tC\tC\tT\tMissense_Mutation\tS1\tp.R273H\t60\t40\t\n"
    assert entry_files.read_variants(put(tmp_path, text)).rows[0]["chrom"] == "17"
    text = text.replace("17.0", "seventeen")
    assert [p.field for p in entry_files.read_variants(put(tmp_path, text)).problems] == ["Chromosome"]
    text = "ID\tchrom\tstart\tend\ttotal\nS\t17.0\t1\t9\t2\nS\tchr99\t1\t9\t2\nS\tGL000191.1\t1\t9\t2\n"
    parsed = entry_files.read_segments(put(tmp_path, text))
    assert [r["chrom"] for r in parsed.rows] == ["17", "GL000191.1"]
    assert [(p.line, p.value) for p in parsed.problems] == [(3, "chr99")]


def moved(tmp_path, text):
    parsed = entry_files.read_translocations(put(tmp_path, text), KNOWN)
    return {(r["name"], r["translocation"]): r["state"] for r in parsed.rows}, parsed.problems


def test_columns_named_by_genes_are_taken_beside_others(tmp_path):
    states, problems = moved(tmp_path, "sample\tNSD2\tCCND1\tMAF\tMAFB\tMYC\nA\t1\t0\t0\t0\t0\n")
    assert not problems and states["A", "t(4;14)"] == "present" and states["A", "t(11;14)"] == "absent"
    states, problems = moved(tmp_path, "sample\tt(4;14)\tCCND1\tMAF\nA\t0\t1\tNA\n")
    assert (
        not problems and states["A", "t(11;14)"] == "present" and states["A", "t(14;16)"] == "not_assessable"
    )


@pytest.mark.parametrize(
    "title", ["NSD2_expression", "CCND1 partner gene", "Translocation_4_14", "IGHCCND1 percent"]
)
def test_a_column_that_looks_like_a_translocation_is_not_ignored(tmp_path, title):
    problems = moved(tmp_path, f"sample\tt(14;16)\t{title}\nA\t0\t1\n")[1]
    assert [p.field for p in problems] == [title]


@pytest.mark.parametrize(
    ("columns", "cells", "state", "wrong"),
    [
        ("IGH_NSD2\tIGH_FGFR3", "1\t0", "present", 0),
        ("IGH_FGFR3\tIGH_NSD2", "0\t1", "present", 0),
        ("IGH_NSD2\tIGH_FGFR3", "0\t1", "present", 1),
        ("t(4;14)\tNSD2", "1\t0", "present", 1),
        ("t(4;14)\tNSD2", "0\tNA", "absent", 0),
        ("NSD2\tFGFR3", "NA\t0", "not_assessable", 0),
        ("FGFR3\tMAF", "0\t0", "absent", 0),
    ],
)
def test_two_columns_of_one_translocation(tmp_path, columns, cells, state, wrong):
    states, problems = moved(tmp_path, f"sample\t{columns}\nA\t{cells}\n")
    assert len(problems) == wrong and states["A", "t(4;14)"] == state


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("IGH-NSD2/IGH-MYC", {"t(4;14)", "t(8;14)"}),
        ("IGH-CCND1 & IGH-MYC", {"t(11;14)", "t(8;14)"}),
        ("t(4;14)/t(14;16)", {"t(4;14)", "t(14;16)"}),
        ("t(14;16) t(8;14)", {"t(14;16)", "t(8;14)"}),
        ("t(4;14)(p16;q32)t(8;14)(q24;q32)", {"t(4;14)", "t(8;14)"}),
        ("t(4;14) plus t(8;14)", {"t(4;14)", "t(8;14)"}),
        ("CCND1/MYC", {"t(11;14)", "MYC_rearrangement"}),
        ("t(11;14) with MYC", {"t(11;14)", "MYC_rearrangement"}),
        ("IGH/NSD2", {"t(4;14)"}),
        ("NSD2/FGFR3", {"t(4;14)"}),
        ("IGHV3-23::NSD2", {"t(4;14)"}),
        ("t(14;16)(q32;q23) c-MAF", {"t(14;16)"}),
        ("t(4;14) IGH::NSD2", {"t(4;14)"}),
    ],
)
def test_every_translocation_of_a_cell_counts(tmp_path, cell, names):
    states, problems = moved(tmp_path, f"sample\ttranslocation\nA\t{cell}\n")
    assert not problems and {name for _, name in states} == names and set(states.values()) == {"present"}


@pytest.mark.parametrize("cell", ["t(4;14) negative", "t(4;14)-t(8;14)", "IGH/NSD2/MYC", "IGH-CCND1-MAF", "t(4;14) not seen",
                                  "IGH-CCND1 gained", "t(11;14) MAF"])  # fmt: skip
def test_a_cell_that_says_more_than_one_name_is_refused(tmp_path, cell):
    states, problems = moved(tmp_path, f"sample\ttranslocation\nA\t{cell}\n")
    assert not states and len(problems) == 1


@pytest.mark.parametrize(
    "word", ["NaN", "None", "nan", "PASSED", "-", "n/a", "OK", "KEEP", "pass", ".", "Unknown", ""]
)
def test_words_for_no_failed_filter(word):
    assert entry_files.filters(word, "") == []


def test_a_file_of_which_nothing_passes_is_refused(tmp_path):
    head = MAF.rstrip("\n") + "\tFILTER\n"
    one = "KRAS\t12\t25398284\tC\tC\tT\tMissense_Mutation\tS1\tp.G12D\t60\t40\tGRCh37\t{}\n"
    other = one.replace("25398284", "25398285")
    parsed = entry_files.read_variants(put(tmp_path, head + one.format("HighConf") + other.format("weak")))
    assert [(p.line, p.field, p.value) for p in parsed.problems] == [(3, "FILTER", "HighConf")]
    parsed = entry_files.read_variants(put(tmp_path, head + one.format("PASS") + other.format("weak")))
    assert not parsed.problems and [r["filters"] for r in parsed.rows] == [[], ["weak"]]


def test_both_shares_of_battenberg_are_read(tmp_path):
    head = "sample\tchr\tstartpos\tendpos\tnMaj1_A\tnMin1_A\tfrac1_A\tnMaj2_A\tnMin2_A\tfrac2_A\n"
    row = entry_files.read_segments(put(tmp_path, head + "S\t17\t1\t9\t1\t1\t0.8\t1\t0\t0.2\n")).rows[0]
    assert (row["fraction"], row["second"], row["second_fraction"]) == (0.8, (1, 0), 0.2)


@pytest.mark.parametrize(
    ("text", "change"),
    [("KRAS p.G12D", "p.Gly12Asp"), ("BRAF:NM_004333:exon15:c.T1799A:p.V600E", "p.Val600Glu"),
     ("KRAS:NM_1:exon2:c.G35A:p.G12D,KRAS:NM_2:exon2:c.G35A:p.G12D", "p.Gly12Asp"), ("p.(Gly12Asp)", "p.Gly12Asp")],
)  # fmt: skip
def test_the_protein_change_inside_a_cell(text, change):
    assert entry_files.three_letters(text) == change


@pytest.mark.parametrize(
    "word", ["stop gained", "inframe deletion", "start lost", "splice acceptor", "Start_Codon_Del"]
)
def test_consequences_in_words(tmp_path, word):
    text = MAF + f"KRAS\t12\t25398284\tC\tC\tT\t{word}\tS1\tp.G12D\t60\t40\tGRCh37\n"
    parsed = entry_files.read_variants(put(tmp_path, text))
    assert not parsed.problems and parsed.rows[0]["impact"] in ("HIGH", "MODERATE")
