"""What the rules of copy number take in: which samples and kits, which files; nothing is read here."""

from dataclasses import dataclass
from typing import Any

from myeloma.cohort import Cohort, Sample
from myeloma.inputs import REFERENCES, named
from myeloma.panel_files import Panels
from myeloma.settings import Settings

FOLDER = "results/calls/copies"
PLOTS = "results/calls/plots"


@dataclass(frozen=True)
class CopyPlan:
    """Copy number of a cohort: kits with targets, their normals, their tumours."""

    settings: Settings
    cohort: Cohort

    def kits(self) -> list[str]:
        """Kits with targets: copy number of an exome needs to know where the bait is."""
        return [kit for kit, values in self.settings["kits"].items() if values.get("targets")]

    def samples(self) -> list[Sample]:
        """WES samples whose kit has targets."""
        return [sample for sample in self.cohort.wes_samples if sample.kit in self.kits()]

    @property
    def panels(self) -> Panels:
        """Where the panels stand and which are frozen."""
        return Panels(self.settings, self.cohort)

    def normals(self, kit: str) -> list[Sample]:
        """Normals of a kit that make its panel, in the order of the sheet."""
        return self.panels.normals(kit)

    def sexes(self, kit: str) -> dict[str, str]:
        """Normal of a kit -> its sex, "" when neither sample nor patient names it."""
        return {sample.sample: self.sex(sample) for sample in self.normals(kit)}

    def sex(self, sample: Sample) -> str:
        """Sex of a sample, else of its patient."""
        return sample.sex or self.cohort.patient(sample.patient).sex

    def tumours(self) -> list[Sample]:
        """DNA tumours whose kit has targets."""
        return [sample for sample in self.cohort.dna_tumours if sample.kit in self.kits()]

    def tumours_without_targets(self) -> list[dict[str, Any]]:
        """The other DNA tumours, as rows for purity.tsv that say why nothing is called."""
        reason = "the targets of kit {} are not given: no copy number"
        return [
            {
                "patient": sample.patient,
                "sample": sample.sample,
                "sorted_purity": sample.purity,
                "reason": reason.format(sample.kit or "(none named)"),
            }
            for sample in self.cohort.dna_tumours
            if sample.kit not in self.kits()
        ]

    def given_panel(self, kit: str) -> str:
        """Read-count panel that the config gives for a kit; "" when the cohort's normals make it."""
        return self.settings.path(self.settings["kits"][kit].get("copy_number_panel") or "")

    def matched_normal(self, tumour: str) -> Sample | None:
        """Matched normal of the same kit: its SNPs are counted at the same sites. None without."""
        normal = self.cohort.normal_of(tumour)
        return normal if normal and normal.kit == self.cohort.sample(tumour).kit else None

    def kit_inputs(self, kit: str) -> dict[str, str]:
        """Optional inputs of the intervals of a kit."""
        sites = f"{REFERENCES}/common_sites.vcf.gz" if self.settings.has("common_sites") else ""
        return named(
            given_panel=self.given_panel(kit), common_sites=sites, common_index=sites and f"{sites}.tbi"
        )

    def sample_inputs(self, sample: str) -> dict[str, str]:
        """Intervals and sites of a sample's kit."""
        kit = self.cohort.sample(sample).kit
        return {"intervals": f"{FOLDER}/kits/{kit}.interval_list", "sites": f"{FOLDER}/kits/{kit}.sites.bed"}

    def panel_inputs(self, kit: str) -> dict[str, Any]:
        """Counts of the normals of a kit (a list, also empty), and the panel that the config gives."""
        counts = [f"{FOLDER}/{sample.sample}.counts.tsv" for sample in self.normals(kit)]
        return {"counts": counts, **named(given_panel=self.given_panel(kit))}

    def tumour_inputs(self, tumour: str) -> dict[str, str]:
        """Panel of the kit and, where there is one, the alleles of the matched normal."""
        kit, normal = self.cohort.sample(tumour).kit, self.matched_normal(tumour)
        return named(
            panel=self.panels.path(kit, "copies.hdf5"),
            normals=self.panels.path(kit, "copies_normals.tsv"),
            sex_reference=self.panels.path(kit, "sex_reference.tsv"),
            panel_record=self.panels.path(kit, "copies.json"),
            targets=f"{REFERENCES}/kits/{kit}.targets.bed",
            fai=f"{REFERENCES}/genome.fa.fai",
            gc=f"{FOLDER}/kits/{kit}.gc.tsv",
            normal_alleles=f"{FOLDER}/{normal.sample}.alleles.tsv" if normal else "",
            normal_counts=f"{FOLDER}/{normal.sample}.counts.tsv" if normal else "",
            given_panel=self.given_panel(kit),
        )

    def describe(self, tumour: str) -> dict[str, Any]:
        """What `copies.model` needs to know of a tumour."""
        sample = self.cohort.sample(tumour)
        return {
            "patient": sample.patient,
            "sample": tumour,
            "sex": self.sex(sample),
            "purity": sample.purity,
            "mode": "tumour_normal" if self.matched_normal(tumour) else "tumour_only",
        }

    def joined(self, ending: str) -> list[str]:
        """One file per called tumour."""
        return [f"{FOLDER}/{sample.sample}.{ending}" for sample in self.tumours()]

    def plots(self, ending: str) -> list[str]:
        """One plot per called tumour: {patient} for the analysis sample, other/{sample} for another."""
        return [self._plot(sample, ending) for sample in self.tumours()]

    def patient_plots(self) -> dict[str, str]:
        """Patient -> plot (SVG) of the sample that the analysis uses."""
        used = [sample for sample in self.tumours() if sample.role == "analysis"]
        return {sample.patient: self._plot(sample, "svg") for sample in used}

    def _plot(self, sample: Sample, ending: str) -> str:
        name = sample.patient if sample.role == "analysis" else f"other/{sample.sample}"
        return f"{PLOTS}/{name}.copies.{ending}"
