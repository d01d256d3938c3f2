"""What the comparison stage of a large cohort reads: made-up tables at their places in a working directory."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from measure import PROJECT

sys.path[:0] = [str(PROJECT / part) for part in ("workflow/scripts", "tests", "tests/workflow")]
import fabricate  # noqa: E402
import planning  # noqa: E402

from myeloma import STAGES, contexts, files, tables  # noqa: E402

#: As many abnormalities as the demo's call; fabricate has 20 of them.
ABNORMALITIES = 99
STAGES_BEFORE = STAGES[: STAGES.index("comparison")]


def make(folder: Path, patients: int, genes: int) -> Path:
    """Sheets, config and every table that workflow/rules/comparison.smk reads, below `folder`; returns the config."""
    config = planning.cohort(folder, patients=patients)
    made = fabricate.cohort(
        patients, genes=50, names=[f"P{i + 1:04d}" for i in range(patients)], compared=False
    )
    _patients(folder, made)
    rng = np.random.default_rng(3)
    made.frames["abnormalities"] = _abnormalities(made.frames["abnormalities"], rng)
    made.frames["endpoints"] = _endpoints(made.frames["endpoints"])
    for frame in made.frames.values():
        if "sample" in frame:
            frame["sample"] = frame["sample"].str.replace(r"\.([TNR])$", r"-\1", regex=True)
    made.frames["variants"] = tables.empty(tables.VARIANTS)
    names = made.frames["samples"].query("assay == 'rna'")["sample"].tolist()
    made.frames["gene_set_scores"] = _scores(names, rng)
    for table in tables.ALL:
        if table.name in made.frames and table.path.split("/")[1] in STAGES_BEFORE:
            tables.write(made.frames[table.name], folder / table.path, table)
    _counts(folder, [f"P{i + 1:04d}-R" for i in range(patients)], genes, rng)
    _spectra(folder, made.frames["samples"], rng)
    return config


def _patients(folder: Path, made) -> None:
    """The covariates that models and Table 1 read; the dates are those of planning.cohort."""
    lines = ["patient\tc1d1\tlast_contact\tsex\tage\tiss\tprior_lines\tqualifying_abnormality"]
    for p in made.patients:
        keys = ("sex", "age", "iss", "prior_lines", "qualifying_abnormality")
        lines.append("\t".join(map(str, [p["patient"], "2024-01-10", "2024-12-31", *(p[k] for k in keys)])))
    (folder / "patients.tsv").write_text("\n".join(lines) + "\n")


def _abnormalities(seen: pd.DataFrame, rng) -> pd.DataFrame:
    """More genes beside the named abnormalities, carried by 0.5 to 30 % of the patients."""
    pattern = seen[seen["abnormality"] == "DIS3"]
    more = []
    for number in range(ABNORMALITIES - seen["abnormality"].nunique()):
        state = np.where(rng.random(len(pattern)) < rng.uniform(0.005, 0.3), "present", "absent")
        state = np.where(pattern["state"] == "not_assessable", "not_assessable", state)
        more.append(pattern.assign(abnormality=f"GENE{number:02d}", state=state))
    return pd.concat([seen, *more], ignore_index=True)


def _endpoints(seen: pd.DataFrame) -> pd.DataFrame:
    """EFS beside the three endpoints of fabricate, and the two other rule sets."""
    seen = pd.concat([seen, seen[seen["endpoint"] == "PFS"].assign(endpoint="EFS")])
    return pd.concat([seen.assign(rule_set=name) for name in ("trial", "fda", "ema")], ignore_index=True)


def _scores(samples: list[str], rng) -> pd.DataFrame:
    rows = [
        {"sample": sample, "set": name, "score": rng.normal(200, 30), "method": "ssgsea", "in_matrix": 25, "reason": ""}
        for sample in samples
        for name in _sets()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _sets() -> dict[str, list[str]]:
    """The gene sets of the config, with their genes."""
    settings = yaml.safe_load((PROJECT / "config/config.yaml").read_text())
    found = {}
    for path in settings["expression"]["gene_sets"]:
        for line in (PROJECT / path).read_text().splitlines():
            name, _, *members = line.split("\t")
            found[name] = members
    return found


def _counts(folder: Path, samples: list[str], genes: int, rng) -> None:
    """Negative binomial counts; the first genes carry the names of the gene sets, so that these are tested."""
    named = sorted({gene for members in _sets().values() for gene in members})[: genes // 2]
    names = named + [f"G{i:05d}" for i in range(genes - len(named))]
    ids = [f"ENSG{i:011d}.1" for i in range(genes)]
    mean = np.exp(rng.normal(4.5, 1.6, genes))[:, None]
    values = rng.negative_binomial(4, 4 / (4 + mean * rng.uniform(0.6, 1.6, len(samples))))
    counts = pd.DataFrame(values, columns=samples)
    counts.insert(0, "gene_id", ids)
    counts.insert(1, "gene_name", names)
    tables.write(counts, folder / tables.COUNTS.path, tables.COUNTS)
    (folder / "results/references").mkdir(parents=True, exist_ok=True)
    place = pd.DataFrame({"gene_id": ids, "gene_name": names, "chrom": "chr1", "start": range(1, genes + 1),
                          "end": range(2, genes + 2), "strand": "+", "biotype": "protein_coding"})  # fmt: skip
    with files.open_text(folder / "results/references/genes.tsv", "w") as handle:
        place.to_csv(handle, sep="\t", index=False)
    head = "name\tkind\tchrom\tstart\tend\tgenes\tsource\n"
    (folder / "results/references/regions.tsv").write_text(head)


def _spectra(folder: Path, samples: pd.DataFrame, rng) -> None:
    """SBS96 counts of every tumour exome, about 120 changes each."""
    wes = samples[(samples["assay"] == "wes") & (samples["tissue"] == "tumour")]["sample"]
    classes = list(contexts.CLASSES)
    frame = pd.DataFrame({name: rng.poisson(120 / 96, 96) for name in wes})
    frame.insert(0, "mutation_type", classes)
    tables.write(frame, folder / tables.SBS96.path, tables.SBS96)
