"""Files of finished calls, as other programs write them: columns by their many names, every line checked.

Variants (MAF, a table like it, or VCF), segments with total and minor copies, translocations, gene counts.
A file may hold a whole cohort; only rows of the samples asked for are looked at closely. Everything wrong
becomes a Problem with file, line, field, value and fix; nothing is repaired by guess.
"""

import csv
import gzip
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from myeloma import builds
from myeloma.sheets import Problem, suggestion

#: Column -> spellings, compared without case and without . _ - and blanks.
SAMPLE = ("sample", "sample_id", "sampleid", "sample_name", "id", "tumor_sample_barcode", "tumour_sample_barcode",
          "tumor_sample", "tumour_sample", "tumor", "tumour", "tumor_sample_id", "patient", "patient_id", "case_id",
          "subject", "subject_id", "participant_id", "case", "pid", "individual", "donor_id", "public_id", "sample_names")  # fmt: skip
CHROM = ("chrom", "chr", "chromosome", "contig", "seqnames", "seqname", "chromosome_name")
COLUMNS: dict[str, dict[str, tuple[str, ...]]] = {
    "variants": {
        "sample": SAMPLE,
        "gene": ("hugo_symbol", "gene", "gene_symbol", "symbol", "gene_name", "genename", "gene.refgene"),
        "chrom": CHROM,
        "pos": ("start_position", "start", "pos", "position", "start_pos", "chrom_start"),
        "ref": ("reference_allele", "ref", "reference", "ref_allele", "wt"),
        "alt": ("tumor_seq_allele2", "alt", "alternate", "alt_allele", "tumor_allele", "variant_allele", "mt", "mut",
                "alternate_allele", "observed_allele"),
        "alt1": ("tumor_seq_allele1",),
        "class": ("variant_classification", "consequence", "effect", "exonicfunc.refgene", "exonic_func",
                  "mutation_type", "annotation", "variant_class", "function", "one_consequence", "type"),
        "build": ("ncbi_build", "build", "genome_build", "assembly"),
        "hgvsp": ("hgvsp", "hgvs_p", "hgvsp_three_letter"),
        "short": ("hgvsp_short", "protein_change", "aa_change", "aachange", "amino_acid_change", "amino_acid", "protein",
                  "aa_mutation", "aachange.refgene", "aa"),
        "hgvsc": ("hgvsc", "hgvs_c", "cdna_change", "c_position"),
        "transcript": ("transcript_id", "annotation_transcript", "feature", "transcript"),
        "impact": ("impact",),
        "filter": ("filter",),
        "status": ("mutation_status",),
        "normal": ("matched_norm_sample_barcode", "normal_sample", "normal", "normal_sample_id"),
        "depth": ("t_depth", "tumor_depth", "tumour_depth", "depth", "dp"),
        "ref_reads": ("t_ref_count", "ref_count", "tumor_ref_count", "ref_reads"),
        "alt_reads": ("t_alt_count", "alt_count", "tumor_alt_count", "alt_reads", "var_reads"),
        # not AF: annotation programs call the frequency in the population so
        "af": ("t_vaf", "vaf", "tumor_vaf", "tumor_f", "i_tumor_f", "allele_fraction", "tumour_vaf",
               "variant_allele_fraction", "variant_allele_frequency"),
        "n_depth": ("n_depth", "normal_depth"),
        "n_alt": ("n_alt_count", "normal_alt_count"),
    },
    "segments": {
        "sample": SAMPLE,
        "chrom": CHROM,
        "start": ("start", "startpos", "loc.start", "start.pos", "start_position", "chrom_start", "seg_start", "begin"),
        "end": ("end", "endpos", "loc.end", "end.pos", "end_position", "chrom_end", "stop", "seg_end"),
        "total": ("total_copies", "total_cn", "total", "tcn", "tcn.em", "cnt", "copy_number", "copynumber", "cn", "ntot",
                  "total_copy_number", "cn_total", "copy_number_total", "cntotal", "ntotal", "tot", "total_copy"),
        "minor": ("minor_copies", "minor_cn", "minor", "nminor", "lcn", "lcn.em", "b", "minor_copy_number", "cn_minor",
                  "n_minor", "nmin", "minor_allele_copy_number", "minor_allele_cn", "copy_number_minor"),
        "major": ("major_copies", "major_cn", "major", "nmajor", "a", "major_copy_number", "cn_major", "n_major", "nmaj",
                  "major_allele_copy_number", "major_allele_cn", "copy_number_major"),
        "fraction": ("clonal_fraction", "ccf", "cancer_cell_fraction", "tumour_cell_fraction", "tumor_cell_fraction",
                     "clonal_frequency", "frac"),
        "sample_fraction": ("cf", "cf.em", "cellular_fraction", "cell_fraction"),
        "major_1": ("nmaj1_a", "nmaj1"), "minor_1": ("nmin1_a", "nmin1"), "fraction_1": ("frac1_a", "frac1"),
        "major_2": ("nmaj2_a", "nmaj2"), "minor_2": ("nmin2_a", "nmin2"), "fraction_2": ("frac2_a", "frac2"),
        "log2": ("seg.mean", "log2", "logr", "log2_ratio", "segment_mean", "cnlr.median"),
        "build": ("build", "genome_build", "ncbi_build", "assembly"),
    },
    "translocations": {
        "sample": SAMPLE,
        "name": ("translocation", "abnormality", "event", "fusion", "name", "sv", "rearrangement", "igh_translocation",
                 "ig_translocation", "translocations", "primary_translocation", "canonical_translocation"),
        "state": ("state", "status", "call", "result", "present"),
        "chrom_1": ("chrom1", "chr1", "chrom_1", "chr_1", "chrom_a", "chr_a", "chromosome1", "chromosome_1", "chra"),
        "pos_1": ("pos1", "start1", "pos_1", "position1", "position_1", "pos_a", "breakpoint1", "bp1", "posa"),
        "chrom_2": ("chrom2", "chr2", "chrom_2", "chr_2", "chrom_b", "chr_b", "chromosome2", "chromosome_2", "chrb"),
        "pos_2": ("pos2", "start2", "pos_2", "position2", "position_2", "pos_b", "breakpoint2", "bp2", "posb"),
        "build": ("build", "genome_build", "ncbi_build", "assembly"),
    },
}  # fmt: skip
NAMES = {"hgvsp": "HGVSp", "class": "Variant_Classification"}
#: Classification of a MAF (GDC), of ANNOVAR or in plain words -> Sequence Ontology term and impact.
CLASSES = {
    "missense_mutation": ("missense_variant", "MODERATE"),
    "missense": ("missense_variant", "MODERATE"),
    "nonsynonymous_snv": ("missense_variant", "MODERATE"),
    "nonsynonymous": ("missense_variant", "MODERATE"),
    "nonsense_mutation": ("stop_gained", "HIGH"),
    "nonsense": ("stop_gained", "HIGH"),
    "stopgain": ("stop_gained", "HIGH"),
    "stopgain_snv": ("stop_gained", "HIGH"),
    "nonstop_mutation": ("stop_lost", "HIGH"),
    "stoploss": ("stop_lost", "HIGH"),
    "frame_shift_ins": ("frameshift_variant", "HIGH"),
    "frame_shift_del": ("frameshift_variant", "HIGH"),
    "frame_shift": ("frameshift_variant", "HIGH"),
    "frameshift": ("frameshift_variant", "HIGH"),
    "frameshift_insertion": ("frameshift_variant", "HIGH"),
    "frameshift_deletion": ("frameshift_variant", "HIGH"),
    "frameshift_substitution": ("frameshift_variant", "HIGH"),
    "in_frame_ins": ("inframe_insertion", "MODERATE"),
    "in_frame_del": ("inframe_deletion", "MODERATE"),
    "inframe": ("protein_altering_variant", "MODERATE"),
    "nonframeshift_insertion": ("inframe_insertion", "MODERATE"),
    "nonframeshift_deletion": ("inframe_deletion", "MODERATE"),
    "nonframeshift_substitution": ("protein_altering_variant", "MODERATE"),
    "splice_site": ("splice_site_variant", "HIGH"),
    "splicing": ("splice_site_variant", "HIGH"),
    "ess_splice": ("splice_site_variant", "HIGH"),
    "essential_splice": ("splice_site_variant", "HIGH"),
    "splice_site_snp": ("splice_site_variant", "HIGH"),
    "splice_region": ("splice_region_variant", "LOW"),
    "translation_start_site": ("start_lost", "HIGH"),
    "start_codon_del": ("start_lost", "HIGH"),
    "start_codon_ins": ("start_lost", "HIGH"),
    "start_codon_snp": ("start_lost", "HIGH"),
    "startloss": ("start_lost", "HIGH"),
    "silent": ("synonymous_variant", "LOW"),
    "synonymous": ("synonymous_variant", "LOW"),
    "synonymous_snv": ("synonymous_variant", "LOW"),
    "intron": ("intron_variant", "MODIFIER"),
    "intronic": ("intron_variant", "MODIFIER"),
    "3'utr": ("3_prime_UTR_variant", "MODIFIER"),
    "5'utr": ("5_prime_UTR_variant", "MODIFIER"),
    "utr3": ("3_prime_UTR_variant", "MODIFIER"),
    "utr5": ("5_prime_UTR_variant", "MODIFIER"),
    "3'flank": ("downstream_gene_variant", "MODIFIER"),
    "5'flank": ("upstream_gene_variant", "MODIFIER"),
    "upstream": ("upstream_gene_variant", "MODIFIER"),
    "downstream": ("downstream_gene_variant", "MODIFIER"),
    "igr": ("intergenic_variant", "MODIFIER"),
    "intergenic": ("intergenic_variant", "MODIFIER"),
    "rna": ("non_coding_transcript_exon_variant", "MODIFIER"),
    "lincrna": ("non_coding_transcript_exon_variant", "MODIFIER"),
    "splice": ("splice_site_variant", "HIGH"),
    "5prime_utr_ess_splice": ("splice_site_variant", "HIGH"),
    "extended_intronic_splice_region": ("splice_region_variant", "LOW"),
    "stop_loss": ("stop_lost", "HIGH"),
    "start_loss": ("start_lost", "HIGH"),
    "5prime_utr": ("5_prime_UTR_variant", "MODIFIER"),
    "3prime_utr": ("3_prime_UTR_variant", "MODIFIER"),
    # dNdScv: indels of the coding bases, whether of the frame or not
    "no_snv": ("protein_altering_variant", "MODERATE"),
    "targeted_region": ("protein_altering_variant", "MODERATE"),
}
#: Impact of Sequence Ontology terms (Ensembl's table of consequences), for annotation that gives the terms alone.
IMPACTS = {
    "HIGH": ("transcript_ablation", "splice_acceptor_variant", "splice_donor_variant", "stop_gained",
             "frameshift_variant", "stop_lost", "start_lost", "splice_site_variant"),
    "MODERATE": ("inframe_insertion", "inframe_deletion", "missense_variant", "protein_altering_variant",
                 "conservative_inframe_insertion", "conservative_inframe_deletion", "disruptive_inframe_insertion",
                 "disruptive_inframe_deletion"),
    "LOW": ("splice_region_variant", "synonymous_variant", "stop_retained_variant", "start_retained_variant",
            "incomplete_terminal_codon_variant", "splice_donor_region_variant", "splice_polypyrimidine_tract_variant",
            "splice_donor_5th_base_variant"),
    "MODIFIER": ("intron_variant", "3_prime_UTR_variant", "5_prime_UTR_variant", "upstream_gene_variant",
                 "downstream_gene_variant", "intergenic_variant", "intergenic_region", "intragenic_variant",
                 "non_coding_transcript_exon_variant", "non_coding_transcript_variant", "coding_sequence_variant",
                 "mature_miRNA_variant", "NMD_transcript_variant", "regulatory_region_variant",
                 "TF_binding_site_variant"),
}  # fmt: skip
TERMS = {term: impact for impact, terms in IMPACTS.items() for term in terms}
UNKNOWN = {"", "na", "n/a", "nan", ".", "-", "null", "none", "unknown", "__unknown__"}
#: Words of a column FILTER for a variant that failed none.
PASSING = {"pass", "passed", "ok", "keep"}
PRESENT_WORDS = {"present", "yes", "1", "1.0", "true", "pos", "positive", "detected", "y", "+"}
ABSENT_WORDS = {"absent", "no", "0", "0.0", "false", "neg", "negative", "not detected", "n", "-"}
UNTESTED_WORDS = {
    "",
    "na",
    "n/a",
    "nan",
    ".",
    "not tested",
    "not assessable",
    "not_assessable",
    "nd",
    "unknown",
    "failed",
}
#: A row of a sample in which none was found.
NO_TRANSLOCATION = {"none", "no", "negative", "neg", "nil", "0", "absent", "none detected", "no translocation",
                    "no igh translocation", "hrd", "hyperdiploid"}  # fmt: skip
PARTNERS = {
    "NSD2": "t(4;14)", "WHSC1": "t(4;14)", "MMSET": "t(4;14)", "FGFR3": "t(4;14)", "NSD2/FGFR3": "t(4;14)",
    "CCND3": "t(6;14)", "CCND1": "t(11;14)", "BCL1": "t(11;14)", "CCND2": "t(12;14)", "MAF": "t(14;16)",
    "CMAF": "t(14;16)", "C-MAF": "t(14;16)", "MAFB": "t(14;20)", "MAFA": "t(8;14)_MAFA",
}  # fmt: skip
#: Words beside a name that change nothing: what the column or the cell is about.
HARMLESS = {"TRANSLOCATION", "FUSION", "REARRANGEMENT", "REARRANGED", "STATUS", "STATE", "CALL", "FISH", "SV", "WGS", "NGS", "SEQ",
            "DNA", "PRESENT", "POSITIVE", "DETECTED"}  # fmt: skip
#: A title that names a pair of chromosomes of a myeloma translocation in some other way, as 4_14.
PAIR = re.compile(r"(?<!\d)((4|6|8|11|12)[;:/_., -]14|14[;:/_., -](16|20)|8[;:/_., -]22)(?!\d)")
MYC_WITH = {"IGH": "t(8;14)", "IGK": "t(2;8)", "IGL": "t(8;22)"}
#: Bands by which a translocation of these chromosomes is the one of the config; 6p25 is IRF4, not CCND3 (6p21).
#: WHO Classification of Haematolymphoid Tumours, 5th ed., plasma cell myeloma; neighbouring bands as reports write them.
BANDS = {
    "4": r"p16", "6": r"p21", "11": r"q13", "12": r"p13", "16": r"q2[2-4]", "20": r"q1[1-3]", "8": r"q24",
    "14": r"q32", "2": r"p1[12]", "22": r"q11",
}  # fmt: skip
MOST_PROBLEMS = 20
MOST_COPIES = 1000
BASES = re.compile(r"[ACGTN]+")
UNKNOWN_BASES = "NN"


@dataclass
class Parsed:
    """What one file says: rows of the wanted samples, all sample names, problems, remarks for the log."""

    path: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    names: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unlisted: int = 0

    def problem(self, line: int, name: str, value: Any, message: str, fix: str) -> None:
        """Add a problem; past a number of them only their count is told."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(self.path, line, name, str(value), message, fix))
        else:
            self.unlisted += 1

    def done(self) -> "Parsed":
        """Close the list of problems."""
        if self.unlisted:
            text = f"{self.unlisted} more problems in this file"
            self.problems.append(Problem(self.path, 0, "", "", text, "correct those above and check again"))
            self.unlisted = 0
        return self


def key_of(name: str) -> str:
    """A column's name for comparing: no case, no . _ - and blanks."""
    return re.sub(r"[^a-z0-9']", "", name.lower())


def find_columns(header: list[str], kind: str) -> dict[str, int]:
    """Column of the kind -> its place in the header, the first spelling that is there."""
    at: dict[str, int] = {}
    for place, name in enumerate(header):
        at.setdefault(key_of(name), place)
    found: dict[str, int] = {}
    for column, spellings in COLUMNS[kind].items():
        for spelling in spellings:
            if key_of(spelling) in at:
                found[column] = at[key_of(spelling)]
                break
    return found


def read_lines(path: str) -> Iterator[str]:
    """Lines of a text file, gzipped or not, decoded as UTF-8 (Latin-1 where it is none), without their ends."""
    with open(path, "rb") as handle:
        packed = handle.read(2) == b"\x1f\x8b"
    with gzip.open(path, "rb") if packed else open(path, "rb") as handle:
        for number, raw in enumerate(handle):
            try:
                line = raw.decode("utf-8-sig" if number == 0 else "utf-8")
            except UnicodeDecodeError:
                line = raw.decode("latin-1")
            yield line.rstrip("\r\n")


def table_rows(parsed: Parsed, kind: str) -> Iterator[tuple[int, list[str], list[str]]]:
    """(line, header, cells) of a table; lines that begin with # above the header are comments.

    Blank lines are left out, quotes around a cell are taken off; a row of another length is a problem.
    """
    header: list[str] = []
    separator = "\t"
    try:
        for number, line in enumerate(read_lines(parsed.path), 1):
            if not line.strip() or (not header and line.startswith("#") and "\t" not in line):
                continue
            if not header:
                separator = "," if parsed.path.lower().removesuffix(".gz").endswith(".csv") else "\t"
                header = _cells(line.lstrip("#"), separator)
                if len(header) < 2:
                    fix = "tab-separated text with a header (or .csv with commas)"
                    parsed.problem(number, "", line[:60], "is no table", fix)
                    return
                continue
            cells = _cells(line, separator)
            while len(cells) > len(header) and not cells[-1]:
                cells.pop()
            if len(cells) != len(header):
                if separator == "\t" and len(cells) < len(header):
                    cells += [""] * (len(header) - len(cells)) if len(cells) == len(header) - 1 else []
                if len(cells) != len(header):
                    message = f"has {len(cells)} cells, the header has {len(header)}"
                    parsed.problem(number, "", "", message, "one cell per column; empty cells stay")
                    continue
            yield number, header, cells
    except (OSError, EOFError, gzip.BadGzipFile, ValueError) as error:
        fix = "copy the file again, it is incomplete or not what its name says"
        parsed.problem(0, "", "", f"cannot be read to its end: {error}", fix)
        return
    if not header:
        parsed.problem(0, "", "", "is empty", f"give the table of {kind}")


def _cells(line: str, separator: str) -> list[str]:
    if separator == "," or '"' in line:
        try:
            cells = next(csv.reader([line], delimiter=separator))
        except (csv.Error, StopIteration):
            cells = line.split(separator)
    else:
        cells = line.split(separator)
    return [cell.strip() for cell in cells]


def lacking(parsed: Parsed, kind: str, found: Mapping[str, int], wanted: Iterable[str]) -> bool:
    """Report mandatory columns that are not there, with the spellings that are understood."""
    missing = [name for name in wanted if name not in found]
    for name in missing:
        spellings = ", ".join(COLUMNS[kind][name][:8])
        parsed.problem(1, name, "", "column is missing", f"name one column: {spellings}")
    return bool(missing)


def number(text: str) -> float | None:
    """A finite number of a cell; None where it is empty or marked as unknown. Raises ValueError for anything else."""
    if text.strip().lower() in UNKNOWN:
        return None
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _whole(parsed: Parsed, line: int, name: str, text: str, least: int = 1, most: int = 10**9) -> int | None:
    """A whole number in range; a problem and None for anything else."""
    try:
        value = number(text)
    except (ValueError, OverflowError):
        value = None
    if value is None or value != int(value) or not least <= value <= most:
        parsed.problem(line, name, text, "is not a whole number in range", f"a number from {least} to {most}")
        return None
    return int(value)


def _amount(parsed: Parsed, line: int, name: str, text: str, most: float) -> tuple[float | None, bool]:
    """(number or None where unknown, is it right)."""
    try:
        value = number(text)
    except (ValueError, OverflowError):
        value = -1.0
    if value is not None and not 0 <= value <= most:
        parsed.problem(line, name, text, "is not a number in range", f"a number from 0 to {most:g}, or NA")
        return None, False
    return value, True


def _chromosome(parsed: Parsed, line: int, name: str, text: str) -> str:
    """The chromosome; a problem for a name that is none, as its row would be lost and the call turn absent."""
    if not builds.understood(text):
        parsed.problem(line, name, text, "is no chromosome", f"{builds.SPELLED}; or take the row out")
    return builds.plain(text)


# Variants


def read_variants(path: str, wanted: Iterable[str] | None = None) -> Parsed:
    """Variants of the wanted samples (None: all) from a MAF, a table like it, or a VCF."""
    low = path.lower().removesuffix(".gz").removesuffix(".bgz")
    if low.endswith(".vcf"):
        from myeloma import entry_vcf

        return entry_vcf.read(path, None if wanted is None else set(wanted))
    return _read_maf(path, None if wanted is None else set(wanted))


def _read_maf(path: str, wanted: set[str] | None) -> Parsed:
    parsed, found = Parsed(path), None
    seen: dict[tuple, tuple] = {}
    twice, failing, passing = 0, [], False
    for line, header, cells in table_rows(parsed, "variants"):
        if found is None:
            found = find_columns(header, "variants")
            need = ["sample", "gene", "chrom", "pos", "ref", "alt"]
            need += [] if "class" in found else ["class"]
            if lacking(parsed, "variants", found, need):
                return parsed.done()
        get = _getter(found, cells)
        name = get("sample")
        parsed.names.setdefault(name, line)
        if wanted is not None and name not in wanted:
            continue
        row = _variant(parsed, line, get)
        if row is None:
            continue
        key = (name, row["chrom"], row["pos"], row["ref"], row["alt"])
        what = (row["gene"], row["consequence"])
        if key in seen and seen[key][0] == what:
            twice += 1
            continue
        if key in seen:
            message = f"the same variant as in line {seen[key][1]}, with another gene or consequence"
            parsed.problem(line, "gene", row["gene"], message, "keep the row that speaks for the variant")
            continue
        seen[key] = (what, line)
        parsed.rows.append(row)
        failed = filters(get("filter"), "")
        passing = passing or not failed
        failing += [(line, get("filter"))] if failed else []
    if failing and not passing:
        fix = "write PASS for those that passed, or take the column out where the file holds passing variants alone"
        parsed.problem(
            failing[0][0], "FILTER", failing[0][1], "no variant of the file passes its filter", fix
        )
    if twice:
        parsed.notes.append(f"{path}: {twice} rows stand twice and are counted once")
    return parsed.done()


def _getter(found: Mapping[str, int], cells: list[str]) -> Callable[[str], str]:
    return lambda name: cells[found[name]] if name in found else ""


def _variant(parsed: Parsed, line: int, get: Callable[[str], str]) -> dict[str, Any] | None:
    """One row of a MAF under our names, None when it has a problem."""
    before = len(parsed.problems) + parsed.unlisted
    pos = _whole(parsed, line, "Start_Position", get("pos"))
    ref, alt = get("ref").upper(), get("alt").upper()
    if alt == ref and get("alt1").upper() not in ("", ref):
        alt = get("alt1").upper()
    for name, allele in (("Reference_Allele", ref), ("Tumor_Seq_Allele2", alt)):
        if allele != "-" and not BASES.fullmatch(allele):
            fix = "bases A C G T N, or - for the empty side of an indel"
            parsed.problem(line, name, allele, "is no allele", fix)
    if ref == alt:
        parsed.problem(
            line, "Tumor_Seq_Allele2", alt, "is the reference allele", "give the allele of the tumour"
        )
    chrom = _chromosome(parsed, line, "Chromosome", get("chrom"))
    term, impact = _consequence(parsed, line, get)
    reads = {}
    for name in ("depth", "ref_reads", "alt_reads", "n_depth", "n_alt"):
        text = get(name)
        reads[name] = None if text.lower() in UNKNOWN else _whole(parsed, line, name, text, 0, 10**7)
    af, _ = _amount(parsed, line, "t_vaf", get("af"), 100)
    if af is not None and af > 1:
        fix = f"as a fraction: {af / 100:g}"
        parsed.problem(line, "t_vaf", get("af"), "a percentage? allele fractions are 0 to 1", fix)
    if len(parsed.problems) + parsed.unlisted > before:
        return None
    pos, ref, alt = anchored(pos, ref, alt)
    if reads["depth"] is None and reads["ref_reads"] is not None and reads["alt_reads"] is not None:
        reads["depth"] = reads["ref_reads"] + reads["alt_reads"]
    if reads["depth"] and reads["alt_reads"] is not None:
        af = reads["alt_reads"] / reads["depth"]
    return {
        "name": get("sample"),
        "line": line,
        "chrom": chrom,
        "pos": pos,
        "ref": ref,
        "alt": alt,
        "gene": "" if get("gene").lower() in UNKNOWN else get("gene"),
        "consequence": term,
        "impact": impact,
        "hgvsp": three_letters(get("hgvsp") or get("short")),
        "hgvsc": "" if get("hgvsc").lower() in UNKNOWN else get("hgvsc"),
        "transcript": "" if get("transcript").lower() in UNKNOWN else get("transcript"),
        "filters": filters(get("filter"), get("status")),
        "somatic": says_somatic(get("status")) or bool(matched(get("normal"), get("sample"))),
        # who the normal is, where nothing else says somatic: one name for several patients is no matched normal
        "normal": "" if says_somatic(get("status")) else matched(get("normal"), get("sample")),
        "build": builds.of_accession(get("chrom")) or get("build"),
        "af": af,
        **reads,
    }


def _consequence(parsed: Parsed, line: int, get: Callable[[str], str]) -> tuple[str, str]:
    """Sequence Ontology term(s) and impact; a problem where the class is not known."""
    text = get("class")
    word = re.sub(r"[ -]+", "_", text.strip().lower())
    impact = get("impact").upper()
    found = CLASSES.get(word)
    if found is None:
        terms = [re.sub(r" +", "_", t.strip()) for t in re.split(r"[&,;]", text.strip()) if t]
        terms = [t if t in TERMS else f"{t}_variant" for t in terms]
        known = [t for t in terms if t in TERMS]
        if not known:
            fix = "a Variant_Classification of the MAF format (Missense_Mutation ...) or a Sequence Ontology term"
            parsed.problem(line, "Variant_Classification", text, "is not known", fix)
            return "", ""
        worst = min((TERMS[t] for t in known), key=list(IMPACTS).index)
        found = ("&".join(known), worst)
    term, own = found
    if term == "splice_site_variant":
        sign = re.search(r"c\.[*-]?\d+([+-])\d", get("hgvsc"))
        term = {"+": "splice_donor_variant", "-": "splice_acceptor_variant"}.get(
            sign.group(1) if sign else "", term
        )
    return term, impact if impact in IMPACTS and impact == own else own


def known_symbols(text: str, symbols: Mapping[str, str]) -> list[str]:
    """The genes in use that a cell of genes names, each once: "TP53;WRAP53" names TP53.

    `symbols`: name in capitals -> the symbol in use (known_names). Ensembl ids are taken without their version.
    """
    parts = [part.strip().upper() for part in re.split(r"[;,|]", text)]
    parts = [part.split(".")[0] if part.startswith("ENSG") else part for part in parts]
    return list(dict.fromkeys(symbols[part] for part in parts if part in symbols))


def known_names(wanted: Iterable[str], aliases: Mapping[str, str]) -> dict[str, str]:
    """Name in capitals -> the wanted gene: its symbol, its other names (`aliases`: name -> gene), its Ensembl id."""
    wanted = list(wanted)
    made = {name.upper(): gene for name, gene in aliases.items() if gene in wanted}
    made |= {number: gene for number, gene in builds.gene_ids().items() if gene in wanted}
    return made | {gene.upper(): gene for gene in wanted}


def anchored(pos: int, ref: str, alt: str) -> tuple[int, str, str]:
    """VCF position and alleles of a MAF variant; NN stands for the two bases before an indel, which a MAF does not give.

    Two, because one N before an inserted A reads NA, which many programs take for a missing value.
    """
    if ref == "-":
        return max(1, pos - 1), UNKNOWN_BASES, UNKNOWN_BASES + alt
    if alt == "-":
        return max(1, pos - 2), UNKNOWN_BASES + ref, UNKNOWN_BASES
    return pos, ref, alt


def filters(text: str, status: str) -> list[str]:
    """Filters that a record failed; Mutation_Status Germline, LOH, Wildtype and Artifact are such as well.

    What programs write for an empty cell (None, nan, - ...) is none: a lost mutation would turn absent.
    """
    named = [w for w in re.split(r"[;,]", text) if w.strip().lower() not in UNKNOWN | PASSING]
    word = status.strip().lower()
    more = [word] if word in ("germline", "loh", "wildtype", "artifact") else []
    return [re.sub(r"[^A-Za-z0-9_.-]", "_", w.strip()) for w in named] + more


def says_somatic(status: str) -> bool:
    """Does the record itself say that it is somatic?"""
    return status.strip().lower() == "somatic"


#: What stands in the column of the normal where a pool, a panel or nothing was the normal.
NO_NORMAL = {"normal", "no", "unmatched", "germline", "control"}
POOLED = re.compile(r"(^|[^a-z])pon\d*([^a-z]|$)|pool|panel")


def matched(normal: str, tumour: str) -> str:
    """Name of the patient's own normal as a record gives it; "" where that is a pool, a panel, the tumour or nothing."""
    name = normal.strip()
    low = name.lower()
    if low in UNKNOWN | NO_NORMAL or POOLED.search(low) or low == tumour.strip().lower():
        return ""
    return name


AMINO_3 = dict(zip("ARNDCQEGHILKMFPSTWYVX*", "Ala Arg Asn Asp Cys Gln Glu Gly His Ile Leu Lys Met Phe Pro Ser Thr Trp "
                   "Tyr Val Xaa Ter".split(), strict=True))  # fmt: skip


def three_letters(text: str) -> str:
    """HGVS p. with three-letter residues: p.G12D and G12D give p.Gly12Asp; what is no p. gives ""."""
    text = text.strip().split(":")[-1]
    if text.lower() in UNKNOWN:
        return ""
    # ANNOVAR: GENE:transcript:exon:c.:p.,...; or words before the change, as "KRAS p.G12D"
    inside = re.search(r"(?:^|[\s,;])p\.(\S+?)(?=[,;\s]|$)", text)
    body = (inside.group(1) if inside else text.removeprefix("p.")).strip("()")
    if re.match(
        r"(Ala|Arg|Asn|Asp|Cys|Gln|Glu|Gly|His|Ile|Leu|Lys|Met|Phe|Pro|Ser|Thr|Trp|Tyr|Val|Ter|Sec)\d", body
    ):
        return f"p.{body}"
    if not re.match(r"[A-Z*]\d+", body):
        return ""
    body = re.sub(r"_splice$", "", body) if not body.endswith("_splice") else ""
    if not body:
        return ""
    return "p." + re.sub(r"[ARNDCQEGHILKMFPSTWYVX*](?![a-z])", lambda m: AMINO_3[m.group()], body)


# Segments


def read_segments(path: str, wanted: Iterable[str] | None = None) -> Parsed:
    """Segments of the wanted samples (None: all): total and minor copies, clonal fraction, second state."""
    chosen = None if wanted is None else set(wanted)
    parsed, found = Parsed(path), None
    for line, header, cells in table_rows(parsed, "segments"):
        if found is None:
            found = find_columns(header, "segments")
            if "major_1" in found and "minor_1" in found:
                for name in ("major", "minor", "total"):
                    found.pop(name, None)
            if lacking(parsed, "segments", found, ["sample", "chrom", "start", "end"]):
                return parsed.done()
            if not ({"total", "major_1"} & found.keys() or {"major", "minor"} <= found.keys()):
                message = "no column of copies"
                if "log2" in found:
                    message += " (a log2 ratio alone does not tell them)"
                fix = "total copies (total_copies, tcn, CNt, total_cn ...), or major and minor (nMajor and nMinor, A and B)"
                parsed.problem(1, "total_copies", "", message, fix)
                return parsed.done()
        get = _getter(found, cells)
        name = get("sample")
        parsed.names.setdefault(name, line)
        if chosen is None or name in chosen:
            row = _segment(parsed, line, get)
            if row is not None:
                parsed.rows.append(row)
    _overlaps(parsed)
    return parsed.done()


def _segment(parsed: Parsed, line: int, get: Callable[[str], str]) -> dict[str, Any] | None:
    before = len(parsed.problems) + parsed.unlisted
    start = _whole(parsed, line, "start", get("start"), 0)
    end = _whole(parsed, line, "end", get("end"), 1)
    if start is not None and end is not None and end < start:
        parsed.problem(line, "end", get("end"), f"is before the start ({start})", "correct one of the two")
    row = {"name": get("sample"), "line": line, "chrom": _chromosome(parsed, line, "chrom", get("chrom"))}
    row["build"] = builds.of_accession(get("chrom")) or get("build")
    row |= {"start": max(1, start or 1), "end": end, "second": None, "sample_fraction": None}
    if get("major_1") or get("minor_1"):
        row |= _two_states(parsed, line, get)
    else:
        row |= _one_state(parsed, line, get)
    return row if len(parsed.problems) + parsed.unlisted == before else None


def _one_state(parsed: Parsed, line: int, get: Callable[[str], str]) -> dict[str, Any]:
    total, _ = _amount(parsed, line, "total copies", get("total"), MOST_COPIES)
    minor, _ = _amount(parsed, line, "minor copies", get("minor"), MOST_COPIES)
    major, _ = _amount(parsed, line, "major copies", get("major"), MOST_COPIES)
    if major is not None and minor is not None:
        if minor > major:
            major, minor = minor, major
        if total is not None and abs(total - major - minor) > 0.5:
            message = f"is not major and minor copies together ({major:g} + {minor:g})"
            parsed.problem(line, "total copies", get("total"), message, "correct one of the three")
        total = major + minor if total is None else total
    if total is not None and minor is not None and minor > total / 2 + 0.25:
        if minor > total:
            message = f"are more than all copies ({total:g})"
            parsed.problem(line, "minor copies", get("minor"), message, "correct one of the two")
        minor = total - minor
    fraction, right = _amount(parsed, line, "clonal fraction", get("fraction"), 100)
    if right and fraction is not None and fraction > 1:
        if fraction > 1.05:
            fix = f"as a fraction: {fraction / 100:g}"
            parsed.problem(line, "clonal fraction", get("fraction"), "a percentage? 0 to 1 is meant", fix)
        fraction = 1.0
    share, _ = _amount(parsed, line, "cf", get("sample_fraction"), 1.05)
    return {"total": total, "minor": minor, "fraction": fraction, "sample_fraction": share}


def _two_states(parsed: Parsed, line: int, get: Callable[[str], str]) -> dict[str, Any]:
    """Battenberg: state 1 in a share of the tumour cells, state 2 in the others (NA: one state)."""
    values = {}
    for name in ("major_1", "minor_1", "fraction_1", "major_2", "minor_2"):
        most = 1.05 if name == "fraction_1" else MOST_COPIES
        values[name], _ = _amount(parsed, line, name, get(name), most)
    rest, _ = _amount(parsed, line, "fraction_2", get("fraction_2"), 1.05)
    one, two = (values["major_1"], values["minor_1"]), (values["major_2"], values["minor_2"])
    if None in one:
        return {"total": None, "minor": None, "fraction": None}
    made = {"total": sum(one), "minor": min(one), "fraction": values["fraction_1"]}
    if None not in two and (made["fraction"] if made["fraction"] is not None else 1) < 1:
        made["second"] = (sum(two), min(two))
        made["second_fraction"] = rest
    return made


def _overlaps(parsed: Parsed) -> None:
    """Segments of one sample do not overlap; one shared base is taken off (two programs count ends differently)."""
    last: dict[tuple[str, str], dict[str, Any]] = {}
    for row in sorted(parsed.rows, key=lambda r: (r["name"], r["chrom"], r["start"], r["end"])):
        before = last.get((row["name"], row["chrom"]))
        if before and row["start"] <= before["end"]:
            if row["start"] == before["end"] and row["end"] > row["start"]:
                row["start"] += 1
            else:
                message = f"overlaps the segment of line {before['line']} ({before['start']}-{before['end']})"
                parsed.problem(
                    row["line"], "start", row["start"], message, "one segment for each place of a sample"
                )
                continue
        last[row["name"], row["chrom"]] = row


# Translocations


def read_translocations(path: str, known: Iterable[str], wanted: Iterable[str] | None = None) -> Parsed:
    """Rows (name, line, translocation or breakpoints, state) of the wanted samples; three shapes of table.

    Long: sample, translocation and, if the table has it, state. Wide: one column per translocation. Breakpoints:
    sample, chrom1, pos1, chrom2, pos2; which translocation that is the regions tell later.
    """
    chosen, known = None if wanted is None else set(wanted), set(known)
    parsed, found, wide, points = Parsed(path), None, {}, False
    for line, header, cells in table_rows(parsed, "translocations"):
        if found is None:
            found = find_columns(header, "translocations")
            points = {"chrom_1", "pos_1", "chrom_2", "pos_2"} <= found.keys()
            wide = _wide_columns(parsed, line, header, found, known, points or "name" in found)
            if lacking(parsed, "translocations", found, ["sample"]):
                return parsed.done()
            if not (wide or points or "name" in found):
                fix = "translocation (and state), or one column per translocation such as t(4;14), or chrom1 pos1 chrom2 pos2"
                parsed.problem(1, "translocation", "", "no column of translocations", fix)
                return parsed.done()
        get = _getter(found, cells)
        name = get("sample")
        parsed.names.setdefault(name, line)
        if chosen is not None and name not in chosen:
            continue
        base = {"name": name, "line": line, "build": get("build")}
        for named, columns in wide.items():
            state = _wide_state(parsed, line, named, [(title, cells[place]) for title, place in columns])
            parsed.rows.append({**base, "translocation": named, "state": state})
        if points or "name" in found:
            _long_row(parsed, line, get, base, known, "state" in found)
    _contradictions(parsed)
    return parsed.done()


def _wide_columns(
    parsed: Parsed, line: int, header: list[str], found: Mapping[str, int], known: set[str], listed: bool
) -> dict[str, list[tuple[str, int]]]:
    """Translocation -> its columns (title, place); a problem for a column that looks like one and is not understood.

    `listed`: the table names them in a column or by breakpoints as well; a column with the name of a gene alone is none
    then, it may be its expression.
    """
    wide: dict[str, list[tuple[str, int]]] = {}
    for place, title in enumerate(header):
        if place in found.values():
            continue
        written = re.search(r"^[tT][(._ ]?\d|IG[HKL]|MYC", title)
        named = translocation_name(title, known) if written or not listed else ""
        words = set(re.split(r"[^A-Z0-9]+", title.upper()))
        if named in known:
            wide.setdefault(named, []).append((title, place))
        elif named == "other":
            parsed.notes.append(
                f"{parsed.path}: column {title} is no translocation of the config and is left out"
            )
        elif not listed and (written or PAIR.search(title) or words & {*PARTNERS, "MYC", "CMYC"}):
            fix = "name it like t(4;14), IGH_NSD2 or NSD2, or take the column out"
            parsed.problem(line, title, "", "looks like a translocation and is not understood", fix)
    return wide


def _wide_state(parsed: Parsed, line: int, named: str, cells: list[tuple[str, str]]) -> str:
    """State of a translocation by its columns: present wins; those that mean the same and differ are a problem.

    FGFR3 is lost in a quarter of the t(4;14) (Keats, Blood 2003;101:1520): its absence alone contradicts nothing.
    """
    states = [(title, _state(parsed, line, title, text)) for title, text in cells]
    firm = [state for title, state in states if not _of_fgfr3(title)]
    said = {state for title, state in states if not (_of_fgfr3(title) and state == "absent" and firm)}
    if {"present", "absent"} <= said:
        message = f"{named} is " + ", ".join(f"{state} by {title}" for title, state in states)
        parsed.problem(line, states[0][0], cells[0][1], message, "correct one of the columns")
    return next((state for state in ("present", "absent") if state in said), "not_assessable")


def _of_fgfr3(title: str) -> bool:
    words = set(re.split(r"[^A-Z0-9]+", title.upper()))
    return "FGFR3" in words and not words & {"NSD2", "WHSC1", "MMSET", "T"}


def _terms(text: str, known: set[str]) -> list[str]:
    """The translocations that one cell names, each by itself; IGH/NSD2 stays one."""
    made = []
    for part in re.split(
        r"[,|;+](?![^(]*\))|\b(?:and|plus|with)\b|(?<=[)\s])\s*(?=t\()", text, flags=re.IGNORECASE
    ):
        pieces = re.split(r"[/&](?![^(]*\))", part)
        alone = len(pieces) > 1 and all(translocation_name(p.strip(), known) for p in pieces)
        made += pieces if alone else [part]
    return made


def _long_row(
    parsed: Parsed, line: int, get: Callable[[str], str], base: dict, known: set[str], has_state: bool
) -> None:
    """A listed name is present where the table has no column of states; an empty cell of that column: not tested."""
    text = get("name")
    state = _state(parsed, line, "state", get("state")) if has_state else "present"
    # a name that is none, as the identifiers of a BEDPE, leaves it to the breakpoints
    named = translocation_name(text, known) in known
    if get("chrom_1") and get("pos_1") and not named:
        places = {}
        for side in ("1", "2"):
            places[f"chrom_{side}"] = _chromosome(parsed, line, f"chrom{side}", get(f"chrom_{side}"))
            places[f"pos_{side}"] = _whole(parsed, line, f"pos{side}", get(f"pos_{side}"))
        said = [builds.of_accession(get(f"chrom_{side}")) for side in ("1", "2")]
        base = {**base, "build": next(filter(None, said), base["build"])}
        parsed.rows.append({**base, **places, "translocation": "", "state": state})
        return
    untested = [{**base, "translocation": name, "state": "not_assessable"} for name in sorted(known)]
    if text.strip().lower() in (UNKNOWN | UNTESTED_WORDS) - NO_TRANSLOCATION:
        # the sample is listed, what was found in it is not: no statement of completeness may make that "absent"
        parsed.rows += untested
        return
    for part in _terms(text, known):
        part = part.strip()
        if part.lower() in NO_TRANSLOCATION:
            # "none" with an empty or untested state was not looked for; any other state says it again
            parsed.rows += untested if has_state and state == "not_assessable" and get("state") else []
            continue
        if not part or part.lower() in UNKNOWN:
            continue
        named = translocation_name(part, known)
        if named == "other":
            parsed.notes.append(
                f"{parsed.path}:{line}: {part} is no translocation of the config and is left out"
            )
        elif not named:
            fix = suggestion(
                part, known, "spellings like t(4;14), t(4;14)(p16;q32), IGH-NSD2, IGH::MAF, or none"
            )
            parsed.problem(line, "translocation", part, "is not understood", fix)
        else:
            parsed.rows.append({**base, "translocation": named, "state": state})


def translocation_name(text: str, known: Iterable[str]) -> str:
    """The config's name of a translocation in another spelling; "other" for one the config does not know, "" else."""
    known = set(known)
    if text in known:
        return text
    compact = re.sub(r"\s+", "", text.strip())
    # also t.4.14. and t_4_14, as R and spreadsheets write it
    pair = re.match(r"(?i)^t[(._]?(\d{1,2}|X|Y)[;:/,._-](\d{1,2}|X|Y)(?!\d)[)._]?(.*)$", compact)
    if pair:
        sides = sorted(pair.group(1, 2), key=lambda c: (not c.isdigit(), int(c) if c.isdigit() else 0))
        name, rest = f"t({sides[0]};{sides[1]})", pair.group(3).upper()
        if re.match(r"[;:/,._-]?(\d|X\b|Y\b)", rest):
            return ""  # three chromosomes: which of them is the partner only the report says
        if not _says_no_more(name, rest):
            return ""
        bands = re.match(r"\(?([PQ]\d+)[\d.]*[;:/,._-]([PQ]\d+)[\d.]*\)?", rest)
        if bands and name in known:
            written = zip(pair.group(1, 2), bands.groups(), strict=True)
            if any(not re.match(BANDS.get(c, ""), band.lower()) for c, band in written):
                return "other"
        if name == "t(8;14)" and ("MAFA" in rest or "Q24.3" in rest):
            name = "t(8;14)_MAFA"
        return name if name in known else "other"
    upper = compact.upper()
    if re.fullmatch(r"(C-?)?MYC([-:_]*(REARRANGEMENT|REARRANGED|R|SV|TRANSLOCATION|BREAK(APART)?))?", upper):
        return "MYC_rearrangement" if "MYC_rearrangement" in known else "other"
    parts = [p for p in re.split(r"::|--|[-/_;]|(?<=[A-Z0-9])\(|\)", upper.replace("C-MAF", "CMAF")) if p]
    loci = {"IGH", "IGK", "IGL", "IGH@", "IGK@", "IGL@", "IG"}
    locus = next((p.rstrip("@") for p in parts if p in loci), "")
    genes = [p for p in parts if p not in loci and p not in HARMLESS and not re.fullmatch(r"IG[HKL]\w+", p)]
    if any(re.fullmatch(r"IG[HKL]\w+", p) for p in parts):  # a gene segment, as IGHV3-23
        genes = [g for g in genes if not g.isdecimal()]
    named = {PARTNERS[g] for g in genes if g in PARTNERS}
    myc = {"MYC", "CMYC"} & set(genes)
    strange = [g for g in genes if g not in PARTNERS and g not in myc]
    if (named or myc) and (strange or len(named) + bool(myc) > 1):
        return ""  # more than one translocation, or words that may say anything
    if any(name in gene for gene in strange for name in (*PARTNERS, "MYC")):
        return ""
    if locus and myc:
        name = MYC_WITH.get(locus, "MYC_rearrangement")
        return name if name in known else "other"
    if len(named) == 1 and (locus in ("", "IGH", "IG")):
        name = named.pop()
        return name if name in known else "other"
    return "other" if locus and genes else ""


def _says_no_more(name: str, rest: str) -> bool:
    """Is what stands behind t(a;b) nothing but bands, genes of this translocation and harmless words?"""
    for word in re.findall(r"[PQ]\d+(?:\.\d+)?|[A-Z0-9@]+", rest.replace("C-MAF", "CMAF")):
        mine = PARTNERS.get(word, "").removesuffix("_MAFA") == name
        mine = mine or (word in ("MYC", "CMYC") and name in MYC_WITH.values())
        band = re.fullmatch(r"[PQ]\d+(\.\d+)?", word)
        if not (mine or band or word in HARMLESS or re.fullmatch(r"IG[HKL]@?", word)):
            return False
    return True


def _state(parsed: Parsed, line: int, field_name: str, text: str) -> str:
    word = text.strip().lower()
    if word in PRESENT_WORDS:
        return "present"
    if word in UNTESTED_WORDS:
        return "not_assessable"
    if word in ABSENT_WORDS:
        return "absent"
    fix = "present, absent or not tested (also 1, 0 and NA; yes and no)"
    parsed.problem(line, field_name, text, "is no state", fix)
    return "not_assessable"


def _contradictions(parsed: Parsed) -> None:
    seen: dict[tuple[str, str], dict[str, Any]] = {}
    for row in parsed.rows:
        if not row["translocation"] or row["state"] == "not_assessable":
            continue
        first = seen.setdefault((row["name"], row["translocation"]), row)
        if first["state"] != row["state"]:
            message = (
                f"{row['translocation']} is {row['state']} here and {first['state']} in line {first['line']}"
            )
            parsed.problem(row["line"], "state", row["state"], message, "correct one of the two")


# Gene counts


def read_counts(path: str, wanted: Iterable[str] | None = None) -> Parsed:
    """Counts: one row per gene; `rows` hold gene_id, gene_name and the counts of the wanted samples by name."""
    parsed, found = Parsed(path), None
    seen: dict[str, int] = {}
    chosen: dict[str, int] = {}
    id_at = name_at = 0
    for line, header, cells in table_rows(parsed, "counts"):
        if found is None:
            found = [key_of(name) for name in header]
            ids = [
                i
                for i, k in enumerate(found)
                if k in ("geneid", "ensembl", "ensemblid", "ensemblgeneid", "gene", "id", "")
            ]
            names = [
                i
                for i, k in enumerate(found)
                if k in ("genename", "symbol", "genesymbol", "hugosymbol", "hugo")
            ]
            id_at = ids[0] if ids else (names[0] if names else 0)
            name_at = names[0] if names else id_at
            for place, title in enumerate(header):
                if place not in (id_at, name_at):
                    parsed.names[title] = 1
                    if wanted is None or title in set(wanted):
                        chosen[title] = place
        gene = cells[id_at]
        if not gene:
            parsed.problem(line, header[id_at], "", "is empty", "one gene id per row")
            continue
        if gene in seen:
            parsed.problem(
                line, header[id_at], gene, f"stands twice (first in line {seen[gene]})", "one row per gene"
            )
            continue
        seen[gene] = line
        row = {"gene_id": gene, "gene_name": cells[name_at]}
        for title, place in chosen.items():
            value = _whole(parsed, line, title, cells[place], 0)
            row[title] = value
        parsed.rows.append(row)
    return parsed.done()


def short_name(path: str) -> str:
    """The file's name without its folder: what evidence names."""
    return os.path.basename(path)
