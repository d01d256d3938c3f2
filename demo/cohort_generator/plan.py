"""Who is in the cohort and what each patient carries. Seeds choose among equals; the structure stays.

Groups (rules of the trial's analysis, definition A): 001-003 early, 004-006 poor, 007 neither,
008 and 009 not evaluable. See the README beside this package for the whole table.
"""

from dataclasses import dataclass, field

import numpy as np

RAS = (
    ("NRAS", 61, "R"), ("KRAS", 12, "D"), ("KRAS", 12, "V"), ("NRAS", 61, "K"), ("KRAS", 13, "D"), ("KRAS", 61, "H"),
    ("NRAS", 12, "D"), ("KRAS", 12, "A"), ("NRAS", 13, "R"),
)  # fmt: skip
TP53 = (("TP53", 175, "H"), ("TP53", 248, "Q"), ("TP53", 273, "H"), ("TP53", 282, "W"))
DIS3 = (("DIS3", 488, "N"), ("DIS3", 780, "K"), ("DIS3", 479, "G"))
ODD = ("chr3", "chr5", "chr7", "chr9", "chr15", "chr19", "chr21")


@dataclass(frozen=True)
class CopyChange:
    """A planned copy-number change. `region`: contig, contig+arm or focal:GENE; `minor` copies of one haplotype."""

    event: str
    region: str
    total: int
    minor: int
    ccf: float = 1.0


@dataclass(frozen=True)
class Translocation:
    """An IGH translocation: over-expressed partner genes, and whether junction reads are planted."""

    name: str
    partners: tuple[str, ...]
    junction: bool


@dataclass(frozen=True)
class Library:
    """One unit of a sample: its share of the pairs."""

    library: str
    flowcell: str
    lane: int
    share: float


@dataclass
class Patient:
    """One patient's genome plan; the clinical course is in clinical.py."""

    patient: str
    sex: str
    purity: float
    copies: list[CopyChange] = field(default_factory=list)
    drivers: list[tuple[str, int, str]] = field(default_factory=list)
    translocation: Translocation | None = None
    decoy: str = ""
    dna: bool = True
    normal: bool = True
    rna: bool = True
    relapse_driver: tuple[str, int, str] | None = None
    libraries: list[Library] = field(default_factory=list)
    heavy: str = "IGHG1"
    light: str = "kappa"
    skipping: float = 0.0  # share of the tumour's CRBN molecules without exon 10
    foreign_rna: float = 0.0  # share of the RNA from other cells; the plasma cells beside them are polyclonal


def loss(event: str, region: str, ccf: float = 1.0) -> CopyChange:
    """One copy lost."""
    return CopyChange(event, region, 1, 0, ccf)


def gain(event: str, region: str, copies: int = 3) -> CopyChange:
    """Copies of one haplotype gained."""
    return CopyChange(event, region, copies, 1)


def make_plan(seed: int) -> list[Patient]:
    """The nine patients of a seed."""
    rng = np.random.default_rng([seed, 4])
    ras = [RAS[i] for i in rng.permutation(len(RAS))]
    tp53 = [TP53[i] for i in rng.permutation(len(TP53))]
    dis3 = [DIS3[i] for i in rng.permutation(len(DIS3))]
    odd = [ODD[i] for i in rng.permutation(len(ODD))]
    other = next(driver for driver in ras[2:] if driver[0] != ras[2][0])
    return [
        Patient(
            "IPD-001", "female", 0.90, [gain("gain1q", "chr1q"), loss("del13q", "chr13q")], [ras[0], dis3[0]],
            Translocation("t(11;14)", ("CCND1",), True),
            libraries=[Library("L1", "HDEMO1DSXX", 1, 0.5), Library("L1", "HDEMO1DSXX", 2, 0.5)], heavy="IGHG1",
        ),
        Patient(
            "IPD-002", "male", 0.80,
            [loss("del1p32", "focal:CDKN2C"), gain("trisomy11", "chr11"), *(gain(f"tri{c[3:]}", c) for c in odd[:4])],
            [ras[1]], decoy="CCND1", heavy="IGHA1", light="lambda",
        ),
        Patient(
            "IPD-003", "female", 0.70, [loss("del13q", "chr13q"), CopyChange("cnloh16q", "chr16q", 2, 0)],
            [ras[2], dis3[1]], Translocation("t(4;14)", ("NSD2", "FGFR3"), True), relapse_driver=other, heavy="IGHM",
        ),
        Patient(
            "IPD-004", "male", 0.90, [loss("del17p", "chr17p"), gain("amp1q", "chr1q", 4)], [tp53[0], ras[3]],
            Translocation("t(4;14)", ("NSD2",), True),
            libraries=[Library("L1", "HDEMO1DSXX", 2, 0.75), Library("L2", "HDEMO2DSXY", 1, 0.25)], heavy="IGHG2",
            skipping=0.5,
        ),
        Patient(
            "IPD-005", "female", 0.60,
            [loss("del17p", "chr17p"), gain("gain1q", "chr1q"), loss("del1p32", "focal:CDKN2C")],
            [tp53[1], ("CRBN", 386, "*")], heavy="IGHG3", light="lambda",
        ),
        Patient(
            "IPD-006", "male", 0.80, [loss("del17p", "chr17p", 0.6), loss("del13q", "chr13q"), gain("gain1q", "chr1q")],
            [("BRAF", 600, "E")], Translocation("t(14;16)", ("MAF",), False), heavy="IGHA2",
        ),
        Patient(
            "IPD-007", "female", 0.80, [gain(f"tri{c[3:]}", c) for c in odd[4:7]], [ras[4], tp53[2], dis3[2]],
            decoy="MAF", normal=False, heavy="IGHG1", light="lambda",
        ),
        Patient(
            "IPD-008", "male", 0.25, [loss("del13q", "chr13q"), gain("gain1q", "chr1q")], [ras[5], tp53[3]],
            heavy="IGHA1", foreign_rna=0.8,
        ),
        Patient("IPD-009", "female", 0.85, [], [], Translocation("t(14;20)", ("MAFB",), False), dna=False, heavy="IGHG4"),
    ]  # fmt: skip
