"""Panels of normals as versioned inputs: where they stand, who is in them, and whether they are frozen.

A panel is made once per kit and then only read: its record (`copies.json`, `somatic.json`) stands beside it.
While the record is there no rule makes the panel, so that another patient, or a member's own new reads, change
neither the panel nor the calls of others; `panel: {refresh: true}` makes it again and calls everyone again.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from myeloma.cohort import Cohort, Sample
from myeloma.settings import Settings

DEFAULT_FOLDER = "results/calls/panels"
KINDS = {"copies": "copy_number_panel", "somatic": "panel_of_normals"}
"""Kind of panel -> the key of a kit that gives one."""


@dataclass(frozen=True)
class Panels:
    """The panels of a run; reads the small records, nothing else."""

    settings: Settings
    cohort: Cohort

    @property
    def options(self) -> Mapping[str, Any]:
        """The config section `panel`."""
        return self.settings.values.get("panel") or {}

    @property
    def folder(self) -> str:
        """Folder of the panels, one folder per kit below it."""
        return self.options.get("folder") or DEFAULT_FOLDER

    def path(self, kit: str, name: str) -> str:
        """A file of a kit's panels."""
        return f"{self.folder}/{kit}/{name}"

    def given(self, kit: str, kind: str) -> str:
        """Path of the panel of this kind that the config gives; "" when it gives none."""
        return self.settings.path(self.settings["kits"].get(kit, {}).get(KINDS[kind]) or "")

    def record(self, kit: str, kind: str) -> dict[str, Any] | None:
        """The record of a panel that was made, or of one that was given; None when there is none."""
        path = self.settings.workdir / self.path(kit, f"{kind}.json")
        if not path.is_file():
            return None
        return json.loads(path.read_text(encoding="utf-8"))

    def frozen(self, kit: str, kind: str) -> bool:
        """Is the panel of this kit only read in this run? Not when the config now gives another one."""
        record = None if self.options.get("refresh") else self.record(kit, kind)
        return record is not None and record["given"] == Path(self.given(kit, kind)).name

    def normals(self, kit: str) -> list[Sample]:
        """Normals of a kit that make its panels: those of `panel.normals`, else all, in the order of the sheet."""
        listed = set(self.options.get("normals") or ())
        own = [s for s in self.cohort.wes_samples if s.kit == kit and s.tissue == "normal"]
        return [s for s in own if s.sample in listed] if listed else own

    def to_make(self, kind: str) -> list[str]:
        """Kits with targets whose panel of this kind this run would make."""
        kits = [kit for kit, values in self.settings["kits"].items() if values.get("targets")]
        return [
            kit
            for kit in kits
            if not self.frozen(kit, kind) and not (kind == "somatic" and self.given(kit, kind))
        ]

    def somatic_vcf(self, kit: str) -> str:
        """Mutect2 panel that target `panel` made for a kit; "" when it made none."""
        if not kit or self.given(kit, "somatic") or self.record(kit, "somatic") is None:
            return ""
        return self.path(kit, "somatic.vcf.gz")

    def targets(self) -> list[str]:
        """What the target `panel` makes."""
        kits = [kit for kit, values in self.settings["kits"].items() if values.get("targets")]
        somatic = [kit for kit in kits if not self.given(kit, "somatic")]
        return [
            *(self.path(kit, "copies.json") for kit in kits),
            *(self.path(kit, "somatic.json") for kit in somatic),
        ]

    def notes(self) -> list[str]:
        """A line per frozen panel: how many are in it, who of the cohort is not, who left the cohort."""
        said = []
        for kit in self.settings["kits"]:
            own = {s.sample for s in self.normals(kit)}
            for kind in KINDS:
                if not self.frozen(kit, kind):
                    continue
                record = self.record(kit, kind)
                members, left_out = set(record["members"]), set(record["left_out"])
                line = f"panel {kind} of kit {kit} is frozen with {len(members)} normals"
                if new := own - members - left_out:
                    line += f"; not in it: {', '.join(sorted(new))}"
                if members - own:
                    line += f"; in it, but no longer a normal of this run: {', '.join(sorted(members - own))}"
                said.append(line + " (panel: {refresh: true} makes it again)" * bool(new or members - own))
        return said
