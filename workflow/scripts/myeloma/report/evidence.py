"""The reads behind the reported driver mutations and translocations of one patient, as one HTML file.

igv-reports (MIT) cuts the reads out, igv.js (MIT) draws them; both are in the file, which asks no network.
Reads carry germline genotypes: the pages stand beside the report and do not travel with it.
"""

import base64
import contextlib
import hashlib
import importlib.util
import io
import json
import logging
import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import jinja2
import pandas as pd
import pysam
from igv_reports.report import create_session_dict
from markupsafe import Markup

from myeloma import files, tables
from myeloma.states import PRESENT

HERE = Path(__file__).parent
KINDS = ("mutation", "combined", "translocation")
#: Bases shown on both sides, and reads kept at most per sample and place.
FLANK, MOST_READS = 150, 300
#: Bases shown at first.
WINDOW = 120
# duplicates and reads that failed; secondary alignments
LEFT_OUT = 0x400 | 0x200 | 0x100
PLACE = r"([^\s:;,()]+):([0-9]+)(?![0-9-])"
PAIR = re.compile(rf"{PLACE}\s+-\s+(?:[^\s:;,()]+\s+)?{PLACE}")


@dataclass(frozen=True)
class Event:
    """A reported event and the one or two places (contig, 1-based position) at which its reads are shown."""

    name: str
    text: str
    places: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Track:
    """Reads of one sample: its name, what it is, its CRAM."""

    sample: str
    kind: str
    path: str


def events(abnormalities: pd.DataFrame, patient: str, contigs: Iterable[str]) -> list[Event]:
    """Present mutations and translocations of a patient whose evidence names places in the genome.

    One event per place (or pair of places); the names of calls that rest on the same place are joined.
    """
    known = set(contigs)
    found: dict[tuple, list[tuple[str, str]]] = {}
    mine = abnormalities[(abnormalities["patient"] == patient) & (abnormalities["state"] == PRESENT)]
    for row in mine[mine["kind"].isin(KINDS)].itertuples():
        for places in places_of(row.evidence):
            if all(contig in known for contig, _ in places):
                found.setdefault(places, []).append((row.abnormality, row.value))
    made = []
    for places, calls in found.items():
        names = list(dict.fromkeys(name for name, _ in calls))
        made.append(Event(", ".join(names), calls[0][1], places))
    return sorted(made, key=lambda e: (len(e.places), e.name, e.places))


def places_of(evidence: str) -> list[tuple[tuple[str, int], ...]]:
    """Places named in a sentence of evidence: pairs written `chrA:1 - GENE chrB:2`, then single ones.

    Intervals (`chr13:100-200`) are not places of reads and are left out.
    """
    made = []
    for hit in PAIR.finditer(evidence):
        made.append(((hit.group(1), int(hit.group(2))), (hit.group(3), int(hit.group(4)))))
    rest = PAIR.sub(" ", evidence)
    made += [((hit.group(1), int(hit.group(2))),) for hit in re.finditer(PLACE, rest)]
    return list(dict.fromkeys(made))


def cut(track: Track, seen: Sequence[Event], fasta: str, target: str) -> None:
    """Write a sorted, indexed BAM of the reads of one sample at the events; at most MOST_READS a place.

    More reads than that: every k-th is kept. The header holds contigs and the sample, no path.
    """
    kept: dict[tuple, pysam.AlignedSegment] = {}
    with pysam.AlignmentFile(track.path, reference_filename=fasta) as source:
        header = {
            "HD": {"VN": "1.6", "SO": "coordinate"},
            "SQ": [{"SN": n, "LN": k} for n, k in zip(source.references, source.lengths, strict=True)],
        }
        for contig, position in dict.fromkeys(place for event in seen for place in event.places):
            length = source.get_reference_length(contig)
            start, end = max(0, position - 1 - FLANK), min(length, position + FLANK)
            reads = [r for r in source.fetch(contig, start, end) if not r.flag & LEFT_OUT]
            step = -(-len(reads) // MOST_READS) or 1
            for read in reads[::step]:
                kept[read.query_name, read.flag, read.reference_id, read.reference_start] = read
    whole = pysam.AlignmentHeader.from_dict(header)
    with pysam.AlignmentFile(target, "wb", header=whole) as out:
        for read in sorted(kept.values(), key=lambda r: (r.reference_id, r.reference_start)):
            plain = read.to_dict()
            plain["tags"] = []
            out.write(pysam.AlignedSegment.from_dict(plain, whole))
    pysam.index(str(target))


def sessions(seen: Sequence[Event], tracks: Sequence[Track], fasta: str) -> dict[str, str]:
    """Number of the event -> igv.js session as a data URI, by igv-reports."""
    with tempfile.TemporaryDirectory() as scratch:
        shown = []
        for number, track in enumerate(tracks):
            path = os.path.join(scratch, f"{number}.bam")
            cut(track, seen, fasta, path)
            # igv.js sets names as HTML
            name = re.sub(r"[^\w.() +-]", "_", f"{track.sample} ({track.kind})")
            shown.append(
                {"name": name, "url": path, "format": "bam", "type": "alignment",
                 "height": 220, "filter": {"duplicate": False, "vendorFailed": False}}
            )  # fmt: skip
        options = SimpleNamespace(
            fasta=fasta, twobit=None, ideogram=None, flanking=2 * FLANK, window=WINDOW, sort="NONE",
            merge_overlaps=False, translate_sequence_track=False, sampleinfo=None, subsample=None,
            exclude_flags=LEFT_OUT,
        )  # fmt: skip
        table = SimpleNamespace(features=[(_feature(event), i) for i, event in enumerate(seen)])
        # its progress lines are of no use in a log
        with contextlib.redirect_stdout(io.StringIO()):
            return create_session_dict(options, table, shown)


def _feature(event: Event) -> SimpleNamespace:
    """A place (0-based, half open) as igv-reports takes it; two places are shown side by side."""
    (contig, position), *more = event.places
    made = SimpleNamespace(chr=contig, start=position - 1, end=position, chr2=None)
    for contig2, position2 in more:
        made.chr2, made.start2, made.end2 = contig2, position2 - 1, position2
    return made


def igv_script() -> str:
    """igv.js as the igv-notebook wheel ships it."""
    found = importlib.util.find_spec("igv_notebook")
    if found is None:
        raise ImportError("igv-notebook is not installed; `make setup` installs it (envs/requirements.txt)")
    script = Path(found.submodule_search_locations[0], "js", "igv.min.js").read_text(encoding="utf-8")
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def render(patient: str, seen: Sequence[Event], tracks: Sequence[Track], made: Mapping[str, str]) -> str:
    """The page as text; everything from a table or sheet is escaped by the template."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    ours = (HERE / "templates" / "evidence.js").read_text(encoding="utf-8")
    igv = igv_script() if seen else ""
    digests = " ".join(f"'sha256-{_digest(text)}'" for text in (igv, ours))
    page = {
        "patient": patient,
        "events": seen,
        "tracks": tracks,
        "most": MOST_READS,
        "flank": FLANK,
        # data, not a script: `<` cannot end its element
        "sessions": Markup(json.dumps(dict(made)).replace("<", "\\u003c")),
        "igv": Markup(igv),
        "ours": Markup(ours),
        "policy": f"default-src 'none'; script-src {digests}; style-src 'unsafe-inline'; "
        "img-src data: blob:; font-src data:; connect-src data: blob:; base-uri 'none'; form-action 'none'",
    }
    return environment.get_template("evidence.html").render(page)


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def write(patient: str, abnormalities: str, tracks: Sequence[Track], fasta: str, output: str) -> None:
    """Write the page of one patient; without reported events a page that says so."""
    with pysam.FastaFile(fasta) as reference:
        contigs = reference.references
    seen = events(tables.read(abnormalities, tables.ABNORMALITIES), patient, contigs)
    logging.info("%d events with reads to show", len(seen))
    made = sessions(seen, tracks, fasta) if seen and tracks else {}
    with files.whole(output) as private:
        private.write_text(render(patient, seen if tracks else [], tracks, made), encoding="utf-8")
