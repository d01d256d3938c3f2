"""The cohort of tests/tables_cohort with hostile text in every field that takes free text.

Each patient gets another text in each field, so that every text stands in every field of patients.tsv and samples.tsv
or in the one beside it. CANARY is the file that a shell would make if it read one of them.
"""

import csv
import shutil
from pathlib import Path

import yaml

TABLES = Path(__file__).resolve().parents[1] / "tables_cohort"
CANARY = "canary-was-run"
TEXTS = (
    f"$(touch {CANARY})",
    f"`touch {CANARY}`",
    f"; touch {CANARY} #",
    f"' ; touch {CANARY} ; '",
    f'" && touch {CANARY} && "',
    f"a | tee {CANARY} > {CANARY}",
    "<script>window.canary = 1</script>",
    '"><img src=x onerror="window.canary = 1">',
    "</script></title><svg onload=window.canary=1>",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+1+1",
    "-rf /",
    "--help",
    "{sample} {wildcards.sample} {output} {0.__class__.__mro__}",
    "{{7*7}} {% for x in y %} %(x)s %s %n",
    "../../../../etc/passwd",
    r"$\frac{1}{0}$ x_1^2 \\n \x00",
    "аdmin Жук 患者 é ﬁ",  # the first letter is Cyrillic
    "A" * 190,
    "<!-- ]]> &lt;b&gt; &amp; javascript:alert(1)",
    "NA, nan; NULL; 'OR 1=1; DROP TABLE patients;--",
)
#: Never let in by the check: characters that hide or turn text around, lines within a cell.
REFUSED = ("a\u202etxt.exe", "a\u2066b", "a\u200bb", "a\u0007b", "a\nb", "a\u2028b", "a\ufeffb", "a\x1b[31mb")


def rows_of(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


def write(path: Path, rows: list[dict[str, str]]) -> None:
    with open(path, "w", encoding="utf-8", newline="") as handle:
        made = csv.DictWriter(handle, list(rows[0]), delimiter="\t", lineterminator="\n")
        made.writeheader()
        made.writerows(rows)


def texts(start: int):
    """Texts one after the other, each call the next."""
    at = start
    while True:
        yield TEXTS[at % len(TEXTS)]
        at += 1


def cohort(folder: Path) -> Path:
    """Write the hostile cohort into `folder`; return the path of its config."""
    shutil.copytree(TABLES, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    patients, samples = rows_of(folder / "patients.tsv"), rows_of(folder / "samples.tsv")
    for name, start in (("centre", 0), ("deviation", 5), ("qualifying_method", 10)):
        for row, text in zip(patients, texts(start), strict=False):
            row[name] = text
    for name, start in (("centre", 12), ("batch", 17)):
        for row, text in zip(samples, texts(start), strict=False):
            row[name] = text
    renamed = {}
    for row, text in zip(samples, texts(0), strict=False):
        # the name of a sample within the files of others: any text
        renamed[row["name_in_files"]] = row["name_in_files"] = f"{text[:60]} {row['patient']}"
    for name, column in (
        ("segments.seg", "ID"),
        ("variants.maf", "Tumor_Sample_Barcode"),
        ("translocations.tsv", "sample"),
    ):
        calls = rows_of(folder / name)
        for call in calls:
            call[column] = renamed[call[column]]
        write(folder / name, calls)
    write(folder / "patients.tsv", patients)
    write(folder / "samples.tsv", samples)
    ids = [row["patient"] for row in patients]
    events = [
        {"patient": ids[i % len(ids)], "ae": 1 + i // len(ids), "soc": TEXTS[-1 - i], "term": text, "grade": 1 + i % 3,
         "start_date": "2021-02-10", "serious": "no"}
        for i, text in enumerate(TEXTS)
    ]  # fmt: skip
    write(folder / "adverse_events.tsv", events)
    after = [
        {"patient": p, "line": 1, "start_date": "2021-10-20", "end_date": "", "regimen": text, "kind": "radiotherapy"}
        for p, text in zip(ids, texts(3), strict=False)
    ]  # fmt: skip
    write(folder / "subsequent_therapy.tsv", after)
    fish = [
        {"patient": p, "date": "2021-01-05", "abnormality": "del17p", "probe": text, "selection": "cig", "nuclei": 100,
         "percent": 5, "cutoff_percent": 20, "result": ""}
        for p, text in zip(ids, texts(8), strict=False)
    ]  # fmt: skip
    write(folder / "fish.tsv", fish)
    given = []  # abnormalities of names that the workflow does not know; each is compared between the groups
    for i, (p, value, method, source) in enumerate(zip(ids, texts(1), texts(6), texts(14), strict=False)):
        for number, name in enumerate(TEXTS[:16]):
            given.append(
                {"patient": p, "abnormality": f"{name[:58].strip()} v{number}", "kind": "mutation", "state": ("present", "absent")[i % 2],
                 "value": value, "method": method[:60].strip(), "date": "2021-01-05", "source": source}
            )  # fmt: skip
    write(folder / "calls.tsv", given)
    out = [
        {"patient": p, "sample": "", "library": "", "flowcell": "", "lane": "", "analysis": "rna", "reason": text}
        for p, text in zip(ids, texts(2), strict=False)
    ]  # fmt: skip
    write(folder / "exclusions.tsv", out)
    genes = "\t".join(("ASPM", "AURKA", "AURKB", "BIRC5", "BRCA1", "BUB1"))
    (folder / "sets.gmt").write_text(
        "".join(f"SET_{i}\t{text}\t{genes}\n" for i, text in enumerate(TEXTS)), encoding="utf-8"
    )
    config = yaml.safe_load((folder / "config.yaml").read_text())
    for name in ("adverse_events", "subsequent_therapy", "fish", "calls", "exclusions"):
        config["sheets"][name] = f"{name}.tsv"
    for name, text in (("mutations_complete", TEXTS[6]), ("translocations_complete", TEXTS[0])):
        config["entry"][name]["stated_by"] = text
    config["expression"] = {"gene_sets": ["sets.gmt"]}
    (folder / "config.yaml").write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    return folder / "config.yaml"
