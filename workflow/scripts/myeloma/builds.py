"""Genome builds by name: spellings, lengths of chromosomes, contig names, and genes that tell builds apart.

One place for the question whether chr1 and 1, hg19 and b37 are the same. Lengths are the ends of the arms in
resources/arms_*.tsv, places of genes stand in resources/genes_*.tsv, each with its source.
"""

import csv
import functools
import re
from collections.abc import Mapping
from pathlib import Path

RESOURCES = Path(__file__).resolve().parents[3] / "resources"
#: Spelling (lower case) -> name of the build. hg19 and b37 have the same chromosomes 1-22, X and Y.
SPELLINGS = {
    "grch38": "GRCh38",
    "hg38": "GRCh38",
    "38": "GRCh38",
    "b38": "GRCh38",
    "hg19": "hg19",
    "grch37": "hg19",
    "b37": "hg19",
    "37": "hg19",
    "19": "hg19",
    "hs37d5": "hg19",
    "human_g1k_v37": "hg19",
    "grch37-lite": "hg19",
}
BUILDS = ("GRCh38", "hg19")
CHROMOSOMES = (*map(str, range(1, 23)), "X", "Y")
#: Ends the reason of the purity of a sample whose segments could be of another build: page one counts them.
NOT_TOLD = "nothing tells the genome build of the segments"
#: As PLINK and some SEG files number them.
NUMBERED = {"23": "X", "24": "Y"}


#: Versions of the RefSeq accessions NC_000001 ... NC_000024 in GRCh37; GRCh38 has the next one of each (NCBI assembly
#: reports GCF_000001405.25 and GCF_000001405.40).
REFSEQ_37 = (10, 11, 11, 11, 9, 11, 13, 10, 11, 10, 11, 11, 10, 8, 9, 9, 10, 9, 9, 10, 8, 10, 10, 9)
ACCESSION = re.compile(r"NC_0000(\d{2})(?:\.(\d+))?", re.IGNORECASE)
MITOCHONDRION = re.compile(r"NC_012920(\.\d+)?", re.IGNORECASE)
#: Contigs on which no call of the workflow lies: unplaced and alternative sequences, decoys, HLA, viruses (after a
#: prefix chr is taken off), as the GRCh37, hs37d5, GRCh38 and GDC references name them.
ELSEWHERE = re.compile(
    r"(GL|KI|KN|JH|JTFH|KB|KQ|KV|KZ|ML|MU|GJ)\d{6,}([.v]\d+)?(_\w+)?|Un[_-]\S+|\S+_(random|alt|fix|decoy|hap\d+|PATCH)|"
    r"NC_007605(\.\d+)?|N[TW]_\d+(\.\d+)?|hs37d5|hs38d1|HLA[-:*]\S+|HSCHR\S+|HG\d+\S*|EBV|phix\S*|CMV|HBV|"
    r"HCV-\d|HIV-\d|KSHV|HTLV-1|MCV|SV40|HPV\S*",
    re.IGNORECASE,
)


def canonical(name: str) -> str:
    """GRCh38 or hg19 by any of its spellings; "" for another build."""
    return SPELLINGS.get(str(name).strip().lower(), "")


def mentioned(text: str) -> str:
    """The one build that a text (the ##reference line of a VCF) names; "" for none or two."""
    low = text.lower()
    words = ("hg38", "grch38", "hg19", "grch37", "hs37d5", "g1k_v37", "b37")
    found = {canonical(word) or "hg19" for word in words if word in low}
    return found.pop() if len(found) == 1 else ""


def plain(contig: str) -> str:
    """1-22, X, Y or MT of chr1, CHR1, 1, 01, 1.0 (pandas), 23, NC_000001.10 ...; another name without its prefix chr."""
    name = str(contig).strip()
    name = name[3:] if name[:3].lower() == "chr" else name
    accession = ACCESSION.fullmatch(name)
    if accession and 1 <= int(accession.group(1)) <= len(REFSEQ_37):
        name = accession.group(1)
    if MITOCHONDRION.fullmatch(name):
        name = "MT"
    if re.fullmatch(r"0*\d{1,2}(\.0+)?", name):
        name = str(int(name.split(".")[0]))
    name = name.upper() if name.upper() in ("X", "Y", "M", "MT") else name
    return "MT" if name == "M" else NUMBERED.get(name, name)


#: What to write instead of a name that is not `understood`.
SPELLED = "1 to 22, X, Y, MT, with or without chr, or a RefSeq name (NC_000017.10)"


def understood(contig: str) -> bool:
    """Is the name a chromosome, or a contig on which no call of the workflow lies?"""
    name = plain(contig)
    return name in (*CHROMOSOMES, "MT") or bool(ELSEWHERE.fullmatch(name))


def of_accession(contig: str) -> str:
    """Build of a RefSeq chromosome by its version, the accession itself for a build that is not known; "" for another name."""
    found = ACCESSION.fullmatch(str(contig).strip())
    if not found or not found.group(2) or not 1 <= int(found.group(1)) <= len(REFSEQ_37):
        return ""
    later = int(found.group(2)) - REFSEQ_37[int(found.group(1)) - 1]
    return {0: "hg19", 1: "GRCh38"}.get(later, found.group())


def file_of(kind: str, build: str) -> str:
    """Path of resources/<kind>_<build>.tsv (regions, arms, genes); "" for a build that has none."""
    known = canonical(build)
    return str(RESOURCES / f"{kind}_{known.lower()}.tsv") if known else ""


@functools.cache
def lengths(build: str) -> dict[str, int]:
    """Chromosome (1-22, X, Y) -> bases; {} for a build that is not known."""
    path = file_of("arms", build)
    if not path:
        return {}
    with open(path, encoding="utf-8") as handle:
        return {
            plain(r["chrom"]): int(r["end"])
            for r in csv.DictReader(handle, delimiter="\t")
            if r["arm"] == "q"
        }


@functools.cache
def genes(build: str) -> dict[str, tuple[str, int, int]]:
    """Gene -> (chromosome, first base, last base) in the build; {} for a build that is not known."""
    path = file_of("genes", build)
    if not path:
        return {}
    with open(path, encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    return {r["gene_name"]: (plain(r["chrom"]), int(r["start"]), int(r["end"])) for r in rows}


@functools.cache
def gene_ids() -> dict[str, str]:
    """Ensembl id without version -> symbol, of the genes of resources/genes_*.tsv."""
    made: dict[str, str] = {}
    for build in BUILDS:
        with open(file_of("genes", build), encoding="utf-8") as handle:
            made |= {r["gene_id"]: r["gene_name"] for r in csv.DictReader(handle, delimiter="\t")}
    return made


@functools.cache
def neighbours() -> dict[str, set[str]]:
    """Gene -> other protein-coding genes that overlap it in one of the builds, in capitals."""
    made: dict[str, set[str]] = {}
    with open(RESOURCES / "gene_neighbours.tsv", encoding="utf-8") as handle:
        for row in csv.DictReader(handle, delimiter="\t"):
            made.setdefault(row["gene_name"], set()).add(row["neighbour"].upper())
    return made


def genes_at(build: str, chrom: str, pos: int) -> list[str]:
    """Genes of resources/genes_*.tsv that hold the position in the build."""
    return [g for g, (c, start, end) in genes(build).items() if c == plain(chrom) and start <= pos <= end]


def build_at(gene: str, chrom: str, pos: int) -> str:
    """The one build in which the position lies in the gene; "" where both, none or no such gene."""
    fits = []
    for build in BUILDS:
        at = genes(build).get(gene)
        if at and at[0] == plain(chrom) and at[1] <= pos <= at[2]:
            fits.append(build)
    return fits[0] if len(fits) == 1 else ""


@functools.cache
def windows(build: str, kind: str) -> tuple[tuple[str, str, int, int], ...]:
    """(name, chromosome, first base, last base) of the regions of that kind in the build; none for an unknown build."""
    path = file_of("regions", build)
    if not path:
        return ()
    with open(path, encoding="utf-8") as handle:
        rows = [r for r in csv.DictReader(handle, delimiter="\t") if r["kind"] == kind]
    return tuple((r["name"], plain(r["chrom"]), int(r["start"]), int(r["end"])) for r in rows)


def partner_of(build: str, one: tuple[str, int], other: tuple[str, int]) -> tuple[str, str]:
    """(immunoglobulin locus, partner window) that two breakpoints join in the build; ("", "") for another junction."""

    def at(kind: str, place: tuple[str, int]) -> str:
        found = (n for n, c, s, e in windows(build, kind) if c == plain(place[0]) and s <= place[1] <= e)
        return next(found, "")

    for here, there in ((one, other), (other, one)):
        locus, partner = at("ig_locus", here), at("partner", there)
        if locus and partner:
            return locus, partner
    return "", ""


def fits(build: str, chrom: str, end: int) -> bool:
    """Is the position on the chromosome of that build? True for chromosomes that are not known."""
    most = lengths(build).get(plain(chrom))
    return most is None or end <= most


def tells(build: str, chrom: str, end: int) -> bool:
    """Does the position say the build: on its chromosome in that one, beyond the end in every other known one?"""
    name, ours = plain(chrom), canonical(build)
    return (
        name in lengths(ours)
        and fits(ours, name, end)
        and not any(fits(other, name, end) for other in BUILDS if other != ours)
    )


def is_end_of_another(build: str, chrom: str, end: int) -> str:
    """The other known build whose chromosome ends at exactly this position; "" for none, or where both end there."""
    name, ours = plain(chrom), canonical(build)
    if not ours or lengths(ours).get(name) == end:
        return ""
    return next((other for other in BUILDS if other != ours and lengths(other).get(name) == end), "")


def named(contigs: Mapping[str, int] | None) -> dict[str, str]:
    """Chromosome -> its name in the FASTA; chr1 ... without one, as in the regions tables."""
    if contigs:
        return {plain(name): name for name in contigs}
    return {name: f"chr{name}" for name in CHROMOSOMES}
