"""Genomic calls as given: what decides their state, and what becomes of them beside derived ones."""

from datetime import date

import pandas as pd
import pytest
import yaml
from small_trial import Trial

from myeloma import cbioportal, double_hits, given_calls, given_checks, sheets, tables
from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT

COPIES = {"gain_copies": 3, "amp_copies": 4, "min_clonal_fraction": 0.20}


@pytest.fixture
def rules(project):
    return yaml.safe_load((project / "config/config.yaml").read_text())["abnormalities"]


def sheet(*rows):
    names = list(sheets.schema("calls")["properties"])
    blank = dict.fromkeys(names, "") | dict.fromkeys(("copies", "percent", "cutoff_percent", "date"))
    made = [blank | {"patient": "P"} | row | {"sheet_line": i} for i, row in enumerate(rows, 2)]
    return pd.DataFrame(made, columns=[*names, "sheet_line"])


def read(*rows, **more):
    return given_calls.read(sheet(*rows), "calls.tsv", COPIES, **more)


def table(*rows, patients=("P",)):
    blank = dict.fromkeys(("sample", "value", "threshold", "reason", "evidence"), "")
    made = [blank | {"patient": p, "kind": "mutation"} | row for p in patients for row in rows]
    return tables.conform(pd.DataFrame(made), tables.ABNORMALITIES)


def row_of(made, name, patient="P"):
    return made[(made["patient"] == patient) & (made["abnormality"] == name)].iloc[0]


@pytest.mark.parametrize(
    ("copies", "gain", "amp"), [(2, ABSENT, ABSENT), (3, PRESENT, ABSENT), (4, PRESENT, PRESENT)]
)
def test_copies_decide_gain_and_amplification(copies, gain, amp):
    made = read({"abnormality": "gain1q", "copies": copies, "method": "FISH", "date": date(2021, 2, 3)})
    assert made["P", "gain1q"].state == gain and made["P", "amp1q"].state == amp
    assert made["P", "gain1q"].threshold == ">= 3 copies" and made["P", "amp1q"].threshold == ">= 4 copies"
    assert made["P", "amp1q"].record == "given: calls.tsv:2, FISH, 2021-02-03"


def test_a_row_of_its_own_goes_before_what_copies_of_the_region_say():
    made = read({"abnormality": "gain1q", "copies": 4}, {"abnormality": "amp1q", "state": "not_assessable"})
    assert made["P", "amp1q"].state == NOT_ASSESSABLE


@pytest.mark.parametrize(("percent", "state"), [(19.9, ABSENT), (20, PRESENT)])
def test_percent_counts_from_the_limit_of_the_laboratory_on(percent, state):
    made = read({"abnormality": "del17p", "percent": percent, "cutoff_percent": 20})["P", "del17p"]
    assert made.state == state and made.threshold == ">= 20 % of cells" and "method not given" in made.record


@pytest.mark.parametrize(
    ("name", "percent", "cutoff", "state"),
    [
        ("del17p", 6, 5, NOT_ASSESSABLE),  # positive for the laboratory only
        ("del17p", 4, 5, ABSENT),
        ("del17p", 20, 5, PRESENT),
        ("del13q", 6, 5, PRESENT),
    ],
)
def test_del17p_of_few_cells_is_not_that_of_the_rule(name, percent, cutoff, state):
    made = read({"abnormality": name, "percent": percent, "cutoff_percent": cutoff})["P", name]
    assert made.state == state
    assert ("below the 20 % of the IMS 2025 rule" in made.record) == (state == NOT_ASSESSABLE)
    assert made.threshold == (">= 20 % of cells" if name == "del17p" else ">= 5 % of cells")
    said = read({"abnormality": name, "percent": percent, "state": PRESENT})["P", name]
    assert said.state == (NOT_ASSESSABLE if name == "del17p" and percent < 20 else PRESENT)


def test_an_old_call_is_no_baseline_but_a_founding_event_stays():
    old = {"state": PRESENT, "date": date(2021, 1, 1)}
    rows = [{"abnormality": "del17p"} | old, {"abnormality": "t(4;14)"} | old]
    found = read(*rows, starts={"P": date(2021, 5, 1)}, max_days=90, lasting={"t(4;14)"})
    assert found["P", "del17p"].state == NOT_ASSESSABLE and found["P", "t(4;14)"].state == PRESENT
    assert "120 days before C1D1, more than 90" in found["P", "del17p"].record
    assert found["P", "t(4;14)"].record.endswith("120 days before C1D1")
    limit = read(*rows, starts={"P": date(2021, 4, 1)}, max_days=90)  # 90 days: at most
    assert limit["P", "del17p"].state == PRESENT


NOTHING = {"abnormality": "KRAS", "state": NOT_ASSESSABLE, "reason": "no tumour exome in the analysis"}


@pytest.mark.parametrize("mode", ["fill", "prefer"])
def test_a_given_call_stands_where_nothing_was_derived(rules, mode):
    given = read({"abnormality": "KRAS", "state": PRESENT, "value": "p.Gly12Asp", "method": "panel"})
    made = row_of(given_calls.apply(table(NOTHING), given, mode, rules, ["P"]), "KRAS")
    assert made["state"] == PRESENT and made["value"] == "p.Gly12Asp"
    assert made["evidence"] == "given: calls.tsv:2, panel"
    assert "no tumour exome" in made["reason"]


def test_compare_uses_none_and_shows_it(rules):
    given = read({"abnormality": "KRAS", "state": PRESENT})
    made = row_of(given_calls.apply(table(NOTHING), given, "compare", rules, ["P"]), "KRAS")
    assert (
        made["state"] == NOT_ASSESSABLE and "calls.tsv:2" in made["reason"] and "not used" in made["reason"]
    )


DERIVED = {"abnormality": "KRAS", "state": PRESENT, "value": "p.Gly12Asp", "evidence": "chr12:1"}


@pytest.mark.parametrize(("mode", "state"), [("fill", PRESENT), ("prefer", ABSENT), ("compare", PRESENT)])
def test_a_conflict_is_never_silent(rules, mode, state):
    given = read({"abnormality": "KRAS", "state": ABSENT, "method": "PCR"})
    made = row_of(given_calls.apply(table(DERIVED), given, mode, rules, ["P"]), "KRAS")
    assert made["state"] == state and made["reason"].startswith("conflict: ")
    assert ("derived present" in made["reason"]) == (mode == "prefer")
    assert made["evidence"] == ("given: calls.tsv:2, PCR" if mode == "prefer" else "chr12:1")


def test_a_given_not_assessable_never_takes_a_derived_call_away(rules):
    given = read({"abnormality": "KRAS", "state": NOT_ASSESSABLE})
    made = row_of(given_calls.apply(table(DERIVED), given, "prefer", rules, ["P"]), "KRAS")
    assert made["state"] == PRESENT and "decides nothing" in made["reason"]


def test_an_unknown_name_is_a_row_of_everybody_and_not_assessable_without_its_own(rules):
    given = read({"abnormality": "KMT2D", "kind": "mutation", "state": PRESENT})
    made = given_calls.apply(table(DERIVED, patients=("P", "Q")), given, "fill", rules, ["P", "Q"])
    assert row_of(made, "KMT2D")["state"] == PRESENT
    assert row_of(made, "KMT2D", "Q")["state"] == NOT_ASSESSABLE
    assert len(made) == 4


def family(**states):
    members = [dict(NOTHING, abnormality=name) for name in ("KRAS", "NRAS", "BRAF")]
    return table(
        *members,
        {
            "abnormality": "RAS_RAF_mutation",
            "state": NOT_ASSESSABLE,
            "kind": "combined",
            "reason": "KRAS: no exome",
        },
    )


def test_families_follow_from_given_members(rules):
    def state(**states):
        rows = [{"abnormality": name, "state": one} for name, one in states.items()]
        return row_of(given_calls.apply(family(), read(*rows), "fill", rules, ["P"]), "RAS_RAF_mutation")[
            "state"
        ]

    assert state(NRAS=PRESENT) == PRESENT
    assert state(NRAS=ABSENT) == NOT_ASSESSABLE
    assert state(KRAS=ABSENT, NRAS=ABSENT, BRAF=ABSENT) == ABSENT


def test_three_absent_myc_partners_are_no_absent_rearrangement(rules):
    blank = dict(NOTHING, kind="translocation")
    rows = table(*(dict(blank, abnormality=n) for n in (*rules["myc_translocations"], "MYC_rearrangement")))
    absent = read(*({"abnormality": n, "state": ABSENT} for n in rules["myc_translocations"]))
    made = given_calls.apply(rows, absent, "fill", rules, ["P"])
    assert row_of(made, "MYC_rearrangement")["state"] == NOT_ASSESSABLE
    one = given_calls.apply(rows, read({"abnormality": "t(8;14)", "state": PRESENT}), "fill", rules, ["P"])
    assert row_of(one, "MYC_rearrangement")["state"] == PRESENT


def beside(rules, mode, derived, *given):
    """Name -> row, after the given calls; derived: name -> state, or (state, value)."""
    rows = [
        {"abnormality": n, "evidence": "derived", "reason": "none seen" if one == NOT_ASSESSABLE else ""}
        | ({"state": one} if isinstance(one, str) else dict(zip(("state", "value"), one, strict=True)))
        for n, one in derived.items()
    ]
    made = given_calls.apply(table(*rows), read(*given), mode, rules, ["P"])
    return {row["abnormality"]: row for row in made.to_dict("records")}


def call(name, state):
    return {"abnormality": name, "state": state}


def test_under_prefer_a_family_never_contradicts_its_members(rules):
    genes = dict.fromkeys(("KRAS", "NRAS", "BRAF", "RAS_RAF_mutation"), ABSENT)
    made = beside(rules, "prefer", genes, call("KRAS", PRESENT))["RAS_RAF_mutation"]
    assert made["state"] == PRESENT and "conflict: was absent" in made["reason"]
    hit = genes | {"KRAS": PRESENT, "RAS_RAF_mutation": (PRESENT, "KRAS p.Gly12Asp")}
    made = beside(rules, "prefer", hit, call("KRAS", ABSENT))["RAS_RAF_mutation"]
    assert made["state"] == ABSENT and "conflict: was present (KRAS p.Gly12Asp)" in made["reason"]
    two = hit | {"NRAS": NOT_ASSESSABLE}
    assert beside(rules, "prefer", two, call("KRAS", ABSENT))["RAS_RAF_mutation"]["state"] == NOT_ASSESSABLE
    # the family is given and a derived member says otherwise
    made = beside(rules, "prefer", hit, call("RAS_RAF_mutation", ABSENT))["RAS_RAF_mutation"]
    assert made["state"] == NOT_ASSESSABLE and "given as absent, but KRAS present" in made["reason"]


def test_under_prefer_myc_follows_its_partners(rules):
    partners = [*rules["myc_translocations"], "MYC_rearrangement"]
    none = dict.fromkeys(partners, ABSENT)
    made = beside(rules, "prefer", none, call("t(8;14)", PRESENT))["MYC_rearrangement"]
    assert made["state"] == PRESENT and "conflict: was absent" in made["reason"]
    one = none | {"t(8;14)": PRESENT, "MYC_rearrangement": PRESENT}
    made = beside(rules, "prefer", one, call("t(8;14)", ABSENT))["MYC_rearrangement"]
    assert made["state"] == NOT_ASSESSABLE  # what it rested on is gone, another partner may be there
    other = none | {"MYC_rearrangement": PRESENT}
    assert beside(rules, "prefer", other, call("t(8;14)", ABSENT))["MYC_rearrangement"]["state"] == PRESENT


@pytest.mark.parametrize("part, whole", [("amp1q", "gain1q"), ("biallelic_del1p32", "del1p32")])
def test_what_lies_within_another_agrees_with_it(rules, part, whole):
    for mode, derived in (("fill", NOT_ASSESSABLE), ("prefer", ABSENT)):
        made = beside(rules, mode, {part: derived, whole: derived}, call(part, PRESENT))
        assert made[whole]["state"] == PRESENT and f"{part} is given as present" in made[whole]["reason"]
        assert ("conflict: was absent" in made[whole]["reason"]) == (mode == "prefer")
    for mode, derived in (("fill", NOT_ASSESSABLE), ("prefer", PRESENT)):
        made = beside(rules, mode, {part: derived, whole: derived}, call(whole, ABSENT))
        assert made[part]["state"] == ABSENT and f"{whole} is given as absent" in made[part]["reason"]
    # fill never overrules what was derived: the given call gives way
    made = beside(rules, "fill", {part: NOT_ASSESSABLE, whole: ABSENT}, call(part, PRESENT))
    assert (made[part]["state"], made[whole]["state"]) == (NOT_ASSESSABLE, ABSENT)
    assert f"but {whole} is derived as absent" in made[part]["reason"]
    made = beside(rules, "prefer", {part: ABSENT, whole: ABSENT}, call(part, PRESENT), call(whole, ABSENT))
    assert made[part]["state"] == made[whole]["state"] == NOT_ASSESSABLE


def test_a_double_hit_is_open_where_a_given_call_contradicts_it(rules):
    hit = {"TP53": PRESENT, "del17p": PRESENT, "biallelic_TP53": (PRESENT, "mutation present, loss present")}
    for name in ("TP53", "del17p"):
        made = beside(rules, "prefer", hit, call(name, ABSENT))["biallelic_TP53"]
        assert made["state"] == NOT_ASSESSABLE and f"contradicted by {name} absent" in made["reason"]
    twice = hit | {"biallelic_TP53": (PRESENT, "mutation present, 2 mutations, phase unknown, loss present")}
    assert beside(rules, "prefer", twice, call("del17p", ABSENT))["biallelic_TP53"]["state"] == PRESENT
    none = {"TP53": PRESENT, "del17p": ABSENT, "biallelic_TP53": ABSENT}
    assert beside(rules, "prefer", none, call("del17p", PRESENT))["biallelic_TP53"]["state"] == NOT_ASSESSABLE
    assert beside(rules, "prefer", none, call("TP53", PRESENT))["biallelic_TP53"]["state"] == ABSENT
    own = beside(rules, "fill", {"TP53": ABSENT, "del17p": ABSENT}, call("biallelic_TP53", PRESENT))
    assert own["biallelic_TP53"]["state"] == NOT_ASSESSABLE


def test_the_deletions_of_double_hits_are_those_of_the_regions(project, rules):
    regions = pd.read_csv(project / "resources/regions_grch38.tsv", sep="\t", comment="#", dtype=str).fillna(
        ""
    )
    places = double_hits.gene_places(
        pd.DataFrame(columns=["gene_name"]),
        regions.astype({"start": int, "end": int}),
        rules["biallelic_genes"],
    )
    assert {gene: at[3] for gene, at in places.items()} == given_calls.DELETION_OF


def test_what_is_dated_after_the_start_is_no_baseline_and_after_the_cut_is_not_known():
    rows = [{"abnormality": "KRAS", "state": PRESENT, "date": date(2021, 5, 2)}]
    later = read(*rows, starts={"P": date(2021, 5, 1)})["P", "KRAS"]
    assert later.state == NOT_ASSESSABLE and "after C1D1 2021-05-01: not the baseline" in later.record
    assert read(*rows, starts={"P": date(2021, 5, 2)})["P", "KRAS"].state == PRESENT
    assert read(*rows, cut=date(2021, 5, 1)) == {}


def test_nothing_given_changes_nothing(rules):
    rows = table(DERIVED, dict(NOTHING, abnormality="NRAS"))
    assert given_calls.apply(rows, {}, "fill", rules, ["P"]).equals(rows)
    with pytest.raises(ValueError, match=r"entry.given_calls.*first"):
        given_calls.apply(rows, {}, "first", rules, ["P"])


# ---------------------------------------------------------------- the sheet


@pytest.mark.parametrize(
    ("cells", "field", "said"),
    [
        ({"abnormality": "del17"}, "abnormality", "unknown abnormality"),
        ({"abnormality": "del17p"}, "state", "nothing says"),
        ({"abnormality": "del17p", "percent": "30"}, "state", "nothing says"),
        ({"abnormality": "gain1q", "copies": "2", "state": "present"}, "state", "contradicts itself"),
        (
            {"abnormality": "del17p", "percent": "5", "cutoff_percent": "20", "state": "present"},
            "state",
            "contradicts",
        ),
        ({"abnormality": "TP53", "kind": "mutation", "state": "present"}, "kind", "TP53 is known"),
        ({"abnormality": "KRAS", "state": "positive"}, "state", "not an allowed value"),
    ],
)
def test_rows_that_say_nothing_clear_are_refused(project, tmp_path, cells, field, said):
    trial = Trial(tmp_path, project)
    trial.add("calls", patient="P02", **({"state": "present"} if field == "abnormality" else {}), **cells)
    problems = [p for p in trial.problems() if p.field == field]
    assert len(problems) == 1 and said in problems[0].message
    if field == "abnormality":
        assert "did you mean del17p?" in problems[0].fix


def test_a_new_name_with_its_kind_is_allowed_and_each_once(project, tmp_path):
    trial = Trial(tmp_path, project)
    trial.add("calls", patient="P02", abnormality="KMT2D", kind="mutation", state="absent")
    assert trial.load().sheet_frame(None, "calls")["abnormality"].tolist() == ["del17p", "KMT2D"]
    trial.add("calls", patient="P02", abnormality="KMT2D", kind="mutation", state="present")
    assert "as in line 3" in trial.the_problem().message


@pytest.fixture
def trial(tmp_path, project):
    return Trial(tmp_path, project)


@pytest.mark.parametrize(
    "name, other",
    [("DEL17P", "del17p"), ("t-4-14", "t(4;14)"), ("dna usable", "the sample attribute DNA_USABLE")],
)
def test_a_new_name_that_the_export_could_not_tell_from_another_is_refused_at_once(trial, name, other):
    trial.set("calls", 2, "abnormality", name)
    trial.set("calls", 2, "kind", "copy_number")
    problem = trial.the_problem()
    assert (problem.file, problem.line, problem.field) == ("calls.tsv", 2, "abnormality")
    assert problem.message.startswith(f"is the same as {other} where only letters and digits count")


def test_a_new_name_of_its_own_passes_and_one_of_signs_alone_does_not(trial):
    trial.set("calls", 2, "abnormality", "del(17p) by array")
    trial.set("calls", 2, "kind", "copy_number")
    trial.load()
    trial.set("calls", 2, "abnormality", "+")
    assert trial.the_problem().message == "has no letter and no digit"


def test_names_that_the_export_gives_a_sample_are_known_to_the_check():
    assert set(given_checks.ATTRIBUTES) == set(cbioportal.SAMPLE)
