"""Cohorts whose carriers are known: negative binomial counts of partner genes, mixed purity, genes raised without event."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

PURITY = (0.5, 0.95)
SILENT_FGFR3 = 0.30  # share of t(4;14) without FGFR3 (Keats, Blood 2003; Santra, Blood 2003)


@dataclass(frozen=True)
class Partner:
    """Normalised counts without the event, log2 rise in pure tumour (mean, sd), dispersion (biological coefficient of
    variation squared), and the share of non-carriers whose level is raised without the event by 0.58-1.5 log2."""

    base: float
    rise: float
    rise_sd: float
    dispersion: float
    raised: float = 0.0
    silent: float = 0.0


#: Counts as in a library of 30 million reads: assumed, of the order that public cohorts show. Dispersion: the 0.16
#: (coefficient 0.4) that edgeR's guide gives for human samples holds all that differs between persons; purity, copies
#: and the size of the rise are simulated beside it here, so less is left.
PARTNERS = {
    "NSD2": Partner(600, 4.7, 0.5, 0.10),
    "FGFR3": Partner(20, 7.0, 1.0, 0.12, silent=SILENT_FGFR3),
    "CCND1": Partner(150, 6.0, 0.7, 0.10, raised=0.4),  # trisomy 11 in hyperdiploid tumours
    "CCND3": Partner(1500, 4.7, 0.5, 0.10),
    "MAF": Partner(60, 6.0, 0.7, 0.10, raised=0.2),
    "MAFB": Partner(15, 7.0, 0.7, 0.12),
    "MAFA": Partner(0.5, 9.0, 0.7, 0.12),
}
#: As in config/config.yaml: between the levels without and with the event, log2 above the median of the other genes.
COMMON_LEVEL_MAX = {"NSD2": 3, "FGFR3": 0, "CCND1": 2, "CCND3": 4.5, "MAF": 0.5, "MAFB": 0, "MAFA": -2}
#: High CCND2 is no vote (config `unspecific_partners`); what matters is that no carrier is called absent.
CCND2 = Partner(800, 4.7, 0.7, 0.12, raised=0.3)


def cohort(seed: int, n: int, share: float, gene: str, others: int = 150, wider: float = 1.0):
    """(counts, size factors, carriers) of n samples, round(share * n) of them with the translocation of `gene`.

    `wider`: factor on the dispersion of the gene. counts: index gene and G0..; size factors as simulated; carriers:
    True where the gene is raised by the event.
    """
    random = np.random.default_rng([seed, n, int(100 * share), sum(map(ord, gene))])
    partner = {**PARTNERS, "CCND2": CCND2}[gene]
    samples = [f"S{i:02d}" for i in range(n)]
    size = 2 ** random.normal(0, 0.5, n)
    carries = np.arange(n) < round(share * n)
    carries &= ~(random.random(n) < partner.silent)
    purity = random.uniform(*PURITY, n)
    fold = 2 ** random.normal(partner.rise, partner.rise_sd, n)
    level = partner.base * np.where(carries, 1 + purity * (fold - 1), 1)
    raised = ~carries & (random.random(n) < partner.raised)
    level = level * np.where(raised, 2 ** random.uniform(0.58, 1.5, n), 1)
    dispersion = np.concatenate([[wider * partner.dispersion], random.uniform(0.05, 0.25, others)])[:, None]
    mean = np.vstack([level, np.repeat(2 ** random.uniform(5, 12, (others, 1)), n, axis=1)])
    true = mean * random.gamma(1 / dispersion, dispersion, mean.shape)
    names = [gene, *(f"G{i}" for i in range(others))]
    counts = pd.DataFrame(random.poisson(size * true), index=names, columns=samples)
    return counts, pd.Series(size, index=samples), pd.Series(carries, index=samples)
