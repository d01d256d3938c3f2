"""One adjudicated call per patient and translocation from the votes of DNA, RNA junctions, expression, FISH.

Rules:
* A DNA junction or an RNA junction from the locus to the partner that passes its filters: present.
* Else partner over-expression: present, and the evidence says that no junction was seen. IGH translocations
  often leave none in RNA (t(11;14), t(14;16), t(14;20): the breakpoint lies far from the gene), so a
  missing junction alone is never absence.
* Else absent, if the expression vote says absent, or DNA does (with power over the locus: `structural_votes`).
* Else, when sequencing could not assess it, FISH alone decides, and the reason says so.
* FISH never overrules sequencing: votes that contradict each other give conflict = yes and stand beside
  the call. A missing junction contradicts nothing.
* FISH of more than `copy_number.fish_max_days` from every sequenced sample of the analysis is shown and does
  not vote; FISH results that contradict each other are no vote, and the row is a conflict.
* Where a translocation names several partner genes the first decides: FGFR3 is silent in about 30 % of
  t(4;14), so NSD2 does; a later gene speaks only when the first cannot be assessed, and only for present.
* Over-expression of the config's `unspecific_partners` is no vote for present.
* Over-expression of a gene in the config's `expression_alone_needs_absence` makes no call by itself unless the exome
  says that all events named there are absent: CCND1 is raised in hyperdiploid D1 tumours too.
* MYC with an immunoglobulin locus, and MYC_rearrangement (any partner), have no expression vote.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from myeloma import fusions as fusions_
from myeloma import gates, places, structural_votes
from myeloma.states import ABSENT, FISH_ONLY, NOT_ASSESSABLE, PRESENT
from myeloma.structural_votes import Vote, myc_junctions

NO_DNA = Vote(NOT_ASSESSABLE, "no tumour exome in the analysis")


@dataclass(frozen=True)
class Fish:
    """What FISH says of one translocation in one patient. `split`: its own results contradict each other."""

    state: str
    words: str = ""
    reason: str = ""
    split: bool = False


def fish_vote(
    rows: Iterable[Mapping], translocation: str, sampled: Iterable[str] = (), most_days: int = 0
) -> Fish:
    """The vote of a patient's FISH rows for one translocation.

    A row counts by its result, else by percent against cutoff_percent; a row with neither says nothing. A row
    more than `most_days` from every date of `sampled` (collection of the patient's sequenced samples, as text;
    none known: no limit) is shown and does not vote. Rows that contradict each other are no vote.
    """
    days_of = [date.fromisoformat(day) for day in sampled if day]
    states, words, reasons = [], [], []
    for row in rows:
        if row["abnormality"] != translocation:
            continue
        result = _fish_result(row)
        if result not in (PRESENT, ABSENT):
            reasons.append(f"FISH of {row['date']}: neither a result nor a percentage with its cut-off")
            continue
        percent = row.get("percent")
        said = f"{row['date']} {result}" + (f" ({float(percent):g} %)" if percent not in (None, "") else "")
        apart = min((abs((date.fromisoformat(str(row["date"])) - day).days) for day in days_of), default=0)
        if apart > most_days:
            said += f", {apart} days from the sequenced sample"
            reasons.append(
                f"FISH of {row['date']}: {apart} days from the sequenced sample, more than {most_days}"
            )
        else:
            states.append(result)
        words.append(said)
    shown = "FISH " + ", ".join(words) if words else ""
    split = PRESENT in states and ABSENT in states
    if split:
        reasons.insert(0, "FISH results contradict each other")
    state = states[0] if states and not split else NOT_ASSESSABLE
    return Fish(state, shown, "; ".join(reasons), split)


def _fish_result(row: Mapping) -> str:
    result, percent, cutoff = row.get("result") or "", row.get("percent"), row.get("cutoff_percent")
    if not result and not any(value in (None, "") for value in (percent, cutoff)):
        return PRESENT if float(percent) >= float(cutoff) else ABSENT
    return result


def expression_vote(partners: pd.DataFrame, genes: Sequence[str], unspecific: Collection[str] = ()) -> dict:
    """{state, partner, value, threshold, reason} from a sample's PARTNERS rows, index gene."""
    rows = [partners.loc[gene] for gene in genes if gene in partners.index]
    if not rows:
        return {"state": NOT_ASSESSABLE, "partner": "", "value": None, "threshold": None, "reason": "no RNA"}
    chosen, state = rows[0], rows[0]["state"]
    if state == NOT_ASSESSABLE:
        other = next((row for row in rows[1:] if row["state"] == PRESENT), None)
        if other is not None:
            chosen, state = other, PRESENT
    if state == PRESENT and chosen.name in unspecific:
        return {
            "state": NOT_ASSESSABLE,
            "partner": chosen.name,
            "value": chosen["value"],
            "threshold": chosen["threshold"],
            "reason": f"{chosen.name} is high without its translocation as well",
        }
    made = {"state": state, "partner": chosen.name, "reason": chosen["reason"]}
    return made | {"value": chosen["value"], "threshold": chosen["threshold"]}


def expression_alone(
    expressed: Mapping, copies: Mapping[str, str], needs: Mapping[str, Sequence[str]]
) -> dict:
    """The expression vote where no junction stands beside it.

    copies: copy-number event -> state in the patient's analysis exome; needs: gene -> events that raise it without its
    translocation (TC classes, Bergsagel, Blood 2005;106:296), all of which must be absent.
    """
    if expressed["state"] != PRESENT:
        return dict(expressed)
    states = {event: copies.get(event, NOT_ASSESSABLE) for event in needs.get(expressed["partner"], ())}
    open_ = [f"{event} {state.replace('_', ' ')}" for event, state in states.items() if state != ABSENT]
    if not open_:
        return dict(expressed)
    reason = f"{expressed['partner']} is raised without its translocation too where {', '.join(states)}"
    reason += f" is present: {', '.join(open_)}"
    return {**expressed, "state": NOT_ASSESSABLE, "reason": reason}


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
        return fish, conflict, FISH_ONLY
    return NOT_ASSESSABLE, False, ""


def call_cohort(
    patients: Sequence[str],
    read: Mapping[str, pd.DataFrame],
    paths: Mapping[str, str],
    fish: Iterable[Mapping],
    abnormalities: Mapping[str, Any],
    limits: Mapping[str, Any],
    fish_max_days: int,
    entered: Mapping[tuple[str, str], Vote] | None = None,
) -> pd.DataFrame:
    """TRANSLOCATIONS of the cohort, MYC among them.

    `entered`: votes of patients whose analysis DNA enters by tables (entry.votes); they stand as the vote of DNA.

    `read`: frames by contract name (samples, qc, fusions, partners, structural, structural_power,
    tumour_in_normal, copy_events); `paths`: genes and regions, "" when not given; `abnormalities`: that config section;
    `limits`: the section structural with somatic.tin_max.
    """
    regions, fish = places.read_regions(paths["regions"]), list(fish)
    known = abnormalities["translocations"]
    shown = fusions_.Annotation(places.read_genes(paths["genes"]), regions, known).assessable()
    seen = {name: read[name] for name in ("samples", "qc", "fusions", "partners")}
    dna = structural_votes.votes(
        read["samples"],
        read["qc"],
        read["structural"],
        read["structural_power"],
        read["tumour_in_normal"],
        regions,
        abnormalities,
        limits,
    )
    dna |= entered or {}
    more = {"fish": fish, "dna": dna, "fish_max_days": fish_max_days}
    ig = call(
        patients,
        known,
        **seen,
        **more,
        assessable=shown,
        unspecific=abnormalities["unspecific_partners"],
        needs_absence=abnormalities["expression_alone_needs_absence"],
        copy_events=read["copy_events"],
    )
    myc = call_myc(patients, **seen, **more, regions=regions, abnormalities=abnormalities)
    return pd.DataFrame([*ig.to_dict("records"), *myc.to_dict("records")], columns=[*_COLUMNS])


def call(
    patients: Sequence[str],
    translocations: Mapping[str, Sequence[str]],
    samples: pd.DataFrame,
    qc: pd.DataFrame,
    fusions: pd.DataFrame,
    partners: pd.DataFrame,
    fish: Iterable[Mapping],
    assessable: Collection[str],
    dna: Mapping[tuple[str, str], Vote] | None = None,
    unspecific: Collection[str] = (),
    fish_max_days: int = 90,
    needs_absence: Mapping[str, Sequence[str]] | None = None,
    copy_events: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """TRANSLOCATIONS rows: every patient and configured translocation.

    `translocations`: name -> partner genes, the deciding one first; `samples`: SAMPLES; `fish`: rows of
    fish.tsv as mappings; `assessable`: translocations that a junction could show with this annotation. Only the
    RNA sample with role analysis votes. `dna`: votes of `structural_votes`; `unspecific`: genes whose
    over-expression is no vote; `needs_absence`: as in `expression_alone`; `copy_events`: COPY_EVENTS, of which the
    analysis tumour exome counts (none given: no event is known to be absent).
    """
    fish, rows = list(fish), []
    copies = _copies_of(samples, copy_events) if copy_events is not None else {}
    for patient, rna in _seen_of(patients, samples, qc, fusions, partners).items():
        for name, genes in translocations.items():
            mine = rna.fusions[rna.fusions["known"] == name]
            seen, rejected = mine[mine["filter"] == "PASS"], mine[mine["filter"] != "PASS"]
            expressed = expression_vote(rna.partners, genes, unspecific)
            shown = name in assessable
            vote = (dna or {}).get((patient, name), NO_DNA)
            if vote.state != PRESENT and not len(seen):
                expressed = expression_alone(expressed, copies.get(patient, {}), needs_absence or {})
            seen_by_fish = fish_vote(rna.own(fish), name, rna.sampled, fish_max_days)
            row = _row(
                patient,
                name,
                seen,
                shown and rejected.empty,
                expressed,
                seen_by_fish,
                rna.not_assessable,
                vote,
            )
            if not len(seen) and len(rejected) and not rna.not_assessable:
                row["reason"] = "; ".join(filter(None, [row["reason"], _too_weak(rejected)]))
            rows.append(row)
    return pd.DataFrame(rows, columns=[*_COLUMNS])


def _too_weak(rejected: pd.DataFrame) -> str:
    """Junctions of the pair that did not pass are no evidence, and no silence either."""
    reads = int(rejected["junction_reads"].sum())
    filters = ", ".join(sorted({name for names in rejected["filter"] for name in names.split(";")}))
    return f"RNA: {reads} junction read(s) of this pair did not pass ({filters})"


def call_myc(
    patients: Sequence[str],
    samples: pd.DataFrame,
    qc: pd.DataFrame,
    fusions: pd.DataFrame,
    partners: pd.DataFrame,
    fish: Iterable[Mapping],
    regions: pd.DataFrame,
    abnormalities: Mapping[str, Any],
    dna: Mapping[tuple[str, str], Vote],
    fish_max_days: int = 90,
) -> pd.DataFrame:
    """TRANSLOCATIONS rows of MYC with each locus of the config, and of MYC_rearrangement; arguments as in `call`."""
    fish, rows = list(fish), []
    expressed = {"state": NOT_ASSESSABLE, "partner": "MYC", "value": None, "threshold": None}
    expressed["reason"] = "MYC is high without a rearrangement as well"
    window = bool(len(regions[(regions["kind"] == "partner") & (regions["name"] == "MYC")]))
    for patient, rna in _seen_of(patients, samples, qc, fusions, partners).items():
        for name, seen in myc_junctions(rna.fusions, regions, abnormalities).items():
            vote = dna.get((patient, name), NO_DNA)
            seen_by_fish = fish_vote(rna.own(fish), name, rna.sampled, fish_max_days)
            rows.append(_row(patient, name, seen, window, expressed, seen_by_fish, rna.not_assessable, vote))
    return pd.DataFrame(rows, columns=[*_COLUMNS])


@dataclass(frozen=True)
class _Seen:
    """One patient's rows, why RNA has no vote ("" when it has), and when the sequenced samples were taken."""

    patient: str
    fusions: pd.DataFrame
    partners: pd.DataFrame
    not_assessable: str
    sampled: tuple[str, ...]

    def own(self, fish: Iterable[Mapping]) -> list[Mapping]:
        return [row for row in fish if row["patient"] == self.patient]


def _copies_of(samples: pd.DataFrame, copy_events: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Patient -> event -> state of the tumour exome that the analysis uses."""
    used = samples[
        (samples["tissue"] == "tumour") & (samples["role"] == "analysis") & (samples["assay"] == "wes")
    ]
    mine = copy_events[copy_events["sample"].isin(used["sample"])]
    return {p: dict(zip(rows["event"], rows["state"], strict=True)) for p, rows in mine.groupby("patient")}


def _seen_of(patients, samples, qc, fusions, partners) -> dict[str, _Seen]:
    """Patient -> rows of the RNA sample that the analysis uses, and the rest of `_Seen`."""
    used = samples[(samples["tissue"] == "tumour") & (samples["role"] == "analysis")]
    rna = used[used["assay"] == "rna"]
    sample_of = dict(zip(rna["patient"], rna["sample"], strict=True))
    failed, made = gates.failed(qc), {}
    for patient in patients:
        sample = sample_of.get(patient, "")
        days = used.loc[used["patient"] == patient, "collection_date"]
        made[patient] = _Seen(
            patient,
            fusions[fusions["sample"] == sample],
            partners[partners["sample"] == sample].set_index("gene"),
            "no RNA sample" if not sample else failed.get(sample, ""),
            tuple(str(day) for day in days if day and not pd.isna(day)),
        )
    return made


_COLUMNS = (
    "patient translocation state dna rna expression fish conflict junction_reads partner value threshold "
    "dna_fragments dna_reason fish_reason reason evidence"
).split()


def _row(patient, name, seen, shown: bool, expressed, fish: Fish, not_assessable: str, dna: Vote) -> dict:
    """`seen`: PASS junctions of RNA; `shown`: could one be seen; `not_assessable`: why RNA has no vote, or ""."""
    if not_assessable:
        # Value and limit stay in the row for the reader; they have no vote.
        rna, expressed = NOT_ASSESSABLE, {**expressed, "state": NOT_ASSESSABLE, "reason": not_assessable}
    else:
        rna = PRESENT if len(seen) else (ABSENT if shown else NOT_ASSESSABLE)
    state, conflict, decided = adjudicate(dna.state, rna, expressed["state"], fish.state)
    reasons = [decided]
    if state == NOT_ASSESSABLE or expressed["state"] == NOT_ASSESSABLE:
        reasons.append(not_assessable or f"expression: {expressed['reason']}")
    if state == NOT_ASSESSABLE or (state == ABSENT and dna.state == ABSENT):
        reasons.append(f"DNA: {dna.reason}")
    if conflict:
        reasons.append(
            "votes contradict: "
            + (f"DNA {dna.state}, " if dna.state != NOT_ASSESSABLE else "")
            + f"RNA junctions {rna}, expression {expressed['state']}, FISH {fish.state.replace('_', ' ')}"
        )
    if fish.split or (state == NOT_ASSESSABLE and fish.reason):
        reasons.append(fish.reason)
    evidence = [dna.evidence] if dna.state == PRESENT else []
    evidence += [_junctions(seen)] if rna == PRESENT else []
    if expressed["state"] == PRESENT:
        evidence.append(
            f"expression/partners.tsv: {expressed['partner']} {expressed['value']:.1f} >= "
            f"{expressed['threshold']:.1f} log2, {expressed['reason']}"
        )
    if fish.words:
        evidence.append(fish.words)
    return {
        "patient": patient,
        "translocation": name,
        "state": state,
        "dna": dna.state,
        "rna": rna,
        "expression": expressed["state"],
        "fish": fish.state,
        "conflict": "yes" if conflict or fish.split else "no",
        "junction_reads": None if rna == NOT_ASSESSABLE else int(seen["junction_reads"].sum()),
        "partner": expressed["partner"],
        "value": expressed["value"],
        "threshold": expressed["threshold"],
        "dna_fragments": dna.fragments,
        "dna_reason": dna.reason,
        "fish_reason": fish.reason,
        "reason": "; ".join(part for part in reasons if part),
        "evidence": "; ".join(part for part in evidence if part),
    }


def _junctions(seen: pd.DataFrame) -> str:
    best = seen.sort_values("junction_reads", ascending=False, kind="stable").iloc[0]
    return (
        f"expression/fusions.tsv: {best['gene_a']} {best['chrom_a']}:{best['pos_a']} - "
        f"{best['gene_b']} {best['chrom_b']}:{best['pos_b']}, {int(best['junction_reads'])} reads"
    )
