"""The cohort as a whole: samples, their reads (two processes), sheets, truth and config."""

import multiprocessing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import numpy as np

from . import clinical, expression, germline, plan, reads, somatic, treatment
from .genome import Genome, build_genome
from .reference_files import write_reference
from .tables import write_table
from .variants import CodingIndex, apply

TUMOUR_DEPTH = 105
NORMAL_DEPTH = 58
FLOWCELLS = {"wes": "HDEMO1DSXX", "rna": "HDEMO3DSXZ"}
LOW_PURITY = 0.6
FISH_MISSES = {"IPD-001"}  # FISH denies the planted translocation
RELAPSE_DAY = 380
RELAPSE_PURITY = 0.75
ALL_COLUMNS = ["sample", "library", "flowcell", "lane", "fastq_1", "fastq_2"]


@dataclass
class Sample:
    """One sequenced sample."""

    sample: str
    patient: str
    assay: str
    tissue: str
    day: int
    purity: float | None
    libraries: list[plan.Library]
    mutations: list[somatic.Mutation] = field(default_factory=list)
    number: int = 0
    in_normal: float = 0.0  # share of tumour cells in a normal

    @property
    def cells(self) -> float:
        """Share of tumour cells, whatever the sample is called."""
        return self.in_normal if self.purity is None else self.purity


class Cohort:
    """Everything that is decided before a read is made; the same seed decides the same."""

    courses = clinical.COURSES

    def __init__(self, seed: int):
        self.seed = seed
        self.genome: Genome = self.make_genome(seed)
        self.index = CodingIndex(self.genome)
        self.sites = germline.population(self.genome, self.index, seed)
        self.surroundings = germline.Surroundings(self.genome, self.index, self.sites)
        self.blocks = reads.capture_blocks(self.genome, seed)
        self.patients = self.make_patients(seed)
        self.starts = clinical.start_dates(seed, self.courses)
        self.levels = expression.base_levels(self.genome, seed)
        self.differential = expression.differential_genes(self.genome, self.levels, seed)
        self.haplotypes, self.segments, self.samples = {}, {}, []
        for number, patient in enumerate(self.patients):
            self._add(number, patient)
        for number, sample in enumerate(self.samples):
            sample.number = number

    def make_genome(self, seed: int) -> Genome:
        return build_genome(seed)

    def make_patients(self, seed: int) -> list[plan.Patient]:
        return plan.make_plan(seed)

    def depth_of(self, sample: Sample) -> float:
        """Reads on target, wanted."""
        return TUMOUR_DEPTH if sample.tissue == "tumour" else NORMAL_DEPTH

    def blocks_of(self, sample: Sample) -> list[reads.Block]:
        """What the sample's kit captures."""
        return self.blocks

    def kit_of(self, patient: str) -> str:
        return "demo"

    def copies_at(self, sample: Sample, chrom: str, pos: int) -> tuple[float, float]:
        """Mean copies per cell of each haplotype in a sample."""
        segments = self.segments[sample.patient] if sample.cells else []
        return somatic.amount(segments, sample.cells, self.patient(sample.patient).sex, chrom, pos)

    def patient(self, name: str) -> plan.Patient:
        return next(p for p in self.patients if p.patient == name)

    def _add(self, number: int, patient: plan.Patient) -> None:
        name = patient.patient
        rng = np.random.default_rng([self.seed, 10, number])
        haplotypes = germline.person(
            self.genome, self.sites, self.index, self.surroundings, patient.sex, self.seed, number
        )
        self.haplotypes[name] = haplotypes
        self.segments[name] = somatic.place_segments(self.genome, patient, rng)
        biopsy = -int(rng.integers(5, 20))
        one = [plan.Library("L1", FLOWCELLS["wes"], 1 + number % 4, 1.0)]
        mutations: list[somatic.Mutation] = []
        if patient.dna:
            mutator = somatic.Mutator(
                self.genome, self.index, patient, self.segments[name], haplotypes, self.surroundings, rng
            )
            if patient.relapse_driver:
                mutator.reserve(*patient.relapse_driver)
            mutations = mutator.tumour(patient.purity)
            libraries = patient.libraries or one
            self.samples.append(
                Sample(f"{name}-T", name, "wes", "tumour", biopsy, patient.purity, libraries, mutations)
            )
            if patient.normal:
                self.samples.append(Sample(f"{name}-N", name, "wes", "normal", biopsy, None, one))
            if patient.relapse_driver:
                later = [mutator.make_again(m, RELAPSE_PURITY) for m in mutations]
                later.append(mutator.driver(*patient.relapse_driver, RELAPSE_PURITY))
                later += [mutator.passenger(False, 1.0, RELAPSE_PURITY) for _ in range(2)]
                later.sort(key=lambda m: m.variant)
                self.samples.append(
                    Sample(f"{name}-T2", name, "wes", "tumour", RELAPSE_DAY, RELAPSE_PURITY, one, later)
                )
        if patient.rna:
            lane = [plan.Library("L1", FLOWCELLS["rna"], 1 + number % 2, 1.0)]
            self.samples.append(
                Sample(f"{name}-R", name, "rna", "tumour", biopsy, patient.purity, lane, mutations)
            )

    def fragments(self, sample: Sample) -> list[str]:
        """All molecules of a sample before PCR."""
        rng = np.random.default_rng([self.seed, 11, sample.number])
        return self.rna_fragments(sample, rng) if sample.assay == "rna" else self.dna_fragments(sample, rng)

    def rna_fragments(self, sample: Sample, rng: np.random.Generator) -> list[str]:
        patient = self.patient(sample.patient)
        group = clinical.course(sample.patient, self.courses).group
        segments = self.segments[sample.patient]
        expected = expression.expected_pairs(
            self.genome, patient, group, segments, self.levels, self.differential, rng
        )
        own = self.haplotypes[sample.patient]
        out = expression.molecules(self.genome, patient, own, sample.mutations, expected, self.levels, rng)
        # a stream of its own, so that the other molecules stay what they are
        rng = np.random.default_rng([self.seed, 61, sample.number])
        return out + expression.cassette(self.genome, patient, own, sample.mutations, rng)

    def dna_fragments(
        self, sample: Sample, rng: np.random.Generator, blocks: list[reads.Block] | None = None
    ):
        """Captured fragments of every block, by haplotype and mutated copies, and a few from anywhere."""
        depth = self.depth_of(sample)
        chosen = self.blocks_of(sample) if blocks is None else blocks
        amounts = self._amounts(sample)
        scale = self._scale(sample, amounts)
        out: list[str] = []
        for block in chosen:
            noise = float(np.exp(rng.normal(0, 0.05)))
            per_copy = depth / 2 / (2 * reads.READ) * scale * block.efficiency * noise
            for sequence, copies in self._molecules(sample, block, amounts[block.number]):
                pairs = int(rng.poisson(per_copy * copies * self._reach(sequence, block)))
                out += reads.cut_block(sequence, self._margin(block), pairs, rng)
        if blocks is None:
            out += reads.off_target(self.genome, int(len(out) * reads.OFF_TARGET), rng)
        return reads.both_strands(out, rng)

    def _amounts(self, sample: Sample) -> dict[int, tuple[float, float]]:
        """Copies of each haplotype in the middle of every block."""
        return {
            b.number: self.copies_at(sample, b.chrom, (b.start + b.end) // 2) for b in self.blocks_of(sample)
        }

    def _scale(self, sample: Sample, amounts: dict) -> float:
        """A fixed number of reads, whatever the ploidy."""
        blocks = self.blocks_of(sample)
        captured = sum((b.end - b.start) * sum(amounts[b.number]) for b in blocks)
        return 2 * sum(b.end - b.start for b in blocks) / captured

    def _reach(self, sequence: str, block: reads.Block) -> float:
        """Places where a fragment of a molecule may begin."""
        return block.end - block.start + reads.LENGTH_MEAN - 2 * reads.OVERLAP

    @staticmethod
    def _margin(block: reads.Block) -> int:
        return reads.LONGEST

    def _molecules(
        self, sample: Sample, block: reads.Block, amounts: tuple[float, float]
    ) -> list[tuple[str, float]]:
        """(sequence of the block with its margins, copies per cell) of each haplotype, mutated or not."""
        margin = self._margin(block)
        contig = self.genome.contigs[block.chrom]
        low, high = block.start - margin, block.end + margin
        reference = contig[low:high]
        haplotypes = self.haplotypes[sample.patient]
        out = []
        for h, variants in enumerate((haplotypes.a, haplotypes.b)):
            own = [v for v in variants if v.chrom == block.chrom and low <= v.pos and v.end <= high]
            mutated = [
                m
                for m in sample.mutations
                if m.haplotype == h
                and m.variant.chrom == block.chrom
                and low <= m.variant.pos
                and m.variant.end <= high
            ]
            rest = amounts[h]
            for m in mutated:
                share = sample.cells * m.ccf * m.copies
                rest -= share
                out.append((apply(reference, low, [*own, m.variant]), share))
            if rest < -1e-9:
                raise ValueError(f"{sample.sample}: more mutated copies than copies at {block}")
            if rest > 0:
                out.append((apply(reference, low, own), rest))
        return out

    def write_reads(self, sample: Sample, folder: Path) -> list[dict]:
        """FASTQ files of a sample and its rows of units.tsv."""
        fragments = self.fragments(sample)
        rng = np.random.default_rng([self.seed, 12, sample.number])
        shuffled = [fragments[i] for i in rng.permutation(len(fragments))]
        by_library: dict[str, list[plan.Library]] = {}
        for unit in sample.libraries:
            by_library.setdefault(unit.library, []).append(unit)
        rows, done = [], 0
        for units in by_library.values():
            count = round(len(shuffled) * sum(u.share for u in units))
            amplified = reads.with_duplicates(shuffled[done : done + count], reads.DUPLICATES, rng)
            done += count
            first = 0
            for k, unit in enumerate(units):
                part = round(len(amplified) * unit.share / sum(u.share for u in units))
                last = len(amplified) if k == len(units) - 1 else first + part
                name = f"{sample.sample}_{unit.library}_S{sample.number + 1}_{unit.flowcell}_L00{unit.lane}"
                art_seed = self.seed * 1000 + sample.number * 10 + len(rows)
                pair = reads.sequence_fragments(
                    amplified[first:last], folder, name, unit.flowcell, unit.lane, art_seed % 2_000_000_000
                )
                rows.append(
                    {
                        "sample": sample.sample,
                        "library": unit.library,
                        "flowcell": unit.flowcell,
                        "lane": unit.lane,
                        "fastq_1": f"fastq/{pair[0]}",
                        "fastq_2": f"fastq/{pair[1]}",
                    }
                )
                first = last
        return rows

    def sample_rows(self) -> list[dict]:
        """samples.tsv: the sorted purity is measured, hence a little off; strandedness is left empty for some."""
        rng = np.random.default_rng([self.seed, 13])
        rows = []
        for s in self.samples:
            patient = self.patient(s.patient)
            number = int(s.patient[-3:])
            rna = s.assay == "rna"
            measured = (
                "" if s.purity is None else round(min(0.99, s.purity + float(rng.uniform(-0.04, 0.04))), 2)
            )
            rows.append(
                {
                    "sample": s.sample,
                    "patient": s.patient,
                    "assay": s.assay,
                    "tissue": s.tissue,
                    "collection_date": self.starts[s.patient] + timedelta(days=s.day),
                    "kit": "" if rna else self.kit_of(s.patient),
                    "sex": patient.sex,
                    "centre": ("Nantes", "Lille", "Toulouse")[number % 3],
                    "batch": "1",
                    "strandedness": "reverse" if rna and number % 2 else "",
                    "rin": round(float(rng.uniform(7.5, 9.5)), 1) if rna else "",
                    "purity": measured,
                    "analysis": "",
                }
            )
        return rows

    def fish_rows(self) -> list[dict]:
        """fish.tsv: what FISH would see, sorted cells; IPD-002 has a del13q that nobody planted, IPD-001's t(11;14) is missed (conflicts)."""
        probes = {"del17p": "TP53", "gain1q": "CKS1B", "del1p32": "CDKN2C", "del13q": "D13S319"}
        rows = []

        def add(patient: str, abnormality: str, percent: float, cutoff: float) -> None:
            rows.append(
                {
                    "patient": patient,
                    "date": self.starts[patient] - timedelta(days=20),
                    "abnormality": abnormality,
                    "probe": probes.get(abnormality, "IGH dual fusion"),
                    "selection": "sorted",
                    "nuclei": 200,
                    "percent": percent,
                    "cutoff_percent": cutoff,
                    "result": "present" if percent >= cutoff else "absent",
                }
            )

        for patient in self.patients:
            tried = {c.event: c.ccf for c in patient.copies}
            for name in ("del17p", "gain1q"):
                found = tried.get(name, tried.get("amp1q", 0) if name == "gain1q" else 0)
                add(patient.patient, name, round(100 * found * patient.purity) if found else 3, 20)
            if patient.translocation:
                wrong = patient.patient in FISH_MISSES
                add(
                    patient.patient,
                    patient.translocation.name,
                    2 if wrong else round(95 * patient.purity),
                    10,
                )
        add("IPD-002", "del13q", 48, 20)
        return rows

    def config(self) -> str:
        """The workflow's config."""
        return CONFIG.format(seed=self.seed)

    def write_kits(self, folder: Path) -> None:
        """Targets of kits beside the one of targets.bed."""

    def patient_rows(self) -> list[dict]:
        """patients.tsv: the clinical course, and a body of the sex that the genome has."""
        sex = {p.patient: p.sex for p in self.patients}
        rows = clinical.patient_rows(self.starts, sex, self.courses)
        return [r | treatment.body(i, r["sex"], self.seed) for i, r in enumerate(rows)]

    def write_sheets(self, folder: Path, units: list[dict]) -> None:
        people = self.patient_rows()
        write_table(folder / "patients.tsv", people)
        write_table(folder / "samples.tsv", self.sample_rows())
        write_table(folder / "units.tsv", units)
        visits = clinical.assessment_rows(self.starts, self.seed, self.courses)
        write_table(folder / "assessments.tsv", visits)
        given = (self.starts, self.seed)
        write_table(folder / "dosing.tsv", treatment.dosing_rows(*given, self.courses))
        write_table(folder / "adverse_events.tsv", treatment.event_rows(self.starts, self.courses))
        write_table(folder / "laboratory.tsv", treatment.laboratory_rows(*given, visits, self.courses))
        blood, _ = treatment.concentration_rows(*given, people, self.courses)
        write_table(folder / "concentrations.tsv", blood)
        therapies = treatment.therapy_rows(self.starts, self.courses)
        write_table(folder / "subsequent_therapy.tsv", therapies, treatment.THERAPY_COLUMNS)
        write_table(folder / "fish.tsv", self.fish_rows())
        write_table(
            folder / "exclusions.tsv",
            [],
            ["patient", "sample", "library", "flowcell", "lane", "analysis", "reason"],
        )

    def write_truth(self, folder: Path) -> None:
        write_table(folder / "variants.tsv", self.variant_truth())
        write_table(folder / "copies.tsv", self.copy_truth())
        write_table(
            folder / "translocations.tsv",
            [
                {
                    "patient": p.patient,
                    "translocation": p.translocation.name,
                    "junction_reads_planted": "yes" if p.translocation.junction else "no",
                    "partners": ";".join(p.translocation.partners),
                    "purity": p.purity,
                    "fish_says": "absent" if p.patient in FISH_MISSES else "",
                }
                for p in self.patients
                if p.translocation and p.rna
            ],
        )
        symbol, exon = expression.CASSETTE
        write_table(
            folder / "splicing.tsv",
            [
                {
                    "patient": p.patient,
                    "event": f"{symbol}_exon{exon}_skipping",
                    "skipped_share": round(p.skipping * p.purity, 4),
                    "present": "yes" if p.skipping else "no",
                    "purity": p.purity,
                }
                for p in self.patients
                if p.rna
            ],
        )
        write_table(
            folder / "expression_genes.tsv",
            [
                {
                    "gene_id": d.gene.gene_id,
                    "gene": d.gene.symbol,
                    "higher_in": d.higher_in,
                    "log2_fold_change_early_vs_poor": d.log2_fold
                    * (1 if d.higher_in == "EARLY_RESPONDER" else -1),
                }
                for d in self.differential
            ],
        )
        write_table(folder / "clinical.tsv", clinical.truth_rows(self.starts, self.courses))
        write_table(folder / "exposure.tsv", treatment.exposure_truth(self.courses))
        safety = treatment.safety_truth(self.starts, self.courses)
        write_table(folder / "safety.tsv", safety, treatment.SAFETY_COLUMNS)
        _, kinetics = treatment.concentration_rows(self.starts, self.seed, self.patient_rows(), self.courses)
        write_table(folder / "pharmacokinetics.tsv", kinetics)
        write_table(
            folder / "samples.tsv",
            [
                {
                    "sample": s.sample,
                    "patient": s.patient,
                    "assay": s.assay,
                    "tissue": s.tissue,
                    "purity": "" if s.purity is None else s.purity,
                    "matched_normal": "yes" if self.patient(s.patient).normal else "no",
                    "in_analysis": "no" if s.day > 0 else "yes",
                }
                for s in self.samples
            ],
        )
        write_table(folder / "private_germline.tsv", self._private_germline())
        write_table(folder / "rna_purity.tsv", self._rna_purity())

    def variant_truth(self) -> list[dict]:
        """One row per planted mutation of a DNA tumour sample; 1-based positions."""
        rows = []
        for s in self.samples:
            if s.assay != "wes" or s.tissue != "tumour":
                continue
            for m in s.mutations:
                v = m.variant
                rows.append(
                    {
                        "sample": s.sample,
                        "chrom": v.chrom,
                        "pos": v.pos + 1,
                        "ref": v.ref,
                        "alt": v.alt,
                        "gene": m.gene,
                        "class": m.kind,
                        "protein": m.protein,
                        "vaf_expected": m.vaf,
                        "ccf": m.ccf,
                        "kind": m.row_kind,
                    }
                )
        return rows

    def copy_truth(self) -> list[dict]:
        """One row per planted change; hyperdiploidy has a row of its own with the gained chromosomes' number."""
        rows = []
        for s in self.samples:
            if s.assay != "wes" or s.tissue != "tumour":
                continue
            segments = self.segments[s.patient]
            for g in segments:
                rows.append(
                    {
                        "sample": s.sample,
                        "event": g.event,
                        "chrom": g.chrom,
                        "start": g.start + 1,
                        "end": g.end,
                        "total": g.total,
                        "minor": g.minor,
                        "ccf": g.ccf,
                    }
                )
            if sum(g.event.startswith("tri") for g in segments) >= 2:
                blank = {"chrom": "", "start": "", "end": "", "total": "", "minor": "", "ccf": 1.0}
                rows.append({"sample": s.sample, "event": "hyperdiploidy", **blank})
        return rows

    def _rna_purity(self) -> list[dict]:
        """RNA samples: share of RNA from other cells, and whether that of the clone's plasma cells is planted."""
        return [
            {
                "sample": s.sample,
                "foreign_share": self.patient(s.patient).foreign_rna,
                "plasma_cells": "no" if self.patient(s.patient).foreign_rna else "yes",
            }
            for s in self.samples
            if s.assay == "rna"
        ]

    def _private_germline(self) -> list[dict]:
        """Germline variants that no resource lists: what a tumour-only call cannot tell from somatic."""
        known = {s.variant for s in self.sites}
        rows = []
        for p in self.patients:
            h = self.haplotypes[p.patient]
            for v in sorted({*h.a, *h.b} - known):
                rows.append(
                    {"patient": p.patient, "chrom": v.chrom, "pos": v.pos + 1, "ref": v.ref, "alt": v.alt}
                )
        return rows


CONFIG = """\
# The demo cohort: only what differs from config/config.yaml. Same rules, same thresholds.
# Paths are relative to the working directory (snakemake --directory).
trial:
  name: "Demo cohort, seed {seed}: made-up patients on a miniature genome"

sheets:
  patients: sheets/patients.tsv
  samples: sheets/samples.tsv
  units: sheets/units.tsv
  assessments: sheets/assessments.tsv
  fish: sheets/fish.tsv
  dosing: sheets/dosing.tsv
  adverse_events: sheets/adverse_events.tsv
  laboratory: sheets/laboratory.tsv
  concentrations: sheets/concentrations.tsv
  subsequent_therapy: sheets/subsequent_therapy.tsv
  endpoints: ""
  calls: ""
  exclusions: sheets/exclusions.tsv

reference:
  build: demo
  fasta: reference/genome.fa
  gtf: reference/genes.gtf
  germline: reference/germline.vcf.gz
  common_sites: reference/common_sites.vcf.gz
  regions: reference/regions.tsv
  arms: reference/arms.tsv

somatic:
  scatter: 1                   # a miniature exome is one piece: several patients at a time instead

kits:
  demo: {{targets: reference/targets.bed}}

report:
  title: "Demo cohort: genomic abnormalities of early and poor responders to IPd"

export:
  reference_genome: hg38       # whose chromosomes the miniature genome is named after
"""

_shared: dict = {}  # what the forked processes inherit: the cohort and the folder of the reads


def _one(number: int) -> list[dict]:
    made = _shared["cohort"]
    return made.write_reads(made.samples[number], _shared["folder"])


def generate(seed: int, folder: Path, processes: int = 2, say=print, kind: type[Cohort] = Cohort) -> None:
    """Write the whole cohort into `folder`; `kind` says which one."""
    cohort = kind(seed)
    write_reference(folder / "reference", cohort.genome, cohort.sites, seed)
    cohort.write_kits(folder / "reference")
    cohort.write_truth(folder / "truth")
    (folder / "fastq").mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(cohort.config())
    # long ones first, so that two processes end together
    order = sorted(cohort.samples, key=lambda s: (s.assay == "rna", s.tissue == "normal", s.number))
    units: dict[int, list[dict]] = {}
    _shared.update(cohort=cohort, folder=folder / "fastq")
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        numbers = [s.number for s in order]
        for done, (number, rows) in enumerate(zip(numbers, pool.imap(_one, numbers), strict=True), start=1):
            units[number] = rows
            say(f"demo cohort: reads of {cohort.samples[number].sample} ({done} of {len(numbers)} samples)")
    cohort.write_sheets(folder / "sheets", [row for number in sorted(units) for row in units[number]])
