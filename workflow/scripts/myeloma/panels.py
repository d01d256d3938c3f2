"""Panels of normals: Mutect2's, made of tumour-only calls of the normals; and the record of every panel.

Mutect2: `--max-mnp-distance 0` for each normal, GenomicsDBImport, CreateSomaticPanelOfNormals (GATK best
practices). The record names members, kit, tool, settings and digests, so that a call can be traced to it.
"""

import json
import logging
import os
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from myeloma import files, intervals, variants
from myeloma.run import ToolError, command, provenance

LEAST_NORMALS = 2  # CreateSomaticPanelOfNormals keeps what two normals have


def write_record(
    path: str,
    kit: str,
    members: Sequence[str],
    made_of: Sequence[str],
    inputs: Mapping[str, str],
    settings: Any,
    left_out: Sequence[str] = (),
) -> None:
    """Write the record of a panel, the last of its files; its name is the digest of the files `made_of`.

    `inputs`: targets and fai, whose digests it holds, and given_panel where the config gives the panel.
    """
    record = {
        "kit": kit,
        "members": sorted(members),
        "left_out": sorted(left_out),
        "tool": provenance([("gatk", "--version")])["gatk"],
        "panel": files.digest(*made_of) if made_of else "",
        # the name alone: a project that is moved keeps its panels; `check` compares the content
        "given": Path(inputs.get("given_panel", "")).name,
        "targets": files.digest(inputs["targets"]),
        "contigs": files.digest(inputs["fai"]),
        "settings": settings,
        "made": datetime.now(UTC).date().isoformat(),
    }
    with files.whole(path) as private:
        private.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def record_copies(
    kit: str, output: Mapping[str, str], inputs: Mapping[str, str], settings: Mapping[str, Any]
) -> None:
    """Record of a read-count panel; `output` as of copies.make_panel, and record; `inputs`: counts as well.

    The panel is named by the counts of its members (or the given file): GATK writes the same panel with other
    bytes each time.
    """
    seen = pd.read_csv(output["normals"], sep="\t", dtype=str)
    used = seen["used"] == "yes"
    members, rest = (seen.loc[which, "sample"].tolist() for which in (used, ~used))
    given = inputs.get("given_panel")
    counts = [path for path, which in zip(inputs["counts"] or (), used, strict=True) if which]
    write_record(output["record"], kit, members, [given] if given else counts, inputs, dict(settings), rest)


def check(path: str, inputs: Mapping[str, str]) -> None:
    """Raise ToolError where a panel is of other targets, another genome or another given file than this run's."""
    record = json.loads(Path(path).read_text(encoding="utf-8"))
    for name, key in (("targets", "targets"), ("contigs", "fai")):
        if record[name] != files.digest(inputs[key]):
            raise ToolError(
                f"{path}: the panel of kit {record['kit']} was made with other {name} than {inputs[key]}; "
                "make it again with panel: {refresh: true}, or set panel.folder to the panel of these targets"
            )
    if inputs.get("given_panel") and record["panel"] != files.digest(inputs["given_panel"]):
        raise ToolError(f"{inputs['given_panel']} has changed since {path}: use panel: {{refresh: true}}")


def call_normal(
    sample: str, bam: str, inputs: Mapping[str, str], padding: int, vcf: str, memory_mb: int
) -> None:
    """Mutect2 on one normal as if it were a tumour, without joining neighbouring changes."""
    with tempfile.TemporaryDirectory(prefix=f".{sample}.", dir=Path(vcf).parent) as name:
        bed, made = os.path.join(name, "intervals.bed"), os.path.join(name, "called.vcf.gz")
        _intervals(inputs, padding, bed)
        words = ["Mutect2", "-R", inputs["fasta"], "-L", bed, "-I", bam, "--max-mnp-distance", 0]
        words += ["--native-pair-hmm-threads", 1, "--add-output-vcf-command-line", "false", "-O", made]
        _gatk(memory_mb, *words)
        _finish(made, vcf, name)


def _intervals(inputs: Mapping[str, str], padding: int, bed: str) -> None:
    lengths = intervals.contig_lengths(inputs["fai"])
    wide = intervals.padded(intervals.read_bed(inputs["targets"]), padding, lengths)
    intervals.write_bed(wide, bed)


def _gatk(memory_mb: int, *words) -> str:
    return command(["gatk", "--java-options", f"-Xmx{max(1500, memory_mb - 500)}m", *words])


def _finish(made: str, vcf: str, work: str) -> None:
    """Without machine paths in its header, bgzipped, indexed; index first, so that a whole VCF has one."""
    plain, clean = os.path.join(work, "plain.vcf"), os.path.join(work, "clean.vcf.gz")
    command(["bcftools", "view", "--no-version", "-Ov", "-o", plain, made])
    kept = os.path.join(work, "kept.vcf")
    with open(plain, encoding="utf-8") as rows, open(kept, "w", encoding="utf-8") as out:
        out.writelines(line for line in rows if not variants.HEADER_LEFT_OUT.match(line))
    command(["bcftools", "view", "--no-version", "-Oz", "-o", clean, kept])
    command(["bcftools", "index", "-t", clean])
    os.replace(f"{clean}.tbi", f"{vcf}.tbi")
    os.replace(clean, vcf)


def make_somatic(
    kit: str,
    normals: Mapping[str, str],
    inputs: Mapping[str, str],
    padding: int,
    output: Mapping[str, str],
    memory_mb: int,
) -> None:
    """Mutect2 panel of a kit and its record. `normals`: sample -> its calls; `inputs`: fasta, fai, targets."""
    if len(normals) < LEAST_NORMALS:
        raise ToolError(
            f"kit {kit}: {len(normals)} normal(s), a Mutect2 panel needs at least {LEAST_NORMALS}; "
            "list more in panel.normals, or give kits.<kit>.panel_of_normals"
        )
    folder = Path(output["vcf"]).parent
    with tempfile.TemporaryDirectory(prefix=f".{kit}.", dir=folder) as name:
        bed, workspace = os.path.join(name, "intervals.bed"), os.path.join(name, "db")
        made = os.path.join(name, "panel.vcf.gz")
        _intervals(inputs, padding, bed)
        given = [word for path in normals.values() for word in ("-V", path)]
        words = ["GenomicsDBImport", "-R", inputs["fasta"], "-L", bed, "--merge-input-intervals", "true"]
        _gatk(memory_mb, *words, "--genomicsdb-workspace-path", workspace, *given)
        words = ["CreateSomaticPanelOfNormals", "-R", inputs["fasta"], "-V", f"gendb://{workspace}"]
        if inputs.get("germline"):
            words += ["--germline-resource", inputs["germline"]]
        _gatk(memory_mb, *words, "--add-output-vcf-command-line", "false", "-O", made)
        _finish(made, output["vcf"], name)
    sites = command(["bcftools", "index", "-n", output["vcf"]]).strip()
    logging.info("kit %s: %d normals, %s sites", kit, len(normals), sites)
    write_record(output["record"], kit, list(normals), [output["vcf"]], inputs, {"interval_padding": padding})
