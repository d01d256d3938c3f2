"""The part of the scorecard that only the large cohort has: every item, counted by purity, clonal fraction and more.

An item is one planted (or wrongly called) thing with an outcome: found, missed, not_assessable (the workflow says that
it cannot tell), below (too faint to be asked for: under five expected alternate reads) or false. Cells of items
become rows with recall, precision and their Clopper-Pearson intervals. Nothing here is shared with the workflow.
"""

import csv
import gzip
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from scipy.stats import beta

ASKED_READS = 5  # expected alternate reads from which a mutation must be found
CELL_RECALL = 0.8
PRECISION = 0.95
STATE_SHARE = 0.95
PURITY_ERROR = 0.05
TRANSLOCATION_RECALL = 0.9
HIGH = 0.6
PURITIES = ("0.9", "0.6", "0.3")
RANGES = ((0.0, 0.05), (0.05, 0.1), (0.1, 0.2), (0.2, 0.4), (0.4, 1.01))
NEAR = 50  # bases between a planted and a called breakpoint
STOPPING = ("swap", "contamination")  # traps after which a patient's calls may be refused
COLUMNS = (
    "part", "kind", "purity", "cell", "planted", "asked", "found", "missed", "not_assessable", "below", "false",
    "recall", "recall_low", "recall_high", "precision", "precision_low", "precision_high", "note",
)  # fmt: skip

Segments = dict[str, list[dict]]  # rows of segments.tsv.gz by chromosome


@dataclass
class Item:
    """One thing that is planted or called."""

    part: str
    kind: str
    purity: str
    cell: str
    outcome: str
    what: str = ""
    asked: bool = True
    value: float | None = None


@dataclass
class Card:
    """All items, and the parts whose tables are missing."""

    items: list[Item] = field(default_factory=list)
    unscored: list[str] = field(default_factory=list)

    def add(self, *arguments, **named) -> None:
        self.items.append(Item(*arguments, **named))


def interval(found: int, of: int) -> tuple[float, float]:
    """Clopper-Pearson interval of 95 %."""
    low = 0.0 if found == 0 else float(beta.ppf(0.025, found, of - found + 1))
    high = 1.0 if found == of else float(beta.ppf(0.975, found + 1, of - found))
    return low, high


def read(path: Path) -> list[dict]:
    if not path.exists():
        return []
    opened = gzip.open(path, "rt") if path.suffix == ".gz" else open(path)
    with opened as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


def rows(card: Card) -> list[dict]:
    """One row per part, kind, purity and cell, in the order in which they were met."""
    cells: dict[tuple, list[Item]] = defaultdict(list)
    for item in card.items:
        cells[(item.part, item.kind, item.purity, item.cell)].append(item)
    out = []
    for key, items in cells.items():
        count = Counter(i.outcome for i in items)
        planted = sum(count.values()) - count["false"]
        asked = sum(i.asked and i.outcome not in ("false", "below") for i in items)
        found = sum(i.asked and i.outcome == "found" for i in items)
        row = dict(zip(COLUMNS, [*key, planted, asked], strict=False))
        row |= {name: count[name] for name in ("found", "missed", "not_assessable", "below", "false")}
        row |= _share("recall", found, asked) | _share(
            "precision", count["found"], count["found"] + count["false"]
        )
        values = [i.value for i in items if i.value is not None]
        row["note"] = (
            f"mean {sum(values) / len(values):.3g}, {min(values):.3g} to {max(values):.3g}" if values else ""
        )
        out.append(row)
    return out


def _share(name: str, found: int, of: int) -> dict:
    if not of:
        return {name: "", f"{name}_low": "", f"{name}_high": ""}
    low, high = interval(found, of)
    return {name: f"{found / of:.3f}", f"{name}_low": f"{low:.3f}", f"{name}_high": f"{high:.3f}"}


class Scores:
    """Reads truth and results of one run and fills a card."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.truth = {p.stem: read(p) for p in (folder / "truth").glob("*.tsv")}
        self.card = Card()
        self.samples = {s["sample"]: s for s in self.truth["samples"]}
        self.tumours = [
            s
            for s in self.truth["samples"]
            if s["assay"] == "wes" and s["tissue"] == "tumour" and s["in_analysis"] == "yes"
        ]
        self.traps = self.truth["traps"]
        self.stopped = {t["patient"] for t in self.traps if t["trap"] in STOPPING}
        self.targets = self._targets()
        self.base = {r["sample"]: int(r["base_copies"]) for r in self.truth["purity"]}

    def _targets(self) -> list[tuple[str, int]]:
        arms = [a for a in read(self.folder / "reference" / "arms.tsv") if a["informative"] == "yes"]
        seen = {(a["chrom"], int(a["start"]), int(a["end"])) for a in arms}
        out = []
        with open(self.folder / "reference" / "targets.bed") as handle:
            for line in handle:
                chrom, start, end, _ = line.rstrip("\n").split("\t")
                middle = (int(start) + int(end)) // 2
                if any(c == chrom and s <= middle <= e for c, s, e in seen):
                    out.append((chrom, middle))
        return out

    def result(self, *names: str) -> list[dict] | None:
        """Rows of the first table below results/ that is there; None when none is."""
        for name in names:
            path = self.folder / "results" / name
            if path.exists():
                return read(path)
        return None

    def has_trap(self, trap: str, sample: str) -> bool:
        return any(t["trap"] == trap and t["sample"] == sample for t in self.traps)

    # mutations

    def variants(self) -> None:
        called = self.result("calls/variants.tsv.gz")
        if called is None:
            self.card.unscored.append("mutations: no results/calls/variants.tsv.gz")
            return
        for s in self.truth["samples"]:
            if s["assay"] == "wes" and s["tissue"] == "tumour":
                here = [r for r in called if r["sample"] == s["sample"]]
                # as faint as foreign reads, or looks germline without a normal: the gene's row says not_assessable
                open_filters = {"contamination"} | ({"germline"} if s["matched_normal"] != "yes" else set())
                untold = {_key(r) for r in here if r["filter"] in open_filters}
                self._variants_of(s, [r for r in here if r["filter"] == "PASS"], untold)

    def _variants_of(self, sample: dict, passing: list[dict], untold: set[tuple[str, ...]]) -> None:
        name, purity = sample["sample"], sample["purity"]
        ending = "" if sample["matched_normal"] == "yes" else " tumour only"
        calls = {_key(r): r for r in passing}
        planted = {_key(r): r for r in self.truth["variants"] if r["sample"] == name}
        for key, row in planted.items():
            reads = float(row["alt_reads_expected"])
            outcome = "found" if key in calls else "missed" if reads >= ASKED_READS else "below"
            kind, what = row["kind"] + ending, f"{name} {':'.join(key)} {row['gene']}"
            outcome = "not_assessable" if key in untold else outcome
            asked, vaf = reads >= ASKED_READS and key not in untold, float(row["vaf_expected"])
            cell = f"clonal fraction {float(row['ccf']):g}"
            self.card.add("mutations", kind, purity, cell, outcome, what, asked, reads)
            self.card.add(
                "mutations by allele fraction", kind, "all", _range(vaf), outcome, what, asked, reads
            )
        for key, row in calls.items():
            if key in planted:
                continue
            kind = ("snv" if len(row["ref"]) == len(row["alt"]) else "indel") + ending
            fraction = _number(row.get("tumour_af")) or 0.0
            what = f"{name} {':'.join(key)} {row.get('gene', '')} af {fraction:.3f}"
            self.card.add("mutations by allele fraction", kind, "all", _range(fraction), "false", what)
            self.card.add("false mutations", kind, purity, self._sort(name, row), "false", what)

    def _sort(self, name: str, row: dict) -> str:
        if self.has_trap("oxidation", name):
            return "oxidised sample"
        if self.has_trap("contamination", name):
            return "contaminated sample"
        return "other samples"

    def precision(self) -> None:
        """Per kind at purity >= 0.6, with a normal: every call, traps included."""
        for kind in ("snv", "indel"):
            true = [
                i
                for i in self.card.items
                if i.part == "mutations" and i.kind == kind and i.outcome == "found"
            ]
            false = [i for i in self.card.items if i.part == "false mutations" and i.kind == kind]
            for item in [*true, *false]:
                if float(item.purity) >= HIGH:
                    self.card.add("mutations, all", kind, ">=0.6", "all", item.outcome, item.what)

    def clonality(self) -> None:
        """Cancer cell fraction of the found mutations, where the workflow states it."""
        called = self.result("calls/annotated_variants.tsv.gz")
        if not called or not any(n in called[0] for n in ("ccf", "cancer_cell_fraction")):
            self.card.unscored.append(
                "clonal fraction of mutations: no ccf in results/calls/annotated_variants.tsv.gz"
            )
            return
        column = "ccf" if "ccf" in called[0] else "cancer_cell_fraction"
        stated = {
            (r["sample"], *_key(r)): _number(r[column]) for r in called if r.get("filter", "PASS") == "PASS"
        }
        for row in self.truth["variants"]:
            key = (row["sample"], *_key(row))
            sample = self.samples[row["sample"]]
            if key not in stated or sample["matched_normal"] != "yes" or sample["in_analysis"] != "yes":
                continue
            value, wanted = stated[key], float(row["ccf"])
            outcome = (
                "not_assessable" if value is None else "found" if abs(value - wanted) <= 0.25 else "missed"
            )
            what = f"{row['sample']} {':'.join(key[1:])} {value} for {wanted}"
            self.card.add("clonal fraction within 0.25", row["kind"], sample["purity"], f"clonal fraction {wanted:g}",
                          outcome, what, value is not None, value)  # fmt: skip

    # copy numbers

    def copies(self) -> None:
        segments = self.result("calls/segments.tsv.gz")
        if segments is None:
            self.card.unscored.append("copy number: no results/calls/segments.tsv.gz")
            return
        events = self.result("calls/copy_events.tsv")
        if events is None:
            text = "smallest detectable fraction of copy-number events: no results/calls/copy_events.tsv"
            self.card.unscored.append(text)
        states = self.result("abnormalities/abnormalities.tsv") or []
        for s in self.tumours:
            mine = _by_chromosome(r for r in segments if r["sample"] == s["sample"])
            stated = {r["abnormality"]: r for r in states if r["patient"] == s["patient"]}
            stated |= {r["event"]: r for r in events or [] if r["sample"] == s["sample"]}
            self._events_of(s, mine, stated)
            self._states_of(s, mine)

    def _events_of(self, sample: dict, segments: Segments, stated: dict) -> None:
        name, purity = sample["sample"], sample["purity"]
        planted = [
            r for r in self.truth["copies"] if r["sample"] == name and r["chrom"] and r["event"] != "wgd"
        ]
        for row in planted:
            shown = next((stated[n] for n in _names(row["event"]) if n in stated), None)
            ccf = float(row["ccf"])
            least = _number((shown or {}).get("minimal_detectable_fraction"))
            if shown:
                outcome = {"present": "found", "absent": "missed"}.get(shown["state"], "not_assessable")
            else:
                outcome = self._by_segments(row, segments, self.base[name])
                least = self._limit_of_others(row, name, stated)
                if outcome == "missed" and least is not None and least > ccf:
                    outcome = "not_assessable"
            asked = outcome != "not_assessable" or (least is not None and least <= ccf)
            if outcome == "not_assessable" and sample["patient"] in self.stopped:
                asked = False
            if least is not None and least > ccf and outcome != "missed":
                asked = False
            what = f"{name} {row['event']} ccf {ccf:g} {shown['state'] if shown else 'by segments'}"
            what += f" detectable from {least:.2f}" if least is not None else ""
            what += f"; {self._seen(row, segments)}"
            kind = f"copy number, {_family(row)}"
            for label in (kind, "copy number"):
                self.card.add(
                    "copy number", label, purity, f"clonal fraction {ccf:g}", outcome, what, asked, least
                )
        self._ploidy_of(sample, stated, planted)
        self._false_events(sample, segments, stated, planted)

    def _ploidy_of(self, sample: dict, stated: dict, planted: list[dict]) -> None:
        """Hyperdiploidy and doubling of the genome, where the workflow has rows for them."""
        name, purity = sample["sample"], sample["purity"]
        trisomies = sum(r["event"].startswith("tri") for r in planted)
        for event, wanted in (
            ("hyperdiploidy", trisomies >= 2),
            ("whole_genome_doubling", self.base[name] == 4),
        ):
            state = stated.get(event, {}).get("state", "")
            if wanted and state:
                outcome = {"present": "found", "absent": "missed"}.get(state, "not_assessable")
                asked = outcome != "not_assessable" or sample["patient"] not in self.stopped
                what = f"{name} {event} {state}"
                self.card.add(
                    "copy number", f"copy number, {event}", purity, "clonal fraction 1", outcome, what, asked
                )
            elif state == "present":
                self.card.add("copy number", "copy number", purity, "not planted", "false", f"{name} {event}")

    @staticmethod
    def _limit_of_others(row: dict, sample: str, stated: dict) -> float | None:
        """The worst smallest detectable fraction that the sample's own rows state for changes of this direction."""
        family = _family(row)
        starts = {"gain": ("gain", "trisomy"), "copy-neutral LOH": ("cnloh_",)}.get(family, ("del",))
        found = [
            _number(r.get("minimal_detectable_fraction"))
            for name, r in stated.items()
            if r["sample"] == sample and name.startswith(starts) and name != "del17p_high_fraction"
        ]
        known = [value for value in found if value is not None]
        return max(known) if known else None

    def _inside(self, row: dict) -> list[tuple[str, int]]:
        return [
            t for t in self.targets if t[0] == row["chrom"] and int(row["start"]) <= t[1] <= int(row["end"])
        ]

    def _by_segments(self, row: dict, segments: Segments, base: int) -> str:
        """Found when at least half of the targets lie in segments that are changed in the planted direction."""
        wanted = self._direction(row, base)
        inside = self._inside(row)
        hits = [_segment(segments, t) for t in inside]
        known = [h for h in hits if h and h["total_copies"]]
        if 2 * len(known) < len(inside):
            return "not_assessable"
        right = sum(
            self._direction({"total": h["total_copies"], "minor": h["minor_copies"]}, base) == wanted
            for h in known
        )
        return "found" if 2 * right >= len(inside) else "missed"

    @staticmethod
    def _direction(row: dict, base: int) -> str:
        total = int(row["total"])
        if total == 0:
            return "none left"
        if total != base:
            return "loss" if total < base else "gain"
        return "neutral loss" if row["minor"] == "0" else "unchanged"

    def _seen(self, row: dict, segments: Segments) -> str:
        """The states of the segments over a place, most targets first."""
        hits = [_segment(segments, t) for t in self._inside(row)]
        count = Counter(
            f"{h['total_copies']}/{h['minor_copies']} f={_short(h['clonal_fraction'])} log2={_short(h['log2'])}"
            if h
            else "-"
            for h in hits
        )
        return ", ".join(f"{text} ({n})" for text, n in count.most_common(3))

    def _false_events(self, sample: dict, segments: Segments, stated: dict, planted: list[dict]) -> None:
        """Named states present without a planted change of that arm; arms changed for most of their targets."""
        name, purity, base = sample["sample"], sample["purity"], self.base[sample["sample"]]
        changed = {r["event"] for r in planted}
        allowed = {n for e in changed for n in _names(e)} | {"gain1q" for e in changed if e == "amp1q"}
        allowed |= {"del1p32"} if "homdel1p32" in changed else set()
        for event in ("del17p", "gain1q", "amp1q", "del1p32", "del13q", "del6q25", "del8p22", "del12p13"):
            wanted = event in allowed
            wanted |= event == "amp1q" and base == 4 and "gain1q" in changed
            if stated.get(event, {}).get("state") == "present" and not wanted:
                self.card.add("copy number", "copy number", purity, "not planted", "false", f"{name} {event}")
        everywhere = base == 4
        for arm in read(self.folder / "reference" / "arms.tsv"):
            inside = self._inside(arm) if arm["informative"] == "yes" else []
            touched = any(r["chrom"] == arm["chrom"] and int(r["start"]) <= int(arm["end"]) and int(arm["start"]) <= int(r["end"]) for r in planted)  # fmt: skip
            if not inside or touched:
                continue
            hits = [h for h in (_segment(segments, t) for t in inside) if h and h["total_copies"]]
            off = [
                h
                for h in hits
                if int(h["total_copies"]) != base or h["minor_copies"] not in ("", str(base // 2))
            ]
            if 2 * len(off) > len(inside):
                text = f"{name} {arm['chrom']}{arm['arm']}: {self._seen(arm, segments)}"
                cell = "not planted, base of a doubled genome" if everywhere else "not planted"
                self.card.add("copy number", "copy number", purity, cell, "false", text)

    def _states_of(self, sample: dict, segments: Segments) -> None:
        """Integer copies and LOH of every target; places with a subclonal change are counted apart."""
        name, base = sample["sample"], self.base[sample["sample"]]
        if self.truth_status(name) == "unresolved":
            return
        planted = [r for r in self.truth["copies"] if r["sample"] == name and r["chrom"]]
        germline = [r for r in self.truth["germline_copies"] if r["patient"] == sample["patient"]]
        label = ">=0.6" if float(sample["purity"]) >= HIGH else "<0.6"
        for target in self.targets:
            if any(_holds(r, target) for r in germline):
                continue
            row = next((r for r in planted if _holds(r, target)), None)
            total, minor = (int(row["total"]), int(row["minor"])) if row else (base, base // 2)
            cell = "clonal place" if row is None or float(row["ccf"]) == 1 else "subclonal place"
            hit = _segment(segments, target)
            what = f"{name} {target[0]}:{target[1]}"
            for kind, wanted in (
                ("total copies", str(total)),
                ("minor copies", str(minor)),
                ("LOH", str(minor == 0)),
            ):
                seen = ""
                if hit and hit["total_copies"]:
                    seen = {"total copies": hit["total_copies"], "minor copies": hit["minor_copies"]}.get(
                        kind, ""
                    )
                    if kind == "LOH" and hit["minor_copies"]:
                        seen = str(hit["minor_copies"] == "0")
                outcome = "not_assessable" if not seen else "found" if seen == wanted else "missed"
                self.card.add(
                    "states per target", kind, label, cell, outcome, f"{what} {seen} for {wanted}", bool(seen)
                )

    def truth_status(self, name: str) -> str:
        return next(r["status"] for r in self.truth["purity"] if r["sample"] == name)

    def purity(self) -> None:
        called = {r["sample"]: r for r in self.result("calls/purity.tsv") or []}
        if not called:
            self.card.unscored.append("purity: no results/calls/purity.tsv")
        for row in self.truth["purity"]:
            name = row["sample"]
            if name not in called or self.samples[name]["in_analysis"] != "yes":
                continue
            answer = called[name]
            value, status = _number(answer["purity"]), answer["status"]
            what = f"{name} {value} ({status}, base {answer['base_copies']}) for {row['purity']} ({row['status']}, base {row['base_copies']})"
            if row["status"] == "unresolved":
                outcome = "found" if status == "unresolved" else "missed"
                self.card.add("purity", "flat genome unresolved", row["purity"], "all", outcome, what)
                continue
            self._purity_of(row, answer, value, status, what)

    def _purity_of(self, row, answer, value, status, what) -> None:
        if status != "resolved" or value is None:
            self.card.add("purity", "within 0.05", row["purity"], "resolvable", "not_assessable", what, False)
            return
        error = abs(value - float(row["purity"]))
        outcome = "found" if error <= PURITY_ERROR + 1e-9 else "missed"
        self.card.add("purity", "within 0.05", row["purity"], "resolvable", outcome, what, True, error)
        outcome = "found" if answer["base_copies"] == row["base_copies"] else "missed"
        self.card.add(
            "purity", "doubling of the genome", row["purity"], f"base {row['base_copies']}", outcome, what
        )

    def double_hits(self) -> None:
        states = self.result("abnormalities/abnormalities.tsv")
        if states is None:
            self.card.unscored.append("double hits: no results/abnormalities/abnormalities.tsv")
            return
        found = {}
        for r in states:
            kind, _, name = r["abnormality"].partition("_")
            if kind == "biallelic" and not name.startswith("del"):
                found[(r["patient"], name)] = r["state"]
        planted = {(r["patient"], r["gene"]) for r in self.truth["double_hits"]}
        for row in self.truth["double_hits"]:
            state = found.get((row["patient"], row["gene"]))
            outcome = {"present": "found", "absent": "missed"}.get(state or "absent", "not_assessable")
            what = f"{row['patient']} {row['gene']} ({row['how']}): {state}"
            self.card.add("double hits", row["how"], row["purity"], "all", outcome, what)
        purity = {s["patient"]: s["purity"] for s in self.tumours}
        for (patient, gene), state in found.items():
            if (
                state == "present"
                and (patient, gene) not in planted
                and not self._met_by_chance(patient, gene)
            ):
                self.card.add(
                    "double hits", "not planted", purity.get(patient, ""), "all", "false", f"{patient} {gene}"
                )

    def _met_by_chance(self, patient: str, gene: str) -> bool:
        """Did two planted mutations, or one and a planted loss, fall on a gene without being planned as a pair?"""
        for tumour in (s for s in self.tumours if s["patient"] == patient):
            own = [
                v
                for v in self.truth["variants"]
                if v["sample"] == tumour["sample"] and v["gene"] == gene and v["class"] != "synonymous"
            ]
            lost = any(
                r["sample"] == tumour["sample"] and r["minor"] == "0" and r["chrom"] == v["chrom"]
                and int(r["start"]) <= int(v["pos"]) <= int(r["end"])
                for v in own for r in self.truth["copies"] if r["chrom"] and r["event"] != "wgd"
            )  # fmt: skip
            if len(own) >= 2 or lost:
                return True
        return False

    # translocations

    def translocations(self) -> None:
        called = self.result("calls/translocations.tsv")
        if called is None:
            self.card.unscored.append("translocations: no results/calls/translocations.tsv")
            return
        known = {r["translocation"] for r in called}
        answers = {(r["patient"], r["translocation"]): r for r in called}
        purity = {s["patient"]: s["purity"] for s in self.tumours}
        kits = {r["patient"]: r["kit"] for r in read(self.folder / "sheets" / "samples.tsv") if r["kit"]}
        wanted = set()
        for row in self.truth["translocations"]:
            name = next((n for n in _translocation_names(row) if n in known), None)
            what = f"{row['patient']} {row['translocation']}"
            if name is None:
                self.card.unscored.append(f"{what}: the workflow has no row of that name")
                continue
            wanted |= {(row["patient"], n) for n in _translocation_names(row)}
            answer = answers.get((row["patient"], name), {})
            outcome = {"present": "found", "absent": "missed"}.get(answer.get("state", ""), "not_assessable")
            stopped = row["patient"] in self.stopped
            asked = outcome != "not_assessable" or not stopped
            votes = ", ".join(f"{v} {answer.get(v, '')}" for v in ("dna", "rna", "expression", "fish"))
            evidence = _sources(row)
            self.card.add(
                "translocations", evidence, row["purity"], "call", outcome, f"{what}: {votes}", asked
            )
            if row["dna_breakpoints_planted"] == "yes":
                vote = {"present": "found", "absent": "missed"}.get(answer.get("dna", ""), "not_assessable")
                self.card.add(
                    "translocations", "DNA vote", row["purity"], "captured", vote, f"{what}: {votes}"
                )
        for (patient, name), answer in answers.items():
            what = f"{patient} {name}: {answer.get('reason', '')} {answer.get('evidence', '')}"
            if answer["state"] == "present" and (patient, name) not in wanted:
                self.card.add("translocations", "not planted", purity.get(patient, ""), "call", "false", what)
            if answer.get("dna") == "absent" and kits.get(patient) == "plain":
                text = "DNA vote without IG baits"
                self.card.add("translocations", text, purity.get(patient, ""), "not covered", "false", what)

    # traps

    def swaps(self) -> None:
        pairs = self.result("alignments/identity.tsv")
        if pairs is None:
            self.card.unscored.append("swap: no results/alignments/identity.tsv")
            return
        swapped = {t["sample"]: t["other"] for t in self.traps if t["trap"] == "swap"}
        alike = {
            frozenset((r["sample_a"], r["sample_b"]))
            for r in pairs
            if r["verdict"] == "match" and r["patient_a"] != r["patient_b"]
        }
        apart = [r for r in pairs if r["patient_a"] == r["patient_b"] and r["verdict"] == "mismatch"]
        unlike = {name for r in apart for name in (r["sample_a"], r["sample_b"]) if name in swapped}
        for name, other in swapped.items():
            owner = self.samples[other]["patient"]
            named = any(
                name in pair and any(self.samples[n]["patient"] == owner for n in pair - {name})
                for pair in alike
            )
            outcome = "found" if name in unlike and named else "missed"
            self.card.add(
                "traps",
                "swap",
                self.samples[name]["purity"],
                "detected and named",
                outcome,
                f"{name} is {other}",
            )
        for r in apart:
            if not {r["sample_a"], r["sample_b"]} & set(swapped):
                self.card.add("traps", "swap", "all", "invented", "false", f"{r['sample_a']} {r['sample_b']}")
        people = {n: self.samples[swapped.get(n, n)]["patient"] for n in self.samples}
        for pair in alike:
            if len({people[n] for n in pair}) > 1:
                self.card.add("traps", "swap", "all", "invented", "false", " ".join(sorted(pair)))

    def contamination(self) -> None:
        table = self.result("alignments/contamination.tsv")
        gate = self.result("alignments/qc.tsv") or []
        states = {r["sample"]: (r["state"], r.get("contamination", "")) for r in table or []}
        if table is None:
            states = {
                r["sample"]: (
                    {"fail": "present", "pass": "absent"}.get(r["verdict"], r["verdict"]),
                    r["value"],
                )
                for r in gate
                if r.get("gate") == "contamination"
            }
        self._detected(
            "contamination", states, "no results/alignments/contamination.tsv nor gate of that name"
        )

    def tumour_in_normal(self) -> None:
        table = self.result("calls/tumour_in_normal.tsv")
        states = {}
        for r in table or []:
            name = r.get("normal") or r.get("sample") or f"{r['patient']}-N"
            tumour = name if not self.samples.get(name, {}).get("tissue") == "tumour" else f"{r['patient']}-N"
            states[tumour] = (
                r.get("state", ""),
                r.get("tumour_in_normal") or r.get("estimate") or r.get("fraction") or "",
            )
        self._detected("tumour_in_normal", states, "no results/calls/tumour_in_normal.tsv")

    def _detected(self, trap: str, states: dict, missing: str) -> None:
        if not states:
            self.card.unscored.append(f"{trap}: {missing}")
            return
        planted = {t["sample"] for t in self.traps if t["trap"] == trap}
        for name in planted:
            state, value = states.get(name, ("", ""))
            outcome = {"present": "found", "absent": "missed"}.get(state, "not_assessable")
            self.card.add("traps", trap, "all", "detected", outcome, f"{name} {value}", True, _number(value))
        for name, (state, value) in states.items():
            if state == "present" and name not in planted:
                self.card.add("traps", trap, "all", "invented", "false", f"{name} {value}")

    def germline(self) -> None:
        """A germline loss, and an arm without heterozygous sites, are no somatic change."""
        segments = self.result("calls/segments.tsv.gz") or []
        for row in self.truth["germline_copies"]:
            sample = f"{row['patient']}-T"
            mine = _by_chromosome(r for r in segments if r["sample"] == sample)
            base = self.base[sample]
            inside = self._inside(row)
            hits = [h for h in (_segment(mine, t) for t in inside) if h and h["total_copies"]]
            wrong = [h for h in hits if int(h["total_copies"]) != base or h["minor_copies"] == "0"]
            outcome = "not_assessable" if not hits else "missed" if 2 * len(wrong) > len(inside) else "found"
            what = f"{sample} {row['chrom']}:{row['start']}-{row['end']}: {self._seen(row, mine)}"
            self.card.add("traps", row["event"], self.samples[sample]["purity"], "not called somatic", outcome, what,
                          bool(hits))  # fmt: skip
        called = self.result("calls/translocations.tsv") or []
        for row in self.truth["junctions"]:
            if row["germline"] == "yes":
                state = next((r["state"] for r in called if r["patient"] == row["patient"] and r["translocation"] == row["translocation"]), "")  # fmt: skip
                outcome = "missed" if state == "present" else "found" if state else "not_assessable"
                text = f"{row['patient']} {row['translocation']}: {state}"
                self.card.add(
                    "traps", "germline junction", "all", "not called somatic", outcome, text, bool(state)
                )


def _key(row: dict) -> tuple[str, str, str, str]:
    return row["chrom"], row["pos"], row["ref"], row["alt"]


def _number(text) -> float | None:
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def _short(text: str) -> str:
    value = _number(text)
    return "" if value is None else f"{value:.2f}"


def _range(fraction: float) -> str:
    low, high = next(r for r in RANGES if r[0] <= fraction < r[1])
    return f"{low:g} to {min(high, 1):g}"


def _holds(row: dict, target: tuple[str, int]) -> bool:
    return row["chrom"] == target[0] and int(row["start"]) <= target[1] <= int(row["end"])


def _by_chromosome(segments: Iterable[dict]) -> Segments:
    out: Segments = defaultdict(list)
    for row in segments:
        out[row["chrom"]].append(row)
    return out


def _segment(segments: Segments, target: tuple[str, int]) -> dict | None:
    return next((r for r in segments.get(target[0], ()) if _holds(r, target)), None)


def _names(event: str) -> list[str]:
    """What the workflow may call a planted event."""
    if event.startswith("tri"):
        return [f"trisomy{event[3:]}"]
    if event.startswith("cnloh"):
        return [f"cnloh_{event[5:]}"]
    if event.startswith("homdel"):
        return [f"biallelic_del{event[6:]}"]
    regions = {
        "del16q": "del16q_CYLD",
        "del6q": "del6q25",
        "del8p": "del8p22",
        "del12p": "del12p13",
        "gain8q": "gainMYC",
    }
    return [regions.get(event, event)]


def _family(row: dict) -> str:
    event = row["event"]
    if event.startswith("homdel"):
        return "homozygous"
    if event.startswith("cnloh"):
        return "copy-neutral LOH"
    if event in ("del1p32", "delTRAF3"):
        return "focal loss"
    return "gain" if event.startswith(("gain", "amp", "tri")) else "loss"


def _translocation_names(row: dict) -> list[str]:
    names = [row["translocation"]]
    if row["partners"] == "MYC":
        names += [f"MYC-{row['ig']}", f"MYC_{row['ig']}", f"{row['ig']}-MYC", "MYC_rearrangement"]
    return names


def _sources(row: dict) -> str:
    """What the reads hold of a translocation."""
    sources = [
        word
        for word, column in (("DNA", "dna_breakpoints_planted"), ("RNA junction", "junction_reads_planted"), ("expression", "expression_raised"))
        if row[column] == "yes"
    ]  # fmt: skip
    return " + ".join(sources)


def score(folder: Path) -> Card:
    """Everything that the large cohort adds."""
    scores = Scores(folder)
    for part in (
        scores.variants, scores.precision, scores.clonality, scores.copies, scores.purity, scores.double_hits,
        scores.translocations, scores.swaps, scores.contamination, scores.tumour_in_normal, scores.germline,
    ):  # fmt: skip
        part()
    return scores.card


def shortfalls(card: Card) -> list[str]:
    """The minima that do not hold, in words; what could not be scored is not met either."""
    problems = [f"not scored: {text}" for text in card.unscored]
    for row in rows(card):
        least = _least(row)
        label = ", ".join(row[c] for c in ("part", "kind", "purity", "cell"))
        if least is not None and row["asked"] and float(row["recall"]) < least:
            found = round(float(row["recall"]) * row["asked"])
            problems.append(f"{label}: {found} of {row['asked']}, at least {least:g} wanted")
        if row["part"] == "mutations, all" and row["precision"] and float(row["precision"]) < PRECISION:
            problems.append(f"{label}: precision {row['precision']}, at least {PRECISION} wanted")
        if row["false"] and _none_allowed(row):
            problems.append(f"{label}: {row['false']} wrongly called, none wanted")
    return problems


def _least(row: dict) -> float | None:
    """The recall that a row must reach; None where it is shown only."""
    part, kind, purity = row["part"], row["kind"], row["purity"]
    if part == "mutations":
        return CELL_RECALL if kind in ("snv", "indel") and purity in PURITIES else None
    if part == "copy number":
        return CELL_RECALL if kind == "copy number" else None
    if part == "states per target":
        return STATE_SHARE if purity == ">=0.6" and row["cell"] == "clonal place" else None
    if part in ("purity", "double hits", "traps"):
        return 1.0
    if part == "translocations":
        return None if kind == "DNA vote without IG baits" else TRANSLOCATION_RECALL
    return None


def _none_allowed(row: dict) -> bool:
    """Calls that may not be there at all; those of a sample of low purity are shown only."""
    if row["part"] in ("traps", "translocations", "double hits"):
        return True
    return row["part"] == "copy number" and row["purity"] != "0.3"


def write(card: Card, folder: Path) -> None:
    """scorecard_large.tsv (cells) and scorecard_items.tsv (what was not found or is false) below results/."""
    out = folder / "results"
    out.mkdir(parents=True, exist_ok=True)
    lines = ["\t".join(COLUMNS)] + ["\t".join(str(r.get(c, "")) for c in COLUMNS) for r in rows(card)]
    (out / "scorecard_large.tsv").write_text("\n".join(lines) + "\n")
    columns = ("part", "kind", "purity", "cell", "outcome", "what")
    bad = [i for i in card.items if i.outcome != "found"]
    lines = ["\t".join(columns)] + ["\t".join(str(getattr(i, c)) for c in columns) for i in bad]
    (out / "scorecard_items.tsv").write_text("\n".join(lines) + "\n")


def markdown(card: Card, title: str, say: Callable[[str], str] = str) -> str:
    """The committed form: one table per part."""
    out = [f"## {title}", "", f"Scored on {datetime.now(UTC):%Y-%m-%d}.", ""]
    parts: dict[str, list[dict]] = defaultdict(list)
    for row in rows(card):
        parts[row["part"]].append(row)
    for part, mine in parts.items():
        out += [f"### {part[0].upper()}{part[1:]}", ""]
        out += [
            "| kind | purity | cell | planted | asked | found | not assessable | recall (95 %) | false | precision (95 %) | note |"
        ]
        out += ["|---|---|---|---|---|---|---|---|---|---|---|"]
        for r in mine:
            shown = [r["kind"], r["purity"], r["cell"], r["planted"], r["asked"], r["found"], r["not_assessable"],
                     _words(r, "recall"), r["false"], _words(r, "precision"), r["note"]]  # fmt: skip
            out.append("| " + " | ".join(say(str(v)) for v in shown) + " |")
        out.append("")
    out += [f"Not scored: {text}." for text in card.unscored] + [""] * bool(card.unscored)
    return "\n".join(out)


def _words(row: dict, name: str) -> str:
    return f"{row[name]} ({row[f'{name}_low']}-{row[f'{name}_high']})" if row[name] else ""
