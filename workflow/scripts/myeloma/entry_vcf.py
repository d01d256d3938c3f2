"""A VCF of finished somatic calls with its annotation (ANN of SnpEff or CSQ of VEP), read as text, line by line.

Text, because the message of a problem names the line, and because a file from elsewhere may be cut short:
gzip tells that, and what was read so far is not used.
"""

import gzip
import re
from collections.abc import Mapping
from typing import Any

from myeloma import builds
from myeloma.entry_files import BASES, IMPACTS, POOLED, TERMS, Parsed, filters, read_lines

#: Places in ANN (SnpEff's VCF annotation format 1.0).
ANN = {"consequence": 1, "impact": 2, "gene": 3, "transcript": 6, "hgvsc": 9, "hgvsp": 10}
#: Names in the Format of CSQ (Ensembl VEP).
CSQ = {
    "consequence": "Consequence",
    "impact": "IMPACT",
    "gene": "SYMBOL",
    "transcript": "Feature",
    "hgvsc": "HGVSc",
    "hgvsp": "HGVSp",
}
#: Fields of FORMAT that tell how many reads have the allele.
SUPPORT = ("AD", "AF", "VAF", "AU", "CU", "GU", "TU", "TIR")
NORMALS = {"normal", "germline", "blood", "control"}


def read(path: str, wanted: set[str] | None) -> Parsed:
    """Parsed of a VCF: rows as of entry_files.read_variants; `build` of each row as the header says it."""
    parsed = Parsed(path)
    head: dict[str, Any] = {"csq": [], "build": "", "contigs": {}, "samples": None, "ann": False}
    head["verdicts"] = {}
    seen: dict[tuple, int] = {}
    try:
        for line, text in enumerate(read_lines(path), 1):
            if text.startswith("##"):
                _header(parsed, line, text, head)
            elif text.startswith("#CHROM"):
                head["samples"] = text.split("\t")[9:]
                _samples(parsed, line, head, wanted)
            elif text.strip():
                if head["samples"] is None:
                    parsed.problem(line, "", "", "no header #CHROM", "give a VCF with its header")
                    return parsed.done()
                _record(parsed, line, text.split("\t"), head, wanted, seen)
    except (OSError, EOFError, gzip.BadGzipFile, ValueError) as error:
        fix = "copy the file again, it is incomplete or not what its name says"
        parsed.problem(0, "", "", f"cannot be read to its end: {error}", fix)
        return parsed.done()
    if head["samples"] is None and not parsed.problems:
        parsed.problem(0, "", "", "is no VCF (no line #CHROM)", "give a VCF with its header")
    if not parsed.problems:
        _left_out(parsed, head["verdicts"], wanted)
    return parsed.done()


def _left_out(parsed: Parsed, verdicts: Mapping[str, Mapping[str, int]], wanted: set[str] | None) -> None:
    """Tell what was not taken of each sample; a sample of which nothing was taken is a problem.

    A variant that is left out in silence reads "absent" where the list is stated to be complete.
    """
    for name, seen in verdicts.items():
        counts = {word: seen.get(word, 0) for word in ("carried", "other", "unsaid", "symbolic")}
        left = [
            f"{counts[word]} {text}"
            for word, text in (
                ("other", "by their genotype or reads not of this sample"),
                ("unsaid", "without genotype and reads"),
                ("symbolic", "without bases (symbolic or spanning deletion)"),
            )
            if counts[word]
        ]
        if left:
            parsed.notes.append(f"{parsed.path}: {name}: alleles left out: {', '.join(left)}")
        if left and not counts["carried"] and wanted is not None:
            fix = (
                "name the tumour's column in name_in_files, or give GT or AD; for a sample without any mutation, a VCF "
                "of its own with the header alone"
            )
            message = f"none of its {sum(counts.values())} alleles is one of this sample ({', '.join(left)})"
            parsed.problem(0, "sample", name, message, fix)


def _header(parsed: Parsed, line: int, text: str, head: dict[str, Any]) -> None:
    if text.startswith("##reference="):
        head["build"] = builds.mentioned(text) or head["build"]
    elif text.startswith("##INFO=<ID=CSQ"):
        found = re.search(r"Format: ([^\">]+)", text)
        head["csq"] = found.group(1).strip().split("|") if found else []
    elif text.startswith("##INFO=<ID=ANN"):
        head["ann"] = True
    elif text.startswith("##contig="):
        name, length = re.search(r"ID=([^,>]+)", text), re.search(r"length=(\d+)", text)
        if name and length:
            chrom, bases = builds.plain(name.group(1)), int(length.group(1))
            exact = [b for b in builds.BUILDS if builds.lengths(b).get(chrom) == bases]
            if len(exact) == 1 and not head["build"]:
                head["build"] = exact[0]


def _samples(parsed: Parsed, line: int, head: dict[str, Any], wanted: set[str] | None) -> None:
    for name in head["samples"]:
        parsed.names.setdefault(name, line)
    if not (head["ann"] or head["csq"]):
        fix = (
            "annotate it with SnpEff (ANN) or VEP (CSQ, with SYMBOL), or give a MAF: without them a VCF says no "
            "gene and no consequence"
        )
        parsed.problem(line, "INFO", "", "neither ANN nor CSQ in the header", fix)
    elif head["csq"] and not head["ann"]:
        missing = [name for name in ("Consequence", "SYMBOL") if name not in head["csq"]]
        if missing:
            parsed.problem(line, "CSQ", "", f"has no field {', '.join(missing)}", "run VEP with --symbol")


def _record(parsed, line, cells, head, wanted, seen) -> None:
    if len(cells) < 8 or (head["samples"] and len(cells) != 9 + len(head["samples"])):
        parsed.problem(line, "", "", f"has {len(cells)} cells", "one cell per column of the header")
        return
    chrom, pos, _, ref, alts, _, filter_, info = cells[:8]
    if not pos.isdecimal() or not 1 <= int(pos) <= 10**9 or not BASES.fullmatch(ref.upper()):
        parsed.problem(line, "POS", pos, "no position or reference allele", "give a valid record")
        return
    if not builds.understood(chrom):
        parsed.problem(line, "CHROM", chrom, "is no chromosome", f"{builds.SPELLED}; or take the record out")
        return
    facts = dict(part.partition("=")[::2] for part in info.split(";"))
    names = [n for n in head["samples"] if wanted is None or n in wanted]
    for number, alt in enumerate(alts.split(","), 1):
        if not BASES.fullmatch(alt.upper()):
            for name in names:
                _count(head, name, "symbolic")
            continue
        chosen = _annotation(facts, alt, ref, head)
        for name in names:
            values = _format(cells, head["samples"].index(name))
            support = _reads(values, number, ref.upper(), alt.upper())
            verdict = _carries(values, number, support)
            if verdict == "unsaid" and not {"GT", *SUPPORT} & values.keys():
                fix = "give the VCF with GT, AD, AF or Strelka's AU, CU, GU, TU and TAR, TIR"
                message = "says neither genotype nor reads of the allele: the variant would be lost"
                parsed.problem(line, "FORMAT", cells[8], message, fix)
                return
            _count(head, name, verdict)
            if verdict != "carried":
                continue
            key = (name, chrom, pos, ref, alt)
            if key in seen:
                parsed.problem(
                    line, "POS", pos, f"the same variant as in line {seen[key]}", "keep one of them"
                )
                continue
            seen[key] = line
            others = [n for n in head["samples"] if n != name]
            somatic = any(
                (n.lower() in NORMALS or re.search(r"(?i)normal|germline", n))
                and not POOLED.search(n.lower())
                for n in others
            )
            parsed.rows.append(
                {"name": name, "line": line, "chrom": builds.plain(chrom), "pos": int(pos), "ref": ref.upper(),
                 "alt": alt.upper(), "filters": filters(filter_, ""), "somatic": somatic,
                 "build": builds.of_accession(chrom) or head["build"],
                 "n_depth": None, "n_alt": None, **chosen, **support}
            )  # fmt: skip


def _format(cells: list[str], place: int) -> dict[str, str]:
    return dict(zip(cells[8].split(":"), cells[9 + place].split(":"), strict=False))


def _count(head: Mapping[str, Any], name: str, verdict: str) -> None:
    mine = head["verdicts"].setdefault(name, {})
    mine[verdict] = mine.get(verdict, 0) + 1


def _carries(values: Mapping[str, str], number: int, support: Mapping[str, Any]) -> str:
    """carried, other (the genotype or the reads are without the allele) or unsaid; the genotype comes first."""
    alleles = {part for part in re.split(r"[/|]", values.get("GT", "")) if part not in ("", ".")}
    if alleles:
        return "carried" if str(number) in alleles else "other"
    told = [support[key] for key in ("alt_reads", "af") if support[key] is not None]
    if not told:
        return "unsaid"
    return "carried" if any(told) else "other"


def _reads(values: Mapping[str, str], number: int, ref_allele: str, alt_allele: str) -> dict[str, Any]:
    """Depth, reads of both alleles and allele fraction from AD, DP and AF, or from Strelka's tiers.

    Strelka 2 (Kim, Nat Methods 2018;15:591) writes no GT and no AD: reads of a base in AU, CU, GU, TU, of an
    indel in TAR (reference) and TIR (indel), each "tier 1,tier 2"; its manual computes the fraction from tier 1.
    """

    def whole(text: str) -> int | None:
        return int(text) if text.isdecimal() else None

    depths = [whole(part) for part in values.get("AD", "").split(",")]
    alt = depths[number] if len(depths) > number else None
    ref = depths[0] if len(depths) > number else None
    if "AD" not in values:
        tiers = ("TAR", "TIR") if "TIR" in values else (f"{ref_allele}U", f"{alt_allele}U")
        ref, alt = (whole(values.get(key, "").split(",")[0]) for key in tiers)
        if ref is not None and alt is not None and "AF" not in values and "VAF" not in values:
            share = alt / (ref + alt) if ref + alt else 0.0
            return {
                "depth": whole(values.get("DP", "")) or ref + alt,
                "ref_reads": ref,
                "alt_reads": alt,
                "af": share,
            }
    depth = whole(values.get("DP", ""))
    if depth is None and ref is not None and alt is not None:
        depth = ref + alt
    try:
        af = float(values.get("AF", values.get("VAF", "")).split(",")[number - 1])
    except (ValueError, IndexError):
        af = alt / depth if alt is not None and depth else None
    af = af if af is not None and 0 <= af <= 1 else None
    return {"depth": depth, "ref_reads": ref, "alt_reads": alt, "af": af}


def _annotation(facts: Mapping[str, str], alt: str, ref: str, head: Mapping[str, Any]) -> dict[str, str]:
    """The most severe annotation of the allele; a canonical, MANE or picked transcript before another one."""
    blank = dict.fromkeys(CSQ, "")
    found = []
    for entry in filter(None, facts.get("ANN", "").split(",")):
        cells = entry.split("|")
        if len(cells) > 10 and cells[0] in (alt, "."):
            found.append(({name: cells[place] for name, place in ANN.items()}, 0))
    if not found:
        for entry in filter(None, facts.get("CSQ", "").split(",")):
            named = dict(zip(head["csq"], entry.split("|"), strict=False))
            allele = named.get("Allele", "")
            if allele in (alt, alt[1:] or "-", "-" if len(alt) < len(ref) else alt, ""):
                speaks = (
                    named.get("PICK") == "1"
                    or named.get("CANONICAL") == "YES"
                    or bool(named.get("MANE_SELECT"))
                )
                found.append(({name: named.get(key, "") for name, key in CSQ.items()}, -int(speaks)))
    if not found:
        return blank
    ranked = min(found, key=lambda one: (one[1], list(IMPACTS).index(_impact(one[0]))))
    chosen = ranked[0] | {"impact": _impact(ranked[0])}
    chosen["hgvsp"] = chosen["hgvsp"].split(":")[-1].replace("%3D", "=")
    chosen["hgvsc"] = chosen["hgvsc"].split(":")[-1]
    return chosen


def _impact(values: Mapping[str, str]) -> str:
    if values["impact"] in IMPACTS:
        return values["impact"]
    known = [TERMS[t] for t in values["consequence"].split("&") if t in TERMS]
    return min(known, key=list(IMPACTS).index) if known else "MODIFIER"
