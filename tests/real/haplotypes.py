"""Variants compared by the sequence they make, not by how they are written."""

from collections.abc import Iterable, Sequence
from itertools import combinations

Variant = tuple[str, int, str, str]
"""Contig, position (1-based), reference allele, alternate allele."""

NEAR = 60
MOST = 3


def sequence(reference: str, variants: Iterable[Variant]) -> str | None:
    """The contig with the variants in it; None when they overlap or do not fit the reference."""
    made, before = [], 0
    for _, pos, ref, alt in sorted(variants, key=lambda v: (v[1], v[2])):
        start = pos - 1
        if start < before or reference[start : start + len(ref)].upper() != ref.upper():
            return None
        made += [reference[before:start], alt]
        before = start + len(ref)
    return "".join([*made, reference[before:]]).upper()


def _near(one: Variant, others: Sequence[Variant]) -> list[Variant]:
    return [o for o in others if o[0] == one[0] and o != one and abs(o[1] - one[1]) <= NEAR]


def _with_neighbours(one: Variant, others: Sequence[Variant]) -> Iterable[tuple[Variant, ...]]:
    near = _near(one, others)
    for size in range(MOST):
        for some in combinations(near, size):
            yield (one, *some)


def explained(one: Variant, own: Sequence[Variant], other: Sequence[Variant], reference: str) -> bool:
    """Is there a haplotype with `one` (and neighbours of its own list) that the other list also makes?"""
    candidates = [o for o in other if o[0] == one[0] and abs(o[1] - one[1]) <= NEAR]
    made = set()
    for size in range(1, MOST + 1):
        made |= {sequence(reference, some) for some in combinations(candidates, size)}
    made.discard(None)
    return any(sequence(reference, some) in made for some in _with_neighbours(one, own))
