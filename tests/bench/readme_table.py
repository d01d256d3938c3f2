"""The table of bench.tsv as Markdown, between two marks of README.md; the file itself is copied to docs/bench.tsv."""

import csv
import shutil
from pathlib import Path

from measure import PROJECT

BEGIN, END = "<!-- bench.tsv: begin (made by bench.py --readme) -->", "<!-- bench.tsv: end -->"
HEAD = (
    "figure",
    "ours",
    "reference",
    "ratio [lowest-highest]",
    "by processor time",
    "goal",
    "met",
    "pairs",
    "load",
)


def put(table: Path, readme: Path = PROJECT / "README.md", copy: Path = PROJECT / "docs/bench.tsv") -> None:
    """Write the table of `table` between the marks of `readme`; raises ValueError where they are missing."""
    with open(table, newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    text = readme.read_text()
    if BEGIN not in text or END not in text:
        raise ValueError(f"{readme} lacks the lines {BEGIN} and {END}, between which the table goes")
    before, after = text[: text.index(BEGIN)], text[text.index(END) :]
    readme.write_text(f"{before}{BEGIN}\n{markdown(rows)}\n{after}")
    if table.resolve() != copy.resolve():
        shutil.copyfile(table, copy)


def markdown(rows: list[dict]) -> str:
    """One line per figure, then the accuracies, then what was measured on."""
    lines = [f"| {' | '.join(HEAD)} |", f"|{'---|' * len(HEAD)}"]
    lines += [f"| {' | '.join(cells(row))} |" for row in rows]
    exact = [f"- {r['figure']}: ours {r['accuracy_ours']}; reference {r['accuracy_reference'] or 'not asked'}"
             for r in rows if r["accuracy_ours"]]  # fmt: skip
    on = [
        f"Measured {r['date']} on {r['cores']} cores, reads `{r['reads']}`, commit {r['commit']}."
        for r in rows
    ]
    return "\n".join([*lines, "", "Accuracy against what was planted:", "", *exact, "", *dict.fromkeys(on)])


def cells(row: dict) -> list[str]:
    spread = f" [{row['ratio_low']}-{row['ratio_high']}]" if row["ratio_low"] else ""
    shown = [f"{row[side]} {row['unit']}" if row[side] else "" for side in ("ours", "reference")]
    more = [row[name] for name in ("cpu_ratio", "goal", "met", "pairs", "load")]
    return [row["figure"], *shown, f"{row['ratio']}{spread}", *more]
