"""The config against its schema: unknown keys, types, ranges, and files it names that are not there."""

import functools
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from jsonschema import Draft202012Validator

from myeloma.settings import AUTO, Settings
from myeloma.sheets import Problem, check_date, nearest, schema

REFERENCE_FILES = (
    "fasta",
    "gtf",
    "germline",
    "common_sites",
    "panel_of_normals",
    "cytobands",
    "regions",
    "arms",
    "hotspots",
    "drivers",
)
UNKNOWN_KEY = "unknown key"
# Names the abnormality table gives beside the regions and the translocations of the config.
DERIVED_ABNORMALITIES = ("amp1q", "hyperdiploidy", "biallelic_TP53", "MYC_rearrangement")


def section(settings: Settings, name: str) -> Mapping[str, Any]:
    """A section of the config; {} where it is missing or not a mapping (the check names that)."""
    value = settings.values.get(name)
    return value if isinstance(value, Mapping) else {}


def whole_number(settings: Settings, name: str, key: str, default: int) -> int:
    """A whole number of the config; `default` where it is missing or wrong (the check names that)."""
    value = section(settings, name).get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def abnormality_names(settings: Settings) -> set[str]:
    """Names of abnormalities that FISH rows may use: regions, translocations, families of the config."""
    names = set(DERIVED_ABNORMALITIES)
    copies = section(settings, "copy_number")
    names.update(f"trisomy{name}" for name in copies.get("hyperdiploid_chromosomes") or [])
    names.update(f"monosomy{name}" for name in copies.get("monosomies") or [])
    names.update(section(settings, "comparison").get("primary_family") or [])
    for key in ("translocations", "myc_translocations"):
        names.update(section(settings, "abnormalities").get(key) or {})
    path = section(settings, "reference").get("regions")
    path = settings.workdir / settings.reference("regions") if isinstance(path, str) and path else ""
    if path and os.path.isfile(path):
        with open(path, encoding="utf-8-sig") as handle:
            header = handle.readline().rstrip("\r\n").split("\t")
            rows = [dict(zip(header, line.rstrip("\r\n").split("\t"), strict=False)) for line in handle]
        names.update(r["name"] for r in rows if r.get("kind") == "copy_number" and r.get("name"))
    return {str(name) for name in names}


def call_names(settings: Settings) -> set[str]:
    """Names of the abnormality table that rows of calls.tsv may use: those of FISH, genes, double hits, exons."""
    rules = section(settings, "abnormalities")
    names = abnormality_names(settings)
    for key in ("mutation_genes", "crbn_pathway_genes", "biallelic_genes"):
        names.update(rules.get(key) or [])
    names.update(f"biallelic_{gene}" for gene in rules.get("biallelic_genes") or [])
    copies, splicing = section(settings, "copy_number"), section(settings, "splicing")
    names.update(f"biallelic_{name}" for name in copies.get("biallelic") or [])
    names.update(f"cnloh_{arm}" for arm in copies.get("cnloh_arms") or [])
    names.update(event["name"] for event in splicing.get("events") or [] if "name" in event)
    return {str(name) for name in names}


def check_config(settings: Settings, check_files: bool, needs_genome: bool = True) -> list[Problem]:
    """All problems of the config; a cohort without samples, or with tables alone, needs no genome."""
    problems = [p for p in _against(settings.values, schema("config"), "") if not _has_default(p, settings)]
    reference = section(settings, "reference")
    if needs_genome and not reference.get("fasta") and reference.get("download") is not True:
        fix = "give the path of the genome (.fa or .fa.gz), or set reference.download: true"
        problems.append(Problem("config", 0, "reference.fasta", "", "is not given", fix))
    build = reference.get("build")
    if reference.get("download") is True and build not in ("GRCh38", "hg38"):
        fix = "give paths for another build, or set reference.build: GRCh38"
        problems.append(Problem("config", 0, "reference.download", "true", f"build is {build}", fix))
    if section(settings, "expression").get("fusion_caller") == "arriba" and not reference.get("gtf"):
        fix = "give reference.gtf, or set expression.fusion_caller: star_junctions"
        problems.append(Problem("config", 0, "expression.fusion_caller", "arriba", "needs a GTF", fix))
    cut = section(settings, "trial").get("data_cut")
    if cut and isinstance(cut, str):
        _, message, fix = check_date(cut)
        if message:
            problems.append(Problem("config", 0, "trial.data_cut", cut, message, fix))
    if check_files:
        problems += _files(settings)
    return [_placed(p, settings) for p in problems]


def _placed(problem: Problem, settings: Settings) -> Problem:
    """The problem with the config file and line that set its key: the user's last file before the project's."""
    own = str(settings.project / "config" / "config.yaml")
    given = [str(path) for path in settings.config_files]
    for path in [*(p for p in reversed(given) if p != own), own]:
        line = _line_of(path, tuple(problem.field.split("."))) if path in given else 0
        if line:
            return replace(problem, file=path, line=line)
    return problem


def _line_of(path: str, keys: tuple[str, ...]) -> int:
    """Line of a key in a YAML file, 0 when the file does not set it."""
    import yaml

    try:
        with open(path, encoding="utf-8") as handle:
            node, line = yaml.compose(handle), 0
    except (OSError, yaml.YAMLError):
        return 0
    for key in keys:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        found = [(k, v) for k, v in pairs if k.value == key]
        if not found:
            return 0
        line, node = found[-1][0].start_mark.line + 1, found[-1][1]
    return line


def _has_default(problem: Problem, settings: Settings) -> bool:
    """Is this "unknown" key one that config/config.yaml lists? Then the schema lags behind, not the user."""
    path = settings.project / "config" / "config.yaml"
    if problem.message != UNKNOWN_KEY or not path.is_file():
        return False
    part = _defaults(str(path))
    for name in problem.field.split("."):
        if not isinstance(part, Mapping) or name not in part:
            return False
        part = part[name]
    return True


@functools.cache
def _defaults(path: str) -> Any:
    import yaml

    with open(path, encoding="utf-8") as handle:
        return yaml.safe_load(handle)


def _files(settings: Settings) -> Iterable[Problem]:
    """Files that the config names and that are not there: a slip, never a switch."""
    named = [(f"reference.{n}", section(settings, "reference").get(n)) for n in REFERENCE_FILES]
    for kit, entry in section(settings, "kits").items():
        if isinstance(entry, Mapping):
            named += [
                (f"kits.{kit}.{n}", entry.get(n))
                for n in ("targets", "baits", "panel_of_normals", "copy_number_panel")
            ]
    named.append(("safety.laboratory_limits", section(settings, "safety").get("laboratory_limits")))
    named.append(("expression.partner_reference", section(settings, "expression").get("partner_reference")))
    named.append(("risk.file", section(settings, "risk").get("file")))
    named.append(("scores.file", section(settings, "scores").get("file")))
    arriba = section(settings, "expression").get("arriba")
    for name in ("blacklist", "known_fusions", "protein_domains"):
        named.append((f"expression.arriba.{name}", arriba.get(name) if isinstance(arriba, Mapping) else ""))
    sets = section(settings, "expression").get("gene_sets")
    named += [("expression.gene_sets", path) for path in (sets if isinstance(sets, list) else [])]
    named.append(("rna_quality.non_b_genes", section(settings, "rna_quality").get("non_b_genes")))
    for key, value in named:
        if key in ("reference.regions", "reference.arms") and value == AUTO:
            continue
        if isinstance(value, str) and value and not (settings.workdir / settings.path(value)).is_file():
            fix = (
                f'correct the path (relative to {settings.workdir} or the project), or write "" for not given'
            )
            yield Problem("config", 0, key, value, "no such file", fix)


def _against(values: Any, rule: Mapping[str, Any], path: str) -> Iterable[Problem]:
    """Problems of one mapping of the config and of all below it."""
    known = rule.get("properties", {})
    more = rule.get("additionalProperties", False)
    names = Draft202012Validator(rule.get("propertyNames", True))
    for key, value in values.items():
        here = f"{path}{key}"
        part = known.get(key, more)
        if not names.is_valid(key):
            yield Problem("config", 0, here, "", "name that would be dangerous in a path", _fix(rule))
        if part is False:
            yield _unknown(here, str(key), known)
        elif isinstance(part, Mapping) and part.get("type") == "object":
            if isinstance(value, Mapping):
                yield from _against(value, part, f"{here}.")
            else:
                yield Problem("config", 0, here, _plain(value), "is not a section", f"keys under {here}: ...")
        elif isinstance(part, Mapping):
            error = next(Draft202012Validator(part).iter_errors(value), None)
            if error is not None:
                yield Problem("config", 0, here, _plain(value), _said(error, part), _fix(part))
    for key in rule.get("required", []):
        if key not in values:
            yield Problem(
                "config", 0, f"{path}{key}", "", "is missing", "take it over from config/config.yaml"
            )


def _unknown(here: str, key: str, known: Iterable[str]) -> Problem:
    close = nearest(key, known)
    fix = f"did you mean {close}?" if close else "config/config.yaml lists every key"
    return Problem("config", 0, here, "", UNKNOWN_KEY, fix)


def _plain(value: Any) -> str:
    return "(empty)" if value is None else str(value)


def _said(error: Any, part: Mapping[str, Any]) -> str:
    return f"in the list: {error.message}" if error.path else error.message


def _fix(part: Mapping[str, Any]) -> str:
    if "fix" in part:
        return str(part["fix"])
    if "enum" in part:
        return f"one of: {', '.join(map(str, part['enum']))}"
    low, high = part.get("minimum"), part.get("maximum")
    bounds = f" from {low}" * (low is not None) + f" to {high}" * (high is not None)
    return f"{part.get('type', 'a value')}{bounds}; the default stands in config/config.yaml"
