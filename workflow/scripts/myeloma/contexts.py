"""Somatic SNVs by their 96 trinucleotide classes, with the contexts of the FASTA that was aligned to.

Classes are named as COSMIC names them, by the pyrimidine of the reference pair: A[C>T]G. Changes of two or
more neighbouring bases (doublets, MNPs) are one event of another kind and are left out, not split into SNVs.
IG loci are left out: AID acts there and would pass for a genome-wide process.
"""

import contextlib
import logging
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd
import pysam

from myeloma import copies, places, tables

PAIR = str.maketrans("ACGT", "TGCA")
#: COSMIC's order, which is the alphabetical one.
CLASSES = tuple(
    f"{left}[{ref}>{alt}]{right}"
    for left in "ACGT"
    for ref in "CT"
    for alt in "ACGT"
    if alt != ref
    for right in "ACGT"
)


def class_of(around: str, alt: str) -> str:
    """Class of a change of the middle of three bases; "" where a base is not A, C, G or T."""
    if len(around) != 3 or set(around + alt) - set("ACGT"):
        return ""
    if around[1] in "AG":
        around, alt = around[::-1].translate(PAIR), alt.translate(PAIR)
    return f"{around[0]}[{around[1]}>{alt}]{around[2]}"


def somatic_snvs(variants: pd.DataFrame, regions: pd.DataFrame) -> pd.DataFrame:
    """PASS variants of one base that a normal was compared with, on nuclear contigs outside masked loci."""
    one = (variants["ref"].str.len() == 1) & (variants["alt"].str.len() == 1) & (variants["alt"] != ".")
    kept = variants[one & (variants["filter"] == "PASS") & (variants["mode"] == "tumour_normal")]
    kept = kept[~kept["chrom"].map(copies.bare).isin(("M", "MT"))]
    return kept[~copies.masked(kept.assign(start=kept["pos"], end=kept["pos"]), regions)]


def count(snvs: pd.DataFrame, fasta: str | os.PathLike, samples: Iterable[str]) -> pd.DataFrame:
    """Counts, classes by samples (a sample without SNV is a column of zeros).

    Raises ValueError where a reference allele is not that of the FASTA.
    """
    made, unknown = {sample: Counter() for sample in samples}, 0
    # no variant needs no genome: a cohort that enters by tables may have none
    with pysam.FastaFile(str(fasta)) if len(snvs) else contextlib.nullcontext() as genome:
        for row in snvs.itertuples():
            around = genome.fetch(row.chrom, max(0, row.pos - 2), row.pos + 1).upper()
            if row.pos > 1 and around[1:2] != row.ref.upper():
                raise ValueError(
                    f"{row.sample} {row.chrom}:{row.pos}: reference allele {row.ref}, but {fasta} has {around[1:2]}"
                )
            name = class_of(around, row.alt.upper())
            unknown += not name
            if name:
                made[row.sample][name] += 1
    if unknown:
        logging.info("%d SNVs have no trinucleotide context (contig end or N), left out", unknown)
    frame = pd.DataFrame({sample: [seen[name] for name in CLASSES] for sample, seen in made.items()})
    frame.insert(0, "mutation_type", CLASSES)
    return frame


def count_cohort(
    tumours: Sequence[Mapping[str, str]], variants: pd.DataFrame, regions_path: str, fasta: str
) -> pd.DataFrame:
    """Contract SBS96: a column per tumour with a normal. `tumours`: patient, sample, normal ("" without)."""
    with_normal = [one["sample"] for one in tumours if one["normal"]]
    own = variants[variants["sample"].isin(with_normal)]
    return count(somatic_snvs(own, places.read_regions(regions_path)), fasta, with_normal)


def read(path: str | os.PathLike) -> pd.DataFrame:
    """The table as whole numbers: index class, a column per sample."""
    frame = tables.read(path, tables.SBS96).set_index("mutation_type")
    return frame.apply(pd.to_numeric).astype("int64").reindex(list(CLASSES))
