"""Benchmark data on real sequence: targets, genes, germline SNPs, planted somatic variants, reads by art_illumina.

Everything hangs on one seed. Made once below the work folder; a stamp says that it is whole.
"""

import gzip
import hashlib
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pysam
import yaml
from measure import PROJECT, run, say

sys.path.insert(0, str(PROJECT / "demo"))
from cohort_generator.reads import both_strands, cut_block, sequence_fragments, with_duplicates  # noqa: E402

DATA = "grch38_chr20_21_first10Mb"
#: Pairs of the tumour's and the normal's exome, and of the RNA.
SIZES = {
    "tiny": (6_000, 4_000, 20_000),
    "small": (150_000, 90_000, 200_000),
    "medium": (300_000, 180_000, 400_000),
    "full": (1_000_000, 600_000, 1_000_000),
}
TARGETS = {"tiny": 120, "small": 1900, "medium": 1900, "full": 1900}
#: Fusion transcripts in the RNA, and their pairs of reads.
FUSIONS, FUSION_PAIRS = 8, 60
FRACTIONS = (0.05, 0.1, 0.2, 0.35, 0.5)
SEED, MARGIN, DUPLICATES = 20, 420, 0.07
#: Population frequency of the germline SNPs: GetPileupSummaries takes none above 0.2.
FREQUENCY = 0.15


def make(folder: Path, size: str) -> Path:
    """The data of one size below `folder`; returns its folder."""
    here, stamp = folder / f"data-{size}", digest()
    if (here / "whole").exists() and (here / "whole").read_text() == stamp:
        return here
    shutil.rmtree(here, ignore_errors=True)
    (here / "in").mkdir(parents=True)
    say(f"making {size} reads in {here}")
    rng = np.random.default_rng(SEED)
    given = Path(os.environ.get("MYELOMA_DATA") or PROJECT.parent / "shared" / "data") / DATA
    found = sorted(given.glob("*.fa.gz"))
    if not found:
        raise SystemExit(f"{DATA} is not here: set MYELOMA_DATA to the folder that holds it")
    genome = read_fasta(found[0])
    write_fasta(here / "in/genome.fa", genome)
    targets = place_targets(genome, TARGETS[size], rng)
    with open(here / "in/targets.bed", "w") as handle:
        handle.writelines(f"{c}\t{s}\t{e}\n" for c, s, e in targets)
    write_places(here / "in", genome)
    genes = place_genes(genome, targets)
    write_gtf(here / "in/genes.gtf", genes)
    germline, somatic = plant(genome, targets, rng)
    write_sites(here / "in/sites.vcf.gz", genome, germline)
    with open(here / "truth.tsv", "w") as handle:
        handle.write("chrom\tpos\tref\talt\tfraction\n")
        handle.writelines(f"{c}\t{p + 1}\t{r}\t{a}\t{f}\n" for c, p, r, a, f in somatic)
    tumour, normal, rna = SIZES[size]
    lane = {"T": 1, "N": 2, "R": 3}
    cut = {
        "T": captured(genome, targets, germline, somatic, tumour, rng),
        "N": captured(genome, targets, germline, [], normal, rng),
        "R": spliced(genome, genes, rna, rng, here),
    }
    for name, fragments in cut.items():
        made = with_duplicates(both_strands(fragments, rng), DUPLICATES, rng)
        sequence_fragments(made, here / "in", f"B1-{name}", "HBENCHDSXX", lane[name], SEED + lane[name])
    write_sheets(here)
    (here / "whole").write_text(stamp)
    return here


def digest() -> str:
    """Of the code that makes the data: other code, other data."""
    code = (Path(__file__), PROJECT / "demo/cohort_generator/reads.py")
    return hashlib.sha256(b"".join(path.read_bytes() for path in code)).hexdigest()[:12]


def read_fasta(path: Path) -> dict[str, str]:
    """Contigs in capitals."""
    genome: dict[str, list[str]] = {}
    with gzip.open(path, "rt") as handle:
        for line in handle:
            if line.startswith(">"):
                mine = genome.setdefault(line[1:].split()[0], [])
            else:
                mine.append(line.strip().upper())
    return {name: "".join(lines) for name, lines in genome.items()}


def write_fasta(path: Path, genome: dict[str, str]) -> None:
    with open(path, "w") as handle:
        for name, sequence in genome.items():
            handle.write(f">{name}\n")
            handle.writelines(sequence[i : i + 60] + "\n" for i in range(0, len(sequence), 60))
    pysam.faidx(str(path))


def place_targets(genome, count: int, rng) -> list[tuple[str, int, int]]:
    """Intervals of 150-250 bases in known sequence, one in each stretch of equal length."""
    whole = sum(map(len, genome.values()))
    step = int(whole * 0.9 / count)
    found = []
    for chrom, sequence in genome.items():
        for at in range(2000, len(sequence) - step, step):
            size = int(rng.integers(150, 251))
            start = at + int(rng.integers(0, max(1, step - 1000)))
            around = sequence[start - 600 : start + size + 600]
            if len(around) == size + 1200 and set(around) <= set("ACGT"):
                found.append((chrom, start, start + size))
    return (
        found[:count]
        if len(found) < count
        else [found[i] for i in sorted(rng.choice(len(found), count, False))]
    )


def place_genes(genome, targets) -> list[tuple[str, str, list[tuple[int, int]]]]:
    """Genes of up to four exons in neighbouring targets of one contig, less than 60 kb apart; introns GT ... AG."""
    genes, run_of = [], []
    for target in [*targets, ("", 0, 0)]:
        if run_of and (target[0] != run_of[-1][0] or len(run_of) == 4 or target[1] - run_of[-1][2] > 60_000):
            exons = [spliced_exon(genome[run_of[0][0]], s, e) for _, s, e in run_of]
            genes.append((f"ENSGBENCH{len(genes) + 1:05d}", run_of[0][0], exons))
            run_of = []
        run_of.append(target)
    return genes


def spliced_exon(sequence: str, start: int, end: int) -> tuple[int, int]:
    """The target cut back to lie between AG and GT, where those stand within 50 bases of its ends."""
    first, last = sequence.find("AG", start, start + 50), sequence.rfind("GT", end - 50, end)
    return (first + 2 if first >= 0 else start), (last if last >= 0 else end)


def write_gtf(path: Path, genes) -> None:
    with open(path, "w") as handle:
        for gene, chrom, exons in genes:
            kind = f'gene_id "{gene}"; gene_type "protein_coding"; gene_name "{gene[4:]}";'
            more = f'{kind} transcript_id "{gene.replace("ENSG", "ENST")}"; transcript_type "protein_coding";'
            span = f"{exons[0][0] + 1}\t{exons[-1][1]}"
            handle.write(f"{chrom}\tBENCH\tgene\t{span}\t.\t+\t.\t{kind}\n")
            handle.write(f"{chrom}\tBENCH\ttranscript\t{span}\t.\t+\t.\t{more}\n")
            done = 0
            for number, (start, end) in enumerate(exons, start=1):
                place = f"{start + 1}\t{end}\t.\t+"
                handle.write(f"{chrom}\tBENCH\texon\t{place}\t.\t{more} exon_number {number};\n")
                handle.write(
                    f"{chrom}\tBENCH\tCDS\t{place}\t{(3 - done % 3) % 3}\t{more} exon_number {number};\n"
                )
                done += end - start


def plant(genome, targets, rng):
    """(germline, somatic): SNPs in and around targets; a variant in each third target, one in six an indel."""
    germline, somatic = [], []
    for number, (chrom, start, end) in enumerate(targets):
        sequence = genome[chrom]
        for place in sorted({start - 60, start + 30, end + 50}):
            if rng.random() < 0.5:
                # without homozygous sites contamination cannot be estimated
                share = 1.0 if rng.random() < 0.25 else 0.5
                germline.append((chrom, place, sequence[place], _other(sequence[place], rng), share))
        if number % 3:
            continue
        at = (start + end) // 2 + 8
        if number % 18 == 0:
            size = int(rng.integers(1, 6))
            ref, alt = sequence[at : at + size + 1], sequence[at]
        else:
            ref = sequence[at]
            alt = _other(ref, rng)
        somatic.append((chrom, at, ref, alt, FRACTIONS[number // 3 % len(FRACTIONS)]))
    return germline, somatic


def _other(base: str, rng) -> str:
    return str(rng.choice([b for b in "ACGT" if b != base]))


def write_sites(path: Path, genome, germline) -> None:
    plain = path.with_suffix("")
    with open(plain, "w") as handle:
        handle.write(
            '##fileformat=VCFv4.2\n##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency">\n'
        )
        handle.writelines(f"##contig=<ID={n},length={len(s)}>\n" for n, s in genome.items())
        handle.write("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
        handle.writelines(
            f"{c}\t{p + 1}\t.\t{r}\t{a}\t.\tPASS\tAF={FREQUENCY}\n" for c, p, r, a, _ in germline
        )
    pysam.tabix_compress(str(plain), str(path), force=True)
    plain.unlink()
    pysam.tabix_index(str(path), preset="vcf", force=True)


def captured(genome, targets, germline, somatic, pairs: int, rng) -> list[str]:
    """Fragments over the targets; each draws haplotype and, at the planted fraction, the somatic allele."""
    places: dict[str, list] = {}
    for kind, rows in (("g", germline), ("s", somatic)):
        for chrom, at, ref, alt, fraction in rows:
            places.setdefault(chrom, []).append((at, ref, alt, fraction, kind))
    out = []
    each = max(1, pairs // len(targets))
    for chrom, start, end in targets:
        low, high = start - MARGIN, end + MARGIN
        block = genome[chrom][low:high]
        near = sorted((v for v in places.get(chrom, []) if low <= v[0] < high - 10), reverse=True)
        # in classes: either haplotype with and without the somatic allele
        fraction = next((v[3] for v in near if v[4] == "s"), 0.0)
        for haplotype in (0, 1):
            for with_variant in (False, True):
                # heterozygous: all mutated copies lie on haplotype 1, as far as it goes
                share = min(2 * fraction, 1.0) if haplotype else 0.0
                count = int(round(each * 0.5 * (share if with_variant else 1 - share)))
                if count:
                    wanted = [
                        v
                        for v in near
                        if (v[4] == "g" and (haplotype == 0 or v[3] == 1.0)) or (v[4] == "s" and with_variant)
                    ]
                    out += cut_block(_changed(block, wanted, low), MARGIN, count, rng)
    return out


def _changed(block: str, variants, low: int) -> str:
    for at, ref, alt, *_ in variants:
        block = block[: at - low] + alt + block[at - low + len(ref) :]
    return block


def spliced(genome, genes, pairs: int, rng, here: Path) -> list[str]:
    """Fragments of the spliced transcripts and of a few fusions; expression differs a hundredfold between genes.

    What was planted is written to truth_counts.tsv (pairs by gene, PCR duplicates come on top) and truth_fusions.tsv.
    """
    weight = np.exp(rng.normal(0, 1.2, len(genes)))
    counts = rng.multinomial(pairs, weight / weight.sum())
    out, cut = [], []
    for (gene, chrom, exons), count in zip(genes, counts, strict=True):
        some = fragments_of("".join(genome[chrom][s:e] for s, e in exons), count, rng)
        cut.append((gene, len(some)))
        out += some
    joined = fusion_genes(genome, genes, rng)
    for (_, chrom, exons), (_, other, more) in joined:
        head = "".join(genome[chrom][s:e] for s, e in exons[:2])
        out += fragments_of(head + "".join(genome[other][s:e] for s, e in more[2:]), FUSION_PAIRS, rng)
    (here / "truth_counts.tsv").write_text("".join(f"{gene}\t{count}\n" for gene, count in cut))
    (here / "truth_fusions.tsv").write_text("".join(f"{a[0][4:]}\t{b[0][4:]}\n" for a, b in joined))
    return out


def fragments_of(transcript: str, count: int, rng) -> list[str]:
    """Fragments from anywhere in a transcript; none where it is shorter than one."""
    if not count or len(transcript) <= 300:
        return []
    size = np.clip(rng.normal(220, 30, count), 120, min(400, len(transcript))).astype(int)
    starts = (rng.random(count) * (len(transcript) - size)).astype(int)
    return [transcript[s : s + n] for s, n in zip(starts, size, strict=True)]


def fusion_genes(genome, genes, rng) -> list[tuple]:
    """Pairs of genes of four exons, one on either contig, that are joined at a GT ... AG."""
    whole: dict[str, list] = {}
    for gene in genes:
        sequence, exons = genome[gene[1]], gene[2]
        if (
            len(exons) == 4
            and sequence[exons[1][1] :][:2] == "GT"
            and sequence[exons[2][0] - 2 :][:2] == "AG"
        ):
            whole.setdefault(gene[1], []).append(gene)
    sides = list(whole.values())[:2]
    if len(sides) < 2:
        return []
    picked = [rng.choice(len(side), min(FUSIONS, len(side)), False) for side in sides]
    return [(sides[0][i], sides[1][j]) for i, j in zip(*picked, strict=False)]


def write_places(folder: Path, genome) -> None:
    """One copy-number region and two arms a contig: the project's own lie beyond these 10 Mb."""
    arms, regions = ["chrom\tarm\tstart\tend\tinformative"], ["name\tkind\tchrom\tstart\tend\tgenes\tsource"]
    for name, sequence in genome.items():
        half, end = len(sequence) // 2, len(sequence)
        arms += [f"{name}\tp\t1\t{half}\tyes", f"{name}\tq\t{half + 1}\t{end}\tyes"]
        regions.append(f"whole_{name}\tcopy_number\t{name}\t1\t{end}\t\tmade up")
    (folder / "arms.tsv").write_text("\n".join(arms) + "\n")
    (folder / "regions.tsv").write_text("\n".join(regions) + "\n")


def write_sheets(here: Path) -> None:
    units = [f"B1-{n}\tlib{n}\tHBENCHDSXX\t{lane}\tin/B1-{n}_R1_001.fastq.gz\tin/B1-{n}_R2_001.fastq.gz"
             for n, lane in (("T", 1), ("N", 2), ("R", 3))]  # fmt: skip
    samples = ["B1-T\tB1\twes\ttumour\t2024-01-05\tk1", "B1-N\tB1\twes\tnormal\t2024-01-05\tk1",
               "B1-R\tB1\trna\ttumour\t2024-01-05\t"]  # fmt: skip
    unit_head = "sample\tlibrary\tflowcell\tlane\tfastq_1\tfastq_2"
    sample_head = "sample\tpatient\tassay\ttissue\tcollection_date\tkit"
    patients = ["patient\tc1d1\tlast_contact", "B1\t2024-01-10\t2024-12-31"]
    chosen = {"wes": slice(0, 2), "rna": slice(2, 3), "all": slice(0, 3)}
    (here / "patients.tsv").write_text("\n".join(patients) + "\n")
    for name, some in chosen.items():
        (here / f"units-{name}.tsv").write_text("\n".join([unit_head, *units[some]]) + "\n")
        (here / f"samples-{name}.tsv").write_text("\n".join([sample_head, *samples[some]]) + "\n")


def config(here: Path, aligner: str, assay: str = "wes") -> Path:
    """The configuration of a run on the exomes, the RNA or all of these data; paths are absolute, the sheets' relative."""
    made = {
        "sheets": {"patients": str(here / "patients.tsv"), "samples": str(here / f"samples-{assay}.tsv"),
                   "units": str(here / f"units-{assay}.tsv")},
        "reference": {"fasta": str(here / "in/genome.fa"), "gtf": str(here / "in/genes.gtf"),
                      "germline": str(here / "in/sites.vcf.gz"), "common_sites": str(here / "in/sites.vcf.gz"),
                      "regions": str(here / "in/regions.tsv"), "arms": str(here / "in/arms.tsv")},
        "kits": {"k1": {"targets": str(here / "in/targets.bed")}},
        "align": {"aligner": aligner},
    }  # fmt: skip
    path = here / f"config-{assay}-{aligner}.yaml"
    path.write_text(yaml.safe_dump(made))
    return path


def accuracy(here: Path, vcf: Path) -> str:
    """Recall and precision of the PASS calls of a VCF inside the targets, against what was planted."""
    truth = {tuple(line.split("\t")[:4]) for line in (here / "truth.tsv").read_text().splitlines()[1:]}
    if vcf.suffix == ".vcf":
        # Debian's launcher of SnpEff prints its own arguments before the VCF.
        text = vcf.read_text()
        vcf = vcf.with_suffix(".clean.vcf")
        vcf.write_text(text[text.index("##fileformat") :])
    text = run(["bcftools", "norm", "-m", "-any", "-f", here / "in/genome.fa", vcf]).stdout
    spans: dict[str, list] = {}
    for line in (here / "in/targets.bed").read_text().splitlines():
        chrom, start, end = line.split("\t")
        spans.setdefault(chrom, []).append((int(start), int(end)))
    called = set()
    for line in text.splitlines():
        row = line.split("\t")
        if not line.startswith("#") and row[6] == "PASS":
            at = int(row[1])
            if any(s < at <= e for s, e in spans.get(row[0], [])):
                called.add((row[0], row[1], row[3], row[4]))
    planted = normalised(here, truth)
    found = called & planted
    recall = len(found) / len(planted) if planted else 0.0
    precision = len(found) / len(called) if called else 0.0
    return f"recall {recall:.3f}, precision {precision:.3f} (of {len(planted)})"


def normalised(here: Path, truth) -> set[tuple[str, str, str, str]]:
    """Planted variants left-aligned as the calls are."""
    head = ["##fileformat=VCFv4.2"]
    for line in (here / "in/genome.fa.fai").read_text().splitlines():
        head.append("##contig=<ID={},length={}>".format(*line.split("\t")[:2]))
    body = ["\t".join((c, p, ".", r, a, ".", ".", ".")) for c, p, r, a in sorted(truth)]
    head.append("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO")
    plain = here / "truth.vcf"
    plain.write_text("\n".join(head + body) + "\n")
    text = run(["bcftools", "norm", "-f", here / "in/genome.fa", plain]).stdout
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    return {(r[0], r[1], r[3], r[4]) for r in rows}


def count_accuracy(here: Path, counts: dict[str, int]) -> str:
    """How far gene counts lie from what was planted: share of pairs put into the right gene's count, rank correlation.

    Both sides count PCR duplicates, so counts are scaled to the planted total.
    """
    rows = [line.split("\t") for line in (here / "truth_counts.tsv").read_text().splitlines()]
    truth = np.array([int(count) for _, count in rows], dtype=float)
    seen = np.array([counts.get(gene, 0) for gene, _ in rows], dtype=float)
    if not seen.sum():
        return "no counts"
    share = np.minimum(truth, seen * truth.sum() / seen.sum()).sum() / truth.sum()
    ranks = [np.argsort(np.argsort(values, kind="stable"), kind="stable") for values in (truth, seen)]
    return f"{share:.3f} of the pairs in the right gene, rank correlation {np.corrcoef(*ranks)[0, 1]:.3f}"


def fusion_accuracy(here: Path, called: set[tuple[str, str]]) -> str:
    """Recall and precision of fusions, as unordered pairs of gene names."""
    rows = [line.split("\t") for line in (here / "truth_fusions.tsv").read_text().splitlines()]
    truth, called = {tuple(sorted(row)) for row in rows}, {tuple(sorted(pair)) for pair in called}
    found = len(truth & called)
    precision = found / len(called) if called else 0.0
    if not truth:
        return "no fusion planted"
    return f"fusions: recall {found / len(truth):.3f}, precision {precision:.3f} (of {len(truth)})"
