"""What the captions of the molecular portrait say: who is in a figure, what was tested, what it does not show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from myeloma.flow import LANDMARK
from myeloma.report import words
from myeloma.states import EARLY, POOR

ONE_ARM = (
    "No effect of treatment: the trial has one arm and everybody was enrolled for an adverse abnormality."
)
NO_TEST = "None: counts are described, the tests stand in the forest plot."


@dataclass(frozen=True)
class Words:
    """The parts of one caption."""

    title: str
    caption: str
    n: str
    test: str
    not_shown: str


def _split(of: Mapping[str, int]) -> str:
    early, poor, more = (
        of.get(EARLY, 0),
        of.get(POOR, 0),
        sum(n for g, n in of.items() if g not in (EARLY, POOR)),
    )
    told = f"{words.count(early, 'early responder')}, {words.count(poor, 'poor responder')}"
    return told + (f", {words.count(more, 'other patient')}" if more else "")


def _by_group(rows: pd.DataFrame) -> str:
    people = rows.drop_duplicates("patient")
    return f"{words.count(len(people), 'patient')}: {_split(people['group'].value_counts().to_dict())}"


def oncoprint(rows: pd.DataFrame, rule: str) -> Words:
    dna = rows[rows["kind"].isin(["mutation", "copy_number", "ploidy"]) & (rows["state"] != "not_assessable")]
    return Words(
        "Abnormalities of every patient, by response group",
        "One column a patient, by group and then by the abnormalities from the top; the primary family first, then by "
        "kind what most patients carry. Filled: present; empty: absent; hatched: not assessable (clinical tracks: not "
        "recorded), which is not negative. White dot: the abnormality the patient was enrolled for. Right: present of "
        f"assessable, early and poor. Groups: {rule}.",
        f"{_by_group(rows)}; {words.count(dna['patient'].nunique(), 'patient')} with a DNA call.",
        NO_TEST,
        "Which abnormality came first or acts; clonal fractions; abnormalities beyond the lines drawn (table of "
        f"abnormalities). {ONE_ARM}",
    )


def copy_number(rows: pd.DataFrame, rules: Mapping[str, Any]) -> Words:
    of = rows.drop_duplicates("group").set_index("group")["patients"].astype(int).to_dict()
    who = f"{of['']} patients" if "" in of else _split(of)
    least, places = rules["copy_number"]["min_clonal_fraction"], rules["report"]["portrait"]["copy_places"]
    return Words(
        "Copy number along the genome, by response group",
        "Share of the assessable patients of a group with a gain (up), a loss (down) or copy-neutral loss of "
        f"heterozygosity (line, downwards) at about {places} places of the autosomes, against the tumour's own base copies, in at "
        f"least {100 * least:.0f} % of its cells. Grey strip: patients assessable there, in whom a gain of one copy "
        "would have shown; hatched: nobody.",
        f"With a tumour exome in the analysis: {who}." if len(rows) else "Nobody.",
        NO_TEST,
        "The sex chromosomes; a change so short that it lies between two places; which patients carry a peak; a difference "
        f"that is not in the forest plot is not tested. {ONE_ARM}",
    )


def lollipops(rows: pd.DataFrame, asked: Sequence[str], length_known: bool) -> Words:
    genes = list(rows.sort_values("gene_number")["gene"].unique())
    silent = [g for g in asked if g not in genes]
    return Words(
        "Mutations along the proteins of the main genes",
        "Patients by changed residue: early responders above, poor responders below, all others above in grey; the height "
        "is the number of patients. Only variants that make the gene count as mutated. Length: coding bases of the "
        "transcript in the annotation" + ("." if length_known or rows.empty else ", which was not given: the axis ends behind the last change.")
        + (f" Not mutated in anybody, or beyond the panels drawn: {', '.join(silent)}." if silent else ""),
        f"{words.count(int(rows['patients'].sum()), 'mutation')} in {words.count(len(genes), 'gene')}; early and poor of "
        "those assessable in each heading.",
        NO_TEST,
        "Protein domains (no sourced table of them is part of this workflow); allele fractions; whether a change acts. "
        f"A gene without a mutation is absent only where it was assessable. {ONE_ARM}",
    )  # fmt: skip


def expression_heatmap(rows: pd.DataFrame, alpha: float, found: int, note: str) -> Words:
    genes = rows["gene_id"].nunique()
    of = rows.drop_duplicates("patient")["group"].value_counts().to_dict()
    why = "" if genes else " No gene passed it, or none could be tested: nothing is drawn."
    return Words(
        "Genes that differ between early and poor responders",
        f"log2 of normalised counts, each gene in standard deviations from its mean over the samples shown (colours end "
        f"at 2.5); columns in the order of the oncoprint, lines by direction and then p.{why} {note}".strip(),
        f"{_split(of)}; {words.count(genes, 'gene')} of {found} with q < {alpha:g}." if genes else "No gene.",
        f"Wald test of DESeq2, Benjamini-Hochberg over the genes tested; q < {alpha:g}.",
        "Evidence beyond that test: the genes were chosen because they differ, so the groups part by construction. "
        f"Not adjusted here for purity or covariates (expression chapter). {ONE_ARM}",
    )  # fmt: skip


def pathways(rows: pd.DataFrame, members: pd.DataFrame) -> Words:
    of = (
        rows.drop_duplicates("group").set_index("group")["patients"].astype(int).to_dict()
        if len(rows)
        else {}
    )
    who = f"{of['']} patients" if "" in of else _split(of)
    silent = sorted(set(members["member"]) - set(rows["member"])) if len(rows) else []
    return Words(
        "Pathways by response group",
        "Every bar is all patients of the group: altered (solid), not altered (empty), not assessable (hatched); the "
        "number beside it: altered of assessable. A pathway is altered if one of its called members is, not altered only "
        "if all of them are not (number of called members in brackets). Members that nobody carries or the run does not "
        f"call have no line{': ' + ', '.join(silent) if silent else ''}.",
        f"{who}." if of else "Nobody.",
        NO_TEST,
        "Activity of a pathway; which member acts. One member that cannot be assessed keeps a patient from being counted "
        "as not altered, so altered of assessable leans upwards: compare the solid part with the whole bar. Membership is "
        f"that of resources/pathways.tsv, for review by a curator. {ONE_ARM}",
    )  # fmt: skip


def forest_all(rows: pd.DataFrame, of: Mapping[str, int], rule: str) -> Words:
    hidden = int((rows["shown"] == "no").sum())
    tested = int((rows["tested"] == "yes").sum())
    return Words(
        "Every abnormality, early against poor responders",
        "Present of assessable in each group (n/a: early or poor responders in whom it could not be assessed), the shares, "
        f"the conditional odds ratio with its exact {words.level()} interval (above 1: more often in early responders) and the hazard "
        "ratio of time to progression, present against absent over all patients, with its profile interval. Hollow: the "
        "interval spans one; grey: outside every family; arrow: the interval goes on; no mark: beyond the axis."
        + (f" {words.count(hidden, 'row')} without any carrier are in the table only." if hidden else "")
        + f" Groups: {rule}.",
        f"{_split(of)}; {words.count(len(rows), 'abnormality', 'abnormalities')}.",
        f"Central Fisher test; q: Benjamini-Hochberg within the family; {tested} tested.",
        "Independence of one row from another: abnormalities go together, no row is adjusted. A qualifying lesion is "
        f"compared with patients enrolled for another lesion. {ONE_ARM}",
    )  # fmt: skip


def curves_overall(rows: pd.DataFrame, landmark_days: int, rule: str) -> Words:
    drawn = set(rows["panel"])
    whole = rows[rows["panel"] == "TTP"]["patients"].max() if "TTP" in drawn else 0
    late = rows[rows["panel"] == LANDMARK].drop_duplicates("stratum")
    of = dict(zip(late["stratum"], late["patients"].astype(int), strict=True))
    return Words(
        "Time to event of all patients, and by response group from the landmark",
        f"Kaplan-Meier estimate with {words.level()} log-log band; a tick marks a censored patient; numbers at risk below. Last panel: "
        f"response group as known on day {landmark_days + 1}, patients still without progression then, time from there."
        + ("" if LANDMARK in drawn else " It is missing: nobody is in that comparison, or the group definition is made from this endpoint.")
        + f" Groups: {rule}.",
        f"{words.count(int(whole), 'patient')} with a time to progression; landmark: {_split(of)}.",
        "Log-rank between the groups from the landmark, unadjusted; none for the whole trial.",
        f"What happened before the landmark; that response causes the difference: who lives longer has more time to respond. {ONE_ARM}",
    )  # fmt: skip


def curves_by_abnormality(rows: pd.DataFrame, primary: Sequence[str]) -> Words:
    panels = rows["panel"].nunique()
    drawn = {p.split(" by ", 1)[1] for p in rows["panel"]}
    silent = [n for n in primary if n not in drawn]
    return Words(
        "Time to event by abnormality, primary family",
        "Kaplan-Meier estimate by presence of the abnormality, in patients in whom it could be assessed, whatever their "
        f"response; {words.level()} log-log band, ticks: censored, numbers at risk below. "
        + (f"No panel: {', '.join(silent)} (nobody with, or nobody without it)." if silent else ""),
        f"{words.count(panels, 'panel')}; patients and events by side in each heading.",
        "Log-rank, unadjusted and not corrected for the number of panels (q: survival_by_abnormality.tsv).",
        "An effect of the abnormality apart from the others; prediction for a patient. Carriers of a qualifying lesion are "
        f"compared with patients enrolled for another lesion. {ONE_ARM}",
    )  # fmt: skip
