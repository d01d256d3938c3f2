"""Contracts of the tables between stages: columns, kinds, units, key, allowed values.

`read` and `write` enforce them. Tables are tab-separated UTF-8 with a header, rows sorted by the key,
an empty cell is a missing value. `docs/tables.md` is generated from this module.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from myeloma import files
from myeloma.states import EARLY, GROUPS, POOR, STATES

LEVELS = ("sCR", "CR", "VGPR", "PR", "MR", "SD", "PD", "NE")
YES_NO = ("yes", "no")
ENDPOINT_NAMES = ("TTP", "PFS", "EFS", "OS", "DoR", "TTR", "TTBR")
POPULATIONS = ("itt", "per_protocol", "itt_maintenance", "per_protocol_maintenance")
#: Is a marker measurable at baseline.
MEASURED = ("yes", "no", "not_measured")
MARKER_NAMES = (
    "serum M-protein",
    "quantitative immunoglobulin",
    "urine M-protein",
    "dFLC",
    "marrow plasma cells",
    "plasmacytoma SPD",
    "circulating plasma cells",
)
DRUGS = ("ixazomib", "pomalidomide", "dexamethasone")
TRANSCRIPT_BASES = (
    "MANE Select",
    "Ensembl canonical",
    "APPRIS principal",
    "longest coding sequence",
    "most severe",
)
RULE_SETS = (
    "trial",
    "fda",
    "ema",
    "trial_unconfirmed_pd",
    "trial_unknown_death",
    "trial_new_therapy",
    "trial_pd_only",
)


class ContractError(ValueError):
    """A table breaks its contract; the message names table, column, row key and value."""


@dataclass(frozen=True)
class Column:
    """One column: kind is text, whole, number or date (YYYY-MM-DD); `empty` allows missing values."""

    name: str
    kind: str
    doc: str
    unit: str = ""
    allowed: tuple[str, ...] = ()
    empty: bool = False


@dataclass(frozen=True)
class Table:
    """A contract: where the table stands, what a row is, its key and columns. `wide` allows more columns."""

    name: str
    path: str
    row: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    wide: bool = False

    def names(self) -> list[str]:
        return [c.name for c in self.columns]


def _text(name, doc, allowed=(), empty=False):
    return Column(name, "text", doc, allowed=tuple(allowed), empty=empty)


def _whole(name, doc, unit="", empty=True):
    return Column(name, "whole", doc, unit=unit, empty=empty)


def _number(name, doc, unit="", empty=True):
    return Column(name, "number", doc, unit=unit, empty=empty)


def _date(name, doc, empty=True):
    return Column(name, "date", doc, unit="YYYY-MM-DD", empty=empty)


PATIENT = _text("patient", "pseudonymised patient id of patients.tsv")
SAMPLE = _text("sample", "sample id of samples.tsv")
REASON = _text("reason", "why, in words", empty=True)

SAMPLES = Table(
    "samples",
    "results/cohort/samples.tsv",
    "sample",
    ("sample",),
    (
        PATIENT,
        SAMPLE,
        _text("assay", "what was sequenced", ("wes", "rna")),
        _text("tissue", "tumour or germline normal", ("tumour", "normal")),
        _date("collection_date", "day of collection"),
        _text("kit", "capture kit (WES)", empty=True),
        _text(
            "role",
            "what the analysis does with it",
            ("analysis", "matched_normal", "other", "excluded", "no_reads"),
        ),
        REASON,
    ),
)

IMPLAUSIBLE_VALUES = Table(
    "implausible_values",
    "results/cohort/implausible_values.tsv",
    "clinical value outside its plausible range (resources/plausible_values.tsv), known at the data cut",
    ("sheet", "patient", "date", "name"),
    (
        _text("sheet", "patients, assessments or laboratory"),
        _whole("line", "line in the sheet; 0 = the row of the patient", empty=False),
        PATIENT,
        _date("date", "day of the value"),
        _text("name", "column or laboratory parameter"),
        _number("value", "value in the unit of the analysis", empty=False),
        _text("unit", "unit of the analysis"),
        _number("low", "lower end of the plausible range", empty=False),
        _number("high", "upper end of the plausible range", empty=False),
    ),
)

FLOW = Table(
    "flow",
    "results/cohort/flow.tsv",
    "patient and analysis",
    ("patient", "analysis"),
    (
        PATIENT,
        _text("analysis", "enrolled, itt, treated, per_protocol, response, dna, rna, early, poor, ..."),
        _text("included", "is the patient in it", YES_NO),
        REASON,
    ),
)

UNITS = Table(
    "units",
    "results/reads/units.tsv",
    "sample, unit",
    ("sample", "unit"),
    (
        PATIENT,
        SAMPLE,
        _text("unit", "library.flowcell.lane"),
        _text("files", "file names, without their folder"),
        _whole("records_seen", "records looked at at the head of each file", "reads"),
        _whole("read_length", "longest of them", "bases"),
        _text(
            "verdict", "what the head says; the whole file is counted while it is aligned", ("ok", "problem")
        ),
        REASON,
    ),
)

QC = Table(
    "qc",
    "results/alignments/qc.tsv",
    "sample and gate",
    ("sample", "gate"),
    (
        PATIENT,
        SAMPLE,
        _text("assay", "wes or rna", ("wes", "rna")),
        _text("tissue", "tumour or normal", ("tumour", "normal")),
        _text("gate", "name of the measure, e.g. median_target_depth"),
        _number("value", "measured", "see gate"),
        _number("threshold", "limit from config gates; empty: measured but not a gate"),
        _text("verdict", "against the threshold", ("pass", "fail", "not_assessable", "")),
        REASON,
    ),
)

RNA_PURITY_COLUMNS = (
    PATIENT,
    SAMPLE,
    _number("immunoglobulin_fraction", "reads in immunoglobulin genes, of those in genes", "fraction"),
    _number("kappa_share", "kappa among the light-chain constant genes; polyclonal: about 0.67", "fraction"),
    _text("heavy_constant", "top heavy constant gene", empty=True),
    _number("heavy_constant_share", "of the heavy constant genes", "fraction"),
    _number("heavy_constant_second", "share of the next one", "fraction"),
    _text("heavy_variable", "top heavy V gene, twins as one", empty=True),
    _number("heavy_variable_share", "of the heavy V genes", "fraction"),
    _number("heavy_variable_second", "share of the next one", "fraction"),
    _text("light_constant", "IGKC, or IGLC for all lambda constant genes", empty=True),
    _number("light_constant_share", "of the light constant genes", "fraction"),
    _number("light_constant_second", "share of the other", "fraction"),
    _text("light_variable", "top light V gene, twins as one", empty=True),
    _number("light_variable_share", "of the light V genes", "fraction"),
    _number("light_variable_second", "share of the next one", "fraction"),
    _number("clone_share", "mean of the two best of the four shares, each over the polyclonal one", "0-1"),
    _number("non_b_index", "geometric mean of RPKM + 1 over genes that no B cell expresses", "RPKM + 1"),
    _whole("non_b_genes", "of them found in the annotation", "genes", empty=False),
    _number(
        "plasma_cell_score", "clone_share x (1 - log non_b_index / log rna_quality.non_b_index_full)", "0-1"
    ),
    _text("basis", "what the score rests on", ("both", "immunoglobulin", "non_b", "none")),
    REASON,
)

RNA_PURITY_MEASURES = Table(
    "rna_purity_measures",
    "results/alignments/qc/{sample}.rna_purity.tsv",
    "RNA sample (one)",
    ("sample",),
    RNA_PURITY_COLUMNS,
)

RNA_PURITY = Table(
    "rna_purity",
    "results/expression/rna_purity.tsv",
    "RNA sample",
    ("sample",),
    (
        *RNA_PURITY_COLUMNS[:-1],
        _number("threshold", "gates.rna_min_plasma_cell_score, for plasma_cell_score", "0-1"),
        _text("state", "is the RNA that of the clone's plasma cells", STATES),
        REASON,
    ),
)

ALLELES = Table(
    "alleles",
    "results/alignments/{sample}.alleles.tsv.gz",
    "common SNP with reads, of one sample",
    ("chrom", "pos"),
    (
        _text("chrom", "contig"),
        _whole("pos", "VCF position", "1-based", empty=False),
        _text("ref", "reference allele"),
        _text("alt", "alternate allele"),
        _number("af", "frequency of the alternate allele in reference.common_sites", "fraction"),
        _whole("ref_reads", "reads of the reference allele; duplicates out, overlapping mates once", "reads"),
        _whole("alt_reads", "reads of the alternate allele", "reads"),
        _whole("other_reads", "reads of another base", "reads"),
    ),
)

IDENTITY = Table(
    "identity",
    "results/alignments/identity.tsv",
    "pair of samples that matters: of one patient; alike and of two patients; the closest of another patient",
    ("sample_a", "sample_b"),
    (
        _text("sample_a", "sample id"),
        _text("sample_b", "sample id"),
        _text("patient_a", "its patient in the sheet"),
        _text("patient_b", "its patient in the sheet"),
        _text("kinds", "assay and tissue of both"),
        _text(
            "listed",
            "why the pair stands here; all other pairs are strangers or not assessable",
            ("own patient", "match with another patient", "closest of another patient"),
        ),
        _text("expected", "same or different person, by the sheet", ("same", "different")),
        _whole(
            "sites", "homozygous sites of one that are read in the other (fewer of both directions)", "sites"
        ),
        _whole("opposite_homozygotes", "sites homozygous in both for different alleles", "sites"),
        _whole("both_homozygous", "sites homozygous in both", "sites"),
        _number("concordance", "1 same person, 0.5 first-degree relatives, 0 strangers; can be below 0"),
        _number("threshold", "identity.min_concordance"),
        _text("verdict", "same person by the reads", ("match", "mismatch", "not_assessable")),
        _text("as_expected", "verdict against the sheet; empty: not assessable", YES_NO, empty=True),
        REASON,
    ),
)

CONTAMINATION = Table(
    "contamination",
    "results/alignments/contamination.tsv",
    "DNA sample",
    ("sample",),
    (
        PATIENT,
        SAMPLE,
        _text("tissue", "tumour or normal", ("tumour", "normal")),
        _text("basis", "homozygous sites of whom", ("matched normal", "own genotypes")),
        _whole("sites", "common SNPs used", "sites"),
        _number("contamination", "share of reads of another person, maximum likelihood", "fraction"),
        _number("low", "95 % profile likelihood", "fraction"),
        _number("high", "95 % profile likelihood", "fraction"),
        _number("error_ref", "alternate reads at all homozygous reference sites alike (errors)", "fraction"),
        _number(
            "error_alt",
            "reference reads at all homozygous alternate sites alike (reference bias)",
            "fraction",
        ),
        _number("threshold", "identity.contamination_detected, for the lower limit", "fraction"),
        _text("state", "are there foreign reads", STATES),
        _text("source", "sample of another patient whose genotypes they fit", empty=True),
        REASON,
    ),
)

VARIANTS = Table(
    "variants",
    "results/calls/variants.tsv.gz",
    "sample, variant",
    ("patient", "sample", "chrom", "pos", "ref", "alt"),
    (
        PATIENT,
        SAMPLE,
        _text("chrom", "contig"),
        _whole("pos", "VCF position", "1-based", empty=False),
        _text("ref", "reference allele"),
        _text("alt", "alternate allele"),
        _text("filter", "PASS or the filters it failed, separated by ;"),
        _text("mode", "with or without a normal", ("tumour_normal", "tumour_only")),
        _text("gene", "gene symbol", empty=True),
        _text("transcript", "transcript of the consequence", empty=True),
        _text("consequence", "Sequence Ontology terms joined by &", empty=True),
        _text("impact", "SnpEff impact", ("HIGH", "MODERATE", "LOW", "MODIFIER", "")),
        _text("hgvsc", "HGVS c.", empty=True),
        _text("hgvsp", "HGVS p., three-letter", empty=True),
        _whole("protein_position", "first changed residue", "amino acid"),
        _text("hotspot", "in reference.hotspots", YES_NO),
        _text("second_opinion", "bcftools csq protein consequence", empty=True),
        _whole("tumour_depth", "reads", "reads"),
        _whole("tumour_alt", "reads with the alternate allele", "reads"),
        _number("tumour_af", "allele fraction in the tumour", "fraction"),
        _whole("normal_depth", "reads", "reads"),
        _whole("normal_alt", "reads with the alternate allele", "reads"),
        _number("population_af", "allele frequency of the germline resource", "fraction"),
        _text("normal", "sample id of the normal; empty for tumour-only", empty=True),
        _whole("tumour_ref", "reads with the reference allele in the tumour", "reads"),
        _whole("normal_ref", "reads with the reference allele in the normal", "reads"),
        _text("gene_id", "id of the gene in the GTF", empty=True),
        _text("exon", "exon of all exons of the transcript", empty=True),
        _text("transcript_basis", "why this transcript speaks for its gene", (*TRANSCRIPT_BASES, "")),
        _text("callers", "callers that saw it, separated by commas"),
        _text(
            "kept", "why a passing call is kept: both_callers, mutect2_alone, or what was lifted", empty=True
        ),
        _whole("second_depth", "reads in the tumour, second caller", "reads"),
        _whole("second_alt", "reads with the alternate allele in the tumour, second caller", "reads"),
        _whole("second_normal_alt", "the same in the normal", "reads"),
        _number(
            "fox_og", "C>A, G>T: share of alternate reads in the orientation of oxidised guanine", "fraction"
        ),
        _number("germline_likelihood", "Mutect2's probability that it is germline (GERMQ)", "probability"),
        _text("panel_of_normals", "a site of the panel of normals", YES_NO),
    ),
)

TUMOUR_IN_NORMAL = Table(
    "tumour_in_normal",
    "results/calls/tumour_in_normal.tsv",
    "tumour sample",
    ("sample",),
    (
        PATIENT,
        SAMPLE,
        _text("normal", "its normal", empty=True),
        _text("state", "are there tumour cells in the normal", STATES),
        _number("estimate", "normal's allele fraction over the tumour's at somatic variants", "fraction"),
        _number("low", "95 % interval, lower end", "fraction"),
        _number("high", "95 % interval, upper end", "fraction"),
        _whole("sites", "confident somatic variants it rests on", "count"),
        _whole("sites_with_reads", "of them with a read in the normal", "count"),
        _whole("rescued", "variants kept although Mutect2 rejects them for the normal's reads", "count"),
        REASON,
    ),
)

RNA_SUPPORT = Table(
    "rna_support",
    "results/calls/rna_support/{patient}.tsv",
    "passing DNA variant of a patient with RNA",
    ("patient", "sample", "chrom", "pos", "ref", "alt"),
    (
        PATIENT,
        SAMPLE,
        _text("rna_sample", "RNA sample in which the fragments are counted"),
        _text("chrom", "contig"),
        _whole("pos", "VCF position", "1-based", empty=False),
        _text("ref", "reference allele"),
        _text("alt", "alternate allele"),
        _whole("rna_ref", "fragments with the reference allele", "fragments", empty=False),
        _whole("rna_alt", "fragments with the alternate allele", "fragments", empty=False),
        _whole("rna_other", "fragments with another one, or mates that differ", "fragments", empty=False),
    ),
)

ANNOTATED_VARIANTS = Table(
    "annotated_variants",
    "results/calls/annotated_variants.tsv.gz",
    "sample, variant that is PASS or alters a protein",
    ("patient", "sample", "chrom", "pos", "ref", "alt"),
    (
        PATIENT,
        SAMPLE,
        _text("chrom", "contig"),
        _whole("pos", "VCF position", "1-based", empty=False),
        _text("ref", "reference allele"),
        _text("alt", "alternate allele"),
        _text("filter", "PASS or the filters it failed, separated by ;"),
        _text("mode", "with or without a normal", ("tumour_normal", "tumour_only")),
        _text("gene", "gene symbol of the GTF", empty=True),
        _text(
            "current_symbol", "symbol in resources/drivers.tsv, where that differs or names it", empty=True
        ),
        _text("transcript", "transcript of the consequence", empty=True),
        _text("transcript_basis", "why this transcript speaks for its gene", (*TRANSCRIPT_BASES, "")),
        _text("consequence", "Sequence Ontology terms joined by &", empty=True),
        _text("impact", "SnpEff impact", ("HIGH", "MODERATE", "LOW", "MODIFIER", "")),
        _text("hgvsc", "HGVS c.", empty=True),
        _text("hgvsp", "HGVS p., three-letter; counts from the first residue of the precursor", empty=True),
        _text("mature_change", "the same change counted in the mature protein (PSMB5: 59 less)", empty=True),
        _text("second_opinion", "bcftools csq protein consequence, phased neighbours together", empty=True),
        _text(
            "protein_check",
            "does the second opinion agree with hgvsp; compound: look at both records together",
            ("agrees", "differs", "compound", ""),
        ),
        _text("hotspot", "in reference.hotspots", YES_NO),
        _number("population_af", "allele frequency of the germline resource", "fraction"),
        _text("driver", "driver gene of myeloma in resources/drivers.tsv", YES_NO),
        _text("role", "role of the gene", ("tumour_suppressor", "oncogene", "unknown", "")),
        _text("resistance", "class of a gene that may matter for a drug of the trial", empty=True),
        _text("drug", "that drug", empty=True),
        _text(
            "resistance_evidence",
            "known_position: a residue of reference.hotspots; gene: only the gene is known",
            ("known_position", "gene", ""),
        ),
        _text("ashm", "gene of aberrant somatic hypermutation: it may be a passenger", YES_NO),
        _text("ig_locus", "inside an immunoglobulin locus: V(D)J and hypermutation", YES_NO),
        _whole("tumour_depth", "reads", "reads"),
        _whole("tumour_alt", "reads with the alternate allele", "reads"),
        _number("tumour_af", "allele fraction in the tumour", "fraction"),
        _whole("total_copies", "copies of the segment at the variant", "copies"),
        _whole("minor_copies", "copies of its minor allele", "copies"),
        _number("ccf", "cancer cell fraction: share of tumour cells with the variant", "fraction"),
        _number("ccf_low", "lower end of its interval", "fraction"),
        _number("ccf_high", "upper end", "fraction"),
        _text("multiplicity", "mutated copies per mutated cell that fit", empty=True),
        _text("clonality", "from the interval", ("clonal", "subclonal", "not_assessable")),
        _text("clonality_reason", "why it cannot be assessed", empty=True),
        _text(
            "rna_state",
            "is it seen in the RNA",
            ("supported", "not_supported", "no_power", "not_expressed", "no_rna", "not_counted"),
        ),
        _whole("rna_ref", "RNA fragments with the reference allele", "fragments"),
        _whole("rna_alt", "RNA fragments with the alternate allele", "fragments"),
        _number(
            "rna_power", "chance to see it at this RNA depth and the allele fraction of the DNA", "fraction"
        ),
        _text("rna_reason", "why the RNA says nothing", empty=True),
        _text("source", "source of role, resistance and aSHM", empty=True),
    ),
)

CALLABLE = Table(
    "callable",
    "results/calls/callable.tsv.gz",
    "sample, gene",
    ("patient", "sample", "gene"),
    (
        PATIENT,
        SAMPLE,
        _text("gene", "gene symbol"),
        _whole("coding_bases", "bases of the union of its coding exons", "bases"),
        _number(
            "callable_fraction", "share of them with power for a clonal heterozygous variant", "fraction"
        ),
        _whole("hotspots", "hotspot residues known", "count"),
        _whole("hotspots_callable", "of them with power", "count"),
        _whole("depth_needed", "reads needed for the power at this purity", "reads"),
        _text("callable", "absence may be stated", YES_NO),
        REASON,
    ),
)

SEGMENTS = Table(
    "segments",
    "results/calls/segments.tsv.gz",
    "sample, segment",
    ("patient", "sample", "chrom", "start"),
    (
        PATIENT,
        SAMPLE,
        _text("chrom", "contig"),
        _whole("start", "first base", "1-based", empty=False),
        _whole("end", "last base", "1-based, inclusive", empty=False),
        _number("log2", "median log2 copy ratio", "log2"),
        _number("log2_low", "10 % posterior", "log2"),
        _number("log2_high", "90 % posterior", "log2"),
        _whole("targets", "targets in it", "count"),
        _number("minor_fraction", "minor allele fraction, posterior median", "fraction"),
        _whole("het_sites", "heterozygous sites in it", "count"),
        _number("copies", "total copies before rounding, at called purity and ploidy", "copies"),
        _whole("total_copies", "integer total copies; empty when purity is unresolved", "copies"),
        _whole("minor_copies", "integer copies of the minor allele", "copies"),
        _number("clonal_fraction", "share of tumour cells with the change", "fraction"),
        _number("clonal_low", "lower end of its 95 % interval at the called purity", "fraction"),
        _number("clonal_high", "upper end", "fraction"),
        _whole("other_total_copies", "total copies of the tumour cells without the change", "copies"),
        _whole("other_minor_copies", "minor copies of the tumour cells without the change", "copies"),
        _number("germline_copies", "copies in germline cells; empty where sex does not tell", "copies"),
    ),
)

PURITY = Table(
    "purity",
    "results/calls/purity.tsv",
    "sample",
    ("sample",),
    (
        PATIENT,
        SAMPLE,
        _number("purity", "share of tumour cells, from copy number and allele fractions", "fraction"),
        _number("ploidy", "mean copies of the tumour genome", "copies"),
        _text("status", "resolved, or why not", ("resolved", "unresolved", "")),
        _text("interval", "purity interval, low-high", empty=True),
        _number("sorted_purity", "purity of samples.tsv", "fraction"),
        _number("purity_used", "what the calls use: resolved, else sorted; empty if neither", "fraction"),
        _whole(
            "base_copies", "copies of an unchanged segment: 2, or 4 after whole-genome doubling", "copies"
        ),
        _number("base_margin", "log posterior odds of that base against the other one", "nats"),
        _number("noise", "spread of targets around their segment (1.4826 x MAD)", "log2"),
        _number("scatter", "spread of unchanged segments beyond their own error", "log2"),
        _whole("panel_normals", "normals in the copy-number panel; empty for a given panel", "count"),
        _text("panel", "digest of the copy-number panel, as in its record; empty: none", empty=True),
        _text(
            "mode",
            "with or without a matched normal; given: copies are finished calls, entered by a table",
            ("tumour_normal", "tumour_only", "given", ""),
        ),
        REASON,
    ),
)

COPY_REGIONS = Table(
    "copy_regions",
    "results/calls/copy_regions.tsv",
    "sample, region or arm",
    ("patient", "sample", "region"),
    (
        PATIENT,
        SAMPLE,
        _text("region", "name of reference.regions, or arm, e.g. 1q"),
        _text("kind", "what it is", ("region", "arm")),
        _text("chrom", "contig"),
        _whole("start", "first base", "1-based", empty=False),
        _whole("end", "last base", "1-based, inclusive", empty=False),
        _whole("targets", "targets with a copy ratio in it", "count", empty=False),
        _number("log2", "median of its targets", "log2"),
        _whole("window_start", "first base of the targets that state its absence", "1-based"),
        _whole("window_end", "last base of them", "1-based, inclusive"),
        _whole("window_targets", "targets in the window", "count", empty=False),
        _whole("window_het_sites", "heterozygous sites in the window", "count", empty=False),
        _number("window_het_depth", "median tumour depth at them", "reads"),
    ),
)

HET_SITES = Table(
    "het_sites",
    "results/calls/copies/{sample}.hets.tsv.gz",
    "heterozygous site used by the segmentation",
    ("chrom", "position"),
    (
        _text("chrom", "contig"),
        _whole("position", "position", "1-based", empty=False),
        _whole("depth", "tumour reads of both alleles", "reads", empty=False),
        _number("alt_fraction", "share of the alternate allele in the tumour", "fraction"),
    ),
)

COPY_EVENTS = Table(
    "copy_events",
    "results/calls/copy_events.tsv",
    "tumour sample and copy-number event",
    ("patient", "sample", "event"),
    (
        PATIENT,
        SAMPLE,
        _text("event", "e.g. del17p, cnloh_17p, trisomy9, hyperdiploidy, whole_genome_doubling"),
        _text("kind", "family of event", ("copy_number", "ploidy")),
        _text("state", "three-state call from sequencing alone", STATES),
        _number("clonal_fraction", "share of tumour cells with it; 0 where none is seen", "fraction"),
        _number("clonal_low", "lower end of its 95 % interval, that of the purity included", "fraction"),
        _number("clonal_high", "upper end", "fraction"),
        _number("copies", "mean copies per tumour cell, before rounding", "copies"),
        _whole("total_copies", "integer copies of the main segment", "copies"),
        _whole("minor_copies", "minor copies of the main segment", "copies"),
        _number(
            "minimal_detectable_fraction",
            "smallest clonal fraction that this sample would show; empty where none",
            "fraction",
        ),
        _whole("targets", "targets of the window that states absence", "count"),
        _whole("het_sites", "heterozygous sites of that window", "count"),
        _text("extent", "how far the change reaches", ("arm", "partial", "focal", "")),
        _number("fish_equivalent_sorted_percent", "nuclei that FISH on sorted cells would count", "percent"),
        _number("fish_equivalent_unsorted_percent", "the same without sorting (times purity)", "percent"),
        _text("value", "what was measured, in words", empty=True),
        _text("threshold", "limit, in words", empty=True),
        REASON,
        _text("evidence", "file and locus", empty=True),
    ),
)

FISH_CONCORDANCE = Table(
    "fish_concordance",
    "results/calls/fish_concordance.tsv",
    "row of fish.tsv",
    ("patient", "date", "abnormality", "probe"),
    (
        PATIENT,
        _date("date", "day of the FISH sample", empty=False),
        _text("abnormality", "name as in the abnormality table"),
        _text("probe", "probe or locus", empty=True),
        _text("selection", "which cells FISH counted", ("sorted", "cig", "unsorted", "")),
        _whole("nuclei", "nuclei counted", "count"),
        _number("fish_percent", "nuclei with the abnormality", "percent"),
        _number("cutoff_percent", "limit of the laboratory", "percent"),
        _text("fish", "result of FISH", ("present", "absent", "")),
        _text("sample", "sequenced tumour sample it is compared with", empty=True),
        _whole("days_apart", "days between both samples", "days"),
        _text("sequencing", "call from sequencing alone, FISH not voting", (*STATES, "")),
        _number("sequencing_percent", "percentage of nuclei that sequencing lets one expect", "percent"),
        _text("agreement", "do both say the same", ("agree", "disagree", "not_comparable")),
        REASON,
    ),
)

FISH_AGREEMENT = Table(
    "fish_agreement",
    "results/calls/fish_agreement.tsv",
    "abnormality, measure",
    ("abnormality", "measure"),
    (
        _text("abnormality", "name as in the abnormality table; all = every row"),
        _text(
            "measure",
            "against FISH: positive, negative or overall agreement",
            ("positive", "negative", "overall"),
        ),
        _whole("agree", "rows in which sequencing says the same", "count", empty=False),
        _whole("of", "comparable rows (positive, negative: by FISH)", "count", empty=False),
        _number("agreement", "share", "fraction"),
        _number("low", "Clopper-Pearson 95 %, lower end", "fraction"),
        _number("high", "upper end", "fraction"),
        _whole("not_comparable", "rows without a comparison", "count", empty=False),
    ),
)

BURDEN = Table(
    "burden",
    "results/calls/burden.tsv",
    "tumour sample",
    ("sample",),
    (
        PATIENT,
        SAMPLE,
        _text("mode", "with or without a normal", ("tumour_normal", "tumour_only")),
        _number("purity", "purity_used of purity.tsv", "fraction"),
        _text("state", "of the mutational burden", ("measured", "not_assessable")),
        _number("tmb", "non-synonymous mutations per callable megabase", "1/Mb"),
        _number("tmb_low", "exact Poisson interval", "1/Mb"),
        _number("tmb_high", "exact Poisson interval", "1/Mb"),
        _whole("nonsynonymous", "PASS, changing the protein, at callable coding bases", "mutations"),
        _whole("coding", "PASS at callable coding bases, whatever they change", "mutations"),
        _whole("snvs", "of coding: one base", "mutations"),
        _whole("mnvs", "of coding: two or more neighbouring bases, one event", "mutations"),
        _whole("indels", "of coding: insertions and deletions", "mutations"),
        _whole("without_power", "PASS at coding bases that are not callable, not counted", "mutations"),
        _number("callable_mb", "coding bases with power for a clonal heterozygous variant", "Mb"),
        _number("coding_mb", "coding bases known, without IG loci", "Mb"),
        _whole("depth_needed", "reads needed for the power at this purity", "reads"),
        REASON,
        _text("copies_state", "of the changed copies", ("measured", "not_assessable")),
        _number(
            "genome_changed",
            "share of the segmented autosomes with changed copies, in at least copy_number.min_clonal_fraction of the cells",
            "fraction",
        ),
        _whole("arms_changed", "autosomal arms changed over burden.arm_changed_fraction", "arms"),
        _whole("arms_seen", "autosomal arms with a segment", "arms"),
        _number(
            "segmented_mb", "autosomes in segments that are changed, or in which a change had shown", "Mb"
        ),
        _number("open_mb", "autosomes in other segments, in neither side of the share", "Mb"),
        _text("copies_reason", "why the changed copies are not assessable", empty=True),
    ),
)

SBS96 = Table(
    "sbs96",
    "results/calls/sbs96.tsv",
    "class of single-base substitution; one column per tumour sample with a normal",
    ("mutation_type",),
    (_text("mutation_type", "COSMIC class by the pyrimidine, e.g. A[C>T]G; COSMIC's order"),),
    wide=True,
)

SIGNATURES = Table(
    "signatures",
    "results/calls/signatures.tsv",
    "tumour sample, signature",
    ("patient", "sample", "signature"),
    (
        PATIENT,
        SAMPLE,
        _text("signature", "COSMIC name"),
        _text("state", "absent: below signatures.absent_below with the interval's end", STATES),
        _whole("mutations", "attributed to it", "SNVs"),
        _number("share", "of the SNVs", "fraction"),
        _number("share_low", "bootstrap interval", "fraction"),
        _number("share_high", "bootstrap interval", "fraction"),
        _number("support", "replicates in which it is attributed at all", "fraction"),
        _whole("snvs", "somatic SNVs of the sample; empty without a normal", "SNVs"),
        _number("cosine", "of the spectrum and its reconstruction"),
        _text("table", "signature table"),
        _text("library", "what fitted, with version"),
        REASON,
    ),
)

SIGNATURES_BY_GROUP = Table(
    "signatures_by_group",
    "results/comparison/signatures_by_group.tsv",
    "response group, signature",
    ("group", "signature"),
    (
        _text("group", "response group", GROUPS),
        _text("rule", "definition of the groups with its parameters", empty=True),
        _text("signature", "COSMIC name"),
        _text("state", "as in signatures.tsv", STATES),
        _whole("patients", "whose SNVs are pooled", "patients"),
        _whole("snvs", "pooled somatic SNVs", "SNVs"),
        _whole("mutations", "attributed to it", "SNVs"),
        _number("share", "of the SNVs", "fraction"),
        _number("share_low", "bootstrap interval", "fraction"),
        _number("share_high", "bootstrap interval", "fraction"),
        _number("support", "replicates in which it is attributed at all", "fraction"),
        _text("resampled", "what the bootstrap draws", ("patients", "mutations", "")),
        _number("cosine", "of the spectrum and its reconstruction"),
        _text("table", "signature table"),
        _text("library", "what fitted, with version"),
        REASON,
    ),
)

STRUCTURAL_POWER = Table(
    "structural_power",
    "results/calls/structural_power.tsv",
    "sample, immunoglobulin locus or MYC window",
    ("patient", "sample", "locus"),
    (
        PATIENT,
        SAMPLE,
        _text("locus", "IGH, IGK, IGL or MYC, as named in reference.regions"),
        _text("ig_baits", "kits.X.ig_baits of the sample's kit", YES_NO),
        _whole("locus_bases", "length of the window (of its rows of kind ig_switch, if any)", "bases"),
        _whole("targeted_bases", "of them in the kit's targets", "bases"),
        _whole(
            "fragments",
            "unbroken fragments that structural.absence_fraction of the targeted bases reach at least",
            "fragments",
        ),
        _number("purity", "purity used", "fraction"),
        _number("expected", "fragments that a clonal junction leaves on average", "fragments"),
        _number("power", "probability of structural.min_fragments_known of them", "fraction"),
        _text("assessable", "absence of a junction in this window may be stated", ("yes", "no", "")),
        REASON,
    ),
)

STRUCTURAL = Table(
    "structural_variants",
    "results/calls/structural_variants.tsv",
    "sample, junction",
    ("patient", "sample", "chrom_a", "pos_a", "end_a", "chrom_b", "pos_b", "end_b"),
    (
        PATIENT,
        SAMPLE,
        _text("chrom_a", "contig of the first breakpoint (in the order of the FASTA)"),
        _whole("pos_a", "first breakpoint", "1-based", empty=False),
        _text("end_a", "3: joined after the breakpoint, 5: joined before it", ("3", "5")),
        _text("chrom_b", "contig of the second breakpoint"),
        _whole("pos_b", "second breakpoint", "1-based", empty=False),
        _text("end_b", "as end_a", ("3", "5")),
        _text("type", "what it is", ("BND", "DEL", "DUP", "INV")),
        _text("filter", "PASS or the filters it failed, separated by ;"),
        _text("mode", "with or without a normal", ("tumour_normal", "tumour_only")),
        _text("precise", "breakpoints from split reads", YES_NO),
        _whole("fragments", "supporting fragments in the tumour", "fragments"),
        _whole("paired_reads", "of them pairs with a mate on each side and no split read", "fragments"),
        _whole("split_reads", "of them with a split read", "fragments"),
        _whole("spanning_fragments", "unbroken fragments over the better covered breakpoint", "fragments"),
        _whole("normal_fragments", "supporting fragments in the normal; empty without one", "fragments"),
        _whole("normal_spanning_fragments", "unbroken there; empty without a normal", "fragments"),
        _text("side_a", "immunoglobulin locus, gene or partner window at the first breakpoint", empty=True),
        _text("side_b", "the same at the second breakpoint", empty=True),
        _text("known", "translocation of the config, if it is one; several separated by |", empty=True),
    ),
)

TRANSLOCATIONS = Table(
    "translocations",
    "results/calls/translocations.tsv",
    "patient, translocation",
    ("patient", "translocation"),
    (
        PATIENT,
        _text("translocation", "e.g. t(4;14); MYC_rearrangement: MYC with any partner"),
        _text("state", "adjudicated call", STATES),
        _text("dna", "vote", STATES),
        _text("rna", "vote of chimeric junctions", STATES),
        _text("expression", "vote of partner over-expression", STATES),
        _text("fish", "vote of FISH", STATES),
        _text("conflict", "do votes contradict each other", YES_NO),
        _whole("junction_reads", "chimeric junction reads IG to partner", "reads"),
        _text("partner", "partner gene that decides", empty=True),
        _number("value", "partner expression", "log2 normalised counts"),
        _number("threshold", "limit of the expression vote", "log2 normalised counts"),
        _whole("dna_fragments", "DNA fragments of the best supported junction; empty: none", "fragments"),
        _text("dna_reason", "why DNA votes as it does", empty=True),
        _text("fish_reason", "why a FISH result has no vote", empty=True),
        REASON,
        _text("evidence", "file and locus", empty=True),
    ),
)

ENTERED_TRANSLOCATIONS = Table(
    "entered_translocations",
    "results/calls/entered/translocations.tsv",
    "tumour sample that enters by tables, translocation",
    ("patient", "sample", "translocation"),
    (
        PATIENT,
        SAMPLE,
        _text("translocation", "e.g. t(4;14); MYC_rearrangement: MYC with any partner"),
        _text("state", "as the entered table says", STATES),
        REASON,
        _text("evidence", "file and line", empty=True),
    ),
)

FUSIONS = Table(
    "fusions",
    "results/expression/fusions.tsv",
    "sample, junction cluster",
    ("patient", "sample", "gene_a", "gene_b", "chrom_a", "pos_a", "chrom_b", "pos_b"),
    (
        PATIENT,
        SAMPLE,
        _text("gene_a", "gene (or IG locus) of the donor side"),
        _text("gene_b", "gene (or IG locus) of the acceptor side"),
        _text("chrom_a", "contig"),
        _whole("pos_a", "last base before the junction", "1-based", empty=False),
        _text("strand_a", "strand", ("+", "-")),
        _text("chrom_b", "contig"),
        _whole("pos_b", "first base after the junction", "1-based", empty=False),
        _text("strand_b", "strand", ("+", "-")),
        _whole("junction_reads", "unique reads across the junction", "reads"),
        _whole("spanning_pairs", "pairs with a mate on each side", "pairs"),
        _text("known", "translocation of the config, if it is one", empty=True),
        _text("filter", "PASS or why not reported"),
    ),
)

PARTNERS = Table(
    "partners",
    "results/expression/partners.tsv",
    "sample, gene",
    ("patient", "sample", "gene"),
    (
        PATIENT,
        SAMPLE,
        _text("gene", "partner gene"),
        _number("value", "expression", "log2 normalised counts"),
        _number("threshold", "limit", "log2 normalised counts"),
        _number("posterior", "probability of the high component", "fraction"),
        _text("state", "is it over-expressed", STATES),
        _text("method", "mixture, reference or none", ("mixture", "reference", "none")),
        REASON,
    ),
)

COUNTS = Table(
    "counts",
    "results/expression/counts.tsv.gz",
    "gene; one column per RNA sample",
    ("gene_id",),
    (_text("gene_id", "id of the GTF, version kept"), _text("gene_name", "symbol", empty=True)),
    wide=True,
)

TPM = Table(
    "tpm",
    "results/expression/tpm.tsv.gz",
    "gene; one column per RNA sample",
    ("gene_id",),
    (_text("gene_id", "id of the GTF, version kept"), _text("gene_name", "symbol", empty=True)),
    wide=True,
)

SAMPLE_MAP = Table(
    "sample_map",
    "results/expression/sample_map.tsv",
    "RNA sample",
    ("sample",),
    (
        PATIENT,
        SAMPLE,
        _number("pc1", "first principal component"),
        _number("pc2", "second principal component"),
        _number("pc1_variance", "share of variance", "fraction"),
        _number("pc2_variance", "share of variance", "fraction"),
        _number("umap1", "UMAP, first axis; empty when too few samples"),
        _number("umap2", "UMAP, second axis"),
        _text("cluster", "Leiden cluster; empty when too few samples", empty=True),
        _text("used", "did it shape the components; no: it is only placed on them", YES_NO),
        _text("batch", "of samples.tsv", empty=True),
        _text("centre", "of samples.tsv", empty=True),
        _text("sex", "of samples.tsv", empty=True),
        _number("plasma_cell_score", "of rna_purity.tsv", "0-1"),
        _number("purity", "sorted purity of samples.tsv", "fraction"),
        _number("rin", "RNA integrity number of samples.tsv"),
        _number("immunoglobulin_fraction", "of rna_purity.tsv", "fraction"),
        _number("assigned_reads", "reads counted in genes", "reads"),
        _number("duplicate_fraction", "of qc.tsv", "fraction"),
        _number("five_to_three_ratio", "of qc.tsv"),
        _number("unique_fraction", "of qc.tsv", "fraction"),
        _number("non_b_index", "of rna_purity.tsv", "RPKM + 1"),
        REASON,
    ),
)

PC_ASSOCIATIONS = Table(
    "pc_associations",
    "results/expression/pc_associations.tsv",
    "principal component, factor",
    ("component", "factor"),
    (
        _text("component", "pc1, pc2, ..."),
        _text("factor", "column of sample_map.tsv"),
        _text("test", "for categories or numbers", ("kruskal", "spearman")),
        _whole("n", "samples compared", "samples", empty=False),
        _text("levels", "groups and their samples; groups of one sample are left out", empty=True),
        _number("statistic", "H of Kruskal and Wallis, or Spearman's rho"),
        _number("effect", "epsilon squared (H / (n - 1)), or rho"),
        _number("p", "by permutation, two-sided", "probability"),
        _number("q", "Benjamini-Hochberg over the table", "probability"),
        _text("reason", "why it was not tested", empty=True),
    ),
)

SCORES = Table(
    "scores",
    "results/expression/scores.tsv",
    "RNA tumour sample, published score",
    ("sample", "score"),
    (
        PATIENT,
        SAMPLE,
        _text("score", "name of the score in the score file: GPI50, UAMS70, EMC92"),
        _number(
            "value_raw",
            "the published formula on RNA-seq values; NOT on the scale of the paper: no cut-off of the paper applies",
            "log2 normalised counts",
        ),
        _number("z", "against mean and standard deviation of the cohort; exploratory", "standard deviations"),
        _number("quantile", "share of the cohort below, and half of the equals; exploratory", "fraction"),
        _whole("genes_used", "genes of the score in the count matrix", "genes"),
        _whole("genes_of", "genes of the score", "genes"),
        _text("missing", "genes that are not there, or do not vary", empty=True),
        _whole("cohort_samples", "samples it is relative to", "samples"),
        _text("state", "is there a score; never high or low risk", ("computed", "not_assessable")),
        REASON,
    ),
)

PATHWAY = Table(
    "pathway",
    "results/expression/pathway.tsv",
    "RNA tumour sample, gene of the drugs' pathway",
    ("sample", "gene"),
    (
        PATIENT,
        SAMPLE,
        _text("gene", "symbol, from scores.pathway_genes"),
        _number("value", "expression", "log2 normalised counts"),
        _number("z", "against mean and standard deviation of the cohort", "standard deviations"),
        _whole("quartile", "of the cohort, 1 = lowest", "1-4"),
        _whole("cohort_samples", "samples it is relative to", "samples"),
        _text("state", "is its place in the cohort known", ("computed", "not_assessable")),
        REASON,
    ),
)

SPLICING = Table(
    "splicing",
    "results/expression/splicing.tsv",
    "RNA tumour sample, exon that may be skipped",
    ("sample", "event"),
    (
        PATIENT,
        SAMPLE,
        _text("event", "name in splicing.events"),
        _text("gene", "symbol"),
        _whole("exon", "number in the transcript, from its 5' end"),
        _text("transcript", "transcript that speaks for the gene", empty=True),
        _text("locus", "intron of the skipping junction", empty=True),
        _whole("upstream_reads", "fragments over the junction into the exon", "fragments"),
        _whole("downstream_reads", "fragments over the junction out of the exon", "fragments"),
        _whole("skipping_reads", "fragments over the junction that leaves the exon out", "fragments"),
        _number("psi", "mean inclusion / (mean inclusion + skipping)", "fraction"),
        _number("skipped_share", "1 - psi", "fraction"),
        _number("low", "of the skipped share, exact interval at splicing.confidence", "fraction"),
        _number("high", "of the skipped share", "fraction"),
        _number("threshold", "splicing.normal_share", "fraction"),
        _text("state", "is the exon skipped beyond the threshold", STATES),
        REASON,
    ),
)

TC_CLASSES = Table(
    "tc_classes",
    "results/calls/tc_classes.tsv",
    "patient",
    ("patient",),
    (
        PATIENT,
        _text("sample", "RNA sample of the analysis", empty=True),
        _text("tc_class", "TC class; all that are left, joined by or, when ambiguous", empty=True),
        _text("state", "is one class left", ("called", "ambiguous", "not_assessable")),
        _text("ccnd1", "relative to the cohort without t(11;14)", ("high", "low", "unknown")),
        _text("ccnd2", "relative to the cohort without t(12;14)", ("high", "low", "unknown")),
        _number("ccnd1_value", "expression", "log2 normalised counts"),
        _number("ccnd2_value", "expression", "log2 normalised counts"),
        _number(
            "ccnd3_value", "expression, for the reader: t(6;14) is called elsewhere", "log2 normalised counts"
        ),
        REASON,
        _text("evidence", "what it rests on", empty=True),
    ),
)

GENE_SET_SCORES = Table(
    "gene_set_scores",
    "results/expression/gene_set_scores.tsv",
    "sample, gene set",
    ("sample", "set"),
    (
        SAMPLE,
        _text("set", "name in its GMT file"),
        _number("score", "enrichment of the set in the sample"),
        _text("method", "of the score", ("ssgsea", "gsva")),
        _whole("in_matrix", "genes of the set in the matrix", "genes", empty=False),
        REASON,
    ),
)

ABNORMALITIES = Table(
    "abnormalities",
    "results/abnormalities/abnormalities.tsv",
    "patient, abnormality",
    ("patient", "abnormality"),
    (
        PATIENT,
        _text("sample", "sample that decides; empty when there is none", empty=True),
        _text("abnormality", "name, e.g. del17p"),
        _text(
            "kind",
            "family of event",
            ("mutation", "copy_number", "ploidy", "translocation", "combined", "splicing"),
        ),
        _text("state", "the call", STATES),
        _text("value", "what was measured, in words and numbers", empty=True),
        _text("threshold", "against what", empty=True),
        REASON,
        _text("evidence", "file and locus", empty=True),
    ),
)

VISITS = Table(
    "visits",
    "results/response/visits.tsv",
    "patient, visit",
    ("patient", "date"),
    (
        PATIENT,
        _date("date", "day of the assessment", empty=False),
        _text("visit", "label of the visit", empty=True),
        _whole("day", "date - C1D1 + 1", "days"),
        _text(
            "phase",
            "of treatment at that date; empty: never treated, or no record says that maintenance began",
            ("baseline", "induction", "maintenance", "after_treatment", ""),
        ),
        _text("track", "what is measurable at baseline, joined by +: as in tracks.tsv"),
        _text("level", "IMWG level of this visit alone", (*LEVELS, "baseline")),
        _text(
            "confirmed_own", "what the next visit confirms of this level", (*LEVELS, "baseline"), empty=True
        ),
        _text("confirmed_level", "best confirmed level so far; PD is absorbing", (*LEVELS, "baseline")),
        _date("confirmed_by", "date of the confirming visit"),
        _text("decided_by", "parameter with value and limit", empty=True),
        REASON,
    ),
)

AUDIT = Table(
    "audit",
    "results/response/audit.tsv",
    "patient, visit, candidate level",
    ("patient", "date", "level"),
    (
        PATIENT,
        _date("date", "day of the assessment", empty=False),
        _text("level", "candidate level", LEVELS),
        _text("verdict", "is it met", ("satisfied", "not_satisfied", "not_evaluable")),
        _text("why", "values against limits, or what is missing", empty=True),
    ),
)

TRACKS = Table(
    "tracks",
    "results/response/tracks.tsv",
    "patient",
    ("patient",),
    (
        PATIENT,
        _text(
            "track",
            "what response is followed by: serum, immunoglobulin, urine (joined by + where both), else flc, "
            "else marrow, else plasmacytoma, else none",
        ),
        _text("reason", "baseline values against the limits of measurability"),
        _text("heavy_chain", "of patients.tsv", empty=True),
        _text(
            "involved_chain", "light chain fixed at baseline; only on the FLC track", ("kappa", "lambda", "")
        ),
        _number("serum_m_g_l", "serum M-protein at baseline", "g/L"),
        _text("serum_measurable", "against serum_measurable_g_l", MEASURED),
        _number("immunoglobulin_g_l", "of the heavy chain, at baseline", "g/L"),
        _text("immunoglobulin_measurable", "chain and value against the config", MEASURED),
        _number("urine_m_mg_24h", "urine M-protein at baseline", "mg/24 h"),
        _text("urine_measurable", "against urine_measurable_mg_24h", MEASURED),
        _number("involved_flc_mg_l", "the light chain in excess at baseline", "mg/L"),
        _number("flc_ratio", "kappa / lambda at baseline"),
        _text("flc_measurable", "abnormal ratio and flc_measurable_mg_l", MEASURED),
        _number("marrow_pc_percent", "marrow plasma cells at baseline", "percent"),
        _text("marrow_measurable", "against marrow_measurable_percent", MEASURED),
        _number("plasmacytoma_spd_mm2", "sum of products of diameters at baseline", "mm2"),
        _text("plasmacytoma_measurable", "any", MEASURED),
    ),
)

MARKERS = Table(
    "markers",
    "results/response/markers.tsv",
    "patient, visit, marker",
    ("patient", "date", "marker"),
    (
        PATIENT,
        _date("date", "day of the assessment", empty=False),
        _whole("day", "date - C1D1 + 1", "days"),
        _text("marker", "what was measured", MARKER_NAMES),
        _number("value", "in `unit`, as read", empty=False),
        _text("unit", "of value, baseline and nadir"),
        _text("followed", "does the track of the patient follow this marker", YES_NO),
        _number("baseline", "latest evaluable value on or before C1D1"),
        _number("change_percent", "from baseline; only after C1D1, empty where baseline is 0", "percent"),
        _number("nadir", "lowest value before this visit against which a rise counts"),
    ),
)

GROUPS_BY_DEFINITION = Table(
    "groups_by_definition",
    "results/response/groups_by_definition.tsv",
    "patient, definition of the groups",
    ("patient", "definition"),
    (
        PATIENT,
        _text("definition", "A to E (rules of analysis 3)", ("A", "B", "C", "D", "E")),
        _text("group", "response group under this definition", GROUPS),
        _text("chosen", "is this the definition of the main analysis", YES_NO),
        _text("differs", "is the group another one than in the main analysis", YES_NO),
        _text("decided_by", "visit and value that decided"),
        _text("rule", "definition id with its parameters"),
    ),
)

RESPONSE = Table(
    "response",
    "results/response/response.tsv",
    "patient",
    ("patient",),
    (
        PATIENT,
        _text("best_response", "best level, confirmed or not", LEVELS),
        _text("best_confirmed_response", "best confirmed level", LEVELS),
        _text("best_confirmed_induction", "onset by the end of induction", LEVELS),
        _text("best_confirmed_treatment", "onset by the end of treatment", LEVELS),
        _text(
            "response_source",
            "derived from assessments; given: best response as recorded, not derived, of no known onset; none",
            ("assessments", "given", "none"),
        ),
        _date("response_date", "first visit of the first confirmed PR or better"),
        _date("progression_date", "first visit of the confirmed PD"),
        _date("unconfirmed_progression_date", "first visit of a PD that nothing confirmed"),
        _date("end_of_induction", "last day that counts as induction; empty: no record ends it"),
        _text(
            "end_of_induction_source",
            "recorded in patients; dosing: day 1 of the first maintenance cycle; stop: end of treatment; plan",
            ("recorded", "dosing", "stop", "plan", ""),
        ),
        _text("maintenance", "did the patient enter maintenance", ("yes", "no", "not_known")),
        _text("maintenance_reason", "the record that says so"),
        _text("group", "response group by the rule", GROUPS),
        _text("rule", "definition id with its parameters"),
        _text("decided_by", "visit and value that decided the group"),
        _text("landmark_group", "group from what was known at the landmark", (*GROUPS, "")),
        _text("landmark_reason", "why the patient is not in the landmark analysis", empty=True),
    ),
)

ENDPOINTS = Table(
    "endpoints",
    "results/response/endpoints.tsv",
    "patient, endpoint, rule set",
    ("patient", "endpoint", "rule_set"),
    (
        PATIENT,
        _text(
            "endpoint",
            "times to event; TTR to the first and TTBR to the best confirmed response",
            ENDPOINT_NAMES,
        ),
        _text("rule_set", "censoring rules; those after ema are named sensitivity analyses", RULE_SETS),
        _date("start_date", "C1D1, or enrolment when never treated; empty for a given time"),
        _date("end_date", "event or censoring; empty for a given time"),
        _whole("days", "end - start + 1; of a given time the nearest whole day, at least 1", "days"),
        _number("months", "days / 30.4375; a given time as given", "months"),
        _whole("event", "1 event, 0 censored", "0/1"),
        _text("censor_reason", "why censored", empty=True),
        _text("event_reason", "what the event was", empty=True),
        _text("source_record", "sheet and record that decided; a time that was given begins with given:"),
    ),
)

DRUG = _text("drug", "drug of the trial; any: at least one of them", ("any", *DRUGS))
PHASE = ("induction", "maintenance")
SHARE = (
    _whole("patients", "treated patients with it, each once", "patients"),
    _whole("of", "denominator: treated patients", "patients"),
    _number("fraction", "share", "fraction"),
    _number("low", "Clopper-Pearson", "fraction"),
    _number("high", "Clopper-Pearson", "fraction"),
)

EXPOSURE = Table(
    "exposure",
    "results/safety/exposure.tsv",
    "treated patient, phase, drug",
    ("patient", "phase", "drug"),
    (
        PATIENT,
        _text("phase", "all: both together", ("all", *PHASE)),
        _text("drug", "drug of the trial", DRUGS),
        _whole(
            "cycles",
            "cycles of this phase with a dose of any drug, or on record before a later one with a dose",
            "cycles",
        ),
        _number("planned_mg", "planned in them and due by the cut", "mg"),
        _number("given_mg", "taken", "mg"),
        _whole("doses_planned", "planned in them and due by the cut", "doses"),
        _whole("doses_taken", "rows of dosing.tsv above 0 mg", "doses"),
        _whole("doses_not_taken", "rows of dosing.tsv with 0 mg", "doses"),
        _whole("doses_not_recorded", "planned, due and without a row", "doses"),
        _number("relative_dose_intensity", "given_mg / planned_mg", "fraction"),
        _number("dose_intensity_over_time", "the same times planned_days / actual_days", "fraction"),
        _number(
            "intensity_until_stop", "mg given / mg planned up to the last cycle with the drug", "fraction"
        ),
        _whole("planned_days", "of these cycles", "days"),
        _whole(
            "actual_days",
            "to the start of the next cycle of the phase; its last cycle has its planned length",
            "days",
        ),
        _whole("reductions", "steps down of the dose", "count"),
        _whole("delays", "cycles in which a dose is recorded as delayed", "count"),
        _whole("interruptions", "recorded interruptions; doses in a row count once", "count"),
        _whole("omissions", "doses not taken; none while a stop or an interruption lasts", "count"),
        _text(
            "discontinued", "stopped and not taken again, or treatment ended other than as planned", YES_NO
        ),
        _date("stop_date", "when"),
        _text("stop_reason", "why", empty=True),
        _text("reason", "why there is no relative dose intensity", empty=True),
    ),
)

DOSE_CHANGES = Table(
    "dose_changes",
    "results/safety/dose_changes.tsv",
    "change of a dose",
    ("patient", "drug", "date", "time", "change"),
    (
        PATIENT,
        _text("drug", "drug of the trial", DRUGS),
        _date("date", "day of the dose", empty=False),
        _text("time", "time of the dose", empty=True),
        _whole("cycle", "cycle, counted through both phases", "number", empty=False),
        _whole("day", "day of the cycle", "day", empty=False),
        _text("phase", "of treatment", PHASE),
        _text(
            "change",
            "what happened; given: a dose where the protocol plans none",
            ("reduced", "omitted", "delayed", "interrupted", "stopped", "given"),
        ),
        _text("change_reason", "reason of dosing.tsv", empty=True),
        _number("dose_mg", "taken", "mg"),
        _number("planned_mg", "planned on that day", "mg"),
        _text("recorded", "does dosing.tsv call it this change", YES_NO),
        _text("counted", "is it a modification; the steps of the protocol are none", YES_NO),
        REASON,
    ),
)

AE_BY_TERM = Table(
    "adverse_events_by_term",
    "results/safety/adverse_events_by_term.tsv",
    "system organ class, term",
    ("soc", "term"),
    (
        _text("soc", "system organ class; all: every one"),
        _text("term", "CTCAE v4.0 term; all: every one of the class"),
        *SHARE,
        *(_whole(f"grade_{g}", f"patients whose worst grade is {g}", "patients") for g in range(1, 6)),
        _whole("grade_3_or_more", "patients with grade 3 or more", "patients"),
        _number("grade_3_low", "Clopper-Pearson, of grade 3 or more", "fraction"),
        _number("grade_3_high", "Clopper-Pearson, of grade 3 or more", "fraction"),
        _whole("events", "rows of adverse_events.tsv", "events"),
    ),
)

AE_SUMMARY = Table(
    "adverse_events_summary",
    "results/safety/adverse_events_summary.tsv",
    "category of treatment-emergent event, drug",
    ("category", "drug"),
    (
        _text("category", "which events"),
        DRUG,
        *SHARE,
        _whole("events", "rows of adverse_events.tsv", "events"),
        _whole("unknown", "patients without one for sure, in whom the record leaves it open", "patients"),
        _text("reason", "who is open, and why", empty=True),
    ),
)

LABORATORY_GRADES = Table(
    "laboratory_grades",
    "results/safety/laboratory_grades.tsv",
    "laboratory value, CTCAE term",
    ("patient", "date", "parameter", "term"),
    (
        PATIENT,
        _date("date", "day of the sample", empty=False),
        _text("parameter", "what was measured"),
        _text("sheet", "where it stands", ("laboratory.tsv", "assessments.tsv")),
        _text("term", "CTCAE v4.0 term; empty: none for this parameter", empty=True),
        _number("value", "as measured", "see unit"),
        _text("unit", "unit of the analysis"),
        _number("low_normal", "lower limit of normal", "see unit"),
        _number("high_normal", "upper limit of normal", "see unit"),
        _number("corrected", "calcium corrected for albumin", "see unit"),
        _number("baseline", "last value on or before C1D1 (calcium: corrected)", "see unit"),
        _text("direction", "is low or high the trouble", ("low", "high", "")),
        _text("period", "of the sample", ("baseline", "on_treatment", "after_treatment")),
        _whole("grade", "CTCAE v4.0; 0: none; empty: cannot be told", "grade"),
        _whole("grade_at_least", "the lowest grade it can have", "grade"),
        _whole("grade_at_most", "the highest grade it can have", "grade"),
        _text(
            "reported",
            "grade 3 or 4 for sure (grade_at_least) on treatment: is it among the adverse events",
            ("yes", "lower_grade", "no", ""),
        ),
        REASON,
    ),
)

LABORATORY_BY_TERM = Table(
    "laboratory_by_term",
    "results/safety/laboratory_by_term.tsv",
    "CTCAE term with values on treatment",
    ("term",),
    (
        _text("term", "CTCAE v4.0 term"),
        _text("soc", "system organ class"),
        _text("direction", "is low or high the trouble", ("low", "high")),
        _whole("patients", "treated, with a value on treatment", "patients"),
        *(_whole(f"grade_{g}", f"of them, worst grade {g}", "patients") for g in range(5)),
        _whole("grade_unknown", "of them, worst grade cannot be told", "patients"),
        _whole("grade_3_or_4", "of them, grade 3 or 4", "patients"),
        _whole("of", "of them, known to have it or not", "patients"),
        _number("fraction", "share with grade 3 or 4", "fraction"),
        _number("low", "Clopper-Pearson", "fraction"),
        _number("high", "Clopper-Pearson", "fraction"),
        _whole("grade_3_or_4_unknown", "patients in whom it cannot be told", "patients"),
        _whole(
            "worse_than_baseline",
            "patients whose worst grade is for sure above that of the last graded value of the baseline",
            "patients",
        ),
        _whole(
            "worse_than_baseline_unknown",
            "patients in whom it cannot be told: no graded baseline, or the grade on treatment is open",
            "patients",
        ),
        _whole("baseline_unknown", "of these, no graded value on or before C1D1", "patients"),
        _whole(
            "not_reported",
            "patients with a grade 3 or 4 that no adverse event names; empty: no sheet of adverse events",
            "patients",
        ),
    ),
)

IDMC_CUTS = Table(
    "idmc_cuts",
    "results/safety/idmc_cuts.tsv",
    "cut of the monitoring committee",
    ("cut",),
    (
        _date("cut", "day of the cut", empty=False),
        _text("kind", "why there is a cut", ("first", "regular", "extra", "data cut")),
        _text("basis", "how its date came about"),
        _whole("enrolled", "by then", "patients"),
        _whole("treated", "by then", "patients"),
        _text("note", "too few patients, or before the first cut", empty=True),
    ),
)

IDMC = Table(
    "idmc",
    "results/safety/idmc.tsv",
    "cut, measure, drug",
    ("cut", "section", "measure", "drug"),
    (
        _date("cut", "only what is dated up to here", empty=False),
        _text("section", "part of the package", ("patients", "adverse events", "doses", "exposure")),
        _text("measure", "what is counted"),
        DRUG,
        *SHARE,
        _whole("events", "events or changes", "events"),
        _whole("unknown", "patients in whom the record leaves it open", "patients"),
        _number("median", "of the patients of an exposure measure"),
        _number("q1", "first quartile"),
        _number("q3", "third quartile"),
        REASON,
    ),
)

BY_GROUP = Table(
    "abnormalities_by_group",
    "results/comparison/abnormalities_by_group.tsv",
    "abnormality",
    ("abnormality",),
    (
        _text("abnormality", "name"),
        _text("kind", "family of event"),
        _text("family", "multiplicity family", ("primary", "exploratory", "described")),
        _whole("early_present", "early responders with it", "patients"),
        _whole("early_assessable", "early responders in whom it could be assessed", "patients"),
        _whole("poor_present", "poor responders with it", "patients"),
        _whole("poor_assessable", "poor responders in whom it could be assessed", "patients"),
        _whole("not_assessable", "early or poor responders in whom it could not", "patients"),
        _number("odds_ratio", "conditional maximum likelihood, early over poor; inf as such", "ratio"),
        _number("ci_low", "exact conditional, matching the central p", "ratio"),
        _number("ci_high", "exact conditional", "ratio"),
        _number("p", "central Fisher: twice the smaller tail, at most 1"),
        _number("q", "Benjamini-Hochberg within the family"),
        _number(
            "perm_p", "family-wise, step-down minP over permuted group labels; primary family, where tested"
        ),
        _number("smallest_p", "smallest p that these margins can reach"),
        _number(
            "detectable_low",
            "odds ratio below one found with the power of the config at these margins",
            "ratio",
        ),
        _number(
            "detectable_high",
            "odds ratio above one found with the power of the config at these margins",
            "ratio",
        ),
        _text("tested", "inside the FDR family", YES_NO),
        _text("note", "why not tested, small numbers, qualifying lesion", empty=True),
        _whole("carriers", "patients of the TTP analysis with it", "patients"),
        _whole("non_carriers", "patients of the TTP analysis without it", "patients"),
        _whole("carrier_events", "events of TTP among carriers", "patients"),
        _whole("non_carrier_events", "events of TTP among non-carriers", "patients"),
        _number("ttp_hazard_ratio", "Cox (Firth when penalised) present over absent", "ratio"),
        _number("ttp_ci_low", "profile likelihood", "ratio"),
        _number("ttp_ci_high", "profile likelihood", "ratio"),
        _number("ttp_p", "log-rank; exact by permutation with at most 50 patients on the smaller side"),
        _text("ttp_method", "Cox (Efron ties) or Firth (penalised)", ("Cox", "Firth", "")),
        _text("ttp_note", "why no hazard ratio, or why penalised", empty=True),
        _text("rule", "definition of the groups with its parameters"),
    ),
)

EXPRESSION = Table(
    "expression_early_vs_poor",
    "results/comparison/expression_early_vs_poor.tsv",
    "gene",
    ("gene_id",),
    (
        _text("gene_id", "id of the GTF"),
        _text("gene_name", "symbol", empty=True),
        _number("base_mean", "mean of normalised counts", "counts"),
        _number("log2_fold_change", "early over poor", "log2"),
        _number("lfc_se", "its standard error", "log2"),
        _number("stat", "Wald statistic"),
        _number("p", "Wald"),
        _number("q", "Benjamini-Hochberg"),
        _number("shrunken_log2_fold_change", "shrunken by apeglm; empty: did not converge", "log2"),
        _number("shrunken_lfc_se", "its posterior standard deviation", "log2"),
        _text("outliers", "samples whose count was replaced, or that decide a gene not tested", empty=True),
        _text("rule", "definition of the groups with its parameters", empty=True),
        REASON,
    ),
)

EXPRESSION_ANALYSES = Table(
    "expression_analyses",
    "results/comparison/expression_analyses.tsv",
    "analysis",
    ("analysis",),
    (
        _text(
            "analysis",
            "the main test and the same test changed in one thing",
            ("main", "without_covariates", "without_low_purity"),
        ),
        _text("state", "was it done", ("tested", "not_assessable")),
        _whole("early", "early responders in it", "samples"),
        _whole("poor", "poor responders in it", "samples"),
        _text("covariates", "adjusted for", empty=True),
        _whole("tested", "genes with p", "genes"),
        _whole("found", "genes with q below comparison.alpha", "genes"),
        _whole("found_in_main", "of them found by the main test", "genes"),
        _number("jaccard", "genes found by both over genes found by either; empty: none", "fraction"),
        _number("lfc_correlation", "Pearson, with the main test, over genes tested in both"),
        _number("top_same_direction", "top genes of the main test with the same direction", "fraction"),
        _text("rule", "definition of the groups with its parameters", empty=True),
        REASON,
    ),
)

SENSITIVITY = Table(
    "expression_sensitivity",
    "results/comparison/expression_sensitivity.tsv",
    "gene among the top of the main test, analysis",
    ("gene_id", "analysis"),
    (
        _text("gene_id", "id of the GTF"),
        _text("gene_name", "symbol", empty=True),
        _text("analysis", "as in expression_analyses"),
        _number("log2_fold_change", "early over poor", "log2"),
        _number("lfc_se", "its standard error", "log2"),
        _number("p", "Wald"),
        _number("q", "Benjamini-Hochberg"),
        _text("same_direction", "as in the main test", YES_NO, empty=True),
        _text("found", "q below comparison.alpha; empty: not tested", YES_NO, empty=True),
        _text("rule", "definition of the groups with its parameters", empty=True),
        REASON,
    ),
)

GENE_SETS = Table(
    "gene_sets",
    "results/comparison/gene_sets.tsv",
    "gene set",
    ("set",),
    (
        _text("set", "name in its GMT file"),
        _text("source", "second field of the GMT file", empty=True),
        _text("collection", "the GMT file"),
        _whole("size", "genes of the set", "genes", empty=False),
        _whole("in_matrix", "of them with a test", "genes", empty=False),
        _text("state", "was it tested", ("tested", "not_assessable")),
        _number("nes", "normalised enrichment along the Wald statistic; positive: higher in early"),
        _number("p", "gene permutation; where p_shown begins with <, its upper limit"),
        _text("p_shown", "p, or the limit where no permutation reached the set", empty=True),
        _number("q", "Benjamini-Hochberg over the sets tested"),
        _text("leading_edge", "genes up to the peak", empty=True),
        _whole("scored_early", "early responders with a score", "samples"),
        _whole("scored_poor", "poor responders with a score", "samples"),
        _number("score_early", "median score of early responders; empty where a group is too small"),
        _number("score_poor", "median score of poor responders"),
        _number(
            "score_p",
            "Mann-Whitney test of the scores, exact without ties and in fewer than 300 samples; empty where a group is too small",
        ),
        _number("score_q", "Benjamini-Hochberg over the sets with a score_p"),
        _text("rule", "definition of the groups with its parameters", empty=True),
        REASON,
    ),
)

RATES = Table(
    "response_rates",
    "results/comparison/response_rates.tsv",
    "rate, period, population",
    ("rate", "period", "population"),
    (
        _text("rate", "ORR, VGPR, CR, CBR"),
        _text("period", "by when", ("induction", "treatment")),
        _text("population", "denominator; ..._maintenance: those of it who entered maintenance", POPULATIONS),
        _whole("responders", "patients", "patients"),
        _whole("patients", "denominator", "patients"),
        _whole(
            "not_known",
            "left out: not known whether they entered maintenance; of induction: best response as given, of no known onset; "
            "no response given in a run without assessments",
            "patients",
        ),
        _number("fraction", "rate", "fraction"),
        _number("ci_low", "Clopper-Pearson", "fraction"),
        _number("ci_high", "Clopper-Pearson", "fraction"),
    ),
)

SURVIVAL = Table(
    "survival",
    "results/comparison/survival.tsv",
    "analysis, stratum",
    ("analysis", "stratum"),
    (
        _text("analysis", "endpoint, or endpoint by what"),
        _text("stratum", "all; follow-up (reverse Kaplan-Meier); present or absent; group"),
        _text("rule_set", "censoring rules"),
        _whole("patients", "in the stratum", "patients"),
        _whole("events", "in the stratum (of follow-up: censored patients)", "patients"),
        _number("median", "empty: not reached", "months"),
        _number("median_low", "log-log interval; empty: not reached", "months"),
        _number("median_high", "log-log interval; empty: not reached", "months"),
        _number("log_rank_chi2", "between the strata of the analysis"),
        _number(
            "log_rank_p",
            "exact by permutation with at most 50 patients in the smaller stratum, else of log_rank_chi2",
        ),
        _number("stratified_chi2", "log-rank within the strata of log_rank_strata; empty without them"),
        _number("stratified_p", "exact by permutation within strata, as log_rank_p"),
        _text("rule", "definition of the response groups, where they are compared", empty=True),
        _text("note", "why there is no median", empty=True),
    ),
    wide=True,
)

ENDPOINT_RESULTS = Table(
    "endpoint_results",
    "results/comparison/endpoint_results.tsv",
    "endpoint, rule set, population",
    ("endpoint", "rule_set", "population"),
    (
        _text("endpoint", "as in endpoints.tsv", ENDPOINT_NAMES),
        _text("rule_set", "as in endpoints.tsv", RULE_SETS),
        _text("population", "itt or per_protocol (flow.tsv)", ("itt", "per_protocol")),
        _text(
            "analysis",
            "the main analysis, another rule set, or a sensitivity",
            ("main", "rule_set", "sensitivity"),
        ),
        _text("differs_by", "what this rule set does otherwise than trial", empty=True),
        _whole("patients", "with this endpoint; of DoR, TTR and TTBR: responders", "patients"),
        _whole("events", "", "patients"),
        _whole(
            "changed", "patients whose event or date is another one than in the main analysis", "patients"
        ),
        _whole("from_enrolment", "never treated: their time starts at enrolment", "patients"),
        _number("median", "Kaplan-Meier; empty: not reached", "months"),
        _number("median_low", "log-log interval; empty: not reached", "months"),
        _number("median_high", "log-log interval; empty: not reached", "months"),
        _number("follow_up", "median, reverse Kaplan-Meier; empty: not reached", "months"),
        _number("follow_up_low", "log-log interval; empty: not reached", "months"),
        _number("follow_up_high", "log-log interval; empty: not reached", "months"),
        _text("note", "what the row does not say", empty=True),
    ),
    wide=True,
)

INCIDENCE = Table(
    "cumulative_incidence",
    "results/comparison/cumulative_incidence.tsv",
    "analysis, cause, time",
    ("analysis", "cause", "months"),
    (
        _text(
            "analysis", "progression (death without it competes), response (progression or death competes)"
        ),
        _text("cause", "the event whose incidence this is"),
        _text("rule_set", "censoring rules"),
        Column("months", "number", "from the start", unit="months"),
        _whole("at_risk", "free of every event just before this time", "patients"),
        _number("incidence", "Aalen-Johansen", "fraction"),
        _number("low", "log-log interval; empty at 0 and 1", "fraction"),
        _number("high", "log-log interval; empty at 0 and 1", "fraction"),
    ),
)

CURVES = Table(
    "survival_curves",
    "results/comparison/survival_curves.tsv",
    "analysis, stratum, time",
    ("analysis", "stratum", "months"),
    (
        _text("analysis", "as in survival.tsv"),
        _text("stratum", "as in survival.tsv"),
        Column("months", "number", "time from the start (or the landmark)", unit="months"),
        _whole("at_risk", "just before this time", "patients"),
        _whole("events", "at this time", "patients"),
        _whole("censored", "at this time", "patients"),
        _number("survival", "Kaplan-Meier estimate", "fraction"),
        _number("low", "log-log band; empty where the estimate is 0 or 1", "fraction"),
        _number("high", "log-log band; empty where the estimate is 0 or 1", "fraction"),
    ),
)

PK_INDIVIDUAL = Table(
    "pk_individual",
    "results/pharmacokinetics/individual.tsv",
    "patient",
    ("patient",),
    (
        PATIENT,
        _text("state", "is there an exposure to compare", ("assessable", "not_assessable")),
        _whole("samples", "quantified concentrations used", "samples"),
        _whole("below", "used as below the limit of quantification (M3)", "samples"),
        _whole("left_out", "not used; concentrations.tsv says why", "samples"),
        _number("bsa", "body surface (Mosteller); empty: height or weight not given", "m2"),
        _number("auc_cycle1", "predicted area of cycle 1 at the protocol's doses: the exposure", "ng h/mL"),
        _number("auc_low", "conditional (Laplace) interval, lower end", "ng h/mL"),
        _number("auc_high", "upper end", "ng h/mL"),
        _number("average_cycle1", "auc_cycle1 over the length of the cycle", "ng/mL"),
        _number("dosed_auc_cycle1", "the same time with the doses that were taken", "ng h/mL"),
        _number("log_auc_se", "standard error of log auc_cycle1, given the population model", "log"),
        _number(
            "reliability", "1 - (log_auc_se / between-patient SD)^2: 0 = the samples say nothing", "fraction"
        ),
        _number("cl_over_f", "apparent clearance CL/F", "L/h"),
        _number("cl_over_f_low", "conditional interval, lower end", "L/h"),
        _number("cl_over_f_high", "upper end", "L/h"),
        _number("cl", "clearance; apart from F only as far as the published volumes hold", "L/h"),
        _number("bioavailability", "F; likewise", "fraction"),
        _number("v4", "second peripheral volume", "L"),
        _number("eta_cl", "empirical-Bayes eta of CL", "log"),
        _number("se_cl", "its standard error", "log"),
        _number("eta_f", "of F", "log"),
        _number("se_f", "its standard error", "log"),
        _number("eta_v4", "of V4", "log"),
        _number("se_v4", "its standard error", "log"),
        REASON,
    ),
)

PK_CONCENTRATIONS = Table(
    "pk_concentrations",
    "results/pharmacokinetics/concentrations.tsv",
    "patient, sample of blood",
    ("patient", "number"),
    (
        PATIENT,
        _whole("number", "sample of the patient in the order of time", empty=False),
        _date("date", "day of the sample", empty=False),
        _text("time", "HH:MM"),
        _text("nominal", "planned time", empty=True),
        _text("state", "what the fit does with it", ("used", "below_lloq", "left_out")),
        _number("value_ng_ml", "measured; empty below the limit", "ng/mL"),
        _number("lloq_ng_ml", "lower limit of quantification", "ng/mL"),
        _number("hours_since_first_dose", "clock time since the first dose taken", "h"),
        _number("hours_since_last_dose", "since the last dose before it", "h"),
        _number("pred", "prediction of the population model for these doses", "ng/mL"),
        _number("ipred", "the same with the patient's own parameters", "ng/mL"),
        _number("iwres", "(log value - log ipred) / SD of the residual", "SD"),
        _number("cwres", "conditional weighted residual, log scale", "SD"),
        _number("probability_below", "of a sample below the limit: how likely that was", "probability"),
        REASON,
    ),
)

PK_POPULATION = Table(
    "pk_population",
    "results/pharmacokinetics/population.tsv",
    "quantity",
    ("quantity",),
    (
        _text("quantity", "parameter of the model or diagnostic of the fit"),
        _text(
            "kind",
            "what it is",
            ("typical value", "between-patient variance", "residual", "shrinkage", "diagnostic"),
        ),
        _text("unit", "its unit", empty=True),
        _number("published", "value of the published model, which the individual fits use"),
        _number("estimate", "from this trial's data; empty: not estimated"),
        _number("rse_percent", "relative standard error of the estimate (of typical values)", "%"),
        _number("low", "interval of the estimate, lower end"),
        _number("high", "upper end"),
        _text("state", "what was done", ("fixed", "estimated", "not_identifiable", "refused", "ok", "look")),
        REASON,
    ),
)

PK_VPC = Table(
    "pk_vpc",
    "results/pharmacokinetics/vpc.tsv",
    "bin of hours after the last dose, statistic",
    ("bin", "statistic"),
    (
        _whole("bin", "number of the bin", empty=False),
        _text("statistic", "percentile of the concentrations, or the share below the limit"),
        _number("from_h", "lower edge", "h after the last dose"),
        _number("to_h", "upper edge", "h after the last dose"),
        _number("middle_h", "median of the samples in it", "h after the last dose"),
        _whole("samples", "in the bin", "samples"),
        _whole("patients", "in the bin", "patients"),
        _number(
            "observed", "empty: the percentile lies below the limit of quantification", "ng/mL or fraction"
        ),
        _number("simulated", "median over the simulated trials", "ng/mL or fraction"),
        _number("simulated_low", "5th percentile over the simulated trials", "ng/mL or fraction"),
        _number("simulated_high", "95th percentile", "ng/mL or fraction"),
    ),
)

EXPOSURE_RESPONSE = Table(
    "exposure_response",
    "results/pharmacokinetics/exposure_response.tsv",
    "outcome, metric of exposure",
    ("outcome", "metric"),
    (
        _text("outcome", "response or adverse event"),
        _text(
            "metric",
            "auc_cycle1: predicted at the protocol's doses (primary); average_to_event: of the doses taken up to the event, or up to the median day of the events",
            ("auc_cycle1", "average_to_event"),
        ),
        _text("kind", "which side", ("response", "adverse_event")),
        _whole("patients", "with exposure and outcome", "patients"),
        _whole("events", "of them with the outcome", "patients"),
        _whole(
            "no_exposure",
            "treated patients without an assessable exposure (average_to_event: or too early an event)",
            "patients",
        ),
        _whole("no_outcome", "with exposure, but the outcome is not evaluable", "patients"),
        _number("mean_with", "geometric mean of exposure in those with the outcome", "ng h/mL or ng/mL"),
        _number("mean_without", "in those without", "ng h/mL or ng/mL"),
        _number("odds_ratio", "Firth logistic regression, per doubling of the exposure", "ratio"),
        _number("ci_low", "penalised profile likelihood", "ratio"),
        _number("ci_high", "penalised profile likelihood", "ratio"),
        _number("p", "penalised likelihood ratio"),
        _number("q", "Benjamini-Hochberg over the outcomes of the metric"),
        _text("state", "was it fitted", ("fitted", "refused")),
        REASON,
    ),
)

STRATUM_NUMBERS = (
    _whole("patients", "in the stratum, with the endpoint", "patients", empty=False),
    _whole("events", "in the stratum", "patients", empty=False),
    _number("median", "Kaplan-Meier; empty: not reached", "months"),
    _number("median_low", "log-log interval; empty: not reached", "months"),
    _number("median_high", "log-log interval; empty: not reached", "months"),
)

LEVEL_TESTS = Table(
    "levels",
    "results/comparison/levels.tsv",
    "factor, endpoint, level; all patients of ITT with the endpoint whose level is known",
    ("factor", "endpoint", "order"),
    (
        _text("factor", "of comparison.levels, or TC class"),
        _text("ordered", "has the factor an order; without one there is no trend", YES_NO),
        _text("endpoint", "main rule set", ("TTP", "PFS", "EFS", "OS")),
        _text("rule_set", "censoring rules"),
        _whole("order", "place of the level", empty=False),
        _text("level", "label of the level"),
        *STRATUM_NUMBERS,
        _number("expected", "events, were the level without effect"),
        _number("log_rank_chi2", "over all levels at once"),
        _whole("degrees_of_freedom", "of log_rank_chi2"),
        _number("log_rank_p", "of log_rank_chi2; of two levels exact by permutation, as in SURVIVAL"),
        _number("trend_chi2", "Tarone's test for trend over the levels seen, 1 degree of freedom"),
        _number("trend_p", "of trend_chi2"),
        _whole("not_assessable", "with the endpoint, whose level is not known", "patients", empty=False),
        _text("note", "why there is no test", empty=True),
    ),
    wide=True,
)

SURVIVAL_BY_ABNORMALITY = Table(
    "survival_by_abnormality",
    "results/comparison/survival_by_abnormality.tsv",
    "endpoint, abnormality; all patients of ITT with the endpoint, whatever their response group",
    ("endpoint", "abnormality"),
    (
        _text("endpoint", "main rule set", ("TTP", "PFS", "EFS", "OS")),
        _text("abnormality", "name"),
        _text("kind", "family of event"),
        _text("family", "multiplicity family: endpoint by abnormality; described: no test"),
        _whole("carriers", "with it", "patients", empty=False),
        _whole("non_carriers", "without it", "patients", empty=False),
        _whole("carrier_events", "events among carriers", "patients", empty=False),
        _whole("non_carrier_events", "events among non-carriers", "patients", empty=False),
        _number("carrier_median_months", "Kaplan-Meier; empty: not reached", "months"),
        _number("carrier_median_low", "log-log interval; empty: not reached", "months"),
        _number("carrier_median_high", "log-log interval; empty: not reached", "months"),
        _number("non_carrier_median_months", "Kaplan-Meier; empty: not reached", "months"),
        _number("non_carrier_median_low", "log-log interval; empty: not reached", "months"),
        _number("non_carrier_median_high", "log-log interval; empty: not reached", "months"),
        _number("hazard_ratio", "carriers over non-carriers; empty: see note", "ratio"),
        _number("ci_low", "profile likelihood", "ratio"),
        _number("ci_high", "profile likelihood; inf: no upper limit", "ratio"),
        _number("wald_low", "Wald, as R's coxph prints it; empty for Firth", "ratio"),
        _number("wald_high", "Wald", "ratio"),
        _number("log_rank_chi2", "1 degree of freedom"),
        _number("log_rank_p", "log-rank; exact by permutation with at most 50 patients on the smaller side"),
        _number("q", "Benjamini-Hochberg within the family"),
        _text("method", "Cox (Efron ties) or Firth (penalised)", ("Cox", "Firth", "")),
        _number(
            "rmst_months",
            "horizon of the restricted means: what both curves reach, at most rmst_months",
            "months",
        ),
        _number("rmst_difference", "restricted mean time, carriers minus non-carriers", "months"),
        _number("rmst_low", "Greenwood interval; empty: the variance is 0", "months"),
        _number("rmst_high", "Greenwood interval", "months"),
        _number(
            "detectable_low",
            "hazard ratio below 1 found with the power of the config at these events",
            "ratio",
        ),
        _number("detectable_high", "hazard ratio above 1 found so", "ratio"),
        _whole(
            "not_assessable", "with the endpoint, in whom it could not be assessed", "patients", empty=False
        ),
        _text("note", "why no estimate, or why penalised; qualifying lesion; small numbers", empty=True),
    ),
)

RESPONSE_BY_ABNORMALITY = Table(
    "response_by_abnormality",
    "results/comparison/response_by_abnormality.tsv",
    "measure, abnormality; all patients of ITT, whatever their response group",
    ("measure", "abnormality"),
    (
        _text(
            "measure", "ORR, VGPR (or better), CR by the end of treatment; alive at data cut; OS at months"
        ),
        _text("abnormality", "name"),
        _text("kind", "family of event"),
        _text("family", "multiplicity family: measure by abnormality; described: outside of every family"),
        _whole("carriers", "denominator: with it (alive: whose state is known)", "patients", empty=False),
        _whole("carrier_with", "of them responders, or alive", "patients"),
        _number("carrier_fraction", "rate, or Kaplan-Meier survival", "fraction"),
        _number("carrier_low", "Clopper-Pearson; of survival log-log", "fraction"),
        _number("carrier_high", "Clopper-Pearson; of survival log-log", "fraction"),
        _whole("carrier_at_risk", "OS: under observation at that time", "patients"),
        _whole(
            "carrier_not_evaluable",
            "of the denominator: best response NE, counted as no response",
            "patients",
        ),
        _whole(
            "carrier_not_known",
            "response in a run without assessments: no best response given; outside of the denominator",
            "patients",
        ),
        _whole(
            "carrier_lost",
            "alive: last seen more than lost_days before the cut; outside of the denominator",
            "patients",
        ),
        _whole("non_carriers", "denominator: without it", "patients", empty=False),
        _whole("non_carrier_with", "of them responders, or alive", "patients"),
        _number("non_carrier_fraction", "rate, or Kaplan-Meier survival", "fraction"),
        _number("non_carrier_low", "Clopper-Pearson; of survival log-log", "fraction"),
        _number("non_carrier_high", "Clopper-Pearson; of survival log-log", "fraction"),
        _whole("non_carrier_at_risk", "OS: under observation at that time", "patients"),
        _whole("non_carrier_not_evaluable", "best response NE, counted as no response", "patients"),
        _whole("non_carrier_not_known", "response not given; outside of the denominator", "patients"),
        _whole("non_carrier_lost", "alive: lost to follow-up, outside of the denominator", "patients"),
        _number("difference", "carriers minus non-carriers", "fraction"),
        _number("difference_low", "Newcombe; of survival from the two intervals", "fraction"),
        _number("difference_high", "Newcombe; of survival from the two intervals", "fraction"),
        _number(
            "odds_ratio", "conditional maximum likelihood, carriers over non-carriers; inf as such", "ratio"
        ),
        _number("ci_low", "exact conditional, matching the central p", "ratio"),
        _number("ci_high", "exact conditional", "ratio"),
        _number("p", "central Fisher"),
        _number("q", "Benjamini-Hochberg within the family"),
        _number("smallest_p", "smallest p that these margins can reach"),
        _number("detectable_low", "odds ratio below one found with the power of the config", "ratio"),
        _number("detectable_high", "odds ratio above one found so", "ratio"),
        _whole("not_assessable", "of ITT, in whom it could not be assessed", "patients", empty=False),
        _whole("lost_days", "lost_after_days of the config", "days", empty=False),
        _text("note", "why not tested; qualifying lesion; small numbers", empty=True),
    ),
)

ABNORMALITY_SENSITIVITY = Table(
    "sensitivity",
    "results/comparison/sensitivity.tsv",
    "abnormality of the primary family, analysis",
    ("abnormality", "analysis"),
    (
        _text("abnormality", "name"),
        _text("analysis", "main; groups by another definition; with fewer patients"),
        _text("how", "what it does otherwise than the main analysis"),
        _text("family", "described: no new question, so outside of every family", ("described",)),
        _whole("early_present", "early responders with it", "patients", empty=False),
        _whole("early_assessable", "early responders in whom it could be assessed", "patients", empty=False),
        _whole("poor_present", "poor responders with it", "patients", empty=False),
        _whole("poor_assessable", "poor responders in whom it could be assessed", "patients", empty=False),
        _whole("not_assessable", "early or poor responders in whom it could not", "patients", empty=False),
        _number("odds_ratio", "conditional maximum likelihood, early over poor; inf as such", "ratio"),
        _number("ci_low", "exact conditional", "ratio"),
        _number("ci_high", "exact conditional", "ratio"),
        _number("p", "central Fisher, described"),
        _text(
            "same_direction", "as in the main analysis; empty: one of them says nothing", YES_NO, empty=True
        ),
        _text("note", "why there is no estimate; small numbers", empty=True),
    ),
)

COOCCURRENCE = Table(
    "cooccurrence",
    "results/comparison/cooccurrence.tsv",
    "pair of abnormalities; all patients of ITT in whom both could be assessed",
    ("first", "second"),
    (
        _text("first", "abnormality"),
        _text("second", "abnormality"),
        _text(
            "family",
            "co-occurrence: one multiplicity family; described: not tested",
            ("co-occurrence", "described"),
        ),
        _whole("both", "with both", "patients", empty=False),
        _whole("first_only", "with the first alone", "patients", empty=False),
        _whole("second_only", "with the second alone", "patients", empty=False),
        _whole("neither", "with neither", "patients", empty=False),
        _whole("not_assessable", "in whom one of them could not be assessed", "patients", empty=False),
        _number("odds_ratio", "above 1: together; below 1: apart; conditional maximum likelihood", "ratio"),
        _number("ci_low", "exact conditional", "ratio"),
        _number("ci_high", "exact conditional", "ratio"),
        _number("p", "central Fisher"),
        _number("q", "Benjamini-Hochberg over the pairs tested"),
        _number("smallest_p", "smallest p that these margins can reach"),
        _text(
            "note",
            "why it is not tested: two qualifying lesions, contained or ruled out by construction, margins",
            empty=True,
        ),
    ),
)

BURDEN_BY_GROUP = Table(
    "burden_by_group",
    "results/comparison/burden_by_group.tsv",
    "measure of burden, early against poor responders",
    ("measure",),
    (
        _text("measure", "what is compared"),
        _text("unit", "unit of the values"),
        _text(
            "family",
            "burden by group: one multiplicity family; described: not tested",
            ("burden by group", "described"),
        ),
        _whole("early_assessable", "early responders with a value", "patients", empty=False),
        _number("early_median", "median", "see unit"),
        _number("early_q1", "lower quartile", "see unit"),
        _number("early_q3", "upper quartile", "see unit"),
        _whole("poor_assessable", "poor responders with a value", "patients", empty=False),
        _number("poor_median", "median", "see unit"),
        _number("poor_q1", "lower quartile", "see unit"),
        _number("poor_q3", "upper quartile", "see unit"),
        _whole("not_assessable", "early or poor responders without a value", "patients", empty=False),
        _number("shift", "Hodges-Lehmann, early minus poor", "see unit"),
        _number("ci_low", "from ordered differences; -inf: too few patients for the level", "see unit"),
        _number("ci_high", "from ordered differences; inf: too few patients for the level", "see unit"),
        _number(
            "p",
            "exact Wilcoxon given the ties: twice the smaller tail; in large cohorts approximate, see note",
        ),
        _number("q", "Benjamini-Hochberg within the family"),
        _number("smallest_p", "smallest p that these patients can reach"),
        _text("note", "why it is not tested, or that p and interval are approximate", empty=True),
    ),
)

TABLE1 = Table(
    "table1",
    "results/comparison/table1.tsv",
    "comparison, variable, level",
    ("comparison", "variable", "level"),
    (
        _text(
            "comparison", "group: early against poor; dna, rna: with against without", ("group", "dna", "rna")
        ),
        _text("variable", "column of patients.tsv"),
        _text("level", "category; empty: a number, or nobody has a value", empty=True),
        _text("kind", "number: median and quartiles; category: counts", ("number", "category")),
        _text("first", "who the first side is"),
        _whole("first_known", "with a value: the denominator", "patients", empty=False),
        _whole("first_count", "with this level", "patients"),
        _number("first_median", "median", "as in patients.tsv"),
        _number("first_q1", "lower quartile", "as in patients.tsv"),
        _number("first_q3", "upper quartile", "as in patients.tsv"),
        _whole("first_missing", "without a value", "patients", empty=False),
        _text("second", "who the second side is"),
        _whole("second_known", "with a value: the denominator", "patients", empty=False),
        _whole("second_count", "with this level", "patients"),
        _number("second_median", "median", "as in patients.tsv"),
        _number("second_q1", "lower quartile", "as in patients.tsv"),
        _number("second_q3", "upper quartile", "as in patients.tsv"),
        _whole("second_missing", "without a value", "patients", empty=False),
        _number(
            "smd",
            "standardised difference of the variable, first minus second; absolute for categories",
            "standard deviations",
        ),
        _text("note", "why there is no standardised difference", empty=True),
    ),
)

RISK = Table(
    "risk",
    "results/comparison/risk.tsv",
    "patient, risk system",
    ("patient", "system"),
    (
        PATIENT,
        _text("system", "of resources/risk_systems.tsv"),
        _text("category", "NE: a component is missing and more than one category is possible"),
        _text("lowest", "lowest category that is possible"),
        _text("highest", "highest category that is possible"),
        _number("points", "of a score; empty: no score, or not known", "points"),
        _number("points_low", "lowest that is possible", "points"),
        _number("points_high", "highest that is possible", "points"),
        _text("components", "each component with its state and record"),
        _text("missing", "components that are not known", empty=True),
    ),
)

RISK_STRATA = Table(
    "risk_strata",
    "results/comparison/risk_strata.tsv",
    "risk system, endpoint, category; all patients of ITT with the endpoint",
    ("system", "endpoint", "order"),
    (
        _text("system", "of resources/risk_systems.tsv"),
        _text("endpoint", "main rule set", ("PFS", "OS")),
        _whole("order", "place of the category, NE last", empty=False),
        _text("category", "as in risk.tsv"),
        *STRATUM_NUMBERS,
        _number("log_rank_chi2", "between the categories, NE left out; descriptive"),
        _whole("degrees_of_freedom", "of log_rank_chi2"),
        _number(
            "log_rank_p", "of log_rank_chi2, of two categories exact by permutation; outside every family"
        ),
    ),
    wide=True,
)

ADJUSTED = Table(
    "adjusted",
    "results/comparison/adjusted.tsv",
    "abnormality of the primary family, early against poor responders, adjusted",
    ("abnormality",),
    (
        _text("abnormality", "name"),
        _text("adjusted_for", "columns of patients.tsv, each as a number"),
        _text("family", "described: the question of the primary family again", ("described",)),
        _whole("early_present", "early responders with it", "patients", empty=False),
        _whole("early", "early responders in the model", "patients", empty=False),
        _whole("poor_present", "poor responders with it", "patients", empty=False),
        _whole("poor", "poor responders in the model", "patients", empty=False),
        _whole(
            "not_assessable",
            "early or poor responders in whom it could not be assessed",
            "patients",
            empty=False,
        ),
        _whole("without_covariates", "left out: a covariate is missing", "patients", empty=False),
        _number("events_per_parameter", "patients of the smaller group per parameter", "patients"),
        _number("odds_ratio", "Firth logistic regression, early over poor; empty: see note", "ratio"),
        _number("ci_low", "penalised profile likelihood", "ratio"),
        _number("ci_high", "penalised profile likelihood", "ratio"),
        _number("p", "penalised likelihood ratio, described"),
        _text("note", "why there is no estimate", empty=True),
    ),
)

INTERACTIONS = Table(
    "interactions",
    "results/comparison/interactions.tsv",
    "abnormality of the primary family, known risk; time to progression, all patients of ITT",
    ("abnormality", "known_risk"),
    (
        _text("abnormality", "name"),
        _text("known_risk", "abnormality, or ISS_III"),
        _text(
            "family",
            "one exploratory family; described: not fitted",
            ("interaction with known risk", "described"),
        ),
        *(
            _whole(f"{cell}{part}", f"{what}{of}", "patients", empty=False)
            for cell, what in (
                ("both", "with abnormality and risk"),
                ("abnormality_only", "with the abnormality, without the risk"),
                ("risk_only", "with the risk, without the abnormality"),
                ("neither", "with neither"),
            )
            for part, of in (("", ""), ("_events", ": events"))
        ),
        _whole("not_assessable", "in whom one of them is not known", "patients", empty=False),
        _number(
            "ratio",
            "hazard ratio of the abnormality with the risk over that without; Firth's Cox model",
            "ratio",
        ),
        _number("ci_low", "penalised profile likelihood", "ratio"),
        _number("ci_high", "penalised profile likelihood", "ratio"),
        _number("p", "penalised likelihood ratio of the interaction"),
        _number("q", "Benjamini-Hochberg over the pairs fitted"),
        _number("hazard_ratio_without_risk", "of the abnormality, from the same model", "ratio"),
        _number("hazard_ratio_with_risk", "of the abnormality, from the same model", "ratio"),
        _text("note", "why it is not fitted", empty=True),
    ),
)

EFFECT_SIZES = Table(
    "effect_sizes",
    "results/comparison/effect_sizes.tsv",
    "source table, item, measure",
    ("source", "item", "measure"),
    (
        _text("source", "table of results/comparison that the row is taken from"),
        _text("item", "abnormality, pair, gene, gene set or measure of burden"),
        _text("measure", "odds ratio, hazard ratio, difference, log2 fold change, NES, shift; of what"),
        _number("estimate", "effect; inf and 0 as such; empty: see note"),
        _number("low", "lower limit of its interval; empty: the measure has none"),
        _number("high", "upper limit"),
        _number("p", "of the test named in the source table; empty: none"),
        _number("q", "Benjamini-Hochberg within the family; empty: described"),
        _text("family", "multiplicity family, or described"),
        _text("sides", "first / second side of the effect"),
        _whole("n_first", "assessable on the first side", "patients"),
        _whole("n_second", "assessable on the second side", "patients"),
        _whole("first_with", "of them with the abnormality, response or event", "patients"),
        _whole("second_with", "of them with it", "patients"),
        _whole("not_assessable", "left out because not assessable", "patients"),
        _text("note", "note of the source row; of a gene its symbol", empty=True),
    ),
)

COMPLETENESS = Table(
    "completeness",
    "results/report/completeness.tsv",
    "check, subject",
    ("check", "subject"),
    (
        _text("check", "what is held against what"),
        _text("subject", "table, file or number"),
        _text("expected", "by the sheets, the flow diagram or the table", empty=True),
        _text("seen", "what there is", empty=True),
        _text(
            "verdict", "does it hold; switched off: an input is not given", ("ok", "failed", "switched off")
        ),
    ),
)

CHECKSUMS = Table(
    "checksums",
    "results/export/checksums.tsv",
    "file that went in or came out",
    ("role", "file"),
    (
        _text("role", "what it is to the run", ("input", "reads", "output")),
        _text("file", "path below a named root: DIRECTORY (of the run) or PROJECT; elsewhere: its name"),
        _whole("bytes", "size", "bytes", empty=False),
        _text("sha256", "SHA-256; empty: reads that are not hashed (export.checksum_reads)", empty=True),
        _text("modified", "UTC, of reads that are not hashed", empty=True),
    ),
)

PRIVACY = Table(
    "privacy",
    "results/export/privacy.tsv",
    "check, file with a finding; all: what was looked at",
    ("check", "file", "what"),
    (
        _text("check", "what was looked for", ("path", "identifier", "id", "cram header")),
        _text("file", "path; all: every file"),
        _text("what", "finding, without the text that was found"),
        _text("verdict", "exception: known, never leaves (docs/privacy.md)", ("ok", "exception", "failed")),
    ),
)

# The molecular portrait: the table behind each figure, and the list of figures

FIGURES = Table(
    "figures",
    "results/report/figures.tsv",
    "figure of the molecular portrait",
    ("figure",),
    (
        _text("figure", "name of its files in results/report/figures, and of its script in figures.zip"),
        _whole("number", "order in the report", empty=False),
        _text("title", "what it is"),
        _text("caption", "what is shown and how to read it"),
        _text("n", "who is in it"),
        _text("test", "what was tested, or that nothing was"),
        _text("not_shown", "what it does not show"),
        _text("state", "is there anything in it", ("drawn", "empty")),
        _text("files", "its files below results/report, separated by ;"),
    ),
)

_FIGURE = "results/report/figures"
_GROUP_OR_NONE = _text("group", "response group; empty: no groups in this run", (*GROUPS, ""))

FIGURE_ONCOPRINT = Table(
    "figure_oncoprint",
    f"{_FIGURE}/oncoprint.tsv",
    "line of the oncoprint, patient",
    ("row_number", "patient_number"),
    (
        _text("row", "track or abnormality"),
        _text("label", "as written in the figure"),
        _text("block", "heading above it"),
        _whole("row_number", "order of the lines", empty=False),
        PATIENT,
        _whole("patient_number", "order of the columns", empty=False),
        _GROUP_OR_NONE,
        _text("kind", "clinical, or the family of event of abnormalities.tsv"),
        _text("state", "the call; clinical: present where recorded, not_assessable where not", STATES),
        _text("value", "recorded value; of an abnormality: what was measured", empty=True),
        _text("detail", "kind of the qualifying lesion", empty=True),
        _text("qualifying", "is the patient in the trial for this abnormality", YES_NO),
    ),
)

FIGURE_COPY_NUMBER = Table(
    "figure_copy_number",
    f"{_FIGURE}/copy_number.tsv",
    "response group, stretch of the autosomes over which the counts are the same",
    ("group", "chrom", "start"),
    (
        _GROUP_OR_NONE,
        _text("chrom", "contig"),
        _whole("start", "first base", "1-based", empty=False),
        _whole("end", "last base", "1-based, inclusive", empty=False),
        _whole("patients", "of the group with a tumour exome in the comparison", "patients", empty=False),
        _whole("assessable", "of them, a gain of one copy would have shown here", "patients", empty=False),
        _whole("gain", "more copies than an unchanged segment", "patients", empty=False),
        _whole("loss", "fewer copies", "patients", empty=False),
        _whole("cnloh", "as many copies, none of one parent", "patients", empty=False),
    ),
)

FIGURE_LOLLIPOPS = Table(
    "figure_lollipops",
    f"{_FIGURE}/lollipops.tsv",
    "gene, response group, change of the protein",
    ("gene", "group", "change", "hgvs"),
    (
        _text("gene", "symbol"),
        _whole("gene_number", "order of the panels", empty=False),
        _text("transcript", "transcript of the change", empty=True),
        _whole("protein_length", "coding bases of the transcript in the GTF / 3", "amino acids"),
        _whole("position", "first changed residue; empty: none, e.g. a splice site", "amino acid"),
        _text("change", "short form"),
        _text("hgvs", "HGVS p., else c., three-letter"),
        _text("change_class", "what it does", ("missense", "truncating", "in-frame", "splice", "other")),
        _text("group", "response group; other: neither or not evaluable", (EARLY, POOR, "other")),
        _whole("patients", "with this change", "patients", empty=False),
        _text("hotspot", "in reference.hotspots", YES_NO),
        _whole("early_present", "early responders with a mutation of the gene", "patients", empty=False),
        _whole("early_assessable", "early responders in whom it could be assessed", "patients", empty=False),
        _whole("poor_present", "poor responders with a mutation of the gene", "patients", empty=False),
        _whole("poor_assessable", "poor responders in whom it could be assessed", "patients", empty=False),
    ),
)

FIGURE_EXPRESSION = Table(
    "figure_expression",
    f"{_FIGURE}/expression_heatmap.tsv",
    "gene, patient",
    ("gene_number", "patient_number"),
    (
        _text("gene_id", "id of the GTF"),
        _text("gene_name", "symbol", empty=True),
        _whole("gene_number", "order of the lines", empty=False),
        PATIENT,
        SAMPLE,
        _whole("patient_number", "order of the columns", empty=False),
        _text("group", "response group", (EARLY, POOR)),
        _text("best_response", "best confirmed response", (*RESPONSE.columns[2].allowed, "")),
        _text("sex", "of patients.tsv", empty=True),
        _number("plasma_cell_score", "of rna_purity.tsv", "0-1"),
        _number("value", "expression", "log2 of normalised counts + 1"),
        _number("z", "against mean and standard deviation of the samples shown", "standard deviations"),
        _number("log2_fold_change", "early over poor, of the test", "log2"),
        _number("q", "Benjamini-Hochberg, of the test"),
    ),
)

FIGURE_PATHWAYS = Table(
    "figure_pathways",
    f"{_FIGURE}/pathways.tsv",
    "pathway or member of it, response group",
    ("number", "group"),
    (
        _whole("number", "order of the lines", empty=False),
        _text("pathway", "name in report.portrait.pathways"),
        _text("member", "its abnormality; all: any of them"),
        _text("level", "the pathway or one member", ("pathway", "member")),
        _text("label", "as written in the figure"),
        _text("gene", "is the member a gene's mutation", YES_NO),
        _GROUP_OR_NONE,
        _whole("patients", "of the group", "patients", empty=False),
        _whole("present", "of them, altered", "patients", empty=False),
        _whole("absent", "of them, not altered: of a pathway, no called member", "patients", empty=False),
        _whole("not_assessable", "the others", "patients", empty=False),
    ),
)

FIGURE_FOREST = Table(
    "figure_forest",
    f"{_FIGURE}/forest_all.tsv",
    "abnormality",
    ("abnormality",),
    (
        _whole("number", "order of the lines: by family, then p", empty=False),
        _text("label", "as written in the figure"),
        _text("family_title", "heading above it"),
        _text("shown", "in the figure; no: outside the primary family and carried by nobody", YES_NO),
        *BY_GROUP.columns,
    ),
)

_PANEL = (
    _text("panel", "analysis of survival.tsv"),
    _whole("panel_number", "order of the panels", empty=False),
    _text("title", "as written in the figure"),
    _text("time_axis", "what the months count from"),
    _text("stratum", "all; present or absent; group"),
    *CURVES.columns[2:],
    _whole("patients", "in the stratum", "patients", empty=False),
    _whole("events_of_stratum", "in the stratum", "patients", empty=False),
    _number("median", "empty: not reached", "months"),
    _number("median_low", "log-log interval; empty: not reached", "months"),
    _number("median_high", "log-log interval; empty: not reached", "months"),
    _number("log_rank_p", "between the strata of the panel"),
)

FIGURE_CURVES = Table(
    "figure_curves",
    f"{_FIGURE}/curves_overall.tsv",
    "panel, stratum, step of its curve",
    ("panel_number", "stratum", "months"),
    _PANEL,
)

FIGURE_CURVES_BY_ABNORMALITY = Table(
    "figure_curves_by_abnormality",
    f"{_FIGURE}/curves_by_abnormality.tsv",
    "panel, stratum, step of its curve",
    ("panel_number", "stratum", "months"),
    _PANEL,
)

ALL = tuple(value for value in list(globals().values()) if isinstance(value, Table))


def write(frame: pd.DataFrame, path: str | os.PathLike, table: Table) -> None:
    """Check `frame` against `table` and write it whole, sorted by key, contract columns first."""
    checked = conform(frame, table)
    text = checked.to_csv(sep="\t", index=False, lineterminator="\n", na_rep="")
    with files.whole(path) as private, files.open_text(private, "w") as handle:
        handle.write(text)


def read(path: str | os.PathLike, table: Table) -> pd.DataFrame:
    """Read and check a table; text columns hold "" where empty, whole is Int64, number is float64."""
    frame = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, encoding="utf-8")
    return conform(frame, table, str(path))


def empty(table: Table) -> pd.DataFrame:
    """A table with no rows."""
    return conform(pd.DataFrame(columns=table.names()), table)


def conform(frame: pd.DataFrame, table: Table, where: str = "") -> pd.DataFrame:
    """Return `frame` with contract kinds, contract columns first, rows sorted by key; raise ContractError."""
    where = where or table.name
    missing = [name for name in table.names() if name not in frame.columns]
    if missing:
        raise ContractError(f"{where}: column(s) missing: {', '.join(missing)}")
    made = {c.name: _cast(frame[c.name], c, where) for c in table.columns}
    more = [name for name in frame.columns if name not in made]
    result = pd.DataFrame(made, index=frame.index)
    if more:
        result = pd.concat([result, frame[more]], axis=1)
    for column in table.columns:
        _check(result, column, table, where)
    twice = result.duplicated(list(table.key), keep=False)
    if twice.any():
        raise ContractError(f"{where}: key {table.key} twice: {_rows(result, table.key, twice)}")
    return result.sort_values(list(table.key), kind="stable").reset_index(drop=True)


def _cast(values: pd.Series, column: Column, where: str) -> pd.Series:
    if column.kind in ("text", "date"):
        return values.astype(object).where(values.notna(), "").astype(str)
    blank = values.astype(object).isin(["", None]) | values.isna()
    try:
        numbers = pd.to_numeric(values.where(~blank), errors="raise").astype("float64")
        return numbers.astype("Int64") if column.kind == "whole" else numbers
    except (ValueError, TypeError) as error:
        raise ContractError(f"{where}: column {column.name} must be a {column.kind}: {error}") from error


def _check(frame: pd.DataFrame, column: Column, table: Table, where: str) -> None:
    values = frame[column.name]
    blank = values.isna() | (values.astype(str) == "") if column.kind in ("text", "date") else values.isna()
    if not column.empty and "" not in column.allowed and blank.any():
        raise ContractError(f"{where}: column {column.name} is empty in {_rows(frame, table.key, blank)}")
    if column.allowed:
        wrong = ~blank & ~values.isin(column.allowed)
        if wrong.any():
            raise ContractError(
                f"{where}: column {column.name} must be one of {', '.join(column.allowed)}; "
                f"found {sorted(set(values[wrong]))[:5]} in {_rows(frame, table.key, wrong)}"
            )
    if column.kind == "date":
        wrong = ~blank & ~values.str.fullmatch(r"\d{4}-\d{2}-\d{2}")
        if wrong.any():
            raise ContractError(
                f"{where}: column {column.name} must be YYYY-MM-DD; found {sorted(set(values[wrong]))[:5]}"
            )


def _rows(frame: pd.DataFrame, key: Sequence[str], mask: pd.Series) -> str:
    some = frame.loc[mask, list(key)].head(3)
    return "; ".join(", ".join(map(str, row)) for row in some.itertuples(index=False))
