"""Does the RNA of a tumour show its DNA variants? Fragments with the reference and the alternate allele.

A read counts where it reads through the whole variant: its bases between the two ends of the variant (for
an indel in a repeat: the ends of the repeat) are compared with both alleles, so that it does not matter
where the aligner put the gap. Introns are no gaps: a read that skips the variant says nothing. Duplicates are
kept (expression is not flat, and STAR's duplicates are not marked); two mates of one fragment count once.
"""

import os
from collections.abc import Mapping, Sequence

import pandas as pd
import pysam
from cyvcf2 import VCF
from scipy import stats

from myeloma import tables

SUPPORTED, NOT_SUPPORTED, NO_POWER = "supported", "not_supported", "no_power"
NOT_EXPRESSED, NO_RNA, NOT_COUNTED = "not_expressed", "no_rna", "not_counted"
STATES = (SUPPORTED, NOT_SUPPORTED, NO_POWER, NOT_EXPRESSED, NO_RNA, NOT_COUNTED)
_FLANK = 500  # bases beside an indel in which the end of a repeat is looked for
_SKIPPED = pysam.FUNMAP | pysam.FSECONDARY | pysam.FQCFAIL | pysam.FSUPPLEMENTARY


def passing(vcf: str | os.PathLike) -> list[tuple[str, int, str, str]]:
    """chrom, pos (1-based), ref, alt of the PASS records of a VCF."""
    reader = VCF(str(vcf))
    rows = [(r.CHROM, r.POS, r.REF, r.ALT[0]) for r in reader if r.FILTER in (None, "PASS") and r.ALT]
    reader.close()
    return rows


def window(pos: int, ref: str, alt: str, around: str, offset: int) -> tuple[int, int, str, str]:
    """Ends (0-based, half open) between which a read must be seen, and the bases of both alleles there.

    `around`: reference bases from 0-based `offset` on, long enough to hold the repeat around an indel.
    """
    start = pos - 1
    if len(ref) == len(alt):
        return start, start + len(ref), ref, alt
    end = start + len(ref)
    short, long = sorted((ref, alt), key=len)
    unit, shift = long[len(short) :], 0
    if long.startswith(short):  # the event may lie anywhere in a repeat: walk to its right end
        while end + shift - offset < len(around) and around[end + shift - offset] == unit[shift % len(unit)]:
            shift += 1
    last = end + shift + 1  # one base beyond, or the end of the gap is not seen
    tail = around[end - offset : last - offset]
    return start, last, ref + tail, alt + tail


def allele(read, start: int, end: int, ref: str, alt: str, min_quality: int) -> str:
    """What one read shows: "ref", "alt", "other", or "" where it does not read through with quality."""
    found = _between(read, start, end)
    if found is None:
        return ""
    bases, qualities = found
    if len(ref) == len(alt):
        trusted = min(qualities, default=0) >= min_quality
    else:
        trusted = bool(qualities) and min(qualities[0], qualities[-1]) >= min_quality
    if not trusted:
        return ""
    return "alt" if bases == alt else "ref" if bases == ref else "other"


def _between(read, start: int, end: int) -> tuple[str, list[int]] | None:
    """Bases and qualities of a read from reference base `start` to `end` - 1, both aligned; else None."""
    first = last = None
    reference, query = read.reference_start, 0
    for operation, length in read.cigartuples or ():
        if operation in (pysam.CMATCH, pysam.CEQUAL, pysam.CDIFF):
            if reference <= start < reference + length:
                first = query + start - reference
            if reference <= end - 1 < reference + length:
                last = query + end - 1 - reference
            reference, query = reference + length, query + length
        elif operation in (pysam.CINS, pysam.CSOFT_CLIP):
            query += length
        elif operation in (pysam.CDEL, pysam.CREF_SKIP):
            reference += length
    if first is None or last is None or read.query_sequence is None or read.query_qualities is None:
        return None
    return read.query_sequence[first : last + 1].upper(), list(read.query_qualities[first : last + 1])


def count(reads, variant: tuple[str, int, str, str], fasta, rules: Mapping) -> tuple[int, int, int]:
    """Fragments with the reference, the alternate and another allele.

    `reads`: an open, indexed alignment file; `fasta`: its open reference; `rules`: config section
    `rna_support`.
    """
    chrom, pos, ref, alt = variant
    offset = max(0, pos - 1)
    around = fasta.fetch(chrom, offset, pos - 1 + len(ref) + _FLANK).upper()
    start, end, ref_bases, alt_bases = window(pos, ref.upper(), alt.upper(), around, offset)
    seen: dict[str, set[str]] = {}
    for read in reads.fetch(chrom, start, start + 1):
        if read.flag & _SKIPPED or read.mapping_quality < rules["min_mapping_quality"]:
            continue
        shown = allele(read, start, end, ref_bases, alt_bases, rules["min_base_quality"])
        if shown:
            seen.setdefault(read.query_name, set()).add(shown)
    shown = [next(iter(one)) if len(one) == 1 else "other" for one in seen.values()]
    return shown.count("ref"), shown.count("alt"), shown.count("other")


def count_patient(
    ids: Mapping[str, str], vcf: str, cram: str, fasta: str, rules: Mapping, target: str
) -> None:
    """Write the counts (contract RNA_SUPPORT) of the passing variants of one patient.

    `ids`: patient, sample (DNA), rna_sample.
    """
    rows = []
    with (
        pysam.FastaFile(fasta) as reference,
        pysam.AlignmentFile(cram, reference_filename=fasta) as reads,
    ):
        for variant in passing(vcf):
            counted = count(reads, variant, reference, rules)
            rows.append({**ids, **dict(zip(COLUMNS, (*variant, *counted), strict=True))})
    frame = pd.DataFrame(rows, columns=tables.RNA_SUPPORT.names())
    tables.write(frame, target, tables.RNA_SUPPORT)


COLUMNS = ("chrom", "pos", "ref", "alt", "rna_ref", "rna_alt", "rna_other")


def read_all(paths: Sequence[str]) -> pd.DataFrame:
    """The counts of all patients."""
    frames = [tables.read(path, tables.RNA_SUPPORT) for path in paths]
    frames = [frame for frame in frames if len(frame)]
    return pd.concat(frames, ignore_index=True) if frames else tables.empty(tables.RNA_SUPPORT)


def judge(ref: int, alt: int, fraction: float | None, rules: Mapping) -> tuple[str, float | None]:
    """State of a variant by its fragments, and the power of its depth.

    Power: chance of `min_alt_fragments` or more if the RNA had the allele fraction of the DNA (both alleles
    equally expressed). With support the power is given too.
    """
    depth, least = ref + alt, rules["min_alt_fragments"]
    power = float(stats.binom.sf(least - 1, depth, fraction)) if fraction else None
    if alt >= least:
        return SUPPORTED, power
    if depth < rules["min_depth"]:
        return NOT_EXPRESSED, power
    if power is None or power < rules["power"]:
        return NO_POWER, power
    return NOT_SUPPORTED, power
