"""Variants: what they are, what they do to a protein, where they may be planted."""

from dataclasses import dataclass

import numpy as np

from .codons import CODE, longest_run, reverse_complement
from .genome import Gene, Genome


@dataclass(frozen=True, order=True)
class Variant:
    """A SNV or indel as in a VCF; `pos` is 0-based. Indels carry the base before them."""

    chrom: str
    pos: int
    ref: str
    alt: str

    @property
    def end(self) -> int:
        return self.pos + len(self.ref)

    @property
    def is_snv(self) -> bool:
        return len(self.ref) == len(self.alt) == 1


def apply(sequence: str, offset: int, variants: list[Variant]) -> str:
    """`sequence` (which starts at `offset` of the contig) with all `variants` that lie inside it."""
    for v in sorted(variants, reverse=True):
        low = v.pos - offset
        if low < 0 or low + len(v.ref) > len(sequence):
            continue
        if sequence[low : low + len(v.ref)] != v.ref:
            raise ValueError(f"{v} does not match the sequence")
        sequence = sequence[:low] + v.alt + sequence[low + len(v.ref) :]
    return sequence


class CodingIndex:
    """Which gene and which base of its CDS a position of the genome is."""

    def __init__(self, genome: Genome):
        self.genome = genome
        self._at: dict[tuple[str, int], tuple[Gene, int]] = {}
        self._cds: dict[str, str] = {}
        for gene in genome.genes:
            done = 0
            for start, end in gene.cds:
                for k in range(end - start):
                    at = start + k if gene.strand == "+" else end - 1 - k
                    self._at[(gene.chrom, at)] = (gene, done + k)
                done += end - start
            self._cds[gene.symbol] = gene.spliced(genome.contigs[gene.chrom], gene.cds)

    def find(self, chrom: str, pos: int) -> tuple[Gene, int] | None:
        """Gene and 0-based CDS offset, or None outside of any CDS."""
        return self._at.get((chrom, pos))

    def cds(self, gene: Gene) -> str:
        return self._cds[gene.symbol]

    def effect(self, variant: Variant) -> tuple[str, str, str]:
        """(gene, class, protein change) of a variant: non_coding, synonymous, missense, nonsense, frameshift ..."""
        first = variant.pos if variant.is_snv else variant.pos + 1
        found = self.find(variant.chrom, first)
        if found is None:
            return "", "non_coding", ""
        gene, offset = found
        if not variant.is_snv:
            size = abs(len(variant.ref) - len(variant.alt))
            kind = (
                "frameshift"
                if size % 3
                else ("inframe_deletion" if len(variant.ref) > 1 else "inframe_insertion")
            )
            return gene.symbol, kind, ""
        alt = variant.alt if gene.strand == "+" else reverse_complement(variant.alt)
        frame = offset // 3 * 3
        codon = self.cds(gene)[frame : frame + 3]
        changed = codon[: offset - frame] + alt + codon[offset - frame + 1 :]
        before, after = CODE[codon], CODE[changed]
        kind = "synonymous" if before == after else "nonsense" if after == "*" else "missense"
        if before == "*" or frame == 0:
            kind = "start_stop" if before != after else kind
        return gene.symbol, kind, f"p.{before}{frame // 3 + 1}{after}"

    def hotspot(self, symbol: str, residue: int, becomes: str) -> Variant:
        """The single-base change of codon `residue` of a gene that makes the residue `becomes` (* for a stop)."""
        gene = self.genome.gene(symbol)
        offset = 3 * (residue - 1)
        codon = self.cds(gene)[offset : offset + 3]
        for k in range(3):
            for base in "ACGT":
                changed = codon[:k] + base + codon[k + 1 :]
                if changed != codon and CODE[changed] == becomes:
                    return self._snv(gene, offset + k, base)
        raise ValueError(f"{symbol} {residue}: no single base makes {codon} a {becomes}")

    def _snv(self, gene: Gene, offset: int, base: str) -> Variant:
        for start, end in gene.cds:
            if offset < end - start:
                at = start + offset if gene.strand == "+" else end - 1 - offset
                alt = base if gene.strand == "+" else reverse_complement(base)
                return Variant(gene.chrom, at, self.genome.contigs[gene.chrom][at], alt)
            offset -= end - start
        raise ValueError(f"{gene.symbol}: offset beyond its CDS")


def plain(sequence: str, pos: int, reach: int = 15) -> bool:
    """No N, no run of five and no tandem repeat of 2-3 bases (four copies) within `reach` of `pos`."""
    around = sequence[max(0, pos - reach) : pos + reach + 1]
    if "N" in around or longest_run(around) >= 5:
        return False
    for size in (2, 3):
        for i in range(len(around) - 4 * size):
            if around[i : i + 4 * size] == around[i : i + size] * 4:
                return False
    return True


def random_snv(sequence: str, chrom: str, pos: int, rng: np.random.Generator) -> Variant:
    """A SNV at `pos`; transitions are twice as likely as transversions together."""
    ref = sequence[pos]
    transition = {"A": "G", "G": "A", "C": "T", "T": "C"}[ref]
    if rng.random() < 2 / 3:
        return Variant(chrom, pos, ref, transition)
    others = [b for b in "ACGT" if b not in (ref, transition)]
    return Variant(chrom, pos, ref, others[int(rng.integers(2))])


def random_indel(sequence: str, chrom: str, pos: int, size: int, insertion: bool, rng: np.random.Generator):
    """An indel after `pos` that has one representation only (it can be shifted neither way), or None."""
    anchor, following = sequence[pos], sequence[pos + 1]
    if insertion:
        text = "".join(rng.choice(list("ACGT"), size=size))
        if text[-1] == anchor or text[0] == following or longest_run(anchor + text + following) >= 4:
            return None
        return Variant(chrom, pos, anchor, anchor + text)
    gone = sequence[pos + 1 : pos + 1 + size]
    after = sequence[pos + 1 + size]
    if gone[-1] == anchor or gone[0] == after or "N" in gone:
        return None
    return Variant(chrom, pos, anchor + gone, anchor)
