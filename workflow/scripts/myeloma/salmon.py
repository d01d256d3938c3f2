"""Transcript abundances by salmon, from the trimmed reads that the RNA sample's CRAM keeps.

The CRAM holds all read pairs, also unmapped ones, so that nothing is trimmed or unpacked twice.
"""

import os
import tempfile
from pathlib import Path

from myeloma import alignments, rna
from myeloma.run import ToolError, command

#: Strandedness -> library type of salmon, pairs facing each other.
LIBRARY = {"unstranded": "IU", "forward": "ISF", "reverse": "ISR"}


def library_type(counts: str | os.PathLike, sheet: str, default: str) -> str:
    """salmon's library type by the same rule as STAR's column: sheet before config before inference."""
    return LIBRARY[rna.choose_strandedness(rna.read_gene_counts(counts), sheet, default)]


def quantify(
    cram: str, fasta: str, index: str, library: str, quant: str, information: str, threads: int = 1
) -> None:
    """Write `quant` (quant.sf) and `information` (meta_info.json) of one sample, each whole.

    Raises ToolError when salmon maps no read at all (its message), or a tool fails.
    """
    folder = Path(quant).parent
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".salmon.", dir=folder) as name:
        private = Path(name)
        pair = [private / f"{side}.fq" for side in (1, 2)]
        with alignments.chain(private) as members:
            collate = ["samtools", "collate", "-u", "-O", "--reference", fasta, cram, private / "collate"]
            source = members.start(collate, None)
            words = ["samtools", "fastq", "-n", "-0", os.devnull, "-s", os.devnull]
            members.start([*words, "-1", pair[0], "-2", pair[1], "-"], source.stdout)
            source.stdout.close()
            members.join()
        if not pair[0].stat().st_size:
            raise ToolError(f"{cram} holds no read pair to quantify")
        words = ["salmon", "quant", "--index", index, "--libType", library, "--threads", threads]
        command([*words, "-1", pair[0], "-2", pair[1], "--output", private / "out"])
        os.replace(private / "out/aux_info/meta_info.json", information)
        os.replace(private / "out/quant.sf", quant)
