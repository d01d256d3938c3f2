"""Put the report together: tables in, one self-contained HTML file out."""

import base64
import hashlib
import importlib.metadata
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
import yaml
from markupsafe import Markup

from myeloma import __version__, files, idmc, run, tables
from myeloma.report import (
    cells,
    checklist,
    clinical,
    dossier,
    expression_classes,
    implausible,
    markup,
    people,
    pharmacokinetics,
    portrait,
    programmes,
    reproduce,
    risk,
    rna,
    safety,
    sections,
    statistics,
    translocations,
    words,
)
from myeloma.states import EARLY, POOR

HERE = Path(__file__).parent
#: The page in its order: place (id of the section), name in the navigation, template; "" stands in the one before.
#: A new chapter is one line here, its template, and its values in `context`.
CHAPTERS = (
    ("page-one", "Page one", "page_one.html"),
    ("portrait", "Portrait", "portrait.html"),
    ("comparison", "Comparison", "details.html"),
    ("abnormalities", "Abnormalities", ""),
    ("expression", "Expression", ""),
    ("survival", "Response and survival", ""),
    ("safety-chapter", "Safety", "safety.html"),
    ("pharmacokinetics", "Pharmacokinetics", ""),
    ("quality", "Quality", ""),
    ("patients", "Patients", "patients.html"),
    ("statistics", "Statistics", "statistics.html"),
    ("methods", "Methods", "methods.html"),
)
#: The tables the report reads, by the name of their contract.
READ = (
    tables.SAMPLES, tables.IMPLAUSIBLE_VALUES, tables.FLOW, tables.QC, tables.ABNORMALITIES, tables.VISITS, tables.RESPONSE,
    tables.ENDPOINTS, tables.BY_GROUP, tables.EXPRESSION, tables.RATES, tables.SURVIVAL, tables.CURVES,
    tables.SAMPLE_MAP, tables.PURITY, tables.BURDEN, tables.SIGNATURES, tables.SIGNATURES_BY_GROUP,
    tables.EXPOSURE, tables.DOSE_CHANGES, tables.AE_BY_TERM, tables.AE_SUMMARY, tables.LABORATORY_GRADES,
    tables.LABORATORY_BY_TERM, tables.IDMC_CUTS, tables.IDMC,
    tables.TRACKS, tables.MARKERS, tables.GROUPS_BY_DEFINITION, tables.ENDPOINT_RESULTS, tables.INCIDENCE,
    tables.EXPRESSION_ANALYSES, tables.GENE_SETS,
    tables.FISH_CONCORDANCE, tables.FISH_AGREEMENT, tables.IDENTITY, tables.CONTAMINATION,
    tables.TC_CLASSES, tables.SCORES, tables.SPLICING, tables.PATHWAY,
    tables.PK_INDIVIDUAL, tables.PK_CONCENTRATIONS, tables.PK_POPULATION, tables.PK_VPC, tables.EXPOSURE_RESPONSE,
    tables.TRANSLOCATIONS, tables.FUSIONS,
    tables.RNA_PURITY, tables.PC_ASSOCIATIONS, tables.PARTNERS,
    tables.RISK, tables.RISK_STRATA, tables.LEVEL_TESTS,
    tables.TABLE1, tables.RESPONSE_BY_ABNORMALITY, tables.SURVIVAL_BY_ABNORMALITY, tables.ADJUSTED, tables.INTERACTIONS,
    tables.ABNORMALITY_SENSITIVITY, tables.COOCCURRENCE, tables.BURDEN_BY_GROUP, tables.EFFECT_SIZES,
)  # fmt: skip
TOOLS = (
    ("samtools", "--version"),
    ("bcftools", "--version"),
    ("fastp", "--version"),
    ("mosdepth", "--version"),
    ("delly", "--version"),
    ("STAR", "--version"),
    ("salmon", "--version"),
    ("gatk", "--version"),
    ("snpEff", "-version"),
)
#: How each aligner is asked for its version; bwa says it among its usage, in a line "Version: ".
ALIGNERS = {"bwa": ("bwa",), "bwa-mem2": ("bwa-mem2", "version"), "bwa-mem4": ("bwa-mem4", "version")}
ELSEWHERE = "runs in another environment"
PACKAGES = (
    "snakemake",
    "numpy",
    "pandas",
    "scipy",
    "greenwood",
    "pydeseq2",
    "gseapy",
    "scanpy",
    "matplotlib",
    "pysam",
    "cyvcf2",
)


@dataclass(frozen=True)
class Given:
    """What the report says beside the tables: patients' columns, config, where it was made."""

    patients: Sequence[Mapping[str, Any]]
    config: Mapping[str, Any]
    made: Mapping[str, str]
    links: Mapping[str, str] = field(default_factory=dict)
    expression_note: str = ""
    copy_plots: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    evidence: Mapping[str, str] = field(default_factory=dict)  # patient -> address of the page with its reads
    records: dossier.Records = field(default_factory=dossier.Records)
    plan: str = ""  # text of docs/analysis-plan.md
    inputs: Sequence[Mapping[str, Any]] = ()  # reproduce.sizes
    benchmarks: Sequence[Mapping[str, Any]] = ()  # reproduce.benchmarks
    config_files: Sequence[str] = ()
    portrait: str | None = None  # folder in which portrait.write left its files; None: no chapter


#: More patients with a copy-number plot than this: the page links to the files instead of holding them.
MOST_EMBEDDED = 40


def copy_plots(paths: Mapping[str, str], page: str) -> dict[str, dict[str, str]]:
    """Patient -> `link` (relative to the page) of the plot, and `image` (data URI) while they are few."""
    made = {}
    for patient, path in paths.items():
        made[patient] = {"link": os.path.relpath(path, Path(page).parent), "image": ""}
        if len(paths) <= MOST_EMBEDDED:
            data = base64.b64encode(Path(path).read_bytes()).decode()
            made[patient]["image"] = f"data:image/svg+xml;base64,{data}"
    return made


def read_tables(paths: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    """Contract name -> frame, of every table the report reads."""
    return {table.name: tables.read(paths[table.name], table) for table in READ}


def provenance(project: Path, aligner: str, tools: Sequence[Sequence[str]] = TOOLS) -> dict[str, Any]:
    """Versions of workflow, tools and packages, as far as this environment knows them."""
    packages = {}
    for name in PACKAGES:
        try:
            packages[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            packages[name] = ELSEWHERE
    told = {name: v if v != "not installed" else ELSEWHERE for name, v in run.provenance(tools).items()}
    told = {aligner: aligner_version(aligner)} | told
    return {
        "date": today(),
        "version": __version__,
        "commit": commit(project),
        "tools": told,
        "packages": packages,
    }


def aligner_version(aligner: str) -> str:
    """Version of the aligner chosen by the config."""
    try:
        done = subprocess.run(ALIGNERS[aligner], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        return ELSEWHERE
    lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    named = [line for line in lines if line.startswith("Version:")]
    return (named or lines or ["no answer"])[0].removeprefix("Version:").strip()


def commit(project: Path) -> str:
    """Short commit of the project, with + when files differ from it; "unknown" outside of git."""
    seen = []
    for asked in (("rev-parse", "--short", "HEAD"), ("status", "--porcelain", "--untracked-files=no")):
        try:
            done = subprocess.run(["git", "-C", str(project), *asked], capture_output=True, text=True)
        except FileNotFoundError:
            return "unknown"
        if done.returncode:
            return "unknown"
        seen.append(done.stdout.strip())
    return seen[0] + ("+" if seen[1] else "")


def today() -> str:
    """Day of making, UTC."""
    return datetime.now(UTC).date().isoformat()


def render(seen: dict[str, Any], given: Given) -> str:
    """The whole page as text. Everything from a table or sheet is escaped by the templates."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["group"] = words.group
    environment.filters["genes"] = words.italic_genes
    environment.filters["months"] = words.months
    environment.filters["count"] = words.count
    environment.globals["table_markup"] = markup.table
    script, library, style = (
        (HERE / "templates" / name).read_text(encoding="utf-8")
        for name in ("page.js", "write-excel-file.min.js", "style.css")
    )
    allowed = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'"
        for s in (library, script)
    )
    with words.saying(given.config):
        values = context(seen, given)
    page = values | {
        "script": Markup(script),  # our own files, not text of a sheet
        "library": Markup(library),
        "style": Markup(style),
        "policy": f"default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; script-src {allowed}; "
        # the writer of workbooks packs large tables in a worker made from its own text
        "worker-src blob:; "
        # a mark in the folder of the reads says that it is there; nothing else is loaded
        "frame-src 'self' file:; "
        "base-uri 'none'; form-action 'none'",
    }
    return environment.get_template("report.html").render(page)


def context(seen: dict[str, Any], given: Given) -> dict[str, Any]:
    """Everything the templates place."""
    config = given.config
    whole = {**seen, "rule_set": config["endpoints"]["rule_set"]}
    # samples are judged, and a patient's own page is written, whether enrolled at the data cut or not; all that
    # counts patients knows the enrolled only
    seen = sections.of_enrolled(whole)
    alpha = config["comparison"]["alpha"]
    patients = [p["patient"] for p in given.patients]
    anchors = cells.Anchors(patients)
    who = people.People(anchors)
    behind = people.Behind(seen, who)
    box = sections.boxes(seen["flow"], seen["response"])
    box = {name: replace(b, place=who.place(b.title, b.patients)) for name, b in box.items()}
    rows = sections.comparison_rows(seen["abnormalities_by_group"], alpha)
    kinds = dict(zip(seen["abnormalities"]["abnormality"], seen["abnormalities"]["kind"], strict=True))
    kinds = {r["abnormality"]: kinds[r["abnormality"]] for r in rows if r["abnormality"] in kinds}
    rules = sorted(set(seen["abnormalities_by_group"]["rule"]))
    rule = rules[0] if rules else "no groups"
    primary = config["comparison"]["primary_family"]
    page = {
        "title": config["report"]["title"],
        "trial": config["trial"],
        "made": given.made,
        "prepared_by": config["report"].get("prepared_by", ""),
        "links": given.links,
        "cut": idmc.told_cut(
            config["trial"].get("data_cut", ""), seen["endpoints"], seen["visits"], seen["idmc_cuts"]
        ),
        "patients": patients,
        "anchors": anchors,
        "box": box,
        "sides": {EARLY: "early", POOR: "poor"},
        "rule": rule,
        "alpha": alpha,
        "level": words.level(),
        "safety_level": words.level("safety"),
        "power": words.power(),
        "ttp": sections.time_to_progression(seen),
        "response": sections.response(seen, behind),
        "forest": sections.forest(rows, seen, rule, primary, behind),
        "tested": sum(r["tested"] == "yes" for r in rows),
        "findings": sections.findings(rows, alpha),
        "caveats": sections.caveats(rows, seen, box, config),
        "comparison": sections.comparison_table("comparison", rows, behind),
        "by_abnormality": sections.survival_by_abnormality(rows, seen),
        "matrix": sections.matrix(
            seen, anchors, sections.in_matrix(seen["abnormalities"], list(kinds), primary), kinds
        ),
        "frequencies": sections.frequencies(seen, kinds, behind),
        "burden": sections.burden(seen, anchors),
        "signatures": sections.signatures(seen, anchors),
        "expression": sections.expression(
            seen, alpha, config["comparison"]["small_group_for_expression"], given.expression_note
        ),
        "expression_classes": expression_classes.chapter(seen, anchors),
        "portrait": portrait.chapter(given.portrait),
        "programmes": programmes.chapter(seen, alpha),
        "risk": risk.chapter(seen, anchors),
        "rna": rna.chapter(seen, anchors),
        "landmark": sections.landmark(seen, box["landmark"], config["groups"]["landmark_days"]),
        "safety": safety.chapter(seen, anchors, config),
        "clinical": clinical.chapter(seen, given.patients, anchors, config),
        "survival": sections.survival_table(seen, {r["abnormality"]: r["label"] for r in rows}, behind),
        "pharmacokinetics": pharmacokinetics.chapter(seen, anchors, config),
        "gates": sections.lamps(whole),
        "quality": sections.quality(whole, anchors),
        "purity": sections.purity(whole, anchors),
        "copy_plots": given.copy_plots,
        "translocations": translocations.chapter(seen, anchors),
        "fish": sections.fish(seen, anchors),
        "fish_agreement": sections.fish_agreement(seen),
        "identity": sections.identity(whole),
        "implausible": implausible.section(whole, anchors),
        "evidence": given.evidence,
        "index": sections.patients_index(seen, anchors, patients, given.evidence),
        "dossiers": dossier.dossiers(whole, anchors, given.patients, kinds, given.records, config),
        "statistics": statistics.chapter(seen, config),
        "remark": checklist.remark(_places()),
        "missing": checklist.missing(seen, given.patients, who),
        "plan": given.plan,
        "gates_shown": reproduce.gates(whole["qc"]),
        "inputs": reproduce.inputs(given.inputs),
        "run_times": reproduce.run_times(given.benchmarks),
        "files": reproduce.files_by_stage(),
        "command": reproduce.command(given.config_files, given.made["commit"]),
        "chapters": [(place, name) for place, name, _ in CHAPTERS],
        "templates": [template for *_, template in CHAPTERS if template],
        "config_text": yaml.safe_dump(_plain(config), sort_keys=True, allow_unicode=True, width=100),
        "groups": config["groups"],
    }
    genes = (
        list(dict.fromkeys(row[0].text for row in page["expression"]["genes"].rows))
        if page["expression"]["genes"]
        else []
    )
    page["people"] = {
        "find": people.findable(patients, anchors, rows, behind, genes),
        "evidence": bool(given.evidence),
    } | {"sets": who.sets()}  # last: the search names sets of its own
    return page


def _places() -> set[str]:
    """Ids that the templates set, whatever the tables hold."""
    found = set()
    for path in (HERE / "templates").glob("*.html"):
        found |= set(re.findall(r'id="([a-z][a-z0-9-]*)"', path.read_text(encoding="utf-8")))
    return found


def _plain(value: Any) -> Any:
    """Mappings and lists of any class as dict and list, for YAML."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value


def write(paths: Mapping[str, str], given: Given, output: str) -> None:
    """Read the tables, render, write the page whole."""
    text = render(read_tables(paths), given)
    with files.whole(output) as private:
        private.write_text(text, encoding="utf-8")
