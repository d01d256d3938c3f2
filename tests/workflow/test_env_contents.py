"""Each rule's conda environment holds the tools and libraries that its script reaches.

No conda channel is needed: the calls are followed in the source, from the script through the package's
functions, down to the words that name a tool.
"""

import ast
import re
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[2]
SCRIPTS = PROJECT / "workflow/scripts"
#: Command -> conda package; bwa-mem4 is in no environment (an option for sites that install it).
TOOLS = {
    "bwa": "bwa",
    "bwa-mem2": "bwa-mem2",
    "STAR": "star",
    "salmon": "salmon",
    "samtools": "samtools",
    "bcftools": "bcftools",
    "tabix": "htslib",
    "bgzip": "htslib",
    "fastp": "fastp",
    "freebayes": "freebayes",
    "samblaster": "samblaster",
    "mosdepth": "mosdepth",
    "delly": "delly",
    "gatk": "gatk4",
    "snpEff": "snpeff",
    "multiqc": "multiqc",
}
#: Called by shell rules only; in scripts the word is the name of a kind.
SHELL_TOOLS = TOOLS | {"arriba": "arriba"}
#: Commands that every system has, or whose absence is said and harmless (git: the state of the project in the report).
EVERYWHERE = {"cp", "mv", "git"}
#: Words that a rule's script reaches without needing the tool: align_rna asks a shared function for STAR's
#: version; build_report and export_manifest ask all tools for theirs and says where else it is pinned when one is not there;
#: collect_counts names salmon as the kind of its files.
NOT_RUN = {
    "align_rna": {"bwa", "bwa-mem2"},
    "collect_counts": {"salmon"},
    "build_report": set(TOOLS.values()),
    "export_manifest": set(TOOLS.values()),
}
LIBRARIES = {
    "yaml": "pyyaml",
    "dateutil": "python-dateutil",
    "sklearn": "scikit-learn",
    "SigProfilerAssignment": "sigprofilerassignment",
    "igv_reports": "igv-reports",
}


def rules():
    """(rule, script, environment) of every rule with a script."""
    found = []
    for path in sorted((PROJECT / "workflow/rules").glob("*.smk")):
        for block in re.split(r"(?m)^\s*rule ", path.read_text())[1:]:
            script = re.search(r'"\.\./scripts/(\w+)\.py"', block)
            environment = re.search(r"envs/(\w+)\.yaml", block)
            if script and environment:
                found.append((block.split(":")[0], script.group(1), environment.group(1)))
    return found


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def module_path(name: str) -> Path | None:
    """File of `myeloma.<name>`, None when that is not a module."""
    base = SCRIPTS / "myeloma" / name.replace(".", "/")
    return next((p for p in (base.with_suffix(".py"), base / "__init__.py") if p.exists()), None)


@cache
def imports(path: Path) -> tuple[dict[str, tuple[Path, str]], frozenset[str]]:
    """Local name -> (file, name in it or "") for the package's own; and the other libraries imported."""
    own, libraries = {}, set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            libraries |= {a.name.split(".")[0] for a in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").startswith("myeloma")):
            base = (node.module or "").removeprefix("myeloma").strip(".")
            if node.level and path.parent.name != "myeloma":
                base = ".".join(filter(None, [path.parent.name, base]))
            for alias in node.names:
                inner = ".".join(filter(None, [base, alias.name]))
                if file := module_path(inner):
                    own[alias.asname or alias.name] = (file, "")
                elif file := module_path(base):
                    own[alias.asname or alias.name] = (file, alias.name)
        elif isinstance(node, ast.ImportFrom):
            libraries.add(node.module.split(".")[0])
    return own, frozenset(libraries - set(sys.stdlib_module_names) - {"myeloma", "snakemake"})


@cache
def definitions(path: Path) -> dict[str, ast.AST]:
    """Top-level name -> the statement that defines it."""
    found = {}
    for node in tree(path).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = node
        for target in getattr(node, "targets", [getattr(node, "target", None)]):
            if isinstance(target, ast.Name):
                found[target.id] = node
    return found


def reached(script: Path) -> tuple[set[str], set[str]]:
    """Tools named in, and libraries imported by, everything that the script can call."""
    tools, files, seen = set(), {script}, set()
    todo = [(script, node) for node in tree(script).body]
    while todo:
        path, node = todo.pop()
        if (path, node) in seen:
            continue
        seen.add((path, node))
        own, _ = imports(path)
        for part in ast.walk(node):
            if isinstance(part, ast.Constant) and part.value in TOOLS:
                tools.add(part.value)
            elif isinstance(part, ast.Name) and part.id in definitions(path):
                todo.append((path, definitions(path)[part.id]))
            elif isinstance(part, ast.Name) and part.id in own and own[part.id][1]:
                file, name = own[part.id]
                todo += [(file, definitions(file)[name])] if name in definitions(file) else []
            elif isinstance(part, ast.Attribute) and getattr(part.value, "id", None) in own:
                file, _ = own[part.value.id]
                todo += [(file, definitions(file)[part.attr])] if part.attr in definitions(file) else []
    waiting = [script]
    while waiting:
        path = waiting.pop()
        new = {file for file, _ in imports(path)[0].values()} - files
        files |= new
        waiting += new
    return tools, set().union(*(imports(file)[1] for file in files))


def packages(environment: str) -> set[str]:
    parts = yaml.safe_load((PROJECT / f"envs/{environment}.yaml").read_text())["dependencies"]
    flat = [pin for part in parts for pin in (part["pip"] if isinstance(part, dict) else [part])]
    return {re.split("=+", pin)[0] for pin in flat}


def test_there_are_rules_and_tools_to_check():
    named = {tool for _, script, _ in rules() for tool in reached(SCRIPTS / f"{script}.py")[0]}
    assert {"bwa", "samtools", "gatk", "STAR", "snpEff", "bcftools", "mosdepth"} <= named


@pytest.mark.parametrize("rule, script, environment", rules(), ids=lambda value: value)
def test_environment_holds_what_the_script_reaches(rule, script, environment):
    tools, libraries = reached(SCRIPTS / f"{script}.py")
    wanted = {TOOLS[tool] for tool in tools} | {LIBRARIES.get(name, name) for name in libraries}
    missing = wanted - packages(environment) - NOT_RUN.get(rule, set())
    assert not missing, f"{rule}: envs/{environment}.yaml lacks {missing}"


def command_lines(path: Path) -> list[str]:
    """First words of the lists in a file that look like a command line: words, one of them an option."""
    found = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.List) and node.elts:
            words = [part.value for part in node.elts if isinstance(part, ast.Constant)]
            first = node.elts[0].value if isinstance(node.elts[0], ast.Constant) else None
            if isinstance(first, str) and any(
                isinstance(w, str) and re.match("--?[A-Za-z]", w) for w in words[1:]
            ):
                found.append(first)
    return found


def test_every_command_line_in_the_source_names_a_known_tool():
    """What is not in TOOLS would be looked for in no environment."""
    lines = {word: path for path in SCRIPTS.rglob("*.py") for word in command_lines(path)}
    assert {"samtools", "fastp", "samblaster", "delly"} <= lines.keys()
    # an option begins arguments that are added to a command; GATK's own tools (Mutect2, ...) follow the word gatk
    known = TOOLS.keys() | EVERYWHERE
    unknown = {w: p.name for w, p in lines.items() if not re.match("-|[A-Z][a-z]", w) and w not in known}
    assert unknown == {}


def shell_rules():
    """(rule, environment, commands) of every rule with a shell command."""
    found = []
    for path in sorted((PROJECT / "workflow/rules").glob("*.smk")):
        for block in re.split(r"(?m)^\s*rule ", path.read_text())[1:]:
            if text := re.search(r"(?ms)^\s*shell:\n(.*?)(?=^\s*\w+:|\Z|^\S)", block):
                said = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', text.group(1)))
                words = re.findall(r"(?:^|&& |\|\|? |; )\(?([\w.-]+)", said)
                found.append((block.split(":")[0], re.search(r"envs/(\w+)\.yaml", block).group(1), words))
    return found


@pytest.mark.parametrize("rule, environment, words", shell_rules(), ids=lambda value: str(value))
def test_environment_holds_what_a_shell_rule_calls(rule, environment, words):
    assert words
    wanted = {
        SHELL_TOOLS[word] for word in set(words) - EVERYWHERE
    }  # a KeyError names a tool that is not known
    assert wanted <= packages(environment), rule


@pytest.mark.parametrize("environment", sorted({environment for _, _, environment in rules()}))
def test_environment_of_a_script_has_the_python_that_was_tested(environment):
    """Snakemake runs a script with the environment's Python: it must be there, and of the lock's version."""
    parts = yaml.safe_load((PROJECT / f"envs/{environment}.yaml").read_text())["dependencies"]
    pins = dict(part.split("=", 1) for part in parts if isinstance(part, str))
    assert pins["python"].startswith("3.11.")
