"""Reads: fragments are cut here, ART (art_illumina, amplicon mode) sequences them with its error model.

Cutting the fragments ourselves gives exact copy numbers, strands and PCR duplicates; ART reads both ends of
each fragment with the substitution and indel errors and qualities of its HiSeq 2500 profile.
"""

import gzip
import subprocess
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .codons import reverse_complement
from .genome import Genome

READ = 100
SHORTEST, LONGEST = 110, 420
LENGTH_MEAN, LENGTH_SD = 235, 38
OVERLAP = 20  # bases of a block that a captured fragment holds at least
MERGE = 250  # targets closer than this are captured as one block
DUPLICATES = 0.07
OFF_TARGET = 0.04
# GRCh38-like adapter-free index of the read name
INDEX = "ATCACGTT+AGGCTATA"


@dataclass(frozen=True)
class Block:
    """A stretch that is captured as a whole."""

    number: int
    chrom: str
    start: int
    end: int
    efficiency: float


def capture_blocks(genome: Genome, seed: int) -> list[Block]:
    """Blocks of neighbouring targets, with the paralogue's twin that is captured with them; the same for each kit."""
    spans: list[list] = []
    for t in genome.targets:
        if spans and spans[-1][0] == t.chrom and t.start - spans[-1][2] <= MERGE:
            spans[-1][2] = max(spans[-1][2], t.end)
        else:
            spans.append([t.chrom, t.start, t.end])
    (first, low, high), (second, start, end) = genome.paralogue
    spans += [
        [second, start + s - low, start + e - low] for c, s, e in spans if c == first and s < high and e > low
    ]
    rng = np.random.default_rng([seed, 5])
    factors = np.exp(np.clip(rng.normal(0, 0.13, size=len(spans)), -0.3, 0.3))
    return [Block(i, c, s, e, float(f)) for i, ((c, s, e), f) in enumerate(zip(spans, factors, strict=True))]


def lengths(
    count: int, rng: np.random.Generator, mean: float = LENGTH_MEAN, sd: float = LENGTH_SD
) -> np.ndarray:
    """Fragment lengths."""
    return np.clip(rng.normal(mean, sd, size=count), SHORTEST, LONGEST).astype(int)


def cut_block(sequence: str, margin: int, pairs: int, rng: np.random.Generator) -> list[str]:
    """`pairs` fragments, each at least OVERLAP bases inside the block that stands `margin` bases from the ends."""
    size = lengths(pairs, rng)
    inner = len(sequence) - 2 * margin
    starts = margin - size + OVERLAP + (rng.random(pairs) * (inner + size - 2 * OVERLAP)).astype(int)
    starts = np.clip(starts, 0, len(sequence) - size)
    return [sequence[s : s + n] for s, n in zip(starts.tolist(), size.tolist(), strict=True)]


def both_strands(fragments: list[str], rng: np.random.Generator) -> list[str]:
    """Read one starts at either end."""
    turn = rng.random(len(fragments)) < 0.5
    return [reverse_complement(f) if t else f for f, t in zip(fragments, turn, strict=True)]


def off_target(genome: Genome, pairs: int, rng: np.random.Generator) -> list[str]:
    """Fragments from anywhere but chrY."""
    names = [c for c in genome.contigs if c != "chrY"]
    sizes = np.array([len(genome.contigs[c]) for c in names], dtype=float)
    out = []
    for k, size in zip(
        rng.choice(len(names), size=pairs, p=sizes / sizes.sum()), lengths(pairs, rng), strict=True
    ):
        sequence = genome.contigs[names[k]]
        start = int(rng.integers(0, len(sequence) - size))
        fragment = sequence[start : start + size]
        if "N" not in fragment:
            out.append(fragment)
    return out


def with_duplicates(fragments: list[str], share: float, rng: np.random.Generator) -> list[str]:
    """Shuffled fragments, a share of them twice (PCR duplicates: the same ends, read anew)."""
    extra = rng.random(len(fragments)) < share
    everything = fragments + [f for f, twice in zip(fragments, extra, strict=True) if twice]
    return [everything[i] for i in rng.permutation(len(everything))]


def sequence_fragments(
    fragments: list[str], folder: Path, name: str, flowcell: str, lane: int, seed: int
) -> tuple[str, str]:
    """Let ART read both ends of every fragment; returns the two FASTQ.gz names written into `folder`."""
    fasta = folder / f".{name}.fa"
    with open(fasta, "w") as handle:
        handle.writelines(f">{i}\n{f}\n" for i, f in enumerate(fragments))
    prefix = folder / f".{name}.art"
    command = ["art_illumina", "-ss", "HS25", "-amp", "-p", "-na", "-q", "-l", str(READ), "-c", "1"]
    command += ["-rs", str(seed), "-i", str(fasta), "-o", str(prefix)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"art_illumina failed for {name}: {done.stderr[-2000:]} {done.stdout[-500:]}")
    names = []
    for mate in (1, 2):
        target = f"{name}_R{mate}_001.fastq.gz"
        raw = Path(f"{prefix}{mate}.fq")
        _rename(raw, folder / target, flowcell, lane, mate)
        raw.unlink()
        names.append(target)
    fasta.unlink()
    return names[0], names[1]


def _rename(raw: Path, target: Path, flowcell: str, lane: int, mate: int) -> None:
    """Illumina names (instrument:run:flowcell:lane:tile:x:y), compressed without a time stamp."""
    start = f"@A00987:112:{flowcell}:{lane}:"
    end = f" {mate}:N:0:{INDEX}"
    with open(raw) as source, open(target, "wb") as sink, gzip.GzipFile("", "wb", 3, sink, mtime=0) as packed:
        lines: list[str] = []
        number = 0
        for line in source:
            if line[0] == "@" and len(lines) % 4 == 0:
                tile = 1101 + number // 4000 % 78 + 100 * (number // 312000)
                spot = zlib.crc32(number.to_bytes(8, "big"))
                line = (
                    f"{start}{tile}:{1000 + number % 4000 * 8 + spot % 8}:{1000 + spot // 8 % 36000}{end}\n"
                )
                number += 1
            lines.append(line)
            if len(lines) >= 40_000:
                packed.write("".join(lines).encode())
                lines = []
        packed.write("".join(lines).encode())
