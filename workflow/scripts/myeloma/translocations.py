"""One adjudicated call per patient and translocation from the votes of DNA, RNA junctions, expression, FISH.

Rules:
* DNA or a junction from IGH to the partner that passes its filters: present.
* Else partner over-expression: present, and the evidence says that no junction was seen. IGH translocations
  often leave none in RNA (t(11;14), t(14;16), t(14;20): the breakpoint lies far from the gene), so a
  missing junction alone is never absence.
* Else absent, if the expression vote (or DNA) says absent.
* Else, when sequencing could not assess it, FISH alone decides, and the reason says so.
* FISH never overrules sequencing: votes that contradict each other give conflict = yes and stand beside
  the call. A missing junction contradicts nothing.
* Where a translocation names several partner genes the first decides: FGFR3 is silent in about 30 % of
  t(4;14), so NSD2 does; a later gene speaks only when the first cannot be assessed, and only for present.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

import pandas as pd

from myeloma import gates
from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT


def fish_vote(rows: Iterable[Mapping], translocation: str) -> tuple[str, str]:
    """(state, words) of a patient's FISH rows for one translocation; present if any row is.

    A row counts by its result, else by percent against cutoff_percent; a row with neither says nothing.
    """
    states, words = [], []
    for row in rows:
        if row["abnormality"] != translocation:
            continue
        result, percent, cutoff = row.get("result") or "", row.get("percent"), row.get("cutoff_percent")
        given = [value for value in (percent, cutoff) if value not in (None, "")]
        if not result and len(given) == 2:
            result = PRESENT if float(percent) >= float(cutoff) else ABSENT
        if result in (PRESENT, ABSENT):
            states.append(result)
            shown = f" ({float(percent):g} %)" if percent not in (None, "") else ""
            words.append(f"{row['date']} {result}{shown}")
    if not states:
        return NOT_ASSESSABLE, ""
    return (PRESENT if PRESENT in states else ABSENT), "FISH " + ", ".join(words)


def expression_vote(partners: pd.DataFrame, genes: Sequence[str]) -> dict:
    """{state, partner, value, threshold, reason} from a sample's PARTNERS rows, index gene."""
    rows = [partners.loc[gene] for gene in genes if gene in partners.index]
    if not rows:
        return {"state": NOT_ASSESSABLE, "partner": "", "value": None, "threshold": None, "reason": "no RNA"}
    chosen, state = rows[0], rows[0]["state"]
    if state == NOT_ASSESSABLE:
        other = next((row for row in rows[1:] if row["state"] == PRESENT), None)
        if other is not None:
            chosen, state = other, PRESENT
    made = {"state": state, "partner": chosen.name, "reason": chosen["reason"]}
    return made | {"value": chosen["value"], "threshold": chosen["threshold"]}


def adjudicate(dna: str, rna: str, expression: str, fish: str) -> tuple[str, bool, str]:
    """(state, do votes contradict, what decided): see the module."""
    sides = [vote for vote in (dna, expression, fish) if vote != NOT_ASSESSABLE]
    sides += [PRESENT] if rna == PRESENT else []
    conflict = PRESENT in sides and ABSENT in sides
    if PRESENT in (dna, rna):
        votes = (("DNA", dna), ("RNA junctions", rna), ("expression", expression))
        return PRESENT, conflict, " and ".join(name for name, vote in votes if vote == PRESENT)
    if expression == PRESENT:
        return PRESENT, conflict, "expression alone, no junction seen"
    if ABSENT in (dna, expression):
        return ABSENT, conflict, ""
    if fish != NOT_ASSESSABLE:
        return fish, conflict, "FISH only, sequencing not assessable"
    return NOT_ASSESSABLE, False, ""


def call(
    patients: Sequence[str],
    translocations: Mapping[str, Sequence[str]],
    samples: pd.DataFrame,
    qc: pd.DataFrame,
    fusions: pd.DataFrame,
    partners: pd.DataFrame,
    fish: Iterable[Mapping],
    assessable: Collection[str],
) -> pd.DataFrame:
    """TRANSLOCATIONS rows: every patient and configured translocation.

    `translocations`: name -> partner genes, the deciding one first; `samples`: SAMPLES; `fish`: rows of
    fish.tsv as mappings; `assessable`: translocations that a junction could show with this annotation. Only the RNA sample with role analysis votes.
    """
    chosen = samples[(samples["assay"] == "rna") & (samples["role"] == "analysis")]
    sample_of = dict(zip(chosen["patient"], chosen["sample"], strict=True))
    failed, fish = gates.failed(qc), list(fish)
    rows = []
    for patient in patients:
        sample = sample_of.get(patient, "")
        votes = partners[partners["sample"] == sample].set_index("gene")
        own = fusions[fusions["sample"] == sample]
        of_patient = [row for row in fish if row["patient"] == patient]
        why = "no RNA sample" if not sample else failed.get(sample, "")
        for name, genes in translocations.items():
            rows.append(_row(patient, name, genes, own, votes, of_patient, why, name in assessable))
    return pd.DataFrame(rows, columns=[*_COLUMNS])


_COLUMNS = (
    "patient translocation state dna rna expression fish conflict junction_reads partner value threshold "
    "reason evidence"
).split()


def _row(patient, name, genes, fusions, partners, fish_rows, not_assessable: str, shown: bool) -> dict:
    seen = fusions[(fusions["known"] == name) & (fusions["filter"] == "PASS")]
    expressed = expression_vote(partners, genes)
    if not_assessable:
        # Value and limit stay in the row for the reader; they have no vote.
        rna, expressed = NOT_ASSESSABLE, {**expressed, "state": NOT_ASSESSABLE, "reason": not_assessable}
    else:
        rna = PRESENT if len(seen) else (ABSENT if shown else NOT_ASSESSABLE)
    fish, fish_words = fish_vote(fish_rows, name)
    state, conflict, decided = adjudicate(NOT_ASSESSABLE, rna, expressed["state"], fish)
    reasons = [decided]
    if state == NOT_ASSESSABLE or expressed["state"] == NOT_ASSESSABLE:
        reasons.append(not_assessable or f"expression: {expressed['reason']}")
    if conflict:
        reasons.append(
            "votes contradict: "
            f"RNA junctions {rna}, expression {expressed['state']}, FISH {fish.replace('_', ' ')}"
        )
    evidence = [_junctions(seen)] if rna == PRESENT else []
    if expressed["state"] == PRESENT:
        evidence.append(
            f"expression/partners.tsv: {expressed['partner']} {expressed['value']:.1f} >= "
            f"{expressed['threshold']:.1f} log2, {expressed['reason']}"
        )
    if fish_words:
        evidence.append(fish_words)
    return {
        "patient": patient,
        "translocation": name,
        "state": state,
        "dna": NOT_ASSESSABLE,
        "rna": rna,
        "expression": expressed["state"],
        "fish": fish,
        "conflict": "yes" if conflict else "no",
        "junction_reads": None if rna == NOT_ASSESSABLE else int(seen["junction_reads"].sum()),
        "partner": expressed["partner"],
        "value": expressed["value"],
        "threshold": expressed["threshold"],
        "reason": "; ".join(part for part in reasons if part),
        "evidence": "; ".join(evidence),
    }


def _junctions(seen: pd.DataFrame) -> str:
    best = seen.sort_values("junction_reads", ascending=False, kind="stable").iloc[0]
    return (
        f"expression/fusions.tsv: {best['gene_a']} {best['chrom_a']}:{best['pos_a']} - "
        f"{best['gene_b']} {best['chrom_b']}:{best['pos_b']}, {int(best['junction_reads'])} reads"
    )
