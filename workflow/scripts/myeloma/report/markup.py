"""Tables as HTML. Every text is escaped; a page holds hundreds of them, so they are joined here and not in a template."""

import re

from markupsafe import Markup, escape

from myeloma.report import words
from myeloma.report.cells import Cell, Table

LONG = 40  # letters from which a cell gets room to wrap
WIDE = 10  # columns from which a table is set smaller on paper
#: An estimate with its interval, which a break at the hyphen would make two numbers of: 17 (1.6-2377).
WHOLE = re.compile(r"[-+<∞\d][-+<∞\d. ]* ?\([-+<∞\d. ]+\)")
#: A file of the run named in an evidence text; it becomes a link where the run's folder is at hand.
FILE = re.compile(r"results/(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*/)*[A-Za-z0-9_-][A-Za-z0-9_.-]*")


def files(text: str) -> Markup:
    """The text with every `results/...` marked as a file, relative to the page in results/report."""
    made, last = [], 0
    for match in FILE.finditer(text):
        place = match.group().removeprefix("results/").rstrip(".")
        made += [escape(text[last : match.start()]),
                 Markup('<span data-file="../{}">{}</span>').format(place, match.group())]  # fmt: skip
        last = match.end()
    return Markup("").join([*made, escape(text[last:])])


def inner(c: Cell) -> Markup:
    """What stands in a cell: text, a link into the page, a gene in italics, a place for a link to the reads."""
    if c.look == "reads":
        return Markup('<span data-evidence="{}">{}</span>').format(c.link, c.text)
    if c.look == "gene":
        return Markup("<i>{}</i>").format(c.text)
    if c.look == "files":
        return files(c.text)
    text = words.italic_genes(c.text) if c.look == "lesion" else escape(c.text)
    return Markup('<a href="#{}">{}</a>').format(c.link, text) if c.link else text


def _cell(c: Cell, first: bool, number: bool) -> str:
    looks = [c.look] if c.look else []
    looks += ["num"] if number else []
    looks += ["long"] if len(c.text) > LONG else []
    looks += ["whole"] if not number and WHOLE.fullmatch(c.text) else []
    kind = 'th scope="row"' if first else "td"
    value = "" if c.value is None else f' data-value="{c.value}"'
    value += f' data-from="{escape(c.source)}"' if c.source else ""
    value += f' data-text="{escape(c.said)}"' if c.said else ""
    look = f' class="{escape(" ".join(looks))}"' if looks else ""
    return f"<{kind}{value}{look}>{inner(c)}</{'th' if first else 'td'}>"


def table(t: Table, search: bool = True) -> Markup:
    """One table with its caption; the sentence that says why there is none when it has no rows."""
    if not t.rows:
        return Markup(
            '<div class="table-block">\n<p class="empty"><strong>{}.</strong> {}</p>\n</div>'
        ).format(t.caption, t.empty)
    matrix = t.name == "matrix"
    heads = "".join(
        f'<th scope="col"{" class=num" if number else ""}>{words.italic_genes(head) if matrix else escape(head)}</th>'
        for head, number in t.columns
    )
    rows = "\n".join(
        "<tr>" + "".join(_cell(c, at == 0, t.columns[at][1]) for at, c in enumerate(row)) + "</tr>"
        for row in t.rows
    )
    name, caption = escape(t.name), escape(t.caption)
    return Markup(
        f'<div class="table-block">\n<div class="scroll" tabindex="0" role="region" aria-label="{caption}">\n'
        f'<table id="table-{name}" class="data{" matrix" if matrix else ""}{" wide" if len(t.columns) > WIDE else ""}" data-name="{name}"'
        f"{' data-search=yes' if search else ''}>\n<caption><span>{caption}</span></caption>\n"
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>\n</div>\n</div>"
    )
