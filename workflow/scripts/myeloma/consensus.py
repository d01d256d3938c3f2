"""One call set from two callers: what each saw, what is kept and why, what is filtered and by what name.

Mutect2 decides; freebayes is asked. A candidate that Mutect2 passes is kept whether or not freebayes sees it
(CALLERS says so). One that fails only a filter which the aligned reads can answer is lifted when freebayes
sees it strongly. One that only freebayes sees is reported under the filter `one_caller`. Nothing is dropped;
docs/somatic.md has each rule with its measured effect.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cyvcf2 import VCF, Writer
from scipy import stats

from myeloma import tumour_in_normal
from myeloma.second_caller import Allele, Seen, Support, match
from myeloma.tumour_in_normal import NORMAL_FILTERS, Estimate, Site

# An assembly region of Mutect2 is at most this long, and may hold this many events (its defaults).
CLUSTER_BASES = 300
MAX_EVENTS = 2
FILTERS = {
    "low_alt_reads": "Fewer reads with the alternate allele in the tumour than somatic.min_tumour_alt_reads",
    "low_allele_fraction": "Allele fraction in the tumour below somatic.min_tumour_af",
    "population": "Allele frequency in the germline resource above somatic.max_population_af (tumour only) "
    "or somatic.max_population_af_paired (with a normal, which may have lost the allele)",
    "normal_depth": "A germline heterozygous variant would show as few reads in the normal with a chance "
    "above somatic.normal_miss",
    "one_caller": "Seen by the second caller alone",
    "oxog": "C>A or G>T whose reads lie in the orientation of oxidised guanine (somatic.oxog_*)",
    "ig_locus": "Single-base change in an immunoglobulin locus of reference.regions (V(D)J, hypermutation)",
}
INFOS = {
    "CALLERS": (".", "String", "Callers that saw the allele"),
    "KEPT": (".", "String", "Why a passing call is kept: both_callers, mutect2_alone, or what was lifted"),
    "NOISE_CLUSTER": (
        0,
        "Flag",
        "clustered_events lifted: the cluster is events that fail filters of their own",
    ),
    "FB_TUMOUR": (2, "Integer", "Second caller: depth and reads with the allele in the tumour"),
    "FB_NORMAL": (2, "Integer", "Second caller: depth and reads with the allele in the normal"),
    "FB_STRANDS": (2, "Integer", "Second caller: forward and reverse reads with the allele"),
    "FB_QUALITY": (
        3,
        "Float",
        "Second caller: QUAL, mean mapping quality and mean base quality of reads with the allele",
    ),
    "FOXOG": (1, "Float", "Share of alternate reads in the orientation of oxidised guanine (C>A, G>T)"),
}
#: What a call lifted from each of Mutect2's filters is kept for.
LIFTED = {
    "clustered_events": "noise_cluster",
    "slippage": "long_repeat_unit",
    "weak_evidence": "second_caller",
    **dict.fromkeys(NORMAL_FILTERS, "tumour_in_normal"),
}


@dataclass(frozen=True)
class Facts:
    """What the decision about one record rests on."""

    filters: tuple[str, ...]
    tumour: Support
    normal: Support | None
    seen: Support | None = None
    seen_quality: tuple[float, float] = (0.0, 0.0)
    by_mutect: bool = True
    snv: bool = True
    repeat_unit: str = ""
    population_af: float | None = None
    oxog: tuple[int, int] | None = None
    in_ig: bool = False
    noise_cluster: bool = False
    seen_normal: Support | None = None


@dataclass
class Decision:
    """Filters that stay (none: it passes) and why a passing call is kept."""

    filters: list[str] = field(default_factory=list)
    kept: str = ""


def union(
    source: str,
    seen: Sequence[Seen],
    tumour: str,
    normal: str,
    limits: Mapping,
    fetch: Callable[[str, int, int], str],
    target: str,
) -> None:
    """Copy Mutect2's VCF (one allele a row), say what freebayes saw, add what only freebayes sees.

    Its own alleles come in as candidates only with a normal (without one they are germline variants) and
    where they are `one_sided`.
    """
    reader = VCF(source)
    records = [_allele(record) for record in reader]
    reader.close()
    joined, used = match(records, seen, fetch)
    alone = [s for s in seen if s.allele not in used and normal and one_sided(s, limits)]
    reader = _with_infos(VCF(source))
    order = {contig: number for number, contig in enumerate(reader.seqnames)}
    writer = Writer(target, reader, "w")
    lines = _second_lines(sorted(alone, key=lambda s: _place(s.allele, order)), reader.samples, tumour)
    waiting = next(lines, None)
    for record in reader:
        while waiting and _place(waiting[0], order) <= _place(_allele(record), order):
            writer.write_record(writer.variant_from_string(waiting[1]))
            waiting = next(lines, None)
        found = joined.get(_allele(record))
        record.INFO["CALLERS"] = "mutect2,freebayes" if found else "mutect2"
        for name, values in _second_info(found).items():
            record.INFO[name] = values
        writer.write_record(record)
    while waiting:
        writer.write_record(writer.variant_from_string(waiting[1]))
        waiting = next(lines, None)
    writer.close()
    reader.close()


def one_sided(seen: Seen, limits: Mapping) -> bool:
    """Is an allele of freebayes a somatic candidate by itself?

    Strong, on both strands, within our limits, not in the normal.
    """
    own = failed_limits(seen.tumour, None, True, limits)
    if min(seen.forward, seen.reverse) < 1:
        return False
    facts = Facts((), seen.tumour, seen.normal, seen.tumour, (seen.mapping_quality, seen.base_quality))
    if own or not strong(facts, limits) or seen.normal is None or not seen.normal.depth:
        return False
    ratio = seen.normal.fraction / seen.tumour.fraction
    return ratio <= limits["one_caller_max_normal_ratio"] and not _may_be_germline(seen.normal, limits)


def _allele(record) -> Allele:
    return (record.CHROM, record.POS, record.REF, record.ALT[0] if record.ALT else ".")


def _place(allele: Allele, order: Mapping[str, int]) -> tuple[int, int]:
    return order[allele[0]], allele[1]


def _with_infos(reader):
    for name, (number, kind, text) in INFOS.items():
        reader.add_info_to_header({"ID": name, "Number": number, "Type": kind, "Description": text})
    return reader


def _second_info(seen: Seen | None) -> dict[str, str]:
    if seen is None:
        return {}
    made = {"FB_TUMOUR": f"{seen.tumour.depth},{seen.tumour.alt}"}
    if seen.normal is not None:
        made["FB_NORMAL"] = f"{seen.normal.depth},{seen.normal.alt}"
    made["FB_STRANDS"] = f"{seen.forward},{seen.reverse}"
    made["FB_QUALITY"] = f"{seen.quality:.4g},{seen.mapping_quality:.1f},{seen.base_quality:.1f}"
    return made


def _second_lines(alone: Iterable[Seen], samples: Sequence[str], tumour: str):
    """(allele, VCF line) of candidates that only freebayes sees, filter `one_caller` to come."""
    for seen in alone:
        info = {"CALLERS": "freebayes", **_second_info(seen)}
        cells = []
        for sample in samples:
            support = seen.tumour if sample == tumour else seen.normal
            genotype = "0/1" if sample == tumour else "0/0"
            fraction = f"{support.fraction:.4g}" if support.depth else "."
            cells.append(f"{genotype}:{support.ref},{support.alt}:{fraction}:{support.depth}")
        chrom, pos, ref, alt = seen.allele
        text = ";".join(f"{name}={value}" for name, value in info.items())
        words = [chrom, str(pos), ".", ref, alt, ".", "PASS", text, "GT:AD:AF:DP", *cells]
        yield seen.allele, "\t".join(words)


def decide(
    source: str,
    target: str,
    tumour: str,
    normal: str,
    limits: Mapping,
    ig_loci: Sequence[tuple[str, int, int]] = (),
) -> Estimate | None:
    """Copy a VCF of `union` with every filter and KEPT; returns the tumour in normal (None: tumour only).

    `limits`: config section `somatic`; `ig_loci`: contig, start, end (1-based, inclusive).
    """
    reader = VCF(source)
    column = reader.samples.index(tumour)
    other = reader.samples.index(normal) if normal else None
    facts = [gather(record, column, other, ig_loci) for record in reader]
    places = [(record.CHROM, record.POS, one.filters) for record, one in zip(VCF(source), facts, strict=True)]
    reader.close()
    oxidised = is_oxidised(facts, limits)
    if oxidised:
        logging.info(
            "%s: faint G>T and C>A lie in the orientation of oxidised guanine: the sample is oxidised", tumour
        )
    noise = noise_clusters([p for p, one in zip(places, facts, strict=True) if one.by_mutect])
    numbers = [i for i, one in enumerate(facts) if one.by_mutect]
    lifted = {numbers[index] for index in noise}
    found = tumour_in_normal.estimate(confident_sites(facts, limits), limits) if normal else None
    reader = _with_infos(VCF(source))
    for name, text in FILTERS.items():
        reader.add_filter_to_header({"ID": name, "Description": text})
    if found:
        reader.add_to_header(tumour_in_normal.header_line(found))
    writer = Writer(target, reader, "w")
    for number, record in enumerate(reader):
        one = facts[number]
        share = oxog_share(one)
        if share is not None:
            record.INFO["FOXOG"] = share
        made = judge(one, number in lifted, found, limits, oxidised)
        record.FILTER = ";".join(made.filters) or "PASS"
        if made.kept:
            record.INFO["KEPT"] = made.kept
            if "noise_cluster" in made.kept:
                record.INFO["NOISE_CLUSTER"] = True
        writer.write_record(record)
    writer.close()
    reader.close()
    return found


def judge(
    one: Facts, noise_cluster: bool, found: Estimate | None, limits: Mapping, oxidised: bool = False
) -> Decision:
    """Filters that stay and, for a call that passes, why it is kept. `oxidised`: the whole sample is."""
    own = own_filters(one, limits, oxidised)
    if not one.by_mutect:
        return Decision(["one_caller", *own])
    lifts = {
        name: LIFTED[name] for name in one.filters if lifts_filter(name, one, noise_cluster, found, limits)
    }
    # A candidate with a filter that nothing answers keeps all of them.
    stay = [] if set(one.filters) <= lifts.keys() else list(one.filters)
    if stay or own:
        return Decision([*stay, *own])
    both = "both_callers" if one.seen else "mutect2_alone"
    return Decision([], ",".join(dict.fromkeys(lifts.values())) or both)


def lifts_filter(name: str, one: Facts, noise_cluster: bool, found: Estimate | None, limits: Mapping) -> bool:
    """May this filter of Mutect2 be lifted from the record, as far as this filter goes?"""
    if name == "clustered_events":
        return noise_cluster
    if name == "slippage":
        # Polymerases slip on microsatellites; a change by a longer unit is another kind of event.
        return len(one.repeat_unit) > limits["max_slippage_unit"] and strong(one, limits)
    if name == "weak_evidence":
        # either caller's reads: Mutect2's own count of the normal leaves out what it realigned away
        in_normal = any(side is not None and side.alt > 0 for side in (one.normal, one.seen_normal))
        enough = (one.tumour.fraction or 0.0) >= limits["rescue_min_af"]
        return enough and not in_normal and strong(one, limits)
    if name in NORMAL_FILTERS and found is not None and one.normal is not None:
        fraction = one.tumour.fraction or 0.0
        explained = tumour_in_normal.explains(found, fraction, one.normal.depth, one.normal.alt, limits)
        enough = one.normal.depth >= limits["tin_min_normal_depth"]
        return explained and enough and strong(one, limits)
    return False


def strong(one: Facts, limits: Mapping) -> bool:
    """Does freebayes see it strongly: enough good reads, well placed?

    Strands are not asked here: Mutect2's strand_bias has judged its own candidates (see one_sided).
    """
    return (
        one.seen is not None
        and one.seen.alt >= limits["strong_min_alt_reads"]
        and one.seen_quality[0] >= limits["strong_min_mapping_quality"]
        and one.seen_quality[1] >= limits["strong_min_base_quality"]
    )


def own_filters(one: Facts, limits: Mapping, oxidised: bool = False) -> list[str]:
    """Names of our own filters that a record fails; in an oxidised sample few reads are enough for oxog."""
    failed = failed_limits(one.tumour, one.population_af, one.normal is not None, limits)
    if one.normal is not None and _may_be_germline(one.normal, limits):
        failed.append("normal_depth")
    if _is_oxog(one, limits, oxidised):
        failed.append("oxog")
    if one.in_ig and one.snv:
        failed.append("ig_locus")
    return failed


def failed_limits(tumour: Support, known_af: float | None, has_normal: bool, limits: Mapping) -> list[str]:
    """Names of the limits on reads, allele fraction and population frequency that a variant fails."""
    failed = []
    if tumour.alt < limits["min_tumour_alt_reads"]:
        failed.append("low_alt_reads")
    if (tumour.fraction or 0.0) < limits["min_tumour_af"]:
        failed.append("low_allele_fraction")
    most = limits["max_population_af_paired" if has_normal else "max_population_af"]
    if known_af is not None and known_af > most:
        failed.append("population")
    return failed


def _may_be_germline(normal: Support, limits: Mapping) -> bool:
    """Would a heterozygous normal show this few reads (or fewer) with more than the accepted chance?"""
    return stats.binom.cdf(normal.alt, normal.depth, 0.5) > limits["normal_miss"]


def oxog_share(one: Facts) -> float | None:
    """FoxoG: alternate reads in the orientation of oxidised guanine over all with an orientation."""
    return one.oxog[0] / sum(one.oxog) if one.oxog and sum(one.oxog) else None


def _is_oxog(one: Facts, limits: Mapping, oxidised: bool = False) -> bool:
    share = oxog_share(one)
    if (
        share is None
        or share < limits["oxog_min_share"]
        or (one.tumour.fraction or 0.0) > limits["oxog_max_af"]
    ):
        return False
    return oxidised or stats.binom.sf(one.oxog[0] - 1, sum(one.oxog), 0.5) <= limits["oxog_max_p"]


def is_oxidised(facts: Iterable[Facts], limits: Mapping) -> bool:
    """Do the faint G>T and C>A of a sample, taken together, lie in the orientation of oxidised guanine?

    True variants lie in both orientations alike, so that their reads, summed over sites, are a fair coin; one
    site of four reads tells nothing, many of them do (Costello et al., Nucleic Acids Res 2013;41:e67). Of very
    many reads a share hardly above one half is unlikely too and means nothing: the share is asked as well.
    """
    seen = [
        one.oxog
        for one in facts
        if one.oxog
        and sum(one.oxog)
        and one.by_mutect
        and (one.tumour.fraction or 0.0) <= limits["oxog_max_af"]
    ]
    own, both = sum(pair[0] for pair in seen), sum(sum(pair) for pair in seen)
    if not both or own / both < limits["oxog_sample_min_share"]:
        return False
    return stats.binom.sf(own - 1, both, 0.5) <= limits["oxog_sample_max_p"]


def confident_sites(facts: Iterable[Facts], limits: Mapping) -> list[Site]:
    """Sites of the estimate of tumour in normal: single bases, sure in the tumour, no other filter than the normal's."""
    return [
        Site(one.tumour.fraction, one.normal.depth, one.normal.alt)
        for one in facts
        if one.by_mutect
        and one.snv
        and not one.in_ig
        and one.normal is not None
        and set(one.filters) <= NORMAL_FILTERS
        and one.tumour.alt >= limits["tin_min_alt_reads"]
        and one.tumour.fraction >= limits["tin_min_tumour_af"]
        and one.normal.depth >= limits["tin_min_normal_depth"]
        and not _may_be_germline(one.normal, limits)
        and (one.population_af or 0.0) <= limits["max_population_af"]
    ]


def gather(record, tumour: int, normal: int | None, ig_loci: Sequence[tuple[str, int, int]]) -> Facts:
    """The facts of one record of a VCF; `tumour` and `normal` are columns."""
    alt = record.ALT[0] if record.ALT else "."
    snv = len(record.REF) == len(alt) == 1
    callers = _words(record.INFO.get("CALLERS")) or ["mutect2"]
    seen, quality = record.INFO.get("FB_TUMOUR"), record.INFO.get("FB_QUALITY")
    theirs = record.INFO.get("FB_NORMAL")
    return Facts(
        tuple(filters_of(record)),
        read_support(record, tumour),
        read_support(record, normal) if normal is not None else None,
        Support(seen[0], seen[0] - seen[1], seen[1]) if seen else None,
        (quality[1], quality[2]) if quality else (0.0, 0.0),
        "mutect2" in callers,
        snv,
        record.INFO.get("RU") or "",
        population_af(record),
        _oxog_reads(record, tumour, record.REF + alt) if snv else None,
        any(c == record.CHROM and start <= record.POS <= end for c, start, end in ig_loci),
        seen_normal=Support(theirs[0], theirs[0] - theirs[1], theirs[1]) if theirs else None,
    )


def _words(value) -> list[str]:
    return [] if value is None else (list(value) if isinstance(value, tuple) else value.split(","))


def _oxog_reads(record, column: int, change: str) -> tuple[int, int] | None:
    """Alternate reads in the oxidation orientation and in the other: C>A reads F2R1, G>T reads F1R2."""
    if change not in ("CA", "GT") or "F1R2" not in record.FORMAT or "F2R1" not in record.FORMAT:
        return None
    first, second = (int(record.format(name)[column][1]) for name in ("F1R2", "F2R1"))
    own, other = (second, first) if change == "CA" else (first, second)
    return (own, other) if min(own, other) >= 0 else None


def filters_of(record) -> list[str]:
    """Names in FILTER; none for PASS."""
    return [] if record.FILTER in (None, "PASS", ".") else record.FILTER.split(";")


def read_support(record, column: int) -> Support:
    """Reads of one sample: AD (reference, alternate) and DP, which also counts other alleles."""
    allele_depths = record.format("AD")[column]
    ref, alt = (max(0, int(value)) for value in allele_depths[:2])
    depth = record.format("DP")
    return Support(max(ref + alt, int(depth[column][0]) if depth is not None else 0), ref, alt)


def population_af(record) -> float | None:
    """Allele frequency of the germline resource; None when it does not hold the allele or is not given."""
    value = record.INFO.get("POP_AF")
    if isinstance(value, tuple):
        value = max((v for v in value if v is not None), default=None)
    return None if value is None or value != value else float(value)


def noise_clusters(records: Sequence[tuple[str, int, Sequence[str]]]) -> set[int]:
    """Indices of records whose only filter is clustered_events and whose cluster is mostly noise.

    Mutect2 counts every candidate of an assembly region, also those that fail filters of their own;
    two true events beside sequencing noise then look like a cluster (26 bases apart on one haplotype,
    SEQC2 chr8:123220221). Here only events without another filter count, and more than MAX_EVENTS of
    them (Mutect2's own limit) within CLUSTER_BASES stay a cluster.
    """
    lifted = set()
    for index, (chrom, pos, names) in enumerate(records):
        if list(names) != ["clustered_events"]:
            continue
        near = [r for r in records[max(0, index - 50) : index + 51] if r[0] == chrom]
        near = [r for r in near if abs(r[1] - pos) <= CLUSTER_BASES]
        clean = [r for r in near if set(r[2]) <= {"clustered_events", "haplotype"}]
        if len(clean) <= MAX_EVENTS:
            lifted.add(index)
    return lifted
