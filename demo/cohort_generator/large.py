"""The large cohort: the small one's machinery with kits, DNA junctions, and traps in the samples."""

import re
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np

from . import cohort, germline, junctions, plan, plan_large, reads, somatic
from .genome import Genome, Target, build_genome, switch_regions
from .tables import write_table
from .variants import CODE, plain

LOW_PURITY_DEPTH = 180  # where a quarter of the cells of a tumour of 0.3 still gives more than five reads
LOW_PURITY = 0.35
GERMLINE_TARGETS = 8
OXIDISED = re.compile("CCGGAC")  # in the sense of read one the third base is read as T ...
OXIDISED_SHARE = 0.12  # ... in this share of the molecules


class LargeCohort(cohort.Cohort):
    """Everything that is decided before a read is made; the same seed decides the same."""

    def __init__(self, seed: int):
        self.germline_copies: dict[str, list[somatic.Segment]] = {}
        self.breaks: dict[str, list[junctions.Break]] = {}
        super().__init__(seed)

    def make_genome(self, seed: int) -> Genome:
        return build_genome(seed, switches=True)

    def make_patients(self, seed: int) -> list[plan_large.LargePatient]:
        patients = plan_large.make_plan(seed)
        self.courses = plan_large.make_courses(patients)
        return patients

    def kit_of(self, patient: str) -> str:
        return self.patient(patient).kit

    @cached_property
    def baits(self) -> list[Target]:
        """Immunoglobulin switch regions, in the kit `ig` only."""
        return switch_regions(self.genome)

    @cached_property
    def ig_blocks(self) -> list[reads.Block]:
        """The blocks of the switch regions, numbered after those of the exons."""
        rng = np.random.default_rng([self.seed, 41])
        first = len(self.blocks)
        return [
            reads.Block(first + i, t.chrom, t.start, t.end, float(np.exp(rng.normal(0, 0.1))))
            for i, t in enumerate(self.baits)
        ]

    def blocks_of(self, sample: cohort.Sample) -> list[reads.Block]:
        return self.blocks + self.ig_blocks if self.kit_of(sample.patient) == "ig" else self.blocks

    def depth_of(self, sample: cohort.Sample) -> float:
        low = sample.purity is not None and sample.purity < LOW_PURITY
        return LOW_PURITY_DEPTH if low else super().depth_of(sample)

    def copies_at(self, sample: cohort.Sample, chrom: str, pos: int) -> tuple[float, float]:
        segments = self.segments[sample.patient] if sample.cells else []
        sex, germ = self.patient(sample.patient).sex, self.germline_copies[sample.patient]
        return somatic.amount(segments, sample.cells, sex, chrom, pos, germ)

    def _add(self, number: int, patient: plan_large.LargePatient) -> None:
        name = patient.patient
        rng = np.random.default_rng([self.seed, 10, number])
        people = germline.person(
            self.genome, self.sites, self.index, self.surroundings, patient.sex, self.seed, number
        )
        if patient.homozygous_arm:
            self._make_homozygous(people, patient.homozygous_arm)
        self.haplotypes[name] = people
        self.segments[name] = place_segments(self.genome, patient, rng)
        self.germline_copies[name] = self._germline_loss(patient, rng)
        planned = patient.junctions
        self.breaks[name] = [junctions.place(self.genome, self.blocks, j, rng) for j in planned]
        biopsy = -int(rng.integers(5, 20))
        one = [plan.Library("L1", cohort.FLOWCELLS["wes"], 1 + number % 4, 1.0)]
        mutator = Mutator(
            self.genome, self.index, patient, self.segments[name], people, self.surroundings, rng,
            [*self.germline_copies[name], *(s for s in self.segments[name] if s.total == 0)],
        )  # fmt: skip
        if patient.relapse_driver:
            mutator.reserve(*patient.relapse_driver)
        mutations = mutator.tumour(patient.purity)
        add = self.samples.append
        libraries = patient.libraries or one
        add(cohort.Sample(f"{name}-T", name, "wes", "tumour", biopsy, patient.purity, libraries, mutations))
        if patient.normal:
            inside = mutations if patient.in_normal else []
            normal = cohort.Sample(f"{name}-N", name, "wes", "normal", biopsy, None, one, inside)
            add(replace(normal, in_normal=patient.in_normal))
        if patient.relapse_driver:
            purity = cohort.RELAPSE_PURITY
            later = [mutator.make_again(m, purity) for m in mutations]
            later.append(mutator.driver(*patient.relapse_driver, purity))
            later.sort(key=lambda m: m.variant)
            add(cohort.Sample(f"{name}-T2", name, "wes", "tumour", cohort.RELAPSE_DAY, purity, one, later))
        if patient.rna:
            lane = [plan.Library("L1", cohort.FLOWCELLS["rna"], 1 + number % 2, 1.0)]
            add(cohort.Sample(f"{name}-R", name, "rna", "tumour", biopsy, patient.purity, lane, mutations))

    def _make_homozygous(self, people: germline.Haplotypes, region: str) -> None:
        """Give both haplotypes of an arm the variants of the first one."""
        arm = self.genome.arm(region[:-1], region[-1])

        def inside(v):
            return v.chrom == arm.chrom and arm.start <= v.pos < arm.end

        people.b = sorted([v for v in people.b if not inside(v)] + [v for v in people.a if inside(v)])

    def _germline_loss(self, patient: plan_large.LargePatient, rng) -> list[somatic.Segment]:
        """One copy of some neighbouring fillers' targets in every cell of the patient."""
        if not patient.germline_loss:
            return []
        arm = self.genome.arm(patient.germline_loss[:-1], patient.germline_loss[-1])
        mine = [t for t in self.genome.targets if t.chrom == arm.chrom and arm.start <= t.start < arm.end]
        twin = [span for chrom, *span in self.genome.paralogue if chrom == arm.chrom]
        runs = []
        for i in range(len(mine) - GERMLINE_TARGETS):
            run = mine[i : i + GERMLINE_TARGETS]
            low, high = run[0].start - 300, run[-1].end + 300
            fillers = all(self.genome.gene(t.gene).kind == "filler" for t in run)
            if fillers and not any(s < high and low < e for s, e in twin):
                runs.append((low, high))
        low, high = runs[int(rng.integers(len(runs)))]
        a = int(rng.integers(2))
        return [somatic.Segment("germline_loss", arm.chrom, low, high, a, 1 - a, 1.0)]

    # reads

    def fragments(self, sample: cohort.Sample) -> list[str]:
        """All molecules of a sample before PCR, those of another patient where the samples were swapped."""
        patient = self.patient(sample.patient)
        if sample.assay == "rna" and patient.rna_of:
            return super().fragments(self.sample(f"{patient.rna_of}-R"))
        out = super().fragments(sample)
        if sample.sample != f"{sample.patient}-T":
            return out
        rng = np.random.default_rng([self.seed, 42, sample.number])
        if patient.contaminated_by:
            foreign = self.dna_fragments(self.sample(f"{patient.contaminated_by}-N"), rng)
            share = plan_large.CONTAMINATION
            chosen = rng.permutation(len(foreign))[: round(len(out) * share / (1 - share))]
            out += [foreign[i] for i in chosen]
        return [oxidise(f, rng) for f in out] if patient.oxidised else out

    def sample(self, name: str) -> cohort.Sample:
        return next(s for s in self.samples if s.sample == name)

    def _reach(self, sequence: str, block: reads.Block) -> float:
        return max(0, len(sequence) - 2 * reads.LONGEST) + reads.LENGTH_MEAN - 2 * reads.OVERLAP

    def _molecules(self, sample, block, amounts):
        found = [
            b
            for b in self.breaks[sample.patient]
            if b.ig_chrom == block.chrom and block.start <= b.ig_pos < block.end
        ]
        out = super()._molecules(sample, block, amounts)
        for b in found:
            out = self._rearrange(sample, block, amounts, b, out)
        return out

    def _rearrange(self, sample, block, amounts, b: junctions.Break, molecules):
        """Take the derivatives' share from the haplotype that broke."""
        low, high = block.start - reads.LONGEST, block.end + reads.LONGEST
        intact = self.genome.contigs[block.chrom][low:high]
        if any(sequence != intact for sequence, _ in molecules):
            raise ValueError(f"{b.name}: a variant stands in the switch region, or two breaks")
        share = amounts[b.haplotype]
        if not b.germline:
            parts = somatic.clones(self.segments[sample.patient], block.chrom, b.ig_pos)
            share = sample.cells * sum(part[0] * part[1 + b.haplotype] for part in parts)
        if share <= 0:
            return molecules
        rest = sum(amounts) - share
        return [(intact, rest)] * (rest > 0) + [(d, share) for d in b.derivatives(self.genome, low, high)]

    # expectations

    def cover(self, sample: cohort.Sample, chrom: str, pos: int) -> float:
        """Expected fragments with a read over a place, before the block's random efficiency of the day."""
        amounts = self._amounts_of.setdefault(sample.sample, self._amounts(sample))
        scale = self._scale(sample, amounts)
        reach, total = reads.LONGEST, 0.0
        for b in self.blocks_of(sample):
            if b.chrom == chrom and b.start - reach < pos < b.end + reach:
                per_copy = self.depth_of(sample) / 2 / (2 * reads.READ) * scale * b.efficiency
                copies, size = sum(amounts[b.number]), b.end - b.start
                total += (
                    per_copy
                    * copies
                    * (size + reads.LENGTH_MEAN - 2 * reads.OVERLAP)
                    * seen(size, pos - b.start)
                )
        return total

    @cached_property
    def _amounts_of(self) -> dict:
        return {}

    # truth and sheets

    def variant_truth(self) -> list[dict]:
        rows = super().variant_truth()
        for row in rows:
            cover = self.cover(self.sample(row["sample"]), row["chrom"], row["pos"] - 1)
            row["depth_expected"] = round(cover, 1)
            row["alt_reads_expected"] = round(cover * row["vaf_expected"], 1)
            row["kind"] = row["kind"].removesuffix("_subclonal")
        return rows

    def translocation_rows(self) -> list[dict]:
        rows = []
        for p in self.patients:
            names = {j.name: j for j in p.junctions if not j.germline}
            if p.translocation:
                names.setdefault(p.translocation.name, None)
            for name, junction in names.items():
                mine = p.translocation if p.translocation and p.translocation.name == name else None
                rna = p.rna and not p.rna_of
                rows.append(
                    {
                        "patient": p.patient,
                        "translocation": name,
                        "junction_reads_planted": "yes" if mine and mine.junction and rna else "no",
                        "partners": ";".join(mine.partners) if mine else junction.gene,
                        "purity": p.purity,
                        "ig": junction.ig if junction else "IGH",
                        "dna_breakpoints_planted": "yes" if junction else "no",
                        "expression_raised": "yes" if rna and (mine or p.decoy == junction.gene) else "no",
                        "fish_says": "absent" if name in p.fish else "",
                    }
                )
        return rows

    def write_truth(self, folder: Path) -> None:
        super().write_truth(folder)
        write_table(folder / "translocations.tsv", self.translocation_rows())
        write_table(
            folder / "junctions.tsv",
            [
                {
                    "patient": name,
                    "translocation": b.name,
                    "germline": "yes" if b.germline else "no",
                    "ig_chrom": b.ig_chrom,
                    "ig_pos": b.ig_pos,
                    "partner_chrom": b.partner_chrom,
                    "partner_pos": b.partner_pos,
                    "orientation": "inverted" if b.inverted else "direct",
                    "insertion": b.insertion,
                    "homology": b.homology,
                }
                for name, found in self.breaks.items()
                for b in found
            ],
        )
        write_table(
            folder / "double_hits.tsv",
            [
                {
                    "patient": p.patient,
                    "sample": f"{p.patient}-T",
                    "gene": h.gene,
                    "how": h.how,
                    "purity": p.purity,
                }
                for p in self.patients
                for h in p.hits
            ],
        )
        write_table(folder / "traps.tsv", self.trap_rows())
        write_table(
            folder / "germline_copies.tsv",
            [
                {"patient": name, "event": s.event, "chrom": s.chrom, "start": s.start + 1, "end": s.end, "copies": s.total}
                for name, found in self.germline_copies.items()
                for s in found
            ]
            + [
                {"patient": p.patient, "event": "homozygous_arm", "chrom": a.chrom, "start": a.start + 1, "end": a.end, "copies": 2}
                for p in self.patients
                if p.homozygous_arm
                for a in [self.genome.arm(p.homozygous_arm[:-1], p.homozygous_arm[-1])]
            ],
        )  # fmt: skip
        write_table(
            folder / "purity.tsv",
            [
                {
                    "sample": s.sample,
                    "purity": s.purity,
                    "base_copies": 4 if self.patient(s.patient).doubled else 2,
                    "status": "unresolved" if self.patient(s.patient).flat else "resolved",
                }
                for s in self.samples
                if s.assay == "wes" and s.tissue == "tumour"
            ],
        )

    def trap_rows(self) -> list[dict]:
        """One row per trap: what it is, in which sample, and who or how much is behind it."""
        rows = []

        def add(trap: str, p, sample: str, other: str = "", value="", note: str = "") -> None:
            rows.append(
                {"trap": trap, "patient": p.patient, "sample": sample, "other": other, "value": value, "note": note}
            )  # fmt: skip

        for p in self.patients:
            tumour, normal = f"{p.patient}-T", f"{p.patient}-N"
            if p.rna_of:
                add("swap", p, f"{p.patient}-R", f"{p.rna_of}-R", "", f"the RNA is that of {p.rna_of}")
            if p.contaminated_by:
                share = plan_large.CONTAMINATION
                add("contamination", p, tumour, p.contaminated_by, share, "share of the molecules")
            if p.in_normal:
                add("tumour_in_normal", p, normal, tumour, p.in_normal, "share of tumour cells in the normal")
            if p.oxidised:
                text = f"G>T in {OXIDISED.pattern} of read one, in this share of the molecules"
                add("oxidation", p, tumour, "", OXIDISED_SHARE, text)
            if p.germline_loss:
                add("germline_loss", p, tumour, normal, "", "one copy in tumour and normal")
            if p.homozygous_arm:
                add("homozygous_arm", p, tumour, normal, "", f"no heterozygous site in {p.homozygous_arm}")
            if not p.normal:
                add("tumour_only", p, tumour)
            if p.relapse_driver:
                add("relapse", p, f"{tumour}2")
            if any(j.germline for j in p.junctions):
                add("germline_junction", p, tumour, normal, "", "the same in tumour and normal")
        return rows

    def fish_rows(self) -> list[dict]:
        """fish.tsv: what FISH would see on sorted cells, and the results that are wrong by plan."""
        probes = {"del17p": "TP53", "gain1q": "CKS1B", "del1p32": "CDKN2C", "del13q": "D13S319"}
        rows = []
        for p in self.patients:
            tried = {c.event: c.ccf for c in p.copies}
            found = {}
            for name in ("del17p", "gain1q"):
                ccf = tried.get(name, tried.get("amp1q", 0) if name == "gain1q" else 0)
                found[name] = (round(100 * ccf * p.purity) if ccf else 3, 20)
            if p.translocation:
                found[p.translocation.name] = (round(95 * p.purity), 10)
            if p.translocation and p.translocation.name == "t(14;20)":
                del found["t(14;20)"]  # expression alone
            for name, (percent, cutoff) in (found | p.fish).items():
                rows.append(
                    {
                        "patient": p.patient,
                        "date": self.starts[p.patient] - cohort.timedelta(days=20),
                        "abnormality": name,
                        "probe": probes.get(name, "IGH dual fusion"),
                        "selection": "sorted",
                        "nuclei": 200,
                        "percent": percent,
                        "cutoff_percent": cutoff,
                        "result": "present" if percent >= cutoff else "absent",
                    }
                )
        return rows

    def config(self) -> str:
        return CONFIG.format(seed=self.seed)

    def write_kits(self, folder: Path) -> None:
        """targets.ig.bed: the exons of targets.bed and the switch regions."""
        order = list(self.genome.contigs)
        both = sorted([*self.genome.targets, *self.baits], key=lambda t: (order.index(t.chrom), t.start))
        with open(folder / "targets.ig.bed", "w") as handle:
            handle.writelines(f"{t.chrom}\t{t.start}\t{t.end}\t{t.gene}\n" for t in both)


class Mutator(somatic.Mutator):
    """Mutations of a tumour of the large cohort: three clonal fractions, and truncated tumour suppressors."""

    late_subclones = True

    def tumour(self, purity: float) -> list[somatic.Mutation]:
        twice = {
            symbol
            for symbol, *_ in self.patient.drivers
            if [d[0] for d in self.patient.drivers].count(symbol) > 1
        }
        out, side = [], int(self.rng.integers(2))
        for driver in self.patient.drivers:
            in_trans = driver[0] in twice
            out.append(self.driver(*driver, purity, side if in_trans else None))
            side = 1 - side if in_trans else side
        out += [self._stop(symbol, purity) for symbol in self.patient.stops]
        for ccf, (snvs, indels) in plan_large.PASSENGERS.items():
            out += [self.passenger(False, ccf, purity) for _ in range(snvs)]
            out += [self.passenger(True, ccf, purity) for _ in range(indels)]
        return sorted(out, key=lambda m: m.variant)

    def _stop(self, symbol: str, purity: float) -> somatic.Mutation:
        """A stop in the middle half of a gene, away from germline sites."""
        gene = self.genome.gene(symbol)
        cds = self.index.cds(gene)
        residues = len(cds) // 3
        for residue in self.rng.permutation(np.arange(residues // 4, 3 * residues // 4)).tolist():
            codon = cds[3 * residue - 3 : 3 * residue]
            stops = [codon[:k] + b + codon[k + 1 :] for k in range(3) for b in "ACGT" if b != codon[k]]
            if not any(CODE[c] == "*" for c in stops):
                continue
            v = self.index.hotspot(symbol, residue, "*")
            inside = any(s + 12 <= v.pos < e - 12 for s, e in gene.cds)
            if inside and plain(self.genome.contigs[v.chrom], v.pos) and (v.chrom, v.pos) not in self.near:
                return self.driver(symbol, residue, "*", purity)
        raise ValueError(f"{symbol}: no place for a stop")


def place_segments(genome: Genome, patient: plan_large.LargePatient, rng) -> list[somatic.Segment]:
    """The planned changes in their order (the first one at a place counts), in a doubled genome over 2 + 2 copies."""
    out = somatic.place_segments(genome, patient, rng)
    if patient.doubled:
        out = [replace(s, base=2) for s in out]
        for chrom, sequence in genome.contigs.items():
            if chrom != "chrM":
                out.append(somatic.Segment("wgd", chrom, 0, len(sequence), 2, 2, 1.0, 2))
    return out


def oxidise(fragment: str, rng: np.random.Generator) -> str:
    """G read as T in the sense of read one, as oxidised guanine is."""
    for found in OXIDISED.finditer(fragment):
        if rng.random() < OXIDISED_SHARE:
            at = found.start() + 3
            fragment = fragment[:at] + "T" + fragment[at + 1 :]
    return fragment


_SIZES = np.clip(
    np.random.default_rng(0).normal(reads.LENGTH_MEAN, reads.LENGTH_SD, size=400), reads.SHORTEST, reads.LONGEST
).astype(int)  # fmt: skip


def seen(size: int, offset: int) -> float:
    """Share of a block's fragments that have one of their two reads over the base at `offset` of the block."""
    low = reads.OVERLAP - _SIZES
    high = size - reads.OVERLAP
    first = np.maximum(low, offset - _SIZES + 1)
    last = np.minimum(high, offset + 1)
    over = np.maximum(0, last - first)
    # between the reads
    gap_first = np.maximum(low, offset - _SIZES + reads.READ + 1)
    gap_last = np.minimum(high, offset - reads.READ + 1)
    between = np.maximum(0, gap_last - gap_first)
    return float(np.mean((over - between) / (high - low)))


CONFIG = cohort.CONFIG.replace("Demo cohort, seed", "Large demo cohort, seed").replace(
    "  demo: {{targets: reference/targets.bed}}",
    "  plain: {{targets: reference/targets.bed}}\n"
    "  ig: {{targets: reference/targets.ig.bed, ig_baits: true}}    # with the switch regions of IGH, IGK and IGL",
)
