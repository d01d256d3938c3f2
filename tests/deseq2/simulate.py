"""Counts for the comparison with R's DESeq2: negative binomial, design ~ batch + age + condition, seeded.

`python tests/deseq2/simulate.py FOLDER` writes what reference.R reads; the tests call `simulated` themselves.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

#: Name -> (genes, samples, seed).
SIZES = {"large": (20_000, 60, 20260), "small": (3_000, 20, 20261)}


def simulated(name: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """(counts genes x samples, sheet with batch, age and condition, planted log2 fold change R over N).

    Dispersion 0.05 + 4 / mean with a log-normal spread of 0.5, library sizes spread by 0.3, batch moves a
    third of the genes, age a tenth, condition a tenth; one count in 20,000 is an outlier of 20 fold.
    """
    genes, samples, seed = SIZES[name]
    random = np.random.default_rng(seed)
    sheet = pd.DataFrame(
        {
            "batch": [f"b{i % 3 + 1}" for i in range(samples)],
            "age": random.integers(42, 84, samples),
            "condition": np.where(np.arange(samples) % 2 == 0, "N", "R"),
        },
        index=pd.Index([f"S{i + 1:02d}" for i in range(samples)], name="sample"),
    )
    mean = np.exp(random.normal(4.2, 1.9, genes))
    dispersion = (0.05 + 4 / mean) * np.exp(random.normal(0, 0.5, genes))
    planted = random.normal(0, 1.2, genes) * (random.random(genes) < 0.1)
    moved = random.normal(0, 0.6, (genes, 3)) * (random.random(genes) < 1 / 3)[:, None]
    slope = random.normal(0, 0.5, genes) * (random.random(genes) < 0.1)
    batch = sheet["batch"].str[1:].astype(int).to_numpy() - 1
    age = ((sheet["age"] - sheet["age"].mean()) / sheet["age"].std(ddof=0)).to_numpy()
    high = (sheet["condition"] == "R").to_numpy()
    log2 = planted[:, None] * high[None, :] + moved[:, batch] + slope[:, None] * age[None, :]
    size = np.exp(random.normal(0, 0.3, samples))
    expected = mean[:, None] * 2**log2 * size[None, :]
    values = random.poisson(random.gamma(1 / dispersion[:, None], expected * dispersion[:, None]))
    values = np.where(random.random(values.shape) < 1 / 20_000, values * 20 + 50, values)
    ids = [f"G{i + 1:05d}" for i in range(genes)]
    return pd.DataFrame(values, index=ids, columns=sheet.index), sheet, pd.Series(planted, index=ids)


def main(folder: str) -> None:
    """Both sizes as tab-separated files, age centred and scaled as the package does it."""
    for name in SIZES:
        counts, sheet, _ = simulated(name)
        counts.to_csv(Path(folder) / f"{name}_counts.tsv.gz", sep="\t", index_label="gene")
        sheet["age"] = (sheet["age"] - sheet["age"].mean()) / sheet["age"].std(ddof=0)
        sheet.to_csv(Path(folder) / f"{name}_sheet.tsv", sep="\t")


if __name__ == "__main__":
    main(sys.argv[1])
