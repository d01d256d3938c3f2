"""Finished calls of other programs as the rows of our own tables, so that every later step works unchanged.

Each row names its file and line in the extra column `entered_from`. What a file does not say stays unknown: a gene
without a mutation is absent only where samples.tsv gives the callable bases or the config states that the list is
complete; a clonal fraction that is not given is 1; copies without a minor allele have none.
"""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
import pysam

from myeloma import (
    annotation,
    builds,
    callable,
    entry_checks,
    intervals,
    places,
    structural,
    tables,
    variants,
)
from myeloma.copies import germline_copies, is_sex
from myeloma.copy_events import DIGITS, GIVEN
from myeloma.entry_files import UNKNOWN_BASES, known_names, known_symbols, short_name
from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT
from myeloma.structural_votes import REARRANGEMENT, Vote

NO_LIST = "no table of mutations was entered"
NO_SEGMENTS = "no segments were entered"
NOT_SAID = "the entered list of mutations does not say where it would have seen one (samples.tsv callable, or config entry.mutations_complete)"
#: Columns of a file's row that stand in VARIANTS under another name.
READS = {
    "tumour_depth": "depth",
    "tumour_ref": "ref_reads",
    "tumour_alt": "alt_reads",
    "tumour_af": "af",
    "normal_depth": "n_depth",
    "normal_alt": "n_alt",
}


# Mutations


def variant_rows(
    samples: Sequence[Mapping[str, Any]],
    files: Mapping[str, tuple[str, list]],
    contigs: Mapping[str, str],
    hotspots: Mapping[tuple[str, int], str],
    symbols: Mapping[str, str],
    somatic_by: str = "",
) -> pd.DataFrame:
    """VARIANTS with `entered_from` of all entered samples.

    `contigs`: chromosome -> name in this run; `symbols`: symbol, current or former -> the one in use here;
    `somatic_by`: who states that every variant is somatic, where the record does not say it.
    """
    rows, left_out = [], 0
    shared = _shared_normals(samples, files)
    names = known_names(symbols.values(), symbols)
    for sample in samples:
        file, found = files.get(sample["sample"], ("", []))
        for row in found:
            if row.get("normal") in shared:
                row = {**row, "somatic": False}
            if row["chrom"] not in contigs:
                left_out += 1
                continue
            rows.append(_variant(sample, file, row, contigs, hotspots, names, somatic_by))
    if left_out:
        logging.info("%d entered variants on other contigs are left out", left_out)
    made = pd.DataFrame(rows, columns=[*tables.VARIANTS.names(), "entered_from"])
    return tables.conform(made, tables.VARIANTS)


def _shared_normals(samples: Sequence[Mapping[str, Any]], files: Mapping[str, tuple[str, list]]) -> set[str]:
    """Normals that rows of more than one patient name: a pool, and no patient's own."""
    of: dict[str, set[str]] = {}
    for sample in samples:
        for row in files.get(sample["sample"], ("", []))[1]:
            if row.get("normal"):
                of.setdefault(row["normal"], set()).add(sample["patient"])
    shared = {name for name, patients in of.items() if len(patients) > 1}
    for name in sorted(shared):
        logging.warning(
            "the normal %s stands for %d patients: it is no matched normal, their variants count as tumour-only",
            name,
            len(of[name]),
        )
    return shared


def with_bases(rows: pd.DataFrame, fasta: str) -> pd.DataFrame:
    """VARIANTS whose indels of a MAF (NN before them) get the one base of the FASTA that VCF keeps before an indel."""
    unknown = rows["ref"].str.startswith(UNKNOWN_BASES) & rows["alt"].str.startswith(UNKNOWN_BASES)
    if not fasta or not unknown.any():
        return rows
    made = rows.copy()
    with pysam.FastaFile(fasta) as genome:
        for index, row in made[unknown].iterrows():
            base = genome.fetch(row["chrom"], row["pos"], row["pos"] + 1).upper() or "N"
            made.loc[index, ["pos", "ref", "alt"]] = [
                row["pos"] + 1,
                base + row["ref"][2:],
                base + row["alt"][2:],
            ]
    return tables.conform(made, tables.VARIANTS)


def _variant(sample, file, row, contigs, hotspots, names, somatic_by) -> dict[str, Any]:
    gene = next(iter(known_symbols(row["gene"], names)), row["gene"])
    place = variants.residue(row["hgvsp"])
    made = dict.fromkeys(tables.VARIANTS.names(), "")
    made |= {column: row[name] for column, name in READS.items()}
    names = ("normal_ref", "population_af", "second_depth", "second_alt", "second_normal_alt", "fox_og")
    made |= dict.fromkeys((*names, "germline_likelihood"))
    hot = variants.is_hotspot(gene, row["hgvsp"], hotspots)
    return made | {
        "patient": sample["patient"],
        "sample": sample["sample"],
        "chrom": contigs[row["chrom"]],
        "filter": ";".join(row["filters"]) or "PASS",
        "mode": "tumour_normal" if row["somatic"] or somatic_by else "tumour_only",
        "gene": gene,
        "protein_position": place[1] if place else None,
        "hotspot": "yes" if hot else "no",
        "callers": "entered",
        "panel_of_normals": "no",
        "entered_from": f"{file}:{row['line']}",
        **{
            name: row[name]
            for name in ("pos", "ref", "alt", "transcript", "consequence", "impact", "hgvsc", "hgvsp")
        },
    }


def symbols_in_use(drivers: str, wanted: Iterable[str]) -> dict[str, str]:
    """Symbol in a file -> symbol of the config, by the current and former names of resources/drivers.tsv."""
    table, made = annotation.read_drivers(drivers), {}
    for gene in wanted:
        row = table.get(gene)
        if row:
            made |= dict.fromkeys([row["gene"], *filter(None, row["aliases"].split(","))], gene)
        made[gene] = gene
    return made


def callable_rows(
    samples: Sequence[Mapping[str, Any]],
    genes: Sequence[str],
    coding: Mapping[str, Sequence[tuple[str, int, int]]],
    complete: Mapping[str, Any],
    fraction: float,
) -> pd.DataFrame:
    """CALLABLE of all entered samples: where the absence of a mutation may be stated, and by whom.

    `coding`: gene -> coding intervals, {} without a GTF; `complete`: config entry.mutations_complete; `fraction`:
    somatic.callable_fraction of the coding bases.
    """
    rows = []
    for sample in samples:
        bed = _read_bed(sample["callable"]) if sample["callable"] else {}
        for gene in genes:
            row = {"patient": sample["patient"], "sample": sample["sample"], "gene": gene, "callable": "no"}
            rows.append(row | _callable(sample, gene, bed, coding, complete, fraction))
    made = pd.DataFrame(rows, columns=tables.CALLABLE.names())
    return tables.conform(made, tables.CALLABLE)


def _callable(sample, gene, bed, coding, complete, fraction) -> dict[str, Any]:
    if not sample["variants"]:
        return {"reason": NO_LIST}
    listed = complete["genes"] == "all" or gene in complete["genes"]
    if complete["stated_by"] and listed:
        return {"callable": "yes", "reason": f"as stated in config: {complete['stated_by']}"}
    if not sample["callable"]:
        return {"reason": NOT_SAID}
    exons = coding.get(gene, ())
    if not exons:
        return {"reason": "its coding bases are not known (reference.gtf is not given, or has no such gene)"}
    total = sum(end - start + 1 for _, start, end in exons)
    wanted = [(builds.plain(chrom), start - 1, end) for chrom, start, end in exons]
    seen = intervals.bases(intervals.overlap(wanted, bed.get(builds.plain(exons[0][0]), [])))
    share = seen / total
    words = f"{share:.1%} of its coding bases are in {short_name(sample['callable'])}"
    return {
        "coding_bases": total,
        "callable_fraction": share,
        "callable": "yes" if share >= fraction else "no",
        "reason": "" if share >= fraction else words,
    }


def _read_bed(path: str) -> dict[str, list[tuple[str, int, int]]]:
    frame = pd.read_csv(path, sep="\t", header=None, comment="#", usecols=[0, 1, 2], dtype={0: str})
    made: dict[str, list[tuple[str, int, int]]] = {}
    for chrom, start, end in frame.sort_values([0, 1]).itertuples(index=False):
        name = builds.plain(chrom)
        mine = made.setdefault(name, [])
        if mine and int(start) <= mine[-1][2]:
            mine[-1] = (name, mine[-1][1], max(mine[-1][2], int(end)))
        else:
            mine.append((name, int(start), int(end)))
    return made


# Copies


def copy_rows(
    samples: Sequence[Mapping[str, Any]],
    files: Mapping[str, tuple[str, list]],
    contigs: Mapping[str, str],
    rules: Mapping[str, Any],
    least: float,
    untold: Collection[str] = (),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(SEGMENTS with `entered_from`, PURITY) of all entered samples.

    `rules`: the config section entry; `least`: copy_number.min_clonal_fraction; `untold`: samples of `untold_builds`.
    """
    segments, purity = [], []
    for sample in samples:
        file, found = files.get(sample["sample"], ("", []))
        mine = [
            _segment(sample, file, row, contigs, rules, least) for row in found if row["chrom"] in contigs
        ]
        segments += mine
        purity.append(_purity(sample, mine, rules))
        if sample["sample"] in untold:
            purity[-1]["reason"] += f"; {builds.NOT_TOLD}"
    made = pd.DataFrame(segments, columns=[*tables.SEGMENTS.names(), "entered_from"])
    frame = pd.DataFrame(purity, columns=tables.PURITY.names())
    return tables.conform(made, tables.SEGMENTS), tables.conform(frame, tables.PURITY)


def whole_state(total: float, tolerance: float) -> tuple[int, float]:
    """(whole copies, share of cells with them) of a copy number: 2.96 is 3 in all cells, 2.4 is 3 in 0.4 of them.

    Between two whole numbers the state further from two copies is the changed one, as a loss (1.3: 1 in 0.7)
    or a gain (2.4: 3 in 0.4) of an unchanged genome.
    """
    near = round(total)
    if abs(total - near) <= tolerance:
        return int(near), 1.0
    low = int(total)
    return (low, low + 1 - total) if total < 2 else (low + 1, total - low)


def _segment(sample, file, row, contigs, rules, least: float) -> dict[str, Any]:
    made = dict.fromkeys(tables.SEGMENTS.names())
    germline = germline_copies(contigs[row["chrom"]], sample["sex"])
    base = 2 if germline is None else germline
    made |= {"patient": sample["patient"], "sample": sample["sample"], "chrom": contigs[row["chrom"]]}
    made |= {"start": row["start"], "end": row["end"], "germline_copies": germline}
    made["entered_from"] = f"{file}:{row['line']}"
    if row["total"] is None:
        return made
    total, share = whole_state(row["total"], rules["integer_tolerance"])
    minor = None if row["minor"] is None else min(int(row["minor"] + 0.5), total // 2)
    other, other_minor = base, base // 2 if minor is not None else None
    if (
        share == 1
        and minor is not None
        and abs(row["minor"] - round(row["minor"])) > rules["integer_tolerance"]
    ):
        # as many copies in all cells, the minor allele lost in a part of them
        minor = int(row["minor"])
        share, other, other_minor = 1 - (row["minor"] - minor), total, minor + 1
    elif share < 1:
        other = total + 1 if row["total"] < 2 else total - 1
        other_minor = None if minor is None else min(minor, other // 2) if other != 2 else 1
    fraction = row["fraction"] if row["fraction"] is not None else share
    if row["sample_fraction"] is not None and row["fraction"] is None and sample["purity"]:
        # FACETS: a share of all cells of the sample
        fraction = min(1.0, row["sample_fraction"] / sample["purity"]) if (total, minor) != (2, 1) else 1.0
    bound = row["sample_fraction"]
    if bound is not None and row["fraction"] is None and not sample["purity"] and (total, minor) != (2, 1):
        # without the purity a share of all cells is the least that the share of the tumour cells can be
        made |= {"clonal_low": min(1.0, bound), "clonal_high": 1.0}
        if bound < least:
            return made
        fraction = min(1.0, bound)
    if row["second"] is not None:
        other, other_minor = int(round(row["second"][0])), int(round(row["second"][1]))
    changed, rest = (total, minor), (other, other_minor)
    if row["second"] is not None and changed == (base, base // 2):
        other_share = row.get("second_fraction")
        changed, rest, fraction = (
            rest,
            changed,
            1 - fraction if other_share is None else min(1.0, other_share),
        )
    # 1 - 0.8 and 0.16 / 0.8 are not 0.2 for a computer, and the limit is 0.2
    fraction = round(fraction, DIGITS)
    made |= {"total_copies": changed[0], "minor_copies": changed[1], "clonal_fraction": fraction}
    if fraction < 1:
        made |= {"other_total_copies": rest[0], "other_minor_copies": rest[1]}
    made["copies"] = fraction * changed[0] + (1 - fraction) * rest[0]
    return made


def _purity(sample, segments: Sequence[Mapping[str, Any]], rules) -> dict[str, Any]:
    made = dict.fromkeys(tables.PURITY.names())
    given = sample["purity"]
    made |= {
        "patient": sample["patient"],
        "sample": sample["sample"],
        "sorted_purity": given,
        "purity_used": given,
    }
    said = "purity given in samples.tsv" if given is not None else "no purity given"
    if not segments:
        return made | {"status": "", "mode": GIVEN, "reason": f"{NO_SEGMENTS}; {said}"}
    known = [s for s in segments if s["copies"] is not None and not is_sex(s["chrom"])]
    length = sum(s["end"] - s["start"] + 1 for s in known)
    if length:
        made["ploidy"] = sum(s["copies"] * (s["end"] - s["start"] + 1) for s in known) / length
    return made | {
        "purity": given,
        "status": "unresolved" if given is None else "resolved",
        "base_copies": 4 if doubled(known, rules["doubled_share"]) else 2,
        "mode": GIVEN,
        "reason": f"{said}; copies as the entered segments state them",
    }


#: Bases of the autosomes; hg19 has 0.2 % more.
AUTOSOMES = sum(builds.lengths("GRCh38")[str(number)] for number in range(1, 23))


def doubled(segments: Sequence[Mapping[str, Any]], share: float) -> bool:
    """Is the genome doubled by its copies: major copies of two or more over more than `share` of the autosomes
    (Bielski, Nat Genet 2018;50:1189), and more of them at 2 + 2 than at 1 + 1?

    The second half keeps a hyperdiploid myeloma, whose gained chromosomes have two major copies, at two.
    Without minor copies four copies count as 2 + 2 and two as 1 + 1. What no segment covers is not doubled.
    """
    high = four = two = 0
    for s in segments:
        bases = s["end"] - s["start"] + 1
        total, minor = s["total_copies"], s["minor_copies"]
        major = total - minor if minor is not None else (total + 1) // 2
        high += bases * (major >= 2)
        four += bases * (total == 4 and minor in (2, None))
        two += bases * (total == 2 and minor in (1, None))
    return high > share * AUTOSOMES and four > two


# Translocations


def translocation_rows(
    samples: Sequence[Mapping[str, Any]],
    files: Mapping[str, tuple[str, list]],
    regions: pd.DataFrame,
    abnormalities: Mapping[str, Any],
    complete: Mapping[str, Any],
    near: int,
) -> pd.DataFrame:
    """ENTERED_TRANSLOCATIONS: one row per entered sample and translocation of the config.

    `complete`: config entry.translocations_complete. Breakpoints are named by the windows of `regions`; one up to
    `near` bases (entry.near_window_bases) beside a window leaves that translocation open.
    """
    loci = structural.Loci(regions.assign(chrom=regions["chrom"].map(builds.plain)), abnormalities)
    names = [*abnormalities["translocations"], *abnormalities["myc_translocations"], REARRANGEMENT]
    rows = []
    for sample in samples:
        file, found = files.get(sample["sample"], ("", []))
        seen: dict[str, dict[str, list[str]]] = {}
        for row in found:
            names_here = [row["translocation"]] if row["translocation"] else named_by_place(row, loci)
            if not row["translocation"] and row["state"] == PRESENT:
                _without_window(sample, f"{file}:{row['line']}", row, loci, near, seen)
            for name in names_here:
                seen.setdefault(name, {}).setdefault(row["state"], []).append(f"{file}:{row['line']}")
                if name in abnormalities["myc_translocations"] and row["state"] == PRESENT:
                    seen.setdefault(REARRANGEMENT, {}).setdefault(PRESENT, []).append(f"{file}:{row['line']}")
        for name in names:
            state, reason, evidence = _judge(
                seen.get(name, {}), bool(sample["translocations"]), name, complete
            )
            rows.append(
                {"patient": sample["patient"], "sample": sample["sample"], "translocation": name, "state": state,
                 "reason": reason, "evidence": evidence}
            )  # fmt: skip
    made = pd.DataFrame(rows, columns=tables.ENTERED_TRANSLOCATIONS.names())
    return tables.conform(made, tables.ENTERED_TRANSLOCATIONS)


def named_by_place(row: Mapping[str, Any], loci: structural.Loci) -> list[str]:
    """Names of the config's translocations that two breakpoints are, by the windows of the regions."""
    sides = [(row[f"chrom_{s}"], row[f"pos_{s}"]) for s in ("1", "2")]
    junction = structural.Junction("BND", *sides[0], "3", *sides[1], "5")
    names = loci.known(junction)
    inside = ["MYC" in loci.windows(*side) for side in sides]
    return list(dict.fromkeys(names)) + ([REARRANGEMENT] if sum(inside) == 1 else [])


#: Key of the breakpoints beside a window, among the states of a translocation.
BESIDE = "beside"


def _without_window(sample, where: str, row, loci: structural.Loci, near: int, seen: dict) -> None:
    """An immunoglobulin junction whose partner is in no window: open where one is near, told in the log elsewhere.

    A partner that fits no window may be a known one of another build or of a breakpoint further out: without a
    word it would turn absent where the list is stated to be complete.
    """
    sides = [(row[f"chrom_{s}"], row[f"pos_{s}"]) for s in ("1", "2")]
    named = set(named_by_place(row, loci))
    if None in (sides[0][1], sides[1][1]) or named - {REARRANGEMENT}:
        return
    beside = {name: bases for name, bases in beside_windows(sides, loci, near).items() if name not in named}
    for name, bases in beside.items():
        words = f"a breakpoint lies {bases / 1000:.0f} kb beside the window ({where})"
        seen.setdefault(name, {}).setdefault(BESIDE, []).append(words)
    locus = next(filter(None, (loci.ig(*side) for side in sides)), "")
    if locus or beside:
        place = " - ".join(f"{chrom}:{pos}" for chrom, pos in sides)
        told = f"not assessable: {', '.join(beside)}" if beside else "named by no window and left out"
        logging.warning("%s: %s: %s junction %s %s", where, sample["sample"], locus or "IG", place, told)


def beside_windows(sides: Sequence[tuple[str, int]], loci: structural.Loci, near: int) -> dict[str, int]:
    """Translocation -> bases to its window, of two breakpoints at most `near` bases outside of locus and window."""

    def close(kind: str, chrom: str, pos: int) -> list[tuple[Any, int]]:
        rows = [r for r in loci.rows if r.kind == kind and r.chrom == chrom]
        away = [(r, max(0, int(r.start) - pos, pos - int(r.end))) for r in rows]
        return [(r, bases) for r, bases in away if bases <= near]

    found: dict[str, int] = {}
    for one, other in (sides, sides[::-1]):
        for locus, off in close("ig_locus", *one):
            for window, away in close("partner", *other):
                genes = structural.symbols(window)
                names = [
                    n for n, of in loci.translocations.items() if locus.name_ == "IGH" and genes & set(of)
                ]
                names += [n for n, of in loci.myc.items() if of == locus.name_ and "MYC" in genes]
                names += [REARRANGEMENT] if "MYC" in genes else []
                for name in names:
                    found[name] = min(max(off, away), found.get(name, max(off, away)))
    return found


def _judge(
    seen: Mapping[str, list[str]], has_file: bool, name: str, complete: Mapping[str, Any]
) -> tuple[str, str, str]:
    if not has_file:
        return NOT_ASSESSABLE, "no table of translocations was entered", ""
    if PRESENT in seen:
        return PRESENT, "", "entered: " + ", ".join(dict.fromkeys(seen[PRESENT]))
    if BESIDE in seen:
        return NOT_ASSESSABLE, "; ".join(seen[BESIDE]), ""
    if ABSENT in seen:
        return ABSENT, "", "entered: " + ", ".join(dict.fromkeys(seen[ABSENT]))
    if NOT_ASSESSABLE in seen:
        return (
            NOT_ASSESSABLE,
            "not tested, says the entered table",
            "entered: " + ", ".join(seen[NOT_ASSESSABLE]),
        )
    if complete["stated_by"] and (complete["names"] == "all" or name in complete["names"]):
        return ABSENT, f"as stated in config: {complete['stated_by']}", ""
    return NOT_ASSESSABLE, "the entered table does not say that it was tested", ""


def votes(entered: pd.DataFrame, used: Iterable[str]) -> dict[tuple[str, str], Vote]:
    """(patient, translocation) -> Vote of the DNA side, from ENTERED_TRANSLOCATIONS of the samples in use."""
    mine = entered[entered["sample"].isin(list(used))]
    return {
        (row.patient, row.translocation): Vote(row.state, row.reason, row.evidence)
        for row in mine.itertuples()
    }


# All of it


def enter(
    dna: Sequence[Mapping[str, Any]],
    given: Mapping[str, str],
    rules: Mapping[str, Any],
    output: Mapping[str, str],
) -> None:
    """Write the entered tables: variants, callable, segments, purity, regions, translocations.

    `dna`: samples with patient, sample, name, sex, purity and paths; `given`: regions, fasta, fai, coding, hotspots,
    drivers ("" where not given); `rules`: the config sections entry and abnormalities, `genes` (that need a verdict on
    their absence), callable_fraction, min_clonal_fraction, build (reference.build).
    """
    regions, entry = places.read_regions(given["regions"]), rules["entry"]
    abnormalities = rules["abnormalities"]
    known = {*abnormalities["translocations"], *abnormalities["myc_translocations"], REARRANGEMENT}
    files = entry_checks.read_files(dna, ("variants", "segments", "translocations"), known)
    untold = untold_builds(dna, files["segments"], rules["build"])
    _builds_not_said(dna, files["translocations"], untold)
    contigs = _contigs(given["fai"])
    hotspots = variants.read_hotspots(given["hotspots"])
    symbols = symbols_in_use(given["drivers"], rules["genes"])
    stated = entry["mutations_somatic"]["stated_by"]
    called = variant_rows(dna, files["variants"], contigs, hotspots, symbols, stated)
    tables.write(with_bases(called, given["fasta"]), output["variants"], tables.VARIANTS)
    wanted = list(dict.fromkeys([*rules["genes"], *(gene for gene, _ in sorted(hotspots))]))
    coding = callable.read_coding(given["coding"])
    may = callable_rows(dna, wanted, coding, entry["mutations_complete"], rules["callable_fraction"])
    tables.write(may, output["callable"], tables.CALLABLE)
    segments, purity = copy_rows(dna, files["segments"], contigs, entry, rules["min_clonal_fraction"], untold)
    tables.write(segments, output["segments"], tables.SEGMENTS)
    tables.write(purity, output["purity"], tables.PURITY)
    tables.write(tables.empty(tables.COPY_REGIONS), output["regions"], tables.COPY_REGIONS)
    moved = translocation_rows(
        dna,
        files["translocations"],
        regions,
        abnormalities,
        entry["translocations_complete"],
        entry["near_window_bases"],
    )
    tables.write(moved, output["translocations"], tables.ENTERED_TRANSLOCATIONS)


def untold_builds(dna: Sequence[Mapping[str, Any]], files: Mapping[str, tuple], build: str) -> list[str]:
    """Samples whose segments may be of another build than `build`, for all that is known.

    No column and no samples.tsv says it, and no segment of their file ends where only that build has bases. (What
    lies beyond the ends of `build`, or ends with a chromosome of another, was refused by the check.) files: sample ->
    (short name, its segments).
    """
    told: set[str] = set()
    for sample in dna:
        rows = files.get(sample["sample"], ("", []))[1]
        if any(row["build"] or builds.tells(build, row["chrom"], row["end"]) for row in rows):
            told.add(sample["segments"])
    return [
        s["sample"]
        for s in dna
        if s["segments"]
        and not s["build"]
        and s["segments"] not in told
        and files.get(s["sample"], ("", []))[1]
    ]


def _builds_not_said(
    dna: Sequence[Mapping[str, Any]], files: Mapping[str, tuple], untold: Sequence[str]
) -> None:
    """Say in the log which segments may be of another build, and whose breakpoints were compared with windows only."""
    silent = []
    for sample in dna:
        placed = [row for row in files.get(sample["sample"], ("", []))[1] if "chrom_1" in row]
        if placed and not sample["build"] and not all(row["build"] for row in placed):
            silent.append(sample["sample"])
    for kind, names, compared in (
        ("segments", untold, "the ends of the chromosomes, and they fit both builds"),
        ("translocations", silent, "the ends of the chromosomes and the windows of the other build"),
    ):
        if names:
            more = f" and {len(names) - 5} more" if len(names) > 5 else ""
            said = f"{kind} of {', '.join(names[:5])}{more}: no column and no samples.tsv build says their build; only "
            logging.warning("%s", f"{said}{compared} were compared")


def _contigs(fai: str) -> dict[str, str]:
    if not fai:
        return builds.named(None)
    with open(fai, encoding="utf-8") as handle:
        return builds.named({line.split("\t")[0]: 0 for line in handle if line.strip()})
