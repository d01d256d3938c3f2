"""Genomic profiles as other programs take them: MAF, segments, copy number by gene, structural variants, expression.

Every function takes the tables of one cohort (`Given`) and gives a frame with the columns of its format, one sample name
per patient. Not looked at is never "no change": it is NA, or the gene is not in the sample's panel.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from myeloma import abnormalities, copy_events, tumour_in_normal
from myeloma.copy_events import GIVEN
from myeloma.states import PRESENT

CHROMOSOMES = (*map(str, range(1, 23)), "X", "Y")
SEG = ("ID", "chrom", "loc.start", "loc.end", "num.mark", "seg.mean")
#: Columns of the MAF that carry names of files or people, or text of the sheets.
MAF_LEFT_OUT = ("BAM_File", "Center")
#: Two rows that agree in these are one mutation to cBioPortal.
ONE_MUTATION = (
    "Chromosome", "Start_Position", "End_Position", "Variant_Classification", "Tumor_Seq_Allele2", "HGVSp_Short",
    "Tumor_Sample_Barcode",
)  # fmt: skip
#: log2 ratio at which entered segments without copies end.
NO_COPY = 0.125
SV = (
    "Sample_Id", "SV_Status", "Site1_Hugo_Symbol", "Site1_Entrez_Gene_Id", "Site1_Ensembl_Transcript_Id",
    "Site1_Region_Number", "Site1_Region", "Site1_Chromosome", "Site1_Contig", "Site1_Position", "Site1_Description",
    "Site2_Hugo_Symbol", "Site2_Entrez_Gene_Id", "Site2_Ensembl_Transcript_Id", "Site2_Region_Number", "Site2_Region",
    "Site2_Chromosome", "Site2_Contig", "Site2_Position", "Site2_Description", "Site2_Effect_On_Frame", "NCBI_Build",
    "Class", "Tumor_Split_Read_Count", "Tumor_Paired_End_Read_Count", "Event_Info", "Connection_Type",
    "Breakpoint_Type", "Annotation", "DNA_Support", "RNA_Support", "SV_Length", "Normal_Read_Count",
    "Tumor_Read_Count", "Comments",
)  # fmt: skip
CLASSES = {"BND": "TRANSLOCATION", "DEL": "DELETION", "DUP": "DUPLICATION", "INV": "INVERSION"}


@dataclass(frozen=True)
class Given:
    """Tables by contract name, places of genes, and what is profiled.

    `dna`, `rna`: sample of the analysis -> its name outside, of the patients whose DNA or RNA is usable (flow.tsv).
    `build`: GRCh37 or GRCh38. `rules`: the config. `coding`: gene_name, chrom, start, end of coding exons;
    `targets`: kit -> chrom, start, end (0-based, half-open).
    """

    seen: Mapping[str, pd.DataFrame]
    dna: Mapping[str, str]
    rna: Mapping[str, str]
    build: str
    rules: Mapping[str, Any]
    genes: pd.DataFrame
    coding: pd.DataFrame
    targets: Mapping[str, pd.DataFrame] = field(default_factory=dict)


def plain(chrom: str) -> str:
    """chr1 -> 1."""
    return str(chrom).removeprefix("chr")


def sequenced(given: Given) -> dict[str, str]:
    """The DNA samples whose mutations are known: those with a normal too full of tumour cells are not."""
    bad = tumour_in_normal.spoilt(given.seen["tumour_in_normal"], given.rules["somatic"]["tin_max"])
    return {sample: name for sample, name in given.dna.items() if sample not in bad}


def mutations(given: Given, table: pd.DataFrame, normals: Mapping[str, str]) -> pd.DataFrame:
    """The MAF of the sequenced samples. `table`: somatic.maf.gz as text; `normals`: sample -> its name outside.

    Without a normal only what the analysis counts as somatic leaves (hotspots, truncated tumour suppressors): the
    rest may be inherited, which is neither a finding nor a thing to give away.
    """
    chosen = sequenced(given)
    rows = table[table["Tumor_Sample_Barcode"].isin(chosen)]
    kept = [_somatic(row, given.rules["abnormalities"]) for row in rows.to_dict("records")]
    rows = rows[np.array(kept, dtype=bool)].copy()
    rows["Tumor_Sample_Barcode"] = rows["Tumor_Sample_Barcode"].map(chosen)
    rows["Matched_Norm_Sample_Barcode"] = [normals.get(n, "") for n in rows["Matched_Norm_Sample_Barcode"]]
    rows["NCBI_Build"] = given.build
    rows["Chromosome"] = rows["Chromosome"].map(plain)
    rows["HGVSp_Short"] = rows["HGVSp_Short"].map(one_change)
    for name in MAF_LEFT_OUT:
        rows[name] = ""
    return rows.drop(columns=["patient"]).drop_duplicates(list(ONE_MUTATION)).reset_index(drop=True)


def one_change(text: str) -> str:
    """A protein change as cBioPortal takes it: one, in at most 255 characters; of several in an entered table the first."""
    first = re.split(r"[,;]", text)[0].strip()
    start = first.find("p.", 1)
    return (first if start < 0 else first[:start])[:255]


def _somatic(row: Mapping[str, str], rules: Mapping[str, Any]) -> bool:
    variant = {
        "mode": row["mode"],
        "hotspot": row["hotspot"],
        "consequence": row["Consequence"].replace(",", "&"),
        "gene": row["Hugo_Symbol"],
    }
    return row["mode"] == "tumour_normal" or abnormalities.counts(variant, rules)


def segments(given: Given) -> pd.DataFrame:
    """SEG: one row per segment with a ratio; positions 0-based, half-open, chromosomes 1-22, X, Y."""
    rows = given.seen["segments"]
    rows = rows.assign(log2=ratios(rows))
    rows = rows[rows["sample"].isin(given.dna) & rows["log2"].notna()]
    rows = rows[rows["chrom"].map(plain).isin(CHROMOSOMES)]
    return pd.DataFrame(
        {
            "ID": rows["sample"].map(given.dna),
            "chrom": rows["chrom"].map(plain),
            "loc.start": rows["start"].astype("int64") - 1,
            "loc.end": rows["end"].astype("int64"),
            "num.mark": rows["targets"].fillna(0).astype("int64"),
            "seg.mean": rows["log2"].round(4),
        }
    ).reset_index(drop=True)


def ratios(rows: pd.DataFrame) -> pd.Series:
    """log2 ratio of each segment; of one that was entered without it that of its copies to those of germline cells."""
    copies, germline = (pd.to_numeric(rows[n]).astype("float64") for n in ("copies", "germline_copies"))
    told = np.log2(copies.clip(lower=NO_COPY) / germline.where(germline > 0))
    return pd.to_numeric(rows["log2"]).astype("float64").fillna(told)


def copies_by_gene(given: Given) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(discrete -2..2 or NA, log2 ratio), genes x samples, of the protein-coding genes of the GTF.

    Samples without segments have no column. A gene takes the segment that covers most of it, at least half. Against the copies of an unchanged segment: no copy
    left -2, fewer -1, one more 1, `copy_number.amp_copies` or more (from 2) 2. NA: no such segment, purity
    unresolved, or unchanged where a clonal loss of one copy would not have been seen (detection_z standard errors); copies that
    were entered as finished calls are taken as they are.
    """
    genes = _named(given.genes)
    known = set(given.seen["segments"]["sample"])
    names = [name for sample, name in given.dna.items() if sample in known]
    discrete = pd.DataFrame("NA", index=genes["gene_name"], columns=names, dtype=object)
    ratio = pd.DataFrame(np.nan, index=genes["gene_name"], columns=names, dtype=float)
    purity = given.seen["purity"].set_index("sample")
    limits = given.rules["copy_number"]
    for sample, name in given.dna.items():
        rows = given.seen["segments"]
        rows = rows[rows["sample"] == sample].reset_index(drop=True)
        if not len(rows):
            continue
        at = _covering(genes, rows)
        level = _levels(rows, purity.loc[sample] if sample in purity.index else None, limits)
        found = at >= 0
        discrete.loc[found, name] = [level[i] for i in at[found]]
        ratio.loc[found, name] = ratios(rows).to_numpy()[at[found]]
    return discrete, ratio.round(4)


def _named(genes: pd.DataFrame) -> pd.DataFrame:
    """Protein-coding genes with a name, each once (the longest place), on the chromosomes of the portal."""
    chosen = genes[(genes["biotype"] == "protein_coding") & (genes["gene_name"] != "")]
    chosen = chosen[chosen["chrom"].map(plain).isin(CHROMOSOMES)]
    length = (chosen["start"] - chosen["end"]).rename("length")
    chosen = chosen.join(length).sort_values(["gene_name", "length"], kind="stable")
    return chosen.drop_duplicates("gene_name").drop(columns="length").reset_index(drop=True)


def _covering(genes: pd.DataFrame, rows: pd.DataFrame) -> np.ndarray:
    """Index of the segment that covers most of each gene, at least half of it; -1 where there is none."""
    best, most = np.full(len(genes), -1), np.zeros(len(genes))
    chrom, start, end = (genes[n].to_numpy() for n in ("chrom", "start", "end"))
    for i, row in enumerate(rows.itertuples()):
        shared = np.minimum(end, row.end) - np.maximum(start, row.start) + 1
        better = (chrom == row.chrom) & (shared > most)
        best[better], most[better] = i, shared[better]
    return np.where(most >= (end - start + 1) / 2, best, -1)


def _levels(rows: pd.DataFrame, sample: pd.Series | None, limits: Mapping[str, Any]) -> list[str]:
    """The discrete level of each segment of one sample."""
    given = sample is not None and sample["mode"] == GIVEN
    if sample is None or pd.isna(sample["base_copies"]) or (pd.isna(sample["purity_used"]) and not given):
        return ["NA"] * len(rows)
    return [_level(row, sample, limits) for row in rows.to_dict("records")]


def _level(row: Mapping[str, Any], sample: pd.Series, limits: Mapping[str, Any]) -> str:
    germline = row["germline_copies"]
    if pd.isna(row["total_copies"]) or pd.isna(germline):
        return "NA"
    base = sample["base_copies"] * germline / 2
    cells, least = copy_events.cell_states(row), limits["min_clonal_fraction"]
    lost = copy_events.share(cells, lambda total, minor: total < base)
    gained = copy_events.share(cells, lambda total, minor: total > base)
    if max(lost, gained) < least:
        if sample["mode"] == GIVEN:
            return "0"
        return "0" if _seen(row, float(sample["purity_used"]), base, germline, limits) else "NA"
    if lost >= gained:
        return "-2" if copy_events.share(cells, lambda total, minor: total == 0) >= least else "-1"
    amplified = base + limits["amp_copies"] - 2
    return "2" if copy_events.share(cells, lambda total, minor: total >= amplified) >= least else "1"


def _seen(row: Mapping[str, Any], purity: float, base: float, germline: float, limits: Mapping) -> bool:
    """Would a clonal loss of one copy of this segment have moved its ratio beyond its error?"""
    if pd.isna(row["log2_low"]) or pd.isna(row["log2_high"]) or base < 1:
        return False
    error = (row["log2_high"] - row["log2_low"]) / (2 * 1.2816)  # 10 % and 90 % of the posterior
    error = np.hypot(error, limits["log2_error"])
    without = purity * (base - 1) + (1 - purity) * germline
    shift = np.log2((purity * base + (1 - purity) * germline) / without) if without > 0 else np.inf
    return bool(shift >= limits["detection_z"] * error)


def panels(given: Given, mutated: pd.DataFrame) -> tuple[dict[str, list[str]], dict[str, str]]:
    """(panel -> its genes, sample name -> panel) for the mutations of the sequenced samples.

    A panel holds the genes that the kit targets (95 % of their coding bases, as somatic.callable_fraction says) and
    those that callable.tsv calls callable, without those it does not: these may not be shown as unmutated. A mutation
    that was found puts its gene in. Samples with the same genes share a panel. A sample of which neither kit nor
    callable.tsv says any gene has the panel NA: its mutations alone would make each gene mutated wherever looked at.
    """
    kits = dict(zip(given.seen["samples"]["sample"], given.seen["samples"]["kit"], strict=True))
    by_kit = {kit: _targeted(given, kit) for kit in set(kits.values())}
    found, of = {}, {}
    power = given.seen["callable"]
    for sample, name in sequenced(given).items():
        rows = power[power["sample"] == sample]
        genes = by_kit[kits[sample]] | set(rows.loc[rows["callable"] == "yes", "gene"])
        genes -= set(rows.loc[rows["callable"] == "no", "gene"])
        if not genes:
            of[name] = "NA"
            continue
        genes |= set(mutated.loc[mutated["Tumor_Sample_Barcode"] == name, "Hugo_Symbol"]) - {"Unknown"}
        told = sorted(genes)
        digest = hashlib.sha256("\n".join(told).encode()).hexdigest()[:8]
        panel = f"{given.rules['export']['study']}_{kits[sample] or 'genes'}_{digest}"
        found[panel], of[name] = told, panel
    return found, of


def without_power(given: Given, mutated: pd.DataFrame) -> int:
    """Mutated genes by sample that callable.tsv calls not callable there: in its panel because a mutation was found."""
    power = given.seen["callable"]
    rows = power[(power["callable"] == "no") & power["sample"].isin(sequenced(given).keys())]
    poor = set(zip(rows["sample"].map(given.dna), rows["gene"], strict=True))
    return len(poor & set(zip(mutated["Tumor_Sample_Barcode"], mutated["Hugo_Symbol"], strict=True)))


def _targeted(given: Given, kit: str) -> set[str]:
    """Genes whose coding bases the kit targets; none where the targets are not known."""
    if kit not in given.targets:
        return set()
    exons = given.coding.assign(start=given.coding["start"] - 1)
    exons["covered"], exons["length"] = covered(exons, given.targets[kit]), exons["end"] - exons["start"]
    sums = exons.groupby("gene_name")[["covered", "length"]].sum()
    enough = sums["covered"] >= given.rules["somatic"]["callable_fraction"] * sums["length"]
    return set(sums.index[enough]) - {""}


def covered(rows: pd.DataFrame, by: pd.DataFrame) -> np.ndarray:
    """Bases of each row that lie in the union of `by`; both chrom, start, end, 0-based and half-open."""
    found = np.zeros(len(rows), dtype="int64")
    for chrom, part in by.groupby("chrom"):
        part = part.sort_values("start")
        # the union: a new piece begins where nothing before reaches it
        reach = part["end"].cummax()
        piece = (part["start"] > reach.shift(fill_value=-1)).cumsum()
        union = part.groupby(piece).agg(start=("start", "min"), end=("end", "max"))
        start, end = union["start"].to_numpy(), union["end"].to_numpy()
        before = np.concatenate([[0], np.cumsum(end - start)])

        def up_to(place, start=start, end=end, before=before):
            at = np.searchsorted(start, place, side="right")
            inside = np.where(at > 0, np.minimum(place, end[at - 1]) - end[at - 1], 0)
            return before[at] + inside

        here = (rows["chrom"] == chrom).to_numpy()
        found[here] = up_to(rows["end"].to_numpy()[here]) - up_to(rows["start"].to_numpy()[here])
    return found


def structural(given: Given, sample_of: Mapping[str, str]) -> pd.DataFrame:
    """Structural variants in the current format of cBioPortal; `sample_of`: patient -> sample name.

    The adjudicated translocations that are present, and the passing junctions of DNA and RNA beside them with a gene on
    either side. What is not present has no row: clinical sample attributes hold the three states.
    """
    rows = [_translocation(r, given, sample_of) for r in _present(given, sample_of)]
    rows += [
        _junction(r, given)
        for r in given.seen["structural_variants"].to_dict("records")
        if r["filter"] == "PASS"
        and r["mode"] == "tumour_normal"  # without a normal it may be inherited
        and r["sample"] in given.dna
        and not r["known"]
        and (r["side_a"] or r["side_b"])
    ]
    rows += [
        _fusion(r, given)
        for r in given.seen["fusions"].to_dict("records")
        if r["filter"] == "PASS" and r["sample"] in given.rna and not r["known"]
    ]
    frame = pd.DataFrame(rows, columns=list(SV)).fillna("")
    return frame.drop_duplicates(["Sample_Id", "Event_Info"]).reset_index(drop=True)


def _present(given: Given, sample_of: Mapping[str, str]) -> list[dict]:
    rows = given.seen["translocations"].to_dict("records")
    # MYC_rearrangement is a summary of its own junctions
    named = [r for r in rows if r["state"] == PRESENT and r["patient"] in sample_of]
    special = {
        r["patient"]
        for r in named
        if r["translocation"] in given.rules["abnormalities"]["myc_translocations"]
    }
    return [r for r in named if r["translocation"] != "MYC_rearrangement" or r["patient"] not in special]


def _translocation(row: Mapping[str, Any], given: Given, sample_of: Mapping[str, str]) -> dict:
    name, partner = row["translocation"], row["partner"]
    loci = given.rules["abnormalities"]["myc_translocations"]
    first = "" if name == "MYC_rearrangement" else loci.get(name, "IGH")
    second = partner or (
        "MYC" if name in loci or not first else given.rules["abnormalities"]["translocations"][name][0]
    )
    votes = [word for word in ("dna", "rna", "expression", "fish") if row[word] == PRESENT]
    made = _blank(sample_of[row["patient"]], first, second, given)
    made |= _breakpoints(row, given)
    return made | {
        "Class": "TRANSLOCATION",
        "Event_Info": f"{name}, votes: {', '.join(votes) or 'none'}",
        "Annotation": name,
        "DNA_Support": "Yes" if row["dna"] == PRESENT else "No",
        "RNA_Support": "Yes" if row["rna"] == PRESENT else "No",
        "Tumor_Split_Read_Count": _count(row["junction_reads"]),
        "Tumor_Read_Count": _count(row["dna_fragments"]),
    }


def _breakpoints(row: Mapping[str, Any], given: Given) -> dict:
    """Where DNA, else RNA, shows the junction; immunoglobulin side first."""
    for table, left, right in (("structural_variants", "side_a", "side_b"), ("fusions", "gene_a", "gene_b")):
        rows = given.seen[table]
        rows = rows[(rows["patient"] == row["patient"]) & (rows["filter"] == "PASS")]
        rows = rows[[row["translocation"] in known.split("|") for known in rows["known"]]]
        if not len(rows):
            continue
        best = rows.sort_values("fragments" if "fragments" in rows else "junction_reads").iloc[-1]
        sides = [(best[left], best["chrom_a"], best["pos_a"]), (best[right], best["chrom_b"], best["pos_b"])]
        sides.sort(key=lambda side: not str(side[0]).startswith("IG"))
        return {
            f"Site{i}_{name}": value
            for i, (_, chrom, pos) in enumerate(sides, start=1)
            for name, value in (
                ("Chromosome", plain(chrom)),
                ("Contig", plain(chrom)),
                ("Position", int(pos)),
            )
        }
    return {}


def _junction(row: Mapping[str, Any], given: Given) -> dict:
    made = _blank(given.dna[row["sample"]], row["side_a"], row["side_b"], given)
    made |= _sites(row)
    near = row["chrom_a"] == row["chrom_b"]
    return made | {
        "Class": CLASSES[row["type"]],
        "Event_Info": _event(row, row["type"]),
        "Connection_Type": f"{row['end_a']}to{row['end_b']}",
        "Breakpoint_Type": "PRECISE" if row["precise"] == "yes" else "IMPRECISE",
        "DNA_Support": "Yes",
        "RNA_Support": "No",
        "SV_Length": abs(int(row["pos_b"]) - int(row["pos_a"])) if near else "",
        "Tumor_Split_Read_Count": _count(row["split_reads"]),
        "Tumor_Paired_End_Read_Count": _count(row["paired_reads"]),
        "Tumor_Read_Count": _count(row["fragments"]),
        "Normal_Read_Count": _count(row["normal_fragments"]),
    }


def _fusion(row: Mapping[str, Any], given: Given) -> dict:
    genes = ["" if g in ("", "intergenic") else g for g in (row["gene_a"], row["gene_b"])]
    made = _blank(given.rna[row["sample"]], *genes, given) | _sites(row)
    return made | {
        "Class": "FUSION",
        "Event_Info": _event(row, "RNA"),
        "DNA_Support": "No",
        "RNA_Support": "Yes",
        "Tumor_Split_Read_Count": _count(row["junction_reads"]),
        "Tumor_Paired_End_Read_Count": _count(row["spanning_pairs"]),
    }


def _event(row: Mapping[str, Any], kind: str) -> str:
    return f"{kind} {plain(row['chrom_a'])}:{row['pos_a']}-{plain(row['chrom_b'])}:{row['pos_b']}"


def _sites(row: Mapping[str, Any]) -> dict:
    made = {}
    for i, side in enumerate("ab", start=1):
        made |= {
            f"Site{i}_Chromosome": plain(row[f"chrom_{side}"]),
            f"Site{i}_Contig": plain(row[f"chrom_{side}"]),
        }
        made[f"Site{i}_Position"] = int(row[f"pos_{side}"])
    return made


def _blank(sample: str, first: str, second: str, given: Given) -> dict:
    return dict.fromkeys(SV, "") | {
        "Sample_Id": sample,
        "SV_Status": "SOMATIC",
        "Site1_Hugo_Symbol": first,
        "Site2_Hugo_Symbol": second,
        "NCBI_Build": given.build,
    }


def _count(value: Any) -> str:
    return "" if pd.isna(value) else str(int(value))


def expression(given: Given) -> pd.DataFrame:
    """TPM, gene symbols x samples; the TPM of ids with one symbol are added up, ids without a symbol left out."""
    frame = given.seen["tpm"]
    samples = [s for s in given.rna if s in frame.columns]
    if not samples:
        return pd.DataFrame()
    rows = frame[frame["gene_name"] != ""]
    values = rows[samples].apply(pd.to_numeric).groupby(rows["gene_name"].to_numpy()).sum(min_count=1)
    return values.rename(columns=given.rna).round(4)


def z_scores(values: pd.DataFrame, least: int = 3) -> pd.DataFrame:
    """z of log2(TPM + 1) of each gene against mean and standard deviation (n - 1) of all samples.

    NaN where a gene does not vary, or of fewer than `least` samples.
    """
    logged = np.log2(values + 1)
    spread = logged.std(axis=1, ddof=1)
    if values.shape[1] < least:
        return logged * np.nan
    return logged.sub(logged.mean(axis=1), axis=0).div(spread.where(spread > 0), axis=0).round(4)
