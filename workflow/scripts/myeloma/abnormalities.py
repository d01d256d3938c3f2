"""One row per patient and abnormality: present, absent or not assessable, with value and evidence.

Sources: IMWG/IMS definitions as cited in config and resources/regions; a gene is absent only where its
coding bases and hotspots had the power to show a clonal heterozygous variant (see `callable`).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from myeloma import copy_events, double_hits, gates, places, tables, tumour_in_normal
from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT

#: Filters that say "not somatic": a hotspot they reject is no open question.
NOT_SOMATIC = {"panel_of_normals", "population"}
#: These settle it only where the normal's reads could be those of a heterozygous one (filter normal_depth):
#: a few reads in the normal may be tumour cells there.
OF_NORMAL, HETEROZYGOUS_NORMAL = {"germline", "normal_artifact"}, "normal_depth"
#: Alone and without a normal: the allele fraction looks germline, and no population knows the variant.
GUESSED = "germline"
#: Alone: as faint as the foreign reads in the sample.
FOREIGN = "contamination"
TRUNCATING = (
    "stop_gained",
    "frameshift_variant",
    "splice_acceptor_variant",
    "splice_donor_variant",
    "start_lost",
    "splice_site_variant",
)


def call_all(
    read: Mapping[str, pd.DataFrame], regions_path: str, rules: Mapping[str, Any], genes_path: str = ""
) -> pd.DataFrame:
    """The abnormality table from the tables of the calls stage.

    `genes_path`: gene table of the GTF ("" without one).
    `read`: frames by contract name (samples, qc, variants, callable, segments, purity, copy_events,
    translocations, tumour_in_normal, splicing); `rules`: `patients` (ids), `tin_max`, `splicing_events` (names) and the
    config sections abnormalities, copy_number, gates.
    """
    regions = places.read_regions(regions_path)
    used = set(analysis_samples(read["samples"], "wes").values())
    calls = copy_events.abnormality_rows(read["copy_events"])
    where = double_hits.gene_places(
        places.read_genes(genes_path), regions, rules["abnormalities"]["biallelic_genes"]
    )
    over = double_hits.copies_of_genes(where, read["segments"], read["purity"], read["qc"], calls, rules)
    return call(
        list(rules["patients"]),
        read["samples"],
        read["qc"],
        read["variants"],
        read["callable"],
        calls[calls["sample"].isin(used)],
        over,
        read["translocations"],
        rules["abnormalities"],
        copy_events.kinds(regions, rules["copy_number"]),
        tumour_in_normal.spoilt(read["tumour_in_normal"], rules["tin_max"]),
        (read["splicing"], rules["splicing_events"]),
    )


def any_of(states: Iterable[str]) -> str:
    """Three-state OR: present if one is, absent only if all are."""
    seen = list(states)
    if PRESENT in seen:
        return PRESENT
    return ABSENT if seen and all(s == ABSENT for s in seen) else NOT_ASSESSABLE


def analysis_samples(samples: pd.DataFrame, assay: str) -> dict[str, str]:
    """Patient -> the one tumour sample of that assay the analysis uses."""
    chosen = samples[
        (samples["assay"] == assay) & (samples["tissue"] == "tumour") & (samples["role"] == "analysis")
    ]
    return dict(zip(chosen["patient"], chosen["sample"], strict=True))


def call(
    patients: Sequence[str],
    samples: pd.DataFrame,
    qc: pd.DataFrame,
    variants: pd.DataFrame,
    callable_genes: pd.DataFrame,
    copy_number: pd.DataFrame,
    copies: Mapping[str, Mapping[str, double_hits.Copies]],
    translocations: pd.DataFrame,
    rules: Mapping[str, Any],
    copy_kinds: Mapping[str, str],
    spoilt: Mapping[str, str] | None = None,
    splicing: tuple[pd.DataFrame, Sequence[str]] | None = None,
) -> pd.DataFrame:
    """The abnormality table (contract ABNORMALITIES) for every patient of the cohort.

    `copy_number` holds the rows of `copy_events`; `copies` maps a gene of `biallelic_genes` and a sample to
    the copies of that gene; `rules` is the config section `abnormalities`;
    `copy_kinds` maps every copy-number abnormality to its kind, so that none is missing for a patient;
    `spoilt`: sample -> why its normal rejects somatic variants (tumour_in_normal.spoilt); `splicing`: SPLICING
    rows and the names of the events.
    """
    dna = analysis_samples(samples, "wes")
    failed = {**(spoilt or {}), **gates.failed(qc)}
    lists = ("mutation_genes", "crbn_pathway_genes", "biallelic_genes")
    genes = list(dict.fromkeys(gene for name in lists for gene in rules[name]))
    mutations = pd.DataFrame(
        [
            mutation(patient, gene, dna.get(patient), failed, variants, callable_genes, rules)
            for patient in patients
            for gene in genes
        ]
    )
    rows = [
        mutations.drop(columns=["count", "complete"]),
        complete(copy_number, copy_kinds, patients, dna),
        translocation_rows(patients, translocations, rules),
    ]
    if splicing is not None:
        rows.append(splicing_rows(patients, analysis_samples(samples, "rna"), *splicing))
    combined = combine(patients, mutations, copies, dna, rules)
    table = pd.concat([*rows, combined], ignore_index=True)
    return tables.conform(table, tables.ABNORMALITIES)


def _row(patient, abnormality, kind, state, sample="", value="", threshold="", reason="", evidence=""):
    return {
        "patient": patient,
        "sample": sample or "",
        "abnormality": abnormality,
        "kind": kind,
        "state": state,
        "value": value,
        "threshold": threshold,
        "reason": reason,
        "evidence": evidence,
    }


def mutation(patient, gene, sample, failed, variants, callable_genes, rules) -> dict[str, Any]:
    """The call of one gene in one patient.

    For biallelic calls: `count` = distinct qualifying mutations, `complete` = had the whole gene power, and no
    other candidate is open.
    """
    seen = callable_genes[(callable_genes["sample"] == sample) & (callable_genes["gene"] == gene)]
    complete = bool((seen["callable"] == "yes").any())

    def row(state, count=0, **more):
        made = _row(patient, gene, "mutation", state, sample, **more)
        return {**made, "count": count, "complete": complete}

    if not sample:
        return row(NOT_ASSESSABLE, reason="no tumour exome in the analysis")
    if sample in failed:
        return row(NOT_ASSESSABLE, reason=failed[sample])
    here = variants[(variants["sample"] == sample) & (variants["gene"] == gene)]
    altering = here[here["impact"].isin(["HIGH", "MODERATE"])]
    passing = altering[altering["filter"] == "PASS"]
    counted = passing[[counts(v, rules) for v in passing.to_dict("records")]] if len(passing) else passing
    threshold = "PASS, protein-altering" + (
        "; tumour-only: hotspot or truncating" if (here["mode"] == "tumour_only").any() else ""
    )
    if len(counted):
        rest = altering.drop(counted.index)
        complete = complete and not open_question(rest, passing.drop(counted.index))
        return row(
            PRESENT,
            count=double_hits.distinct_events(counted.to_dict("records"), rules["one_event_bases"]),
            value="; ".join(describe(v) for v in counted.to_dict("records")),
            threshold=threshold,
            evidence="; ".join(place_of(v) for v in counted.to_dict("records")),
        )
    doubt = open_question(altering, passing)
    if doubt:
        return row(NOT_ASSESSABLE, reason=doubt, threshold=threshold)
    return _uncovered_or_absent(row, seen, threshold)


def counts(variant: Mapping[str, Any], rules: Mapping[str, Any]) -> bool:
    """Does a passing protein-altering variant count? Without a normal only hotspots and truncations do."""
    if variant["mode"] == "tumour_normal" or variant["hotspot"] == "yes":
        return True
    truncating = any(term in TRUNCATING for term in variant["consequence"].split("&"))
    return truncating and variant["gene"] in rules["tumour_suppressors"]


def describe(variant: Mapping[str, Any]) -> str:
    """E.g. "p.Gly12Asp, allele fraction 0.31 (34 of 110 reads), hotspot"."""
    change = variant["hgvsp"] or variant["hgvsc"] or variant["consequence"]
    said = change
    if pd.notna(variant["tumour_af"]):
        said += f", allele fraction {variant['tumour_af']:.2f}"
    if pd.notna(variant["tumour_alt"]) and pd.notna(variant["tumour_depth"]):
        said += f" ({variant['tumour_alt']} of {variant['tumour_depth']} reads)"
    said += ", hotspot" if variant["hotspot"] == "yes" else ""
    return said + (", tumour-only call" if variant["mode"] == "tumour_only" else "")


def place_of(variant: Mapping[str, Any]) -> str:
    """E.g. "chr12:25245350 C>A", with file and line of a variant that was entered by a table."""
    said = f"{variant['chrom']}:{variant['pos']} {variant['ref']}>{variant['alt']}"
    source = variant.get("entered_from", "")
    return f"{said} ({source})" if isinstance(source, str) and source else said


def open_question(altering: pd.DataFrame, passing: pd.DataFrame) -> str:
    """Why silence would be wrong: a hotspot failed a technical filter, or a novel tumour-only change.

    Without a normal the filter `germline` alone is a guess from the allele fraction: a clonal change beside a
    lost allele, or in a pure sample, looks the same. With the filter `population` beside it, it is no guess.
    In a sample with foreign reads the filter `contamination` alone is one too: faint, and no population knows it.
    """
    guessed = altering[(altering["mode"] == "tumour_only") & (altering["filter"] == GUESSED)]
    untold = pd.concat([passing, guessed[guessed["hotspot"] != "yes"]])
    if len(untold):
        named = "; ".join(describe(v) for v in untold.to_dict("records"))
        return f"somatic origin cannot be told without a normal: {named}"
    faint = altering[altering["filter"] == FOREIGN]
    if len(faint):
        named = "; ".join(describe(v) for v in faint.to_dict("records"))
        return f"cannot be told from the foreign reads in this sample: {named}"
    hot = altering[(altering["hotspot"] == "yes") & altering["filter"].map(_is_open)]
    if len(hot):
        named = "; ".join(f"{describe(v)}, filter {v['filter']}" for v in hot.to_dict("records"))
        return f"a hotspot candidate failed a technical filter, look at the reads: {named}"
    return ""


def _is_open(names: str) -> bool:
    """Do the filters of a rejected variant leave its somatic origin open?"""
    seen = set(names.split(";"))
    return not seen & NOT_SOMATIC and not (seen & OF_NORMAL and HETEROZYGOUS_NORMAL in seen)


def _uncovered_or_absent(row, power, threshold):
    if power.empty:
        return row(NOT_ASSESSABLE, reason="power over the gene is not known (no GTF, targets or depth)")
    seen = power.iloc[0]
    if seen["callable"] != "yes":
        return row(NOT_ASSESSABLE, reason=seen["reason"] or "too few bases with power", threshold=threshold)
    if pd.isna(seen["callable_fraction"]):
        # nobody looked at reads here: somebody states that the entered list is complete
        return row(
            ABSENT,
            value="no variant",
            threshold=threshold,
            reason=seen["reason"],
            evidence="config: entry.mutations_complete",
        )
    share = f"{100 * seen['callable_fraction']:.0f} % of {seen['coding_bases']} coding bases had power"
    return row(
        ABSENT, value=f"no variant; {share}", threshold=threshold, evidence="results/calls/callable.tsv.gz"
    )


def complete(
    calls: pd.DataFrame, kinds: Mapping[str, str], patients: Sequence[str], dna: Mapping[str, str]
) -> pd.DataFrame:
    """Copy-number calls plus a not_assessable row for each patient that has none."""
    have = set(zip(calls["patient"], calls["abnormality"], strict=True))
    reason = {p: "no copy-number call" if p in dna else "no tumour exome in the analysis" for p in patients}
    more = [
        _row(p, name, kind, NOT_ASSESSABLE, dna.get(p), reason=reason[p])
        for p in patients
        for name, kind in kinds.items()
        if (p, name) not in have
    ]
    return pd.concat([calls, pd.DataFrame(more)], ignore_index=True) if more else calls.reset_index(drop=True)


def translocation_rows(patients, translocations, rules) -> pd.DataFrame:
    """The adjudicated translocations and MYC_rearrangement, one row per patient and name of the config."""
    called = translocations.set_index(["patient", "translocation"])
    rows = []
    for patient in patients:
        for name in [*rules["translocations"], *rules["myc_translocations"], "MYC_rearrangement"]:
            if (patient, name) not in called.index:
                rows.append(
                    _row(patient, name, "translocation", NOT_ASSESSABLE, reason="no evidence of any kind")
                )
                continue
            seen = called.loc[(patient, name)]
            votes = ", ".join(f"{source} {seen[source]}" for source in ("dna", "rna", "expression", "fish"))
            rows.append(
                _row(
                    patient,
                    name,
                    "translocation",
                    seen["state"],
                    value=votes + ("; conflict" if seen["conflict"] == "yes" else ""),
                    threshold=""
                    if pd.isna(seen["threshold"])
                    else f"{seen['partner']} >= {seen['threshold']:.1f}",
                    reason=seen["reason"],
                    evidence=seen["evidence"],
                )
            )
    return pd.DataFrame(rows)


def splicing_rows(
    patients: Sequence[str], rna: Mapping[str, str], splicing: pd.DataFrame, events: Sequence[str]
) -> pd.DataFrame:
    """One row per patient and skipped exon; `rna`: patient -> RNA sample. It is no part of CRBN_pathway (DNA)."""
    called = splicing.set_index(["sample", "event"])
    rows = []
    for patient in patients:
        sample = rna.get(patient, "")
        for name in events:
            if (sample, name) not in called.index:
                reason = "no junctions were counted" if sample else "no RNA sample in the analysis"
                rows.append(_row(patient, name, "splicing", NOT_ASSESSABLE, sample, reason=reason))
                continue
            seen = called.loc[(sample, name)]
            value = ""
            if pd.notna(seen["skipped_share"]):
                value = (
                    f"skipped share {seen['skipped_share']:.2f} ({seen['low']:.2f}-{seen['high']:.2f}), "
                    f"{seen['skipping_reads']} fragments skip, {seen['upstream_reads']} and "
                    f"{seen['downstream_reads']} include"
                )
            rows.append(
                _row(
                    patient,
                    name,
                    "splicing",
                    seen["state"],
                    sample,
                    value=value,
                    threshold=f"interval above {seen['threshold']:g}",
                    reason=seen["reason"],
                    evidence=f"expression/splicing.tsv: {seen['locus']}" if seen["locus"] else "",
                )
            )
    return pd.DataFrame(rows)


def combine(patients, mutations, copies, dna, rules) -> pd.DataFrame:
    """RAS/RAF, CRBN pathway and double hits."""
    mutated = mutations.set_index(["patient", "abnormality"])
    rows = []
    for patient in patients:
        rows.append(_any_gene(patient, "RAS_RAF_mutation", ["KRAS", "NRAS", "BRAF"], mutated, dna))
        rows.append(_any_gene(patient, "CRBN_pathway", rules["crbn_pathway_genes"], mutated, dna))
        rows.extend(
            biallelic(patient, gene, dna.get(patient), mutated.loc[(patient, gene)], copies)
            for gene in rules["biallelic_genes"]
        )
    return pd.DataFrame(rows)


def _any_gene(patient, name, genes, mutated, dna):
    seen = {gene: mutated.loc[(patient, gene)] for gene in genes if (patient, gene) in mutated.index}
    state = any_of(row["state"] for row in seen.values())
    hit = [f"{gene} {row['value']}" for gene, row in seen.items() if row["state"] == PRESENT]
    unknown = [f"{gene}: {row['reason']}" for gene, row in seen.items() if row["state"] == NOT_ASSESSABLE]
    return _row(
        patient,
        name,
        "combined",
        state,
        dna.get(patient),
        value="; ".join(hit),
        threshold="any of " + ", ".join(genes),
        reason="; ".join(unknown) if state == NOT_ASSESSABLE else "",
        evidence="; ".join(row["evidence"] for row in seen.values() if row["state"] == PRESENT),
    )


def biallelic(patient, gene, sample, mutation_row, copies) -> dict[str, Any]:
    """The double hit of one gene in one patient, with the evidence of mutation and copies."""
    unknown = double_hits.Copies(reason="the place of the gene is not known (no such gene in reference.gtf)")
    found = copies.get(gene, {}).get(sample, unknown)
    state, value, reason = double_hits.judge(mutation_row, found)
    return _row(
        patient,
        f"biallelic_{gene}",
        "combined",
        state,
        sample,
        value=value,
        threshold=double_hits.THRESHOLD,
        reason=reason,
        evidence="; ".join(filter(None, (mutation_row["evidence"], found.evidence))),
    )
