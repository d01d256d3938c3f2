"""Made-up tables of every stage that the comparison and the report read, conforming to their contracts.

No sequencing and no truth: only shapes, states and the odd cases a report has to survive.
"""

import itertools
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from myeloma import (
    adjusted,
    association,
    by_presence,
    concordance,
    cooccurrence,
    effects,
    flow,
    levels,
    multiplicity,
    outcomes,
    risk,
    safety,
    sensitivity,
    shifts,
    survival,
    table_one,
    tables,
)
from myeloma.report.dossier import Records
from myeloma.states import ABSENT, EARLY, NEITHER, NOT_ASSESSABLE, NOT_EVALUABLE, POOR, PRESENT
from myeloma.tables import DRUGS

KINDS = {
    "TP53": "mutation",
    "KRAS": "mutation",
    "NRAS": "mutation",
    "BRAF": "mutation",
    "DIS3": "mutation",
    "del17p": "copy_number",
    "gain1q": "copy_number",
    "amp1q": "copy_number",
    "del1p32": "copy_number",
    "del13q": "copy_number",
    "hyperdiploidy": "ploidy",
    "t(4;14)": "translocation",
    "t(11;14)": "translocation",
    "t(14;16)": "translocation",
    "t(14;20)": "translocation",
    "t(6;14)": "translocation",
    "MYC_rearrangement": "translocation",
    "RAS_RAF_mutation": "combined",
    "CRBN_pathway": "combined",
    "biallelic_TP53": "combined",
}
RULES = {
    "primary_family": [
        "del17p", "biallelic_TP53", "t(4;14)", "t(14;16)", "gain1q", "amp1q", "del1p32",
        "MYC_rearrangement", "RAS_RAF_mutation", "CRBN_pathway", "hyperdiploidy",
    ],
    "alpha": 0.05,
    "confidence": 0.95,
    "min_group_for_expression": 3,
    "small_group_for_expression": 6,
    "cox_min_events": 5,
    "power": 0.8,
    "table1": ["age", "sex", "iss", "prior_lines", "qualifying_abnormality"],
    "adjust_for": ["prior_lines", "iss"],
    "events_per_parameter": 3,
    "known_risk": ["del17p", "ISS_III"],
    "interaction_min_patients": 2,
    "interaction_min_events": 1,
    "sensitivity_top_genes": 50,
    "permutations": 200,
    "seed": 1,
    "sensitivity_min_purity": 0.3,
    "cooccurrence_min_carriers": 3,
    "exact_wilcoxon_most": 300,
    "driver_genes_assessable": 0.9,
    "rmst_months": 24,
    "lost_after_days": 90,
    "survival_months": [12, 24],
    "levels": {"1q21 copies": {"nested": ["gain1q", "amp1q"], "labels": ["no gain", "gain", "amplification"]}},
}  # fmt: skip
#: Section abnormalities of the config, as far as the comparison reads it.
DEFINITIONS = {"crbn_pathway_genes": ["CRBN", "IKZF1"], "myc_translocations": {"t(8;14)": "IGH"}}
GROUP_RULE = "A: confirmed PR or better by day 50, against best SD or progression by day 92"
START = date(2024, 1, 15)


@dataclass
class Made:
    """A made-up cohort: rows of patients.tsv and one frame per table."""

    patients: list[dict]
    exclusions: list[dict] = field(default_factory=list)
    frames: dict[str, pd.DataFrame] = field(default_factory=dict)

    def write(self, folder: Path) -> dict[str, Path]:
        """Write every table below `folder` at its contract's path; name -> path."""
        paths = {}
        for table in tables.ALL:
            if table.name in self.frames:
                paths[table.name] = Path(folder) / table.path
                tables.write(self.frames[table.name], paths[table.name], table)
        return paths


def cohort(
    n: int = 20,
    seed: int = 1,
    dna: bool = True,
    rna: bool = True,
    clinical: bool = True,
    groups: tuple[str, ...] = (EARLY, POOR, NEITHER, NOT_EVALUABLE),
    names: list[str] | None = None,
    text: str = "",
    genes: int = 600,
    mutually_absent: tuple[str, ...] = ("t(14;20)",),
    compared: bool = True,
) -> Made:
    """`n` patients; `names` replaces their ids, `text` is put into free-text cells; with or without the comparison."""
    rng = np.random.default_rng(seed)
    ids = names if names is not None else [f"IPD-{i + 1:03d}" for i in range(n)]
    share = np.array([0.45, 0.35, 0.12, 0.08])[: len(groups)]
    group = dict(zip(ids, rng.choice(list(groups), len(ids), p=share / share.sum()), strict=True))
    made = Made(_patients(ids, rng, text))
    made.frames["samples"] = _samples(ids, rng, dna, rna, text)
    made.frames["implausible_values"] = _implausible(ids)
    made.frames["qc"] = _qc(made.frames["samples"], rng)
    made.frames["abnormalities"] = _abnormalities(ids, group, rng, dna, text, mutually_absent)
    made.frames["response"] = _response(ids, group, rng, text) if clinical else tables.empty(tables.RESPONSE)
    made.frames["endpoints"] = _endpoints(ids, group, rng) if clinical else tables.empty(tables.ENDPOINTS)
    made.frames["visits"] = _visits(ids, group, rng, text) if clinical else tables.empty(tables.VISITS)
    made.frames["tracks"] = _tracks(ids if clinical else [], text)
    made.frames["markers"] = _markers(made.frames["visits"])
    made.frames["groups_by_definition"] = _definitions(made.frames["response"], text)
    made.frames["expression_early_vs_poor"] = _expression(rng, genes if rna and clinical else 0)
    made.frames["expression_analyses"] = _analyses(genes if rna and clinical else 0)
    made.frames["gene_sets"] = _gene_sets(rng, rna and clinical, text)
    made.frames["sample_map"] = _map(made.frames["samples"], rng)
    made.frames |= _classes(ids, made.frames["samples"], seed, text)
    made.frames["rna_purity"] = _rna_purity(made.frames["sample_map"])
    made.frames["pc_associations"] = _associations(made.frames["sample_map"])
    made.frames["purity"] = _purity(made.frames["samples"], rng)
    made.frames["segments"] = _segments(made.frames["samples"], group, seed)
    made.frames["annotated_variants"] = _variants(made.frames["abnormalities"], seed, text)
    made.frames["burden"] = _burden(made.frames["samples"], text)
    made.frames["signatures"] = _signatures(made.frames["samples"], text)
    made.frames["signatures_by_group"] = _signatures_by_group(text if clinical else "no groups")
    made.frames["fish_concordance"] = _fish(ids, rng, text)
    made.frames["fish_agreement"] = concordance.agreement(made.frames["fish_concordance"])
    made.frames["identity"] = _identity(made.frames["samples"])
    made.frames["contamination"] = tables.empty(tables.CONTAMINATION)
    made.frames |= {table.name: tables.empty(table) for table in safety.CONTRACTS.values()}
    made.frames |= _pharmacokinetics(ids, rng, text, clinical)
    made.frames["translocations"], made.frames["fusions"] = _moved(ids, text)
    made.frames["partners"] = _partners(made.frames["samples"], seed, text)
    if compared:
        _compare(made)
    return made


def records(made: Made, text: str = "") -> Records:
    """Doses of three cycles and two adverse events, one of grade 4, of every treated patient."""
    doses, events = [], []
    for p in made.patients:
        if p["c1d1"] is None:
            continue
        for cycle, day, (drug, mg) in itertools.product(
            (1, 2, 3), (1, 8), zip(DRUGS, (3.0, 4.0, 40.0), strict=True)
        ):
            at = p["c1d1"] + timedelta(days=21 * (cycle - 1) + day - 1)
            doses.append({"patient": p["patient"], "drug": drug, "date": at, "cycle": cycle, "dose_mg": mg if cycle < 3 else mg / 2,
                          "change_reason": text})  # fmt: skip
        for grade, term in ((4, text or "Neutropenia"), (1, "Nausea")):
            start = p["c1d1"] + timedelta(days=9 * grade)
            events.append({"patient": p["patient"], "term": term, "soc": "Blood", "grade": float(grade), "start_date": start,
                           "end_date": start + timedelta(days=6) if grade == 4 else None, "serious": "yes", "outcome": text})  # fmt: skip
    return Records(pd.DataFrame(doses), pd.DataFrame(events))


def _partners(samples, seed, text) -> pd.DataFrame:
    """Two partner genes of every RNA tumour sample; the first sample over-expresses one."""
    rng = np.random.default_rng([seed, 11])
    rna = samples[(samples["assay"] == "rna") & (samples["role"] == "analysis")]
    rows = [
        {"patient": s.patient, "sample": s.sample, "gene": gene, "value": rng.normal(5, 1) + 5 * (i == 0), "threshold": 9.0,
         "posterior": 0.1, "state": PRESENT if i == 0 else ABSENT, "method": "mixture", "reason": text}
        for i, s in enumerate(rna.itertuples())
        for gene in ("CCND1", "NSD2")
    ]  # fmt: skip
    return tables.conform(pd.DataFrame(rows, columns=tables.PARTNERS.names()), tables.PARTNERS)


def _implausible(ids) -> pd.DataFrame:
    """One value to confirm of the first patient, under a name as the sheets have it."""
    row = ["assessments", 3, None, "2021-03-04", "haemoglobin_g_l", 41.0, "g/L", 50.0, 180.0]
    frame = pd.DataFrame([row], columns=tables.IMPLAUSIBLE_VALUES.names())
    return frame.assign(patient=ids[0]) if len(ids) else tables.empty(tables.IMPLAUSIBLE_VALUES)


def _moved(ids: list[str], text: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The first patient has a t(4;14) that FISH denies; nobody else has any translocation."""
    none = dict.fromkeys(("state", "dna", "rna", "expression", "fish"), "absent") | {"conflict": "no"}
    first = {"state": "present", "rna": "present", "expression": "present", "conflict": "yes"}
    first |= {"reason": f"RNA junctions {text}", "evidence": text}
    calls = [
        {"patient": p, "translocation": name, **none, **(first if p == ids[0] and name == "t(4;14)" else {})}
        for p in ids
        for name in ("t(4;14)", "t(11;14)")
    ]
    fused = [
        {"patient": p, "sample": f"{p}-R", "gene_a": text or "IGH", "gene_b": "NSD2", "chrom_a": "chr14", "pos_a": 5,
         "strand_a": "-", "chrom_b": "chr4", "pos_b": 7, "strand_b": "+", "junction_reads": 9, "spanning_pairs": 2,
         "known": "t(4;14)", "filter": "PASS" if p == ids[0] else "low_support"}
        for p in ids
    ]  # fmt: skip
    return (
        tables.conform(pd.DataFrame(calls, columns=tables.TRANSLOCATIONS.names()), tables.TRANSLOCATIONS),
        tables.conform(pd.DataFrame(fused, columns=tables.FUSIONS.names()), tables.FUSIONS),
    )


def _identity(samples: pd.DataFrame) -> pd.DataFrame:
    """Neighbouring samples of a patient are one person."""
    rows = [
        {"sample_a": a.sample, "sample_b": b.sample, "patient_a": a.patient, "patient_b": b.patient,
         "kinds": "made up", "listed": "own patient", "expected": "same", "sites": 900, "concordance": 0.99,
         "opposite_homozygotes": 0, "both_homozygous": 900, "threshold": 0.75, "verdict": "match",
         "as_expected": "yes", "reason": ""}
        for a, b in zip(samples.itertuples(), samples[1:].itertuples(), strict=False)
        if a.patient == b.patient
    ]  # fmt: skip
    return tables.conform(pd.DataFrame(rows, columns=tables.IDENTITY.names()), tables.IDENTITY)


def _conform(frame: pd.DataFrame, table: tables.Table) -> pd.DataFrame:
    """The frame by its contract; a column the maker does not know is empty, or a word where it must not be."""
    for column in table.columns:
        if column.name not in frame or (len(frame) and frame[column.name].isna().all()):
            blank = column.empty or "" in column.allowed or column.kind in ("whole", "number")
            frame[column.name] = "" if blank else (column.allowed[0] if column.allowed else "made up")
    return tables.conform(frame, table)


def _patients(ids, rng, text) -> list[dict]:
    lesions = ["del17p", "t(4;14)", "t(14;16)", "gain1q", ""]
    return [
        {
            "patient": p,
            "sex": "female" if i % 2 else "male",
            "age": int(rng.integers(45, 84)),
            "enrolment_date": START + timedelta(days=7 * i),
            "c1d1": None if i == 7 else START + timedelta(days=7 * i + 5),
            "centre": text or f"centre {i % 3 + 1}",
            "deviation": text if i % 11 == 3 else "",
            "qualifying_abnormality": lesions[i % 5],
            "qualifying_method": "FISH",
            "iss": int(rng.integers(1, 4)),
            "prior_lines": int(rng.integers(1, 5)),
        }
        for i, p in enumerate(ids)
    ]


def _samples(ids, rng, dna, rna, text) -> pd.DataFrame:
    rows = []
    for i, p in enumerate(ids):
        wanted = [("wes", "tumour", "T"), ("wes", "normal", "N")] * dna + [("rna", "tumour", "R")] * rna
        for assay, tissue, letter in wanted:
            if (letter, i % 9) in {("T", 8), ("R", 4), ("N", 5)}:
                continue
            role = "matched_normal" if letter == "N" else "analysis"
            late = letter == "T" and i % 13 == 6
            rows.append(
                {
                    "patient": p,
                    "sample": f"{p[:60]}.{letter}",
                    "assay": assay,
                    "tissue": tissue,
                    "collection_date": str(START + timedelta(days=7 * i)),
                    "kit": "kit1" if assay == "wes" else "",
                    "role": "other" if late else role,
                    "reason": text or ("collected after C1D1" if late else ""),
                }
            )
    return _conform(pd.DataFrame(rows, columns=tables.SAMPLES.names()), tables.SAMPLES)


def _qc(samples, rng) -> pd.DataFrame:
    rows = []
    for i, s in enumerate(samples.itertuples()):
        if s.assay == "wes":
            gates = [("median_target_depth", rng.normal(140, 30), 30.0), ("on_target_fraction", 0.7, 0.2)]
            gates += [("duplicate_fraction", rng.uniform(0.05, 0.4), 0.6), ("insert_size", 180.0, None)]
        else:
            gates = [("assigned_reads", float(rng.integers(3000, 90000)), 2000.0)]
        for gate, value, threshold in gates:
            low = i % 17 == 9 and gate == "median_target_depth"
            value = 12.0 if low else round(float(value), 3)
            verdict = "" if threshold is None else ("fail" if low else "pass")
            rows.append(
                {"patient": s.patient, "sample": s.sample, "assay": s.assay, "tissue": s.tissue,
                 "gate": gate, "value": value, "threshold": threshold, "verdict": verdict, "reason": ""}
            )  # fmt: skip
    return _conform(pd.DataFrame(rows, columns=tables.QC.names()), tables.QC)


def _abnormalities(ids, group, rng, dna, text, nobody) -> pd.DataFrame:
    rows = []
    for p in ids:
        lost = not dna or rng.random() < 0.08
        for name, kind in KINDS.items():
            chance = 0.25 + 0.3 * (name in ("del17p", "TP53") and group[p] == POOR)
            state = PRESENT if rng.random() < chance and name not in nobody else ABSENT
            unseen = lost or name == "MYC_rearrangement" or rng.random() < 0.05
            state = NOT_ASSESSABLE if unseen else state
            rows.append(
                {
                    "patient": p,
                    "sample": "" if lost else f"{p[:60]}.T",
                    "abnormality": name,
                    "kind": kind,
                    "state": state,
                    "value": "" if unseen else f"log2 {rng.normal(-0.4, 0.3):.2f}",
                    "threshold": "log2 -0.30",
                    "reason": (text or "no usable tumour sample") if unseen else "",
                    "evidence": text or ("" if unseen else "results/calls/segments.tsv.gz chr17:7500000"),
                }
            )
    return _conform(pd.DataFrame(rows, columns=tables.ABNORMALITIES.names()), tables.ABNORMALITIES)


BEST = {
    EARLY: ["sCR", "CR", "VGPR", "PR"],
    POOR: ["SD", "PD", "SD"],
    NEITHER: ["MR", "PR"],
    NOT_EVALUABLE: ["NE"],
}


def _response(ids, group, rng, text) -> pd.DataFrame:
    rows = []
    for p in ids:
        best = str(rng.choice(BEST[group[p]]))
        stays = group[p] in (EARLY, POOR) and rng.random() < 0.8
        rows.append(
            {
                "patient": p,
                "best_response": best,
                "best_confirmed_response": best,
                "best_confirmed_induction": best,
                "best_confirmed_treatment": best,
                "response_source": "assessments",
                "response_date": "2024-03-01" if group[p] == EARLY else "",
                "progression_date": "2024-04-01" if best == "PD" else "",
                "unconfirmed_progression_date": "",
                "end_of_induction": "2025-01-15",
                "end_of_induction_source": "recorded",
                "maintenance": "yes" if group[p] == EARLY else "no",
                "maintenance_reason": "end of induction 2025-01-15, made up",
                "group": group[p],
                "rule": GROUP_RULE,
                "decided_by": text or f"visit C3D1: best confirmed {best}",
                "landmark_group": group[p] if stays else "",
                "landmark_reason": "" if stays else (text or "progression before the landmark: day 60"),
            }
        )
    return _conform(pd.DataFrame(rows, columns=tables.RESPONSE.names()), tables.RESPONSE)


def _endpoints(ids, group, rng) -> pd.DataFrame:
    rows = []
    scale = {EARLY: 500, POOR: 130, NEITHER: 300, NOT_EVALUABLE: 90}
    for p in ids:
        for endpoint, factor in (("TTP", 1.0), ("PFS", 1.0), ("OS", 2.5)):
            days = int(max(1, rng.exponential(scale[group[p]] * factor)))
            event = int(rng.random() < 0.7)
            rows.append(
                {
                    "patient": p,
                    "endpoint": endpoint,
                    "rule_set": "trial",
                    "start_date": str(START),
                    "end_date": str(START + timedelta(days=days - 1)),
                    "days": days,
                    "months": days / 30.4375,
                    "event": event,
                    "censor_reason": "" if event else "last adequate assessment",
                    "event_reason": "confirmed progression" if event else "",
                    "source_record": f"assessments.tsv: {p}",
                }
            )
    return _conform(pd.DataFrame(rows, columns=tables.ENDPOINTS.names()), tables.ENDPOINTS)


def _visits(ids, group, rng, text) -> pd.DataFrame:
    rows = []
    path = {EARLY: ["baseline", "MR", "PR", "VGPR", "CR"], POOR: ["baseline", "SD", "SD", "PD"],
            NEITHER: ["baseline", "MR", "MR"], NOT_EVALUABLE: ["baseline", "NE"]}  # fmt: skip
    for p in ids:
        for i, level in enumerate(path[group[p]]):
            day = 1 + 21 * i
            rows.append(
                {
                    "patient": p,
                    "date": str(START + timedelta(days=day - 1)),
                    "visit": text or f"C{i + 1}D1",
                    "day": day,
                    "phase": "induction" if i else "baseline",
                    "track": "serum",
                    "level": level,
                    "confirmed_own": level,
                    "confirmed_level": level,
                    "confirmed_by": "",
                    "decided_by": "" if level == "baseline" else f"serum M protein fell {20 * i} %",
                    "reason": "",
                }
            )
    return _conform(pd.DataFrame(rows, columns=tables.VISITS.names()), tables.VISITS)


def _tracks(ids, text) -> pd.DataFrame:
    rows = [
        {"patient": p, "track": "serum", "reason": text or "serum measurable", "serum_m_g_l": 30.0}
        for p in ids
    ]
    return _conform(pd.DataFrame(rows, columns=tables.TRACKS.names()), tables.TRACKS)


def _markers(visits) -> pd.DataFrame:
    fall = {"baseline": 0, "SD": -10, "MR": -30, "PR": -60, "VGPR": -92, "CR": -100, "PD": 140}
    rows = [
        {"patient": r.patient, "date": r.date, "day": r.day, "marker": "serum M-protein",
         "value": 30 * (1 + fall[r.level] / 100), "unit": "g/L", "followed": "yes", "baseline": 30.0,
         "change_percent": None if r.level == "baseline" else float(fall[r.level]), "nadir": 30.0}
        for r in visits.itertuples()
        if r.level in fall
    ]  # fmt: skip
    return tables.conform(pd.DataFrame(rows, columns=tables.MARKERS.names()), tables.MARKERS)


def _definitions(response, text) -> pd.DataFrame:
    rows = []
    for row in response.to_dict("records"):
        for definition in "ABCDE":
            group = NEITHER if definition == "D" else row["group"]
            rows.append(
                {
                    "patient": row["patient"],
                    "definition": definition,
                    "group": group,
                    "chosen": "yes" if definition == "A" else "no",
                    "differs": "yes" if group != row["group"] else "no",
                    "decided_by": text or "made up",
                    "rule": f"{definition}: made up",
                }
            )
    return tables.conform(
        pd.DataFrame(rows, columns=tables.GROUPS_BY_DEFINITION.names()), tables.GROUPS_BY_DEFINITION
    )


def _expression(rng, genes) -> pd.DataFrame:
    if not genes:
        return tables.empty(tables.EXPRESSION)
    change = rng.normal(0, 0.8, genes)
    p = np.clip(rng.uniform(0, 1, genes) ** (1 + 2 * np.abs(change)), 1e-12, 1)
    order = np.argsort(p)
    q = np.empty(genes)
    q[order] = np.minimum.accumulate((p[order] * genes / np.arange(1, genes + 1))[::-1])[::-1]
    frame = pd.DataFrame(
        {
            "gene_id": [f"ENSG{i:011d}" for i in range(genes)],
            "gene_name": [f"GENE{i}" for i in range(genes)],
            "base_mean": rng.gamma(2, 200, genes),
            "log2_fold_change": change,
            "lfc_se": np.abs(rng.normal(0.4, 0.1, genes)) + 0.05,
            "p": p,
            "q": np.minimum(q, 1),
            "reason": "",
        }
    )
    frame.loc[:2, ["log2_fold_change", "lfc_se", "p", "q"]] = np.nan
    frame.loc[:2, "reason"] = "no reads in either group"
    return _conform(frame, tables.EXPRESSION)


def _analyses(genes) -> pd.DataFrame:
    """The main test, the same without covariates, and one that was not done."""
    rows = [
        {"analysis": "main", "state": "tested", "early": 6, "poor": 7, "covariates": "age", "tested": genes - 3,
         "found": 40, "found_in_main": 40, "jaccard": 1.0, "lfc_correlation": 1.0, "top_same_direction": 1.0},
        {"analysis": "without_covariates", "state": "tested", "early": 6, "poor": 7, "tested": genes - 3, "found": 44,
         "found_in_main": 38, "jaccard": 38 / 46, "lfc_correlation": 0.98, "top_same_direction": 0.96},
        {"analysis": "without_low_purity", "state": "not_assessable", "reason": "no sample has a plasma-cell score"},
    ]  # fmt: skip
    if not genes:
        rows = [{"analysis": "main", "state": "not_assessable", "reason": "no RNA sample in this cohort"}]
    return _conform(
        pd.DataFrame(rows, columns=tables.EXPRESSION_ANALYSES.names()), tables.EXPRESSION_ANALYSES
    )


def _gene_sets(rng, tested, text) -> pd.DataFrame:
    names = [f"MM_SET_{i}" for i in range(8)] + [
        "A_SET_WITH_A_NAME_THAT_IS_MUCH_TOO_LONG_FOR_ITS_PLACE",
        "SMALL",
    ]
    rows = []
    for i, name in enumerate(names):
        row = {
            "set": name,
            "source": text or "a paper",
            "collection": "mine.gmt",
            "size": 30,
            "in_matrix": 25,
        }
        if tested and name != "SMALL":
            p = [0.0004, 0.003, 0.2, 0.5, 0.8, 0.9, 0.6, 0.04, 0.01][i]
            row |= {"state": "tested", "nes": rng.normal(0, 1.2), "p": p, "p_shown": "<1/2500" if i == 0 else f"{p:g}",
                    "q": min(1.0, 3 * p), "leading_edge": "MYC, IRF4", "score_early": 210.5, "score_poor": 190.0,
                    "score_p": 0.03, "score_q": 0.2, "scored_early": 5, "scored_poor": 6}  # fmt: skip
        else:
            row |= {
                "state": "not_assessable",
                "in_matrix": 2,
                "reason": "2 of 30 genes in the matrix; at least 5 are needed",
            }
        rows.append(row)
    return _conform(pd.DataFrame(rows, columns=tables.GENE_SETS.names()), tables.GENE_SETS)


def _map(samples, rng) -> pd.DataFrame:
    rna = samples[(samples["assay"] == "rna") & (samples["role"] == "analysis")]
    frame = pd.DataFrame({"patient": rna["patient"], "sample": rna["sample"]})
    for name in ("pc1", "pc2"):
        frame[name] = rng.normal(0, 10, len(frame))
    frame["pc1_variance"], frame["pc2_variance"], frame["cluster"] = 0.31, 0.18, "0"
    frame["used"], frame["reason"], frame["batch"], frame["sex"] = "yes", "", "1", "female"
    frame["centre"] = [("North", "South")[i % 2] for i in range(len(frame))]
    for name, low, high in (("plasma_cell_score", 0.5, 1), ("purity", 0.5, 1), ("rin", 6, 10), ("immunoglobulin_fraction", 0.2, 0.6),
                            ("assigned_reads", 1e7, 3e7), ("duplicate_fraction", 0.2, 0.5), ("five_to_three_ratio", 0.6, 1),
                            ("unique_fraction", 0.8, 0.9), ("non_b_index", 1, 2)):  # fmt: skip
        frame[name] = rng.uniform(low, high, len(frame)).round(3)
    frame["umap1"] = frame["umap2"] = np.nan
    return _conform(frame, tables.SAMPLE_MAP)


def _classes(ids, samples, seed, text) -> dict[str, pd.DataFrame]:
    """TC classes, scores, skipped exons and pathway; every third sample has no place."""
    rng = np.random.default_rng([seed, 7])
    rna = samples[(samples["assay"] == "rna") & (samples["role"] == "analysis")]
    rows: dict[str, list] = {"scores": [], "pathway": [], "splicing": [], "tc_classes": []}
    for i, row in enumerate(rna.itertuples()):
        state, reason = ("not_assessable", text or "too few") if i % 3 == 2 else ("computed", "")
        z = np.nan if reason else rng.normal()
        one = {"patient": row.patient, "sample": row.sample, "z": z, "cohort_samples": len(rna)}
        one |= {"state": state, "reason": reason, "quantile": None if reason else 0.5, "value_raw": 3.0}
        one |= {
            "genes_used": 50,
            "genes_of": 50,
            "missing": text,
            "value": 5.0,
            "quartile": None if reason else 2,
        }
        rows["scores"].append(one | {"score": "GPI50"})
        rows["pathway"] += [one | {"gene": gene} for gene in ("CRBN", "IKZF1")]
        called = {
            "patient": row.patient,
            "sample": row.sample,
            "event": "CRBN_exon10_skipping",
            "gene": "CRBN",
        }
        called |= {
            "exon": 10,
            "transcript": text,
            "locus": text,
            "upstream_reads": 30,
            "downstream_reads": 30,
        }
        called |= {"skipping_reads": 9, "psi": 0.77, "skipped_share": 0.23, "low": 0.11, "high": 0.39}
        rows["splicing"].append(called | {"threshold": 0.1, "state": PRESENT, "reason": ""})
    for i, patient in enumerate(ids):
        one = {
            "patient": patient,
            "sample": "",
            "tc_class": ("D1", "D1 or none", "")[i % 3],
            "evidence": text,
        }
        one |= {
            "state": ("called", "ambiguous", "not_assessable")[i % 3],
            "ccnd1": "high",
            "ccnd2": "unknown",
        }
        rows["tc_classes"].append(one | {"reason": text} | {f"ccnd{k}_value": 3.0 for k in (1, 2, 3)})
    contracts = (tables.SCORES, tables.PATHWAY, tables.SPLICING, tables.TC_CLASSES)
    return {t.name: _conform(pd.DataFrame(rows[t.name], columns=t.names()), t) for t in contracts}


def _rna_purity(placed: pd.DataFrame) -> pd.DataFrame:
    frame = placed[
        ["patient", "sample", "plasma_cell_score", "immunoglobulin_fraction", "non_b_index"]
    ].copy()
    frame["clone_share"], frame["kappa_share"] = frame["plasma_cell_score"], 0.97
    for part, name in (("heavy_constant", "IGHG1"), ("heavy_variable", "IGHV3-23"), ("light_constant", "IGKC"),
                       ("light_variable", "IGKV1-39")):  # fmt: skip
        frame[part], frame[f"{part}_share"], frame[f"{part}_second"] = name, 0.95, 0.02
    frame["non_b_genes"], frame["basis"], frame["reason"] = 58, "both", ""
    frame["threshold"], frame["state"] = 0.2, PRESENT
    return _conform(frame, tables.RNA_PURITY)


def _associations(placed: pd.DataFrame) -> pd.DataFrame:
    rows = [
        {"component": "pc1", "factor": "centre", "test": "kruskal", "n": len(placed), "levels": "North, South",
         "statistic": 9.1, "effect": 0.4, "p": 0.002, "q": 0.012, "reason": ""},
        {"component": "pc1", "factor": "rin", "test": "spearman", "n": len(placed), "levels": "",
         "statistic": 0.1, "effect": 0.1, "p": 0.6, "q": 0.6, "reason": ""},
        {"component": "pc1", "factor": "batch", "test": "kruskal", "n": len(placed), "levels": "1",
         "statistic": np.nan, "effect": np.nan, "p": np.nan, "q": np.nan, "reason": "one value in all samples"},
    ]  # fmt: skip
    return _conform(
        pd.DataFrame(rows if len(placed) else [], columns=tables.PC_ASSOCIATIONS.names()),
        tables.PC_ASSOCIATIONS,
    )


def _purity(samples, rng) -> pd.DataFrame:
    wes = samples[(samples["assay"] == "wes") & (samples["tissue"] == "tumour")]
    frame = pd.DataFrame({"patient": wes["patient"], "sample": wes["sample"]})
    frame["purity"] = rng.uniform(0.5, 0.95, len(frame)).round(2)
    frame["ploidy"], frame["status"], frame["interval"] = 2.1, "resolved", "0.5-0.9"
    frame["sorted_purity"], frame["purity_used"], frame["reason"] = 0.9, frame["purity"], ""
    frame["base_copies"], frame["noise"], frame["scatter"] = 2, 0.15, 0.01
    return _conform(frame, tables.PURITY)


ARMS = pd.DataFrame(
    [(f"chr{c}", arm, 1 if arm == "p" else 60_000_001, 58_000_000 if arm == "p" else 60_000_000 + 4_000_000 * (25 - c), "yes")
     for c in range(1, 23) for arm in "pq"],
    columns=["chrom", "arm", "start", "end", "informative"],
)  # fmt: skip


def _segments(samples, group, seed) -> pd.DataFrame:
    """One segment an arm; 1q gained and 13q, 17p lost more often in poor responders; a subclonal loss of 8p."""
    rng = np.random.default_rng([seed, 11])
    chosen = samples[
        (samples["assay"] == "wes") & (samples["tissue"] == "tumour") & (samples["role"] == "analysis")
    ]
    gains = {
        ("chr1", "q"): 0.5,
        ("chr9", "q"): 0.5,
        ("chr9", "p"): 0.5,
        ("chr15", "q"): 0.4,
        ("chr11", "q"): 0.3,
    }
    losses = {("chr13", "q"): 0.5, ("chr17", "p"): 0.2, ("chr1", "p"): 0.2, ("chr14", "q"): 0.15}
    rows = []
    for s in chosen.itertuples():
        more = 0.25 * (group[s.patient] == POOR)
        for arm in ARMS.itertuples():
            place = (arm.chrom, arm.arm)
            total, minor, share = 2, 1, None
            if rng.random() < gains.get(place, 0) + more * (place in gains):
                total, share = 3, 0.9
            elif rng.random() < losses.get(place, 0) + more * (place in losses):
                total, minor, share = 1, 0, 0.8
            elif place == ("chr16", "q") and rng.random() < 0.3:
                minor, share = 0, 0.9
            elif place == ("chr8", "p"):
                total, minor, share = 1, 0, 0.1
            rows.append({"patient": s.patient, "sample": s.sample, "chrom": arm.chrom, "start": arm.start, "end": arm.end,
                         "targets": 2 if place == ("chr21", "p") else 300, "total_copies": total, "minor_copies": minor,
                         "clonal_fraction": share, "germline_copies": 2.0})  # fmt: skip
    return tables.conform(pd.DataFrame(rows, columns=tables.SEGMENTS.names()), tables.SEGMENTS)


CHANGES = {
    "TP53": [
        ("p.Arg175His", 175),
        ("p.Arg213Ter", 213),
        ("p.Arg248Gln", 248),
        ("p.Arg273His", 273),
        ("", None),
    ],
    "KRAS": [("p.Gly12Asp", 12), ("p.Gly13Asp", 13), ("p.Gln61His", 61), ("p.Gln61Leu", 61)],
    "NRAS": [("p.Gln61Arg", 61), ("p.Gln61Lys", 61), ("p.Gly13Arg", 13)],
    "BRAF": [("p.Val600Glu", 600), ("p.Asp594Asn", 594)],
    "DIS3": [("p.Asp488Asn", 488), ("p.Arg780Lys", 780), ("p.Leu81fs", 81)],
}


def _variants(calls, seed, text) -> pd.DataFrame:
    """One passing variant for each gene called mutated; a splice site where no residue is named."""
    rng = np.random.default_rng([seed, 12])
    rows = []
    for i, r in enumerate(calls[(calls["kind"] == "mutation") & (calls["state"] == PRESENT)].itertuples()):
        change, position = CHANGES[r.abnormality][rng.integers(len(CHANGES[r.abnormality]))]
        kind = "splice_donor_variant&intron_variant" if not change else "missense_variant"
        kind = (
            "stop_gained"
            if change.endswith("Ter")
            else "frameshift_variant"
            if change.endswith("fs")
            else kind
        )
        rows.append({"patient": r.patient, "sample": r.sample, "chrom": "chr1", "pos": 1000 + i, "ref": "C", "alt": "T",
                     "filter": "PASS", "mode": "tumour_normal", "gene": r.abnormality, "transcript": f"T_{r.abnormality}.1",
                     "consequence": kind, "impact": "MODERATE" if kind == "missense_variant" else "HIGH",
                     "hgvsc": "c.375+1G>A", "hgvsp": change, "hotspot": "yes" if position in (12, 61, 600) else "no"})  # fmt: skip
    return _conform(pd.DataFrame(rows, columns=tables.ANNOTATED_VARIANTS.names()), tables.ANNOTATED_VARIANTS)


def expression_values(made: Made, seed: int = 1) -> pd.DataFrame:
    """log2 normalised counts, genes of the expression table x analysis RNA samples, moved by the fold change."""
    rng = np.random.default_rng([seed, 13])
    group = flow.compared_groups(made.frames["flow"])
    samples = made.frames["samples"]
    rna = samples[(samples["assay"] == "rna") & (samples["role"] == "analysis")]
    tested = made.frames["expression_early_vs_poor"]
    side = np.array([{EARLY: 0.5, POOR: -0.5}.get(group.get(p), 0.0) for p in rna["patient"]])
    moved = np.outer(tested["log2_fold_change"].fillna(0), side)
    values = 8 + moved + rng.normal(0, 0.5, moved.shape)
    return pd.DataFrame(values, index=tested["gene_id"], columns=list(rna["sample"]))


def _fish(ids, rng, text) -> pd.DataFrame:
    rows = [
        {"patient": p, "date": START.isoformat(), "abnormality": "del17p", "probe": text or "TP53", "fish": PRESENT,
         "sequencing": PRESENT, "reason": text, "agreement": str(rng.choice(["agree", "disagree", "not_comparable"]))}
        for p in ids
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=tables.FISH_CONCORDANCE.names())
    return _conform(frame, tables.FISH_CONCORDANCE)


def _burden(samples, text) -> pd.DataFrame:
    rows = []
    for i, s in enumerate(
        samples[(samples["assay"] == "wes") & (samples["tissue"] == "tumour")].itertuples()
    ):
        seen = i % 4 != 3
        row = {"patient": s.patient, "sample": s.sample, "mode": "tumour_normal" if seen else "tumour_only"}
        row |= {"state": "measured" if seen else "not_assessable", "copies_state": "measured"}
        row |= {"reason": "" if seen else (text or "tumour only"), "copies_reason": ""}
        row |= {"genome_changed": 0.25, "arms_changed": 7, "arms_seen": 39}
        if seen:
            row |= {"tmb": 1.6, "tmb_low": 1.1, "tmb_high": 2.2, "nonsynonymous": 48, "coding": 66}
            row |= {"callable_mb": 30.5, "coding_mb": 34.0}
        rows.append(row)
    frame = pd.DataFrame(rows, columns=tables.BURDEN.names())
    return tables.conform(frame, tables.BURDEN)


def _fit(i: int, text: str) -> list[dict]:
    """A fitted spectrum, or one that was refused."""
    about = {"table": "COSMIC_v3.4_SBS_GRCh38_exome", "library": "SigProfilerAssignment 1.1.5"}
    if i % 3 == 2:
        why = {
            "state": NOT_ASSESSABLE,
            "snvs": 12,
            "reason": text or "12 SNVs, fewer than the 50 that a fit needs",
        }
        return [about | why | {"signature": name} for name in ("SBS1", "SBS99")]
    about |= {"snvs": 120, "cosine": 0.91}
    return [
        about | {"signature": "SBS1", "state": PRESENT, "share": 0.6, "share_low": 0.4, "share_high": 0.7},
        about
        | {"signature": "SBS99", "state": NOT_ASSESSABLE, "share": 0.1, "share_low": 0, "share_high": 0.2},
    ]


def _signatures(samples, text) -> pd.DataFrame:
    wes = samples[(samples["assay"] == "wes") & (samples["tissue"] == "tumour")]
    rows = [
        {"patient": s.patient, "sample": s.sample} | row
        for i, s in enumerate(wes.itertuples())
        for row in _fit(i, text)
    ]
    return tables.conform(pd.DataFrame(rows, columns=tables.SIGNATURES.names()), tables.SIGNATURES)


def _signatures_by_group(text) -> pd.DataFrame:
    rows = [
        {"group": group, "patients": 5, "resampled": "patients" if i % 3 != 2 else ""} | row
        for i, group in ((0, EARLY), (2, POOR))
        for row in _fit(i, text)
    ]
    frame = pd.DataFrame(rows, columns=tables.SIGNATURES_BY_GROUP.names())
    return tables.conform(frame, tables.SIGNATURES_BY_GROUP)


def _compare(made: Made) -> None:
    """The product's own comparison of the made-up tables."""
    f = made.frames
    f["flow"] = flow.build(
        made.patients, f["samples"], made.exclusions, f["qc"], f["response"], f["endpoints"],
        f["abnormalities"], {"definition": "A", "landmark_days": 91, "rule_set": "trial"},
    )  # fmt: skip
    qualifying = {p["patient"]: p["qualifying_abnormality"] for p in made.patients}
    f["abnormalities_by_group"] = association.compare_cohort(
        f["flow"], f["abnormalities"], f["response"], f["endpoints"], qualifying, RULES, "trial"
    )
    groups = flow.compared_groups(f["flow"])
    f["abnormalities_by_group"] = multiplicity.add_permutation_p(
        f["abnormalities_by_group"], f["abnormalities"], groups, RULES
    )
    f["sensitivity"] = sensitivity.analyse(
        f["flow"],
        f["abnormalities"],
        f["groups_by_definition"],
        f["samples"],
        f["purity"],
        tables.empty(tables.VARIANTS),
        made.exclusions,
        RULES,
    )
    f["table1"] = table_one.build(
        f["flow"],
        [{k: "" if v is None else f"{v}" for k, v in p.items()} for p in made.patients],
        RULES["table1"],
    )
    f["adjusted"] = adjusted.adjust(f["flow"], f["abnormalities"], made.patients, RULES)
    f["interactions"] = adjusted.interact(
        f["flow"], f["abnormalities"], f["endpoints"], made.patients, RULES, "trial", DEFINITIONS
    )
    f["cooccurrence"] = cooccurrence.pairs(f["flow"], f["abnormalities"], qualifying, RULES, DEFINITIONS)
    f["burden_by_group"] = shifts.compare(
        f["flow"], f["samples"], f["abnormalities"], f["burden"], f["signatures"], RULES
    )
    populations = association.populations(f["flow"])
    assessed = association.any_assessed(f["endpoints"])
    f["response_rates"] = association.response_rates(
        f["response"], populations, RULES["confidence"], assessed
    )
    more = (f["endpoints"], qualifying, RULES, "trial")
    f["survival_by_abnormality"] = by_presence.survival_by_abnormality(f["flow"], f["abnormalities"], *more)
    f["response_by_abnormality"] = by_presence.response_by_abnormality(
        f["flow"], f["abnormalities"], f["response"], *more, f["endpoints"]["end_date"].max()
    )
    f["levels"] = levels.compare(
        f["abnormalities"], f["tc_classes"], f["endpoints"], f["flow"], RULES, "trial"
    )
    f["risk"], f["risk_strata"] = _risk(made)
    f["effect_sizes"] = effects.collect(f, RULES)
    f["endpoint_results"] = outcomes.results(f["endpoints"], f["flow"], RULES, "trial")
    f["cumulative_incidence"] = outcomes.incidence(f["endpoints"], f["flow"], RULES, "trial")
    f["survival"], f["survival_curves"] = survival.fit_cohort(
        f["flow"], f["abnormalities"], f["response"], f["endpoints"], RULES, 91, "trial", 30.4375
    )


def _risk(made: Made) -> tuple[pd.DataFrame, pd.DataFrame]:
    """ISS of every second patient only; the laboratory is not known."""
    project = Path(__file__).resolve().parents[1]
    systems = risk.read_systems(str(project / "resources/risk_systems.tsv"))
    people = [SimpleNamespace(patient=p["patient"], iss=1 + i % 3 if i % 2 else None, c1d1=None)
              for i, p in enumerate(made.patients)]  # fmt: skip
    empty = pd.DataFrame(columns=["patient"])
    limits = {
        "b2m_stage_2_mg_l": 3.5,
        "albumin_g_l": 35,
        "b2m_stage_3_mg_l": 5.5,
        "creatinine_below_umol_l": 106.08,
        "absolute_copies": {"gain1q": 3, "amp1q": 4},
    }
    found = risk.by_patient(people, empty, empty, made.frames["abnormalities"], systems, limits)
    return found, risk.strata(found, made.frames["endpoints"], made.frames["flow"], systems, RULES, "trial")


def _pharmacokinetics(ids, rng, text, clinical) -> dict[str, pd.DataFrame]:
    """Five samples a patient; the last patient has none that is usable. Without clinical tables: nothing."""
    contracts = (
        tables.PK_INDIVIDUAL,
        tables.PK_CONCENTRATIONS,
        tables.PK_POPULATION,
        tables.PK_VPC,
        tables.EXPOSURE_RESPONSE,
    )
    if not clinical or not ids:
        return {table.name: tables.empty(table) for table in contracts}
    out = ids[-1]
    individual, samples = [], []
    for patient in ids:
        auc = float(np.exp(rng.normal(7.8, 0.4)))
        row = {"patient": patient, "state": "assessable", "samples": 5, "below": 0, "left_out": 0, "auc_cycle1": auc,
               "auc_low": auc / 1.5, "auc_high": auc * 1.5, "average_cycle1": auc / 504, "dosed_auc_cycle1": auc,
               "cl_over_f": 6000 / auc, "reliability": 0.8, "log_auc_se": 0.2}  # fmt: skip
        if patient == out:
            row = {"patient": patient, "state": "not_assessable", "samples": 0, "below": 0, "left_out": 5,
                   "reason": f"no usable concentration: {text}"}  # fmt: skip
        individual.append(row)
        for number, hours in enumerate((1, 4, 96, 72, 264), 1):
            value = float(np.exp(rng.normal(1.5, 0.6)))
            samples.append({"patient": patient, "number": number, "date": "2024-01-01", "time": "09:00", "nominal": text,
                            "state": "left_out" if patient == out else "used", "value_ng_ml": value, "lloq_ng_ml": 0.5,
                            "hours_since_first_dose": hours, "hours_since_last_dose": hours, "pred": value * 1.1,
                            "ipred": value, "iwres": 0.1, "cwres": -0.2, "reason": text if patient == out else ""})  # fmt: skip
    population = [{"quantity": "CL/F", "kind": "typical value", "unit": "L/h", "published": 3.2, "state": "refused", "reason": text},
                  {"quantity": "shrinkage of eta CL", "kind": "shrinkage", "estimate": 0.4, "state": "look", "reason": "high"}]  # fmt: skip
    check = [{"bin": b, "statistic": name, "from_h": b, "to_h": b + 1, "middle_h": b + 0.5, "samples": 10, "patients": 10,
              "observed": v, "simulated": v, "simulated_low": v * 0.8, "simulated_high": v * 1.2}
             for b in (1, 2) for name, v in (("P10", 1.0), ("P50", 4.0), ("P90", 9.0), ("below", 0.1))]  # fmt: skip
    fitted = {"kind": "adverse_event", "patients": 11, "events": 5, "no_exposure": 1, "no_outcome": 0, "odds_ratio": 2.5,
              "ci_low": 0.7, "ci_high": 12.0, "p": 0.13, "q": 0.13, "state": "fitted"}  # fmt: skip
    outcomes = [
        {"outcome": text or "any", "metric": metric, **fitted}
        for metric in ("auc_cycle1", "average_to_event")
    ]
    rows = (individual, samples, population, check, outcomes)
    return {
        table.name: tables.conform(pd.DataFrame(r, columns=table.names()), table)
        for table, r in zip(contracts, rows, strict=True)
    }
