"""The seeds of docs/accuracy.md together: python demo/pool_accuracy.py docs/accuracy.md

Adds up the cells of all sections "## Seed ..." (scorecard.py --table wrote them) and puts recall with its Clopper-Pearson
interval into the section "## All seeds together", before the first seed.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from scorecard_large import interval  # noqa: E402

HEADING = "## All seeds together"
COUNTS = ("planted", "asked", "found", "not assessable", "false")


def cells(text: str) -> dict[tuple[str, ...], dict[str, dict[str, int]]]:
    """(part, kind, purity, cell) -> seed -> counts, in the order of the file."""
    seen: dict[tuple[str, ...], dict[str, dict[str, int]]] = defaultdict(dict)
    seed = part = ""
    names: list[str] = []
    for line in text.splitlines():
        if line.startswith("## "):
            seed = line.removeprefix("## ").split(",")[0] if line.startswith("## Seed ") else ""
        elif line.startswith("### "):
            part, names = line.removeprefix("### "), []
        elif seed and line.startswith("| "):
            values = [cell.strip() for cell in line.strip("|").split("|")]
            if not names:
                names = values
                continue
            row = dict(zip(names, values, strict=True))
            key = (part, row["kind"], row["purity"], row["cell"])
            if seed in seen[key]:
                raise ValueError(f"{seed} stands twice: {', '.join(key)}")
            seen[key][seed] = {name: int(row[name]) for name in COUNTS}
    return seen


def pooled(text: str) -> list[str]:
    """The lines of the section."""
    out, part = [HEADING], ""
    parts = list(dict.fromkeys(key[0] for key in cells(text)))
    by_part = sorted(cells(text).items(), key=lambda item: parts.index(item[0][0]))
    for key, by_seed in by_part:
        if key[0] != part:
            part = key[0]
            names = " | ".join(COUNTS)
            out += ["", f"### {part}", "", f"| kind | purity | cell | seeds | {names} | recall (95 %) |"]
            out.append("|" + "---|" * (5 + len(COUNTS)))
        sums = {name: sum(counts[name] for counts in by_seed.values()) for name in COUNTS}
        recall = ""
        if sums["asked"]:
            low, high = interval(sums["found"], sums["asked"])
            recall = f"{sums['found'] / sums['asked']:.3f} ({low:.3f}-{high:.3f})"
        out.append(
            "| " + " | ".join([*key[1:], str(len(by_seed)), *(str(sums[n]) for n in COUNTS), recall]) + " |"
        )
    return [*out, ""]


def main(path: Path) -> None:
    text = path.read_text()
    text = re.sub(rf"^{HEADING}\n.*?(?=^## )", "", text, flags=re.MULTILINE | re.DOTALL)
    before, first, after = text.partition("\n## Seed ")
    path.write_text(f"{before.rstrip()}\n\n" + "\n".join(pooled(text)) + f"{first}{after}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
