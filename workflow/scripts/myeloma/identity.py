"""Is every sample the person its sheet says? Reads at common SNPs of all samples, DNA and RNA, compared.

Tumours lose heterozygosity and RNA shows one allele, so heterozygous sites are no evidence against identity.
A homozygous site is: the same person cannot show the other allele there. The share of one sample's
homozygous sites at which the other sample carries the other allele, over what strangers would show by the
allele frequencies, is about 0 for one person, 0.5 for parent, child or sibling and 1 for strangers; the
concordance is 1 minus it. The better of the two directions counts, because only the sample that lost alleles
has false homozygous sites. Same idea, by homozygotes, as IBS0 and relatedness in somalier (Pedersen, Genome
Medicine 2020;12:62), which needs heterozygous sites for the rest.
"""

import logging
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from cyvcf2 import VCF

from myeloma import contamination, intervals, tables
from myeloma.run import command

MIN_MAPPING_QUALITY = 20
MIN_BASE_QUALITY = 20
MOST_DEPTH = 8000
SEX_CONTIGS = {"x": ("chrX", "X"), "y": ("chrY", "Y")}
NOT_AUTOSOMES = {*SEX_CONTIGS["x"], *SEX_CONTIGS["y"], "chrM", "MT", "M", "chrMT"}
#: Sites are not used where more than this share of reads has a third allele.
MOST_OTHER = 0.10
ROWS_AT_A_TIME = 500
KEY = ["chrom", "pos", "ref", "alt"]


# Reads at common SNPs of one sample


def count(
    cram: str, fasta: str, sites: str, targets: str, padding: int, min_population_af: float, output: str
) -> None:
    """Write contract ALLELES: reads of each allele at the common SNPs of one sample; no rows without `sites`.

    `targets`: BED that limits the sites (widened by `padding`), "" for all. Duplicates, secondary and
    failed reads are left out; overlapping mates count once (bcftools mpileup).
    """
    lengths = intervals.contig_lengths(f"{fasta}.fai")
    wanted = intervals.padded(intervals.read_bed(targets), padding, lengths) if targets else None
    chosen = read_sites(sites, wanted, min_population_af, lengths) if sites else {}
    if not chosen:
        logging.info("no alleles are counted: reference.common_sites is not given or has no site here")
        tables.write(tables.empty(tables.ALLELES), output, tables.ALLELES)
        return
    with tempfile.TemporaryDirectory() as scratch:
        places, piled = Path(scratch) / "sites.tsv", Path(scratch) / "piled.bcf"
        places.write_text("".join(f"{chrom}\t{pos}\n" for chrom, pos in chosen), encoding="utf-8")
        words = ["bcftools", "mpileup", "--no-version", "-f", fasta, "-T", places, "-I", "-B", "-A"]
        words += ["-q", MIN_MAPPING_QUALITY, "-Q", MIN_BASE_QUALITY, "-d", MOST_DEPTH]
        words += [
            "--ignore-RG",
            "--ff",
            "UNMAP,SECONDARY,QCFAIL,DUP",
            "-a",
            "FORMAT/AD",
            "-Ou",
            "-o",
            piled,
            cram,
        ]
        command(words)
        told = command(["bcftools", "query", "-f", "%CHROM\t%POS\t%REF\t%ALT[\t%AD]\n", piled])
    tables.write(_counted(told.splitlines(), chosen), output, tables.ALLELES)


def read_sites(
    vcf: str,
    wanted: Iterable[intervals.Interval] | None,
    min_population_af: float,
    lengths: Mapping[str, int],
) -> dict[tuple[str, int], tuple[str, str, float]]:
    """(contig, 1-based position) -> reference, alternate, allele frequency of biallelic SNPs.

    The rarer allele has at least `min_population_af`; inside the intervals, if any; in the order of the VCF.
    """
    inside = _lookup(wanted) if wanted is not None else None
    found: dict[tuple[str, int], tuple[str, str, float]] = {}
    twice = set()
    for record in VCF(vcf):
        frequency = record.INFO.get("AF")
        if len(record.ALT) != 1 or len(record.REF) != 1 or len(record.ALT[0]) != 1 or frequency is None:
            continue
        place = (record.CHROM, record.POS)
        if record.CHROM not in lengths or not min_population_af <= frequency <= 1 - min_population_af:
            continue
        if inside is not None and not _within(inside, record.CHROM, record.POS - 1):
            continue
        twice.update([place] if place in found else [])
        found[place] = (record.REF, record.ALT[0], float(frequency))
    return {place: site for place, site in found.items() if place not in twice}


def _lookup(wanted: Iterable[intervals.Interval]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    by_contig = defaultdict(list)
    for contig, start, end in wanted:
        by_contig[contig].append((start, end))
    return {c: tuple(np.array(sorted(spans)).T) for c, spans in by_contig.items()}


def _within(inside: Mapping[str, tuple[np.ndarray, np.ndarray]], contig: str, position: int) -> bool:
    if contig not in inside:
        return False
    starts, ends = inside[contig]
    at = int(np.searchsorted(starts, position, side="right")) - 1
    return at >= 0 and position < ends[at]


def _counted(lines: Iterable[str], chosen: Mapping) -> pd.DataFrame:
    """Rows of ALLELES from `chrom pos ref alts depths` lines; sites without reads are left out."""
    rows = []
    for line in lines:
        chrom, pos, _, alts, depths = line.split("\t")
        ref, alt, frequency = chosen.get((chrom, int(pos)), ("", "", 0.0))
        seen = [0 if d == "." else int(d) for d in depths.split(",")]
        by_base = dict(zip(alts.split(","), seen[1:], strict=False))
        if ref and sum(seen):
            other = sum(n for base, n in by_base.items() if base != alt)
            rows.append((chrom, int(pos), ref, alt, frequency, seen[0], by_base.get(alt, 0), other))
    return pd.DataFrame(rows, columns=tables.ALLELES.names())


# All samples of the cohort


@dataclass(frozen=True)
class Genotypes:
    """Samples x sites: `hom_ref`, `hom_alt`, `has_ref`, `has_alt` (read by the limits), `known`; `af` of sites."""

    hom_ref: np.ndarray
    hom_alt: np.ndarray
    has_ref: np.ndarray
    has_alt: np.ndarray
    known: np.ndarray
    af: np.ndarray


def genotypes(ref: np.ndarray, alt: np.ndarray, other: np.ndarray, af: np.ndarray, limits: Mapping):
    """Genotypes from read counts (samples x sites). Between homozygous and carrying both: not known."""
    depth = ref + alt
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(depth > 0, alt / np.maximum(depth, 1), np.nan)
        clean = other <= MOST_OTHER * np.maximum(depth + other, 1)
    read = (depth >= limits["min_depth"]) & clean
    low, both = limits["homozygous_max"], limits["heterozygous_min"]
    hom_ref, hom_alt = read & (share <= low), read & (share >= 1 - low)
    het = read & (share >= both) & (share <= 1 - both)
    return Genotypes(hom_ref, hom_alt, hom_ref | het, hom_alt | het, hom_ref | hom_alt | het, af)


@dataclass(frozen=True)
class Likeness:
    """Square matrices over samples: homozygous sites used, concordance, opposite homozygotes, both homozygous."""

    sites: np.ndarray
    concordance: np.ndarray
    opposite: np.ndarray
    homozygous: np.ndarray


def likeness(seen: Genotypes) -> Likeness:
    """Compare all samples with all; `concordance` is NaN where nothing can be expected."""
    real = {
        n: getattr(seen, n).astype(np.float32) for n in ("hom_ref", "hom_alt", "has_ref", "has_alt", "known")
    }
    af = seen.af.astype(np.float32)
    n = len(real["known"])
    sites, ratio, opposite, both = (np.zeros((n, n), dtype=np.float32) for _ in range(4))
    for start in range(0, n, ROWS_AT_A_TIME):
        rows = slice(start, start + ROWS_AT_A_TIME)
        ref, alt = real["hom_ref"][rows], real["hom_alt"][rows]
        sites[rows] = (ref + alt) @ real["known"].T
        # what a stranger carries: the alternate allele with 1 - (1 - af)^2, the reference with 1 - af^2
        expected = (ref * (1 - (1 - af) ** 2) + alt * (1 - af**2)) @ real["known"].T
        against = ref @ real["has_alt"].T + alt @ real["has_ref"].T
        opposite[rows] = ref @ real["hom_alt"].T + alt @ real["hom_ref"].T
        both[rows] = (ref + alt) @ (real["hom_ref"] + real["hom_alt"]).T
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio[rows] = np.where(expected > 0, against / expected, np.nan)
    better = np.fmin(ratio, ratio.T)
    return Likeness(np.minimum(sites, sites.T), 1 - better, opposite, both)


def compare(
    samples: Sequence[Mapping[str, Any]], found: Likeness, limits: Mapping
) -> tuple[pd.DataFrame, np.ndarray]:
    """(contract IDENTITY, verdicts as a matrix: 1 match, 0 mismatch, -1 not assessable).

    Rows: every pair of one patient, every match between patients, and of each sample the closest of another
    patient. All other pairs are strangers, as expected, or not assessable: counted, not listed (4.5 million
    at 3,000 samples).
    """
    n = len(samples)
    limit, least = float(limits["min_concordance"]), int(limits["min_sites"])
    with np.errstate(invalid="ignore"):
        can = (found.sites >= least) & ~np.isnan(found.concordance)
        verdict = np.where(can, (found.concordance >= limit).astype(int), -1)
    np.fill_diagonal(verdict, -1)
    patients = pd.Categorical([s["patient"] for s in samples]).codes if n else np.zeros(0, dtype=int)
    same = patients[:, None] == patients[None, :]
    listed = {(int(a), int(b)): "own patient" for a, b in zip(*np.where(np.triu(same, 1)), strict=True)}
    for a, b in zip(*np.where(np.triu(~same & (verdict == 1), 1)), strict=True):
        listed[int(a), int(b)] = "match with another patient"
    others = np.where(~same & (verdict >= 0), found.concordance, -np.inf)
    for a in range(n):
        b = int(np.argmax(others[a]))
        if np.isfinite(others[a, b]):
            listed.setdefault((min(a, b), max(a, b)), "closest of another patient")
    rows = [_pair(samples, found, verdict, a, b, why, limit, least) for (a, b), why in listed.items()]
    return tables.conform(pd.DataFrame(rows, columns=tables.IDENTITY.names()), tables.IDENTITY), verdict


def _pair(samples, found: Likeness, verdict, a: int, b: int, why: str, limit: float, least: int) -> dict:
    # the names in one order, whatever order the sheet has
    a, b = sorted((a, b), key=lambda i: samples[i]["sample"])
    one, two = samples[a], samples[b]
    said = {1: "match", 0: "mismatch", -1: "not_assessable"}[int(verdict[a, b])]
    expected = "same" if one["patient"] == two["patient"] else "different"
    sites = int(found.sites[a, b])
    reason = ""
    if said == "not_assessable":
        reason = f"{sites} homozygous sites read in both (identity.min_sites {least})"
    elif (said == "match") != (expected == "same"):
        reason = "the same person under two patients" if said == "match" else "two persons under one patient"
    agrees = "" if said == "not_assessable" else "no" if reason else "yes"
    return {
        "sample_a": one["sample"],
        "sample_b": two["sample"],
        "patient_a": one["patient"],
        "patient_b": two["patient"],
        "kinds": f"{one['assay']} {one['tissue']}, {two['assay']} {two['tissue']}",
        "listed": why,
        "expected": expected,
        "sites": sites,
        "opposite_homozygotes": int(found.opposite[a, b]),
        "both_homozygous": int(found.homozygous[a, b]),
        "concordance": None
        if np.isnan(found.concordance[a, b])
        else round(float(found.concordance[a, b]), 4),
        "threshold": limit,
        "verdict": said,
        "as_expected": agrees,
        "reason": reason,
    }


# Gates


def gates(samples: Sequence[Mapping[str, Any]], verdict: np.ndarray, limits: Mapping) -> pd.DataFrame:
    """QC rows `identity` and `identity_compared` per sample.

    A conflict (two persons under one patient, one person under two) stops every sample of the patients in
    it: which of the labels is wrong, reads alone cannot tell. The reason says who looks like whom.
    """
    of_patient = defaultdict(list)
    for number, sample in enumerate(samples):
        of_patient[sample["patient"]].append(number)
    rows = []
    for patient, members in of_patient.items():
        trouble = {i: _trouble(i, members, samples, verdict) for i in members}
        stopped = any(trouble.values())
        for i in members:
            compared = int((verdict[i] >= 0).sum())
            own = [j for j in members if verdict[i, j] == 1]
            row = {**_of(samples[i]), "gate": "identity", "threshold": 0.0}
            conflicts = sum(verdict[i, j] == 0 for j in members if j != i)
            conflicts += sum(verdict[i, j] == 1 for j in range(len(samples)) if j not in members)
            row["value"] = float(conflicts)
            if trouble[i]:
                row |= {"verdict": "fail", "reason": trouble[i]}
            elif stopped:
                why = "; ".join(t for t in trouble.values() if t)
                row |= {"verdict": "fail", "reason": f"another sample of {patient} is in doubt: {why}"}
            elif own:
                names = ", ".join(samples[j]["sample"] for j in own)
                row |= {"verdict": "pass", "reason": f"the same person as {names}"}
            else:
                why = "no other sample of the patient to compare with"
                if len(members) > 1:
                    why = f"fewer than {limits['min_sites']} sites in common with the patient's other samples"
                row |= {"verdict": "not_assessable", "value": None, "reason": why}
            rows.append(row)
            rows.append(
                {**_of(samples[i]), "gate": "identity_compared", "value": float(compared), "threshold": None,
                 "verdict": "", "reason": "samples with enough sites in common"}
            )  # fmt: skip
    return pd.DataFrame(rows, columns=tables.QC.names())


def _of(sample: Mapping[str, Any]) -> dict[str, Any]:
    return {name: sample[name] for name in ("patient", "sample", "assay", "tissue")}


def _trouble(i: int, members: Sequence[int], samples, verdict: np.ndarray) -> str:
    """What speaks against sample i, in words; "" when nothing does."""
    name = samples[i]["sample"]
    apart = [j for j in members if j != i and verdict[i, j] == 0]
    alike = [j for j in range(len(samples)) if j not in members and verdict[i, j] == 1]
    if not apart and not alike:
        return ""
    said = []
    if apart:
        said.append(f"is another person than {_names(samples, apart)}")
    if alike:
        patients = sorted({samples[j]["patient"] for j in alike})
        said.append(f"is the same person as {_names(samples, alike)} of {', '.join(patients)}")
        swapped = [
            k
            for k in range(len(samples))
            if samples[k]["patient"] in patients
            and (samples[k]["assay"], samples[k]["tissue"]) == (samples[i]["assay"], samples[i]["tissue"])
            and any(verdict[k, j] == 1 for j in members if j != i)
        ]
        # of three samples of a patient, the one that differs from two that agree is the odd one
        together = 1 + sum(verdict[i, j] == 1 for j in members)
        if swapped and apart and 2 * together <= len(members):
            said.append(f"swapped with {_names(samples, swapped)}?")
    return f"{name} {'; '.join(said)}"


def _names(samples, numbers: Iterable[int]) -> str:
    return ", ".join(samples[j]["sample"] for j in numbers)


# Sex


def sex_votes(x_depth: float | None, y_depth: float | None, x_het: float | None, limits: Mapping) -> dict:
    """Evidence -> female | male, of what can tell: depth of X and Y over autosomes, heterozygous X sites."""
    votes = {}
    for name, value, low, high in (
        ("depth of X", x_depth, "male", "female"),
        ("depth of Y", y_depth, "female", "male"),
        ("heterozygous sites of X", x_het, "male", "female"),
    ):
        below, above = limits[
            {"depth of X": "sex_x_depth", "depth of Y": "sex_y_depth"}.get(name, "sex_x_heterozygous")
        ]
        if value is None or np.isnan(value) or below < value < above:
            continue
        votes[f"{name} {value:.2f}"] = low if value <= below else high
    return votes


def called_sex(votes: Mapping[str, str], tissue: str) -> tuple[str, str]:
    """(female | male | "", why not). Tumours lose X and Y: see the comments."""
    said = set(votes.values())
    if not said:
        return "", "neither X nor Y is read well enough"
    if len(said) > 1:
        return "", "X and Y disagree (loss or gain of a sex chromosome?)"
    found = said.pop()
    kinds = {name.rsplit(" ", 1)[0] for name in votes}
    # a lost X looks male by depth and by heterozygosity, but Y is not gained
    if tissue == "tumour" and found == "male" and "depth of Y" not in kinds:
        return "", "one X may be lost in a tumour, and Y is not covered"
    # a lost Y beside a gained X looks female by depth, but no site becomes heterozygous
    if tissue == "tumour" and found == "female" and "heterozygous sites of X" not in kinds:
        return "", "Y may be lost in a tumour, and X has too few common sites"
    return found, ""


def x_heterozygous(alleles: pd.DataFrame, limits: Mapping) -> float | None:
    """Share of the common sites of X that show both alleles; None below `sex_min_sites` sites."""
    mine = alleles[alleles["chrom"].isin(SEX_CONTIGS["x"])]
    seen = genotypes(*(mine[c].to_numpy(float)[None] for c in ("ref_reads", "alt_reads", "other_reads")),
                     mine["af"].to_numpy(float), limits)  # fmt: skip
    known = int(seen.known.sum())
    return float((seen.has_ref & seen.has_alt).sum() / known) if known >= limits["sex_min_sites"] else None


def sex_gates(
    samples: Sequence[Mapping[str, Any]], seen: Mapping[str, Mapping], limits: Mapping
) -> pd.DataFrame:
    """QC rows `sex` of the DNA samples. `seen`: sample -> x_depth, y_depth, x_het (None: not read).

    Value: 0 as in the sheet, 1 not. One sample of another sex stops every sample of its patient.
    """
    rows, wrong = [], {}
    for sample in samples:
        if sample["assay"] != "wes":
            continue
        numbers = seen[sample["sample"]]
        votes = sex_votes(numbers["x_depth"], numbers["y_depth"], numbers["x_het"], limits)
        found, why = called_sex(votes, sample["tissue"])
        told = ", ".join(f"{name}: {sex}" for name, sex in votes.items())
        row = {**_of(sample), "gate": "sex", "threshold": 0.0, "value": None}
        if not sample["sex"]:
            row |= {"verdict": "not_assessable", "reason": f"no sex in the sheets; reads say: {found or why}"}
        elif not found:
            row |= {"verdict": "not_assessable", "reason": f"{why}{f' ({told})' if told else ''}"}
        else:
            same = found == sample["sex"]
            row |= {"value": float(not same), "verdict": "pass" if same else "fail", "reason": told}
            if not same:
                row["reason"] = (
                    f"{sample['sample']} is {found} by its reads ({told}), {sample['sex']} in the sheet"
                )
                wrong[sample["patient"]] = row["reason"]
        rows.append(row)
    for row in rows:
        if row["patient"] in wrong and row["verdict"] != "fail":
            row |= {"verdict": "fail", "reason": f"another sample of the patient: {wrong[row['patient']]}"}
    return pd.DataFrame(rows, columns=tables.QC.names())


# Everything together


def read_alleles(path: str | os.PathLike) -> pd.DataFrame:
    """Contract ALLELES of one sample."""
    return tables.read(path, tables.ALLELES)


def choose_sites(paths: Iterable[str], min_depth: int, most: int) -> pd.DataFrame:
    """At most `most` autosomal sites (chrom, pos, ref, alt, af): read in most samples, then most common."""
    seen: dict[tuple, list] = {}
    for path in paths:
        frame = read_alleles(path)
        deep = frame[
            (frame["ref_reads"] + frame["alt_reads"] >= min_depth) & ~frame["chrom"].isin(NOT_AUTOSOMES)
        ]
        for row in deep[[*KEY, "af"]].itertuples(index=False):
            seen.setdefault(tuple(row[:4]), [row.af, 0])[1] += 1
    order = sorted(seen, key=lambda k: (-seen[k][1], abs(seen[k][0] - 0.5), k))[:most]
    return pd.DataFrame([(*k, seen[k][0]) for k in sorted(order)], columns=[*KEY, "af"])


def matrices(paths: Sequence[str], sites: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Reads of the reference, the alternate and other alleles: samples x sites."""
    shape = (len(paths), len(sites))
    made = tuple(np.zeros(shape, dtype=np.float32) for _ in range(3))
    index = pd.MultiIndex.from_frame(sites[KEY])
    for number, path in enumerate(paths):
        frame = read_alleles(path)
        at = (
            index.get_indexer(pd.MultiIndex.from_frame(frame[KEY])) if len(index) else np.array([], dtype=int)
        )
        hit = at >= 0
        for matrix, name in zip(made, ("ref_reads", "alt_reads", "other_reads"), strict=True):
            if hit.any():
                matrix[number, at[hit]] = frame[name].to_numpy(np.float32)[hit]
    return made


def check(
    samples: Sequence[Mapping[str, Any]],
    alleles: Sequence[str],
    measures: Sequence[str],
    limits: Mapping,
    output: Mapping[str, str],
) -> None:
    """Write `identity` (IDENTITY), `contamination` (CONTAMINATION) and `gates` (QC) of the whole cohort.

    samples: patient, sample, assay, tissue, sex (of the sheets) and normal (matched normal's sample or "");
    alleles, measures: files of the same samples in the same order. limits: config section `identity`.
    """
    paths = dict(zip((s["sample"] for s in samples), alleles, strict=True))
    sites = choose_sites(alleles, limits["min_depth"], limits["max_sites"])
    seen = genotypes(*matrices(alleles, sites), sites["af"].to_numpy(float), limits)
    pairs, verdict = compare(samples, likeness(seen), limits)
    numbers = {
        s["sample"]: {**_sex_depths(path), "x_het": x_heterozygous(read_alleles(paths[s["sample"]]), limits)}
        for s, path in zip(samples, measures, strict=True)
        if s["assay"] == "wes"
    }
    known = with_own_normals(samples, verdict)
    estimated = contamination.estimate_all(known, lambda name: read_alleles(paths[name]), limits)
    frames = [
        gates(samples, verdict, limits),
        sex_gates(samples, numbers, limits),
        contamination.gates(estimated, samples, limits),
    ]
    rows = [row for frame in frames for row in frame.to_dict("records")]
    made = tables.conform(pd.DataFrame(rows, columns=tables.QC.names()), tables.QC)
    made = accept(made, limits["accept"])
    for row in made[made["verdict"] == "fail"].itertuples():
        logging.warning("sample %s: %s", row.sample, row.reason)
    tables.write(pairs, output["identity"], tables.IDENTITY)
    tables.write(estimated, output["contamination"], tables.CONTAMINATION)
    tables.write(made, output["gates"], tables.QC)


def with_own_normals(samples: Sequence[Mapping[str, Any]], verdict: np.ndarray) -> list[dict[str, Any]]:
    """The samples, without a normal where it is of another person: all of the tumour would look foreign."""
    at = {s["sample"]: i for i, s in enumerate(samples)}
    return [
        {**s, "normal": s["normal"] if s["normal"] in at and verdict[i, at[s["normal"]]] != 0 else ""}
        for i, s in enumerate(samples)
    ]


def accept(made: pd.DataFrame, accepted: Mapping[str, str]) -> pd.DataFrame:
    """Failed gates of the samples named in `identity.accept` pass, with the reason given there."""
    made = made.copy()
    for row in made.index[made["sample"].isin(list(accepted)) & (made["verdict"] == "fail")]:
        why = accepted[made.at[row, "sample"]]
        made.at[row, "verdict"] = "pass"
        made.at[row, "reason"] = f"accepted in the config: {why} (was: {made.at[row, 'reason']})"
    return made


def _sex_depths(path: str) -> dict[str, float | None]:
    """Depth of X and Y over that of autosomes, of a sample's measures."""
    values = tables.read(path, tables.QC).set_index("gate")["value"]
    found = {"x_depth": values.get("x_depth_ratio"), "y_depth": values.get("y_depth_ratio")}
    return {name: None if value is None or pd.isna(value) else float(value) for name, value in found.items()}
