"""From called variants to annotated ones: transcript, role of the gene, drugs of the trial, cells, RNA.

The variant table says what was called; this one what it may mean. Facts about genes come from
resources/drivers.tsv, each with its source; numbers from the copy-number, purity and RNA tables.
"""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from myeloma import clonality, files, gates, maf, places, rna_support, tables, transcripts, variants
from myeloma.copies import overlaps

DRIVER_COLUMNS = (
    "gene",
    "aliases",
    "role",
    "driver",
    "ashm",
    "resistance",
    "drug",
    "mature_offset",
    "source",
    "status",
)
ALTERING = ("HIGH", "MODERATE")
KEY = list(tables.ANNOTATED_VARIANTS.key)
_RESIDUES = re.compile(r"^(\w+) \S+ (\d+)([A-Z*]+)(?:>(\d+)([A-Z*]+))?$")
_SIMPLE = re.compile(r"^p\.([A-Z][a-z]{2})(\d+)([A-Z][a-z]{2}|\*|=)$")


# The variant table


def tabulate_cohort(
    tumours: Sequence[Mapping[str, str]],
    gtf: str,
    hotspots: str,
    table: str,
    normals: str,
    entered: tuple[str, Sequence[Mapping[str, str]]] = ("", ()),
) -> None:
    """Write the variant table of all tumours, and to `normals` the tumour cells found in their normals.

    Each tumour: patient, tumour and normal sample (normal "" for tumour-only), vcf. `entered`: VARIANTS of samples
    that enter by tables, and those samples.
    """
    known = variants.read_hotspots(hotspots)
    speakers = transcripts.canonical(transcripts.read_transcripts(gtf)) if gtf else {}
    names = {gene: transcripts.stem(one.name) for gene, one in speakers.items()}
    frames = [
        variants.tabulate(one["vcf"], one["patient"], one["tumour"], one["normal"], names, known)
        for one in tumours
    ]
    frames = [frame for frame in frames if len(frame)]
    made = pd.concat(frames, ignore_index=True) if frames else tables.empty(tables.VARIANTS)
    made["transcript_basis"] = [
        _basis(gene, transcript, speakers)
        for gene, transcript in zip(made["gene"], made["transcript"], strict=True)
    ]
    if entered[0]:
        frames = [frame for frame in (made, tables.read(entered[0], tables.VARIANTS)) if len(frame)]
        made = pd.concat(frames, ignore_index=True) if frames else made
    tables.write(made, table, tables.VARIANTS)
    found = [
        variants.tabulate_normal(one["vcf"], one["patient"], one["tumour"], one["normal"]) for one in tumours
    ]
    blank = {"normal": "", "state": "not_assessable", "sites": 0, "sites_with_reads": 0, "rescued": 0}
    why = "entered from a table: there are no reads"
    found += [{**blank, "patient": s["patient"], "sample": s["sample"], "reason": why} for s in entered[1]]
    rows = pd.DataFrame(found, columns=tables.TUMOUR_IN_NORMAL.names())
    tables.write(rows, normals, tables.TUMOUR_IN_NORMAL)


def _basis(gene: str, transcript: str, speakers: Mapping[str, transcripts.Transcript]) -> str:
    if not transcript:
        return ""
    speaker = speakers.get(gene)
    if speaker is None or transcripts.stem(speaker.name) != transcripts.stem(transcript):
        return "most severe"
    return transcripts.basis(speaker)


# Facts about genes


def read_drivers(path: str | os.PathLike) -> dict[str, dict[str, str]]:
    """Symbol, current or former, -> row of the driver table; {} for no table.

    Raises ValueError that names the file and the symbol when a symbol stands twice.
    """
    if not path:
        return {}
    frame = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, comment="#")
    missing = [name for name in DRIVER_COLUMNS if name not in frame.columns]
    if missing:
        raise ValueError(f"{path}: column(s) missing: {', '.join(missing)}")
    found: dict[str, dict[str, str]] = {}
    for row in frame.to_dict("records"):
        for symbol in [row["gene"], *filter(None, row["aliases"].split(","))]:
            if symbol in found:
                raise ValueError(f"{path}: {symbol} stands in two rows; keep one")
            found[symbol] = row
    return found


def mature_change(hgvsp: str, offset: str) -> str:
    """A substitution counted in the mature protein, e.g. p.Ala108Thr of PSMB5 is A49T; "" where not asked for.

    The propeptide (`offset` residues) is cut off: literature on resistance counts from the first residue
    after it, HGVS from the first residue of the precursor.
    """
    found = _SIMPLE.match(hgvsp or "")
    if not offset or not found:
        return ""
    before, position, after = found.groups()
    mature = int(position) - int(offset)
    if mature < 1:
        return "in the propeptide"
    return f"{variants.AMINO[before]}{mature}{variants.AMINO.get(after, after)}"


def check_protein(hgvsp: str, consequence: str, second_opinion: str) -> str:
    """Does bcftools csq see the same protein change as SnpEff?

    "compound" where csq joins the record with a phased neighbour: the p. of one record alone is then not
    the change of the protein. Substitutions are compared by residues, other changes by their class. ""
    where one of the two says nothing.
    """
    said = (second_opinion or "").split("; ")[0]
    if said.startswith("with "):
        return "compound"
    found = _RESIDUES.match(said.split("..")[0]) if said else None
    if not hgvsp or not said:
        return ""
    simple = _SIMPLE.match(hgvsp)
    if simple and found and len(found.group(3)) == 1 and len(found.group(5) or "-") == 1:
        before, position, after = simple.groups()
        one, other = variants.AMINO[before], variants.AMINO.get(after, after)
        after_of_csq = found.group(5) or found.group(3)
        same = (one, position, one if other == "=" else other) == (
            found.group(3),
            found.group(2),
            after_of_csq,
        )
        return "agrees" if same else "differs"
    return "agrees" if _class_of(consequence) & _class_of(said.split(" ")[0]) else "differs"


_CLASSES = {
    "frameshift": "frameshift",
    "inframe": "inframe",
    "stop_gained": "stop",
    "stop_lost": "stop_lost",
    "start_lost": "start",
    "missense": "missense",
    "synonymous": "synonymous",
    "stop_retained": "synonymous",
    "splice": "splice",
}


def _class_of(terms: str) -> set[str]:
    return {said for word, said in _CLASSES.items() if word in terms}


# Annotation


def annotate(
    called: pd.DataFrame,
    drivers: Mapping[str, Mapping[str, str]],
    regions: pd.DataFrame,
    cells: Mapping[str, pd.DataFrame],
    sexes: Mapping[str, str],
    rna: Mapping[str, Any],
    rules: Mapping[str, Any],
) -> pd.DataFrame:
    """Rows of ANNOTATED_VARIANTS for the variants that pass or alter a protein.

    `called` (VARIANTS); `regions` as of places.read_regions; `cells` holds segments (SEGMENTS) and purity
    (PURITY); `sexes`: sample -> female, male or ""; `rna` holds counts (RNA_SUPPORT) and reasons (sample ->
    why its RNA is not used); `rules` the config sections clonality and rna_support.
    """
    kept = called[(called["filter"] == "PASS") | called["impact"].isin(ALTERING)].reset_index(drop=True)
    facts = pd.DataFrame([_facts(row, drivers) for row in kept.to_dict("records")], index=kept.index)
    parts = [
        kept,
        facts,
        pd.Series(_in_ig(kept, regions), name="ig_locus", dtype=object),
        _cells(kept, cells, sexes, rules["clonality"]),
        _rna(kept, rna, rules["rna_support"]),
    ]
    made = pd.concat(parts, axis=1).reindex(columns=tables.ANNOTATED_VARIANTS.names())
    return tables.conform(made, tables.ANNOTATED_VARIANTS)


def _facts(row: Mapping[str, Any], drivers: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    known = drivers.get(row["gene"], {})
    resistance = known.get("resistance", "")
    certain = "known_position" if row["hotspot"] == "yes" else "gene"
    return {
        "current_symbol": known.get("gene", ""),
        "driver": known.get("driver", "no"),
        "role": known.get("role", ""),
        "resistance": resistance,
        "drug": known.get("drug", ""),
        "resistance_evidence": certain if resistance and row["impact"] in ALTERING else "",
        "ashm": known.get("ashm", "no"),
        "mature_change": mature_change(row["hgvsp"], known.get("mature_offset", "")),
        "protein_check": check_protein(row["hgvsp"], row["consequence"], row["second_opinion"]),
        "source": known.get("source", ""),
    }


def _in_ig(kept: pd.DataFrame, regions: pd.DataFrame) -> list[str]:
    """Is each variant inside an immunoglobulin locus (or one of its copies)?"""
    spans = kept[["chrom", "pos"]].assign(start=kept["pos"], end=kept["pos"] + kept["ref"].str.len() - 1)
    hit = pd.Series(False, index=kept.index)
    for region in regions[regions["kind"].isin(("ig_locus", "ig_filter"))].itertuples():
        hit |= overlaps(spans, region.chrom, region.start, region.end)
    return ["yes" if inside else "no" for inside in hit]


CELL_COLUMNS = (
    "total_copies",
    "minor_copies",
    "ccf",
    "ccf_low",
    "ccf_high",
    "multiplicity",
    "clonality",
    "clonality_reason",
)


def _cells(kept, cells, sexes, rules) -> pd.DataFrame:
    """Copies at each variant and the share of tumour cells that have it."""
    purity = cells["purity"].set_index("sample").to_dict("index")
    segments = dict(iter(cells["segments"].groupby("sample")))
    rows = []
    for row in kept.to_dict("records"):
        of_sample = segments.get(row["sample"], cells["segments"].iloc[:0])
        segment = clonality.segment_at(of_sample, row["chrom"], row["pos"], rules["segment_reach"])
        found = _cell(row, segment, purity.get(row["sample"]), sexes.get(row["sample"], ""), rules)
        copies = [segment[name] if segment else None for name in CELL_COLUMNS[:2]]
        rows.append(
            (*copies, found.fraction, found.low, found.high, found.multiplicity, found.state, found.reason)
        )
    return pd.DataFrame(rows, columns=CELL_COLUMNS, index=kept.index)


def _cell(row, segment, purity, sex: str, rules) -> clonality.Estimate:
    if row["mode"] == "tumour_only" and row["hotspot"] != "yes":
        return clonality.unknown("somatic origin cannot be told without a normal")
    if purity is None:
        return clonality.unknown("no purity of this sample")
    if pd.isna(row["tumour_alt"]) or pd.isna(row["tumour_depth"]):
        return clonality.unknown("its reads are not known")
    share = clonality.purity_of(purity)
    if isinstance(share, str):
        return clonality.unknown(share)
    if segment is None:
        return clonality.unknown("no copy-number segment at this place")
    at = clonality.locus(segment, int(purity["base_copies"]), sex)
    if isinstance(at, str):
        return clonality.unknown(at)
    return clonality.estimate(int(row["tumour_alt"]), int(row["tumour_depth"]), share, at, rules)


def _rna(kept: pd.DataFrame, rna: Mapping[str, Any], rules) -> pd.DataFrame:
    """State of each variant in the RNA."""
    counts = rna["counts"].set_index(KEY)[["rna_ref", "rna_alt"]].to_dict("index")
    rows = []
    for row in kept.to_dict("records"):
        seen = counts.get(tuple(row[name] for name in KEY))
        why = rna["reasons"].get(row["sample"], "")
        if why:
            rows.append((rna_support.NO_RNA, None, None, None, why))
        elif seen is None:
            why = "only passing variants are looked for in the RNA"
            rows.append((rna_support.NOT_COUNTED, None, None, None, why))
        else:
            ref, alt = int(seen["rna_ref"]), int(seen["rna_alt"])
            state, power = rna_support.judge(ref, alt, row["tumour_af"], rules)
            rows.append((state, ref, alt, power, ""))
    names = ["rna_state", "rna_ref", "rna_alt", "rna_power", "rna_reason"]
    return pd.DataFrame(rows, columns=names, index=kept.index)


def reasons_without_rna(tumours: Sequence[Mapping[str, str]], qc: pd.DataFrame) -> dict[str, str]:
    """DNA tumour sample -> why no RNA speaks for it; samples with usable RNA are left out.

    Each tumour: patient, tumour (sample), role, rna (RNA sample of the analysis, or "").
    """
    failed, said = gates.failed(qc), {}
    for one in tumours:
        if one.get("entered"):
            said[one["tumour"]] = "entered from a table: not looked for in RNA reads"
        elif one["role"] != "analysis":
            said[one["tumour"]] = "not the analysis sample: the RNA is of another time"
        elif not one["rna"]:
            said[one["tumour"]] = "no tumour RNA in the analysis"
        elif one["rna"] in failed:
            said[one["tumour"]] = f"{one['rna']}: {failed[one['rna']]}"
    return said


def without_gated(purity: pd.DataFrame, failed: Mapping[str, str], purity_min: float) -> pd.DataFrame:
    """PURITY rows; a sample that failed a gate, or is below `purity_min`, is unresolved with that reason."""
    made = purity.copy()
    for index, row in purity.iterrows():
        why = failed.get(row["sample"], "")
        if not why and pd.notna(row["purity_used"]) and row["purity_used"] < purity_min:
            why = f"purity {row['purity_used']:.2f} is below the gate of {purity_min:g}"
        if why:
            made.loc[index, ["status", "reason"]] = ["unresolved", why]
            made.loc[index, ["purity", "purity_used"]] = None
    return made


def annotate_cohort(
    given: Mapping[str, str],
    counts: Sequence[str],
    tumours: Sequence[Mapping[str, str]],
    rules: Mapping[str, Any],
    build: str,
    output: Mapping[str, str],
    purity_min: float,
) -> None:
    """Write the annotated variants and the MAF of the analysis samples that failed no gate.

    `given`: variants, segments, purity, qc, regions, drivers (paths; drivers "" where not given); `counts`:
    RNA_SUPPORT tables; each tumour: patient, tumour, role, rna, sex; `output`: annotated, maf.
    """
    called = tables.read(given["variants"], tables.VARIANTS)
    cells = {name: tables.read(given[name], getattr(tables, name.upper())) for name in ("segments", "purity")}
    qc = tables.read(given["qc"], tables.QC)
    failed, without = gates.failed(qc), reasons_without_rna(tumours, qc)
    cells["purity"] = without_gated(cells["purity"], failed, purity_min)
    made = annotate(
        called,
        read_drivers(given["drivers"]),
        places.read_regions(given["regions"]),
        cells,
        {one["tumour"]: one["sex"] for one in tumours},
        {"counts": rna_support.read_all(counts), "reasons": without},
        rules,
    )
    tables.write(made, output["annotated"], tables.ANNOTATED_VARIANTS)
    analysed = {one["tumour"] for one in tumours if one["role"] == "analysis"} - failed.keys()
    extra = [name for name in tables.VARIANTS.names() if name not in made.columns]
    rows = made.merge(called[[*KEY, *extra]], on=KEY, validate="one_to_one")
    text = maf.make(rows[rows["sample"].isin(analysed)], build).to_csv(
        sep="\t", index=False, lineterminator="\n", na_rep="", float_format="%.4g"
    )
    with files.whole(output["maf"]) as private, files.open_text(private, "w") as handle:
        handle.write(text)
