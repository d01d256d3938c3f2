"""For who has to run it again: inputs with checksums, time and memory by rule, files by stage, gates in this cohort."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from myeloma import STAGES, tables
from myeloma.report import words
from myeloma.report.cells import Cell, Figure, Table, table
from myeloma.report.course import tag

#: Larger files are told by their size: hashing all reads again would take longer than the report.
MOST_HASHED = 64_000_000
TOO_LARGE = "larger than 64 MB: size only"
GONE = "not there when the report was made"
#: What stands in results beside the tables: file, what it holds.
OTHER_FILES = (
    ("results/alignments/{sample}.cram", "aligned reads with index, one read group per lane"),
    ("results/calls/{patient}.somatic.vcf.gz", "small variants, every filter named"),
    ("results/calls/somatic.maf.gz", "small variants of all patients, 32 standard columns first"),
    ("results/calls/{patient}.sv.vcf.gz", "structural variants"),
    ("results/calls/copies/{sample}.svg", "copy-number plot"),
    ("results/expression/cohort.h5ad", "counts and normalised counts, one observation per RNA sample"),
    ("results/comparison/expression_note.txt", "who was compared by expression, or why nothing was"),
    ("results/report/report.html", "this page"),
    ("results/report/multiqc.html", "measures of reads and alignments, all samples side by side"),
    ("results/report/evidence/{patient}.html", "the reads behind the calls; they stay where the data are"),
    ("results/report/report_full.zip", "this page with the pages of reads and MultiQC"),
)  # fmt: skip


def sizes(paths: Iterable[str], hashed: bool = True) -> list[dict[str, Any]]:
    """file, bytes, sha256 (empty with `why` where it was not computed), sorted by name; paths as given in the config."""
    made = []
    for path in sorted({str(p) for p in paths if p}):
        there = Path(path).is_file()
        size = Path(path).stat().st_size if there else None
        small = there and hashed and size <= MOST_HASHED
        made.append(
            {
                "file": shown(path),
                "bytes": size,
                "sha256": hashlib.sha256(Path(path).read_bytes()).hexdigest() if small else "",
                "why": "" if small else GONE if not there else TOO_LARGE if hashed else "reads: size only",
            }
        )
    return made


def shown(path: str) -> str:
    """A path as the page may show it: relative as given; of an absolute one the name alone."""
    return Path(path).name if Path(path).is_absolute() else path


def _bytes(size: int | None) -> Cell:
    return Cell("") if size is None else Cell(f"{size:,}".replace(",", " "), float(size))


def inputs(rows: Sequence[Mapping[str, Any]]) -> Table:
    cells = [[r["file"], _bytes(r["bytes"]), Cell(r["sha256"], None, "", "digest"), r["why"]]
             for r in rows]  # fmt: skip
    return table("inputs", "Inputs of this run: sheets, configuration, references, reads", ["File", "Bytes", "SHA-256", "Not computed"],
                 cells, ["Bytes"], empty="The inputs were not handed to this page.")  # fmt: skip


def benchmarks(folder: str) -> list[dict[str, Any]]:
    """Time and memory by rule from Snakemake's benchmark files (`rule.tsv`, `rule/{wildcard}.tsv`); none: no rows.

    seconds and cpu_seconds are sums over jobs, longest is the longest job, max_rss_mb the largest job.
    """
    made: dict[str, list[pd.DataFrame]] = {}
    root = Path(folder)
    for path in sorted(root.rglob("*.tsv")):
        rule = path.relative_to(root).parts[0].removesuffix(".tsv")
        rows = pd.read_csv(path, sep="\t", na_values=["-"])
        made.setdefault(rule, []).append(rows.tail(1))
    out = []
    for rule, parts in sorted(made.items()):
        rows = pd.concat(parts, ignore_index=True)
        told = {
            name: pd.to_numeric(rows[name], errors="coerce")
            for name in ("s", "max_rss", "cpu_time")
            if name in rows
        }
        empty = pd.Series(dtype=float)
        cpu, memory = told.get("cpu_time", empty).dropna(), told.get("max_rss", empty).dropna()
        out.append({"rule": rule, "jobs": len(rows), "seconds": float(told["s"].sum()), "longest": float(told["s"].max()),
                    "cpu_seconds": float(cpu.sum()) if len(cpu) else None,
                    "max_rss_mb": float(memory.max()) if len(memory) else None})  # fmt: skip
    return out


def run_times(rows: Sequence[Mapping[str, Any]]) -> Table:
    cells = [
        [r["rule"], r["jobs"], *(None if r[n] is None else Cell(f"{r[n]:.1f}", r[n]) for n in ("seconds", "longest", "cpu_seconds")),
         None if r["max_rss_mb"] is None else Cell(f"{r['max_rss_mb']:.0f}", r["max_rss_mb"])]
        for r in rows
    ]  # fmt: skip
    columns = ["Rule", "Jobs", "Seconds, all jobs", "Longest job, s", "Processor, s", "Most memory, MB"]
    return table("run-times", "Time and memory by rule, of the last run of each job", columns, cells, columns[1:],
                 empty="No benchmark file was found beside this run.")  # fmt: skip


def files_by_stage() -> Table:
    """Every table and file of results with what it holds, in the order of the stages."""
    known = [(t.path, f"one row per {t.row}") for t in tables.ALL] + list(OTHER_FILES)
    order = {stage: at for at, stage in enumerate(STAGES)}
    rows = [(path.split("/")[1], path, what) for path, what in dict(known).items()]
    rows.sort(key=lambda r: (order.get(r[0], len(order)), r[1]))
    cells = [
        [stage, Cell(path, None, "", "" if "{" in path else "files"), what] for stage, path, what in rows
    ]
    return table(
        "files",
        "Files by stage; columns and units of each table in docs/tables.md",
        ["Stage", "File", "What it holds"],
        cells,
    )


def command(config_files: Sequence[str], commit: str) -> str:
    """The command that makes this report again."""
    given = (
        " ".join(
            shown(path) for path in config_files if Path(path).name != "config.yaml" or len(config_files) == 1
        )
        or "config.yaml"
    )
    return (
        f"git checkout {commit.rstrip('+')}\n"
        f"snakemake --snakefile Snakefile --configfile {given} --directory RUN --cores 16 report"
    )


def gates(qc: pd.DataFrame) -> Figure | None:
    """Every gate on the samples of this cohort: one line per assay, tissue and gate, with its threshold."""
    rows = qc[(qc["verdict"] != "") & qc["value"].notna()]
    if rows.empty:
        return None
    left, right, made, cells = 300, 800, [], []
    for at, ((assay, tissue, gate), mine) in enumerate(rows.groupby(["assay", "tissue", "gate"])):
        y = 22.0 + 24 * at
        values = mine["value"].astype(float)
        limits = mine["threshold"].dropna().astype(float)
        low, high = float(min([*values, *limits])), float(max([*values, *limits]))
        width = max(high - low, 1e-9)
        quarter, middle, most = (float(values.quantile(q)) for q in (0.25, 0.5, 0.75))
        limit = float(limits.min()) if len(limits) else None

        def x(value: float, low=low, width=width) -> float:
            return left + (right - left) * (value - low) / width

        failed = mine["verdict"] == "fail"
        made += [tag("text", f"{assay.upper()} {tissue}: {gate.replace('_', ' ')}", x=0, y=y + 4),
                 tag("text", words.number(low), x=left - 8, y=y + 4, text_anchor="end", font_size=11, fill="#555555"),
                 tag("text", words.number(high), x=right + 8, y=y + 4, font_size=11, fill="#555555"),
                 tag("line", x1=left, x2=right, y1=y, y2=y, stroke="#d9d9d9")]  # fmt: skip
        passed = " ".join(f"M{x(v):.1f} {y - 5:.1f}v10" for v in values[~failed])
        out = " ".join(f"M{x(v) - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8" for v in values[failed])
        made += (
            [tag("path", d=passed, stroke="#1b1b1b", stroke_width=1.2, stroke_opacity=0.55, fill="none")]
            if passed
            else []
        )
        made += [tag("path", d=out, stroke="#D55E00", stroke_width=2, fill="none")] if out else []
        if limit is not None:
            made.append(
                tag(
                    "line",
                    x1=x(limit),
                    x2=x(limit),
                    y1=y - 10,
                    y2=y + 10,
                    stroke="#0072B2",
                    stroke_width=2,
                    stroke_dasharray="4 2",
                )
            )
        cells.append([assay, tissue, gate.replace("_", " "), limit, len(mine), float(values.min()), quarter, middle, most,
                      float(values.max()), int(failed.sum())])  # fmt: skip
    height = 22 + 24 * len(cells)
    title = "Thresholds beside the values of this cohort"
    svg = Markup('<svg viewBox="0 0 880 {}" role="img" aria-labelledby="gates-shown-title" font-size="12" xmlns="http://www.w3.org/2000/svg" font-family="DejaVu Sans, sans-serif">{}</svg>').format(
        height, Markup("").join([tag("title", title, id="gates-shown-title"), *made])
    )  # fmt: skip
    columns = [
        "Assay",
        "Tissue",
        "Gate",
        "Threshold",
        "Samples",
        "Lowest",
        "Lower quartile",
        "Median",
        "Upper quartile",
        "Highest",
        "Failed",
    ]
    caption = (
        f"Each mark is a sample ({words.count(rows['sample'].nunique(), 'sample')}), from the lowest to the highest value of the line; a cross: "
        "the sample fails the gate; dashed: the threshold. No test. It does not show why a sample fails."
    )
    return Figure(
        "gates-shown", title, svg, caption, table("gates-shown-data", title, columns, cells, columns[3:])
    )
