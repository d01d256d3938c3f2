"""References made ready in results/references; what is given stays untouched, no index stands beside it.

Contig names come from the FASTA. Everything else (GTF, VCFs, targets, regions) is held against it, and a
mismatch is an error that names the contig and says which build it looks like.
"""

import gzip
import logging
import math
import os
import re
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from myeloma import files, run

# Length of chromosome 1 (NCBI assembly reports): tells the builds apart at a glance.
CHR1_LENGTHS = {
    248956422: "GRCh38",
    249250621: "GRCh37 (hg19, b37)",
    247249719: "hg18",
    248387328: "T2T-CHM13",
}
BWA_ENDINGS = {
    "bwa": (".amb", ".ann", ".bwt", ".pac", ".sa"),
    "bwa-mem2": (".0123", ".amb", ".ann", ".bwt.2bit.64", ".pac"),
    "bwa-mem4": (".0123", ".amb", ".ann", ".bwt.2bit.64", ".pac"),
}
MITOCHONDRIAL = ("chrM", "MT", "M", "chrMT")
ATTRIBUTE = re.compile(r'(\w+)\s+(?:"([^"]*)"|([^\s;"]+))\s*;?')
SITES_COMPARED = 2000


class ReferenceError(ValueError):
    """References do not fit together; the message names file, contig and what to do."""


Contigs = dict[str, int]


# Contigs


def read_fai(path: str | os.PathLike) -> Contigs:
    """Contig -> length in bases, in the order of the FASTA, from its .fai index."""
    with open(path, encoding="utf-8") as handle:
        return {row[0]: int(row[1]) for row in (line.split("\t") for line in handle if line.strip())}


def plain(contig: str) -> str:
    """The contig's name without the prefix chr; the mitochondrial contig is MT."""
    name = contig[3:] if contig.lower().startswith("chr") else contig
    return "MT" if name in ("M", "MT") else name


def build_of(contigs: Mapping[str, int]) -> str:
    """The build that the length of chromosome 1 tells, "" when it tells none."""
    return next((CHR1_LENGTHS.get(n, "") for name, n in contigs.items() if plain(name) == "1"), "")


def check_contigs(names: Iterable[str], contigs: Contigs, where: str) -> list[str]:
    """Names that the FASTA lacks, allowed when others are there; raises ReferenceError on a mismatch.

    A mismatch: no name in common, or one that the FASTA has under the other spelling (chr1 and 1).
    """
    names = list(dict.fromkeys(names))
    missing = [name for name in names if name not in contigs]
    spelling = {plain(name): name for name in contigs}
    for name in missing:
        if plain(name) in spelling:
            raise ReferenceError(
                f"{where}: contig {name} is {spelling[plain(name)]} in the FASTA; "
                "use a file with the contig names of the FASTA "
                "(bcftools annotate --rename-chrs for a VCF, sed for BED and GTF)"
            )
    if names and len(missing) == len(names):
        raise ReferenceError(
            f"{where}: none of its contigs ({_some(names)}) is in the FASTA ({_some(contigs)}); "
            "is it of another genome?"
        )
    return missing


def check_lengths(lengths: Mapping[str, int], contigs: Contigs, where: str) -> None:
    """Raise ReferenceError where a contig has another length than in the FASTA: another build."""
    for name, length in lengths.items():
        if name in contigs and contigs[name] != length:
            raise ReferenceError(
                f"{where}: contig {name} has {length} bases, in the FASTA {contigs[name]}"
                f"{_builds(lengths, contigs)}; use a file of the FASTA's build"
            )


def _builds(theirs: Mapping[str, int], ours: Mapping[str, int]) -> str:
    said = [
        f"{who} looks like {build_of(c)}" for who, c in (("it", theirs), ("the FASTA", ours)) if build_of(c)
    ]
    return f" ({', '.join(said)})" if said else ""


def _inside(contig: str, end: int, contigs: Contigs, where: str) -> None:
    if end > contigs[contig]:
        raise ReferenceError(
            f"{where}: {contig} ends at {contigs[contig]} in the FASTA, but position {end} is named; "
            "is it of another build?"
        )


def _some(names: Iterable[str], most: int = 4) -> str:
    names = list(names)
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


# The genome


def prepare_genome(given: str, fasta: str, fai: str, dictionary: str, build: str = "") -> Contigs:
    """Link (or decompress) the FASTA, index it, and write its dictionary with M5 and without a path.

    Raises ReferenceError for what is no FASTA, for a contig that stands twice, and where `build` names
    GRCh38, hg19 or b37 but chromosome 1 has the length of another build. Without a FASTA (a cohort without
    samples) all three are empty.
    """
    if not given:
        for path in (fasta, fai, dictionary):
            Path(path).write_bytes(b"")
        return {}
    _look_like_fasta(given)
    if _gzipped(given):
        _decompress(given, fasta)
    else:
        link(given, fasta)
    with files.whole(fai, ".fai") as private:
        run.command(["samtools", "faidx", "--fai-idx", private, fasta])
    contigs = read_fai(fai)
    lines = run.command(["samtools", "dict", fasta]).splitlines()
    sequences = [line for line in lines if line.startswith("@SQ")]
    names = [_field(line, "SN") for line in sequences]
    twice = sorted({n for n in names if names.count(n) > 1}) if len(names) != len(contigs) else []
    if twice:
        raise ReferenceError(f"{given}: contig {twice[0]} stands twice; keep one of them")
    check_build(contigs, build, given)
    with files.whole(dictionary) as private, open(private, "w", encoding="utf-8") as handle:
        for line in lines:
            kept = [f for f in line.split("\t") if not f.startswith("UR:")]
            handle.write("\t".join(kept) + "\n")
    return contigs


def check_build(contigs: Contigs, build: str, where: str) -> None:
    """Raise ReferenceError where chromosome 1 tells another build than the config names."""
    seen = build_of(contigs)
    known = {"GRCh38": "GRCh38", "hg38": "GRCh38", "hg19": "GRCh37", "b37": "GRCh37", "GRCh37": "GRCh37"}
    if seen and build in known and not seen.startswith(known[build]):
        raise ReferenceError(
            f"{where}: chromosome 1 has the length of {seen}, but reference.build is {build}"
        )


def _field(line: str, tag: str) -> str:
    return next((f[len(tag) + 1 :] for f in line.split("\t") if f.startswith(f"{tag}:")), "")


def _gzipped(path: str | os.PathLike) -> bool:
    with open(path, "rb") as handle:
        return handle.read(2) == b"\x1f\x8b"


def _look_like_fasta(path: str) -> None:
    try:
        with gzip.open(path) if _gzipped(path) else open(path, "rb") as handle:
            first = handle.read(1)
    except (EOFError, OSError) as error:
        raise ReferenceError(f"{path}: cannot be read as a FASTA: {error}") from error
    if first != b">":
        raise ReferenceError(f"{path}: is not a FASTA (the first character is not >)")


def _decompress(given: str, target: str) -> None:
    """Any gzip (also bgzip) to plain text; a truncated file is an error and leaves nothing behind."""
    with files.whole(target) as private:
        try:
            with gzip.open(given) as packed, open(private, "wb") as handle:
                shutil.copyfileobj(packed, handle, 1 << 22)
        except (EOFError, OSError) as error:
            raise ReferenceError(f"{given}: is truncated or damaged: {error}") from error


def link(given: str | os.PathLike, target: str | os.PathLike) -> None:
    """A symbolic link `target` to the file `given`, made whole; `given` is not touched."""
    folder = Path(target).parent
    folder.mkdir(parents=True, exist_ok=True)
    private = Path(tempfile.mkdtemp(prefix=".link.", dir=folder))
    try:
        os.symlink(os.path.abspath(given), private / "link")
        os.replace(private / "link", target)
    finally:
        shutil.rmtree(private, ignore_errors=True)


@contextmanager
def whole_folder(target: str | os.PathLike) -> Iterator[Path]:
    """Yield a private folder beside `target`; it becomes `target` when the block ends without error."""
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    private = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield private
        os.chmod(private, 0o755)
        if target.is_symlink():
            target.unlink()
        elif target.exists():
            shutil.rmtree(target)
        os.replace(private, target)
    finally:
        shutil.rmtree(private, ignore_errors=True)


def fetch(fasta: str | os.PathLike, fai: str | os.PathLike):
    """A function (contig, position, length) -> bases in upper case, 1-based, read by the .fai index."""
    with open(fai, encoding="utf-8") as lines:
        rows = {r[0]: tuple(map(int, r[1:5])) for r in (line.rstrip("\n").split("\t") for line in lines)}

    def bases(contig: str, position: int, length: int) -> str:
        _, offset, per_line, width = rows[contig]
        first = position - 1
        start = offset + first // per_line * width + first % per_line
        last = first + length
        stop = offset + last // per_line * width + last % per_line
        with open(fasta, "rb") as handle:
            handle.seek(start)
            text = handle.read(stop - start)
        return text.replace(b"\n", b"").replace(b"\r", b"").decode().upper()[:length]

    return bases


# Aligner indices


def index_bwa(aligner: str, fasta: str, prefix: str) -> None:
    """Index for bwa, bwa-mem2 or bwa-mem4 with the given prefix; all of its files or none."""
    folder = Path(prefix).parent
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".index.", dir=folder) as private:
        inside = Path(private) / Path(prefix).name
        run.command([aligner, "index", "-p", inside, fasta])
        for ending in BWA_ENDINGS[aligner]:
            os.replace(f"{inside}{ending}", f"{prefix}{ending}")


def star_sizes(contigs: Contigs) -> tuple[int, int]:
    """(genomeSAindexNbases, genomeChrBinNbits) for a genome, after the STAR manual 2.7, section 2.2.5."""
    total = sum(contigs.values())
    index = min(14, int(math.log2(total) / 2 - 1))
    bins = min(18, int(math.log2(max(total / len(contigs), 100))))
    return max(index, 1), bins


def index_star(fasta: str, fai: str, gtf: str, folder: str, threads: int = 1, memory_mb: int = 0) -> None:
    """STAR genome folder; splice junctions from `gtf` unless it is "". Overhang 100, STAR's default."""
    index, bins = star_sizes(read_fai(fai))
    with whole_folder(folder) as private, tempfile.TemporaryDirectory(prefix="star.") as scratch:
        words = ["STAR", "--runMode", "genomeGenerate", "--runThreadN", threads, "--genomeDir", private]
        words += ["--genomeFastaFiles", fasta, "--genomeSAindexNbases", index, "--genomeChrBinNbits", bins]
        words += ["--outFileNamePrefix", f"{scratch}/", "--outTmpDir", f"{scratch}/tmp"]
        if gtf:
            words += ["--sjdbGTFfile", gtf, "--sjdbOverhang", 100]
        if memory_mb:
            words += ["--limitGenomeGenerateRAM", int(memory_mb) * 1_000_000]
        run.command(words)


def index_salmon(fasta: str, fai: str, gtf: str, folder: str, transcripts: str, threads: int = 1) -> None:
    """salmon index of the GTF's transcripts with the genome as decoy (Srivastava, Genome Biol 2020;21:239).

    `transcripts`: transcript_id gene_id, with their versions, of every transcript with an exon. Transcripts of
    the same sequence are kept: their genes differ (twins of immunoglobulin V genes).
    """
    exons: dict[tuple[str, str, str, str], list[tuple[int, int]]] = defaultdict(list)
    for _, feature in read_gtf(gtf):
        if feature.kind == "exon":
            name = feature.attributes.get("transcript_id", "")
            if not name:
                raise ReferenceError(f"{gtf}: an exon of {feature.gene_id} has no transcript_id")
            exons[name, feature.gene_id, feature.chrom, feature.strand].append((feature.start, feature.end))
    twice = [name for name, times in Counter(key[0] for key in exons).items() if times > 1]
    if twice:
        raise ReferenceError(f"{gtf}: transcript {twice[0]} has exons on two contigs, strands or genes")
    turn, bases = str.maketrans("ACGTN", "TGCAN"), fetch(fasta, fai)
    with whole_folder(folder) as private, tempfile.TemporaryDirectory(prefix="salmon.") as scratch:
        with files.whole(transcripts) as table, open(table, "w", encoding="utf-8") as names:
            names.write("transcript_id\tgene_id\n")
            with open(Path(scratch, "all.fa"), "w", encoding="utf-8") as out:
                for (name, gene, chrom, strand), spans in exons.items():
                    text = "".join(bases(chrom, start, end - start + 1) for start, end in sorted(spans))
                    out.write(f">{name}\n{text if strand == '+' else text.translate(turn)[::-1]}\n")
                    names.write(f"{name}\t{gene}\n")
                with open(fasta, encoding="utf-8") as genome:
                    shutil.copyfileobj(genome, out)
        Path(scratch, "decoys").write_text("".join(f"{contig}\n" for contig in read_fai(fai)))
        words = ["salmon", "index", "--threads", threads, "--transcripts", Path(scratch, "all.fa")]
        words += ["--decoys", Path(scratch, "decoys"), "--keepDuplicates", "--index", private / "index"]
        run.command(words)
        for path in (private / "index").iterdir():
            os.replace(path, private / path.name)
        (private / "index").rmdir()


# Annotation


class Feature(NamedTuple):
    """A line of a GTF: 1-based inclusive positions; `attributes` holds the last value of each key."""

    chrom: str
    kind: str
    start: int
    end: int
    strand: str
    frame: str
    attributes: dict[str, str]

    @property
    def gene_id(self) -> str:
        return self.attributes.get("gene_id", "")

    @property
    def gene_name(self) -> str:
        return self.attributes.get("gene_name") or self.gene_id

    def biotype(self, of: str) -> str:
        return self.attributes.get(f"{of}_type") or self.attributes.get(f"{of}_biotype") or ""


def read_gtf(path: str | os.PathLike) -> Iterator[tuple[str, Feature]]:
    """(line as written, feature) of a GTF, comments left out; raises ReferenceError with the line number."""
    with files.open_text(path) if str(path).endswith(".gz") else open(path, encoding="utf-8") as handle:
        for number, line in enumerate(handle, 1):
            if line.startswith("#") or not line.strip():
                continue
            cells = line.rstrip("\r\n").split("\t")
            if len(cells) != 9:
                raise ReferenceError(f"{path}:{number}: a GTF line has 9 columns, this one {len(cells)}")
            found = {key: a or b for key, a, b in ATTRIBUTE.findall(cells[8])}
            if "gene_id" not in found:
                hint = " (is it GFF3? a GTF is needed)" if "ID=" in cells[8] or "Parent=" in cells[8] else ""
                raise ReferenceError(f"{path}:{number}: no gene_id{hint}")
            try:
                start, end = int(cells[3]), int(cells[4])
            except ValueError as error:
                raise ReferenceError(f"{path}:{number}: start and end must be whole numbers") from error
            if not 1 <= start <= end:
                raise ReferenceError(
                    f"{path}:{number}: start {start} and end {end} are not 1-based and ordered"
                )
            yield line, Feature(cells[0], cells[2], start, end, cells[6], cells[7], found)


def prepare_annotation(given: str, fai: str, gtf: str, genes: str, coding: str, exons: str) -> None:
    """The GTF on the contigs of the FASTA, the table of genes, and the coding bases of each gene.

    `genes`: gene_id gene_name chrom start end strand biotype, 1-based inclusive, in the order of the FASTA.
    `coding`: gene_name chrom start end, the union of CDS and stop codons per gene, 1-based inclusive.
    `exons`: gene_id chrom start end strand, the union of the exons per gene on its contig, 1-based inclusive.
    Lines on contigs that the FASTA lacks are left out and counted in the log.
    """
    contigs = read_fai(fai)
    rows: dict[str, list] = {}
    spans: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    read: dict[str, list[tuple[int, int]]] = defaultdict(list)
    names, kept, elsewhere = set(), 0, set()
    with files.whole(gtf) as private, open(private, "w", encoding="utf-8") as handle:
        for line, feature in read_gtf(given):
            names.add(feature.chrom)
            if feature.chrom not in contigs:
                continue
            _inside(feature.chrom, feature.end, contigs, given)
            handle.write(line.rstrip("\r\n") + "\n")
            kept += 1
            _note_gene(rows, feature, elsewhere)
            if feature.kind == "exon" and rows[feature.gene_id][2] == feature.chrom:
                read[feature.gene_id].append((feature.start, feature.end))
            if feature.kind in ("CDS", "stop_codon"):
                spans[feature.gene_name, feature.chrom].append((feature.start, feature.end))
        missing = check_contigs(sorted(names), contigs, given)
        if not read:
            raise ReferenceError(
                f"{given}: has no exon lines on the contigs of the FASTA; a GTF with exons is needed"
            )
    logging.info("%d lines kept; contigs not in the FASTA, left out: %s", kept, ", ".join(missing) or "none")
    logging.info("genes on two contigs, kept on the first: %s", ", ".join(sorted(elsewhere)) or "none")
    order = {name: i for i, name in enumerate(contigs)}
    inorder = sorted(rows.values(), key=lambda r: (order[r[2]], r[3], r[4], r[0]))
    with files.whole(genes) as private, open(private, "w", encoding="utf-8") as handle:
        handle.write("gene_id\tgene_name\tchrom\tstart\tend\tstrand\tbiotype\n")
        for row in inorder:
            handle.write("\t".join(map(str, row)) + "\n")
    with files.whole(exons) as private, files.open_text(private, "w") as handle:
        handle.write("gene_id\tchrom\tstart\tend\tstrand\n")
        for row in inorder:
            for start, end in merged(read[row[0]]):
                handle.write(f"{row[0]}\t{row[2]}\t{start}\t{end}\t{row[5]}\n")
    with files.whole(coding) as private, files.open_text(private, "w") as handle:
        handle.write("gene_name\tchrom\tstart\tend\n")
        for (name, chrom), intervals in sorted(
            spans.items(), key=lambda i: (order[i[0][1]], min(i[1]), i[0][0])
        ):
            for start, end in merged(intervals):
                handle.write(f"{name}\t{chrom}\t{start}\t{end}\n")


def _note_gene(rows: dict[str, list], feature: Feature, elsewhere: set[str]) -> None:
    """Add a feature to its gene's row: the span of all lines of the gene."""
    row = rows.get(feature.gene_id)
    if row is None:
        rows[feature.gene_id] = [
            feature.gene_id,
            feature.gene_name,
            feature.chrom,
            feature.start,
            feature.end,
            feature.strand,
            feature.biotype("gene"),
        ]
    elif row[2] != feature.chrom:
        elsewhere.add(feature.gene_id)
    else:
        row[3], row[4] = min(row[3], feature.start), max(row[4], feature.end)
        row[6] = row[6] or feature.biotype("gene")


def merged(intervals: Iterable[tuple[int, int]], gap: int = 1) -> list[tuple[int, int]]:
    """Union of inclusive intervals, sorted; those at most `gap` apart are joined (1 = touching)."""
    union: list[tuple[int, int]] = []
    for start, end in sorted(intervals):
        if union and start <= union[-1][1] + gap:
            union[-1] = (union[-1][0], max(end, union[-1][1]))
        else:
            union.append((start, end))
    return union


# GFF3 for bcftools csq and the SnpEff database


class _Transcript:
    """Lines of one transcript while a GTF is read."""

    def __init__(self, feature: Feature):
        self.gene, self.name, self.chrom, self.strand = (
            feature.gene_id,
            feature.gene_name,
            feature.chrom,
            feature.strand,
        )
        self.gene_biotype = feature.biotype("gene")
        self.biotype = feature.biotype("transcript")
        self.exons: list[tuple[int, int]] = []
        self.cds: list[tuple[int, int, str]] = []
        self.stop: list[tuple[int, int]] = []

    def add(self, feature: Feature) -> None:
        if feature.kind == "exon":
            self.exons.append((feature.start, feature.end))
        elif feature.kind == "CDS":
            self.cds.append((feature.start, feature.end, feature.frame))
        elif feature.kind == "stop_codon":
            self.stop.append((feature.start, feature.end))

    def coding(self) -> list[tuple[int, int]]:
        """CDS with its stop codon, which a GTF keeps apart and GFF3 does not; joined where they touch."""
        return merged([(s, e) for s, e, _ in self.cds] + self.stop) if self.cds else []


def write_gff3(gtf: str, path: str) -> None:
    """A GFF3 as `bcftools csq` reads it (Ensembl style), bgzipped: genes, transcripts, exons, CDS, UTR.

    IDs are gene:... and transcript:...; biotypes as in the GTF, by the presence of a CDS where it has none.
    """
    found: dict[tuple[str, str], _Transcript] = {}
    for _, feature in read_gtf(gtf):
        name = feature.attributes.get("transcript_id", "")
        if not name or feature.kind == "gene":
            continue
        key = (name, feature.chrom)
        if key not in found:
            found[key] = _Transcript(feature)
        found[key].add(feature)
    genes: dict[tuple[str, str], list[tuple[str, _Transcript]]] = defaultdict(list)
    for (name, chrom), transcript in found.items():
        if transcript.exons:
            genes[transcript.gene, chrom].append((name, transcript))
    with files.whole(path) as private:
        plain_text = Path(f"{private}.txt")
        try:
            with open(plain_text, "w", encoding="utf-8") as handle:
                handle.write("##gff-version 3\n")
                for (gene, _), members in genes.items():
                    handle.writelines(line + "\n" for line in _gene_lines(gene, members))
            run.command(["bgzip", "-c", plain_text], stdout=private)
        finally:
            plain_text.unlink(missing_ok=True)


def _gene_lines(gene: str, members: Sequence[tuple[str, _Transcript]]) -> Iterator[str]:
    first = members[0][1]
    start = min(s for _, t in members for s, _ in t.exons)
    end = max(e for _, t in members for _, e in t.exons)
    coding = any(t.cds for _, t in members)
    biotype = first.gene_biotype or ("protein_coding" if coding else "lncRNA")
    yield _gff(
        first, "gene", start, end, ".", f"ID=gene:{gene};Name={_escaped(first.name)};biotype={biotype}"
    )
    for name, transcript in members:
        yield from _transcript_lines(name, transcript, gene)


def _transcript_lines(name: str, transcript: _Transcript, gene: str) -> Iterator[str]:
    exons = sorted(transcript.exons)
    biotype = transcript.biotype or ("protein_coding" if transcript.cds else "lncRNA")
    kind = "mRNA" if transcript.cds else "transcript"
    attributes = f"ID=transcript:{name};Parent=gene:{gene};biotype={biotype}"
    yield _gff(transcript, kind, exons[0][0], max(e for _, e in exons), ".", attributes)
    parent = f"Parent=transcript:{name}"
    for start, end in exons:
        yield _gff(transcript, "exon", start, end, ".", parent)
    coding = transcript.coding()
    if not coding:
        return
    for (start, end), phase in zip(coding, _phases(transcript, coding), strict=True):
        yield _gff(transcript, "CDS", start, end, str(phase), parent)
    for start, end in _outside(exons, coding[0][0], coding[-1][1]):
        left = end < coding[0][0]
        kind = "five_prime_UTR" if left == (transcript.strand == "+") else "three_prime_UTR"
        yield _gff(transcript, kind, start, end, ".", parent)


def _phases(transcript: _Transcript, coding: Sequence[tuple[int, int]]) -> list[int]:
    """Phase of each coding interval (bases to the next codon), from that of the first in transcription."""
    forward = transcript.strand != "-"
    ordered = sorted(transcript.cds) if forward else sorted(transcript.cds, reverse=True)
    phase = int(ordered[0][2]) if ordered[0][2] in "012" else 0
    phases = {}
    for start, end in coding if forward else reversed(coding):
        phases[start] = phase
        phase = (phase - (end - start + 1)) % 3
    return [phases[start] for start, _ in coding]


def _outside(exons: Iterable[tuple[int, int]], first: int, last: int) -> Iterator[tuple[int, int]]:
    """Parts of the exons before `first` and after `last`."""
    for start, end in exons:
        if start < first:
            yield start, min(end, first - 1)
        if end > last:
            yield max(start, last + 1), end


def _gff(transcript: _Transcript, kind: str, start: int, end: int, phase: str, attributes: str) -> str:
    cells = (transcript.chrom, "gtf", kind, start, end, ".", transcript.strand, phase, attributes)
    return "\t".join(map(str, cells))


def _escaped(text: str) -> str:
    return re.sub(r"[;=&,%\t]", lambda m: f"%{ord(m.group()):02X}", text)


def build_snpeff(fasta: str, gtf: str, folder: str, contigs: Contigs, memory_mb: int = 4000) -> None:
    """SnpEff database "genome" from the workflow's own FASTA and GTF, and genome.gff3.gz for bcftools csq.

    `folder` can be moved: snpEff.config names its data relative to itself. No download, no checks
    against protein files, which a GTF does not bring.
    """
    with whole_folder(folder) as private:
        data = private / "genome"
        data.mkdir()
        os.symlink(os.path.abspath(fasta), data / "sequences.fa")
        os.symlink(os.path.abspath(gtf), data / "genes.gtf")
        lines = ["data.dir = .", "codon.Standard : " + STANDARD_CODONS, "genome.genome : genome"]
        lines.append("codon.Vertebrate_Mitochondrial : " + MITOCHONDRIAL_CODONS)
        found = [name for name in MITOCHONDRIAL if name in contigs]
        lines += [f"genome.{name}.codonTable : Vertebrate_Mitochondrial" for name in found]
        (private / "snpEff.config").write_text("\n".join(lines) + "\n", encoding="utf-8")
        words = [
            "snpEff",
            f"-Xmx{int(memory_mb)}m",
            "build",
            "-gtf22",
            "-noCheckCds",
            "-noCheckProtein",
            "-noLog",
        ]
        words += ["-c", private.absolute() / "snpEff.config", "-dataDir", private.absolute(), "genome"]
        run.command(words)
        (data / "sequences.fa").unlink()
        (data / "genes.gtf").unlink()
        if not (data / "snpEffectPredictor.bin").is_file():
            raise ReferenceError(
                f"SnpEff made no database from {gtf}; its messages are in the log of this job"
            )
        write_gff3(gtf, str(private / "genome.gff3.gz"))


def _codons(amino_acids: str, starts: Sequence[str]) -> str:
    """A codon table as SnpEff writes it, from the 64 letters in the order TTT TTC TTA ... GGG."""
    codons = [a + b + c for a in "TCAG" for b in "TCAG" for c in "TCAG"]
    pairs = zip(codons, amino_acids, strict=True)
    return ", ".join(f"{c}/{a}{'+' * (c in starts)}" for c, a in pairs)


# NCBI translation tables 1 and 2; start codons as in SnpEff's own config.
STANDARD_CODONS = _codons(
    "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG", ("TTG", "CTG", "ATG")
)
MITOCHONDRIAL_CODONS = _codons(
    "FFLLSSSSYY**CCWWLLLLPPPPHHQQRRRRIIMMTTTTNNKKSS**VVVVAAAADDEEGGGG", ("ATT", "ATC", "ATA", "ATG", "GTG")
)


# Sites (VCF)


def prepare_sites(given: str, fasta: str, fai: str, vcf: str, needs_af: bool) -> None:
    """Link (or bgzip) a VCF and index it in results/references, once it fits the FASTA.

    Fits: contig names and lengths, and the reference alleles of the first records. `needs_af`: INFO/AF
    must be declared. Raises ReferenceError.
    """
    contigs = read_fai(fai)
    header = run.command(["bcftools", "view", "-h", given]).splitlines()
    lengths = {name: length for line in header for name, length in contig_lengths(line).items()}
    check_lengths(lengths, contigs, given)
    if needs_af and not any(re.match(r"##INFO=<ID=AF,", line) for line in header):
        raise ReferenceError(f"{given}: has no INFO/AF; a VCF with allele frequencies is needed")
    if _bgzipped(given):
        link(given, vcf)
    else:
        with files.whole(vcf) as private:
            run.command(["bcftools", "view", "-Oz", "-o", private, given])
    with files.whole(f"{vcf}.tbi") as private:
        run.command(["bcftools", "index", "-t", "-f", "-o", private, vcf])
    named = run.command(["tabix", "-l", vcf]).split()
    if not named:
        raise ReferenceError(f"{given}: has no records")
    missing = check_contigs(named, contigs, given)
    logging.info("contigs not in the FASTA: %s", ", ".join(missing) or "none")
    _check_alleles(given, vcf, next(n for n in named if n in contigs), fasta, fai)


def contig_lengths(line: str) -> Contigs:
    """{contig: length} of a ##contig line of a VCF header; {} of any other line."""
    found = re.match(r"##contig=<(?:.*,)?ID=([^,>]+)", line)
    length = re.search(r"[,<]length=([0-9]+)", line)
    return {found.group(1): int(length.group(1))} if found and length else {}


def _bgzipped(path: str) -> bool:
    """Is it block-gzipped (BGZF extra field), as an index needs it?"""
    with open(path, "rb") as handle:
        head = handle.read(16)
    return head[:4] == b"\x1f\x8b\x08\x04" and head[12:14] == b"BC"


def _check_alleles(given: str, vcf: str, contig: str, fasta: str, fai: str) -> None:
    """Reference alleles of the first records on a contig must be the bases of the FASTA."""
    bases, length = fetch(fasta, fai), read_fai(fai)[contig]
    seen = wrong = 0
    example = ""
    for position, allele in _first_records(vcf, contig):
        if position + len(allele) - 1 > length:
            raise ReferenceError(
                f"{given}: {contig}:{position} is beyond the end of {contig} in the FASTA ({length})"
            )
        here = bases(contig, position, len(allele))
        if "N" in here:
            continue
        seen += 1
        if here != allele.upper():
            wrong += 1
            example = example or f"{contig}:{position} is {here} in the FASTA, {allele} in the VCF"
    if wrong > 0.02 * seen:
        raise ReferenceError(
            f"{given}: {wrong} of {seen} reference alleles differ, e.g. {example}; another build?"
        )


def _first_records(vcf: str, contig: str) -> Iterator[tuple[int, str]]:
    with gzip.open(vcf, "rt", encoding="utf-8") as handle:
        count = 0
        for line in handle:
            if line.startswith("#"):
                continue
            cells = line.split("\t", 4)
            if cells[0] == contig:
                yield int(cells[1]), cells[3]
                count += 1
            elif count:
                return
            if count == SITES_COMPARED:
                return


# Intervals


def prepare_targets(given: str, fai: str, bed: str) -> None:
    """A kit's targets: header lines dropped, checked against the FASTA, sorted in its order, merged."""
    contigs = read_fai(fai)
    intervals = read_bed(given, contigs)
    missing = check_contigs(intervals, contigs, given)
    logging.info("contigs not in the FASTA, left out: %s", ", ".join(missing) or "none")
    total = 0
    with files.whole(bed) as private, open(private, "w", encoding="utf-8") as handle:
        for contig in (name for name in contigs if name in intervals):
            # half-open intervals that touch share a coordinate: gap 0
            for start, end in merged(intervals[contig], gap=0):
                handle.write(f"{contig}\t{start}\t{end}\n")
                total += end - start
    logging.info("%d bases in targets", total)


def read_bed(given: str, contigs: Contigs) -> dict[str, list[tuple[int, int]]]:
    """Contig -> intervals (0-based, half-open) of a BED; raises ReferenceError with file and line."""
    intervals: dict[str, list[tuple[int, int]]] = defaultdict(list)
    with gzip.open(given, "rt") if _gzipped(given) else open(given, encoding="utf-8-sig") as handle:
        for number, line in enumerate(handle, 1):
            where = f"{given}:{number}"
            if not line.strip() or line.startswith(("#", "track", "browser")):
                continue
            if line.startswith("@"):
                raise ReferenceError(f"{where}: looks like a Picard interval_list; give a BED (0-based)")
            cells = line.split()
            if len(cells) < 3 or not (cells[1].isdecimal() and cells[2].isdecimal()):
                raise ReferenceError(f"{where}: a BED line is contig, start, end; this one is not")
            start, end = int(cells[1]), int(cells[2])
            if start >= end:
                raise ReferenceError(f"{where}: start {start} is not before end {end}")
            if cells[0] in contigs:
                _inside(cells[0], end, contigs, where)
            intervals[cells[0]].append((start, end))
    if not intervals:
        raise ReferenceError(f"{given}: has no intervals")
    return intervals


def prepare_regions(given: str, fai: str, table: str, columns: Iterable[str]) -> None:
    """A table with chrom, start, end (1-based inclusive) under the contig names of the FASTA (no `fai`: as given).

    Without a table given it has the header `columns` and no row.

    chr1 and 1 are one contig here. Rows on contigs that the FASTA lacks stay as they are: their
    abnormalities are not assessable. A position beyond the end of a contig raises ReferenceError.
    """
    rows = [list(columns)]
    if given:
        with open(given, encoding="utf-8-sig") as handle:
            rows = regions_on(handle, read_fai(fai) if fai else {}, given)
    with files.whole(table) as private, open(private, "w", encoding="utf-8") as handle:
        handle.writelines("\t".join(row) + "\n" for row in rows)


def regions_on(lines: Iterable[str], contigs: Contigs, given: str) -> list[list[str]]:
    """Header and rows of a regions table, `chrom` as the FASTA spells it; see `prepare_regions`.

    No contigs (no FASTA): the rows stay as they are.
    """
    spelling = {plain(name): name for name in contigs}
    rows = [line.rstrip("\r\n").split("\t") for line in lines if line.strip()]
    header = rows[0] if rows else []
    lacking = [name for name in ("chrom", "start", "end") if name not in header]
    if lacking:
        raise ReferenceError(f"{given}:1: column {lacking[0]} is missing")
    at, end = header.index("chrom"), header.index("end")
    unknown = 0
    if not contigs:
        return rows
    for number, row in enumerate(rows[1:], 2):
        if len(row) <= max(at, end) or not row[end].isdecimal():
            raise ReferenceError(f"{given}:{number}: end is not a whole number")
        name = spelling.get(plain(row[at]))
        if name is None:
            unknown += 1
            continue
        _inside(name, int(row[end]), contigs, f"{given}:{number}")
        row[at] = name
    if contigs and unknown and unknown == len(rows) - 1:
        raise ReferenceError(f"{given}: none of its contigs is in the FASTA ({_some(contigs)})")
    return rows


def megabases(path: str) -> int:
    """Size of a genome in megabases by the size of its file; 3,200 while it is not there (a download)."""
    try:
        size = os.path.getsize(path)
    except OSError:
        return 3200
    return max(1, size * (4 if str(path).endswith(".gz") else 1) // 1_000_000)


def escaped(names: Iterable[str]) -> list[str]:
    """Names as regular expressions for a wildcard constraint; when there are none, one without a match."""
    return [re.escape(name) for name in names] or ["(?!)"]
