"""One row per patient and abnormality: present, absent or not assessable, with value and evidence.

Sources: IMWG/IMS definitions as cited in config and resources/regions; a gene is absent only where its
coding bases and hotspots had the power to show a clonal heterozygous variant (see `callable`).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from myeloma import copy_events, gates, places, tables
from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT

#: Filters that say "not somatic": a hotspot they reject is no open question.
NOT_SOMATIC = {"germline", "panel_of_normals", "normal_artifact", "contamination", "population"}
TRUNCATING = (
    "stop_gained",
    "frameshift_variant",
    "splice_acceptor_variant",
    "splice_donor_variant",
    "start_lost",
)


def call_all(read: Mapping[str, pd.DataFrame], regions_path: str, rules: Mapping[str, Any]) -> pd.DataFrame:
    """The abnormality table from the tables of the calls stage.

    `read`: frames by contract name (samples, qc, variants, callable, segments, purity, copy_events,
    translocations); `rules`: `patients` (ids) and the config sections abnormalities, copy_number, gates.
    """
    regions = places.read_regions(regions_path)
    used = set(analysis_samples(read["samples"], "wes").values())
    calls = copy_events.abnormality_rows(read["copy_events"])
    tp53 = regions[regions["name"] == "del17p"]
    usable = samples_with_copies(read["purity"], read["qc"], rules["gates"]["purity_min"])
    segments = read["segments"][read["segments"]["sample"].isin(usable)]
    over = copies_over(segments, *tp53.iloc[0][["chrom", "start", "end"]]) if len(tp53) else {}
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
    )


def samples_with_copies(purity: pd.DataFrame, qc: pd.DataFrame, purity_min: float) -> set[str]:
    """Samples whose integer copies may be used: no gate failed, and purity not below the gate."""
    high_enough = purity.loc[purity["purity_used"] >= purity_min, "sample"]
    return set(high_enough) - set(gates.failed(qc))


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
    segments_at_tp53: Mapping[str, Mapping[str, Any]],
    translocations: pd.DataFrame,
    rules: Mapping[str, Any],
    copy_kinds: Mapping[str, str],
) -> pd.DataFrame:
    """The abnormality table (contract ABNORMALITIES) for every patient of the cohort.

    `copy_number` holds the rows of `copy_events`; `segments_at_tp53` maps a sample to total_copies and
    minor_copies (None when unknown) over TP53; `rules` is the config section `abnormalities`;
    `copy_kinds` maps every copy-number abnormality to its kind, so that none is missing for a patient.
    """
    dna = analysis_samples(samples, "wes")
    failed = gates.failed(qc)
    genes = list(dict.fromkeys([*rules["mutation_genes"], *rules["crbn_pathway_genes"]]))
    mutations = pd.DataFrame(
        [
            mutation(patient, gene, dna.get(patient), failed, variants, callable_genes, rules)
            for patient in patients
            for gene in genes
        ]
    )
    rows = [
        mutations.drop(columns="count"),
        complete(copy_number, copy_kinds, patients, dna),
        translocation_rows(patients, translocations, rules),
    ]
    combined = combine(patients, mutations, rows[1], segments_at_tp53, dna, rules)
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
    """The call of one gene in one patient; `count` = qualifying mutations (for biallelic calls)."""

    def row(state, count=0, **more):
        return {**_row(patient, gene, "mutation", state, sample, **more), "count": count}

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
        return row(
            PRESENT,
            count=len(counted),
            value="; ".join(describe(v) for v in counted.to_dict("records")),
            threshold=threshold,
            evidence="; ".join(f"{v.chrom}:{v.pos} {v.ref}>{v.alt}" for v in counted.itertuples()),
        )
    doubt = open_question(altering, passing)
    if doubt:
        return row(NOT_ASSESSABLE, reason=doubt, threshold=threshold)
    return _uncovered_or_absent(row, gene, sample, callable_genes, threshold)


def counts(variant: Mapping[str, Any], rules: Mapping[str, Any]) -> bool:
    """Does a passing protein-altering variant count? Without a normal only hotspots and truncations do."""
    if variant["mode"] == "tumour_normal" or variant["hotspot"] == "yes":
        return True
    truncating = any(term in TRUNCATING for term in variant["consequence"].split("&"))
    return truncating and variant["gene"] in rules["tumour_suppressors"]


def describe(variant: Mapping[str, Any]) -> str:
    """E.g. "p.Gly12Asp, allele fraction 0.31 (34 of 110 reads), hotspot"."""
    change = variant["hgvsp"] or variant["hgvsc"] or variant["consequence"]
    said = f"{change}, allele fraction {variant['tumour_af']:.2f}"
    said += f" ({variant['tumour_alt']} of {variant['tumour_depth']} reads)"
    said += ", hotspot" if variant["hotspot"] == "yes" else ""
    return said + (", tumour-only call" if variant["mode"] == "tumour_only" else "")


def open_question(altering: pd.DataFrame, passing: pd.DataFrame) -> str:
    """Why silence would be wrong: a hotspot failed a technical filter, or a novel tumour-only change."""
    if len(passing):
        named = "; ".join(describe(v) for v in passing.to_dict("records"))
        return f"somatic origin cannot be told without a normal: {named}"
    technical = altering["filter"].map(lambda names: not NOT_SOMATIC & set(names.split(";")))
    hot = altering[(altering["hotspot"] == "yes") & technical]
    if len(hot):
        named = "; ".join(f"{describe(v)}, filter {v['filter']}" for v in hot.to_dict("records"))
        return f"a hotspot candidate failed a technical filter, look at the reads: {named}"
    return ""


def _uncovered_or_absent(row, gene, sample, callable_genes, threshold):
    power = callable_genes[(callable_genes["sample"] == sample) & (callable_genes["gene"] == gene)]
    if power.empty:
        return row(NOT_ASSESSABLE, reason="power over the gene is not known (no GTF, targets or depth)")
    seen = power.iloc[0]
    if seen["callable"] != "yes":
        return row(NOT_ASSESSABLE, reason=seen["reason"] or "too few bases with power", threshold=threshold)
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
    """The adjudicated translocations, one row per patient and configured translocation."""
    called = translocations.set_index(["patient", "translocation"])
    rows = []
    for patient in patients:
        for name in rules["translocations"]:
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


def combine(patients, mutations, copy_number, segments_at_tp53, dna, rules) -> pd.DataFrame:
    """RAS/RAF, CRBN pathway, biallelic TP53 and what still waits for structural variants."""
    mutated = mutations.set_index(["patient", "abnormality"])
    copies = copy_number.set_index(["patient", "abnormality"])["state"]
    rows = []
    for patient in patients:
        rows.append(_any_gene(patient, "RAS_RAF_mutation", ["KRAS", "NRAS", "BRAF"], mutated, dna))
        rows.append(_any_gene(patient, "CRBN_pathway", rules["crbn_pathway_genes"], mutated, dna))
        rows.append(
            biallelic(
                patient,
                dna.get(patient),
                mutated.loc[(patient, "TP53")],
                copies.get((patient, "del17p"), NOT_ASSESSABLE),
                segments_at_tp53.get(dna.get(patient), {}),
            )
        )
        rows.append(
            _row(
                patient,
                "MYC_rearrangement",
                "translocation",
                NOT_ASSESSABLE,
                reason="structural variants of the DNA are not called",
            )
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


def biallelic(patient, sample, mutation_row, del17p, copies) -> dict[str, Any]:
    """Biallelic TP53: no copy left, or mutation with loss or loss of heterozygosity, or two mutations."""
    total, minor = copies.get("total_copies"), copies.get("minor_copies")
    known = total is not None and not pd.isna(total)
    lost = del17p == PRESENT or (minor is not None and not pd.isna(minor) and minor == 0)
    kept = del17p == ABSENT and minor is not None and not pd.isna(minor) and minor > 0
    mutated, count = mutation_row["state"], mutation_row["count"]
    value = f"mutation {mutated}, del(17p) {del17p}"
    value += f", TP53 copies {int(total)}" if known else ""
    value += f" of which minor {int(minor)}" if minor is not None and not pd.isna(minor) else ""
    if (known and total == 0) or (mutated == PRESENT and (count > 1 or lost)):
        state, reason = PRESENT, ""
    elif (mutated == ABSENT and del17p == ABSENT) or (mutated == ABSENT and known and total > 0):
        state, reason = ABSENT, ""
    elif mutated == PRESENT and kept:
        state, reason = ABSENT, ""
    else:
        state = NOT_ASSESSABLE
        reason = mutation_row["reason"] or "loss of the other allele cannot be told"
    return _row(
        patient,
        "biallelic_TP53",
        "combined",
        state,
        sample,
        value=value,
        threshold="no copy left, or mutation with loss or LOH, or two mutations",
        reason=reason,
        evidence=mutation_row["evidence"],
    )


def copies_over(segments: pd.DataFrame, chrom: str, start: int, end: int) -> dict[str, dict[str, Any]]:
    """Sample -> total and minor copies of the segment that covers most of chrom:start-end (1-based)."""
    same = segments["chrom"].str.removeprefix("chr") == chrom.removeprefix("chr")
    here = segments[same & (segments["start"] <= end) & (segments["end"] >= start)].copy()
    if here.empty:
        return {}
    here["overlap"] = here["end"].clip(upper=end) - here["start"].clip(lower=start)
    widest = here.sort_values("overlap", kind="stable").groupby("sample").tail(1)
    return {
        row.sample: {"total_copies": row.total_copies, "minor_copies": row.minor_copies}
        for row in widest.itertuples()
    }
