"""Reference files of the miniature genome: FASTA, GTF, VCFs, targets, regions, arms."""

from pathlib import Path

import pysam

from . import catalogue
from .genome import Gene, Genome
from .germline import Site
from .tables import write_table

SOURCE = "miniature demo genome"
REGION_TARGETS = 6  # that a copy-number region holds at least


def write_reference(folder: Path, genome: Genome, sites: list[Site], seed: int) -> None:
    """Write everything below DIR/reference."""
    folder.mkdir(parents=True, exist_ok=True)
    write_fasta(folder / "genome.fa", genome)
    write_gtf(folder / "genes.gtf", genome)
    common = [s for s in sites if s.kind in ("common", "moderate")]
    write_sites(folder / "common_sites.vcf.gz", genome, common)
    write_sites(folder / "germline.vcf.gz", genome, sites)
    with open(folder / "targets.bed", "w") as handle:
        for t in genome.targets:
            handle.write(f"{t.chrom}\t{t.start}\t{t.end}\t{t.gene}\n")
    write_table(folder / "regions.tsv", region_rows(genome))
    write_table(folder / "arms.tsv", arm_rows(genome))


def write_fasta(path: Path, genome: Genome) -> None:
    """60 bases a line."""
    with open(path, "w") as handle:
        for name, sequence in genome.contigs.items():
            handle.write(f">{name}\n")
            handle.writelines(sequence[i : i + 60] + "\n" for i in range(0, len(sequence), 60))


def write_gtf(path: Path, genome: Genome) -> None:
    """GENCODE style: gene, transcript, exon, CDS (without the stop), start_codon, stop_codon."""
    with open(path, "w") as handle:
        handle.write("##description: miniature demo genome, made up\n##format: gtf\n")
        for gene in genome.genes:
            handle.writelines(gtf_lines(gene))


def gtf_lines(gene: Gene) -> list[str]:
    """All GTF lines of a gene."""
    common = f'gene_id "{gene.gene_id}"; '
    tail = f'gene_type "{gene.biotype}"; gene_name "{gene.symbol}"; '
    transcript = f'transcript_id "{gene.transcript_id}"; '
    more = f'transcript_type "{gene.biotype}"; transcript_name "{gene.symbol}-201"; '
    ending = 'level 2; tag "basic"; tag "Ensembl_canonical";'

    def line(feature: str, start: int, end: int, frame: str, attributes: str) -> str:
        return f"{gene.chrom}\tDEMO\t{feature}\t{start + 1}\t{end}\t.\t{gene.strand}\t{frame}\t{attributes}\n"

    out = [line("gene", gene.start, gene.end, ".", common + tail + "level 2;")]
    whole = common + transcript + tail + more
    out.append(line("transcript", gene.start, gene.end, ".", whole + ending))
    coding = list(_split_stop(gene))
    for number, (start, end) in enumerate(gene.exons, start=1):
        rank = f'exon_number {number}; exon_id "{gene.gene_id.replace("ENSG", "ENSE").split(".")[0]}{number:03d}.1"; '
        out.append(line("exon", start, end, ".", whole + rank + ending))
        for feature, low, high, frame in coding:
            if start <= low and high <= end:
                out.append(line(feature, low, high, frame, whole + rank + ending))
    return out


def _split_stop(gene: Gene):
    """(feature, start, end, frame) of the CDS without its stop, and of the start and stop codons."""
    total = sum(e - s for s, e in gene.cds)
    done = 0
    for start, end in gene.cds:
        size = end - start
        for feature, low, high in (
            ("start_codon", 0, 3),
            ("CDS", 0, total - 3),
            ("stop_codon", total - 3, total),
        ):
            a, b = max(low, done), min(high, done + size)
            if a >= b:
                continue
            frame = str((3 - (a - low) % 3) % 3)
            span = (
                (start + a - done, start + b - done)
                if gene.strand == "+"
                else (end - (b - done), end - (a - done))
            )
            yield feature, *span, frame
        done += size


def write_sites(path: Path, genome: Genome, sites: list[Site]) -> None:
    """A VCF of sites with AF only, bgzipped and indexed (two sites never share a place)."""
    plain = path.with_suffix("")
    with open(plain, "w") as handle:
        handle.write("##fileformat=VCFv4.2\n")
        handle.write('##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency">\n')
        for name, sequence in genome.contigs.items():
            handle.write(f"##contig=<ID={name},length={len(sequence)}>\n")
        handle.write("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
        for s in sites:
            v = s.variant
            handle.write(f"{v.chrom}\t{v.pos + 1}\t.\t{v.ref}\t{v.alt}\t.\tPASS\tAF={s.frequency:.6g}\n")
    pysam.tabix_compress(str(plain), str(path), force=True)
    plain.unlink()
    pysam.tabix_index(str(path), preset="vcf", force=True)


def arm_rows(genome: Genome) -> list[dict]:
    """Arms of all chromosomes, 1-based inclusive."""
    return [
        {
            "chrom": a.chrom,
            "arm": a.arm,
            "start": a.start + 1,
            "end": a.end,
            "informative": "yes" if a.informative else "no",
            "source": SOURCE,
        }
        for a in genome.arms
    ]


def region_rows(genome: Genome) -> list[dict]:
    """Regions like those of GRCh38, 1-based inclusive."""
    rows = []

    def add(name: str, kind: str, symbols: list[str], flank: int, shown: list[str] | None = None) -> None:
        genes = [genome.gene(symbol) for symbol in symbols]
        chrom = genes[0].chrom
        rows.append(
            {
                "name": name,
                "kind": kind,
                "chrom": chrom,
                "start": max(1, min(g.start for g in genes) + 1 - flank),
                "end": min(len(genome.contigs[chrom]), max(g.end for g in genes) + flank),
                "genes": ";".join(shown if shown is not None else symbols),
                "source": SOURCE,
            }
        )

    for name, symbols, shown in (
        ("del1p32", ["CDKN2C", "FAF1"], None),
        ("del1p22", ["RPL5"], None),
        ("gain1q", ["CKS1B"], None),
        ("del13q", ["RB1", "DIS3"], None),
        ("del16q_CYLD", ["CYLD"], None),
        ("del17p", ["TP53", "EFNB3"], ["TP53"]),
        ("del6q25", ["TNFAIP3"], []),
        ("del8p22", [_first(genome, "chr8", "p")], []),
        ("gainMYC", ["MYC"], None),
        ("gain11q", ["BIRC3"], []),
        ("del12p13", ["CDKN1B"], None),
    ):
        add(name, "copy_number", symbols, 500, shown)
        _widen(rows[-1], genome)
    for name in catalogue.IG_LOCI:
        segments = [g.symbol for g in genome.genes if g.kind == "ig" and g.symbol.startswith(name)]
        add(name, "ig_locus", segments, 600, [name])
    for name, symbols in (
        ("NSD2", ["NSD2", "FGFR3"]),
        ("CCND3", ["CCND3"]),
        ("MYC", ["MYC", "PVT1"]),
        ("MAFA", ["MAFA"]),
        ("CCND1", ["CCND1"]),
        ("CCND2", ["CCND2"]),
        ("MAF", ["MAF"]),
        ("MAFB", ["MAFB"]),
    ):
        add(name, "partner", symbols, 1000, symbols[:1] if name == "MYC" else symbols)
    return rows


def _first(genome: Genome, chrom: str, arm: str) -> str:
    """Symbol of the middle gene of an arm that has none of the real ones."""
    own = next(a for a in genome.arms if (a.chrom, a.arm) == (chrom, arm))
    inside = [g for g in genome.genes if g.chrom == chrom and own.start <= g.start and g.end <= own.end]
    return inside[len(inside) // 2].symbol


def _widen(row: dict, genome: Genome) -> None:
    """Let a copy-number region reach over its nearest targets until it holds REGION_TARGETS."""
    near = [t for t in genome.targets if t.chrom == row["chrom"]]
    near.sort(key=lambda t: max(row["start"] - t.start, t.end - row["end"], 0))
    for target in near[:REGION_TARGETS]:
        row["start"] = min(row["start"], target.start + 1)
        row["end"] = max(row["end"], target.end)
