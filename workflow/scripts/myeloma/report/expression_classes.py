"""Expression classes and scores for the page: TC class, published scores, skipped exons, the drugs' pathway."""

from collections.abc import Mapping
from typing import Any

import matplotlib
import pandas as pd
from matplotlib.figure import Figure as Drawing

from myeloma.report import figures, words
from myeloma.report.sections import Anchors, Cell, Figure, Table, groups_of, table
from myeloma.states import EARLY, NOT_ASSESSABLE, POOR, PRESENT

SIDES = (
    (EARLY, figures.EARLY_COLOUR, "o", "Early responder", 0.18),
    (POOR, figures.POOR_COLOUR, "s", "Poor responder", -0.18),
    (None, figures.GREY, "^", "Neither, not evaluable or excluded", 0.0),
)


def chapter(seen: Mapping[str, pd.DataFrame], anchors: Anchors) -> dict[str, Any]:
    """Tables, figure and the sentences with their n."""
    groups = groups_of(seen)
    return {
        "tc": _tc(seen["tc_classes"], groups, anchors),
        "tc_said": _tc_said(seen["tc_classes"]),
        "scores": _scores(seen["scores"], groups, anchors),
        "score_genes": _score_genes(seen["scores"]),
        "scores_said": _scores_said(seen["scores"]),
        "splicing": _splicing(seen["splicing"], groups, anchors),
        "splicing_said": _splicing_said(seen["splicing"]),
        "pathway": _pathway(seen["pathway"], groups),
        "pathway_table": _pathway_table(seen["pathway"], groups, anchors),
    }


def _group(patient: str, groups: Mapping[str, str]) -> Cell:
    side = {EARLY: "early", POOR: "poor"}.get(groups.get(patient, ""), "")
    return Cell(words.group(groups.get(patient, "")), None, "", side)


def _tc_said(rows: pd.DataFrame) -> str:
    n = rows["state"].value_counts()
    return (
        f"One class in {n.get('called', 0)} of {words.count(len(rows), 'patient')}, several left in "
        f"{n.get('ambiguous', 0)}, not assessable in {n.get(NOT_ASSESSABLE, 0)}."
    )


def _tc(rows: pd.DataFrame, groups: Mapping[str, str], anchors: Anchors) -> Table:
    columns = ["Patient", "Group", "TC class", "State", "CCND1", "CCND2", "Why open", "Evidence"]
    made = [
        [anchors.cell(r.patient), _group(r.patient, groups), r.tc_class, words.state(r.state), r.ccnd1, r.ccnd2,
         r.reason, r.evidence]
        for r in rows.itertuples()
    ]  # fmt: skip
    return table("tc-classes", "TC class of each patient (translocations and cyclins D)", columns, made)


def _scores_said(rows: pd.DataFrame) -> str:
    if not len(rows):
        return "No score was computed: no RNA sample, or no score file."
    said = []
    for name, mine in rows.groupby("score"):
        one, done = mine.iloc[0], int((mine["state"] == "computed").sum())
        said.append(
            f"{name}: {done} of {words.count(len(mine), 'sample')}, {one['genes_used']} of {one['genes_of']} genes, "
            f"relative to {words.count(one['cohort_samples'], 'sample')}"
        )
    return "; ".join(said) + "."


def _scores(rows: pd.DataFrame, groups: Mapping[str, str], anchors: Anchors) -> Table:
    columns = [
        "Patient",
        "Group",
        "Sample",
        "Score",
        "z",
        "Quantile",
        "Reason or caution",
    ]
    made = [
        [anchors.cell(r.patient), _group(r.patient, groups), r.sample, r.score, r.z, r.quantile, r.reason]
        for r in rows.itertuples()
    ]  # fmt: skip
    caption = "Published scores, place in this cohort (exploratory; no cut-off of an array applies)"
    return table("scores", caption, columns, made, ["z", "Quantile"])


def _score_genes(rows: pd.DataFrame) -> Table:
    """The genes are those of the annotation, so each sample has the same."""
    made = [
        [r.score, r.genes_used, r.genes_of, r.missing] for r in rows.drop_duplicates("score").itertuples()
    ]
    return table("score-genes", "Genes of each score in this annotation", ["Score", "Genes", "Of", "Missing"], made,
                 ["Genes", "Of"])  # fmt: skip


def _splicing_said(rows: pd.DataFrame) -> str:
    said = []
    for name, mine in rows.groupby("event"):
        n = mine["state"].value_counts()
        assessable = len(mine) - n.get(NOT_ASSESSABLE, 0)
        said.append(
            f"{words.abnormality(name)}: present in {n.get(PRESENT, 0)} of {assessable} assessable samples, "
            f"not assessable in {n.get(NOT_ASSESSABLE, 0)}."
        )
    return " ".join(said) or "No RNA sample, or no event in the configuration."


def _splicing(rows: pd.DataFrame, groups: Mapping[str, str], anchors: Anchors) -> Table:
    columns = ["Patient", "Group", "Sample", "Event", "State", "Skipped share", "Interval", "Skip", "Include, up",
               "Include, down", "Reason"]  # fmt: skip
    made = [
        [anchors.cell(r.patient), _group(r.patient, groups), r.sample, Cell(words.abnormality(r.event), None, "", "lesion"),
         words.state(r.state), r.skipped_share,
         "" if words.missing(r.low) else f"{r.low:.2f}-{r.high:.2f}",
         r.skipping_reads, r.upstream_reads, r.downstream_reads, r.reason]
        for r in rows.itertuples()
    ]  # fmt: skip
    caption = "Skipped exons: fragments over the junctions, share with its exact interval"
    return table(
        "splicing", caption, columns, made, ["Skipped share", "Skip", "Include, up", "Include, down"]
    )


def _pathway_table(rows: pd.DataFrame, groups: Mapping[str, str], anchors: Anchors) -> Table:
    columns = ["Patient", "Group", "Sample", "Gene", "log2 normalised", "z", "Quartile", "Reason or caution"]
    made = [
        [anchors.cell(r.patient), _group(r.patient, groups), r.sample, Cell(r.gene, None, "", "gene"), r.value, r.z,
         r.quartile, r.reason]
        for r in rows.itertuples()
    ]  # fmt: skip
    caption = "Expression of the drugs' pathway, place in this cohort"
    return table("pathway", caption, columns, made, ["log2 normalised", "z", "Quartile"])


def _pathway(rows: pd.DataFrame, groups: Mapping[str, str]) -> Figure | None:
    """One strip a gene; None where no sample has a place in the cohort."""
    shown = rows[(rows["state"] == "computed") & rows["z"].notna()]
    if not len(shown):
        return None
    shown = shown.assign(group=shown["patient"].map(groups).fillna(""))
    side = shown.drop_duplicates("sample")["group"].value_counts()
    title = "Genes of pomalidomide and ixazomib, by response group"
    caption = (
        f"Expression of each gene against mean and standard deviation of the {shown['cohort_samples'].iloc[0]} samples of "
        f"the cohort; one mark a sample, {side.get(EARLY, 0)} early and {side.get(POOR, 0)} poor responders; line: their "
        "medians. It does not show a test (that is the table of genes), nor protein, nor a cut-off. Of 44 patients on "
        "pomalidomide and dexamethasone none of the 11 in the lowest quartile of IKZF1 responded (Blood 2014, PMID 24914135); "
        "groups as small as these neither repeat nor refute that."
    )
    behind = shown[["patient", "sample", "group", "gene", "value", "z", "quartile"]]
    made = table("pathway-strip-data", title, list(behind.columns), behind.itertuples(index=False),
                 ["value", "z", "quartile"])  # fmt: skip
    svg = figures.svg(strips(shown), "pathway-strip", title)
    return Figure("pathway-strip", title, svg, caption, made)


def strips(rows: pd.DataFrame) -> Drawing:
    """Strips of z by gene, a row within the strip for each group, with the group's median as a line."""
    genes = list(dict.fromkeys(rows["gene"]))
    with matplotlib.rc_context(figures.STYLE):
        height = 1.1 + 0.46 * len(genes)
        drawing = Drawing(figsize=(7.2, height))
        axes = drawing.add_axes((0.13, 0.55 / height, 0.85, 1 - 0.95 / height))
        for at in range(len(genes) - 1):
            axes.axhline(at + 0.5, color=figures.FAINT, linewidth=0.6, zorder=0)
        axes.axvline(0, color=figures.FAINT, linewidth=0.9, zorder=0)
        for group, colour, marker, label, shift in SIDES:
            mine = rows[rows["group"] == group] if group else rows[~rows["group"].isin([EARLY, POOR])]
            if not len(mine):
                continue
            y = mine["gene"].map(genes.index) - shift
            axes.scatter(mine["z"], y, s=24, color=colour, marker=marker, label=label, edgecolor="white",
                         linewidth=0.4, zorder=3, clip_on=False)  # fmt: skip
            if group:
                for gene, value in mine.groupby("gene")["z"].median().items():
                    middle = genes.index(gene) - shift
                    axes.plot(
                        [value, value], [middle - 0.17, middle + 0.17], color=colour, linewidth=1.6, zorder=2
                    )
        axes.set(ylim=(len(genes) - 0.5, -0.5), xlabel="standard deviations from the cohort's mean")
        axes.set_yticks(range(len(genes)), genes, fontstyle="italic")
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.legend(
            frameon=False,
            fontsize=9,
            ncols=3,
            loc="lower left",
            bbox_to_anchor=(-0.02, 1.0),
            borderaxespad=0.2,
        )
    return drawing
