"""The molecular portrait: numbers counted by hand, and figures that stand alone and repeat to the byte."""

import dataclasses
import subprocess
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest
import yaml
from tests import fabricate
from tests.myeloma.test_report import HOSTILE, NAMES, Seen, given

from myeloma import tables
from myeloma.report import build, figures, portrait, portrait_data
from myeloma.report.drawing import style
from myeloma.states import ABSENT, EARLY, NEITHER, NOT_ASSESSABLE, POOR, PRESENT

RULES = {
    "gates": {"purity_min": 0.2},
    "copy_number": {"detection_z": 3.0, "min_clonal_fraction": 0.2},
    "burden": {"min_segmented_fraction": 0.8},
}


@pytest.fixture(scope="module")
def settings(project):
    return yaml.safe_load((project / "config/config.yaml").read_text())


def portray(project, settings, **shape):
    """(tables behind the figures, captions) of a made-up cohort."""
    made = fabricate.cohort(**shape)
    values = fabricate.expression_values(made)
    members = portrait.read_pathways(project / "resources/pathways.tsv")
    return portrait.portray(
        made.frames, made.patients, settings, fabricate.ARMS, members, "", lambda g: values.loc[g]
    ), made


@pytest.fixture(scope="module")
def written(project, settings, tmp_path_factory):
    """A cohort with hostile names, written as a run would."""
    (made, said), cohort = portray(project, settings, names=NAMES, text=HOSTILE, seed=2)
    folder = tmp_path_factory.mktemp("report")
    portrait.write(made, said, folder)
    return folder, made, cohort


# By hand


def frame(table, rows):
    return tables.conform(pd.DataFrame(rows, columns=table.names()), table)


def small(states, groups):
    """Tables of a cohort of abnormality states: {(patient, abnormality, kind): state}, {patient: group}."""
    calls = [
        {"patient": p, "abnormality": a, "kind": k, "state": s, "sample": f"{p}.T"}
        for (p, a, k), s in states.items()
    ]
    analysis = {EARLY: "early", POOR: "poor", NEITHER: "neither"}
    flow = [
        {"patient": p, "analysis": name, "included": "yes" if analysis[g] == name else "no", "reason": "x"}
        for p, g in groups.items()
        for name in ("early", "poor", "neither", "not_evaluable")
    ]
    samples = [
        {"patient": p, "sample": f"{p}.T", "assay": "wes", "tissue": "tumour", "role": "analysis"}
        for p in groups
    ]
    return {
        "abnormalities": frame(tables.ABNORMALITIES, calls),
        "flow": frame(tables.FLOW, flow),
        "samples": frame(tables.SAMPLES, samples),
        "response": pd.DataFrame({"patient": list(groups), "best_confirmed_response": "PR"}),
        "qc": tables.empty(tables.QC),
    }


def test_a_pathway_is_not_altered_only_if_all_called_members_are_not():
    states = {
        ("A", "KRAS", "mutation"): PRESENT, ("A", "NRAS", "mutation"): NOT_ASSESSABLE,
        ("B", "KRAS", "mutation"): ABSENT, ("B", "NRAS", "mutation"): ABSENT,
        ("C", "KRAS", "mutation"): ABSENT, ("C", "NRAS", "mutation"): NOT_ASSESSABLE,
        ("D", "KRAS", "mutation"): PRESENT, ("D", "NRAS", "mutation"): PRESENT,
    }  # fmt: skip
    seen = small(states, {"A": EARLY, "B": EARLY, "C": EARLY, "D": NEITHER})
    members = pd.DataFrame({"pathway": "RAS", "member": ["KRAS", "NRAS", "never called"]})
    made = portrait_data.pathways(seen, list("ABCD"), members)
    counts = made.set_index(["member", "group"])[["patients", "present", "absent", "not_assessable"]]
    assert counts.loc[("all", EARLY)].tolist() == [3, 1, 1, 1]
    assert counts.loc[("KRAS", EARLY)].tolist() == [3, 1, 2, 0]
    assert counts.loc[("NRAS", EARLY)].tolist() == [3, 0, 1, 2]
    assert counts.loc[("all", POOR)].tolist() == [0, 0, 0, 0]
    assert "never called" not in set(made["member"])
    assert made.loc[made["level"] == "pathway", "label"].unique().tolist() == ["RAS (2)"]


def test_a_member_that_stands_twice_is_refused(tmp_path):
    path = tmp_path / "p.tsv"
    path.write_text("pathway\tmember\tsource\tstatus\nRAS\tKRAS\tx\ty\nRAS\tKRAS\tx\ty\n")
    with pytest.raises(ValueError, match="KRAS stands twice in RAS"):
        portrait.read_pathways(path)


def test_members_of_the_pathways_are_abnormalities_that_the_config_calls(project, settings):
    members = set(portrait.read_pathways(project / "resources/pathways.tsv")["member"])
    asked = settings["abnormalities"]
    genes = {*asked["mutation_genes"], *asked["crbn_pathway_genes"], *asked["biallelic_genes"]}
    known = genes | {f"biallelic_{g}" for g in asked["biallelic_genes"]} | set(asked["translocations"])
    regions = pd.read_csv(project / "resources/regions_grch38.tsv", sep="\t", comment="#")
    known |= set(regions.loc[regions["kind"] == "copy_number", "name"]) | {"MYC_rearrangement"}
    assert members <= known


def segment(chrom, start, end, total, minor, share=None, targets=300):
    return {"patient": "A", "sample": "A.T", "chrom": chrom, "start": start, "end": end, "total_copies": total,
            "minor_copies": minor, "clonal_fraction": share, "targets": targets, "germline_copies": 2.0}  # fmt: skip


ARMS = pd.DataFrame(
    [("chr1", "p", 1, 40, "yes"), ("chr2", "p", 1, 40, "yes"), ("chrX", "p", 1, 40, "yes")],
    columns=["chrom", "arm", "start", "end", "informative"],
)


def states_of(segments, base=2, purity=0.8, mode="tumour_normal"):
    entry = {
        "purity_used": purity,
        "base_copies": base,
        "noise": 0.3,
        "scatter": 0.01,
        "status": "resolved",
        "reason": "",
        "mode": mode,
    }
    bins = portrait_data.genome_bins(ARMS, 8)
    made = portrait_data.sample_states("A.T", frame(tables.SEGMENTS, segments), entry, {}, bins, RULES)
    return dict(zip(bins["chrom"] + ":" + bins["start"].astype(str), made, strict=True))


def test_state_of_a_place_is_that_of_the_segment_over_its_middle():
    made = states_of(
        [
            segment("chr1", 1, 10, 3, 1, 0.9),
            segment("chr1", 11, 20, 1, 0, 0.9),
            segment("chr1", 21, 30, 2, 0, 0.9),
            # in too few cells: a change there would have shown, so it is assessed
            segment("chr2", 1, 10, 1, 0, 0.1),
            segment("chr2", 11, 20, 2, 1),
            segment("chr2", 21, 30, 2, 1, targets=1),  # one noisy target: a gain would not have shown
            segment("chr2", 31, 34, 3, 1, 0.9),  # does not reach the middle of its place
        ]
    )
    assert [made[f"chr1:{s}"] for s in (1, 11, 21, 31)] == ["gain", "loss", "cnloh", ""]
    assert [made[f"chr2:{s}"] for s in (1, 11, 21, 31)] == ["unchanged", "unchanged", "", ""]
    assert not any(name.startswith("chrX") for name in made)


def test_entered_segments_state_their_copies_but_a_list_of_changes_says_nothing_of_the_rest():
    whole = [segment("chr1", 1, 40, 2, 1, targets=0), segment("chr2", 1, 30, 3, 1, targets=0)]
    made = states_of(whole, mode="given")
    assert [made[f"chr{c}:1"] for c in (1, 2)] == ["unchanged", "gain"] and made["chr2:31"] == ""
    assert set(states_of([segment("chr2", 1, 30, 3, 1, targets=0)], mode="given").values()) == {""}


def test_a_doubled_genome_is_measured_against_four_copies():
    made = states_of([segment("chr1", 1, 10, 4, 2, 0.9), segment("chr1", 11, 20, 3, 1, 0.9)], base=4)
    assert [made[f"chr1:{s}"] for s in (1, 11)] == ["unchanged", "loss"]


def test_without_purity_nothing_is_assessable():
    assert set(states_of([segment("chr1", 1, 10, 3, 1, 0.9)], purity=np.nan).values()) == {""}


@pytest.mark.parametrize(
    ("hgvsp", "hgvsc", "consequence", "short", "residue", "kind"),
    [
        ("p.Gly12Asp", "c.35G>A", "missense_variant", "G12D", 12, "missense"),
        ("p.Arg213Ter", "c.637C>T", "stop_gained", "R213*", 213, "truncating"),
        ("p.Leu81fs", "c.242del", "frameshift_variant&splice_region_variant", "L81fs", 81, "truncating"),
        ("", "c.375+1G>A", "splice_donor_variant&intron_variant", "c.375+1G>A", None, "splice"),
        ("p.Ser10_Ala12del", "c.28_36del", "conservative_inframe_deletion", "S10_A12del", 10, "in-frame"),
        ("p.Ter394Trpext*?", "c.1182A>G", "stop_lost", "*394Wext*?", 394, "truncating"),
    ],
)
def test_a_change_in_short(hgvsp, hgvsc, consequence, short, residue, kind):
    assert portrait_data.short_change(hgvsp, hgvsc, consequence) == short
    assert portrait_data.change_class(consequence) == kind
    seen = portrait_data.residue(hgvsp)
    assert np.isnan(seen) if residue is None else seen == residue


def test_protein_length_is_that_of_the_coding_bases(tmp_path):
    gtf = tmp_path / "g.gtf"
    about = 'gene_name "KRAS"; transcript_id "T1.4";'
    # 30 + 537 coding bases: KRAS-4B has 188 residues and a stop codon, which a CDS of GENCODE leaves out
    gtf.write_text(
        "".join(f"chr12\tx\t{kind}\t{a}\t{b}\t.\t-\t0\t{about}\n" for kind, a, b in
                (("transcript", 1, 900), ("CDS", 101, 130), ("CDS", 201, 734)))
    )  # fmt: skip
    assert portrait_data.protein_lengths(str(gtf), pd.Series(["T1.9", ""]), ["KRAS"]) == {"T1": 188}
    assert portrait_data.protein_lengths("", pd.Series(["T1.9"]), ["KRAS"]) == {}


def test_columns_stand_by_group_then_by_what_a_patient_carries():
    states = {
        ("A", "x", "mutation"): ABSENT, ("B", "x", "mutation"): PRESENT, ("C", "x", "mutation"): NOT_ASSESSABLE,
        ("D", "x", "mutation"): PRESENT, ("E", "x", "mutation"): ABSENT,
    }  # fmt: skip
    group = {"A": EARLY, "B": EARLY, "C": EARLY, "D": POOR, "E": ""}
    states = pd.Series({(a, p): s for (p, a, _), s in states.items()})
    assert portrait_data.column_order(list("EDCBA"), group, ["x"], states) == ["B", "A", "C", "D", "E"]


def test_lines_are_the_primary_family_and_then_what_most_carry():
    calls = pd.DataFrame(
        [("A", "rare", "mutation", PRESENT), ("A", "often", "mutation", PRESENT), ("B", "often", "mutation", PRESENT),
         ("A", "del17p", "copy_number", ABSENT), ("B", "nobody", "mutation", ABSENT), ("B", "t", "translocation", PRESENT)],
        columns=["patient", "abnormality", "kind", "state"],
    )  # fmt: skip
    lines = portrait_data.chosen_lines(calls, ["del17p", "not called"], 3)
    assert [name for name, _, _ in lines] == ["del17p", "often", "rare"]
    lines = portrait_data.chosen_lines(calls, ["del17p"], 9)
    assert [name for name, _, _ in lines] == ["del17p", "t", "often", "rare"]


# The figures of a cohort


def test_counts_of_the_oncoprint_are_those_of_the_comparison(written):
    _, made, cohort = written
    rows = made["oncoprint"]
    compared = cohort.frames["abnormalities_by_group"].set_index("abnormality")
    for name in set(rows["row"]) & set(compared.index):
        for side, group in (("early", EARLY), ("poor", POOR)):
            own = rows[(rows["row"] == name) & (rows["group"] == group)]["state"]
            assert (own == PRESENT).sum() == compared.loc[name, f"{side}_present"]
            assert (own != NOT_ASSESSABLE).sum() == compared.loc[name, f"{side}_assessable"]


def test_lollipops_are_the_variants_of_the_patients_called_mutated(written):
    _, made, cohort = written
    calls, rows = cohort.frames["abnormalities"], made["lollipops"]
    assert len(rows)
    for gene, own in rows.groupby("gene"):
        carriers = calls[(calls["abnormality"] == gene) & (calls["state"] == PRESENT)]
        assert own["patients"].sum() == len(carriers)  # one variant each
        one = cohort.frames["abnormalities_by_group"].set_index("abnormality").loc[gene]
        assert set(own["early_assessable"]) == {one["early_assessable"]}


def test_heatmap_holds_the_genes_found_by_the_test(written):
    _, made, cohort = written
    tested, rows = cohort.frames["expression_early_vs_poor"], made["expression_heatmap"]
    assert set(rows["gene_id"]) <= set(tested[tested["q"] < 0.05]["gene_id"])
    z = rows.groupby("gene_id")["z"]
    assert np.allclose(z.mean(), 0) and np.allclose(z.std(ddof=1), 1)


def test_every_figure_has_its_files_and_every_caption_its_parts(written):
    folder, _, _ = written
    listing = tables.read(folder / "figures.tsv", tables.FIGURES)
    assert list(listing.sort_values("number")["figure"]) == list(portrait.TABLES)
    for row in listing.itertuples():
        for name in row.files.split(";"):
            assert (folder / name).stat().st_size > 100
        assert row.caption and row.n and row.test and row.not_shown


def test_hostile_names_are_text_in_the_figures(written):
    folder, _, _ = written
    for path in (folder / "figures").glob("*.svg"):
        text = path.read_text(encoding="utf-8")
        assert "<script" not in text and "<img" not in text and text.count("<svg") == 1
        assert "<script" not in figures.placed(text, "x", HOSTILE)


def test_the_bundle_draws_every_figure_again_without_the_workflow(written, tmp_path):
    """Byte by byte what the run has drawn, by scripts that import nothing of ours."""
    folder, _, _ = written
    with zipfile.ZipFile(folder / "figures.zip") as packed:
        packed.extractall(tmp_path)
        assert {i.date_time for i in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    for script in (tmp_path / "scripts").glob("*.py"):
        assert "myeloma." not in script.read_text().replace("abnormalities.tsv", "")
    # one interpreter for all, since starting eight takes longer than drawing
    code = (
        "import runpy, sys; sys.path.insert(0, 'scripts'); names = sys.argv[1:]; sys.argv[1:] = []\n"
        "for name in names: runpy.run_path(f'scripts/{name}.py', run_name='__main__')"
    )
    subprocess.run([sys.executable, "-I", "-c", code, *portrait.TABLES], cwd=tmp_path, check=True)
    for name in portrait.TABLES:
        for kind in style.FORMATS:
            ours = (folder / "figures" / f"{name}.{kind}").read_bytes()
            assert (tmp_path / f"{name}.{kind}").read_bytes() == ours, f"{name}.{kind}"


SHAPES = {
    "nobody": {"n": 0, "names": []},
    "one patient": {"n": 1},
    "one group": {"n": 6, "groups": (EARLY,)},
    "no clinical tables": {"n": 6, "clinical": False},
    "no DNA": {"n": 6, "dna": False},
    "no RNA": {"n": 6, "rna": False},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_odd_cohorts_are_drawn_or_say_why_not(shape, project, settings, tmp_path):
    (made, said), _ = portray(project, settings, **SHAPES[shape])
    listing = portrait.listed(made, said).set_index("figure")
    for name, table in portrait.TABLES.items():
        path = tmp_path / f"{name}.tsv"
        tables.write(made[name], path, table)
        text = portrait.draw(name, path, kinds=("svg",))["svg"].decode()
        told = "to draw" in text or "no heatmap" in text
        assert told == (listing.loc[name, "state"] == "empty")
        assert "nan" not in text.lower().replace("enano", "") and "NaN" not in " ".join(
            listing.loc[name].astype(str)
        )


def test_names_of_the_rules_are_those_of_the_module(project):
    text = (project / "workflow/rules/report.smk").read_text()
    named = text.split("PORTRAIT = [")[1].split("]")[0]
    assert [n.strip(' "') for n in named.replace("\n", "").split(",") if n.strip()] == list(portrait.TABLES)


def test_chapter_places_every_figure_with_its_links(written):
    folder, _, _ = written
    made = portrait.chapter(folder)
    assert [f["figure"].name for f in made["figures"]] == [
        f"portrait-{n.replace('_', '-')}" for n in portrait.TABLES
    ]
    for one in made["figures"]:
        assert one["figure"].svg.startswith("<svg") and "Not shown:" in one["figure"].caption
        assert [kind for kind, _ in one["links"]] == ["SVG", "PDF", "PNG", "TSV"]
    assert portrait.chapter(None) == {"figures": [], "bundle": ""}


def test_the_page_holds_the_figures_and_stays_inert(written, project):
    folder, _, cohort = written
    text = build.render(cohort.frames, dataclasses.replace(given(cohort, project), portrait=str(folder)))
    seen = Seen(text)
    assert len(seen.ids) == len(set(seen.ids)) and not seen.handlers
    for name in portrait.TABLES:
        assert f"figure-portrait-{name.replace('_', '-')}" in seen.ids
        assert {f"figures/{name}.{kind}" for kind in ("svg", "pdf", "png", "tsv")} <= set(seen.links)
    assert "figures.zip" in seen.links and HOSTILE not in text


def test_curves_by_abnormality_carry_the_numbers_of_their_table(written):
    _, made, cohort = written
    table = cohort.frames["survival_by_abnormality"].set_index(["endpoint", "abnormality"])
    rows = made["curves_by_abnormality"]
    assert {p.split(" by ")[0] for p in rows["panel"]} == {"TTP", "PFS", "OS"}
    for (panel, stratum), own in rows.groupby(["panel", "stratum"]):
        told = table.loc[tuple(panel.split(" by ", 1))]
        side = {"present": "carrier", "absent": "non_carrier"}[stratum]
        assert own["at_risk"].max() == told[f"{side}s"] == own["patients"].iloc[0]
        assert own["events"].sum() == told[f"{side}_events"]
        # the curve reaches one half where its table has the median
        low = own[own["survival"] <= 0.5 + 1.5e-8]["months"]
        assert np.isnan(told[f"{side}_median_months"]) == low.empty
        assert low.empty or low.min() <= told[f"{side}_median_months"]
    for panel, own in rows.groupby("panel"):
        seen, told = own["log_rank_p"].iloc[0], table.loc[tuple(panel.split(" by ", 1)), "log_rank_p"]
        assert seen == told or np.isnan([seen, told]).all()
