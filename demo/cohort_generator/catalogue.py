"""What is real in the miniature genome: chromosomes, arms, genes with their shape, immunoglobulin loci.

Gene rows hold the canonical transcript's number of exons, the exons before the one with the start codon and
the protein length, from general knowledge of GENCODE/UniProt; places are GRCh38 (Ensembl 109) in megabases
and only give arm and order.
"""

from dataclasses import dataclass

# name, length and centromere in Mb (UCSC hg38)
CHROMOSOMES = (
    ("chr1", 248.956, 123.4),
    ("chr2", 242.194, 93.9),
    ("chr3", 198.296, 90.9),
    ("chr4", 190.215, 50.0),
    ("chr5", 181.538, 48.8),
    ("chr6", 170.806, 59.8),
    ("chr7", 159.346, 60.1),
    ("chr8", 145.139, 45.2),
    ("chr9", 138.395, 43.0),
    ("chr10", 133.797, 39.8),
    ("chr11", 135.087, 53.4),
    ("chr12", 133.275, 35.5),
    ("chr13", 114.364, 17.7),
    ("chr14", 107.044, 17.2),
    ("chr15", 101.991, 19.0),
    ("chr16", 90.338, 36.8),
    ("chr17", 83.257, 25.1),
    ("chr18", 80.373, 18.5),
    ("chr19", 58.618, 26.2),
    ("chr20", 64.444, 28.1),
    ("chr21", 46.710, 12.0),
    ("chr22", 50.818, 15.0),
    ("chrX", 156.041, 61.0),
    ("chrY", 57.227, 10.4),
)
ACROCENTRIC = ("chr13", "chr14", "chr15", "chr21", "chr22")
SEX = ("chrX", "chrY")

# residues that must be real: one-letter residue and position, with the real codon where it is known
HOTSPOTS = {
    "KRAS": "L19CTC G12GGT G13GGC Q22CAG Q61CAA K117AAA A146GCA",
    "NRAS": "G12GGT G13GGT Q61CAA K117AAG A146GCC",
    "BRAF": "G466GGA G469GGA N581AAT D594GAT L597CTA V600GTG K601AAA",
    "DIS3": "D479GAT D488GAT R780AGA",
    "TP53": "R175CGC Y220TAT G245GGC R248CGG R249AGG R273CGT R282CGG R213CGA R196CGA V157GTC",
    "FGFR3": "R248CGC S249TCC G370GGC S371AGT Y373TAT K650AAG",
    "IRF4": "K123AAG",
    "PTPN11": "D61GAT A72GCC E76GAG",
    "IDH1": "R132CGT",
    "IDH2": "R140CGG R172AGG",
    "SF3B1": "E622GAA R625CGT K666AAG K700AAA",
    "MAX": "R35CGA R36CGG R60CGG",
    "XBP1": "L167CTG",
    "CCND1": "Y44TAC K46AAG",
    "CRBN": "H353CAT H378CAC W380TGG W386TGG C391TGT W400TGG",
    "IKZF1": "Q146CAG A152GCC",
    "IKZF3": "Q147CAG G152GGC",
    "PSMB5": "A79GCC T80ACA A86GCT V90GTG M104ATG A108GCC C111TGT C122TGC",
}

# symbol, Ensembl id, chromosome, start in Mb, strand, exons, exons before the start codon's, amino acids
_GENES = """
CDKN2C ENSG00000123080 chr1 50.961 + 3 1 168
FAF1 ENSG00000185104 chr1 50.437 - 19 0 650
FUBP1 ENSG00000162613 chr1 77.944 - 20 0 644
RPL5 ENSG00000122406 chr1 92.832 + 8 0 297
NRAS ENSG00000213281 chr1 114.704 - 7 1 189
TENT5C ENSG00000183508 chr1 117.606 + 2 1 391
MCL1 ENSG00000143384 chr1 150.561 - 3 0 350
PSMD4 ENSG00000159352 chr1 151.255 + 10 0 377
ILF2 ENSG00000143621 chr1 153.662 - 14 0 390
CKS1B ENSG00000173207 chr1 154.975 + 3 0 79
SLAMF7 ENSG00000026751 chr1 160.739 + 7 0 335
DUSP2 ENSG00000158050 chr2 96.143 - 4 0 314
SF3B1 ENSG00000115524 chr2 197.389 - 25 0 1304
IDH1 ENSG00000138413 chr2 208.236 - 10 2 414
SP140 ENSG00000079263 chr2 230.203 + 27 0 867
CRBN ENSG00000113851 chr3 3.145 - 11 0 442
CX3CR1 ENSG00000168329 chr3 39.263 - 2 1 355
KLHL6 ENSG00000172578 chr3 183.487 - 7 0 621
FGFR3 ENSG00000068078 chr4 1.793 + 18 1 806
LETM1 ENSG00000168924 chr4 1.811 - 14 0 739
NSD2 ENSG00000109685 chr4 1.871 + 22 1 1365
CD38 ENSG00000004468 chr4 15.778 + 8 0 300
EGR1 ENSG00000120738 chr5 138.465 + 2 0 543
NR3C1 ENSG00000113580 chr5 143.278 - 9 1 777
IRF4 ENSG00000137265 chr6 0.392 + 9 1 451
TXNDC5 ENSG00000239264 chr6 7.882 - 10 0 432
H1-4 ENSG00000168298 chr6 26.156 + 1 0 219
LTB ENSG00000227507 chr6 31.580 - 4 0 244
PSMB8 ENSG00000204264 chr6 32.841 - 6 0 276
CCND3 ENSG00000112576 chr6 41.935 - 5 0 292
PRDM1 ENSG00000057657 chr6 105.993 + 7 0 825
TNFAIP3 ENSG00000118503 chr6 137.867 + 9 1 790
IKZF1 ENSG00000185811 chr7 50.304 + 8 1 519
BRAF ENSG00000157764 chr7 140.719 - 18 0 766
MYC ENSG00000136997 chr8 127.735 + 3 1 439
MAFA ENSG00000182759 chr8 143.419 - 1 0 353
CDKN2A ENSG00000147889 chr9 21.968 - 3 0 156
CDKN2B ENSG00000147883 chr9 22.003 - 2 0 138
TRAF2 ENSG00000127191 chr9 136.882 + 11 1 501
NFKB2 ENSG00000077150 chr10 102.394 + 23 1 900
DDB1 ENSG00000167986 chr11 61.299 - 27 0 1140
MYEOV ENSG00000172927 chr11 69.294 + 3 1 313
CCND1 ENSG00000110092 chr11 69.641 + 5 0 295
BIRC3 ENSG00000023445 chr11 102.317 + 9 1 604
CCND2 ENSG00000118971 chr12 4.270 + 5 0 289
CDKN1B ENSG00000111276 chr12 12.685 + 3 0 198
KRAS ENSG00000133703 chr12 25.205 - 5 1 188
ITGB7 ENSG00000139626 chr12 53.191 - 16 1 798
BTG1 ENSG00000133639 chr12 92.140 - 2 0 171
PTPN11 ENSG00000179295 chr12 112.419 + 16 0 597
POMP ENSG00000132963 chr13 28.659 + 6 0 141
RB1 ENSG00000139687 chr13 48.304 + 27 0 928
DIS3 ENSG00000083520 chr13 72.752 - 21 0 958
CUL4A ENSG00000139842 chr13 113.208 + 20 0 759
PSMB5 ENSG00000100804 chr14 23.017 - 3 0 263
NFKBIA ENSG00000100906 chr14 35.401 - 6 0 317
MAX ENSG00000125952 chr14 65.006 - 5 0 160
TRAF3 ENSG00000131323 chr14 102.777 + 12 1 568
IDH2 ENSG00000182054 chr15 90.083 - 11 0 452
TNFRSF17 ENSG00000048462 chr16 11.965 + 3 0 184
CYLD ENSG00000083799 chr16 50.742 + 20 3 956
WWOX ENSG00000186153 chr16 78.099 + 9 0 414
MAF ENSG00000178573 chr16 79.586 - 2 0 403
TP53 ENSG00000141510 chr17 7.662 - 11 1 393
EFNB3 ENSG00000108947 chr17 7.705 + 5 0 340
IKZF3 ENSG00000161405 chr17 39.758 - 8 0 509
BCL2 ENSG00000171791 chr18 63.123 - 3 1 239
UBE2M ENSG00000130725 chr19 58.556 - 6 0 183
BCL2L1 ENSG00000171552 chr20 31.664 - 3 1 233
MAFB ENSG00000204103 chr20 40.686 - 1 0 323
XBP1 ENSG00000100219 chr22 28.795 - 5 0 261
RBX1 ENSG00000100387 chr22 40.951 + 5 0 108
CUL4B ENSG00000158290 chrX 120.506 - 20 0 895
"""

# genes that the demo's kit leaves out: they would add hundreds of exons to chromosomes that have enough
NOT_CAPTURED = {"FAF1", "FUBP1", "SP140", "SF3B1", "LETM1", "CUL4A", "NFKB2", "ITGB7", "PRDM1", "TNFAIP3"}
NOT_CAPTURED |= {"KLHL6", "BIRC3", "MYEOV", "TXNDC5", "SLAMF7", "NR3C1"}

# immunoglobulin loci, in order along the chromosome: name and type letter (C, J, D, V); strand of all segments
IG_LOCI = {
    "IGH": (
        "chr14",
        105.6,
        "-",
        "IGHA2:C IGHG4:C IGHG2:C IGHA1:C IGHG1:C IGHG3:C IGHD:C IGHM:C IGHJ6:J IGHJ5:J IGHJ4:J IGHD7-27:D "
        "IGHD3-10:D IGHV6-1:V IGHV1-2:V IGHV3-7:V IGHV3-23:V IGHV4-34:V IGHV5-51:V IGHV3-74:V",
    ),
    "IGK": (
        "chr2",
        88.80,
        "-",
        "IGKC:C IGKJ4:J IGKJ2:J IGKJ1:J IGKV4-1:V IGKV1-5:V IGKV3-15:V IGKV3-20:V IGKV1-39:V",
    ),
    "IGL": (
        "chr22",
        22.0,
        "+",
        "IGLV1-51:V IGLV1-44:V IGLV2-14:V IGLV3-21:V IGLV3-1:V IGLJ1:J IGLC1:C IGLJ2:J IGLC2:C IGLJ3:J IGLC3:C",
    ),
}

# bases of a switch region (IGH) or of the stretch where breakpoints fall (IGK, IGL) before a segment, along the
# chromosome: S-mu stands before IGHJ6, that of IGHG3 before IGHD. The repeats of real switch regions are left out
SWITCHES = {"IGHJ6": 1800, "IGHD": 900, "IGHG3": 900, "IGHG1": 900, "IGHA1": 900, "IGHG2": 900}
SWITCHES |= {"IGKJ4": 900, "IGLC1": 900}

LNCRNAS = (
    ("PVT1", "ENSG00000249859", "chr8", 127.795, "+"),
    ("DLEU2", "ENSG00000231607", "chr13", 49.957, "-"),
)
MITOCHONDRIAL = (("MT-ND1", "ENSG00000198888"), ("MT-CO1", "ENSG00000198804"), ("MT-ATP6", "ENSG00000198899"))
# genes of monocytes, granulocytes, T and NK cells: symbol, Ensembl id, arm. In the miniature genome they are fillers
# that the kit does not capture, under another name
OTHER_CELLS = (
    ("CD2", "ENSG00000116824", "chr1p"),
    ("S100A12", "ENSG00000163221", "chr1q"),
    ("SLC11A1", "ENSG00000018280", "chr2q"),
    ("IL7R", "ENSG00000168685", "chr5p"),
    ("CD14", "ENSG00000170458", "chr5q"),
    ("TREM1", "ENSG00000124731", "chr6p"),
    ("CD36", "ENSG00000135218", "chr7q"),
    ("FCN1", "ENSG00000085265", "chr9q"),
    ("CD163", "ENSG00000177575", "chr12p"),
    ("GZMH", "ENSG00000100450", "chr14q"),
    ("NKG7", "ENSG00000105374", "chr19q"),
    ("TYROBP", "ENSG00000011600", "chr19q"),
)


@dataclass(frozen=True)
class Shape:
    """The real shape of one gene, to be scaled down."""

    symbol: str
    gene_id: str
    chrom: str
    place: float
    strand: str
    exons: int
    leading: int
    residues: int

    @property
    def hotspots(self) -> dict[int, str]:
        """Residue position -> codon that must stand there."""
        words = HOTSPOTS.get(self.symbol, "").split()
        return {int(word[1:-3]): word[-3:] for word in words}


def shapes() -> list[Shape]:
    """All named protein-coding genes."""
    rows = [line.split() for line in _GENES.strip().splitlines()]
    return [Shape(r[0], r[1], r[2], float(r[3]), r[4], int(r[5]), int(r[6]), int(r[7])) for r in rows]


def centromere(chrom: str) -> float:
    """Centromere as a fraction of the real chromosome."""
    return next(c / length for name, length, c in CHROMOSOMES if name == chrom)


def real_length(chrom: str) -> float:
    """Real length in Mb."""
    return next(length for name, length, _ in CHROMOSOMES if name == chrom)
