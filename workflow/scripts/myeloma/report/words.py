"""How the report writes numbers and names; one place, so that a number reads the same everywhere."""

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from urllib.parse import urlencode

from markupsafe import Markup, escape

INFINITE = "∞"
#: Levels of intervals and power of the run whose report is written, by config section; `saying` sets them. What is written
#: outside of it (a single table in a test) has those of config/config.yaml.
_LEVELS: ContextVar[Mapping[str, float]] = ContextVar(
    "levels", default=MappingProxyType({"comparison": 0.95, "safety": 0.95, "power": 0.80})
)
GENE_NAMES = ("TP53", "RAS", "RAF", "CRBN", "MYC")


@contextmanager
def saying(config: Mapping) -> Iterator[None]:
    """Inside, `level` and `power` are those of the config: comparison.confidence, .power and safety.confidence."""
    own = config["comparison"]
    safety = config["safety"]["confidence"] if "safety" in config else own["confidence"]
    before = _LEVELS.set({"comparison": own["confidence"], "safety": safety, "power": own["power"]})
    try:
        yield
    finally:
        _LEVELS.reset(before)


def level(section: str = "comparison") -> str:
    """95 %: level of the intervals of a section of the config."""
    return f"{100 * _LEVELS.get()[section]:.4g} %"


def power() -> str:
    """80 %: power of the smallest detectable effects."""
    return level("power")


def missing(value) -> bool:
    """Is it empty: None, nan, NA or ""?"""
    if value is None or str(value) in ("", "<NA>"):
        return True
    try:
        return bool(math.isnan(value))
    except TypeError:
        return str(value) == "nan"


def percent(fraction: float, of: int) -> str:
    """Without decimals below 100 patients, with one from 100 on; no sign."""
    return f"{100 * fraction:.0f}" if of < 100 else f"{100 * fraction:.1f}"


def share(x: int, n: int, interval: tuple[float, float], what: str = "", section: str = "comparison") -> str:
    """12 of 31 assessable (39 %, 95 % interval 22-58); of nobody: "0 of 0"."""
    if not n:
        return f"0 of 0{' ' + what if what else ''}"
    low, high = (percent(v, n) for v in interval)
    return f"{x} of {n}{' ' + what if what else ''} ({percent(x / n, n)} %, {level(section)} interval {low}-{high})"


def p_value(p) -> str:
    """Two digits; < 0.001 below; empty when there is none."""
    if missing(p):
        return ""
    if p < 0.001:
        return "< 0.001"
    return "1" if p > 0.995 else (f"{p:.2f}" if p >= 0.1 else f"{p:.2g}")


def with_p(p, letter: str = "p") -> str:
    """p 0.07 or p < 0.001."""
    return f"{letter} {p_value(p)}"


def ratio(value) -> str:
    """Odds or hazard ratio with two digits, infinite as such; empty when there is none."""
    if missing(value):
        return ""
    if math.isinf(value):
        return INFINITE
    if value == 0:
        return "0"
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.2g}" if value >= 0.01 else f"{value:.1g}"


def ratio_interval(value, low, high) -> str:
    """0.12 (0.002-1.4)"""
    return f"{ratio(value)} ({ratio(low)}-{ratio(high)})" if not missing(value) else ""


def months(value) -> str:
    """One decimal, "< 0.1" below what that can say; "not reached" when there is none."""
    if missing(value):
        return "not reached"
    return "< 0.1" if value < 0.05 else f"{value:.1f}"


def median(value, low, high) -> str:
    """6.0 months (95 % interval 3.3-10.4), or "not reached" where it applies."""
    told = "not reached" if missing(value) else f"{months(value)} months"
    if missing(low) and missing(high):
        return f"{told} (interval not estimable)"
    return f"{told} ({level()} interval {months(low)}-{months(high)}{' months' if missing(value) else ''})"


def number(value) -> str:
    """A measured value for a table: whole as whole, else up to four digits; empty when missing."""
    if missing(value):
        return ""
    value = float(value)
    if math.isinf(value):
        return INFINITE if value > 0 else f"-{INFINITE}"
    return f"{value:.0f}" if value == int(value) and abs(value) < 1e9 else f"{value:.4g}"


def abnormality(name: str, kind: str = "") -> str:
    """The name as clinicians write it: del17p -> del(17p), TP53 -> TP53 mutation."""
    match = re.fullmatch(r"(del|gain|amp)(\d+)([pq])(\d*)", name)
    if match:
        change, chromosome, arm, band = match.groups()
        return f"{change}({chromosome}{arm}{band})"
    match = re.fullmatch(r"(\w+)_exon(\d+)_skipping", name)
    if match:
        return f"{match.group(1)} exon {match.group(2)} skipping"
    if name.endswith("_high_fraction"):
        return f"{abnormality(name.removesuffix('_high_fraction'))} at high clonal fraction"
    words = name.replace("RAS_RAF", "RAS/RAF").replace("_", " ")
    return f"{words} mutation" if kind == "mutation" else words


def italic_genes(text: str) -> Markup:
    """Gene symbols in italics (known ones, and any before the word mutation); everything else escaped."""
    pattern = rf"\b(?:{'|'.join(GENE_NAMES)}|KRAS|NRAS|BRAF|DIS3|[A-Z][A-Z0-9]+(?= mutation)|(?<=biallelic )[A-Z][A-Z0-9]+)\b"
    parts, last = [], 0
    for match in re.finditer(pattern, text):
        parts += [escape(text[last : match.start()]), Markup("<i>{}</i>").format(match.group())]
        last = match.end()
    return Markup("").join([*parts, escape(text[last:])])


def state(value: str) -> str:
    """not_assessable -> not assessable."""
    return value.replace("_", " ")


def group(value: str) -> str:
    """EARLY_RESPONDER -> Early responder."""
    return value.replace("_", " ").capitalize() if value else "no group"


def count(n: int, one: str, many: str = "") -> str:
    """1 patient, 2 patients."""
    return f"{n} {one if n == 1 else many or one + 's'}"


def source(table: str, columns: str, **row) -> str:
    """Where the numbers of an element stand, in their order: completeness.values_of reads it and holds them against it."""
    return f"{table}?{urlencode(row)}#{columns}"


def share_columns(row, count: str, of: str, low: str, high: str, fraction: str = "fraction") -> str:
    """Columns of the numbers that `share` writes of a row."""
    return f"{count},{of}" + (f",{fraction}%,{low}%,{high}%" if row[of] else "")
