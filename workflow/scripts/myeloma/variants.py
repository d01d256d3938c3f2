"""Somatic small variants: Mutect2 on one tumour, its filters, named limits of our own, consequences, a table.

Every candidate is kept; what is not PASS says why in FILTER.
"""

import logging
import math
import os
import re
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import dropwhile
from pathlib import Path

import pandas as pd
import pysam
from cyvcf2 import VCF

from myeloma import consensus, files, intervals, places, second_caller, tables, tumour_in_normal
from myeloma.consensus import filters_of, population_af, read_support
from myeloma.run import command

# On a small target set the second compiler costs more than it gives (4.8 against 10.1 CPU seconds, seen).
QUICK = " -XX:TieredStopAtLevel=1"
# Below this many common sites with reads a contamination estimate is noise; assumption, for sign-off.
MIN_CONTAMINATION_SITES = 200
# Above this standard error CalculateContamination has found nothing out (0.39 +- 0.96 where the tumour had no homozygous
# site, seen; whole pairs: below 0.01); assumption, for sign-off.
MAX_CONTAMINATION_ERROR = 0.05
# Below this many bases no orientation model can be learned, and collecting for it costs a third of
# Mutect2's time (14 of 44 s, seen): it is not collected at all; assumption, for sign-off.
MIN_ORIENTATION_BASES = 1_000_000
#: Kinds of reference.regions where single-base calls are masked.
IG_KINDS = ("ig_locus", "ig_filter")
#: Bases around Mutect2's candidates that the second caller sees under somatic.second_where: candidates.
WINDOW_PADDING = 100
# Machine paths and command lines; versions stand in the provenance.
HEADER_LEFT_OUT = re.compile(r"##(SnpEffCmd|GATKCommandLine|bcftools_|reference=|source=|MutectVersion)")


@dataclass(frozen=True)
class Inputs:
    """Files of one call. "" where a resource is not given; `normal` is "" for tumour-only."""

    fasta: str
    tumour: str
    tumour_bam: str
    normal: str = ""
    normal_bam: str = ""
    targets: str = ""
    germline: str = ""
    panel_of_normals: str = ""
    common_sites: str = ""
    snpeff: str = ""
    regions: str = ""


def call(inputs: Inputs, limits: Mapping, vcf: str, threads: int = 1, memory_mb: int = 4000) -> None:
    """Write `vcf` (bgzipped, with .tbi): all candidates of the tumour, filtered, split, annotated.

    `limits`: the config section `somatic`. Raises ToolError when a tool fails.
    """
    target = Path(vcf)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as name:
        work = Path(name)
        wanted = _wanted(inputs, limits)
        intervals.write_bed(wanted, work / "intervals.bed")
        with_orientation = intervals.bases(wanted) >= MIN_ORIENTATION_BASES
        quick = "" if with_orientation else QUICK
        if not with_orientation:
            logging.info(
                "no orientation model: %d bases are too few to learn from (limit %d)",
                intervals.bases(wanted),
                MIN_ORIENTATION_BASES,
            )
        pieces = intervals.split(wanted, int(limits["scatter"]))
        heap = max(1500, memory_mb // max(1, min(len(pieces), threads)) - 500)
        java = f"-Xmx{heap}m -XX:+UseSerialGC{quick}"
        everywhere = limits["second_where"] == "targets"
        with ThreadPoolExecutor(max(1, threads)) as pool:
            jobs = [
                pool.submit(_mutect, inputs, piece, work, number, with_orientation, java, limits)
                for number, piece in enumerate(pieces)
            ]
            others = [
                pool.submit(_second, inputs, piece, work, number, limits)
                for number, piece in enumerate(pieces)
                if everywhere
            ]
            contamination = pool.submit(_contamination, inputs, work, java)
            called = [job.result() for job in jobs]
            second = [job.result() for job in others] if everywhere else None
            contaminated = contamination.result()
        model = (
            _orientation(called, int(limits["min_orientation_sites"]), work, java)
            if with_orientation
            else None
        )
        filtered = _filter(inputs, called, model, contaminated, work, java)
        if second is None:
            windows = _windows(filtered, wanted, inputs)
            second = [_second(inputs, windows, work, 0, limits)] if windows else []
        decided = _decide(inputs, filtered, second, limits, work)
        finish(decided, inputs, work, target)


def _wanted(inputs: Inputs, limits: Mapping) -> list[intervals.Interval]:
    lengths = intervals.contig_lengths(f"{inputs.fasta}.fai")
    if not inputs.targets:
        logging.info("no targets are known: the whole FASTA is called")
        return intervals.whole_genome(lengths)
    return intervals.padded(intervals.read_bed(inputs.targets), int(limits["interval_padding"]), lengths)


def _gatk(java: str, *words) -> str:
    return command(["gatk", "--java-options", java, *words])


def _mutect(
    inputs, piece, work: Path, number: int, with_orientation: bool, java: str, limits: Mapping
) -> Path:
    """Call one piece; return the prefix of its files."""
    prefix = work / f"piece{number}"
    intervals.write_bed(piece, f"{prefix}.bed")
    words = ["Mutect2", "-R", inputs.fasta, "-L", f"{prefix}.bed", "-I", inputs.tumour_bam]
    if inputs.normal:
        # A true variant with tumour cells in the normal must be called to be judged: by default Mutect2 is
        # silent about what its normal model disfavours (67 of 67 reads, 9 of 154 in the normal, seen).
        words += ["-I", inputs.normal_bam, "-normal", inputs.normal, "--normal-lod", limits["normal_lod"]]
    if inputs.germline:
        words += ["--germline-resource", inputs.germline]
    if inputs.panel_of_normals:
        # Sites of the panel are called and named by their filter; without the switch they would be missing.
        words += ["--panel-of-normals", inputs.panel_of_normals, "--genotype-pon-sites", "true"]
    if with_orientation:
        # The ending must be .tar.gz, or LearnReadOrientationModel cannot read it.
        words += ["--f1r2-tar-gz", f"{prefix}.f1r2.tar.gz"]
    words += ["--native-pair-hmm-threads", 1, "--add-output-vcf-command-line", "false"]
    _gatk(java, *words, "-O", f"{prefix}.vcf.gz")
    return prefix


def _contamination(inputs: Inputs, work: Path, java: str) -> tuple[Path, Path] | None:
    """Contamination and tumour segmentation tables, or None where they cannot be estimated."""
    if not inputs.common_sites:
        logging.info("no contamination estimate: reference.common_sites is not given")
        return None
    made = {}
    bams = {"tumour": inputs.tumour_bam, **({"normal": inputs.normal_bam} if inputs.normal else {})}
    for side, bam in bams.items():
        made[side] = work / f"{side}.pileups.table"
        words = ["GetPileupSummaries", "-R", inputs.fasta, "-I", bam, "-V", inputs.common_sites]
        words += ["-L", inputs.common_sites, "-L", work / "intervals.bed"]
        _gatk(java, *words, "--interval-set-rule", "INTERSECTION", "-O", made[side])
        sites = count_pileup_sites(made[side])
        if sites < MIN_CONTAMINATION_SITES:
            logging.info(
                "no contamination estimate: %d common sites with reads in the %s (limit %d)",
                sites,
                side,
                MIN_CONTAMINATION_SITES,
            )
            return None
    outputs = (work / "contamination.table", work / "segments.table")
    words = ["CalculateContamination", "-I", made["tumour"], "-O", outputs[0]]
    words += ["--tumor-segmentation", outputs[1]]
    _gatk(java, *words, *(["-matched", made["normal"]] if inputs.normal else []))
    said = outputs[0].read_text()
    if contamination_error(said) > MAX_CONTAMINATION_ERROR:
        logging.info("contamination is not used, its error is above %g: %s", MAX_CONTAMINATION_ERROR, said)
        return None
    logging.info("contamination: %s", said)
    return outputs


def contamination_error(table: str) -> float:
    """The standard error that CalculateContamination states for its one sample; infinite where it states none."""
    names, values = (line.split("\t") for line in table.splitlines()[:2])
    error = float(dict(zip(names, values, strict=True))["error"])
    return error if math.isfinite(error) else math.inf


def count_pileup_sites(table: str | os.PathLike) -> int:
    """Sites of a GetPileupSummaries table (below its comment and header lines)."""
    lines = Path(table).read_text(encoding="utf-8").splitlines()
    return sum(1 for line in lines if line and not line.startswith(("#", "contig\tposition")))


def _orientation(called: Sequence[Path], minimum: int, work: Path, java: str) -> Path | None:
    """Learn the read-orientation model, unless too few sites with an alternate allele were collected."""
    archives = [Path(f"{prefix}.f1r2.tar.gz") for prefix in called]
    sites = sum(map(count_alt_sites, archives))
    if sites < minimum:
        logging.info(
            "no orientation model: %d sites with an alternate allele (somatic.min_orientation_sites %d)",
            sites,
            minimum,
        )
        return None
    model = work / "orientation.tar.gz"
    inputs = [word for archive in archives for word in ("-I", archive)]
    _gatk(java, "LearnReadOrientationModel", *inputs, "-O", model)
    return model


def count_alt_sites(archive: str | os.PathLike) -> int:
    """Sites with an alternate allele in an F1R2 archive of Mutect2 (rows of its alt tables)."""
    count = 0
    with tarfile.open(archive, "r:gz") as packed:
        for member in packed.getmembers():
            if member.name.endswith(".alt_table"):
                lines = packed.extractfile(member).read().decode().splitlines()
                count += sum(1 for line in lines if line and not line.startswith(("#", "context")))
    return count


def merge_stats(paths: Iterable[str | os.PathLike], target: str | os.PathLike) -> None:
    """Add up the statistics of pieces (callable sites), as MergeMutectStats does."""
    totals: dict[str, float] = {}
    for path in paths:
        for line in Path(path).read_text(encoding="utf-8").splitlines()[1:]:
            name, value = line.split("\t")
            totals[name] = totals.get(name, 0.0) + float(value)
    rows = "".join(f"{name}\t{value}\n" for name, value in totals.items())
    Path(target).write_text(f"statistic\tvalue\n{rows}", encoding="utf-8")


def _filter(inputs, called, model, contaminated, work: Path, java: str) -> Path:
    """FilterMutectCalls over the joined pieces, then one allele per row, left-aligned."""
    joined, filtered, split = work / "joined.vcf.gz", work / "filtered.vcf.gz", work / "split.vcf.gz"
    command(["bcftools", "concat", "--no-version", "-Oz", "-o", joined, *(f"{p}.vcf.gz" for p in called)])
    command(["bcftools", "index", "-t", joined])
    merge_stats([f"{prefix}.vcf.gz.stats" for prefix in called], work / "merged.stats")
    words = ["FilterMutectCalls", "-R", inputs.fasta, "-V", joined, "--stats", work / "merged.stats"]
    if model:
        words += ["--ob-priors", model]
    if contaminated:
        words += ["--contamination-table", contaminated[0], "--tumor-segmentation", contaminated[1]]
    _gatk(java, *words, "--add-output-vcf-command-line", "false", "-O", filtered)
    norm = ["bcftools", "norm", "--no-version", "-m", "-any", "-f", inputs.fasta, "-Oz", "-o", split]
    command([*norm, filtered])
    return split


def _second(inputs: Inputs, piece, work: Path, number: int, limits: Mapping) -> Path:
    """The second caller on one piece."""
    bed = work / f"second{number}.bed"
    intervals.write_bed(piece, bed)
    bams = [inputs.tumour_bam, *([inputs.normal_bam] if inputs.normal else [])]
    return second_caller.run(inputs.fasta, bams, bed, limits, work / f"second{number}.vcf")


def _windows(source: Path, wanted, inputs: Inputs) -> list[intervals.Interval]:
    """Windows of Mutect2's candidates, for somatic.second_where: candidates."""
    found = [(r.CHROM, r.POS - 1, r.POS + len(r.REF)) for r in VCF(str(source))]
    lengths = intervals.contig_lengths(f"{inputs.fasta}.fai")
    return intervals.overlap(intervals.padded(found, WINDOW_PADDING, lengths), wanted)


def _decide(inputs: Inputs, source: Path, second: Sequence[Path], limits: Mapping, work: Path) -> Path:
    """Both callers in one VCF, population frequency, and the decision about every record."""
    seen = []
    if second:
        joined = second_caller.normalise(second, inputs.fasta, work)
        seen = second_caller.read(joined, inputs.tumour, inputs.normal)
    together, decided = work / "union.vcf", work / "decided.vcf"
    with pysam.FastaFile(inputs.fasta) as fasta:
        consensus.union(str(source), seen, inputs.tumour, inputs.normal, limits, fasta.fetch, str(together))
    known = _population(inputs, together, work)
    found = consensus.decide(
        str(known), str(decided), inputs.tumour, inputs.normal, limits, ig_loci(inputs.regions)
    )
    logging.info("tumour in normal: %s", found or "not asked, there is no normal")
    return decided


def ig_loci(regions: str | os.PathLike) -> list[tuple[str, int, int]]:
    """Immunoglobulin loci of the regions table (contig, start, end; 1-based, inclusive); none for no table."""
    if not regions:
        logging.info("immunoglobulin loci are not masked: the kit has no targets")
    frame = places.read_regions(regions)
    frame = frame[frame["kind"].isin(IG_KINDS)]
    return list(zip(frame["chrom"], frame["start"], frame["end"], strict=True))


def _population(inputs: Inputs, source: Path, work: Path) -> Path:
    """INFO POP_AF, the frequency in the germline resource.

    The resource is split and left-aligned like the candidates: an allele of a multi-allelic record, or an
    indel in another spelling, would otherwise have no frequency and pass for a rare one.
    """
    if not inputs.germline:
        logging.info("no population frequency: reference.germline is not given")
        return source
    packed, near, known = (work / f"{name}.vcf.gz" for name in ("union", "near", "known"))
    command(["bcftools", "view", "--no-version", "-Oz", "-o", packed, source])
    command(["bcftools", "index", "-t", packed])
    norm = ["bcftools", "norm", "--no-version", "-m", "-any", "-c", "w", "-f", inputs.fasta, "-R", packed]
    command([*norm, "-Oz", "-o", near, inputs.germline])
    command(["bcftools", "index", "-t", near])
    annotate = ["bcftools", "annotate", "--no-version", "-a", near, "-c", "INFO/POP_AF:=INFO/AF"]
    command([*annotate, "-Oz", "-o", known, packed])
    return known


def finish(source: Path, inputs: Inputs, work: Path, target: Path) -> None:
    """Consequences (SnpEff; bcftools csq beside it), header without machine paths, bgzip, index."""
    current = source
    if inputs.snpeff:
        current = _consequences(source, inputs, work)
    else:
        logging.info("no consequences: there is no annotation database (reference.gtf is not given)")
    clean, packed = work / "clean.vcf", work / "packed.vcf.gz"
    with open(current, encoding="utf-8") as rows, open(clean, "w", encoding="utf-8") as out:
        kept = (line for line in rows if not HEADER_LEFT_OUT.match(line))
        out.writelines(with_panel(kept, inputs.panel_of_normals))
    command(["bcftools", "view", "--no-version", "-Oz", "-o", packed, clean])
    command(["bcftools", "index", "-t", packed])
    os.replace(f"{packed}.tbi", f"{target}.tbi")
    os.replace(packed, target)


def with_panel(lines: Iterable[str], panel: str) -> Iterator[str]:
    """The VCF with a header line that holds the digest of the panel of normals; "none" without one."""
    for line in lines:
        if line.startswith("#CHROM"):
            yield f"##panel_of_normals={files.digest(panel) if panel else 'none'}\n"
        yield line


def _consequences(source: Path, inputs: Inputs, work: Path) -> Path:
    """ANN of SnpEff; BCSQ (each record alone) and HAPCSQ (phased neighbours together) of bcftools csq."""
    annotated, alone, together = work / "ann.vcf", work / "alone.vcf", work / "together.vcf"
    database = Path(inputs.snpeff)
    words = ["snpEff", "-Xmx3g", "ann", "-c", database / "snpEff.config"]
    said = work / "snpeff.out"
    command([*words, "-noStats", "-noLog", "-nodownload", "genome", source], stdout=said)
    # Debian's launcher prints its own arguments before the VCF.
    with open(said, encoding="utf-8") as lines, open(annotated, "w", encoding="utf-8") as out:
        out.writelines(dropwhile(lambda line: not line.startswith("##fileformat"), lines))
    csq = ["bcftools", "csq", "--no-version", "-f", inputs.fasta, "-B", 3]
    csq += ["-g", database / "genome.gff3.gz"]
    command([*csq, "-l", "-s", "-", "-Ov", "-o", alone, annotated])
    # Mutect2 phases what it assembled on one haplotype; what it did not phase is left to BCSQ (-p s).
    command([*csq, "-c", "HAPCSQ", "-p", "s", "-s", inputs.tumour, "-Ov", "-o", together, alone])
    return together


# Most severe first (order of the Ensembl consequence table, release 109).
SEVERITY = (
    "transcript_ablation",
    "splice_acceptor_variant",
    "splice_donor_variant",
    "stop_gained",
    "frameshift_variant",
    "stop_lost",
    "start_lost",
    "initiator_codon_variant",
    "exon_loss_variant",
    "conservative_inframe_insertion",
    "disruptive_inframe_insertion",
    "inframe_insertion",
    "conservative_inframe_deletion",
    "disruptive_inframe_deletion",
    "inframe_deletion",
    "missense_variant",
    "protein_altering_variant",
    "splice_region_variant",
    "stop_retained_variant",
    "start_retained_variant",
    "synonymous_variant",
    "coding_sequence_variant",
    "5_prime_UTR_premature_start_codon_gain_variant",
    "5_prime_UTR_variant",
    "3_prime_UTR_variant",
    "non_coding_transcript_exon_variant",
    "intron_variant",
    "non_coding_transcript_variant",
    "upstream_gene_variant",
    "downstream_gene_variant",
    "TF_binding_site_variant",
    "regulatory_region_variant",
    "intragenic_variant",
    "intergenic_region",
)
RANK = {term: number for number, term in enumerate(SEVERITY)}
ANN = ("allele", "consequence", "impact", "gene", "gene_id", "feature_type", "transcript", "biotype")
ANN += ("exon", "hgvsc", "hgvsp", "cdna", "cds", "protein", "distance", "errors")


def severity(consequence: str) -> int:
    """Rank of the worst of the terms joined by &; unknown terms come last."""
    return min(RANK.get(term, len(SEVERITY)) for term in consequence.split("&"))


def choose(ann: str | None, canonical: Mapping[str, str]) -> dict[str, str]:
    """One consequence of SnpEff's ANN: per gene its canonical transcript, then the most severe gene.

    `canonical`: gene -> transcript id without version. A gene whose canonical transcript is not among the
    annotations is spoken for by its most severe one. {} when there is no annotation.
    """
    rows = [dict(zip(ANN, one.split("|"), strict=False)) for one in (ann or "").split(",") if one]
    by_gene: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        by_gene.setdefault(row["gene"], []).append(row)
    chosen = []
    for gene, some in by_gene.items():
        speaks = [row for row in some if row["transcript"].split(".")[0] == canonical.get(gene)]
        chosen.append(min(speaks or some, key=lambda row: severity(row["consequence"])))
    return min(chosen, key=lambda row: (severity(row["consequence"]), row["gene"])) if chosen else {}


def second_opinion(alone: str | None, together: str | None) -> str:
    """Protein consequence of bcftools csq: with phased neighbours where it has one, else of the record alone.

    Entries are consequence|gene|transcript|biotype|strand|amino acids|dna; `@123` points to the first
    record of a compound change.
    """
    for source in (together, alone):
        said = []
        for one in (source or "").split(","):
            words = one.split("|")
            if one.startswith("@"):
                said.append(f"with {one[1:]}")
            elif len(words) > 5 and words[5]:
                said.append(f"{words[0].lstrip('*')} {words[1]} {words[5]}")
        if said:
            return "; ".join(dict.fromkeys(said))
    return ""


def residue(hgvsp: str) -> tuple[str, int] | None:
    """Reference residue (three-letter) and position of the first changed amino acid of HGVS p."""
    found = re.match(r"p\.\(?([A-Z][a-z]{2})(\d+)", hgvsp or "")
    return (found.group(1), int(found.group(2))) if found else None


AMINO = dict(
    zip(
        "Ala Arg Asn Asp Cys Gln Glu Gly His Ile Leu Lys Met Phe Pro Ser Thr Trp Tyr Val Sec Ter".split(),
        "ARNDCQEGHILKMFPSTWYVU*",
        strict=True,
    )
)


def is_hotspot(gene: str, hgvsp: str, hotspots: Mapping[tuple[str, int], str]) -> bool:
    """Does the variant change a hotspot residue? The reference residue must agree, or numbering differs.

    A frameshift or stop at that residue is no hotspot mutation: it does not activate an oncogene.
    """
    place = None if re.search(r"fs|Ter|\*", hgvsp or "") else residue(hgvsp)
    known = hotspots.get((gene, place[1])) if place else None
    return known is not None and known in ("", AMINO.get(place[0], "?"))


def read_hotspots(path: str | os.PathLike) -> dict[tuple[str, int], str]:
    """(gene, position) -> reference residue (one letter) from the hotspot table; {} for no table."""
    if not path:
        return {}
    frame = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, comment="#")
    rows = zip(frame["gene"], frame["position"], frame["residue"], strict=True)
    return {(gene, int(position)): letter[:1] for gene, position, letter in rows if position.isdigit()}


def tabulate(
    vcf: str,
    patient: str,
    sample: str,
    normal: str,
    canonical: Mapping[str, str],
    hotspots: Mapping[tuple[str, int], str],
) -> pd.DataFrame:
    """Rows of the variant table (contract VARIANTS) of one tumour's VCF; `transcript_basis` is left empty."""
    reader = VCF(vcf)
    tumour = reader.samples.index(sample)
    other = reader.samples.index(normal) if normal else None
    rows = []
    for record in reader:
        chosen = choose(record.INFO.get("ANN"), canonical)
        place = residue(chosen.get("hgvsp", ""))
        support = read_support(record, tumour)
        in_normal = read_support(record, other) if other is not None else None
        second, second_normal = record.INFO.get("FB_TUMOUR"), record.INFO.get("FB_NORMAL")
        fox_og = record.INFO.get("FOXOG")
        known = is_hotspot(chosen.get("gene", ""), chosen.get("hgvsp", ""), hotspots)
        rows.append(
            {
                "patient": patient,
                "sample": sample,
                "chrom": record.CHROM,
                "pos": record.POS,
                "ref": record.REF,
                "alt": record.ALT[0] if record.ALT else ".",
                "filter": ";".join(filters_of(record)) or "PASS",
                "mode": "tumour_normal" if normal else "tumour_only",
                "gene": chosen.get("gene", ""),
                "transcript": chosen.get("transcript", ""),
                "consequence": chosen.get("consequence", ""),
                "impact": chosen.get("impact", ""),
                "hgvsc": chosen.get("hgvsc", ""),
                "hgvsp": chosen.get("hgvsp", ""),
                "protein_position": place[1] if place else None,
                "hotspot": "yes" if known else "no",
                "second_opinion": second_opinion(record.INFO.get("BCSQ"), record.INFO.get("HAPCSQ")),
                "tumour_depth": support.depth,
                "tumour_alt": support.alt,
                "tumour_af": support.fraction,
                "normal_depth": in_normal.depth if in_normal else None,
                "normal_alt": in_normal.alt if in_normal else None,
                "population_af": population_af(record),
                "callers": ",".join(_words(record.INFO.get("CALLERS"))) or "mutect2",
                "kept": ",".join(_words(record.INFO.get("KEPT"))),
                "second_depth": second[0] if second else None,
                "second_alt": second[1] if second else None,
                "second_normal_alt": second_normal[1] if second_normal else None,
                "fox_og": None if fox_og is None else round(fox_og, 4),
                "germline_likelihood": germline_likelihood(record.INFO.get("GERMQ")),
                "panel_of_normals": "yes" if record.INFO.get("PON") else "no",
                "normal": normal,
                "tumour_ref": support.ref,
                "normal_ref": in_normal.ref if in_normal else None,
                "gene_id": chosen.get("gene_id", ""),
                "exon": chosen.get("exon", ""),
            }
        )
    reader.close()
    return pd.DataFrame(rows, columns=tables.VARIANTS.names())


def _words(value) -> list[str]:
    return [] if value is None else (list(value) if isinstance(value, tuple) else value.split(","))


def germline_likelihood(germq: float | None) -> float | None:
    """Mutect2's probability that the allele is germline, from its Phred-scaled GERMQ (at most 93)."""
    return None if germq is None else 10 ** (-germq / 10)


def tabulate_normal(vcf: str, patient: str, sample: str, normal: str) -> dict:
    """Row of contract TUMOUR_IN_NORMAL of one tumour's VCF."""
    reader = VCF(vcf)
    found = tumour_in_normal.header_values(reader.raw_header)
    kept = (_words(record.INFO.get("KEPT")) for record in reader)
    rescued = sum("tumour_in_normal" in words for words in kept)
    reader.close()
    row = {"patient": patient, "sample": sample, "normal": normal, "rescued": rescued}
    if found is None:
        reason = "there is no normal" if not normal else "not estimated when this VCF was made"
        return row | {"state": "not_assessable", "sites": 0, "sites_with_reads": 0, "reason": reason}
    return row | {
        "state": found.state,
        "estimate": found.share,
        "low": found.low,
        "high": found.high,
        "sites": found.sites,
        "sites_with_reads": found.sites_with_reads,
        "reason": found.reason,
    }
