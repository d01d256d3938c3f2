"""What the gates of results/alignments/qc.tsv say to the stages after it."""

import pandas as pd


def failed(qc: pd.DataFrame) -> dict[str, str]:
    """Sample -> sentence naming the gates it failed (QC rows); samples that failed none are left out."""
    rows = qc[qc["verdict"] == "fail"]
    said: dict[str, list[str]] = {}
    for row in rows.itertuples():
        if row.reason:
            words = row.reason if row.gate in row.reason else f"{row.gate}: {row.reason}"
        else:
            words = f"{row.gate} {row.value:.3g} fails the gate of {row.threshold:.3g}"
        said.setdefault(row.sample, []).append(words)
    return {sample: "; ".join(words) for sample, words in said.items()}
