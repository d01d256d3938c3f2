"""No construct that would run, unpickle or format the text of a sheet: read off every rule and Python file.

docs/security.md says why. The finders are themselves held to lines that they must find.
"""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
SOURCES = sorted(
    path for folder in ("workflow", "demo", "setup", "tests") for path in (PROJECT / folder).rglob("*.py")
    if "runs" not in path.parts
)  # fmt: skip
RULES = [PROJECT / "Snakefile", *sorted((PROJECT / "workflow/rules").glob("*.smk"))]
TEMPLATES = sorted((PROJECT / "workflow/scripts/myeloma/report/templates").glob("*.html"))

#: Called by these names, they hand text to a shell or to Python itself.
NEVER_CALLED = {
    "os.system", "os.popen", "os.spawnl", "os.spawnlp", "os.spawnv", "os.spawnvp", "pty.spawn", "tempfile.mktemp",
    "subprocess.getoutput", "subprocess.getstatusoutput", "eval", "exec", "compile", "__import__",
    "yaml.load", "yaml.load_all", "yaml.unsafe_load", "yaml.full_load",
    "pd.read_pickle", "pandas.read_pickle", "pd.eval", "pandas.eval", "asyncio.create_subprocess_shell",
}  # fmt: skip
#: These read objects that run code when they are read, or XML that fetches.
NEVER_IMPORTED = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "commands"}
PROCESS = {"run", "Popen", "call", "check_call", "check_output"}
ASKED = {"query", "eval"}  # methods of a DataFrame that read an expression


def called(node: ast.Call) -> str:
    """The dotted name that is called; "" when it is no plain name."""
    parts, part = [], node.func
    while isinstance(part, ast.Attribute):
        parts.append(part.attr)
        part = part.value
    if isinstance(part, ast.Name):
        return ".".join([part.id, *reversed(parts)])
    return f".{'.'.join(reversed(parts))}" if parts else ""


def is_text(node: ast.AST) -> bool:
    """Is it text as it stands here: a literal, an f-string, text put together?"""
    if isinstance(node, ast.BinOp):
        return is_text(node.left) or is_text(node.right)
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and node.func.attr in ("join", "format")
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def unsafe(source: str) -> list[str]:
    """What of the above stands in a Python source, as "line: what"."""
    found = []
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        found += [f"{node.lineno}: imports {n}" for n in names if n.split(".")[0] in NEVER_IMPORTED]
        if not isinstance(node, ast.Call):
            continue
        name, given = called(node), {k.arg: k.value for k in node.keywords}
        last = name.split(".")[-1]
        if name in NEVER_CALLED:
            found.append(f"{node.lineno}: {name}()")
        if last in PROCESS and name.startswith("subprocess."):
            if "shell" in given:
                found.append(f"{node.lineno}: {name}(shell=...)")
            if not node.args or is_text(node.args[0]):
                found.append(f"{node.lineno}: {name}() of text, not of a list of words")
        elif "shell" in given:
            found.append(f"{node.lineno}: {name}(shell=...)")
        if "allow_pickle" in given and getattr(given["allow_pickle"], "value", True) is not False:
            found.append(f"{node.lineno}: {name}(allow_pickle=...)")
        if name.startswith(("yaml.", "ruamel.")) and "Loader" in given:
            if "Safe" not in ast.unparse(given["Loader"]):
                found.append(f"{node.lineno}: {name}({ast.unparse(given['Loader'])})")
        if last in ASKED and "." in name and node.args and not isinstance(node.args[0], ast.Constant):
            found.append(f"{node.lineno}: {name}() of an expression that is put together")
        if last in ("extractall", "unpack_archive"):
            found.append(f"{node.lineno}: {name}() writes where the archive says")
        if last == "Environment" and "jinja2" in name:
            if getattr(given.get("autoescape"), "value", False) is not True:
                found.append(f"{node.lineno}: {name}() without autoescape=True")
        if last == "Markup" and node.args and isinstance(node.args[0], (ast.JoinedStr, ast.BinOp)):
            found.append(
                f"{node.lineno}: Markup() of text that is put together: Markup(...).format() escapes"
            )
    return found


#: Looked at by hand, and held to their number: (file, what) -> how often and why it is safe.
LOOKED_AT = {
    # our own zip of the portrait's tables
    ("tests/myeloma/test_portrait.py", "packed.extractall() writes where the archive says"): 1,
    # every part is escape()d or made by this module; hundreds of tables of thousands of cells, where format() is slow
    ("workflow/scripts/myeloma/report/markup.py", "Markup() of text that is put together"): 1,
}


def test_no_python_file_runs_text():
    found = [
        (str(path.relative_to(PROJECT)), *said.split(": ", 1))
        for path in SOURCES
        for said in unsafe(path.read_text(encoding="utf-8"))
    ]
    known = Counter((file, what.split(":")[0]) for file, _, what in found)
    assert {k: n for k, n in known.items() if LOOKED_AT.get(k) != n} == {}, found
    assert LOOKED_AT.keys() <= known.keys(), "no longer there: take it off the list"


def test_every_folder_with_python_was_looked_at():
    assert len(SOURCES) > 250
    assert {p.parts[len(PROJECT.parts)] for p in SOURCES} >= {"workflow", "demo", "tests"}


@pytest.mark.parametrize(
    "line",
    [
        "import os; os.system('rm ' + name)",
        "import subprocess; subprocess.run(f'ls {name}', shell=True)",
        "subprocess.run('ls')",
        "subprocess.check_output(' '.join(words))",
        "subprocess.Popen(words, shell=shell)",
        "run(words, shell=True)",
        "import pickle",
        "from joblib import load",
        "eval(row['reason'])",
        "pd.read_pickle(path)",
        "numpy.load(path, allow_pickle=True)",
        "yaml.load(handle)",
        "yaml.load_all(handle, Loader=yaml.Loader)",
        "frame.query(f'patient == {name!r}')",
        "zipfile.ZipFile(path).extractall(folder)",
        "jinja2.Environment(loader=loader)",
        "jinja2.Environment(loader=loader, autoescape=False)",
        "Markup(f'<b>{reason}</b>')",
        "Markup('<b>' + reason)",
        "tempfile.mktemp()",
    ],
)
def test_the_finder_finds(line):
    assert unsafe(line)


@pytest.mark.parametrize(
    "line",
    [
        "subprocess.run(['ls', name])",
        "subprocess.run(words, stdout=subprocess.PIPE)",
        "re.compile(pattern)",
        "model.eval('x')",
        "frame.query(\"role == 'analysis'\")",
        "yaml.safe_load(handle)",
        "numpy.load(path, allow_pickle=False)",
        "Markup('<b>{}</b>').format(reason)",
        "jinja2.Environment(autoescape=True)",
    ],
)
def test_the_finder_leaves_the_safe_way_alone(line):
    assert unsafe(line) == []


# Rules

FIELD = re.compile(r"(?<!\{)\{([^{}]+)\}(?!\})")


def shells(text: str) -> list[str]:
    """The text of every shell block of a rule file: the quoted lines below `shell:`."""
    found, block, depth = [], None, 0
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip())
        if start := re.match(r"(\s*)shell:(.*)", line):
            depth, block = len(start.group(1)), [start.group(2)]
            found.append(block)
        elif block is not None and line.strip() and indent <= depth:
            block = None
        elif block is not None:
            block.append(line)
    return ["\n".join(b) for b in found]


def unquoted(shell: str) -> list[str]:
    """Fields without :q, and quoted fields inside of quotation marks of the shell, where :q protects nothing."""
    words = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', shell))
    bad = [field for field in FIELD.findall(words) if not field.endswith(":q")]
    outside = re.sub(
        r"\\\"(?:(?!\\\").)*\\\"|'[^']*'", lambda m: re.sub(FIELD, "IN_QUOTES", m.group()), words
    )
    return bad + ["inside quotes"] * outside.count("IN_QUOTES")


@pytest.mark.parametrize("path", RULES, ids=lambda p: p.stem)
def test_every_field_of_a_shell_is_quoted_once(path):
    text = path.read_text(encoding="utf-8")
    for shell in shells(text):
        assert unquoted(shell) == [], shell
    assert not re.search(r"^\s*(run|notebook):", text, re.M)
    assert not re.search(r"\b(os\.system|os\.popen|eval|exec|pickle|shell)\(", text)


def test_there_are_shells_and_the_finder_sees_what_is_wrong_in_them():
    assert sum(len(shells(path.read_text())) for path in RULES) >= 2
    assert unquoted('"cp {input.a} {output:q}"') == ["input.a"]
    assert unquoted('"cp {wildcards.sample} {params.x:q}"') == ["wildcards.sample"]
    assert unquoted("\"echo '{params.reason:q}'\"") == ["inside quotes"]
    assert unquoted(r'"echo \"{params.reason:q}\""') == ["inside quotes"]
    assert unquoted("\"awk '{{print}}' {input:q} > {output:q}\"") == []


# Templates and shell scripts

#: Drawn by matplotlib, which escapes its text: tests/workflow/test_hostile_sheets.py looks at the report that comes out.
SAFE = {("macros.html", "f.svg | safe")}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.name)
def test_templates_escape_all_but_figures(path):
    text = path.read_text(encoding="utf-8")
    marked = {(path.name, m.strip()) for m in re.findall(r"\{\{([^}]*\|\s*safe[^}]*)\}\}", text)}
    assert marked <= SAFE
    assert "autoescape" not in text


def test_page_script_puts_no_text_into_html():
    text = (PROJECT / "workflow/scripts/myeloma/report/templates/page.js").read_text(encoding="utf-8")
    # a patient's page, which Jinja escaped and the browser has not read yet (report/templates/patients.html)
    text = text.replace("read.innerHTML = folded.textContent;", "")
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
        assert word not in text, word


@pytest.mark.parametrize(
    "path", [PROJECT / "run", *sorted((PROJECT / "setup").glob("*.sh"))], ids=lambda p: p.name
)
def test_shell_scripts_evaluate_no_text(path):
    text = re.sub(r"(?m)^\s*#.*", "", path.read_text(encoding="utf-8"))
    assert not re.search(r"\beval\b|\bsource /dev/stdin|\| *(ba)?sh\b|curl[^|\n]*\|", text)
