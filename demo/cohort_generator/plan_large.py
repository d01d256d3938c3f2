"""Who is in the large cohort: fourteen patients at purity 0.9, 0.6 and 0.3, and the traps of their samples.

Seeds choose among equals (hotspots, gained chromosomes, haplotypes, places); the structure stays.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from . import clinical
from .plan import DIS3, ODD, RAS, TP53, CopyChange, Library, Patient, Translocation, gain, loss

# mutations of every tumour beside its drivers, by clonal fraction: SNVs, indels
PASSENGERS = {1.0: (10, 4), 0.5: (6, 2), 0.25: (6, 2)}
HALF, QUARTER = 0.5, 0.25


@dataclass(frozen=True)
class Junction:
    """A planned rearrangement of an immunoglobulin locus whose breakpoints lie in the DNA reads."""

    name: str
    ig: str
    gene: str
    germline: bool = False


@dataclass(frozen=True)
class Hit:
    """A tumour suppressor without a working copy, and how it came about."""

    gene: str
    how: str  # mutation_and_loss | mutation_and_cnloh | two_mutations | homozygous_loss


@dataclass
class LargePatient(Patient):
    """A patient of the large cohort: kit, DNA junctions, copies of a doubled genome, traps."""

    kit: str = "plain"
    junctions: list[Junction] = field(default_factory=list)
    doubled: bool = False
    stops: tuple[str, ...] = ()  # tumour suppressors with a truncating mutation
    hits: tuple[Hit, ...] = ()
    flat: bool = False
    in_normal: float = 0.0  # share of tumour cells in the normal
    contaminated_by: str = ""
    oxidised: bool = False
    rna_of: str = ""  # whose RNA lies in this patient's tube
    germline_loss: str = ""  # arm in which eight targets have one copy in every cell
    homozygous_arm: str = ""  # arm whose two haplotypes are the same
    fish: dict[str, tuple[float, float]] = field(default_factory=dict)  # percent, cut-off that FISH reports
    qualifying: tuple[str, str, float, float] = ("", "", 0, 0)


CONTAMINATION = 0.03
TUMOUR_IN_NORMAL = 0.05


def part(event: str, region: str, ccf: float, total: int = 1, minor: int | None = None) -> CopyChange:
    """A change in some of the tumour cells."""
    if minor is None:
        minor = 0 if total < 2 else 1
    return CopyChange(event, region, total, minor, ccf)


def neutral(arm: str, ccf: float = 1.0) -> CopyChange:
    """Two copies of one haplotype."""
    return CopyChange(f"cnloh{arm[3:]}", arm, 2, 0, ccf)


def make_plan(seed: int) -> list[LargePatient]:
    """The fourteen patients of a seed."""
    rng = np.random.default_rng([seed, 40])
    ras = [RAS[i] for i in rng.permutation(len(RAS))]
    tp53 = [TP53[i] for i in rng.permutation(len(TP53))]
    dis3 = [DIS3[i] for i in rng.permutation(len(DIS3))]
    odd = [ODD[i] for i in rng.permutation(len(ODD))]
    other = next(driver for driver in ras[2:] if driver[0] != ras[2][0])

    def trisomies(names: list[str]) -> list[CopyChange]:
        return [gain(f"tri{c[3:]}", c) for c in names]

    t414 = Translocation("t(4;14)", ("NSD2", "FGFR3"), True)
    silent = Translocation("t(4;14)", ("NSD2",), True)
    t1114 = Translocation("t(11;14)", ("CCND1",), True)
    t1416 = Translocation("t(14;16)", ("MAF",), False)
    t1420 = Translocation("t(14;20)", ("MAFB",), False)
    two_lanes = [Library("L1", "HDEMO1DSXX", 1, 0.5), Library("L1", "HDEMO1DSXX", 2, 0.5)]
    return [
        LargePatient(
            "IPD-101", "female", 0.9,
            [gain("gain1q", "chr1q"), loss("del13q", "chr13q"), loss("del16q", "chr16q"), part("del8p", "chr8p", HALF),
             part("del6q", "chr6q", HALF), part("del12p", "chr12p", QUARTER), part("gain8q", "chr8q", QUARTER, 3)],
            [ras[0], dis3[0]], t1114, decoy="MYC", kit="ig", libraries=two_lanes,
            junctions=[Junction("t(11;14)", "IGH", "CCND1"), Junction("t(8;22)", "IGL", "MYC")],
            hits=(Hit("DIS3", "mutation_and_loss"),), fish={"t(11;14)": (2, 10)},
            qualifying=("gain1q", "FISH", 84, 20),
        ),
        LargePatient(
            "IPD-102", "male", 0.9,
            [loss("del17p", "chr17p"), gain("amp1q", "chr1q", 4), loss("del13q", "chr13q"), part("del6q", "chr6q", HALF),
             part("del8p", "chr8p", HALF), part("gain11q", "chr11q", QUARTER, 3), part("del12p", "chr12p", QUARTER)],
            [tp53[0], ras[1]], t414, kit="ig", junctions=[Junction("t(4;14)", "IGH", "NSD2")], heavy="IGHA1", light="lambda",
            hits=(Hit("TP53", "mutation_and_loss"),), in_normal=TUMOUR_IN_NORMAL, qualifying=("del17p", "FISH", 88, 20),
        ),
        LargePatient(
            "IPD-103", "female", 0.9,
            [CopyChange("homdel1p32", "focal:CDKN2C", 0, 0), *trisomies(odd[:4]), neutral("chr16q"), part("del6q", "chr6q", HALF),
             part("gain8q", "chr8q", HALF, 3), part("del8p", "chr8p", QUARTER), part("del12p", "chr12p", QUARTER)],
            [ras[2]], relapse_driver=other, stops=("CYLD",), heavy="IGHM",
            hits=(Hit("CDKN2C", "homozygous_loss"), Hit("CYLD", "mutation_and_cnloh")), qualifying=("del1p32", "FISH", 90, 20),
        ),
        LargePatient(
            "IPD-104", "male", 0.9,
            # after the doubling as well: without odd copies in all cells a doubled genome gives the ratios of a diploid one
            [CopyChange("del17p", "chr17p", 2, 0), CopyChange("gain1q", "chr1q", 6, 2), CopyChange("del13q", "chr13q", 2, 0),
             CopyChange("del12p", "chr12p", 3, 1), CopyChange("del8p", "chr8p", 3, 1), CopyChange("gain11q", "chr11q", 5, 2),
             CopyChange("del20q", "chr20q", 3, 1), CopyChange("gain18q", "chr18q", 5, 2), part("del6q", "chr6q", HALF, 3, 1)],
            [tp53[1], ras[3]], decoy="MYC", kit="ig", junctions=[Junction("t(8;14)", "IGH", "MYC")], doubled=True,
            hits=(Hit("TP53", "mutation_and_loss"),), qualifying=("del17p", "FISH", 85, 20),
        ),
        LargePatient(
            "IPD-105", "female", 0.9, [], [ras[4]], t1114, normal=False, flat=True, heavy="IGHA2", light="lambda",
            qualifying=("gain1q", "FISH", 21, 20),
        ),
        LargePatient(
            "IPD-106", "male", 0.6,
            [gain("gain1q", "chr1q"), loss("del13q", "chr13q"), loss("del22q", "chr22q"), part("del17p", "chr17p", HALF),
             part("del8p", "chr8p", HALF), part("del6q", "chr6q", QUARTER), part("gain11q", "chr11q", QUARTER, 3)],
            [("BRAF", 600, "E")], t1416, normal=False, kit="ig", junctions=[Junction("t(14;16)", "IGH", "MAF")],
            qualifying=("t(14;16)", "FISH", 91, 10),
        ),
        LargePatient(
            "IPD-107", "female", 0.6,
            [*trisomies(odd[3:]), part("del8p", "chr8p", HALF), part("del6q", "chr6q", HALF),
             part("del12p", "chr12p", QUARTER), part("del13q", "chr13q", QUARTER)],
            [tp53[2], tp53[3]], decoy="MYC", kit="ig", germline_loss="chr10q", heavy="IGHG3", light="lambda",
            junctions=[Junction("t(2;8)", "IGK", "MYC"), Junction("t(6;14)", "IGH", "CCND3", germline=True)],
            hits=(Hit("TP53", "two_mutations"),), qualifying=("MYC_rearrangement", "FISH", 55, 10),
        ),
        LargePatient(
            "IPD-108", "male", 0.6,
            [loss("del1p32", "focal:CDKN2C"), gain("gain1q", "chr1q"), loss("del16q", "chr16q"), loss("del13q", "chr13q"),
             part("del6q", "chr6q", HALF), part("del8p", "chr8p", HALF), part("gain11q", "chr11q", QUARTER, 3),
             part("del12p", "chr12p", QUARTER)],
            [ras[5]], t1420, stops=("CYLD",), hits=(Hit("CYLD", "mutation_and_loss"),), heavy="IGHG2",
            qualifying=("t(14;20)", "FISH", 58, 10),
        ),
        LargePatient(
            "IPD-109", "female", 0.6,
            [gain("gain1q", "chr1q"), neutral("chr13q"), loss("del22q", "chr22q"), part("del8p", "chr8p", HALF),
             part("gain11q", "chr11q", HALF, 3), part("del6q", "chr6q", QUARTER), part("del12p", "chr12p", QUARTER)],
            [dis3[1], ras[6]], rna=False, kit="ig", junctions=[Junction("t(12;14)", "IGH", "CCND2")], oxidised=True,
            hits=(Hit("DIS3", "mutation_and_cnloh"),), qualifying=("gain1q", "FISH", 57, 20),
        ),
        LargePatient(
            "IPD-110", "male", 0.6,
            [CopyChange("homdelRB1", "focal:RB1", 0, 0), loss("del13q", "chr13q"), loss("delTRAF3", "focal:TRAF3"),
             gain("amp1q", "chr1q", 4), part("del8p", "chr8p", HALF), neutral("chr16q", HALF), part("del6q", "chr6q", QUARTER),
             part("del12p", "chr12p", QUARTER)],
            [ras[7]], silent, stops=("TRAF3",), homozygous_arm="chr18q",
            hits=(Hit("RB1", "homozygous_loss"), Hit("TRAF3", "mutation_and_loss")), qualifying=("t(4;14)", "FISH", 60, 10),
        ),
        LargePatient(
            "IPD-111", "female", 0.3,
            [loss("del17p", "chr17p"), gain("gain1q", "chr1q"), loss("del13q", "chr13q"), loss("del22q", "chr22q"),
             part("del6q", "chr6q", HALF), part("del8p", "chr8p", HALF), part("del12p", "chr12p", QUARTER),
             part("gain11q", "chr11q", QUARTER, 3)],
            [tp53[0], ras[8]], t414, kit="ig", junctions=[Junction("t(4;14)", "IGH", "NSD2")], light="lambda",
            hits=(Hit("TP53", "mutation_and_loss"),), qualifying=("t(4;14)", "FISH", 30, 10),
        ),
        LargePatient(
            "IPD-112", "male", 0.3,
            [*trisomies(odd[1:5]), part("del6q", "chr6q", HALF), part("del13q", "chr13q", HALF),
             part("del8p", "chr8p", QUARTER), part("del12p", "chr12p", QUARTER)],
            [ras[0]], rna_of="IPD-114", heavy="IGHA1", qualifying=("gain1q", "FISH", 22, 20),
        ),
        LargePatient(
            "IPD-113", "female", 0.3,
            [gain("amp1q", "chr1q", 4), loss("del13q", "chr13q"), neutral("chr16q"), part("del17p", "chr17p", HALF),
             part("del8p", "chr8p", HALF), part("del6q", "chr6q", QUARTER), part("del12p", "chr12p", QUARTER)],
            [ras[1]], t1420, contaminated_by="IPD-108", heavy="IGHG4", qualifying=("t(14;20)", "FISH", 29, 10),
        ),
        LargePatient(
            "IPD-114", "female", 0.3, [], [ras[3]], flat=True, rna_of="IPD-112", heavy="IGHM",
            qualifying=("del17p", "FISH", 21, 20),
        ),
    ]  # fmt: skip


# whose clinical course of the small cohort each patient takes
_TEMPLATES = (1, 2, 3, 4, 1, 5, 6, 4, 7, 5, 6, 2, 8, 3)


def make_courses(patients: list[LargePatient]) -> tuple[clinical.Course, ...]:
    """The small cohort's courses, answers included, under the names of the large one."""
    return tuple(
        replace(clinical.COURSES[number - 1], patient=p.patient, qualifying=p.qualifying)
        for p, number in zip(patients, _TEMPLATES, strict=True)
    )
