"""Transcripts of the GTF in use: which one speaks for a gene, and where its residues lie."""

import os
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from myeloma import files

ATTRIBUTE = re.compile(r'(\w+) "([^"]*)"')
# Best first; the longest coding sequence decides among equals (MANE: Morales, Nature 2022;604:310; APPRIS:
# Rodriguez, Nucleic Acids Res 2022;50:D54). The words of the tags are those of GENCODE's and Ensembl's GTF.
TAGS = {
    "MANE_Select": "MANE Select",
    "Ensembl_canonical": "Ensembl canonical",
    **{f"appris_principal_{number}": "APPRIS principal" for number in range(1, 6)},
    "appris_principal": "APPRIS principal",
}
LONGEST = "longest coding sequence"


@dataclass
class Transcript:
    """A transcript with its coding exons (1-based, inclusive) in genome order."""

    gene: str
    name: str
    chrom: str
    strand: str
    tags: set[str] = field(default_factory=set)
    coding: list[tuple[int, int]] = field(default_factory=list)
    exons: list[tuple[int, int]] = field(default_factory=list)  # filled where asked for

    @property
    def coding_length(self) -> int:
        return sum(end - start + 1 for start, end in self.coding)

    def residue(self, position: int) -> list[tuple[int, int]]:
        """Genome intervals (1-based, inclusive) of the codon of a residue; [] beyond the protein's end."""
        wanted = range(3 * position - 3, 3 * position)
        exons = self.coding if self.strand == "+" else self.coding[::-1]
        places, before = [], 0
        for start, end in exons:
            length = end - start + 1
            for base in wanted:
                if before <= base < before + length:
                    inside = base - before
                    places.append(start + inside if self.strand == "+" else end - inside)
            before += length
        return [(place, place) for place in sorted(places)] if len(places) == 3 else []


def stem(name: str) -> str:
    """Transcript id without its version."""
    return name.split(".")[0]


def read_transcripts(
    gtf: str | os.PathLike, genes: Collection[str] | None = None, exons: bool = False
) -> list[Transcript]:
    """Coding transcripts of the GTF (all genes, or those named), with all their exons if `exons`."""
    features = ("transcript", "CDS", "exon") if exons else ("transcript", "CDS")
    found: dict[str, Transcript] = {}
    with files.open_text(gtf) as handle:
        for line in handle:
            row = line.rstrip("\n").split("\t")
            if len(row) < 9 or row[2] not in features:
                continue
            pairs = ATTRIBUTE.findall(row[8])
            words = dict(pairs)
            gene = words.get("gene_name") or words.get("gene_id", "")
            if genes is not None and gene not in genes:
                continue
            name = words.get("transcript_id", "")
            made = found.setdefault(name, Transcript(gene, name, row[0], row[6]))
            made.tags.update(value for key, value in pairs if key == "tag")
            if row[2] == "CDS":
                made.coding.append((int(row[3]), int(row[4])))
            elif row[2] == "exon":
                made.exons.append((int(row[3]), int(row[4])))
    for made in found.values():
        made.coding.sort()
    return [made for made in found.values() if made.coding]


def canonical(transcripts: Iterable[Transcript]) -> dict[str, Transcript]:
    """Gene -> the transcript that speaks for it: by tag, then longest coding sequence, then id."""
    best: dict[str, Transcript] = {}
    for one in sorted(transcripts, key=_rank):
        best.setdefault(one.gene, one)
    return best


def basis(one: Transcript) -> str:
    """Why this transcript speaks for its gene: the best of its tags, else its length."""
    return next((said for name, said in TAGS.items() if name in one.tags), LONGEST)


def _rank(one: Transcript) -> tuple:
    tag = next((number for number, name in enumerate(TAGS) if name in one.tags), len(TAGS))
    return tag, -one.coding_length, one.name
