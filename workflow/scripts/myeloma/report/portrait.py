"""The molecular portrait of early and poor responders: tables, figures, captions and the bundle that redraws them."""

import os
import re
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from myeloma import files, flow, places, tables
from myeloma.report import cells, figures, portrait_captions, portrait_data, sections, words
from myeloma.report.drawing import style

#: Figure -> the contract of its table, in the order of the report.
TABLES = {
    "oncoprint": tables.FIGURE_ONCOPRINT,
    "copy_number": tables.FIGURE_COPY_NUMBER,
    "lollipops": tables.FIGURE_LOLLIPOPS,
    "pathways": tables.FIGURE_PATHWAYS,
    "forest_all": tables.FIGURE_FOREST,
    "expression_heatmap": tables.FIGURE_EXPRESSION,
    "curves_overall": tables.FIGURE_CURVES,
    "curves_by_abnormality": tables.FIGURE_CURVES_BY_ABNORMALITY,
}
READ = (
    tables.SAMPLES, tables.FLOW, tables.QC, tables.PURITY, tables.SEGMENTS, tables.ANNOTATED_VARIANTS,
    tables.ABNORMALITIES, tables.RESPONSE, tables.RNA_PURITY, tables.BY_GROUP, tables.EXPRESSION, tables.SURVIVAL,
    tables.CURVES,
    tables.ENDPOINTS, tables.SURVIVAL_BY_ABNORMALITY,
)  # fmt: skip
DRAWING = Path(__file__).parent / "drawing"
FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold: the same tables give the same bytes
#: More rows than this behind a figure: the page links to the file instead of holding them.
MOST_ROWS = 400
README = """Figures of the molecular portrait, to be redrawn without the workflow
=====================================================================

data/NAME.tsv     the table behind a figure: tab-separated, UTF-8, an empty cell is a missing value
scripts/NAME.py   draws it; needs Python 3.11 or later with pandas and matplotlib, nothing else. style.py (colours,
                  fonts, formats) and kaplan_meier.py are used by the others: keep the folder together
figures.tsv       title, caption, n, test and what is not shown, of each figure
columns.tsv       what each column of the tables means, with its unit

    python scripts/oncoprint.py                    reads data/oncoprint.tsv, writes oncoprint.svg, .pdf and .png here
    python scripts/oncoprint.py my.tsv my_folder   another table, another place

The tables hold pseudonymised patients. Change a script or a table as you like: the workflow does not read them back.
"""


def prepare(
    paths: Mapping[str, str], patients: Sequence[Mapping], settings: Mapping[str, Any]
) -> tuple[dict[str, pd.DataFrame], dict[str, portrait_captions.Words]]:
    """(table behind each figure, its caption). `paths`: tables of READ, arms, gtf ("" without), cohort (h5ad), note."""
    seen = {table.name: tables.read(paths[table.name], table) for table in READ}
    arms, members = places.read_arms(paths["arms"]), read_pathways(paths["pathways"])
    note = Path(paths["expression_note"]).read_text(encoding="utf-8").strip()

    def values(genes):
        return portrait_data.read_values(paths["cohort"], genes)

    return portray(seen, patients, settings, arms, members, paths.get("gtf", ""), values, note)


def portray(seen, patients, settings, arms, members, gtf, values, note=""):
    """`prepare` on frames. values: function of gene ids that gives log2 normalised counts, genes x samples."""
    asked, comparison = settings["report"]["portrait"], settings["comparison"]
    primary, alpha = comparison["primary_family"], comparison["alpha"]
    seen = sections.of_enrolled(seen)
    enrolled = set(flow.members(seen["flow"], "enrolled"))
    patients = [p for p in patients if p["patient"] in enrolled]
    ids = [p["patient"] for p in patients]
    made = {"oncoprint": portrait_data.oncoprint(seen, patients, primary, asked["oncoprint_rows"])}
    made["copy_number"] = portrait_data.copy_number(seen, arms, ids, settings, asked["copy_places"])
    genes = asked["lollipop_genes"]
    made["lollipops"] = portrait_data.lollipops(
        seen, ids, gtf, genes, asked["lollipop_panels"], settings["abnormalities"]
    )
    made["pathways"] = portrait_data.pathways(seen, ids, members)
    made["forest_all"] = portrait_data.forest(seen["abnormalities_by_group"], alpha, primary)
    found = portrait_data.expression_genes(seen["expression_early_vs_poor"], alpha, asked["heatmap_genes"])
    order = dict(zip(made["oncoprint"]["patient"], made["oncoprint"]["patient_number"], strict=True))
    made["expression_heatmap"] = portrait_data.expression_heatmap(
        seen, values(list(found["gene_id"])), found, patients, order
    )
    made["curves_overall"] = portrait_data.curves_overall(seen)
    made["curves_by_abnormality"] = portrait_data.curves_by_abnormality(
        seen, primary, settings["endpoints"]["rule_set"], comparison["confidence"]
    )
    with words.saying(settings):
        return made, captions(made, seen, settings, members, note)


def captions(made, seen, settings, members, note) -> dict[str, portrait_captions.Words]:
    """The caption of each figure, from its own table."""
    rule = flow.rule_of(seen["response"]) or "no response groups in this run"
    alpha, say = settings["comparison"]["alpha"], portrait_captions
    found = int((seen["expression_early_vs_poor"]["q"] < alpha).sum())
    of = Counter(flow.compared_groups(seen["flow"]).values())
    primary = settings["comparison"]["primary_family"]
    known = bool(made["lollipops"]["protein_length"].notna().all())
    return {
        "oncoprint": say.oncoprint(made["oncoprint"], rule),
        "copy_number": say.copy_number(made["copy_number"], settings),
        "lollipops": say.lollipops(
            made["lollipops"], settings["report"]["portrait"]["lollipop_genes"], known
        ),
        "pathways": say.pathways(made["pathways"], members),
        "forest_all": say.forest_all(made["forest_all"], of, rule),
        "expression_heatmap": say.expression_heatmap(made["expression_heatmap"], alpha, found, note),
        "curves_overall": say.curves_overall(
            made["curves_overall"], settings["groups"]["landmark_days"], rule
        ),
        "curves_by_abnormality": say.curves_by_abnormality(made["curves_by_abnormality"], primary),
    }


def read_pathways(path: str | os.PathLike) -> pd.DataFrame:
    """pathway, member, source, status; ValueError where a member stands twice in a pathway."""
    frame = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, comment="#")
    twice = frame[frame.duplicated(["pathway", "member"])]
    if len(twice):
        raise ValueError(
            f"{path}: {twice.iloc[0]['member']} stands twice in {twice.iloc[0]['pathway']}: keep one row"
        )
    return frame


def listed(made: Mapping[str, pd.DataFrame], said: Mapping[str, portrait_captions.Words]) -> pd.DataFrame:
    """FIGURES: one row per figure."""
    rows = []
    for number, name in enumerate(TABLES, 1):
        drawn = made[name][made[name]["shown"] == "yes"] if name == "forest_all" else made[name]
        written = [f"figures/{name}.{kind}" for kind in (*style.FORMATS, "tsv")]
        rows.append({"figure": name, "number": number, **vars(said[name]), "files": ";".join(written),
                     "state": "drawn" if len(drawn) else "empty"})  # fmt: skip
    return tables.conform(pd.DataFrame(rows), tables.FIGURES)


def draw(
    name: str, table: str | os.PathLike, kinds: Sequence[str] = tuple(style.FORMATS)
) -> dict[str, bytes]:
    """Format -> bytes of a figure, from the table that stands beside it: as the script of the bundle draws it."""
    module = import_module(f"myeloma.report.drawing.{name}")
    figure = style.drawn(module.draw, style.read(table))
    return {kind: style.rendered(figure, name, kind) for kind in kinds}


def write(made: Mapping[str, pd.DataFrame], said: Mapping, folder: str | os.PathLike) -> None:
    """Write every table, figure, the list of figures and the bundle below `folder` (results/report)."""
    folder = Path(folder)
    for name, table in TABLES.items():
        path = folder / "figures" / f"{name}.tsv"
        tables.write(made[name], path, table)
        for kind, data in draw(name, path).items():
            with files.whole(path.with_suffix(f".{kind}"), f".{kind}") as private:
                private.write_bytes(data)
    tables.write(listed(made, said), folder / "figures.tsv", tables.FIGURES)
    bundle(folder)


# The bundle


def bundle(folder: Path) -> None:
    """figures.zip: the tables, the scripts that draw them, what the columns mean; the same tables, the same bytes."""
    with files.whole(folder / "figures.zip") as private, zipfile.ZipFile(private, "w") as packed:
        _add(packed, "README.txt", README.encode())
        _add(packed, "columns.tsv", columns().encode())
        _add(packed, "figures.tsv", (folder / "figures.tsv").read_bytes())
        for name in TABLES:
            _add(packed, f"data/{name}.tsv", (folder / "figures" / f"{name}.tsv").read_bytes())
        for script in sorted(DRAWING.glob("[!_]*.py")):
            _add(packed, f"scripts/{script.name}", standalone(script.read_text(encoding="utf-8")).encode())


def standalone(text: str) -> str:
    """A drawing module without this package: its neighbours are imported from its own folder."""
    return re.sub(r"^from myeloma\.report\.drawing\.", "from ", text, flags=re.M)


def columns() -> str:
    """Table of all columns of the tables behind the figures."""
    rows = [(name, c.name, c.kind, c.unit, c.doc) for name, table in TABLES.items() for c in table.columns]
    head = ["figure", "column", "kind", "unit", "what"]
    return pd.DataFrame(rows, columns=head).to_csv(sep="\t", index=False, lineterminator="\n")


def _add(packed: zipfile.ZipFile, name: str, data: bytes) -> None:
    packed.writestr(zipfile.ZipInfo(name, FIRST_DAY), data, zipfile.ZIP_DEFLATED, 9)


# The chapter of the report


def chapter(folder: str | os.PathLike | None) -> dict[str, Any]:
    """What the template places: `figures` (Figure, parts of the caption, links); none without a folder.

    folder: results/report of the run, as `write` left it.
    """
    if folder is None:
        return {"figures": [], "bundle": ""}
    folder = Path(folder)
    listing = tables.read(folder / "figures.tsv", tables.FIGURES).sort_values("number")
    shown = []
    for row in listing.itertuples():
        path = folder / "figures" / f"{row.figure}.tsv"
        anchor = f"portrait-{row.figure.replace('_', '-')}"
        svg = figures.placed(path.with_suffix(".svg").read_text(encoding="utf-8"), anchor, row.title)
        caption = f"{row.caption} n: {row.n} Test: {row.test} Not shown: {row.not_shown}"
        behind = _behind(path, TABLES[row.figure], f"{anchor}-data", row.title)
        links = [(name.rsplit(".", 1)[1].upper(), name) for name in row.files.split(";")]
        shown.append({"figure": cells.Figure(anchor, row.title, svg, caption, behind), "links": links})
    return {"figures": shown, "bundle": "figures.zip"}


def _behind(path: Path, table: tables.Table, name: str, title: str) -> cells.Table:
    frame = tables.read(path, table)
    if len(frame) <= MOST_ROWS:
        return cells.frame_table(name, title, frame)
    told = f"{words.count(len(frame), 'row')}, in the file figures/{path.name} beside this page and in figures.zip."
    return cells.table(name, title, list(frame.columns), [], empty=told)
