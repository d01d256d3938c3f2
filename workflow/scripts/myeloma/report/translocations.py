"""Chapter of translocations and fusions: the votes side by side, conflicts marked, and what RNA fused."""

from collections.abc import Mapping
from typing import Any

from myeloma.report import words
from myeloma.report.sections import Anchors, Cell, table
from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT

SOURCES = ("dna", "rna", "expression", "fish")


def chapter(seen: Mapping, anchors: Anchors) -> dict[str, Any]:
    """`votes`: rows that any source calls present or that contradict; `counts`: every translocation; `fusions`:
    those that passed; `told`: a sentence on what the tables leave out."""
    calls, fusions = seen["translocations"], seen["fusions"]
    shown = calls[
        (calls["conflict"] == "yes") | calls[["state", *SOURCES]].eq(PRESENT).any(axis=1).astype(bool)
    ]
    columns = ["Patient", "Translocation", "Call", "DNA", "RNA junction", "Expression", "FISH", "Conflict",
               "Decided by, or why not", "Evidence"]  # fmt: skip
    votes = [
        [anchors.cell(r.patient), Cell(words.abnormality(r.translocation), None, "", "lesion"), words.state(r.state),
         *(words.state(getattr(r, source)) for source in SOURCES), "conflict" if r.conflict == "yes" else "",
         r.reason, r.evidence]
        for r in shown.itertuples()
    ]  # fmt: skip
    counted = [
        [Cell(words.abnormality(name), None, "", "lesion"), *(int((rows["state"] == s).sum()) for s in (PRESENT, ABSENT, NOT_ASSESSABLE)),
         int((rows["conflict"] == "yes").sum())]
        for name, rows in calls.groupby("translocation", sort=True)
    ]  # fmt: skip
    passed = fusions[fusions["filter"] == "PASS"]
    fused = [
        [anchors.cell(r.patient), r.sample, f"{r.gene_a}--{r.gene_b}", f"{r.chrom_a}:{r.pos_a} ({r.strand_a})",
         f"{r.chrom_b}:{r.pos_b} ({r.strand_b})", r.junction_reads, r.spanning_pairs, r.known]
        for r in passed.itertuples()
    ]  # fmt: skip
    told = (
        f"{len(shown)} of {words.count(len(calls), 'row')} (patient and translocation) have a source that says "
        f"present, or sources that contradict each other; {len(passed)} of "
        f"{words.count(len(fusions), 'candidate fusion')} passed the filters."
    )
    return {
        "told": told,
        "votes": table("translocation-votes", "Votes on translocations", columns, votes,
                       empty="No source calls a translocation."),
        "counts": table("translocation-counts", "Calls by translocation",
                        ["Translocation", "Present", "Absent", "Not assessable", "Conflicts"], counted,
                        ["Present", "Absent", "Not assessable", "Conflicts"], empty="No patient."),
        "fusions": table("fusions", "Fusions seen in RNA",
                         ["Patient", "Sample", "Fusion", "Before the junction", "After it", "Junction reads",
                          "Spanning pairs", "Known as"], fused, ["Junction reads", "Spanning pairs"],
                         empty="No fusion passed the filters."),
    }  # fmt: skip
