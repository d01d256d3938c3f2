"""The house rules that can be read off the rule files, the scripts and the imports."""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from myeloma import FOUNDATIONS, MODULES_OF_STAGE, STAGES, files

PROJECT = Path(__file__).resolve().parents[2]
SCRIPTS = PROJECT / "workflow/scripts"
#: Scripts that a user calls; all others belong to a rule.
COMMANDS = {"convert_sdtm", "make_partner_reference", "make_pseudonym_key", "make_sheets", "score_arrays"}
MOST_LINES = 25


def rules_in(path: Path) -> dict[str, dict[str, str]]:
    """Rule -> keyword (input, log, shell, ...) -> its text, read by indentation."""
    found: dict[str, dict[str, str]] = {}
    section = None
    for line in path.read_text().splitlines():
        if start := re.match(r"(\s*)(?:rule|checkpoint)\s+(\w+)\s*:", line):
            indent, rule = len(start.group(1)), found.setdefault(start.group(2), {})
            section = None
        elif found and line.strip():
            depth = len(line) - len(line.lstrip())
            if rule is not None and depth <= indent:
                rule = section = None
            elif rule is not None and depth == indent + 4 and (key := re.match(r"\s*(\w+)\s*:(.*)", line)):
                section = key.group(1)
                rule[section] = key.group(2)
            elif rule is not None and section:
                rule[section] += "\n" + line
    return found


ALL_RULES = {
    (path.stem, name): rule
    for path in [PROJECT / "Snakefile", *sorted((PROJECT / "workflow/rules").glob("*.smk"))]
    for name, rule in rules_in(path).items()
}
WORKING = {
    key: rule for key, rule in ALL_RULES.items() if rule.keys() & {"shell", "script", "run", "notebook"}
}


@pytest.mark.parametrize("key", WORKING, ids="-".join)
def test_rule_has_log_and_environment_and_a_limit(key):
    """Memory and time are stated wherever a tool runs; rules over small tables take the profile's default."""
    rule = WORKING[key]
    wanted = {"log", "conda"} if "python.yaml" in rule.get("conda", "") else {"log", "conda", "resources"}
    assert wanted <= rule.keys(), f"{key[1]} has no {wanted - rule.keys()}"
    assert re.search(r"envs/\w+\.yaml", rule["conda"])
    environment = re.search(r"envs/(\w+\.yaml)", rule["conda"]).group(1)
    assert (PROJECT / "envs" / environment).exists()


@pytest.mark.parametrize("key", WORKING, ids="-".join)
def test_rule_is_one_script_of_its_name_or_a_quoted_shell(key):
    """A script bears its rule's name; one that several rules share bears their verb."""
    rule = WORKING[key]
    assert "run" not in rule and "notebook" not in rule, "use a script"
    if "script" in rule:
        script = re.search(r'"\.\./scripts/(\w+)\.py"', rule["script"]).group(1)
        users = [name for (_, name), other in WORKING.items() if f"/{script}.py" in other.get("script", "")]
        same_verb = script.split("_")[0] == key[1].split("_")[0]
        assert script == key[1] or (same_verb and (len(users) > 1 or key[1] in ("check", "estimate")))
    for field in re.findall(r"(?<!\{)\{([^{}]+)\}(?!\})", rule.get("shell", "")):
        assert field.endswith(":q"), f"{{{field}}} of {key[1]} is not quoted: write {{{field}:q}}"


@pytest.mark.parametrize("key", WORKING, ids="-".join)
def test_rule_name_starts_with_a_verb_and_inputs_are_named(key):
    assert re.fullmatch(r"check|estimate|[a-z]+(_[a-z0-9]+)+", key[1]), f"{key[1]}: verb_noun"
    for part in ("input", "output"):
        text = WORKING[key].get(part, "").strip()
        if "cache" in WORKING[key]:
            continue  # Snakemake's cache wants one multiext() without a name
        assert not text or re.match(r"(\w+=|unpack\(|\*\*|#)", text), (
            f"unnamed {part} of {key[1]}: {text[:60]}"
        )


def test_there_are_rules_of_every_stage():
    stages = {stage for stage, _ in WORKING}
    assert stages == set(STAGES), f"without a working rule: {set(STAGES) - stages}"


def test_includes_and_files_are_the_stages_in_order():
    """`common` may come first: the input functions of the rules, which snakemake --lint wants in a file of their own."""
    included = re.findall(r'^include: "workflow/rules/(\w+)\.smk"', (PROJECT / "Snakefile").read_text(), re.M)
    files = {path.stem for path in (PROJECT / "workflow/rules").glob("*.smk")}
    assert tuple(included) in (STAGES, ("common", *STAGES))
    assert files == set(included)


@pytest.mark.parametrize("path", sorted((PROJECT / "workflow/rules").glob("*.smk")), ids=lambda p: p.stem)
def test_no_construct_that_hides_which_rule_makes_a_file(path):
    text = re.sub(r"#.*", "", path.read_text())
    for word in ("ruleorder", "checkpoint ", "lookup(", "{prefix}"):
        assert word not in text, f"{word} in {path.name}"
    assert path.read_text().startswith('"""'), f"{path.name} does not say what it reads, writes and why"


def test_every_script_belongs_to_a_rule_and_is_short():
    scripts = {path.stem: path for path in SCRIPTS.glob("*.py")}
    used = {
        name for rule in WORKING.values() for name in re.findall(r"scripts/(\w+)\.py", rule.get("script", ""))
    }
    assert scripts.keys() - COMMANDS == used
    for name, path in scripts.items():
        lines = [line for line in path.read_text().splitlines() if line.strip()]
        assert len(lines) <= MOST_LINES, (
            f"{name}.py has {len(lines)} lines; the thinking belongs in the package"
        )


# Imports

MODULES = {
    ".".join(path.relative_to(SCRIPTS / "myeloma").with_suffix("").parts): path
    for path in sorted((SCRIPTS / "myeloma").rglob("*.py"))
    if path.name != "__init__.py"
}
STAGE_OF = {module: stage for stage, modules in MODULES_OF_STAGE.items() for module in modules}


def top(module: str) -> str:
    """The module or sub-package directly below `myeloma`."""
    return module.split(".")[0]


def imported(path: Path) -> set[str]:
    """Modules of the package (directly below `myeloma`) that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {a.name.split(".")[1] for a in node.names if a.name.startswith("myeloma.")}
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if module == "myeloma":
                found |= {a.name for a in node.names}
            elif module.startswith("myeloma."):
                found.add(module.split(".")[1])
            elif node.level == 1 and path.parent.name == "myeloma":
                found |= {top(module)} if module else {a.name for a in node.names}
    return found & {top(m) for m in MODULES}


def test_every_module_has_exactly_one_place():
    named = [m for modules in MODULES_OF_STAGE.values() for m in modules] + list(FOUNDATIONS)
    assert len(named) == len(set(named))
    assert set(named) == {top(m) for m in MODULES}
    assert tuple(MODULES_OF_STAGE) == tuple(s for s in STAGES if s in MODULES_OF_STAGE)


@pytest.mark.parametrize("module", MODULES)
def test_module_imports_only_its_own_stage_and_what_is_left_of_it(module):
    here = top(module)
    for other in imported(MODULES[module]):
        if here in FOUNDATIONS:
            assert other in FOUNDATIONS, f"{module} is a foundation and imports {other}"
        elif other not in FOUNDATIONS:
            left = STAGES.index(STAGE_OF[other]) <= STAGES.index(STAGE_OF[here])
            assert left, f"{module} ({STAGE_OF[here]}) imports {other} ({STAGE_OF[other]})"


@pytest.mark.parametrize("key", [k for k, rule in WORKING.items() if "script" in rule], ids="-".join)
def test_script_imports_nothing_from_stages_to_its_right(key):
    """`check` alone looks ahead, at the references: it computes nothing and nothing depends on it."""
    stage = "references" if key[1] == "check" else key[0]
    name = re.search(r"scripts/(\w+)\.py", WORKING[key]["script"]).group(1)
    for other in imported(SCRIPTS / f"{name}.py") - set(FOUNDATIONS):
        assert STAGES.index(STAGE_OF[other]) <= STAGES.index(stage), f"{name} imports {other}"


# What runs again after an edit of the package

#: They read every read, take hours and stand before what does: an edit must never start them again (docs/troubleshooting.md).
NEVER_BY_AN_EDIT = {
    "align_rna", "align_wes", "call_panel_normal", "call_somatic", "call_structural", "collect_copies", "count_alleles",
    "decode_wes", "make_copy_panel", "make_somatic_panel", "measure_wes", "prepare_copies", "quantify_salmon",
}  # fmt: skip
DIGESTED = {key: rule for key, rule in WORKING.items() if "code_of(" in rule.get("params", "")}


def asked_of(tree: ast.AST) -> set[str]:
    """Modules of the package that a syntax tree imports: `report.build`, or the module that defines the name."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert not any(a.name.split(".")[0] == "myeloma" for a in node.names), (
                "write: from myeloma import"
            )
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "write: from myeloma import"
            parts = (node.module or "").split(".")
            for alias in node.names if parts[0] == "myeloma" else ():
                inside = ".".join([*parts[1:], alias.name])
                found.add(inside if inside in MODULES else ".".join(parts[1:]) or "__init__")
    return found


@cache
def tree_of(name: str) -> frozenset[str]:
    """`asked_of` of one module of the package."""
    return frozenset(asked_of(ast.parse((SCRIPTS / "myeloma" / f"{name.replace('.', '/')}.py").read_text())))


def walked(names: set[str]) -> set[str]:
    """The modules and all that they import, by their syntax trees; without `log`."""
    seen, todo = set(), set(names)
    while todo:
        name = todo.pop()
        seen.add(name)
        todo |= tree_of(name) - seen
    return seen - {"log"}


@pytest.mark.parametrize("key", DIGESTED, ids="-".join)
def test_the_digest_of_a_rule_is_of_what_its_script_imports(key):
    call = re.search(r"code=files\.code_of\((.*?)\),\n", DIGESTED[key]["params"] + "\n", re.S).group(1)
    script = re.search(r'"\.\./scripts/(\w+)\.py"', DIGESTED[key]["script"]).group(1)
    wanted = asked_of(ast.parse((SCRIPTS / f"{script}.py").read_text())) - {"log"}
    named = re.sub(r"\*\(.*\)", "", call)  # modules that are loaded by name: held below
    assert re.findall(r'"([\w.]+)"', named) == sorted(wanted)


def test_every_figure_that_is_loaded_by_name_counts_for_the_portrait():
    rules = (PROJECT / "workflow/rules/report.smk").read_text()
    drawn = re.findall(r'"(\w+)"', re.search(r"(?s)^PORTRAIT = \[(.*?)\]", rules, re.M).group(1))
    known = {module.split(".")[-1] for module in MODULES if module.startswith("report.drawing.")}
    assert set(drawn) == known - {"style", "kaplan_meier"}
    assert 'report.drawing.{name}" for name in PORTRAIT' in DIGESTED["report", "draw_portrait"]["params"]


@pytest.mark.parametrize("module", MODULES)
def test_the_scan_of_import_lines_finds_what_the_syntax_tree_holds(module):
    assert files.imports_of(MODULES[module].read_text()) == tree_of(module)
    assert files.behind(module) == walked({module})


def test_every_rule_of_the_package_has_a_digest_or_reads_reads():
    """Whatever changes a number runs again; the rules that an edit must not start are named here, and no others."""
    own = {
        key[1]
        for key, rule in WORKING.items()
        if "script" in rule and key[0] != "references" and key[1] not in ("check", "estimate")
    }
    assert own - {name for _, name in DIGESTED} == NEVER_BY_AN_EDIT


@pytest.mark.parametrize("module", MODULES)
def test_no_snakemake_inside_the_package(module):
    names = {
        node.id for node in ast.walk(ast.parse(MODULES[module].read_text())) if isinstance(node, ast.Name)
    }
    words = re.findall(r"^\s*(?:import|from)\s+(snakemake)\b", MODULES[module].read_text(), re.M)
    assert "snakemake" not in names and not words


def test_parsing_the_rules_loads_nothing_heavy(project):
    """Every cluster job parses the Snakefile again: pandas, and nothing beyond."""
    rules = [*sorted((project / "workflow/rules").glob("*.smk")), project / "Snakefile"]
    lines = [line.strip() for path in rules for line in path.read_text().splitlines()]
    top = [
        line for path in rules for line in path.read_text().splitlines() if re.match(r"(from|import) ", line)
    ]
    assert any(line.startswith("from myeloma import") for line in lines)
    asked = "\n".join(line for line in top if "myeloma" in line)
    code = f"import sys\nimport pandas\nbefore = set(sys.modules)\n{asked}\nprint(*sorted(set(sys.modules) - before))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=project / "workflow/scripts",
        check=True,
    )
    heavy = {"scipy", "scanpy", "anndata", "pysam", "cyvcf2", "matplotlib", "statsmodels", "lifelines", "greenwood",
             "pydeseq2", "duckdb", "pyarrow.parquet", "sklearn", "jinja2", "openpyxl"}  # fmt: skip
    loaded = {name for name in done.stdout.split() if name in heavy}
    assert loaded == set()
