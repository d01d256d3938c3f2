"""The tables behind the figures of the molecular portrait, made from the tables of the run.

Every number of a figure stands in one of these; a figure only draws. Contracts: FIGURE_... in `tables`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from myeloma import (
    abnormalities,
    burden,
    by_presence,
    copies,
    copy_events,
    flow,
    gates,
    survival,
    tables,
    transcripts,
)
from myeloma.flow import LANDMARK, plain
from myeloma.report import sections, words
from myeloma.states import ABSENT, EARLY, GROUPS, NOT_ASSESSABLE, POOR, PRESENT

#: Tracks of the oncoprint: name, label. The first two and purity come from tables, the others from patients.tsv.
TRACKS = {
    "group": "response group",
    "best_response": "best confirmed response",
    "sex": "sex",
    "age": "age",
    "iss": "ISS stage",
    "prior_lines": "prior lines",
    "qualifying_lesion": "qualifying lesion",
    "purity": "tumour purity",
}
BLOCKS = {
    "ploidy": "ploidy",
    "translocation": "translocations",
    "copy_number": "copy number",
    "mutation": "mutations",
    "combined": "combined",
    "splicing": "splicing",
}
AMINO = {
    "Ala": "A", "Arg": "R", "Asn": "N", "Asp": "D", "Cys": "C", "Gln": "Q", "Glu": "E", "Gly": "G", "His": "H",
    "Ile": "I", "Leu": "L", "Lys": "K", "Met": "M", "Phe": "F", "Pro": "P", "Ser": "S", "Thr": "T", "Trp": "W",
    "Tyr": "Y", "Val": "V", "Ter": "*", "Sec": "U",
}  # fmt: skip
CLASSES = (
    ("truncating", ("stop_gained", "frameshift_variant", "start_lost", "stop_lost")),
    ("splice", ("splice_acceptor_variant", "splice_donor_variant")),
    ("missense", ("missense_variant",)),
    ("in-frame", ("inframe_insertion", "inframe_deletion", "conservative_inframe", "disruptive_inframe")),
)


def groups(seen: Mapping[str, pd.DataFrame], patients: Sequence[str]) -> dict[str, str]:
    """Patient -> group as in the comparison; "" for who is in none of the four, and for all without responses."""
    if seen["response"].empty:
        return dict.fromkeys(patients, "")
    of = {p: group for name, group in flow.GROUP_OF.items() for p in flow.members(seen["flow"], name)}
    return {p: of.get(p, "") for p in patients}


def labels(frame: pd.DataFrame) -> dict[str, str]:
    """Abnormality -> name as clinicians write it; frame: abnormality, kind."""
    return {
        name: words.abnormality(name, kind)
        for name, kind in zip(frame["abnormality"], frame["kind"], strict=True)
    }


# Oncoprint


def oncoprint(
    seen: Mapping[str, pd.DataFrame], patients: Sequence[Mapping], primary: Sequence[str], most: int
) -> pd.DataFrame:
    """FIGURE_ONCOPRINT: tracks, the primary family, then what most patients carry (at most `most` lines)."""
    ids = [p["patient"] for p in patients]
    calls = seen["abnormalities"]
    lines = chosen_lines(calls, primary, most)
    group = groups(seen, ids)
    states = calls.set_index(["abnormality", "patient"])["state"]
    order = {p: i for i, p in enumerate(column_order(ids, group, [n for n, _, _ in lines], states))}
    rows = _tracks(seen, patients, group, calls)
    value = calls.set_index(["abnormality", "patient"])["value"]
    qualifying = {p["patient"]: p["qualifying_abnormality"] for p in patients}
    label = labels(calls.drop_duplicates("abnormality"))
    for name, kind, block in lines:
        for p in ids:
            rows.append(
                {"row": name, "label": label[name], "block": block, "patient": p, "kind": kind, "detail": "",
                 "state": states.get((name, p), NOT_ASSESSABLE), "value": value.get((name, p), ""),
                 "qualifying": "yes" if plain(qualifying[p]) == plain(name) else "no"}
            )  # fmt: skip
    frame = pd.DataFrame(rows, columns=[c for c in tables.FIGURE_ONCOPRINT.names()])
    number = {row: i for i, row in enumerate(dict.fromkeys(frame["row"]))}
    frame["row_number"], frame["patient_number"] = frame["row"].map(number), frame["patient"].map(order)
    frame["group"] = frame["patient"].map(group)
    return tables.conform(frame, tables.FIGURE_ONCOPRINT)


def chosen_lines(calls: pd.DataFrame, primary: Sequence[str], most: int) -> list[tuple[str, str, str]]:
    """(abnormality, kind, heading): the primary family as given, then by kind those with carriers, most often first."""
    kinds = calls.drop_duplicates("abnormality").set_index("abnormality")["kind"]
    first = [(name, kinds[name], "primary family") for name in primary if name in kinds.index]
    count = calls[calls["state"] == PRESENT].groupby("abnormality").size()
    count = count.drop(labels=[n for n in primary if n in count.index])
    count = (
        count.rename_axis("name").reset_index(name="n").sort_values(["n", "name"], ascending=[False, True])
    )
    kept = list(count["name"].head(max(most - len(first), 0)))
    more = [(name, kinds[name], BLOCKS[kinds[name]]) for name in kept]
    return first + sorted(more, key=lambda line: list(BLOCKS).index(line[1]))


def column_order(
    ids: Sequence[str], group: Mapping[str, str], lines: Sequence[str], states: pd.Series
) -> list[str]:
    """By group; inside it carriers of the first line first, then of the second, ...; those without calls last."""
    rank = {PRESENT: 0, ABSENT: 1, NOT_ASSESSABLE: 2}

    def key(patient):
        mine = [states.get((name, patient), NOT_ASSESSABLE) for name in lines]
        place = [*GROUPS, ""].index(group[patient])
        nothing = all(s == NOT_ASSESSABLE for s in mine)
        return place, nothing, [rank[s] for s in mine], patient

    return sorted(ids, key=key)


def _tracks(seen, patients, group, calls) -> list[dict]:
    best = dict(zip(seen["response"]["patient"], seen["response"]["best_confirmed_response"], strict=True))
    used = abnormalities.analysis_samples(seen["samples"], "wes")
    pure = dict(zip(seen["purity"]["sample"], seen["purity"]["purity_used"], strict=True))
    kinds = dict(zip(calls["abnormality"], calls["kind"], strict=True))
    rows = []
    for name, label in TRACKS.items():
        for p in patients:
            own = {
                "group": group[p["patient"]],
                "best_response": best.get(p["patient"], ""),
                "qualifying_lesion": p["qualifying_abnormality"],
                "purity": _rounded(pure.get(used.get(p["patient"]))),
            }
            value = own[name] if name in own else p.get(name, "")
            value = "" if words.missing(value) else str(value).removesuffix(".0")
            rows.append(
                {"row": name, "label": label, "block": "patients", "patient": p["patient"], "kind": "clinical",
                 "state": PRESENT if value else NOT_ASSESSABLE, "value": value, "qualifying": "no",
                 "detail": kinds.get(value, "") if name == "qualifying_lesion" else ""}
            )  # fmt: skip
    return rows


def _rounded(value) -> str:
    return "" if words.missing(value) else f"{value:.2f}"


# Copy number along the genome


def copy_number(
    seen: Mapping[str, pd.DataFrame],
    arms: pd.DataFrame,
    patients: Sequence[str],
    rules: Mapping[str, Any],
    places: int,
) -> pd.DataFrame:
    """FIGURE_COPY_NUMBER: per group, the state of each patient at the middle of each of about `places` equal bins.

    Assessable at a place: its segment is changed, or a clonal gain of one copy would have shown in it, as in
    burden.tsv; an entered segment states its copies itself. `rules`: config sections copy_number, burden and gates.
    Autosomes only.
    """
    group = groups(seen, patients)
    used = abnormalities.analysis_samples(seen["samples"], "wes")
    used = {p: s for p, s in used.items() if p in group}
    compared = [g for g in (EARLY, POOR) if seen["response"].shape[0]]
    wanted = compared or [""]
    bins = genome_bins(arms, places)
    failed, purity = gates.failed(seen["qc"]), seen["purity"].set_index("sample").to_dict("index")
    parts = []
    for name in wanted:
        own = [s for p, s in used.items() if group[p] == name]
        count = {k: np.zeros(len(bins), dtype=int) for k in ("assessable", "gain", "loss", "cnloh")}
        for sample in own:
            state = sample_states(sample, seen["segments"], purity.get(sample), failed, bins, rules)
            for k in count:
                count[k] += (state != "") if k == "assessable" else (state == k)
        parts.append(bins.assign(group=name, patients=len(own), **count))
    if not used or not len(bins):
        return tables.empty(tables.FIGURE_COPY_NUMBER)
    return tables.conform(pd.concat([runs(part) for part in parts]), tables.FIGURE_COPY_NUMBER)


def genome_bins(arms: pd.DataFrame, places: int) -> pd.DataFrame:
    """chrom, start, end (1-based, inclusive): the autosomes in their order, cut into about `places` equal bins."""
    own = arms[~copies.on_sex(arms["chrom"])]
    ends = own.groupby("chrom", sort=False)["end"].max()
    order = sorted((c for c in ends.index if copies.bare(c).isdigit()), key=lambda c: int(copies.bare(c)))
    bases = max(-(-int(ends[order].sum()) // places), 1) if order else 1
    rows = [
        (chrom, start, min(start + bases - 1, int(ends[chrom])))
        for chrom in order
        for start in range(1, int(ends[chrom]) + 1, bases)
    ]
    return pd.DataFrame(rows, columns=["chrom", "start", "end"])


def sample_states(sample, segments, entry, failed, bins, rules) -> np.ndarray:
    """Per bin: gain, loss, cnloh, unchanged, or "" where it cannot be told. `entry`: row of PURITY, or None."""
    state = np.full(len(bins), "", dtype=object)
    asked = None if entry is None else {"sample": sample, **entry}
    if burden.copies_blocked(asked, failed, rules["gates"]["purity_min"]):
        return state
    base = int(entry["base_copies"]) if pd.notna(entry["base_copies"]) else 2
    own = segments[(segments["sample"] == sample) & segments["total_copies"].notna()]
    own = own[~copies.on_sex(own["chrom"])]
    given = entry["mode"] == copy_events.GIVEN
    if given and _covered(own, bins) < rules["burden"]["min_segmented_fraction"]:
        return state  # a list of changes alone: its patient would be counted only where something is changed
    shown = burden.shows_gain(own, entry, base, rules["copy_number"]["detection_z"]) | given
    middle = (bins["start"] + bins["end"]) / 2
    for segment, powered in zip(own.itertuples(), shown, strict=True):
        called = segment_state(segment, base, rules["copy_number"]["min_clonal_fraction"])
        if called != "unchanged" or powered:
            inside = (bins["chrom"] == segment.chrom) & (middle >= segment.start) & (middle <= segment.end)
            state[inside.to_numpy()] = called
    return state


def _covered(segments: pd.DataFrame, bins: pd.DataFrame) -> float:
    """Share of the genome of the bins that segments cover."""
    whole = float((bins["end"] - bins["start"] + 1).sum())
    return float((segments["end"] - segments["start"] + 1).sum()) / whole if whole else 0.0


def segment_state(segment, base: int, least: float) -> str:
    """gain, loss, cnloh or unchanged against the base copies; a change in fewer cells than `least` is none.

    Of two clones with different changes the cells of both count, and the change in more of them is shown.
    """
    germline = 2 if pd.isna(segment.germline_copies) else segment.germline_copies
    unchanged = round(germline * base / 2)
    cells = copy_events.cell_states(segment._asdict())
    lost = copy_events.share(cells, lambda total, minor: total < unchanged)
    gained = copy_events.share(cells, lambda total, minor: total > unchanged)
    if max(lost, gained) >= least:
        return "loss" if lost >= gained else "gain"
    neutral = copy_events.share(cells, lambda total, minor: total == unchanged and minor == 0)
    return "cnloh" if germline == 2 and neutral >= least else "unchanged"


def runs(part: pd.DataFrame) -> pd.DataFrame:
    """Neighbouring bins with the same counts as one row."""
    same = ["chrom", "assessable", "gain", "loss", "cnloh"]
    run = (part[same] != part[same].shift()).any(axis=1).cumsum()
    first = part.groupby(run).first()
    return first.assign(end=part.groupby(run)["end"].last()).reset_index(drop=True)


# Lollipops


def lollipops(
    seen: Mapping[str, pd.DataFrame],
    patients: Sequence[str],
    gtf: str,
    genes: Sequence[str],
    most: int,
    rules: Mapping,
) -> pd.DataFrame:
    """FIGURE_LOLLIPOPS: the variants that make a gene "present", of `genes` in their order, at most `most` genes.

    `gtf`: path of the annotation ("" without one: no lengths); `rules`: config section abnormalities.
    """
    group, calls = groups(seen, patients), seen["abnormalities"]
    carried = calls[(calls["kind"] == "mutation") & (calls["state"] == PRESENT)]
    carriers = set(zip(carried["sample"], carried["abnormality"], strict=True))
    v = seen["annotated_variants"]
    v = v[(v["filter"] == "PASS") & v["impact"].isin(["HIGH", "MODERATE"]) & v["gene"].isin(genes)]
    kept = [
        (r["sample"], r["gene"]) in carriers and abnormalities.counts(r, rules) for r in v.to_dict("records")
    ]
    v = v[np.array(kept, dtype=bool)] if len(v) else v
    shown = [g for g in genes if g in set(v["gene"])][:most]
    v = v[v["gene"].isin(shown)]
    if v.empty:
        return tables.empty(tables.FIGURE_LOLLIPOPS)
    v = v.assign(
        hgvs=v["hgvsp"].where(v["hgvsp"] != "", v["hgvsc"].where(v["hgvsc"] != "", v["consequence"])),
        position=[residue(h) for h in v["hgvsp"]],
        change=[short_change(r.hgvsp, r.hgvsc, r.consequence) for r in v.itertuples()],
        change_class=[change_class(c) for c in v["consequence"]],
        group=[g if g in (EARLY, POOR) else "other" for g in v["patient"].map(group)],
    )
    key = ["gene", "group", "change", "hgvs"]
    made = v.groupby(key, as_index=False).agg(
        patients=("patient", "nunique"), transcript=("transcript", "first"), position=("position", "first"),
        change_class=("change_class", "first"), hotspot=("hotspot", "max"),
    )  # fmt: skip
    length = protein_lengths(gtf, made["transcript"], shown)
    made["protein_length"] = made["transcript"].map(lambda t: length.get(transcripts.stem(t), np.nan))
    made["gene_number"] = made["gene"].map({g: i for i, g in enumerate(shown)})
    return tables.conform(made.merge(_carriers(calls, group, shown), on="gene"), tables.FIGURE_LOLLIPOPS)


def _carriers(calls, group, genes) -> pd.DataFrame:
    rows = []
    for gene in genes:
        own = calls[(calls["abnormality"] == gene) & (calls["kind"] == "mutation")]
        row: dict[str, Any] = {"gene": gene}
        for side, name in (("early", EARLY), ("poor", POOR)):
            state = own[own["patient"].map(group) == name]["state"]
            row[f"{side}_present"] = int((state == PRESENT).sum())
            row[f"{side}_assessable"] = int((state != NOT_ASSESSABLE).sum())
        rows.append(row)
    return pd.DataFrame(rows)


def residue(hgvsp: str) -> float:
    """First changed residue of HGVS p.; NaN where it names none."""
    match = re.match(r"p\.\(?[A-Z][a-z]{2}(\d+)", hgvsp)
    return float(match.group(1)) if match else np.nan


def short_change(hgvsp: str, hgvsc: str, consequence: str) -> str:
    """G12D for p.Gly12Asp, R213* for p.Arg213Ter; else the HGVS c. or the consequence."""
    if not hgvsp:
        return hgvsc or consequence.split("&")[0]
    return re.sub("|".join(AMINO), lambda m: AMINO[m.group()], hgvsp.removeprefix("p."))


def change_class(consequence: str) -> str:
    """Class of a change from its Sequence Ontology terms, the gravest first."""
    terms = consequence.split("&")
    return next((name for name, wanted in CLASSES if any(t.startswith(wanted) for t in terms)), "other")


def protein_lengths(gtf: str, wanted: pd.Series, genes: Sequence[str]) -> dict[str, int]:
    """Transcript (without version) -> residues: coding bases / 3; the GTF's CDS leaves out the stop codon."""
    if not gtf:
        return {}
    stems = {transcripts.stem(t) for t in wanted if t}
    found = transcripts.read_transcripts(gtf, set(genes))
    return {
        transcripts.stem(t.name): t.coding_length // 3 for t in found if transcripts.stem(t.name) in stems
    }


# Expression


def expression_genes(tested: pd.DataFrame, alpha: float, most: int) -> pd.DataFrame:
    """Genes with q below alpha, at most `most` by p; higher in early first, then by p."""
    found = tested[tested["q"] < alpha].sort_values(["p", "gene_id"]).head(most)
    return found.assign(up=found["log2_fold_change"] < 0).sort_values(["up", "p", "gene_id"])


def expression_heatmap(
    seen: Mapping[str, pd.DataFrame], values: pd.DataFrame, found: pd.DataFrame, patients: Sequence[Mapping],
    order: Mapping[str, int],
) -> pd.DataFrame:  # fmt: skip
    """FIGURE_EXPRESSION. values: log2 normalised counts, genes x samples; order: patient -> column of the oncoprint."""
    compared = flow.compared_samples(seen["flow"], seen["samples"])
    compared = compared[compared.index.isin(values.columns)]
    if found.empty or compared.empty:
        return tables.empty(tables.FIGURE_EXPRESSION)
    mine = values.loc[found["gene_id"], compared.index]
    spread = mine.std(axis=1, ddof=1).replace(0, np.nan)
    z = mine.sub(mine.mean(axis=1), axis=0).div(spread, axis=0)
    frame = pd.DataFrame({"value": mine.stack(future_stack=True), "z": z.stack(future_stack=True)})
    frame.index.names = ["gene_id", "sample"]
    frame = frame.reset_index()
    sample_patient = seen["samples"].set_index("sample")["patient"]
    best = dict(zip(seen["response"]["patient"], seen["response"]["best_confirmed_response"], strict=True))
    scores = dict(zip(seen["rna_purity"]["sample"], seen["rna_purity"]["plasma_cell_score"], strict=True))
    sex = {p["patient"]: p["sex"] for p in patients}
    frame["patient"] = frame["sample"].map(sample_patient)
    frame["group"] = frame["sample"].map(compared)
    frame["best_response"] = frame["patient"].map(best).fillna("")
    frame["sex"] = frame["patient"].map(sex).fillna("")
    frame["plasma_cell_score"] = frame["sample"].map(scores)
    frame["patient_number"] = frame["patient"].map(order)
    frame["gene_number"] = frame["gene_id"].map({g: i for i, g in enumerate(found["gene_id"])})
    told = found[["gene_id", "gene_name", "log2_fold_change", "q"]]
    return tables.conform(frame.merge(told, on="gene_id"), tables.FIGURE_EXPRESSION)


def read_values(path: str, genes: Sequence[str]) -> pd.DataFrame:
    """log2 of normalised counts + 1 of these genes, genes x samples, from the h5ad of the cohort."""
    if not len(genes):
        return pd.DataFrame()
    import anndata  # heavy, and only a run with found genes needs it

    data = anndata.read_h5ad(path, backed="r")
    kept = data[:, [g for g in genes if g in data.var_names]].to_memory()
    data.file.close()
    return kept.to_df().T


# Pathways


def pathways(
    seen: Mapping[str, pd.DataFrame], patients: Sequence[str], members: pd.DataFrame
) -> pd.DataFrame:
    """FIGURE_PATHWAYS: a pathway is altered if one called member is, not altered only if all of them are not.

    members: pathway, member. Members that the run does not call, or that nobody carries, have no line of their own.
    """
    group, calls = groups(seen, patients), seen["abnormalities"]
    wanted = [g for g in (EARLY, POOR) if seen["response"].shape[0]] or [""]
    states = calls[calls["abnormality"].isin(members["member"])].pivot(
        index="patient", columns="abnormality", values="state"
    )
    label = labels(calls.drop_duplicates("abnormality"))
    kinds = dict(zip(calls["abnormality"], calls["kind"], strict=True))
    rows = []
    for name, own in members.groupby("pathway", sort=False):
        called = [m for m in own["member"] if m in states]
        if not called:
            continue
        whole = states[called].apply(abnormalities.any_of, axis=1)
        rows += _pathway_rows(whole, name, "all", f"{name} ({len(called)})", "no", group, wanted)
        carried = [m for m in called if (states[m] == PRESENT).any()]
        for m in carried:
            gene = "yes" if kinds[m] == "mutation" else "no"
            rows += _pathway_rows(states[m], name, m, label[m], gene, group, wanted)
    frame = pd.DataFrame(rows, columns=tables.FIGURE_PATHWAYS.names())
    line = frame["pathway"] + "\t" + frame["member"]
    frame["number"] = pd.factorize(line)[0]
    return tables.conform(frame, tables.FIGURE_PATHWAYS)


def _pathway_rows(state: pd.Series, pathway, member, label, gene, group, wanted) -> list[dict]:
    rows = []
    for name in wanted:
        own = [p for p, g in group.items() if g == name]
        count = state.reindex(own).fillna(NOT_ASSESSABLE).value_counts()
        rows.append(
            {"pathway": pathway, "member": member, "level": "pathway" if member == "all" else "member", "label": label,
             "gene": gene, "group": name, "patients": len(own), **{s: int(count.get(s, 0)) for s in
                                                                (PRESENT, ABSENT, NOT_ASSESSABLE)}}
        )  # fmt: skip
    return rows


# Forest and survival


def forest(by_group: pd.DataFrame, alpha: float, primary: Sequence[str]) -> pd.DataFrame:
    """FIGURE_FOREST: every row of the comparison in the order of the report."""
    rows = sections.comparison_rows(by_group, alpha)
    drawn = {r["abnormality"] for r in sections.drawn(rows, primary)}
    frame = pd.DataFrame(rows, columns=[*tables.BY_GROUP.names(), "label", "family_words"])
    frame = frame.rename(columns={"family_words": "family_title"}).assign(number=range(len(frame)))
    frame["shown"] = ["yes" if name in drawn else "no" for name in frame["abnormality"]]
    return tables.conform(frame, tables.FIGURE_FOREST)


ENDPOINTS = {"TTP": "Time to progression", "PFS": "Progression-free survival", "OS": "Overall survival"}
FROM_START, FROM_LANDMARK = "months from C1D1", "months from the landmark"


def curves_overall(seen: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """FIGURE_CURVES: TTP, PFS and OS of all, TTP by response group from the landmark."""
    wanted = [(name, f"{title}, all patients", FROM_START) for name, title in ENDPOINTS.items()]
    wanted.append((LANDMARK, "TTP by response group, landmark", FROM_LANDMARK))
    return _curves(seen, wanted, ("all", EARLY, POOR), tables.FIGURE_CURVES)


def curves_by_abnormality(
    seen: Mapping[str, pd.DataFrame], primary: Sequence[str], rule_set: str, confidence: float
) -> pd.DataFrame:
    """FIGURE_CURVES_BY_ABNORMALITY: TTP, PFS and OS by each abnormality of the primary family.

    Counts, medians and p are those of survival_by_abnormality.tsv; the steps are made here as there. Only panels
    with patients on both sides: a curve of one side alone compares nothing.
    """
    label = labels(seen["abnormalities"].drop_duplicates("abnormality"))
    main = seen["endpoints"][seen["endpoints"]["rule_set"] == rule_set].dropna(subset=["months", "event"])
    main = main[main["patient"].isin(flow.members(seen["flow"], "itt"))]
    told = seen["survival_by_abnormality"].set_index(["endpoint", "abnormality"]).to_dict("index")
    parts = []
    for name in [n for n in primary if n in label]:
        calls = seen["abnormalities"][seen["abnormalities"]["abnormality"] == name]
        for endpoint in ENDPOINTS:
            row = told.get((endpoint, name))
            if row is None or not row["carriers"] or not row["non_carriers"]:
                continue
            times = main[main["endpoint"] == endpoint].set_index("patient")
            panel = {"panel": f"{endpoint} by {name}", "title": f"{endpoint}: {label[name]}", "time_axis": FROM_START,
                     "panel_number": len(parts) // 2, "log_rank_p": row["log_rank_p"]}  # fmt: skip
            sides = by_presence.Sides(calls, list(times.index))
            for (side, who), stratum in zip(sides.both(), (PRESENT, ABSENT), strict=True):
                own = times.loc[who]
                steps = survival.kaplan_meier(
                    own["months"].astype(float), own["event"].astype(int), confidence
                )
                panel |= {"stratum": stratum, "patients": row[f"{side}s"], "events_of_stratum": row[f"{side}_events"],
                          "median": row[f"{side}_median_months"], "median_low": row[f"{side}_median_low"],
                          "median_high": row[f"{side}_median_high"]}  # fmt: skip
                parts.append(steps.rename(columns={"time": "months"}).assign(**panel))
    if not parts:
        return tables.empty(tables.FIGURE_CURVES_BY_ABNORMALITY)
    return tables.conform(pd.concat(parts, ignore_index=True), tables.FIGURE_CURVES_BY_ABNORMALITY)


def _curves(seen, wanted, strata, table: tables.Table) -> pd.DataFrame:
    about = seen["survival"].rename(columns={"events": "events_of_stratum"})
    about = about[["analysis", "stratum", "patients", "events_of_stratum", "median", "median_low", "median_high",
                   "log_rank_p"]]  # fmt: skip
    panels = pd.DataFrame(wanted, columns=["analysis", "title", "time_axis"])
    panels["panel_number"] = range(len(panels))
    curves = seen["survival_curves"]
    frame = (
        curves[curves["stratum"].isin(strata)]
        .merge(panels, on="analysis")
        .merge(about, on=["analysis", "stratum"])
    )
    return tables.conform(frame.rename(columns={"analysis": "panel"}), table)
