"""Genomic abnormalities and response in multiple myeloma: the thinking behind the workflow's rules.

No Snakemake object enters this package. Each stage of the workflow has its modules here; a module
imports only modules of its own stage, of stages to its left, and the foundations.
"""

__version__ = "0.1.0"

#: Stage names: the include order of the Snakefile, the files in workflow/rules, the folders of results.
#: Expression stands before calls because one adjudicated translocation call reads the RNA evidence.
STAGES = (
    "cohort",
    "references",
    "reads",
    "alignments",
    "expression",
    "calls",
    "abnormalities",
    "response",
    "safety",
    "pharmacokinetics",
    "comparison",
    "report",
    "export",
)

#: Modules any stage may use.
FOUNDATIONS = ("tables", "files", "log", "run", "states", "settings")

#: Where each module (or sub-package) belongs. tests/workflow/test_style.py holds the imports to it.
MODULES_OF_STAGE = {
    "cohort": (
        "clinical_checks",
        "clinical_notes",
        "cohort",
        "cohort_checks",
        "config_check",
        "first_sheets",
        "given_checks",
        "inputs",
        "laboratory",
        "listing",
        "panel_files",
        "sdtm",
        "sheets",
        "summary",
        "transport",
    ),
    "references": ("downloads", "intervals", "places", "reference_check", "references", "transcripts"),
    "reads": ("reads",),
    "alignments": (
        "alignments",
        "contamination",
        "gates",
        "identity",
        "qc",
        "rna",
        "rna_coverage",
        "rna_purity",
    ),
    "expression": (
        "arriba",
        "expression",
        "fusions",
        "gene_sets",
        "partners",
        "salmon",
        "sample_map",
        "scores",
        "splicing",
    ),
    "calls": (
        "annotation",
        "burden",
        "callable",
        "clonality",
        "concordance",
        "consensus",
        "contexts",
        "copies",
        "copy_events",
        "copy_inputs",
        "copy_plot",
        "maf",
        "panels",
        "purity",
        "rna_support",
        "second_caller",
        "signatures",
        "structural",
        "structural_votes",
        "tc_classes",
        "translocations",
        "tumour_in_normal",
        "variants",
    ),
    "abnormalities": ("abnormalities", "double_hits", "given_calls"),
    "response": ("endpoints", "given_outcomes", "groups", "imwg", "markers", "phases", "response", "visits"),
    "safety": ("adverse_events", "exposure", "idmc", "laboratory_grades", "safety"),
    "pharmacokinetics": ("exposure_response", "individual_pk", "ixazomib", "population_pk"),
    "comparison": (
        "adjusted",
        "association",
        "by_presence",
        "cooccurrence",
        "design",
        "differential",
        "effects",
        "enrichment",
        "exact_log_rank",
        "flow",
        "levels",
        "multiplicity",
        "outcomes",
        "pooled",
        "risk",
        "sensitivity",
        "shifts",
        "survival",
        "table_one",
    ),
    "report": ("multiqc", "report"),
    "export": ("adam", "adam_files", "adam_names", "dictionary"),
}
