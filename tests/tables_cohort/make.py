"""The made-up cohort of this folder: 12 patients, hg19, tables only. Run it here to write the files again.

Nothing is drawn: each patient stands for one thing that the entry has to get right (see WHAT).
"""

import csv
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "workflow/scripts"))

from myeloma import builds  # noqa: E402

WHAT = {
    "P01": "t(4;14), three copies of 1q, TP53 mutation and one copy of 17p",
    "P02": "t(11;14), KRAS G12D",
    "P03": "hyperdiploid, NRAS Q61R",
    "P04": "t(14;16), four copies of 1q, 13q lost",
    "P05": "nothing; segments leave out 17p",
    "P06": "17p lost in 0.15 of the cells: below the limit",
    "P07": "17p lost in 0.40 of the cells",
    "P08": "MYC with IGH",
    "P09": "FAM46C (TENT5C) stop; copy-neutral loss of 17p",
    "P10": "no segments were given",
    "P11": "no mutations were given",
    "P12": "no translocations were given; BRAF V600E",
}
P17 = ("17", 1, 22200000)
Q1 = ("1", 144000000, 249250621)
Q13 = ("13", 19500000, 115169878)
CHANGED = {
    "P01": {P17: (1, 0, 1), Q1: (2, 1, 1)},
    "P03": {(c, 1, builds.lengths("hg19")[c]): (2, 1, 1) for c in ("3", "5", "9", "15", "19", "21")},
    "P04": {Q1: (3, 1, 1), Q13: (1, 0, 1)},
    "P05": {P17: None},
    "P06": {P17: (1, 0, 0.15)},
    "P07": {P17: (1, 0, 0.40)},
    "P09": {P17: (2, 0, 1)},
}
# gene, chromosome, position, reference, alternate, class, protein, alternate reads, depth
MUTATIONS = {
    "P01": [("TP53", "17", 7577120, "C", "T", "Missense_Mutation", "p.R273H", 61, 80)],
    "P02": [("KRAS", "12", 25398284, "C", "T", "Missense_Mutation", "p.G12D", 40, 100),
            ("MUC16", "19", 9045000, "G", "A", "Silent", "p.T1T", 20, 90)],
    "P03": [("NRAS", "1", 115256529, "T", "C", "Missense_Mutation", "p.Q61R", 33, 110)],
    "P04": [("DIS3", "13", 73346000, "C", "T", "Missense_Mutation", "p.D479N", 70, 90)],
    "P05": [("KMT2D", "12", 49420000, "G", "-", "Frame_Shift_Del", "p.P2000fs", 30, 90)],
    "P06": [("TRAF3", "14", 103371000, "-", "A", "Frame_Shift_Ins", "p.K400fs", 30, 90)],
    "P07": [("CYLD", "16", 50830000, "C", "T", "Nonsense_Mutation", "p.R800*", 30, 90)],
    "P08": [("MAX", "14", 65544700, "G", "A", "Splice_Site", "p.X60_splice", 30, 90)],
    "P09": [("FAM46C", "1", 118165700, "C", "T", "Nonsense_Mutation", "p.Q70*", 44, 88)],
    "P10": [("KRAS", "12", 25380276, "T", "A", "Missense_Mutation", "p.Q61L", 25, 100)],
    "P12": [("BRAF", "7", 140453136, "A", "T", "Missense_Mutation", "p.V600E", 50, 100)],
}  # fmt: skip
MOVED = {"P01": "t(4;14)(p16;q32)", "P02": "IGH::CCND1", "P04": "MAF-IGH", "P08": "t(8;14)(q24;q32)"}


def write(name, rows):
    with open(HERE / name, "w", encoding="utf-8", newline="") as handle:
        csv.writer(handle, delimiter="\t", lineterminator="\n").writerows(rows)


def segments():
    yield ["ID", "chrom", "loc.start", "loc.end", "nMajor", "nMinor", "ccf"]
    for patient in WHAT:
        if patient == "P10":
            continue
        for chrom, length in builds.lengths("hg19").items():
            if chrom == "Y":
                continue
            at = 1
            for (where, start, end), state in sorted(CHANGED.get(patient, {}).items()):
                if where != chrom:
                    continue
                if start > at:
                    yield [f"MM-{patient}", chrom, at, start - 1, 1, 1, ""]
                if state:
                    major, minor, share = state
                    yield [f"MM-{patient}", chrom, start, end, major, minor, share if share < 1 else ""]
                at = end + 1
            if at <= length:
                yield [f"MM-{patient}", chrom, at, length, 1, 1, ""]


def mutations():
    yield ["Hugo_Symbol", "NCBI_Build", "Chromosome", "Start_Position", "End_Position", "Variant_Classification",
           "Reference_Allele", "Tumor_Seq_Allele1", "Tumor_Seq_Allele2", "Tumor_Sample_Barcode",
           "Matched_Norm_Sample_Barcode", "HGVSp_Short", "t_alt_count", "t_depth"]  # fmt: skip
    for patient, found in MUTATIONS.items():
        for gene, chrom, pos, ref, alt, kind, protein, reads, depth in found:
            end = pos + 1 if ref == "-" else pos + len(ref) - 1
            yield [gene, "GRCh37", chrom, pos, end, kind, ref, ref, alt, f"MM-{patient}", f"N-{patient}", protein,
                   reads, depth]  # fmt: skip


def translocations():
    yield ["sample", "translocation"]
    for patient in WHAT:
        if patient != "P12":
            yield [f"MM-{patient}", MOVED.get(patient, "none")]


def sheets():
    patients = [["patient", "sex", "c1d1", "last_contact", "death_date", "iss"]]
    samples = [["sample", "patient", "assay", "tissue", "purity", "variants", "segments", "translocations",
                "name_in_files", "build"]]  # fmt: skip
    visits = [["patient", "date", "serum_m_g_l"]]
    for i, patient in enumerate(WHAT):
        died = "2021-11-20" if i % 4 == 3 else ""
        patients.append([patient, ("female", "male")[i % 2], "2021-01-11", "2021-11-20" if died else "2022-06-30", died,
                         i % 3 + 1])  # fmt: skip
        samples.append([f"{patient}-T", patient, "wes", "tumour", "" if i == 4 else 0.85,
                        "" if patient == "P11" else "variants.maf",
                        "" if patient == "P10" else "segments.seg",
                        "" if patient == "P12" else "translocations.tsv", f"MM-{patient}", "hg19"])  # fmt: skip
        course = (40, 18, 9, 8, 7) if i % 2 else (40, 41, 42, 55, 60)
        for day, value in zip(
            ("2021-01-10", "2021-02-01", "2021-02-22", "2021-03-15", "2021-04-05"), course, strict=True
        ):
            visits.append([patient, day, value])
    return {"patients.tsv": patients, "samples.tsv": samples, "assessments.tsv": visits}


if __name__ == "__main__":
    write("segments.seg", segments())
    write("variants.maf", mutations())
    write("translocations.tsv", translocations())
    for name, rows in sheets().items():
        write(name, rows)
