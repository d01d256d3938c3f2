"""The genetic code, proteins and their coding sequences."""

import numpy as np

BASES = "TCAG"
RESIDUES = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"
CODE = {
    a + b + c: RESIDUES[16 * i + 4 * j + k]
    for i, a in enumerate(BASES)
    for j, b in enumerate(BASES)
    for k, c in enumerate(BASES)
}
SENSE = sorted(codon for codon, residue in CODE.items() if residue != "*")
STOPS = ("TAA", "TAG", "TGA")
_COMPLEMENT = str.maketrans("ACGTN", "TGCAN")


def reverse_complement(sequence: str) -> str:
    """The other strand."""
    return sequence.translate(_COMPLEMENT)[::-1]


def translate(sequence: str) -> str:
    """Protein of a coding sequence, stop included as *; a last incomplete codon is left out."""
    return "".join(CODE[sequence[i : i + 3]] for i in range(0, len(sequence) - 2, 3))


def longest_run(sequence: str) -> int:
    """Length of the longest run of one base."""
    best = run = 0
    last = ""
    for base in sequence:
        run = run + 1 if base == last else 1
        last = base
        best = max(best, run)
    return best


def coding_sequence(residues: int, fixed: dict[int, str], rng: np.random.Generator, max_run: int = 5) -> str:
    """Random CDS of `residues` amino acids and a stop: starts with ATG, holds the codons of `fixed` (1-based).

    No run of one base is longer than `max_run`; the half of the codons that end in G or C are twice as likely.
    """
    weights = np.array([2.0 if codon[2] in "GC" else 1.0 for codon in SENSE])
    drawn = rng.choice(len(SENSE), size=residues, p=weights / weights.sum())
    made = ["ATG" if i == 0 else fixed.get(i + 1, SENSE[k]) for i, k in enumerate(drawn)]
    made.append(STOPS[int(rng.integers(3))])
    for i in range(1, residues):
        if i + 1 in fixed:
            continue
        for _ in range(40):  # a window that holds a planted repeat never gets better
            if longest_run("".join(made[max(0, i - 2) : i + 2])) < max_run:
                break
            made[i] = SENSE[int(rng.integers(len(SENSE)))]
    return "".join(made)
