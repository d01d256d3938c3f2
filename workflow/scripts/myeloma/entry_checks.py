"""What samples.tsv says of files of finished calls: rules of the columns, then every file, before any compute.

A sample has reads (units.tsv) or tables, never both. Builds are told apart by what the files say, by lengths of
chromosomes, by genes whose places differ, and by the reference bases where there is a FASTA.
"""

import csv
import logging
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from myeloma import builds, config_check, entry_files
from myeloma.entry_files import Parsed, short_name
from myeloma.settings import Settings
from myeloma.sheets import Problem, Row, Sheet, SheetErrors, nearest, suggestion

#: Columns that name a table of finished calls, with the assay they belong to.
TABLES = {"variants": "wes", "segments": "wes", "translocations": "wes", "counts": "rna"}
FILES = (*TABLES, "callable")
BASES_COMPARED = 200


def enters(row: Mapping[str, Any]) -> bool:
    """Does the row of samples.tsv enter by tables?"""
    return any(row[name] for name in TABLES)


def translocation_names(settings: Settings) -> set[str]:
    """Names of the translocations of the config, MYC among them."""
    section = config_check.section(settings, "abnormalities")
    names = {*(section.get("translocations") or {}), *(section.get("myc_translocations") or {})}
    return {*map(str, names), "MYC_rearrangement"}


def check(samples: Sheet, units: Sheet, settings: Settings, check_files: bool) -> None:
    """Add the problems of the columns to `samples`, and with `check_files` those of every file named there."""
    rows = [row for row in samples.rows if enters(row)]
    for row in samples.rows:
        if not enters(row):
            for name in ("name_in_files", "build", "callable"):
                if row[name]:
                    message = "is given without a table of calls"
                    samples.problem(
                        row.line, name, row[name], message, "give variants, segments, ... or clear it"
                    )
    if rows:
        samples.problems += _statements(settings)
    with_units = {row["sample"]: row.line for row in units.rows}
    for row in rows:
        _columns(row, samples, with_units, settings)
    if check_files and rows:
        _read(rows, samples, settings)


def _statements(settings: Settings) -> list[Problem]:
    """Names in the statements of completeness that nothing in the config has."""
    entry = config_check.section(settings, "entry")
    known = {
        ("mutations_complete", "genes"): config_check.call_names(settings),
        ("translocations_complete", "names"): translocation_names(settings),
    }
    found = []
    for (key, field), names in known.items():
        given = (entry.get(key) or {}).get(field)
        for name in given if isinstance(given, list) else ():
            if str(name) not in names:
                fix = suggestion(str(name), names, "known names")
                found.append(Problem("config", 0, f"entry.{key}.{field}", str(name), "unknown name", fix))
    return found


def _columns(row: Row, sheet: Sheet, with_units: Mapping[str, int], settings: Settings) -> None:
    given = [name for name in TABLES if row[name]]
    if row["sample"] in with_units:
        message = f"the sample has reads as well (units.tsv line {with_units[row['sample']]})"
        fix = "either reads in units.tsv or tables in samples.tsv; two samples if there are two"
        sheet.problem(row.line, given[0], row[given[0]], message, fix)
    for name in given:
        if row["assay"] and row["assay"] != TABLES[name]:
            message = f"is no table of a {row['assay']} sample"
            fix = f"give it in a row with assay {TABLES[name]} (a sample of its own)"
            sheet.problem(row.line, name, row[name], message, fix)
    if row["tissue"] == "normal":
        fix = "tables of finished calls belong to the tumour sample"
        sheet.problem(row.line, given[0], row[given[0]], "is given for a normal", fix)
    if row["callable"] and not row["variants"]:
        fix = "give variants too, or clear it"
        sheet.problem(row.line, "callable", row["callable"], "is given without variants", fix)
    reference = str(config_check.section(settings, "reference").get("build") or "")
    own, ours = builds.canonical(row["build"]), builds.canonical(reference)
    if row["build"] and own != ours:
        message = f"but reference.build is {reference}: one run has one build"
        fix = f"lift the files over to {reference}, or run these samples with reference.build: {row['build']}"
        sheet.problem(row.line, "build", row["build"], message, fix)
    elif not ours and not config_check.section(settings, "reference").get("fasta"):
        message = "the build of the tables is not known"
        fix = "set reference.build to GRCh38, hg19 or b37, or give reference.fasta"
        sheet.problem(row.line, "build", reference, message, fix)


def _read(rows: Iterable[Row], sheet: Sheet, settings: Settings) -> None:
    """Read every file once, for all samples that name it."""
    users: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        for name in FILES:
            if row[name]:
                users.setdefault((name, settings.path(row[name])), []).append(row)
    known = translocation_names(settings)
    reference = str(config_check.section(settings, "reference").get("build") or "")
    for (kind, path), of in users.items():
        where = os.path.join(settings.workdir, path)
        if not os.path.isfile(where):
            fix = "correct the path; relative paths start at the working directory (--directory)"
            sheet.problem(of[0].line, kind, of[0][kind], "no such file", fix)
            continue
        if kind == "callable":
            continue
        parsed = read(kind, where, {name_of(row) for row in of}, known)
        parsed.path = path
        sheet.problems += [Problem(path, p.line, p.field, p.value, p.message, p.fix) for p in parsed.problems]
        before = len(sheet.problems)
        if kind != "counts" and not parsed.problems:
            said = {name_of(row) for row in of if row["build"]}
            sheet.problems += build_problems(parsed, kind, reference, said)
        _named(of, kind, parsed, sheet)
        if kind == "variants" and not parsed.problems:
            sheet.problems += reference_problems(parsed, settings)
            if not len(sheet.problems) > before:
                sheet.problems += symbol_problems(parsed, known_genes(settings), reference)


def name_of(row: Mapping[str, Any]) -> str:
    """The sample's name in its files."""
    return row["name_in_files"] or row["sample"]


def read(kind: str, path: str, wanted: set[str], known: set[str]) -> Parsed:
    """The file of that column, for the samples named so in it; `known`: translocations of the config."""
    if kind == "variants":
        return entry_files.read_variants(path, wanted)
    if kind == "segments":
        return entry_files.read_segments(path, wanted)
    if kind == "translocations":
        return entry_files.read_translocations(path, known, wanted)
    return entry_files.read_counts(path, wanted)


def read_files(
    samples: Sequence[Mapping[str, Any]], kinds: Iterable[str], known: Iterable[str]
) -> dict[str, dict]:
    """Kind -> sample -> (file's short name, its rows). Each file is read once; raises SheetErrors for its problems.

    `samples`: patient, sample, name (in the files) and the paths variants, segments, translocations, counts, "" where
    not given.
    """
    made: dict[str, dict] = {}
    problems: list[Problem] = []
    for kind in kinds:
        made[kind] = {}
        for path in dict.fromkeys(s[kind] for s in samples if s[kind]):
            of = [s for s in samples if s[kind] == path]
            parsed = read(kind, path, {s["name"] for s in of}, set(known))
            problems += parsed.problems
            for note in parsed.notes:
                logging.info("%s", note)
            _share(made[kind], of, parsed, kind)
            problems += [
                Problem(
                    path, 0, "sample", s["name"], "is not in the file", "correct name_in_files in samples.tsv"
                )
                for s in of
                if s["name"] not in parsed.names
            ]
    if problems:
        raise SheetErrors(problems)
    return made


def _share(made: dict, of: Sequence[Mapping[str, Any]], parsed: Parsed, kind: str) -> None:
    by_name: dict[str, list] = {}
    if kind != "counts":
        for row in parsed.rows:
            by_name.setdefault(row["name"], []).append(row)
    for sample in of:
        rows = parsed.rows if kind == "counts" else by_name.get(sample["name"], [])
        made[sample["sample"]] = (short_name(parsed.path), rows)


def _named(rows: Iterable[Row], kind: str, parsed: Parsed, sheet: Sheet) -> None:
    """Every sample is in its file, and two samples are not one in it."""
    taken: dict[str, Row] = {}
    for row in rows:
        name = name_of(row)
        if name in taken:
            message = f"{taken[name]['sample']} (line {taken[name].line}) has this name in {parsed.path} too"
            sheet.problem(row.line, "name_in_files", name, message, "one name for one sample")
        taken.setdefault(name, row)
        if name not in parsed.names and parsed.names:
            close = nearest(name, parsed.names)
            some = ", ".join(list(parsed.names)[:5]) + (", ..." if len(parsed.names) > 5 else "")
            fix = f"did you mean {close}? " if close else f"it has {some}. "
            fix += "Write the name that stands there in name_in_files"
            if kind == "translocations":
                fix += "; a sample in which none was found needs a row with none"
            field = "name_in_files" if row["name_in_files"] else "sample"
            sheet.problem(row.line, field, name, f"is not in {parsed.path}", fix)


def build_problems(parsed: Parsed, kind: str, reference: str, said: Iterable[str] = ()) -> list[Problem]:
    """Signs that a file is of another build than `reference`: one problem for each kind of sign, with its first line.

    `said`: samples whose build samples.tsv gives; their breakpoints may lie in a window of the other build alone.
    """
    ours, found = builds.canonical(reference), []
    if not ours:
        return found
    fix = f"lift the file over to {reference}, or set reference.build to the build of the files"
    signs: dict[str, list[tuple[int, str, Any, str]]] = {"said": [], "gene": [], "end": [], "window": []}
    stated = set(said)
    for row in parsed.rows:
        said = builds.canonical(row.get("build") or "")
        if said and said != ours:
            signs["said"].append((row["line"], "build", row["build"], f"but reference.build is {reference}"))
        elif row.get("build") and not said:
            signs["said"].append(
                (row["line"], "build", row["build"], f"no known build; reference.build is {reference}")
            )
        for chrom, pos in _ends(row, kind):
            if pos and not builds.fits(ours, chrom, pos):
                other = [b for b in builds.BUILDS if b != ours and builds.fits(b, chrom, pos)]
                length = builds.lengths(ours)[builds.plain(chrom)]
                message = f"chromosome {chrom} ends at {length} in {reference}"
                message += f"; it fits {other[0]}" if other else "; it fits no build that is known"
                signs["end"].append((row["line"], "position", f"{chrom}:{pos}", message))
            elif kind == "segments" and (other := builds.is_end_of_another(ours, chrom, pos or 0)):
                # whole chromosomes of the other build, where that one is the shorter
                message = f"is the last base of chromosome {chrom} in {other}, not in {reference}"
                signs["end"].append((row["line"], "position", f"{chrom}:{pos}", message))
        sides = [place for place in _ends(row, kind) if place[1]]
        if kind == "translocations" and len(sides) == 2 and not row["build"] and row["name"] not in stated:
            other = _other_window(ours, sides)
            if other:
                value = " - ".join(f"{chrom}:{pos}" for chrom, pos in sides)
                message = f"is {other}, in {reference} it lies in no window; no column or samples.tsv says the build"
                signs["window"].append((row["line"], "position", value, message))
        if kind == "variants":
            there = builds.build_at(row["gene"], row["chrom"], row["pos"])
            if there and there != ours:
                message = f"{row['gene']} lies there in {there}, not in {reference}"
                signs["gene"].append((row["line"], "position", f"{row['chrom']}:{row['pos']}", message))
    for rows in signs.values():
        if rows:
            line, name, value, message = rows[0]
            more = f" (and {len(rows) - 1} more rows)" if len(rows) > 1 else ""
            found.append(Problem(parsed.path, line, name, str(value), message + more, fix))
    return found


def known_genes(settings: Settings) -> dict[str, str]:
    """Name in capitals, current or former -> gene of the config whose mutations are called."""
    rules = config_check.section(settings, "abnormalities")
    lists = (rules.get(key) or [] for key in ("mutation_genes", "crbn_pathway_genes", "biallelic_genes"))
    wanted = list(dict.fromkeys(str(gene) for genes in lists for gene in genes))
    path = os.path.join(settings.workdir, settings.reference("drivers") or "")
    aliases: dict[str, str] = {}
    if os.path.isfile(path):
        with open(path, encoding="utf-8") as handle:
            rows = csv.DictReader((line for line in handle if not line.startswith("#")), delimiter="\t")
            for row in rows:
                names = [row["gene"], *filter(None, (row["aliases"] or "").split(","))]
                aliases |= {name: gene for gene in names if gene in wanted for name in names}
    return entry_files.known_names(wanted, aliases)


def symbol_problems(parsed: Parsed, known: Mapping[str, str], reference: str) -> list[Problem]:
    """Variants whose gene cannot be told: two genes of the config in one cell, or a name that is not known for a
    variant of the protein inside such a gene (resources/genes_*.tsv; genes that overlap it: gene_neighbours.tsv).

    Such a mutation would be lost, and the gene absent where the list is stated to be complete.
    """
    signs: dict[str, list[tuple[dict, str, str]]] = {"two": [], "unknown": []}
    for row in parsed.rows:
        genes = entry_files.known_symbols(row["gene"], known)
        if len(genes) > 1:
            fix = "keep the gene whose protein the variant changes"
            signs["two"].append((row, f"names {len(genes)} genes of the config ({', '.join(genes)})", fix))
        if genes or row["impact"] not in ("HIGH", "MODERATE"):
            continue
        own = {part.strip().upper() for part in re.split(r"[;,|]", row["gene"])}
        for gene in builds.genes_at(reference, row["chrom"], row["pos"]):
            if gene in known.values() and not own & builds.neighbours().get(gene, set()):
                message = f"is no known name, but {row['chrom']}:{row['pos']} lies in {gene}"
                fix = f"write {gene} (or the symbol of the gene that is meant, see resources/gene_neighbours.tsv)"
                signs["unknown"].append((row, message, fix))
    found = []
    for rows in filter(None, signs.values()):
        row, message, fix = rows[0]
        more = f" (and {len(rows) - 1} more rows)" if len(rows) > 1 else ""
        found.append(Problem(parsed.path, row["line"], "gene", row["gene"], message + more, fix))
    return found


def _other_window(ours: str, sides: Sequence[tuple[str, int]]) -> str:
    """The known junction that two breakpoints are in another build alone, in words; "" for none."""
    if any(builds.partner_of(ours, *sides)):
        return ""
    for build in builds.BUILDS:
        locus, partner = builds.partner_of(build, *sides) if build != ours else ("", "")
        if locus:
            return f"{locus} with {partner} in {build}"
    return ""


def _ends(row: Mapping[str, Any], kind: str) -> list[tuple[str, int | None]]:
    if kind == "segments":
        return [(row["chrom"], row["end"])]
    if kind == "variants":
        return [(row["chrom"], row["pos"] + len(row["ref"]) - 1)]
    return [(row[f"chrom_{s}"], row[f"pos_{s}"]) for s in ("1", "2") if f"chrom_{s}" in row]


def reference_problems(parsed: Parsed, settings: Settings) -> list[Problem]:
    """Reference alleles of the file against the bases of the FASTA, where there is one with its index."""
    fasta = os.path.join(settings.workdir, settings.reference("fasta")) if settings.has("fasta") else ""
    if not fasta or not os.path.isfile(f"{fasta}.fai"):
        return []
    import pysam  # heavy, and only a file of variants beside a FASTA needs it

    wrong, looked = [], 0
    with pysam.FastaFile(fasta) as genome:
        spelled = builds.named(dict(zip(genome.references, genome.lengths, strict=True)))
        sizes = dict(zip(genome.references, genome.lengths, strict=True))
        for row in parsed.rows:
            name = spelled.get(row["chrom"])
            if name is None or "N" in row["ref"] or looked >= BASES_COMPARED:
                continue
            looked += 1
            end = row["pos"] - 1 + len(row["ref"])
            base = genome.fetch(name, row["pos"] - 1, end).upper() if end <= sizes[name] else "beyond its end"
            if base != row["ref"]:
                wrong.append((row, base))
    if not wrong:
        return []
    row, base = wrong[0]
    message = f"the FASTA has {base} at {row['chrom']}:{row['pos']} ({len(wrong)} of {looked} alleles compared differ)"
    fix = "is the file of another build, or are its positions counted from 0? Give one of the FASTA's build"
    return [Problem(parsed.path, row["line"], "reference allele", row["ref"], message, fix)]
