"""A look at the references before anything is computed: do their contigs fit the FASTA?

Only what is cheap: an index that is there, headers, first lines. The rules of the references stage
check everything once more, and whole.
"""

import gzip
import itertools
import os
from collections.abc import Callable, Iterator

from myeloma import references
from myeloma.references import Contigs, ReferenceError
from myeloma.settings import Settings
from myeloma.sheets import Problem

# A FASTA without an index is read when it is at most this large; a human genome is not.
MAX_UNINDEXED_BYTES = 500_000_000
LINES_READ = 20_000


def check_references(settings: Settings) -> tuple[list[Problem], str]:
    """(problems, a sentence on what could not be compared or ""); paths that are not there are left out."""
    if not settings.has("fasta") and not settings["reference"].get("download"):
        return [], "reference.fasta is not given: no sample has reads, nothing to compare."
    fasta = os.path.join(settings.workdir, settings.reference("fasta"))
    if not os.path.isfile(fasta):
        return [], "The FASTA is not here yet: contig names were not compared."
    try:
        contigs = contigs_of(fasta)
    except (ReferenceError, OSError, EOFError, UnicodeDecodeError) as error:
        return [_problem("reference.fasta", fasta, str(error))], ""
    if not contigs:
        return [], f"{fasta} has no .fai index beside it: contig names will be compared in the run."
    return list(_compared(settings, contigs)), ""


def _compared(settings: Settings, contigs: Contigs) -> Iterator[Problem]:
    checks: list[tuple[str, str, Callable[[str], None]]] = [
        (
            "reference.fasta",
            settings.reference("fasta"),
            lambda p: references.check_build(contigs, settings["reference"]["build"], p),
        )
    ]
    for name, look in (
        ("gtf", lambda p: _names(p, contigs)),
        ("germline", lambda p: _vcf(p, contigs)),
        ("common_sites", lambda p: _vcf(p, contigs)),
        ("panel_of_normals", lambda p: _vcf(p, contigs)),
        ("regions", lambda p: _table(p, contigs)),
        ("arms", lambda p: _table(p, contigs)),
    ):
        checks.append((f"reference.{name}", settings.reference(name), look))
    for kit, entry in settings["kits"].items():
        checks.append((f"kits.{kit}.targets", settings.path(entry["targets"]), lambda p: _bed(p, contigs)))
    for field, given, look in checks:
        path = os.path.join(settings.workdir, given)
        if not given or not os.path.isfile(path):
            continue
        try:
            look(path)
        except (ReferenceError, OSError, EOFError, UnicodeDecodeError) as error:
            yield _problem(field, path, str(error))


def _problem(field: str, path: str, message: str) -> Problem:
    message = message.removeprefix(f"{path}: ")
    return Problem("config", 0, field, path, message, "give a file of the FASTA's build and contig names")


def contigs_of(fasta: str) -> Contigs:
    """Contigs by the index beside the FASTA, else by reading it; {} where it is too large for that."""
    if os.path.isfile(f"{fasta}.fai"):
        return references.read_fai(f"{fasta}.fai")
    if os.path.getsize(fasta) > MAX_UNINDEXED_BYTES / (4 if fasta.endswith(".gz") else 1):
        return {}
    contigs: Contigs = {}
    name = ""
    with _open(fasta) as handle:
        for line in handle:
            if line.startswith(">"):
                name = line[1:].split()[0] if line[1:].split() else ""
                contigs[name] = 0
            elif not contigs:
                raise ReferenceError(f"{fasta}: is not a FASTA (the first character is not >)")
            else:
                contigs[name] += len(line.strip())
    if not contigs:
        raise ReferenceError(f"{fasta}: is not a FASTA (it is empty)")
    return contigs


def _open(path: str):
    with open(path, "rb") as handle:
        packed = handle.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rt", encoding="utf-8") if packed else open(path, encoding="utf-8-sig")


def _first_cells(path: str) -> list[str]:
    """First cell of the first lines that are no comment."""
    with _open(path) as handle:
        lines = itertools.islice(handle, LINES_READ)
        return list(dict.fromkeys(line.split("\t", 1)[0].strip() for line in lines if line[:1] not in "#\n"))


def _names(path: str, contigs: Contigs) -> None:
    references.check_contigs(_first_cells(path), contigs, path)


def _bed(path: str, contigs: Contigs) -> None:
    references.check_contigs(references.read_bed(path, contigs), contigs, path)


def _vcf(path: str, contigs: Contigs) -> None:
    lengths: dict[str, int] = {}
    with _open(path) as handle:
        for line in itertools.takewhile(lambda text: text.startswith("##"), handle):
            lengths.update(references.contig_lengths(line))
    references.check_lengths(lengths, contigs, path)
    _names(path, contigs)


def _table(path: str, contigs: Contigs) -> None:
    with open(path, encoding="utf-8-sig") as handle:
        references.regions_on(handle, contigs, path)
