"""Fusions of Arriba (fusions.tsv) as rows of FUSIONS: the second caller behind the same table.

Arriba reads STAR's alignments and has filters of its own; what it lists has passed them. The columns are those
of its documentation (Output files, version 2.5). A breakpoint is the last base of the part that stays, so
breakpoint1 is the last base before the junction and breakpoint2 the first one after it, as in FUSIONS.

Filters given here, in this order; a fusion carries the names of all that apply, or PASS:
mitochondrial, immunoglobulin, same_gene   as in `fusions`
read_through      Arriba says so (a deletion of the size of an intron)
low_confidence    Arriba's confidence is below the config's, and the pair is no known translocation
no_gene           a side outside every gene, and the pair is no known translocation
low_support       split reads: as in `fusions`; discordant mates alone are no junction
"""

import logging
import os
import re
from collections import Counter
from collections.abc import Mapping

import pandas as pd

from myeloma import fusions, tables
from myeloma.expression import bare

CONFIDENCES = ("low", "medium", "high")
# what strandedness is called: our sheet -> Arriba's option -s
STRANDEDNESS = {"forward": "yes", "reverse": "reverse", "unstranded": "no"}
_WANTED = (
    "gene1 gene2 strand1(gene/fusion) strand2(gene/fusion) breakpoint1 breakpoint2 type split_reads1 "
    "split_reads2 discordant_mates confidence direction1 direction2"
).split()
# strand of the RNA by the side on which the partner follows, for a 5' and a 3' part
_BY_DIRECTION = (
    {"downstream": "+", "upstream": "-"},
    {"upstream": "+", "downstream": "-"},
)


def options(files: Mapping[str, str], strandedness: str) -> list[str]:
    """Words of Arriba's command line for the optional files (blacklist, known_fusions, protein_domains: path
    or "") and the strandedness of the sheet ("" = Arriba finds out). Without a blacklist its filter is off."""
    words = ["-b", files["blacklist"]] if files.get("blacklist") else ["-f", "blacklist"]
    if files.get("known_fusions"):
        words += ["-k", files["known_fusions"], "-t", files["known_fusions"]]
    if files.get("protein_domains"):
        words += ["-p", files["protein_domains"]]
    return [*words, "-s", STRANDEDNESS.get(strandedness, "auto")]


def read(path: str | os.PathLike) -> list[dict[str, str]]:
    """Rows of fusions.tsv by column name, with `line`, the line number. Raises ContractError naming the line.

    A file of a header only is a sample without fusions; one without the header is not Arriba's.
    """
    with open(path, encoding="utf-8") as handle:
        lines = handle.read().splitlines()
    names = lines[0].removeprefix("#").split("\t") if lines else []
    missing = [name for name in _WANTED if name not in names]
    if missing:
        raise tables.ContractError(
            f"{path}: no column {', '.join(missing)}: not a fusions.tsv of Arriba 2; give its file as written"
        )
    rows = []
    for number, line in enumerate(lines[1:], 2):
        words = line.split("\t")
        if not line:
            continue
        if len(words) != len(names):
            raise tables.ContractError(
                f"{path} line {number}: {len(words)} columns, the header has {len(names)}; run Arriba again"
            )
        rows.append(dict(zip(names, words, strict=True)) | {"line": number})
    return rows


def call_sample(
    path: str, patient: str, sample: str, annotation: fusions.Annotation, rules: Mapping, contigs: list[str]
) -> pd.DataFrame:
    """FUSIONS rows of one sample from Arriba's fusions.tsv.

    `rules`: config section `expression`; `contigs`: the reference's names, into which Arriba's are turned.
    """
    named = {bare(contig): contig for contig in contigs}
    seen = [_row(row, annotation, named, path) for row in read(path)]
    support: Counter = Counter()
    for row in seen:
        support[row["known"]] += row["junction_reads"]
    rows = []
    for row in seen:
        filters = _filters(row, annotation, rules, support)
        shown = {name: value for name, value in row.items() if name not in ("type", "confidence")}
        rows.append({"patient": patient, "sample": sample} | shown | {"filter": ";".join(filters) or "PASS"})
    logging.info("%s: %d fusions of Arriba", sample, len(rows))
    logging.info("%s: %s", sample, dict(sorted(Counter(row["filter"] for row in rows).items())))
    return fusions.as_table(rows)


def _row(row: Mapping, annotation: fusions.Annotation, contigs: Mapping[str, str], path) -> dict:
    sides = [_side(row, i, contigs, path) for i in (1, 2)]
    genes = [
        annotation.locus(side) or _gene(row[f"gene{i}"]) or annotation.gene(side)
        for i, side in enumerate(sides, 1)
    ]
    known = annotation.translocation(fusions.Cluster(*sides))
    if not known and "IGH" in genes:
        # Arriba may give a base to another of two overlapping genes than `Annotation` does
        other = genes[1 - genes.index("IGH")]
        known = annotation.partner_genes.get(other, "")
    made = {"gene_a": genes[0] or "intergenic", "gene_b": genes[1] or "intergenic"}
    for letter, side in zip("ab", sides, strict=True):
        made |= {f"chrom_{letter}": side.chrom, f"pos_{letter}": side.pos, f"strand_{letter}": side.strand}
    made["junction_reads"] = _whole(row, "split_reads1", path) + _whole(row, "split_reads2", path)
    made["spanning_pairs"] = _whole(row, "discordant_mates", path)
    if row["confidence"] not in CONFIDENCES:
        raise _wrong(row, "confidence", path, "one of " + ", ".join(CONFIDENCES))
    return made | {"known": known, "type": row["type"], "confidence": row["confidence"]}


def _side(row: Mapping, i: int, contigs: Mapping[str, str], path) -> fusions.Side:
    chrom, _, pos = row[f"breakpoint{i}"].rpartition(":")
    if not pos.isdecimal() or bare(chrom) not in contigs:
        raise _wrong(row, f"breakpoint{i}", path, "CONTIG:POSITION of a contig of the reference")
    strand = row[f"strand{i}(gene/fusion)"].rpartition("/")[2]
    if strand not in ("+", "-"):
        # the transcribed strand is not known to Arriba: the parts as listed, read from the first to the second
        strand = _BY_DIRECTION[i - 1].get(row[f"direction{i}"], "")
    if not strand:
        raise _wrong(row, f"direction{i}", path, "upstream or downstream")
    return fusions.Side(contigs[bare(chrom)], int(pos), strand)


def _gene(text: str) -> str:
    """The gene's name; "" for a breakpoint between genes, "A(1200),B(34)", or on a contig without any, "."."""
    return "" if text == "." or re.search(r"\(\d+\)(,|$)", text) else text


def _whole(row: Mapping, name: str, path) -> int:
    if not row[name].isdecimal():
        raise _wrong(row, name, path, "a whole number")
    return int(row[name])


def _wrong(row: Mapping, name: str, path, wanted: str) -> tables.ContractError:
    return tables.ContractError(f"{path} line {row['line']}, {name}: {row[name]!r} is not {wanted}")


def _filters(row: Mapping, annotation: fusions.Annotation, rules: Mapping, support: Mapping) -> list[str]:
    known, reads = row["known"], row["junction_reads"]
    sides = [fusions.Side(row[f"chrom_{x}"], row[f"pos_{x}"], row[f"strand_{x}"]) for x in "ab"]
    named = []
    if "M" in [bare(side.chrom) for side in sides]:
        named.append("mitochondrial")
    if all(annotation.locus(side) for side in sides):
        named.append("immunoglobulin")
    elif row["gene_a"] == row["gene_b"] != "intergenic":
        named.append("same_gene")
    if not known and "read-through" in row["type"]:
        named.append("read_through")
    least = CONFIDENCES.index(rules["arriba"]["min_confidence"])
    if not known and CONFIDENCES.index(row["confidence"]) < least:
        named.append("low_confidence")
    if not known and "intergenic" in (row["gene_a"], row["gene_b"]):
        named.append("no_gene")
    if known:
        low = reads < fusions.KNOWN_CLUSTER_READS or support[known] < rules["junction_min_reads"]
    else:
        low = reads < rules["fusion_min_reads"]
    return [*named, "low_support"] if low else named
