"""A real but tiny exome cohort: one patient, tumour and normal, reads cut from a random genome.

Small enough that the whole line runs in about a minute; used for faults and kills, not for accuracy.
"""

import gzip
from pathlib import Path

import numpy as np
import yaml

BASES = np.frombuffer(b"ACGT", dtype=np.uint8)
COMPLEMENT = bytes.maketrans(b"ACGT", b"TGCA")
CONTIGS = {"chr1": 30_000, "chr2": 30_000}
ARMS = (("p", 1, 15_000), ("q", 15_001, 30_000))
SNV = ("chr1", 5_100)  # 0-based; a heterozygous somatic SNV in the middle of the third target


def cohort(folder: Path, seed: int = 7) -> Path:
    """Write reads, reference, targets, sheets and config below `folder`; return the config's path."""
    random = np.random.default_rng(seed)
    (folder / "in").mkdir(parents=True)
    genome = {name: BASES[random.integers(0, 4, size)].tobytes() for name, size in CONTIGS.items()}
    targets = [(c, s, s + 200) for c in CONTIGS for s in range(1_000, 28_000, 2_000)]
    (folder / "in/genome.fa").write_text("".join(f">{n}\n{s.decode()}\n" for n, s in genome.items()))
    (folder / "in/targets.bed").write_text("".join(f"{c}\t{s}\t{e}\n" for c, s, e in targets))
    arms = "".join(f"{c}\t{a}\t{s}\t{e}\tyes\n" for c in CONTIGS for a, s, e in ARMS)
    (folder / "in/arms.tsv").write_text("chrom\tarm\tstart\tend\tinformative\n" + arms)
    (folder / "in/regions.tsv").write_text(
        "name\tkind\tchrom\tstart\tend\tgenes\tsource\ndel17p\tcopy_number\tchr1\t3001\t9000\tTP53\tmade up\n"
    )
    mutated = dict(genome)
    chrom, at = SNV
    other = {65: b"C", 67: b"G", 71: b"T", 84: b"A"}[genome[chrom][at]]
    mutated[chrom] = genome[chrom][:at] + other + genome[chrom][at + 1 :]
    for sample, haplotypes in (("P1-T", [genome, mutated]), ("P1-N", [genome, genome])):
        write_reads(folder / "in", sample, haplotypes, targets, random)
    write_sheets(folder)
    config = {
        "sheets": {n: f"{n}.tsv" for n in ("patients", "samples", "units", "assessments", "exclusions")},
        "reference": {"fasta": "in/genome.fa", "regions": "in/regions.tsv", "arms": "in/arms.tsv"},
        "kits": {"k1": {"targets": "in/targets.bed"}},
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def write_reads(folder, sample, haplotypes, targets, random, depth=80, length=100):
    """Paired reads over the targets, half from each haplotype, without errors, as two gzipped FASTQ."""
    pairs = []
    for chrom, start, end in targets:
        for _ in range(depth * (end - start + 300) // (2 * length)):
            sequence = haplotypes[random.integers(2)][chrom]
            insert = int(random.normal(280, 25))
            first = int(random.integers(start - 200, end - 50))
            fragment = sequence[first : first + insert]
            if random.integers(2):
                fragment = fragment.translate(COMPLEMENT)[::-1]
            pairs.append((fragment[:length], fragment[-length:].translate(COMPLEMENT)[::-1]))
    order = random.permutation(len(pairs))
    for mate in (0, 1):
        with gzip.GzipFile(folder / f"{sample}_R{mate + 1}.fastq.gz", "wb", mtime=0) as handle:
            for i in order:
                name = f"@SIM:1:FC1:1:1101:{i}:1 {mate + 1}:N:0:ACGT".encode()
                read = pairs[i][mate]
                handle.write(name + b"\n" + read + b"\n+\n" + b"I" * len(read) + b"\n")


def write_sheets(folder: Path) -> None:
    """The five sheets of one patient who responds."""
    sheets = {
        "patients": ["patient\tc1d1\tlast_contact", "P1\t2024-01-10\t2024-12-31"],
        "samples": [
            "sample\tpatient\tassay\ttissue\tcollection_date\tkit\tpurity",
            "P1-T\tP1\twes\ttumour\t2024-01-05\tk1\t0.9",
            "P1-N\tP1\twes\tnormal\t2024-01-05\tk1\t",
        ],
        "units": ["sample\tlibrary\tflowcell\tlane\tfastq_1\tfastq_2"]
        + [f"{s}\tlib1\tFC1\t1\tin/{s}_R1.fastq.gz\tin/{s}_R2.fastq.gz" for s in ("P1-T", "P1-N")],
        "assessments": ["patient\tdate\tserum_m_g_l\turine_m_mg_24h"]
        + [f"P1\t{day}\t{m}\t0" for day, m in (("2024-01-09", 30), ("2024-02-01", 10), ("2024-02-22", 9))],
        "exclusions": ["patient\tsample\tlibrary\tflowcell\tlane\tanalysis\treason"],
    }
    for name, lines in sheets.items():
        (folder / f"{name}.tsv").write_text("\n".join(lines) + "\n")
