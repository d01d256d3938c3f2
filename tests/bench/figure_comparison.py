"""The comparison stage over a large cohort: the scripts' own functions on made-up tables."""

import sys

import numpy as np
import pandas as pd
import yaml
from measure import PROJECT, single, take

sys.path[:0] = [str(PROJECT / "workflow/scripts"), str(PROJECT / "tests")]
GOAL_SECONDS, GOAL_MB = 180, 4000
SIZES = {"tiny": (40, 500), "small": (1000, 20_000), "full": (1000, 20_000)}


def rows(work, kept, size: str, pairs: int) -> list[dict]:
    patients, genes = SIZES[size]
    told = kept.once(f"comparison {patients} x {genes}", lambda: once(patients, genes))
    goals = (GOAL_SECONDS, GOAL_MB) if patients == 1000 else ("", "")
    what = f"comparison of {patients} patients x {genes} genes"
    note = f"by group, presence, pairs and the expression test (2 threads); {told['cpu']:.0f} s of processor time; not: survival, levels, adjusted models, risk"
    return [
        single(what, told["wall"], goals[0], "s", note, load=told["load"]),
        single(f"{what}, memory of the main process", told["memory_mb"], goals[1], "MB", load=told["load"]),
    ]


def once(patients: int, genes: int) -> dict:
    """By group, by presence, pairs, and the expression test; the remaining rules of the stage are not in it."""
    import fabricate

    made = fabricate.cohort(patients, genes=50)
    names = [f"G{i:05d}" for i in range(genes)]
    samples = made.frames["samples"].query("assay == 'rna'")
    rng = np.random.default_rng(3)
    mean = np.exp(rng.normal(4.5, 1.6, genes))[:, None]
    counts = pd.DataFrame(rng.negative_binomial(4, 4 / (4 + mean * rng.uniform(0.6, 1.6, len(samples)))),
                          index=pd.Index(names, name="gene_id"), columns=samples["sample"])  # fmt: skip
    settings = yaml.safe_load((PROJECT / "config/config.yaml").read_text())
    table = pd.DataFrame({"gene_id": names, "gene_name": names, "chrom": "chr1", "start": 1, "end": 2,
                          "strand": "+", "biotype": "protein_coding"})  # fmt: skip

    def work():
        from myeloma import association, by_presence, cooccurrence, differential, flow, multiplicity

        seen = {name: made.frames[name] for name in ("flow", "abnormalities", "response", "endpoints")}
        rules, rule_set = settings["comparison"], settings["endpoints"]["rule_set"]
        by_group = association.compare_cohort(**seen, qualifying={}, rules=rules, rule_set=rule_set)
        groups = flow.compared_groups(seen["flow"])
        multiplicity.add_permutation_p(by_group, seen["abnormalities"], groups, rules)
        by_presence.response_by_abnormality(
            **seen, qualifying={}, rules=rules, rule_set=rule_set, data_cut=""
        )
        cooccurrence.pairs(seen["flow"], seen["abnormalities"], {}, rules, settings["abnormalities"])
        result = differential.early_versus_poor(
            counts,
            table,
            seen["response"],
            samples.assign(role="analysis"),
            made.frames["qc"],
            settings,
            threads=2,
        )
        if not result.table["p"].notna().sum():
            raise RuntimeError(f"nothing was tested: {result.note}")

    taken = take(work)
    return {"wall": taken.wall, "cpu": taken.cpu, "memory_mb": taken.memory_mb, "load": taken.load}
