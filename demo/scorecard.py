"""Planted against called: python demo/scorecard.py DIR [--strict] [--large] [--table FILE.md].

Reads DIR/truth and the result tables below DIR/results, writes DIR/results/scorecard.tsv and prints it.
--strict: exit 1 when a minimum does not hold (purity >= 0.6: SNVs and indels recall and precision >= 0.95,
copy-number events and translocations recall >= 0.9 without a false positive; skipped exons all found and none
false; all groups and times to
progression equal to the truth).

Rows: `kind` planted, `purity` of the sample ("all" and ">=0.6" beside each value; "-" where it has no meaning),
counts, recall and precision. Kinds with a colon (copy_number:del17p, ...) are the parts of the one before it.
Tumour-only samples have rows of their own (snv_tumour_only, ...): without a normal, private germline variants
are called by right, so no minimum is set there. The relapse biopsy counts for SNVs and indels like any sample.

--large: the cohort of `generate.py --large`. Everything is then counted by purity, clonal fraction and allele fraction
(scorecard_large.py): results/scorecard_large.tsv holds the cells, results/scorecard_items.tsv each item that was not
found or is false, and the minima are those of the large cohort. --table appends the cells as Markdown to a file.
"""

import argparse
import csv
import gzip
import sys
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import scorecard_large  # noqa: E402

COLUMNS = ["kind", "purity", "planted", "called", "true_positive", "recall", "precision"]
HIGH = 0.6
MYC = {"t(8;14)", "t(2;8)", "t(8;22)"}
NAMED_EVENTS = ("del17p", "gain1q", "amp1q", "del1p32", "del13q", "hyperdiploidy")
SMALL = {"snv": (0.95, 0.95), "indel": (0.95, 0.95)}
GAINED_SHARE = 0.6  # of a chromosome, for a trisomy
ARM_SHARE = 0.5  # of an arm, for a whole-arm change or a false positive


def read(path: Path) -> list[dict]:
    """Rows of a tab-separated table, .gz or not; no row when the file is missing."""
    if not path.exists():
        return []
    opened = gzip.open(path, "rt") if path.suffix == ".gz" else open(path)
    with opened as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


class Tally:
    """Counts by kind and purity."""

    def __init__(self):
        self.counts = defaultdict(lambda: [0, 0, 0])

    def add(self, kind: str, purity: float | None, planted=(), called=()) -> None:
        """Items planted and called in one sample; true positives are in both."""
        planted, called = set(planted), set(called)
        labels = ["-"] if purity is None else [f"{purity:.2f}", "all"] + ([">=0.6"] if purity >= HIGH else [])
        for label in labels:
            row = self.counts[(kind, label)]
            row[0] += len(planted)
            row[1] += len(called)
            row[2] += len(planted & called)

    def rows(self) -> list[dict]:
        """Rows sorted by kind and purity; recall and precision are empty where nothing divides."""
        out = []
        for (kind, purity), (planted, called, true) in sorted(self.counts.items()):
            recall = f"{true / planted:.3f}" if planted else ""
            precision = f"{true / called:.3f}" if called else ""
            values = [kind, purity, planted, called, true, recall, precision]
            out.append(dict(zip(COLUMNS, values, strict=True)))
        return out


def score(folder: Path) -> Tally:
    """Compare everything below `folder`."""
    tally = Tally()
    truth = {p.stem: read(p) for p in (folder / "truth").glob("*.tsv")}
    results = folder / "results"
    samples = {s["sample"]: s for s in truth["samples"]}
    score_variants(tally, truth["variants"], samples, read(results / "calls" / "variants.tsv.gz"))
    arms = read(folder / "reference" / "arms.tsv")
    score_copies(
        tally,
        truth["copies"],
        samples,
        read(results / "abnormalities" / "abnormalities.tsv"),
        read(results / "calls" / "segments.tsv.gz"),
        arms,
    )
    score_translocations(
        tally, truth["translocations"], samples, read(results / "calls" / "translocations.tsv")
    )
    score_splicing(tally, truth.get("splicing", []), read(results / "expression" / "splicing.tsv"), samples)
    score_clinical(
        tally,
        truth["clinical"],
        read(results / "response" / "response.tsv"),
        read(results / "response" / "endpoints.tsv"),
    )
    return tally


def score_variants(tally: Tally, planted: list[dict], samples: dict, called: list[dict]) -> None:
    """Passing calls against planted variants of the same sample: place and alleles must be equal."""
    key = ("chrom", "pos", "ref", "alt")
    rare = {"snv": "snv_subclonal", "indel": "indel_subclonal"}
    for name, sample in samples.items():
        if sample["assay"] != "wes" or sample["tissue"] != "tumour":
            continue
        purity = float(sample["purity"])
        passing = [r for r in called if r["sample"] == name and r["filter"] == "PASS"]
        ending = "" if sample["matched_normal"] == "yes" else "_tumour_only"
        for kind, faint in rare.items():
            mine = [r for r in planted if r["sample"] == name and r["kind"] == kind]
            subclonal = {
                tuple(r[k] for k in key) for r in planted if r["sample"] == name and r["kind"] == faint
            }
            calls = {tuple(r[k] for k in key) for r in passing if _is_snv(r) == (kind == "snv")}
            tally.add(kind + ending, purity, {tuple(r[k] for k in key) for r in mine}, calls - subclonal)
            if subclonal:
                tally.add(faint + ending, purity, subclonal, calls & subclonal)


def _is_snv(row: dict) -> bool:
    return len(row["ref"]) == len(row["alt"])


def score_copies(tally: Tally, planted: list[dict], samples: dict, states, segments, arms) -> None:
    """Named events by state; trisomies, copy-neutral LOH and false positives by integer segments of the sample.

    An amp1q may or may not be called gain1q as well: gain1q is not counted in patients with a planted amp1q.
    """
    lengths = {
        (a["chrom"], a["arm"]): (int(a["start"]), int(a["end"])) for a in arms if a["informative"] == "yes"
    }
    for name, sample in samples.items():
        if sample["assay"] != "wes" or sample["tissue"] != "tumour" or sample["in_analysis"] != "yes":
            continue
        purity = float(sample["purity"])
        mine = [r for r in planted if r["sample"] == name]
        events = {r["event"] for r in mine}
        events |= {"del1p32"} if "homdel1p32" in events else set()
        state = {r["abnormality"]: r["state"] for r in states if r["patient"] == sample["patient"]}
        for event in NAMED_EVENTS:
            if event == "gain1q" and "amp1q" in events:
                continue
            wanted = {(name, event)} & {(name, e) for e in events}
            found = {(name, event)} if state.get(event) == "present" else set()
            tally.add("copy_number", purity, wanted, found)
            tally.add(f"copy_number:{event}", purity, wanted, found)
        score_segments(tally, name, purity, mine, [r for r in segments if r["sample"] == name], lengths)


def score_segments(
    tally: Tally, name: str, purity: float, mine: list[dict], segments: list[dict], arms: dict
) -> None:
    """Trisomies and copy-neutral LOH per chromosome and arm of one sample; other changed arms are false."""
    altered: dict[tuple[str, str], list[str]] = {}
    for row in mine:
        for (chrom, arm), (start, end) in arms.items():
            if row["chrom"] == chrom and _overlap(row, start, end) > 0:
                altered.setdefault((chrom, arm), []).append(row["event"])
    usable = [r for r in segments if r["total_copies"]]
    for row in mine:
        if row["event"].startswith("tri"):
            spans = [span for (chrom, _), span in arms.items() if chrom == row["chrom"]]
            gained = [r for r in usable if r["chrom"] == row["chrom"] and int(r["total_copies"]) >= 3]
            share = _covered(gained, spans)
            found = {(name, row["event"])} if share >= GAINED_SHARE else set()
            tally.add("copy_number", purity, {(name, row["event"])}, found)
            tally.add("copy_number:trisomy", purity, {(name, row["event"])}, found)
        elif row["event"].startswith("cnloh"):
            neutral = [r for r in usable if r["chrom"] == row["chrom"] and r["minor_copies"] == "0"]
            neutral = [r for r in neutral if r["total_copies"] == "2"]
            share = _covered(neutral, [(int(row["start"]), int(row["end"]))])
            found = {(name, row["event"])} if share >= ARM_SHARE else set()
            tally.add("copy_number", purity, {(name, row["event"])}, found)
            tally.add("copy_number:cnloh", purity, {(name, row["event"])}, found)
    for (chrom, arm), span in arms.items():
        if (chrom, arm) in altered:
            continue
        changed = [r for r in usable if r["chrom"] == chrom and _changed(r)]
        if _covered(changed, [span]) >= ARM_SHARE:
            tally.add("copy_number", purity, (), {(name, chrom, arm)})
            tally.add("copy_number:unplanted_arm", purity, (), {(name, chrom, arm)})


def _changed(row: dict) -> bool:
    return row["total_copies"] != "2" or row["minor_copies"] == "0"


def _overlap(row: dict, start: int, end: int) -> int:
    if not row["start"]:
        return 0
    return max(0, min(int(row["end"]), end) - max(int(row["start"]), start) + 1)


def _covered(rows: list[dict], spans: list[tuple[int, int]]) -> float:
    """Share of `spans` that `rows` cover."""
    total = sum(end - start + 1 for start, end in spans)
    return sum(_overlap(r, start, end) for r in rows for start, end in spans) / total if total else 0.0


def score_translocations(tally: Tally, planted: list[dict], samples: dict, called: list[dict]) -> None:
    """State `present` per patient and translocation, of the patients with RNA; MYC and the like are not planted."""
    purity = {s["patient"]: float(s["purity"]) for s in samples.values() if s["assay"] == "rna"}
    for patient, value in purity.items():
        wanted = {r["translocation"] for r in planted if r["patient"] == patient}
        wanted |= {"MYC_rearrangement"} if wanted & MYC else set()  # the row of MYC with any partner
        found = {r["translocation"] for r in called if r["patient"] == patient and r["state"] == "present"}
        tally.add("translocation", value, wanted, found)


def score_splicing(tally: Tally, planted: list[dict], called: list[dict], samples: dict) -> None:
    """State per patient and skipped exon; one not_assessable is not found, and none that is absent may be present."""
    states = {(samples[r["sample"]]["patient"], r["event"]): r["state"] for r in called}
    for row in planted:
        key = (row["patient"], row["event"])
        wanted = {key} if row["present"] == "yes" else set()
        tally.add("splicing", float(row["purity"]), wanted, {key} if states.get(key) == "present" else set())


def score_clinical(tally: Tally, planted: list[dict], response: list[dict], endpoints: list[dict]) -> None:
    """One item per patient: the planted value counts as found when the called one is equal."""
    answers = {r["patient"]: r for r in response}
    times = {r["patient"]: r for r in endpoints if r["endpoint"] == "TTP" and r["rule_set"] == "trial"}
    for row in planted:
        name = row["patient"]
        answer, time = answers.get(name, {}), times.get(name, {})
        for kind, wanted, found in (
            ("group", row["group"], answer.get("group")),
            ("best_response", row["best_confirmed_response"], answer.get("best_confirmed_response")),
            ("progression_date", row["progression_date"], answer.get("progression_date")),
            ("ttp", (row["ttp_days"], row["ttp_event"]), (time.get("days"), time.get("event"))),
        ):
            tally.add(
                kind, None, {(name, wanted)}, {(name, found)} if answer or kind == "ttp" and time else ()
            )


def shortfalls(tally: Tally) -> list[str]:
    """The minima that do not hold, in words."""
    problems = []
    for kind, (recall, precision) in SMALL.items():
        planted, called, true = tally.counts[(kind, ">=0.6")]
        if not planted or true / planted < recall:
            problems.append(
                f"{kind}: {true} of {planted} planted at purity >= 0.6 called, at least {recall} wanted"
            )
        if called and true / called < precision:
            problems.append(
                f"{kind}: {true} of {called} calls at purity >= 0.6 true, at least {precision} wanted"
            )
    for kind in ("copy_number", "translocation"):
        planted, called, true = tally.counts[(kind, ">=0.6")]
        if not planted or true / planted < 0.9:
            problems.append(
                f"{kind}: {true} of {planted} planted at purity >= 0.6 called, at least 0.9 wanted"
            )
        if called > true:
            problems.append(f"{kind}: {called - true} false positive at purity >= 0.6, none wanted")
    planted, called, true = tally.counts[("splicing", "all")]
    if planted > true or called > true:
        problems.append(f"splicing: {true} of {planted} planted skipped exons called, {called - true} false")
    for kind in ("group", "ttp"):
        planted, _, true = tally.counts[(kind, "-")]
        if not planted or true < planted:
            problems.append(f"{kind}: {true} of {planted} equal to the truth, all wanted")
    return problems


def large(arguments, tally: Tally) -> list[str]:
    """Score what only the large cohort has, write it, and say which of its minima do not hold."""
    card = scorecard_large.score(arguments.folder)
    scorecard_large.write(card, arguments.folder)
    if arguments.table:
        with open(arguments.table, "a") as handle:
            handle.write(scorecard_large.markdown(card, arguments.title or str(arguments.folder.name)) + "\n")
    clinical = [p for p in shortfalls(tally) if p.startswith(("group:", "ttp:"))]
    return scorecard_large.shortfalls(card) + clinical


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "folder", type=Path, help="working directory of the demo run (holds truth/ and results/)"
    )
    parser.add_argument("--strict", action="store_true", help="exit 1 when a minimum does not hold")
    parser.add_argument("--large", action="store_true", help="the large cohort, with its own minima")
    parser.add_argument(
        "--table", type=Path, metavar="FILE.md", help="append the cells of --large to this file"
    )
    parser.add_argument("--title", default="", help="heading of that table: seed, commit")
    arguments = parser.parse_args()
    if arguments.table and not arguments.large:
        parser.error("--table needs --large")
    tally = score(arguments.folder)
    problems = large(arguments, tally) if arguments.large else shortfalls(tally)
    path = arguments.folder / "results" / "scorecard.tsv"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["\t".join(COLUMNS)] + ["\t".join(str(r[c]) for c in COLUMNS) for r in tally.rows()]
    path.write_text("\n".join(lines) + "\n")
    for line in lines:
        print("".join(f"{cell:<28}" if i == 0 else f"{cell:>14}" for i, cell in enumerate(line.split("\t"))))
    for problem in problems:
        print(f"scorecard: NOT MET: {problem}")
    print(f"scorecard: {path}")
    return 1 if arguments.strict and problems else 0


if __name__ == "__main__":
    sys.exit(main())
